//! Named lines of tasks → the next task to run.
//!
//! In: tasks, and how they ended · Out: which task runs now, and when to look again · Never: runs
//! anything, asks the time. One task of a line runs at a time; a task that failed stays at the head
//! and backs off; the other lines go on.

mod backoff;
mod line;

pub use backoff::delay;
pub use line::{Hold, Lines, QueueName, Standing, Started, TaskView, Turn};
