//! Requests for the Lease, and how they end.

use std::time::Duration;

use serde_json::Value;

use super::record::Lease;

/// What is to be asked of the API server.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What.
    pub deed: Deed,
    /// How long it may take.
    pub within: Duration,
}

/// One request for the Lease.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Read it.
    Read,
    /// Create it as this object.
    Create(Value),
    /// Replace it with this object, which has the version that must be the present one.
    Replace(Value),
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// What was read; `None`: it is not there.
    Found(Option<Lease>),
    /// It was created or replaced, and is this now.
    Stored(Lease),
    /// Somebody else wrote in between, created it first, or deleted it.
    Conflict,
    /// It was refused, or nobody knows.
    Failed,
}
