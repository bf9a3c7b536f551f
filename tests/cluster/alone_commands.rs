//! How a shell-operator is started, and what its commands and pages answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::hook_script::{Marks, hook};
use super::shell::Shell;
use crate::support::{eventually, rest};

/// A pod hook with a filter, a schedule in a queue of its own, and one that fails.
async fn three_hooks() -> Option<Shell> {
    let mut shell = Shell::new("alone").await?;
    let config = format!(
        "configVersion: v1
kubernetes:
- name: maps
  kind: ConfigMap
  executeHookOnEvent: [Added]
  namespace: {{nameSelector: {{matchNames: [{}]}}}}
  labelSelector: {{matchLabels: {{watched: 'yes'}}}}
  jqFilter: .data",
        shell.namespace()
    );
    shell.hooks.write_script("maps/hook.sh", &hook(&config, ""));
    let schedule =
        "{configVersion: v1, schedule: [{name: rare, crontab: '0 0 1 1 *', queue: later}]}";
    shell.hooks.write_script("rare.sh", &hook(schedule, ""));
    let failing =
        "{configVersion: v1, schedule: [{name: tick, crontab: '* * * * * *', queue: failing}]}";
    shell
        .hooks
        .write_script("tick.sh", &hook(failing, "echo not today >&2; exit 3"));
    let metadata = json!({"name": "a", "labels": {"watched": "yes"}});
    let object = json!({"metadata": metadata, "data": {"key": "1"}});
    rest::create(&shell.client, &shell.config_maps(), &object).await;
    shell.start().await;
    Some(shell)
}

/// Text that is the same in each run: times and namespaces are replaced.
fn plain(shell: &Shell, text: &str) -> String {
    let mut words = Vec::new();
    for line in text.replace(shell.namespace(), "NAMESPACE").lines() {
        let line: Vec<String> = line.split_whitespace().map(timeless).collect();
        words.push(line.join(" "));
    }
    words.join("\n")
}

fn timeless(word: &str) -> String {
    let bare = word.trim_end_matches(',');
    let is_time = bare.starts_with("20") && bare.ends_with('Z');
    let is_span = bare.ends_with("ms") && bare.trim_end_matches("ms").parse::<f64>().is_ok();
    if is_time {
        word.replace(bare, "TIME")
    } else if is_span {
        word.replace(bare, "SPAN")
    } else {
        word.to_owned()
    }
}

#[tokio::test]
async fn debug_commands_answer_as_those_of_the_original() {
    let Some(shell) = three_hooks().await else {
        return;
    };
    eventually(
        "the hook fails",
        std::time::Duration::from_secs(20),
        async || {
            let list = shell.ask(&["queue", "list"]);
            if list.contains("failures") {
                Ok(())
            } else {
                Err(list)
            }
        },
    )
    .await;
    let names = shell.ask(&["hook", "list", "-o", "json"]);
    let names: Value = serde_json::from_str(&names).expect("JSON");
    assert_eq!(names, json!(["maps/hook.sh", "rare.sh", "tick.sh"]));
    assert_eq!(
        shell.ask(&["raw", "/hook/list.yaml"]),
        "- maps/hook.sh\n- rare.sh\n- tick.sh\n"
    );
    assert_eq!(
        shell.ask(&["raw", "/hook/list.text"]),
        "[\"maps/hook.sh\",\"rare.sh\",\"tick.sh\"]\n"
    );
    let list = plain(&shell, &shell.ask(&["hook", "list"]));
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "HOOK RUNS FAILED WAITING STATE LATEST RUN",
            "maps/hook.sh 1 0 0 ran TIME, SPAN, maps: Synchronization: changed nothing",
            "kubernetes maps live ConfigMap in namespace NAMESPACE with labels watched=yes, queue main",
            "rare.sh 0 0 0 no run yet",
            "schedule rare live 0 0 1 1 *, queue later",
        ],
        "{list}"
    );
    let main: Value =
        serde_json::from_str(&shell.ask(&["queue", "main", "-o", "json"])).expect("JSON");
    assert_eq!(main, json!({"name": "main", "tasksCount": 0}));
    let queues = shell.ask(&["queue", "list"]);
    let failing = "HookRun:failing:tick.sh:tick: Schedule";
    assert!(
        queues.contains("Queue 'failing': length") && queues.contains(failing),
        "{queues}"
    );
    let set = shell.ask(&["config", "set", "log.level", "debug", "1m"]);
    assert!(set.starts_with("log.level is debug until"), "{set}");
    let parameters = shell.ask(&["config", "list"]);
    assert!(
        parameters.contains("log.level  debug  info"),
        "{parameters}"
    );
}

#[tokio::test]
async fn snapshot_of_a_hook_has_the_shape_of_the_original() {
    let Some(shell) = three_hooks().await else {
        return;
    };
    let snapshot = shell.ask(&["hook", "snapshot", "maps/hook.sh", "-o", "json"]);
    let mut snapshot: Value = serde_json::from_str(&snapshot).expect("JSON");
    let object = snapshot["maps"]["snapshot"][0]["object"].take();
    assert_eq!(object["metadata"]["name"], "a");
    let counts = json!({"count": 1, "added": 0, "modified": 0, "deleted": 0, "cleaned": 0});
    assert_eq!(
        snapshot,
        json!({"maps": {
            "snapshot": [{"object": null, "filterResult": {"key": "1"}}],
            "operations": {"sinceStart": counts, "sinceLastExecution": counts},
        }})
    );
    let refused = shell.output(&["hook", "snapshot", "nobody.sh"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("there is no hook nobody.sh"), "{told}");
}

/// Every series of a page, without its value; histograms by their count alone.
fn series(page: &str) -> BTreeSet<String> {
    let lines = page
        .lines()
        .filter(|line| line.starts_with("shell_operator_"));
    let series = lines.filter_map(|line| line.rsplit_once(' '));
    let series = series.map(|(series, _)| series.to_owned());
    let is_part = |name: &String| name.contains("_bucket{") || name.contains("_sum{");
    series.filter(|name| !is_part(name)).collect()
}

#[tokio::test]
async fn metrics_have_the_names_and_labels_of_the_original() {
    let Some(shell) = three_hooks().await else {
        return;
    };
    let wanted = |name: &str, labels: &str| format!("shell_operator_{name}{{{labels}}}");
    let maps = r#"binding="maps",hook="maps/hook.sh",queue="main""#;
    let tick = r#"binding="tick",hook="tick.sh",queue="failing""#;
    let hook = r#"hook="maps/hook.sh""#;
    #[rustfmt::skip]
    let table: BTreeSet<String> = [
        ("hook_run_seconds_count", maps), ("hook_run_seconds_count", tick),
        ("hook_run_user_cpu_seconds_count", maps),
        ("hook_run_sys_cpu_seconds_count", maps),
        ("hook_run_max_rss_bytes", maps),
        ("hook_run_success_total", maps),
        ("hook_run_errors_total", tick),
        ("hook_enable_kubernetes_bindings_seconds", hook),
        ("hook_enable_kubernetes_bindings_errors_total", hook),
        ("hook_enable_kubernetes_bindings_success", hook),
        ("kube_snapshot_objects", maps),
        ("task_wait_in_queue_seconds_total", tick),
        ("tasks_queue_length", r#"queue="main""#), ("tasks_queue_length", r#"queue="failing""#),
    ]
    .into_iter()
    .map(|(name, labels)| wanted(name, labels))
    .collect();
    let found = eventually(
        "all series",
        std::time::Duration::from_secs(20),
        async || {
            let found = series(&shell.page("/metrics").unwrap_or_default());
            let missing: Vec<&String> = table.difference(&found).collect();
            if missing.is_empty() {
                Ok(found)
            } else {
                Err(format!("missing {missing:#?} of {found:#?}"))
            }
        },
    )
    .await;
    // Nothing that is of modules.
    let others = found.iter().filter(|series| {
        ["module", "converge", "config_values", "global"]
            .iter()
            .any(|word| series.contains(word))
    });
    assert_eq!(others.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn the_flag_alone_makes_it_a_shell_operator() {
    let Some(mut shell) = Shell::new("alone").await else {
        return;
    };
    let marks = Marks::new();
    let script = hook(
        "{configVersion: v1, onStartup: 1}",
        &marks.note("runs", "$PWD"),
    );
    shell.hooks.write_script("a.sh", &script);
    let mut command = shell.command();
    // Not by its name, nor by a variable; the folder is relative, and hooks run in theirs.
    let parent = shell.hooks.path().parent().expect("a folder").to_owned();
    let name = shell.hooks.path().file_name().expect("a name").to_owned();
    let program = env!("CARGO_BIN_EXE_addon-operator");
    let variables: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .filter(|(name, _)| name != "SHELL_OPERATOR_HOOKS_DIR")
        .collect();
    command = std::process::Command::new(program);
    command
        .env_clear()
        .envs(variables)
        .current_dir(parent)
        .args(["start", "--log-type", "json", "--hooks-dir"])
        .arg(name);
    shell.spawn(command);
    shell.ready().await;
    let root = shell.hooks.path().display().to_string();
    assert_eq!(marks.lines("runs"), [root]);
    assert!(
        shell.log().contains("runs as a shell-operator"),
        "{}",
        shell.log()
    );
    let page = shell.page("/").expect("a page");
    assert!(page.contains("Shell-operator"), "{page}");
    assert!(shell.page("/healthz").expect("a page").contains("200"));
}

#[tokio::test]
async fn a_missing_folder_of_hooks_ends_the_start() {
    let Some(shell) = Shell::new("alone").await else {
        return;
    };
    let output = shell
        .command()
        .args(["start", "--hooks-dir", "/no/such/folder"])
        .output()
        .expect("an end");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    let wanted = "the folder of hooks /no/such/folder does not exist; --hooks-dir or";
    assert!(told.contains(wanted), "{told}");
}
