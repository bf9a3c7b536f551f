//! The documents that answer questions about modules and converge.
//!
//! The operator fills them, the debug socket writes them, the command line reads and prints them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::{Cell, Paint, Table, Tone, painted};
pub use crate::status::State as ModuleState;

/// One module, as `module list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleRow {
    /// The module's name, `cert-manager`.
    pub name: String,
    /// The number before its folder's name, or the one that modules without a number get.
    pub weight: u32,
    /// Where it stands.
    pub state: ModuleState,
    /// Whether it is enabled.
    pub enabled: bool,
    /// What had the last word about that: `Static`, `KubeConfig`, `ScriptEnabled`, …; empty if
    /// nothing was said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decided_by: String,
    /// How many objects it owns in the cluster.
    pub objects: usize,
    /// One word for machines: `ApplyFailed`, `EnabledScriptFailed`, …; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// One sentence for people; empty if there is nothing to add.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Since when it is in this state, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How long the last finished attempt took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// Its folder.
    pub path: String,
}

/// What `module list` shows: the original's list of names, and a row for each module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleList {
    /// The names of the enabled modules, sorted.
    pub enabled_modules: Vec<String>,
    /// All modules in their order.
    #[serde(default)]
    pub modules: Vec<ModuleRow>,
    /// What concerns no single module: a held purge, a broken folder, an invalid `ConfigMap`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl ModuleList {
    /// The list of these modules; the enabled names follow from them.
    pub fn new(modules: Vec<ModuleRow>, notes: Vec<String>) -> Self {
        let mut enabled_modules: Vec<String> = modules
            .iter()
            .filter(|row| row.enabled)
            .map(|row| row.name.clone())
            .collect();
        enabled_modules.sort();
        Self {
            enabled_modules,
            modules,
            notes,
        }
    }
}

/// What `global list` shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GlobalHooks {
    /// The names of the global hooks, sorted.
    pub global_hooks: Vec<String>,
}

/// What `module resource-monitor` shows: module → what is watched of it.
pub type ResourceMonitors = BTreeMap<String, Monitor>;

/// What is watched of one module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Monitor {
    /// `namespace/Kind/name` of each object, sorted.
    Objects(Vec<String>),
    /// Why nothing is watched; the original says `No monitor`.
    None(String),
}

/// What `config list` shows: parameter → how it is set.
pub type ParameterList = BTreeMap<String, Parameter>;

/// A parameter that can be changed while the operator runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// What it is now.
    pub value: String,
    /// What it was at the start.
    pub default: String,
    /// When it goes back to what it was before, RFC 3339; none when it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Where the values of a module come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The module's name, or `global`.
    pub module: String,
    /// Each leaf, sorted by path. A list is one leaf.
    pub leaves: Vec<LeafOrigin>,
}

/// Where one leaf of the values comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeafOrigin {
    /// Its dotted path in the module's values; empty when the values are one leaf.
    pub path: String,
    /// Its value, masked when it is a secret.
    pub value: serde_json::Value,
    /// The layer that set it: `static values`, `schema default`, `ConfigMap`, `hook patch`.
    pub layer: String,
    /// The place in that layer: `modules/010-x/values.yaml:3:5`, a `ConfigMap` key, a hook's run.
    pub place: String,
}

/// How far the first converge is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ConvergePhase {
    /// The first converge has not begun.
    #[default]
    NotStarted,
    /// The first converge is at work.
    InProgress,
    /// Every module has been attempted once.
    Done,
}

/// How far converge is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConvergeStatus {
    /// How far the first converge is.
    pub startup: ConvergePhase,
    /// How many converge tasks wait or run now.
    pub tasks: usize,
}

fn tone(state: ModuleState) -> Tone {
    match state {
        ModuleState::Disabled | ModuleState::Waiting => Tone::Faint,
        ModuleState::Running
        | ModuleState::Held
        | ModuleState::Maintenance
        | ModuleState::Deleting => Tone::Notable,
        ModuleState::Applied => Tone::Good,
        ModuleState::Failed => Tone::Bad,
    }
}

impl ModuleRow {
    fn cells(&self) -> Vec<Cell> {
        let why = match (self.reason.is_empty(), self.message.is_empty()) {
            (false, false) => format!("{}: {}", self.reason, first_line(&self.message)),
            (false, true) => self.reason.clone(),
            (true, _) => first_line(&self.message),
        };
        vec![
            Cell::plain(&self.name),
            Cell::plain(&self.weight.to_string()),
            Cell::new(self.state.name(), tone(self.state)),
            Cell::plain(&self.objects.to_string()),
            Cell::plain(&self.took_ms.map(took).unwrap_or_default()),
            Cell::plain(&self.decided_by),
            Cell::plain(&why),
        ]
    }
}

impl ModuleList {
    /// A table of the modules, and the notes below it.
    pub fn text(&self, paint: Paint) -> String {
        let mut text = if self.modules.is_empty() {
            "no modules\n".to_owned()
        } else {
            self.table().text(paint)
        };
        for note in &self.notes {
            text.push_str(&painted(&format!("! {note}"), Tone::Notable, paint));
            text.push('\n');
        }
        text
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&[
            "MODULE",
            "WEIGHT",
            "STATE",
            "OBJECTS",
            "TOOK",
            "DECIDED BY",
            "REASON",
        ]);
        for row in &self.modules {
            table.push(row.cells());
        }
        table
    }
}

impl Explanation {
    /// A table of the leaves.
    pub fn text(&self, paint: Paint) -> String {
        let mut table = Table::new(&["PATH", "VALUE", "LAYER", "PLACE"]);
        for leaf in &self.leaves {
            table.push(vec![
                Cell::plain(&leaf.path),
                Cell::plain(&shortened(&leaf.value)),
                Cell::plain(&leaf.layer),
                Cell::plain(&leaf.place),
            ]);
        }
        table.text(paint)
    }
}

/// A table of the parameters.
pub(super) fn parameters_text(list: &ParameterList) -> String {
    let mut table = Table::new(&["PARAMETER", "VALUE", "DEFAULT", "UNTIL"]);
    for (name, parameter) in list {
        table.push(vec![
            Cell::plain(name),
            Cell::plain(&parameter.value),
            Cell::plain(&parameter.default),
            Cell::plain(parameter.until.as_deref().unwrap_or("-")),
        ]);
    }
    table.text(Paint::Plain)
}

/// How many letters of a value a table shows; the other forms have all of it.
const LONGEST_VALUE: usize = 60;

/// A value as JSON, cut where it would push the columns behind it out of sight.
fn shortened(value: &serde_json::Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The first line of a message, and how many follow; the other forms have all of them.
pub(super) fn first_line(message: &str) -> String {
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} … and {more} more (-o json)"),
    }
}

/// Milliseconds as people say them: `80ms`, `2.4s`, `3m05s`.
pub(super) fn took(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds}ms"),
        1_000..60_000 => format!("{}.{}s", milliseconds / 1_000, milliseconds / 100 % 10),
        _ => {
            let seconds = milliseconds / 1_000;
            format!("{}m{:02}s", seconds / 60, seconds % 60)
        }
    }
}

impl ConvergeStatus {
    /// Whether every module has been attempted once: then `/readyz` says so.
    pub fn is_ready(&self) -> bool {
        self.startup == ConvergePhase::Done
    }

    /// The original's text form.
    pub fn text(&self) -> String {
        let tasks = self.tasks;
        match (self.startup, tasks) {
            (ConvergePhase::NotStarted, _) => "STARTUP_CONVERGE_NOT_STARTED\n".to_owned(),
            (ConvergePhase::InProgress, 0) => "STARTUP_CONVERGE_DONE\n".to_owned(),
            (ConvergePhase::InProgress, _) => {
                format!("STARTUP_CONVERGE_IN_PROGRESS: {tasks} tasks\n")
            }
            (ConvergePhase::Done, 0) => "STARTUP_CONVERGE_DONE\nCONVERGE_WAIT_TASK\n".to_owned(),
            (ConvergePhase::Done, _) => {
                format!("STARTUP_CONVERGE_DONE\nCONVERGE_IN_PROGRESS: {tasks} tasks\n")
            }
        }
    }

    /// The original's JSON form: all five keys, whichever applies.
    pub fn json(&self) -> serde_json::Value {
        let in_phase = |phase| if self.startup == phase { self.tasks } else { 0 };
        let starting = in_phase(ConvergePhase::InProgress);
        let converging = in_phase(ConvergePhase::Done);
        serde_json::json!({
            "STARTUP_CONVERGE_NOT_STARTED": self.startup == ConvergePhase::NotStarted,
            "STARTUP_CONVERGE_IN_PROGRESS": starting,
            "STARTUP_CONVERGE_DONE": self.startup != ConvergePhase::NotStarted && starting == 0,
            "CONVERGE_IN_PROGRESS": converging,
            "CONVERGE_WAIT_TASK": self.startup == ConvergePhase::Done && converging == 0,
        })
    }

    /// Takes what [`ConvergeStatus::json`] made.
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        let says = |key: &str| value.get(key)?.as_bool();
        let count = |key: &str| usize::try_from(value.get(key)?.as_u64()?).ok();
        let starting = count("STARTUP_CONVERGE_IN_PROGRESS")?;
        let converging = count("CONVERGE_IN_PROGRESS")?;
        let startup = if says("STARTUP_CONVERGE_NOT_STARTED")? {
            ConvergePhase::NotStarted
        } else if says("CONVERGE_WAIT_TASK")? || converging > 0 {
            ConvergePhase::Done
        } else {
            ConvergePhase::InProgress
        };
        Some(Self {
            startup,
            tasks: starting + converging,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> ModuleRow {
        ModuleRow {
            name: name.to_owned(),
            weight: 1,
            state: ModuleState::Applied,
            enabled: true,
            decided_by: String::new(),
            objects: 0,
            reason: String::new(),
            message: String::new(),
            since: None,
            took_ms: None,
            path: "modules/x".to_owned(),
        }
    }

    #[test]
    fn module_list_is_a_table() {
        let good = ModuleRow {
            objects: 12,
            took_ms: Some(350),
            decided_by: "KubeConfig".to_owned(),
            ..row("namespaces")
        };
        let bad = ModuleRow {
            weight: 110,
            state: ModuleState::Failed,
            took_ms: Some(62_345),
            reason: "ApplyFailed".to_owned(),
            message: "applying Service a/b: port is taken\napplying Pod a/c: no\n".to_owned(),
            ..row("nginx")
        };
        let notes = vec!["2 modules vanished at once".to_owned()];
        assert_eq!(
            ModuleList::new(vec![good, bad], notes).text(Paint::Plain),
            "MODULE      WEIGHT  STATE    OBJECTS  TOOK   DECIDED BY  REASON\n\
             namespaces  1       Applied  12       350ms  KubeConfig\n\
             nginx       110     Failed   0        1m02s              \
             ApplyFailed: applying Service a/b: port is taken … and 1 more (-o json)\n\
             ! 2 modules vanished at once\n"
        );
        assert_eq!(ModuleList::default().text(Paint::Plain), "no modules\n");
    }

    #[test]
    fn times_are_said_as_people_do() {
        for (milliseconds, text) in [
            (0, "0ms"),
            (999, "999ms"),
            (1_000, "1.0s"),
            (59_999, "59.9s"),
            (60_000, "1m00s"),
            (3_723_000, "62m03s"),
        ] {
            assert_eq!(took(milliseconds), text);
        }
    }

    #[test]
    fn explanation_is_a_table() {
        let leaf = |path: &str, value, layer: &str, place: &str| LeafOrigin {
            path: path.to_owned(),
            value,
            layer: layer.to_owned(),
            place: place.to_owned(),
        };
        let explanation = Explanation {
            module: "nginx".to_owned(),
            leaves: vec![
                leaf(
                    "image.tag",
                    serde_json::json!("1.2"),
                    "static values",
                    "values.yaml:3:5",
                ),
                leaf("replicas", serde_json::json!(3), "ConfigMap", "nginx"),
            ],
        };
        assert_eq!(
            explanation.text(Paint::Plain),
            "PATH       VALUE  LAYER          PLACE\n\
             image.tag  \"1.2\"  static values  values.yaml:3:5\n\
             replicas   3      ConfigMap      nginx\n"
        );
    }

    #[test]
    fn converge_status_is_the_originals() {
        use ConvergePhase::{Done, InProgress, NotStarted};
        for (startup, tasks, text) in [
            (NotStarted, 0, "STARTUP_CONVERGE_NOT_STARTED\n"),
            (InProgress, 4, "STARTUP_CONVERGE_IN_PROGRESS: 4 tasks\n"),
            (InProgress, 0, "STARTUP_CONVERGE_DONE\n"),
            (
                Done,
                3,
                "STARTUP_CONVERGE_DONE\nCONVERGE_IN_PROGRESS: 3 tasks\n",
            ),
            (Done, 0, "STARTUP_CONVERGE_DONE\nCONVERGE_WAIT_TASK\n"),
        ] {
            let status = ConvergeStatus { startup, tasks };
            assert_eq!(status.text(), text);
            assert_eq!(ConvergeStatus::from_json(&status.json()), Some(status));
            assert_eq!(status.is_ready(), startup == Done);
        }
    }

    #[test]
    fn converge_status_has_all_keys() {
        let status = ConvergeStatus {
            startup: ConvergePhase::Done,
            tasks: 2,
        };
        assert_eq!(
            status.json(),
            serde_json::json!({
                "CONVERGE_IN_PROGRESS": 2, "CONVERGE_WAIT_TASK": false,
                "STARTUP_CONVERGE_DONE": true, "STARTUP_CONVERGE_IN_PROGRESS": 0,
                "STARTUP_CONVERGE_NOT_STARTED": false,
            })
        );
    }

    #[test]
    fn module_list_keeps_the_originals_key() {
        let mut rows = vec![row("z"), row("off"), row("a")];
        rows[1].enabled = false;
        let json = serde_json::to_value(ModuleList::new(rows, Vec::new())).unwrap();
        assert_eq!(json["enabledModules"], serde_json::json!(["a", "z"]));
        assert_eq!(
            json["modules"][1],
            serde_json::json!({"name": "off", "weight": 1, "state": "Applied", "enabled": false,
                "objects": 0, "path": "modules/x"})
        );
        // A Go operator's answer reads as a list without rows.
        let original = serde_json::json!({"enabledModules": ["a"]});
        let list: ModuleList = serde_json::from_value(original).unwrap();
        assert!(list.modules.is_empty());
    }
}
