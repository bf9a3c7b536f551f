//! What a render does not follow from its input: the cluster, the time, randomness, and what the chart
//! drew before.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Answers what a render cannot know by itself. Whoever renders brings one.
pub trait Outside: Send + Sync {
    /// The time, in nanoseconds since 1970.
    fn now(&self) -> i128;

    /// Fills bytes with random ones, good enough for keys.
    fn fill_random(&self, bytes: &mut [u8]);

    /// One object of the cluster, or a list of them when `name` is empty; `None` when there is none.
    ///
    /// # Errors
    ///
    /// Why it could not be asked for.
    fn lookup(&self, of: &Lookup<'_>) -> Result<Option<Value>, String>;

    /// The address of a host; empty when it has none, or when nobody may ask.
    fn resolve_host(&self, name: &str) -> String;

    /// Whether the render has taken as long as it may. Asked often.
    fn is_late(&self) -> bool {
        false
    }

    /// What was drawn before.
    fn recall(&self, key: &DrawKey) -> Option<Value>;

    /// Takes what is drawn now.
    fn keep(&self, key: DrawKey, drawn: Value);
}

/// What `lookup` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookup<'a> {
    /// `apps/v1`
    pub api_version: &'a str,
    /// `Deployment`
    pub kind: &'a str,
    /// Empty for kinds without namespaces, and for all namespaces.
    pub namespace: &'a str,
    /// Empty for a list.
    pub name: &'a str,
}

/// Which draw of a chart it is: a password, a key, a certificate, a time. Lines do not count, so a new
/// version of a chart finds again what it drew; nor does what else is drawn, so nothing is given to a
/// place that another drew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DrawKey {
    /// The file that was being rendered, `web/templates/secret.yaml`; not the helper that it called.
    pub template: String,
    /// `randAlphaNum`
    pub function: String,
    /// What tells the place in it, with the turn of a loop: a sha256, in hex; empty when it is not told.
    #[serde(default)]
    pub place: String,
    /// What tells equal arguments: their sha256, in hex.
    pub arguments: String,
    /// The how-manieth draw of this function with these arguments in this place, from 0.
    pub ordinal: u32,
}
