//! The programs that a control plane consists of: found, or built once and cached.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::{Listener, Progress, go};

const ETCD: Program = Program {
    name: "etcd",
    version: "v3.7.3",
    package: "go.etcd.io/etcd/server/v3",
    module: include_str!("go/etcd/go.mod"),
    checksums: include_str!("go/etcd/go.sum"),
    link_flags: "-s -w",
    packages: 570,
    expected: Duration::from_secs(40),
    source: None,
};

const KUBE_APISERVER: Program = Program {
    name: "kube-apiserver",
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    packages: 2030,
    expected: Duration::from_secs(190),
    ..KUBECTL
};

const KUBECTL: Program = Program {
    name: "kubectl",
    version: "v1.36.3",
    package: "k8s.io/kubernetes/cmd/kubectl",
    module: include_str!("go/kubernetes/go.mod"),
    checksums: include_str!("go/kubernetes/go.sum"),
    // Without them the server would tell no version.
    link_flags: "-s -w \
        -X k8s.io/component-base/version.gitVersion=v1.36.3 \
        -X k8s.io/component-base/version.gitMajor=1 \
        -X k8s.io/component-base/version.gitMinor=36",
    packages: 900,
    expected: Duration::from_secs(30),
    source: None,
};

/// No part of a control plane: the oracle for charts and releases.
const HELM: Program = Program {
    name: "helm",
    version: "v3.22.0",
    package: "helm.sh/helm/v3/cmd/helm",
    module: include_str!("go/helm/go.mod"),
    checksums: include_str!("go/helm/go.sum"),
    // As its own Makefile sets them; without them it knows Kubernetes 1.20 alone.
    link_flags: "-s -w \
        -X helm.sh/helm/v3/internal/version.version=v3.22.0 \
        -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 \
        -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=37 \
        -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 \
        -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=37",
    packages: 960,
    expected: Duration::from_secs(71),
    source: None,
};

/// A program and everything that decides what it will be.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// What `go build` is given.
    pub(super) package: &'static str,
    /// The `go.mod` in which the package is a tool.
    pub(super) module: &'static str,
    /// The `go.sum` beside it.
    pub(super) checksums: &'static str,
    pub(super) link_flags: &'static str,
    /// How many packages are compiled when Go has none in its own cache, about.
    pub(super) packages: usize,
    /// How long that takes on two cores.
    pub(super) expected: Duration,
    /// A main package of our own, built in place of one of the module's.
    pub(super) source: Option<&'static str>,
}

impl Program {
    /// The name in the cache: the same for whatever gives the same program.
    fn cached_name(&self) -> String {
        let mut hash = Sha256::new();
        let parts = [
            self.module,
            self.checksums,
            self.package,
            self.link_flags,
            std::env::consts::OS,
            std::env::consts::ARCH,
        ];
        for part in parts.into_iter().chain(self.source) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let short = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
        format!("{}-{}-{short:016x}", self.name, self.version)
    }
}

/// Where the programs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The database.
    pub etcd: PathBuf,
    /// The API server.
    pub kube_apiserver: PathBuf,
    /// The command line client, when there is one beside the others.
    pub kubectl: Option<PathBuf>,
    /// Whether they are the versions that this room knows, and not somebody's own.
    pub(super) are_ours: bool,
}

/// Finds the programs in `assets` (the folder that `KUBEBUILDER_ASSETS` names) or else in `cache`,
/// where they are built first when they are missing.
///
/// # Errors
///
/// A program that is not in `assets`; a `go` tool that is missing, too old or cannot build (no
/// network, no space); a cache folder that cannot be written.
pub async fn binaries(
    cache: &Path,
    assets: Option<&Path>,
    progress: Listener<'_>,
) -> Result<Binaries, Error> {
    if let Some(folder) = assets {
        return find_assets(folder);
    }
    let etcd = find_or_build(&ETCD, cache, &mut *progress).await?;
    let kube_apiserver = find_or_build(&KUBE_APISERVER, cache, progress).await?;
    let kubectl = cache_folder(cache).join(KUBECTL.cached_name());
    Ok(Binaries {
        etcd,
        kube_apiserver,
        kubectl: kubectl.is_file().then_some(kubectl),
        are_ours: true,
    })
}

/// Finds kubectl in `cache`, where it is built first when it is missing.
///
/// # Errors
///
/// As [`binaries`].
pub async fn kubectl(cache: &Path, progress: Listener<'_>) -> Result<PathBuf, Error> {
    find_or_build(&KUBECTL, cache, progress).await
}

/// Finds helm in `cache`, where it is built first when it is missing: for tests alone.
///
/// # Errors
///
/// As [`binaries`].
pub async fn helm(cache: &Path, progress: Listener<'_>) -> Result<PathBuf, Error> {
    find_or_build(&HELM, cache, progress).await
}

/// Finds a small program of ours that uses Helm's Go module in `cache`, where it is built first when
/// it is missing: for tests and benches alone. `source` is its only file, a Go main package.
///
/// # Errors
///
/// As [`binaries`].
pub async fn with_helm(
    name: &'static str,
    source: &'static str,
    cache: &Path,
    progress: Listener<'_>,
) -> Result<PathBuf, Error> {
    let program = Program {
        name,
        package: ".",
        source: Some(source),
        ..HELM
    };
    find_or_build(&program, cache, progress).await
}

fn find_assets(folder: &Path) -> Result<Binaries, Error> {
    let find = |tool: &'static str| {
        let path = folder.join(tool);
        path.is_file().then_some(path).ok_or(Error::FindAsset {
            tool,
            folder: folder.to_owned(),
        })
    };
    Ok(Binaries {
        etcd: find("etcd")?,
        kube_apiserver: find("kube-apiserver")?,
        kubectl: find("kubectl").ok(),
        are_ours: false,
    })
}

fn cache_folder(cache: &Path) -> PathBuf {
    cache.join("control-plane")
}

async fn find_or_build(
    program: &Program,
    cache: &Path,
    progress: Listener<'_>,
) -> Result<PathBuf, Error> {
    let folder = cache_folder(cache);
    let name = program.cached_name();
    let path = folder.join(&name);
    if path.is_file() {
        return Ok(path);
    }
    fs::create_dir_all(&folder).map_err(|source| Error::CreateFolder {
        path: folder.clone(),
        source,
    })?;
    let _lock = lock(&folder.join(format!("{name}.lock")), program, progress).await?;
    if path.is_file() {
        return Ok(path);
    }
    let prefix = format!(".{name}-");
    sweep(&folder, &prefix);
    let workshop = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(&folder)
        .map_err(|source| Error::CreateFolder {
            path: folder.clone(),
            source,
        })?;
    let started = Instant::now();
    let built = go::build(program, workshop.path(), progress).await?;
    fs::rename(&built, &path).map_err(|source| Error::WriteFile {
        path: path.clone(),
        source,
    })?;
    progress(Progress::Built {
        what: program.name,
        took: started.elapsed(),
    });
    Ok(path)
}

/// Waits until no other process builds the same. The lock goes with the file, or with the process.
async fn lock(path: &Path, program: &Program, progress: Listener<'_>) -> Result<File, Error> {
    let failed = |source| Error::WriteFile {
        path: path.to_owned(),
        source,
    };
    let file = File::create(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => progress(Progress::Waiting { what: program.name }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let waiting = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    waiting
        .await
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(failed)
}

/// Removes what a build that was killed left behind. The caller holds the lock.
fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            // What cannot be removed takes space and does no harm.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_name_follows_the_sources() {
        let other = Program {
            checksums: "other",
            ..ETCD
        };
        assert_ne!(ETCD.cached_name(), other.cached_name());
        assert!(ETCD.cached_name().starts_with("etcd-v3.7.3-"));
        assert_ne!(KUBECTL.cached_name(), KUBE_APISERVER.cached_name());
        let source = Some("package main");
        assert_ne!(Program { source, ..HELM }.cached_name(), HELM.cached_name());
    }

    #[test]
    fn module_files_ask_for_the_versions_told() {
        for program in [ETCD, KUBECTL, KUBE_APISERVER, HELM] {
            let module = program.package.split("/cmd/").next().unwrap_or_default();
            let required = format!("\t{module} {}", program.version);
            assert!(program.module.contains(&required), "{required}");
            assert!(program.module.contains(program.package));
        }
    }

    #[test]
    fn assets_must_be_complete() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("etcd"), "").unwrap();
        let error = find_assets(folder.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("there is no kube-apiserver in {}", folder.path().display())
        );
        fs::write(folder.path().join("kube-apiserver"), "").unwrap();
        let found = find_assets(folder.path()).unwrap();
        assert_eq!((found.kubectl, found.are_ours), (None, false));
    }

    #[tokio::test]
    async fn cached_program_needs_no_go() {
        let cache = tempfile::tempdir().unwrap();
        let path = cache_folder(cache.path()).join(KUBECTL.cached_name());
        fs::create_dir_all(cache_folder(cache.path())).unwrap();
        fs::write(&path, "").unwrap();
        let mut told = Vec::new();
        let found = kubectl(cache.path(), &mut |step| told.push(step)).await;
        assert_eq!(found.unwrap(), path);
        assert_eq!(told, []);
    }

    #[tokio::test]
    async fn second_build_waits_for_the_first() {
        let cache = tempfile::tempdir().unwrap();
        let path = cache.path().join("etcd.lock");
        let mut first = Some(lock(&path, &ETCD, &mut |_| {}).await.unwrap());
        let mut told = Vec::new();
        // Letting go of the first is all that lets the second through.
        let mut listen = |step| {
            told.push(step);
            first.take();
        };
        lock(&path, &ETCD, &mut listen).await.unwrap();
        assert_eq!(told, [Progress::Waiting { what: "etcd" }]);
    }

    #[test]
    fn left_overs_of_this_build_alone_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".etcd-1-killed", ".etcd-2-running", "etcd-1"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        sweep(folder.path(), ".etcd-1-");
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [".etcd-2-running", "etcd-1"]);
    }
}
