//! Thousands of events into one hook, while it runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::figures::{Figures, Which};
use crate::process::Process;
use crate::rest;
use crate::shell::{Ear, write_hook};
use crate::table::{Row, Unit};

const NAMESPACE: &str = "burst";
/// Writes under way at once.
const AT_ONCE: usize = 32;
/// Far more than a burst takes.
const PATIENCE: Duration = Duration::from_mins(5);

const MADE: &str = "burst of objects made";
const CHANGED: &str = "burst of objects changed";
const SLOW: &str = "burst into a hook of one second";
const BURSTS: [&str; 3] = [MADE, CHANGED, SLOW];
const BEFORE: &str = "before the bursts, memory";
const AFTER: &str = "after the bursts, memory";

/// Makes so many objects, then changes each twice; each time until the hook was told of all of them.
pub(crate) async fn measure(cluster: &Cluster, objects: usize, figures: &mut Figures) {
    cluster.make_namespace(NAMESPACE).await;
    let (ear, folder) = (Ear::open(), TempDir::new().expect("a folder"));
    let told = folder.path().join("told");
    fs::create_dir(&told).expect("a folder");
    write_module(folder.path(), &told, &ear);
    let kubeconfig = cluster.control_plane.kubeconfig();
    let operator = Process::start(kubeconfig, NAMESPACE, folder.path(), &[]);
    operator.told("converge is done");
    sleep(Duration::from_secs(1)).await;
    figures.add(BEFORE, operator.memory("VmRSS"));
    for name in BURSTS {
        if name == SLOW {
            fs::write(told.join("slow"), "").expect("a file");
        }
        let of = |what: &str| format!("{name}{what}");
        let before = operator.processor().own;
        let begun = SystemTime::now();
        let writing = tokio::spawn(write(cluster.plain.clone(), objects, name));
        let heard = Heard::of_all(&ear, &told, objects);
        let written = writing.await.expect("writes");
        let seconds = |from: SystemTime, to: SystemTime| {
            let took = to.duration_since(from);
            took.unwrap_or_default().as_secs_f64()
        };
        figures.add(&of(", all writes"), seconds(begun, written));
        figures.add(&of(", until all were told"), seconds(begun, heard.last));
        let late = seconds(written, heard.last);
        figures.add(&of(", last write until all were told"), late);
        figures.add(&of(", runs of the hook"), heard.runs);
        figures.add(&of(", events told"), heard.events);
        #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
        figures.add(
            &of(", objects not told"),
            (objects - heard.objects.len()) as f64,
        );
        figures.add(&of(", CPU"), operator.processor().own - before);
        figures.add(&of(", peak"), operator.memory("VmHWM"));
    }
    sleep(Duration::from_secs(2)).await;
    figures.add(AFTER, operator.memory("VmRSS"));
    operator.stop();
    let path = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
    rest::delete(&cluster.plain, &path).await;
}

/// The lines of the table.
pub(crate) fn table(figures: &Figures) -> Vec<Row> {
    use Unit::{Count, Mebibytes, Milliseconds};
    let row = |name: &str, unit| Row::of(figures, name, Which::Median, unit);
    let mut rows = vec![row(BEFORE, Mebibytes)];
    for name in BURSTS {
        for (what, unit) in [
            ("all writes", Milliseconds),
            ("until all were told", Milliseconds),
            ("last write until all were told", Milliseconds),
            ("runs of the hook", Count),
            ("events told", Count),
            ("objects not told", Count),
            ("CPU", Milliseconds),
            ("peak", Mebibytes),
        ] {
            let row = row(&format!("{name}, {what}"), unit);
            rows.push(if what == "objects not told" {
                row.at_most(0.0)
            } else {
                row
            });
        }
    }
    rows.push(row(AFTER, Mebibytes));
    rows
}

/// A module whose hook keeps what it is told.
fn write_module(folder: &Path, told: &Path, ear: &Ear) {
    let module = folder.join("modules/100-listener");
    let config = json!({
        "configVersion": "v1",
        "kubernetes": [{
            "name": "changes", "apiVersion": "v1", "kind": "ConfigMap",
            "labelSelector": {"matchLabels": {"bench": "burst"}},
            "executeHookOnSynchronization": false,
            "jqFilter": ".data",
            "keepFullObjectsInMemory": false,
        }],
    });
    // Under the name of its private folder.
    let deed = format!(
        "folder=${{BINDING_CONTEXT_PATH%/*}}; name=${{folder##*/}}\n  \
         cp \"$BINDING_CONTEXT_PATH\" {told}/\"$name\"; echo \"$name\" >>{ear}\n  \
         if [ -e {told}/slow ]; then sleep 1; fi",
        told = told.display(),
        ear = ear.path()
    );
    write_hook(&module.join("hooks/listen"), &config, &deed);
    fs::write(module.join("values.yaml"), "listenerEnabled: true\n").expect("a file");
}

/// Makes the objects, or changes them; answers when the last write was answered.
async fn write(client: kube::Client, objects: usize, burst: &str) -> SystemTime {
    let collection = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
    let write = async |number: usize| {
        let name = format!("object-{number:05}");
        if burst == MADE {
            let object = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "labels": {"bench": "burst"}},
                "data": {"state": "new", "number": number.to_string()},
            });
            rest::create(&client, &collection, &object).await;
        } else {
            let change = json!({"data": {"state": burst}});
            rest::merge(&client, &format!("{collection}/{name}"), "bench", &change).await;
        }
    };
    let writes = stream::iter(0..objects)
        .map(write)
        .buffer_unordered(AT_ONCE);
    writes.collect::<()>().await;
    SystemTime::now()
}

/// What a hook was told in all its runs.
struct Heard {
    objects: BTreeSet<String>,
    events: f64,
    runs: f64,
    /// When the last run had read what it was told.
    last: SystemTime,
}

impl Heard {
    /// Waits until it was told of so many objects.
    fn of_all(ear: &Ear, told: &Path, objects: usize) -> Self {
        let begun = Instant::now();
        let mut heard = Self {
            objects: BTreeSet::new(),
            events: 0.0,
            runs: 0.0,
            last: SystemTime::now(),
        };
        while heard.objects.len() < objects && begun.elapsed() < PATIENCE {
            let (time, name) = ear.hear();
            let text = fs::read_to_string(told.join(name)).expect("what was told");
            heard.take(&text, time);
        }
        heard
    }

    fn take(&mut self, text: &str, time: SystemTime) {
        let contexts: Vec<Value> = serde_json::from_str(text).expect("JSON");
        for context in &contexts {
            let number = context["filterResult"]["number"].as_str();
            self.objects.insert(number.expect("a number").to_owned());
            self.events += 1.0;
        }
        self.runs += 1.0;
        self.last = time;
    }
}
