//! What a run owes the API server, and what it gives.

use crate::admission::{Converted, Verdict, parse_converted, parse_verdict};
use crate::binding::AdmissionKind;
use crate::hook::Output;
use crate::report::{Mistake, Mistakes};

/// What a run owes the API server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reply {
    /// Nothing: it is no run of the API server.
    #[default]
    None,
    /// Whether a request is allowed.
    Admission {
        /// What the hook may do.
        kind: AdmissionKind,
        /// Whether the request is a trial: then nothing takes effect but the answer.
        dry_run: bool,
    },
    /// Converted objects.
    Conversion,
}

/// What a run gives the API server.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Replied {
    /// Nothing.
    #[default]
    None,
    /// Whether a request is allowed.
    Verdict(Verdict),
    /// Converted objects.
    Converted(Converted),
}

impl Reply {
    /// Reads what the hook has written. Answers what of it has no effect as well.
    pub(super) fn read(self, output: &Output) -> Result<(Replied, Vec<Mistake>), Mistakes> {
        match self {
            Self::None => Ok((Replied::None, Vec::new())),
            Self::Admission { kind, .. } => {
                let mut verdict = parse_verdict(kind, &output.admission)?;
                let ignored = std::mem::take(&mut verdict.ignored);
                Ok((Replied::Verdict(verdict), ignored))
            }
            Self::Conversion => {
                let (converted, ignored) = parse_converted(&output.conversion)?;
                Ok((Replied::Converted(converted), ignored))
            }
        }
    }

    /// Whether nothing but the answer may take effect.
    pub(super) fn is_trial(self) -> bool {
        matches!(self, Self::Admission { dry_run: true, .. })
    }
}
