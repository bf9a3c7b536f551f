//! A chart read from disk, and its values.
//!
//! In: a module folder, a chart's folder or a packed chart · Out: [`Chart`]: metadata, templates,
//! files, default values, subcharts and one digest of them all · Never: renders, looks at hooks, writes.
//!
//! A module folder is a chart when it has a `Chart.yaml` or a `templates` entry. With a `Chart.yaml`,
//! its files are those Helm would load; without one the original's rules hold: the chart has the
//! module's name and folders called `crds`, `docs`, `hooks`, `images` and `lib` are left out.
//! `.helmignore` counts in both.
//!
//! Files other than templates are kept only when a template speaks of `Files` (or calls `tpl`, which
//! could): hooks may be large programs, and nothing else could see them. So the digest changes
//! exactly when something changes that a render could show.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::name::ModuleName;
use crate::report::Mistakes;

mod glob;
mod load;
mod metadata;
mod pattern;
mod set;
mod tree;
mod values;
mod version;

pub use glob::{BadGlob, Glob};
use load::{Buffered, Failure, Folder};
pub use metadata::{Dependency, Import, Maintainer, Metadata};
pub use pattern::{BadPattern, match_path};
pub use set::{Kind as SetKind, Reader, ValueOptions, set};
pub use tree::{Branch, Tree};
pub use values::{Care, Coalesced, Member, Merged, coalesce};

/// A chart as it was on disk at one moment, with its subcharts. Never changed after that.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// What `Chart.yaml` says, or what stands in for it.
    pub metadata: Metadata,
    /// Everything below `templates/`, in the order in which it was found.
    pub templates: Vec<TemplateFile>,
    /// The files that templates may read, by their path in the folder; empty when none asks.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The values of `values.yaml`.
    pub defaults: Defaults,
    /// What `values.schema.json` says, as it is.
    pub schema: Option<Arc<[u8]>>,
    /// The manifests below `crds/`, in the order in which they were found.
    pub crds: Vec<File>,
    /// What is in `charts/`, by file name: declared or not, enabled or not.
    pub dependencies: Vec<Arc<Self>>,
    /// The sha256 of all of the above, in hex: equal digests render equally.
    pub digest: String,
    /// What was found out about its values before.
    pub merged: Merged,
}

/// One file below `templates/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path in the folder, with slashes: `templates/web.yaml.j2`.
    pub path: String,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
}

/// A file that is used as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the folder, with slashes: `crds/web.yaml`.
    pub path: String,
    /// What is in it.
    pub bytes: Arc<[u8]>,
}

/// The values that a chart brings with it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Defaults {
    values: Branch,
    sum: [u8; 32],
}

impl Defaults {
    fn new(values: Branch, text: &[u8]) -> Self {
        let sum = Sha256::digest(text).into();
        Self { values, sum }
    }

    /// The values.
    pub fn values(&self) -> &Branch {
        &self.values
    }
}

/// A chart, and what is odd in it and yet lets it work.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The chart.
    pub chart: Arc<Chart>,
    /// What Helm would say about it on standard error, a line each.
    pub warnings: Vec<String>,
}

/// Why a chart could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or file could not be read.
    #[error("reading {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Files that a person has to correct.
    #[error("{0}")]
    Mistakes(Mistakes),
    /// What Helm says about a chart that it does not load, or about values that do not fit it.
    #[error("{0}")]
    Helm(String),
}

/// Reads the chart of a module folder; `None` when the folder has none.
///
/// # Errors
///
/// [`Error::Mistakes`] holds everything that is wrong in the folder, not only the first thing.
pub fn read(dir: &Path, module: &ModuleName) -> Result<Option<Chart>, Error> {
    let mut folder = Folder::open(dir)?;
    if folder.is_bare() && !folder.has("templates")? {
        return Ok(None);
    }
    let mut chart = Chart {
        metadata: read_metadata(&mut folder, module)?,
        ..Chart::default()
    };
    read_parts(&mut folder, &mut chart)?;
    let asks = chart.asks_for_files();
    if asks {
        chart.files = read_files(&mut folder, &chart.metadata)?;
    } else {
        chart.forget_files();
    }
    let mut mistakes = folder.mistakes;
    mistakes.sort();
    mistakes.dedup();
    Mistakes(mistakes).into_result().map_err(Error::Mistakes)?;
    chart.seal();
    Ok(Some(chart))
}

/// Reads a chart's folder or a packed chart, as `helm template` does, all of it.
///
/// # Errors
///
/// [`Error::Helm`] with what Helm says. Helm follows symbolic links wherever they lead; those that leave
/// the folder are refused here.
pub fn load(path: &Path) -> Result<Loaded, Error> {
    let mut warnings = Vec::new();
    let files = load::files_of(path, &mut warnings)?;
    let chart = load::build(files, &mut warnings).map_err(|failure| Error::Helm(failure.helm))?;
    let chart = Arc::new(chart);
    Ok(Loaded { chart, warnings })
}

fn read_metadata(folder: &mut Folder, module: &ModuleName) -> Result<Metadata, Error> {
    if folder.is_bare() {
        return Ok(Metadata::without_file(module));
    }
    let mut metadata = Metadata::default();
    for (file, is_needed) in [("Chart.yaml", true), ("requirements.yaml", false)] {
        if !is_needed && !folder.has(file)? {
            continue;
        }
        let text = folder.read_named(file)?;
        let shown = folder.show(file);
        match metadata.decode(&text) {
            Ok(()) => {}
            Err(problems) => metadata::mistakes(&shown, problems, &mut folder.mistakes),
        }
    }
    let shown = folder.show("Chart.yaml");
    if metadata.api_version.is_empty() {
        "v1".clone_into(&mut metadata.api_version);
    }
    metadata.check(&shown, &mut folder.mistakes);
    Ok(metadata)
}

/// Everything but the files that only templates read.
fn read_parts(folder: &mut Folder, chart: &mut Chart) -> Result<(), Error> {
    for found in folder.list("templates")? {
        let text = folder.read_text(&found)?.into();
        let path = found.path;
        chart.templates.push(TemplateFile { path, text });
    }
    if !folder.is_bare() {
        read_defaults(folder, chart)?;
        for file in folder.read_all("crds")? {
            if load::is_definition(&file.name) {
                let bytes = file.data.into();
                let path = file.name;
                chart.crds.push(File { path, bytes });
            }
        }
    }
    let files = folder.read_all("charts")?;
    let (subcharts, failures) = load::build_subcharts(files, &chart.metadata.name);
    chart.dependencies = subcharts;
    refuse(folder, failures);
    Ok(())
}

fn read_defaults(folder: &mut Folder, chart: &mut Chart) -> Result<(), Error> {
    if folder.has("values.yaml")? {
        let text = folder.read_named("values.yaml")?;
        match load::read_values("values.yaml", &text) {
            Ok(values) => chart.defaults = Defaults::new(values, text.as_bytes()),
            Err(failure) => refuse(folder, vec![failure]),
        }
    }
    if folder.has("values.schema.json")? {
        let text = folder.read_named("values.schema.json")?;
        chart.schema = Some(text.into_bytes().into());
    }
    Ok(())
}

fn refuse(folder: &mut Folder, failures: Vec<Failure>) {
    for mut mistake in failures.into_iter().flat_map(|failure| failure.mistakes) {
        mistake.file = folder.show(&mistake.file);
        folder.mistakes.push(mistake);
    }
}

fn read_files(
    folder: &mut Folder,
    metadata: &Metadata,
) -> Result<BTreeMap<String, Arc<[u8]>>, Error> {
    let mut files = BTreeMap::new();
    for found in folder.list("")? {
        if is_hidden_from_templates(&found.path, metadata) {
            continue;
        }
        let file = Buffered::new(String::new(), folder.read_bytes(&found)?);
        files.insert(found.path, file.data.into());
    }
    Ok(files)
}

fn is_hidden_from_templates(path: &str, metadata: &Metadata) -> bool {
    match path {
        "Chart.yaml" | "Chart.lock" | "values.yaml" | "values.schema.json" => true,
        "requirements.yaml" | "requirements.lock" => metadata.api_version != "v1",
        other => {
            let is_signature = other.rsplit_once('.').is_some_and(|(_, end)| end == "prov");
            other.starts_with("templates/") || (other.starts_with("charts/") && !is_signature)
        }
    }
}

impl Chart {
    /// Whether it can be rendered by itself, and all is there that it declares.
    ///
    /// # Errors
    ///
    /// [`Error::Helm`] for a library, and for charts that are missing in `charts/`.
    pub fn check_installable(&self) -> Result<(), Error> {
        let kind = &self.metadata.kind;
        if !matches!(kind.as_str(), "" | "application") {
            return Err(Error::Helm(format!("{kind} charts are not installable")));
        }
        let is_there = |name: &str| {
            let mut present = self.dependencies.iter();
            present.any(|chart| chart.metadata.name == name)
        };
        let wanted = self.metadata.dependencies.iter().flatten();
        let wanted = wanted.map(|dependency| dependency.name.as_str());
        let missing: Vec<&str> = wanted.filter(|name| !is_there(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Helm(format!(
            "An error occurred while checking for chart dependencies. You may need to run `helm \
             dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in \
             charts/ directory: {}",
            missing.join(", ")
        )))
    }

    /// Whether a template of this chart or of a chart in it may read files.
    fn asks_for_files(&self) -> bool {
        let mut templates = self.templates.iter();
        templates.any(|template| template.text.contains("Files") || template.text.contains("tpl"))
            || self.dependencies.iter().any(|chart| chart.asks_for_files())
    }

    /// Drops the files of this chart and of all charts in it.
    fn forget_files(&mut self) {
        self.files.clear();
        for chart in &mut self.dependencies {
            let chart = Arc::make_mut(chart);
            chart.forget_files();
            chart.seal();
        }
    }

    /// Computes the digest: every part with its length before it, so that no two charts give the same
    /// bytes.
    fn seal(&mut self) {
        let mut hash = Sha256::new();
        let mut add = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        add(format!("{:?}", self.metadata).as_bytes());
        add(&(self.templates.len() as u64).to_be_bytes());
        for template in &self.templates {
            add(template.path.as_bytes());
            add(template.text.as_bytes());
        }
        add(&self.defaults.sum);
        add(self.schema.as_deref().unwrap_or_default());
        add(&(self.crds.len() as u64).to_be_bytes());
        for file in &self.crds {
            add(file.path.as_bytes());
            add(&file.bytes);
        }
        add(&(self.dependencies.len() as u64).to_be_bytes());
        for chart in &self.dependencies {
            add(chart.digest.as_bytes());
        }
        for (path, bytes) in &self.files {
            add(path.as_bytes());
            add(bytes);
        }
        let bytes = hash.finalize();
        self.digest = bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A module folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn read_chart(dir: &tempfile::TempDir) -> Chart {
        let module = ModuleName::parse("web-server").unwrap();
        read(dir.path(), &module).unwrap().unwrap()
    }

    /// The mistakes of a folder, without the place of the folder.
    fn refuses(dir: &tempfile::TempDir) -> Vec<String> {
        let module = ModuleName::parse("web-server").unwrap();
        let root = format!("{}/", dir.path().display());
        let Err(Error::Mistakes(mistakes)) = read(dir.path(), &module) else {
            panic!("expected mistakes");
        };
        mistakes
            .0
            .iter()
            .map(|mistake| mistake.to_string().replace(&root, ""))
            .collect()
    }

    const CHART: (&str, &str) = ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n");
    const ASKS: (&str, &str) = ("templates/a.j2", "{{ Files }}");

    #[test]
    fn folder_without_chart_has_none() {
        let dir = folder(&[("values.yaml", ""), ("hooks/a.sh", "")]);
        let module = ModuleName::parse("web-server").unwrap();
        assert_eq!(read(dir.path(), &module).unwrap(), None);
    }

    #[test]
    fn folder_that_is_not_there_is_an_error() {
        let module = ModuleName::parse("web-server").unwrap();
        let error = read(Path::new("/does/not/exist"), &module).unwrap_err();
        assert_eq!(error.to_string(), "reading /does/not/exist");
    }

    #[test]
    fn bare_folder_gets_the_modules_name_and_loses_its_folders() {
        let dir = folder(&[
            ASKS,
            ("templates/hooks/b.j2", ""),
            ("hooks/a.sh", ""),
            ("x/lib/a.sh", ""),
            ("x/a.txt", "a"),
            ("values.yaml", ""),
        ]);
        let chart = read_chart(&dir);
        assert_eq!(chart.metadata.name, "web-server");
        assert_eq!(chart.metadata.version, "0.2.0");
        assert_eq!(chart.templates.len(), 1);
        assert_eq!(chart.files.keys().collect::<Vec<_>>(), ["x/a.txt"]);
    }

    #[test]
    fn chart_folder_has_the_files_that_helm_sees() {
        let dir = folder(&[
            CHART,
            ASKS,
            ("hooks/a.sh", ""),
            ("crds/a.yaml", ""),
            ("values-prod.yaml", ""),
            ("values.yaml", ""),
            ("README.md", ""),
            (".helmignore", "*.md\n"),
        ]);
        let chart = read_chart(&dir);
        assert_eq!(
            chart.files.keys().collect::<Vec<_>>(),
            [
                ".helmignore",
                "crds/a.yaml",
                "hooks/a.sh",
                "values-prod.yaml"
            ]
        );
    }

    #[test]
    fn files_nobody_asks_for_change_nothing() {
        let dir = folder(&[CHART, ("templates/a.j2", "a"), ("README.md", "one")]);
        let before = read_chart(&dir);
        assert!(before.files.is_empty());
        fs::write(dir.path().join("README.md"), "two").unwrap();
        assert_eq!(read_chart(&dir).digest, before.digest);
        fs::write(dir.path().join("templates/a.j2"), "b").unwrap();
        assert_ne!(read_chart(&dir).digest, before.digest);
    }

    #[test]
    fn digest_tells_path_from_text() {
        let one = folder(&[CHART, ("templates/a.j2", "b")]);
        let other = folder(&[CHART, ("templates/a.j", "2b")]);
        assert_ne!(read_chart(&one).digest, read_chart(&other).digest);
    }

    #[test]
    fn byte_order_marks_are_no_text() {
        let dir = folder(&[CHART, ("templates/a.j2", "\u{feff}a")]);
        assert_eq!(&*read_chart(&dir).templates[0].text, "a");
    }

    #[test]
    fn links_are_followed_within_the_folder_only() {
        let dir = folder(&[CHART, ("parts/a.j2", "a")]);
        symlink("parts", dir.path().join("templates")).unwrap();
        assert_eq!(read_chart(&dir).templates[0].path, "templates/a.j2");

        symlink("/etc/hostname", dir.path().join("parts/b.j2")).unwrap();
        symlink("nothing", dir.path().join("parts/c.j2")).unwrap();
        symlink("../parts", dir.path().join("parts/d")).unwrap();
        assert_eq!(
            refuses(&dir),
            [
                "templates/b.j2: is a symbolic link out of the module folder (put a copy there)",
                "templates/c.j2: is a symbolic link to nothing",
                "templates/d: leads back to a folder above it, or too deep",
            ]
        );
    }

    #[test]
    fn all_mistakes_of_a_folder_are_told_at_once() {
        let dir = folder(&[
            ("Chart.yaml", "version: [1]\n"),
            (".helmignore", "**\n"),
            ("charts/x/Chart.yaml", "name: x\n"),
            ("charts/_x/Chart.yaml", "name: x\n"),
        ]);
        fs::create_dir_all(dir.path().join("templates")).unwrap();
        fs::write(dir.path().join("templates/a.j2"), [0xff]).unwrap();
        let mistakes = refuses(&dir);
        assert_eq!(mistakes.len(), 5, "{mistakes:?}");
        assert!(mistakes[0].starts_with(".helmignore:1: two stars"));
        assert!(mistakes[1].contains("name: is required"));
        assert!(mistakes[2].contains("version: expected a string"));
        assert_eq!(mistakes[3], "charts/x/Chart.yaml:1:1: version: is required");
        assert_eq!(mistakes[4], "templates/a.j2: is not UTF-8 text");
    }

    #[test]
    fn file_that_is_too_large_is_refused_when_asked_for() {
        let dir = folder(&[CHART, ASKS]);
        let file = fs::File::create(dir.path().join("big.bin")).unwrap();
        file.set_len(5 * 1024 * 1024 + 1).unwrap();
        assert!(refuses(&dir)[0].starts_with("big.bin: has 5242881 bytes;"));
        fs::write(dir.path().join("templates/a.j2"), "").unwrap();
        assert!(read_chart(&dir).files.is_empty());
    }
}
