//! The rules for objects, lists, texts and numbers.

use std::collections::BTreeMap;

use super::Visit;
use super::failure::Failure;
use crate::jsonschema::compile::{Additional, Draft, Needs};
use crate::jsonschema::json::Json;
use crate::jsonschema::number::{Number, count};
use crate::jsonschema::words::{joined, quoted};

type Entries = BTreeMap<Box<str>, Json>;

impl Visit<'_, '_> {
    pub(super) fn check_object(&mut self, entries: &Entries) {
        let rules = &self.part.object;
        self.check_size("Properties", entries.len(), rules.least, rules.most);
        let missing = missing(entries, &rules.required);
        match missing.as_slice() {
            [] => {}
            [name] => self.fail(format!("missing property {}", quoted(name))),
            names => self.fail(format!("missing properties {}", joined(names))),
        }
        if self.is_settled() {
            return;
        }
        for (name, needs) in &rules.dependencies {
            match needs {
                _ if !entries.contains_key(name) => {}
                Needs::Names(names) => self.check_company(name, entries, names),
                Needs::Schema(part) => {
                    let result = self.same(*part, "", false);
                    self.note(result);
                }
            }
        }
        self.check_properties(entries);
        if let Some(names) = rules.names {
            for name in entries.keys() {
                let result = self.name(names, name);
                self.note(result);
            }
        }
        for (name, part) in &rules.dependent_schemas {
            if entries.contains_key(name) {
                let result = self.same(*part, "", false);
                self.note(result);
            }
        }
        for (name, names) in &rules.dependent_required {
            if entries.contains_key(name) {
                self.check_company(name, entries, names);
            }
        }
    }

    /// What must be there when a property is.
    fn check_company(&mut self, name: &str, entries: &Entries, names: &[String]) {
        let missing = missing(entries, names);
        if !missing.is_empty() {
            let missing = joined(&missing);
            let name = quoted(name);
            self.fail(format!("properties {missing} required, if {name} exists"));
        }
    }

    fn check_properties(&mut self, entries: &Entries) {
        let rules = &self.part.object;
        let mut strange = Vec::new();
        for (name, value) in entries {
            if self.is_settled() {
                return;
            }
            let mut is_seen = false;
            if let Some(part) = rules.properties.get(name) {
                is_seen = true;
                let result = self.key(*part, name, value);
                self.note(result);
            }
            for (pattern, part) in &rules.patterns {
                if pattern.is_match(name) {
                    is_seen = true;
                    let result = self.key(*part, name, value);
                    self.note(result);
                }
            }
            if !is_seen && let Some(additional) = rules.additional {
                is_seen = true;
                match additional {
                    Additional::Allowed(true) => {}
                    Additional::Allowed(false) => strange.push(&**name),
                    Additional::Schema(part) => {
                        let result = self.key(part, name, value);
                        self.note(result);
                    }
                }
            }
            if is_seen && let Some(keys) = &mut self.unseen.keys {
                keys.remove(&**name);
            }
        }
        if !strange.is_empty() {
            let strange = joined(&strange);
            self.fail(format!("additional properties {strange} not allowed"));
        }
    }

    pub(super) fn check_array(&mut self, items: &[Json]) {
        let rules = &self.part.array;
        self.check_size("Items", items.len(), rules.least, rules.most);
        if rules.unique
            && let Some((one, other)) = equal_items(items)
        {
            let (one, other) = (count(one), count(other));
            self.fail(format!("items at {one} and {other} are equal"));
        }
        let first = rules.first.len().min(items.len());
        for (at, (part, item)) in rules.first.iter().zip(items).enumerate() {
            let result = self.item(*part, at, item);
            self.note(result);
        }
        match rules.rest {
            Some(Additional::Allowed(false)) if first < items.len() => {
                let left = count(items.len() - first);
                self.fail(format!("last {left} additionalItem(s) not allowed"));
            }
            Some(Additional::Schema(part)) => {
                for (at, item) in items.iter().enumerate().skip(first) {
                    let result = self.item(part, at, item);
                    self.note(result);
                }
            }
            _ => {}
        }
        self.check_contains(items);
    }

    fn check_contains(&mut self, items: &[Json]) {
        let rules = &self.part.array;
        let Some(part) = rules.contains else {
            return;
        };
        let (mut causes, mut matched): (Vec<Failure>, Vec<usize>) = (Vec::new(), Vec::new());
        for (at, item) in items.iter().enumerate() {
            if let Err(failure) = self.item(part, at, item) {
                causes.push(failure);
                continue;
            }
            matched.push(at);
            if self.part.draft >= Some(Draft::D2020)
                && let Some(unseen) = &mut self.unseen.items
            {
                unseen.remove(&at);
            }
        }
        let places = || {
            let places: Vec<_> = matched.iter().map(ToString::to_string).collect();
            places.join(" ")
        };
        match rules.least_contained {
            Some(least) if matched.len() < least => {
                let least = count(least);
                let wanted = format!("min {least} items required to match contains schema, but");
                let words = if matched.is_empty() {
                    format!("{wanted} none matched")
                } else {
                    let found = count(matched.len());
                    format!("{wanted} matched {found} items at {}", places())
                };
                self.fail_with(&words, causes);
            }
            None if matched.is_empty() => self.fail_with("no items match contains schema", causes),
            _ => {}
        }
        if let Some(most) = rules.most_contained.filter(|most| matched.len() > *most) {
            let (most, found) = (count(most), count(matched.len()));
            let wanted = format!("max {most} items required to match contains schema, but");
            self.fail(format!("{wanted} matched {found} items at {}", places()));
        }
    }

    /// `minItems: got 4, want 5`
    fn check_size(&mut self, what: &str, size: usize, least: Option<usize>, most: Option<usize>) {
        let mut check = |name: &str, want: Option<usize>, is_wrong: bool| {
            if let Some(want) = want.filter(|_| is_wrong) {
                let (size, want) = (count(size), count(want));
                self.fail(format!("{name}{what}: got {size}, want {want}"));
            }
        };
        check("min", least, least.is_some_and(|least| size < least));
        check("max", most, most.is_some_and(|most| size > most));
    }

    pub(super) fn check_text(&mut self, text: &str) {
        let rules = &self.part.text;
        if rules.least.is_some() || rules.most.is_some() {
            let length = text.chars().count();
            self.check_size("Length", length, rules.least, rules.most);
        }
        if let Some((pattern, regex)) = &rules.pattern
            && !regex.is_match(text)
        {
            let (text, pattern) = (quoted(text), quoted(pattern));
            self.fail(format!("{text} does not match pattern {pattern}"));
        }
    }

    pub(super) fn check_number(&mut self, number: &Number) {
        let rules = &self.part.number;
        let order = |limit: &Number| number.compare(limit);
        for (name, limit, is_wrong) in [
            (
                "minimum",
                &rules.minimum,
                rules
                    .minimum
                    .as_ref()
                    .is_some_and(|limit| order(limit).is_lt()),
            ),
            (
                "maximum",
                &rules.maximum,
                rules
                    .maximum
                    .as_ref()
                    .is_some_and(|limit| order(limit).is_gt()),
            ),
            (
                "exclusiveMinimum",
                &rules.above,
                rules
                    .above
                    .as_ref()
                    .is_some_and(|limit| order(limit).is_le()),
            ),
            (
                "exclusiveMaximum",
                &rules.below,
                rules
                    .below
                    .as_ref()
                    .is_some_and(|limit| order(limit).is_ge()),
            ),
            (
                "multipleOf",
                &rules.multiple_of,
                rules
                    .multiple_of
                    .as_ref()
                    .is_some_and(|of| !number.is_multiple_of(of)),
            ),
        ] {
            if let Some(limit) = limit.as_ref().filter(|_| is_wrong) {
                let (got, want) = (number.in_english(), limit.in_english());
                self.fail(format!("{name}: got {got}, want {want}"));
            }
        }
    }
}

fn missing<'n>(entries: &Entries, names: &'n [String]) -> Vec<&'n str> {
    let names = names.iter().map(String::as_str);
    names.filter(|name| !entries.contains_key(*name)).collect()
}

/// The first item that equals one before it, that one first.
fn equal_items(items: &[Json]) -> Option<(usize, usize)> {
    (1..items.len()).find_map(|other| {
        let one = (0..other).find(|one| items[*one].equals(&items[other]))?;
        Some((one, other))
    })
}
