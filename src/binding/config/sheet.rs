//! A text that is read with all its mistakes.

use std::cell::RefCell;

use serde_json::Value;

use crate::report::{Mistake, Path, Step, excerpt, nearest};
use crate::yaml::{Data, Entry, Node, Place};

/// The text, and what was found wrong in it so far.
pub(super) struct Sheet<'a> {
    file: &'a str,
    text: &'a str,
    pub(super) mistakes: RefCell<Vec<Mistake>>,
    pub(super) warnings: RefCell<Vec<Mistake>>,
}

/// A value in the text.
#[derive(Clone)]
pub(super) struct Spot<'a> {
    pub(super) sheet: &'a Sheet<'a>,
    pub(super) node: &'a Node,
    path: Path,
}

/// A map in the text.
pub(super) struct Map<'a> {
    pub(super) spot: Spot<'a>,
    pub(super) entries: &'a [Entry],
    /// Whether a key that is null counts as absent.
    null_is_absent: bool,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self {
            file,
            text,
            mistakes: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    pub(super) fn root(&'a self, node: &'a Node) -> Spot<'a> {
        Spot {
            sheet: self,
            node,
            path: Path::default(),
        }
    }

    fn mistake(&self, place: Place, path: &Path, message: String) -> Mistake {
        let mistake = Mistake::new(self.file, message)
            .at(place.line, place.column)
            .path(path.to_string());
        // The text is what a program printed: nobody can open it at that line. One long line of JSON
        // would not help.
        if self.text.lines().nth(1).is_none() {
            return mistake;
        }
        mistake.excerpt(excerpt(self.text, place.line))
    }
}

impl<'a> Spot<'a> {
    /// Notes what is wrong here.
    pub(super) fn wrong(&self, message: impl Into<String>, hint: impl Into<String>) {
        let mistake = self
            .sheet
            .mistake(self.node.place, &self.path, message.into());
        self.sheet.mistakes.borrow_mut().push(mistake.hint(hint));
    }

    /// Notes what is wrong at a line and a column of this text; a column of 0 is not known.
    pub(super) fn wrong_at(
        &self,
        (line, column): (u32, u32),
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let place = Place { line, column };
        let mistake = self.sheet.mistake(place, &self.path, message.into());
        self.sheet.mistakes.borrow_mut().push(mistake.hint(hint));
    }

    /// Of a text after `|`: how many lines of the file stand above it, and how far it is indented.
    pub(super) fn block(&self) -> Option<(u32, u32)> {
        let Place { line, .. } = self.node.place;
        let text = self.text_here()?;
        let is_block = self
            .rest_of_line()
            .is_some_and(|rest| rest.starts_with('|'));
        if !is_block {
            return None;
        }
        let full = |line: &&str| !line.trim().is_empty();
        let spaces = |line: &str| line.chars().take_while(|letter| *letter == ' ').count();
        let above = usize::try_from(line).ok()?;
        let first = self.sheet.text.lines().skip(above).find(full);
        let indent = first.map_or(0, spaces);
        let own = text.lines().find(full).map_or(0, spaces);
        Some((line, u32::try_from(indent.saturating_sub(own)).ok()?))
    }

    /// Where a line and a column of this text stand in the file; the column is 0 when it is not known.
    pub(super) fn place_in(&self, line: usize, column: usize) -> (u32, u32) {
        let number = |number: usize| u32::try_from(number).unwrap_or_default();
        let start = self.node.place;
        if let Some((above, indent)) = self.block() {
            return (above + number(line), indent + number(column));
        }
        if line > 1 {
            return (start.line, 0);
        }
        let is_quoted = self
            .rest_of_line()
            .is_some_and(|rest| rest.starts_with(['"', '\'']));
        let column = start.column + u32::from(is_quoted) + number(column.saturating_sub(1));
        (start.line, column)
    }

    fn text_here(&self) -> Option<&'a str> {
        match &self.node.data {
            Data::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// What stands in the file from where this begins to the end of its line.
    fn rest_of_line(&self) -> Option<&'a str> {
        let Place { line, column } = self.node.place;
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let text = self.sheet.text.lines().nth(index)?;
        let before = usize::try_from(column).ok()?.checked_sub(1)?;
        let start = text.char_indices().nth(before)?.0;
        text.get(start..)
    }

    /// Notes what is allowed here but does not do what it seems to.
    pub(super) fn warn(&self, message: impl Into<String>) {
        let warning = self
            .sheet
            .mistake(self.node.place, &self.path, message.into());
        self.sheet.warnings.borrow_mut().push(warning);
    }

    /// Notes that something else was expected here.
    pub(super) fn expected(&self, expected: &str, hint: impl Into<String>) {
        let hint = match &self.node.data {
            Data::Scalar(Value::Null) => "leave the key out".to_owned(),
            _ => hint.into(),
        };
        self.wrong(format!("expected {expected}, got {}", self.found()), hint);
    }

    /// A map with these keys and no others.
    pub(super) fn map(&self, known: &[&str]) -> Option<Map<'a>> {
        let map = self.open_map()?;
        for entry in map.entries {
            if !known.contains(&entry.key.as_str()) {
                map.unknown(entry, &hint_for(&entry.key, known));
            }
        }
        Some(map)
    }

    /// A map with any keys.
    pub(super) fn open_map(&self) -> Option<Map<'a>> {
        let Data::Mapping(entries) = &self.node.data else {
            self.expected("a map", "");
            return None;
        };
        Some(Map {
            spot: self.clone(),
            entries,
            null_is_absent: false,
        })
    }

    /// The items of a list that has at least so many.
    pub(super) fn items(&self, fewest: usize) -> Vec<Self> {
        let Data::Sequence(items) = &self.node.data else {
            self.expected("a list", "");
            return Vec::new();
        };
        if items.len() < fewest {
            self.wrong(
                format!("expected at least {fewest} item, got none"),
                "leave the key out",
            );
        }
        let spot = |(index, node)| Self {
            sheet: self.sheet,
            node,
            path: self.path.step(Step::Index(index)),
        };
        items.iter().enumerate().map(spot).collect()
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.data, Data::Sequence(_))
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&'a str> {
        match &self.node.data {
            Data::Scalar(Value::String(text)) => Some(text),
            Data::Scalar(value @ (Value::Bool(_) | Value::Number(_))) => {
                self.expected("a string", format!("quote it: \"{value}\""));
                None
            }
            _ => {
                self.expected("a string", "");
                None
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn full_text(&self) -> Option<&'a str> {
        let text = self.text()?;
        if text.is_empty() {
            self.wrong("expected a text that is not empty", "");
            return None;
        }
        Some(text)
    }

    /// The texts of a list that has at least so many.
    pub(super) fn texts(&self, fewest: usize) -> Vec<(Self, &'a str)> {
        let items = self.items(fewest).into_iter();
        items
            .filter_map(|item| item.text().map(|text| (item, text)))
            .collect()
    }

    /// The same, or one text that stands for a list of one.
    pub(super) fn texts_or_one(&self, fewest: usize) -> Vec<(Self, &'a str)> {
        match &self.node.data {
            Data::Scalar(Value::String(text)) => vec![(self.clone(), text)],
            _ => self.texts(fewest),
        }
    }

    /// True or false, also in the words of YAML 1.1, by which the original reads configurations.
    pub(super) fn flag(&self) -> Option<bool> {
        let flag = match &self.node.data {
            Data::Scalar(Value::Bool(flag)) => Some(*flag),
            Data::Scalar(Value::String(text)) => match text.as_str() {
                "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
                "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            let hint = match &self.node.data {
                Data::Scalar(Value::String(text)) if text.eq_ignore_ascii_case("true") => {
                    "write true, without quotes"
                }
                Data::Scalar(Value::String(text)) if text.eq_ignore_ascii_case("false") => {
                    "write false, without quotes"
                }
                _ => "",
            };
            self.expected("a boolean", hint);
        }
        flag
    }

    /// A whole number, also one that is written `1.0`.
    pub(super) fn integer(&self) -> Option<f64> {
        let found = match &self.node.data {
            Data::Scalar(Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        let found = found.filter(|number| number.fract() == 0.0);
        if found.is_none() {
            let quoted = matches!(&self.node.data, Data::Scalar(Value::String(text)) if text.parse::<i64>().is_ok());
            let hint = if quoted { "remove the quotes" } else { "" };
            self.expected("an integer", hint);
        }
        found
    }

    /// One of these words.
    pub(super) fn choice(&self, words: &[&str]) -> Option<&'a str> {
        let text = self.text()?;
        if words.contains(&text) {
            return Some(text);
        }
        let hint = match nearest(text, words.iter().copied()) {
            Some(word) => format!("did you mean {word:?}?"),
            None => String::new(),
        };
        self.expected(&format!("one of {}", words.join(", ")), hint);
        None
    }

    /// What is here, in words.
    fn found(&self) -> String {
        match &self.node.data {
            Data::Mapping(_) => "a map".to_owned(),
            Data::Sequence(_) => "a list".to_owned(),
            Data::Scalar(Value::Null) => "null".to_owned(),
            Data::Scalar(Value::Bool(flag)) => format!("a boolean ({flag})"),
            Data::Scalar(Value::Number(number)) => format!("a number ({number})"),
            Data::Scalar(Value::String(text)) if text.chars().count() <= 40 => format!("{text:?}"),
            Data::Scalar(_) => "a string".to_owned(),
        }
    }
}

impl<'a> Map<'a> {
    /// The same map, in which a key that is null counts as absent.
    pub(super) fn without_nulls(mut self) -> Self {
        self.null_is_absent = true;
        self
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Spot<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        if self.null_is_absent && entry.node.data == Data::Scalar(Value::Null) {
            return None;
        }
        Some(self.value(entry))
    }

    /// The value of a key that must be there.
    pub(super) fn need(&self, key: &str) -> Option<Spot<'a>> {
        let found = self.get(key);
        if found.is_none() {
            let path = self.spot.path.key(key);
            let message = "this key is required".to_owned();
            let mistake = self
                .spot
                .sheet
                .mistake(self.spot.node.place, &path, message);
            self.spot.sheet.mistakes.borrow_mut().push(mistake);
        }
        found
    }

    /// The value of an entry.
    pub(super) fn value(&self, entry: &'a Entry) -> Spot<'a> {
        Spot {
            sheet: self.spot.sheet,
            node: &entry.node,
            path: self.spot.path.key(&entry.key),
        }
    }

    /// Notes what is wrong with a key.
    pub(super) fn wrong_key(
        &self,
        entry: &Entry,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let path = self.spot.path.key(&entry.key);
        let sheet = self.spot.sheet;
        let mistake = sheet.mistake(entry.place, &path, message.into());
        sheet.mistakes.borrow_mut().push(mistake.hint(hint));
    }

    /// Notes a key that is not known.
    pub(super) fn unknown(&self, entry: &Entry, hint: &str) {
        let mistake = self.unknown_key(entry).hint(hint);
        self.spot.sheet.mistakes.borrow_mut().push(mistake);
    }

    /// Warns of a key that is not known and does not matter.
    pub(super) fn warn_unknown(&self, known: &[&str]) {
        for entry in self.entries {
            if !known.contains(&entry.key.as_str()) {
                let warning = self.unknown_key(entry).hint(hint_for(&entry.key, known));
                self.spot.sheet.warnings.borrow_mut().push(warning);
            }
        }
    }

    /// Refuses a map without any key.
    pub(super) fn not_empty(&self) {
        if self.entries.is_empty() {
            self.spot
                .wrong("expected at least one key, got none", "leave it out");
        }
    }

    fn unknown_key(&self, entry: &Entry) -> Mistake {
        let path = self.spot.path.key(&entry.key);
        self.spot
            .sheet
            .mistake(entry.place, &path, "unknown key".to_owned())
    }
}

/// What was probably meant, or else what is known.
pub(super) fn hint_for(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!("known are {}", known.join(", ")),
    }
}
