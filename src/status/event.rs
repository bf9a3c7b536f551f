//! Kubernetes events: transitions a person should hear of.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::name::ModuleName;
use crate::object::GROUP;

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A module.
    Module(ModuleName),
    /// The `ConfigMap` with the values, by name.
    ConfigMap(String),
    /// A Secret of the operator, by name.
    Secret(String),
    /// The Lease by which replicas agree who leads, by name.
    Lease(String),
}

/// Whether all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is.
    Normal,
    /// A person should look.
    Warning,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it is about.
    pub about: About,
    /// Whether all is well.
    pub kind: Kind,
    /// One word from a closed set: `DriftCorrected`, `ApplyFailed`, `InvalidValues` …
    pub reason: &'static str,
    /// A sentence.
    pub message: String,
}

/// The API server refuses longer messages.
const LONGEST_MESSAGE: usize = 1000;

impl Event {
    /// The `Event` object, as it is created in `namespace`.
    pub(super) fn object(&self, namespace: &str, now: Timestamp) -> Value {
        let (api_version, kind, name) = match &self.about {
            About::Module(module) => (format!("{GROUP}/v1alpha1"), "Module", module.as_str()),
            About::ConfigMap(name) => ("v1".to_owned(), "ConfigMap", name.as_str()),
            About::Secret(name) => ("v1".to_owned(), "Secret", name.as_str()),
            About::Lease(name) => {
                let api_version = "coordination.k8s.io/v1".to_owned();
                (api_version, "Lease", name.as_str())
            }
        };
        let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let message: String = self.message.chars().take(LONGEST_MESSAGE).collect();
        json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": format!("{name}."), "namespace": namespace},
            "involvedObject": {"apiVersion": api_version, "kind": kind, "name": name, "namespace": namespace},
            "type": if self.kind == Kind::Normal { "Normal" } else { "Warning" },
            "reason": self.reason,
            "message": message,
            "source": {"component": "addon-operator"},
            "reportingComponent": "addon-operator",
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        })
    }
}
