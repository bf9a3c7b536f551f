//! How many tasks each queue holds.

use std::collections::BTreeMap;

use crate::house::House;
use crate::metric::{Error, GaugeFamily, Registry};
use crate::queue::QueueName;

/// The lengths of queues.
pub(super) struct QueueFamilies {
    length: GaugeFamily<1>,
    shown: BTreeMap<QueueName, usize>,
}

impl QueueFamilies {
    /// Registers them.
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            length: registry.gauge(
                "{PREFIX}tasks_queue_length",
                "Tasks in a queue.",
                &["queue"],
            )?,
            shown: BTreeMap::new(),
        })
    }

    /// Shows what is so now; only what changed since is written.
    pub(super) fn show(&mut self, house: &House) {
        let shown = self.shown.iter().map(|(queue, length)| (queue, *length));
        if house.queue_lengths().eq(shown) {
            return;
        }
        let lengths: BTreeMap<&QueueName, usize> = house.queue_lengths().collect();
        let gone = |queue: &QueueName| !lengths.contains_key(queue);
        for queue in self.shown.keys().filter(|queue| gone(queue)) {
            self.length.remove(&[&queue.to_string()]);
        }
        self.shown.retain(|queue, _| !gone(queue));
        for (queue, length) in lengths {
            if self.shown.get(queue) == Some(&length) {
                continue;
            }
            // Lengths of queues are far below what a float holds exactly.
            #[expect(
                clippy::cast_precision_loss,
                reason = "a queue has fewer than 2^52 tasks"
            )]
            self.length.with(&[&queue.to_string()]).set(length as f64);
            self.shown.insert(queue.clone(), length);
        }
    }
}
