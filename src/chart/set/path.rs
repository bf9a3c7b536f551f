//! Keys, indexes and values of an argument.

use serde_json::{Deserializer, Value as Json};

use crate::chart::Tree;
use crate::govalue::{List, Map, Value};

use super::Kind;
use super::scan::Scanner;

/// The largest index: Helm's own limit.
const INDEX_LIMIT: i64 = 65536;
/// How deep names may nest: Helm's own limit.
const DEPTH_LIMIT: usize = 30;

/// Why reading stops.
pub(super) enum Failure {
    /// The argument is at its end.
    End,
    /// Something is wrong.
    Told(String),
}

impl From<String> for Failure {
    fn from(words: String) -> Self {
        Self::Told(words)
    }
}

/// A list while items are put into it.
type Items = Vec<Value>;

pub(super) struct Parser<'a> {
    pub(super) scanner: Scanner<'a>,
    pub(super) kind: &'a Kind<'a>,
}

impl Parser<'_> {
    fn is_literal(&self) -> bool {
        matches!(self.kind, Kind::Literal)
    }

    /// Reads one key with its value into a map.
    pub(super) fn key(&mut self, into: &Map, depth: usize) -> Result<(), Failure> {
        let stops: &[char] = if self.is_literal() {
            &['=', '[', '.']
        } else {
            &['=', '[', ',', '.']
        };
        let word = self.scanner.until(stops, !self.is_literal());
        let key = word.text;
        match word.end {
            None if key.is_empty() => Err(Failure::End),
            None => Err(Failure::Told(format!("key {key:?} has no value"))),
            Some('[') => self.list(into, &key, depth),
            Some('=') => self.value(into, &key),
            Some(',') => {
                put(into, &key, Value::from(""));
                let words = format!("key {key:?} has no value (cannot end with ,)");
                Err(Failure::Told(words))
            }
            Some(_) => self.map(into, &key, depth + 1),
        }
    }

    fn list(&mut self, into: &Map, key: &str, depth: usize) -> Result<(), Failure> {
        let index = self.index()?;
        let list = match into.get(key.as_bytes()) {
            None => Items::new(),
            Some(Value::List(list)) => list.to_vec(),
            Some(other) => return Err(wrong_type(&other, "[]interface {}")),
        };
        let (list, result) = self.item(list, index, depth);
        put(into, key, Value::from(list));
        result
    }

    fn map(&mut self, into: &Map, key: &str, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH_LIMIT {
            return Err(Failure::Told(format!(
                "value name nested level is greater than maximum supported nested level of \
                 {DEPTH_LIMIT}"
            )));
        }
        let inner = match into.get(key.as_bytes()) {
            None => Map::any(),
            Some(Value::Map(inner)) => inner,
            Some(other) => return Err(wrong_type(&other, "map[string]interface {}")),
        };
        let result = self.key(&inner, depth);
        if !inner.is_empty() {
            put(into, key, Value::Map(inner));
        } else if result.is_ok() {
            return Err(Failure::Told(format!("key map {key:?} has no value")));
        }
        result
    }

    fn value(&mut self, into: &Map, key: &str) -> Result<(), Failure> {
        match self.kind {
            Kind::Literal => {
                put(into, key, Value::from(self.literal()));
                Ok(())
            }
            Kind::Json => {
                let value = self.json()?;
                put(into, key, value);
                Ok(())
            }
            _ => {
                let (value, result) = self.plain();
                put(into, key, value);
                result
            }
        }
    }

    /// Everything that is left.
    fn literal(&mut self) -> String {
        self.scanner.until(&[], false).text
    }

    fn json(&mut self) -> Result<Value, Failure> {
        if self.scanner.skip_blank_value() {
            return Ok(Value::Nil);
        }
        let mut stream = Deserializer::from_str(self.scanner.rest()).into_iter::<Json>();
        let json = match stream.next() {
            Some(Ok(json)) => json,
            Some(Err(error)) => return Err(Failure::Told(error.to_string())),
            None => return Err(Failure::Told("EOF".to_owned())),
        };
        self.scanner.skip(stream.byte_offset());
        let value = Tree::from(json).to_value();
        self.scanner.skip_blank_value();
        Ok(value)
    }

    /// A value or a list of them; the empty text at the end of the argument.
    fn plain(&mut self) -> (Value, Result<(), Failure>) {
        if self.scanner.rest().is_empty() {
            return (Value::from(""), Err(Failure::End));
        }
        if self.scanner.take('{') {
            return match self.braces() {
                Ok(list) => (Value::from(list), Ok(())),
                Err(failure) => (Value::Nil, Err(failure)),
            };
        }
        let word = self.scanner.until(&[','], true);
        match self.convert(&word.text) {
            Ok(value) => (value, Ok(())),
            Err(words) => (Value::Nil, Err(Failure::Told(words))),
        }
    }

    fn braces(&mut self) -> Result<Items, Failure> {
        let mut items = Items::new();
        loop {
            let word = self.scanner.until(&[',', '}'], true);
            let Some(end) = word.end else {
                return Err(Failure::Told("list must terminate with '}'".to_owned()));
            };
            items.push(self.convert(&word.text)?);
            if end == '}' {
                self.scanner.take(',');
                return Ok(items);
            }
        }
    }

    fn convert(&self, text: &str) -> Result<Value, String> {
        match self.kind {
            Kind::Typed => Ok(typed(text)),
            Kind::File(read) => Ok(Value::text(read(text)?)),
            Kind::Text | Kind::Json | Kind::Literal => Ok(Value::from(text)),
        }
    }

    /// The number in brackets, behind the opening one.
    fn index(&mut self) -> Result<i64, Failure> {
        let word = self.scanner.until(&[']'], !self.is_literal());
        if word.end.is_none() {
            return Err(Failure::Told("error parsing index: EOF".to_owned()));
        }
        let text = word.text;
        text.parse().map_err(|_| {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let why = if is_number {
                "value out of range"
            } else {
                "invalid syntax"
            };
            Failure::Told(format!(
                "error parsing index: strconv.Atoi: parsing {text:?}: {why}"
            ))
        })
    }

    /// Reads what follows an index. The list is given back also when that fails.
    fn item(&mut self, list: Items, index: i64, depth: usize) -> (Items, Result<(), Failure>) {
        if index < 0 {
            let words = format!("negative {index} index not allowed");
            return (list, Err(Failure::Told(words)));
        }
        let word = self.scanner.until(&['[', '.', '='], !self.is_literal());
        if !word.text.is_empty() {
            let letters: Vec<_> = word
                .text
                .chars()
                .map(|letter| format!("{letter:?}"))
                .collect();
            let letters = letters.join(" ");
            let words = format!("unexpected data at end of array index: [{letters}]");
            return (list, Err(Failure::Told(words)));
        }
        let place = usize::try_from(index).unwrap_or(usize::MAX);
        let found = match word.end {
            None => Err(Failure::End),
            Some('=') => self.item_value(),
            Some('[') => self.nested_list(list.get(place), depth),
            Some(_) => {
                let inner = match list.get(place) {
                    Some(Value::Map(inner)) => inner.clone(),
                    _ => Map::any(),
                };
                self.key(&inner, depth).map(|()| Value::Map(inner))
            }
        };
        match found {
            Ok(value) => put_at(list, index, value),
            Err(failure) => (list, Err(failure)),
        }
    }

    fn item_value(&mut self) -> Result<Value, Failure> {
        match self.kind {
            Kind::Literal => Ok(Value::from(self.literal())),
            Kind::Json => self.json(),
            _ => match self.plain() {
                (value, Ok(()) | Err(Failure::End)) => Ok(value),
                (_, Err(failure)) => Err(failure),
            },
        }
    }

    fn nested_list(&mut self, present: Option<&Value>, depth: usize) -> Result<Value, Failure> {
        let index = self.index()?;
        let list = match present {
            None | Some(Value::Nil) => Items::new(),
            Some(Value::List(list)) => list.to_vec(),
            Some(other) => return Err(wrong_type(other, "[]interface {}")),
        };
        let (list, result) = self.item(list, index, depth);
        result.map(|()| Value::from(list))
    }
}

/// What a text means for `--set`.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") {
        return Value::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Value::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Nil;
    }
    if text == "0" {
        return Value::Int64(0);
    }
    if !text.starts_with('0')
        && let Ok(number) = text.parse()
    {
        return Value::Int64(number);
    }
    Value::from(text)
}

/// Sets a key, unless it is empty.
fn put(into: &Map, key: &str, value: Value) {
    if !key.is_empty() {
        into.insert(key, value);
    }
}

fn put_at(mut list: Items, index: i64, value: Value) -> (Items, Result<(), Failure>) {
    if index > INDEX_LIMIT {
        let words =
            format!("index of {index} is greater than maximum supported index of {INDEX_LIMIT}");
        return (list, Err(Failure::Told(words)));
    }
    let place = usize::try_from(index).unwrap_or_default();
    if list.len() <= place {
        list.resize(place + 1, Value::Nil);
    }
    if let Some(item) = list.get_mut(place) {
        *item = value;
    }
    (list, Ok(()))
}

fn wrong_type(found: &Value, wanted: &str) -> Failure {
    let found = match found {
        Value::Nil => "nil",
        other => other.type_name(),
    };
    Failure::Told(format!(
        "unable to parse key: interface conversion: interface {{}} is {found}, not {wanted}"
    ))
}

/// The items of a list, to be changed.
trait Copied {
    fn to_vec(&self) -> Items;
}

impl Copied for List {
    fn to_vec(&self) -> Items {
        self.iter().cloned().collect()
    }
}
