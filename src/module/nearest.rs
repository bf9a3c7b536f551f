//! "Did you mean": the known word nearest to a wrong one. Pure.

/// The nearest of `known`, when it is near enough to be meant: at most a third of the letters
/// differ. Case and separators count little: `take_ownership` means `takeOwnership`.
pub(super) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = fold(given);
    known
        .into_iter()
        .map(|word| (distance(&folded, &fold(word)), word))
        .filter(|(distance, word)| distance * 3 <= word.chars().count().max(3))
        .min()
        .map(|(_, word)| word)
}

fn fold(word: &str) -> Vec<char> {
    word.chars()
        .take(64)
        .filter(|letter| !matches!(letter, '-' | '_' | '.' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Letters to insert, delete, replace or swap with their neighbour.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut best = (row[j] + usize::from(a != b))
                .min(row[j + 1] + 1)
                .min(next[j] + 1);
            let swapped = i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b;
            if swapped {
                best = best.min(before[j - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_meant() {
        let known = ["requires", "order", "takeOwnership", "timeouts"];
        for (given, meant) in [
            ("require", Some("requires")),
            ("take_ownership", Some("takeOwnership")),
            ("oredr", Some("order")),
            ("timeout", Some("timeouts")),
            ("replicas", None),
            ("", None),
        ] {
            assert_eq!(nearest(given, known), meant, "{given}");
        }
    }
}
