//! Charts, rendered by us and by Helm's own engine, in one run and in turn.
//!
//! ```text
//! cargo bench --bench charts                        the charts in benches/charts/own
//! cargo bench --bench charts -- FOLDER...           charts, or folders with charts
//! cargo bench --bench charts -- --list FILE         a line for each: name, chart, files of values
//! cargo bench --bench charts -- --quick ...         three blocks in place of seven, and shorter ones
//! ```
//!
//! Helm's engine is its Go module in a small program of ours (`helm.go`), which times itself, so neither
//! side pays for a process. What is measured on both sides:
//!
//! - *warm*: the chart is loaded. A value changes; values are put together and checked against schemas,
//!   templates are rendered, the text is split, read and sorted. This is what an operator does.
//! - *cold*: the same from the folder on: load, parse, and dependencies too.
//! - *drawing*: warm, with keys and passwords drawn anew each time. Elsewhere both sides give again what they
//!   drew first, because what a key costs is no question of an engine.
//!
//! What both print is compared first, to the byte: *other* counts the lines that differ, those that hold what
//! was drawn. Blocks of both sides alternate; a figure is the median of the medians of its blocks.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot be made ends here; its table goes to stdout"
)]

mod helm;
mod ours;
mod plan;

use helm::{Helm, Question, Span};
use plan::{Case, Plan};

/// What one side needs, in seconds.
struct Figure {
    helm: f64,
    ours: f64,
}

impl Figure {
    fn ratio(&self) -> f64 {
        self.helm / self.ours
    }
}

fn main() {
    let plan = Plan::read(std::env::args().skip(1));
    let mut helm = Helm::start();
    let width = plan.cases.iter().map(|case| case.name.len()).max();
    let width = width.unwrap_or_default().max(14);
    println!(
        "{:width$}  {:>8} {:>5}  {:>9} {:>9} {:>7}  {:>9} {:>9} {:>7}  {:>7}",
        "chart",
        "KiB",
        "other",
        "warm Helm",
        "ours",
        "ratio",
        "cold Helm",
        "ours",
        "ratio",
        "drawing"
    );
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for case in &plan.cases {
        match measure(&plan, case, &mut helm) {
            Ok(row) => {
                println!("{:width$}  {}", case.name, row.text());
                warm.push(row.warm.ratio());
                cold.push(row.cold.ratio());
            }
            Err(why) => println!("{:width$}  left out: {why}", case.name),
        }
    }
    println!(
        "\ngeometric mean of {}: warm {:.2} ×, cold {:.2} ×; least: warm {:.2} ×",
        warm.len(),
        mean(&warm),
        mean(&cold),
        warm.iter().copied().fold(f64::INFINITY, f64::min),
    );
}

/// The figures of one chart.
struct Row {
    bytes: usize,
    /// Lines that are not Helm's.
    others: usize,
    warm: Figure,
    cold: Figure,
    drawing: Option<Figure>,
}

impl Row {
    fn text(&self) -> String {
        let part = |figure: &Figure| {
            let (helm, ours) = (figure.helm * 1000.0, figure.ours * 1000.0);
            format!("{helm:>6.2} ms {ours:>6.2} ms {:>5.2} ×", figure.ratio())
        };
        let drawing = self.drawing.as_ref();
        let drawing = drawing.map_or_else(String::new, |figure| format!("{:.2} ×", figure.ratio()));
        let kib = self.bytes / 1024;
        format!(
            "{kib:>8} {:>5}  {}  {}  {drawing:>7}",
            self.others,
            part(&self.warm),
            part(&self.cold)
        )
    }
}

fn measure(plan: &Plan, case: &Case, helm: &mut Helm) -> Result<Row, String> {
    let question = Question::new(case);
    let first = helm.ask(&question)?;
    let question = question.changing(&first.changed);
    let mut chart = ours::Chart::load(case, &first.changed)?;
    let text = chart.text()?;
    let others = differences(text.as_bytes(), &first.text());
    let warm = alternate(plan, helm, &question, |rounds| chart.warm(rounds))?;
    let draws = chart.draws();
    let cold_question = question.spanning(Span::Cold);
    let cold = alternate(plan, helm, &cold_question, |rounds| chart.cold(rounds))?;
    let drawing = if draws {
        let question = question.spanning(Span::Drawing);
        let mut chart = ours::Chart::load(case, &first.changed)?.drawing();
        Some(alternate(plan, helm, &question, |rounds| {
            chart.warm(rounds)
        })?)
    } else {
        None
    };
    Ok(Row {
        bytes: text.len(),
        others,
        warm,
        cold,
        drawing,
    })
}

/// How many lines of ours are not Helm's: those that hold what was drawn, if all is well.
fn differences(ours: &[u8], helms: &[u8]) -> usize {
    let lines = |text: &'_ [u8]| -> Vec<Vec<u8>> {
        let lines = text.split(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    };
    let (ours, helms) = (lines(ours), lines(helms));
    let pairs = ours.iter().zip(&helms);
    pairs.filter(|(one, other)| one != other).count() + ours.len().abs_diff(helms.len())
}

/// Blocks of both sides in turn, each about as long as the plan says.
fn alternate(
    plan: &Plan,
    helm: &mut Helm,
    question: &Question,
    mut ours: impl FnMut(usize) -> Result<Vec<f64>, String>,
) -> Result<Figure, String> {
    let helm_rounds = plan.rounds(median(helm.ask(&question.times(2))?.seconds()));
    let our_rounds = plan.rounds(median(ours(2)?));
    let (mut theirs, mut own) = (Vec::new(), Vec::new());
    for _ in 0..plan.blocks {
        theirs.push(median(helm.ask(&question.times(helm_rounds))?.seconds()));
        own.push(median(ours(our_rounds)?));
    }
    Ok(Figure {
        helm: median(theirs),
        ours: median(own),
    })
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

fn mean(ratios: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are few charts")]
    let count = ratios.len() as f64;
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / count).exp()
}
