//! What hooks ask to do with objects, done against a real API server.

use std::time::{Duration, Instant};

use addon_operator::{apply, cluster, object, patch, report};
use serde_json::{Value, json};

use super::stage::{Stage, definition};
use crate::support::{self, rest};

/// A namespace with a client of the operator's own kind.
struct Field {
    stage: Stage,
    client: cluster::Client,
}

impl Field {
    async fn new(prefix: &str) -> Option<Self> {
        let stage = Stage::new(prefix).await?;
        let server = support::api_server()?;
        let settings = cluster::Settings {
            kubeconfig: Some(server.kubeconfig().to_owned()),
            ..cluster::Settings::default()
        };
        let client = cluster::connect(&settings).await.expect("a client");
        Some(Self { stage, client })
    }

    /// Carries out a patch file in which `NS` is the namespace: what was done, what failed.
    async fn operate(&self, text: &str) -> (Vec<String>, Vec<String>) {
        let namespace = self.stage.namespace();
        let operations = patch::parse_object_operations(&text.replace("NS", namespace));
        let operations = operations.unwrap_or_else(|error| panic!("{}", report::chain(&error)));
        let manager = object::hook_field_manager(None);
        let operated = apply::operate(&self.client, &operations, &manager).await;
        let neutral = |text: String| text.replace(namespace, "NS");
        let failures = operated.failures.iter().map(|error| report::chain(error));
        (
            operated.done.into_iter().map(neutral).collect(),
            failures.map(neutral).collect(),
        )
    }

    /// The same, where nothing may fail.
    async fn does(&self, text: &str) -> Vec<String> {
        let (done, failures) = self.operate(text).await;
        assert_eq!(failures, Vec::<String>::new());
        done
    }

    /// The same, where all must fail.
    async fn fails(&self, text: &str) -> Vec<String> {
        let (done, failures) = self.operate(text).await;
        assert_eq!(done, Vec::<String>::new());
        failures
    }

    async fn config(&self, name: &str) -> Value {
        self.stage.get(&format!("configmaps/{name}")).await
    }
}

fn create(operation: &str, name: &str, data: &str) -> String {
    format!(
        "---\noperation: {operation}\nobject:\n  apiVersion: v1\n  kind: ConfigMap\n  \
         metadata: {{namespace: NS, name: {name}}}\n  data: {data}\n"
    )
}

fn merge(name: &str, more: &str) -> String {
    format!("---\n{{operation: MergePatch, kind: cm, namespace: NS, name: {name}, {more}}}\n")
}

/// Somebody who writes into the same object all the time would be seen in the version.
fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap()
}

#[tokio::test]
async fn objects_are_created_in_three_ways() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let done = field
        .does(&(create("Create", "a", "{k: one}") + &create("CreateIfNotExists", "b", "{k: one}")))
        .await;
    assert_eq!(
        done,
        ["created v1 ConfigMap NS/a", "created v1 ConfigMap NS/b"]
    );
    assert_eq!(
        field.config("a").await["metadata"]["managedFields"][0]["manager"],
        "addon-operator/hooks"
    );

    let failures = field.fails(&create("Create", "a", "{k: two}")).await;
    assert_eq!(
        failures,
        ["operation 1: Create v1 ConfigMap NS/a: configmaps \"a\" already exists"]
    );
    let done = field
        .does(&create("CreateIfNotExists", "a", "{k: two}"))
        .await;
    assert_eq!(done, ["left v1 ConfigMap NS/a, which is there"]);
    assert_eq!(field.config("a").await["data"], json!({"k": "one"}));

    let text = create("CreateOrUpdate", "a", "{l: 'three'}") + &create("CreateOrUpdate", "c", "{}");
    let done = field.does(&text).await;
    assert_eq!(
        done,
        ["replaced v1 ConfigMap NS/a", "created v1 ConfigMap NS/c"]
    );
    assert_eq!(field.config("a").await["data"], json!({"l": "three"}));
}

#[tokio::test]
async fn what_is_as_it_shall_be_is_not_written() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let text = create("CreateOrUpdate", "a", "{k: one}")
        + "---\n{operation: CreateOrUpdate, object: {kind: secret, metadata: {namespace: NS, name: s}, stringData: {k: v}}}\n"
        + "---\n{operation: CreateOrUpdate, object: {kind: Service, metadata: {namespace: NS, name: v}, spec: {ports: [{port: 80}]}}}\n";
    field.does(&text).await;
    let before = [
        field.config("a").await,
        field.stage.get("secrets/s").await,
        field.stage.get("services/v").await,
    ];

    let done = field.does(&text).await;

    assert_eq!(
        done,
        [
            "left v1 ConfigMap NS/a unchanged",
            "left v1 Secret NS/s unchanged",
            "left v1 Service NS/v unchanged"
        ]
    );
    let after = [
        field.config("a").await,
        field.stage.get("secrets/s").await,
        field.stage.get("services/v").await,
    ];
    assert_eq!(
        before.each_ref().map(version),
        after.each_ref().map(version)
    );
    assert_eq!(after[1]["data"]["k"], "dg==");
}

#[tokio::test]
async fn name_that_the_server_makes_up_is_told() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let done = field
        .does("operation: CreateOrUpdate\nobject: '{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"namespace\":\"NS\",\"generateName\":\"made-\"}}'\n")
        .await;
    let name = done[0].strip_prefix("created v1 ConfigMap NS/made-");
    assert_eq!(name.map(str::len), Some(5), "{done:?}");
}

#[tokio::test]
async fn objects_are_changed_by_each_kind_of_patch() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    field.does(&create("Create", "a", "{k: one, l: two}")).await;
    let text = r#"
{"operation":"MergePatch","apiVersion":"v1","kind":"ConfigMap","namespace":"NS","name":"a","mergePatch":{"data":{"l":null,"m":"3"}}}
{"operation":"JSONPatch","kind":"configmaps","namespace":"NS","name":"a","jsonPatch":[{"op":"remove","path":"/data/k"},{"op":"add","path":"/data/n","value":"4"}]}
{"operation":"JQPatch","kind":"ConfigMap","namespace":"NS","name":"a","jqFilter":".data.m = \"5\""}
{"operation":"JQPatch","kind":"ConfigMap","namespace":"NS","name":"a","jqFilter":".data.m = \"5\""}"#;

    let done = field.does(text).await;

    assert_eq!(
        done,
        [
            "patched v1 ConfigMap NS/a",
            "patched v1 ConfigMap NS/a",
            "replaced v1 ConfigMap NS/a",
            "left v1 ConfigMap NS/a unchanged"
        ]
    );
    assert_eq!(field.config("a").await["data"], json!({"m": "5", "n": "4"}));
}

#[tokio::test]
async fn failures_name_their_operation_and_stop_nothing() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let jq = |filter: &str| {
        format!(
            "---\n{{operation: JQPatch, kind: ConfigMap, namespace: NS, name: a, jqFilter: '{filter}'}}\n"
        )
    };
    let text = create("Create", "a", "{k: one}")
        + "---\n{operation: MergePatch, kind: ConfigMap, name: a, mergePatch: {data: {}}}\n"
        + "---\n{operation: MergePatch, apiVersion: v2, kind: ConfigMap, name: a, mergePatch: {data: {}}}\n"
        + &merge("missing", "mergePatch: {data: {k: x}}")
        + &merge("a", "mergePatch: {data: {k: [1]}}")
        + "---\n{operation: JSONPatch, kind: ConfigMap, namespace: NS, name: a, jsonPatch: [{op: test, path: /data/k, value: two}]}\n"
        + &jq(".data, .metadata")
        + &jq(".data.k")
        + &jq("empty")
        + &jq("error(\"no\")")
        + &merge("a", "subresource: status, mergePatch: {status: {}}")
        + &merge("a", "mergePatch: {data: {l: last}}");

    let (done, failures) = field.operate(&text).await;

    assert_eq!(
        done,
        ["created v1 ConfigMap NS/a", "patched v1 ConfigMap NS/a"]
    );
    let begins = [
        "operation 2: MergePatch ConfigMap a: a ConfigMap lives in a namespace: name it",
        "operation 3: MergePatch v2 ConfigMap a: the cluster has no kind ConfigMap in v2; it has ConfigMap in v1",
        "operation 4: MergePatch cm NS/missing: configmaps \"missing\" not found",
        "operation 5: MergePatch cm NS/a: ",
        "operation 6: JSONPatch ConfigMap NS/a: ",
        "operation 7: JQPatch ConfigMap NS/a: the filter gives 2 results, one object is expected",
        "operation 8: JQPatch ConfigMap NS/a: the filter gives a scalar, one object is expected",
        "operation 9: JQPatch ConfigMap NS/a: the filter gives nothing, one object is expected",
        "operation 10: JQPatch ConfigMap NS/a: the filter fails: ",
        "operation 11: MergePatch cm NS/a: the object has no subresource status",
    ];
    assert_eq!(failures.len(), begins.len(), "{failures:#?}");
    for (failure, begin) in failures.iter().zip(begins) {
        assert!(failure.starts_with(begin), "{failure} is not {begin}");
    }
    assert_eq!(
        field.config("a").await["data"],
        json!({"k": "one", "l": "last"})
    );
}

#[tokio::test]
async fn missing_objects_are_ignored_where_a_hook_says_so() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let text = merge("a", "ignoreMissingObject: true, mergePatch: {data: {}}")
        + &merge(
            "a",
            "ignoreMissingObjects: true, subresource: /status, mergePatch: {data: {}}",
        )
        + "---\n{operation: JSONPatch, kind: cm, namespace: NS, name: a, ignoreMissingObject: true, jsonPatch: [{op: remove, path: /data}]}\n"
        + "---\n{operation: JQPatch, kind: cm, namespace: NS, name: a, ignoreMissingObject: true, jqFilter: .}\n"
        + "---\n{operation: Delete, kind: cm, namespace: NS, name: a}\n"
        + "---\n{operation: DeleteInBackground, kind: cm, namespace: NS, name: a}\n"
        + "---\n{operation: DeleteNonCascading, kind: cm, namespace: NS, name: a}\n";
    let done = field.does(&text).await;
    assert_eq!(done, ["left v1 ConfigMap NS/a, which is not there"; 7]);

    let jq = "{operation: JQPatch, kind: cm, namespace: NS, name: a, jqFilter: .}";
    let failures = field.fails(jq).await;
    assert_eq!(failures.len(), 1);
    assert!(failures[0].contains("is not there"), "{failures:?}");
}

#[tokio::test]
async fn subresources_are_written_and_the_object_beside_them_is_not() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let pod = "{kind: Pod, apiVersion: v1, metadata: {namespace: NS, name: p}, spec: {containers: [{name: c, image: i}]}, status: {message: first}}";
    let on = "kind: Pod, namespace: NS, name: p, subresource: status";
    let text = format!("{{operation: CreateOrUpdate, subresource: /status, object: {pod}}}");
    field.does(&text).await;
    let message = async || field.stage.get("pods/p").await["status"]["message"].clone();
    assert_eq!(message().await, "first");

    field
        .does(&format!("{{operation: MergePatch, {on}, mergePatch: {{status: {{message: second}}, metadata: {{labels: {{a: b}}}}, spec: {{nodeName: n}}}}}}"))
        .await;
    let after = field.stage.get("pods/p").await;
    assert_eq!(after["status"]["message"], "second");
    assert!(after["spec"]["nodeName"].is_null());

    field
        .does(&format!("{{operation: JSONPatch, {on}, jsonPatch: [{{op: replace, path: /status/message, value: third}}]}}"))
        .await;
    assert_eq!(message().await, "third");
    field
        .does(&format!(
            "{{operation: JQPatch, {on}, jqFilter: '.status.message = \"fourth\"'}}"
        ))
        .await;
    assert_eq!(message().await, "fourth");
}

#[tokio::test]
async fn patches_have_a_rate_of_their_own() {
    let Some(mut field) = Field::new("patches").await else {
        return;
    };
    let makes = |prefix: &str| {
        let one = |number: usize| create("Create", &format!("{prefix}-{number}"), "{}");
        (0..6).map(one).collect::<String>()
    };
    // The kind is known from here on.
    field.does(&makes("free")).await;
    let limit = Duration::from_secs(30);
    field.client = field.client.limited(limit, Some(5.0), Some(1));
    let begun = Instant::now();
    field.does(&makes("slow")).await;
    assert!(
        begun.elapsed() >= Duration::from_millis(900),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn deletion_of_a_part_never_deletes_the_object() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let set = "{operation: Create, object: {apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: NS, name: r}, spec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}}";
    field
        .does(&(create("Create", "a", "{}") + "---\n" + set))
        .await;
    for operation in ["Delete", "DeleteInBackground", "DeleteNonCascading"] {
        let delete = |kind: &str, name: &str| {
            format!(
                "---\n{{operation: {operation}, kind: {kind}, namespace: NS, name: {name}, subresource: /status}}\n"
            )
        };
        let failures = field.fails(&(delete("cm", "a") + &delete("rs", "r"))).await;
        assert_eq!(
            failures,
            [
                format!("operation 1: {operation} cm NS/a: the object has no subresource status"),
                format!(
                    "operation 2: {operation} rs NS/r: the server does not allow this method on the requested resource"
                ),
            ]
        );
        let done = field.does(&delete("cm", "none")).await;
        assert_eq!(done, ["left v1 ConfigMap NS/none, which is not there"]);
    }
    field.config("a").await;
    field.stage.get("apps/v1/replicasets/r").await;
}

#[tokio::test]
async fn scale_is_an_object_of_its_own() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let set = "{operation: Create, object: {apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: NS, name: r}, spec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}}";
    field.does(set).await;
    let replicas =
        async || field.stage.get("apps/v1/replicasets/r").await["spec"]["replicas"].clone();

    field
        .does("{operation: JQPatch, kind: rs, namespace: NS, name: r, subresource: scale, jqFilter: .spec.replicas = 3}")
        .await;
    assert_eq!(replicas().await, 3);
    field
        .does("{operation: MergePatch, kind: rs, namespace: NS, name: r, subresource: scale, mergePatch: {spec: {replicas: 4}}}")
        .await;
    assert_eq!(replicas().await, 4);
}

/// No controllers run here, so the garbage collector's part is played by the test.
#[tokio::test]
async fn deletion_awaits_the_end_of_the_object() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    field
        .does(&(create("Create", "a", "{}") + &create("Create", "b", "{}")))
        .await;
    let (delete, background) = (
        "{operation: Delete, kind: ConfigMap, namespace: NS, name: a}",
        "{operation: DeleteInBackground, kind: ConfigMap, namespace: NS, name: b}",
    );
    assert_eq!(field.does(background).await, ["deleted v1 ConfigMap NS/b"]);
    assert_eq!(field.stage.find("configmaps/b").await, None);

    let collect = async {
        support::eventually("being deleted", Duration::from_secs(10), async || {
            let found = field.config("a").await;
            let is_marked = !found["metadata"]["deletionTimestamp"].is_null();
            is_marked.then_some(()).ok_or_else(|| found.to_string())
        })
        .await;
        let path = field.stage.path("configmaps/a");
        let free = json!({"metadata": {"finalizers": null}});
        rest::merge(&field.stage.client, &path, "collector", &free).await;
        Instant::now()
    };
    let (done, freed) = tokio::join!(field.does(delete), collect);
    assert_eq!(done, ["deleted v1 ConfigMap NS/a"]);
    assert!(freed.elapsed() < Duration::from_secs(5), "told by a watch");
    assert_eq!(field.stage.find("configmaps/a").await, None);
}

#[tokio::test]
async fn deletion_that_does_not_end_names_what_holds_it() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    field
        .does("{operation: Create, object: {kind: ConfigMap, metadata: {namespace: NS, name: a, finalizers: [example.com/held]}}}")
        .await;
    let failures = field
        .fails("{operation: Delete, kind: ConfigMap, namespace: NS, name: a}")
        .await;
    assert_eq!(failures.len(), 1);
    assert!(
        failures[0].starts_with("operation 1: Delete ConfigMap NS/a: deleted, and still there after 20 s; its finalizers are "),
        "{failures:?}"
    );
    assert!(failures[0].contains("example.com/held"), "{failures:?}");
}

#[tokio::test]
async fn dependants_stay_when_a_hook_says_so() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    field.does(&create("Create", "a", "{}")).await;
    let orphan = "{operation: DeleteNonCascading, kind: ConfigMap, namespace: NS, name: a}";
    assert_eq!(field.does(orphan).await, ["deleted v1 ConfigMap NS/a"]);
    // The finalizer asks the garbage collector to set the dependants free.
    assert_eq!(
        field.config("a").await["metadata"]["finalizers"],
        json!(["orphan"])
    );
}

#[tokio::test]
async fn writers_at_once_all_get_through() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    field.does(&create("Create", "a", "{k: '0'}")).await;
    let add = "{operation: JQPatch, kind: ConfigMap, namespace: NS, name: a, jqFilter: '.data.k = (.data.k | tonumber + 1 | tostring)'}";
    let results = futures::future::join_all((0..4).map(|_| field.does(add))).await;
    assert_eq!(results.len(), 4);
    assert_eq!(field.config("a").await["data"]["k"], "4");
}

#[tokio::test]
async fn kind_that_was_defined_a_moment_ago_is_found() {
    let Some(field) = Field::new("patches").await else {
        return;
    };
    let letters = field.stage.letters().to_owned();
    // What is served is known from before.
    field.does(&create("Create", "a", "{}")).await;
    let definition = definition(&letters);
    let define = format!("operation: Create\nobject: |\n{}", indented(&definition));
    field.does(&define).await;
    let made = support::eventually("a widget", Duration::from_secs(20), async || {
        let text = format!(
            "{{operation: CreateIfNotExists, object: {{apiVersion: {letters}.example.com/v1, kind: Widget, metadata: {{namespace: NS, name: w}}, spec: {{size: 1}}}}}}"
        );
        let (done, failures) = field.operate(&text).await;
        done.into_iter().next().ok_or_else(|| failures.join(" "))
    });
    assert_eq!(
        made.await,
        format!("created {letters}.example.com/v1 Widget NS/w")
    );
}

fn indented(text: &str) -> String {
    let lines = text.lines().filter(|line| *line != "---");
    let lines: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    lines.join("\n")
}
