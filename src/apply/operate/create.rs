//! Objects made, or replaced when they are there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::{Deed, Stop, TRIES, Try, named, pause, point};
use crate::cluster::{Error, PatchType, Resource, Target};
use crate::patch::ObjectTarget;

/// What the server alone writes, below `metadata`.
const OF_THE_SERVER: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

impl Deed<'_> {
    /// The object with the kind and the version that the cluster knows it by.
    pub(super) async fn complete(&self, object: &Value) -> Result<(Value, Resource), Stop> {
        let resource = self.resource(&ObjectTarget::of(object)).await?;
        let mut object = object.clone();
        object["apiVersion"] = Value::String(resource.api_version());
        object["kind"] = Value::String(resource.kind.clone());
        Ok((object, resource))
    }

    pub(super) async fn create(
        &mut self,
        object: &Value,
        resource: &Resource,
        part: Option<&str>,
        may_exist: bool,
    ) -> Result<String, Stop> {
        let wanted = ObjectTarget::of(object);
        let target = point(resource, &wanted);
        match self.client.create_as(target, object, self.manager).await {
            Ok(written) => {
                let created = self.heard(written);
                self.write_part(&created, resource, object, part).await?;
                // A name that the server made up is known only now.
                let made = ObjectTarget::of(&created);
                Ok(format!("created {}", named(point(resource, &made))))
            }
            Err(error) if may_exist && exists_already(&error) => {
                Ok(format!("left {}, which is there", named(target)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces an object as a whole, or creates it. An object that is as it shall be is not
    /// written; where the server fills fields in, it finds out itself that nothing changes.
    pub(super) async fn create_or_replace(
        &mut self,
        object: &Value,
        resource: &Resource,
        part: Option<&str>,
    ) -> Result<String, Stop> {
        let wanted = ObjectTarget::of(object);
        let target = point(resource, &wanted);
        for attempt in 0..TRIES {
            pause(attempt).await;
            if let Try::Done(done) = self.try_replace(target, object, part).await? {
                return Ok(done);
            }
        }
        Err(Stop::Contested(TRIES))
    }

    async fn try_replace(
        &mut self,
        target: Target<'_>,
        object: &Value,
        part: Option<&str>,
    ) -> Result<Try, Stop> {
        let Some(live) = self.client.fetch(target).await? else {
            return self.try_create(target, object, part).await;
        };
        if is_same(&live, object) {
            let done = format!("left {} unchanged", named(target));
            return Ok(Try::Done(done));
        }
        let next = versioned(object, &live);
        match self.replace(target, &live, &next, None).await {
            Ok(Try::Done(done)) => {
                self.write_part(&live, target.resource, object, part)
                    .await?;
                Ok(Try::Done(done))
            }
            // It was deleted in between.
            Err(Stop::Refused(refusal)) if refusal.code == 404 => Ok(Try::Again),
            other => other,
        }
    }

    async fn try_create(
        &mut self,
        target: Target<'_>,
        object: &Value,
        part: Option<&str>,
    ) -> Result<Try, Stop> {
        let object = unversioned(object);
        match self.client.create_as(target, &object, self.manager).await {
            Ok(written) => {
                let created = self.heard(written);
                self.write_part(&created, target.resource, &object, part)
                    .await?;
                Ok(Try::Done(format!("created {}", named(target))))
            }
            Err(error) if exists_already(&error) => Ok(Try::Again),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the part that a server passes over when an object is created or replaced: `status`.
    async fn write_part(
        &mut self,
        live: &Value,
        resource: &Resource,
        object: &Value,
        part: Option<&str>,
    ) -> Result<(), Stop> {
        let Some((part, value)) = part.and_then(|part| Some((part, object.get(part)?))) else {
            return Ok(());
        };
        if let Some(foreseen) = self.foreseen.as_mut().and_then(Value::as_object_mut) {
            // Nothing was stored whose part could be written.
            foreseen.insert(part.to_owned(), value.clone());
            return Ok(());
        }
        let made = ObjectTarget::of(live);
        // Sets it as a whole, whether it is there or not.
        let place = format!("/{part}");
        let patch = serde_json::json!([{"op": "add", "path": place, "value": value}]);
        let (target, write) = (point(resource, &made), self.write(Some(part)));
        let written = self
            .client
            .patch_as(target, &patch, PatchType::Json, write)
            .await;
        match written {
            Ok(written) => {
                self.heard(written);
                Ok(())
            }
            Err(error) if error.is_not_found() => Err(Stop::NoSubresource(part.to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}

fn exists_already(error: &Error) -> bool {
    let refusal = error.refusal();
    refusal.is_some_and(|refusal| refusal.reason == "AlreadyExists")
}

fn unversioned(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    object
}

/// The object as the next state of the one that is there.
fn versioned(object: &Value, live: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
    object
}

/// Whether replacing what is there would change nothing for sure.
fn is_same(live: &Value, object: &Value) -> bool {
    let (mut live, mut object) = (live.clone(), folded(object));
    if object.get("status").is_none()
        && let Some(fields) = live.as_object_mut()
    {
        fields.remove("status");
    }
    for side in [&mut live, &mut object] {
        if let Some(metadata) = side.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| !OF_THE_SERVER.contains(&key.as_str()));
        }
    }
    live == object
}

/// A Secret as the server keeps it: `stringData` in `data`, and of a type.
fn folded(object: &Value) -> Value {
    let mut object = object.clone();
    if object["kind"] != "Secret" || object["apiVersion"] != "v1" {
        return object;
    }
    let Some(fields) = object.as_object_mut() else {
        return object;
    };
    fields.entry("type").or_insert_with(|| "Opaque".into());
    if let Some(Value::Object(texts)) = fields.remove("stringData") {
        let data = fields.entry("data").or_insert_with(|| Map::new().into());
        for (key, text) in texts {
            let text = STANDARD.encode(text.as_str().unwrap_or_default());
            data[key] = Value::String(text);
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_adds_is_no_difference() {
        let wanted = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "stringData": {"k": "v"}});
        let mut live = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "a", "uid": "1", "resourceVersion": "2", "managedFields": []},
            "data": {"k": "dg=="}, "status": {}});
        assert!(is_same(&live, &wanted));
        live["metadata"]["labels"] = json!({"a": "b"});
        assert!(!is_same(&live, &wanted));
    }
}
