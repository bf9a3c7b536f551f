//! `addon-operator jq` beside jq itself.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::PROGRAM;

/// Exit code, standard output, whether there is something on standard error.
fn run(program: &[&str], arguments: &[&str], input: &str) -> (Option<i32>, String, bool) {
    let mut child = Command::new(program[0])
        .args(&program[1..])
        .args(arguments)
        .env("JQ_TEST", "of the environment")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a program");
    let mut stdin = child.stdin.take().expect("an input");
    // A filter that needs no input does not wait for it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("an end");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.code(), stdout, !output.stderr.is_empty())
}

/// One row, one call: the arguments, the input, the exit code and what is printed.
#[rustfmt::skip]
const ROWS: &[(&[&str], &str, i32, &str)] = &[
    (&["."], r#"{"a":[1,{}],"b":[]}"#, 0, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}\n"),
    (&["-c", "."], "{\"a\": 1}\n[2] 3", 0, "{\"a\":1}\n[2]\n3\n"),
    (&["-r", ".a"], r#"{"a":"x\ny"}"#, 0, "x\ny\n"),
    (&["-j", ".[]"], r#"["a","b",1]"#, 0, "ab1"),
    (&["-rc", ".[]"], r#"["a",{"b":1}]"#, 0, "a\n{\"b\":1}\n"),
    (&["-e", ".a"], r#"{"a":false}"#, 1, "false\n"),
    (&["-e", ".a"], "{}", 1, "null\n"),
    (&["-e", ".a"], r#"{"a":0}"#, 0, "0\n"),
    (&["-e", "empty"], "{}", 4, ""),
    (&["-n", "1,2"], "", 0, "1\n2\n"),
    (&["-n", "-c", "[inputs]"], "1 2 3", 0, "[1,2,3]\n"),
    (&["-c", "[., input]"], "1 2 3 4", 0, "[1,2]\n[3,4]\n"),
    (&["-n", "reduce inputs as $n (0; . + $n)"], "1 2 3", 0, "6\n"),
    (&["-s", "-c", "."], "1 2", 0, "[1,2]\n"),
    (&["-s", "-c", "."], "", 0, "[]\n"),
    (&["-R", "."], "a\nb \"c\"", 0, "\"a\"\n\"b \\\"c\\\"\"\n"),
    (&["-Rs", "."], "a\nb\n", 0, "\"a\\nb\\n\"\n"),
    (&["-Rn", "-c", "[inputs]"], "a\nb", 0, "[\"a\",\"b\"]\n"),
    (&["--arg", "a", "1", "-n", "$a"], "", 0, "\"1\"\n"),
    (&["-n", "$a", "--arg", "a", "1"], "", 0, "\"1\"\n"),
    (&["--argjson", "a", "{\"b\":1}", "-n", "$a.b"], "", 0, "1\n"),
    (&["-n", "-c", "$ARGS", "--args", "a", "b"], "", 0, "{\"named\":{},\"positional\":[\"a\",\"b\"]}\n"),
    (&["-n", "-c", "$ARGS.positional", "--jsonargs", "1", "[2]"], "", 0, "[1,[2]]\n"),
    (&["-n", "-c", "$ARGS.named", "--arg", "x", "y"], "", 0, "{\"x\":\"y\"}\n"),
    (&["-n", "-r", "$ENV.JQ_TEST, env.JQ_TEST"], "", 0, "of the environment\nof the environment\n"),
    (&["--tab", "."], "[1]", 0, "[\n\t1\n]\n"),
    (&["--indent", "1", "."], "[1]", 0, "[\n 1\n]\n"),
    (&["-ac", "."], "\"é😀\"", 0, "\"\\u00e9\\ud83d\\ude00\"\n"),
    (&["--raw-output", "--compact-output", "."], "[1]", 0, "[1]\n"),
    (&["-S", "-c", "."], r#"{"b":1,"a":2}"#, 0, "{\"a\":2,\"b\":1}\n"),
    (&[".a"], "[1]", 5, ""),
    (&["-c", ".[0]"], "[1] 2 [3]", 5, "1\n3\n"),
    (&["1, error(\"x\")"], "null", 5, "1\n"),
    (&["1, halt, 2"], "null", 0, "1\n"),
    (&["halt_error"], "\"x\"", 5, ""),
    (&[".a["], "{}", 3, ""),
    (&["nothing"], "{}", 3, ""),
    (&["."], "{\"a\":", 2, ""),
    (&["-c", "."], "1 {", 2, "1\n"),
    (&["--no-such-option", "."], "", 2, ""),
    (&[".", "/no/such/file"], "", 2, ""),
];

#[test]
fn arguments_and_answers_are_those_of_jq() {
    for (arguments, input, code, printed) in ROWS {
        let ours = run(&[PROGRAM, "jq"], arguments, input);
        let is_failure = *code == 2 || *code == 3 || *code == 5;
        assert_eq!(
            ours,
            (Some(*code), (*printed).to_owned(), is_failure),
            "{arguments:?} on {input:?}"
        );
    }
    // What this machine has may be older or newer; what is printed of good input is the same.
    if Command::new("jq").arg("--version").output().is_ok() {
        for (arguments, input, code, printed) in ROWS.iter().filter(|row| row.2 < 2) {
            let theirs = run(&["jq", "-S"], arguments, input);
            assert_eq!(
                (theirs.0, theirs.1.as_str()),
                (Some(*code), *printed),
                "jq: {arguments:?} on {input:?}"
            );
        }
    }
}

#[test]
fn files_and_modules_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, text) in [
        ("a.json", "{\"a\": 1}"),
        ("b.json", "{\"a\": 2} {\"a\": 3}"),
        ("filter.jq", "# a comment\n.a + 1\n"),
        ("text", "one\ntwo\n"),
        ("m.jq", "def double: . * 2;"),
    ] {
        std::fs::write(path(name), text).expect("a file");
    }
    let (a, b, filter, text, here) = (
        path("a.json"),
        path("b.json"),
        path("filter.jq"),
        path("text"),
        path(""),
    );
    #[rustfmt::skip]
    let rows: &[(&[&str], &str)] = &[
        (&[".a", &a, &b], "1\n2\n3\n"),
        (&["-f", &filter, &a], "2\n"),
        (&["--slurpfile", "x", &b, "-n", "-c", "$x"], "[{\"a\":2},{\"a\":3}]\n"),
        (&["--rawfile", "x", &text, "-n", "$x"], "\"one\\ntwo\\n\"\n"),
        (&["-L", &here, "import \"m\" as m; .a | m::double", &b], "4\n6\n"),
        (&["-L", &here, "include \"m\"; .a | double", &a], "2\n"),
    ];
    for (arguments, printed) in rows {
        let ours = run(&[PROGRAM, "jq"], arguments, "");
        assert_eq!(
            ours,
            (Some(0), (*printed).to_owned(), false),
            "{arguments:?}"
        );
    }
    let mut command = Command::new(PROGRAM);
    command.args(["jq", "-n", "import \"m\" as m; 4 | m::double"]);
    let output = command
        .env("JQ_LIBRARY_PATH", path(""))
        .output()
        .expect("an end");
    assert_eq!(output.stdout, b"8\n");
}
