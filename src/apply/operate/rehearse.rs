//! What operations would do: the server is asked and stores nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Deed, Stop, named, point};
use crate::cluster::Client;
use crate::patch::ObjectOperation;

/// What one operation would do.
#[derive(Debug)]
pub struct Rehearsed {
    /// `MergePatch apps/v1 Deployment shop/web`.
    pub operation: String,
    /// The object as the cluster names it: `apps/v1 Deployment shop/web`.
    pub object: String,
    /// What would come of it, or why it would fail.
    pub foretold: Result<Foretold, Stop>,
    /// What the server warned of.
    pub warnings: Vec<String>,
    /// The number, from 1, of an earlier operation that would change the same object. A rehearsal
    /// stores nothing, so each operation finds the object as it is now.
    pub after: Option<usize>,
}

/// What would come of an operation. Its `Debug` leaves out the objects, which may be secret.
pub enum Foretold {
    /// Nothing; the text says why: `left v1 ConfigMap shop/web, which is there`.
    Nothing(String),
    /// The object would be made.
    Created(Value),
    /// The object, or the part of it that is written, would change, if only in what the server writes.
    Changed {
        /// As it is.
        before: Value,
        /// As it would be.
        after: Value,
    },
    /// The object would be removed.
    Deleted(Value),
}

impl std::fmt::Debug for Foretold {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Nothing(why) => why,
            Self::Created(_) => "Created",
            Self::Changed { .. } => "Changed",
            Self::Deleted(_) => "Deleted",
        })
    }
}

/// Asks the server what each operation would do; nothing is stored. `manager` is the field manager of
/// the writes.
pub async fn rehearse(
    client: &Client,
    operations: &[ObjectOperation],
    manager: &str,
) -> Vec<Rehearsed> {
    let client = client.rehearsing();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut rehearsed = Vec::new();
    for (number, operation) in (1..).zip(operations) {
        let mut deed = Deed::new(&client, manager);
        let (mut object, foretold) = deed.rehearse(operation).await;
        if let (true, Ok(Foretold::Created(made))) = (object.ends_with('/'), &foretold) {
            // The server makes the name up, another one each time.
            let start = made.pointer("/metadata/generateName");
            let start = start.and_then(Value::as_str).unwrap_or_default();
            object = format!("{object}{start}…");
        }
        let after = seen.get(&object).copied();
        if !matches!(foretold, Ok(Foretold::Nothing(_)) | Err(_)) {
            seen.insert(object.clone(), number);
        }
        rehearsed.push(Rehearsed {
            operation: operation.to_string(),
            object,
            foretold,
            warnings: deed.warnings,
            after,
        });
    }
    rehearsed
}

impl Deed<'_> {
    /// The object's name, and what would come of the operation.
    async fn rehearse(&mut self, operation: &ObjectOperation) -> (String, Result<Foretold, Stop>) {
        let wanted = operation.target();
        let resource = match self.resource(&wanted).await {
            Ok(resource) => resource,
            Err(stop) => return (wanted.to_string(), Err(stop)),
        };
        let target = point(&resource, &wanted);
        // The status comes with the object; another part is an object of its own.
        let part = match operation {
            ObjectOperation::Patch { subresource, .. } => subresource.as_deref(),
            ObjectOperation::Create { .. } | ObjectOperation::Delete { .. } => None,
        };
        let part = part.filter(|part| *part != "status");
        let before = match wanted.name.as_str() {
            "" => Ok(None),
            _ => self.client.fetch_part(target, part).await,
        };
        let foretold = match before {
            Ok(before) => self.foretell(operation, before).await,
            Err(error) => Err(error.into()),
        };
        (named(target), foretold)
    }

    async fn foretell(
        &mut self,
        operation: &ObjectOperation,
        before: Option<Value>,
    ) -> Result<Foretold, Stop> {
        let said = self.carry_out(operation).await?;
        let is_deletion = matches!(operation, ObjectOperation::Delete { .. });
        Ok(match (before, self.foreseen.take()) {
            (Some(before), _) if is_deletion => Foretold::Deleted(before),
            (Some(before), Some(after)) => Foretold::Changed { before, after },
            (None, Some(after)) => Foretold::Created(after),
            (_, None) => Foretold::Nothing(said),
        })
    }
}
