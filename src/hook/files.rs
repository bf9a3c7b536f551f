//! The files that a hook is given and those that it fills.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Call, Given};
use crate::binding::Place;
use crate::process::{self, Folder, Processes};

/// A file that a hook fills, by its variable.
pub(super) const ANSWERS: [&str; 4] =
    [CONFIG_VALUES_PATCH, VALUES_PATCH, METRICS, KUBERNETES_PATCH];
pub(super) const CONFIG_VALUES_PATCH: &str = "CONFIG_VALUES_JSON_PATCH_PATH";
pub(super) const VALUES_PATCH: &str = "VALUES_JSON_PATCH_PATH";
pub(super) const METRICS: &str = "METRICS_PATH";
pub(super) const KUBERNETES_PATCH: &str = "KUBERNETES_PATCH_PATH";
const BINDING_CONTEXT: &str = "BINDING_CONTEXT_PATH";
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
    /// Makes them all.
    pub(super) fn write(
        processes: &Processes,
        call: &Call<'_>,
        given: &Given,
    ) -> Result<Self, process::Error> {
        let hook = file_name(&call.hook.file.name);
        let (name, files) = match call.hook.file.place {
            Place::Global | Place::Module => of_addon_operator((call, given), &hook),
            Place::Standalone => of_shell_operator(given, &hook),
        };
        let folder = processes.folder(&name)?;
        let mut paths = BTreeMap::new();
        for (variables, name, content) in files {
            let path = folder.write(&name, content)?;
            paths.extend(variables.iter().map(|variable| (*variable, path.clone())));
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

/// A file by its variables: its name and what is in it.
type Planned<'a> = (&'static [&'static str], String, &'a [u8]);

/// The name of the folder, and the files with the names that addon-operator gives them but for the
/// random part, which the folder has.
fn of_addon_operator<'a>(
    (call, given): (&Call<'_>, &'a Given),
    hook: &str,
) -> (String, Vec<Planned<'a>>) {
    let module = call.module.map_or("global", |module| module.as_str());
    let named = |end: &str| format!("{module}.module-{end}");
    let of_hook = |end: &str| format!("{hook}.module-hook-{end}");
    let mut files: Vec<Planned<'a>> = vec![
        (
            &["CONFIG_VALUES_PATH"],
            named("config-values.json"),
            given.config_values.as_bytes(),
        ),
        (
            &["VALUES_PATH"],
            named("values.json"),
            given.values.as_bytes(),
        ),
        (
            &[BINDING_CONTEXT],
            named(&format!("hook-{hook}-binding-context.json")),
            given.contexts.as_bytes(),
        ),
        (
            &[CONFIG_VALUES_PATCH],
            of_hook("config-values.json-patch"),
            b"",
        ),
        (&[VALUES_PATCH], of_hook("values.json-patch"), b""),
        (&[METRICS], of_hook("metrics.json"), b""),
        (&[KUBERNETES_PATCH], format!("{hook}-object-patch"), b""),
    ];
    // Only hooks that the API server calls have to answer it.
    if !call.hook.config.admissions.is_empty() {
        files.push(admission_response(hook));
    }
    if !call.hook.config.conversions.is_empty() {
        files.push(conversion_response(hook));
    }
    (format!("{module}.{hook}"), files)
}

/// The same with the names that shell-operator gives them. There are no values.
fn of_shell_operator<'a>(given: &'a Given, hook: &str) -> (String, Vec<Planned<'a>>) {
    let named = |end: &str| format!("hook-{hook}-{end}.json");
    let files: Vec<Planned<'a>> = vec![
        (
            &[BINDING_CONTEXT],
            named("binding-context"),
            given.contexts.as_bytes(),
        ),
        (&[METRICS], named("metrics"), b""),
        conversion_response(hook),
        admission_response(hook),
        (&[KUBERNETES_PATCH], format!("{hook}-object-patch"), b""),
    ];
    (format!("hook-{hook}"), files)
}

fn admission_response(hook: &str) -> Planned<'static> {
    let name = format!("hook-{hook}-admission-response.json");
    (&[ADMISSION_RESPONSE, VALIDATING_RESPONSE], name, b"")
}

fn conversion_response(hook: &str) -> Planned<'static> {
    let name = format!("hook-{hook}-conversion-response.json");
    (&[CONVERSION_RESPONSE], name, b"")
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
