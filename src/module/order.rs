//! Which module runs after which. Pure.
//!
//! A module has a *rank*: its weight, or the highest rank among the modules it requires when that is
//! higher. A module starts when every enabled module of lower rank has finished its first attempt,
//! well or badly; equal ranks start at once. Ranks instead of bare weights keep a module that waits
//! for a heavier one from holding up what it waits for.
//!
//! A module that cannot start because of what it requires (failed, disabled, unknown, not ready in
//! time, in a circle) holds up only the modules that require it.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::ModuleName;
use crate::report::{Mistake, Mistakes};

use super::definition::{OrderRule, Requirement};
use super::nearest::nearest;

/// How strictly modules wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderMode {
    /// A module waits for the first attempt of those before it.
    #[default]
    Attempted,
    /// As the original: a module waits until those before it succeeded, and `order: any` is not
    /// heard (`--strict-order`).
    Strict,
}

/// How far a module has come in this converge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its first attempt has not ended.
    Pending,
    /// Its latest attempt failed.
    Failed,
    /// Its objects are applied; whether they are ready is not known yet, or nobody asked.
    Applied,
    /// Its objects are applied and became not ready within the time they had.
    Unready,
    /// Its objects are applied and ready.
    Ready,
}

impl Progress {
    fn is_attempted(self) -> bool {
        self != Self::Pending
    }

    fn is_applied(self) -> bool {
        matches!(self, Self::Applied | Self::Unready | Self::Ready)
    }
}

/// What the order needs to know of one enabled module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The number before its name, or the default.
    pub weight: u32,
    /// Whether it minds the weights.
    pub rule: OrderRule,
    /// What must be there before it.
    pub requires: Vec<Requirement>,
    /// How far it has come.
    pub progress: Progress,
}

/// Whether a module may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Nothing is in its way.
    Now,
    /// What it waits for, as a sentence: `waits for cert-manager (weight 10)`.
    Waits(String),
}

/// Where a module stands: by weight first, then behind what it requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Rank {
    weight: u32,
    depth: u32,
}

/// Says of each enabled module whether it may start, or run again.
///
/// *Guarantee:* while modules are pending, at least one of them may start, is running, or is blocked
/// by what it requires: the order never locks up by itself.
pub fn ready_to_start(
    modules: &BTreeMap<ModuleName, Standing>,
    mode: OrderMode,
) -> BTreeMap<ModuleName, Start> {
    let ranks = ranks(modules, mode);
    let blocked = Blocked::find(modules);
    let holding = holding(modules, &ranks, &blocked, mode);
    modules
        .iter()
        .map(|(name, standing)| {
            let wait = requirement_wait(standing, modules, &blocked)
                .or_else(|| weight_wait(name, standing, &ranks, &holding, mode));
            (name.clone(), wait.map_or(Start::Now, Start::Waits))
        })
        .collect()
}

/// The modules in the order in which they would run one after another: by rank, what is required
/// before what requires it, then by name.
pub fn start_order(modules: &BTreeMap<ModuleName, Standing>, mode: OrderMode) -> Vec<ModuleName> {
    let ranks = ranks(modules, mode);
    let mut names: Vec<(Rank, ModuleName)> = ranks
        .into_iter()
        .map(|(name, rank)| (rank, name.clone()))
        .collect();
    names.sort();
    names.into_iter().map(|(_, name)| name).collect()
}

/// The modules in the order in which they are deleted: the reverse.
pub fn delete_order(modules: &BTreeMap<ModuleName, Standing>, mode: OrderMode) -> Vec<ModuleName> {
    let mut names = start_order(modules, mode);
    names.reverse();
    names
}

fn ranks(modules: &BTreeMap<ModuleName, Standing>, mode: OrderMode) -> BTreeMap<&ModuleName, Rank> {
    let mut ranks = BTreeMap::new();
    for name in modules.keys() {
        rank_of(name, modules, mode, &mut ranks);
    }
    ranks
}

/// In a circle the member that was met first counts as rank 0 for the others.
fn rank_of<'a>(
    name: &'a ModuleName,
    modules: &'a BTreeMap<ModuleName, Standing>,
    mode: OrderMode,
    ranks: &mut BTreeMap<&'a ModuleName, Rank>,
) -> Rank {
    if let Some(rank) = ranks.get(name) {
        return *rank;
    }
    let Some(standing) = modules.get(name) else {
        return Rank::default();
    };
    ranks.insert(name, Rank::default());
    let mut rank = Rank {
        weight: if minds_weights(standing, mode) {
            standing.weight
        } else {
            0
        },
        depth: 0,
    };
    for requirement in &standing.requires {
        if let Some((required, _)) = modules.get_key_value(&requirement.name) {
            let below = rank_of(required, modules, mode, ranks);
            rank.weight = rank.weight.max(below.weight);
            rank.depth = rank.depth.max(below.depth + 1);
        }
    }
    ranks.insert(name, rank);
    rank
}

fn minds_weights(standing: &Standing, mode: OrderMode) -> bool {
    mode == OrderMode::Strict || standing.rule == OrderRule::ByWeight
}

/// The modules that cannot start before something else changes for the better.
struct Blocked<'a>(BTreeMap<&'a ModuleName, bool>);

impl<'a> Blocked<'a> {
    fn find(modules: &'a BTreeMap<ModuleName, Standing>) -> Self {
        let mut blocked = Self(BTreeMap::new());
        for name in modules.keys() {
            blocked.visit(name, modules);
        }
        blocked
    }

    fn visit(&mut self, name: &'a ModuleName, modules: &'a BTreeMap<ModuleName, Standing>) -> bool {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        // Met again before it is decided: a circle, and none of its members can start.
        self.0.insert(name, true);
        let is_blocked = modules.get(name).is_some_and(|standing| {
            standing
                .requires
                .iter()
                .any(|requirement| match modules.get(&requirement.name) {
                    None => true,
                    Some(required) => match required.progress {
                        Progress::Failed => true,
                        Progress::Unready => requirement.ready,
                        Progress::Pending => self.visit(&requirement.name, modules),
                        Progress::Applied | Progress::Ready => false,
                    },
                })
        });
        self.0.insert(name, is_blocked);
        is_blocked
    }

    fn contains(&self, name: &ModuleName) -> bool {
        self.0.get(name).copied().unwrap_or(false)
    }
}

/// The modules that higher ranks wait for, lowest first.
fn holding<'a>(
    modules: &'a BTreeMap<ModuleName, Standing>,
    ranks: &BTreeMap<&ModuleName, Rank>,
    blocked: &Blocked<'_>,
    mode: OrderMode,
) -> Vec<(u32, &'a ModuleName)> {
    let mut holding: Vec<(u32, &ModuleName)> = modules
        .iter()
        .filter(|(name, standing)| {
            let has_settled = match mode {
                OrderMode::Attempted => standing.progress.is_attempted() || blocked.contains(name),
                OrderMode::Strict => standing.progress.is_applied(),
            };
            minds_weights(standing, mode) && !has_settled
        })
        .filter_map(|(name, _)| ranks.get(name).map(|rank| (rank.weight, name)))
        .collect();
    holding.sort_unstable();
    holding
}

fn weight_wait(
    name: &ModuleName,
    standing: &Standing,
    ranks: &BTreeMap<&ModuleName, Rank>,
    holding: &[(u32, &ModuleName)],
    mode: OrderMode,
) -> Option<String> {
    if !minds_weights(standing, mode) {
        return None;
    }
    let own = ranks.get(name)?.weight;
    let lower = holding.partition_point(|(weight, _)| *weight < own);
    let (weight, first) = holding.get(..lower)?.first()?;
    Some(match lower {
        1 => format!("waits for {first} (weight {weight})"),
        _ => format!("waits for {first} (weight {weight}) and {} more", lower - 1),
    })
}

fn requirement_wait(
    standing: &Standing,
    modules: &BTreeMap<ModuleName, Standing>,
    blocked: &Blocked<'_>,
) -> Option<String> {
    standing.requires.iter().find_map(|requirement| {
        let name = &requirement.name;
        let state = match modules.get(name).map(|required| required.progress) {
            None => "is not enabled",
            Some(Progress::Pending) if blocked.contains(name) => "cannot start",
            Some(Progress::Pending) => "is not applied yet",
            Some(Progress::Failed) => "failed",
            Some(Progress::Applied) if requirement.ready => "is not ready yet",
            Some(Progress::Unready) if requirement.ready => "did not become ready in time",
            Some(Progress::Applied | Progress::Unready | Progress::Ready) => return None,
        };
        Some(format!("requires {name}, which {state}"))
    })
}

/// Finds requirements that nothing can fulfil: of modules that do not exist, and in circles. Each is
/// told of the module that has it, with its place in `module.yaml`.
pub(super) fn requirement_mistakes<'a>(
    modules: &BTreeMap<&'a ModuleName, (String, &'a [Requirement])>,
    others: &BTreeSet<&'a ModuleName>,
) -> Vec<(ModuleName, Mistakes)> {
    let mut found = Vec::new();
    for (name, (file, requires)) in modules {
        let mut mistakes = Vec::new();
        for (index, requirement) in requires.iter().enumerate() {
            let message = if modules.contains_key(&requirement.name) {
                circle(name, &requirement.name, modules).map(|circle| {
                    Mistake::new(
                        file.as_str(),
                        format!("modules require each other: {circle}"),
                    )
                })
            } else if others.contains(&requirement.name) {
                None
            } else {
                Some(unknown(file, requirement, modules))
            };
            mistakes.extend(message.map(|mistake| {
                mistake
                    .at(requirement.place.line, requirement.place.column)
                    .path(format!("requires[{index}]"))
            }));
        }
        if !mistakes.is_empty() {
            found.push(((*name).clone(), Mistakes(mistakes)));
        }
    }
    found
}

fn unknown(
    file: &str,
    requirement: &Requirement,
    modules: &BTreeMap<&ModuleName, (String, &[Requirement])>,
) -> Mistake {
    let name = &requirement.name;
    let mistake = Mistake::new(file, format!("there is no module {name}"));
    match nearest(name.as_str(), modules.keys().map(|known| known.as_str())) {
        Some(known) => mistake.hint(format!("did you mean {known}?")),
        None => mistake,
    }
}

/// The way from `start` over `first` back to `start`, if there is one: `a → b → a`.
fn circle(
    start: &ModuleName,
    first: &ModuleName,
    modules: &BTreeMap<&ModuleName, (String, &[Requirement])>,
) -> Option<String> {
    let mut came_from: BTreeMap<&ModuleName, &ModuleName> = BTreeMap::new();
    let mut to_visit = vec![first];
    while let Some(name) = to_visit.pop() {
        if name == start {
            let mut way = vec![start.as_str()];
            let mut here = came_from.get(start).copied();
            while let Some(name) = here {
                way.push(name.as_str());
                here = came_from.get(name).copied();
            }
            way.push(start.as_str());
            way.reverse();
            return Some(way.join(" → "));
        }
        for requirement in modules.get(name).map_or(&[][..], |(_, requires)| requires) {
            if !came_from.contains_key(&requirement.name) && requirement.name != *first {
                came_from.insert(&requirement.name, name);
                to_visit.push(&requirement.name);
            }
        }
    }
    None
}
