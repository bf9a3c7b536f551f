//! What `Chart.yaml` says about a chart.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::name::ModuleName;
use crate::report::Mistake;
use crate::yaml::{self, Data, Node, Profile};

/// The version that the original gives a chart without `Chart.yaml`.
const DEFAULT_VERSION: &str = "0.2.0";

/// The fields of `Chart.yaml` that templates can see. A field that is not there is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// `v1` or `v2`; empty for a chart without `Chart.yaml`.
    pub api_version: String,
    /// The chart's name; the module's, when there is no `Chart.yaml`.
    pub name: String,
    /// The chart's version, `1.2.3`.
    pub version: String,
    /// The version of what the chart installs.
    pub app_version: String,
    /// One sentence.
    pub description: String,
    /// `application` or empty; `library` charts are refused. The file calls it `type`.
    pub kind: String,
    /// The Kubernetes versions it is made for, as a constraint.
    pub kube_version: String,
    /// A web page.
    pub home: String,
    /// An image's address.
    pub icon: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// Where its sources are.
    pub sources: Vec<String>,
    /// Who looks after it.
    pub maintainers: Vec<Maintainer>,
    /// Free text by key.
    pub annotations: BTreeMap<String, String>,
    /// Whether its author has given it up.
    pub deprecated: bool,
}

/// Someone who looks after a chart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maintainer {
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their page.
    pub url: String,
}

impl Metadata {
    /// What the original assumes when there is no `Chart.yaml`.
    pub(super) fn without_file(module: &ModuleName) -> Self {
        Self {
            name: module.to_string(),
            version: DEFAULT_VERSION.to_owned(),
            ..Self::default()
        }
    }

    /// Reads the text of a `Chart.yaml` called `file`; mistakes are added to `mistakes`.
    pub(super) fn parse(text: &str, file: &str, mistakes: &mut Vec<Mistake>) -> Self {
        let node = match yaml::read(text.trim_start_matches('\u{feff}'), Profile::V2) {
            Ok(node) => node,
            Err(error) => {
                mistakes.push(error.to_mistake(file));
                return Self::default();
            }
        };
        if !matches!(node.data, Data::Mapping(_)) {
            mistakes.push(Mistake::new(file, "expected keys and values").at(1, 1));
            return Self::default();
        }
        let mut reader = Reader {
            node: &node,
            file,
            mistakes,
        };
        let metadata = reader.read();
        reader.check(&metadata);
        metadata
    }
}

/// Takes the fields out of one mapping.
struct Reader<'a> {
    node: &'a Node,
    file: &'a str,
    mistakes: &'a mut Vec<Mistake>,
}

impl Reader<'_> {
    fn read(&mut self) -> Metadata {
        Metadata {
            api_version: self.text("apiVersion"),
            name: self.text("name"),
            version: self.text("version"),
            app_version: self.text("appVersion"),
            description: self.text("description"),
            kind: self.text("type"),
            kube_version: self.text("kubeVersion"),
            home: self.text("home"),
            icon: self.text("icon"),
            keywords: self.texts("keywords"),
            sources: self.texts("sources"),
            maintainers: self.maintainers(),
            annotations: self.annotations(),
            deprecated: self
                .find("deprecated")
                .is_some_and(|node| matches!(node.data, Data::Scalar(Value::Bool(true)))),
        }
    }

    fn check(&mut self, metadata: &Metadata) {
        for (key, text) in [("name", &metadata.name), ("version", &metadata.version)] {
            let is_wrong_type = self.mistakes.iter().any(|mistake| mistake.path == key);
            if text.is_empty() && !is_wrong_type {
                self.mistakes
                    .push(Mistake::new(self.file, "is required").at(1, 1).path(key));
            }
        }
        if metadata.kind == "library" {
            self.refuse(
                "type",
                "a library chart cannot be installed",
                "use type: application",
            );
        }
        let dependencies = self.find("dependencies").map(|node| &node.data);
        if matches!(dependencies, Some(Data::Sequence(items)) if !items.is_empty()) {
            self.refuse(
                "dependencies",
                "subcharts are not supported yet by this version",
                "make a module of each",
            );
        }
    }

    /// Keys match whatever their case, as in Helm.
    fn find(&self, key: &str) -> Option<&Node> {
        let Data::Mapping(entries) = &self.node.data else {
            return None;
        };
        entries
            .iter()
            .rfind(|entry| entry.key.eq_ignore_ascii_case(key))
            .map(|entry| &entry.node)
    }

    fn text(&mut self, key: &str) -> String {
        let Some(node) = self.find(key) else {
            return String::new();
        };
        if let Some(text) = to_text(node) {
            return text;
        }
        self.refuse(key, "expected a string", "");
        String::new()
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let texts = match self.find(key).map(|node| &node.data) {
            None | Some(Data::Scalar(Value::Null)) => return Vec::new(),
            Some(Data::Sequence(items)) => items.iter().map(to_text).collect(),
            Some(_) => None,
        };
        texts.unwrap_or_else(|| {
            self.refuse(key, "expected a list of strings", "");
            Vec::new()
        })
    }

    fn annotations(&mut self) -> BTreeMap<String, String> {
        let annotations = match self.find("annotations").map(|node| &node.data) {
            None | Some(Data::Scalar(Value::Null)) => return BTreeMap::new(),
            Some(Data::Mapping(entries)) => entries
                .iter()
                .map(|entry| Some((entry.key.clone(), to_text(&entry.node)?)))
                .collect(),
            Some(_) => None,
        };
        annotations.unwrap_or_else(|| {
            self.refuse("annotations", "expected keys with strings", "");
            BTreeMap::new()
        })
    }

    fn maintainers(&self) -> Vec<Maintainer> {
        let Some(Data::Sequence(items)) = self.find("maintainers").map(|node| &node.data) else {
            return Vec::new();
        };
        let text = |item: &Node, key| {
            item.entry(key)
                .and_then(|entry| to_text(&entry.node))
                .unwrap_or_default()
        };
        items
            .iter()
            .map(|item| Maintainer {
                name: text(item, "name"),
                email: text(item, "email"),
                url: text(item, "url"),
            })
            .collect()
    }

    fn refuse(&mut self, key: &str, message: &str, hint: &str) {
        let place = self.find(key).map_or(self.node.place, |node| node.place);
        self.mistakes.push(
            Mistake::new(self.file, message)
                .at(place.line, place.column)
                .path(key)
                .hint(hint),
        );
    }
}

/// A scalar as text: `version: 1.10` is the number 1.1 and becomes `1.1`, as in Helm.
fn to_text(node: &Node) -> Option<String> {
    match &node.data {
        Data::Scalar(Value::String(text)) => Some(text.clone()),
        Data::Scalar(Value::Null) => Some(String::new()),
        Data::Scalar(value) => Some(value.to_string()),
        Data::Sequence(_) | Data::Mapping(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Metadata, Vec<String>) {
        let mut mistakes = Vec::new();
        let metadata = Metadata::parse(text, "Chart.yaml", &mut mistakes);
        (metadata, mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn fields_are_read_whatever_their_case_and_type() {
        let (metadata, mistakes) = parse(
            "Name: web\nversion: 1.10\nappVersion: \"1.10\"\nkeywords: [a, 1]\nunknown: 1\n\
             maintainers: [{name: Ann, email: a@b.c}]\nannotations: {a: true}\ndeprecated: true\n",
        );
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(metadata.name, "web");
        assert_eq!(metadata.version, "1.1");
        assert_eq!(metadata.app_version, "1.10");
        assert_eq!(metadata.keywords, ["a", "1"]);
        assert_eq!(metadata.maintainers[0].email, "a@b.c");
        assert_eq!(metadata.annotations["a"], "true");
        assert!(metadata.deprecated);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let (_, mistakes) =
            parse("name: [a]\ntype: library\nkeywords: a\ndependencies: [{name: x}]\n");
        let paths: Vec<_> = mistakes
            .iter()
            .map(|mistake| mistake.split(": ").nth(1).unwrap())
            .collect();
        assert_eq!(
            paths,
            ["name", "keywords", "version", "type", "dependencies"]
        );
        assert!(mistakes[4].contains("subcharts are not supported yet"));
    }

    #[test]
    fn text_that_is_no_mapping_is_refused() {
        assert!(parse("- a\n").1[0].contains("expected keys and values"));
        assert_eq!(parse("a: [\n").1.len(), 1);
    }
}
