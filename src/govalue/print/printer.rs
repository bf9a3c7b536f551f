//! One value under one verb, with what it contains.

use super::format::Flags;
use crate::govalue::{Error, Kind, Record, Value, World, grow_stack};

/// Deeper than any value but one that contains itself.
const DEEPEST: usize = 10_000;
/// So many bytes are written before the world hears of them.
const UNTOLD: usize = 16 * 1024;
/// Where a pointer points: Go prints another address each time.
const ADDRESS: u64 = 0x00c0_0000_0000;

/// What is being written, and how.
pub(super) struct Printer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) flags: Flags,
    world: &'a dyn World,
    told: usize,
    /// A mistake is being told, in which values print without their methods.
    is_mistake: bool,
}

impl<'a> Printer<'a> {
    pub(super) fn new(world: &'a dyn World, out: &'a mut Vec<u8>) -> Self {
        let told = out.len();
        Self {
            out,
            flags: Flags::default(),
            world,
            told,
            is_mistake: false,
        }
    }

    /// Tells the world of what was written.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let untold = self.out.len().saturating_sub(self.told);
        self.told = self.out.len();
        match untold {
            0..256 => Ok(()),
            untold => self.world.spend(untold),
        }
    }

    /// Takes note of bytes about to be written.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Error> {
        match bytes {
            0..UNTOLD => Ok(()),
            bytes => self.world.spend(bytes),
        }
    }

    /// An argument of a format, or of `print`.
    pub(super) fn argument(&mut self, value: &Value, verb: char) -> Result<(), Error> {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => {
                self.pad(b"<nil>");
                Ok(())
            }
            (Value::Nil, _) => self.bad_verb(value, verb),
            (_, 'T') => {
                self.write_text(value.type_name().as_bytes());
                Ok(())
            }
            (_, 'p') => self.write_pointer(value, verb),
            (Value::Bytes(bytes), _) => self.write_bytes(value, bytes, verb, "[]byte"),
            _ => self.value(value, verb, 0),
        }
    }

    /// A value, at a depth below the argument that it is part of.
    fn value(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Error> {
        if self.out.len().saturating_sub(self.told) > UNTOLD {
            self.finish()?;
        }
        match value {
            Value::Nil if self.flags.go_syntax => {
                self.out.extend_from_slice(b"interface {}(nil)");
                Ok(())
            }
            Value::Nil => {
                self.out.extend_from_slice(b"<nil>");
                Ok(())
            }
            Value::Bool(truth) => match verb {
                't' | 'v' => {
                    self.pad(if *truth { b"true" } else { b"false" });
                    Ok(())
                }
                _ => self.bad_verb(value, verb),
            },
            #[expect(clippy::cast_sign_loss, reason = "the sign is read from the same bits")]
            Value::Int(number) | Value::Int64(number) => {
                self.write_number(value, *number as u64, true, verb)
            }
            Value::Uint8(number) => self.write_number(value, u64::from(*number), false, verb),
            Value::Uint64(number) => self.write_number(value, *number, false, verb),
            Value::Float(number) => self.write_float(value, *number, verb),
            Value::Complex(real, imaginary) => self.write_complex(value, (*real, *imaginary), verb),
            Value::Text(text) => self.write_string(value, text, verb),
            Value::Bytes(bytes) if matches!(verb, 's' | 'q' | 'x' | 'X') => {
                self.write_bytes(value, bytes, verb, "[]uint8")
            }
            Value::Bytes(_) | Value::List(_) | Value::Map(_) | Value::Record(_) => {
                self.container(value, verb, depth)
            }
        }
    }

    fn container(&mut self, value: &Value, verb: char, depth: usize) -> Result<(), Error> {
        let has_methods = depth > 0 || !matches!(value, Value::Bytes(_));
        if verb == 'w' && has_methods && !self.is_mistake {
            return self.bad_verb(value, verb);
        }
        let is_nil = match value {
            Value::List(list) => list.is_nil(),
            Value::Map(map) => map.is_nil(),
            _ => false,
        };
        if is_nil && self.flags.go_syntax {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.extend_from_slice(b"(nil)");
            return Ok(());
        }
        if depth > DEEPEST {
            let why = "a value is too deep to print: it may contain itself";
            return Err(Error::Limit(why.to_owned()));
        }
        grow_stack(|| match value {
            Value::Bytes(bytes) => {
                let items: Vec<Value> = bytes.iter().map(|byte| Value::Uint8(*byte)).collect();
                self.list(value.type_name(), &items, verb, depth)
            }
            Value::List(list) if list.is_nil() && self.flags.go_syntax => self.nil(value),
            Value::Map(map) if map.is_nil() && self.flags.go_syntax => self.nil(value),
            Value::List(list) => self.list(value.type_name(), list, verb, depth),
            Value::Map(map) => self.map(map, verb, depth),
            Value::Record(record) => self.record(record, verb, depth),
            _ => Ok(()),
        })
    }

    /// `[]string(nil)`
    #[expect(clippy::unnecessary_wraps, reason = "as its neighbours")]
    fn nil(&mut self, value: &Value) -> Result<(), Error> {
        self.out.extend_from_slice(value.type_name().as_bytes());
        self.out.extend_from_slice(b"(nil)");
        Ok(())
    }

    fn list(
        &mut self,
        type_name: &str,
        items: &[Value],
        verb: char,
        depth: usize,
    ) -> Result<(), Error> {
        self.open(type_name, b"[");
        for (index, item) in items.iter().enumerate() {
            self.separate(index);
            self.value(item, verb, depth + 1)?;
        }
        self.close(b"]");
        Ok(())
    }

    fn map(&mut self, map: &crate::govalue::Map, verb: char, depth: usize) -> Result<(), Error> {
        self.open(map.kind().type_name(), b"map[");
        for (index, (key, value)) in map.entries().iter().enumerate() {
            self.separate(index);
            self.write_string(&Value::Text(key.clone()), key, verb)?;
            self.out.push(b':');
            self.value(value, verb, depth + 1)?;
        }
        self.close(b"]");
        Ok(())
    }

    fn record(&mut self, record: &Record, verb: char, depth: usize) -> Result<(), Error> {
        let shape = record.shape();
        if let Some(to_text) = shape.to_text
            && !self.is_mistake
            && !self.flags.go_syntax
            && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
        {
            let text = Value::Text(to_text(record));
            return self.value(&text, verb, depth);
        }
        if let Some(to_source) = shape.to_source
            && self.flags.go_syntax
            && !self.is_mistake
        {
            self.write_text(&to_source(record));
            return Ok(());
        }
        if let Some(number) = record.number() {
            let value = Value::Record(record.clone());
            return self.write_number(&value, number.cast_unsigned(), true, verb);
        }
        let mut type_name = shape.type_name;
        if shape.kind == Kind::Pointer {
            if depth > 0 {
                return self.write_pointer(&Value::Record(record.clone()), verb);
            }
            self.out.push(b'&');
            type_name = type_name.trim_start_matches('*');
        }
        if self.flags.go_syntax {
            self.out.extend_from_slice(type_name.as_bytes());
        }
        self.out.push(b'{');
        let hidden = shape.hidden.iter();
        let hidden = hidden.flat_map(|hidden| hidden.names.iter().zip((hidden.values)(record)));
        let fields = shape.fields.iter().zip(record.fields()).chain(hidden);
        for (index, (name, field)) in fields.enumerate() {
            self.separate(index);
            if self.flags.names_fields || self.flags.go_syntax {
                self.out.extend_from_slice(name.as_bytes());
                self.out.push(b':');
            }
            self.value(&field, verb, depth + 1)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn open(&mut self, type_name: &str, sign: &[u8]) {
        if self.flags.go_syntax {
            self.out.extend_from_slice(type_name.as_bytes());
            self.out.push(b'{');
        } else {
            self.out.extend_from_slice(sign);
        }
    }

    fn close(&mut self, sign: &[u8]) {
        let sign = if self.flags.go_syntax { b"}" } else { sign };
        self.out.extend_from_slice(sign);
    }

    fn separate(&mut self, index: usize) {
        match (index, self.flags.go_syntax) {
            (0, _) => {}
            (_, true) => self.out.extend_from_slice(b", "),
            (_, false) => self.out.push(b' '),
        }
    }

    /// `%!d(string=a)`
    pub(super) fn bad_verb(&mut self, value: &Value, verb: char) -> Result<(), Error> {
        let was_mistake = std::mem::replace(&mut self.is_mistake, true);
        self.out.extend_from_slice(b"%!");
        super::write_rune(self.out, verb);
        self.out.push(b'(');
        if matches!(value, Value::Nil) {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.type_name().as_bytes());
            self.out.push(b'=');
            self.argument(value, 'v')?;
        }
        self.out.push(b')');
        self.is_mistake = was_mistake;
        Ok(())
    }

    fn write_pointer(&mut self, value: &Value, verb: char) -> Result<(), Error> {
        let is_pointer = match value {
            Value::Record(record) => record.shape().kind == Kind::Pointer,
            Value::Bytes(_) | Value::List(_) | Value::Map(_) => true,
            _ => false,
        };
        if !is_pointer {
            return self.bad_verb(value, verb);
        }
        match verb {
            'v' if self.flags.go_syntax => {
                self.out.push(b'(');
                self.out.extend_from_slice(value.type_name().as_bytes());
                self.out.extend_from_slice(b")(");
                self.write_address(true)?;
                self.out.push(b')');
                Ok(())
            }
            'v' | 'p' => self.write_address(!self.flags.sharp),
            'b' | 'o' | 'd' | 'x' | 'X' => self.write_number(value, ADDRESS, false, verb),
            _ => self.bad_verb(value, verb),
        }
    }

    fn write_address(&mut self, is_marked: bool) -> Result<(), Error> {
        let sharp = std::mem::replace(&mut self.flags.sharp, is_marked);
        let written = self.write_integer(ADDRESS, false, 'x');
        self.flags.sharp = sharp;
        written
    }

    /// `[1 2 3]`, or what bytes are as a string.
    fn write_bytes(
        &mut self,
        value: &Value,
        bytes: &[u8],
        verb: char,
        type_name: &str,
    ) -> Result<(), Error> {
        match verb {
            'v' | 'd' => {
                self.open(type_name, b"[");
                for (index, byte) in bytes.iter().enumerate() {
                    self.separate(index);
                    self.write_number(value, u64::from(*byte), false, verb)?;
                }
                self.close(b"]");
                Ok(())
            }
            's' => {
                self.write_text(bytes);
                Ok(())
            }
            'x' | 'X' => {
                self.write_hexadecimal(bytes, verb);
                Ok(())
            }
            'q' => {
                self.write_quoted(bytes);
                Ok(())
            }
            _ => self.value(value, verb, 0),
        }
    }
}
