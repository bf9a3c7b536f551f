//! Patterns as Go's `regexp` understands them.
//!
//! The `regex` crate has almost the same syntax. Where the same text means something else (`\d`, `\w`,
//! `\s`, `\b` are ASCII in Go; `&&`, `~~`, `--` and `[` in a class are plain letters there) or is
//! refused (`\Q…\E`, octal numbers, a brace that repeats nothing), the text is rewritten.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// A pattern ready to use.
///
/// # Errors
///
/// What is wrong with it, in one line.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(&translate(pattern)).map_err(|error| {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.trim_start_matches("error: ").to_owned()
    })
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => escape(&mut rest, &mut out),
            '[' => class(&mut rest, &mut out),
            '{' if repeats(&rest) => out.push('{'),
            '{' => out.push_str("\\{"),
            other => out.push(other),
        }
    }
    out
}

/// Whether what follows an opening brace makes it a repetition: `2}`, `2,}`, `2,3}`.
fn repeats(rest: &Peekable<Chars<'_>>) -> bool {
    let inside: String = rest.clone().take_while(|letter| *letter != '}').collect();
    let (from, to) = inside.split_once(',').unwrap_or((&inside, "0"));
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    rest.clone().any(|letter| letter == '}') && !from.is_empty() && digits(from) && digits(to)
}

/// What follows a backslash outside a class.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match rest.next() {
        Some('b') => out.push_str(r"(?-u:\b)"),
        Some('Q') => quoted(rest, out),
        Some(letter) => common_escape(letter, rest, out),
        None => out.push('\\'),
    }
}

/// What follows a backslash anywhere.
fn common_escape(letter: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match letter {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        '0'..='7' => octal(letter, rest, out),
        'p' | 'P' | 'x' => braced(letter, rest, out),
        letter if letter.is_ascii_punctuation() => {
            out.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
        }
        letter => out.extend(['\\', letter]),
    }
}

/// `\Q…\E`: everything between is plain.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut plain = String::new();
    while let Some(letter) = rest.next() {
        if letter == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            break;
        }
        plain.push(letter);
    }
    out.push_str(&regex::escape(&plain));
}

/// Up to three octal digits.
fn octal(first: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut code = first.to_digit(8).unwrap_or_default();
    for _ in 0..2 {
        let Some(digit) = rest.peek().and_then(|letter| letter.to_digit(8)) else {
            break;
        };
        rest.next();
        code = code * 8 + digit;
    }
    out.extend(["\\x{", &format!("{code:x}"), "}"]);
}

/// `\p{Greek}`, `\x{10FFFF}`: the braces belong to the escape.
fn braced(letter: char, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.extend(['\\', letter]);
    if rest.peek() == Some(&'{') {
        for letter in rest.by_ref() {
            out.push(letter);
            if letter == '}' {
                break;
            }
        }
    }
}

/// A class, from after its opening bracket to its closing one.
fn class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    if rest.peek() == Some(&'^') {
        rest.next();
        out.push('^');
    }
    if rest.peek() == Some(&']') {
        rest.next();
        out.push_str("\\]");
    }
    let mut after_set = true;
    while let Some(letter) = rest.next() {
        let is_set = match letter {
            ']' => {
                out.push(']');
                return;
            }
            '[' if rest.peek() == Some(&':') => {
                named_class(rest, out);
                true
            }
            '[' | '&' | '~' => {
                out.extend(['\\', letter]);
                false
            }
            '-' => {
                dash(after_set, rest, out);
                false
            }
            '\\' => {
                let letter = rest.next().unwrap_or('\\');
                common_escape(letter, rest, out);
                letter.is_ascii_alphabetic() && "dDwWsSpP".contains(letter)
            }
            other => {
                out.push(other);
                false
            }
        };
        after_set = is_set;
    }
}

/// A dash is a letter after a set (`[\w-]`), at the start and at the end of a class, and as the end
/// of a range (`[+--]`).
fn dash(after_set: bool, rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    if after_set || rest.peek() == Some(&']') {
        out.push('\\');
    }
    out.push('-');
    if rest.peek() == Some(&'-') {
        rest.next();
        out.push_str("\\-");
    }
}

/// `[:alpha:]` inside a class.
fn named_class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    for letter in rest.by_ref() {
        out.push(letter);
        if letter == ']' {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        for (pattern, text, matches) in [
            (r"^\d+$", "42", true),
            (r"^\d+$", "٤٢", false),
            (r"^\w+$", "größe", false),
            (r"^\W$", "ö", true),
            (r"^\s$", "\u{a0}", false),
            (r"^[\w.-]+$", "a-b.c", true),
            (r"^[^\d-]+$", "a-b", false),
            (r"^[\w-a]+$", "a-", true),
            (r"^[a&&b]+$", "a&b", true),
            (r"^[a~~b]$", "~", true),
            (r"^[+--]$", ",", true),
            (r"^[[a]+$", "[a", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]a]+$", "b", true),
            (r"^[[:alpha:]_]+$", "a_b", true),
            (r"^\Qa.b\E$", "a.b", true),
            (r"^\Qa.b\E$", "axb", false),
            (r"^\101$", "A", true),
            (r"^a{$", "a{", true),
            (r"^a{,3}$", "a{,3}", true),
            (r"^a{2,3}$", "aaa", true),
            (r"^a{2}$", "a", false),
            (r"^{{x}}$", "{{x}}", true),
            (r"^\<b\>$", "<b>", true),
            (r"\bx", "öx", true),
            (r"^\p{Greek}\pL\x{41}\x41$", "αbAA", true),
            (r"^(?i)abc$", "ABC", true),
            (r"^a.c$", "a\nc", false),
            (
                r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}$",
                "deadbeef-0000-1111-2222",
                true,
            ),
        ] {
            let compiled = compile(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(compiled.is_match(text), matches, "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_is_compiled_or_refused(text in r"[\[\]\\(){}^$|?*+.,:&~<>QEdDwWpPx0-9a-c-]{0,24}") {
            let _ = compile(&text);
        }
    }

    #[test]
    fn broken_pattern_is_told_in_one_line() {
        let error = compile("(a").unwrap_err();
        assert_eq!(error, "unclosed group");
    }
}
