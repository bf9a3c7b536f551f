//! `addon-operator leader`: which of several replicas leads.

use clap::Args;

use super::{Ask, Asker, Output};
use crate::cli::output::Failure;

/// Show which replica leads, and where this one stands
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    output: Output,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        asker.show("/leader", &[], self.output.format).await
    }
}
