//! The floor: the same bodies, sent by nothing but the client.

use std::time::Instant;

use addon_operator::cluster::{Apply, Client, Resource, Target};
use addon_operator::yaml::{self, Profile};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::process::Process;

/// A namespace name that stands for itself nowhere else in a body.
pub(crate) const MODEL: &str = "converge-model";

/// What the operator sends for all modules, as it says itself.
#[derive(Default)]
pub(crate) struct Bodies {
    objects: Vec<Body>,
    parents: Vec<Body>,
    statuses: Vec<Body>,
}

struct Body {
    resource: Resource,
    name: String,
    text: String,
}

/// What is sent beside the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bookkeeping {
    None,
    /// A `Module` object before, and its status after.
    Module,
}

impl Bodies {
    /// Asks an operator in the namespace [`MODEL`], converged.
    pub(crate) async fn of(cluster: &Cluster, operator: &Process, modules: &[String]) -> Self {
        let mut bodies = Self::default();
        for module in modules {
            let text = operator.page(&format!("/module/{module}/render")).await;
            for document in yaml::documents(&text) {
                let object = yaml::read_value(document.text, Profile::V2).expect("YAML");
                bodies.objects.push(body(&cluster.client, &object).await);
            }
            let path =
                format!("/apis/addon-operator.io/v1alpha1/namespaces/{MODEL}/modules/{module}");
            let object = crate::rest::get(&cluster.plain, &path)
                .await
                .expect("a Module");
            let of = |field: &str| object["metadata"][field].clone();
            let parent = json!({
                "apiVersion": object["apiVersion"], "kind": "Module",
                "metadata": {
                    "name": module, "namespace": MODEL,
                    "labels": of("labels"), "annotations": of("annotations"),
                },
            });
            let mut status = json!({
                "apiVersion": object["apiVersion"], "kind": "Module",
                "metadata": {"name": module, "namespace": MODEL},
            });
            status["status"] = object["status"].clone();
            bodies.parents.push(body(&cluster.client, &parent).await);
            bodies.statuses.push(body(&cluster.client, &status).await);
        }
        bodies
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.objects.len()
    }

    /// Sends them to a namespace; answers the seconds between the first answer and the last.
    pub(crate) async fn send(
        &self,
        client: &Client,
        namespace: &str,
        at_once: usize,
        bookkeeping: Bookkeeping,
    ) -> f64 {
        let (parents, statuses): (&[Body], &[Body]) = match bookkeeping {
            Bookkeeping::None => (&[], &[]),
            Bookkeeping::Module => (&self.parents, &self.statuses),
        };
        let objects = parents
            .iter()
            .chain(&self.objects)
            .map(|body| (body, false));
        let all = objects.chain(statuses.iter().map(|body| (body, true)));
        let answers: Vec<Instant> = stream::iter(all)
            .map(|(body, is_status)| body.send(client, namespace, is_status))
            .buffer_unordered(at_once)
            .collect()
            .await;
        let (first, last) = (answers.iter().min(), answers.iter().max());
        let (first, last) = first.zip(last).expect("answers");
        last.duration_since(*first).as_secs_f64()
    }
}

async fn body(client: &Client, object: &Value) -> Body {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (api_version, kind) = (text(&object["apiVersion"]), text(&object["kind"]));
    Body {
        resource: client.resource(&api_version, &kind).await.expect("a kind"),
        name: text(&object["metadata"]["name"]),
        text: object.to_string(),
    }
}

impl Body {
    async fn send(&self, client: &Client, namespace: &str, is_status: bool) -> Instant {
        let target = Target {
            resource: &self.resource,
            namespace: Some(namespace),
            name: &self.name,
        };
        let how = Apply {
            manager: "floor",
            force: false,
            dry_run: false,
        };
        let body = Bytes::from(self.text.replace(MODEL, namespace));
        let sent = if is_status {
            client.apply_status(target, body, how).await
        } else {
            client.apply(target, body, how).await
        };
        sent.expect("an apply that succeeds");
        Instant::now()
    }
}
