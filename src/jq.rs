//! A stand-in until the room is there.

/// A filter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter {
    text: String,
}

/// Why a filter cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a filter is expected")]
pub struct Error;

impl Filter {
    /// Compiles a filter.
    pub fn compile(text: &str) -> Result<Self, Error> {
        if text.contains("((") {
            return Err(Error);
        }
        let text = text.to_owned();
        Ok(Self { text })
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }
}
