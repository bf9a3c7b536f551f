//! Bindings of the second form: `schedule` and `kubernetes`.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::binding::{Common, KubernetesBinding, ScheduleBinding};
use crate::jq::Filter;
use crate::report::nearest;
use crate::schedule::{Crontab, parse_duration};
use crate::watch::{Namespaces, Selection, WatchEvent};

use super::selector::{read_fields, read_full_labels, read_names, read_namespaces};
use super::sheet::{Map, Spot};

/// Reads one item of `schedule`. `names` are those of the `kubernetes` bindings.
pub(super) fn read_schedule(spot: &Spot<'_>, names: &[String]) -> Option<ScheduleBinding> {
    let map = spot.map(&[
        "name",
        "crontab",
        "allowFailure",
        "includeSnapshotsFrom",
        "queue",
        "group",
    ])?;
    let name = read_name(&map, "schedule");
    let common = read_common(&map, names);
    let crontab = map.need("crontab").and_then(|spot| read_crontab(&spot));
    Some(ScheduleBinding {
        name,
        crontab: crontab?,
        common,
    })
}

/// Reads one item of `kubernetes`. `names` are those of all of them.
pub(super) fn read_kubernetes(spot: &Spot<'_>, names: &[String]) -> Option<KubernetesBinding> {
    let map = spot.map(&[
        "name",
        "apiVersion",
        "kind",
        "nameSelector",
        "labelSelector",
        "fieldSelector",
        "namespace",
        "jqFilter",
        "executeHookOnEvent",
        "watchEvent",
        "executeHookOnSynchronization",
        "waitForSynchronization",
        "keepFullObjectsInMemory",
        "resynchronizationPeriod",
        "allowFailure",
        "includeSnapshotsFrom",
        "queue",
        "group",
    ])?;
    let common = read_common(&map, names);
    Some(KubernetesBinding {
        name: read_name(&map, "kubernetes"),
        filter: map.get("jqFilter").and_then(|spot| read_filter(&spot)),
        keep_full: read_flag(&map, "keepFullObjectsInMemory", true),
        events: read_events(&map),
        on_synchronization: read_flag(&map, "executeHookOnSynchronization", true),
        wait_for_synchronization: read_wait(&map, &common),
        resynchronization: read_period(&map),
        common,
        selection: read_selection(&map)?,
    })
}

fn read_selection(map: &Map<'_>) -> Option<Selection> {
    let api_version = map.get("apiVersion").and_then(|spot| read_version(&spot));
    let kind = map.need("kind").and_then(|spot| spot.full_text());
    let names = map.get("nameSelector").and_then(|spot| read_names(&spot));
    let names = names.unwrap_or_default();
    let labels = map.get("labelSelector");
    let labels = labels.and_then(|spot| read_full_labels(&spot));
    let namespaces = map.get("namespace");
    let namespaces = namespaces.and_then(|spot| read_namespaces(&spot));
    let fields = map.get("fieldSelector").and_then(|spot| read_fields(&spot));
    let (fields, by_name) = fields.unwrap_or_default();
    if let Some(spot) = by_name.filter(|_| !names.is_empty()) {
        let hint = "keep one of the two";
        spot.wrong(
            "selects by name, and nameSelector.matchNames does too",
            hint,
        );
    }
    Some(Selection {
        api_version,
        kind: kind?.to_owned(),
        names: names.into_iter().collect(),
        namespaces: namespaces.unwrap_or(Namespaces::All),
        labels: labels.unwrap_or_default(),
        fields,
    })
}

/// `executeHookOnEvent` counts before `watchEvent`; an empty list is no event, no list is all.
fn read_events(map: &Map<'_>) -> BTreeSet<WatchEvent> {
    let [first, second] = ["executeHookOnEvent", "watchEvent"].map(|key| {
        let words = WatchEvent::ALL.map(WatchEvent::name);
        let items = map.get(key)?.items(0);
        let chosen = items.iter().filter_map(|item| item.choice(&words));
        let event = |word| {
            WatchEvent::ALL
                .into_iter()
                .find(|event| event.name() == word)
        };
        Some(chosen.filter_map(event).collect())
    });
    first.or(second).unwrap_or_else(|| WatchEvent::ALL.into())
}

/// Only a binding with a queue of its own need not be waited for.
fn read_wait(map: &Map<'_>, common: &Common) -> bool {
    let wait = read_flag(map, "waitForSynchronization", true);
    if let (false, None, Some(spot)) = (wait, &common.queue, map.get("waitForSynchronization")) {
        spot.warn("has no effect without `queue`");
        return true;
    }
    wait
}

/// How often everything is listed anew. The original reads any text here and does nothing with it, so
/// what is no length of time is no mistake.
fn read_period(map: &Map<'_>) -> Option<Duration> {
    let spot = map.get("resynchronizationPeriod")?;
    let text = spot.text().filter(|text| !text.is_empty())?;
    match parse_duration(text) {
        Ok(period) => Some(period).filter(|period| !period.is_zero()),
        Err(error) => {
            spot.warn(format!("has no effect: {error}"));
            None
        }
    }
}

fn read_common(map: &Map<'_>, names: &[String]) -> Common {
    let word = |key| {
        let text = map.get(key).and_then(|spot| spot.text());
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Common {
        allow_failure: read_flag(map, "allowFailure", false),
        queue: word("queue"),
        group: word("group"),
        include_snapshots: read_included(map, names),
    }
}

/// The names of `kubernetes` bindings to include, each of which exists once.
pub(super) fn read_included(map: &Map<'_>, names: &[String]) -> Vec<String> {
    let mut included: Vec<String> = Vec::new();
    let Some(spot) = map.get("includeSnapshotsFrom") else {
        return included;
    };
    for (spot, name) in spot.texts_or_one(1) {
        match names.iter().filter(|known| *known == name).count() {
            0 => {
                let meant = nearest(name, names.iter().map(String::as_str));
                let hint = match meant {
                    Some(meant) => format!("did you mean {meant:?}?"),
                    None => String::new(),
                };
                spot.wrong(format!("no kubernetes binding is named {name:?}"), hint);
            }
            1 if included.iter().any(|known| known == name) => {}
            1 => included.push(name.to_owned()),
            count => {
                let message = format!("{count} kubernetes bindings are named {name:?}");
                spot.wrong(message, "give each a `name` of its own");
            }
        }
    }
    included
}

/// The name, or a default when there is none or an empty one.
pub(super) fn read_name(map: &Map<'_>, default: &str) -> String {
    let name = map.get("name").and_then(|spot| spot.text());
    name.filter(|name| !name.is_empty())
        .unwrap_or(default)
        .to_owned()
}

pub(super) fn read_flag(map: &Map<'_>, key: &str, default: bool) -> bool {
    map.get(key).and_then(|spot| spot.flag()).unwrap_or(default)
}

pub(super) fn read_crontab(spot: &Spot<'_>) -> Option<Crontab> {
    let text = spot.text()?;
    Crontab::parse(text)
        .map_err(|error| spot.wrong(error.to_string(), ""))
        .ok()
}

/// A filter; an empty text is none.
pub(super) fn read_filter(spot: &Spot<'_>) -> Option<Filter> {
    let text = spot.text().filter(|text| !text.is_empty())?;
    Filter::compile(text)
        .map_err(|error| spot.wrong(format!("not a jq filter: {error}"), ""))
        .ok()
}

/// `v1` or `apps/v1`; an empty text is none.
fn read_version(spot: &Spot<'_>) -> Option<String> {
    let text = spot.text().filter(|text| !text.is_empty())?;
    let parts: Vec<&str> = text.split('/').collect();
    if parts.len() > 2 || parts.contains(&"") {
        spot.expected("an API version such as v1 or apps/v1", "");
    }
    Some(text.to_owned())
}
