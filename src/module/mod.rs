//! What is on disk: modules, enabled or not, in which order.
