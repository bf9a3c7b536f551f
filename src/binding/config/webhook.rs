//! Bindings that the API server calls: admission and conversion.
//!
//! What the API server would refuse is refused here, where a mistake is told with its place: one bad
//! webhook would spoil the configuration that all of them are in.

use crate::binding::{
    AdmissionBinding, AdmissionKind, AdmissionRule, ConversionBinding, ConversionRule,
    FailurePolicy, MatchCondition, SideEffects,
};

use super::kubernetes::read_included;
use super::selector::{is_domain, is_label_key, read_full_labels};
use super::sheet::{Map, Spot};

/// The key of conversions.
pub(super) const CONVERSION: &str = "kubernetesCustomResourceConversion";
/// The keys of such bindings.
pub(super) const KEYS: [&str; 3] = [
    AdmissionKind::Validating.key(),
    AdmissionKind::Mutating.key(),
    CONVERSION,
];

/// How long the API server waits when nothing is said, in seconds; as in the original.
const TIMEOUT: f64 = 10.0;
/// More conditions the API server does not take.
const MOST_CONDITIONS: usize = 64;

/// Reads the items of one kind. `names` are those of the `kubernetes` bindings.
pub(super) fn read_admissions(
    kind: AdmissionKind,
    spot: &Spot<'_>,
    names: &[String],
) -> Vec<AdmissionBinding> {
    let mut bindings: Vec<AdmissionBinding> = Vec::new();
    for item in spot.items(1) {
        let Some((binding, name)) = read_admission(kind, &item, names) else {
            continue;
        };
        if bindings.iter().any(|other| other.name == binding.name) {
            name.wrong(
                format!("the name {:?} is taken", binding.name),
                "give each a `name` of its own",
            );
        }
        bindings.push(binding);
    }
    bindings
}

/// Reads one conversion. `names` are those of the `kubernetes` bindings.
pub(super) fn read_conversion(spot: &Spot<'_>, names: &[String]) -> Option<ConversionBinding> {
    let map = spot.map(&[
        "name",
        "crdName",
        "conversions",
        "group",
        "includeSnapshotsFrom",
    ])?;
    let name = map.need("name").and_then(|spot| spot.full_text());
    let definition = map.need("crdName").and_then(|spot| {
        let name = spot.full_text()?;
        if !(is_domain(name) && name.contains('.')) {
            let hint = "plural and group, such as crontabs.stable.example.com";
            spot.wrong(format!("{name:?} is no name of a definition"), hint);
        }
        Some(name)
    });
    let group = definition.and_then(|name| Some(name.split_once('.')?.1));
    let rules = map.need("conversions").map(|spot| spot.items(1));
    let rules = rules.unwrap_or_default();
    let conversions = rules.iter().filter_map(|rule| read_rule(rule, group));
    let binding = ConversionBinding {
        conversions: conversions.collect(),
        name: name.unwrap_or_default().to_owned(),
        group: read_group(&map),
        include_snapshots: read_included(&map, names),
        definition: definition?.to_owned(),
    };
    Some(binding)
}

/// Reads a step of a conversion; `group` is that of the definition.
fn read_rule(spot: &Spot<'_>, group: Option<&str>) -> Option<ConversionRule> {
    let map = spot.map(&["fromVersion", "toVersion"])?;
    let [from, to] = ["fromVersion", "toVersion"].map(|key| {
        let spot = map.need(key)?;
        let version = spot.full_text()?;
        if let (Some((of, _)), Some(group)) = (version.rsplit_once('/'), group)
            && of != group
        {
            spot.warn(format!("is never converted: the group is {group}"));
        }
        Some(version.to_owned())
    });
    Some(ConversionRule {
        from: from?,
        to: to?,
    })
}

/// Answers the binding, and where its name stands.
fn read_admission<'a>(
    kind: AdmissionKind,
    spot: &Spot<'a>,
    names: &[String],
) -> Option<(AdmissionBinding, Spot<'a>)> {
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
    let rules = map.get("rules").map(|spot| spot.items(1));
    let (labels, namespace_labels) = read_selectors(&map);
    let mut binding = AdmissionBinding {
        kind,
        name: String::new(),
        group: read_group(&map),
        include_snapshots: read_included(&map, names),
        rules: rules
            .unwrap_or_default()
            .iter()
            .filter_map(read_admission_rule)
            .collect(),
        failure_policy: read_failure_policy(&map),
        side_effects: read_side_effects(&map),
        timeout_seconds: read_timeout(&map),
        conditions: read_conditions(&map),
        labels,
        namespace_labels,
    };
    let name_spot = map.need("name")?;
    let name = name_spot.text()?;
    if !(is_domain(name) && name.split('.').count() >= 3) {
        let hint = "such as limits.example.com";
        name_spot.wrong(
            format!("{name:?} is not a domain of three parts or more"),
            hint,
        );
    }
    name.clone_into(&mut binding.name);
    Some((binding, name_spot))
}

fn read_group(map: &Map<'_>) -> Option<String> {
    let group = map.get("group").and_then(|spot| spot.text());
    group.filter(|group| !group.is_empty()).map(str::to_owned)
}

fn read_failure_policy(map: &Map<'_>) -> Option<FailurePolicy> {
    let policies = [FailurePolicy::Ignore, FailurePolicy::Fail];
    let word = map
        .get("failurePolicy")?
        .choice(&policies.map(FailurePolicy::name))?;
    policies.into_iter().find(|policy| policy.name() == word)
}

fn read_side_effects(map: &Map<'_>) -> SideEffects {
    let effects = [SideEffects::None, SideEffects::NoneOnDryRun];
    let word = map
        .get("sideEffects")
        .and_then(|spot| spot.choice(&effects.map(SideEffects::name)));
    let found = effects
        .into_iter()
        .find(|effects| Some(effects.name()) == word);
    found.unwrap_or_default()
}

fn read_timeout(map: &Map<'_>) -> u32 {
    let seconds = map.get("timeoutSeconds").and_then(|spot| {
        let seconds = spot.integer()?;
        let is_good = (1.0..=30.0).contains(&seconds);
        if !is_good {
            spot.expected("1 to 30 seconds", "");
        }
        Some(seconds).filter(|_| is_good)
    });
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "its range was checked"
    )]
    let seconds = seconds.unwrap_or(TIMEOUT) as u32;
    seconds
}

/// The label selectors of objects and of namespaces, as they were written.
fn read_selectors(map: &Map<'_>) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
    let read = |spot: Spot<'_>| read_full_labels(&spot).map(|_| spot.node.to_value());
    let labels = map.get("labelSelector").and_then(read);
    let namespace = map
        .get("namespace")
        .and_then(|spot| spot.map(&["labelSelector"]));
    let of_namespace = namespace.and_then(|map| map.need("labelSelector").and_then(read));
    (labels, of_namespace)
}

fn read_conditions(map: &Map<'_>) -> Vec<MatchCondition> {
    let Some(spot) = map.get("matchConditions") else {
        return Vec::new();
    };
    let items = spot.items(0);
    if items.len() > MOST_CONDITIONS {
        spot.wrong(format!("expected at most {MOST_CONDITIONS} items"), "");
    }
    let mut conditions: Vec<MatchCondition> = Vec::new();
    for item in items {
        let Some(map) = item.open_map() else { continue };
        let [name, expression] = ["name", "expression"].map(|key| {
            map.need(key)
                .and_then(|spot| Some((spot.full_text()?, spot)))
        });
        if let Some((name, spot)) = &name {
            if !is_label_key(name) {
                let hint = "letters, digits, `-`, `_` and `.`, at most 63";
                spot.wrong(format!("{name:?} is no name of a condition"), hint);
            }
            if conditions.iter().any(|other| other.name == **name) {
                spot.wrong(format!("the name {name:?} is taken"), "");
            }
        }
        if let (Some((name, _)), Some((expression, _))) = (name, expression) {
            conditions.push(MatchCondition {
                name: name.to_owned(),
                expression: expression.to_owned(),
            });
        }
    }
    conditions
}

fn read_admission_rule(spot: &Spot<'_>) -> Option<AdmissionRule> {
    let map = spot.map(&[
        "apiVersions",
        "apiGroups",
        "resources",
        "operations",
        "scope",
    ])?;
    let scope = map
        .get("scope")
        .and_then(|spot| spot.choice(&["Cluster", "Namespaced", "*"]));
    let [versions, groups, resources, operations] =
        ["apiVersions", "apiGroups", "resources", "operations"].map(|key| read_list(&map, key));
    Some(AdmissionRule {
        groups: groups?,
        versions: versions?,
        resources: resources?,
        operations: operations?,
        scope: scope.unwrap_or("*").to_owned(),
    })
}

fn read_list(map: &Map<'_>, key: &str) -> Option<Vec<String>> {
    let spot = map.need(key)?;
    let texts = spot.texts(1);
    for (item, text) in &texts {
        match key {
            "operations" => {
                let _ = item.choice(&["CREATE", "UPDATE", "DELETE", "CONNECT", "*"]);
            }
            "apiGroups" => {}
            _ if text.is_empty() => item.wrong("expected a text that is not empty", ""),
            _ => {}
        }
    }
    // `*` stands for all resources and `*/*` for their subresources too: both may be there.
    let star = if key == "resources" { "*/*" } else { "*" };
    if texts.len() > 1 && texts.iter().any(|(_, text)| *text == star) {
        spot.wrong(format!("`{star}` is everything"), "leave the others out");
    }
    let texts = texts.into_iter().map(|(_, text)| text.to_owned());
    Some(texts.collect())
}
