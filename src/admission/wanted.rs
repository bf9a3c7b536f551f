//! What the API server shall ask of hooks: from the bindings of all of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::binding::{AdmissionBinding, AdmissionKind, FailurePolicy, HookConfig};
use crate::name::ModuleName;

use super::Address;
use super::address::plain;

/// The longest name of a webhook, and the longest part of one.
const LONGEST_NAME: usize = 253;
const LONGEST_PART: usize = 63;

/// All that the API server shall ask.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// The webhooks of the validating configuration. No two have one name.
    pub validating: Vec<Webhook>,
    /// The webhooks of the mutating configuration. No two have one name.
    pub mutating: Vec<Webhook>,
    /// The definitions whose objects hooks convert, each with these hooks, for people.
    pub conversions: BTreeMap<String, BTreeSet<String>>,
}

/// One webhook of a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    /// Its name: the binding's, unless another hook has one of that name already.
    pub name: String,
    /// Where its requests go.
    pub address: Address,
    /// What it is about.
    pub binding: AdmissionBinding,
    /// What follows when it is not answered.
    pub failure_policy: FailurePolicy,
}

impl Wanted {
    /// From the hooks of all places, in the order that decides who keeps a name. `policy` is that of
    /// bindings that say none.
    pub fn new<'a>(
        hooks: impl IntoIterator<Item = (Option<&'a ModuleName>, &'a str, &'a HookConfig)>,
        policy: FailurePolicy,
    ) -> Self {
        let mut wanted = Self::default();
        for (place, hook, config) in hooks {
            for binding in &config.admissions {
                let address = Address {
                    place: place.cloned(),
                    hook: hook.to_owned(),
                    kind: binding.kind,
                    binding: binding.name.clone(),
                };
                let webhooks = wanted.webhooks_mut(binding.kind);
                let webhook = Webhook {
                    name: free_name(&address, webhooks),
                    address,
                    binding: binding.clone(),
                    failure_policy: binding.failure_policy.unwrap_or(policy),
                };
                webhooks.push(webhook);
            }
            for binding in &config.conversions {
                let hooks = wanted.conversions.entry(binding.definition.clone());
                let place = place.map_or("global", ModuleName::as_str);
                hooks.or_default().insert(format!("{place}/{hook}"));
            }
        }
        wanted
    }

    /// The webhooks of one configuration.
    pub fn webhooks(&self, kind: AdmissionKind) -> &[Webhook] {
        match kind {
            AdmissionKind::Validating => &self.validating,
            AdmissionKind::Mutating => &self.mutating,
        }
    }

    /// Whether nothing is asked of anybody, as far as is known.
    pub fn is_empty(&self) -> bool {
        self.validating.is_empty() && self.mutating.is_empty() && self.conversions.is_empty()
    }

    fn webhooks_mut(&mut self, kind: AdmissionKind) -> &mut Vec<Webhook> {
        match kind {
            AdmissionKind::Validating => &mut self.validating,
            AdmissionKind::Mutating => &mut self.mutating,
        }
    }
}

/// The binding's name, behind those of its module and hook when it is taken:
/// `web-hooks-a-sh.limits.example.com`.
fn free_name(address: &Address, taken: &[Webhook]) -> String {
    let is_free = |name: &str| taken.iter().all(|other| other.name != name);
    if is_free(&address.binding) {
        return address.binding.clone();
    }
    let place = address.place.as_ref().map_or("global", ModuleName::as_str);
    let first = plain(&format!("{place}-{}", address.hook));
    let mut name = String::new();
    for number in 1..=taken.len() + 1 {
        let end = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let most = LONGEST_NAME.saturating_sub(address.binding.len() + 1);
        let most = most.min(LONGEST_PART).saturating_sub(end.len());
        let part: String = first.chars().take(most).collect();
        name = format!("{}{end}.{}", part.trim_end_matches('-'), address.binding);
        if is_free(&name) {
            break;
        }
    }
    name
}
