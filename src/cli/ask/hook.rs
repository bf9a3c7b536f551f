//! `addon-operator hook`: the hooks, what they listen to, how they run; and what their authors use.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format};
use crate::cli::author;
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure};
use crate::serve::HookList;

/// List hooks, check what one says of itself, try one out
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
    Config(author::config::Arguments),
    Run(author::run::Arguments),
}

/// The list of the running operator.
struct List(Format);

impl Arguments {
    /// Lists hooks by asking the operator; the rest needs none.
    pub(in crate::cli) fn run(
        self,
        asker: impl FnOnce() -> Asker,
        environment: &Environment,
    ) -> Result<(), Failure> {
        match self.page {
            Page::List => asker().run(List(self.output)),
            Page::Config(arguments) => author::config::run(&arguments, self.output, environment),
            Page::Run(arguments) => author::run::run(&arguments, self.output, environment),
        }
    }
}

impl Ask for List {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        if self.0 != Format::Text {
            return asker.show("/hook/list", &[], self.0).await;
        }
        let body = asker.client.fetch("/hook/list.json", &[]).await?;
        let list: HookList = serde_json::from_str(&body)?;
        output::print(&list.text(asker.paint))?;
        Ok(())
    }
}
