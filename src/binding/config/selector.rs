//! Selectors, turned into the API's text form.

use std::collections::BTreeSet;

use crate::watch::Namespaces;

use super::sheet::{Map, Spot};

/// The longest label value, and the longest name in a label key.
const LONGEST_NAME: usize = 63;
/// The longest part of a label key before `/`.
const LONGEST_PREFIX: usize = 253;

/// A label selector as `app=web,tier in (a,b),!old`; its requirements in the order of their keys.
pub(super) fn read_labels(spot: &Spot<'_>) -> Option<String> {
    let map = spot.map(&["matchLabels", "matchExpressions"])?;
    let mut requirements: Vec<(String, String)> = Vec::new();
    if let Some(labels) = map.get("matchLabels").and_then(|spot| spot.open_map()) {
        requirements.extend(labels.entries.iter().filter_map(|entry| {
            let spot = labels.value(entry);
            check_key(&spot, &entry.key);
            let value = check_value(&spot, spot.text()?);
            Some((entry.key.clone(), format!("{}={value}", entry.key)))
        }));
    }
    if let Some(expressions) = map.get("matchExpressions") {
        let items = expressions.items(0);
        requirements.extend(items.iter().filter_map(read_expression));
    }
    requirements.sort_by(|one, other| one.0.cmp(&other.0));
    let texts: Vec<String> = requirements.into_iter().map(|(_, text)| text).collect();
    Some(texts.join(","))
}

fn read_expression(spot: &Spot<'_>) -> Option<(String, String)> {
    let map = spot.map(&["key", "operator", "values"])?;
    let key_spot = map.need("key");
    let operator_spot = map.need("operator");
    let values = map.get("values");
    let values: BTreeSet<&str> = values
        .iter()
        .flat_map(|spot| spot.texts(0))
        .map(|(spot, value)| check_value(&spot, value))
        .collect();
    let key_spot = key_spot?;
    let key = key_spot.text()?;
    check_key(&key_spot, key);
    let operator_spot = operator_spot?;
    let operator = operator_spot.choice(&["In", "NotIn", "Exists", "DoesNotExist"])?;
    let takes_values = matches!(operator, "In" | "NotIn");
    if takes_values && values.is_empty() {
        operator_spot.wrong(format!("{operator} needs at least one of `values`"), "");
    }
    if !takes_values && !values.is_empty() {
        operator_spot.wrong(format!("{operator} takes no `values`"), "remove them");
    }
    let values = Vec::from_iter(values).join(",");
    let text = match operator {
        "In" => format!("{key} in ({values})"),
        "NotIn" => format!("{key} notin ({values})"),
        "Exists" => key.to_owned(),
        _ => format!("!{key}"),
    };
    Some((key.to_owned(), text))
}

/// A label selector that says something.
pub(super) fn read_full_labels(spot: &Spot<'_>) -> Option<String> {
    let text = read_labels(spot)?;
    if let Some(map) = spot.open_map() {
        map.not_empty();
    }
    Some(text)
}

/// A field selector as `status.phase!=Running,spec.nodeName=a`, and where it selects by name.
pub(super) fn read_fields<'a>(spot: &Spot<'a>) -> Option<(String, Option<Spot<'a>>)> {
    let map = spot.map(&["matchExpressions"])?;
    let mut terms = Vec::new();
    let mut by_name = None;
    for item in map.need("matchExpressions")?.items(0) {
        let Some(map) = item.map(&["field", "operator", "value"]) else {
            continue;
        };
        let [field, operator, value] = ["field", "operator", "value"].map(|key| map.need(key));
        let words = ["=", "==", "Equals", "!=", "NotEquals"];
        let operator = operator.and_then(|spot| spot.choice(&words));
        let value = value.and_then(|spot| spot.text());
        let field = field.and_then(|spot| spot.full_text().map(|field| (spot, field)));
        let (Some((spot, field)), Some(operator), Some(value)) = (field, operator, value) else {
            continue;
        };
        if field == "metadata.name" {
            by_name = Some(spot);
        }
        let sign = if operator.starts_with(['!', 'N']) {
            "!="
        } else {
            "="
        };
        terms.push(format!("{field}{sign}{}", escape(value)));
    }
    Some((terms.join(","), by_name))
}

fn escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace(',', "\\,")
        .replace('=', "\\=")
}

/// The names of a name selector, each once. None is all: an empty name stands for that too. A list
/// stands for its `matchNames`, as the original's documentation has it in places.
pub(super) fn read_names(spot: &Spot<'_>) -> Option<BTreeSet<String>> {
    if spot.is_list() {
        return Some(names_of(&spot.texts(0)));
    }
    let map = spot.map(&["matchNames"])?;
    let texts = map.need("matchNames")?.texts(0);
    Some(names_of(&texts))
}

/// The same of a list of names.
pub(super) fn names_of(texts: &[(Spot<'_>, &str)]) -> BTreeSet<String> {
    if let Some((spot, _)) = texts.iter().find(|(_, name)| name.is_empty()) {
        spot.warn("an empty name selects everything");
        return BTreeSet::new();
    }
    texts.iter().map(|(_, name)| (*name).to_owned()).collect()
}

/// The namespaces of a binding. Labels win over names.
pub(super) fn read_namespaces(spot: &Spot<'_>) -> Option<Namespaces> {
    let map = spot.map(&["nameSelector", "labelSelector"])?;
    map.not_empty();
    let names = map.get("nameSelector").and_then(|spot| read_names(&spot));
    if let Some(labels) = map.get("labelSelector") {
        if names.is_some() {
            warn_of_names(&map);
        }
        return read_full_labels(&labels).map(Namespaces::Labelled);
    }
    Some(named(names.unwrap_or_default()))
}

fn warn_of_names(map: &Map<'_>) {
    if let Some(spot) = map.get("nameSelector") {
        spot.warn("has no effect beside `labelSelector`");
    }
}

/// No name is every namespace.
pub(super) fn named(names: BTreeSet<String>) -> Namespaces {
    if names.is_empty() {
        Namespaces::All
    } else {
        Namespaces::Named(names)
    }
}

/// A name of at most 63 letters, after a domain and `/` if need be.
pub(super) fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    !name.is_empty() && is_label_name(name) && prefix.is_none_or(is_domain)
}

fn check_key(spot: &Spot<'_>, key: &str) {
    if !is_label_key(key) {
        let hint =
            "letters, digits, `-`, `_` and `.`, at most 63, after a domain and `/` if need be";
        spot.wrong(format!("{key:?} is not a label key"), hint);
    }
}

fn check_value<'a>(spot: &Spot<'_>, value: &'a str) -> &'a str {
    if !is_label_name(value) {
        let hint =
            "letters, digits, `-`, `_` and `.`, at most 63, first and last a letter or digit";
        spot.wrong(format!("{value:?} is not a label value"), hint);
    }
    value
}

/// A label value, or the name in a label key; it may be empty.
fn is_label_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && has_good_ends(text)
}

/// A domain in small letters, as the API server wants it.
pub(super) fn is_domain(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= LONGEST_PREFIX
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(good) && has_good_ends(part))
}

fn has_good_ends(text: &str) -> bool {
    let good = |letter: Option<&u8>| letter.is_none_or(u8::is_ascii_alphanumeric);
    good(text.as_bytes().first()) && good(text.as_bytes().last())
}
