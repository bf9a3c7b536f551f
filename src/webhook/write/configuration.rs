//! The configurations of validating and mutating webhooks.

use std::collections::BTreeMap;

use serde_json::Value;

use super::live::Stream;
use super::{Look, Object, Settled, Writer};
use crate::binding::AdmissionKind;
use crate::cluster::{self, Propagation, Refusal, Resource, Target, Write, Written};
use crate::object::WEBHOOKS_LABEL;
use crate::webhook::MANAGER;
use crate::webhook::settings::Door;

impl Writer {
    /// Puts right those of one kind.
    pub(super) async fn look_at_configurations(
        &mut self,
        kind: AdmissionKind,
        look: &mut Look<'_>,
    ) {
        let stream = Stream::Configurations(kind);
        let Some(objects) = self.live.objects(&stream) else {
            look.leave_open(Door::Admission);
            return;
        };
        let name = self.settings.configuration();
        for (other, found) in &objects {
            if *other != name && self.has_our_label(found) && look.orders.is_complete {
                self.remove(&stream, found, look).await;
            }
        }
        let found = objects.get(&name);
        if look.orders.wanted.webhooks(kind).is_empty() {
            if let Some(found) = found
                && look.orders.is_complete
                && self.is_ours(found)
            {
                self.remove(&stream, found, look).await;
            }
            return;
        }
        let own = self.own();
        let wanted = look.client(Door::Admission).and_then(|client| {
            let wanted = &look.orders.wanted;
            wanted.configuration(kind, &name, (client, &own))
        });
        let Some(wanted) = wanted else {
            look.leave_open(Door::Admission);
            return;
        };
        let object = (stream, name);
        if let Some(found) = found
            && !self.is_ours(found)
        {
            let whose = found["metadata"]["labels"][WEBHOOKS_LABEL].as_str();
            let whose = whose.map_or_else(
                || "it leads to another Service, so it is not ours".to_owned(),
                |namespace| format!("it is of the operator in namespace {namespace}"),
            );
            self.complain(
                &object,
                format!(
                    "{whose}; choose another name with `--validating-webhook-configuration-name`"
                ),
            );
            return;
        }
        let mut wanted = wanted["webhooks"].clone();
        if !look.orders.is_complete {
            keep_others(&mut wanted, found);
        }
        self.bring(&object, found, wanted, look).await;
    }

    /// Writes a configuration with these webhooks when it has others.
    async fn bring(
        &mut self,
        object: &Object,
        found: Option<&Value>,
        wanted: Value,
        look: &mut Look<'_>,
    ) {
        if let Some(found) = found
            && self.has_our_label(found)
            && self.is_settled(object, &wanted, &found["webhooks"])
        {
            return;
        }
        if self.rests(object, &wanted, look) {
            look.leave_open(Door::Admission);
            return;
        }
        let resource = object.0.resource();
        let mut body = found
            .cloned()
            .unwrap_or_else(|| serde_json::json!({"metadata": {"name": object.1}}));
        body["apiVersion"] = resource.api_version().into();
        body["kind"] = resource.kind.as_str().into();
        body["metadata"]["labels"][WEBHOOKS_LABEL] = self.namespace.as_str().into();
        body["webhooks"] = wanted.clone();
        let (written, left_out) = self.send(object, body).await;
        let Some(written) = self.ended(object, written, (Door::Admission, look)) else {
            return;
        };
        if !left_out.is_empty() {
            self.complain(object, left_out.join("; "));
        }
        for warning in &written.warnings {
            tracing::warn!(target: "webhook", name = object.1, warning, "the API server warned");
        }
        tracing::info!(target: "webhook", kind = resource.kind, name = object.1, "written");
        let found = written.object["webhooks"].clone();
        self.live.put(&object.0, &object.1, Some(written.object));
        self.settled
            .insert(object.clone(), Settled { wanted, found });
    }

    /// Writes a configuration. A webhook that the API server does not take must not keep away those of other
    /// hooks: it is left out, and why is answered.
    async fn send(
        &self,
        object: &Object,
        mut body: Value,
    ) -> (Result<Written, cluster::Error>, Vec<String>) {
        let resource = object.0.resource();
        let target = target(&resource, &object.1);
        let write = Write {
            manager: MANAGER,
            subresource: None,
        };
        let mut left_out = Vec::new();
        loop {
            let written = if body["metadata"]["resourceVersion"].is_string() {
                self.client.replace_as(target, &body, write).await
            } else {
                self.client.create_as(target, &body, MANAGER).await
            };
            let refused = written.as_ref().err().map(refused).unwrap_or_default();
            let webhooks = body["webhooks"].as_array_mut();
            let Some(webhooks) = webhooks.filter(|all| all.len() > refused.len()) else {
                return (written, left_out);
            };
            if refused.is_empty() {
                return (written, left_out);
            }
            for (index, why) in refused.iter().rev() {
                if *index < webhooks.len() {
                    let name = webhooks.remove(*index)["name"].clone();
                    left_out.push(format!("webhook {name} is left out: {why}"));
                }
            }
        }
    }

    /// Whether it is found as wanted. The API server may fill in more than is said.
    pub(super) fn is_settled(&mut self, object: &Object, wanted: &Value, found: &Value) -> bool {
        let is_echo = self
            .settled
            .get(object)
            .is_some_and(|settled| settled.wanted == *wanted && settled.found == *found);
        if !is_echo && wanted == found {
            let settled = Settled {
                wanted: wanted.clone(),
                found: found.clone(),
            };
            self.settled.insert(object.clone(), settled);
        }
        is_echo || wanted == found
    }

    async fn remove(&mut self, stream: &Stream, found: &Value, look: &mut Look<'_>) {
        let name = found["metadata"]["name"].as_str().unwrap_or_default();
        let object = (stream.clone(), name.to_owned());
        let resource = stream.resource();
        let uid = found["metadata"]["uid"].as_str();
        let deleted = self
            .client
            .delete(target(&resource, name), uid, Propagation::Background)
            .await;
        if self
            .ended(&object, deleted, (Door::Admission, look))
            .is_some()
        {
            tracing::info!(target: "webhook", kind = resource.kind, name, "removed: no hook wants it any more");
            self.live.put(stream, name, None);
            self.settled.remove(&object);
        }
    }

    pub(super) fn has_our_label(&self, object: &Value) -> bool {
        object["metadata"]["labels"][WEBHOOKS_LABEL] == self.namespace.as_str()
    }

    /// Whether a configuration is ours: by its label, or because nothing in it leads elsewhere, as the one
    /// that the original wrote.
    fn is_ours(&self, object: &Value) -> bool {
        let label = object["metadata"]["labels"][WEBHOOKS_LABEL].as_str();
        let mut webhooks = object["webhooks"].as_array().into_iter().flatten();
        match label {
            Some(label) => label == self.namespace,
            None => webhooks.all(|webhook| {
                let client = &webhook["clientConfig"];
                self.settings.leads_here(&self.namespace, client)
            }),
        }
    }
}

/// The webhooks that the API server does not take, each with a reason.
fn refused(error: &cluster::Error) -> BTreeMap<usize, String> {
    let refusal = error.refusal().filter(|refusal| refusal.code == 422);
    let causes = refusal.map(Refusal::causes).unwrap_or_default();
    let refused = causes.iter().filter_map(|cause| {
        let (index, field) = cause.field.strip_prefix("webhooks[")?.split_once(']')?;
        let field = field.trim_start_matches('.');
        Some((index.parse().ok()?, format!("{field}: {}", cause.message)))
    });
    refused.collect()
}

/// As it is there, with what is wanted put in: until all hooks are known, nothing goes.
fn keep_others(wanted: &mut Value, found: Option<&Value>) {
    let there = found.and_then(|found| found["webhooks"].as_array());
    let (Some(wanted), Some(there)) = (wanted.as_array_mut(), there) else {
        return;
    };
    let is_named = |name: &Value| {
        let name = name.clone();
        move |webhook: &Value| webhook["name"] == name
    };
    let mut kept = there.clone();
    for webhook in std::mem::take(wanted) {
        match kept.iter().position(is_named(&webhook["name"])) {
            Some(place) => kept[place] = webhook,
            None => kept.push(webhook),
        }
    }
    *wanted = kept;
}

pub(super) fn target<'a>(resource: &'a Resource, name: &'a str) -> Target<'a> {
    Target {
        resource,
        namespace: None,
        name,
    }
}
