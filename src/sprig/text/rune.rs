//! The runes of byte strings, and what Go knows of them.

/// The runes of a string; each byte that is no part of one is U+FFFD.
pub(in crate::sprig) fn runes(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let invalid = std::iter::repeat_n(char::REPLACEMENT_CHARACTER, chunk.invalid().len());
        chunk.valid().chars().chain(invalid)
    })
}

/// The first rune and how many bytes it takes.
pub(in crate::sprig) fn first(bytes: &[u8]) -> Option<(char, usize)> {
    let head = bytes.get(..4).unwrap_or(bytes);
    let rune = runes(head).next()?;
    let size = if rune == char::REPLACEMENT_CHARACTER && !head.starts_with("\u{fffd}".as_bytes()) {
        1
    } else {
        rune.len_utf8()
    };
    Some((rune, size))
}

/// The last rune and how many bytes it takes.
pub(super) fn last(bytes: &[u8]) -> Option<(char, usize)> {
    for size in 1..=bytes.len().min(4) {
        let tail = bytes.get(bytes.len() - size..).unwrap_or_default();
        if let Ok(text) = std::str::from_utf8(tail) {
            return text.chars().next().map(|rune| (rune, size));
        }
    }
    (!bytes.is_empty()).then_some((char::REPLACEMENT_CHARACTER, 1))
}

/// One letter for one letter, where Unicode has such a capital.
pub(super) fn upper(letter: char) -> char {
    let code = u32::from(letter);
    // Greek with iota below: Unicode writes two letters, but has one.
    let with_iota = match code {
        0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7 => code + 8,
        0x1fb3 | 0x1fc3 | 0x1ff3 => code + 9,
        _ => code,
    };
    if with_iota != code {
        return char::from_u32(with_iota).unwrap_or(letter);
    }
    single(letter.to_uppercase(), letter)
}

/// One letter for one letter.
pub(super) fn lower(letter: char) -> char {
    if letter == '\u{130}' {
        return 'i';
    }
    single(letter.to_lowercase(), letter)
}

/// The capital at the head of a word: not that of all capitals for letters that are two in one.
pub(super) fn title(letter: char) -> char {
    match letter {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10ff}' => letter,
        _ => upper(letter),
    }
}

fn single(mut letters: impl ExactSizeIterator<Item = char>, otherwise: char) -> char {
    match (letters.len(), letters.next()) {
        (1, Some(letter)) => letter,
        _ => otherwise,
    }
}

/// A capital letter: not a Roman number or a letter in a circle.
pub(super) fn is_upper(rune: char) -> bool {
    rune.is_uppercase()
        && !matches!(u32::from(rune), 0x2160..=0x216f | 0x24b6..=0x24cf | 0x1_f130..=0x1_f189)
}

/// A small letter: the same.
pub(super) fn is_lower(rune: char) -> bool {
    rune.is_lowercase()
        && !matches!(u32::from(rune), 0xaa | 0xba | 0x2170..=0x217f | 0x24d0..=0x24e9)
}

/// Neither capital nor small but the first of a word: letters that are two in one.
pub(super) fn is_title(rune: char) -> bool {
    matches!(u32::from(rune), 0x1c5 | 0x1c8 | 0x1cb | 0x1f2 | 0x1f88..=0x1f8f | 0x1f98..=0x1f9f
        | 0x1fa8..=0x1faf | 0x1fbc | 0x1fcc | 0x1ffc)
}
