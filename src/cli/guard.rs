//! The hidden command by which the operator starts its own guard.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::process;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The operator's private folder
    home: PathBuf,
    files: Files,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Files {
    Keep,
    Remove,
}

/// Waits until standard input ends, then ends what the operator left.
pub(super) fn run(arguments: &Arguments) {
    let keep_files = arguments.files == Files::Keep;
    process::run_guard(io::stdin().lock(), &arguments.home, keep_files);
}
