//! A value against a schema: all mistakes, in words.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::shape::{Additional, Bound, Items, SECRET, Shape, is_secret};
use super::words::{compare, equal, is_multiple, retype, said};
use crate::report::{Path, Step, nearest};

/// What the value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be looked at before hooks have run: what is missing does not count, and neither do
    /// choices between forms, which may depend on it.
    Static,
    /// To be stored: `x-required-for-helm` does not count.
    Values,
    /// To be rendered.
    Helm,
}

/// What a finding points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The value at the path.
    Value,
    /// The last key of the path.
    Key,
    /// Nothing: the path is what should be there.
    Missing,
}

/// One mistake of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, from the root of the value.
    pub path: Path,
    /// What at this place.
    pub spot: Spot,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// Checks a value; the root must be a map whatever the schema says.
pub(super) fn check(root: &Shape, value: &Value, purpose: Purpose) -> Vec<Finding> {
    let mut checker = Checker {
        root,
        purpose,
        path: Path::default(),
        findings: Vec::new(),
    };
    if value.is_object() {
        checker.check(root, value);
    } else {
        let message = format!("expected a map, got {}", checker.got(value));
        checker.add(Spot::Value, message, "");
    }
    checker.findings
}

struct Checker<'s> {
    root: &'s Shape,
    purpose: Purpose,
    path: Path,
    findings: Vec<Finding>,
}

impl Checker<'_> {
    fn check(&mut self, shape: &Shape, value: &Value) {
        if value.is_null() && shape.nullable {
            return;
        }
        if !shape.types.is_empty() && !shape.types.iter().any(|kind| kind.admits(value)) {
            return self.wrong_type(shape, value);
        }
        match value {
            Value::Object(map) => self.check_map(shape, map),
            Value::Array(items) => self.check_list(shape, items),
            Value::String(text) => self.check_text(shape, text, value),
            Value::Number(number) => self.check_number(shape, number),
            Value::Null | Value::Bool(_) => {}
        }
        if let Some(format) = shape.format
            && !format.admits(value)
        {
            let message = format!("expected {}, got {}", format.words(), self.got(value));
            self.add(Spot::Value, message, &said(shape));
        }
        if let Some(allowed) = &shape.allowed
            && !allowed.iter().any(|one| equal(one, value))
        {
            self.not_allowed(shape, allowed, value);
        }
        self.check_combinations(shape, value);
    }

    fn wrong_type(&mut self, shape: &Shape, value: &Value) {
        let expected: Vec<String> = shape.types.iter().map(ToString::to_string).collect();
        let message = format!(
            "expected {}, got {}",
            expected.join(" or "),
            self.got(value)
        );
        let hint = match (value, is_secret(self.root, &self.path.0)) {
            (Value::Null, _) if shape.default.is_some() => {
                "leave the key out to use its default".to_owned()
            }
            (Value::Null, _) => "leave the key out".to_owned(),
            (_, true) => said(shape),
            _ => retype(shape, value).unwrap_or_else(|| said(shape)),
        };
        self.add(Spot::Value, message, &hint);
    }

    fn not_allowed(&mut self, shape: &Shape, allowed: &[Value], value: &Value) {
        let choices: Vec<String> = allowed.iter().map(Value::to_string).collect();
        let expected = match choices.as_slice() {
            [one] => one.clone(),
            many => format!("one of {}", many.join(", ")),
        };
        let message = format!("expected {expected}, got {}", self.got(value));
        let words = allowed.iter().filter_map(Value::as_str);
        let meant = value.as_str().and_then(|text| nearest(text, words));
        let hint = match meant {
            Some(meant) if !is_secret(self.root, &self.path.0) => {
                format!("did you mean {meant:?}?")
            }
            _ => said(shape),
        };
        self.add(Spot::Value, message, &hint);
    }

    fn check_map(&mut self, shape: &Shape, map: &Map<String, Value>) {
        let rules = &shape.map;
        if self.purpose != Purpose::Static {
            self.check_required(shape, map);
        }
        self.check_amount("keys", map.len(), rules.fewest, rules.most);
        for (key, value) in map {
            self.path.0.push(Step::Key(key.clone()));
            let children = shape.children(key);
            if children.is_empty() && matches!(rules.additional, Additional::Nothing) {
                self.unknown_key(shape, key);
            }
            for child in children {
                self.check(child, value);
            }
            self.path.0.pop();
        }
    }

    fn check_required(&mut self, shape: &Shape, map: &Map<String, Value>) {
        let rules = &shape.map;
        let missing = |key: &&String| !map.contains_key(*key);
        for key in rules.required.iter().filter(missing) {
            self.missing(shape, key, "this key is required");
        }
        if self.purpose == Purpose::Helm {
            let for_helm = rules.required_for_helm.difference(&rules.required);
            for key in for_helm.filter(missing) {
                self.missing(shape, key, "this key is required to render the chart");
            }
        }
    }

    fn missing(&mut self, shape: &Shape, key: &str, message: &str) {
        let property = shape.map.properties.get(key);
        let hint = property.map(|property| said(property)).unwrap_or_default();
        self.path.0.push(Step::Key(key.to_owned()));
        self.add(Spot::Missing, message.to_owned(), &hint);
        self.path.0.pop();
    }

    fn unknown_key(&mut self, shape: &Shape, key: &str) {
        let known = || shape.map.properties.keys().map(String::as_str);
        let hint = match nearest(key, known()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known().next().is_none() => "the schema knows no keys here".to_owned(),
            None if known().count() > 12 => String::new(),
            None => format!("known keys: {}", known().collect::<Vec<_>>().join(", ")),
        };
        self.add(Spot::Key, "unknown key".to_owned(), &hint);
    }

    fn check_list(&mut self, shape: &Shape, items: &[Value]) {
        let rules = &shape.list;
        self.check_amount("items", items.len(), rules.fewest, rules.most);
        for (index, item) in items.iter().enumerate() {
            self.path.0.push(Step::Index(index));
            let earlier = items
                .iter()
                .take(index)
                .position(|other| equal(other, item));
            if let (true, Some(earlier)) = (rules.unique, earlier) {
                let message =
                    format!("items must differ, and this one is the same as item {earlier}");
                self.add(Spot::Value, message, "");
            }
            if let (Some(shape), false) =
                (shape.item(index), matches!(rules.items, Items::Anything))
            {
                self.check(shape, item);
            }
            self.path.0.pop();
        }
    }

    fn check_text(&mut self, shape: &Shape, text: &str, value: &Value) {
        let length = text.chars().count();
        let rules = &shape.text;
        self.check_amount("characters", length, rules.shortest, rules.longest);
        if let Some((pattern, compiled)) = &rules.pattern
            && !compiled.is_match(text)
        {
            let message = format!("expected text like {pattern}, got {}", self.got(value));
            self.add(Spot::Value, message, &said(shape));
        }
    }

    fn check_number(&mut self, shape: &Shape, number: &Number) {
        let rules = &shape.number;
        let value = Value::Number(number.clone());
        let sides = [
            (&rules.least, Ordering::Less, "at least", "more than"),
            (&rules.most, Ordering::Greater, "at most", "less than"),
        ];
        for (bound, outside, inclusive_words, exclusive_words) in sides {
            let Some(Bound {
                number: bound,
                exclusive,
            }) = bound
            else {
                continue;
            };
            let order = compare(number, bound);
            if order == outside || (*exclusive && order == Ordering::Equal) {
                let words = if *exclusive {
                    exclusive_words
                } else {
                    inclusive_words
                };
                let message = format!("expected {words} {bound}, got {}", self.got(&value));
                self.add(Spot::Value, message, &said(shape));
            }
        }
        if let Some(step) = &rules.multiple_of
            && !is_multiple(number, step)
        {
            let message = format!("expected a multiple of {step}, got {}", self.got(&value));
            self.add(Spot::Value, message, &said(shape));
        }
    }

    fn check_amount(&mut self, what: &str, count: usize, fewest: Option<u64>, most: Option<u64>) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let few = |fewest: &u64| count < *fewest && self.purpose != Purpose::Static;
        if let Some(fewest) = fewest.filter(few) {
            self.add(
                Spot::Value,
                format!("expected at least {fewest} {what}, got {count}"),
                "",
            );
        }
        if let Some(most) = most.filter(|most| count > *most) {
            self.add(
                Spot::Value,
                format!("expected at most {most} {what}, got {count}"),
                "",
            );
        }
    }

    fn check_combinations(&mut self, shape: &Shape, value: &Value) {
        for part in &shape.all_of {
            self.check(part, value);
        }
        if self.purpose == Purpose::Static {
            return;
        }
        let fits = |checker: &Self, forms: &[Arc<Shape>]| -> Vec<Vec<Finding>> {
            forms
                .iter()
                .map(|form| checker.attempt(form, value))
                .collect()
        };
        for (forms, only_one) in [(&shape.any_of, false), (&shape.one_of, true)] {
            let attempts = fits(self, forms);
            let fitting = attempts.iter().filter(|attempt| attempt.is_empty()).count();
            if fitting == 0 && !forms.is_empty() {
                self.fits_none(attempts);
            } else if only_one && fitting > 1 {
                let message =
                    format!("fits {fitting} of the forms allowed here, and must fit exactly one");
                self.add(Spot::Value, message, &said(shape));
            }
        }
        if let Some(refused) = &shape.not
            && self.attempt(refused, value).is_empty()
        {
            let message = "has the form that is not allowed here".to_owned();
            self.add(Spot::Value, message, &said(shape));
        }
    }

    fn attempt(&self, shape: &Shape, value: &Value) -> Vec<Finding> {
        let mut checker = Checker {
            root: self.root,
            purpose: self.purpose,
            path: self.path.clone(),
            findings: Vec::new(),
        };
        checker.check(shape, value);
        checker.findings
    }

    /// No form fits: with one near miss, its mistakes are the mistakes; otherwise each form says why.
    fn fits_none(&mut self, mut attempts: Vec<Vec<Finding>>) {
        let here = self.path.0.len();
        let deep = |attempt: &Vec<Finding>| {
            let near =
                |finding: &Finding| finding.path.0.len() > here && finding.spot == Spot::Value;
            attempt.iter().all(near)
        };
        if attempts.iter().filter(|attempt| deep(attempt)).count() == 1
            && let Some(nearest) = attempts.iter().position(deep)
        {
            self.findings.append(&mut attempts.swap_remove(nearest));
            return;
        }
        let mut reasons: Vec<String> = Vec::new();
        for finding in attempts.iter().filter_map(|attempt| attempt.first()) {
            let below = Path(finding.path.0.get(here..).unwrap_or_default().to_vec());
            let reason = match below.0.is_empty() {
                true => finding.message.clone(),
                false => format!("{below}: {}", finding.message),
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        let message = format!(
            "fits none of the forms allowed here: {}",
            reasons.join("; or ")
        );
        self.add(Spot::Value, message, "");
    }

    /// What is there, in words; the value itself only when it is short and no secret.
    fn got(&self, value: &Value) -> String {
        let (kind, shown) = match value {
            Value::Null => return "null".to_owned(),
            Value::Object(_) => return "a map".to_owned(),
            Value::Array(_) => return "a list".to_owned(),
            Value::Bool(flag) => ("a boolean", flag.to_string()),
            Value::Number(number) => ("a number", number.to_string()),
            Value::String(text) if text.chars().count() > 60 => return "a string".to_owned(),
            Value::String(text) => ("a string", format!("{text:?}")),
        };
        if is_secret(self.root, &self.path.0) {
            return format!("{kind} ({})", SECRET);
        }
        format!("{kind} ({shown})")
    }

    fn add(&mut self, spot: Spot, message: String, hint: &str) {
        let finding = Finding {
            path: self.path.clone(),
            spot,
            message,
            hint: hint.to_owned(),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}
