//! Rendered text → objects.

use serde_json::Value;

use crate::object::{Manifest, Source};
use crate::report::{self, Mistake};
use crate::yaml::{self, Data, Document, Node, Profile};

use super::hook::{self, Hook};
use super::{Rendered, install_rank};

/// Reads the text of one template after the other.
#[derive(Default)]
pub(super) struct Reader {
    manifests: Vec<Manifest>,
    hooks: Vec<Hook>,
    /// What a person has to correct, in the order of the text.
    pub(super) mistakes: Vec<Mistake>,
}

/// Where a document is, and whether its lines may be shown.
struct Page<'a> {
    file: &'a str,
    /// The whole text of the template.
    text: &'a str,
    /// The line of the document's first line.
    line: u32,
}

impl Reader {
    /// Reads what one template rendered to.
    pub(super) fn read(&mut self, file: &str, text: &str) {
        for Document { text: part, line } in yaml::documents(text) {
            let page = Page { file, text, line };
            match yaml::read(part, Profile::V2) {
                Ok(node) => self.add(&page, node),
                Err(error) => {
                    let told = error.to_mistake(file);
                    let mistake = page.mistake(told.line, &told.message);
                    self.mistakes.push(mistake.hint(told.hint));
                }
            }
        }
    }

    /// Takes a document of a text that was read already. It begins at this line.
    pub(super) fn take(&mut self, file: &str, text: &str, line: u32, node: Node) {
        self.add(&Page { file, text, line }, node);
    }

    /// The objects, sorted as they are installed.
    pub(super) fn finish(mut self) -> Rendered {
        // Stable: objects of one kind stay in the order of files and documents.
        self.manifests.sort_by(|one, other| {
            let (one, other) = (one.kind(), other.kind());
            let ranks = install_rank(one).cmp(&install_rank(other));
            // Helm knows neither or both; kinds it does not know go by their names.
            ranks.then_with(|| one.cmp(other))
        });
        self.hooks.sort_by(|one, other| {
            let rank = |hook: &Hook| install_rank(hook.manifest.kind());
            (one.weight, one.manifest.name(), rank(one)).cmp(&(
                other.weight,
                other.manifest.name(),
                rank(other),
            ))
        });
        Rendered {
            manifests: self.manifests,
            hooks: self.hooks,
            ..Rendered::default()
        }
    }

    fn add(&mut self, page: &Page<'_>, node: Node) {
        match &node.data {
            Data::Scalar(Value::Null) => return,
            Data::Mapping(_) => {}
            Data::Sequence(_) => return self.refuse(page, &node, "a list", LIST_HINT),
            Data::Scalar(_) => return self.refuse(page, &node, "plain text", TEXT_HINT),
        }
        if is_list(&node) {
            self.add_items(page, node);
        } else {
            self.add_object(page, node);
        }
    }

    fn refuse(&mut self, page: &Page<'_>, node: &Node, found: &str, hint: &str) {
        let message = format!("expected an object, got {found}");
        let mistake = page.mistake(node.place.line, &message);
        self.mistakes.push(mistake.hint(hint));
    }

    /// `kind: List`: its items are the objects.
    fn add_items(&mut self, page: &Page<'_>, node: Node) {
        let Data::Mapping(entries) = node.data else {
            return;
        };
        for entry in entries {
            if let ("items", Data::Sequence(items)) = (&*entry.key, entry.node.data) {
                for item in items {
                    self.add(page, item);
                }
            }
        }
    }

    fn add_object(&mut self, page: &Page<'_>, node: Node) {
        let faults = faults(&node);
        if !faults.is_empty() {
            let line = node.place.line;
            let (hint, wrong) = (hint_for(&node), describe(&node));
            let message = format!("{wrong} {}", faults.join(", "));
            self.mistakes.push(page.mistake(line, &message).hint(hint));
            return;
        }
        let manifest = Manifest {
            source: Source {
                file: page.file.to_owned(),
                line: page.line_of(node.place.line),
            },
            object: node.into_value(),
        };
        if !hook::is_hook(&manifest) {
            self.manifests.push(manifest);
            return;
        }
        match hook::read(manifest) {
            Ok(hook) => self.hooks.extend(hook),
            Err(mistake) => self.mistakes.push(mistake),
        }
    }
}

const LIST_HINT: &str = "separate objects with ---, or wrap them in kind: List";
const TEXT_HINT: &str = "a template that only defines macros has a name that begins with _";

impl Page<'_> {
    /// The line in the template's whole text of a line of the document.
    fn line_of(&self, line: u32) -> u32 {
        self.line + line.saturating_sub(1)
    }

    /// A mistake at a line of the document. The line is of the rendered text, which is on no disk, so
    /// it is told in words and shown, unless it is a Secret's.
    fn mistake(&self, line: u32, message: &str) -> Mistake {
        // What is missing at the end of a text is told with its last line.
        let last = u32::try_from(self.text.lines().count()).unwrap_or(u32::MAX);
        let line = self.line_of(line).min(last);
        let mistake = Mistake::new(self.file, format!("rendered line {line}: {message}"));
        // Of the whole text: the lines around a mistake may be another document's.
        if self.text.lines().any(is_kind_secret) {
            return mistake;
        }
        mistake.excerpt(report::excerpt(self.text, line))
    }
}

fn is_kind_secret(line: &str) -> bool {
    line.trim_start_matches([' ', '-', '"', '\''])
        .strip_prefix("kind")
        .is_some_and(|rest| rest.contains("Secret"))
}

/// `List`, or a list of one kind such as `RoleList`: it holds items and has no name of its own.
fn is_list(node: &Node) -> bool {
    let kind = text(node, &["kind"]).unwrap_or_default();
    let has_items = matches!(
        node.entry("items").map(|entry| &entry.node.data),
        Some(Data::Sequence(_))
    );
    kind.ends_with("List") && has_items && text(node, &["metadata", "name"]).is_none()
}

/// The text at a path of keys.
fn text<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    let mut here = node;
    for key in path {
        here = &here.entry(key)?.node;
    }
    match &here.data {
        Data::Scalar(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// What every object must have and this one has not.
fn faults(node: &Node) -> Vec<String> {
    const NEEDED: [&[&str]; 3] = [&["apiVersion"], &["kind"], &["metadata", "name"]];
    let missing = NEEDED.iter().filter(|path| text(node, path).is_none());
    missing
        .map(|path| {
            let verb = if is_there(node, path) {
                "must be a string"
            } else {
                "is missing"
            };
            format!("{} {verb}", path.join("."))
        })
        .collect()
}

fn is_there(node: &Node, path: &[&str]) -> bool {
    node.place_of(path).is_some()
}

/// `Service web:`, as far as it is known.
fn describe(node: &Node) -> String {
    let kind = text(node, &["kind"]).unwrap_or("object");
    match text(node, &["metadata", "name"]) {
        Some(name) => format!("{kind} {name}:"),
        None => format!("{kind}:"),
    }
}

fn hint_for(node: &Node) -> &'static str {
    if is_there(node, &["metadata", "generateName"]) {
        "with generateName every run would make another object"
    } else {
        ""
    }
}
