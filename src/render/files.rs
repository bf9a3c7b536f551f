//! `Files`: what templates can read of the module folder.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Enumerator, Object, ObjectExt as _};
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::{Map, Value as Json};

use crate::chart::Glob;
use crate::report;
use crate::yaml;

/// All files of a chart, or those that `Glob` chose: a map from path to text.
pub(super) struct Files(BTreeMap<String, Arc<[u8]>>);

impl Files {
    pub(super) fn value(files: &BTreeMap<String, Arc<[u8]>>) -> Value {
        Value::from_object(Self(files.clone()))
    }

    /// Helm gives the empty text for a file that is not there; a typing error then makes an empty
    /// `ConfigMap`. `"path" in Files` asks whether it is there.
    fn read(&self, path: &str) -> Result<Value, Error> {
        if let Some(bytes) = self.0.get(path) {
            return Ok(content(bytes));
        }
        let near = report::nearest(path, self.0.keys().map(String::as_str));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        Err(refuse(format!("the chart has no file {path:?}{hint}")))
    }

    fn lines(&self, path: &str) -> Result<Value, Error> {
        let text = self.read(path)?;
        Ok(text.as_str().unwrap_or_default().lines().collect())
    }

    fn glob(&self, pattern: &str) -> Result<Value, Error> {
        let glob = Glob::files(pattern).map_err(|error| refuse(error.to_string()))?;
        let chosen = self.0.iter().filter(|(path, _)| glob.matches(path));
        let chosen = chosen.map(|(path, bytes)| (path.clone(), Arc::clone(bytes)));
        Ok(Value::from_object(Self(chosen.collect())))
    }

    /// The `data` of a `ConfigMap` or Secret: one entry per file, by its name without folders.
    fn as_data(&self, encode: fn(&str, &[u8]) -> Result<String, Error>) -> Result<Value, Error> {
        let mut data = Map::new();
        for (path, bytes) in &self.0 {
            let name = path.rsplit('/').next().unwrap_or(path);
            data.insert(name.to_owned(), encode(path, bytes)?.into());
        }
        let text = yaml::write(&Json::Object(data));
        Ok(text.trim_end_matches('\n').into())
    }
}

fn refuse(reason: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason)
}

/// Text when it is text, else bytes, which `b64enc` takes.
fn content(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| Value::from_bytes(bytes.to_vec()), Value::from)
}

fn encode_text(path: &str, bytes: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).map(str::to_owned);
    text.map_err(|_| refuse(format!("{path:?} is not text; use AsSecrets or b64enc")))
}

#[expect(clippy::unnecessary_wraps, reason = "has the signature of encode_text")]
fn encode_base64(_path: &str, bytes: &[u8]) -> Result<String, Error> {
    Ok(STANDARD.encode(bytes))
}

impl fmt::Debug for Files {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "[{} files]", self.0.len())
    }
}

impl Object for Files {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_str()?).map(|bytes| content(bytes))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_enumerator(|this| Box::new(this.0.keys().map(Value::from)))
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let text = match arguments {
            [] => None,
            [only] => only.as_str(),
            _ => return Err(refuse(format!("Files.{method} takes one string"))),
        };
        match (method, text) {
            ("Get" | "GetBytes", Some(path)) => self.read(path),
            ("Lines", Some(path)) => self.lines(path),
            ("Glob", Some(pattern)) => self.glob(pattern),
            ("AsConfig", None) => self.as_data(encode_text),
            ("AsSecrets", None) => self.as_data(encode_base64),
            ("Get" | "GetBytes" | "Lines" | "Glob", None) => {
                Err(refuse(format!("Files.{method} takes one string")))
            }
            _ => Err(Error::new(
                ErrorKind::UnknownMethod,
                "Files has the methods Get, Lines, Glob, AsConfig and AsSecrets",
            )),
        }
    }
}
