//! What the cluster says of a chart's manifests, with `--validate`, and what charts look up in it.
//!
//! As Helm does it: nothing is sent but questions. Are there these kinds, and is something there already
//! that is no part of the release?

use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::cluster::{self, Client, Resource, Target};
use crate::render::{Capabilities, Lookup, Release};
use crate::report;
use crate::task;

/// What Helm says before what is wrong with the manifests.
const BUILD: &str = "unable to build kubernetes objects from release manifest";
/// What Helm says before what is in the way.
const INSTALL: &str = "Unable to continue with install";

/// The cluster of `KUBECONFIG`.
pub(super) struct Cluster {
    runtime: Runtime,
    client: Client,
}

/// An object that can be asked for.
struct Asked<'a> {
    object: &'a Value,
    resource: Resource,
}

impl Cluster {
    pub(super) fn connect(settings: &cluster::Settings) -> Result<Self, String> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let client = runtime.block_on(cluster::connect(settings));
        let client = client.map_err(unreachable)?;
        Ok(Self { runtime, client })
    }

    /// What it can do: then flags say nothing about that.
    pub(super) fn capabilities(&self) -> Result<Capabilities, String> {
        let asked = self.runtime.block_on(async {
            let version = self.client.fetch_version().await?;
            Ok::<_, cluster::Error>((version, self.client.api_versions().await?))
        });
        let (version, served) = asked.map_err(unreachable)?;
        Ok(Capabilities {
            kube_version: version.git_version,
            api_versions: served.iter().cloned().collect(),
        })
    }

    /// What a chart looks up.
    pub(super) fn look(&self, of: &Lookup<'_>) -> Result<Option<Value>, String> {
        self.runtime.block_on(task::look_up(&self.client, of))
    }

    /// Whether it knows the kinds of these objects, and, for an installation, whether none of them is
    /// there that is not of this release.
    pub(super) fn check(
        &self,
        objects: impl Iterator<Item = Value>,
        release: &Release,
    ) -> Result<(), String> {
        let objects: Vec<Value> = objects.flat_map(items).collect();
        self.runtime.block_on(async {
            let asked = self.build(&objects).await?;
            if !release.is_install {
                return Ok(());
            }
            for asked in asked {
                self.check_free(&asked, release).await?;
            }
            Ok(())
        })
    }

    async fn build<'a>(&self, objects: &'a [Value]) -> Result<Vec<Asked<'a>>, String> {
        let (mut built, mut wrong) = (Vec::new(), Vec::new());
        for object in objects {
            if let Some(why) = unreadable(object) {
                wrong.push(why);
                continue;
            }
            let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
            match self.client.resource(version, kind).await {
                Ok(resource) => built.push(Asked { object, resource }),
                Err(cluster::Error::UnknownKind { .. }) => wrong.push(format!(
                    "resource mapping not found for name: {:?} namespace: {:?} from \"\": no matches \
                     for kind {kind:?} in version {version:?}\nensure CRDs are installed first",
                    text(object, "/metadata/name"),
                    text(object, "/metadata/namespace"),
                )),
                Err(error) => return Err(format!("{BUILD}: {}", report::chain(&error))),
            }
        }
        match wrong.as_slice() {
            [] => Ok(built),
            [one] => Err(format!("{BUILD}: {one}")),
            all => Err(format!("{BUILD}: [{}]", all.join(", "))),
        }
    }

    /// Whether an object is not there yet, or is of the release already.
    async fn check_free(&self, asked: &Asked<'_>, release: &Release) -> Result<(), String> {
        let (kind, name) = (&asked.resource.kind, text(asked.object, "/metadata/name"));
        let own = Some(text(asked.object, "/metadata/namespace")).filter(|own| !own.is_empty());
        let namespace = asked.resource.namespaced;
        let namespace = namespace.then(|| own.unwrap_or(&release.namespace));
        let told = format!(
            "{kind} {name:?} in namespace {:?}",
            namespace.unwrap_or_default()
        );
        let unknown = |why: &str| {
            format!("{INSTALL}: could not get information about the resource {told}: {why}")
        };
        if name.is_empty() {
            return Err(unknown("resource name may not be empty"));
        }
        let target = Target {
            resource: &asked.resource,
            namespace,
            name,
        };
        let found = self.client.fetch(target).await;
        let found = found.map_err(|error| {
            let refusal = error.refusal().map(|refusal| refusal.message.clone());
            unknown(&refusal.unwrap_or_else(|| report::chain(&error)))
        })?;
        let wrong = found.map_or_else(Vec::new, |found| foreign(&found, release));
        if wrong.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{INSTALL}: {told} exists and cannot be imported into the current release: invalid \
             ownership metadata; {}",
            wrong.join("; ")
        ))
    }
}

/// Why an object that is there is not of a release.
fn foreign(found: &Value, release: &Release) -> Vec<String> {
    const LABEL: &str = "app.kubernetes.io/managed-by";
    let wanted = [
        ("label", "labels", LABEL, "Helm"),
        (
            "annotation",
            "annotations",
            "meta.helm.sh/release-name",
            &*release.name,
        ),
        (
            "annotation",
            "annotations",
            "meta.helm.sh/release-namespace",
            &*release.namespace,
        ),
    ];
    let wrong = wanted.iter().filter_map(|(what, field, key, value)| {
        let why = match found["metadata"][field][key].as_str() {
            Some(current) if current == *value => return None,
            Some(current) => {
                format!("key {key:?} must equal {value:?}: current value is {current:?}")
            }
            None => format!("missing key {key:?}: must be set to {value:?}"),
        };
        Some(format!("{what} validation error: {why}"))
    });
    wrong.collect()
}

/// Why an object cannot be read as one, in the words of Go.
fn unreadable(object: &Value) -> Option<String> {
    let missing: Vec<_> = [("apiVersion", "/apiVersion"), ("kind", "/kind")]
        .into_iter()
        .filter(|(_, pointer)| text(object, pointer).is_empty())
        .map(|(field, _)| format!("{field} not set"))
        .collect();
    match missing.as_slice() {
        [] => {}
        [one] => {
            return Some(format!(
                "error validating \"\": error validating data: {one}"
            ));
        }
        all => {
            let all = all.join(", ");
            return Some(format!(
                "error validating \"\": error validating data: [{all}]"
            ));
        }
    }
    let metadata = &object["metadata"];
    let texts = ["name", "namespace"].map(|field| (field, &metadata[field]));
    let maps = ["annotations", "labels"].into_iter().flat_map(|field| {
        let entries = metadata[field].as_object().into_iter().flatten();
        entries.map(move |(_, value)| (field, value))
    });
    let (field, found) = texts.into_iter().chain(maps).find_map(|(field, value)| {
        let found = match value {
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Null | Value::String(_) => return None,
        };
        Some((field, found))
    })?;
    Some(format!(
        "unable to decode \"\": json: cannot unmarshal {found} into Go struct field \
         ObjectMeta.metadata.{field} of type string"
    ))
}

/// The objects of a list, or the object itself.
fn items(object: Value) -> Vec<Value> {
    let is_list = text(&object, "/kind") == "List";
    match object.get("items") {
        Some(Value::Array(items)) if is_list => items.clone(),
        _ => vec![object],
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    let found = object.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default()
}

#[expect(clippy::needless_pass_by_value, reason = "maps errors")]
fn unreachable(error: cluster::Error) -> String {
    format!("Kubernetes cluster unreachable: {}", report::chain(&error))
}
