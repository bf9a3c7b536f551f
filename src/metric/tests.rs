//! Facts about the registry; exact texts were compared with those of the Go client library.

use std::collections::BTreeMap;
use std::error::Error as _;

use super::*;

fn registry() -> Registry {
    Registry::new("addon_operator_")
}

/// A sample of a group: `name`, `label=value` pairs, what to do.
fn sample(group: &str, name: &str, labels: &[(&str, &str)], change: Change) -> Operation {
    Operation::Write(Sample {
        name: name.to_owned(),
        labels: labels
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        group: (!group.is_empty()).then(|| group.to_owned()),
        change,
    })
}

fn observe(value: f64, buckets: &[f64]) -> Change {
    Change::Observe {
        value,
        buckets: buckets.to_vec(),
    }
}

fn refusals(errors: Vec<Error>) -> Vec<Refusal> {
    let reason = |error| match error {
        Error::Register { reason, .. } | Error::Write { reason, .. } => reason,
    };
    errors.into_iter().map(reason).collect()
}

#[test]
fn families_and_series_are_sorted_and_complete() {
    let registry = registry();
    let runs = registry
        .counter("{PREFIX}runs_total", "Runs.", &["module", "hook"])
        .unwrap();
    let ticks = registry
        .counter("{PREFIX}live_ticks", "Ticks.", &[])
        .unwrap();
    let length = registry
        .gauge("d8_telemetry_{PREFIX}length", "Length.", &["queue"])
        .unwrap();
    registry
        .gauge("{PREFIX}unused", "No series, no lines.", &["queue"])
        .unwrap();
    runs.with(&["b", "x"]).add(2.5);
    runs.with(&["a", "y"]).increment();
    ticks.with(&[]).increment();
    length.with(&["main"]).set(-3.0);
    assert_eq!(
        registry.text(),
        "# HELP addon_operator_live_ticks Ticks.\n\
         # TYPE addon_operator_live_ticks counter\n\
         addon_operator_live_ticks 1\n\
         # HELP addon_operator_runs_total Runs.\n\
         # TYPE addon_operator_runs_total counter\n\
         addon_operator_runs_total{hook=\"x\",module=\"b\"} 2.5\n\
         addon_operator_runs_total{hook=\"y\",module=\"a\"} 1\n\
         # HELP d8_telemetry_addon_operator_length Length.\n\
         # TYPE d8_telemetry_addon_operator_length gauge\n\
         d8_telemetry_addon_operator_length{queue=\"main\"} -3\n"
    );
}

#[test]
fn histogram_counts_upwards_to_infinity() {
    let registry = registry();
    let seconds = registry
        .histogram("h_seconds", "h", &["z", "b"], &[0.0, 0.001, 1.0, 2.5e6])
        .unwrap();
    for value in [0.001, 5e7, f64::NAN] {
        seconds.with(&["1", "2"]).observe(value);
    }
    seconds.with(&["0", "3"]).observe(-1.0);
    registry
        .histogram("a_h", "", &[], &[0.5, f64::INFINITY])
        .unwrap()
        .with(&[]);
    assert_eq!(
        registry.text(),
        "# HELP a_h \n\
         # TYPE a_h histogram\n\
         a_h_bucket{le=\"0.5\"} 0\n\
         a_h_bucket{le=\"+Inf\"} 0\n\
         a_h_sum 0\n\
         a_h_count 0\n\
         # HELP h_seconds h\n\
         # TYPE h_seconds histogram\n\
         h_seconds_bucket{b=\"2\",z=\"1\",le=\"0\"} 0\n\
         h_seconds_bucket{b=\"2\",z=\"1\",le=\"0.001\"} 1\n\
         h_seconds_bucket{b=\"2\",z=\"1\",le=\"1\"} 1\n\
         h_seconds_bucket{b=\"2\",z=\"1\",le=\"2.5e+06\"} 1\n\
         h_seconds_bucket{b=\"2\",z=\"1\",le=\"+Inf\"} 2\n\
         h_seconds_sum{b=\"2\",z=\"1\"} 5.0000000001e+07\n\
         h_seconds_count{b=\"2\",z=\"1\"} 2\n\
         h_seconds_bucket{b=\"3\",z=\"0\",le=\"0\"} 1\n\
         h_seconds_bucket{b=\"3\",z=\"0\",le=\"0.001\"} 1\n\
         h_seconds_bucket{b=\"3\",z=\"0\",le=\"1\"} 1\n\
         h_seconds_bucket{b=\"3\",z=\"0\",le=\"2.5e+06\"} 1\n\
         h_seconds_bucket{b=\"3\",z=\"0\",le=\"+Inf\"} 1\n\
         h_seconds_sum{b=\"3\",z=\"0\"} -1\n\
         h_seconds_count{b=\"3\",z=\"0\"} 1\n"
    );
    assert_eq!(seconds.with(&["1", "2"]).count(), 2);
}

#[test]
fn help_and_label_values_are_escaped() {
    let registry = registry();
    let gauge = registry
        .gauge("g", "a \\ back\nnew \"quote\"", &["v"])
        .unwrap();
    gauge.with(&["r\\\"\n\tü"]).set(1.0);
    gauge.with(&[""]).set(2.0);
    assert_eq!(
        registry.text(),
        "# HELP g a \\\\ back\\nnew \"quote\"\n\
         # TYPE g gauge\n\
         g{v=\"\"} 2\n\
         g{v=\"r\\\\\\\"\\n\tü\"} 1\n"
    );
}

#[test]
fn label_set_grows_and_old_handles_stay_good() {
    let registry = registry();
    let old = registry.counter("c", "first help", &["m"]).unwrap();
    let handle = old.with(&["1"]);
    let new = registry
        .counter("c", "other help", &["a", "z", "m"])
        .unwrap();
    new.with(&["x", "y", "1"]).increment();
    handle.increment();
    old.with(&["1"]).increment();
    assert_eq!(
        registry.text(),
        "# HELP c first help\n\
         # TYPE c counter\n\
         c{a=\"\",m=\"1\",z=\"\"} 2\n\
         c{a=\"x\",m=\"1\",z=\"y\"} 1\n"
    );
}

#[test]
fn removed_series_is_not_shown_until_taken_anew() {
    let registry = registry();
    let info = registry.gauge("info", "", &["module"]).unwrap();
    let first = info.with(&["a"]);
    info.with(&["b"]).set(1.0);
    info.remove(&["a"]);
    first.set(5.0);
    assert_eq!(
        registry.text(),
        "# HELP info \n# TYPE info gauge\ninfo{module=\"b\"} 1\n"
    );
    info.clear();
    assert_eq!(registry.text(), "");
    assert_eq!(info.with(&["a"]).value().to_bits(), 0.0_f64.to_bits());
}

#[test]
fn counter_takes_no_step_back() {
    let counter = registry().counter("c", "", &[]).unwrap().with(&[]);
    for amount in [1.5, -1.0, f64::NAN] {
        counter.add(amount);
    }
    assert_eq!(counter.value().to_bits(), 1.5_f64.to_bits());
}

#[test]
fn bad_registrations_are_refused_with_their_reason() {
    let registry = registry();
    registry.counter("taken", "", &[]).unwrap();
    registry.histogram("h", "", &[], &[1.0]).unwrap();
    registry.gauge("late_count", "", &[]).unwrap();
    let histogram = |name, buckets: &[f64]| registry.histogram(name, "", &[], buckets).err();
    let labelled = |label| registry.gauge("g", "", &[label]).err();
    let rows = [
        (registry.counter("", "", &[]).err(), Refusal::BadName),
        (registry.counter("1a", "", &[]).err(), Refusal::BadName),
        (registry.counter("a-b", "", &[]).err(), Refusal::BadName),
        (labelled(""), Refusal::BadLabel(String::new())),
        (labelled("a:b"), Refusal::BadLabel("a:b".to_owned())),
        (
            labelled("__name__"),
            Refusal::BadLabel("__name__".to_owned()),
        ),
        (
            registry.histogram("g", "", &["le"], &[1.0]).err(),
            Refusal::BadLabel("le".to_owned()),
        ),
        (
            registry.gauge("g", "", &["a", "a"]).err(),
            Refusal::RepeatedLabel("a".to_owned()),
        ),
        (
            registry.gauge("taken", "", &[]).err(),
            Refusal::OtherType("counter"),
        ),
        (histogram("taken", &[1.0]), Refusal::OtherType("counter")),
        (
            registry.counter("h", "", &[]).err(),
            Refusal::OtherType("histogram"),
        ),
        (histogram("h", &[1.0, 2.0]), Refusal::OtherBuckets),
        (histogram("g", &[]), Refusal::BadBuckets),
        (histogram("g", &[f64::INFINITY]), Refusal::BadBuckets),
        (histogram("g", &[2.0, 1.0]), Refusal::BadBuckets),
        (histogram("g", &[1.0, 1.0]), Refusal::BadBuckets),
        (histogram("g", &[1.0, f64::NAN]), Refusal::BadBuckets),
        (
            registry.counter("h_sum", "", &[]).err(),
            Refusal::Ambiguous("h".to_owned()),
        ),
        (
            histogram("late", &[1.0]),
            Refusal::Ambiguous("late_count".to_owned()),
        ),
    ];
    for (given, wanted) in rows {
        assert_eq!(refusals(given.into_iter().collect()), [wanted]);
    }
}

#[test]
fn error_names_the_metric_and_keeps_the_reason_apart() {
    let registry = registry();
    registry.counter("{PREFIX}x", "", &[]).unwrap();
    let error = registry.gauge("{PREFIX}x", "", &[]).unwrap_err();
    assert_eq!(error.to_string(), "registering metric \"addon_operator_x\"");
    assert_eq!(
        error.source().unwrap().to_string(),
        "it is a counter already"
    );
}

#[test]
fn series_over_the_limit_are_counted_and_not_kept() {
    let registry = Registry::with_series_limit("p_", 2);
    let gauge = registry.gauge("g", "", &["pod"]).unwrap();
    for pod in ["a", "b", "c", "d", "a"] {
        gauge.with(&[pod]).add(1.0);
    }
    assert_eq!(
        registry.text(),
        "# HELP g \n\
         # TYPE g gauge\n\
         g{pod=\"a\"} 2\n\
         g{pod=\"b\"} 1\n\
         # HELP p_metric_dropped_total Uses of series that were not kept because their metric has too many.\n\
         # TYPE p_metric_dropped_total counter\n\
         p_metric_dropped_total{metric=\"g\"} 2\n"
    );
}

#[test]
fn group_holds_what_its_last_run_wrote() {
    let registry = registry();
    let run = |operations: &[Operation]| {
        assert_eq!(registry.write(operations), []);
        registry.text()
    };
    run(&[
        sample("a", "c", &[("n", "1")], Change::Add(1.0)),
        sample("a", "c", &[("n", "1")], Change::Add(0.5)),
        sample("b", "c", &[("n", "2")], Change::Add(7.0)),
        sample("", "kept", &[], Change::Add(1.0)),
    ]);
    let second = run(&[
        sample("a", "c", &[("n", "1")], Change::Add(1.0)),
        sample("", "kept", &[], Change::Add(1.0)),
    ]);
    assert_eq!(
        second,
        "# HELP c \n# TYPE c counter\nc{n=\"1\"} 1\nc{n=\"2\"} 7\n\
         # HELP kept \n# TYPE kept counter\nkept 2\n"
    );
    assert_eq!(
        run(&[]),
        second,
        "a run that asks for nothing expires nothing"
    );
    let expired = run(&[
        Operation::Expire {
            group: "a".to_owned(),
        },
        Operation::Expire {
            group: "b".to_owned(),
        },
    ]);
    assert_eq!(expired, "# HELP kept \n# TYPE kept counter\nkept 2\n");
}

#[test]
fn expire_among_samples_removes_what_stands_before_it() {
    let registry = registry();
    let expire = Operation::Expire {
        group: "g".to_owned(),
    };
    let operations = [
        sample("g", "a", &[], Change::Set(1.0)),
        sample("h", "b", &[], Change::Set(2.0)),
        sample("", "k", &[], Change::Set(3.0)),
        expire,
        sample("g", "c", &[], Change::Set(4.0)),
    ];
    assert_eq!(registry.write(&operations), []);
    assert_eq!(
        registry.text(),
        "# HELP b \n# TYPE b gauge\nb 2\n# HELP c \n# TYPE c gauge\nc 4\n\
         # HELP k \n# TYPE k gauge\nk 3\n"
    );
}

#[test]
fn fractions_of_a_counter_are_kept() {
    let registry = registry();
    for _ in 0..3 {
        registry.write(&[sample("", "c", &[], Change::Add(0.5))]);
    }
    assert_eq!(registry.text(), "# HELP c \n# TYPE c counter\nc 1.5\n");
}

#[test]
fn many_series_of_one_run_are_cut_at_the_limit_and_told() {
    let registry = Registry::with_series_limit("p_", 3);
    let operations: Vec<Operation> = (0..5)
        .map(|number: u8| sample("g", "c", &[("pod", &number.to_string())], Change::Add(1.0)))
        .collect();
    for _ in 0..2 {
        let errors = registry.write(&operations);
        assert_eq!(
            refusals(errors),
            [Refusal::TooManySeries(3), Refusal::TooManySeries(3)]
        );
    }
    assert_eq!(registry.text().matches("\nc{").count(), 3);
    assert!(
        registry
            .text()
            .contains("p_metric_dropped_total{metric=\"c\"} 4\n")
    );
}

#[test]
fn operations_of_all_types_share_families_with_grown_labels() {
    let registry = registry();
    let errors = registry.write(&[
        sample("g", "gauge", &[("a", "1")], Change::Set(4.0)),
        sample("g", "gauge", &[("b", "2")], Change::Set(5.0)),
        sample("g", "h", &[], observe(1.0, &[1.0, 2.0])),
        sample("g", "h", &[], observe(3.0, &[9.0])),
    ]);
    assert_eq!(errors, []);
    assert_eq!(
        registry.text(),
        "# HELP gauge \n\
         # TYPE gauge gauge\n\
         gauge{a=\"\",b=\"2\"} 5\n\
         gauge{a=\"1\",b=\"\"} 4\n\
         # HELP h \n\
         # TYPE h histogram\n\
         h_bucket{le=\"1\"} 1\n\
         h_bucket{le=\"2\"} 1\n\
         h_bucket{le=\"+Inf\"} 2\n\
         h_sum 4\n\
         h_count 2\n"
    );
}

#[test]
fn refused_operation_leaves_the_others_in_effect() {
    let registry = Registry::with_series_limit("", 2);
    let labels: BTreeMap<String, String> =
        (0..65).map(|n| (format!("l{n}"), String::new())).collect();
    let labels: Vec<(&str, &str)> = labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let errors = registry.write(&[
        sample("g", "c", &[], Change::Add(1.0)),
        sample("g", "c", &[], Change::Set(1.0)),
        sample("g", "c", &[], Change::Add(-1.0)),
        sample("g", "c d", &[], Change::Add(1.0)),
        sample("g", "h", &[], observe(f64::NAN, &[1.0])),
        sample("g", "h", &[], observe(1.0, &[])),
        sample("g", "many", &labels, Change::Add(1.0)),
        sample("g", "c", &[("n", "1")], Change::Add(1.0)),
        sample("g", "c", &[("n", "2")], Change::Add(1.0)),
        sample("g", "last", &[], Change::Set(1.0)),
    ]);
    assert_eq!(
        refusals(errors),
        [
            Refusal::OtherType("counter"),
            Refusal::BadValue,
            Refusal::BadName,
            Refusal::BadValue,
            Refusal::BadBuckets,
            Refusal::TooManyLabels(64),
            Refusal::TooManySeries(2),
        ]
    );
    assert!(registry.text().contains("\nlast 1\n"));
    let free = registry.gauge("many", "", &[]);
    assert!(free.is_ok(), "a family that holds nothing is forgotten");
}

#[test]
fn expired_name_can_come_back_as_another_type() {
    let registry = registry();
    assert_eq!(
        registry.write(&[sample("g", "x", &[("a", "1")], Change::Add(1.0))]),
        []
    );
    let other = registry.write(&[sample("h", "x", &[], Change::Set(2.0))]);
    assert_eq!(
        refusals(other),
        [Refusal::OtherType("counter")],
        "group g still holds it"
    );
    assert_eq!(
        registry.write(&[sample("g", "x", &[], Change::Set(2.0))]),
        []
    );
    assert_eq!(registry.text(), "# HELP x \n# TYPE x gauge\nx 2\n");
}

#[test]
fn updates_of_many_threads_all_count() {
    let registry = registry();
    let family = registry.counter("c", "", &["n"]).unwrap();
    let times = registry.histogram("h", "", &[], &TIME_BUCKETS).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    family.with(&["1"]).increment();
                    times.with(&[]).observe(0.25);
                }
            });
        }
    });
    assert!(registry.text().contains("c{n=\"1\"} 4000\n"));
    assert_eq!(
        (times.with(&[]).count(), times.with(&[]).sum().to_bits()),
        (4000, 1000.0_f64.to_bits())
    );
}
