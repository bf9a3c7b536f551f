//! Both readers read the same.

use proptest::prelude::*;
use serde_json::Value;

use crate::yaml::{Profile, read};

/// Reads a text both ways, with its places; whether it was simple.
fn is_same(text: &str) -> bool {
    let Some(node) = read::quick(text) else {
        return false;
    };
    assert_eq!(read::thorough(text, Profile::V2), Ok(node), "{text:?}");
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
        "a: \"x\n  y\n\n  z \\\n   w\"\nb: 'it''s\n    one'\n",
        "a: \"\\x41\\u00e9\\U0001F600\\e\\0\"\n- \"x\n y\"\n"
            .split("- ")
            .next()
            .unwrap(),
        "- \"x\n y\"\n- 'a\n\n b'\n",
        "a: >\n  x\n  y\n\n  z\n\n    w\n  v\n\nb: >-\n x\n y\nc: >+\n x\n\n",
        "a: >-\n   x\n    y\n   z",
        "a:\n  {}\nb:\n  null\nc:\n  two\n words\nd:\n  \"x\"\ne:\n  |\n  x\n- "
            .trim_end_matches("- "),
        "a: [\n  x, # c\n  {b: 1,\n c: [2,],\n}\n]\nd: {\n}\n",
        "a:\n b\n",
        "a: |\nb: >-\nc: |-",
        "-\n  x\n-\n  - [y]\n",
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
        "a: \"x\n---\n\"",
        "a: [\n--- ]",
        "a: [,]",
        "\"x\n y\": 1",
        "a: \"\\ud83d\"",
        "a: \"\\'\"",
        "? a\n: b",
        "a: 1\n---\nb: 2",
        "<<: {a: 1}",
        "null: 1",
        "a: .nan",
        "a: 1\n  b: 2",
        " a: 1\nb: 2",
        "a: @x",
        "a: \u{7f}",
        "a: x\u{85}y",
        "a: |2\n   x\n",
        "a: |\n\n    \n  x\n",
        "a: \"\\x4\"",
        "a: \"\\_\"",
        "%YAML 1.1\n---\na: 1",
        "a: 1\n...\n",
        "[a]: 1",
        "- a\nb: 1",
    ] {
        assert!(read::quick(text).is_none(), "{text:?}");
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
        ">+",
        "\"x",
        "\\",
        ",",
        "]",
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
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn any_text_is_read_the_same(text in any_text(), ends in any::<bool>()) {
        is_same(&if ends { text + "\n" } else { text });
    }
}
