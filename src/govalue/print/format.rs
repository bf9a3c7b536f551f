//! Formats: text, verbs with their flags, and mistakes told as Go tells them.

use super::printer::Printer;
use super::quote;
use crate::govalue::{Error, Value};

/// Wider than Go lets anything be.
const WIDEST: i64 = 1_000_000;

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of a format"
)]
pub(super) struct Flags {
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    /// `%+v`
    pub(super) names_fields: bool,
    /// `%#v`
    pub(super) go_syntax: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
}

/// Where a format is being read, and which value is next.
struct Reader<'a> {
    format: &'a [u8],
    place: usize,
    values: &'a [Value],
    next: usize,
    /// Some verb named its value by number, so it is not told which ones are left.
    is_reordered: bool,
    /// The number of this verb's value is sound.
    is_good: bool,
    /// The last thing read was such a number.
    after_index: bool,
}

/// Writes a format with its values.
pub(super) fn write(
    printer: &mut Printer<'_>,
    format: &[u8],
    values: &[Value],
) -> Result<(), Error> {
    let mut reader = Reader {
        format,
        place: 0,
        values,
        next: 0,
        is_reordered: false,
        is_good: true,
        after_index: false,
    };
    loop {
        let rest = format.get(reader.place..).unwrap_or_default();
        let text = rest.iter().position(|byte| *byte == b'%');
        printer
            .out
            .extend_from_slice(rest.get(..text.unwrap_or(rest.len())).unwrap_or_default());
        let Some(text) = text else {
            break;
        };
        reader.place += text + 1;
        if !reader.write_verb(printer)? {
            break;
        }
    }
    printer.flags = Flags::default();
    if reader.is_reordered || reader.next >= values.len() {
        return Ok(());
    }
    printer.out.extend_from_slice(b"%!(EXTRA ");
    for (index, value) in values.iter().skip(reader.next).enumerate() {
        if index > 0 {
            printer.out.extend_from_slice(b", ");
        }
        if matches!(value, Value::Nil) {
            printer.out.extend_from_slice(b"<nil>");
            continue;
        }
        printer.out.extend_from_slice(value.type_name().as_bytes());
        printer.out.push(b'=');
        printer.argument(value, 'v')?;
    }
    printer.out.push(b')');
    Ok(())
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.format.get(self.place).copied()
    }

    /// One verb, behind its `%`; `false` when the format ends without one.
    fn write_verb(&mut self, printer: &mut Printer<'_>) -> Result<bool, Error> {
        self.is_good = true;
        self.after_index = false;
        printer.flags = Flags::default();
        self.read_flags(&mut printer.flags);
        self.read_index();
        self.read_width(printer);
        self.read_precision(printer);
        if !self.after_index {
            self.read_index();
        }
        if let Some(width) = printer.flags.width {
            printer.spend(width)?;
        }
        let rest = self.format.get(self.place..).unwrap_or_default();
        if rest.is_empty() {
            printer.out.extend_from_slice(b"%!(NOVERB)");
            return Ok(false);
        }
        let (verb, width) = quote::first_rune(rest);
        let verb = verb.unwrap_or(char::REPLACEMENT_CHARACTER);
        self.place += width;
        match (verb, self.values.get(self.next)) {
            ('%', _) => printer.out.push(b'%'),
            _ if !self.is_good => tell(printer, verb, b"(BADINDEX)"),
            (_, None) => tell(printer, verb, b"(MISSING)"),
            (_, Some(value)) => {
                self.next += 1;
                if matches!(verb, 'v' | 'w') {
                    let flags = &mut printer.flags;
                    flags.go_syntax = std::mem::take(&mut flags.sharp);
                    flags.names_fields = std::mem::take(&mut flags.plus);
                }
                printer.argument(value, verb)?;
            }
        }
        Ok(true)
    }

    fn read_flags(&mut self, flags: &mut Flags) {
        while let Some(byte) = self.byte() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.place += 1;
        }
    }

    fn read_width(&mut self, printer: &mut Printer<'_>) {
        if self.byte() == Some(b'*') {
            self.place += 1;
            let width = self.number_of_value();
            if width.is_none() {
                printer.out.extend_from_slice(b"%!(BADWIDTH)");
            }
            if width.is_some_and(i64::is_negative) {
                printer.flags.minus = true;
                // Zeros do not stand behind.
                printer.flags.zero = false;
            }
            printer.flags.width = width.and_then(|width| usize::try_from(width.abs()).ok());
            self.after_index = false;
            return;
        }
        printer.flags.width = self.read_number();
        if self.after_index && printer.flags.width.is_some() {
            self.is_good = false;
        }
    }

    fn read_precision(&mut self, printer: &mut Printer<'_>) {
        if self.place + 1 >= self.format.len() || self.byte() != Some(b'.') {
            return;
        }
        self.place += 1;
        if self.after_index {
            self.is_good = false;
        }
        self.read_index();
        if self.byte() == Some(b'*') {
            self.place += 1;
            let precision = self.number_of_value();
            printer.flags.precision = precision.and_then(|number| usize::try_from(number).ok());
            if printer.flags.precision.is_none() {
                printer.out.extend_from_slice(b"%!(BADPREC)");
            }
            self.after_index = false;
            return;
        }
        printer.flags.precision = Some(self.read_number().unwrap_or(0));
    }

    /// A number in the format. One that is too long takes the rest of the format with it.
    fn read_number(&mut self) -> Option<usize> {
        let (number, place) = parse_number(self.format, self.place, self.format.len());
        self.place = place;
        number
    }

    /// The number that `*` takes from the values.
    fn number_of_value(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        let number = match value {
            Value::Int(number) | Value::Int64(number) => *number,
            Value::Uint8(number) => i64::from(*number),
            Value::Uint64(number) => i64::try_from(*number).ok()?,
            _ => return None,
        };
        (-WIDEST..=WIDEST).contains(&number).then_some(number)
    }

    /// `[2]`
    fn read_index(&mut self) {
        self.after_index = false;
        if self.byte() != Some(b'[') {
            return;
        }
        self.is_reordered = true;
        let rest = self.format.get(self.place..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b']');
        let Some(end) = end.filter(|_| rest.len() >= 3) else {
            self.is_good = false;
            self.place += 1;
            return;
        };
        let (number, read) = parse_number(rest, 1, end);
        self.place += end + 1;
        let is_number = number.is_some() && read == end;
        self.after_index = is_number;
        let index = number
            .filter(|_| is_number)
            .and_then(|number| number.checked_sub(1));
        match index.filter(|index| *index < self.values.len()) {
            Some(index) => self.next = index,
            None => self.is_good = false,
        }
    }
}

fn tell(printer: &mut Printer<'_>, verb: char, what: &[u8]) {
    printer.out.extend_from_slice(b"%!");
    quote::write_rune(printer.out, verb);
    printer.out.extend_from_slice(what);
}

/// The number at a place, and the place behind it.
fn parse_number(text: &[u8], start: usize, end: usize) -> (Option<usize>, usize) {
    let (mut number, mut place) = (None, start);
    while let Some(digit) = text.get(place).filter(|_| place < end) {
        if !digit.is_ascii_digit() {
            break;
        }
        let before = number.unwrap_or(0);
        if before > 1_000_000 {
            return (None, end);
        }
        number = Some(before * 10 + usize::from(digit - b'0'));
        place += 1;
    }
    (number, place)
}
