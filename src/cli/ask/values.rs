//! `addon-operator values`: where values come from.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format};
use crate::cli::output::{self, Failure};
use crate::serve::{Explanation, encoded};

/// Tell where values come from
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,
}

#[derive(Debug, Subcommand)]
enum Page {
    /// Show which file, person or hook set each value of a module
    Explain(Explain),
}

#[derive(Debug, Args)]
struct Explain {
    /// The module's name, or `global`
    module: String,

    /// A dotted path into its values, such as `image.tag` [default: all of them]
    path: Option<String>,

    /// Output format: text, json or yaml [default: text]
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true,
        hide_default_value = true
    )]
    output: Format,
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let Page::Explain(Explain {
            module,
            path,
            output,
        }) = self.page;
        let page = match module.as_str() {
            "global" => "/global/explain".to_owned(),
            module => format!("/module/{}/explain", encoded(module)),
        };
        let fields: Vec<(&str, &str)> = path.iter().map(|path| ("path", path.as_str())).collect();
        if output != Format::Text {
            return asker.show(&page, &fields, output).await;
        }
        let body = asker.client.fetch(&format!("{page}.json"), &fields).await?;
        let explanation: Explanation = serde_json::from_str(&body)?;
        output::print(&explanation.text(asker.paint))?;
        Ok(())
    }
}
