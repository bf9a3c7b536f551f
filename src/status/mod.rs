//! Outcomes → `Module` objects, conditions and events.
