//! Flags and variables → [`Settings`], with all mistakes at once. Pure.
//!
//! A flag is stronger than a variable, and of several variables the first of its row is the
//! strongest: `ADDON_OPERATOR_MODULES_DIR`, then `MODULES_DIR`.

use std::collections::BTreeMap;

use super::flag::{self, Flag};
use super::flavour::{HOOKS_VARIABLE, flavour, is_of_modules};
use super::parse::{self, Parsed};
use crate::cli::environment::Environment;
use crate::operator::{ClientLimits, Flavour, LogTime, Settings};
use crate::report::{Mistake, Mistakes};

/// Variables without a flag.
pub(super) const ENVIRONMENT_ONLY: [(&str, &str); 5] = [
    (
        "ADDON_OPERATOR_HA",
        "Run several replicas of which one leads; needs the pod's name, address and namespace",
    ),
    ("ADDON_OPERATOR_POD", "The pod's name, for the above"),
    (
        "FRAMEWORK_DIR",
        "Folder of `shell_lib.sh`, for hooks; if not said, `/`, or a private folder where it is not installed",
    ),
    (
        "QUEUE_ACTIONS_METRICS",
        "`no` turns off the histograms of queue operations",
    ),
    (
        "HELM_DRIVER",
        "Where the original kept its Helm releases: `secret` (the default) or `configmap`",
    ),
];

/// Variables of the original that mean nothing here, and why.
const WITHOUT_EFFECT: [(&str, &str); 7] = [
    ("HELM_HISTORY_MAX", "no Helm releases are kept"),
    ("HELM_MONITOR_KUBE_CLIENT_QPS", "drift is watched"),
    ("HELM_MONITOR_KUBE_CLIENT_BURST", "drift is watched"),
    ("USE_NELM", "nelm is not used"),
    ("NELM_DEPENDENCY_GRAPH_ENABLED", "nelm is not used"),
    ("TRACING_OTLP_ENDPOINT", "traces are not sent"),
    (
        "FLANT_KUBE_CLIENT_IN_MEMORY_DISCOVERY_CACHE",
        "the kinds of the API server are always kept in memory",
    ),
];

/// Settings that are checked and have no effect yet, and why.
const NOT_YET: [(&Flag, &str); 2] = [
    (
        &flag::SHELL_CHROOT_DIR,
        "hooks and scripts run in the operator's own root folder",
    ),
    (
        &flag::ADMISSION_ENABLED,
        "admission webhooks are not served yet",
    ),
];

/// Variables of Helm 2, which the original refuses as well.
const REFUSED: [&str; 5] = [
    "ADDON_OPERATOR_TILLER_LISTEN_PORT",
    "ADDON_OPERATOR_TILLER_PROBE_LISTEN_PORT",
    "TILLER_MAX_HISTORY",
    "TILLER_BIN_PATH",
    "HELM2",
];

/// What Kubernetes itself sets in pods beside a Service called `addon-operator`.
const OF_SERVICES: [&str; 2] = ["ADDON_OPERATOR_SERVICE_", "ADDON_OPERATOR_PORT"];

/// What was typed: flag without dashes → value.
pub(super) type Typed = BTreeMap<&'static str, String>;

/// Reads all settings.
pub(super) fn settings(typed: &Typed, environment: &Environment) -> Result<Settings, Mistakes> {
    let flavour = flavour(typed, environment);
    let mut reader = Reader {
        flavour,
        typed,
        environment,
        mistakes: Vec::new(),
    };
    let mut settings = Settings::of(flavour);
    match flavour {
        Flavour::AddonOperator => reader.read_modules(&mut settings),
        Flavour::ShellOperator => reader.read_hooks(&mut settings),
    }
    reader.read_operator(&mut settings);
    reader.read_admission(&mut settings);
    reader.read_webhooks(&mut settings);
    reader.read_cluster(&mut settings);
    reader.read_limits(&mut settings);
    reader.read_terms(&mut settings);
    reader.read_log(&mut settings);
    reader.read_debug(&mut settings);
    reader.read_environment_only(&mut settings);
    reader.refuse_old();
    settings.warnings = reader.warnings();
    Mistakes(reader.mistakes).into_result()?;
    Ok(settings)
}

/// Reads settings one by one, and collects what is wrong with them.
pub(super) struct Reader<'a> {
    pub(super) flavour: Flavour,
    typed: &'a Typed,
    pub(super) environment: &'a Environment,
    pub(super) mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    /// The folders of a shell-operator.
    fn read_hooks(&mut self, settings: &mut Settings) {
        let hooks = &mut settings.folders.global_hooks;
        self.read_variable(HOOKS_VARIABLE, hooks, parse::path);
        self.read(&flag::HOOKS_DIR, hooks, parse::path);
        let settle = &mut settings.modules.folder_settle;
        self.read(&flag::FOLDER_SETTLE, settle, parse::duration);
        for flag in [flag::MODULES_DIR, flag::GLOBAL_HOOKS_DIR] {
            if self.typed.contains_key(flag.name) {
                let why = "a shell-operator has no modules; its hooks are in --hooks-dir";
                let source = format!("--{}", flag.name);
                self.mistakes.push(Mistake::new(source, why));
            }
        }
    }

    fn read_modules(&mut self, settings: &mut Settings) {
        let folders = &mut settings.folders;
        self.read(&flag::MODULES_DIR, &mut folders.modules, parse::paths);
        self.read(
            &flag::GLOBAL_HOOKS_DIR,
            &mut folders.global_hooks,
            parse::path,
        );
        let modules = &mut settings.modules;
        self.read(
            &flag::UNNUMBERED_MODULES_ORDER,
            &mut modules.unnumbered_order,
            parse::weight,
        );
        self.read(
            &flag::STRICT_ORDER,
            &mut modules.strict_order,
            parse::switch,
        );
        self.read(
            &flag::STRICT_VALUES,
            &mut modules.strict_values,
            parse::switch,
        );
        self.read(&flag::EXTENDERS, &mut modules.extenders, parse::extenders);
        self.read(
            &flag::CRD_EXTRA_LABELS,
            &mut modules.extra_labels,
            parse::labels,
        );
        self.read(
            &flag::CRD_FILTERS,
            &mut modules.crd_filters,
            parse::prefixes,
        );
        self.read(
            &flag::FOLDER_SETTLE,
            &mut modules.folder_settle,
            parse::duration,
        );
        self.read(
            &flag::PURGE_SETTLE,
            &mut modules.purge_settle,
            parse::duration,
        );
    }

    fn read_operator(&mut self, settings: &mut Settings) {
        self.read(
            &flag::NAMESPACE,
            &mut settings.namespace,
            some(parse::namespace),
        );
        self.read(
            &flag::CONFIG_MAP,
            &mut settings.config_map,
            parse::object_name,
        );
        self.read(&flag::TMP_DIR, &mut settings.folders.temporary, parse::path);
        let library = &mut settings.folders.jq_library;
        self.read(&flag::JQ_LIBRARY_PATH, library, parse::paths);
        let chroot = &mut settings.folders.shell_chroot;
        self.read(&flag::SHELL_CHROOT_DIR, chroot, some(parse::path));
        self.read(
            &flag::METRICS_PREFIX,
            &mut settings.metrics_prefix,
            parse::metrics_prefix,
        );
        let (mut address, mut port) = (settings.listen.ip(), settings.listen.port());
        self.read(&flag::LISTEN_ADDRESS, &mut address, parse::address);
        self.read(&flag::LISTEN_PORT, &mut port, parse::port);
        settings.listen = (address, port).into();
    }

    fn read_admission(&mut self, settings: &mut Settings) {
        let admission = &mut settings.admission;
        self.read(
            &flag::ADMISSION_ENABLED,
            &mut admission.enabled,
            parse::switch,
        );
        self.read(&flag::ADMISSION_PORT, &mut admission.port, parse::port);
        let certificates = &mut admission.certificates;
        self.read(
            &flag::ADMISSION_CERTIFICATES,
            certificates,
            some(parse::path),
        );
    }

    fn read_cluster(&mut self, settings: &mut Settings) {
        let cluster = &mut settings.cluster;
        self.read(
            &flag::KUBE_CONFIG,
            &mut cluster.kubeconfig,
            some(parse::path),
        );
        self.read(&flag::KUBE_CONTEXT, &mut cluster.context, some(parse::text));
        self.read(&flag::KUBE_SERVER, &mut cluster.server, some(parse::server));
        self.read_client(
            &flag::KUBE_CLIENT_QPS,
            &flag::KUBE_CLIENT_BURST,
            &mut cluster.client,
        );
        let patcher = &mut settings.object_patcher;
        self.read_client(&flag::PATCHER_QPS, &flag::PATCHER_BURST, patcher);
        let timeout = &mut patcher.timeout;
        self.read(
            &flag::PATCHER_TIMEOUT,
            timeout,
            some(parse::positive_duration),
        );
    }

    fn read_client(&mut self, qps: &Flag, burst: &Flag, limits: &mut ClientLimits) {
        self.read(qps, &mut limits.qps, parse::rate);
        self.read(burst, &mut limits.burst, parse::burst);
    }

    fn read_limits(&mut self, settings: &mut Settings) {
        let limits = &mut settings.limits;
        self.read(
            &flag::WRITES_IN_FLIGHT,
            &mut limits.writes_in_flight,
            parse::count,
        );
        self.read(
            &flag::HOOK_PROCESSES,
            &mut limits.hook_processes,
            parse::count,
        );
        let metrics = &mut settings.hook_metrics;
        self.read(
            &flag::HOOK_METRICS_GROUP,
            &mut metrics.default_group,
            parse::switch,
        );
        self.read(
            &flag::HOOK_METRICS_SERIES,
            &mut metrics.series,
            parse::count,
        );
        let script = &mut limits.script_timeout;
        self.read(&flag::SCRIPT_TIMEOUT, script, parse::positive_duration);
        let hook = &mut limits.hook_timeout;
        self.read(&flag::HOOK_TIMEOUT, hook, some(parse::positive_duration));
        let helm = &mut settings.helm;
        self.read(
            &flag::HELM_TIMEOUT,
            &mut helm.timeout,
            parse::positive_duration,
        );
        let release = &mut helm.ignore_release;
        self.read(
            &flag::HELM_IGNORE_RELEASE,
            release,
            some(parse::object_name),
        );
    }

    fn read_log(&mut self, settings: &mut Settings) {
        let log = &mut settings.log;
        self.read(&flag::LOG_LEVEL, &mut log.level, parse::log_level);
        self.read(&flag::LOG_TYPE, &mut log.form, parse::log_form);
        self.read(&flag::LOG_NO_TIME, &mut log.time, log_time);
        self.read(
            &flag::LOG_PROXY_HOOK_JSON,
            &mut log.proxy_hook_json,
            parse::switch,
        );
    }

    fn read_debug(&mut self, settings: &mut Settings) {
        let debug = &mut settings.debug;
        self.read(&flag::SOCKET, &mut debug.socket, parse::path);
        let address = &mut debug.http_address;
        self.read(&flag::DEBUG_HTTP_ADDR, address, some(parse::socket_address));
        let keep = &mut debug.keep_temporary_files;
        self.read(&flag::DEBUG_KEEP_TMP_FILES, keep, parse::switch);
        self.read(
            &flag::DEBUG_KUBERNETES_API,
            &mut debug.kubernetes_api,
            parse::switch,
        );
    }

    fn read_environment_only(&mut self, settings: &mut Settings) {
        let queue_metrics = &mut settings.queue_action_metrics;
        self.read_variable("QUEUE_ACTIONS_METRICS", queue_metrics, yes_or_no);
        let framework = &mut settings.folders.framework;
        self.read_variable("FRAMEWORK_DIR", framework, some(parse::path));
        self.read_variable("HELM_DRIVER", &mut settings.helm.store, parse::helm_driver);
        self.read_replica(settings);
    }

    fn refuse_old(&mut self) {
        for name in REFUSED {
            if self.environment.value(name).is_some() {
                let why = "is a setting of Helm 2, which is not supported: remove it";
                self.mistakes.push(Mistake::new(name, why));
            }
        }
    }

    fn warnings(&self) -> Vec<String> {
        let flags = [
            flag::HELM_HISTORY_MAX,
            flag::HELM_MONITOR_QPS,
            flag::HELM_MONITOR_BURST,
        ];
        let typed = flags.iter().zip(WITHOUT_EFFECT);
        let typed = typed
            .filter(|(flag, _)| self.typed.contains_key(flag.name))
            .map(|(flag, (_, why))| format!("--{} has no effect: {why}", flag.name));
        let set = WITHOUT_EFFECT
            .iter()
            .filter(|(name, _)| self.environment.value(name).is_some())
            .map(|(name, why)| format!("{name} has no effect: {why}"));
        let unknown = self
            .environment
            .names()
            .filter(|name| is_unknown(name))
            .map(|name| format!("{name} has no effect: there is no such setting"));
        let told = self.not_yet().chain(self.without_modules()).chain(typed);
        told.chain(set).chain(unknown).collect()
    }

    /// What a shell-operator cannot use.
    fn without_modules(&self) -> impl Iterator<Item = String> {
        let is_shell = self.flavour == Flavour::ShellOperator;
        let is_told = move |flag: &&Flag| is_shell && is_of_modules(flag);
        let typed = |flag: &Flag| self.typed.contains_key(flag.name);
        let flags = flag::ALL
            .iter()
            .filter(is_told)
            .filter(move |flag| typed(flag));
        flags.map(|flag| {
            format!(
                "--{} has no effect: a shell-operator has no modules",
                flag.name
            )
        })
    }

    /// What is set to something else than its default.
    fn not_yet(&self) -> impl Iterator<Item = String> {
        NOT_YET.iter().filter_map(|(flag, why)| {
            let (source, text) = self.given(flag)?;
            let is_off = flag.default == "false" && parse::switch(text) == Ok(false);
            let is_news = text != flag.default && !is_off;
            is_news.then(|| format!("{source} has no effect: {why}"))
        })
    }

    /// Reads one setting into its place; leaves the default where nothing was said.
    pub(super) fn read<T>(
        &mut self,
        flag: &Flag,
        place: &mut T,
        parse: impl Fn(&str) -> Parsed<T>,
    ) {
        if let Some((source, text)) = self.given(flag) {
            match parse(text) {
                Ok(value) => *place = value,
                Err(why) => self.mistakes.push(Mistake::new(source, why)),
            }
        }
    }

    pub(super) fn read_variable<T>(
        &mut self,
        name: &str,
        place: &mut T,
        parse: impl Fn(&str) -> Parsed<T>,
    ) {
        match self.environment.value(name).map(parse) {
            None => {}
            Some(Ok(value)) => *place = value,
            Some(Err(why)) => self.mistakes.push(Mistake::new(name, why)),
        }
    }

    /// The strongest text for a setting, and who says it.
    pub(super) fn given(&self, flag: &Flag) -> Option<(String, &str)> {
        if let Some(text) = self.typed.get(flag.name) {
            return Some((format!("--{}", flag.name), text));
        }
        let is_twin = |name: &&str| name.starts_with("SHELL_OPERATOR_");
        let has_twin = flag.environment.iter().any(is_twin);
        let is_shell = self.flavour == Flavour::ShellOperator && has_twin;
        let names = flag.environment.iter();
        let mut names = names.filter(|name| !is_shell || is_twin(name));
        names.find_map(|name| {
            let text = self.environment.value(name)?;
            Some(((*name).to_owned(), text))
        })
    }
}

/// A parser for a setting that may be absent.
pub(super) fn some<T>(parse: impl Fn(&str) -> Parsed<T>) -> impl Fn(&str) -> Parsed<Option<T>> {
    move |text| parse(text).map(Some)
}

/// `LOG_NO_TIME` says what is left out.
fn log_time(text: &str) -> Parsed<LogTime> {
    Ok(if parse::switch(text)? {
        LogTime::Hidden
    } else {
        LogTime::Shown
    })
}

fn yes_or_no(text: &str) -> Parsed<bool> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        text => parse::switch(text).map_err(|_| format!("expected yes or no, got {text:?}")),
    }
}

/// A variable that looks like one of ours and is none, by a slip of the pen.
fn is_unknown(name: &str) -> bool {
    let is_flag = || {
        flag::ALL
            .iter()
            .any(|flag| flag.environment.contains(&name))
    };
    let is_other = || ENVIRONMENT_ONLY.iter().any(|(known, _)| *known == name);
    name.starts_with("ADDON_OPERATOR_")
        && !OF_SERVICES.iter().any(|start| name.starts_with(start))
        && !REFUSED.contains(&name)
        && !is_flag()
        && !is_other()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::module::{Extenders, Source};
    use crate::operator::{LogForm, LogLevel};
    use crate::release::Store;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn typed(pairs: &[(&'static str, &str)]) -> Typed {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect()
    }

    fn with(variables: &[(&str, &str)]) -> Settings {
        settings(&Typed::new(), &environment(variables)).unwrap()
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(with(&[]), Settings::default());
    }

    #[test]
    fn help_tells_the_true_defaults() {
        let said: Typed = flag::ALL
            .iter()
            .chain([&flag::SOCKET])
            .filter(|flag| !flag.default.is_empty() && flag.name != flag::TMP_DIR.name)
            .map(|flag| (flag.name, flag.default.to_owned()))
            .collect();
        assert!(said.len() > 20);
        assert_eq!(
            settings(&said, &Environment::default()).unwrap(),
            Settings::default()
        );
    }

    #[test]
    fn every_flag_is_read() {
        let flags = flag::ALL.iter().chain([&flag::SOCKET]);
        for flag in flags.filter(|flag| !flag.help.starts_with("No effect")) {
            // No setting takes a control character, but paths and a context's name.
            let changed = match settings(&typed(&[(flag.name, "\u{1}")]), &Environment::default()) {
                Ok(settings) => settings != Settings::default(),
                Err(mistakes) => mistakes
                    .0
                    .iter()
                    .all(|mistake| mistake.file == format!("--{}", flag.name)),
            };
            assert!(changed, "--{} changes nothing", flag.name);
        }
    }

    #[test]
    fn flags_win_over_variables_and_prefixed_over_plain() {
        let both = [
            ("MODULES_DIR", "/plain"),
            ("ADDON_OPERATOR_MODULES_DIR", "/prefixed"),
        ];
        let modules = |settings: Settings| settings.folders.modules;
        assert_eq!(modules(with(&both[..1])), [std::path::Path::new("/plain")]);
        assert_eq!(modules(with(&both)), [std::path::Path::new("/prefixed")]);
        let flag = settings(&typed(&[("modules-dir", "/flag")]), &environment(&both));
        assert_eq!(modules(flag.unwrap()), [std::path::Path::new("/flag")]);
    }

    type Holds = fn(&Settings) -> bool;

    #[rustfmt::skip]
    const OF_THE_ORIGINAL: [(&str, &str, Holds); 24] = [
        ("GLOBAL_HOOKS_DIR", "/h", |s| s.folders.global_hooks.ends_with("/h")),
        ("SHELL_OPERATOR_HOOKS_DIR", "/h", |s| s.folders.global_hooks.ends_with("/h")),
        ("SHELL_OPERATOR_TMP_DIR", "/t", |s| s.folders.temporary.ends_with("/t")),
        ("SHELL_OPERATOR_NAMESPACE", "n", |s| s.namespace.as_deref() == Some("n")),
        ("SHELL_OPERATOR_LISTEN_PORT", "1", |s| s.listen.port() == 1),
        ("SHELL_OPERATOR_LISTEN_ADDRESS", "::1", |s| s.listen.is_ipv6()),
        ("SHELL_OPERATOR_PROMETHEUS_METRICS_PREFIX", "p_", |s| s.metrics_prefix == "p_"),
        ("ADDON_OPERATOR_CONFIG_MAP", "c", |s| s.config_map == "c"),
        ("UNNUMBERED_MODULES_ORDER", "7", |s| s.modules.unnumbered_order == 7),
        ("STRICT_CHECK_VALUES_MODE_ENABLED", "true", |s| s.modules.strict_values),
        ("ADDON_OPERATOR_APPLIED_MODULE_EXTENDERS", "Static", |s| s.modules.extenders == Extenders::new(vec![Source::Static])),
        ("ADDON_OPERATOR_CRD_FILTER_PREFIXES", "x-", |s| s.modules.crd_filters == ["x-"]),
        ("KUBE_CLIENT_QPS", "20", |s| s.cluster.client.qps == Some(20.0)),
        ("KUBE_CLIENT_BURST", "40", |s| s.cluster.client.burst == Some(40)),
        ("KUBE_SERVER", "https://x:1", |s| s.cluster.server.is_some()),
        ("OBJECT_PATCHER_KUBE_CLIENT_TIMEOUT", "1s", |s| s.object_patcher.timeout == Some(Duration::from_secs(1))),
        ("HELM_TIMEOUT", "1s", |s| s.helm.timeout == Duration::from_secs(1)),
        ("HELM_IGNORE_RELEASE", "r", |s| s.helm.ignore_release.as_deref() == Some("r")),
        ("HELM_DRIVER", "configmap", |s| s.helm.store == Store::ConfigMaps),
        ("LOG_LEVEL", "debug", |s| s.log.level == LogLevel::Debug),
        ("LOG_TYPE", "json", |s| s.log.form == Some(LogForm::Json)),
        ("LOG_NO_TIME", "true", |s| s.log.time == LogTime::Hidden),
        ("DEBUG_UNIX_SOCKET", "/d", |s| s.debug.socket.ends_with("/d")),
        ("QUEUE_ACTIONS_METRICS", "no", |s| !s.queue_action_metrics),
    ];

    #[test]
    fn variables_of_the_original_are_read() {
        for (name, value, holds) in OF_THE_ORIGINAL {
            assert!(holds(&with(&[(name, value)])), "{name}");
            assert!(!holds(&with(&[(name, "")])), "{name} is set to nothing");
        }
    }

    #[rustfmt::skip]
    const OF_SHELL_OPERATOR: [(&str, &str, Holds); 11] = [
        ("SHELL_OPERATOR_HOOKS_DIR", "/x", |s| s.folders.global_hooks.ends_with("/x")),
        ("SHELL_OPERATOR_TMP_DIR", "/t", |s| s.folders.temporary.ends_with("/t")),
        ("SHELL_OPERATOR_NAMESPACE", "n", |s| s.namespace.as_deref() == Some("n")),
        ("SHELL_OPERATOR_LISTEN_PORT", "1", |s| s.listen.port() == 1),
        ("SHELL_OPERATOR_LISTEN_ADDRESS", "::1", |s| s.listen.is_ipv6()),
        ("SHELL_OPERATOR_PROMETHEUS_METRICS_PREFIX", "p_", |s| s.metrics_prefix == "p_"),
        ("SHELL_OPERATOR_HOOK_TIMEOUT", "5s", |s| s.limits.hook_timeout == Some(Duration::from_secs(5))),
        ("KUBE_CONTEXT", "c", |s| s.cluster.context.as_deref() == Some("c")),
        ("OBJECT_PATCHER_KUBE_CLIENT_TIMEOUT", "1s", |s| s.object_patcher.timeout == Some(Duration::from_secs(1))),
        ("LOG_LEVEL", "debug", |s| s.log.level == LogLevel::Debug),
        ("DEBUG_UNIX_SOCKET", "/d", |s| s.debug.socket.ends_with("/d")),
    ];

    #[test]
    fn a_shell_operator_has_its_own_variables_and_defaults() {
        let of = |variables: &[(&str, &str)]| {
            let environment = environment(variables).called("shell-operator");
            settings(&Typed::new(), &environment).unwrap()
        };
        let plain = of(&[]);
        assert_eq!(plain, Settings::of(Flavour::ShellOperator));
        assert_eq!(plain.listen.to_string(), "0.0.0.0:9115");
        assert_eq!(plain.metrics_prefix, "shell_operator_");
        assert!(plain.folders.temporary.ends_with("shell-operator"));
        assert!(plain.folders.global_hooks.ends_with("hooks"));
        assert!(plain.folders.modules.is_empty());
        let socket = "/var/run/shell-operator/debug.socket";
        assert_eq!(plain.debug.socket, std::path::Path::new(socket));
        for (name, value, holds) in OF_SHELL_OPERATOR {
            assert!(holds(&of(&[(name, value)])), "{name}");
            assert!(!holds(&of(&[(name, "")])), "{name} is set to nothing");
        }
        // Those of addon-operator are for another one, in the same image perhaps.
        let others = of(&[
            ("ADDON_OPERATOR_MODULES_DIR", "/m"),
            ("ADDON_OPERATOR_GLOBAL_HOOKS_DIR", "/g"),
            ("ADDON_OPERATOR_LISTEN_PORT", "1"),
            ("ADDON_OPERATOR_HA", "true"),
        ]);
        assert_eq!(others, plain);
    }

    #[test]
    fn what_a_shell_operator_cannot_use_is_told() {
        let flags = [
            ("hooks-dir", "/h"),
            ("config-map", "c"),
            ("strict-order", "true"),
        ];
        let read = settings(&typed(&flags), &Environment::default()).unwrap();
        assert_eq!(
            read.warnings,
            [
                "--strict-order has no effect: a shell-operator has no modules",
                "--config-map has no effect: a shell-operator has no modules",
            ]
        );
        let flags = typed(&[("hooks-dir", "/h"), ("modules-dir", "/m")]);
        let refused = settings(&flags, &Environment::default()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "--modules-dir: a shell-operator has no modules; its hooks are in --hooks-dir"
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let flags = typed(&[("helm-timeout", "20"), ("namespace", "")]);
        let variables = environment(&[
            ("DEBUG_KEEP_TMP_FILES", "yes"),
            ("ADDON_OPERATOR_LISTEN_PORT", "http"),
            ("HELM_TIMEOUT", "not read, the flag is stronger"),
            ("TILLER_MAX_HISTORY", "1"),
        ]);
        assert_eq!(
            settings(&flags, &variables).unwrap_err().to_string(),
            "--namespace: expected a namespace: small letters, digits and dashes, at most 63, got \"\"\n\
             ADDON_OPERATOR_LISTEN_PORT: expected a port from 0 to 65535, got \"http\"\n\
             --helm-timeout: expected a length of time with its unit, such as 20m or 1h30m, got \"20\"\n\
             DEBUG_KEEP_TMP_FILES: expected true or false, got \"yes\"\n\
             TILLER_MAX_HISTORY: is a setting of Helm 2, which is not supported: remove it"
        );
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let flags = typed(&[("helm-history-max", "5")]);
        let variables = environment(&[
            ("USE_NELM", "true"),
            ("ADDON_OPERATOR_MODULE_DIR", "/m"),
            ("ADDON_OPERATOR_SHELL_CHROOT_DIR", "/chroot"),
            ("ADDON_OPERATOR_SERVICE_HOST", "10.0.0.1"),
            ("ADDON_OPERATOR_PORT_9650_TCP", "tcp://10.0.0.1:9650"),
        ]);
        assert_eq!(
            settings(&flags, &variables).unwrap().warnings,
            [
                "ADDON_OPERATOR_SHELL_CHROOT_DIR has no effect: hooks and scripts run in the operator's own root folder",
                "--helm-history-max has no effect: no Helm releases are kept",
                "USE_NELM has no effect: nelm is not used",
                "ADDON_OPERATOR_MODULE_DIR has no effect: there is no such setting",
            ]
        );
    }

    /// Every setting that nothing reads; one that begins to have an effect leaves this list.
    #[test]
    fn what_has_no_effect_yet_is_told() {
        let warnings = |variables: &[(&str, &str)]| with(variables).warnings.len();
        for (name, value) in [
            ("ADDON_OPERATOR_SHELL_CHROOT_DIR", "/c"),
            ("ADDON_OPERATOR_ADMISSION_SERVER_ENABLED", "true"),
        ] {
            let told = with(&[(name, value)]).warnings.join("\n");
            assert!(
                told.starts_with(&format!("{name} has no effect: ")),
                "{told}"
            );
        }
        let replica = [
            ("ADDON_OPERATOR_HA", "true"),
            ("ADDON_OPERATOR_POD", "ao-1"),
            ("ADDON_OPERATOR_LISTEN_ADDRESS", "10.1.2.3"),
            ("ADDON_OPERATOR_NAMESPACE", "ops"),
        ];
        assert_eq!(warnings(&replica), 0);
        assert_eq!(
            warnings(&[
                ("ADDON_OPERATOR_ADMISSION_SERVER_ENABLED", "false"),
                ("ADDON_OPERATOR_STRICT_CHECK_VALUES_MODE_ENABLED", "true"),
                ("DEBUG_KUBERNETES_API", "true"),
            ]),
            0
        );
    }

    #[test]
    fn a_replica_has_a_name_an_address_and_a_namespace() {
        let mut variables = vec![
            ("ADDON_OPERATOR_HA", "true"),
            ("ADDON_OPERATOR_POD", "ao-1"),
        ];
        let missing = settings(&Typed::new(), &environment(&variables)).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "ADDON_OPERATOR_LISTEN_ADDRESS: missing, and ADDON_OPERATOR_HA needs it\n\
             ADDON_OPERATOR_NAMESPACE: missing, and ADDON_OPERATOR_HA needs it"
        );
        variables.push(("ADDON_OPERATOR_LISTEN_ADDRESS", "10.1.2.3"));
        variables.push(("ADDON_OPERATOR_NAMESPACE", "ops"));
        let replica = with(&variables).replica.unwrap();
        assert_eq!(replica.identity(), "ao-1.10-1-2-3.ops.pod");
        variables.push(("ADDON_OPERATOR_LEASE_RENEW_DEADLINE", "15s"));
        let wrong = settings(&Typed::new(), &environment(&variables)).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "ADDON_OPERATOR_HA: the duration of the Lease (15s) must be at least a second longer than the renew deadline (15s)"
        );
    }
}
