//! One thing that is wrong or odd, for people and programs.

use std::fmt;

use serde::Serialize;

use crate::report::Mistake;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Severity {
    /// It does not work.
    Error,
    /// It works, and surely not as meant.
    Warning,
    /// It could not be looked at.
    Note,
}

/// A finding. Its text is one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) file: String,
    /// From 1; 0 when it is not known.
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) path: String,
    pub(super) message: String,
    pub(super) fix: String,
}

impl Severity {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    pub(super) fn new(severity: Severity, mistake: Mistake) -> Self {
        Self {
            severity,
            file: mistake.file,
            line: mistake.line,
            column: mistake.column,
            path: mistake.path,
            message: mistake.message,
            fix: mistake.hint,
        }
    }
}

/// `modules/010-web/module.yaml:3:1: error: requires[0]: there is no module bas (did you mean base?)`
impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if self.line > 0 && self.column > 0 {
            write!(out, ":{}", self.column)?;
        }
        write!(out, ": {}: ", self.severity.name())?;
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        out.write_str(&one_line(&self.message))?;
        if !self.fix.is_empty() {
            write!(out, " ({})", one_line(&self.fix))?;
        }
        Ok(())
    }
}

/// What hooks said may have several lines.
fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let mistake = Mistake::new("a/module.yaml", "first\n  second")
            .at(3, 7)
            .path("requires[0]")
            .hint("do this")
            .excerpt("> 3 | x");
        assert_eq!(
            Finding::new(Severity::Error, mistake).to_string(),
            "a/module.yaml:3:7: error: requires[0]: first; second (do this)"
        );
        let mistake = Mistake::new("a/enabled", "not executable");
        assert_eq!(
            Finding::new(Severity::Warning, mistake).to_string(),
            "a/enabled: warning: not executable"
        );
    }
}
