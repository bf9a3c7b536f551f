//! The first minute: what is needed before the loop begins.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::sleep;

use super::error::Error;
use super::settings::{ClientLimits, Flavour, Settings};
use crate::apply::Applier;
use crate::cluster::{self, Client, Resource, Target};
use crate::hook;
use crate::house;
use crate::leader::Fence;
use crate::module::OrderMode;
use crate::process::{self, Processes, Swept};
use crate::release::{Listing, Releases, Store};
use crate::report::{self, Mistake, Mistakes};
use crate::schema::{SchemaFile, Schemas};
use crate::status::Reporter;
use crate::task::{Context, HookContext, OwnSections};
use crate::watch::{Managed, NewsReceiver, Shared};

/// How long an object may take to be served, to be gone, or a kind to be listed.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Reaches the cluster and the operator's namespace, however long the API server takes: it may answer
/// before it has read its own roles, and go away again. Every write passes `fence`.
pub(super) async fn arrive(
    settings: &Settings,
    fence: Option<Fence>,
) -> Result<(Client, String), Error> {
    let client = reach(settings, fence).await?;
    if settings.flavour == Flavour::ShellOperator {
        // It needs no rights but those of its hooks, and has no objects of its own.
        let namespace = settings.namespace.clone();
        let namespace = namespace.unwrap_or_else(|| client.namespace().to_owned());
        return Ok((client, namespace));
    }
    let of = &client;
    let namespace = persist(|| namespace(settings, of)).await?;
    Ok((client, namespace))
}

/// What only the one that leads does before it begins: brings the definition of `Module`, and looks which
/// releases the original left.
pub(super) async fn prepare(flavour: Flavour, context: &Context) -> Result<Listing, Error> {
    if flavour == Flavour::AddonOperator {
        let client = context.applier.client.clone();
        let reporter = Reporter::new(client, &context.namespace);
        persist(|| {
            let reporter = reporter.clone();
            async move { Ok(reporter.install_definition(PATIENCE).await?) }
        })
        .await?;
    }
    Ok(releases(context).await)
}

/// Does it again and again, as long as what fails can pass.
async fn persist<T, F>(mut deed: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match deed().await {
            Err(error) if error.is_passing() => {
                tracing::error!(target: "operator", "{}; trying again", report::chain(&error));
            }
            ended => return ended,
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Makes a client; it is not known whether the API server answers.
async fn client(
    settings: &Settings,
    (fence, delivery): (Option<Fence>, Option<Duration>),
    deadline: Duration,
) -> Result<Client, Error> {
    let settings = cluster::Settings {
        kubeconfig: settings.cluster.kubeconfig.clone(),
        context: settings.cluster.context.clone(),
        server: settings.cluster.server.clone(),
        writes_in_flight: settings.limits.writes_in_flight,
        deadline,
        qps: settings.cluster.client.qps,
        burst: settings.cluster.client.burst,
        fence,
        delivery,
    };
    Ok(cluster::connect(&settings).await?)
}

/// Makes a client for the Lease alone. A connection that is dead is found while there is time for another.
pub(super) async fn client_of_lease(settings: &Settings) -> Result<Client, Error> {
    let deadline = settings.terms.request();
    client(settings, (None, Some(deadline / 2)), deadline).await
}

/// Makes a client, and waits until the API server answers.
pub async fn connect(settings: &Settings) -> Result<Client, Error> {
    reach(settings, None).await
}

async fn reach(settings: &Settings, fence: Option<Fence>) -> Result<Client, Error> {
    let deadline = settings.cluster.client.timeout.unwrap_or(PATIENCE);
    let delivery = fence.as_ref().map(Fence::delivery);
    let client = client(settings, (fence, delivery), deadline).await?;
    let mut pause = FIRST_PAUSE;
    let mut told = String::new();
    loop {
        match client.fetch_version().await {
            Ok(version) => {
                tracing::info!(target: "operator", server = client.url(), version = version.git_version, "connected");
                return Ok(client);
            }
            Err(error) if error.is_passing() => {
                let why = report::chain(&error);
                if why != told {
                    tracing::error!(target: "operator", "{why}; trying again");
                    told = why;
                }
            }
            Err(error) => return Err(error.into()),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The operator's namespace: as set, or as the kubeconfig or the pod has it. It must exist.
pub async fn namespace(settings: &Settings, client: &Client) -> Result<String, Error> {
    let name = settings
        .namespace
        .clone()
        .unwrap_or_else(|| client.namespace().to_owned());
    let resource = Resource::known("", "v1", "Namespace", "namespaces", false);
    let target = Target {
        resource: &resource,
        namespace: None,
        name: &name,
    };
    match client.fetch_metadata(target).await {
        Ok(Some(_)) => Ok(name),
        Ok(None) => Err(Error::NoNamespace(name)),
        // A narrowed role may not read namespaces; then the first write will tell.
        Err(error) if error.code() == 403 => Ok(name),
        Err(error) => Err(error.into()),
    }
}

/// The client of hooks' object patches, with what was set for those alone.
fn patcher(client: &Client, limits: ClientLimits) -> Client {
    match limits.timeout {
        None if limits.qps.is_none() => client.clone(),
        timeout => client.limited(timeout.unwrap_or(PATIENCE), limits.qps, limits.burst),
    }
}

/// What every task is given.
pub fn context(
    settings: &Settings,
    client: Client,
    namespace: &str,
) -> Result<(Context, NewsReceiver), Error> {
    let processes = processes(settings)?;
    hook::jq_library(&settings.folders.jq_library).install();
    let (watches, news) = Shared::new(client.clone());
    let hooks = HookContext {
        config_map: settings.config_map.clone(),
        watches,
        timeout: settings.limits.hook_timeout,
        config_timeout: settings.limits.script_timeout,
        patcher: patcher(&client, settings.object_patcher),
        metric_groups: settings.hook_metrics.default_group,
        proxy_json: settings.log.proxy_hook_json,
        own_sections: OwnSections::default(),
    };
    let managed = Managed::new(client.clone(), namespace);
    let applier = Applier {
        client,
        managed,
        patience: PATIENCE,
    };
    let client = applier.client.clone();
    let mut context = Context::new(applier, namespace.to_owned(), processes, hooks);
    let ignored = settings.helm.ignore_release.clone();
    let store = if settings.folders.modules.is_empty() {
        Store::Nowhere
    } else {
        settings.helm.store
    };
    context.releases = Releases::new(client, namespace, store, ignored);
    context.extra_labels = settings.modules.extra_labels.iter().cloned().collect();
    context.helm_timeout = settings.helm.timeout;
    context.script_timeout = settings.limits.script_timeout;
    Ok((context, news))
}

/// Which releases the original left, however long the API server takes. Without them the operator
/// goes on: nothing is removed that they would tell of.
pub async fn releases(context: &Context) -> Listing {
    let mut pause = FIRST_PAUSE;
    loop {
        match context.releases.list().await {
            Ok(listing) => return listing,
            Err(error) if error.is_passing() => {
                tracing::error!(target: "release", "{}; trying again", report::chain(&error));
            }
            Err(error) => {
                tracing::error!(target: "release", "{}", report::chain(&error));
                return Listing::default();
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The way to run hooks and scripts, with nothing left of earlier lives.
fn processes(settings: &Settings) -> Result<Processes, Error> {
    let temporary = settings.folders.temporary.clone();
    std::fs::create_dir_all(&temporary).map_err(|source| Error::MakeTemporary {
        path: temporary.clone(),
        source,
    })?;
    let processes = Processes::new(process::Settings {
        temporary,
        keep_files: settings.debug.keep_temporary_files,
        guard: settings.folders.guard.clone(),
    });
    let folders = &settings.folders;
    let surrounded = hook::surround(
        &processes,
        folders.guard.as_deref(),
        folders.framework.is_some(),
    );
    if let Err(error) = surrounded {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "hooks have no shell framework"
        );
    }
    match processes.sweep() {
        Ok(Swept { folders: 0, .. }) => {}
        Ok(Swept { folders, processes }) => {
            tracing::info!(folders, processes, "removed what an earlier operator left");
        }
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "not swept"),
    }
    Ok(processes)
}

/// A shell-operator without its folder would do nothing, for ever.
pub(super) fn want_hooks(settings: &Settings) -> Result<(), Error> {
    let folder = &settings.folders.global_hooks;
    let is_missing = settings.flavour == Flavour::ShellOperator && !folder.is_dir();
    if is_missing {
        return Err(Error::NoHooks(folder.clone()));
    }
    Ok(())
}

/// With `--strict-check-values-mode-enabled`, every modules directory must have its values.
pub(super) fn be_strict(settings: &Settings) -> Result<(), Error> {
    if !settings.modules.strict_values {
        return Ok(());
    }
    let files = settings
        .folders
        .modules
        .iter()
        .map(|dir| dir.join("values.yaml"));
    let mistake = |file: PathBuf| {
        let why = "it must be there, by --strict-check-values-mode-enabled";
        Mistake::new(file.display().to_string(), why)
    };
    let missing = files.filter(|file| !file.is_file()).map(mistake);
    Mistakes(missing.collect())
        .into_result()
        .map_err(Error::Strict)
}

/// What the house is built with.
pub fn house_settings(settings: &Settings, namespace: &str) -> Result<house::Settings, Error> {
    Ok(house::Settings {
        namespace: namespace.to_owned(),
        config_map: settings.config_map.clone(),
        order: if settings.modules.strict_order {
            OrderMode::Strict
        } else {
            OrderMode::Attempted
        },
        extenders: settings.modules.extenders.clone(),
        purge_settle: settings.modules.purge_settle,
        global_schemas: match settings.flavour {
            Flavour::AddonOperator => global_schemas(&settings.folders.global_hooks)?,
            Flavour::ShellOperator => Schemas::default(),
        },
        global_place: settings.flavour.global_place(),
        global_hooks: settings.folders.global_hooks.clone(),
        hook_processes: settings.limits.hook_processes,
        failure_policy: settings.webhooks.failure_policy,
    })
}

/// Reads the schemas of the global values; absent files are fine.
pub fn global_schemas(global_hooks: &Path) -> Result<Schemas, Error> {
    let read = |name: &str| {
        let path = global_hooks.join("openapi").join(name);
        let text = std::fs::read_to_string(&path).ok()?;
        Some((path.display().to_string(), text))
    };
    let (config, values) = (read("config-values.yaml"), read("values.yaml"));
    let file = |text: &'_ Option<(String, String)>| text.clone();
    let (config, values) = (file(&config), file(&values));
    Schemas::read(schema_file(config.as_ref()), schema_file(values.as_ref()))
        .map_err(Error::GlobalSchemas)
}

fn schema_file(text: Option<&(String, String)>) -> Option<SchemaFile<'_>> {
    text.map(|(file, text)| SchemaFile { file, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_start_names_every_missing_values_file() {
        let folder = tempfile::tempdir().unwrap();
        let dirs = ["a", "b", "c"].map(|name| folder.path().join(name));
        std::fs::create_dir_all(&dirs[0]).unwrap();
        std::fs::create_dir_all(&dirs[1]).unwrap();
        std::fs::write(dirs[1].join("values.yaml"), "").unwrap();
        let mut settings = Settings::default();
        settings.folders.modules = dirs.to_vec();
        assert!(be_strict(&settings).is_ok());
        settings.modules.strict_values = true;
        let told = be_strict(&settings).unwrap_err().to_string();
        let line = |dir: &Path| {
            let why = "it must be there, by --strict-check-values-mode-enabled";
            format!("{}/values.yaml: {why}", dir.display())
        };
        assert_eq!(told, format!("{}\n{}", line(&dirs[0]), line(&dirs[2])));
    }
}
