//! What the API server would make of a write: nothing is stored.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::call::{Apply, Client, Target, decode};
use super::error::Error;
use super::exchange::Call;

impl Client {
    /// What a forced apply would leave, whole.
    pub async fn dry_run(
        &self,
        target: Target<'_>,
        body: Bytes,
        manager: &str,
    ) -> Result<Value, Error> {
        let deed = format!("dry-running {target}");
        let how = Apply {
            manager,
            force: true,
            dry_run: true,
        };
        let call = Call::apply(
            &deed,
            target,
            format!("{}?{}", target.path(), how.query()),
            body,
        );
        decode(&deed, &self.send(call).await?.body)
    }

    /// What replacing one object would leave, whole; its `resourceVersion` must be the present one.
    pub async fn dry_run_replace(
        &self,
        target: Target<'_>,
        object: &Value,
    ) -> Result<Value, Error> {
        let deed = format!("dry-running {target}");
        let path = format!("{}?dryRun=All", target.path());
        let call = Call::write(&deed, Method::PUT, path, object.to_string());
        decode(&deed, &self.send(call).await?.body)
    }
}
