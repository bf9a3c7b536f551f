//! Names in the documents: of functions, reasons, tests and other documents.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use addon_operator::function;

use super::{ROOT, page, pages};

/// The text of every source below a folder.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// The texts in backticks of a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn every_function_is_listed_as_it_is_called() {
    let page = page("docs/MODULES.md");
    let (_, table) = page.text.split_once("| Family | Functions |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let listed: BTreeSet<String> = quoted(table).map(str::to_owned).collect();
    let known: BTreeSet<String> = function::own()
        .map(|function| format!("{}({})", function.name, function.usage))
        .collect();
    assert_eq!(listed, known, "left: docs/MODULES.md, right: the program");
    let (_, table) = page.text.split_once("| Family | As in Helm |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let known: BTreeSet<&str> = function::all().map(|function| function.name).collect();
    for name in quoted(table) {
        assert!(known.contains(name), "{name}");
    }
}

#[test]
fn every_reason_of_a_failure_is_listed() {
    let source = fs::read_to_string(format!("{ROOT}/src/task/error.rs")).unwrap();
    let reasons: Vec<&str> = source
        .lines()
        .filter_map(|line| line.split_once("=> \"")?.1.split_once("\","))
        .map(|(reason, _)| reason)
        .collect();
    assert!(reasons.len() > 10, "{reasons:?}");
    let page = page("docs/LIFECYCLE.md");
    for reason in reasons {
        assert!(page.text.contains(&format!("| `{reason}` |")), "{reason}");
    }
}

#[test]
fn tests_that_hold_differences_exist() {
    let mut text = String::new();
    sources(&Path::new(ROOT).join("src"), &mut text);
    sources(&Path::new(ROOT).join("tests"), &mut text);
    let words: BTreeSet<&str> = text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .collect();
    let page = page("docs/DIFFERENCES.md");
    let mut tests = 0;
    for line in page.text.lines().filter(|line| line.starts_with("| ")) {
        let last = line
            .trim_end_matches([' ', '|'])
            .rsplit('|')
            .next()
            .unwrap();
        for test in quoted(last).filter(|name| name.contains('_') && !name.contains(' ')) {
            assert!(words.contains(test), "{test}");
            tests += 1;
        }
    }
    assert!(tests > 20, "{tests}");
}

/// Every test of the sources, and every row of a table of tests: `fn name(`, `name: form(…)`.
fn tests_of(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(test_of).collect()
}

fn test_of(line: &str) -> Option<&str> {
    const FORMS: [&str; 6] = [
        "config(",
        "kubernetes(",
        "schedule(",
        "first(",
        "whole(",
        "validating(",
    ];
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line);
    if let Some(rest) = line.strip_prefix("fn ") {
        return rest.strip_suffix("() {");
    }
    let (name, rest) = line.split_once(": ")?;
    let is_row = FORMS.iter().any(|form| rest.starts_with(form));
    is_row.then_some(name)
}

#[test]
fn tests_that_hold_the_contract_of_hooks_exist() {
    let mut text = String::new();
    sources(&Path::new(ROOT).join("src"), &mut text);
    sources(&Path::new(ROOT).join("tests"), &mut text);
    let known = tests_of(&text);
    let page = page("docs/HOOKS.md");
    let (_, section) = page.text.split_once("## Every field and file").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut count = 0;
    for row in rows {
        let last = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let names: Vec<&str> = quoted(last).collect();
        assert!(!names.is_empty(), "no test holds {row}");
        for name in names {
            assert!(known.contains(name), "{name}: {row}");
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    for page in pages() {
        for link in page.text.split("](").skip(1) {
            let (link, _) = link.split_once(')').unwrap();
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if path.contains("://") {
                continue;
            }
            let here = Path::new(ROOT).join(&page.path);
            let target = match path {
                "" => here,
                path => here.parent().unwrap().join(path),
            };
            assert!(target.exists(), "{}: {link}", page.path.display());
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let anchors: Vec<String> = text
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .map(slug)
                    .collect();
                assert!(
                    anchors.iter().any(|known| known == anchor),
                    "{}: {link}: {anchors:?}",
                    page.path.display()
                );
            }
        }
    }
}

/// The anchor of a heading.
fn slug(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    heading
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
