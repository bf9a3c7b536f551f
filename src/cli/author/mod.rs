//! What authors of hooks and modules use: `hook config`, `hook run`, `module lint`.
//!
//! They need no operator. They look at a cluster where that is asked for, and never change it.

pub(super) mod config;
mod finding;
pub(super) mod lint;
pub(super) mod run;
mod sight;

use std::time::Duration;

use tokio::runtime::Runtime;

use super::ask::Format;
use super::environment;
use super::output::{self, Failure, Reader};
use super::place::Cluster;
use crate::cluster::{self, Client};
use crate::hook;
use crate::process::{self, Processes};
use crate::yaml;

/// How long the API server may take for one answer; a person waits.
const DEADLINE: Duration = Duration::from_secs(10);

/// A client, after the API server has answered once.
async fn connect(place: &Cluster) -> Result<Client, cluster::Error> {
    let client = cluster::connect(&cluster::Settings {
        kubeconfig: place.kube_config.clone(),
        context: place.kube_context.clone(),
        deadline: DEADLINE,
        ..cluster::Settings::default()
    })
    .await?;
    client.fetch_version().await?;
    Ok(client)
}

/// The way to run hooks. Their private folders stand in the system's own folder for such and are
/// gone with them; nobody else's are swept away.
fn processes() -> Processes {
    let program = std::env::current_exe().ok();
    let processes = Processes::new(process::Settings {
        temporary: std::env::temp_dir(),
        keep_files: false,
        guard: program.clone(),
    });
    // A hook that needs the shell framework says itself that it is missing.
    let _ = hook::surround(&processes, program.as_deref(), environment::has_framework());
    processes
}

fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(cannot)
}

/// What was asked for cannot be found out: exit code 2.
fn cannot(error: impl Into<anyhow::Error>) -> Failure {
    Failure::NotCompared(error.into())
}

/// The same, in words.
fn cannot_say(text: impl std::fmt::Display) -> Failure {
    cannot(anyhow::anyhow!("{text}"))
}

/// Prints a document in a form for programs; for people `text` makes it.
fn show(
    document: &impl serde::Serialize,
    format: Format,
    text: impl FnOnce() -> String,
) -> Result<Reader, Failure> {
    let text = match format {
        Format::Text => text(),
        Format::Json => serde_json::to_string_pretty(document).map_err(cannot)? + "\n",
        Format::Yaml => yaml::write(&serde_json::to_value(document).map_err(cannot)?),
    };
    output::print(&text).map_err(cannot)
}
