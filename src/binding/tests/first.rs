//! Configurations without `configVersion`.

use std::collections::BTreeSet;

use super::{accepts, orders, rejects};
use crate::binding::Common;
use crate::watch::{Namespaces, WatchEvent};

accepts! {
    on_startup: config("{onStartup: 10}") => |it| orders(&it) == "10";
    lifecycle_of_modules: config("{beforeHelm: 1, afterDeleteHelm: 2}") => |it| it.lifecycle.len() == 2;
    empty_lists: config("{schedule: [], onKubernetesEvent: []}") => |it| it.schedules.is_empty() && it.kubernetes.is_empty();
    schedule: config("{schedule: [{name: a, crontab: '0 * * * * *', allowFailure: true}]}") => |it| it.schedules[0].name == "a" && it.schedules[0].common == Common { allow_failure: true, ..Common::default() };
    unnamed_schedule: config("{schedule: [{crontab: '@daily'}]}") => |it| it.schedules[0].name == "schedule";
    unknown_key: config("{schedule: [{crontab: '@daily', queue: a}]}") => |it| it.schedules[0].common.queue.is_none() && it.warnings.len() == 1;
    null_is_absent: config("{schedule: [{crontab: '@daily', name: null, allowFailure: null}]}") => |it| it.schedules[0].name == "schedule";
    unnamed: first("event: [add]") => |it| it.name == "onKubernetesEvent" && it.common == Common::default();
    never_synchronizes: first("event: [add]") => |it| !it.on_synchronization && it.wait_for_synchronization && !it.keep_full;
    events: first("event: [add, update, delete]") => |it| it.events == BTreeSet::from(WatchEvent::ALL);
    one_event: first("event: [update]") => |it| it.events == BTreeSet::from([WatchEvent::Modified]);
    no_event: first("event: []") => |it| it.events.is_empty();
    event_missing: first("") => |it| it.events.is_empty();
    labels: first("event: [add], selector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator: Exists}]}") => |it| it.selection.labels == "a=b,c";
    no_labels: first("event: [add], selector: {}") => |it| it.selection.labels.is_empty();
    object_name: first("event: [add], objectName: web") => |it| it.selection.names == ["web"];
    empty_object_name: first("event: [add], objectName: ''") => |it| it.selection.names.is_empty();
    namespaces: first("event: [add], namespaceSelector: {matchNames: [a, b]}") => |it| it.selection.namespaces == Namespaces::Named(["a", "b"].map(str::to_owned).into());
    any_namespace: first("event: [add], namespaceSelector: {any: true, matchNames: [a]}") => |it| it.selection.namespaces == Namespaces::All;
    not_any_namespace: first("event: [add], namespaceSelector: {any: false}") => |it| it.selection.namespaces == Namespaces::All;
    filter: first("event: [add], jqFilter: .spec") => |it| it.filter.is_some();
    flag_of_yaml_1_1: first("event: [add], allowFailure: yes, namespaceSelector: {any: yes}") => |it| it.common.allow_failure && it.selection.namespaces == Namespaces::All;
    no_period: first("event: [add]") => |it| it.resynchronization.is_none();
    failure_allowed: first("event: [add], allowFailure: true") => |it| it.common.allow_failure;
}

rejects! {
    version_key: whole("{onKubernetesEvent: [{kind: pod}], settings: {executionMinInterval: 1s}}") => "settings: unknown key (`configVersion: v1` is missing)";
    lifecycle_of_the_other_place: whole("{beforeAll: 1}") => "beforeAll: unknown key (it is for global hooks)";
    webhook: whole("{kubernetesValidating: [{name: a.b.c}], onStartup: 1}") => "kubernetesValidating: unknown key (`configVersion: v1` is missing)";
    object_name_number: first("event: [add], objectName: 5") => "onKubernetesEvent[0].objectName: expected a string, got a number (5) (quote it: \"5\")";
    any_text: first("event: [add], namespaceSelector: {any: all}") => "onKubernetesEvent[0].namespaceSelector.any: expected a boolean, got \"all\"";
    order_text: whole("{onStartup: a}") => "onStartup: expected an integer, got \"a\"";
    list_map: whole("{onKubernetesEvent: {kind: pod}}") => "onKubernetesEvent: expected a list, got a map";
    item_text: whole("{onKubernetesEvent: [pod]}") => "onKubernetesEvent[0]: expected a map, got \"pod\"";
    kind_missing: whole("{onKubernetesEvent: [{event: [add]}]}") => "onKubernetesEvent[0].kind: this key is required";
    event_unknown: first("event: [Added]") => "onKubernetesEvent[0].event[0]: expected one of add, update, delete, got \"Added\"";
    event_text: first("event: add") => "onKubernetesEvent[0].event: expected a list, got \"add\"";
    crontab_missing: whole("{schedule: [{name: a}]}") => "schedule[0].crontab: this key is required";
    crontab_bad: whole("{schedule: [{crontab: '@never'}]}") => "schedule[0].crontab: expected @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, found `@never`";
    selector_operator: first("event: [add], selector: {matchExpressions: [{key: a, operator: Is}]}") => "onKubernetesEvent[0].selector.matchExpressions[0].operator: expected one of In, NotIn, Exists, DoesNotExist, got \"Is\" (did you mean \"In\"?)";
}
