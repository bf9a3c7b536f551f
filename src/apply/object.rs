//! Server-side apply of one object, and what to do when the server refuses it.

use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

use super::error::Error;
use super::hand_over::{HandOver, has_former_writer};
use super::mend::mend;
use crate::cluster::{Applied, Apply, Client, Propagation, Refusal, Resource, Target};
use crate::diff::{Desired, Ignore, Owner, Reason, Taken, is_ignored, remove_at, taken};
use crate::object::{
    APPLYSET_PART_OF, HELM_RELEASE_NAME, HELM_RELEASE_NAMESPACE, MODULE_LABEL, Metadata,
    OPERATOR_LABEL, OwnedFields, field_manager,
};
use crate::watch::Managed;

/// An object is mended at most this often; each time the server names what it refuses.
const MENDINGS: usize = 12;
/// Others may write while fields change hands; so often it is tried.
const HAND_OVERS: usize = 5;

/// Everything that applying one object needs.
pub(super) struct One<'a> {
    pub(super) client: &'a Client,
    pub(super) managed: &'a Managed,
    pub(super) owner: &'a Owner,
    pub(super) desired: &'a Desired,
    pub(super) resource: &'a Resource,
    pub(super) reason: Reason,
    pub(super) force: bool,
    pub(super) ignore: &'a [Ignore],
    pub(super) removal: Duration,
    /// As the module's Helm release has it, until it is taken over.
    pub(super) former: Option<&'a Value>,
}

/// One object, applied.
pub(super) struct Done {
    pub(super) created: bool,
    pub(super) metadata: Metadata,
    pub(super) warnings: Vec<String>,
    /// What others had taken and is ours again.
    pub(super) taken: Vec<Taken>,
    /// Whether we own now what we owned before: all that was altered is left to others.
    pub(super) gave_way: bool,
}

/// What is sent, and what was found before.
struct Before {
    body: Bytes,
    taken: Vec<Taken>,
    owned: Option<OwnedFields>,
}

impl Before {
    /// Nothing was looked at.
    fn unseen(body: Bytes) -> Self {
        Self {
            body,
            taken: Vec::new(),
            owned: None,
        }
    }
}

impl One<'_> {
    pub(super) async fn apply(&self) -> Result<Done, Error> {
        let manager = field_manager(&self.owner.module);
        let is_of_release = match self.former {
            Some(former) => self.hand_over(&manager, Some(former)).await?,
            None => false,
        };
        let before = self.look_before(&manager).await?;
        let mut body = before.body.clone();
        let mut force = self.force || is_of_release;
        let (mut recreated, mut absorbed) = (false, false);
        let mut warnings = Vec::new();
        for _ in 0..MENDINGS {
            let how = Apply {
                manager: &manager,
                force,
                dry_run: false,
            };
            let error = match self.client.apply(self.target(), body.clone(), how).await {
                Ok(applied)
                    if !absorbed && has_former_writer(&applied.metadata.writers, &manager) =>
                {
                    self.hand_over(&manager, None).await?;
                    absorbed = true;
                    continue;
                }
                Ok(applied) => return Ok(done(applied, warnings, before)),
                Err(error) => error,
            };
            let Some(refusal) = error.refusal() else {
                return Err(self.refused(error));
            };
            if let Some((mended, what)) = mended(&body, &refusal.message) {
                body = mended;
                let reference = &self.desired.reference;
                warnings.extend(what.iter().map(|done| format!("{reference}: {done}")));
            } else if refusal.code == 409 && !force && has_conflicts(refusal) {
                self.judge(refusal).await?;
                force = true;
            } else if let Some((field, message)) = immutable(refusal) {
                if !self.desired.recreate || recreated {
                    return Err(self.immutable(field, message));
                }
                self.delete_and_wait().await?;
                recreated = true;
            } else {
                return Err(self.refused(error));
            }
        }
        Err(self.immutable(String::new(), "the server keeps refusing it".to_owned()))
    }

    fn target(&self) -> Target<'_> {
        Target {
            resource: self.resource,
            namespace: self.desired.reference.namespace.as_deref(),
            name: &self.desired.reference.name,
        }
    }

    /// Reads who owns what, where it matters: to say who altered an object, and to leave fields
    /// alone that the module ignores and somebody else owns.
    async fn look_before(&self, manager: &str) -> Result<Before, Error> {
        let body = self.desired.body.clone();
        let ignores = self
            .ignore
            .iter()
            .any(|ignore| ignore.is_about(&self.desired.reference));
        let exists = !matches!(self.reason, Reason::New | Reason::Deleted);
        if !(self.reason == Reason::Altered || (ignores && exists)) {
            return Ok(Before::unseen(body));
        }
        let fetched = self.client.fetch_metadata(self.target()).await;
        let Some(metadata) = fetched.map_err(|error| self.refused(error))? else {
            return Ok(Before::unseen(body));
        };
        let mut object = self.desired.value();
        let (left, taken): (Vec<Taken>, Vec<Taken>) = taken(&object, &metadata.writers, manager)
            .into_iter()
            .partition(|taken| is_ignored(self.ignore, &self.desired.reference, &taken.field));
        for field in &left {
            remove_at(&mut object, &field.field);
        }
        let body = if left.is_empty() {
            body
        } else {
            Bytes::from(object.to_string())
        };
        let was_altered = self.reason == Reason::Altered;
        Ok(Before {
            body,
            taken: if was_altered { taken } else { Vec::new() },
            owned: metadata.live.fields.filter(|_| was_altered),
        })
    }

    /// Makes what the module's Helm release wrote ours; answers whether the object is there.
    async fn hand_over(&self, manager: &str, former: Option<&Value>) -> Result<bool, Error> {
        let desired = self.desired.value();
        let mut tries = HAND_OVERS;
        loop {
            let fetched = self.client.fetch(self.target()).await;
            let Some(object) = fetched.map_err(|error| self.refused(error))? else {
                return Ok(false);
            };
            self.refuse_foreign(&object)?;
            let hand_over = HandOver {
                object: &object,
                manager,
                desired: &desired,
                former,
            };
            let Some(planned) = hand_over.plan() else {
                return Ok(true);
            };
            let patch = planned.patch(&object);
            tries -= 1;
            match self.client.merge(self.target(), &patch).await {
                Err(error) if error.is_conflict() && tries > 0 => {}
                patched => return patched.map(|_| true).map_err(|error| self.refused(error)),
            }
        }
    }

    /// What a release had may have become somebody else's since.
    fn refuse_foreign(&self, object: &Value) -> Result<(), Error> {
        let kind = self.desired.reference.group_kind();
        let owner = Metadata::read(&kind, &object.to_string())
            .ok()
            .and_then(|metadata| foreign_owner(&metadata, self.owner));
        match owner {
            Some(owner) if !self.force => Err(self.foreign(owner)),
            _ => Ok(()),
        }
    }

    fn foreign(&self, owner: String) -> Error {
        let (object, origin) = (self.desired.reference.clone(), self.desired.source.clone());
        Error::Foreign {
            object,
            owner,
            origin,
        }
    }

    /// Decides about a conflict: `Ok` when the object may be taken over.
    async fn judge(&self, refusal: &Refusal) -> Result<(), Error> {
        let fetched = self.client.fetch_metadata(self.target()).await;
        let Some(metadata) = fetched.map_err(|error| self.refused(error))? else {
            return Ok(());
        };
        if let Some(owner) = foreign_owner(&metadata, self.owner) {
            return Err(self.foreign(owner));
        }
        if is_of_our_release(&metadata, self.owner) || self.is_definition_of_the_original(refusal) {
            return Ok(());
        }
        let fields: Vec<String> = refusal
            .causes()
            .iter()
            .map(|cause| format!("{} belongs to {}", cause.field, manager_in(&cause.message)))
            .collect();
        Err(Error::Conflict {
            object: self.desired.reference.clone(),
            fields: fields.join(", "),
            origin: self.desired.source.clone(),
        })
    }

    /// The original brings the definitions of `crds/` itself, under its own name.
    fn is_definition_of_the_original(&self, refusal: &Refusal) -> bool {
        self.owner.applyset.is_none()
            && refusal
                .causes()
                .iter()
                .all(|cause| manager_in(&cause.message) == "\"addon-operator\"")
    }

    async fn delete_and_wait(&self) -> Result<(), Error> {
        let reference = &self.desired.reference;
        let deleted = self
            .client
            .delete(self.target(), None, Propagation::Foreground)
            .await;
        deleted.map_err(|source| Error::Remove {
            object: reference.clone(),
            source,
        })?;
        if self
            .managed
            .gone(std::slice::from_ref(reference), self.removal)
            .await
        {
            Ok(())
        } else {
            Err(Error::AwaitRemoval {
                objects: reference.to_string(),
            })
        }
    }

    fn refused(&self, source: crate::cluster::Error) -> Error {
        let (object, origin) = (self.desired.reference.clone(), self.desired.source.clone());
        Error::Refused {
            object,
            origin,
            source,
        }
    }

    fn immutable(&self, field: String, message: String) -> Error {
        let (object, origin) = (self.desired.reference.clone(), self.desired.source.clone());
        let field = if field.is_empty() {
            "a field".to_owned()
        } else {
            field
        };
        Error::Immutable {
            object,
            field,
            message,
            origin,
        }
    }
}

fn mended(body: &Bytes, refusal: &str) -> Option<(Bytes, Vec<String>)> {
    let mut object: Value = serde_json::from_slice(body).ok()?;
    let what = mend(&mut object, refusal);
    (!what.is_empty()).then(|| (Bytes::from(object.to_string()), what))
}

fn done(applied: Applied, mut warnings: Vec<String>, before: Before) -> Done {
    warnings.extend(applied.warnings);
    let gave_way = before.owned.is_some() && before.owned == applied.metadata.live.fields;
    Done {
        created: applied.created,
        metadata: applied.metadata,
        warnings,
        taken: before.taken,
        gave_way,
    }
}

fn has_conflicts(refusal: &Refusal) -> bool {
    refusal
        .causes()
        .iter()
        .any(|cause| cause.reason == "FieldManagerConflict")
}

/// `conflict with "helm" using apps/v1` → `"helm"`.
fn manager_in(message: &str) -> String {
    let quoted = message
        .split_once('"')
        .and_then(|(_, rest)| rest.split_once('"'));
    quoted.map_or_else(|| message.to_owned(), |(manager, _)| format!("{manager:?}"))
}

/// Whose the object is, when it is another module's, another set's or another release's.
pub fn foreign_owner(metadata: &Metadata, owner: &Owner) -> Option<String> {
    let set = metadata.labels.get(APPLYSET_PART_OF);
    if set.is_some() && set != owner.applyset.as_ref() {
        let operator = metadata.labels.get(OPERATOR_LABEL);
        return Some(match metadata.labels.get(MODULE_LABEL) {
            Some(module) if operator == Some(&owner.operator_namespace) => {
                format!("module {module}")
            }
            Some(module) => {
                let namespace = operator.map_or("unknown", String::as_str);
                format!("module {module} of the operator in namespace {namespace}")
            }
            None => format!("ApplySet {}", set.map_or("", String::as_str)),
        });
    }
    let release = metadata.annotations.get(HELM_RELEASE_NAME)?;
    if is_of_our_release(metadata, owner) {
        return None;
    }
    let namespace = metadata
        .annotations
        .get(HELM_RELEASE_NAMESPACE)
        .map_or("", String::as_str);
    Some(format!("Helm release {namespace}/{release}"))
}

/// Whether the object was made by the module's own Helm release: by the original, which names the
/// release as the module and keeps it in the operator's namespace.
pub(super) fn is_of_our_release(metadata: &Metadata, owner: &Owner) -> bool {
    metadata
        .annotations
        .get(HELM_RELEASE_NAME)
        .map(String::as_str)
        == Some(owner.module.as_str())
        && metadata.annotations.get(HELM_RELEASE_NAMESPACE) == Some(&owner.operator_namespace)
}

/// The field and the server's sentence, when a refusal is about a field that cannot change.
fn immutable(refusal: &Refusal) -> Option<(String, String)> {
    let says_so = |text: &str| {
        [
            "immutable",
            "may not change once set",
            "updates to ",
            "may not be changed",
            "cannot be changed",
        ]
        .iter()
        .any(|words| text.contains(words))
    };
    if refusal.code != 422 {
        return None;
    }
    let cause = refusal
        .causes()
        .iter()
        .find(|cause| says_so(&cause.message));
    match cause {
        Some(cause) => Some((cause.field.clone(), cause.message.clone())),
        None => says_so(&refusal.message).then(|| (String::new(), refusal.message.clone())),
    }
}
