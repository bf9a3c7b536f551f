//! Actions: `if`, `with`, `range`, `template`, `block`, and what is printed.

use super::kind::{Keyword, Kind, Token};
use super::{Parser, Part, Tree};
use crate::gotemplate::tree::{Branch, StatementKind};
use crate::govalue::grow_stack;

/// The actions that depend on a pipeline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    If,
    With,
    Range,
}

impl Control {
    fn word(self) -> &'static str {
        match self {
            Self::If => "if",
            Self::With => "with",
            Self::Range => "range",
        }
    }
}

impl Parser<'_> {
    /// An action, behind its `{{`.
    pub(super) fn action(&mut self) -> Result<Part, String> {
        let token = self.next_non_space();
        let Kind::Keyword(keyword) = token.kind else {
            return self.print_action();
        };
        match keyword {
            Keyword::Block => self.block(),
            Keyword::Break => self.leave_range(token, "break", StatementKind::Break),
            Keyword::Continue => self.leave_range(token, "continue", StatementKind::Continue),
            Keyword::Else => self.else_action(),
            Keyword::End => {
                self.expect(Kind::RightDelimiter, "end")?;
                Ok(Part::End)
            }
            Keyword::If => self.control(Control::If),
            Keyword::Range => self.control(Control::Range),
            Keyword::Template => self.template(),
            Keyword::With => self.control(Control::With),
            Keyword::Dot | Keyword::Define | Keyword::Nil => self.print_action(),
        }
    }

    fn print_action(&mut self) -> Result<Part, String> {
        self.give_back();
        let position = self.peek().start;
        let id = self.id();
        let pipe = self.pipeline("command", Kind::RightDelimiter)?;
        let mut statement = self.statement(position, StatementKind::Action(pipe));
        statement.id = id;
        Ok(Part::Statement(statement))
    }

    fn leave_range(
        &mut self,
        token: Token,
        word: &str,
        kind: StatementKind,
    ) -> Result<Part, String> {
        let next = self.next_non_space();
        if next.kind != Kind::RightDelimiter {
            return self.unexpected(next, &format!("{{{{{word}}}}}"));
        }
        if self.tree.ranges == 0 {
            return self.fail(&format!("{{{{{word}}}}} outside {{{{range}}}}"));
        }
        Ok(Part::Statement(self.statement(token.start, kind)))
    }

    /// `else`; an `if` or `with` behind it is left for who asked.
    fn else_action(&mut self) -> Result<Part, String> {
        let next = self.peek_non_space();
        let goes_on = matches!(next.kind, Kind::Keyword(Keyword::If | Keyword::With));
        if !goes_on {
            self.expect(Kind::RightDelimiter, "else")?;
        }
        Ok(Part::Else)
    }

    fn control(&mut self, control: Control) -> Result<Part, String> {
        self.tree.depth += 1;
        self.tree.deepest = self.tree.deepest.max(self.tree.depth);
        let said = self.tree.scope.said();
        let before = self.tree.scope.live();
        let pipe = self.pipeline(control.word(), Kind::RightDelimiter)?;
        let position = self.pipes.get(pipe).map_or(0, |pipe| pipe.position);
        let inside = self.tree.scope.live();
        self.tree.ranges += usize::from(control == Control::Range);
        let (statements, has_else) = grow_stack(|| self.statements())?;
        self.tree.ranges -= usize::from(control == Control::Range);
        let list = self.add_list(statements);
        // What the list declared is gone in its `else`, but may be said there.
        self.tree.scope.end(inside);
        let otherwise = if has_else {
            Some(self.else_list(control)?)
        } else {
            None
        };
        self.tree.scope.end(before);
        self.tree.scope.unsay(said);
        self.tree.depth -= 1;
        let branch = Branch {
            pipe,
            list,
            otherwise,
        };
        let kind = match control {
            Control::If => StatementKind::If(branch),
            Control::With => StatementKind::With(branch),
            Control::Range => StatementKind::Range(branch),
        };
        Ok(Part::Statement(self.statement(position, kind)))
    }

    /// What stands behind `else`: `{{ else if x }}` is an `if` in the `else` that ends with it.
    fn else_list(&mut self, control: Control) -> Result<usize, String> {
        let next = self.peek();
        let goes_on = match control {
            Control::If => next.kind == Kind::Keyword(Keyword::If),
            Control::With => next.kind == Kind::Keyword(Keyword::With),
            Control::Range => false,
        };
        if goes_on {
            self.next();
            let Part::Statement(statement) = grow_stack(|| self.control(control))? else {
                return self.fail("unexpected {{else}}");
            };
            return Ok(self.add_list(vec![statement]));
        }
        let (statements, has_else) = grow_stack(|| self.statements())?;
        if has_else {
            return self.fail("expected end; found {{else}}");
        }
        Ok(self.add_list(statements))
    }

    /// `{{ template "name" . }}`
    fn template(&mut self) -> Result<Part, String> {
        let token = self.next_non_space();
        let name = self.template_name(token, "template clause")?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelimiter {
            self.give_back();
            pipe = Some(self.pipeline("template clause", Kind::RightDelimiter)?);
        }
        Ok(self.template_statement(token, name, pipe))
    }

    fn template_statement(&mut self, token: Token, name: Box<str>, pipe: Option<usize>) -> Part {
        let symbol = (self.names.symbol)(&name);
        let kind = StatementKind::Template { name, symbol, pipe };
        Part::Statement(self.statement(token.start, kind))
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Box<str>, String> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return self.unexpected(token, context);
        }
        let name = self.unquote(token)?;
        Ok(String::from_utf8_lossy(&name).into())
    }

    /// `{{ block "name" . }} … {{ end }}`: a definition, and a `template` where it stands.
    fn block(&mut self) -> Result<Part, String> {
        let context = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, context)?;
        let pipe = self.pipeline(context, Kind::RightDelimiter)?;
        let outer = std::mem::replace(&mut self.tree, Tree::new());
        grow_stack(|| self.body(name.clone(), context))?;
        self.tree = outer;
        Ok(self.template_statement(token, name, Some(pipe)))
    }
}
