//! `addon-operator config`: parameters that can be changed while the operator runs.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format, Output};
use crate::cli::output::{self, Failure};

/// Show and change parameters of the running operator
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,

    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// List the parameters and their values
    List,
    /// Change a parameter
    Set(Set),
}

#[derive(Debug, Args)]
struct Set {
    /// The parameter, such as log.level
    name: String,

    /// Its new value, such as debug
    value: String,

    /// After which time the old value comes back, such as 10m [default: never; debug logs: 30m]
    duration: Option<String>,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let Set {
            name,
            value,
            duration,
        } = match self.page {
            Page::List => return asker.show("/config/list", &[], self.output.format).await,
            Page::Set(set) => set,
        };
        let mut fields = vec![("name", name.as_str()), ("value", value.as_str())];
        if let Some(duration) = &duration {
            fields.push(("duration", duration));
        }
        let body = asker.client.post("/config/set", &fields).await?;
        output::print(&super::readable(&body, Format::Text))?;
        Ok(())
    }
}
