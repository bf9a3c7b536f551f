//! What is wrong with a text that is no JSON, in the words of Go's scanner.

/// Says why a byte cannot stand where it does.
pub(super) fn unexpected(byte: u8, where_it_is: &str) -> String {
    format!("invalid character {} {where_it_is}", quote(byte))
}

/// The text ends too soon.
pub(super) const END: &str = "unexpected end of JSON input";

/// A byte as the character of its number, as Go quotes it.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x09 => r"'\t'".to_owned(),
        0x0a => r"'\n'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        0x0d => r"'\r'".to_owned(),
        0x00..0x20 | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

/// How a literal goes on that a number begins, as a place in its grammar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Start,
    Sign,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    Power,
}

/// The length of the number that a text begins with.
pub(super) fn number(text: &[u8]) -> Result<usize, String> {
    let mut state = Number::Start;
    // Go takes the end of a text for a blank.
    for (at, byte) in text.iter().chain(b" ").enumerate() {
        state = match (state, byte) {
            (Number::Start, b'-') => Number::Sign,
            (Number::Start | Number::Sign, b'0') => Number::Zero,
            (Number::Start | Number::Sign, b'1'..=b'9') | (Number::Whole, b'0'..=b'9') => {
                Number::Whole
            }
            (Number::Zero | Number::Whole, b'.') => Number::Point,
            (Number::Point | Number::Fraction, b'0'..=b'9') => Number::Fraction,
            (Number::Zero | Number::Whole | Number::Fraction, b'e' | b'E') => Number::Exponent,
            (Number::Exponent, b'+' | b'-') => Number::ExponentSign,
            (Number::Exponent | Number::ExponentSign | Number::Power, b'0'..=b'9') => Number::Power,
            (Number::Zero | Number::Whole | Number::Fraction | Number::Power, _) => return Ok(at),
            (Number::Start | Number::Sign, _) => {
                return Err(unexpected(*byte, "in numeric literal"));
            }
            (Number::Point, _) => {
                return Err(unexpected(*byte, "after decimal point in numeric literal"));
            }
            (Number::Exponent | Number::ExponentSign, _) => {
                return Err(unexpected(*byte, "in exponent of numeric literal"));
            }
        };
    }
    Ok(text.len())
}

/// Checks that a text begins with this word.
pub(super) fn word(text: &[u8], word: &str) -> Result<usize, String> {
    for (at, expected) in word.bytes().enumerate() {
        let byte = text.get(at).unwrap_or(&b' ');
        if *byte != expected {
            let expected = char::from(expected);
            let place = format!("in literal {word} (expecting '{expected}')");
            return Err(unexpected(*byte, &place));
        }
    }
    Ok(word.len())
}
