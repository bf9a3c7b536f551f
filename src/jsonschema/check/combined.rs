//! Schemas that are made of others: references, combinations, and what none of them looked at.

use super::Visit;
use super::scope::Spot;
use crate::jsonschema::compile::{Draft, PartId};
use crate::jsonschema::json::Json;

impl Visit<'_, '_> {
    pub(super) fn check_references(&mut self) {
        let part = self.part;
        let schema = self.run.schema;
        if let Some(target) = part.recursive {
            let target = if schema.part(target).is_recursive_anchor {
                self.outermost(|id| {
                    let resource = schema.part(id).resource;
                    schema.part(resource).is_recursive_anchor.then_some(id)
                })
                .unwrap_or(target)
            } else {
                target
            };
            let result = self.follow(target, "$recursiveRef");
            self.note(result);
        }
        if let Some((target, anchor)) = &part.dynamic {
            let is_dynamic = !anchor.is_empty() && schema.part(*target).dynamic_anchor == *anchor;
            let found = is_dynamic.then(|| {
                self.outermost(|id| {
                    let resource = schema.part(id).resource;
                    schema.part(resource).dynamic_anchors.get(anchor).copied()
                })
            });
            let result = self.follow(found.flatten().unwrap_or(*target), "$dynamicRef");
            self.note(result);
        }
    }

    /// What the outermost schema on the way here says.
    fn outermost(&self, find: impl Fn(PartId) -> Option<PartId>) -> Option<PartId> {
        let mut found = None;
        let mut scope = Some(self.scope);
        while let Some(here) = scope {
            found = find(here.part).or(found);
            scope = here.before;
        }
        found
    }

    pub(super) fn check_combined(&mut self) {
        let part = self.part;
        if let Some(not) = part.not
            && self.same(not, "", true).is_ok()
        {
            self.fail("'not' failed");
        }
        let mut causes = Vec::new();
        for inner in &part.all_of {
            if let Err(failure) = self.same(*inner, "", false) {
                causes.push(failure);
                if self.is_silent {
                    break;
                }
            }
        }
        if !causes.is_empty() {
            self.fail_with("'allOf' failed", causes);
        }
        self.check_any_of();
        self.check_one_of();
        if let Some(condition) = part.condition {
            let holds = self.same(condition, "", true).is_ok();
            if let Some(then) = if holds { part.then } else { part.otherwise } {
                let result = self.same(then, "", false);
                self.note(result);
            }
        }
    }

    fn check_any_of(&mut self) {
        let part = self.part;
        let mut causes = Vec::new();
        let mut matches = part.any_of.is_empty();
        for inner in &part.any_of {
            if let Err(failure) = self.same(*inner, "", false) {
                causes.push(failure);
                continue;
            }
            matches = true;
            // What is seen is seen by all of them.
            if self.unseen.is_empty() {
                break;
            }
        }
        if !matches {
            self.fail_with("'anyOf' failed", causes);
        }
    }

    fn check_one_of(&mut self) {
        let part = self.part;
        let mut causes = Vec::new();
        let mut matched = None;
        for (at, inner) in part.one_of.iter().enumerate() {
            match (self.same(*inner, "", matched.is_some()), matched) {
                (Ok(()), None) => matched = Some(at),
                (Ok(()), Some(first)) => {
                    self.fail(format!("'oneOf' failed, subschemas {first}, {at} matched"));
                    break;
                }
                (Err(failure), None) => causes.push(failure),
                (Err(_), Some(_)) => {}
            }
        }
        if matched.is_none() && !part.one_of.is_empty() {
            self.fail_with("'oneOf' failed, none matched", causes);
        }
    }

    pub(super) fn check_unseen(&mut self) {
        let part = self.part;
        if part.draft < Some(Draft::D2019) {
            return;
        }
        if let (Json::Object(entries), Some(rule)) = (self.json, part.object.unevaluated) {
            for key in self.unseen.keys.take().unwrap_or_default() {
                if let Some(value) = entries.get(key) {
                    let result = self.inner(rule, value, &Spot::Key(self.spot, key));
                    self.note(result);
                }
            }
        }
        if let (Json::Array(items), Some(rule)) = (self.json, part.array.unevaluated) {
            for at in self.unseen.items.take().unwrap_or_default() {
                if let Some(item) = items.get(at) {
                    let result = self.inner(rule, item, &Spot::Item(self.spot, at));
                    self.note(result);
                }
            }
        }
    }
}
