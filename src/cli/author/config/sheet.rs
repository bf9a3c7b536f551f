//! What a hook listens to, as a document and as a table.

use std::collections::BTreeMap;

use jiff::Zoned;
use serde::Serialize;

use crate::binding::{
    Common, Defaults, HookConfig, KubernetesBinding, Lifecycle, Place, ScheduleBinding, Version,
    defaults_of,
};
use crate::cluster::Resource;
use crate::report::{Mistake, Mistakes};
use crate::serve::{Cell, Paint, Table, Tone};
use crate::watch::{Namespaces, WatchEvent};

use super::super::finding::{Finding, Severity};
use super::super::sight::Seen;

/// Of a filter more is not shown in the table.
const LONGEST_FILTER: usize = 200;
/// Filters that fail are told of so many objects.
const TOLD_TROUBLES: usize = 3;

/// A hook as it describes itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sheet {
    hook: String,
    /// `module` or `global`.
    of: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    config_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Settings>,
    bindings: Vec<Row>,
    /// All that is wrong; then there are no bindings. And what is odd.
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    execution_min_interval: String,
    execution_burst: u32,
}

/// One binding.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    hears: String,
    queue: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keeps_full_objects: Option<bool>,
    /// The bindings whose snapshots are told with it.
    snapshots: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits: Option<bool>,
    allow_failure: bool,
    /// The next time at which a schedule fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// What is left out, and holds.
    defaults: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<InCluster>,
}

/// What a binding sees in the cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InCluster {
    /// The kind that is meant; none when the cluster does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    /// How many objects match; none when it could not be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<usize>,
    /// What is in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    troubles: Vec<String>,
}

impl InCluster {
    /// What a binding saw.
    pub(super) fn of(binding: &KubernetesBinding, resource: Option<&Resource>, seen: Seen) -> Self {
        let is_whole = seen.blind.is_empty();
        let mut troubles: Vec<String> = Some(seen.blind)
            .into_iter()
            .filter(|why| !why.is_empty())
            .collect();
        let failing = seen.troubles.len();
        troubles.extend(seen.troubles.into_iter().take(TOLD_TROUBLES));
        if failing > TOLD_TROUBLES {
            troubles.push(format!("… and on {} more", failing - TOLD_TROUBLES));
        }
        let selects = binding.selection.namespaces != Namespaces::All;
        if resource.is_some_and(|resource| !resource.namespaced) && selects {
            troubles.push("its objects live in no namespace: `namespace` has no effect".to_owned());
        }
        Self {
            kind: resource.map(|resource| resource.kind.clone()),
            api_version: resource.map(Resource::api_version),
            objects: is_whole.then_some(seen.items.len()),
            troubles,
        }
    }

    fn text(&self) -> String {
        let mut parts = Vec::new();
        if let (Some(kind), Some(api_version)) = (&self.kind, &self.api_version) {
            parts.push(format!("{kind} in {api_version}"));
        }
        parts.extend(self.objects.map(|count| match count {
            1 => "1 object matches".to_owned(),
            count => format!("{count} objects match"),
        }));
        parts.join(", ")
    }
}

impl Sheet {
    /// Of a hook whose configuration is right; `text` is that configuration.
    pub(super) fn of(name: &str, place: Place, config: &HookConfig, text: &str) -> Self {
        let (schedules, kubernetes) = defaults_of(text, config);
        let defaults = |all: &[Defaults], index: usize| -> BTreeMap<_, _> {
            all.get(index).into_iter().flatten().copied().collect()
        };
        let lifecycle = config.lifecycle.iter();
        let mut bindings: Vec<Row> = lifecycle
            .map(|(point, order)| of_lifecycle(config, place, *point, *order))
            .collect();
        bindings.extend(
            config
                .schedules
                .iter()
                .enumerate()
                .map(|(index, binding)| Row {
                    defaults: defaults(&schedules, index),
                    ..of_schedule(binding)
                }),
        );
        bindings.extend(
            config
                .kubernetes
                .iter()
                .enumerate()
                .map(|(index, binding)| Row {
                    defaults: defaults(&kubernetes, index),
                    ..of_kubernetes(binding, config.version)
                }),
        );
        bindings.extend(of_calls(config));
        Self {
            hook: name.to_owned(),
            of: place_name(place),
            config_version: Some(match config.version {
                Version::V0 => "v0",
                Version::V1 => "v1",
            }),
            settings: config.rate.map(|rate| Settings {
                execution_min_interval: format!("{:?}", rate.interval),
                execution_burst: rate.burst,
            }),
            bindings,
            findings: findings(Severity::Warning, config.warnings.clone()),
        }
    }

    /// Of a hook whose configuration is wrong.
    pub(super) fn refused(name: &str, place: Place, mistakes: Mistakes) -> Self {
        Self {
            hook: name.to_owned(),
            of: place_name(place),
            config_version: None,
            settings: None,
            bindings: Vec::new(),
            findings: findings(Severity::Error, mistakes.0),
        }
    }

    /// Takes what the `kubernetes` bindings see, in their order.
    pub(super) fn take_cluster(&mut self, answers: Vec<InCluster>) {
        let rows = self.bindings.iter_mut();
        let kubernetes = rows.filter(|row| row.keeps_full_objects.is_some());
        for (row, answer) in kubernetes.zip(answers) {
            row.cluster = Some(answer);
        }
    }

    /// A line about the hook, and a table: each binding, and below it what else is to be known.
    pub(super) fn text(&self, paint: Paint) -> String {
        let form = match self.config_version {
            Some("v0") => ", in the form without configVersion",
            _ => "",
        };
        let article = match self.of {
            "global" => "a global hook",
            _ => "a hook of a module",
        };
        let mut text = format!("{}: {article}{form}\n", self.hook);
        if let Some(Settings {
            execution_min_interval: interval,
            execution_burst: burst,
        }) = &self.settings
        {
            let first = match burst {
                1 => String::new(),
                burst => format!(", {burst} at first"),
            };
            text = format!("{text}settings: one run every {interval}{first}\n");
        }
        text.push('\n');
        let mut table = Table::new(&["BINDING", "TYPE", "QUEUE", "HEARS"]);
        for row in &self.bindings {
            row.fill(&mut table);
        }
        text + &table.text(paint)
    }
}

impl Row {
    fn fill(&self, table: &mut Table) {
        table.push(vec![
            Cell::plain(&self.name),
            Cell::plain(self.kind),
            Cell::plain(&self.queue),
            Cell::plain(&self.hears),
        ]);
        let mut below = |what: &str, text: &str, tone: Tone| {
            let what = format!("  {what}");
            table.push(vec![
                Cell::plain(""),
                Cell::new(&what, Tone::Faint),
                Cell::plain(""),
                Cell::new(text, tone),
            ]);
        };
        if let Some(filter) = &self.filter {
            below("filter", &cut(filter), Tone::Plain);
        }
        if let Some(next) = &self.next {
            below("next", next, Tone::Plain);
        }
        if !self.snapshots.is_empty() {
            below("snapshots", &self.snapshots.join(", "), Tone::Plain);
        }
        let said = self.said();
        if !said.is_empty() {
            below("says", &said.join("; "), Tone::Plain);
        }
        if !self.defaults.is_empty() {
            let defaults = self.defaults.iter();
            let defaults: Vec<String> = defaults
                .map(|(key, value)| format!("{key}: {value}"))
                .collect();
            below("defaults", &defaults.join("; "), Tone::Faint);
        }
        if let Some(cluster) = &self.cluster {
            let text = cluster.text();
            if !text.is_empty() {
                below("cluster", &text, Tone::Good);
            }
            for trouble in &cluster.troubles {
                below("cluster", trouble, Tone::Bad);
            }
        }
    }

    /// What it says that matters at a run.
    fn said(&self) -> Vec<String> {
        let mut said = Vec::new();
        said.extend(self.group.as_ref().map(|group| format!("group {group}")));
        if self.keeps_full_objects == Some(false) && self.filter.is_some() {
            said.push("filter results alone are told".to_owned());
        }
        if self.waits == Some(false) {
            said.push("its Synchronization is not waited for".to_owned());
        }
        if self.allow_failure {
            said.push("a failed run is not repeated".to_owned());
        }
        said
    }
}

fn of_lifecycle(config: &HookConfig, place: Place, point: Lifecycle, order: f64) -> Row {
    let when = match (point, place) {
        (Lifecycle::OnStartup, Place::Global | Place::Standalone) => "the operator's start, once",
        (Lifecycle::OnStartup, Place::Module) => "the module's start, once",
        (Lifecycle::BeforeAll, _) => "each converge, before the modules",
        (Lifecycle::AfterAll, _) => "each converge, after the modules",
        (Lifecycle::BeforeHelm, _) => "each run of the module, before its chart",
        (Lifecycle::AfterHelm, _) => "each run of the module, after its chart",
        (Lifecycle::BeforeDeleteHelm, _) => "the module's end, before its objects go",
        (Lifecycle::AfterDeleteHelm, _) => "the module's end, after its objects went",
    };
    let is_told = point != Lifecycle::OnStartup && config.version == Version::V1;
    let snapshots = config.kubernetes.iter().filter(|_| is_told);
    Row {
        name: point.name().to_owned(),
        kind: point.name(),
        hears: if order.is_finite() {
            format!("{when}; order {order}")
        } else {
            format!("{when}; last")
        },
        queue: "main".to_owned(),
        snapshots: snapshots.map(|binding| binding.name.clone()).collect(),
        ..Row::default()
    }
}

fn of_common(common: &Common) -> Row {
    Row {
        queue: common.queue.clone().unwrap_or_else(|| "main".to_owned()),
        group: common.group.clone(),
        snapshots: common.include_snapshots.clone(),
        allow_failure: common.allow_failure,
        ..Row::default()
    }
}

fn of_schedule(binding: &ScheduleBinding) -> Row {
    let next = binding.crontab.next_after(&Zoned::now());
    Row {
        name: binding.name.clone(),
        kind: "schedule",
        hears: binding.crontab.text().to_owned(),
        next: next.map(|next| next.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()),
        ..of_common(&binding.common)
    }
}

fn of_kubernetes(binding: &KubernetesBinding, version: Version) -> Row {
    let mut words: Vec<&str> = Vec::new();
    if binding.on_synchronization {
        words.push("Synchronization");
    }
    words.extend(binding.events.iter().copied().map(WatchEvent::name));
    let words = match words.as_slice() {
        [] => "nothing".to_owned(),
        words => words.join(", "),
    };
    Row {
        name: binding.name.clone(),
        kind: match version {
            Version::V0 => "onKubernetesEvent",
            Version::V1 => "kubernetes",
        },
        hears: format!("{words} of {}", binding.selection),
        filter: binding
            .filter
            .as_ref()
            .map(|filter| filter.text().to_owned()),
        keeps_full_objects: Some(binding.keep_full),
        waits: Some(binding.wait_for_synchronization),
        ..of_common(&binding.common)
    }
}

/// Bindings that the API server calls: they run beside the queues.
fn of_calls(config: &HookConfig) -> impl Iterator<Item = Row> {
    let admissions = config.admissions.iter().map(|binding| {
        let rules: Vec<String> = binding.rules.iter().map(ToString::to_string).collect();
        Row {
            name: binding.name.clone(),
            kind: binding.kind.key(),
            hears: rules.join("; "),
            group: binding.group.clone(),
            snapshots: binding.include_snapshots.clone(),
            ..Row::default()
        }
    });
    let conversions = config.conversions.iter().map(|binding| {
        let steps = binding.conversions.iter();
        let steps: Vec<String> = steps
            .map(|step| format!("{} to {}", step.from, step.to))
            .collect();
        Row {
            name: binding.name.clone(),
            kind: "kubernetesCustomResourceConversion",
            hears: format!("{}: {}", binding.definition, steps.join(", ")),
            group: binding.group.clone(),
            snapshots: binding.include_snapshots.clone(),
            ..Row::default()
        }
    });
    admissions.chain(conversions)
}

fn findings(severity: Severity, mistakes: Vec<Mistake>) -> Vec<Finding> {
    let found = mistakes.into_iter();
    found
        .map(|mistake| Finding::new(severity, mistake))
        .collect()
}

fn place_name(place: Place) -> &'static str {
    match place {
        Place::Global => "global",
        Place::Module => "module",
        Place::Standalone => "shell-operator",
    }
}

/// A filter on one line, cut where it is long.
fn cut(filter: &str) -> String {
    let line = filter.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_FILTER {
        return line;
    }
    line.chars().take(LONGEST_FILTER).chain(['…']).collect()
}
