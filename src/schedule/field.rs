//! One field of a crontab.

use super::Error;

/// What a field may hold.
#[derive(Debug)]
pub(super) struct Bounds {
    /// What people call it.
    name: &'static str,
    low: u32,
    high: u32,
    /// Words for numbers, from the lowest on.
    words: &'static [&'static str],
}

pub(super) const SECOND: Bounds = Bounds::new("second", 0, 59, &[]);
pub(super) const MINUTE: Bounds = Bounds::new("minute", 0, 59, &[]);
pub(super) const HOUR: Bounds = Bounds::new("hour", 0, 23, &[]);
pub(super) const DAY: Bounds = Bounds::new("day of month", 1, 31, &[]);
pub(super) const MONTH: Bounds = Bounds::new(
    "month",
    1,
    12,
    &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
);
pub(super) const WEEKDAY: Bounds = Bounds::new(
    "day of week",
    0,
    6,
    &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
);

/// The numbers of a field, and whether a star was among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    /// The bit of each number that matches.
    pub(super) bits: u64,
    /// Whether the field says `*` or `?`, also with a step.
    pub(super) star: bool,
}

impl Bounds {
    const fn new(name: &'static str, low: u32, high: u32, words: &'static [&'static str]) -> Self {
        Self {
            name,
            low,
            high,
            words,
        }
    }

    /// Reads a list of ranges: `*`, `5`, `1-5`, `*/15`, `10/20`, `mon-fri`, `1,15,20-25`.
    pub(super) fn parse(&self, field: &str) -> Result<Numbers, Error> {
        let mut numbers = Numbers {
            bits: 0,
            star: false,
        };
        // An empty item of a list is nothing, as in the original.
        for item in field.split(',').filter(|item| !item.is_empty()) {
            let range = self.range(item)?;
            numbers.bits |= range.bits;
            numbers.star |= range.star;
        }
        if numbers.bits == 0 {
            return Err(self.refuse(field));
        }
        Ok(numbers)
    }

    fn range(&self, item: &str) -> Result<Numbers, Error> {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(step)),
            None => (item, None),
        };
        let step_size = match step.map(str::parse::<u32>) {
            None => 1,
            Some(Ok(step)) if step > 0 => step,
            Some(_) => return Err(self.refuse_step(item)),
        };
        let star = span == "*" || span == "?";
        let (low, high) = if star {
            (self.low, self.high)
        } else if let Some((low, high)) = span.split_once('-') {
            (self.number(low, item)?, self.number(high, item)?)
        } else {
            let low = self.number(span, item)?;
            // `10/20` means `10-59/20`.
            (low, if step.is_some() { self.high } else { low })
        };
        if low > high {
            return Err(self.refuse_order(item));
        }
        let bits = (low..=high)
            .step_by(usize::try_from(step_size).unwrap_or(usize::MAX))
            .fold(0, |bits, number| bits | 1 << number);
        Ok(Numbers { bits, star })
    }

    /// A number, or a word for one, within the bounds.
    fn number(&self, text: &str, item: &str) -> Result<u32, Error> {
        let lower = text.to_lowercase();
        let word = self.words.iter().position(|word| *word == lower);
        let number = match word {
            Some(position) => u32::try_from(position).ok().map(|word| word + self.low),
            None => text.parse().ok(),
        };
        number
            .filter(|number| (self.low..=self.high).contains(number))
            .ok_or_else(|| self.refuse(item))
    }

    /// What is allowed, in words.
    fn allowed(&self) -> String {
        let numbers = format!("{} to {}", self.low, self.high);
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => format!("{numbers} or {first} to {last}"),
            _ => numbers,
        }
    }

    fn refuse(&self, found: &str) -> Error {
        let hint = if self.words.len() == 7 && found == "7" {
            "; sunday is 0"
        } else {
            ""
        };
        self.error(
            found,
            format!(
                "expected {}, `*`, a range, a list or a step{hint}",
                self.allowed()
            ),
        )
    }

    fn refuse_step(&self, found: &str) -> Error {
        self.error(
            found,
            "expected a whole number above 0 behind `/`".to_owned(),
        )
    }

    fn refuse_order(&self, found: &str) -> Error {
        let message = format!(
            "expected a range from low to high within {}",
            self.allowed()
        );
        self.error(found, message)
    }

    fn error(&self, found: &str, expected: String) -> Error {
        Error::Field {
            field: self.name,
            found: found.to_owned(),
            expected,
        }
    }
}
