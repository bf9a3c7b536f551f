//! Findings by module, as a document and as lines.

use serde::Serialize;

use super::super::finding::{Finding, Severity};
use crate::report::Mistake;
use crate::serve::{Paint, Tone, painted};

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) modules: Vec<Linted>,
    errors: usize,
    warnings: usize,
    notes: usize,
}

/// What was found in one module, in the files of all of them, or in the global hooks.
#[derive(Debug, Default, Serialize)]
pub(super) struct Linted {
    /// The module's name; `global`; the modules directory.
    pub(super) module: String,
    pub(super) folder: String,
    pub(super) findings: Vec<Finding>,
}

impl Linted {
    pub(super) fn new(module: impl Into<String>, folder: impl Into<String>) -> Self {
        Self {
            module: module.into(),
            folder: folder.into(),
            findings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, severity: Severity, mistakes: impl IntoIterator<Item = Mistake>) {
        let found = mistakes.into_iter();
        self.findings
            .extend(found.map(|mistake| Finding::new(severity, mistake)));
    }
}

impl Report {
    /// Sorts the findings as a person reads files; what was found twice is told once.
    pub(super) fn of(mut modules: Vec<Linted>) -> Self {
        for linted in &mut modules {
            let order = |finding: &Finding| (finding.file.clone(), finding.line, finding.column);
            linted.findings.sort_by_key(order);
            linted.findings.dedup();
        }
        let count = |severity| {
            let all = modules.iter().flat_map(|linted| &linted.findings);
            all.filter(|finding| finding.severity == severity).count()
        };
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            modules,
        }
    }

    /// Whether this is good enough; when `strict`, warnings are not.
    pub(super) fn is_good(&self, strict: bool) -> bool {
        self.errors == 0 && !(strict && self.warnings > 0)
    }

    /// A head for each module with findings and a line for each of them; the last line counts.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        for linted in &self.modules {
            if linted.findings.is_empty() {
                continue;
            }
            text.push_str(&painted(&linted.module, Tone::Head, paint));
            text.push('\n');
            for finding in &linted.findings {
                let tone = match finding.severity {
                    Severity::Error => Tone::Bad,
                    Severity::Warning => Tone::Notable,
                    Severity::Note => Tone::Faint,
                };
                text.extend(["  ", &painted(&finding.to_string(), tone, paint), "\n"]);
            }
            text.push('\n');
        }
        text + &self.summary()
    }

    fn summary(&self) -> String {
        let s = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let looked = s(self.modules.len(), "folder");
        let mut parts = vec![s(self.errors, "error"), s(self.warnings, "warning")];
        if self.notes > 0 {
            parts.push(s(self.notes, "note"));
        }
        format!("{looked} looked at: {}\n", parts.join(", "))
    }
}
