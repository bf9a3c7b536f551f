//! A chart read from disk.
//!
//! In: a module folder · Out: [`Chart`]: metadata, templates, files and one digest of them all ·
//! Never: renders, looks at values or hooks.
//!
//! A folder is a chart when it has a `Chart.yaml` or a `templates` entry. With a `Chart.yaml`, its
//! files are those Helm would load; without one the original's rules hold: the chart has the
//! module's name and folders called `crds`, `docs`, `hooks`, `images` and `lib` are left out.
//! `.helmignore` counts in both.
//!
//! Files other than templates are read only when a template speaks of `Files` (or calls `tpl`, which
//! could): hooks may be large programs, and nothing else could see them. So the digest changes
//! exactly when something changes that a render could show.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::name::ModuleName;
use crate::report::Mistakes;

mod folder;
mod glob;
mod ignore;
mod metadata;

use folder::Folder;
pub use glob::{BadGlob, Glob};
pub use metadata::{Maintainer, Metadata};

/// A chart as it was on disk at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What `Chart.yaml` says, or what stands in for it.
    pub metadata: Metadata,
    /// Everything below `templates/`, sorted by path.
    pub templates: Vec<TemplateFile>,
    /// The files that templates may read, by their path in the folder; empty when none asks.
    pub files: BTreeMap<String, Arc<[u8]>>,
    /// The sha256 of all of the above, in hex: equal digests render equally.
    pub digest: String,
}

/// One file below `templates/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its path in the folder, with slashes: `templates/web.yaml.j2`.
    pub path: String,
    /// Its text, without a byte order mark.
    pub text: Arc<str>,
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
    let metadata = read_metadata(&mut folder, module)?;
    refuse_subcharts(&mut folder)?;
    let templates = read_templates(&mut folder)?;
    let files = if templates.iter().any(asks_for_files) {
        read_files(&mut folder, &metadata)?
    } else {
        BTreeMap::new()
    };
    let mut mistakes = folder.mistakes;
    mistakes.sort();
    mistakes.dedup();
    Mistakes(mistakes).into_result().map_err(Error::Mistakes)?;
    let digest = digest(&metadata, &templates, &files);
    Ok(Some(Chart {
        metadata,
        templates,
        files,
        digest,
    }))
}

fn read_metadata(folder: &mut Folder, module: &ModuleName) -> Result<Metadata, Error> {
    if folder.is_bare() {
        return Ok(Metadata::without_file(module));
    }
    let text = folder.read_named("Chart.yaml")?;
    let shown = folder.show("Chart.yaml");
    Ok(Metadata::parse(&text, &shown, &mut folder.mistakes))
}

/// Names that begin with `_` or `.` are no subcharts, as in Helm.
fn refuse_subcharts(folder: &mut Folder) -> Result<(), Error> {
    let first = folder.list("charts")?.into_iter().find(|found| {
        let name = found.path.trim_start_matches("charts/");
        !name.starts_with(['_', '.']) && !name.ends_with(".prov")
    });
    if let Some(found) = first {
        folder.refuse(
            &found.path,
            "subcharts are not supported yet by this version",
            "make a module of each",
        );
    }
    Ok(())
}

fn read_templates(folder: &mut Folder) -> Result<Vec<TemplateFile>, Error> {
    let mut templates = Vec::new();
    for found in folder.list("templates")? {
        let text = folder.read_text(&found)?.into();
        templates.push(TemplateFile {
            path: found.path,
            text,
        });
    }
    Ok(templates)
}

fn asks_for_files(template: &TemplateFile) -> bool {
    template.text.contains("Files") || template.text.contains("tpl")
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
        let bytes = folder.read_bytes(&found)?.into();
        files.insert(found.path, bytes);
    }
    Ok(files)
}

fn is_hidden_from_templates(path: &str, metadata: &Metadata) -> bool {
    match path {
        "Chart.yaml" | "Chart.lock" | "values.yaml" | "values.schema.json" => true,
        "requirements.yaml" | "requirements.lock" => metadata.api_version != "v2",
        other => other.starts_with("templates/") || other.starts_with("charts/"),
    }
}

/// Every part with its length before it, so that no two charts give the same bytes.
fn digest(
    metadata: &Metadata,
    templates: &[TemplateFile],
    files: &BTreeMap<String, Arc<[u8]>>,
) -> String {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    add(format!("{metadata:?}").as_bytes());
    add(&(templates.len() as u64).to_be_bytes());
    for template in templates {
        add(template.path.as_bytes());
        add(template.text.as_bytes());
    }
    for (path, bytes) in files {
        add(path.as_bytes());
        add(bytes);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
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
        assert!(mistakes[3].starts_with("charts/x/Chart.yaml: subcharts are not supported yet"));
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
