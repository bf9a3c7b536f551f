//! How many bytes the values of this thread hold, for the limit on live size.
//!
//! A run stays on one thread, so that a plain counter does. Values of a compiled filter may be
//! dropped on another thread than they were made on; a run only looks at the difference since it
//! began, and holds its filter, so this does not disturb it.

use std::cell::Cell;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

/// Bytes held on this thread since it began, modulo 2⁶⁴: only differences mean something.
pub(in crate::jq) fn live_bytes() -> usize {
    LIVE.get()
}

/// Bytes that are counted as long as this lives.
#[derive(Debug)]
pub(super) struct Weight(usize);

impl Weight {
    pub(super) fn of(bytes: usize) -> Self {
        LIVE.set(LIVE.get().wrapping_add(bytes));
        Self(bytes)
    }

    /// Counts another number of bytes from now on.
    pub(super) fn set(&mut self, bytes: usize) {
        LIVE.set(LIVE.get().wrapping_add(bytes).wrapping_sub(self.0));
        self.0 = bytes;
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        // The counter may be gone already when a thread ends.
        let _ = LIVE.try_with(|live| live.set(live.get().wrapping_sub(self.0)));
    }
}
