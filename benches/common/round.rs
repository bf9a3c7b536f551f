//! What is measured of one operator: cold, restarted, edited, put right.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cluster::{Cluster, Eye, Seen};
use crate::figures::Figures;
use crate::process::Process;
use crate::requests::{Requests, server_metrics};
use crate::rest;
use crate::workload::Size;

/// When nothing was written for this long, nothing more is.
const QUIET: Duration = Duration::from_millis(700);
const EDITS: usize = 20;
const DRIFTS: usize = 10;
/// Between two changes, so that one does not meet the status write of the one before.
const REST: Duration = Duration::from_millis(60);

/// One place of one operator.
pub(crate) struct Round<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) size: Size,
    pub(crate) namespace: &'a str,
    /// The folders of the modules and of the global hooks.
    pub(crate) folders: &'a std::path::Path,
}

impl Round<'_> {
    fn start(&self) -> Process {
        let kubeconfig = self.cluster.control_plane.kubeconfig();
        Process::start(kubeconfig, self.namespace, self.folders, &[])
    }

    async fn requests(&self) -> Requests {
        server_metrics(&self.cluster.plain).await
    }

    /// Notes down what the API server counted since then.
    async fn count(&self, before: &(Requests, u64), name: &str, figures: &mut Figures) {
        let requests = self.requests().await.since(&before.0);
        let writes = requests.writes();
        let made = objects_made(&self.cluster.plain).await - before.1;
        figures.add(&format!("{name}, requests"), counted(&requests));
        figures.add(&format!("{name}, writes"), counted(&writes));
        figures.add(&format!("{name}, objects made"), float(made));
        if name == "restart" && counted(&writes) > 0.0 {
            eprintln!("the restart wrote:\n{writes}");
        }
    }

    async fn counts(&self) -> (Requests, u64) {
        let made = objects_made(&self.cluster.plain).await;
        (self.requests().await, made)
    }

    /// First write to last, with nothing there.
    pub(crate) async fn cold(&self, name: &str, figures: &mut Figures) {
        let before = self.counts().await;
        let mut eye = Eye::on_modules(&self.cluster.client, self.namespace).await;
        let operator = self.start();
        let first = eye.next().await.at;
        let mut written = BTreeSet::new();
        let mut last = first;
        while written.len() < self.size.modules {
            let seen = eye.next().await;
            last = seen.at;
            if has_status(&seen) {
                written.insert(seen.name);
            }
        }
        while let Some(seen) = eye.next_within(QUIET).await {
            last = seen.at;
        }
        let processor = operator.processor();
        let of = |what: &str| format!("{name}{what}");
        figures.add(&of(""), last.duration_since(first).as_secs_f64());
        let start = first.duration_since(operator.started).as_secs_f64();
        figures.add(&of(", start to first write"), start);
        figures.add(&of(", CPU"), processor.own);
        figures.add(&of(", CPU of scripts"), processor.children);
        figures.add(&of(", idle"), operator.memory("VmRSS"));
        figures.add(&of(", peak"), operator.memory("VmHWM"));
        figures.add(&of(", idle with its guard"), operator.memory_with_guard());
        operator.stop();
        self.count(&before, name, figures).await;
    }

    /// Start to converged with nothing changed; the operator goes on.
    pub(crate) async fn restart(&self, name: &str, figures: &mut Figures) -> Process {
        let before = self.counts().await;
        let operator = self.start();
        let done = operator.told("converge is done");
        let took = done.duration_since(operator.started).as_secs_f64();
        sleep(QUIET).await;
        let of = |what: &str| format!("{name}{what}");
        figures.add(name, took);
        figures.add(&of(", CPU"), operator.processor().own);
        figures.add(&of(", idle"), operator.memory("VmRSS"));
        figures.add(&of(", peak"), operator.memory("VmHWM"));
        self.count(&before, name, figures).await;
        operator
    }

    /// Edits of the `ConfigMap`, each until the object has changed.
    pub(crate) async fn edits(&self, what: &str, names: &[String], figures: &mut Figures) {
        let mut eye = Eye::on_config_maps(&self.cluster.client, self.namespace).await;
        let path = self.path("addon-operator");
        let name = names.first().expect("a module");
        for edit in 0..EDITS {
            let text = format!("edit {edit}");
            let config = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "addon-operator"},
                "data": {Size::key(name): format!("text: {text}\n")},
            });
            let begun = Instant::now();
            rest::apply(&self.cluster.plain, &path, "person", &config).await;
            let changed = eye.until(|seen| is_text(seen, name, &text)).await;
            let took = changed.at.duration_since(begun).as_secs_f64();
            figures.add(what, took);
            sleep(REST).await;
        }
    }

    /// Objects that somebody alters and deletes, each until it is back.
    pub(crate) async fn drift(&self, names: &[String], figures: &mut Figures) {
        let mut eye = Eye::on_config_maps(&self.cluster.client, self.namespace).await;
        let mine = json!({"data": {"text": "mine"}});
        // The first one is another text since the edits.
        let others = names.iter().skip(1).cycle();
        for (index, name) in others.take(DRIFTS * 2).enumerate() {
            let path = self.path(name);
            let begun = Instant::now();
            let what = if index < DRIFTS {
                rest::merge(&self.cluster.plain, &path, "somebody", &mine).await;
                "altered"
            } else {
                rest::delete(&self.cluster.plain, &path).await;
                eye.until(|seen| seen.name == *name && seen.object.is_none())
                    .await;
                "deleted"
            };
            let back = eye.until(|seen| is_text(seen, name, "first")).await;
            figures.add(what, back.at.duration_since(begun).as_secs_f64());
            sleep(REST).await;
        }
    }

    fn path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace)
    }
}

fn is_text(seen: &Seen, name: &str, text: &str) -> bool {
    let object = seen.object.as_ref().filter(|_| seen.name == name);
    object.is_some_and(|object| object["data"]["text"] == text)
}

/// Whether the status of a `Module` object was written, as its metadata tells.
fn has_status(seen: &Seen) -> bool {
    let managers = seen
        .object
        .as_ref()
        .and_then(|object| object["metadata"]["managedFields"].as_array());
    let is_status = |entry: &Value| entry["subresource"] == "status";
    managers.is_some_and(|managers| managers.iter().any(is_status))
}

/// Neither what the server does by itself (leases, addresses of Services), nor what is asked of no object.
fn counted(requests: &Requests) -> f64 {
    const NOT_COUNTED: [&str; 3] = [
        "",
        "coordination.k8s.io/leases",
        "networking.k8s.io/ipaddresses",
    ];
    let mut others = requests.clone();
    others
        .0
        .retain(|(_, resource), _| !NOT_COUNTED.contains(&resource.as_str()));
    float(others.total())
}

fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// How many objects were made so far, by the server's own count of answers `201`: not `Module` objects, nor what
/// the server makes by itself.
async fn objects_made(client: &kube::Client) -> u64 {
    let request = http::Request::get("/metrics").body(Vec::new());
    let text = client.request_text(request.expect("a request")).await;
    let text = text.expect("metrics");
    let made = text.lines().filter_map(|line| {
        let labels = line.strip_prefix("apiserver_request_total{")?;
        let is_applied = labels.contains("code=\"201\"") && labels.contains("verb=\"APPLY\"");
        let is_meant = labels.contains("dry_run=\"\"") && !labels.contains("resource=\"modules\"");
        let count = labels.rsplit_once(' ')?.1;
        (is_applied && is_meant).then(|| count.parse::<u64>().expect("a number"))
    });
    made.sum()
}
