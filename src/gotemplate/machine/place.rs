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
