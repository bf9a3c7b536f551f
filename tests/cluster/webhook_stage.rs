//! An operator whose hooks the API server calls, and requests with what comes back beside the object.

use std::net::TcpListener;
use std::time::Duration;

use addon_operator::operator::Settings;
use http::{Method, Request};
use kube::client::Body;
use serde_json::{Value, json};

use super::scene::PATIENCE;
use super::stage::{Stage, config_map};
use crate::support::{Operator, eventually, rest};

/// What came back: the code, the object or why not, and the warnings.
#[derive(Debug, Clone)]
pub(super) struct Response {
    pub(super) code: u16,
    pub(super) body: Value,
    pub(super) warnings: Vec<String>,
}

impl Response {
    pub(super) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// A stage with the module `web`, whose chart no webhook sees.
pub(super) async fn stage(prefix: &str) -> Option<Stage> {
    Stage::with(prefix, &config_map("web", "plain")).await
}

/// Settings for webhooks on this machine.
pub(super) fn serve(namespace: &str) -> impl FnOnce(&mut Settings) {
    move |settings| {
        namespace.clone_into(&mut settings.webhooks.configuration_name);
        let webhooks = &mut settings.webhooks;
        for place in [&mut webhooks.admission, &mut webhooks.conversion] {
            let port = free_port();
            place.listen = ([127, 0, 0, 1], port).into();
            place.url = Some(format!("https://127.0.0.1:{port}"));
        }
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Starts an operator that serves webhooks, and waits until it has run.
pub(super) async fn start(stage: &Stage) -> Operator {
    let mut operator = stage.start_with(serve(stage.namespace()));
    operator.converged().await;
    operator
}

/// The configuration of a hook that is asked about `ConfigMap`s with the label `asked`; `more` are
/// further keys of the binding, each in a line of its own.
pub(super) fn asked(key: &str, name: &str, namespace: &str, more: &str) -> String {
    format!(
        "configVersion: v1
{key}:
- name: {name}
  labelSelector: {{matchLabels: {{asked: about}}}}
  namespace: {{labelSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}
  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [configmaps], operations: [CREATE, UPDATE]}}]
{more}"
    )
}

/// A hook in Python that prints `config` for `--config` and does `body` else. In it `request` is what is
/// asked, `object` what it is about, and `answer(…)` answers.
pub(super) fn python(config: &str, body: &str) -> String {
    format!(
        r#"#!/usr/bin/env python3
import base64, json, os, sys, time

if sys.argv[1:] == ["--config"]:
    print("""{config}""")
    sys.exit()


def answer(**keys):
    with open(os.environ["ADMISSION_RESPONSE_PATH"], "w") as file:
        json.dump(keys, file)


with open(os.environ["BINDING_CONTEXT_PATH"]) as file:
    context = json.load(file)[0]
request = context.get("review", {{}}).get("request", {{}})
object = request.get("object") or {{}}
{body}
"#
    )
}

/// A `ConfigMap` that hooks are asked about.
pub(super) fn map(name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"asked": "about"}}, "data": {"text": text},
    })
}

/// Creates an object; `query` is empty or begins with `?`.
pub(super) async fn create(
    stage: &Stage,
    collection: &str,
    query: &str,
    object: &Value,
) -> Response {
    let path = format!("{}{query}", stage.path(collection));
    send(stage, Method::POST, &path, object).await
}

/// Sends a request to a whole path.
pub(super) async fn send(stage: &Stage, method: Method, path: &str, object: &Value) -> Response {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .body(Body::from(object.to_string().into_bytes()));
    let response = stage.client.send(request.expect("a request")).await;
    let response = response.expect("a response");
    let warnings = response.headers().get_all("warning").iter();
    let warnings = warnings.map(|it| it.to_str().expect("text").to_owned());
    let (code, warnings) = (response.status().as_u16(), warnings.collect());
    let body = response.into_body().collect_bytes().await.expect("a body");
    Response {
        code,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        warnings,
    }
}

/// The path of the operator's configuration; `kind` is `validating` or `mutating`.
pub(super) fn configuration(stage: &Stage, kind: &str) -> String {
    format!(
        "/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations/{}-hooks",
        stage.namespace()
    )
}

/// Waits until the API server asks webhooks of these names, and none else; none is no configuration.
pub(super) async fn until_asks(stage: &Stage, kind: &str, names: &[&str]) {
    let path = configuration(stage, kind);
    eventually(&format!("webhooks {names:?}"), PATIENCE, async || {
        let found = rest::get(&stage.client, &path).await;
        let found = found.unwrap_or_default();
        let webhooks = found["webhooks"].as_array().into_iter().flatten();
        let found: Vec<&str> = webhooks.filter_map(|it| it["name"].as_str()).collect();
        if found == names {
            Ok(())
        } else {
            Err(format!("{found:?}"))
        }
    })
    .await;
}

/// Creates `ConfigMap`s until a response is as wanted: the API server takes a moment to hear of its
/// configurations, and in that moment lets all pass.
pub(super) async fn until_answered(
    stage: &Stage,
    what: &str,
    make: impl Fn(usize) -> Value,
    is_so: impl Fn(&Response) -> bool,
) -> Response {
    let mut count = 0;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(40);
    loop {
        count += 1;
        let response = create(stage, "configmaps", "", &make(count)).await;
        if is_so(&response) {
            return response;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what}: {response:#?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
