//! Numbers in a row.

use std::io::Write as _;
use std::ops::Range;

use crate::govalue::{Context, Element, Error, List, Value, World};
use crate::sprig::arguments::int;

/// What one number costs, in bytes.
const ITEM: usize = 24;

pub(super) fn until(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let count = int(arguments, 0);
    steps(context.world, 0..count, if count < 0 { -1 } else { 1 }).map(ints)
}

pub(super) fn until_step(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (start, end, step) = (int(arguments, 0), int(arguments, 1), int(arguments, 2));
    steps(context.world, start..end, step).map(ints)
}

/// As the command of that name: the end is among them, and they are one text.
pub(super) fn seq(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (start, step, end) = match arguments.len() {
        1 => (1, None, int(arguments, 0)),
        2 => (int(arguments, 0), None, int(arguments, 1)),
        3 => (
            int(arguments, 0),
            Some(int(arguments, 1)),
            int(arguments, 2),
        ),
        _ => return Ok("".into()),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return Ok("".into());
    }
    let range = start..end.wrapping_add(direction);
    let numbers = steps(context.world, range, step.unwrap_or(direction))?;
    let mut text = Vec::with_capacity(numbers.len() * 4);
    for number in numbers {
        if !text.is_empty() {
            text.push(b' ');
        }
        // Writing to a vector cannot fail.
        let _ = write!(text, "{number}");
    }
    Ok(Value::text(text))
}

fn ints(numbers: Vec<i64>) -> Value {
    let items = numbers.into_iter().map(Value::Int).collect();
    Value::List(List::new(Element::Int, items))
}

fn steps(world: &dyn World, range: Range<i64>, step: i64) -> Result<Vec<i64>, Error> {
    let Range { start, end } = range;
    if start == end || step == 0 || (end > start) != (step > 0) {
        return Ok(Vec::new());
    }
    let count = end.abs_diff(start).div_ceil(step.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    world.spend(count.saturating_mul(ITEM))?;
    let following = |number: &i64| number.checked_add(step);
    Ok(std::iter::successors(Some(start), following)
        .take(count)
        .collect())
}
