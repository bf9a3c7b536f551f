//! The functions that are defined in jq itself.

use std::{collections::BTreeMap, sync::LazyLock};

use crate::jq::syntax::{Definition, parse_definitions};

type Definitions = BTreeMap<(String, usize), Definition>;

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    // A test holds that the text is right.
    parse_definitions(include_str!("prelude.jq"))
        .unwrap_or_default()
        .into_iter()
        .map(|definition| {
            (
                (definition.name.clone(), definition.parameters.len()),
                definition,
            )
        })
        .collect()
});

/// Every function of the prelude by name and number of parameters.
pub(super) fn definitions() -> &'static Definitions {
    &DEFINITIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prelude_is_read_whole() {
        let text = include_str!("prelude.jq");
        let read = parse_definitions(text).expect("the prelude is a list of definitions");
        assert_eq!(
            read.len(),
            definitions().len(),
            "two definitions have one name"
        );
    }
}
