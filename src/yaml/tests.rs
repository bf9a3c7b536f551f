//! What Kubernetes' own tools make of texts and values, and laws.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// 208 texts and what `kubectl` answered.
#[test]
fn kubectl_reads_the_same() {
    let file: Value =
        serde_json::from_str(include_str!("../../tests/data/yaml-cases.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 208);
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn difference(case: &Value) -> Option<String> {
    let read: Result<Vec<Value>, Error> = documents(case["yaml"].as_str()?)
        .iter()
        .map(|document| read_value(document.text, Profile::V2))
        .collect();
    let is_right = match (&read, case.get("documents").and_then(Value::as_array)) {
        (Ok(read), Some(expected)) => {
            read.len() == expected.len()
                && read
                    .iter()
                    .zip(expected)
                    .all(|(read, expected)| is_same(read, expected))
        }
        (Err(_), None) => true,
        _ => false,
    };
    (!is_right).then(|| format!("{}: {read:?}", case["name"]))
}

/// Compares with what `kubectl annotate` printed, without the annotation it was asked to add.
fn is_same(read: &Value, printed: &Value) -> bool {
    let printed = printed.as_str().unwrap_or_default();
    let expected = printed.replacen("\"annotations\":{\"zz\":\"1\"},", "", 1);
    assert_ne!(expected, printed, "the annotation is always there");
    match serde_json::from_str::<Value>(&expected) {
        Ok(expected) => *read == as_kubernetes(expected),
        // Nested deeper than the JSON reader goes.
        Err(_) => serde_json::to_string(read).unwrap() == expected,
    }
}

/// Integers beyond 64 signed bits are floats for Kubernetes, and whole floats within them integers.
fn as_kubernetes(value: Value) -> Value {
    match value {
        Value::Number(number) if !number.is_i64() => {
            let float = number.as_f64().unwrap();
            format!("{float}")
                .parse::<i64>()
                .map_or(float.into(), Value::from)
        }
        Value::Array(items) => items.into_iter().map(as_kubernetes).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (key, as_kubernetes(value)))
            .collect(),
        other => other,
    }
}

fn oracle() -> Value {
    serde_json::from_str(include_str!("../../tests/data/yaml-oracle.json")).unwrap()
}

#[test]
fn go_writes_the_same() {
    let oracle = oracle();
    let rows = oracle["write"].as_array().unwrap();
    assert!(rows.len() > 900);
    for row in rows {
        assert_eq!(write(&row["value"]), row["text"].as_str().unwrap(), "{row}");
    }
}

#[test]
fn go_reads_the_same() {
    let oracle = oracle();
    let rows = oracle["read"].as_array().unwrap();
    assert!(rows.len() > 300);
    for row in rows {
        let text = row["text"].as_str().unwrap();
        for (profile, expected) in [(Profile::V2, &row["v2"]), (Profile::V3, &row["v3"])] {
            let expected = expected.get("value").cloned().map(as_kubernetes);
            assert_eq!(
                read_value(text, profile).ok(),
                expected,
                "{profile:?} {row}"
            );
        }
    }
}

/// The words of go-yaml are part of what Helm prints.
#[test]
fn errors_can_be_told_in_the_words_of_go() {
    let oracle = oracle();
    let rows = oracle["read"].as_array().unwrap().iter();
    let (mut same, mut other) = (0, Vec::new());
    for row in rows {
        let Some(expected) = row["v2"]["error"].as_str() else {
            continue;
        };
        let error = read(row["text"].as_str().unwrap(), Profile::V2).unwrap_err();
        if error.as_go_yaml() == expected {
            same += 1;
        } else {
            other.push(format!("{}: {expected}", error.as_go_yaml()));
        }
    }
    assert!(same > 90, "{same}");
    // A key that is no text is printed as text here: `map[interface {}]interface {}{1:"i"}`.
    assert!(other.len() <= 1, "{other:#?}");
}

/// What a person reads when a text is wrong: a row is the text and the whole message.
#[test]
#[rustfmt::skip] // one line a row
fn mistakes_are_told_in_plain_words() {
    let rows = [
        ("a:\n\tb: 1", "line 2, column 1: a tab cannot indent; use spaces"),
        ("a:\n  b: 1\n\tc: 2", "line 3, column 1: a tab cannot indent; use spaces"),
        ("a: |\n\tx", "line 2, column 1: a tab cannot indent; use spaces"),
        ("a: b: c", "line 1, column 5: a second `: ` in one line; quote the value when the colon is part of it"),
        ("a: b\n  c: d", "line 2, column 4: a key where none can be; check the indentation of this line and the one above"),
        ("a:\n  b: 1\n c: 2", "line 3, column 2: expected a key here; check the indentation of this line and the quotes above"),
        ("a: \"x\" y", "line 1, column 8: unexpected text behind the value; put the whole value in quotes"),
        ("- a\nb: c", "line 2, column 1: expected `- ` here, where the list above began; check the indentation of this line"),
        ("a: 1\n- b", "line 2, column 1: expected a key here; check the indentation of this line and the quotes above"),
        ("a: b\na: c", "line 2, column 1: the key `a` is already set at line 1; keep one of the two"),
        ("a: b\n---\na: c", "line 3, column 1: a second document begins here, where one is expected; remove the line `---` before it"),
        ("a: 1\nb\nc: 2", "line 2, column 1: expected `key: value`, found no `:` behind this text; check the indentation and the quotes of this line"),
        ("a: 'x\nb: y\n", "line 1, column 4: this quote is never closed; add the missing quote"),
        ("a: \"x\n", "line 1, column 4: this quote is never closed; add the missing quote"),
        ("a: \"\\d\"", "line 1, column 5: an escape that is not known in double quotes; write `\\\\` for a backslash, or use single quotes"),
        ("a: [1, 2\nb: 3", "line 2, column 2: expected `,` or `]` in what begins at line 1; add the missing `]`, or quote the text"),
        ("a: {b: 1\n", "line 2, column 1: expected `,` or `}` in what begins at line 1; add the missing `}`, or quote the text"),
        ("a: @b", "line 1, column 4: `@` cannot begin a value; quote the value"),
        ("a: *b", "line 1, column 4: the alias `*b` has no anchor `&b` before it; quote a text that begins with `*`"),
        ("a: **", "line 1, column 4: `*` begins an alias and needs a name; quote a text that begins with `*`"),
        ("a: !b,c", "line 1, column 4: a comma stands right behind a tag; put a blank between them, or quote a text that begins with `!`"),
        ("a: !b]", "line 1, column 4: a malformed tag; quote a text that begins with `!`"),
        ("a: [!b,c]", "line 1, column 5: a comma stands right behind a tag; put a blank between them, or quote a text that begins with `!`"),
        ("a: |b", "line 1, column 4: the text of a `|` or `>` block begins on the next line; quote a text that begins with `|` or `>`"),
        ("a: - b", "line 1, column 4: a list cannot begin here; begin it on a line of its own, or quote the text"),
        ("a: ? b", "line 1, column 4: a key cannot begin here; quote a text that begins with `?`"),
        ("a: {{ .Values.b }}", "line 1, column 5: a list or a mapping cannot be a key; quote a value that begins with `{{`"),
        ("a: {{ include \"b\" . }}", "line 1, column 5: a list or a mapping cannot be a key; quote a value that begins with `{{`"),
        ("{{- if .a }}\nb: 1", "line 1, column 3: expected a value here; quote a value that begins with `{{`; in a template, was it rendered?"),
        ("[a]: b", "line 1, column 1: a list or a mapping cannot be a key; a key must be a text; quote a value that begins with `{` or `[`"),
        ("~: b", "line 1, column 1: a key cannot be null; quote it if it is a text"),
        ("a: .inf", "line 1, column 4: Kubernetes has no infinite numbers and no `.nan`; quote it if it is a text"),
        ("a: !!int b", "line 1, column 4: cannot decode !!str `b` as a !!int"),
        ("<<: b", "line 1, column 5: `<<` takes a mapping or a list of mappings"),
        ("a: &b [*b]", "line 1, column 8: the anchor `&b` contains itself"),
        ("a: é\u{7}", "line 1, column 5: the character U+0007 is not allowed; write it as an escape in double quotes"),
        ("%YAML 1.2\n--- a", "line 1, column 1: only YAML 1.1 is understood; leave the `%YAML` line out"),
    ];
    for (text, expected) in rows {
        let error = read(text, Profile::V3).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text:?}");
    }
}

#[test]
fn a_mistake_carries_place_and_hint() {
    let mistake = read("a:\n\tb: 1", Profile::V3)
        .unwrap_err()
        .to_mistake("values.yaml");
    assert_eq!(
        mistake.to_string(),
        "values.yaml:2:1: a tab cannot indent (use spaces)"
    );
}

#[test]
fn every_value_knows_its_place() {
    let text = "\u{feff}# c\na: &x {b: 1}\nä:\n- c\n-   d: [1, é]\ne: {<<: *x, f: |\n   g}\n";
    let node = read(text.replace(", f: |\n   g", "").as_str(), Profile::V2).unwrap();
    let place = |line, column| Some(Place { line, column });
    assert_eq!(node.place_of(&[]), place(2, 1));
    assert_eq!(node.place_of(&["a"]), place(2, 4));
    assert_eq!(node.place_of(&["a", "b"]), place(2, 11));
    assert_eq!(node.place_of(&["ä", "0"]), place(4, 3));
    assert_eq!(node.place_of(&["ä", "1", "d", "1"]), place(5, 12));
    assert_eq!(node.place_of(&["e", "b"]), place(2, 11));
    assert_eq!(node.place_of(&["e", "c"]), None);
    assert_eq!(
        node.nearest_place(&["ä", "1", "d", "7", "x"]),
        place(5, 8).unwrap()
    );
    assert_eq!(node.entry("ä").map(|entry| entry.place), place(3, 1));
}

/// The parser panics at a tag that a comma follows; texts that only look like that must not suffer.
#[test]
fn commas_behind_exclamation_marks_are_text() {
    let text = "a: hello !you, and me\nb: ['!x,', y!, \"!z,\", !t u, &v !w x]\nc: |\n  [!a,b]\n";
    let value = json!({
        "a": "hello !you, and me", "b": ["!x,", "y!", "!z,", "u", "x"], "c": "[!a,b]\n"
    });
    assert_eq!(read_value(text, Profile::V2), Ok(value));
    // Found by fuzzing: a colon before the comma is text as well.
    let text =
        "a: b !!c:,\"d\nb: {\"y!b\":, 'z!c':, w!d: 1}\nc: 1--{\"!b\"\"v\":,c\nd: e'!f'::,'\n";
    let value = json!({
        "a": "b !!c:,\"d", "b": {"y!b": null, "z!c": null, "w!d": 1}, "c": "1--{\"!b\"\"v\":,c", "d": "e'!f'::,'"
    });
    assert_eq!(read_value(text, Profile::V2), Ok(value));
    for text in [
        "[&a !b,c]",
        "[!b:,c]",
        "{!!str,a: b}",
        "{a: !<b>,}",
        "[!<b,c>,d]",
        "{\"a\":!b,c}",
        "[!,a]",
        "[!a!b,c]",
    ] {
        let error = read(text, Profile::V2).unwrap_err();
        assert!(error.place.line == 1, "{text:?}: {error}");
    }
}

#[test]
fn an_empty_text_is_null() {
    for text in ["", "\n", "# c\n", "---\n", "\u{feff}"] {
        assert_eq!(read_value(text, Profile::V2), Ok(Value::Null));
        assert_eq!(read_value(text, Profile::V3), Ok(Value::Null));
    }
}

/// Charts have texts that Helm reads in part; users' own files are read whole or not at all.
#[test]
fn a_second_document_is_ignored_in_v2_and_refused_in_v3() {
    for text in ["a: 1\n---\nb: 2\n", " a: 1\nb: 2\n", "a: 1\n...\nb: 2\n"] {
        assert_eq!(read_value(text, Profile::V2), Ok(json!({"a": 1})));
        assert!(read(text, Profile::V3).is_err(), "{text:?}");
    }
    for text in ["a: 1\n---\n", "a: 1\n---\n# c\n", "---\na: 1\n...\n"] {
        assert_eq!(
            read_value(text, Profile::V3),
            Ok(json!({"a": 1})),
            "{text:?}"
        );
    }
}

/// v3 makes times of them, which JSON prints in full; what was written serves everybody better.
#[test]
fn timestamps_stay_as_written() {
    let text = "a: 2024-01-01\nb: 2024-01-01T10:00:00Z\nc: !!timestamp 2024-1-1\n2024-01-01: d";
    let value = json!({
        "a": "2024-01-01", "b": "2024-01-01T10:00:00Z", "c": "2024-1-1", "2024-01-01": "d"
    });
    assert_eq!(read_value(text, Profile::V2).as_ref(), Ok(&value));
    assert_eq!(read_value(text, Profile::V3).as_ref(), Ok(&value));
}

#[test]
fn nesting_is_bounded() {
    let lists = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let node = read(&lists(MAX_DEPTH), Profile::V2).unwrap();
    assert_eq!(
        read_value(&write(&node.to_value()), Profile::V2),
        Ok(node.into_value())
    );
    assert!(read(&lists(MAX_DEPTH + 1), Profile::V2).is_err());
    assert!(read(&"[".repeat(1 << 20), Profile::V2).is_err());
    assert!(read(&"- ".repeat(1 << 20), Profile::V2).is_err());
    assert!(read(&"? ".repeat(1 << 20), Profile::V2).is_err());
    assert!(read(&"{a: ".repeat(1 << 20), Profile::V2).is_err());
    let aliases: Vec<String> = (1..2 * MAX_DEPTH)
        .map(|n| format!("- &a{n} [*a{}]\n", n - 1))
        .collect();
    assert!(read(&format!("- &a0 []\n{}", aliases.concat()), Profile::V2).is_err());
}

#[test]
fn aliases_copy_a_bounded_number_of_bytes() {
    let long = "x".repeat(1 << 20);
    let text = |count| format!("- &a {long}\n{}", "- *a\n".repeat(count));
    assert!(read(&text(15), Profile::V2).is_ok());
    assert!(read(&text(17), Profile::V2).is_err());
    assert!(read(&"x".repeat(MAX_TEXT + 1), Profile::V2).is_err());
}

#[test]
fn large_maps_with_equal_keys_are_resolved() {
    let lines: Vec<String> = (0..40).map(|n| format!("k{}: {n}\n", n % 30)).collect();
    let text = lines.concat();
    let node = read(&text, Profile::V2).unwrap();
    assert_eq!(
        node.entry("k3").map(|entry| entry.node.to_value()),
        Some(json!(33))
    );
    assert_eq!(node.entry("k3").map(|entry| entry.place.line), Some(34));
    let Data::Mapping(entries) = &node.data else {
        panic!()
    };
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let expected: Vec<String> = (0..30).map(|n| format!("k{n}")).collect();
    assert_eq!(keys, expected);
    assert!(read(&text, Profile::V3).is_err());
}

/// go-yaml v2 writes this key plain and then reads a merge.
#[test]
fn merge_sign_as_key_is_quoted() {
    assert_eq!(write(&json!({"<<": "<<"})), "\"<<\": <<\n");
}

/// No total order: in Go, the order of such keys is a matter of chance.
#[test]
fn keys_without_natural_order_do_no_harm() {
    let keys = [
        "9",
        "010",
        "0x",
        "1",
        "1a",
        "10",
        "99999999999999999999999",
        "0999999999999999999a",
    ];
    let map: Map<String, Value> = (0..400)
        .map(|n| {
            (
                format!("{}{}", keys[n % keys.len()], n / keys.len()),
                n.into(),
            )
        })
        .collect();
    let value = Value::Object(map);
    assert_eq!(read_value(&write(&value), Profile::V2), Ok(value));
}

/// Strings of pieces that mean something to YAML.
#[rustfmt::skip] // a row of pieces, not a column
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a", "b", "key", "yes", "null", "0", "1", "0x1F", "1:30", "2001-01-01", ".5", "e3", "_",
        "-", "--- ", "...", " ", "  ", "\t", "\n", "\n\n", "\n  ", "\r\n", ": ", ":", " #", "#",
        "? ", "- ", "'", "\"", "\\", "|", ">", "&a", "*a", "!", "!!str ", "%", "@", "`", "{", "}",
        "[", "]", ", ", "<<", "<<: *a\n", "a: 1\n", "é", "漢", "😀", "\u{a0}", "\u{85}", "\u{2028}",
        "\u{feff}", "\0", "\u{7f}", "lorem ipsum dolor sit amet",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (any::<i32>(), -30..30)
            .prop_map(|(digits, power)| json!(f64::from(digits) * 10_f64.powi(power))),
        text().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_written_reads_back(value in value()) {
        let text = write(&value);
        prop_assert_eq!(read_value(&text, Profile::V2), Ok(as_kubernetes(value)), "{}", text);
    }

    #[test]
    fn whatever_is_read_can_be_written(text in text()) {
        for profile in [Profile::V2, Profile::V3] {
            if let Ok(value) = read_value(&text, profile) {
                prop_assert_eq!(read_value(&write(&value), Profile::V2), Ok(value));
            }
        }
    }

    #[test]
    fn documents_are_parts_of_the_text(text in text()) {
        for document in documents(&text) {
            prop_assert!(text.contains(document.text));
            let before = text.split(document.text).next().unwrap_or_default();
            prop_assert!(document.line as usize > before.matches('\n').count());
        }
    }
}
