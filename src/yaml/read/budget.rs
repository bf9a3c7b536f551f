//! Limits to what aliases make of a text.

use crate::yaml::{Error, MAX_TEXT, Place};

/// What all aliases of a text may copy, in bytes; a text of this size is refused for its size alone.
const MAX_COPIED: usize = MAX_TEXT;

/// What aliases may cost: go-yaml's rule, and a limit to the bytes they copy.
pub(super) struct Budget {
    decoded: u32,
    by_alias: u32,
    alias_depth: u32,
    copied: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            // The document itself.
            decoded: 1,
            by_alias: 0,
            alias_depth: 0,
            copied: 0,
        }
    }
}

impl Budget {
    /// What is read from now on is counted as an alias's doing.
    pub(super) fn enter_alias(&mut self) {
        self.alias_depth += 1;
    }

    pub(super) fn leave_alias(&mut self) {
        self.alias_depth -= 1;
    }

    /// Counts a value that is read.
    pub(super) fn count(&mut self, place: Place) -> Result<(), Error> {
        self.decoded += 1;
        if self.alias_depth == 0 {
            return Ok(());
        }
        self.by_alias += 1;
        let is_worth_a_look = self.by_alias > 100 && self.decoded > 1000;
        if is_worth_a_look && f64::from(self.by_alias) > self.allowed() {
            return Err(Error::too_many_aliases(place));
        }
        Ok(())
    }

    /// 99 of 100 values may come from aliases up to 400,000 values, falling to one of ten at 4,000,000.
    fn allowed(&self) -> f64 {
        let decoded = f64::from(self.decoded);
        let share = (decoded - 400_000.0) / 3_600_000.0;
        decoded * (0.99 - 0.89 * share.clamp(0.0, 1.0))
    }

    /// Counts a text that is copied.
    pub(super) fn copy(&mut self, bytes: usize, place: Place) -> Result<(), Error> {
        if self.alias_depth > 0 {
            self.copied = self.copied.saturating_add(bytes);
        }
        if self.copied > MAX_COPIED {
            return Err(Error::too_many_aliases(place));
        }
        Ok(())
    }
}
