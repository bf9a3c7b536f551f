//! A hook that is declared instead of programmed: what follows from what its bindings see.

use crate::jq::Filter;
use crate::report::Mistakes;
use crate::yaml::Place;

use super::HookConfig;

/// What a `*.hook.yaml` says beside its bindings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Declaration {
    /// What it makes of the values, no path inside of another.
    pub values: Vec<Rule>,
    /// Metrics, by name.
    pub metrics: Vec<Rule>,
    /// The objects that are to be there.
    pub objects: Option<ObjectsText>,
}

/// One result and the filter that gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// As people wrote it: `hello.internal.names`, or the name of a metric.
    pub name: String,
    /// Of a value the JSON pointer, `/hello/internal/names`; else empty.
    pub pointer: String,
    /// What gives the result.
    pub filter: Filter,
    /// Where the filter stands.
    pub place: Place,
}

/// A template for objects, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectsText {
    /// The template.
    pub text: String,
    /// How many lines of the file stand above its first one.
    pub above: u32,
    /// How many characters stand before each of its lines.
    pub indent: u32,
}

/// A `*.hook.yaml`, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// What the hook listens to. It also runs at each run of its module, last of all hooks before the
    /// chart, or of a converge: so what follows from values is never older than they are.
    pub config: HookConfig,
    /// What follows.
    pub declaration: Declaration,
    /// Every mistake; with one of them the hook is not to be used.
    pub mistakes: Mistakes,
}
