//! Plays deeds to a house, and time. It decides nothing: what is looked at and when is as in the
//! operator's loop.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::super::super::{Count, House, Job, Notice, Settings};
use super::super::play::{name, settings};
use super::cluster::Cluster;
use super::deed::{Deed, Fate, Terms};
use super::laws::{self, Broken};
use super::ledger::Ledger;
use super::world::{MODULES, World};
use crate::binding::Place;
use crate::module::OrderMode;
use crate::name::ModuleName;
use crate::serve::Query;
use crate::task::Task;
use crate::watch::{MonitorId, News};

/// A fixed time of day: nothing that is decided depends on it.
pub(super) const TIME: Timestamp = Timestamp::UNIX_EPOCH;

/// A job that began and has not ended.
pub(super) struct Running {
    pub(super) job: Job,
    /// The number of the last change when it began.
    pub(super) sequence: u64,
    /// How often its place had been off, and deleted, when it began.
    pub(super) offs: u64,
    pub(super) deletions: u64,
    pub(super) turns: u64,
}

/// A house, the world around it, and what was seen.
pub(super) struct Stage {
    pub(super) terms: Terms,
    pub(super) house: House,
    pub(super) world: World,
    pub(super) cluster: Cluster,
    pub(super) ledger: Ledger,
    pub(super) now: Instant,
    pub(super) begin: Instant,
    pub(super) running: Vec<Running>,
    /// Whether people want to know what happened.
    pub(super) is_told: bool,
    /// What happened, for people.
    pub(super) story: Vec<String>,
    pub(super) news: VecDeque<News>,
    pub(super) listed: BTreeSet<MonitorId>,
    pub(super) troubled: BTreeSet<MonitorId>,
    pub(super) sequence: u64,
    /// Places whose hooks hear of something new whenever they have run.
    pub(super) floods: BTreeSet<usize>,
    /// Modules that are to run again, as was said since the loop had its last turn.
    pub(super) fresh: BTreeSet<usize>,
    statuses: BTreeMap<ModuleName, String>,
}

/// The number of a module by its name, or none for one that is not played.
pub(super) fn number(module: &ModuleName) -> usize {
    MODULES
        .iter()
        .position(|text| *text == module.as_str())
        .unwrap()
}

/// The number of a place.
pub(super) fn place_of(module: Option<&ModuleName>) -> usize {
    module.map_or(0, |module| number(module) + 1)
}

impl Stage {
    /// An operator that has just begun, in an empty world.
    pub(super) fn new(terms: Terms) -> Self {
        let now = Instant::now();
        let mut stage = Self {
            terms,
            house: house(terms, now),
            world: World::new(),
            cluster: Cluster::new(),
            ledger: Ledger::new(),
            now,
            begin: now,
            running: Vec::new(),
            is_told: false,
            story: Vec::new(),
            news: VecDeque::new(),
            listed: BTreeSet::new(),
            troubled: BTreeSet::new(),
            sequence: 0,
            floods: BTreeSet::new(),
            fresh: BTreeSet::new(),
            statuses: BTreeMap::new(),
        };
        stage.house.objects_known(now, TIME);
        stage
    }

    /// One line for people.
    pub(super) fn tell(&mut self, line: impl FnOnce() -> String) {
        if !self.is_told {
            return;
        }
        let seconds = (self.now - self.begin).as_secs();
        self.story.push(format!("{seconds:>5} s  {}", line()));
    }

    /// Plays a deed; then the operator's loop has its turn.
    pub(super) fn play(&mut self, deed: Deed) -> Result<(), Broken> {
        self.tell(|| format!("{deed:?}"));
        if self.world.edit(deed) {
            self.edited(deed);
        } else {
            self.happen(deed)?;
        }
        self.go_on()
    }

    fn edited(&mut self, deed: Deed) {
        if matches!(
            deed,
            Deed::Section { .. }
                | Deed::Switch { .. }
                | Deed::Pause { .. }
                | Deed::Globals
                | Deed::Garble
        ) {
            self.tell_config();
        }
    }

    fn happen(&mut self, deed: Deed) -> Result<(), Broken> {
        match deed {
            Deed::Look => self.look(),
            Deed::Event { monitor, count } => self.emit_to_any(monitor, count),
            Deed::Flood { place } if self.floods.remove(&place) => {}
            Deed::Flood { place } => {
                self.floods.insert(place);
                self.flood(place);
            }
            Deed::Deliver => self.deliver(),
            Deed::List => self.list(),
            Deed::Trouble { monitor, forbidden } => self.trouble(monitor, forbidden),
            Deed::Schedule => self.fire(),
            Deed::Drift { module, deleted } => self.drift(module, deleted),
            Deed::DeleteObject { module } => {
                self.statuses.remove(&name(MODULES[module]));
                self.cluster.delete_object(MODULES[module]);
                self.tell_objects();
            }
            Deed::Write => {
                self.cluster.write();
                self.tell_objects();
            }
            Deed::End { job, fate } => self.end_any(job, fate)?,
            Deed::Work { jobs } => self.work(jobs)?,
            Deed::Pass { seconds } => self.pass(Duration::from_secs(seconds))?,
            Deed::Purge { module } => self.purge(module),
            Deed::Redraw { module } => {
                let name = MODULES[module].to_owned();
                let answer = self
                    .house
                    .answer(&Query::ModuleRedraw { module: name }, self.now);
                if matches!(answer, Some(Ok(_))) {
                    self.fresh.insert(module);
                }
            }
            Deed::Restart { effects, follows } => self.restart(effects, follows)?,
            Deed::Lead => self.lead(),
            _ => {}
        }
        Ok(())
    }

    /// The house is told what is on disk.
    pub(super) fn look(&mut self) {
        self.ledger.look(&self.world, self.now);
        self.house.take_global_hooks(self.world.hooks_digest(0));
        self.house
            .take_discovery(self.world.discovery(), self.now, TIME);
        if self.ledger.config.is_none() {
            self.tell_config();
        }
    }

    pub(super) fn tell_config(&mut self) {
        if !self.world.config.is_garbled {
            self.ledger.config = Some(self.world.config.clone());
        }
        let data = self.world.config_map();
        self.house.take_config(Some(&data), &[], TIME);
    }

    /// The house is told what the watch of `Module` objects tells.
    pub(super) fn tell_objects(&mut self) {
        for (module, object) in self.cluster.take_news() {
            self.house.take_module_object(&module, object.as_ref());
        }
    }

    fn purge(&mut self, module: usize) {
        let query = Query::ModulePurge {
            module: MODULES[module].to_owned(),
        };
        if let Some(Ok(_)) = self.house.answer(&query, self.now) {
            self.ledger.purged[module] = true;
        }
    }

    /// Somebody changes or deletes what a module has in the cluster.
    fn drift(&mut self, module: usize, deleted: bool) {
        self.cluster.alter(MODULES[module], deleted);
        let touched = BTreeSet::from([MODULES[module].to_owned()]);
        self.house
            .look_for_drift(&touched, &self.cluster.managed, TIME);
    }

    /// The oldest jobs end well, one after another.
    fn work(&mut self, jobs: usize) -> Result<(), Broken> {
        for _ in 0..jobs {
            if self.running.is_empty() {
                break;
            }
            self.end(0, Fate::Well)?;
            self.list();
            self.go_on()?;
        }
        Ok(())
    }

    fn end_any(&mut self, job: usize, fate: Fate) -> Result<(), Broken> {
        match self.running.len() {
            0 => Ok(()),
            running => self.end(job % running, fate),
        }
    }

    /// Time passes as it does for the operator: it is woken when it said so, and not otherwise.
    pub(super) fn pass(&mut self, time: Duration) -> Result<(), Broken> {
        let end = self.now + time;
        while let Some(wake) = self.house.wake_at().filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            self.house.tick(self.now, TIME);
            self.go_on()?;
            if self.house.wake_at().is_some_and(|next| next <= wake) {
                return Err(laws::broken(
                    laws::AT_REST,
                    format!("it wakes again and again at {wake:?}"),
                ));
            }
        }
        self.now = end;
        Ok(())
    }

    /// The operator is killed, or ends; another begins, told in this order what there is.
    fn restart(&mut self, effects: u64, follows: bool) -> Result<(), Broken> {
        for (index, running) in std::mem::take(&mut self.running).into_iter().enumerate() {
            if effects >> (index % 32) & 1 == 1 {
                self.leave(running.job, effects >> (32 + index % 16) & 1 == 1);
            }
        }
        self.cluster.end(effects >> 60 & 1 == 1);
        self.cluster.clean();
        self.house = house(self.terms, self.now);
        self.ledger = Ledger::new();
        self.news.clear();
        self.listed.clear();
        self.troubled.clear();
        self.statuses.clear();
        if follows {
            self.house.follow();
        }
        self.tell_all(effects >> 50)
    }

    /// All that there is, in an order by `order`.
    fn tell_all(&mut self, order: u64) -> Result<(), Broken> {
        let mut parts = [0, 1, 2];
        let order = usize::try_from(order % 6).unwrap_or_default();
        parts.rotate_left(order % 3);
        if order > 2 {
            parts.swap(0, 1);
        }
        for part in parts {
            match part {
                0 => {
                    for (module, object) in self.cluster.list() {
                        self.house.take_module_object(&module, Some(&object));
                    }
                    self.house.objects_known(self.now, TIME);
                }
                1 => self.look(),
                _ => self.tell_config(),
            }
            self.go_on()?;
        }
        Ok(())
    }

    /// A replica that follows leads from now on.
    pub(super) fn lead(&mut self) {
        if !self.house.follows() {
            return;
        }
        let mut next = house(self.terms, self.now);
        next.inherit(self.house.take_warmth());
        self.house = next;
        self.cluster.clean();
        // What happened until now was told by the one that led.
        self.ledger = Ledger::new();
        self.statuses.clear();
        self.look();
        for (module, object) in self.cluster.list() {
            self.house.take_module_object(&module, Some(&object));
        }
        self.house.objects_known(self.now, TIME);
        self.tell_config();
    }

    /// The turn of the operator's loop: what may start does, and what is told is taken.
    pub(super) fn go_on(&mut self) -> Result<(), Broken> {
        self.see_what_is_gone();
        for job in self.house.start(self.now, TIME) {
            self.ledger.tick += 1;
            self.begin(job)?;
        }
        self.take_notices()?;
        self.see_what_is_gone();
        laws::nothing_idles(self)?;
        self.fresh.clear();
        laws::all_have_their_turn(self)
    }

    /// A module that is to be purged is off; one that was removed is known no more.
    fn see_what_is_gone(&mut self) {
        for (module, text) in MODULES.iter().enumerate() {
            if self.is_leaving(module) && self.ledger.enabled[module] {
                self.ledger.purge(module);
            }
            let is_known = self.ledger.known[module].is_some() && !self.house.follows();
            if is_known
                && !self
                    .house
                    .residents
                    .keys()
                    .any(|known| known.as_str() == *text)
            {
                self.ledger.purge(module);
                self.ledger.forget(module);
                self.ledger.known[module] = None;
            }
        }
    }

    /// Whether a module is being removed since its folder is gone.
    pub(super) fn is_leaving(&self, module: usize) -> bool {
        let is_removal = |task: &Task| matches!(task, Task::ModuleDelete { module: name, purge: true } if name.as_str() == MODULES[module]);
        !self.ledger.is_there[module] && self.house.lines.any(|_, task| is_removal(task))
    }

    fn begin(&mut self, job: Job) -> Result<(), Broken> {
        self.tell(|| format!("    begins {}", laws::told(&job)));
        laws::may_begin(self, &job)?;
        laws::passes(self, &job)?;
        laws::note_begin(self, &job);
        let place = &self.ledger.places[place_of(job.task.module())];
        self.running.push(Running {
            sequence: self.sequence,
            offs: place.offs,
            deletions: place.deletions,
            turns: place.turns,
            job,
        });
        Ok(())
    }

    fn take_notices(&mut self) -> Result<(), Broken> {
        for notice in self.house.take_notices() {
            if matches!(notice, Notice::Count(Count::Converged { .. })) {
                self.ledger.left_failures = self.ledger.any_failed();
            }
            if let Notice::Remove(module) = &notice {
                self.statuses.remove(module);
            }
            if let Notice::Status {
                module,
                status,
                exists,
            } = &notice
            {
                let text = format!("{status:?}");
                let before = self.statuses.insert(module.clone(), text.clone());
                if *exists && before.as_ref() == Some(&text) {
                    let why = format!("the status of {module} is written again as it is");
                    return Err(laws::broken(laws::NO_CHANGE, why));
                }
            }
            if self.cluster.put(notice) && self.house.follows() {
                let why = "a replica that follows writes".to_owned();
                return Err(laws::broken(laws::FOLLOWS, why));
            }
        }
        Ok(())
    }

    /// Whether the world has something to tell.
    pub(super) fn is_quiet(&self) -> bool {
        self.news.is_empty() && self.cluster.is_quiet()
    }
}

fn house(terms: Terms, now: Instant) -> House {
    let settings = Settings {
        hook_processes: terms.processes,
        order: if terms.strict {
            OrderMode::Strict
        } else {
            OrderMode::Attempted
        },
        purge_settle: Duration::from_secs(5),
        ..settings(Place::Global)
    };
    House::new(settings, now).unwrap()
}
