//! `addon-operator try`: a cluster of one's own, the operator on it, and what to try next.

mod teller;
mod words;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::environment::Environment;
use super::output::{self, Failure};
use super::{log, signal};
use crate::cluster::{self, Resource, Target};
use crate::config_values::config_map_resource;
use crate::control_plane::{self, ControlPlane};
use crate::operator::{self, LogForm, LogLevel, Settings, View};
use crate::serve::{ConvergePhase, ModuleState};

use self::teller::{Teller, say};
use self::words::Place;

const NAMESPACE: &str = "addon-operator";

/// Start a cluster on this machine, run the operator on it, and say what to try next
///
/// Builds etcd and kube-apiserver with the go tool the first time (some minutes), starts them on
/// loopback, runs the modules and ends everything with Ctrl-C. With KUBECONFIG set, that cluster is
/// used instead; with `KUBEBUILDER_ASSETS`, the programs in that folder are.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The modules directory
    #[arg(long, value_name = "DIR", default_value = "modules")]
    modules_dir: PathBuf,

    /// The folder of global hooks and schemas
    #[arg(long, value_name = "DIR", default_value = "global-hooks")]
    global_hooks_dir: PathBuf,

    /// Use the cluster of this kubeconfig instead
    #[arg(long, value_name = "FILE")]
    kube_config: Option<PathBuf>,

    /// End after the first converge: exit code 0 when every module was applied, else 1
    #[arg(long)]
    once: bool,
}

/// Runs until Ctrl-C.
pub(super) fn run(arguments: Arguments, environment: &Environment) -> Result<(), Failure> {
    if !arguments.modules_dir.is_dir() {
        let path = arguments.modules_dir.display();
        return Err(Failure::Failed(anyhow::anyhow!(
            "there is no folder {path}; run this in the checkout, or name one with --modules-dir"
        )));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(try_out(arguments, environment))
}

async fn try_out(arguments: Arguments, environment: &Environment) -> Result<(), Failure> {
    let given = given_cluster(&arguments, environment)?;
    let (own, kubeconfig) = if let Some(kubeconfig) = given {
        say(&format!(
            "using the cluster of {}\n\n",
            kubeconfig.display()
        ));
        (None, kubeconfig)
    } else {
        let started = tokio::select! {
            started = start_cluster(environment) => started?,
            () = signal::told_to_stop_or_hung_up() => return Err(interrupted()),
        };
        let kubeconfig = started.kubeconfig().to_owned();
        (Some(started), kubeconfig)
    };
    let place = Place {
        is_own: own.is_some(),
        kubeconfig,
    };
    let ended = Box::pin(operate(&arguments, environment, &place)).await;
    if let Some(cluster) = own {
        cluster.stop().await?;
    }
    ended
}

/// The kubeconfig that was named. One that is gone is often left over from an earlier try.
fn given_cluster(
    arguments: &Arguments,
    environment: &Environment,
) -> Result<Option<PathBuf>, Failure> {
    if let Some(kubeconfig) = &arguments.kube_config {
        return Ok(Some(kubeconfig.clone()));
    }
    let Some(kubeconfig) = environment.value("KUBECONFIG") else {
        return Ok(None);
    };
    if !kubeconfig.contains(':') && !Path::new(kubeconfig).exists() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "KUBECONFIG names {kubeconfig}, which is not there; to start a cluster here: unset KUBECONFIG"
        )));
    }
    Ok(Some(PathBuf::from(kubeconfig)))
}

async fn start_cluster(environment: &Environment) -> Result<ControlPlane, Failure> {
    let cache = cache_folder(environment)?;
    let assets = environment.value("KUBEBUILDER_ASSETS").map(PathBuf::from);
    let mut teller = Teller::new();
    let binaries =
        control_plane::binaries(&cache, assets.as_deref(), &mut |step| teller.tell(&step)).await?;
    Ok(control_plane::start(&binaries, None, &mut |step| teller.tell(&step)).await?)
}

fn cache_folder(environment: &Environment) -> Result<PathBuf, Failure> {
    let own = environment
        .value("ADDON_OPERATOR_CACHE_DIR")
        .map(PathBuf::from);
    let shared = environment
        .value("XDG_CACHE_HOME")
        .map(|folder| Path::new(folder).join("addon-operator"));
    let home = environment
        .value("HOME")
        .map(|folder| Path::new(folder).join(".cache/addon-operator"));
    own.or(shared).or(home).ok_or_else(|| {
        Failure::Failed(anyhow::anyhow!(
            "no folder for built programs; set ADDON_OPERATOR_CACHE_DIR"
        ))
    })
}

async fn operate(
    arguments: &Arguments,
    environment: &Environment,
    place: &Place,
) -> Result<(), Failure> {
    let temporary = tempfile::Builder::new()
        .prefix("addon-operator-try-")
        .tempdir()?;
    let settings = settings(arguments, &place.kubeconfig, temporary.path());
    let set_level = log::install(&settings, environment)?;
    prepare(&settings).await?;
    let stop = CancellationToken::new();
    let (tell, mut view) = watch::channel(View::default());
    let modules = arguments.modules_dir.display();
    say(&format!("running the modules of {modules}/\n\n"));
    let begun = Instant::now();
    // What is told by and by would hide what the first converge tells.
    let mut told = settings.clone();
    told.log.level = LogLevel::Info;
    let running = operator::run(told, set_level.clone(), tell, stop.clone());
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return Ok(ended?),
        () = signal::told_to_stop_or_hung_up() => stop.cancel(),
        seen = follow(&mut view) => {
            let paint = output::paint(io::stdout().is_terminal(), environment);
            say(&words::table(&seen, begun.elapsed(), paint));
            if arguments.once {
                stop.cancel();
                running.await?;
                return verdict(&seen);
            }
            say(&words::hints(place, &settings, &seen, environment));
            set_level(LogLevel::Info);
            tokio::select! {
                ended = &mut running => return Ok(ended?),
                () = signal::told_to_stop_or_hung_up() => stop.cancel(),
            }
        }
    }
    tokio::select! {
        ended = running => Ok(ended?),
        () = signal::told_to_stop_or_hung_up() => Err(interrupted()),
    }
}

fn settings(arguments: &Arguments, kubeconfig: &Path, temporary: &Path) -> Settings {
    let mut settings = Settings::default();
    settings.folders.modules = vec![arguments.modules_dir.clone()];
    settings
        .folders
        .global_hooks
        .clone_from(&arguments.global_hooks_dir);
    settings.folders.temporary = temporary.join("files");
    settings.folders.guard = std::env::current_exe().ok();
    settings.namespace = Some(NAMESPACE.to_owned());
    settings.cluster.kubeconfig = Some(kubeconfig.to_owned());
    settings.listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    settings.listen.set_port(0);
    settings.debug.socket = temporary.join("debug.socket");
    settings.log.level = LogLevel::Warn;
    settings.log.form.get_or_insert(LogForm::Text);
    settings
}

/// Makes the namespace and an empty `ConfigMap`, so that there is something to edit.
async fn prepare(settings: &Settings) -> Result<(), Failure> {
    let client = cluster::connect(&cluster::Settings {
        kubeconfig: settings.cluster.kubeconfig.clone(),
        ..cluster::Settings::default()
    })
    .await?;
    let namespaces = Resource::known("", "v1", "Namespace", "namespaces", false);
    let name = settings.namespace.as_deref().unwrap_or(NAMESPACE);
    let target = Target {
        resource: &namespaces,
        namespace: None,
        name,
    };
    if client.fetch_metadata(target).await?.is_none() {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        client.create(&namespaces, None, &namespace).await?;
    }
    let config_maps = config_map_resource();
    let target = Target {
        resource: &config_maps,
        namespace: Some(name),
        name: &settings.config_map,
    };
    if client.fetch_metadata(target).await?.is_none() {
        let config_map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": settings.config_map}, "data": {},
        });
        client.create(&config_maps, Some(name), &config_map).await?;
    }
    Ok(())
}

/// Tells every module that came to an end; answers what is there after the first converge.
async fn follow(view: &mut watch::Receiver<View>) -> View {
    let mut told: BTreeMap<String, ModuleState> = BTreeMap::new();
    while view.changed().await.is_ok() {
        let seen = view.borrow_and_update().clone();
        for row in seen.modules.modules.iter().filter(|row| row.enabled) {
            let is_news = told.insert(row.name.clone(), row.state) != Some(row.state);
            if is_news && matches!(row.state, ModuleState::Applied | ModuleState::Failed) {
                say(&words::progress(row));
            }
        }
        if seen.converge.startup == ConvergePhase::Done {
            return seen;
        }
    }
    // The operator ended; whoever waits for it hears why.
    std::future::pending().await
}

fn verdict(seen: &View) -> Result<(), Failure> {
    let failed: Vec<String> = seen
        .modules
        .modules
        .iter()
        .filter(|row| match row.state {
            // A broken folder does not say whether it is enabled.
            ModuleState::Failed => true,
            state => row.enabled && state != ModuleState::Applied,
        })
        .map(|row| format!("{}: {}", row.name, row.message))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(anyhow::anyhow!(
        "modules that are not applied:\n{}",
        failed.join("\n")
    )))
}

fn interrupted() -> Failure {
    Failure::Failed(anyhow::anyhow!("interrupted"))
}
