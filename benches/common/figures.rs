//! Samples by name.

use std::collections::BTreeMap;

/// Samples by name.
#[derive(Default)]
pub(crate) struct Figures {
    samples: BTreeMap<String, Vec<f64>>,
}

/// Which of the samples stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Median,
    /// What 99 of 100 are not above.
    P99,
    Most,
}

impl Figures {
    pub(crate) fn add(&mut self, name: &str, sample: f64) {
        self.samples
            .entry(name.to_owned())
            .or_default()
            .push(sample);
    }

    /// The samples in their order; they are finite.
    pub(crate) fn sorted(&self, name: &str) -> Vec<f64> {
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
}
