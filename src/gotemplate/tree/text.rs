//! Nodes as Go prints them back: how errors name the place where they happened.

use super::{
    Branch, Command, File, Name, Node, Operand, OperandKind, Pipe, Statement, StatementKind,
};
use crate::govalue::{grow_stack, print};

/// More of a node is not told.
const LONGEST: usize = 64 * 1024;

impl File {
    /// The text of a node.
    pub(in crate::gotemplate) fn text_of(&self, node: Node<'_>) -> String {
        let mut out = Vec::new();
        match node {
            Node::Statement(statement) => self.write_statement(&mut out, statement),
            Node::Pipe(pipe) => self.write_pipe(&mut out, pipe),
            Node::Command(command) => self.write_command(&mut out, command),
            Node::Operand(operand) => self.write_operand(&mut out, operand),
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    fn write_list(&self, out: &mut Vec<u8>, list: usize) {
        for statement in self.lists.get(list).into_iter().flatten() {
            if out.len() < LONGEST {
                grow_stack(|| self.write_statement(out, statement));
            }
        }
    }

    fn write_statement(&self, out: &mut Vec<u8>, statement: &Statement) {
        match &statement.kind {
            StatementKind::Text(end) => {
                let text = self.text.get(statement.position..*end);
                out.extend_from_slice(text.unwrap_or_default());
            }
            StatementKind::Action(pipe) => {
                out.extend_from_slice(b"{{");
                self.write_pipe_at(out, *pipe);
                out.extend_from_slice(b"}}");
            }
            StatementKind::If(branch) => self.write_branch(out, "if", branch),
            StatementKind::With(branch) => self.write_branch(out, "with", branch),
            StatementKind::Range(branch) => self.write_branch(out, "range", branch),
            StatementKind::Template { name, pipe, .. } => {
                out.extend_from_slice(b"{{template ");
                out.extend(print::quote(name.as_bytes()));
                if let Some(pipe) = pipe {
                    out.push(b' ');
                    self.write_pipe_at(out, *pipe);
                }
                out.extend_from_slice(b"}}");
            }
            StatementKind::Break => out.extend_from_slice(b"{{break}}"),
            StatementKind::Continue => out.extend_from_slice(b"{{continue}}"),
        }
    }

    fn write_branch(&self, out: &mut Vec<u8>, name: &str, branch: &Branch) {
        out.extend_from_slice(b"{{");
        out.extend_from_slice(name.as_bytes());
        out.push(b' ');
        self.write_pipe_at(out, branch.pipe);
        out.extend_from_slice(b"}}");
        self.write_list(out, branch.list);
        if let Some(list) = branch.otherwise {
            out.extend_from_slice(b"{{else}}");
            self.write_list(out, list);
        }
        out.extend_from_slice(b"{{end}}");
    }

    fn write_pipe_at(&self, out: &mut Vec<u8>, pipe: usize) {
        if let Some(pipe) = self.pipes.get(pipe)
            && out.len() < LONGEST
        {
            grow_stack(|| self.write_pipe(out, pipe));
        }
    }

    fn write_pipe(&self, out: &mut Vec<u8>, pipe: &Pipe) {
        for (index, variable) in pipe.variables.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(variable.name.as_bytes());
        }
        if !pipe.variables.is_empty() {
            let sign: &[u8] = if pipe.is_assignment { b" = " } else { b" := " };
            out.extend_from_slice(sign);
        }
        for (index, command) in pipe.commands.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b" | ");
            }
            self.write_command(out, command);
        }
    }

    fn write_command(&self, out: &mut Vec<u8>, command: &Command) {
        for (index, operand) in command.arguments.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            if let OperandKind::Pipe(pipe) = operand.kind {
                out.push(b'(');
                self.write_pipe_at(out, pipe);
                out.push(b')');
            } else {
                self.write_operand(out, operand);
            }
        }
    }

    fn write_operand(&self, out: &mut Vec<u8>, operand: &Operand) {
        match &operand.kind {
            OperandKind::Field(names) => write_names(out, names),
            OperandKind::Chain(of, names) => {
                if let OperandKind::Pipe(pipe) = of.kind {
                    out.push(b'(');
                    self.write_pipe_at(out, pipe);
                    out.push(b')');
                } else {
                    self.write_operand(out, of);
                }
                write_names(out, names);
            }
            OperandKind::Function(callee) => out.extend_from_slice(callee.name().as_bytes()),
            OperandKind::Pipe(pipe) => self.write_pipe_at(out, *pipe),
            OperandKind::Variable { name, fields, .. } => {
                out.extend_from_slice(name.as_bytes());
                write_names(out, fields);
            }
            OperandKind::Dot => out.push(b'.'),
            OperandKind::Nil => out.extend_from_slice(b"nil"),
            OperandKind::Bool(truth) => {
                out.extend_from_slice(if *truth { b"true" } else { b"false" });
            }
            OperandKind::Number(number) => out.extend_from_slice(number.text.as_bytes()),
            OperandKind::Text(end, _) => {
                let text = self.text.get(operand.position..*end);
                out.extend_from_slice(text.unwrap_or_default());
            }
        }
    }
}

fn write_names(out: &mut Vec<u8>, names: &[Name]) {
    for name in names {
        out.push(b'.');
        out.extend_from_slice(name.text.as_bytes());
    }
}
