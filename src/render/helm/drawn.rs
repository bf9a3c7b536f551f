//! What was drawn, as plain data, and back: exactly, with its type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::govalue::{Element, List, Map, Record, Text, Value};
use crate::sprig;

/// An object of the cluster as templates see it: unlike those of values, whole numbers are no floats.
pub(super) fn from_json(data: &Json) -> Value {
    match data {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int64(whole),
            None => Value::Float(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(from_json).collect::<Vec<_>>().into(),
        Json::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, entry)| (Text::from(key.as_str()), from_json(entry)));
            Value::Map(entries.collect::<Map>())
        }
    }
}

/// A value that was drawn, as plain data; `None` for what nobody draws.
pub(super) fn preserve(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => json!({ "string": text }),
            Err(_) => json!({ "bytes": STANDARD.encode(&**text) }),
        },
        Value::Int(number) => json!({ "int": number }),
        Value::Int64(number) => json!({ "int64": number }),
        Value::Float(number) => json!({ "float64": number }),
        Value::List(items) if items.element() == Element::Any => {
            json!({ "list": items.iter().map(preserve).collect::<Option<Vec<_>>>()? })
        }
        Value::List(items) if items.element() == Element::Text => {
            json!({ "strings": items.iter().map(preserve).collect::<Option<Vec<_>>>()? })
        }
        Value::Record(record) => json!({ "certificate": certificate(record)? }),
        _ => return None,
    })
}

/// The parts of a certificate, which `genCA` and its like draw; `None` for any other struct.
fn certificate(record: &Record) -> Option<Vec<Json>> {
    let parts = ["Cert", "Key"].map(|name| record.field(name));
    parts.iter().map(|part| preserve(part.as_ref()?)).collect()
}

/// The value that plain data was made of; `None` when it is none of ours.
pub(super) fn revive(data: &Json) -> Option<Value> {
    let (kind, held) = data.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "string" => Value::from(held.as_str()?),
        "bytes" => Value::Text(STANDARD.decode(held.as_str()?).ok()?.into()),
        "int" => Value::Int(held.as_i64()?),
        "int64" => Value::Int64(held.as_i64()?),
        "float64" => Value::Float(held.as_f64()?),
        "list" => list(Element::Any, held)?,
        "strings" => list(Element::Text, held)?,
        "certificate" => match held.as_array()?.as_slice() {
            [certificate, key] => match (revive(certificate)?, revive(key)?) {
                (Value::Text(certificate), Value::Text(key)) => {
                    sprig::certificate_value(certificate, key)
                }
                _ => return None,
            },
            _ => return None,
        },
        _ => return None,
    })
}

fn list(element: Element, held: &Json) -> Option<Value> {
    let items = held.as_array()?.iter().map(revive);
    let items = items.collect::<Option<Vec<_>>>()?;
    Some(Value::List(List::new(element, items)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_values_come_back_as_they_were() {
        let text = |text: &str| Value::from(text);
        for value in [
            text("aB3"),
            Value::Text(Text::from(&b"\xff\x00"[..])),
            Value::Int(7),
            Value::Int64(-7),
            Value::Float(1.5),
            Value::from(vec![text("a"), Value::Int(1)]),
            Value::List(List::new(Element::Text, vec![text("a")])),
            sprig::certificate_value("a".into(), "b".into()),
        ] {
            let kept = preserve(&value).unwrap();
            let back = revive(&kept).unwrap();
            assert_eq!(format!("{back:?}"), format!("{value:?}"), "{kept}");
        }
    }

    #[test]
    fn what_is_no_drawn_value_is_not_revived() {
        for data in [json!(null), json!({}), json!({"x": 1}), json!({"int": "a"})] {
            assert!(revive(&data).is_none(), "{data}");
        }
    }
}
