//! Maps merged into the first of them, as mergo does it: in place, and sharing what it takes over.

use super::insert;
use crate::govalue::{Context, Error, Map, MapKind, Value, World};
use crate::sprig::arguments::{from, map};
use crate::sprig::logic::is_empty;
use crate::sprig::reflect::{DEPTH, too_deep};

/// What the first has, and is not empty, stays.
pub(super) fn merge(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    merge_all(context.world, arguments, false)
}

/// What later ones have wins.
pub(super) fn overwrite(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    merge_all(context.world, arguments, true)
}

fn merge_all(world: &dyn World, arguments: &[Value], overwrites: bool) -> Result<Value, Error> {
    let merge = Merge { world, overwrites };
    let others = from(arguments, 1);
    let sources: Vec<&Map> = (0..others.len())
        .filter_map(|index| map(others, index))
        .collect();
    let target = match map(arguments, 0) {
        Some(map) => map.clone(),
        None if sources.is_empty() => Map::nil(MapKind::Any),
        None => Map::any(),
    };
    for source in sources {
        merge.maps(&target, source, DEPTH)?;
    }
    Ok(Value::Map(target))
}

/// What it counts to look into a map within a map. The same maps may be in others many times over.
const VISIT: usize = 1024;

struct Merge<'a> {
    world: &'a dyn World,
    overwrites: bool,
}

impl Merge<'_> {
    fn maps(&self, target: &Map, source: &Map, depth: usize) -> Result<(), Error> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(too_deep());
        };
        if target.is_same(source) && !source.is_empty() && depth + 1 < DEPTH {
            // Every value is already there.
            return Ok(());
        }
        // Taken down first: the target may be part of the source.
        for (key, new) in source.snapshot() {
            let old = target.get(&key);
            if matches!(new, Value::Nil) {
                if self.overwrites {
                    target.insert(key, new);
                }
                continue;
            }
            if let (Some(Value::Map(old)), Value::Map(new)) = (&old, &new) {
                self.world.spend(VISIT)?;
                self.maps(old, new, depth)?;
            }
            if self.is_taken(old.as_ref(), &new) {
                if target.kind() == MapKind::Text && source.kind() != MapKind::Text {
                    return Err(wrong_element());
                }
                insert(self.world, target, key, new);
            }
        }
        Ok(())
    }

    /// Whether the new value takes the place of the old one.
    fn is_taken(&self, old: Option<&Value>, new: &Value) -> bool {
        let Some(old) = old.filter(|old| !is_nothing(old)) else {
            return true;
        };
        match (old, new) {
            (Value::Map(_), Value::Map(_)) => false,
            _ => self.overwrites,
        }
    }
}

/// What mergo takes for empty: structs never are.
fn is_nothing(value: &Value) -> bool {
    is_empty(value)
}

fn wrong_element() -> Error {
    Error::Failed(
        "reflect.Value.SetMapIndex: value of type interface {} is not assignable to type string"
            .to_owned(),
    )
}
