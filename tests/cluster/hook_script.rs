//! Hooks as tests write them, and how they talk with the test: by files.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use crate::support::eventually;

const PATIENCE: Duration = Duration::from_secs(40);

/// A hook in bash that prints `config` for `--config` and does `body` else.
pub(super) fn hook(config: &str, body: &str) -> String {
    format!(
        "#!/bin/bash
if [ \"$1\" = --config ]; then cat <<'CONFIG'
{config}
CONFIG
exit 0; fi
{body}
"
    )
}

/// A hook that runs before the chart is rendered.
pub(super) fn before_helm(body: &str) -> String {
    hook("{configVersion: v1, beforeHelm: 1}", body)
}

/// A line of bash that sets a value of the module to a text; in `text` variables hold.
pub(super) fn set_value(module: &str, key: &str, text: &str) -> String {
    format!(
        r#"echo "{{\"op\":\"add\",\"path\":\"/{module}/{key}\",\"value\":\"{text}\"}}" >> $VALUES_JSON_PATCH_PATH"#
    )
}

/// A line of bash that makes a `ConfigMap` in a namespace.
pub(super) fn make_config_map(namespace: &str, name: &str) -> String {
    format!(
        r#"echo '{{"operation":"CreateOrUpdate","object":{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}","namespace":"{namespace}"}}}}}}' >> $KUBERNETES_PATCH_PATH"#
    )
}

/// The configuration of a binding to `ConfigMap`s of a namespace; `more` are further lines of it.
pub(super) fn config_maps(namespace: &str, more: &str) -> String {
    format!(
        "configVersion: v1
kubernetes:
- name: maps
  apiVersion: v1
  kind: ConfigMap
  namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}
{more}"
    )
}

/// The chart of a module that shows its value `seen` in a `ConfigMap` with its name.
pub(super) fn seen_chart(module: &str) -> String {
    format!(
        "
apiVersion: v1
kind: ConfigMap
metadata: {{name: {module}}}
data: {{seen: {{{{ Values.{module}.seen | default('nothing') | toJson }}}}}}
"
    )
}

/// A folder of small files that hooks and the test see.
pub(super) struct Marks {
    folder: TempDir,
}

impl Marks {
    pub(super) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    /// The path of a mark.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same, as a text for scripts.
    pub(super) fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A line of bash that adds a line to a mark; in `text` variables hold.
    pub(super) fn note(&self, name: &str, text: &str) -> String {
        format!("echo \"{text}\" >> {}", self.text(name))
    }

    /// A line of bash that waits for a mark.
    pub(super) fn await_in_hook(&self, name: &str) -> String {
        format!(
            "while [ ! -e {} ]; do sleep 0.05; done",
            self.path(name).display()
        )
    }

    /// Sets a mark.
    pub(super) fn set(&self, name: &str) {
        fs::write(self.path(name), "").expect("a file");
    }

    /// The lines of a mark.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until a mark has so many lines; answers them.
    pub(super) async fn until(&self, name: &str, count: usize) -> Vec<String> {
        eventually(&format!("{count} lines in {name}"), PATIENCE, async || {
            let lines = self.lines(name);
            if lines.len() >= count {
                Ok(lines)
            } else {
                Err(format!("{lines:?}"))
            }
        })
        .await
    }
}

/// Waits until no process has this number.
pub(super) async fn until_dead(process: &str) {
    eventually("the process is gone", PATIENCE, async || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"));
        // A zombie is dead; who has to bury it is not our matter.
        match stat {
            Err(_) => Ok(()),
            Ok(stat) if stat.contains(") Z ") => Ok(()),
            Ok(stat) => Err(stat),
        }
    })
    .await;
}
