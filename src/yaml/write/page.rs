//! The text so far, and what the next character must know about it.

/// Where lines begin to fold.
const WIDTH: usize = 80;

const STEP: usize = 2;

/// A text being written. The state is libyaml's, because its corner cases come from there.
pub(super) struct Page {
    text: String,
    /// In characters, from 0.
    column: usize,
    /// `None` outside of every collection.
    indentation: Option<usize>,
    /// Nothing but blanks and markers stand on this line.
    at_indentation: bool,
    /// No blank is needed before what comes next.
    after_blank: bool,
    /// Whether long lines are folded.
    folds: bool,
}

/// The indentation to go back to.
#[derive(Clone, Copy)]
pub struct Outer(Option<usize>);

impl Page {
    pub(super) fn new(folds: bool) -> Self {
        Self {
            text: String::new(),
            column: 0,
            indentation: None,
            at_indentation: true,
            after_blank: true,
            folds,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn finish(mut self) -> String {
        self.new_line();
        self.text
    }

    pub(super) fn is_at_indentation(&self) -> bool {
        self.at_indentation
    }

    /// Goes one step deeper for a collection.
    pub(super) fn indent(&mut self) -> Outer {
        let outer = Outer(self.indentation);
        self.indentation = Some(self.indentation.map_or(0, |indentation| indentation + STEP));
        outer
    }

    /// Goes one step deeper for a text, which is indented outside of collections as well.
    pub(super) fn indent_text(&mut self) -> Outer {
        let outer = Outer(self.indentation);
        self.indentation = Some(self.indentation.unwrap_or_default() + STEP);
        outer
    }

    pub(super) fn indentation(&self) -> Outer {
        Outer(self.indentation)
    }

    pub(super) fn restore(&mut self, outer: Outer) {
        self.indentation = outer.0;
    }

    /// Whether the next blank may become a line break.
    pub(super) fn is_full(&self) -> bool {
        self.folds && self.column > WIDTH
    }

    /// Whether so many characters end before the line folds.
    pub(super) fn has_room(&self, characters: usize) -> bool {
        !self.folds || self.column + characters <= WIDTH
    }

    /// Goes to the indentation of a new line, unless already there.
    pub(super) fn new_line(&mut self) {
        let indentation = self.indentation.unwrap_or_default();
        let is_behind = self.column > indentation;
        if !self.at_indentation || is_behind || (self.column == indentation && !self.after_blank) {
            self.line_break();
        }
        let missing = indentation.saturating_sub(self.column);
        self.text.extend(std::iter::repeat_n(' ', missing));
        self.column += missing;
        self.after_blank = true;
        self.at_indentation = true;
    }

    /// Writes `-`, `?` or `:`, behind which the line still counts as indentation.
    pub(super) fn marker(&mut self, marker: &str) {
        self.blank();
        self.push_str(marker, marker.len());
        self.after_blank = false;
    }

    /// Writes a sign that stands apart.
    pub(super) fn indicator(&mut self, sign: &str) {
        self.blank();
        self.suffix(sign);
    }

    /// Writes a sign right behind what is there.
    pub(super) fn suffix(&mut self, sign: &str) {
        self.push_str(sign, sign.len());
        self.end_text();
    }

    /// Writes a blank, unless one is there.
    pub(super) fn blank(&mut self) {
        if !self.after_blank {
            self.push(' ');
        }
    }

    /// A text ends here.
    pub(super) fn end_text(&mut self) {
        self.after_blank = false;
        self.at_indentation = false;
    }

    /// The lines of a block follow.
    pub(super) fn begin_block(&mut self) {
        self.line_break();
        self.at_indentation = true;
        self.after_blank = true;
    }

    pub(super) fn push(&mut self, letter: char) {
        self.text.push(letter);
        self.column += 1;
    }

    pub(super) fn push_str(&mut self, text: &str, characters: usize) {
        self.text.push_str(text);
        self.column += characters;
    }

    /// Writes a character of a text.
    pub(super) fn push_text(&mut self, letter: char) {
        self.push(letter);
        self.at_indentation = false;
    }

    /// Writes a line of a text, of ASCII alone.
    pub(super) fn push_line(&mut self, line: &str) {
        self.push_str(line, line.len());
        self.at_indentation = false;
    }

    /// Writes a line break of a text: `\n`, or a Unicode one as it is.
    pub(super) fn push_break(&mut self, letter: char) {
        self.text.push(letter);
        self.column = 0;
        self.at_indentation = true;
    }

    fn line_break(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }
}
