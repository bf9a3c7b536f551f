//! Holds the order of the rooms: a room of `src/` names only rooms above it in `src/lib.rs`.
//!
//! Six checks over a source tree, each seen to fail on a planted violation below. Sources are read as
//! tokens, so that comments and strings name nothing; a `use` with braces is read as all its paths.
//! A name that a macro puts together is not seen.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Rooms that decide and do nothing: no clock, no file, no process, no cluster.
const PURE_ROOMS: [&str; 23] = [
    "report",
    "secret",
    "name",
    "metric",
    "semver",
    "yaml",
    "govalue",
    "jq",
    "object",
    "leader",
    "schedule",
    "binding",
    "queue",
    "patch",
    "admission",
    "schema",
    "values",
    "jsonschema",
    "gotemplate",
    "sprig",
    "function",
    "render",
    "diff",
];
/// Files of other rooms that are pure as well.
const PURE_FILES: [&str; 3] = [
    "module/order.rs",
    "module/guard.rs",
    "config_values/read.rs",
];
/// What pure code does not say.
const IMPURE: [&[&str]; 8] = [
    &["tokio"],
    &["kube"],
    &["std", "fs"],
    &["std", "process"],
    &["std", "env"],
    &["std", "net", "TcpStream"],
    &["std", "net", "TcpListener"],
    &["std", "net", "UdpSocket"],
];
/// The rooms that may know the client library.
const DOORS_TO_KUBE: [&str; 2] = ["cluster", "watch"];
/// File names that say nothing about what is inside, and so attract everything.
const EMPTY_NAMES: [&str; 15] = [
    "base", "common", "core", "helper", "helpers", "impl", "manager", "misc", "service", "shared",
    "type", "types", "util", "utils", "tools",
];
/// Lines of a source file without its tests.
const LINES: usize = 500;

#[test]
fn data_flows_down_the_list() {
    let violations = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// One file of the tree.
struct Source {
    /// Below `src/`, with `/`.
    path: String,
    /// The first part of the path: `values` for `values/store.rs` and for `values.rs`.
    room: String,
    /// Lines before the tests at the end.
    lines: usize,
    /// A file of tests only.
    is_test: bool,
    names: Vec<Name>,
}

/// A path as the source says it: `crate::values::Store`.
struct Name {
    parts: Vec<String>,
    line: usize,
    /// How many `mod … {` of this file are open here.
    depth: usize,
}

/// All violations under `root`, which is a `src/` folder.
fn check(root: &Path) -> io::Result<Vec<String>> {
    let map = fs::read_to_string(root.join("lib.rs"))?;
    let rooms: Vec<String> = map
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let mut sources = Vec::new();
    read_tree(root, "", &mut sources)?;
    let mut found = check_map(&map, &rooms, &sources);
    for source in sources.iter().filter(|source| rooms.contains(&source.room)) {
        check_order(source, &rooms, &mut found);
        check_climbing(source, &mut found);
        check_purity(source, &mut found);
        check_kube(source, &mut found);
        check_shape(source, &mut found);
    }
    Ok(found)
}

fn check_map(map: &str, rooms: &[String], sources: &[Source]) -> Vec<String> {
    let is_known =
        |room: &str| matches!(room, "lib" | "main") || rooms.iter().any(|name| name == room);
    let by_room: BTreeMap<&str, &str> = sources
        .iter()
        .map(|source| (source.room.as_str(), source.path.as_str()))
        .collect();
    let strangers = by_room.iter().filter(|(room, _)| !is_known(room));
    let mut found: Vec<String> = strangers
        .map(|(room, path)| format!("{path}: room {room} is not on the map in lib.rs"))
        .collect();
    if map.lines().any(|line| line.starts_with("pub use ")) {
        found.push("lib.rs: a re-export at the root hides who names whom".to_owned());
    }
    found
}

fn check_order(source: &Source, rooms: &[String], found: &mut Vec<String>) {
    let place = |room: &str| rooms.iter().position(|name| name == room);
    let own = place(&source.room);
    for name in &source.names {
        if let [root, room, ..] = name.parts.as_slice()
            && root == "crate"
            && place(room) > own
        {
            found.push(format!(
                "{}:{}: names {room}, a room below its own",
                source.path, name.line
            ));
        }
    }
}

fn check_climbing(source: &Source, found: &mut Vec<String>) {
    // `values.rs` and `values/mod.rs` are the room itself, at depth 1.
    let folders = source.path.matches('/').count();
    let depth = if source.path.ends_with("/mod.rs") {
        folders
    } else {
        folders + 1
    };
    for name in &source.names {
        let climbs = name.parts.iter().skip_while(|part| *part == "self");
        if climbs.take_while(|part| *part == "super").count() >= depth + name.depth {
            found.push(format!(
                "{}:{}: climbs past its door with super",
                source.path, name.line
            ));
        }
    }
}

fn check_purity(source: &Source, found: &mut Vec<String>) {
    let is_pure =
        PURE_ROOMS.contains(&source.room.as_str()) || PURE_FILES.contains(&source.path.as_str());
    if !is_pure || source.is_test {
        return;
    }
    for name in source.names.iter().filter(|name| name.line <= source.lines) {
        if IMPURE.iter().any(|path| begins_with(&name.parts, path)) {
            let said = name.parts.join("::");
            found.push(format!(
                "{}:{}: pure code says {said}",
                source.path, name.line
            ));
        }
    }
}

fn check_kube(source: &Source, found: &mut Vec<String>) {
    if DOORS_TO_KUBE.contains(&source.room.as_str()) {
        return;
    }
    for name in source
        .names
        .iter()
        .filter(|name| begins_with(&name.parts, &["kube"]))
    {
        found.push(format!(
            "{}:{}: says kube outside cluster and watch",
            source.path, name.line
        ));
    }
}

fn check_shape(source: &Source, found: &mut Vec<String>) {
    if source.lines > LINES && !source.is_test {
        found.push(format!(
            "{}: has {} lines, the limit is {LINES}",
            source.path, source.lines
        ));
    }
    let parts = source.path.trim_end_matches(".rs").split('/');
    for part in parts.filter(|part| EMPTY_NAMES.contains(part)) {
        found.push(format!(
            "{}: {part} says nothing about what is inside",
            source.path
        ));
    }
}

fn begins_with(parts: &[String], path: &[&str]) -> bool {
    parts.len() >= path.len() && parts.iter().zip(path).all(|(part, wanted)| part == wanted)
}

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────

fn read_tree(root: &Path, folder: &str, sources: &mut Vec<Source>) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        if entry.file_type()?.is_dir() {
            read_tree(root, &path, sources)?;
        } else if entry.path().extension().is_some_and(|kind| kind == "rs") {
            sources.push(read_source(&path, &fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

fn read_source(path: &str, text: &str) -> Source {
    let lines: Vec<&str> = text.lines().collect();
    let opens_tests = |pair: &[&str]| {
        pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
    };
    let room = path
        .split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs");
    Source {
        path: path.to_owned(),
        room: room.to_owned(),
        lines: lines
            .windows(2)
            .position(opens_tests)
            .unwrap_or(lines.len()),
        is_test: path.ends_with("/tests.rs") || path.contains("/tests/"),
        names: names(&tokens(text)),
    }
}

/// A word, `::`, or one sign, with its line.
type Token = (String, usize);

/// The tokens of a source, without comments, strings and letters.
fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let (mut found, mut line, mut index) = (Vec::new(), 1, 0);
    while index < letters.len() {
        let start = index;
        match at(index) {
            '/' if at(index + 1) == '/' => index = skip(&letters, index, "\n") - 1,
            '/' if at(index + 1) == '*' => index = skip(&letters, index + 2, "*/"),
            '"' => index = skip_string(&letters, index),
            '\'' if at(index + 1) == '\\' => index = skip(&letters, index + 3, "'"),
            '\'' if at(index + 2) == '\'' => index += 3,
            ':' if at(index + 1) == ':' => {
                found.push(("::".to_owned(), line));
                index += 2;
            }
            letter if letter.is_alphanumeric() || letter == '_' => {
                let is_word = |letter: &&char| letter.is_alphanumeric() || **letter == '_';
                let word: String = letters[index..].iter().take_while(is_word).collect();
                index += word.chars().count();
                let hashes = letters[index..]
                    .iter()
                    .take_while(|letter| **letter == '#')
                    .count();
                if matches!(word.as_str(), "r" | "br" | "cr") && at(index + hashes) == '"' {
                    index = skip(
                        &letters,
                        index + hashes + 1,
                        &format!("\"{}", "#".repeat(hashes)),
                    );
                } else {
                    found.push((word, line));
                }
            }
            letter => {
                if !letter.is_whitespace() {
                    found.push((letter.to_string(), line));
                }
                index += 1;
            }
        }
        line += letters[start..index]
            .iter()
            .filter(|letter| **letter == '\n')
            .count();
    }
    found
}

/// The place after the next `end`, or the end of the text.
fn skip(letters: &[char], from: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    let rest = letters.get(from..).unwrap_or_default();
    let place = rest.windows(end.len()).position(|window| window == end);
    place.map_or(letters.len(), |place| from + place + end.len())
}

fn skip_string(letters: &[char], quote: usize) -> usize {
    let mut index = quote + 1;
    while index < letters.len() && letters[index] != '"' {
        index += if letters[index] == '\\' { 2 } else { 1 };
    }
    (index + 1).min(letters.len())
}

/// All paths of more than one part, and where they stand.
fn names(tokens: &[Token]) -> Vec<Name> {
    let word = |index: usize| tokens.get(index).map_or("", |(text, _)| text.as_str());
    let (mut found, mut open_modules, mut braces, mut index) = (Vec::new(), Vec::new(), 0, 0);
    while index < tokens.len() {
        match word(index) {
            "mod" if word(index + 2) == "{" => open_modules.push(braces),
            "{" => braces += 1,
            "}" => {
                braces -= 1;
                open_modules.retain(|level| *level < braces);
            }
            _ => {}
        }
        let is_path = is_word(word(index))
            && (word(index + 1) == "::" || word(index.wrapping_sub(1)) == "use");
        if is_path && word(index.wrapping_sub(1)) != "::" {
            let mut paths = Vec::new();
            index = read_path(tokens, index, &[], &mut paths);
            let depth = open_modules.len();
            found.extend(
                paths
                    .into_iter()
                    .map(|(parts, line)| Name { parts, line, depth }),
            );
        } else {
            index += 1;
        }
    }
    found
}

/// Reads `a::b` or `a::{b, c::d}` and tells all its paths; the result is the place behind it.
fn read_path(
    tokens: &[Token],
    from: usize,
    before: &[String],
    found: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let word = |index: usize| tokens.get(index).map_or("", |(text, _)| text.as_str());
    let mut parts = before.to_vec();
    let mut index = from;
    while is_word(word(index)) {
        parts.push(word(index).to_owned());
        index += 1;
        if word(index) != "::" {
            break;
        }
        index += 1;
    }
    if word(index) == "{" && word(index.wrapping_sub(1)) == "::" {
        index += 1;
        while index < tokens.len() && word(index) != "}" {
            index = read_path(tokens, index, &parts, found).max(index + 1);
        }
        return index + 1;
    }
    if index == from {
        return from;
    }
    let line = tokens
        .get(index.saturating_sub(1))
        .map_or(0, |(_, line)| *line);
    found.push((parts, line));
    index
}

fn is_word(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

// ── The checks themselves ────────────────────────────────────────────────────────────────────────

/// A good tree of three rooms and a file, and one more file; what is found in it.
fn found_with(path: &str, text: &str) -> io::Result<Vec<String>> {
    let good = [
        (
            "lib.rs",
            "//! The map.\n\n/// A.\npub mod report;\n\n/// B.\npub mod cluster;\n\n/// C.\npub mod diff;\n\n/// D.\npub mod task;\n",
        ),
        ("main.rs", "fn main() { addon_operator::task::run() }\n"),
        ("report.rs", "//! Says `crate::task`.\nuse std::fmt;\n"),
        (
            "cluster/mod.rs",
            "mod call;\nuse crate::report::{self, Mistake};\nuse kube::Client;\n",
        ),
        (
            "cluster/call.rs",
            "use super::Client;\n// crate::diff\nconst A: &str = \"crate::diff \\\" tokio::\";\nconst B: &str = r#\"crate::\"diff\"#;\nconst C: char = '\"';\nmod tests { use super::super::Client; }\n",
        ),
        (
            "diff/mod.rs",
            "mod plan;\nmod tests;\nuse crate::cluster::Client;\n",
        ),
        (
            "diff/plan.rs",
            "use super::Inventory;\nfn kube() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n    use super::*;\n}\n",
        ),
        (
            "diff/tests.rs",
            "use std::process::Command;\nuse super::plan;\n",
        ),
        (
            "task/mod.rs",
            "use crate::{cluster::{self, Client}, diff};\nuse tokio::sync::mpsc;\n",
        ),
    ];
    let folder = tempfile::tempdir()?;
    for (path, text) in good.into_iter().chain([(path, text)]) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder.path()))?;
        fs::write(path, text)?;
    }
    check(folder.path())
}

#[test]
fn good_tree_passes() {
    assert_eq!(found_with("report.rs", "//! Words.\n").unwrap(), [""; 0]);
    assert_eq!(
        found_with("report.rs", "//! Words.\nuse std::fmt;\n").unwrap(),
        [""; 0]
    );
}

/// One row, one planted file: its path, its text, what is found.
macro_rules! planted {
    ($($name:ident: $path:literal, $text:expr => $found:literal;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(found_with($path, $text).unwrap(), [$found]);
        })*
    };
}

planted! {
    room_below_is_named: "diff/a.rs", "fn a() { crate::task::run() }" => "diff/a.rs:1: names task, a room below its own";
    room_below_is_named_in_braces: "diff/a.rs", "use crate::{\n    cluster::{A, B},\n    task::{self},\n};" => "diff/a.rs:3: names task, a room below its own";
    room_below_is_named_by_a_test: "report.rs", "#[cfg(test)]\nmod tests {\n    use crate::diff::Plan;\n}" => "report.rs:3: names diff, a room below its own";
    door_is_climbed_past: "diff/a.rs", "use super::super::cluster;" => "diff/a.rs:1: climbs past its door with super";
    door_itself_climbs: "diff/mod.rs", "use super::cluster;" => "diff/mod.rs:1: climbs past its door with super";
    inner_module_climbs_past: "report.rs", "mod a { use super::super::diff; }" => "report.rs:1: climbs past its door with super";
    climb_after_an_inner_module: "diff/a.rs", "mod a { fn a() {} }\nuse super::super::cluster;" => "diff/a.rs:2: climbs past its door with super";
    folder_is_not_on_the_map: "hook/mod.rs", "" => "hook/mod.rs: room hook is not on the map in lib.rs";
    file_is_not_on_the_map: "hook.rs", "" => "hook.rs: room hook is not on the map in lib.rs";
    root_re_exports: "lib.rs", "pub mod report;\npub mod cluster;\npub mod diff;\npub mod task;\npub use diff::Plan;" => "lib.rs: a re-export at the root hides who names whom";
    pure_room_waits: "diff/a.rs", "async fn a() { tokio::task::yield_now().await }" => "diff/a.rs:1: pure code says tokio::task::yield_now";
    pure_room_reads_files: "report.rs", "use std::{fmt, fs};" => "report.rs:1: pure code says std::fs";
    pure_room_reads_the_environment: "report.rs", "fn a() { let a = 'x'; std::env::var(\"A\"); }" => "report.rs:1: pure code says std::env::var";
    kube_is_named_elsewhere: "task/a.rs", "\n/* a */ use kube as client;" => "task/a.rs:2: says kube outside cluster and watch";
    file_is_too_long: "task/a.rs", &"\n".repeat(501) => "task/a.rs: has 501 lines, the limit is 500";
    file_name_is_empty: "task/utils.rs", "" => "task/utils.rs: utils says nothing about what is inside";
    folder_name_is_empty: "task/common/mod.rs", "" => "task/common/mod.rs: common says nothing about what is inside";
}

#[test]
fn pure_room_says_kube_twice_over() {
    let found = found_with("diff/a.rs", "use kube::Client;").unwrap();
    assert_eq!(
        found,
        [
            "diff/a.rs:1: pure code says kube::Client",
            "diff/a.rs:1: says kube outside cluster and watch"
        ]
    );
}

#[test]
fn length_does_not_count_tests() {
    let text = format!(
        "{}#[cfg(test)]\nmod tests {{\n{}}}\n",
        "\n".repeat(500),
        "\n".repeat(500)
    );
    assert_eq!(found_with("task/a.rs", &text).unwrap(), [""; 0]);
}
