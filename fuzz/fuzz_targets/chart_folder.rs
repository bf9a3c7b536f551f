//! Files of a chart: no texts make the loader or the merging of values panic, and what is merged in a
//! hurry is the same as what is merged with care.
//!
//! Run it with `cargo +nightly fuzz run chart_folder`. The text is cut at lines of `---- PATH`.

#![no_main]

use std::fs;
use std::path::{Component, Path};

use addon_operator::chart::{self, Care, Member, SetKind};
use addon_operator::govalue::Map;
use libfuzzer_sys::fuzz_target;

/// The paths of all charts that are rendered.
fn paths(member: &Member, into: &mut Vec<String>) {
    into.push(member.path.clone());
    for inner in &member.dependencies {
        paths(inner, into);
    }
}

fuzz_target!(|text: &str| {
    let dir = tempfile::tempdir().expect("a folder");
    let user = Map::any();
    for part in text.split("---- ").take(20) {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        if let Some(argument) = path.strip_prefix("--set ") {
            let _ = chart::set(&user, argument, &SetKind::Typed);
            let _ = chart::set(&user, argument, &SetKind::Json);
            let _ = chart::set(&user, argument, &SetKind::Literal);
            continue;
        }
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let file = dir.path().join(path);
        if is_inside && !path.contains('\0') && fs::create_dir_all(file.parent().expect("a folder")).is_ok() {
            let _ = fs::write(file, content);
        }
    }
    let Ok(loaded) = chart::load(dir.path()) else {
        return;
    };
    let (mut careful, mut fast) = (Vec::new(), Vec::new());
    let with_care = chart::coalesce(&loaded.chart, &user, Care::ForWarnings);
    let in_a_hurry = chart::coalesce(&loaded.chart, &user, Care::ForSpeed);
    match (with_care, in_a_hurry) {
        (Ok(mut one), Ok(other)) => {
            paths(&one.root, &mut careful);
            paths(&other.root, &mut fast);
            assert_eq!(careful, fast);
            let _ = one.check_schemas();
        }
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        _ => panic!("one of two ways failed"),
    }
});
