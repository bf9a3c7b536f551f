//! Mappings and lists whose lines are indented.

use super::{Build, MAX_DEPTH, Reader};

impl<B: Build> Reader<'_, B> {
    /// The whole text: comments, perhaps a marker, one collection.
    pub(super) fn document(&mut self) -> Option<B::Value> {
        let mut indentation = self.first_line()?;
        if indentation == 0 && self.text[self.at..].starts_with(b"---") {
            self.at += 3;
            self.end_line()?;
            indentation = self.next_line().ok()??;
        }
        let value = match self.peek()? {
            b'{' | b'[' => {
                let value = self.flow()?;
                self.end_line()?;
                value
            }
            _ => self.collection(indentation)?,
        };
        matches!(self.next_line(), Ok(None)).then_some(value)
    }

    fn first_line(&mut self) -> Option<usize> {
        self.skip_blanks();
        match self.peek()? {
            b'\t' => None,
            b'\n' => self.next_line().ok()?,
            b'#' => {
                self.skip_line();
                self.next_line().ok()?
            }
            _ => Some(self.at),
        }
    }

    /// A list or a mapping whose first sign is at the cursor.
    fn collection(&mut self, indentation: usize) -> Option<B::Value> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let place = self.place();
        let value = if self.is_item() {
            self.list(indentation, place)?
        } else {
            let key = self.key(place).ok()??;
            self.map(indentation, place, key)?
        };
        self.depth -= 1;
        Some(value)
    }

    /// A value on a line of its own or behind a marker, of a collection that is indented so far.
    fn any_value(&mut self, indentation: usize, own: usize) -> Option<B::Value> {
        if self.is_item() {
            return self.collection(own);
        }
        match self.peek()? {
            b'|' | b'>' | b'[' | b'{' => self.value(indentation),
            _ => {
                let place = self.place();
                match self.key(place).ok()? {
                    Some(key) => self.nested(|reader| reader.map(own, place, key)),
                    None => self.value(indentation),
                }
            }
        }
    }

    /// A list, from its first marker on.
    fn list(&mut self, indentation: usize, place: B::Place) -> Option<B::Value> {
        let mut items = Vec::new();
        loop {
            self.at += 1;
            let marker = self.at;
            let column = self.column_behind_blanks(indentation + 1);
            items.push(self.item(indentation, (marker, column))?);
            match self.indentation_ahead().ok()? {
                Some(next) if next == indentation => {
                    let line = self.at;
                    self.next_line().ok()?;
                    if !self.is_item() {
                        // A key of the mapping that the list is in.
                        self.at = line;
                        return Some(self.build.list(place, items));
                    }
                }
                Some(next) if next > indentation => return None,
                _ => return Some(self.build.list(place, items)),
            }
        }
    }

    /// Skips blanks; gives the column behind them.
    fn column_behind_blanks(&mut self, column: usize) -> usize {
        let before = self.at;
        self.skip_blanks();
        column + self.at - before
    }

    /// An item, behind its marker, which ends at a place; the item begins in a column.
    fn item(&mut self, indentation: usize, (marker, column): (usize, usize)) -> Option<B::Value> {
        if self.is_line_end() || self.is_at(b'#') {
            self.skip_line();
            return match self.indentation_ahead().ok()? {
                Some(next) if next > indentation => {
                    self.next_line().ok()?;
                    self.any_value(indentation, next)
                }
                _ => Some(self.null(marker)),
            };
        }
        self.any_value(indentation, column)
    }

    /// One level deeper.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<B::Value>) -> Option<B::Value> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Nothing, at the end of the sign that announced it.
    fn null(&mut self, at: usize) -> B::Value {
        let place = self.build.place(at);
        self.build.null(place)
    }

    /// A mapping, from behind its first key and colon on.
    fn map(&mut self, indentation: usize, place: B::Place, first: B::Key) -> Option<B::Value> {
        let mut entries = Vec::with_capacity(4);
        let mut key = first;
        loop {
            let value = self.map_value(indentation)?;
            entries.push((key, value));
            match self.indentation_ahead().ok()? {
                Some(next) if next == indentation => {
                    self.next_line().ok()?;
                    if self.is_item() {
                        return None;
                    }
                    let place = self.place();
                    key = self.key(place).ok()??;
                }
                Some(next) if next > indentation => return None,
                _ => return Some(self.build.map(place, entries)),
            }
        }
    }

    fn map_value(&mut self, indentation: usize) -> Option<B::Value> {
        let before = self.at;
        self.skip_blanks();
        let is_comment = self.is_at(b'#') && self.at > before;
        if !self.is_line_end() && !is_comment {
            return self.value(indentation);
        }
        self.skip_line();
        let Some(next) = self.indentation_ahead().ok()? else {
            return Some(self.null(before));
        };
        if next < indentation {
            return Some(self.null(before));
        }
        let line = self.at;
        self.next_line().ok()?;
        if next > indentation {
            return self.any_value(indentation, next);
        }
        if self.is_item() {
            return self.nested(|reader| {
                let place = reader.place();
                reader.list(indentation, place)
            });
        }
        self.at = line;
        Some(self.null(before))
    }
}
