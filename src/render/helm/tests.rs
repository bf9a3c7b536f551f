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

fn render(chart: &Chart, values: &Json, memory: &Arc<Memory>) -> Result<Rendered, String> {
    let program = Program::compile(chart).map_err(|error| error.to_string())?;
    let rendered = program.render(&input(values), Arc::<Memory>::clone(memory));
    rendered.map_err(|error| error.to_string())
}

/// The data of the one object of a template with these lines.
fn data(lines: &str, memory: &Arc<Memory>) -> Json {
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
    let rendered = render(&chart, &json!({"n": 2}), &Arc::default()).unwrap();
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
    let memory = Arc::default();
    for template in [
        "{{ randAlphaNum 8 | quote }}",
        "[{{ randAlphaNum 8 }}, {{ randAlphaNum 8 }}]",
        "{{ uuidv4 }}",
        "{{ htpasswd \"u\" \"p\" | quote }}",
    ] {
        let first = data(template, &memory);
        assert_eq!(data(template, &memory), first, "{template}");
        let others = Arc::new(Memory::default());
        others.random.store(99, Ordering::Relaxed);
        assert_ne!(data(template, &others), first, "{template}");
    }
    let pair = data("[{{ randAlphaNum 9 }}, {{ randAlphaNum 9 }}]", &memory);
    assert_ne!(pair[0], pair[1]);
}

#[test]
fn cluster_is_looked_into() {
    let memory = Arc::default();
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
    let rendered = render(&chart, &json!({}), &Arc::default()).unwrap();
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
        (
            "a: b: c",
            "templates/a.yaml: error converting YAML to JSON: yaml: mapping values are not allowed",
        ),
        ("a: 1", "templates/a.yaml: rendered line 1: "),
    ] {
        let chart = chart(&[("a.yaml", text)]);
        let told = render(&chart, &json!({}), &Arc::default()).unwrap_err();
        assert!(told.contains(expected), "{text}: {told}");
    }
}

/// The data of the one object of a `*.j2` template with these lines, alone or beside templates of Go.
fn jinja(lines: &str, beside: &[(&str, &str)], memory: &Arc<Memory>) -> Result<Json, String> {
    let text = format!("{{apiVersion: v1, kind: A, metadata: {{name: a}}, data: {lines}}}\n");
    let templates = [&[("a.yaml.j2", text.as_str())], beside].concat();
    let rendered = render(&chart(&templates), &json!({"n": 1}), memory)?;
    Ok(rendered.manifests[0].object["data"].clone())
}

#[test]
#[rustfmt::skip]
fn jinja_templates_draw_as_well_by_function_and_by_filter() {
    let go = [("_h.tpl", "{{ define \"h\" }}{{ end }}")];
    for template in [
        "{{ randAlphaNum(8) | quote }}",
        "{{ 8 | randAlphaNum | quote }}",
        "{{ [randAlpha(4), 'x' ~ randNumeric(4)] | toJson }}",
        "{{ uuidv4() }}",
        "{{ 9 | randBytes | quote }}",
        "{{ 'abcdefghijkl' | shuffle }}",
        "{{ 'p' | htpasswd('u') | quote }}",
        "{{ genPrivateKey('ed25519') | b64enc }}",
        "{{ 'ed25519' | genPrivateKey | sha256sum }}",
        "{{ genCAWithKey('ca', 9, genPrivateKey('ed25519')).Cert | b64enc }}",
        "{{ now() | unixEpoch }}",
        "{{ now() | date('2006-01-02 15:04:05') | quote }}",
    ] {
        let memory = Arc::default();
        let first = jinja(template, &[], &memory).unwrap();
        // What was drawn comes again, also when the chart has templates of Go by then.
        assert_eq!(jinja(template, &go, &memory).as_ref(), Ok(&first), "{template}");
        let others = Arc::new(Memory::default());
        others.random.store(99, Ordering::Relaxed);
        assert_ne!(jinja(template, &go, &others).unwrap(), first, "{template}");
    }
    let memory = Arc::default();
    let pair = jinja("[{{ uuidv4() }}, {{ uuidv4() }}]", &[], &memory).unwrap();
    assert_ne!(pair[0], pair[1]);
}

#[test]
fn each_file_draws_for_itself() {
    let object = |name: &str, draw: &str| {
        format!("{{apiVersion: v1, kind: A, metadata: {{name: {name}}}, data: {draw}}}\n")
    };
    let [a, b] = ["a", "b"].map(|name| object(name, "{{ randAlphaNum(9) | quote }}"));
    let c = object("c", "{{ randAlphaNum 9 | quote }}");
    let chart = chart(&[("a.yaml.j2", &a), ("b.yaml.j2", &b), ("c.yaml", &c)]);
    let memory = Arc::<Memory>::default();
    render(&chart, &json!({}), &memory).unwrap();
    let drawn = memory.drawn.lock().unwrap();
    let files: Vec<_> = drawn.keys().map(|key| key.template.as_str()).collect();
    let expected = ["a.yaml.j2", "b.yaml.j2", "c.yaml"].map(|file| format!("web/templates/{file}"));
    assert_eq!(files, expected);
}

#[test]
fn jinja_templates_look_into_the_cluster_and_include_templates_of_go() {
    let helpers = "{{ define \"web.name\" }}{{ .Chart.Name }}-{{ .Values.n }}-{{ .Release.Name }}{{ end }}\
                   {{ define \"web.sum\" }}{{ add .a (index .l 1) }}{{ end }}\
                   {{ define \"web.file\" }}{{ .Template.Name }}{{ end }}\
                   {{ define \"web.no\" }}\n{{ fail \"not so\" }}{{ end }}";
    let go = [("_helpers.tpl", helpers)];
    let memory = Arc::default();
    for (template, expected) in [
        ("{{ lookup('v1', 'Pod', '', 'there').kind }}", json!("Pod")),
        (
            "{{ 'there' | lookup('v1', 'Pod', 'a') | toJson }}",
            json!({"kind": "Pod", "n": 1}),
        ),
        ("{{ lookup('v1', 'Pod', '', 'x') | toJson }}", json!({})),
        ("{{ include('web.name') }}", json!("web-1-web")),
        ("{{ 'web.name' | include | upper }}", json!("WEB-1-WEB")),
        ("{{ include('web.sum', {'a': 1, 'l': [1, 2]}) }}", json!(3)),
        (
            "{{ include('web.file') }}",
            json!("web/templates/a.yaml.j2"),
        ),
    ] {
        assert_eq!(jinja(template, &go, &memory), Ok(expected), "{template}");
    }
    for (template, beside, part) in [
        (
            "{{ include('web.nam') }}",
            &go[..],
            "no template \"web.nam\"",
        ),
        (
            "{{ include('web.no') }}",
            &go,
            "execution error at (web/templates/_helpers.tpl:2:3): not so",
        ),
        (
            "{{ include('web.name') }}",
            &[],
            "the chart has no templates of Go",
        ),
        (
            "{{ include() }}",
            &[],
            "include(name, value) was given 0 arguments",
        ),
    ] {
        let told = jinja(template, beside, &memory).unwrap_err();
        assert!(told.contains(part), "{template}: {told}");
        assert!(told.starts_with("templates/a.yaml.j2:1:"), "{told}");
    }
}

/// Has no time left.
struct Late;

impl Outside for Late {
    fn now(&self) -> i128 {
        0
    }
    fn fill_random(&self, _: &mut [u8]) {}
    fn lookup(&self, _: &Lookup<'_>) -> Result<Option<Json>, String> {
        Ok(None)
    }
    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }
    fn is_late(&self) -> bool {
        true
    }
    fn recall(&self, _: &DrawKey) -> Option<Json> {
        None
    }
    fn keep(&self, _: DrawKey, _: Json) {}
}

#[test]
fn what_takes_too_long_is_an_error_that_names_the_template() {
    for (file, text) in [
        ("a.yaml", "{{ range until 5000 }}{{ add 1 . }}{{ end }}"),
        (
            "a.yaml",
            "{{ range until 5 }}{{ genPrivateKey \"rsa\" }}{{ end }}",
        ),
        (
            "a.yaml",
            "{{ derivePassword 1 \"long\" \"p\" \"u\" \"x\" }}",
        ),
        ("a.yaml", "{{ htpasswd \"u\" \"p\" }}"),
        ("a.yaml.j2", "{{ 1 | add(2) }}"),
        ("a.yaml.j2", "{{ genPrivateKey('rsa') }}"),
    ] {
        let program = Program::compile(&chart(&[(file, text)])).unwrap();
        let told = program
            .render(&input(&json!({})), Arc::new(Late))
            .unwrap_err();
        let part = format!("rendering web/templates/{file} takes longer than a chart may");
        assert!(told.to_string().contains(&part), "{text}: {told}");
    }
}

#[test]
fn values_that_are_in_others_many_times_over_are_told_apart_in_time() {
    let nested = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}";
    let draw = format!("{nested}{{{{ genSelfSignedCertWithKey \"a\" $x nil 9 \"\" }}}}");
    let told = render(&chart(&[("a.yaml", &draw)]), &json!({}), &Arc::default()).unwrap_err();
    assert!(told.contains("genSelfSignedCertWithKey"), "{told}");
    let set = format!("{nested}{{{{ $_ := set .Values \"x\" $x }}}}");
    let both = chart(&[("a.yaml", &set), ("b.yaml.j2", "a: 1")]);
    let told = render(&both, &json!({}), &Arc::default()).unwrap_err();
    assert!(told.contains("more than 1000000 parts"), "{told}");
}
