//! Texts that must not be told, and texts without them.
//!
//! *In:* secret values, what is about to be told · *Out:* the same with [`SECRET`] in place of the
//! secrets, whatever form they have there · *Never:* decides what is secret; tells a secret, in a
//! `Debug` neither.
//!
//! A secret is known in the forms that programs give it: escaped for JSON or a shell, in base64 also
//! in the midst of more, percent-encoded, and line by line. Secrets of fewer than six letters are not
//! looked for: they would be found in every other word.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::{NoExpand, Regex, RegexBuilder};
use serde_json::{Map, Value};

/// What stands in place of a secret.
pub const SECRET: &str = "[secret]";

/// A shorter secret is not looked for, in letters.
const SHORTEST: usize = 6;
/// The same for one line of several.
const SHORTEST_LINE: usize = 8;
/// Of a secret at the border of a cut text so many bytes must be there.
const SHORTEST_PIECE: usize = 4;
/// Where programs break lines of base64, in letters.
const BASE64_LINES: [usize; 2] = [64, 76];
/// What the matcher of all forms may have, in bytes. With more, nothing is told at all.
const MOST_MATCHER: usize = 256 << 20;

/// Secrets to be looked for. Cheap to clone; without any, masking costs nothing.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[Arc<Known>]>);

struct Known {
    /// The longest first.
    forms: Vec<String>,
    /// `None` when there are too many.
    matcher: Option<Regex>,
}

impl Secrets {
    /// The secrets in these values: each text, and each number of many digits.
    pub fn of(values: &[&Value]) -> Self {
        let mut forms = BTreeSet::new();
        for value in values {
            collect(value, &mut forms);
        }
        if forms.is_empty() {
            return Self::default();
        }
        let mut forms: Vec<String> = forms.into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        let pattern: Vec<String> = forms.iter().map(|form| regex::escape(form)).collect();
        let matcher = RegexBuilder::new(&pattern.join("|"))
            .size_limit(MOST_MATCHER)
            .build();
        let matcher = matcher.ok();
        Self(Arc::new([Arc::new(Known { forms, matcher })]))
    }

    /// These and the others.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        match (self.is_empty(), others.is_empty()) {
            (_, true) => self.clone(),
            (true, false) => others.clone(),
            (false, false) => Self(self.0.iter().chain(others.0.iter()).cloned().collect()),
        }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text without the secrets.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for known in &*self.0 {
            let Some(matcher) = &known.matcher else {
                return Cow::Borrowed(SECRET);
            };
            if let Cow::Owned(changed) = matcher.replace_all(&masked, NoExpand(SECRET)) {
                masked = Cow::Owned(changed);
            }
        }
        masked
    }

    /// The same of a text that was cut out of a longer one: a secret of which only a part is there is
    /// masked too.
    pub fn mask_piece<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let (mut head, mut tail) = (0, 0);
        for form in self.0.iter().flat_map(|known| &known.forms) {
            head = head.max(cut_head(form, text));
            tail = tail.max(cut_tail(form, text));
        }
        if head + tail == 0 {
            return self.mask(text);
        }
        let inner = text.get(head..text.len() - tail).unwrap_or_default();
        let mark = |cut: usize| if cut > 0 { SECRET } else { "" };
        format!("{}{}{}", mark(head), self.mask(inner), mark(tail)).into()
    }

    /// Masks all texts in a value, and numbers.
    pub fn mask_json(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if matches!(self.mask(&number.to_string()), Cow::Owned(_)) {
                    *value = SECRET.into();
                }
            }
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            Value::Object(map) => self.mask_map(map),
        }
    }

    /// The same of all fields of a map, names included.
    pub fn mask_map(&self, map: &mut Map<String, Value>) {
        if self.is_empty() {
            return;
        }
        let fields = std::mem::take(map).into_iter();
        *map = fields
            .map(|(name, mut value)| {
                self.mask_json(&mut value);
                (self.mask(&name).into_owned(), value)
            })
            .collect();
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secrets")
    }
}

/// How much of the beginning of a text is the end of a form.
fn cut_head(form: &str, text: &str) -> usize {
    let starts = form.char_indices().skip(1).map(|(index, _)| index);
    let mut ends = starts.filter_map(|index| form.get(index..));
    let found = ends.find(|end| end.len() >= SHORTEST_PIECE && text.starts_with(end));
    found.map_or(0, str::len)
}

/// How much of the end of a text is the beginning of a form.
fn cut_tail(form: &str, text: &str) -> usize {
    let ends = form.char_indices().rev().map(|(index, _)| index);
    let mut starts = ends.filter_map(|index| form.get(..index));
    let found = starts.find(|start| start.len() >= SHORTEST_PIECE && text.ends_with(start));
    found.map_or(0, str::len)
}

fn collect(value: &Value, forms: &mut BTreeSet<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => forms.extend(is_long(&number.to_string())),
        Value::String(text) => add(text, forms),
        Value::Array(items) => items.iter().for_each(|item| collect(item, forms)),
        Value::Object(map) => map.values().for_each(|value| collect(value, forms)),
    }
}

fn is_long(text: &str) -> Option<String> {
    (text.chars().count() >= SHORTEST).then(|| text.to_owned())
}

/// All forms of a secret.
fn add(secret: &str, forms: &mut BTreeSet<String>) {
    let trimmed = secret.trim();
    for text in [secret, trimmed] {
        if text.chars().count() < SHORTEST {
            continue;
        }
        forms.insert(text.to_owned());
        forms.extend(escaped(text));
        forms.extend(base64_forms(text.as_bytes()));
        forms.insert(percent(text));
    }
    if let Some(plain) = decoded(trimmed) {
        forms.extend(is_long(plain.trim()));
    }
    let lines = trimmed.lines().map(str::trim);
    // What frames a key is no secret.
    let lines = lines.filter(|line| !line.starts_with("-----"));
    if trimmed.contains('\n') {
        let long = lines.filter(|line| line.chars().count() >= SHORTEST_LINE);
        forms.extend(long.map(str::to_owned));
    }
}

/// As JSON has it, in the ways of several writers, and as a shell shows it.
fn escaped(text: &str) -> [String; 4] {
    let json = Value::from(text).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default().to_owned();
    let mut ascii = String::new();
    for letter in json.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            let units = letter.encode_utf16(&mut [0; 2]).to_vec();
            ascii.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    let html = json
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026");
    [json, ascii, html, text.replace('\'', "'\\''")]
}

/// The letters of base64 that stand for the secret alone, wherever in a longer text it begins; and
/// the whole in lines.
fn base64_forms(secret: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let padded = [&b"\0\0\0"[..before], secret].concat();
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            forms.extend(encoded.get(first..last).map(str::to_owned));
        }
    }
    let whole = STANDARD.encode(secret);
    for width in BASE64_LINES {
        let lines = whole.as_bytes().chunks(width);
        let lines = lines.filter(|line| whole.len() > width && line.len() >= SHORTEST_LINE);
        forms.extend(lines.map(|line| String::from_utf8_lossy(line).into_owned()));
    }
    forms
}

fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(["%", &format!("{byte:02X}")]);
        }
    }
    encoded
}

/// The text behind a secret that is base64 itself, as in a Secret's data.
fn decoded(secret: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(secret).ok()?).ok()?;
    let is_readable = |letter: char| !letter.is_control() || letter.is_whitespace();
    text.chars().all(is_readable).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(secret: &str) -> Secrets {
        Secrets::of(&[&json!(secret)])
    }

    /// One row, one text: the secret, the text, the text that is told.
    #[test]
    fn secrets_are_found_in_the_forms_that_programs_give_them() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----\n";
        let rows = [
            ("hunter22", "password=hunter22;", "password=[secret];"),
            ("hunter22", "hunter22hunter22", "[secret][secret]"),
            ("hunter22", "hunter2 2", "hunter2 2"),
            ("hunter", "hunter", "[secret]"),
            // Five letters are too few.
            ("abcde", "abcde", "abcde"),
            (
                "a\"b\\c\nd",
                "{\"p\":\"a\\\"b\\\\c\\nd\"}",
                "{\"p\":\"[secret]\"}",
            ),
            (
                "pässword",
                "{\"p\": \"p\\u00e4ssword\"}",
                "{\"p\": \"[secret]\"}",
            ),
            ("a<b>c&d", "\"a\\u003cb\\u003ec\\u0026d\"", "\"[secret]\""),
            (
                "it's secret",
                "+ login 'it'\\''s secret'",
                "+ login '[secret]'",
            ),
            (
                "p@ss/word",
                "https://u:p%40ss%2Fword@host",
                "https://u:[secret]@host",
            ),
            ("hunter22", "aHVudGVyMjI=", "[secret]I="),
            ("hunter22", "aHVudGVyMjIK", "[secret]IK"),
            // `user:hunter22`, `us:hunter22`, `use:hunter22`.
            ("hunter22", "dXNlcjpodW50ZXIyMg==", "dXNlcjp[secret]g=="),
            ("hunter22", "dXM6aHVudGVyMjI=", "dXM6[secret]I="),
            ("hunter22", "dXNlOmh1bnRlcjIy", "dXNlOm[secret]"),
            ("aHVudGVyMjI=", "decoded: hunter22", "decoded: [secret]"),
            ("hunter22\n", "hunter22", "[secret]"),
            (key, "MIIEvQIBADANBg", "[secret]"),
            (key, "-----BEGIN KEY-----", "-----BEGIN KEY-----"),
            (key, key, "[secret]"),
        ];
        for (secret, text, told) in rows {
            assert_eq!(of(secret).mask(text), told, "{secret:?} in {text:?}");
        }
        let long = "x".repeat(50) + "0123456789" + &"y".repeat(50);
        for width in BASE64_LINES {
            for line in STANDARD.encode(&long).as_bytes().chunks(width) {
                let line = String::from_utf8_lossy(line);
                assert_eq!(of(&long).mask(&line), SECRET, "{line}");
            }
        }
    }

    #[test]
    fn all_leaves_of_a_secret_are_secret() {
        let secrets =
            Secrets::of(&[&json!({"a": ["first-secret", 1, 12_345_678, true], "b": null})]);
        assert_eq!(
            secrets.mask("first-secret 1 12345678 true null"),
            "[secret] 1 [secret] true null"
        );
        assert!(Secrets::of(&[&json!({"a": [1, true, null, "short"]})]).is_empty());
        let both = secrets.and(&of("another-one"));
        assert_eq!(both.mask("first-secret another-one"), "[secret] [secret]");
        assert_eq!(format!("{both:?}"), "Secrets");
    }

    #[test]
    fn values_stay_json() {
        let secrets = Secrets::of(&[&json!(["nfoo123", 1_234_567])]);
        let mut value = json!({"a": ["\nfoo123", "x nfoo123"], "nfoo123": 1_234_567, "b": 7});
        secrets.mask_json(&mut value);
        assert_eq!(
            value,
            json!({"a": ["\nfoo123", "x [secret]"], "[secret]": "[secret]", "b": 7})
        );
    }

    #[test]
    fn secrets_at_the_border_of_a_cut_text_are_masked() {
        let secrets = of("0123456789");
        for (text, told) in [
            ("6789 end", "[secret] end"),
            ("789 end", "789 end"),
            ("begin 0123", "begin [secret]"),
            ("begin 012", "begin 012"),
            ("begin 0123456789", "begin [secret]"),
            ("56789 0123456789 01234", "[secret] [secret] [secret]"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(secrets.mask_piece(text), told);
        }
    }

    #[test]
    fn without_secrets_nothing_is_copied() {
        let none = Secrets::default();
        let text = "a text";
        assert!(matches!(none.mask(text), Cow::Borrowed(same) if std::ptr::eq(same, text)));
        assert!(
            matches!(of("secret-thing").mask(text), Cow::Borrowed(same) if std::ptr::eq(same, text))
        );
    }

    #[test]
    fn many_secrets_are_no_burden() {
        let values: Vec<Value> = (0..500)
            .map(|n| json!(format!("secret-number-{n}")))
            .collect();
        let secrets = Secrets::of(&values.iter().collect::<Vec<_>>());
        let text = "nothing of it is here, but the secret-number-499 is; ".repeat(1000);
        let begun = Instant::now();
        let masked = secrets.mask(&text);
        assert!(!masked.contains("secret-number"));
        // Unoptimized; a naive search of all forms takes much longer.
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }

    proptest! {
        #[test]
        fn no_form_gets_through(
            secret in "\\PC{6,20}", before in "[a-z0-9]{0,5}", after in "[a-z0-9]{0,5}",
        ) {
            let secrets = of(&secret);
            let text = format!("{before}{secret}{after}");
            prop_assert!(!secrets.mask(&text).contains(&secret) || SECRET.contains(&secret));
            let json = json!({ "key": text }).to_string();
            let inner = Value::from(secret.as_str()).to_string();
            let inner = &inner[1..inner.len() - 1];
            prop_assert!(!secrets.mask(&json).contains(inner) || SECRET.contains(inner));
            let encoded = STANDARD.encode(&text);
            prop_assert_ne!(secrets.mask(&encoded), encoded.as_str());
        }
    }
}
