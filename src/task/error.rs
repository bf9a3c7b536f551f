//! How a task fails.

use std::time::Duration;

use crate::report::{self, Mistakes};
use crate::{apply, chart, cluster, config_values, hook, release, render, status, values, watch};

/// A task that did not succeed. The module is known from the task.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The chart cannot be read.
    #[error("reading the chart")]
    ReadChart {
        /// The cause.
        #[source]
        source: chart::Error,
    },
    /// The chart does not compile or render.
    #[error("{0}")]
    Render(render::Error),
    /// The values do not fit their schema.
    #[error("the values do not fit the schema: {0}")]
    CheckValues(Mistakes),
    /// The rendered objects cannot be used.
    #[error("{0}")]
    Prepare(Mistakes),
    /// A file under `crds/` cannot be used.
    #[error("{0}")]
    ReadDefinitions(Mistakes),
    /// The cluster's kinds are not known.
    #[error("asking what the cluster can do")]
    AskCapabilities {
        /// The cause.
        #[source]
        source: cluster::Error,
    },
    /// The objects in the cluster are not known.
    #[error(transparent)]
    KnowObjects(#[from] watch::Error),
    /// What the module's Helm release has is not known.
    #[error("reading what the module's Helm release has")]
    ReadRelease {
        /// The cause.
        #[source]
        source: release::Error,
    },
    /// What is to be kept of the module's release could not be.
    #[error("keeping the module's release")]
    KeepRelease {
        /// The cause.
        #[source]
        source: release::Error,
    },
    /// Some objects could not be brought into the cluster.
    #[error("{}", chains(.0))]
    Apply(Vec<apply::Error>),
    /// The whole took too long.
    #[error("applying took longer than {} s (timeouts.apply)", .0.as_secs())]
    Late(Duration),
    /// The `Module` object could not be removed.
    #[error(transparent)]
    Report(#[from] status::Error),
    /// The `enabled` script failed.
    #[error("{0}")]
    AskScript(String),
    /// Some hooks of a folder cannot be used.
    #[error("{}", chains(.0))]
    ReadHooks(Vec<hook::Error>),
    /// A hook failed, or left files that cannot be read.
    #[error(transparent)]
    RunHook(#[from] hook::Error),
    /// A declared hook failed; every mistake is named.
    #[error("evaluating hook {hook}")]
    Evaluate {
        /// The hook, for people.
        hook: String,
        /// What is wrong, with its place.
        #[source]
        source: Mistakes,
    },
    /// What a hook asks of the values does not fit them.
    #[error(transparent)]
    PatchValues(#[from] values::Error),
    /// Some objects could not be changed as a hook asked.
    #[error("{}", chains(.0))]
    Objects(Vec<apply::Error>),
    /// A hook's patch of config values could not be written.
    #[error(transparent)]
    WriteSection(#[from] config_values::WriteError),
    /// Nobody waits for the answer of a hook any more, so it was ended.
    #[error("it was ended: the API server waits for its answer no longer")]
    GivenUp,
    /// Something else is in the way; the text says what.
    #[error("{0}")]
    Held(String),
    /// Our own code broke; the text is the panic's.
    #[error("the program broke a promise of its own: {0}")]
    Broken(String),
}

impl Error {
    /// Whether it is only that the operator stops.
    pub fn is_stop(&self) -> bool {
        match self {
            Self::RunHook(error) => error.is_stop(),
            Self::ReadHooks(errors) => errors.iter().any(hook::Error::is_stop),
            _ => false,
        }
    }

    /// The mistakes of people that it consists of; `None` when it is something else.
    pub fn mistakes(&self) -> Option<&Mistakes> {
        match self {
            Self::ReadChart {
                source: chart::Error::Mistakes(mistakes),
            }
            | Self::Render(render::Error::Compile(mistakes) | render::Error::Render(mistakes))
            | Self::CheckValues(mistakes)
            | Self::Prepare(mistakes)
            | Self::ReadDefinitions(mistakes) => Some(mistakes),
            _ => None,
        }
    }

    /// One word for machines.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ReadChart { .. } => "InvalidChart",
            Self::Render(_) => "RenderFailed",
            Self::CheckValues(_) => "InvalidValues",
            Self::Prepare(_) => "InvalidObjects",
            Self::ReadDefinitions(_) => "InvalidDefinitions",
            Self::AskCapabilities { .. } | Self::KnowObjects(_) | Self::ReadRelease { .. } => {
                "ClusterUnreachable"
            }
            Self::KeepRelease { .. } => "ReleaseNotKept",
            Self::Apply(errors) => apply_reason(errors),
            Self::Late(_) => "Timeout",
            Self::Report(_) => "StatusFailed",
            Self::AskScript(_) => "EnabledScriptFailed",
            Self::ReadHooks(_) => "InvalidHooks",
            Self::RunHook(_) | Self::Evaluate { .. } | Self::GivenUp => "HookFailed",
            Self::PatchValues(_) => "InvalidValuesPatch",
            Self::Objects(_) => "ObjectPatchFailed",
            Self::WriteSection(_) => "ConfigMapNotWritten",
            Self::Held(_) => "HookHeld",
            Self::Broken(_) => "Broken",
        }
    }
}

fn apply_reason(errors: &[apply::Error]) -> &'static str {
    match errors.first() {
        Some(apply::Error::Conflict { .. }) => "Conflict",
        Some(apply::Error::Foreign { .. }) => "ForeignObject",
        Some(apply::Error::Immutable { .. }) => "ImmutableField",
        Some(apply::Error::AwaitDefinition { .. }) => "DefinitionNotServed",
        Some(apply::Error::HelmHook { .. }) => "HelmHookFailed",
        Some(apply::Error::Remove { .. } | apply::Error::AwaitRemoval { .. }) => "PruneFailed",
        _ => "ApplyFailed",
    }
}

fn chains<E: std::error::Error + 'static>(errors: &[E]) -> String {
    let lines: Vec<String> = errors.iter().map(|error| report::chain(error)).collect();
    lines.join("\n")
}
