//! Go's templates: no text makes the parser or the interpreter panic, run on, run out of its stack or keep
//! memory; a text renders twice the same, and what is said about it is about the text.
//!
//! Run it with `cargo +nightly fuzz run gotemplate -- -timeout=20`, with the templates of charts as corpus. The
//! text is cut at lines of `---- NAME`: `values` is YAML, every other part a template.

#![no_main]

use addon_operator::gotemplate::{Limits, Set};
use addon_operator::govalue::{self, Function, Map, Value};
use addon_operator::sprig::{self, HelmVersion};
use addon_operator_fuzz::{Fixed, SLOW, parts};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    steps: 20_000,
    output: 1 << 20,
};
/// What a render may make: the output, and what it throws away.
const BYTES: usize = 16 << 20;

fn find(name: &str) -> Option<&'static Function> {
    let found = sprig::find(name, HelmVersion::V4);
    found.filter(|_| !SLOW.contains(&name))
}

fn text(text: &str) -> Value {
    Value::from(text)
}

/// What templates of Helm see, with maps that live no longer than this.
struct Data(Vec<Map>);

impl Data {
    fn new(values: &str) -> Self {
        let values = match govalue::from_yaml(values) {
            Ok(Value::Map(values)) => values,
            _ => Map::any(),
        };
        for (key, value) in [
            ("s", text("text")),
            ("n", Value::Float(1.5)),
            ("l", vec![Value::Int(1), Value::Nil, text("b")].into()),
        ] {
            values.insert(key, value);
        }
        let release = Map::any();
        for (key, value) in [
            ("Name", text("web")),
            ("Namespace", text("shop")),
            ("Service", text("Helm")),
            ("Revision", Value::Int(1)),
            ("IsInstall", true.into()),
        ] {
            release.insert(key, value);
        }
        let template = Map::any();
        template.insert("Name", text("web/templates/t"));
        template.insert("BasePath", text("web/templates"));
        let data = Map::any();
        data.insert("Values", Value::Map(values.clone()));
        data.insert("Release", Value::Map(release.clone()));
        data.insert("Template", Value::Map(template.clone()));
        Self(vec![data, values, release, template])
    }

    fn root(&self) -> Value {
        Value::Map(self.0[0].clone())
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        for map in &self.0 {
            map.clear();
        }
    }
}

fuzz_target!(|text: &str| {
    let parts = parts(text);
    let values = parts.iter().find(|(name, _)| *name == "values");
    let values = values.map_or("", |(_, text)| text);
    let mut set = Set::new(find);
    for (name, text) in parts.iter().filter(|(name, _)| *name != "values") {
        let name = if name.is_empty() { "t" } else { name };
        if let Err(error) = set.add(name, text.as_bytes()) {
            assert!(error.text().starts_with(&format!("template: {name}:")), "{error}");
        }
    }
    let render = || {
        let (data, world) = (Data::new(values), Fixed::new(BYTES));
        let rendered = set.execute("t", &data.root(), &world, LIMITS);
        rendered.map_err(|error| error.text())
    };
    let first = render();
    if let Ok(text) = &first {
        // The limits are looked at now and then, not before every byte.
        assert!(text.len() <= LIMITS.output + BYTES, "{} bytes", text.len());
    }
    assert!(render() == first, "it renders otherwise the second time: {first:?}");
});
