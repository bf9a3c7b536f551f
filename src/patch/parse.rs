//! The text of a patch file, read whole: every mistake is told, not only the first.
//!
//! The file is a stream of JSON values; each is an operation or a list of operations. Other values
//! in the stream are passed over, as the original does. `add`, `remove` and `test` are known; the
//! original refuses `replace` and can do nothing with `move` and `copy`, so they are refused with
//! words that say what to write instead. `add` without a value adds null.

use std::collections::BTreeMap;

use json_patch::jsonptr::PointerBuf;
use serde_json::{Map, Value};

use super::operation::{Operation, ValuesPatch, Verb, segments};
use super::{Error, number, plain};
use crate::name::ValuesKey;
use crate::report::{Mistake, Mistakes};

/// What one patch file asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HookPatch {
    /// Operations on the values of the hook's own scope.
    pub values: ValuesPatch,
    /// Opinions of a global hook on modules (`add /fooEnabled`), by the module's key; `None` takes
    /// back an earlier opinion.
    pub flags: BTreeMap<ValuesKey, Option<bool>>,
}

/// Reads a patch file of a hook. `scope` is the key that the hook may change: its module's, or
/// `global`; a global hook may also switch modules by `/<module key>Enabled`.
pub fn parse(text: &str, scope: &ValuesKey) -> Result<HookPatch, Error> {
    let mut reader = Reader {
        scope,
        patch: HookPatch::default(),
        mistakes: Vec::new(),
        count: 0,
    };
    for item in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match item {
            Ok(Value::Array(items)) => items.into_iter().for_each(|item| reader.take(item)),
            Ok(item @ Value::Object(_)) => reader.take(item),
            Ok(_) => {}
            Err(error) => {
                let mistake = Mistake::new("", format!("not JSON: {}", plain(&error)))
                    .at(number(error.line()), number(error.column()));
                reader.mistakes.push(mistake);
                break;
            }
        }
    }
    Mistakes(reader.mistakes)
        .into_result()
        .map_err(Error::Parse)?;
    Ok(reader.patch)
}

struct Reader<'a> {
    scope: &'a ValuesKey,
    patch: HookPatch,
    mistakes: Vec<Mistake>,
    count: usize,
}

impl Reader<'_> {
    fn take(&mut self, item: Value) {
        self.count += 1;
        let Value::Object(mut fields) = item else {
            return self.refuse("", "is not an operation", r#"write {"op": …, "path": …}"#);
        };
        let Some(Value::String(path)) = fields.remove("path") else {
            return self.refuse("", "has no path", "a path is text: /moduleKey/key");
        };
        let Some(verb) = self.verb(&mut fields, &path) else {
            return;
        };
        match PointerBuf::parse(path.as_str()) {
            Ok(pointer) => self.place(Operation {
                verb,
                path: pointer,
            }),
            Err(_) => self.refuse(
                &path,
                "the path is not a JSON pointer",
                "it starts with /; ~0 is ~ and ~1 is /",
            ),
        }
    }

    fn verb(&mut self, fields: &mut Map<String, Value>, path: &str) -> Option<Verb> {
        let value = fields.remove("value").unwrap_or_default();
        match fields.get("op").and_then(Value::as_str) {
            Some("add") => return Some(Verb::Add(value)),
            Some("remove") => return Some(Verb::Remove),
            Some("test") => return Some(Verb::Test(value)),
            Some("replace") => self.refuse(
                path,
                "`replace` is not supported",
                "`add` also replaces what is there",
            ),
            Some(verb @ ("move" | "copy")) => self.refuse(
                path,
                &format!("`{verb}` is not supported"),
                "`add` the value at its new place, and `remove` the old one if need be",
            ),
            Some(other) => self.refuse(
                path,
                &format!("unknown operation {other:?}"),
                "use `add` or `remove`",
            ),
            None => self.refuse(path, "has no `op`", "use `add` or `remove`"),
        }
        None
    }

    /// Sorts an operation by the first part of its path.
    fn place(&mut self, operation: Operation) {
        let parts = segments(&operation.path);
        let root = parts.first().map_or("", String::as_str);
        if root == self.scope.as_str() {
            return self.patch.values.0.push(operation);
        }
        let path = operation.path.to_string();
        match root.strip_suffix("Enabled") {
            Some(module) if self.scope.is_global() => {
                self.flag(module, parts.len(), &operation.verb, &path);
            }
            Some(_) => self.refuse(
                &path,
                &format!("a hook of a module may change only /{}", self.scope),
                "only global hooks switch modules on and off",
            ),
            None if self.scope.is_global() => self.refuse(
                &path,
                "a global hook may change only /global and /<module key>Enabled",
                "",
            ),
            None => self.refuse(
                &path,
                &format!("a hook of this module may change only /{}", self.scope),
                "",
            ),
        }
    }

    fn flag(&mut self, module: &str, depth: usize, verb: &Verb, path: &str) {
        let key = match ValuesKey::parse(module) {
            Ok(key) if !key.is_global() && depth == 1 => key,
            Ok(_) => return self.refuse(path, "is not the flag of a module", ""),
            Err(bad) => {
                let hint = format!("write /{}Enabled", bad.proposal);
                return self.refuse(path, "is not the flag of a module", &hint);
            }
        };
        let opinion = match verb {
            Verb::Remove => None,
            Verb::Add(Value::Bool(on)) => Some(*on),
            Verb::Add(Value::String(text)) if text.eq_ignore_ascii_case("true") => Some(true),
            Verb::Add(Value::String(text)) if text.eq_ignore_ascii_case("false") => Some(false),
            Verb::Add(_) => return self.refuse(path, "a flag is true or false", ""),
            Verb::Test(_) => return self.refuse(path, "a flag cannot be tested", ""),
        };
        self.patch.flags.insert(key, opinion);
    }

    fn refuse(&mut self, path: &str, message: &str, hint: &str) {
        let message = format!("operation {}: {message}", self.count);
        self.mistakes
            .push(Mistake::new("", message).path(path).hint(hint));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, scope: &str) -> Result<HookPatch, Error> {
        let scope = if scope == "global" {
            ValuesKey::global()
        } else {
            key(scope)
        };
        parse(text, &scope)
    }

    fn key(text: &str) -> ValuesKey {
        ValuesKey::parse(text).unwrap()
    }

    fn operations(text: &str) -> Vec<String> {
        let patch = read(text, "m").unwrap();
        patch.values.0.iter().map(ToString::to_string).collect()
    }

    fn mistakes(text: &str, scope: &str) -> String {
        match read(text, scope) {
            Err(Error::Parse(mistakes)) => mistakes.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn stream_holds_operations_and_lists_of_them() {
        let text = r#"{"op":"add","path":"/m/a","value":1}
            [{"op":"remove","path":"/m/a"}, {"op":"add","path":"/m/a/-","value":2}]
            {"op":"test","path":"/m/b~1c","value":null}"#;
        let expected = ["add /m/a", "remove /m/a", "add /m/a/-", "test /m/b~1c"];
        assert_eq!(operations(text), expected);
    }

    #[test]
    fn other_values_in_the_stream_are_passed_over() {
        for text in ["", "  \n", "null", "\"done\" 5 true", "[]"] {
            assert_eq!(operations(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn add_without_a_value_adds_null() {
        let patch = read(r#"{"op":"add","path":"/m/a"}"#, "m").unwrap();
        assert_eq!(patch.values.0[0].verb, Verb::Add(Value::Null));
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = r#"[{"op":"replace","path":"/m/a","value":1}, {"op":"move","from":"/m/a","path":"/m/b"}, 7]
            {"op":"add","path":"m/a"} {"path":"/m/a"} {"op":"add"} {"op":"merge","path":"/m"}
            {"op":"add","path":"/other/a","value":1} {"op":"add","path":"/otherEnabled","value":true}
            {"op":"add","path":"","value":{}} {"op": "#;
        let expected = "\
/m/a: operation 1: `replace` is not supported (`add` also replaces what is there)
/m/b: operation 2: `move` is not supported (`add` the value at its new place, and `remove` the old one if need be)
operation 3: is not an operation (write {\"op\": …, \"path\": …})
m/a: operation 4: the path is not a JSON pointer (it starts with /; ~0 is ~ and ~1 is /)
/m/a: operation 5: has no `op` (use `add` or `remove`)
operation 6: has no path (a path is text: /moduleKey/key)
/m: operation 7: unknown operation \"merge\" (use `add` or `remove`)
/other/a: operation 8: a hook of this module may change only /m
/otherEnabled: operation 9: a hook of a module may change only /m (only global hooks switch modules on and off)
operation 10: a hook of this module may change only /m
line 4: not JSON: EOF while parsing a value";
        assert_eq!(mistakes(text, "m"), expected);
    }

    #[test]
    fn global_patch_may_mix_values_and_flags() {
        let text = r#"{"op":"add","path":"/global/x","value":"fooEnabled"}
            {"op":"add","path":"/certManagerEnabled","value":true}
            {"op":"add","path":"/bEnabled","value":"False"}
            {"op":"add","path":"/cEnabled","value":true} {"op":"remove","path":"/cEnabled"}"#;
        let patch = read(text, "global").unwrap();
        assert_eq!(patch.values.0.len(), 1);
        let flags: Vec<(&str, Option<bool>)> = patch
            .flags
            .iter()
            .map(|(key, flag)| (key.as_str(), *flag))
            .collect();
        assert_eq!(
            flags,
            [("b", Some(false)), ("c", None), ("certManager", Some(true))]
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{}",:0-9eadoptvlur/~ -]{0,60}"#) {
            let _ = parse(&text, &ValuesKey::global());
        }
    }

    #[test]
    fn flags_must_be_flags_of_modules() {
        let text = r#"{"op":"add","path":"/fooEnabled","value":"yes"}
            {"op":"test","path":"/fooEnabled","value":true}
            {"op":"add","path":"/cert-managerEnabled","value":true}
            {"op":"add","path":"/fooEnabled/x","value":true}
            {"op":"add","path":"/foo/x","value":true}"#;
        let expected = "\
/fooEnabled: operation 1: a flag is true or false
/fooEnabled: operation 2: a flag cannot be tested
/cert-managerEnabled: operation 3: is not the flag of a module (write /certManagerEnabled)
/fooEnabled/x: operation 4: is not the flag of a module
/foo/x: operation 5: a global hook may change only /global and /<module key>Enabled";
        assert_eq!(mistakes(text, "global"), expected);
    }
}
