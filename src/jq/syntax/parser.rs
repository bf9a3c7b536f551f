//! Words → a [`Query`], by precedence climbing. Nesting is bounded, so that no walk over the
//! result can run out of stack.

use super::{
    Definition, Header, Module, Query, Wrong,
    lexer::{Lexer, Token},
};

/// A filter nests no deeper than this.
const DEEPEST: u16 = 200;

/// Words that are no names of functions.
pub(super) const KEYWORDS: [&str; 21] = [
    "or", "and", "module", "import", "include", "def", "as", "label", "break", "null", "true",
    "false", "if", "then", "elif", "else", "end", "try", "catch", "reduce", "foreach",
];

/// Reads words and puts them together.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) lexer: Lexer<'a>,
    /// The word that is looked at, and where it begins.
    pub(super) token: Token<'a>,
    pub(super) place: usize,
    /// How high the part that was read last is.
    height: u16,
    /// How deep the part that is being read lies.
    depth: u16,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, Wrong> {
        let mut lexer = Lexer::new(text);
        let (place, token) = lexer.next()?;
        Ok(Self {
            lexer,
            token,
            place,
            height: 0,
            depth: 0,
        })
    }

    pub(super) fn program(mut self) -> Result<(Header, Query), Wrong> {
        let header = self.header()?;
        if self.token == Token::End {
            return Ok((header, Query::Identity));
        }
        let query = self.query()?;
        if self.token == Token::End {
            Ok((header, query))
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn module(mut self) -> Result<Module, Wrong> {
        let header = self.header()?;
        let mut definitions = Vec::new();
        while self.token == Token::Name("def") {
            definitions.push(self.definition()?);
        }
        if self.token != Token::End {
            self.query()?;
        }
        if self.token != Token::End {
            return Err(self.unexpected());
        }
        Ok(Module {
            header,
            definitions,
        })
    }

    pub(super) fn definitions(mut self) -> Result<Vec<Definition>, Wrong> {
        let mut definitions = Vec::new();
        while self.token != Token::End {
            definitions.push(self.definition()?);
        }
        Ok(definitions)
    }

    /// Pipes, commas and what reaches to the end of them.
    pub(super) fn query(&mut self) -> Result<Query, Wrong> {
        self.nested(|parser| {
            let mut left = parser.operand()?;
            while parser.accept(",")? {
                let right = parser.operand()?;
                parser.raise()?;
                left = Query::Comma(Box::new(left), Box::new(right));
            }
            if parser.accept("|")? {
                let right = parser.query()?;
                left = Query::Pipe(Box::new(left), Box::new(right));
            }
            Ok(left)
        })
    }

    fn operand(&mut self) -> Result<Query, Wrong> {
        match self.token {
            Token::Name("def") => {
                let definition = self.definition()?;
                // A text of definitions only does nothing to its input.
                if self.token == Token::End {
                    return Ok(Query::Define(
                        Box::new(definition),
                        Box::new(Query::Identity),
                    ));
                }
                Ok(Query::Define(Box::new(definition), Box::new(self.query()?)))
            }
            Token::Name("label") => {
                self.advance()?;
                let name = self.variable()?;
                self.expect("|")?;
                Ok(Query::Label(name, Box::new(self.query()?)))
            }
            _ => {
                let term = self.term()?;
                if !self.accept_name("as")? {
                    return self.climb(term, 0);
                }
                let mut patterns = vec![self.pattern()?];
                while self.accept("?//")? {
                    patterns.push(self.pattern()?);
                }
                self.expect("|")?;
                let body = self.query()?;
                Ok(Query::Bind {
                    source: Box::new(term),
                    patterns,
                    body: Box::new(body),
                })
            }
        }
    }

    fn definition(&mut self) -> Result<Definition, Wrong> {
        self.expect_name("def")?;
        let name = self.name()?;
        let mut parameters = Vec::new();
        if self.accept("(")? {
            loop {
                parameters.push(match self.token {
                    Token::Variable(_) => self.variable()?,
                    _ => self.name()?,
                });
                if !self.accept(";")? {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.expect(":")?;
        let body = self.query()?;
        self.expect(";")?;
        Ok(Definition {
            name,
            parameters,
            body,
        })
    }

    /// Operators without pipes and commas.
    pub(super) fn expression(&mut self) -> Result<Query, Wrong> {
        self.nested(|parser| {
            let term = parser.term()?;
            parser.climb(term, 0)
        })
    }

    fn climb(&mut self, mut left: Query, least: u8) -> Result<Query, Wrong> {
        let mut most = u8::MAX;
        while let Some((level, side)) = self.operator().filter(|(level, _)| *level >= least) {
            if level > most {
                return Err(self.unexpected());
            }
            let sign = self.word();
            self.advance()?;
            let right = self.nested(|parser| {
                let term = parser.term()?;
                parser.climb(
                    term,
                    if side == Side::Right {
                        level
                    } else {
                        level + 1
                    },
                )
            })?;
            self.raise()?;
            left = combine(sign, left, right);
            // Of operators that do not chain a second one may not follow.
            if side == Side::None {
                most = level - 1;
            }
        }
        Ok(left)
    }

    /// The level of the operator that is looked at, from the loosest, and to which side it chains.
    fn operator(&self) -> Option<(u8, Side)> {
        Some(match self.word() {
            "//" => (1, Side::Right),
            "=" | "|=" | "+=" | "-=" | "*=" | "/=" | "%=" | "//=" => (2, Side::None),
            "or" => (3, Side::Left),
            "and" => (4, Side::Left),
            "==" | "!=" | "<" | "<=" | ">" | ">=" => (5, Side::None),
            "+" | "-" => (6, Side::Left),
            "*" | "/" | "%" => (7, Side::Left),
            _ => return None,
        })
    }

    /// Reads a part that lies deeper than this one.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Wrong>,
    ) -> Result<T, Wrong> {
        if self.depth >= DEEPEST {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let beside = std::mem::replace(&mut self.height, 0);
        let part = read(self);
        self.depth -= 1;
        self.raise()?;
        self.height = self.height.max(beside);
        part
    }

    /// Notes that another part was put over what was read.
    pub(super) fn raise(&mut self) -> Result<(), Wrong> {
        self.height += 1;
        if self.height > DEEPEST {
            Err(self.too_deep())
        } else {
            Ok(())
        }
    }

    fn too_deep(&self) -> Wrong {
        self.wrong(format!("the filter nests deeper than {DEEPEST} levels"))
    }

    pub(super) fn advance(&mut self) -> Result<(), Wrong> {
        (self.place, self.token) = self.lexer.next()?;
        Ok(())
    }

    /// The sign or name that is looked at.
    pub(super) const fn word(&self) -> &'a str {
        match self.token {
            Token::Sign(word) | Token::Name(word) => word,
            _ => "",
        }
    }

    pub(super) fn accept(&mut self, sign: &str) -> Result<bool, Wrong> {
        let found = matches!(self.token, Token::Sign(found) if found == sign);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn accept_name(&mut self, name: &str) -> Result<bool, Wrong> {
        let found = matches!(self.token, Token::Name(found) if found == name);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn expect(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.accept(sign)? {
            Ok(())
        } else {
            Err(self.unexpected_for(&format!("{sign:?}")))
        }
    }

    pub(super) fn expect_name(&mut self, name: &str) -> Result<(), Wrong> {
        if self.accept_name(name)? {
            Ok(())
        } else {
            Err(self.unexpected_for(&format!("{name:?}")))
        }
    }

    pub(super) fn name(&mut self) -> Result<String, Wrong> {
        match self.token {
            Token::Name(name) if !KEYWORDS.contains(&name) && !name.contains("::") => {
                self.advance()?;
                Ok(name.to_owned())
            }
            _ => Err(self.unexpected_for("a name")),
        }
    }

    pub(super) fn variable(&mut self) -> Result<String, Wrong> {
        match self.token {
            Token::Variable(name) if !name.contains("::") => {
                self.advance()?;
                Ok(name.to_owned())
            }
            _ => Err(self.unexpected_for("a variable")),
        }
    }

    pub(super) const fn wrong(&self, message: String) -> Wrong {
        Wrong {
            place: self.place,
            message,
        }
    }

    pub(super) fn unexpected_for(&self, wanted: &str) -> Wrong {
        self.wrong(format!("{}, expected {wanted}", self.found()))
    }

    pub(super) fn unexpected(&self) -> Wrong {
        self.wrong(self.found())
    }

    fn found(&self) -> String {
        let word = match self.token {
            Token::End => return "unexpected EOF".to_owned(),
            Token::Name(word)
            | Token::Sign(word)
            | Token::Variable(word)
            | Token::Format(word)
            | Token::Number(word) => word.to_owned(),
            Token::Field(word) => format!(".{word}"),
            Token::Quote => "\"".to_owned(),
        };
        format!("unexpected token {word:?}")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    None,
}

fn combine(sign: &str, left: Query, right: Query) -> Query {
    let (left, right) = (Box::new(left), Box::new(right));
    match sign {
        "//" => Query::Alternative(left, right),
        "or" => Query::Or(left, right),
        "and" => Query::And(left, right),
        "=" => Query::Assign(left, right),
        "|=" => Query::Modify(left, right),
        _ => match sign
            .strip_suffix('=')
            .filter(|_| !matches!(sign, "==" | "!=" | "<=" | ">="))
        {
            Some(operator) => Query::Update(function_of(operator), left, right),
            None => Query::Operate(function_of(sign), left, right),
        },
    }
}

fn function_of(sign: &str) -> &'static str {
    match sign {
        "+" => "_add",
        "-" => "_subtract",
        "*" => "_multiply",
        "/" => "_divide",
        "%" => "_modulo",
        "==" => "_equal",
        "!=" => "_notequal",
        "<" => "_less",
        "<=" => "_lesseq",
        ">" => "_greater",
        ">=" => "_greatereq",
        _ => "_alternative",
    }
}
