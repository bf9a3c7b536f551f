//! Addresses of schemas: documents, and places in them.

use std::fmt::Write as _;

use super::json::Json;
use super::words::double_quoted;

/// A document and a place in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) url: String,
    /// A JSON pointer.
    pub(super) pointer: String,
}

/// What is behind the `#` of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fragment {
    Pointer(String),
    Anchor(String),
}

impl Place {
    pub(super) fn new(url: &str, pointer: &str) -> Self {
        Self {
            url: url.to_owned(),
            pointer: pointer.to_owned(),
        }
    }

    /// The place of a key in this one.
    pub(super) fn with(&self, key: &str) -> Self {
        let pointer = format!("{}/{}", self.pointer, escape(key));
        let url = self.url.clone();
        Self { url, pointer }
    }

    /// The value at this place.
    pub(super) fn find<'j>(&self, document: &'j Json) -> Result<&'j Json, String> {
        let mut json = document;
        for token in self.pointer.split('/').skip(1) {
            let token = unescape(token)
                .ok_or_else(|| format!("invalid json-pointer {}", double_quoted(&self.text())))?;
            let found = match json {
                Json::Object(entries) => entries.get(token.as_str()),
                Json::Array(items) => {
                    let index = token.parse::<usize>().ok();
                    index.and_then(|index| items.get(index))
                }
                _ => None,
            };
            json = found.ok_or_else(|| {
                format!("json-pointer in {} not found", double_quoted(&self.text()))
            })?;
        }
        Ok(json)
    }

    /// The address as one text: `file:///values.schema.json#/properties/a`.
    pub(super) fn text(&self) -> String {
        format!("{}#{}", self.url, encode(&self.pointer))
    }
}

impl Fragment {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let decoded = decode(text)?;
        Ok(if decoded.is_empty() || decoded.starts_with('/') {
            Self::Pointer(decoded)
        } else {
            Self::Anchor(decoded)
        })
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Pointer(text) | Self::Anchor(text) => encode(text),
        }
    }
}

/// A reference in its two parts.
pub(super) fn split(reference: &str) -> (&str, &str) {
    reference.split_once('#').unwrap_or((reference, ""))
}

/// A token of a JSON pointer.
pub(super) fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> Option<String> {
    let mut out = String::with_capacity(token.len());
    let mut letters = token.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '~' => match letters.next()? {
                '0' => out.push('~'),
                '1' => out.push('/'),
                _ => return None,
            },
            letter => out.push(letter),
        }
    }
    Some(out)
}

/// Percent signs for what an address cannot hold; slashes stay.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/$&+:=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A text without percent signs.
pub(super) fn decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let wrong = || {
            let end = rest.len().min(2);
            let found = String::from_utf8_lossy(&rest[..end]);
            format!("invalid URL escape {}", double_quoted(&format!("%{found}")))
        };
        let digits = rest
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(code.ok_or_else(wrong)?);
        rest = &rest[2..];
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The parts of an address without fragment.
struct Parts<'a> {
    scheme: &'a str,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
        let (scheme, rest) = match url.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("", url),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(&rest[..end]), &rest[end..])
            }
            None => (None, rest),
        };
        Self {
            scheme,
            authority,
            path,
            query,
        }
    }

    fn text(&self, path: &str) -> String {
        let mut text = String::new();
        if !self.scheme.is_empty() {
            text.push_str(&self.scheme.to_ascii_lowercase());
            text.push(':');
        }
        if let Some(authority) = self.authority {
            text.push_str("//");
            text.push_str(authority);
        }
        text.push_str(path);
        if let Some(query) = self.query {
            text.push('?');
            text.push_str(query);
        }
        text
    }
}

pub(super) fn is_scheme(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_alphabetic()) && text.chars().all(is_part)
}

/// A reference without fragment, seen from a document.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    if reference.is_empty() {
        return base.to_owned();
    }
    let (from, to) = (Parts::of(base), Parts::of(reference));
    if !to.scheme.is_empty() {
        let path = if to.authority.is_some() {
            without_dots(to.path)
        } else {
            to.path.to_owned()
        };
        return to.text(&path);
    }
    let scheme = from.scheme;
    if to.authority.is_some() {
        return Parts { scheme, ..to }.text(&without_dots(to.path));
    }
    let is_opaque = from.authority.is_none() && !from.path.starts_with('/');
    if is_opaque && !from.scheme.is_empty() {
        return base.to_owned();
    }
    let (path, query) = if to.path.is_empty() {
        (from.path.to_owned(), to.query.or(from.query))
    } else if to.path.starts_with('/') {
        (without_dots(to.path), to.query)
    } else {
        let folder = from.path.rfind('/').map_or("/", |end| &from.path[..=end]);
        (without_dots(&format!("{folder}{}", to.path)), to.query)
    };
    Parts { query, ..from }.text(&path)
}

fn without_dots(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for part in path.split('/').skip(1) {
        is_folder = matches!(part, "." | "..");
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if path.is_empty() {
        return String::new();
    }
    let end = if is_folder && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_seen_from_their_document() {
        for (base, reference, expected) in [
            (
                "file:///values.schema.json",
                "",
                "file:///values.schema.json",
            ),
            ("file:///values.schema.json", "a.json", "file:///a.json"),
            (
                "file:///values.schema.json",
                "../../a.json",
                "file:///a.json",
            ),
            ("https://x.io/a/b", "c/./d/../e", "https://x.io/a/c/e"),
            ("https://x.io/a/b", "/c", "https://x.io/c"),
            ("https://x.io/a/b", "//y.io/c", "https://y.io/c"),
            ("https://x.io/a/b", "HTTP://y.io", "http://y.io"),
            ("https://x.io/a/b?q", "c?r", "https://x.io/a/c?r"),
            ("https://x.io", "c", "https://x.io/c"),
            ("urn:a:b", "", "urn:a:b"),
            ("https://x.io/a", "urn:a:b", "urn:a:b"),
        ] {
            assert_eq!(resolve(base, reference), expected, "{base} {reference}");
        }
    }
}
