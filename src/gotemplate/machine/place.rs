//! Where a draw is made: what tells it from the draws of other places, and of other turns of a loop.
//!
//! A place is told by names, not by lines: the templates that call each other, the key in front of an
//! action or the variable that takes its result, the key or name of the item that a loop is at. So
//! what one place draws does not depend on whether others draw as well.

use super::include::Found;
use super::{Frame, Machine};
use crate::gotemplate::tree::{File, Id, Node, Operand, OperandKind, StatementKind, Template};
use crate::govalue::{Value, print};

/// What items of loops are told by, where they have it.
const NAMES: [&[u8]; 5] = [b"name", b"id", b"key", b"username", b"user"];

/// A step on the way from the file that is rendered to where the machine is.
pub(super) enum Step<'a> {
    /// This node calls a template.
    Call(Id, Found<'a>),
    /// A turn of a loop: the index or key, and the item.
    Turn(Value, Value),
}

impl Machine<'_> {
    /// The place of a draw by the node of a frame.
    pub(super) fn place(&self, frame: &Frame<'_>, node: Id) -> Vec<u8> {
        let mut place = Vec::new();
        let mut here = self.main;
        for step in &self.trail {
            match step {
                Step::Call(node, into) => {
                    if let Some(template) = here {
                        write_site(&mut place, template, *node);
                    }
                    here = Some(into.as_ref());
                }
                Step::Turn(key, item) => self.write_turn(&mut place, key, item),
            }
        }
        write_site(&mut place, frame.template, node);
        place
    }

    fn write_turn(&self, place: &mut Vec<u8>, key: &Value, item: &Value) {
        let named = || match item {
            Value::Map(map) => {
                let mut found = NAMES.iter().filter_map(|name| map.get(name));
                found.find(is_name)
            }
            item => Some(item.clone()).filter(is_name),
        };
        let by = match key {
            Value::Text(_) => key.clone(),
            _ => named().unwrap_or_else(|| key.clone()),
        };
        let mut text = Vec::new();
        // What is too long to print is told as far as it goes.
        let _ = print::write(self.world, &mut text, &by);
        write_part(place, &text);
    }
}

/// Whether a value tells an item from others.
fn is_name(value: &Value) -> bool {
    match value {
        Value::Text(text) => !text.is_empty(),
        Value::Int(_) | Value::Int64(_) | Value::Uint8(_) | Value::Uint64(_) | Value::Float(_) => {
            true
        }
        _ => false,
    }
}

/// A node by its template, by what stands in front of it, and by how many like it come before.
fn write_site(place: &mut Vec<u8>, template: &Template, node: Id) {
    let file = &*template.file;
    let Some(position) = file.find(node).map(Node::position) else {
        return;
    };
    let label = label(&file.text, position);
    let name = calls(file).find(|(at, _)| *at == position);
    let name = name.map_or("", |(_, name)| name);
    let is_like = |(at, called): &(usize, &str)| {
        *at < position && *called == name && self::label(&file.text, *at) == label
    };
    let count = calls(file).filter(is_like).count();
    for part in [template.name.as_bytes(), label.0, label.1, name.as_bytes()] {
        write_part(place, part);
    }
    write_part(place, count.to_string().as_bytes());
}

/// With its length before it, so that no two lists of parts give the same bytes.
fn write_part(place: &mut Vec<u8>, part: &[u8]) {
    place.extend_from_slice(&(part.len() as u64).to_be_bytes());
    place.extend_from_slice(part);
}

/// The text before an action on its line, and the variables that take its result.
fn label(text: &[u8], position: usize) -> (&[u8], &[u8]) {
    let before = text.get(..position).unwrap_or(text);
    let open = before.windows(2).rposition(|window| window == b"{{");
    let open = open.unwrap_or(before.len());
    let (line, action) = before.split_at_checked(open).unwrap_or((before, &[]));
    let start = line.iter().rposition(|byte| *byte == b'\n');
    let line = line.get(start.map_or(0, |start| start + 1)..);
    let action = action.strip_prefix(b"{{").unwrap_or(action);
    let action = action.strip_prefix(b"-").unwrap_or(action).trim_ascii();
    let end = action.iter().position(|byte| *byte == b'=');
    let variables = end.filter(|_| action.starts_with(b"$"));
    let variables = variables.and_then(|end| action.get(..end));
    (
        line.unwrap_or_default().trim_ascii(),
        variables.unwrap_or_default(),
    )
}

/// All that a file calls, with where it does.
fn calls(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let statements = file.lists.iter().flatten();
    let templates = statements.filter_map(|statement| match &statement.kind {
        StatementKind::Template { name, .. } => Some((statement.position, &**name)),
        _ => None,
    });
    let commands = file.pipes.iter().flat_map(|pipe| &pipe.commands);
    let operands = commands.flat_map(|command| &command.arguments);
    templates.chain(operands.filter_map(called))
}

fn called(operand: &Operand) -> Option<(usize, &str)> {
    match &operand.kind {
        OperandKind::Function(callee) => Some((operand.position, callee.name())),
        OperandKind::Chain(inner, _) => match &inner.kind {
            OperandKind::Function(callee) => Some((inner.position, callee.name())),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::*;
    use crate::gotemplate::{Limits, Set};
    use crate::govalue::{Error, Function, Lookup, Map, Parameter, World};

    /// A world that keeps the places of draws, in their order.
    #[derive(Default)]
    struct Places(RefCell<Vec<Vec<u8>>>);

    impl World for Places {
        fn now(&self) -> i128 {
            0
        }

        fn fill_random(&self, _: &mut [u8]) {}

        fn lookup(&self, _: &Lookup<'_>) -> Result<Value, Error> {
            Ok(Value::Nil)
        }

        fn note_place(&self, place: &[u8]) {
            self.0.borrow_mut().push(place.to_vec());
        }

        fn recall(&self, _: &str, _: &[Value]) -> Option<Value> {
            None
        }

        fn keep(&self, _: &str, _: &[Value], _: &Value) {}

        fn spend(&self, _: usize) -> Result<(), Error> {
            Ok(())
        }

        fn note_change(&self, _: &Map) {}
    }

    static FUNCTIONS: [Function; 3] = [
        Function::new("draw", &[], |_, _| Ok("drawn".into())).draws(),
        Function::new("take", &[Parameter::Any], |_, arguments| {
            Ok(arguments[0].clone())
        })
        .draws(),
        Function::new("nothing", &[], |_, _| Ok("".into())),
    ];

    fn map(entries: &[(&str, Value)]) -> Value {
        let entries = entries.iter();
        let entries = entries.map(|(key, value)| ((*key).into(), value.clone()));
        Value::Map(entries.collect())
    }

    fn list(items: &[Value]) -> Value {
        items.to_vec().into()
    }

    /// Two users in either order, with and without names.
    fn data(is_turned: bool) -> Value {
        let mut people = [("a", 1), ("b", 2)];
        if is_turned {
            people.reverse();
        }
        let of = |key: &str| {
            let items = people.map(|(name, _)| map(&[(key, name.into())]));
            list(&items)
        };
        map(&[
            ("named", of("name")),
            ("users", of("username")),
            ("unnamed", of("colour")),
            ("texts", list(&people.map(|(name, _)| name.into()))),
            (
                "numbers",
                list(&people.map(|(_, number)| Value::Int(number))),
            ),
            (
                "map",
                map(&people.map(|(name, number)| (name, Value::Int(number)))),
            ),
        ])
    }

    fn places(text: &str, data: &Value) -> Vec<Vec<u8>> {
        let mut set = Set::new(|name| FUNCTIONS.iter().find(|function| function.name == name));
        set.add("t.yaml", text.as_bytes()).unwrap();
        let world = Places::default();
        set.execute("t.yaml", data, &world, Limits::default())
            .unwrap();
        world.0.into_inner()
    }

    /// Whether the last draws of both have one place.
    fn last_is_same(one: &str, other: &str) -> bool {
        let last = |text| places(text, &data(false)).pop().unwrap();
        last(one) == last(other)
    }

    #[test]
    fn a_place_stays_what_it_is_when_others_come_and_go() {
        for (one, other, is_same) in [
            // Lines do not count, nor what else is drawn or written.
            ("a: {{ draw }}", "# more\nx: 1\na: {{ draw }}", true),
            ("a: {{ draw }}", "b: {{ draw }}\na: {{ draw }}", true),
            ("a: {{ draw }}", "a:  {{- draw -}}", true),
            ("a: {{ draw }}", "  a: {{ nothing | print draw }}", true),
            // The key does, and the how-manieth it is with that key.
            ("a: {{ draw }}", "b: {{ draw }}", false),
            ("a: {{ draw }}", "a: {{ draw }}\na: {{ draw }}", false),
            ("a: {{ draw }}{{ draw }}", "a: {{ draw }}", false),
            // What takes the result, and what is asked of it.
            ("{{ $a := draw }}", "{{ $b := draw }}", false),
            ("{{ $a := draw }}", "\n\n{{- $a := draw -}}", true),
            ("a: {{ (take .map).a }}", "a: {{ (take .map).b }}", true),
            // Other functions are counted apart.
            ("a: {{ draw }}", "a: {{ take 1 }}{{ draw }}", false),
            ("a: {{ draw }}", "a: {{ nothing }} {{ draw }}", false),
        ] {
            assert_eq!(last_is_same(one, other), is_same, "{one:?} {other:?}");
        }
    }

    #[test]
    fn turns_of_loops_are_told_by_what_names_the_item() {
        for (text, follows_item) in [
            ("{{ range .named }}{{ draw }}{{ end }}", true),
            ("{{ range .users }}{{ draw }}{{ end }}", true),
            ("{{ range $i, $it := .named }}{{ draw }}{{ end }}", true),
            ("{{ range .texts }}{{ draw }}{{ end }}", true),
            ("{{ range .numbers }}{{ draw }}{{ end }}", true),
            ("{{ range .unnamed }}{{ draw }}{{ end }}", false),
        ] {
            let (mut places, turned) = (places(text, &data(false)), places(text, &data(true)));
            assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 2, "{text}");
            if follows_item {
                places.reverse();
            }
            assert_eq!(places, turned, "{text}");
        }
        // Maps are in the order of their keys, whatever order they were made in.
        let text = "{{ range .map }}{{ draw }}{{ end }}";
        let places = places(text, &data(false));
        assert_eq!(places, self::places(text, &data(true)));
        assert_ne!(places[0], places[1]);
    }

    #[test]
    fn a_helper_draws_apart_for_each_that_calls_it() {
        let helper = "{{ define \"h\" }}x: {{ draw }}{{ end }}";
        let by = |text: &str| places(&format!("{helper}{text}"), &data(false));
        let calls = by(
            "a: {{ include \"h\" . }}\nb: {{ include \"h\" . }}\nb: {{ include \"h\" . }}\n\
             {{ template \"h\" . }}\n{{ tpl \"{{ include \\\"h\\\" . }}\" . }}",
        );
        assert_eq!(calls.iter().collect::<BTreeSet<_>>().len(), 5);
        assert_eq!(by("a: {{ include \"h\" . }}"), calls[..1]);
        assert_eq!(by("y: 1\n\nb: {{ include \"h\" . }}"), calls[1..2]);
    }

    #[test]
    fn parts_are_told_apart() {
        let write = |parts: &[&str]| {
            let mut place = Vec::new();
            for part in parts {
                write_part(&mut place, part.as_bytes());
            }
            place
        };
        assert_ne!(write(&["ab", "c"]), write(&["a", "bc"]));
        assert_ne!(write(&["", "a"]), write(&["a", ""]));
    }

    #[test]
    fn label_is_what_stands_before_an_action() {
        for (text, label) in [
            ("a: {{ @", ("a:", "")),
            ("x\n  a: {{- @", ("a:", "")),
            ("{{ $a := @", ("", "$a :")),
            ("{{ $a, $b := @", ("", "$a, $b :")),
            ("a: {{ if eq @", ("a:", "")),
            ("a: {{ 1 }} b {{ @", ("a: {{ 1 }} b", "")),
            ("@", ("", "")),
        ] {
            let position = text.find('@').unwrap();
            let (line, variables) = super::label(text.as_bytes(), position);
            let found = (
                String::from_utf8_lossy(line).into_owned(),
                String::from_utf8_lossy(variables).into_owned(),
            );
            assert_eq!((&*found.0, &*found.1), label, "{text}");
        }
    }
}
