//! One event at a time, until its hook has started; beside it, the same hook started by nothing but
//! the system.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::figures::{Figures, Which};
use crate::process::Process;
use crate::rest;
use crate::shell::{Ear, write_hook};
use crate::table::{Row, Unit};

const NAMESPACE: &str = "events";
/// Between two events.
const REST: Duration = Duration::from_millis(15);
/// The first ones are not counted: nothing is in any cache yet.
const WARM_UP: usize = 20;

const WRITTEN: &str = "change written → event read";
const READ: &str = "event read → process made";
const MADE: &str = "process made → first act of the hook";
const STARTED: &str = "event read → first act of the hook";
const FLOOR: &str = "floor: hook started by the system → its first act";

/// Measures so many events.
pub(crate) async fn measure(cluster: &Cluster, events: usize, figures: &mut Figures) {
    cluster.make_namespace(NAMESPACE).await;
    let ear = Ear::open();
    let folder = TempDir::new().expect("a folder");
    let module = folder.path().join("modules/100-listener");
    let hook = module.join("hooks/listen");
    let config = json!({
        "configVersion": "v1",
        "kubernetes": [{
            "name": "changes", "apiVersion": "v1", "kind": "ConfigMap",
            "labelSelector": {"matchLabels": {"bench": "events"}},
            "namespace": {"nameSelector": {"matchNames": [NAMESPACE]}},
            "executeHookOnSynchronization": false,
        }],
    });
    write_hook(&hook, &config, &format!("echo >>{}", ear.path()));
    std::fs::write(module.join("values.yaml"), "listenerEnabled: true\n").expect("a file");
    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "told", "labels": {"bench": "events"}}, "data": {"event": "none"},
    });
    rest::create(&cluster.plain, &path, &map).await;
    let kubeconfig = cluster.control_plane.kubeconfig();
    let more = ["--log-level", "debug"];
    let operator = Process::start(kubeconfig, NAMESPACE, folder.path(), &more);
    operator.told("converge is done");
    sleep(Duration::from_secs(1)).await;

    let path = format!("{path}/told");
    let mut silent = Figures::default();
    for event in 0..WARM_UP + events {
        let figures = if event < WARM_UP {
            &mut silent
        } else {
            &mut *figures
        };
        let change = json!({"data": {"event": event.to_string()}});
        let written = SystemTime::now();
        rest::merge(&cluster.plain, &path, "bench", &change).await;
        let read = time(&operator.line("a change is told").1);
        let made = time(&operator.line("a program is started").1);
        let (first, _) = ear.hear();
        operator.told("hook ran");
        figures.add(WRITTEN, between(written, read));
        figures.add(READ, between(read, made));
        figures.add(MADE, between(made, first));
        figures.add(STARTED, between(read, first));
        sleep(REST).await;

        let begun = SystemTime::now();
        let mut bare = Command::new(&hook);
        bare.stdin(Stdio::null());
        bare.stdout(Stdio::null()).stderr(Stdio::null());
        let mut bare = bare.spawn().expect("a process");
        let (first, _) = ear.hear();
        figures.add(FLOOR, between(begun, first));
        bare.wait().expect("an end");
        sleep(REST).await;
    }
    operator.stop();
}

/// The rows of the table.
pub(crate) fn rows(figures: &Figures) -> Vec<Row> {
    let row = |name: &str, which| Row::of(figures, name, which, Unit::Fine);
    vec![
        row(STARTED, Which::P99)
            .beside(figures, FLOOR)
            .at_most(0.005),
        row(STARTED, Which::Median).beside(figures, FLOOR),
        row(READ, Which::P99),
        row(MADE, Which::P99),
        row(WRITTEN, Which::Median),
    ]
}

/// The time of a log line.
fn time(line: &str) -> SystemTime {
    let line: Value = serde_json::from_str(line).expect("JSON");
    let time: Timestamp = line["time"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    time.into()
}

/// Seconds; a clock that was set back meanwhile counts as none.
fn between(from: SystemTime, to: SystemTime) -> f64 {
    to.duration_since(from).unwrap_or_default().as_secs_f64()
}
