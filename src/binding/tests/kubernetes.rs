//! `kubernetes` bindings: everything but selectors.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{accepts, config, rejects};
use crate::binding::Common;
use crate::watch::{Namespaces, Selection, WatchEvent};

fn all() -> BTreeSet<WatchEvent> {
    WatchEvent::ALL.into()
}

fn only(event: WatchEvent) -> BTreeSet<WatchEvent> {
    BTreeSet::from([event])
}

fn pods() -> Selection {
    Selection {
        api_version: None,
        kind: "Pod".to_owned(),
        names: Vec::new(),
        namespaces: Namespaces::All,
        labels: String::new(),
        fields: String::new(),
    }
}

accepts! {
    kind_alone: kubernetes("") => |it| it.selection == pods() && it.common == Common::default();
    defaults: kubernetes("") => |it| it.name == "kubernetes" && it.filter.is_none() && it.keep_full && it.events == all() && it.on_synchronization && it.wait_for_synchronization;
    name: kubernetes("name: pods") => |it| it.name == "pods";
    empty_name: kubernetes("name: ''") => |it| it.name == "kubernetes";
    core_version: kubernetes("apiVersion: v1") => |it| it.selection.api_version.as_deref() == Some("v1");
    group_version: kubernetes("apiVersion: apps/v1") => |it| it.selection.api_version.as_deref() == Some("apps/v1");
    empty_version: kubernetes("apiVersion: ''") => |it| it.selection.api_version.is_none();
    filter: kubernetes("jqFilter: .metadata.labels") => |it| it.filter.as_ref().is_some_and(|filter| filter.text() == ".metadata.labels");
    empty_filter: kubernetes("jqFilter: ''") => |it| it.filter.is_none();
    objects_not_kept: kubernetes("keepFullObjectsInMemory: false") => |it| !it.keep_full;
    objects_kept: kubernetes("keepFullObjectsInMemory: true") => |it| it.keep_full;
    failure_allowed: kubernetes("allowFailure: true") => |it| it.common.allow_failure;
    failure_not_allowed: kubernetes("allowFailure: false") => |it| !it.common.allow_failure;
    no_synchronization: kubernetes("executeHookOnSynchronization: false") => |it| !it.on_synchronization;
    synchronization: kubernetes("executeHookOnSynchronization: true") => |it| it.on_synchronization;
    no_wait_in_a_queue: kubernetes("waitForSynchronization: false, queue: slow") => |it| !it.wait_for_synchronization;
    no_wait_without_a_queue: kubernetes("waitForSynchronization: false") => |it| it.wait_for_synchronization;
    no_wait_with_an_empty_queue: kubernetes("waitForSynchronization: false, queue: ''") => |it| it.wait_for_synchronization;
    wait_in_a_queue: kubernetes("queue: slow") => |it| it.wait_for_synchronization;
    period: kubernetes("resynchronizationPeriod: 1h30m") => |it| it.resynchronization == Some(Duration::from_mins(90));
    no_period: kubernetes("") => |it| it.resynchronization.is_none();
    empty_period: kubernetes("resynchronizationPeriod: ''") => |it| it.resynchronization.is_none();
    period_of_zero: kubernetes("resynchronizationPeriod: 0s") => |it| it.resynchronization.is_none();
    period_without_a_unit: kubernetes("resynchronizationPeriod: '5'") => |it| it.resynchronization.is_none();
    flag_of_yaml_1_1: kubernetes("allowFailure: yes, keepFullObjectsInMemory: off") => |it| it.common.allow_failure && !it.keep_full;
    no_synchronization_in_yaml_1_1: kubernetes("executeHookOnSynchronization: no") => |it| !it.on_synchronization;
    any_name_of_a_kind: config("{configVersion: v1, kubernetes: [{kind: ds}, {kind: DaemonSets}]}") => |it| it.kubernetes[0].selection.kind == "ds" && it.kubernetes[1].selection.kind == "DaemonSets";
    includes_one_by_its_name_alone: kubernetes("name: a, includeSnapshotsFrom: a") => |it| it.common.include_snapshots == ["a"];
    empty_group: kubernetes("group: ''") => |it| it.common.group.is_none();
    name_of_any_letters: kubernetes("name: \"Monitor pods: all/1\"") => |it| it.name == "Monitor pods: all/1";
    events_by_the_new_name: kubernetes("executeHookOnEvent: [Added]") => |it| it.events == only(WatchEvent::Added);
    events_by_the_old_name: kubernetes("watchEvent: [Deleted]") => |it| it.events == only(WatchEvent::Deleted);
    events_by_both_names: kubernetes("executeHookOnEvent: [Modified], watchEvent: [Deleted]") => |it| it.events == only(WatchEvent::Modified);
    no_events_by_the_new_name: kubernetes("executeHookOnEvent: [], watchEvent: [Deleted]") => |it| it.events.is_empty();
    no_events_by_the_old_name: kubernetes("watchEvent: []") => |it| it.events.is_empty();
    events_twice: kubernetes("executeHookOnEvent: [Added, Added]") => |it| it.events == only(WatchEvent::Added);
    queue: kubernetes("queue: slow") => |it| it.common.queue.as_deref() == Some("slow");
    group: kubernetes("name: a, group: g") => |it| it.common.group.as_deref() == Some("g") && it.common.include_snapshots == ["a"];
    includes_itself: kubernetes("name: a, includeSnapshotsFrom: [a]") => |it| it.common.include_snapshots == ["a"];
    includes_itself_unnamed: kubernetes("includeSnapshotsFrom: [kubernetes]") => |it| it.common.include_snapshots == ["kubernetes"];
    includes_one_twice: kubernetes("name: a, includeSnapshotsFrom: [a, a]") => |it| it.common.include_snapshots == ["a"];
}

rejects! {
    list_empty: whole("{configVersion: v1, kubernetes: []}") => "kubernetes: expected at least 1 item, got none (leave the key out)";
    list_text: whole("{configVersion: v1, kubernetes: Pod}") => "kubernetes: expected a list, got \"Pod\"";
    item_text: whole("{configVersion: v1, kubernetes: [Pod]}") => "kubernetes[0]: expected a map, got \"Pod\"";
    kind_missing: whole("{configVersion: v1, kubernetes: [{apiVersion: v1}]}") => "kubernetes[0].kind: this key is required";
    kind_empty: whole("{configVersion: v1, kubernetes: [{kind: ''}]}") => "kubernetes[0].kind: expected a text that is not empty";
    kind_list: whole("{configVersion: v1, kubernetes: [{kind: [Pod]}]}") => "kubernetes[0].kind: expected a string, got a list";
    mode: kubernetes("mode: Incremental") => "kubernetes[0].mode: unknown key (known are name, apiVersion, kind, nameSelector, labelSelector, fieldSelector, namespace, jqFilter, executeHookOnEvent, watchEvent, executeHookOnSynchronization, waitForSynchronization, keepFullObjectsInMemory, resynchronizationPeriod, allowFailure, includeSnapshotsFrom, queue, group)";
    misspelt_key: kubernetes("jqfilter: .") => "kubernetes[0].jqfilter: unknown key (did you mean \"jqFilter\"?)";
    version_of_three_parts: kubernetes("apiVersion: v1/12/wqe") => "kubernetes[0].apiVersion: expected an API version such as v1 or apps/v1, got \"v1/12/wqe\"";
    version_without_version: kubernetes("apiVersion: apps/") => "kubernetes[0].apiVersion: expected an API version such as v1 or apps/v1, got \"apps/\"";
    version_number: kubernetes("apiVersion: 1") => "kubernetes[0].apiVersion: expected a string, got a number (1) (quote it: \"1\")";
    name_number: kubernetes("name: 1") => "kubernetes[0].name: expected a string, got a number (1) (quote it: \"1\")";
    event_unknown: kubernetes("executeHookOnEvent: [Add]") => "kubernetes[0].executeHookOnEvent[0]: expected one of Added, Modified, Deleted, got \"Add\"";
    event_in_small: kubernetes("watchEvent: [added]") => "kubernetes[0].watchEvent[0]: expected one of Added, Modified, Deleted, got \"added\" (did you mean \"Added\"?)";
    events_text: kubernetes("executeHookOnEvent: Added") => "kubernetes[0].executeHookOnEvent: expected a list, got \"Added\"";
    synchronization_text: kubernetes("executeHookOnSynchronization: ok") => "kubernetes[0].executeHookOnSynchronization: expected a boolean, got \"ok\"";
    wait_number: kubernetes("waitForSynchronization: 0") => "kubernetes[0].waitForSynchronization: expected a boolean, got a number (0)";
    keep_null: kubernetes("keepFullObjectsInMemory: null") => "kubernetes[0].keepFullObjectsInMemory: expected a boolean, got null (leave the key out)";
    failure_in_quotes: kubernetes("allowFailure: 'true'") => "kubernetes[0].allowFailure: expected a boolean, got \"true\" (write true, without quotes)";
    failure_list: kubernetes("allowFailure: [true]") => "kubernetes[0].allowFailure: expected a boolean, got a list";
    filter_list: kubernetes("jqFilter: [.a]") => "kubernetes[0].jqFilter: expected a string, got a list";
    queue_null: kubernetes("queue: null") => "kubernetes[0].queue: expected a string, got null (leave the key out)";
    includes_null: kubernetes("includeSnapshotsFrom: null") => "kubernetes[0].includeSnapshotsFrom: expected a list, got null (leave the key out)";
    includes_unknown_by_its_name_alone: kubernetes("includeSnapshotsFrom: pods") => "kubernetes[0].includeSnapshotsFrom: no kubernetes binding is named \"pods\"";
    kinds: whole("{configVersion: v1, kubernetes: [{kinds: Pod}]}") => "kubernetes[0].kind: this key is required", "kubernetes[0].kinds: unknown key (did you mean \"kind\"?)";
    period_number: kubernetes("resynchronizationPeriod: 5") => "kubernetes[0].resynchronizationPeriod: expected a string, got a number (5) (quote it: \"5\")";
    includes_unknown: kubernetes("name: pods, includeSnapshotsFrom: [pod]") => "kubernetes[0].includeSnapshotsFrom[0]: no kubernetes binding is named \"pod\" (did you mean \"pods\"?)";
    includes_nothing: kubernetes("includeSnapshotsFrom: []") => "kubernetes[0].includeSnapshotsFrom: expected at least 1 item, got none (leave the key out)";
    includes_ambiguous: whole("{configVersion: v1, kubernetes: [{kind: Pod, includeSnapshotsFrom: [kubernetes]}, {kind: Secret}]}") => "kubernetes[0].includeSnapshotsFrom[0]: 2 kubernetes bindings are named \"kubernetes\" (give each a `name` of its own)";
}

#[test]
fn bad_filter_is_a_mistake() {
    let found = super::mistakes(
        &super::kubernetes_text("jqFilter: '.a | ('"),
        super::Place::Module,
    );
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("kubernetes[0].jqFilter: not a jq filter: line 1, column "),
        "{found:?}"
    );
}

#[test]
fn group_shares_the_snapshots_of_its_kubernetes_bindings() {
    let config = config(
        "configVersion: v1
schedule:
- {name: grouped, crontab: '@daily', group: g, includeSnapshotsFrom: [other]}
- {name: alone, crontab: '@daily', group: h}
kubernetes:
- {name: a, kind: Pod, group: g}
- {name: b, kind: Pod, group: g, includeSnapshotsFrom: [b, other]}
- {name: other, kind: Pod}
",
    );
    let included = |common: &Common| common.include_snapshots.join(" ");
    let schedules: Vec<String> = config
        .schedules
        .iter()
        .map(|it| included(&it.common))
        .collect();
    let kubernetes: Vec<String> = config
        .kubernetes
        .iter()
        .map(|it| included(&it.common))
        .collect();
    assert_eq!(schedules, ["other a b", ""]);
    assert_eq!(kubernetes, ["a b", "b other a", ""]);
}
