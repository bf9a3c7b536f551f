//! The root, `settings`, lifecycle bindings and `schedule`.

use std::time::Duration;

use super::{Place, accepts, mistakes, orders, rejects, warnings};
use crate::binding::{Rate, Version, parse_config};

fn rate(seconds: u64, burst: u32) -> Rate {
    let interval = Duration::from_secs(seconds);
    Rate { interval, burst }
}

accepts! {
    json: config(r#"{"configVersion":"v1","onStartup":1}"#) => |it| it.version == Version::V1 && orders(&it) == "1";
    yaml: config("configVersion: v1\nonStartup: 1\n") => |it| it.version == Version::V1;
    yaml_with_a_document_start: config("---\nconfigVersion: v1\nonStartup: 1\n") => |it| it.version == Version::V1;
    no_version_is_the_first: config("onStartup: 1") => |it| it.version == Version::V0;
    on_startup_below_zero: config("{configVersion: v1, onStartup: -5}") => |it| orders(&it) == "-5";
    integer_with_a_point: config("{configVersion: v1, onStartup: 10.0}") => |it| orders(&it) == "10";
    lifecycle_of_modules: config("{configVersion: v1, beforeHelm: 1, afterHelm: 2, beforeDeleteHelm: 3, afterDeleteHelm: 0}") => |it| orders(&it) == "1 2 3 0";
    settings_of_both: config("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 3s, executionBurst: 2}}") => |it| it.rate == Some(rate(3, 2));
    interval_alone: config("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 1m}}") => |it| it.rate == Some(rate(60, 1));
    interval_by_its_other_name: config("{configVersion: v1, onStartup: 1, settings: {executionMinPeriod: 3s, executionBurst: 2}}") => |it| it.rate == Some(rate(3, 2));
    interval_by_both_names: config("{configVersion: v1, onStartup: 1, settings: {executionMinPeriod: 1h, executionMinInterval: 3s}}") => |it| it.rate == Some(rate(3, 1));
    tabs_in_json: config("{\n\t\"configVersion\": \"v1\",\n\t\"onStartup\": 1\n}") => |it| orders(&it) == "1";
    schedule_by_every: config("{configVersion: v1, schedule: [{crontab: '@every 1h'}]}") => |it| it.schedules[0].crontab.text() == "@every 1h";
    schedule_in_a_zone: config("{configVersion: v1, schedule: [{crontab: 'TZ=UTC 0 0 * * *'}]}") => |it| it.schedules[0].name == "schedule";
    schedule_with_a_flag_of_yaml_1_1: schedule("allowFailure: on") => |it| it.common.allow_failure;
    schedule_that_includes_one_alone: config("{configVersion: v1, schedule: [{crontab: '@daily', includeSnapshotsFrom: pods}], kubernetes: [{name: pods, kind: Pod}]}") => |it| it.schedules[0].common.include_snapshots == ["pods"];
    burst_alone: config("{configVersion: v1, onStartup: 1, settings: {executionBurst: 5}}") => |it| it.rate.is_none();
    burst_of_zero_is_one: config("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 1s, executionBurst: 0}}") => |it| it.rate == Some(rate(1, 1));
    interval_of_zero: config("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 0s, executionBurst: 5}}") => |it| it.rate.is_none();
    empty_settings: config("{configVersion: v1, onStartup: 1, settings: {}}") => |it| it.rate.is_none();
    no_settings: config("{configVersion: v1, onStartup: 1}") => |it| it.rate.is_none() && it.warnings.is_empty();
    settings_without_bindings: config("{configVersion: v1, settings: {executionMinInterval: 1s}}") => |it| it.warnings.len() == 1;
    crontab_of_five_fields: schedule("") => |it| it.crontab.text() == "* * * * *";
    unnamed_schedule: schedule("") => |it| it.name == "schedule" && it.common == crate::binding::Common::default();
    schedule_with_an_empty_name: schedule("name: ''") => |it| it.name == "schedule";
    schedule_with_a_name: schedule("name: every minute") => |it| it.name == "every minute";
    schedule_that_may_fail: schedule("allowFailure: true") => |it| it.common.allow_failure;
    schedule_with_a_queue: schedule("queue: slow") => |it| it.common.queue.as_deref() == Some("slow");
    schedule_with_an_empty_queue: schedule("queue: ''") => |it| it.common.queue.is_none();
    schedule_with_a_group: schedule("group: g") => |it| it.common.group.as_deref() == Some("g") && it.common.include_snapshots.is_empty();
    schedule_with_an_empty_group: schedule("group: ''") => |it| it.common.group.is_none();
    crontab_of_six_fields: config("{configVersion: v1, schedule: [{crontab: '0 */5 * * * *'}, {crontab: '@hourly'}]}") => |it| it.schedules.len() == 2;
}

rejects! {
    nothing: whole("") => "expected a configuration, got nothing (print `configVersion: v1` and bindings)";
    null: whole("null") => "expected a configuration, got nothing (print `configVersion: v1` and bindings)";
    words: whole("hello world") => "expected a map, got \"hello world\"";
    list: whole("[]") => "expected a map, got a list";
    empty_map: whole("{}") => "no binding is declared: the hook would never run (known are schedule, onKubernetesEvent, onStartup, beforeHelm, afterHelm, beforeDeleteHelm, afterDeleteHelm)";
    version_alone: whole("configVersion: v1") => "no binding is declared: the hook would never run (known are configVersion, settings, schedule, kubernetes, onStartup, beforeHelm, afterHelm, beforeDeleteHelm, afterDeleteHelm, kubernetesValidating, kubernetesMutating, kubernetesCustomResourceConversion)";
    version_null: whole("{configVersion: null, onStartup: 1}") => "configVersion: expected a string, got null (leave the key out)";
    version_number: whole("{configVersion: 1, onStartup: 1}") => "configVersion: expected a string, got a number (1) (quote it: \"1\")";
    version_empty: whole("{configVersion: '', onStartup: 1}") => "configVersion: expected v1, got \"\"";
    version_v0: whole("{configVersion: v0, onStartup: 1}") => "configVersion: expected v1, got \"v0\" (write v1; the form of v0 has no configVersion at all)";
    version_unknown: whole("{configVersion: v2, onStartup: 1}") => "configVersion: expected v1, got \"v2\"";
    unknown_key: whole("{configVersion: v1, onStartup: 1, extra: 1}") => "extra: unknown key (known are configVersion, settings, schedule, kubernetes, onStartup, beforeHelm, afterHelm, beforeDeleteHelm, afterDeleteHelm, kubernetesValidating, kubernetesMutating, kubernetesCustomResourceConversion)";
    misspelt_key: whole("{configVersion: v1, onStartUp: 1}") => "onStartUp: unknown key (did you mean \"onStartup\"?)";
    key_of_the_other_place: whole("{configVersion: v1, beforeAll: 1}") => "beforeAll: unknown key (it is for global hooks)";
    key_of_the_first_form: whole("{configVersion: v1, onKubernetesEvent: [{kind: pod}]}") => "onKubernetesEvent: unknown key (with configVersion v1 it is `kubernetes`)";
    version_forgotten: whole("{kubernetes: [{kind: Pod}]}") => "kubernetes: unknown key (`configVersion: v1` is missing)";
    order_text: whole("{configVersion: v1, onStartup: '1'}") => "onStartup: expected an integer, got \"1\" (remove the quotes)";
    order_fraction: whole("{configVersion: v1, onStartup: 1.5}") => "onStartup: expected an integer, got a number (1.5)";
    order_null: whole("{configVersion: v1, onStartup: null}") => "onStartup: expected an integer, got null (leave the key out)";
    order_flag: whole("{configVersion: v1, beforeHelm: true}") => "beforeHelm: expected an integer, got a boolean (true)";
    order_below_zero: whole("{configVersion: v1, beforeHelm: -1}") => "beforeHelm: expected an integer of 0 or more, got a number (-1)";
    settings_list: whole("{configVersion: v1, onStartup: 1, settings: []}") => "settings: expected a map, got a list";
    settings_key: whole("{configVersion: v1, onStartup: 1, settings: {executionMinIntervall: 1s}}") => "settings.executionMinIntervall: unknown key (did you mean \"executionMinInterval\"?)";
    interval_without_unit: whole("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: '3'}}") => "settings.executionMinInterval: expected a duration such as 90s, 5m or 1h30m, found `3`";
    interval_number: whole("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 3}}") => "settings.executionMinInterval: expected a string, got a number (3) (quote it: \"3\")";
    burst_text: whole("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 3s, executionBurst: '2'}}") => "settings.executionBurst: expected an integer, got \"2\" (remove the quotes)";
    burst_below_zero: whole("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 3s, executionBurst: -2}}") => "settings.executionBurst: expected an integer of 0 or more, got a number (-2)";
    schedule_map: whole("{configVersion: v1, schedule: {crontab: '* * * * *'}}") => "schedule: expected a list, got a map";
    schedule_empty: whole("{configVersion: v1, schedule: []}") => "schedule: expected at least 1 item, got none (leave the key out)";
    schedule_null: whole("{configVersion: v1, schedule: null}") => "schedule: expected a list, got null (leave the key out)";
    schedule_item: whole("{configVersion: v1, schedule: ['* * * * *']}") => "schedule[0]: expected a map, got \"* * * * *\"";
    crontab_missing: whole("{configVersion: v1, schedule: [{name: a}]}") => "schedule[0].crontab: this key is required";
    crontab_bad: whole("{configVersion: v1, schedule: [{crontab: '* * * * 7'}]}") => "schedule[0].crontab: day of week: expected 0 to 6 or sun to sat, `*`, a range, a list or a step; sunday is 0; found `7`";
    crontab_impossible: whole("{configVersion: v1, schedule: [{crontab: '0 0 30 2 *'}]}") => "schedule[0].crontab: no date matches: none of the months has such a day";
    schedule_key: schedule("jqFilter: .") => "schedule[0].jqFilter: unknown key (known are name, crontab, allowFailure, includeSnapshotsFrom, queue, group)";
    schedule_queue_number: schedule("queue: 1") => "schedule[0].queue: expected a string, got a number (1) (quote it: \"1\")";
    schedule_flag_text: schedule("allowFailure: ok") => "schedule[0].allowFailure: expected a boolean, got \"ok\"";
    schedule_include_unknown_alone: schedule("includeSnapshotsFrom: pods") => "schedule[0].includeSnapshotsFrom: no kubernetes binding is named \"pods\"";
    crontab_number: whole("{configVersion: v1, schedule: [{crontab: 5}]}") => "schedule[0].crontab: expected a string, got a number (5) (quote it: \"5\")";
    crontab_unknown_word: whole("{configVersion: v1, schedule: [{crontab: '@reboot'}]}") => "schedule[0].crontab: expected @every, @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, found `@reboot`";
    settings_null: whole("{configVersion: v1, onStartup: 1, settings: null}") => "settings: expected a map, got null (leave the key out)";
    interval_unknown_unit: whole("{configVersion: v1, onStartup: 1, settings: {executionMinInterval: 30ks, executionBurst: 1}}") => "settings.executionMinInterval: expected a duration such as 90s, 5m or 1h30m, found `30ks`";
    burst_fraction: whole("{configVersion: v1, onStartup: 1, settings: {executionBurst: 1.5}}") => "settings.executionBurst: expected an integer, got a number (1.5)";
    order_list: whole("{configVersion: v1, onStartup: [1]}") => "onStartup: expected an integer, got a list";
    kubernetes_null: whole("{configVersion: v1, kubernetes: null}") => "kubernetes: expected a list, got null (leave the key out)";
    version_misspelt: whole("{configVrsion: v1, onStartup: 1}") => "configVrsion: unknown key (did you mean \"configVersion\"?)";
    schedule_includes_nothing: schedule("includeSnapshotsFrom: []") => "schedule[0].includeSnapshotsFrom: expected at least 1 item, got none (leave the key out)";
    schedule_includes_unknown: schedule("includeSnapshotsFrom: [pods]") => "schedule[0].includeSnapshotsFrom[0]: no kubernetes binding is named \"pods\"";
    key_twice: whole("configVersion: v1\nonStartup: 1\nonStartup: 2") => "the key `onStartup` is already set at line 2 (keep one of the two)";
    second_document: whole("configVersion: v1\nonStartup: 1\n---\na: 1") => "a second document begins here, where one is expected (remove the line `---` before it)";
}

#[test]
fn global_hooks_have_their_own_lifecycle() {
    let text = "{configVersion: v1, onStartup: 1, beforeAll: 2, afterAll: 3}";
    let config = parse_config("hook", text, Place::Global).unwrap();
    assert_eq!(orders(&config), "1 2 3");
    let text = "{configVersion: v1, afterHelm: 1}";
    assert_eq!(
        mistakes(text, Place::Global),
        ["afterHelm: unknown key (it is for hooks of modules)"]
    );
    let text = "{beforeAll: 2, afterAll: 3}";
    let config = parse_config("hook", text, Place::Global).unwrap();
    assert_eq!(orders(&config), "2 3");
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let rows = [
        (
            "{configVersion: v1, onStartup: 1, settings: {executionBurst: 5}}",
            "settings.executionBurst: has no effect without `executionMinInterval`",
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, resynchronizationPeriod: often}]}",
            "kubernetes[0].resynchronizationPeriod: has no effect: expected a duration such as 90s, 5m or 1h30m, found `often`",
        ),
        (
            "{configVersion: v1, settings: {executionMinInterval: 1s}}",
            "no binding is declared: the hook would never run",
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, waitForSynchronization: false}]}",
            "kubernetes[0].waitForSynchronization: has no effect without `queue`",
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, namespace: {nameSelector: {matchNames: [a]}, labelSelector: {matchLabels: {a: b}}}}]}",
            "kubernetes[0].namespace.nameSelector: has no effect beside `labelSelector`",
        ),
        (
            "{configVersion: v1, kubernetes: [{kind: Pod, nameSelector: {matchNames: [a, '']}}]}",
            "kubernetes[0].nameSelector.matchNames[1]: an empty name selects everything",
        ),
        (
            "{onKubernetesEvent: [{kind: pod}]}",
            "onKubernetesEvent[0]: runs for no event: `event` is missing",
        ),
        (
            "{schedule: [{crontab: '@daily', alowFailure: true}]}",
            "schedule[0].alowFailure: unknown key (did you mean \"allowFailure\"?)",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(warnings(text), [expected], "{text}");
    }
}
