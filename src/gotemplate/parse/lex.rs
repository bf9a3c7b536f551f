//! Text → tokens, as Go's `text/template` cuts it.

use super::kind::{Keyword, Kind, Token};
use super::rune::{
    TrimEnd, code_point, find, is_left_trim, is_right_trim, is_space, is_word, keyword, lines,
};
use crate::govalue::print::{first_rune, is_printable, quote};

const LEFT: &[u8] = b"{{";
const RIGHT: &[u8] = b"}}";

/// Reads a text token by token.
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    place: usize,
    start: usize,
    line: usize,
    start_line: usize,
    parentheses: usize,
    in_action: bool,
    /// Why there was no token.
    pub(super) mistake: String,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            place: 0,
            start: 0,
            line: 1,
            start_line: 1,
            parentheses: 0,
            in_action: false,
            mistake: String::new(),
        }
    }

    pub(super) fn next(&mut self) -> Token {
        if self.in_action {
            self.inside_action()
        } else {
            self.plain_text()
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.place..).unwrap_or_default()
    }

    /// The rune at the place; what is no UTF-8 is U+FFFD.
    fn peek(&self) -> Option<char> {
        let rest = self.rest();
        match rest.first()? {
            byte if byte.is_ascii() => Some(char::from(*byte)),
            _ => Some(first_rune(rest).0.unwrap_or(char::REPLACEMENT_CHARACTER)),
        }
    }

    fn take(&mut self) -> Option<char> {
        let rest = self.rest();
        let (rune, width) = first_rune(rest);
        if width == 0 {
            return None;
        }
        self.place += width;
        let rune = rune.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.line += usize::from(rune == '\n');
        Some(rune)
    }

    fn accept(&mut self, set: &str) -> bool {
        match self.peek() {
            Some(rune) if set.contains(rune) => {
                self.take();
                true
            }
            _ => false,
        }
    }

    fn accept_all(&mut self, set: &str) {
        while self.accept(set) {}
    }

    fn token(&mut self, kind: Kind) -> Token {
        let token = Token {
            kind,
            start: self.start,
            end: self.place,
            line: self.start_line,
        };
        self.start = self.place;
        self.start_line = self.line;
        token
    }

    /// Passes over what was skipped without looking at it.
    fn ignore(&mut self) {
        self.line += lines(self.text.get(self.start..self.place).unwrap_or_default());
        self.start = self.place;
        self.start_line = self.line;
    }

    fn fail(&mut self, why: impl Into<String>) -> Token {
        self.mistake = why.into();
        let token = Token {
            kind: Kind::Mistake,
            start: self.start,
            end: self.place,
            line: self.start_line,
        };
        self.text = &[];
        self.place = 0;
        self.start = 0;
        token
    }

    /// Text up to the next action.
    fn plain_text(&mut self) -> Token {
        loop {
            let rest = self.rest();
            let Some(found) = find(rest, LEFT) else {
                self.place = self.text.len();
                if self.place == self.start {
                    return self.token(Kind::End);
                }
                self.line += lines(rest);
                return self.token(Kind::Text);
            };
            if found > 0 {
                self.place += found;
                let behind = self.text.get(self.place + LEFT.len()..).unwrap_or_default();
                let text = self.text.get(self.start..self.place).unwrap_or_default();
                let trimmed = if is_left_trim(behind) {
                    text.len() - text.trim_end_of(is_space).len()
                } else {
                    0
                };
                self.place -= trimmed;
                self.line += lines(self.text.get(self.start..self.place).unwrap_or_default());
                let token = self.token(Kind::Text);
                self.place += trimmed;
                self.ignore();
                if token.end > token.start {
                    return token;
                }
            }
            if let Some(token) = self.left_delimiter() {
                return token;
            }
        }
    }

    /// The start of an action, or nothing where a comment stood.
    fn left_delimiter(&mut self) -> Option<Token> {
        self.place += LEFT.len();
        let marker = if is_left_trim(self.rest()) { 2 } else { 0 };
        let behind = self.rest().get(marker..).unwrap_or_default();
        if behind.starts_with(b"/*") {
            self.place += marker;
            self.ignore();
            return self.comment();
        }
        let token = self.token(Kind::LeftDelimiter);
        self.in_action = true;
        self.place += marker;
        self.ignore();
        self.parentheses = 0;
        Some(token)
    }

    fn comment(&mut self) -> Option<Token> {
        self.place += 2;
        let Some(end) = find(self.rest(), b"*/") else {
            return Some(self.fail("unclosed comment"));
        };
        self.place += end + 2;
        let Some(trims) = self.right_delimiter_here() else {
            return Some(self.fail("comment ends before closing delimiter"));
        };
        self.line += lines(self.text.get(self.start..self.place).unwrap_or_default());
        self.token(Kind::Space);
        self.pass_right_delimiter(trims);
        self.ignore();
        None
    }

    /// Whether an action ends here, and if so whether it trims.
    fn right_delimiter_here(&self) -> Option<bool> {
        let rest = self.rest();
        if is_right_trim(rest) && rest.get(2..).unwrap_or_default().starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn pass_right_delimiter(&mut self, trims: bool) {
        self.place += RIGHT.len() + if trims { 2 } else { 0 };
        if trims {
            let rest = self.rest();
            self.place += rest.iter().take_while(|byte| is_space(**byte)).count();
        }
    }

    fn right_delimiter(&mut self, trims: bool) -> Token {
        if trims {
            self.place += 2;
            self.ignore();
        }
        self.place += RIGHT.len();
        let token = self.token(Kind::RightDelimiter);
        if trims {
            let rest = self.rest();
            self.place += rest.iter().take_while(|byte| is_space(**byte)).count();
            self.ignore();
        }
        self.in_action = false;
        token
    }

    fn inside_action(&mut self) -> Token {
        if let Some(trims) = self.right_delimiter_here() {
            if self.parentheses == 0 {
                return self.right_delimiter(trims);
            }
            return self.fail("unclosed left paren");
        }
        let Some(rune) = self.peek() else {
            return self.fail("unclosed action");
        };
        if u8::try_from(rune).is_ok_and(is_space) {
            return self.space();
        }
        if rune.is_ascii_digit() || matches!(rune, '+' | '-') {
            return self.number();
        }
        if is_word(rune) {
            return self.identifier();
        }
        if rune == '.' {
            let next = self.rest().get(1);
            return match next {
                Some(byte) if !byte.is_ascii_digit() => {
                    self.take();
                    self.field_or_variable(Kind::Field)
                }
                _ => self.number(),
            };
        }
        self.take();
        match rune {
            '=' => self.token(Kind::Assign),
            ':' if self.peek() == Some('=') => {
                self.take();
                self.token(Kind::Declare)
            }
            ':' => self.fail("expected :="),
            '|' => self.token(Kind::Pipe),
            '"' => self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => self.quoted('\'', Kind::Rune, "unterminated character constant"),
            '`' => self.raw_string(),
            '$' => self.variable(),
            '(' => {
                self.parentheses += 1;
                self.token(Kind::LeftParenthesis)
            }
            ')' => match self.parentheses.checked_sub(1) {
                None => self.fail("unexpected right paren"),
                Some(open) => {
                    self.parentheses = open;
                    self.token(Kind::RightParenthesis)
                }
            },
            rune if rune.is_ascii() && is_printable(rune) => self.token(Kind::Sign),
            rune => self.fail(format!(
                "unrecognized character in action: {}",
                code_point(rune)
            )),
        }
    }

    fn space(&mut self) -> Token {
        let mut count = 0;
        while self
            .peek()
            .is_some_and(|rune| u8::try_from(rune).is_ok_and(is_space))
        {
            self.take();
            count += 1;
        }
        // The last blank may belong to ` -}}`.
        let last = self.text.get(self.place - 1..).unwrap_or_default();
        if is_right_trim(last) && last.get(2..).unwrap_or_default().starts_with(RIGHT) {
            self.place -= 1;
            self.line -= usize::from(last.first() == Some(&b'\n'));
            if count == 1 {
                return self.right_delimiter(true);
            }
        }
        self.token(Kind::Space)
    }

    fn identifier(&mut self) -> Token {
        while self.peek().is_some_and(is_word) {
            self.take();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        let word = self.text.get(self.start..self.place).unwrap_or_default();
        let kind = match word {
            b"true" | b"false" => Kind::Bool,
            word => keyword(word).map_or(Kind::Identifier, Kind::Keyword),
        };
        self.token(kind)
    }

    fn variable(&mut self) -> Token {
        if self.at_terminator() {
            return self.token(Kind::Variable);
        }
        self.field_or_variable(Kind::Variable)
    }

    /// Behind the dot or the dollar.
    fn field_or_variable(&mut self, kind: Kind) -> Token {
        if self.at_terminator() {
            return match kind {
                Kind::Variable => self.token(Kind::Variable),
                _ => self.token(Kind::Keyword(Keyword::Dot)),
            };
        }
        while self.peek().is_some_and(is_word) {
            self.take();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.token(kind)
    }

    fn bad_character(&mut self) -> Token {
        let rune = self.peek().unwrap_or(char::REPLACEMENT_CHARACTER);
        self.fail(format!("bad character {}", code_point(rune)))
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(' | ' ' | '\t' | '\r' | '\n') => true,
            Some(_) => self.rest().starts_with(RIGHT),
        }
    }

    /// A string or a rune, behind its first quote.
    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Token {
        loop {
            match self.take() {
                Some('\\') => {
                    if matches!(self.take(), None | Some('\n')) {
                        return self.fail(unterminated);
                    }
                }
                None | Some('\n') => return self.fail(unterminated),
                Some(rune) if rune == quote => return self.token(kind),
                Some(_) => {}
            }
        }
    }

    fn raw_string(&mut self) -> Token {
        loop {
            match self.take() {
                None => return self.fail("unterminated raw quoted string"),
                Some('`') => return self.token(Kind::RawString),
                Some(_) => {}
            }
        }
    }

    fn number(&mut self) -> Token {
        if !self.scan_number() {
            return self.bad_number();
        }
        if matches!(self.peek(), Some('+' | '-')) {
            // A complex number: no blanks, and an `i` at its end.
            let is_complex = self.scan_number();
            let last = self
                .place
                .checked_sub(1)
                .and_then(|place| self.text.get(place));
            if !is_complex || last != Some(&b'i') {
                return self.bad_number();
            }
            return self.token(Kind::Complex);
        }
        self.token(Kind::Number)
    }

    fn bad_number(&mut self) -> Token {
        let text = quote(self.text.get(self.start..self.place).unwrap_or_default());
        self.fail(format!(
            "bad number syntax: {}",
            String::from_utf8_lossy(&text)
        ))
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_all(digits);
        if self.accept(".") {
            self.accept_all(digits);
        }
        let has_exponent = match digits.len() {
            11 => self.accept("eE"),
            23 => self.accept("pP"),
            _ => false,
        };
        if has_exponent {
            self.accept("+-");
            self.accept_all("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_word) {
            self.take();
            return false;
        }
        true
    }
}
