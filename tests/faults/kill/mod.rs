//! Killed between any two writes: the next life comes to the same end, and nothing is orphaned.
//!
//! The points are enumerated, not picked: each story is told once without faults, and the proxy counts
//! its writes. `ADDON_OPERATOR_KILL_POINTS=all` runs every point; otherwise it is a part of them.

mod lane;
mod points;
mod state;
mod story;

use self::points::{End, survives};

const KILLED: &[End] = &[End::KilledBefore, End::KilledAfter];
const TOLD: &[End] = &[End::Told];

/// A test for each story: killed, and told to end.
macro_rules! stories {
    ($($story:ident: $killed:ident, $told:ident;)*) => {$(
        #[tokio::test]
        async fn $killed() {
            survives(story::$story(), KILLED, 1).await;
        }

        #[tokio::test]
        async fn $told() {
            survives(story::$story(), TOLD, 4).await;
        }
    )*};
}

stories! {
    install: install_killed_anywhere_ends_the_same, install_told_to_end_anywhere_ends_the_same;
    hooks: hooks_killed_anywhere_end_the_same, hooks_told_to_end_anywhere_end_the_same;
    chart_hooks: chart_hooks_killed_anywhere_end_the_same, chart_hooks_told_to_end_anywhere_end_the_same;
    chart_hooks_of_an_upgrade: upgrade_hooks_killed_anywhere_end_the_same, upgrade_hooks_told_to_end_anywhere_end_the_same;
    draws: drawing_killed_anywhere_ends_the_same, drawing_told_to_end_anywhere_ends_the_same;
    upgrade: upgrade_killed_anywhere_ends_the_same, upgrade_told_to_end_anywhere_ends_the_same;
    disable: disabling_killed_anywhere_ends_the_same, disabling_told_to_end_anywhere_ends_the_same;
    folder_removed: removal_killed_anywhere_ends_the_same, removal_told_to_end_anywhere_ends_the_same;
    takeover: takeover_killed_anywhere_ends_the_same, takeover_told_to_end_anywhere_ends_the_same;
    global_edit: edit_killed_anywhere_ends_the_same, edit_told_to_end_anywhere_ends_the_same;
    config_values: config_values_killed_anywhere_end_the_same, config_values_told_to_end_anywhere_end_the_same;
}
