//! The values store: layers, schemas, patches → values.
