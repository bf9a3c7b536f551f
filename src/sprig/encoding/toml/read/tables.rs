//! The tables of a text, and what may not be defined twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{entry, lex};
use crate::govalue::{Element, List, Map, Value};

/// What a key stands for.
#[derive(Debug)]
pub(super) enum Defined {
    Value(Value),
    Table(BTreeMap<String, Self>),
    /// From `[[name]]`: the last one goes on.
    Tables(Vec<BTreeMap<String, Self>>),
}

impl Defined {
    pub(super) fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value,
            Self::Table(table) => Value::Map(to_map(table)),
            Self::Tables(tables) => {
                let tables = tables.into_iter().map(|table| Value::Map(to_map(table)));
                Value::List(List::new(Element::Map, tables.collect()))
            }
        }
    }
}

fn to_map(table: BTreeMap<String, Defined>) -> Map {
    let entries = table.into_iter();
    entries
        .map(|(key, defined)| entry((key, defined.into_value())))
        .collect()
}

#[derive(Default)]
pub(super) struct Tables {
    root: BTreeMap<String, Defined>,
    /// Tables that were only named on the way to others: they may be defined once more.
    implied: BTreeSet<Vec<String>>,
    /// The path of the inline table that is read: its keys are below.
    base: usize,
}

/// What is set aside while an inline table is read.
pub(super) struct Outer {
    root: BTreeMap<String, Defined>,
    implied: BTreeSet<Vec<String>>,
    base: usize,
}

impl Tables {
    pub(super) fn into_map(self) -> Map {
        to_map(self.root)
    }

    /// An inline table is read for itself.
    pub(super) fn begin_inline(&mut self, path: &[String]) -> Outer {
        Outer {
            root: std::mem::take(&mut self.root),
            implied: std::mem::take(&mut self.implied),
            base: std::mem::replace(&mut self.base, path.len()),
        }
    }

    pub(super) fn end_inline(&mut self, outer: Outer) -> Defined {
        let table = std::mem::replace(&mut self.root, outer.root);
        self.implied = outer.implied;
        self.base = outer.base;
        Defined::Table(table)
    }

    /// A table that is only on the way may be there, or come, once more.
    pub(super) fn imply(&mut self, path: &[String]) {
        self.implied.insert(path.to_vec());
    }

    /// Makes a table, or a further one of an array of tables.
    pub(super) fn enter(&mut self, path: &[String], is_array: bool) -> Result<(), String> {
        let Some((last, parents)) = path.split_last() else {
            return Ok(());
        };
        let table = self
            .parent(parents)
            .map_err(|key| format!("Key '{key}' was already created as a hash."))?;
        if is_array {
            let array = table
                .entry(last.clone())
                .or_insert_with(|| Defined::Tables(Vec::new()));
            let Defined::Tables(tables) = array else {
                let key = shown(path);
                return Err(format!(
                    "Key '{key}' was already created and cannot be used as an array."
                ));
            };
            tables.push(BTreeMap::new());
            return Ok(());
        }
        if !table.contains_key(last) {
            table.insert(last.clone(), Defined::Table(BTreeMap::new()));
            return Ok(());
        }
        if self.implied.remove(path) {
            return Ok(());
        }
        Err(format!("Key '{}' has already been defined.", shown(path)))
    }

    /// The table at a path; tables on the way are made. What is no table is told by its key.
    fn parent(&mut self, path: &[String]) -> Result<&mut BTreeMap<String, Defined>, String> {
        let mut table = &mut self.root;
        for (index, name) in path.iter().enumerate().skip(self.base) {
            if !table.contains_key(name) {
                self.implied.insert(path[..=index].to_vec());
            }
            let defined = table
                .entry(name.clone())
                .or_insert_with(|| Defined::Table(BTreeMap::new()));
            let inner = match defined {
                Defined::Table(table) => Some(table),
                Defined::Tables(tables) => tables.last_mut(),
                Defined::Value(_) => None,
            };
            let key = shown(&path[..=index]);
            table = inner.ok_or(key)?;
        }
        Ok(table)
    }

    /// Sets a key.
    pub(super) fn set(&mut self, path: &[String], value: Defined) -> Result<(), String> {
        let Some((last, parents)) = path.split_last() else {
            return Ok(());
        };
        let defined = |key| format!("Key '{key}' has already been defined.");
        let table = self.parent(parents).map_err(defined)?;
        if table.contains_key(last) {
            return Err(defined(shown(path)));
        }
        table.insert(last.clone(), value);
        Ok(())
    }
}

fn shown(path: &[String]) -> String {
    let names: Vec<String> = path.iter().map(|name| lex::name(name)).collect();
    names.join(".")
}
