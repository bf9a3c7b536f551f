//! Requests of the API server on their way through the house: asked, run, answered in time.

use std::collections::HashMap;
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::admission::Answered;
use crate::house::{CalledHook, House};
use crate::task::{self, Context, HookRan};
use crate::webhook::Asked;

/// Requests that are not answered yet.
#[derive(Default)]
pub(super) struct Calls {
    /// By the number that the house gave.
    open: HashMap<u64, Open>,
    /// Each ends when its asker is answered, or gone.
    porters: JoinSet<u64>,
    running: JoinSet<HookRan>,
    /// The calls of the runs.
    started: HashMap<Id, u64>,
}

struct Open {
    /// Who brings the answer to the asker.
    porter: oneshot::Sender<Answered>,
    /// Ends the hook.
    given_up: CancellationToken,
}

/// Something of a call came to its end.
pub(super) enum Ended {
    /// A run of a hook.
    Ran(u64, Box<Result<HookRan, String>>),
    /// The asker does not wait any more.
    Gone(u64),
}

impl Calls {
    /// Takes a request, which is answered at once when it is none.
    pub(super) fn take(&mut self, house: &mut House, asked: Asked) {
        let Asked {
            path,
            body,
            mut answer,
        } = asked;
        let id = match house.take_call(&path, &body, Instant::now()) {
            Ok(id) => id,
            Err(answered) => {
                // The asker may be gone.
                let _ = answer.send(answered);
                return;
            }
        };
        let (porter, carried) = oneshot::channel();
        self.porters.spawn(async move {
            tokio::select! {
                biased;
                carried = carried => if let Ok(answered) = carried {
                    let _ = answer.send(answered);
                },
                () = answer.closed() => {}
            }
            id
        });
        let open = Open {
            porter,
            given_up: CancellationToken::new(),
        };
        self.open.insert(id, open);
    }

    /// Starts the hooks that may run, and sends the answers that are there.
    pub(super) fn go_on(&mut self, house: &mut House, context: &Context) {
        for called in house.start_calls(Instant::now()) {
            self.start(called, context.clone());
        }
        self.send_answers(house);
    }

    fn send_answers(&mut self, house: &mut House) {
        for (id, answered) in house.take_answers() {
            if let Some(open) = self.open.remove(&id) {
                open.given_up.cancel();
                // The porter may have gone with the asker.
                let _ = open.porter.send(answered);
            }
        }
    }

    fn start(&mut self, called: CalledHook, context: Context) {
        let CalledHook { id, call } = called;
        let given_up = self.open.get(&id).map(|open| open.given_up.clone());
        let given_up = given_up.unwrap_or_default();
        let handle = self
            .running
            .spawn(async move { task::run_called_hook(&context, *call, &given_up).await });
        self.started.insert(handle.id(), id);
    }

    /// Waits for the next end. May be dropped and called again.
    pub(super) async fn ended(&mut self) -> Ended {
        loop {
            tokio::select! {
                Some(ran) = self.running.join_next_with_id() => {
                    let (task, ran) = match ran {
                        Ok((task, ran)) => (task, Ok(ran)),
                        Err(error) => (error.id(), Err(error.to_string())),
                    };
                    if let Some(id) = self.started.remove(&task) {
                        return Ended::Ran(id, Box::new(ran));
                    }
                }
                // A porter that broke has no asker either.
                Some(porter) = self.porters.join_next() => if let Ok(id) = porter
                    && let Some(open) = self.open.remove(&id)
                {
                    open.given_up.cancel();
                    return Ended::Gone(id);
                },
                else => std::future::pending().await,
            }
        }
    }

    /// Gives the house what came to its end.
    pub(super) fn take_ended(house: &mut House, context: &Context, ended: Ended) {
        match ended {
            Ended::Ran(id, ran) => {
                let written = (*ran).as_ref().is_ok_and(|ran| ran.section.is_some());
                let key = house.call_ended(id, *ran, (Instant::now(), Timestamp::now()));
                if let Some(key) = key.filter(|_| written) {
                    context.hooks.own_sections.forget(&key);
                }
            }
            Ended::Gone(id) => house.give_up_call(id),
        }
    }

    /// Waits for the runs that are being ended: what they asked for is done to the end, and who asked is
    /// answered.
    pub(super) async fn shut_down(&mut self, house: &mut House, context: &Context) {
        while !self.started.is_empty() {
            let ended = self.ended().await;
            Self::take_ended(house, context, ended);
            self.send_answers(house);
        }
    }
}
