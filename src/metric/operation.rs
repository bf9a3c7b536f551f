//! What a hook asks of its metrics, with names and labels known only when it runs.

use std::collections::{BTreeMap, BTreeSet};

/// One entry of a hook's metrics file.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Removes what the group wrote before.
    Expire {
        /// The name of the group.
        group: String,
    },
    /// Writes one series.
    Write(Sample),
}

/// One write to one series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The name; `{PREFIX}` in it stands for the registry's prefix.
    pub name: String,
    /// Label names and values; those that the family has beside them are empty.
    pub labels: BTreeMap<String, String>,
    /// The group it expires with; `None` for never.
    pub group: Option<String>,
    /// What to do.
    pub change: Change,
}

/// What to do with a series; it also says of which type the family is.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Adds to a counter.
    Add(f64),
    /// Sets a gauge.
    Set(f64),
    /// Counts a value in a histogram.
    Observe {
        /// The value.
        value: f64,
        /// Upper bounds, rising. They matter when the family is new: it keeps those it has.
        buckets: Vec<f64>,
    },
}

impl Operation {
    /// The groups that these operations name.
    pub(super) fn groups(operations: &[Self]) -> BTreeSet<&str> {
        operations
            .iter()
            .filter_map(|operation| match operation {
                Self::Expire { group } => Some(group.as_str()),
                Self::Write(sample) => sample.group.as_deref(),
            })
            .collect()
    }
}
