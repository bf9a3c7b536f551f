//! Which object is meant: group, kind, namespace and name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind and its API group; the core group is the empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKind {
    /// `apps`; empty for the core group.
    pub group: String,
    /// `Deployment`.
    pub kind: String,
}

impl GroupKind {
    /// From its two parts.
    pub fn new(group: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
        }
    }

    /// From `Deployment.apps`, as `ApplySet` annotations write it.
    pub fn parse(text: &str) -> Self {
        let (kind, group) = text.split_once('.').unwrap_or((text, ""));
        Self::new(group, kind)
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            out.write_str(&self.kind)
        } else {
            write!(out, "{}.{}", self.kind, self.group)
        }
    }
}

/// One object of a cluster, whatever its API version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// API group; empty for the core group.
    pub group: String,
    /// Kind, `Deployment`.
    pub kind: String,
    /// Namespace; `None` for an object of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

impl ObjectRef {
    /// Kind and group alone.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }
}

/// `Deployment shop/web`, `ClusterRole admin`; the group stays out, as people speak.
impl fmt::Display for ObjectRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(out, "{} {}/{}", self.kind, namespace, self.name),
            None => write!(out, "{} {}", self.kind, self.name),
        }
    }
}
