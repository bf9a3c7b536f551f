//! Long strings on several lines.

use memchr::{memchr, memrchr};

use crate::govalue::{Context, Error, Value, World};
use crate::sprig::arguments::{bytes, int};

pub(super) fn wrap(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (width, text) = (int(arguments, 0), bytes(arguments, 1));
    wrapped(context.world, text, (width, LongWords::Stay), b"\n")
}

/// What becomes of words that are longer than a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LongWords {
    /// They make the line longer.
    Stay,
    /// They are cut.
    Cut,
}

pub(super) fn wrap_with(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (width, text) = (int(arguments, 0), bytes(arguments, 2));
    let line_end = match bytes(arguments, 1) {
        b"" => b"\n",
        line_end => line_end,
    };
    wrapped(context.world, text, (width, LongWords::Cut), line_end)
}

/// At the last blank that fits on a line. Counted in bytes; line breaks that are there count as letters.
fn wrapped(
    world: &dyn World,
    text: &[u8],
    (width, long_words): (i64, LongWords),
    line_end: &[u8],
) -> Result<Value, Error> {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let lines = text.len() / width + text.len().min(1);
    world.spend(
        lines
            .saturating_mul(line_end.len())
            .saturating_add(text.len()),
    )?;
    let mut made = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(trimmed) = rest.strip_prefix(b" ") {
            rest = trimmed;
            continue;
        }
        let (line, behind) = rest.split_at(width);
        let place = match memrchr(b' ', rest.get(..=width).unwrap_or(line)) {
            None if long_words == LongWords::Stay => {
                memchr(b' ', behind).map(|place| width + place)
            }
            place => place,
        };
        let (line, next) = match (place, long_words) {
            (Some(place), _) => (place, place + 1),
            (None, LongWords::Cut) => (width, width),
            (None, LongWords::Stay) => break,
        };
        made.extend_from_slice(rest.get(..line).unwrap_or_default());
        made.extend_from_slice(line_end);
        rest = rest.get(next..).unwrap_or_default();
    }
    made.extend_from_slice(rest);
    Ok(Value::text(made))
}
