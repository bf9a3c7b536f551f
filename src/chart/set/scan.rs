//! An argument, read letter by letter.

/// What is left of an argument.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

/// A word and what ended it; `None` at the end of the argument.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) end: Option<char>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Passes over so many bytes.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.skip(letter.len_utf8());
        Some(letter)
    }

    /// Passes over a letter, if it is the next one.
    pub(super) fn take(&mut self, letter: char) -> bool {
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The text up to one of the letters, which is passed over as well. With `escapes`, a backslash
    /// takes the letter behind it for what it is.
    pub(super) fn until(&mut self, stops: &[char], escapes: bool) -> Word {
        let mut text = String::new();
        while let Some(letter) = self.next() {
            if stops.contains(&letter) {
                let end = Some(letter);
                return Word { text, end };
            }
            if escapes && letter == '\\' {
                match self.next() {
                    Some(letter) => text.push(letter),
                    None => break,
                }
            } else {
                text.push(letter);
            }
        }
        Word { text, end: None }
    }

    /// Passes over blanks and one comma behind them. Whether nothing else stands there.
    pub(super) fn skip_blank_value(&mut self) -> bool {
        loop {
            let before = self.rest;
            match self.next() {
                None | Some(',') => return true,
                Some(letter) if letter.is_whitespace() => {}
                Some(_) => {
                    self.rest = before;
                    return false;
                }
            }
        }
    }
}
