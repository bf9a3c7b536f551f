//! `addon-operator raw`: any page of the debug socket.

use clap::Args;

use super::{Ask, Asker};
use crate::cli::output::{self, Failure};

/// Show any page of the debug socket as it is
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The page, such as /queue/list.json; /discovery lists all
    #[arg(value_name = "PATH")]
    page: String,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let page = format!("/{}", self.page.trim_start_matches('/'));
        let body = asker.client.fetch(&page, &[]).await?;
        output::print(&super::readable(&body, super::Format::Text))?;
        Ok(())
    }
}
