//! Objects changed in part.

use serde_json::Value;

use super::{Deed, Stop, TRIES, Try, named, pause, point};
use crate::cluster::{Error, PatchType, Target};
use crate::jq::Filter;
use crate::patch::{ObjectPatch, ObjectTarget};

impl Deed<'_> {
    pub(super) async fn patch(
        &mut self,
        wanted: &ObjectTarget,
        part: Option<&str>,
        ignore_missing: bool,
        patch: &ObjectPatch,
    ) -> Result<String, Stop> {
        let resource = self.resource(wanted).await?;
        let target = point(&resource, wanted);
        let outcome = match patch {
            ObjectPatch::Merge(patch) => {
                self.send_patch(target, patch, PatchType::Merge, part).await
            }
            ObjectPatch::Json(patch) => self.send_patch(target, patch, PatchType::Json, part).await,
            ObjectPatch::Jq(filter) => self.filter(target, filter, part).await,
        };
        match outcome {
            Err(Stop::Refused(refusal)) if refusal.code == 404 => {
                let is_there = self.client.fetch_metadata(target).await?.is_some();
                match part {
                    Some(part) if is_there => Err(Stop::NoSubresource(part.to_owned())),
                    _ if ignore_missing && !is_there => {
                        Ok(format!("left {}, which is not there", named(target)))
                    }
                    _ => Err(Stop::Refused(refusal)),
                }
            }
            other => other,
        }
    }

    async fn send_patch(
        &mut self,
        target: Target<'_>,
        patch: &Value,
        kind: PatchType,
        part: Option<&str>,
    ) -> Result<String, Stop> {
        let write = self.write(part);
        let written = self.client.patch_as(target, patch, kind, write).await?;
        self.heard(written);
        Ok(format!("patched {}", named(target)))
    }

    async fn filter(
        &mut self,
        target: Target<'_>,
        filter: &Filter,
        part: Option<&str>,
    ) -> Result<String, Stop> {
        // The status comes with the object; another part is an object of its own.
        let read = part.filter(|part| *part != "status");
        for attempt in 0..TRIES {
            pause(attempt).await;
            let Some(live) = self.client.fetch_part(target, read).await? else {
                return Err(missing(target));
            };
            let changed = one_object(filter.run(live.clone()).map_err(Stop::Filter)?)?;
            if changed == live {
                return Ok(format!("left {} unchanged", named(target)));
            }
            if let Try::Done(done) = self.replace(target, &live, &changed, part).await? {
                return Ok(done);
            }
        }
        Err(Stop::Contested(TRIES))
    }
}

/// What the server would say.
fn missing(target: Target<'_>) -> Stop {
    let body = format!("{target} is not there");
    let refusal = crate::cluster::Refusal::read(404, body.as_bytes());
    Error::Refused {
        deed: String::new(),
        refusal: Box::new(refusal),
    }
    .into()
}

fn one_object(mut results: Vec<Value>) -> Result<Value, Stop> {
    let what = match results.as_slice() {
        [Value::Object(_)] => return Ok(results.swap_remove(0)),
        [] => "nothing".to_owned(),
        [Value::Null] => "null".to_owned(),
        [Value::Array(_)] => "a list".to_owned(),
        [_] => "a scalar".to_owned(),
        more => format!("{} results", more.len()),
    };
    Err(Stop::FilterResult(what))
}
