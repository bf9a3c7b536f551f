//! `addon-operator module`: the modules, their values, their manifests.

use clap::{Args, Subcommand};

use super::{Ask, Asker, Format};
use crate::cli::author;
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure};
use crate::serve::{ModuleList, encoded};

/// List modules, show their values and manifests, check their folders
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    page: Page,

    /// Output format: text, json or yaml [default: text for list, lint, render, purge, redraw;
    /// json for patches; else yaml]
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
    /// List all modules: state, objects, and why they are as they are
    List,
    /// Show the values of a module as hooks and templates see them
    Values(WithGlobal),
    /// Show the values of a module that people set
    Config(WithGlobal),
    /// Show the patches that hooks made to the values of a module
    Patches(One),
    /// Show the snapshots of a module's hooks
    Snapshots(One),
    /// Show which objects are watched for drift
    ResourceMonitor(Any),
    /// Show the manifests of a module with its values of now
    Render(Render),
    /// Go on with the removal of a module that is held back
    Purge(One),
    /// Have a chart draw its passwords and keys anew
    ///
    /// What a chart drew once (passwords, keys, certificates, times) is kept and given to it again. This
    /// forgets it, and runs the module.
    Redraw(One),
    Lint(author::lint::Arguments),
}

#[derive(Debug, Args)]
struct One {
    /// The module's name
    module: String,
}

#[derive(Debug, Args)]
struct Any {
    /// The module's name [default: all modules]
    module: Option<String>,
}

#[derive(Debug, Args)]
struct WithGlobal {
    /// The module's name
    module: String,

    /// Show the global values too
    #[arg(short, long)]
    global: bool,
}

#[derive(Debug, Args)]
struct Render {
    /// The module's name
    module: String,

    /// Show what would change in the cluster instead
    #[arg(long)]
    diff: bool,

    /// Accepted as in the original; mistakes are always told in full
    #[arg(long, hide = true)]
    debug: bool,
}

impl Arguments {
    /// Asks the operator; only `lint` needs none.
    pub(in crate::cli) fn run(
        self,
        asker: impl FnOnce() -> Asker,
        environment: &Environment,
    ) -> Result<(), Failure> {
        match self.page {
            Page::Lint(arguments) => {
                let format = self.output.unwrap_or(Format::Text);
                author::lint::run(&arguments, format, environment)
            }
            _ => asker().run(self),
        }
    }
}

impl Ask for Arguments {
    async fn ask(self, asker: &Asker) -> Result<(), Failure> {
        let wanted = |usual| self.output.unwrap_or(usual);
        let yaml = wanted(Format::Yaml);
        match self.page {
            Page::List => list(asker, wanted(Format::Text)).await,
            Page::Values(of) => {
                let page = format!("/module/{}/values", encoded(&of.module));
                asker.show(&page, &of.fields(), yaml).await
            }
            Page::Config(of) => {
                let page = format!("/module/{}/config", encoded(&of.module));
                asker.show(&page, &of.fields(), yaml).await
            }
            Page::Patches(One { module }) => {
                let page = format!("/module/{}/patches", encoded(&module));
                asker.show(&page, &[], wanted(Format::Json)).await
            }
            Page::Snapshots(One { module }) => {
                let page = format!("/module/{}/snapshots", encoded(&module));
                asker.show(&page, &[], yaml).await
            }
            Page::ResourceMonitor(Any { module: None }) => {
                asker.show("/module/resource-monitor", &[], yaml).await
            }
            Page::ResourceMonitor(Any {
                module: Some(module),
            }) => {
                let page = format!("/module/{}/resource-monitor", encoded(&module));
                asker.show(&page, &[], yaml).await
            }
            Page::Render(render) => {
                let page = format!("/module/{}/render", encoded(&render.module));
                let fields = [("diff", if render.diff { "true" } else { "false" })];
                asker.show(&page, &fields, wanted(Format::Text)).await
            }
            Page::Purge(One { module }) => {
                tell(asker, &module, "purge", wanted(Format::Text)).await
            }
            Page::Redraw(One { module }) => {
                tell(asker, &module, "redraw", wanted(Format::Text)).await
            }
            // It asks nobody.
            Page::Lint(_) => Ok(()),
        }
    }
}

impl WithGlobal {
    fn fields(&self) -> [(&'static str, &'static str); 1] {
        [("global", if self.global { "true" } else { "false" })]
    }
}

/// A table is made here, where it is known whether a terminal shows its colours.
async fn list(asker: &Asker, format: Format) -> Result<(), Failure> {
    if format != Format::Text {
        return asker.show("/module/list", &[], format).await;
    }
    let body = asker.client.fetch("/module/list.json", &[]).await?;
    let list: ModuleList = serde_json::from_str(&body)?;
    output::print(&list.text(asker.paint))?;
    Ok(())
}

/// Tells the operator to do something with a module.
async fn tell(asker: &Asker, module: &str, deed: &str, format: Format) -> Result<(), Failure> {
    let page = format!("/module/{}/{deed}.{}", encoded(module), format.suffix());
    let body = asker.client.post(&page, &[]).await?;
    output::print(&super::readable(&body, format))?;
    Ok(())
}
