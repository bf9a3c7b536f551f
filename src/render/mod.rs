//! Chart and values → manifests.
