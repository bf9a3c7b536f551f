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
        let value = if self.is_item() {
            self.list(indentation)?
        } else {
            let key = self.key().ok()??;
            self.map(indentation, key)?
        };
        self.depth -= 1;
        Some(value)
    }

    /// A list, from its first marker on.
    fn list(&mut self, indentation: usize) -> Option<B::Value> {
        let mut items = Vec::new();
        loop {
            self.at += 1;
            let column = self.column_behind_blanks(indentation + 1);
            items.push(self.item(indentation, column)?);
            match self.indentation_ahead().ok()? {
                Some(next) if next == indentation => {
                    let line = self.at;
                    self.next_line().ok()?;
                    if !self.is_item() {
                        // A key of the mapping that the list is in.
                        self.at = line;
                        return Some(self.build.list(items));
                    }
                }
                Some(next) if next > indentation => return None,
                _ => return Some(self.build.list(items)),
            }
        }
    }

    /// Skips blanks; gives the column behind them.
    fn column_behind_blanks(&mut self, column: usize) -> usize {
        let before = self.at;
        self.skip_blanks();
        column + self.at - before
    }

    fn item(&mut self, indentation: usize, column: usize) -> Option<B::Value> {
        if self.is_line_end() || self.is_at(b'#') {
            self.skip_line();
            return match self.indentation_ahead().ok()? {
                Some(next) if next > indentation => {
                    self.next_line().ok()?;
                    self.collection(next)
                }
                _ => Some(self.build.null()),
            };
        }
        if self.is_item() {
            return self.collection(column);
        }
        match self.peek()? {
            b'|' | b'>' | b'[' | b'{' => self.value(indentation),
            _ => match self.key().ok()? {
                Some(key) => {
                    if self.depth == MAX_DEPTH {
                        return None;
                    }
                    self.depth += 1;
                    let map = self.map(column, key);
                    self.depth -= 1;
                    map
                }
                None => self.value(indentation),
            },
        }
    }

    /// A mapping, from behind its first key and colon on.
    fn map(&mut self, indentation: usize, first: B::Key) -> Option<B::Value> {
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
                    key = self.key().ok()??;
                }
                Some(next) if next > indentation => return None,
                _ => return Some(self.build.map(entries)),
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
            return Some(self.build.null());
        };
        if next < indentation {
            return Some(self.build.null());
        }
        let line = self.at;
        self.next_line().ok()?;
        if next > indentation {
            return self.collection(next);
        }
        if self.is_item() {
            if self.depth == MAX_DEPTH {
                return None;
            }
            self.depth += 1;
            let list = self.list(indentation);
            self.depth -= 1;
            return list;
        }
        self.at = line;
        Some(self.build.null())
    }
}
