//! What Helm answers to the same calls.
//!
//! A row is an expression and Helm's answer to it: the type and the value in Go's syntax, or the error.
//! Expressions are read by `expression.rs`, which knows calls, pipes, literals and `.Values`, and leaves
//! what Go checks before a call to the tests of the templates' language.

mod expression;

use super::{HelmVersion, all, find};
use crate::govalue::{Context, Error, Map, Still, Value, print};
use expression::evaluate;

/// What an expression gives, as the rows tell it.
fn answer(expression: &str) -> String {
    let world = Still::with(1 << 20);
    let context = Context { world: &world };
    let shown = evaluate(&context, expression)
        .and_then(|value| print::printf(&world, b"%T %#v", &[value.clone(), value]));
    match shown {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(Error::Failed(why)) => format!("error: {why}"),
        Err(Error::Told(why)) => format!("told: {why}"),
        Err(Error::Limit(why)) => format!("limit: {why}"),
    }
}

fn check(rows: &str) {
    let rows = rows.lines().filter(|row| !row.is_empty());
    let rows = rows.map(|row| row.split_once(" => ").unwrap());
    let mut wrong = Vec::new();
    for (expression, expected) in rows {
        let given = answer(expression);
        if given != expected {
            wrong.push(format!("{expression}\n  is  {given}\n  not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! families {
    ($($family:ident)*) => {
        $(#[test] fn $family() { check(include_str!(concat!(stringify!($family), ".txt"))); })*
    };
}

families! { date edges list logic map number pattern place reflect text }

#[test]
fn encoding() {
    check(include_str!("encoding/read.txt"));
    check(include_str!("encoding/toml.txt"));
}

#[test]
fn yaml() {
    check(include_str!("encoding/yaml.txt"));
}

#[test]
fn yaml_pretty() {
    check(include_str!("encoding/pretty.txt"));
}

#[test]
fn no_two_functions_have_one_name() {
    let mut names: Vec<_> = all().map(|function| function.name).collect();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_function_is_found_by_its_name() {
    for function in all() {
        let found = find(function.name, HelmVersion::V4);
        assert!(found.is_some_and(|found| found.name == function.name));
    }
    assert!(find("env", HelmVersion::V4).is_none());
}

#[test]
fn what_would_be_too_long_is_not_made() {
    for expression in [
        r#"repeat 9000000000 "ab""#,
        r#"indent 9000000000 "ab""#,
        "until 9000000000",
        "untilStep -9000000000000000000 9000000000000000000 3",
        "seq 9000000000",
        r#"replace "" "0123456789012345678901234567890123456789" (repeat 90000 "a")"#,
        r#"wrapWith 1 (repeat 1000 "a") (repeat 9000 "a")"#,
        "uniq (until 2000)",
    ] {
        assert_eq!(answer(expression), "limit: too many bytes", "{expression}");
    }
}

#[test]
fn maps_that_are_in_others_many_times_over_are_not_merged_for_ever() {
    let nested = || {
        (0..60).fold(Map::any(), |inner, _| {
            let outer = Map::any();
            outer.insert("l", Value::Map(inner.clone()));
            outer.insert("r", Value::Map(inner));
            outer
        })
    };
    let world = Still::with(1 << 20);
    let merge = find("mustMergeOverwrite", HelmVersion::V3).unwrap();
    let maps = [nested(), nested()].map(Value::Map);
    let given = (merge.call)(&Context { world: &world }, &maps);
    assert!(matches!(given, Err(Error::Limit(_))), "{given:?}");
}

#[test]
fn durations_of_helm_4_are_text_or_seconds() {
    for (expression, expected) in [
        ("mustToDuration 30 | toString", r#"string "30s""#),
        (r#"mustToDuration "1m30s" | toString"#, r#"string "1m30s""#),
        (r#"mustToDuration " 2.5 " | toString"#, r#"string "2.5s""#),
        (
            r#"mustToDuration (mustToDuration "1h") | toString"#,
            r#"string "1h0m0s""#,
        ),
        (
            r#"mustToDuration "foo""#,
            r#"error: could not parse duration "foo""#,
        ),
        (r#"mustToDuration """#, "error: empty duration"),
        ("mustToDuration nil", "error: invalid duration"),
        (r#"durationSeconds "1m30s""#, "float64 90"),
        ("durationSeconds nil", "float64 0"),
        ("durationMilliseconds 2.5", "int64 2500"),
        (r#"durationMicroseconds "1ms""#, "int64 1000"),
        (r#"durationNanoseconds "1us""#, "int64 1000"),
        (r#"durationMinutes "90s""#, "float64 1.5"),
        (r#"durationHours "90m""#, "float64 1.5"),
        (r#"durationDays "36h""#, "float64 1.5"),
        (r#"durationWeeks "84h""#, "float64 0.5"),
        (
            r#"durationRoundTo "2h13m" "30m" | toString"#,
            r#"string "2h0m0s""#,
        ),
        (
            r#"durationRoundTo "2h15m" "30m" | toString"#,
            r#"string "2h30m0s""#,
        ),
        (
            r#"durationRoundTo "-2h15m" "30m" | toString"#,
            r#"string "-2h30m0s""#,
        ),
        (
            r#"durationRoundTo "2h13m" nil | toString"#,
            r#"string "2h13m0s""#,
        ),
        (
            r#"durationTruncateTo "2h13m" "1h" | toString"#,
            r#"string "2h0m0s""#,
        ),
    ] {
        assert_eq!(answer(expression), expected, "{expression}");
    }
    assert!(find("mustToDuration", HelmVersion::V3).is_none());
    assert!(find("duration", HelmVersion::V3).is_some());
}

#[test]
fn now_is_what_the_world_says() {
    for (expression, expected) in [
        (
            r#"now | date "2006-01-02T15:04:05.000""#,
            r#"string "2024-05-06T07:08:09.123""#,
        ),
        (r#"date "2006" .Values.f"#, r#"string "2024""#),
        (
            r#"ago (toDate "2006-01-02" "2024-05-06")"#,
            r#"string "7h8m9s""#,
        ),
        ("ago 1714979000", r#"string "4m49s""#),
        (
            r#"durationRound (toDate "2006-01-02" "2024-03-06")"#,
            r#"string "2mo""#,
        ),
    ] {
        assert_eq!(answer(expression), expected, "{expression}");
    }
}
