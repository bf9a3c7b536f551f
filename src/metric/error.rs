//! What can go wrong when a metric is registered or written by name.

/// A failed deed of this room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A family could not be registered; the program and its own metrics disagree.
    #[error("registering metric {name:?}")]
    Register {
        /// The full name.
        name: String,
        /// Why.
        #[source]
        reason: Refusal,
    },
    /// An operation of a hook was refused; the operations beside it took effect.
    #[error("writing metric {name:?}")]
    Write {
        /// The full name.
        name: String,
        /// Why.
        #[source]
        reason: Refusal,
    },
}

/// Why a metric was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    #[error("a name is letters, digits, `_` and `:`, and does not begin with a digit")]
    BadName,
    /// Not `[a-zA-Z_][a-zA-Z0-9_]*`, or one that Prometheus keeps for itself.
    #[error(
        "bad label name {0:?}: a label name is letters, digits and `_`, does not begin with a \
         digit or `__`, and is not `le` on a histogram"
    )]
    BadLabel(String),
    /// The same label name twice.
    #[error("label name {0:?} is given twice")]
    RepeatedLabel(String),
    /// The name belongs to a family of another type.
    #[error("it is a {0} already")]
    OtherType(&'static str),
    /// The name belongs to a histogram with other buckets.
    #[error("it has other buckets already")]
    OtherBuckets,
    /// Bounds that do not rise, are not numbers, or are missing.
    #[error("buckets are rising numbers, at least one")]
    BadBuckets,
    /// A series of this family would be taken for one of a histogram (`x_sum`, `x_count`, `x_bucket`).
    #[error("its series would be taken for those of {0:?}")]
    Ambiguous(String),
    /// An amount that a counter cannot take, or a value that a histogram cannot count.
    #[error("the value is not a number, or less than zero for a counter")]
    BadValue,
    /// The guard against endless label values.
    #[error("it has {0} series already")]
    TooManySeries(usize),
    /// The guard against endless label names.
    #[error("it has {0} labels already")]
    TooManyLabels(usize),
    /// The guard against endless names.
    #[error("there are {0} metrics already")]
    TooManyFamilies(usize),
}
