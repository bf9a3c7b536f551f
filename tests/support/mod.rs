//! What tests share.
//!
//! A cluster test asks for the server first and ends when there is none:
//!
//! ```text
//! let Some(server) = support::api_server() else { return };
//! let client = server.client().await;
//! let namespace = server.namespace("drift").await;
//! ```
//!
//! Environment:
//! - `ADDON_OPERATOR_TEST_KUBECONFIG`: a cluster to use instead of our own; tests make and delete
//!   namespaces there.
//! - `KUBEBUILDER_ASSETS`: a folder with `etcd` and `kube-apiserver` to use instead of built ones.
//! - `ADDON_OPERATOR_CACHE_DIR`: where built ones are kept (default `~/.cache/addon-operator`).
//! - `ADDON_OPERATOR_TEST_KEEP`: when set, namespaces in such a cluster stay.
//! - `CI`: when set, a server that cannot be had is a failure and not a reason to skip.

mod api_server;
mod declared;
mod eventually;
mod helm;
mod hook;
mod namespace;
mod operator;
pub(crate) mod proxy;
mod requests;
pub(crate) mod rest;
mod small_disk;

pub(crate) use api_server::{
    ApiServer, api_server, binaries, client, kubectl, private_server, say,
};
pub(crate) use declared::Declared;
pub(crate) use eventually::eventually;
pub(crate) use helm::{Helm, helm, helm_engine, objects, template, template_text};
pub(crate) use hook::{Hook, Outcome};
pub(crate) use namespace::Namespace;
pub(crate) use operator::{Modules, Operator, row};
pub(crate) use requests::server_metrics;
pub(crate) use small_disk::SmallDisk;
