//! TOML → values, as the decoder of `BurntSushi` reads it, with its errors.
//!
//! Its words are values here: charts find them as `Error`. So text and tables are followed in its order.

mod lex;
mod number;
mod tables;
mod text;

use crate::govalue::{Context, Error, Map, Text, Value, grow_stack};
use crate::sprig::arguments::bytes;
use lex::Lexer;
use tables::{Defined, Tables};

/// A map; what is wrong is in it, as `Error`.
pub(in crate::sprig::encoding) fn from_toml(
    context: &Context<'_>,
    arguments: &[Value],
) -> Result<Value, Error> {
    let bytes = bytes(arguments, 0);
    context.world.spend(bytes.len())?;
    let map = read(bytes).unwrap_or_else(|why| {
        let map = Map::any();
        map.insert("Error", why.into());
        map
    });
    Ok(Value::Map(map))
}

/// How deep arrays and inline tables may nest.
const MAX_DEPTH: usize = 10_000;

fn read(bytes: &[u8]) -> Result<Map, String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let line = 1 + memchr::memchr_iter(b'\n', &bytes[..at]).count();
            let byte = bytes.get(at).copied().unwrap_or_default();
            return Err(format!(
                "toml: line {line}: invalid UTF-8 byte: 0x{byte:02x}"
            ));
        }
    };
    let mut reader = Reader {
        lexer: Lexer::new(text.strip_prefix('\u{feff}').unwrap_or(text)),
        tables: Tables::default(),
        context: Vec::new(),
        key: String::new(),
        key_line: 1,
        depth: 0,
    };
    match reader.document() {
        Ok(()) => Ok(reader.tables.into_map()),
        Err(Wrong { line, why }) => Err(match reader.last_key() {
            key if key.is_empty() => format!("toml: line {line}: {why}"),
            key => format!("toml: line {line} (last key {}): {why}", lex::quoted(&key)),
        }),
    }
}

/// What is wrong, and in which line.
struct Wrong {
    line: usize,
    why: String,
}

struct Reader<'a> {
    lexer: Lexer<'a>,
    tables: Tables,
    /// The table that keys belong to.
    context: Vec<String>,
    /// The key whose value is read.
    key: String,
    /// The line of the last key or table name.
    key_line: usize,
    depth: usize,
}

impl Reader<'_> {
    fn last_key(&self) -> String {
        let names = self.context.iter().map(|name| lex::name(name));
        let mut names: Vec<String> = names.collect();
        if self.context.is_empty() {
            return self.key.clone();
        }
        if !self.key.is_empty() {
            names.push(self.key.clone());
        }
        names.join(".")
    }

    fn document(&mut self) -> Result<(), Wrong> {
        loop {
            match self.lexer.next()? {
                Some(' ' | '\t' | '\n' | '\r') => {}
                Some('#') => self.lexer.comment()?,
                Some('[') => {
                    self.table()?;
                    self.line_end()?;
                }
                Some(_) => {
                    self.lexer.back();
                    self.pair()?;
                    self.key.clear();
                    self.line_end()?;
                }
                None => return Ok(()),
            }
        }
    }

    fn line_end(&mut self) -> Result<(), Wrong> {
        loop {
            match self.lexer.next()? {
                Some(' ' | '\t') => {}
                Some('#') => return self.lexer.comment(),
                Some('\n' | '\r') | None => return Ok(()),
                Some(letter) => {
                    let letter = lex::quoted_letter(Some(letter));
                    return Err(self.lexer.wrong(format!(
                        "expected a top-level item to end with a newline, comment, or EOF, but got {letter} instead"
                    )));
                }
            }
        }
    }

    /// `[name]` or `[[name]]`, from behind the first bracket on.
    fn table(&mut self) -> Result<(), Wrong> {
        let is_array = self.lexer.accept('[')?;
        let names = self.table_name()?;
        if is_array {
            let letter = self.lexer.next()?;
            if letter != Some(']') {
                let letter = lex::quoted_letter(letter);
                return Err(self.lexer.wrong(format!(
                    "expected end of table array name delimiter ']', but got {letter} instead"
                )));
            }
        }
        self.enter(&names, is_array)
    }

    /// Makes a table the one that keys belong to.
    fn enter(&mut self, names: &[String], is_array: bool) -> Result<(), Wrong> {
        let defined = self.tables.enter(names, is_array);
        self.context = match &defined {
            Ok(()) => names.to_vec(),
            Err(_) => names
                .split_last()
                .map_or(&[][..], |(_, parents)| parents)
                .to_vec(),
        };
        defined.map_err(|why| self.wrong_key(why))
    }

    fn wrong_key(&self, why: String) -> Wrong {
        let line = self.key_line;
        Wrong { line, why }
    }

    fn table_name(&mut self) -> Result<Vec<String>, Wrong> {
        let mut names = Vec::new();
        loop {
            self.lexer.skip_blanks()?;
            let name = match self.lexer.peek() {
                Some(']') | None => {
                    return Err(self.lexer.wrong(
                        "unexpected end of table name (table names cannot be empty)".to_owned(),
                    ));
                }
                Some('.') => {
                    return Err(self.lexer.wrong(
                        "unexpected table separator (table names cannot be empty)".to_owned(),
                    ));
                }
                Some(_) => self.name()?,
            };
            if names.is_empty() {
                self.key_line = self.lexer.line();
            }
            names.push(name);
            self.lexer.skip_blanks()?;
            match self.lexer.next()? {
                Some('.') => {}
                Some(']') => return Ok(names),
                letter => {
                    let letter = lex::quoted_letter(letter);
                    return Err(self.lexer.wrong(format!(
                        "expected '.' or ']' to end table name, but got {letter} instead"
                    )));
                }
            }
        }
    }

    /// One part of a key or of the name of a table.
    fn name(&mut self) -> Result<String, Wrong> {
        match self.lexer.peek() {
            Some('"') => {
                self.lexer.next()?;
                self.quoted()
            }
            Some('\'') => {
                self.lexer.next()?;
                self.raw()
            }
            _ => self.lexer.bare(),
        }
    }

    /// `a.b = value`, at the top or in an inline table.
    fn pair(&mut self) -> Result<(), Wrong> {
        let outer = self.context.clone();
        let mut names = self.key_names()?;
        let last = names.pop().unwrap_or_default();
        self.key.clone_from(&last);
        for name in names {
            let path = [&self.context[..], &[name]].concat();
            self.tables.imply(&path);
            self.enter(&path, false)?;
        }
        let value = grow_stack(|| self.value())?;
        let path = [&self.context[..], &[last]].concat();
        let set = self.tables.set(&path, value);
        set.map_err(|why| self.wrong_key(why))?;
        self.context = outer;
        Ok(())
    }

    fn key_names(&mut self) -> Result<Vec<String>, Wrong> {
        self.lexer.skip_blanks()?;
        let why = match self.lexer.peek() {
            Some('=') | None => "unexpected '=': key name appears blank",
            Some('.') => "unexpected '.': keys cannot start with a '.'",
            _ => "",
        };
        if !why.is_empty() {
            return Err(self.lexer.wrong(why.to_owned()));
        }
        let mut names = Vec::new();
        loop {
            names.push(self.name()?);
            if names.len() == 1 {
                self.key_line = self.lexer.line();
            }
            self.lexer.skip_blanks()?;
            match self.lexer.next()? {
                Some('=') => return Ok(names),
                Some('.') => {}
                None => {
                    let why = "unexpected EOF; expected key separator '='";
                    return Err(self.lexer.wrong(why.to_owned()));
                }
                letter => {
                    let quoted = lex::quoted_letter(letter);
                    let why = format!("expected '.' or '=', but got {quoted} instead");
                    return Err(self.lexer.wrong_before(letter, why));
                }
            }
            self.lexer.skip_blanks()?;
            let why = match self.lexer.peek() {
                Some('=') | None => "unexpected '='",
                Some('.') => "unexpected '.'",
                _ => continue,
            };
            return Err(self.lexer.wrong(why.to_owned()));
        }
    }

    fn value(&mut self) -> Result<Defined, Wrong> {
        self.lexer.skip_blanks()?;
        let letter = self.lexer.next()?;
        Ok(Defined::Value(match letter {
            Some('[') => return self.array(),
            Some('{') => return self.inline_table(),
            Some('"') => self.double()?.into(),
            Some('\'') => self.single()?.into(),
            Some('.') => {
                let why = "floats must start with a digit, not '.'";
                return Err(self.lexer.wrong(why.to_owned()));
            }
            Some('0'..='9' | '+' | '-' | 'i' | 'n') => {
                self.lexer.back();
                self.number()?
            }
            Some(first) if first.is_alphabetic() => {
                self.lexer.back();
                self.word()?
            }
            None => {
                let why = "unexpected EOF; expected value";
                return Err(self.lexer.wrong(why.to_owned()));
            }
            other => {
                let quoted = lex::quoted_letter(other);
                let why = format!("expected value but found {quoted} instead");
                return Err(self.lexer.wrong_before(other, why));
            }
        }))
    }

    fn word(&mut self) -> Result<Value, Wrong> {
        let word = self.lexer.letters()?;
        match word.as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => {
                let why = format!("expected value but found {} instead", lex::quoted(&word));
                Err(self.lexer.wrong(why))
            }
        }
    }

    fn deeper(&mut self) -> Result<(), Wrong> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.lexer.wrong("nests too deep".to_owned()));
        }
        Ok(())
    }

    fn array(&mut self) -> Result<Defined, Wrong> {
        self.deeper()?;
        let mut items = Vec::new();
        while self.begins_item(']')? {
            items.push(grow_stack(|| self.value())?.into_value());
            if self.ends_item(']', "expected a comma (',') or array terminator (']')", "")? {
                break;
            }
        }
        self.depth -= 1;
        Ok(Defined::Value(items.into()))
    }

    /// Reads up to an item, or over the closing bracket; whether there is an item.
    fn begins_item(&mut self, bracket: char) -> Result<bool, Wrong> {
        loop {
            match self.lexer.next()? {
                Some(' ' | '\t' | '\n' | '\r') => {}
                Some('#') => self.lexer.comment()?,
                Some(',') => return Err(self.lexer.wrong("unexpected comma".to_owned())),
                Some(letter) if letter == bracket => return Ok(false),
                _ => {
                    self.lexer.back();
                    return Ok(true);
                }
            }
        }
    }

    /// Reads up to a comma or the closing bracket; whether it was that.
    fn ends_item(&mut self, bracket: char, expected: &str, tail: &str) -> Result<bool, Wrong> {
        loop {
            match self.lexer.next()? {
                Some(' ' | '\t' | '\n' | '\r') => {}
                Some('#') => self.lexer.comment()?,
                Some(',') => return Ok(false),
                Some(letter) if letter == bracket => return Ok(true),
                other => {
                    let found =
                        other.map_or("end of file".to_owned(), |letter| format!("'{letter}'"));
                    return Err(self
                        .lexer
                        .wrong(format!("{expected}, but got {found}{tail}")));
                }
            }
        }
    }

    fn inline_table(&mut self) -> Result<Defined, Wrong> {
        self.deeper()?;
        let (outer, outer_key) = (self.context.clone(), std::mem::take(&mut self.key));
        let path = [&outer[..], std::slice::from_ref(&outer_key)].concat();
        self.context.clone_from(&path);
        let before = self.tables.begin_inline(&path);
        while self.begins_item('}')? {
            self.pair()?;
            let expected = "expected a comma or an inline table terminator '}'";
            if self.ends_item('}', expected, " instead")? {
                break;
            }
        }
        let table = self.tables.end_inline(before);
        (self.context, self.key) = (outer, outer_key);
        self.depth -= 1;
        Ok(table)
    }
}

/// Keys of maps.
fn entry((key, value): (String, Value)) -> (Text, Value) {
    (key.into(), value)
}
