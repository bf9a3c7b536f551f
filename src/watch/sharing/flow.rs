//! What streams and the cluster tell → what the state becomes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::kinds::KindName;
use super::news::{Trouble, filter_trouble};
use super::state::{State, Stream, TOLD_FAILURES, Viewed};
use super::store::{Change, Heard, Kept};
use super::text::{Place, View};
use crate::cluster::Resource;
use crate::watch::{MonitorId, Scope, WatchEvent};

/// A kind that is served again is not found for a moment: people hear of it after so many tries.
const UNTOLD_MISSES: u32 = 4;

/// One stream as it runs: tells it from an earlier one of the same scope.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    pub(super) scope: Scope,
    pub(super) stamp: u64,
}

/// An object and what each view keeps of it, or why its filter fails.
pub(super) type Projected = Vec<(View, Result<Kept, String>)>;

impl State {
    fn stream(&mut self, run: &Run) -> Option<&mut Stream> {
        self.streams
            .get_mut(&run.scope)
            .filter(|stream| stream.stamp == run.stamp)
    }

    /// The views of a stream, or the one whose own list this is.
    fn running(&mut self, run: &Run, view: &View) -> Option<&mut Viewed> {
        self.stream(run)?.views.get_mut(view)
    }

    fn own(&mut self, scope: &Scope, view: &View, list: u64) -> Option<&mut Viewed> {
        let viewed = self.streams.get_mut(scope)?.views.get_mut(view)?;
        (viewed.own_list == Some(list)).then_some(viewed)
    }

    /// After which time a stream lists all its objects anew.
    pub(super) fn period(&mut self, run: &Run) -> Option<Duration> {
        let views = self.stream(run)?.views.values();
        let listeners: Vec<MonitorId> = views.flat_map(|it| it.monitors.clone()).collect();
        let asked = listeners.iter().filter_map(|id| self.asked_period(*id));
        asked.min()
    }

    /// For which views an object of a stream is read.
    pub(super) fn views(&mut self, run: &Run) -> Vec<View> {
        self.stream(run)
            .map(|stream| stream.views.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// The stream begins a list: every view that is there now is served by it.
    pub(super) fn begin(&mut self, run: &Run) {
        let Some(stream) = self.stream(run) else {
            return;
        };
        stream.has_begun = true;
        let mut is_moved = false;
        for viewed in stream.views.values_mut() {
            viewed.store.begin();
            viewed.is_in_list = true;
            is_moved |= viewed.own_list.take().is_some();
        }
        self.is_moved |= is_moved;
    }

    /// The list of a stream names an object, or the stream tells of a change.
    pub(super) fn put(&mut self, run: &Run, name: &Place, is_listed: bool, projected: Projected) {
        for (view, outcome) in projected {
            let Some(viewed) = self.running(run, &view) else {
                continue;
            };
            let heard = match is_listed {
                true if viewed.is_in_list => viewed.store.list(name, outcome),
                // Its own list will name it.
                true => Heard::Nothing,
                false => viewed.store.change(name, outcome),
            };
            self.take(&run.scope, &view, name, heard);
        }
    }

    /// The stream tells that an object is gone.
    pub(super) fn remove(&mut self, run: &Run, name: &Place) {
        for view in self.views(run) {
            let removed = self
                .running(run, &view)
                .and_then(|viewed| viewed.store.remove(name));
            if let Some(change) = removed {
                self.take(&run.scope, &view, name, Heard::Change(change));
            }
        }
    }

    /// The list of a stream is complete.
    pub(super) fn finish(&mut self, run: &Run) {
        for view in self.views(run) {
            let Some(viewed) = self.running(run, &view) else {
                continue;
            };
            if std::mem::take(&mut viewed.is_in_list) {
                let was_complete = viewed.store.is_complete();
                let gone = viewed.store.finish();
                self.complete(&run.scope, &view, was_complete, gone);
            }
        }
    }

    /// The stream is open: what was wrong with it is over.
    pub(super) fn open(&mut self, run: &Run) {
        let Some(stream) = self.stream(run) else {
            return;
        };
        stream.misses = 0;
        if stream.trouble.take().is_some() {
            for id in stream.listeners() {
                self.conclude(id);
            }
        }
    }

    /// The stream is broken for now; `is_missing`: the server does not find it.
    pub(super) fn breaks(&mut self, run: &Run, trouble: &Trouble, is_missing: bool) {
        if is_missing {
            self.doubt(&run.scope.resource);
        }
        let Some(stream) = self.stream(run) else {
            return;
        };
        if is_missing {
            stream.misses += 1;
            if stream.misses < UNTOLD_MISSES {
                return;
            }
        }
        if stream.trouble.as_ref() != Some(trouble) {
            let listeners = stream.listeners();
            stream.trouble = Some(trouble.clone());
            self.tell_trouble(&listeners, trouble);
        }
    }

    /// A view's own list begins, perhaps once more. Says whether it is still wanted.
    pub(super) fn begin_own(&mut self, scope: &Scope, view: &View, list: u64) -> bool {
        let own = self.own(scope, view, list);
        own.map(|viewed| viewed.store.begin()).is_some()
    }

    /// A view's own list names an object.
    pub(super) fn put_own(
        &mut self,
        (scope, view, list): (&Scope, &View, u64),
        name: &Place,
        outcome: Result<Kept, String>,
    ) {
        if let Some(viewed) = self.own(scope, view, list) {
            let heard = viewed.store.list(name, outcome);
            self.take(scope, view, name, heard);
        }
    }

    /// A view's own list is complete; it shows what was at this version.
    pub(super) fn finish_own(&mut self, scope: &Scope, view: &View, list: u64, version: u64) {
        if let Some(viewed) = self.own(scope, view, list) {
            viewed.own_list = None;
            viewed.own_trouble = None;
            let gone = viewed.store.finish_own(version);
            self.is_moved = true;
            self.complete(scope, view, false, gone);
        }
    }

    /// A view's own list fails for now.
    pub(super) fn break_own(&mut self, scope: &Scope, view: &View, list: u64, trouble: &Trouble) {
        if let Some(viewed) = self.own(scope, view, list)
            && viewed.own_trouble.as_ref() != Some(trouble)
        {
            let listeners = viewed.monitors.union(&viewed.followers).copied().collect();
            viewed.own_trouble = Some(trouble.clone());
            self.tell_trouble(&listeners, trouble);
        }
    }

    fn take(&mut self, scope: &Scope, view: &View, name: &Place, heard: Heard) {
        let Some(viewed) = self
            .streams
            .get(scope)
            .and_then(|stream| stream.views.get(view))
        else {
            return;
        };
        let monitors = viewed.monitors.clone();
        match heard {
            Heard::Nothing => {}
            Heard::Change(Change { event, item }) => {
                let is_told = viewed.store.is_complete();
                let is_move = is_told && event.is_some_and(|event| event != WatchEvent::Modified);
                let followers = if is_move {
                    viewed.followers.clone()
                } else {
                    BTreeSet::new()
                };
                self.tell(&monitors, event.filter(|_| is_told), &item);
                for id in followers {
                    self.settle(id);
                }
                for id in monitors {
                    self.conclude(id);
                }
            }
            Heard::Failure(message) => {
                if viewed.store.failures().len() <= TOLD_FAILURES {
                    let trouble = filter_trouble(scope, view, &name.key(), &message);
                    self.tell_trouble(&monitors, &trouble);
                }
            }
        }
    }

    fn complete(&mut self, scope: &Scope, view: &View, was_complete: bool, gone: Vec<Change>) {
        let Some(viewed) = self
            .streams
            .get(scope)
            .and_then(|stream| stream.views.get(view))
        else {
            return;
        };
        let (monitors, followers) = (viewed.monitors.clone(), viewed.followers.clone());
        let items = viewed.store.items().cloned().collect();
        if was_complete {
            let gone = gone.into_iter().map(|change| change.item).collect();
            self.tell_all(&monitors, WatchEvent::Deleted, gone);
        } else {
            self.tell_all(&monitors, WatchEvent::Added, items);
        }
        for id in followers {
            self.settle(id);
        }
        for id in monitors {
            self.conclude(id);
        }
    }

    /// The cluster's answer on a kind, with the words that say what is wrong.
    pub(super) fn answer(&mut self, name: &KindName, answer: Result<Resource, String>) {
        let Some(kind) = self.kinds.get_mut(name) else {
            return;
        };
        if !kind.answer(answer) {
            return;
        }
        self.is_moved = true;
        let missing = kind.trouble();
        let monitors = self.monitors_of(name);
        if let Some(trouble) = missing {
            self.tell_trouble(&monitors.iter().copied().collect(), &trouble);
        }
        for id in monitors {
            self.settle(id);
        }
    }

    /// The cluster could not be asked for a kind; it will be again.
    pub(super) fn break_kind(&mut self, name: &KindName, trouble: &Trouble) {
        if self
            .kinds
            .get_mut(name)
            .is_some_and(|kind| kind.breaks(trouble))
        {
            self.tell_trouble(&self.monitors_of(name).into_iter().collect(), trouble);
        }
    }

    /// The definitions of a group changed, or went; `None`: of any group.
    pub(super) fn nudge(&mut self, group: Option<&str>, is_gone: bool) {
        for (name, kind) in &mut self.kinds {
            self.is_nudged |= kind.nudge(name, group, is_gone);
        }
    }

    /// The server does not find a resource: perhaps its kind is served no more.
    fn doubt(&mut self, resource: &Resource) {
        self.nudge(Some(&resource.group), true);
    }
}

impl Stream {
    /// All whom its troubles concern.
    fn listeners(&self) -> BTreeSet<MonitorId> {
        let listeners = |viewed: &Viewed| {
            viewed
                .monitors
                .union(&viewed.followers)
                .copied()
                .collect::<Vec<_>>()
        };
        self.views.values().flat_map(listeners).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::news::News;
    use super::super::text::Object;
    use super::super::worker::Job;
    use super::*;
    use crate::jq::Filter;
    use crate::watch::{Monitor, Namespaces, Selection};

    fn pods() -> Resource {
        Resource::known("", "v1", "Pod", "pods", true)
    }

    fn monitor(id: u64, filter: Option<&str>, namespaces: Namespaces) -> Monitor {
        let selection = Selection {
            api_version: None,
            kind: "pods".to_owned(),
            names: Vec::new(),
            namespaces,
            labels: String::new(),
            fields: String::new(),
        };
        let filter = filter.map(|text| Filter::compile(text).unwrap());
        Monitor {
            id: MonitorId(id),
            selection,
            filter,
            keep_full: false,
            resynchronization: None,
        }
    }

    fn object(namespace: &str, name: &str, version: u64, phase: &str) -> String {
        format!(
            r#"{{"metadata":{{"namespace":"{namespace}","name":"{name}","resourceVersion":"{version}"}},"status":{{"phase":{phase}}}}}"#
        )
    }

    /// A state that is fed by hand.
    #[derive(Default)]
    struct Scene {
        state: State,
    }

    impl Scene {
        fn with(monitors: Vec<Monitor>) -> Self {
            let mut scene = Self::default();
            scene.state.reconcile(monitors);
            let names: Vec<KindName> = scene.state.kinds.keys().cloned().collect();
            for name in names {
                scene.state.answer(&name, Ok(pods()));
            }
            scene
        }

        fn runs(&self) -> Vec<Run> {
            let run = |job| match job {
                Job::Stream(run) => Some(run),
                Job::OwnList { .. } | Job::Definitions(_) => None,
            };
            self.state.jobs().into_iter().filter_map(run).collect()
        }

        fn own_lists(&self) -> Vec<(Scope, View, u64)> {
            let own = |job| match job {
                Job::OwnList { scope, view, list } => Some((scope, view, list)),
                Job::Stream(_) | Job::Definitions(_) => None,
            };
            self.state.jobs().into_iter().filter_map(own).collect()
        }

        fn put(&mut self, run: &Run, text: &str, is_listed: bool) {
            let object = Object::read(text, &run.scope.resource).unwrap();
            let views = self.state.views(run);
            let project = |view: View| {
                let kept = object.project(&view, &run.scope.resource);
                (view, kept)
            };
            let projected = views.into_iter().map(project).collect();
            self.state.put(run, &object.name, is_listed, projected);
        }

        fn list(&mut self, run: &Run, texts: &[String]) {
            self.state.begin(run);
            for text in texts {
                self.put(run, text, true);
            }
            self.state.finish(run);
            self.state.open(run);
        }

        /// What was told since the last time: `1 Added shop/a`.
        fn told(&mut self) -> Vec<String> {
            let news = std::mem::take(&mut self.state.news);
            let word = |news: News| match news {
                News::Listed { monitor } => format!("{} listed", monitor.0),
                News::Event {
                    monitor,
                    event,
                    item,
                    ..
                } => {
                    let namespace = item.namespace.as_deref().unwrap_or_default();
                    format!("{} {} {namespace}/{}", monitor.0, event.name(), item.name)
                }
                News::Trouble { monitor, trouble } => format!("{} {trouble}", monitor.0),
                News::Recovered { monitor } => format!("{} recovered", monitor.0),
            };
            news.into_iter().map(word).collect()
        }

        fn seen(&self, id: u64) -> Vec<String> {
            let items = self.state.snapshot(MonitorId(id)).items;
            items.iter().map(|item| item.name.clone()).collect()
        }
    }

    #[test]
    fn monitors_of_one_scope_share_a_stream_and_their_filters_a_store() {
        let all = || Namespaces::All;
        let scene = Scene::with(vec![
            monitor(1, Some(".status.phase"), all()),
            monitor(2, Some(".status.phase"), all()),
            monitor(3, Some(".spec"), all()),
        ]);
        let [run] = &scene.runs()[..] else {
            panic!("{:?}", scene.runs())
        };
        assert_eq!(scene.state.streams[&run.scope].views.len(), 2);
        assert_eq!(scene.state.sizes()[0].monitors, 3);
    }

    #[test]
    fn who_shares_a_store_is_listed_at_once_and_who_brings_a_filter_lists_alone() {
        let phase = || monitor(1, Some(".status.phase"), Namespaces::All);
        let mut scene = Scene::with(vec![phase()]);
        let run = scene.runs().remove(0);
        scene.list(&run, &[object("shop", "a", 1, "1")]);
        assert_eq!(scene.told(), ["1 listed"]);

        let same = monitor(2, Some(".status.phase"), Namespaces::All);
        let other = monitor(3, Some(".status"), Namespaces::All);
        scene.state.reconcile(vec![phase(), same, other]);
        assert_eq!(scene.told(), ["2 listed"]);
        let (scope, view, list) = scene.own_lists().remove(0);
        assert!(scene.state.begin_own(&scope, &view, list));
        let text = object("shop", "a", 1, "1");
        let read = Object::read(&text, &scope.resource).unwrap();
        let kept = read.project(&view, &scope.resource);
        scene.state.put_own((&scope, &view, list), &read.name, kept);
        scene.state.finish_own(&scope, &view, list, 5);
        assert_eq!(scene.told(), ["3 listed"]);
        assert_eq!((scene.runs().len(), scene.own_lists().len()), (1, 0));

        scene.put(&run, &object("shop", "a", 6, "2"), false);
        assert_eq!(
            scene.told(),
            [3, 1, 2].map(|id| format!("{id} Modified shop/a")).to_vec()
        );
    }

    #[test]
    fn namespaces_come_and_go_with_their_objects() {
        let labelled = Namespaces::Labelled("team=a".to_owned());
        let mut scene = Scene::with(vec![monitor(1, Some(".status.phase"), labelled)]);
        let namespaces = scene.runs().remove(0);
        assert_eq!(
            namespaces.scope.to_string(),
            "namespaces with labels team=a, metadata alone"
        );
        let namespace = |name: &str| object("", name, 1, "1");
        scene.list(&namespaces, &[namespace("shop")]);
        let shop = scene.runs().pop().unwrap();
        assert_eq!(scene.told(), Vec::<String>::new());
        scene.list(&shop, &[object("shop", "a", 2, "1")]);
        assert_eq!(scene.told(), ["1 listed"]);

        scene.put(&namespaces, &namespace("bar"), false);
        let is_bar = |run: &Run| run.scope.namespace.as_deref() == Some("bar");
        let bar = scene.runs().into_iter().find(is_bar).unwrap();
        scene.list(&bar, &[object("bar", "b", 3, "1")]);
        assert_eq!(scene.told(), ["1 Added bar/b"]);
        assert_eq!(scene.seen(1), ["b", "a"]);

        let gone = Place::read(&object("", "shop", 9, "1")).unwrap();
        scene.state.remove(&namespaces, &gone);
        assert_eq!(scene.told(), ["1 Deleted shop/a"]);
        assert_eq!(
            (scene.seen(1), scene.runs().len()),
            (vec!["b".to_owned()], 2)
        );
    }

    #[test]
    fn namespace_that_goes_while_it_is_listed_holds_nobody_up() {
        let labelled = Namespaces::Labelled("team=a".to_owned());
        let mut scene = Scene::with(vec![monitor(1, Some(".status.phase"), labelled)]);
        let namespaces = scene.runs().remove(0);
        scene.list(&namespaces, &[object("", "shop", 1, "1")]);
        let shop = scene.runs().pop().unwrap();
        scene.state.begin(&shop);
        scene.put(&shop, &object("shop", "a", 2, "1"), true);
        let gone = Place::read(&object("", "shop", 9, "1")).unwrap();
        scene.state.remove(&namespaces, &gone);
        assert_eq!(scene.told(), ["1 listed"]);
        scene.state.finish(&shop);
        assert_eq!(scene.told(), Vec::<String>::new());
    }

    #[test]
    fn kind_that_goes_takes_its_objects_and_brings_them_back() {
        let mut scene = Scene::with(vec![monitor(1, Some(".status.phase"), Namespaces::All)]);
        let run = scene.runs().remove(0);
        scene.list(&run, &[object("shop", "a", 1, "1")]);
        scene.told();
        let name = scene.state.kinds.keys().next().unwrap().clone();
        scene
            .state
            .answer(&name, Err("the cluster has no kind pods".to_owned()));
        let told = scene.told();
        assert_eq!(
            told,
            [
                "1 the cluster has no kind pods; it is awaited",
                "1 Deleted shop/a"
            ]
        );
        assert!(scene.runs().is_empty());

        scene.state.answer(&name, Ok(pods()));
        let again = scene.runs().remove(0);
        assert_ne!(again, run);
        scene.list(&run, &[object("shop", "late", 1, "1")]);
        scene.list(&again, &[object("shop", "b", 2, "1")]);
        assert_eq!(scene.told(), ["1 Added shop/b", "1 recovered"]);
    }

    #[test]
    fn trouble_of_a_stream_is_told_once_and_ends() {
        let mut scene = Scene::with(vec![monitor(1, Some(".status.phase"), Namespaces::All)]);
        let run = scene.runs().remove(0);
        let trouble = Trouble::Broken {
            message: "no".to_owned(),
        };
        scene.state.breaks(&run, &trouble, false);
        scene.state.breaks(&run, &trouble, false);
        assert_eq!(scene.told(), ["1 no"]);
        scene.list(&run, &[]);
        assert_eq!(scene.told(), ["1 listed", "1 recovered"]);
    }

    #[test]
    fn filter_that_fails_on_one_object_leaves_the_others() {
        let mut scene = Scene::with(vec![monitor(1, Some(".status.phase.x"), Namespaces::All)]);
        let run = scene.runs().remove(0);
        let (good, bad) = (
            object("shop", "good", 1, "{\"x\":1}"),
            object("shop", "bad", 2, "[]"),
        );
        scene.list(&run, &[good, bad]);
        let told = scene.told();
        assert!(
            told[0].starts_with("1 the jq filter \".status.phase.x\" fails on Pod shop/bad: "),
            "{told:?}"
        );
        assert_eq!(told[1..], ["1 listed"]);
        assert_eq!(scene.seen(1), ["good"]);
        scene.put(&run, &object("shop", "bad", 3, "{\"x\":2}"), false);
        assert_eq!(scene.told(), ["1 Added shop/bad", "1 recovered"]);
    }

    #[test]
    fn every_event_up_to_a_snapshot_is_in_it() {
        let mut scene = Scene::with(vec![monitor(1, Some(".status.phase"), Namespaces::All)]);
        let run = scene.runs().remove(0);
        scene.list(&run, &[]);
        scene.told();
        scene.put(&run, &object("shop", "a", 1, "1"), false);
        let snapshot = scene.state.snapshot(MonitorId(1));
        scene.put(&run, &object("shop", "b", 2, "1"), false);
        let sequences = scene.state.news.iter().filter_map(|news| match news {
            News::Event { item, sequence, .. } => Some((item.name.as_str(), *sequence)),
            _ => None,
        });
        for (name, sequence) in sequences {
            let is_in = snapshot.items.iter().any(|item| item.name == name);
            assert_eq!(is_in, sequence <= snapshot.sequence, "{name}");
        }
    }

    #[test]
    fn shortest_period_of_those_who_share_a_stream_counts() {
        let every = |id, seconds| Monitor {
            resynchronization: Some(Duration::from_secs(seconds)),
            ..monitor(id, Some(".status.phase"), Namespaces::All)
        };
        let other = monitor(3, Some(".spec"), Namespaces::All);
        let mut scene = Scene::with(vec![every(1, 60), every(2, 90), other.clone()]);
        let run = scene.runs().remove(0);
        assert_eq!(scene.state.period(&run), Some(Duration::from_mins(1)));
        scene.state.reconcile(vec![every(2, 90), other.clone()]);
        assert_eq!(scene.state.period(&run), Some(Duration::from_secs(90)));
        scene.state.reconcile(vec![other]);
        assert_eq!(scene.state.period(&run), None);
    }

    #[test]
    fn last_monitor_that_leaves_ends_the_stream() {
        let phase = |id| monitor(id, Some(".status.phase"), Namespaces::All);
        let mut scene = Scene::with(vec![phase(1), phase(2)]);
        assert_eq!(scene.state.reconcile(vec![phase(2)]), [MonitorId(1)]);
        assert_eq!(scene.runs().len(), 1);
        scene.state.reconcile(Vec::new());
        assert!(scene.runs().is_empty() && scene.state.kinds.is_empty());
    }

    /// A Pod about as a Deployment makes it: 3 KiB, and as much of managed fields.
    fn full_pod(number: u32) -> String {
        let variables: Vec<String> = (0..40)
            .map(|variable| format!(r#"{{"name":"VARIABLE_{variable}","value":"some text of usual length {variable}"}}"#))
            .collect();
        let managed = r#"{"manager":"kubelet","operation":"Update","fieldsV1":{"f:status":{}}}"#;
        format!(
            r#"{{"metadata":{{"namespace":"shop","name":"web-7d4b9c6f5-{number:05}","resourceVersion":"{number}","labels":{{"app":"web","pod-template-hash":"7d4b9c6f5"}},"managedFields":[{}]}},"spec":{{"nodeName":"node-1","containers":[{{"name":"web","image":"web:1","env":[{}]}}]}},"status":{{"phase":"Running"}}}}"#,
            [managed; 40].join(","),
            variables.join(","),
        )
    }

    fn resident_bytes() -> usize {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    }

    /// Prints what an object costs: `cargo test --lib watched_pod -- --ignored --nocapture`, one
    /// at a time.
    fn measure(filter: Option<&str>, keep_full: bool) -> usize {
        const PODS: u32 = 10_000;
        let one = Monitor {
            keep_full,
            ..monitor(1, filter, Namespaces::All)
        };
        let mut scene = Scene::with(vec![one]);
        let run = scene.runs().remove(0);
        scene.list(&run, &[full_pod(0)]);
        let before = resident_bytes();
        for number in 1..=PODS {
            scene.put(&run, &full_pod(number), false);
            scene.state.news.clear();
        }
        let each = (resident_bytes() - before) / PODS as usize;
        println!("{each} bytes a Pod, filter {filter:?}, full {keep_full}");
        each
    }

    #[test]
    #[ignore = "a measurement, to be run alone"]
    fn watched_pod_without_its_object_costs_less_than_a_kibibyte() {
        assert!(measure(Some(".metadata.labels"), false) <= 1024);
    }

    #[test]
    #[ignore = "a measurement, to be run alone"]
    fn watched_pod_with_its_object_costs_little_more_than_its_text() {
        let object = Object::read(&full_pod(1), &pods()).unwrap();
        let view = View {
            filter: None,
            keep_full: true,
        };
        let kept = object.project(&view, &pods()).unwrap();
        let text = kept.item.object.as_ref().unwrap().len();
        println!("{text} bytes of JSON");
        assert!(measure(None, true) * 10 <= text * 13);
    }
}
