//! Carries out what the state wants: streams, lists, questions to the cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Shared;
use super::flow::Run;
use super::kinds::{Kind, KindName};
use super::news::Trouble;
use super::state::State;
use super::text::{Object, Place, View};
use crate::cluster::{Error, Resource};
use crate::report;
use crate::watch::stream::{follow_anew, list};
use crate::watch::{Event, Scope, follow};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_LIST_PAUSE: Duration = Duration::from_secs(30);
/// After a worker broke a promise of ours, so that it cannot do so in a loop.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(1);

/// What a worker does until it is not wanted any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Job {
    /// Follows one stream.
    Stream(Run),
    /// Reads one view's own list.
    OwnList {
        /// Of which stream.
        scope: Scope,
        /// For which view.
        view: View,
        /// Which list.
        list: u64,
    },
    /// Follows what defines kinds, by name alone.
    Definitions(Resource),
}

/// What defines the kinds that come and go.
fn definitions() -> [Resource; 2] {
    [
        Resource::known(
            "apiextensions.k8s.io",
            "v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            false,
        ),
        Resource::known(
            "apiregistration.k8s.io",
            "v1",
            "APIService",
            "apiservices",
            false,
        ),
    ]
}

impl State {
    /// What is to be done until told otherwise.
    pub(super) fn jobs(&self) -> BTreeSet<Job> {
        let mut jobs = BTreeSet::new();
        if self.kinds.values().any(Kind::needs_definitions) {
            jobs.extend(definitions().map(Job::Definitions));
        }
        for (scope, stream) in &self.streams {
            jobs.insert(Job::Stream(Run {
                scope: scope.clone(),
                stamp: stream.stamp,
            }));
            for (view, viewed) in &stream.views {
                let job = |list| Job::OwnList {
                    scope: scope.clone(),
                    view: view.clone(),
                    list,
                };
                jobs.extend(viewed.own_list.map(job));
            }
        }
        jobs
    }

    /// Kinds to ask for, and whether an answer of before does not count.
    pub(super) fn to_ask(&self) -> Vec<(KindName, bool)> {
        let asked = self
            .kinds
            .iter()
            .filter_map(|(name, kind)| Some((name, kind.asks()?)));
        asked
            .map(|(name, is_fresh)| (name.clone(), is_fresh))
            .collect()
    }
}

type Running = BTreeMap<Job, (Id, DropGuard)>;

impl Shared {
    /// The worker: keeps all streams going, until cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let mut workers = JoinSet::new();
        let mut running = Running::new();
        let kinds = self.ask_for_kinds();
        tokio::pin!(kinds);
        loop {
            self.adjust(&mut running, &mut workers);
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.inner.moved.notified() => {}
                () = &mut kinds => {}
                Some(ended) = workers.join_next_with_id() => {
                    let (id, panic) = match ended {
                        Ok((id, ())) => (id, None),
                        Err(error) => (error.id(), Some(error)),
                    };
                    running.retain(|_, (other, _)| *other != id);
                    if let Some(error) = panic {
                        tracing::error!(target: "watch", %error, "a watch ended and is started again");
                        sleep(PAUSE_AFTER_PANIC).await;
                    }
                }
            }
        }
        drop(running);
        workers.shutdown().await;
        self.inner.outbox.close();
    }

    /// Starts what is wanted, and ends what no longer is.
    fn adjust(&self, running: &mut Running, workers: &mut JoinSet<()>) {
        let wanted: BTreeSet<Job> = self.with(|state| state.jobs());
        running.retain(|job, _| wanted.contains(job));
        for job in wanted {
            if running.contains_key(&job) {
                continue;
            }
            let (shared, stop, its_job) = (self.clone(), CancellationToken::new(), job.clone());
            let stopped = stop.clone();
            let worker = workers.spawn(async move {
                tokio::select! {
                    () = stopped.cancelled() => {}
                    () = shared.carry_out(its_job) => {}
                }
            });
            running.insert(job, (worker.id(), stop.drop_guard()));
        }
    }

    async fn carry_out(&self, job: Job) {
        match job {
            Job::Stream(run) => {
                let period = || self.with(|state| state.period(&run));
                follow_anew(&self.inner.client, &run.scope, period, |event| {
                    self.hear(&run, &event);
                })
                .await;
            }
            Job::OwnList { scope, view, list } => self.read_own_list(&scope, &view, list).await,
            Job::Definitions(resource) => self.follow_definitions(resource).await,
        }
    }

    fn hear(&self, run: &Run, event: &Event<'_>) {
        if matches!(event, Event::Changed(_) | Event::Removed(_)) {
            tracing::debug!(target: "watch", scope = %run.scope, "a change is told");
        }
        match event {
            Event::Begin => self.with(|state| state.begin(run)),
            Event::Listed(text) => self.put(run, text, true),
            Event::Changed(text) => self.put(run, text, false),
            Event::Removed(text) => match Place::read(text) {
                Ok(name) => self.with(|state| state.remove(run, &name)),
                Err(error) => warn_unreadable(&run.scope, &error),
            },
            Event::Synchronized => self.with(|state| state.finish(run)),
            Event::Watching => self.with(|state| state.open(run)),
            Event::Broken(error) => {
                let trouble = trouble(&run.scope, error);
                self.with(|state| state.breaks(run, &trouble, error.is_not_found()));
            }
        }
    }

    /// Reads an object and runs the filters on it while nobody waits, then takes in the results.
    fn put(&self, run: &Run, text: &str, is_listed: bool) {
        let resource = &run.scope.resource;
        let object = match Object::read(text, resource) {
            Ok(object) => object,
            Err(error) => return warn_unreadable(&run.scope, &error),
        };
        let views = self.with(|state| state.views(run));
        let project = |view: View| {
            let kept = object.project(&view, resource);
            (view, kept)
        };
        let projected = views.into_iter().map(project).collect();
        self.with(|state| state.put(run, &object.name, is_listed, projected));
    }

    async fn read_own_list(&self, scope: &Scope, view: &View, number: u64) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut hear = |event: Event<'_>| match event {
                Event::Begin => {
                    self.with(|state| state.begin_own(scope, view, number));
                }
                Event::Listed(text) => match Object::read(text, &scope.resource) {
                    Ok(object) => {
                        let kept = object.project(view, &scope.resource);
                        self.with(|state| {
                            state.put_own((scope, view, number), &object.name, kept);
                        });
                    }
                    Err(error) => warn_unreadable(scope, &error),
                },
                _ => {}
            };
            match list(&self.inner.client, scope, &mut hear).await {
                Ok(version) => {
                    let version = version.parse().unwrap_or_default();
                    return self.with(|state| state.finish_own(scope, view, number, version));
                }
                Err(error) => {
                    let trouble = trouble(scope, &error);
                    self.with(|state| state.break_own(scope, view, number, &trouble));
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LIST_PAUSE);
        }
    }

    /// Kinds are asked for again when a definition comes, changes or goes.
    async fn follow_definitions(&self, resource: Resource) {
        let scope = Scope {
            resource,
            namespace: None,
            labels: String::new(),
            fields: String::new(),
            whole: false,
        };
        let mut is_listed = false;
        let nudge = |text: &str, is_gone| {
            // `widgets.example.com` and `v1.example.com`: the group follows the first dot.
            let name = Place::read(text).map(|name| name.name).unwrap_or_default();
            let group = name.split_once('.').map_or("", |(_, group)| group);
            self.with(|state| state.nudge(Some(group), is_gone));
        };
        let hear = |event: Event<'_>| match event {
            Event::Begin | Event::Listed(_) | Event::Watching => {}
            // What came or went since the last question, or between two lists.
            Event::Synchronized => {
                let is_again = std::mem::replace(&mut is_listed, true);
                self.with(|state| state.nudge(None, is_again));
            }
            Event::Changed(text) => nudge(text, false),
            Event::Removed(text) => nudge(text, true),
            // Who may not see definitions asks now and then, at the pace of this stream's tries.
            Event::Broken(error) => {
                let error = report::chain(error);
                tracing::warn!(target: "watch", error, "definitions of kinds cannot be watched for now");
                self.with(|state| state.nudge(None, true));
            }
        };
        follow(&self.inner.client, &scope, hear).await;
    }

    /// Asks for kinds whenever some are to be asked for. Never ends.
    async fn ask_for_kinds(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let asked = self.with(|state| state.to_ask());
            if asked.is_empty() {
                self.inner.nudged.notified().await;
                pause = FIRST_PAUSE;
                continue;
            }
            self.ask(asked).await;
            if self.with(|state| state.to_ask()).is_empty() {
                continue;
            }
            tokio::select! {
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.inner.nudged.notified() => pause = FIRST_PAUSE,
            }
        }
    }

    /// Asks for some kinds; the flag says that an answer of before does not count.
    async fn ask(&self, kinds: Vec<(KindName, bool)>) {
        let client = &self.inner.client;
        let mut is_fresh = kinds.iter().any(|(_, needs_fresh)| *needs_fresh);
        if is_fresh {
            client.forget_resources();
        }
        for (name, _) in kinds {
            let find = || client.find_kind(name.api_version.as_deref(), &name.kind);
            let mut found = find().await;
            if matches!(found, Err(Error::UnknownKind { .. })) && !is_fresh {
                is_fresh = true;
                client.forget_resources();
                found = find().await;
            }
            let answer = match found {
                Ok(resource) if resource.watchable => Ok(resource),
                Ok(resource) => {
                    let (kind, version) = (&resource.kind, resource.api_version());
                    Err(format!(
                        "the cluster cannot list and watch {kind} in {version}"
                    ))
                }
                Err(error @ Error::UnknownKind { .. }) => Err(error.to_string()),
                Err(error) => {
                    let message = report::chain(&error);
                    let trouble = Trouble::Broken { message };
                    self.with(|state| state.break_kind(&name, &trouble));
                    continue;
                }
            };
            self.with(|state| state.answer(&name, answer));
        }
    }
}

fn warn_unreadable(scope: &Scope, error: &serde_json::Error) {
    tracing::warn!(target: "watch", %scope, %error, "an object is not readable");
}

/// A failed list or watch in the words that people read.
fn trouble(scope: &Scope, error: &Error) -> Trouble {
    match error.refusal().filter(|refusal| refusal.code == 403) {
        Some(refusal) => {
            let is_watch = error.to_string().starts_with("watching");
            let verb = if is_watch { "watch" } else { "list" };
            let right = format!("{verb} {}", scope.place());
            Trouble::Forbidden {
                right,
                message: refusal.message.clone(),
            }
        }
        None => Trouble::Broken {
            message: report::chain(error),
        },
    }
}
