//! A value against a schema: all mistakes, in words.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::shape::{Additional, Bound, Items, Shape, is_secret};
use super::words::{compare, equal, is_multiple, retype, said};
use crate::report::{Path, Step, nearest};
use crate::secret::SECRET;

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
        let in_a_form = shape
            .alternatives()
            .any(|form| form.map.properties.contains_key(key));
        let hint = match nearest(key, known()) {
            _ if in_a_form => "the schema names it only inside allOf, anyOf or oneOf, \
                 and must name it under properties too"
                .to_owned(),
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
            let mut earlier = items.iter().take(if rules.unique { index } else { 0 });
            if let Some(earlier) = earlier.position(|other| equal(other, item)) {
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
            let reason = if below.0.is_empty() {
                finding.message.clone()
            } else {
                format!("{below}: {}", finding.message)
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
            return format!("{kind} ({SECRET})");
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{SchemaFile, Schemas};
    use super::*;

    /// The findings about a value, one line each: path, message, hint.
    fn found(schema: &str, value: &Value, purpose: Purpose) -> Vec<String> {
        let source = SchemaFile {
            file: "values.yaml",
            text: schema,
        };
        let schemas = Schemas::read(None, Some(source)).unwrap();
        let findings = schemas.check_values(value, purpose);
        let line = |finding: &Finding| match finding.hint.as_str() {
            "" => format!("{}: {}", finding.path, finding.message),
            hint => format!("{}: {} ({hint})", finding.path, finding.message),
        };
        findings.iter().map(line).collect()
    }

    /// The findings about the one property `a` of a schema in flow style.
    fn about(property: &str, value: &Value) -> String {
        let schema = format!("type: object\nproperties:\n  a: {property}\n");
        found(&schema, &json!({ "a": value }), Purpose::Values).join("\n")
    }

    #[test]
    #[rustfmt::skip]
    fn good_values_have_no_mistakes() {
        for (property, value) in [
            ("{}", json!(1)),
            ("{type: string}", json!("")),
            ("{type: [string, 'null']}", json!(null)),
            ("{type: [string, null]}", json!(null)),
            ("{type: string, nullable: true, enum: [x]}", json!(null)),
            ("{type: integer}", json!(20.0)),
            ("{type: number}", json!(1)),
            ("{type: object}", json!({})),
            ("{x-kubernetes-int-or-string: true}", json!("50%")),
            ("{x-kubernetes-int-or-string: true}", json!(1)),
            ("{type: object, x-kubernetes-preserve-unknown-fields: true}", json!({"b": {"c": 1}})),
            ("{type: object, additionalProperties: true}", json!({"b": 1})),
            ("{type: object, additionalProperties: {type: integer}}", json!({"b": 1})),
            ("{additionalProperties: {type: object, properties: {}}}", json!({"b": {"c": 1}})),
            ("{type: object, patternProperties: {'^x-': {type: string}}}", json!({"x-a": ""})),
            ("{type: string, pattern: '^[a-z]+$'}", json!("abc")),
            ("{type: string, minLength: 2, maxLength: 2}", json!("öü")),
            ("{minimum: 0.01, maximum: 100.0, multipleOf: 0.01}", json!(100)),
            ("{minimum: 0.01, maximum: 100.0, multipleOf: 0.01}", json!(56.11)),
            ("{minimum: 1, exclusiveMinimum: false}", json!(1)),
            ("{enum: [1, x, null]}", json!(null)),
            ("{enum: [1.0]}", json!(1)),
            ("{const: x}", json!("x")),
            ("{type: array, uniqueItems: true}", json!([1, "1", [1]])),
            ("{type: array, items: [{type: string}, {type: integer}]}", json!(["x", 1, null])),
            ("{allOf: [{minimum: 1}, {maximum: 3}]}", json!(2)),
            ("{anyOf: [{type: string}, {type: integer}]}", json!(2)),
            ("{oneOf: [{required: [b]}, {required: [c]}], properties: {b: {}, c: {}}}", json!({"b": 1})),
            ("{not: {type: string}}", json!(1)),
            ("{type: string, format: ipv4}", json!("192.0.2.1")),
            ("{type: string, format: shoe-size}", json!("44")),
            ("{type: integer, maximum: 9007199254740992}", json!(9_007_199_254_740_992_i64)),
        ] {
            assert_eq!(about(property, &value), "", "{property} {value}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn mistakes_say_what_was_expected_and_what_is_there() {
        for (property, value, expected) in [
            ("{type: string}", json!(20), r#"expected a string, got a number (20) (quote it: "20")"#),
            ("{type: string}", json!(true), r#"expected a string, got a boolean (true) (quote it: "true")"#),
            ("{type: string}", json!(null), "expected a string, got null (leave the key out)"),
            ("{type: string, default: x}", json!(null), "expected a string, got null (leave the key out to use its default)"),
            ("{type: string}", json!(["x"]), "expected a string, got a list"),
            ("{type: integer}", json!("20"), r#"expected a whole number, got a string ("20") (remove the quotes)"#),
            ("{type: integer}", json!(1.5), "expected a whole number, got a number (1.5)"),
            ("{type: boolean}", json!("yes"), r#"expected true or false, got a string ("yes") (write true, without quotes)"#),
            ("{type: boolean, description: Yes or\n}", json!(1), "expected true or false, got a number (1) (the schema says: Yes or)"),
            ("{type: [string, integer]}", json!({}), "expected a string or a whole number, got a map"),
            ("{type: array, maxItems: 1}", json!([1, 2]), "expected at most 1 items, got 2"),
            ("{type: object, minProperties: 1}", json!({}), "expected at least 1 keys, got 0"),
            ("{type: string, minLength: 3}", json!("öü"), "expected at least 3 characters, got 2"),
            ("{type: string, pattern: '^[a-z]+$'}", json!("A"), r#"expected text like ^[a-z]+$, got a string ("A")"#),
            ("{format: ipv4}", json!("::1"), r#"expected an IPv4 address (192.0.2.1), got a string ("::1")"#),
            ("{enum: [Always, Never]}", json!("alway"), r#"expected one of "Always", "Never", got a string ("alway") (did you mean "Always"?)"#),
            ("{const: 1}", json!(2), "expected 1, got a number (2)"),
            ("{minimum: 1}", json!(0), "expected at least 1, got a number (0)"),
            ("{minimum: 1, exclusiveMinimum: true}", json!(1), "expected more than 1, got a number (1)"),
            ("{exclusiveMaximum: 1}", json!(1), "expected less than 1, got a number (1)"),
            ("{maximum: 9007199254740992}", json!(9_007_199_254_740_993_i64), "expected at most 9007199254740992, got a number (9007199254740993)"),
            ("{multipleOf: 3}", json!(4), "expected a multiple of 3, got a number (4)"),
            ("{allOf: [{minimum: 1}, {minimum: 2}]}", json!(0), "expected at least 1, got a number (0)\na: expected at least 2, got a number (0)"),
            ("{not: {type: string}}", json!("x"), "has the form that is not allowed here"),
        ] {
            assert_eq!(about(property, &value), format!("a: {expected}"), "{property} {value}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn mistakes_inside_name_their_path() {
        for (property, value, expected) in [
            ("{type: object}", json!({"b": 1}), "a.b: unknown key (the schema knows no keys here)"),
            ("{properties: {host: {}, port: {}}}", json!({"hots": 1}), "a.hots: unknown key (did you mean `host`?)"),
            ("{properties: {host: {}, port: {}}}", json!({"zone": 1}), "a.zone: unknown key (known keys: host, port)"),
            ("{allOf: [{properties: {b: {}}}]}", json!({"b": 1}), "a.b: unknown key (the schema names it only inside allOf, anyOf or oneOf, and must name it under properties too)"),
            ("{properties: {b: {description: A name.}}, required: [b]}", json!({}), "a.b: this key is required (the schema says: A name.)"),
            ("{additionalProperties: {type: integer}}", json!({"b.c": "x"}), r#"a["b.c"]: expected a whole number, got a string ("x")"#),
            ("{items: {type: integer}}", json!([1, "2"]), r#"a[1]: expected a whole number, got a string ("2") (remove the quotes)"#),
            ("{uniqueItems: true}", json!([1, 2, 1.0]), "a[2]: items must differ, and this one is the same as item 0"),
            ("{anyOf: [{type: string}, {type: boolean}]}", json!(0), "a: fits none of the forms allowed here: expected a string, got a number (0); or expected true or false, got a number (0)"),
            ("{anyOf: [{type: string}, {properties: {b: {type: integer}}}], properties: {b: {}}}", json!({"b": {}}), "a.b: expected a whole number, got a map"),
            ("{properties: {b: {}, c: {}}, oneOf: [{required: [b]}, {required: [c]}]}", json!({"b": 1, "c": 1}), "a: fits 2 of the forms allowed here, and must fit exactly one"),
            ("{properties: {b: {}, c: {}}, oneOf: [{required: [b]}, {required: [c]}]}", json!({}), "a: fits none of the forms allowed here: b: this key is required; or c: this key is required"),
        ] {
            assert_eq!(about(property, &value), expected, "{property} {value}");
        }
    }

    #[test]
    fn long_text_is_not_repeated() {
        let message = about("{type: integer}", &json!("x".repeat(61)));
        assert_eq!(message, "a: expected a whole number, got a string");
    }

    #[test]
    fn secrets_are_never_told() {
        for property in [
            "{type: integer, x-secret: true}",
            "{type: integer, format: password}",
            "{x-secret: true, enum: [hunter3]}",
            "{x-secret: true, pattern: '^[0-9]+$'}",
            "{type: integer, allOf: [{x-secret: true}]}",
            "{anyOf: [{type: integer}, {type: boolean}], oneOf: [{x-secret: true}]}",
        ] {
            let message = about(property, &json!("hunter2"));
            assert!(
                !message.is_empty() && !message.contains("hunter2"),
                "{message}"
            );
        }
        let message = about(
            "{x-secret: true, properties: {b: {type: object, properties: {c: {type: integer}}}}}",
            &json!({"b": {"c": "hunter2"}}),
        );
        assert_eq!(
            message,
            "a.b.c: expected a whole number, got a string ([secret])"
        );
    }

    const NESTED: &str = "
type: object
properties:
  plain: {type: string}
  open:
    type: object
    additionalProperties: true
    properties:
      inner: {type: object, properties: {x: {}}}
  list:
    type: array
    items:
      type: array
      items: {type: object, properties: {x: {}}}
  free:
    allOf:
    - properties:
        inner: {type: object, properties: {x: {}}}
    additionalProperties: true
";

    #[test]
    fn unknown_keys_are_refused_through_properties_and_items() {
        let value = json!({
            "plain": "x", "typo": 1,
            "open": {"anything": 1, "inner": {"y": 1}},
            "list": [[{"x": 1, "y": 2}], [{"z": 3}]],
            "free": {"inner": {"y": 1}},
        });
        let expected = [
            "list[0][0].y: unknown key (did you mean `x`?)",
            "list[1][0].z: unknown key (did you mean `x`?)",
            "open.inner.y: unknown key (did you mean `x`?)",
            "typo: unknown key (known keys: free, list, open, plain)",
        ];
        assert_eq!(found(NESTED, &value, Purpose::Values), expected);
    }

    #[test]
    fn keys_for_helm_are_asked_for_only_to_render() {
        let schema = "
x-required-for-helm: [a, b]
required: [a]
properties:
  a:
    type: object
    x-required-for-helm: c
    properties: {c: {}}
  b: {type: array, items: {properties: {d: {}}, x-required-for-helm: [d]}}
";
        let value = json!({"a": {}, "b": [{"d": 1}, {}]});
        assert_eq!(found(schema, &value, Purpose::Values), Vec::<String>::new());
        let expected = [
            "a.c: this key is required to render the chart",
            "b[1].d: this key is required to render the chart",
        ];
        assert_eq!(found(schema, &value, Purpose::Helm), expected);
        let expected = [
            "a: this key is required",
            "b: this key is required to render the chart",
        ];
        assert_eq!(found(schema, &json!({}), Purpose::Helm), expected);
        assert_eq!(
            found(schema, &json!({}), Purpose::Static),
            Vec::<String>::new()
        );
    }

    #[test]
    fn root_is_a_map_with_and_without_a_schema() {
        for (value, got) in [
            (json!([]), "a list"),
            (json!(1), "a number (1)"),
            (json!(null), "null"),
        ] {
            let expected = [format!(": expected a map, got {got}")];
            assert_eq!(found("", &value, Purpose::Values), expected);
            let findings = Schemas::default().check_values(&value, Purpose::Values);
            assert_eq!(findings.len(), 1);
        }
    }
}
