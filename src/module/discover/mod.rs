//! Finds the modules in the modules directories.
//!
//! A directory entry `NNN-name` that is a folder, or a link to one, is a module. Hidden entries are
//! skipped, plain files ignored. What is wrong with one folder is told beside the others and touches
//! nothing else; the last good version of a broken module is handed on, so that it keeps running.

mod dir_values;
mod folder;
mod folders;
mod list;
mod module;
mod values_file;
mod walk;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::name::ModuleName;
use crate::report::{Mistake, Mistakes};

pub use folders::Folders;
pub use module::{HooksFolder, Module, Text};
pub use values_file::{Flag, ValuesFile};

/// Where modules are, and how their folders are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The modules directories; the first that has a name wins.
    pub dirs: Vec<PathBuf>,
    /// The weight of a module without a number.
    pub unnumbered: u32,
    /// Files under `crds/` whose name starts so are no CRDs.
    pub crd_filters: Vec<String>,
}

impl Settings {
    /// The original's settings for these directories: weight 1, and no CRDs named `doc-…` or `_…`.
    pub fn new(dirs: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            dirs: dirs.into_iter().map(Into::into).collect(),
            unnumbered: 1,
            crd_filters: vec!["doc-".to_owned(), "_".to_owned()],
        }
    }
}

/// Splits `a:b` into directories, as `MODULES_DIR` has them; empty parts are dropped.
pub fn split_dirs(text: &str) -> Vec<PathBuf> {
    text.split(':')
        .filter(|part| !part.is_empty())
        .map(PathBuf::from)
        .collect()
}

/// What the modules directories hold at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Discovery {
    /// The usable modules, by weight and name. A module that has not changed is the same `Arc`.
    pub modules: Vec<Arc<Module>>,
    /// Folders that hold no usable module, by directory and folder name.
    pub broken: Vec<Broken>,
    /// What `requires` says of modules that do not exist, or in a circle. The module itself is among
    /// `modules`; it does not start.
    pub requirement_mistakes: Vec<(ModuleName, Mistakes)>,
    /// One for each directory of the settings, in their order.
    pub dirs: Vec<Dir>,
}

impl Discovery {
    /// The names of all modules that have a folder, good or broken.
    pub fn names(&self) -> BTreeSet<&ModuleName> {
        let good = self.modules.iter().map(|module| &module.name);
        let broken = self.broken.iter().filter_map(|broken| broken.name.as_ref());
        good.chain(broken).collect()
    }

    /// Why what is missing here may be there all the same: a modules directory that does not exist or
    /// cannot be read. While there is a doubt, nothing is to be deleted, be it because its folder is
    /// gone or because nothing enables it any more.
    pub fn doubt(&self) -> Option<String> {
        self.dirs.iter().find_map(|dir| match &dir.state {
            DirState::Missing => Some(format!(
                "modules directory {} does not exist",
                dir.path.display()
            )),
            DirState::Unreadable(why) => Some(format!(
                "modules directory {} cannot be read: {why}",
                dir.path.display()
            )),
            DirState::Present { .. } | DirState::Empty => None,
        })
    }
}

/// A folder that is no usable module.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The module that it would be; `None` when its name is bad or another folder has that name.
    pub name: Option<ModuleName>,
    /// The folder, as the settings name its directory.
    pub folder: PathBuf,
    /// What is wrong, all of it.
    pub mistakes: Mistakes,
    /// The module as it was when it was last good, within this process.
    pub last_good: Option<Arc<Module>>,
}

/// One modules directory.
#[derive(Debug, Clone, PartialEq)]
pub struct Dir {
    /// The directory as the settings name it.
    pub path: PathBuf,
    /// What it looks like.
    pub state: DirState,
    /// Its `values.yaml`: `global` values and sections of modules. While that file is broken, or the
    /// directory is not present: the last good one.
    pub common: Option<Arc<ValuesFile>>,
    /// What is wrong with its `values.yaml`. Without a last good one, every module whose values or
    /// flags it may set is broken too.
    pub mistakes: Mistakes,
    /// What is suspicious and stops nothing: flags and values of modules that do not exist.
    pub warnings: Vec<Mistake>,
}

/// What a modules directory looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirState {
    /// It holds this many modules, good or broken.
    Present {
        /// Folders whose names are names of modules.
        modules: usize,
    },
    /// It does not exist, or is not a directory.
    Missing,
    /// It exists and cannot be listed: why.
    Unreadable(String),
    /// It exists and holds no module.
    Empty,
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use super::*;
    use crate::module::guard::{Guard, Known};
    use crate::name::ValuesKey;

    /// Long after any file changed: metadata can be trusted.
    fn later() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1 << 33)
    }

    /// A file system with modules directories, and the reader of them.
    struct Disk {
        root: tempfile::TempDir,
        folders: Folders,
    }

    impl Disk {
        /// With the modules directory `modules` and these files in it.
        fn with(files: &[(&str, &str)]) -> Self {
            Self::with_dirs(&["modules"], files)
        }

        fn with_dirs(dirs: &[&str], files: &[(&str, &str)]) -> Self {
            let root = tempfile::tempdir().unwrap();
            let dirs = dirs.iter().map(|dir| root.path().join(dir));
            let folders = Folders::new(Settings::new(dirs));
            let disk = Self { root, folders };
            for (path, text) in files {
                disk.write(path, text);
            }
            disk
        }

        fn path(&self, path: &str) -> PathBuf {
            self.root.path().join(path)
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn discover(&mut self) -> Discovery {
            self.folders.discover(later())
        }

        /// The mistakes of broken folders and common files, without the temporary folder.
        fn mistakes(&self, found: &Discovery) -> Vec<String> {
            let root = format!("{}/", self.root.path().display());
            let broken = found.broken.iter().map(|broken| &broken.mistakes);
            let commons = found.dirs.iter().map(|dir| &dir.mistakes);
            let all = broken.chain(commons).flat_map(|mistakes| &mistakes.0);
            all.map(|mistake| mistake.to_string().replace(&root, ""))
                .collect()
        }
    }

    fn names(found: &Discovery) -> Vec<&str> {
        found
            .modules
            .iter()
            .map(|module| module.name.as_str())
            .collect()
    }

    fn module<'a>(found: &'a Discovery, name: &str) -> &'a Arc<Module> {
        let mut modules = found.modules.iter();
        modules.find(|module| module.name.as_str() == name).unwrap()
    }

    #[test]
    fn modules_are_sorted_by_weight_then_name() {
        let mut disk = Disk::with(&[
            ("modules/020-b/Chart.yaml", ""),
            ("modules/020-a/Chart.yaml", ""),
            ("modules/3-c/Chart.yaml", ""),
            ("modules/unnumbered/Chart.yaml", ""),
            ("modules/README.md", "a plain file"),
            ("modules/.git/config", "hidden"),
        ]);
        let found = disk.discover();
        let weights: Vec<_> = found.modules.iter().map(|module| module.weight).collect();
        assert_eq!(names(&found), ["unnumbered", "c", "a", "b"]);
        assert_eq!(weights, [1, 3, 20, 20]);
        assert_eq!(found.dirs[0].state, DirState::Present { modules: 4 });
        assert_eq!(disk.mistakes(&found), [""; 0]);
    }

    #[test]
    fn everything_a_folder_says_is_read() {
        let mut disk = Disk::with(&[
            (
                "modules/values.yaml",
                "global: {a: 1}\nfooBar: {b: 1}\nfooBarEnabled: false\n",
            ),
            (
                "modules/010-foo-bar/values.yaml",
                "fooBar: {c: 2}\nfooBarEnabled: \"true\"\nimage: x\n",
            ),
            ("modules/010-foo-bar/module.yaml", "requires: [base]\n"),
            ("modules/010-foo-bar/enabled", "#!/bin/sh\n"),
            ("modules/010-foo-bar/crds/a.yaml", ""),
            ("modules/010-foo-bar/crds/deep/b.yml", ""),
            ("modules/010-foo-bar/crds/doc-a.yaml", ""),
            ("modules/010-foo-bar/crds/_x.yaml", ""),
            ("modules/010-foo-bar/crds/README.md", ""),
            ("modules/010-foo-bar/openapi/values.yaml", "type: object\n"),
            ("modules/base/Chart.yaml", ""),
        ]);
        let script = disk.path("modules/010-foo-bar/enabled");
        fs::set_permissions(&script, Permissions::from_mode(0o755)).unwrap();
        let found = disk.discover();
        let module = module(&found, "foo-bar");
        let folder = disk.path("modules/010-foo-bar");

        assert_eq!(module.folder, folder);
        assert_eq!(module.script, Some(script));
        assert_eq!(
            module.crds,
            [folder.join("crds/a.yaml"), folder.join("crds/deep/b.yml")]
        );
        assert_eq!(module.config_values_schema, None);
        assert_eq!(
            module.values_schema.as_ref().unwrap().text,
            "type: object\n"
        );
        assert_eq!(module.definition.requires[0].name.as_str(), "base");
        let sections: Vec<_> = module
            .values
            .iter()
            .map(|file| {
                file.section(&module.key)
                    .unwrap()
                    .unwrap()
                    .to_value()
                    .to_string()
            })
            .collect();
        assert_eq!(sections, [r#"{"b":1}"#, r#"{"c":2}"#]);
        let flags: Vec<_> = module
            .flags
            .iter()
            .map(|flag| (flag.enabled, flag.place.line))
            .collect();
        assert_eq!(flags, [(false, 3), (true, 2)]);
        let common = found.dirs[0].common.as_ref().unwrap();
        assert!(common.section(&ValuesKey::global()).unwrap().is_some());
    }

    #[test]
    fn later_directories_flags_win_and_own_file_has_the_last_word() {
        let mut disk = Disk::with_dirs(
            &["first", "second"],
            &[
                ("first/values.yaml", "aEnabled: true\na: {x: 1}\n"),
                ("second/values.yaml", "aEnabled: false\na: {x: 2}\n"),
                ("first/a/values.yaml", "aEnabled: true"),
                ("second/b/Chart.yaml", ""),
            ],
        );
        let found = disk.discover();
        let module = module(&found, "a");
        let flags: Vec<_> = module.flags.iter().map(|flag| flag.enabled).collect();
        assert_eq!(flags, [true, false, true]);
        assert_eq!(
            module.values.len(),
            2,
            "sections of other directories are not its values"
        );
    }

    #[test]
    fn root_values_belong_to_the_chart() {
        let mut disk = Disk::with(&[
            ("modules/nginx/module.yaml", "values: root"),
            (
                "modules/nginx/values.yaml",
                "nginx: not a map\nnginxEnabled: whatever\n",
            ),
        ]);
        let found = disk.discover();
        assert_eq!(module(&found, "nginx").values, []);
        assert_eq!(module(&found, "nginx").flags, []);
    }

    #[test]
    fn broken_folders_are_told_with_file_and_line_and_disturb_nobody() {
        let mut disk = Disk::with(&[
            ("modules/010-good/Chart.yaml", ""),
            ("modules/020-tab/values.yaml", "tab:\n  a: 1\n\tb: 2\n"),
            ("modules/021-list/values.yaml", "list:\n- 1\n"),
            ("modules/022-nothing/values.yaml", "\nnothing:\n"),
            (
                "modules/023-flag/values.yaml",
                "flag: {}\nflagEnabled: yes\n",
            ),
            ("modules/024-text/values.yaml", "just text"),
            (
                "modules/030-definition/module.yaml",
                "order: any\ndrift: x\nmood: good\n",
            ),
            ("modules/040-Bad_Name/Chart.yaml", ""),
        ]);
        fs::create_dir(disk.path("modules/050-empty")).unwrap();
        fs::create_dir(disk.path("modules/051-binary")).unwrap();
        fs::write(
            disk.path("modules/051-binary/values.yaml"),
            b"a: 1\nb: \xff\n",
        )
        .unwrap();
        symlink("nowhere", disk.path("modules/060-dangling")).unwrap();
        symlink("061-circle", disk.path("modules/061-circle")).unwrap();
        fs::create_dir_all(disk.path("modules/070-folder/values.yaml")).unwrap();
        disk.write("modules/070-folder/Chart.yaml", "");

        let found = disk.discover();
        assert_eq!(names(&found), ["good"]);
        assert_eq!(
            disk.mistakes(&found),
            [
                "modules/020-tab/values.yaml:3:1: a tab cannot indent (use spaces)",
                "modules/021-list/values.yaml:1:1: list: expected a map of values (write list: {}, \
                 or leave it out)",
                "modules/022-nothing/values.yaml:2:1: nothing: expected a map of values (write nothing: \
                 {}, or leave it out)",
                "modules/023-flag/values.yaml:2:14: flagEnabled: expected true or false",
                "modules/024-text/values.yaml:1:1: expected a map of values",
                "modules/030-definition/module.yaml:2:8: drift: expected correct or recreate or \
                 report, got \"x\"",
                "modules/030-definition/module.yaml:3:1: mood: unknown key \"mood\" (known are \
                 description, namespace, requires, order, values, ignoreDifferences, drift, \
                 takeOwnership, recreate, prune, timeouts)",
                "modules/040-Bad_Name: bad module name \"Bad_Name\": a module name is lower case \
                 words joined by single dashes; rename it to \"bad-name\"",
                "modules/050-empty: the folder is empty (to remove the module, remove its folder)",
                "modules/051-binary/values.yaml:2: not UTF-8 text",
                "modules/060-dangling: the link leads nowhere: No such file or directory (os error 2)",
                "modules/061-circle: the link leads nowhere: Too many levels of symbolic links (os \
                 error 40)",
                "modules/070-folder/values.yaml: expected a file, got something else",
            ]
        );
    }

    #[test]
    fn broken_module_keeps_its_last_good_version_and_its_name() {
        let mut disk = Disk::with(&[("modules/010-a/values.yaml", "a: {x: 1}\n")]);
        let good = Arc::clone(module(&disk.discover(), "a"));
        disk.write("modules/010-a/values.yaml", "a: [");
        for _ in 0..2 {
            let found = disk.discover();
            assert_eq!(names(&found), [""; 0]);
            assert!(Arc::ptr_eq(
                found.broken[0].last_good.as_ref().unwrap(),
                &good
            ));
            assert_eq!(found.names().len(), 1, "a broken module has not vanished");
            assert_eq!(found.dirs[0].state, DirState::Present { modules: 1 });
        }
        disk.write("modules/010-a/values.yaml", "a: {x: 2}\n");
        let found = disk.discover();
        assert_ne!(module(&found, "a").digest, good.digest);
    }

    #[test]
    fn first_of_two_modules_with_one_name_wins() {
        let mut disk = Disk::with_dirs(
            &["modules", "more"],
            &[
                ("modules/010-a/Chart.yaml", ""),
                ("modules/020-a/Chart.yaml", ""),
                ("more/005-a/values.yaml", "a: ["),
                ("more/b/Chart.yaml", ""),
            ],
        );
        let found = disk.discover();
        assert_eq!(names(&found), ["b", "a"]);
        assert_eq!(module(&found, "a").weight, 10);
        let root = disk.root.path().display();
        let hint = "(this folder is not used; rename or remove one of the two)";
        assert_eq!(
            disk.mistakes(&found),
            [
                format!("modules/020-a: module a is already in {root}/modules/010-a {hint}"),
                format!("more/005-a: module a is already in {root}/modules/010-a {hint}"),
            ]
            .map(|text| text.replace(&format!("{root}/"), ""))
        );
        assert!(found.broken.iter().all(|broken| broken.name.is_none()));
    }

    #[test]
    fn linked_module_is_named_by_its_link() {
        let mut disk = Disk::with(&[
            ("storage/002-backend/values.yaml", "frontend: {a: 1}"),
            ("modules/plain-file", ""),
        ]);
        symlink("../storage/002-backend", disk.path("modules/007-frontend")).unwrap();
        symlink("plain-file", disk.path("modules/008-file")).unwrap();
        let found = disk.discover();
        let module = module(&found, "frontend");
        assert_eq!((found.modules.len(), module.weight), (1, 7));
        assert_eq!(
            module.path,
            fs::canonicalize(disk.path("storage/002-backend")).unwrap()
        );
        assert_eq!(module.folder, disk.path("modules/007-frontend"));
        assert!(found.broken.is_empty());
    }

    #[test]
    fn states_of_directories_are_told_apart() {
        let mut disk = Disk::with_dirs(
            &["missing", "a-file", "empty", "full"],
            &[
                ("a-file", ""),
                ("full/a/Chart.yaml", ""),
                ("empty/README.md", ""),
            ],
        );
        let found = disk.discover();
        let states: Vec<_> = found.dirs.iter().map(|dir| dir.state.clone()).collect();
        assert_eq!(
            states,
            [
                DirState::Missing,
                DirState::Missing,
                DirState::Empty,
                DirState::Present { modules: 1 }
            ]
        );
        assert_eq!(names(&found), ["a"]);
        assert!(found.doubt().unwrap().ends_with("/missing does not exist"));
    }

    #[test]
    fn unchanged_modules_stay_the_same() {
        let mut disk = Disk::with(&[
            ("modules/values.yaml", "a: {x: 1}\n"),
            ("modules/a/values.yaml", "a: {y: 1}\n"),
            ("modules/b/Chart.yaml", ""),
        ]);
        let first = disk.discover();
        let second = disk.discover();
        assert!(Arc::ptr_eq(module(&first, "a"), module(&second, "a")));

        // A change of b, of a hidden file, and of nothing at all in a.
        disk.write("modules/b/Chart.yaml", "name: b");
        disk.write("modules/a/.values.yaml.swp", "");
        disk.write("modules/a/values.yaml", "a: {y: 1}\n");
        let third = disk.discover();
        assert!(Arc::ptr_eq(module(&first, "a"), module(&third, "a")));
        assert_ne!(module(&first, "b").digest, module(&third, "b").digest);

        // Lines that move in the common file change no digest.
        disk.write("modules/values.yaml", "\nb: {z: 1}\na: {x: 1}\n");
        let fourth = disk.discover();
        assert_eq!(module(&first, "a").digest, module(&fourth, "a").digest);
        assert_ne!(module(&third, "b").digest, module(&fourth, "b").digest);
    }

    #[test]
    fn whatever_matters_changes_the_digest() {
        let mut disk = Disk::with(&[
            ("modules/010-a/enabled", "#!/bin/sh\n"),
            ("modules/010-a/templates/x.yaml.j2", "a: 1"),
        ]);
        let mut seen = BTreeSet::from([module(&disk.discover(), "a").digest]);
        let mut versions = 1;
        let mut changed = |disk: &mut Disk| {
            versions += 1;
            seen.insert(module(&disk.discover(), "a").digest);
            assert_eq!(seen.len(), versions);
        };
        disk.write("modules/010-a/templates/x.yaml.j2", "a: 2");
        changed(&mut disk);
        disk.write("modules/010-a/hooks/h.sh", "");
        changed(&mut disk);
        fs::rename(
            disk.path("modules/010-a/hooks/h.sh"),
            disk.path("modules/010-a/hooks/i.sh"),
        )
        .unwrap();
        changed(&mut disk);
        let script = disk.path("modules/010-a/enabled");
        fs::set_permissions(script, Permissions::from_mode(0o755)).unwrap();
        changed(&mut disk);
        disk.write("modules/values.yaml", "aEnabled: true");
        changed(&mut disk);
        disk.write("modules/values.yaml", "aEnabled: true\na: {x: 1}");
        changed(&mut disk);
        fs::rename(disk.path("modules/010-a"), disk.path("modules/020-a")).unwrap();
        changed(&mut disk);
    }

    #[test]
    fn mounted_config_map_is_a_module_folder() {
        let mut disk = Disk::with(&[("modules/a/..one/values.yaml", "a: {x: 1}\n")]);
        disk.write("modules/a/..two/values.yaml", "a: {x: 2}\n");
        symlink("..one", disk.path("modules/a/..data")).unwrap();
        symlink("..data/values.yaml", disk.path("modules/a/values.yaml")).unwrap();
        let first = disk.discover();
        symlink("..two", disk.path("modules/a/..data_tmp")).unwrap();
        fs::rename(
            disk.path("modules/a/..data_tmp"),
            disk.path("modules/a/..data"),
        )
        .unwrap();
        let second = disk.discover();
        assert_ne!(module(&first, "a").digest, module(&second, "a").digest);
    }

    #[test]
    fn pipes_and_circles_in_a_folder_stop_nobody() {
        let mut disk = Disk::with(&[("modules/a/Chart.yaml", "")]);
        let pipe = disk.path("modules/a/pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        symlink("..", disk.path("modules/a/up")).unwrap();
        symlink("nowhere", disk.path("modules/a/dangling")).unwrap();
        let found = disk.discover();
        let warnings: Vec<_> = module(&found, "a")
            .warnings
            .iter()
            .map(|warning| warning.message.clone())
            .collect();
        assert!(
            warnings.iter().any(|text| text.contains("No such file")),
            "{warnings:?}"
        );
        assert!(
            warnings.iter().any(|text| text.contains("within itself")),
            "{warnings:?}"
        );
    }

    #[test]
    fn link_out_of_a_module_is_refused_when_it_leads_to_too_much() {
        let mut disk = Disk::with(&[("modules/a/Chart.yaml", ""), ("modules/b/Chart.yaml", "")]);
        symlink("/", disk.path("modules/a/root")).unwrap();
        let found = disk.discover();
        assert_eq!(names(&found), ["b"]);
        assert_eq!(
            disk.mistakes(&found),
            ["modules/a: holds more than 10000 files (does a link lead out of it?)"]
        );
    }

    #[test]
    fn script_that_is_not_executable_is_told_and_not_asked() {
        let mut disk = Disk::with(&[("modules/a/enabled", "#!/bin/sh\n")]);
        let found = disk.discover();
        let module = module(&found, "a");
        assert_eq!(module.script, None);
        assert_eq!(
            module.warnings[0].message,
            "not executable, so it is not asked"
        );
        assert!(module.warnings[0].hint.starts_with("chmod +x "));
    }

    #[test]
    fn broken_common_file_leaves_the_last_good_one_in_force() {
        let mut disk = Disk::with(&[
            ("modules/values.yaml", "aEnabled: true\n"),
            ("modules/a/Chart.yaml", ""),
        ]);
        let good = disk.discover();
        disk.write("modules/values.yaml", "aEnabled: true\n\tb: 1\n");
        for _ in 0..2 {
            let found = disk.discover();
            assert_eq!(found.modules, good.modules);
            let mistakes = disk.mistakes(&found);
            assert!(
                mistakes[0].starts_with("modules/values.yaml:2:"),
                "{mistakes:?}"
            );
        }
        disk.write("modules/values.yaml", "aEnabled: false\n");
        assert!(!module(&disk.discover(), "a").flags[0].enabled);
    }

    #[test]
    fn common_file_that_was_never_good_leaves_its_modules_undecided() {
        let mut disk = Disk::with_dirs(
            &["modules", "more"],
            &[
                ("modules/values.yaml", "global: 1\n"),
                ("modules/own/Chart.yaml", ""),
                ("more/other/Chart.yaml", ""),
                ("more/sure/values.yaml", "sureEnabled: true"),
            ],
        );
        let found = disk.discover();
        assert_eq!(names(&found), ["sure"], "its own flag decides in any case");
        assert_eq!(found.names().len(), 3);
    }

    #[test]
    fn unmounted_directory_keeps_its_flags_in_force() {
        let mut disk = Disk::with_dirs(
            &["modules", "more"],
            &[
                ("modules/a/Chart.yaml", ""),
                ("more/values.yaml", "aEnabled: true\n"),
                ("more/b/Chart.yaml", ""),
            ],
        );
        let before = disk.discover();
        fs::rename(disk.path("more"), disk.path("elsewhere")).unwrap();
        let missing = disk.discover();
        assert_eq!(module(&missing, "a"), module(&before, "a"));
        fs::create_dir(disk.path("more")).unwrap();
        let empty = disk.discover();
        assert_eq!(empty.dirs[1].state, DirState::Empty);
        assert_eq!(module(&empty, "a"), module(&before, "a"));
    }

    #[test]
    fn last_good_version_outlives_an_unmount_and_not_a_removal() {
        let mut disk = Disk::with(&[("modules/a/Chart.yaml", ""), ("modules/b/Chart.yaml", "")]);
        let last_good = |found: &Discovery| found.broken[0].last_good.clone();
        let before = disk.discover();
        for lost in ["missing", "empty"] {
            fs::rename(disk.path("modules"), disk.path("elsewhere")).unwrap();
            if lost == "empty" {
                fs::create_dir(disk.path("modules")).unwrap();
            }
            assert_eq!(disk.discover().modules, []);
            disk.write("elsewhere/a/module.yaml", "- broken");
            fs::rename(disk.path("elsewhere"), disk.path("modules")).unwrap();
            assert_eq!(
                last_good(&disk.discover()).as_ref(),
                Some(module(&before, "a")),
                "{lost}"
            );
        }
        fs::remove_dir_all(disk.path("modules/a")).unwrap();
        disk.discover();
        disk.write("modules/a/module.yaml", "- broken");
        assert_eq!(last_good(&disk.discover()), None);
    }

    #[test]
    fn values_of_unknown_modules_are_told() {
        let mut disk = Disk::with(&[
            (
                "modules/values.yaml",
                "global: {}\nfooBar: {}\nfoobar: {}\nfooBarEnabled: true\nbazEnabled: true\nx-a: 1\n",
            ),
            ("modules/foo-bar/Chart.yaml", ""),
        ]);
        let found = disk.discover();
        let warnings: Vec<_> = found.dirs[0]
            .warnings
            .iter()
            .map(|warning| (warning.line, warning.path.as_str(), warning.hint.as_str()))
            .collect();
        assert_eq!(
            warnings,
            [(3, "foobar", "did you mean fooBar?"), (5, "bazEnabled", "")]
        );
    }

    #[test]
    fn requirements_that_nothing_fulfils_are_told_of_those_who_have_them() {
        let mut disk = Disk::with(&[
            ("modules/a/module.yaml", "requires:\n- b\n"),
            ("modules/b/module.yaml", "requires:\n- name: c\n"),
            ("modules/c/module.yaml", "requires: [a]\n"),
            (
                "modules/behind/module.yaml",
                "requires: [a, cert-manger, broken]\n",
            ),
            ("modules/cert-manager/Chart.yaml", ""),
            ("modules/self/module.yaml", "requires: [self]\n"),
            ("modules/broken/module.yaml", "x: 1\n"),
        ]);
        let found = disk.discover();
        let root = format!("{}/modules/", disk.root.path().display());
        let told: Vec<_> = found
            .requirement_mistakes
            .iter()
            .map(|(_, mistakes)| mistakes.to_string().replace(&root, ""))
            .collect();
        assert_eq!(
            told,
            [
                "a/module.yaml:2:3: requires[0]: modules require each other: a → b → c → a",
                "b/module.yaml:2:3: requires[0]: modules require each other: b → c → a → b",
                "behind/module.yaml:1:15: requires[1]: there is no module cert-manger (did you mean \
                 cert-manager?)",
                "c/module.yaml:1:12: requires[0]: modules require each other: c → a → b → c",
                "self/module.yaml:1:12: requires[0]: modules require each other: self → self",
            ]
        );
    }

    /// Folders are lost in every way there is; the guard is asked for as long as it wants to be.
    #[test]
    fn lost_folders_uninstall_nothing() {
        type Loss = fn(&Disk);
        let losses: [(&str, Loss); 5] = [
            ("holds no module", |disk| {
                fs::remove_dir_all(disk.path("modules")).unwrap();
                fs::create_dir(disk.path("modules")).unwrap();
            }),
            ("does not exist", |disk| {
                fs::rename(disk.path("modules"), disk.path("unmounted")).unwrap();
            }),
            ("does not exist", |disk| {
                fs::remove_dir_all(disk.path("modules")).unwrap();
                disk.write("modules", "a file");
            }),
            ("5 of 10 modules vanished at once", |disk| {
                for index in 0..5 {
                    fs::remove_dir_all(disk.path(&format!("modules/{index}0-m{index}"))).unwrap();
                }
            }),
            // A fresh file system is mounted instead.
            ("holds no module", |disk| {
                fs::remove_dir_all(disk.path("modules")).unwrap();
                fs::create_dir_all(disk.path("modules/lost+found")).unwrap();
            }),
        ];
        for (why, lose) in losses {
            let mut disk = Disk::with(&[]);
            for index in 0..10 {
                disk.write(&format!("modules/{index}0-m{index}/Chart.yaml"), "");
            }
            let before = disk.discover();
            let dir = Some(disk.path("modules"));
            let known: Known = before
                .names()
                .into_iter()
                .map(|name| (name.clone(), dir.clone()))
                .collect();
            let mut guard = Guard::new(Duration::from_secs(10));
            lose(&disk);
            for seconds in [0, 10, 100_000] {
                let verdict = guard.weigh(&known, &disk.discover(), Duration::from_secs(seconds));
                assert_eq!(verdict.believed, BTreeSet::new(), "{why}");
                assert!(
                    verdict
                        .held
                        .as_ref()
                        .is_some_and(|held| held.why.contains(why)),
                    "{verdict:?}"
                );
            }
        }
    }

    #[test]
    fn emptied_module_folder_uninstalls_nothing() {
        let mut disk = Disk::with(&[("modules/a/Chart.yaml", ""), ("modules/b/Chart.yaml", "")]);
        let before = disk.discover();
        fs::remove_file(disk.path("modules/a/Chart.yaml")).unwrap();
        let found = disk.discover();
        assert_eq!(found.names(), before.names());
        assert_eq!(
            found.broken[0].last_good.as_ref(),
            Some(module(&before, "a"))
        );
    }
}
