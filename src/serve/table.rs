//! Tables for people: columns that line up, colours where a terminal shows them.

/// Whether the colours of a text are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// They are: the reader is a terminal.
    Colored,
    /// They are not: the reader is a file, a pipe or a program.
    Plain,
}

/// What a cell tells at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing of its own.
    Plain,
    /// As it should be.
    Good,
    /// At work, or waiting for a person.
    Notable,
    /// Wrong.
    Bad,
    /// Of little interest.
    Faint,
    /// The head of a column.
    Head,
}

/// A text with its tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell without line breaks and control characters, which would break the table or speak to
    /// the terminal.
    pub fn new(text: &str, tone: Tone) -> Self {
        let spaced = text.replace(char::is_whitespace, " ");
        Self {
            text: spaced.trim_end().replace(char::is_control, ""),
            tone,
        }
    }

    /// A cell of no particular tone.
    pub fn plain(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Rows under heads. The last column is as wide as it likes.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these heads.
    pub fn new(heads: &[&str]) -> Self {
        let heads = heads.iter().map(|head| Cell::new(head, Tone::Head));
        Self {
            rows: vec![heads.collect()],
        }
    }

    /// Adds a row below.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The table as text, one line a row, without spaces at the end of lines.
    pub fn text(&self, paint: Paint) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for row in &self.rows {
            text.push_str(&line(row, &widths, paint));
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells
                    .map(|cell| width(&cell.text))
                    .max()
                    .unwrap_or_default()
            })
            .collect()
    }
}

fn line(row: &[Cell], widths: &[usize], paint: Paint) -> String {
    let mut line = String::new();
    let mut gap = 0;
    for (cell, column) in row.iter().zip(widths) {
        if !cell.text.is_empty() {
            line.push_str(&" ".repeat(gap));
            line.push_str(&painted(&cell.text, cell.tone, paint));
            gap = 0;
        }
        gap += column - width(&cell.text) + 2;
    }
    line
}

/// The text in the colour of its tone.
pub fn painted(text: &str, tone: Tone, paint: Paint) -> String {
    let code = match (paint, tone) {
        (Paint::Plain, _) | (_, Tone::Plain) => return text.to_owned(),
        (Paint::Colored, Tone::Good) => "32",
        (Paint::Colored, Tone::Notable) => "33",
        (Paint::Colored, Tone::Bad) => "31",
        (Paint::Colored, Tone::Faint) => "2",
        (Paint::Colored, Tone::Head) => "1",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// How many columns a terminal gives to a text.
fn width(text: &str) -> usize {
    text.chars().map(letter_width).sum()
}

/// Combining marks take no column; letters of East Asia and most pictures take two.
fn letter_width(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036F | 0x200B..=0x200F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 3]]) -> Table {
        let mut table = Table::new(&["NAME", "STATE", "WHY"]);
        for row in rows {
            table.push(row.iter().map(|text| Cell::plain(text)).collect());
        }
        table
    }

    #[test]
    fn columns_line_up() {
        let text = table(&[["a", "Applied", ""], ["longer-name", "", "x y"]]).text(Paint::Plain);
        assert_eq!(
            text,
            "NAME         STATE    WHY\n\
             a            Applied\n\
             longer-name           x y\n"
        );
    }

    #[test]
    fn wide_letters_take_two_columns() {
        let text = table(&[["名前", "e\u{301}t", "1"], ["name", "et", "2"]]).text(Paint::Plain);
        assert_eq!(
            text,
            "NAME  STATE  WHY\n名前  e\u{301}t     1\nname  et     2\n"
        );
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new(&["A", "B"]);
        table.push(vec![Cell::new("x", Tone::Bad), Cell::plain("y")]);
        assert_eq!(
            table.text(Paint::Colored),
            "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m  y\n"
        );
        assert_eq!(table.text(Paint::Plain), "A  B\nx  y\n");
    }

    #[test]
    fn cells_cannot_speak_to_the_terminal() {
        let cell = Cell::plain("two\nlines\tand \x1b[31mred");
        assert_eq!(cell.text, "two lines and [31mred");
    }
}
