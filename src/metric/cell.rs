//! What one series holds: a number, or a distribution over buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::text;

/// What the series of a family are made of.
pub trait Cell: Sized {
    /// What all series of a family have in common: nothing, or the bounds of the buckets.
    type Shape: Clone + PartialEq;

    /// An untouched series.
    fn new(shape: &Self::Shape) -> Self;

    /// Writes the lines of one series; `labels` are without their braces.
    fn write_text(&self, out: &mut String, name: &str, labels: &str);
}

/// The value of a counter or a gauge: the bits of an `f64`.
#[derive(Debug)]
pub struct Number(AtomicU64);

impl Number {
    pub(super) fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, amount: f64) {
        self.0.update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
            (f64::from_bits(bits) + amount).to_bits()
        });
    }
}

impl Cell for Number {
    type Shape = ();

    fn new((): &()) -> Self {
        Self(AtomicU64::new(0.0_f64.to_bits()))
    }

    fn write_text(&self, out: &mut String, name: &str, labels: &str) {
        text::write_sample(out, name, labels, self.value());
    }
}

/// The values of a histogram, counted by bucket.
#[derive(Debug)]
pub struct Distribution {
    /// Upper bounds, rising, without the last one, which is infinite.
    bounds: Arc<[f64]>,
    tally: Mutex<Tally>,
}

#[derive(Debug, Clone, Default)]
struct Tally {
    /// How many values fell into each bucket alone; one more than there are bounds.
    counts: Vec<u64>,
    sum: f64,
}

impl Distribution {
    pub(super) fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        let mut tally = lock(&self.tally);
        tally.sum += value;
        if let Some(count) = tally.counts.get_mut(bucket) {
            *count += 1;
        }
    }

    pub(super) fn count(&self) -> u64 {
        lock(&self.tally).counts.iter().sum()
    }

    pub(super) fn sum(&self) -> f64 {
        lock(&self.tally).sum
    }
}

impl Cell for Distribution {
    type Shape = Arc<[f64]>;

    fn new(bounds: &Arc<[f64]>) -> Self {
        let tally = Tally {
            counts: vec![0; bounds.len() + 1],
            sum: 0.0,
        };
        Self {
            bounds: Arc::clone(bounds),
            tally: Mutex::new(tally),
        }
    }

    fn write_text(&self, out: &mut String, name: &str, labels: &str) {
        let tally = lock(&self.tally).clone();
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let bucket = format!("{name}_bucket");
        let separator = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (bound, count) in bounds.zip(&tally.counts) {
            total += count;
            let labels = format!("{labels}{separator}le=\"{}\"", text::number(bound));
            text::write_sample(out, &bucket, &labels, text::to_number(total));
        }
        text::write_sample(out, &format!("{name}_sum"), labels, tally.sum);
        text::write_sample(
            out,
            &format!("{name}_count"),
            labels,
            text::to_number(total),
        );
    }
}

/// Takes a lock that a panic elsewhere cannot spoil: every holder leaves whole numbers behind.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
