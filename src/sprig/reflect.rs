//! What a value is, whether two are alike, and copies of them.

#![expect(clippy::unnecessary_wraps, reason = "functions have one signature")]

use super::arguments::{bytes, value};
use crate::govalue::{Context, Depth, Error, Function, List, Map, Parameter, Record, Value, World};

pub(super) const ALL: &[Function] = &[
    Function::new("typeOf", &[Parameter::Any], type_of),
    Function::new("typeIs", &[Parameter::Text, Parameter::Any], type_is),
    Function::new(
        "typeIsLike",
        &[Parameter::Text, Parameter::Any],
        type_is_like,
    ),
    Function::new("kindOf", &[Parameter::Any], kind_of),
    Function::new("kindIs", &[Parameter::Text, Parameter::Any], kind_is),
    Function::new("deepEqual", &[Parameter::Any, Parameter::Any], deep_equal),
    Function::new("deepCopy", &[Parameter::Any], deep_copy),
    Function::new("mustDeepCopy", &[Parameter::Any], deep_copy),
];

/// How deep values may be nested: each level costs stack.
pub(super) const DEPTH: usize = 20_000;

/// What a copied item costs, in bytes.
const ITEM: usize = 48;

/// The error of values that are nested deeper than any stack.
pub(super) fn too_deep() -> Error {
    Error::Limit(format!("values are nested deeper than {DEPTH} levels"))
}

fn type_of(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(value(arguments, 0).type_name().into())
}

fn type_is(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let name = value(arguments, 1).type_name();
    Ok((bytes(arguments, 0) == name.as_bytes()).into())
}

/// A pointer is like what it points to.
fn type_is_like(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let name = value(arguments, 1).type_name().as_bytes();
    let wanted = bytes(arguments, 0);
    Ok((wanted == name || name.strip_prefix(b"*") == Some(wanted)).into())
}

fn kind_of(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(value(arguments, 0).kind().name().into())
}

fn kind_is(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let name = value(arguments, 1).kind().name();
    Ok((bytes(arguments, 0) == name.as_bytes()).into())
}

fn deep_equal(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (left, right) = (value(arguments, 0), value(arguments, 1));
    are_equal(context.world, left, right).map(Value::from)
}

/// Whether two values are equal with their types, as Go's `reflect.DeepEqual`.
///
/// # Errors
///
/// [`Error::Limit`] for values that are too deep or too many.
pub(super) fn are_equal(world: &dyn World, left: &Value, right: &Value) -> Result<bool, Error> {
    let mut comparison = Comparison {
        world,
        seen: Vec::new(),
        steps: 0,
    };
    comparison.values(left, right)
}

struct Comparison<'a> {
    world: &'a dyn World,
    /// The pairs of maps that this one is inside of: a map that contains itself comes round to them.
    seen: Vec<(Map, Map)>,
    steps: usize,
}

impl Comparison<'_> {
    fn values(&mut self, left: &Value, right: &Value) -> Result<bool, Error> {
        self.steps += 1;
        if self.steps.is_multiple_of(4096) {
            self.world.spend(4096)?;
        }
        Ok(match (left, right) {
            (Value::Nil, Value::Nil) => true,
            (Value::Bool(left), Value::Bool(right)) => left == right,
            (Value::Int(left), Value::Int(right)) | (Value::Int64(left), Value::Int64(right)) => {
                left == right
            }
            (Value::Uint8(left), Value::Uint8(right)) => left == right,
            (Value::Uint64(left), Value::Uint64(right)) => left == right,
            #[expect(clippy::float_cmp, reason = "equal bit for bit is what is asked")]
            (Value::Float(left), Value::Float(right)) => left == right,
            #[expect(clippy::float_cmp, reason = "equal bit for bit is what is asked")]
            (Value::Complex(left, left_i), Value::Complex(right, right_i)) => {
                left == right && left_i == right_i
            }
            (Value::Text(left), Value::Text(right)) => left == right,
            (Value::Bytes(left), Value::Bytes(right)) => left == right,
            (Value::List(left), Value::List(right)) => self.lists(left, right)?,
            (Value::Map(left), Value::Map(right)) => self.maps(left, right)?,
            (Value::Record(left), Value::Record(right)) => self.records(left, right)?,
            _ => false,
        })
    }

    fn lists(&mut self, left: &List, right: &List) -> Result<bool, Error> {
        let is_alike = left.element() == right.element()
            && left.is_nil() == right.is_nil()
            && left.len() == right.len();
        if !is_alike || std::ptr::eq(left.as_ptr(), right.as_ptr()) {
            return Ok(is_alike);
        }
        self.all(left, right)
    }

    fn all(&mut self, left: &[Value], right: &[Value]) -> Result<bool, Error> {
        for (left, right) in left.iter().zip(right) {
            if !self.values(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn maps(&mut self, left: &Map, right: &Map) -> Result<bool, Error> {
        let is_alike = left.kind() == right.kind() && left.len() == right.len();
        if !is_alike || left.is_same(right) || self.is_inside(left, right) {
            return Ok(is_alike);
        }
        if self.seen.len() >= DEPTH {
            return Err(too_deep());
        }
        self.seen.push((left.clone(), right.clone()));
        let result = self.entries(left, right);
        self.seen.pop();
        result
    }

    fn entries(&mut self, left: &Map, right: &Map) -> Result<bool, Error> {
        let (left, right) = (left.entries(), right.entries());
        for ((key, left), (other, right)) in left.iter().zip(right.iter()) {
            if key != other || !self.values(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looked up for deep values only: few contain themselves.
    fn is_inside(&self, left: &Map, right: &Map) -> bool {
        let mut seen = self.seen.iter();
        self.seen.len() > 64 && seen.any(|pair| pair.0.is_same(left) && pair.1.is_same(right))
    }

    fn records(&mut self, left: &Record, right: &Record) -> Result<bool, Error> {
        if !std::ptr::eq(left.shape(), right.shape()) {
            return Ok(false);
        }
        if left.is_same(right) {
            return Ok(true);
        }
        if let Some(alike) = left.shape().alike {
            return Ok(alike(left, right, Depth::Deep));
        }
        match (left.shape().to_text, left.shape().fields) {
            (Some(to_text), []) => Ok(to_text(left) == to_text(right)),
            (_, []) => Ok(false),
            _ => self.all(&left.fields(), &right.fields()),
        }
    }
}

fn deep_copy(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    match value(arguments, 0) {
        Value::Nil => Err(Error::Failed(
            "reflect: call of reflect.Value.Type on zero Value".to_owned(),
        )),
        value => copy(context.world, value, DEPTH),
    }
}

/// Everything anew but structs, which nothing changes.
fn copy(world: &dyn World, value: &Value, depth: usize) -> Result<Value, Error> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(too_deep());
    };
    match value {
        Value::List(list) if list.is_nil() => Ok(value.clone()),
        Value::List(list) => {
            world.spend(list.len() * ITEM)?;
            let items = list.iter().map(|item| copy(world, item, depth));
            let items = items.collect::<Result<_, _>>()?;
            Ok(Value::List(List::new(list.element(), items)))
        }
        Value::Map(map) => {
            world.spend(map.len() * 2 * ITEM)?;
            let entries = map.entries();
            let copied = entries
                .iter()
                .map(|(key, entry)| Ok((key.clone(), copy(world, entry, depth)?)));
            let copied = copied.collect::<Result<_, Error>>()?;
            Ok(Value::Map(Map::new(map.kind(), copied)))
        }
        other => Ok(other.clone()),
    }
}
