//! The lines as one state machine.
//!
//! | a task is | next |
//! |---|---|
//! | waiting | its turn and nothing in its way: running |
//! | running | done: gone · failed: backing off · one step done: between steps |
//! | between steps | nothing in the way of the next step: running |
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
    /// A queue that bindings of hooks name; all that name it share it.
    Named(String),
}

impl fmt::Display for QueueName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Main => out.write_str("main"),
            Self::Module(module) => write!(out, "module/{module}"),
            Self::Ready(module) => write!(out, "ready/{module}"),
            Self::Named(name) => out.write_str(name),
        }
    }
}

/// A task that starts now, or whose next step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started<T> {
    /// Its queue.
    pub queue: QueueName,
    /// Its number.
    pub id: u64,
    /// The task.
    pub task: T,
    /// Whether it began before, and this is its next step.
    pub goes_on: bool,
    /// How often it failed before.
    pub failures: u32,
}

/// A task whose turn it is.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a, T> {
    /// Its queue.
    pub queue: &'a QueueName,
    /// The task.
    pub task: &'a T,
    /// Whether it began before, and this is its next step.
    pub goes_on: bool,
}

/// What is in the way of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// A sentence.
    pub why: String,
    /// When to look again although nothing happens.
    pub until: Option<Instant>,
}

impl Hold {
    /// Until something happens.
    pub fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            until: None,
        }
    }
}

/// More tasks than this in one line are an overload: then a new one may join an older one that does
/// not stand right before it.
const OVERLOAD: usize = 100;

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
    /// Its number.
    pub id: u64,
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
    /// Whether a step of it is done, and the next one has not begun.
    is_between: bool,
    held: Option<String>,
    /// Since which turn it is held; `None` when it is not.
    held_since: Option<u64>,
}

impl<T> Entry<T> {
    fn has_turn(&self, now: Instant) -> bool {
        let is_at_work = self.running.is_some() && !self.is_between;
        !is_at_work && self.not_before.is_none_or(|time| time <= now)
    }
}

/// All lines.
#[derive(Debug, Clone)]
pub struct Lines<T> {
    queues: BTreeMap<QueueName, VecDeque<Entry<T>>>,
    next_id: u64,
    /// Counts the turns in which heads were looked at.
    turns: u64,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self {
            queues: BTreeMap::new(),
            next_id: 1,
            turns: 0,
        }
    }
}

impl<T: Clone> Lines<T> {
    /// Appends a task. When `merge` finds a task that waits and stands for the new one as well, that
    /// one is changed in place and loses its back-off: something new happened.
    pub fn push(&mut self, queue: QueueName, task: T, merge: impl Fn(&mut T, &T) -> bool) {
        let line = self.queues.entry(queue.clone()).or_default();
        for entry in line.iter_mut().filter(|entry| entry.running.is_none()) {
            if merge(&mut entry.task, &task) {
                entry.not_before = None;
                return;
            }
        }
        self.append(queue, task);
    }

    /// Appends a task, or joins it to the one right before it when `merge` does so; in a line that is
    /// too long, to any that waits. A back-off stays: more of the same does not mend what failed.
    pub fn join(&mut self, queue: QueueName, task: T, merge: impl Fn(&mut T, &T) -> bool) {
        let line = self.queues.entry(queue.clone()).or_default();
        let is_long = line.len() > OVERLOAD;
        let mut waiting = line.iter_mut().filter(|entry| entry.running.is_none());
        let mut candidates: Vec<&mut Entry<T>> = if is_long {
            waiting.collect()
        } else {
            waiting.next_back().into_iter().collect()
        };
        if !candidates
            .iter_mut()
            .rev()
            .any(|entry| merge(&mut entry.task, &task))
        {
            self.append(queue, task);
        }
    }

    fn append(&mut self, queue: QueueName, task: T) {
        let id = self.next_id;
        self.next_id += 1;
        self.queues.entry(queue).or_default().push_back(Entry {
            id,
            task,
            failures: 0,
            message: String::new(),
            not_before: None,
            running: None,
            is_between: false,
            held: None,
            held_since: None,
        });
    }

    /// Starts every head that may start, and the next step of every head that is between two. `gate`
    /// says what is in a task's way. Those that were held longest come first: what they wait for may be
    /// enough for one.
    pub fn start(
        &mut self,
        now: Instant,
        mut gate: impl FnMut(Turn<'_, T>) -> Option<Hold>,
    ) -> Vec<Started<T>> {
        let heads = self.queues.iter_mut().filter_map(|(queue, line)| {
            let head = line.front_mut()?;
            head.has_turn(now).then_some((queue, head))
        });
        let mut heads: Vec<(&QueueName, &mut Entry<T>)> = heads.collect();
        heads.sort_by_key(|(_, head)| head.held_since.unwrap_or(u64::MAX));
        self.turns += 1;
        let mut started = Vec::new();
        for (queue, head) in heads {
            let goes_on = head.running.is_some();
            let hold = gate(Turn {
                queue,
                task: &head.task,
                goes_on,
            });
            head.not_before = hold.as_ref().and_then(|hold| hold.until);
            head.held = hold.map(|hold| hold.why);
            if head.held.is_some() {
                head.held_since.get_or_insert(self.turns);
            } else {
                head.running = head.running.or(Some(now));
                head.is_between = false;
                started.push(Started {
                    queue: queue.clone(),
                    id: head.id,
                    task: head.task.clone(),
                    goes_on,
                    failures: head.failures,
                });
            }
        }
        started
    }

    /// While the head of a line has to wait for a time, the first task behind it that may pass it
    /// becomes the head: what failed may need it. The same while something else is in its way, which may
    /// last for ever, for those that `may_pass_held`. Answers whether any did.
    pub fn overtake(
        &mut self,
        now: Instant,
        may_pass: impl Fn(&T, &T) -> bool,
        may_pass_held: impl Fn(&T, &T) -> bool,
    ) -> bool {
        let mut has_passed = false;
        for line in self.queues.values_mut() {
            for entry in line.iter_mut() {
                entry.not_before = entry.not_before.filter(|time| *time > now);
            }
            let Some(head) = line.front().filter(|head| head.running.is_none()) else {
                continue;
            };
            let (waits, is_held) = (!head.has_turn(now), head.held.is_some());
            if !waits && !is_held {
                continue;
            }
            // Those that may pass keep their order among themselves.
            let next = line.iter().enumerate().position(|(index, entry)| {
                let of = (&head.task, &entry.task);
                let passes =
                    (waits && may_pass(of.0, of.1)) || (!waits && may_pass_held(of.0, of.1));
                let mut between = line.iter().take(index).skip(1);
                passes
                    && entry.has_turn(now)
                    && between
                        .all(|other| other.has_turn(now) || may_pass(&other.task, &entry.task))
            });
            if let Some(entry) = next.and_then(|index| line.remove(index)) {
                // It is looked at again before another passes it.
                line.iter_mut().take(1).for_each(|head| head.held = None);
                line.push_front(entry);
                has_passed = true;
            }
        }
        has_passed
    }

    /// A step of a running task is done, and it has a next one.
    pub fn go_on(&mut self, queue: &QueueName, id: u64) {
        for entry in self.entry(queue, id) {
            entry.is_between = true;
            entry.not_before = None;
            entry.held_since = None;
        }
    }

    /// A task that was started, or its step, could not begin after all: others of the same turn were faster.
    /// It keeps its place among those that are held.
    pub fn put_back(&mut self, queue: &QueueName, id: u64) {
        let turns = self.turns;
        for entry in self.entry(queue, id) {
            entry.is_between = true;
            entry.held_since.get_or_insert(turns);
        }
    }

    fn entry(&mut self, queue: &QueueName, id: u64) -> impl Iterator<Item = &mut Entry<T>> {
        let line = self.queues.get_mut(queue).into_iter().flatten();
        line.filter(move |entry| entry.id == id)
    }

    /// When the next back-off is over.
    pub fn wake_at(&self) -> Option<Instant> {
        let is_free = |line: &&VecDeque<Entry<T>>| {
            let head = line.front();
            head.is_some_and(|head| head.running.is_none() || head.is_between)
        };
        let free = self.queues.values().filter(is_free);
        free.flatten().filter_map(|entry| entry.not_before).min()
    }

    /// A running task ended well.
    pub fn done(&mut self, queue: &QueueName, id: u64) {
        if let Some(line) = self.queues.get_mut(queue) {
            line.retain(|entry| entry.id != id);
            if line.is_empty() {
                self.queues.remove(queue);
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
        let line = self.queues.get_mut(queue)?;
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
            is_between: false,
            held: None,
            held_since: None,
            ..failed
        });
        Some(wait)
    }

    /// Drops tasks that wait or back off.
    pub fn drop_waiting(&mut self, is_dropped: impl Fn(&QueueName, &T) -> bool) {
        for (queue, line) in &mut self.queues {
            line.retain(|entry| entry.running.is_some() || !is_dropped(queue, &entry.task));
        }
        self.queues.retain(|_, line| !line.is_empty());
    }

    /// Takes the back-off from tasks: something new happened.
    pub fn hurry(&mut self, is_meant: impl Fn(&QueueName, &T) -> bool) {
        for (queue, line) in &mut self.queues {
            for entry in line.iter_mut().filter(|entry| is_meant(queue, &entry.task)) {
                entry.not_before = None;
            }
        }
    }

    /// All tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &T> {
        self.queues.values().flatten().map(|entry| &entry.task)
    }

    /// Whether any task is like this.
    pub fn any(&self, is_meant: impl Fn(&QueueName, &T) -> bool) -> bool {
        self.queues
            .iter()
            .any(|(queue, line)| line.iter().any(|entry| is_meant(queue, &entry.task)))
    }

    /// Whether a running task is like this.
    pub fn is_running(&self, is_meant: impl Fn(&QueueName, &T) -> bool) -> bool {
        self.queues.iter().any(|(queue, line)| {
            line.iter()
                .any(|entry| entry.running.is_some() && is_meant(queue, &entry.task))
        })
    }

    /// Whether a task is not over.
    #[cfg(test)]
    pub fn holds(&self, id: u64) -> bool {
        self.queues.values().flatten().any(|entry| entry.id == id)
    }

    /// How many tasks each queue holds.
    pub fn lengths(&self) -> impl Iterator<Item = (&QueueName, usize)> {
        self.queues.iter().map(|(queue, line)| (queue, line.len()))
    }

    /// The queues whose head may start now, as far as time is concerned.
    pub fn ready(&self, now: Instant) -> impl Iterator<Item = (&QueueName, &T)> {
        self.queues.iter().filter_map(move |(queue, line)| {
            let head = line.front()?;
            head.has_turn(now).then_some((queue, &head.task))
        })
    }

    /// All tasks, by queue.
    pub fn view(&self) -> BTreeMap<&QueueName, Vec<TaskView<'_, T>>> {
        let view = |entry: &'_ Entry<T>| match (entry.running, entry.not_before, &entry.held) {
            (_, _, Some(why)) => Standing::Held(why.clone()),
            (Some(since), _, None) => Standing::Running(since),
            (None, Some(until), None) => Standing::BackingOff(until),
            (None, None, None) => Standing::Waiting,
        };
        self.queues
            .iter()
            .map(|(queue, line)| {
                let tasks = line.iter().map(|entry| TaskView {
                    id: entry.id,
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

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the shape that lines ask for"
    )]
    fn same(old: &mut u32, new: &u32) -> bool {
        old == new
    }

    fn free(_: Turn<'_, u32>) -> Option<Hold> {
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
    fn task_of_another_sort_passes_one_that_backs_off() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        for task in [1, 3, 2] {
            lines.push(queue("a"), task, same);
        }
        let is_other = |head: &u32, task: &u32| head % 2 != task % 2;
        lines.overtake(now, is_other, |_, _| false);
        let first = lines.start(now, free).remove(0);
        assert_eq!(first.task, 1);
        lines.failed((&queue("a"), first.id), "no".into(), now, same);
        lines.overtake(now, is_other, |_, _| false);
        let second = lines.start(now, free).remove(0);
        assert_eq!(second.task, 2);
        lines.failed((&queue("a"), second.id), "no".into(), now, same);
        lines.overtake(now, is_other, |_, _| false);
        assert!(lines.start(now, free).is_empty(), "3 stays behind 1");
        let later = lines.wake_at().unwrap();
        assert_eq!(later, now + Duration::from_secs(1));
        lines.overtake(later, is_other, |_, _| false);
        assert_eq!(lines.start(later, free)[0].task, 2);
    }

    #[test]
    fn task_of_a_third_sort_passes_two_that_back_off() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        let is_other = |head: &u32, task: &u32| head % 3 != task % 3;
        for task in [1, 2] {
            lines.push(queue("a"), task, same);
            lines.overtake(now, is_other, |_, _| false);
            let started = lines.start(now, free).remove(0);
            assert_eq!(started.task, task);
            lines.failed((&queue("a"), started.id), "no".into(), now, same);
        }
        for task in [5, 3] {
            lines.push(queue("a"), task, same);
        }
        lines.overtake(now, is_other, |_, _| false);
        let started = lines.start(now, free);
        assert_eq!(started[0].task, 3, "5 stays behind 2");
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
                .start(now, |_| Some(Hold::new("waits for b")))
                .is_empty()
        );
        let view = lines.view();
        assert_eq!(
            view[&queue("a")][0].standing,
            Standing::Held("waits for b".into())
        );
    }

    #[test]
    fn steps_of_a_task_follow_each_other_before_the_next_task() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        for task in [1, 2] {
            lines.push(queue("a"), task, same);
        }
        let id = lines.start(now, free)[0].id;
        lines.go_on(&queue("a"), id);
        assert!(
            lines
                .start(now, |turn| turn.goes_on.then(|| Hold::new("waits")))
                .is_empty()
        );
        let next = lines.start(now, free);
        assert_eq!((next[0].id, next[0].goes_on), (id, true));
        assert!(lines.start(now, free).is_empty());
        lines.done(&queue("a"), id);
        assert_eq!(lines.start(now, free)[0].task, 2);
    }

    #[test]
    fn who_was_held_longest_comes_first_although_others_were_faster() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        for (name, task) in [("a", 1), ("b", 2), ("c", 3)] {
            lines.push(queue(name), task, same);
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            let mut started = lines.start(now, free).into_iter();
            let first = started.next().unwrap();
            for other in started {
                lines.put_back(&other.queue, other.id);
            }
            order.push(first.task);
            lines.done(&first.queue, first.id);
            lines.push(first.queue, first.task, |_, _| false);
        }
        assert_eq!(order, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn hold_with_a_time_is_looked_at_again() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        let later = now + Duration::from_secs(3);
        lines.push(queue("a"), 1, same);
        let hold = |_: Turn<'_, u32>| {
            let (why, until) = ("too fast".to_owned(), Some(later));
            Some(Hold { why, until })
        };
        assert!(lines.start(now, hold).is_empty());
        assert_eq!(lines.wake_at(), Some(later));
        assert!(lines.start(now, free).is_empty());
        assert_eq!(lines.start(later, free).len(), 1);
    }

    #[test]
    fn task_joins_only_the_one_right_before_it() {
        let (mut lines, now) = (Lines::default(), Instant::now());
        for task in [1, 1, 2, 1, 1] {
            lines.join(queue("a"), task, same);
        }
        assert_eq!(lines.tasks().copied().collect::<Vec<_>>(), [1, 2, 1]);
        let id = lines.start(now, free)[0].id;
        lines.failed((&queue("a"), id), "no".into(), now, |_, _| false);
        lines.join(queue("a"), 3, |old, _| *old == 1);
        assert!(lines.start(now, free).is_empty(), "the back-off stays");
    }

    #[test]
    fn overlong_line_is_compacted() {
        let mut lines = Lines::default();
        for task in 0..10_000 {
            lines.join(queue("a"), task % 2, same);
        }
        assert_eq!(lines.tasks().count(), OVERLOAD + 1);
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
