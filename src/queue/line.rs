//! The lines as one state machine.
//!
//! | a task is | next |
//! |---|---|
//! | waiting | its turn and nothing in its way: running |
//! | running | done: gone · failed: backing off |
//! | backing off | time is over, or something new for it: waiting |

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use super::backoff::delay;
use crate::name::ModuleName;

/// The name of a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueName {
    /// Converge and everything global.
    Main,
    /// The main queue of one module.
    Module(ModuleName),
    /// Where it is waited until the objects of a module are ready, while its main queue goes on.
    Ready(ModuleName),
}

impl fmt::Display for QueueName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => out.write_str("main"),
            Self::Module(module) => write!(out, "module/{module}"),
            Self::Ready(module) => write!(out, "ready/{module}"),
        }
    }
}

/// A task that starts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started<T> {
    /// Its queue.
    pub queue: QueueName,
    /// Its number.
    pub id: u64,
    /// The task.
    pub task: T,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Behind another, or about to start.
    Waiting,
    /// At work since.
    Running(Instant),
    /// Its turn, and something is in its way.
    Held(String),
    /// It failed and will be repeated.
    BackingOff(Instant),
}

/// A task as people see it.
#[derive(Debug, Clone)]
pub struct TaskView<'a, T> {
    /// The task.
    pub task: &'a T,
    /// Where it stands.
    pub standing: Standing,
    /// How often it failed.
    pub failures: u32,
    /// The last failure; empty when there was none.
    pub message: &'a str,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    id: u64,
    task: T,
    failures: u32,
    message: String,
    not_before: Option<Instant>,
    running: Option<Instant>,
    held: Option<String>,
}

/// All lines.
#[derive(Debug, Clone)]
pub struct Lines<T> {
    lines: BTreeMap<QueueName, VecDeque<Entry<T>>>,
    next_id: u64,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self {
            lines: BTreeMap::new(),
            next_id: 1,
        }
    }
}

impl<T: Clone> Lines<T> {
    /// Appends a task. When `merge` finds a task that waits and stands for the new one as well, that
    /// one is changed in place and loses its back-off: something new happened.
    pub fn push(&mut self, queue: QueueName, task: T, merge: impl Fn(&mut T, &T) -> bool) {
        let line = self.lines.entry(queue).or_default();
        for entry in line.iter_mut().filter(|entry| entry.running.is_none()) {
            if merge(&mut entry.task, &task) {
                entry.not_before = None;
                return;
            }
        }
        let id = self.next_id;
        self.next_id += 1;
        line.push_back(Entry {
            id,
            task,
            failures: 0,
            message: String::new(),
            not_before: None,
            running: None,
            held: None,
        });
    }

    /// Starts every head that may start. `gate` says what is in a task's way.
    pub fn start(
        &mut self,
        now: Instant,
        mut gate: impl FnMut(&QueueName, &T) -> Option<String>,
    ) -> Vec<Started<T>> {
        let mut started = Vec::new();
        for (queue, line) in &mut self.lines {
            let Some(head) = line.front_mut() else {
                continue;
            };
            if head.running.is_some() || head.not_before.is_some_and(|time| time > now) {
                continue;
            }
            head.held = gate(queue, &head.task);
            if head.held.is_none() {
                head.not_before = None;
                head.running = Some(now);
                started.push(Started {
                    queue: queue.clone(),
                    id: head.id,
                    task: head.task.clone(),
                });
            }
        }
        started
    }

    /// When the next back-off is over.
    pub fn wake_at(&self) -> Option<Instant> {
        let heads = self.lines.values().filter_map(VecDeque::front);
        heads
            .filter(|head| head.running.is_none())
            .filter_map(|head| head.not_before)
            .min()
    }

    /// A running task ended well.
    pub fn done(&mut self, queue: &QueueName, id: u64) {
        if let Some(line) = self.lines.get_mut(queue) {
            line.retain(|entry| entry.id != id);
            if line.is_empty() {
                self.lines.remove(queue);
            }
        }
    }

    /// A running task failed: it backs off, unless a newer one that stands for it waits behind it.
    /// Answers how long it waits.
    pub fn failed(
        &mut self,
        (queue, id): (&QueueName, u64),
        message: String,
        now: Instant,
        merge: impl Fn(&mut T, &T) -> bool,
    ) -> Option<Duration> {
        let line = self.lines.get_mut(queue)?;
        let index = line.iter().position(|entry| entry.id == id)?;
        let failed = line.remove(index)?;
        let failures = failed.failures + 1;
        if let Some(newer) = line
            .iter_mut()
            .find_map(|entry| merge(&mut entry.task, &failed.task).then_some(entry))
        {
            newer.failures = failures;
            newer.message = message;
            return Some(Duration::ZERO);
        }
        let wait = delay(failures);
        line.push_front(Entry {
            failures,
            message,
            not_before: Some(now + wait),
            running: None,
            held: None,
            ..failed
        });
        Some(wait)
    }

    /// Drops tasks that wait or back off.
    pub fn drop_waiting(&mut self, is_dropped: impl Fn(&QueueName, &T) -> bool) {
        for (queue, line) in &mut self.lines {
            line.retain(|entry| entry.running.is_some() || !is_dropped(queue, &entry.task));
        }
        self.lines.retain(|_, line| !line.is_empty());
    }

    /// Takes the back-off from tasks: something new happened.
    pub fn hurry(&mut self, is_meant: impl Fn(&QueueName, &T) -> bool) {
        for (queue, line) in &mut self.lines {
            for entry in line.iter_mut().filter(|entry| is_meant(queue, &entry.task)) {
                entry.not_before = None;
            }
        }
    }

    /// All tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &T> {
        self.lines.values().flatten().map(|entry| &entry.task)
    }

    /// Whether any task is like this.
    pub fn any(&self, is_meant: impl Fn(&QueueName, &T) -> bool) -> bool {
        self.lines
            .iter()
            .any(|(queue, line)| line.iter().any(|entry| is_meant(queue, &entry.task)))
    }

    /// Whether a running task is like this.
    pub fn is_running(&self, is_meant: impl Fn(&QueueName, &T) -> bool) -> bool {
        self.lines.iter().any(|(queue, line)| {
            line.iter()
                .any(|entry| entry.running.is_some() && is_meant(queue, &entry.task))
        })
    }

    /// How many tasks each queue holds.
    pub fn lengths(&self) -> impl Iterator<Item = (&QueueName, usize)> {
        self.lines.iter().map(|(queue, line)| (queue, line.len()))
    }

    /// The queues whose head may start now, as far as time is concerned.
    pub fn ready(&self, now: Instant) -> impl Iterator<Item = (&QueueName, &T)> {
        self.lines.iter().filter_map(move |(queue, line)| {
            let head = line.front()?;
            let is_ready = head.running.is_none() && head.not_before.is_none_or(|time| time <= now);
            is_ready.then_some((queue, &head.task))
        })
    }

    /// All tasks, by queue.
    pub fn view(&self) -> BTreeMap<&QueueName, Vec<TaskView<'_, T>>> {
        let view = |entry: &'_ Entry<T>| match (entry.running, entry.not_before, &entry.held) {
            (Some(since), _, _) => Standing::Running(since),
            (None, Some(until), _) => Standing::BackingOff(until),
            (None, None, Some(why)) => Standing::Held(why.clone()),
            (None, None, None) => Standing::Waiting,
        };
        self.lines
            .iter()
            .map(|(queue, line)| {
                let tasks = line.iter().map(|entry| TaskView {
                    task: &entry.task,
                    standing: view(entry),
                    failures: entry.failures,
                    message: &entry.message,
                });
                (queue, tasks.collect())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queue(name: &str) -> QueueName {
        QueueName::Module(ModuleName::parse(name).unwrap())
    }

    fn same(old: &mut u32, new: &u32) -> bool {
        old == new
    }

    fn free(_: &QueueName, _: &u32) -> Option<String> {
        None
    }

    #[test]
    fn one_task_of_a_line_runs_at_a_time() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        for task in [1, 2] {
            lines.push(queue("a"), task, same);
        }
        lines.push(queue("b"), 3, same);
        let first: Vec<u32> = lines
            .start(now, free)
            .into_iter()
            .map(|started| started.task)
            .collect();
        assert_eq!(first, [1, 3]);
        assert!(lines.start(now, free).is_empty());
        lines.done(&queue("a"), 1);
        assert_eq!(lines.start(now, free)[0].task, 2);
    }

    #[test]
    fn failed_task_backs_off_in_its_line_alone() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        lines.push(queue("a"), 1, same);
        let started = lines.start(now, free);
        let wait = lines
            .failed((&queue("a"), started[0].id), "no".into(), now, same)
            .unwrap();
        assert_eq!(wait, Duration::from_secs(1));
        lines.push(queue("b"), 2, same);
        assert_eq!(lines.start(now, free).len(), 1);
        assert_eq!(lines.wake_at(), Some(now + wait));
        assert_eq!(lines.start(now + wait, free)[0].task, 1);
    }

    #[test]
    fn news_end_the_back_off() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        lines.push(queue("a"), 1, same);
        let id = lines.start(now, free)[0].id;
        lines.failed((&queue("a"), id), "no".into(), now, same);
        lines.push(queue("a"), 1, same);
        assert_eq!(lines.start(now, free).len(), 1);
    }

    #[test]
    fn news_during_a_run_are_not_lost() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        lines.push(queue("a"), 1, same);
        let id = lines.start(now, free)[0].id;
        lines.push(queue("a"), 1, same);
        lines.done(&queue("a"), id);
        assert_eq!(lines.start(now, free).len(), 1);
    }

    #[test]
    fn what_is_in_the_way_is_told() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        lines.push(queue("a"), 1, same);
        assert!(
            lines
                .start(now, |_, _| Some("waits for b".into()))
                .is_empty()
        );
        let view = lines.view();
        assert_eq!(
            view[&queue("a")][0].standing,
            Standing::Held("waits for b".into())
        );
    }

    proptest! {
        /// Whatever happens, every task pushed is run to success once time passes.
        #[test]
        fn no_task_is_lost(steps in prop::collection::vec((0u8..3, 0u32..4, any::<bool>()), 1..60)) {
            let mut lines = Lines::default();
            let mut now = Instant::now();
            let mut running: Vec<Started<u32>> = Vec::new();
            let mut owed = std::collections::BTreeSet::new();
            for (step, task, fails) in steps {
                let name = queue(["a", "b", "c", "d"][task as usize % 4]);
                match step {
                    0 => { lines.push(name, task, same); owed.insert(task); }
                    1 => for started in lines.start(now, free) {
                        owed.remove(&started.task);
                        running.push(started);
                    },
                    _ => if let Some(started) = running.pop() {
                        if fails {
                            owed.insert(started.task);
                            lines.failed((&started.queue, started.id), String::new(), now, same);
                        } else {
                            lines.done(&started.queue, started.id);
                        }
                    },
                }
            }
            for started in running { lines.done(&started.queue, started.id); }
            for _ in 0..100 {
                now += Duration::from_mins(1);
                for started in lines.start(now, free) {
                    owed.remove(&started.task);
                    lines.done(&started.queue, started.id);
                }
            }
            prop_assert!(owed.is_empty());
            prop_assert!(lines.view().is_empty());
        }
    }
}
