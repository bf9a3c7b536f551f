//! What kubernetes bindings select, and what they tell.

use serde_json::{Value, json};

use super::hooks_life::{CHART, create_seen, seen};
use super::recorder::{Recorder, a_while};
use super::stage::Stage;
use crate::support::rest;

/// The names that a binding was told by events, with the events.
fn told(recorder: &Recorder, binding: &str) -> Vec<String> {
    let contexts = recorder.contexts("a");
    let of_binding = contexts
        .iter()
        .filter(|context| context["binding"] == binding && context["type"] == "Event");
    let mut told: Vec<String> = of_binding
        .map(|context| {
            let event = context["watchEvent"].as_str().unwrap_or_default();
            let name = &context["object"]["metadata"]["name"];
            format!("{event} {}", name.as_str().unwrap_or_default())
        })
        .collect();
    told.sort();
    told
}

async fn create(stage: &Stage, namespace: &str, name: &str, labels: Value) {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels},
    });
    rest::create(&stage.client, &path, &object).await;
}

#[tokio::test]
async fn bindings_tell_what_their_selectors_choose() {
    let Some(stage) = Stage::with("select", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let (here, letters) = (stage.namespace(), stage.letters());
    let within = format!("namespace: {{nameSelector: {{matchNames: [{here}]}}}}");
    let config = format!(
        "kubernetes:
- {{name: labels, kind: configmap, {within}, labelSelector: {{matchExpressions: [{{key: tier, operator: In, values: [a, b]}}]}}}}
- {{name: fields, kind: ConfigMap, {within}, fieldSelector: {{matchExpressions: [{{field: metadata.name, operator: Equals, value: two}}]}}}}
- {{name: names, kind: configmaps, {within}, nameSelector: {{matchNames: [one, three]}}}}
- {{name: short, apiVersion: v1, kind: cm, labelSelector: {{matchLabels: {{of: {letters}}}}}}}
- {{name: spaces, kind: ConfigMap, namespace: {{labelSelector: {{matchLabels: {{team: {letters}}}}}}}, labelSelector: {{matchLabels: {{of: {letters}}}}}}}"
    );
    stage.hook("web", "a.py", &recorder.hook("a", &config, ""));
    let operator = stage.run_well().await;
    recorder.clear();

    let other = stage.other_namespace("select-other").await;
    create(&stage, here, "one", json!({"tier": "a"})).await;
    create(&stage, here, "two", json!({"tier": "c"})).await;
    create(&stage, here, "three", json!({"tier": "b", "of": letters})).await;
    create(
        &stage,
        other.name(),
        "one",
        json!({"tier": "a", "of": letters}),
    )
    .await;
    recorder
        .until("all", |tale| tale.join("\n").matches("Added").count() >= 7)
        .await;
    a_while().await;
    assert_eq!(told(&recorder, "labels"), ["Added one", "Added three"]);
    assert_eq!(told(&recorder, "fields"), ["Added two"]);
    assert_eq!(told(&recorder, "names"), ["Added one", "Added three"]);
    assert_eq!(told(&recorder, "short"), ["Added one", "Added three"]);
    assert!(told(&recorder, "spaces").is_empty());

    // The namespace gets the label, and loses it.
    let path = format!("/api/v1/namespaces/{}", other.name());
    let team = |value: Value| json!({"metadata": {"labels": {"team": value}}});
    rest::merge(&stage.client, &path, "test", &team(json!(letters))).await;
    recorder.sees("a spaces Added one").await;
    create(&stage, other.name(), "four", json!({"of": letters})).await;
    let has = |run: &'static str| move |tale: &[String]| tale.join("\n").contains(run);
    recorder.until("four", has("spaces Added four")).await;
    rest::merge(&stage.client, &path, "test", &team(Value::Null)).await;
    let is_left = || told(&recorder, "spaces").len() == 4;
    recorder.until("both are gone", |_| is_left()).await;
    assert_eq!(
        told(&recorder, "spaces"),
        ["Added four", "Added one", "Deleted four", "Deleted one"]
    );
    operator.stop().await;
}

#[tokio::test]
async fn bindings_tell_only_what_they_were_asked_to() {
    let Some(stage) = Stage::with("asked", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let some = seen(
        &stage,
        "executeHookOnEvent: [Added, Deleted]\n  executeHookOnSynchronization: false",
    );
    stage.hook("web", "some.py", &recorder.hook("some", &some, ""));
    let filter = seen(
        &stage,
        "jqFilter: .data.text\n  keepFullObjectsInMemory: false",
    );
    stage.hook("web", "filter.py", &recorder.hook("filter", &filter, ""));
    create_seen(&stage, "first").await;
    let operator = stage.run_well().await;
    assert_eq!(recorder.tale(), ["filter seen Synchronization"]);
    let all = recorder.contexts("filter")[0]["objects"].clone();
    assert_eq!(all, json!([{"filterResult": "hello"}]));

    // The filter's result stays, then changes.
    let note = json!({"metadata": {"annotations": {"note": "x"}}});
    stage.alter("configmaps/first", "test", &note).await;
    let text = json!({"data": {"text": "other"}});
    stage.alter("configmaps/first", "test", &text).await;
    create_seen(&stage, "second").await;
    stage.delete("configmaps/first").await;
    recorder.sees("some seen Deleted first").await;
    recorder
        .until("all", |tale| {
            tale.join("\n").matches("filter seen Deleted").count()
                + tale.join("\n").matches(", seen Deleted").count()
                == 1
        })
        .await;
    let contexts = recorder.contexts("filter");
    let events: Vec<&Value> = contexts.iter().skip(1).collect();
    let event = |event: &str, result: &str| json!({"binding": "seen", "type": "Event", "watchEvent": event, "filterResult": result});
    let expected = [
        event("Modified", "other"),
        event("Added", "hello"),
        event("Deleted", "other"),
    ];
    assert_eq!(events, expected.iter().collect::<Vec<_>>());
    let some = recorder.contexts("some");
    let events: Vec<&Value> = some.iter().map(|context| &context["watchEvent"]).collect();
    assert_eq!(events, ["Added", "Deleted"]);
    operator.stop().await;
}

/// Two bindings of each of two hooks: with snapshots of another, and as a group.
fn left_and_right(stage: &Stage) -> (String, String) {
    let within = format!(
        "kind: ConfigMap, namespace: {{nameSelector: {{matchNames: [{}]}}}}",
        stage.namespace()
    );
    let of = |name: &str| {
        format!(
            "labelSelector: {{matchLabels: {{of: {name}}}}}, jqFilter: .metadata.name, keepFullObjectsInMemory: false"
        )
    };
    let included = format!(
        "beforeHelm: 1
schedule: [{{name: tick, crontab: '* * * * * *', includeSnapshotsFrom: [left]}}]
kubernetes:
- {{name: left, {within}, {}}}
- {{name: right, {within}, {}, includeSnapshotsFrom: [left]}}",
        of("left"),
        of("right")
    );
    let grouped = format!(
        "kubernetes:
- {{name: left, {within}, {}, group: both}}
- {{name: right, {within}, {}, group: both}}",
        of("left"),
        of("right")
    );
    (included, grouped)
}

#[tokio::test]
async fn snapshots_and_groups_tell_what_there_is_now() {
    let Some(stage) = Stage::with("snapshots", CHART).await else {
        return;
    };
    let recorder = Recorder::new();
    let (included, grouped) = left_and_right(&stage);
    stage.hook("web", "a.py", &recorder.hook("a", &included, ""));
    stage.hook("web", "g.py", &recorder.hook("g", &grouped, ""));
    create(&stage, stage.namespace(), "one", json!({"of": "left"})).await;
    create(&stage, stage.namespace(), "two", json!({"of": "right"})).await;
    let operator = stage.run_well().await;
    let item = |name: &str| json!([{"filterResult": name}]);
    let both = json!({"left": item("one"), "right": item("two")});
    let contexts = recorder.contexts("a");
    assert_eq!(
        contexts[..3],
        [
            json!({"binding": "left", "type": "Synchronization", "objects": item("one")}),
            json!({"binding": "right", "type": "Synchronization", "objects": item("two"), "snapshots": {"left": item("one")}}),
            json!({"binding": "beforeHelm", "snapshots": both}),
        ]
    );
    let group =
        json!({"binding": "right", "type": "Group", "groupName": "both", "snapshots": both});
    assert_eq!(recorder.contexts("g"), [group]);

    stage.delete("configmaps/one").await;
    let left = json!({"left": []});
    let is_told = |context: &Value| context["type"] == "Schedule" && context["snapshots"] == left;
    recorder
        .until("the schedule tells it", |_| {
            recorder.contexts("a").iter().any(is_told)
        })
        .await;
    let now = json!({"binding": "left", "type": "Group", "groupName": "both", "snapshots": {"left": [], "right": item("two")}});
    recorder
        .until("the group tells it", |_| recorder.contexts("g").len() == 2)
        .await;
    assert_eq!(recorder.contexts("g")[1], now);
    operator.stop().await;
}
