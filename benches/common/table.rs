//! Rows of figures with floors and budgets: as a table for people, as JSON for programs.

use serde_json::{Value, json};

use crate::figures::{Figures, Which};

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
    /// Milliseconds with hundredths.
    Fine,
    Mebibytes,
    Bytes,
    Count,
    /// A number with tenths.
    Each,
    Ratio,
}

/// A row: what was measured, beside what, and what it may be.
pub(crate) struct Row {
    what: String,
    which: Which,
    unit: Unit,
    figure: f64,
    samples: Vec<f64>,
    floor: Option<(String, f64)>,
    budget: Option<Budget>,
}

/// What a figure may be at most.
#[derive(Debug, Clone, Copy)]
enum Budget {
    Figure(f64),
    /// So many times its floor.
    Ratio(f64),
}

impl Row {
    /// One with samples of a name.
    pub(crate) fn of(figures: &Figures, name: &str, which: Which, unit: Unit) -> Self {
        Self {
            what: name.to_owned(),
            which,
            unit,
            figure: figures.of(name, which),
            samples: figures.sorted(name),
            floor: None,
            budget: None,
        }
    }

    /// One with a figure that was reckoned.
    pub(crate) fn reckoned(what: String, figure: f64, unit: Unit) -> Self {
        Self {
            what,
            which: Which::Median,
            unit,
            figure,
            samples: Vec::new(),
            floor: None,
            budget: None,
        }
    }

    /// Beside the median of the samples of another name.
    pub(crate) fn beside(mut self, figures: &Figures, floor: &str) -> Self {
        let figure = figures.of(floor, Which::Median);
        self.floor = Some((floor.to_owned(), figure));
        self
    }

    /// With what it may be at most.
    pub(crate) fn at_most(mut self, figure: f64) -> Self {
        self.budget = Some(Budget::Figure(figure));
        self
    }

    /// With how often its floor it may be at most.
    pub(crate) fn at_most_times(mut self, ratio: f64) -> Self {
        self.budget = Some(Budget::Ratio(ratio));
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.floor.as_ref().map(|(_, floor)| self.figure / floor)
    }

    /// Whether the budget is kept; `None` without one.
    fn is_kept(&self) -> Option<bool> {
        Some(match self.budget? {
            Budget::Figure(most) => self.figure <= most,
            Budget::Ratio(most) => self.ratio()? <= most,
        })
    }

    fn cells(&self) -> [String; 7] {
        let write = |figure: f64| self.unit.write(figure);
        let ends = self.samples.first().zip(self.samples.last());
        let range = ends.filter(|_| self.samples.len() > 1);
        let range = range.map(|(least, most)| format!("{} – {}", write(*least), write(*most)));
        let which = match self.which {
            Which::Median => "",
            Which::P99 => ", p99",
            Which::Most => ", max",
        };
        let floor = self.floor.as_ref();
        let ratio = self.ratio().map(|ratio| Unit::Ratio.write(ratio));
        let budget = self.budget.map(|budget| match budget {
            Budget::Figure(most) => format!("≤ {}", write(most)),
            Budget::Ratio(most) => format!("≤ {}", Unit::Ratio.write(most)),
        });
        let verdict = match self.is_kept() {
            None => "",
            Some(true) => "kept",
            Some(false) => "MISSED",
        };
        [
            format!("{}{which}", self.what),
            write(self.figure),
            range.unwrap_or_default(),
            floor.map(|(_, floor)| write(*floor)).unwrap_or_default(),
            ratio.unwrap_or_default(),
            budget.unwrap_or_default(),
            verdict.to_owned(),
        ]
    }

    fn to_json(&self) -> Value {
        json!({
            "what": self.what,
            "which": match self.which {
                Which::Median => "median",
                Which::P99 => "p99",
                Which::Most => "max",
            },
            "unit": self.unit.name(),
            "figure": self.figure,
            "samples": self.samples,
            "floor": self.floor.as_ref().map(|(what, figure)| json!({"what": what, "figure": figure})),
            "ratio": self.ratio(),
            "budget": self.budget.map(|budget| match budget {
                Budget::Figure(most) => json!({"figure": most}),
                Budget::Ratio(most) => json!({"ratio": most}),
            }),
            "kept": self.is_kept(),
        })
    }
}

impl Unit {
    pub(crate) fn write(self, figure: f64) -> String {
        match self {
            Self::Seconds => format!("{figure:.2} s"),
            Self::Each => format!("{figure:.1}"),
            Self::Milliseconds => format!("{:.0} ms", figure * 1000.0),
            Self::Fine => format!("{:.2} ms", figure * 1000.0),
            Self::Mebibytes => format!("{figure:.1} MiB"),
            Self::Bytes => format!("{figure:.0} B"),
            Self::Count => format!("{figure:.0}"),
            Self::Ratio => format!("{figure:.2} ×"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Seconds | Self::Milliseconds | Self::Fine => "seconds",
            Self::Mebibytes => "mebibytes",
            Self::Bytes => "bytes",
            Self::Count | Self::Each => "count",
            Self::Ratio => "ratio",
        }
    }
}

/// The rows for programs.
pub(crate) fn to_json(rows: &[Row]) -> Value {
    rows.iter().map(Row::to_json).collect()
}

/// Prints rows below a heading, aligned.
pub(crate) fn print(rows: &[Row]) {
    let heading = [
        "what",
        "figure",
        "least – most",
        "floor",
        "ratio",
        "budget",
        "",
    ];
    let cells = rows.iter().map(|row| row.cells().to_vec());
    print_aligned(&heading, cells);
}

/// Prints lines of cells below a heading, aligned: the first column and the last at their left, the others at their right.
pub(crate) fn print_aligned(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let heading = heading.iter().map(|&cell| cell.to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
    let last = lines.first().map_or(0, Vec::len).saturating_sub(1);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..=last).filter_map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).enumerate();
        let cells = cells.filter(|(_, (_, width))| **width > 0);
        let cells: Vec<String> = cells
            .map(|(column, (cell, &width))| {
                if column == 0 || column == last {
                    format!("{cell:width$}")
                } else {
                    format!("{cell:>width$}")
                }
            })
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
}
