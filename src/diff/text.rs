//! How one object would change, as text; what is secret stays secret.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};
use serde_json::{Value, json};

use crate::object::sha256_hex;
use crate::yaml;

/// Replaces the values of a Secret by a mark that changes when the value changes.
pub fn mask_secret(object: &mut Value) {
    if object["kind"] != "Secret" {
        return;
    }
    for part in ["data", "stringData"] {
        let Some(Value::Object(data)) = object.get_mut(part) else {
            continue;
        };
        for value in data.values_mut() {
            *value = json!(mark(value));
        }
    }
    let annotations = object
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut);
    if let Some(annotations) = annotations {
        // kubectl keeps the whole object, values included, in this one.
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

/// The masked form of a value, with the marks of [`mask_secret`] in place of what is hidden: so a
/// change of it shows. `masked` is the value as its schemas mask it.
pub fn mark_hidden(value: &Value, masked: &Value) -> Value {
    match (value, masked) {
        (Value::Object(fields), Value::Object(shown)) => {
            let entries = shown.iter().map(|(key, shown)| {
                let value = fields.get(key).unwrap_or(&Value::Null);
                (key.clone(), mark_hidden(value, shown))
            });
            Value::Object(entries.collect())
        }
        (Value::Array(items), Value::Array(shown)) if items.len() == shown.len() => {
            let pairs = items.iter().zip(shown);
            pairs
                .map(|(item, shown)| mark_hidden(item, shown))
                .collect()
        }
        (value, masked) if value == masked => value.clone(),
        (value, _) => json!(mark(value)),
    }
}

/// Two bytes of a hash: enough to see that a value changed, too little to guess it by.
fn mark(value: &Value) -> String {
    format!("[secret {}]", sha256_hex(&value.to_string(), 2))
}

/// A unified diff of two objects as YAML; empty when they are equal.
pub fn unified(name: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let text = |object: Option<&Value>| {
        object.map_or_else(String::new, |object| {
            let mut object = object.clone();
            mask_secret(&mut object);
            yaml::write(&object)
        })
    };
    let (before_text, after_text) = (text(before), text(after));
    if before_text == after_text {
        return String::new();
    }
    let name_of = |side: Option<&Value>| if side.is_some() { name } else { "/dev/null" };
    let lines = InternedInput::new(before_text.as_str(), after_text.as_str());
    let mut diff = Diff::compute(Algorithm::Histogram, &lines);
    diff.postprocess_lines(&lines);
    let hunks: Vec<Hunk> = diff.hunks().collect();
    let mut text = format!("--- {}\n+++ {}\n", name_of(before), name_of(after));
    for near in hunks.chunk_by(|one, next| next.before.start - one.before.end <= 2 * CONTEXT) {
        write_hunk(&mut text, &lines, near);
    }
    text
}

/// How many equal lines are shown around what differs.
const CONTEXT: u32 = 3;

/// Writes what differs within a few lines as one hunk of the unified form.
fn write_hunk(text: &mut String, lines: &InternedInput<&str>, near: &[Hunk]) {
    let [first, ..] = near else { return };
    let last = near.last().unwrap_or(first);
    let ahead = first.before.start.min(CONTEXT);
    let rest = u32::try_from(lines.before.len()).unwrap_or(u32::MAX) - last.before.end;
    let behind = rest.min(CONTEXT);
    let of = |side: fn(&Hunk) -> &Range<u32>| side(first).start - ahead..side(last).end + behind;
    let (before, after) = (of(|hunk| &hunk.before), of(|hunk| &hunk.after));
    text.extend(["@@ -", &place(&before), " +", &place(&after), " @@\n"]);
    let mut print = |mark: char, tokens: &[Token], range: Range<u32>| {
        for token in tokens
            .get(range.start as usize..range.end as usize)
            .unwrap_or_default()
        {
            text.push(mark);
            text.push_str(lines.interner[*token]);
        }
    };
    let mut at = before.start;
    for hunk in near {
        print(' ', &lines.before, at..hunk.before.start);
        print('-', &lines.before, hunk.before.clone());
        print('+', &lines.after, hunk.after.clone());
        at = hunk.before.end;
    }
    print(' ', &lines.before, at..before.end);
}

/// Lines as diff numbers them: from 1, without a length of 1, and from the line before where there is none.
fn place(lines: &Range<u32>) -> String {
    match lines.end - lines.start {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        length => format!("{},{length}", lines.start + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_secret_shows_that_it_changed_and_not_what() {
        let secret =
            |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"key": value}});
        let text = unified("Secret a", Some(&secret("b2xk")), Some(&secret("bmV3")));
        assert!(
            text.contains("-  key: '[secret ") && text.contains("+  key: '[secret "),
            "{text}"
        );
        assert!(!text.contains("b2xk") && !text.contains("bmV3"), "{text}");
    }

    #[test]
    fn hidden_values_are_marked_where_they_are() {
        let value = json!({"a": 1, "key": "top", "list": [{"key": "deep"}], "map": {"x": 1}});
        let hidden = json!("[secret]");
        let masked = json!({"a": 1, "key": hidden, "list": [{"key": hidden}], "map": hidden});
        let shown = mark_hidden(&value, &masked);
        let told = shown.to_string();
        assert!(!told.contains("top") && !told.contains("deep"), "{told}");
        assert_eq!(shown["a"], 1);
        for place in ["/key", "/list/0/key", "/map"] {
            let text = shown.pointer(place).and_then(Value::as_str).unwrap();
            assert!(text.starts_with("[secret "), "{place}: {text}");
        }
    }

    #[test]
    fn hunks_are_numbered_as_diff_numbers_them() {
        let list = |changed: u32| {
            json!(
                (0..12)
                    .map(|n| if n == 6 { changed } else { n })
                    .collect::<Vec<_>>()
            )
        };
        let (old, new) = (list(6), list(60));
        assert_eq!(
            unified("x", Some(&old), Some(&new)),
            "--- x\n+++ x\n@@ -4,7 +4,7 @@\n - 3\n - 4\n - 5\n-- 6\n+- 60\n - 7\n - 8\n - 9\n"
        );
        let two = |first: u32, second: u32| {
            json!(
                (0..12)
                    .map(|n| match n {
                        0 => first,
                        11 => second,
                        n => n,
                    })
                    .collect::<Vec<_>>()
            )
        };
        assert_eq!(
            unified("x", Some(&two(0, 11)), Some(&two(1, 12))),
            "--- x\n+++ x\n@@ -1,4 +1,4 @@\n-- 0\n+- 1\n - 1\n - 2\n - 3\n@@ -9,4 +9,4 @@\n - 8\n - 9\n - 10\n-- 11\n+- 12\n"
        );
        let made = unified("x", None, Some(&json!({"a": 1, "b": 2})));
        assert_eq!(
            made,
            "--- /dev/null\n+++ x\n@@ -0,0 +1,2 @@\n+a: 1\n+b: 2\n"
        );
        let gone = unified("x", Some(&json!({"a": 1})), None);
        assert_eq!(gone, "--- x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a: 1\n");
    }

    #[test]
    fn equal_objects_have_no_diff() {
        let object = json!({"a": 1});
        assert_eq!(unified("x", Some(&object), Some(&object)), "");
    }
}
