//! What is wrong with a pattern, in Go's words.

/// The kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mistake {
    #[error("invalid UTF-8")]
    Utf8,
    #[error("invalid character class range")]
    Range,
    #[error("invalid escape sequence")]
    Escape,
    #[error("invalid named capture")]
    Name,
    #[error("invalid or unsupported Perl syntax")]
    Perl,
    #[error("invalid nested repetition operator")]
    NestedRepeat,
    #[error("invalid repeat count")]
    RepeatCount,
    #[error("missing argument to repetition operator")]
    RepeatNothing,
    #[error("missing closing ]")]
    Bracket,
    #[error("missing closing )")]
    Parenthesis,
    #[error("unexpected )")]
    UnexpectedParenthesis,
    #[error("trailing backslash at end of expression")]
    Backslash,
    #[error("expression nests too deeply")]
    TooDeep,
    #[error("expression too large")]
    TooLarge,
}

impl Mistake {
    /// `error parsing regexp: missing closing ]: [a` with the part in back quotes.
    pub(super) fn at(self, part: &str) -> String {
        format!("error parsing regexp: {self}: `{part}`")
    }
}
