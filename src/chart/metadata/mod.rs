//! What `Chart.yaml` says about a chart.

mod decode;

use std::collections::BTreeMap;

use crate::govalue::print::is_printable;
use crate::name::ModuleName;
use crate::report::Mistake;
use crate::yaml::{self, Profile};

use super::version;
use decode::Decoder;
pub(super) use decode::Problem;

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
    /// `application`, `library` or empty. The file calls it `type`.
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
    /// A field without a meaning in Helm 3, which templates can see.
    pub condition: String,
    /// A field without a meaning in Helm 3, which templates can see.
    pub tags: String,
    /// The charts that it asks for. `None` when the file says nothing, which is not the same as an
    /// empty list: only then charts in `charts/` are left as they are.
    pub dependencies: Option<Vec<Dependency>>,
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

/// A chart that another asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependency {
    /// The name of the chart in `charts/`.
    pub name: String,
    /// Which versions will do, as a constraint.
    pub version: String,
    /// Where it is fetched from, by others.
    pub repository: String,
    /// Paths of values, with commas between them, the first of which decides whether it is rendered.
    pub condition: String,
    /// Names below `tags` in the values that decide the same.
    pub tags: Vec<String>,
    /// Whether it is rendered: true in what templates see.
    pub enabled: bool,
    /// Which of its values the parent takes over.
    pub import_values: Vec<Import>,
    /// Another name for it, in this chart.
    pub alias: String,
}

/// An item of `import-values`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Import {
    /// What stands below `exports.NAME`, into the root.
    Exports(String),
    /// What stands below one path of the child, to a path of the parent.
    Path {
        /// In the child's values.
        child: String,
        /// In the parent's values; `.` for their root.
        parent: String,
    },
    /// Anything else, which does nothing.
    Other,
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

    /// Reads the text of a `Chart.yaml` or `requirements.yaml` over what is known already.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, the first as Helm would tell it.
    pub(super) fn decode(&mut self, text: &str) -> Result<(), Vec<Problem>> {
        let node = yaml::read(text, Profile::V2).map_err(|error| vec![Problem::of_yaml(&error)])?;
        let mut decoder = Decoder::new(&node, "Metadata");
        if decoder.is_mapping("chart.Metadata") {
            self.read(&mut decoder);
        }
        decoder.finish()
    }

    fn read(&mut self, from: &mut Decoder<'_>) {
        from.text("apiVersion", &mut self.api_version);
        from.text("name", &mut self.name);
        from.text("version", &mut self.version);
        from.text("appVersion", &mut self.app_version);
        from.text("description", &mut self.description);
        from.text("type", &mut self.kind);
        from.text("kubeVersion", &mut self.kube_version);
        from.text("home", &mut self.home);
        from.text("icon", &mut self.icon);
        from.text("condition", &mut self.condition);
        from.text("tags", &mut self.tags);
        from.texts("keywords", &mut self.keywords);
        from.texts("sources", &mut self.sources);
        from.flag("deprecated", &mut self.deprecated);
        from.text_map("annotations", &mut self.annotations);
        if let Some(maintainers) = from.structs("maintainers", "Maintainer", Maintainer::read) {
            self.maintainers = maintainers;
        }
        if let Some(found) = from.structs("dependencies", "Dependency", Dependency::read) {
            self.dependencies = Some(found);
        }
    }

    /// Cleans the texts and says what is wrong first, in Helm's words.
    pub(super) fn validate(&mut self) -> Result<(), String> {
        self.clean();
        let wrong = |what: String| Err(format!("validation: {what}"));
        if self.api_version.is_empty() {
            return wrong("chart.metadata.apiVersion is required".to_owned());
        }
        if self.name.is_empty() {
            return wrong("chart.metadata.name is required".to_owned());
        }
        if self.name == "." || self.name == ".." {
            return wrong(format!(
                "chart.metadata.name {:?} is not allowed",
                self.name
            ));
        }
        if self.name.contains('/') {
            return wrong(format!("chart.metadata.name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return wrong("chart.metadata.version is required".to_owned());
        }
        if !version::is_valid(&self.version) {
            return wrong(format!(
                "chart.metadata.version {:?} is invalid",
                self.version
            ));
        }
        if !matches!(self.kind.as_str(), "" | "application" | "library") {
            return wrong("chart.metadata.type must be application or library".to_owned());
        }
        self.check_dependencies().or_else(wrong)
    }

    /// Cleans the texts and adds all that is wrong, but for what is told already.
    pub(super) fn check(&mut self, file: &str, mistakes: &mut Vec<Mistake>) {
        let is_told = |key: &str| mistakes.iter().any(|mistake| mistake.path == key);
        let (no_name, no_version) = (is_told("name"), is_told("version"));
        let stand_in =
            |text: &str, told: bool, other: &str| if told { other } else { text }.to_owned();
        let mut checked = Self {
            name: stand_in(&self.name, no_name, "x"),
            version: stand_in(&self.version, no_version, "1.0.0"),
            ..self.clone()
        };
        while let Err(words) = checked.validate() {
            let mistake = invalid(file, &words);
            let goes_on = match mistake.path.as_str() {
                "name" => std::mem::replace(&mut checked.name, "x".to_owned()) != "x",
                "version" => std::mem::replace(&mut checked.version, "1.0.0".to_owned()) != "1.0.0",
                "type" => !std::mem::take(&mut checked.kind).is_empty(),
                _ => false,
            };
            mistakes.push(mistake);
            if !goes_on {
                break;
            }
        }
        if self.kind == "library" {
            let mistake = Mistake::new(file, "a library chart cannot be installed");
            mistakes.push(mistake.at(1, 1).path("type").hint("use type: application"));
        }
        let _ = self.validate();
    }

    fn clean(&mut self) {
        for text in [
            &mut self.name,
            &mut self.description,
            &mut self.home,
            &mut self.icon,
            &mut self.condition,
            &mut self.tags,
            &mut self.app_version,
            &mut self.kube_version,
        ] {
            clean(text);
        }
        self.sources.iter_mut().for_each(clean);
        self.keywords.iter_mut().for_each(clean);
        for maintainer in &mut self.maintainers {
            clean(&mut maintainer.name);
            clean(&mut maintainer.email);
            clean(&mut maintainer.url);
        }
    }

    fn check_dependencies(&mut self) -> Result<(), String> {
        let mut names = Vec::new();
        for dependency in self.dependencies.iter_mut().flatten() {
            dependency.clean();
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
            if !dependency.alias.chars().all(allowed) {
                return Err(format!(
                    "dependency {:?} has disallowed characters in the alias",
                    dependency.name
                ));
            }
            let name = dependency.own_name().to_owned();
            if names.contains(&name) {
                return Err(format!(
                    "more than one dependency with name or alias {name:?}"
                ));
            }
            names.push(name);
        }
        Ok(())
    }
}

impl Maintainer {
    fn read(from: &mut Decoder<'_>) -> Self {
        let mut maintainer = Self::default();
        from.text("name", &mut maintainer.name);
        from.text("email", &mut maintainer.email);
        from.text("url", &mut maintainer.url);
        maintainer
    }
}

impl Dependency {
    /// Its name in the parent: the alias, if it has one.
    pub fn own_name(&self) -> &str {
        if self.alias.is_empty() {
            &self.name
        } else {
            &self.alias
        }
    }

    fn read(from: &mut Decoder<'_>) -> Self {
        let mut dependency = Self::default();
        from.text("name", &mut dependency.name);
        from.text("version", &mut dependency.version);
        from.text("repository", &mut dependency.repository);
        from.text("condition", &mut dependency.condition);
        from.texts("tags", &mut dependency.tags);
        from.flag("enabled", &mut dependency.enabled);
        from.text("alias", &mut dependency.alias);
        dependency.import_values = from.imports("import-values");
        dependency
    }

    fn clean(&mut self) {
        clean(&mut self.name);
        clean(&mut self.version);
        clean(&mut self.repository);
        clean(&mut self.condition);
        self.tags.iter_mut().for_each(clean);
    }
}

/// Makes blanks of white space and drops what cannot be printed.
fn clean(text: &mut String) {
    let is_plain = |letter: char| letter == ' ' || letter.is_ascii_graphic();
    if text.chars().all(is_plain) {
        return;
    }
    *text = text
        .chars()
        .map(|letter| if letter.is_whitespace() { ' ' } else { letter })
        .filter(|letter| is_printable(*letter))
        .collect();
}

/// All that is wrong with a `Chart.yaml`, as mistakes of a file.
pub(super) fn mistakes(file: &str, problems: Vec<Problem>, into: &mut Vec<Mistake>) {
    into.extend(problems.into_iter().map(|problem| problem.mistake(file)));
}

/// What Helm says first, as a mistake of the file.
pub(super) fn invalid(file: &str, words: &str) -> Mistake {
    let message = words.strip_prefix("validation: ").unwrap_or(words);
    match message.strip_prefix("chart.metadata.") {
        Some(rest) => match rest.split_once(' ') {
            Some((key, what)) => Mistake::new(file, what).at(1, 1).path(key),
            None => Mistake::new(file, rest).at(1, 1),
        },
        None => Mistake::new(file, message).at(1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Metadata, Vec<String>) {
        let mut found = Vec::new();
        let mut metadata = Metadata::default();
        if let Err(problems) = metadata.decode(text) {
            mistakes("Chart.yaml", problems, &mut found);
        }
        "v2".clone_into(&mut metadata.api_version);
        metadata.check("Chart.yaml", &mut found);
        (metadata, found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn fields_are_read_whatever_their_case_and_type() {
        let (metadata, mistakes) = parse(
            "Name: \"w\\tb\"\nversion: 1.10\nappVersion: 123456789.123\nkeywords: [a, 1]\nunknown: 1\n\
             maintainers: [{name: Ann, email: a@b.c}]\nannotations: {a: true}\ndeprecated: true\n\
             dependencies: [{name: x, version: 1, alias: z, tags: [t], import-values: [d, {child: a, parent: .}, 1]}]\n",
        );
        assert_eq!(mistakes, [""; 0]);
        assert_eq!(metadata.name, "w b");
        assert_eq!(metadata.version, "1.1");
        assert_eq!(metadata.app_version, "1.2345679e+08");
        assert_eq!(metadata.keywords, ["a", "1"]);
        assert_eq!(metadata.maintainers[0].email, "a@b.c");
        assert_eq!(metadata.annotations["a"], "true");
        assert!(metadata.deprecated);
        let dependency = &metadata.dependencies.unwrap()[0];
        assert_eq!((&*dependency.version, dependency.own_name()), ("1", "z"));
        let path = Import::Path {
            child: "a".to_owned(),
            parent: ".".to_owned(),
        };
        let exports = Import::Exports("d".to_owned());
        assert_eq!(dependency.import_values, [exports, path, Import::Other]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let (_, mistakes) =
            parse("name: [a]\ntype: library\nkeywords: a\ndependencies: [{name: x, alias: .}]\n");
        assert_eq!(
            mistakes,
            [
                "Chart.yaml:3:11: keywords: expected a list of strings",
                "Chart.yaml:1:7: name: expected a string",
                "Chart.yaml:1:1: version: is required",
                "Chart.yaml:1:1: dependency \"x\" has disallowed characters in the alias",
                "Chart.yaml:1:1: type: a library chart cannot be installed (use type: application)",
            ]
        );
    }

    #[test]
    fn types_that_do_not_fit_are_told_as_go_does() {
        for (text, expected) in [
            (
                "- a\n",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type chart.Metadata",
            ),
            (
                "name: [a]\n",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Metadata.name of type string",
            ),
            (
                "maintainers: [{name: {}}]\n",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go struct field Maintainer.maintainers.name of type string",
            ),
            (
                "deprecated: x\n",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct field Metadata.deprecated of type bool",
            ),
            (
                "dependencies: 1\n",
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal number into Go struct field Metadata.dependencies of type []*chart.Dependency",
            ),
            (
                "a: [\n",
                "error converting YAML to JSON: yaml: line 1: did not find expected node content",
            ),
        ] {
            let problems = Metadata::default().decode(text).unwrap_err();
            assert_eq!(problems[0].helm(), expected, "{text}");
        }
    }
}
