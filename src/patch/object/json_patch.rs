//! A JSON patch, checked by the rules of RFC 6902 before any of it is sent.

use json_patch::jsonptr::Pointer;
use serde_json::{Map, Value};

use super::field::{Fields, kind_of, step_of};
use crate::report::{Mistake, Path, nearest};

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Takes a mistake: where it is, what is wrong, and what to do about it.
type Refuse<'a> = dyn FnMut(&[&str], &str, &str) + 'a;

/// Keeps every mistake of the patch that the field `name` holds.
pub(super) fn check(fields: &mut Fields<'_>, name: &str, patch: &Value) {
    check_items(name, patch, &mut |path, message, hint| {
        fields.refuse(path, message, hint);
    });
}

/// All mistakes of a JSON patch that the field `name` of `file` holds; none when it is good.
pub fn check_json_patch(file: &str, name: &str, patch: &Value) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut refuse = |path: &[&str], message: &str, hint: &str| {
        let mut place = Path::default();
        for step in path {
            place = place.step(step_of(step));
        }
        let mistake = Mistake::new(file, message).path(place.to_string());
        mistakes.push(mistake.hint(hint));
    };
    if patch.is_array() {
        check_items(name, patch, &mut refuse);
    } else {
        let message = format!("expected a list of operations, got {}", kind_of(patch));
        refuse(&[name], &message, r#"write [{"op": …, "path": …}]"#);
    }
    mistakes
}

fn check_items(name: &str, patch: &Value, refuse: &mut Refuse<'_>) {
    for (index, item) in patch.as_array().into_iter().flatten().enumerate() {
        let index = index.to_string();
        match item {
            Value::Object(item) => check_item(refuse, &[name, &index], item),
            other => {
                let message = format!("expected a map, got {}", kind_of(other));
                refuse(&[name, &index], &message, r#"write {"op": …, "path": …}"#);
            }
        }
    }
}

fn check_item(refuse: &mut Refuse<'_>, at: &[&str; 2], item: &Map<String, Value>) {
    let path = pointer(refuse, at, item, "path");
    let op = match item.get("op") {
        Some(Value::String(op)) => op.as_str(),
        other => {
            let message = other.map_or_else(
                || "is missing".to_owned(),
                |other| format!("expected a text, got {}", kind_of(other)),
            );
            let hint = format!("one of {}", OPERATIONS.join(", "));
            return refuse(&[at[0], at[1], "op"], &message, &hint);
        }
    };
    match op {
        "add" | "replace" | "test" if !item.contains_key("value") => {
            let message = format!("`{op}` needs a value");
            refuse(&[at[0], at[1], "value"], &message, "null is one, too");
        }
        "move" | "copy" => {
            let from = pointer(refuse, at, item, "from");
            let into_itself = path
                .zip(from)
                .is_some_and(|(path, from)| path != from && path.strip_prefix(from).is_some());
            if op == "move" && into_itself {
                let message = "a value cannot be moved into itself";
                refuse(&[at[0], at[1], "path"], message, "");
            }
        }
        "add" | "replace" | "test" | "remove" => {}
        unknown => {
            let message = format!("unknown operation {unknown:?}");
            let hint = match nearest(unknown, OPERATIONS) {
                Some(meant) => format!("write {meant}"),
                None => format!("one of {}", OPERATIONS.join(", ")),
            };
            refuse(&[at[0], at[1], "op"], &message, &hint);
        }
    }
}

/// A field that must be a JSON pointer.
fn pointer<'a>(
    refuse: &mut Refuse<'_>,
    at: &[&str; 2],
    item: &'a Map<String, Value>,
    name: &str,
) -> Option<&'a Pointer> {
    let (message, hint) = match item.get(name) {
        None => ("is missing".to_owned(), "a path is a text: /spec/replicas"),
        Some(Value::String(text)) => match Pointer::parse(text) {
            Ok(pointer) => return Some(pointer),
            Err(_) => (
                format!("{text:?} is not a JSON pointer"),
                "it starts with /; ~0 is ~ and ~1 is /",
            ),
        },
        Some(other) => (format!("expected a text, got {}", kind_of(other)), ""),
    };
    refuse(&[at[0], at[1], name], &message, hint);
    None
}
