//! Numbers and strings under one verb, with flags, width and precision.

use super::printer::Printer;
use super::{number, quote};
use crate::govalue::{Error, Value};

impl Printer<'_> {
    /// Bytes, filled up to the width.
    pub(super) fn pad(&mut self, bytes: &[u8]) {
        let width = match self.flags.width {
            None | Some(0) => {
                self.out.extend_from_slice(bytes);
                return;
            }
            Some(width) => width.saturating_sub(quote::count_runes(bytes)),
        };
        if self.flags.minus {
            self.out.extend_from_slice(bytes);
            self.fill(width);
        } else {
            self.fill(width);
            self.out.extend_from_slice(bytes);
        }
    }

    fn fill(&mut self, count: usize) {
        // Zeros stand only in front.
        let byte = if self.flags.zero && !self.flags.minus {
            b'0'
        } else {
            b' '
        };
        self.out.extend(std::iter::repeat_n(byte, count));
    }

    fn pad_with_blanks(&mut self, bytes: &[u8]) {
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(bytes);
        self.flags.zero = zero;
    }

    /// `%s`
    pub(super) fn write_text(&mut self, bytes: &[u8]) {
        let bytes = self.shorten(bytes);
        self.pad(bytes);
    }

    fn shorten<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        match self.flags.precision {
            None => bytes,
            Some(count) => quote::first_runes(bytes, count),
        }
    }

    pub(super) fn write_string(
        &mut self,
        value: &Value,
        bytes: &[u8],
        verb: char,
    ) -> Result<(), Error> {
        match verb {
            'v' if self.flags.go_syntax => self.write_quoted(bytes),
            'v' | 's' => self.write_text(bytes),
            'x' | 'X' => self.write_hexadecimal(bytes, verb),
            'q' => self.write_quoted(bytes),
            _ => return self.bad_verb(value, verb),
        }
        Ok(())
    }

    /// `%q`
    pub(super) fn write_quoted(&mut self, bytes: &[u8]) {
        let bytes = self.shorten(bytes);
        let mut text = Vec::with_capacity(bytes.len() + 2);
        if self.flags.sharp && quote::can_backquote(bytes) {
            text.push(b'`');
            text.extend_from_slice(bytes);
            text.push(b'`');
        } else {
            quote::write_quoted(&mut text, bytes, self.flags.plus);
        }
        self.pad(&text);
    }

    /// `%x` of a string
    pub(super) fn write_hexadecimal(&mut self, bytes: &[u8], verb: char) {
        let count = self.flags.precision.unwrap_or(usize::MAX).min(bytes.len());
        let bytes = bytes.get(..count).unwrap_or(bytes);
        if bytes.is_empty() {
            self.fill(self.flags.width.unwrap_or(0));
            return;
        }
        let (digits, mark) = match verb {
            'X' => (b"0123456789ABCDEF", b"0X"),
            _ => (b"0123456789abcdef", b"0x"),
        };
        let mut text = Vec::with_capacity(bytes.len() * 2);
        for (index, byte) in bytes.iter().enumerate() {
            if self.flags.space && index > 0 {
                text.push(b' ');
            }
            if self.flags.sharp && (self.flags.space || index == 0) {
                text.extend_from_slice(mark);
            }
            text.push(digits[usize::from(byte >> 4)]);
            text.push(digits[usize::from(byte & 15)]);
        }
        self.pad(&text);
    }

    pub(super) fn write_number(
        &mut self,
        value: &Value,
        bits: u64,
        is_signed: bool,
        verb: char,
    ) -> Result<(), Error> {
        match verb {
            'v' if self.flags.go_syntax && !is_signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                let written = self.write_integer(bits, false, 'x');
                self.flags.sharp = sharp;
                written
            }
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => self.write_integer(bits, is_signed, verb),
            'c' => {
                let mut text = Vec::new();
                quote::write_rune(&mut text, rune(bits));
                self.pad(&text);
                Ok(())
            }
            'q' => {
                let mut text = Vec::new();
                quote::write_quoted_rune(&mut text, rune(bits), self.flags.plus);
                self.pad(&text);
                Ok(())
            }
            'U' => self.write_code_point(bits),
            _ => self.bad_verb(value, verb),
        }
    }

    /// A whole number in the base of its verb.
    pub(super) fn write_integer(
        &mut self,
        bits: u64,
        is_signed: bool,
        verb: char,
    ) -> Result<(), Error> {
        let flags = self.flags;
        #[expect(clippy::cast_possible_wrap, reason = "the sign is in the same bits")]
        let is_negative = is_signed && (bits as i64) < 0;
        let number = if is_negative {
            bits.wrapping_neg()
        } else {
            bits
        };
        if flags.precision == Some(0) && number == 0 {
            let zero = std::mem::replace(&mut self.flags.zero, false);
            self.fill(flags.width.unwrap_or(0));
            self.flags.zero = zero;
            return Ok(());
        }
        let fills = flags.zero && !flags.minus;
        let least = match (flags.precision, flags.width) {
            (Some(precision), _) => precision,
            (None, Some(width)) if fills => {
                width.saturating_sub(usize::from(is_negative || flags.plus || flags.space))
            }
            _ => 0,
        };
        self.spend(least.max(flags.width.unwrap_or(0)))?;
        let digits = in_base(number, verb);
        let mut text = Vec::with_capacity(digits.len().max(least) + 3);
        if is_negative {
            text.push(b'-');
        } else if flags.plus {
            text.push(b'+');
        } else if flags.space {
            text.push(b' ');
        }
        let zeros = least.saturating_sub(digits.len());
        match verb {
            'O' => text.extend_from_slice(b"0o"),
            _ if !flags.sharp => {}
            'b' => text.extend_from_slice(b"0b"),
            'x' => text.extend_from_slice(b"0x"),
            'X' => text.extend_from_slice(b"0X"),
            _ => {}
        }
        let is_octal = matches!(verb, 'o' | 'O');
        if flags.sharp && is_octal && zeros == 0 && digits.first() != Some(&b'0') {
            text.push(b'0');
        }
        text.extend(std::iter::repeat_n(b'0', zeros));
        text.extend_from_slice(&digits);
        self.pad_with_blanks(&text);
        Ok(())
    }

    /// `U+0041`, and with `#` the rune behind it.
    fn write_code_point(&mut self, bits: u64) -> Result<(), Error> {
        let least = self.flags.precision.unwrap_or(0).max(4);
        self.spend(least)?;
        let digits = in_base(bits, 'X');
        let mut text = b"U+".to_vec();
        text.extend(std::iter::repeat_n(
            b'0',
            least.saturating_sub(digits.len()),
        ));
        text.extend_from_slice(&digits);
        let rune = u32::try_from(bits).ok().and_then(char::from_u32);
        if let Some(rune) = rune.filter(|rune| self.flags.sharp && quote::is_printable(*rune)) {
            text.extend_from_slice(b" '");
            quote::write_rune(&mut text, rune);
            text.push(b'\'');
        }
        self.pad_with_blanks(&text);
        Ok(())
    }

    pub(super) fn write_complex(
        &mut self,
        value: &Value,
        (real, imaginary): (f64, f64),
        verb: char,
    ) -> Result<(), Error> {
        if !matches!(
            verb,
            'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E'
        ) {
            return self.bad_verb(value, verb);
        }
        self.out.push(b'(');
        self.write_float(value, real, verb)?;
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.write_float(value, imaginary, verb)?;
        self.flags.plus = plus;
        self.out.extend_from_slice(b"i)");
        Ok(())
    }

    pub(super) fn write_float(
        &mut self,
        value: &Value,
        number: f64,
        verb: char,
    ) -> Result<(), Error> {
        let (verb, precision) = match verb {
            'v' | 'g' => (b'g', None),
            'b' => (b'b', None),
            'G' => (b'G', None),
            'x' => (b'x', None),
            'X' => (b'X', None),
            'f' | 'F' => (b'f', Some(6)),
            'e' => (b'e', Some(6)),
            'E' => (b'E', Some(6)),
            _ => return self.bad_verb(value, verb),
        };
        let flags = self.flags;
        let precision = flags.precision.or(precision);
        self.spend(precision.unwrap_or(0).max(flags.width.unwrap_or(0)))?;
        let mut text = vec![b'+'];
        number::write_float(&mut text, number, verb, precision);
        if matches!(text.get(1), Some(b'-' | b'+')) {
            text.remove(0);
        }
        if flags.space && text[0] == b'+' && !flags.plus {
            text[0] = b' ';
        }
        if matches!(text.get(1), Some(b'I' | b'N')) {
            if text[1] == b'N' && !flags.space && !flags.plus {
                text.remove(0);
            }
            self.pad_with_blanks(&text);
            return Ok(());
        }
        if flags.sharp && verb != b'b' {
            keep_zeros(&mut text, verb, precision);
        }
        if !flags.plus && text[0] == b'+' {
            self.pad(&text[1..]);
            return Ok(());
        }
        let fills = flags.zero && !flags.minus;
        match flags.width {
            // The sign stands before the zeros.
            Some(width) if fills && width > text.len() => {
                self.out.push(text[0]);
                self.fill(width - text.len());
                self.out.extend_from_slice(&text[1..]);
            }
            _ => self.pad(&text),
        }
        Ok(())
    }
}

/// What `#` asks of a float: a point, and the zeros that `%g` leaves away.
fn keep_zeros(text: &mut Vec<u8>, verb: u8, precision: Option<usize>) {
    let mut missing = match verb {
        b'g' | b'G' | b'x' => precision.map_or(6, usize::cast_signed),
        _ => 0,
    };
    let is_hexadecimal = matches!(verb, b'x' | b'X');
    let end = text.iter().skip(1).position(|byte| match byte {
        b'p' | b'P' => true,
        b'e' | b'E' => !is_hexadecimal,
        _ => false,
    });
    let tail = text.split_off(end.map_or(text.len(), |end| end + 1));
    let (mut has_point, mut counts) = (false, false);
    for byte in text.iter().skip(1) {
        if *byte == b'.' {
            has_point = true;
            continue;
        }
        counts |= *byte != b'0';
        missing -= isize::from(counts);
    }
    if !has_point {
        if text.len() == 2 && text[1] == b'0' {
            missing -= 1;
        }
        text.push(b'.');
    }
    text.extend(std::iter::repeat_n(
        b'0',
        usize::try_from(missing).unwrap_or(0),
    ));
    text.extend_from_slice(&tail);
}

fn rune(bits: u64) -> char {
    let rune = u32::try_from(bits).ok().and_then(char::from_u32);
    rune.unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn in_base(number: u64, verb: char) -> Vec<u8> {
    let text = match verb {
        'b' => format!("{number:b}"),
        'o' | 'O' => format!("{number:o}"),
        'x' => format!("{number:x}"),
        'X' => format!("{number:X}"),
        _ => format!("{number}"),
    };
    text.into_bytes()
}
