//! The methods of `chartutil.Values`, the type of what charts see as `.Values`.

use crate::govalue::{
    Context, Error, Function, Kind, Map, MapKind, Parameter, Shape, Text, Value, to_yaml,
};

/// The methods; the receiver is the first argument.
pub(super) static METHODS: [Function; 5] = [
    Function::new("AsMap", &[], as_map),
    Function::new("Table", &[Parameter::Text], table),
    Function::new("PathValue", &[Parameter::Text], path_value),
    Function::new("YAML", &[], yaml),
    Function::new("Encode", &ENCODED, encode),
];

static ENCODED: [Parameter; 1] = [Parameter::Record(&WRITER)];

/// What `Encode` wants, and no template has.
static WRITER: Shape = Shape::new("io.Writer", Kind::Pointer, &[]);

/// The same map without a type of its own.
#[expect(clippy::unnecessary_wraps, reason = "has the signature of a method")]
fn as_map(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let values = receiver(arguments);
    Ok(Value::Map(if values.is_empty() {
        Map::any()
    } else {
        values.viewed_as(MapKind::Any)
    }))
}

/// All of it as YAML.
fn yaml(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let spend = |bytes| context.world.spend(bytes);
    to_yaml(&Value::Map(receiver(arguments)), &spend).map(Value::text)
}

fn encode(_: &Context<'_>, _: &[Value]) -> Result<Value, Error> {
    Err(Error::Failed("invalid argument".to_owned()))
}

/// The map at a path with dots.
fn table(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let path = path(arguments);
    Ok(Value::Map(find_table(&receiver(arguments), &path)?))
}

/// What is at a path with dots, unless it is a map.
fn path_value(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let path = path(arguments);
    if path.is_empty() {
        return Err(Error::Failed("YAML path cannot be empty".to_owned()));
    }
    let values = receiver(arguments);
    let split = path.iter().rposition(|byte| *byte == b'.');
    let (above, key) = match split {
        Some(dot) => (find_table(&values, &path[..dot]), &path[dot + 1..]),
        None => (Ok(values), &path[..]),
    };
    let value = above.ok().and_then(|map| map.get(key));
    value
        .filter(|value| !is_table(value))
        .ok_or_else(|| Error::Failed(format!("{:?} is not a value", Text::from(key))))
}

fn receiver(arguments: &[Value]) -> Map {
    match arguments.first() {
        Some(Value::Map(map)) => map.clone(),
        _ => Map::any(),
    }
}

fn path(arguments: &[Value]) -> Text {
    match arguments.get(1) {
        Some(Value::Text(text)) => text.clone(),
        _ => Text::default(),
    }
}

fn find_table(values: &Map, path: &[u8]) -> Result<Map, Error> {
    let mut table = values.clone();
    for key in path.split(|byte| *byte == b'.') {
        table = match table.get(key) {
            Some(Value::Map(map)) if is_table_kind(map.kind()) => map.viewed_as(MapKind::Values),
            _ => {
                let key = Text::from(key);
                return Err(Error::Failed(format!("{key:?} is not a table")));
            }
        };
    }
    Ok(table)
}

fn is_table_kind(kind: MapKind) -> bool {
    matches!(kind, MapKind::Any | MapKind::Values)
}

fn is_table(value: &Value) -> bool {
    matches!(value, Value::Map(map) if map.kind() == MapKind::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, path: &str) -> Result<String, String> {
        let inner: Map = [(Text::from("x"), Value::Int(1))].into_iter().collect();
        let values = Map::any().viewed_as(MapKind::Values);
        values.insert("m", Value::Map(inner));
        values.insert("s", Value::from("text"));
        let method = Value::Map(values.clone())
            .method(method)
            .map(|method| method.call);
        let receiver = Value::Map(values);
        let context = Context {
            world: &crate::govalue::Nowhere,
        };
        let answer = method.unwrap()(&context, &[receiver, Value::from(path)]);
        match answer {
            Ok(value) => Ok(format!("{} {value:?}", value.type_name())),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn methods_answer_as_the_table_says() {
        for (method, path, expected) in [
            (
                "AsMap",
                "",
                Ok("map[string]interface {} Map(map[string]interface {}(2 keys))"),
            ),
            (
                "Table",
                "m",
                Ok("chartutil.Values Map(chartutil.Values(1 keys))"),
            ),
            ("Table", "s", Err("\"s\" is not a table")),
            ("Table", "m.x", Err("\"x\" is not a table")),
            ("PathValue", "m.x", Ok("int Int(1)")),
            ("PathValue", "s", Ok("string Text(\"text\")")),
            ("PathValue", "m", Err("\"m\" is not a value")),
            ("PathValue", "q.x", Err("\"x\" is not a value")),
            ("PathValue", "", Err("YAML path cannot be empty")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(ask(method, path), expected, "{method} {path}");
        }
    }
}
