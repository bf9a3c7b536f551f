//! `addon-operator global`: the global hooks and values.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format};
use crate::cli::output::Failure;

/// Show the global hooks and values of the running operator
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,

    /// Output format: text, json or yaml [default: yaml; json for patches]
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    output: Option<Format>,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// List the global hooks
    List,
    /// Show the global values as hooks and templates see them
    Values,
    /// Show the global values that people set
    Config,
    /// Show the patches that hooks made to the global values
    Patches,
    /// Show the snapshots of the global hooks
    Snapshots,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let (page, usual) = match self.page {
            Page::List => ("/global/list", Format::Yaml),
            Page::Values => ("/global/values", Format::Yaml),
            Page::Config => ("/global/config", Format::Yaml),
            Page::Patches => ("/global/patches", Format::Json),
            Page::Snapshots => ("/global/snapshots", Format::Yaml),
        };
        asker.show(page, &[], self.output.unwrap_or(usual)).await
    }
}
