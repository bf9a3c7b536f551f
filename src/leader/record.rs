//! The Lease, as it is read and written.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Who leads, as the Lease says it. Times are texts: nobody here reads them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Who; empty when nobody does.
    pub holder: String,
    /// How long without a renewal it counts, in seconds; `None` when it does not say.
    pub seconds: Option<u64>,
    /// Since when.
    pub acquired: String,
    /// When it was renewed last.
    pub renewed: String,
    /// How often another one became the leader.
    pub transitions: u64,
}

/// A Lease that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    object: Value,
    /// What it says.
    pub record: Record,
}

impl Lease {
    /// Reads an object; `None` when it is none.
    pub fn read(object: Value) -> Option<Self> {
        object.get("metadata")?.get("name")?.as_str()?;
        let spec = &object["spec"];
        let text = |name: &str| spec[name].as_str().unwrap_or_default().to_owned();
        // What is below zero is over at once, as in client-go.
        let number = |name: &str| {
            let number = spec[name].as_i64()?;
            Some(u64::try_from(number).unwrap_or_default())
        };
        let record = Record {
            holder: text("holderIdentity"),
            seconds: number("leaseDurationSeconds"),
            acquired: text("acquireTime"),
            renewed: text("renewTime"),
            transitions: number("leaseTransitions").unwrap_or_default(),
        };
        Some(Self { object, record })
    }

    /// Its version, when that is a number, as it is in every API server that there is.
    pub(super) fn version(&self) -> Option<u64> {
        let version = &self.object["metadata"]["resourceVersion"];
        version.as_str()?.parse().ok()
    }

    /// The object with another record and all else that it has, its version too: an API server takes it
    /// only when nobody wrote in between.
    pub(super) fn with(&self, record: &Record) -> Value {
        let mut object = self.object.clone();
        object["apiVersion"] = "coordination.k8s.io/v1".into();
        object["kind"] = "Lease".into();
        if !object["spec"].is_object() {
            object["spec"] = Value::Object(Map::new());
        }
        record.write(&mut object["spec"]);
        object
    }
}

impl Record {
    /// The first Lease of this name.
    pub(super) fn first(&self, namespace: &str, name: &str) -> Value {
        let mut object = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {},
        });
        self.write(&mut object["spec"]);
        object
    }

    fn write(&self, spec: &mut Value) {
        spec["holderIdentity"] = self.holder.as_str().into();
        spec["leaseDurationSeconds"] = self.seconds.into();
        spec["acquireTime"] = self.acquired.as_str().into();
        spec["renewTime"] = self.renewed.as_str().into();
        spec["leaseTransitions"] = self.transitions.into();
    }
}

/// A time as Leases have it: with six digits behind the seconds.
pub(super) fn micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_client_go() -> Value {
        json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "l", "namespace": "ns", "resourceVersion": "71", "labels": {"a": "b"}},
            "spec": {
                "holderIdentity": "go.10-0-0-1.ns.pod", "leaseDurationSeconds": 35, "leaseTransitions": 4,
                "acquireTime": "2026-01-02T03:04:05.000000Z", "renewTime": "2026-01-02T03:05:05.123456Z",
                "strategy": "OldestEmulationVersion",
            },
        })
    }

    #[test]
    fn lease_of_client_go_is_understood() {
        let lease = Lease::read(of_client_go()).unwrap();
        assert_eq!(lease.version(), Some(71));
        let record = Record {
            holder: "go.10-0-0-1.ns.pod".to_owned(),
            seconds: Some(35),
            acquired: "2026-01-02T03:04:05.000000Z".to_owned(),
            renewed: "2026-01-02T03:05:05.123456Z".to_owned(),
            transitions: 4,
        };
        assert_eq!(lease.record, record);
    }

    #[test]
    fn what_others_wrote_beside_the_record_stays() {
        let lease = Lease::read(of_client_go()).unwrap();
        let record = Record {
            holder: "me".to_owned(),
            seconds: Some(15),
            ..lease.record.clone()
        };
        let mut expected = of_client_go();
        expected["spec"]["holderIdentity"] = "me".into();
        expected["spec"]["leaseDurationSeconds"] = 15.into();
        assert_eq!(lease.with(&record), expected);
    }

    #[test]
    fn empty_and_odd_leases_are_free() {
        for spec in [
            json!({}),
            json!(null),
            json!({"holderIdentity": null, "leaseDurationSeconds": -1}),
        ] {
            let object = json!({"metadata": {"name": "l"}, "spec": spec});
            let lease = Lease::read(object).unwrap();
            assert_eq!((lease.record.holder.as_str(), lease.version()), ("", None));
        }
        assert_eq!(Lease::read(json!({"kind": "Status"})), None);
    }

    #[test]
    fn times_have_six_digits() {
        let time = Timestamp::from_microsecond(1_767_323_045_000_120).unwrap();
        assert_eq!(micro_time(time), "2026-01-02T03:04:05.000120Z");
    }
}
