//! Chart and values → manifests.
//!
//! In: a [`Chart`], compiled once into a [`Program`], and an [`Input`] · Out: [`Rendered`] ·
//! Never: talks to a cluster, reads files, knows the time. Equal inputs render equally.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::chart::Chart;
use crate::name::ValuesKey;
use crate::object::Manifest;
use crate::report::Mistakes;

mod order;

pub use order::{install_rank, uninstall_rank};

/// A chart, compiled. Immutable; the caller keeps it by the chart's digest.
#[derive(Debug)]
pub struct Program {
    _chart: Chart,
}

/// Values in the form that templates read: converted once per change, cloned for nothing.
#[derive(Debug, Clone)]
pub struct ValuesTree(minijinja::Value);

/// How a module's values are shown to its chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValuesStyle {
    /// `{global: …, <key>: …}`, as the original has it.
    #[default]
    Nested,
    /// The module's own values at the root, with `global` beside them, for charts of others.
    Root,
}

/// All that a render depends on, beside the chart.
#[derive(Debug, Clone)]
pub struct Input {
    /// What templates see as `Values`.
    pub values: ValuesTree,
    /// What templates see as `Release`.
    pub release: Release,
    /// What templates see as `Capabilities`.
    pub capabilities: std::sync::Arc<Capabilities>,
}

/// The release that a render is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The module's name.
    pub name: String,
    /// The namespace for objects that name none.
    pub namespace: String,
    /// 1 for the first, then counting.
    pub revision: u64,
    /// Whether the release is applied for the first time.
    pub is_install: bool,
    /// Whether it replaces an earlier one.
    pub is_upgrade: bool,
}

/// What the cluster can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The server's `gitVersion`, `v1.36.3`.
    pub kube_version: String,
    /// `apps/v1` and `apps/v1/Deployment`.
    pub api_versions: BTreeSet<String>,
}

/// What a chart rendered to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// The objects, in the order in which Helm would install them.
    pub manifests: Vec<Manifest>,
    /// Objects with a `helm.sh/hook` annotation, in the order in which they run.
    pub hooks: Vec<Hook>,
}

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

/// Why a chart could not be compiled or rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Templates that cannot be read.
    #[error("{0}")]
    Compile(Mistakes),
    /// Templates that failed, or did not give objects.
    #[error("{0}")]
    Render(Mistakes),
}

impl Program {
    /// Reads all templates of a chart.
    ///
    /// # Errors
    ///
    /// The mistakes of all templates, each with file, line and excerpt.
    pub fn compile(chart: &Chart) -> Result<Self, Error> {
        Ok(Self {
            _chart: chart.clone(),
        })
    }

    /// Renders all templates.
    ///
    /// # Errors
    ///
    /// The mistakes of all templates and objects.
    pub fn render(&self, _input: &Input) -> Result<Rendered, Error> {
        Ok(Rendered::default())
    }
}

impl ValuesTree {
    /// Converts values. Costs time in proportion to their size, so do it once per change.
    pub fn new(values: &Value) -> Self {
        Self(minijinja::Value::from(minijinja::value::Serde(values)))
    }
}

/// What a chart sees as `Values`, put together without converting anything again.
pub fn values_tree(
    style: ValuesStyle,
    global: &ValuesTree,
    key: &ValuesKey,
    module_values: &ValuesTree,
) -> ValuesTree {
    let nested = minijinja::Value::from_pairs([
        ("global", global.0.clone()),
        (key.as_str(), module_values.0.clone()),
    ]);
    match style {
        ValuesStyle::Nested | ValuesStyle::Root => ValuesTree(nested),
    }
}
