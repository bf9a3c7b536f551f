//! Writes what people see; nothing is written twice.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::definition::{NAME, definition};
use super::document::Status;
use super::error::Error;
use super::event::Event;
use crate::apply::{self, MODULE_RESOURCE, Parent};
use crate::cluster::{Apply, Client, Propagation, Resource, Target};
use crate::name::ModuleName;
use crate::object::{APPLIED_HASH, ObjectRef, sha256_hex};

const MANAGER: &str = "addon-operator";
const HOW: Apply<'static> = Apply {
    manager: MANAGER,
    force: true,
    dry_run: false,
};

/// Writes `Module` objects and events of one operator.
#[derive(Clone)]
pub struct Reporter {
    client: Client,
    namespace: String,
}

impl Reporter {
    /// A reporter for the operator in `namespace`.
    pub fn new(client: Client, namespace: &str) -> Self {
        Self {
            client,
            namespace: namespace.to_owned(),
        }
    }

    /// Brings the definition of `Module` into the cluster, unless it is there as we have it.
    pub async fn install_definition(&self, patience: Duration) -> Result<(), Error> {
        let resource = Resource::known(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            false,
        );
        let target = Target {
            resource: &resource,
            namespace: None,
            name: NAME,
        };
        let failed = |source| Error::InstallDefinition { source };
        let mut object = definition();
        let hash = sha256_hex(&object.to_string(), 32);
        let there = self.client.fetch_metadata(target).await.map_err(failed)?;
        if there.is_some_and(|there| there.live.applied_hash.as_deref() == Some(hash.as_str())) {
            return Ok(());
        }
        object["metadata"]["annotations"] = json!({ APPLIED_HASH: hash });
        let body = Bytes::from(object.to_string());
        self.client.apply(target, body, HOW).await.map_err(failed)?;
        self.client.forget_resources();
        let reference = ObjectRef {
            group: resource.group.clone(),
            kind: resource.kind.clone(),
            namespace: None,
            name: NAME.to_owned(),
        };
        let served = apply::await_served(&self.client, &resource, &reference, patience).await;
        served.map_err(|source| Error::AwaitDefinition { source })
    }

    /// Writes the status of a module; makes the object first when `exists` is false.
    pub async fn write(
        &self,
        module: &ModuleName,
        status: &Status,
        exists: bool,
    ) -> Result<(), Error> {
        let failed = |source| Error::WriteStatus {
            module: module.to_string(),
            source,
        };
        if !exists {
            self.make(module).await?;
        }
        let body = Bytes::from(
            json!({
                "apiVersion": MODULE_RESOURCE.api_version(),
                "kind": MODULE_RESOURCE.kind,
                "metadata": {"name": module.as_str(), "namespace": self.namespace},
                "status": status,
            })
            .to_string(),
        );
        match self
            .client
            .apply_status(self.target(module), body.clone(), HOW)
            .await
        {
            // Somebody deleted it in between.
            Err(error) if error.is_not_found() && exists => {
                self.make(module).await?;
                self.client
                    .apply_status(self.target(module), body, HOW)
                    .await
                    .map_err(failed)?;
                Ok(())
            }
            written => written.map(|_| ()).map_err(failed),
        }
    }

    async fn make(&self, module: &ModuleName) -> Result<(), Error> {
        let made = Parent::make(&self.client, module, &self.namespace).await;
        made.map_err(|error| match error {
            apply::Error::WriteParent { module, source } => Error::WriteStatus { module, source },
            source => Error::AwaitDefinition { source },
        })
    }

    /// Removes the `Module` object of a module that is no more.
    pub async fn remove(&self, module: &ModuleName) -> Result<(), Error> {
        let deleted = self
            .client
            .delete(self.target(module), None, Propagation::Background)
            .await;
        deleted.map(|_| ()).map_err(|source| Error::RemoveModule {
            module: module.to_string(),
            source,
        })
    }

    /// Sends an event. One that cannot be sent is logged: nothing depends on it.
    pub async fn send(&self, event: &Event, now: Timestamp) {
        let resource = Resource::known("", "v1", "Event", "events", true);
        let object: Value = event.object(&self.namespace, now);
        if let Err(error) = self
            .client
            .create(&resource, Some(&self.namespace), &object)
            .await
        {
            tracing::debug!(target: "status", error = %crate::report::chain(&error), "an event was not sent");
        }
    }

    fn target<'a>(&'a self, module: &'a ModuleName) -> Target<'a> {
        Target {
            resource: &MODULE_RESOURCE,
            namespace: Some(&self.namespace),
            name: module.as_str(),
        }
    }
}
