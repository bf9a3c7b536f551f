//! The order of keys: letters behind everything else, and runs of digits by their number.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

/// The entries of a map in go-yaml's natural order: `z2` before `z10`, `_a` before `Z`.
pub(super) fn natural(entries: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut sorted: Vec<(&str, &Value)> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    // Maps iterate by bytes, which is nearly this order already.
    if sorted.is_sorted_by(|left, right| compare(left.0, right.0) != Ordering::Greater) {
        return sorted;
    }
    merge_sort(&mut sorted);
    sorted
}

/// Sorts without asking that the comparison is a total order, which go-yaml's is not for digits that
/// overflow; the standard library may panic then.
fn merge_sort(entries: &mut [(&str, &Value)]) {
    let middle = entries.len() / 2;
    if middle == 0 {
        return;
    }
    let (front, back) = entries.split_at_mut(middle);
    merge_sort(front);
    merge_sort(back);
    let mut merged = Vec::with_capacity(entries.len());
    let (front, back) = entries.split_at(middle);
    let (mut front, mut back) = (front.iter().peekable(), back.iter().peekable());
    while let (Some(left), Some(right)) = (front.peek(), back.peek()) {
        let from = if compare(left.0, right.0) == Ordering::Greater {
            &mut back
        } else {
            &mut front
        };
        merged.extend(from.next());
    }
    merged.extend(front);
    merged.extend(back);
    entries.copy_from_slice(&merged);
}

fn compare(left: &str, right: &str) -> Ordering {
    let common = left
        .char_indices()
        .zip(right.chars())
        .find(|((_, left), right)| left != right);
    let Some(((at, first), second)) = common else {
        return left.len().cmp(&right.len());
    };
    match (is_letter(first), is_letter(second)) {
        (true, true) => first.cmp(&second),
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            compare_numbers(&left[..at], &left[at..], &right[at..]).then_with(|| first.cmp(&second))
        }
    }
}

/// Compares the digits that begin here. A zero is no leading zero when a digit above it stands before.
fn compare_numbers(before: &str, left: &str, right: &str) -> Ordering {
    let has_zero = left.starts_with('0') || right.starts_with('0');
    let goes_on = has_zero
        && before
            .chars()
            .rev()
            .take_while(|letter| is_digit(*letter))
            .any(|letter| letter != '0');
    let start = i64::from(goes_on);
    let (left_number, left_length) = read_digits(left, start);
    let (right_number, right_length) = read_digits(right, start);
    left_number
        .cmp(&right_number)
        .then(left_length.cmp(&right_length))
}

fn read_digits(text: &str, start: i64) -> (i64, usize) {
    text.chars().take_while(|letter| is_digit(*letter)).fold(
        (start, 0),
        |(number, length), letter| {
            let digit = i64::from(u32::from(letter)) - i64::from(u32::from('0'));
            (number.wrapping_mul(10).wrapping_add(digit), length + 1)
        },
    )
}

/// Unicode's letters and decimal digits. The standard library asks for wider properties.
static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{L}").ok());
static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}").ok());

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphabetic() || (!letter.is_ascii() && matches(&LETTER, letter))
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit() || (!letter.is_ascii() && matches(&DIGIT, letter))
}

fn matches(class: &LazyLock<Option<Regex>>, letter: char) -> bool {
    let mut buffer = [0; 4];
    class
        .as_ref()
        .is_some_and(|class| class.is_match(letter.encode_utf8(&mut buffer)))
}
