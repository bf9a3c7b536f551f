//! How the operator was started: flags and environment, parsed and checked.
//!
//! `cli/start` builds this; nothing else reads the environment. The defaults are here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::binding::Place;
use crate::leader::Terms;
use crate::module::Extenders;
use crate::release::Store;
use crate::webhook;

/// Which of the two originals this process stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// addon-operator: modules, their values and hooks, and global hooks.
    AddonOperator,
    /// shell-operator: a folder of hooks, and nothing else.
    ShellOperator,
}

/// Everything that flags and environment say about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which of the two originals this is.
    pub flavour: Flavour,
    /// Where things are on disk.
    pub folders: Folders,
    /// The operator's namespace; none when it was not said: then the service account's file or the
    /// kubeconfig's context tells.
    pub namespace: Option<String>,
    /// The `ConfigMap` in which people set values.
    pub config_map: String,
    /// Where probes and metrics are served.
    pub listen: SocketAddr,
    /// What the names of our metrics begin with.
    pub metrics_prefix: String,
    /// What becomes of metrics that hooks make.
    pub hook_metrics: HookMetrics,
    /// Whether the histograms of queue operations are kept.
    pub queue_action_metrics: bool,
    /// How modules are found, ordered and enabled.
    pub modules: ModuleSettings,
    /// How the API server is reached.
    pub cluster: ClusterSettings,
    /// How hooks' object patches are sent.
    pub object_patcher: ClientLimits,
    /// What remains of the settings of Helm.
    pub helm: HelmSettings,
    /// How much happens at once, and how long it may take.
    pub limits: Limits,
    /// What is logged.
    pub log: LogSettings,
    /// The debug socket and its like.
    pub debug: DebugSettings,
    /// The admission server for validating webhooks.
    pub admission: AdmissionSettings,
    /// How webhooks of hooks are served.
    pub webhooks: webhook::Settings,
    /// This replica, when there are several of which one leads.
    pub replica: Option<Replica>,
    /// How long leadership lasts.
    pub terms: Terms,
    /// What was set and has no effect here: one sentence each, to be logged at start.
    pub warnings: Vec<String>,
}

/// Where things are on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// The folders that hold module folders, in order.
    pub modules: Vec<PathBuf>,
    /// The folder of the global hooks; of a shell-operator the folder of all hooks.
    pub global_hooks: PathBuf,
    /// Where files for hooks and scripts are made.
    pub temporary: PathBuf,
    /// Our own program, which ends hooks and scripts when we are killed with -9; none for no guard.
    pub guard: Option<PathBuf>,
    /// What hooks get as their root folder; none for no change of root.
    pub shell_chroot: Option<PathBuf>,
    /// The folder of `shell_lib.sh`, which our environment has for hooks; none for what is installed,
    /// or a private one.
    pub framework: Option<PathBuf>,
    /// The folders with jq modules that filters may import, in order.
    pub jq_library: Vec<PathBuf>,
}

/// How modules are found, ordered and enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleSettings {
    /// The weight of modules whose folder has no number.
    pub unnumbered_order: u32,
    /// Whether modules run in one queue, each waiting for the success of the one before.
    pub strict_order: bool,
    /// Whether a missing values file or schema is an error.
    pub strict_values: bool,
    /// Who decides whether a module is enabled.
    pub extenders: Extenders,
    /// The labels that every applied object gets, sorted by key.
    pub extra_labels: Vec<(String, String)>,
    /// Files of `crds/` that begin so are left out.
    pub crd_filters: Vec<String>,
    /// How long a changed folder must rest before it is read again.
    pub folder_settle: Duration,
    /// How long a module folder must be gone before its module is removed.
    pub purge_settle: Duration,
}

/// How the API server is reached.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterSettings {
    /// A kubeconfig file; none for `KUBECONFIG`, then in-cluster.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it; none for its current one.
    pub context: Option<String>,
    /// The API server's address, over that of the kubeconfig.
    pub server: Option<String>,
    /// What our own client may send.
    pub client: ClientLimits,
}

/// What a client may send.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ClientLimits {
    /// Requests a second; none for no limit of ours.
    pub qps: Option<f32>,
    /// How many may go at once above that; none for as many as `qps`.
    pub burst: Option<u32>,
    /// How long one request may take; none for the client's own deadline.
    pub timeout: Option<Duration>,
}

/// What remains of the settings of Helm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmSettings {
    /// A release that is never removed: the one that installed this operator.
    pub ignore_release: Option<String>,
    /// Where the original kept its releases.
    pub store: Store,
    /// How long hooks of a chart may take.
    pub timeout: Duration,
}

/// How much happens at once, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Writes to the API server that are in flight.
    pub writes_in_flight: usize,
    /// Hook processes of main queues that run.
    pub hook_processes: usize,
    /// How long an `enabled` script may run.
    pub script_timeout: Duration,
    /// How long a hook may run; none for ever.
    pub hook_timeout: Option<Duration>,
}

/// What becomes of metrics that hooks make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookMetrics {
    /// Whether those that name no group get that of their hook, which its next run replaces.
    pub default_group: bool,
    /// How many series one metric may have.
    pub series: usize,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSettings {
    /// From which level on.
    pub level: LogLevel,
    /// In which form; none for text on a terminal and JSON elsewhere.
    pub form: Option<LogForm>,
    /// Whether a record says when it was made.
    pub time: LogTime,
    /// Whether JSON lines of hooks are passed on as they are.
    pub proxy_hook_json: bool,
}

/// Changes the level while the operator runs (`config set log.level …`).
pub type SetLogLevel = Arc<dyn Fn(LogLevel) + Send + Sync>;

/// From which level on is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what is odd.
    Warn,
    /// And what changed in the world.
    Info,
    /// And what we decided.
    Debug,
    /// And what we saw.
    Trace,
}

/// The form of a log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogForm {
    /// A line for people.
    Text,
    /// The same with colours, also when it is not a terminal.
    Color,
    /// One JSON object.
    Json,
}

/// Whether a log record says when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTime {
    /// It does.
    Shown,
    /// It does not.
    Hidden,
}

/// The debug socket and its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebugSettings {
    /// The unix socket.
    pub socket: PathBuf,
    /// A TCP address for the same pages, without any authentication; none for none.
    pub http_address: Option<SocketAddr>,
    /// Whether files for hooks and scripts stay after use.
    pub keep_temporary_files: bool,
    /// Whether every request to the API server is logged.
    pub kubernetes_api: bool,
}

/// The admission server for validating webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionSettings {
    /// Whether it is served.
    pub enabled: bool,
    /// Its port.
    pub port: u16,
    /// The folder of `tls.crt` and `tls.key`; none when it was not said.
    pub certificates: Option<PathBuf>,
}

/// This replica, when there are several of which one leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// The pod's name.
    pub pod: String,
    /// The pod's address.
    pub address: IpAddr,
    /// The pod's namespace.
    pub namespace: String,
    /// How far the calendar is ahead of this machine's. Nothing may hang on it, which tests try.
    pub ahead: SignedDuration,
}

impl Replica {
    /// The identity in the lease, which is also a name that other pods can resolve.
    pub fn identity(&self) -> String {
        let address = self.address.to_string().replace(['.', ':'], "-");
        format!("{}.{address}.{}.pod", self.pod, self.namespace)
    }
}

impl Flavour {
    /// The program's name, as the original has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddonOperator => "addon-operator",
            Self::ShellOperator => "shell-operator",
        }
    }

    /// What hooks are that belong to no module.
    pub fn global_place(self) -> Place {
        match self {
            Self::AddonOperator => Place::Global,
            Self::ShellOperator => Place::Standalone,
        }
    }
}

impl Settings {
    /// What holds when nothing is said.
    pub fn of(flavour: Flavour) -> Self {
        let settings = Self::default();
        match flavour {
            Flavour::AddonOperator => settings,
            Flavour::ShellOperator => settings.into_shell_operator(),
        }
    }

    /// No modules, and the names and ports of shell-operator.
    fn into_shell_operator(mut self) -> Self {
        self.flavour = Flavour::ShellOperator;
        self.folders.modules = Vec::new();
        self.folders.global_hooks = PathBuf::from("hooks");
        self.folders.temporary = std::env::temp_dir().join("shell-operator");
        self.listen.set_port(9115);
        "shell_operator_".clone_into(&mut self.metrics_prefix);
        self.debug.socket = PathBuf::from("/var/run/shell-operator/debug.socket");
        let webhooks = &mut self.webhooks;
        "shell-operator-hooks".clone_into(&mut webhooks.configuration_name);
        "shell-operator-validating-svc".clone_into(&mut webhooks.admission.service);
        "shell-operator-conversion-svc".clone_into(&mut webhooks.conversion.service);
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flavour: Flavour::AddonOperator,
            folders: Folders::default(),
            namespace: None,
            config_map: "addon-operator".to_owned(),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 9650),
            metrics_prefix: "addon_operator_".to_owned(),
            hook_metrics: HookMetrics {
                default_group: false,
                series: 10_000,
            },
            queue_action_metrics: true,
            modules: ModuleSettings::default(),
            cluster: ClusterSettings::default(),
            object_patcher: ClientLimits {
                timeout: Some(Duration::from_secs(10)),
                ..ClientLimits::default()
            },
            helm: HelmSettings {
                ignore_release: None,
                store: Store::default(),
                timeout: Duration::from_mins(20),
            },
            limits: Limits {
                writes_in_flight: 16,
                hook_processes: 16,
                script_timeout: Duration::from_secs(30),
                hook_timeout: None,
            },
            log: LogSettings {
                level: LogLevel::Info,
                form: None,
                time: LogTime::Shown,
                proxy_hook_json: false,
            },
            debug: DebugSettings {
                socket: PathBuf::from("/var/run/addon-operator/debug.socket"),
                http_address: None,
                keep_temporary_files: false,
                kubernetes_api: false,
            },
            admission: AdmissionSettings {
                enabled: false,
                port: 9651,
                certificates: None,
            },
            webhooks: webhook::Settings::default(),
            replica: None,
            terms: Terms::default(),
            warnings: Vec::new(),
        }
    }
}

impl Default for Folders {
    fn default() -> Self {
        Self {
            modules: vec![PathBuf::from("modules")],
            global_hooks: PathBuf::from("global-hooks"),
            temporary: std::env::temp_dir().join("addon-operator"),
            guard: None,
            shell_chroot: None,
            framework: None,
            jq_library: Vec::new(),
        }
    }
}

impl Default for ModuleSettings {
    fn default() -> Self {
        Self {
            unnumbered_order: 1,
            strict_order: false,
            strict_values: false,
            extenders: Extenders::default(),
            extra_labels: vec![("heritage".to_owned(), "addon-operator".to_owned())],
            crd_filters: vec!["doc-".to_owned(), "_".to_owned()],
            folder_settle: Duration::from_millis(500),
            purge_settle: Duration::from_secs(10),
        }
    }
}

impl LogLevel {
    /// All of them, from the quietest on.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The name in settings and in log records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// Takes a level by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == text)
    }
}
