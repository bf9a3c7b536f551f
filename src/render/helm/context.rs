//! What templates see: one map per chart, which all its templates share and may change.

use crate::chart::{Chart, Member};
use crate::govalue::{Map, MapKind, Text, Value};
use crate::render::{Capabilities, Release};

use super::{capabilities, files, metadata};

/// The contexts of all charts of a render, in the order of [`members`].
pub(super) struct Contexts(Vec<Map>);

/// All charts of a render: what is in a chart comes before it, as Helm goes through them.
pub(super) fn members(root: &Member) -> Vec<&Member> {
    fn add<'a>(member: &'a Member, found: &mut Vec<&'a Member>) {
        for child in &member.dependencies {
            add(child, found);
        }
        found.push(member);
    }
    let mut found = Vec::new();
    add(root, &mut found);
    found
}

impl Contexts {
    /// The contexts of a chart and of all charts in it.
    pub(super) fn new(root: &Member, release: &Release, cluster: &Capabilities) -> Self {
        let mut builder = Builder {
            release: described(release),
            capabilities: capabilities::value(&cluster.kube_version, &cluster.api_versions),
            contexts: Vec::new(),
        };
        builder.add(root, true);
        Self(builder.contexts)
    }

    /// What a template of the chart at this place sees as `.`.
    pub(super) fn of_template(&self, member: usize, name: &str, base_path: &str) -> Value {
        let Some(context) = self.0.get(member) else {
            return Value::Nil;
        };
        let template = Map::any().viewed_as(MapKind::Values);
        template.insert("Name", name.into());
        template.insert("BasePath", base_path.into());
        context.insert("Template", Value::Map(template));
        Value::Map(context.viewed_as(MapKind::Values))
    }
}

/// A chart may have put the context into itself.
impl Drop for Contexts {
    fn drop(&mut self) {
        for context in &self.0 {
            context.clear();
        }
    }
}

struct Builder {
    release: Value,
    capabilities: Value,
    contexts: Vec<Map>,
}

impl Builder {
    fn add(&mut self, member: &Member, is_root: bool) -> Map {
        let subcharts = Map::any();
        for child in &member.dependencies {
            let context = self.add(child, false);
            let name = Text::from(child.metadata.name.as_str());
            subcharts.insert(name, Value::Map(context));
        }
        let chart: &Chart = &member.chart;
        let context: Map = [
            ("Chart", metadata::value(&member.metadata, is_root)),
            ("Files", files::value(&chart.files)),
            ("Release", self.release.clone()),
            ("Capabilities", self.capabilities.clone()),
            ("Values", Value::Map(member.values.clone())),
            ("Subcharts", Value::Map(subcharts)),
        ]
        .into_iter()
        .map(|(key, value)| (Text::from(key), value))
        .collect();
        self.contexts.push(context.clone());
        context
    }
}

fn described(release: &Release) -> Value {
    let revision = i64::try_from(release.revision).unwrap_or(i64::MAX);
    let entries = [
        ("Name", release.name.as_str().into()),
        ("Namespace", release.namespace.as_str().into()),
        ("IsUpgrade", release.is_upgrade.into()),
        ("IsInstall", release.is_install.into()),
        ("Revision", Value::Int(revision)),
        ("Service", "Helm".into()),
    ];
    let entries = entries.into_iter();
    Value::Map(
        entries
            .map(|(key, value)| (Text::from(key), value))
            .collect(),
    )
}
