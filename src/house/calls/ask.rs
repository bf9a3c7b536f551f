//! What the API server asks, and how a hook answers it.

use super::Running;
use crate::admission::{AdmissionRequest, Answered, Conversion, Converted, Route, Verdict};
use crate::binding::FailurePolicy;
use crate::task::Replied;

/// What is asked.
pub(super) enum Ask {
    Admission(Route, AdmissionRequest),
    Conversion(Conversion),
}

impl Ask {
    /// The answer of a hook, if it is one already, and what it says, for people.
    ///
    /// *Errors*: it is not what was asked for; why.
    pub(super) fn answer(
        &mut self,
        replied: Replied,
        run: &Running,
    ) -> Result<(Option<Answered>, String), String> {
        match (self, replied, &run.step) {
            (Self::Admission(_, request), Replied::Verdict(verdict), _) => {
                let said = match &verdict.denial {
                    Some(_) => verdict.summary(),
                    None => String::new(),
                };
                Ok((Some(request.answer(&verdict)), said))
            }
            (Self::Conversion(conversion), Replied::Converted(Converted::Failed(why)), _) => Ok((
                Some(conversion.refuse(&why)),
                format!("not converted: {why}"),
            )),
            (
                Self::Conversion(conversion),
                Replied::Converted(Converted::Objects(objects)),
                Some(step),
            ) => {
                conversion.take(step, objects)?;
                Ok((None, String::new()))
            }
            _ => Err("gave no answer".to_owned()),
        }
    }

    /// The answer when a hook failed; why.
    pub(super) fn failed(&self, policy: FailurePolicy, why: &str) -> Answered {
        match self {
            Self::Admission(_, request) => request.answer(&Verdict::of_failure(policy, why)),
            Self::Conversion(conversion) => conversion.refuse(why),
        }
    }
}
