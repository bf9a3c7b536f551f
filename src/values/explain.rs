//! Where each leaf of the values came from.

use serde_json::Value;

use super::layer::Origin;
use super::trace::{Trace, below};
use crate::name::ValuesKey;
use crate::report::{Path, Step};

/// One leaf of the values and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The path, beginning with the scope's key: `certManager.ingress.hosts`.
    pub path: String,
    /// The value: a scalar, a whole list, or an empty map; a secret is masked.
    pub value: Value,
    /// Who set it.
    pub origin: Origin,
    /// The line in the file or in the `ConfigMap` key, from 1; 0 when it is not known.
    pub line: u32,
}

/// Explains the leaves of `masked` (the present values with secrets masked) at or around `filter`.
pub(super) fn explain(
    trace: &Trace<'_>,
    scope: &ValuesKey,
    masked: &Value,
    filter: Option<&str>,
) -> Vec<Explained> {
    let mut leaves = Vec::new();
    collect(masked, &mut Vec::new(), &mut leaves);
    let explained = leaves.into_iter().filter_map(|(keys, value)| {
        let path = Path(
            keys.iter()
                .map(|key| Step::Key((*key).to_owned()))
                .collect(),
        );
        let path = below(scope, &path).to_string();
        if !filter.is_none_or(|filter| asked(&path, filter, scope)) {
            return None;
        }
        let (origin, place) = trace.origin(&keys)?;
        Some(Explained {
            path,
            value: value.clone(),
            origin,
            line: place.line,
        })
    });
    explained.collect()
}

/// All leaves, in the order of paths. The root is no leaf.
fn collect<'v>(
    value: &'v Value,
    keys: &mut Vec<&'v str>,
    leaves: &mut Vec<(Vec<&'v str>, &'v Value)>,
) {
    match value {
        Value::Object(map) if !map.is_empty() || keys.is_empty() => {
            for (key, value) in map {
                keys.push(key);
                collect(value, keys, leaves);
                keys.pop();
            }
        }
        leaf => leaves.push((keys.clone(), leaf)),
    }
}

/// Whether a leaf is at or below the asked path, or is the list that the asked path leads into.
fn asked(path: &str, filter: &str, scope: &ValuesKey) -> bool {
    let with_key = format!("{scope}.{filter}");
    [filter, with_key.as_str()].into_iter().any(|filter| {
        let continues = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        path.strip_prefix(filter).is_some_and(continues)
            || filter
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('['))
    })
}
