//! A hook as a process, with the files of the contract and without an operator.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use addon_operator::binding::{Context, HookConfig, Place, parse_config, write_contexts};
use addon_operator::watch::Item;
use serde_json::Value;
use tempfile::TempDir;

/// A hook, and what it listens to.
pub(crate) struct Hook {
    file: PathBuf,
    pub(crate) config: HookConfig,
}

/// What a run left behind: the texts of its files.
pub(crate) struct Outcome {
    pub(crate) told: String,
    pub(crate) objects: String,
    pub(crate) values: String,
    pub(crate) metrics: String,
    pub(crate) admission: String,
    pub(crate) conversion: String,
}

impl Hook {
    /// Asks a hook what it listens to.
    pub(crate) fn ask(file: &Path, place: Place) -> Self {
        let output = finish(command(file).arg("--config"));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let name = file.display().to_string();
        let config = parse_config(&name, &text, place)
            .unwrap_or_else(|mistakes| panic!("{name}: {mistakes}\n{text}"));
        assert!(config.warnings.is_empty(), "{name}: {:?}", config.warnings);
        Self {
            file: file.to_owned(),
            config,
        }
    }

    /// The text of the context file when the objects of each binding are those that `objects`
    /// answers for its name; they go through the filters of the hook.
    pub(crate) fn contexts(
        &self,
        contexts: &[Context],
        objects: &dyn Fn(&str) -> Vec<Value>,
    ) -> String {
        let items = |index: usize| -> Vec<Arc<Item>> {
            let name = &self.config.kubernetes[index].name;
            let objects = objects(name);
            let items = objects
                .iter()
                .map(|object| Arc::new(self.item(index, object)));
            items.collect()
        };
        write_contexts(&self.config, contexts, &items)
    }

    /// What a binding keeps of an object.
    pub(crate) fn item(&self, index: usize, object: &Value) -> Item {
        let binding = &self.config.kubernetes[index];
        let text = object.to_string();
        let filter = binding.filter.as_ref();
        let result = filter.map(|filter| filter.project(&text).expect("a result"));
        Item {
            api_version: String::new(),
            kind: String::new(),
            namespace: None,
            name: String::new(),
            object: binding.keep_full.then(|| text.into_boxed_str()),
            filter_result: result.map(String::into_boxed_str),
        }
    }

    /// Runs it; it must succeed.
    pub(crate) fn run(&self, values: &Value, contexts: &str) -> Outcome {
        const WRITTEN: [&str; 6] = [
            "KUBERNETES_PATCH_PATH",
            "VALUES_JSON_PATCH_PATH",
            "METRICS_PATH",
            "CONFIG_VALUES_JSON_PATCH_PATH",
            "ADMISSION_RESPONSE_PATH",
            "CONVERSION_RESPONSE_PATH",
        ];
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let mut command = command(&self.file);
        let mut write = |name: &str, text: &str| {
            fs::write(path(name), text).expect("a file");
            command.env(name, path(name));
        };
        write("BINDING_CONTEXT_PATH", contexts);
        write("VALUES_PATH", &values.to_string());
        write("CONFIG_VALUES_PATH", "{}");
        for name in WRITTEN {
            write(name, "");
        }
        let output = finish(&mut command);
        let read = |name: &str| fs::read_to_string(path(name)).expect("a file");
        let told = [output.stdout, output.stderr].concat();
        Outcome {
            told: String::from_utf8(told).expect("UTF-8"),
            objects: read("KUBERNETES_PATCH_PATH"),
            values: read("VALUES_JSON_PATCH_PATH"),
            metrics: read("METRICS_PATH"),
            admission: read("ADMISSION_RESPONSE_PATH"),
            conversion: read("CONVERSION_RESPONSE_PATH"),
        }
    }
}

/// A file that was just written cannot always be executed while other threads start processes, so
/// its interpreter reads it.
fn command(file: &Path) -> Command {
    let text = fs::read_to_string(file).expect("a script");
    let first = text.lines().next().expect("a line");
    let interpreter = first.strip_prefix("#!/usr/bin/env ").expect(first);
    let mut command = Command::new(interpreter);
    command.arg(file).stdin(Stdio::null());
    command.env(
        "FRAMEWORK_DIR",
        concat!(env!("CARGO_MANIFEST_DIR"), "/deploy"),
    );
    command.env(
        "ADDON_OPERATOR_PROGRAM",
        env!("CARGO_BIN_EXE_addon-operator"),
    );
    command
}

fn finish(command: &mut Command) -> Output {
    let output = command.output().expect("an interpreter");
    assert!(output.status.success(), "{command:?}: {output:?}");
    output
}
