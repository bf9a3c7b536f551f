//! What a shell-operator gives its hooks, needs, leaves alone, and does with hooks that are broken.

use std::time::Duration;

use serde_json::{Value, json};

use super::hook_script::{Marks, config_maps, hook, make_config_map};
use super::recorder::{Recorder, a_while};
use super::shell::Shell;
use crate::support::{self, eventually, rest};

const PATIENCE: Duration = Duration::from_secs(40);

#[tokio::test]
async fn hook_runs_beside_its_file_with_its_files_and_is_asked_in_the_folder_of_hooks() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let marks = Marks::new();
    let script = format!(
        "#!/bin/bash
if [ \"$1\" = --config ]; then {}; echo '{{configVersion: v1, onStartup: 1}}'; exit; fi
{}
for name in $(compgen -e | sort); do
  path=${{!name}}
  if [[ $path == {}/* && -e $path && $name == *_PATH ]]; then echo \"$name ${{path##*/}}\" >> {}; fi
done
",
        marks.note("asked", "$PWD"),
        marks.note("ran", "$PWD"),
        shell.path("files").display(),
        marks.text("files"),
    );
    shell.hooks.write_script("001-start/shell_hook.sh", &script);
    shell.start().await;
    let root = shell.hooks.path().display().to_string();
    assert_eq!(marks.lines("asked"), [root.as_str()]);
    assert_eq!(marks.lines("ran"), [format!("{root}/001-start")]);
    assert_eq!(
        marks.lines("files"),
        [
            "ADMISSION_RESPONSE_PATH hook-001-start-shell-hook-sh-admission-response.json",
            "BINDING_CONTEXT_PATH hook-001-start-shell-hook-sh-binding-context.json",
            "CONVERSION_RESPONSE_PATH hook-001-start-shell-hook-sh-conversion-response.json",
            "KUBERNETES_PATCH_PATH 001-start-shell-hook-sh-object-patch",
            "METRICS_PATH hook-001-start-shell-hook-sh-metrics.json",
            "VALIDATING_RESPONSE_PATH hook-001-start-shell-hook-sh-admission-response.json",
        ]
    );
}

#[tokio::test]
async fn startup_hooks_come_first_in_their_order_then_synchronizations_by_name() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let records = Recorder::new();
    let maps = config_maps(shell.namespace(), "");
    let maps = maps.trim_start_matches("configVersion: v1\n");
    for (name, config) in [
        (
            "hook01_startup_20_kube.sh",
            format!("onStartup: 20\n{maps}"),
        ),
        ("hook02_startup_1.sh", "onStartup: 1".to_owned()),
        (
            "hook03_startup_10_kube.sh",
            format!("onStartup: 10\n{maps}"),
        ),
    ] {
        let script = records.hook(name, &config, "");
        shell.hooks.write_script(name, &script);
    }
    shell.start().await;
    assert_eq!(
        records.tale(),
        [
            "hook02_startup_1.sh onStartup",
            "hook03_startup_10_kube.sh onStartup",
            "hook01_startup_20_kube.sh onStartup",
            "hook01_startup_20_kube.sh maps Synchronization",
            "hook03_startup_10_kube.sh maps Synchronization",
        ]
    );
    assert!(records.all().iter().all(|record| record["values"] == false));
}

/// Lets a user read the `ConfigMap`s of a namespace.
async fn grant(shell: &Shell, user: &str) {
    let rights = "/apis/rbac.authorization.k8s.io/v1/namespaces";
    let rights = format!("{rights}/{}", shell.namespace());
    let role = json!({
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]}],
    });
    rest::create(&shell.client, &format!("{rights}/roles"), &role).await;
    let group = "rbac.authorization.k8s.io";
    let binding = json!({
        "metadata": {"name": "reader"},
        "subjects": [{"kind": "User", "apiGroup": group, "name": user}],
        "roleRef": {"kind": "Role", "apiGroup": group, "name": "reader"},
    });
    rest::create(&shell.client, &format!("{rights}/rolebindings"), &binding).await;
}

#[tokio::test]
async fn nothing_is_needed_but_the_rights_of_the_hooks_and_nothing_is_left() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let Some(ours) = support::api_server().and_then(support::ApiServer::control_plane) else {
        return;
    };
    let user = shell.namespace().to_owned();
    let kubeconfig = ours.kubeconfig_for(&user, &[]).expect("a kubeconfig");
    shell.with_kubeconfig(&kubeconfig);
    grant(&shell, &user).await;
    let config = config_maps(shell.namespace(), "");
    let marks = Marks::new();
    shell
        .hooks
        .write_script("maps.sh", &hook(&config, &marks.note("runs", "run")));
    // One hook without its rights holds up no other.
    let secrets = "{configVersion: v1, kubernetes: [{name: secrets, kind: Secret}]}";
    shell.hooks.write_script("a_secrets.sh", &hook(secrets, ""));
    shell.start().await;
    marks.until("runs", 1).await;
    shell.config_map("a", &json!({"key": "1"})).await;
    marks.until("runs", 2).await;
    let list = shell.ask(&["hook", "list"]);
    assert!(list.contains("no right to list secrets"), "{list}");
    let metrics = shell.page("/metrics").expect("a page");
    let success = "shell_operator_hook_enable_kubernetes_bindings_success";
    for line in [
        format!("{success}{{hook=\"maps.sh\"}} 1"),
        format!("{success}{{hook=\"a_secrets.sh\"}} 0"),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
    assert_eq!(shell.stop().await, Some(0));
    let log = shell.log();
    assert!(!log.contains("addon-operator.io"), "{log}");
    let events = format!("/api/v1/namespaces/{}/events", shell.namespace());
    let events = rest::get(&shell.client, &events).await.expect("a list");
    assert_eq!(events["items"], json!([]));
}

#[tokio::test]
async fn objects_are_written_before_metrics_are() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let metric = r#"echo '{"name": "made", "action": "add", "value": 1}' >> $METRICS_PATH"#;
    // The first run asks for an object that cannot be, so nothing of its metrics is heard.
    let marks = Marks::new();
    let tried = marks.text("tried");
    let bad = make_config_map("no-such-namespace", "a");
    let good = make_config_map(shell.namespace(), "a");
    let body = format!("{metric}\nif [ -e {tried} ]; then {good}; else {bad}; touch {tried}; fi");
    let script = hook("{configVersion: v1, onStartup: 1}", &body);
    shell.hooks.write_script("maker.sh", &script);
    shell.start().await;
    let page = shell.page("/metrics/hooks").expect("a page");
    assert!(page.contains("made{hook=\"maker.sh\"} 1\n"), "{page}");
    let path = format!("{}/a", shell.config_maps());
    assert!(rest::get(&shell.client, &path).await.is_some());
    let page = shell.page("/metrics").expect("a page");
    let runs = "{binding=\"onStartup\",hook=\"maker.sh\",queue=\"main\"} 1";
    for name in ["hook_run_errors_total", "hook_run_success_total"] {
        let line = format!("shell_operator_{name}{runs}");
        assert!(page.contains(&line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn broken_hook_is_told_everywhere_stops_no_other_and_is_mended_by_an_edit() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let marks = Marks::new();
    let every = "{configVersion: v1, schedule: [{name: tick, crontab: '* * * * * *'}]}";
    shell
        .hooks
        .write_script("a.sh", &hook(every, &marks.note("ticks", "tick")));
    let broken = "#!/usr/bin/env python3\nimport kubernetes import client\n";
    shell.hooks.write_script("b.py", broken);
    shell
        .hooks
        .write_script("c.sh", &hook("{configVersion: v1, onstartup: 1}", ""));
    shell.start().await;
    marks.until("ticks", 2).await;
    let list = shell.ask(&["hook", "list"]);
    let of = |hook: &str| {
        let line = list.lines().find(|line| line.contains(hook));
        line.unwrap_or_else(|| panic!("{list}")).to_owned()
    };
    assert!(of("b.py").contains("broken"), "{list}");
    assert!(
        of("c.sh").contains("broken") && of("c.sh").contains("onstartup"),
        "{list}"
    );
    let queues = shell.ask(&["queue", "list"]);
    assert!(queues.contains("Queue 'broken hooks'"), "{queues}");
    assert!(shell.log().contains("SyntaxError"), "{}", shell.log());
    let page = shell.page("/metrics").expect("a page");
    let line = "hook_run_errors_total{binding=\"--config\",hook=\"b.py\",queue=\"main\"}";
    assert!(page.contains(line), "{page}");
    let mended = hook(
        "{configVersion: v1, onStartup: 1}",
        &marks.note("mended", "yes"),
    );
    shell.hooks.write_script("c.sh", &mended);
    marks.until("mended", 1).await;
    shell.hooks.remove("b.py");
    eventually("no hook is broken", PATIENCE, async || {
        let list = shell.ask(&["hook", "list"]);
        if list.contains("broken") {
            Err(list)
        } else {
            Ok(())
        }
    })
    .await;
    a_while().await;
    assert_eq!(marks.lines("mended"), ["yes"]);
}

#[tokio::test]
async fn hooks_come_change_and_go_while_it_runs() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let records = Recorder::new();
    let maps = config_maps(shell.namespace(), "");
    let maps = maps.trim_start_matches("configVersion: v1\n");
    shell
        .hooks
        .write_script("stays.py", &records.hook("stays", maps, ""));
    shell.start().await;
    records.sees("stays maps Synchronization").await;
    shell
        .hooks
        .write_script("new/comes.py", &records.hook("comes", maps, ""));
    records.sees("comes maps Synchronization").await;
    let edited = records.hook("changed", maps, "");
    shell.hooks.write_script("new/comes.py", &edited);
    records.sees("changed maps Synchronization").await;
    shell.hooks.remove("new/comes.py");
    eventually("it is gone", PATIENCE, async || {
        let names = shell.ask(&["hook", "list", "-o", "json"]);
        let names: Value = serde_json::from_str(&names).expect("JSON");
        if names == json!(["stays.py"]) {
            Ok(())
        } else {
            Err(names.to_string())
        }
    })
    .await;
    records.clear();
    shell.config_map("late", &json!({})).await;
    records.sees("stays maps Added late").await;
    a_while().await;
    assert_eq!(records.tale(), ["stays maps Added late"]);
}
