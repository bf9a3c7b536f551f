//! Which templates a render has, and the order in which Helm parses and executes them.

use std::collections::BTreeMap;

use crate::chart::Member;
use crate::render::engine::Engine;

/// One template of a render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path from the chart's name on, which is its name: `web/templates/a.yaml`.
    pub(super) path: String,
    /// What it sees as `.Template.BasePath`.
    pub(super) base_path: String,
    /// The place of its chart.
    pub(super) member: usize,
    /// The place of its text among the templates of its chart.
    pub(super) place: usize,
}

impl Entry {
    /// Whether it is only there for others.
    pub(super) fn is_partial(&self) -> bool {
        is_partial(&self.path)
    }
}

/// All Go templates, in the order in which they are parsed and executed: deepest first, Z before A. Of two
/// with one path the later chart's counts.
pub(super) fn entries(members: &[&Member]) -> Vec<Entry> {
    let mut entries = BTreeMap::new();
    for (number, member) in members.iter().enumerate() {
        let is_library = member.metadata.kind.eq_ignore_ascii_case("library");
        let base_path = format!("{}/templates", member.path);
        for (place, template) in member.chart.templates.iter().enumerate() {
            if is_library && !is_partial(&template.path) || is_jinja(&template.path) {
                continue;
            }
            let path = format!("{}/{}", member.path, template.path);
            let entry = Entry {
                path: path.clone(),
                base_path: base_path.clone(),
                member: number,
                place,
            };
            entries.insert(path, entry);
        }
    }
    let mut entries: Vec<Entry> = entries.into_values().collect();
    entries.sort_by(|one, other| rank(&other.path).cmp(&rank(&one.path)));
    entries
}

fn rank(path: &str) -> (usize, &str) {
    (path.matches('/').count(), path)
}

/// Whether a template is one of minijinja's, which Helm does not know.
pub(super) fn is_jinja(path: &str) -> bool {
    Engine::of(path) == Engine::Jinja
}

fn is_partial(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with('_')
}
