//! Both readers read the same.

use proptest::prelude::*;
use serde_json::Value;

use super::{Build, read_simple};
use crate::yaml::{Profile, read_value};

struct Json;

impl Build for Json {
    type Value = Value;
    type Key = String;

    fn null(&mut self) -> Value {
        Value::Null
    }
    fn boolean(&mut self, truth: bool) -> Value {
        truth.into()
    }
    fn integer(&mut self, integer: i64) -> Value {
        integer.into()
    }
    fn float(&mut self, float: f64) -> Value {
        // As the other reader has them: whole ones are integers.
        format!("{float}")
            .parse::<i64>()
            .map_or_else(|_| float.into(), Value::from)
    }
    fn text(&mut self, text: &str) -> Value {
        text.into()
    }
    fn list(&mut self, items: Vec<Value>) -> Value {
        items.into()
    }
    fn key(&mut self, key: &str) -> String {
        key.to_owned()
    }
    fn map(&mut self, entries: Vec<(String, Value)>) -> Value {
        Value::Object(entries.into_iter().collect())
    }
}

/// Reads a text both ways; whether it was simple.
fn is_same(text: &str) -> bool {
    let Some(value) = read_simple(text, &mut Json) else {
        return false;
    };
    let other = read_value(text, Profile::V2);
    assert_eq!(other.as_ref(), Ok(&value), "{text:?}");
    true
}

#[test]
fn what_charts_write_is_simple() {
    for text in [
        "a: 1",
        "# c\n\n---\na: 1 # d\nb: two words\n",
        "a:\n  b:\n    - 1\n    - c: x\n      d: y\n  e:\nf: ~\n",
        "a:\n- b: 1\n  c:\n  - x\n  - - y\n    - z\n-\n- null\nd: e\n",
        "a: \"x: \\\"y\\\" # z\"\nb: 'it''s'\n'c d': {}\n\"e\": []\n",
        "a: |\n  x\n\n    y\n  # z\n\nb: |-\n  x\nc: |+\n  x\n\n",
        "a: |\n  x",
        "a: [1, x, \"y z\", {b: c, \"d\":[2]}]\n",
        "a: some words\n  go on\n\n  here\nb: 0644\n",
        "yes: 1\n1: 2\n1.5: on\n2001-01-01: 1e3\n",
        "- a\n- -1\n- http://x:80/y#z\n- x # c\n",
        "  a: 1\n  b: é\n",
        "{\"a\":{\"b\":[1,true,null]}}\n",
        "a: -0.0\nb: 12345678901234567890\nc: .5\n",
    ] {
        assert!(is_same(text), "{text:?}");
    }
}

#[test]
fn what_is_not_simple_is_left() {
    for text in [
        "",
        "a",
        "# c",
        "a: b: c",
        "a: [",
        "a: &x 1",
        "a: *x",
        "a: !x y",
        "a:\n\t- b",
        "a: >\n  x\n",
        "a: \"x\ny\"",
        "? a\n: b",
        "a: 1\n---\nb: 2",
        "<<: {a: 1}",
        "null: 1",
        "a: .nan",
        "a:\n b\n",
        "a: 1\n  b: 2",
        " a: 1\nb: 2",
        "a: @x",
        "a: \u{7f}",
        "a: x\u{85}y",
        "a: |2\n   x\n",
        "a: |\n\n    \n  x\n",
        "a: \"\\x41\"",
        "%YAML 1.1\n---\na: 1",
        "a: 1\n...\n",
        "[a]: 1",
        "- a\nb: 1",
    ] {
        assert!(read_simple(text, &mut Json).is_none(), "{text:?}");
    }
}

/// Every text of which it is known what Go makes of it.
#[test]
fn known_texts_are_read_the_same() {
    let cases: Value =
        serde_json::from_str(include_str!("../../../tests/data/yaml-oracle.json")).unwrap();
    let read = cases["read"].as_array().unwrap().iter();
    let written = cases["write"].as_array().unwrap().iter();
    let texts: Vec<&str> = read
        .chain(written)
        .filter_map(|row| row["text"].as_str())
        .collect();
    let simple = texts.iter().filter(|text| is_same(text)).count();
    assert!(simple > 600, "{simple}");
}

/// Lines of pieces that mean something to YAML.
fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a: ",
        "b:",
        "- ",
        "-",
        "x",
        "1",
        "yes",
        "|",
        "|-",
        "|+",
        ">",
        "# c",
        " # c",
        "#",
        "'q'",
        "\"d\"",
        "\"",
        "'",
        "[1, x]",
        "{a: 1}",
        "{}",
        "[]",
        "[",
        "}",
        ": ",
        ":",
        "? ",
        "&a ",
        "*a",
        "!t ",
        "~",
        "\t",
        "---",
        "...",
        "<<: ",
        ", ",
        "two words",
        "0x1",
        "  ",
        "é",
        "\\n",
        "2001-01-01",
        "-x",
        "?x",
        ":x",
    ]);
    let line = (0_usize..6, prop::collection::vec(pieces, 0..4));
    prop::collection::vec(line, 0..9).prop_map(|lines| {
        let lines: Vec<String> = lines
            .into_iter()
            .map(|(blanks, pieces)| " ".repeat(blanks) + &pieces.concat())
            .collect();
        lines.join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_text_is_read_the_same(text in any_text(), ends in any::<bool>()) {
        is_same(&if ends { text + "\n" } else { text });
    }
}
