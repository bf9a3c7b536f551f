//! Samples by name, and the table of what they come to.

use std::collections::BTreeMap;

/// Samples by name.
#[derive(Default)]
pub(crate) struct Figures {
    samples: BTreeMap<String, Vec<f64>>,
}

/// How a figure is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    Milliseconds,
    /// Milliseconds with hundredths.
    Fine,
    Mebibytes,
    Count,
    Ratio,
}

/// Which of the samples stands for all.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    Median,
    /// What 99 of 100 are not above.
    P99,
    Most,
}

/// A line of the table.
pub(crate) struct Line {
    cells: [String; 5],
}

impl Figures {
    pub(crate) fn add(&mut self, name: &str, sample: f64) {
        self.samples
            .entry(name.to_owned())
            .or_default()
            .push(sample);
    }

    /// The samples in their order; they are finite.
    fn sorted(&self, name: &str) -> Vec<f64> {
        let mut samples = self.samples.get(name).cloned().unwrap_or_default();
        samples.sort_by(f64::total_cmp);
        samples
    }

    pub(crate) fn of(&self, name: &str, which: Which) -> f64 {
        let samples = self.sorted(name);
        match which {
            Which::Median => samples.get(samples.len() / 2),
            Which::P99 => samples.get(samples.len() * 99 / 100),
            Which::Most => samples.last(),
        }
        .copied()
        .unwrap_or(f64::NAN)
    }

    /// The ratio of two medians.
    pub(crate) fn ratio(&self, name: &str, floor: &str) -> f64 {
        self.of(name, Which::Median) / self.of(floor, Which::Median)
    }

    /// A line with what was measured, its range and its budget.
    pub(crate) fn line(&self, name: &str, which: Which, unit: Unit, budget: Option<f64>) -> Line {
        let figure = self.of(name, which);
        let samples = self.sorted(name);
        let range = samples.first().zip(samples.last());
        let range = range.map_or_else(String::new, |(least, most)| {
            format!("{} – {}", unit.write(*least), unit.write(*most))
        });
        let which = match which {
            Which::Median => "",
            Which::P99 => ", p99",
            Which::Most => ", max",
        };
        Line::new(format!("{name}{which}"), figure, range, unit, budget)
    }
}

impl Line {
    /// A line with any figure.
    pub(crate) fn new(
        what: String,
        figure: f64,
        range: String,
        unit: Unit,
        budget: Option<f64>,
    ) -> Self {
        let (limit, verdict) = match budget {
            None => (String::new(), ""),
            Some(budget) if figure <= budget => (format!("≤ {}", unit.write(budget)), "kept"),
            Some(budget) => (format!("≤ {}", unit.write(budget)), "MISSED"),
        };
        Self {
            cells: [what, unit.write(figure), range, limit, verdict.to_owned()],
        }
    }
}

impl Unit {
    fn write(self, figure: f64) -> String {
        match self {
            Self::Milliseconds => format!("{:.0} ms", figure * 1000.0),
            Self::Fine => format!("{:.2} ms", figure * 1000.0),
            Self::Mebibytes => format!("{figure:.1} MiB"),
            Self::Count => format!("{figure:.0}"),
            Self::Ratio => format!("{figure:.2} ×"),
        }
    }
}

/// Prints the lines below a heading, aligned.
pub(crate) fn print(lines: &[Line]) {
    let heading = ["what", "figure", "least – most", "budget", ""].map(str::to_owned);
    let rows: Vec<&[String; 5]> = std::iter::once(&heading)
        .chain(lines.iter().map(|line| &line.cells))
        .collect();
    let width = |column: usize| {
        let widths = rows
            .iter()
            .filter_map(|row| Some(row.get(column)?.chars().count()));
        widths.max().unwrap_or_default()
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    for row in rows {
        let [what, figure, range, budget, verdict] = row;
        let [w0, w1, w2, w3, _] = widths;
        println!("{what:w0$}  {figure:>w1$}  {range:>w2$}  {budget:>w3$}  {verdict}");
    }
}
