//! The status of a `Module` object as a document.
//!
//! It holds no time that moves by itself: a transition time stays while its condition's status does,
//! so that nothing is written while nothing changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diff::{Record, Recorded};
use crate::object::{ObjectRef, OwnedFields};

/// Where a module stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
pub enum State {
    /// Not enabled.
    Disabled,
    /// Enabled, its turn has not come.
    #[default]
    Waiting,
    /// Being attempted now; never in a document, which would be written for it alone.
    Running,
    /// Its objects are in the cluster as its chart has them, and nothing has changed since.
    Applied,
    /// The last attempt failed; it is repeated after a while.
    Failed,
    /// Its removal is held back until a person decides.
    Held,
    /// Paused by a person (`<key>Maintenance`).
    Maintenance,
    /// Being removed.
    Deleting,
}

impl State {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "Disabled",
            Self::Waiting => "Waiting",
            Self::Running => "Running",
            Self::Applied => "Applied",
            Self::Failed => "Failed",
            Self::Held => "Held",
            Self::Maintenance => "Maintenance",
            Self::Deleting => "Deleting",
        }
    }
}

/// One condition, by the conventions of the Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Enabled`, `Applied`, `Ready`, `Contested`, `Drifted`, `Kept`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True` or `False`.
    pub status: String,
    /// One word from a closed set.
    pub reason: String,
    /// A sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When `status` last changed.
    pub last_transition_time: String,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Where the module stands.
    #[serde(default)]
    pub state: State,
    /// One word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What the module is for, from its module.yaml.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its place in the order.
    #[serde(default)]
    pub weight: u32,
    /// How many objects it has.
    #[serde(default)]
    pub object_count: usize,
    /// The checksum of the values that were rendered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub values_checksum: String,
    /// The revision of the original's Helm release that was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_revision: Option<u32>,
    /// Conditions, by type.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// The inventory, with what tells drift.
    #[serde(default)]
    pub objects: Vec<Entry>,
}

/// One object of the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    #[serde(flatten)]
    object: ObjectRef,
    fields: OwnedFields,
}

/// What became of a module: the input of its status.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Where it stands.
    pub state: State,
    /// One word; empty when all is well.
    pub reason: String,
    /// A sentence; empty when there is nothing to add.
    pub message: String,
    /// What the module is for.
    pub description: String,
    /// Its place in the order.
    pub weight: u32,
    /// The checksum of the values that were rendered.
    pub values_checksum: String,
    /// Conditions: type, whether it is true, reason, message.
    pub conditions: Vec<(&'static str, bool, &'static str, String)>,
    /// The inventory.
    pub record: Record,
    /// The revision of the Helm release that was taken over.
    pub release: Option<u32>,
}

impl Status {
    /// The document of a report; transition times are taken over from the one before.
    pub fn of(report: &Report, before: &Self, now: Timestamp) -> Self {
        let condition =
            |(kind, is_true, reason, message): &(&'static str, bool, &'static str, String)| {
                let status = if *is_true { "True" } else { "False" };
                let old = before
                    .conditions
                    .iter()
                    .find(|old| old.kind == *kind && old.status == status);
                Condition {
                    kind: (*kind).to_owned(),
                    status: status.to_owned(),
                    reason: (*reason).to_owned(),
                    message: message.clone(),
                    last_transition_time: old
                        .map_or_else(|| to_seconds(now), |old| old.last_transition_time.clone()),
                }
            };
        let entry = |(object, recorded): (&ObjectRef, &Recorded)| Entry {
            object: object.clone(),
            fields: recorded.fields.clone(),
        };
        Self {
            state: report.state,
            reason: report.reason.clone(),
            message: report.message.clone(),
            description: report.description.clone(),
            weight: report.weight,
            object_count: report.record.len(),
            values_checksum: report.values_checksum.clone(),
            release_revision: report.release,
            conditions: report.conditions.iter().map(condition).collect(),
            objects: report.record.iter().map(entry).collect(),
        }
    }

    /// Reads the status of a `Module` object; what is not readable counts as not there, and is
    /// written anew.
    pub fn read(module: &Value) -> Self {
        serde_json::from_value(module["status"].clone()).unwrap_or_default()
    }

    /// What a condition says; empty when there is none.
    pub fn message_of(&self, condition: &str) -> String {
        let found = self.conditions.iter().find(|found| found.kind == condition);
        found.map_or_else(String::new, |found| found.message.clone())
    }

    /// The inventory in the document.
    pub fn record(&self) -> Record {
        let entry = |entry: &Entry| {
            (
                entry.object.clone(),
                Recorded {
                    fields: entry.fields.clone(),
                    version: None,
                },
            )
        };
        self.objects.iter().map(entry).collect()
    }
}

fn to_seconds(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(applied: bool) -> Report {
        let object = ObjectRef {
            group: String::new(),
            kind: "Secret".into(),
            namespace: Some("a".into()),
            name: "b".into(),
        };
        let recorded = Recorded {
            fields: OwnedFields::of("{}"),
            version: Some(3),
        };
        Report {
            state: State::Applied,
            conditions: vec![("Applied", applied, "Applied", String::new())],
            record: [(object, recorded)].into(),
            ..Report::default()
        }
    }

    #[test]
    fn a_transition_time_moves_with_its_status_alone() {
        let first = Status::of(
            &report(true),
            &Status::default(),
            Timestamp::from_second(0).unwrap(),
        );
        let same = Status::of(&report(true), &first, Timestamp::from_second(60).unwrap());
        assert_eq!(first, same);
        let other = Status::of(&report(false), &first, Timestamp::from_second(60).unwrap());
        assert_eq!(
            other.conditions[0].last_transition_time,
            "1970-01-01T00:01:00Z"
        );
    }

    #[test]
    fn the_inventory_comes_back_from_the_document() {
        let status = Status::of(&report(true), &Status::default(), Timestamp::UNIX_EPOCH);
        let read = Status::read(&json!({"status": serde_json::to_value(&status).unwrap()}));
        assert_eq!(read, status);
        let record = read.record();
        assert_eq!(record.len(), 1);
        assert!(record.values().all(|recorded| recorded.version.is_none()));
    }
}
