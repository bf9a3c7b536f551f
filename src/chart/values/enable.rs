//! Which of the declared charts are rendered: tags and conditions.

use crate::govalue::{Map, Value};

use super::merge::{self, How, Nulls, Warnings};
use super::need::Need;
use super::nodes::{NodeId, Nodes, WantId};

/// Takes declared charts, and removes those that the values switch off, in a chart and below.
///
/// # Errors
///
/// The section of a chart is no map.
pub(super) fn switch(
    nodes: &mut Nodes,
    id: NodeId,
    values: &Map,
    need: Option<&Need>,
    warnings: &mut Warnings,
) -> Result<(), String> {
    let mut switch = Switch {
        nodes,
        need,
        warnings,
    };
    switch.run(id, values, "")
}

struct Switch<'a> {
    nodes: &'a mut Nodes,
    need: Option<&'a Need>,
    warnings: &'a mut Warnings,
}

impl Switch<'_> {
    /// `path` leads to the chart, with a point behind it.
    fn run(&mut self, id: NodeId, values: &Map, path: &str) -> Result<(), String> {
        if self.nodes.charts[id].wants.is_none() {
            return Ok(());
        }
        self.nodes.take_declared(id);
        let wants = self.nodes.charts[id].wants.clone().unwrap_or_default();
        for want in &wants {
            self.nodes.wants[*want].dependency.enabled = true;
        }
        let merged = merge::copy_map(values, self.need);
        let how = How::new(Nulls::Remove, self.need);
        // Where little is merged, little is warned of: what follows merges all of it again.
        let mut unheard = Vec::new();
        let warnings = match self.need {
            Some(_) => &mut unheard,
            None => &mut *self.warnings,
        };
        self.nodes.coalesce(id, &merged, &how, warnings)?;
        self.follow_tags(&wants, &merged);
        self.follow_conditions(&wants, &merged, path);
        let disabled: Vec<String> = wants
            .iter()
            .map(|want| &self.nodes.wants[*want].dependency)
            .filter(|dependency| !dependency.enabled)
            .map(|dependency| dependency.name.clone())
            .collect();
        let nodes = &self.nodes;
        let mut children = nodes.charts[id].dependencies.clone();
        children.retain(|child| !disabled.contains(&nodes.charts[*child].name));
        let mut wanted = wants;
        wanted.retain(|want| !disabled.contains(&nodes.wants[*want].dependency.name));
        for child in &children {
            let path = format!("{path}{}.", self.nodes.charts[*child].name);
            self.run(*child, &merged, &path)?;
        }
        self.nodes.charts[id].wants = (!wanted.is_empty()).then_some(wanted);
        self.nodes.hang(id, children);
        Ok(())
    }

    /// A tag that is true enables, whatever the others say.
    fn follow_tags(&mut self, wants: &[WantId], values: &Map) {
        let Some(Value::Map(tags)) = values.get(b"tags") else {
            return;
        };
        for want in wants {
            let dependency = &mut self.nodes.wants[*want].dependency;
            let (mut is_on, mut is_off) = (false, false);
            for tag in &dependency.tags {
                match tags.get(tag.as_bytes()) {
                    Some(Value::Bool(true)) => is_on = true,
                    Some(Value::Bool(false)) => is_off = true,
                    Some(_) => self.warnings.push(format!(
                        "Warning: Tag '{tag}' for chart {} returned non-bool value",
                        dependency.name
                    )),
                    None => {}
                }
            }
            dependency.enabled = is_on || !is_off;
        }
    }

    /// The first path that leads to a boolean decides, also against tags.
    fn follow_conditions(&mut self, wants: &[WantId], values: &Map, path: &str) {
        for want in wants {
            let dependency = &mut self.nodes.wants[*want].dependency;
            for condition in conditions(&dependency.condition) {
                match value_at(values, &format!("{path}{condition}")) {
                    Some(Value::Bool(truth)) => {
                        dependency.enabled = truth;
                        break;
                    }
                    Some(_) => self.warnings.push(format!(
                        "Warning: Condition path '{condition}' for chart {} returned non-bool value",
                        dependency.name
                    )),
                    None => {}
                }
            }
        }
    }
}

/// The paths of a condition.
fn conditions(condition: &str) -> impl Iterator<Item = &str> {
    condition.trim().split(',').filter(|path| !path.is_empty())
}

/// The value at a path of keys with points between them, unless it is a map.
fn value_at(values: &Map, path: &str) -> Option<Value> {
    let (table, key) = match path.rsplit_once('.') {
        Some((table, key)) => (table_at(values, table).ok()?, key),
        None => (values.clone(), path),
    };
    let value = table.get(key.as_bytes())?;
    (!matches!(value, Value::Map(_))).then_some(value)
}

/// The map at a path.
///
/// # Errors
///
/// The key at which there is none.
pub(super) fn table_at<'p>(values: &Map, path: &'p str) -> Result<Map, &'p str> {
    let mut table = values.clone();
    for key in path.split('.') {
        table = match table.get(key.as_bytes()) {
            Some(Value::Map(inner)) => inner,
            _ => return Err(key),
        };
    }
    Ok(table)
}

/// What [`switch`] looks at, for a chart and all charts in it.
pub(super) fn need_of(nodes: &Nodes) -> Need {
    let mut need = Need::default();
    need.ask_all("tags");
    ask(nodes, super::nodes::ROOT, &mut Vec::new(), &mut need);
    need
}

fn ask(nodes: &Nodes, id: NodeId, path: &mut Vec<String>, need: &mut Need) {
    let node = &nodes.charts[id];
    for want in node.wants.iter().flatten() {
        let dependency = &nodes.wants[*want].dependency;
        for condition in conditions(&dependency.condition) {
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            need.ask(&[steps, condition.split('.').collect()].concat());
        }
    }
    for child in &node.dependencies {
        let own = &nodes.charts[*child].name;
        let wants = node.wants.iter().flatten();
        let aliases = wants.map(|want| &nodes.wants[*want].dependency);
        let aliases = aliases.filter(|dependency| dependency.name == *own);
        let mut names: Vec<String> = vec![own.clone()];
        names.extend(aliases.map(|dependency| dependency.own_name().to_owned()));
        for name in names {
            // Whether its section is a map is looked at wherever a chart above it is merged.
            for start in 0..=path.len() {
                let steps = path[start..].iter().map(String::as_str);
                need.ask(&steps.chain([name.as_str()]).collect::<Vec<_>>());
            }
            path.push(name);
            ask(nodes, *child, path, need);
            path.pop();
        }
    }
}
