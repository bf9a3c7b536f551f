//! Writes a section back into the `ConfigMap`, as a hook's patch asks.
//!
//! Between reading and writing somebody else may write: then it is read again. Only the one key is
//! touched, and nothing is written when it says the same already.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::{self, Client, Resource, Target};
use crate::name::ValuesKey;
use crate::yaml;

/// Somebody else writes faster than this often in a row: give up.
const TRIES: usize = 8;

/// Why a section was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The API server refused, or did not answer.
    #[error("writing {key} into ConfigMap {config_map}")]
    WriteSection {
        /// The key.
        key: String,
        /// `ns/name`.
        config_map: String,
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// Somebody else kept writing.
    #[error("writing {key} into ConfigMap {config_map}: others changed it {TRIES} times meanwhile")]
    Outrun {
        /// The key.
        key: String,
        /// `ns/name`.
        config_map: String,
    },
}

/// The resource of `ConfigMap`s.
pub fn config_map_resource() -> Resource {
    Resource::known("", "v1", "ConfigMap", "configmaps", true)
}

/// Sets the section of `key` in a `ConfigMap`, which is made when it is not there. Answers the data
/// as it is now.
pub async fn write(
    client: &Client,
    (namespace, name): (&str, &str),
    key: &ValuesKey,
    section: &Value,
) -> Result<BTreeMap<String, String>, WriteError> {
    let resource = config_map_resource();
    let target = Target {
        resource: &resource,
        namespace: Some(namespace),
        name,
    };
    let config_map = format!("{namespace}/{name}");
    let failed = |source| WriteError::WriteSection {
        key: key.to_string(),
        config_map: config_map.clone(),
        source,
    };
    let text = yaml::write(section);
    for _ in 0..TRIES {
        let there = client.fetch(target).await.map_err(failed)?;
        let mut object = there.clone().unwrap_or_else(|| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}})
        });
        if object["data"][key.as_str()] == json!(text) {
            return Ok(data(&object));
        }
        object["data"][key.as_str()] = json!(text);
        let written = match there {
            Some(_) => client.replace(target, &object).await,
            None => client.create(&resource, Some(namespace), &object).await,
        };
        match written {
            Ok(object) => return Ok(data(&object)),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(WriteError::Outrun {
        key: key.to_string(),
        config_map,
    })
}

/// The data of a `ConfigMap` object.
pub fn data(object: &Value) -> BTreeMap<String, String> {
    let entries = object["data"].as_object().into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
