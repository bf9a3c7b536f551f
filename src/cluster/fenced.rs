//! Connections that are cut when this replica leads no longer.
//!
//! A write is asked for where it is begun (`exchange.rs`). Between that and the kernel it waits in this
//! process: for a connection, for the one who encrypts, and, when the process is stopped, for as long as
//! that takes. So every byte is asked for once more, at the last moment that there is.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use super::clock::now;
use crate::leader::Fence;

/// What ends connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// What every byte has to pass; without it nothing is held back.
    pub(super) fence: Option<Fence>,
    /// What the kernel cannot deliver in so long it drops, with the connection.
    pub(super) delivery: Option<Duration>,
}

/// A connection, and what ends it.
#[derive(Debug)]
pub(super) struct Fenced<T> {
    stream: T,
    fence: Option<Fence>,
}

impl<T> Fenced<T> {
    /// Without a fence nothing ends it.
    pub(super) fn new(stream: T, fence: Option<Fence>) -> Self {
        Self { stream, fence }
    }

    fn check(&self) -> io::Result<()> {
        match &self.fence {
            Some(fence) if fence.is_over(now()) => {
                let why = "this replica does not lead any more";
                Err(io::Error::new(io::ErrorKind::BrokenPipe, why))
            }
            _ => Ok(()),
        }
    }
}

impl<T: Read + Unpin> Read for Fenced<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: Write + Unpin> Write for Fenced<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }
}

impl<T: Connection> Connection for Fenced<T> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::leader::Terms;

    #[tokio::test]
    async fn what_was_begun_before_the_end_is_not_sent_after_it() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let fence = Fence::new(Terms::default());
        let fenced = Fenced::new(TokioIo::new(ours), Some(fence.clone()));
        let mut fenced = TokioIo::new(fenced);
        fenced.write_all(b"a follower asks").await.unwrap();
        fence.open_until(now(), now().after(Duration::from_mins(1)));
        fenced.write_all(b", a leader writes").await.unwrap();
        fence.shut();
        let late = fenced.write_all(b", too late").await.unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::BrokenPipe);
        drop(fenced);
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "a follower asks, a leader writes");
    }
}
