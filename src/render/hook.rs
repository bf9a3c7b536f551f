//! Helm hooks: objects that are created at a point of a release's life.

use std::collections::BTreeSet;

use crate::object::Manifest;
use crate::report::{self, Mistake};

/// The annotation that makes an object a hook.
pub(super) const EVENTS: &str = "helm.sh/hook";
const WEIGHT: &str = "helm.sh/hook-weight";
const DELETE_POLICY: &str = "helm.sh/hook-delete-policy";

/// The points at which a hook can run.
const KNOWN: [&str; 9] = [
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
];
/// Points of Helm 2 that no longer come; Helm drops such objects, and so do we.
const GONE: [&str; 2] = ["crd-install", "test-failure"];

/// An object that is created at a point of a release's life and is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// The object.
    pub manifest: Manifest,
    /// When it runs: `pre-install`, `post-upgrade`, …
    pub events: BTreeSet<String>,
    /// Lower runs first.
    pub weight: i64,
    /// When it is deleted: `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: BTreeSet<String>,
}

/// The point that an annotation names in any case of letters, also by its old name; `None`: Helm knows none
/// such.
pub(super) fn point(event: &str) -> Option<&'static str> {
    let event = event.trim().to_lowercase();
    let event = if event == "test-success" {
        "test"
    } else {
        &event
    };
    KNOWN.into_iter().find(|known| *known == event)
}

/// Whether an object is a hook.
pub(super) fn is_hook(manifest: &Manifest) -> bool {
    manifest.annotation(EVENTS).is_some()
}

/// Reads the annotations of a hook. `None` for one that no longer runs.
pub(super) fn read(manifest: Manifest) -> Result<Option<Hook>, Mistake> {
    let mut events = BTreeSet::new();
    for event in words(manifest.annotation(EVENTS)) {
        if let Some(point) = point(&event) {
            events.insert(point.to_owned());
        } else if !GONE.contains(&event.as_str()) {
            return Err(refuse(&manifest, &event));
        }
    }
    // Helm takes 0 for a weight that is no number.
    let weight = manifest
        .annotation(WEIGHT)
        .and_then(|weight| weight.trim().parse().ok());
    let mut delete_policies: BTreeSet<_> = words(manifest.annotation(DELETE_POLICY)).collect();
    if delete_policies.is_empty() {
        delete_policies.insert("before-hook-creation".to_owned());
    }
    Ok((!events.is_empty()).then_some(Hook {
        manifest,
        events,
        weight: weight.unwrap_or(0),
        delete_policies,
    }))
}

fn words(text: Option<&str>) -> impl Iterator<Item = String> {
    text.unwrap_or_default()
        .split(',')
        .map(|word| word.trim().to_lowercase())
        .filter(|word| !word.is_empty())
}

fn refuse(manifest: &Manifest, event: &str) -> Mistake {
    let hint = report::nearest(event, KNOWN)
        .map_or_else(|| KNOWN.join(", "), |near| format!("did you mean {near}?"));
    let object = manifest.reference();
    let message = format!("{object}: {event:?} is no point at which a Helm hook runs");
    Mistake::new(&manifest.source.file, message).hint(hint)
}
