//! Texts: shared, and counted where they are long.

use std::{ops::Deref, sync::Arc};

use super::weight::Weight;

/// Texts up to this length are counted with the place that holds them.
const SHORT: usize = 64;

/// A shared text.
#[derive(Debug, Clone)]
pub(in crate::jq) enum Text {
    Short(Arc<str>),
    Long(Arc<Long>),
}

/// A long text and its weight.
#[derive(Debug)]
pub(in crate::jq) struct Long {
    text: Box<str>,
    _weight: Weight,
}

impl Text {
    pub(in crate::jq) fn as_str(&self) -> &str {
        match self {
            Self::Short(text) => text,
            Self::Long(long) => &long.text,
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.len() <= SHORT {
            Self::Short(text.into())
        } else {
            Self::Long(Arc::new(Long {
                text: text.into(),
                _weight: Weight::of(text.len() + 40),
            }))
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.len() <= SHORT {
            Self::Short(text.into())
        } else {
            let weight = Weight::of(text.len() + 40);
            Self::Long(Arc::new(Long {
                text: text.into_boxed_str(),
                _weight: weight,
            }))
        }
    }
}
