//! Faults around hooks: killed in the middle, a server that goes away, namespaces by the thousand.

use std::collections::BTreeSet;

use addon_operator::control_plane::ControlPlane;
use addon_operator::serve::ModuleState;
use futures::{StreamExt as _, stream};
use kube::Client;
use serde_json::{Value, json};

use super::hooks_life::{CHART, create_seen, seen};
use super::recorder::Recorder;
use super::stage::Stage;
use crate::support::{self, Modules, Operator, eventually, rest};

/// The end of a run that went well: what it was told is told.
const DONE: &str = "
record(done=[[c.get('watchEvent', c.get('type')), c.get('object', {}).get('metadata', {}).get('name'), [o['object']['metadata']['name'] for o in c.get('objects', [])], c['binding']] for c in contexts])";

/// What successful runs were told, in order: `(event, name)`.
fn told(recorder: &Recorder) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for record in recorder.all() {
        for context in record["done"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let listed = context[2].as_array().into_iter().flatten();
            told.extend(listed.map(|name| ("Added".to_owned(), text(name))));
            if context[0] != "Synchronization" {
                told.push((text(&context[0]), text(&context[1])));
            }
        }
    }
    told
}

#[tokio::test]
async fn hooks_killed_in_the_middle_lose_nothing_and_repeat_nothing_that_succeeded() {
    let Some(stage) = Stage::with("killed", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    // Two of three runs die: before their results, in the middle of them, or with all of them there.
    let body = format!(
        "
counter = FOLDER + '/runs'
run = len(open(counter).read()) if os.path.exists(counter) else 0
open(counter, 'a').write('.')
if run % 6 == 0: os.kill(os.getpid(), 9)
if run % 6 == 1: open(os.environ['VALUES_JSON_PATCH_PATH'], 'w').write('{{\"op\": \"add\", \"pa')
patch('/web/own', str(run))
if run % 6 == 4: time.sleep(0.01)
if run % 3 != 2: os.kill(os.getpid(), 9)
{DONE}"
    );
    stage.hook("web", "a.py", &recorder.hook("a", &seen(&stage, ""), &body));
    let mut operator = stage.start();
    for number in 0..12 {
        create_seen(&stage, &format!("one-{number}")).await;
    }
    let all: Vec<String> = (0..12).map(|number| format!("one-{number}")).collect();
    let mut told_names = eventually("all are told", super::scene::PATIENCE, async || {
        let names: Vec<String> = told(&recorder).into_iter().map(|(_, name)| name).collect();
        if all.iter().all(|name| names.contains(name)) {
            Ok(names)
        } else {
            Err(format!("{names:?}"))
        }
    })
    .await;
    told_names.sort();
    let mut expected = all.clone();
    expected.sort();
    assert_eq!(told_names, expected, "each once");
    operator.module_is("web", ModuleState::Applied).await;
    // Only what a successful run patched is there.
    let runs = std::fs::read_to_string(recorder.file("runs")).expect("runs");
    let last = runs.len() - 1;
    let text = last.to_string();
    assert_eq!(last % 3, 2, "the last run succeeded");
    let shown = |object: &Value| object["data"]["own"] == text.as_str();
    stage
        .until("configmaps/web", "the last run's value", shown)
        .await;
    operator.stop().await;
}

/// A server of the test alone, with a module on it.
struct Alone {
    server: ControlPlane,
    client: Client,
    modules: Modules,
}

impl Alone {
    async fn new() -> Option<Self> {
        let server = support::private_server().await?;
        let client = support::client(server.kubeconfig()).await;
        let modules = Modules::of(&[
            ("010-web/values.yaml", "webEnabled: true\n"),
            ("010-web/templates/all.yaml.j2", CHART),
        ]);
        Some(Self {
            server,
            client,
            modules,
        })
    }

    fn hook(&self, name: &str, script: &str) {
        self.modules
            .write_script(&format!("010-web/hooks/{name}"), script);
    }

    fn start(&self) -> Operator {
        Operator::start(self.server.kubeconfig(), "default", self.modules.path())
    }
}

#[tokio::test]
async fn server_gone_during_a_synchronization_loses_nothing_and_repeats_no_success() {
    let Some(mut alone) = Alone::new().await else {
        return;
    };
    let recorder = Recorder::new();
    let of = |kind: &str| {
        format!(
            "kubernetes: [{{name: seen, kind: {kind}, labelSelector: {{matchLabels: {{seen: \"yes\"}}}}, namespace: {{nameSelector: {{matchNames: [default]}}}}}}]"
        )
    };
    alone.hook("a.py", &recorder.hook("a", &of("Secret"), ""));
    let body = "
wait_for(FOLDER + '/go')
if kinds[0] == 'Synchronization':
    give('KUBERNETES_PATCH_PATH', {'operation': 'CreateIfNotExists', 'object': {'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'made', 'namespace': 'default'}}})";
    alone.hook("b.py", &recorder.hook("b", &of("ConfigMap"), body));
    let maps = "/api/v1/namespaces/default/configmaps";
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"seen": "yes"}}});
    rest::create(&alone.client, maps, &map("before")).await;
    let mut operator = alone.start();
    recorder.sees("b seen Synchronization").await;

    alone.server.stop_api_server().await.expect("a stop");
    recorder.open("go");
    let is_repeated = |tale: &[String]| tale.len() >= 3;
    recorder
        .until("what could not be written is repeated", is_repeated)
        .await;
    alone.server.start_api_server().await.expect("a start");
    operator.module_is("web", ModuleState::Applied).await;
    // Made earlier it could be part of the Synchronization that is repeated.
    rest::create(&alone.client, maps, &map("after")).await;
    recorder.sees("b seen Added after").await;
    let made = rest::get(&alone.client, &format!("{maps}/made")).await;
    assert!(made.is_some());
    let tale = recorder.tale();
    assert_eq!(recorder.count("a seen Synchronization"), 1, "{tale:#?}");
    assert_eq!(recorder.count("b seen Added after"), 1, "{tale:#?}");
    operator.stop().await;
}

const NAMESPACES: usize = 1000;

#[tokio::test]
async fn thousand_namespaces_that_come_and_go_are_told_whole() {
    let Some(alone) = Alone::new().await else {
        return;
    };
    let recorder = Recorder::new();
    let config = "kubernetes:
- {name: seen, kind: ConfigMap, namespace: {labelSelector: {matchLabels: {team: a}}}, queue: own}";
    alone.hook("a.py", &recorder.hook("a", config, DONE));
    let mut operator = alone.start();
    operator.module_is("web", ModuleState::Applied).await;

    let client = &alone.client;
    let lives = stream::iter(0..NAMESPACES).map(|number| live(client, number));
    lives.buffer_unordered(16).collect::<Vec<()>>().await;

    let expected: Vec<String> = (0..NAMESPACES).filter(|n| n % 2 == 1).map(name).collect();
    let mut there = eventually("all are told", super::scene::PATIENCE, async || {
        let there = there(&told(&recorder));
        let (wanted, found) = (expected.len(), there.len());
        let is_so = there.len() == wanted && expected.iter().all(|name| there.contains(name));
        if is_so {
            Ok(there)
        } else {
            Err(format!("{found} of {wanted}"))
        }
    })
    .await;
    there.sort();
    assert_eq!(there.len(), expected.len());
    let snapshots = operator.ask("/module/web/snapshots.json").await;
    let seen = snapshots["hooks/a.py"]["seen"]["snapshot"]
        .as_array()
        .map(Vec::len);
    assert_eq!(
        seen,
        Some(expected.len()),
        "{}",
        snapshots["hooks/a.py"]["seen"]["operations"]
    );
    operator.stop().await;
}

fn name(number: usize) -> String {
    format!("crowd-{number}")
}

/// A namespace comes with an object; every second one goes again, by its label or altogether.
async fn live(client: &Client, number: usize) {
    let name = name(number);
    let path = format!("/api/v1/namespaces/{name}");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": "a"}}});
    rest::create(client, "/api/v1/namespaces", &namespace).await;
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
    rest::create(client, &format!("{path}/configmaps"), &map).await;
    match number % 4 {
        0 => {
            let change = json!({"metadata": {"labels": {"team": null}}});
            rest::merge(client, &path, "test", &change).await;
        }
        2 => {
            // What the controllers do, which are no part of the server.
            rest::delete(client, &path).await;
            rest::delete(client, &format!("{path}/configmaps/{name}")).await;
            let mut namespace = rest::get(client, &path).await.expect("a namespace");
            namespace["spec"]["finalizers"] = json!([]);
            rest::replace(client, &format!("{path}/finalize"), &namespace).await;
        }
        _ => {}
    }
}

/// What is there by what was told. Nothing comes twice, and nothing goes that was not there.
fn there(told: &[(String, String)]) -> Vec<String> {
    let mut there = BTreeSet::new();
    for (event, name) in told.iter().filter(|(_, name)| name.starts_with("crowd-")) {
        let before = match event.as_str() {
            "Added" => there.insert(name.clone()),
            "Deleted" => there.remove(name),
            _ => there.contains(name),
        };
        assert!(before, "{event} {name} after {:?}", there.contains(name));
    }
    there.into_iter().collect()
}
