//! The flags of `start`: names, variables, defaults and help in one table.
//!
//! Help, reading and the table of `docs/RUNNING.md` all follow from it; tests hold them together.

use std::fmt::Write;

use clap::{Arg, ArgAction};

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flag {
    /// The flag without its dashes.
    pub(super) name: &'static str,
    /// The variables that set it, the strongest first.
    pub(super) environment: &'static [&'static str],
    /// What its value is, in capitals; empty for a switch.
    pub(super) value: &'static str,
    /// What holds when nothing is said, as the flag would say it; empty for nothing.
    pub(super) default: &'static str,
    /// What it is for, in one sentence without a full stop.
    pub(super) help: &'static str,
    /// The heading it stands under in the help.
    pub(super) heading: &'static str,
}

impl Flag {
    /// The flag for the parser of arguments. Its value is read later, with those of all others.
    pub(super) fn argument(&self) -> Arg {
        let argument = Arg::new(self.name)
            .long(self.name)
            .help(self.help_line())
            .help_heading(self.heading)
            .action(if self.is_list() {
                ArgAction::Append
            } else {
                ArgAction::Set
            });
        let other = ALIASES.iter().find(|(name, _)| *name == self.name);
        let argument = argument.visible_aliases(other.map(|(_, alias)| *alias));
        if self.is_switch() {
            return argument
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_name("BOOL");
        }
        argument.value_name(self.value)
    }

    /// Whether it stands for yes without a value.
    pub(super) fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    /// Whether it may be there several times; its values are joined by commas then.
    pub(super) fn is_list(&self) -> bool {
        self.value == "FILES"
    }

    /// What it is for, which variables set it, and what holds otherwise.
    pub(super) fn help_line(&self) -> String {
        let mut line = self.help.to_owned();
        let notes = [
            ("env", self.environment.join(", ")),
            ("default", self.default.to_owned()),
        ];
        for (what, text) in notes {
            if !text.is_empty() {
                // Writing to a String cannot fail.
                let _ = write!(line, " [{what}: {text}]");
            }
        }
        line
    }
}

/// Flags that shell-operator calls otherwise.
const ALIASES: [(&str, &str); 2] = [
    ("prometheus-listen-address", "listen-address"),
    ("prometheus-listen-port", "listen-port"),
];

/// Writes the table: one constant for each setting, and the list of all.
macro_rules! flags {
    ($($heading:literal: {$(
        $constant:ident = $name:literal $value:literal
            [$($variable:literal),*] $default:literal $help:literal;
    )*})*) => {
        $($(
            pub(super) const $constant: Flag = Flag {
                name: $name,
                environment: &[$($variable),*],
                value: $value,
                default: $default,
                help: $help,
                heading: $heading,
            };
        )*)*
        /// All settings, in the order of the help.
        pub(super) const ALL: &[Flag] = &[$($($constant),*),*];
    };
}

flags! {
    "Modules": {
        MODULES_DIR = "modules-dir" "DIRS"
            ["ADDON_OPERATOR_MODULES_DIR", "MODULES_DIR"] "modules"
            "Folders that hold module folders, joined by `:`";
        GLOBAL_HOOKS_DIR = "global-hooks-dir" "DIR"
            ["ADDON_OPERATOR_GLOBAL_HOOKS_DIR", "GLOBAL_HOOKS_DIR", "SHELL_OPERATOR_HOOKS_DIR"]
            "global-hooks"
            "Folder of the global hooks and of the schemas of global values";
        HOOKS_DIR = "hooks-dir" "DIR" [] ""
            "Run as a shell-operator: the hooks of this folder, and no modules";
        UNNUMBERED_MODULES_ORDER = "unnumbered-modules-order" "NUMBER"
            ["ADDON_OPERATOR_UNNUMBERED_MODULES_ORDER", "UNNUMBERED_MODULES_ORDER"] "1"
            "Weight of modules whose folder has no number";
        STRICT_ORDER = "strict-order" ""
            ["ADDON_OPERATOR_STRICT_ORDER"] "false"
            "Run modules in one queue, each waiting for the success of the one before";
        STRICT_VALUES = "strict-check-values-mode-enabled" ""
            ["ADDON_OPERATOR_STRICT_CHECK_VALUES_MODE_ENABLED",
             "STRICT_CHECK_VALUES_MODE_ENABLED"] "false"
            "Fail at start when a modules folder has no values.yaml";
        EXTENDERS = "applied-module-extenders" "NAMES"
            ["ADDON_OPERATOR_APPLIED_MODULE_EXTENDERS"]
            "Static,DynamicallyEnabled,KubeConfig,ScriptEnabled"
            "Who decides whether a module is enabled, in order: the last opinion wins";
        CRD_EXTRA_LABELS = "crd-extra-labels" "LABELS"
            ["ADDON_OPERATOR_CRD_EXTRA_LABELS"] "heritage=addon-operator"
            "Labels for every applied object, such as `a=b,c=d`";
        CRD_FILTERS = "crd-filters" "PREFIXES"
            ["ADDON_OPERATOR_CRD_FILTER_PREFIXES"] "doc-,_"
            "Leave out files of crds/ whose names begin with one of these";
        FOLDER_SETTLE = "folder-settle" "DURATION"
            ["ADDON_OPERATOR_FOLDER_SETTLE"] "500ms"
            "How long a changed module folder must rest before it is read again";
        PURGE_SETTLE = "purge-settle" "DURATION"
            ["ADDON_OPERATOR_PURGE_SETTLE"] "10s"
            "How long a module folder must be gone before its module is removed";
    }
    "Operator": {
        NAMESPACE = "namespace" "NAME"
            ["ADDON_OPERATOR_NAMESPACE", "SHELL_OPERATOR_NAMESPACE"] ""
            "Namespace of the operator and its ConfigMap; if not said, that of the pod or of the \
             kubeconfig's context";
        CONFIG_MAP = "config-map" "NAME"
            ["ADDON_OPERATOR_CONFIG_MAP"] "addon-operator"
            "ConfigMap in which people set values";
        TMP_DIR = "tmp-dir" "DIR"
            ["ADDON_OPERATOR_TMP_DIR", "SHELL_OPERATOR_TMP_DIR"] "<system temp>/addon-operator"
            "Folder for the files of hooks and scripts";
        JQ_LIBRARY_PATH = "jq-library-path" "DIRS"
            ["JQ_LIBRARY_PATH"] ""
            "Folders with jq modules that filters may import, joined by `:`";
        SHELL_CHROOT_DIR = "shell-chroot-dir" "DIR"
            ["ADDON_OPERATOR_SHELL_CHROOT_DIR"] ""
            "Root folder of hooks and scripts";
        LISTEN_ADDRESS = "prometheus-listen-address" "ADDRESS"
            ["ADDON_OPERATOR_LISTEN_ADDRESS", "SHELL_OPERATOR_LISTEN_ADDRESS"] "0.0.0.0"
            "IP address of probes and metrics";
        LISTEN_PORT = "prometheus-listen-port" "PORT"
            ["ADDON_OPERATOR_LISTEN_PORT", "SHELL_OPERATOR_LISTEN_PORT"] "9650"
            "Port of probes and metrics";
        METRICS_PREFIX = "prometheus-metrics-prefix" "PREFIX"
            ["ADDON_OPERATOR_PROMETHEUS_METRICS_PREFIX",
             "SHELL_OPERATOR_PROMETHEUS_METRICS_PREFIX"] "addon_operator_"
            "What the names of the operator's metrics begin with";
        SCRIPT_TIMEOUT = "script-timeout" "DURATION"
            ["ADDON_OPERATOR_SCRIPT_TIMEOUT", "SHELL_OPERATOR_SCRIPT_TIMEOUT"] "30s"
            "How long an `enabled` script may run, and a hook with --config";
        HOOK_TIMEOUT = "hook-timeout" "DURATION"
            ["ADDON_OPERATOR_HOOK_TIMEOUT", "SHELL_OPERATOR_HOOK_TIMEOUT"] ""
            "How long a hook may run; if not said, as long as it likes";
        HOOK_PROCESSES = "hook-processes" "NUMBER"
            ["ADDON_OPERATOR_HOOK_PROCESSES"] "16"
            "How many hooks of main queues run at once";
        HOOK_METRICS_GROUP = "hook-metrics-default-group" ""
            ["ADDON_OPERATOR_HOOK_METRICS_DEFAULT_GROUP"] "false"
            "Put metrics that name no group into one of their hook, which its next run replaces";
        HOOK_METRICS_SERIES = "hook-metrics-series" "NUMBER"
            ["ADDON_OPERATOR_HOOK_METRICS_SERIES"] "10000"
            "How many series one metric of hooks may have";
        LEASE_DURATION = "lease-duration" "DURATION"
            ["ADDON_OPERATOR_LEASE_DURATION"] "15s"
            "How long without a renewal of the Lease a leader counts; whole seconds";
        LEASE_RENEW_DEADLINE = "lease-renew-deadline" "DURATION"
            ["ADDON_OPERATOR_LEASE_RENEW_DEADLINE"] "10s"
            "How long without a renewal a leader writes; at least a second less";
        LEASE_RETRY_PERIOD = "lease-retry-period" "DURATION"
            ["ADDON_OPERATOR_LEASE_RETRY_PERIOD"] "2s"
            "How often the Lease is renewed";
        ADMISSION_ENABLED = "admission-server-enabled" ""
            ["ADDON_OPERATOR_ADMISSION_SERVER_ENABLED"] "false"
            "Serve admission webhooks";
        ADMISSION_PORT = "admission-server-listen-port" "PORT"
            ["ADDON_OPERATOR_ADMISSION_SERVER_LISTEN_PORT"] "9651"
            "Port of admission webhooks";
        ADMISSION_CERTIFICATES = "admission-server-certs-dir" "DIR"
            ["ADDON_OPERATOR_ADMISSION_SERVER_CERTS_DIR"] ""
            "Folder of tls.crt and tls.key of admission webhooks";
    }
    "Webhooks": {
        VALIDATING_NAME = "validating-webhook-configuration-name" "NAME"
            ["VALIDATING_WEBHOOK_CONFIGURATION_NAME"] "addon-operator-hooks"
            "What the names of the webhook configurations begin with, and of the Secret with their \
             certificate";
        VALIDATING_SERVICE = "validating-webhook-service-name" "NAME"
            ["VALIDATING_WEBHOOK_SERVICE_NAME"] "addon-operator-validating-svc"
            "Service by which the API server finds validating and mutating webhooks";
        VALIDATING_URL = "validating-webhook-url" "URL"
            ["VALIDATING_WEBHOOK_URL"] ""
            "URL by which it finds them instead of a Service";
        VALIDATING_ADDRESS = "validating-webhook-listen-address" "ADDRESS"
            ["VALIDATING_WEBHOOK_LISTEN_ADDRESS"] "0.0.0.0"
            "IP address of validating and mutating webhooks";
        VALIDATING_PORT = "validating-webhook-listen-port" "PORT"
            ["VALIDATING_WEBHOOK_LISTEN_PORT"] "9680"
            "Port of validating and mutating webhooks";
        VALIDATING_CERTIFICATE = "validating-webhook-server-cert" "FILE"
            ["VALIDATING_WEBHOOK_SERVER_CERT"] "/validating-certs/tls.crt"
            "Certificate of their server; if not there, the operator makes one";
        VALIDATING_KEY = "validating-webhook-server-key" "FILE"
            ["VALIDATING_WEBHOOK_SERVER_KEY"] "/validating-certs/tls.key"
            "Key of that certificate";
        VALIDATING_AUTHORITIES = "validating-webhook-ca" "FILE"
            ["VALIDATING_WEBHOOK_CA"] "/validating-certs/ca.crt"
            "Certificate of those who signed it";
        VALIDATING_CLIENT_AUTHORITIES = "validating-webhook-client-ca" "FILES"
            ["VALIDATING_WEBHOOK_CLIENT_CA"] ""
            "Certificates of those who sign for the API server, joined by `,`; if not said, it needs no \
             certificate";
        VALIDATING_FAILURE_POLICY = "validating-webhook-failure-policy" "POLICY"
            ["VALIDATING_WEBHOOK_FAILURE_POLICY"] "Fail"
            "What follows when a webhook does not answer and its hook does not say: Fail or Ignore";
        CONVERSION_SERVICE = "conversion-webhook-service-name" "NAME"
            ["CONVERSION_WEBHOOK_SERVICE_NAME"] "addon-operator-conversion-svc"
            "Service by which the API server finds conversions";
        CONVERSION_URL = "conversion-webhook-url" "URL"
            ["CONVERSION_WEBHOOK_URL"] ""
            "URL by which it finds them instead of a Service";
        CONVERSION_ADDRESS = "conversion-webhook-listen-address" "ADDRESS"
            ["CONVERSION_WEBHOOK_LISTEN_ADDRESS"] "0.0.0.0"
            "IP address of conversions";
        CONVERSION_PORT = "conversion-webhook-listen-port" "PORT"
            ["CONVERSION_WEBHOOK_LISTEN_PORT"] "9681"
            "Port of conversions";
        CONVERSION_CERTIFICATE = "conversion-webhook-server-cert" "FILE"
            ["CONVERSION_WEBHOOK_SERVER_CERT"] "/conversion-certs/tls.crt"
            "Certificate of their server; if not there, the operator makes one";
        CONVERSION_KEY = "conversion-webhook-server-key" "FILE"
            ["CONVERSION_WEBHOOK_SERVER_KEY"] "/conversion-certs/tls.key"
            "Key of that certificate";
        CONVERSION_AUTHORITIES = "conversion-webhook-ca" "FILE"
            ["CONVERSION_WEBHOOK_CA"] "/conversion-certs/ca.crt"
            "Certificate of those who signed it";
        CONVERSION_CLIENT_AUTHORITIES = "conversion-webhook-client-ca" "FILES"
            ["CONVERSION_WEBHOOK_CLIENT_CA"] ""
            "Certificates of those who sign for the API server, joined by `,`; if not said, it needs no \
             certificate";
    }
    "Kubernetes": {
        KUBE_CONFIG = "kube-config" "FILE"
            ["KUBE_CONFIG"] ""
            "Kubeconfig; if not said, KUBECONFIG, ~/.kube/config, then the pod's service account";
        KUBE_CONTEXT = "kube-context" "NAME"
            ["KUBE_CONTEXT"] ""
            "Context of the kubeconfig; if not said, its current one";
        KUBE_SERVER = "kube-server" "URL"
            ["KUBE_SERVER"] ""
            "Address of the API server, over that of the kubeconfig";
        KUBE_CLIENT_QPS = "kube-client-qps" "NUMBER"
            ["KUBE_CLIENT_QPS"] ""
            "Requests to the API server a second; if not said, or 0, without a limit";
        KUBE_CLIENT_BURST = "kube-client-burst" "NUMBER"
            ["KUBE_CLIENT_BURST"] ""
            "Requests that may go at once above that";
        WRITES_IN_FLIGHT = "writes-in-flight" "NUMBER"
            ["ADDON_OPERATOR_WRITES_IN_FLIGHT"] "16"
            "How many writes to the API server are under way at once";
        PATCHER_QPS = "object-patcher-kube-client-qps" "NUMBER"
            ["OBJECT_PATCHER_KUBE_CLIENT_QPS"] ""
            "The same limit for object patches of hooks";
        PATCHER_BURST = "object-patcher-kube-client-burst" "NUMBER"
            ["OBJECT_PATCHER_KUBE_CLIENT_BURST"] ""
            "The same for object patches of hooks";
        PATCHER_TIMEOUT = "object-patcher-kube-client-timeout" "DURATION"
            ["OBJECT_PATCHER_KUBE_CLIENT_TIMEOUT"] "10s"
            "How long one object patch may take";
    }
    "Helm": {
        HELM_TIMEOUT = "helm-timeout" "DURATION"
            ["HELM_TIMEOUT"] "20m"
            "How long a Helm hook of a chart may take";
        HELM_IGNORE_RELEASE = "helm-ignore-release" "NAME"
            ["HELM_IGNORE_RELEASE"] ""
            "Helm release that is never removed: the one that installed the operator";
        HELM_HISTORY_MAX = "helm-history-max" "NUMBER"
            ["HELM_HISTORY_MAX"] ""
            "No effect: no Helm releases are kept";
        HELM_MONITOR_QPS = "helm-monitor-kube-client-qps" "NUMBER"
            ["HELM_MONITOR_KUBE_CLIENT_QPS"] ""
            "No effect: drift is watched";
        HELM_MONITOR_BURST = "helm-monitor-kube-client-burst" "NUMBER"
            ["HELM_MONITOR_KUBE_CLIENT_BURST"] ""
            "No effect: drift is watched";
    }
    "Logs": {
        LOG_LEVEL = "log-level" "LEVEL"
            ["LOG_LEVEL"] "info"
            "Log from this level on: error, warn, info, debug or trace";
        LOG_TYPE = "log-type" "FORM"
            ["LOG_TYPE"] ""
            "Form of the log: text, color or json; if not said, text on a terminal, else json";
        LOG_NO_TIME = "log-no-time" ""
            ["LOG_NO_TIME"] "false"
            "Leave out the time, as journald adds its own";
        LOG_PROXY_HOOK_JSON = "log-proxy-hook-json" ""
            ["LOG_PROXY_HOOK_JSON"] "false"
            "Pass on JSON lines of hooks as they are";
    }
    "Debug": {
        DEBUG_HTTP_ADDR = "debug-http-addr" "ADDRESS:PORT"
            ["DEBUG_HTTP_SERVER_ADDR"] ""
            "Serve the pages of the debug socket over TCP too: without any protection";
        DEBUG_KEEP_TMP_FILES = "debug-keep-tmp-files" ""
            ["DEBUG_KEEP_TMP_FILES"] "false"
            "Keep the files of hooks and scripts after use";
        DEBUG_KUBERNETES_API = "debug-kubernetes-api" ""
            ["DEBUG_KUBERNETES_API"] "false"
            "Log every request to the API server";
    }
}

/// The debug socket, which is a flag of all commands.
pub(super) const SOCKET: Flag = Flag {
    name: "socket",
    environment: &["DEBUG_UNIX_SOCKET"],
    value: "PATH",
    default: "/var/run/addon-operator/debug.socket",
    help: "The debug socket of the operator",
    heading: "Options",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::start::read::ENVIRONMENT_ONLY;

    fn code(text: &str) -> String {
        if text.is_empty() {
            String::new()
        } else {
            format!("`{text}`")
        }
    }

    fn row(flag: &Flag) -> String {
        let variables: Vec<String> = flag.environment.iter().map(|name| code(name)).collect();
        let (name, default, help) = (flag.name, code(flag.default), flag.help);
        let variables = variables.join(", ");
        format!("| `--{name}` | {variables} | {default} | {help} |")
    }

    /// The rows of `docs/RUNNING.md` that begin like this.
    fn documented(start: &str) -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/RUNNING.md");
        let text = std::fs::read_to_string(path).unwrap();
        let rows = text.lines().filter(|line| line.starts_with(start));
        rows.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_document_has_every_flag() {
        let rows: Vec<String> = ALL.iter().chain([&SOCKET]).map(row).collect();
        assert_eq!(documented("| `--"), rows.join("\n"));
    }

    #[test]
    fn the_document_has_every_other_variable() {
        let rows = ENVIRONMENT_ONLY.map(|(name, help)| format!("| `{name}` | {help} |"));
        let names = [
            "ADDON_OPERATOR_",
            "FRAMEWORK_DIR",
            "QUEUE_ACTIONS",
            "HELM_DRIVER",
        ];
        let found = names.map(|name| documented(&format!("| `{name}")));
        assert_eq!(found.join("\n"), rows.join("\n"));
    }

    #[test]
    fn names_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for flag in ALL.iter().chain([&SOCKET]) {
            assert!(seen.insert(flag.name), "--{} is there twice", flag.name);
            for name in flag.environment {
                assert!(seen.insert(name), "{name} is there twice");
            }
        }
    }
}
