//! What a watched Pod costs: resident memory with a hook that watches many, less that without it.

use std::fs;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::figures::{Figures, Which};
use crate::process::Process;
use crate::rest;
use crate::shell::write_hook;
use crate::table::{Row, Unit};

const NAMESPACE: &str = "pods";
const PODS: &str = "/api/v1/namespaces/pods/pods";
/// Writes under way at once.
const AT_ONCE: usize = 16;
/// A Pod has so many variables, as many a Pod has.
const VARIABLES: usize = 40;

const NONE: &str = "no Pods watched";
const FILTERED: &str = "a watched Pod with a label filter, full objects not kept";
const FULL: &str = "a watched Pod with its full object";
const TEXT: &str = "floor: its compact JSON";
const ANSWER: &str = "what the API server sends of it";

/// Makes so many Pods, then starts an operator for each way to watch them, in turn.
pub(crate) async fn measure(cluster: &Cluster, pods: usize, rounds: usize, figures: &mut Figures) {
    eprintln!("{pods} Pods are made");
    cluster.make_namespace(NAMESPACE).await;
    let making = (0..pods).map(|number| make(cluster, number));
    stream::iter(making)
        .buffer_unordered(AT_ONCE)
        .collect::<()>()
        .await;
    let path = format!("{PODS}/web-00000");
    let mut pod = rest::get(&cluster.plain, &path).await.expect("a Pod");
    figures.add(ANSWER, length(&pod));
    let metadata = pod["metadata"].as_object_mut().expect("metadata");
    metadata.remove("managedFields");
    figures.add(TEXT, length(&pod));
    let count = f64::from(u32::try_from(pods).unwrap_or(u32::MAX));
    for round in 0..rounds {
        eprintln!("Pods, round {} of {rounds}", round + 1);
        let (none, _) = memory(cluster, None).await;
        figures.add(NONE, none);
        for (name, is_full) in [(FILTERED, false), (FULL, true)] {
            let (idle, peak) = memory(cluster, Some(is_full)).await;
            let each = |mebibytes: f64| (mebibytes - none) * 1_048_576.0 / count;
            figures.add(name, each(idle));
            figures.add(&format!("{name}, peak"), each(peak));
        }
    }
}

fn length(object: &Value) -> f64 {
    f64::from(u32::try_from(object.to_string().len()).unwrap_or(u32::MAX))
}

async fn make(cluster: &Cluster, number: usize) {
    let variable = |index: usize| json!({"name": format!("VARIABLE_{index}"), "value": format!("some text of usual length {index}")});
    let variables: Vec<Value> = (0..VARIABLES).map(variable).collect();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("web-{number:05}"), "labels": {"app": "web", "pod-template-hash": "7d4b9c6f5"}},
        "spec": {"containers": [{"name": "web", "image": "registry.local/team/web:1", "env": variables}]},
    });
    rest::create(&cluster.plain, PODS, &pod).await;
}

/// What an operator has resident, and at its peak, in MiB: without a hook, with one that keeps what its filter answers,
/// or with one that keeps whole objects.
async fn memory(cluster: &Cluster, is_full: Option<bool>) -> (f64, f64) {
    let folder = TempDir::new().expect("a folder");
    let module = folder.path().join("modules/100-listener");
    fs::create_dir_all(&module).expect("a folder");
    fs::write(module.join("values.yaml"), "listenerEnabled: true\n").expect("a file");
    if let Some(is_full) = is_full {
        let mut binding = json!({
            "name": "pods", "apiVersion": "v1", "kind": "Pod",
            "executeHookOnSynchronization": false,
            "keepFullObjectsInMemory": is_full,
        });
        if !is_full {
            binding["jqFilter"] = json!(".metadata.labels");
        }
        let config = json!({"configVersion": "v1", "kubernetes": [binding]});
        write_hook(&module.join("hooks/listen"), &config, ":");
    }
    let kubeconfig = cluster.control_plane.kubeconfig();
    let operator = Process::start(kubeconfig, NAMESPACE, folder.path(), &[]);
    operator.told("converge is done");
    sleep(Duration::from_secs(3)).await;
    let memory = (operator.memory("VmRSS"), operator.memory("VmHWM"));
    operator.stop();
    memory
}

/// The rows of the table.
pub(crate) fn rows(figures: &Figures) -> Vec<Row> {
    use Unit::Bytes;
    let row = |name: &str| Row::of(figures, name, Which::Median, Bytes).beside(figures, TEXT);
    vec![
        row(FILTERED).at_most(1024.0),
        row(&format!("{FILTERED}, peak")),
        row(FULL).at_most_times(1.3),
        row(&format!("{FULL}, peak")),
        row(ANSWER),
    ]
}
