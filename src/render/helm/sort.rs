//! Rendered files → documents in the order in which Helm prints and installs them.

use std::collections::BTreeMap;

use super::head::{self, Head};
use super::split;
use crate::render::{hook, install_rank};
use crate::yaml::Node;

/// One document.
#[derive(Debug, Clone)]
pub(in crate::render) struct Document {
    /// The path of its template: `web/templates/a.yaml`.
    pub(in crate::render) path: String,
    /// Its text, trimmed.
    pub(in crate::render) text: String,
    /// The line of the file's text where it begins, from 1.
    pub(in crate::render) line: u32,
    /// What it holds.
    pub(in crate::render) node: Node,
    /// Whether it is a hook that tests.
    pub(in crate::render) is_test: bool,
    kind: String,
}

/// All documents of a chart.
#[derive(Debug, Clone, Default)]
pub(in crate::render) struct Sorted {
    /// What is installed, in its order.
    pub(in crate::render) manifests: Vec<Document>,
    /// Hooks, in the order in which they are printed.
    pub(in crate::render) hooks: Vec<Document>,
    /// What Helm says on standard error, a line each.
    pub(in crate::render) warnings: Vec<String>,
}

/// Cuts rendered files into documents and sorts them. Empty files are left out.
///
/// # Errors
///
/// In Helm's words: a document that is no YAML, or whose head has wrong types.
pub(in crate::render) fn sort(files: &BTreeMap<String, Vec<u8>>) -> Result<Sorted, String> {
    let mut sorted = Sorted::default();
    for (path, bytes) in files {
        let fail = |why: String| format!("YAML parse error on {path}: {why}");
        let text = std::str::from_utf8(bytes).map_err(|error| fail(no_text(bytes, error)))?;
        for document in split::documents(text) {
            let (head, node) = head::read(document).map_err(fail)?;
            let line = line_of(text, document);
            sorted.add((path, document, line), &head, node);
        }
    }
    // Stable: what is of one kind stays in the order of files and documents.
    for documents in [&mut sorted.manifests, &mut sorted.hooks] {
        documents.sort_by(|one, other| {
            let ranks = install_rank(&one.kind).cmp(&install_rank(&other.kind));
            ranks.then_with(|| one.kind.cmp(&other.kind))
        });
    }
    Ok(sorted)
}

impl Sorted {
    fn add(&mut self, (path, text, line): (&str, &str, u32), head: &Head, node: Node) {
        let mut document = Document {
            path: path.to_owned(),
            text: text.to_owned(),
            line,
            node,
            is_test: false,
            kind: head.kind.clone(),
        };
        let Some(events) = head.annotations.get(hook::EVENTS) else {
            self.manifests.push(document);
            return;
        };
        for event in events.split(',') {
            let Some(point) = hook::point(event) else {
                let warning = format!("info: skipping unknown hook: {events:?}");
                self.warnings.push(warning);
                return;
            };
            document.is_test |= point == "test";
        }
        self.hooks.push(document);
    }
}

/// The line of a text where a part of it begins, from 1.
fn line_of(text: &str, part: &str) -> u32 {
    let offset = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let before = text.get(..offset).unwrap_or_default();
    let lines = before.matches('\n').count();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
}

/// What go-yaml says of bytes that are no UTF-8.
fn no_text(bytes: &[u8], error: std::str::Utf8Error) -> String {
    let told = match bytes.get(error.valid_up_to()) {
        _ if error.error_len().is_none() => "incomplete UTF-8 octet sequence",
        Some(0xc2..=0xf4) => "invalid trailing UTF-8 octet",
        _ => "invalid leading UTF-8 octet",
    };
    format!("error converting YAML to JSON: yaml: {told}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(files: &[(&str, &str)]) -> Result<Sorted, String> {
        let files = files.iter();
        let files = files.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        sort(&files.collect())
    }

    fn texts(documents: &[Document]) -> Vec<&str> {
        documents
            .iter()
            .map(|document| document.text.as_str())
            .collect()
    }

    #[test]
    fn documents_go_by_kind_then_file_then_place() {
        let sorted = sorted(&[
            ("t/b.yaml", "kind: Zoo\n---\nkind: Service\n---\n# c"),
            (
                "t/a.yaml",
                "kind: Apple\n---\nkind: Service # a\n---\nKIND: Secret",
            ),
            ("t/c.yaml", " \n"),
        ]);
        assert_eq!(
            texts(&sorted.unwrap().manifests),
            [
                "KIND: Secret",
                "kind: Service # a",
                "kind: Service",
                "# c",
                "kind: Apple",
                "kind: Zoo",
            ]
        );
    }

    #[test]
    fn hooks_are_told_apart_and_unknown_ones_dropped() {
        let hook = |event: &str| format!("metadata: {{annotations: {{helm.sh/hook: '{event}'}}}}");
        let text = [
            "post-install, Pre-Delete",
            "crd-install",
            "",
            "test-success",
            "test,x",
        ]
        .map(hook)
        .join("\n---\n");
        let sorted = sorted(&[("t/a.yaml", &text)]).unwrap();
        let told: Vec<bool> = sorted.hooks.iter().map(|hook| hook.is_test).collect();
        assert_eq!(told, [false, true]);
        assert_eq!(
            sorted.warnings,
            [
                "info: skipping unknown hook: \"crd-install\"",
                "info: skipping unknown hook: \"\"",
                "info: skipping unknown hook: \"test,x\"",
            ]
        );
    }

    #[test]
    fn file_that_is_no_yaml_is_named() {
        let told = sorted(&[("t/a.yaml", "- a")]).unwrap_err();
        assert_eq!(
            told,
            "YAML parse error on t/a.yaml: error unmarshaling JSON: while decoding JSON: json: \
             cannot unmarshal array into Go value of type releaseutil.SimpleHead"
        );
    }
}
