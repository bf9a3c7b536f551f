//! `enabled` scripts: what they answer, and that they concern their own module alone.

use std::time::Duration;

use addon_operator::serve::ModuleState;
use serde_json::json;

use super::scene::{Scene, folders};
use crate::support::{Modules, row};

const YES: &str = "#!/bin/sh\necho true > \"$MODULE_ENABLED_RESULT\"\n";

/// `web` with this script, `shop` without one.
fn with_script(script: &str) -> Modules {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write_script("010-web/enabled", script);
    modules
}

#[tokio::test]
async fn script_that_says_true_lets_its_module_run() {
    let Some(mut scene) = Scene::start("yes", with_script(YES)).await else {
        return;
    };

    scene.says("web", "hello").await;
    scene.operator.module_is("web", ModuleState::Applied).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn script_that_says_false_disables_and_tells_why() {
    let script = "#!/bin/sh\necho false > \"$MODULE_ENABLED_RESULT\"\n\
                  echo 'no such cloud' > \"$MODULE_ENABLED_REASON\"\n";
    let Some(mut scene) = Scene::start("no", with_script(script)).await else {
        return;
    };

    let off = scene.operator.module_is("web", ModuleState::Disabled).await;
    assert_eq!(
        (off.enabled, off.decided_by.as_str()),
        (false, "ScriptEnabled")
    );
    assert!(off.message.contains("no such cloud"), "{off:?}");
    assert_eq!(scene.object("web").await, None);
    scene.says("shop", "hello").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn script_sees_values_and_lighter_modules() {
    let script = "#!/bin/sh\n\
        if grep -q '\"text\":\"wanted\"' \"$CONFIG_VALUES_PATH\" && grep -q '\"enabledModules\":\\[\"shop\"\\]' \"$VALUES_PATH\"\n\
        then echo true; else echo false; fi > \"$MODULE_ENABLED_RESULT\"\n";
    let modules = folders(&["010-shop", "020-web"]);
    modules.write_script("020-web/enabled", script);
    let Some(mut scene) = Scene::start("sees", modules).await else {
        return;
    };
    scene.operator.module_is("web", ModuleState::Disabled).await;

    scene
        .config(json!({"web": "text: wanted\n", "shopEnabled": "true"}))
        .await;

    scene.says("web", "wanted").await;
    scene.operator.stop().await;
}

/// A script that fails from the start: told, repeated, and nobody else is disturbed.
async fn fails_alone(prefix: &str, script: &str, words: &str) {
    let start = Scene::begin_with(prefix, with_script(script), |settings| {
        settings.limits.script_timeout = Duration::from_secs(2);
    });
    let Some(mut scene) = start.await else { return };

    scene.says("shop", "hello").await;
    scene.operator.converged().await;
    let told = scene.operator.module_is("web", ModuleState::Failed).await;
    assert_eq!(told.reason, "EnabledScriptFailed");
    assert!(told.message.contains(words), "{told:?}");
    let status = scene
        .status("web", |status| status["state"] == "Failed")
        .await;
    assert!(
        status["message"].as_str().expect("a text").contains(words),
        "{status}"
    );
    assert!(
        scene
            .metric("addon_operator_modules_discover_errors_total")
            .await
            > 0.0
    );
    assert_eq!(scene.object("web").await, None);

    scene.modules.write_script("010-web/enabled", YES);
    scene.says("web", "hello").await;
    scene.operator.module_is("web", ModuleState::Applied).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn script_that_exits_1_concerns_its_module_alone() {
    let script = "#!/bin/sh\necho 'the cloud is away' >&2\nexit 1\n";
    fails_alone("exits", script, "ended with exit code 1: the cloud is away").await;
}

#[tokio::test]
async fn script_that_hangs_concerns_its_module_alone() {
    fails_alone("hangs", "#!/bin/sh\nsleep 1000\n", "did not end within 2s").await;
}

#[tokio::test]
async fn script_that_answers_garbage_concerns_its_module_alone() {
    let script = "#!/bin/sh\necho maybe > \"$MODULE_ENABLED_RESULT\"\n";
    fails_alone("garbage", script, "expected true or false").await;
}

#[tokio::test]
async fn script_that_answers_nothing_concerns_its_module_alone() {
    fails_alone("silent", "#!/bin/sh\n", "expected true or false").await;
}

#[tokio::test]
async fn script_that_cannot_start_concerns_its_module_alone() {
    fails_alone(
        "nointerpreter",
        "#!/no/such/shell\n",
        "is the interpreter of its first line installed?",
    )
    .await;
}

#[tokio::test]
async fn failing_script_that_once_said_true_loses_nothing() {
    let Some(mut scene) = Scene::start("once", with_script(YES)).await else {
        return;
    };
    scene.says("web", "hello").await;
    let before = scene.object("web").await;

    scene
        .modules
        .write_script("010-web/enabled", "#!/bin/sh\nexit 1\n");

    let told = scene.operator.module_is("web", ModuleState::Failed).await;
    assert!(told.enabled, "{told:?}");
    assert_eq!(scene.object("web").await, before);
    scene.config(json!({"shop": "text: undisturbed\n"})).await;
    scene.says("shop", "undisturbed").await;
    assert_eq!(scene.object("web").await, before);
    scene.modules.write_script("010-web/enabled", YES);
    scene.operator.module_is("web", ModuleState::Applied).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn failing_script_after_a_restart_loses_nothing() {
    let Some(scene) = Scene::start("restart-script", with_script(YES)).await else {
        return;
    };
    let before = scene.object("web").await;
    scene.operator.stop().await;
    scene
        .modules
        .write_script("010-web/enabled", "#!/bin/sh\nexit 1\n");

    let kubeconfig = scene.server.kubeconfig();
    let path = scene.modules.path();
    let mut again = crate::support::Operator::start(kubeconfig, &scene.namespace, path);
    again.converged().await;

    again.module_is("web", ModuleState::Failed).await;
    let path = format!("/api/v1/namespaces/{}/configmaps/web", scene.namespace);
    assert_eq!(
        crate::support::rest::get(&scene.client, &path).await,
        before
    );
    again.stop().await;
}

#[tokio::test]
async fn script_that_turns_to_false_removes_its_module() {
    let Some(scene) = Scene::start("turns", with_script(YES)).await else {
        return;
    };
    scene.says("web", "hello").await;

    let no = "#!/bin/sh\necho false > \"$MODULE_ENABLED_RESULT\"\n";
    scene.modules.write_script("010-web/enabled", no);

    scene.loses("web").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn script_is_not_asked_about_a_module_that_nothing_enables() {
    let modules = with_script("#!/bin/sh\nexit 1\n");
    modules.write("010-web/values.yaml", "web: {text: hello}\n");

    let Some(mut scene) = Scene::start("unasked", modules).await else {
        return;
    };

    let view = scene.operator.converged().await;
    let row = row(&view, "web").expect("a row");
    assert_eq!((row.state, row.enabled), (ModuleState::Disabled, false));
    scene.operator.stop().await;
}
