//! A family: one name, one type, and its series by label values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::Refusal;
use super::cell::{Cell, Number, lock};
use super::text;

/// How many label names a family may come to have.
const LABEL_LIMIT: usize = 64;

/// What kind of metric a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    /// The word of the text format.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What a family is, apart from its series.
#[derive(Debug)]
pub(super) struct Declaration<S> {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) kind: Kind,
    pub(super) shape: S,
    /// How many series it may hold.
    pub(super) limit: usize,
    /// Where a series beyond the limit is counted; `None` for that counter's own family.
    pub(super) dropped: Option<Arc<Core<Number>>>,
}

/// A family, shared by the registry and all its handles.
#[derive(Debug)]
pub(super) struct Core<C: Cell> {
    declaration: Declaration<C::Shape>,
    table: Mutex<Table<C>>,
}

/// Every row has as many values as there are labels, in the same order.
#[derive(Debug)]
struct Table<C> {
    /// Sorted.
    labels: Vec<String>,
    rows: BTreeMap<Vec<String>, Row<C>>,
}

#[derive(Debug)]
struct Row<C> {
    cell: Arc<C>,
    /// The group that wrote it last; `None` for what never expires.
    group: Option<String>,
}

impl<C: Cell> Core<C> {
    /// A family without series; `labels` are sorted.
    pub(super) fn new(declaration: Declaration<C::Shape>, labels: Vec<String>) -> Self {
        let table = Mutex::new(Table {
            labels,
            rows: BTreeMap::new(),
        });
        Self { declaration, table }
    }

    pub(super) fn kind(&self) -> Kind {
        self.declaration.kind
    }

    pub(super) fn shape(&self) -> &C::Shape {
        &self.declaration.shape
    }

    /// Adds the label names that are new; the series that are there have them empty.
    pub(super) fn grow(&self, names: &[&str]) -> Result<(), Refusal> {
        let mut table = lock(&self.table);
        for name in names {
            table.grow(name)?;
        }
        Ok(())
    }

    /// The series with these labels, made when it is not there. Labels that the family has beside
    /// them are empty. Over the limit, the error is a series that is shown nowhere.
    pub(super) fn series(
        &self,
        labels: &[(&str, &str)],
        group: Option<&str>,
    ) -> Result<Arc<C>, Arc<C>> {
        let mut table = lock(&self.table);
        let key = table.key(labels);
        if let Some(row) = table.rows.get_mut(&key) {
            row.group = group.map(str::to_owned);
            return Ok(Arc::clone(&row.cell));
        }
        let cell = Arc::new(C::new(&self.declaration.shape));
        if table.rows.len() < self.declaration.limit {
            let row = Row {
                cell: Arc::clone(&cell),
                group: group.map(str::to_owned),
            };
            table.rows.insert(key, row);
            return Ok(cell);
        }
        if let Some(dropped) = &self.declaration.dropped {
            let count = dropped.series(&[("metric", &self.declaration.name)], None);
            count.unwrap_or_else(|unseen| unseen).add(1.0);
        }
        Err(cell)
    }

    pub(super) fn remove(&self, labels: &[(&str, &str)]) {
        let mut table = lock(&self.table);
        let key = table.key(labels);
        table.rows.remove(&key);
    }

    pub(super) fn clear(&self) {
        lock(&self.table).rows.clear();
    }

    pub(super) fn expire(&self, groups: &BTreeSet<&str>) {
        let is_kept = |row: &Row<C>| {
            row.group
                .as_deref()
                .is_none_or(|name| !groups.contains(name))
        };
        lock(&self.table).rows.retain(|_, row| is_kept(row));
    }

    pub(super) fn is_empty(&self) -> bool {
        lock(&self.table).rows.is_empty()
    }

    pub(super) fn write_text(&self, out: &mut String) {
        let table = lock(&self.table);
        let Declaration {
            name, help, kind, ..
        } = &self.declaration;
        if !table.rows.is_empty() {
            text::write_header(out, name, help, kind.as_str());
        }
        for (values, row) in &table.rows {
            let labels = text::labels(table.labels.iter().zip(values));
            row.cell.write_text(out, name, &labels);
        }
    }
}

impl<C> Table<C> {
    fn grow(&mut self, name: &str) -> Result<(), Refusal> {
        let Err(place) = self
            .labels
            .binary_search_by(|known| known.as_str().cmp(name))
        else {
            return Ok(());
        };
        if self.labels.len() >= LABEL_LIMIT {
            return Err(Refusal::TooManyLabels(LABEL_LIMIT));
        }
        self.labels.insert(place, name.to_owned());
        self.rows = std::mem::take(&mut self.rows)
            .into_iter()
            .map(|(mut values, row)| {
                values.insert(place, String::new());
                (values, row)
            })
            .collect();
        Ok(())
    }

    /// The values in the order of the table's labels.
    fn key(&self, labels: &[(&str, &str)]) -> Vec<String> {
        let value = |name: &String| {
            labels
                .iter()
                .find(|(given, _)| given == name)
                .map(|(_, value)| *value)
        };
        self.labels
            .iter()
            .map(|name| value(name).unwrap_or_default().to_owned())
            .collect()
    }
}
