//! The `ConfigMap` in which people set values.

use addon_operator::cluster;
use addon_operator::config_values;
use addon_operator::name::ValuesKey;
use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::scene::{Scene, folders, template};
use crate::support::{Modules, Operator, eventually, rest, row};

const SCHEMA: &str = "type: object\nproperties:\n  text:\n    type: string\n";

/// Two modules; the section of `web` has a schema.
fn two() -> Modules {
    let modules = folders(&["010-web", "020-shop"]);
    modules.write("010-web/openapi/config-values.yaml", SCHEMA);
    modules
}

#[tokio::test]
async fn created_config_map_takes_effect() {
    let Some(scene) = Scene::start("created", two()).await else {
        return;
    };
    assert_eq!(scene.object("addon-operator").await, None);

    scene.config(json!({"web": "text: created\n"})).await;

    scene.says("web", "created").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn edit_runs_exactly_the_modules_it_concerns() {
    let config = json!({"web": "text: one\n", "shop": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("exact", two(), config).await else {
        return;
    };
    scene.operator.converged().await;
    let (version, runs) = (scene.version("shop").await, scene.runs("shop").await);
    let web_runs = scene.runs("web").await;

    scene
        .config(json!({"web": "text: two\n", "shop": "# a comment\ntext: one\n"}))
        .await;

    scene.says("web", "two").await;
    eventually("web ran once more", super::scene::PATIENCE, async || {
        let more = scene.runs("web").await - web_runs;
        if (more - 1.0).abs() < 0.1 {
            Ok(())
        } else {
            Err(more.to_string())
        }
    })
    .await;
    assert_eq!(scene.version("shop").await, version);
    assert!((scene.runs("shop").await - runs).abs() < 0.1);
    scene.operator.stop().await;
}

#[tokio::test]
async fn removed_section_resets_its_module() {
    let config = json!({"web": "text: one\n", "shop": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("reset", two(), config).await else {
        return;
    };
    scene.operator.converged().await;
    scene.says("web", "one").await;

    scene.config(json!({"shop": "text: one\n"})).await;

    scene.says("web", "hello").await;
    scene.says("shop", "one").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn emptied_config_map_resets_everything() {
    let config = json!({"web": "text: one\n", "shop": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("emptied-map", two(), config).await else {
        return;
    };
    scene.operator.converged().await;

    scene.config(json!({})).await;

    scene.says("web", "hello").await;
    scene.says("shop", "hello").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn deleted_config_map_resets_and_restored_one_counts() {
    let config = json!({"web": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("deleted-map", two(), config.clone()).await
    else {
        return;
    };
    scene.operator.converged().await;
    scene.says("web", "one").await;

    rest::delete(&scene.client, &scene.path("addon-operator")).await;
    scene.says("web", "hello").await;
    scene.config(config).await;

    scene.says("web", "one").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn flag_alone_disables_and_enables() {
    let Some(mut scene) = Scene::start("flag", two()).await else {
        return;
    };
    let untouched = scene.version("shop").await;

    scene.config(json!({"webEnabled": "false"})).await;
    scene.loses("web").await;
    let off = scene.operator.module_is("web", ModuleState::Disabled).await;
    assert_eq!(
        (off.enabled, off.decided_by.as_str()),
        (false, "KubeConfig")
    );
    scene.config(json!({"webEnabled": "true"})).await;

    scene.says("web", "hello").await;
    scene.operator.module_is("web", ModuleState::Applied).await;
    assert_eq!(scene.version("shop").await, untouched);
    scene.operator.stop().await;
}

#[tokio::test]
async fn section_of_a_disabled_module_counts_when_it_is_enabled() {
    let config = json!({"webEnabled": "false", "web": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("later", two(), config).await else {
        return;
    };
    scene.operator.converged().await;
    assert_eq!(scene.object("web").await, None);

    scene
        .config(json!({"webEnabled": "true", "web": "text: one\n"}))
        .await;

    scene.says("web", "one").await;
    scene.operator.stop().await;
}

#[tokio::test]
async fn global_section_renders_modules_that_read_it() {
    let modules = two();
    let text = template("web").replace("Values.web.text", "Values.global.town");
    modules.write("values.yaml", "global: {town: Kyiv}\n");
    modules.write("010-web/templates/all.yaml.j2", &text);
    let Some(scene) = Scene::start("global", modules).await else {
        return;
    };
    scene.says("web", "Kyiv").await;
    let untouched = scene.version("shop").await;

    scene.config(json!({"global": "town: Lviv\n"})).await;

    scene.says("web", "Lviv").await;
    assert_eq!(scene.version("shop").await, untouched);
    scene.operator.stop().await;
}

const BAD_WORDS: [&str; 3] = [
    "ConfigMap NAMESPACE/addon-operator:2:1: shop: ",
    "ConfigMap NAMESPACE/addon-operator:1:7: web.text: ",
    "Bad_name",
];

fn bad() -> Value {
    json!({
        "web": "text: [1]\n",
        "shop": "text: one\n\tmore: two\n",
        "Bad_name": "a: 1\n",
        "shopEnabled": "false",
    })
}

#[tokio::test]
async fn invalid_edit_changes_nothing_and_is_told_whole() {
    let good = json!({"web": "text: one\n", "shop": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("invalid", two(), good).await else {
        return;
    };
    scene.operator.converged().await;
    let (web, shop) = (scene.version("web").await, scene.version("shop").await);

    scene.config(bad()).await;

    let note = scene.notes(&["changes nothing"]).await;
    let event = scene.event("InvalidValues").await;
    for words in BAD_WORDS {
        let words = words.replace("NAMESPACE", &scene.namespace);
        assert!(note.contains(&words), "{words} is not in\n{note}");
        assert!(event.contains(&words), "{words} is not in\n{event}");
    }
    assert!(
        scene
            .metric("addon_operator_config_values_errors_total")
            .await
            > 0.0
    );
    assert_eq!(
        (scene.version("web").await, scene.version("shop").await),
        (web, shop)
    );

    scene
        .config(json!({"web": "text: two\n", "shop": "text: one\n"}))
        .await;
    scene.says("web", "two").await;
    scene.no_notes().await;
    scene.operator.stop().await;
}

/// A section that fits is not enough: as long as one does not, nothing of the map counts.
#[tokio::test]
async fn good_section_waits_for_the_mistake_beside_it() {
    let Some(mut scene) = Scene::start("beside", two()).await else {
        return;
    };

    scene
        .config(json!({"web": "text: 5\n", "shop": "text: two\n"}))
        .await;
    scene.notes(&["web.text"]).await;
    scene.says("shop", "hello").await;
    scene
        .config(json!({"web": "text: \"5\"\n", "shop": "text: two\n"}))
        .await;

    scene.says("web", "5").await;
    scene.says("shop", "two").await;
    scene.operator.stop().await;
}

/// What an unusable map would have enabled must not be deleted by a restart.
#[tokio::test]
async fn restart_with_an_invalid_config_map_touches_nothing() {
    let modules = two();
    modules.write("020-shop/values.yaml", "shop: {text: hello}\n");
    let good = json!({"shopEnabled": "true", "web": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("restart-bad", modules, good).await else {
        return;
    };
    scene.operator.converged().await;
    scene.operator.stop().await;
    let path = |name: &str| format!("/api/v1/namespaces/{}/configmaps/{name}", scene.namespace);
    let web = rest::get(&scene.client, &path("web")).await;
    let shop = rest::get(&scene.client, &path("shop")).await;
    assert!(shop.is_some());
    let bad = json!({"data": {"web": "text: [1]\n"}});
    rest::merge(&scene.client, &path("addon-operator"), "a-person", &bad).await;

    let kubeconfig = scene.server.kubeconfig();
    let mut again = Operator::start(kubeconfig, &scene.namespace, scene.modules.path());
    let is_told = |view: &addon_operator::operator::View| {
        view.modules
            .notes
            .iter()
            .any(|note| note.contains("web.text"))
    };
    again.until("the mistake is told", is_told).await;

    assert_eq!(rest::get(&scene.client, &path("web")).await, web);
    assert_eq!(rest::get(&scene.client, &path("shop")).await, shop);
    let mended = json!({"data": {"web": "text: two\n"}});
    rest::merge(&scene.client, &path("addon-operator"), "a-person", &mended).await;
    let view = again.converged().await;
    assert!(row(&view, "shop").is_some_and(|row| row.enabled));
    let text = rest::get(&scene.client, &path("web"))
        .await
        .expect("a ConfigMap");
    assert_eq!(text["data"]["text"], "two");
    again.stop().await;
}

#[tokio::test]
async fn schema_that_no_longer_takes_the_section_fails_its_module_alone() {
    let config = json!({"web": "text: one\n"});
    let Some(mut scene) = Scene::begin_with_config("tighter", two(), config).await else {
        return;
    };
    scene.operator.converged().await;

    let schema = SCHEMA.replace("type: string", "enum: [hello, two]");
    scene
        .modules
        .write("010-web/openapi/config-values.yaml", &schema);

    let failed = scene.operator.module_is("web", ModuleState::Failed).await;
    assert!(failed.message.contains("web.text"), "{failed:?}");
    scene.says("web", "one").await;
    scene.config(json!({"web": "text: two\n"})).await;
    scene.says("web", "two").await;
    scene.operator.module_is("web", ModuleState::Applied).await;
    scene.operator.stop().await;
}

/// A client of the operator's own kind.
async fn own_client(scene: &Scene) -> cluster::Client {
    let settings = cluster::Settings {
        kubeconfig: Some(scene.server.kubeconfig().to_owned()),
        ..cluster::Settings::default()
    };
    cluster::connect(&settings).await.expect("a client")
}

async fn write(client: &cluster::Client, scene: &Scene, key: &str, section: &Value) {
    let key = ValuesKey::parse(key).expect("a key");
    let place = (scene.namespace.as_str(), "addon-operator");
    let plan = |_: Option<&str>| Ok::<_, config_values::WriteError>(Some(section.clone()));
    config_values::write(client, place, &key, plan)
        .await
        .expect("a write");
}

#[tokio::test]
async fn written_section_makes_the_config_map() {
    let Some(scene) = Scene::start("make", two()).await else {
        return;
    };
    let client = own_client(&scene).await;

    write(&client, &scene, "web", &json!({"text": "made"})).await;

    scene.says("web", "made").await;
    let map = scene.object("addon-operator").await.expect("a ConfigMap");
    assert_eq!(map["data"], json!({"web": "text: made\n"}));
    scene.operator.stop().await;
}

#[tokio::test]
async fn writers_at_once_lose_nothing() {
    let Some(scene) = Scene::start("writers", two()).await else {
        return;
    };
    let client = own_client(&scene).await;

    let (one, two, three) = (
        json!({"text": "one"}),
        json!({"text": "two"}),
        json!({"a": 1}),
    );
    tokio::join!(
        write(&client, &scene, "web", &one),
        write(&client, &scene, "shop", &two),
        write(&client, &scene, "global", &three),
    );

    let map = scene.object("addon-operator").await.expect("a ConfigMap");
    let all = json!({"web": "text: one\n", "shop": "text: two\n", "global": "a: 1\n"});
    assert_eq!(map["data"], all);
    scene.operator.stop().await;
}

#[tokio::test]
async fn write_keeps_what_people_wrote() {
    let config = json!({"shop": "# mine\ntext: one\n", "webEnabled": "true"});
    let Some(mut scene) = Scene::begin_with_config("keeps", two(), config).await else {
        return;
    };
    scene.operator.converged().await;
    let client = own_client(&scene).await;

    write(&client, &scene, "web", &json!({"text": "ours"})).await;
    let version = scene.version("addon-operator").await;
    write(&client, &scene, "web", &json!({"text": "ours"})).await;

    let map = scene.object("addon-operator").await.expect("a ConfigMap");
    assert_eq!(map["data"]["shop"], "# mine\ntext: one\n");
    assert_eq!(map["metadata"]["resourceVersion"], version);
    scene.operator.stop().await;
}

#[tokio::test]
async fn rewritten_text_of_equal_values_triggers_nothing() {
    let config = json!({"web": "# a person's\ntext:   one\n"});
    let Some(mut scene) = Scene::begin_with_config("own", two(), config).await else {
        return;
    };
    scene.operator.converged().await;
    let runs = scene.runs("web").await;
    let client = own_client(&scene).await;

    // The operator's own form of the same values; then an edit that shows that it was heard.
    write(&client, &scene, "web", &json!({"text": "one"})).await;
    write(&client, &scene, "shop", &json!({"text": "heard"})).await;

    scene.says("shop", "heard").await;
    assert!((scene.runs("web").await - runs).abs() < 0.1);
    scene.operator.stop().await;
}
