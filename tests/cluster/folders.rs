//! Module folders that come, change and go while the operator runs.

use addon_operator::serve::ModuleState;
use serde_json::Value;

use super::scene::{PATIENCE, Scene, folders, rename, simple, template, write};
use crate::support::{Modules, eventually, rest, row};

const SCHEMA: &str =
    "type: object\nadditionalProperties: false\nproperties:\n  text:\n    type: string\n";

#[tokio::test]
async fn added_folder_becomes_a_module() {
    let Some(scene) = Scene::start("added", folders(&["010-web"])).await else {
        return;
    };
    let untouched = scene.version("web").await;

    write(&scene.modules, &simple("020-shop"));

    scene.says("shop", "hello").await;
    assert_eq!(scene.version("web").await, untouched);
    scene.operator.stop().await;
}

#[tokio::test]
async fn first_folder_in_an_empty_directory_becomes_a_module() {
    let Some(scene) = Scene::start("first", Modules::new()).await else {
        return;
    };

    write(&scene.modules, &simple("010-web"));

    scene.says("web", "hello").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn edited_template_is_applied() {
    let Some(scene) = Scene::start("edited", folders(&["010-web", "020-shop"])).await else {
        return;
    };
    let untouched = scene.version("shop").await;

    let text = template("web").replace("| quote", "| upper | quote");
    scene.modules.write("010-web/templates/all.yaml.j2", &text);

    scene.says("web", "HELLO").await;
    assert_eq!(scene.version("shop").await, untouched);
    scene.operator.stop().await;
}

#[tokio::test]
async fn edited_values_are_applied() {
    let Some(scene) = Scene::start("values", folders(&["010-web"])).await else {
        return;
    };

    let text = "webEnabled: true\nweb:\n  text: edited\n";
    scene.modules.write("010-web/values.yaml", text);

    scene.says("web", "edited").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn common_values_are_applied() {
    let Some(scene) = Scene::start("common", folders(&["010-web"])).await else {
        return;
    };
    let text = template("web").replace("Values.web.text", "Values.global.town");
    scene.modules.write("010-web/templates/all.yaml.j2", &text);

    scene.modules.write("values.yaml", "global: {town: Kyiv}\n");

    scene.says("web", "Kyiv").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn new_number_moves_a_module_and_keeps_its_objects() {
    let Some(mut scene) = Scene::start("moved", folders(&["010-web", "020-shop"])).await else {
        return;
    };
    let before = scene.object("web").await.expect("a ConfigMap");

    rename(scene.modules.path(), "010-web", "090-web");

    let is_moved = |view: &_| row(view, "web").is_some_and(|row| row.weight == 90);
    scene.operator.until("web has weight 90", is_moved).await;
    scene.operator.module_is("web", ModuleState::Applied).await;
    let after = scene.object("web").await.expect("a ConfigMap");
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    scene.operator.stop().await;
}

#[tokio::test]
async fn new_name_is_another_module() {
    let Some(mut scene) = Scene::start("renamed", folders(&["010-web", "020-shop"])).await else {
        return;
    };

    rename(scene.modules.path(), "010-web", "010-site");
    write(&scene.modules, &simple("010-site"));

    scene.says("site", "hello").await;
    scene.loses("web").await;
    let is_gone = |view: &_| row(view, "web").is_none();
    scene.operator.until("web is gone", is_gone).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn removed_folder_is_purged_after_the_settle_time() {
    let names = ["010-web", "020-shop", "030-mail"];
    let Some(mut scene) = Scene::start("removed", folders(&names)).await else {
        return;
    };

    scene.modules.remove("020-shop");

    scene.loses("shop").await;
    let is_gone = |view: &_| row(view, "shop").is_none();
    scene.operator.until("shop is gone", is_gone).await;
    let module = format!(
        "/apis/addon-operator.io/v1alpha1/namespaces/{}/modules/shop",
        scene.namespace
    );
    eventually(
        "the Module object is gone",
        PATIENCE,
        async || match rest::get(&scene.client, &module).await {
            None => Ok(()),
            Some(object) => Err(object.to_string()),
        },
    )
    .await;
    assert!(scene.object("web").await.is_some());
    scene.operator.stop().await;
}

#[tokio::test]
async fn folder_that_comes_back_within_the_settle_time_keeps_everything() {
    let start = Scene::begin_with("back", folders(&["010-web", "020-shop"]), |settings| {
        settings.modules.purge_settle = PATIENCE;
    });
    let Some(mut scene) = start.await else { return };
    scene.operator.converged().await;
    let before = scene.object("shop").await.expect("a ConfigMap");

    rename(scene.modules.path(), "020-shop", ".shop");
    write(&scene.modules, &simple("030-mail"));
    scene.says("mail", "hello").await;
    rename(scene.modules.path(), ".shop", "020-shop");
    write(&scene.modules, &simple("040-chat"));

    scene.says("chat", "hello").await;
    assert_eq!(scene.object("shop").await, Some(before));
    scene.operator.stop().await;
}

/// A folder that broke: told with its place in `module list` and in the status, by an event; the
/// last good version keeps running, and no other module is disturbed.
async fn is_told_and_disturbs_nobody(prefix: &str, file: &str, text: &str, words: &[&str]) {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write("010-web/openapi/values.yaml", SCHEMA);
    let Some(mut scene) = Scene::start(prefix, modules).await else {
        return;
    };
    let untouched = scene.version("shop").await;

    scene.modules.write(&format!("010-web/{file}"), text);

    let has_all = |message: &str| words.iter().all(|word| message.contains(word));
    let is_told = |view: &_| row(view, "web").is_some_and(|row| has_all(&row.message));
    let what = format!("the row of web says {words:?}");
    scene.operator.until(&what, is_told).await;
    let says = |status: &Value| has_all(status["message"].as_str().unwrap_or_default());
    scene.status("web", says).await;
    rest::delete(&scene.client, &scene.path("web")).await;
    scene.says("web", "hello").await;
    assert_eq!(scene.version("shop").await, untouched);

    write(&scene.modules, &simple("010-web"));
    scene.modules.write("010-web/openapi/values.yaml", SCHEMA);
    scene
        .modules
        .write("010-web/module.yaml", "description: mended\n");
    let is_mended = |view: &_| row(view, "web").is_some_and(|row| row.message.is_empty());
    scene.operator.until("web is mended", is_mended).await;
    scene.operator.module_is("web", ModuleState::Applied).await;
    scene.operator.stop().await;
}

macro_rules! broken_folders {
    ($($name:ident: $file:literal, $text:expr => $words:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            is_told_and_disturbs_nobody("broken", $file, $text, &$words).await;
        }
    )*};
}

broken_folders! {
    tab_in_values_is_told: "values.yaml", "webEnabled: true\nweb:\n\ttext: hello\n"
        => ["010-web/values.yaml:3", "tab"];
    wrong_type_in_values_is_told: "values.yaml", "webEnabled: true\nweb:\n  text: [1]\n"
        => ["010-web/values.yaml:3", "text", "string"];
    unknown_key_in_values_is_told: "values.yaml", "webEnabled: true\nweb:\n  text: hello\n  txt: a\n"
        => ["010-web/values.yaml:4", "txt", "did you mean", "text"];
    unknown_key_in_module_yaml_is_told: "module.yaml", "description: a web\nrequire: [shop]\n"
        => ["010-web/module.yaml:2", "require", "did you mean", "requires"];
    template_syntax_error_is_told: "templates/all.yaml.j2", "a: 1\nb: {{ Values.web.text\n"
        => ["010-web/templates/all.yaml.j2:", "syntax error"];
    undefined_value_is_told: "templates/all.yaml.j2", "a: 1\nb: {{ Values.web.txt }}\n"
        => ["010-web/templates/all.yaml.j2:2", "Values.web.txt", "did you mean text?"];
    endless_loop_is_told: "templates/all.yaml.j2",
        "{% macro again() %}{% for a in range(9999) %}{% for b in range(9999) %}\n{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}{% endmacro %}\n{{ again() }}"
        => ["010-web/templates/all.yaml.j2:", "does not end"];
    object_without_a_name_is_told: "templates/all.yaml.j2", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n"
        => ["010-web/templates/all.yaml.j2:", "name"];
    manifest_that_is_not_yaml_is_told: "templates/all.yaml.j2", "apiVersion: v1\nkind: [ConfigMap\n"
        => ["010-web/templates/all.yaml.j2:"];
    broken_schema_is_told: "openapi/values.yaml", "type: object\nproperties:\n  text: {type: strin}\n"
        => ["010-web/openapi/values.yaml:3", "strin"];
}

#[tokio::test]
async fn folder_that_is_broken_from_the_start_disturbs_nobody() {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write(
        "010-web/values.yaml",
        "webEnabled: true\nweb:\n\ttext: hello\n",
    );

    let Some(mut scene) = Scene::start("unborn", modules).await else {
        return;
    };

    scene.says("shop", "hello").await;
    let told = scene.operator.module_is("web", ModuleState::Failed).await;
    assert!(told.message.contains("010-web/values.yaml:3"), "{told:?}");
    scene
        .status("web", |status| status["state"] == "Failed")
        .await;
    let event = scene.event("InvalidModule").await;
    assert!(event.contains("010-web/values.yaml:3"), "{event}");
    scene.operator.stop().await;
}

#[tokio::test]
async fn folder_that_broke_while_nobody_looked_loses_nothing() {
    let Some(scene) = Scene::start("asleep", folders(&["010-web", "020-shop"])).await else {
        return;
    };
    let before = scene.object("web").await;
    scene.operator.stop().await;
    scene
        .modules
        .write("010-web/values.yaml", "web:\n\ttext: hello\n");

    let mut again = crate::support::Operator::start(
        scene.server.kubeconfig(),
        &scene.namespace,
        scene.modules.path(),
    );
    again.converged().await;

    again.module_is("web", ModuleState::Failed).await;
    let path = format!("/api/v1/namespaces/{}/configmaps/web", scene.namespace);
    assert_eq!(rest::get(&scene.client, &path).await, before);
    again.stop().await;
}

#[tokio::test]
async fn second_folder_of_one_name_is_told_and_left() {
    let Some(mut scene) = Scene::start("twins", folders(&["010-web", "020-shop"])).await else {
        return;
    };
    let before = scene.object("web").await;

    let twin = "webEnabled: true\nweb:\n  text: twin\n";
    scene.modules.write("030-web/values.yaml", twin);
    scene
        .modules
        .write("030-web/templates/all.yaml.j2", &template("web"));

    scene.notes(&["010-web", "030-web"]).await;
    assert_eq!(scene.object("web").await, before);
    scene.modules.remove("030-web");
    scene.no_notes().await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn bad_folder_name_is_told_with_a_proposal() {
    let Some(mut scene) = Scene::start("badname", folders(&["010-web"])).await else {
        return;
    };

    scene.modules.write("020-Big_Shop/values.yaml", "");

    scene
        .notes(&["020-Big_Shop", "rename it to \"big-shop\""])
        .await;
    scene.operator.stop().await;
}

const FIVE: [&str; 5] = ["010-a", "020-b", "030-c", "040-d", "050-e"];

/// The guard holds: it is shown everywhere, and nothing goes.
async fn holds(scene: &mut Scene, names: &[&str], why: &str) {
    scene.notes(&[why, "nothing of"]).await;
    for name in names {
        let held = scene.operator.module_is(name, ModuleState::Held).await;
        assert_eq!(held.reason, "FolderGone");
        scene.status(name, |status| status["state"] == "Held").await;
    }
    let event = scene.event("PurgeHeld").await;
    assert!(
        event.contains(why) && event.contains("module purge"),
        "{event}"
    );
    for name in names {
        assert!(scene.object(name).await.is_some(), "{name} is gone");
    }
}

/// Everything is as it was before the folders went.
async fn is_normal(scene: &mut Scene, names: &[&str]) {
    scene.no_notes().await;
    for name in names {
        scene.operator.module_is(name, ModuleState::Applied).await;
        scene
            .status(name, |status| status["state"] == "Applied")
            .await;
    }
}

#[tokio::test]
async fn emptied_directory_uninstalls_nothing() {
    let Some(mut scene) = Scene::start("emptied", folders(&FIVE)).await else {
        return;
    };

    for folder in FIVE {
        scene.modules.remove(folder);
    }

    holds(&mut scene, &["a", "b", "c", "d", "e"], "holds no module").await;
    for folder in FIVE {
        write(&scene.modules, &simple(folder));
    }
    is_normal(&mut scene, &["a", "b", "c", "d", "e"]).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn unmounted_directory_uninstalls_nothing() {
    let Some(mut scene) = Scene::start("unmounted", folders(&FIVE)).await else {
        return;
    };
    let elsewhere = tempfile::tempdir().expect("a folder");
    let away = elsewhere.path().join("modules");

    std::fs::rename(scene.modules.path(), &away).expect("another place");

    holds(&mut scene, &["a", "b", "c", "d", "e"], "does not exist").await;
    std::fs::rename(&away, scene.modules.path()).expect("the old place");
    is_normal(&mut scene, &["a", "b", "c", "d", "e"]).await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn directory_that_is_absent_from_the_start_is_told_and_waited_for() {
    let modules = Modules::new();
    let directory = modules.path().join("mounted-later");
    let absent = directory.clone();
    let change = |settings: &mut addon_operator::operator::Settings| {
        settings.folders.modules = vec![absent];
    };
    let Some(mut scene) = Scene::begin_with("absent", modules, change).await else {
        return;
    };
    scene.notes(&["mounted-later does not exist"]).await;

    for (path, text) in simple("010-web") {
        scene.modules.write(&format!("mounted-later/{path}"), &text);
    }

    scene.says("web", "hello").await;
    scene.no_notes().await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn half_of_the_modules_lost_at_once_uninstalls_nothing() {
    let Some(mut scene) = Scene::start("half", folders(&FIVE)).await else {
        return;
    };

    for folder in &FIVE[..3] {
        scene.modules.remove(folder);
    }

    holds(&mut scene, &["a", "b", "c"], "3 of 5 modules").await;
    assert_eq!(
        row(&scene.operator.converged().await, "d")
            .expect("a row")
            .state,
        ModuleState::Applied
    );
    scene.operator.stop().await;
}

#[tokio::test]
async fn purge_goes_on_with_one_held_module() {
    let Some(mut scene) = Scene::start("purge", folders(&FIVE)).await else {
        return;
    };
    for folder in &FIVE[..3] {
        scene.modules.remove(folder);
    }
    holds(&mut scene, &["a", "b", "c"], "3 of 5 modules").await;

    let said = scene.purge("b").await.expect("an answer");

    assert_eq!(said, "module b is being removed\n");
    scene.loses("b").await;
    let is_gone = |view: &_| row(view, "b").is_none();
    scene.operator.until("b is gone", is_gone).await;
    scene
        .notes(&["3 of 5 modules", "nothing of a, c is removed"])
        .await;
    holds(&mut scene, &["a", "c"], "3 of 5 modules").await;
    let refused = scene.purge("d").await.expect_err("a refusal").to_string();
    assert!(
        refused.contains("has a folder") && refused.contains("dEnabled"),
        "{refused}"
    );
    scene.operator.stop().await;
}

#[tokio::test]
async fn modules_that_went_while_nobody_looked_are_held_too() {
    let Some(scene) = Scene::start("overnight", folders(&FIVE)).await else {
        return;
    };
    scene.operator.stop().await;
    for folder in &FIVE[..4] {
        scene.modules.remove(folder);
    }

    let kubeconfig = scene.server.kubeconfig();
    let path = scene.modules.path();
    let mut again = crate::support::Operator::start(kubeconfig, &scene.namespace, path);
    again.converged().await;

    for name in ["a", "b", "c", "d"] {
        again.module_is(name, ModuleState::Held).await;
        let path = format!("/api/v1/namespaces/{}/configmaps/{name}", scene.namespace);
        assert!(rest::get(&scene.client, &path).await.is_some());
    }
    again.stop().await;
}
