//! Helm's engine, which times itself.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use addon_operator::control_plane;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::plan::Case;

/// The Go program, which waits for questions.
pub(crate) struct Helm {
    /// It ends when its input does.
    _child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What is timed.
#[derive(Clone, Copy)]
pub(crate) enum Span {
    Cold,
    Drawing,
}

/// One block.
#[derive(Clone, Serialize)]
pub(crate) struct Question {
    chart: PathBuf,
    values: Vec<PathBuf>,
    cold: bool,
    draw: bool,
    rounds: usize,
    changed: String,
    tell: bool,
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    nanoseconds: Option<Vec<u64>>,
    /// The value that changed.
    pub(crate) changed: String,
    /// What the last round printed, in base64, when it was asked to tell.
    output: Option<String>,
    error: String,
}

impl Helm {
    /// Builds it when it is not there.
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let source = include_str!("helm.go");
        let built = runtime.block_on(control_plane::with_helm(
            "helm-bench",
            source,
            &cache(),
            &mut |_| {},
        ));
        let program = built.unwrap_or_else(|error| panic!("Helm's engine: {error}"));
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Helm's engine");
        let questions = child.stdin.take().expect("a pipe");
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self {
            _child: child,
            questions,
            answers,
        }
    }

    pub(crate) fn ask(&mut self, question: &Question) -> Result<Answer, String> {
        let answer = self.hear(question);
        if answer.error.is_empty() {
            return Ok(answer);
        }
        let last = answer.error.trim().lines().next_back();
        Err(format!("Helm says: {}", last.unwrap_or_default()))
    }

    /// A program that does not answer ends the measurement.
    fn hear(&mut self, question: &Question) -> Answer {
        let line = serde_json::to_string(question).expect("a line");
        writeln!(self.questions, "{line}").expect("open ears");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("an answer");
        serde_json::from_str(&answer).expect("an answer")
    }
}

impl Question {
    /// A short one, to find out which value can change.
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            chart: case.chart.clone(),
            values: case.values.clone(),
            cold: false,
            draw: false,
            rounds: 1,
            changed: String::new(),
            tell: true,
        }
    }

    pub(crate) fn changing(self, changed: &str) -> Self {
        Self {
            changed: changed.to_owned(),
            tell: false,
            ..self
        }
    }

    pub(crate) fn spanning(&self, span: Span) -> Self {
        let mut question = self.clone();
        match span {
            Span::Cold => question.cold = true,
            Span::Drawing => question.draw = true,
        }
        question
    }

    pub(crate) fn times(&self, rounds: usize) -> Self {
        Self {
            rounds,
            ..self.clone()
        }
    }
}

impl Answer {
    /// What the last round printed.
    pub(crate) fn text(&self) -> Vec<u8> {
        let output = self.output.as_deref().unwrap_or_default();
        STANDARD.decode(output).expect("base64")
    }

    pub(crate) fn seconds(self) -> Vec<f64> {
        let times = self.nanoseconds.unwrap_or_default().into_iter();
        times
            .map(|time| std::time::Duration::from_nanos(time).as_secs_f64())
            .collect()
    }
}

/// The folder that the program itself would use.
fn cache() -> PathBuf {
    let folder = |variable: &str| env::var_os(variable).map(PathBuf::from);
    folder("ADDON_OPERATOR_CACHE_DIR")
        .or_else(|| Some(folder("XDG_CACHE_HOME")?.join("addon-operator")))
        .or_else(|| Some(folder("HOME")?.join(".cache/addon-operator")))
        .unwrap_or_else(|| Path::new("target").join("addon-operator"))
}
