//! What Go answers.

use super::*;
use crate::govalue::{Context, JsonForm, Nowhere, to_json};

fn call(name: &str, argument: &[u8]) -> String {
    let function = ALL.iter().find(|function| function.name == name).unwrap();
    let context = Context { world: &Nowhere };
    let result = (function.call)(&context, &[Value::text(argument)]);
    match result {
        Ok(Value::Text(text)) => text.to_string(),
        Ok(other) => {
            let text = to_json(&other, JsonForm::Compact, &|_| Ok(())).unwrap();
            String::from_utf8(text).unwrap()
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each case")]
fn texts_become_what_go_makes_of_them() {
    let rows: [(&str, &[u8], &str); 40] = [
        ("b64enc", b"a", "YQ=="),
        ("b64enc", b"", ""),
        ("b64dec", b"YQ==", "a"),
        ("b64dec", b"YWI=", "ab"),
        ("b64dec", b"YWJj\nYWJj\r\n", "abcabc"),
        ("b64dec", b"YR==", "a"),
        ("b64dec", b"!!", "illegal base64 data at input byte 0"),
        ("b64dec", b"YQ", "illegal base64 data at input byte 0"),
        ("b64dec", b"YQ=", "illegal base64 data at input byte 3"),
        ("b64dec", b"YQ=a", "illegal base64 data at input byte 2"),
        ("b64dec", b"Y===", "illegal base64 data at input byte 1"),
        ("b64dec", b"YQ==a", "illegal base64 data at input byte 4"),
        ("b64dec", b"YWJjYW", "illegal base64 data at input byte 4"),
        ("b32enc", b"", ""),
        ("b32enc", b"a", "ME======"),
        ("b32enc", b"abcd", "MFRGGZA="),
        ("b32enc", b"abcde", "MFRGGZDF"),
        ("b32dec", b"ME======", "a"),
        ("b32dec", b"MFRGGZDFMFRGG===", "abcdeabc"),
        ("b32dec", b"ME", "illegal base32 data at input byte 0"),
        ("b32dec", b"me======", "illegal base32 data at input byte 0"),
        ("b32dec", b"ME=====", "illegal base32 data at input byte 7"),
        ("b32dec", b"ME=A====", "illegal base32 data at input byte 2"),
        ("b32dec", b"M=======", "illegal base32 data at input byte 1"),
        ("adler32sum", b"a", "6422626"),
        ("adler32sum", b"", "1"),
        ("sha1sum", b"a", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("fromYaml", b"", "{}"),
        ("fromYaml", b"null", "{}"),
        (
            "fromYaml",
            b"- 1",
            r#"{"Error":"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"}"#,
        ),
        (
            "fromYaml",
            b"a: b: c",
            r#"{"Error":"error converting YAML to JSON: yaml: mapping values are not allowed in this context"}"#,
        ),
        (
            "fromYamlArray",
            b"a: 1",
            r#"["error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []interface {}"]"#,
        ),
        ("fromYamlArray", b"", "[]"),
        ("fromJson", b"null", "null"),
        (
            "fromJson",
            b"{",
            r#"{"Error":"unexpected end of JSON input"}"#,
        ),
        (
            "fromJson",
            br#"{"a":1e400}"#,
            r#"{"Error":"json: cannot unmarshal number 1e400 into Go value of type float64","a":null}"#,
        ),
        ("fromJsonArray", b"null", "null"),
        (
            "fromJsonArray",
            b"{}",
            r#"["json: cannot unmarshal object into Go value of type []interface {}"]"#,
        ),
        (
            "mustFromJson",
            b"x",
            "error: invalid character 'x' looking for beginning of value",
        ),
        ("toRawJson", b"<", "\"<\""),
    ];
    for (name, argument, expected) in rows {
        assert_eq!(call(name, argument), expected, "{name} {argument:?}");
    }
}
