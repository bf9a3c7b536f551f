//! What a template gives: asked of Helm's own engine, and of ours.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use addon_operator::chart::{self, Care};
use addon_operator::govalue::Map;
use addon_operator::render::{Capabilities, HelmChart, Release, default_api_versions};
use addon_operator::sprig::HelmVersion;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::probes::Alone;
use super::write;

/// One template and what stands around it: `templates/t.txt` of the chart `p`.
#[derive(Serialize)]
pub(super) struct Question {
    pub(super) template: String,
    pub(super) helpers: String,
    pub(super) values: String,
    pub(super) files: BTreeMap<String, String>,
    /// More lines of `Chart.yaml`.
    pub(super) chart: String,
}

/// Its output, or why it failed.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Output(Vec<u8>),
    Error(String),
}

impl Answer {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Output(bytes) => bytes,
            Self::Error(text) => text.as_bytes(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Output(_) => "output",
            Self::Error(_) => "error",
        };
        let text = String::from_utf8_lossy(self.bytes());
        let short: String = text.chars().take(600).collect();
        write!(out, "{word} {short:?}")
    }
}

/// A line of the Go program.
#[derive(Deserialize)]
struct Line {
    output: Option<String>,
    error: String,
}

/// What Helm's engine answers, in the same order.
pub(super) fn ask_helm(program: &Path, questions: &[&Question]) -> Vec<Answer> {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Helm's engine");
    let mut lines = Vec::new();
    for question in questions {
        serde_json::to_writer(&mut lines, question).expect("a line");
        lines.push(b'\n');
    }
    let mut pipe = child.stdin.take().expect("a pipe");
    let asking = std::thread::spawn(move || pipe.write_all(&lines).expect("open ears"));
    let output = child.wait_with_output().expect("an end");
    asking.join().expect("all asked");
    assert!(output.status.success(), "Helm's engine failed");
    let answers = String::from_utf8(output.stdout).expect("JSON");
    let answers = answers.lines().map(|line| {
        let line: Line = serde_json::from_str(line).expect("an answer");
        if line.error.is_empty() {
            let output = line.output.unwrap_or_default();
            Answer::Output(STANDARD.decode(output).expect("base64"))
        } else {
            Answer::Error(line.error)
        }
    });
    answers.collect()
}

/// What our engine answers. The chart is written into `folder`.
pub(super) fn ask_us(folder: &Path, question: &Question) -> Answer {
    match texts(folder, question) {
        Ok(mut texts) => Answer::Output(texts.remove("p/templates/t.txt").unwrap_or_default()),
        Err(why) => Answer::Error(why),
    }
}

fn texts(folder: &Path, question: &Question) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let about = format!(
        "apiVersion: v2\nname: p\nversion: 0.1.0\nappVersion: \"1.0\"\n{}",
        question.chart
    );
    write(folder, "Chart.yaml", about.as_bytes());
    write(folder, "values.yaml", question.values.as_bytes());
    write(folder, "templates/t.txt", question.template.as_bytes());
    if !question.helpers.is_empty() {
        write(folder, "templates/_h.tpl", question.helpers.as_bytes());
    }
    for (path, text) in &question.files {
        write(folder, path, text.as_bytes());
    }
    let chart = chart::load(folder)
        .map_err(|error| error.to_string())?
        .chart;
    let coalesced = chart::coalesce(&chart, &Map::any(), Care::ForSpeed);
    let coalesced = coalesced.map_err(|error| error.to_string())?;
    let release = Release {
        name: "rel".to_owned(),
        namespace: "default".to_owned(),
        revision: 1,
        is_install: true,
        is_upgrade: false,
    };
    let capabilities = Capabilities {
        kube_version: "v1.33.0".to_owned(),
        api_versions: default_api_versions(),
    };
    HelmChart::new(HelmVersion::V3)
        .execute(&coalesced.root, (&release, &capabilities), Arc::new(Alone))
        .map_err(|error| error.to_string())
}
