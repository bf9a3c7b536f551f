//! Templates and what the real engine makes of them.

use std::cell::Cell;

use super::{Functions, Limits, Set};
use crate::govalue::{Error, Lookup, Map, Value, World};

/// A world without time, in which a million bytes are too many.
#[derive(Default)]
struct Still(Cell<usize>);

impl World for Still {
    fn now(&self) -> i128 {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(4);
    }

    fn lookup(&self, _: &Lookup<'_>) -> Result<Value, Error> {
        Ok(Value::Map(Map::any()))
    }

    fn recall(&self, _: &str, _: &[Value]) -> Option<Value> {
        None
    }

    fn keep(&self, _: &str, _: &[Value], _: &Value) {}

    fn spend(&self, bytes: usize) -> Result<(), Error> {
        self.0.set(self.0.get() + bytes);
        if self.0.get() > 100_000_000 {
            return Err(Error::Limit("too many bytes".to_owned()));
        }
        Ok(())
    }

    fn note_change(&self, _: &Map) {}
}

const NONE: Functions = |_| None;

fn values() -> Value {
    let map = |entries: Vec<(&str, Value)>| {
        let entries = entries.into_iter();
        Value::Map(entries.map(|(key, value)| (key.into(), value)).collect())
    };
    map(vec![(
        "Values",
        map(vec![
            ("s", "str".into()),
            ("zero", Value::Float(0.0)),
            ("n", Value::Nil),
            ("a", map(vec![("b", map(vec![("c", Value::Float(1.0))]))])),
            (
                "l",
                vec![Value::Float(3.0), Value::Float(1.0), Value::Float(2.0)].into(),
            ),
        ]),
    )])
}

fn render(text: &str) -> String {
    let mut set = Set::new(NONE);
    if let Err(error) = set.add("t", text.as_bytes()) {
        return error.text();
    }
    match set.execute("t", &values(), &Still::default(), Limits::default()) {
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
