//! `Chart.lock`: read for its mistakes alone, as Helm compares it with nothing.

use crate::yaml::{self, Data, Node, Profile};
use serde_json::Value;

use super::Failure;
use crate::chart::metadata::Problem;

/// Whether the text is a lock file.
pub(super) fn check(file: &str, text: &str) -> Result<(), Failure> {
    let failure = |problem| Failure::of_problems(file, vec![problem]);
    let node = yaml::read(text, Profile::V2).map_err(|error| failure(Problem::of_yaml(&error)))?;
    if !matches!(node.data, Data::Mapping(_) | Data::Scalar(Value::Null)) {
        return Err(failure(Problem::not_of_type(&node, "chart.Lock")));
    }
    let generated = node.entry("generated").map(|entry| &entry.node);
    match generated.and_then(problem_of_time) {
        Some((node, words)) => Err(failure(Problem::of_words(node, "generated", &words))),
        None => Ok(()),
    }
}

/// What Go says about a time that is none.
fn problem_of_time(node: &Node) -> Option<(&Node, String)> {
    let words = match &node.data {
        Data::Scalar(Value::Null) => return None,
        Data::Scalar(Value::String(text)) => {
            let rest = rest_of_time(text)?;
            format!(
                "parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {:?} as {:?}",
                rest.0, rest.1
            )
        }
        _ => "Time.UnmarshalJSON: input is not a JSON string".to_owned(),
    };
    Some((node, words))
}

/// Where a text stops being a time of RFC 3339, and what was expected there.
fn rest_of_time(text: &str) -> Option<(&str, &'static str)> {
    let mut rest = text;
    for (digits, name, parting) in [
        (4, "2006", "-"),
        (2, "01", "-"),
        (2, "02", "T"),
        (2, "15", ":"),
        (2, "04", ":"),
        (2, "05", ""),
    ] {
        let number = rest
            .get(..digits)
            .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        if number.is_none() {
            return Some((rest, name));
        }
        rest = &rest[digits..];
        match rest.strip_prefix(parting) {
            Some(after) => rest = after,
            None => return Some((rest, parting)),
        }
    }
    if let Some(fraction) = rest.strip_prefix('.') {
        let after = fraction.trim_start_matches(|letter: char| letter.is_ascii_digit());
        if after.len() < fraction.len() {
            rest = after;
        }
    }
    let is_zone = rest == "Z"
        || (rest.len() == 6
            && rest.starts_with(['+', '-'])
            && rest.as_bytes().get(3) == Some(&b':'));
    (!is_zone).then_some((rest, "Z07:00"))
}
