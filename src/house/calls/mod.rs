//! What the API server asks of hooks: runs outside all queues, each answered in time.
//!
//! | a call | next |
//! |---|---|
//! | waits: for its hook to be read, for lists, for the hook's settings, for a process less | its hook runs; or its time is over: the failure policy |
//! | runs | the hook ended: the answer, or the next step of a conversion; or its time is over: the failure policy, and the hook is killed |
//!
//! Values, objects and metrics of such a run take effect as those of any other.

mod ask;
mod target;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::hooks::Ended;
use super::steps::{Place, Times};
use super::{Count, House};
use crate::admission::{
    AdmissionRequest, Answered, CONVERSION_TIMEOUT, Conversion, Route, Step, Wanted, time_to_answer,
};
use crate::binding::{FailurePolicy, HookConfig};
use crate::name::{ModuleName, ValuesKey};
use crate::task::{Error, HookCall, HookRan};

use ask::Ask;
use target::{Next, Target};

/// How long the API server waits when its webhook is not known, as long as it does by default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a call waits for a process.
const FULL: &str = "too many hooks are asked at once";

/// All calls that are not over.
#[derive(Default)]
pub(super) struct Calls {
    next: u64,
    open: BTreeMap<u64, Call>,
    answers: Vec<(u64, Answered)>,
}

/// A question of the API server.
struct Call {
    ask: Ask,
    since: Instant,
    timeout: Duration,
    answer_by: Instant,
    state: State,
    /// Whether nobody waits for an answer any more.
    is_answered: bool,
}

/// How far a call is.
enum State {
    /// It cannot run yet.
    Waits(Wait),
    /// Its hook runs.
    Runs(Box<Running>),
}

#[derive(Default)]
struct Wait {
    /// Why, for people.
    why: String,
    /// For whose hook, if that is known.
    of: Option<(Place, String)>,
    /// When it can be over by itself.
    until: Option<Instant>,
}

struct Running {
    place: Place,
    hook: String,
    /// The type of the binding.
    binding: &'static str,
    /// Its name.
    webhook: String,
    summary: String,
    policy: FailurePolicy,
    step: Option<Step>,
}

/// A run that starts now.
pub struct CalledHook {
    /// The number of its call.
    pub id: u64,
    /// The run.
    pub call: Box<HookCall>,
}

impl House {
    /// Takes a question of the API server; answers its number.
    ///
    /// *Errors*: it is none; the answer says why.
    pub fn take_call(&mut self, path: &str, body: &[u8], now: Instant) -> Result<u64, Answered> {
        let unknown = || Answered::unavailable(&format!("there is no hook at {path}"));
        let route = Route::parse(path).ok_or_else(unknown)?;
        let (ask, timeout) = match &route {
            Route::Conversion { definition } => {
                let conversion = Conversion::parse(definition, body)?;
                (Ask::Conversion(conversion), CONVERSION_TIMEOUT)
            }
            Route::Admission { .. } => {
                let request = AdmissionRequest::parse(body)?;
                let timeout = self.admission_at(&route).map_or(TIMEOUT, |(.., binding)| {
                    Duration::from_secs(u64::from(binding.timeout_seconds))
                });
                (Ask::Admission(route, request), timeout)
            }
        };
        self.calls.next += 1;
        let id = self.calls.next;
        let call = Call {
            ask,
            since: now,
            timeout,
            answer_by: now + time_to_answer(timeout),
            state: State::Waits(Wait {
                why: FULL.to_owned(),
                ..Wait::default()
            }),
            is_answered: false,
        };
        self.calls.open.insert(id, call);
        Ok(id)
    }

    /// Starts the hooks of calls that may run, and answers those that nobody will. No more run than the
    /// limit; what they would be given is not made before.
    pub fn start_calls(&mut self, now: Instant) -> Vec<CalledHook> {
        let is_waiting = |call: &Call| matches!(call.state, State::Waits(_));
        let open = self.calls.open.iter();
        let waiting = open.filter(|(_, call)| is_waiting(call));
        let ids: Vec<u64> = waiting.map(|(id, _)| *id).collect();
        let running = self.calls.open.len() - ids.len();
        let mut free = self.settings.hook_processes.max(1).saturating_sub(running);
        let mut started = Vec::new();
        for id in ids {
            // Who need not be run for is answered although all are busy.
            if free == 0 && !self.is_for_nobody(id) {
                self.calls.wait_for_process(id, now);
                continue;
            }
            if let Some(called) = self.start_call(id, now) {
                started.push(called);
                free -= 1;
            }
        }
        started
    }

    /// The answers since the last time asked, by call. Hooks of these calls that run are to be ended.
    pub fn take_answers(&mut self) -> Vec<(u64, Answered)> {
        std::mem::take(&mut self.calls.answers)
    }

    /// Nobody waits for an answer any more. When its hook runs it is to be ended.
    pub fn give_up_call(&mut self, id: u64) {
        let Some(call) = self.calls.open.get_mut(&id) else {
            return;
        };
        call.is_answered = true;
        if matches!(call.state, State::Waits(..)) {
            self.calls.open.remove(&id);
        }
    }

    /// Takes the end of a run that a call asked for; `Err` when the task itself broke. Answers the key
    /// of the values that the hook may change.
    pub fn call_ended(
        &mut self,
        id: u64,
        ran: Result<HookRan, String>,
        times: Times,
    ) -> Option<ValuesKey> {
        let mut call = self.calls.open.remove(&id)?;
        let before = std::mem::replace(&mut call.state, State::Waits(Wait::default()));
        let State::Runs(run) = before else {
            return None;
        };
        let key = run
            .place
            .as_ref()
            .map_or_else(ValuesKey::global, ModuleName::key);
        self.end_call((id, call), &run, ran, times);
        Some(key)
    }

    fn end_call(
        &mut self,
        (id, mut call): (u64, Call),
        run: &Running,
        ran: Result<HookRan, String>,
        times: Times,
    ) {
        let place = run.place.clone();
        let set = self.set_mut(place.as_ref());
        if !set.is_some_and(|set| set.calls.remove(&id)) {
            return self.answer_call(id, &call, Answered::unavailable(&gone(place.as_ref())));
        }
        let ran = ran.unwrap_or_else(|why| HookRan {
            error: Some(Error::Broken(why)),
            ..HookRan::default()
        });
        if ran.error.as_ref().is_some_and(Error::is_stop) {
            return self.answer_call(id, &call, Answered::unavailable("the operator stops"));
        }
        let answered = match self.take_called(&mut call.ask, run, ran, times) {
            Ok(answered) => answered,
            Err(why) => Some(call.ask.failed(run.policy, &why)),
        };
        match answered {
            Some(answered) => self.answer_call(id, &call, answered),
            // A conversion goes on with its next step.
            None if call.is_answered => {}
            None => drop(self.calls.open.insert(id, call)),
        }
    }

    /// Whether the hooks of all enabled modules are read, so that what they do not want nobody wants.
    /// A module whose hooks cannot be read may still want what is there from an earlier life.
    pub fn knows_all_hooks(&self) -> bool {
        let mut live = self.sets().filter(|(place, _)| !self.is_off(*place));
        self.converge.startup_done && live.all(|(_, set)| set.read_of.is_some())
    }

    /// What the API server shall ask hooks that are read.
    pub fn wanted_webhooks(&self) -> Wanted {
        Wanted::new(self.called_hooks(), self.settings.failure_policy)
    }

    /// When calls have to be answered, or may run.
    pub(super) fn calls_wake_at(&self) -> Option<Instant> {
        let open = self.calls.open.values().filter(|call| !call.is_answered);
        open.flat_map(|call| {
            let until = match &call.state {
                State::Waits(wait) => wait.until,
                State::Runs(_) => None,
            };
            [Some(call.answer_by), until]
        })
        .flatten()
        .min()
    }

    /// Answers calls whose time is over.
    pub(super) fn end_late_calls(&mut self, now: Instant) {
        let is_late = |call: &Call| !call.is_answered && call.answer_by <= now;
        let open = self.calls.open.iter();
        let late: Vec<u64> = open
            .filter(|(_, call)| is_late(call))
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            let Some(call) = self.calls.open.get_mut(&id) else {
                continue;
            };
            call.is_answered = true;
            let answered = call.too_late();
            if matches!(call.state, State::Waits(..)) {
                self.calls.open.remove(&id);
            }
            self.calls.answers.push((id, answered));
        }
    }

    /// How many calls wait for a hook, or have it run.
    pub(super) fn calls_of(&self, place: Option<&ModuleName>, hook: &str) -> usize {
        let open = self.calls.open.values();
        open.filter(|call| match &call.state {
            State::Waits(wait) => {
                let of = wait.of.as_ref();
                of.is_some_and(|(of, name)| (of.as_ref(), name.as_str()) == (place, hook))
            }
            State::Runs(run) => (run.place.as_ref(), run.hook.as_str()) == (place, hook),
        })
        .count()
    }

    /// The hooks that the API server may call: of places that are on.
    fn called_hooks(&self) -> impl Iterator<Item = (Option<&ModuleName>, &str, &HookConfig)> {
        let live = self.sets().filter(|(place, _)| !self.is_off(*place));
        live.flat_map(|(place, set)| {
            let hooks = set.hooks.iter();
            hooks.map(move |(name, hook)| (place, name.as_str(), &*hook.config))
        })
    }

    fn is_for_nobody(&self, id: u64) -> bool {
        match self.calls.open.get(&id).map(|call| &call.ask) {
            Some(Ask::Admission(route, _)) => self.leads_nowhere(route),
            Some(Ask::Conversion(_)) | None => false,
        }
    }

    fn start_call(&mut self, id: u64, now: Instant) -> Option<CalledHook> {
        let next = self.next_of(&self.calls.open.get(&id)?.ask);
        let target = match next {
            Next::Run(target) => *target,
            Next::Wait(why) => {
                let wait = Wait {
                    why,
                    ..Wait::default()
                };
                self.calls.open.get_mut(&id)?.state = State::Waits(wait);
                return None;
            }
            Next::Answer(answered) => {
                let call = self.calls.open.remove(&id)?;
                self.answer_call(id, &call, answered);
                return None;
            }
        };
        if let Some(mut wait) = self.held_back(&target, now) {
            wait.of = Some((target.place, target.hook));
            self.calls.open.get_mut(&id)?.state = State::Waits(wait);
            return None;
        }
        self.run_call(id, target, now)
    }

    fn run_call(&mut self, id: u64, target: Target, now: Instant) -> Option<CalledHook> {
        let of = (target.place.as_ref(), target.hook.as_str());
        let contexts = vec![target.context];
        let Some(mut hook_call) = self.hook_call(of, contexts, (String::new(), id), now) else {
            let call = self.calls.open.remove(&id)?;
            let why = gone(target.place.as_ref());
            self.answer_call(id, &call, Answered::unavailable(&why));
            return None;
        };
        hook_call.reply = target.reply;
        self.set_mut(target.place.as_ref())?.calls.insert(id);
        let call = self.calls.open.get_mut(&id)?;
        let waited = now.saturating_duration_since(call.since);
        let count = Count::HookWaited {
            module: target.place.clone(),
            hook: target.hook.clone(),
            binding: target.name.clone(),
            queue: String::new(),
            waited,
        };
        call.state = State::Runs(Box::new(Running {
            place: target.place,
            hook: target.hook,
            binding: target.binding,
            webhook: target.name,
            summary: target.summary,
            policy: target.policy,
            step: target.step,
        }));
        self.count(count);
        Some(CalledHook {
            id,
            call: Box::new(hook_call),
        })
    }

    /// Takes what a run brought; answers the answer, if that was all.
    ///
    /// *Errors*: the hook did not do well; why.
    fn take_called(
        &mut self,
        ask: &mut Ask,
        run: &Running,
        mut ran: HookRan,
        times: Times,
    ) -> Result<Option<Answered>, String> {
        let place = run.place.as_ref();
        let mut ended = Ended {
            place,
            hook: &run.hook,
            summary: run.summary.clone(),
            binding: run.binding,
            name: run.webhook.clone(),
            queue: String::new(),
            said: String::new(),
            may_fail: false,
        };
        let replied = std::mem::take(&mut ran.replied);
        self.tell_metrics(&ran);
        let taken = match &ran.error {
            Some(error) => Err(self.told(place, error)),
            None => self.take_results(place, &run.hook, &ran, times.0),
        };
        let answered = taken.and_then(|changed| {
            let (answered, said) = ask.answer(replied, run)?;
            Ok((changed, answered, said))
        });
        match answered {
            Ok((changed, answered, said)) => {
                ended.said = self.secrets_of(place).mask(&said).into_owned();
                self.tell_hook_end(&ended, &ran, Ok(changed), times.1);
                self.follow_values((place, &run.hook), changed, times.0);
                Ok(answered)
            }
            Err(why) => {
                self.tell_hook_end(&ended, &ran, Err(&why), times.1);
                // What is wrong with a run names its hook already.
                let message = match &ran.error {
                    Some(Error::RunHook(_)) => why,
                    _ => format!("hook {}: {why}", run.name()),
                };
                let module = place.map_or("global", ModuleName::as_str);
                tracing::error!(
                    target: "hook", module, hook = run.hook, binding = run.summary, "{message}"
                );
                self.note_failing(place, &run.hook, &message);
                Err(message)
            }
        }
    }

    fn answer_call(&mut self, id: u64, call: &Call, answered: Answered) {
        if !call.is_answered {
            self.calls.answers.push((id, answered));
        }
    }
}

impl Calls {
    /// What else a call waited for is over; now it waits for the end of another, which no time tells.
    fn wait_for_process(&mut self, id: u64, now: Instant) {
        if let Some(Call {
            state: State::Waits(wait),
            ..
        }) = self.open.get_mut(&id)
            && wait.until.is_some_and(|until| until <= now)
        {
            wait.until = None;
            FULL.clone_into(&mut wait.why);
        }
    }
}

impl Call {
    /// The answer when its time is over.
    fn too_late(&self) -> Answered {
        let seconds = self.timeout.as_secs();
        match &self.state {
            // Whoever it is for is not known for sure; the API server goes by the policy that it has.
            State::Waits(wait) => {
                let why = &wait.why;
                Answered::unavailable(&format!("no hook was run within {seconds} s: {why}"))
            }
            State::Runs(run) => {
                let name = run.name();
                let why = format!("hook {name} did not answer in time (timeoutSeconds: {seconds})");
                self.ask.failed(run.policy, &why)
            }
        }
    }
}

impl Running {
    /// The hook, for people: `web/hooks/a.sh`.
    fn name(&self) -> String {
        let place = self.place.as_ref().map_or("global", ModuleName::as_str);
        format!("{place}/{}", self.hook)
    }
}

fn gone(place: Option<&ModuleName>) -> String {
    match place {
        Some(module) => format!("module {module} was switched off"),
        None => "the hook is gone".to_owned(),
    }
}
