//! What a hook says, as log records.
//!
//! A line is a record. A JSON object, on one line or several, is a record with its own level and
//! message; its other fields are kept, with `hook_` before their names. Several objects on a line are
//! several records. Secrets are masked in all of it.

use std::borrow::Cow;

use serde_json::{Deserializer, Map, Value};

use super::Labels;
use super::run::LONGEST_LINE;
use crate::name::ModuleName;
use crate::process::Stream;
use crate::secret::Secrets;

/// Of a text more characters are not logged.
const LONGEST_TEXT: usize = 10_000;
/// More is no JSON object, but text that begins like one, in bytes.
const LONGEST_OBJECT: usize = 64 << 10;
/// The same in lines.
const MOST_LINES: usize = 1000;
/// What an object without a message is called, as in the original.
const NO_MESSAGE: &str = "hook result";

/// Logs what one run says.
pub(super) struct Log<'a> {
    hook: &'a str,
    module: Option<&'a str>,
    labels: Labels<'a>,
    secrets: &'a Secrets,
    proxy_json: bool,
    stdout: Pieces,
    stderr: Pieces,
}

impl<'a> Log<'a> {
    pub(super) fn new(
        (module, hook): (Option<&'a ModuleName>, &'a str),
        labels: Labels<'a>,
        secrets: &'a Secrets,
        proxy_json: bool,
    ) -> Self {
        Self {
            hook,
            module: module.map(ModuleName::as_str),
            labels,
            secrets,
            proxy_json,
            stdout: Pieces::default(),
            stderr: Pieces::default(),
        }
    }

    /// Logs a line, or keeps it until it is clear what it belongs to.
    pub(super) fn hear(&mut self, stream: Stream, line: &str) {
        for record in self.pieces(stream).push(line) {
            self.write(stream, record);
        }
    }

    /// Logs what is kept.
    pub(super) fn finish(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            for record in self.pieces(stream).give_up() {
                self.write(stream, record);
            }
        }
    }

    fn pieces(&mut self, stream: Stream) -> &mut Pieces {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    fn write(&self, stream: Stream, record: Record) {
        match record {
            Record::Line(line) => {
                let told = self.masked_line(&line);
                self.tell(stream, tracing::Level::INFO, &told, &Extra::default());
            }
            Record::Object(mut object) if self.proxy_json => {
                self.secrets.mask_map(&mut object);
                let text = Value::Object(object).to_string();
                let extra = Extra {
                    record: Some(&text),
                    ..Extra::default()
                };
                self.tell(stream, tracing::Level::INFO, NO_MESSAGE, &extra);
            }
            Record::Object(mut object) => {
                self.secrets.mask_map(&mut object);
                let (level, message, rest) = take_apart(object);
                let text = Value::Object(rest).to_string();
                let extra = Extra {
                    fields: Some(&text),
                    is_json: Some(true),
                    ..Extra::default()
                };
                self.tell(stream, level, &message, &extra);
            }
        }
    }

    /// A line without secrets. What is too long was cut, perhaps within one.
    fn masked_line<'l>(&self, line: &'l str) -> Cow<'l, str> {
        match line
            .strip_suffix('…')
            .filter(|cut| cut.len() + 4 > LONGEST_LINE)
        {
            Some(cut) if !self.secrets.is_empty() => {
                format!("{}…", self.secrets.mask_piece(cut)).into()
            }
            _ => self.secrets.mask(line),
        }
    }

    #[expect(
        clippy::cognitive_complexity,
        reason = "one record in five levels, which must be known when this is compiled"
    )]
    fn tell(&self, stream: Stream, level: tracing::Level, message: &str, extra: &Extra<'_>) {
        let message = shortened(message);
        macro_rules! tell {
            ($level:ident) => {
                tracing::event!(
                    target: "hook",
                    tracing::Level::$level,
                    hook = self.hook,
                    module = self.module,
                    binding = self.labels.binding,
                    queue = self.labels.queue,
                    task = self.labels.task,
                    output = stream.name(),
                    proxyJsonLog = extra.is_json,
                    hook_fields = extra.fields,
                    hook_record = extra.record,
                    "{message}"
                )
            };
        }
        match level {
            tracing::Level::ERROR => tell!(ERROR),
            tracing::Level::WARN => tell!(WARN),
            tracing::Level::INFO => tell!(INFO),
            tracing::Level::DEBUG => tell!(DEBUG),
            tracing::Level::TRACE => tell!(TRACE),
        }
    }
}

/// What a record has beside its labels.
#[derive(Default)]
struct Extra<'a> {
    is_json: Option<bool>,
    /// Fields as a JSON object; the log gives each a place of its own, with `hook_` before its name.
    fields: Option<&'a str>,
    /// A whole record as a JSON object; the log adds the labels and writes it as it is.
    record: Option<&'a str>,
}

/// A text, or its beginning and how much there is of it.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.into(),
        Some((end, _)) => {
            let (kept, count) = (text.get(..end).unwrap_or_default(), text.chars().count());
            format!("{kept}… ({LONGEST_TEXT} of {count} characters)").into()
        }
    }
}

/// The level, the message and the other fields of an object.
fn take_apart(mut object: Map<String, Value>) -> (tracing::Level, String, Map<String, Value>) {
    let level = match object.remove("level") {
        Some(Value::String(level)) => match level.to_ascii_lowercase().as_str() {
            "fatal" | "panic" | "error" => tracing::Level::ERROR,
            "warn" | "warning" => tracing::Level::WARN,
            "debug" => tracing::Level::DEBUG,
            "trace" => tracing::Level::TRACE,
            _ => tracing::Level::INFO,
        },
        _ => tracing::Level::INFO,
    };
    let message = match object.remove("msg") {
        Some(Value::String(message)) => message,
        Some(other) => other.to_string(),
        None => NO_MESSAGE.to_owned(),
    };
    object.remove("time");
    (level, message, object)
}

#[derive(Debug, PartialEq)]
enum Record {
    Line(String),
    Object(Map<String, Value>),
}

/// Lines that may become one object.
#[derive(Default)]
struct Pieces {
    kept: Vec<String>,
    size: usize,
}

impl Pieces {
    /// The records that are clear now.
    fn push(&mut self, line: &str) -> Vec<Record> {
        let begins = self.kept.is_empty();
        if begins && !line.trim_start().starts_with('{') {
            return vec![Record::Line(line.to_owned())];
        }
        self.size += line.len() + 1;
        self.kept.push(line.to_owned());
        // Most lines inside an object need no look at the whole.
        if begins || line.trim_end().ends_with('}') {
            match objects(&self.kept.join("\n")) {
                Ok(objects) => {
                    self.forget();
                    return objects;
                }
                Err(error) if error.is_eof() => {}
                Err(_) => return self.give_up_first(),
            }
        }
        if self.size > LONGEST_OBJECT || self.kept.len() > MOST_LINES {
            return self.give_up();
        }
        Vec::new()
    }

    /// The first line began no object: it is a line, and the next may begin one.
    fn give_up_first(&mut self) -> Vec<Record> {
        let mut lines = std::mem::take(&mut self.kept).into_iter();
        self.forget();
        let mut records: Vec<Record> = lines.next().into_iter().map(Record::Line).collect();
        for line in lines {
            records.extend(self.push(&line));
        }
        records
    }

    /// What is kept was no object: its lines.
    fn give_up(&mut self) -> Vec<Record> {
        let lines = std::mem::take(&mut self.kept);
        self.forget();
        lines.into_iter().map(Record::Line).collect()
    }

    fn forget(&mut self) {
        self.kept.clear();
        self.size = 0;
    }
}

/// A text of objects, one after another.
fn objects(text: &str) -> serde_json::Result<Vec<Record>> {
    let objects = Deserializer::from_str(text).into_iter();
    objects.map(|object| object.map(Record::Object)).collect()
}
