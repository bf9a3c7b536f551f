//! `.a.b.c`: keys of maps, fields of structs, methods.

use super::call::Given;
use super::{Frame, Local, Machine, Outcome, Seen};
use crate::gotemplate::tree::{Id, Name};
use crate::govalue::{Function, MapKind, Value};

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
        if let Some(method) = method(&of.value, name) {
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
            Value::Record(record) => match record.field(&name.text) {
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
        let (name, of_type) = (&*name.text, of.type_name());
        let is_hidden = match &of.value {
            Value::Record(record) => {
                let hidden = record.shape().hidden;
                hidden.is_some_and(|hidden| hidden.names.contains(&name))
            }
            _ => false,
        };
        let why = if is_hidden {
            format!("{name} is an unexported field of struct type {of_type}")
        } else {
            format!("can't evaluate field {name} in type {of_type}")
        };
        self.fail(frame, &why)
    }
}

/// A method of a value. Go exports only what starts with a capital letter.
fn method(value: &Value, name: &Name) -> Option<&'static Function> {
    if name.is_exported {
        value.method(&name.text)
    } else {
        None
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
        (MapKind::Named(_), None) => Local::plain(Value::Bytes([].into())),
    }
}
