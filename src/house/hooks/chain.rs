//! What a task does with hooks, step by step: one state machine for a module's run, its deletion,
//! converge, and what follows converge.
//!
//! ```text
//! ModuleRun        read ▸ onStartup ▸ listed ▸ Synchronization ▸ synchronized ▸ beforeHelm ▸ WORK ▸ afterHelm
//! ModuleDelete     read ▸ beforeDeleteHelm ▸ WORK ▸ afterDeleteHelm
//! ConvergeModules  read ▸ onStartup ▸ listed ▸ Synchronization ▸ synchronized ▸ beforeAll ▸ WORK
//! AfterAll         afterAll
//! a shell-operator read ▸ onStartup ▸ listed, if it can be ▸ each Synchronization ▸ WORK (there is none)
//! ```
//!
//! After a failure all is done again but for what lasts: hooks that are read, `onStartup` and
//! Synchronizations that succeeded. Values, the folder and what is watched may differ by then.

use std::collections::BTreeSet;

use super::{BoundState, HookSet};
use crate::binding::Lifecycle;
use crate::watch::Trouble;

/// What the chain is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::house) enum ChainKind {
    /// A module's run.
    Run,
    /// A module's deletion.
    Delete,
    /// Converge, until it is decided which modules are enabled.
    Converge,
    /// What follows converge.
    AfterAll,
    /// The start of the hooks of a shell-operator.
    Standalone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Read,
    Hooks(Lifecycle),
    Listed,
    /// What cannot be listed is not waited for.
    ListedIfAllowed,
    Synchronize,
    Synchronized,
    Work,
}

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::house) enum Step {
    /// Read the hooks of the folder.
    Read,
    /// Run a hook for a lifecycle binding.
    Hook(String, Lifecycle),
    /// Run a hook for the Synchronization of its bindings.
    Synchronize(String),
    /// Wait for something that is not ours; a sentence.
    Wait(String),
    /// It cannot go on; a sentence.
    Fail(String),
    /// Do what the task is about.
    Work,
    /// Nothing is left.
    End,
}

impl Step {
    /// What is being done, for people; empty when the task says it already.
    pub(in crate::house) fn told(&self) -> String {
        match self {
            Self::Read => "reads the hooks".to_owned(),
            Self::Hook(hook, lifecycle) => format!("{hook} ({})", lifecycle.name()),
            Self::Synchronize(hook) => format!("{hook} (Synchronization)"),
            Self::Wait(_) | Self::Fail(_) | Self::Work | Self::End => String::new(),
        }
    }
}

/// How far a task is.
#[derive(Debug, Clone)]
pub(in crate::house) struct Chain {
    /// What it is of.
    pub(in crate::house) kind: ChainKind,
    stage: usize,
    /// What is done of the present stage.
    done: BTreeSet<String>,
    /// The hook that ran after the work and changed what the work is made from.
    pub(in crate::house) stale_by: Option<String>,
    /// The step that is being done.
    pub(in crate::house) running: Option<Step>,
    /// The content of the folder whose hooks are being read.
    pub(in crate::house) reads: Option<[u8; 32]>,
}

impl Chain {
    /// At its beginning.
    pub(in crate::house) fn new(kind: ChainKind) -> Self {
        Self {
            kind,
            stage: 0,
            done: BTreeSet::new(),
            stale_by: None,
            running: None,
            reads: None,
        }
    }

    fn stages(&self) -> &'static [Stage] {
        use Lifecycle::{
            AfterAll, AfterDeleteHelm, AfterHelm, BeforeAll, BeforeDeleteHelm, BeforeHelm,
            OnStartup,
        };
        match self.kind {
            ChainKind::Run => &[
                Stage::Read,
                Stage::Hooks(OnStartup),
                Stage::Listed,
                Stage::Synchronize,
                Stage::Synchronized,
                Stage::Hooks(BeforeHelm),
                Stage::Work,
                Stage::Hooks(AfterHelm),
            ],
            ChainKind::Delete => &[
                Stage::Read,
                Stage::Hooks(BeforeDeleteHelm),
                Stage::Work,
                Stage::Hooks(AfterDeleteHelm),
            ],
            ChainKind::Converge => &[
                Stage::Read,
                Stage::Hooks(OnStartup),
                Stage::Listed,
                Stage::Synchronize,
                Stage::Synchronized,
                Stage::Hooks(BeforeAll),
                Stage::Work,
            ],
            ChainKind::AfterAll => &[Stage::Hooks(AfterAll)],
            ChainKind::Standalone => &[
                Stage::Read,
                Stage::Hooks(OnStartup),
                Stage::ListedIfAllowed,
                Stage::Synchronize,
                Stage::Work,
            ],
        }
    }

    /// What comes next; `folder` is the present content of the hooks' folder.
    ///
    /// Hooks that changed are read again as long as nothing was prepared with the old ones: what is
    /// waited for, or fails, may be what was mended.
    pub(in crate::house) fn next(&self, set: &HookSet, folder: [u8; 32]) -> Step {
        let reads = self.stages().first() == Some(&Stage::Read);
        if reads && self.stage <= self.preparation() && set.read_of != Some(folder) {
            return Step::Read;
        }
        self.stages()
            .get(self.stage..)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .find_map(|(ahead, stage)| {
                let none = BTreeSet::new();
                let done = if ahead == 0 { &self.done } else { &none };
                stage.next(set, done, folder)
            })
            .unwrap_or(Step::End)
    }

    /// The next step begins: the stages before it are behind.
    pub(in crate::house) fn begin(&mut self, set_step: &Step) {
        let stage = |stage: &Stage| match (stage, set_step) {
            (Stage::Hooks(of), Step::Hook(_, lifecycle)) => of == lifecycle,
            (Stage::Read, Step::Read)
            | (Stage::Synchronize, Step::Synchronize(_))
            | (Stage::Work, Step::Work) => true,
            _ => false,
        };
        let Some(index) = self.stages().iter().position(stage) else {
            return;
        };
        if index != self.stage {
            self.stage = index;
            self.done.clear();
        }
    }

    /// A step succeeded.
    pub(in crate::house) fn succeeded(&mut self, step: &Step) {
        match step {
            // The hook of a shell-operator is told of its bindings one after another.
            Step::Synchronize(_) if self.kind == ChainKind::Standalone => {}
            Step::Hook(hook, _) | Step::Synchronize(hook) => {
                self.done.insert(hook.clone());
            }
            Step::Read | Step::Work => {
                self.stage += 1;
                self.done.clear();
            }
            Step::Wait(_) | Step::Fail(_) | Step::End => {}
        }
    }

    /// Whether the work is still to be done, from the values as they are then.
    pub(in crate::house) fn is_before_work(&self) -> bool {
        let work = self.stages().iter().position(|stage| *stage == Stage::Work);
        work.is_some_and(|work| self.stage < work)
    }

    /// A step failed: it begins again, with what lasts of what was done.
    pub(in crate::house) fn failed(&mut self) {
        // What follows converge has nothing before it that could differ.
        if self.kind != ChainKind::AfterAll {
            self.stage = 0;
            self.done.clear();
            self.stale_by = None;
        }
    }

    /// The stage that prepares the work.
    fn preparation(&self) -> usize {
        use Lifecycle::{BeforeAll, BeforeDeleteHelm, BeforeHelm};
        let prepares = |stage: &Stage| {
            matches!(
                stage,
                Stage::Hooks(BeforeHelm | BeforeAll | BeforeDeleteHelm)
            )
        };
        let stages = self.stages();
        let work = || stages.iter().position(|stage| *stage == Stage::Work);
        let preparation = stages.iter().position(prepares).or_else(work);
        preparation.unwrap_or_default()
    }
}

impl Stage {
    /// What this stage wants to be done; `None` when it is over.
    fn next(self, set: &HookSet, done: &BTreeSet<String>, folder: [u8; 32]) -> Option<Step> {
        match self {
            Self::Read => (set.read_of != Some(folder)).then_some(Step::Read),
            Self::Hooks(lifecycle) => {
                let is_done = |name: &&str| {
                    done.contains(*name)
                        || (lifecycle == Lifecycle::OnStartup && set.started.contains(*name))
                };
                let mut names = set.in_order(lifecycle).into_iter();
                let name = names.find(|name| !is_done(name))?;
                Some(Step::Hook(name.to_owned(), lifecycle))
            }
            Self::Listed => refuses_lists(set).or_else(|| waits_for_lists(set)),
            Self::ListedIfAllowed => waits_for_lists(set),
            Self::Synchronize => set
                .hooks
                .keys()
                .find(|hook| !done.contains(*hook) && !set.due_in_main(hook).1.is_empty())
                .map(|hook| Step::Synchronize(hook.clone())),
            Self::Synchronized => waits_for_queues(set),
            Self::Work => Some(Step::Work),
        }
    }
}

/// The bindings whose first list is not there.
fn listing(set: &HookSet) -> impl Iterator<Item = &super::Bound> {
    set.bound.values().filter(|bound| bound.is_listing())
}

/// What is there and cannot be read: what is made without it could be wrong.
fn refuses_lists(set: &HookSet) -> Option<Step> {
    listing(set).find_map(|bound| match &bound.trouble {
        Some(trouble @ (Trouble::Forbidden { .. } | Trouble::Broken { .. })) => {
            Some(Step::Fail(format!("hook {}: {trouble}", bound.hook)))
        }
        _ => None,
    })
}

/// A kind that is not there yet is not waited for, nor what may not be read: their bindings are
/// synchronized when that changes.
fn waits_for_lists(set: &HookSet) -> Option<Step> {
    let is_hopeless = |bound: &super::Bound| {
        let trouble = bound.trouble.as_ref();
        trouble.is_some_and(|trouble| {
            matches!(
                trouble,
                Trouble::Unserved { .. } | Trouble::Forbidden { .. } | Trouble::Broken { .. }
            )
        })
    };
    let bound = listing(set).find(|bound| !is_hopeless(bound))?;
    let kind = set
        .binding(bound)
        .map_or("", |binding| &binding.selection.kind);
    Some(Step::Wait(format!(
        "waits for the list of {kind} that {} asks for",
        bound.hook
    )))
}

fn waits_for_queues(set: &HookSet) -> Option<Step> {
    set.bound.values().find_map(|bound| {
        let binding = set.binding(bound)?;
        let queue = binding.common.queue.as_ref()?;
        // What is due is queued when the next step begins.
        let is_waited_for = binding.wait_for_synchronization && bound.state == BoundState::Queued;
        is_waited_for.then(|| {
            Step::Wait(format!(
                "waits for the Synchronization of {} in queue {queue}",
                bound.hook
            ))
        })
    })
}
