//! Text: indentation, quotes, cutting, replacing, cases.

use minijinja::Value;

use crate::function::{Arguments, Error, Function};

use super::MANY;

pub(super) const ALL: &[Function] = &[
    Function::new("indent", "spaces, text", (2, 2), indent),
    Function::new("nindent", "spaces, text", (2, 2), nindent),
    Function::new("quote", "value…", (1, MANY), quote),
    Function::new("squote", "value…", (1, MANY), squote),
    Function::new("trunc", "length, text", (2, 2), trunc),
    Function::new("trim", "text", (1, 1), trim),
    Function::new("trimAll", "letters, text", (2, 2), trim_all),
    Function::new("trimPrefix", "prefix, text", (2, 2), trim_prefix),
    Function::new("trimSuffix", "suffix, text", (2, 2), trim_suffix),
    Function::new("replace", "old, new, text", (3, 3), replace),
    Function::new("lower", "text", (1, 1), lower),
    Function::new("upper", "text", (1, 1), upper),
    Function::new("title", "text", (1, 1), title),
    Function::new("contains", "part, text", (2, 2), contains),
    Function::new("hasPrefix", "prefix, text", (2, 2), has_prefix),
    Function::new("hasSuffix", "suffix, text", (2, 2), has_suffix),
    Function::new("repeat", "count, text", (2, 2), repeat),
    Function::new("substr", "start, end, text", (3, 3), substr),
    Function::new("toString", "value", (1, 1), to_string),
];

/// The longest text that `repeat` and `indent` make, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

fn indent(arguments: &Arguments<'_>) -> Result<Value, Error> {
    indented(arguments).map(Value::from)
}

fn nindent(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(format!("\n{}", indented(arguments)?).into())
}

/// Blank lines are indented too, as in sprig.
fn indented(arguments: &Arguments<'_>) -> Result<String, Error> {
    let (spaces, text) = (arguments.integer(0)?, arguments.text(1)?);
    let spaces = usize::try_from(spaces)
        .map_err(|_| arguments.unusable("a line cannot begin with fewer than no spaces"))?;
    let lines = text.matches('\n').count() + 1;
    if spaces.saturating_mul(lines) > LIMIT {
        return Err(arguments.unusable("the text would become too long"));
    }
    let margin = " ".repeat(spaces);
    Ok(format!(
        "{margin}{}",
        text.replace('\n', &format!("\n{margin}"))
    ))
}

/// Several values are joined by blanks; null is left out, as in sprig.
fn each(arguments: &Arguments<'_>, quote: fn(&str) -> String) -> Result<Value, Error> {
    let values = arguments.all().iter();
    let texts = values
        .filter(|value| !value.is_none())
        .map(|value| Ok(quote(&*arguments.shown(value)?)));
    Ok(texts.collect::<Result<Vec<_>, _>>()?.join(" ").into())
}

fn quote(arguments: &Arguments<'_>) -> Result<Value, Error> {
    each(arguments, quote_double)
}

/// A quote within is doubled, which sprig forgets: its text is then no YAML.
fn squote(arguments: &Arguments<'_>) -> Result<Value, Error> {
    each(arguments, |text| format!("'{}'", text.replace('\'', "''")))
}

/// A double-quoted text of Go, whose escapes are all YAML's as well.
fn quote_double(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            ' '..='~' => quoted.push(letter),
            other => push_escaped(other, &mut quoted),
        }
    }
    quoted.push('"');
    quoted
}

fn push_escaped(letter: char, quoted: &mut String) {
    let code = u32::from(letter);
    // The letter after another one, because a combining mark alone counts as unprintable.
    let is_printable = !format!("a{letter}")
        .escape_debug()
        .skip(1)
        .eq(letter.escape_unicode());
    let escaped = match code {
        _ if is_printable => letter.to_string(),
        ..0x80 => format!("\\x{code:02x}"),
        0x80..0x1_0000 => format!("\\u{code:04x}"),
        0x1_0000.. => format!("\\U{code:08x}"),
    };
    quoted.push_str(&escaped);
}

/// At most so many bytes from the start, or from the end when negative; characters stay whole.
fn trunc(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (length, text) = (arguments.integer(0)?, arguments.text(1)?);
    let size = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
    if size >= text.len() {
        return Ok(text.into());
    }
    let cut = if length >= 0 {
        text.get(..text.floor_char_boundary(size))
    } else {
        text.get(text.ceil_char_boundary(text.len() - size)..)
    };
    Ok(cut.unwrap_or_default().into())
}

fn trim(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(arguments.text(0)?.trim().into())
}

fn trim_all(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let letters = arguments.text(0)?;
    let is_one = |letter: char| letters.contains(letter);
    Ok(arguments.text(1)?.trim_matches(is_one).into())
}

fn trim_prefix(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (prefix, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(text.strip_prefix(prefix).unwrap_or(text).into())
}

fn trim_suffix(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (suffix, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(text.strip_suffix(suffix).unwrap_or(text).into())
}

fn replace(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (old, new) = (arguments.text(0)?, arguments.text(1)?);
    Ok(arguments.text(2)?.replace(old, new).into())
}

fn lower(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(arguments.text(0)?.to_lowercase().into())
}

fn upper(arguments: &Arguments<'_>) -> Result<Value, Error> {
    Ok(arguments.text(0)?.to_uppercase().into())
}

/// The first letter of each word becomes a capital; the others stay as they are.
fn title(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let mut titled = String::new();
    let mut is_first = true;
    for letter in arguments.text(0)?.chars() {
        if is_first {
            titled.extend(letter.to_uppercase());
        } else {
            titled.push(letter);
        }
        is_first = if letter.is_ascii() {
            !letter.is_ascii_alphanumeric() && letter != '_'
        } else {
            letter.is_whitespace()
        };
    }
    Ok(titled.into())
}

fn contains(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (part, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(text.contains(part).into())
}

fn has_prefix(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (prefix, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(text.starts_with(prefix).into())
}

fn has_suffix(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (suffix, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(text.ends_with(suffix).into())
}

fn repeat(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let (count, text) = (arguments.integer(0)?, arguments.text(1)?);
    let count = usize::try_from(count).unwrap_or_default();
    if count.saturating_mul(text.len()) > LIMIT {
        return Err(arguments.unusable("the text would become too long"));
    }
    Ok(text.repeat(count).into())
}

/// Counted in bytes as in sprig, where a negative start is the beginning and a negative end the end.
fn substr(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let text = arguments.text(2)?;
    let place = |index: i64, otherwise: usize| {
        let place = usize::try_from(index).unwrap_or(otherwise).min(text.len());
        text.floor_char_boundary(place)
    };
    let start = place(arguments.integer(0)?, 0);
    let end = place(arguments.integer(1)?, text.len());
    Ok(text.get(start..end).unwrap_or_default().into())
}

fn to_string(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let text = arguments.shown(arguments.value(0))?;
    Ok(text.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::super::rows;

    rows! {
        indent [2, "a\n\nb"] => "  a\n  \n  b";
        indent [0, "a"] => "a";
        indent [-1, "a"] != "fewer than no spaces";
        indent [1_000_000_000, "a"] != "too long";
        indent ["2", "a"] != "indent(spaces, text): spaces must be a whole number, got a string";
        indent [2] != "indent(spaces, text) was given 1 argument";
        nindent [2, ""] => "\n  ";
        nindent [2, "a: 1\nb: 2"] => "\n  a: 1\n  b: 2";
        quote ["a"] => "\"a\"";
        quote ["say \"hi\"\\\n\t\u{1}\u{7f}é\u{200b}\u{301}"] => "\"say \\\"hi\\\"\\\\\\n\\t\\x01\\x7fé\\u200b\u{301}\"";
        quote ["a", 1, null, true] => "\"a\" \"1\" \"true\"";
        quote [null] => "";
        quote [1e6] => "\"1000000\"";
        quote [[1, "a"]] => "\"[1,\\\"a\\\"]\"";
        squote ["a"] => "'a'";
        squote ["it's"] => "'it''s'";
        trunc [3, "abcdef"] => "abc";
        trunc [-3, "abcdef"] => "def";
        trunc [9, "abc"] => "abc";
        trunc [2, "aé"] => "a";
        trunc [-1, "aé"] => "";
        trunc [3, 12345] != "text must be a string, got a whole number";
        trim [" a \n"] => "a";
        trimAll ["$-", "$-a-$"] => "a";
        trimPrefix ["a-", "a-a-b"] => "a-b";
        trimSuffix ["-", "ab--"] => "ab-";
        trimSuffix ["-", null] != "text must be a string, got null";
        replace ["a", "bb", "aXa"] => "bbXbb";
        replace ["+", "_", "1.0+x"] => "1.0_x";
        lower ["AÉ"] => "aé";
        upper ["aé"] => "AÉ";
        title ["hello wOrld-x a_b"] => "Hello WOrld-X A_b";
        contains ["b", "abc"] => true;
        contains ["b", ["b"]] != "text must be a string, got a list";
        hasPrefix ["a", "abc"] => true;
        hasPrefix ["b", "abc"] => false;
        hasSuffix ["c", "abc"] => true;
        repeat [3, "ab"] => "ababab";
        repeat [-1, "ab"] => "";
        repeat [1_000_000_000, "ab"] != "too long";
        substr [1, 3, "abcd"] => "bc";
        substr [1, -1, "abcd"] => "bcd";
        substr [3, 1, "abcd"] => "";
        toString [null] => "null";
        toString [1.5] => "1.5";
        toString [true] => "true";
        toString [{"a": [1]}] => "{\"a\":[1]}";
    }
}
