//! Output of a process, cut into lines, in bounded memory however much it is.

use super::Hearing;

/// How much of the end is kept for an error message.
const LAST_WORDS: usize = 1024;

/// Lines as they come out of a pipe.
#[derive(Debug, Default)]
pub(super) struct Lines {
    hearing: Hearing,
    line: Vec<u8>,
    /// Whether the present line is longer than what is kept of it.
    is_cut: bool,
    told: usize,
    tail: Vec<u8>,
}

impl Lines {
    pub(super) fn new(hearing: Hearing) -> Self {
        Self {
            hearing,
            ..Self::default()
        }
    }

    /// The end of all that was said, from the start of a line where possible.
    pub(super) fn last_words(&self) -> String {
        let start = self.tail.len().saturating_sub(LAST_WORDS);
        let mut tail = self.tail.get(start..).unwrap_or_default();
        if start > 0
            && let Some(end_of_line) = tail.iter().position(|byte| *byte == b'\n')
            && end_of_line + 1 < tail.len()
        {
            tail = tail.get(end_of_line..).unwrap_or_default();
        }
        String::from_utf8_lossy(tail).trim().to_owned()
    }

    /// Tells the lines that end in `chunk`.
    pub(super) fn push(&mut self, chunk: &[u8], tell: &mut impl FnMut(&str)) {
        self.keep_tail(chunk);
        if self.told > self.hearing.total {
            return;
        }
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let room = self.hearing.line.saturating_sub(self.line.len());
            self.is_cut |= text.len() > room;
            self.line.extend(text.iter().take(room));
            if piece.ends_with(b"\n") {
                self.end_line(tell);
            }
        }
    }

    /// Tells the last line, when it has no end.
    pub(super) fn finish(&mut self, tell: &mut impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.end_line(tell);
        }
    }

    fn end_line(&mut self, tell: &mut impl FnMut(&str)) {
        if self.told > self.hearing.total {
            self.line.clear();
            return;
        }
        self.told += self.line.len() + 1;
        if self.told > self.hearing.total {
            tell("… more output is not heard");
            self.line = Vec::new();
            return;
        }
        if self.is_cut {
            drop_broken_letter(&mut self.line);
        }
        let text = String::from_utf8_lossy(&self.line);
        let text = text.trim_end_matches('\r');
        if self.is_cut {
            tell(&format!("{text}…"));
        } else {
            tell(text);
        }
        self.line.clear();
        self.is_cut = false;
    }

    fn keep_tail(&mut self, chunk: &[u8]) {
        let new = chunk.len().saturating_sub(2 * LAST_WORDS);
        self.tail.extend(chunk.get(new..).unwrap_or_default());
        let old = self.tail.len().saturating_sub(2 * LAST_WORDS);
        self.tail.drain(..old);
    }
}

/// Drops the first bytes of a letter whose others were cut off.
fn drop_broken_letter(line: &mut Vec<u8>) {
    let begins = line.iter().rev().take(4);
    let behind = begins.take_while(|byte| **byte & 0xc0 == 0x80).count();
    let first = line.len().saturating_sub(behind + 1);
    let wanted = match line.get(first) {
        Some(0xc0..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xff) => 4,
        _ => 1,
    };
    if behind + 1 < wanted {
        line.truncate(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 20;

    fn told(chunks: &[&[u8]]) -> (Vec<String>, Lines) {
        let mut lines = Lines::default();
        let mut told = Vec::new();
        for chunk in chunks {
            lines.push(chunk, &mut |line: &str| told.push(line.to_owned()));
        }
        (told, lines)
    }

    #[test]
    fn lines_survive_the_borders_of_chunks() {
        let (told, _) = told(&[b"one\ntw", b"o\r\n\nfour ", b"\xff\n"]);
        assert_eq!(told, ["one", "two", "", "four \u{fffd}"]);
    }

    #[test]
    fn long_lines_are_cut() {
        let (told, _) = told(&[&[b'x'; 9_999], &[b'y'; 9_999], b"\nnext\n"]);
        assert_eq!(told[0], format!("{}y…", "x".repeat(9_999)));
        assert_eq!(told[1], "next");
    }

    #[test]
    fn no_letter_is_cut_in_two() {
        for (before, letter) in [(9_999, "é"), (9_998, "€"), (9_997, "😀"), (9_999, "😀")] {
            let line = "x".repeat(before) + letter + "y\n";
            let (told, _) = told(&[line.as_bytes()]);
            assert_eq!(told, ["x".repeat(before) + "…"]);
        }
        let whole = "x".repeat(9_998) + "é" + "y\n";
        assert_eq!(told(&[whole.as_bytes()]).0, ["x".repeat(9_998) + "é…"]);
    }

    #[test]
    fn endless_output_is_told_up_to_a_limit_in_bounded_memory() {
        let chunk = [b"y\n".repeat(8_000), vec![b'z'; 10]].concat();
        let mut lines = Lines::default();
        let (mut bytes, mut last) = (0, String::new());
        for _ in 0..6_000 {
            lines.push(&chunk, &mut |line: &str| {
                bytes += line.len();
                last = line.to_owned();
            });
        }
        assert!(bytes > MOST / 4 && bytes < MOST, "{bytes}");
        assert_eq!(last, "… more output is not heard");
        assert!(lines.line.capacity() + lines.tail.capacity() < 64 << 10);
    }

    #[test]
    fn last_words_begin_with_a_line() {
        let (_, lines) = told(&[b"short\n"]);
        assert_eq!(lines.last_words(), "short");
        let (_, lines) = told(&[&b"0123456789\n".repeat(200), b"the end\n"]);
        let words = lines.last_words();
        assert!(
            words.starts_with("0123456789\n") && words.ends_with("\nthe end"),
            "{words}"
        );
        assert!(words.len() <= 1024);
        let (_, lines) = told(&[&[b'x'; 3000], b"\n"]);
        assert_eq!(lines.last_words(), "x".repeat(1023));
    }
}
