//! The charts of one release while it is decided which of them are rendered, and with which values.
//!
//! Helm changes the charts it loaded: it copies those that are declared, renames the copies, and hangs
//! them into their parents, while the copies go on sharing what is in them. What a chart is called and
//! where it hangs follows from that, so the same is done here, with numbers in the place of pointers.

use std::sync::Arc;

use crate::chart::version::is_compatible;
use crate::chart::{Branch, Chart, Dependency, Tree};
use crate::govalue::{Map, Value};

use super::merge::{self, How, Warnings};
use super::need::Need;
use super::words;

/// The place of a chart in [`Nodes`].
pub(super) type NodeId = usize;
/// The place of a declared dependency in [`Nodes`].
pub(super) type WantId = usize;

/// All charts of a release.
pub(super) struct Nodes {
    pub(super) charts: Vec<Node>,
    pub(super) wants: Vec<Want>,
}

/// One chart.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) chart: Arc<Chart>,
    /// Its name: the alias, when it has one.
    pub(super) name: String,
    /// Its default values.
    pub(super) values: Branch,
    /// What it declares. `None` also when all of it was disabled.
    pub(super) wants: Option<Vec<WantId>>,
    /// The charts in it.
    pub(super) dependencies: Vec<NodeId>,
    pub(super) parent: Option<NodeId>,
}

/// A declared dependency. Copies of a chart share it.
pub(super) struct Want {
    pub(super) dependency: Dependency,
    /// Whether its values were imported: Helm does it only the first time.
    pub(super) is_imported: bool,
}

/// The chart that was asked for.
pub(super) const ROOT: NodeId = 0;

impl Nodes {
    /// All charts in a chart, as they were loaded.
    pub(super) fn new(chart: &Arc<Chart>) -> Self {
        let mut nodes = Self {
            charts: Vec::new(),
            wants: Vec::new(),
        };
        nodes.add(chart, None);
        nodes
    }

    fn add(&mut self, chart: &Arc<Chart>, parent: Option<NodeId>) -> NodeId {
        let id = self.charts.len();
        let wants = chart.metadata.dependencies.as_ref().map(|declared| {
            let declared = declared.iter().map(|dependency| {
                self.wants.push(Want {
                    dependency: dependency.clone(),
                    is_imported: false,
                });
                self.wants.len() - 1
            });
            declared.collect()
        });
        self.charts.push(Node {
            chart: Arc::clone(chart),
            name: chart.metadata.name.clone(),
            values: chart.defaults.values().clone(),
            wants,
            dependencies: Vec::new(),
            parent,
        });
        for dependency in &chart.dependencies {
            let child = self.add(dependency, Some(id));
            self.charts[id].dependencies.push(child);
        }
        id
    }

    /// Hangs copies of the declared charts, under their own names, in the place of what is in
    /// `charts/`. What is not declared, or has another version, stays as it is.
    pub(super) fn take_declared(&mut self, id: NodeId) {
        let wants = self.charts[id].wants.clone().unwrap_or_default();
        let present = self.charts[id].dependencies.clone();
        let undeclared = present.iter().filter(|child| {
            let fits = |want: &&WantId| self.fits(**child, **want);
            !wants.iter().any(|want| fits(&want))
        });
        let mut taken: Vec<NodeId> = undeclared.copied().collect();
        for want in wants {
            let found = present.iter().find(|child| self.fits(**child, want));
            if let Some(found) = found {
                let mut copy = self.charts[*found].clone();
                let alias = &self.wants[want].dependency.alias;
                if !alias.is_empty() {
                    copy.name.clone_from(alias);
                }
                self.charts.push(copy);
                taken.push(self.charts.len() - 1);
            }
            let dependency = &mut self.wants[want].dependency;
            dependency.name = dependency.own_name().to_owned();
        }
        self.hang(id, taken);
    }

    fn fits(&self, child: NodeId, want: WantId) -> bool {
        let (child, want) = (&self.charts[child], &self.wants[want].dependency);
        child.name == want.name && is_compatible(&want.version, &child.chart.metadata.version)
    }

    /// Makes charts the dependencies of another.
    pub(super) fn hang(&mut self, id: NodeId, dependencies: Vec<NodeId>) {
        for dependency in &dependencies {
            self.charts[*dependency].parent = Some(id);
        }
        self.charts[id].dependencies = dependencies;
    }

    /// The path of a chart, as templates are named: `web/charts/db`.
    pub(super) fn path(&self, id: NodeId) -> String {
        let node = &self.charts[id];
        match node.parent {
            Some(parent) => format!("{}/charts/{}", self.path(parent), node.name),
            None => node.name.clone(),
        }
    }

    /// Lays values over those of a chart and of all charts in it.
    ///
    /// # Errors
    ///
    /// The section of a chart is no map.
    pub(super) fn coalesce(
        &self,
        id: NodeId,
        values: &Map,
        how: &How<'_>,
        warnings: &mut Warnings,
    ) -> Result<(), String> {
        let node = &self.charts[id];
        let how = how.at(&node.name, how.need);
        self.coalesce_own(node, values, &how, warnings);
        for child in &node.dependencies {
            let name = &self.charts[*child].name;
            let section = match values.get(name.as_bytes()) {
                None => {
                    let section = Map::any();
                    values.insert(name.as_str(), Value::Map(section.clone()));
                    section
                }
                Some(Value::Map(section)) => section,
                Some(other) => {
                    let found = words::as_bool(&other);
                    return Err(format!("type mismatch on {name}: {found}"));
                }
            };
            merge::push_globals(&section, values, &how, warnings);
            let how = how.needing(Need::of(how.need, name));
            self.coalesce(*child, &section, &how, warnings)?;
        }
        Ok(())
    }

    /// Lays values over those of one chart.
    fn coalesce_own(&self, node: &Node, values: &Map, how: &How<'_>, warnings: &mut Warnings) {
        for (key, default, need) in Need::entries(how.need, &node.values) {
            match (values.get(key.as_bytes()), default) {
                (None, default) => values.insert(key, merge::thaw(default, need)),
                (Some(Value::Nil), _) if how.removes_nulls() => {
                    values.remove(key.as_bytes());
                }
                (Some(Value::Map(over)), Tree::Map(under)) => {
                    let how = how.at(key, need);
                    let is_child = |child: &NodeId| self.charts[*child].name == key;
                    let how = if node.dependencies.iter().any(is_child) {
                        how.keeping_nulls()
                    } else {
                        how
                    };
                    merge::merge_branch(&over, under, &how, warnings);
                }
                (Some(Value::Map(_)), default) if *default != Tree::Null => warnings.push(format!(
                    "warning: skipped value for {}: Not a table.",
                    how.place(key)
                )),
                _ => {}
            }
        }
    }
}
