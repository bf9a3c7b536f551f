//! `module.yaml`: what a module says about itself, all of it optional.

use std::time::Duration;

use crate::name::ModuleName;
use crate::yaml::Place;

/// What `module.yaml` says; the default is what a module without the file gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definition {
    /// One line for people.
    pub description: Option<String>,
    /// The namespace of its release and of objects that name none; `None`: the operator's.
    pub namespace: Option<String>,
    /// Modules that must be applied, or ready, before this one starts.
    pub requires: Vec<Requirement>,
    /// Whether it minds the weights.
    pub order: OrderRule,
    /// How the chart sees the values.
    pub values: ValuesShape,
    /// Fields that other managers may set.
    pub ignore_differences: Vec<IgnoredDifference>,
    /// What happens when others change its objects.
    pub drift: Drift,
    /// Existing objects are taken over without asking.
    pub take_ownership: bool,
    /// An object with a changed immutable field is deleted and created again.
    pub recreate: bool,
    /// What pruning may delete that it would otherwise keep.
    pub prune: Prune,
    /// Limits of its own.
    pub timeouts: Timeouts,
}

/// One module that another one requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The module that must be there.
    pub name: ModuleName,
    /// Whether its objects must be ready; otherwise applied is enough.
    pub ready: bool,
    /// Where `module.yaml` says so.
    pub place: Place,
}

/// `order`: whether a module waits for those of lower weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderRule {
    /// It waits for lower weights, and higher ones wait for it.
    #[default]
    ByWeight,
    /// It starts at once, and nobody waits for it who does not require it.
    Any,
}

/// `values`: what a chart's templates see as `.Values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValuesShape {
    /// `{global: …, certManager: …}`, as in the original.
    #[default]
    Nested,
    /// The module's own values, with `global` beside them: for charts that others wrote.
    Root,
}

/// `ignoreDifferences`: fields of some objects, left to others once others own them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredDifference {
    /// The kind of the objects (`Deployment`).
    pub kind: String,
    /// Their API group; `None`: any.
    pub group: Option<String>,
    /// The name of one object; `None`: any.
    pub name: Option<String>,
    /// Dotted paths of the fields (`spec.replicas`), at least one.
    pub fields: Vec<String>,
}

/// `drift`: what happens when others change an object of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drift {
    /// What was changed or deleted is set again.
    #[default]
    Correct,
    /// What was deleted is created again; changes stay and are reported.
    Recreate,
    /// It is reported, nothing more.
    Report,
}

/// `prune`: kinds that pruning keeps unless the module says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prune {
    /// CRDs that still have instances.
    pub crds: bool,
    /// Namespaces that still hold objects of others.
    pub namespaces: bool,
    /// `PersistentVolumeClaims`.
    pub persistent_volume_claims: bool,
}

/// `timeouts`: `None` is the operator's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// Of the `enabled` script.
    pub enabled_script: Option<Duration>,
    /// Of applying all objects.
    pub apply: Option<Duration>,
    /// Until everything is ready.
    pub ready: Option<Duration>,
    /// Until everything is gone.
    pub delete: Option<Duration>,
}
