//! Bindings of the first form, without `configVersion`: `schedule` and `onKubernetesEvent`.
//!
//! What the original does not look at is not refused here: unknown keys are warned of, null is as
//! good as nothing.

use std::collections::BTreeSet;

use crate::binding::{Common, KubernetesBinding, ScheduleBinding};
use crate::watch::{Namespaces, Selection, WatchEvent};

use super::kubernetes::{read_crontab, read_filter, read_flag, read_name};
use super::selector::{named, names_of, read_labels};
use super::sheet::{Map, Spot};

/// Reads one item of `schedule`.
pub(super) fn read_schedule(spot: &Spot<'_>) -> Option<ScheduleBinding> {
    let map = open(spot, &["name", "crontab", "allowFailure"])?;
    let name = read_name(&map, "schedule");
    let common = read_common(&map);
    let crontab = map.need("crontab").and_then(|spot| read_crontab(&spot));
    Some(ScheduleBinding {
        name,
        crontab: crontab?,
        common,
    })
}

/// Reads one item of `onKubernetesEvent`. Its hook is told of events only, and of names only.
pub(super) fn read_kubernetes(spot: &Spot<'_>) -> Option<KubernetesBinding> {
    let map = open(
        spot,
        &[
            "name",
            "event",
            "kind",
            "selector",
            "objectName",
            "namespaceSelector",
            "jqFilter",
            "allowFailure",
        ],
    )?;
    Some(KubernetesBinding {
        name: read_name(&map, "onKubernetesEvent"),
        filter: map.get("jqFilter").and_then(|spot| read_filter(&spot)),
        keep_full: false,
        events: read_events(&map),
        on_synchronization: false,
        wait_for_synchronization: true,
        resynchronization: None,
        common: read_common(&map),
        selection: read_selection(&map)?,
    })
}

fn read_selection(map: &Map<'_>) -> Option<Selection> {
    let kind = map.need("kind").and_then(|spot| spot.full_text());
    let name = map.get("objectName").and_then(|spot| spot.text());
    let labels = map.get("selector").and_then(|spot| read_labels(&spot));
    let namespaces = map.get("namespaceSelector");
    let namespaces = namespaces.and_then(|spot| read_namespaces(&spot));
    Some(Selection {
        api_version: None,
        kind: kind?.to_owned(),
        names: name
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        namespaces: namespaces.unwrap_or(Namespaces::All),
        labels: labels.unwrap_or_default(),
        fields: String::new(),
    })
}

fn read_namespaces(spot: &Spot<'_>) -> Option<Namespaces> {
    let map = open(spot, &["matchNames", "any"])?;
    let any = read_flag(&map, "any", false);
    let names = map.get("matchNames").map(|spot| spot.texts(0));
    let names = names_of(&names.unwrap_or_default());
    Some(if any { Namespaces::All } else { named(names) })
}

/// No list is no event, as in the original.
fn read_events(map: &Map<'_>) -> BTreeSet<WatchEvent> {
    let Some(spot) = map.get("event") else {
        map.spot.warn("runs for no event: `event` is missing");
        return BTreeSet::new();
    };
    let items = spot.items(0);
    let words = ["add", "update", "delete"];
    let chosen = items.iter().filter_map(|item| item.choice(&words));
    chosen
        .map(|word| match word {
            "add" => WatchEvent::Added,
            "update" => WatchEvent::Modified,
            _ => WatchEvent::Deleted,
        })
        .collect()
}

fn read_common(map: &Map<'_>) -> Common {
    Common {
        allow_failure: read_flag(map, "allowFailure", false),
        ..Common::default()
    }
}

fn open<'a>(spot: &Spot<'a>, known: &[&str]) -> Option<Map<'a>> {
    let map = spot.open_map()?.without_nulls();
    map.warn_unknown(known);
    Some(map)
}
