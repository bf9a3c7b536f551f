//! What a room keeps: families, and the series that it updates.

use std::fmt;
use std::sync::Arc;

use super::cell::{Cell, Distribution, Number};
use super::family::Core;

/// A series seen as what it is.
pub trait Handle {
    /// What it is made of.
    type Cell: Cell;

    /// A handle on a series.
    fn new(cell: Arc<Self::Cell>) -> Self;
}

/// A counter, gauge or histogram with `N` labels, from which its series are taken.
pub struct Family<H: Handle, const N: usize> {
    core: Arc<Core<H::Cell>>,
    labels: [&'static str; N],
}

/// A family of counters.
pub type CounterFamily<const N: usize> = Family<Counter, N>;
/// A family of gauges.
pub type GaugeFamily<const N: usize> = Family<Gauge, N>;
/// A family of histograms.
pub type HistogramFamily<const N: usize> = Family<Histogram, N>;

impl<H: Handle, const N: usize> Family<H, N> {
    pub(super) fn new(core: Arc<Core<H::Cell>>, labels: [&'static str; N]) -> Self {
        Self { core, labels }
    }

    /// The series with these label values, in the order of the labels at registration; made, with the
    /// value 0, when it is not there.
    ///
    /// Over the limit of the family the handle works but is shown nowhere.
    pub fn with(&self, values: &[&str; N]) -> H {
        let series = self.core.series(&self.pairs(values), None);
        H::new(series.unwrap_or_else(|unseen| unseen))
    }

    /// Takes a series out of what is shown. Handles on it go on counting for nobody; take a new one.
    pub fn remove(&self, values: &[&str; N]) {
        self.core.remove(&self.pairs(values));
    }

    /// Takes all series out of what is shown.
    pub fn clear(&self) {
        self.core.clear();
    }

    fn pairs<'a>(&self, values: &[&'a str; N]) -> [(&'a str, &'a str); N]
    where
        'static: 'a,
    {
        std::array::from_fn(|index| (self.labels[index], values[index]))
    }
}

impl<H: Handle, const N: usize> Clone for Family<H, N> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            labels: self.labels,
        }
    }
}

impl<H: Handle, const N: usize> fmt::Debug for Family<H, N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Family")
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

/// A number that only rises.
#[derive(Debug, Clone)]
pub struct Counter(Arc<Number>);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.0.add(1.0);
    }

    /// Adds an amount; one that is below zero or not a number is left out.
    pub fn add(&self, amount: f64) {
        if amount >= 0.0 {
            self.0.add(amount);
        }
    }

    /// What was added so far.
    pub fn value(&self) -> f64 {
        self.0.value()
    }
}

impl Handle for Counter {
    type Cell = Number;

    fn new(cell: Arc<Number>) -> Self {
        Self(cell)
    }
}

/// A number that rises and falls.
#[derive(Debug, Clone)]
pub struct Gauge(Arc<Number>);

impl Gauge {
    /// Says what it is now.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Adds an amount, which may be below zero.
    pub fn add(&self, amount: f64) {
        self.0.add(amount);
    }

    /// What it is now.
    pub fn value(&self) -> f64 {
        self.0.value()
    }
}

impl Handle for Gauge {
    type Cell = Number;

    fn new(cell: Arc<Number>) -> Self {
        Self(cell)
    }
}

/// Values counted by size.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Distribution>);

impl Histogram {
    /// Counts one value; one that is not a number is left out.
    pub fn observe(&self, value: f64) {
        if !value.is_nan() {
            self.0.observe(value);
        }
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.0.count()
    }

    /// Their sum.
    pub fn sum(&self) -> f64 {
        self.0.sum()
    }
}

impl Handle for Histogram {
    type Cell = Distribution;

    fn new(cell: Arc<Distribution>) -> Self {
        Self(cell)
    }
}
