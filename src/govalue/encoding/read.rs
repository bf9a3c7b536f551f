//! JSON → values, with Go's errors.

use super::{MAX_DEPTH, scan};
use crate::govalue::{Map, Text, Value};

/// Why a text could not be read, or not as a whole.
#[derive(Clone, Debug)]
pub struct JsonError {
    /// In Go's words: `unexpected end of JSON input`.
    pub message: String,
    /// What was read all the same, when all that is wrong is a number too large: nil is in its place.
    pub value: Option<Value>,
}

/// Reads a value; every number becomes a `float64`.
///
/// # Errors
///
/// The text is no JSON, nests deeper than 10,000 levels, or has a number beyond `float64`.
pub fn from_json(text: &[u8]) -> Result<Value, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        open: Vec::new(),
        out_of_range: None,
    };
    let value = reader.read().map_err(|message| JsonError {
        message,
        value: None,
    })?;
    match reader.out_of_range {
        None => Ok(value),
        Some(message) => Err(JsonError {
            message,
            value: Some(value),
        }),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The collections that are not finished.
    open: Vec<Open>,
    out_of_range: Option<String>,
}

enum Open {
    List(Vec<Value>),
    Map(Vec<(Text, Value)>, Text),
}

impl Reader<'_> {
    fn read(&mut self) -> Result<Value, String> {
        loop {
            let Some(mut value) = self.begin()? else {
                continue;
            };
            // A value is finished: so may be what it is in.
            loop {
                match self.open.pop() {
                    None => return self.end(value),
                    Some(open) => match self.after(open, value)? {
                        Some(finished) => value = finished,
                        None => break,
                    },
                }
            }
        }
    }

    /// Reads a scalar, an empty collection, or the opening of one that has content.
    fn begin(&mut self) -> Result<Option<Value>, String> {
        let byte = self.next()?;
        let rest = &self.text[self.at..];
        let (length, value) = match byte {
            b'{' => return self.open_map(),
            b'[' => return self.open_list(),
            b'"' => return self.string().map(|text| Some(Value::Text(text))),
            b't' => (scan::word(rest, "true")?, Value::Bool(true)),
            b'f' => (scan::word(rest, "false")?, Value::Bool(false)),
            b'n' => (scan::word(rest, "null")?, Value::Nil),
            b'-' | b'0'..=b'9' => {
                let length = scan::number(rest)?;
                let value = self.number(length);
                (length, value)
            }
            byte => return Err(scan::unexpected(byte, "looking for beginning of value")),
        };
        self.at += length;
        Ok(Some(value))
    }

    fn open_list(&mut self) -> Result<Option<Value>, String> {
        self.deeper()?;
        if self.next()? == b']' {
            self.at += 1;
            return Ok(Some(Vec::new().into()));
        }
        self.open.push(Open::List(Vec::new()));
        Ok(None)
    }

    fn open_map(&mut self) -> Result<Option<Value>, String> {
        self.deeper()?;
        if self.next()? == b'}' {
            self.at += 1;
            return Ok(Some(Value::Map(Map::any())));
        }
        let key = self.key()?;
        self.open.push(Open::Map(Vec::new(), key));
        Ok(None)
    }

    fn deeper(&mut self) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            let byte = self.text[self.at];
            return Err(scan::unexpected(byte, "exceeded max depth"));
        }
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<Text, String> {
        let byte = self.next()?;
        if byte != b'"' {
            return Err(scan::unexpected(
                byte,
                "looking for beginning of object key string",
            ));
        }
        let key = self.string()?;
        match self.next()? {
            b':' => self.at += 1,
            byte => return Err(scan::unexpected(byte, "after object key")),
        }
        Ok(key)
    }

    /// Adds a value to the collection it is in; gives that back when it is finished.
    fn after(&mut self, open: Open, value: Value) -> Result<Option<Value>, String> {
        let byte = self.next()?;
        self.at += 1;
        match (open, byte) {
            (Open::List(mut items), b',' | b']') => {
                items.push(value);
                if byte == b']' {
                    return Ok(Some(items.into()));
                }
                self.open.push(Open::List(items));
                Ok(None)
            }
            (Open::Map(mut entries, key), b',' | b'}') => {
                entries.push((key, value));
                if byte == b'}' {
                    // The last of equal keys stays.
                    return Ok(Some(Value::Map(entries.into_iter().collect())));
                }
                let key = self.key()?;
                self.open.push(Open::Map(entries, key));
                Ok(None)
            }
            (Open::List(_), byte) => Err(scan::unexpected(byte, "after array element")),
            (Open::Map(..), byte) => Err(scan::unexpected(byte, "after object key:value pair")),
        }
    }

    fn end(&mut self, value: Value) -> Result<Value, String> {
        match self.next() {
            Ok(byte) => Err(scan::unexpected(byte, "after top-level value")),
            Err(_) => Ok(value),
        }
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Result<u8, String> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(scan::END.to_owned())
    }

    fn number(&mut self, length: usize) -> Value {
        let digits = &self.text[self.at..self.at + length];
        if digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit) {
            let whole = digits
                .iter()
                .fold(0_u64, |whole, digit| whole * 10 + u64::from(digit - b'0'));
            #[expect(clippy::cast_precision_loss, reason = "at most 15 digits")]
            return Value::Float(whole as f64);
        }
        let digits = String::from_utf8_lossy(digits);
        match digits.parse::<f64>() {
            Ok(float) if float.is_finite() => Value::Float(float),
            _ => {
                self.out_of_range.get_or_insert_with(|| {
                    format!("json: cannot unmarshal number {digits} into Go value of type float64")
                });
                Value::Nil
            }
        }
    }

    /// Reads a string, which begins here.
    fn string(&mut self) -> Result<Text, String> {
        let start = self.at + 1;
        let mut at = start;
        let mut is_ascii = true;
        while let Some(byte) = self.text.get(at) {
            match byte {
                b'"' => {
                    let content = &self.text[start..at];
                    if is_ascii || std::str::from_utf8(content).is_ok() {
                        self.at = at + 1;
                        return Ok(content.into());
                    }
                    break;
                }
                b'\\' | 0..0x20 => break,
                0x80.. => is_ascii = false,
                _ => {}
            }
            at += 1;
        }
        self.at = start;
        self.escaped_string().map(Text::from)
    }

    /// Reads the rest of a string that has escapes, or bytes that are no UTF-8.
    fn escaped_string(&mut self) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
                .ok_or(scan::END)?;
            push_replaced(&mut out, &rest[..plain]);
            self.at += plain + 1;
            match rest[plain] {
                b'"' => return Ok(out),
                b'\\' => self.escape(&mut out)?,
                byte => return Err(scan::unexpected(byte, "in string literal")),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        // Go takes the end of a text for a blank.
        let byte = *self.text.get(self.at).unwrap_or(&b' ');
        self.at += 1;
        let letter = match byte {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'"' | b'\\' | b'/' => byte,
            b'u' => {
                let letter = self.unicode()?;
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            byte => return Err(scan::unexpected(byte, "in string escape code")),
        };
        out.push(letter);
        Ok(())
    }

    /// Reads what follows `\u`, and the second half of a pair. A half alone is the replacement character.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.four_digits()?;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = *self.text.get(self.at).unwrap_or(&b' ');
            let digit = char::from(byte)
                .to_digit(16)
                .ok_or_else(|| scan::unexpected(byte, "in \\u hexadecimal character escape"))?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }
}

/// Appends text with the replacement character for every byte that is no UTF-8.
pub(super) fn push_replaced(out: &mut Vec<u8>, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for _ in chunk.invalid() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}
