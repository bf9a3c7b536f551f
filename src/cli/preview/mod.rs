//! Commands that show what would be: `render` and `diff`.
//!
//! They ask the running operator when its socket answers, since it alone knows what hooks set. Else
//! they read the folders and the `ConfigMap` themselves, and say that hooks' values are missing.

pub(super) mod diff;
pub(super) mod offline;
pub(super) mod render;

use clap::Args;

use super::place::Place;
use crate::operator::Settings;
use crate::release::Store;

/// Where to look when no operator answers.
#[derive(Debug, Clone, Args)]
pub(super) struct Places {
    /// Do not ask the running operator
    #[arg(long)]
    offline: bool,

    #[command(flatten)]
    place: Place,

    /// Where the original kept its Helm releases: secret or configmap
    #[arg(
        long,
        value_name = "DRIVER",
        env = "HELM_DRIVER",
        default_value = "secret",
        value_parser = crate::cli::start::helm_driver
    )]
    helm_driver: Store,

    /// Helm release that is never removed
    #[arg(long, value_name = "NAME", env = "HELM_IGNORE_RELEASE")]
    helm_ignore_release: Option<String>,
}

impl Places {
    /// The settings that an operator with these flags would have.
    fn settings(&self) -> Settings {
        let mut settings = self.place.settings();
        settings.helm.store = self.helm_driver;
        settings
            .helm
            .ignore_release
            .clone_from(&self.helm_ignore_release);
        settings
    }
}
