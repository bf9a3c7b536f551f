//! METRICS.md names what is emitted.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::ROOT;

/// The page and the sources name the same metrics, so neither goes stale without the other.
#[test]
fn metrics_page_lists_what_is_emitted() {
    let page = fs::read_to_string(format!("{ROOT}/docs/METRICS.md")).unwrap();
    let emitted: BTreeSet<String> = rows(&page)
        .filter(|(_, emitted)| *emitted == "yes")
        .map(|(name, _)| name)
        .collect();
    let mut sources = String::new();
    read_sources(Path::new(&format!("{ROOT}/src")), &mut sources).unwrap();
    assert_eq!(
        metric_names(&sources),
        emitted,
        "left: in src/, right: `yes` in docs/METRICS.md"
    );
}

/// Name and last column of every row that begins with a name in backticks.
fn rows(page: &str) -> impl Iterator<Item = (String, &str)> {
    page.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once('`')?;
        let emitted = rest.trim_end_matches([' ', '|']).rsplit('|').next()?;
        Some((name.replace("{P}", "{PREFIX}"), emitted.trim()))
    })
}

/// Every string of the sources that is a metric's name.
fn metric_names(sources: &str) -> BTreeSet<String> {
    sources
        .split('"')
        .filter(|text| text.contains("{PREFIX}") || text.starts_with("d8_telemetry_"))
        .filter(|text| text.len() > "{PREFIX}".len() && !text.contains(char::is_whitespace))
        // The format string of another constant of this name.
        .filter(|text| !text.contains("{}"))
        .map(str::to_owned)
        .collect()
}

/// The text of all sources under a folder, without tests.
fn read_sources(folder: &Path, text: &mut String) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_sources(&path, text)?;
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let source = fs::read_to_string(&path)?;
            text.push_str(
                source
                    .split("\n#[cfg(test)]\nmod tests")
                    .next()
                    .unwrap_or(&source),
            );
        }
    }
    Ok(())
}

#[test]
fn rows_and_names_are_found() {
    let page =
        "| Name | Emitted |\n|---|---|\n| `{P}a` | counter | yes |\n| `d8_b` | gauge | never |\n";
    let found: Vec<_> = rows(page).collect();
    assert_eq!(
        found,
        [
            ("{PREFIX}a".to_owned(), "yes"),
            ("d8_b".to_owned(), "never")
        ]
    );
    let names = metric_names(
        "f(\"{PREFIX}a\", \"help\"); const B: &str = \"d8_telemetry_{PREFIX}b\"; \"{PREFIX}\"",
    );
    assert_eq!(
        names,
        BTreeSet::from(["d8_telemetry_{PREFIX}b".to_owned(), "{PREFIX}a".to_owned()])
    );
}
