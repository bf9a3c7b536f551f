//! What the process was started in, read once and all of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variables of this process, the name it was called by, and what is where it was started. A
/// variable that is set to nothing counts as not set, as a Deployment with an empty `value:` means it.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    program: String,
    has_modules: bool,
}

impl Environment {
    /// Everything as it is now.
    pub(super) fn of_process() -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        let called = std::env::args_os().next().map(text).unwrap_or_default();
        Self {
            has_modules: Path::new("modules").is_dir(),
            ..variables.collect::<Self>().called(&called)
        }
    }

    /// The same for a program that was called by this name or path.
    pub(super) fn called(mut self, program: &str) -> Self {
        let name = Path::new(program).file_name();
        self.program = name.map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        self
    }

    /// The same where there is a folder `modules`.
    #[cfg(test)]
    pub(super) fn with_modules(mut self) -> Self {
        self.has_modules = true;
        self
    }

    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The names of all variables, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// The name that the program was called by, without its folder.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// Whether there is a folder `modules` where the program was started.
    pub(super) fn has_modules(&self) -> bool {
        self.has_modules
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
        Self {
            variables: set.collect(),
            ..Self::default()
        }
    }
}
