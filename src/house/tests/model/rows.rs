//! Sequences that broke a law once, in their shortest form.

use super::deed::{Deed, Fate, Sequence, Terms};
use super::play;
use Deed::{
    DeleteObject, FailRun, Flood, Hook, Look, Pass, Purge, Put, Redraw, Remove, Require, Restart,
    Script, Section, Switch, Wish, Work,
};

/// One row, one test: what happens, and then faults stop.
macro_rules! keeps_the_laws {
    ($($name:ident: [$($deed:expr),* $(,)?];)*) => {$(
        #[test]
        fn $name() {
            let terms = Terms { processes: 2, strict: false, seed: 1 };
            let sequence = Sequence { terms, deeds: vec![$($deed),*] };
            if let (Err(broken), story) = play(&sequence) {
                panic!("{}: {}\n{}", broken.law, broken.why, story.join("\n"));
            }
        }
    )*};
}

const fn put(module: usize) -> Deed {
    Put {
        module,
        weight: 10,
        flag: true,
    }
}

const fn well(job: usize) -> Deed {
    Deed::End {
        job,
        fate: Fate::Well,
    }
}

keeps_the_laws! {
    folder_that_goes_before_its_module_is_decided_about_is_purged:
        [put(1), Look, Remove { module: 1 }];
    module_that_is_purged_while_its_first_run_goes_on_leaves_nothing:
        [put(0), Look, Remove { module: 0 }, Work { jobs: 1 }, well(3), Look, well(2), Purge { module: 0 }];
    folder_that_is_back_before_its_module_is_removed_is_a_module_again:
        [put(0), put(1), Look, Work { jobs: 9 }, Remove { module: 0 }, Look, Pass { seconds: 5 }, put(0), Look];
    module_that_is_enabled_again_before_its_deletion_begins_is_not_deleted:
        [put(0), put(1), Look, Work { jobs: 9 }, Redraw { module: 0 }, Switch { module: 0, flag: Some(false) }, well(1),
         Switch { module: 0, flag: Some(true) }, well(1)];
    module_object_deleted_during_a_run_is_written_again:
        [put(1), Look, Work { jobs: 12 }, Redraw { module: 1 }, DeleteObject { module: 1 }];
    module_object_deleted_of_a_module_that_nothing_else_remembers_is_forgotten:
        [put(0), Require { module: 0, other: 0, ready: true }, Look, Remove { module: 0 }, well(3), well(1),
         Restart { effects: 3_784_314_060_863_505_098, follows: false }, DeleteObject { module: 0 }];
    script_is_asked_although_the_run_of_its_module_is_blocked:
        [put(4), Script { module: 4 }, Require { module: 4, other: 0, ready: false }, Look, Work { jobs: 11 },
         Section { module: 4 }];
    hooks_hear_of_events_although_the_run_of_their_module_is_blocked:
        [Put { module: 0, weight: 30, flag: true }, put(2), Require { module: 2, other: 0, ready: true },
         Hook { place: 3, hook: 0, binding: Some(3) }, Look, Work { jobs: 7 }, Redraw { module: 2 },
         Remove { module: 0 }, Look, Flood { place: 3 }, Pass { seconds: 10 }];
    deletion_waits_until_it_is_decided_again:
        [put(0), Look, Work { jobs: 9 }, Switch { module: 0, flag: Some(false) }, Redraw { module: 0 },
         Switch { module: 0, flag: Some(true) }, well(0), well(0)];
    whoever_looks_whether_a_module_is_ready_and_breaks_looks_again:
        [put(0), put(1), Require { module: 1, other: 0, ready: true }, Look, Work { jobs: 4 },
         Deed::End { job: 0, fate: Fate::Breaks }];
    values_of_hooks_go_with_a_module_that_had_nothing_else:
        [put(0), Hook { place: 1, hook: 0, binding: None }, Hook { place: 1, hook: 0, binding: Some(9) }, Look,
         Wish { place: 1, hook: 0 }, FailRun { module: 0 }, Work { jobs: 9 }, Switch { module: 0, flag: Some(false) },
         Work { jobs: 9 }, Switch { module: 0, flag: Some(true) }];
}
