//! Bindings that the API server calls: what they are written as.

use std::fmt;

use serde_json::Value;

/// What an admission binding may do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AdmissionKind {
    /// Say yes or no: `kubernetesValidating`.
    Validating,
    /// Change the object as well: `kubernetesMutating`.
    Mutating,
}

impl AdmissionKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Validating, Self::Mutating];

    /// The key in a configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Validating => "kubernetesValidating",
            Self::Mutating => "kubernetesMutating",
        }
    }

    /// The `type` of a binding context.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validating => "Validating",
            Self::Mutating => "Mutating",
        }
    }
}

/// What the API server does with a request when nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum FailurePolicy {
    /// It refuses it.
    #[default]
    Fail,
    /// It goes on.
    Ignore,
}

impl FailurePolicy {
    /// As the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Ignore => "Ignore",
        }
    }
}

/// Whether a hook does more than answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SideEffects {
    /// It does not.
    #[default]
    None,
    /// Not when the request is a trial.
    NoneOnDryRun,
}

impl SideEffects {
    /// As the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::NoneOnDryRun => "NoneOnDryRun",
        }
    }
}

/// An item of `kubernetesValidating` or `kubernetesMutating`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmissionBinding {
    /// Which of the two.
    pub kind: AdmissionKind,
    /// Its name, a domain of three parts or more; no other of this kind in the hook has it.
    pub name: String,
    /// Its group, never empty.
    pub group: Option<String>,
    /// The `kubernetes` bindings whose snapshots are told with it: its own and its group's.
    pub include_snapshots: Vec<String>,
    /// Which requests it is asked about.
    pub rules: Vec<AdmissionRule>,
    /// What happens when the hook does not answer; `None`: as the operator is set.
    pub failure_policy: Option<FailurePolicy>,
    /// Whether the hook does more than answer.
    pub side_effects: SideEffects,
    /// How long the API server waits, in seconds, 1 to 30.
    pub timeout_seconds: u32,
    /// Conditions in CEL that a request has to meet.
    pub conditions: Vec<MatchCondition>,
    /// A label selector of objects, as the API writes it; `None`: all.
    pub labels: Option<Value>,
    /// A label selector of namespaces, as the API writes it; `None`: all.
    pub namespace_labels: Option<Value>,
}

/// Requests that an admission binding is asked about. Each list has an item at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdmissionRule {
    /// API groups; the core group is the empty text, `*` all.
    pub groups: Vec<String>,
    /// API versions.
    pub versions: Vec<String>,
    /// Resources, also `pods/status` and `*/*`.
    pub resources: Vec<String>,
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT` or `*`.
    pub operations: Vec<String>,
    /// `Cluster`, `Namespaced` or `*`.
    pub scope: String,
}

/// `CREATE, UPDATE pods, deployments.apps`.
impl fmt::Display for AdmissionRule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut resources = Vec::new();
        for group in &self.groups {
            for resource in &self.resources {
                resources.push(match group.as_str() {
                    "" => resource.clone(),
                    group => format!("{resource}.{group}"),
                });
            }
        }
        write!(
            out,
            "{} {}",
            self.operations.join(", "),
            resources.join(", ")
        )
    }
}

/// A condition in CEL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchCondition {
    /// Its name.
    pub name: String,
    /// The expression.
    pub expression: String,
}

/// An item of `kubernetesCustomResourceConversion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionBinding {
    /// Its name.
    pub name: String,
    /// Its group, never empty.
    pub group: Option<String>,
    /// The `kubernetes` bindings whose snapshots are told with it: its own and its group's.
    pub include_snapshots: Vec<String>,
    /// The name of the `CustomResourceDefinition`: `crontabs.stable.example.com`.
    pub definition: String,
    /// From which versions the hook converts to which.
    pub conversions: Vec<ConversionRule>,
}

/// A step of a conversion. Versions are short, `v1`, or whole, `stable.example.com/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionRule {
    /// The version that the hook is given.
    pub from: String,
    /// The version that it makes of it.
    pub to: String,
}
