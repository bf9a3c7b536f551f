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
use crate::report::{Mistake, Mistakes, nearest};

use super::definition::{OrderRule, Requirement};

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

/// Where a module stands, to be compared with what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingNow<'a> {
    /// As [`Standing::weight`].
    pub weight: u32,
    /// As [`Standing::rule`].
    pub rule: OrderRule,
    /// As [`Standing::requires`].
    pub requires: &'a [Requirement],
    /// As [`Standing::progress`].
    pub progress: Progress,
}

impl Standing {
    fn now(&self) -> StandingNow<'_> {
        StandingNow {
            weight: self.weight,
            rule: self.rule,
            requires: &self.requires,
            progress: self.progress,
        }
    }
}

impl From<StandingNow<'_>> for Standing {
    fn from(now: StandingNow<'_>) -> Self {
        Self {
            weight: now.weight,
            rule: now.rule,
            requires: now.requires.to_vec(),
            progress: now.progress,
        }
    }
}

/// Where the enabled modules stand, and what follows for each of them. It is asked for at every turn, with hundreds of
/// modules that stand as before: so it is found out anew only when one of them does not.
#[derive(Debug, Clone, Default)]
pub struct Order {
    standings: BTreeMap<ModuleName, Standing>,
    starts: BTreeMap<ModuleName, Start>,
    blocked: BTreeSet<ModuleName>,
}

impl Order {
    /// The order of modules that stand so.
    pub fn new<'a>(
        modules: impl Iterator<Item = (&'a ModuleName, StandingNow<'a>)>,
        mode: OrderMode,
    ) -> Self {
        let standings = modules.map(|(name, now)| (name.clone(), now.into()));
        let standings = standings.collect();
        Self {
            starts: ready_to_start(&standings, mode),
            blocked: blocked(&standings),
            standings,
        }
    }

    /// Whether modules that stand so have this order.
    pub fn is_of<'a>(
        &self,
        mut modules: impl Iterator<Item = (&'a ModuleName, StandingNow<'a>)>,
    ) -> bool {
        let mut known = self.standings.iter();
        let is_known = modules.all(|(name, now)| {
            let known = known.next();
            known.is_some_and(|(known, standing)| known == name && standing.now() == now)
        });
        is_known && known.next().is_none()
    }

    /// Whether each module may start, or run again.
    pub fn starts(&self) -> &BTreeMap<ModuleName, Start> {
        &self.starts
    }

    /// The modules that wait for what cannot come by itself.
    pub fn blocked(&self) -> &BTreeSet<ModuleName> {
        &self.blocked
    }

    /// Whether a module is pending that can start at some time.
    pub fn is_any_pending(&self) -> bool {
        let mut standings = self.standings.iter();
        standings.any(|(name, standing)| {
            standing.progress == Progress::Pending && !self.blocked.contains(name)
        })
    }
}

/// Says of each enabled module whether it may start, or run again.
///
/// *Guarantee:* while modules are pending, at least one of them may start, is running, or is blocked
/// by what it requires: the order never locks up by itself.
fn ready_to_start(
    modules: &BTreeMap<ModuleName, Standing>,
    mode: OrderMode,
) -> BTreeMap<ModuleName, Start> {
    let ranks = ranks(modules, mode);
    let blocked = Blocked::find(modules);
    let holding = holding(modules, &ranks, &blocked, mode);
    modules
        .iter()
        .zip(ranks.values())
        .map(|((name, standing), rank)| {
            let wait = requirement_wait(standing, modules, &blocked)
                .or_else(|| weight_wait(standing, *rank, &holding, mode));
            (name.clone(), wait.map_or(Start::Now, Start::Waits))
        })
        .collect()
}

/// The modules that wait for what cannot come by itself: something that they require, directly or
/// not, failed, is not enabled, is not ready in time, or requires them.
fn blocked(modules: &BTreeMap<ModuleName, Standing>) -> BTreeSet<ModuleName> {
    let blocked = Blocked::find(modules);
    let names = blocked.0.into_iter().filter(|(_, is_blocked)| *is_blocked);
    names.map(|(name, _)| name.clone()).collect()
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
    // Few require another one: what the others are needs no looking up.
    let own = |standing: &Standing| Rank {
        weight: own_weight(standing, mode),
        depth: 0,
    };
    let (free, bound): (Vec<_>, Vec<_>) = modules
        .iter()
        .partition(|(_, standing)| standing.requires.is_empty());
    let free = free.into_iter();
    let mut ranks = free.map(|(name, standing)| (name, own(standing))).collect();
    for (name, _) in bound {
        rank_of(name, modules, mode, &mut ranks);
    }
    ranks
}

fn own_weight(standing: &Standing, mode: OrderMode) -> u32 {
    if minds_weights(standing, mode) {
        standing.weight
    } else {
        0
    }
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
        weight: own_weight(standing, mode),
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
        // Who requires nothing is not blocked.
        let bound = modules
            .iter()
            .filter(|(_, standing)| !standing.requires.is_empty());
        for (name, _) in bound {
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
        .zip(ranks.values())
        .filter(|((name, standing), _)| {
            let has_settled = match mode {
                OrderMode::Attempted => standing.progress.is_attempted() || blocked.contains(name),
                OrderMode::Strict => standing.progress.is_applied(),
            };
            minds_weights(standing, mode) && !has_settled
        })
        .map(|((name, _), rank)| (rank.weight, name))
        .collect();
    holding.sort_unstable();
    holding
}

fn weight_wait(
    standing: &Standing,
    rank: Rank,
    holding: &[(u32, &ModuleName)],
    mode: OrderMode,
) -> Option<String> {
    if !minds_weights(standing, mode) {
        return None;
    }
    let lower = holding.partition_point(|(weight, _)| *weight < rank.weight);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml::Place;

    fn name(text: &str) -> ModuleName {
        ModuleName::parse(text).unwrap()
    }

    /// `+b` requires b ready.
    fn requirement(text: &str) -> Requirement {
        Requirement {
            name: name(text.trim_start_matches('+')),
            ready: text.starts_with('+'),
            place: Place::default(),
        }
    }

    fn standing(weight: u32, requires: &[&str], progress: Progress) -> Standing {
        Standing {
            weight,
            rule: OrderRule::ByWeight,
            requires: requires.iter().map(|text| requirement(text)).collect(),
            progress,
        }
    }

    type Row<'a> = (&'a str, u32, &'a [&'a str], Progress);

    fn modules(rows: &[Row<'_>]) -> BTreeMap<ModuleName, Standing> {
        let module = |row: &Row<'_>| (name(row.0), standing(row.1, row.2, row.3));
        rows.iter().map(module).collect()
    }

    /// What each pending module waits for; empty: it may start.
    fn waits(modules: &BTreeMap<ModuleName, Standing>, mode: OrderMode) -> Vec<String> {
        ready_to_start(modules, mode)
            .into_iter()
            .filter(|(name, _)| modules[name].progress == Pending)
            .map(|(name, start)| match start {
                Start::Now => format!("{name}"),
                Start::Waits(why) => format!("{name} {why}"),
            })
            .collect()
    }

    use OrderMode::{Attempted, Strict};
    use Progress::{Applied, Failed, Pending, Ready, Unready};

    #[test]
    fn module_waits_for_first_attempts_of_lower_weights() {
        let cases: &[(&[Row<'_>], &[&str])] = &[
            (
                &[
                    ("a", 10, &[], Pending),
                    ("b", 10, &[], Pending),
                    ("c", 20, &[], Pending),
                ],
                &["a", "b", "c waits for a (weight 10) and 1 more"],
            ),
            (
                &[
                    ("a", 10, &[], Failed),
                    ("b", 10, &[], Applied),
                    ("c", 20, &[], Pending),
                ],
                &["c"],
            ),
            (
                &[
                    ("b", 10, &[], Pending),
                    ("c", 20, &[], Pending),
                    ("d", 30, &[], Pending),
                ],
                &[
                    "b",
                    "c waits for b (weight 10)",
                    "d waits for b (weight 10) and 1 more",
                ],
            ),
            // A module that joins later holds up only those that have not begun.
            (
                &[
                    ("new", 5, &[], Pending),
                    ("old", 10, &[], Ready),
                    ("z", 20, &[], Pending),
                ],
                &["new", "z waits for new (weight 5)"],
            ),
        ];
        for (rows, told) in cases {
            assert_eq!(waits(&modules(rows), Attempted), *told, "{rows:?}");
        }
    }

    #[test]
    fn module_waits_for_what_it_requires() {
        for (progress, requires, told) in [
            (Pending, "a", "b requires a, which is not applied yet"),
            (Failed, "a", "b requires a, which failed"),
            (Applied, "a", "b"),
            (Applied, "+a", "b requires a, which is not ready yet"),
            (Unready, "a", "b"),
            (
                Unready,
                "+a",
                "b requires a, which did not become ready in time",
            ),
            (Ready, "+a", "b"),
            (Ready, "gone", "b requires gone, which is not enabled"),
        ] {
            let modules = modules(&[("a", 10, &[], progress), ("b", 10, &[requires], Pending)]);
            assert_eq!(
                waits(&modules, Attempted).last().unwrap(),
                told,
                "{progress:?}"
            );
        }
    }

    #[test]
    fn order_is_known_by_where_modules_stand() {
        let before = modules(&[("a", 10, &[], Pending), ("b", 20, &["a"], Pending)]);
        let now = |modules: &BTreeMap<ModuleName, Standing>| {
            let order = Order::new(
                modules.iter().map(|(name, one)| (name, one.now())),
                Attempted,
            );
            let is_known = order.is_of(before.iter().map(|(name, one)| (name, one.now())));
            (is_known, order.is_any_pending(), order.blocked().len())
        };
        assert_eq!(now(&before), (true, true, 0));
        for (row, told) in [
            (("a", 10, &[][..], Failed), (false, false, 1)),
            (("a", 11, &[][..], Pending), (false, true, 0)),
            (("a", 10, &["b"][..], Pending), (false, false, 2)),
            (("c", 10, &[][..], Pending), (false, true, 0)),
        ] {
            let mut after = before.clone();
            after.extend(modules(&[row]));
            assert_eq!(now(&after), told, "{row:?}");
        }
    }

    #[test]
    fn blocked_module_holds_up_only_those_who_require_it() {
        let modules = modules(&[
            ("a", 10, &[], Failed),
            ("b", 20, &["a"], Pending),
            ("c", 30, &["b"], Pending),
            ("d", 40, &[], Pending),
        ]);
        assert_eq!(
            waits(&modules, Attempted),
            [
                "b requires a, which failed",
                "c requires b, which cannot start",
                "d"
            ]
        );
    }

    #[test]
    fn higher_weights_wait_while_a_requirement_becomes_ready() {
        let mut modules = modules(&[
            ("a", 10, &[], Applied),
            ("b", 20, &["+a"], Pending),
            ("c", 30, &[], Pending),
        ]);
        assert_eq!(
            waits(&modules, Attempted).last().unwrap(),
            "c waits for b (weight 20)"
        );
        modules.get_mut(&name("a")).unwrap().progress = Unready;
        assert_eq!(waits(&modules, Attempted).last().unwrap(), "c");
    }

    #[test]
    fn module_that_requires_a_heavier_one_moves_behind_it() {
        let modules = modules(&[
            ("a", 10, &["c"], Pending),
            ("b", 20, &[], Pending),
            ("c", 30, &[], Pending),
            ("d", 40, &[], Pending),
        ]);
        assert_eq!(
            waits(&modules, Attempted),
            [
                "a requires c, which is not applied yet",
                "b",
                "c waits for b (weight 20)",
                "d waits for b (weight 20) and 2 more"
            ]
        );
        let order: Vec<_> = start_order(&modules, Attempted);
        assert_eq!(order, ["b", "c", "a", "d"].map(name));
        assert_eq!(
            delete_order(&modules, Attempted),
            ["d", "a", "c", "b"].map(name)
        );
    }

    #[test]
    fn order_any_neither_waits_nor_holds_up() {
        let mut modules = modules(&[("a", 10, &[], Pending), ("b", 20, &[], Pending)]);
        modules.get_mut(&name("a")).unwrap().rule = OrderRule::Any;
        assert_eq!(waits(&modules, Attempted), ["a", "b"]);
        modules.get_mut(&name("b")).unwrap().rule = OrderRule::Any;
        assert_eq!(waits(&modules, Strict), ["a", "b waits for a (weight 10)"]);
    }

    #[test]
    fn strict_order_waits_for_success() {
        let rows = |progress| modules(&[("a", 10, &[], progress), ("b", 20, &[], Pending)]);
        for progress in [Pending, Failed] {
            let told = waits(&rows(progress), Strict);
            assert_eq!(
                told.last().unwrap(),
                "b waits for a (weight 10)",
                "{progress:?}"
            );
        }
        for progress in [Applied, Unready, Ready] {
            assert_eq!(waits(&rows(progress), Strict), ["b"], "{progress:?}");
        }
    }

    #[test]
    fn circle_blocks_its_members_alone() {
        let modules = modules(&[
            ("a", 10, &["b"], Pending),
            ("b", 10, &["a"], Pending),
            ("c", 20, &[], Pending),
        ]);
        assert_eq!(waits(&modules, Attempted).last().unwrap(), "c");
    }

    /// Weight, whether `order: any`, what is required and ready, how it ends.
    type AnyModule = (u32, bool, Vec<(usize, bool)>, Progress);

    fn any_modules() -> impl Strategy<Value = Vec<AnyModule>> {
        let outcome = prop_oneof![Just(Failed), Just(Unready), Just(Ready)];
        let requires = proptest::collection::vec((0..9_usize, any::<bool>()), 0..3);
        proptest::collection::vec((0..4_u32, any::<bool>(), requires, outcome), 1..9)
    }

    proptest! {
        /// Run to the end, whatever the modules require and however they end: nothing is left but
        /// modules whose requirements are not met, and no module started before a lighter one.
        #[test]
        fn order_never_locks_up(rows in any_modules()) {
            let named = |index: usize| name(&format!("m{index}"));
            let mut modules: BTreeMap<ModuleName, Standing> = BTreeMap::new();
            for (index, (weight, any, requires, _)) in rows.iter().enumerate() {
                let requires = requires.iter().map(|(index, ready)| Requirement {
                    name: named(*index),
                    ready: *ready,
                    place: Place::default(),
                });
                let rule = if *any { OrderRule::Any } else { OrderRule::ByWeight };
                let standing =
                    Standing { weight: *weight, rule, requires: requires.collect(), progress: Pending };
                modules.insert(named(index), standing);
            }
            loop {
                let starts = ready_to_start(&modules, Attempted);
                let now: Vec<usize> = (0..rows.len())
                    .filter(|index| modules[&named(*index)].progress == Pending)
                    .filter(|index| starts[&named(*index)] == Start::Now)
                    .collect();
                for index in &now {
                    let own = &modules[&named(*index)];
                    let lighter = modules.values().find(|other| {
                        own.rule == OrderRule::ByWeight && other.rule == OrderRule::ByWeight
                            && other.requires.is_empty() && other.weight < own.weight
                            && other.progress == Pending
                    });
                    prop_assert!(lighter.is_none(), "{own:?} before {lighter:?}");
                }
                if now.is_empty() {
                    break;
                }
                for index in now {
                    modules.get_mut(&named(index)).unwrap().progress = rows[index].3;
                }
            }
            let blocked = Blocked::find(&modules);
            for (name, standing) in &modules {
                prop_assert!(standing.progress != Pending || blocked.contains(name), "{modules:?}");
            }
        }

        #[test]
        fn order_of_deletion_is_that_of_starting_reversed(rows in any_modules()) {
            let modules: BTreeMap<ModuleName, Standing> = rows.iter().enumerate().map(|(index, row)| {
                // Only what is behind is required, so that there is no circle.
                let requires = row.2.iter().filter(|(other, _)| *other < index).map(|(other, ready)| {
                    Requirement { name: name(&format!("m{other}")), ready: *ready, place: Place::default() }
                });
                let standing = Standing {
                    weight: row.0, rule: OrderRule::ByWeight, requires: requires.collect(), progress: Ready,
                };
                (name(&format!("m{index}")), standing)
            }).collect();
            let order = start_order(&modules, Attempted);
            prop_assert_eq!(order.len(), modules.len());
            let position = |name: &ModuleName| order.iter().position(|other| other == name);
            for (name, standing) in &modules {
                for requirement in &standing.requires {
                    prop_assert!(position(&requirement.name) < position(name), "{order:?}");
                }
            }
            let mut reversed = delete_order(&modules, Attempted);
            reversed.reverse();
            prop_assert_eq!(reversed, order);
        }
    }
}
