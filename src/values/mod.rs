//! The values store: layers, schemas, patches → values.
//!
//! In: [`Layer`]s (files and `ConfigMap` sections), schemas, patches of hooks · Out: [`Snapshot`]s,
//! mistakes with their places, and where each leaf came from · Never: reads files or a cluster.
//!
//! One [`Store`] holds the values of one scope: of a module, or the global ones. They are kept
//! without their key: the values of `certManager` are what stands below `certManager`. Paths that
//! people see begin with the key (`certManager.ingress.host`).
//!
//! From lowest to highest: static files, defaults of the config schema for keys that are missing,
//! the `ConfigMap` section, defaults of the values schema for keys that are still missing, what the
//! operator itself adds, patches of hooks. Maps merge; everything else replaces, null too: a key
//! that is set to null stays null and is not filled by a default.

mod checksum;
mod explain;
mod layer;
mod merge;
mod number;
mod statics;
mod store;
mod trace;

pub use checksum::Checksum;
pub use explain::Explained;
pub use layer::{Layer, Origin};
pub use merge::merge;
pub use statics::{StaticLayers, flag, static_layers};
pub use store::{Snapshot, Store};

use serde_json::Value;

use crate::patch;
use crate::report::Mistakes;
use crate::yaml::Data;

/// Values are nested no deeper than this; what JSON readers of hooks take is 128, with the key of
/// the scope and the root on top.
const DEEPEST: usize = 120;

/// Why a store did not take a change. Nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An operation does not fit the values.
    #[error("applying the patch of {by}")]
    ApplyPatch {
        /// Who asked for it.
        by: String,
        /// The operation and what stands in its way.
        #[source]
        source: patch::Error,
    },
    /// The values would not fit their schema.
    #[error("checking {scope:?} after the patch of {by}")]
    CheckValues {
        /// The key of the values.
        scope: String,
        /// Who asked for it.
        by: String,
        /// All mistakes.
        #[source]
        mistakes: Mistakes,
    },
}

/// What is there, in a word, without its value.
fn describe(data: &Data) -> &'static str {
    match data {
        Data::Mapping(_) => "a map",
        Data::Sequence(_) => "a list",
        Data::Scalar(Value::Null) => "nothing",
        Data::Scalar(Value::Bool(_)) => "a boolean",
        Data::Scalar(Value::Number(_)) => "a number",
        Data::Scalar(_) => "a string",
    }
}

/// What the tests of this room share.
#[cfg(test)]
mod sample {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{Layer, Origin};
    use crate::name::ValuesKey;
    use crate::patch::{self, ValuesPatch};
    use crate::schema::{SchemaFile, Schemas};

    /// The static layer `values.yaml` of a scope.
    pub(super) fn statics(text: &str) -> Vec<Layer> {
        let file = "values.yaml".to_owned();
        let text = if text.is_empty() { "{}" } else { text };
        vec![Layer::read(Origin::StaticFile { file }, text).unwrap()]
    }

    /// A section of the `ConfigMap`.
    pub(super) fn config(text: &str) -> Layer {
        let (name, key) = ("ns/config".to_owned(), "m".to_owned());
        Layer::read(Origin::ConfigMap { name, key }, text).unwrap()
    }

    pub(super) fn schemas(config: &str, values: &str) -> Schemas {
        let file = |file, text| Some(SchemaFile { file, text });
        Schemas::read(
            file("config-values.yaml", config),
            file("values-schema.yaml", values),
        )
        .unwrap()
    }

    pub(super) fn hook(name: &str) -> Origin {
        let hook = name.to_owned();
        Origin::HookPatch { hook }
    }

    /// Operations of the scope `m`, one a line: `add /m/a {"b":1}`, `remove /m/a`.
    pub(super) fn operations(text: &str) -> ValuesPatch {
        let line = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (verb, path) = (parts.next(), parts.next());
            let value: Value = parts
                .next()
                .map_or(Value::Null, |text| text.parse().unwrap());
            json!({"op": verb, "path": path, "value": value}).to_string()
        };
        let stream: String = text.lines().map(line).collect();
        let scope = ValuesKey::parse("m").unwrap();
        patch::parse(&stream, &scope).unwrap().values
    }

    fn key() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["a", "b", "c", "d.e", "f/g", "~"]).prop_map(str::to_owned)
    }

    /// Any value of a few levels, over few keys so that they meet.
    pub(super) fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3_i64..3).prop_map(Value::from),
            Just(Value::from(0.5)),
            prop::sample::select(vec!["", "x", "é"]).prop_map(Value::from),
        ];
        scalar.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(key(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    /// Any map of such values.
    pub(super) fn any_map() -> impl Strategy<Value = Value> {
        prop::collection::btree_map(key(), any_value(), 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>()))
    }
}
