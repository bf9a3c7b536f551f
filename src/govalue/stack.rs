//! Stack for what nests as deep as people write it.

/// What one step may take before it asks again.
const RESERVE: usize = 128 * 1024;
/// What is added at once.
const SEGMENT: usize = 4 * 1024 * 1024;

/// Runs something that calls itself again, on more stack where little is left. One asks at each level
/// of nesting that comes from outside, and no less often than every 128 KiB of frames.
pub fn grow_stack<T>(run: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(RESERVE, SEGMENT, run)
}
