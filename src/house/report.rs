//! What people see of a module: its row and its status document, written only when it differs.

use jiff::Timestamp;

use super::resident::Resident;
use super::{House, Notice};
use crate::name::ModuleName;
use crate::queue::QueueName;
use crate::serve::{ModuleList, ModuleRow, ModuleState};
use crate::status::{Report, Status};
use crate::task::Task;

impl House {
    /// Asks for the status document of a module to be written, when it differs.
    pub(super) fn report(&mut self, name: &ModuleName, time: Timestamp) {
        let held = self.held_names();
        let (is_known, is_following) = (self.objects_known, self.follows());
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        // States on the way to an end are not written.
        let is_final = !matches!(
            resident.state,
            ModuleState::Waiting | ModuleState::Running | ModuleState::Deleting
        );
        // … but what only people can change is an end.
        if is_following || !is_known || !(is_final || resident.reason == super::start::BLOCKED) {
            return;
        }
        let status = Status::of(
            &to_report(resident, held.contains(name)),
            &resident.status,
            time,
        );
        if status == resident.status && resident.exists {
            return;
        }
        let exists = std::mem::replace(&mut resident.exists, true);
        resident.status = status.clone();
        self.notices.push(Notice::Status {
            module: name.clone(),
            status: Box::new(status),
            exists,
        });
    }

    pub(super) fn report_all(&mut self, time: Timestamp) {
        let names: Vec<ModuleName> = self.residents.keys().cloned().collect();
        for name in names {
            self.report(&name, time);
        }
    }

    /// All modules as `module list` shows them, with what concerns no single one.
    pub fn module_list(&self) -> ModuleList {
        let held = self.held_names();
        let mut rows: Vec<ModuleRow> = self
            .residents
            .iter()
            .map(|(name, resident)| row(name, resident, held.contains(name)))
            .collect();
        rows.sort_by(|left, right| (left.weight, &left.name).cmp(&(right.weight, &right.name)));
        let mut notes: Vec<String> = self.note_of_following().into_iter().collect();
        notes.extend(self.held.as_ref().map(|held| {
            let names: Vec<&str> = held.names.iter().map(ModuleName::as_str).collect();
            let names = names.join(", ");
            format!("{}: nothing of {names} is removed; bring the folders back, or say: module purge NAME", held.why)
        }));
        // Also where nothing is known yet that it could hold.
        notes.extend(self.discovery.doubt().filter(|_| self.held.is_none()));
        notes.extend(self.notes_of_global_hooks());
        if let Some(mistakes) = &self.config_mistakes {
            notes.push(format!(
                "the ConfigMap is not usable and changes nothing:\n{mistakes}"
            ));
        }
        if !self.global_mistakes.0.is_empty() {
            let mistakes = &self.global_mistakes;
            notes.push(format!("the global values are not usable:\n{mistakes}"));
        }
        for broken in self
            .discovery
            .broken
            .iter()
            .filter(|broken| broken.name.is_none())
        {
            notes.push(broken.mistakes.to_string());
        }
        for dir in &self.discovery.dirs {
            if !dir.mistakes.0.is_empty() {
                notes.push(dir.mistakes.to_string());
            }
        }
        ModuleList::new(rows, notes)
    }

    /// What is wrong with the hooks that are of no module, and so with all modules.
    fn notes_of_global_hooks(&self) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        let lines = self.lines.view();
        let failed = lines.get(&QueueName::Main).into_iter().flatten();
        for view in failed.filter(|view| view.failures > 0) {
            let (what, message) = (view.task.kind(), view.message);
            let matters = match view.task {
                Task::ConvergeModules { .. } => "; no module runs before",
                _ => "",
            };
            notes.push(format!("{what} failed and is repeated{matters}: {message}"));
        }
        let troubles = self.hooks.troubles().into_iter();
        notes.extend(troubles.map(|trouble| format!("global {trouble}")));
        if let Some(why) = self.hooks.swing.why() {
            notes.push(format!("global {why}; what follows from it is slowed down"));
        }
        notes
    }
}

/// What the hooks of a module have to say beside its state.
fn hook_conditions(resident: &Resident) -> Vec<(&'static str, bool, &'static str, String)> {
    let mut conditions = Vec::new();
    let troubles = resident.hooks.troubles();
    if !troubles.is_empty() {
        let message = troubles.join("; ");
        conditions.push(("HookTrouble", true, "WatchTrouble", message));
    }
    if let Some(why) = resident.hooks.swing.why() {
        conditions.push(("HooksSlowed", true, "HooksUndoEachOther", why.to_owned()));
    }
    conditions
}

fn row(name: &ModuleName, resident: &Resident, held: bool) -> ModuleRow {
    let module = resident.module.as_ref();
    let (state, reason, message) = shown(resident, held);
    ModuleRow {
        name: name.to_string(),
        weight: module.map_or(0, |module| module.weight),
        state,
        enabled: resident.enabled,
        decided_by: resident
            .decision
            .as_ref()
            .and_then(|decision| decision.by)
            .map_or_else(String::new, |by| by.to_string()),
        objects: resident.known.record.len(),
        reason,
        message,
        since: resident
            .since
            .map(|since| since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        took_ms: resident
            .took
            .map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        path: module.map_or_else(String::new, |module| module.folder.display().to_string()),
    }
}

/// The state with what overlays it: a held removal, a broken folder behind a good last version,
/// a hook that fails on an event, drift that is left.
fn shown(resident: &Resident, held: bool) -> (ModuleState, String, String) {
    if held {
        let why = "its folder is gone; nothing is removed before a person says so";
        return (ModuleState::Held, "FolderGone".to_owned(), why.to_owned());
    }
    if let (Some(mistakes), ModuleState::Applied) = (&resident.broken, resident.state) {
        let message = format!("the last good version runs; {mistakes}");
        return (ModuleState::Applied, "InvalidModule".to_owned(), message);
    }
    let is_well = resident.reason.is_empty() && resident.state == ModuleState::Applied;
    if is_well && let Some(why) = resident.hooks.failing.values().next() {
        return (ModuleState::Applied, "HookFailed".to_owned(), why.clone());
    }
    if is_well && let Some(why) = resident.hooks.swing.why() {
        let message = format!("{why}; what follows from it is slowed down");
        return (
            ModuleState::Applied,
            "HooksUndoEachOther".to_owned(),
            message,
        );
    }
    let troubles = resident.hooks.troubles();
    if is_well && !troubles.is_empty() {
        let message = troubles.join("; ");
        return (ModuleState::Applied, "HookTrouble".to_owned(), message);
    }
    if is_well && let Some(why) = resident.contest.reasons().first() {
        return (
            ModuleState::Applied,
            "Contested".to_owned(),
            (*why).to_owned(),
        );
    }
    if is_well && !resident.reported.is_empty() {
        return (
            ModuleState::Applied,
            "Drifted".to_owned(),
            resident.reported.join("; "),
        );
    }
    if is_well && !resident.kept.is_empty() {
        return (
            ModuleState::Applied,
            "ObjectsKept".to_owned(),
            resident.kept.join("; "),
        );
    }
    (
        resident.state,
        resident.reason.clone(),
        resident.message.clone(),
    )
}

fn to_report(resident: &Resident, held: bool) -> Report {
    let (state, reason, message) = shown(resident, held);
    let is_applied = matches!(state, ModuleState::Applied | ModuleState::Maintenance);
    let why = resident
        .decision
        .as_ref()
        .map_or_else(String::new, |decision| decision.why.clone());
    let enabled_reason = if resident.script_error.is_some() {
        "EnabledScriptFailed"
    } else {
        "Decided"
    };
    let mut conditions = vec![
        ("Enabled", resident.enabled, enabled_reason, why),
        (
            "Applied",
            is_applied,
            if is_applied { "Applied" } else { "NotApplied" },
            message.clone(),
        ),
    ];
    let contested = resident.contest.reasons();
    if !contested.is_empty() {
        conditions.push(("Contested", true, "FieldsContested", contested.join("; ")));
    }
    if !resident.reported.is_empty() {
        conditions.push(("Drifted", true, "DriftLeft", resident.reported.join("; ")));
    }
    if !resident.kept.is_empty() {
        conditions.push(("Kept", true, "ObjectsKept", resident.kept.join("; ")));
    }
    conditions.extend(hook_conditions(resident));
    let definition = resident.module.as_ref().map(|module| &module.definition);
    Report {
        state: match state {
            ModuleState::Running => ModuleState::Waiting,
            state => state,
        },
        reason,
        message,
        description: definition
            .and_then(|definition| definition.description.clone())
            .unwrap_or_default(),
        weight: resident.module.as_ref().map_or(0, |module| module.weight),
        release: resident.known.release,
        values_checksum: resident
            .store
            .as_ref()
            .map_or_else(String::new, |store| store.snapshot().checksum.to_string()),
        conditions,
        record: resident.known.record.clone(),
    }
}
