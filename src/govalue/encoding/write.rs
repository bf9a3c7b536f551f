//! Values → JSON, to the byte as `encoding/json` writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::guard::Guard;
use super::number::{write_float, write_integer};
use crate::govalue::record::{Json, Member};
use crate::govalue::{Error, Record, Value, grow_stack};

/// The forms in which JSON is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonForm {
    /// `json.Marshal`: one line, `<`, `>` and `&` escaped.
    Compact,
    /// One line, without those escapes.
    Raw,
    /// `json.MarshalIndent` with two blanks, escaped as the compact form.
    Pretty,
}

/// How many bytes are written before they are told.
const CHUNK: usize = 64 << 10;

/// Writes a value. `spend` is told of every few bytes made, and may end it.
///
/// # Errors
///
/// What JSON cannot hold, in Go's words: `json: unsupported value: NaN`; a value that contains itself; what
/// `spend` says.
pub fn to_json(
    value: &Value,
    form: JsonForm,
    spend: &dyn Fn(usize) -> Result<(), Error>,
) -> Result<Vec<u8>, Error> {
    let mut writer = Writer {
        out: Vec::new(),
        escapes_markup: form != JsonForm::Raw,
        indentation: (form == JsonForm::Pretty).then_some(0),
        guard: Guard::default(),
        told: 0,
        spend,
    };
    writer.value(value)?;
    spend(writer.out.len() - writer.told)?;
    Ok(writer.out)
}

struct Writer<'a> {
    out: Vec<u8>,
    escapes_markup: bool,
    /// How deep lines are indented; `None` for one line.
    indentation: Option<usize>,
    guard: Guard,
    told: usize,
    spend: &'a dyn Fn(usize) -> Result<(), Error>,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Nil => self.out.extend_from_slice(b"null"),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(number) | Value::Int64(number) => write_integer(&mut self.out, *number),
            Value::Uint8(number) => write_integer(&mut self.out, *number),
            Value::Uint64(number) => write_integer(&mut self.out, *number),
            Value::Float(float) if float.is_finite() => write_float(&mut self.out, *float),
            Value::Float(float) => return Err(not_finite(*float)),
            Value::Complex(..) => {
                return Err(Error::Failed(
                    "json: unsupported type: complex128".to_owned(),
                ));
            }
            Value::Text(text) => write_text(&mut self.out, text, self.escapes_markup),
            Value::Bytes(bytes) => {
                let text = STANDARD.encode(bytes);
                write_text(&mut self.out, text.as_bytes(), false);
            }
            Value::List(_) | Value::Map(_) | Value::Record(_) => {
                self.guard.enter(value)?;
                grow_stack(|| self.collection(value))?;
                self.guard.leave(value);
            }
        }
        if self.out.len() - self.told > CHUNK {
            (self.spend)(self.out.len() - self.told)?;
            self.told = self.out.len();
        }
        Ok(())
    }

    fn collection(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::List(list) if list.is_nil() => self.out.extend_from_slice(b"null"),
            Value::Map(map) if map.is_nil() => self.out.extend_from_slice(b"null"),
            Value::List(list) => {
                self.open(b'[');
                for (index, item) in list.iter().enumerate() {
                    self.separate(index);
                    self.value(item)?;
                }
                self.close(list.is_empty(), b']');
            }
            Value::Map(map) => {
                self.open(b'{');
                let entries = map.entries();
                for (index, (key, value)) in entries.iter().enumerate() {
                    self.separate(index);
                    self.key(key);
                    self.value(value)?;
                }
                self.close(entries.is_empty(), b'}');
            }
            Value::Record(record) => return self.record(record),
            _ => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &Record) -> Result<(), Error> {
        record.check_json()?;
        match record.shape().json {
            Json::Made(make) => self.value(&make(record)),
            Json::Members(members) => self.members(record, members),
            Json::Fields => {
                let fields = record.fields();
                self.open(b'{');
                for (index, (name, value)) in record.shape().fields.iter().zip(&fields).enumerate()
                {
                    self.separate(index);
                    self.key(name.as_bytes());
                    self.value(value)?;
                }
                self.close(fields.is_empty(), b'}');
                Ok(())
            }
        }
    }

    fn members(&mut self, record: &Record, members: &[Member]) -> Result<(), Error> {
        self.open(b'{');
        let mut count = 0;
        for member in members {
            let value = record.field(member.field).unwrap_or_default();
            // Structs are never empty, which is what `is_true` says as well.
            if member.omits_empty && !value.is_true() {
                continue;
            }
            self.separate(count);
            self.key(member.name.as_bytes());
            self.value(&value)?;
            count += 1;
        }
        self.close(count == 0, b'}');
        Ok(())
    }

    fn key(&mut self, key: &[u8]) {
        write_text(&mut self.out, key, self.escapes_markup);
        self.out.push(b':');
        if self.indentation.is_some() {
            self.out.push(b' ');
        }
    }

    fn open(&mut self, sign: u8) {
        self.out.push(sign);
        self.indentation = self.indentation.map(|depth| depth + 1);
    }

    fn close(&mut self, is_empty: bool, sign: u8) {
        self.indentation = self.indentation.map(|depth| depth - 1);
        if !is_empty {
            self.new_line();
        }
        self.out.push(sign);
    }

    /// Goes to the next item.
    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
        self.new_line();
    }

    fn new_line(&mut self) {
        if let Some(depth) = self.indentation {
            self.out.push(b'\n');
            self.out.resize(self.out.len() + 2 * depth, b' ');
        }
    }
}

fn not_finite(float: f64) -> Error {
    let printed = match float {
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        _ => "NaN",
    };
    Error::Failed(format!("json: unsupported value: {printed}"))
}

/// Appends a string in quotes. A byte that is no UTF-8 becomes the escaped replacement character.
fn write_text(out: &mut Vec<u8>, text: &[u8], escapes_markup: bool) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut written = 0;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let (width, escaped) = match byte {
            0x20 | 0x21 | 0x23..=0x25 | 0x27..=0x3b | 0x3d | 0x3f..=0x5b | 0x5d..=0x7f => {
                at += 1;
                continue;
            }
            b'<' | b'>' | b'&' if !escapes_markup => {
                at += 1;
                continue;
            }
            0x80.. => beyond_ascii(&text[at..]),
            _ => (1, true),
        };
        if escaped {
            out.extend_from_slice(&text[written..at]);
            write_escape(out, &text[at..at + width]);
            written = at + width;
        }
        at += width;
    }
    out.extend_from_slice(&text[written..]);
    out.push(b'"');
}

/// The length of a character and whether it must be escaped: a wrong byte, U+2028, U+2029.
fn beyond_ascii(text: &[u8]) -> (usize, bool) {
    let length = match text[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    match text.get(..length).map(std::str::from_utf8) {
        Some(Ok(letter)) => (length, matches!(letter, "\u{2028}" | "\u{2029}")),
        _ => (1, true),
    }
}

fn write_escape(out: &mut Vec<u8>, letter: &[u8]) {
    const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";
    let short: &[u8] = match letter {
        b"\"" => b"\\\"",
        b"\\" => b"\\\\",
        b"\n" => b"\\n",
        b"\r" => b"\\r",
        b"\t" => b"\\t",
        b"\x08" => b"\\b",
        b"\x0c" => b"\\f",
        [0xe2, 0x80, 0xa8] => b"\\u2028",
        [0xe2, 0x80, 0xa9] => b"\\u2029",
        [byte @ ..0x80] => {
            out.extend_from_slice(b"\\u00");
            out.push(HEXADECIMAL[usize::from(byte >> 4)]);
            out.push(HEXADECIMAL[usize::from(byte & 0xf)]);
            return;
        }
        _ => b"\\ufffd",
    };
    out.extend_from_slice(short);
}
