//! What `helm template` prints of a render.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Definition;
use super::sort::{Document, Sorted};
use super::split;
use crate::chart::match_path;

/// What is printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Hooks are left out.
    pub without_hooks: bool,
    /// Hooks that test are left out.
    pub without_tests: bool,
    /// The files of `crds/` come first.
    pub with_definitions: bool,
    /// Patterns of the only templates that are printed; all without any.
    pub only: Vec<String>,
}

/// Prints definitions as they are, then manifests, then hooks.
///
/// # Errors
///
/// In Helm's words: a pattern of [`Choice::only`] that no template matches.
pub(super) fn print(
    definitions: &[Definition],
    sorted: &Sorted,
    choice: &Choice,
) -> Result<String, String> {
    let mut manifests = String::new();
    for definition in definitions {
        write_document(&mut manifests, &definition.path, &definition.text());
    }
    for Document { path, text, .. } in &sorted.manifests {
        write_document(&mut manifests, path, text);
    }
    let mut text = manifests.trim().to_owned();
    text.push('\n');
    for hook in hooks(sorted, choice) {
        write_document(&mut text, &hook.path, &hook.text);
    }
    if choice.only.is_empty() {
        return Ok(text);
    }
    pick(&text, &choice.only)
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file of `crds/`.
    Definition,
    /// A document of a template.
    Template,
}

/// All that is printed, with the files that it is from.
pub(super) fn files<'a>(
    definitions: &'a [Definition],
    sorted: &'a Sorted,
    choice: &Choice,
) -> Vec<(FileKind, &'a str, Cow<'a, str>)> {
    let definitions = definitions.iter().filter(|_| choice.with_definitions);
    let definitions =
        definitions.map(|definition| (FileKind::Definition, &*definition.path, definition.text()));
    let documents = sorted.manifests.iter().chain(hooks(sorted, choice));
    let documents = documents.map(|document| {
        let Document { path, text, .. } = document;
        (FileKind::Template, &**path, Cow::from(&**text))
    });
    definitions.chain(documents).collect()
}

fn hooks<'a>(sorted: &'a Sorted, choice: &Choice) -> impl Iterator<Item = &'a Document> {
    let (no_hooks, no_tests) = (choice.without_hooks, choice.without_tests);
    let hooks = sorted.hooks.iter();
    hooks.filter(move |hook| !(no_hooks || no_tests && hook.is_test))
}

fn write_document(text: &mut String, path: &str, document: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "---\n# Source: {path}\n{document}");
}

/// The documents whose templates match, pattern by pattern.
fn pick(text: &str, patterns: &[String]) -> Result<String, String> {
    let documents = split::documents(text);
    let mut picked = String::new();
    for pattern in patterns {
        let matches = |document: &&&str| {
            template_of(document)
                .is_some_and(|template| match_path(pattern, template).unwrap_or_default())
        };
        let before = picked.len();
        for document in documents.iter().filter(matches) {
            picked.extend(["---\n", document, "\n"]);
        }
        if picked.len() == before {
            return Err(format!("could not find template {pattern} in chart"));
        }
    }
    Ok(picked)
}

/// The path of a document's template within its chart, as its first comment tells it.
fn template_of(document: &str) -> Option<&str> {
    const MARK: &str = "# Source: ";
    let mut rest = document;
    loop {
        let (_, after) = rest.split_once(MARK)?;
        // The chart's name may hold anything but a slash; what follows is the rest of the line.
        if let Some((chart, path)) = after.split_once('/')
            && !chart.is_empty()
        {
            let path = path.split('\n').next().unwrap_or_default();
            if !path.is_empty() {
                return Some(path);
            }
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn template_of_a_document_is_told_by_its_comment() {
        for (document, expected) in [
            (
                "# Source: t/templates/a.yaml\na: 1",
                Some("templates/a.yaml"),
            ),
            ("a: 1\n# Source: t/a\n# Source: t/b", Some("a")),
            ("# Source: t", None),
            ("a: 1", None),
        ] {
            assert_eq!(template_of(document), expected, "{document}");
        }
    }
}
