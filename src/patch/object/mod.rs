//! What a hook asks to do with objects of the cluster.

mod field;
mod json_patch;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use crate::jq::Filter;

pub(super) use field::{Fields, kind_of};
pub use json_patch::check_json_patch;
pub use read::parse_object_operations;

/// One object as a hook names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectTarget {
    /// `apps/v1`; empty for the version that the cluster prefers.
    pub api_version: String,
    /// The kind, in any of its names: `Deployment`, `deployments`, `deploy`.
    pub kind: String,
    /// The namespace; `None` for an object of the cluster.
    pub namespace: Option<String>,
    /// The name; empty for an object whose name the server makes up (`generateName`).
    pub name: String,
}

impl ObjectTarget {
    /// Which object a whole object is.
    pub fn of(object: &Value) -> Self {
        let text = |pointer: &str| {
            let found = object.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        Self {
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            namespace: Some(text("/metadata/namespace")).filter(|text| !text.is_empty()),
            name: text("/metadata/name"),
        }
    }
}

/// `apps/v1 Deployment shop/web`.
impl fmt::Display for ObjectTarget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.api_version.is_empty() {
            write!(out, "{} ", self.api_version)?;
        }
        match &self.namespace {
            Some(namespace) => write!(out, "{} {namespace}/{}", self.kind, self.name),
            None => write!(out, "{} {}", self.kind, self.name),
        }
    }
}

/// What to do when an object that is to be created is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is an error (`Create`).
    Fail,
    /// It stays as it is (`CreateIfNotExists`).
    Ignore,
    /// It is replaced as a whole (`CreateOrUpdate`).
    Replace,
}

/// What happens to the dependants of a deleted object, and whether its end is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cascade {
    /// They go first, and the end of the object is awaited (`Delete`).
    Foreground,
    /// They go afterwards; nothing is awaited (`DeleteInBackground`).
    Background,
    /// They stay; nothing is awaited (`DeleteNonCascading`).
    Orphan,
}

/// How an object is changed. Its `Debug` leaves out the values, which may be secrets.
#[derive(Clone, PartialEq)]
pub enum ObjectPatch {
    /// A JSON merge patch (RFC 7386): always a map.
    Merge(Value),
    /// A JSON patch (RFC 6902): always a list of operations.
    Json(Value),
    /// A filter from the object to the object as it shall be.
    Jq(Filter),
}

impl fmt::Debug for ObjectPatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Merge(_) => "Merge",
            Self::Json(_) => "Json",
            Self::Jq(_) => "Jq",
        })
    }
}

/// One operation of an object patch file. Its `Debug` is its `Display`: operation and object, never
/// the values, which may be secrets.
#[derive(Clone, PartialEq)]
pub enum ObjectOperation {
    /// Makes an object.
    Create {
        /// The object: a map with a kind and a name (or `generateName`).
        object: Value,
        /// What to do when it is there.
        existing: Existing,
        /// `status`: what the object holds of it is written as well, which a server ignores
        /// otherwise.
        subresource: Option<String>,
    },
    /// Removes an object; one that is not there is no error.
    Delete {
        /// The object.
        target: ObjectTarget,
        /// The part of it that is to be removed; `None` for the object itself.
        subresource: Option<String>,
        /// What happens to its dependants.
        cascade: Cascade,
    },
    /// Changes an object that is there.
    Patch {
        /// The object.
        target: ObjectTarget,
        /// `status`, `scale`; `None` for the object itself.
        subresource: Option<String>,
        /// Whether an object that is not there is no error.
        ignore_missing: bool,
        /// Whether it is carried out even when the hook failed: the hook's file is read then for
        /// such operations alone. The original lets the status be patched so, and nothing else.
        ignore_hook_error: bool,
        /// What to change.
        patch: ObjectPatch,
    },
}

impl ObjectOperation {
    /// The word by which hooks know it: `CreateOrUpdate`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create { existing, .. } => match existing {
                Existing::Fail => "Create",
                Existing::Ignore => "CreateIfNotExists",
                Existing::Replace => "CreateOrUpdate",
            },
            Self::Delete { cascade, .. } => match cascade {
                Cascade::Foreground => "Delete",
                Cascade::Background => "DeleteInBackground",
                Cascade::Orphan => "DeleteNonCascading",
            },
            Self::Patch { patch, .. } => match patch {
                ObjectPatch::Merge(_) => "MergePatch",
                ObjectPatch::Json(_) => "JSONPatch",
                ObjectPatch::Jq(_) => "JQPatch",
            },
        }
    }

    /// The object it is about.
    pub fn target(&self) -> ObjectTarget {
        match self {
            Self::Create { object, .. } => ObjectTarget::of(object),
            Self::Delete { target, .. } | Self::Patch { target, .. } => target.clone(),
        }
    }

    /// Whether it is carried out although the hook that wrote it failed.
    pub fn survives_hook_error(&self) -> bool {
        match self {
            Self::Patch {
                subresource,
                ignore_hook_error,
                ..
            } => *ignore_hook_error && subresource.as_deref() == Some("status"),
            Self::Create { .. } | Self::Delete { .. } => false,
        }
    }
}

/// `MergePatch apps/v1 Deployment shop/web`.
impl fmt::Display for ObjectOperation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.name(), self.target())
    }
}

impl fmt::Debug for ObjectOperation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
