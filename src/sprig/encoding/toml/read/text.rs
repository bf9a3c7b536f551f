//! Texts in quotes.

use super::{Reader, Wrong};

impl Reader<'_> {
    /// A text in double quotes, from behind the first one on: on one line, or between three of them.
    pub(super) fn double(&mut self) -> Result<String, Wrong> {
        if !self.opens_block("\"\"")? {
            return self.quoted();
        }
        let text = self.block('"', "unexpected EOF; expected '\"\"\"'")?;
        Ok(text)
    }

    /// A text in single quotes, likewise.
    pub(super) fn single(&mut self) -> Result<String, Wrong> {
        if !self.opens_block("''")? {
            return self.raw();
        }
        self.block('\'', "unexpected EOF; expected \"'''\"")
    }

    fn opens_block(&mut self, quotes: &str) -> Result<bool, Wrong> {
        let opens = self.lexer.rest().starts_with(quotes);
        if opens {
            self.lexer.next()?;
            self.lexer.next()?;
            self.lexer.mark();
            if self.lexer.accept('\n')? || (self.lexer.accept('\r')? && self.lexer.accept('\n')?) {
                // The first line break is no part of it.
            }
        }
        Ok(opens)
    }

    pub(super) fn quoted(&mut self) -> Result<String, Wrong> {
        self.lexer.mark();
        let mut text = String::new();
        loop {
            match self.lexer.next()? {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                other => text.push(self.in_line(other, "unexpected EOF; expected '\"'")?),
            }
        }
    }

    pub(super) fn raw(&mut self) -> Result<String, Wrong> {
        let mut text = String::new();
        loop {
            match self.lexer.next()? {
                Some('\'') => return Ok(text),
                other => text.push(self.in_line(other, "unexpected EOF; expected \"'\"")?),
            }
        }
    }

    fn in_line(&self, letter: Option<char>, at_end: &str) -> Result<char, Wrong> {
        match letter {
            None => Err(self.lexer.wrong(at_end.to_owned())),
            Some('\n' | '\r') => {
                let why = "strings cannot contain newlines".to_owned();
                Err(self.lexer.wrong_before(letter, why))
            }
            Some(letter) => Ok(letter),
        }
    }

    /// A text between three quotes, which may end in two more.
    fn block(&mut self, quote: char, at_end: &str) -> Result<String, Wrong> {
        let mut text = String::new();
        loop {
            match self.lexer.next()? {
                None => return Err(self.lexer.wrong(at_end.to_owned())),
                Some('\\') if quote == '"' => self.block_escape(&mut text)?,
                Some(letter) => text.push(letter),
            }
            let ends = text
                .chars()
                .rev()
                .take_while(|letter| *letter == quote)
                .count();
            if ends >= 3 && self.lexer.peek() != Some(quote) {
                text.truncate(text.len() - 3);
                return Ok(text);
            }
            if ends > 5 {
                let quotes = quote.to_string().repeat(6);
                let around = if quote == '"' { '\'' } else { '"' };
                return Err(self
                    .lexer
                    .wrong(format!("unexpected {around}{quotes}{around}")));
            }
        }
    }

    /// What follows a backslash: an escape, or a line break that goes with all blanks behind it.
    fn block_escape(&mut self, text: &mut String) -> Result<(), Wrong> {
        let rest = self.lexer.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if rest.get(..blank).is_some_and(|blank| blank.contains('\n')) {
            for _ in 0..blank {
                self.lexer.next()?;
            }
            return Ok(());
        }
        let letter = self.escape()?;
        text.push(letter);
        if letter == '"' {
            // An escaped quote ends nothing: a sign that is taken out again parts it from others.
            self.escaped_quote(text)?;
        }
        Ok(())
    }

    /// Reads on behind an escaped quote, until something that is no quote stands there.
    fn escaped_quote(&mut self, text: &mut String) -> Result<(), Wrong> {
        if self.lexer.rest().starts_with("\"\"\"") || self.lexer.peek() != Some('"') {
            return Ok(());
        }
        while self.lexer.accept('"')? {
            text.push('"');
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<char, Wrong> {
        let letter = self.lexer.next()?;
        Ok(match letter {
            Some('b') => '\u{8}',
            Some('t') => '\t',
            Some('n') => '\n',
            Some('f') => '\u{c}',
            Some('r') => '\r',
            Some('e') => '\u{1b}',
            Some(letter @ ('"' | '\\')) => letter,
            Some('x') => self.code(2, "two", 'x')?,
            Some('u') => self.code(4, "four", 'u')?,
            Some('U') => self.code(8, "eight", 'U')?,
            Some(blank @ (' ' | '\t')) => {
                return Err(self.lexer.wrong(format!("invalid escape: '\\{blank}'")));
            }
            other => {
                let shown = other.unwrap_or('\0');
                let why = format!("invalid escape in string '\\{shown}'");
                return Err(self.lexer.wrong_before(other, why));
            }
        })
    }

    fn code(&mut self, length: usize, word: &str, kind: char) -> Result<char, Wrong> {
        let mut digits = String::new();
        for _ in 0..length {
            match self.lexer.next()? {
                Some(digit) if digit.is_ascii_hexdigit() => digits.push(digit),
                _ => {
                    let shown = super::lex::quoted(self.lexer.marked());
                    return Err(self.lexer.wrong(format!(
                        "expected {word} hexadecimal digits after '\\{kind}', but got {shown} instead"
                    )));
                }
            }
        }
        let code = u32::from_str_radix(&digits, 16).unwrap_or(u32::MAX);
        char::from_u32(code).ok_or_else(|| {
            let why = format!("Escaped character '\\u{digits}' is not valid UTF-8.");
            self.lexer.wrong(why)
        })
    }
}
