//! Tokens taken, looked at and given back, and what is said when another was wanted.

use super::Parser;
use super::kind::{Kind, Token};
use crate::gotemplate::tree::unquote;
use crate::govalue::print;

impl Parser<'_> {
    pub(super) fn next(&mut self) -> Token {
        let tree = &mut self.tree;
        if tree.given_back > 0 {
            tree.given_back -= 1;
        } else {
            tree.tokens[0] = self.lexer.next();
        }
        tree.tokens[tree.given_back]
    }

    /// Gives back what [`Self::next`] gave.
    pub(super) fn give_back(&mut self) {
        self.tree.given_back += 1;
    }

    /// Gives back two tokens, of which this is the first.
    pub(super) fn give_back_two(&mut self, first: Token) {
        self.tree.tokens[1] = first;
        self.tree.given_back = 2;
    }

    /// Gives back three tokens, of which these are the first.
    pub(super) fn give_back_three(&mut self, first: Token, second: Token) {
        self.tree.tokens[1] = second;
        self.tree.tokens[2] = first;
        self.tree.given_back = 3;
    }

    pub(super) fn peek(&mut self) -> Token {
        let tree = &mut self.tree;
        if tree.given_back > 0 {
            return tree.tokens[tree.given_back - 1];
        }
        tree.given_back = 1;
        tree.tokens[0] = self.lexer.next();
        tree.tokens[0]
    }

    pub(super) fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    pub(super) fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.give_back();
        token
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Result<Token, String> {
        let token = self.next_non_space();
        if token.kind == kind {
            return Ok(token);
        }
        self.unexpected(token, context)
    }

    pub(super) fn bytes(&self, token: Token) -> &[u8] {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    pub(super) fn word(&self, token: Token) -> String {
        String::from_utf8_lossy(self.bytes(token)).into_owned()
    }

    pub(super) fn unquote(&self, token: Token) -> Result<Vec<u8>, String> {
        match unquote(self.bytes(token)) {
            Some(text) => Ok(text),
            None => self.fail("invalid syntax"),
        }
    }

    /// Ends the parsing, at the line of the last token.
    pub(super) fn fail<T>(&self, why: &str) -> Result<T, String> {
        let line = self.tree.tokens[0].line;
        Err(format!("template: {}:{line}: {why}", self.name))
    }

    pub(super) fn unexpected<T>(&self, token: Token, context: &str) -> Result<T, String> {
        if token.kind != Kind::Mistake {
            return self.fail(&format!("unexpected {} in {context}", self.show(token)));
        }
        let mut why = self.lexer.mistake.clone();
        let line = self.tree.action_line;
        if line != 0 && line != token.line {
            // Not "unclosed action in action".
            let begin = if why.ends_with(" action") {
                ""
            } else {
                " in action"
            };
            why = format!("{why}{begin} started at {}:{line}", self.name);
        }
        self.fail(&why)
    }

    /// A token as errors show it.
    fn show(&self, token: Token) -> String {
        let bytes = self.bytes(token);
        match token.kind {
            Kind::End => return "EOF".to_owned(),
            Kind::Keyword(_) => return format!("<{}>", String::from_utf8_lossy(bytes)),
            _ => {}
        }
        let short = if bytes.len() > 10 {
            let mut end = 0;
            for _ in 0..10 {
                end += print::first_rune(bytes.get(end..).unwrap_or_default()).1;
            }
            bytes.get(..end).unwrap_or(bytes)
        } else {
            bytes
        };
        let text = print::quote(short);
        let text = String::from_utf8_lossy(&text);
        if bytes.len() > 10 {
            format!("{text}...")
        } else {
            text.into_owned()
        }
    }
}
