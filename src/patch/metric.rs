//! The text of a metrics file, read whole: every mistake is told, not only the first.
//!
//! The file is a stream of JSON values, each one write or a list of them. Names and values of
//! labels are judged when they are written, each for itself: a type that clashes loses one write
//! and not the file.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Error;
use super::document::{Document, read_json};
use super::object::{Fields, kind_of};
use crate::metric::{Change, Operation, Sample};
use crate::report::{Mistake, Mistakes, nearest};

const ACTIONS: [&str; 4] = ["add", "set", "observe", "expire"];

/// What a metrics file asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricOperations {
    /// What is to be written, in the order of the file.
    pub operations: Vec<Operation>,
    /// Entries that are passed over, as the original does: an unknown action is no error.
    pub warnings: Vec<Mistake>,
}

/// Reads a metrics file of a hook: a stream of JSON values. `labels` (`hook`, `module`) are set on
/// every series, over labels of the same name. An entry without a group gets `default_group`:
/// `None` is the documented behaviour (a metric without a group never expires), the name of the
/// hook is that of newer versions of the original.
///
/// *Errors*: all mistakes of the file, each with its line and the number of its operation.
pub fn parse_metric_operations(
    text: &str,
    labels: &BTreeMap<String, String>,
    default_group: Option<&str>,
) -> Result<MetricOperations, Error> {
    let documents = read_json(text);
    let mut reader = Reader {
        labels,
        default_group,
        read: MetricOperations::default(),
        mistakes: Vec::new(),
        count: 0,
    };
    documents.each(|document, prefix, item| reader.take(document, prefix, item));
    reader.mistakes.extend(documents.mistakes);
    Mistakes(reader.mistakes)
        .into_result()
        .map_err(Error::ReadMetrics)?;
    Ok(reader.read)
}

struct Reader<'a> {
    labels: &'a BTreeMap<String, String>,
    default_group: Option<&'a str>,
    read: MetricOperations,
    mistakes: Vec<Mistake>,
    count: usize,
}

/// What one entry asks for.
enum Action {
    Add,
    Set,
    Observe,
    Expire,
}

impl Reader<'_> {
    fn take(&mut self, document: &Document<'_>, prefix: Vec<String>, item: &Value) {
        self.count += 1;
        let nothing = Map::new();
        let map = item.as_object().unwrap_or(&nothing);
        let mut warnings = Vec::new();
        let mut told = Fields::new(document, prefix.clone(), map, self.count, &mut warnings);
        let action = item.is_object().then(|| action(&mut told)).flatten();
        let mut fields = Fields::new(document, prefix, map, self.count, &mut self.mistakes);
        if !item.is_object() {
            let message = format!("expected a metric, got {}", kind_of(item));
            fields.refuse(
                &[],
                &message,
                r#"write {"name": …, "action": …, "value": …}"#,
            );
        }
        let operation = action.and_then(|action| {
            let operation = fields.metric(&action, self.default_group)?;
            Some(with_labels(operation, self.labels))
        });
        self.read.operations.extend(operation);
        self.read.warnings.extend(warnings);
    }
}

fn with_labels(operation: Operation, labels: &BTreeMap<String, String>) -> Operation {
    match operation {
        Operation::Write(mut sample) => {
            sample.labels.extend(labels.clone());
            Operation::Write(sample)
        }
        expire @ Operation::Expire { .. } => expire,
    }
}

/// The action of an entry, which `add` and `set` with a number stand for as well. What is none is
/// told; the mistakes of these fields are warnings.
fn action(fields: &mut Fields<'_>) -> Option<Action> {
    let (adds, sets) = (fields.value("add").is_some(), fields.value("set").is_some());
    let text = fields.text("action").unwrap_or_default();
    let (message, hint) = match text.as_str() {
        "add" => return Some(Action::Add),
        "set" => return Some(Action::Set),
        "observe" => return Some(Action::Observe),
        "expire" => return Some(Action::Expire),
        "" if adds && sets => (
            "has both add and set".to_owned(),
            "write one of them".to_owned(),
        ),
        "" if adds => return Some(Action::Add),
        "" if sets => return Some(Action::Set),
        "" => (
            "has no action".to_owned(),
            format!("one of {}", ACTIONS.join(", ")),
        ),
        unknown => {
            let hint = match nearest(unknown, ACTIONS) {
                Some(meant) => format!("write {meant}"),
                None => format!("one of {}", ACTIONS.join(", ")),
            };
            (format!("unknown action {unknown:?}"), hint)
        }
    };
    fields.refuse(
        &["action"],
        &format!("{message}, so it is passed over"),
        &hint,
    );
    None
}

impl Fields<'_> {
    fn metric(&mut self, action: &Action, default_group: Option<&str>) -> Option<Operation> {
        let before = self.mistakes();
        let group = self
            .text("group")
            .or_else(|| default_group.map(str::to_owned));
        if matches!(action, Action::Expire) {
            let Some(group) = group else {
                self.refuse(&["group"], "is missing", "`expire` needs a group");
                return None;
            };
            return Some(Operation::Expire { group });
        }
        let name = self.required("name");
        let labels = self.labels();
        let change = match action {
            Action::Add => self.amount("add").map(Change::Add),
            Action::Set => self.amount("set").map(Change::Set),
            Action::Observe | Action::Expire => {
                let (value, buckets) = (self.amount("observe"), self.buckets());
                value
                    .zip(buckets)
                    .map(|(value, buckets)| Change::Observe { value, buckets })
            }
        };
        if self.mistakes() > before {
            return None;
        }
        Some(Operation::Write(Sample {
            name: name?,
            labels,
            group,
            change: change?,
        }))
    }

    /// The value, or the number that the short form has.
    fn amount(&mut self, short: &str) -> Option<f64> {
        let field = if self.value("value").is_none() && self.value(short).is_some() {
            short
        } else {
            "value"
        };
        match self.value(field) {
            Some(Value::Number(number)) => number.as_f64(),
            Some(other) => {
                let message = format!("expected a number, got {}", kind_of(other));
                self.refuse(&[field], &message, "");
                None
            }
            None => {
                self.refuse(&[field], "is missing", "a number");
                None
            }
        }
    }

    fn labels(&mut self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        match self.value("labels") {
            None => {}
            Some(Value::Object(entries)) => {
                for (name, value) in entries {
                    match value {
                        Value::Null => labels.insert(name.clone(), String::new()),
                        Value::String(text) => labels.insert(name.clone(), text.clone()),
                        other => {
                            let message = format!("expected a text, got {}", kind_of(other));
                            self.refuse(&["labels", name], &message, "quote it");
                            None
                        }
                    };
                }
            }
            Some(other) => {
                let message = format!("expected a map, got {}", kind_of(other));
                self.refuse(&["labels"], &message, "");
            }
        }
        labels
    }

    fn buckets(&mut self) -> Option<Vec<f64>> {
        let found = match self.value("buckets") {
            Some(Value::Array(items)) => items.iter().map(Value::as_f64).collect(),
            None => {
                self.refuse(&["buckets"], "is missing", "`observe` needs upper bounds");
                return None;
            }
            Some(_) => None,
        };
        let rising = found.filter(|bounds: &Vec<f64>| {
            !bounds.is_empty() && bounds.is_sorted_by(|left, right| left < right)
        });
        if rising.is_none() {
            self.refuse(&["buckets"], "expected rising numbers, at least one", "");
        }
        rising
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, group: Option<&str>) -> Result<MetricOperations, Error> {
        let labels = [("hook", "h"), ("module", "m")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        parse_metric_operations(text, &BTreeMap::from(labels), group)
    }

    fn mistakes(text: &str) -> Vec<String> {
        match read(text, None) {
            Err(Error::ReadMetrics(mistakes)) => {
                mistakes.0.iter().map(ToString::to_string).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// One line for each operation.
    fn lines(text: &str, group: Option<&str>) -> Vec<String> {
        let line = |operation: &Operation| match operation {
            Operation::Expire { group } => format!("expire {group}"),
            Operation::Write(sample) => {
                let group = sample.group.as_deref().unwrap_or("-");
                let labels: Vec<String> = sample
                    .labels
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                format!(
                    "{} {} {group} {:?}",
                    sample.name,
                    labels.join(","),
                    sample.change
                )
            }
        };
        read(text, group)
            .unwrap()
            .operations
            .iter()
            .map(line)
            .collect()
    }

    #[test]
    fn every_action_and_short_form_is_read() {
        let text = r#"{"name":"a","action":"add","value":1.5,"labels":{"l":"1","hook":"mine"}}
{"name":"b","action":"set","value":-2,"group":"g"} {"Name":"c","add":3,"labels":null}
[{"name":"d","set":4}, {"name":"e","action":"observe","value":5,"buckets":[1,2.5]}]
{"action":"expire","group":"g"} {"name":"f","action":"set","set":6} null"#;
        let expected = [
            "a hook=h,l=1,module=m - Add(1.5)",
            "b hook=h,module=m g Set(-2.0)",
            "c hook=h,module=m - Add(3.0)",
            "d hook=h,module=m - Set(4.0)",
            "e hook=h,module=m - Observe { value: 5.0, buckets: [1.0, 2.5] }",
            "expire g",
            "f hook=h,module=m - Set(6.0)",
        ];
        assert_eq!(lines(text, None), expected);
        assert_eq!(lines("", None), Vec::<String>::new());
    }

    #[test]
    fn default_group_is_a_switch() {
        let text = r#"{"name":"a","set":1} {"name":"b","set":1,"group":"g"} {"action":"expire"}"#;
        let expected = [
            "a hook=h,module=m h Set(1.0)",
            "b hook=h,module=m g Set(1.0)",
            "expire h",
        ];
        assert_eq!(lines(text, Some("h")), expected);
    }

    #[test]
    fn entries_without_a_known_action_are_passed_over_and_told() {
        let text = r#"{"name":"a","add":1,"set":1} {"name":"b"} {"name":"c","action":"sett","value":1}
{"name":"d","set":1}"#;
        let read = read(text, None).unwrap();
        assert_eq!(read.operations.len(), 1);
        let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
        let expected = [
            "line 1: action: operation 1 in document 1: has both add and set, so it is passed over (write one of them)",
            "line 1: action: operation 2 in document 2: has no action, so it is passed over (one of add, set, observe, expire)",
            "line 1: action: operation 3 in document 3: unknown action \"sett\", so it is passed over (write set)",
        ];
        assert_eq!(warnings, expected);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = r#"{"set":1}
{"name":"a","action":"add"}
{"name":"a","set":"1","labels":{"l":1}}
{"name":"a","action":"observe","value":1}
{"name":"a","action":"observe","value":1,"buckets":[2,1]}
{"action":"expire"}
7
{"name": "#;
        let expected = [
            "line 1: name: operation 1 in document 1: is missing",
            "line 2: value: operation 2 in document 2: is missing (a number)",
            "line 3: labels.l: operation 3 in document 3: expected a text, got a number (quote it)",
            "line 3: set: operation 3 in document 3: expected a number, got a text",
            "line 4: buckets: operation 4 in document 4: is missing (`observe` needs upper bounds)",
            "line 5: buckets: operation 5 in document 5: expected rising numbers, at least one",
            "line 6: group: operation 6 in document 6: is missing (`expire` needs a group)",
            "line 7: operation 7 in document 7: expected a metric, got a number (write {\"name\": …, \"action\": …, \"value\": …})",
            "line 8: document 8: not JSON: EOF while parsing a value",
        ];
        assert_eq!(mistakes(text), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{}",:0-9a-z ]{0,60}"#) {
            let _ = read(&text, None);
        }
    }
}
