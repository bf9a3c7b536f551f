//! Which steps lead from one version of a definition to another.

use std::collections::{BTreeMap, VecDeque};

use crate::binding::HookConfig;
use crate::name::ModuleName;

/// A step that some hook can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Whose the hook is; `None` for global hooks.
    pub place: Option<ModuleName>,
    /// The hook.
    pub hook: String,
    /// Which of its conversion bindings.
    pub binding: usize,
    /// Which of the binding's conversions.
    pub conversion: usize,
    /// The short version that the hook is given.
    pub from: String,
    /// The short version that it makes of it.
    pub to: String,
}

/// All steps of one definition, in the order of places, hooks, bindings and conversions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Of these hooks, those that convert objects of `definition`. Versions may be short or whole; those
    /// of other groups lead nowhere.
    pub fn new<'a>(
        definition: &str,
        hooks: impl IntoIterator<Item = (Option<&'a ModuleName>, &'a str, &'a HookConfig)>,
    ) -> Self {
        let group = definition.split_once('.').map_or("", |(_, group)| group);
        let mut rules = Vec::new();
        for (place, hook, config) in hooks {
            for (binding, of) in config.conversions.iter().enumerate() {
                if of.definition != definition {
                    continue;
                }
                for (conversion, rule) in of.conversions.iter().enumerate() {
                    let versions = short(&rule.from, group).zip(short(&rule.to, group));
                    rules.extend(versions.map(|(from, to)| Rule {
                        place: place.cloned(),
                        hook: hook.to_owned(),
                        binding,
                        conversion,
                        from: from.to_owned(),
                        to: to.to_owned(),
                    }));
                }
            }
        }
        Self(rules)
    }

    /// Whether nobody converts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first step of the shortest way from one short version to another; of ways of one length the
    /// one whose steps come first. `None` when there is no way.
    pub fn first_step(&self, from: &str, to: &str) -> Option<&Rule> {
        let mut firsts: BTreeMap<&str, &Rule> = BTreeMap::new();
        let mut reached = VecDeque::from([from]);
        while let Some(version) = reached.pop_front() {
            for rule in self.0.iter().filter(|rule| rule.from == version) {
                let first = firsts.get(version).copied().unwrap_or(rule);
                if rule.to == to {
                    return Some(first);
                }
                if rule.to != from && !firsts.contains_key(rule.to.as_str()) {
                    firsts.insert(&rule.to, first);
                    reached.push_back(&rule.to);
                }
            }
        }
        None
    }
}

/// The short form of a version of `group`: `v1` of `v1` and of `stable.example.com/v1`.
pub(super) fn short<'a>(version: &'a str, group: &str) -> Option<&'a str> {
    match version.rsplit_once('/') {
        None => Some(version),
        Some((of, version)) => (of == group).then_some(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::{Place, parse_config};

    /// The way as texts like `a:v1-v2`, hooks `a`, `b` … with one text of steps each.
    fn way(hooks: &[&str], from: &str, to: &str) -> Vec<String> {
        let configs: Vec<(String, HookConfig)> = hooks
            .iter()
            .zip('a'..)
            .map(|(steps, name)| {
                let steps: Vec<String> = steps
                    .split_whitespace()
                    .filter_map(|step| step.split_once('-'))
                    .map(|(from, to)| format!("{{fromVersion: {from}, toVersion: {to}}}"))
                    .collect();
                let text = format!(
                    "{{configVersion: v1, kubernetesCustomResourceConversion: [{{name: x, crdName: tabs.example.com, conversions: [{}]}}]}}",
                    steps.join(", ")
                );
                let config = parse_config("hook", &text, Place::Global).unwrap();
                (name.to_string(), config)
            })
            .collect();
        let hooks = configs
            .iter()
            .map(|(name, config)| (None, name.as_str(), config));
        let rules = Rules::new("tabs.example.com", hooks);
        let (mut way, mut at) = (Vec::new(), from.to_owned());
        while at != to {
            let Some(rule) = rules.first_step(&at, to) else {
                return Vec::new();
            };
            way.push(format!("{}:{}-{}", rule.hook, rule.from, rule.to));
            at.clone_from(&rule.to);
            assert!(way.len() < 20, "{way:?}");
        }
        way
    }

    /// Hooks, from and to which version, and the way.
    type Row = (
        &'static [&'static str],
        (&'static str, &'static str),
        &'static [&'static str],
    );

    #[test]
    fn shortest_way_is_found_and_the_first_of_equals() {
        let rows: [Row; 12] = [
            (&["v1-v2"], ("v1", "v2"), &["a:v1-v2"]),
            (&["v1-v2"], ("v2", "v1"), &[]),
            (&[], ("v1", "v2"), &[]),
            (&["v1-v2 v2-v3"], ("v1", "v3"), &["a:v1-v2", "a:v2-v3"]),
            (&["v1-v2 v2-v3 v1-v3"], ("v1", "v3"), &["a:v1-v3"]),
            (&["v1-v2 v2-v3", "v1-v3"], ("v1", "v3"), &["b:v1-v3"]),
            (&["v2-v3", "v1-v2"], ("v1", "v3"), &["b:v1-v2", "a:v2-v3"]),
            (
                &["v1-v2 v1-x v2-v3 x-v3"],
                ("v1", "v3"),
                &["a:v1-v2", "a:v2-v3"],
            ),
            (
                &["v1-x v1-v2 v2-v3 x-v3"],
                ("v1", "v3"),
                &["a:v1-x", "a:x-v3"],
            ),
            (
                &["v1-v2 v2-v1 v2-v3 v3-v2 v3-v4"],
                ("v1", "v4"),
                &["a:v1-v2", "a:v2-v3", "a:v3-v4"],
            ),
            (
                &["example.com/v1-v2 v2-example.com/v3"],
                ("v1", "v3"),
                &["a:v1-v2", "a:v2-v3"],
            ),
            (&["other.com/v1-v2"], ("v1", "v2"), &[]),
        ];
        for (hooks, (from, to), expected) in rows {
            assert_eq!(way(hooks, from, to), expected, "{hooks:?} {from} {to}");
        }
    }

    #[test]
    fn other_definitions_are_left_out() {
        let text = "{configVersion: v1, kubernetesCustomResourceConversion: [{name: x, crdName: tabs.example.com, conversions: [{fromVersion: v1, toVersion: v2}]}]}";
        let config = parse_config("hook", text, Place::Global).unwrap();
        assert!(Rules::new("others.example.com", [(None, "a", &config)]).is_empty());
        assert!(!Rules::new("tabs.example.com", [(None, "a", &config)]).is_empty());
    }
}
