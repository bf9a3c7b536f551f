//! What `hook list` shows: every hook, what it listens to, and how its latest run went.

use serde::{Deserialize, Serialize};

use super::document::{first_line, took};
use super::table::{Cell, Paint, Table, Tone};

/// All hooks: the global ones, then those of modules by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookList {
    /// One row a hook.
    pub hooks: Vec<HookRow>,
}

/// One hook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookRow {
    /// The module's name, or `global`; empty for the hooks of a shell-operator.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// The hook's name, `hooks/namespaces.py`.
    pub name: String,
    /// What it listens to, in the order of its configuration.
    pub bindings: Vec<BindingRow>,
    /// How many runs ended since it was read.
    pub runs: u64,
    /// How many of them failed, those included that may fail.
    pub failures: u64,
    /// Tasks that wait to run it, the one that runs included.
    pub waiting: usize,
    /// Why it cannot be used; empty when it can.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub broken: String,
    /// The run that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<LatestRun>,
}

/// One binding of a hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BindingRow {
    /// `kubernetes`, `schedule`, `beforeHelm` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name; that of the type when it has none of its own.
    pub name: String,
    /// `Secret registry in namespace shop`, `*/5 * * * *`, `order 10`.
    pub listens_to: String,
    /// The queue that it runs in; empty when it runs in none, as the API server waits.
    pub queue: String,
    /// How far it is.
    pub state: BindingState,
    /// What is in its way; empty when nothing is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// How far a binding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BindingState {
    /// It hears everything.
    Live,
    /// `onStartup` is behind it.
    Done,
    /// It is heard later: a schedule before converge is done, `onStartup` before the first run.
    Later,
    /// Its first list is being read.
    Listing,
    /// Its Synchronization waits, runs, or failed.
    Synchronizing,
    /// The cluster does not have its kind yet.
    Awaiting,
    /// Something keeps it from seeing all that it should.
    Troubled,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LatestRun {
    /// When it ended, RFC 3339.
    pub ended: String,
    /// How long its process ran, in milliseconds.
    pub took_ms: u64,
    /// What it ran for: `pods: Modified Pod shop/web`.
    pub binding: String,
    /// What it changed, `nothing` when nothing; none when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// Why it failed; none when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

impl BindingState {
    fn cell(self) -> Cell {
        let (word, tone) = match self {
            Self::Live => ("live", Tone::Good),
            Self::Done => ("done", Tone::Faint),
            Self::Later => ("later", Tone::Faint),
            Self::Listing => ("listing", Tone::Notable),
            Self::Synchronizing => ("synchronizing", Tone::Notable),
            Self::Awaiting => ("awaiting", Tone::Notable),
            Self::Troubled => ("troubled", Tone::Bad),
        };
        Cell::new(word, tone)
    }
}

impl HookRow {
    /// What is shown of it; `lead` are the cells before.
    fn cells(&self, lead: Vec<Cell>) -> Vec<Cell> {
        let is_failed = |run: &LatestRun| run.failure.is_some();
        let (state, tone) = match &self.latest {
            _ if !self.broken.is_empty() => ("broken", Tone::Bad),
            None => ("no run yet", Tone::Faint),
            Some(run) if is_failed(run) => ("failed", Tone::Bad),
            Some(_) => ("ran", Tone::Good),
        };
        let latest = self.latest.as_ref().map(LatestRun::text);
        let mut cells = lead;
        cells.extend([
            Cell::plain(&self.name),
            Cell::plain(&self.runs.to_string()),
            Cell::plain(&self.failures.to_string()),
            Cell::plain(&self.waiting.to_string()),
            Cell::new(state, tone),
            Cell::plain(&match self.broken.as_str() {
                "" => latest.unwrap_or_default(),
                why => first_line(why),
            }),
        ]);
        cells
    }
}

impl BindingRow {
    fn cells(&self, lead: Vec<Cell>) -> Vec<Cell> {
        let name = if self.name == self.kind {
            format!("  {}", self.kind)
        } else {
            format!("  {} {}", self.kind, self.name)
        };
        let listens_to = &self.listens_to;
        let queue = match self.queue.as_str() {
            "" => String::new(),
            queue => format!(", queue {queue}"),
        };
        let why = match self.why.as_str() {
            "" => String::new(),
            why => format!("; {}", first_line(why)),
        };
        let mut cells = lead;
        cells.extend([
            Cell::plain(&name),
            Cell::plain(""),
            Cell::plain(""),
            Cell::plain(""),
            self.state.cell(),
            Cell::new(&format!("{listens_to}{queue}{why}"), Tone::Faint),
        ]);
        cells
    }
}

impl LatestRun {
    fn text(&self) -> String {
        let what = match (&self.failure, &self.changed) {
            (Some(failure), _) => first_line(failure),
            (None, Some(changed)) => format!("changed {changed}"),
            (None, None) => String::new(),
        };
        let took = took(self.took_ms);
        format!("{}, {took}, {}: {what}", self.ended, self.binding)
    }
}

impl HookList {
    /// A table: each hook, and its bindings below it. The hooks of a shell-operator have no modules.
    pub fn text(&self, paint: Paint) -> String {
        if self.hooks.is_empty() {
            return "no hooks\n".to_owned();
        }
        let has_modules = self.hooks.iter().any(|hook| !hook.module.is_empty());
        let lead = |module: &str| Vec::from_iter(has_modules.then(|| Cell::plain(module)));
        let titles = [
            "MODULE",
            "HOOK",
            "RUNS",
            "FAILED",
            "WAITING",
            "STATE",
            "LATEST RUN",
        ];
        let mut table = Table::new(titles.get(usize::from(!has_modules)..).unwrap_or_default());
        for hook in &self.hooks {
            table.push(hook.cells(lead(&hook.module)));
            for binding in &hook.bindings {
                table.push(binding.cells(lead("")));
            }
        }
        table.text(paint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(kind: &str, name: &str, listens_to: &str, state: BindingState) -> BindingRow {
        BindingRow {
            kind: kind.to_owned(),
            name: name.to_owned(),
            listens_to: listens_to.to_owned(),
            queue: "module/web".to_owned(),
            state,
            why: String::new(),
        }
    }

    fn list() -> HookList {
        let mut widgets = binding("kubernetes", "widgets", "Widget", BindingState::Awaiting);
        widgets.why = "there is no kind Widget; it is awaited".to_owned();
        let latest = LatestRun {
            ended: "2026-01-02T03:04:05Z".to_owned(),
            took_ms: 31,
            binding: "pods: Added Pod shop/a".to_owned(),
            changed: Some("values".to_owned()),
            failure: None,
        };
        let row = |name: &str, latest, bindings| HookRow {
            module: "web".to_owned(),
            name: name.to_owned(),
            bindings,
            runs: 3,
            failures: 1,
            waiting: 0,
            broken: String::new(),
            latest,
        };
        let failed = LatestRun {
            changed: None,
            failure: Some("exit code 1\nmore".to_owned()),
            ..latest.clone()
        };
        let before = binding("beforeHelm", "beforeHelm", "order 10", BindingState::Live);
        HookList {
            hooks: vec![
                row("hooks/a.sh", Some(latest), vec![widgets, before]),
                row("hooks/b.sh", Some(failed), Vec::new()),
                row("hooks/c.sh", None, Vec::new()),
            ],
        }
    }

    #[test]
    fn hook_list_is_a_table_with_bindings_below_hooks() {
        let text = list().text(Paint::Plain);
        let lines: Vec<String> = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            lines,
            [
                "MODULE HOOK RUNS FAILED WAITING STATE LATEST RUN",
                "web hooks/a.sh 3 1 0 ran 2026-01-02T03:04:05Z, 31ms, pods: Added Pod shop/a: changed values",
                "kubernetes widgets awaiting Widget, queue module/web; there is no kind Widget; it is awaited",
                "beforeHelm live order 10, queue module/web",
                "web hooks/b.sh 3 1 0 failed 2026-01-02T03:04:05Z, 31ms, pods: Added Pod shop/a: exit code 1 … and 1 more (-o json)",
                "web hooks/c.sh 3 1 0 no run yet",
            ]
        );
        assert_eq!(HookList::default().text(Paint::Plain), "no hooks\n");
    }

    #[test]
    fn hooks_of_a_shell_operator_have_no_modules() {
        let mut list = list();
        for hook in &mut list.hooks {
            hook.module.clear();
        }
        list.hooks[2].broken = "hook c.sh printed nothing\nmore".to_owned();
        let text = list.text(Paint::Plain);
        let line = |index: usize| {
            let line = text.lines().nth(index).unwrap();
            line.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(line(0), "HOOK RUNS FAILED WAITING STATE LATEST RUN");
        assert_eq!(line(3), "beforeHelm live order 10, queue module/web");
        assert_eq!(
            line(5),
            "hooks/c.sh 3 1 0 broken hook c.sh printed nothing … and 1 more (-o json)"
        );
    }

    #[test]
    fn hook_list_survives_its_json() {
        let json = serde_json::to_value(list()).unwrap();
        assert_eq!(json["hooks"][0]["bindings"][0]["type"], "kubernetes");
        assert_eq!(json["hooks"][0]["bindings"][0]["state"], "awaiting");
        assert_eq!(serde_json::from_value::<HookList>(json).unwrap(), list());
    }
}
