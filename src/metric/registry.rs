//! The registry: what rooms register with and hooks write to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::cell::{Distribution, Number, lock};
use super::family::Kind;
use super::handle::{CounterFamily, Family, GaugeFamily, HistogramFamily};
use super::operation::{Change, Operation, Sample};
use super::store::{Store, Wanted};
use super::{Error, Refusal};

/// What stands for the prefix of the registry in a name.
const PREFIX: &str = "{PREFIX}";

/// The counter of what the limit kept out.
const DROPPED: &str = "{PREFIX}metric_dropped_total";

/// How many series a family holds at most, unless said otherwise.
const SERIES_LIMIT: usize = 10_000;

/// All metrics that are shown in one place. A clone is the same registry.
#[derive(Debug, Clone)]
pub struct Registry {
    prefix: Arc<str>,
    store: Arc<Mutex<Store>>,
}

impl Registry {
    /// An empty registry. `{PREFIX}` in a name stands for the prefix, which ends in `_` as a rule.
    pub fn new(prefix: &str) -> Self {
        Self::with_series_limit(prefix, SERIES_LIMIT)
    }

    /// The same, with another limit on the series of one family.
    pub fn with_series_limit(prefix: &str, series_limit: usize) -> Self {
        let store = Store::new(&DROPPED.replace(PREFIX, prefix), series_limit);
        Self {
            prefix: Arc::from(prefix),
            store: Arc::new(Mutex::new(store)),
        }
    }

    /// Registers a counter, or finds the one that has this name and adds the labels it lacks.
    ///
    /// *Errors*: a bad name or label, or a name of another type.
    pub fn counter<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&'static str; N],
    ) -> Result<CounterFamily<N>, Error> {
        let wanted = Wanted {
            kind: Kind::Counter,
            help,
            labels,
            shape: (),
        };
        let core = self.register(name, |store, name| store.register::<Number>(name, wanted))?;
        Ok(Family::new(core, *labels))
    }

    /// Registers a gauge, as [`Registry::counter`] does a counter.
    pub fn gauge<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&'static str; N],
    ) -> Result<GaugeFamily<N>, Error> {
        let wanted = Wanted {
            kind: Kind::Gauge,
            help,
            labels,
            shape: (),
        };
        let core = self.register(name, |store, name| store.register::<Number>(name, wanted))?;
        Ok(Family::new(core, *labels))
    }

    /// Registers a histogram, as [`Registry::counter`] does a counter. Buckets are upper bounds,
    /// rising; the infinite one is added.
    ///
    /// *Errors*: those of a counter, bad buckets, and buckets other than those it has.
    pub fn histogram<const N: usize>(
        &self,
        name: &str,
        help: &str,
        labels: &[&'static str; N],
        buckets: &[f64],
    ) -> Result<HistogramFamily<N>, Error> {
        let core = self.register(name, |store, name| {
            let shape = check_buckets(buckets)?;
            let wanted = Wanted {
                kind: Kind::Histogram,
                help,
                labels,
                shape,
            };
            store.register::<Distribution>(name, wanted)
        })?;
        Ok(Family::new(core, *labels))
    }

    /// Carries out what one run of a hook asked for, as one step for those who read.
    ///
    /// Every group that the operations name expires first; then they are carried out in order. So a
    /// group holds what its last run wrote, after the last `Expire` of it. A sample that is refused
    /// does not stop the others: the result has one error for each.
    pub fn write(&self, operations: &[Operation]) -> Vec<Error> {
        let mut store = lock(&self.store);
        store.expire(&Operation::groups(operations));
        let mut errors = Vec::new();
        for operation in operations {
            match operation {
                Operation::Expire { group } => store.expire(&BTreeSet::from([group.as_str()])),
                Operation::Write(sample) => {
                    let name = self.full_name(&sample.name);
                    if let Err(reason) = write_sample(&mut store, &name, sample) {
                        errors.push(Error::Write { name, reason });
                    }
                }
            }
        }
        store.forget_empty();
        errors
    }

    /// Everything in the Prometheus text format 0.0.4: families by name, series by label values.
    pub fn text(&self) -> String {
        lock(&self.store).text()
    }

    fn register<T>(
        &self,
        name: &str,
        add: impl FnOnce(&mut Store, &str) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let name = self.full_name(name);
        add(&mut lock(&self.store), &name).map_err(|reason| Error::Register { name, reason })
    }

    fn full_name(&self, name: &str) -> String {
        name.replace(PREFIX, &self.prefix)
    }
}

fn write_sample(store: &mut Store, name: &str, sample: &Sample) -> Result<(), Refusal> {
    match &sample.change {
        Change::Add(amount) if *amount >= 0.0 => {
            store
                .series::<Number>(name, Kind::Counter, (), sample)?
                .add(*amount);
        }
        Change::Set(value) => store
            .series::<Number>(name, Kind::Gauge, (), sample)?
            .set(*value),
        Change::Observe { value, buckets } if !value.is_nan() => {
            let bounds = check_buckets(buckets)?;
            store
                .series::<Distribution>(name, Kind::Histogram, bounds, sample)?
                .observe(*value);
        }
        Change::Add(_) | Change::Observe { .. } => return Err(Refusal::BadValue),
    }
    Ok(())
}

/// The finite bounds, if they rise and there is one.
fn check_buckets(buckets: &[f64]) -> Result<Arc<[f64]>, Refusal> {
    let bounds = match buckets {
        [finite @ .., last] if *last == f64::INFINITY => finite,
        all => all,
    };
    let is_rising = bounds.is_sorted_by(|left, right| left < right);
    if bounds.is_empty() || !is_rising || !bounds.iter().all(|bound| bound.is_finite()) {
        return Err(Refusal::BadBuckets);
    }
    Ok(Arc::from(bounds))
}
