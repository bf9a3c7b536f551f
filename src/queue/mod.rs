//! Named lines of tasks → the next task to run.
