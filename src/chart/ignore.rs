//! `.helmignore`: which files of a folder are not part of its chart.
//!
//! The rules are Helm's, which differ from git's: the first pattern that matches decides, `**` is an
//! error, and `!pattern` leaves out everything that does *not* match.

use crate::report::Mistake;

use super::glob::Glob;

/// The rules of one folder.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    glob: Glob,
    /// Matched against the whole path, not the last part of it.
    is_path: bool,
    /// `!pattern`
    is_negated: bool,
    /// `pattern/`
    folders_only: bool,
}

impl Rules {
    /// Reads the text of a `.helmignore` called `file`; mistakes are added to `mistakes`.
    pub(super) fn parse(text: &str, file: &str, mistakes: &mut Vec<Mistake>) -> Self {
        let mut rules = Vec::new();
        for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1_u32..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match Rule::parse(line) {
                Ok(rule) => rules.push(rule),
                Err(message) => mistakes.push(Mistake::new(file, message).at(number, 0)),
            }
        }
        Self(rules)
    }

    /// Whether a path of the folder, with slashes, is left out. What lies below a folder that is left
    /// out is left out as well.
    pub(super) fn leave_out(&self, path: &str, is_folder: bool) -> bool {
        // The rule that Helm adds by itself: hidden files are no templates.
        let is_hidden_template = path
            .strip_prefix("templates/")
            .is_some_and(|rest| rest.starts_with('.') && rest.len() > 1 && !rest.contains('/'));
        self.0.iter().any(|rule| rule.leaves_out(path, is_folder)) || is_hidden_template
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, String> {
        if line.contains("**") {
            return Err(
                "two stars in a row mean nothing here; .helmignore knows only *".to_owned(),
            );
        }
        let (line, is_negated) = line
            .strip_prefix('!')
            .map_or((line, false), |rest| (rest, true));
        let (line, folders_only) = line
            .strip_suffix('/')
            .map_or((line, false), |rest| (rest, true));
        let (pattern, is_path) = match line.strip_prefix('/') {
            Some(rest) => (rest, true),
            None => (line, line.contains('/')),
        };
        Ok(Self {
            glob: Glob::ignore(pattern).map_err(|error| error.to_string())?,
            is_path,
            is_negated,
            folders_only,
        })
    }

    fn leaves_out(&self, path: &str, is_folder: bool) -> bool {
        let name = if self.is_path {
            path
        } else {
            path.rsplit('/').next().unwrap_or(path)
        };
        if self.is_negated {
            return (self.folders_only && !is_folder) || !self.glob.matches(name);
        }
        (is_folder || !self.folders_only) && self.glob.matches(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        let mut mistakes = Vec::new();
        let rules = Rules::parse(text, ".helmignore", &mut mistakes);
        assert_eq!(mistakes, []);
        rules
    }

    #[test]
    fn patterns_leave_out_as_helm_does() {
        for (text, path, is_folder, leaves_out) in [
            ("*.md", "docs/a.md", false, true),
            ("# *.md\n\n", "a.md", false, false),
            ("/a.md", "a.md", false, true),
            ("/a.md", "docs/a.md", false, false),
            ("docs/", "docs", true, true),
            ("docs/", "docs", false, false),
            ("docs/*.md", "docs/a.md", false, true),
            ("docs/*.md", "x/docs/a.md", false, false),
            ("!*.yaml", "a.yaml", false, false),
            ("!*.yaml", "a.md", false, true),
            ("  a.md  ", "a.md", false, true),
            ("", "templates/.swp", false, true),
            ("", "templates/x/.swp", false, false),
            ("", ".github", true, false),
        ] {
            assert_eq!(
                rules(text).leave_out(path, is_folder),
                leaves_out,
                "{text:?} {path}"
            );
        }
    }

    #[test]
    fn bad_patterns_are_told_with_their_line() {
        let mut mistakes = Vec::new();
        Rules::parse("a\n**/b\n[c\n", "x/.helmignore", &mut mistakes);
        let texts: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "x/.helmignore:2: two stars in a row mean nothing here; .helmignore knows only *",
                "x/.helmignore:3: bad file name pattern \"[c\": a class that [ begins has no ]",
            ]
        );
    }
}
