//! What authors use: `hook config`, `hook run`, `module lint`, without operator and cluster.

mod config;
mod lint;
mod run;

use std::path::Path;

use super::{run, told};
use crate::support::Modules;

/// Compares what was told with `tests/golden/author/NAME.snap`; what differs from run to run is
/// replaced.
fn compare(name: &str, modules: &Modules, (code, stdout, stderr): &(Option<i32>, String, String)) {
    let folder = format!("{}/", modules.path().display());
    let text = format!(
        "exit code {}\n\n{stdout}{}{stderr}",
        code.map_or_else(|| "none".to_owned(), |code| code.to_string()),
        if stderr.is_empty() {
            ""
        } else {
            "\n--- stderr\n"
        },
    );
    let text = text.replace(&folder, "");
    let text = text.replace(folder.trim_end_matches('/'), "DIR");
    insta::with_settings!({
        snapshot_path => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/author"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
        filters => vec![
            (r" ran \d+ ms ", " ran N ms "),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d", "TIME"),
        ],
    }, {
        insta::assert_snapshot!(name, text);
    });
}

/// The program on these modules, without a cluster.
fn author(modules: &Modules, arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = modules.path().display().to_string();
    let temporary = modules.path().join(".tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let typed: Vec<String> = arguments
        .iter()
        .map(|argument| argument.replace("DIR", &folder))
        .collect();
    let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
    let variables = [
        ("ADDON_OPERATOR_MODULES_DIR", folder.as_str()),
        ("ADDON_OPERATOR_GLOBAL_HOOKS_DIR", "/nowhere"),
        ("TMPDIR", temporary.to_str().unwrap()),
    ];
    let answer = told(run(&typed, &variables));
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "{left:?} is left behind");
    answer
}
