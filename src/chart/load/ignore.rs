//! `.helmignore`: which files of a folder are not part of its chart.
//!
//! The rules are Helm's, which differ from git's: the first pattern that matches decides, `**` is an
//! error, and `!pattern` leaves out everything that does *not* match.

use crate::chart::match_path;

/// The rules of one folder.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    pattern: String,
    /// Matched against the whole path, not the last part of it.
    is_path: bool,
    /// `!pattern`
    is_negated: bool,
    /// `pattern/`
    folders_only: bool,
}

impl Rules {
    /// Reads the text of a `.helmignore`. Beside the rules: lines that are none, what is wrong with them,
    /// and what Helm says about it.
    pub(super) fn parse(text: &str) -> (Self, Vec<(u32, String, &'static str)>) {
        let mut rules = Vec::new();
        let mut wrong = Vec::new();
        for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1_u32..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match Rule::parse(line) {
                Ok(rule) => rules.push(rule),
                Err((message, helm)) => wrong.push((number, message, helm)),
            }
        }
        (Self(rules), wrong)
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
    fn parse(line: &str) -> Result<Self, (String, &'static str)> {
        if line.contains("**") {
            return Err((
                "two stars in a row mean nothing here; .helmignore knows only *".to_owned(),
                "double-star (**) syntax is not supported",
            ));
        }
        if match_path(line, "abc").is_err() {
            return Err((
                format!("bad file name pattern {line:?}"),
                "syntax error in pattern",
            ));
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
            pattern: pattern.to_owned(),
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
            return (self.folders_only && !is_folder) || !self.matches(name);
        }
        (is_folder || !self.folders_only) && self.matches(name)
    }

    fn matches(&self, name: &str) -> bool {
        match_path(&self.pattern, name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Rules {
        let (rules, wrong) = Rules::parse(text);
        assert_eq!(wrong, []);
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
        let (_, wrong) = Rules::parse("a\n**/b\n[c\n");
        let wrong: Vec<_> = wrong
            .into_iter()
            .map(|(line, _, helm)| (line, helm))
            .collect();
        assert_eq!(
            wrong,
            [
                (2, "double-star (**) syntax is not supported"),
                (3, "syntax error in pattern"),
            ]
        );
    }
}
