//! Killed between any two writes, or told to end there: the next life comes to the same end, and nothing
//! is orphaned.
//!
//! The points are enumerated, not picked: each story is told once without faults, and the proxy counts
//! its writes. Every one of them is a point to be killed at, before and after the server has carried it
//! out. To be told to end there is every fourth; with `ADDON_OPERATOR_KILL_POINTS=all` every one.

mod lane;
mod points;
mod state;
mod story;
mod text;

use self::points::survives;

/// A test for each story.
macro_rules! stories {
    ($($story:ident: $fact:ident;)*) => {$(
        #[tokio::test]
        async fn $fact() {
            survives(story::$story()).await;
        }
    )*};
}

stories! {
    install: install_ended_anywhere_comes_to_the_same;
    replaced: version_replaced_while_nobody_ran_leaves_nothing;
    crowd: install_of_many_modules_ended_anywhere_comes_to_the_same;
    hooks: hooks_ended_anywhere_come_to_the_same;
    chart_hooks: chart_hooks_ended_anywhere_come_to_the_same;
    chart_hooks_of_an_upgrade: upgrade_hooks_ended_anywhere_come_to_the_same;
    draws: drawing_ended_anywhere_comes_to_the_same;
    upgrade: upgrade_ended_anywhere_comes_to_the_same;
    disable: disabling_ended_anywhere_comes_to_the_same;
    folder_removed: removal_ended_anywhere_comes_to_the_same;
    takeover: takeover_ended_anywhere_comes_to_the_same;
    global_edit: edit_ended_anywhere_comes_to_the_same;
    config_values: config_values_ended_anywhere_come_to_the_same;
}
