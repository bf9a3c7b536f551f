//! The configuration that a hook prints.

mod declaration;
mod defaults;
mod doubt;
mod first;
mod kubernetes;
mod selector;
mod sheet;
mod webhook;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{AdmissionKind, HookConfig, Lifecycle, Place, Rate, Version};
use crate::report::{Mistake, Mistakes, nearest};
use crate::schedule::parse_duration;
use crate::yaml::{self, Data, Node, Profile};

pub use declaration::parse_declaration;
pub use defaults::{Defaults, defaults_of};
use sheet::{Map, Sheet, Spot, hint_for};

/// What the original's documentation calls `executionMinInterval` in one place.
const OTHER_INTERVAL: &str = "executionMinPeriod";

/// Reads what a hook prints for `--config`, JSON or YAML.
///
/// `file` names it in messages. Every mistake of the text is reported at once; what is understood and
/// has no effect is in [`HookConfig::warnings`].
pub fn parse_config(file: &str, text: &str, place: Place) -> Result<HookConfig, Mistakes> {
    let node = yaml::read(text, Profile::V3).map_err(|error| error.to_mistake(file))?;
    if node.data == Data::Scalar(Value::Null) {
        let nothing = Mistake::new(file, "expected a configuration, got nothing");
        return Err(nothing
            .hint("print `configVersion: v1` and bindings")
            .into());
    }
    let sheet = Sheet::new(file, text);
    let config = read(&sheet, &node, place);
    let mut mistakes = sheet.mistakes.take();
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    Mistakes(mistakes).into_result()?;
    let mut config = config.unwrap_or_else(|| empty(Version::V1));
    config.warnings = sheet.warnings.take();
    Ok(config)
}

/// What could be read; `None` only when a mistake was noted.
fn read<'a>(sheet: &'a Sheet<'a>, node: &'a Node, place: Place) -> Option<HookConfig> {
    let root = sheet.root(node);
    let map = root.open_map()?;
    let version = read_version(&map)?;
    check_keys(&map, version, place);
    let mut config = empty(version);
    config.lifecycle = read_lifecycle(&map, place);
    match version {
        Version::V0 => read_first(&map, &mut config),
        Version::V1 => read_second(&map, &mut config),
    }
    Some(config)
}

fn empty(version: Version) -> HookConfig {
    HookConfig {
        version,
        rate: None,
        lifecycle: BTreeMap::new(),
        schedules: Vec::new(),
        kubernetes: Vec::new(),
        admissions: Vec::new(),
        conversions: Vec::new(),
        warnings: Vec::new(),
    }
}

fn read_version(map: &Map<'_>) -> Option<Version> {
    let Some(spot) = map.get("configVersion") else {
        return Some(Version::V0);
    };
    match spot.text()? {
        "v1" => Some(Version::V1),
        "v0" => {
            let hint = "write v1; the form of v0 has no configVersion at all";
            spot.expected("v1", hint);
            None
        }
        _ => {
            spot.expected("v1", "");
            None
        }
    }
}

/// Refuses keys that this form and this place do not have, and a configuration without bindings.
fn check_keys(map: &Map<'_>, version: Version, place: Place) {
    let mut known: Vec<&str> = match version {
        Version::V0 => vec!["schedule", "onKubernetesEvent"],
        Version::V1 => vec!["configVersion", "settings", "schedule", "kubernetes"],
    };
    let allowed = Lifecycle::ALL
        .into_iter()
        .filter(|point| is_allowed(*point, place));
    known.extend(allowed.map(Lifecycle::name));
    if version == Version::V1 {
        known.extend(webhook::KEYS);
    }
    for entry in map.entries {
        if !known.contains(&entry.key.as_str()) {
            map.unknown(entry, &hint_for_root(&entry.key, &known, version));
        }
    }
    let aside = ["configVersion", "settings"];
    if map
        .entries
        .iter()
        .all(|entry| aside.contains(&entry.key.as_str()))
    {
        let message = "no binding is declared: the hook would never run";
        if map.get("settings").is_some() {
            map.spot.warn(message);
        } else {
            map.spot
                .wrong(message, format!("known are {}", known.join(", ")));
        }
    }
}

fn is_allowed(point: Lifecycle, place: Place) -> bool {
    point.place().is_none_or(|only| only == place)
}

fn hint_for_root(key: &str, known: &[&str], version: Version) -> String {
    let point = Lifecycle::ALL.into_iter().find(|point| point.name() == key);
    match point.and_then(Lifecycle::place) {
        Some(Place::Global) => return "it is for global hooks".to_owned(),
        Some(Place::Module) => return "it is for hooks of modules".to_owned(),
        Some(Place::Standalone) | None => {}
    }
    match (version, key) {
        (Version::V0, "kubernetes" | "settings") => "`configVersion: v1` is missing".to_owned(),
        (Version::V0, key) if webhook::KEYS.contains(&key) => {
            "`configVersion: v1` is missing".to_owned()
        }
        (Version::V0, key) if nearest(key, ["configVersion"]).is_some() => {
            "did you mean \"configVersion\"?".to_owned()
        }
        (Version::V1, "onKubernetesEvent") => "with configVersion v1 it is `kubernetes`".to_owned(),
        _ => hint_for(key, known),
    }
}

/// Lifecycle bindings. Only the order of `onStartup` may be negative, as in the original.
fn read_lifecycle(map: &Map<'_>, place: Place) -> BTreeMap<Lifecycle, f64> {
    let mut lifecycle = BTreeMap::new();
    for point in Lifecycle::ALL {
        let Some(spot) = map.get(point.name()).filter(|_| is_allowed(point, place)) else {
            continue;
        };
        let Some(order) = spot.integer() else {
            continue;
        };
        if order < 0.0 && point != Lifecycle::OnStartup {
            spot.expected("an integer of 0 or more", "");
        }
        lifecycle.insert(point, order);
    }
    lifecycle
}

/// The bindings of a configuration without `configVersion`.
fn read_first(map: &Map<'_>, config: &mut HookConfig) {
    let items = |key| map.get(key).map(|spot| spot.items(0)).unwrap_or_default();
    config.schedules = items("schedule")
        .iter()
        .filter_map(first::read_schedule)
        .collect();
    config.kubernetes = items("onKubernetesEvent")
        .iter()
        .filter_map(first::read_kubernetes)
        .collect();
}

/// The bindings of a configuration with `configVersion: v1`.
fn read_second(map: &Map<'_>, config: &mut HookConfig) {
    let items = |key| map.get(key).map(|spot| spot.items(1)).unwrap_or_default();
    let kubernetes_items = items("kubernetes");
    let names: Vec<String> = kubernetes_items.iter().map(binding_name).collect();
    config.rate = map.get("settings").and_then(|spot| read_rate(&spot));
    config.kubernetes = kubernetes_items
        .iter()
        .filter_map(|item| kubernetes::read_kubernetes(item, &names))
        .collect();
    let schedule_items = items("schedule");
    config.schedules = schedule_items
        .iter()
        .filter_map(|item| kubernetes::read_schedule(item, &names))
        .collect();
    config.admissions = AdmissionKind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind, map.get(kind.key())?)))
        .flat_map(|(kind, spot)| webhook::read_admissions(kind, &spot, &names))
        .collect();
    config.conversions = items(webhook::CONVERSION)
        .iter()
        .filter_map(|item| webhook::read_conversion(item, &names))
        .collect();
    share_snapshots(config);
    doubt::look((&kubernetes_items, &schedule_items), config);
}

/// The name of a `kubernetes` binding, whatever is wrong with the rest of it.
fn binding_name(spot: &Spot<'_>) -> String {
    let name = spot.node.entry("name").map(|entry| &entry.node.data);
    match name {
        Some(Data::Scalar(Value::String(name))) if !name.is_empty() => name.clone(),
        _ => "kubernetes".to_owned(),
    }
}

/// How often the hook may run. A burst alone limits nothing; an interval alone lets one run at a time.
fn read_rate(spot: &Spot<'_>) -> Option<Rate> {
    let map = spot.map(&["executionMinInterval", "executionBurst", OTHER_INTERVAL])?;
    let burst = map.get("executionBurst").and_then(|spot| {
        let burst = spot.integer()?;
        if !(0.0..=f64::from(i32::MAX)).contains(&burst) {
            spot.expected("an integer of 0 or more", "");
        }
        Some((spot, burst))
    });
    let spot = map.get("executionMinInterval");
    let spot = spot.or_else(|| map.get(OTHER_INTERVAL));
    let interval = spot.as_ref().and_then(|spot| {
        let read = parse_duration(spot.text()?);
        read.map_err(|error| spot.wrong(error.to_string(), "")).ok()
    });
    let Some(interval) = interval.filter(|interval| !interval.is_zero()) else {
        if let (Some((spot, _)), None) = (burst, spot) {
            spot.warn("has no effect without `executionMinInterval`");
        }
        return None;
    };
    // A float becomes the nearest integer of its type, never less than one token.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "its range was checked"
    )]
    let burst = burst.map_or(1, |(_, burst)| (burst as u32).max(1));
    Some(Rate { interval, burst })
}

/// Bindings of one group are told the snapshots of all its `kubernetes` bindings.
fn share_snapshots(config: &mut HookConfig) {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for binding in &config.kubernetes {
        if let Some(group) = &binding.common.group {
            groups
                .entry(group.clone())
                .or_default()
                .push(binding.name.clone());
        }
    }
    let include = |group: Option<&String>, included: &mut Vec<String>| {
        let names = group.and_then(|group| groups.get(group));
        for name in names.into_iter().flatten() {
            if !included.contains(name) {
                included.push(name.clone());
            }
        }
    };
    let of_kubernetes = config.kubernetes.iter_mut().map(|it| &mut it.common);
    let of_schedules = config.schedules.iter_mut().map(|it| &mut it.common);
    for common in of_kubernetes.chain(of_schedules) {
        include(common.group.as_ref(), &mut common.include_snapshots);
    }
    for binding in &mut config.admissions {
        include(binding.group.as_ref(), &mut binding.include_snapshots);
    }
    for binding in &mut config.conversions {
        include(binding.group.as_ref(), &mut binding.include_snapshots);
    }
}
