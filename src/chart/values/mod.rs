//! A chart and a person's values → the charts that are rendered, each with its values.
//!
//! The rules are those of Helm 3.22.0, to the `null`: declared charts are copied and renamed, tags and
//! conditions switch them off, values are imported from them, and then a person's values are laid over
//! all defaults.

mod enable;
mod import;
mod merge;
mod need;
mod nodes;
mod words;

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::govalue::{Map, MapKind, Value};
use crate::jsonschema::Schema;

use super::{Branch, Chart, Dependency, Error, Metadata};
use merge::{How, Nulls, Warnings};
use nodes::{NodeId, Nodes, ROOT};

/// The charts of one render.
#[derive(Debug, Clone)]
pub struct Coalesced {
    /// The chart itself.
    pub root: Member,
    /// What Helm would say about the values on standard error, a line each.
    pub warnings: Vec<String>,
}

/// One chart that is rendered.
#[derive(Debug, Clone)]
pub struct Member {
    /// What was read from disk.
    pub chart: Arc<Chart>,
    /// Its metadata: the name is the alias, when it has one, and its dependencies are those that are
    /// rendered.
    pub metadata: Arc<Metadata>,
    /// Its path: `web/charts/db`. Two charts may have the same one; then the later one is rendered.
    pub path: String,
    /// What it sees as `.Values`. The section of a chart in the values of its parent is the same map.
    pub values: Map,
    /// The charts in it.
    pub dependencies: Vec<Self>,
}

/// Whether all warnings are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// All that Helm tells, as often as it does.
    ForWarnings,
    /// What comes without more work.
    ForSpeed,
}

/// Finds out which charts are rendered, and with which values.
///
/// # Errors
///
/// In Helm's words: values that cannot be laid over those of the chart.
pub fn coalesce(chart: &Arc<Chart>, user: &Map, care: Care) -> Result<Coalesced, Error> {
    let mut warnings = Vec::new();
    let mut nodes = Nodes::new(chart);
    let need = (care == Care::ForSpeed).then(|| enable::need_of(&nodes));
    enable::switch(&mut nodes, ROOT, user, need.as_ref(), &mut warnings).map_err(Error::Helm)?;
    take_imports(chart, &mut nodes, &mut warnings).map_err(Error::Helm)?;
    let values = merge::copy_map(user, None);
    let how = How::new(Nulls::Remove, None);
    nodes
        .coalesce(ROOT, &values, &how, &mut warnings)
        .map_err(Error::Helm)?;
    let root = member(&nodes, ROOT, values.viewed_as(MapKind::Values));
    Ok(Coalesced { root, warnings })
}

/// Imports values, or takes what it came to when the same charts were enabled before: a person's values
/// do not matter for it.
fn take_imports(chart: &Chart, nodes: &mut Nodes, warnings: &mut Warnings) -> Result<(), String> {
    let mut order = Vec::new();
    list(nodes, ROOT, &mut order);
    let shape = shape(nodes, &order);
    if let Some(known) = chart.merged.find(&shape) {
        for (id, values) in order.iter().zip(&known.values) {
            nodes.charts[*id].values = values.clone();
        }
        warnings.extend(known.warnings.iter().cloned());
        return Ok(());
    }
    let mut told = Vec::new();
    import::take(nodes, ROOT, &mut told)?;
    warnings.extend(told.iter().cloned());
    chart.merged.keep(Defaults {
        shape,
        values: order
            .iter()
            .map(|id| nodes.charts[*id].values.clone())
            .collect(),
        warnings: told,
    });
    Ok(())
}

/// All charts of the tree, parents first.
fn list(nodes: &Nodes, id: NodeId, order: &mut Vec<NodeId>) {
    order.push(id);
    for child in &nodes.charts[id].dependencies {
        list(nodes, *child, order);
    }
}

/// Which charts are where, as one text.
fn shape(nodes: &Nodes, order: &[NodeId]) -> String {
    let mut shape = String::new();
    for id in order {
        let node = &nodes.charts[*id];
        // Writing to a string cannot fail.
        let _ = write!(shape, "/{}:{}", node.name, node.dependencies.len());
        for want in node.wants.iter().flatten() {
            let _ = write!(shape, ",{}", nodes.wants[*want].dependency.name);
        }
    }
    shape
}

fn member(nodes: &Nodes, id: NodeId, values: Map) -> Member {
    let node = &nodes.charts[id];
    let dependencies = node.dependencies.iter().map(|child| {
        // A point in a name makes it a path, under which there is nothing.
        let section = enable::table_at(&values, &nodes.charts[*child].name);
        let section = section.unwrap_or_else(|_| Map::any());
        member(nodes, *child, section.viewed_as(MapKind::Values))
    });
    Member {
        chart: Arc::clone(&node.chart),
        metadata: Arc::new(metadata(nodes, id)),
        path: nodes.path(id),
        dependencies: dependencies.collect(),
        values,
    }
}

fn metadata(nodes: &Nodes, id: NodeId) -> Metadata {
    let node = &nodes.charts[id];
    let wants = node.wants.as_ref().map(|wants| {
        let wants = wants.iter();
        let wanted = wants.map(|want| nodes.wants[*want].dependency.clone());
        wanted.collect::<Vec<Dependency>>()
    });
    Metadata {
        name: node.name.clone(),
        dependencies: wants,
        ..node.chart.metadata.clone()
    }
}

impl Coalesced {
    /// Checks the values against the schemas of all charts, and adds what is odd to the warnings.
    ///
    /// # Errors
    ///
    /// In Helm's words: all values that do not fit, and schemas that are none.
    pub fn check_schemas(&mut self) -> Result<(), Error> {
        let mut wrong = String::new();
        let values = Value::Map(self.root.values.clone());
        check_member(&self.root, &values, &mut wrong, &mut self.warnings);
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::Helm(format!(
            "values don't meet the specifications of the schema(s) in the following chart(s):\n{wrong}"
        )))
    }
}

fn check_member(member: &Member, values: &Value, wrong: &mut String, warnings: &mut Warnings) {
    const HEAD: &str = "jsonschema validation failed with 'file:///values.schema.json#'\n";
    if let Some(text) = &member.chart.schema {
        let name = &member.metadata.name;
        let compiled = member
            .chart
            .merged
            .0
            .schema
            .get_or_init(|| Schema::compile(text));
        let found = match compiled {
            Ok(schema) => {
                warnings.extend(schema.warnings().iter().cloned());
                let told =
                    |words: String| format!("{}\n", words.strip_prefix(HEAD).unwrap_or(&words));
                schema.check(values).map_err(told)
            }
            Err(words) => Err(words.clone()),
        };
        if let Err(words) = found {
            // Writing to a string cannot fail.
            let _ = write!(wrong, "{name}:\n{words}");
        }
    }
    let Value::Map(map) = values else {
        return;
    };
    for child in &member.dependencies {
        if let Some(section @ Value::Map(_)) = map.get(child.metadata.name.as_bytes()) {
            check_member(child, &section, wrong, warnings);
        }
    }
}

/// What was found out about a chart before, kept with it.
#[derive(Clone, Default)]
pub struct Merged(Arc<Kept>);

#[derive(Default)]
struct Kept {
    /// Default values that were put together, the last first.
    merged: Mutex<VecDeque<Arc<Defaults>>>,
    /// The schema, ready to use, or what is wrong with it.
    schema: OnceLock<Result<Schema, String>>,
}

/// Values of all charts of one shape, after imports.
struct Defaults {
    shape: String,
    values: Vec<Branch>,
    warnings: Vec<String>,
}

/// How many shapes of a chart are kept.
const SHAPES: usize = 4;

impl Merged {
    fn find(&self, shape: &str) -> Option<Arc<Defaults>> {
        let kept = self.0.merged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|known| known.shape == shape).cloned()
    }

    fn keep(&self, defaults: Defaults) {
        let mut kept = self.0.merged.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(SHAPES - 1);
        kept.push_front(Arc::new(defaults));
    }
}

/// What is kept says nothing about a chart.
impl PartialEq for Merged {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Merged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[kept values]")
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::to_json;
