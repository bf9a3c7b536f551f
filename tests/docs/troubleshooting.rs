//! TROUBLESHOOTING.md has every message and reason that the sources have.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{ROOT, page};

/// Rooms whose errors are told as mistakes of a file, with its line: who wrote it reads them, and
/// nobody looks them up.
const OF_FILES: [&str; 11] = [
    "binding",
    "function",
    "gotemplate",
    "govalue",
    "jq",
    "render",
    "schedule",
    "schema",
    "semver",
    "sprig",
    "yaml",
];

/// Two words in one that are neither reasons nor conditions: kinds, and names of tasks and of what
/// asked for them.
const OTHER_WORDS: [&str; 38] = [
    "AfterAllHooksChangedGlobalValues",
    "AfterHelmHooksChangedValues",
    "AskAgain",
    "AskHooks",
    "ConfigMap",
    "ConfigMapChanged",
    "ConvergeDone",
    "ConvergeModules",
    "CustomResourceDefinition",
    "EnabledAgain",
    "EnabledScriptAnswered",
    "GlobalHookRun",
    "GlobalHookSwitchedModules",
    "GlobalHooksAfterAll",
    "GlobalHooksChanged",
    "GlobalValuesChanged",
    "HookChangedObjects",
    "HookChangedValues",
    "HookRun",
    "HooksMended",
    "ModuleApply",
    "ModuleAwaitReady",
    "ModuleDelete",
    "ModuleEnabledScript",
    "ModuleHookRun",
    "ModuleList",
    "ModuleObjectDeleted",
    "ModuleRemoved",
    "ModulePurge",
    "ModuleRun",
    "ModulesChanged",
    "MutatingWebhookConfiguration",
    "NetworkPolicy",
    "OperatorStartup",
    "ReadHooks",
    "ServiceAccount",
    "StartHooks",
    "ValidatingWebhookConfiguration",
];

/// The sources below `src/`, without tests: path from there, text.
fn sources() -> Vec<(String, String)> {
    fn read(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                if name != "tests" {
                    read(&path, found);
                }
            } else if path.extension().is_some_and(|end| end == "rs") && name != "tests.rs" {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
                let root = Path::new(ROOT).join("src");
                let path = path.strip_prefix(root).unwrap().display().to_string();
                found.push((path, text.to_owned()));
            }
        }
    }
    let mut found = Vec::new();
    read(&Path::new(ROOT).join("src"), &mut found);
    assert!(found.len() > 100);
    found
}

/// The string literals of a piece of source, as far as the bracket that closes it.
fn literals(source: &str) -> Vec<String> {
    let (mut found, mut depth) = (Vec::new(), 1);
    let mut letters = source.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    text.push(letter);
                    if letter == '\\' {
                        text.extend(letters.next());
                    }
                }
                found.push(text);
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

/// A format string as the page shows it: `…` for each place that is filled in.
fn shown(format: &str) -> String {
    let lines = format.split("\\\n").map(str::trim_start);
    let text = lines.collect::<Vec<_>>().concat();
    let text = text.replace("\\\"", "\"").replace("\\n", " ");
    let (mut shown, mut rest) = (String::new(), text.as_str());
    while let Some((before, after)) = rest.split_once('{') {
        shown.push_str(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
        if !shown.ends_with('…') {
            shown.push('…');
        }
    }
    shown + rest
}

/// Messages with enough words of their own to be looked up.
fn is_telling(message: &str) -> bool {
    message
        .chars()
        .filter(|letter| letter.is_alphabetic())
        .count()
        >= 6
}

fn room(path: &str) -> &str {
    let room = path.split('/').next().unwrap();
    room.strip_suffix(".rs").unwrap_or(room)
}

/// The page holds a message between backticks.
fn missing(page: &str, messages: &BTreeSet<String>) -> Vec<String> {
    let messages = messages.iter();
    let missing = messages.filter(|message| !page.contains(&format!("`{message}`")));
    missing.cloned().collect()
}

#[test]
fn every_error_of_every_room_is_explained() {
    let page = page("docs/TROUBLESHOOTING.md");
    let mut messages = BTreeSet::new();
    for (path, text) in sources() {
        if OF_FILES.contains(&room(&path)) {
            continue;
        }
        for attribute in text.split("#[error(").skip(1) {
            let message = literals(attribute).first().map(|text| shown(text));
            messages.extend(message.filter(|message| is_telling(message)));
        }
    }
    assert!(messages.len() > 80, "{}", messages.len());
    let missing = missing(&page.text, &messages);
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_warning_of_the_log_is_explained() {
    let page = page("docs/TROUBLESHOOTING.md");
    let mut messages = BTreeSet::new();
    for (_, text) in sources() {
        for level in ["tracing::error!(", "tracing::warn!("] {
            for record in text.split(level).skip(1) {
                let message = literals(record).last().map(|text| shown(text));
                messages.extend(message.filter(|message| is_telling(message)));
            }
        }
    }
    assert!(messages.len() > 25, "{}", messages.len());
    let missing = missing(&page.text, &messages);
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_reason_and_condition_is_explained() {
    let page = page("docs/TROUBLESHOOTING.md");
    let rooms = ["house", "task", "status", "operator", "webhook"];
    let mut words = BTreeSet::new();
    for (path, text) in sources() {
        if rooms.contains(&room(&path)) {
            let quoted = text.split('"').filter(|text| is_word_of_words(text));
            words.extend(quoted.map(str::to_owned));
        }
    }
    for other in OTHER_WORDS {
        words.remove(other);
    }
    // And those of one word.
    words.extend(
        [
            "Enabled",
            "Applied",
            "Contested",
            "Decided",
            "Drifted",
            "Kept",
        ]
        .map(str::to_owned),
    );
    let source = fs::read_to_string(format!("{ROOT}/src/task/error.rs")).unwrap();
    let failures = source
        .lines()
        .filter_map(|line| line.split_once("=> \"")?.1.split_once("\","));
    words.extend(failures.map(|(reason, _)| reason.to_owned()));
    assert!(words.len() > 45, "{words:?}");
    let missing = missing(&page.text, &words);
    assert!(missing.is_empty(), "{missing:#?}");
}

/// `HookFailed`: letters alone, two capitals or more, none beside another.
fn is_word_of_words(text: &str) -> bool {
    let capitals = text.chars().filter(char::is_ascii_uppercase).count();
    let is_plain = text.chars().all(|letter| letter.is_ascii_alphabetic());
    let mut pairs = text.as_bytes().windows(2);
    let runs = pairs.any(|pair| pair.iter().all(u8::is_ascii_uppercase));
    is_plain
        && capitals > 1
        && !runs
        && text.starts_with(|letter: char| letter.is_ascii_uppercase())
}

#[test]
fn messages_are_found_and_shown() {
    let source =
        "\"reading {}\\\n        from {from:?}{more}\", path.display())]\n #[error(\"b\")]";
    assert_eq!(
        literals(source),
        ["reading {}\\\n        from {from:?}{more}"]
    );
    assert_eq!(
        shown(&literals(source)[0]),
        "reading …from ……".replace("……", "…")
    );
    assert!(
        is_word_of_words("HookFailed") && !is_word_of_words("Hook") && !is_word_of_words("URLs")
    );
}
