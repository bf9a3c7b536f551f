//! Kinds and selectors → what changed.
