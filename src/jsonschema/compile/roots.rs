//! Documents of schemas, and what in them has an address of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::draft::{self, Draft, Inside};
use crate::jsonschema::json::Json;
use crate::jsonschema::place::{Fragment, Place, escape, resolve, split};
use crate::jsonschema::words::double_quoted;
use crate::jsonschema::{Options, check};

/// All documents that a schema consists of.
pub(in crate::jsonschema) struct Roots {
    documents: BTreeMap<String, Root>,
    options: Options,
    /// What is odd and yet works.
    pub(in crate::jsonschema) warnings: Vec<String>,
}

/// One document.
pub(in crate::jsonschema) struct Root {
    url: String,
    pub(in crate::jsonschema) json: Arc<Json>,
    /// By pointer; the document itself has the empty one.
    pub(in crate::jsonschema) resources: Resources,
    known: BTreeSet<String>,
}

/// What has an address of its own, by its pointer.
pub(in crate::jsonschema) type Resources = BTreeMap<String, Resource>;

#[derive(Debug, Clone)]
pub(in crate::jsonschema) struct Resource {
    /// Its address.
    pub(in crate::jsonschema) id: String,
    pub(in crate::jsonschema) draft: Draft,
    pub(in crate::jsonschema) anchors: BTreeMap<String, String>,
    pub(in crate::jsonschema) dynamic_anchors: Vec<String>,
}

impl Roots {
    pub(in crate::jsonschema) fn new(options: Options) -> Self {
        Self {
            documents: BTreeMap::new(),
            options,
            warnings: Vec::new(),
        }
    }

    /// Adds a document that is there.
    pub(in crate::jsonschema) fn add(&mut self, url: &str, json: Arc<Json>) -> Result<(), String> {
        let mut root = Root {
            url: url.to_owned(),
            json,
            resources: Resources::new(),
            known: BTreeSet::new(),
        };
        root.collect(url, "", Draft::LATEST)?;
        let is_meta = draft::document(url).is_some();
        if self.options.checked && !is_meta {
            root.check("")?;
        }
        self.documents.insert(url.to_owned(), root);
        Ok(())
    }

    /// The document of an address.
    pub(in crate::jsonschema) fn root(&mut self, url: &str) -> Result<&mut Root, String> {
        if !self.documents.contains_key(url) {
            let json = self.load(url)?;
            self.add(url, json)?;
        }
        // It was added right now, if it was not there.
        self.documents.get_mut(url).ok_or_else(|| refused(url))
    }

    fn load(&mut self, url: &str) -> Result<Arc<Json>, String> {
        if let Some(known) = draft::document(url) {
            return Ok(known);
        }
        if url.starts_with("urn:") {
            self.warnings.push(format!(
                "WARNING: unresolved URN reference ignored; using permissive schema: {url}"
            ));
            return Ok(Arc::new(Json::Bool(true)));
        }
        Err(refused(url))
    }

    /// Sees to it that a place is known as a schema, also one that no keyword leads to.
    pub(in crate::jsonschema) fn ensure(&mut self, place: &Place) -> Result<(), String> {
        let is_checked = self.options.checked;
        let root = self.root(&place.url)?;
        if root.known.contains(&place.pointer) {
            return Ok(());
        }
        place.find(&root.json)?;
        let around = root.resource(&place.pointer).1;
        let (id, draft) = (around.id.clone(), around.draft);
        root.collect(&id, &place.pointer, draft)?;
        if is_checked {
            root.check(&place.pointer)?;
        }
        Ok(())
    }

    /// The place that a reference in a document leads to.
    pub(in crate::jsonschema) fn follow(
        &mut self,
        from: &Place,
        reference: &str,
    ) -> Result<Place, String> {
        let (url, fragment) = split(reference);
        let fragment = Fragment::parse(fragment)
            .map_err(|why| format!("error in parsing {}: {why}", double_quoted(reference)))?;
        let root = self.root(&from.url)?;
        let base = root.resource(&from.pointer).1.id.clone();
        let url = resolve(&base, url);
        if let Some(pointer) = root.pointer_of(&url) {
            return root.place(&pointer, &fragment);
        }
        self.root(&url)?.place("", &fragment)
    }
}

/// What is said about a document that is not in the chart.
fn refused(url: &str) -> String {
    format!(
        "failing loading {}: a schema refers only to what is in it, nothing is read from elsewhere",
        double_quoted(url)
    )
}

impl Root {
    /// What a place belongs to, with its pointer.
    pub(in crate::jsonschema) fn resource(&self, pointer: &str) -> (&str, &Resource) {
        let mut pointer = pointer;
        loop {
            if let Some((pointer, resource)) = self.resources.get_key_value(pointer) {
                return (pointer, resource);
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return ("", &UNKNOWN),
            }
        }
    }

    /// The pointer of what has this address.
    fn pointer_of(&self, url: &str) -> Option<String> {
        if url == self.url {
            return Some(String::new());
        }
        let found = self
            .resources
            .iter()
            .find(|(_, resource)| resource.id == url);
        found.map(|(pointer, _)| pointer.clone())
    }

    fn place(&self, pointer: &str, fragment: &Fragment) -> Result<Place, String> {
        let found = match fragment {
            Fragment::Pointer(inner) => format!("{pointer}{inner}"),
            Fragment::Anchor(anchor) => {
                let resource = self.resource(pointer).1;
                let found = resource.anchors.get(anchor);
                found.cloned().ok_or_else(|| {
                    format!(
                        "anchor in {} not found in schema {}",
                        double_quoted(&format!("{}#{}", resource.id, fragment.text())),
                        double_quoted(&self.url)
                    )
                })?
            }
        };
        Ok(Place::new(&self.url, &found))
    }

    /// Notes what has an address in a schema, and all schemas in it.
    fn collect(&mut self, base: &str, pointer: &str, fallback: Draft) -> Result<(), String> {
        if !self.known.insert(pointer.to_owned()) {
            return Ok(());
        }
        let json = Arc::clone(&self.json);
        let place = Place::new(&self.url, pointer);
        let found = place.find(&json)?;
        let mut open = vec![(found, base.to_owned(), pointer.to_owned(), fallback)];
        while let Some((json, base, pointer, fallback)) = open.pop() {
            self.known.insert(pointer.clone());
            let Some((base, draft)) = self.note(json, base, &pointer, fallback)? else {
                continue;
            };
            let inner = inner_schemas(json, &pointer, draft);
            let inner = inner.into_iter().rev();
            let inner = inner.filter(|(_, pointer)| !self.known.contains(pointer));
            open.extend(inner.map(|(json, pointer)| (json, base.clone(), pointer, draft)));
        }
        Ok(())
    }

    /// Notes one schema; what it gives to those in it.
    fn note(
        &mut self,
        json: &Json,
        base: String,
        pointer: &str,
        fallback: Draft,
    ) -> Result<Option<(String, Draft)>, String> {
        let Some(schema) = json.as_object() else {
            if pointer.is_empty() {
                self.resources
                    .insert(String::new(), Resource::new(base, fallback));
            }
            return Ok(None);
        };
        let mut draft = named_draft(schema, fallback)?;
        let mut id = draft.id_of(schema);
        if id.is_empty() && !pointer.is_empty() {
            draft = fallback;
            id = draft.id_of(schema);
        }
        let base = if id.is_empty() {
            base
        } else {
            resolve(&base, id)
        };
        if !id.is_empty() || pointer.is_empty() {
            let known = self.resources.iter().find(|(_, known)| known.id == base);
            match known {
                Some((first, _)) if first != pointer => {
                    return Err(format!(
                        "duplicate id {} in {} at {} and {}",
                        double_quoted(&base),
                        double_quoted(&self.url),
                        double_quoted(pointer),
                        double_quoted(first)
                    ));
                }
                Some(_) => {}
                None => {
                    let resource = Resource::new(base.clone(), draft);
                    self.resources.insert(pointer.to_owned(), resource);
                }
            }
        }
        let owner = self.resources.values_mut().find(|known| known.id == base);
        if let Some(owner) = owner {
            let url = &self.url;
            owner.note_anchors(schema, pointer, url)?;
            return Ok(Some((base, owner.draft)));
        }
        Ok(Some((base, draft)))
    }

    /// Checks a schema against that of its version.
    fn check(&self, pointer: &str) -> Result<(), String> {
        let place = Place::new(&self.url, pointer);
        let json = place.find(&self.json)?;
        let draft = self.resource(pointer).1.draft;
        let Some(meta) = draft.meta() else {
            return Ok(());
        };
        check::check(meta, json, Some((&self.resources, draft))).map_err(|failure| {
            format!(
                "{} is not valid against metaschema: {failure}",
                double_quoted(&place.text())
            )
        })
    }
}

static UNKNOWN: Resource = Resource {
    id: String::new(),
    draft: Draft::LATEST,
    anchors: BTreeMap::new(),
    dynamic_anchors: Vec::new(),
};

impl Resource {
    fn new(id: String, draft: Draft) -> Self {
        Self {
            id,
            draft,
            anchors: BTreeMap::new(),
            dynamic_anchors: Vec::new(),
        }
    }

    fn note_anchors(
        &mut self,
        schema: &BTreeMap<Box<str>, Json>,
        pointer: &str,
        url: &str,
    ) -> Result<(), String> {
        let text = |key: &str| schema.get(key).and_then(Json::as_text);
        if self.draft < Draft::D2019 {
            if schema.contains_key("$ref") {
                return Ok(());
            }
            let id = text(self.draft.id_keyword()).unwrap_or_default();
            if let Ok(Fragment::Anchor(anchor)) = Fragment::parse(split(id).1) {
                self.note_anchor(anchor, pointer, url)?;
            }
            return Ok(());
        }
        if let Some(anchor) = text("$anchor") {
            self.note_anchor(anchor.to_owned(), pointer, url)?;
        }
        if self.draft >= Draft::D2020
            && let Some(anchor) = text("$dynamicAnchor")
        {
            self.note_anchor(anchor.to_owned(), pointer, url)?;
            self.dynamic_anchors.push(anchor.to_owned());
        }
        Ok(())
    }

    fn note_anchor(&mut self, anchor: String, pointer: &str, url: &str) -> Result<(), String> {
        match self.anchors.get(&anchor) {
            Some(first) if first != pointer => Err(format!(
                "duplicate anchor {} in {} at {} and {}",
                double_quoted(&anchor),
                double_quoted(url),
                double_quoted(first),
                double_quoted(pointer)
            )),
            _ => {
                self.anchors.insert(anchor, pointer.to_owned());
                Ok(())
            }
        }
    }
}

/// The version that a schema names.
fn named_draft(schema: &BTreeMap<Box<str>, Json>, fallback: Draft) -> Result<Draft, String> {
    let Some(url) = schema.get("$schema").and_then(Json::as_text) else {
        return Ok(fallback);
    };
    match Draft::of_url(url) {
        Some(draft) => Ok(draft),
        None => Err(refused(split(url).0)),
    }
}

/// The schemas in a schema, with their pointers.
fn inner_schemas<'j>(json: &'j Json, pointer: &str, draft: Draft) -> Vec<(&'j Json, String)> {
    let mut inner = Vec::new();
    let Some(schema) = json.as_object() else {
        return inner;
    };
    for (keyword, inside) in draft.keywords() {
        let Some(value) = schema.get(keyword) else {
            continue;
        };
        let here = format!("{pointer}/{}", escape(keyword));
        if matches!(inside, Inside::Items | Inside::ItselfAndItems) {
            let items = value.as_array().unwrap_or_default().iter().enumerate();
            inner.extend(items.map(|(at, item)| (item, format!("{here}/{at}"))));
        }
        if inside == Inside::Values {
            let entries = value.as_object().into_iter().flatten();
            inner.extend(entries.map(|(key, item)| (item, format!("{here}/{}", escape(key)))));
        }
        if matches!(inside, Inside::Itself | Inside::ItselfAndItems) {
            inner.push((value, here));
        }
    }
    inner
}
