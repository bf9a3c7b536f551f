//! Expressions of templates, as far as calls need them.

use crate::govalue::{Context, Error, Value};
use crate::sprig::{HelmVersion, find};

/// The value of an expression.
pub(super) fn evaluate(context: &Context<'_>, text: &str) -> Result<Value, Error> {
    let mut reader = Reader {
        context,
        rest: text.trim(),
    };
    let value = reader.pipeline()?;
    assert_eq!(reader.rest, "", "{text}");
    Ok(value)
}

struct Reader<'a> {
    context: &'a Context<'a>,
    rest: &'a str,
}

enum Term {
    Value(Value),
    Name(String),
}

impl<'a> Reader<'a> {
    fn pipeline(&mut self) -> Result<Value, Error> {
        let mut piped = None;
        loop {
            let value = self.command(piped.take())?;
            if !self.skip("|") {
                return Ok(value);
            }
            piped = Some(value);
        }
    }

    fn command(&mut self, piped: Option<Value>) -> Result<Value, Error> {
        let term = self.term()?;
        let mut arguments = Vec::new();
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            arguments.push(match self.term()? {
                Term::Value(value) => value,
                Term::Name(name) => self.call(&name, &[])?,
            });
        }
        arguments.extend(piped);
        match term {
            Term::Name(name) => self.call(&name, &arguments),
            Term::Value(value) => Ok(value),
        }
    }

    fn call(&self, name: &str, arguments: &[Value]) -> Result<Value, Error> {
        let function = find(name, HelmVersion::V4).unwrap_or_else(|| panic!("no function {name}"));
        (function.call)(self.context, arguments)
    }

    fn skip(&mut self, sign: &str) -> bool {
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest).trim_start();
        rest.is_some()
    }

    fn term(&mut self) -> Result<Term, Error> {
        if self.rest.starts_with('(') {
            self.skip("(");
            let mut value = self.pipeline()?;
            self.rest = self.rest.strip_prefix(')').unwrap();
            while let Some(rest) = self.rest.strip_prefix('.') {
                self.rest = rest;
                let name = self.word();
                value = self.member(&value, name)?;
            }
            self.rest = self.rest.trim_start();
            return Ok(Term::Value(value));
        }
        if let Some(raw) = self.rest.strip_prefix('`') {
            let (raw, rest) = raw.split_once('`').unwrap();
            self.rest = rest.trim_start();
            return Ok(Term::Value(raw.into()));
        }
        if self.rest.starts_with('"') {
            return Ok(Term::Value(self.string()));
        }
        let word = self.word();
        self.rest = self.rest.trim_start();
        Ok(literal(word))
    }

    fn member(&self, value: &Value, name: &str) -> Result<Value, Error> {
        match value {
            Value::Record(record) => match record.method(name) {
                Some(method) => (method.call)(self.context, std::slice::from_ref(value)),
                None => Ok(record.field(name).unwrap()),
            },
            Value::Map(map) => Ok(map.get(name.as_bytes()).unwrap_or_default()),
            other => panic!("{other:?} has no {name}"),
        }
    }

    fn word(&mut self) -> &'a str {
        let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '|' | ')' | '(');
        let end = self.rest.find(is_end).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn string(&mut self) -> Value {
        let mut bytes = Vec::new();
        let mut letters = self.rest[1..].char_indices();
        while let Some((place, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.rest = self.rest[place + 2..].trim_start();
                    return Value::text(bytes);
                }
                '\\' => escape(&mut letters, &mut bytes),
                other => bytes.extend(other.to_string().as_bytes()),
            }
        }
        panic!("string without end: {}", self.rest);
    }
}

fn escape(letters: &mut std::str::CharIndices<'_>, bytes: &mut Vec<u8>) {
    let (_, letter) = letters.next().unwrap();
    let digits = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let code: String = letters.take(digits).map(|(_, digit)| digit).collect();
    let code = u32::from_str_radix(&code, 16).unwrap_or_default();
    match letter {
        'x' => bytes.push(u8::try_from(code).unwrap()),
        'u' | 'U' => bytes.extend(char::from_u32(code).unwrap().to_string().as_bytes()),
        'n' => bytes.push(b'\n'),
        't' => bytes.push(b'\t'),
        'r' => bytes.push(b'\r'),
        other => bytes.extend(other.to_string().as_bytes()),
    }
}

fn literal(word: &str) -> Term {
    if let Some(name) = word.strip_prefix(".Values.") {
        return Term::Value(given(name));
    }
    let is_number = word
        .trim_start_matches(['-', '+'])
        .starts_with(|first: char| first.is_ascii_digit());
    Term::Value(match word {
        "nil" => Value::Nil,
        "true" => true.into(),
        "false" => false.into(),
        _ if !is_number => return Term::Name(word.to_owned()),
        _ => word
            .parse()
            .map_or_else(|_| Value::Float(word.parse().unwrap()), Value::Int),
    })
}

/// The values that Helm was given for these rows.
fn given(name: &str) -> Value {
    let map = |entries: Vec<(&str, Value)>| {
        Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    };
    match name {
        "i" => Value::Float(5.0),
        "f" => Value::Float(1.5),
        "big" => Value::Float(1e6),
        "s" => "text".into(),
        "n" => Value::Nil,
        "b" => true.into(),
        "i64" => Value::Int64(7),
        "l" => vec!["a".into(), Value::Float(1.0), Value::Nil].into(),
        "m" => map(vec![
            ("a", Value::Float(1.0)),
            ("b", map(vec![("c", "x".into())])),
        ]),
        other => panic!("no value {other}"),
    }
}
