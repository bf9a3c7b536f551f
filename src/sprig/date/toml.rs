//! Times of TOML, as the library of `BurntSushi` reads and writes them.
//!
//! TOML has dates, times of day, and both without a zone. Go has one type for all of them: what a text leaves
//! open is kept in the name of the zone.

use super::format::{RFC_3339, format};
use super::parse::parse;
use super::shape::{TIME, as_time, record};
use super::time::Zone;
use crate::govalue::{Record, Value};

/// A date and a time without a zone.
const BOTH: Form = (
    b"2006-01-02T15:04:05.999999999",
    Zone::Unsaid("datetime-local"),
);
const DATE: Form = (b"2006-01-02", Zone::Unsaid("date-local"));
const CLOCK: Form = (b"15:04:05.999999999", Zone::Unsaid("time-local"));

/// A layout, and the zone of what does not say another.
type Form = (&'static [u8], Zone);

/// What a time may look like.
const FORMS: [Form; 7] = [
    (RFC_3339, Zone::Local),
    BOTH,
    DATE,
    CLOCK,
    (b"2006-01-02T15:04Z07:00", Zone::Local),
    (b"2006-01-02T15:04", BOTH.1),
    (b"15:04", CLOCK.1),
];

/// Reads a time of TOML, with `T` and `Z` in capitals; `None` for what is none.
pub(in crate::sprig) fn from_toml(text: &str) -> Option<Value> {
    let mut forms = FORMS.into_iter();
    let (layout, time) = forms.find_map(|(layout, zone)| {
        let time = parse(layout, text.as_bytes(), zone).ok()?;
        Some((layout, time))
    })?;
    has_all_zeros(text.as_bytes(), layout).then(|| record(time))
}

/// Go reads `7:32` as well, which no TOML has: what stands between numbers must have its place.
fn has_all_zeros(text: &[u8], layout: &[u8]) -> bool {
    let places = layout.iter().zip(text);
    let mut before = places.take_while(|(sign, _)| !matches!(sign, b'.' | b'Z'));
    before.all(|(sign, given)| sign.is_ascii_digit() || sign == given)
}

/// A time as TOML has it; `None` for any other struct.
pub(in crate::sprig) fn to_toml(of: &Record) -> Option<Vec<u8>> {
    if !std::ptr::eq(of.shape(), &raw const TIME) {
        return None;
    }
    let time = as_time(&Value::Record(of.clone()))?;
    let mut forms = [BOTH, DATE, CLOCK].into_iter();
    let form = forms.find(|(_, zone)| zone.is_same(&time.zone));
    Some(format(&time, form.map_or(RFC_3339, |(layout, _)| layout)))
}
