//! Plain requests to the API server, by path.

use http::{Method, Request};
use kube::Client;
use serde_json::Value;

/// One object; `None` when it is not there.
pub(crate) async fn get(client: &Client, path: &str) -> Option<Value> {
    match send(client, Method::GET, path, None).await {
        Ok(object) => Some(object),
        Err(kube::Error::Api(status)) if status.code == 404 => None,
        Err(error) => panic!("GET {path}: {error}"),
    }
}

/// Creates an object in a collection.
pub(crate) async fn create(client: &Client, path: &str, object: &Value) -> Value {
    let body = ("application/json", object);
    send(client, Method::POST, path, Some(body))
        .await
        .unwrap_or_else(|error| panic!("POST {path}: {error}"))
}

/// The same; answers why it was refused.
pub(crate) async fn try_create(
    client: &Client,
    path: &str,
    object: &Value,
) -> Result<Value, String> {
    let body = ("application/json", object);
    let created = send(client, Method::POST, path, Some(body)).await;
    created.map_err(|error| error.to_string())
}

/// Replaces an object, or what its sub-resource has of it.
pub(crate) async fn replace(client: &Client, path: &str, object: &Value) -> Value {
    let body = ("application/json", object);
    send(client, Method::PUT, path, Some(body))
        .await
        .unwrap_or_else(|error| panic!("PUT {path}: {error}"))
}

/// A JSON merge patch, by the field manager `manager`.
pub(crate) async fn merge(client: &Client, path: &str, manager: &str, change: &Value) -> Value {
    let path = format!("{path}?fieldManager={manager}");
    let body = ("application/merge-patch+json", change);
    send(client, Method::PATCH, &path, Some(body))
        .await
        .unwrap_or_else(|error| panic!("PATCH {path}: {error}"))
}

/// A JSON patch, by the field manager `manager`.
pub(crate) async fn json_patch(
    client: &Client,
    path: &str,
    manager: &str,
    change: &Value,
) -> Value {
    let path = format!("{path}?fieldManager={manager}");
    let body = ("application/json-patch+json", change);
    send(client, Method::PATCH, &path, Some(body))
        .await
        .unwrap_or_else(|error| panic!("PATCH {path}: {error}"))
}

/// Server-side apply with force, by the field manager `manager`.
pub(crate) async fn apply(client: &Client, path: &str, manager: &str, object: &Value) -> Value {
    let path = format!("{path}?fieldManager={manager}&force=true");
    let body = ("application/apply-patch+yaml", object);
    send(client, Method::PATCH, &path, Some(body))
        .await
        .unwrap_or_else(|error| panic!("PATCH {path}: {error}"))
}

/// What the API server would make of an object whose every field it must know; or why it would not.
pub(crate) async fn check(client: &Client, path: &str, object: &Value) -> Result<Value, String> {
    let path = format!("{path}?fieldManager=check&dryRun=All&fieldValidation=Strict");
    let body = ("application/apply-patch+yaml", object);
    let checked = send(client, Method::PATCH, &path, Some(body)).await;
    checked.map_err(|error| error.to_string())
}

/// Where an object is.
pub(crate) fn path_of(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let api_version = text("/apiVersion").expect("an API version");
    let root = if api_version.contains('/') {
        "apis"
    } else {
        "api"
    };
    let kind = text("/kind").expect("a kind").to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    };
    let name = text("/metadata/name").expect("a name");
    match text("/metadata/namespace") {
        Some(namespace) => format!("/{root}/{api_version}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("/{root}/{api_version}/{plural}/{name}"),
    }
}

/// Deletes an object.
pub(crate) async fn delete(client: &Client, path: &str) {
    send(client, Method::DELETE, path, None)
        .await
        .unwrap_or_else(|error| panic!("DELETE {path}: {error}"));
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    body: Option<(&str, &Value)>,
) -> Result<Value, kube::Error> {
    let request = Request::builder().method(method).uri(path);
    let request = match body {
        Some((content_type, object)) => request
            .header("content-type", content_type)
            .body(object.to_string().into_bytes()),
        None => request.body(Vec::new()),
    };
    client.request(request.expect("a request")).await
}
