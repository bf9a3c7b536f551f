//! Terms: what stands between operators.

use super::{
    Fold, Key, Part, Pattern, Query, Template, Wrong,
    lexer::{Follow, Token},
    parser::{KEYWORDS, Parser},
};
use crate::jq::value::{Text, Value, parse_number};

impl Parser<'_> {
    /// A term and its suffixes.
    pub(super) fn term(&mut self) -> Result<Query, Wrong> {
        self.nested(|parser| {
            let mut term = parser.head()?;
            while let Some(suffixed) = parser.suffix(&mut term)? {
                parser.raise()?;
                term = suffixed;
            }
            Ok(term)
        })
    }

    fn head(&mut self) -> Result<Query, Wrong> {
        let place = self.place;
        match self.token {
            Token::Number(text) => self.literal(parse_number(text)),
            Token::Quote => self.template(None).map(string),
            Token::Format(name) => self.format(name),
            Token::Field(name) => {
                self.advance()?;
                Ok(Query::Field(Box::new(Query::Identity), Text::from(name)))
            }
            Token::Variable(name) => {
                self.advance()?;
                Ok(Query::Variable(name.to_owned(), place))
            }
            Token::Name(name) => self.named(name),
            Token::Sign(sign) => self.signed(sign),
            Token::End => Err(self.unexpected()),
        }
    }

    fn literal(&mut self, value: Value) -> Result<Query, Wrong> {
        self.advance()?;
        Ok(Query::Literal(value))
    }

    fn format(&mut self, name: &str) -> Result<Query, Wrong> {
        self.advance()?;
        if self.token == Token::Quote {
            return self.template(Some(name.to_owned())).map(string);
        }
        Ok(Query::Format(name.to_owned()))
    }

    fn signed(&mut self, sign: &str) -> Result<Query, Wrong> {
        match sign {
            "." => {
                self.advance()?;
                if self.token == Token::Quote {
                    let key = self.template(None)?;
                    return Ok(index(Query::Identity, string(key)));
                }
                Ok(Query::Identity)
            }
            ".." => {
                let place = self.place;
                self.advance()?;
                Ok(Query::Call {
                    name: "recurse".to_owned(),
                    arguments: Vec::new(),
                    place,
                })
            }
            "(" => {
                self.advance()?;
                let query = self.query()?;
                self.expect(")")?;
                // A pipe from itself: keeps `(.a.b)?` one term whose last suffix is not split off.
                Ok(Query::Pipe(Box::new(Query::Identity), Box::new(query)))
            }
            "[" => {
                self.advance()?;
                if self.accept("]")? {
                    return Ok(Query::Array(None));
                }
                let query = self.query()?;
                self.expect("]")?;
                Ok(Query::Array(Some(Box::new(query))))
            }
            "{" => self.object(),
            "+" | "-" => {
                self.advance()?;
                let number = matches!(self.token, Token::Number(_));
                let term = self.term()?;
                Ok(match term {
                    Query::Literal(Value::Int(value)) if number && sign == "-" => {
                        Query::Literal(Value::Int(value.wrapping_neg()))
                    }
                    Query::Literal(Value::Float(value)) if number && sign == "-" => {
                        Query::Literal(Value::Float(-value))
                    }
                    _ => Query::Sign(
                        if sign == "-" { "_negate" } else { "_plus" },
                        Box::new(term),
                    ),
                })
            }
            _ => Err(self.unexpected()),
        }
    }

    fn named(&mut self, name: &str) -> Result<Query, Wrong> {
        match name {
            "null" => self.literal(Value::Null),
            "true" => self.literal(Value::Bool(true)),
            "false" => self.literal(Value::Bool(false)),
            "if" => {
                self.advance()?;
                self.branches()
            }
            "try" => {
                self.advance()?;
                let body = Box::new(self.term()?);
                let catch = if self.accept_name("catch")? {
                    Some(Box::new(self.term()?))
                } else {
                    None
                };
                Ok(Query::Try(body, catch))
            }
            "reduce" => Ok(Query::Reduce(Box::new(self.fold(false)?))),
            "foreach" => Ok(Query::Foreach(Box::new(self.fold(true)?))),
            "break" => {
                self.advance()?;
                let place = self.place;
                Ok(Query::Break(self.variable()?, place))
            }
            _ if KEYWORDS.contains(&name) => Err(self.unexpected()),
            _ => self.call(name),
        }
    }

    fn call(&mut self, name: &str) -> Result<Query, Wrong> {
        let place = self.place;
        self.advance()?;
        let mut arguments = Vec::new();
        if self.accept("(")? {
            arguments.push(self.query()?);
            while self.accept(";")? {
                arguments.push(self.query()?);
            }
            self.expect(")")?;
        }
        Ok(Query::Call {
            name: name.to_owned(),
            arguments,
            place,
        })
    }

    /// What follows `if` or `elif`.
    fn branches(&mut self) -> Result<Query, Wrong> {
        let condition = Box::new(self.query()?);
        self.expect_name("then")?;
        let then = Box::new(self.query()?);
        let otherwise = if self.accept_name("elif")? {
            Some(Box::new(self.nested(Self::branches)?))
        } else if self.accept_name("else")? {
            let query = self.query()?;
            self.expect_name("end")?;
            Some(Box::new(query))
        } else {
            self.expect_name("end")?;
            None
        };
        Ok(Query::If {
            condition,
            then,
            otherwise,
        })
    }

    fn fold(&mut self, extracts: bool) -> Result<Fold, Wrong> {
        self.advance()?;
        let source = self.expression()?;
        self.expect_name("as")?;
        let pattern = self.pattern()?;
        self.expect("(")?;
        let start = self.query()?;
        self.expect(";")?;
        let update = self.query()?;
        let extract = if extracts && self.accept(";")? {
            Some(self.query()?)
        } else {
            None
        };
        self.expect(")")?;
        Ok(Fold {
            source,
            pattern,
            start,
            update,
            extract,
        })
    }

    /// The next suffix put on the term, if there is one; the term is taken then.
    fn suffix(&mut self, term: &mut Query) -> Result<Option<Query>, Wrong> {
        let mut take = || std::mem::replace(term, Query::Identity);
        match self.token {
            Token::Field(name) => {
                self.advance()?;
                Ok(Some(Query::Field(Box::new(take()), Text::from(name))))
            }
            Token::Sign("?") => {
                self.advance()?;
                Ok(Some(optional(take())))
            }
            Token::Sign("[") => self.brackets(take()).map(Some),
            Token::Sign(".") => {
                self.advance()?;
                match self.token {
                    Token::Quote => {
                        let key = self.template(None)?;
                        Ok(Some(index(take(), string(key))))
                    }
                    Token::Sign("[") => self.brackets(take()).map(Some),
                    _ => Err(self.unexpected()),
                }
            }
            _ => Ok(None),
        }
    }

    fn brackets(&mut self, term: Query) -> Result<Query, Wrong> {
        self.advance()?;
        let term = Box::new(term);
        if self.accept("]")? {
            return Ok(Query::Iterate(term));
        }
        if self.accept(":")? {
            let to = Some(Box::new(self.query()?));
            self.expect("]")?;
            return Ok(Query::Slice {
                term,
                from: None,
                to,
            });
        }
        let from = self.query()?;
        if self.accept(":")? {
            let to = if self.word() == "]" {
                None
            } else {
                Some(Box::new(self.query()?))
            };
            self.expect("]")?;
            return Ok(Query::Slice {
                term,
                from: Some(Box::new(from)),
                to,
            });
        }
        self.expect("]")?;
        Ok(index(*term, from))
    }

    fn object(&mut self) -> Result<Query, Wrong> {
        self.advance()?;
        let mut entries = Vec::new();
        while !self.accept("}")? {
            let key = self.key()?;
            let value = if self.accept(":")? {
                Some(self.object_value()?)
            } else if matches!(key, Key::Query(_)) {
                return Err(self.unexpected_for("\":\""));
            } else {
                None
            };
            entries.push((key, value));
            if !self.accept(",")? {
                self.expect("}")?;
                break;
            }
        }
        Ok(Query::Object(entries))
    }

    /// Pipes, but no commas.
    fn object_value(&mut self) -> Result<Query, Wrong> {
        let value = self.expression()?;
        if !self.accept("|")? {
            return Ok(value);
        }
        let rest = self.nested(Self::object_value)?;
        Ok(Query::Pipe(Box::new(value), Box::new(rest)))
    }

    fn key(&mut self) -> Result<Key, Wrong> {
        let place = self.place;
        match self.token {
            Token::Name(name) if !name.contains("::") => {
                self.advance()?;
                Ok(Key::Name(name.to_owned()))
            }
            Token::Variable(name) if !name.contains("::") => {
                self.advance()?;
                Ok(Key::Variable(name.to_owned(), place))
            }
            Token::Quote => self.template(None).map(Key::String),
            Token::Sign("(") => {
                self.advance()?;
                let query = self.query()?;
                self.expect(")")?;
                Ok(Key::Query(query))
            }
            _ => Err(self.unexpected_for("a key")),
        }
    }

    pub(super) fn pattern(&mut self) -> Result<Pattern, Wrong> {
        self.nested(|parser| match parser.token {
            Token::Variable(_) => parser.variable().map(Pattern::Variable),
            Token::Sign("[") => {
                parser.advance()?;
                let mut items = vec![parser.pattern()?];
                while parser.accept(",")? {
                    items.push(parser.pattern()?);
                }
                parser.expect("]")?;
                Ok(Pattern::Array(items))
            }
            Token::Sign("{") => {
                parser.advance()?;
                let mut entries = vec![parser.pattern_entry()?];
                while parser.accept(",")? {
                    entries.push(parser.pattern_entry()?);
                }
                parser.expect("}")?;
                Ok(Pattern::Object(entries))
            }
            _ => Err(parser.unexpected_for("a variable or a pattern")),
        })
    }

    fn pattern_entry(&mut self) -> Result<(Key, Option<Pattern>), Wrong> {
        let key = self.key()?;
        if self.accept(":")? {
            return Ok((key, Some(self.pattern()?)));
        }
        if matches!(key, Key::Variable(..)) {
            return Ok((key, None));
        }
        Err(self.unexpected_for("\":\""))
    }

    /// A string, from its opening quote.
    fn template(&mut self, format: Option<String>) -> Result<Template, Wrong> {
        let mut parts = Vec::new();
        loop {
            let (plain, follow) = self.lexer.chunk()?;
            if !plain.is_empty() {
                parts.push(Part::Plain(plain));
                self.raise()?;
            }
            if follow == Follow::End {
                self.advance()?;
                return Ok(Template { format, parts });
            }
            self.advance()?;
            let query = self.query()?;
            // The string goes on right behind the parenthesis: no word is read there.
            if self.token != Token::Sign(")") {
                return Err(self.unexpected_for("\")\""));
            }
            parts.push(Part::Value(query));
            self.raise()?;
        }
    }
}

/// A string without values in it is a plain value.
fn string(template: Template) -> Query {
    match template.parts.as_slice() {
        [] => Query::Literal(Value::text("")),
        [Part::Plain(text)] => Query::Literal(Value::text(text)),
        _ => Query::String(template),
    }
}

fn index(term: Query, key: Query) -> Query {
    match key {
        Query::Literal(Value::Text(key)) => Query::Field(Box::new(term), key),
        key => Query::Index(Box::new(term), Box::new(key)),
    }
}

/// `term?`: only the last suffix is tried, and what stands in it is asked of what comes before it.
fn optional(term: Query) -> Query {
    let here = || Box::new(Query::Identity);
    let (before, last) = match term {
        Query::Field(term, key) => (*term, Query::Field(here(), key)),
        Query::Index(term, key) => (*term, Query::Index(here(), key)),
        Query::Slice { term, from, to } => (
            *term,
            Query::Slice {
                term: here(),
                from,
                to,
            },
        ),
        Query::Iterate(term) => (*term, Query::Iterate(here())),
        term => return Query::Try(Box::new(term), None),
    };
    let tried = Query::Try(Box::new(last), None);
    match before {
        Query::Identity => tried,
        before => Query::Pipe(Box::new(before), Box::new(tried)),
    }
}
