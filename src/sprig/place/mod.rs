//! Paths, URLs, and what the cluster holds.

mod escape;
mod path;
mod url;

use super::arguments::{bytes, map};
use crate::govalue::{Context, Error, Function, Lookup, Map, Parameter, Text, Value};
use url::Url;

const TEXT: Parameter = Parameter::Text;

pub(super) const ALL: &[Function] = &[
    Function::new("base", &[TEXT], path::base),
    Function::new("clean", &[TEXT], path::clean),
    Function::new("dir", &[TEXT], path::dir),
    Function::new("ext", &[TEXT], path::ext),
    Function::new("isAbs", &[TEXT], path::is_abs),
    Function::new("osBase", &[TEXT], path::base),
    Function::new("osClean", &[TEXT], path::clean),
    Function::new("osDir", &[TEXT], path::dir),
    Function::new("osExt", &[TEXT], path::ext),
    Function::new("osIsAbs", &[TEXT], path::is_abs),
    Function::new("getHostByName", &[TEXT], |_, _| Ok("".into())),
    Function::new("lookup", &[TEXT, TEXT, TEXT, TEXT], lookup),
    Function::new("urlJoin", &[Parameter::Map], url_join),
    Function::new("urlParse", &[TEXT], url_parse),
];

fn lookup(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = |index| String::from_utf8_lossy(bytes(arguments, index));
    let (api_version, kind, namespace, name) = (text(0), text(1), text(2), text(3));
    context.world.lookup(&Lookup {
        api_version: &api_version,
        kind: &kind,
        namespace: &namespace,
        name: &name,
    })
}

fn url_parse(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let url = Url::parse(bytes(arguments, 0))
        .map_err(|why| Error::Failed(format!("unable to parse url: {why}")))?;
    let parts = Map::any();
    let hostname = url.hostname().to_vec();
    for (name, part) in [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", url.user.unwrap_or_default()),
    ] {
        parts.insert(name, Value::text(part));
    }
    Ok(Value::Map(parts))
}

fn url_join(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let parts = map(arguments, 0);
    let part = |name: &str| match parts.and_then(|parts| parts.get(name.as_bytes())) {
        None => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(text.to_vec()),
        Some(Value::Nil) => Err(Error::Failed(
            "runtime error: invalid memory address or nil pointer dereference".to_owned(),
        )),
        Some(other) => Err(Error::Failed(format!(
            "unable to parse {name} key, must be of type string, but {} found",
            other.kind().name()
        ))),
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user: None,
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let whole = [b"proto://", user.as_slice(), b"@host"].concat();
        let parsed = Url::parse(&whole)
            .map_err(|why| Error::Failed(format!("unable to parse userinfo in dict: {why}")))?;
        url.user = parsed.user;
    }
    Ok(Value::Text(Text::from(url.to_bytes())))
}
