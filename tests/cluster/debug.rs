//! What people ask the operator, and what it says while it waits, is paused, or has no API server.

use std::path::Path;
use std::process::Command;

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::scene::{PATIENCE, Scene, folders, free_address, http_get, simple, template, write};
use crate::support::{self, Modules, Operator, eventually, rest, row, server_metrics};

/// Runs the built program; the test's own operator goes on meanwhile.
async fn program(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_addon-operator"));
    command.args(arguments).env_clear();
    let ended = tokio::task::spawn_blocking(move || command.output()).await;
    let output = ended.expect("no panic").expect("a program");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Runs the built program with the operator's socket.
async fn ask(scene: &Scene, arguments: &[&str]) -> (Option<i32>, String, String) {
    let socket = scene.operator.socket().to_str().expect("UTF-8");
    let arguments: Vec<&str> = arguments
        .iter()
        .copied()
        .chain(["--socket", socket])
        .collect();
    program(&arguments).await
}

#[tokio::test]
async fn paused_module_is_left_alone_until_it_is_resumed() {
    let Some(mut scene) = Scene::start("paused", folders(&["010-web", "020-shop"])).await else {
        return;
    };
    let pause = "NoResourceReconciliation";

    scene.config(json!({"webMaintenance": pause})).await;
    scene
        .operator
        .module_is("web", ModuleState::Maintenance)
        .await;
    scene
        .config(json!({"webMaintenance": pause, "web": "text: two\n", "shop": "text: two\n"}))
        .await;
    let drift = json!({"data": {"text": "a person's"}});
    rest::merge(&scene.client, &scene.path("web"), "a-person", &drift).await;
    scene.says("shop", "two").await;
    let paused = scene.object("web").await.expect("a ConfigMap");

    assert_eq!(paused["data"]["text"], "a person's");
    let mark = "maintenance.deckhouse.io/no-resource-reconciliation";
    assert_eq!(paused["metadata"]["labels"][mark], "");
    scene
        .status("web", |status| status["state"] == "Maintenance")
        .await;
    scene.config(json!({"web": "text: two\n"})).await;
    scene.says("web", "two").await;
    let resumed = scene.object("web").await.expect("a ConfigMap");
    assert_eq!(resumed["metadata"]["labels"][mark], Value::Null);
    scene.operator.stop().await;
}

/// One module with a value of every layer, a secret among them.
fn layered() -> Modules {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write("values.yaml", "global: {town: Kyiv}\nweb:\n  common: 1\n");
    let schema = "type: object\nadditionalProperties: true\nproperties:\n  \
                  text: {type: string}\n  size: {type: integer, default: 3}\n  \
                  password: {type: string, x-secret: true}\n";
    modules.write("010-web/openapi/config-values.yaml", schema);
    modules.write("020-shop/values.yaml", "shop: {text: hello}\n");
    modules
}

async fn layered_scene(prefix: &str) -> Option<Scene> {
    let config = json!({"web": "text: set\npassword: tops3cret\n", "global": "street: Main\n"});
    let mut scene = Scene::begin_with_config(prefix, layered(), config).await?;
    scene.operator.converged().await;
    Some(scene)
}

#[tokio::test]
async fn module_list_tells_state_objects_and_reason() {
    let Some(scene) = layered_scene("list").await else {
        return;
    };

    let (code, text, _) = ask(&scene, &["module", "list"]).await;

    assert_eq!(code, Some(0));
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        lines[0],
        [
            "MODULE", "WEIGHT", "STATE", "OBJECTS", "TOOK", "DECIDED", "BY", "REASON"
        ]
    );
    assert_eq!(lines[1][..4], ["web", "10", "Applied", "1"]);
    assert_eq!(lines[2][..4], ["shop", "20", "Disabled", "0"]);
    assert!(text.contains("nothing enables it"), "{text}");
    let json = scene.operator.ask("/module/list.json").await;
    assert_eq!(json["enabledModules"], json!(["web"]));
    scene.operator.stop().await;
}

#[tokio::test]
async fn values_are_shown_with_secrets_masked() {
    let Some(scene) = layered_scene("show").await else {
        return;
    };

    let values = scene.operator.ask("/module/web/values.json").await;
    let config = scene.operator.ask("/module/web/config.json").await;

    let all = json!({"text": "set", "common": 1, "size": 3, "password": "[secret]"});
    assert_eq!(values, all);
    assert_eq!(config, json!({"text": "set", "password": "[secret]"}));
    assert_eq!(
        scene.operator.ask("/module/web/patches.json").await,
        json!([])
    );
    let global = scene.operator.ask("/global/values.json").await;
    assert_eq!(
        global,
        json!({"town": "Kyiv", "street": "Main", "enabledModules": ["web"]})
    );
    assert_eq!(
        scene.operator.ask("/global/config.json").await,
        json!({"street": "Main"})
    );
    scene.operator.stop().await;
}

#[tokio::test]
async fn explain_names_layer_and_place_of_every_leaf() {
    let Some(scene) = layered_scene("explain").await else {
        return;
    };

    let (code, text, _) = ask(&scene, &["values", "explain", "web"]).await;

    assert_eq!(code, Some(0));
    let config = format!("{}/addon-operator, key web, line 1", scene.namespace);
    let line = |path: &str| {
        let found = text.lines().find(|line| line.starts_with(path));
        found.unwrap_or_else(|| panic!("no {path} in\n{text}"))
    };
    assert!(
        line("web.text").contains("\"set\"") && line("web.text").contains(&config),
        "{text}"
    );
    assert!(
        line("web.common").contains("static values")
            && line("web.common").contains("values.yaml:3"),
        "{text}"
    );
    assert!(
        line("web.size").contains("schema default")
            && line("web.size").contains("config-values.yaml"),
        "{text}"
    );
    assert!(!text.contains("tops3cret"), "{text}");
    let (code, _, stderr) = ask(&scene, &["values", "explain", "web", "nowhere"]).await;
    assert_eq!(
        (code, stderr.as_str()),
        (Some(1), "error: web has no value at nowhere\n")
    );
    scene.operator.stop().await;
}

#[tokio::test]
async fn resource_monitor_lists_what_is_watched() {
    let Some(scene) = layered_scene("monitor").await else {
        return;
    };

    let monitors = scene.operator.ask("/module/resource-monitor.json").await;

    let object = format!("{}/ConfigMap/web", scene.namespace);
    assert_eq!(monitors, json!({"web": [object], "shop": "No monitor"}));
    let (code, _, stderr) = ask(&scene, &["module", "values", "wbe"]).await;
    assert_eq!(code, Some(1));
    assert_eq!(
        stderr,
        "error: there is no module wbe; there are shop, web\n"
    );
    scene.operator.stop().await;
}

#[tokio::test]
async fn metrics_have_the_originals_names() {
    let Some(scene) = layered_scene("metrics").await else {
        return;
    };
    rest::delete(&scene.client, &scene.path("web")).await;
    scene.says("web", "set").await;

    let (code, text) = eventually("the drift is counted", PATIENCE, async || {
        let (code, text) = http_get(scene.address, "/metrics").await;
        let is_counted = text.contains("modules_absent_resources_total{");
        if is_counted {
            Ok((code, text))
        } else {
            Err(text)
        }
    })
    .await;

    assert_eq!(code, 200);
    for name in [
        "module_run_seconds_bucket{activation=\"OperatorStartup\",module=\"web\",le=\"",
        "convergence_seconds{activation=\"OperatorStartup\"}",
        "convergence_total{activation=\"OperatorStartup\"} 1",
        "tasks_queue_length{queue=\"main\"} 0",
        "mm_module_info{critical=\"true\",enabled=\"true\",module=\"web\"} 1",
        "mm_module_info{critical=\"true\",enabled=\"false\",module=\"shop\"} 1",
        "modules_discover_errors_total",
        "config_values_errors_total",
    ] {
        assert!(
            text.contains(&format!("addon_operator_{name}")),
            "{name} is not in\n{text}"
        );
    }
    scene.operator.stop().await;
}

#[tokio::test]
async fn readiness_waits_for_the_first_converge() {
    let modules = folders(&["010-web"]);
    let gate = modules.path().join("gate");
    let script = format!(
        "#!/bin/sh\nuntil [ -e {} ]; do sleep 0.1; done\necho true > \"$MODULE_ENABLED_RESULT\"\n",
        gate.display()
    );
    modules.write_script("010-web/enabled", &script);
    let Some(mut scene) = Scene::begin("probes", modules).await else {
        return;
    };
    let is_begun = |view: &addon_operator::operator::View| row(view, "web").is_some();
    scene.operator.until("the module is seen", is_begun).await;

    assert_eq!(http_get(scene.address, "/healthz").await.0, 200);
    assert_eq!(http_get(scene.address, "/readyz").await.0, 500);
    scene.modules.write("gate", "");
    scene.operator.converged().await;

    eventually("it is ready", PATIENCE, async || {
        let (code, text) = http_get(scene.address, "/readyz").await;
        if code == 200 { Ok(()) } else { Err(text) }
    })
    .await;
    assert_eq!(http_get(scene.address, "/healthz").await.0, 200);
    scene.operator.stop().await;
}

#[tokio::test]
async fn queue_list_tells_what_waits_and_why() {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write("020-shop/module.yaml", "requires: [web]\n");
    let refused = template("web").replace("name: web\n", "name: Not_A_Name\n");
    modules.write("010-web/templates/all.yaml.j2", &refused);
    let Some(mut scene) = Scene::begin("queues", modules).await else {
        return;
    };
    scene.operator.module_is("web", ModuleState::Failed).await;

    let text = eventually("web backs off", PATIENCE, async || {
        let text = ask(&scene, &["queue", "list"]).await.1;
        text.contains("sleep after fail")
            .then_some(text.clone())
            .ok_or(text)
    })
    .await;

    assert!(
        text.contains("Queue 'module/shop': length 1, status: 'requires web, which failed'"),
        "{text}"
    );
    assert!(
        text.contains("1. ModuleRun:module/web:web:Converge:failures "),
        "{text}"
    );
    scene.operator.stop().await;
}

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData:\n  \
                      password: {{ Values.web.text | quote }}\n";

/// A module with a Secret, whose drift is told and left.
fn with_secret() -> Modules {
    let modules = folders(&["010-web"]);
    modules.write("010-web/templates/secret.yaml.j2", SECRET);
    modules.write("010-web/module.yaml", "drift: report\n");
    modules
}

#[tokio::test]
async fn diff_through_the_socket_tells_drift_and_masks_secrets() {
    let Some(mut scene) = Scene::start("diff", with_secret()).await else {
        return;
    };
    let nothing = ask(&scene, &["diff", "web"]).await;
    assert_eq!(nothing, (Some(0), String::new(), String::new()));

    let secret = format!("/api/v1/namespaces/{}/secrets/web", scene.namespace);
    let mine = json!({"stringData": {"password": "mine"}});
    rest::merge(&scene.client, &secret, "a-person", &mine).await;
    let drifted = |view: &_| row(view, "web").is_some_and(|row| row.reason == "Drifted");
    scene.operator.until("the drift is told", drifted).await;

    let (code, text, stderr) = ask(&scene, &["diff", "web"]).await;
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert!(text.starts_with("# web: change Secret"), "{text}");
    assert!(
        text.contains("-  password: '[secret ") && text.contains("+  password: '[secret "),
        "{text}"
    );
    for clear in ["mine", "bWluZQ==", "hello", "aGVsbG8="] {
        assert!(!text.contains(clear), "{clear} is in\n{text}");
    }
    let (code, text, _) = ask(&scene, &["diff", "--all", "-o", "json"]).await;
    let all: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(code, Some(1));
    assert_eq!(
        (all[0]["module"].as_str(), all[0]["action"].as_str()),
        (Some("web"), Some("change"))
    );
    assert_eq!(all.as_array().map(Vec::len), Some(1));
    scene.operator.stop().await;
}

#[tokio::test]
async fn diff_that_cannot_be_found_out_is_code_2() {
    let Some(scene) = Scene::start("diff-2", folders(&["010-web"])).await else {
        return;
    };

    let (code, stdout, stderr) = ask(&scene, &["diff", "wbe"]).await;

    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(stderr, "error: there is no module wbe; there are web\n");
    scene.operator.stop().await;
}

#[tokio::test]
async fn render_through_the_socket_uses_the_operators_values() {
    let Some(mut scene) = Scene::start("render", folders(&["010-web"])).await else {
        return;
    };
    scene.config(json!({"web": "text: set\n"})).await;
    scene.says("web", "set").await;
    scene.operator.module_is("web", ModuleState::Applied).await;

    let (code, text, stderr) = ask(&scene, &["render", "web"]).await;

    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(
        text.starts_with("---\n") && text.contains("\n  text: set\n"),
        "{text}"
    );
    scene.operator.stop().await;
}

#[tokio::test]
async fn render_offline_needs_no_cluster() {
    let modules = folders(&["010-web"]);
    let folder = modules.path().to_str().expect("UTF-8");

    let (code, text, stderr) =
        program(&["render", "web", "--offline", "--modules-dir", folder]).await;

    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("values that hooks set are missing"),
        "{stderr}"
    );
    let manifest = "---\n# Source: templates/all.yaml.j2\napiVersion: v1\ndata:\n  text: hello\n\
                    kind: ConfigMap\nmetadata:\n  name: web\n";
    assert_eq!(text, manifest);
}

/// Arguments that leave the operator out.
async fn diff_offline(
    modules: &Path,
    kubeconfig: &Path,
    what: &[&str],
) -> (Option<i32>, String, String) {
    let paths = [modules, kubeconfig].map(|path| path.to_str().expect("UTF-8"));
    let places = [
        "--offline",
        "--namespace",
        "ops",
        "--modules-dir",
        paths[0],
        "--kube-config",
        paths[1],
    ];
    let arguments: Vec<&str> = ["diff"]
        .iter()
        .chain(what)
        .chain(&places)
        .copied()
        .collect();
    program(&arguments).await
}

async fn make_namespace(client: &kube::Client) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"}});
    rest::create(client, "/api/v1/namespaces", &namespace).await;
}

#[tokio::test]
async fn diff_offline_tells_all_and_writes_nothing() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    make_namespace(&client).await;
    let (modules, kubeconfig) = (with_secret(), server.kubeconfig());
    let start = server_metrics(&client).await;

    // Where no operator ever ran: everything would be created.
    let (code, text, stderr) = diff_offline(modules.path(), kubeconfig, &["--all"]).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(text.contains("# web: create ConfigMap ops/web"), "{text}");
    assert!(
        text.contains("# web: create Secret ops/web") && !text.contains("aGVsbG8="),
        "{text}"
    );
    let writes = server_metrics(&client).await.since(&start).writes();
    assert_eq!(writes.total(), 0, "{writes}");

    // After a run: nothing; after an edit: what it changes, also what it removes.
    let mut operator = Operator::start(kubeconfig, "ops", modules.path());
    operator.converged().await;
    operator.stop().await;
    let before = server_metrics(&client).await;
    let (code, text, stderr) = diff_offline(modules.path(), kubeconfig, &["web"]).await;
    assert_eq!((code, text.as_str()), (Some(0), ""), "{stderr}");
    modules.write(
        "010-web/values.yaml",
        "webEnabled: true\nweb: {text: two}\n",
    );
    modules.remove("010-web/templates/secret.yaml.j2");
    let (code, text, _) = diff_offline(modules.path(), kubeconfig, &["web"]).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("-  text: hello\n+  text: two\n"), "{text}");
    assert!(text.contains("# web: remove Secret ops/web"), "{text}");
    let writes = server_metrics(&client).await.since(&before).writes();
    assert_eq!(writes.total(), 0, "{writes}");
    server.stop().await.expect("an end");
}

#[tokio::test]
async fn diff_of_a_broken_module_is_code_2_and_says_where() {
    let Some(server) = support::api_server() else {
        return;
    };
    let modules = folders(&["010-web"]);
    modules.write("010-web/values.yaml", "web:\n\ttext: hello\n");
    let namespace = server.namespace("diff-broken").await;
    let paths = [modules.path(), server.kubeconfig()].map(|path| path.to_str().expect("UTF-8"));

    let (code, stdout, stderr) = program(&[
        "diff",
        "web",
        "--offline",
        "--namespace",
        namespace.name(),
        "--modules-dir",
        paths[0],
        "--kube-config",
        paths[1],
    ])
    .await;

    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("010-web/values.yaml:2"), "{stderr}");
}

#[tokio::test]
async fn api_server_that_is_away_at_the_start_is_waited_for() {
    let Some(mut server) = support::private_server().await else {
        return;
    };
    make_namespace(&support::client(server.kubeconfig()).await).await;
    server.stop_api_server().await.expect("an end");
    let modules = folders(&["010-web"]);
    let address = free_address();

    let mut operator =
        Operator::start_with(server.kubeconfig(), "ops", modules.path(), |settings| {
            settings.listen = address;
        });
    // It lives, and is not ready.
    eventually("it serves", PATIENCE, async || {
        let connected = tokio::net::TcpStream::connect(address).await;
        connected.map(drop).map_err(|error| error.to_string())
    })
    .await;
    assert_eq!(http_get(address, "/healthz").await.0, 200);
    assert_eq!(http_get(address, "/readyz").await.0, 500);
    server.start_api_server().await.expect("a server");

    let view = operator.converged().await;
    assert_eq!(
        row(&view, "web").expect("a row").state,
        ModuleState::Applied
    );
    operator.stop().await;
    server.stop().await.expect("an end");
}

#[tokio::test]
async fn api_server_that_goes_away_is_told_and_work_goes_on_when_it_is_back() {
    let Some(mut server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    make_namespace(&client).await;
    let modules = folders(&["010-web", "020-shop"]);
    let mut operator = Operator::start(server.kubeconfig(), "ops", modules.path());
    operator.converged().await;

    server.stop_api_server().await.expect("an end");
    modules.write(
        "010-web/values.yaml",
        "webEnabled: true\nweb: {text: two}\n",
    );
    write(&modules, &simple("030-mail"));
    let told = operator.module_is("web", ModuleState::Failed).await;
    assert!(!told.message.is_empty(), "{told:?}");
    server.start_api_server().await.expect("a server");

    operator.module_is("web", ModuleState::Applied).await;
    operator.module_is("mail", ModuleState::Applied).await;
    for (name, text) in [("web", "two"), ("shop", "hello"), ("mail", "hello")] {
        let path = format!("/api/v1/namespaces/ops/configmaps/{name}");
        let object = rest::get(&client, &path).await.expect("a ConfigMap");
        assert_eq!(object["data"]["text"], text);
    }
    // What changes now is seen, too: the watches are open again.
    rest::delete(&client, "/api/v1/namespaces/ops/configmaps/shop").await;
    eventually("shop is back", PATIENCE, async || {
        let object = rest::get(&client, "/api/v1/namespaces/ops/configmaps/shop").await;
        object.map(drop).ok_or("it is not there".to_owned())
    })
    .await;
    operator.stop().await;
    server.stop().await.expect("an end");
}
