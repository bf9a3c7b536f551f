//! Layouts of dates as Go writes them: the parts of `Mon Jan 2 15:04:05 MST 2006` stand for themselves.

/// A part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Year,
    ShortYear,
    MonthName,
    ShortMonthName,
    Month(Pad),
    WeekdayName,
    ShortWeekdayName,
    Day(Pad),
    YearDay(Pad),
    Hour,
    Hour12(Pad),
    Minute(Pad),
    Second(Pad),
    /// `PM` or `pm`
    HalfDay {
        is_upper: bool,
    },
    /// `MST`
    ZoneName,
    Offset(Offset),
    /// `.000` or `.999`
    Fraction {
        separator: u8,
        digits: usize,
        is_trimmed: bool,
    },
}

/// What stands before a number of one digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    Nothing,
    Blank,
    Zero,
}

/// `-07:00`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// Whether no offset is `Z`.
    pub(super) has_z: bool,
    pub(super) has_colons: bool,
    /// 1 for hours, 2 for minutes as well, 3 for seconds as well.
    pub(super) parts: usize,
}

/// The parts of offsets, behind the sign.
const OFFSETS: [(&[u8], bool, usize); 5] = [
    (b"070000", false, 3),
    (b"07:00:00", true, 3),
    (b"0700", false, 2),
    (b"07:00", true, 2),
    (b"07", false, 1),
];

/// The first part of a layout: how many bytes stand before it, and how many it takes.
pub(super) fn next_piece(layout: &[u8]) -> Option<(usize, Piece, usize)> {
    (0..layout.len()).find_map(|start| {
        let (piece, size) = piece_at(layout.get(start..)?)?;
        Some((start, piece, size))
    })
}

fn piece_at(text: &[u8]) -> Option<(Piece, usize)> {
    let is_in_word = |size: usize| text.get(size).is_some_and(u8::is_ascii_lowercase);
    Some(match text {
        [b'J', b'a', b'n', b'u', b'a', b'r', b'y', ..] => (Piece::MonthName, 7),
        [b'J', b'a', b'n', ..] if !is_in_word(3) => (Piece::ShortMonthName, 3),
        [b'M', b'o', b'n', b'd', b'a', b'y', ..] => (Piece::WeekdayName, 6),
        [b'M', b'o', b'n', ..] if !is_in_word(3) => (Piece::ShortWeekdayName, 3),
        [b'M', b'S', b'T', ..] => (Piece::ZoneName, 3),
        [b'0', digit @ b'1'..=b'6', ..] => (with_zero(*digit), 2),
        [b'0', b'0', b'2', ..] => (Piece::YearDay(Pad::Zero), 3),
        [b'1', b'5', ..] => (Piece::Hour, 2),
        [b'1', ..] => (Piece::Month(Pad::Nothing), 1),
        [b'2', b'0', b'0', b'6', ..] => (Piece::Year, 4),
        [b'2', ..] => (Piece::Day(Pad::Nothing), 1),
        [b'_', b'2', b'0', b'0', b'6', ..] => return None,
        [b'_', b'2', ..] => (Piece::Day(Pad::Blank), 2),
        [b'_', b'_', b'2', ..] => (Piece::YearDay(Pad::Blank), 3),
        [b'3', ..] => (Piece::Hour12(Pad::Nothing), 1),
        [b'4', ..] => (Piece::Minute(Pad::Nothing), 1),
        [b'5', ..] => (Piece::Second(Pad::Nothing), 1),
        [b'P', b'M', ..] => (Piece::HalfDay { is_upper: true }, 2),
        [b'p', b'm', ..] => (Piece::HalfDay { is_upper: false }, 2),
        [sign @ (b'-' | b'Z'), rest @ ..] => return offset(*sign == b'Z', rest),
        [separator @ (b'.' | b','), rest @ ..] => return fraction(*separator, rest),
        _ => return None,
    })
}

fn with_zero(digit: u8) -> Piece {
    match digit {
        b'1' => Piece::Month(Pad::Zero),
        b'2' => Piece::Day(Pad::Zero),
        b'3' => Piece::Hour12(Pad::Zero),
        b'4' => Piece::Minute(Pad::Zero),
        b'5' => Piece::Second(Pad::Zero),
        _ => Piece::ShortYear,
    }
}

fn offset(has_z: bool, rest: &[u8]) -> Option<(Piece, usize)> {
    let mut forms = OFFSETS.iter();
    let (text, has_colons, parts) = forms.find(|(text, ..)| rest.starts_with(text))?;
    let offset = Offset {
        has_z,
        has_colons: *has_colons,
        parts: *parts,
    };
    Some((Piece::Offset(offset), text.len() + 1))
}

/// Zeros or nines up to the last digit.
fn fraction(separator: u8, rest: &[u8]) -> Option<(Piece, usize)> {
    let first = *rest.first().filter(|byte| matches!(byte, b'0' | b'9'))?;
    let digits = rest.iter().take_while(|byte| **byte == first).count();
    if rest.get(digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let piece = Piece::Fraction {
        separator,
        digits,
        is_trimmed: first == b'9',
    };
    Some((piece, digits + 1))
}
