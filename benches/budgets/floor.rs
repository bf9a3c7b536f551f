//! The floors: what the API server takes for the same, asked by nothing but a client.

use std::time::Instant;

use addon_operator::cluster::{Apply, Client, Resource, Target};
use addon_operator::object::OPERATOR_LABEL;
use addon_operator::yaml::{self, Profile};
use bytes::Bytes;
use futures::future::join_all;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Eye, connect};
use crate::process::{Process, Processor};
use crate::rest;
use crate::workload::COLLECTIONS;

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
            let object = rest::get(&cluster.plain, &path).await.expect("a Module");
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

    /// Sends them to a namespace, with a `Module` object before and its status after; answers the seconds between the
    /// first answer and the last, and those of the processor.
    pub(crate) async fn send(
        &self,
        client: &Client,
        namespace: &str,
        at_once: usize,
    ) -> (f64, f64) {
        let before = Processor::of("self").own;
        let objects = self.parents.iter().chain(&self.objects);
        let objects = objects.map(|body| (body, false));
        let all = objects.chain(self.statuses.iter().map(|body| (body, true)));
        let answers: Vec<Instant> = stream::iter(all)
            .map(|(body, is_status)| body.send(client, namespace, is_status))
            .buffer_unordered(at_once)
            .collect()
            .await;
        let (first, last) = (answers.iter().min(), answers.iter().max());
        let (first, last) = first.zip(last).expect("answers");
        let spent = Processor::of("self").own - before;
        (last.duration_since(*first).as_secs_f64(), spent)
    }

    /// A client that is new connects and writes one object; answers the seconds.
    pub(crate) async fn send_first(&self, cluster: &Cluster, namespace: &str) -> f64 {
        let body = self.parents.first().expect("a module");
        let begun = Instant::now();
        let client = connect(cluster.control_plane.kubeconfig()).await;
        let answered = body.send(&client, namespace, false).await;
        answered.duration_since(begun).as_secs_f64()
    }
}

/// A client that is new connects and lists all that an operator has, metadata alone; answers the seconds.
pub(crate) async fn list(cluster: &Cluster, operator: &str) -> f64 {
    let begun = Instant::now();
    let client = connect(cluster.control_plane.kubeconfig()).await;
    let modules = ["apis/addon-operator.io/v1alpha1|modules"];
    let collections = COLLECTIONS.iter().chain(&modules);
    let lists = collections.map(|collection| list_kind(&client, collection, operator));
    join_all(lists).await;
    begun.elapsed().as_secs_f64()
}

async fn list_kind(client: &Client, collection: &str, operator: &str) {
    let (root, plural) = collection.split_once('|').expect("two parts");
    let path = format!("/{root}/{plural}?labelSelector={OPERATOR_LABEL}%3D{operator}&limit=500");
    let mut rest = String::new();
    loop {
        let page = client
            .fetch_page("listing", &format!("{path}{rest}"), false)
            .await;
        let page: Value = serde_json::from_slice(&page.expect("a list")).expect("JSON");
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => rest = format!("&continue={token}"),
            _ => return,
        }
    }
}

/// Two objects are written one after the other, each seen by a watch before it goes on; answers the seconds.
pub(crate) struct Pair {
    eye: Eye,
    path: String,
    number: usize,
}

impl Pair {
    pub(crate) async fn begin(cluster: &Cluster, namespace: &str) -> Self {
        Self {
            eye: Eye::on_config_maps(&cluster.client, namespace).await,
            path: format!("/api/v1/namespaces/{namespace}/configmaps"),
            number: 0,
        }
    }

    pub(crate) async fn write(&mut self, cluster: &Cluster) -> f64 {
        self.number += 1;
        let text = self.number.to_string();
        let begun = Instant::now();
        let mut seen = begun;
        for name in ["first", "second"] {
            let object = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text},
            });
            rest::apply(
                &cluster.plain,
                &format!("{}/{name}", self.path),
                "person",
                &object,
            )
            .await;
            let is_it = |object: &Value| object["data"]["text"] == *text;
            let found = self
                .eye
                .until(|seen| seen.name == name && seen.object.as_ref().is_some_and(is_it));
            seen = found.await.at;
        }
        seen.duration_since(begun).as_secs_f64()
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
