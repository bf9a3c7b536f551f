//! The letters of a text, one by one, and what is said of them.

use super::Wrong;
use crate::govalue::print;

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether the end was read.
    is_over: bool,
    /// Where the text in quotes begins that is read.
    mark: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            line: 1,
            is_over: false,
            mark: 0,
        }
    }

    /// A text in quotes begins here.
    pub(super) fn mark(&mut self) {
        self.mark = self.at;
    }

    /// What was read since then.
    pub(super) fn marked(&self) -> &'a str {
        self.text.get(self.mark..self.at).unwrap_or_default()
    }

    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Reads a letter; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<char>, Wrong> {
        let Some(letter) = self.peek() else {
            self.is_over = true;
            return Ok(None);
        };
        let is_alone = letter == '\r' && !self.rest().starts_with("\r\n");
        if is_alone
            || matches!(letter, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}')
        {
            let code = u32::from(letter);
            let why = format!("TOML files cannot contain control characters: '0x{code:02x}'");
            return Err(self.wrong(why));
        }
        self.at += letter.len_utf8();
        if letter == '\n' {
            self.line += 1;
        }
        Ok(Some(letter))
    }

    /// Takes the last letter back, which was no line break.
    pub(super) fn back(&mut self) {
        if self.is_over {
            self.is_over = false;
            return;
        }
        let before = self.text.get(..self.at).unwrap_or_default();
        if let Some(letter) = before.chars().next_back() {
            self.at -= letter.len_utf8();
        }
    }

    pub(super) fn accept(&mut self, letter: char) -> Result<bool, Wrong> {
        let is_next = self.peek() == Some(letter);
        if is_next {
            self.next()?;
        }
        Ok(is_next)
    }

    pub(super) fn skip_blanks(&mut self) -> Result<(), Wrong> {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.next()?;
        }
        Ok(())
    }

    /// Reads what is left of a line.
    pub(super) fn comment(&mut self) -> Result<(), Wrong> {
        while self.peek().is_some_and(|letter| letter != '\n') {
            self.next()?;
        }
        Ok(())
    }

    pub(super) fn bare(&mut self) -> Result<String, Wrong> {
        self.take(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
    }

    pub(super) fn letters(&mut self) -> Result<String, Wrong> {
        let letters = self.take(char::is_alphabetic)?;
        // The end is looked at as well.
        self.is_over = self.peek().is_none();
        Ok(letters)
    }

    /// Reads letters while they are of a kind.
    pub(super) fn take(&mut self, is_one: impl Fn(char) -> bool) -> Result<String, Wrong> {
        let mut taken = String::new();
        while let Some(letter) = self.peek().filter(|letter| is_one(*letter)) {
            self.next()?;
            taken.push(letter);
        }
        Ok(taken)
    }

    /// Something is wrong here; at the end of a text, in its last line.
    pub(super) fn wrong(&self, why: String) -> Wrong {
        let is_behind = self.at == self.text.len() && self.text.ends_with('\n');
        let line = self.line - usize::from(is_behind && self.is_over);
        Wrong { line, why }
    }

    /// Something is wrong with a letter that was read; a line break belongs to the line that it ends.
    pub(super) fn wrong_before(&self, letter: Option<char>, why: String) -> Wrong {
        let line = self.line - usize::from(letter == Some('\n'));
        Wrong { line, why }
    }
}

/// A text in quotes, as Go prints it.
pub(super) fn quoted(text: &str) -> String {
    String::from_utf8_lossy(&print::quote(text.as_bytes())).into_owned()
}

/// A letter in single quotes; the end of a text is a zero.
pub(super) fn quoted_letter(letter: Option<char>) -> String {
    let Some(letter) = letter else {
        return r"'\x00'".to_owned();
    };
    match letter {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => {
            let quoted = quoted(letter.encode_utf8(&mut [0; 4]));
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

/// A name as keys print it.
pub(super) fn name(name: &str) -> String {
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
