//! Monitors, the streams that they share, and which of them see what. No clock, no cluster.
//!
//! What a monitor sees is the union of its sources: one view (a filter, full objects or not) of one
//! stream for each of its namespaces and names. Once it was told that its snapshot is complete,
//! whatever enters, changes or leaves that union is told as an event: a namespace that comes or goes,
//! a kind that comes or goes, a list that finds a difference, a change that the server tells.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::kinds::{Kind, KindName, Known};
use super::news::{News, Snapshot, Trouble, filter_trouble};
use super::store::Store;
use super::text::View;
use crate::cluster::Resource;
use crate::watch::{Item, Monitor, MonitorId, Namespaces, Scope, WatchEvent};

/// Of a filter that fails, so many objects are told at most.
pub(super) const TOLD_FAILURES: usize = 10;

/// All that is known.
#[derive(Default)]
pub(super) struct State {
    monitors: BTreeMap<MonitorId, Watched>,
    pub(super) kinds: BTreeMap<KindName, Kind>,
    pub(super) streams: BTreeMap<Scope, Stream>,
    sequence: u64,
    stamps: u64,
    /// What monitors are to be told.
    pub(super) news: Vec<News>,
    /// Whether work is wanted that was not before, or no longer.
    pub(super) is_moved: bool,
    /// Whether kinds are to be asked for that were not before.
    pub(super) is_nudged: bool,
}

/// A monitor and what it sees.
struct Watched {
    monitor: Monitor,
    kind: KindName,
    view: View,
    sources: BTreeSet<Scope>,
    /// The stream of the namespaces that it follows.
    namespaces: Option<Scope>,
    /// Whether its sources are all those that there should be.
    is_settled: bool,
    is_listed: bool,
    is_troubled: bool,
}

/// One stream.
#[derive(Default)]
pub(super) struct Stream {
    /// Tells it from an earlier stream of the same scope.
    pub(super) stamp: u64,
    pub(super) views: BTreeMap<View, Viewed>,
    /// Whether a list was begun: what joins later missed some of it.
    pub(super) has_begun: bool,
    pub(super) trouble: Option<Trouble>,
    /// How often the server did not find it, in a row.
    pub(super) misses: u32,
}

/// One view of a stream, and who looks at it.
#[derive(Default)]
pub(super) struct Viewed {
    pub(super) store: Store,
    /// Whether the list in progress was begun before it.
    pub(super) is_in_list: bool,
    /// The list of its own that it needs.
    pub(super) own_list: Option<u64>,
    pub(super) own_trouble: Option<Trouble>,
    pub(super) monitors: BTreeSet<MonitorId>,
    /// Monitors whose namespaces these objects are.
    pub(super) followers: BTreeSet<MonitorId>,
}

impl State {
    /// Takes the monitors that there shall be; answers those that end.
    pub(super) fn reconcile(&mut self, wanted: Vec<Monitor>) -> Vec<MonitorId> {
        let ids: BTreeSet<MonitorId> = wanted.iter().map(|monitor| monitor.id).collect();
        let leaving: Vec<MonitorId> = self
            .monitors
            .keys()
            .filter(|id| !ids.contains(id))
            .copied()
            .collect();
        // First those who come: a stream that they share with one who leaves goes on.
        for monitor in wanted {
            if !self.monitors.contains_key(&monitor.id) {
                self.join(monitor);
            }
        }
        for id in &leaving {
            self.leave(*id);
        }
        leaving
    }

    fn join(&mut self, monitor: Monitor) {
        let id = monitor.id;
        let kind = KindName::of(&monitor.selection);
        let known = self.kinds.entry(kind.clone()).or_insert_with(|| {
            self.is_nudged = true;
            Kind::default()
        });
        let trouble = known.trouble();
        let watched = Watched {
            view: View::of(&monitor),
            monitor,
            kind,
            sources: BTreeSet::new(),
            namespaces: None,
            is_settled: false,
            is_listed: false,
            is_troubled: false,
        };
        self.monitors.insert(id, watched);
        if let Some(trouble) = trouble {
            self.tell_trouble(&[id].into(), &trouble);
        }
        self.settle(id);
    }

    fn leave(&mut self, id: MonitorId) {
        let Some(watched) = self.monitors.remove(&id) else {
            return;
        };
        for scope in &watched.sources {
            self.detach(id, scope, &watched.view);
        }
        if let Some(scope) = &watched.namespaces {
            self.detach(id, scope, &NAMESPACES);
        }
        if !self
            .monitors
            .values()
            .any(|other| other.kind == watched.kind)
        {
            self.kinds.remove(&watched.kind);
            self.is_moved = true;
        }
    }

    /// Those who name this kind.
    pub(super) fn monitors_of(&self, kind: &KindName) -> Vec<MonitorId> {
        let of_kind = self
            .monitors
            .iter()
            .filter(|(_, watched)| watched.kind == *kind);
        of_kind.map(|(id, _)| *id).collect()
    }

    /// Gives a monitor the sources that it should have now.
    pub(super) fn settle(&mut self, id: MonitorId) {
        self.follow_namespaces(id);
        let wanted = self.wanted(id);
        let Some(watched) = self.monitors.get_mut(&id) else {
            return;
        };
        watched.is_settled = wanted.is_some();
        let wanted = wanted.unwrap_or_default();
        let before = std::mem::replace(&mut watched.sources, wanted.clone());
        let view = watched.view.clone();
        for scope in wanted.difference(&before) {
            self.attach(id, scope, &view);
        }
        for scope in before.difference(&wanted) {
            self.detach(id, scope, &view);
        }
        self.conclude(id);
    }

    /// The resource that a monitor watches, when the cluster serves it.
    fn resource(&self, watched: &Watched) -> Option<&Resource> {
        match &self.kinds.get(&watched.kind)?.known {
            Known::Served(resource) => Some(resource),
            Known::Unknown | Known::Missing(_) => None,
        }
    }

    fn follow_namespaces(&mut self, id: MonitorId) {
        let Some(watched) = self.monitors.get(&id) else {
            return;
        };
        let Namespaces::Labelled(labels) = &watched.monitor.selection.namespaces else {
            return;
        };
        let is_namespaced = self
            .resource(watched)
            .is_some_and(|resource| resource.namespaced);
        if !is_namespaced || watched.namespaces.is_some() {
            return;
        }
        let scope = Scope {
            resource: Resource::known("", "v1", "Namespace", "namespaces", false),
            namespace: None,
            labels: labels.clone(),
            fields: String::new(),
            whole: false,
        };
        if let Some(watched) = self.monitors.get_mut(&id) {
            watched.namespaces = Some(scope.clone());
        }
        self.viewed(&scope, &NAMESPACES).followers.insert(id);
        self.tell_known_troubles(id, &scope, &NAMESPACES);
    }

    /// The sources that a monitor should have; `None` while that is not known.
    fn wanted(&self, id: MonitorId) -> Option<BTreeSet<Scope>> {
        let watched = self.monitors.get(&id)?;
        let resource = self.resource(watched)?;
        let selection = &watched.monitor.selection;
        let namespaces: Vec<Option<String>> = match &selection.namespaces {
            _ if !resource.namespaced => vec![None],
            Namespaces::All => vec![None],
            Namespaces::Named(names) => names.iter().cloned().map(Some).collect(),
            Namespaces::Labelled(_) => {
                let viewed = self
                    .streams
                    .get(watched.namespaces.as_ref()?)?
                    .views
                    .get(&NAMESPACES)?;
                let store = Some(&viewed.store).filter(|store| store.is_complete())?;
                store.items().map(|item| Some(item.name.clone())).collect()
            }
        };
        let fields = fields_by_name(&selection.names, &selection.fields);
        let scope = |namespace: &Option<String>, fields: &String| Scope {
            resource: resource.clone(),
            namespace: namespace.clone(),
            labels: selection.labels.clone(),
            fields: fields.clone(),
            whole: watched.view.needs_whole(),
        };
        let scopes = namespaces
            .iter()
            .flat_map(|namespace| fields.iter().map(move |fields| scope(namespace, fields)));
        Some(scopes.collect())
    }

    fn attach(&mut self, id: MonitorId, scope: &Scope, view: &View) {
        let viewed = self.viewed(scope, view);
        viewed.monitors.insert(id);
        let items = known_items(&viewed.store);
        self.tell_known_troubles(id, scope, view);
        self.tell_all(&[id].into(), WatchEvent::Added, items);
    }

    fn detach(&mut self, id: MonitorId, scope: &Scope, view: &View) {
        let Some(stream) = self.streams.get_mut(scope) else {
            return;
        };
        let Some(viewed) = stream.views.get_mut(view) else {
            return;
        };
        if *view == NAMESPACES && !viewed.monitors.contains(&id) {
            viewed.followers.remove(&id);
        }
        let is_source = viewed.monitors.remove(&id);
        let items = if is_source {
            known_items(&viewed.store)
        } else {
            Vec::new()
        };
        if viewed.monitors.is_empty() && viewed.followers.is_empty() {
            stream.views.remove(view);
            self.is_moved = true;
        }
        if stream.views.is_empty() {
            self.streams.remove(scope);
        }
        self.tell_all(&[id].into(), WatchEvent::Deleted, items);
    }

    /// A view of a stream; both are made when they are not there.
    fn viewed(&mut self, scope: &Scope, view: &View) -> &mut Viewed {
        self.stamps += 1;
        let stamp = self.stamps;
        let stream = self.streams.entry(scope.clone()).or_insert_with(|| {
            self.is_moved = true;
            Stream {
                stamp,
                ..Stream::default()
            }
        });
        let has_begun = stream.has_begun;
        stream.views.entry(view.clone()).or_insert_with(|| {
            self.is_moved = true;
            Viewed {
                own_list: has_begun.then_some(stamp),
                ..Viewed::default()
            }
        })
    }

    /// Counts a change of what is kept, and tells it to all who may hear of it.
    pub(super) fn tell(
        &mut self,
        monitors: &BTreeSet<MonitorId>,
        event: Option<WatchEvent>,
        item: &Arc<Item>,
    ) {
        self.sequence += 1;
        let Some(event) = event else { return };
        for id in monitors {
            if self
                .monitors
                .get(id)
                .is_some_and(|watched| watched.is_listed)
            {
                let (monitor, item, sequence) = (*id, item.clone(), self.sequence);
                self.news.push(News::Event {
                    monitor,
                    event,
                    item,
                    sequence,
                });
            }
        }
    }

    /// Tells the same of many objects.
    pub(super) fn tell_all(
        &mut self,
        monitors: &BTreeSet<MonitorId>,
        event: WatchEvent,
        items: Vec<Arc<Item>>,
    ) {
        for item in items {
            self.tell(monitors, Some(event), &item);
        }
    }

    /// Tells a trouble.
    pub(super) fn tell_trouble(&mut self, monitors: &BTreeSet<MonitorId>, trouble: &Trouble) {
        for id in monitors {
            if let Some(watched) = self.monitors.get_mut(id) {
                watched.is_troubled = true;
                let (monitor, trouble) = (*id, trouble.clone());
                self.news.push(News::Trouble { monitor, trouble });
            }
        }
    }

    /// Tells one who joins what others were told before.
    fn tell_known_troubles(&mut self, id: MonitorId, scope: &Scope, view: &View) {
        let Some(stream) = self.streams.get(scope) else {
            return;
        };
        let Some(viewed) = stream.views.get(view) else {
            return;
        };
        let failures = viewed.store.failures().take(TOLD_FAILURES);
        let failures = failures.map(|(key, message)| filter_trouble(scope, view, key, message));
        let troubles = stream.trouble.iter().chain(&viewed.own_trouble).cloned();
        for trouble in troubles.chain(failures).collect::<Vec<_>>() {
            self.tell_trouble(&[id].into(), &trouble);
        }
    }

    /// Tells a monitor that its snapshot is complete, or that its troubles are over, once it is so.
    pub(super) fn conclude(&mut self, id: MonitorId) {
        let Some(watched) = self.monitors.get(&id) else {
            return;
        };
        if !watched.is_settled || (watched.is_listed && !watched.is_troubled) {
            return;
        }
        let viewed = |scope: &Scope| self.streams.get(scope)?.views.get(&watched.view);
        let is_complete =
            |scope: &Scope| viewed(scope).is_some_and(|viewed| viewed.store.is_complete());
        if !watched.sources.iter().all(is_complete) {
            return;
        }
        let is_broken = |scope: &Scope| {
            self.streams
                .get(scope)
                .is_some_and(|stream| stream.trouble.is_some())
        };
        let is_troubled = watched
            .sources
            .iter()
            .chain(&watched.namespaces)
            .any(is_broken)
            || watched
                .sources
                .iter()
                .filter_map(viewed)
                .any(|viewed| viewed.store.failures().len() > 0);
        let Some(watched) = self.monitors.get_mut(&id) else {
            return;
        };
        if !std::mem::replace(&mut watched.is_listed, true) {
            self.news.push(News::Listed { monitor: id });
        }
        if watched.is_troubled && !is_troubled {
            watched.is_troubled = false;
            self.news.push(News::Recovered { monitor: id });
        }
    }

    /// What a monitor sees.
    pub(super) fn snapshot(&self, id: MonitorId) -> Snapshot {
        let sequence = self.sequence;
        let Some(watched) = self.monitors.get(&id).filter(|watched| watched.is_listed) else {
            return Snapshot {
                items: Vec::new(),
                sequence,
            };
        };
        let stores = self.stores(watched);
        let mut items: Vec<Arc<Item>> = stores.flat_map(Store::items).cloned().collect();
        items.sort_by(|one, other| {
            (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name))
        });
        Snapshot { items, sequence }
    }

    /// After which time a monitor wants its objects listed anew.
    pub(super) fn asked_period(&self, id: MonitorId) -> Option<Duration> {
        self.monitors.get(&id)?.monitor.resynchronization
    }

    /// How many objects a monitor sees now.
    pub(super) fn count(&self, id: MonitorId) -> usize {
        let watched = self.monitors.get(&id);
        let watched = watched.filter(|watched| watched.is_listed);
        watched.map_or(0, |watched| self.stores(watched).map(Store::count).sum())
    }

    fn stores<'a>(&'a self, watched: &'a Watched) -> impl Iterator<Item = &'a Store> {
        let viewed = |scope: &Scope| self.streams.get(scope)?.views.get(&watched.view);
        let stores = watched.sources.iter().filter_map(viewed);
        let stores = stores.map(|viewed| &viewed.store);
        stores.filter(|store| store.is_complete())
    }
}

/// How namespaces are followed: by name alone.
pub(super) const NAMESPACES: View = View {
    filter: None,
    keep_full: false,
};

/// One field selector for every name, joined with the monitor's own.
///
/// Every name is a stream of its own, as in the original: the rights that `resourceNames` gives
/// suffice for it, and no object comes that nobody asked for.
fn fields_by_name(names: &[String], fields: &str) -> BTreeSet<String> {
    if names.is_empty() {
        return [fields.to_owned()].into();
    }
    let join = |name: &String| match fields {
        "" => format!("metadata.name={name}"),
        fields => format!("metadata.name={name},{fields}"),
    };
    names.iter().map(join).collect()
}

/// The objects of a store that is complete; of another one nothing was told.
fn known_items(store: &Store) -> Vec<Arc<Item>> {
    let items = store.items().cloned();
    if store.is_complete() {
        items.collect()
    } else {
        Vec::new()
    }
}
