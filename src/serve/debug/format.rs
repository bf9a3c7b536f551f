//! Documents as JSON, YAML and text. Pure.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::document::parameters_text;
use super::super::{
    ConvergeStatus, Explanation, HookList, Leadership, ModuleList, Paint, ParameterList, Query,
    QueueDump, QueueRow,
};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One line of JSON.
    Json,
    /// YAML as `kubectl` writes it.
    Yaml,
    /// What a person reads.
    Text,
}

impl Format {
    /// Takes the suffix of a page.
    pub(super) fn parse(suffix: &str) -> Option<Self> {
        match suffix {
            "json" => Some(Self::Json),
            "yaml" => Some(Self::Yaml),
            "text" => Some(Self::Text),
            _ => None,
        }
    }

    /// What the answer says about itself.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// The document that answers `query`. A document that is a string is text already: manifests,
    /// a diff, a sentence.
    pub(super) fn write(self, query: &Query, document: &Value) -> String {
        match (self, document) {
            (Self::Json, _) => document.to_string(),
            (Self::Yaml | Self::Text, Value::String(text)) => ended(text),
            (Self::Yaml, _) => crate::yaml::write(document),
            (Self::Text, _) => {
                text(query, document).unwrap_or_else(|| crate::yaml::write(document))
            }
        }
    }
}

/// The text of the documents that have one of their own.
fn text(query: &Query, document: &Value) -> Option<String> {
    match query {
        Query::QueueList { show_empty } => {
            read::<QueueDump>(document).map(|dump| dump.text(*show_empty))
        }
        Query::QueueMain => read::<QueueRow>(document).map(|queue| queue.text()),
        Query::Leader => read::<Leadership>(document).map(|leadership| leadership.text()),
        Query::ConvergeStatus => ConvergeStatus::from_json(document).map(|status| status.text()),
        Query::ModuleList => read::<ModuleList>(document).map(|list| list.text(Paint::Plain)),
        // Names alone are the original's, which writes them as JSON.
        Query::HookList { .. } if document.is_array() => Some(format!("{document}\n")),
        Query::HookList { .. } => read::<HookList>(document).map(|list| list.text(Paint::Plain)),
        Query::ConfigList => read::<ParameterList>(document).map(|list| parameters_text(&list)),
        Query::ModuleExplain { .. } => {
            read::<Explanation>(document).map(|explanation| explanation.text(Paint::Plain))
        }
        Query::GlobalList
        | Query::GlobalValues
        | Query::GlobalConfig
        | Query::GlobalPatches
        | Query::GlobalSnapshots
        | Query::HookSnapshots { .. }
        | Query::ModuleValues { .. }
        | Query::ModuleConfig { .. }
        | Query::ModulePatches { .. }
        | Query::ModuleSnapshots { .. }
        | Query::ModuleResourceMonitor { .. }
        | Query::ModuleRender { .. }
        | Query::ModuleDiff { .. }
        | Query::ModulePurge { .. }
        | Query::ModuleRedraw { .. }
        | Query::ConfigSet { .. } => None,
    }
}

fn read<T: DeserializeOwned>(document: &Value) -> Option<T> {
    T::deserialize(document).ok()
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_have_three_forms() {
        let document = json!({"b": [1, "yes"], "a": null});
        let write = |format: Format| format.write(&Query::GlobalValues, &document);
        assert_eq!(write(Format::Json), r#"{"a":null,"b":[1,"yes"]}"#);
        assert_eq!(write(Format::Yaml), "a: null\nb:\n- 1\n- \"yes\"\n");
        assert_eq!(write(Format::Text), write(Format::Yaml));
    }

    #[test]
    fn a_string_is_text_already() {
        let query = Query::ModuleRender {
            module: "x".to_owned(),
        };
        let document = json!("kind: ConfigMap");
        assert_eq!(Format::Text.write(&query, &document), "kind: ConfigMap\n");
        assert_eq!(Format::Yaml.write(&query, &document), "kind: ConfigMap\n");
        assert_eq!(
            Format::Json.write(&query, &document),
            r#""kind: ConfigMap""#
        );
    }

    #[test]
    fn parameters_are_a_table() {
        let document = json!({
            "log.level": {"value": "debug", "default": "info", "until": "2026-01-01T12:00:00Z"},
            "other": {"value": "a", "default": "a"},
        });
        assert_eq!(
            Format::Text.write(&Query::ConfigList, &document),
            "PARAMETER  VALUE  DEFAULT  UNTIL\n\
             log.level  debug  info     2026-01-01T12:00:00Z\n\
             other      a      a        -\n"
        );
    }

    #[test]
    fn queues_have_a_text_of_their_own() {
        let dump = QueueDump::new(vec![QueueRow::new("main", "", [])], false);
        let query = Query::QueueList { show_empty: false };
        let document = serde_json::to_value(&dump).unwrap();
        assert_eq!(Format::Text.write(&query, &document), dump.text(false));
    }
}
