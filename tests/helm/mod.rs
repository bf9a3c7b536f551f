//! What Helm renders, rendered by us: charts and answers of the real program, to the byte.

mod cases;
mod probes;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Where a line of Helm's log comes from: `coalesce.go:316: `.
static ORIGIN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^[a-z_]+\.go:\d+: ").unwrap());

/// Writes a file, and the folders above it.
fn write(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What Helm says on stderr, without the places in its own source.
fn without_origin(text: &str) -> String {
    ORIGIN.replace_all(text, "").into_owned()
}

/// Fails when there are differences, and shows them all.
fn expect_none(differences: &[String], of: usize) {
    let count = differences.len();
    assert!(
        differences.is_empty(),
        "{count} of {of} differ:\n\n{}",
        differences.join("\n\n")
    );
}
