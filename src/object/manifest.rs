//! One rendered object and where it came from.

use std::fmt;

use serde_json::Value;

use super::reference::{GroupKind, ObjectRef};

/// Where a manifest came from: a template of a chart, a file under `crds/`, or a declared hook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Source {
    /// Path within the module, `templates/web.yaml.j2`.
    pub file: String,
    /// The line of the rendered text (not of the template) where the object begins, from 1; 0 when it
    /// says nothing, as of what a hook declares.
    pub line: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return out.write_str(&self.file);
        }
        write!(out, "{} (rendered line {})", self.file, self.line)
    }
}

/// One rendered object. It has a kind, an API version and a name; `render` refuses any other.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The object as it was rendered: always a map.
    pub object: Value,
    /// Where it came from.
    pub source: Source,
}

impl Manifest {
    /// `apps/v1`.
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// `Deployment`.
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// `web`.
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The namespace written in the manifest.
    pub fn namespace(&self) -> Option<&str> {
        Some(self.text("/metadata/namespace")).filter(|namespace| !namespace.is_empty())
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version()
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The version within the group, `v1`.
    pub fn version(&self) -> &str {
        let api_version = self.api_version();
        api_version
            .split_once('/')
            .map_or(api_version, |(_, version)| version)
    }

    /// Kind and group.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(self.group(), self.kind())
    }

    /// Which object this is, with the namespace as written.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            group: self.group().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().map(str::to_owned),
            name: self.name().to_owned(),
        }
    }

    /// The value of an annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.object
            .get("metadata")?
            .get("annotations")?
            .get(key)?
            .as_str()
    }

    fn text(&self, pointer: &str) -> &str {
        self.object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}
