//! One log record: the fields of its spans and its own, as text or JSON. Pure.

use std::borrow::Cow;
use std::fmt::{Debug, Write};

use jiff::{Timestamp, Zoned};
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Level, Metadata};

use crate::operator::LogTime;
use crate::serve::Paint;

/// The crate of our own rooms, whose names are the names of loggers.
const OURS: &str = "addon_operator";

/// Names that a record has itself.
const TAKEN: [&str; 5] = ["level", "logger", "msg", "source", "time"];

/// The field with mistakes of files and of the `ConfigMap`.
const MISTAKES: &str = "mistakes";

/// The field with the fields of a hook's own record, as a JSON object: each gets a place of its own.
const HOOK_FIELDS: &str = "hook_fields";

/// The field with a whole record of a hook, as a JSON object: it is written as it is, with ours added.
const HOOK_RECORD: &str = "hook_record";

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text(Paint),
    Json,
}

/// Names and values in the order in which they were said, and the message among them.
#[derive(Debug, Default)]
pub(super) struct Fields {
    message: String,
    values: Vec<(Cow<'static, str>, Value)>,
    proxied: Option<Map<String, Value>>,
}

impl Fields {
    /// Adds the fields of a span; what is said later wins.
    pub(super) fn add(&mut self, others: &Self) {
        for (name, value) in &others.values {
            self.set(name.clone(), value.clone());
        }
    }

    /// What a hook said about itself, as JSON; `None` when this is no such field.
    fn hear_hook(&mut self, name: &str, text: &str) -> Option<()> {
        match name {
            HOOK_FIELDS => {
                let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
                for (name, value) in fields {
                    self.set(format!("hook_{name}"), value);
                }
            }
            HOOK_RECORD => self.proxied = Some(serde_json::from_str(text).ok()?),
            _ => return None,
        }
        Some(())
    }

    /// `  name=value` for each; below that the mistakes that people made, a line each, as they are.
    pub(super) fn text(&self, paint: Paint) -> String {
        let (mut line, mut below) = (String::new(), String::new());
        for (name, value) in &self.values {
            match value {
                Value::String(text) if *name == MISTAKES => {
                    for mistake in text.lines() {
                        below = format!("{below}\n    {}", visible(mistake));
                    }
                }
                value => {
                    let name = colored("2", &format!("{name}="), paint);
                    line = format!("{line}  {name}{}", bare(value));
                }
            }
        }
        line + &below
    }

    fn set(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.set(field.name(), Value::String(format!("{value:?}")));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else if self.hear_hook(field.name(), value).is_none() {
            self.set(field.name(), value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), crate::report::chain(value).into());
    }
}

/// One log record.
pub(super) struct Record {
    level: Level,
    logger: String,
    source: Option<String>,
    fields: Fields,
}

impl Record {
    /// A record of an event.
    pub(super) fn new(metadata: &Metadata<'_>, fields: Fields) -> Self {
        let is_fine = *metadata.level() >= Level::DEBUG;
        let place = metadata.file().zip(metadata.line()).filter(|_| is_fine);
        Self {
            level: *metadata.level(),
            logger: logger(metadata.target()),
            source: place.map(|(file, line)| format!("{file}:{line}")),
            fields,
        }
    }

    /// The record as one line, with its end.
    pub(super) fn line(&self, form: Form, time: LogTime, now: Timestamp) -> String {
        let now = match time {
            LogTime::Shown => Some(now),
            LogTime::Hidden => None,
        };
        if let Some(record) = self.proxied() {
            return record;
        }
        match form {
            Form::Json => self.json(now).unwrap_or_default() + "\n",
            Form::Text(paint) => self.text(paint, now),
        }
    }

    /// The record of a hook, whose own fields are stronger than ours; it has a time of its own.
    fn proxied(&self) -> Option<String> {
        let mut record = self.fields.proxied.clone()?;
        for (name, value) in &self.fields.values {
            record.entry(name.as_ref()).or_insert_with(|| value.clone());
        }
        Some(format!("{}\n", Value::Object(record)))
    }

    fn json(&self, now: Option<Timestamp>) -> serde_json::Result<String> {
        let mut line = Vec::new();
        let mut serializer = serde_json::Serializer::new(&mut line);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("level", &self.level.as_str().to_ascii_lowercase())?;
        map.serialize_entry("logger", &self.logger)?;
        map.serialize_entry("msg", &self.fields.message)?;
        if let Some(source) = &self.source {
            map.serialize_entry("source", source)?;
        }
        for (name, value) in &self.fields.values {
            if TAKEN.contains(&name.as_ref()) {
                map.serialize_entry(&format!("field.{name}"), value)?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(now) = now {
            // Who looks at details looks at times closely, too.
            let digits = if self.level > Level::INFO { 6 } else { 3 };
            map.serialize_entry("time", &format!("{now:.digits$}"))?;
        }
        map.end()?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    fn text(&self, paint: Paint, now: Option<Timestamp>) -> String {
        let code = match self.level {
            Level::ERROR => "31",
            Level::WARN => "33",
            Level::INFO => "32",
            _ => "2",
        };
        let mut line = now.map(clock).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(
            line,
            "{} {}  {}",
            colored(code, &format!("{:<5}", self.level.as_str()), paint),
            colored("2", &format!("{:<8}", self.logger), paint),
            visible(&self.fields.message)
        );
        line + &self.fields.text(paint) + "\n"
    }
}

/// The time of day on this machine.
fn clock(now: Timestamp) -> String {
    let local = Zoned::new(now, jiff::tz::TimeZone::system());
    format!("{} ", local.strftime("%H:%M:%S"))
}

/// The room a record comes from, or the library.
fn logger(target: &str) -> String {
    let mut parts = target.split("::");
    let room = match (parts.next(), parts.next()) {
        (Some(OURS), Some(room)) => room,
        (Some(first), _) => first,
        (None, _) => target,
    };
    room.to_owned()
}

fn colored(code: &str, text: &str, paint: Paint) -> String {
    match paint {
        Paint::Plain => text.to_owned(),
        Paint::Colored => format!("\x1b[{code}m{text}\x1b[0m"),
    }
}

/// A text that cannot speak to the terminal.
fn visible(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && letter != '\n', " ")
}

/// A value without quotes where none are needed.
fn bare(value: &Value) -> String {
    match value {
        Value::String(text) if is_bare(text) => text.clone(),
        value => value.to_string(),
    }
}

fn is_bare(text: &str) -> bool {
    let special =
        |letter: char| letter.is_whitespace() || letter.is_control() || matches!(letter, '"' | '=');
    !text.is_empty() && !text.contains(special)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(level: Level, values: Vec<(&'static str, Value)>) -> Record {
        Record {
            level,
            logger: "apply".to_owned(),
            source: None,
            fields: Fields {
                message: "object applied".to_owned(),
                values: values
                    .into_iter()
                    .map(|(name, value)| (name.into(), value))
                    .collect(),
                proxied: None,
            },
        }
    }

    fn noon() -> Timestamp {
        "2026-03-01T12:00:00.1234Z".parse().unwrap()
    }

    #[test]
    fn json_has_the_originals_shape() {
        let values = vec![
            ("module", json!("nginx")),
            ("attempt", json!(2)),
            ("level", json!(9)),
        ];
        let record = record(Level::INFO, values);
        assert_eq!(
            record.line(Form::Json, LogTime::Shown, noon()),
            "{\"level\":\"info\",\"logger\":\"apply\",\"msg\":\"object applied\",\
             \"module\":\"nginx\",\"attempt\":2,\"field.level\":9,\
             \"time\":\"2026-03-01T12:00:00.123Z\"}\n"
        );
        assert!(
            !record
                .line(Form::Json, LogTime::Hidden, noon())
                .contains("time")
        );
    }

    #[test]
    fn records_of_details_tell_microseconds() {
        for (level, time) in [
            (Level::INFO, "12:00:00.123Z"),
            (Level::DEBUG, "12:00:00.123400Z"),
            (Level::TRACE, "12:00:00.123400Z"),
        ] {
            let line = record(level, Vec::new()).line(Form::Json, LogTime::Shown, noon());
            assert!(line.contains(time), "{line}");
        }
    }

    #[test]
    fn text_is_one_short_line() {
        let values = vec![
            ("module", json!("nginx")),
            ("why", json!("a b")),
            ("n", json!(1)),
        ];
        let record = record(Level::WARN, values);
        assert_eq!(
            record.line(Form::Text(Paint::Plain), LogTime::Hidden, noon()),
            "WARN  apply     object applied  module=nginx  why=\"a b\"  n=1\n"
        );
        let colored = record.line(Form::Text(Paint::Colored), LogTime::Hidden, noon());
        assert!(colored.starts_with("\x1b[33mWARN \x1b[0m "), "{colored:?}");
        let timed = record.line(Form::Text(Paint::Plain), LogTime::Shown, noon());
        assert!(timed.get(8..).unwrap().starts_with(" WARN "), "{timed}");
    }

    #[test]
    fn mistakes_stand_below_as_they_are() {
        let values = vec![
            (
                "mistakes",
                json!("a.yaml:1: bad \"x\"\nb.yaml: \x1b[1mworse"),
            ),
            ("module", json!("web")),
        ];
        assert_eq!(
            record(Level::ERROR, values).line(Form::Text(Paint::Plain), LogTime::Hidden, noon()),
            "ERROR apply     object applied  module=web\n    a.yaml:1: bad \"x\"\n    b.yaml:  [1mworse\n"
        );
    }

    #[test]
    fn fields_of_hooks_have_places_of_their_own() {
        let mut fields = Fields {
            message: "low disk".to_owned(),
            ..Fields::default()
        };
        fields.set("hook", json!("hooks/a.sh"));
        assert_eq!(fields.hear_hook("output", "{}"), None);
        assert_eq!(fields.hear_hook("hook_fields", "no JSON"), None);
        let text = r#"{"node":{"name":"a"},"msg":1}"#;
        assert_eq!(fields.hear_hook("hook_fields", text), Some(()));
        let mut said = record(Level::INFO, Vec::new());
        said.fields = fields;
        assert_eq!(
            said.line(Form::Json, LogTime::Hidden, noon()),
            "{\"level\":\"info\",\"logger\":\"apply\",\"msg\":\"low disk\",\
             \"hook\":\"hooks/a.sh\",\"hook_msg\":1,\"hook_node\":{\"name\":\"a\"}}\n"
        );
    }

    #[test]
    fn records_of_hooks_are_passed_on() {
        let mut said = record(
            Level::INFO,
            vec![("hook", json!("hooks/a.sh")), ("n", json!(2))],
        );
        let text = r#"{"level":"warn","msg":"x","n":1}"#;
        assert_eq!(said.fields.hear_hook("hook_record", text), Some(()));
        for form in [Form::Json, Form::Text(Paint::Plain)] {
            assert_eq!(
                said.line(form, LogTime::Shown, noon()),
                "{\"hook\":\"hooks/a.sh\",\"level\":\"warn\",\"msg\":\"x\",\"n\":1}\n"
            );
        }
    }

    #[test]
    fn loggers_are_rooms() {
        for (target, expected) in [
            ("addon_operator::watch::stream", "watch"),
            ("addon_operator", "addon_operator"),
            ("hook", "hook"),
            ("hyper::client", "hyper"),
        ] {
            assert_eq!(logger(target), expected);
        }
    }
}
