//! Sequences that broke a law once, in their shortest form.

use super::deed::{Deed, Fate, Sequence, Terms};
use super::tell;
use Deed::{
    DeleteObject, Directory, End, FailRun, FailScript, Flood, Garble, Globals, Hook, List, Look,
    Pass, Pause, Purge, Put, Redraw, Remove, Require, Restart, Script, Section, Switch, Wish, Work,
    Write,
};

/// What most rows need: the order in which what is left ends is any.
const TERMS: Terms = Terms {
    processes: 2,
    strict: false,
    seed: 1,
};
const STRICT: Terms = Terms {
    strict: true,
    ..TERMS
};

/// One row, one test: what happens, and then faults stop.
macro_rules! keeps_the_laws {
    ($terms:expr; $($name:ident: [$($deed:expr),* $(,)?];)*) => {$(
        #[test]
        fn $name() {
            let terms = $terms;
            let sequence = Sequence { terms, deeds: vec![$($deed),*] };
            if let (Err(broken), story) = tell(&sequence) {
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
    End {
        job,
        fate: Fate::Well,
    }
}

keeps_the_laws! {
    TERMS;
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
         End { job: 0, fate: Fate::Breaks }];
    values_of_hooks_go_with_a_module_that_had_nothing_else:
        [put(0), Hook { place: 1, hook: 0, binding: None }, Hook { place: 1, hook: 0, binding: Some(9) }, Look,
         Wish { place: 1, hook: 0 }, FailRun { module: 0 }, Work { jobs: 9 }, Switch { module: 0, flag: Some(false) },
         Work { jobs: 9 }, Switch { module: 0, flag: Some(true) }];
    module_whose_folder_is_back_is_decided_about_before_its_removal_goes_on:
        [put(0), Look, well(0), Work { jobs: 3 }, Garble, Remove { module: 0 },
         Restart { effects: 5_471_882_678_969_767_963, follows: false }, Purge { module: 0 },
         Put { module: 0, weight: 30, flag: false }];
    module_purged_by_hand_during_its_first_run_is_not_removed_once_its_folder_is_back:
        [put(0), Look, Directory { looks: 1 }, Look, well(0), well(0), Purge { module: 0 }];
    module_that_is_being_removed_is_removed_once:
        [put(0), put(1), Hook { place: 2, hook: 0, binding: Some(9) }, Look, Work { jobs: 12 }, Remove { module: 1 },
         Look, Pass { seconds: 5 }, Switch { module: 2, flag: Some(true) }, put(1), well(1)];
    module_that_was_switched_off_before_its_folder_went_is_known_no_more:
        [Hook { place: 1, hook: 0, binding: Some(7) }, put(0), Look, well(0), well(0),
         Switch { module: 0, flag: Some(false) }, Remove { module: 0 }, Look, well(0), List, well(0), well(0)];
    decision_of_before_does_not_enable_what_is_removed:
        [Put { module: 0, weight: 20, flag: true }, put(2), Look, well(0), well(0), well(0), well(0),
         Switch { module: 2, flag: Some(true) }, Directory { looks: 1 }, Look, Purge { module: 0 }, well(1)];
    folder_that_is_gone_stays_gone_while_it_is_decided:
        [Put { module: 0, weight: 30, flag: true }, put(1), put(2), Hook { place: 2, hook: 0, binding: Some(7) }, Look,
         Remove { module: 1 }, Look, Work { jobs: 7 }, Hook { place: 1, hook: 0, binding: Some(0) },
         Pass { seconds: 10 }];
    script_that_fails_is_asked_again_although_the_run_of_its_module_is_blocked:
        [put(2), Script { module: 2 }, Require { module: 2, other: 0, ready: false }, Look, well(0), Work { jobs: 1 },
         Globals, FailScript { module: 2 }, well(0)];
    script_is_asked_although_the_run_of_its_module_failed_and_is_blocked:
        [put(0), Script { module: 0 }, Look, well(0), well(0), well(0), Pause { module: 0 },
         Require { module: 0, other: 3, ready: false }, End { job: 0, fate: Fate::FailsLate }];
    module_that_is_purged_before_its_status_is_written_leaves_no_object:
        [put(0), Require { module: 0, other: 4, ready: false }, Look, Work { jobs: 10 }, Write, Remove { module: 0 },
         Look, DeleteObject { module: 0 }, Purge { module: 0 }];
    module_that_is_switched_off_while_its_run_fails_is_disabled:
        [Put { module: 0, weight: 30, flag: true }, Hook { place: 1, hook: 0, binding: Some(5) }, Look,
         FailRun { module: 0 }, Work { jobs: 11 }, Section { module: 0 }, Put { module: 0, weight: 20, flag: false },
         Look, Work { jobs: 3 }];
}

keeps_the_laws! {
    STRICT;
    run_of_a_module_that_is_removed_goes_with_it:
        [Put { module: 1, weight: 30, flag: true }, Require { module: 1, other: 1, ready: false }, Look, well(0),
         well(0), Directory { looks: 2 }, Look, Purge { module: 1 }];
    converge_ends_when_the_module_that_it_waits_for_is_removed:
        [Put { module: 1, weight: 20, flag: true }, put(3), Require { module: 3, other: 4, ready: false }, Look,
         Remove { module: 3 }, Remove { module: 1 }];
    script_that_fails_is_asked_again_although_the_order_is_stuck:
        [Put { module: 0, weight: 20, flag: true }, Script { module: 0 }, put(3),
         Require { module: 3, other: 3, ready: false }, Look, Work { jobs: 4 }, FailScript { module: 0 }, Globals,
         Work { jobs: 10 }];
}
