//! `.Chart`: what `Chart.yaml` says, with the names that its fields have in Helm.

use crate::chart::{Dependency, Import, Maintainer, Metadata};
use crate::govalue::{
    Element, Json, Kind, List, Map, MapKind, Member, Record, Shape, SliceType, Value,
};

/// What templates see as `.Chart`.
static CHART: Shape = Shape::new(
    "struct { chart.Metadata; IsRoot bool }",
    Kind::Struct,
    &["Metadata", "IsRoot"],
)
.embeds("Metadata")
.json(Json::Members(CHART_MEMBERS));

static METADATA: Shape = Shape::new("chart.Metadata", Kind::Struct, FIELDS)
    .json(Json::Members(CHART_MEMBERS.split_at(FIELDS.len()).0));

static MAINTAINER: Shape = Shape::new(
    "*chart.Maintainer",
    Kind::Pointer,
    &["Name", "Email", "URL"],
)
.json(Json::Members(&[
    Member::optional("name", "Name"),
    Member::optional("email", "Email"),
    Member::optional("url", "URL"),
]));

static DEPENDENCY: Shape = Shape::new(
    "*chart.Dependency",
    Kind::Pointer,
    &[
        "Name",
        "Version",
        "Repository",
        "Condition",
        "Tags",
        "Enabled",
        "ImportValues",
        "Alias",
    ],
)
.json(Json::Members(&[
    Member::new("name", "Name"),
    Member::optional("version", "Version"),
    Member::new("repository", "Repository"),
    Member::optional("condition", "Condition"),
    Member::optional("tags", "Tags"),
    Member::optional("enabled", "Enabled"),
    Member::optional("import-values", "ImportValues"),
    Member::optional("alias", "Alias"),
]));

/// The fields of `chart.Metadata`, in the order of the struct.
const FIELDS: &[&str] = &[
    "Name",
    "Home",
    "Sources",
    "Version",
    "Description",
    "Keywords",
    "Maintainers",
    "Icon",
    "APIVersion",
    "Condition",
    "Tags",
    "AppVersion",
    "Deprecated",
    "Annotations",
    "KubeVersion",
    "Dependencies",
    "Type",
];

/// The same in JSON, and what templates see beside them.
const CHART_MEMBERS: &[Member] = &[
    Member::optional("name", "Name"),
    Member::optional("home", "Home"),
    Member::optional("sources", "Sources"),
    Member::optional("version", "Version"),
    Member::optional("description", "Description"),
    Member::optional("keywords", "Keywords"),
    Member::optional("maintainers", "Maintainers"),
    Member::optional("icon", "Icon"),
    Member::optional("apiVersion", "APIVersion"),
    Member::optional("condition", "Condition"),
    Member::optional("tags", "Tags"),
    Member::optional("appVersion", "AppVersion"),
    Member::optional("deprecated", "Deprecated"),
    Member::optional("annotations", "Annotations"),
    Member::optional("kubeVersion", "KubeVersion"),
    Member::optional("dependencies", "Dependencies"),
    Member::optional("type", "Type"),
    Member::new("IsRoot", "IsRoot"),
];

static MAINTAINERS: SliceType = SliceType {
    type_name: "[]*chart.Maintainer",
    methods: &[],
};

static DEPENDENCIES: SliceType = SliceType {
    type_name: "[]*chart.Dependency",
    methods: &[],
};

/// What the templates of a chart see as `.Chart`.
pub(super) fn value(metadata: &Metadata, is_root: bool) -> Value {
    let fields = vec![described(metadata), Value::Bool(is_root)];
    Value::Record(Record::new(&CHART, fields))
}

fn described(metadata: &Metadata) -> Value {
    let maintainers = metadata.maintainers.iter().map(maintainer);
    let dependencies = metadata.dependencies.iter().flatten().map(dependency);
    let annotations = metadata.annotations.iter();
    let annotations = annotations.map(|(key, text)| (key.as_str().into(), text.as_str().into()));
    let fields = vec![
        metadata.name.as_str().into(),
        metadata.home.as_str().into(),
        texts(&metadata.sources),
        metadata.version.as_str().into(),
        metadata.description.as_str().into(),
        texts(&metadata.keywords),
        list(Element::Named(&MAINTAINERS), maintainers),
        metadata.icon.as_str().into(),
        metadata.api_version.as_str().into(),
        metadata.condition.as_str().into(),
        metadata.tags.as_str().into(),
        metadata.app_version.as_str().into(),
        metadata.deprecated.into(),
        Value::Map(Map::new(MapKind::Text, annotations.collect())),
        metadata.kube_version.as_str().into(),
        list(Element::Named(&DEPENDENCIES), dependencies),
        metadata.kind.as_str().into(),
    ];
    Value::Record(Record::new(&METADATA, fields))
}

fn maintainer(maintainer: &Maintainer) -> Value {
    let fields = [&maintainer.name, &maintainer.email, &maintainer.url];
    let fields = fields.map(|field| Value::from(field.as_str()));
    Value::Record(Record::new(&MAINTAINER, fields.into()))
}

fn dependency(dependency: &Dependency) -> Value {
    let fields = vec![
        dependency.name.as_str().into(),
        dependency.version.as_str().into(),
        dependency.repository.as_str().into(),
        dependency.condition.as_str().into(),
        texts(&dependency.tags),
        dependency.enabled.into(),
        list(Element::Any, dependency.import_values.iter().map(import)),
        dependency.alias.as_str().into(),
    ];
    Value::Record(Record::new(&DEPENDENCY, fields))
}

fn import(import: &Import) -> Value {
    match import {
        Import::Exports(name) => name.as_str().into(),
        Import::Path { child, parent } => {
            let entries = [("child", child), ("parent", parent)];
            let entries = entries.map(|(key, path)| (key.into(), path.as_str().into()));
            Value::Map(entries.into_iter().collect())
        }
        Import::Other => Value::Nil,
    }
}

fn texts(texts: &[String]) -> Value {
    list(Element::Text, texts.iter().map(|text| text.as_str().into()))
}

fn list(element: Element, items: impl Iterator<Item = Value>) -> Value {
    Value::List(List::new(element, items.collect()))
}
