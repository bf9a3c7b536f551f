//! The functions that are not written in jq, one file per family.

mod arithmetic;
mod dates;
mod entries;
mod formats;
mod index;
mod lists;
mod math;
mod paths;
mod patterns;
mod texts;

use super::{
    failure::{Failure, Meter},
    value::Value,
};

pub(super) use self::{arithmetic::add, index::item_of};

/// The input and up to three arguments.
type Inputs = [Value; 4];
type Outcome = Result<Value, Failure>;
type Body = fn(&mut Meter, Inputs) -> Outcome;

/// What a call costs beside its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// Nothing.
    None,
    /// So much as its inputs are long.
    Length,
    /// So much as its inputs are long when written out.
    Whole,
}

/// A native function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Native {
    name: &'static str,
    arity: u8,
    cost: Cost,
    body: Body,
}

impl Native {
    const fn new(name: &'static str, arity: u8, cost: Cost, body: Body) -> Self {
        Self {
            name,
            arity,
            cost,
            body,
        }
    }

    pub(super) fn call(&self, meter: &mut Meter, inputs: Inputs) -> Outcome {
        match self.cost {
            Cost::None => {}
            Cost::Length => meter.charge(inputs.iter().map(length).sum())?,
            Cost::Whole => meter.charge(inputs.iter().map(|input| input.bytes() / 32).sum())?,
        }
        (self.body)(meter, inputs)
    }
}

fn length(value: &Value) -> u64 {
    match value {
        Value::Text(text) => text.len() as u64 / 64,
        Value::List(list) => list.len() as u64 / 4,
        Value::Map(map) => map.len() as u64 / 4,
        _ => 0,
    }
}

const FAMILIES: [&[Native]; 10] = [
    arithmetic::FUNCTIONS,
    dates::FUNCTIONS,
    entries::FUNCTIONS,
    formats::FUNCTIONS,
    index::FUNCTIONS,
    lists::FUNCTIONS,
    math::FUNCTIONS,
    paths::FUNCTIONS,
    patterns::FUNCTIONS,
    texts::FUNCTIONS,
];

/// The function of a name with so many arguments.
pub(super) fn find(name: &str, arity: usize) -> Option<Native> {
    let all = FAMILIES.iter().flat_map(|family| family.iter());
    all.copied()
        .find(|native| native.name == name && usize::from(native.arity) == arity)
}

/// Names and numbers of arguments of all functions.
pub(super) fn names() -> impl Iterator<Item = (&'static str, usize)> {
    let all = FAMILIES.iter().flat_map(|family| family.iter());
    all.map(|native| (native.name, usize::from(native.arity)))
}
