//! Whom a call is for, and whether it may run.

use std::time::Instant;

use super::super::House;
use super::super::hooks::{BoundState, HookSet};
use super::super::resident::Resident;
use super::super::steps::Place;
use super::{Ask, Wait};
use crate::admission::{AdmissionRequest, Answered, Conversion, Route, Rules, Step};
use crate::binding::{self, AdmissionBinding, FailurePolicy};
use crate::name::ModuleName;
use crate::task::Reply;

/// The type of conversion bindings.
const CONVERSION: &str = "kubernetesCustomResourceConversion";

/// What a call can do now.
pub(super) enum Next {
    /// Its hook may run.
    Run(Box<Target>),
    /// It waits; why.
    Wait(String),
    /// It is over.
    Answer(Answered),
}

/// The hook that a call is for, and what it is told.
pub(super) struct Target {
    pub(super) place: Place,
    pub(super) hook: String,
    /// The type of the binding.
    pub(super) binding: &'static str,
    /// The name of the binding.
    pub(super) name: String,
    pub(super) context: binding::Context,
    pub(super) reply: Reply,
    pub(super) policy: FailurePolicy,
    pub(super) summary: String,
    pub(super) step: Option<Step>,
}

/// Whether hooks of a place can be asked.
enum Standing {
    Known,
    /// Not yet; why.
    Later(String),
    /// Not by waiting; why.
    Never(String),
}

impl House {
    /// The binding that a route leads to.
    pub(super) fn admission_at(
        &self,
        route: &Route,
    ) -> Option<(Option<&ModuleName>, &str, &AdmissionBinding)> {
        let Route::Admission {
            place,
            kind,
            binding,
            ..
        } = route
        else {
            return None;
        };
        let (place, set) = self.sets().find(|(of, _)| *of == place.as_ref())?;
        let (hook, of) = set.hooks.iter().find(|(name, _)| route.leads_to(name))?;
        let mut admissions = of.config.admissions.iter();
        let found = admissions.find(|it| it.kind == *kind && it.name == *binding)?;
        Some((place, hook, found))
    }

    /// Whether a route leads to no hook, and waiting will not change that.
    pub(super) fn leads_nowhere(&self, route: &Route) -> bool {
        let Route::Admission { place, .. } = route else {
            return false;
        };
        match self.standing(place.as_ref()) {
            Standing::Known => self.admission_at(route).is_none(),
            Standing::Later(_) => false,
            Standing::Never(_) => true,
        }
    }

    pub(super) fn next_of(&self, ask: &Ask) -> Next {
        match ask {
            Ask::Admission(route, request) => self.next_admission(route, request),
            Ask::Conversion(conversion) => self.next_conversion(conversion),
        }
    }

    fn next_admission(&self, route: &Route, request: &AdmissionRequest) -> Next {
        if let Route::Admission { place, .. } = route {
            match self.standing(place.as_ref()) {
                Standing::Known => {}
                Standing::Later(why) => return Next::Wait(why),
                Standing::Never(why) => return Next::Answer(Answered::unavailable(&why)),
            }
        }
        let Some((place, hook, binding)) = self.admission_at(route) else {
            return Next::Answer(Answered::unavailable("there is no such hook any more"));
        };
        if let Some(why) = self.waits_for_list(place, (hook, &binding.include_snapshots)) {
            return Next::Wait(why);
        }
        Next::Run(Box::new(Target {
            place: place.cloned(),
            hook: hook.to_owned(),
            binding: binding.kind.key(),
            name: binding.name.clone(),
            context: binding::Context::admission(binding, request.text.clone()),
            reply: Reply::Admission {
                kind: binding.kind,
                dry_run: request.dry_run,
            },
            policy: binding
                .failure_policy
                .unwrap_or(self.settings.failure_policy),
            summary: format!("{}: {}", binding.name, request.summary),
            step: None,
        }))
    }

    fn next_conversion(&self, conversion: &Conversion) -> Next {
        let rules = Rules::new(conversion.definition(), self.called_hooks());
        let step = match conversion.next(&rules) {
            Ok(None) => return Next::Answer(conversion.answer()),
            Ok(Some(step)) => step,
            Err(why) if self.reads_hooks() => return Next::Wait(why),
            Err(why) => return Next::Answer(conversion.refuse(&why)),
        };
        let rule = &step.rule;
        let set = self.set(rule.place.as_ref());
        let hook = set.and_then(|set| set.hooks.get(&rule.hook));
        let binding = hook.and_then(|hook| hook.config.conversions.get(rule.binding));
        let found = binding.and_then(|it| Some((it, it.conversions.get(rule.conversion)?)));
        let Some((binding, conversion_rule)) = found else {
            return Next::Answer(conversion.refuse("there is no such hook any more"));
        };
        let place = rule.place.as_ref();
        if let Some(why) = self.waits_for_list(place, (&rule.hook, &binding.include_snapshots)) {
            return Next::Wait(why);
        }
        let request = step.request.clone();
        Next::Run(Box::new(Target {
            place: rule.place.clone(),
            hook: rule.hook.clone(),
            binding: CONVERSION,
            name: binding.name.clone(),
            context: binding::Context::conversion(binding, conversion_rule, request),
            reply: Reply::Conversion,
            // There is none for conversions.
            policy: FailurePolicy::Fail,
            summary: format!("{}: {}", binding.name, conversion.summary()),
            step: Some(step),
        }))
    }

    /// Why the hook of a call may not run now.
    pub(super) fn held_back(&self, target: &Target, now: Instant) -> Option<Wait> {
        let set = self.set(target.place.as_ref())?;
        let until = set.may_run_at(&target.hook, now)?;
        Some(Wait {
            why: format!("{} runs no faster than its settings say", target.hook),
            until: Some(until),
            ..Wait::default()
        })
    }

    fn standing(&self, place: Option<&ModuleName>) -> Standing {
        let Some(name) = place else {
            return if self.hooks.read_of.is_some() {
                Standing::Known
            } else {
                Standing::Later("the global hooks are not read yet".to_owned())
            };
        };
        let Some(resident) = self.residents.get(name) else {
            let why = format!("there is no module {name}");
            return if self.discovery.dirs.is_empty() {
                Standing::Later(why)
            } else {
                Standing::Never(why)
            };
        };
        let set = &resident.hooks;
        if self.follows() {
            return self.standing_of_follower(name, resident);
        }
        if resident.decision.is_none() && !self.converge.startup_done {
            Standing::Later(format!(
                "it is not decided yet whether module {name} is enabled"
            ))
        } else if !resident.enabled {
            Standing::Never(format!("module {name} is not enabled"))
        } else if set.read_of.is_some() {
            Standing::Known
        } else if set.chain.is_some() {
            Standing::Later(format!("the hooks of module {name} are not read yet"))
        } else {
            Standing::Never(format!("the hooks of module {name} are not read yet"))
        }
    }

    /// The same where another replica leads: it says which modules are enabled.
    fn standing_of_follower(&self, name: &ModuleName, resident: &Resident) -> Standing {
        let is_unread = format!("the hooks of module {name} are not read yet");
        if resident.hooks.read_of.is_some() && resident.enabled {
            Standing::Known
        } else if !self.objects_known {
            Standing::Later(is_unread)
        } else if !resident.enabled {
            Standing::Never(format!("module {name} is not enabled"))
        } else if self.reads_ahead(Some(name)) {
            Standing::Later(is_unread)
        } else {
            Standing::Never(is_unread)
        }
    }

    /// Whether hooks that may convert are being read.
    fn reads_hooks(&self) -> bool {
        if self.follows() {
            return !self.is_prepared();
        }
        let is_undecided =
            !self.converge.startup_done && self.residents.values().any(|it| it.decision.is_none());
        let reads = |set: &HookSet| set.read_of.is_none() && set.chain.is_some();
        self.hooks.read_of.is_none() || is_undecided || self.sets().any(|(_, set)| reads(set))
    }

    /// A hook is told what there is; so there must be a list.
    fn waits_for_list(
        &self,
        place: Option<&ModuleName>,
        (hook, names): (&str, &[String]),
    ) -> Option<String> {
        let set = self.set(place)?;
        set.bound.values().find_map(|bound| {
            let is_listing = bound.state == BoundState::Listing && bound.trouble.is_none();
            let binding = set
                .binding(bound)
                .filter(|_| bound.hook == hook && is_listing)?;
            let is_told = names.contains(&binding.name);
            is_told.then(|| format!("waits for the list of {}", binding.selection.kind))
        })
    }
}
