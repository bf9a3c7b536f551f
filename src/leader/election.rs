//! The election, as one of several replicas sees it.
//!
//! | a replica | next |
//! |---|---|
//! | follows | the Lease is free, ours from an earlier life, or was not renewed for its duration: it is claimed; stored: leads |
//! | leads | renewed in time: leads · not in time, or somebody else holds it: over · told to: resigns |
//! | resigns | the Lease says that nobody leads: over |
//! | is over | nothing: the process ends |
//!
//! At most one request is under way. What was heard counts from when it was heard, what was sent from
//! before it was sent.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::deed::{Answer, Deed, Request};
use super::moment::Moment;
use super::record::{Lease, Record, micro_time};
use super::terms::Terms;

/// So many of the records that were sent are remembered; what is heard late is one of them.
const REMEMBERED: usize = 16;
/// After a second conflict in a row, the next request waits this long, and longer after more of them.
const CONFLICT_PAUSE: Duration = Duration::from_millis(50);

/// The election as this replica sees it.
#[derive(Debug)]
pub struct Election {
    identity: String,
    /// Namespace and name of the Lease.
    place: (String, String),
    terms: Terms,
    role: Role,
    /// `None`: the Lease was never heard of.
    heard: Option<Heard>,
    /// Whether changes of the Lease are heard of as they happen; else it has to be read.
    hears: bool,
    under_way: Option<UnderWay>,
    /// No request before then.
    ask_at: Moment,
    /// When a follower that hears of nothing looks again.
    look_at: Moment,
    /// Whether it turned out once that it does not lead at once.
    is_settled: bool,
    /// What is known of the Lease may be old: it is read before anything is written.
    is_doubtful: bool,
    conflicts: u32,
    /// What was sent, and when it began to be: the latest last.
    sent: VecDeque<(Record, Moment)>,
    /// The last time that was written down.
    stamped: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Follows,
    /// It may write until then.
    Leads {
        until: Moment,
    },
    /// It writes nothing any more but that it leaves, and gives up then.
    Resigns {
        until: Moment,
    },
    Over(Over),
}

/// What is known of the Lease.
#[derive(Debug)]
struct Heard {
    /// `None`: it is not there.
    lease: Option<Lease>,
    /// When others than its holder may take it.
    free_at: Moment,
}

#[derive(Debug)]
struct UnderWay {
    since: Moment,
    writes: Option<Record>,
}

/// Why this replica does not lead any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The Lease could not be renewed in time.
    Expired,
    /// Another one holds it.
    Taken,
    /// Another process with this replica's name holds it.
    Doubled,
    /// It was told to.
    Resigned,
}

/// Where this replica stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does not know yet.
    Unknown,
    /// Another one leads, or nobody does.
    Follows,
    /// It leads, and may write until then.
    Leads(Moment),
    /// It leads no longer, and never will again.
    Over(Over),
}

impl Election {
    /// A replica of this name that knows nothing yet of the Lease `name` in `namespace`.
    pub fn new(identity: String, (namespace, name): (&str, &str), terms: Terms) -> Self {
        Self {
            identity,
            place: (namespace.to_owned(), name.to_owned()),
            terms,
            role: Role::Follows,
            heard: None,
            hears: false,
            under_way: None,
            ask_at: Moment::default(),
            look_at: Moment::default(),
            is_settled: false,
            is_doubtful: true,
            conflicts: 0,
            sent: VecDeque::new(),
            stamped: Timestamp::UNIX_EPOCH,
        }
    }

    /// Where this replica stands.
    pub fn standing(&self) -> Standing {
        match self.role {
            Role::Follows if !self.is_settled => Standing::Unknown,
            Role::Follows => Standing::Follows,
            Role::Leads { until } => Standing::Leads(until),
            Role::Resigns { .. } => Standing::Over(Over::Resigned),
            Role::Over(over) => Standing::Over(over),
        }
    }

    /// What the Lease says, as far as it is known.
    pub fn record(&self) -> Option<&Record> {
        Some(&self.heard.as_ref()?.lease.as_ref()?.record)
    }

    /// Whether there is nothing left to ask.
    pub fn is_over(&self) -> bool {
        matches!(self.role, Role::Over(_))
    }

    /// Takes in whether changes of the Lease are heard of.
    pub fn set_hearing(&mut self, hears: bool) {
        self.hears = hears;
    }

    /// Somebody deleted the Lease, or may have.
    pub fn doubt(&mut self) {
        self.is_doubtful = true;
        if matches!(self.role, Role::Leads { .. }) {
            self.ask_at = Moment::default();
        }
    }

    /// Takes in what the Lease says now. What is older than what is known changes nothing.
    pub fn hear(&mut self, now: Moment, lease: Lease) {
        self.tick(now);
        let known = self.heard.as_ref().and_then(|heard| heard.lease.as_ref());
        let is_old = known.and_then(Lease::version) > lease.version() && lease.version().is_some();
        if !is_old {
            self.know(now, Some(lease));
        }
    }

    /// Time passed: a leader that was not renewed leads no longer.
    pub fn tick(&mut self, now: Moment) {
        match self.role {
            Role::Leads { until } if now >= until => self.role = Role::Over(Over::Expired),
            Role::Resigns { until } if now >= until => self.role = Role::Over(Over::Resigned),
            _ => {}
        }
    }

    /// Leads no longer, and leaves the Lease to others at once.
    pub fn resign(&mut self, now: Moment) {
        self.tick(now);
        let writes = self
            .under_way
            .as_ref()
            .is_some_and(|it| it.writes.is_some());
        match self.role {
            // A claim that is under way may be stored yet.
            Role::Follows if !writes => self.role = Role::Over(Over::Resigned),
            Role::Follows | Role::Leads { .. } => {
                let until = now.after(self.terms.renew_deadline);
                self.role = Role::Resigns { until };
                self.ask_at = now;
            }
            Role::Resigns { .. } | Role::Over(_) => {}
        }
    }

    /// When to call [`next`](Self::next) although nothing happens; `None`: not at all.
    pub fn wake_at(&self, now: Moment) -> Option<Moment> {
        let due = self.ask_at.max(self.due(now));
        let due = self.under_way.is_none().then_some(due);
        match self.role {
            Role::Follows => due,
            Role::Leads { until } | Role::Resigns { until } => {
                Some(due.map_or(until, |due| due.min(until)))
            }
            Role::Over(_) => None,
        }
    }

    /// What is to be asked now. `wall` is what the calendar says, for people who read the Lease.
    pub fn next(&mut self, now: Moment, wall: Timestamp) -> Option<Request> {
        self.tick(now);
        if self.under_way.is_some() || now < self.ask_at || now < self.due(now) {
            return None;
        }
        let (deed, writes) = match self.role {
            Role::Over(_) => return None,
            _ if self.is_doubtful || self.is_only_read(now) => (Deed::Read, None),
            Role::Follows | Role::Leads { .. } => {
                let claim = self.claim(wall);
                (self.write(&claim), Some(claim))
            }
            Role::Resigns { .. } if !self.is_held_by_us() => {
                self.role = Role::Over(Over::Resigned);
                return None;
            }
            Role::Resigns { .. } => {
                let release = self.release(wall);
                (self.write(&release), Some(release))
            }
        };
        if let Some(record) = &writes {
            if self.sent.len() >= REMEMBERED {
                self.sent.pop_front();
            }
            self.sent.push_back((record.clone(), now));
        }
        self.under_way = Some(UnderWay { since: now, writes });
        let left = match self.role {
            Role::Leads { until } | Role::Resigns { until } => until.since(now),
            Role::Follows | Role::Over(_) => Duration::MAX,
        };
        let within = self.terms.request().min(left);
        Some(Request { deed, within })
    }

    /// Takes in how the request ended. `chance` is one of 0 to 1, so that replicas do not stay in step.
    pub fn answered(&mut self, now: Moment, answer: Answer, chance: f64) {
        self.tick(now);
        let Some(asked) = self.under_way.take() else {
            return;
        };
        match answer {
            Answer::Found(lease) => {
                self.is_doubtful = false;
                self.know(now, lease);
                self.ask_at = now;
                self.look_at = now.after(self.pause(chance));
                self.is_settled |= self.is_only_read(now);
            }
            Answer::Stored(lease) if asked.writes.is_some() => {
                self.conflicts = 0;
                self.stored(now, lease, asked.since);
            }
            // Nothing was to be stored.
            Answer::Stored(lease) => self.know(now, Some(lease)),
            Answer::Conflict => {
                self.is_doubtful = true;
                self.conflicts += 1;
                let pause = CONFLICT_PAUSE * self.conflicts.saturating_sub(1);
                self.ask_at = now.after(pause.min(self.terms.retry_period));
            }
            Answer::Failed => {
                self.is_doubtful |= asked.writes.is_some();
                self.is_settled = true;
                self.ask_at = now.max(asked.since.after(self.pause(chance)));
                // A replica that cannot read the Lease follows, whoever leads.
                if self.heard.is_none() {
                    let free_at = now;
                    self.heard = Some(Heard {
                        lease: None,
                        free_at,
                    });
                    self.is_doubtful = true;
                }
            }
        }
    }

    fn stored(&mut self, now: Moment, lease: Lease, since: Moment) {
        let until = since.after(self.terms.renew_deadline);
        self.is_doubtful = false;
        self.ask_at = now.max(since.after(self.terms.retry_period));
        match self.role {
            Role::Follows if until > now => self.role = Role::Leads { until },
            Role::Leads { until: before } => {
                self.role = Role::Leads {
                    until: until.max(before),
                };
            }
            // It took too long: ours, and to be claimed again; or given back.
            Role::Follows | Role::Resigns { .. } => self.ask_at = now,
            Role::Over(_) => {}
        }
        self.know(now, Some(lease));
    }

    /// Takes in what the Lease is, and what follows from it.
    fn know(&mut self, now: Moment, lease: Option<Lease>) {
        let before = self.heard.take();
        let (known, known_free_at) = match before {
            Some(Heard { lease, free_at }) => (lease, Some(free_at)),
            None => (None, None),
        };
        let is_same =
            matches!((&known, &lease), (Some(known), Some(lease)) if known.record == lease.record);
        let free_at = match &lease {
            Some(lease) if is_same => {
                known_free_at.unwrap_or_else(|| self.free_at(now, &lease.record))
            }
            Some(lease) => self.free_at(now, &lease.record),
            // That it was deleted makes its holder no slower.
            None => known_free_at.unwrap_or(now),
        };
        if let Role::Leads { until } = self.role {
            if let Some(lease) = &lease {
                self.role = self.role_after(until, &lease.record);
            } else {
                // It is made again at once.
                self.ask_at = now;
            }
        }
        self.heard = Some(Heard { lease, free_at });
    }

    /// The role of a leader that heard this.
    fn role_after(&self, until: Moment, record: &Record) -> Role {
        if record.holder != self.identity {
            return Role::Over(Over::Taken);
        }
        let sent = self.sent.iter().find(|(sent, _)| sent == record);
        match sent {
            // It was stored, although nobody may have said so.
            Some((_, since)) => Role::Leads {
                until: until.max(since.after(self.terms.renew_deadline)),
            },
            None => Role::Over(Over::Doubled),
        }
    }

    /// When somebody else than the holder may take a Lease that says this since now.
    fn free_at(&self, now: Moment, record: &Record) -> Moment {
        // One's own, of an earlier life, is taken up at once.
        if record.holder.is_empty() || record.holder == self.identity {
            return now;
        }
        let seconds = record.seconds.unwrap_or(self.terms.seconds());
        now.after(Duration::from_secs(seconds))
    }

    /// When the next request is due, but for pauses.
    fn due(&self, now: Moment) -> Moment {
        let Some(heard) = &self.heard else {
            return now;
        };
        match self.role {
            Role::Follows if self.is_doubtful => now,
            Role::Follows if !self.hears => heard.free_at.min(self.look_at),
            Role::Follows => heard.free_at,
            Role::Leads { .. } | Role::Resigns { .. } | Role::Over(_) => now,
        }
    }

    /// Whether all that can be done is to look again.
    fn is_only_read(&self, now: Moment) -> bool {
        let is_held = self.heard.as_ref().is_none_or(|heard| now < heard.free_at);
        self.role == Role::Follows && is_held
    }

    fn is_held_by_us(&self) -> bool {
        let record = self.record();
        record.is_some_and(|record| {
            record.holder == self.identity && self.sent.iter().any(|(sent, _)| sent == record)
        })
    }

    /// How long after a request that failed the next one follows.
    fn pause(&self, chance: f64) -> Duration {
        let more = match self.role {
            Role::Follows => chance.clamp(0.0, 1.0) * Terms::JITTER,
            _ => 0.0,
        };
        self.terms.retry_period.mul_f64(1.0 + more)
    }

    /// The record by which this replica leads.
    fn claim(&mut self, wall: Timestamp) -> Record {
        let now = self.stamp(wall);
        let (acquired, transitions) = match self.record() {
            Some(record) if record.holder == self.identity => {
                (record.acquired.clone(), record.transitions)
            }
            Some(record) => (now.clone(), record.transitions + 1),
            None => (now.clone(), 0),
        };
        Record {
            holder: self.identity.clone(),
            seconds: Some(self.terms.seconds()),
            acquired,
            renewed: now,
            transitions,
        }
    }

    /// The record by which nobody leads, as client-go leaves it.
    fn release(&mut self, wall: Timestamp) -> Record {
        let now = self.stamp(wall);
        Record {
            holder: String::new(),
            seconds: Some(1),
            acquired: now.clone(),
            renewed: now,
            transitions: self.record().map_or(0, |record| record.transitions),
        }
    }

    /// A time that was not written before: that a record is another one is what others go by.
    fn stamp(&mut self, wall: Timestamp) -> String {
        let next = self.stamped.checked_add(SignedDuration::from_micros(1));
        // A clock that was set back may come to the same time again; then not for long.
        let is_known = |time: &str| self.sent.iter().any(|(sent, _)| sent.renewed == time);
        let time = if is_known(&micro_time(wall)) {
            next.unwrap_or(wall)
        } else {
            wall
        };
        self.stamped = time;
        micro_time(time)
    }

    fn write(&self, record: &Record) -> Deed {
        let lease = self.heard.as_ref().and_then(|heard| heard.lease.as_ref());
        match lease {
            Some(lease) => Deed::Replace(lease.with(record)),
            None => Deed::Create(record.first(&self.place.0, &self.place.1)),
        }
    }
}

/// Why, as a sentence says it.
impl fmt::Display for Over {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Expired => "the Lease could not be renewed in time",
            Self::Taken => "another replica holds the Lease",
            Self::Doubled => "another process with the same name holds the Lease",
            Self::Resigned => "it was given up",
        })
    }
}
