//! `.Files`: what templates can read of their chart.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map as JsonMap, Value as Json};

use crate::chart::Glob;
use crate::govalue::{
    Context, Element, Error, Function, List, Map, MapKind, MapType, Parameter, Text, Value,
};
use crate::yaml;

/// `engine.files`
static FILES: MapType = MapType {
    type_name: "engine.files",
    methods: &[
        Function::new("Get", &[Parameter::Text], text),
        Function::new("GetBytes", &[Parameter::Text], bytes),
        Function::new("Glob", &[Parameter::Text], glob),
        Function::new("AsConfig", &[], as_config),
        Function::new("AsSecrets", &[], as_secrets),
        Function::new("Lines", &[Parameter::Text], lines),
    ],
};

/// The files of a chart as its templates see them.
pub(super) fn value(files: &BTreeMap<String, Arc<[u8]>>) -> Value {
    let entries = files.iter();
    let entries =
        entries.map(|(path, bytes)| (path.as_str().into(), Value::Bytes(Arc::clone(bytes))));
    named(entries.collect())
}

fn named(entries: BTreeMap<Text, Value>) -> Value {
    Value::Map(Map::new(MapKind::Named(&FILES), entries))
}

/// What is in a file; nothing when it is not there.
fn content(arguments: &[Value]) -> Value {
    match arguments {
        [Value::Map(files), Value::Text(path), ..] => files.get(path).unwrap_or_default(),
        _ => Value::Nil,
    }
}

fn bytes_of(value: &Value) -> &[u8] {
    match value {
        Value::Bytes(bytes) => bytes,
        _ => &[],
    }
}

type Answer = Result<Value, Error>;

fn text(asker: &Context<'_>, arguments: &[Value]) -> Answer {
    let file = content(arguments);
    let bytes = bytes_of(&file);
    asker.world.spend(bytes.len())?;
    Ok(Value::Text(bytes.into()))
}

#[expect(clippy::unnecessary_wraps, reason = "has the signature of a method")]
fn bytes(_: &Context<'_>, arguments: &[Value]) -> Answer {
    let file = content(arguments);
    Ok(Value::Bytes(bytes_of(&file).into()))
}

/// A pattern that is none matches every file.
#[expect(clippy::unnecessary_wraps, reason = "has the signature of a method")]
fn glob(_: &Context<'_>, arguments: &[Value]) -> Answer {
    let [Value::Map(files), Value::Text(pattern), ..] = arguments else {
        return Ok(Value::Nil);
    };
    let glob = Glob::files(&pattern.as_str()).ok();
    let matches = |path: &Text| {
        glob.as_ref()
            .is_none_or(|glob| glob.matches(&path.as_str()))
    };
    let entries = files.entries();
    let chosen = entries.iter().filter(|(path, _)| matches(path));
    Ok(named(
        chosen
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect(),
    ))
}

fn as_config(context: &Context<'_>, arguments: &[Value]) -> Answer {
    as_data(context, arguments, |bytes| {
        String::from_utf8_lossy(bytes).into_owned()
    })
}

fn as_secrets(context: &Context<'_>, arguments: &[Value]) -> Answer {
    as_data(context, arguments, |bytes| STANDARD.encode(bytes))
}

/// The `data` of a `ConfigMap` or Secret: one entry per file, by its name without folders.
fn as_data(context: &Context<'_>, arguments: &[Value], encode: fn(&[u8]) -> String) -> Answer {
    let Some(Value::Map(files)) = arguments.first() else {
        return Ok(Value::from(""));
    };
    let mut data = JsonMap::new();
    for (path, content) in files.entries().iter() {
        let path = path.as_str();
        let name = path.rsplit('/').next().unwrap_or_default();
        data.insert(name.to_owned(), encode(bytes_of(content)).into());
    }
    let text = yaml::write(&Json::Object(data));
    context.world.spend(text.len())?;
    Ok(Value::from(text.strip_suffix('\n').unwrap_or(&text)))
}

fn lines(asker: &Context<'_>, arguments: &[Value]) -> Answer {
    let file = content(arguments);
    let bytes = bytes_of(&file);
    asker.world.spend(bytes.len())?;
    let mut lines = Vec::new();
    if !bytes.is_empty() {
        let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        lines.extend(
            text.split(|byte| *byte == b'\n')
                .map(|line| Value::Text(line.into())),
        );
    }
    Ok(Value::List(List::new(Element::Text, lines)))
}
