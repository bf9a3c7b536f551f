//! Hooks that are no hooks, fail, hang, and leave things behind: each concerns its module alone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use addon_operator::serve::ModuleState;
use serde_json::Value;

use super::hook_script::{Marks, before_helm, hook, seen_chart, set_value, until_dead};
use super::stage::Stage;
use crate::support::{SmallDisk, say};

fn sees(object: &Value, text: &str) -> bool {
    object["data"]["seen"] == text
}

/// A stage with the module `web`, and `shop`, which has no hooks and must not suffer.
async fn stage() -> Option<Stage> {
    let stage = Stage::with("bad", &seen_chart("web")).await?;
    stage.chart("shop", &seen_chart("shop"));
    Some(stage)
}

#[tokio::test]
async fn file_is_no_hook_until_it_is_executable() {
    let Some(stage) = stage().await else { return };
    let script = before_helm(&set_value("web", "seen", "the hook"));
    let path = "010-web/hooks/a.sh";
    stage.modules.write(path, &script);
    let operator = stage.run_well().await;
    assert!(sees(&stage.get("configmaps/web").await, "nothing"));

    let path = stage.modules.path().join(path);
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("a mode");
    let is_so = |object: &Value| sees(object, "the hook");
    stage.until("configmaps/web", "it is a hook", is_so).await;
    operator.stop().await;
}

#[tokio::test]
async fn garbage_for_config_is_told_with_hook_and_mistake_and_mended_at_run_time() {
    let Some(stage) = stage().await else { return };
    stage.hook(
        "web",
        "a.sh",
        "#!/bin/bash\necho 'configVersion: v1'\necho 'onStart: 1'\n",
    );
    stage.hook("web", "b.sh", "#!/no/such/interpreter\n");
    stage.hook(
        "web",
        "c.sh",
        "#!/bin/bash\necho 'no bindings' >&2; exit 3\n",
    );
    let (mut operator, row) = stage.run_badly().await;
    assert_eq!(row.reason, "InvalidHooks");
    for words in [
        "010-web/hooks/a.sh --config:2:1: onStart: unknown key",
        "hooks/b.sh",
        "hook 010-web/hooks/c.sh ended with exit code 3 when asked for its bindings",
        "no bindings",
    ] {
        assert!(row.message.contains(words), "{words}: {}", row.message);
    }
    operator.module_is("shop", ModuleState::Applied).await;
    operator.converged().await;
    assert!(stage.find("configmaps/web").await.is_none());

    stage.hook("web", "a.sh", &before_helm(&set_value("web", "seen", "a")));
    stage.modules.remove("010-web/hooks/b.sh");
    stage.modules.remove("010-web/hooks/c.sh");
    operator.module_is("web", ModuleState::Applied).await;
    assert!(sees(&stage.get("configmaps/web").await, "a"));
    operator.stop().await;
}

#[tokio::test]
async fn failing_hook_fails_its_module_alone_and_is_mended_at_run_time() {
    let Some(stage) = stage().await else { return };
    let marks = Marks::new();
    let body = format!(
        "{}\n{}\necho not today >&2; exit 1",
        marks.note("runs", "run"),
        set_value("web", "seen", "half done")
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let (mut operator, row) = stage.run_badly().await;
    assert_eq!(row.reason, "HookFailed");
    for words in ["hooks/a.sh", "exit code 1", "not today"] {
        assert!(row.message.contains(words), "{words}: {}", row.message);
    }
    operator.module_is("shop", ModuleState::Applied).await;
    operator.converged().await;
    assert!(stage.event("HookFailed").await.contains("not today"));
    marks.until("runs", 2).await;
    assert!(stage.find("configmaps/web").await.is_none());

    // Also what it listens to is another: the folder is read again before the module goes on.
    let body = format!(
        "grep -q onStartup $BINDING_CONTEXT_PATH || exit 1\n{}",
        set_value("web", "seen", "mended")
    );
    let mended = hook("{configVersion: v1, onStartup: 1}", &body);
    stage.hook("web", "a.sh", &mended);
    operator.module_is("web", ModuleState::Applied).await;
    assert!(sees(&stage.get("configmaps/web").await, "mended"));
    let before = marks.lines("runs").len();
    assert!(before < 6, "it backs off: {before} runs");
    operator.stop().await;
}

#[tokio::test]
async fn hook_that_hangs_and_ignores_sigterm_is_killed_with_all_it_started() {
    let Some(stage) = stage().await else { return };
    let marks = Marks::new();
    let body = format!(
        "trap '' TERM\necho I wait >&2\nsleep 1000 & {}\n{}\nwait; sleep 1000",
        marks.note("child", "$!"),
        marks.note("self", "$$")
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let mut operator =
        stage.start_with(|settings| settings.limits.hook_timeout = Some(Duration::from_secs(1)));
    operator.module_is("shop", ModuleState::Applied).await;
    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "HookFailed");
    for words in ["hooks/a.sh", "did not end within 1s", "I wait"] {
        assert!(row.message.contains(words), "{words}: {}", row.message);
    }
    until_dead(&marks.until("child", 1).await[0]).await;
    until_dead(&marks.until("self", 1).await[0]).await;

    stage.hook("web", "a.sh", &before_helm(""));
    operator.module_is("web", ModuleState::Applied).await;
    operator.stop().await;
}

#[tokio::test]
async fn hook_that_hangs_is_ended_by_the_end_of_the_operator() {
    let Some(stage) = stage().await else { return };
    let marks = Marks::new();
    let body = format!("trap '' TERM\n{}\nsleep 1000", marks.note("self", "$$"));
    stage.hook("web", "a.sh", &before_helm(&body));
    let mut operator = stage.start();
    operator.module_is("shop", ModuleState::Applied).await;
    let process = marks.until("self", 1).await.remove(0);
    let begun = Instant::now();
    operator.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    until_dead(&process).await;
}

#[tokio::test]
async fn daemon_of_a_hook_is_gone_after_it() {
    let Some(stage) = stage().await else { return };
    let marks = Marks::new();
    let daemon = format!("echo $$ >> {}; exec sleep 1000", marks.text("daemon"));
    let body = format!(
        "setsid nohup bash -c '{daemon}' >/dev/null 2>&1 &\n{}\n{}",
        marks.await_in_hook("daemon"),
        set_value("web", "seen", "done")
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let operator = stage.run_well().await;
    assert!(sees(&stage.get("configmaps/web").await, "done"));
    until_dead(&marks.until("daemon", 1).await[0]).await;
    operator.stop().await;
}

#[tokio::test]
async fn output_without_end_and_of_any_bytes_does_no_harm() {
    let Some(stage) = stage().await else { return };
    let body = format!(
        r"printf '\xff\xfe no text\n'
yes 'much to say' | head -c 60000000
head -c 40000000 /dev/zero >&2
{}",
        set_value("web", "seen", "done")
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let operator = stage.run_well().await;
    assert!(sees(&stage.get("configmaps/web").await, "done"));
    operator.stop().await;
}

#[tokio::test]
async fn full_disk_fails_the_hook_and_is_over_by_itself() {
    let Some(stage) = stage().await else { return };
    let marks = Marks::new();
    let Some(disk) = SmallDisk::mount(marks.path("small")) else {
        say("SKIPPED: a small file system cannot be mounted here");
        return;
    };
    let values = format!("webEnabled: true\nweb: {{big: {}}}\n", "x".repeat(100_000));
    stage.modules.write("010-web/values.yaml", &values);
    let body = set_value("web", "seen", "done");
    stage.hook("web", "a.sh", &before_helm(&body));
    let folder = disk.path().to_owned();
    let mut operator = stage.start_with(|settings| settings.folders.temporary = folder);
    let row = operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(row.reason, "HookFailed");
    for words in ["running hook", "hooks/a.sh", "No space left"] {
        assert!(row.message.contains(words), "{words}: {}", row.message);
    }
    operator.module_is("shop", ModuleState::Applied).await;
    disk.grow();
    operator.module_is("web", ModuleState::Applied).await;
    operator.stop().await;
}
