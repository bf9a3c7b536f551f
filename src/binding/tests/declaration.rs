//! Hooks that are declared.

use proptest::prelude::*;

use crate::binding::{Declared, Lifecycle, parse_declaration};
use crate::name::ValuesKey;
use crate::report::Mistake;

fn declared(text: &str, scope: &str) -> Declared {
    let scope = match scope {
        "global" => ValuesKey::global(),
        scope => ValuesKey::parse(scope).unwrap(),
    };
    parse_declaration("x.hook.yaml", text, &scope)
}

const GOOD: &str = r#"configVersion: v1
onStartup: 5
kubernetes:
- {name: pods, kind: Pod, group: main, queue: slow}
schedule:
- {name: nightly, crontab: "0 3 * * *"}
settings: {executionMinInterval: 1s}
values:
  hello.internal.a/b~c: .snapshots.pods | length
  hello.names: |
    [ .snapshots.pods[]
      | .object.metadata.name ]
metrics:
  hello_pods: ".snapshots.pods | length"
objects: |
  {% for item in snapshots.pods %}
    ---
  {% endfor %}
"#;

#[test]
fn everything_is_read() {
    let Declared {
        config,
        declaration,
        mistakes,
    } = declared(GOOD, "hello");
    assert_eq!((mistakes.0, config.warnings), (Vec::new(), Vec::new()));
    assert_eq!((config.kubernetes.len(), config.schedules.len()), (1, 1));
    assert!(config.rate.is_some());
    let pointers: Vec<&str> = declaration
        .values
        .iter()
        .map(|rule| rule.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/hello/internal/a~1b~0c", "/hello/names"]);
    assert_eq!(declaration.metrics[0].name, "hello_pods");
    let objects = declaration.objects.unwrap();
    assert_eq!((objects.above, objects.indent), (15, 2));
    assert!(
        objects
            .text
            .starts_with("{% for item in snapshots.pods %}\n  ---\n")
    );
}

#[test]
fn it_runs_before_the_chart_behind_the_others() {
    for (text, point, order) in [
        (
            "configVersion: v1\nvalues: {hello.a: '1'}",
            Lifecycle::BeforeHelm,
            f64::INFINITY,
        ),
        (
            "configVersion: v1\nbeforeHelm: 3\nvalues: {hello.a: '1'}",
            Lifecycle::BeforeHelm,
            3.0,
        ),
    ] {
        let found = declared(text, "hello");
        assert_eq!(found.mistakes.0, []);
        assert_eq!(found.config.lifecycle, [(point, order)].into(), "{text}");
    }
    let found = declared(
        "configVersion: v1\nvalues: {global.a: '1', webEnabled: 'true'}",
        "global",
    );
    assert_eq!(found.mistakes.0, []);
    assert_eq!(
        found.config.lifecycle,
        [(Lifecycle::BeforeAll, f64::INFINITY)].into()
    );
    assert_eq!(found.declaration.values[1].pointer, "/webEnabled");
}

/// Text, scope, mistake.
#[rustfmt::skip]
const REFUSED: [(&str, &str, &str); 16] = [
    ("", "hello", "x.hook.yaml: expected a declared hook, got nothing (write `configVersion: v1`, bindings, and `values` or `objects`)"),
    ("values: {hello.a: '1'}", "hello", "x.hook.yaml:1:1: configVersion: this key is required"),
    ("configVersion: v0\nvalues: {hello.a: '1'}", "hello", "x.hook.yaml:1:16: configVersion: expected v1, got \"v0\""),
    ("configVersion: v1", "hello", "x.hook.yaml:1:1: nothing follows from it (known are values, objects, metrics)"),
    ("configVersion: v1\nvalues: {hello.a: '1'}\nobject: x", "hello", "x.hook.yaml:3:1: object: unknown key (did you mean \"objects\"?)"),
    ("configVersion: v1\nvalues: {hello.a: '1'}\nbeforeAll: 1", "hello", "x.hook.yaml:3:1: beforeAll: unknown key (it is for global hooks)"),
    ("configVersion: v1\nvalues: {hello.a: '1'}\nafterDeleteHelm: 1", "hello", "x.hook.yaml:3:1: afterDeleteHelm: unknown key (what is declared goes with the module by itself)"),
    ("configVersion: v1\nvalues: {hello: '1'}", "hello", "x.hook.yaml:2:10: values.hello: that is all values of its place (say which one: hello.NAME)"),
    ("configVersion: v1\nvalues: {helo.a: '1'}", "hello", "x.hook.yaml:2:10: values[\"helo.a\"]: a hook sets values of its own place, which is hello (did you mean \"hello.a\"?)"),
    ("configVersion: v1\nvalues: {other.a: '1'}", "hello", "x.hook.yaml:2:10: values[\"other.a\"]: a hook sets values of its own place, which is hello (write hello.NAME)"),
    ("configVersion: v1\nvalues: {webEnabled: 'true'}", "hello", "x.hook.yaml:2:10: values.webEnabled: a hook sets values of its own place, which is hello (write hello.NAME)"),
    ("configVersion: v1\nvalues: {hello..a: '1'}", "hello", "x.hook.yaml:2:10: values[\"hello..a\"]: a part of the path is empty"),
    ("configVersion: v1\nvalues:\n  hello.a: '1'\n  hello.a.b: '2'", "hello", "x.hook.yaml:4:3: values[\"hello.a.b\"]: one of this and \"hello.a\" lies in the other (set the parts, or the whole)"),
    ("configVersion: v1\nmetrics: {a-b: '1'}", "hello", "x.hook.yaml:2:11: metrics.a-b: \"a-b\" is no name of a metric (letters, digits and _)"),
    ("configVersion: v1\nobjects: |\n  kind: X", "global", "x.hook.yaml:2:10: objects: a global hook has no set of objects that they could belong to (put the hook into a module; it knows the global values)"),
    ("configVersion: v1\nobjects: 'kind: X'", "hello", "x.hook.yaml:2:10: objects: expected a text after `objects: |` (one line of it is one line of the file)"),
];

#[test]
fn mistakes_are_told_with_their_places() {
    for (text, scope, expected) in REFUSED {
        let mistakes = declared(text, scope).mistakes.0.into_iter();
        let bare = |mistake| Mistake {
            excerpt: Box::default(),
            ..mistake
        };
        let told: Vec<String> = mistakes.map(|mistake| bare(mistake).to_string()).collect();
        assert_eq!(told, [expected], "{text}");
    }
}

#[test]
fn filters_are_told_where_they_stand_in_the_file() {
    for (text, place) in [
        ("configVersion: v1\nvalues:\n  hello.a: .a | nope", (3, 17)),
        (
            "configVersion: v1\nvalues:\n  hello.a: \".a | nope\"",
            (3, 18),
        ),
        (
            "configVersion: v1\nvalues:\n  hello.a: |\n    .a\n    | nope",
            (5, 7),
        ),
        (
            "configVersion: v1\nvalues:\n  hello.a: |-\n\n      .a\n      | nope",
            (6, 9),
        ),
    ] {
        let mistakes = declared(text, "hello").mistakes.0;
        let told: Vec<(u32, u32)> = mistakes.iter().map(|it| (it.line, it.column)).collect();
        assert_eq!(told, [place], "{text}\n{mistakes:?}");
        assert!(mistakes[0].message.starts_with("jq: "), "{mistakes:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "configVersion: v1\nkubernetes: [{kind: 5}]\nkubernets: []\nvalues: {a.b: '.['}\nobjects: 5\n";
    let lines: Vec<u32> = declared(text, "hello")
        .mistakes
        .0
        .iter()
        .map(|it| it.line)
        .collect();
    assert_eq!(lines, [2, 3, 4, 4, 5]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(configVersion: v1\n)?(values|objects|metrics|kubernetes): ?[|'\"]?[ \na-z.:\\[\\]{}|'\"0-9-]{0,60}") {
        let found = declared(&text, "hello");
        let last = u32::try_from(text.lines().count() + 1).unwrap();
        for mistake in found.mistakes.0 {
            prop_assert!(mistake.line <= last, "{mistake}");
        }
    }
}
