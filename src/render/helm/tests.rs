//! Charts of Helm as modules have them: through [`Program`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use crate::chart::{Chart, Metadata, TemplateFile};
use crate::name::ValuesKey;
use crate::render::{
    DrawKey, Input, Lookup, Outside, Program, Release, Rendered, ValuesStyle, ValuesTree,
    values_tree,
};

/// Remembers what was drawn.
#[derive(Default)]
struct Memory {
    drawn: Mutex<BTreeMap<DrawKey, Json>>,
    random: AtomicU64,
}

impl Outside for Memory {
    fn now(&self) -> i128 {
        i128::from(self.random.fetch_add(1, Ordering::Relaxed)) * 1_000_000_000
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let state = self
                .random
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (state ^ (state >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed ^ (mixed >> 29)).to_be_bytes()[2];
        }
    }

    fn lookup(&self, of: &Lookup<'_>) -> Result<Option<Json>, String> {
        Ok((of.name == "there").then(|| json!({"kind": of.kind, "n": 1})))
    }

    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }

    fn recall(&self, key: &DrawKey) -> Option<Json> {
        self.drawn.lock().unwrap().get(key).cloned()
    }

    fn keep(&self, key: DrawKey, drawn: Json) {
        self.drawn.lock().unwrap().insert(key, drawn);
    }
}

fn chart(templates: &[(&str, &str)]) -> Chart {
    let templates = templates.iter().map(|(path, text)| TemplateFile {
        path: format!("templates/{path}"),
        text: (*text).into(),
    });
    Chart {
        metadata: Metadata {
            name: "web".to_owned(),
            ..Metadata::default()
        },
        templates: templates.collect(),
        ..Chart::default()
    }
}

fn input(values: &Json) -> Input {
    let key = ValuesKey::parse("web").unwrap();
    let trees = [json!({}), values.clone()].map(|values| ValuesTree::new(&values));
    Input {
        values: values_tree(ValuesStyle::Root, &trees[0], &key, &trees[1]),
        release: Release {
            name: "web".to_owned(),
            namespace: "shop".to_owned(),
            revision: 3,
            is_install: false,
            is_upgrade: true,
        },
        capabilities: Arc::default(),
    }
}

fn render(chart: &Chart, values: &Json, memory: &Memory) -> Result<Rendered, String> {
    let program = Program::compile(chart).map_err(|error| error.to_string())?;
    let rendered = program.render(&input(values), memory);
    rendered.map_err(|error| error.to_string())
}

/// The data of the one object of a template with these lines.
fn data(lines: &str, memory: &Memory) -> Json {
    let text = format!("{{apiVersion: v1, kind: A, metadata: {{name: a}}, data: {lines}}}");
    let rendered = render(&chart(&[("a.yaml", &text)]), &json!({"n": 1}), memory).unwrap();
    rendered.manifests[0].object["data"].clone()
}

#[test]
fn both_languages_share_a_chart() {
    let object = |name: &str, data: &str| {
        format!("{{apiVersion: v1, kind: A, metadata: {{name: {name}}}, data: {data}}}\n")
    };
    let go = object(
        "go",
        "{{ .Values.n }}{{ set .Values \"m\" 5 | toString | trunc 0 }}",
    );
    let jinja = object(
        "jinja",
        "[{{ Values.n }}, {{ Values.m }}, {{ Template.Name }}]",
    );
    let chart = chart(&[("a.yaml", &go), ("b.yaml.j2", &jinja)]);
    let rendered = render(&chart, &json!({"n": 2}), &Memory::default()).unwrap();
    let shown: Vec<_> = rendered
        .manifests
        .iter()
        .map(|manifest| (manifest.source.file.as_str(), &manifest.object["data"]))
        .collect();
    assert_eq!(
        shown,
        [
            ("templates/a.yaml", &json!(2)),
            (
                "templates/b.yaml.j2",
                &json!([2, 5, "web/templates/b.yaml.j2"])
            ),
        ]
    );
}

#[test]
fn what_was_drawn_comes_again() {
    let memory = Memory::default();
    for template in [
        "{{ randAlphaNum 8 | quote }}",
        "[{{ randAlphaNum 8 }}, {{ randAlphaNum 8 }}]",
        "{{ uuidv4 }}",
        "{{ htpasswd \"u\" \"p\" | quote }}",
    ] {
        let first = data(template, &memory);
        assert_eq!(data(template, &memory), first, "{template}");
        let others = Memory::default();
        others.random.store(99, Ordering::Relaxed);
        assert_ne!(data(template, &others), first, "{template}");
    }
    let pair = data("[{{ randAlphaNum 9 }}, {{ randAlphaNum 9 }}]", &memory);
    assert_ne!(pair[0], pair[1]);
}

#[test]
fn cluster_is_looked_into() {
    let memory = Memory::default();
    let looked = data(
        "[{{ (lookup \"v1\" \"Pod\" \"\" \"there\").kind }}, {{ lookup \"v1\" \"Pod\" \"\" \"x\" | toJson }}]",
        &memory,
    );
    assert_eq!(looked, json!(["Pod", {}]));
}

#[test]
fn hooks_run_by_weight_then_name() {
    let hook = |name: &str, weight: &str| {
        format!(
            "{{apiVersion: v1, kind: A, metadata: {{name: {name}, annotations: \
             {{helm.sh/hook: pre-install, helm.sh/hook-weight: '{weight}'}}}}}}\n---\n"
        )
    };
    let text = hook("c", "5") + &hook("b", "-1") + &hook("a", "5") + "# nothing\n";
    let chart = chart(&[("a.yaml", &text)]);
    let rendered = render(&chart, &json!({}), &Memory::default()).unwrap();
    let names: Vec<_> = rendered
        .hooks
        .iter()
        .map(|hook| hook.manifest.name())
        .collect();
    assert_eq!(names, ["b", "a", "c"]);
    assert!(rendered.manifests.is_empty());
}

#[test]
fn mistakes_name_file_line_and_column() {
    for (text, expected) in [
        (
            "a: {{ .Values.a }",
            "templates/a.yaml:1: unexpected \"}\" in operand",
        ),
        ("\n{{ fail \"no\" }}", "templates/a.yaml:2:3: no"),
        (
            "a: {{ .Values.a.b }}",
            "templates/a.yaml:1:13: executing \"web/templates/a.yaml\" at <.Values.a.b>: nil pointer",
        ),
        ("a: b: c", "mapping values are not allowed"),
        ("a: 1", "templates/a.yaml: rendered line 1: "),
    ] {
        let chart = chart(&[("a.yaml", text)]);
        let told = render(&chart, &json!({}), &Memory::default()).unwrap_err();
        assert!(told.contains(expected), "{text}: {told}");
    }
}
