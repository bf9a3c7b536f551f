//! The `ConfigMap` in which people set values.
