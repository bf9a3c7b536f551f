//! Hooks that write down what they are given.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::scene::PATIENCE;
use crate::support::eventually;

const PRELUDE: &str = include_str!("recorder.py");

/// Where the hooks of one test write.
pub(super) struct Recorder {
    folder: TempDir,
}

impl Recorder {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("records"), "").expect("a file");
        Self { folder }
    }

    /// A file beside the records, by which a hook is told to go on.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes such a file.
    pub(super) fn open(&self, name: &str) {
        std::fs::write(self.file(name), "").expect("a file");
    }

    /// A hook with this name in the records. `config` is YAML without its first line; `body` is
    /// Python that runs when all is written down; `FOLDER` in it is where [`file`](Self::file)s are.
    pub(super) fn hook(&self, name: &str, config: &str, body: &str) -> String {
        let records = self.file("records");
        let prelude = PRELUDE
            .replace("@NAME@", name)
            .replace("@RECORDS@", &records.display().to_string())
            .replace("@CONFIG@", &format!("configVersion: v1\n{config}"));
        let folder = self.folder.path().display();
        format!("{prelude}\nFOLDER = \"{folder}\"\n{body}\n")
    }

    /// All records, in order.
    pub(super) fn all(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.file("records")).expect("records");
        // A line may be on its way.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// The runs of all hooks, each as one line: `a pods Added web, tick Schedule`.
    pub(super) fn tale(&self) -> Vec<String> {
        let all = self.all();
        let runs = all.iter().filter(|record| record["contexts"].is_array());
        runs.map(line).collect()
    }

    /// Every context of a hook, in order.
    pub(super) fn contexts(&self, hook: &str) -> Vec<Value> {
        let all = self.all();
        let of_hook = all.iter().filter(|record| record["hook"] == hook);
        let contexts = of_hook.filter_map(|record| record["contexts"].as_array());
        contexts.flatten().cloned().collect()
    }

    /// Waits until the runs are as wanted; answers them.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        eventually(what, PATIENCE, async || {
            let tale = self.tale();
            if is_so(&tale) {
                Ok(tale)
            } else {
                Err(format!("{tale:#?}"))
            }
        })
        .await
    }

    /// Waits until there is this run.
    pub(super) async fn sees(&self, run: &str) {
        let has = |tale: &[String]| tale.iter().any(|line| line == run);
        self.until(run, has).await;
    }

    /// How often there is this run.
    pub(super) fn count(&self, run: &str) -> usize {
        let tale = self.tale();
        tale.iter().filter(|line| *line == run).count()
    }

    /// Forgets what was written.
    pub(super) fn clear(&self) {
        std::fs::write(self.file("records"), "").expect("a file");
    }
}

/// Long enough for what must not happen to happen.
pub(super) async fn a_while() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

fn line(record: &Value) -> String {
    let contexts = record["contexts"].as_array().into_iter().flatten();
    let words = contexts.map(|context| {
        let object = context.get("object").unwrap_or(&Value::Null);
        let words = [
            &context["binding"],
            context.get("watchEvent").unwrap_or(&context["type"]),
            &object["metadata"]["name"],
        ];
        let words = words.into_iter().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(" ")
    });
    let words: Vec<String> = words.collect();
    format!(
        "{} {}",
        record["hook"].as_str().unwrap_or_default(),
        words.join(", ")
    )
}
