//! Charts and what they render to, or why they do not.
//!
//! A case is a folder `tests/golden/render/<case>/` with `chart/` and `values.yaml`, which holds all
//! that templates see as `Values`.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use addon_operator::chart;
use addon_operator::name::ModuleName;
use addon_operator::render::{Capabilities, Input, Program, Release, ValuesTree};
use addon_operator::yaml::{self, Profile};

use super::{compare, show};

/// One test per folder, and one that no folder is forgotten.
macro_rules! cases {
    ($($test:ident $case:literal,)+) => {
        $(
            #[test]
            fn $test() {
                check($case);
            }
        )+

        #[test]
        fn every_case_is_listed() {
            let mut listed = vec![$($case),+];
            listed.sort_unstable();
            let entries = fs::read_dir(cases()).unwrap();
            let mut found: Vec<_> = entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort_unstable();
            assert_eq!(found, listed);
        }
    };
}

cases! {
    objects_are_rendered_and_sorted "objects",
    hooks_are_kept_apart "hooks",
    hook_at_an_unknown_point_is_refused "bad-hook",
    syntax_mistakes_of_all_templates_are_told "syntax",
    undefined_values_are_told_with_what_there_is "undefined",
    failing_functions_say_why "functions",
    endless_templates_are_stopped "endless",
    text_that_gives_no_objects_is_told "not-objects",
    cluster_that_the_chart_does_not_want_is_told "old-kubernetes",
}

fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/render")
}

fn check(case: &str) {
    let folder = cases().join(case);
    let module = ModuleName::parse("web").unwrap();
    let chart = chart::read(&folder.join("chart"), &module)
        .unwrap()
        .unwrap();
    let values = fs::read_to_string(folder.join("values.yaml")).unwrap();
    let values = yaml::read_value(&values, Profile::V3).unwrap();
    let rendered = Program::compile(&chart).and_then(|program| {
        program.render(
            &input(&values),
            Arc::new(addon_operator::task::Alone::new()),
        )
    });
    let text = match rendered {
        Ok(rendered) => show(&rendered),
        Err(error) => format!("REFUSED\n{error}\n"),
    };
    compare(&folder, &text);
}

fn input(values: &serde_json::Value) -> Input {
    Input {
        values: ValuesTree::new(values),
        release: Release {
            name: "web".to_owned(),
            namespace: "web-system".to_owned(),
            revision: 7,
            is_install: false,
            is_upgrade: true,
        },
        capabilities: Arc::new(Capabilities {
            kube_version: "v1.36.3".to_owned(),
            api_versions: ["apps/v1", "example.com/v1/Widget"]
                .map(str::to_owned)
                .into(),
        }),
    }
}
