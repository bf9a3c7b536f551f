//! `.Capabilities`: what the cluster can do, and which Helm this is.

use super::kube_version::major_and_minor;
use crate::govalue::{
    Context, Element, Error, Function, Json, Kind, List, Member, Parameter, Record, Shape,
    SliceType, Value,
};

/// What this renderer says of itself: the Helm that it is like, to the byte.
const HELM_VERSION: &str = "v3.22.0";
/// What that Helm was built with.
const GO_VERSION: &str = "go1.26.8";

/// `chartutil.Capabilities`, behind a pointer.
static CAPABILITIES: Shape = Shape::new(
    "*chartutil.Capabilities",
    Kind::Pointer,
    &["KubeVersion", "APIVersions", "HelmVersion"],
)
.methods(&[Function::new("Copy", &[], copy)]);

/// Its `String` is a method of the pointer: Go calls it when the field itself is printed, and not when
/// it is an argument. So it is a method here, and no `to_text`.
static KUBE_VERSION: Shape = Shape::new(
    "chartutil.KubeVersion",
    Kind::Struct,
    &["Version", "Major", "Minor"],
)
.methods(&[
    Function::new("String", &[], version),
    Function::new("GitVersion", &[], version),
]);

static BUILD_INFO: Shape = Shape::new(
    "version.BuildInfo",
    Kind::Struct,
    &["Version", "GitCommit", "GitTreeState", "GoVersion"],
)
.json(Json::Members(&[
    Member::optional("version", "Version"),
    Member::optional("git_commit", "GitCommit"),
    Member::optional("git_tree_state", "GitTreeState"),
    Member::optional("go_version", "GoVersion"),
]));

static VERSION_SET: SliceType = SliceType {
    type_name: "chartutil.VersionSet",
    methods: &[Function::new("Has", &[Parameter::Text], has)],
};

/// What templates see of a cluster of this version.
pub(super) fn value(kube_version: &str, api_versions: &[String]) -> Value {
    let (major, minor) = major_and_minor(kube_version);
    let parts = [kube_version.into(), major.into(), minor.into()];
    let build = [HELM_VERSION, "", "", GO_VERSION].map(Value::from);
    let versions = api_versions.iter().map(|version| version.as_str().into());
    let versions = List::new(Element::Named(&VERSION_SET), versions.collect());
    let fields = vec![
        Value::Record(Record::new(&KUBE_VERSION, parts.into())),
        Value::List(versions),
        Value::Record(Record::new(&BUILD_INFO, build.into())),
    ];
    Value::Record(Record::new(&CAPABILITIES, fields))
}

#[expect(clippy::unnecessary_wraps, reason = "has the signature of a method")]
fn copy(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(match arguments.first() {
        Some(Value::Record(record)) => Value::Record(Record::new(&CAPABILITIES, record.fields())),
        _ => Value::Nil,
    })
}

#[expect(clippy::unnecessary_wraps, reason = "has the signature of a method")]
fn version(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(match arguments.first() {
        Some(Value::Record(record)) => record.field("Version").unwrap_or_default(),
        _ => Value::Nil,
    })
}

#[expect(clippy::unnecessary_wraps, reason = "has the signature of a method")]
fn has(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let [Value::List(versions), Value::Text(wanted), ..] = arguments else {
        return Ok(Value::Bool(false));
    };
    let mut versions = versions.iter();
    let found = versions.any(|version| matches!(version, Value::Text(text) if text == wanted));
    Ok(Value::Bool(found))
}
