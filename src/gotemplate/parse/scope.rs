//! Names of variables → slots. What lives where follows from the text: a block ends what it declared.

use crate::gotemplate::tree::Place;

/// The variables of one template, while it is parsed.
#[derive(Debug)]
pub(super) struct Scope {
    /// The names that may be said here. An `else` may say those of its `if`, although they are gone.
    said: Vec<Box<str>>,
    /// The variables that live when this place is executed.
    live: Vec<Variable>,
    most: usize,
}

#[derive(Debug)]
struct Variable {
    name: Box<str>,
    /// It stands in parentheses, which `and` and `or` may pass over.
    is_unsure: bool,
}

/// A place to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl Scope {
    /// A template begins with `$`, in slot 0.
    pub(super) fn new() -> Self {
        let dollar = Variable {
            name: "$".into(),
            is_unsure: false,
        };
        Self {
            said: vec!["$".into()],
            live: vec![dollar],
            most: 1,
        }
    }

    /// How many slots are needed at once.
    pub(super) fn slots(&self) -> usize {
        self.most
    }

    /// Lets a name be said from here on.
    pub(super) fn say(&mut self, name: &str) {
        self.said.push(name.into());
    }

    pub(super) fn may_say(&self, name: &str) -> bool {
        self.said.iter().any(|said| **said == *name)
    }

    pub(super) fn said(&self) -> Mark {
        Mark(self.said.len())
    }

    pub(super) fn unsay(&mut self, mark: Mark) {
        self.said.truncate(mark.0);
    }

    /// The slot of a new variable.
    pub(super) fn declare(&mut self, name: &str, is_unsure: bool) -> usize {
        let name = name.into();
        self.live.push(Variable { name, is_unsure });
        self.most = self.most.max(self.live.len());
        self.live.len() - 1
    }

    /// The slots in which a variable may be, the newest first.
    pub(super) fn find(&self, name: &str) -> Place {
        let mut found = Vec::new();
        for (slot, variable) in self.live.iter().enumerate().rev() {
            if *variable.name == *name {
                found.push(slot);
                if !variable.is_unsure {
                    break;
                }
            }
        }
        found.into()
    }

    pub(super) fn live(&self) -> Mark {
        Mark(self.live.len())
    }

    pub(super) fn end(&mut self, mark: Mark) {
        self.live.truncate(mark.0);
    }
}
