//! Log records on stderr: one line for people, one JSON object for machines.
//!
//! The JSON has the original's shape: `level`, `logger`, `msg`, the fields, `time`. A record carries
//! the fields of the spans around it; the innermost says a name last.

use std::fmt::{Debug, Write as _};
use std::io::{self, IsTerminal, Write as _};
use std::sync::Arc;

use jiff::{Timestamp, Zoned};
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Scope};
use tracing_subscriber::{Registry, reload};

use super::environment::Environment;
use super::output;
use crate::operator::{LogForm, LogLevel, LogTime, SetLogLevel, Settings};
use crate::serve::Paint;

/// Libraries that tell a lot: they are held one level back, and quiet below debug.
const TALKATIVE: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "kube",
    "mio",
    "notify",
    "rustls",
    "tower",
];

/// The crate of our own rooms, whose names are the names of loggers.
const OURS: &str = "addon_operator";

/// Names that a record has itself.
const TAKEN: [&str; 5] = ["level", "logger", "msg", "source", "time"];

/// Logs from now on; the answer changes the level later.
pub(super) fn install(
    settings: &Settings,
    environment: &Environment,
) -> Result<SetLogLevel, tracing::subscriber::SetGlobalDefaultError> {
    let terminal = io::stderr().is_terminal();
    let lines = Lines {
        form: form(settings.log.form, terminal, environment),
        time: settings.log.time,
    };
    let requests = settings.debug.kubernetes_api;
    let (changeable, handle) = reload::Layer::new(filter(settings.log.level, requests));
    tracing::subscriber::set_global_default(Registry::default().with(changeable).with(lines))?;
    Ok(Arc::new(move |level| {
        // The filter lives as long as the process, so there is always one to change.
        let _ = handle.reload(filter(level, requests));
    }))
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text(Paint),
    Json,
}

fn form(asked: Option<LogForm>, terminal: bool, environment: &Environment) -> Form {
    match (asked, terminal) {
        (Some(LogForm::Json), _) | (None, false) => Form::Json,
        (Some(LogForm::Color), _) => Form::Text(Paint::Colored),
        (Some(LogForm::Text) | None, _) => Form::Text(output::paint(terminal, environment)),
    }
}

fn filter(level: LogLevel, requests: bool) -> Targets {
    let (all, talkative) = match level {
        LogLevel::Error => (LevelFilter::ERROR, LevelFilter::ERROR),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::ERROR),
        LogLevel::Info => (LevelFilter::INFO, LevelFilter::WARN),
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
        LogLevel::Trace => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    let mut targets = Targets::new().with_default(all);
    targets.extend(TALKATIVE.map(|target| (target, talkative)));
    if requests {
        targets = targets.with_target(format!("{OURS}::cluster"), LevelFilter::TRACE);
    }
    targets
}

/// Writes each record as one line.
struct Lines {
    form: Form,
    time: LogTime,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let record = Record::new(event.metadata(), fields_of(event, &context));
        let line = record.line(self.form, self.time, Timestamp::now());
        // A log that cannot be written has nowhere to say so.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// The fields of the spans around an event, from the outermost in, and then its own.
fn fields_of<S>(event: &Event<'_>, context: &Context<'_, S>) -> Fields
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut fields = Fields::default();
    let spans = context.event_scope(event).into_iter();
    for span in spans.flat_map(Scope::from_root) {
        if let Some(of_span) = span.extensions().get::<Fields>() {
            fields.add(of_span);
        }
    }
    event.record(&mut fields);
    fields
}

/// Names and values in the order in which they were said, and the message among them.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    values: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, others: &Self) {
        for (name, value) in &others.values {
            self.set(name, value.clone());
        }
    }

    fn set(&mut self, name: &'static str, value: Value) {
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
        } else {
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
struct Record {
    level: Level,
    logger: String,
    source: Option<String>,
    fields: Fields,
}

impl Record {
    fn new(metadata: &Metadata<'_>, fields: Fields) -> Self {
        let is_fine = *metadata.level() >= Level::DEBUG;
        let place = metadata.file().zip(metadata.line()).filter(|_| is_fine);
        Self {
            level: *metadata.level(),
            logger: logger(metadata.target()),
            source: place.map(|(file, line)| format!("{file}:{line}")),
            fields,
        }
    }

    fn line(&self, form: Form, time: LogTime, now: Timestamp) -> String {
        let now = match time {
            LogTime::Shown => Some(now),
            LogTime::Hidden => None,
        };
        match form {
            Form::Json => self.json(now).unwrap_or_default() + "\n",
            Form::Text(paint) => self.text(paint, now),
        }
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
            if TAKEN.contains(name) {
                map.serialize_entry(&format!("field.{name}"), value)?;
            } else {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(now) = now {
            map.serialize_entry("time", &format!("{now:.3}"))?;
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
            self.fields
                .message
                .replace(|letter: char| letter.is_control() && letter != '\n', " ")
        );
        for (name, value) in &self.fields.values {
            let _ = write!(
                line,
                "  {}{}",
                colored("2", &format!("{name}="), paint),
                bare(value)
            );
        }
        line + "\n"
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
                values,
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
    fn the_form_follows_the_terminal() {
        let plain = Form::Text(Paint::Plain);
        let color = Form::Text(Paint::Colored);
        for (asked, terminal, expected) in [
            (None, true, color),
            (None, false, Form::Json),
            (Some(LogForm::Text), false, plain),
            (Some(LogForm::Text), true, color),
            (Some(LogForm::Color), false, color),
            (Some(LogForm::Json), true, Form::Json),
        ] {
            assert_eq!(form(asked, terminal, &Environment::default()), expected);
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

    #[test]
    fn libraries_are_quiet_below_debug() {
        use tracing::Level;
        for (level, target, at, enabled) in [
            (LogLevel::Info, "addon_operator::watch", Level::INFO, true),
            (LogLevel::Info, "addon_operator::watch", Level::DEBUG, false),
            (LogLevel::Info, "hyper_util::client", Level::INFO, false),
            (LogLevel::Info, "rustls::client", Level::WARN, true),
            (LogLevel::Debug, "tower::buffer", Level::DEBUG, false),
            (LogLevel::Trace, "tower::buffer", Level::TRACE, true),
        ] {
            assert_eq!(
                filter(level, false).would_enable(target, &at),
                enabled,
                "{target}"
            );
        }
        assert!(
            filter(LogLevel::Info, true).would_enable("addon_operator::cluster", &Level::TRACE)
        );
    }

    #[test]
    fn records_carry_the_fields_of_their_spans() {
        let (seen, told) = std::sync::mpsc::channel();
        let subscriber = Registry::default().with(Told(seen)).with(Lines {
            form: Form::Json,
            time: LogTime::Hidden,
        });
        tracing::subscriber::with_default(subscriber, || {
            let outer = tracing::info_span!(
                "task",
                module = "a",
                queue = "main",
                late = tracing::field::Empty
            );
            outer.record("late", true);
            let _outer = outer.enter();
            let _inner = tracing::info_span!("hook", module = "b").entered();
            tracing::info!(attempt = 1_u64, "hook ran");
        });
        assert_eq!(
            told.recv().unwrap(),
            "module=b queue=main late=true attempt=1"
        );
    }

    /// Tells what `Lines` knows of the spans around an event.
    struct Told(std::sync::mpsc::Sender<String>);

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Told {
        fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
            let fields = fields_of(event, &context);
            let pairs = fields
                .values
                .iter()
                .map(|(name, value)| format!("{name}={}", bare(value)));
            self.0.send(pairs.collect::<Vec<_>>().join(" ")).unwrap();
        }
    }
}
