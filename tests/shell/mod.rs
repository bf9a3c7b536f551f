//! The shell framework: every function, run by bash with jq and with the operator's own jq; and the
//! latter as a command.

mod functions;
mod jq;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_addon-operator");
const FRAMEWORK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy");

/// Where `jq` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jq {
    /// A program, when this machine has one.
    Installed,
    /// The operator.
    Ours,
}

impl Jq {
    /// Those that can be had here.
    fn all() -> Vec<Self> {
        let has_jq = Command::new("jq").arg("--version").output().is_ok();
        let installed = has_jq.then_some(Self::Installed);
        [Self::Ours].into_iter().chain(installed).collect()
    }
}

/// The files of one run of a hook.
struct Files {
    folder: TempDir,
}

/// What a run left.
struct Left {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Files {
    fn new(contexts: &str, values: &str, config: &str) -> Self {
        let files = Self {
            folder: TempDir::new().expect("a folder"),
        };
        for (name, text) in [
            ("BINDING_CONTEXT_PATH", contexts),
            ("VALUES_PATH", values),
            ("CONFIG_VALUES_PATH", config),
            ("VALUES_JSON_PATCH_PATH", ""),
            ("CONFIG_VALUES_JSON_PATCH_PATH", ""),
            ("KUBERNETES_PATCH_PATH", ""),
        ] {
            fs::write(files.path(name), text).expect("a file");
        }
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    /// The JSON documents of a file.
    fn documents(&self, name: &str) -> Vec<Value> {
        let text = self.read(name);
        let documents = serde_json::Deserializer::from_str(&text).into_iter();
        let documents: Result<_, _> = documents.collect();
        documents.unwrap_or_else(|error| panic!("{name}: {error}: {text}"))
    }

    /// Runs a script in bash, with these arguments.
    fn run(&self, jq: Jq, script: &str, arguments: &[&str]) -> Left {
        let file = self.path("hook.sh");
        fs::write(&file, script).expect("a file");
        let mut command = Command::new("bash");
        command.arg(&file).args(arguments).stdin(Stdio::null());
        command.env("FRAMEWORK_DIR", FRAMEWORK);
        command.env("ADDON_OPERATOR_PROGRAM", PROGRAM);
        command.env("LC_ALL", "C.UTF-8");
        for entry in fs::read_dir(self.folder.path()).expect("a folder") {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a name");
            command.env(name, &path);
        }
        if jq == Jq::Ours {
            command.env("PATH", self.folder_without_jq());
        }
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("bash");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Left {
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        }
    }

    /// A folder of programs like any other, but for jq.
    fn folder_without_jq(&self) -> PathBuf {
        let folder = self.path("bin");
        fs::create_dir_all(&folder).expect("a folder");
        for program in ["base64", "bash", "cat", "find", "head", "sort", "tr"] {
            let places = ["/usr/bin", "/bin", "/usr/local/bin"];
            let mut places = places
                .map(|place| Path::new(place).join(program))
                .into_iter();
            let place = places.find(|path| path.exists()).expect(program);
            // Another run may have made it.
            let _ = std::os::unix::fs::symlink(place, folder.join(program));
        }
        folder
    }
}

/// A script that sources the framework first.
fn script(body: &str) -> String {
    format!("source \"$FRAMEWORK_DIR/shell_lib.sh\"\n{body}\n")
}
