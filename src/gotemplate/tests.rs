//! Templates and what the real engine makes of them.
//!
//! `tests/data/gotemplate/answers.json` holds templates with what Go 1.26.8 gave for them: its own
//! functions, Helm's `include` and `tpl`, and the few of [`FUNCTIONS`].

#![expect(clippy::unnecessary_wraps, reason = "functions of templates may fail")]

use super::{Functions, Limits, Set};
use crate::govalue::{
    Context, Element, Error, Function, List, Map, MapKind, Parameter, Still, Value, print,
};

/// What a template of these tests may make.
const BYTES: usize = 100_000_000;

type Outcome = Result<Value, Error>;

fn dict(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let map = Map::any();
    for pair in arguments.chunks(2) {
        let value = pair.get(1).cloned().unwrap_or_else(|| "".into());
        map.insert(print::print(context.world, &pair[..1])?, value);
    }
    Ok(Value::Map(map))
}

fn list(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Ok(arguments.to_vec().into())
}

fn upper(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let Value::Text(text) = &arguments[0] else {
        panic!("a string")
    };
    Ok(Value::text(text.as_str().to_uppercase()))
}

fn trunc(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let (Value::Int(count), Value::Text(text)) = (&arguments[0], &arguments[1]) else {
        panic!("a number and a string")
    };
    let count = usize::try_from(*count).unwrap_or(text.len());
    Ok(Value::text(&text[..count.min(text.len())]))
}

fn add1(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let Value::Int64(number) = arguments[0] else {
        panic!("an int64")
    };
    Ok(Value::Int64(number.wrapping_add(1)))
}

fn half(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let Value::Float(number) = arguments[0] else {
        panic!("a float64")
    };
    Ok(Value::Float(number / 2.0))
}

fn onoff(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Ok(if arguments[0].is_true() { "on" } else { "off" }.into())
}

fn keysof(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    let Value::Map(map) = &arguments[0] else {
        panic!("a map")
    };
    let count = i64::try_from(map.len()).unwrap_or(i64::MAX);
    Ok(Value::Int(count))
}

fn fail(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Err(Error::Failed(
        print::to_text(&Still::with(BYTES), &arguments[0])?.to_string(),
    ))
}

fn told(_: &Context<'_>, arguments: &[Value]) -> Outcome {
    Err(Error::Told(
        print::to_text(&Still::with(BYTES), &arguments[0])?.to_string(),
    ))
}

fn nothing(context: &Context<'_>, _: &[Value]) -> Outcome {
    context.world.spend(0)?;
    Ok(Value::Nil)
}

/// The functions of the answers, and `told`, which fails as Helm's `fail` does.
static FUNCTIONS: [Function; 11] = [
    Function::new("dict", &[], dict).rest(Parameter::Any),
    Function::new("list", &[], list).rest(Parameter::Any),
    Function::new("upper", &[Parameter::Text], upper),
    Function::new("trunc", &[Parameter::Int, Parameter::Text], trunc),
    Function::new("add1", &[Parameter::Int64], add1),
    Function::new("half", &[Parameter::Float], half),
    Function::new("onoff", &[Parameter::Bool], onoff),
    Function::new("keysof", &[Parameter::Map], keysof),
    Function::new("fail", &[Parameter::Text], fail),
    Function::new("told", &[Parameter::Text], told),
    Function::new("nothing", &[], nothing),
];

const FIND: Functions = |name| FUNCTIONS.iter().find(|function| function.name == name);

fn map(entries: Vec<(&str, Value)>) -> Value {
    let entries = entries.into_iter();
    Value::Map(entries.map(|(key, value)| (key.into(), value)).collect())
}

fn values() -> Value {
    let texts = Map::new(MapKind::Text, [("k".into(), "v".into())].into());
    let names = List::new(Element::Text, vec!["x".into(), "y".into()]);
    map(vec![(
        "Values",
        map(vec![
            ("s", "str".into()),
            ("zero", Value::Float(0.0)),
            ("n", Value::Nil),
            ("one", Value::Float(1.0)),
            ("t", true.into()),
            ("f", false.into()),
            ("e", "".into()),
            ("a", map(vec![("b", map(vec![("c", Value::Float(1.0))]))])),
            ("l", [3.0, 1.0, 2.0].map(Value::Float).to_vec().into()),
            ("i", Value::Int(7)),
            ("i64", Value::Int64(9)),
            ("sl", Value::List(names)),
            ("by", Value::Bytes(b"hi\xff".as_slice().into())),
            (
                "m",
                map(vec![
                    ("z", Value::Float(1.0)),
                    ("a", "x".into()),
                    ("10", Value::Nil),
                    ("9", true.into()),
                ]),
            ),
            ("ms", Value::Map(texts)),
            ("big", Value::Float(123_456_789.0)),
            ("u", "h\u{e9}\u{e9}llo".into()),
            ("bad", Value::text(b"h\xc3x".as_slice())),
            ("u8", Value::Uint8(200)),
            ("u64", Value::Uint64(1 << 63)),
        ]),
    )])
}

fn render(text: &str) -> String {
    let mut set = Set::new(FIND);
    if let Err(error) = set.add("t", text.as_bytes()) {
        return error.text();
    }
    match set.execute("t", &values(), &Still::with(BYTES), Limits::default()) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => error.text(),
    }
}

/// One row, one template: what it gives.
macro_rules! gives {
    ($($name:ident: $text:literal => $expected:literal;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(render($text), $expected);
        })*
    };
}

gives! {
    missing_values_print_nothing: "{{ .Values.s }}{{ .Values.missing }}|{{ .Values.a }}" => "str|map[b:map[c:1]]";
    nil_in_a_map_has_no_fields: "{{ .Values.missing.deep }}" => "template: t:1:10: executing \"t\" at <.Values.missing.deep>: nil pointer evaluating interface {}.deep";
    nothing_at_all_has_any_field: "{{ (.Values.missing).deep }}{{ $x := .Values.missing }}{{ $x.deep }}" => "";
    strings_have_no_fields: "{{ .Values.s.deep }}" => "template: t:1:10: executing \"t\" at <.Values.s.deep>: can't evaluate field deep in type interface {}";
    kinds_do_not_compare: "{{ eq .Values.a.b.c 1 }}" => "template: t:1:3: executing \"t\" at <eq .Values.a.b.c 1>: error calling eq: incompatible types for comparison: float64 and int";
    length_of_nil_in_a_map: "{{ len .Values.missing }}" => "template: t:1:3: executing \"t\" at <len .Values.missing>: error calling len: len of nil pointer";
    length_of_nothing: "{{ len nil }}" => "template: t:1:3: executing \"t\" at <len nil>: error calling len: reflect: call of reflect.Value.Type on zero Value";
    assignment_reaches_outwards: "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}" => "2";
    variables_end_with_their_block: "{{ if true }}{{ $y := 3 }}{{ end }}{{ $y }}" => "template: t:1: undefined variable \"$y\"";
    undeclared_variable_is_assigned: "{{ $x = 1 }}" => "template: t:1:8: executing \"t\" at <1>: undefined variable: $x";
    else_does_not_see_what_if_declared: "{{ if false }}{{ $z := 1 }}{{ else }}{{ $z }}{{ end }}" => "template: t:1:40: executing \"t\" at <$z>: undefined variable: $z";
    declaration_that_is_passed_over: "{{ $x := 0 }}{{ $y := and false ($x := 1) }}{{ $x }}" => "0";
    templates_include_and_blocks: "{{ define \"x\" }}[{{ . }}]{{ end }}{{ template \"x\" \"d\" }}{{ template \"x\" }}{{ include \"x\" \"i\" | print }}{{ block \"y\" . }}b{{ .Values.s }}{{ end }}" => "[d][][i]bstr";
    tpl_defines_for_itself: "{{ tpl \"{{ define \\\"z\\\" }}Z{{ end }}{{ include \\\"z\\\" . }}\" . }}{{ include \"z\" . }}" => "template: t:1:66: executing \"t\" at <include \"z\" .>: error calling include: template: no template \"z\" associated with template \"gotpl\"";
    endless_template_ends: "{{ define \"rec\" }}{{ template \"rec\" . }}{{ end }}{{ template \"rec\" . }}" => "template: t:1:30: executing \"rec\" at <{{template \"rec\" .}}>: exceeded maximum template depth (100000)";
    literals: "{{ 'a' }}{{ 0x1F }}{{ 1e3 }}{{ 017 }}{{ 1_000 }}{{ 1.50 }}{{ 1e100 }}{{ 0b11 }}{{ 0o17 }} {{ 1i }}{{ 0x1p4 }}{{ 1+2i }}" => "973110001510001.51e+100315 (0+1i)16(1+2i)";
    blanks_are_trimmed: "a  {{- \"b\" -}}  c {{/* c */}} d {{- /* c */ -}} e{{ 3 -}} {{- 4 }}{{- -6 }}" => "abc  de34-6";
    printf_tells_its_mistakes: "{{ printf \"%s|%d|%s %s\" 1 \"a\" \"b\" }}{{ printf \"%z%[2]d\" 1 }}{{ printf \"a\" 1 }}" => "%!s(int=1)|%!d(string=a)|b %!s(MISSING)%!z(int=1)%!d(BADINDEX)a%!(EXTRA int=1)";
}

#[test]
fn answers_of_go_are_ours() {
    let answers = include_str!("../../tests/data/gotemplate/answers.json");
    let answers: Vec<(String, String)> = serde_json::from_str(answers).unwrap();
    assert!(answers.len() > 1_400);
    let different: Vec<String> = answers
        .iter()
        .filter_map(|(text, expected)| {
            let given = render(text);
            (given != *expected).then(|| format!("{text}\n  Go:   {expected}\n  ours: {given}"))
        })
        .collect();
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// What nests deeper than any stack: it is Go's answer, or a limit of ours.
#[test]
fn depth_is_no_danger() {
    let deep = |open: &str, count: usize, inner: &str, close: &str| {
        open.repeat(count) + inner + &close.repeat(count)
    };
    let blocks = deep("{{ if 1 }}", 20_000, "x", "{{ end }}");
    assert_eq!(render(&blocks), "x");
    let chain = format!(
        "{{{{ if 0 }}}}{}{{{{ else }}}}c{{{{ end }}}}",
        "{{ else if 0 }}b".repeat(20_000)
    );
    assert_eq!(render(&chain), "c");
    let parentheses = format!("{{{{ {} }}}}", deep("(", 9_999, "1", ")"));
    assert_eq!(render(&parentheses), "1");
    let parentheses = format!("{{{{ {} }}}}", deep("(", 10_001, "1", ")"));
    assert_eq!(
        render(&parentheses),
        "template: t:1: max expression depth exceeded"
    );
    let list = "{{ $x := list }}{{ range 300000 }}{{ $x = list $x }}{{ end }}";
    assert_eq!(render(list), "");
    let printed = render(&format!("{list}{{{{ $x }}}}"));
    assert_eq!(
        printed,
        "template t:1:64: a value is too deep to print: it may contain itself"
    );
    let text = "{{ define \"r\" }}{{ tpl \"{{ tpl . . }}\" . }}{{ end }}{{ tpl \"{{ tpl . . }}\" \"{{ tpl . . }}\" }}";
    assert_eq!(
        render(text),
        "template gotpl:1:9: more than 5000 tpl in each other"
    );
}

#[test]
fn steps_and_output_are_limited() {
    let limits = Limits {
        steps: 10_000,
        output: 100_000,
    };
    let run = |text: &str| {
        let mut set = Set::new(FIND);
        set.add("t", text.as_bytes()).unwrap();
        let world = Still::with(BYTES);
        set.execute("t", &values(), &world, limits)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        run("{{ range .Values.u64 }}{{ end }}"),
        "template t:1:16: more than 10000 steps"
    );
    let wide = format!("{{{{ range 5000 }}}}{}{{{{ end }}}}", "a".repeat(1_000));
    assert_eq!(
        run(&wide),
        "template t:1:16: more than 100000 bytes of output"
    );
}

#[test]
fn the_charts_own_words_name_the_outermost_place() {
    let mut set = Set::new(FIND);
    let helpers = "{{ define \"h\" }}{{ told \"no: way\" }}{{ end }}";
    set.add("t/_h.tpl", helpers.as_bytes()).unwrap();
    set.add("t/x.yaml", b"a:\n  {{ include \"h\" . | upper }}")
        .unwrap();
    let error = set.execute(
        "t/x.yaml",
        &values(),
        &Still::with(BYTES),
        Limits::default(),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "execution error at (t/x.yaml:2:5): no: way"
    );
}

#[test]
fn what_is_empty_replaces_nothing() {
    let mut set = Set::new(FIND);
    set.add(
        "b",
        b"{{ define \"x\" }}1{{ end }}{{ define \"y\" }}1{{ end }}",
    )
    .unwrap();
    set.add(
        "a",
        b"{{ define \"x\" }} {{/* no */}} {{ end }}{{ define \"y\" }}2{{ end }}",
    )
    .unwrap();
    set.add("c", b"{{ include \"x\" . }}{{ template \"y\" . }}")
        .unwrap();
    let text = set.execute("c", &Value::Nil, &Still::with(BYTES), Limits::default());
    assert_eq!(text.unwrap(), b"12");
}

#[test]
fn set_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&Set::new(FIND));
}
