//! A house without an operator: folders, and the `ConfigMap` when there is a cluster.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use jiff::Timestamp;
use serde_json::Value;

use crate::apply::MODULE_RESOURCE;
use crate::cli::output::Failure;
use crate::cluster::{self, Client, Target};
use crate::config_values::{config_map_resource, data};
use crate::house::House;
use crate::module::{self, Discovery, Folders};
use crate::operator::{self, Settings};
use crate::task::{self, Context, ModuleRun};

pub(super) const HOOKS_MISSING: &str =
    "no operator was asked: values that hooks set are missing from what follows";

/// What the modules directories hold.
pub(in crate::cli) fn discover(settings: &Settings) -> Discovery {
    let mut folders = Folders::new(module::Settings {
        dirs: settings.folders.modules.clone(),
        unnumbered: settings.modules.unnumbered_order,
        crd_filters: settings.modules.crd_filters.clone(),
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "compared with the times of files"
    )]
    folders.discover(SystemTime::now())
}

/// The data of the `ConfigMap`; `None` when there is none.
pub(in crate::cli) async fn config_data(
    client: &Client,
    (namespace, name): (&str, &str),
) -> Result<Option<BTreeMap<String, String>>, cluster::Error> {
    let config_maps = config_map_resource();
    let target = Target {
        resource: &config_maps,
        namespace: Some(namespace),
        name,
    };
    Ok(client.fetch(target).await?.map(|object| data(&object)))
}

/// Reads the folders into a house; mistakes of the folders that concern `only` end it.
pub(super) fn house(
    settings: &Settings,
    namespace: &str,
    only: Option<&str>,
) -> Result<House, Failure> {
    let mut house = House::new(
        operator::house_settings(settings, namespace)?,
        Instant::now(),
    )?;
    let discovery = discover(settings);
    if let Some(doubt) = discovery.doubt() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{doubt}; name it with --modules-dir"
        )));
    }
    for broken in &discovery.broken {
        let concerned =
            only.is_none() || broken.name.as_ref().map(crate::name::ModuleName::as_str) == only;
        if concerned {
            return Err(broken.mistakes.clone().into());
        }
    }
    house.take_discovery(discovery, Instant::now(), Timestamp::now());
    Ok(house)
}

/// Takes what the cluster knows: the `ConfigMap` and the `Module` objects.
pub(super) async fn take_cluster(
    house: &mut House,
    settings: &Settings,
    context: &Context,
) -> Result<(), Failure> {
    let client = &context.applier.client;
    let place = (context.namespace.as_str(), settings.config_map.as_str());
    let config = config_data(client, place).await?;
    house.take_config(config.as_ref(), &[], Timestamp::now());
    if let Some(mistakes) = house.config_mistakes() {
        return Err(mistakes.clone().into());
    }
    let listing = operator::releases(context).await;
    house.take_releases(&listing);
    for object in modules(client, &context.namespace).await? {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        house.take_module_object(name, Some(&object));
    }
    house.objects_known(Instant::now(), Timestamp::now());
    let limit = context.script_timeout;
    let decided = task::evaluate(&context.processes, limit, house.evaluation()).await;
    house.take_decisions(decided, Instant::now(), Timestamp::now());
    Ok(())
}

async fn modules(client: &Client, namespace: &str) -> Result<Vec<Value>, Failure> {
    let path = MODULE_RESOURCE.collection(Some(namespace));
    let page = match client.fetch_page("listing modules", &path, true).await {
        // The definition is not there: no operator of ours ran here yet.
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        page => page?,
    };
    let list: Value = serde_json::from_slice(&page)?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

/// The runs of one module, or of all that are enabled.
pub(super) fn runs(house: &mut House, module: Option<&str>) -> Result<Vec<ModuleRun>, Failure> {
    house
        .runs(module)
        .map_err(|refusal| Failure::Failed(refusal.into()))
}
