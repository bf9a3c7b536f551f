//! Tokens → statements, as Go's `text/template` understands them, with its words for what it does not.

mod control;
mod kind;
mod lex;
mod operand;
mod rune;
mod scope;
mod token;

use std::sync::Arc;

use kind::{Keyword, Kind, Token};
use lex::Lexer;
use scope::Scope;

use super::tree::{File, Id, Pipe, Statement, StatementKind, Template};
use crate::govalue::Function;

/// Blocks and parentheses that nest deeper are watched when they are executed.
const SHALLOW: usize = 16;

/// What a parser is told of the world: which functions there are, and the numbers of names.
pub(super) struct Names<'a> {
    pub(super) function: &'a dyn Fn(&str) -> Option<&'static Function>,
    pub(super) symbol: &'a mut dyn FnMut(&str) -> Option<usize>,
}

/// A file with its templates: what it defines, and last what it is itself.
pub(super) struct Parsed {
    pub(super) defined: Vec<Template>,
    pub(super) main: Template,
}

/// Parses a text.
///
/// # Errors
///
/// In Go's words: `template: t/x.yaml:1: unexpected EOF`.
pub(super) fn parse<'a>(
    name: &'a str,
    text: &'a [u8],
    number: Option<usize>,
    names: Names<'a>,
) -> Result<Parsed, String> {
    let mut parser = Parser {
        name,
        text,
        lexer: Lexer::new(text),
        names,
        tree: Tree::new(),
        lists: Vec::new(),
        pipes: Vec::new(),
        literals: Vec::new(),
        symbols: Vec::new(),
        drafts: Vec::new(),
        next_id: 0,
    };
    let main = parser.parse()?;
    let drafts = std::mem::take(&mut parser.drafts);
    let file = Arc::new(File {
        name: name.into(),
        text: text.into(),
        lists: parser.lists,
        pipes: parser.pipes,
        literals: parser.literals,
        symbols: parser.symbols,
        number,
    });
    let template = |draft: Draft| Template {
        name: draft.name,
        file: Arc::clone(&file),
        root: draft.root,
        slots: draft.slots,
        is_empty: draft.is_empty,
        is_deep: draft.depth > SHALLOW,
    };
    Ok(Parsed {
        defined: drafts.into_iter().map(template).collect(),
        main: template(main),
    })
}

/// A template whose file is not complete yet.
#[derive(Debug)]
struct Draft {
    name: Box<str>,
    root: usize,
    slots: usize,
    is_empty: bool,
    depth: usize,
}

struct Parser<'a> {
    name: &'a str,
    text: &'a [u8],
    lexer: Lexer<'a>,
    names: Names<'a>,
    tree: Tree,
    lists: Vec<Box<[Statement]>>,
    pipes: Vec<Pipe>,
    literals: Vec<Box<[u8]>>,
    symbols: Vec<Option<usize>>,
    drafts: Vec<Draft>,
    next_id: Id,
}

/// What belongs to one template of the file. A `define` has its own, a block in a template as well.
struct Tree {
    /// Up to three tokens that were read and given back.
    tokens: [Token; 3],
    given_back: usize,
    scope: Scope,
    /// How many `range` are open here.
    ranges: usize,
    parentheses: usize,
    /// What the parentheses of this action declare.
    unsure: Vec<usize>,
    /// The line on which the action began; nought outside.
    action_line: usize,
    depth: usize,
    deepest: usize,
}

impl Tree {
    fn new() -> Self {
        let token = Token {
            kind: Kind::End,
            start: 0,
            end: 0,
            line: 0,
        };
        Self {
            tokens: [token; 3],
            given_back: 0,
            scope: Scope::new(),
            ranges: 0,
            parentheses: 0,
            unsure: Vec::new(),
            action_line: 0,
            depth: 0,
            deepest: 0,
        }
    }
}

/// A statement, or what ends a list of them.
enum Part {
    Statement(Statement),
    End,
    /// With its place.
    Else,
}

impl Parser<'_> {
    /// The whole text.
    fn parse(&mut self) -> Result<Draft, String> {
        let mut statements = Vec::new();
        while self.peek().kind != Kind::End {
            if self.peek().kind == Kind::LeftDelimiter {
                let delimiter = self.next();
                if self.next_non_space().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.give_back_two(delimiter);
            }
            match self.text_or_action()? {
                Part::Statement(statement) => statements.push(statement),
                Part::End => return self.fail("unexpected {{end}}"),
                Part::Else => return self.fail("unexpected {{else}}"),
            }
        }
        let draft = self.draft(self.name.into(), statements);
        // The file itself may be defined in it, as any other name.
        let before = self.position_of(&draft.name);
        if let Some(before) = before {
            let is_empty = self.drafts.get(before).is_none_or(|before| before.is_empty);
            if is_empty {
                self.drafts.remove(before);
            } else if draft.is_empty {
                let defined = self.drafts.remove(before);
                return Ok(defined);
            } else {
                return self.fail_defined_twice(&draft.name);
            }
        }
        Ok(draft)
    }

    fn position_of(&self, name: &str) -> Option<usize> {
        self.drafts.iter().position(|draft| *draft.name == *name)
    }

    fn draft(&mut self, name: Box<str>, statements: Vec<Statement>) -> Draft {
        let is_empty = statements.iter().all(|statement| match statement.kind {
            StatementKind::Text(end) => {
                let text = self.text.get(statement.position..end).unwrap_or_default();
                std::str::from_utf8(text).is_ok_and(|text| text.trim().is_empty())
            }
            _ => false,
        });
        Draft {
            name,
            root: self.add_list(statements),
            slots: self.tree.scope.slots(),
            is_empty,
            depth: self.tree.deepest,
        }
    }

    fn add_list(&mut self, statements: Vec<Statement>) -> usize {
        self.lists.push(statements.into());
        self.lists.len() - 1
    }

    /// `{{ define "name" }} … {{ end }}`, behind the word.
    fn definition(&mut self) -> Result<(), String> {
        let outer = std::mem::replace(&mut self.tree, Tree::new());
        let name = self.next_non_space();
        if !matches!(name.kind, Kind::String | Kind::RawString) {
            return self.unexpected(name, "define clause");
        }
        let name = self.unquote(name)?;
        let name: Box<str> = String::from_utf8_lossy(&name).into();
        self.expect(Kind::RightDelimiter, "define clause")?;
        self.body(name, "define clause")?;
        self.tree = outer;
        Ok(())
    }

    /// The statements of a template up to its `end`, which become one.
    fn body(&mut self, name: Box<str>, context: &str) -> Result<(), String> {
        let (statements, has_else) = self.statements()?;
        if has_else {
            return self.fail(&format!("unexpected {{{{else}}}} in {context}"));
        }
        let draft = self.draft(name, statements);
        self.add(draft)
    }

    fn add(&mut self, draft: Draft) -> Result<(), String> {
        let before = self.position_of(&draft.name);
        match before.and_then(|before| self.drafts.get_mut(before)) {
            None => self.drafts.push(draft),
            Some(before) if before.is_empty => *before = draft,
            Some(_) if draft.is_empty => {}
            Some(_) => return self.fail_defined_twice(&draft.name),
        }
        Ok(())
    }

    fn fail_defined_twice<T>(&self, name: &str) -> Result<T, String> {
        let name = crate::govalue::print::quote(name.as_bytes());
        let name = String::from_utf8_lossy(&name);
        self.fail(&format!("template: multiple definition of template {name}"))
    }

    /// Statements up to an `end` or an `else`, and whether it was an `else`.
    fn statements(&mut self) -> Result<(Vec<Statement>, bool), String> {
        let mut statements = Vec::new();
        while self.peek_non_space().kind != Kind::End {
            match self.text_or_action()? {
                Part::Statement(statement) => statements.push(statement),
                Part::End => return Ok((statements, false)),
                Part::Else => return Ok((statements, true)),
            }
        }
        self.fail("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Result<Part, String> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => {
                let kind = StatementKind::Text(token.end);
                Ok(Part::Statement(self.statement(token.start, kind)))
            }
            Kind::LeftDelimiter => {
                self.tree.action_line = token.line;
                let part = self.action()?;
                self.tree.action_line = 0;
                Ok(part)
            }
            _ => self.unexpected(token, "input"),
        }
    }

    fn statement(&mut self, position: usize, kind: StatementKind) -> Statement {
        Statement {
            id: self.id(),
            position,
            kind,
        }
    }

    fn id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id
    }
}
