//! Files of a chart → the chart, with its subcharts.

mod archive;
mod folder;
mod ignore;
mod lock;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::report::Mistake;
use crate::yaml::{self, Profile};

use super::metadata::{self, Metadata, Problem};
use super::tree::{Branch, Tree};
use super::{Chart, Defaults, Error, File, TemplateFile};
pub(super) use folder::Folder;

/// The largest file that a chart may have, in bytes: Helm's own limit.
const FILE_LIMIT: u64 = 5 * 1024 * 1024;
/// How large the files of a chart may be together, in bytes: Helm's own limit.
const CHART_LIMIT: u64 = 100 * 1024 * 1024;
/// What go-yaml says about bytes that are no text.
const NO_TEXT: &str = "error converting YAML to JSON: yaml: invalid leading UTF-8 octet";
/// How deep charts may nest: far above any real chart.
const DEPTH_LIMIT: usize = 32;

/// A file in memory.
#[derive(Debug, Clone)]
pub(super) struct Buffered {
    /// Its path in the chart, with slashes.
    pub(super) name: String,
    pub(super) data: Vec<u8>,
}

impl Buffered {
    /// A file, without a byte order mark.
    pub(super) fn new(name: String, mut data: Vec<u8>) -> Self {
        if data.starts_with(b"\xef\xbb\xbf") {
            data.drain(..3);
        }
        Self { name, data }
    }
}

/// Why files are no chart: once as Helm says it, once as mistakes in files of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) helm: String,
    pub(super) mistakes: Vec<Mistake>,
}

impl Failure {
    /// A failure of one file, told in Helm's words alone.
    pub(super) fn of_file(file: &str, helm: impl Into<String>) -> Self {
        let helm = helm.into();
        Self {
            mistakes: vec![Mistake::new(file, helm.clone())],
            helm,
        }
    }

    pub(super) fn of_problems(file: &str, problems: Vec<Problem>) -> Self {
        let words = problems.first().map(Problem::helm).unwrap_or_default();
        let helm = if words.starts_with("validation: ") {
            words.to_owned()
        } else {
            format!("cannot load {file}: {words}")
        };
        let mut mistakes = Vec::new();
        metadata::mistakes(file, problems, &mut mistakes);
        Self { helm, mistakes }
    }

    /// The same failure of a subchart, as the parent tells it.
    fn in_subchart(mut self, name: &str, parent: &str) -> Self {
        self.helm = format!("error unpacking subchart {name} in {parent}: {}", self.helm);
        for mistake in &mut self.mistakes {
            mistake.file = if mistake.file.is_empty() {
                format!("charts/{name}")
            } else {
                format!("charts/{name}/{}", mistake.file)
            };
        }
        self
    }
}

/// Makes a chart of its files. Warnings are added in Helm's words.
pub(super) fn build(files: Vec<Buffered>, warnings: &mut Vec<String>) -> Result<Chart, Failure> {
    build_nested(files, warnings, 0)
}

fn build_nested(
    files: Vec<Buffered>,
    warnings: &mut Vec<String>,
    depth: usize,
) -> Result<Chart, Failure> {
    let metadata = read_metadata(&files)?;
    let mut parts = Parts {
        metadata,
        ..Parts::default()
    };
    for file in files {
        parts.sort_in(file, warnings)?;
    }
    parts.finish(warnings, depth)
}

/// What is in a folder of subcharts, and what is wrong with what cannot be one.
pub(super) fn build_subcharts(
    files: Vec<Buffered>,
    parent: &str,
) -> (Vec<Arc<Chart>>, Vec<Failure>) {
    let mut parts = Parts::default();
    let mut warnings = Vec::new();
    let (mut charts, mut failures) = (Vec::new(), Vec::new());
    for file in files {
        if let Err(failure) = parts.sort_in(file, &mut warnings) {
            failures.push(failure);
        }
    }
    for (name, files) in parts.subcharts {
        if name.starts_with(['_', '.']) {
            continue;
        }
        match subchart(&name, files, parent, &mut warnings, 0) {
            Ok(chart) => charts.push(Arc::new(chart)),
            Err(failure) => failures.push(failure.in_subchart(&name, parent)),
        }
    }
    (charts, failures)
}

/// The files of a chart's folder or of a packed chart.
pub(super) fn files_of(path: &Path, warnings: &mut Vec<String>) -> Result<Vec<Buffered>, Error> {
    let unreadable = |source: std::io::Error| {
        let what = words_of(&source);
        Error::Helm(format!("open {}: {what}", path.display()))
    };
    let found = std::fs::metadata(path).map_err(|source| not_found(path, &source))?;
    if !found.is_dir() {
        // Helm has no limit for the packed size, but for what it unpacks to.
        if found.len() > CHART_LIMIT {
            let words =
                format!("decompressed chart is larger than the maximum file size {CHART_LIMIT}");
            return Err(Error::Helm(words));
        }
        let packed = std::fs::read(path).map_err(unreadable)?;
        return archive::unpack_file(path, &packed).map_err(Error::Helm);
    }
    let mut folder = Folder::open(path)?;
    let files = if folder.words.is_empty() {
        folder.read_all("")?
    } else {
        Vec::new()
    };
    warnings.append(&mut folder.followed);
    match folder.words.into_iter().next() {
        Some(words) => Err(Error::Helm(words)),
        None => Ok(files),
    }
}

/// What Helm says about a chart that is nowhere on disk.
fn not_found(path: &Path, source: &std::io::Error) -> Error {
    let name = path.display().to_string();
    if source.kind() != std::io::ErrorKind::NotFound {
        return Error::Helm(format!("stat {name}: {}", words_of(source)));
    }
    let words = match name.split_once('/') {
        _ if name.starts_with(['/', '.']) => format!("path {name:?} not found"),
        Some((repository, _)) => format!("repo {repository} not found"),
        None => {
            format!("non-absolute URLs should be in form of repo_name/path_to_chart, got: {name}")
        }
    };
    Error::Helm(words)
}

/// What the system says, in the form that Go gives it.
fn words_of(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// `Chart.yaml`, which comes first, whatever the order of the files.
fn read_metadata(files: &[Buffered]) -> Result<Option<Metadata>, Failure> {
    let mut metadata: Option<Metadata> = None;
    for file in files.iter().filter(|file| file.name == "Chart.yaml") {
        let metadata = metadata.get_or_insert_default();
        decode(metadata, file)?;
        if metadata.api_version.is_empty() {
            "v1".clone_into(&mut metadata.api_version);
        }
    }
    Ok(metadata)
}

fn decode(metadata: &mut Metadata, file: &Buffered) -> Result<(), Failure> {
    let text = text_of(file)?;
    metadata
        .decode(text)
        .map_err(|problems| Failure::of_problems(&file.name, problems))
}

/// A text, or what go-yaml says about bytes that are none.
fn text_of(file: &Buffered) -> Result<&str, Failure> {
    std::str::from_utf8(&file.data).map_err(|_| {
        let name = &file.name;
        Failure {
            helm: format!("cannot load {name}: {NO_TEXT}"),
            mistakes: vec![Mistake::new(name.as_str(), "is not UTF-8 text")],
        }
    })
}

/// The values in a text; of an empty one, none.
pub(super) fn read_values(name: &str, text: &str) -> Result<Branch, Failure> {
    values_in(text).map_err(|problem| Failure::of_problems(name, vec![problem]))
}

/// The values in a file that a person named, or what Helm says about it.
pub(super) fn parse_values(bytes: &[u8]) -> Result<Branch, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| NO_TEXT.to_owned())?;
    values_in(text).map_err(|problem| problem.helm().to_owned())
}

fn values_in(text: &str) -> Result<Branch, Problem> {
    let node = yaml::read(text, Profile::V2).map_err(|error| Problem::of_yaml(&error))?;
    match Tree::from(node) {
        Tree::Map(branch) => Ok(branch),
        Tree::Null => Ok(Branch::default()),
        other => Err(Problem::no_map(&other)),
    }
}

/// A chart while its files are sorted.
#[derive(Default)]
struct Parts {
    metadata: Option<Metadata>,
    templates: Vec<TemplateFile>,
    files: BTreeMap<String, Arc<[u8]>>,
    crds: Vec<File>,
    defaults: Defaults,
    schema: Option<Arc<[u8]>>,
    /// The files of each entry of `charts/`, their names below that folder.
    subcharts: BTreeMap<String, Vec<Buffered>>,
}

impl Parts {
    fn sort_in(&mut self, file: Buffered, warnings: &mut Vec<String>) -> Result<(), Failure> {
        match file.name.as_str() {
            "Chart.yaml" => {}
            "Chart.lock" => lock::check(&file.name, text_of(&file)?)?,
            "values.yaml" => {
                let branch = read_values(&file.name, text_of(&file)?)?;
                self.defaults = Defaults::new(branch, &file.data);
            }
            "values.schema.json" => self.schema = Some(file.data.into()),
            "requirements.yaml" | "requirements.lock" => self.sort_in_old(file, warnings)?,
            name if name.starts_with("templates/") => {
                let text = String::from_utf8_lossy(&file.data).into();
                self.templates.push(TemplateFile {
                    path: file.name,
                    text,
                });
            }
            name if name.starts_with("charts/") && !has_extension(name, "prov") => {
                let name = name["charts/".len()..].to_owned();
                let top = name.split('/').next().unwrap_or_default().to_owned();
                let data = file.data;
                let files = self.subcharts.entry(top).or_default();
                files.push(Buffered { name, data });
            }
            _ => self.keep(file),
        }
        Ok(())
    }

    /// What charts had before `apiVersion: v2`.
    fn sort_in_old(&mut self, file: Buffered, warnings: &mut Vec<String>) -> Result<(), Failure> {
        let metadata = self.metadata.get_or_insert_default();
        let is_lock = file.name == "requirements.lock";
        if is_lock {
            lock::check(&file.name, text_of(&file)?)?;
        }
        if metadata.api_version != "v1" {
            let warning = if is_lock {
                "Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". \
                 We recommend migrating to Chart.lock."
            } else {
                "Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". \
                 We recommend migrating dependencies to Chart.yaml."
            };
            warnings.push(warning.to_owned());
        }
        if !is_lock {
            decode(metadata, &file)?;
        }
        if metadata.api_version == "v1" {
            self.keep(file);
        }
        Ok(())
    }

    fn keep(&mut self, file: Buffered) {
        let bytes: Arc<[u8]> = file.data.into();
        if is_definition(&file.name) {
            self.crds.push(File {
                path: file.name.clone(),
                bytes: Arc::clone(&bytes),
            });
        }
        self.files.insert(file.name, bytes);
    }

    fn finish(mut self, warnings: &mut Vec<String>, depth: usize) -> Result<Chart, Failure> {
        let missing = || Failure::of_file("", "Chart.yaml file is missing");
        let mut metadata = self.metadata.take().ok_or_else(missing)?;
        metadata.validate().map_err(|words| Failure {
            mistakes: vec![metadata::invalid("Chart.yaml", &words)],
            helm: words,
        })?;
        let mut dependencies = Vec::new();
        for (name, files) in std::mem::take(&mut self.subcharts) {
            if name.starts_with(['_', '.']) {
                continue;
            }
            let chart = subchart(&name, files, &metadata.name, warnings, depth)
                .map_err(|failure| failure.in_subchart(&name, &metadata.name))?;
            dependencies.push(Arc::new(chart));
        }
        let mut chart = Chart {
            metadata,
            templates: self.templates,
            files: self.files,
            defaults: self.defaults,
            schema: self.schema,
            crds: self.crds,
            dependencies,
            ..Chart::default()
        };
        chart.seal();
        Ok(chart)
    }
}

/// One entry of `charts/`.
fn subchart(
    name: &str,
    files: Vec<Buffered>,
    parent: &str,
    warnings: &mut Vec<String>,
    depth: usize,
) -> Result<Chart, Failure> {
    if depth == DEPTH_LIMIT {
        return Err(Failure::of_file("", "charts nest too deep"));
    }
    if has_extension(name, "tgz") {
        let Some(file) = files.first() else {
            return Err(Failure::of_file("", "Chart.yaml file is missing"));
        };
        if file.name != name {
            let found = &file.name;
            let words =
                format!("error unpacking subchart tar in {parent}: expected {name}, got {found}");
            return Err(Failure::of_file("", words));
        }
        let files = archive::unpack(&file.data).map_err(|words| Failure::of_file("", words))?;
        return build_nested(files, warnings, depth + 1);
    }
    let inner = files.into_iter().filter_map(|mut file| {
        file.name = file.name.split_once('/')?.1.to_owned();
        Some(file)
    });
    build_nested(inner.collect(), warnings, depth + 1)
}

/// Whether a file is installed before the templates are.
pub(super) fn is_definition(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension);
    let is_manifest = extension.is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    path.starts_with("crds/") && is_manifest
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == extension)
        || name.strip_prefix('.') == Some(extension)
}

#[cfg(test)]
mod tests;
