//! `module.yaml`: what a module says about itself, all of it optional.

mod reader;

use std::time::Duration;

use crate::name::ModuleName;
use crate::report::Mistakes;
use crate::yaml::{self, Data, Node, Place, Profile};

use reader::{Reader, Section};

const KEYS: [&str; 11] = [
    "description",
    "namespace",
    "requires",
    "order",
    "values",
    "ignoreDifferences",
    "drift",
    "takeOwnership",
    "recreate",
    "prune",
    "timeouts",
];

/// What `module.yaml` says; the default is what a module without the file gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Definition {
    /// One line for people.
    pub description: Option<String>,
    /// The namespace of its release and of objects that name none; `None`: the operator's.
    pub namespace: Option<String>,
    /// Modules that must be applied, or ready, before this one starts.
    pub requires: Vec<Requirement>,
    /// Whether it minds the weights.
    pub order: OrderRule,
    /// How the chart sees the values.
    pub values: ValuesShape,
    /// Fields that other managers may set.
    pub ignore_differences: Vec<IgnoredDifference>,
    /// What happens when others change its objects.
    pub drift: Drift,
    /// Existing objects are taken over without asking.
    pub take_ownership: bool,
    /// An object with a changed immutable field is deleted and created again.
    pub recreate: bool,
    /// What pruning may delete that it would otherwise keep.
    pub prune: Prune,
    /// Limits of its own.
    pub timeouts: Timeouts,
}

/// One module that another one requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The module that must be there.
    pub name: ModuleName,
    /// Whether its objects must be ready; otherwise applied is enough.
    pub ready: bool,
    /// Where `module.yaml` says so.
    pub place: Place,
}

/// `order`: whether a module waits for those of lower weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderRule {
    /// It waits for lower weights, and higher ones wait for it.
    #[default]
    ByWeight,
    /// It starts at once, and nobody waits for it who does not require it.
    Any,
}

/// `values`: what a chart's templates see as `.Values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValuesShape {
    /// `{global: …, certManager: …}`, as in the original.
    #[default]
    Nested,
    /// The module's own values, with `global` beside them: for charts that others wrote.
    Root,
}

/// `ignoreDifferences`: fields of some objects, left to others once others own them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredDifference {
    /// The kind of the objects (`Deployment`).
    pub kind: String,
    /// Their API group; `None`: any.
    pub group: Option<String>,
    /// The name of one object; `None`: any.
    pub name: Option<String>,
    /// Dotted paths of the fields (`spec.replicas`), at least one.
    pub fields: Vec<String>,
}

/// `drift`: what happens when others change an object of the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drift {
    /// What was changed or deleted is set again.
    #[default]
    Correct,
    /// What was deleted is created again; changes stay and are reported.
    Recreate,
    /// It is reported, nothing more.
    Report,
}

/// `prune`: kinds that pruning keeps unless the module says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prune {
    /// CRDs that still have instances.
    pub crds: bool,
    /// Namespaces that still hold objects of others.
    pub namespaces: bool,
    /// `PersistentVolumeClaims`.
    pub persistent_volume_claims: bool,
}

/// `timeouts`: `None` is the operator's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// Of the `enabled` script.
    pub enabled_script: Option<Duration>,
    /// Of applying all objects.
    pub apply: Option<Duration>,
    /// Until everything is ready.
    pub ready: Option<Duration>,
    /// Until everything is gone.
    pub delete: Option<Duration>,
}

impl Definition {
    /// Reads the text of a `module.yaml`; `file` is its name for messages. All mistakes are told.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Mistakes> {
        let node = yaml::read(text, Profile::V3)
            .map_err(|error| Mistakes::from(error.to_mistake(file)))?;
        let mut reader = Reader::new(file);
        let definition = read(&mut reader, &node);
        reader
            .mistakes
            .sort_by_key(|mistake| (mistake.line, mistake.column));
        Mistakes(reader.mistakes).into_result().map(|()| definition)
    }
}

fn read(reader: &mut Reader<'_>, node: &Node) -> Definition {
    let Some(document) = reader.section(String::new(), node, &KEYS) else {
        return Definition::default();
    };
    Definition {
        description: reader.text(&document, "description"),
        namespace: read_namespace(reader, &document),
        requires: read_requires(reader, &document),
        order: read_order(reader, &document),
        values: reader.choice(
            &document,
            "values",
            &[("nested", ValuesShape::Nested), ("root", ValuesShape::Root)],
        ),
        ignore_differences: read_ignored(reader, &document),
        drift: reader.choice(
            &document,
            "drift",
            &[
                ("correct", Drift::Correct),
                ("recreate", Drift::Recreate),
                ("report", Drift::Report),
            ],
        ),
        take_ownership: reader.flag(&document, "takeOwnership"),
        recreate: reader.flag(&document, "recreate"),
        prune: read_prune(reader, &document),
        timeouts: read_timeouts(reader, &document),
    }
}

/// The default has no word of its own: `order: any`, or no `order`.
fn read_order(reader: &mut Reader<'_>, document: &Section<'_>) -> OrderRule {
    reader.choice(document, "order", &[("any", OrderRule::Any)])
}

fn read_namespace(reader: &mut Reader<'_>, document: &Section<'_>) -> Option<String> {
    let namespace = reader.text(document, "namespace")?;
    let is_good = namespace.len() <= 63
        && namespace
            .bytes()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-')
        && !namespace.starts_with('-')
        && !namespace.ends_with('-');
    if !is_good {
        let message = format!("{namespace:?} is not the name of a namespace");
        let hint = "at most 63 lower case letters, digits and inner dashes".to_owned();
        reader.mistake(
            document.place_of("namespace"),
            "namespace".to_owned(),
            message,
            hint,
        );
    }
    Some(namespace)
}

fn read_requires(reader: &mut Reader<'_>, document: &Section<'_>) -> Vec<Requirement> {
    let mut requires = Vec::new();
    for (path, node) in reader.list(document, "requires") {
        let is_long = matches!(node.data, Data::Mapping(_));
        let (name, ready) = if is_long {
            let Some(section) = reader.section(path.clone(), node, &["name", "ready"]) else {
                continue;
            };
            (
                reader.required_text(&section, "name", node.place),
                reader.flag(&section, "ready"),
            )
        } else {
            (reader.text_of(path.clone(), node), false)
        };
        match name.as_deref().map(ModuleName::parse) {
            None => {}
            Some(Ok(name)) => requires.push(Requirement {
                name,
                ready,
                place: node.place,
            }),
            Some(Err(bad)) => reader.mistake(node.place, path, bad.to_string(), String::new()),
        }
    }
    requires
}

fn read_ignored(reader: &mut Reader<'_>, document: &Section<'_>) -> Vec<IgnoredDifference> {
    let mut ignored = Vec::new();
    for (path, node) in reader.list(document, "ignoreDifferences") {
        let keys = ["kind", "group", "name", "fields"];
        let Some(section) = reader.section(path, node, &keys) else {
            continue;
        };
        let mistakes_before = reader.mistakes.len();
        let fields: Vec<String> = reader
            .list(&section, "fields")
            .into_iter()
            .filter_map(|(path, node)| reader.text_of(path, node))
            .collect();
        if fields.is_empty() && reader.mistakes.len() == mistakes_before {
            let message = "expected at least one field".to_owned();
            let hint = "write paths such as spec.replicas".to_owned();
            reader.mistake(node.place, section.path_of("fields"), message, hint);
        }
        let kind = reader.required_text(&section, "kind", node.place);
        let group = reader.text(&section, "group");
        let name = reader.text(&section, "name");
        ignored.extend(kind.map(|kind| IgnoredDifference {
            kind,
            group,
            name,
            fields,
        }));
    }
    ignored
}

fn read_prune(reader: &mut Reader<'_>, document: &Section<'_>) -> Prune {
    let keys = ["crds", "namespaces", "persistentVolumeClaims"];
    let Some(section) = reader.child(document, "prune", &keys) else {
        return Prune::default();
    };
    Prune {
        crds: reader.flag(&section, "crds"),
        namespaces: reader.flag(&section, "namespaces"),
        persistent_volume_claims: reader.flag(&section, "persistentVolumeClaims"),
    }
}

fn read_timeouts(reader: &mut Reader<'_>, document: &Section<'_>) -> Timeouts {
    let keys = ["enabledScript", "apply", "ready", "delete"];
    let Some(section) = reader.child(document, "timeouts", &keys) else {
        return Timeouts::default();
    };
    Timeouts {
        enabled_script: reader.duration(&section, "enabledScript"),
        apply: reader.duration(&section, "apply"),
        ready: reader.duration(&section, "ready"),
        delete: reader.duration(&section, "delete"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let mistakes = Definition::parse("module.yaml", text).unwrap_err();
        mistakes.0.iter().map(ToString::to_string).collect()
    }

    fn parse(text: &str) -> Definition {
        Definition::parse("module.yaml", text).unwrap()
    }

    #[test]
    fn every_key_is_read() {
        let text = "\
description: certificates
namespace: cert-manager
order: any
values: root
drift: report
takeOwnership: true
recreate: true
prune: {crds: true, namespaces: true, persistentVolumeClaims: true}
timeouts:
  enabledScript: 500ms
  apply: 5m
  ready: 1h30m
  delete: 30s
";
        assert_eq!(
            parse(text),
            Definition {
                description: Some("certificates".to_owned()),
                namespace: Some("cert-manager".to_owned()),
                requires: vec![],
                order: OrderRule::Any,
                values: ValuesShape::Root,
                ignore_differences: vec![],
                drift: Drift::Report,
                take_ownership: true,
                recreate: true,
                prune: Prune {
                    crds: true,
                    namespaces: true,
                    persistent_volume_claims: true,
                },
                timeouts: Timeouts {
                    enabled_script: Some(Duration::from_millis(500)),
                    apply: Some(Duration::from_mins(5)),
                    ready: Some(Duration::from_mins(90)),
                    delete: Some(Duration::from_secs(30)),
                },
            }
        );
    }

    #[test]
    fn requirements_have_their_places() {
        let text = "requires:\n- a\n- name: b\n  ready: true\n- {name: c}\n";
        let requires = parse(text).requires;
        let told: Vec<_> = requires
            .iter()
            .map(|requirement| {
                (
                    requirement.name.as_str(),
                    requirement.ready,
                    requirement.place.line,
                )
            })
            .collect();
        assert_eq!(told, [("a", false, 2), ("b", true, 3), ("c", false, 5)]);
    }

    #[test]
    fn ignored_differences_are_read() {
        let text = "\
ignoreDifferences:
- kind: Deployment
  group: apps
  name: web
  fields: [spec.replicas]
- kind: Secret
  fields: [data, type]
";
        let ignored = parse(text).ignore_differences;
        assert_eq!(
            ignored,
            [
                IgnoredDifference {
                    kind: "Deployment".to_owned(),
                    group: Some("apps".to_owned()),
                    name: Some("web".to_owned()),
                    fields: vec!["spec.replicas".to_owned()],
                },
                IgnoredDifference {
                    kind: "Secret".to_owned(),
                    group: None,
                    name: None,
                    fields: vec!["data".to_owned(), "type".to_owned()],
                },
            ]
        );
    }

    #[test]
    fn empty_file_says_nothing() {
        for text in ["", "# nothing yet\n", "requires:\nprune:\n", "{}"] {
            assert_eq!(
                Definition::parse("f", text).unwrap(),
                Definition::default(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = "\
require: [a]
requires:
- Bad_Name
- ready: true
order: some
drift: corect
recreate: yes
namespace: Kube_System
ignoreDifferences:
- fields: []
timeouts:
  apply: 30
  ready: -5s
  dlete: 5s
";
        assert_eq!(
            mistakes(text),
            [
                "module.yaml:1:1: require: unknown key \"require\" (did you mean requires?)",
                "module.yaml:3:3: requires[0]: bad module name \"Bad_Name\": a module name is lower \
                 case words joined by single dashes; rename it to \"bad-name\"",
                "module.yaml:4:3: requires[1].name: expected a text, got nothing",
                "module.yaml:5:8: order: expected any, got \"some\"",
                "module.yaml:6:8: drift: expected correct or recreate or report, got \"corect\" (did \
                 you mean correct?)",
                "module.yaml:7:11: recreate: expected true or false, got a text",
                "module.yaml:8:12: namespace: \"Kube_System\" is not the name of a namespace (at most 63 \
                 lower case letters, digits and inner dashes)",
                "module.yaml:10:3: ignoreDifferences[0].fields: expected at least one field (write \
                 paths such as spec.replicas)",
                "module.yaml:10:3: ignoreDifferences[0].kind: expected a text, got nothing",
                "module.yaml:12:10: timeouts.apply: expected a duration, got a number (write a number \
                 with its unit: 500ms, 30s, 5m, 1h30m)",
                "module.yaml:13:10: timeouts.ready: expected a duration of more than 0s, got \"-5s\" \
                 (write a number with its unit: 500ms, 30s, 5m, 1h30m)",
                "module.yaml:14:3: timeouts.dlete: unknown key \"dlete\" (did you mean delete?)",
            ]
        );
    }

    #[test]
    fn wrong_kinds_of_documents_are_told() {
        assert_eq!(
            mistakes("- a"),
            ["module.yaml:1:1: expected a map, got a list"]
        );
        assert_eq!(
            mistakes("requires: cert-manager"),
            ["module.yaml:1:11: requires: expected a list, got a text"]
        );
        assert_eq!(
            mistakes("prune: true"),
            ["module.yaml:1:8: prune: expected a map, got true or false"]
        );
        assert_eq!(mistakes("drift:\n\tx: 1").len(), 1);
    }
}
