//! Values → TOML, to the byte as the encoder of `BurntSushi` writes it.
//!
//! Every map has its scalars first, then its tables, both in the order of their names, nested ones two
//! blanks further right. What is nil is left out.

use crate::govalue::{Error, Json, Kind as Type, List, Map, Record, Text, Value, grow_stack};
use crate::sprig::date;

/// How deep values may nest: one that contains itself never ends in Go.
const MAX_DEPTH: usize = 10_000;

/// How many bytes are written before they are told.
const CHUNK: usize = 64 << 10;

pub(super) fn write(
    value: &Value,
    spend: &dyn Fn(usize) -> Result<(), Error>,
) -> Result<Vec<u8>, Error> {
    let mut page = Page {
        out: Vec::new(),
        key: Vec::new(),
        depth: 0,
        told: 0,
        spend,
    };
    page.named(value)?;
    spend(page.out.len() - page.told)?;
    Ok(page.out)
}

struct Page<'a> {
    out: Vec<u8>,
    /// The names that lead to what is being written, quoted as needed.
    key: Vec<Vec<u8>>,
    depth: usize,
    told: usize,
    spend: &'a dyn Fn(usize) -> Result<(), Error>,
}

/// What a value is for TOML.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nil, which is left out.
    Nothing,
    /// Whatever stands on a line of its own.
    Plain,
    Table,
    Tables,
}

impl Page<'_> {
    /// Writes a value with its name, if it has one.
    fn named(&mut self, value: &Value) -> Result<(), Error> {
        match kind(value)? {
            Kind::Nothing => Ok(()),
            Kind::Plain => self.pair(value),
            Kind::Table => self.table(value),
            Kind::Tables => self.tables(value),
        }
    }

    /// Writes `name = value`, or the value alone where nothing has a name.
    fn pair(&mut self, value: &Value) -> Result<(), Error> {
        let Some(name) = self.key.last() else {
            return self.element(value);
        };
        self.out
            .resize(self.out.len() + 2 * (self.key.len() - 1), b' ');
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(b" = ");
        self.element(value)?;
        self.out.push(b'\n');
        self.tell()
    }

    fn table(&mut self, table: &Value) -> Result<(), Error> {
        if self.key.len() == 1 {
            self.empty_line();
        }
        if !self.key.is_empty() {
            self.header("[", "]");
        }
        self.content(table)
    }

    fn tables(&mut self, list: &Value) -> Result<(), Error> {
        if self.key.is_empty() {
            return Err(failed("toml: top-level values must be Go maps or structs"));
        }
        let Value::List(list) = list else {
            return Ok(());
        };
        for table in list.iter() {
            self.empty_line();
            self.header("[[", "]]");
            self.content(table)?;
        }
        Ok(())
    }

    fn empty_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
    }

    fn header(&mut self, open: &str, close: &str) {
        self.out
            .resize(self.out.len() + 2 * (self.key.len() - 1), b' ');
        self.out.extend_from_slice(open.as_bytes());
        self.out.extend_from_slice(&self.key.join(&b'.'));
        self.out.extend_from_slice(close.as_bytes());
        self.out.push(b'\n');
    }

    fn content(&mut self, table: &Value) -> Result<(), Error> {
        self.enter()?;
        let (direct, tables) = entries(table)?;
        for (name, value) in direct.into_iter().chain(tables) {
            self.key.push(quoted_name(&name));
            grow_stack(|| self.named(&value))?;
            self.key.pop();
        }
        self.depth -= 1;
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let why = "a value for toToml nests too deep, or contains itself";
            return Err(Error::Limit(why.to_owned()));
        }
        Ok(())
    }

    /// Writes a value behind `=`, or inside another one.
    fn element(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Nil => {}
            Value::Bool(truth) => self.word(&truth.to_string()),
            Value::Int(number) | Value::Int64(number) => self.word(&number.to_string()),
            Value::Uint8(number) => self.word(&number.to_string()),
            Value::Uint64(number) => self.word(&number.to_string()),
            Value::Float(number) => self.float(*number),
            Value::Complex(..) => return Err(failed("unsupported type: complex128")),
            Value::Text(text) => write_quoted(&mut self.out, text),
            Value::Bytes(bytes) => {
                let items: Vec<Value> = bytes.iter().map(|byte| Value::Uint8(*byte)).collect();
                self.list(&items)?;
            }
            Value::List(list) => self.list(list)?,
            Value::Map(_) | Value::Record(_) => match marshalled(value) {
                Some(Made::Quoted(text)) => write_quoted(&mut self.out, &text),
                Some(Made::Plain(text)) => self.out.extend_from_slice(&text),
                None => grow_stack(|| self.inline(value))?,
            },
        }
        self.tell()
    }

    fn word(&mut self, word: &str) {
        self.out.extend_from_slice(word.as_bytes());
    }

    fn float(&mut self, number: f64) {
        let start = self.out.len();
        if number.is_finite() {
            crate::govalue::print::write_float(&mut self.out, number, b'g', None);
            if !self.out[start..]
                .iter()
                .any(|byte| matches!(byte, b'e' | b'.'))
            {
                self.out.extend_from_slice(b".0");
            }
        } else {
            let sign = if number.is_sign_negative() { "-" } else { "" };
            let word = if number.is_nan() { "nan" } else { "inf" };
            self.word(&format!("{sign}{word}"));
        }
    }

    fn list(&mut self, items: &[Value]) -> Result<(), Error> {
        self.enter()?;
        self.out.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b", ");
            }
            grow_stack(|| self.element(item))?;
        }
        self.out.push(b']');
        self.depth -= 1;
        Ok(())
    }

    /// Writes a table inside a list. A comma too many stays where the last entry is left out.
    fn inline(&mut self, table: &Value) -> Result<(), Error> {
        self.enter()?;
        let (direct, tables) = entries(table)?;
        let count = direct.len() + tables.len();
        self.out.push(b'{');
        for (index, (name, value)) in direct.iter().chain(&tables).enumerate() {
            if kind(value)? == Kind::Nothing {
                continue;
            }
            self.out.extend_from_slice(&quoted_name(name));
            self.out.extend_from_slice(b" = ");
            self.element(value)?;
            if index + 1 < count {
                self.out.extend_from_slice(b", ");
            }
        }
        self.out.push(b'}');
        self.depth -= 1;
        Ok(())
    }

    fn tell(&mut self) -> Result<(), Error> {
        if self.out.len() - self.told > CHUNK {
            (self.spend)(self.out.len() - self.told)?;
            self.told = self.out.len();
        }
        Ok(())
    }
}

fn failed(why: &str) -> Error {
    Error::Failed(why.to_owned())
}

fn kind(value: &Value) -> Result<Kind, Error> {
    Ok(match value {
        Value::Nil => Kind::Nothing,
        Value::List(list) if list.is_nil() => Kind::Nothing,
        Value::Map(map) if map.is_nil() => Kind::Nothing,
        Value::Complex(..) => return Err(failed("unsupported type: complex128")),
        Value::List(list) if are_tables(list)? => Kind::Tables,
        Value::Map(_) => Kind::Table,
        Value::Record(_) if marshalled(value).is_none() => Kind::Table,
        _ => Kind::Plain,
    })
}

fn are_tables(list: &List) -> Result<bool, Error> {
    let mut are_tables = !list.is_empty();
    for item in list.iter() {
        match grow_stack(|| kind(item))? {
            Kind::Nothing => return Err(failed("toml: cannot encode array with nil element")),
            Kind::Table => {}
            _ => are_tables = false,
        }
    }
    Ok(are_tables)
}

/// What a type makes of itself.
enum Made {
    Plain(Vec<u8>),
    Quoted(Text),
}

fn marshalled(value: &Value) -> Option<Made> {
    let Value::Record(record) = value else {
        return None;
    };
    if let Some(text) = date::to_toml(record) {
        return Some(Made::Plain(text));
    }
    let shape = record.shape();
    match (record.number(), shape.to_text, shape.json) {
        // Lengths of time are told, months and weekdays counted.
        (Some(_), Some(to_text), _) if shape.kind == Type::Int64 => {
            Some(Made::Quoted(to_text(record)))
        }
        (Some(number), ..) => Some(Made::Plain(number.to_string().into_bytes())),
        (None, _, Json::Made(make)) => match make(record) {
            Value::Text(text) => Some(Made::Quoted(text)),
            _ => None,
        },
        _ => None,
    }
}

type Entries = Vec<(Vec<u8>, Value)>;

/// The entries of a table: those of one line, then those that are tables.
fn entries(table: &Value) -> Result<(Entries, Entries), Error> {
    let entries = match table {
        Value::Map(map) => of_map(map),
        Value::Record(record) => {
            let mut entries = Vec::new();
            of_record(record, &mut entries);
            entries
        }
        _ => Vec::new(),
    };
    let (mut direct, mut tables) = (Vec::new(), Vec::new());
    for entry in entries {
        if matches!(kind(&entry.1)?, Kind::Table | Kind::Tables) {
            tables.push(entry);
        } else {
            direct.push(entry);
        }
    }
    Ok((direct, tables))
}

fn of_map(map: &Map) -> Entries {
    let entries = map.entries();
    let entries = entries.iter();
    entries
        .map(|(key, value)| (key.to_vec(), value.clone()))
        .collect()
}

/// The fields of a struct; those of a struct that it embeds are its own.
fn of_record(record: &Record, entries: &mut Entries) {
    for (name, value) in record.shape().fields.iter().zip(record.fields()) {
        match &value {
            Value::Record(embedded)
                if embedded.shape().type_name.rsplit('.').next() == Some(*name) =>
            {
                of_record(embedded, entries);
            }
            _ => entries.push((name.as_bytes().to_vec(), value)),
        }
    }
}

fn quoted_name(name: &[u8]) -> Vec<u8> {
    let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.iter().all(is_bare) {
        return name.to_vec();
    }
    let mut quoted = Vec::with_capacity(name.len() + 2);
    write_quoted(&mut quoted, name);
    quoted
}

fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 | 0x7f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            byte => out.push(*byte),
        }
    }
    out.push(b'"');
}
