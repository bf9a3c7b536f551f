//! Many hooks: the modules of the other bench, two hooks in each, and two global ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::figures::{Figures, Which};
use crate::process::Process;
use crate::round::Round;
use crate::shell::write_hook;
use crate::table::{Row, Unit};
use crate::workload::{Size, Weights};

/// Kinds that every cluster has.
const KINDS: [(&str, &str); 14] = [
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("v1", "Namespace"),
    ("v1", "Node"),
    ("v1", "Pod"),
    ("networking.k8s.io/v1", "Ingress"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
];
/// Filters in turn; `None` keeps whole objects.
const FILTERS: [Option<&str>; 3] = [
    Some("{name: .metadata.name, labels: .metadata.labels}"),
    None,
    Some(".spec // .data"),
];
/// How many are asked, or run, at once by the floor.
const AT_ONCE: usize = 4;

const WITHOUT: &str = "without hooks";
const WITH: &str = "with 60 hooks";
const FLOOR_CONFIG: &str = "floor: 60 hooks asked for --config, 4 at once";
const FLOOR_RUNS: &str = "floor: hooks started as often as in a converge, 4 at once";

/// Measures both folders in turn, so many rounds.
pub(crate) async fn measure(
    cluster: &Cluster,
    (rounds, idle): (usize, Duration),
    figures: &mut Figures,
) {
    let size = Size {
        modules: 29,
        objects: 249,
    };
    let names = size.names();
    let plain = size.write(Weights::Equal);
    let crowded = size.write(Weights::Equal);
    let hooks = write_hooks(crowded.path(), &names);
    let first = Process::start(
        cluster.control_plane.kubeconfig(),
        "default",
        plain.path(),
        &[],
    );
    // It brings the definition of `Module`.
    first.told("converge is done");
    first.stop();
    for round in 0..rounds {
        for (variant, folder) in [(WITHOUT, &plain), (WITH, &crowded)] {
            let namespace = &format!("{}-{round}", variant.replace(' ', "-"));
            cluster.make_namespace(namespace).await;
            let round = Round {
                cluster,
                size,
                namespace,
                folders: folder.path(),
            };
            round
                .cold(&format!("{variant}: cold converge"), figures)
                .await;
            let restart = format!("{variant}: restart");
            let operator = round.restart(&restart, figures).await;
            let edit = format!("{variant}: edit → object changed");
            round.edits(&edit, &names, figures).await;
            rest_of(&operator, variant, idle, figures).await;
            operator.stop();
            cluster.empty_namespace(namespace).await;
        }
        figures.add(FLOOR_CONFIG, floor(&hooks, &["--config"]));
        figures.add(FLOOR_RUNS, floor(&runs_of(&hooks), &[]));
    }
}

/// What an operator costs when nothing happens.
async fn rest_of(operator: &Process, variant: &str, idle: Duration, figures: &mut Figures) {
    sleep(Duration::from_secs(2)).await;
    let before = operator.processor();
    sleep(idle).await;
    let after = operator.processor();
    let cost = after.own - before.own + after.children - before.children;
    figures.add(
        &format!("{variant}: CPU of {} idle seconds", idle.as_secs()),
        cost,
    );
    figures.add(
        &format!("{variant}: memory, idle"),
        operator.memory("VmRSS"),
    );
}

/// The lines of the table.
pub(crate) fn table(figures: &Figures, idle: Duration) -> Vec<Row> {
    use Unit::{Count, Mebibytes, Milliseconds};
    use Which::{Median, Most};
    let mut rows = vec![
        Row::of(figures, FLOOR_CONFIG, Median, Milliseconds),
        Row::of(figures, FLOOR_RUNS, Median, Milliseconds),
    ];
    let idle = format!("CPU of {} idle seconds", idle.as_secs());
    for (what, which, unit, budget) in [
        ("cold converge", Median, Milliseconds, None),
        (
            "cold converge, start to first write",
            Median,
            Milliseconds,
            None,
        ),
        ("cold converge, writes", Median, Count, None),
        ("cold converge, CPU", Median, Milliseconds, None),
        ("cold converge, CPU of scripts", Median, Milliseconds, None),
        ("cold converge, peak", Median, Mebibytes, None),
        ("restart", Median, Milliseconds, None),
        ("restart, writes", Most, Count, Some(0.0)),
        ("restart, CPU", Median, Milliseconds, None),
        ("edit → object changed", Median, Milliseconds, None),
        (&*idle, Most, Milliseconds, Some(0.0)),
        ("memory, idle", Median, Mebibytes, Some(20.0)),
    ] {
        for variant in [WITHOUT, WITH] {
            let row = Row::of(figures, &format!("{variant}: {what}"), which, unit);
            rows.push(match budget {
                Some(budget) => row.at_most(budget),
                None => row,
            });
        }
    }
    rows
}

/// Two hooks for each module, and two global ones; answers their files. Those that also run at
/// lifecycle points come first.
fn write_hooks(folder: &Path, names: &[String]) -> Vec<PathBuf> {
    let modules = names
        .iter()
        .map(|name| folder.join(format!("modules/100-{name}/hooks")));
    let places: Vec<PathBuf> = modules.chain([folder.join("global-hooks")]).collect();
    let mut hooks = Vec::new();
    for (name, second) in [("first", false), ("second", true)] {
        for place in &places {
            let is_global = place.ends_with("global-hooks");
            let mut config = binding(hooks.len());
            match (second, is_global) {
                (false, false) => {
                    config["beforeHelm"] = json!(10);
                    config["afterHelm"] = json!(10);
                }
                (false, true) => {
                    config["beforeAll"] = json!(10);
                    config["afterAll"] = json!(10);
                }
                (true, _) => config["schedule"] = json!([{"crontab": "0 3 * * *"}]),
            }
            let hook = place.join(name);
            write_hook(&hook, &config, ":");
            hooks.push(hook);
        }
    }
    hooks
}

/// The configuration of the hook with this number: it keeps objects of one kind, and hears of those
/// that are deleted.
fn binding(number: usize) -> Value {
    let (api_version, kind) = KINDS[number % KINDS.len()];
    let filter = FILTERS[number % FILTERS.len()];
    let mut binding = json!({
        "name": "objects", "apiVersion": api_version, "kind": kind,
        "executeHookOnEvent": ["Deleted"],
    });
    if let Some(filter) = filter {
        binding["jqFilter"] = json!(filter);
        binding["keepFullObjectsInMemory"] = json!(false);
    }
    json!({"configVersion": "v1", "kubernetes": [binding]})
}

/// The runs of a converge: a Synchronization of each, and the first half at two points.
fn runs_of(hooks: &[PathBuf]) -> Vec<PathBuf> {
    let half = &hooks[..hooks.len() / 2];
    hooks.iter().chain(half).chain(half).cloned().collect()
}

/// Starts programs with these arguments, some at once, each until it ends; answers the seconds.
fn floor(programs: &[PathBuf], arguments: &[&str]) -> f64 {
    let begun = Instant::now();
    thread::scope(|scope| {
        for first in 0..AT_ONCE {
            scope.spawn(move || {
                for program in programs.iter().skip(first).step_by(AT_ONCE) {
                    let mut command = Command::new(program);
                    command.args(arguments).stdin(Stdio::null());
                    let ended = command.output().expect("a process");
                    assert!(ended.status.success(), "{}", program.display());
                }
            });
        }
    });
    begun.elapsed().as_secs_f64()
}
