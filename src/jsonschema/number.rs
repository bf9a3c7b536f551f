//! Numbers: compared exactly, as they are written, and printed as Go and as English people do.

use std::cmp::Ordering;

use num_bigint::BigInt;

/// A number of JSON or of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Float(f64),
    Whole(i64),
    /// As a text of JSON has it.
    Written(Box<str>),
}

/// Exponents beyond this are none: nobody means them, and computing with them takes for ever.
const EXPONENT_LIMIT: i32 = 4000;

/// `mantissa` times ten to the power of `exponent`.
struct Decimal {
    mantissa: BigInt,
    exponent: i32,
}

impl Number {
    pub(super) fn to_float(&self) -> f64 {
        match self {
            Self::Float(number) => *number,
            #[expect(clippy::cast_precision_loss, reason = "it is rounded as Go rounds it")]
            Self::Whole(number) => *number as f64,
            Self::Written(text) => text.parse().unwrap_or_default(),
        }
    }

    fn to_decimal(&self) -> Decimal {
        let text = match self {
            Self::Float(number) => format!("{number:e}"),
            Self::Whole(number) => number.to_string(),
            Self::Written(text) => text.to_string(),
        };
        let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let places = i32::try_from(fraction.len()).unwrap_or(EXPONENT_LIMIT);
        let exponent: i32 = exponent.parse().unwrap_or(EXPONENT_LIMIT);
        Decimal {
            mantissa: format!("{whole}{fraction}").parse().unwrap_or_default(),
            exponent: exponent.clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT) - places,
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Float(number) => number.fract() == 0.0,
            Self::Whole(_) => true,
            Self::Written(_) => self.is_multiple_of(&Self::Whole(1)),
        }
    }

    pub(super) fn is_multiple_of(&self, other: &Self) -> bool {
        other.to_decimal().divides(self.to_decimal())
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        // Rounding keeps the order: only what rounds to the same float needs a closer look.
        match self.to_float().partial_cmp(&other.to_float()) {
            Some(Ordering::Equal) | None => {
                let (one, other) = aligned(self.to_decimal(), other.to_decimal());
                one.cmp(&other)
            }
            Some(order) => order,
        }
    }

    /// The number as Go's `%v` prints it.
    pub(super) fn printed(&self) -> String {
        match self {
            Self::Float(number) => float(*number, 21),
            Self::Whole(number) => number.to_string(),
            Self::Written(text) => text.to_string(),
        }
    }

    /// The number as a float for English people: `1,234.5`, `1.5×10⁰⁷`.
    pub(super) fn in_english(&self) -> String {
        let plain = float(self.to_float(), 6);
        match plain.split_once('e') {
            Some((digits, exponent)) => {
                let exponent = exponent.chars().filter(|letter| *letter != '+');
                let exponent: String = exponent.map(raised).collect();
                format!("{digits}×10{exponent}")
            }
            None => grouped(&plain),
        }
    }
}

/// A count for English people: `1,234`.
pub(super) fn count(number: usize) -> String {
    grouped(&number.to_string())
}

/// Puts a comma before every third digit from the point.
fn grouped(plain: &str) -> String {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut text = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

fn raised(letter: char) -> char {
    match letter {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        '-' => '⁻',
        other => other,
    }
}

/// The shortest digits of a float, with an exponent below 1e-4 and from ten to the power of `limit`.
fn float(number: f64, limit: i32) -> String {
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..limit).contains(&power) {
        return number.to_string();
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", power.abs())
}

fn aligned(one: Decimal, other: Decimal) -> (BigInt, BigInt) {
    let common = one.exponent.min(other.exponent);
    let scaled = |decimal: Decimal| {
        let power = u32::try_from(decimal.exponent - common).unwrap_or_default();
        decimal.mantissa * BigInt::from(10).pow(power)
    };
    (scaled(one), scaled(other))
}

impl Decimal {
    fn divides(self, other: Self) -> bool {
        let (one, other) = aligned(self, other);
        let zero = BigInt::default();
        one != zero && other % one == zero
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_for_english_people() {
        for (number, expected) in [
            (0.0, "0"),
            (-2.0, "-2"),
            (999.0, "999"),
            (1000.0, "1,000"),
            (1234.5, "1,234.5"),
            (123_456.789, "123,456.789"),
            (1_234_567.0, "1.234567×10⁰⁶"),
            (1e21, "1×10²¹"),
            (0.0001, "0.0001"),
            (1e-5, "1×10⁻⁰⁵"),
            (-1_234_567.5, "-1.2345675×10⁰⁶"),
        ] {
            assert_eq!(Number::Float(number).in_english(), expected);
        }
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn numbers_are_compared_exactly() {
        let written = |text: &str| Number::Written(text.into());
        for (one, other, expected) in [
            (Number::Float(0.1), written("0.1"), Ordering::Equal),
            (
                Number::Float(0.1),
                written("0.10000000000000000001"),
                Ordering::Less,
            ),
            (
                Number::Whole(9_007_199_254_740_993),
                written("9007199254740993"),
                Ordering::Equal,
            ),
            (
                Number::Float(9_007_199_254_740_992.0),
                written("9007199254740993"),
                Ordering::Less,
            ),
            (written("1e3"), written("1000.0"), Ordering::Equal),
            (written("-1"), written("1"), Ordering::Less),
        ] {
            assert_eq!(one.compare(&other), expected, "{one:?} {other:?}");
        }
        assert!(written("0.3").is_multiple_of(&written("0.1")));
        assert!(!written("4").is_multiple_of(&written("3")));
        assert!(written("1.0e21").is_whole() && !written("1.5").is_whole());
        assert!(written("1e999999999").is_whole());
    }
}
