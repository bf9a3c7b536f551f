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

/// Sets the section of `key` in a `ConfigMap`, which is made when it is not there. `plan` is given the
/// text that is there now, and is asked again when somebody changed it meanwhile; it answers the whole
/// section as it is to be, or `None` for no change. Answers the section as planned last.
pub async fn write<E: From<WriteError>>(
    client: &Client,
    (namespace, name): (&str, &str),
    key: &ValuesKey,
    mut plan: impl FnMut(Option<&str>) -> Result<Option<Value>, E>,
) -> Result<Option<Value>, E> {
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
    for _ in 0..TRIES {
        let there = client.fetch(target).await.map_err(failed)?;
        let mut object = there.clone().unwrap_or_else(|| {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}})
        });
        let Some(section) = plan(object["data"][key.as_str()].as_str())? else {
            return Ok(None);
        };
        let text = json!(yaml::write(&section));
        if object["data"][key.as_str()] == text {
            return Ok(Some(section));
        }
        object["data"][key.as_str()] = text;
        let written = match there {
            Some(_) => client.replace(target, &object).await,
            None => client.create(&resource, Some(namespace), &object).await,
        };
        match written {
            Ok(_) => return Ok(Some(section)),
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(failed(error).into()),
        }
    }
    let outrun = WriteError::Outrun {
        key: key.to_string(),
        config_map,
    };
    Err(outrun.into())
}

/// The data of a `ConfigMap` object.
pub fn data(object: &Value) -> BTreeMap<String, String> {
    let entries = object["data"].as_object().into_iter().flatten();
    entries
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
