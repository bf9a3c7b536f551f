//! What stands before a filter: what its module says of itself, and what it takes from others.

use super::{
    Header, Import, Wrong,
    lexer::{Follow, Token},
    parser::Parser,
};
use crate::jq::value::{Text, Value, parse_number};

impl Parser<'_> {
    /// `module {…};`, then imports and includes.
    pub(super) fn header(&mut self) -> Result<Header, Wrong> {
        let meta = if self.accept_name("module")? {
            let meta = self.constant_object()?;
            self.expect(";")?;
            Some(meta)
        } else {
            None
        };
        let mut imports = Vec::new();
        loop {
            let place = self.place;
            let alias = if self.accept_name("import")? {
                let path = self.plain_string()?;
                self.expect_name("as")?;
                let alias = match self.token {
                    Token::Variable(_) => self.variable()?,
                    _ => self.name()?,
                };
                Some((path, Some(alias)))
            } else if self.accept_name("include")? {
                Some((self.plain_string()?, None))
            } else {
                None
            };
            let Some((path, alias)) = alias else {
                return Ok(Header { meta, imports });
            };
            let meta = match self.token {
                Token::Sign("{") => Some(self.constant_object()?),
                _ => None,
            };
            self.expect(";")?;
            imports.push(Import {
                place,
                path,
                alias,
                meta,
            });
        }
    }

    /// A string without values in it.
    fn plain_string(&mut self) -> Result<String, Wrong> {
        if self.token != Token::Quote {
            return Err(self.unexpected_for("a string"));
        }
        let (text, follow) = self.lexer.chunk()?;
        if follow != Follow::End {
            return Err(self.wrong("a string with values in it cannot stand here".to_owned()));
        }
        self.advance()?;
        Ok(text)
    }

    fn constant(&mut self) -> Result<Value, Wrong> {
        let value = match self.token {
            Token::Sign("{") => return self.nested(Self::constant_object),
            Token::Sign("[") => return self.nested(Self::constant_list),
            Token::Quote => return self.plain_string().map(Value::from),
            Token::Number(text) => parse_number(text),
            Token::Name("null") => Value::Null,
            Token::Name("true") => Value::Bool(true),
            Token::Name("false") => Value::Bool(false),
            _ => return Err(self.unexpected_for("a constant")),
        };
        self.advance()?;
        Ok(value)
    }

    fn constant_list(&mut self) -> Result<Value, Wrong> {
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.accept("]")? {
            items.push(self.constant()?);
            // After the last item no comma may stand.
            if !self.accept(",")? {
                self.expect("]")?;
                break;
            }
            if self.token == Token::Sign("]") {
                return Err(self.unexpected());
            }
        }
        Value::list(items).map_err(|_| self.wrong("it nests too deep".to_owned()))
    }

    fn constant_object(&mut self) -> Result<Value, Wrong> {
        self.expect("{")?;
        let mut entries = Vec::new();
        while !self.accept("}")? {
            let key = match self.token {
                Token::Name(name) if !name.contains("::") => {
                    self.advance()?;
                    name.to_owned()
                }
                Token::Quote => self.plain_string()?,
                _ => return Err(self.unexpected_for("a key")),
            };
            self.expect(":")?;
            entries.push((Text::from(key), self.constant()?));
            if !self.accept(",")? {
                self.expect("}")?;
                break;
            }
        }
        Value::map(entries).map_err(|_| self.wrong("it nests too deep".to_owned()))
    }
}
