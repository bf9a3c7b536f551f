//! Schemas, values and what the real program says about them.
