//! Files of a chart: no texts make the loader or the merging of values panic; what is merged in a hurry is the
//! same as what is merged with care, and stays when it is merged again; nothing outside the folder is
//! read.
//!
//! Run it with `cargo +nightly fuzz run chart_folder`. The text is cut at lines of `---- PATH`; `---- PATH -> TARGET`
//! is a symbolic link, `---- --set ARGUMENT` sets values.

#![no_main]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path};

use addon_operator::chart::{self, Care, Chart, Coalesced, Member, SetKind, Tree};
use addon_operator::govalue::{self, JsonForm, Map, Value};
use addon_operator::name::ModuleName;
use addon_operator_fuzz::{SECRET, assert_no_secret, parts};
use libfuzzer_sys::fuzz_target;

/// The paths of all charts that are rendered.
fn paths(member: &Member, into: &mut Vec<String>) {
    into.push(member.path.clone());
    for inner in &member.dependencies {
        paths(inner, into);
    }
}

fn write(dir: &Path, user: &Map, parts: &[(&str, &str)]) {
    for (name, content) in parts {
        if let Some(argument) = name.strip_prefix("--set ") {
            let _ = chart::set(user, argument, &SetKind::Typed);
            let _ = chart::set(user, argument, &SetKind::Json);
            let _ = chart::set(user, argument, &SetKind::Literal);
            continue;
        }
        let (path, target) = name.split_once(" -> ").map_or((*name, None), |(path, target)| (path, Some(target)));
        let is_inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let file = dir.join(path);
        if !is_inside || path.is_empty() || path.contains('\0') {
            continue;
        }
        // A link made before may lead out of the folder: nothing is written through one.
        let mut above = file.ancestors().skip(1).take_while(|folder| *folder != dir);
        if above.any(Path::is_symlink) || file.is_symlink() {
            continue;
        }
        if fs::create_dir_all(file.parent().expect("a folder")).is_ok() {
            let _ = match target {
                Some(target) => symlink(target.replace('\0', ""), &file),
                None => fs::write(&file, content),
            };
        }
    }
}

fn has_null(tree: &Tree) -> bool {
    match tree {
        Tree::Null => true,
        Tree::List(items) => items.iter().any(has_null),
        Tree::Map(branch) => branch.iter().any(|(_, tree)| has_null(tree)),
        _ => false,
    }
}

fn any_null(chart: &Chart) -> bool {
    let mut dependencies = chart.dependencies.iter();
    has_null(&Tree::Map(chart.defaults.values().clone())) || dependencies.any(|chart| any_null(chart))
}

fn json(values: &Map) -> String {
    let text = govalue::to_json(&Value::Map(values.clone()), JsonForm::Raw, &|_| Ok(()));
    String::from_utf8_lossy(&text.unwrap_or_default()).into_owned()
}

/// Values that were merged once are as they are to be. A null is another thing: it is used up.
fn check_again(loaded: &chart::Loaded, user: &Map, first: &Coalesced) {
    let has_imports = format!("{:?}", loaded.chart.metadata).contains("Import");
    let is_null = json(user).contains("null");
    if is_null || has_imports || any_null(&loaded.chart) {
        return;
    }
    let again = chart::coalesce(&loaded.chart, &first.root.values, Care::ForSpeed).expect("it was merged before");
    assert_eq!(json(&again.root.values), json(&first.root.values));
}

fuzz_target!(|text: &str| {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("secret"), SECRET).expect("a file");
    let dir = place.path().join("inner");
    fs::create_dir(&dir).expect("a folder");
    let user = Map::any();
    write(&dir, &user, &parts(text));

    if let Ok(Some(chart)) = chart::read(&dir, &ModuleName::parse("web").expect("a name")) {
        assert_no_secret(&chart);
    }
    let Ok(loaded) = chart::load(&dir) else {
        return;
    };
    assert_no_secret(&loaded.chart);
    let (mut careful, mut fast) = (Vec::new(), Vec::new());
    let with_care = chart::coalesce(&loaded.chart, &user, Care::ForWarnings);
    let in_a_hurry = chart::coalesce(&loaded.chart, &user, Care::ForSpeed);
    match (with_care, in_a_hurry) {
        (Ok(mut one), Ok(other)) => {
            paths(&one.root, &mut careful);
            paths(&other.root, &mut fast);
            assert_eq!(careful, fast);
            assert_eq!(json(&one.root.values), json(&other.root.values));
            check_again(&loaded, &user, &one);
            let _ = one.check_schemas();
        }
        (Err(one), Err(other)) => assert_eq!(one.to_string(), other.to_string()),
        _ => panic!("one of two ways failed"),
    }
});
