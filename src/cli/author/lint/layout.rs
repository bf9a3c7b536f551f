//! Files and folders of a module that nobody reads because of their names.

use std::fs;
use std::path::Path;

use crate::report::{Mistake, nearest};

/// What is read at the top of a module.
const TOP: [&str; 9] = [
    "Chart.yaml",
    "charts",
    "crds",
    "enabled",
    "hooks",
    "module.yaml",
    "openapi",
    "templates",
    "values.yaml",
];

/// What is read in `openapi`.
const OPENAPI: [&str; 2] = ["config-values.yaml", "values.yaml"];

/// Entries whose names are nearly those of something that is read. `folder` is where it is, `shown`
/// its name for people.
pub(super) fn misnamed(folder: &Path, shown: &Path) -> Vec<Mistake> {
    let mut found = look(folder, shown, &TOP);
    found.extend(look(
        &folder.join("openapi"),
        &shown.join("openapi"),
        &OPENAPI,
    ));
    if folder.join("values.schema.json").exists() {
        let file = shown.join("values.schema.json").display().to_string();
        found.push(Mistake::new(file, "is not read").hint("schemas are in openapi/"));
    }
    found
}

fn look(folder: &Path, shown: &Path, known: &[&str]) -> Vec<Mistake> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with(['.', '_']) && !name.starts_with("doc-"))
        .collect();
    names.sort();
    let is_absent = |name: &str| !names.iter().any(|other| other == name);
    let candidates = || known.iter().copied().filter(|name| is_absent(name));
    names
        .iter()
        .filter(|name| !known.contains(&name.as_str()))
        .filter_map(|name| {
            let meant = nearest(name, candidates())?;
            let file = shown.join(name).display().to_string();
            Some(Mistake::new(file, "is not read").hint(format!("did you mean {meant}?")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_nearly_right_are_told() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "values.yml",
            "template",
            "README.md",
            "docs",
            "images",
            "lib",
            "hook",
            "values.yaml",
            "values.schema.json",
            "openapi/config-value.yaml",
            "openapi/values_test.yaml",
            "openapi/doc-ru-values.yaml",
            "module.yml",
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = misnamed(folder.path(), Path::new("m"));
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "m/hook: is not read (did you mean hooks?)",
                "m/module.yml: is not read (did you mean module.yaml?)",
                "m/template: is not read (did you mean templates?)",
                "m/openapi/config-value.yaml: is not read (did you mean config-values.yaml?)",
                "m/values.schema.json: is not read (schemas are in openapi/)",
            ]
        );
    }
}
