//! Does what the election asks for: requests for the Lease, and the fence as the answers allow.
//!
//! It shares the runtime with all else on purpose: an operator that is stuck does not renew, and another
//! one takes over.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher as _};
use std::pin::{Pin, pin};

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::lease::{Heard, Lease};
use super::{Metrics, Rank, View};
use crate::cluster::now;
use crate::leader::{Answer, Election, Fence, Moment, Over, Standing, Terms};
use crate::process::Processes;

/// The worker.
pub(super) struct Elector {
    pub(super) election: Election,
    pub(super) lease: Lease,
    pub(super) fence: Fence,
    pub(super) processes: Processes,
    pub(super) terms: Terms,
    /// How far the calendar is ahead; nothing may hang on it.
    pub(super) ahead: SignedDuration,
    pub(super) tell: watch::Sender<View>,
    pub(super) metrics: Metrics,
}

/// A request under way: how it ended, and why it failed.
type Asking = Pin<Box<dyn Future<Output = (Answer, Option<String>)> + Send>>;

/// What is remembered from one turn to the next.
#[derive(Default)]
struct Memory {
    /// Until when it was led, as the fence and the guard know it.
    until: Option<Moment>,
    /// What failed, as told.
    failure: String,
    /// How many times the Lease was missed.
    missed: u64,
}

impl Elector {
    /// Stands for leadership until it is over, or given back.
    pub(super) async fn run(mut self, resign: CancellationToken) {
        let (tell, mut told) = watch::channel(Heard::default());
        let mut follow = pin!(self.lease.clone().follow(tell).fuse());
        let mut asking: Option<(Moment, Asking)> = None;
        let mut memory = Memory::default();
        loop {
            if asking.is_none()
                && let Some(request) = self.election.next(now(), self.wall())
            {
                asking = Some((now(), Box::pin(self.lease.clone().ask(request))));
            }
            self.show(&mut memory);
            if self.election.is_over() {
                return;
            }
            let wake = self.election.wake_at(now());
            tokio::select! {
                // Time and loss go before gain.
                biased;
                () = sleep_until(wake) => self.election.tick(now()),
                () = resign.cancelled(), if !self.is_resigning() => self.election.resign(now()),
                Ok(()) = told.changed() => self.hear(&mut told, &mut memory),
                (answer, why) = answered(&mut asking) => {
                    if let Some((since, _)) = asking.take() {
                        self.take(answer, why, since, &mut memory);
                    }
                }
                () = &mut follow => {}
            }
        }
    }

    fn is_resigning(&self) -> bool {
        self.election.standing() == Standing::Over(Over::Resigned)
    }

    fn wall(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }

    fn hear(&mut self, told: &mut watch::Receiver<Heard>, memory: &mut Memory) {
        let heard = told.borrow_and_update().clone();
        self.election.set_hearing(heard.hears);
        if let Some(lease) = heard.lease {
            self.election.hear(now(), lease);
        }
        if std::mem::replace(&mut memory.missed, heard.missed) != heard.missed {
            self.election.doubt();
        }
    }

    fn take(&mut self, answer: Answer, why: Option<String>, since: Moment, memory: &mut Memory) {
        let took = now().since(since);
        match &answer {
            Answer::Stored(_) => self.metrics.stored(took),
            Answer::Failed => self.metrics.failed(),
            Answer::Found(_) | Answer::Conflict => {}
        }
        match why {
            Some(why) => {
                if why != memory.failure {
                    tracing::error!(target: "leader", lease = %self.lease, "{why}; trying again");
                    memory.failure = why;
                }
            }
            None => {
                if !std::mem::take(&mut memory.failure).is_empty() {
                    tracing::info!(target: "leader", lease = %self.lease, "the Lease can be read and written again");
                }
            }
        }
        self.election.answered(now(), answer, chance());
    }

    /// Opens or shuts the fence, and tells what changed.
    fn show(&self, memory: &mut Memory) {
        let standing = self.election.standing();
        match standing {
            Standing::Leads(until) if memory.until != Some(until) => {
                self.processes
                    .live_until(Some(until.after(self.terms.mercy())));
                self.fence.open_until(now(), until);
                memory.until = Some(until);
            }
            // It is shut by whoever resigns, before.
            Standing::Over(Over::Resigned) => self.processes.live_until(None),
            Standing::Over(_) => self.fence.shut(),
            Standing::Leads(_) | Standing::Unknown | Standing::Follows => {}
        }
        let rank = Rank::of(standing);
        let before = self.tell.borrow().clone();
        let begins = rank == Rank::Leads && before.standing != Rank::Leads;
        let record = self.election.record();
        let after = View {
            standing: rank,
            // What was taken up goes on from when it was acquired.
            is_new: if begins {
                record.is_some_and(|record| record.acquired == record.renewed)
            } else {
                before.is_new
            },
            leadership: self.leadership(rank, &before),
        };
        if after != before {
            self.tell_change(&before, &after);
            self.tell.send_replace(after);
        }
    }

    fn leadership(&self, rank: Rank, before: &View) -> crate::serve::Leadership {
        let mut leadership = before.leadership.clone();
        leadership.leads = rank == Rank::Leads;
        if let Some(record) = self.election.record() {
            leadership.leader.clone_from(&record.holder);
            leadership.transitions = record.transitions;
            let has_leader = !record.holder.is_empty();
            leadership.since = if has_leader {
                record.acquired.clone()
            } else {
                String::new()
            };
        }
        leadership
    }

    fn tell_change(&self, before: &View, after: &View) {
        self.metrics.leads(after.standing == Rank::Leads);
        let leader = after.leadership.leader.as_str();
        let is_new = leader != before.leadership.leader && !leader.is_empty();
        if is_new {
            self.metrics.changed();
        }
        let transitions = after.leadership.transitions;
        match after.standing {
            Rank::Follows if is_new => {
                tracing::info!(target: "leader", leader, transitions, "another replica leads");
            }
            standing if standing == before.standing => {}
            Rank::Leads => {
                tracing::info!(target: "leader", lease = %self.lease, transitions, "this replica leads");
            }
            Rank::Over(over) => self.tell_end(leader, over),
            Rank::Follows | Rank::Unknown => {}
        }
    }

    fn tell_end(&self, leader: &str, over: Over) {
        if over == Over::Resigned {
            tracing::info!(target: "leader", lease = %self.lease, "leadership is given back");
        } else {
            tracing::error!(target: "leader", leader, "this replica leads no longer: {over}");
        }
    }
}

async fn answered(asking: &mut Option<(Moment, Asking)>) -> (Answer, Option<String>) {
    match asking {
        Some((_, asking)) => asking.await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(wake: Option<Moment>) {
    match wake {
        Some(wake) => sleep(wake.since(now())).await,
        None => std::future::pending().await,
    }
}

/// One of 0 to 1.
fn chance() -> f64 {
    // The keys of a hasher are the randomness that the standard library has.
    let random = RandomState::new().build_hasher().finish();
    #[expect(clippy::cast_precision_loss, reason = "a part in a million is enough")]
    let part = (random % 1_000_000) as f64 / 1_000_000.0;
    part
}
