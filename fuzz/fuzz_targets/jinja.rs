//! `*.j2` templates with our functions: no text makes a render panic or run on, it renders twice the same, and
//! mistakes are told with a place in the text.
//!
//! Run it with `cargo +nightly fuzz run jinja`. The text is cut at lines of `---- NAME`: `values` is what
//! the templates see as `Values`, every other part a template below `templates/`.

#![no_main]

use std::sync::Arc;

use addon_operator::chart::{Chart, Metadata, TemplateFile};
use addon_operator::name::ValuesKey;
use addon_operator::render::{
    Capabilities, Error, Input, Program, Release, ValuesStyle, ValuesTree, values_tree,
};
use addon_operator::yaml::{self, Profile};
use addon_operator_fuzz::{Kept, SLOW, parts};
use libfuzzer_sys::fuzz_target;

fn input(values: &serde_json::Value) -> Input {
    let none = ValuesTree::new(&serde_json::json!({"a": {"b": [1, 2.5, "c", null, true]}}));
    let key = ValuesKey::parse("web").expect("a key");
    Input {
        values: values_tree(ValuesStyle::Root, &none, &key, &ValuesTree::new(values)),
        release: Release {
            name: "web".to_owned(),
            namespace: "shop".to_owned(),
            revision: 1,
            is_install: true,
            is_upgrade: false,
        },
        capabilities: Arc::new(Capabilities {
            kube_version: "v1.36.3".to_owned(),
            api_versions: vec!["apps/v1".to_owned(), "apps/v1/Deployment".to_owned()],
        }),
    }
}

fuzz_target!(|text: &str| {
    if SLOW.iter().any(|name| text.contains(name)) {
        return;
    }
    let (mut values, mut templates) = (serde_json::json!({}), Vec::new());
    for (name, text) in parts(text) {
        if name == "values" {
            values = yaml::read_value(text, Profile::V3).unwrap_or_default();
            continue;
        }
        let name = if name.is_empty() { "a.yaml" } else { name };
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-/".contains(letter);
        let name: String = name.chars().filter(|letter| is_part(*letter)).collect();
        let name = name.trim_end_matches(".j2").trim_matches(['.', '/']);
        let path = format!("templates/{}.j2", if name.is_empty() { "a" } else { name });
        let text = text.into();
        templates.retain(|other: &TemplateFile| other.path != path);
        templates.push(TemplateFile { path, text });
    }
    let mut chart = Chart {
        metadata: Metadata { name: "web".to_owned(), ..Metadata::default() },
        templates,
        ..Chart::default()
    };
    chart.files.insert("a/b.txt".to_owned(), (*b"one\ntwo").into());
    chart.files.insert("a/c.bin".to_owned(), [0xff, 0].into());
    let program = match Program::compile(&chart) {
        Ok(program) => program,
        Err(error) => return told(&chart, &error),
    };
    let (input, outside) = (input(&values), Arc::new(Kept::default()));
    let first = program.render(&input, outside.clone());
    if let Err(error) = &first {
        told(&chart, error);
    }
    assert_eq!(program.render(&input, outside), first);
});

/// Every mistake is in one of the templates.
fn told(chart: &Chart, error: &Error) {
    let (Error::Compile(mistakes) | Error::Render(mistakes)) = error;
    assert!(!mistakes.0.is_empty());
    for mistake in &mistakes.0 {
        let mut templates = chart.templates.iter();
        let of = templates.find(|template| template.path == mistake.file);
        let of = of.unwrap_or_else(|| panic!("{mistake} is in no template"));
        let lines = of.text.lines().count() + 1;
        // What is wrong in the output is told by its line there.
        let is_of_text = matches!(error, Error::Compile(_));
        assert!(!is_of_text || usize::try_from(mistake.line).expect("a line") <= lines, "{mistake}");
    }
}
