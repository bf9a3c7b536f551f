//! A namespace for one test.

use std::hash::{BuildHasher as _, RandomState};
use std::{env, thread};

use k8s_openapi::api::core::v1;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams};
use kube::discovery::{Discovery, Scope};
use kube::{Api, Client, ResourceExt as _};

use super::api_server::{ApiServer, client};

/// A namespace for one test. When the test fails, dropping it tells what is in it.
///
/// Dropping deletes it where the cluster is not ours; our own server is thrown away whole.
pub(crate) struct Namespace {
    name: String,
    server: &'static ApiServer,
}

impl Namespace {
    pub(super) async fn create(server: &'static ApiServer, prefix: &str) -> Self {
        let name = format!("{prefix}-{}", random_letters());
        let mut namespace = v1::Namespace::default();
        namespace.metadata.name = Some(name.clone());
        let namespaces: Api<v1::Namespace> = Api::all(server.client().await);
        let created = namespaces.create(&PostParams::default(), &namespace).await;
        created.expect("a namespace");
        Self { name, server }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let is_ours = self.server.control_plane().is_some();
        let is_kept = is_ours || env::var_os("ADDON_OPERATOR_TEST_KEEP").is_some();
        let (name, has_failed) = (self.name.as_str(), thread::panicking());
        let leave = async || {
            let client = client(self.server.kubeconfig()).await;
            if has_failed {
                eprintln!("{}", describe(&client, name).await);
            }
            if !is_kept {
                // What is left in somebody's cluster shows in its list of namespaces.
                let namespaces: Api<v1::Namespace> = Api::all(client);
                let _ = namespaces.delete(name, &DeleteParams::default()).await;
            }
        };
        if has_failed || !is_kept {
            // A thread of its own: the test's runtime runs on this one.
            thread::scope(|scope| {
                scope.spawn(|| self.server.runtime().block_on(leave()));
            });
        }
    }
}

/// What is in a namespace, one line each: objects, then events.
async fn describe(client: &Client, namespace: &str) -> String {
    let mut lines = vec![format!("in namespace {namespace}:")];
    let discovery = Discovery::new(client.clone()).run().await;
    for group in discovery.iter().flat_map(Discovery::groups) {
        for (resource, can) in group.recommended_resources() {
            if can.scope != Scope::Namespaced || !can.supports_operation("list") {
                continue;
            }
            let objects: Api<DynamicObject> =
                Api::namespaced_with(client.clone(), namespace, &resource);
            let listed = objects.list_metadata(&ListParams::default()).await;
            let names = listed.into_iter().flatten().map(|object| object.name_any());
            lines.extend(names.map(|name| format!("  {} {name}", resource.kind)));
        }
    }
    let events: Api<v1::Event> = Api::namespaced(client.clone(), namespace);
    let listed = events.list(&ListParams::default()).await;
    for event in listed.into_iter().flatten() {
        let text = [event.type_, event.reason, event.message];
        lines.push(format!(
            "  {}",
            text.map(Option::unwrap_or_default).join(" ")
        ));
    }
    lines.join("\n")
}

/// Five letters, so that runs on one cluster do not meet.
fn random_letters() -> String {
    let mut number = RandomState::new().hash_one(());
    let mut letter = || {
        let letter = b'a' + u8::try_from(number % 26).expect("less than 26");
        number /= 26;
        char::from(letter)
    };
    (0..5).map(|_| letter()).collect()
}
