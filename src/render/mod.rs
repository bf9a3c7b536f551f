//! Chart and values → manifests.
//!
//! In: a [`Chart`], compiled once into a [`Program`], and an [`Input`] · Out: [`Rendered`] ·
//! Never: talks to a cluster, reads files, knows the time. Equal inputs render equally.
//!
//! Each template is rendered by the engine that its file name asks for (`engine.rs`), all of them with
//! the same objects (`context.rs`) and the functions of [`crate::function`]; `manifest.rs` makes objects
//! of the text.

mod context;
mod engine;
mod files;
mod helm;
mod hook;
mod jinja;
mod manifest;
mod mistake;
mod objects;
mod order;
mod outside;
mod pages;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use crate::chart::{self, Care, Chart, Defaults};
use crate::function::{self, Tree, semver};
use crate::govalue::{Map, Text, Value as GoValue};
use crate::name::ValuesKey;
use crate::object::Manifest;
use crate::report::{Mistake, Mistakes};
use crate::sprig::HelmVersion;

use engine::Engine;
use helm::Asker;
pub use helm::{
    Choice, DEFAULT_KUBE_VERSION, Definition, Error as HelmError, FileKind, HelmChart, Printable,
    Texts, default_api_versions, parse_kube_version, render_name,
};
pub use hook::Hook;
pub use objects::{ObjectsTemplate, Place, read_objects};
pub use order::{install_rank, uninstall_rank};
pub use outside::{DrawKey, Lookup, Outside};
use pages::Pages;

/// How many bytes the templates of one chart may render to, together. A hundred times the largest
/// chart we know.
const OUTPUT_LIMIT: usize = 32 * 1024 * 1024;
/// What templates call the things that differ from revision to revision.
const OF_RELEASE: [&str; 3] = ["Revision", "IsInstall", "IsUpgrade"];

/// A chart, compiled. Immutable; the caller keeps it by the chart's digest.
pub struct Program {
    kind: Kind,
    /// The chart's name: the first part of `Template.Name`.
    name: String,
    /// The versions of Kubernetes that the chart accepts; empty for all.
    kube_version: String,
    /// Whether its templates speak of the release's revision.
    asks_release: bool,
    /// Whether its templates render texts out of values.
    calls_tpl: bool,
}

/// What a chart is made of.
enum Kind {
    /// `*.j2` templates alone.
    Jinja(Box<Pages>),
    /// Helm's templates, or charts within the chart.
    Helm(Box<Whole>),
}

/// A chart that is rendered as Helm renders it.
struct Whole {
    program: HelmChart,
    /// The chart with its own default values.
    chart: Arc<Chart>,
    /// The chart for values that hold them already.
    without_defaults: Arc<Chart>,
}

/// Values in the form that templates read: converted once per change, cloned for nothing.
#[derive(Clone)]
pub struct ValuesTree {
    value: Value,
    style: ValuesStyle,
}

/// How a module's values are shown to its chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValuesStyle {
    /// `{global: …, <key>: …}`, as the original has it.
    #[default]
    Nested,
    /// The module's own values at the root, with `global` beside them, for charts of others.
    Root,
}

/// All that a render depends on, beside the chart.
#[derive(Debug, Clone)]
pub struct Input {
    /// What templates see as `Values`.
    pub values: ValuesTree,
    /// What templates see as `Release`.
    pub release: Release,
    /// What templates see as `Capabilities`.
    pub capabilities: Arc<Capabilities>,
}

/// The release that a render is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The module's name.
    pub name: String,
    /// The namespace for objects that name none.
    pub namespace: String,
    /// 1 for the first, then counting.
    pub revision: u64,
    /// Whether the release is applied for the first time.
    pub is_install: bool,
    /// Whether it replaces an earlier one.
    pub is_upgrade: bool,
}

/// What the cluster can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// The server's `gitVersion`, `v1.36.3`.
    pub kube_version: String,
    /// `apps/v1` and `apps/v1/Deployment`, in the order in which templates see them.
    pub api_versions: Vec<String>,
}

/// What a chart rendered to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// The objects, in the order in which Helm would install them.
    pub manifests: Vec<Manifest>,
    /// Objects with a `helm.sh/hook` annotation, in the order in which they run.
    pub hooks: Vec<Hook>,
    /// The files below `crds/` of the charts in the chart that values switched on.
    pub definitions: Vec<Definition>,
    /// What Helm warns of, each once. Values, which may be secret, are left out.
    pub warnings: Vec<String>,
}

/// Why a chart could not be compiled or rendered. The files of the mistakes are paths in the module
/// folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Templates that cannot be read.
    #[error("{0}")]
    Compile(Mistakes),
    /// Templates that failed, or did not give objects.
    #[error("{0}")]
    Render(Mistakes),
}

impl Program {
    /// Reads all templates of a chart.
    ///
    /// # Errors
    ///
    /// The mistakes of all templates, each with file, line and excerpt.
    pub fn compile(chart: &Chart) -> Result<Self, Error> {
        let mut templates = chart.templates.iter();
        // Notes alone are for people who install by hand.
        let is_helm = !chart.dependencies.is_empty()
            || templates.any(|template| {
                Engine::of(&template.path) == Engine::GoTemplate
                    && !template.path.ends_with("NOTES.txt")
            });
        let kind = if is_helm {
            Kind::Helm(Box::new(Whole::compile(chart)?))
        } else {
            let name = &chart.metadata.name;
            let pages = Pages::compile(name, &chart.metadata, chart).map_err(Error::Compile)?;
            Kind::Jinja(Box::new(pages))
        };
        Ok(Self {
            kind,
            name: chart.metadata.name.clone(),
            kube_version: chart.metadata.kube_version.clone(),
            asks_release: has_text(chart, &|text| {
                OF_RELEASE.iter().any(|word| text.contains(word))
            }),
            calls_tpl: has_text(chart, &|text| text.contains("tpl")),
        })
    }

    /// Whether the chart's own `values.yaml` are laid below the values here, as Helm does it. Else the
    /// caller does it.
    pub fn brings_defaults(&self) -> bool {
        matches!(self.kind, Kind::Helm(_))
    }

    /// Whether it can render to something else for another revision of the release, with these values.
    pub fn asks_release(&self, values: &serde_json::Value) -> bool {
        self.asks_release || (self.calls_tpl && speaks_of_release(values))
    }

    /// Renders all templates. Equal inputs render equally, but for what `outside` answers.
    ///
    /// # Errors
    ///
    /// The mistakes of all templates and objects.
    pub fn render(&self, input: &Input, outside: Arc<dyn Outside>) -> Result<Rendered, Error> {
        self.check_kube_version(&input.capabilities)
            .map_err(|mistake| Error::Render(mistake.into()))?;
        let mut documents = manifest::Reader::default();
        let (mut mistakes, mut definitions) = (Vec::new(), Vec::new());
        let mut warnings = Vec::new();
        match &self.kind {
            Kind::Jinja(pages) => {
                let world = Asker::new(outside);
                for (file, rendered) in pages.render(input, &world, &|_| (), OUTPUT_LIMIT) {
                    match rendered {
                        Ok(text) => documents.read(file, &text),
                        Err(mistake) => mistakes.push(mistake),
                    }
                }
            }
            Kind::Helm(whole) => {
                let rendered = whole.render(input, outside, &mut warnings);
                let mut rendered =
                    rendered.map_err(|error| Error::Render(error.to_mistakes(&self.name)))?;
                definitions = rendered.take_definitions(&self.name);
                rendered.read_into(&mut documents, &self.name);
            }
        }
        mistakes.append(&mut documents.mistakes);
        Mistakes(mistakes).into_result().map_err(Error::Render)?;
        Ok(Rendered {
            definitions,
            warnings,
            ..documents.finish()
        })
    }

    fn check_kube_version(&self, capabilities: &Capabilities) -> Result<(), Mistake> {
        let (wanted, given) = (&self.kube_version, &capabilities.kube_version);
        if wanted.is_empty() {
            return Ok(());
        }
        let refuse = |message| Mistake::new("Chart.yaml", message).path("kubeVersion");
        match semver::matches(wanted, given) {
            Ok(true) => Ok(()),
            Ok(false) => Err(refuse(format!(
                "the chart wants Kubernetes {wanted}, this is {given}"
            ))),
            Err(reason) => Err(refuse(reason)),
        }
    }
}

impl Whole {
    fn compile(chart: &Chart) -> Result<Self, Error> {
        // What cannot be read is told now; which charts within are rendered, values say later.
        let pages = Pages::compile(&chart.metadata.name, &chart.metadata, chart);
        let mut mistakes = pages.err().map_or_else(Vec::new, |mistakes| mistakes.0);
        let program = HelmChart::new(HelmVersion::V4);
        mistakes.extend(program.check(chart));
        Mistakes(mistakes).into_result().map_err(Error::Compile)?;
        let without_defaults = Chart {
            defaults: Defaults::default(),
            ..chart.clone()
        };
        Ok(Self {
            program,
            chart: Arc::new(chart.clone()),
            without_defaults: Arc::new(without_defaults),
        })
    }

    fn render(
        &self,
        input: &Input,
        outside: Arc<dyn Outside>,
        warnings: &mut Vec<String>,
    ) -> Result<Printable, HelmError> {
        let chart = match input.values.style {
            ValuesStyle::Nested => &self.without_defaults,
            ValuesStyle::Root => &self.chart,
        };
        let values = input.values.to_map();
        let coalesced = chart::coalesce(chart, &values, Care::ForSpeed);
        let checked = coalesced.and_then(|mut coalesced| {
            coalesced.check_schemas()?;
            warnings.append(&mut coalesced.warnings);
            Ok(coalesced)
        });
        let coalesced = checked.map_err(|error| HelmError::of_values(&error))?;
        let cluster = (&input.release, &*input.capabilities);
        let rendered = self.program.render(&coalesced.root, cluster, outside)?;
        warnings.extend_from_slice(rendered.warnings());
        let told = warnings.iter().map(|warning| without_values(warning));
        *warnings = told.collect::<BTreeSet<_>>().into_iter().collect();
        Ok(rendered)
    }
}

/// A warning of Helm without the values in parentheses behind it.
fn without_values(warning: &str) -> String {
    let told = warning.strip_prefix("warning: ").unwrap_or(warning);
    let told = told.split(" (").next().unwrap_or(told);
    told.to_owned()
}

/// Whether any template of a chart and of those in it has a text.
fn has_text(chart: &Chart, is_it: &dyn Fn(&str) -> bool) -> bool {
    let mut templates = chart.templates.iter();
    templates.any(|template| is_it(&template.text))
        || chart
            .dependencies
            .iter()
            .any(|chart| has_text(chart, is_it))
}

/// Whether any text among the values does.
fn speaks_of_release(values: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object, String};
    match values {
        String(text) => OF_RELEASE.iter().any(|word| text.contains(word)),
        Array(items) => items.iter().any(speaks_of_release),
        Object(entries) => entries.values().any(speaks_of_release),
        _ => false,
    }
}

/// A program is shared between threads; its templates may be large and say nothing to a reader.
impl fmt::Debug for Program {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Program({})", self.name)
    }
}

impl ValuesTree {
    /// Converts values. Costs time in proportion to their size, so do it once per change.
    pub fn new(values: &serde_json::Value) -> Self {
        Self {
            value: function::to_value(values),
            style: ValuesStyle::default(),
        }
    }

    /// As Helm's templates see them: every number is a float.
    fn to_map(&self) -> Map {
        match go_value(&self.value) {
            GoValue::Map(map) => map,
            _ => Map::any(),
        }
    }
}

fn go_value(value: &Value) -> GoValue {
    match value.kind() {
        ValueKind::Bool => GoValue::Bool(value.is_true()),
        ValueKind::Number => GoValue::Float(f64::try_from(value.clone()).unwrap_or_default()),
        ValueKind::String => GoValue::from(value.as_str().unwrap_or_default()),
        ValueKind::Seq => {
            let items = value.try_iter().into_iter().flatten();
            items.map(|item| go_value(&item)).collect::<Vec<_>>().into()
        }
        ValueKind::Map => {
            let keys = value.try_iter().into_iter().flatten();
            let entries = keys.filter_map(|key| {
                let entry = value.get_item(&key).ok()?;
                Some((Text::from(key.as_str()?), go_value(&entry)))
            });
            GoValue::Map(entries.collect())
        }
        _ => GoValue::Nil,
    }
}

/// Values may be secret, so they are never shown.
impl fmt::Debug for ValuesTree {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[values]")
    }
}

/// What a chart sees as `Values`, put together without converting anything again.
///
/// With [`ValuesStyle::Root`], module values that are no map count as empty.
pub fn values_tree(
    style: ValuesStyle,
    global: &ValuesTree,
    key: &ValuesKey,
    module_values: &ValuesTree,
) -> ValuesTree {
    let own = module_values.value.clone();
    let tree = match style {
        ValuesStyle::Nested => Tree::default().with(key.as_str(), own),
        ValuesStyle::Root => own
            .downcast_object_ref::<Tree>()
            .cloned()
            .unwrap_or_default(),
    };
    let value = Value::from_object(tree.with("global", global.value.clone()));
    ValuesTree { value, style }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Metadata, TemplateFile};
    use serde_json::json;

    /// Knows nothing.
    struct Nowhere;

    impl Outside for Nowhere {
        fn now(&self) -> i128 {
            0
        }
        fn fill_random(&self, _: &mut [u8]) {}
        fn lookup(&self, _: &Lookup<'_>) -> Result<Option<serde_json::Value>, String> {
            Ok(None)
        }
        fn resolve_host(&self, _: &str) -> String {
            String::new()
        }
        fn recall(&self, _: &DrawKey) -> Option<serde_json::Value> {
            None
        }
        fn keep(&self, _: DrawKey, _: serde_json::Value) {}
    }

    /// Renders one template; the object's data is the answer.
    fn render(template: &str, values: ValuesTree) -> Result<serde_json::Value, String> {
        let text =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {template}\n");
        let chart = Chart {
            metadata: Metadata {
                name: "web".to_owned(),
                ..Metadata::default()
            },
            templates: vec![TemplateFile {
                path: "templates/a.yaml.j2".to_owned(),
                text: text.into(),
            }],
            files: [("a/b.txt", &b"b"[..]), ("a/c.bin", &[0xff])]
                .map(|(path, bytes)| (path.to_owned(), bytes.into()))
                .into(),
            ..Chart::default()
        };
        let program = Program::compile(&chart).map_err(|error| error.to_string())?;
        let input = Input {
            values,
            release: Release {
                name: "web".to_owned(),
                namespace: "shop".to_owned(),
                revision: 1,
                is_install: true,
                is_upgrade: false,
            },
            capabilities: Arc::default(),
        };
        let render = || program.render(&input, Arc::new(Nowhere));
        let rendered = render().map_err(|error| error.to_string())?;
        assert_eq!(render().as_ref(), Ok(&rendered));
        Ok(rendered.manifests[0].object["data"].clone())
    }

    #[test]
    fn program_and_values_are_shared_between_threads() {
        fn assert_shared<T: Send + Sync>() {}
        assert_shared::<Program>();
        assert_shared::<Input>();
    }

    // Found by fuzzing: the engine panics there.
    #[test]
    fn import_without_a_good_name_is_a_mistake_with_its_line() {
        let words = "templates/a.yaml.j2:4: syntax error: what is imported has no good name";
        for (import, is_refused) in [
            ("{% import 'a' as my-lib %}", true),
            ("{%- import 'a' as b + c -%}", true),
            ("{%- import 'a' as 1 -%}", true),
            ("{% import 'a' as my_lib -%}", false),
        ] {
            let rendered = render(import, ValuesTree::new(&json!({})));
            let why = rendered.unwrap_err();
            assert_eq!(why.contains(words), is_refused, "{import}: {why}");
        }
    }

    #[test]
    fn values_are_never_shown_by_debug() {
        let tree = ValuesTree::new(&json!({"password": "hunter2"}));
        assert_eq!(format!("{tree:?}"), "[values]");
    }

    #[test]
    fn values_are_shown_nested_or_at_the_root() {
        let global = ValuesTree::new(&json!({"domain": "x"}));
        let own = ValuesTree::new(&json!({"image": "nginx", "global": 1}));
        let key = ValuesKey::parse("certManager").unwrap();
        let shown = |style| {
            render(
                "{{ Values | toJson }}",
                values_tree(style, &global, &key, &own),
            )
            .unwrap()
        };
        assert_eq!(
            shown(ValuesStyle::Nested),
            json!({"global": {"domain": "x"}, "certManager": {"image": "nginx", "global": 1}})
        );
        assert_eq!(
            shown(ValuesStyle::Root),
            json!({"global": {"domain": "x"}, "image": "nginx"})
        );
    }

    #[test]
    fn expressions_give_what_the_table_says() {
        for (expression, expected) in [
            ("{{ none }}", json!(null)),
            ("{{ true }}", json!(true)),
            ("{{ 1.0 }}", json!(1)),
            ("{{ [1, none, 'x'] }}", json!([1, null, "x"])),
            ("{{ {'a': {'b': true}} }}", json!({"a": {"b": true}})),
            ("{{ '<&>' | quote }}", json!("<&>")),
            ("{{ Values | hasKey('web') }}", json!(true)),
            ("{{ 'web' in Values }}", json!(true)),
            (
                "{{ Values.web.a is defined and Values.web.a }}",
                json!(false),
            ),
            ("{{ (Values.web | merge({'b': 2})).b }}", json!(2)),
            ("{{ Values.web.list | list | length }}", json!(2)),
            ("{{ Values.web.list | join('-') | quote }}", json!("1-2")),
            ("{{ (1, 2) | max }}", json!(2)),
            ("{{ dict('a', 1).a }}", json!(1)),
            ("{{ Values.web == {'list': [1, 2]} }}", json!(true)),
            (
                "{% for key, value in Values|items %}{{ key }}{% endfor %}",
                json!("web"),
            ),
            (
                "{% for key in Values.web %}{{ key }}{% endfor %}",
                json!("list"),
            ),
            ("{{ Files.Get('a/b.txt') }}", json!("b")),
            ("{{ Files['a/b.txt'] }}", json!("b")),
            ("{{ 'a/x.txt' in Files }}", json!(false)),
            ("{{ Files.Get('a/c.bin') | b64enc }}", json!("/w==")),
            ("{{ Files.Lines('a/b.txt') | length }}", json!(1)),
            (
                "{{ Files.Glob('a/*').AsSecrets() | fromYaml }}",
                json!({"b.txt": "Yg==", "c.bin": "/w=="}),
            ),
            (
                "{% for path in Files.Glob('**.txt') %}{{ path }}{% endfor %}",
                json!("a/b.txt"),
            ),
            ("{{ Capabilities.APIVersions.Has('v1') }}", json!(false)),
            (
                "{{ Release.Name ~ '-' ~ Release.Namespace }}",
                json!("web-shop"),
            ),
            ("{{ Template.Name }}", json!("web/templates/a.yaml.j2")),
        ] {
            let values = ValuesTree::new(&json!({"web": {"list": [1, 2]}}));
            assert_eq!(render(expression, values), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn expressions_fail_as_the_table_says() {
        for (expression, part) in [
            (
                "{{ Files.Glob('a/*').AsConfig() }}",
                "\"a/c.bin\" is not text; use AsSecrets",
            ),
            (
                "{{ Files.Get('a/c.bin') | trim }}",
                "text must be a string, got binary data",
            ),
            ("{{ Files.Get(1) }}", "Files.Get takes one string"),
            ("{{ Files.Glob('[') }}", "bad file name pattern"),
            ("{{ Capabilities | toJson }}", "is no plain data"),
            ("{{ dict(a=1) }}", "keyword"),
            (
                "{{ include('web.labels') }}",
                "include(name, value): the chart has no templates of Go",
            ),
            (
                "{{ 10 | untill }}",
                "there is no function untill (did you mean until?)",
            ),
        ] {
            let error = render(expression, ValuesTree::new(&json!({}))).unwrap_err();
            assert!(error.contains(part), "{expression}: {error}");
        }
    }
}
