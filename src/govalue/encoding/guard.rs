//! Values that contain themselves, found while they are written.

use super::MAX_DEPTH;
use crate::govalue::{Error, Map, Value};

/// Levels that are written without a look at what contains them. Go begins to look there as well.
const UNWATCHED: usize = 1000;

/// The collections that are being written.
#[derive(Default)]
pub(super) struct Guard {
    depth: usize,
    /// The maps among them, from [`UNWATCHED`] levels on.
    watched: Vec<Map>,
}

impl Guard {
    /// Enters a collection.
    ///
    /// # Errors
    ///
    /// It contains itself, or nests deeper than anything that can be read again.
    pub(super) fn enter(&mut self, value: &Value) -> Result<(), Error> {
        self.depth += 1;
        if self.depth <= UNWATCHED {
            return Ok(());
        }
        if let Value::Map(map) = value {
            if self.watched.iter().any(|watched| watched.is_same(map)) {
                return Err(cycle(value));
            }
            self.watched.push(map.clone());
        }
        if self.depth > MAX_DEPTH {
            return Err(cycle(value));
        }
        Ok(())
    }

    /// Leaves it.
    pub(super) fn leave(&mut self, value: &Value) {
        if self.depth > UNWATCHED && matches!(value, Value::Map(_)) {
            self.watched.pop();
        }
        self.depth -= 1;
    }
}

fn cycle(value: &Value) -> Error {
    Error::Failed(format!(
        "json: unsupported value: encountered a cycle via {}",
        value.type_name()
    ))
}
