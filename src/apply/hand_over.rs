//! Taking over what a Helm release wrote.
//!
//! The writer of a release stays in `managedFields` as the owner of everything that it ever sent; a
//! field that it owns beside us would stay when we drop it. So its entry becomes ours, as client-go's
//! `csaupgrade` does it, and the next apply removes what the chart does not have. Nothing but
//! `managedFields` is written, and nobody else's entries are touched.
//!
//! Under one name the original writes what charts say and what its hooks ask for. A label, an
//! annotation, a key of data, or a plain value right below `spec` that neither the release nor the
//! chart has cannot come from Helm: Helm would leave it as it is, and so it stays with its writer.

use serde_json::{Map, Value, json};

use crate::diff::{child_of_tree, field_of_tree};
use crate::object::{HELM_RELEASE_NAME, Writer};

/// The field by which the writer of a release is known.
const MARK: &str = "f:meta.helm.sh/release-name";
/// Names under which Helm's client writes: the program that it is part of.
const HELM_NAMES: [&str; 2] = ["helm", "addon-operator"];
/// A label that Helm sets, whatever the chart says.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Whether a release's writer owns the object beside us.
pub(super) fn has_former_writer(writers: &[Writer], our_manager: &str) -> bool {
    writers.iter().any(|writer| {
        writer.manager != our_manager
            && !writer.applied
            && writer.subresource.is_empty()
            && writer.fields.contains(MARK)
    })
}

fn has_mark(entry: &Value) -> bool {
    entry["fieldsV1"].to_string().contains(MARK)
}

/// One object whose fields change hands.
#[derive(Debug, Clone, Copy)]
pub struct HandOver<'a> {
    /// The object as it is, whole.
    pub object: &'a Value,
    /// Our field manager.
    pub manager: &'a str,
    /// As we want it.
    pub desired: &'a Value,
    /// As the release has it; `None` when that is not known: then everything changes hands.
    pub former: Option<&'a Value>,
}

/// Whose fields they are afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct HandedOver {
    /// All entries.
    entries: Vec<Value>,
    /// The fields in ours.
    ours: Value,
}

impl HandOver<'_> {
    /// What the entries of `managedFields` become; `None` when there is nothing to hand over.
    pub fn plan(&self) -> Option<HandedOver> {
        let entries = self.object["metadata"]["managedFields"].as_array()?;
        let has_former = || {
            entries
                .iter()
                .any(|entry| !self.is_ours(entry) && has_mark(entry))
        };
        if self.former.is_none() && !has_former() {
            return None;
        }
        let names = self.names(entries);
        let former: Vec<&Value> = entries
            .iter()
            .filter(|entry| Self::is_former(entry, &names))
            .collect();
        let own = entries.iter().find(|entry| self.is_ours(entry));
        let version = self.version(own, &former)?;
        let mut ours = own.cloned();
        let mut after: Vec<Value> = Vec::new();
        let mut is_any = false;
        for entry in entries.iter().filter(|entry| !self.is_ours(entry)) {
            if !former.contains(&entry) || entry["apiVersion"] != *version {
                after.push(entry.clone());
                continue;
            }
            let (taken, left) = self.split(&entry["fieldsV1"]);
            if !taken.is_empty() {
                is_any = true;
                let ours = ours.get_or_insert_with(|| self.as_ours(entry));
                unite(&mut ours["fieldsV1"], &Value::Object(taken));
            }
            if !left.is_empty() {
                let mut entry = entry.clone();
                entry["fieldsV1"] = Value::Object(left);
                after.push(entry);
            }
        }
        let ours = ours.filter(|_| is_any)?;
        let fields = ours["fieldsV1"].clone();
        after.push(ours);
        Some(HandedOver {
            entries: after,
            ours: fields,
        })
    }

    /// The names that wrote the mark of a release, and those that Helm usually has.
    fn names<'b>(&self, entries: &'b [Value]) -> Vec<&'b str> {
        let marked = entries.iter().filter(|entry| has_mark(entry));
        let marked = marked.filter_map(|entry| entry["manager"].as_str());
        marked
            .chain(HELM_NAMES)
            .filter(|name| *name != self.manager)
            .collect()
    }

    fn is_ours(&self, entry: &Value) -> bool {
        entry["manager"] == self.manager
            && entry["operation"] == "Apply"
            && entry["subresource"].is_null()
    }

    /// Helm 3 updates; what applies under Helm's name, with its mark, is one of its successors.
    fn is_former(entry: &Value, names: &[&str]) -> bool {
        let is_named = entry["manager"]
            .as_str()
            .is_some_and(|name| names.contains(&name));
        let is_helms =
            entry["operation"] == "Update" || (entry["manager"] == "helm" && has_mark(entry));
        is_named && is_helms && entry["subresource"].is_null()
    }

    /// Fields are told in one API version; those of another stay where they are.
    fn version<'b>(&self, own: Option<&'b Value>, former: &[&'b Value]) -> Option<&'b Value> {
        let wanted = &self.desired["apiVersion"];
        let mut versions = former.iter().map(|entry| &entry["apiVersion"]);
        let same = versions.clone().find(|version| *version == wanted);
        own.map(|own| &own["apiVersion"])
            .or(same)
            .or_else(|| versions.next_back())
    }

    /// The first entry that changes hands, without its fields.
    fn as_ours(&self, entry: &Value) -> Value {
        let mut ours = entry.clone();
        ours["manager"] = json!(self.manager);
        ours["operation"] = json!("Apply");
        ours["fieldsV1"] = json!({});
        ours
    }

    fn split(&self, fields: &Value) -> (Map<String, Value>, Map<String, Value>) {
        let values = Values {
            live: Some(self.object),
            set: [self.former, Some(self.desired)],
            is_known: self.former.is_some(),
        };
        let fields = fields.as_object().cloned().unwrap_or_default();
        split(&fields, values, Place::Root)
    }
}

impl HandedOver {
    /// The merge patch that writes it, if nobody else wrote in between.
    pub fn patch(&self, object: &Value) -> Value {
        json!({"metadata": {
            "resourceVersion": object["metadata"]["resourceVersion"],
            "managedFields": self.entries,
        }})
    }

    /// The fields that the next apply removes: ours alone, and not in what we want. As paths,
    /// `.spec.ports[port=80].name`.
    pub fn leaving(&self, manager: &str, desired: &Value) -> Vec<String> {
        let others: Vec<&Value> = self
            .entries
            .iter()
            .filter(|entry| entry["manager"] != manager || entry["operation"] != "Apply")
            .map(|entry| &entry["fieldsV1"])
            .collect();
        let mut found = Vec::new();
        leave(&self.ours, Some(desired), &others, "", &mut found);
        found
    }
}

fn leave(
    tree: &Value,
    desired: Option<&Value>,
    others: &[&Value],
    path: &str,
    found: &mut Vec<String>,
) {
    for (step, below) in tree.as_object().into_iter().flatten() {
        let Some(name) = field_of_tree(step) else {
            continue;
        };
        let path = format!("{path}{name}");
        let wanted = desired.and_then(|desired| child_of_tree(desired, step));
        let others: Vec<&Value> = others.iter().filter_map(|tree| tree.get(step)).collect();
        let is_leaf = below.as_object().is_none_or(Map::is_empty);
        if wanted.is_none() && others.is_empty() {
            found.push(path);
        } else if !is_leaf {
            leave(below, wanted, &others, &path, found);
        }
    }
}

/// Where in an object a tree of fields is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Spec,
    Metadata,
    /// A map whose keys anybody may add to.
    Open,
    /// A list in metadata that anybody may add to.
    OpenList,
    Other,
}

impl Place {
    fn enter(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "spec") => Self::Spec,
            (Self::Root, "data" | "binaryData" | "stringData")
            | (Self::Metadata, "labels" | "annotations") => Self::Open,
            (Self::Metadata, "finalizers" | "ownerReferences") => Self::OpenList,
            (_, "metadata") => Self::Metadata,
            _ => Self::Other,
        }
    }
}

/// The values at one place: as they are, and as they were set.
#[derive(Clone, Copy)]
struct Values<'a> {
    live: Option<&'a Value>,
    set: [Option<&'a Value>; 2],
    /// Whether it is known what the release set.
    is_known: bool,
}

impl<'a> Values<'a> {
    fn enter(self, key: &str) -> Self {
        let below = |value: Option<&'a Value>| value.and_then(|value| value.get(key));
        Self {
            live: below(self.live),
            set: self.set.map(below),
            is_known: self.is_known,
        }
    }

    fn is_set(&self) -> bool {
        self.set.iter().any(Option::is_some)
    }

    /// Whether nothing can hang below it.
    fn is_plain(&self) -> bool {
        self.live
            .is_some_and(|value| !value.is_object() && !value.is_array())
    }
}

/// Parts a tree of fields into what changes hands, and what stays with its writer.
fn split(
    fields: &Map<String, Value>,
    values: Values<'_>,
    place: Place,
) -> (Map<String, Value>, Map<String, Value>) {
    let (mut taken, mut left) = (Map::new(), Map::new());
    for (step, below) in fields {
        let Some(key) = step.strip_prefix("f:") else {
            // The node itself, or items of a list: they go with what they are in.
            taken.insert(step.clone(), below.clone());
            continue;
        };
        let (values, inner) = (values.enter(key), place.enter(key));
        let may_stay = match place {
            Place::Open => values.is_known || key == MANAGED_BY,
            Place::Root | Place::Spec => values.is_known && values.is_plain(),
            _ => values.is_known && inner == Place::OpenList,
        };
        let is_marked = place == Place::Open && key.starts_with(HELM_RELEASE_NAME);
        if may_stay && !values.is_set() && !is_marked {
            left.insert(step.clone(), below.clone());
            continue;
        }
        let below_map = below.as_object().filter(|below| !below.is_empty());
        let Some(below_map) = below_map else {
            taken.insert(step.clone(), below.clone());
            continue;
        };
        let (ours, theirs) = split(below_map, values, inner);
        if !ours.is_empty() {
            taken.insert(step.clone(), Value::Object(ours));
        }
        if !theirs.is_empty() {
            left.insert(step.clone(), Value::Object(theirs));
        }
    }
    // The bare node of a map of which nothing is taken goes nowhere.
    if taken.len() == 1 && taken.contains_key(".") && !left.is_empty() {
        left.append(&mut taken);
    }
    (taken, left)
}

/// Puts the fields of one tree into another.
fn unite(into: &mut Value, from: &Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else {
        return;
    };
    for (key, below) in from {
        unite(into.entry(key).or_insert_with(|| json!({})), below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields})
    }

    fn annotations() -> Value {
        json!({"f:annotations": {".": {}, MARK: {}}})
    }

    fn object(entries: &[Value]) -> Value {
        json!({"apiVersion": "v1", "metadata": {"resourceVersion": "7", "managedFields": entries}})
    }

    fn desired() -> Value {
        json!({"apiVersion": "v1", "metadata": {"annotations": {HELM_RELEASE_NAME: "web"}},
               "data": {"new": "1"}})
    }

    fn planned(object: &Value, former: Option<&Value>) -> Option<Vec<Value>> {
        let desired = desired();
        let hand_over = HandOver {
            object,
            manager: "us",
            desired: &desired,
            former,
        };
        hand_over.plan().map(|planned| planned.entries)
    }

    #[test]
    fn the_releases_entry_becomes_ours_and_others_stay() {
        let helm = json!({"f:metadata": annotations(), "f:data": {"f:old": {}}});
        let jane = entry("jane", "Update", &json!({"f:data": {"f:hers": {}}}));
        let before = object(&[entry("helm", "Update", &helm), jane.clone()]);
        let ours = entry("us", "Apply", &helm);
        assert_eq!(planned(&before, None), Some(vec![jane.clone(), ours]));
        let former = json!({"data": {"old": "1"}});
        let ours = entry("us", "Apply", &helm);
        assert_eq!(planned(&before, Some(&former)), Some(vec![jane, ours]));
    }

    #[test]
    fn the_releases_entry_is_united_with_ours() {
        let helm = json!({"f:metadata": annotations(), "f:data": {"f:old": {}}});
        let ours = json!({"f:metadata": annotations(), "f:data": {"f:new": {}}});
        let before = object(&[entry("x", "Update", &helm), entry("us", "Apply", &ours)]);
        let both = json!({"f:metadata": annotations(), "f:data": {"f:old": {}, "f:new": {}}});
        assert_eq!(
            planned(&before, None),
            Some(vec![entry("us", "Apply", &both)])
        );
    }

    #[test]
    fn without_a_release_there_is_nothing_to_hand_over() {
        let ours = entry("us", "Apply", &json!({"f:metadata": annotations()}));
        let jane = entry("jane", "Update", &json!({"f:data": {"f:hers": {}}}));
        let status = json!({"manager": "helm", "operation": "Update", "apiVersion": "v1",
                            "subresource": "status", "fieldsV1": {"f:status": {}}});
        assert_eq!(planned(&object(&[ours, jane, status]), None), None);
    }

    #[test]
    fn what_hooks_of_the_original_added_stays_with_it() {
        let fields = json!({
            "f:metadata": {
                "f:annotations": {".": {}, MARK: {}, "f:of-hook": {}, "f:of-chart": {}},
                "f:labels": {"f:app.kubernetes.io/managed-by": {}},
                "f:finalizers": {".": {}, "v:\"of-hook\"": {}},
            },
            "f:data": {"f:old": {}, "f:of-hook": {}},
            "f:spec": {"f:replicas": {}, "f:paused": {}, "f:template": {"f:a": {}}},
        });
        let mut before = object(&[entry("addon-operator", "Update", &fields)]);
        before["spec"] = json!({"replicas": 3, "paused": false, "template": {"a": 1}});
        let former = json!({"metadata": {"annotations": {"of-chart": ""}}, "data": {"old": ""},
                            "spec": {"replicas": 3}});
        let ours = json!({
            "f:metadata": {"f:annotations": {".": {}, MARK: {}, "f:of-chart": {}}},
            "f:data": {"f:old": {}},
            "f:spec": {"f:replicas": {}, "f:template": {"f:a": {}}},
        });
        let theirs = json!({
            "f:metadata": {
                "f:annotations": {"f:of-hook": {}},
                "f:labels": {"f:app.kubernetes.io/managed-by": {}},
                "f:finalizers": {".": {}, "v:\"of-hook\"": {}},
            },
            "f:data": {"f:of-hook": {}},
            "f:spec": {"f:paused": {}},
        });
        let after = vec![
            entry("addon-operator", "Update", &theirs),
            entry("us", "Apply", &ours),
        ];
        assert_eq!(planned(&before, Some(&former)), Some(after.clone()));
        let mut again = object(&after);
        again["spec"] = before["spec"].clone();
        assert_eq!(planned(&again, Some(&former)), None, "the second time");
    }

    #[test]
    fn entries_of_another_version_stay() {
        let marked = json!({"f:metadata": annotations()});
        let mut old = entry("helm", "Update", &marked);
        old["apiVersion"] = json!("v1beta1");
        let new = entry("helm", "Update", &json!({"f:data": {"f:old": {}}}));
        let ours = entry("us", "Apply", &json!({"f:data": {"f:old": {}}}));
        assert_eq!(
            planned(&object(&[old.clone(), new]), None),
            Some(vec![old.clone(), ours])
        );
        let mut ours = old.clone();
        (ours["manager"], ours["operation"]) = (json!("us"), json!("Apply"));
        assert_eq!(planned(&object(&[old]), None), Some(vec![ours]));
    }

    #[test]
    fn leaving_fields_are_those_of_nobody_else() {
        let helm = json!({"f:metadata": annotations(), "f:data": {"f:old": {}, "f:new": {}, "f:hers": {}},
            "f:spec": {"f:ports": {"k:{\"port\":80}": {".": {}, "f:port": {}, "f:name": {}}}}});
        let jane = entry("jane", "Update", &json!({"f:data": {"f:hers": {}}}));
        let before = object(&[entry("helm", "Update", &helm), jane]);
        let mut desired = desired();
        desired["spec"] = json!({"ports": [{"port": 80}]});
        let hand_over = HandOver {
            object: &before,
            manager: "us",
            desired: &desired,
            former: None,
        };
        let leaving = hand_over.plan().unwrap().leaving("us", &desired);
        assert_eq!(leaving, [".data.old", ".spec.ports[port=80].name"]);
    }
}
