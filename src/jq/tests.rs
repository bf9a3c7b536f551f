//! What filters answer, and what they may use up.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[derive(serde::Deserialize)]
struct Cases {
    rows: Vec<Row>,
}

/// A filter, an input, and what the reference answered: results, then perhaps an error.
#[derive(serde::Deserialize)]
struct Row {
    filter: String,
    input: String,
    output: Vec<String>,
    #[serde(default)]
    compile: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

fn answer(row: &Row) -> (Vec<String>, Option<String>, bool) {
    let filter = match Filter::compile(&row.filter) {
        Ok(filter) => filter,
        Err(Error::Compile { message, .. }) => return (Vec::new(), Some(message), true),
        Err(error) => panic!("{error}"),
    };
    let input = read_document(&row.input).expect("inputs are JSON");
    let mut machine = Machine::new(&filter.0.1, input, Meter::new(MOST_STEPS, MOST_BYTES));
    let mut output = Vec::new();
    loop {
        match machine.next() {
            Ok(Some(result)) => {
                let mut text = String::new();
                write_json(&result, &mut text);
                output.push(text);
            }
            Ok(None) | Err(Failure::Halt(None)) => return (output, None, false),
            Err(failure) => return (output, Some(failure.told()), false),
        }
    }
}

#[test]
fn filters_answer_as_the_reference() {
    let cases: Cases = serde_json::from_str(include_str!("../../tests/data/jq-cases.json"))
        .expect("the cases are JSON");
    let mut differing = Vec::new();
    for row in &cases.rows {
        if DIFFERENCES.iter().any(|(filter, _)| *filter == row.filter) {
            continue;
        }
        let (output, error, compiles) = answer(row);
        // Where a text cannot be read the words are our own: the reference says less.
        let same = match (&row.compile, &row.error) {
            (Some(_), _) => compiles,
            (None, expected) => !compiles && output == row.output && error == *expected,
        };
        if !same {
            differing.push(format!(
                "{}\n  ours      {output:?} {error:?}\n  reference {:?} {:?}{:?}",
                row.filter, row.output, row.error, row.compile
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "{} of {} differ:\n{}",
        differing.len(),
        cases.rows.len(),
        differing.join("\n")
    );
}

/// Filters whose answer differs, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("[leaf_paths?]", "we have it as jq does"),
    ("toarray", "we have it as jq does"),
    ("input", "there is one input only: refused when compiled"),
    ("inputs", "there is one input only: refused when compiled"),
    ("input?", "there is one input only: refused when compiled"),
    (
        "now|type",
        "a filter has no clock: the same input gives the same output",
    ),
    (
        "halt_error",
        "the reference's command line leaves out the words before the value",
    ),
    (
        "\"x\"|halt_error",
        "the reference's command line leaves out the words before the value",
    ),
    (
        "{\"a\":1}|halt_error",
        "the reference's command line leaves out the words before the value",
    ),
    (
        "-infinite",
        "the reference's command line takes it for a flag",
    ),
    ("\"abc\"|test(\"[\")", "words of another library"),
    ("\"1 2\"|fromjson", "we say what is wrong"),
    ("\"!!\"|@base64d", "words of another library"),
    ("\"x\"|strptime(\"%Y\")", "words of another library"),
];

#[test]
fn jq_functions_that_the_reference_lacks() {
    let rows = [
        ("@base32", "\"hello\"", "\"NBSWY3DP\""),
        ("@base32", "\"a\"", "\"ME======\""),
        ("@base32d", "\"NBSWY3DP\"", "\"hello\""),
        ("@base32d", "\"ME======\"", "\"a\""),
        ("trimstr(\"x\")", "\"xax\"", "\"a\""),
        ("toarray", "1", "[1]"),
        ("-infinite", "1", "-1.7976931348623157e308"),
        ("empty", "1", "null"),
        ("1, 2", "1", "[1,2]"),
    ];
    for (filter, input, output) in rows {
        let answer = Filter::compile(filter)
            .expect("compiles")
            .project(input)
            .expect("answers");
        let same: serde_json::Value = serde_json::from_str(output).expect("JSON");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&answer).expect("JSON"),
            same,
            "{filter}"
        );
    }
}

#[test]
fn mistakes_have_a_line_and_a_column() {
    let rows = [
        (".a |\n  foo", 2, 3, "function not defined: foo/0"),
        (".a[", 1, 4, "unexpected EOF"),
        ("é | $x", 1, 1, "unexpected token \"é\""),
        (". | $x", 1, 5, "variable not defined: $x"),
        ("{a: 1", 1, 6, "unexpected EOF, expected \"}\""),
        ("import \"a\" as a; .", 1, 1, "modules cannot be used here"),
    ];
    for (filter, line, column, message) in rows {
        let wrong = Error::Compile {
            line,
            column,
            message: message.to_owned(),
        };
        assert_eq!(
            Filter::compile(filter).expect_err(filter),
            wrong,
            "{filter}"
        );
    }
}

#[test]
fn endless_filters_come_to_an_end() {
    let filters = [
        "[range(1e12)]",
        "def f: f; f",
        "def f: 1 + f; f",
        "def f: f, f; f",
        "def f: f | f; f",
        "def f(g): f(g | g); f(.)",
        "[limit(1e9; repeat(1))]",
        "repeat(1)",
        "last(repeat(1))",
        "\"x\" * 1e8 | . + . | . + .",
        "[.[]? , repeat(\"x\" * 1000000)]",
        "reduce range(60) as $i (0; [., .])",
        "reduce range(1e9) as $i (0; [.])",
        "reduce range(60) as $i (\"x\"; . + .)",
        "reduce range(60) as $i ([0]; . + .)",
        "reduce range(1e6) as $i (2; . * .)",
        ".[100000000] = 1",
        "[recurse([.])]",
        "[range(3000)] | [.[] as $a | .[] as $b | .[] as $c | 1] | length",
        "last(path(recurse(.a)))",
        "try (def f: f; f) catch .",
        "(def f: f; f)? // 1",
        "until(false; .)",
        "[1] | until(false; . + .)",
    ];
    for text in filters {
        let filter = Filter::compile(text).expect("compiles");
        let begun = Instant::now();
        let answer = filter.project("null");
        assert!(
            matches!(answer, Err(Error::Limit(_))),
            "{text}: {:?}",
            answer.map(|a| a.len())
        );
        // Unoptimized builds take ten times as long as others.
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{text}: {:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn deep_filters_and_deep_inputs_are_refused() {
    for text in [
        "(".repeat(100_000),
        "[".repeat(100_000),
        "-".repeat(100_000),
        "1+".repeat(100_000) + "1",
        ".a".repeat(100_000),
        "1|".repeat(100_000) + "1",
        "1,".repeat(100_000) + "1",
        "\"\\(".repeat(100_000),
    ] {
        assert!(matches!(Filter::compile(&text), Err(Error::Compile { .. })));
    }
    let same = Filter::compile(".").expect("compiles");
    assert!(matches!(
        same.project(&"[".repeat(100_000)),
        Err(Error::Input(_))
    ));
    let deep = "[".repeat(512) + &"]".repeat(512);
    assert_eq!(same.project(&deep), Ok(deep));
}

#[test]
fn calls_at_the_end_need_no_room() {
    let filter =
        Filter::compile("last(range(100000)), (0 | until(. >= 100000; . + 1))").expect("compiles");
    assert_eq!(filter.project("null"), Ok("[99999,100000]".to_owned()));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\](){}.,|:;?/\"$@a-f0-9 +*=<>-]{0,40}", input in "[\\[\\]{}:,\"a0-9. -]{0,20}") {
        if let Ok(filter) = Filter::compile(&text) {
            _ = filter.project(&input);
            _ = filter.project("{\"a\":[1,{\"b\":null}]}");
        }
    }

    #[test]
    fn no_chain_of_functions_makes_it_panic(
        parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 1..6),
        input in proptest::sample::select(vec!["null", "0", "-1.5", "\"aé\"", "[1,[2,null]]", "{\"a\":{\"b\":[1]}}"]),
    ) {
        let text = parts.join(" | ");
        if let Ok(filter) = Filter::compile(&text) {
            _ = filter.project(input);
        }
    }
}

const PARTS: &[&str] = &[
    ".a",
    ".[0]",
    ".[]?",
    ".[1:]",
    ".[-1:]?",
    "keys?",
    "to_entries?",
    "add?",
    "length?",
    "[..]",
    "tojson",
    "fromjson?",
    "explode?",
    "implode?",
    "sort?",
    "group_by(.)?",
    "[paths]",
    "tostream",
    "del(.[0])?",
    ".a = 1?",
    "(.[0] |= 2)?",
    ".[5] = 1?",
    "test(\"a\")?",
    "[match(\"\"; \"g\")?]",
    "gsub(\"a\"; \"b\")?",
    "gmtime?",
    "mktime?",
    "todate?",
    "strftime(\"%Y %z %Q\")?",
    "@base64",
    "@base64d?",
    "@base32d?",
    "@urid?",
    "splits(\"a*\")?",
    "split(\"\")?",
    "indices(\"a\")?",
    "transpose?",
    "flatten?",
    "floor?",
    "frexp?",
    "modf?",
    "tonumber?",
    ". * 1e18?",
    ". % 3?",
    "-.?",
    "limit(2; .[]?)",
    "label $x | ., break $x",
    "1e400",
    "nan",
    "ldexp(.; 1e9)?",
    "9223372036854775807",
    ". + 1?",
    "walk(.)",
    "pick(.a)?",
    "combinations?",
    "abs?",
];
