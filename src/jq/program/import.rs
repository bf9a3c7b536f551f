//! Modules: their definitions and data become names of the filter that imports them.

use std::sync::Arc;

use super::compile::{Compiler, Meaning};
use crate::jq::{
    library::{Found, Library, resolved},
    syntax::{Definition, Header, Import, Module, Wrong, parse_module},
    value::{Map, Text, Value, read_documents},
};

/// Modules that import each other end here.
const DEEPEST: usize = 20;

/// Modules of one filter altogether.
const MOST: usize = 200;

const TOO_DEEP: &str = "it nests too deep";

/// What was read of a library for one filter.
#[derive(Debug, Default)]
pub(super) struct Imported {
    pub(super) library: Library,
    depth: usize,
    count: usize,
    /// All that was read: a filter is another one when one of its modules is.
    pub(super) texts: String,
}

impl Imported {
    pub(super) fn of(library: &Library) -> Self {
        Self {
            library: library.clone(),
            ..Self::default()
        }
    }
}

impl Compiler {
    /// What every filter of the library includes, and what this one imports.
    pub(super) fn imports(&mut self, header: &Header) -> Result<(), Wrong> {
        let wrong = |message| Wrong { place: 0, message };
        let included = self.imported.library.included().map_err(wrong)?;
        for found in included {
            self.module(&found, None).map_err(wrong)?;
        }
        for import in &header.imports {
            self.import(import, "").map_err(|message| Wrong {
                place: import.place,
                message,
            })?;
        }
        Ok(())
    }

    fn import(&mut self, import: &Import, from: &str) -> Result<(), String> {
        let search = import
            .meta
            .as_ref()
            .and_then(|meta| text_of(meta, "search"));
        let search = search.as_deref();
        let find = |ending| {
            let library = &self.imported.library;
            library.find(&import.path, ending, (search, from))
        };
        let Some(data) = import
            .alias
            .as_deref()
            .filter(|alias| alias.starts_with('$'))
        else {
            let found = find(".jq")?;
            return self.module(&found, import.alias.as_deref());
        };
        let found = find(".json")?;
        let mut values = Vec::new();
        let read = read_documents(&found.text, |value| values.push(value));
        read.map_err(|why| format!("{}: {why}", found.path))?;
        let values = Value::list(values).map_err(|_| TOO_DEEP.to_owned())?;
        self.note(&found)?;
        let again = format!("{data}::{}", data.trim_start_matches('$'));
        for name in [data.to_owned(), again] {
            self.names.push((name, Meaning::Constant(values.clone())));
        }
        Ok(())
    }

    fn note(&mut self, found: &Found) -> Result<(), String> {
        self.imported.count += 1;
        if self.imported.count > MOST {
            return Err(format!("a filter may not have more than {MOST} modules"));
        }
        self.imported.texts.push_str(&found.text);
        self.imported.texts.push('\0');
        Ok(())
    }

    /// Compiles a module; from then on its definitions have names here.
    fn module(&mut self, found: &Found, alias: Option<&str>) -> Result<(), String> {
        self.note(found)?;
        if self.imported.depth >= DEEPEST {
            return Err(format!(
                "{}: modules import each other, or one another more than {DEEPEST} deep",
                found.path
            ));
        }
        let placed = |wrong: Wrong| wrong.told_of(&found.path, &found.text);
        let module = parse_module(&found.text).map_err(placed)?;
        let begun = self.names.len();
        self.imported.depth += 1;
        for import in &module.header.imports {
            self.import(import, found.folder())?;
        }
        self.imported.depth -= 1;
        for definition in &module.definitions {
            self.definition(definition).map_err(placed)?;
        }
        let added = self.names.split_off(begun.min(self.names.len()));
        for (name, meaning) in added {
            // Data that it imports is its own.
            if matches!(meaning, Meaning::Function { .. }) {
                let name = alias.map_or_else(|| name.clone(), |alias| format!("{alias}::{name}"));
                self.names.push((name, meaning));
            }
        }
        Ok(())
    }
}

/// What `modulemeta` answers.
pub(in crate::jq) fn describe(name: &str, library: &Library) -> Result<Value, String> {
    let found = library.find(name, ".jq", (None, ""))?;
    let module = parse_module(&found.text);
    let module = module.map_err(|wrong| wrong.told_of(&found.path, &found.text))?;
    let mut entries = match &module.header.meta {
        Some(Value::Map(meta)) => meta.to_vec(),
        _ => Vec::new(),
    };
    entries.push((Text::from("defs"), definitions(&module)?));
    let imports = module.header.imports.iter();
    let deps = imports.map(|import| dependency(import, found.folder()));
    let deps = deps.collect::<Result<_, _>>()?;
    let deps = Value::list(deps).map_err(|_| TOO_DEEP.to_owned())?;
    entries.push((Text::from("deps"), deps));
    map(entries)
}

fn definitions(module: &Module) -> Result<Value, String> {
    let key = |definition: &Definition| (definition.name.clone(), definition.parameters.len());
    let mut names: Vec<_> = module.definitions.iter().map(key).collect();
    names.retain(|(name, _)| !name.starts_with('_'));
    names.sort();
    let names = names
        .into_iter()
        .map(|(name, arity)| Value::from(format!("{name}/{arity}")));
    Value::list(names.collect()).map_err(|_| TOO_DEEP.to_owned())
}

fn dependency(import: &Import, from: &str) -> Result<Value, String> {
    let mut entries = match &import.meta {
        Some(Value::Map(meta)) => meta.to_vec(),
        _ => Vec::new(),
    };
    for (key, value) in &mut entries {
        if let ("search", Value::Text(path)) = (key.as_str(), &*value) {
            *value = Value::from(resolved(path, from));
        }
    }
    let alias = import.alias.as_deref();
    entries.push((Text::from("relpath"), Value::text(&import.path)));
    if let Some(alias) = alias {
        let name = Value::text(alias.trim_start_matches('$'));
        entries.push((Text::from("as"), name));
    }
    let is_data = alias.is_some_and(|alias| alias.starts_with('$'));
    entries.push((Text::from("is_data"), Value::Bool(is_data)));
    map(entries)
}

fn map(entries: Vec<(Text, Value)>) -> Result<Value, String> {
    let map = Map::from_entries(entries).map_err(|_| TOO_DEEP.to_owned())?;
    Ok(Value::Map(Arc::new(map)))
}

fn text_of(meta: &Value, key: &str) -> Option<String> {
    match meta {
        Value::Map(map) => match map.find(key)? {
            Value::Text(text) => Some(text.as_str().to_owned()),
            _ => None,
        },
        _ => None,
    }
}
