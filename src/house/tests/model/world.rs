//! What is true outside the operator: folders, the `ConfigMap`, what hooks say, and what fails. It knows
//! nothing of a house.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::play::{key, name};
use super::deed::Deed;
use crate::binding::{HookConfig, Place, parse_config};
use crate::hook::{Hook, HookFile};
use crate::module::{
    Broken, Definition, Dir, DirState, Discovery, Flag, HooksFolder, Module, OrderRule, Requirement,
};
use crate::report::{Mistake, Mistakes};

/// All modules that there may be.
pub(super) const MODULES: [&str; 5] = ["ma", "mb", "mc", "md", "me"];
/// The hooks that a place may have.
pub(super) const HOOKS: [&str; 2] = ["x", "y"];
/// What a hook may listen to, beside its lifecycle bindings.
pub(super) const BINDINGS: [&str; 10] = [
    "kubernetes: [{name: pods, kind: Pod}]",
    "kubernetes: [{name: pods, kind: Pod, queue: slow}]",
    "kubernetes: [{name: pods, kind: Pod, queue: slow, waitForSynchronization: false}]",
    "kubernetes: [{name: pods, kind: Pod}, {name: others, kind: Pod, queue: fast}]",
    "schedule: [{name: tick, crontab: '* * * * * *', queue: slow}]",
    "schedule: [{name: tick, crontab: '* * * * * *'}]",
    "kubernetes: [{name: pods, kind: Pod, executeHookOnSynchronization: false}]",
    "kubernetes: [{name: pods, kind: Pod, group: both}, {name: others, kind: Pod, group: both}]",
    "kubernetes: [{name: pods, kind: Pod, allowFailure: true}]",
    "settings: {executionMinInterval: 3s, executionBurst: 1}\nkubernetes: [{name: pods, kind: Pod}]",
];

/// The folder of a module.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing that its author may say"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) weight: u32,
    pub(super) flag: bool,
    pub(super) any: bool,
    /// Modules by number, and whether they have to be ready.
    pub(super) requires: BTreeMap<usize, bool>,
    pub(super) script: bool,
    /// The content of its chart.
    pub(super) content: u32,
    pub(super) is_broken: bool,
}

/// What the modules directory looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Present,
    Missing,
    Unreadable,
}

/// What people say in the `ConfigMap`.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    pub(super) sections: [Option<u64>; 5],
    pub(super) flags: [Option<bool>; 5],
    pub(super) maintenance: [bool; 5],
    pub(super) global: Option<u64>,
    pub(super) is_garbled: bool,
}

/// What fails until it is mended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) hooks: [[bool; 2]; 6],
    pub(super) runs: [bool; 5],
    pub(super) scripts: [bool; 5],
    pub(super) unready: [bool; 5],
}

/// All of it.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) folders: [Option<Folder>; 5],
    pub(super) directory: Looks,
    /// By place, what each hook listens to.
    pub(super) hooks: [[Option<usize>; 2]; 6],
    pub(super) config: Config,
    /// What hooks set in the values of their place; 0: nothing.
    pub(super) wishes: [[u64; 2]; 6],
    /// Whether they set something else each time.
    pub(super) grows: [[bool; 2]; 6],
    /// How often the file of each hook was edited.
    edits: [[u64; 2]; 6],
    /// What the global hook `x` says of modules.
    pub(super) says: [Option<bool>; 5],
    pub(super) faults: Faults,
}

impl World {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self {
            folders: Default::default(),
            directory: Looks::Present,
            hooks: Default::default(),
            config: Config::default(),
            wishes: Default::default(),
            grows: Default::default(),
            edits: Default::default(),
            says: Default::default(),
            faults: Faults::default(),
        }
    }

    /// People edit something; answers whether it is what this is about.
    pub(super) fn edit(&mut self, deed: Deed) -> bool {
        match deed {
            Deed::Put { module, .. }
            | Deed::Any { module }
            | Deed::Require { module, .. }
            | Deed::Script { module }
            | Deed::Touch { module }
            | Deed::Spoil { module }
            | Deed::Remove { module } => self.edit_folder(module, deed),
            Deed::Hook {
                place,
                hook,
                binding,
            } => self.hooks[place][hook] = binding,
            Deed::Edit { place, hook } => self.edits[place][hook] += 1,
            Deed::Grow { place, hook } => self.grows[place][hook] ^= true,
            Deed::Directory { looks } => {
                self.directory = [Looks::Present, Looks::Missing, Looks::Unreadable][looks];
            }
            Deed::Section { module } => grow(&mut self.config.sections[module]),
            Deed::Switch { module, flag } => self.config.flags[module] = flag,
            Deed::Pause { module } => self.config.maintenance[module] ^= true,
            Deed::Globals => grow(&mut self.config.global),
            Deed::Garble => self.config.is_garbled ^= true,
            Deed::Wish { place, hook } => self.wishes[place][hook] += 1,
            Deed::Say { module, flag } => self.says[module] = flag,
            Deed::FailHook { place, hook } => self.faults.hooks[place][hook] ^= true,
            Deed::FailRun { module } => self.faults.runs[module] ^= true,
            Deed::FailScript { module } => self.faults.scripts[module] ^= true,
            Deed::Unready { module } => self.faults.unready[module] ^= true,
            _ => return false,
        }
        true
    }

    fn edit_folder(&mut self, module: usize, deed: Deed) {
        let slot = &mut self.folders[module];
        if let Deed::Put { weight, flag, .. } = deed {
            let folder = slot.get_or_insert_with(Folder::new);
            (folder.weight, folder.flag) = (weight, flag);
        }
        if matches!(deed, Deed::Remove { .. }) {
            *slot = None;
        }
        let Some(folder) = slot else { return };
        match deed {
            Deed::Any { .. } => folder.any ^= true,
            Deed::Require { other, ready, .. } => {
                let known = folder.requires.remove(&other);
                if known.is_none() {
                    folder.requires.insert(other, ready);
                }
            }
            Deed::Script { .. } => folder.script ^= true,
            Deed::Touch { .. } => folder.content += 1,
            Deed::Spoil { .. } => folder.is_broken ^= true,
            _ => {}
        }
    }

    /// Nothing fails any more, and what people broke is mended.
    pub(super) fn heal(&mut self) {
        self.faults = Faults::default();
        self.grows = Default::default();
        self.directory = Looks::Present;
        self.config.is_garbled = false;
        for folder in self.folders.iter_mut().flatten() {
            folder.is_broken = false;
        }
    }

    /// The data of the `ConfigMap`.
    pub(super) fn config_map(&self) -> BTreeMap<String, String> {
        let mut data = BTreeMap::new();
        let config = &self.config;
        for (module, text) in MODULES.iter().enumerate() {
            if let Some(value) = config.sections[module] {
                data.insert((*text).to_owned(), format!("c: {value}"));
            }
            if let Some(flag) = config.flags[module] {
                data.insert(format!("{text}Enabled"), flag.to_string());
            }
            if config.maintenance[module] {
                data.insert(
                    format!("{text}Maintenance"),
                    "NoResourceReconciliation".to_owned(),
                );
            }
        }
        if let Some(value) = config.global {
            data.insert("global".to_owned(), format!("c: {value}"));
        }
        if config.is_garbled {
            data.insert("ma".to_owned(), "{".to_owned());
        }
        data
    }

    /// What is on disk.
    pub(super) fn discovery(&self) -> Discovery {
        let state = match self.directory {
            Looks::Missing => DirState::Missing,
            Looks::Unreadable => DirState::Unreadable("stale file handle".to_owned()),
            Looks::Present if self.folders.iter().all(Option::is_none) => DirState::Empty,
            Looks::Present => DirState::Present {
                modules: self.folders.iter().flatten().count(),
            },
        };
        let is_there = self.directory == Looks::Present;
        let there = || {
            let folders = self.folders.iter().enumerate().filter(|_| is_there);
            folders.filter_map(|(module, folder)| Some((module, folder.as_ref()?)))
        };
        let good = there().filter(|(_, folder)| !folder.is_broken);
        let broken = there().filter(|(_, folder)| folder.is_broken);
        let mut modules: Vec<Arc<Module>> = good
            .map(|(module, folder)| Arc::new(self.module(module, folder)))
            .collect();
        modules.sort_by_key(|module| (module.weight, module.name.clone()));
        Discovery {
            modules,
            broken: broken.map(|(module, _)| broken_folder(module)).collect(),
            requirement_mistakes: Vec::new(),
            dirs: vec![Dir {
                path: "/modules".into(),
                state,
                common: None,
                mistakes: Mistakes::default(),
                warnings: Vec::new(),
            }],
        }
    }

    fn module(&self, module: usize, folder: &Folder) -> Module {
        let text = MODULES[module];
        let path: std::path::PathBuf = format!("/modules/{text}").into();
        let hooks = self.hooks[module + 1];
        let requires = folder.requires.iter().map(|(other, ready)| Requirement {
            name: name(MODULES[*other]),
            ready: *ready,
            place: crate::yaml::Place::default(),
        });
        let definition = Definition {
            requires: requires.collect(),
            order: if folder.any {
                OrderRule::Any
            } else {
                OrderRule::ByWeight
            },
            ..Definition::default()
        };
        let digest = digest(&json!([
            format!("{folder:?}"),
            format!("{:?}", self.hooks_digest(module + 1))
        ]));
        Module {
            key: key(text),
            name: name(text),
            weight: folder.weight,
            folder: path.clone(),
            path: path.clone(),
            folder_digest: digest,
            digest,
            values: Vec::new(),
            flags: vec![Flag {
                enabled: folder.flag,
                file: "values.yaml".to_owned(),
                place: crate::yaml::Place::default(),
            }],
            definition,
            script: folder.script.then(|| path.join("enabled")),
            hooks: hooks.iter().any(Option::is_some).then(|| HooksFolder {
                path: path.join("hooks"),
                digest: self.hooks_digest(module + 1),
            }),
            crds: Vec::new(),
            config_values_schema: None,
            values_schema: None,
            warnings: Vec::new(),
        }
    }

    /// Of the hooks of a place.
    pub(super) fn hooks_digest(&self, place: usize) -> [u8; 32] {
        digest(&json!(format!(
            "{:?}",
            (self.hooks[place], self.edits[place])
        )))
    }

    /// The hooks of a place, as they are read.
    pub(super) fn hooks_of(&self, place: usize) -> Vec<Hook> {
        let kind = if place == 0 {
            Place::Global
        } else {
            Place::Module
        };
        let hooks = HOOKS.iter().enumerate();
        let there = hooks.filter_map(|(hook, file)| {
            let (config, mut digest) = config(place, hook, self.hooks[place][hook]?);
            digest[31] ^= u8::try_from(self.edits[place][hook] % 256).unwrap();
            Some((file, (config, digest)))
        });
        let read = there.map(|(file, (config, digest))| Hook {
            file: HookFile {
                name: (*file).to_owned(),
                shown: (*file).to_owned(),
                place: kind,
                root: "/".into(),
                path: file.into(),
                python: None,
                digest,
            },
            config,
        });
        read.collect()
    }

    /// Whether the `enabled` script of a module says no to these values of it.
    pub(super) fn script_says_no(values: &Value) -> bool {
        values["c"].as_u64().unwrap_or_default() % 4 == 3
    }
}

impl Folder {
    fn new() -> Self {
        Self {
            weight: 10,
            flag: true,
            any: false,
            requires: BTreeMap::new(),
            script: false,
            content: 0,
            is_broken: false,
        }
    }
}

fn grow(value: &mut Option<u64>) {
    *value = Some(value.map_or(1, |value| value + 1));
}

fn broken_folder(module: usize) -> Broken {
    Broken {
        name: Some(name(MODULES[module])),
        folder: format!("/modules/{}", MODULES[module]).into(),
        mistakes: Mistakes(vec![Mistake::new("module.yaml", "is broken")]),
        last_good: None,
    }
}

/// 32 bytes that differ when the value does.
pub(super) fn digest(value: &Value) -> [u8; 32] {
    let text = crate::object::sha256_hex(&value.to_string(), 32);
    let mut digest = [0; 32];
    digest.copy_from_slice(&text.as_bytes()[..32]);
    digest
}

/// The configuration of a hook, and the digest of its file.
fn config(place: usize, hook: usize, binding: usize) -> (Arc<HookConfig>, [u8; 32]) {
    type Known = BTreeMap<(bool, usize, usize), (Arc<HookConfig>, [u8; 32])>;
    thread_local! {
        static KNOWN: RefCell<Known> = const { RefCell::new(BTreeMap::new()) };
    }
    let kind = if place == 0 {
        Place::Global
    } else {
        Place::Module
    };
    let read = || {
        let lifecycle = match (place, hook) {
            (0, 0) => "beforeAll: 1\nafterAll: 2",
            (0, _) => "onStartup: 1\nbeforeAll: 2\nafterAll: 1",
            (_, 0) => "beforeHelm: 1\nafterHelm: 2",
            _ => {
                "onStartup: 1\nbeforeHelm: 2\nafterHelm: 1\nbeforeDeleteHelm: 1\nafterDeleteHelm: 1"
            }
        };
        let text = format!("configVersion: v1\n{}\n{lifecycle}", BINDINGS[binding]);
        let parsed = parse_config(HOOKS[hook], &text, kind).unwrap_or_else(|why| panic!("{why}"));
        (Arc::new(parsed), digest(&json!(text)))
    };
    KNOWN.with_borrow_mut(|known| {
        let of = (place == 0, hook, binding);
        known.entry(of).or_insert_with(read).clone()
    })
}
