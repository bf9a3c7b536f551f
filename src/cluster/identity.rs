//! Who we are to the API server, and whom we take for it: kubeconfig or the pod's own files.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};
use sha2::{Digest as _, Sha256};

use super::connect::Settings;
use super::error::Error;

/// What connections are made with, and where it was read.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) config: Config,
    source: Arc<Source>,
    /// Of everything that rotates.
    digest: [u8; 32],
}

struct Source {
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
    server: Option<String>,
}

impl Identity {
    /// Finds the cluster.
    pub(super) async fn find(settings: &Settings) -> Result<Self, Error> {
        let source = Source {
            kubeconfig: settings.kubeconfig.clone(),
            context: settings.context.clone(),
            server: settings.server.clone(),
        };
        Self::read(Arc::new(source)).await
    }

    /// The same, read again; `None` when nothing changed, or it cannot be read now.
    pub(super) async fn renewed(&self) -> Option<Self> {
        let now = Self::read(self.source.clone()).await.ok()?;
        // The address is part of what an error says, and of what was told at the start.
        let is_other =
            now.digest != self.digest && now.config.cluster_url == self.config.cluster_url;
        is_other.then_some(now)
    }

    async fn read(source: Arc<Source>) -> Result<Self, Error> {
        let mut config = source.find().await?;
        if let Some(server) = &source.server {
            config.cluster_url = server.parse().map_err(|cause| Error::FindCluster {
                hint: format!("the server address {server:?} is not a URL"),
                source: Box::new(cause),
            })?;
        }
        let digest = digest(&config);
        Ok(Self {
            config,
            source,
            digest,
        })
    }
}

impl Source {
    async fn find(&self) -> Result<Config, Error> {
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..Default::default()
        };
        let found = match &self.kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path).map_err(|source| Error::FindCluster {
                    hint: format!("the kubeconfig {} cannot be read", path.display()),
                    source: Box::new(source),
                })?;
                Config::from_custom_kubeconfig(file, &options).await
            }
            None => match Config::from_kubeconfig(&options).await {
                Ok(config) => return Ok(config),
                Err(from_file) => return Config::incluster().map_err(|_| no_cluster(from_file)),
            },
        };
        found.map_err(no_cluster)
    }
}

fn no_cluster(source: kube::config::KubeconfigError) -> Error {
    Error::FindCluster {
        hint: "no usable kubeconfig, and this is not a pod; set KUBECONFIG or --kube-config"
            .to_owned(),
        source: Box::new(source),
    }
}

/// Of authorities, credentials and the files that they are in. What cannot be read counts as empty: the
/// digest changes when it can.
fn digest(config: &Config) -> [u8; 32] {
    let mut digest = Sha256::new();
    for certificate in config.root_cert.iter().flatten() {
        digest.update(certificate);
    }
    let identity = &config.auth_info;
    digest.update(serde_json::to_vec(identity).unwrap_or_default());
    let files = [
        &identity.token_file,
        &identity.client_certificate,
        &identity.client_key,
    ];
    for file in files.into_iter().flatten() {
        digest.update(fs::read(file).unwrap_or_default());
    }
    digest.finalize().into()
}
