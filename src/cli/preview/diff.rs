//! `addon-operator diff MODULE` and `diff --all`: what would change in the cluster now.

use std::path::Path;

use clap::{Args, ValueEnum};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Places, offline};
use crate::cli::output::{self, Failure};
use crate::house::House;
use crate::serve::{Client, encoded};
use crate::task::{self, Context, Difference};
use crate::{operator, report};

/// Show what would change in the cluster now; nothing is written
///
/// Every object is sent as a dry run, so that the API server's defaults and refusals count. Secrets
/// are masked. Asks the running operator, which knows the values that hooks set; without one, the
/// folders and the `ConfigMap` are read. Safe beside another operator that owns the cluster.
///
/// Exit codes: 0 nothing would change, 1 something would, 2 it could not be found out.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The module's name
    #[arg(required_unless_present = "all")]
    module: Option<String>,

    /// All enabled modules
    #[arg(long, conflicts_with = "module")]
    all: bool,

    /// The form of the answer
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,

    #[command(flatten)]
    places: Places,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

/// Prints the differences; the exit code says whether there are any.
pub(in crate::cli) fn run(arguments: &Arguments, socket: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let found = runtime.block_on(async {
        if !arguments.places.offline && socket.exists() {
            ask(arguments, socket).await
        } else {
            compare(arguments).await
        }
    });
    let differences = found.map_err(Failure::with_code_2)?;
    let text = match arguments.output {
        Form::Text => text(&differences),
        Form::Json => serde_json::to_string_pretty(&differences).map_err(failed)? + "\n",
    };
    output::print(&text).map_err(failed)?;
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Failure::Differs)
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    Failure::from(error).with_code_2()
}

async fn ask(arguments: &Arguments, socket: &Path) -> Result<Vec<Difference>, Failure> {
    let page = match &arguments.module {
        Some(module) => format!("/module/{}/diff.json", encoded(module)),
        None => "/diff.json".to_owned(),
    };
    let text = Client::new(socket).fetch(&page, &[]).await?;
    Ok(serde_json::from_str(&text)?)
}

async fn compare(arguments: &Arguments) -> Result<Vec<Difference>, Failure> {
    output::note(offline::HOOKS_MISSING);
    let settings = arguments.places.settings();
    let client = operator::connect(&settings).await?;
    let namespace = operator::namespace(&settings, &client).await?;
    let (context, _) = operator::context(&settings, client, &namespace)?;
    let only = arguments.module.as_deref();
    let mut house = offline::house(&settings, &namespace, only)?;
    offline::take_cluster(&mut house, &settings, &context).await?;
    let stop = CancellationToken::new();
    let mut workers = JoinSet::new();
    workers.spawn(context.applier.managed.clone().run(stop.clone()));
    let mut differences = Vec::new();
    for run in offline::runs(&mut house, only)? {
        let found = task::difference(&context, &run).await;
        differences.extend(found.map_err(|error| {
            Failure::Failed(anyhow::anyhow!(
                "{}: {}",
                run.module.name,
                report::chain(&error)
            ))
        })?);
    }
    if only.is_none() {
        differences.extend(unwanted(&house, &context).await?);
    }
    stop.cancel();
    Ok(differences)
}

/// What would go with modules that the original ran, and that are disabled or gone.
async fn unwanted(house: &House, context: &Context) -> Result<Vec<Difference>, Failure> {
    let mut differences = Vec::new();
    for module in house.unwanted_releases() {
        let (name, held) = (&module.name, module.held.as_deref());
        let found = task::deletion_difference(context, name, module.taken_over, held).await;
        let failed = |error| Failure::Failed(anyhow::anyhow!("{name}: {}", report::chain(&error)));
        differences.extend(found.map_err(failed)?);
    }
    Ok(differences)
}

fn text(differences: &[Difference]) -> String {
    let mut text = String::new();
    for difference in differences {
        let Difference {
            module,
            action,
            object,
            ..
        } = difference;
        text.extend([
            "# ", module, ": ", action, " ", object, "
",
        ]);
        text.push_str(&difference.text);
        if !difference.text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}
