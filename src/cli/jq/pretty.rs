//! JSON for people. Pure.

use std::fmt::Write;

/// Compact JSON with a line for each part, as jq writes it.
pub(super) fn pretty(json: &str, indent: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut letters = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(indent, depth));
    };
    while let Some(letter) = letters.next() {
        if in_string {
            out.push(letter);
            in_string = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        match letter {
            '{' | '[' => {
                out.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            letter => {
                in_string = letter == '"';
                out.push(letter);
            }
        }
    }
    out
}

/// JSON of ASCII letters alone.
pub(super) fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_have_lines_of_their_own() {
        for (json, expected) in [
            ("1", "1"),
            ("[]", "[]"),
            ("{}", "{}"),
            ("[[],{}]", "[\n  [],\n  {}\n]"),
            (
                r#"{"a":[1,"b"]}"#,
                "{\n  \"a\": [\n    1,\n    \"b\"\n  ]\n}",
            ),
            (r#"["a,\"[{:","\\"]"#, "[\n  \"a,\\\"[{:\",\n  \"\\\\\"\n]"),
        ] {
            assert_eq!(pretty(json, "  "), expected);
        }
    }

    #[test]
    fn letters_outside_of_ascii_are_escaped() {
        assert_eq!(ascii("\"é😀a\""), "\"\\u00e9\\ud83d\\ude00a\"");
    }
}
