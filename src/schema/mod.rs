//! What values may look like: schemas, their defaults, and mistakes against them.
//!
//! In: the text of `openapi/config-values.yaml` and `openapi/values.yaml` · Out: [`Schemas`], which
//! fill defaults, find mistakes and mask secrets in a value · Never: knows layers or where a value
//! came from.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::report::{Mistake, Mistakes};

/// The text of a schema file.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFile<'a> {
    /// The file as the person knows it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// The schemas of one scope.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    /// What people may set; from `config-values.yaml`. `None` accepts everything.
    pub config: Option<Schema>,
    /// What hooks and charts see; from `values.yaml`. `None` accepts everything.
    pub values: Option<Schema>,
    /// What is odd in the files and yet lets them work: unknown keywords, rules in CEL.
    pub warnings: Vec<Mistake>,
}

impl Schemas {
    /// Reads both files; either may be absent. All mistakes of both come together.
    pub fn read(
        config: Option<SchemaFile<'_>>,
        values: Option<SchemaFile<'_>>,
    ) -> Result<Self, Mistakes> {
        let _ = (config, values);
        todo!()
    }
}

/// A schema, ready to be used.
#[derive(Debug, Clone)]
pub struct Schema {}
