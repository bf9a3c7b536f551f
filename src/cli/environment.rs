//! The environment, read once and all of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The variables of this process. A variable that is set to nothing counts as not set, as a
/// Deployment with an empty `value:` means it.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables as they are now.
    pub(super) fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names of all variables, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// All variables of this process as they are now, empty ones too: for filters that ask for them.
pub(super) fn whole() -> BTreeMap<String, String> {
    let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let all = std::env::vars_os();
    all.map(|(name, value)| (text(name), text(value))).collect()
}

/// Whether hooks are told where the shell framework is already.
pub(super) fn has_framework() -> bool {
    std::env::var_os("FRAMEWORK_DIR").is_some_and(|folder| !folder.is_empty())
}

/// The folders of `JQ_LIBRARY_PATH`, for commands that start no operator.
pub(super) fn jq_library_path() -> Vec<PathBuf> {
    let paths = std::env::var_os("JQ_LIBRARY_PATH").unwrap_or_default();
    let paths = std::env::split_paths(&paths);
    paths.filter(|path| !path.as_os_str().is_empty()).collect()
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let set = variables.into_iter().filter(|(_, value)| !value.is_empty());
        Self(set.collect())
    }
}
