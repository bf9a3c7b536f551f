//! Objects removed, and their end awaited where a hook asks for it.

use std::time::Duration;

use super::super::gone::await_gone;
use super::{Deed, Stop, named, point};
use crate::cluster::{Propagation, Target};
use crate::patch::{Cascade, ObjectTarget};

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
        let gone = await_gone(self.client, target, uid, PATIENCE).await;
        gone.map_err(|reason| Stop::StillThere {
            seconds: PATIENCE.as_secs(),
            reason,
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
