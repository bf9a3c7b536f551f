//! Which engine renders a file below `templates/`: its name says so.

use std::path::Path;

/// An engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// minijinja: `*.j2`.
    Jinja,
    /// Helm's templates: every other file.
    GoTemplate,
    /// None: notes in the other language, which are shown to people who install by hand.
    Nothing,
}

impl Engine {
    /// The engine for a path like `templates/web.yaml.j2`.
    pub(super) fn of(path: &str) -> Self {
        let is_jinja = Path::new(path).extension().is_some_and(|end| end == "j2");
        match (is_jinja, base_name(path).starts_with("NOTES.txt")) {
            (true, true) => Self::Nothing,
            (true, false) => Self::Jinja,
            (false, _) => Self::GoTemplate,
        }
    }
}

/// Whether a template is rendered by itself. The others are there to be included.
pub(super) fn is_rendered(path: &str) -> bool {
    !base_name(path).starts_with('_')
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_is_chosen_by_file_name() {
        for (path, engine, rendered) in [
            ("templates/a.yaml.j2", Engine::Jinja, true),
            ("templates/_a.j2", Engine::Jinja, false),
            ("templates/_x/a.j2", Engine::Jinja, true),
            ("templates/a.yaml", Engine::GoTemplate, true),
            ("templates/_helpers.tpl", Engine::GoTemplate, false),
            ("templates/NOTES.txt", Engine::GoTemplate, true),
            ("templates/NOTES.txt.j2", Engine::Nothing, true),
        ] {
            assert_eq!(Engine::of(path), engine, "{path}");
            assert_eq!(is_rendered(path), rendered, "{path}");
        }
    }
}
