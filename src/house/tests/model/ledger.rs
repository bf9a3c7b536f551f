//! What an observer knows who sees only which jobs begin and how they end: the reference that the laws are
//! held against. It is written from what is promised, not from how the house does it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::world::{Config, Folder, HOOKS, Looks, MODULES, World};
use crate::watch::MonitorId;

/// How many seconds a folder has to be gone until that is believed.
pub(super) const SETTLE: u64 = 5;

/// How far a module has come since it was decided to be enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Pending,
    Failed,
    Applied,
    Unready,
    Ready,
}

/// What was seen of one place of hooks, 0 for the global one.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// What its hooks set in the values, by hook.
    pub(super) patches: BTreeMap<usize, u64>,
    /// How often it was decided to be off.
    pub(super) offs: u64,
    /// How often its deletion ended.
    pub(super) deletions: u64,
    /// How often its hooks became others, or it was off: schedules of before are not owed.
    pub(super) turns: u64,
    /// How often each hook was told to run by its schedule, and how often it heard that, in this turn.
    pub(super) fired: BTreeMap<String, (usize, usize)>,
    /// The hooks as the house was last told of them.
    pub(super) folder: [u8; 32],
    /// The hooks that ran since their attempt began, by task: the grammar of a task.
    pub(super) prepared: BTreeSet<String>,
}

/// All that was seen.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    /// The folders as the house knows them: the last good ones.
    pub(super) known: [Option<Folder>; 5],
    pub(super) directory: Looks,
    pub(super) gone_since: [Option<Instant>; 5],
    /// Whether its folder was there when the house was last told.
    pub(super) is_there: [bool; 5],
    /// What people said is to be purged, or was believed to be gone.
    pub(super) purged: [bool; 5],
    /// The last usable `ConfigMap`; `None` when there was none yet.
    pub(super) config: Option<Config>,
    pub(super) enabled: [bool; 5],
    /// Its deletion began and has not ended well: it goes on whatever is decided.
    pub(super) is_condemned: [bool; 5],
    pub(super) attempts: [Attempt; 5],
    pub(super) places: [Seen; 6],
    /// What global hooks said of modules.
    pub(super) dynamic: [Option<bool>; 5],
    /// Tasks that began and are neither over nor failed.
    pub(super) begun: BTreeSet<u64>,
    /// What was brought last, in one word.
    pub(super) brought: [Option<String>; 5],
    /// Events of monitors, by number.
    pub(super) emitted: Vec<(MonitorId, u64)>,
    /// Events that hooks were told by themselves.
    pub(super) told: BTreeMap<(MonitorId, u64), usize>,
    /// By monitor of a group: the last change that a run of the group saw.
    pub(super) grouped: BTreeMap<MonitorId, u64>,
    /// Snapshots of Synchronizations that ended well.
    pub(super) synchronized: BTreeMap<MonitorId, Vec<u64>>,
    /// Counts what happens.
    pub(super) tick: u64,
    /// When it was last decided which modules are enabled.
    pub(super) decided_at: u64,
    /// When the last failure that a converge had left recovered.
    pub(super) recovered_at: u64,
    /// Whether a converge was done while modules had failed, and they have not recovered.
    pub(super) left_failures: bool,
    /// When each global hook last ran after converge.
    pub(super) after_all: BTreeMap<String, u64>,
    /// How many hooks in a row went before the run of their module that was free to go on.
    pub(super) passed: BTreeMap<usize, usize>,
    /// Whether anything waits for a time.
    pub(super) is_any_pausing: bool,
    /// Since which tick a module waits for its run.
    pub(super) waits_since: [Option<u64>; 5],
    /// Queues whose task has begun and waits between two steps.
    pub(super) between: BTreeSet<String>,
    /// How many hooks of main queues began, for those who wait.
    pub(super) slots_given: usize,
    /// Since when, in slots given, a queue waits for one.
    pub(super) starving: BTreeMap<String, usize>,
}

impl Ledger {
    /// Of an operator that begins now.
    pub(super) fn new() -> Self {
        Self {
            known: Default::default(),
            directory: Looks::Present,
            gone_since: [None; 5],
            is_there: [false; 5],
            purged: [false; 5],
            config: None,
            enabled: [false; 5],
            is_condemned: [false; 5],
            attempts: [Attempt::Pending; 5],
            places: Default::default(),
            dynamic: [None; 5],
            begun: BTreeSet::new(),
            brought: Default::default(),
            emitted: Vec::new(),
            told: BTreeMap::new(),
            grouped: BTreeMap::new(),
            synchronized: BTreeMap::new(),
            tick: 1,
            decided_at: 0,
            recovered_at: 0,
            left_failures: false,
            after_all: BTreeMap::new(),
            passed: BTreeMap::new(),
            is_any_pausing: false,
            waits_since: [None; 5],
            between: BTreeSet::new(),
            slots_given: 0,
            starving: BTreeMap::new(),
        }
    }

    /// The house is told what is on disk.
    pub(super) fn look(&mut self, world: &World, now: Instant) {
        self.directory = world.directory;
        let is_there = world.directory == Looks::Present;
        for (module, folder) in world.folders.iter().enumerate() {
            let folder = folder.as_ref().filter(|_| is_there);
            self.is_there[module] = folder.is_some();
            // What was believed once is believed until the folder is there again.
            let is_settled = |since: &Instant| (now - *since).as_secs() >= SETTLE;
            self.purged[module] |= self.gone_since[module].as_ref().is_some_and(is_settled);
            match folder {
                // While there is a doubt no time counts.
                None if !is_there => self.gone_since[module] = None,
                None => drop(self.gone_since[module].get_or_insert(now)),
                Some(folder) => {
                    self.gone_since[module] = None;
                    self.purged[module] = false;
                    if !folder.is_broken {
                        self.known[module] = Some(folder.clone());
                        self.turn(module + 1, world.hooks_digest(module + 1));
                    }
                }
            }
        }
        self.turn(0, world.hooks_digest(0));
    }

    fn turn(&mut self, place: usize, folder: [u8; 32]) {
        let seen = &mut self.places[place];
        if seen.folder != folder {
            seen.folder = folder;
            self.other_hooks(place);
        }
    }

    /// The hooks of a place are others from now on.
    pub(super) fn other_hooks(&mut self, place: usize) {
        let seen = &mut self.places[place];
        seen.turns += 1;
        seen.fired.clear();
    }

    /// Whether a module is enabled, by all that was said of it; what its script says is `script`.
    pub(super) fn is_wanted(&self, module: usize) -> bool {
        let Some(folder) = &self.known[module] else {
            return false;
        };
        let config = self.config.clone().unwrap_or_default();
        let said = config.flags[module].or(self.dynamic[module]);
        let forbids = folder.script && World::script_says_no(&self.own_values(module));
        said.unwrap_or(folder.flag) && !forbids
    }

    /// The values of a module as they are to be.
    pub(super) fn own_values(&self, module: usize) -> serde_json::Value {
        self.values(
            module + 1,
            self.config
                .as_ref()
                .and_then(|config| config.sections[module]),
        )
    }

    /// The global values, but for the names of enabled modules.
    pub(super) fn global_values(&self) -> serde_json::Value {
        self.values(0, self.config.as_ref().and_then(|config| config.global))
    }

    fn values(&self, place: usize, section: Option<u64>) -> serde_json::Value {
        let mut values = serde_json::Map::new();
        values.extend(section.map(|value| ("c".to_owned(), value.into())));
        let patches = self.places[place].patches.iter();
        values.extend(patches.map(|(hook, value)| (HOOKS[*hook].to_owned(), (*value).into())));
        values.into()
    }

    /// It was decided whether a module is enabled.
    pub(super) fn decide(&mut self, module: usize, enabled: bool) {
        if self.enabled[module] && !enabled {
            self.switch_off(module);
        }
        self.enabled[module] = enabled;
    }

    fn switch_off(&mut self, module: usize) {
        self.places[module + 1].offs += 1;
        self.other_hooks(module + 1);
    }

    /// A module's folder is believed to be gone.
    pub(super) fn purge(&mut self, module: usize) {
        self.switch_off(module);
        self.enabled[module] = false;
        self.note_recovery();
    }

    /// Its deletion ended well, or there was nothing to delete.
    pub(super) fn forget(&mut self, module: usize) {
        let seen = &mut self.places[module + 1];
        seen.deletions += 1;
        seen.patches.clear();
        self.is_condemned[module] = false;
        self.brought[module] = None;
        self.other_hooks(module + 1);
    }

    /// A converge begins its runs.
    pub(super) fn begin_runs(&mut self, failed_scripts: &BTreeSet<usize>) {
        self.decided_at = self.tick;
        for module in 0..MODULES.len() {
            self.attempts[module] = if failed_scripts.contains(&module) {
                Attempt::Failed
            } else {
                Attempt::Pending
            };
        }
    }

    /// An attempt of a module ended.
    pub(super) fn attempted(&mut self, module: usize, attempt: Attempt) {
        self.attempts[module] = attempt;
        self.note_recovery();
    }

    /// Whether what a converge had left has recovered now, be it that it failed no more or went.
    fn note_recovery(&mut self) {
        if self.left_failures && !self.any_failed() {
            self.left_failures = false;
            self.recovered_at = self.tick;
        }
    }

    /// Whether an enabled module has failed.
    pub(super) fn any_failed(&self) -> bool {
        (0..MODULES.len())
            .any(|module| self.enabled[module] && self.attempts[module] == Attempt::Failed)
    }

    /// Whether a module can only start when something changes for the better.
    pub(super) fn is_blocked(&self, module: usize) -> bool {
        self.blocked_above(module, &mut Vec::new())
    }

    fn blocked_above(&self, module: usize, above: &mut Vec<usize>) -> bool {
        if above.contains(&module) {
            return true;
        }
        above.push(module);
        let requires = self.known[module]
            .iter()
            .flat_map(|folder| &folder.requires);
        let mut requires: Vec<(usize, bool)> =
            requires.map(|(other, ready)| (*other, *ready)).collect();
        let is_blocked = requires.drain(..).any(|(other, ready)| {
            let is_there = self.enabled[other] && self.known[other].is_some();
            !is_there
                || match self.attempts[other] {
                    Attempt::Failed => true,
                    Attempt::Unready => ready,
                    Attempt::Pending => self.blocked_above(other, above),
                    Attempt::Applied | Attempt::Ready => false,
                }
        });
        above.pop();
        is_blocked
    }

    /// Whether others may wait for an enabled module.
    pub(super) fn is_any_unsettled(&self, is_strict: bool) -> bool {
        (0..MODULES.len()).any(|module| {
            let is_settled = match self.attempts[module] {
                Attempt::Applied | Attempt::Unready | Attempt::Ready => true,
                Attempt::Failed => !is_strict,
                Attempt::Pending => !is_strict && self.is_blocked(module),
            };
            self.enabled[module] && !is_settled
        })
    }

    /// Whether modules require each other in a circle that this one is on, or leads to.
    pub(super) fn leads_to_circle(&self, module: usize) -> bool {
        self.circle_above(module, &mut Vec::new())
    }

    fn circle_above(&self, module: usize, above: &mut Vec<usize>) -> bool {
        if above.contains(&module) {
            return true;
        }
        above.push(module);
        let requires = self.known[module]
            .iter()
            .flat_map(|folder| folder.requires.keys());
        let mut requires = requires.filter(|other| self.enabled[**other]);
        let is_circle = requires.any(|other| self.circle_above(*other, above));
        above.pop();
        is_circle
    }

    /// Whether a module can only start when people change something: it is blocked, or order is strict
    /// and one that is blocked comes before it.
    pub(super) fn is_stuck(&self, module: usize, is_strict: bool) -> bool {
        let is_before = |other: usize| {
            let is_unordered = self.leads_to_circle(other) || self.leads_to_circle(module);
            is_unordered || self.weight(other, true) < self.weight(module, true)
        };
        let mut others =
            (0..MODULES.len()).filter(|other| self.enabled[*other] && self.is_blocked(*other));
        self.is_blocked(module) || (is_strict && others.any(is_before))
    }

    /// The weight that a module waits with: its own, or the highest of what it requires.
    pub(super) fn weight(&self, module: usize, is_strict: bool) -> u32 {
        let Some(folder) = &self.known[module] else {
            return 0;
        };
        let own = if folder.any && !is_strict {
            0
        } else {
            folder.weight
        };
        let requires = folder.requires.keys().filter(|other| self.enabled[**other]);
        requires
            .map(|other| self.weight(*other, is_strict))
            .fold(own, u32::max)
    }
}
