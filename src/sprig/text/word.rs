//! `HTTPServer2go` as `http_server2go`: words found within words.

use std::sync::LazyLock;

use regex::Regex;

use super::case::parts_words;
use super::rune::{is_upper, lower, runes};
use crate::govalue::{Context, Error, Value};
use crate::sprig::arguments::bytes;

pub(super) fn snakecase(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let runes: Vec<char> = runes(bytes(arguments, 0)).collect();
    Ok(joined(&runes, '_').into())
}

pub(super) fn kebabcase(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let runes: Vec<char> = runes(bytes(arguments, 0)).collect();
    Ok(joined(&runes, '-').into())
}

/// What a word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// There are no more words.
    End,
    Number,
    /// Capitals, or one of them and small letters.
    Capital,
    /// Small letters.
    Letter,
    /// What parts words: blanks, `-` and `_`.
    Connector,
    Punctuation,
    Other,
}

use Kind::{Capital, Connector, End, Letter, Number, Other, Punctuation};

/// A reader that is always at a word.
struct Words<'a> {
    kind: Kind,
    word: &'a [char],
    left: &'a [char],
    connector: char,
    made: String,
}

fn joined(runes: &[char], connector: char) -> String {
    let mut words = Words {
        kind: End,
        word: &[],
        left: runes,
        connector,
        made: String::with_capacity(runes.len() + 8),
    };
    words.advance();
    while !words.left.is_empty() {
        words.step();
    }
    words.write(words.kind, words.word);
    words.made
}

impl<'a> Words<'a> {
    fn advance(&mut self) {
        self.kind = self.left.first().map_or(End, |rune| kind_of(*rune));
        let (word, left) = self.left.split_at(word_length(self.kind, self.left));
        (self.word, self.left) = (word, left);
    }

    /// Writes the word, and what belongs between it and the next.
    fn step(&mut self) {
        let (kind, word) = (self.kind, self.word);
        if kind != Connector {
            self.write(kind, word);
        }
        self.advance();
        match kind {
            Number => {
                self.write_tail();
                self.connect();
            }
            Connector => self.write(kind, word),
            Punctuation => {}
            _ if self.kind != Number => self.connect_to_any(),
            _ if self.left.is_empty() => {}
            _ => self.number(),
        }
    }

    /// A number behind a word belongs to it, unless small letters follow.
    fn number(&mut self) {
        let number = self.word;
        self.advance();
        if self.kind == Letter {
            self.made.push(self.connector);
            self.write(Number, number);
            self.write_tail();
            self.connect();
        } else {
            self.write(Number, number);
            self.connect_to_any();
        }
    }

    /// Small letters and numbers that follow a number.
    fn write_tail(&mut self) {
        while matches!(self.kind, Letter | Number) {
            self.write(self.kind, self.word);
            self.advance();
        }
    }

    fn connect(&mut self) {
        if self.kind != End {
            self.connect_to_any();
        }
    }

    fn connect_to_any(&mut self) {
        if !matches!(self.kind, Connector | Punctuation) {
            self.made.push(self.connector);
        }
    }

    fn write(&mut self, kind: Kind, word: &'a [char]) {
        if !matches!(kind, Capital | Connector) {
            self.made.extend(word);
            return;
        }
        let connector = self.connector;
        self.made.extend(word.iter().map(|rune| match *rune {
            rune if parts_words(rune) => connector,
            rune if is_upper(rune) => lower(rune),
            rune => rune,
        }));
    }
}

fn kind_of(rune: char) -> Kind {
    if parts_words(rune) {
        Connector
    } else if is_punctuation(rune) {
        Punctuation
    } else if is_upper(rune) {
        Capital
    } else if is_letter(rune) {
        Letter
    } else if rune.is_numeric() {
        Number
    } else {
        Other
    }
}

fn word_length(kind: Kind, runes: &[char]) -> usize {
    let run = |is_in: &dyn Fn(char) -> bool| {
        let run = runes.iter().skip(1).take_while(|rune| is_in(**rune));
        run.count() + runes.len().min(1)
    };
    match kind {
        End => 0,
        Connector => run(&parts_words),
        Punctuation => run(&is_punctuation),
        Letter => run(&is_small),
        Number => run(&char::is_numeric),
        Other => run(&|rune| kind_of(rune) == Other),
        Capital => {
            let capitals = run(&is_upper);
            match runes.get(capitals) {
                // The last of several capitals begins the next word.
                Some(next) if capitals > 1 && is_letter(*next) => capitals - 1,
                Some(next) if capitals == 1 && is_letter(*next) => run(&is_small),
                _ => capitals,
            }
        }
    }
}

fn is_small(rune: char) -> bool {
    is_letter(rune) && !is_upper(rune)
}

/// A letter that words are made of: Chinese ones are words by themselves.
fn is_letter(rune: char) -> bool {
    let is_chinese = matches!(
        u32::from(rune),
        0x3400..=0x4d85 | 0x4e00..=0x9fcc | 0x2_0000..=0x2_b81d
    );
    !is_chinese && is_in(rune, &LETTER)
}

fn is_punctuation(rune: char) -> bool {
    if rune.is_ascii() {
        return rune.is_ascii_punctuation() && !"$+<=>^`|~".contains(rune);
    }
    is_in(rune, &PUNCTUATION)
}

static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{L}").ok());
static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{P}").ok());

fn is_in(rune: char, class: &LazyLock<Option<Regex>>) -> bool {
    if rune.is_ascii() {
        return rune.is_ascii_alphabetic();
    }
    let mut bytes = [0; 4];
    let text = rune.encode_utf8(&mut bytes);
    class.as_ref().is_some_and(|class| class.is_match(text))
}
