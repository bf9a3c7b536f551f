//! How deep a value nests and how long it is when written out.
//!
//! A value may hold another one many times over without holding a copy, so that what is small in
//! memory can be endless when it is walked. No value is ever made that is too long to walk.

/// Lists and maps nest no deeper than this; it keeps every walk over a value off the stack's end.
pub(in crate::jq) const DEEPEST: u32 = 512;

/// About the most bytes that a value may have when it is written out.
pub(in crate::jq) const LONGEST: u64 = 64 << 20;

/// A value would nest too deep, or would be too long when written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jq) struct TooDeep;

/// Depth, and bytes when written out (about).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::jq) struct Extent {
    pub(super) depth: u32,
    pub(super) bytes: u64,
}

impl Extent {
    /// The extent of a container of these.
    pub(super) fn around(parts: impl Iterator<Item = Self>) -> Result<Self, TooDeep> {
        let sum = parts.fold(Self::default(), |sum, part| Self {
            depth: sum.depth.max(part.depth),
            bytes: sum.bytes.saturating_add(part.bytes),
        });
        sum.over().checked()
    }

    pub(super) const fn over(self) -> Self {
        Self {
            depth: self.depth + 1,
            bytes: self.bytes.saturating_add(2),
        }
    }

    /// The extent of a container in which one part takes the place of another.
    pub(super) fn with(self, old: Self, new: Self) -> Result<Self, TooDeep> {
        let bytes = self
            .bytes
            .saturating_sub(old.bytes)
            .saturating_add(new.bytes);
        Self {
            depth: self.depth.max(new.depth + 1),
            bytes,
        }
        .checked()
    }

    pub(super) const fn without(self, old: Self) -> Self {
        Self {
            depth: self.depth,
            bytes: self.bytes.saturating_sub(old.bytes).saturating_add(5),
        }
    }

    const fn checked(self) -> Result<Self, TooDeep> {
        if self.depth > DEEPEST || self.bytes > LONGEST {
            Err(TooDeep)
        } else {
            Ok(self)
        }
    }
}
