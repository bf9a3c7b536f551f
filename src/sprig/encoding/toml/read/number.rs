//! Numbers and times.

use super::{Reader, Wrong, lex};
use crate::govalue::Value;
use crate::sprig::date::from_toml;

impl Reader<'_> {
    /// A number, or a time, which begins with one.
    pub(super) fn number(&mut self) -> Result<Value, Wrong> {
        let rest = self.lexer.rest();
        let (sign, unsigned) = match rest.chars().next() {
            Some(sign @ ('+' | '-')) => (Some(sign), &rest[1..]),
            _ => (None, rest),
        };
        if unsigned.starts_with(['i', 'n']) {
            return self.word_number(sign, unsigned);
        }
        if let Some(sign) = sign {
            self.check_signed(sign, unsigned)?;
        } else if let Some(value) = self.based(rest)? {
            return Ok(value);
        }
        let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
        let is_time = matches!(unsigned.as_bytes().get(digits), Some(b'-' | b':'));
        if is_time && sign.is_none() && unsigned.get(..digits) != Some("0") {
            return self.time();
        }
        let is_digit = |letter: char| letter.is_ascii_digit() || letter == '_';
        let behind = unsigned.trim_start_matches(is_digit);
        if behind.starts_with(['.', 'e', 'E']) {
            let literal = self
                .lexer
                .take(|letter| is_digit(letter) || ".-+eE".contains(letter))?;
            return self.float(&literal);
        }
        let mut literal = String::new();
        if sign.is_some() {
            literal.extend(self.lexer.next()?);
        }
        literal.push_str(&self.lexer.take(is_digit)?);
        self.integer(&literal)
    }

    /// `inf` and `nan`.
    fn word_number(&mut self, sign: Option<char>, unsigned: &str) -> Result<Value, Wrong> {
        let float = if unsigned.starts_with("inf") {
            f64::INFINITY
        } else if unsigned.starts_with("nan") {
            f64::NAN
        } else if sign.is_none() {
            return self.word();
        } else {
            let shown: String = self.lexer.rest().chars().take(2).collect();
            return Err(self.lexer.wrong(format!("invalid float: '{shown}'")));
        };
        let length = 3 + usize::from(sign.is_some());
        for _ in 0..length {
            self.lexer.next()?;
        }
        Ok(Value::Float(if sign == Some('-') { -float } else { float }))
    }

    fn check_signed(&mut self, sign: char, unsigned: &str) -> Result<(), Wrong> {
        let mut letters = unsigned.chars();
        let why = match (letters.next(), letters.next()) {
            (Some('0'), Some(base @ ('b' | 'o' | 'x'))) => {
                format!("cannot use sign with non-decimal numbers: '{sign}0{base}'")
            }
            (Some('.'), _) => "floats must start with a digit, not '.'".to_owned(),
            (Some('0'..='9'), _) => return Ok(()),
            (other, _) => format!("expected a digit but got {}", lex::quoted_letter(other)),
        };
        Err(self.lexer.wrong(why))
    }

    /// A number to another base than ten.
    fn based(&mut self, rest: &str) -> Result<Option<Value>, Wrong> {
        let (radix, kind) = match rest.get(..2) {
            Some("0b") => (2, "a binary"),
            Some("0o") => (8, "an octal"),
            Some("0x") => (16, "a hexadecimal"),
            _ => return Ok(None),
        };
        let is_digit = |letter: char| letter.is_digit(radix);
        match rest.chars().nth(2) {
            Some(first) if is_digit(first) => {}
            other => {
                let shown = other.unwrap_or('\0');
                let prefix = &rest[..2];
                return Err(self
                    .lexer
                    .wrong(format!("not {kind} number: '{prefix}{shown}'")));
            }
        }
        for _ in 0..2 {
            self.lexer.next()?;
        }
        let digits = self
            .lexer
            .take(|letter| is_digit(letter) || letter == '_')?;
        let literal = format!("{}{digits}", &rest[..2]);
        self.check_underscores("integer", &literal, &digits)?;
        let number = i64::from_str_radix(&digits.replace('_', ""), radix);
        let number = number.map_err(|_| self.out_of_range(&literal, "int64"))?;
        Ok(Some(Value::Int64(number)))
    }

    fn integer(&mut self, literal: &str) -> Result<Value, Wrong> {
        self.check_underscores("integer", literal, literal)?;
        self.check_zero("integer", literal, literal)?;
        let digits = literal.replace('_', "");
        let number = digits
            .parse()
            .map_err(|_| self.out_of_range(literal, "int64"))?;
        Ok(Value::Int64(number))
    }

    fn float(&mut self, literal: &str) -> Result<Value, Wrong> {
        let parts = literal
            .split(['.', 'e', 'E'])
            .filter(|part| !part.is_empty());
        let parts: Vec<&str> = parts.collect();
        for part in &parts {
            self.check_underscores("float", literal, part)?;
        }
        self.check_zero("float", literal, parts.first().unwrap_or(&""))?;
        let mut pieces = literal.split('.').skip(1);
        if pieces.any(|piece| !piece.starts_with(|letter: char| letter.is_ascii_digit())) {
            return Err(self.invalid(
                "float",
                literal,
                "'.' must be followed by one or more digits",
            ));
        }
        match literal.replace('_', "").parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Value::Float(float)),
            Ok(_) => Err(self.out_of_range(literal, "float64")),
            Err(_) => {
                let why = format!("Invalid float value: {}", lex::quoted(literal));
                Err(self.lexer.wrong(why))
            }
        }
    }

    fn check_underscores(&self, kind: &str, literal: &str, part: &str) -> Result<(), Wrong> {
        let mut after_digit = false;
        for letter in part.chars() {
            if letter == '_' && !after_digit {
                break;
            }
            after_digit = letter.is_ascii_hexdigit();
        }
        if after_digit {
            return Ok(());
        }
        Err(self.invalid(kind, literal, "underscores must be surrounded by digits"))
    }

    fn check_zero(&self, kind: &str, literal: &str, part: &str) -> Result<(), Wrong> {
        let unsigned = part.strip_prefix(['+', '-']).unwrap_or(part);
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return Err(self.invalid(kind, literal, "cannot have leading zeroes"));
        }
        Ok(())
    }

    fn invalid(&self, kind: &str, literal: &str, why: &str) -> Wrong {
        let literal = lex::quoted(literal);
        self.lexer.wrong(format!("Invalid {kind} {literal}: {why}"))
    }

    fn out_of_range(&self, literal: &str, kind: &str) -> Wrong {
        self.lexer
            .wrong(format!("{literal} is out of range for {kind}"))
    }

    /// A date, a time of day, or both.
    fn time(&mut self) -> Result<Value, Wrong> {
        let literal = self
            .lexer
            .take(|letter| letter.is_ascii_digit() || "-:Tt .Zz+".contains(letter))?;
        let literal = literal.trim_end();
        let upper = literal.replace(['t', ' '], "T").replace('z', "Z");
        let wrong = format!("invalid datetime: {}", lex::quoted(&upper));
        from_toml(&upper).ok_or_else(|| self.lexer.wrong(wrong))
    }
}
