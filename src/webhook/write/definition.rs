//! Conversions: a part of definitions that others own.

use serde_json::{Value, json};

use super::configuration::target;
use super::live::Stream;
use super::{Look, Object, Settled, Writer};
use crate::cluster::{PatchType, Write};
use crate::object::WEBHOOKS_LABEL;
use crate::webhook::MANAGER;
use crate::webhook::settings::Door;

impl Writer {
    /// Puts right the conversions of all definitions.
    pub(super) async fn look_at_definitions(&mut self, look: &mut Look<'_>) {
        let Some(labelled) = self.live.objects(&Stream::Labelled) else {
            look.leave_open(Door::Conversion);
            return;
        };
        let wanted = &look.orders.wanted.conversions;
        let stale = labelled
            .into_keys()
            .filter(|name| !wanted.contains_key(name));
        for name in stale.collect::<Vec<_>>() {
            if look.orders.is_complete {
                self.withdraw(&name, look).await;
            }
        }
        for name in wanted.keys() {
            self.look_at_definition(name, look).await;
        }
    }

    async fn look_at_definition(&mut self, name: &str, look: &mut Look<'_>) {
        let object = (Stream::Definition(name.to_owned()), name.to_owned());
        let Some(objects) = self.live.objects(&object.0) else {
            look.leave_open(Door::Conversion);
            return;
        };
        let Some(found) = objects.get(name) else {
            if self.told.insert(object, "awaited".to_owned()).is_none() {
                tracing::info!(target: "webhook", definition = name, "the definition is not there yet; its conversion waits for it");
            }
            return;
        };
        let Some(client) = look.client(Door::Conversion) else {
            look.leave_open(Door::Conversion);
            return;
        };
        let wanted = client.conversion(name);
        if !self.may_convert(found) {
            let why = "its conversion leads to somebody else; remove its spec.conversion first";
            self.complain(&object, why.to_owned());
            return;
        }
        let conversion = &found["spec"]["conversion"];
        if self.has_our_label(found) && self.is_settled(&object, &wanted, conversion) {
            return;
        }
        if self.rests(&object, &wanted, look) {
            look.leave_open(Door::Conversion);
            return;
        }
        self.convert(&object, wanted, look).await;
    }

    /// Whether the conversion of a definition is free, or ours.
    fn may_convert(&self, found: &Value) -> bool {
        let label = found["metadata"]["labels"][WEBHOOKS_LABEL].as_str();
        let conversion = &found["spec"]["conversion"];
        let client = &conversion["webhook"]["clientConfig"];
        match label {
            Some(label) => label == self.namespace,
            None => {
                conversion["strategy"] != "Webhook"
                    || self.settings.leads_here(&self.namespace, client)
            }
        }
    }

    async fn convert(&mut self, object: &Object, wanted: Value, look: &mut Look<'_>) {
        let mut conversion = wanted.clone();
        // What is not said goes.
        let client = &mut conversion["webhook"]["clientConfig"];
        for other in ["service", "url"] {
            if client.get(other).is_none() {
                client[other] = Value::Null;
            }
        }
        let patch = json!({
            "metadata": {"labels": {WEBHOOKS_LABEL: self.namespace}},
            "spec": {"conversion": conversion},
        });
        let Some(left) = self.patch(object, &patch, look).await else {
            return;
        };
        tracing::info!(target: "webhook", definition = object.1, "conversion written");
        let found = left["spec"]["conversion"].clone();
        self.live.put(&object.0, &object.1, Some(left));
        self.settled
            .insert(object.clone(), Settled { wanted, found });
    }

    /// Has a definition without conversion again.
    async fn withdraw(&mut self, name: &str, look: &mut Look<'_>) {
        let object = (Stream::Labelled, name.to_owned());
        let patch = json!({
            "metadata": {"labels": {WEBHOOKS_LABEL: null}},
            "spec": {"conversion": {"strategy": "None", "webhook": null}},
        });
        if self.patch(&object, &patch, look).await.is_some() {
            tracing::info!(target: "webhook", definition = name, "conversion removed: no hook wants it any more");
            self.live.put(&object.0, name, None);
            let definition = (Stream::Definition(name.to_owned()), name.to_owned());
            self.settled.remove(&definition);
        }
    }

    async fn patch(
        &mut self,
        object: &Object,
        patch: &Value,
        look: &mut Look<'_>,
    ) -> Option<Value> {
        let resource = object.0.resource();
        let write = Write {
            manager: MANAGER,
            subresource: None,
        };
        let target = target(&resource, &object.1);
        let patched = self.client.patch_as(target, patch, PatchType::Merge, write);
        let patched = patched.await;
        let written = self.ended(object, patched, (Door::Conversion, look))?;
        Some(written.object)
    }
}
