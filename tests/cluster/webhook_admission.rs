//! Hooks that the API server asks before it stores an object, over TLS.

use std::time::{Duration, Instant};

use addon_operator::serve::ModuleState;
use serde_json::{Value, json};

use super::hook_script::{Marks, seen_chart, until_dead};
use super::stage::Stage;
use super::webhook_stage::{
    asked, configuration, create, map, python, serve, stage, start, until_answered, until_asks,
};
use crate::support::rest;

const VALIDATING: &str = "kubernetesValidating";
const MUTATING: &str = "kubernetesMutating";
const LIMITS: &str = "limits.example.com";
const DENIED: &str = "admission webhook \"limits.example.com\" denied the request: ";

/// Denies the text `bad`.
const DENY_BAD: &str = r#"
text = object["data"]["text"]
answer(allowed=text != "bad", message=f"{text} is not allowed here", warnings=[f"looked at {text}"])
"#;

/// A number in a name.
fn numbered(text: &str) -> impl Fn(usize) -> Value {
    move |count| map(&format!("try-{count}"), text)
}

#[tokio::test]
async fn hook_denies_and_allows_with_message_and_warnings() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let config = asked(VALIDATING, LIMITS, stage.namespace(), "");
    stage.hook("web", "a.py", &python(&config, DENY_BAD));
    let operator = start(&stage).await;
    until_asks(&stage, "validating", &[LIMITS]).await;

    let denied = until_answered(&stage, "a denial", numbered("bad"), |it| it.code != 201).await;
    assert_eq!(denied.code, 403);
    assert_eq!(
        denied.message(),
        "admission webhook \"limits.example.com\" denied the request: bad is not allowed here"
    );
    assert_eq!(denied.warnings, ["299 - \"looked at bad\""]);
    let allowed = create(&stage, "configmaps", "", &map("good", "good")).await;
    assert_eq!((allowed.code, allowed.warnings.len()), (201, 1));

    let list = operator.ask("/hook/list.json").await;
    let hook = &list["hooks"][0];
    assert_eq!(hook["bindings"][0]["type"], VALIDATING);
    assert_eq!(
        hook["bindings"][0]["listensTo"],
        "CREATE, UPDATE configmaps"
    );
    assert_eq!(
        hook["latest"]["binding"],
        format!("{LIMITS}: CREATE ConfigMap {}/good", stage.namespace())
    );
    operator.stop().await;
}

#[tokio::test]
async fn hook_changes_the_object_in_either_spelling_of_a_patch() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let name = |letter: &str| format!("{letter}.labels.example.com");
    let config = |letter: &str| asked(MUTATING, &name(letter), stage.namespace(), "");
    let patch = |letter: &str| {
        format!(
            r#"patch = [{{"op": "add", "path": "/metadata/labels/{letter}", "value": request["uid"]}}]"#
        )
    };
    let encoded =
        "answer(allowed=True, patch=base64.b64encode(json.dumps(patch).encode()).decode())";
    let plain = "answer(allowed=True, patch=patch)";
    for (letter, answer) in [("a", encoded), ("b", plain)] {
        let body = format!("{}\n{answer}", patch(letter));
        stage.hook(
            "web",
            &format!("{letter}.py"),
            &python(&config(letter), &body),
        );
    }
    let operator = start(&stage).await;
    until_asks(&stage, "mutating", &[&name("a"), &name("b")]).await;

    let label = |object: &Value, key: &str| object["metadata"]["labels"][key].is_string();
    let is_changed = |body: &Value| label(body, "a") && label(body, "b");
    let made = until_answered(&stage, "both labels", numbered("x"), |it| {
        is_changed(&it.body)
    })
    .await;
    assert_eq!(made.code, 201);
    operator.stop().await;
}

#[tokio::test]
async fn hooks_with_one_name_and_those_of_the_operator_itself_are_all_asked() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let global = tempfile::TempDir::new().expect("a folder");
    let marks = Marks::new();
    let condition = "  matchConditions: [{name: named, expression: \"object.metadata.name.startsWith('try-')\"}]";
    let config = asked(VALIDATING, LIMITS, stage.namespace(), condition);
    let hook = |who: &str| {
        let note = format!(
            "open({:?}, 'a').write(object['metadata']['name'] + '\\n')",
            marks.text(who)
        );
        python(&config, &format!("{note}\nanswer(allowed=True)"))
    };
    stage.hook("web", "a.py", &hook("web-a"));
    stage.hook("web", "b.py", &hook("web-b"));
    let path = global.path().join("a.py");
    std::fs::write(&path, hook("global")).expect("a file");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("a mode");
    let mut operator = stage.start_with(|settings| {
        serve(stage.namespace())(settings);
        settings.folders.global_hooks = global.path().to_owned();
    });
    operator.converged().await;
    let names = [
        LIMITS,
        "web-hooks-a-py.limits.example.com",
        "web-hooks-b-py.limits.example.com",
    ];
    until_asks(&stage, "validating", &names).await;

    let other = create(&stage, "configmaps", "", &map("other", "x")).await;
    assert_eq!(other.code, 201);
    let all = ["global", "web-a", "web-b"];
    let is_asked = || all.iter().all(|who| !marks.lines(who).is_empty());
    until_answered(&stage, "all are asked", numbered("x"), |_| is_asked()).await;
    for who in all {
        assert!(
            marks.lines(who).iter().all(|name| name.starts_with("try-")),
            "{who}"
        );
    }
    operator.stop().await;
}

#[tokio::test]
async fn hook_that_is_slow_dies_or_talks_nonsense_is_a_clear_refusal() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let marks = Marks::new();
    let body = format!(
        r#"
text = object["data"]["text"]
if text == "dies":
    sys.exit("I cannot go on")
if text == "nonsense":
    answer(allowed="yes", warnings=3)
if text == "slow":
    open({:?}, "a").write(f"{{os.getpid()}}\n")
    time.sleep(1000)
if text == "fine":
    answer(allowed=True)
"#,
        marks.text("slow")
    );
    let config = asked(VALIDATING, LIMITS, stage.namespace(), "  timeoutSeconds: 2");
    stage.hook("web", "a.py", &python(&config, &body));
    let operator = start(&stage).await;
    until_asks(&stage, "validating", &[LIMITS]).await;

    let dead = until_answered(&stage, "a refusal", numbered("dies"), |it| it.code != 201).await;
    let refused = |response: &super::webhook_stage::Response, words: &[&str]| {
        assert_eq!(response.code, 500, "{response:?}");
        for word in [&[DENIED, "hooks/a.py"], words].concat() {
            assert!(response.message().contains(word), "{word}: {response:?}");
        }
    };
    refused(&dead, &["ended with exit code 1", "I cannot go on"]);
    let nonsense = create(&stage, "configmaps", "", &map("nonsense", "nonsense")).await;
    refused(
        &nonsense,
        &[
            "ADMISSION_RESPONSE_PATH: allowed: expected true or false",
            "warnings: expected a list",
        ],
    );
    let silent = create(&stage, "configmaps", "", &map("silent", "silent")).await;
    refused(&silent, &["is empty: the hook gave no answer"]);
    let begun = Instant::now();
    let slow = create(&stage, "configmaps", "", &map("slow", "slow")).await;
    refused(&slow, &["did not answer in time (timeoutSeconds: 2)"]);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    until_dead(&marks.lines("slow")[0]).await;
    let fine = create(&stage, "configmaps", "", &map("fine", "fine")).await;
    assert_eq!(fine.code, 201);
    let list = operator.ask("/hook/list.json").await;
    assert!(list["hooks"][0]["failures"].as_u64() >= Some(4), "{list}");
    operator.stop().await;
}

#[tokio::test]
async fn hook_whose_failures_are_ignored_lets_pass_with_a_warning() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let config = asked(
        VALIDATING,
        LIMITS,
        stage.namespace(),
        "  failurePolicy: Ignore",
    );
    stage.hook("web", "a.py", &python(&config, "sys.exit(3)"));
    let operator = start(&stage).await;
    let is_warned = |it: &super::webhook_stage::Response| !it.warnings.is_empty();
    let passed = until_answered(&stage, "a warning", numbered("x"), is_warned).await;
    assert_eq!(passed.code, 201);
    let warning = &passed.warnings[0];
    for word in [
        "hooks/a.py ended with exit code 3",
        "failurePolicy is Ignore",
    ] {
        assert!(warning.contains(word), "{warning}");
    }
    operator.stop().await;
}

#[tokio::test]
async fn asker_that_goes_away_ends_the_hook() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let marks = Marks::new();
    let body = format!(
        r#"
open({:?}, "a").write(f"{{os.getpid()}}\n")
time.sleep(1000)
"#,
        marks.text("slow")
    );
    let config = asked(
        VALIDATING,
        LIMITS,
        stage.namespace(),
        "  timeoutSeconds: 30",
    );
    stage.hook("web", "a.py", &python(&config, &body));
    let operator = start(&stage).await;
    until_asks(&stage, "validating", &[LIMITS]).await;

    let path = format!("{}?timeout=1s", stage.path("configmaps"));
    for count in 0..100 {
        let object = map(&format!("gone-{count}"), "x").to_string();
        let request = http::Request::post(&path)
            .header("content-type", "application/json")
            .body(kube::client::Body::from(object.into_bytes()))
            .expect("a request");
        // The server may cut the connection when its time is over, instead of an answer.
        let request = stage.client.send(request);
        let _ = tokio::time::timeout(Duration::from_secs(2), request).await;
        if !marks.lines("slow").is_empty() {
            break;
        }
    }
    until_dead(&marks.until("slow", 1).await[0]).await;
    operator.stop().await;
}

#[tokio::test]
async fn what_a_hook_asks_for_beside_its_answer_is_done_but_for_trials() {
    let Some(stage) = Stage::with("webhook", &seen_chart("web")).await else {
        return;
    };
    let namespace = stage.namespace().to_owned();
    let more = "  group: main
kubernetes:
- name: notes
  group: main
  apiVersion: v1
  kind: ConfigMap
  jqFilter: .data.text
  executeHookOnEvent: []
  executeHookOnSynchronization: false
  nameSelector: {matchNames: [note]}
  namespace: {nameSelector: {matchNames: [NAMESPACE]}}"
        .replace("NAMESPACE", &namespace);
    let body = format!(
        r#"
name = object["metadata"]["name"]
note = context["snapshots"]["notes"][0]["filterResult"]
def give(variable, document):
    with open(os.environ[variable], "w") as file:
        json.dump(document, file)
give("VALUES_JSON_PATCH_PATH", {{"op": "add", "path": "/web/seen", "value": f"{{name}} {{note}}"}})
give("KUBERNETES_PATCH_PATH", {{"operation": "CreateOrUpdate", "object": {{
    "apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "made-for-" + name, "namespace": "{namespace}"}},
}}}})
answer(allowed=True, warnings=["asked"])
"#
    );
    let config = asked(VALIDATING, LIMITS, &namespace, &more);
    stage.hook("web", "a.py", &python(&config, &body));
    stage.create("configmaps", &json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "note"}, "data": {"text": "noted"},
    })).await;
    let operator = start(&stage).await;
    until_asks(&stage, "validating", &[LIMITS]).await;
    let is_asked = |it: &super::webhook_stage::Response| !it.warnings.is_empty();
    until_answered(&stage, "it is asked", numbered("x"), is_asked).await;

    let trial = create(&stage, "configmaps", "?dryRun=All", &map("trial", "x")).await;
    assert_eq!((trial.code, trial.warnings.len()), (201, 1));
    let real = create(&stage, "configmaps", "", &map("real", "x")).await;
    assert_eq!((real.code, real.warnings.len()), (201, 1));
    let is_so = |object: &Value| object["data"]["seen"] == "real noted";
    stage
        .until("configmaps/web", "the chart follows", is_so)
        .await;
    assert!(stage.find("configmaps/made-for-real").await.is_some());
    assert!(stage.find("configmaps/made-for-trial").await.is_none());
    operator.stop().await;
}

#[tokio::test]
async fn webhooks_come_and_go_with_their_hooks_and_modules() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let hook = |name: &str| {
        let config = asked(VALIDATING, name, stage.namespace(), "");
        python(&config, "answer(allowed=True)")
    };
    stage.hook("web", "a.py", &hook("a.example.com"));
    stage.hook("web", "b.py", &hook("b.example.com"));
    let mut operator = start(&stage).await;
    until_asks(&stage, "validating", &["a.example.com", "b.example.com"]).await;

    stage.hook("web", "a.py", &hook("c.example.com"));
    until_asks(&stage, "validating", &["c.example.com", "b.example.com"]).await;
    stage.modules.remove("010-web/hooks/b.py");
    until_asks(&stage, "validating", &["c.example.com"]).await;
    stage
        .modules
        .write("010-web/values.yaml", "webEnabled: false\n");
    operator.module_is("web", ModuleState::Disabled).await;
    until_asks(&stage, "validating", &[]).await;
    stage.until_gone(&configuration(&stage, "validating")).await;
    stage
        .modules
        .write("010-web/values.yaml", "webEnabled: true\n");
    until_asks(&stage, "validating", &["c.example.com"]).await;
    // They outlive the operator: what it guards stays guarded.
    operator.stop().await;
    let path = configuration(&stage, "validating");
    assert!(rest::get(&stage.client, &path).await.is_some());
    rest::delete(&stage.client, &path).await;
}

#[tokio::test]
async fn operator_that_is_gone_refuses_others_and_not_what_brings_it_back() {
    let Some(stage) = stage("webhook").await else {
        return;
    };
    let config = format!(
        "configVersion: v1
kubernetesValidating:
- name: {LIMITS}
  namespace: {{labelSelector: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}}}}
  rules: [{{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*'], scope: Namespaced}}]",
        stage.namespace()
    );
    stage.hook(
        "web",
        "a.py",
        &python(&config, "answer(allowed=True, warnings=['asked'])"),
    );
    let operator = start(&stage).await;
    let is_asked = |it: &super::webhook_stage::Response| !it.warnings.is_empty();
    until_answered(&stage, "it is asked", numbered("x"), is_asked).await;
    operator.stop().await;

    let refused = create(&stage, "configmaps", "", &map("refused", "x")).await;
    assert_eq!(refused.code, 500);
    assert!(
        refused
            .message()
            .contains("failed calling webhook \"limits.example.com\""),
        "{refused:?}"
    );
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "lease"}, "spec": {},
    });
    let leases = "coordination.k8s.io/v1/leases";
    assert_eq!(create(&stage, leases, "", &lease).await.code, 201);

    // It comes back by itself.
    let operator = start(&stage).await;
    until_answered(
        &stage,
        "it is asked again",
        |count| map(&format!("again-{count}"), "x"),
        is_asked,
    )
    .await;
    operator.stop().await;
    rest::delete(&stage.client, &configuration(&stage, "validating")).await;
}
