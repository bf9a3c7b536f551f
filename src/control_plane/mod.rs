//! A real etcd and kube-apiserver on this machine, to try and to test with.
//!
//! In: a cache folder, a data folder · Out: [`ControlPlane`], an address and its kubeconfig ·
//! Never: schedules, runs or collects anything: there are no controllers and no nodes, so no pod
//! starts, no Deployment becomes ready, a deleted namespace stays terminating and the aggregated
//! roles (`view`, `edit`, `admin`) are empty.
//!
//! # What is built
//!
//! Three small Go modules in `go/` name the exact versions, with the checksums of every source file
//! that goes in: etcd 3.7.3, Kubernetes 1.36.3 for kube-apiserver and kubectl, and Helm 3.22.0. They are part of
//! this program, so it needs no checkout. The ordinary `go` tool builds them, once, without a C
//! compiler; on two cores it takes
//!
//! | what           | from nothing          | size   |
//! |----------------|-----------------------|--------|
//! | etcd           | 40 s                  | 25 MB  |
//! | kube-apiserver | 190 s                 | 105 MB |
//! | kubectl        | 30 s, after the above | 60 MB  |
//! | helm           | 71 s                  | 60 MB  |
//!
//! and 200 MB of packed sources are fetched. kubectl and helm are built only when asked for: helm by
//! tests alone, which let it make the releases that we take over. Small programs of tests and benches
//! that use Helm's module are built the same way.
//!
//! The results are kept in the cache folder as `control-plane/NAME-VERSION-CHECKSUM`. The checksum
//! covers the module files, the link flags and the kind of machine. It does not cover the version
//! of Go: a newer one is no reason to build again, and what is cached needs no `go` at all.
//! A result gets its name when it is whole; a lock file makes a second process wait for the first.
//!
//! To move to newer versions: `go get` and `go mod tidy` in the folders below `go/`, then the
//! constants in `binaries.rs`.
//!
//! # How they run
//!
//! etcd listens on a socket in the data folder, the API server with TLS on a port of 127.0.0.1.
//! They are ready in about three seconds and take some 310 MB of memory. Each is started by a small
//! shell script that reads a pipe from us: when the pipe closes, because we ask or because this
//! process is gone, however it went, the script ends the server, and the last one removes the data.

mod binaries;
mod credentials;
mod error;
mod folder;
mod go;
mod readiness;
mod servers;
mod supervisor;

use std::time::Duration;

pub use binaries::{Binaries, binaries, helm, kubectl, with_helm};
pub use error::Error;
pub use servers::{ControlPlane, Memory, start};

/// What happens while servers are built and started, for a person who waits.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Another process builds the same; we wait for it.
    Waiting {
        /// `etcd`, `kube-apiserver` or `kubectl`.
        what: &'static str,
    },
    /// The go tool starts to build.
    Building {
        /// `etcd`, `kube-apiserver` or `kubectl`.
        what: &'static str,
        /// The version that is built.
        version: &'static str,
        /// How long it takes on two cores when nothing is cached.
        expected: Duration,
    },
    /// The go tool fetched or compiled something.
    Step {
        /// `etcd`, `kube-apiserver` or `kubectl`.
        what: &'static str,
        /// Packages compiled so far.
        compiled: usize,
        /// Packages it consists of; fewer are compiled when Go has some in its own cache.
        packages: usize,
        /// The line that the tool printed.
        line: String,
    },
    /// The result is in the cache.
    Built {
        /// `etcd`, `kube-apiserver` or `kubectl`.
        what: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// The servers are being started.
    Starting,
    /// The API server answers.
    Ready {
        /// Since [`Progress::Starting`].
        took: Duration,
    },
}

/// Listens to [`Progress`].
pub type Listener<'a> = &'a mut (dyn FnMut(Progress) + Send);
