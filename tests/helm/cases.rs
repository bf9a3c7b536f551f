//! Whole charts: stdout, stderr and exit code of `helm template` v3.22.0, and of ours.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{expect_none, without_origin, write};

/// One chart, and what Helm makes of it. `CHART` stands for its folder.
#[derive(Deserialize)]
struct Case {
    name: String,
    files: BTreeMap<String, String>,
    #[serde(default)]
    files_b64: BTreeMap<String, String>,
    args: Vec<String>,
    stdout: String,
    stderr: String,
    exit: i32,
}

/// What a program said.
#[derive(Debug, PartialEq)]
struct Told {
    stdout: String,
    stderr: String,
    exit: Option<i32>,
}

impl Case {
    /// What our program makes of the chart.
    fn ours(&self) -> Told {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in &self.files {
            write(folder.path(), path, text.as_bytes());
        }
        for (path, packed) in &self.files_b64 {
            write(folder.path(), path, &STANDARD.decode(packed).unwrap());
        }
        let place = folder.path().display().to_string();
        let output = Command::new(env!("CARGO_BIN_EXE_addon-operator"))
            .args(["template", "rel", &place, "--namespace", "ns"])
            .args(self.args.iter().map(|word| word.replace("CHART", &place)))
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&place, "CHART");
        Told {
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
            exit: output.status.code(),
        }
    }

    fn theirs(&self) -> Told {
        Told {
            stdout: self.stdout.clone(),
            stderr: without_origin(&self.stderr),
            exit: Some(self.exit),
        }
    }
}

#[test]
fn charts_give_what_helm_gives() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../data/helm/cases.json")).unwrap();
    assert_eq!(cases.len(), 120);
    let mut differences = Vec::new();
    for case in &cases {
        let (ours, theirs) = (case.ours(), case.theirs());
        if ours != theirs {
            let name = &case.name;
            differences.push(format!("{name}\n  helm: {theirs:?}\n  ours: {ours:?}"));
        }
    }
    expect_none(&differences, cases.len());
}
