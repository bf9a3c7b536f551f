//! `addon-operator queue`: what waits and what runs.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format, Output};
use crate::cli::output::{self, Failure, Reader};
use crate::cli::start;

/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Show the queues and their tasks
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,

    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// Show the tasks of all queues
    List(List),
    /// Show the tasks of the main queue
    Main,
}

#[derive(Debug, Args)]
struct List {
    /// Show empty queues too
    #[arg(short = 'e', long)]
    show_empty: bool,

    /// Show it again and again, until Ctrl-C
    #[arg(short, long)]
    watch: bool,

    /// How long to wait in between, such as 500ms [default: 1s]
    #[arg(
        short = 't', long, value_name = "DURATION", default_value = "1s",
        hide_default_value = true, alias = "watchInterval",
        value_parser = start::parse_positive_duration
    )]
    watch_interval: Duration,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        match self.page {
            Page::Main => asker.show("/queue/main", &[], self.output.format).await,
            Page::List(list) if list.watch => {
                // Ctrl-C is how a person ends this, so it is no failure.
                tokio::select! {
                    ended = watch(asker, &list, self.output.format) => ended,
                    pressed = tokio::signal::ctrl_c() => Ok(pressed?),
                }
            }
            Page::List(list) => {
                asker
                    .show("/queue/list", &list.fields(), self.output.format)
                    .await
            }
        }
    }
}

impl List {
    fn fields(&self) -> [(&'static str, &'static str); 1] {
        [("showEmpty", if self.show_empty { "true" } else { "false" })]
    }
}

async fn watch(asker: &Asker, list: &List, format: Format) -> Result<(), Failure> {
    let page = format!("/queue/list.{}", format.suffix());
    let clear = if output::is_terminal() { CLEAR } else { "" };
    loop {
        let body = asker.client.fetch(&page, &list.fields()).await?;
        let text = super::readable(&body, format);
        if output::print(&format!("{clear}{text}"))? == Reader::Gone {
            return Ok(());
        }
        tokio::time::sleep(list.watch_interval).await;
    }
}
