//! Schemas as they are written → schemas ready to check values with.

mod draft;
mod roots;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use regex::Regex;

use crate::schema::compile_pattern;

use super::check::Format;
use super::json::Json;
use super::number::Number;
use super::place::{Fragment, Place, split};
use super::words::double_quoted;
use super::{Options, Schema};
pub(super) use draft::Draft;
pub(super) use roots::Resources;
use roots::Roots;

/// The place of a schema in [`Schema::parts`].
pub(super) type PartId = usize;

/// One schema of those that a schema consists of.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Its address.
    pub(super) location: String,
    pub(super) draft: Option<Draft>,
    /// What it belongs to.
    pub(super) resource: PartId,
    /// `true` and `false` are schemas as well.
    pub(super) verdict: Option<bool>,
    pub(super) reference: Option<PartId>,
    pub(super) recursive: Option<PartId>,
    pub(super) is_recursive_anchor: bool,
    pub(super) dynamic: Option<(PartId, String)>,
    pub(super) dynamic_anchor: String,
    pub(super) dynamic_anchors: BTreeMap<String, PartId>,
    pub(super) types: Types,
    pub(super) constant: Option<Json>,
    pub(super) choice: Option<Vec<Json>>,
    pub(super) format: Option<Format>,
    pub(super) object: ObjectRules,
    pub(super) array: ArrayRules,
    pub(super) text: TextRules,
    pub(super) number: NumberRules,
    pub(super) all_of: Vec<PartId>,
    pub(super) any_of: Vec<PartId>,
    pub(super) one_of: Vec<PartId>,
    pub(super) not: Option<PartId>,
    pub(super) condition: Option<PartId>,
    pub(super) then: Option<PartId>,
    pub(super) otherwise: Option<PartId>,
}

#[derive(Debug, Default)]
pub(super) struct ObjectRules {
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
    pub(super) required: Vec<String>,
    pub(super) properties: BTreeMap<Box<str>, PartId>,
    pub(super) patterns: Vec<(Regex, PartId)>,
    pub(super) additional: Option<Additional>,
    pub(super) dependencies: BTreeMap<Box<str>, Needs>,
    pub(super) names: Option<PartId>,
    pub(super) dependent_schemas: BTreeMap<Box<str>, PartId>,
    pub(super) dependent_required: BTreeMap<Box<str>, Vec<String>>,
    pub(super) unevaluated: Option<PartId>,
}

#[derive(Debug, Default)]
pub(super) struct ArrayRules {
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
    pub(super) unique: bool,
    /// Schemas of the first items.
    pub(super) first: Vec<PartId>,
    /// The schema of the items behind them.
    pub(super) rest: Option<Additional>,
    /// Whether `rest` was called `additionalItems`.
    pub(super) is_additional: bool,
    pub(super) contains: Option<PartId>,
    pub(super) least_contained: Option<usize>,
    pub(super) most_contained: Option<usize>,
    pub(super) unevaluated: Option<PartId>,
}

#[derive(Debug, Default)]
pub(super) struct TextRules {
    pub(super) least: Option<usize>,
    pub(super) most: Option<usize>,
    /// As it is written, and ready to use.
    pub(super) pattern: Option<(String, Regex)>,
}

#[derive(Debug, Default)]
pub(super) struct NumberRules {
    pub(super) minimum: Option<Number>,
    pub(super) above: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) below: Option<Number>,
    pub(super) multiple_of: Option<Number>,
}

/// What holds for all that is not named.
#[derive(Debug, Clone, Copy)]
pub(super) enum Additional {
    Allowed(bool),
    Schema(PartId),
}

/// What must be there if a property is.
#[derive(Debug)]
pub(super) enum Needs {
    Names(Vec<String>),
    Schema(PartId),
}

/// Types of JSON, one bit each; none for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Types(u8);

/// The names of types, in the order in which they are told.
pub(super) const TYPES: [&str; 7] = [
    "null", "boolean", "number", "integer", "string", "array", "object",
];

impl Types {
    fn of(json: &Json) -> Self {
        let names = match json {
            Json::Text(name) => vec![&**name],
            Json::Array(names) => names.iter().filter_map(Json::as_text).collect(),
            _ => Vec::new(),
        };
        let bits = names
            .iter()
            .filter_map(|name| TYPES.iter().position(|known| known == name));
        Self(bits.fold(0, |types, bit| types | 1 << bit))
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, name: &str) -> bool {
        let bit = TYPES.iter().position(|known| *known == name);
        bit.is_some_and(|bit| self.0 & 1 << bit != 0)
    }

    pub(super) fn told(self) -> String {
        let names = TYPES.iter().filter(|name| self.has(name));
        names.copied().collect::<Vec<_>>().join(" or ")
    }
}

impl Schema {
    /// Makes a schema of a document.
    pub(super) fn compile_document(
        url: &str,
        json: Option<Json>,
        options: Options,
    ) -> Result<Self, String> {
        let mut compiler = Compiler {
            roots: Roots::new(options),
            parts: Vec::new(),
            places: Vec::new(),
            known: HashMap::new(),
            options,
        };
        if let Some(json) = json {
            compiler.roots.add(url, Arc::new(json))?;
        }
        compiler.roots.root(url)?;
        compiler.part(Place::new(url, ""));
        let mut done = 0;
        while done < compiler.places.len() {
            let place = compiler.places[done].clone();
            compiler.compile(done, &place)?;
            done += 1;
        }
        Ok(Self {
            parts: compiler.parts,
            warnings: compiler.roots.warnings,
        })
    }
}

struct Compiler {
    roots: Roots,
    parts: Vec<Part>,
    /// Where each of them is written.
    places: Vec<Place>,
    known: HashMap<Place, PartId>,
    options: Options,
}

impl Compiler {
    /// The part of a place, which is compiled later.
    fn part(&mut self, place: Place) -> PartId {
        if let Some(known) = self.known.get(&place) {
            return *known;
        }
        let id = self.parts.len();
        self.parts.push(Part {
            location: place.text(),
            ..Part::default()
        });
        self.places.push(place.clone());
        self.known.insert(place, id);
        id
    }

    fn compile(&mut self, id: PartId, place: &Place) -> Result<(), String> {
        self.roots.ensure(place)?;
        let root = self.roots.root(&place.url)?;
        let document = Arc::clone(&root.json);
        let (pointer, resource) = root.resource(&place.pointer);
        let (pointer, resource) = (pointer.to_owned(), resource.clone());
        let json = place.find(&document)?;
        let draft = resource.draft;
        self.parts[id].draft = Some(draft);
        self.parts[id].resource = self.part(Place::new(&place.url, &pointer));
        if draft >= Draft::D2020 && pointer == place.pointer {
            for anchor in &resource.dynamic_anchors {
                if let Some(pointer) = resource.anchors.get(anchor) {
                    let target = self.part(Place::new(&place.url, pointer));
                    let anchors = &mut self.parts[id].dynamic_anchors;
                    anchors.insert(anchor.clone(), target);
                }
            }
        }
        match json {
            Json::Bool(verdict) => self.parts[id].verdict = Some(*verdict),
            Json::Object(schema) if schema.is_empty() => self.parts[id].verdict = Some(true),
            Json::Object(schema) => {
                let mut part = std::mem::take(&mut self.parts[id]);
                let mut keywords = Keywords {
                    compiler: self,
                    schema,
                    place,
                    draft,
                };
                keywords.read(&mut part)?;
                self.parts[id] = part;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The keywords of one schema.
struct Keywords<'a> {
    compiler: &'a mut Compiler,
    schema: &'a BTreeMap<Box<str>, Json>,
    place: &'a Place,
    draft: Draft,
}

impl Keywords<'_> {
    fn read(&mut self, part: &mut Part) -> Result<(), String> {
        part.reference = self.reference("$ref")?;
        if self.draft < Draft::D2019 && part.reference.is_some() {
            // The only keyword beside a reference that counts: by the library's mistake.
            part.constant = self.constant();
            return Ok(());
        }
        self.read_combined(part);
        self.read_object(&mut part.object)?;
        self.read_array(&mut part.array);
        self.read_scalars(part)?;
        if self.draft >= Draft::D2019 {
            part.recursive = self.reference("$recursiveRef")?;
            part.is_recursive_anchor = self.flag("$recursiveAnchor");
        }
        if self.draft >= Draft::D2020 {
            if let Some(target) = self.reference("$dynamicRef")? {
                let fragment = split(self.text("$dynamicRef").unwrap_or_default()).1;
                let anchor = match Fragment::parse(fragment) {
                    Ok(Fragment::Anchor(anchor)) => anchor,
                    _ => String::new(),
                };
                part.dynamic = Some((target, anchor));
            }
            let anchor = self.text("$dynamicAnchor").unwrap_or_default();
            anchor.clone_into(&mut part.dynamic_anchor);
        }
        Ok(())
    }

    fn read_combined(&mut self, part: &mut Part) {
        part.all_of = self.schemas("allOf");
        part.any_of = self.schemas("anyOf");
        part.one_of = self.schemas("oneOf");
        part.not = self.inner("not");
        if self.draft >= Draft::D7 {
            part.condition = self.inner("if");
        }
        if part.condition.is_some() {
            let fixed = self.schema.get("if").and_then(Json::as_bool);
            part.then = self.inner("then").filter(|_| fixed != Some(false));
            part.otherwise = self.inner("else").filter(|_| fixed != Some(true));
        }
    }

    fn read_object(&mut self, rules: &mut ObjectRules) -> Result<(), String> {
        rules.least = self.count("minProperties");
        rules.most = self.count("maxProperties");
        rules.required = self.schema.get("required").map(texts).unwrap_or_default();
        rules.properties = self.named("properties");
        for (pattern, id) in self.named("patternProperties") {
            let regex = self.regex("patternProperties", &pattern)?;
            rules.patterns.push((regex, id));
        }
        rules.additional = self.additional("additionalProperties");
        let dependencies = self.schema.get("dependencies").and_then(Json::as_object);
        for (name, needs) in dependencies.into_iter().flatten() {
            let needs = match needs {
                Json::Array(_) => Needs::Names(texts(needs)),
                _ => Needs::Schema(self.at(&["dependencies", name])),
            };
            rules.dependencies.insert(name.clone(), needs);
        }
        if self.draft >= Draft::D6 {
            rules.names = self.inner("propertyNames");
        }
        if self.draft >= Draft::D2019 {
            rules.dependent_schemas = self.named("dependentSchemas");
            rules.unevaluated = self.inner("unevaluatedProperties");
            let required = self
                .schema
                .get("dependentRequired")
                .and_then(Json::as_object);
            let required = required.into_iter().flatten();
            let required = required.filter(|(_, names)| names.as_array().is_some());
            rules.dependent_required = required
                .map(|(name, names)| (name.clone(), texts(names)))
                .collect();
        }
        Ok(())
    }

    fn read_array(&mut self, rules: &mut ArrayRules) {
        rules.least = self.count("minItems");
        rules.most = self.count("maxItems");
        rules.unique = self.flag("uniqueItems");
        if self.draft >= Draft::D2020 {
            rules.first = self.schemas("prefixItems");
            rules.rest = self.inner("items").map(Additional::Schema);
        } else if matches!(self.schema.get("items"), Some(Json::Array(_))) {
            rules.first = self.schemas("items");
            rules.rest = self.additional("additionalItems");
            rules.is_additional = true;
        } else {
            rules.rest = self.inner("items").map(Additional::Schema);
        }
        if self.draft >= Draft::D6 {
            rules.contains = self.inner("contains");
        }
        if self.draft >= Draft::D2019 {
            if rules.contains.is_some() {
                rules.least_contained = self.count("minContains");
                rules.most_contained = self.count("maxContains");
            }
            rules.unevaluated = self.inner("unevaluatedItems");
        }
    }

    fn read_scalars(&mut self, part: &mut Part) -> Result<(), String> {
        part.types = self.schema.get("type").map(Types::of).unwrap_or_default();
        part.choice = self
            .schema
            .get("enum")
            .and_then(Json::as_array)
            .map(<[Json]>::to_vec);
        part.constant = self.constant();
        let number = &mut part.number;
        number.multiple_of = self.number("multipleOf");
        number.maximum = self.number("maximum");
        number.below = self.number("exclusiveMaximum");
        if self.flag("exclusiveMaximum") {
            number.below = number.maximum.take();
        }
        number.minimum = self.number("minimum");
        number.above = self.number("exclusiveMinimum");
        if self.flag("exclusiveMinimum") {
            number.above = number.minimum.take();
        }
        part.text.least = self.count("minLength");
        part.text.most = self.count("maxLength");
        if let Some(pattern) = self.text("pattern") {
            let pattern = pattern.to_owned();
            let regex = self.regex("pattern", &pattern)?;
            part.text.pattern = Some((pattern, regex));
        }
        if self.compiler.options.formats || self.draft.checks_formats() {
            part.format = self.text("format").and_then(Format::named);
        }
        Ok(())
    }

    fn text(&self, keyword: &str) -> Option<&str> {
        self.schema.get(keyword).and_then(Json::as_text)
    }

    fn constant(&self) -> Option<Json> {
        let constant = self.schema.get("const");
        constant.filter(|_| self.draft >= Draft::D6).cloned()
    }

    fn flag(&self, keyword: &str) -> bool {
        self.schema.get(keyword).and_then(Json::as_bool) == Some(true)
    }

    fn number(&self, keyword: &str) -> Option<Number> {
        match self.schema.get(keyword) {
            Some(Json::Number(number)) => Some(number.clone()),
            _ => None,
        }
    }

    fn count(&self, keyword: &str) -> Option<usize> {
        let number = self.number(keyword).filter(Number::is_whole)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count below zero was refused, one too large is as good as any other"
        )]
        Some(number.to_float() as usize)
    }

    fn regex(&self, keyword: &str, pattern: &str) -> Result<Regex, String> {
        compile_pattern(pattern).map_err(|why| {
            let place = self.place.with(keyword);
            let pattern = double_quoted(pattern);
            format!(
                "invalid regex {pattern} at {}: {why}",
                double_quoted(&place.text())
            )
        })
    }

    fn reference(&mut self, keyword: &str) -> Result<Option<PartId>, String> {
        let Some(reference) = self.text(keyword).map(str::to_owned) else {
            return Ok(None);
        };
        let target = self.compiler.roots.follow(self.place, &reference)?;
        Ok(Some(self.compiler.part(target)))
    }

    /// The schema at a path of keywords below this one.
    fn at(&mut self, path: &[&str]) -> PartId {
        let mut place = self.place.clone();
        for step in path {
            place = place.with(step);
        }
        self.compiler.part(place)
    }

    fn inner(&mut self, keyword: &str) -> Option<PartId> {
        self.schema
            .contains_key(keyword)
            .then(|| self.at(&[keyword]))
    }

    fn schemas(&mut self, keyword: &str) -> Vec<PartId> {
        let items = self.schema.get(keyword).and_then(Json::as_array);
        let count = items.map_or(0, <[Json]>::len);
        (0..count)
            .map(|at| self.at(&[keyword, &at.to_string()]))
            .collect()
    }

    fn named(&mut self, keyword: &str) -> BTreeMap<Box<str>, PartId> {
        let schema = self.schema;
        let entries = schema.get(keyword).and_then(Json::as_object);
        let names = entries.into_iter().flat_map(BTreeMap::keys);
        names
            .map(|name| (name.clone(), self.at(&[keyword, name])))
            .collect()
    }

    fn additional(&mut self, keyword: &str) -> Option<Additional> {
        if let Some(allowed) = self.schema.get(keyword).and_then(Json::as_bool) {
            return Some(Additional::Allowed(allowed));
        }
        self.inner(keyword).map(Additional::Schema)
    }
}

fn texts(json: &Json) -> Vec<String> {
    let items = json.as_array().unwrap_or_default();
    items
        .iter()
        .filter_map(Json::as_text)
        .map(str::to_owned)
        .collect()
}
