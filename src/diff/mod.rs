//! Manifests, inventory and what is there → a plan.
