//! What `encoding/json` answers, and laws.

use proptest::prelude::*;

use super::*;
use crate::govalue::record::{Json, Member};
use crate::govalue::{Element, Error, Kind, List, Map, MapKind, Record, Shape, Value};

fn written(value: &Value, form: JsonForm) -> Result<String, Error> {
    to_json(value, form, &|_| Ok(())).map(|text| String::from_utf8(text).unwrap())
}

fn compact(value: impl Into<Value>) -> String {
    written(&value.into(), JsonForm::Compact).unwrap()
}

fn failure(value: &Value) -> String {
    written(value, JsonForm::Compact).unwrap_err().to_string()
}

#[test]
fn floats_are_printed_as_go_prints_them() {
    let rows = [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-17.0, "-17"),
        (1.5, "1.5"),
        (-0.25, "-0.25"),
        (1e6, "1000000"),
        (123_456_789.125, "123456789.125"),
        (9_007_199_254_740_993.0, "9007199254740992"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e300, "1.5e+300"),
        (1e-6, "0.000001"),
        (1.234e-6, "0.000001234"),
        (5e-7, "5e-7"),
        (1.5e-10, "1.5e-10"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (0.1 + 0.2, "0.30000000000000004"),
        (5e22, "5e+22"),
        (9.5e-7, "9.5e-7"),
    ];
    for (float, expected) in rows {
        assert_eq!(compact(Value::Float(float)), expected);
    }
}

#[test]
fn strings_are_escaped_as_go_escapes_them() {
    let rows: [(&[u8], &str, &str); 9] = [
        (b"", r#""""#, r#""""#),
        (b"a\"b\\c/", r#""a\"b\\c/""#, r#""a\"b\\c/""#),
        (b"<a>&", r#""\u003ca\u003e\u0026""#, r#""<a>&""#),
        (
            b"\n\r\t\x08\x0c\x00\x1f\x7f",
            "\"\\n\\r\\t\\b\\f\\u0000\\u001f\x7f\"",
            "\"\\n\\r\\t\\b\\f\\u0000\\u001f\x7f\"",
        ),
        ("é☃😀".as_bytes(), "\"é☃😀\"", "\"é☃😀\""),
        (
            "\u{2027}\u{2028}\u{2029}".as_bytes(),
            "\"\u{2027}\\u2028\\u2029\"",
            "\"\u{2027}\\u2028\\u2029\"",
        ),
        (b"h\xc3", r#""h\ufffd""#, r#""h\ufffd""#),
        (b"\xe2\x82a", r#""\ufffd\ufffda""#, r#""\ufffd\ufffda""#),
        (
            b"\xed\xa0\x80",
            r#""\ufffd\ufffd\ufffd""#,
            r#""\ufffd\ufffd\ufffd""#,
        ),
    ];
    for (text, escaped, raw) in rows {
        let value = Value::text(text);
        assert_eq!(written(&value, JsonForm::Compact).unwrap(), escaped);
        assert_eq!(written(&value, JsonForm::Raw).unwrap(), raw);
    }
}

#[test]
fn collections_are_written_in_one_line_or_many() {
    let inner: Map = [
        ("b".into(), Value::Map(Map::any())),
        ("a".into(), Vec::new().into()),
    ]
    .into_iter()
    .collect();
    let value: Value = vec![
        Value::Int(1),
        Value::Map(inner),
        Value::List(List::nil(Element::Text)),
        Value::Map(Map::nil(MapKind::Any)),
        Value::Bytes(b"ab"[..].into()),
    ]
    .into();
    assert_eq!(
        written(&value, JsonForm::Compact).unwrap(),
        r#"[1,{"a":[],"b":{}},null,null,"YWI="]"#
    );
    assert_eq!(
        written(&value, JsonForm::Pretty).unwrap(),
        "[\n  1,\n  {\n    \"a\": [],\n    \"b\": {}\n  },\n  null,\n  null,\n  \"YWI=\"\n]"
    );
}

#[test]
fn structs_are_written_by_their_tags() {
    static PLAIN: Shape = Shape::new("certificate", Kind::Struct, &["Cert", "Key"]);
    static TAGGED: Shape = Shape::new("t", Kind::Struct, &["A", "B"]).json(Json::Members(&[
        Member::optional("b", "B"),
        Member::new("a", "A"),
    ]));
    static OWN: Shape = Shape::new("*semver.Version", Kind::Pointer, &[])
        .json(Json::Made(|_| Value::from("1.2.3")));
    let record = |shape, fields| Value::Record(Record::new(shape, fields));
    let rows = [
        (
            record(&PLAIN, vec!["c".into(), "k".into()]),
            r#"{"Cert":"c","Key":"k"}"#,
        ),
        (record(&TAGGED, vec!["".into(), "".into()]), r#"{"a":""}"#),
        (
            record(&TAGGED, vec!["".into(), true.into()]),
            r#"{"b":true,"a":""}"#,
        ),
        (record(&OWN, vec![]), r#""1.2.3""#),
    ];
    for (value, expected) in rows {
        assert_eq!(compact(value), expected);
    }
}

#[test]
fn what_json_cannot_hold_is_an_error() {
    let itself = Map::any();
    itself.insert("a", Value::from(vec![Value::Map(itself.clone())]));
    let rows = [
        (Value::Float(f64::NAN), "json: unsupported value: NaN"),
        (
            Value::Float(f64::NEG_INFINITY),
            "json: unsupported value: -Inf",
        ),
        (
            Value::Complex(0.0, 1.0),
            "json: unsupported type: complex128",
        ),
        (
            Value::Map(itself.clone()),
            "json: unsupported value: encountered a cycle via map[string]interface {}",
        ),
    ];
    for (value, expected) in rows {
        assert_eq!(failure(&value), expected);
    }
    itself.clear();
}

#[test]
fn what_is_written_is_told() {
    let told = std::cell::Cell::new(0);
    let value = Value::from(vec![Value::from("a".repeat(100_000)); 3]);
    let spend = |bytes| {
        told.set(told.get() + bytes);
        Ok(())
    };
    let text = to_json(&value, JsonForm::Compact, &spend).unwrap();
    assert_eq!(told.get(), text.len());
    let stop = |_| Err(Error::Limit("enough".to_owned()));
    assert!(to_json(&value, JsonForm::Compact, &stop).is_err());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each error")]
fn errors_of_the_reader_are_in_the_words_of_go() {
    let rows: [(&[u8], &str); 33] = [
        (b"", "unexpected end of JSON input"),
        (b" ", "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b"[1,", "unexpected end of JSON input"),
        (b"\"a", "unexpected end of JSON input"),
        (
            b"tru",
            "invalid character ' ' in literal true (expecting 'e')",
        ),
        (b"-", "invalid character ' ' in numeric literal"),
        (
            b"1.",
            "invalid character ' ' after decimal point in numeric literal",
        ),
        (
            b"\"\\u00",
            "invalid character ' ' in \\u hexadecimal character escape",
        ),
        (b"x", "invalid character 'x' looking for beginning of value"),
        (
            b"[1,]",
            "invalid character ']' looking for beginning of value",
        ),
        (
            b"[,",
            "invalid character ',' looking for beginning of value",
        ),
        (
            b"'a'",
            "invalid character '\\'' looking for beginning of value",
        ),
        (
            b"\xc3\xa9",
            "invalid character 'Ã' looking for beginning of value",
        ),
        (
            b"\x00",
            "invalid character '\\x00' looking for beginning of value",
        ),
        (
            b"\x80",
            "invalid character '\\u0080' looking for beginning of value",
        ),
        (
            b"{a",
            "invalid character 'a' looking for beginning of object key string",
        ),
        (
            b"{\"a\":1,}",
            "invalid character '}' looking for beginning of object key string",
        ),
        (b"{\"a\" 1}", "invalid character '1' after object key"),
        (
            b"{\"a\":1 2}",
            "invalid character '2' after object key:value pair",
        ),
        (b"[1 \"", "invalid character '\"' after array element"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"01", "invalid character '1' after top-level value"),
        (b"[01]", "invalid character '1' after array element"),
        (b"\"\n", "invalid character '\\n' in string literal"),
        (b"\"\\x", "invalid character 'x' in string escape code"),
        (
            b"\"\\u00g",
            "invalid character 'g' in \\u hexadecimal character escape",
        ),
        (b"-a", "invalid character 'a' in numeric literal"),
        (
            b"1.x",
            "invalid character 'x' after decimal point in numeric literal",
        ),
        (
            b"1ex",
            "invalid character 'x' in exponent of numeric literal",
        ),
        (
            b"trux",
            "invalid character 'x' in literal true (expecting 'e')",
        ),
        (
            b"nope",
            "invalid character 'o' in literal null (expecting 'u')",
        ),
        (
            b"1e400",
            "json: cannot unmarshal number 1e400 into Go value of type float64",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(from_json(text).unwrap_err().message, expected, "{text:?}");
    }
}

#[test]
fn a_number_too_large_leaves_the_rest() {
    let error = from_json(br#"{"a": 1e400, "b": 1}"#).unwrap_err();
    assert_eq!(compact(error.value.unwrap()), r#"{"a":null,"b":1}"#);
}

#[test]
fn texts_of_json_are_read_as_go_reads_them() {
    let rows: [(&[u8], &str); 8] = [
        (br#"{"b":1,"a":{"x":[]},"b":2}"#, r#"{"a":{"x":[]},"b":2}"#),
        (
            br" [ 1 , -0 , 1.50e+2 , true , null ] ",
            "[1,-0,150,true,null]",
        ),
        (br#""\u0041\n\/\ud83d\ude00""#, "\"A\\n/😀\""),
        (br#""\ud83d""#, "\"\u{fffd}\""),
        (br#""\ud83d\u0041""#, "\"\u{fffd}A\""),
        (b"\"a\xc3\xe2\x82\"", "\"a\u{fffd}\u{fffd}\u{fffd}\""),
        (b"123456789012345678", "123456789012345680"),
        (b"{}", "{}"),
    ];
    for (text, expected) in rows {
        assert_eq!(compact(from_json(text).unwrap()), expected);
    }
}

#[test]
fn depth_has_a_limit() {
    let nested = |depth| ["[".repeat(depth), "]".repeat(depth)].concat();
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || {
            assert!(from_json(nested(10_000).as_bytes()).is_ok());
            let error = from_json(nested(10_001).as_bytes()).unwrap_err();
            assert_eq!(error.message, "invalid character '[' exceeded max depth");
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn numbers_of_yaml_are_floats() {
    let value = from_yaml("a: 1\nb: [0644, yes, 1.5]\n").unwrap();
    let Value::Map(map) = &value else { panic!() };
    assert!(matches!(map.get(b"a"), Some(Value::Float(1.0))));
    assert_eq!(compact(value), r#"{"a":1,"b":[420,true,1.5]}"#);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        (-1e25..1e25).prop_map(Value::Float),
        any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(Value::Float),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|entries| {
                Value::Map(
                    entries
                        .into_iter()
                        .map(|(key, value)| (key.into(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in any_value()) {
        for form in [JsonForm::Compact, JsonForm::Raw, JsonForm::Pretty] {
            let text = written(&value, form).unwrap();
            let read = from_json(text.as_bytes()).unwrap();
            prop_assert_eq!(written(&read, form).unwrap(), text);
        }
    }

    #[test]
    fn other_readers_read_the_same(value in any_value()) {
        let text = written(&value, JsonForm::Compact).unwrap();
        let other: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(compact(&other), text);
        prop_assert_eq!(compact(&to_serde(&value).unwrap()).replace("-0", "0"), compact(&other).replace("-0", "0"));
    }

    #[test]
    fn nothing_makes_the_reader_panic(text in prop::collection::vec(any::<u8>(), 0..60)) {
        let read = from_json(&text);
        if serde_json::from_slice::<serde_json::Value>(&text).is_ok() {
            prop_assert!(read.is_ok());
        }
    }
}
