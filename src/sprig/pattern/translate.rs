//! Go's regular expressions in the syntax of the regex crate, and what Go finds wrong with them.
//!
//! The two match alike once written alike: here classes are ASCII, stray braces are letters, and what
//! the crate knows beyond Go (set operations, verbose mode, start of word) is no syntax.

use super::class;
use super::error::Mistake;

/// The most groups within groups.
pub(super) const MOST_NESTED: u32 = 1000;
/// The most repetitions that can be asked for, nested ones multiplied.
const MOST_REPEATS: u32 = 1000;

/// A pattern that was translated.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// The name of each group; empty for those without, and for the whole.
    pub(super) names: Vec<String>,
}

/// Translates a pattern.
pub(super) fn translate(text: &str) -> Result<Translated, String> {
    let mut reader = Reader {
        whole: text,
        rest: text,
        pattern: String::with_capacity(text.len() + 16),
        names: vec![String::new()],
        groups: Vec::new(),
        before: None,
        repeats_within: 1,
        flags_at: None,
    };
    let mut last_repeat = None;
    while !reader.rest.is_empty() {
        last_repeat = reader.step(last_repeat)?;
    }
    if !reader.groups.is_empty() {
        return Err(Mistake::Parenthesis.at(text));
    }
    Ok(Translated {
        pattern: reader.pattern,
        names: reader.names,
    })
}

struct Reader<'t> {
    whole: &'t str,
    rest: &'t str,
    pattern: String,
    names: Vec<String>,
    groups: Vec<Group>,
    /// How often the part before is repeated, within it; `None` when there is no part.
    before: Option<u32>,
    /// The same for all parts of this group.
    repeats_within: u32,
    /// Where flags stand that were set behind that part: a repetition behind them is still its own.
    flags_at: Option<usize>,
}

struct Group {
    repeats_within: u32,
}

impl<'t> Reader<'t> {
    /// Reads one part; what comes back is the text from a repetition on, if that is what it was.
    fn step(&mut self, last_repeat: Option<&'t str>) -> Result<Option<&'t str>, String> {
        let text = self.rest;
        let first = text.chars().next().unwrap_or_default();
        match first {
            '*' | '+' | '?' => {
                self.skip(1);
                self.repeat(text, last_repeat, (first.to_string(), 1))?;
                return Ok(Some(text));
            }
            '{' if let Some((counts, rest)) = read_counts(text) => {
                self.rest = rest;
                let part = part_before(text, rest);
                let most = counts.1.unwrap_or(counts.0);
                if counts.0 > MOST_REPEATS || most > MOST_REPEATS || counts.0 > most {
                    return Err(Mistake::RepeatCount.at(part));
                }
                self.repeat(text, last_repeat, (part.to_owned(), most))?;
                return Ok(Some(text));
            }
            '(' if text.starts_with("(?") => self.read_flags()?,
            '(' => self.open(String::new())?,
            ')' => self.close()?,
            '|' => {
                self.skip(1);
                self.pattern.push('|');
                self.before = None;
                self.flags_at = None;
            }
            '^' | '$' | '.' => {
                self.skip(1);
                self.add(first.encode_utf8(&mut [0; 4]));
            }
            '[' => {
                let (class, rest) = class::bracket(text)?;
                self.rest = rest;
                self.add(&class);
            }
            '\\' => self.read_backslash()?,
            other => {
                self.skip(other.len_utf8());
                self.add(&literal(other.into()));
            }
        }
        Ok(None)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn add(&mut self, part: &str) {
        self.flags_at = None;
        self.pattern.push_str(part);
        self.before = Some(1);
    }

    fn repeat(
        &mut self,
        text: &'t str,
        last_repeat: Option<&'t str>,
        (operator, count): (String, u32),
    ) -> Result<(), String> {
        let mut operator = operator;
        if self.rest.starts_with('?') {
            self.skip(1);
            operator.push('?');
        }
        if let Some(last) = last_repeat {
            return Err(Mistake::NestedRepeat.at(part_before(last, self.rest)));
        }
        let part = part_before(text, self.rest);
        let within = self.before.ok_or_else(|| Mistake::RepeatNothing.at(part))?;
        let all = within.saturating_mul(count.max(1));
        if count > 1 && all > MOST_REPEATS {
            return Err(Mistake::RepeatCount.at(part));
        }
        let place = self.flags_at.unwrap_or(self.pattern.len());
        self.pattern.insert_str(place, &operator);
        self.flags_at = self.flags_at.map(|place| place + operator.len());
        self.before = Some(all);
        self.repeats_within = self.repeats_within.max(all);
        Ok(())
    }

    fn open(&mut self, name: String) -> Result<(), String> {
        self.skip(1);
        self.names.push(name);
        self.pattern.push('(');
        self.enter()
    }

    fn enter(&mut self) -> Result<(), String> {
        if self.groups.len() >= usize::try_from(MOST_NESTED).unwrap_or(usize::MAX) {
            return Err(Mistake::TooDeep.at(self.whole));
        }
        self.before = None;
        self.flags_at = None;
        self.groups.push(Group {
            repeats_within: std::mem::replace(&mut self.repeats_within, 1),
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let group = self.groups.pop();
        let group = group.ok_or_else(|| Mistake::UnexpectedParenthesis.at(self.whole))?;
        self.skip(1);
        self.flags_at = None;
        self.pattern.push(')');
        self.before = Some(self.repeats_within);
        self.repeats_within = group.repeats_within.max(self.repeats_within);
        Ok(())
    }

    /// `(?i)`, `(?i:`, `(?P<name>` and `(?<name>`.
    fn read_flags(&mut self) -> Result<(), String> {
        let text = self.rest;
        for head in ["(?P<", "(?<"] {
            if text.starts_with(head) && text.len() > head.len() {
                return self.read_name(head.len());
            }
        }
        let mut letters = text.get(2..).unwrap_or_default().chars();
        let (mut on, mut off) = (String::new(), String::new());
        let (mut turns_off, mut saw_flag) = (false, false);
        for letter in letters.by_ref() {
            match letter {
                'i' | 'm' | 's' | 'U' => {
                    let (flags, others) = if turns_off {
                        (&mut off, &mut on)
                    } else {
                        (&mut on, &mut off)
                    };
                    others.retain(|other| other != letter);
                    if !flags.contains(letter) {
                        flags.push(letter);
                    }
                    saw_flag = true;
                }
                '-' if !turns_off => (turns_off, saw_flag) = (true, false),
                ':' | ')' if !turns_off || saw_flag => {
                    let off = if off.is_empty() {
                        off
                    } else {
                        format!("-{off}")
                    };
                    return self.set_flags(&format!("{on}{off}"), letter, letters.as_str());
                }
                _ => break,
            }
        }
        Err(Mistake::Perl.at(part_before(text, letters.as_str())))
    }

    fn set_flags(&mut self, flags: &str, end: char, rest: &'t str) -> Result<(), String> {
        self.rest = rest;
        if end == ':' {
            self.pattern.push_str("(?");
            self.pattern.push_str(flags);
            self.pattern.push(':');
            return self.enter();
        }
        if !flags.is_empty() {
            self.flags_at.get_or_insert(self.pattern.len());
            self.pattern.push_str("(?");
            self.pattern.push_str(flags);
            self.pattern.push(')');
        }
        Ok(())
    }

    fn read_name(&mut self, head: usize) -> Result<(), String> {
        let text = self.rest;
        let end = text.find('>').ok_or_else(|| Mistake::Name.at(text))?;
        let (name, whole) = (
            text.get(head..end).unwrap_or_default(),
            text.get(..=end).unwrap_or(text),
        );
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        if name.is_empty() || !name.chars().all(is_word) {
            return Err(Mistake::Name.at(whole));
        }
        self.skip(end);
        self.open(name.to_owned())
    }

    fn read_backslash(&mut self) -> Result<(), String> {
        let text = self.rest;
        let letter = text.chars().nth(1);
        match letter {
            Some('A' | 'z') => {
                self.add_after(2, part_before(text, text.get(2..).unwrap_or_default()));
            }
            Some('b') => self.add_after(2, r"(?-u:\b)"),
            Some('B') => self.add_after(2, r"(?-u:\B)"),
            Some('C') => return Err(Mistake::Escape.at(r"\C")),
            Some('Q') => {
                let quoted = text.get(2..).unwrap_or_default();
                let (quoted, rest) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                self.rest = rest;
                for letter in quoted.chars() {
                    self.add(&literal(letter.into()));
                }
            }
            Some('p' | 'P') => {
                let (class, rest) = class::unicode(text)?;
                self.rest = rest;
                self.add(&class);
            }
            Some(letter) if let Some(class) = class::perl(letter) => self.add_after(2, class),
            _ => {
                let Escape { rune, rest } = read_escape(text)?;
                self.rest = rest;
                self.add(&literal(rune));
            }
        }
        Ok(())
    }

    fn add_after(&mut self, bytes: usize, part: &str) {
        self.skip(bytes);
        self.add(part);
    }
}

/// What stands before `rest`, which is the end of `text`.
fn part_before<'t>(text: &'t str, rest: &str) -> &'t str {
    text.get(..text.len() - rest.len()).unwrap_or(text)
}

/// `{2}`, `{2,}` and `{2,3}`; other braces are letters.
fn read_counts(text: &str) -> Option<((u32, Option<u32>), &str)> {
    let (counts, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_plain = digits.len() == 1 || !digits.starts_with('0');
        (is_number && is_plain).then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let counts = match counts.split_once(',') {
        None => (number(counts)?, Some(number(counts)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((counts, rest))
}

/// A letter in a pattern, and in a class.
pub(super) fn literal(rune: u32) -> String {
    match char::from_u32(rune) {
        Some(letter) if letter.is_alphanumeric() || letter == '_' => letter.to_string(),
        Some(_) => format!("\\x{{{rune:x}}}"),
        // No text holds half of a pair.
        None => "\\x{fffd}".to_owned(),
    }
}

/// An escaped letter, and what stands behind.
pub(super) struct Escape<'t> {
    pub(super) rune: u32,
    pub(super) rest: &'t str,
}

/// Reads `\n`, `\.`, `\x41`, `\x{1f600}` or `\101`.
pub(super) fn read_escape(text: &str) -> Result<Escape<'_>, String> {
    let mut letters = text.chars();
    letters.next();
    let Some(letter) = letters.next() else {
        return Err(Mistake::Backslash.at(""));
    };
    let is_octal = |letter: char| letter.is_digit(8);
    let rune = match letter {
        'a' => Some(7),
        'f' => Some(12),
        'n' => Some(10),
        'r' => Some(13),
        't' => Some(9),
        'v' => Some(11),
        'x' => read_hexadecimal(&mut letters),
        '1'..='7' if !letters.as_str().starts_with(is_octal) => None,
        '0'..='7' => {
            let mut value = letter.to_digit(8).unwrap_or_default();
            for _ in 0..2 {
                let Some(digit) = letters.clone().next().and_then(|next| next.to_digit(8)) else {
                    break;
                };
                letters.next();
                value = value * 8 + digit;
            }
            Some(value)
        }
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(other.into()),
        _ => None,
    };
    let rest = letters.as_str();
    rune.map(|rune| Escape { rune, rest })
        .ok_or_else(|| Mistake::Escape.at(part_before(text, rest)))
}

fn read_hexadecimal(letters: &mut std::str::Chars<'_>) -> Option<u32> {
    let first = letters.next()?;
    if first != '{' {
        let high = first.to_digit(16);
        let low = letters.next()?.to_digit(16);
        return Some(high? * 16 + low?);
    }
    let mut value = 0_u32;
    let mut is_empty = true;
    loop {
        let letter = letters.next()?;
        if letter == '}' {
            return (!is_empty).then_some(value);
        }
        value = value * 16 + letter.to_digit(16)?;
        is_empty = false;
        if value > 0x10_ffff {
            return None;
        }
    }
}
