//! Metrics that hooks write, and what is told of those that are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::metric::{Operation, Registry};
use crate::report;

/// Of one run, so many refusals are told one by one.
const TOLD_AT_ONCE: usize = 10;

/// The registry that hooks write to.
pub(super) struct HookSeries {
    registry: Arc<Registry>,
    /// What was refused in the latest run of each hook.
    refused: BTreeMap<String, BTreeSet<String>>,
}

impl HookSeries {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            refused: BTreeMap::new(),
        }
    }

    /// Carries out what one run of a hook asked for. What is refused is told when it is news: hooks
    /// run often, and mostly ask for the same again.
    pub(super) fn write(&mut self, operations: &[Operation]) {
        for line in self.news(operations) {
            tracing::error!(target: "metric", "{line}");
        }
    }

    fn news(&mut self, operations: &[Operation]) -> Vec<String> {
        let Some(hook) = operations.iter().find_map(writer) else {
            self.registry.write(operations);
            return Vec::new();
        };
        let refused: BTreeSet<String> = self
            .registry
            .write(operations)
            .iter()
            .map(|error| report::chain(error))
            .collect();
        let before = self.refused.remove(&hook).unwrap_or_default();
        let news: Vec<&String> = refused.difference(&before).collect();
        let mut lines: Vec<String> = news
            .iter()
            .take(TOLD_AT_ONCE)
            .map(|refusal| format!("{hook}: {refusal}; told once while it lasts"))
            .collect();
        if let Some(more) = news
            .len()
            .checked_sub(TOLD_AT_ONCE)
            .filter(|more| *more > 0)
        {
            lines.push(format!("{hook}: {more} more metrics are refused"));
        }
        if !refused.is_empty() {
            self.refused.insert(hook, refused);
        }
        lines
    }
}

/// Who wrote a sample: `web/hooks/x.sh`, or `hooks/x.sh` when the hook is global.
fn writer(operation: &Operation) -> Option<String> {
    let Operation::Write(sample) = operation else {
        return None;
    };
    let hook = sample.labels.get("hook")?;
    Some(match sample.labels.get("module") {
        Some(module) => format!("{module}/{hook}"),
        None => hook.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Change, Sample};

    fn sample(hook: &str, name: &str, pod: usize, change: Change) -> Operation {
        let labels = [("hook", hook.to_owned()), ("pod", pod.to_string())];
        Operation::Write(Sample {
            name: name.to_owned(),
            labels: labels.map(|(name, value)| (name.to_owned(), value)).into(),
            group: None,
            change,
        })
    }

    #[test]
    fn refused_metrics_are_told_once_while_it_lasts() {
        let mut series = HookSeries::new(Arc::new(Registry::with_series_limit("p_", 2)));
        let pods = |hook: &str, count: usize| -> Vec<Operation> {
            let one = |pod| sample(hook, "pods", pod, Change::Set(1.0));
            (0..count).map(one).collect()
        };
        assert_eq!(series.news(&pods("a", 2)), [""; 0]);
        let told = series.news(&pods("a", 9));
        assert_eq!(
            told,
            ["a: writing metric \"pods\": it has 2 series already; told once while it lasts"]
        );
        assert_eq!(series.news(&pods("a", 10)), [""; 0], "it lasts");
        let clash = [sample("a", "pods", 0, Change::Add(1.0))];
        let told = series.news(&clash);
        assert_eq!(
            told,
            ["a: writing metric \"pods\": it is a gauge already; told once while it lasts"]
        );
        assert_eq!(series.news(&clash), [""; 0]);
        assert_eq!(series.news(&pods("a", 2)), [""; 0], "it is over");
        assert_eq!(series.news(&clash).len(), 1, "it is back");
        assert_eq!(series.news(&pods("b", 3)).len(), 1, "another hook");
        let many: Vec<Operation> = (0..30)
            .map(|number| sample("c", &format!("{number}"), 0, Change::Set(1.0)))
            .collect();
        let told = series.news(&many);
        assert_eq!(told.len(), TOLD_AT_ONCE + 1);
        assert_eq!(told[TOLD_AT_ONCE], "c: 20 more metrics are refused");
        let dropped = "p_metric_dropped_total{metric=\"pods\"} 18\n";
        assert!(
            series.registry.text().contains(dropped),
            "{}",
            series.registry.text()
        );
    }
}
