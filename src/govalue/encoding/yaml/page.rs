//! A page of YAML: what both of Go's writers write alike.

use std::marker::PhantomData;

use super::super::guard::Guard;
use crate::govalue::{Error, List, Value, grow_stack};
use crate::yaml::{Manner, Writer};

/// How many bytes are written before they are told.
const CHUNK: usize = 64 << 10;

/// What one of the writers does in its own way.
pub(super) trait Dialect: Sized {
    /// How signs, lines and keys look.
    const MANNER: Manner;

    /// A number with a fraction, or a complex one; a text; bytes.
    fn scalar(page: &mut Page<'_, Self>, value: &Value) -> Result<(), Error>;

    /// A list, map or record.
    fn collection(page: &mut Page<'_, Self>, value: &Value) -> Result<(), Error>;

    /// How a value that contains itself is told.
    fn cycle(error: Error) -> Error;
}

/// A text under way, its length told from time to time.
pub(super) struct Page<'a, D> {
    pub(super) writer: Writer,
    guard: Guard,
    told: usize,
    spend: &'a dyn Fn(usize) -> Result<(), Error>,
    dialect: PhantomData<D>,
}

/// Writes a value; the text ends with a line break.
pub(super) fn write<D: Dialect>(
    value: &Value,
    spend: &dyn Fn(usize) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut page = Page::<D> {
        writer: Writer::new(D::MANNER),
        guard: Guard::default(),
        told: 0,
        spend,
        dialect: PhantomData,
    };
    page.value(value)?;
    let told = page.told;
    let text = page.writer.finish();
    spend(text.len() - told)?;
    Ok(text)
}

impl<D: Dialect> Page<'_, D> {
    pub(super) fn value(&mut self, value: &Value) -> Result<(), Error> {
        match value {
            Value::Nil => self.writer.plain("null"),
            Value::Bool(true) => self.writer.plain("true"),
            Value::Bool(false) => self.writer.plain("false"),
            Value::Int(number) | Value::Int64(number) => self.writer.plain(&number.to_string()),
            Value::Uint8(number) => self.writer.plain(&number.to_string()),
            Value::Uint64(number) => self.writer.plain(&number.to_string()),
            Value::Float(_) | Value::Complex(..) | Value::Text(_) | Value::Bytes(_) => {
                D::scalar(self, value)?;
            }
            Value::List(_) | Value::Map(_) | Value::Record(_) => {
                self.guard.enter(value).map_err(D::cycle)?;
                grow_stack(|| D::collection(self, value))?;
                self.guard.leave(value);
            }
        }
        let length = self.writer.len();
        if length - self.told > CHUNK {
            (self.spend)(length - self.told)?;
            self.told = length;
        }
        Ok(())
    }

    pub(super) fn list(&mut self, list: &List) -> Result<(), Error> {
        if list.is_empty() {
            self.writer.empty_list();
            return Ok(());
        }
        let outer = self.writer.begin_list();
        for item in list.iter() {
            self.writer.item();
            self.value(item)?;
        }
        self.writer.end(outer);
        Ok(())
    }

    /// A map, in this order.
    pub(super) fn entries(&mut self, entries: &[(&str, &Value)]) -> Result<(), Error> {
        if entries.is_empty() {
            self.writer.empty_map();
            return Ok(());
        }
        let outer = self.writer.begin_map();
        for (key, value) in entries {
            self.writer.key(key);
            self.value(value)?;
        }
        self.writer.end(outer);
        Ok(())
    }
}
