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
    ("keys_unsorted", "we have it as jq does"),
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
        ("import \"a\" as a; .", 1, 1, "module not found: \"a\""),
        (
            "include \"b\";\nimport \"a\" as a; .",
            1,
            1,
            "module not found: \"b\"",
        ),
        (
            "module 1; .",
            1,
            8,
            "unexpected token \"1\", expected \"{\"",
        ),
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

#[derive(serde::Deserialize)]
struct ModuleCases {
    files: std::collections::BTreeMap<String, String>,
    rows: Vec<ModuleRow>,
}

#[derive(serde::Deserialize)]
struct ModuleRow {
    folders: Vec<String>,
    #[serde(flatten)]
    row: Row,
}

/// A library of files in memory; `..` and `.` in a path count as they do on disk.
fn library(files: &[(&str, &str)], folders: &[String]) -> Library {
    let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let files: std::collections::BTreeMap<_, _> = files.iter().map(own).collect();
    Library::new(folders.to_vec(), move |path| {
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "." | "" => {}
                ".." => _ = parts.pop(),
                part => parts.push(part),
            }
        }
        Ok(files.get(&parts.join("/")).cloned())
    })
}

#[test]
fn modules_are_found_and_named_as_the_reference_does() {
    let cases: ModuleCases = serde_json::from_str(include_str!("../../tests/data/jq-modules.json"))
        .expect("the cases are JSON");
    let files = cases.files.iter();
    let files: Vec<_> = files
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    for ModuleRow { folders, row } in &cases.rows {
        let filter = Filter::compile_with(&row.filter, &library(&files, folders));
        let (filter, compile) = match (filter, &row.compile) {
            (Ok(filter), None) => (filter, None),
            (Err(Error::Compile { message, .. }), Some(compile)) => {
                (Filter::compile(".").expect("."), Some((message, compile)))
            }
            (answer, _) => panic!("{folders:?} {}: {answer:?}", row.filter),
        };
        if let Some((ours, theirs)) = compile {
            // Ours names the file and the place in it.
            let is_same = ours.ends_with(theirs.as_str()) || theirs.contains("invalid");
            assert!(is_same, "{}: {ours}, not {theirs}", row.filter);
            continue;
        }
        let input = read_document(&row.input).expect("inputs are JSON");
        let meter = Meter::new(MOST_STEPS, MOST_BYTES);
        let mut machine = Machine::new(&filter.0.1, input, meter);
        let (mut output, mut error) = (Vec::new(), None);
        loop {
            match machine.next() {
                Ok(Some(result)) => {
                    let mut text = String::new();
                    write_json(&result, &mut text);
                    output.push(text);
                }
                Ok(None) => break,
                Err(failure) => {
                    error = Some(failure.told());
                    break;
                }
            }
        }
        assert_eq!(
            (&output, &error),
            (&row.output, &row.error),
            "{folders:?} {}",
            row.filter
        );
    }
}

#[test]
fn mistakes_in_modules_name_the_file_and_the_place() {
    let files = [
        ("m/bad.jq", "def f:\n  .a[;\n"),
        ("m/unknown.jq", "def f: no_such;"),
        ("m/loop.jq", "import \"loop\" as l;"),
        ("m/bad.json", "{"),
    ];
    for (name, message) in [
        (
            "import \"bad\" as b; .",
            "m/bad.jq, line 2, column 6: unexpected token \";\"",
        ),
        (
            "import \"unknown\" as b; .",
            "m/unknown.jq, line 1, column 8: function not defined: no_such/0",
        ),
        (
            "import \"loop\" as b; .",
            "m/loop.jq: modules import each other, or one another more than 20 deep",
        ),
        ("import \"bad\" as $b; .", "m/bad.json: unexpected EOF"),
    ] {
        let library = library(&files, &["m".to_owned()]);
        let Err(Error::Compile {
            line,
            column,
            message: told,
        }) = Filter::compile_with(name, &library)
        else {
            panic!("{name} compiles")
        };
        assert_eq!((line, column, told.as_str()), (1, 1, message));
    }
    let unreadable = Library::new(
        vec!["m".to_owned()],
        |_| Err("permission denied".to_owned()),
    );
    let told = Filter::compile_with("import \"x\" as x; .", &unreadable).expect_err("it fails");
    assert_eq!(
        told.to_string(),
        "line 1, column 1: m/x.jq: permission denied"
    );
}

#[test]
fn a_filter_is_another_one_when_its_modules_are() {
    let with = |text: &str| {
        let library = library(&[("m/a.jq", text)], &["m".to_owned()]);
        Filter::compile_with("import \"a\" as a; a::f", &library).expect("compiles")
    };
    let (one, two) = (with("def f: 1;"), with("def f: 2;"));
    assert_eq!(one, with("def f: 1;"));
    assert_ne!(one, two);
    assert_ne!(one.cmp(&two), Ordering::Equal);
    assert_eq!(
        (one.project("0"), two.project("0")),
        (Ok("1".to_owned()), Ok("2".to_owned()))
    );
}

#[test]
fn a_shell_has_variables_an_environment_and_many_inputs() {
    let given = Variables {
        texts: vec![("a".to_owned(), "x".to_owned())],
        json: vec![("b".to_owned(), "[1]".to_owned())],
        positional: vec!["true".to_owned()],
        environment: [("HOME".to_owned(), "/h".to_owned())].into(),
    };
    let run = |filter: &str, inputs: Inputs| {
        let command = Command::compile(filter, &Library::default(), &given).expect(filter);
        let mut answers = Vec::new();
        let ran = command.run(inputs, |answer| {
            answers.push(match answer {
                Answer::Result { json, .. } => json,
                Answer::Failed(why) => format!("failed: {why}"),
                Answer::Halted(said) => format!("halted: {said:?}"),
            });
        });
        (answers.join(" "), ran.is_ok())
    };
    let each = |text: &str| Inputs::Each(text.to_owned());
    for (filter, inputs, answers, is_ok) in [
        (
            "[$a, $b, $ARGS.positional]",
            each("0"),
            r#"["x",[1],[true]]"#,
            true,
        ),
        ("$ENV.HOME, env.HOME", each("0"), r#""/h" "/h""#, true),
        (
            "[., input]",
            each("1 2 3"),
            "[1,2] failed: No more inputs",
            true,
        ),
        (
            ". + 1",
            each("1 \"a\" 2"),
            r#"2 failed: cannot add: string ("a") and number (1) 3"#,
            true,
        ),
        ("halt, 1", each("1 2"), "halted: None", true),
        ("halt_error", each("\"x\" 2"), r#"halted: Some("x")"#, true),
        (".", each("1 {"), "1", false),
        (
            "[., inputs]",
            Inputs::Null("1 2".to_owned()),
            "[null,1,2]",
            true,
        ),
        (".", Inputs::Slurped("1 {".to_owned()), "", false),
        // Nothing bounds it.
        (
            "reduce range(3000000) as $i (0; . + 1)",
            each("0"),
            "3000000",
            true,
        ),
    ] {
        assert_eq!(run(filter, inputs), (answers.to_owned(), is_ok), "{filter}");
    }
    let unnamed = Command::compile("$c", &Library::default(), &given);
    assert!(matches!(unnamed, Err(Error::Compile { .. })));
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
