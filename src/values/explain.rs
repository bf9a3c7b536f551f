//! Where each leaf of the values came from.

use serde_json::Value;

use super::layer::Origin;
use super::trace::{Trace, below};
use crate::name::ValuesKey;
use crate::report::{Path, Step};

/// One leaf of the values and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The path, beginning with the scope's key: `certManager.ingress.hosts`.
    pub path: String,
    /// The value: a scalar, a whole list, or an empty map; a secret is masked.
    pub value: Value,
    /// Who set it.
    pub origin: Origin,
    /// The line in the file or in the `ConfigMap` key, from 1; 0 when it is not known.
    pub line: u32,
}

/// Explains the leaves of `masked` (the present values with secrets masked) at or around `filter`.
pub(super) fn explain(
    trace: &Trace<'_>,
    scope: &ValuesKey,
    masked: &Value,
    filter: Option<&str>,
) -> Vec<Explained> {
    let mut leaves = Vec::new();
    collect(masked, &mut Vec::new(), &mut leaves);
    let explained = leaves.into_iter().filter_map(|(keys, value)| {
        let path = Path(
            keys.iter()
                .map(|key| Step::Key((*key).to_owned()))
                .collect(),
        );
        let path = below(scope, &path).to_string();
        if !filter.is_none_or(|filter| asked(&path, filter, scope)) {
            return None;
        }
        let (origin, place) = trace.origin(&keys)?;
        Some(Explained {
            path,
            value: value.clone(),
            origin,
            line: place.line,
        })
    });
    explained.collect()
}

/// All leaves, in the order of paths. The root is no leaf.
fn collect<'v>(
    value: &'v Value,
    keys: &mut Vec<&'v str>,
    leaves: &mut Vec<(Vec<&'v str>, &'v Value)>,
) {
    match value {
        Value::Object(map) if !map.is_empty() || keys.is_empty() => {
            for (key, value) in map {
                keys.push(key);
                collect(value, keys, leaves);
                keys.pop();
            }
        }
        leaf => leaves.push((keys.clone(), leaf)),
    }
}

/// Whether a leaf is at or below the asked path, or is the list that the asked path leads into.
fn asked(path: &str, filter: &str, scope: &ValuesKey) -> bool {
    let with_key = format!("{scope}.{filter}");
    [filter, with_key.as_str()].into_iter().any(|filter| {
        let continues = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
        path.strip_prefix(filter).is_some_and(continues)
            || filter
                .strip_prefix(path)
                .is_some_and(|rest| rest.starts_with('['))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::sample::{any_map, config, hook, operations, schemas, statics};
    use super::super::trace::Inputs;
    use super::super::{Layer, Store};
    use super::*;
    use crate::patch::StoredPatches;
    use crate::schema::Schemas;

    const CONFIG: &str = "\
properties:
  replicas: {type: integer, default: 2}
  token: {x-secret: true}
  ingress:
    type: object
    default: {class: nginx}
    properties:
      class: {type: string}
      port: {type: integer, default: 80}
  zones: {type: array}
  labels: {type: object, additionalProperties: true}
";
    const VALUES: &str = "\
x-extend: {schema: config-values.yaml}
properties:
  internal: {type: object, default: {}, properties: {count: {default: 0}, ca: {additionalProperties: true}, list: {}}}
";

    fn store() -> Store {
        let scope = ValuesKey::parse("m").unwrap();
        let text = "zones: [a]\ningress:\n  class: traefik\nlabels:\n  a.b/c: x\n  empty: {}\n";
        let mut store = Store::new(scope, statics(text), schemas(CONFIG, VALUES)).unwrap();
        let section = "token: hunter2\nzones:\n- b\nlabels:\n  d: null\n";
        store.set_config(Some(config(section))).unwrap();
        let patch = operations("add /m/internal/list [1]\nadd /m/zones/- \"c\"");
        store.apply_values_patch(&patch, &hook("one.sh")).unwrap();
        let patch = operations("add /m/internal/ca {\"key\":1}");
        store.apply_values_patch(&patch, &hook("two.sh")).unwrap();
        store
            .set_injected(json!({"enabledModules": ["x"]}))
            .unwrap();
        store
    }

    fn lines(filter: Option<&str>) -> Vec<String> {
        let line =
            |one: &Explained| format!("{} = {} · {}:{}", one.path, one.value, one.origin, one.line);
        store().explain(filter).iter().map(line).collect()
    }

    #[test]
    fn every_leaf_knows_who_set_it() {
        let expected = [
            "m.enabledModules = [\"x\"] · addon-operator:0",
            "m.ingress.class = \"traefik\" · values.yaml:3",
            "m.ingress.port = 80 · default in config-values.yaml:9",
            "m.internal.ca.key = 1 · hook two.sh:0",
            "m.internal.count = 0 · default in values-schema.yaml:3",
            "m.internal.list = [1] · hook one.sh:0",
            "m.labels[\"a.b/c\"] = \"x\" · values.yaml:5",
            "m.labels.d = null · ConfigMap ns/config:5",
            "m.labels.empty = {} · values.yaml:6",
            "m.replicas = 2 · default in config-values.yaml:2",
            "m.token = \"[secret]\" · ConfigMap ns/config:1",
            "m.zones = [\"b\",\"c\"] · hook one.sh:0",
        ];
        assert_eq!(lines(None), expected);
    }

    #[test]
    fn path_narrows_the_answer() {
        for (filter, expected) in [
            ("m.ingress", &["m.ingress.class", "m.ingress.port"][..]),
            ("ingress.port", &["m.ingress.port"]),
            ("m.labels[\"a.b/c\"]", &["m.labels[\"a.b/c\"]"]),
            ("zones[0]", &["m.zones"]),
            ("m.ingres", &[]),
            ("m.zones.x", &[]),
        ] {
            let paths: Vec<String> = store()
                .explain(Some(filter))
                .into_iter()
                .map(|one| one.path)
                .collect();
            assert_eq!(paths, expected, "{filter}");
        }
        assert_eq!(store().explain(Some("m")).len(), 12);
    }

    proptest! {
        // The layer that is named holds the very value; without it the value would be another one.
        #[test]
        fn named_layer_holds_the_value(
            one in any_map(), two in any_map(), section in any_map()
        ) {
            let file = |file: &str| Origin::StaticFile { file: file.to_owned() };
            let layers = [Layer::from_value(file("one"), &one), Layer::from_value(file("two"), &two)];
            let scope = ValuesKey::global();
            let config = Layer::from_value(hook("section"), &section);
            let inputs = Inputs {
                scope: &scope,
                statics: &layers,
                schemas: &Schemas::default(),
                config: Some(&config),
                injected: &json!({}),
                patches: &StoredPatches::default(),
            };
            let trace = inputs.trace().unwrap();
            let values = trace.values.clone();
            let mut leaves = Vec::new();
            collect(&values, &mut Vec::new(), &mut leaves);
            for (keys, value) in leaves {
                let (origin, _) = trace.origin(&keys).unwrap();
                let layer = match origin.to_string().as_str() {
                    "one" => &one,
                    "two" => &two,
                    _ => &section,
                };
                let held = keys.iter().try_fold(layer, |value, key| value.get(*key));
                prop_assert_eq!(held, Some(value));
            }
        }
    }
}
