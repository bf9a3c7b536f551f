//! Helm hooks: objects that are created, and awaited, at one point of a release's life.
//!
//! They go one after the other, in the order of the chart's weights. A Job has to complete and a Pod
//! to succeed; anything else is done when it is there. They are no members of the module's set: what
//! becomes of them their delete policies say, as with Helm.

use std::time::Duration;

use serde_json::{Value, json};

use super::carry_out::Applier;
use super::error::Error;
use super::gone::await_gone;
use crate::cluster::{Propagation, Resource, Target};
use crate::diff::Owner;
use crate::object::{ObjectRef, field_manager};
use crate::render::Hook;
use crate::report::chain;
use crate::watch::{self, Scope};

/// The annotation that tells for which run an object was created, so that a run which was cut off
/// goes on with it and does not begin again.
const RUN: &str = "addon-operator.io/helm-hook-run";
/// Delete policies.
const BEFORE_CREATION: &str = "before-hook-creation";
const SUCCEEDED: &str = "hook-succeeded";
const FAILED: &str = "hook-failed";

/// The hooks of one point of a release's life.
#[derive(Debug, Clone, Copy)]
pub struct HookWork<'a> {
    /// Whose they are.
    pub owner: &'a Owner,
    /// All hooks of the chart, in the order in which they run.
    pub hooks: &'a [Hook],
    /// The point: `pre-install`.
    pub event: &'a str,
    /// What tells this run from others: the revision, and what it was rendered to.
    pub run: &'a str,
    /// How long one may take.
    pub patience: Duration,
}

/// One hook at its place.
struct Placed<'a> {
    hook: &'a Hook,
    resource: Resource,
    reference: ObjectRef,
}

/// What is there of a hook before it is created.
enum Found {
    /// Nothing in the way.
    Nothing,
    /// The object that this run created before it was cut off.
    Ours,
}

/// How far an object is.
enum State {
    Done,
    Goes,
    Failed(String),
}

impl Applier {
    /// Runs the hooks of one point; answers which ran.
    pub async fn run_hooks(&self, work: HookWork<'_>) -> Result<Vec<ObjectRef>, Error> {
        let mut ran: Vec<Placed<'_>> = Vec::new();
        let due = work.hooks.iter();
        for hook in due.filter(|hook| hook.events.contains(work.event)) {
            let placed = self.place_hook(work, hook).await?;
            if let Err(why) = self.run_hook(work, &placed).await {
                let origin = hook.manifest.source.clone();
                let object = placed.reference.clone();
                self.clear_hook(&placed, FAILED).await;
                self.clear_hooks(&ran).await;
                let event = work.event.to_owned();
                return Err(Error::HelmHook {
                    object,
                    event,
                    origin,
                    why,
                });
            }
            ran.push(placed);
        }
        self.clear_hooks(&ran).await;
        Ok(ran.into_iter().map(|placed| placed.reference).collect())
    }

    async fn place_hook<'a>(
        &self,
        work: HookWork<'_>,
        hook: &'a Hook,
    ) -> Result<Placed<'a>, Error> {
        let manifest = &hook.manifest;
        let found = self
            .client
            .resource(manifest.api_version(), manifest.kind())
            .await;
        let resource = found.map_err(|error| Error::HelmHook {
            object: manifest.reference(),
            event: work.event.to_owned(),
            origin: manifest.source.clone(),
            why: chain(&error),
        })?;
        let mut reference = manifest.reference();
        let namespace = reference.namespace.take();
        if resource.namespaced {
            reference.namespace = namespace.or_else(|| Some(work.owner.namespace.clone()));
        }
        Ok(Placed {
            hook,
            resource,
            reference,
        })
    }

    async fn run_hook(&self, work: HookWork<'_>, placed: &Placed<'_>) -> Result<(), String> {
        let (module, hook) = (&work.owner.module, &placed.reference);
        tracing::info!(target: "apply", module = %module, event = work.event, "Helm hook {hook} begins");
        match self.make_way(work, placed).await? {
            Found::Ours => {}
            Found::Nothing => {
                let manager = field_manager(module);
                let object = marked(placed, work.run);
                let created = self.client.create_as(placed.target(), &object, &manager);
                created.await.map_err(|error| chain(&error))?;
            }
        }
        self.await_hook(placed, work.patience).await
    }

    /// Removes what the policy says is to be removed first.
    async fn make_way(&self, work: HookWork<'_>, placed: &Placed<'_>) -> Result<Found, String> {
        let fetched = self.client.fetch(placed.target()).await;
        let Some(live) = fetched.map_err(|error| chain(&error))? else {
            return Ok(Found::Nothing);
        };
        let metadata = &live["metadata"];
        let is_ours = metadata["annotations"][RUN] == work.run
            && metadata["deletionTimestamp"].is_null()
            && !matches!(state(&live), State::Failed(_));
        if is_ours {
            return Ok(Found::Ours);
        }
        if !placed.hook.delete_policies.contains(BEFORE_CREATION) {
            return Err(format!(
                "it is there already, and its delete policy does not say {BEFORE_CREATION}"
            ));
        }
        let uid = metadata["uid"].as_str().unwrap_or_default();
        let deleted = self
            .client
            .delete(placed.target(), Some(uid), Propagation::Background);
        deleted.await.map_err(|error| chain(&error))?;
        let gone = await_gone(&self.client, placed.target(), uid, self.patience).await;
        gone.map_err(|why| format!("the one of an earlier run does not go{why}"))?;
        Ok(Found::Nothing)
    }

    async fn await_hook(&self, placed: &Placed<'_>, patience: Duration) -> Result<(), String> {
        let kind = (
            placed.resource.group.as_str(),
            placed.resource.kind.as_str(),
        );
        if !matches!(kind, ("batch", "Job") | ("", "Pod")) {
            return Ok(());
        }
        let scope = Scope {
            resource: placed.resource.clone(),
            namespace: placed.reference.namespace.clone(),
            labels: String::new(),
            fields: format!("metadata.name={}", placed.reference.name),
            whole: true,
        };
        let ended = watch::until(&self.client, &scope, patience, |object| {
            match state(object) {
                State::Done => Some(Ok(())),
                State::Failed(why) => Some(Err(why)),
                State::Goes => None,
            }
        });
        let seconds = patience.as_secs();
        let late = || {
            Err(format!(
                "it did not end within {seconds} s (timeouts.ready)"
            ))
        };
        ended.await.unwrap_or_else(late)
    }

    async fn clear_hooks(&self, ran: &[Placed<'_>]) {
        for placed in ran.iter().rev() {
            self.clear_hook(placed, SUCCEEDED).await;
        }
    }

    /// Removes a hook that ended, when its policy says so. That it stays is no reason to fail.
    async fn clear_hook(&self, placed: &Placed<'_>, policy: &str) {
        if !placed.hook.delete_policies.contains(policy) {
            return;
        }
        let deleted = self
            .client
            .delete(placed.target(), None, Propagation::Background);
        if let Err(error) = deleted.await {
            let hook = &placed.reference;
            tracing::warn!(target: "apply", "Helm hook {hook} stays: {}", chain(&error));
        }
    }
}

impl Placed<'_> {
    fn target(&self) -> Target<'_> {
        Target {
            resource: &self.resource,
            namespace: self.reference.namespace.as_deref(),
            name: &self.reference.name,
        }
    }
}

/// The object as it is created.
fn marked(placed: &Placed<'_>, run: &str) -> Value {
    let mut object = placed.hook.manifest.object.clone();
    let metadata = &mut object["metadata"];
    if let Some(namespace) = &placed.reference.namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata["annotations"][RUN] = json!(run);
    object
}

/// How far a Job or a Pod is.
fn state(object: &Value) -> State {
    let status = &object["status"];
    let message = |of: &Value| of["message"].as_str().unwrap_or("it failed").to_owned();
    if object["kind"] == "Pod" {
        return match status["phase"].as_str() {
            Some("Succeeded") => State::Done,
            Some("Failed") => State::Failed(message(status)),
            _ => State::Goes,
        };
    }
    let conditions = status["conditions"].as_array().into_iter().flatten();
    for condition in conditions.filter(|condition| condition["status"] == "True") {
        match condition["type"].as_str() {
            Some("Complete") => return State::Done,
            Some("Failed") => return State::Failed(message(condition)),
            _ => {}
        }
    }
    State::Goes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hook_is_over_when_its_job_or_pod_is() {
        let told = |object: Value| match state(&object) {
            State::Done => "done".to_owned(),
            State::Goes => "goes".to_owned(),
            State::Failed(why) => why,
        };
        let job = |conditions: Value| json!({"kind": "Job", "status": {"conditions": conditions}});
        for (object, expected) in [
            (json!({"kind": "Job"}), "goes"),
            (
                job(json!([{"type": "Complete", "status": "False"}])),
                "goes",
            ),
            (job(json!([{"type": "Complete", "status": "True"}])), "done"),
            (
                job(
                    json!([{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]),
                ),
                "BackoffLimitExceeded",
            ),
            (json!({"kind": "Pod"}), "goes"),
            (
                json!({"kind": "Pod", "status": {"phase": "Running"}}),
                "goes",
            ),
            (
                json!({"kind": "Pod", "status": {"phase": "Succeeded"}}),
                "done",
            ),
            (
                json!({"kind": "Pod", "status": {"phase": "Failed"}}),
                "it failed",
            ),
        ] {
            assert_eq!(told(object.clone()), expected, "{object}");
        }
    }
}
