//! YAML, JSON, base64 and checksums.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::Value;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::function::{Arguments, Error, Function, tree};
use crate::yaml::{self, Profile};

pub(super) const ALL: &[Function] = &[
    Function::new("toYaml", "value", (1, 1), to_yaml),
    Function::new("fromYaml", "text", (1, 1), from_yaml),
    Function::new("fromYamlArray", "text", (1, 1), from_yaml_array),
    Function::new("toJson", "value", (1, 1), to_json),
    Function::new("mustToJson", "value", (1, 1), to_json),
    Function::new("toRawJson", "value", (1, 1), to_raw_json),
    Function::new("toPrettyJson", "value", (1, 1), to_pretty_json),
    Function::new("fromJson", "text", (1, 1), from_json),
    Function::new("mustFromJson", "text", (1, 1), from_json),
    Function::new("fromJsonArray", "text", (1, 1), from_json_array),
    Function::new("b64enc", "text", (1, 1), b64enc),
    Function::new("b64dec", "text", (1, 1), b64dec),
    Function::new("sha256sum", "text", (1, 1), sha256sum),
];

/// As Helm: without the newline at the end, so that `nindent` adds no empty line.
fn to_yaml(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let text = yaml::write(&arguments.json(0)?);
    Ok(text.strip_suffix('\n').unwrap_or(&text).into())
}

fn from_yaml(arguments: &Arguments<'_>) -> Result<Value, Error> {
    read_yaml(arguments).map(|data| tree::to_value(&data))
}

fn from_yaml_array(arguments: &Arguments<'_>) -> Result<Value, Error> {
    require_list(arguments, &read_yaml(arguments)?)
}

fn read_yaml(arguments: &Arguments<'_>) -> Result<Json, Error> {
    let text = arguments.text(0)?;
    yaml::read_value(text, Profile::V2).map_err(|error| {
        let line = error.place.line;
        arguments.unusable(format!("line {line} of the text is not YAML: {error}"))
    })
}

fn require_list(arguments: &Arguments<'_>, data: &Json) -> Result<Value, Error> {
    if data.is_array() {
        Ok(tree::to_value(data))
    } else {
        Err(arguments.unusable("the text holds no list"))
    }
}

/// As Go writes JSON: keys sorted, no blanks, `<`, `>` and `&` escaped.
fn to_json(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(escape_html(&write_json(&arguments.json(0)?, None)).into())
}

fn to_raw_json(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(write_json(&arguments.json(0)?, None).into())
}

fn to_pretty_json(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(escape_html(&write_json(&arguments.json(0)?, Some(0))).into())
}

fn from_json(arguments: &Arguments<'_>) -> Result<Value, Error> {
    read_json(arguments).map(|data| tree::to_value(&data))
}

fn from_json_array(arguments: &Arguments<'_>) -> Result<Value, Error> {
    require_list(arguments, &read_json(arguments)?)
}

fn read_json(arguments: &Arguments<'_>) -> Result<Json, Error> {
    serde_json::from_str(arguments.text(0)?)
        .map_err(|error| arguments.unusable(format!("the text is not JSON: {error}")))
}

/// `serde_json` would do but for numbers: Go writes 1.0 as `1` and turns to exponents later.
fn write_json(data: &Json, indent: Option<usize>) -> String {
    let deeper = indent.map(|indent| indent + 2);
    let (parts, open, close): (Vec<String>, _, _) = match data {
        Json::Number(number) => return json_number(number),
        Json::Array(items) => {
            let parts = items.iter().map(|item| write_json(item, deeper));
            (parts.collect(), '[', ']')
        }
        Json::Object(entries) => {
            let colon = if indent.is_some() { ": " } else { ":" };
            let parts = entries.iter().map(|(key, entry)| {
                format!(
                    "{}{colon}{}",
                    Json::from(key.as_str()),
                    write_json(entry, deeper)
                )
            });
            (parts.collect(), '{', '}')
        }
        other => return other.to_string(),
    };
    match (indent, deeper) {
        (Some(outer), Some(inner)) if !parts.is_empty() => {
            let (outer, inner) = (" ".repeat(outer), " ".repeat(inner));
            let parts = parts.join(&format!(",\n{inner}"));
            format!("{open}\n{inner}{parts}\n{outer}{close}")
        }
        _ => format!("{open}{}{close}", parts.join(",")),
    }
}

/// Go's rule: an exponent below 1e-6 and from 1e21 on, plain digits between.
fn json_number(number: &serde_json::Number) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{float:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let plus = if exponent.starts_with('-') { "" } else { "+" };
        return format!("{digits}e{plus}{exponent}");
    }
    float.to_string()
}

/// The letters that Go escapes in JSON so that it can stand in a web page.
fn escape_html(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn b64enc(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(STANDARD.encode(arguments.bytes(0)?).into())
}

/// Text when it is text, else bytes, which only `b64enc` and `sha256sum` take.
fn b64dec(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let bytes = STANDARD
        .decode(arguments.text(0)?)
        .map_err(|_| arguments.unusable("the text is not base64"))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => Value::from_bytes(error.into_bytes()),
    })
}

fn sha256sum(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let digest = Sha256::digest(arguments.bytes(0)?);
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    Ok(digits.collect::<String>().into())
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        toYaml [{"b": [1, "yes"], "a": null}] => "a: null\nb:\n- 1\n- \"yes\"";
        toYaml ["text"] => "text";
        toYaml ["a\nb\n"] => "|\n  a\n  b";
        toYaml [1.0] => "1";
        toYaml [[]] => "[]";
        toYaml [null] => "null";
        fromYaml ["a: yes\nb: 0644"] => {"a": true, "b": 420};
        fromYaml [""] => null;
        fromYaml ["a: ["] != "of the text is not YAML: ";
        fromYaml [1] != "fromYaml(text): text must be a string, got a whole number";
        fromYamlArray ["[1, 2]"] => [1, 2];
        fromYamlArray ["a: 1"] != "the text holds no list";
        toJson [{"b": 1, "a": "<&>"}] => "{\"a\":\"\\u003c\\u0026\\u003e\",\"b\":1}";
        toJson [[1.0, 1e21, 5e-7, 0.1, 1e20, 9007199254740993_i64]] =>
            "[1,1e+21,5e-7,0.1,100000000000000000000,9007199254740993]";
        mustToJson [null] => "null";
        toRawJson ["<a>"] => "\"<a>\"";
        toPrettyJson [{"a": [1, {}], "b": {"c": []}}] =>
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}";
        fromJson ["{\"a\": 1}"] => {"a": 1};
        fromJson ["{"] != "the text is not JSON";
        fromJsonArray ["{}"] != "the text holds no list";
        b64enc ["héllo"] => "aMOpbGxv";
        b64enc [null] != "text must be a string, got null";
        b64dec ["aMOpbGxv"] => "héllo";
        b64dec ["?"] != "the text is not base64";
        sha256sum [""] => "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    }

    #[test]
    fn binary_data_survives_base64() {
        let find = |name| {
            crate::function::all()
                .find(|function| function.name == name)
                .unwrap()
        };
        let bytes = find("b64dec").call(&["/wA=".into()]).unwrap();
        assert_eq!(bytes.as_bytes(), Some(&[0xff, 0][..]));
        let text = find("b64enc").call(&[bytes]).unwrap();
        assert_eq!(text.as_str(), Some("/wA="));
    }
}
