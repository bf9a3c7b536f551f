//! Commands that show what would be: `render` and `diff`.
//!
//! They ask the running operator when its socket answers, since it alone knows what hooks set. Else
//! they read the folders and the `ConfigMap` themselves, and say that hooks' values are missing.

pub(super) mod diff;
mod offline;
pub(super) mod render;

use std::path::PathBuf;

use clap::Args;

use crate::release::Store;

/// Where to look when no operator answers.
#[derive(Debug, Clone, Args)]
pub(super) struct Places {
    /// Do not ask the running operator
    #[arg(long)]
    offline: bool,

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
    global_hooks_dir: PathBuf,

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

    /// A kubeconfig file
    #[arg(long, value_name = "FILE", env = "KUBE_CONFIG")]
    kube_config: Option<PathBuf>,

    /// A context of the kubeconfig
    #[arg(long, value_name = "NAME", env = "KUBE_CONTEXT")]
    kube_context: Option<String>,

    /// Where the original kept its Helm releases: secret or configmap
    #[arg(
        long,
        value_name = "DRIVER",
        env = "HELM_DRIVER",
        default_value = "secret",
        value_parser = crate::cli::start::helm_driver
    )]
    helm_driver: Store,

    /// Helm release that is never removed
    #[arg(long, value_name = "NAME", env = "HELM_IGNORE_RELEASE")]
    helm_ignore_release: Option<String>,
}
