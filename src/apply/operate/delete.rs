//! Objects removed, and their end awaited where a hook asks for it.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Deed, Stop, named, point};
use crate::cluster::{Propagation, Target};
use crate::patch::{Cascade, ObjectTarget};
use crate::report::chain;
use crate::watch::{self, Event, Scope};

/// How long the end of an object is awaited, as by the original.
const PATIENCE: Duration = Duration::from_secs(20);

impl Deed<'_> {
    pub(super) async fn delete(
        &mut self,
        wanted: &ObjectTarget,
        cascade: Cascade,
    ) -> Result<String, Stop> {
        let resource = self.resource(wanted).await?;
        let target = point(&resource, wanted);
        let missing = || format!("left {}, which is not there", named(target));
        let awaited = cascade == Cascade::Foreground;
        // Another object of this name may come before the watch begins.
        let mut uid = String::new();
        if awaited {
            match self.client.fetch_metadata(target).await? {
                Some(metadata) => uid = metadata.live.uid,
                None => return Ok(missing()),
            }
        }
        let deleted = self.client.delete(target, None, propagation(cascade));
        if !deleted.await? {
            return Ok(missing());
        }
        if awaited && resource.watchable && !self.client.is_rehearsing() {
            self.await_end(target, &uid).await?;
        }
        Ok(format!("deleted {}", named(target)))
    }

    /// Deletes a part of an object, never the object; the few servers that know how are those of
    /// others. Nothing is awaited.
    pub(super) async fn delete_part(
        &mut self,
        wanted: &ObjectTarget,
        part: &str,
        cascade: Cascade,
    ) -> Result<String, Stop> {
        let resource = self.resource(wanted).await?;
        let target = point(&resource, wanted);
        let deleted = self.client.delete_part(target, part, propagation(cascade));
        if deleted.await? {
            return Ok(format!("deleted {part} of {}", named(target)));
        }
        match self.client.fetch_metadata(target).await? {
            Some(_) => Err(Stop::NoSubresource(part.to_owned())),
            None => Ok(format!("left {}, which is not there", named(target))),
        }
    }

    /// Follows the object until it is gone.
    async fn await_end(&self, target: Target<'_>, uid: &str) -> Result<(), Stop> {
        let scope = Scope {
            resource: target.resource.clone(),
            namespace: target.namespace.map(str::to_owned),
            labels: String::new(),
            fields: format!("metadata.name={}", target.name),
            whole: false,
        };
        let mut sight = Sight::default();
        let (tell, told) = oneshot::channel();
        let mut tell = Some(tell);
        let follow = watch::follow(self.client, &scope, |event| {
            if sight.shows_the_end(&event, uid)
                && let Some(tell) = tell.take()
            {
                // The receiver lives as long as this function.
                let _ = tell.send(());
            }
        });
        let gone = tokio::select! {
            () = follow => false,
            gone = timeout(PATIENCE, told) => matches!(gone, Ok(Ok(()))),
        };
        if gone {
            return Ok(());
        }
        Err(Stop::StillThere {
            seconds: PATIENCE.as_secs(),
            reason: sight.reason,
        })
    }
}

fn propagation(cascade: Cascade) -> Propagation {
    match cascade {
        Cascade::Foreground => Propagation::Foreground,
        Cascade::Background => Propagation::Background,
        Cascade::Orphan => Propagation::Orphan,
    }
}

/// What was last seen of an object.
#[derive(Default)]
struct Sight {
    listed: bool,
    reason: String,
}

impl Sight {
    fn shows_the_end(&mut self, event: &Event<'_>, uid: &str) -> bool {
        match event {
            Event::Watching => {}
            Event::Begin => self.listed = false,
            Event::Listed(text) => self.listed |= self.is_it(text, uid),
            Event::Synchronized => return !self.listed,
            Event::Changed(text) => return !self.is_it(text, uid),
            Event::Removed(_) => return true,
            Event::Broken(error) => self.reason = format!("; {}", chain(*error)),
        }
        false
    }

    /// Whether it is the same object; keeps what holds it.
    fn is_it(&mut self, text: &str, uid: &str) -> bool {
        // What cannot be read is taken for it: the wait ends by itself.
        let object: Value = serde_json::from_str(text).unwrap_or_default();
        let metadata = &object["metadata"];
        if metadata["uid"].as_str().is_some_and(|found| found != uid) {
            return false;
        }
        let finalizers = metadata["finalizers"].as_array().into_iter().flatten();
        let names: Vec<&str> = finalizers.filter_map(Value::as_str).collect();
        self.reason = if names.is_empty() {
            String::new()
        } else {
            format!("; its finalizers are {}", names.join(", "))
        };
        true
    }
}
