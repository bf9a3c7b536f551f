//! What the hooks of a module declare, joined with what its chart renders to: the module's whole set.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::context::Context;
use super::declaration::{Document, Documents};
use super::error::Error;
use super::module_run::ModuleRun;
use super::rendering::Rendering;
use crate::apply;
use crate::diff::{Desired, KnownKind, Owner, Plan, Prepared, prepare_one};
use crate::object::{DECLARED_BY, Live, Manifest, ObjectRef};
use crate::render::read_objects;
use crate::report::{Mistake, Mistakes};

/// What the hooks of a module say that there shall be.
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    /// By hook: what it declared last.
    pub known: BTreeMap<String, Documents>,
    /// Hooks that declare objects and could not say yet which.
    pub unknown: BTreeSet<String>,
    /// Hooks that may not see all that is there now: what they miss may be there.
    pub blind: BTreeSet<String>,
}

/// The same, ready to be sent.
#[derive(Debug, Default)]
pub struct DeclaredSet {
    said: Declarations,
    owner: Option<Owner>,
    /// By the address of the document.
    made: BTreeMap<usize, (Arc<Document>, Vec<Desired>)>,
    /// Whether every kind was known.
    is_final: bool,
}

/// All objects of a module.
#[derive(Debug)]
pub struct Whole {
    /// What the chart rendered to.
    pub rendering: Arc<Rendering>,
    /// What the hooks declare.
    pub declared: Arc<DeclaredSet>,
    /// Both.
    pub prepared: Arc<Prepared>,
}

impl Whole {
    /// What a chart that is not there rendered to.
    #[cfg(test)]
    pub fn of(desired: Vec<Desired>) -> Self {
        let prepared = Arc::new(Prepared {
            desired,
            warnings: Vec::new(),
        });
        Self {
            rendering: Arc::new(Rendering::of(prepared.clone())),
            declared: Arc::default(),
            prepared,
        }
    }
}

impl Declarations {
    fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.known.values().flat_map(|documents| documents.iter())
    }
}

impl DeclaredSet {
    /// Whether an object is to stay although nothing that is known wants it: the hook that declared it
    /// has not been heard yet, or cannot see all. A hook that is gone may come back by another name as
    /// one that was not heard.
    pub(super) fn holds(&self, live: &Live) -> bool {
        let Some(hook) = &live.declared_by else {
            return false;
        };
        self.said.blind.contains(hook)
            || (!self.said.unknown.is_empty() && !self.said.known.contains_key(hook))
    }

    /// Whether every hook has said what it declares.
    pub(super) fn is_certain(&self) -> bool {
        self.said.unknown.is_empty()
    }

    /// Takes out of a plan what is to stay; answers it.
    pub(super) fn hold(&self, plan: &mut Plan) -> Vec<ObjectRef> {
        let (held, remove) = std::mem::take(&mut plan.remove)
            .into_iter()
            .partition::<Vec<_>, _>(|removal| self.holds(removal.live()));
        plan.remove = remove;
        held.iter()
            .map(|removal| removal.reference().clone())
            .collect()
    }

    fn is_made_of(&self, said: &Declarations, owner: &Owner) -> bool {
        let same = |one: &BTreeMap<String, Documents>, other: &BTreeMap<String, Documents>| {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|((name, old), (other, new))| name == other && Arc::ptr_eq(old, new))
        };
        self.is_usable(owner)
            && same(&self.said.known, &said.known)
            && (&self.said.unknown, &self.said.blind) == (&said.unknown, &said.blind)
    }

    fn is_usable(&self, owner: &Owner) -> bool {
        self.is_final && self.owner.as_ref() == Some(owner)
    }
}

/// Makes ready what is declared; what is as before is used again.
pub(super) async fn prepare(context: &Context, run: &ModuleRun) -> Result<Arc<DeclaredSet>, Error> {
    let (said, owner) = (&run.declared, context.owner(&run.module, run.maintenance));
    let nothing = Arc::default();
    let whole = run.known.whole.as_ref();
    let before = whole.map_or(&nothing, |whole| &whole.declared);
    if before.is_made_of(said, &owner) {
        return Ok(before.clone());
    }
    let mut made = BTreeMap::new();
    let (mut new, mut mistakes) = (Vec::new(), Vec::new());
    for document in said.documents() {
        let known = before.made.get(&address(document));
        match known.filter(|_| before.is_usable(&owner)) {
            Some(known) => drop(made.insert(address(document), known.clone())),
            None => match read_objects(&document.file, &document.text) {
                Ok(manifests) => new.push((document, manifests)),
                Err(found) => mistakes.extend(found.0),
            },
        }
    }
    let found = Kinds::find(context, &new).await?;
    for (document, manifests) in new {
        match found.prepare(manifests, document, &owner) {
            Ok(desired) => drop(made.insert(address(document), (document.clone(), desired))),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    Mistakes(mistakes).into_result().map_err(Error::Prepare)?;
    Ok(Arc::new(DeclaredSet {
        said: said.clone(),
        owner: Some(owner),
        made,
        is_final: found.unknown.is_empty(),
    }))
}

/// The kinds of new objects.
struct Kinds {
    known: apply::Kinds,
    /// By API version and kind: why not.
    unknown: BTreeMap<(String, String), String>,
}

impl Kinds {
    async fn find(
        context: &Context,
        new: &[(&Arc<Document>, Vec<Manifest>)],
    ) -> Result<Self, Error> {
        let all = new.iter().flat_map(|(_, manifests)| manifests.clone());
        let all: Vec<Manifest> = all.collect();
        let found = context.applier.kinds(&all).await;
        let (known, unknown) = found.map_err(|error| Error::Apply(vec![error]))?;
        Ok(Self { known, unknown })
    }

    fn prepare(
        &self,
        manifests: Vec<Manifest>,
        document: &Document,
        owner: &Owner,
    ) -> Result<Vec<Desired>, Mistake> {
        let kind = |api_version: &str, kind: &str| {
            let found = self
                .known
                .find(api_version, kind)
                .map(|resource| KnownKind {
                    namespaced: resource.namespaced,
                });
            found.ok_or_else(|| {
                let key = (api_version.to_owned(), kind.to_owned());
                self.unknown.get(&key).cloned().unwrap_or_default()
            })
        };
        let marked = manifests
            .into_iter()
            .map(|manifest| marked(manifest, &document.hook));
        marked
            .map(|manifest| prepare_one(manifest, owner, &kind))
            .collect()
    }
}

fn address(document: &Arc<Document>) -> usize {
    Arc::as_ptr(document).addr()
}

/// Says in the object which hook declares it.
pub(super) fn marked(mut manifest: Manifest, hook: &str) -> Manifest {
    let metadata = manifest
        .object
        .get_mut("metadata")
        .and_then(Value::as_object_mut);
    if let Some(metadata) = metadata {
        let annotations = metadata.entry("annotations").or_insert(Value::Null);
        if annotations.is_null() {
            *annotations = json!({});
        }
        // What is no map is told when the object is made ready.
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(DECLARED_BY.to_owned(), json!(hook));
        }
    }
    manifest
}

impl Whole {
    /// Joins both. An object belongs to one of them, and to one hook alone.
    pub(super) fn join(
        rendering: Arc<Rendering>,
        declared: Arc<DeclaredSet>,
    ) -> Result<Arc<Self>, Error> {
        let prepared = if declared.made.is_empty() {
            rendering.prepared.clone()
        } else {
            Arc::new(joined(&rendering, &declared)?)
        };
        Ok(Arc::new(Self {
            rendering,
            declared,
            prepared,
        }))
    }
}

fn joined(rendering: &Rendering, declared: &DeclaredSet) -> Result<Prepared, Error> {
    let chart = rendering
        .definitions
        .desired
        .iter()
        .chain(&rendering.prepared.desired);
    let chart: BTreeMap<&ObjectRef, &Desired> =
        chart.map(|desired| (&desired.reference, desired)).collect();
    let mut mistakes = Vec::new();
    let mut own: BTreeMap<&ObjectRef, &Desired> = BTreeMap::new();
    let documents = declared.said.documents();
    let made = documents.filter_map(|document| declared.made.get(&address(document)));
    for desired in made.flat_map(|(_, desired)| desired) {
        let reference = &desired.reference;
        if let Some(other) = chart.get(reference) {
            let message = format!("{reference} is in the chart as well, in {}", other.source);
            mistakes.push(twice(desired, message, "leave it to one of them"));
            continue;
        }
        match own.entry(reference) {
            Entry::Vacant(place) => drop(place.insert(desired)),
            Entry::Occupied(first) if first.get().hash == desired.hash => {}
            Entry::Occupied(first) if first.get().source == desired.source => {
                let message = format!("{reference} is declared twice, with different content");
                mistakes.push(twice(desired, message, "give one of the two another name"));
            }
            Entry::Occupied(first) => {
                let message = format!("{reference} is declared by {} as well", first.get().source);
                mistakes.push(twice(desired, message, "leave it to one of them"));
            }
        }
    }
    Mistakes(mistakes).into_result().map_err(Error::Prepare)?;
    let own = own.into_values().cloned();
    let mut desired: Vec<Desired> = rendering
        .prepared
        .desired
        .iter()
        .cloned()
        .chain(own)
        .collect();
    desired
        .sort_by(|left, right| (left.rank, &left.reference).cmp(&(right.rank, &right.reference)));
    Ok(Prepared {
        desired,
        warnings: rendering.prepared.warnings.clone(),
    })
}

fn twice(desired: &Desired, message: String, hint: &str) -> Mistake {
    Mistake::new(&desired.source.file, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an object is held: who declared it, who is known, who is not, who may not see all.
    fn is_held(by: Option<&str>, known: &[&str], unknown: &[&str], blind: &[&str]) -> bool {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let said = Declarations {
            known: known
                .iter()
                .map(|name| ((*name).to_owned(), Documents::default()))
                .collect(),
            unknown: names(unknown),
            blind: names(blind),
        };
        let set = DeclaredSet {
            said,
            ..DeclaredSet::default()
        };
        let kind = crate::object::GroupKind::new("", "ConfigMap");
        let mut live = Live::read(&kind, r#"{"metadata":{"name":"a"}}"#).unwrap();
        live.declared_by = by.map(str::to_owned);
        set.holds(&live)
    }

    #[test]
    fn nothing_is_pruned_by_ignorance() {
        for (by, known, unknown, blind, held) in [
            // The chart's own.
            (None, &["a"][..], &["b"][..], &["a"][..], false),
            // Its hook was heard and does not want it.
            (Some("a"), &["a"], &[], &[], false),
            (Some("a"), &["a"], &["b"], &[], false),
            // Its hook was heard and may not see all.
            (Some("a"), &["a"], &[], &["a"], true),
            // Its hook was not heard yet.
            (Some("a"), &[], &["a"], &[], true),
            // Its hook is gone; or it has another name, and was not heard yet.
            (Some("a"), &["b"], &[], &[], false),
            (Some("a"), &["b"], &["c"], &[], true),
            // No hook declares anything any more.
            (Some("a"), &[], &[], &[], false),
        ] {
            assert_eq!(
                is_held(by, known, unknown, blind),
                held,
                "{by:?} {known:?} {unknown:?} {blind:?}"
            );
        }
    }
}
