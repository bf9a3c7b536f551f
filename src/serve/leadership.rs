//! Which replica leads, as people and probes see it.

use serde::{Deserialize, Serialize};

/// Where this replica stands among others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leadership {
    /// This replica, as the Lease names it; empty where there is only one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// Whether this replica leads, and so writes.
    pub leads: bool,
    /// The replica that leads; empty when none does, or it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub leader: String,
    /// Since when, as it says itself, RFC 3339.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub since: String,
    /// How often another one became the leader.
    #[serde(default)]
    pub transitions: u64,
    /// The Lease, `namespace/name`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lease: String,
    /// Whether this replica has read, while it followed, all that it needs to answer the API server and
    /// to lead.
    #[serde(default)]
    pub prepared: bool,
}

impl Leadership {
    /// Of an operator that has nobody beside it.
    pub fn alone() -> Self {
        Self {
            leads: true,
            ..Self::default()
        }
    }

    /// A few lines for people.
    pub fn text(&self) -> String {
        if self.identity.is_empty() {
            return "this operator runs alone\n".to_owned();
        }
        let leader = match self.leader.as_str() {
            "" => "none",
            leader => leader,
        };
        let this = match (self.leads, self.prepared) {
            (true, _) => "leads",
            (false, true) => "follows, prepared",
            (false, false) => "follows, not prepared yet",
        };
        let since = match self.since.as_str() {
            "" => String::new(),
            since => format!(" since {since}"),
        };
        format!(
            "leader: {leader}{since}\nthis replica: {} ({this})\nLease {}, {} changes of leader\n",
            self.identity, self.lease, self.transitions
        )
    }

    /// What `/readyz` answers: whether it is ready, and a sentence, as the original says it. What was
    /// ready to answer the API server stays so when it begins to lead.
    pub(super) fn readiness(&self, is_converged: bool) -> (bool, &'static str) {
        match (self.leads, self.prepared) {
            (true, _) if is_converged => (true, "Startup converge done.\n"),
            (true, prepared) => (prepared, "Startup converge in progress\n"),
            (false, _) if self.leader.is_empty() => {
                (false, "HA mode is enabled but no leader is elected\n")
            }
            (false, true) => (
                true,
                "HA mode is enabled and waiting for acquiring the lock.\n",
            ),
            (false, false) => (
                false,
                "HA mode is enabled and this replica is not prepared yet\n",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follower() -> Leadership {
        Leadership {
            identity: "ao-2.10-0-0-2.ops.pod".to_owned(),
            leads: false,
            leader: "ao-1.10-0-0-1.ops.pod".to_owned(),
            since: "2026-01-02T03:04:05.000000Z".to_owned(),
            transitions: 3,
            lease: "ops/addon-operator-leader-election".to_owned(),
            prepared: true,
        }
    }

    #[test]
    fn people_are_told_who_leads() {
        assert_eq!(
            follower().text(),
            "leader: ao-1.10-0-0-1.ops.pod since 2026-01-02T03:04:05.000000Z\n\
             this replica: ao-2.10-0-0-2.ops.pod (follows, prepared)\n\
             Lease ops/addon-operator-leader-election, 3 changes of leader\n"
        );
        assert_eq!(Leadership::alone().text(), "this operator runs alone\n");
    }

    #[test]
    fn follower_is_ready_when_it_is_prepared_and_somebody_leads() {
        for (leads, leader, prepared, is_converged, ready) in [
            (false, "x", true, false, true),
            (false, "x", false, false, false),
            (false, "", true, false, false),
            (true, "me", false, false, false),
            (true, "me", true, false, true),
            (true, "me", false, true, true),
        ] {
            let leadership = Leadership {
                leads,
                leader: leader.to_owned(),
                prepared,
                ..follower()
            };
            let (is_ready, text) = leadership.readiness(is_converged);
            assert_eq!(is_ready, ready, "{leads} {leader:?} {prepared}: {text}");
        }
    }
}
