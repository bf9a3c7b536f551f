//! Why a filter cannot be used, or gave nothing.

/// What can go wrong with a filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is not a filter.
    #[error("line {line}, column {column}: {message}")]
    Compile {
        /// 1-based line in the text of the filter.
        line: usize,
        /// 1-based column in that line, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// The input is not JSON.
    #[error("the input is not JSON: {0}")]
    Input(String),
    /// The filter failed on this input.
    #[error("{0}")]
    Run(String),
    /// The filter asked for more than a filter may have.
    #[error("the filter needs more than {0}")]
    Limit(&'static str),
}
