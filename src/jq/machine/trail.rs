//! A stack that can go back to an earlier state of itself.

/// A stack whose cells stay as long as a saved state needs them.
#[derive(Debug)]
pub(super) struct Trail<T> {
    /// Each cell and the length of the stack below it.
    cells: Vec<(T, u32)>,
    /// One more than the place of the top cell; 0 if the stack is empty.
    top: u32,
    /// Cells below this place are needed by a saved state.
    guard: u32,
}

/// A state of a stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    top: u32,
    length: u32,
    guard: u32,
}

impl<T: Clone> Trail<T> {
    pub(super) const fn new() -> Self {
        Self {
            cells: Vec::new(),
            top: 0,
            guard: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.top == 0
    }

    pub(super) const fn cells(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn push(&mut self, value: T) {
        self.cells.push((value, self.top));
        self.top = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
    }

    pub(super) fn top(&self) -> Option<&T> {
        let place = self.top.checked_sub(1)?;
        self.cells.get(place as usize).map(|cell| &cell.0)
    }

    pub(super) fn pop(&mut self) -> Option<T> {
        let place = self.top.checked_sub(1)?;
        if place < self.guard {
            let (value, below) = self.cells.get(place as usize)?;
            self.top = *below;
            return Some(value.clone());
        }
        let (value, below) = self.cells.pop()?;
        self.top = below;
        Some(value)
    }

    /// Saves the state of now: what is below stays until [`Self::release`].
    pub(super) fn save(&mut self) -> Mark {
        let length = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        let mark = Mark {
            top: self.top,
            length,
            guard: self.guard,
        };
        self.guard = length;
        mark
    }

    /// Goes back to a saved state, which stays saved.
    pub(super) fn restore(&mut self, mark: Mark) {
        self.cells.truncate(mark.length as usize);
        self.top = mark.top;
        self.guard = mark.length;
    }

    /// Goes back to a saved state and forgets it.
    pub(super) fn release(&mut self, mark: Mark) {
        self.cells.truncate(mark.length as usize);
        self.top = mark.top;
        self.guard = mark.guard;
    }
}
