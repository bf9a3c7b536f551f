//! What a run asked for, as a document and as text.

use std::collections::BTreeMap;

use serde::Serialize;

use super::told::Told;
use crate::admission::Converted;
use crate::metric::{Change, Operation};
use crate::report::{self, Mistake, Mistakes};
use crate::serve::{Paint, Tone, painted};
use crate::task::{self, HookRehearsal, Preview, Replied};
use crate::yaml;

/// How the objects of a declared hook begin, which are no operations.
const DECLARES: &str = "declares ";

/// One run, and what would come of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    hook: String,
    /// The bindings that it was told.
    bindings: Vec<String>,
    took_ms: u64,
    max_rss_bytes: u64,
    values: Changed,
    config_values: Changed,
    /// Modules that it would switch, by key; null takes an earlier opinion back.
    modules: BTreeMap<String, Option<bool>>,
    objects: Vec<Preview>,
    /// What it answers the API server; none when that did not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
    metrics: Vec<Metric>,
    warnings: Vec<String>,
}

/// How values would change.
#[derive(Debug, Serialize)]
struct Changed {
    /// A unified diff; empty when they would not.
    diff: String,
    /// Why they would not take the patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// What the API server is answered.
#[derive(Debug, Serialize)]
struct Answer {
    /// `allow`, `deny`, `convert`, `fail`, or `refuse` when it cannot be understood.
    action: &'static str,
    /// Why; or what comes back as YAML.
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// One metric as it is asked for.
#[derive(Debug, Serialize)]
struct Metric {
    action: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
}

impl Report {
    pub(super) fn new(
        hook: &str,
        told: &Told,
        rehearsal: HookRehearsal,
        objects: Vec<Preview>,
    ) -> Self {
        let output = rehearsal.output;
        let flags = output
            .values
            .flags
            .iter()
            .chain(&output.config_values.flags);
        let millis = output.took.as_millis();
        Self {
            hook: hook.to_owned(),
            bindings: told.bindings.clone(),
            took_ms: u64::try_from(millis).unwrap_or(u64::MAX),
            max_rss_bytes: output.usage.max_rss_bytes,
            modules: flags.map(|(key, flag)| (key.to_string(), *flag)).collect(),
            values: Changed::of(rehearsal.values),
            config_values: Changed::of(rehearsal.config_values),
            objects,
            answer: Answer::of(rehearsal.replied),
            metrics: output
                .metrics
                .operations
                .into_iter()
                .map(Metric::of)
                .collect(),
            warnings: output
                .metrics
                .warnings
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// Whether something of it would not be done.
    pub(super) fn is_refused(&self) -> bool {
        let values = [&self.values, &self.config_values];
        values.iter().any(|changed| changed.refused.is_some())
            || self.objects.iter().any(|object| object.action == "refuse")
            || self
                .answer
                .as_ref()
                .is_some_and(|answer| answer.action == "refuse")
    }

    pub(super) fn text(&self, paint: Paint) -> String {
        let mut page = Page {
            text: String::new(),
            paint,
        };
        page.changed("values", &self.values);
        page.changed("ConfigMap", &self.config_values);
        for (key, flag) in &self.modules {
            let what = match flag {
                Some(true) => "switched on",
                Some(false) => "switched off",
                None => "left to others",
            };
            page.head(&format!("module {key}"), what, Tone::Notable);
        }
        for (object, number) in self.objects.iter().zip(1..) {
            page.object(number, object);
        }
        if let Some(answer) = &self.answer {
            page.head("answer", answer.action, Tone::Notable);
            page.body(&answer.text);
            for warning in &answer.warnings {
                page.body(&format!("warning: {warning}"));
            }
        }
        for metric in &self.metrics {
            page.head("metric", &metric.text(), Tone::Notable);
        }
        for warning in &self.warnings {
            page.head("warning", warning, Tone::Bad);
        }
        if page.text.is_empty() {
            page.text.push_str("it asks for nothing\n");
        }
        let Self { hook, took_ms, .. } = self;
        let bindings = self.bindings.join(", ");
        let head = format!("{hook} ran {took_ms} ms for {bindings}; nothing of this was done:\n");
        head + &page.text
    }
}

/// A text that grows.
struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    /// `# values: change`
    fn head(&mut self, what: &str, action: &str, tone: Tone) {
        let action = painted(action, tone, self.paint);
        self.text.extend(["\n# ", what, ": ", &action, "\n"]);
    }

    fn changed(&mut self, what: &str, changed: &Changed) {
        if let Some(why) = &changed.refused {
            self.head(what, "refuse", Tone::Bad);
            self.body(why);
        } else if !changed.diff.is_empty() {
            self.head(what, "change", Tone::Notable);
            self.body(&changed.diff);
        }
    }

    fn object(&mut self, number: usize, object: &Preview) {
        let tone = match object.action {
            "refuse" => Tone::Bad,
            "nothing" => Tone::Faint,
            _ => Tone::Notable,
        };
        let what = if object.operation.starts_with(DECLARES) {
            object.operation.clone()
        } else {
            format!("operation {number}, {}", object.operation)
        };
        self.head(&what, object.action, tone);
        self.body(&object.text);
        for warning in &object.warnings {
            self.body(&format!("warning: {warning}"));
        }
    }

    fn body(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        for line in text.lines() {
            let tone = match line.as_bytes().first() {
                Some(b'+') => Tone::Good,
                Some(b'-') => Tone::Bad,
                _ => Tone::Plain,
            };
            self.text.push_str(&painted(line, tone, self.paint));
            self.text.push('\n');
        }
    }
}

impl Changed {
    fn of(diff: Result<String, task::Error>) -> Self {
        match diff {
            Ok(diff) => Self {
                diff,
                refused: None,
            },
            Err(error) => Self {
                diff: String::new(),
                refused: Some(report::chain(&error)),
            },
        }
    }
}

impl Answer {
    fn of(replied: Result<(Replied, Vec<Mistake>), Mistakes>) -> Option<Self> {
        let (replied, ignored) = match replied {
            Ok(replied) => replied,
            Err(mistakes) => {
                return Some(Self {
                    action: "refuse",
                    text: mistakes.to_string(),
                    warnings: Vec::new(),
                });
            }
        };
        let ignored = ignored.iter().map(ToString::to_string);
        let (action, text, warnings) = match replied {
            Replied::None => return None,
            Replied::Verdict(verdict) => {
                let patch = verdict.patch.as_ref().map(yaml::write);
                let (action, text) = match verdict.denial {
                    Some(denial) => ("deny", denial.message),
                    None => ("allow", patch.unwrap_or_default()),
                };
                (action, text, verdict.warnings)
            }
            Replied::Converted(Converted::Objects(objects)) => {
                let objects = objects
                    .iter()
                    .map(|object| format!("---\n{}", yaml::write(object)));
                ("convert", objects.collect(), Vec::new())
            }
            Replied::Converted(Converted::Failed(why)) => ("fail", why, Vec::new()),
        };
        Some(Self {
            action,
            text,
            warnings: warnings.into_iter().chain(ignored).collect(),
        })
    }
}

impl Metric {
    fn of(operation: Operation) -> Self {
        let sample = match operation {
            Operation::Write(sample) => sample,
            Operation::Expire { group } => {
                return Self {
                    action: "expire",
                    name: String::new(),
                    value: None,
                    labels: BTreeMap::new(),
                    group: Some(group),
                };
            }
        };
        let (action, value) = match sample.change {
            Change::Add(value) => ("add", value),
            Change::Set(value) => ("set", value),
            Change::Observe { value, .. } => ("observe", value),
        };
        Self {
            action,
            name: sample.name,
            value: Some(value),
            labels: sample.labels,
            group: sample.group,
        }
    }

    /// `set hello_namespaces{team="shop"} 3, group hello`
    fn text(&self) -> String {
        let labels: Vec<String> = self
            .labels
            .iter()
            .map(|(key, value)| format!("{key}={value:?}"))
            .collect();
        let series = if labels.is_empty() {
            self.name.clone()
        } else {
            format!("{}{{{}}}", self.name, labels.join(","))
        };
        let value = self
            .value
            .map(|value| value.to_string())
            .unwrap_or_default();
        let mut words = vec![self.action.to_owned(), series, value];
        words.retain(|word| !word.is_empty());
        let text = words.join(" ");
        match (&self.group, self.action) {
            (Some(group), "expire") => format!("{text} group {group}"),
            (Some(group), _) => format!("{text}, group {group}"),
            (None, _) => text,
        }
    }
}
