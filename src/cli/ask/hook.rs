//! `addon-operator hook`: the hooks, what they listen to, how they run.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format};
use crate::cli::output::{self, Failure};
use crate::serve::HookList;

/// List hooks: what they listen to, and how their latest runs went
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,

    /// Output format: text, json or yaml [default: text]
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        hide_default_value = true
    )]
    output: Format,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// List all hooks with their bindings, queues and latest runs
    List,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let Page::List = self.page;
        if self.output != Format::Text {
            return asker.show("/hook/list", &[], self.output).await;
        }
        let body = asker.client.fetch("/hook/list.json", &[]).await?;
        let list: HookList = serde_json::from_str(&body)?;
        output::print(&list.text(asker.paint))?;
        Ok(())
    }
}
