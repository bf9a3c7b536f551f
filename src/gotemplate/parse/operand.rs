//! Pipelines, commands and their words.

use super::Parser;
use super::kind::{Keyword, Kind, Token};
use crate::gotemplate::builtin::Builtin;
use crate::gotemplate::tree::{
    Callee, Command, Name, Number, Operand, OperandKind, Pipe, Place, Target,
};
use crate::govalue::{grow_stack, print};

/// Parentheses may nest so deep, in Go as well.
const DEEPEST: usize = 10_000;

impl Parser<'_> {
    /// Declarations and commands up to a delimiter or a parenthesis.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<usize, String> {
        let position = self.peek_non_space().start;
        let id = self.id();
        let (names, is_assignment) = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::Rune
                | Kind::Complex
                | Kind::Keyword(Keyword::Dot | Keyword::Nil)
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    self.give_back();
                    commands.push(self.command()?);
                }
                _ => return self.unexpected(token, context),
            }
        }
        self.check_commands(&commands, context)?;
        let is_unsure = self.tree.parentheses > 0;
        let target = |name: Box<str>| {
            let place: Place = if is_assignment {
                self.tree.scope.find(&name)
            } else {
                [self.tree.scope.declare(&name, is_unsure)].into()
            };
            Target { name, place }
        };
        let variables: Box<[Target]> = names.into_iter().map(target).collect();
        let declared = variables
            .iter()
            .flat_map(|target| target.place.iter().copied());
        let unsure = if is_unsure {
            let declared: Vec<usize> = declared.filter(|_| !is_assignment).collect();
            self.tree.unsure.extend(declared);
            Box::default()
        } else {
            std::mem::take(&mut self.tree.unsure).into()
        };
        self.pipes.push(Pipe {
            id,
            position,
            is_assignment,
            variables,
            commands: commands.into(),
            unsure,
        });
        Ok(self.pipes.len() - 1)
    }

    /// `$a :=`, `$a =`, `$a, $b :=`: the names, and whether they are assigned only.
    fn declarations(&mut self, context: &str) -> Result<(Vec<Box<str>>, bool), String> {
        let mut names = Vec::new();
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok((names, false));
            }
            self.next();
            // A blank behind a variable is a token: it may have to be given back.
            let behind = self.peek();
            let next = self.peek_non_space();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.next_non_space();
                    self.say(variable, &mut names);
                    return Ok((names, next.kind == Kind::Assign));
                }
                Kind::Sign if self.bytes(next) == b"," => {
                    self.next_non_space();
                    self.say(variable, &mut names);
                    if context != "range" || names.len() >= 2 {
                        return self.fail(&format!("too many declarations in {context}"));
                    }
                    let follows = self.peek_non_space().kind;
                    if !matches!(
                        follows,
                        Kind::Variable | Kind::RightDelimiter | Kind::RightParenthesis
                    ) {
                        return self.fail("range can only initialize variables");
                    }
                }
                _ if behind.kind == Kind::Space => {
                    self.give_back_three(variable, behind);
                    return Ok((names, false));
                }
                _ => {
                    self.give_back_two(variable);
                    return Ok((names, false));
                }
            }
        }
    }

    fn say(&mut self, variable: Token, names: &mut Vec<Box<str>>) {
        let name = self.word(variable);
        self.tree.scope.say(&name);
        names.push(name.into());
    }

    fn check_commands(&self, commands: &[Command], context: &str) -> Result<(), String> {
        if commands.is_empty() {
            return self.fail(&format!("missing value for {context}"));
        }
        for (index, command) in commands.iter().enumerate().skip(1) {
            let is_literal = command.arguments.first().is_some_and(|first| {
                matches!(
                    first.kind,
                    OperandKind::Bool(_)
                        | OperandKind::Dot
                        | OperandKind::Nil
                        | OperandKind::Number(_)
                        | OperandKind::Text(..)
                )
            });
            if is_literal {
                let stage = index + 1;
                return self.fail(&format!("non executable command in pipeline stage {stage}"));
            }
        }
        Ok(())
    }

    /// Words up to a `|` or the end of the pipeline.
    fn command(&mut self) -> Result<Command, String> {
        let position = self.peek_non_space().start;
        let id = self.id();
        let mut arguments = Vec::new();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                arguments.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelimiter | Kind::RightParenthesis => {
                    self.give_back();
                    break;
                }
                Kind::Pipe => break,
                _ => return self.unexpected(token, "operand"),
            }
        }
        if arguments.is_empty() {
            return self.fail("empty command");
        }
        self.note_name(&arguments);
        Ok(Command {
            id,
            position,
            arguments: arguments.into(),
        })
    }

    /// An `include` of a name that is written out needs not look for it each time.
    fn note_name(&mut self, arguments: &[Operand]) {
        if let [function, name, ..] = arguments
            && matches!(function.kind, OperandKind::Function(Callee::Include))
            && let OperandKind::Text(_, literal) = name.kind
            && let Some(text) = self.literals.get(literal)
            && let Ok(text) = std::str::from_utf8(text)
            && let Some(symbol) = self.symbols.get_mut(literal)
        {
            *symbol = (self.names.symbol)(text);
        }
    }

    /// A term, and the fields asked of it.
    fn operand(&mut self) -> Result<Option<Operand>, String> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        if self.peek().kind != Kind::Field {
            return Ok(Some(term));
        }
        let position = self.peek().start;
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            names.push(self.name_of(token));
        }
        let kind = match term.kind {
            OperandKind::Field(before) => {
                let mut before = before.into_vec();
                before.extend(names);
                OperandKind::Field(before.into())
            }
            OperandKind::Variable { name, place, .. } => OperandKind::Variable {
                name,
                place,
                fields: names.into(),
            },
            OperandKind::Function(_) | OperandKind::Pipe(_) | OperandKind::Chain(..) => {
                OperandKind::Chain(Box::new(term), names.into())
            }
            OperandKind::Dot => return self.fail_dot("."),
            OperandKind::Nil => return self.fail_dot("nil"),
            OperandKind::Bool(truth) => return self.fail_dot(&truth.to_string()),
            OperandKind::Number(number) => return self.fail_dot(&number.text),
            OperandKind::Text(end, _) => {
                let text = self.text.get(term.position..end).unwrap_or_default();
                return self.fail_dot(&String::from_utf8_lossy(text));
            }
        };
        let id = self.id();
        Ok(Some(Operand { id, position, kind }))
    }

    fn fail_dot<T>(&self, term: &str) -> Result<T, String> {
        let term = print::quote(term.as_bytes());
        let term = String::from_utf8_lossy(&term);
        self.fail(&format!("unexpected . after term {term}"))
    }

    fn name_of(&self, field: Token) -> Name {
        let word = self.word(field);
        let text = word.strip_prefix('.').unwrap_or(&word);
        Name {
            is_exported: text.chars().next().is_some_and(char::is_uppercase),
            text: text.into(),
        }
    }

    /// A literal, a function, a field, a variable or a pipeline in parentheses.
    fn term(&mut self) -> Result<Option<Operand>, String> {
        let token = self.next_non_space();
        let mut position = token.start;
        let kind = match token.kind {
            Kind::Identifier => OperandKind::Function(self.function(token)?),
            Kind::Keyword(Keyword::Dot) => OperandKind::Dot,
            Kind::Keyword(Keyword::Nil) => OperandKind::Nil,
            Kind::Variable => self.variable(token)?,
            Kind::Field => OperandKind::Field([self.name_of(token)].into()),
            Kind::Bool => OperandKind::Bool(self.bytes(token) == b"true"),
            Kind::Rune | Kind::Complex | Kind::Number => self.number(token)?,
            Kind::LeftParenthesis => {
                let pipe = self.parentheses()?;
                position = self.pipes.get(pipe).map_or(position, |pipe| pipe.position);
                OperandKind::Pipe(pipe)
            }
            Kind::String | Kind::RawString => {
                let text = self.unquote(token)?;
                self.literals.push(text.into());
                self.symbols.push(None);
                OperandKind::Text(token.end, self.literals.len() - 1)
            }
            _ => {
                self.give_back();
                return Ok(None);
            }
        };
        let id = self.id();
        Ok(Some(Operand { id, position, kind }))
    }

    fn parentheses(&mut self) -> Result<usize, String> {
        if self.tree.parentheses >= DEEPEST {
            return self.fail("max expression depth exceeded");
        }
        self.tree.parentheses += 1;
        self.tree.depth += 1;
        self.tree.deepest = self.tree.deepest.max(self.tree.depth);
        let pipe = grow_stack(|| self.pipeline("parenthesized pipeline", Kind::RightParenthesis))?;
        self.tree.depth -= 1;
        self.tree.parentheses -= 1;
        Ok(pipe)
    }

    fn function(&self, token: Token) -> Result<Callee, String> {
        let name = self.word(token);
        let callee = match name.as_str() {
            "include" => Some(Callee::Include),
            "tpl" => Some(Callee::Tpl),
            name => match (self.names.function)(name) {
                Some(function) => Some(Callee::Function(function)),
                None => Builtin::find(name).map(Callee::Builtin),
            },
        };
        if let Some(callee) = callee {
            return Ok(callee);
        }
        let name = print::quote(name.as_bytes());
        let name = String::from_utf8_lossy(&name);
        self.fail(&format!("function {name} not defined"))
    }

    fn variable(&self, token: Token) -> Result<OperandKind, String> {
        let name = self.word(token);
        if !self.tree.scope.may_say(&name) {
            let name = print::quote(name.as_bytes());
            let name = String::from_utf8_lossy(&name);
            return self.fail(&format!("undefined variable {name}"));
        }
        Ok(OperandKind::Variable {
            place: self.tree.scope.find(&name),
            name: name.into(),
            fields: Box::default(),
        })
    }

    fn number(&self, token: Token) -> Result<OperandKind, String> {
        let text = self.word(token);
        let number = match token.kind {
            Kind::Rune => Number::parse_rune(&text),
            Kind::Complex => Number::parse_complex(&text),
            _ => Number::parse(&text),
        };
        match number {
            Ok(number) => Ok(OperandKind::Number(Box::new(number))),
            Err(why) => self.fail(&why),
        }
    }
}
