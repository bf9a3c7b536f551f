//! The versions of the language, and the schemas of schemas.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::jsonschema::json::Json;
use crate::jsonschema::place::split;
use crate::jsonschema::{Options, Schema};

/// A version of the language, older ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::jsonschema) enum Draft {
    D4,
    D6,
    D7,
    D2019,
    D2020,
}

/// Where schemas stand in the value of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jsonschema) enum Inside {
    Itself,
    Values,
    Items,
    ItselfAndItems,
}

/// Keywords that hold schemas, with the version that brought them.
const KEYWORDS: [(&str, Inside, Draft); 22] = [
    ("definitions", Inside::Values, Draft::D4),
    ("not", Inside::Itself, Draft::D4),
    ("allOf", Inside::Items, Draft::D4),
    ("anyOf", Inside::Items, Draft::D4),
    ("oneOf", Inside::Items, Draft::D4),
    ("properties", Inside::Values, Draft::D4),
    ("additionalProperties", Inside::Itself, Draft::D4),
    ("patternProperties", Inside::Values, Draft::D4),
    ("items", Inside::ItselfAndItems, Draft::D4),
    ("additionalItems", Inside::Itself, Draft::D4),
    ("dependencies", Inside::Values, Draft::D4),
    ("propertyNames", Inside::Itself, Draft::D6),
    ("contains", Inside::Itself, Draft::D6),
    ("if", Inside::Itself, Draft::D7),
    ("then", Inside::Itself, Draft::D7),
    ("else", Inside::Itself, Draft::D7),
    ("$defs", Inside::Values, Draft::D2019),
    ("dependentSchemas", Inside::Values, Draft::D2019),
    ("unevaluatedProperties", Inside::Itself, Draft::D2019),
    ("unevaluatedItems", Inside::Itself, Draft::D2019),
    ("contentSchema", Inside::Itself, Draft::D2019),
    ("prefixItems", Inside::Items, Draft::D2020),
];

impl Draft {
    /// The version that is meant where none is named.
    pub(in crate::jsonschema) const LATEST: Self = Self::D2020;

    /// The address of its schema of schemas.
    pub(in crate::jsonschema) fn url(self) -> &'static str {
        match self {
            Self::D4 => "http://json-schema.org/draft-04/schema",
            Self::D6 => "http://json-schema.org/draft-06/schema",
            Self::D7 => "http://json-schema.org/draft-07/schema",
            Self::D2019 => "https://json-schema.org/draft/2019-09/schema",
            Self::D2020 => "https://json-schema.org/draft/2020-12/schema",
        }
    }

    /// The version that an address stands for.
    pub(in crate::jsonschema) fn of_url(url: &str) -> Option<Self> {
        let (url, fragment) = split(url);
        if !fragment.is_empty() {
            return None;
        }
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"))
            .unwrap_or(url);
        match rest {
            "json-schema.org/schema" | "json-schema.org/draft/2020-12/schema" => Some(Self::D2020),
            "json-schema.org/draft/2019-09/schema" => Some(Self::D2019),
            "json-schema.org/draft-07/schema" => Some(Self::D7),
            "json-schema.org/draft-06/schema" => Some(Self::D6),
            "json-schema.org/draft-04/schema" => Some(Self::D4),
            _ => None,
        }
    }

    /// The keyword that gives a schema an address.
    pub(in crate::jsonschema) fn id_keyword(self) -> &'static str {
        match self {
            Self::D4 => "id",
            _ => "$id",
        }
    }

    /// The address that a schema gives itself, without fragment; empty when it does not.
    pub(in crate::jsonschema) fn id_of(self, schema: &BTreeMap<Box<str>, Json>) -> &str {
        // Beside a reference nothing counts in older versions.
        if self < Self::D2019 && schema.contains_key("$ref") {
            return "";
        }
        let id = schema.get(self.id_keyword()).and_then(Json::as_text);
        split(id.unwrap_or_default()).0
    }

    /// Keywords that hold schemas.
    pub(in crate::jsonschema) fn keywords(self) -> impl Iterator<Item = (&'static str, Inside)> {
        KEYWORDS
            .iter()
            .filter(move |(_, _, since)| *since <= self)
            .map(|(keyword, inside, _)| (*keyword, *inside))
    }

    /// Whether `format` is more than a remark.
    pub(in crate::jsonschema) fn checks_formats(self) -> bool {
        self < Self::D2019
    }

    /// The schema that its schemas must fit, ready to use.
    pub(in crate::jsonschema) fn meta(self) -> Option<&'static Schema> {
        static READY: [LazyLock<Option<Schema>>; 5] = [
            LazyLock::new(|| compile(Draft::D4)),
            LazyLock::new(|| compile(Draft::D6)),
            LazyLock::new(|| compile(Draft::D7)),
            LazyLock::new(|| compile(Draft::D2019)),
            LazyLock::new(|| compile(Draft::D2020)),
        ];
        let place = match self {
            Self::D4 => 0,
            Self::D6 => 1,
            Self::D7 => 2,
            Self::D2019 => 3,
            Self::D2020 => 4,
        };
        READY.get(place)?.as_ref()
    }
}

fn compile(draft: Draft) -> Option<Schema> {
    let options = Options {
        formats: true,
        checked: false,
    };
    Schema::compile_document(draft.url(), None, options).ok()
}

/// A schema of schemas, or a part of one, by its address.
pub(in crate::jsonschema) fn document(url: &str) -> Option<Arc<Json>> {
    static DOCUMENTS: LazyLock<BTreeMap<Box<str>, Arc<Json>>> = LazyLock::new(|| {
        let read = Json::parse(include_str!("meta/schemas.json"));
        let Ok(Json::Object(documents)) = read else {
            return BTreeMap::new();
        };
        let documents = documents.into_iter();
        documents.map(|(url, json)| (url, Arc::new(json))).collect()
    });
    let rest = url
        .strip_prefix("http://json-schema.org/")
        .or_else(|| url.strip_prefix("https://json-schema.org/"))?;
    let prefix = if rest.starts_with("draft-") {
        "http"
    } else {
        "https"
    };
    let rest = if rest == "schema" {
        "draft/2020-12/schema"
    } else {
        rest
    };
    let url = format!("{prefix}://json-schema.org/{rest}");
    DOCUMENTS.get(url.as_str()).cloned()
}
