//! The text of an object patch file, read whole: every mistake is told, not only the first.
//!
//! The file is a stream of JSON values (lines of JSON are one) or several YAML documents; each is an
//! operation or a list of operations. Fields that nobody knows are passed over, as the original
//! does. What the original checks in part (the items of a JSON patch) or not at all (filters,
//! objects without a name) is checked here, since nothing is carried out of a file with a mistake.

use serde_json::{Map, Value};

use super::super::Error;
use super::super::document::{Document, read_json_or_yaml};
use super::field::{Fields, Written, kind_of};
use super::{Cascade, Existing, ObjectOperation, ObjectPatch, ObjectTarget, json_patch};
use crate::jq::Filter;
use crate::report::{Mistake, Mistakes, chain, nearest};

const OPERATIONS: [&str; 9] = [
    "Create",
    "CreateIfNotExists",
    "CreateOrUpdate",
    "Delete",
    "DeleteInBackground",
    "DeleteNonCascading",
    "MergePatch",
    "JSONPatch",
    "JQPatch",
];

/// Reads an object patch file of a hook: a stream of JSON values or several YAML documents, each
/// an operation or a list of operations.
///
/// *Errors*: all mistakes of the file, each with its line and the number of its operation. Nothing
/// of a file with a mistake may be carried out.
pub fn parse_object_operations(text: &str) -> Result<Vec<ObjectOperation>, Error> {
    let documents = read_json_or_yaml(text);
    let mut reader = Reader {
        operations: Vec::new(),
        mistakes: Vec::new(),
        count: 0,
    };
    documents.each(|document, prefix, item| reader.take(document, prefix, item));
    reader.mistakes.extend(documents.mistakes);
    Mistakes(reader.mistakes)
        .into_result()
        .map_err(Error::ReadObjects)?;
    Ok(reader.operations)
}

/// A mistake that was told already.
#[derive(PartialEq)]
struct Told;

struct Reader {
    operations: Vec<ObjectOperation>,
    mistakes: Vec<Mistake>,
    count: usize,
}

impl Reader {
    fn take(&mut self, document: &Document<'_>, prefix: Vec<String>, item: &Value) {
        self.count += 1;
        let nothing = Map::new();
        let map = item.as_object().unwrap_or(&nothing);
        let mut fields = Fields::new(document, prefix, map, self.count, &mut self.mistakes);
        if item.is_object() {
            self.operations.extend(fields.operation());
        } else {
            let message = format!("expected an operation, got {}", kind_of(item));
            fields.refuse(&[], &message, r#"write {"operation": …, …}"#);
        }
    }
}

impl Fields<'_> {
    fn operation(&mut self) -> Option<ObjectOperation> {
        match self.required("operation")?.as_str() {
            "Create" => self.create(Existing::Fail),
            "CreateIfNotExists" => self.create(Existing::Ignore),
            "CreateOrUpdate" => self.create(Existing::Replace),
            "Delete" => self.delete(Cascade::Foreground),
            "DeleteInBackground" => self.delete(Cascade::Background),
            "DeleteNonCascading" => self.delete(Cascade::Orphan),
            "MergePatch" => self.patch(Self::merge_patch),
            "JSONPatch" => self.patch(Self::json_patch),
            "JQPatch" => self.patch(Self::jq_patch),
            unknown => {
                let message = format!("unknown operation {unknown:?}");
                let hint = match nearest(unknown, OPERATIONS) {
                    Some(meant) => format!("write {meant}"),
                    None => format!("one of {}", OPERATIONS.join(", ")),
                };
                self.refuse(&["operation"], &message, &hint);
                None
            }
        }
    }

    fn create(&mut self, existing: Existing) -> Option<ObjectOperation> {
        let subresource = self.subresource();
        if let Ok(Some(part)) = subresource
            .as_ref()
            .map(|part| part.as_deref().filter(|part| *part != "status"))
        {
            let message = format!("{part} cannot be written with a new object");
            let hint = "only status can; write a patch of the object for the rest";
            self.refuse(&["subresource"], &message, hint);
        }
        let object = self.written("object", "a map", is_filled_map);
        let object = object.filter(|object| self.is_an_object(object));
        Some(ObjectOperation::Create {
            object: object?.value,
            existing,
            subresource: subresource.ok()?,
        })
    }

    fn delete(&mut self, cascade: Cascade) -> Option<ObjectOperation> {
        let target = self.target();
        let subresource = self.subresource();
        Some(ObjectOperation::Delete {
            target: target?,
            subresource: subresource.ok()?,
            cascade,
        })
    }

    fn patch(&mut self, read: fn(&mut Self) -> Option<ObjectPatch>) -> Option<ObjectOperation> {
        let target = self.target();
        let subresource = self.subresource();
        let ignore_missing = self.flag(&["ignoreMissingObject", "ignoreMissingObjects"]);
        let ignore_hook_error = self.flag(&["ignoreHookError"]);
        let patch = read(self);
        Some(ObjectOperation::Patch {
            target: target?,
            subresource: subresource.ok()?,
            ignore_missing,
            ignore_hook_error,
            patch: patch?,
        })
    }

    fn merge_patch(&mut self) -> Option<ObjectPatch> {
        let patch = self.written("mergePatch", "a map", is_filled_map)?;
        Some(ObjectPatch::Merge(patch.value))
    }

    fn json_patch(&mut self) -> Option<ObjectPatch> {
        let fits = |value: &Value| value.as_array().is_some_and(|items| !items.is_empty());
        let patch = self.written("jsonPatch", "a list of operations", fits)?;
        json_patch::check(self, patch.field, &patch.value);
        Some(ObjectPatch::Json(patch.value))
    }

    fn jq_patch(&mut self) -> Option<ObjectPatch> {
        match Filter::compile(&self.required("jqFilter")?) {
            Ok(filter) => Some(ObjectPatch::Jq(filter)),
            Err(error) => {
                self.refuse(&["jqFilter"], &chain(&error), "");
                None
            }
        }
    }

    fn target(&mut self) -> Option<ObjectTarget> {
        let api_version = self.text("apiVersion").unwrap_or_default();
        self.check_api_version(&["apiVersion"], &api_version);
        let kind = self.required("kind");
        let namespace = self.text("namespace");
        if let Some(namespace) = &namespace {
            self.check_name(&["namespace"], namespace);
        }
        let name = self.required("name");
        if let Some(name) = &name {
            self.check_name(&["name"], name);
        }
        Some(ObjectTarget {
            api_version,
            kind: kind?,
            namespace,
            name: name?,
        })
    }

    /// `status` and `/status` are the same.
    fn subresource(&mut self) -> Result<Option<String>, Told> {
        let Some(text) = self.text("subresource") else {
            return Ok(None);
        };
        let name = text.strip_prefix('/').unwrap_or(&text);
        if !name.is_empty() && name.bytes().all(|letter| letter.is_ascii_lowercase()) {
            return Ok(Some(name.to_owned()));
        }
        let message = format!("{text:?} is not the name of a subresource");
        self.refuse(&["subresource"], &message, "status, scale");
        Err(Told)
    }

    /// Whether a map can be an object; what it lacks is told.
    fn is_an_object(&mut self, written: &Written<'_>) -> bool {
        let (field, object) = (written.field, &written.value);
        let before = self.mistakes();
        if object.get("kind").is_some_and(|kind| kind == "List") {
            let hint = "write one operation for each of its items";
            self.refuse(&[field], "a List is not one object", hint);
            return false;
        }
        if let Ok(api_version) = self.inner(field, object, &["apiVersion"]) {
            self.check_api_version(&[field, "apiVersion"], api_version);
        }
        if self.inner(field, object, &["kind"]) == Ok("") {
            self.refuse(&[field, "kind"], "is missing", "");
        }
        if let Ok(namespace) = self.inner(field, object, &["metadata", "namespace"]) {
            self.check_name(&[field, "metadata", "namespace"], namespace);
        }
        let prefix = self.inner(field, object, &["metadata", "generateName"]);
        match self.inner(field, object, &["metadata", "name"]) {
            Ok("") if prefix == Ok("") => {
                self.refuse(&[field, "metadata", "name"], "is missing", "");
            }
            Ok(name) => self.check_name(&[field, "metadata", "name"], name),
            Err(Told) => {}
        }
        self.mistakes() == before
    }

    /// A text within an object, empty when it is not there; told when it is something else.
    fn inner<'b>(
        &mut self,
        field: &str,
        object: &'b Value,
        path: &[&str],
    ) -> Result<&'b str, Told> {
        let inside = path.iter().try_fold(object, |value, step| value.get(step));
        match inside {
            None | Some(Value::Null) => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(other) => {
                let path: Vec<&str> = std::iter::once(field).chain(path.iter().copied()).collect();
                let message = format!("expected a text, got {}", kind_of(other));
                self.refuse(&path, &message, "quote it");
                Err(Told)
            }
        }
    }

    fn check_api_version(&mut self, path: &[&str], text: &str) {
        let parts: Vec<&str> = text.split('/').collect();
        let is_good = text.is_empty() || (parts.len() <= 2 && !parts.contains(&""));
        if !is_good {
            let message = format!("{text:?} is not an API version");
            self.refuse(path, &message, "v1, apps/v1");
        }
    }

    /// Refuses what would be another path of the API, or none.
    fn check_name(&mut self, path: &[&str], name: &str) {
        let is_good =
            |letter: u8| letter.is_ascii_alphanumeric() || b"-._:~@!$&'()*+,;=".contains(&letter);
        if matches!(name, "." | "..") || !name.bytes().all(is_good) {
            let message = format!("{name:?} cannot be a name");
            self.refuse(path, &message, "names are letters, digits, `-` and `.`");
        }
    }
}

fn is_filled_map(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| !fields.is_empty())
}
