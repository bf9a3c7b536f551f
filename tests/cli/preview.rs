//! `render` and `diff` without an operator and without a cluster.

use super::{run, told};
use crate::support::Modules;

const TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: {{ Values.VALUE | quote }}\n";

fn modules(value: &str, values: &str, definition: &str) -> Modules {
    Modules::of(&[
        ("010-web/values.yaml", values),
        ("010-web/module.yaml", definition),
        (
            "010-web/templates/a.yaml.j2",
            &TEMPLATE.replace("VALUE", value),
        ),
    ])
}

fn render(modules: &Modules) -> (Option<i32>, String, String) {
    let folder = modules.path().to_str().unwrap();
    told(run(
        &["render", "web", "--modules-dir", folder, "--offline"],
        &[],
    ))
}

#[test]
fn a_chart_sees_its_values_below_its_key() {
    let modules = modules("web.text", "web: {text: hello}\n", "values: nested\n");
    let (code, stdout, stderr) = render(&modules);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stdout.ends_with("data:\n  text: hello\nkind: ConfigMap\nmetadata:\n  name: a\n"),
        "{stdout}"
    );
    assert!(
        stderr.contains("values that hooks set are missing"),
        "{stderr}"
    );
}

#[test]
fn a_chart_of_others_sees_its_values_at_the_root() {
    let modules = modules("text", "text: hello\n", "values: root\n");
    let (code, stdout, stderr) = render(&modules);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("  text: hello\n"), "{stdout}");
}

#[test]
fn mistakes_of_a_module_name_file_and_line() {
    let modules = modules("web.txt", "web: {text: hello}\n", "description: a shop\n");
    let (code, stdout, stderr) = render(&modules);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("010-web/templates/a.yaml.j2:5"), "{stderr}");
}

#[test]
fn diff_without_a_cluster_ends_with_2() {
    let modules = modules("web.text", "web: {text: hello}\n", "");
    let folder = modules.path().to_str().unwrap();
    let typed = [
        "diff",
        "--all",
        "--modules-dir",
        folder,
        "--kube-config",
        "/nowhere",
    ];
    let (code, _, stderr) = told(run(&typed, &[]));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("/nowhere"), "{stderr}");
}

/// Both languages draw, and find nothing where there is no cluster.
#[test]
fn a_chart_draws_and_finds_nothing_without_a_cluster() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata:\n  text: DRAW\n";
    let jinja = "{{ [randAlphaNum(9), lookup('v1', 'Pod', 'a', 'b') | length] | join('-') }}-{{ include('n') }}";
    let go = "{{ randAlphaNum 9 }}-{{ lookup \"v1\" \"Pod\" \"a\" \"b\" | len }}{{ define \"n\" }}web{{ end }}";
    let [jinja, go] = [("a", jinja), ("b", go)]
        .map(|(name, draw)| object.replace("NAME", name).replace("DRAW", draw));
    let modules = Modules::of(&[
        (
            "010-web/Chart.yaml",
            "apiVersion: v2\nname: web\nversion: 0.1.0\n",
        ),
        ("010-web/values.yaml", "webEnabled: true\n"),
        ("010-web/templates/a.yaml.j2", &jinja),
        ("010-web/templates/b.yaml", &go),
    ]);
    let folder = modules.path().to_str().unwrap();
    let chart = modules.path().join("010-web");
    for arguments in [
        &["render", "web", "--modules-dir", folder, "--offline"][..],
        &["template", "web", chart.to_str().unwrap()],
    ] {
        let (code, stdout, stderr) = told(run(arguments, &[]));
        assert_eq!(code, Some(0), "{stderr}");
        let texts = stdout
            .lines()
            .filter_map(|line| line.trim().strip_prefix("text: "));
        let texts: Vec<Vec<&str>> = texts.map(|text| text.split('-').collect()).collect();
        let [a, b] = texts.as_slice() else {
            panic!("{stdout}");
        };
        assert_eq!((a[0].len(), &a[1..]), (9, &["0", "web"][..]), "{stdout}");
        assert_eq!((b[0].len(), &b[1..]), (9, &["0"][..]), "{stdout}");
    }
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let linted = run(
        &["module", "lint", "--modules-dir", folder],
        &[("PATH", &path)],
    );
    let (code, stdout, stderr) = told(linted);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
}
