//! One event at a time, until the object that follows from it is written: by a hook that is a program, with
//! a chart, and by a hook that is declared. Both have the same hundred sources and make the same objects.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cluster::{Cluster, Eye};
use crate::figures::{Figures, Which};
use crate::process::Process;
use crate::rest;
use crate::table::{Row, Unit};

const SOURCES: usize = 100;
/// The first ones are not counted: nothing is in any cache yet.
const WARM_UP: usize = 5;
/// Between two events.
const REST: Duration = Duration::from_millis(15);

const KINDS: [&str; 2] = ["program", "declared"];

const BINDINGS: &str = r#"configVersion: v1
kubernetes:
- name: sources
  group: main
  apiVersion: v1
  kind: ConfigMap
  labelSelector: {matchLabels: {bench: declared}}
  namespace: {nameSelector: {matchNames: [NAMESPACE]}}
  keepFullObjectsInMemory: false
  jqFilter: "{name: .metadata.name, text: .data.text}"
"#;

const PROGRAM: &str = r#"#!/usr/bin/env python3
import json, os, sys
if sys.argv[1:] == ["--config"]:
    print('''BINDINGS''')
    sys.exit()
with open(os.environ["BINDING_CONTEXT_PATH"]) as file:
    snapshots = json.load(file)[-1]["snapshots"]
texts = {item["filterResult"]["name"]: item["filterResult"]["text"] for item in snapshots["sources"]}
with open(os.environ["VALUES_JSON_PATCH_PATH"], "w") as file:
    json.dump({"op": "add", "path": "/copy/texts", "value": texts}, file)
"#;

const CHART: &str = "{% for name, text in Values.copy.texts | items %}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: copy-{{ name }}}
data: {text: {{ text | quote }}}
{% endfor %}
";

const OBJECTS: &str = "objects: |
  {% for item in snapshots.sources %}
  ---
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: copy-{{ item.filterResult.name }}}
  data: {text: {{ item.filterResult.text | quote }}}
  {% endfor %}
";

/// Writes the module of a kind.
fn write_module(kind: &str, folder: &Path) {
    let module = folder.join("modules/010-copy");
    fs::create_dir_all(module.join("hooks")).expect("folders");
    let write = |name: &str, text: &str| fs::write(module.join(name), text).expect("a file");
    write("values.yaml", "copyEnabled: true\ncopy: {texts: {}}\n");
    let bindings = BINDINGS.replace("NAMESPACE", kind);
    if kind == "program" {
        fs::create_dir_all(module.join("templates")).expect("a folder");
        write("templates/all.yaml.j2", CHART);
        write("hooks/copy.py", &PROGRAM.replace("BINDINGS", &bindings));
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(module.join("hooks/copy.py"), mode).expect("a mode");
    } else {
        write("hooks/copy.hook.yaml", &(bindings + OBJECTS));
    }
}

struct Side {
    kind: &'static str,
    operator: Process,
    eye: Eye,
    _folder: TempDir,
}

impl Side {
    async fn begin(cluster: &Cluster, kind: &'static str) -> Self {
        cluster.make_namespace(kind).await;
        let path = format!("/api/v1/namespaces/{kind}/configmaps");
        for number in 0..SOURCES {
            let source = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": format!("s{number}"), "labels": {"bench": "declared"}},
                "data": {"text": "none"},
            });
            rest::create(&cluster.plain, &path, &source).await;
        }
        let folder = TempDir::new().expect("a folder");
        write_module(kind, folder.path());
        let kubeconfig = cluster.control_plane.kubeconfig();
        let operator = Process::start(kubeconfig, kind, folder.path(), &[]);
        operator.told("converge is done");
        sleep(Duration::from_secs(1)).await;
        let eye = Eye::on_config_maps(&cluster.client, kind).await;
        Self {
            kind,
            operator,
            eye,
            _folder: folder,
        }
    }

    /// Changes one source; answers how long its copy took.
    async fn event(&mut self, cluster: &Cluster, event: usize) -> f64 {
        let number = event % SOURCES;
        let (kind, text) = (self.kind, event.to_string());
        let path = format!("/api/v1/namespaces/{kind}/configmaps/s{number}");
        let begun = Instant::now();
        rest::merge(
            &cluster.plain,
            &path,
            "bench",
            &json!({"data": {"text": text}}),
        )
        .await;
        let copy = format!("copy-s{number}");
        let is_copy = |object: &serde_json::Value| object["data"]["text"] == text.as_str();
        let seen = self
            .eye
            .until(|seen| seen.name == copy && seen.object.as_ref().is_some_and(is_copy));
        seen.await.at.duration_since(begun).as_secs_f64()
    }
}

fn took(kind: &str) -> String {
    format!("{kind}: change written → its object seen")
}

fn own(kind: &str) -> String {
    format!("{kind}: CPU of the operator, an event")
}

fn all(kind: &str) -> String {
    format!("{kind}: CPU of the operator and its hooks, an event")
}

fn memory(kind: &str) -> String {
    format!("{kind}: memory afterwards")
}

/// Measures so many events of each, in turn.
pub(crate) async fn measure(cluster: &Cluster, events: usize, figures: &mut Figures) {
    let mut sides = Vec::new();
    for kind in KINDS {
        sides.push(Side::begin(cluster, kind).await);
    }
    let mut before = Vec::new();
    for event in 0..WARM_UP + events {
        if event == WARM_UP {
            // What follows from the last one is over.
            sleep(Duration::from_secs(1)).await;
            before = sides.iter().map(|side| side.operator.processor()).collect();
        }
        for side in &mut sides {
            let seconds = side.event(cluster, event).await;
            if event >= WARM_UP {
                figures.add(&took(side.kind), seconds);
            }
            sleep(REST).await;
        }
    }
    sleep(Duration::from_secs(1)).await;
    let count = u32::try_from(events).map_or(1.0, f64::from);
    for (side, before) in sides.into_iter().zip(before) {
        let now = side.operator.processor();
        let spent = now.own - before.own;
        figures.add(&own(side.kind), spent / count);
        let children = now.children - before.children;
        figures.add(&all(side.kind), (spent + children) / count);
        figures.add(&memory(side.kind), side.operator.memory("VmRSS"));
        side.operator.stop();
    }
}

/// The lines of the table.
pub(crate) fn table(figures: &Figures) -> Vec<Row> {
    use Unit::{Fine, Mebibytes, Ratio};
    use Which::{Median, P99};
    let mut rows = Vec::new();
    for kind in KINDS {
        for (name, which, unit) in [
            (took(kind), Median, Fine),
            (took(kind), P99, Fine),
            (own(kind), Median, Fine),
            (all(kind), Median, Fine),
            (memory(kind), Median, Mebibytes),
        ] {
            rows.push(Row::of(figures, &name, which, unit));
        }
    }
    let [program, declared] = KINDS;
    for (what, of) in [
        ("time", took as fn(&str) -> String),
        ("CPU with hooks", all),
    ] {
        let ratio = figures.ratio(&of(program), &of(declared));
        let what = format!("{what} of an event: program ÷ declared");
        rows.push(Row::reckoned(what, ratio, Ratio));
    }
    rows
}
