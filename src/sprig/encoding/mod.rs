//! Values ⇄ texts: YAML, JSON, TOML, base64, base32; and checksums.

mod json;
mod radix;
mod sum;
mod toml;
mod yaml;

#[cfg(test)]
mod tests;

pub(super) use radix::decode_base64;

use crate::govalue::{Error, Function, Parameter, Value};

const TEXT: &[Parameter] = &[Parameter::Text];
const ANY: &[Parameter] = &[Parameter::Any];

pub(super) const ALL: &[Function] = &[
    Function::new("toYaml", ANY, yaml::to_yaml),
    Function::new("toYamlPretty", ANY, yaml::to_yaml_pretty),
    Function::new("fromYaml", TEXT, yaml::from_yaml),
    Function::new("fromYamlArray", TEXT, yaml::from_yaml_array),
    Function::new("toToml", ANY, toml::to_toml),
    Function::new("fromToml", TEXT, toml::from_toml),
    Function::new("toJson", ANY, json::to_json),
    Function::new("toPrettyJson", ANY, json::to_pretty_json),
    Function::new("toRawJson", ANY, json::must_to_raw_json),
    Function::new("fromJson", TEXT, json::from_json),
    Function::new("fromJsonArray", TEXT, json::from_json_array),
    Function::new("mustToJson", ANY, json::must_to_json),
    Function::new("mustToPrettyJson", ANY, json::must_to_pretty_json),
    Function::new("mustToRawJson", ANY, json::must_to_raw_json),
    Function::new("mustFromJson", TEXT, json::must_from_json),
    Function::new("b64enc", TEXT, radix::b64enc),
    Function::new("b64dec", TEXT, radix::b64dec),
    Function::new("b32enc", TEXT, radix::b32enc),
    Function::new("b32dec", TEXT, radix::b32dec),
    Function::new("sha1sum", TEXT, sum::sha1sum),
    Function::new("sha256sum", TEXT, sum::sha256sum),
    Function::new("sha512sum", TEXT, sum::sha512sum),
    Function::new("adler32sum", TEXT, sum::adler32sum),
];

/// What Helm 4 added.
pub(super) const ALL_4: &[Function] = &[
    Function::new("mustToYaml", ANY, yaml::must_to_yaml),
    Function::new("mustToToml", ANY, toml::must_to_toml),
];

/// What a function gives that swallows errors: nothing. Limits are no such errors.
fn or_empty(result: Result<Value, Error>) -> Result<Value, Error> {
    match result {
        Err(Error::Failed(_)) => Ok("".into()),
        other => other,
    }
}

/// What a text is not, when it had to be a map or a list: `cannot unmarshal array into Go value of type …`.
fn mismatch(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::Text(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";
