//! Which charts are measured, and how long.

use std::fs;
use std::path::{Path, PathBuf};

/// One chart with some files of values.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) chart: PathBuf,
    pub(crate) values: Vec<PathBuf>,
}

/// What is measured.
pub(crate) struct Plan {
    pub(crate) cases: Vec<Case>,
    /// How many blocks there are of each side.
    pub(crate) blocks: usize,
    /// How long a block takes, in seconds, about.
    block: f64,
}

impl Plan {
    pub(crate) fn read(typed: impl Iterator<Item = String>) -> Self {
        let mut plan = Self {
            cases: Vec::new(),
            blocks: 7,
            block: 0.4,
        };
        let mut typed = typed.peekable();
        while let Some(word) = typed.next() {
            match word.as_str() {
                "--quick" => (plan.blocks, plan.block) = (3, 0.1),
                "--list" => {
                    let file = typed.next().expect("a file behind --list");
                    plan.cases.extend(listed(Path::new(&file)));
                }
                // `cargo bench` says it to every bench.
                "--bench" => {}
                folder => plan.cases.extend(found(Path::new(folder))),
            }
        }
        if plan.cases.is_empty() {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/charts/own");
            plan.cases = found(&own);
        }
        plan
    }

    /// How often something that takes so many seconds is done in a block.
    pub(crate) fn rounds(&self, seconds: f64) -> usize {
        let rounds = (self.block / seconds).clamp(3.0, 500.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 3 and 500"
        )]
        let rounds = rounds as usize;
        rounds
    }
}

/// A chart, or the charts in a folder.
fn found(folder: &Path) -> Vec<Case> {
    if folder.join("Chart.yaml").is_file() {
        return vec![Case::new(folder, Vec::new())];
    }
    let entries = fs::read_dir(folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut charts: Vec<_> = entries
        .map(|entry| entry.expect("a folder").path())
        .collect();
    charts.retain(|chart| chart.join("Chart.yaml").is_file());
    charts.sort();
    let cases = charts.iter().map(|chart| Case::new(chart, Vec::new()));
    cases.collect()
}

/// The charts of a file with a line for each: its name, its folder, files of values.
fn listed(file: &Path) -> Vec<Case> {
    let text = fs::read_to_string(file);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let cases = lines.map(|line| {
        let mut words = line.split_whitespace();
        let name = words.next().expect("a name").to_owned();
        let chart = words.next().expect("a folder behind the name").into();
        let values = words.map(PathBuf::from).collect();
        Case {
            name,
            chart,
            values,
        }
    });
    cases.collect()
}

impl Case {
    fn new(chart: &Path, values: Vec<PathBuf>) -> Self {
        let chart = fs::canonicalize(chart).expect("a chart");
        let name = chart.file_name().unwrap_or_default();
        Self {
            name: name.to_string_lossy().into_owned(),
            chart,
            values,
        }
    }
}
