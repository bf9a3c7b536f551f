//! What several targets share: a text cut into files, and a world that is always the same.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Mutex;

use addon_operator::chart::Chart;
use addon_operator::govalue::{Error, Lookup, Map, Value, World};
use addon_operator::render;

/// The parts of a text that lines of `---- NAME` begin, each with its name, and what is before them with
/// none. At most twenty.
pub fn parts(text: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut name = "";
    while parts.len() < 20 {
        let (own, next) = match rest.strip_prefix("---- ") {
            Some(next) if parts.is_empty() && name.is_empty() => ("", Some(next)),
            _ => match rest.split_once("\n---- ") {
                Some((own, next)) => (own, Some(next)),
                None => (rest, None),
            },
        };
        parts.push((name, own));
        let Some(next) = next else {
            break;
        };
        (name, rest) = next.split_once('\n').unwrap_or((next, ""));
    }
    parts
}

/// A world in which it is always the same time, chance is a counter, and a render may make so many bytes.
/// Maps that were changed are cleared when it ends: they may contain themselves.
pub struct Fixed {
    left: Cell<usize>,
    drawn: Cell<u8>,
    changed: RefCell<Vec<Map>>,
}

impl Fixed {
    /// At most so many bytes.
    pub fn new(limit: usize) -> Self {
        let (left, drawn) = (Cell::new(limit), Cell::new(0));
        let changed = RefCell::default();
        Self { left, drawn, changed }
    }
}

impl Drop for Fixed {
    fn drop(&mut self) {
        for map in self.changed.take() {
            map.clear();
        }
    }
}

impl World for Fixed {
    fn now(&self) -> i128 {
        1_714_979_289_000_000_000
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.drawn.set(self.drawn.get().wrapping_mul(5).wrapping_add(77));
            *byte = self.drawn.get();
        }
    }

    fn lookup(&self, of: &Lookup<'_>) -> Result<Value, Error> {
        let found = Map::any();
        found.insert("kind", of.kind.into());
        Ok(Value::Map(found))
    }

    fn recall(&self, _: &str, _: &[Value]) -> Option<Value> {
        None
    }

    fn keep(&self, _: &str, _: &[Value], _: &Value) {}

    fn spend(&self, bytes: usize) -> Result<(), Error> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.ok_or_else(|| Error::Limit("too much".to_owned()))?);
        Ok(())
    }

    fn note_change(&self, map: &Map) {
        self.changed.borrow_mut().push(map.clone());
    }
}

/// What a chart may ask while it renders: always the same answers, and what it drew is kept.
#[derive(Default)]
pub struct Kept {
    drawn: Mutex<BTreeMap<render::DrawKey, serde_json::Value>>,
}

impl render::Outside for Kept {
    fn now(&self) -> i128 {
        1_714_979_289_000_000_000
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = (place as u8).wrapping_mul(77).wrapping_add(5);
        }
    }

    fn lookup(&self, of: &render::Lookup<'_>) -> Result<Option<serde_json::Value>, String> {
        match of.name {
            "" => Err("nobody is asked".to_owned()),
            name => Ok(Some(serde_json::json!({"kind": of.kind, "metadata": {"name": name}}))),
        }
    }

    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }

    fn recall(&self, key: &render::DrawKey) -> Option<serde_json::Value> {
        self.drawn.lock().expect("no panic before").get(key).cloned()
    }

    fn keep(&self, key: render::DrawKey, value: serde_json::Value) {
        self.drawn.lock().expect("no panic before").insert(key, value);
    }
}

/// Functions that take long by intent: a fuzzer would do little else.
pub const SLOW: [&str; 8] = [
    "bcrypt",
    "derivePassword",
    "genCA",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSignedCert",
    "htpasswd",
    "genCAWithKey",
];

/// What stands in a file beside a chart, and must be in no chart.
pub const SECRET: &[u8] = b"S3CR3T-0F-S0MEB0DY-ELSE";

/// Nothing in a chart, or in the charts that it depends on, holds the [`SECRET`].
pub fn assert_no_secret(chart: &Chart) {
    for text in chart.templates.iter().map(|template| &*template.text) {
        assert!(!holds_secret(text.as_bytes()));
    }
    let files = chart.files.values().map(|bytes| &**bytes);
    for bytes in files.chain(chart.crds.iter().map(|file| &*file.bytes)) {
        assert!(!holds_secret(bytes));
    }
    assert!(!holds_secret(format!("{:?}", chart.defaults).as_bytes()));
    chart.dependencies.iter().for_each(|chart| assert_no_secret(chart));
}

/// Whether bytes hold the [`SECRET`]. It is looked for in disguise: a fuzzer sees what is compared, and
/// would learn it.
fn holds_secret(bytes: &[u8]) -> bool {
    let disguised = |bytes: &[u8]| bytes.iter().map(|byte| byte ^ 0x55).collect::<Vec<u8>>();
    let secret = disguised(SECRET);
    disguised(bytes).windows(secret.len()).any(|part| part == secret)
}

/// The number of the last line that a mistake in a text of YAML may have.
pub fn last_line(text: &str) -> usize {
    text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() + 1
}
