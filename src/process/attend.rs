//! One run from its start to its end: hears it, watches the clock, ends it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::time::timeout;
use wait4::ResUse;

use super::error::Error;
use super::group::{Group, Led};
use super::lines::Lines;
use super::{Ended, Hearing, Inner, Run, Stream, Usage};

/// Between SIGTERM and SIGKILL.
const TERM_GRACE: Duration = Duration::from_secs(2);
/// How long a silent pipe is listened to when all that we could find is dead.
const SILENCE: Duration = Duration::from_millis(200);
/// The same for a pipe into which somebody goes on writing.
const BABBLE: Duration = Duration::from_secs(2);

/// Why a process is ended before it ends by itself.
enum Cause {
    Limit(Duration),
    Stop,
}

pub(super) async fn attend(
    inner: &Arc<Inner>,
    group: Group,
    run: Run<'_>,
    began: Instant,
) -> Result<Ended, Error> {
    let Run {
        program,
        limit,
        hearing,
        hear,
        ..
    } = run;
    let mut led = Led::new(inner, group);
    let wait_failed = |source| Error::Wait {
        program: program.to_owned(),
        source,
    };
    let group = led.group().map_err(wait_failed)?;
    let mut ears = Ears::new(group, hearing, hear).map_err(wait_failed)?;
    let cause = watch(inner, group, &mut ears, limit)
        .await
        .map_err(wait_failed)?;
    let ended = group.end(inner).await;
    ears.hear_the_rest().await;
    let last_words = ears.stderr.lines.last_words();
    let program = || program.to_owned();
    match cause {
        Some(Cause::Limit(limit)) => Err(Error::TimedOut {
            program: program(),
            limit,
            last_words,
        }),
        Some(Cause::Stop) => Err(Error::Stopped { program: program() }),
        None => {
            let ResUse { status, rusage } = ended.map_err(wait_failed)?;
            Ok(Ended {
                status,
                last_words,
                usage: Usage {
                    user: rusage.utime,
                    system: rusage.stime,
                    max_rss_bytes: rusage.maxrss,
                },
                took: began.elapsed(),
            })
        }
    }
}

/// Hears the process until its leader is dead, by itself or because it had to end.
async fn watch(
    inner: &Inner,
    group: &Group,
    ears: &mut Ears<'_>,
    limit: Option<Duration>,
) -> io::Result<Option<Cause>> {
    let time_is_over = async {
        match limit {
            Some(limit) => {
                tokio::time::sleep(limit).await;
                limit
            }
            None => std::future::pending().await,
        }
    };
    let cause = tokio::select! {
        dead = ears.hear_until(group.leader_is_dead()) => return dead.map(|()| None),
        limit = time_is_over => Cause::Limit(limit),
        () = inner.stop.cancelled() => Cause::Stop,
    };
    group.ask_to_end();
    // It is killed next, whatever came out of this.
    let _ = timeout(TERM_GRACE, ears.hear_until(group.leader_is_dead())).await;
    Ok(Some(cause))
}

/// One output: its pipe until that ends, and its lines.
struct Ear<P> {
    pipe: Option<P>,
    buffer: Vec<u8>,
    lines: Lines,
}

impl<P: AsyncRead + Unpin> Ear<P> {
    fn new(pipe: P, hearing: Hearing) -> Self {
        Self {
            pipe: Some(pipe),
            buffer: vec![0; 16 << 10],
            lines: Lines::new(hearing),
        }
    }

    /// Waits for more; how much was read, 0 at the end. May be dropped: nothing is lost.
    async fn read(&mut self) -> usize {
        match &mut self.pipe {
            // A pipe that cannot be read is at its end for us.
            Some(pipe) => pipe.read(&mut self.buffer).await.unwrap_or(0),
            None => std::future::pending().await,
        }
    }

    fn take(&mut self, count: usize, mut tell: impl FnMut(&str)) {
        if count == 0 {
            self.pipe = None;
            self.lines.finish(&mut tell);
        } else {
            let chunk = self.buffer.get(..count).unwrap_or_default();
            self.lines.push(chunk, &mut tell);
        }
    }
}

/// Both outputs of a process and who hears them.
struct Ears<'a> {
    stdout: Ear<ChildStdout>,
    stderr: Ear<ChildStderr>,
    hear: &'a mut (dyn FnMut(Stream, &str) + Send),
}

impl<'a> Ears<'a> {
    fn new(
        group: &mut Group,
        hearing: Hearing,
        hear: &'a mut (dyn FnMut(Stream, &str) + Send),
    ) -> io::Result<Self> {
        let (stdout, stderr) = group.take_output();
        let no_pipe = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdout = ChildStdout::from_std(stdout.ok_or_else(no_pipe)?)?;
        let stderr = ChildStderr::from_std(stderr.ok_or_else(no_pipe)?)?;
        Ok(Self {
            stdout: Ear::new(stdout, hearing),
            stderr: Ear::new(stderr, hearing),
            hear,
        })
    }

    /// Hears one piece of one output.
    async fn hear(&mut self) {
        let hear = &mut self.hear;
        tokio::select! {
            count = self.stdout.read() => {
                self.stdout.take(count, |line| hear(Stream::Stdout, line));
            }
            count = self.stderr.read() => {
                self.stderr.take(count, |line| hear(Stream::Stderr, line));
            }
        }
    }

    async fn hear_until<T>(&mut self, event: impl Future<Output = T>) -> T {
        let mut event = std::pin::pin!(event);
        loop {
            tokio::select! {
                come = &mut event => return come,
                () = self.hear() => {}
            }
        }
    }

    /// Hears what is still in the pipes. Somebody who could not be found may hold them open.
    async fn hear_the_rest(&mut self) {
        let began = Instant::now();
        while self.stdout.pipe.is_some() || self.stderr.pipe.is_some() {
            if began.elapsed() > BABBLE || timeout(SILENCE, self.hear()).await.is_err() {
                break;
            }
        }
        let hear = &mut self.hear;
        self.stdout.take(0, |line| hear(Stream::Stdout, line));
        self.stderr.take(0, |line| hear(Stream::Stderr, line));
    }
}
