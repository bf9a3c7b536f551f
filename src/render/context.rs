//! The objects that templates see: `Values`, `Release`, `Chart`, `Capabilities`, `Files`, `Template`.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};

use crate::chart::Metadata;
use crate::function::Tree;

use super::{Capabilities, Input, Release};

/// The names at the root of a context.
pub(super) const ROOTS: [&str; 6] = [
    "Values",
    "Release",
    "Chart",
    "Capabilities",
    "Files",
    "Template",
];

/// What hooks see beside them.
pub(super) const SNAPSHOTS: &str = "snapshots";

/// A map from names that are known when this is written.
fn tree<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Tree::value(entries.map(|(key, value)| (Arc::from(key), value)))
}

/// Everything that all templates of one render see.
#[derive(Clone)]
pub(super) struct Root {
    chart_name: Arc<str>,
    values: Value,
    release: Value,
    chart: Value,
    capabilities: Value,
    files: Value,
    template: Value,
    snapshots: Value,
}

impl Root {
    pub(super) fn new(chart_name: &str, chart: &Value, files: &Value, input: &Input) -> Self {
        Self {
            chart_name: chart_name.into(),
            values: input.values.value.clone(),
            release: release(&input.release),
            chart: chart.clone(),
            capabilities: capabilities(&input.capabilities),
            files: files.clone(),
            template: Value::UNDEFINED,
            snapshots: Value::UNDEFINED,
        }
    }

    /// What the template of a hook sees: no chart, and snapshots.
    pub(super) fn of_hook(input: &Input, snapshots: Value) -> Self {
        let nothing = Value::UNDEFINED;
        Self {
            snapshots,
            ..Self::new("", &nothing, &nothing, input)
        }
    }

    /// The context of the template at `path`.
    pub(super) fn for_template(&self, path: &str) -> Value {
        let chart = &self.chart_name;
        Value::from_object(Self {
            template: tree([
                ("Name", format!("{chart}/{path}").into()),
                ("BasePath", format!("{chart}/templates").into()),
            ]),
            ..self.clone()
        })
    }
}

/// Values may be secret, so they are never shown.
impl fmt::Debug for Root {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[context]")
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let value = match key {
            "Values" => &self.values,
            "Release" => &self.release,
            "Chart" => &self.chart,
            "Capabilities" => &self.capabilities,
            "Files" => &self.files,
            "Template" => &self.template,
            SNAPSHOTS => &self.snapshots,
            _ => return None,
        };
        // A hook has no chart, and a chart has no snapshots.
        (!value.is_undefined()).then(|| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&ROOTS)
    }
}

fn release(release: &Release) -> Value {
    tree([
        ("Name", release.name.as_str().into()),
        ("Namespace", release.namespace.as_str().into()),
        ("Revision", release.revision.into()),
        ("IsInstall", release.is_install.into()),
        ("IsUpgrade", release.is_upgrade.into()),
        ("Service", "Helm".into()),
    ])
}

/// `Chart`, with the names that the fields have in Helm.
pub(super) fn chart(metadata: &Metadata) -> Value {
    let maintainers = metadata.maintainers.iter().map(|maintainer| {
        tree([
            ("Name", maintainer.name.as_str().into()),
            ("Email", maintainer.email.as_str().into()),
            ("URL", maintainer.url.as_str().into()),
        ])
    });
    let annotations = metadata.annotations.iter();
    tree([
        ("APIVersion", metadata.api_version.as_str().into()),
        ("Name", metadata.name.as_str().into()),
        ("Version", metadata.version.as_str().into()),
        ("AppVersion", metadata.app_version.as_str().into()),
        ("Description", metadata.description.as_str().into()),
        ("Type", metadata.kind.as_str().into()),
        ("KubeVersion", metadata.kube_version.as_str().into()),
        ("Home", metadata.home.as_str().into()),
        ("Icon", metadata.icon.as_str().into()),
        (
            "Keywords",
            metadata.keywords.iter().map(Value::from).collect(),
        ),
        (
            "Sources",
            metadata.sources.iter().map(Value::from).collect(),
        ),
        ("Maintainers", maintainers.collect()),
        (
            "Annotations",
            Tree::value(annotations.map(|(key, text)| (Arc::from(&**key), text.into()))),
        ),
        ("Deprecated", metadata.deprecated.into()),
        ("IsRoot", true.into()),
    ])
}

fn capabilities(capabilities: &Arc<Capabilities>) -> Value {
    let version = Value::from_object(KubeVersion::parse(&capabilities.kube_version));
    tree([
        ("KubeVersion", version),
        (
            "APIVersions",
            Value::from_object(ApiVersions(Arc::clone(capabilities))),
        ),
    ])
}

/// `Capabilities.KubeVersion`: prints as the version, has its parts.
#[derive(Debug)]
struct KubeVersion {
    version: String,
    major: String,
    minor: String,
}

impl KubeVersion {
    fn parse(version: &str) -> Self {
        let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
        Self {
            version: version.to_owned(),
            major: parts.next().unwrap_or_default().to_owned(),
            minor: parts.next().unwrap_or_default().to_owned(),
        }
    }
}

impl Object for KubeVersion {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let part = match key.as_str()? {
            "Version" | "GitVersion" => &self.version,
            "Major" => &self.major,
            "Minor" => &self.minor,
            _ => return None,
        };
        Some(part.into())
    }

    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.version)
    }
}

/// `Capabilities.APIVersions`: `Has("apps/v1")`, or `"apps/v1" in …`.
#[derive(Debug)]
struct ApiVersions(Arc<Capabilities>);

impl Object for ApiVersions {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.api_versions.iter().map(Value::from).collect())
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        match (method, arguments) {
            ("Has", [version]) => {
                let version = version.as_str().unwrap_or_default();
                let mut known = self.0.api_versions.iter();
                Ok(known.any(|known| known == version).into())
            }
            _ => Err(Error::new(
                ErrorKind::UnknownMethod,
                "Capabilities.APIVersions has one method, Has(\"group/version\")",
            )),
        }
    }
}
