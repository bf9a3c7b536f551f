//! What a hook gives back and cannot be taken: then nothing of it takes effect.

use addon_operator::serve::ModuleState;
use serde_json::json;

use super::hook_script::{before_helm, make_config_map, seen_chart, set_value};
use super::scene::{free_address, http_get};
use super::stage::Stage;
use crate::support::row;

const METRIC: &str = r#"echo '{"name":"made_by_hook","set":1}' >> $METRICS_PATH"#;

/// What a hook adds to three files that are well, and what it is told.
const BAD: [(&str, &str, &str, &str); 9] = [
    (
        "values-text",
        "echo '{not json' >> $VALUES_JSON_PATCH_PATH",
        "HookFailed",
        "VALUES_JSON_PATCH_PATH:2:2: ",
    ),
    (
        "values-verb",
        r#"echo '{"op":"ad","path":"/valuesVerb/x","value":1}' >> $VALUES_JSON_PATCH_PATH"#,
        "HookFailed",
        "VALUES_JSON_PATCH_PATH: /valuesVerb/x: operation 2: unknown operation \"ad\"",
    ),
    (
        "values-foreign",
        r#"echo '{"op":"add","path":"/shop/seen","value":"stolen"}' >> $VALUES_JSON_PATCH_PATH"#,
        "HookFailed",
        "/shop/seen",
    ),
    (
        "values-bytes",
        r"printf '\xff' >> $VALUES_JSON_PATCH_PATH",
        "HookFailed",
        "VALUES_JSON_PATCH_PATH: is not UTF-8 from byte",
    ),
    (
        "values-schema",
        r#"echo '{"op":"add","path":"/valuesSchema/size","value":"large"}' >> $VALUES_JSON_PATCH_PATH"#,
        "InvalidValuesPatch",
        "size: expected a whole number",
    ),
    (
        "config-schema",
        r#"echo '{"op":"add","path":"/configSchema/size","value":"large"}' >> $CONFIG_VALUES_JSON_PATCH_PATH"#,
        "InvalidValuesPatch",
        "size: expected a whole number",
    ),
    (
        "objects-text",
        "echo '{not json' >> $KUBERNETES_PATCH_PATH",
        "HookFailed",
        "KUBERNETES_PATCH_PATH",
    ),
    (
        "objects-verb",
        r#"echo '{"operation":"Destroy","kind":"Pod","name":"x"}' >> $KUBERNETES_PATCH_PATH"#,
        "HookFailed",
        "KUBERNETES_PATCH_PATH",
    ),
    (
        "metrics",
        r#"echo '{"name":"x","add":"much"}' >> $METRICS_PATH"#,
        "HookFailed",
        "METRICS_PATH",
    ),
];

const SCHEMA: &str = "type: object\nproperties:\n  size: {type: integer}\n  seen: {type: string}\n";

/// `values-text` → `valuesText`.
fn key(module: &str) -> String {
    match module.split_once('-') {
        Some((first, second)) => {
            format!("{first}{}{}", second[..1].to_uppercase(), &second[1..])
        }
        None => module.to_owned(),
    }
}

/// An enabled module whose hook asks for good things and one bad one.
fn write_module(stage: &Stage, module: &str, bad: &str) {
    let (key, folder) = (key(module), format!("010-{module}"));
    let chart = seen_chart(module).replace(&format!("Values.{module}"), &format!("Values.{key}"));
    let write = |path: &str, text: &str| stage.modules.write(&format!("{folder}/{path}"), text);
    write("values.yaml", &format!("{key}Enabled: true\n"));
    write("templates/all.yaml.j2", &chart);
    write("openapi/values.yaml", SCHEMA);
    write("openapi/config-values.yaml", SCHEMA);
    let good = [
        set_value(&key, "seen", "done"),
        make_config_map(stage.namespace(), &format!("made-by-{module}")),
        METRIC.to_owned(),
    ];
    let body = format!("{}\n{bad}", good.join("\n"));
    stage.hook(module, "a.sh", &before_helm(&body));
}

#[tokio::test]
async fn nothing_takes_effect_when_anything_is_bad() {
    let Some(stage) = Stage::new("bad").await else {
        return;
    };
    stage.chart("shop", &seen_chart("shop"));
    for (module, bad, ..) in BAD {
        write_module(&stage, module, bad);
    }
    let address = free_address();
    let mut operator = stage.start_with(|settings| settings.listen = address);
    for (module, _, reason, words) in BAD {
        let row = operator.module_is(module, ModuleState::Failed).await;
        assert_eq!(row.reason, reason, "{module}: {}", row.message);
        let told = &row.message;
        assert!(
            told.contains("hooks/a.sh") && told.contains(words),
            "{module}: {told}"
        );
    }
    operator.module_is("shop", ModuleState::Applied).await;
    operator.converged().await;

    for (module, ..) in BAD {
        let made = stage.find(&format!("configmaps/made-by-{module}")).await;
        assert_eq!(made, None, "{module}");
        let values = operator.ask(&format!("/module/{module}/values.json")).await;
        assert_eq!(values.get("seen"), None, "{module}: {values}");
    }
    let shop = stage.get("configmaps/shop").await;
    assert_eq!(shop["data"]["seen"], "nothing");
    assert_eq!(stage.find("configmaps/addon-operator").await, None);
    let (_, metrics) = http_get(address, "/metrics/hooks").await;
    assert!(!metrics.contains("made_by_hook"), "{metrics}");
    operator.stop().await;
}

#[tokio::test]
async fn refused_object_patch_is_told_and_changes_no_values() {
    let Some(stage) = Stage::with("bad", &seen_chart("web")).await else {
        return;
    };
    let absent = json!({
        "operation": "MergePatch", "apiVersion": "v1", "kind": "ConfigMap", "name": "absent",
        "namespace": stage.namespace(), "mergePatch": {"data": {"a": "b"}},
    });
    let body = format!(
        "{}\necho '{absent}' > $KUBERNETES_PATCH_PATH",
        set_value("web", "seen", "done")
    );
    stage.hook("web", "a.sh", &before_helm(&body));
    let (mut operator, failed) = stage.run_badly().await;
    assert_eq!(failed.reason, "ObjectPatchFailed", "{}", failed.message);
    for words in ["hooks/a.sh", "absent"] {
        assert!(failed.message.contains(words), "{}", failed.message);
    }
    let values = operator.ask("/module/web/values.json").await;
    assert_eq!(values.get("seen"), None);

    // What was in the way is mended by a person, and the hook by itself.
    let absent = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "absent"}});
    stage.create("configmaps", &absent).await;
    let is_applied = |view: &addon_operator::operator::View| {
        row(view, "web").is_some_and(|row| row.state == ModuleState::Applied)
    };
    operator.until("web is applied", is_applied).await;
    let object = stage.get("configmaps/web").await;
    assert_eq!(object["data"]["seen"], "done");
    operator.stop().await;
}
