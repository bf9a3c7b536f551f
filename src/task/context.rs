//! What every task is given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::apply::Applier;
use crate::cluster;
use crate::diff::Owner;
use crate::module::Module;
use crate::object::applyset_id;
use crate::process::Processes;
use crate::release::{Histories, Releases, Store};
use crate::render::Capabilities;
use crate::watch::Shared;

use super::own_sections::OwnSections;

/// What the server listed, and what was made of it.
type Asked = (Arc<Vec<String>>, Arc<Capabilities>);

/// How hooks are run; cheap to clone.
#[derive(Clone)]
pub struct HookContext {
    /// The name of the `ConfigMap` that their patches of config values are written into.
    pub config_map: String,
    /// What they watch.
    pub watches: Shared,
    /// How long one may run; `None` for ever.
    pub timeout: Option<Duration>,
    /// How long one may take to print its configuration.
    pub config_timeout: Duration,
    /// The client of their object patches.
    pub patcher: cluster::Client,
    /// Whether metrics without a group get that of their hook.
    pub metric_groups: bool,
    /// Whether their JSON lines are passed on as they are.
    pub proxy_json: bool,
    /// What they have us write into the `ConfigMap`.
    pub own_sections: OwnSections,
}

/// Doors and settings; cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The way into the cluster.
    pub applier: Applier,
    /// The operator's namespace.
    pub namespace: String,
    /// Labels that every object gets.
    pub extra_labels: BTreeMap<String, String>,
    /// The way to run hooks and scripts.
    pub processes: Processes,
    /// How hooks are run.
    pub hooks: HookContext,
    /// How long a Helm hook of a chart may take, unless its module says otherwise.
    pub helm_timeout: Duration,
    /// How long an `enabled` script may run, unless its module says otherwise.
    pub script_timeout: Duration,
    /// What the original left.
    pub releases: Releases,
    /// What is kept of the modules' own releases.
    pub histories: Histories,
    /// What the cluster can do, as last asked.
    capabilities: Arc<Mutex<Option<Asked>>>,
}

impl Context {
    /// For an operator in `namespace`; the rest as a person would have it.
    pub fn new(
        applier: Applier,
        namespace: String,
        processes: Processes,
        hooks: HookContext,
    ) -> Self {
        let client = applier.client.clone();
        Self {
            histories: Histories::new(client.clone(), &namespace),
            releases: Releases::new(client, &namespace, Store::default(), None),
            applier,
            namespace,
            extra_labels: BTreeMap::new(),
            processes,
            hooks,
            helm_timeout: Duration::from_mins(20),
            script_timeout: Duration::from_secs(30),
            capabilities: Arc::default(),
        }
    }

    /// What the cluster can do; asked of the server when it is not known, once for all who wait.
    pub async fn capabilities(&self) -> Result<Arc<Capabilities>, cluster::Error> {
        let served = self.applier.client.api_versions().await?;
        let mut known = self.capabilities.lock().await;
        if let Some((of, known)) = &*known
            && Arc::ptr_eq(of, &served)
        {
            return Ok(known.clone());
        }
        let version = self.applier.client.fetch_version().await?;
        let capabilities = Arc::new(Capabilities {
            kube_version: version.git_version,
            api_versions: served.iter().cloned().collect(),
        });
        *known = Some((served, capabilities.clone()));
        Ok(capabilities)
    }

    /// Whose the objects of a module are.
    pub fn owner(&self, module: &Module, maintenance: bool) -> Owner {
        let mut extra_labels = self.extra_labels.clone();
        if maintenance {
            // The label by which the original marks objects that it leaves alone.
            let label = "maintenance.deckhouse.io/no-resource-reconciliation";
            extra_labels.insert(label.to_owned(), String::new());
        }
        Owner {
            module: module.name.clone(),
            operator_namespace: self.namespace.clone(),
            namespace: self.release_namespace(module),
            applyset: Some(applyset_id(&module.name, &self.namespace)),
            extra_labels,
            recreate: module.definition.recreate,
        }
    }

    /// The namespace of objects that name none.
    pub fn release_namespace(&self, module: &Module) -> String {
        module
            .definition
            .namespace
            .clone()
            .unwrap_or_else(|| self.namespace.clone())
    }
}
