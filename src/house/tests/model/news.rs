//! What the watches and crontabs of hooks tell.

use std::sync::Arc;

use super::super::play::name;
use super::stage::{Stage, TIME, number, place_of};
use super::world::MODULES;
use crate::schedule::Crontab;
use crate::watch::{Item, MonitorId, News, Trouble, WatchEvent};

impl Stage {
    fn monitors(&self) -> Vec<MonitorId> {
        self.house
            .monitors()
            .iter()
            .map(|monitor| monitor.id)
            .collect()
    }

    /// Something happens to an object that is watched and was listed.
    pub(super) fn emit_to_any(&mut self, index: usize, count: usize) {
        let mut monitors = self.monitors();
        monitors.retain(|id| self.listed.contains(id));
        if monitors.is_empty() {
            return;
        }
        let monitor = monitors[index % monitors.len()];
        for _ in 0..count {
            self.emit(monitor);
        }
        if count > 1 {
            self.deliver();
        }
    }

    pub(super) fn emit(&mut self, monitor: MonitorId) {
        self.sequence += 1;
        let mut sets = self.house.sets();
        let place = sets.find(|(_, set)| set.bound.contains_key(&monitor));
        let module = place.and_then(|(module, _)| module).map(number);
        drop(sets);
        // Of what happens before a module is there its hooks are told no more than what there is then.
        if module.is_none_or(|module| self.ledger.enabled[module]) {
            self.ledger.emitted.push((monitor, self.sequence));
        }
        let item = Item {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: self.sequence.to_string(),
            object: None,
            filter_result: None,
        };
        self.news.push_back(News::Event {
            monitor,
            event: WatchEvent::Modified,
            item: Arc::new(item),
            sequence: self.sequence,
        });
    }

    /// What the hooks of a place watch has news.
    pub(super) fn flood(&mut self, place: usize) {
        let module = place.checked_sub(1).map(|module| name(MODULES[module]));
        let set = self.house.set(module.as_ref());
        let monitors: Vec<MonitorId> = set
            .into_iter()
            .flat_map(|set| set.bound.keys().copied())
            .collect();
        for monitor in monitors {
            if self.listed.contains(&monitor) {
                self.emit(monitor);
            }
        }
        self.deliver();
    }

    pub(super) fn deliver(&mut self) {
        while let Some(news) = self.news.pop_front() {
            self.house.take_news(news, (self.now, TIME));
        }
    }

    /// Every list that can be read is complete.
    pub(super) fn list(&mut self) {
        for monitor in self.monitors() {
            if !self.troubled.contains(&monitor) && self.listed.insert(monitor) {
                self.news.push_back(News::Listed { monitor });
            }
        }
        self.deliver();
    }

    pub(super) fn trouble(&mut self, index: usize, is_forbidden: bool) {
        let mut monitors = self.monitors();
        monitors.retain(|id| !self.listed.contains(id));
        if monitors.is_empty() {
            return;
        }
        let monitor = monitors[index % monitors.len()];
        let message = "it is not there".to_owned();
        let trouble = if is_forbidden {
            Trouble::Forbidden {
                right: "list pods".to_owned(),
                message,
            }
        } else {
            Trouble::Unserved { message }
        };
        self.troubled.insert(monitor);
        self.news.push_back(News::Trouble { monitor, trouble });
        self.deliver();
    }

    /// Whatever could not be read can be.
    pub(super) fn recover(&mut self) {
        for monitor in std::mem::take(&mut self.troubled) {
            self.news.push_back(News::Recovered { monitor });
        }
        self.list();
    }

    /// Whether a list of a place is not complete.
    pub(super) fn is_unlisted(&self, place: usize) -> bool {
        let module = place.checked_sub(1).map(|module| name(MODULES[module]));
        let set = self.house.set(module.as_ref());
        set.is_some_and(|set| set.bound.keys().any(|id| !self.listed.contains(id)))
    }

    /// The time of all crontabs has come.
    pub(super) fn fire(&mut self) {
        let crontabs: Vec<Crontab> = self.house.crontabs().into_iter().collect();
        if crontabs.is_empty() {
            return;
        }
        let mut due = Vec::new();
        for (module, set) in self.house.sets() {
            let hooks = set.hooks.iter().filter(|_| set.is_live);
            for (hook, _) in hooks.filter(|(_, hook)| !hook.config.schedules.is_empty()) {
                due.push((place_of(module), hook.clone()));
            }
        }
        due.retain(|(place, _)| *place == 0 || self.ledger.enabled[place - 1]);
        for (place, hook) in due {
            self.ledger.places[place].fired.entry(hook).or_default().0 += 1;
        }
        self.house.take_schedule(&crontabs, self.now);
    }
}
