//! What a hook asked to do with objects, done: one operation after another.

mod create;
mod delete;
mod patch;
mod rehearse;
mod stop;

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

pub use rehearse::{Foretold, Rehearsed, rehearse};
pub use stop::Stop;

use super::error::Error;
use crate::cluster::{self, Client, Resource, Target, Write, Written};
use crate::patch::{Existing, ObjectOperation, ObjectTarget};

/// How often an object is read and replaced when somebody else writes in between.
const TRIES: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// What became of the operations of one hook run.
#[derive(Debug, Default)]
pub struct Operated {
    /// What succeeded, in order, for people: `created v1 ConfigMap shop/web`; also what needed no
    /// write: `left v1 ConfigMap shop/web unchanged`.
    pub done: Vec<String>,
    /// What failed, in order.
    pub failures: Vec<Error>,
    /// What the server warned of, each naming its operation.
    pub warnings: Vec<String>,
}

/// Carries out operations in order. One that fails does not stop those behind it; what succeeded
/// stays. `manager` is the field manager of the writes.
pub async fn operate(client: &Client, operations: &[ObjectOperation], manager: &str) -> Operated {
    let mut operated = Operated::default();
    for (number, operation) in (1..).zip(operations) {
        let mut deed = Deed::new(client, manager);
        match deed.carry_out(operation).await {
            Ok(done) => operated.done.push(done),
            Err(source) => operated.failures.push(Error::Operate {
                number,
                operation: operation.to_string(),
                source,
            }),
        }
        let tell = |warning| format!("operation {number}: {operation}: {warning}");
        operated
            .warnings
            .extend(deed.warnings.into_iter().map(tell));
    }
    operated
}

/// One operation while it is carried out.
struct Deed<'a> {
    client: &'a Client,
    manager: &'a str,
    warnings: Vec<String>,
    /// In a rehearsal: the object as the first write would leave it, and what later ones would of it.
    foreseen: Option<Value>,
}

/// How one try to write ended.
enum Try {
    /// The text says what was done.
    Done(String),
    /// Somebody else wrote in between: read again.
    Again,
}

impl<'a> Deed<'a> {
    fn new(client: &'a Client, manager: &'a str) -> Self {
        Self {
            client,
            manager,
            warnings: Vec::new(),
            foreseen: None,
        }
    }

    async fn carry_out(&mut self, operation: &ObjectOperation) -> Result<String, Stop> {
        match operation {
            ObjectOperation::Create {
                object,
                existing,
                subresource,
            } => {
                let (object, resource) = self.complete(object).await?;
                let part = subresource.as_deref();
                let name = ObjectTarget::of(&object).name;
                if *existing == Existing::Replace && !name.is_empty() {
                    self.create_or_replace(&object, &resource, part).await
                } else {
                    let may_exist = *existing != Existing::Fail;
                    self.create(&object, &resource, part, may_exist).await
                }
            }
            ObjectOperation::Delete {
                target,
                subresource,
                cascade,
            } => match subresource {
                Some(part) => self.delete_part(target, part, *cascade).await,
                None => self.delete(target, *cascade).await,
            },
            ObjectOperation::Patch {
                target,
                subresource,
                ignore_missing,
                patch,
                ..
            } => {
                let part = subresource.as_deref();
                self.patch(target, part, *ignore_missing, patch).await
            }
        }
    }

    /// The kind that an operation names, asked for anew when it is not known yet.
    async fn resource(&self, target: &ObjectTarget) -> Result<Resource, Stop> {
        let asked = self.client.named(&target.api_version, &target.kind);
        let resource = asked.await?;
        if resource.namespaced && target.namespace.is_none() {
            let kind = resource.kind;
            return Err(Stop::NoNamespace { kind });
        }
        Ok(resource)
    }

    fn write<'b>(&'b self, subresource: Option<&'b str>) -> Write<'b> {
        Write {
            manager: self.manager,
            subresource,
        }
    }

    /// Takes the warnings of a write; what is left is the object.
    fn heard(&mut self, written: Written) -> Value {
        self.warnings.extend(written.warnings);
        if self.client.is_rehearsing() {
            self.foreseen = Some(written.object.clone());
        }
        written.object
    }

    /// Replaces an object by one that was made from its present state.
    async fn replace(
        &mut self,
        target: Target<'_>,
        live: &Value,
        object: &Value,
        part: Option<&str>,
    ) -> Result<Try, Stop> {
        let replaced = self
            .client
            .replace_as(target, object, self.write(part))
            .await;
        match replaced {
            Ok(written) => {
                let after = self.heard(written);
                let named = named(target);
                Ok(Try::Done(if version(&after) == version(live) {
                    format!("left {named} unchanged")
                } else {
                    format!("replaced {named}")
                }))
            }
            Err(error) if is_stale(&error) => Ok(Try::Again),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a replacement came too late: the object changed, or is another one now.
fn is_stale(error: &cluster::Error) -> bool {
    error.is_conflict()
}

/// Waits a little longer before each try but the first.
async fn pause(attempt: u32) {
    if attempt > 0 {
        sleep(FIRST_PAUSE * 2_u32.saturating_pow(attempt - 1)).await;
    }
}

fn version(object: &Value) -> &str {
    let found = object.pointer("/metadata/resourceVersion");
    found.and_then(Value::as_str).unwrap_or_default()
}

/// `v1 ConfigMap shop/web`.
fn named(target: Target<'_>) -> String {
    format!("{} {target}", target.resource.api_version())
}

fn point<'a>(resource: &'a Resource, target: &'a ObjectTarget) -> Target<'a> {
    Target {
        resource,
        namespace: target.namespace.as_deref(),
        name: &target.name,
    }
}
