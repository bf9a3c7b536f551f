//! `addon-operator template` where it asks a cluster, or writes files: beside the real Helm.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use super::stage::Stage;
use crate::support::{self, rest};

const OURS: &str = env!("CARGO_BIN_EXE_addon-operator");

/// What a program answered: its exit code, what it printed, and the files that it wrote.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: Option<i32>,
    printed: String,
    told: String,
    files: BTreeMap<String, String>,
}

/// A chart with one template.
fn chart(folder: &Path, name: &str, template: &str) {
    let chart = folder.join(name);
    std::fs::create_dir_all(chart.join("templates")).unwrap();
    let about = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
    std::fs::write(chart.join("Chart.yaml"), about).unwrap();
    std::fs::write(chart.join("templates/all.yaml"), template).unwrap();
}

async fn ask(program: &Path, folder: &Path, kubeconfig: &Path, arguments: &str) -> Answer {
    let written = folder.join("out");
    let mut command = Command::new(program);
    command
        .arg("template")
        .args(arguments.split(' '))
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("KUBECONFIG", kubeconfig);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().await.unwrap();
    let mut files = BTreeMap::new();
    read_into(&mut files, &written, &written);
    if written.exists() {
        std::fs::remove_dir_all(&written).unwrap();
    }
    let text = |bytes| String::from_utf8(bytes).unwrap();
    // Lines of a log begin with a place in Helm's source.
    let is_log = |line: &&str| {
        line.split_once(": ")
            .is_some_and(|(at, _)| at.contains(".go:"))
    };
    let told = text(stderr);
    let told: Vec<_> = told.lines().filter(|line| !is_log(line)).collect();
    Answer {
        code: status.code(),
        printed: text(stdout),
        told: told.join("\n"),
        files,
    }
}

fn read_into(files: &mut BTreeMap<String, String>, root: &Path, folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_into(files, root, &path);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Charts of one template each.
const CHARTS: [(&str, &str); 12] = [
    (
        "good",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {v: \"{{ .Capabilities.KubeVersion }}\", \
        has: \"{{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" }}\", no: \"{{ .Capabilities.APIVersions.Has \"nope/v1\" }}\"}\n",
    ),
    (
        "unknown",
        "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: x}\n",
    ),
    (
        "unknowns",
        "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: x}\n---\napiVersion: v1\nkind: Nope\n\
        metadata: {name: z, namespace: other}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, labels: {a: 5}}\n",
    ),
    (
        "looked",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: looked}\ndata: {ns: {{ (lookup \"v1\" \"Namespace\" \"\" \"default\").kind | quote }}}\n",
    ),
    (
        "taken",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: taken}\n",
    ),
    (
        "own",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    ),
    (
        "typo",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: typo}\ndataa: {a: b}\n",
    ),
    (
        "nameless",
        "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n",
    ),
    ("kindless", "apiVersion: v1\nmetadata: {name: a}\n"),
    (
        "number",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: 5}}\n",
    ),
    (
        "cluster",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n",
    ),
    (
        "hook",
        "apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: x, annotations: {helm.sh/hook: pre-install}}\n",
    ),
];

#[tokio::test]
async fn a_cluster_is_asked_as_helm_asks_it() {
    let Some(stage) = Stage::new("template").await else {
        return;
    };
    let Some(helm) = support::helm().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    for (name, template) in CHARTS {
        chart(folder.path(), name, template);
    }
    let map = |name: &str, labels, annotations| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "labels": labels, "annotations": annotations}})
    };
    let namespace = stage.namespace();
    let of_release =
        json!({"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": namespace});
    let taken = map(
        "taken",
        json!({}),
        json!({"meta.helm.sh/release-name": "other"}),
    );
    let own = map(
        "own",
        json!({"app.kubernetes.io/managed-by": "Helm"}),
        of_release,
    );
    for object in [taken, own] {
        rest::create(&stage.client, &stage.path("configmaps"), &object).await;
    }
    let mut all: Vec<String> = CHARTS
        .iter()
        .map(|(name, _)| format!("rel {name} -n {namespace} --validate"))
        .collect();
    all.extend([
        format!("other own -n {namespace} --validate"),
        format!("rel taken -n {namespace} --validate --is-upgrade"),
        format!("rel good -n {namespace} --validate --kube-version 1.20 -a nope/v1"),
        format!("rel looked -n {namespace} --dry-run=server"),
        format!("rel looked -n {namespace} --dry-run=client"),
        format!("rel good -n {namespace} --dry-run=server"),
        format!("rel good -n {namespace} --dry-run=what"),
    ]);
    for arguments in all {
        let [helms, ours] = [&*helm, Path::new(OURS)]
            .map(|program| ask(program, folder.path(), stage.kubeconfig(), &arguments));
        let (helms, ours) = (helms.await, ours.await);
        assert_eq!(ours, helms, "{arguments}");
    }
}

#[tokio::test]
async fn names_and_files_are_those_of_helm() {
    let Some(helm) = support::helm().await else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n---\n\
        apiVersion: v1\nkind: Service\nmetadata: {name: b}\n---\napiVersion: v1\nkind: Pod\n\
        metadata: {name: c, annotations: {helm.sh/hook: test}}\n";
    chart(folder.path(), "web", text);
    let crds = folder.path().join("web/crds");
    std::fs::create_dir_all(&crds).unwrap();
    std::fs::write(crds.join("a.yaml"), "a: b\n").unwrap();
    for arguments in [
        "web --name-template a{{\"B\"|lower}}",
        "web --name-template {{",
        "web --name-template {{nope}}",
        "web --name-template UPPER",
        "rel web --name-template a",
        "rel web --generate-name",
        "web --generate-name",
        "rel web --output-dir out",
        "rel web --output-dir out --release-name",
        "rel web --output-dir out --include-crds --release-name",
        "rel web --output-dir out --no-hooks",
        "rel web --output-dir out --skip-tests",
        "rel web --wait --timeout 5m --create-namespace --description x --force --replace",
    ] {
        let none = Path::new("/nonexistent");
        let [helms, ours] =
            [&*helm, Path::new(OURS)].map(|program| ask(program, folder.path(), none, arguments));
        let (helms, ours) = (helms.await, ours.await);
        assert_eq!(ours, helms, "{arguments}");
    }
    // What is not done here says what to do instead.
    for (arguments, instead) in [
        ("rel web --dependency-update", "helm dependency update"),
        ("rel web --post-renderer cat", "pipe what is printed"),
        ("rel web --repo https://example.com", "helm pull"),
        ("rel web --verify", "helm verify"),
    ] {
        let none = Path::new("/nonexistent");
        let answer = ask(Path::new(OURS), folder.path(), none, arguments).await;
        assert_eq!(answer.code, Some(1), "{arguments}");
        assert!(answer.told.contains(instead), "{}", answer.told);
    }
}
