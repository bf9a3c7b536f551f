use std::rc::Rc;

use minijinja::{Environment, context};

use super::with_world;
use crate::function::{all, own};
use crate::govalue::Still;

fn render(template: &str) -> Result<String, String> {
    let mut environment = Environment::new();
    for function in all() {
        environment.add_function(function.name, |values: &[minijinja::Value]| {
            let given = function.call(values);
            given.map_err(|error| {
                minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string())
            })
        });
        environment.add_filter(function.name, |values: &[minijinja::Value]| {
            let given = function.call_piped(values);
            given.map_err(|error| {
                minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string())
            })
        });
    }
    environment
        .render_str(template, context! { none => () })
        .map_err(|error| error.detail().unwrap_or_default().to_owned())
}

#[test]
fn functions_of_sprig_are_called_and_piped_into() {
    for (template, expected) in [
        (r#"{{ snakecase("FirstName") }}"#, "first_name"),
        (r#"{{ "FirstName" | kebabcase }}"#, "first-name"),
        (r#"{{ "a,b" | split(",") }}"#, r#"{"_0":"a","_1":"b"}"#),
        ("{{ [1, 2, 3] | slice(1) }}", "[2, 3]"),
        ("{{ [1, 2, 3] | mustWithout(2) }}", "[1, 3]"),
        ("{{ rest([1, 2, 3]) }}", "[2, 3]"),
        ("{{ 1.5 | addf(2) }}", "3.5"),
        ("{{ chunk(2, [1, 2, 3]) }}", "[[1, 2], [3]]"),
        (r#"{{ set({"a": 1}, "b", 2).b }}"#, "2"),
        (r#"{{ "v1" | mustRegexReplaceAll("v", "w") }}"#, "w1"),
        (r#"{{ urlParse("http://h:1/p").host }}"#, "h:1"),
        (r#"{{ semver("v1.2.3-rc.1") }}"#, "1.2.3-rc.1"),
        (r#"{{ semver("v1.2.3").Minor }}"#, "2"),
        (r#"{{ semver("1.2.3").Compare(semver("1.3.0")) }}"#, "-1"),
        (
            r#"{{ toDate("2006-01-02", "2024-03-01") | date("02.01.06") }}"#,
            "01.03.24",
        ),
        (
            r#"{{ toDate("2006-01-02", "2024-03-01") | dateModify("-1h") | unixEpoch }}"#,
            "1709247600",
        ),
        (r#"{{ toDate("2006-01-02", "2024-03-01").Year }}"#, "2024"),
        (r#"{{ mustToDuration("90s") }}"#, "1m30s"),
        (r#"{{ toString(any(0, "", 1)) }}"#, "true"),
        (r#"{{ nospace("a b") }}"#, "ab"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_a_function_does_not_take_is_told() {
    for (template, expected) in [
        (
            "{{ snakecase(1) }}",
            "snakecase(text): text must be a string, got a whole number",
        ),
        ("{{ snakecase() }}", "snakecase(text) was given 0 arguments"),
        (
            r#"{{ abbrev("a", "b") }}"#,
            "abbrev(number, text): number must be a whole number, got a string",
        ),
        (
            r#"{{ rest("a") }}"#,
            "rest(value): Cannot find rest on type string",
        ),
        (
            "{{ unixEpoch(1) }}",
            "unixEpoch(object): object must be a time, got a whole number",
        ),
        (
            "{{ seq(9000000000) }}",
            "seq(number…): the result would become too long",
        ),
        (
            "{{ now() }}",
            "now(): what it gives changes, and is not known here",
        ),
        (
            r#"{{ lookup("v1", "Pod", "a", "b") }}"#,
            "lookup(text, text, text, text): the cluster is not known here",
        ),
    ] {
        assert_eq!(render(template).unwrap_err(), expected, "{template}");
    }
}

#[test]
fn world_is_asked_while_it_is_there() {
    for (template, expected) in [
        (r#"{{ now() | date("2006-01-02") }}"#, "2024-05-06"),
        (r#"{{ lookup("v1", "Pod", "a", "b").kind }}"#, "Pod"),
        ("{{ ago(1) }}", "drawn before"),
    ] {
        let given = with_world(Rc::new(Still::drawn("ago", "drawn before")), || {
            render(template)
        });
        assert_eq!(given.as_deref(), Ok(expected), "{template}");
    }
    assert!(render("{{ now() }}").is_err());
}

#[test]
fn own_forms_come_before_those_of_sprig() {
    for function in own() {
        let same = all().filter(|other| other.name == function.name);
        assert_eq!(same.count(), 1, "{}", function.name);
    }
    assert!(all().count() > 150);
}
