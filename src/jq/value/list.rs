//! Lists that know their extent and their weight.

use super::{Extent, TooDeep, Value, weight::Weight};

/// What a place in a container is counted as, short texts included.
pub(super) const PLACE: usize = 48;

/// The values of a list.
#[derive(Debug)]
pub(in crate::jq) struct List {
    items: Vec<Value>,
    extent: Extent,
    weight: Weight,
}

impl List {
    pub(in crate::jq) fn new(items: Vec<Value>) -> Result<Self, TooDeep> {
        let extent = Extent::around(items.iter().map(Value::extent))?;
        let weight = Weight::of(PLACE * (1 + items.capacity()));
        Ok(Self {
            items,
            extent,
            weight,
        })
    }

    pub(super) const fn extent(&self) -> Extent {
        self.extent
    }

    pub(in crate::jq) fn push(&mut self, item: Value) -> Result<(), TooDeep> {
        self.extent = self.extent.with(Extent::default(), item.extent())?;
        self.items.push(item);
        self.weigh();
        Ok(())
    }

    /// Puts a value at a place, with nulls before it where the list was shorter.
    pub(in crate::jq) fn put(&mut self, index: usize, item: Value) -> Result<(), TooDeep> {
        if index >= self.items.len() {
            self.items.resize(index + 1, Value::Null);
            self.weigh();
            self.extent = Extent::around(self.items.iter().map(Value::extent))?;
        }
        self.extent = self
            .extent
            .with(self.items[index].extent(), item.extent())?;
        self.items[index] = item;
        Ok(())
    }

    /// Takes the value at a place out, leaving null.
    pub(in crate::jq) fn take(&mut self, index: usize) -> Value {
        let Some(item) = self.items.get_mut(index) else {
            return Value::Null;
        };
        let item = std::mem::replace(item, Value::Null);
        self.extent = self.extent.without(item.extent());
        item
    }

    /// Works on the values themselves.
    pub(in crate::jq) fn change(
        &mut self,
        change: impl FnOnce(&mut Vec<Value>),
    ) -> Result<(), TooDeep> {
        change(&mut self.items);
        self.weigh();
        self.extent = Extent::around(self.items.iter().map(Value::extent))?;
        Ok(())
    }

    fn weigh(&mut self) {
        self.weight.set(PLACE * (1 + self.items.capacity()));
    }
}

impl Clone for List {
    fn clone(&self) -> Self {
        let items = self.items.clone();
        let weight = Weight::of(PLACE * (1 + items.capacity()));
        Self {
            items,
            extent: self.extent,
            weight,
        }
    }
}

impl std::ops::Deref for List {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.items
    }
}
