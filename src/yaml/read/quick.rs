//! Simple texts → nodes, without a tree in between.

use std::borrow::Cow;

use serde_json::Value;

use super::keys::{Keep, unique};
use crate::yaml::number::{self, Numeric};
use crate::yaml::simple::{Build, read_simple};
use crate::yaml::{Data, Entry, Node, Place};

/// Reads a text by the rules of manifests; `None` when it is not so simple, or wrong.
pub(in crate::yaml) fn quick(text: &str) -> Option<Node> {
    let mut nodes = Nodes {
        text: text.as_bytes(),
        at: 0,
        place: Place { line: 1, column: 1 },
    };
    read_simple(text, &mut nodes)
}

/// Makes nodes, and knows the place that was asked for last.
struct Nodes<'a> {
    text: &'a [u8],
    at: usize,
    place: Place,
}

impl Build for Nodes<'_> {
    type Value = Node;
    type Key = (Place, String);
    type Place = Place;

    fn place(&mut self, at: usize) -> Place {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        self.at = at;
        let line = match memchr::memrchr(b'\n', passed) {
            None => passed,
            Some(last) => {
                let breaks = memchr::memchr_iter(b'\n', passed).count();
                self.place.line += u32::try_from(breaks).unwrap_or(u32::MAX);
                self.place.column = 1;
                passed.get(last + 1..).unwrap_or_default()
            }
        };
        // Every character has one byte that continues none.
        let letters = line.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        self.place.column += u32::try_from(letters).unwrap_or(u32::MAX);
        self.place
    }

    fn null(&mut self, place: Place) -> Node {
        scalar(place, Value::Null)
    }

    fn boolean(&mut self, place: Place, truth: bool) -> Node {
        scalar(place, Value::Bool(truth))
    }

    fn integer(&mut self, place: Place, integer: i64) -> Node {
        scalar(place, integer.into())
    }

    fn float(&mut self, place: Place, float: f64) -> Node {
        let value = number::to_json(Numeric::Float(float));
        scalar(place, value.unwrap_or_default())
    }

    fn text(&mut self, place: Place, text: Cow<'_, str>) -> Node {
        scalar(place, Value::String(text.into_owned()))
    }

    fn list(&mut self, place: Place, items: Vec<Node>) -> Node {
        let data = Data::Sequence(items);
        Node { place, data }
    }

    fn key(&mut self, place: Place, key: Cow<'_, str>) -> (Place, String) {
        (place, key.into_owned())
    }

    fn map(&mut self, place: Place, entries: Vec<((Place, String), Node)>) -> Node {
        let entries = entries.into_iter();
        let entries = entries.map(|((place, key), node)| Entry { key, place, node });
        let data = Data::Mapping(unique(entries.collect(), Keep::Last));
        Node { place, data }
    }
}

fn scalar(place: Place, value: Value) -> Node {
    let data = Data::Scalar(value);
    Node { place, data }
}
