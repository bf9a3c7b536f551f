//! `addon-operator render MODULE`: a module's manifests.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::{Places, offline};
use crate::cli::output::{self, Failure};
use crate::render::Capabilities;
use crate::report;
use crate::serve::{Client, encoded};
use crate::{task, yaml};

/// The Kubernetes version that charts see when there is no cluster.
pub(in crate::cli) const KUBE_VERSION: &str = "v1.36.3";

/// Show the manifests of a module
///
/// Asks the running operator, which knows the values that hooks set. Without one, the folder alone
/// is rendered: no cluster is needed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The module's name
    module: String,

    #[command(flatten)]
    places: Places,
}

/// Prints the manifests as YAML.
pub(in crate::cli) fn run(arguments: &Arguments, socket: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(async {
        if !arguments.places.offline && socket.exists() {
            let page = format!("/module/{}/render", encoded(&arguments.module));
            return Ok(Client::new(socket).fetch(&page, &[]).await?);
        }
        render(arguments).await
    })?;
    output::print(&text)?;
    Ok(())
}

async fn render(arguments: &Arguments) -> Result<String, Failure> {
    output::note(offline::HOOKS_MISSING);
    let settings = arguments.places.settings();
    let namespace = settings
        .namespace
        .clone()
        .unwrap_or_else(|| "default".to_owned());
    let mut house = offline::house(&settings, &namespace, Some(&arguments.module))?;
    let capabilities = Arc::new(Capabilities {
        kube_version: KUBE_VERSION.to_owned(),
        ..Capabilities::default()
    });
    let mut text = String::new();
    for run in offline::runs(&mut house, Some(&arguments.module))? {
        run.mistakes.clone().into_result()?;
        let namespace = run
            .module
            .definition
            .namespace
            .clone()
            .unwrap_or_else(|| namespace.clone());
        let rendered =
            task::render_offline(&run.module, &run.values, namespace, capabilities.clone()).await;
        let manifests =
            rendered.map_err(|error| Failure::Failed(anyhow::anyhow!(report::chain(&error))))?;
        for manifest in manifests {
            text.extend(["---\n# Source: ", &manifest.source.file, "\n"]);
            text.push_str(&yaml::write(&manifest.object));
        }
    }
    Ok(text)
}
