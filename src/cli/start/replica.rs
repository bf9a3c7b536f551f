//! What makes this one of several replicas.

use jiff::SignedDuration;

use super::flag;
use super::parse;
use super::read::Reader;
use crate::operator::{Flavour, Replica, Settings};
use crate::report::Mistake;

impl Reader<'_> {
    pub(super) fn read_terms(&mut self, settings: &mut Settings) {
        let terms = &mut settings.terms;
        let duration = parse::positive_duration;
        self.read(&flag::LEASE_DURATION, &mut terms.lease, duration);
        let deadline = &mut terms.renew_deadline;
        self.read(&flag::LEASE_RENEW_DEADLINE, deadline, duration);
        self.read(&flag::LEASE_RETRY_PERIOD, &mut terms.retry_period, duration);
    }

    /// The original refuses to start, too, when one of the three is missing.
    fn replica(&mut self, settings: &Settings) -> Option<Replica> {
        let pod = self.environment.value("ADDON_OPERATOR_POD");
        let address = self.given(&flag::LISTEN_ADDRESS).is_some();
        let wanted = [
            ("ADDON_OPERATOR_POD", pod.is_some()),
            ("ADDON_OPERATOR_LISTEN_ADDRESS", address),
            (
                "ADDON_OPERATOR_NAMESPACE",
                self.given(&flag::NAMESPACE).is_some(),
            ),
        ];
        for (name, _) in wanted.iter().filter(|(_, given)| !given) {
            let why = "missing, and ADDON_OPERATOR_HA needs it";
            self.mistakes.push(Mistake::new(*name, why));
        }
        Some(Replica {
            pod: pod?.to_owned(),
            address: settings.listen.ip(),
            namespace: settings.namespace.clone()?,
            ahead: SignedDuration::ZERO,
        })
    }

    /// Whether there are several, and which this one is.
    pub(super) fn read_replica(&mut self, settings: &mut Settings) {
        let mut several = false;
        self.read_variable("ADDON_OPERATOR_HA", &mut several, parse::switch);
        if several && self.flavour == Flavour::AddonOperator {
            settings.replica = self.replica(settings);
            if let Err(why) = settings.terms.check() {
                self.mistakes.push(Mistake::new("ADDON_OPERATOR_HA", why));
            }
        }
    }
}
