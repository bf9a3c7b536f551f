//! A namespace for one test.

use std::hash::{BuildHasher as _, RandomState};
use std::thread;

use k8s_openapi::api::core::v1;
use kube::Api;
use kube::api::PostParams;

use super::api_server::{ApiServer, client};

/// A namespace for one test. Dropping it deletes it where the cluster is not ours; our own server
/// is thrown away whole.
pub struct Namespace {
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
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.server.control_plane().is_some() {
            return;
        }
        let delete = async || {
            let namespaces: Api<v1::Namespace> = Api::all(client(self.server.kubeconfig()).await);
            // What is left in somebody's cluster shows in its list of namespaces.
            let _ = namespaces.delete(&self.name, &Default::default()).await;
        };
        // A thread of its own: the test's runtime runs on this one.
        thread::scope(|scope| {
            scope.spawn(|| self.server.runtime().block_on(delete()));
        });
    }
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
