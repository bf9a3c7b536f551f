//! Templates by families of functions and constructs: what Helm's own engine makes of each, and ours.
//!
//! `tests/data/helm/probes` has a file for each family. Helm's engine answers in a small Go program
//! (`tests/oracle/helm/main.go`), when it is there or can be built; where there is no Go, the answers in the
//! files stand. To add a probe, add a row with its `template` and run that program with `-answer`. A row
//! whose answer is another each time has a `shape`, a regular expression for both sides.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use addon_operator::sprig::{self, HelmVersion};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::bytes::Regex;
use serde::Deserialize;

use super::engine::{Answer, Question, ask_helm, ask_us};
use super::expect_none;
use crate::support;

/// One file of probes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// What they are about, for people.
    #[serde(rename = "what")]
    _what: String,
    #[serde(default)]
    values: String,
    #[serde(default)]
    helpers: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    probes: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    template: String,
    values: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    chart: String,
    expected: Option<String>,
    /// Output that is no UTF-8, in base64.
    bytes: Option<String>,
    error: Option<String>,
    shape: Option<String>,
}

/// A row with what its family says.
struct Probe {
    family: String,
    question: Question,
    wanted: Wanted,
}

/// What an answer must be.
enum Wanted {
    Answer(Answer),
    /// It is another each time, and looks like this.
    Shape(Regex),
}

impl Wanted {
    fn of(row: &Row) -> Self {
        if let Some(shape) = &row.shape {
            return Self::Shape(Regex::new(shape).expect("a regular expression"));
        }
        let output = row
            .bytes
            .as_ref()
            .map(|text| STANDARD.decode(text).expect("base64"));
        let output = output.or_else(|| Some(row.expected.as_ref()?.clone().into_bytes()));
        Self::Answer(match (&row.error, output) {
            (Some(error), None) => Answer::Error(error.clone()),
            (None, Some(output)) => Answer::Output(output),
            _ => panic!("{}: has not one answer", row.template),
        })
    }

    fn is_met_by(&self, answer: &Answer) -> bool {
        match self {
            Self::Answer(wanted) => wanted == answer,
            Self::Shape(shape) => shape.is_match(answer.bytes()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Answer(answer) => answer.to_string(),
            Self::Shape(shape) => format!("shape {shape}"),
        }
    }
}

fn read() -> Vec<Probe> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/helm/probes");
    let entries = fs::read_dir(folder).expect("a folder of probes");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    paths.iter().flat_map(|path| read_family(path)).collect()
}

fn read_family(path: &Path) -> Vec<Probe> {
    let name = path.file_stem().expect("a name").to_string_lossy();
    let text = fs::read_to_string(path).expect("a file of probes");
    let family: Family =
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let probe = |row: Row| Probe {
        family: name.clone().into_owned(),
        wanted: Wanted::of(&row),
        question: Question {
            template: row.template,
            helpers: family.helpers.clone(),
            values: row.values.unwrap_or_else(|| family.values.clone()),
            files: family.files.clone().into_iter().chain(row.files).collect(),
            chart: row.chart,
        },
    };
    family.probes.into_iter().map(probe).collect()
}

/// The difference between what is wanted and what somebody answers, for people.
fn difference(probe: &Probe, who: &str, answer: &Answer) -> Option<String> {
    if probe.wanted.is_met_by(answer) {
        return None;
    }
    let (family, template) = (&probe.family, &probe.question.template);
    let wanted = probe.wanted.text();
    Some(format!(
        "{family}: {template}\n  file: {wanted}\n  {who}: {answer}"
    ))
}

/// Asks us in two threads; the order of the answers is that of the probes.
fn ours(probes: &[Probe]) -> Vec<String> {
    std::thread::scope(|scope| {
        let halves = probes.chunks(probes.len().div_ceil(2)).map(|probes| {
            scope.spawn(|| {
                let differences = probes.iter().filter_map(|probe| {
                    let folder = tempfile::tempdir().expect("a folder");
                    let answer = ask_us(folder.path(), &probe.question);
                    difference(probe, "ours", &answer)
                });
                differences.collect::<Vec<_>>()
            })
        });
        let halves: Vec<_> = halves.collect();
        let ends = halves.into_iter().map(|half| half.join().expect("an end"));
        ends.flatten().collect()
    })
}

#[test]
fn every_family_gives_what_helms_engine_gives() {
    let probes = read();
    assert!(probes.len() > 4000, "{} probes", probes.len());
    expect_none(&ours(&probes), probes.len());
}

#[tokio::test]
async fn answers_in_the_files_are_those_of_helms_engine() {
    let Some(program) = support::helm_engine().await else {
        return;
    };
    let probes = read();
    let questions: Vec<_> = probes.iter().map(|probe| &probe.question).collect();
    let answers = ask_helm(&program, &questions);
    assert_eq!(answers.len(), probes.len());
    let pairs = probes.iter().zip(&answers);
    let differences: Vec<_> = pairs
        .filter_map(|(probe, answer)| difference(probe, "Helm", answer))
        .collect();
    expect_none(&differences, probes.len());
}

#[test]
fn every_function_is_asked_for() {
    let probes = read();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let names = |text: &str| {
        let words = text.split(|sign: char| !u8::try_from(sign).is_ok_and(is_word));
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    let asked: std::collections::BTreeSet<String> = probes
        .iter()
        .flat_map(|probe| names(&probe.question.template))
        .collect();
    let known = sprig::all().map(|function| function.name);
    let forgotten: Vec<_> = known
        .filter(|name| sprig::find(name, HelmVersion::V3).is_some())
        .filter(|name| !asked.contains(*name))
        .collect();
    assert_eq!(forgotten, [""; 0]);
}
