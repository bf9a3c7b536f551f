//! The shape of bindings that the API server calls: admission and conversion.
//!
//! They are checked, so that a mistake is told now, and not served by this version.

use super::kubernetes::read_included;
use super::selector::{is_domain, read_full_labels};
use super::sheet::{Map, Spot};

/// The keys of such bindings.
pub(super) const KEYS: [&str; 3] = [
    "kubernetesValidating",
    "kubernetesMutating",
    "kubernetesCustomResourceConversion",
];

/// Checks the value of one of [`KEYS`]. `names` are those of the `kubernetes` bindings.
pub(super) fn check(key: &str, spot: &Spot<'_>, names: &[String]) {
    spot.warn(format!("{key} is not served by this version"));
    let mut seen: Vec<&str> = Vec::new();
    for item in spot.items(1) {
        if key == "kubernetesCustomResourceConversion" {
            check_conversion(&item, names);
            continue;
        }
        // The original looks closer at validating hooks than at mutating ones.
        let is_strict = key == "kubernetesValidating";
        let Some((spot, name)) = check_admission(&item, names, is_strict) else {
            continue;
        };
        if is_strict && seen.contains(&name) {
            spot.wrong(
                format!("the name {name:?} is taken"),
                "give each a `name` of its own",
            );
        }
        seen.push(name);
    }
}

fn check_conversion(spot: &Spot<'_>, names: &[String]) {
    let known = [
        "name",
        "crdName",
        "conversions",
        "group",
        "includeSnapshotsFrom",
    ];
    let Some(map) = spot.map(&known) else { return };
    for key in ["name", "crdName"] {
        let _ = map.need(key).map(|spot| spot.full_text());
    }
    let _ = map.get("group").map(|spot| spot.text());
    read_included(&map, names);
    let conversions = map.need("conversions").map(|spot| spot.items(1));
    for item in conversions.unwrap_or_default() {
        let keys = ["fromVersion", "toVersion"];
        let Some(map) = item.map(&keys) else { continue };
        for key in keys {
            let _ = map.need(key).map(|spot| spot.full_text());
        }
    }
}

/// Answers the name and where it stands.
fn check_admission<'a>(
    spot: &Spot<'a>,
    names: &[String],
    is_strict: bool,
) -> Option<(Spot<'a>, &'a str)> {
    let map = spot.map(&[
        "name",
        "group",
        "includeSnapshotsFrom",
        "failurePolicy",
        "sideEffects",
        "timeoutSeconds",
        "matchConditions",
        "labelSelector",
        "namespace",
        "rules",
    ])?;
    let _ = map.get("group").map(|spot| spot.text());
    read_included(&map, names);
    for (key, words) in [
        ("failurePolicy", ["Ignore", "Fail"]),
        ("sideEffects", ["None", "NoneOnDryRun"]),
    ] {
        let _ = map.get(key).map(|spot| spot.choice(&words));
    }
    check_timeout(&map, is_strict);
    check_selectors(&map);
    let rules = map.get("rules").map(|spot| spot.items(1));
    for rule in rules.unwrap_or_default() {
        check_rule(&rule, is_strict);
    }
    let name_spot = map.need("name")?;
    let name = name_spot.text()?;
    if is_strict && !(is_domain(name) && name.split('.').count() >= 3) {
        let hint = "such as limits.example.com";
        name_spot.wrong(
            format!("{name:?} is not a domain of three parts or more"),
            hint,
        );
    }
    Some((name_spot, name))
}

fn check_timeout(map: &Map<'_>, is_strict: bool) {
    let Some(spot) = map.get("timeoutSeconds") else {
        return;
    };
    let seconds = spot.integer();
    if is_strict && seconds.is_some_and(|seconds| !(1.0..=30.0).contains(&seconds)) {
        spot.expected("1 to 30 seconds", "");
    }
}

fn check_selectors(map: &Map<'_>) {
    let _ = map.get("labelSelector").map(|spot| read_full_labels(&spot));
    if let Some(namespace) = map
        .get("namespace")
        .and_then(|spot| spot.map(&["labelSelector"]))
    {
        let _ = namespace
            .need("labelSelector")
            .map(|spot| read_full_labels(&spot));
    }
    let conditions = map.get("matchConditions").map(|spot| spot.items(0));
    for item in conditions.unwrap_or_default() {
        let Some(map) = item.open_map() else { continue };
        for key in ["name", "expression"] {
            let _ = map.need(key).map(|spot| spot.text());
        }
    }
}

fn check_rule(spot: &Spot<'_>, is_strict: bool) {
    let lists = ["apiVersions", "apiGroups", "resources", "operations"];
    let Some(map) = spot.map(&[&lists[..], &["scope"]].concat()) else {
        return;
    };
    let _ = map
        .get("scope")
        .map(|spot| spot.choice(&["Cluster", "Namespaced", "*"]));
    for key in lists {
        let Some(spot) = map.need(key) else { continue };
        let texts = spot.texts(1);
        for (item, text) in &texts {
            match key {
                "operations" => {
                    let _ = item.choice(&["CREATE", "UPDATE", "DELETE", "CONNECT", "*"]);
                }
                "apiGroups" => {}
                _ if is_strict && text.is_empty() => {
                    item.wrong("expected a text that is not empty", "")
                }
                _ => {}
            }
        }
        // `*` stands for all resources and `*/*` for their subresources too: both may be there.
        let star = if key == "resources" { "*/*" } else { "*" };
        if is_strict && texts.len() > 1 && texts.iter().any(|(_, text)| *text == star) {
            spot.wrong(format!("`{star}` is everything"), "leave the others out");
        }
    }
}
