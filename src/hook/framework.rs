//! What hooks find around them: the functions of hooks in bash, and our own program.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::process::{self, Processes};

/// The files of the shell framework, by path.
const FILES: [(&str, &str); 6] = [
    ("shell_lib.sh", include_str!("../../deploy/shell_lib.sh")),
    (
        "frameworks/shell/context.sh",
        include_str!("../../deploy/frameworks/shell/context.sh"),
    ),
    (
        "frameworks/shell/hook.sh",
        include_str!("../../deploy/frameworks/shell/hook.sh"),
    ),
    (
        "frameworks/shell/kubernetes.sh",
        include_str!("../../deploy/frameworks/shell/kubernetes.sh"),
    ),
    (
        "frameworks/shell/path.sh",
        include_str!("../../deploy/frameworks/shell/path.sh"),
    ),
    (
        "frameworks/shell/values.sh",
        include_str!("../../deploy/frameworks/shell/values.sh"),
    ),
];

/// Where hooks source it from in the image.
const INSTALLED: &str = "/shell_lib.sh";
/// Names our own program, which has a jq.
const PROGRAM: &str = "ADDON_OPERATOR_PROGRAM";
/// Names the folder of `shell_lib.sh`.
const FRAMEWORK_DIR: &str = "FRAMEWORK_DIR";

/// Writes the shell framework into a folder, over what is there.
pub fn write_framework(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("frameworks/shell"))?;
    for (path, text) in FILES {
        fs::write(folder.join(path), text)?;
    }
    Ok(())
}

/// Gives every hook and script from now on `ADDON_OPERATOR_PROGRAM`, and `FRAMEWORK_DIR` unless our
/// own environment `has_framework` already: where `/shell_lib.sh` is not installed, as on a laptop,
/// the framework is written into a private folder that goes when `processes` does.
pub fn surround(
    processes: &Processes,
    program: Option<&Path>,
    has_framework: bool,
) -> Result<(), process::Error> {
    let mut variables = BTreeMap::new();
    if let Some(program) = program {
        variables.insert(PROGRAM.to_owned(), program.as_os_str().to_owned());
    }
    let mut kept = None;
    if !has_framework && Path::new(INSTALLED).exists() {
        variables.insert(FRAMEWORK_DIR.to_owned(), "/".into());
    } else if !has_framework {
        let folder = processes.folder("framework")?;
        write_framework(folder.path()).map_err(|source| process::Error::WriteFile {
            file: folder.path().to_owned(),
            source,
        })?;
        let path = folder.path().as_os_str().to_owned();
        variables.insert(FRAMEWORK_DIR.to_owned(), path);
        kept = Some(folder);
    }
    processes.surround(variables, kept);
    Ok(())
}
