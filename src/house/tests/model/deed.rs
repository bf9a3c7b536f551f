//! What may happen, how often, and how it is told.

use super::dice::Dice;
use super::world::{BINDINGS, MODULES};

/// How a job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Well,
    Fails,
    /// It writes into the cluster and fails then.
    FailsLate,
    /// The task itself panics.
    Breaks,
}

/// Something that happens. Numbers are taken modulo what there is; places are 0 for the global one, and
/// then modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    // Folders; the operator sees them when it looks.
    Put {
        module: usize,
        weight: u32,
        flag: bool,
    },
    Any {
        module: usize,
    },
    Require {
        module: usize,
        other: usize,
        ready: bool,
    },
    Script {
        module: usize,
    },
    Touch {
        module: usize,
    },
    Spoil {
        module: usize,
    },
    Remove {
        module: usize,
    },
    Hook {
        place: usize,
        hook: usize,
        binding: Option<usize>,
    },
    /// The file of a hook is another, and says the same of itself.
    Edit {
        place: usize,
        hook: usize,
    },
    Directory {
        looks: usize,
    },
    Look,
    // The ConfigMap.
    Section {
        module: usize,
    },
    Switch {
        module: usize,
        flag: Option<bool>,
    },
    Pause {
        module: usize,
    },
    Globals,
    Garble,
    // What hooks will give back.
    Wish {
        place: usize,
        hook: usize,
    },
    /// It sets something else each time it runs.
    Grow {
        place: usize,
        hook: usize,
    },
    Say {
        module: usize,
        flag: Option<bool>,
    },
    // Faults that last.
    FailHook {
        place: usize,
        hook: usize,
    },
    FailRun {
        module: usize,
    },
    FailScript {
        module: usize,
    },
    Unready {
        module: usize,
    },
    // The cluster.
    Event {
        monitor: usize,
        count: usize,
    },
    Flood {
        place: usize,
    },
    Deliver,
    List,
    Trouble {
        monitor: usize,
        forbidden: bool,
    },
    Schedule,
    Drift {
        module: usize,
        deleted: bool,
    },
    DeleteObject {
        module: usize,
    },
    Write,
    // The operator.
    End {
        job: usize,
        fate: Fate,
    },
    Work {
        jobs: usize,
    },
    Pass {
        seconds: u64,
    },
    Purge {
        module: usize,
    },
    Redraw {
        module: usize,
    },
    Restart {
        effects: u64,
        follows: bool,
    },
    Lead,
}

/// What is fixed while a sequence is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// How many hooks of main queues run at once.
    pub(super) processes: usize,
    /// Whether modules wait until those before them succeeded.
    pub(super) strict: bool,
    /// Of the order in which what is left ends.
    pub(super) seed: u64,
}

/// A sequence.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    pub(super) terms: Terms,
    pub(super) deeds: Vec<Deed>,
}

impl Sequence {
    /// The sequence of a seed: some folders, then whatever happens.
    pub(super) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let terms = Terms {
            processes: dice.one(&[1, 2, 3, 16]),
            strict: dice.percent(8),
            seed: dice.any(),
        };
        let modules = 1 + dice.below(MODULES.len());
        let mut deeds = Vec::new();
        for module in 0..modules {
            deeds.push(Deed::Put {
                module,
                weight: dice.one(&[10, 10, 20, 30]),
                flag: dice.percent(85),
            });
            for (often, deed) in [
                (12, Deed::Any { module }),
                (15, Deed::Script { module }),
                (30, require(&mut dice, module)),
            ] {
                if dice.percent(often) {
                    deeds.push(deed);
                }
            }
        }
        for place in 0..=modules {
            for hook in 0..2 {
                if dice.percent(45) {
                    let binding = Some(dice.below(BINDINGS.len()));
                    deeds.push(Deed::Hook {
                        place,
                        hook,
                        binding,
                    });
                }
            }
        }
        deeds.push(Deed::Look);
        if dice.percent(3) {
            deeds.extend(busy(&mut dice, modules));
        }
        for _ in 0..dice.one(&[10, 30, 60, 120]) {
            let deed = any(&mut dice, modules);
            deeds.push(deed);
            if is_of_folders(deed) && dice.percent(80) {
                deeds.push(Deed::Look);
            }
            if dice.percent(1) {
                deeds.extend(contest(&mut dice, modules));
            }
        }
        Self { terms, deeds }
    }
}

/// All hooks have news whenever they have run, some change values each time, and it goes on for long.
fn busy(dice: &mut Dice, modules: usize) -> Vec<Deed> {
    let mut deeds = vec![Deed::Work { jobs: 60 }];
    for place in 0..=modules {
        deeds.push(Deed::Flood { place });
        if dice.percent(30) {
            let hook = dice.below(2);
            deeds.push(Deed::Grow { place, hook });
        }
    }
    for _ in 0..20 {
        let (module, jobs, seconds) = (dice.below(modules), 60, dice.one(&[1, 4]));
        let pass = Deed::Pass { seconds };
        deeds.extend([Deed::Work { jobs }, Deed::Redraw { module }, pass]);
    }
    deeds
}

/// Others change what a module has as often as that is put right.
fn contest(dice: &mut Dice, modules: usize) -> Vec<Deed> {
    let module = dice.below(modules);
    let deleted = false;
    let round = [Deed::Work { jobs: 20 }, Deed::Drift { module, deleted }];
    let mut deeds = Vec::new();
    for _ in 0..4 {
        deeds.extend(round);
    }
    deeds
}

fn require(dice: &mut Dice, module: usize) -> Deed {
    Deed::Require {
        module,
        other: dice.below(MODULES.len()),
        ready: dice.percent(40),
    }
}

fn is_of_folders(deed: Deed) -> bool {
    matches!(
        deed,
        Deed::Put { .. }
            | Deed::Any { .. }
            | Deed::Require { .. }
            | Deed::Script { .. }
            | Deed::Touch { .. }
            | Deed::Spoil { .. }
            | Deed::Remove { .. }
            | Deed::Hook { .. }
            | Deed::Edit { .. }
            | Deed::Directory { .. }
    )
}

fn any(dice: &mut Dice, modules: usize) -> Deed {
    match dice.below(100) {
        0..30 => end(dice),
        30..40 => Deed::Work {
            jobs: 1 + dice.below(12),
        },
        40..50 => in_cluster(dice, modules),
        50..60 => Deed::Event {
            monitor: dice.below(20),
            count: dice.one(&[1, 1, 2, 3, 150]),
        },
        60..66 => dice.one(&[Deed::Deliver, Deed::List, Deed::Schedule, Deed::Write]),
        66..74 => Deed::Pass {
            seconds: dice.one(&[0, 1, 2, 3, 5, 10, 40, 700]),
        },
        74..82 => in_folders(dice, modules),
        82..89 => in_config_map(dice, modules),
        89..96 => of_hooks_and_faults(dice, modules),
        96 => Deed::Purge {
            module: dice.below(modules),
        },
        97 => Deed::Redraw {
            module: dice.below(modules),
        },
        98 => Deed::Lead,
        _ => Deed::Restart {
            effects: dice.any(),
            follows: dice.percent(30),
        },
    }
}

fn end(dice: &mut Dice) -> Deed {
    let fate = match dice.below(100) {
        0..86 => Fate::Well,
        86..93 => Fate::Fails,
        93..98 => Fate::FailsLate,
        _ => Fate::Breaks,
    };
    Deed::End {
        job: dice.below(8),
        fate,
    }
}

fn in_cluster(dice: &mut Dice, modules: usize) -> Deed {
    let module = dice.below(modules);
    match dice.below(5) {
        0 | 1 => Deed::Drift {
            module,
            deleted: dice.percent(40),
        },
        2 => Deed::DeleteObject { module },
        3 => Deed::Trouble {
            monitor: dice.below(20),
            forbidden: dice.percent(50),
        },
        _ => Deed::Flood {
            place: dice.below(modules + 1),
        },
    }
}

fn in_folders(dice: &mut Dice, modules: usize) -> Deed {
    let module = dice.below(modules);
    match dice.below(13) {
        0 | 1 => Deed::Put {
            module,
            weight: dice.one(&[10, 20, 30]),
            flag: dice.percent(70),
        },
        2 => Deed::Any { module },
        3 => require(dice, module),
        4 => Deed::Script { module },
        5 => Deed::Touch { module },
        6 => Deed::Spoil { module },
        7 | 8 => Deed::Remove { module },
        9 | 10 => Deed::Hook {
            place: dice.below(modules + 1),
            hook: dice.below(2),
            binding: dice.percent(80).then(|| dice.below(BINDINGS.len())),
        },
        11 => Deed::Edit {
            place: dice.below(modules + 1),
            hook: dice.below(2),
        },
        _ => Deed::Directory {
            looks: dice.below(3),
        },
    }
}

fn in_config_map(dice: &mut Dice, modules: usize) -> Deed {
    let module = dice.below(modules);
    match dice.below(8) {
        0 | 1 => Deed::Section { module },
        2..5 => Deed::Switch {
            module,
            flag: dice.one(&[None, Some(true), Some(false)]),
        },
        5 => Deed::Pause { module },
        6 => Deed::Globals,
        _ => Deed::Garble,
    }
}

fn of_hooks_and_faults(dice: &mut Dice, modules: usize) -> Deed {
    let (place, hook) = (dice.below(modules + 1), dice.below(2));
    let module = dice.below(modules);
    match dice.below(9) {
        0 | 1 => Deed::Wish { place, hook },
        8 => Deed::Grow { place, hook },
        2 => Deed::Say {
            module,
            flag: dice.one(&[None, Some(true), Some(false)]),
        },
        3 | 4 => Deed::FailHook { place, hook },
        5 => Deed::FailRun { module },
        6 => Deed::FailScript { module },
        _ => Deed::Unready { module },
    }
}
