//! `addon-operator hook`: the hooks, what they listen to, how they run; and what their authors use.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format, Output};
use crate::cli::author;
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure};
use crate::serve::HookList;

/// List hooks, check what one says of itself, try one out
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,

    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// List all hooks with their bindings, queues and latest runs
    List,
    /// Show what a hook watches as it is now, and how many events it was told
    Snapshot {
        /// The hook, such as pods.sh; of a module MODULE/hooks/pods.sh
        name: String,
    },
    Config(author::config::Arguments),
    Run(author::run::Arguments),
}

/// The list of the running operator.
struct List(Format);

/// What one hook watches.
struct Snapshot(String, Format);

impl Arguments {
    /// Lists hooks by asking the operator; the rest needs none.
    pub(in crate::cli) fn run(
        self,
        asker: impl FnOnce() -> Asker,
        environment: &Environment,
    ) -> Result<(), Failure> {
        match self.page {
            Page::List => asker().run(List(self.output.format)),
            Page::Snapshot { name } => asker().run(Snapshot(name, self.output.format)),
            Page::Config(arguments) => {
                author::config::run(&arguments, self.output.format, environment)
            }
            Page::Run(arguments) => author::run::run(&arguments, self.output.format, environment),
        }
    }
}

impl Ask for List {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        // A shell-operator answers programs as the original does: with names.
        if self.0 != Format::Text {
            return asker.show("/hook/list", &[], self.0).await;
        }
        let body = asker
            .client
            .fetch("/hook/list.json", &[("details", "true")])
            .await?;
        let list: HookList = serde_json::from_str(&body)?;
        output::print(&list.text(asker.paint))?;
        Ok(())
    }
}

impl Ask for Snapshot {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let Self(hook, format) = self;
        let page = format!("/hook/{hook}/snapshots");
        asker.show(&page, &[], format).await
    }
}
