//! What a hook answers to an admission request.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::binding::{AdmissionKind, FailurePolicy};
use crate::patch::check_json_patch;
use crate::report::{Mistake, Mistakes};

use super::response::{Reader, read_map};

/// The variable that names the file.
const FILE: &str = "ADMISSION_RESPONSE_PATH";
/// The keys of an answer.
const KEYS: [&str; 5] = [
    "allowed",
    "message",
    "warnings",
    "patch",
    "auditAnnotations",
];
/// A longer key of an audit annotation the API server does not take.
const LONGEST_KEY: usize = 63;

/// The answer to an admission request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Why it is not allowed; `None` when it is.
    pub denial: Option<Denial>,
    /// What the one who asks is told in any case.
    pub warnings: Vec<String>,
    /// A JSON patch of the object, of a mutating hook.
    pub patch: Option<Value>,
    /// What is noted in the audit log.
    pub audit_annotations: BTreeMap<String, String>,
    /// What of the answer has no effect, for the log.
    pub ignored: Vec<Mistake>,
}

/// A request is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// 403 when the hook says so, 500 when it cannot say.
    pub code: u16,
    /// Why; may be empty.
    pub message: String,
}

impl Verdict {
    /// What follows from a hook that did not answer: as its failure policy says.
    pub fn of_failure(policy: FailurePolicy, why: &str) -> Self {
        match policy {
            FailurePolicy::Fail => Self {
                denial: Some(Denial {
                    code: 500,
                    message: why.to_owned(),
                }),
                ..Self::default()
            },
            FailurePolicy::Ignore => Self {
                warnings: vec![format!("{why}; failurePolicy is Ignore")],
                ..Self::default()
            },
        }
    }

    /// In a few words, for people.
    pub fn summary(&self) -> String {
        match (&self.denial, &self.patch) {
            (Some(denial), _) if denial.message.is_empty() => "denied".to_owned(),
            (Some(denial), _) => format!("denied: {}", denial.message),
            (None, Some(_)) => "allowed with a patch".to_owned(),
            (None, None) => "allowed".to_owned(),
        }
    }
}

/// Reads the response file of a hook: `{"allowed": true, "message": "…", "warnings": ["…"], "patch":
/// "BASE64", "auditAnnotations": {"key": "…"}}`. All mistakes are told, each with what was expected.
pub fn parse_verdict(kind: AdmissionKind, text: &str) -> Result<Verdict, Mistakes> {
    let answer = read_map(FILE, text, r#"{"allowed": true}"#)?;
    let mut reader = Reader {
        file: FILE,
        entries: &answer,
        mistakes: Vec::new(),
    };
    let mut verdict = Verdict {
        ignored: reader.unknown(&KEYS),
        ..Verdict::default()
    };
    let allowed = reader.allowed();
    let message = reader.text("message").unwrap_or_default();
    verdict.warnings = reader.texts("warnings");
    verdict.audit_annotations = reader.annotations();
    verdict.patch = reader.patch();
    if kind == AdmissionKind::Validating && verdict.patch.take().is_some() {
        let why = "has no effect: a validating hook cannot change the object";
        verdict.ignored.push(Mistake::new(FILE, why).path("patch"));
    }
    if !allowed {
        verdict.denial = Some(Denial { code: 403, message });
    }
    Mistakes(reader.mistakes).into_result()?;
    Ok(verdict)
}

impl Reader<'_> {
    fn allowed(&mut self) -> bool {
        match self.value("allowed") {
            Some(Value::Bool(allowed)) => return *allowed,
            Some(other) => self.expected("allowed", "true or false", other, "without quotes"),
            None => self.refuse("allowed", "is missing", "write true or false"),
        }
        false
    }

    fn annotations(&mut self) -> BTreeMap<String, String> {
        const KEY: &str = "auditAnnotations";
        let entries = match self.value(KEY) {
            None => return BTreeMap::new(),
            Some(Value::Object(entries)) => entries,
            Some(other) => {
                self.expected(KEY, "a map of texts", other, "");
                return BTreeMap::new();
            }
        };
        let mut annotations = BTreeMap::new();
        for (key, value) in entries {
            let path = format!("{KEY}[{key:?}]");
            if !is_annotation_key(key) {
                let hint = "letters, digits, `-`, `_` and `.`, at most 63, without a domain";
                self.refuse(&path, "is no key of an audit annotation", hint);
            }
            match value {
                Value::String(value) => drop(annotations.insert(key.clone(), value.clone())),
                other => self.expected(&path, "a text", other, ""),
            }
        }
        annotations
    }

    /// A JSON patch: base64 of its text, as the API has it, or the list itself.
    fn patch(&mut self) -> Option<Value> {
        const KEY: &str = "patch";
        const HINT: &str =
            r#"write base64 of [{"op": "add", "path": …, "value": …}], or the list itself"#;
        let patch = match self.value(KEY)? {
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => {
                let letters: String = text.split_whitespace().collect();
                let bytes = match BASE64_STANDARD.decode(letters) {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        self.refuse(KEY, format!("is not base64: {error}"), HINT);
                        return None;
                    }
                };
                match serde_json::from_slice(&bytes) {
                    Ok(patch) => patch,
                    Err(error) => {
                        self.refuse(KEY, format!("is base64 of no JSON: {error}"), HINT);
                        return None;
                    }
                }
            }
            list @ Value::Array(_) => list.clone(),
            other => {
                self.expected(KEY, "a text in base64", other, HINT);
                return None;
            }
        };
        let mistakes = check_json_patch(self.file, KEY, &patch);
        self.mistakes.extend(mistakes);
        let is_empty = patch.as_array().is_some_and(Vec::is_empty);
        Some(patch).filter(|_| !is_empty)
    }
}

fn is_annotation_key(key: &str) -> bool {
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let good_end = |letter: Option<char>| letter.is_some_and(|it| it.is_ascii_alphanumeric());
    key.len() <= LONGEST_KEY
        && key.chars().all(is_good)
        && good_end(key.chars().next())
        && good_end(key.chars().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let read = parse_verdict(AdmissionKind::Mutating, text);
        let mistakes = read.map_or_else(|mistakes| mistakes.0, |_| Vec::new());
        let told = mistakes.iter().map(ToString::to_string);
        told.map(|it| it.replace("ADMISSION_RESPONSE_PATH: ", ""))
            .collect()
    }

    #[test]
    fn good_answers_of_the_original_are_read() {
        let rows = [
            (r#"{"allowed": true}"#, "allowed"),
            (r#"{"allowed": true, "warnings": ["a", "b"]}"#, "allowed"),
            (r#"{"allowed": false, "message": "no"}"#, "denied: no"),
            (r#"{"allowed": false}"#, "denied"),
            (
                r#"{"Allowed": true, "patch": "", "message": null, "warnings": null}"#,
                "allowed",
            ),
            ("{\"allowed\":\n  true}\n\n", "allowed"),
            (r#"{"allowed": true, "patch": "W10="}"#, "allowed"),
            (
                r#"{"allowed": true, "patch": [{"op": "remove", "path": "/a"}]}"#,
                "allowed with a patch",
            ),
            // With line breaks, as `base64` prints it.
            (
                r#"{"allowed": true, "patch": "W3sib3AiOiJhZGQiLCJwYXRo\nIjoiL2EiLCJ2YWx1ZSI6MX1d"}"#,
                "allowed with a patch",
            ),
        ];
        for (text, expected) in rows {
            let verdict = parse_verdict(AdmissionKind::Mutating, text).unwrap();
            assert_eq!(verdict.summary(), expected, "{text}");
            assert!(verdict.ignored.is_empty(), "{text}");
        }
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let text = r#"{"allowed": true, "patch": [{"op": "remove", "path": "/a"}], "warning": "a", "x": 1}"#;
        let verdict = parse_verdict(AdmissionKind::Validating, text).unwrap();
        let told: Vec<String> = verdict.ignored.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "ADMISSION_RESPONSE_PATH: warning: unknown key (did you mean \"warnings\"?)",
                "ADMISSION_RESPONSE_PATH: x: unknown key (known are allowed, message, warnings, patch, auditAnnotations)",
                "ADMISSION_RESPONSE_PATH: patch: has no effect: a validating hook cannot change the object",
            ]
        );
        assert_eq!(verdict.patch, None);
    }

    #[test]
    fn nonsense_is_told_with_what_was_expected() {
        const HINT: &str = r#"(write one JSON map to the file, such as {"allowed": true})"#;
        let rows: [(&str, &[&str]); 9] = [
            ("", &["is empty: the hook gave no answer HINT"]),
            (" \n", &["is empty: the hook gave no answer HINT"]),
            (
                "yes",
                &["is not JSON: expected value at line 1 column 1 HINT"],
            ),
            ("[]", &["expected a map, got a list HINT"]),
            (
                r#"{"allowed": true} {"allowed": false}"#,
                &["holds more than one answer HINT"],
            ),
            (
                r#"{"allowed": true} done"#,
                &["has something after the answer: expected value at line 1 column 19 HINT"],
            ),
            (
                r#"{"allowed": "yes"}"#,
                &["allowed: expected true or false, got a text (without quotes)"],
            ),
            ("{}", &["allowed: is missing (write true or false)"]),
            (
                r#"{"allowed": 1, "message": 2, "warnings": ["a", 3], "auditAnnotations": {"a/b": 4}}"#,
                &[
                    "allowed: expected true or false, got a number (without quotes)",
                    "message: expected a text, got a number",
                    "warnings[1]: expected a text, got a number",
                    "auditAnnotations[\"a/b\"]: is no key of an audit annotation (letters, digits, `-`, `_` and `.`, at most 63, without a domain)",
                    "auditAnnotations[\"a/b\"]: expected a text, got a number",
                ],
            ),
        ];
        for (text, expected) in rows {
            let expected: Vec<String> =
                expected.iter().map(|it| it.replace("HINT", HINT)).collect();
            assert_eq!(mistakes(text), expected, "{text}");
        }
    }
    #[test]
    fn nonsense_for_a_patch_is_told_with_what_was_expected() {
        let rows: [(&str, &[&str]); 4] = [
            (
                r#"{"allowed": true, "patch": "W"}"#,
                &[
                    "patch: is not base64: Invalid input length: 1 (write base64 of [{\"op\": \"add\", \"path\": …, \"value\": …}], or the list itself)",
                ],
            ),
            (
                r#"{"allowed": true, "patch": "e30="}"#,
                &[
                    "patch: expected a list of operations, got an empty map (write [{\"op\": …, \"path\": …}])",
                ],
            ),
            (
                r#"{"allowed": true, "patch": [{"op": "set", "path": "/a"}, {"op": "add", "path": "a"}]}"#,
                &[
                    "patch[0].op: unknown operation \"set\" (one of add, remove, replace, move, copy, test)",
                    "patch[1].path: \"a\" is not a JSON pointer (it starts with /; ~0 is ~ and ~1 is /)",
                    "patch[1].value: `add` needs a value (null is one, too)",
                ],
            ),
            (
                r#"{"allowed": true, "patch": {"op": "add"}}"#,
                &[
                    "patch: expected a text in base64, got a map (write base64 of [{\"op\": \"add\", \"path\": …, \"value\": …}], or the list itself)",
                ],
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(mistakes(text), expected, "{text}");
        }
    }
}
