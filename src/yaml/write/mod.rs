//! Values → text, to the byte as `sigs.k8s.io/yaml` writes it.
//!
//! That library is go-yaml v2 with its settings left alone: blocks, two blanks of indentation, lists
//! not indented inside mappings, keys in natural order, text folded behind column 80.

mod order;
mod page;
mod style;
mod text;

use serde_json::{Map, Value};

use super::number;
use page::Page;
use style::Style;

/// Writes a value. The text ends with a line break, and reading it gives the value back.
///
/// Whole floats become integers, as they do on the way through JSON there.
pub fn write(value: &Value) -> String {
    let mut writer = Writer { page: Page::new() };
    writer.value(value, Context::Root);
    writer.page.finish()
}

struct Writer {
    page: Page,
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
    fn value(&mut self, value: &Value, context: Context) {
        match value {
            Value::Null => self.plain("null"),
            Value::Bool(true) => self.plain("true"),
            Value::Bool(false) => self.plain("false"),
            Value::Number(number) => self.plain(&number::to_yaml(number)),
            Value::String(text) => self.text(text, style::of_value(text)),
            Value::Array(items) if items.is_empty() => self.page.indicator("[]"),
            Value::Array(items) => self.items(items, context),
            Value::Object(entries) if entries.is_empty() => self.page.indicator("{}"),
            Value::Object(entries) => self.entries(entries),
        }
    }

    fn items(&mut self, items: &[Value], context: Context) {
        // A list in a mapping stands as far left as its key, unless the key has a line of its own.
        let is_flush = context == Context::MappingValue && !self.page.is_at_indentation();
        let outer = if is_flush {
            self.page.indentation()
        } else {
            self.page.indent()
        };
        for item in items {
            self.page.new_line();
            self.page.marker("-");
            self.value(item, Context::Item);
        }
        self.page.restore(outer);
    }

    fn entries(&mut self, entries: &Map<String, Value>) {
        let outer = self.page.indent();
        for (key, value) in order::natural(entries) {
            self.page.new_line();
            if style::is_one_line(key) && key.len() <= MAX_SIMPLE_KEY {
                self.text(key, style::of_key(key));
                self.page.suffix(":");
            } else {
                self.page.marker("?");
                self.text(key, style::of_value(key));
                self.page.new_line();
                self.page.marker(":");
            }
            self.value(value, Context::MappingValue);
        }
        self.page.restore(outer);
    }

    fn plain(&mut self, text: &str) {
        self.text(text, Style::PLAIN);
    }

    fn text(&mut self, text: &str, style: Style) {
        let outer = self.page.indent_text();
        text::put(&mut self.page, text, style);
        self.page.restore(outer);
    }
}
