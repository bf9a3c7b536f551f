//! What is allowed and surely not meant, and the defaults that are taken.

use super::warnings;
use crate::binding::{Place, defaults_of, parse_config};

const DEAF: &str = "nothing ever comes of it: it runs the hook for no event and no Synchronization, \
                    and no other binding includes its snapshot";

/// With `configVersion: v1`, a deaf binding `a` and more.
fn deaf(more: &str) -> Vec<String> {
    warnings(&format!(
        "{{configVersion: v1, kubernetes: [{{name: a, kind: Pod, executeHookOnEvent: [], \
         executeHookOnSynchronization: false}}{more}}}"
    ))
}

#[test]
fn a_binding_that_never_does_anything_is_told() {
    for useless in [
        "]",
        "], onStartup: 1",
        "], schedule: [{crontab: '@hourly'}]",
        ", {name: b, kind: Pod}]",
        ", {name: b, kind: Pod, executeHookOnEvent: [], executeHookOnSynchronization: false, includeSnapshotsFrom: [a]}]",
    ] {
        let found = deaf(useless);
        assert_eq!(
            found.first(),
            Some(&format!("kubernetes[0]: {DEAF}")),
            "{useless}"
        );
    }
    for useful in [
        "], beforeHelm: 1",
        "], schedule: [{crontab: '@hourly', includeSnapshotsFrom: [a]}]",
        ", {name: b, kind: Pod, includeSnapshotsFrom: [a]}]",
    ] {
        assert_eq!(deaf(useful), [""; 0], "{useful}");
    }
    let grouped = "{configVersion: v1, kubernetes: [
        {name: a, kind: Pod, group: g, executeHookOnEvent: [], executeHookOnSynchronization: false},
        {name: b, kind: Pod, group: g}]}";
    assert_eq!(warnings(grouped), [""; 0]);
}

#[test]
fn equal_names_are_told_where_a_snapshot_gets_lost() {
    let told = "kubernetes[1]: a binding before it is named \"kubernetes\" too, and of the two only \
                that one's snapshot is told; give each a `name` of its own";
    for (config, expected) in [
        ("kubernetes: [{kind: Pod}, {kind: Secret}]", &[][..]),
        (
            "kubernetes: [{kind: Pod}, {kind: Secret}], onStartup: 1",
            &[],
        ),
        (
            "kubernetes: [{kind: Pod}, {kind: Secret}], afterHelm: 1",
            &[told],
        ),
        (
            "kubernetes: [{kind: Pod, group: g}, {kind: Secret, group: g}]",
            &[told],
        ),
    ] {
        let text = format!("{{configVersion: v1, {config}}}");
        assert_eq!(warnings(&text), expected, "{text}");
    }
}

#[test]
fn what_surely_is_not_meant_is_told() {
    for (config, expected) in [
        (
            "schedule: [{crontab: '* * * * * *'}]",
            "schedule[0]: fires every second: of six fields the first is the second; five fire every \
             minute, and `@every 1s` says it plainly",
        ),
        (
            "kubernetes: [{kind: Pod, watchEvent: [Added], executeHookOnEvent: [Deleted]}]",
            "kubernetes[0].watchEvent: has no effect beside `executeHookOnEvent`",
        ),
    ] {
        assert_eq!(
            warnings(&format!("{{configVersion: v1, {config}}}")),
            [expected]
        );
    }
    for fine in [
        "schedule: [{crontab: '*/5 * * * * *'}, {crontab: '* * * * *'}, {crontab: '@every 1s'}]",
        "kubernetes: [{kind: Pod, executeHookOnEvent: []}]",
    ] {
        assert_eq!(warnings(&format!("{{configVersion: v1, {fine}}}")), [""; 0]);
    }
}

#[test]
fn defaults_are_those_of_keys_that_are_not_written() {
    let keys = |text: &str| {
        let config = parse_config("hook", text, Place::Module).unwrap();
        let (schedules, kubernetes) = defaults_of(text, &config);
        let all = schedules.into_iter().chain(kubernetes).flatten();
        all.map(|(key, _)| key).collect::<Vec<_>>().join(" ")
    };
    for (text, expected) in [
        (
            "{configVersion: v1, schedule: [{name: a, crontab: '@daily'}], onStartup: 1}",
            "queue allowFailure",
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, watchEvent: [Added], queue: q, name: a, \
             apiVersion: v1, allowFailure: true}]}",
            "namespace executeHookOnSynchronization waitForSynchronization keepFullObjectsInMemory",
        ),
        (
            "{onKubernetesEvent: [{kind: pod, event: [add]}], schedule: [{crontab: '@daily'}]}",
            "name allowFailure name namespaceSelector allowFailure",
        ),
    ] {
        assert_eq!(keys(text), expected, "{text}");
    }
}
