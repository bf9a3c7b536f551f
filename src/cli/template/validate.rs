//! What the cluster says of a chart's manifests, with `--validate`.

use serde_json::Value;
use tokio::runtime::{self, Runtime};

use crate::cluster::{self, Client, Target};
use crate::render::Capabilities;
use crate::report;

/// Who is told to the API server as the author of the dry runs.
const MANAGER: &str = "addon-operator-template";
/// What Helm says before it.
const WRAPPED: &str = "unable to build kubernetes objects from release manifest";

/// The cluster of `KUBECONFIG`.
pub(super) struct Cluster {
    runtime: Runtime,
    client: Client,
}

impl Cluster {
    pub(super) fn connect() -> Result<Self, String> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let client = runtime.block_on(cluster::connect(&cluster::Settings::default()));
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

    /// Whether it would take these objects. Nothing is stored.
    pub(super) fn check(
        &self,
        objects: impl Iterator<Item = Value>,
        namespace: &str,
    ) -> Result<(), String> {
        self.runtime.block_on(async {
            for object in objects {
                self.check_one(&object, namespace).await?;
            }
            Ok(())
        })
    }

    async fn check_one(&self, object: &Value, namespace: &str) -> Result<(), String> {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let text = |pointer| text(pointer).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let name = text("/metadata/name");
        let refused = |error| format!("{WRAPPED}: {}", report::chain(&error));
        let resource = self.client.resource(version, kind).await.map_err(refused)?;
        let own = Some(text("/metadata/namespace")).filter(|own| !own.is_empty());
        let target = Target {
            resource: &resource,
            namespace: resource.namespaced.then(|| own.unwrap_or(namespace)),
            name,
        };
        let body = object.to_string().into();
        let tried = self.client.dry_run(target, body, MANAGER).await;
        tried.map(drop).map_err(refused)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "maps errors")]
fn unreachable(error: cluster::Error) -> String {
    format!("Kubernetes cluster unreachable: {}", report::chain(&error))
}
