//! Values of templates as values of Go, and back.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Error as EngineError, ErrorKind, State, Value};

use crate::function::tree::Room;
use crate::function::{Arguments, Error, tree};
use crate::govalue::{self, Context, List, Map, MapKind, Nowhere, Parameter, Record, Shape, print};
use crate::sprig::{self, HelmVersion};
use crate::yaml;

/// How deep values may be: each level costs stack.
const DEPTH: usize = yaml::MAX_DEPTH;

/// An argument as the type that a function wants.
pub(super) fn of_argument(
    arguments: &Arguments<'_>,
    index: usize,
    wanted: Parameter,
) -> Result<govalue::Value, Error> {
    let value = arguments.value(index);
    Ok(match wanted {
        Parameter::Text => govalue::Value::text(arguments.bytes(index)?),
        Parameter::Bool => arguments.truth(index)?.into(),
        Parameter::Int | Parameter::Uint32 => govalue::Value::Int(arguments.integer(index)?),
        Parameter::Int64 => govalue::Value::Int64(arguments.integer(index)?),
        Parameter::Float if value.kind() == ValueKind::Number => {
            govalue::Value::Float(tree::float_of(value))
        }
        Parameter::Float => return Err(arguments.wrong_kind(index, "a number")),
        Parameter::Map => {
            arguments.map(index)?;
            of_value(value, DEPTH, &Room::default()).map_err(|why| arguments.unusable(why))?
        }
        Parameter::List | Parameter::TextList => {
            let items = arguments.list(index)?;
            let room = Room::default();
            let items = items.iter().map(|item| of_value(item, DEPTH, &room));
            let items = items.collect::<Result<Vec<_>, _>>();
            items.map_err(|why| arguments.unusable(why))?.into()
        }
        Parameter::Record(shape) => {
            let given =
                of_value(value, DEPTH, &Room::default()).map_err(|why| arguments.unusable(why))?;
            let record = of_shape(given, shape);
            record.ok_or_else(|| arguments.wrong_kind(index, expected(shape)))?
        }
        Parameter::Any => {
            of_value(value, DEPTH, &Room::default()).map_err(|why| arguments.unusable(why))?
        }
    })
}

fn expected(shape: &'static Shape) -> &'static str {
    match shape.type_name {
        "time.Time" => "a time",
        "time.Duration" => "a duration",
        "*semver.Version" => "a version",
        _ => "what such a function gave",
    }
}

/// A struct that came here as a map of its fields is made anew.
fn of_shape(value: govalue::Value, shape: &'static Shape) -> Option<govalue::Value> {
    match value {
        govalue::Value::Record(record) if std::ptr::eq(record.shape(), shape) => {
            Some(govalue::Value::Record(record))
        }
        govalue::Value::Map(map) if !shape.fields.is_empty() => {
            let fields = shape.fields.iter().map(|field| map.get(field.as_bytes()));
            let fields = fields.collect::<Option<Vec<_>>>()?;
            Some(govalue::Value::Record(Record::new(shape, fields)))
        }
        _ => None,
    }
}

fn of_value(value: &Value, depth: usize, room: &Room) -> Result<govalue::Value, String> {
    let depth = room.enter(depth)?;
    if let Some(kept) = value.downcast_object_ref::<Kept>() {
        return kept.remade();
    }
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::None => govalue::Value::Nil,
        ValueKind::Bool => value.is_true().into(),
        ValueKind::Number => of_number(value),
        ValueKind::String => value.as_str().unwrap_or_default().into(),
        ValueKind::Bytes => govalue::Value::text(value.as_bytes().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| error.to_string())?;
            let items = items.map(|item| of_value(&item, depth, room));
            items.collect::<Result<Vec<_>, _>>()?.into()
        }
        ValueKind::Map => {
            let entries = tree::entries_of(value);
            let entries = entries.ok_or("a key of the map is neither a string nor a number")?;
            let entries = entries.iter().map(|(key, entry)| {
                Ok((govalue::Text::from(&**key), of_value(entry, depth, room)?))
            });
            let entries = entries.collect::<Result<_, String>>()?;
            govalue::Value::Map(Map::new(MapKind::Any, entries))
        }
        _ => return Err("the value is no plain data".to_owned()),
    })
}

fn of_number(value: &Value) -> govalue::Value {
    let whole = tree::whole_of(value).and_then(|whole| i64::try_from(whole).ok());
    whole.map_or_else(
        || govalue::Value::Float(tree::float_of(value)),
        govalue::Value::Int,
    )
}

/// A result as templates see it.
pub(super) fn to_template(value: &govalue::Value) -> Result<Value, String> {
    to_template_within(value, DEPTH, &Room::default())
}

fn to_template_within(value: &govalue::Value, depth: usize, room: &Room) -> Result<Value, String> {
    let depth = room.enter(depth)?;
    Ok(match value {
        govalue::Value::Nil => Value::from(()),
        govalue::Value::Bool(truth) => Value::from(*truth),
        govalue::Value::Int(number) | govalue::Value::Int64(number) => Value::from(*number),
        govalue::Value::Uint8(number) => Value::from(*number),
        govalue::Value::Uint64(number) => Value::from(*number),
        govalue::Value::Float(number) => Value::from(*number),
        govalue::Value::Complex(..) => Value::from(shown(value)),
        govalue::Value::Text(text) => from_bytes(text),
        govalue::Value::Bytes(bytes) => from_bytes(bytes),
        govalue::Value::List(list) => from_list(list, depth, room)?,
        govalue::Value::Map(map) => {
            let entries = map.snapshot();
            let entries = entries.iter().map(|(key, entry)| {
                let key: Arc<str> = key.as_str().into();
                Ok((key, to_template_within(entry, depth, room)?))
            });
            tree::Tree::value(entries.collect::<Result<Vec<_>, String>>()?)
        }
        govalue::Value::Record(record) => from_record(record, depth, room)?,
    })
}

fn from_bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => Value::from_bytes(bytes.to_vec()),
    }
}

fn from_list(list: &List, depth: usize, room: &Room) -> Result<Value, String> {
    let items = list
        .iter()
        .map(|item| to_template_within(item, depth, room));
    Ok(items.collect::<Result<Vec<_>, _>>()?.into())
}

fn from_record(record: &Record, depth: usize, room: &Room) -> Result<Value, String> {
    let value = govalue::Value::Record(record.clone());
    let text = shown(&value);
    let kept = match record.shape().type_name {
        "time.Time" => Kept::Time {
            time: sprig::as_time_value(&value),
            text,
        },
        "time.Duration" => Kept::Duration(text),
        "*semver.Version" | "semver.Version" => Kept::Version(text),
        _ => {
            let fields = record.shape().fields.iter().zip(record.fields());
            let fields = fields.map(|(name, field)| {
                Ok((Arc::from(*name), to_template_within(&field, depth, room)?))
            });
            return Ok(tree::Tree::value(
                fields.collect::<Result<Vec<_>, String>>()?,
            ));
        }
    };
    Ok(Value::from_object(kept))
}

fn shown(value: &govalue::Value) -> String {
    let text = print::to_text(&Nowhere, value).unwrap_or_default();
    text.as_str().into_owned()
}

/// A struct of Go that a template holds: it is made anew each time something is asked of it, because
/// values of Go stay on one thread.
#[derive(Debug)]
enum Kept {
    Time {
        time: Option<sprig::Time>,
        text: String,
    },
    /// As it prints.
    Duration(String),
    /// As it prints.
    Version(String),
}

impl Kept {
    fn remade(&self) -> Result<govalue::Value, String> {
        let (maker, text) = match self {
            Self::Time { time, .. } => {
                let time = time.clone().ok_or("no time")?;
                return Ok(sprig::time_value(time));
            }
            Self::Duration(text) => ("mustToDuration", text),
            Self::Version(text) => ("semver", text),
        };
        let maker = sprig::find(maker, HelmVersion::V4).ok_or("no such function")?;
        let context = Context { world: &Nowhere };
        (maker.call)(&context, &[text.as_str().into()]).map_err(|error| error.to_string())
    }

    /// Calls a method of Go; `None` when there is none of this name for so many arguments.
    fn ask(&self, name: &str, values: &[Value]) -> Option<Result<Value, String>> {
        let remade = match self.remade() {
            Ok(remade) => remade,
            Err(why) => return Some(Err(why)),
        };
        let govalue::Value::Record(record) = &remade else {
            return None;
        };
        let method = record.method(name)?;
        if method.parameters.len() != values.len() || method.unfit.is_some() {
            return None;
        }
        Some(Self::call(method, remade.clone(), values))
    }

    fn call(
        method: &govalue::Function,
        receiver: govalue::Value,
        values: &[Value],
    ) -> Result<Value, String> {
        let mut arguments = vec![receiver];
        for (parameter, value) in method.parameters.iter().zip(values) {
            let given = of_value(value, DEPTH, &Room::default())?;
            let fits = match (parameter, &given) {
                (Parameter::Record(shape), govalue::Value::Record(record)) => {
                    std::ptr::eq(record.shape(), *shape)
                }
                (Parameter::Text, govalue::Value::Text(_))
                | (Parameter::Int, govalue::Value::Int(_))
                | (Parameter::Any, _) => true,
                _ => false,
            };
            if !fits {
                let name = method.name;
                return Err(format!("{name} was given {}", given.type_name()));
            }
            arguments.push(given);
        }
        let given = (method.call)(&Context { world: &Nowhere }, &arguments);
        to_template(&given.map_err(|error| error.to_string())?)
    }
}

impl Object for Kept {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.ask(key.as_str()?, &[])?.ok()
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, EngineError> {
        match self.ask(method, arguments) {
            Some(Ok(value)) => Ok(value),
            Some(Err(why)) => Err(EngineError::new(ErrorKind::InvalidOperation, why)),
            None => Err(EngineError::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &**self {
            Self::Time { text, .. } | Self::Duration(text) | Self::Version(text) => {
                out.write_str(text)
            }
        }
    }
}
