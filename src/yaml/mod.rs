//! Stub until the yaml room is merged.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
use crate::report::Mistake;
use serde_json::Value;
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    V2,
    V3,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub place: Place,
    pub data: Data,
}
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    Scalar(Value),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: String,
    pub place: Place,
    pub node: Node,
}
impl Node {
    pub fn to_value(&self) -> Value {
        todo!()
    }
    pub fn into_value(self) -> Value {
        todo!()
    }
    pub fn entry(&self, _key: &str) -> Option<&Entry> {
        todo!()
    }
    pub fn place_of(&self, _pointer: &[&str]) -> Option<Place> {
        todo!()
    }
    pub fn nearest_place(&self, _pointer: &[&str]) -> Place {
        todo!()
    }
}
pub fn read(_text: &str, _profile: Profile) -> Result<Node, Error> {
    todo!()
}
pub fn write(_value: &Value) -> String {
    todo!()
}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Error {
    pub place: Place,
}
impl Error {
    pub fn to_mistake(&self, _file: &str) -> Mistake {
        todo!()
    }
}
