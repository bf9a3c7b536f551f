//! Values → text, to the byte as Go's YAML libraries write it.
//!
//! go-yaml v2 with its settings left alone, which is what `sigs.k8s.io/yaml` and so Kubernetes and
//! Helm's `toYaml` use: blocks, two blanks of indentation, lists not indented inside mappings, keys in
//! natural order, text folded behind column 80. And go-yaml v3 as Helm's `toYamlPretty` sets it.

mod order;
mod page;
mod style;
mod text;

use serde_json::{Map, Value};

pub use order::sort_keys;
pub use page::Outer;

use super::number;
use page::Page;
use style::Style;

/// Writes a value. The text ends with a line break, and reading it gives the value back.
///
/// Whole floats become integers, as they do on the way through JSON there.
pub fn write(value: &Value) -> String {
    let mut writer = Writer::new(Manner::Safe);
    write_value(&mut writer, value);
    writer.finish()
}

/// Whose way of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// go-yaml v2's, but that everything is read back as it was: the key `<<` is quoted.
    Safe,
    /// go-yaml v2's.
    V2,
    /// go-yaml v3's with an indentation of two: lists are indented inside mappings, nothing is folded.
    V3,
}

/// A text that is written value by value.
///
/// A list is [`Writer::begin_list`], for each item [`Writer::item`] and its value, [`Writer::end`]; a
/// mapping the same with [`Writer::key`], its keys in the order of [`sort_keys`]. What is empty has a
/// call of its own.
pub struct Writer {
    page: Page,
    manner: Manner,
    context: Context,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    Root,
    Item,
    MappingValue,
}

/// A key longer than this gets a line of its own, behind `?`.
const MAX_SIMPLE_KEY: usize = 128;

impl Writer {
    /// An empty text.
    pub fn new(manner: Manner) -> Self {
        Self {
            page: Page::new(manner != Manner::V3),
            manner,
            context: Context::Root,
        }
    }

    /// The text, which ends with a line break.
    pub fn finish(self) -> String {
        self.page.finish()
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.page.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes `null`, `true`, a number, or any other word that must not be quoted.
    pub fn plain(&mut self, word: &str) {
        self.put(word, Style::PLAIN);
    }

    /// Writes a float. On its way through JSON, a whole one becomes an integer in v2.
    pub fn float(&mut self, float: f64) {
        let text = if self.manner == Manner::V3 {
            number::print(float)
        } else {
            number::print_whole(float)
        };
        self.plain(&text);
    }

    /// Writes a text, quoted as needed.
    pub fn text(&mut self, text: &str) {
        self.put(text, style::of_value(text, self.manner));
    }

    /// Writes bytes, given as base64 and broken into lines, with their tag.
    pub fn binary(&mut self, base64: &str) {
        self.page.indicator("!!binary");
        let form = if base64.contains('\n') {
            style::Form::Literal
        } else {
            style::Form::Plain
        };
        self.put(base64, Style { form, folds: true });
    }

    /// Writes `[]`.
    pub fn empty_list(&mut self) {
        self.page.indicator("[]");
    }

    /// Writes `{}`.
    pub fn empty_map(&mut self) {
        self.page.indicator("{}");
    }

    /// Begins a list that has items.
    pub fn begin_list(&mut self) -> Outer {
        // A list in a mapping stands as far left as its key, unless the key has a line of its own.
        let is_flush = self.manner != Manner::V3
            && self.context == Context::MappingValue
            && !self.page.is_at_indentation();
        if is_flush {
            self.page.indentation()
        } else {
            self.page.indent()
        }
    }

    /// Begins the next item of a list.
    pub fn item(&mut self) {
        self.page.new_line();
        self.page.marker("-");
        self.context = Context::Item;
    }

    /// Begins a mapping that has entries.
    pub fn begin_map(&mut self) -> Outer {
        self.page.indent()
    }

    /// Writes the next key of a mapping.
    pub fn key(&mut self, key: &str) {
        self.page.new_line();
        if key.len() <= MAX_SIMPLE_KEY && style::is_one_line(key) {
            self.put(key, style::of_key(key, self.manner));
            self.page.suffix(":");
        } else {
            self.page.marker("?");
            self.put(key, style::of_value(key, self.manner));
            self.page.new_line();
            self.page.marker(":");
        }
        self.context = Context::MappingValue;
    }

    /// Ends a list or a mapping.
    pub fn end(&mut self, outer: Outer) {
        self.page.restore(outer);
    }

    fn put(&mut self, text: &str, style: Style) {
        let outer = self.page.indent_text();
        text::put(&mut self.page, text, style);
        self.page.restore(outer);
    }
}

fn write_value(writer: &mut Writer, value: &Value) {
    match value {
        Value::Null => writer.plain("null"),
        Value::Bool(true) => writer.plain("true"),
        Value::Bool(false) => writer.plain("false"),
        Value::Number(number) => writer.plain(&number::to_yaml(number)),
        Value::String(text) => writer.text(text),
        Value::Array(items) if items.is_empty() => writer.empty_list(),
        Value::Array(items) => {
            let outer = writer.begin_list();
            for item in items {
                writer.item();
                write_value(writer, item);
            }
            writer.end(outer);
        }
        Value::Object(entries) if entries.is_empty() => writer.empty_map(),
        Value::Object(entries) => write_entries(writer, entries),
    }
}

fn write_entries(writer: &mut Writer, entries: &Map<String, Value>) {
    let outer = writer.begin_map();
    let mut sorted: Vec<(&str, &Value)> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    sort_keys(&mut sorted, Manner::Safe, |entry| entry.0);
    for (key, value) in sorted {
        writer.key(key);
        write_value(writer, value);
    }
    writer.end(outer);
}
