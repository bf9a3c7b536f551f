//! News that nobody took yet, bounded for every object.
//!
//! A slow listener must not cost memory without bound: a change that nobody heard gives way to the
//! next change of the same object, and of an object that comes and goes the last few turns are kept.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::news::News;
use crate::watch::{Item, MonitorId, WatchEvent};

/// Untaken events of one object; the oldest gives way.
const TURNS: usize = 8;

/// Where news wait.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    news: BTreeMap<u64, News>,
    /// Which of them are events of an object, oldest first.
    events: HashMap<(MonitorId, String), Vec<(u64, WatchEvent)>>,
    is_closed: bool,
}

/// The end at which news arrive, in the order in which things happened.
///
/// Nothing is lost but this: when an object is modified again before anybody heard of it, only the
/// later event is told; and of an object that was made and deleted again and again in that time only
/// the last eight events are.
pub struct NewsReceiver {
    outbox: Arc<Outbox>,
}

impl NewsReceiver {
    pub(super) fn of(outbox: Arc<Outbox>) -> Self {
        Self { outbox }
    }

    /// The next news; `None` once the worker has ended and all was taken.
    pub async fn recv(&mut self) -> Option<News> {
        loop {
            let filled = self.outbox.filled.notified();
            {
                let mut waiting = self.outbox.waiting();
                if let Some(news) = waiting.take() {
                    return Some(news);
                }
                if waiting.is_closed {
                    return None;
                }
            }
            filled.await;
        }
    }

    /// The next news, when there is one now.
    pub fn try_recv(&mut self) -> Option<News> {
        self.outbox.waiting().take()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.outbox.waiting().news.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Outbox {
    pub(super) fn tell(&self, news: News) {
        self.waiting().put(news);
        self.filled.notify_one();
    }

    /// Nobody wants to hear of this monitor any more.
    pub(super) fn forget(&self, monitor: MonitorId) {
        let mut waiting = self.waiting();
        waiting.news.retain(|_, news| news.monitor() != monitor);
        waiting.events.retain(|(of, _), _| *of != monitor);
    }

    pub(super) fn close(&self) {
        self.waiting().is_closed = true;
        self.filled.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One object; neither a namespace nor a name has a NUL in it.
fn key(item: &Item) -> String {
    format!(
        "{}\0{}",
        item.namespace.as_deref().unwrap_or_default(),
        item.name
    )
}

impl Waiting {
    fn put(&mut self, news: News) {
        let order = self.next;
        self.next += 1;
        if let News::Event {
            monitor,
            event,
            item,
            ..
        } = &news
        {
            let turns = self.events.entry((*monitor, key(item))).or_default();
            let is_again = *event == WatchEvent::Modified
                && turns
                    .last()
                    .is_some_and(|(_, last)| *last == WatchEvent::Modified);
            let outdated = if is_again {
                turns.pop()
            } else if turns.len() >= TURNS {
                Some(turns.remove(0))
            } else {
                None
            };
            turns.push((order, *event));
            if let Some((outdated, _)) = outdated {
                self.news.remove(&outdated);
            }
        }
        self.news.insert(order, news);
    }

    fn take(&mut self) -> Option<News> {
        let (order, news) = self.news.pop_first()?;
        if let News::Event { monitor, item, .. } = &news {
            let of = (*monitor, key(item));
            if let Some(turns) = self.events.get_mut(&of) {
                turns.retain(|(waiting, _)| *waiting != order);
                if turns.is_empty() {
                    self.events.remove(&of);
                }
            }
        }
        Some(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event: WatchEvent, name: &str, sequence: u64) -> News {
        let item = Item {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: None,
            name: name.to_owned(),
            object: None,
            filter_result: None,
        };
        let monitor = MonitorId(1);
        News::Event {
            monitor,
            event,
            item: Arc::new(item),
            sequence,
        }
    }

    fn taken(waiting: &mut Waiting) -> Vec<u64> {
        std::iter::from_fn(|| waiting.take())
            .filter_map(|news| match news {
                News::Event { sequence, .. } => Some(sequence),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn later_change_replaces_one_that_nobody_took() {
        let mut waiting = Waiting::default();
        waiting.put(event(WatchEvent::Added, "a", 0));
        for sequence in 1..10_000 {
            waiting.put(event(WatchEvent::Modified, "a", sequence));
        }
        waiting.put(event(WatchEvent::Modified, "b", 10_000));
        assert_eq!(taken(&mut waiting), [0, 9_999, 10_000]);
        assert!(waiting.events.is_empty());
    }

    #[test]
    fn object_that_comes_and_goes_keeps_its_last_turns() {
        let mut waiting = Waiting::default();
        for sequence in 0..1_000 {
            let is_even = sequence % 2 == 0;
            let what = if is_even {
                WatchEvent::Added
            } else {
                WatchEvent::Deleted
            };
            waiting.put(event(what, "a", sequence));
        }
        assert_eq!(taken(&mut waiting), (992..1_000).collect::<Vec<u64>>());
    }

    #[test]
    fn events_of_many_objects_are_all_told_in_order() {
        let mut waiting = Waiting::default();
        for sequence in 0..1_000 {
            waiting.put(event(WatchEvent::Modified, &sequence.to_string(), sequence));
        }
        assert_eq!(taken(&mut waiting), (0..1_000).collect::<Vec<u64>>());
    }
}
