//! Where a command looks that needs no operator: folders, the `ConfigMap`, the cluster.

use std::path::PathBuf;

use clap::Args;

use crate::module;
use crate::operator::Settings;

/// All of it.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    #[command(flatten)]
    pub(super) folders: Folders,

    /// The operator's namespace
    #[arg(long, value_name = "NAME", env = "ADDON_OPERATOR_NAMESPACE")]
    namespace: Option<String>,

    /// The `ConfigMap` with the values
    #[arg(
        long,
        value_name = "NAME",
        env = "ADDON_OPERATOR_CONFIG_MAP",
        default_value = "addon-operator"
    )]
    config_map: String,

    #[command(flatten)]
    pub(super) cluster: Cluster,
}

/// The folders of modules and global hooks.
#[derive(Debug, Clone, Args)]
pub(super) struct Folders {
    /// The modules directories, separated by colons
    #[arg(
        long,
        value_name = "DIRS",
        env = "ADDON_OPERATOR_MODULES_DIR",
        default_value = "modules"
    )]
    modules_dir: String,

    /// The folder of global hooks and schemas
    #[arg(
        long,
        value_name = "DIR",
        env = "ADDON_OPERATOR_GLOBAL_HOOKS_DIR",
        default_value = "global-hooks"
    )]
    pub(super) global_hooks_dir: PathBuf,
}

/// Which cluster is asked.
#[derive(Debug, Clone, Args)]
pub(super) struct Cluster {
    /// A kubeconfig file
    #[arg(long, value_name = "FILE", env = "KUBE_CONFIG")]
    pub(super) kube_config: Option<PathBuf>,

    /// A context of the kubeconfig
    #[arg(long, value_name = "NAME", env = "KUBE_CONTEXT")]
    pub(super) kube_context: Option<String>,
}

impl Folders {
    /// The modules directories.
    pub(super) fn modules(&self) -> Vec<PathBuf> {
        module::split_dirs(&self.modules_dir)
    }
}

impl Cluster {
    /// Whether a person named one.
    pub(super) fn is_named(&self) -> bool {
        self.kube_config.is_some() || self.kube_context.is_some()
    }
}

impl Place {
    /// The settings that an operator with these flags would have.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.folders.modules = self.folders.modules();
        settings
            .folders
            .global_hooks
            .clone_from(&self.folders.global_hooks_dir);
        settings.namespace.clone_from(&self.namespace);
        settings.config_map.clone_from(&self.config_map);
        settings
            .cluster
            .kubeconfig
            .clone_from(&self.cluster.kube_config);
        settings
            .cluster
            .context
            .clone_from(&self.cluster.kube_context);
        settings
    }
}
