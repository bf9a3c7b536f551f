//! The files that a hook is given and those that it fills.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Call, Given};
use crate::process::{self, Folder, Processes};

/// A file that a hook fills, by its variable.
pub(super) const ANSWERS: [&str; 4] =
    [CONFIG_VALUES_PATCH, VALUES_PATCH, METRICS, KUBERNETES_PATCH];
pub(super) const CONFIG_VALUES_PATCH: &str = "CONFIG_VALUES_JSON_PATCH_PATH";
pub(super) const VALUES_PATCH: &str = "VALUES_JSON_PATCH_PATH";
pub(super) const METRICS: &str = "METRICS_PATH";
pub(super) const KUBERNETES_PATCH: &str = "KUBERNETES_PATCH_PATH";
pub(super) const ADMISSION_RESPONSE: &str = "ADMISSION_RESPONSE_PATH";
/// The older name of the same file.
const VALIDATING_RESPONSE: &str = "VALIDATING_RESPONSE_PATH";
pub(super) const CONVERSION_RESPONSE: &str = "CONVERSION_RESPONSE_PATH";

/// The private folder of one run. It is gone when dropped.
pub(super) struct Files {
    /// Only its end matters.
    _folder: Folder,
    paths: BTreeMap<&'static str, PathBuf>,
}

impl Files {
    /// Makes them all, with the original's names but for the random part, which the folder has.
    pub(super) fn write(
        processes: &Processes,
        call: &Call<'_>,
        given: &Given,
    ) -> Result<Self, process::Error> {
        let module = call.module.map_or("global", |module| module.as_str());
        let hook = file_name(&call.hook.file.name);
        let folder = processes.folder(&format!("{module}.{hook}"))?;
        let files: [(&'static str, String, &[u8]); 7] = [
            (
                "CONFIG_VALUES_PATH",
                format!("{module}.module-config-values.json"),
                given.config_values.as_bytes(),
            ),
            (
                "VALUES_PATH",
                format!("{module}.module-values.json"),
                given.values.as_bytes(),
            ),
            (
                "BINDING_CONTEXT_PATH",
                format!("{module}.module-hook-{hook}-binding-context.json"),
                given.contexts.as_bytes(),
            ),
            (
                CONFIG_VALUES_PATCH,
                format!("{hook}.module-hook-config-values.json-patch"),
                b"",
            ),
            (
                VALUES_PATCH,
                format!("{hook}.module-hook-values.json-patch"),
                b"",
            ),
            (METRICS, format!("{hook}.module-hook-metrics.json"), b""),
            (KUBERNETES_PATCH, format!("{hook}-object-patch"), b""),
        ];
        let mut paths = BTreeMap::new();
        for (variable, name, content) in files {
            paths.insert(variable, folder.write(&name, content)?);
        }
        // Only hooks that the API server calls have to answer it.
        if !call.hook.config.admissions.is_empty() {
            let path = folder.write(&format!("hook-{hook}-admission-response.json"), b"")?;
            paths.insert(VALIDATING_RESPONSE, path.clone());
            paths.insert(ADMISSION_RESPONSE, path);
        }
        if !call.hook.config.conversions.is_empty() {
            let path = folder.write(&format!("hook-{hook}-conversion-response.json"), b"")?;
            paths.insert(CONVERSION_RESPONSE, path);
        }
        Ok(Self {
            _folder: folder,
            paths,
        })
    }

    /// What the hook's environment has beside ours.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, OsString)> {
        let paths = self.paths.iter();
        paths.map(|(variable, path)| ((*variable).to_owned(), path.clone().into_os_string()))
    }

    /// The file of a variable; `None` when the hook is not given it.
    pub(super) fn path(&self, variable: &str) -> Option<&Path> {
        self.paths.get(variable).map(PathBuf::as_path)
    }
}

/// A hook's name as the original makes a file name of it: `hooks/a_b.sh` → `hooks-a-b-sh`. Long
/// names are cut: a file name has at most 255 bytes.
fn file_name(name: &str) -> String {
    let mut made = String::new();
    for letter in name.chars().take(120) {
        let letter = if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        };
        if letter != '-' || !made.ends_with('-') {
            made.push(letter);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        for (name, expected) in [
            ("hooks/x.sh", "hooks-x-sh"),
            ("hooks/a  b_c/d.py", "hooks-a-b-c-d-py"),
            ("hooks/ünï", "hooks-n-"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        assert_eq!(file_name(&"x".repeat(300)).len(), 120);
    }
}
