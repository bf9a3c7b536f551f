//! Documents that are compared as a whole, one folder per case.
//!
//! The expected text lies in the case's folder and is accepted by review (`cargo insta review`).

use std::fmt::Write as _;
use std::path::Path;

use addon_operator::object::Manifest;
use addon_operator::render::Rendered;
use addon_operator::yaml;

mod hooks;
mod modules;
mod render;

/// Compares a text with `expected.snap` in the case's folder.
fn compare(folder: &Path, text: &str) {
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!("expected", text);
    });
}

fn show(rendered: &Rendered) -> String {
    let mut text = String::new();
    for manifest in &rendered.manifests {
        show_manifest(&mut text, manifest);
    }
    for hook in &rendered.hooks {
        let (events, policies) = (&hook.events, &hook.delete_policies);
        writeln!(
            text,
            "# HOOK {events:?} weight {} delete {policies:?}",
            hook.weight
        )
        .unwrap();
        show_manifest(&mut text, &hook.manifest);
    }
    text
}

fn show_manifest(text: &mut String, manifest: &Manifest) {
    let object = yaml::write(&manifest.object);
    write!(text, "--- # {}\n{object}", manifest.source).unwrap();
}
