//! Values against schemas.

mod combined;
mod failure;
mod format;
mod rules;
mod scope;

use super::Schema;
use super::compile::{Draft, Part, PartId, Resources};
use super::json::Json;
use super::words::{double_quoted, joined, shown};
use crate::govalue::grow_stack;
use failure::{Failure, Kind};
pub(super) use format::Format;
use scope::{Scope, Spot, Unseen};

/// How deep schemas may be entered for one value. Those that refer to each other in a circle are
/// noticed long before.
const DEPTH_LIMIT: usize = 1_000;

/// Checks a value. When it is a schema itself, its resources say by which version each part is checked.
pub(super) fn check(
    schema: &Schema,
    json: &Json,
    meta: Option<(&Resources, Draft)>,
) -> Result<(), Failure> {
    let run = Run {
        schema,
        resources: meta.map(|(resources, _)| resources),
        draft: meta.map_or(Draft::LATEST, |(_, draft)| draft),
    };
    run.whole(json, &Spot::Root)
}

/// One check of one whole value.
#[derive(Clone, Copy)]
pub(super) struct Run<'s> {
    schema: &'s Schema,
    /// Of the schema that is the value.
    resources: Option<&'s Resources>,
    draft: Draft,
}

/// One schema and one value.
pub(super) struct Visit<'r, 'j> {
    run: &'r Run<'r>,
    pub(super) part: &'r Part,
    pub(super) json: &'j Json,
    spot: &'r Spot<'r>,
    scope: &'r Scope<'r>,
    pub(super) unseen: Unseen<'j>,
    pub(super) failures: Vec<Failure>,
    /// Nobody reads what is wrong.
    pub(super) is_silent: bool,
}

impl Run<'_> {
    /// Checks a value that is whole by itself.
    fn whole(&self, json: &Json, spot: &Spot<'_>) -> Result<(), Failure> {
        let Err(failure) = self.visit(json, spot, &Scope::OUTERMOST, (false, false)) else {
            return Ok(());
        };
        let causes = match failure.kind {
            Kind::Group => failure.causes,
            _ => vec![failure],
        };
        Err(Failure {
            place: String::new(),
            kind: Kind::Schema(self.schema.part(0).location.clone()),
            causes,
        })
    }

    /// Checks a value against the schema of a scope. The flags: whether somebody asks for what was not
    /// seen, and whether nobody reads what is wrong.
    fn visit<'j>(
        &self,
        json: &'j Json,
        spot: &Spot<'_>,
        scope: &Scope<'_>,
        (is_asked, is_silent): (bool, bool),
    ) -> Result<Unseen<'j>, Failure> {
        if scope.depth > DEPTH_LIMIT {
            return Err(Failure {
                place: spot.pointer(),
                kind: Kind::Told("the schema nests too deep for this value".to_owned()),
                causes: Vec::new(),
            });
        }
        if scope.part == 0
            && scope.depth > 0
            && let Some(result) = self.visit_embedded(json, spot)
        {
            return result.map(|()| Unseen::default());
        }
        let part = self.schema.part(scope.part);
        let mut visit = Visit {
            run: self,
            part,
            json,
            spot,
            scope,
            unseen: Unseen::of(json, part, is_asked),
            failures: Vec::new(),
            is_silent,
        };
        grow_stack(|| visit.check())?;
        let Visit {
            unseen,
            mut failures,
            ..
        } = visit;
        match failures.len() {
            0 => Ok(unseen),
            1 => Err(failures.remove(0)),
            _ => Err(Failure {
                place: if is_silent {
                    String::new()
                } else {
                    spot.pointer()
                },
                kind: Kind::Group,
                causes: failures,
            }),
        }
    }

    /// A part of a schema that is written in another version of the language is checked by that.
    fn visit_embedded(&self, json: &Json, spot: &Spot<'_>) -> Option<Result<(), Failure>> {
        let resource = self.resources?.get(&spot.pointer())?;
        if resource.draft == self.draft {
            return None;
        }
        let run = Run {
            schema: resource.draft.meta()?,
            draft: resource.draft,
            ..*self
        };
        Some(
            run.visit(json, spot, &Scope::OUTERMOST, (false, false))
                .map(|_| ()),
        )
    }
}

impl Visit<'_, '_> {
    /// All rules; an error ends the check at once.
    fn check(&mut self) -> Result<(), Failure> {
        let part = self.part;
        match part.verdict {
            Some(true) => return Ok(()),
            Some(false) => return Err(self.failure("false schema")),
            None => {}
        }
        if let Some(cycle) = self.scope.cycle() {
            let schema = self.run.schema;
            let words = format!(
                "both {} and {} resolve to {} causing reference cycle",
                self.scope.keywords(schema),
                cycle.keywords(schema),
                double_quoted(&part.location)
            );
            return Err(self.failure(words));
        }
        self.check_scalars()?;
        if let Some(reference) = part.reference {
            let result = self.follow(reference, "$ref");
            if part.draft < Some(Draft::D2019) {
                return result;
            }
            self.note(result);
        }
        match self.json {
            Json::Object(entries) => self.check_object(entries),
            Json::Array(items) => self.check_array(items),
            Json::Text(text) => self.check_text(text),
            Json::Number(number) => self.check_number(number),
            Json::Null | Json::Bool(_) => {}
        }
        if self.is_settled() {
            return Ok(());
        }
        self.check_references();
        self.check_combined();
        self.check_unseen();
        Ok(())
    }

    /// Whether what follows can change nothing.
    pub(super) fn is_settled(&self) -> bool {
        self.is_silent && !self.failures.is_empty()
    }

    fn check_scalars(&self) -> Result<(), Failure> {
        let part = self.part;
        let kind = type_of(self.json);
        if !part.types.is_empty() && !part.types.has(kind) {
            let is_integer = matches!(self.json, Json::Number(number) if part.types.has("integer") && number.is_whole());
            if !is_integer {
                let words = || format!("got {kind}, want {}", part.types.told());
                return Err(self.failure_of(words));
            }
        }
        if let Some(constant) = &part.constant
            && !constant.equals(self.json)
        {
            return Err(self.failure_of(|| match constant {
                Json::Array(_) | Json::Object(_) => "'const' failed".to_owned(),
                plain => format!("value must be {}", shown(plain)),
            }));
        }
        if let Some(choice) = &part.choice
            && !choice.iter().any(|item| item.equals(self.json))
        {
            return Err(self.failure_of(|| of_choice(choice)));
        }
        if let (Some(format), Json::Text(text)) = (part.format, self.json)
            && let Err(why) = format.check(text)
        {
            let name = format.name();
            let text = shown(self.json);
            return Err(self.failure_of(|| format!("{text} is not valid {name}: {why}")));
        }
        Ok(())
    }

    /// Checks the same value against another schema.
    pub(super) fn same(
        &mut self,
        part: PartId,
        keyword: &'static str,
        is_silent: bool,
    ) -> Result<(), Failure> {
        let scope = self.scope.child(part, keyword, self.scope.value);
        let flags = (!self.unseen.is_empty(), self.is_silent || is_silent);
        let unseen = self.run.visit(self.json, self.spot, &scope, flags)?;
        self.unseen.merge(&unseen);
        Ok(())
    }

    /// Checks a value in this one.
    fn inner(&self, part: PartId, json: &Json, spot: &Spot<'_>) -> Result<(), Failure> {
        let scope = self.scope.child(part, "", self.scope.value + 1);
        let flags = (false, self.is_silent);
        self.run.visit(json, spot, &scope, flags).map(|_| ())
    }

    pub(super) fn key(&self, part: PartId, key: &str, value: &Json) -> Result<(), Failure> {
        self.inner(part, value, &Spot::Key(self.spot, key))
    }

    pub(super) fn item(&self, part: PartId, at: usize, item: &Json) -> Result<(), Failure> {
        self.inner(part, item, &Spot::Item(self.spot, at))
    }

    /// Checks a name, which is a value of its own.
    pub(super) fn name(&self, part: PartId, name: &str) -> Result<(), Failure> {
        let json = Json::Text(name.into());
        let scope = Scope {
            part,
            keyword: "",
            value: 0,
            depth: self.scope.depth + 1,
            before: None,
        };
        let Err(failure) = self.run.visit(&json, &Spot::Root, &scope, (false, false)) else {
            return Ok(());
        };
        let causes = match failure.kind {
            Kind::Group => failure.causes,
            _ => vec![failure],
        };
        let words = format!("invalid propertyName {}", joined(&[name]));
        Err(Failure {
            causes,
            ..self.failure(words)
        })
    }

    fn follow(&mut self, target: PartId, keyword: &'static str) -> Result<(), Failure> {
        let Err(failure) = self.same(target, keyword, false) else {
            return Ok(());
        };
        if self.is_silent {
            return Err(failure);
        }
        // A single cause says all there is to say.
        match failure.kind {
            Kind::Group => Err(Failure {
                place: self.spot.pointer(),
                kind: Kind::Reference,
                ..failure
            }),
            _ => Err(failure),
        }
    }

    fn failure(&self, words: impl Into<String>) -> Failure {
        self.failure_of(|| words.into())
    }

    fn failure_of(&self, words: impl FnOnce() -> String) -> Failure {
        if self.is_silent {
            return Failure::silent();
        }
        Failure {
            place: self.spot.pointer(),
            kind: Kind::Told(words()),
            causes: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, result: Result<(), Failure>) {
        self.failures.extend(result.err());
    }

    pub(super) fn fail(&mut self, words: impl Into<String>) {
        let failure = self.failure(words);
        self.failures.push(failure);
    }

    pub(super) fn fail_with(&mut self, words: &str, causes: Vec<Failure>) {
        let failure = self.failure(words);
        self.failures.push(Failure { causes, ..failure });
    }
}

fn of_choice(choice: &[Json]) -> String {
    let is_nested = |item: &Json| matches!(item, Json::Array(_) | Json::Object(_));
    if choice.iter().any(is_nested) {
        return "'enum' failed".to_owned();
    }
    let items: Vec<_> = choice.iter().map(shown).collect();
    match items.as_slice() {
        [only] => format!("value must be {only}"),
        items => format!("value must be one of {}", items.join(", ")),
    }
}

/// The type of a value, as failures tell it.
fn type_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::Text(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
