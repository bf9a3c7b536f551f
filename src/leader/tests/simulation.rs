//! Several replicas, an API server and a network, on one true time that none of them knows.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::super::*;

/// The true time moves in steps of so many milliseconds.
pub(super) const STEP: u64 = 25;

/// A clock of a machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// How fast it runs, in thousandths.
    pub(super) rate: u64,
    /// How long the machine has been running, in milliseconds.
    pub(super) age: u64,
    /// How far its calendar is off, in seconds.
    pub(super) off: i64,
    /// Whether its calendar stands still.
    pub(super) stands: bool,
}

impl Clock {
    fn now(self, time: u64) -> Moment {
        Moment::new(Duration::from_millis(self.age + time * self.rate / 1000))
    }

    fn wall(self, time: u64) -> Timestamp {
        let time = if self.stands { 0 } else { time };
        let true_wall = Timestamp::from_second(1_700_000_000).unwrap();
        let passed = SignedDuration::from_millis(i64::try_from(time).unwrap());
        true_wall + passed + SignedDuration::from_secs(self.off)
    }
}

/// What the network does with a request: milliseconds there and back; `None` when it is lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    pub(super) there: Option<u64>,
    pub(super) back: Option<u64>,
}

/// A request for the Lease on its way, or its answer.
struct Letter {
    replica: usize,
    life: u64,
    /// Which request of the replica it is, or answers.
    number: u64,
    arrives: u64,
    what: What,
    back: Option<u64>,
}

enum What {
    Ask(Deed),
    Tell(Answer),
    Hear(Option<Lease>),
}

/// A write of a leader on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landing {
    replica: usize,
    term: u64,
    at: u64,
}

pub(super) struct Replica {
    name: String,
    life: u64,
    clock: Clock,
    election: Election,
    fence: Fence,
    terms: Terms,
    /// How many requests it made.
    asked: u64,
    /// When its request is given up, on its clock.
    gives_up: Option<Moment>,
    /// It does nothing until then.
    stalled_until: u64,
    pub(super) is_down: bool,
    /// The number of its leadership; 0 when it does not lead.
    term: u64,
}

/// All of it.
pub(super) struct World {
    pub(super) time: u64,
    pub(super) replicas: Vec<Replica>,
    lease: Option<Value>,
    version: u64,
    letters: Vec<Letter>,
    landings: Vec<Landing>,
    /// The latest leadership that may have written.
    pub(super) term: u64,
    /// Nobody reaches the API server before then.
    pub(super) away_until: u64,
    /// What the next requests meet; none is a good network.
    pub(super) ways: VecDeque<Way>,
    /// Whether changes are told to those who listen.
    pub(super) tells: bool,
    /// Writes that landed.
    pub(super) landed: u64,
}

impl World {
    pub(super) fn new(clocks: &[Clock], terms: &[Terms]) -> Self {
        let replica = |(index, (clock, terms)): (usize, (&Clock, &Terms))| {
            Replica::new(&format!("replica-{index}"), 0, *clock, *terms)
        };
        Self {
            time: 0,
            replicas: clocks.iter().zip(terms).enumerate().map(replica).collect(),
            lease: None,
            version: 0,
            letters: Vec::new(),
            landings: Vec::new(),
            term: 0,
            away_until: 0,
            ways: VecDeque::new(),
            tells: true,
            landed: 0,
        }
    }

    /// A replica is stopped, as by SIGSTOP, for so many milliseconds.
    pub(super) fn stall(&mut self, replica: usize, milliseconds: u64) {
        self.replicas[replica].stalled_until = self.time + milliseconds;
    }

    /// A replica ends without a word; what it sent goes on.
    pub(super) fn kill(&mut self, replica: usize) {
        self.replicas[replica].is_down = true;
    }

    /// A replica that is down, or led and does not any more, starts anew, under another name.
    pub(super) fn start(&mut self, replica: usize) {
        let old = &self.replicas[replica];
        if old.is_down || old.election.is_over() {
            let life = old.life + 1;
            let name = format!("replica-{replica}-{life}");
            self.replicas[replica] = Replica::new(&name, life, old.clock, old.terms);
        }
    }

    /// A replica is told to end: it lets its writes end and leaves the Lease.
    pub(super) fn resign(&mut self, replica: usize) {
        let now = self.replicas[replica].clock.now(self.time);
        let replica = &mut self.replicas[replica];
        if replica.fence.lands_until(now).is_none() {
            replica.fence.shut();
            replica.election.resign(now);
        }
    }

    /// Somebody deletes the Lease.
    pub(super) fn delete_lease(&mut self) {
        self.lease = None;
        self.version += 1;
        self.tell_all(None);
    }

    /// Who leads now, and may write.
    pub(super) fn leaders(&self) -> Vec<usize> {
        let leads = |replica: &Replica| {
            let now = replica.clock.now(self.time);
            let Standing::Leads(until) = replica.election.standing() else {
                return false;
            };
            !replica.is_down && now < until
        };
        let all = self.replicas.iter().enumerate();
        all.filter(|(_, replica)| leads(replica))
            .map(|(index, _)| index)
            .collect()
    }

    /// One step of the true time. `writes` says whether leaders write now, `delay` how long those writes
    /// take on the way and at the server, in parts of a thousand of what they may.
    ///
    /// *Errors*: two wrote.
    pub(super) fn step(&mut self, writes: bool, delay: (u64, u64)) -> Result<(), String> {
        self.time += STEP;
        self.deliver();
        for index in 0..self.replicas.len() {
            let replica = &self.replicas[index];
            if !replica.is_down && replica.stalled_until <= self.time {
                self.act(index);
                if writes {
                    self.write(index, delay);
                }
            }
        }
        self.land()
    }

    /// The API server stores what a leader sent, however late.
    fn land(&mut self) -> Result<(), String> {
        let (landed, rest) = self
            .landings
            .iter()
            .partition(|landing| landing.at <= self.time);
        self.landings = rest;
        let landed: Vec<Landing> = landed;
        for landing in landed {
            self.landed += 1;
            if landing.term != self.term {
                return Err(format!(
                    "at {} ms a write of {} in term {} landed, and in term {} another one may write",
                    self.time, landing.replica, landing.term, self.term
                ));
            }
        }
        Ok(())
    }

    fn write(&mut self, index: usize, (on_the_way, at_the_server): (u64, u64)) {
        let replica = &mut self.replicas[index];
        let now = replica.clock.now(self.time);
        let Some(pass) = replica.fence.pass(now, Duration::from_secs(30)) else {
            return;
        };
        if replica.term == 0 {
            self.term += 1;
            replica.term = self.term;
        }
        // The kernel drops what it cannot deliver in time, the server what takes longer than it may.
        let delivery = u64::try_from(replica.fence.delivery().as_millis()).unwrap();
        let within = u64::try_from(pass.within.as_millis()).unwrap();
        let took = delivery * on_the_way / 1000 + within * at_the_server / 1000;
        let landing = Landing {
            replica: index,
            term: replica.term,
            at: self.time + took,
        };
        if took <= 200 {
            pass.answered();
        }
        self.landings.push(landing);
    }

    fn act(&mut self, index: usize) {
        let time = self.time;
        let replica = &mut self.replicas[index];
        let now = replica.clock.now(time);
        replica.election.tick(now);
        if replica.gives_up.is_some_and(|until| until <= now) {
            replica.gives_up = None;
            replica.election.answered(now, Answer::Failed, 0.5);
        }
        match replica.election.standing() {
            Standing::Leads(until) => replica.fence.open_until(now, until),
            Standing::Over(_) => replica.fence.shut(),
            Standing::Unknown | Standing::Follows => {}
        }
        let wall = replica.clock.wall(time);
        if let Some(request) = replica.election.next(now, wall) {
            replica.gives_up = Some(now.after(request.within));
            replica.asked += 1;
            let number = replica.asked;
            let way = self.ways.pop_front().unwrap_or(Way {
                there: Some(STEP),
                back: Some(STEP),
            });
            let is_away = self.away_until > time;
            if let Some(there) = way.there.filter(|_| !is_away) {
                self.letters.push(Letter {
                    replica: index,
                    life: self.replicas[index].life,
                    number,
                    arrives: time + there,
                    what: What::Ask(request.deed),
                    back: way.back,
                });
            }
        }
    }

    /// What is there arrives.
    fn deliver(&mut self) {
        let letters = std::mem::take(&mut self.letters);
        let (now, later): (Vec<_>, Vec<_>) = letters
            .into_iter()
            .partition(|letter| letter.arrives <= self.time);
        self.letters = later;
        for letter in now {
            self.arrive(letter);
        }
    }

    fn arrive(&mut self, letter: Letter) {
        let replica = &self.replicas[letter.replica];
        let is_there = !replica.is_down && replica.life == letter.life;
        match letter.what {
            What::Ask(deed) => {
                let answer = self.serve(deed);
                if let Some(back) = letter.back {
                    let arrives = self.time + back;
                    let what = What::Tell(answer);
                    self.letters.push(Letter {
                        arrives,
                        what,
                        ..letter
                    });
                }
            }
            // Who is stopped finds it when it goes on.
            What::Tell(_) | What::Hear(_) if is_there && replica.stalled_until > self.time => {
                let arrives = replica.stalled_until;
                self.letters.push(Letter { arrives, ..letter });
            }
            What::Tell(answer) if is_there => {
                let time = self.time;
                let replica = &mut self.replicas[letter.replica];
                // Nobody waits for the answer to what was given up.
                if replica.asked == letter.number && replica.gives_up.take().is_some() {
                    replica
                        .election
                        .answered(replica.clock.now(time), answer, 0.5);
                }
            }
            What::Hear(lease) if is_there => {
                let now = replica.clock.now(self.time);
                let election = &mut self.replicas[letter.replica].election;
                election.set_hearing(true);
                match lease {
                    Some(lease) => election.hear(now, lease),
                    None => election.doubt(),
                }
            }
            What::Tell(_) | What::Hear(_) => {}
        }
    }

    /// The API server, as far as versions go.
    fn serve(&mut self, deed: Deed) -> Answer {
        let found = |lease: &Option<Value>| lease.clone().and_then(Lease::read);
        let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
        let object = match (deed, &self.lease) {
            (Deed::Read, lease) => return Answer::Found(found(lease)),
            (Deed::Create(object), None) => object,
            (Deed::Replace(object), Some(lease)) if version(&object) == version(lease) => object,
            (Deed::Create(_) | Deed::Replace(_), _) => return Answer::Conflict,
        };
        self.version += 1;
        let mut object = object;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.lease = Some(object);
        let lease = found(&self.lease).unwrap();
        self.tell_all(Some(&lease));
        Answer::Stored(lease)
    }

    fn tell_all(&mut self, lease: Option<&Lease>) {
        if !self.tells {
            return;
        }
        for (index, replica) in self.replicas.iter().enumerate() {
            self.letters.push(Letter {
                replica: index,
                life: replica.life,
                number: 0,
                arrives: self.time + STEP,
                what: What::Hear(lease.cloned()),
                back: None,
            });
        }
    }
}

impl Replica {
    fn new(name: &str, life: u64, clock: Clock, terms: Terms) -> Self {
        Self {
            name: name.to_owned(),
            life,
            clock,
            election: Election::new(name.to_owned(), ("ns", "l"), terms),
            fence: Fence::new(terms),
            terms,
            asked: 0,
            gives_up: None,
            stalled_until: 0,
            is_down: false,
            term: 0,
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            out,
            "{} ms, term {}, Lease {:?}",
            self.time, self.term, self.lease
        )?;
        for replica in &self.replicas {
            let standing = replica.election.standing();
            writeln!(out, "  {} {standing:?} {:?}", replica.name, replica.clock)?;
        }
        Ok(())
    }
}
