//! The hidden command by which the operator starts its own guard.

use std::io;
use std::os::fd::AsFd as _;
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
    // Without a pipe there is nobody to guard.
    if let Ok(heard) = io::stdin().as_fd().try_clone_to_owned() {
        process::run_guard(heard, &arguments.home, keep_files);
    }
}
