//! Commands that ask the running operator through its debug socket.

pub(super) mod config;
pub(super) mod global;
pub(super) mod hook;
pub(super) mod leader;
pub(super) mod module;
pub(super) mod queue;
pub(super) mod raw;
pub(super) mod values;

use clap::{Args, ValueEnum};

use super::environment::Environment;
use super::output::{self, Failure};
use super::start;
use crate::serve::{Client, Paint};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// For both
    Yaml,
}

// The flag of the commands whose answer is text unless asked otherwise. (A documentation comment would
// be shown as what the command does.)
#[derive(Debug, Args)]
struct Output {
    /// Output format: text, json or yaml [default: text]
    #[arg(
        id = "output",
        short = 'o',
        long = "output",
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        hide_default_value = true
    )]
    format: Format,
}

/// A command that asks the operator.
pub(super) trait Ask {
    /// Asks, and prints the answer.
    async fn ask(self, asker: &Asker) -> Result<(), Failure>;
}

/// The way to the operator, and to the person who asks.
pub(super) struct Asker {
    client: Client,
    paint: Paint,
}

impl Asker {
    /// The way to the operator at this socket; none for that of the environment, or the default.
    pub(super) fn new(socket: Option<&str>, environment: &Environment) -> Self {
        Self {
            client: Client::new(&start::socket(socket, environment)),
            paint: output::paint(output::is_terminal(), environment),
        }
    }

    /// Runs a command to its end.
    pub(super) fn run(&self, command: impl Ask) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(command.ask(self))
    }

    /// Prints a page in a form.
    async fn show(
        &self,
        page: &str,
        fields: &[(&str, &str)],
        format: Format,
    ) -> Result<(), Failure> {
        let page = format!("{page}.{}", format.suffix());
        let body = self.client.fetch(&page, fields).await?;
        output::print(&readable(&body, format))?;
        Ok(())
    }
}

impl Format {
    fn suffix(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }
}

/// The operator sends JSON as one line; people get it with line breaks.
fn readable(body: &str, format: Format) -> String {
    let parsed: Option<serde_json::Value> = match format {
        Format::Json => serde_json::from_str(body).ok(),
        Format::Text | Format::Yaml => None,
    };
    let text = parsed.map_or_else(|| body.to_owned(), |value| format!("{value:#}"));
    if text.ends_with('\n') {
        text
    } else {
        text + "\n"
    }
}
