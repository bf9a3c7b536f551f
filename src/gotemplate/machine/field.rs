//! `.a.b.c`: keys of maps, fields of structs, methods.

use super::call::Given;
use super::{Frame, Local, Machine, Outcome, Seen};
use crate::gotemplate::tree::{Id, Name};
use crate::govalue::{Function, MapKind, Record, Value};

impl Machine<'_> {
    /// Fields of a value, one after another. The last may be a method, which gets the arguments.
    pub(super) fn fields(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (receiver, names, node): (&Local, &[Name], Id),
        given: Given<'_>,
    ) -> Outcome<Local> {
        let Some((last, names)) = names.split_last() else {
            return Ok(receiver.clone());
        };
        let mut current: Option<Local> = None;
        for name in names {
            let of = current.as_ref().unwrap_or(receiver);
            let next = match quick(of, name) {
                Some(next) => next,
                None => self.field(frame, dot, (of, name, node), (&[], None))?,
            };
            current = Some(next);
        }
        let of = current.as_ref().unwrap_or(receiver);
        if given.0.is_empty()
            && given.1.is_none()
            && let Some(next) = quick(of, last)
        {
            return Ok(next);
        }
        self.field(frame, dot, (of, last, node), given)
    }

    fn field(
        &mut self,
        frame: &Frame<'_>,
        dot: &Local,
        (of, name, node): (&Local, &Name, Id),
        given: Given<'_>,
    ) -> Outcome<Local> {
        if matches!(of.value, Value::Nil) {
            if of.seen == Seen::Boxed {
                let why = format!("nil pointer evaluating interface {{}}.{}", name.text);
                return Err(self.fail(frame, &why));
            }
            return Ok(Local::plain(Value::Nil));
        }
        if let Some(method) = self.method(&of.value, name) {
            let receiver = of.value.clone();
            let value = self.call_method(frame, dot, (method, node), (receiver, given))?;
            return Ok(Local::plain(value));
        }
        let has_arguments = !given.0.is_empty() || given.1.is_some();
        match &of.value {
            Value::Map(map) => {
                if has_arguments {
                    let why = format!("{} is not a method but has arguments", name.text);
                    return Err(self.fail(frame, &why));
                }
                let value = map.get(name.text.as_bytes());
                Ok(element(map.kind(), value))
            }
            Value::Record(record) => match field_of(record, &name.text) {
                Some(_) if has_arguments => {
                    let why = format!(
                        "{} has arguments but cannot be invoked as function",
                        name.text
                    );
                    Err(self.fail(frame, &why))
                }
                Some(value) => Ok(Local::plain(value)),
                None => Err(self.no_field(frame, of, name)),
            },
            _ => Err(self.no_field(frame, of, name)),
        }
    }

    fn no_field(&self, frame: &Frame<'_>, of: &Local, name: &Name) -> super::Failure {
        let why = format!(
            "can't evaluate field {} in type {}",
            name.text,
            of.type_name()
        );
        self.fail(frame, &why)
    }

    fn method(&self, value: &Value, name: &Name) -> Option<&'static Function> {
        if !name.is_exported {
            return None;
        }
        match value {
            Value::Record(record) => record.method(&name.text),
            Value::Map(map) if matches!(map.kind(), MapKind::Any | MapKind::Text) => None,
            Value::Map(_) | Value::List(_) => (self.set.functions().find_method)(value, &name.text),
            _ => None,
        }
    }
}

/// The key of a map that has no methods: nearly all that charts ask for.
fn quick(of: &Local, name: &Name) -> Option<Local> {
    let Value::Map(map) = &of.value else {
        return None;
    };
    let kind = map.kind();
    if name.is_exported && !matches!(kind, MapKind::Any | MapKind::Text) {
        return None;
    }
    Some(element(kind, map.get(name.text.as_bytes())))
}

/// What a map gives for a key: the zero of its type where there is none.
fn element(kind: MapKind, value: Option<Value>) -> Local {
    match (kind, value) {
        (MapKind::Any | MapKind::Values, value) => Local::boxed(value.unwrap_or_default()),
        (_, Some(value)) => Local::plain(value),
        (MapKind::Text, None) => Local::plain(Value::from("")),
        (MapKind::Other(_), None) => Local::plain(Value::Bytes([].into())),
    }
}

/// A field of a struct, or of the struct that is embedded in it.
fn field_of(record: &Record, name: &str) -> Option<Value> {
    if let Some(value) = record.field(name) {
        return Some(value);
    }
    // Only structs without a name are known to embed others: `struct { chart.Metadata; IsRoot bool }`.
    let shape = record.shape();
    if !shape.type_name.starts_with("struct {") {
        return None;
    }
    let mut embedded = shape.fields.iter().filter(|field| {
        let end = format!(".{field};");
        shape.type_name.contains(&end)
    });
    embedded.find_map(|field| match record.field(field)? {
        Value::Record(inner) => inner.field(name),
        _ => None,
    })
}
