//! The order of keys: letters behind everything else, and runs of digits by their number.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;

use super::Manner;

/// Sorts entries by their keys as go-yaml does: `z2` before `z10`, `_a` before `Z`.
pub fn sort_keys<T: Copy>(entries: &mut [T], manner: Manner, key: impl Fn(&T) -> &str + Copy) {
    let is_behind = |left: &T, right: &T| compare(key(left), key(right), manner).is_gt();
    // Maps iterate by bytes, which is nearly this order already.
    if !entries.is_sorted_by(|left, right| !is_behind(left, right)) {
        merge_sort(entries, is_behind);
    }
}

/// Sorts without asking that the comparison is a total order, which go-yaml's is not for digits that
/// overflow; the standard library may panic then.
fn merge_sort<T: Copy>(entries: &mut [T], is_behind: impl Fn(&T, &T) -> bool + Copy) {
    let middle = entries.len() / 2;
    if middle == 0 {
        return;
    }
    let (front, back) = entries.split_at_mut(middle);
    merge_sort(front, is_behind);
    merge_sort(back, is_behind);
    let mut merged = Vec::with_capacity(entries.len());
    let (front, back) = entries.split_at(middle);
    let (mut front, mut back) = (front.iter().peekable(), back.iter().peekable());
    while let (Some(left), Some(right)) = (front.peek(), back.peek()) {
        let from = if is_behind(left, right) {
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

fn compare(left: &str, right: &str, manner: Manner) -> Ordering {
    let mut at = left
        .bytes()
        .zip(right.bytes())
        .take_while(|(left, right)| left == right)
        .count();
    while !left.is_char_boundary(at) || !right.is_char_boundary(at) {
        at -= 1;
    }
    let (before, left_rest) = left.split_at(at);
    let right_rest = right.get(at..).unwrap_or_default();
    let (Some(first), Some(second)) = (left_rest.chars().next(), right_rest.chars().next()) else {
        return left.len().cmp(&right.len());
    };
    match (is_letter(first), is_letter(second)) {
        (true, true) => first.cmp(&second),
        (false, false) => {
            compare_numbers(before, left_rest, right_rest).then_with(|| first.cmp(&second))
        }
        (left_is_letter, _) => {
            // Version 3 has letters first behind a digit.
            let has_letters_first =
                manner == Manner::V3 && before.chars().next_back().is_some_and(is_digit);
            if left_is_letter == has_letters_first {
                Ordering::Less
            } else {
                Ordering::Greater
            }
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
