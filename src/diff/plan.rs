//! What has to be done so that the cluster is as desired: nothing, when nothing changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::desired::Desired;
use crate::object::{Live, ObjectRef, OwnedFields};

/// What is remembered of one object that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// What our field manager owned right after the apply.
    pub fields: OwnedFields,
    /// The resource version right after the apply; `None` after a restart.
    pub version: Option<u64>,
}

/// The inventory of a module with what tells drift; kept in the `Module` object's status.
pub type Record = BTreeMap<ObjectRef, Recorded>;

/// What is done about drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Altered and deleted objects are put right.
    #[default]
    Correct,
    /// Only deleted objects are put right, as the original did.
    Recreate,
    /// Drift is told, and left.
    Report,
}

/// Why an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It is not in our inventory.
    New,
    /// Its manifest changed.
    Changed,
    /// Somebody changed or removed a field that we applied.
    Altered,
    /// Somebody deleted it.
    Deleted,
    /// What we own of it is not remembered.
    Unknown,
}

/// One object to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its index in the desired objects.
    pub index: usize,
    /// Why.
    pub reason: Reason,
    /// Whether fields of others are taken over.
    pub force: bool,
}

/// One object to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// Delete it.
    Delete(Live),
    /// Its chart asks to keep it: take our labels off and leave it.
    Release(Live),
}

impl Removal {
    /// Which object.
    pub fn reference(&self) -> &ObjectRef {
        &self.live().reference
    }

    /// The object as it is in the cluster.
    pub fn live(&self) -> &Live {
        match self {
            Self::Delete(live) | Self::Release(live) => live,
        }
    }
}

/// What to do, and what is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Objects to apply, in the order of the desired objects.
    pub apply: Vec<Change>,
    /// Objects to remove.
    pub remove: Vec<Removal>,
    /// Drift that is told and left: policy, or contested.
    pub reported: Vec<(ObjectRef, Reason)>,
    /// Objects that are being deleted by somebody; they are applied when they are gone.
    pub waiting: Vec<ObjectRef>,
}

impl Plan {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.apply.is_empty() && self.remove.is_empty()
    }
}

/// What a plan is made from, beside the desired objects.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Objects in the cluster that carry our labels.
    pub live: &'a BTreeMap<ObjectRef, Live>,
    /// What was remembered when they were applied.
    pub record: &'a Record,
    /// The id of the module's `ApplySet`.
    pub applyset: &'a str,
    /// Objects whose correction is given up for now.
    pub contested: &'a BTreeSet<ObjectRef>,
    /// What is done about drift.
    pub policy: Policy,
    /// Whether objects of others are taken over without asking.
    pub take_ownership: bool,
}

/// Compares what is desired with what is there.
pub fn plan(desired: &[Desired], facts: Facts<'_>) -> Plan {
    let mut plan = Plan::default();
    for (index, desired) in desired.iter().enumerate() {
        let reference = &desired.reference;
        let (reason, force) = match why(desired, facts) {
            Verdict::Same => continue,
            Verdict::Wait => {
                plan.waiting.push(reference.clone());
                continue;
            }
            Verdict::Apply(reason, force) => (reason, force),
        };
        let is_left = match (reason, facts.policy) {
            (Reason::Altered | Reason::Deleted, Policy::Report)
            | (Reason::Altered, Policy::Recreate) => true,
            (Reason::Altered | Reason::Deleted, _) => facts.contested.contains(reference),
            (Reason::New | Reason::Changed | Reason::Unknown, _) => false,
        };
        if is_left {
            plan.reported.push((reference.clone(), reason));
        } else {
            plan.apply.push(Change {
                index,
                reason,
                force,
            });
        }
    }
    let wanted: BTreeSet<&ObjectRef> = desired.iter().map(|desired| &desired.reference).collect();
    plan.remove = facts
        .live
        .values()
        .filter(|live| live.part_of.as_deref() == Some(facts.applyset) && !live.deleting)
        .filter(|live| !wanted.contains(&live.reference))
        .map(|live| {
            if live.keep {
                Removal::Release(live.clone())
            } else {
                Removal::Delete(live.clone())
            }
        })
        .collect();
    plan
}

enum Verdict {
    Same,
    Wait,
    Apply(Reason, bool),
}

fn why(desired: &Desired, facts: Facts<'_>) -> Verdict {
    let record = facts.record.get(&desired.reference);
    let Some(live) = facts.live.get(&desired.reference) else {
        return match record {
            Some(_) => Verdict::Apply(Reason::Deleted, true),
            None => Verdict::Apply(Reason::New, facts.take_ownership),
        };
    };
    if live.deleting {
        return Verdict::Wait;
    }
    if live.applied_hash.as_deref() != Some(desired.hash.as_str()) {
        return Verdict::Apply(Reason::Changed, true);
    }
    let Some(record) = record else {
        return Verdict::Apply(Reason::Unknown, true);
    };
    if live.fields.as_ref() == Some(&record.fields) || is_older(live, record) {
        return Verdict::Same;
    }
    Verdict::Apply(Reason::Altered, true)
}

/// Whether the state that the watch told is from before our own apply.
fn is_older(live: &Live, record: &Recorded) -> bool {
    matches!((live.version, record.version), (Some(told), Some(applied)) if told < applied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Source;

    const SET: &str = "applyset-x-v1";

    fn reference(name: &str) -> ObjectRef {
        ObjectRef {
            group: String::new(),
            kind: "ConfigMap".into(),
            namespace: Some("n".into()),
            name: name.into(),
        }
    }

    fn desired(name: &str, hash: &str) -> Desired {
        Desired {
            reference: reference(name),
            api_version: "v1".into(),
            rank: 1,
            body: bytes::Bytes::new(),
            hash: hash.into(),
            source: Source::default(),
            recreate: false,
        }
    }

    fn live(name: &str, hash: &str, fields: &str, version: u64) -> Live {
        Live {
            reference: reference(name),
            uid: "u".into(),
            version: Some(version),
            module: Some("m".into()),
            part_of: Some(SET.into()),
            applied_hash: Some(hash.into()),
            declared_by: None,
            keep: false,
            deleting: false,
            fields: Some(OwnedFields::of(fields)),
        }
    }

    struct Case {
        live: Vec<Live>,
        recorded: Option<(&'static str, Option<u64>)>,
        policy: Policy,
    }

    fn planned(case: &Case) -> Plan {
        let live = case
            .live
            .iter()
            .map(|live| (live.reference.clone(), live.clone()))
            .collect();
        let record = case.recorded.map(|(fields, version)| {
            (
                reference("a"),
                Recorded {
                    fields: OwnedFields::of(fields),
                    version,
                },
            )
        });
        let facts = Facts {
            live: &live,
            record: &record.into_iter().collect(),
            applyset: SET,
            contested: &BTreeSet::new(),
            policy: case.policy,
            take_ownership: false,
        };
        plan(&[desired("a", "h1")], facts)
    }

    macro_rules! rows {
        ($($name:ident: $live:expr, $recorded:expr, $policy:ident => $apply:expr, $reported:expr;)*) => {$(
            #[test]
            fn $name() {
                let case = Case { live: $live, recorded: $recorded, policy: Policy::$policy };
                let plan = planned(&case);
                let apply: Option<(Reason, bool)> = plan.apply.first().map(|change| (change.reason, change.force));
                let reported: Option<Reason> = plan.reported.first().map(|(_, reason)| *reason);
                assert_eq!((apply, reported), ($apply, $reported));
            }
        )*};
    }

    rows! {
        new_object_is_applied_without_force: vec![], None, Correct => Some((Reason::New, false)), None;
        same_object_is_left: vec![live("a", "h1", "f", 5)], Some(("f", Some(5))), Correct => None, None;
        same_object_is_left_after_a_restart: vec![live("a", "h1", "f", 9)], Some(("f", None)), Correct => None, None;
        changed_manifest_is_applied: vec![live("a", "h0", "f", 5)], Some(("f", None)), Correct => Some((Reason::Changed, true)), None;
        altered_object_is_corrected: vec![live("a", "h1", "g", 6)], Some(("f", Some(5))), Correct => Some((Reason::Altered, true)), None;
        old_news_is_no_drift: vec![live("a", "h1", "g", 4)], Some(("f", Some(5))), Correct => None, None;
        deleted_object_is_made_again: vec![], Some(("f", Some(5))), Correct => Some((Reason::Deleted, true)), None;
        recreate_leaves_altered_objects: vec![live("a", "h1", "g", 6)], Some(("f", Some(5))), Recreate => None, Some(Reason::Altered);
        recreate_makes_deleted_objects_again: vec![], Some(("f", None)), Recreate => Some((Reason::Deleted, true)), None;
        report_leaves_deleted_objects: vec![], Some(("f", None)), Report => None, Some(Reason::Deleted);
        unknown_state_is_applied_once: vec![live("a", "h1", "f", 5)], None, Correct => Some((Reason::Unknown, true)), None;
    }

    #[test]
    fn prune_leaves_objects_of_others() {
        let stranger = Live {
            part_of: Some("applyset-other-v1".into()),
            ..live("b", "h", "f", 1)
        };
        let definition = Live {
            part_of: None,
            ..live("c", "h", "f", 1)
        };
        let case = Case {
            live: vec![stranger, definition],
            recorded: None,
            policy: Policy::Correct,
        };
        assert_eq!(planned(&case).remove, []);
    }

    #[test]
    fn objects_no_longer_wanted_are_removed_and_kept_ones_released() {
        let kept = Live {
            keep: true,
            ..live("c", "h", "f", 1)
        };
        let case = Case {
            live: vec![live("b", "h", "f", 1), kept.clone()],
            recorded: None,
            policy: Policy::Correct,
        };
        let plan = planned(&case);
        assert_eq!(
            plan.remove,
            [
                Removal::Delete(live("b", "h", "f", 1)),
                Removal::Release(kept)
            ]
        );
    }

    #[test]
    fn an_object_that_is_going_is_waited_for() {
        let case = Case {
            live: vec![Live {
                deleting: true,
                ..live("a", "h0", "f", 1)
            }],
            recorded: None,
            policy: Policy::Correct,
        };
        assert_eq!(planned(&case).waiting, [reference("a")]);
    }
}
