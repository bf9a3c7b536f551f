//! Helm's charts: Go templates on Helm's objects, and what comes of the text.
//!
//! Everything here is as Helm 3.22.0 has it, to the byte: the objects and their types, the order in which
//! templates are parsed and executed, how errors are told, where a text is cut, and how documents are
//! sorted and printed.

mod capabilities;
mod context;
mod drawn;
mod error;
mod files;
mod head;
mod kube_version;
mod metadata;
mod order;
mod print;
mod sort;
mod split;
mod world;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use kube_version::{DEFAULT_KUBE_VERSION, default_api_versions, parse_kube_version};
pub use print::{Choice, FileKind};

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::manifest::Reader;
use super::outside::Outside;
use super::pages::Pages;
use super::{Capabilities, Input, OUTPUT_LIMIT, Release, ValuesTree};
use crate::chart::{Chart, Member};
use crate::gotemplate::{self, Functions, Limits, Set};
use crate::govalue::{self, Function, Value};
use crate::report::{self, Mistake, Mistakes};
use crate::semver::{Constraint, Version};
use crate::sprig::{self, HelmVersion};
use context::Contexts;
use order::Entry;
use sort::{Document, Sorted};
pub(super) use world::Asker;

/// For how many sets of charts that values switch on templates are kept compiled.
const KEPT: usize = 8;
/// What the files that are notes end in.
const NOTES: &str = "NOTES.txt";

/// The Go templates of one chart and of all charts in it, compiled when they are first rendered.
pub struct HelmChart {
    version: HelmVersion,
    compiled: Mutex<Vec<Arc<Compiled>>>,
}

/// The templates of the charts that some values switched on.
struct Compiled {
    /// Which charts these are, and where.
    shape: String,
    set: Arc<Set>,
    entries: Vec<Entry>,
    /// The templates that Helm does not know, with the place of their chart and its path.
    pages: Vec<(usize, String, Pages)>,
}

/// What each template rendered to, by its path: `web/templates/a.yaml`. For the most part UTF-8.
pub type Texts = BTreeMap<String, Vec<u8>>;

/// A file below `crds/` of a chart, or of a chart in it.
#[derive(Clone)]
pub struct Definition {
    /// `web/charts/db/crds/a.yaml`
    pub path: String,
    chart: Arc<Chart>,
    place: usize,
}

/// What a chart rendered to.
#[derive(Debug, Clone)]
pub struct Printable {
    definitions: Vec<Definition>,
    texts: Texts,
    sorted: Sorted,
    notes: String,
}

impl HelmChart {
    /// For templates that call the functions of that Helm.
    pub fn new(version: HelmVersion) -> Self {
        let compiled = Mutex::default();
        Self { version, compiled }
    }

    /// What is wrong with the Go templates of a chart, those of charts in it not counted: which of them
    /// are rendered is not known yet.
    pub(super) fn check(&self, chart: &Chart) -> Vec<Mistake> {
        let mut set = Set::new(functions(self.version));
        let mut mistakes = Vec::new();
        let templates = chart.templates.iter();
        for template in templates.filter(|template| !order::is_jinja(&template.path)) {
            let path = format!("{}/{}", chart.metadata.name, template.path);
            if let Err(error) = set.add(&path, template.text.as_bytes()) {
                let told = Error::of_template(&path, &error).to_mistakes(&chart.metadata.name);
                let told = told.0.into_iter().map(|mistake| {
                    let excerpt = report::excerpt(&template.text, mistake.line);
                    mistake.excerpt(excerpt)
                });
                mistakes.extend(told);
            }
        }
        mistakes
    }

    /// Renders the templates of a chart and of all charts in it: the text of each by its path. They may
    /// change the values.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in Helm's words.
    pub fn execute(
        &self,
        root: &Member,
        (release, capabilities): (&Release, &Capabilities),
        outside: Arc<dyn Outside>,
    ) -> Result<Texts, Error> {
        check_kube_version(&root.metadata.kube_version, &capabilities.kube_version)?;
        let compiled = self.compiled(root)?;
        let world = Asker::new(outside);
        let contexts = Contexts::new(root, release, capabilities);
        let mut texts = compiled.execute(&contexts, &world)?;
        if !compiled.pages.is_empty() {
            let pages =
                compiled.render_pages(root, (release, capabilities), (&contexts, &world))?;
            texts.extend(pages);
        }
        Ok(texts)
    }

    /// Renders all templates, and makes documents of their texts.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in Helm's words.
    pub fn render(
        &self,
        root: &Member,
        cluster: (&Release, &Capabilities),
        outside: Arc<dyn Outside>,
    ) -> Result<Printable, Error> {
        let mut texts = self.execute(root, cluster, outside)?;
        let notes = take_notes(&mut texts, &root.path);
        let sorted = sort::sort(&texts).map_err(Error::of_document)?;
        Ok(Printable {
            definitions: definitions(root),
            texts,
            sorted,
            notes,
        })
    }

    /// The templates of these charts, compiled now or before.
    fn compiled(&self, root: &Member) -> Result<Arc<Compiled>, Error> {
        let members = context::members(root);
        let shape = shape(&members);
        let known = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().iter().find(|known| known.shape == shape) {
            return Ok(Arc::clone(found));
        }
        let compiled = Arc::new(Compiled::new(self.version, shape, &members)?);
        let mut known = known();
        if known.len() >= KEPT {
            known.remove(0);
        }
        known.push(Arc::clone(&compiled));
        Ok(compiled)
    }
}

impl Compiled {
    fn new(version: HelmVersion, shape: String, members: &[&Member]) -> Result<Self, Error> {
        let entries = order::entries(members);
        let mut set = Set::new(functions(version));
        for entry in &entries {
            let member = members.get(entry.member);
            let text = member.and_then(|member| member.chart.templates.get(entry.place));
            let text = text.map_or("", |template| &*template.text);
            set.add(&entry.path, text.as_bytes())
                .map_err(|error| Error::of_template(&entry.path, &error))?;
        }
        Ok(Self {
            shape,
            set: Arc::new(set),
            entries,
            pages: pages(members)?,
        })
    }

    /// Renders what Helm does not know. It sees the values as Helm's templates left them.
    fn render_pages(
        &self,
        root: &Member,
        (release, capabilities): (&Release, &Capabilities),
        (contexts, world): (&Contexts, &Rc<Asker>),
    ) -> Result<Texts, Error> {
        let members = context::members(root);
        let (mut texts, mut mistakes) = (Texts::new(), Vec::new());
        for (member, path, pages) in &self.pages {
            let values = members
                .get(*member)
                .map(|member| Value::Map(member.values.clone()));
            let values = govalue::to_serde(&values.unwrap_or_default());
            let values = values.map_err(|error| Error::plain(error.to_string()))?;
            let input = Input {
                values: ValuesTree::new(&values),
                release: release.clone(),
                capabilities: Arc::new(capabilities.clone()),
            };
            let offer = |file: &str| {
                let base_path = format!("{path}/templates");
                let root = contexts.of_template(*member, file, &base_path);
                world.offer(&self.set, root);
            };
            for (file, rendered) in pages.render(&input, world, &offer, OUTPUT_LIMIT) {
                match rendered {
                    Ok(text) => drop(texts.insert(format!("{path}/{file}"), text.into_bytes())),
                    Err(mistake) => mistakes.push(mistake),
                }
            }
        }
        let told = Mistakes(mistakes).into_result().map_err(Error::of_pages);
        told.map(|()| texts)
    }

    /// The text of every file that is rendered by itself.
    fn execute(&self, contexts: &Contexts, world: &Asker) -> Result<Texts, Error> {
        let mut files = Texts::new();
        let mut render = self.set.begin(world, Limits::default());
        for entry in self.entries.iter().filter(|entry| !entry.is_partial()) {
            world.begin(&entry.path);
            let data = contexts.of_template(entry.member, &entry.path, &entry.base_path);
            let text = render.execute(&entry.path, &data);
            let text = text.map_err(|error| Error::of_template(&entry.path, &error))?;
            files.insert(entry.path.clone(), text);
        }
        Ok(files)
    }
}

impl Printable {
    /// What Helm says about it on standard error, a line each.
    pub fn warnings(&self) -> &[String] {
        &self.sorted.warnings
    }

    /// The chart's notes.
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// The documents that are installed, but for those that hold nothing.
    pub fn objects(&self) -> impl Iterator<Item = serde_json::Value> {
        let documents = self.sorted.manifests.iter();
        let objects = documents.map(|document| document.node.to_value());
        objects.filter(|object| !object.is_null())
    }

    /// What `helm template` prints of it.
    ///
    /// # Errors
    ///
    /// In Helm's words: a pattern of [`Choice::only`] that no template matches.
    pub fn print(&self, choice: &Choice) -> Result<String, String> {
        let definitions: &[_] = if choice.with_definitions {
            &self.definitions
        } else {
            &[]
        };
        print::print(definitions, &self.sorted, choice)
    }

    /// The files that `helm template --output-dir` writes, in order: a path may come often.
    pub fn files(&self, choice: &Choice) -> Vec<(FileKind, &str, Cow<'_, str>)> {
        print::files(&self.definitions, &self.sorted, choice)
    }

    /// The files below `crds/` of the charts in the chart, as they lie in its folder.
    pub(super) fn take_definitions(&mut self, chart: &str) -> Vec<Definition> {
        let within = format!("{chart}/charts/");
        let mut found = std::mem::take(&mut self.definitions);
        found.retain(|definition| definition.path.starts_with(&within));
        for definition in &mut found {
            definition.path.drain(..=chart.len());
        }
        found
    }

    /// Makes objects of the documents; the files are told as they lie in the folder of the chart.
    pub(super) fn read_into(self, objects: &mut Reader, chart: &str) {
        for document in self.sorted.manifests.into_iter().chain(self.sorted.hooks) {
            let Document {
                path, line, node, ..
            } = document;
            let text = self.texts.get(&path).map(Vec::as_slice).unwrap_or_default();
            let text = std::str::from_utf8(text).unwrap_or_default();
            let file = path
                .strip_prefix(chart)
                .and_then(|path| path.strip_prefix('/'));
            objects.take(file.unwrap_or(&path), text, line, node);
        }
    }
}

/// The name of a release, from its template.
///
/// # Errors
///
/// What is wrong with the template, in the words of Go.
pub fn render_name(
    template: &str,
    version: HelmVersion,
    outside: Arc<dyn Outside>,
) -> Result<String, String> {
    const NAME: &str = "name-template";
    let mut set = Set::new(functions(version));
    let added = set.add(NAME, template.as_bytes());
    added.map_err(|error| match error {
        gotemplate::Error::Parse { text } => text,
        error => error.to_string(),
    })?;
    let world = Asker::new(outside);
    let name = set.execute(NAME, &Value::Nil, &*world, Limits::default());
    let name = name.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&name).into_owned())
}

fn functions(version: HelmVersion) -> Functions {
    fn in_3(name: &str) -> Option<&'static Function> {
        sprig::find(name, HelmVersion::V3)
    }
    fn in_4(name: &str) -> Option<&'static Function> {
        sprig::find(name, HelmVersion::V4)
    }
    match version {
        HelmVersion::V3 => in_3,
        HelmVersion::V4 => in_4,
    }
}

/// The templates that Helm does not know, of the charts that have any.
fn pages(members: &[&Member]) -> Result<Vec<(usize, String, Pages)>, Error> {
    let mut pages = Vec::new();
    for (place, member) in members.iter().enumerate() {
        let mut templates = member.chart.templates.iter();
        if templates.any(|template| order::is_jinja(&template.path)) {
            let compiled = Pages::compile(&member.path, &member.metadata, &member.chart);
            let compiled = compiled.map_err(Error::of_pages)?;
            pages.push((place, member.path.clone(), compiled));
        }
    }
    Ok(pages)
}

/// Which charts are where, as one text.
fn shape(members: &[&Member]) -> String {
    let mut shape = String::new();
    for member in members {
        // Writing to a string cannot fail.
        let _ = writeln!(shape, "{} {}", member.path, member.chart.digest);
    }
    shape
}

impl Definition {
    /// Its text, as it is.
    pub fn text(&self) -> Cow<'_, str> {
        let file = self.chart.crds.get(self.place);
        String::from_utf8_lossy(file.map_or(&[], |file| &file.bytes))
    }
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.text() == other.text()
    }
}

/// A definition may be as long as a book.
impl fmt::Debug for Definition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Definition({})", self.path)
    }
}

/// The files below `crds/`, of a chart and then of those in it.
fn definitions(member: &Member) -> Vec<Definition> {
    let own = member.chart.crds.iter().enumerate();
    let own = own.map(|(place, file)| Definition {
        path: format!("{}/{}", member.path, file.path),
        chart: Arc::clone(&member.chart),
        place,
    });
    let mut found: Vec<_> = own.collect();
    for child in &member.dependencies {
        found.extend(definitions(child));
    }
    found
}

/// Takes the notes out of the files, and gives those of the chart itself.
fn take_notes(files: &mut Texts, chart: &str) -> String {
    let own = files.get(&format!("{chart}/templates/{NOTES}"));
    let own = own.map_or_else(String::new, |text| {
        String::from_utf8_lossy(text).into_owned()
    });
    files.retain(|path, _| !path.ends_with(NOTES));
    own
}

fn check_kube_version(wanted: &str, given: &str) -> Result<(), Error> {
    if wanted.is_empty() || is_compatible(wanted, given) {
        return Ok(());
    }
    Err(Error::plain(format!(
        "chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {given}"
    )))
}

/// Whether a version meets a constraint. What is no constraint is met by none.
fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Ok(constraint), Ok(version)) => constraint.is_met(&version),
        _ => false,
    }
}

/// Its templates may be large and say nothing to a reader.
impl fmt::Debug for HelmChart {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HelmChart({:?})", self.version)
    }
}
