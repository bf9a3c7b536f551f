//! Commands that show what would be: `render` and `diff`.
//!
//! They ask the running operator when its socket answers, since it alone knows what hooks set. Else
//! they read the folders and the `ConfigMap` themselves, and say that hooks' values are missing.

pub(super) mod diff;
pub(super) mod offline;
pub(super) mod render;

use clap::Args;

use super::place::Place;

/// Where to look when no operator answers.
#[derive(Debug, Clone, Args)]
pub(super) struct Places {
    /// Do not ask the running operator
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    place: Place,
}
