//! Which module runs after which, and who waits for whom.

use addon_operator::operator::View;
use addon_operator::serve::{ConvergePhase, ModuleState};
use serde_json::{Value, json};

use super::scene::{PATIENCE, Scene, folders, template};
use crate::support::{Modules, eventually, rest, row};

/// The chart of a module that the API server refuses.
fn refused(name: &str) -> String {
    template(name).replace(&format!("name: {name}\n"), "name: Not_A_Name\n")
}

/// When objects were made: the server gives rising versions, and a create is never repeated.
async fn versions(scene: &Scene, names: &[&str]) -> Vec<u64> {
    let mut versions = Vec::new();
    for name in names {
        let version = scene.version(name).await;
        versions.push(version.as_str().expect("a text").parse().expect("a number"));
    }
    versions
}

#[tokio::test]
async fn lighter_modules_are_applied_first() {
    let Some(scene) = Scene::start("weights", folders(&["030-c", "010-a", "020-b"])).await else {
        return;
    };

    let versions = versions(&scene, &["a", "b", "c"]).await;

    assert!(versions.is_sorted(), "{versions:?}");
    scene.operator.stop().await;
}

#[tokio::test]
async fn failing_module_delays_nobody_beyond_its_first_attempt() {
    let modules = folders(&["010-bad", "020-good"]);
    modules.write("010-bad/templates/all.yaml.j2", &refused("bad"));
    let Some(mut scene) = Scene::begin("delays", modules).await else {
        return;
    };

    let view = scene.operator.converged().await;

    let states = ["bad", "good"].map(|name| row(&view, name).expect("a row").state);
    assert_eq!(states, [ModuleState::Failed, ModuleState::Applied]);
    scene.operator.stop().await;
}

#[tokio::test]
async fn failing_module_backs_off_alone() {
    let modules = folders(&["010-bad", "020-good"]);
    modules.write("010-bad/templates/all.yaml.j2", &refused("bad"));
    let Some(scene) = Scene::start("alone", modules).await else {
        return;
    };
    let runs = scene.runs("good").await;

    let page = eventually("bad failed twice", PATIENCE, async || {
        let page = scene.page("/queue/list.text").await;
        page.contains(":failures 2")
            .then_some(page.clone())
            .ok_or(page)
    })
    .await;

    assert!(
        page.contains("Queue 'module/bad': length 1, status: 'sleep after fail for 2s"),
        "{page}"
    );
    assert!(page.contains("ModuleRun:module/bad:bad:"), "{page}");
    assert!((scene.runs("good").await - runs).abs() < 0.1);
    scene
        .modules
        .write("010-bad/templates/all.yaml.j2", &template("bad"));
    scene.says("bad", "hello").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn scripts_of_equal_weights_run_at_once() {
    let names = ["a", "b", "c", "d"];
    let modules = folders(
        &names
            .map(|name| ["010-", name].concat())
            .each_ref()
            .map(String::as_str),
    );
    let here = modules.path().display();
    for name in names {
        // Each waits until all have begun.
        let script = format!(
            "#!/bin/sh\ntouch {here}/{name}\n\
             until [ -e {here}/a -a -e {here}/b -a -e {here}/c -a -e {here}/d ]; do sleep 0.1; done\n\
             echo true > \"$MODULE_ENABLED_RESULT\"\n"
        );
        modules.write_script(&format!("010-{name}/enabled"), &script);
    }

    let Some(mut scene) = Scene::start("equal", modules).await else {
        return;
    };

    for name in names {
        scene.operator.module_is(name, ModuleState::Applied).await;
    }
    scene.operator.stop().await;
}

/// A module with a Deployment, that nobody makes ready unless the test does.
fn with_deployment(modules: &Modules, folder: &str) {
    let name = folder.split_once('-').expect("a number").1;
    modules.write(
        &format!("{folder}/values.yaml"),
        &format!("{name}Enabled: true\n"),
    );
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: main, image: main}}]}}\n"
    );
    modules.write(&format!("{folder}/templates/all.yaml.j2"), &text);
}

/// Plays the Deployment controller: one replica runs.
async fn make_ready(scene: &Scene, name: &str) {
    let path = format!(
        "/apis/apps/v1/namespaces/{}/deployments/{name}",
        scene.namespace
    );
    let there = eventually("the Deployment is there", PATIENCE, async || {
        rest::get(&scene.client, &path)
            .await
            .ok_or("it is not there".to_owned())
    })
    .await;
    let status = json!({"status": {
        "observedGeneration": there["metadata"]["generation"],
        "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
        "conditions": [{"type": "Available", "status": "True"}],
    }});
    rest::merge(
        &scene.client,
        &format!("{path}/status"),
        "controller",
        &status,
    )
    .await;
}

/// Waits until a module is told to wait, with this reason.
async fn waits(scene: &mut Scene, name: &str, why: &str) {
    let is_so = |view: &View| row(view, name).is_some_and(|row| row.message.contains(why));
    scene.operator.until(&format!("{name} {why}"), is_so).await;
}

#[tokio::test]
async fn module_waits_until_what_it_requires_is_ready() {
    let modules = folders(&["005-shop", "030-other"]);
    modules.write(
        "005-shop/module.yaml",
        "requires:\n- {name: web, ready: true}\n",
    );
    with_deployment(&modules, "010-web");
    let Some(mut scene) = Scene::begin("ready", modules).await else {
        return;
    };

    waits(&mut scene, "shop", "requires web, which is not ready yet").await;
    // The order stands: who is heavier waits for the first attempt.
    assert_eq!(scene.object("other").await, None);
    assert_eq!(scene.object("shop").await, None);
    make_ready(&scene, "web").await;

    scene.says("shop", "hello").await;
    scene.says("other", "hello").await;
    scene.operator.converged().await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn edit_of_a_module_that_is_not_ready_takes_effect_at_once() {
    let modules = folders(&["020-shop"]);
    modules.write(
        "020-shop/module.yaml",
        "requires:\n- {name: web, ready: true}\n",
    );
    with_deployment(&modules, "010-web");
    let Some(mut scene) = Scene::begin("unready-edit", modules).await else {
        return;
    };
    waits(&mut scene, "shop", "requires web, which is not ready yet").await;

    let chart =
        "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {text: added}\n";
    scene.modules.write("010-web/templates/more.yaml.j2", chart);

    scene.says("web", "added").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn module_that_is_not_ready_in_time_holds_only_what_requires_it() {
    let modules = folders(&["020-shop", "030-other"]);
    modules.write(
        "020-shop/module.yaml",
        "requires:\n- {name: web, ready: true}\n",
    );
    with_deployment(&modules, "010-web");
    modules.write("010-web/module.yaml", "timeouts: {ready: 1s}\n");
    let Some(mut scene) = Scene::begin("unready", modules).await else {
        return;
    };

    waits(
        &mut scene,
        "shop",
        "requires web, which did not become ready in time",
    )
    .await;
    scene.operator.converged().await;
    scene.says("other", "hello").await;
    assert_eq!(scene.object("shop").await, None);
    make_ready(&scene, "web").await;

    scene.says("shop", "hello").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn module_waits_until_what_it_requires_is_applied() {
    let modules = folders(&["010-shop", "020-web"]);
    modules.write("010-shop/module.yaml", "requires: [web]\n");
    modules.write("020-web/templates/all.yaml.j2", &refused("web"));
    let Some(mut scene) = Scene::begin("applied", modules).await else {
        return;
    };

    waits(&mut scene, "shop", "requires web, which failed").await;
    scene.operator.converged().await;
    assert_eq!(scene.object("shop").await, None);
    scene
        .modules
        .write("020-web/templates/all.yaml.j2", &template("web"));

    scene.says("shop", "hello").await;
    let versions = versions(&scene, &["web", "shop"]).await;
    assert!(versions.is_sorted(), "{versions:?}");
    scene.operator.stop().await;
}

#[tokio::test]
async fn unknown_requirement_is_told_and_converge_goes_on() {
    let modules = folders(&["010-shop", "020-other"]);
    modules.write(
        "010-shop/module.yaml",
        "description: a shop\nrequires: [othr]\n",
    );
    let Some(mut scene) = Scene::begin("unknown", modules).await else {
        return;
    };

    scene.operator.converged().await;

    scene.says("other", "hello").await;
    assert_eq!(scene.object("shop").await, None);
    let told = |status: &Value| {
        let message = status["message"].as_str().unwrap_or_default();
        message.contains("010-shop/module.yaml:2") && message.contains("did you mean other?")
    };
    scene.status("shop", told).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn disabled_requirement_holds_and_is_told() {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write("010-web/values.yaml", "web: {text: hello}\n");
    modules.write("020-shop/module.yaml", "requires: [web]\n");
    let Some(mut scene) = Scene::begin("disabled", modules).await else {
        return;
    };

    waits(&mut scene, "shop", "requires web, which is not enabled").await;
    scene.operator.converged().await;
    scene.config(json!({"webEnabled": "true"})).await;

    scene.says("shop", "hello").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn module_in_any_order_minds_no_weights() {
    let modules = folders(&["090-free", "020-bound"]);
    modules.write("090-free/module.yaml", "order: any\n");
    with_deployment(&modules, "010-web");
    // Nothing of weight 20 starts before web is ready.
    modules.write(
        "020-bound/module.yaml",
        "requires: [{name: web, ready: true}]\n",
    );
    let Some(mut scene) = Scene::begin("any", modules).await else {
        return;
    };

    waits(&mut scene, "bound", "requires web").await;

    scene.says("free", "hello").await;
    assert_eq!(scene.object("bound").await, None);
    scene.operator.stop().await;
}

#[tokio::test]
async fn strict_order_waits_for_success() {
    let modules = folders(&["010-bad", "020-good"]);
    modules.write("010-bad/templates/all.yaml.j2", &refused("bad"));
    let start = Scene::begin_with("strict", modules, |settings| {
        settings.modules.strict_order = true
    });
    let Some(mut scene) = start.await else { return };

    scene.operator.module_is("bad", ModuleState::Failed).await;
    waits(&mut scene, "good", "waits for bad (weight 10)").await;
    assert_eq!(scene.object("good").await, None);
    let unready = |view: &View| view.converge.startup == ConvergePhase::InProgress;
    scene
        .operator
        .until("the first converge goes on", unready)
        .await;
    scene
        .modules
        .write("010-bad/templates/all.yaml.j2", &template("bad"));

    scene.says("good", "hello").await;
    scene.operator.converged().await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn disabled_modules_go_in_reverse_order() {
    let modules = folders(&["010-a", "020-b", "030-c"]);
    let finalizer = "name: b\n  finalizers: [tests.example.com/hold]\n";
    let held = template("b").replace("name: b\n", finalizer);
    modules.write("020-b/templates/all.yaml.j2", &held);
    let Some(mut scene) = Scene::start("reverse", modules).await else {
        return;
    };

    scene
        .config(json!({"aEnabled": "false", "bEnabled": "false", "cEnabled": "false"}))
        .await;

    scene.loses("c").await;
    scene.operator.module_is("c", ModuleState::Disabled).await;
    eventually("a waits for b", PATIENCE, async || {
        let page = scene.page("/queue/list.text").await;
        page.contains("waits until b is deleted")
            .then_some(())
            .ok_or(page)
    })
    .await;
    assert!(scene.object("a").await.is_some());
    let free = json!({"metadata": {"finalizers": null}});
    rest::merge(&scene.client, &scene.path("b"), "a-person", &free).await;
    scene.loses("b").await;
    scene.loses("a").await;
    scene.operator.stop().await;
}
