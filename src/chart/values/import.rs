//! Values that charts take over from the charts in them.

use crate::chart::{Branch, Import};
use crate::govalue::{Map, Value};

use super::enable::table_at;
use super::merge::{self, How, Nulls, Warnings};
use super::nodes::{NodeId, Nodes};
use super::words::quoted;

/// Puts into the values of each chart those of the charts in it, and what it imports from them.
///
/// # Errors
///
/// The section of a chart is no map.
pub(super) fn take(nodes: &mut Nodes, id: NodeId, warnings: &mut Warnings) -> Result<(), String> {
    for child in nodes.charts[id].dependencies.clone() {
        take(nodes, child, warnings)?;
    }
    let Some(wants) = nodes.charts[id].wants.clone() else {
        return Ok(());
    };
    let merged = Map::any();
    let how = How::new(Nulls::Keep, None);
    nodes.coalesce(id, &merged, &how, warnings)?;
    let imported = Map::any();
    for want in wants {
        let want = &mut nodes.wants[want];
        if std::mem::replace(&mut want.is_imported, true) {
            continue;
        }
        for item in &want.dependency.import_values {
            let name = &want.dependency.name;
            let (child, parent, by) = match item {
                Import::Exports(key) => (format!("exports.{key}"), ".", String::new()),
                Import::Path { child, parent } => (
                    child.clone(),
                    parent.as_str(),
                    format!(" from chart {name}"),
                ),
                Import::Other => continue,
            };
            match table_at(&merged, &format!("{name}.{child}")) {
                Ok(table) => {
                    let table = at_path(parent, table);
                    merge::merge_maps(&imported, &table, &how, warnings);
                }
                Err(key) => warnings.push(format!(
                    "Warning: ImportValues missing table{by}: {} is not a table",
                    quoted(key)
                )),
            }
        }
    }
    let values = merge::copy_map(&merged, None);
    merge::merge_maps(&values, &imported, &how, warnings);
    nodes.charts[id].values = Branch::of_map(&values);
    Ok(())
}

/// A map put below a path of keys; `.` is the root.
fn at_path(path: &str, map: Map) -> Map {
    if path == "." {
        return map;
    }
    path.split('.').rev().fold(map, |inner, key| {
        let outer = Map::any();
        outer.insert(key, Value::Map(inner));
        outer
    })
}
