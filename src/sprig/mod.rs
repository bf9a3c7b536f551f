//! The functions of charts, as sprig 3.3 and Helm have them, one file per family.
//!
//! *In:* values of templates · *Out:* values, or why not in Go's words · *Never:* knows a template or a
//! chart; reads clocks or random numbers but through [`crate::govalue::World`].
//!
//! A family is a file or a folder with a table `ALL` of what it adds. Number and types of arguments are
//! checked by who calls, against the parameters that the table tells; so what is declared there is what
//! sprig declares in Go. What sprig gets wrong, charts rely on: it is copied, bytes cut and all.

mod arguments;
mod crypto;
mod date;
mod encoding;
mod list;
mod logic;
mod map;
mod number;
mod pattern;
mod place;
mod reflect;
#[cfg(test)]
mod tests;
mod text;
mod version;
mod words;

pub use crypto::certificate_value;
pub use date::{Time, as_time_value, time_value};

use std::sync::LazyLock;

use crate::govalue::Function;

/// Which Helm a chart is written for: functions were added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum HelmVersion {
    /// Helm 3.
    V3,
    /// Helm 4, which has all of 3 and more.
    #[default]
    V4,
}

/// All families, and the first Helm that has them.
static FAMILIES: &[(HelmVersion, &[Function])] = &[
    (HelmVersion::V3, crypto::ALL),
    (HelmVersion::V3, crypto::PASSWORDS),
    (HelmVersion::V3, crypto::RANDOM),
    (HelmVersion::V3, encoding::ALL),
    (HelmVersion::V3, &date::ALL),
    (HelmVersion::V4, date::ALL_OF_4),
    (HelmVersion::V4, encoding::ALL_4),
    (HelmVersion::V3, logic::ALL),
    (HelmVersion::V3, list::ALL),
    (HelmVersion::V3, map::ALL),
    (HelmVersion::V3, number::ALL),
    (HelmVersion::V3, pattern::ALL),
    (HelmVersion::V3, place::ALL),
    (HelmVersion::V3, reflect::ALL),
    (HelmVersion::V3, text::ALL),
    (HelmVersion::V3, version::ALL),
];

/// All functions, sorted by name.
static TABLE: LazyLock<Vec<(HelmVersion, &'static Function)>> = LazyLock::new(|| {
    let families = FAMILIES.iter();
    let mut table: Vec<_> = families
        .flat_map(|(since, family)| family.iter().map(|function| (*since, function)))
        .collect();
    table.sort_unstable_by_key(|(_, function)| function.name);
    table
});

/// The function of this name, if that Helm has it.
pub fn find(name: &str, version: HelmVersion) -> Option<&'static Function> {
    let place = TABLE.binary_search_by_key(&name, |(_, function)| function.name);
    let (since, function) = TABLE.get(place.ok()?)?;
    (*since <= version).then_some(*function)
}

/// All functions, sorted by name.
pub fn all() -> impl Iterator<Item = &'static Function> {
    TABLE.iter().map(|(_, function)| *function)
}
