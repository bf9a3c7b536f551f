//! All that a person says about values, in the order in which Helm hears it.

use crate::chart::{Error, load};
use crate::govalue::{Map, Value};

use super::{Kind, Reader, set};

/// What a person says about values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueOptions {
    /// `--values`: files, of which later ones win.
    pub files: Vec<String>,
    /// `--set-json`
    pub json: Vec<String>,
    /// `--set`
    pub typed: Vec<String>,
    /// `--set-string`
    pub texts: Vec<String>,
    /// `--set-file`
    pub contents: Vec<String>,
    /// `--set-literal`
    pub literals: Vec<String>,
}

impl ValueOptions {
    /// All of it as one map. `read` opens the files that are named.
    ///
    /// # Errors
    ///
    /// [`Error::Helm`] with what is wrong first.
    pub fn to_values(&self, read: &Reader<'_>) -> Result<Map, Error> {
        let mut values = Map::any();
        for file in &self.files {
            let bytes = read(file).map_err(Error::Helm)?;
            let wrong = |words| Error::Helm(format!("failed to parse {file}: {words}"));
            let found = load::parse_values(&bytes).map_err(wrong)?;
            values = lay_over(&values, &found.to_map());
        }
        for argument in &self.json {
            set(&values, argument, &Kind::Json)
                .map_err(|_| Error::Helm(format!("failed parsing --set-json data {argument}")))?;
        }
        for (name, arguments, kind) in [
            ("--set", &self.typed, Kind::Typed),
            ("--set-string", &self.texts, Kind::Text),
            ("--set-file", &self.contents, Kind::File(read)),
            ("--set-literal", &self.literals, Kind::Literal),
        ] {
            for argument in arguments {
                set(&values, argument, &kind)
                    .map_err(|words| Error::Helm(format!("failed parsing {name} data: {words}")))?;
            }
        }
        Ok(values)
    }
}

/// The values of two files as one map: what is in both is that of the second, but for maps.
fn lay_over(lower: &Map, upper: &Map) -> Map {
    let merged: Map = lower.snapshot().into_iter().collect();
    for (key, value) in upper.snapshot() {
        let value = match (merged.get(&key), value) {
            (Some(Value::Map(lower)), Value::Map(upper)) => Value::Map(lay_over(&lower, &upper)),
            (_, value) => value,
        };
        merged.insert(key, value);
    }
    merged
}
