//! `hook config`.

use serde_json::Value;

use super::{author, compare};
use crate::support::Modules;

const CONFIG: &str = "\
configVersion: v1
onStartup: 5
beforeHelm: 10
settings: {executionMinInterval: 5s, executionBurst: 3}
schedule:
- {name: nightly, crontab: '30 2 * * *', includeSnapshotsFrom: [maps]}
kubernetes:
- name: maps
  kind: ConfigMap
  apiVersion: v1
  namespace: {labelSelector: {matchLabels: {team: shop}}}
  executeHookOnEvent: [Added, Deleted]
  jqFilter: |
    {name: .metadata.name,
     size: (.data | length)}
  keepFullObjectsInMemory: false
- name: secret
  kind: Secret
  nameSelector: {matchNames: [registry]}
  namespace: {nameSelector: {matchNames: [shop]}}
  queue: slow
  waitForSynchronization: false
  allowFailure: true
  group: main
";

/// A hook that prints a configuration.
fn printing(config: &str) -> String {
    format!("#!/bin/bash\n[ \"$1\" = --config ] && cat <<'CONFIG'\n{config}CONFIG\n")
}

/// One module `web` with a hook of this configuration, and the same as a file.
fn with(config: &str) -> Modules {
    let modules = Modules::of(&[("010-web/values.yaml", ""), ("a.yaml", config)]);
    modules.write_script("010-web/hooks/a.sh", &printing(config));
    modules
}

#[test]
fn what_a_hook_listens_to_is_a_table() {
    let modules = with(CONFIG);
    let told = author(&modules, &["hook", "config", "DIR/010-web/hooks/a.sh"]);
    compare("config", &modules, &told);
}

#[test]
fn a_file_says_the_same_as_a_hook() {
    let modules = with(CONFIG);
    let read = |file: &str| {
        let told = author(&modules, &["hook", "config", file, "-o", "json"]);
        assert_eq!((told.0, told.2.as_str()), (Some(0), ""));
        let mut sheet: Value = serde_json::from_str(&told.1).unwrap();
        assert!(sheet["hook"].take().is_string());
        sheet
    };
    let (of_file, of_hook) = (read("DIR/a.yaml"), read("DIR/010-web/hooks/a.sh"));
    assert_eq!(of_file, of_hook);
    assert_eq!(of_hook["configVersion"], "v1");
    assert_eq!(of_hook["bindings"][3]["name"], "maps");
    assert_eq!(of_hook["bindings"][3]["defaults"]["queue"], "main");
    assert_eq!(of_hook["settings"]["executionBurst"], 3);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let modules = with(
        "configVersion: v1\nschedule:\n- {crontab: '61 * * * *'}\nkubernetes:\n- name: maps\n  \
         kind: ConfigMap\n  jqFilter: .data[\n  executeHookOnEvnt: [Added]\n  queue: 7\n",
    );
    let told = author(&modules, &["hook", "config", "DIR/010-web/hooks/a.sh"]);
    compare("config-wrong", &modules, &told);
    let typed = ["hook", "config", "DIR/a.yaml", "-o", "json"];
    let (code, stdout, stderr) = author(&modules, &typed);
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    let sheet: Value = serde_json::from_str(&stdout).unwrap();
    let findings = sheet["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 4, "{stdout}");
    assert!(
        findings
            .iter()
            .all(|one| one["severity"] == "error" && one["line"] != 0)
    );
}

#[test]
fn what_is_surely_not_meant_is_a_warning() {
    let modules = with(
        "configVersion: v1\nkubernetes:\n- {name: a, kind: Pod, executeHookOnEvent: [], \
         executeHookOnSynchronization: false}\n",
    );
    let (code, stdout, stderr) = author(&modules, &["hook", "config", "DIR/a.yaml"]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("nothing of Pod"), "{stdout}");
    assert!(
        stderr.contains("a.yaml:3:3: kubernetes[0]: nothing ever comes of it"),
        "{stderr}"
    );
}

#[test]
fn a_hook_is_of_its_folder_or_of_what_it_says() {
    let modules = Modules::of(&[
        ("010-web/values.yaml", ""),
        ("before-all.yaml", "{configVersion: v1, beforeAll: 1}"),
        ("before-helm.yaml", "{configVersion: v1, beforeHelm: 1}"),
    ]);
    for name in ["010-web/hooks/a.sh", "global/a.sh"] {
        modules.write_script(name, &printing("{configVersion: v1, beforeAll: 1}\n"));
    }
    for (arguments, code, words) in [
        (&["DIR/before-all.yaml"][..], 0, "a global hook"),
        (&["DIR/before-helm.yaml"], 0, "a hook of a module"),
        (
            &["DIR/before-helm.yaml", "--global"],
            1,
            "it is for hooks of modules",
        ),
        (&["DIR/010-web/hooks/a.sh"], 1, "it is for global hooks"),
        (
            &["DIR/global/a.sh", "--global-hooks-dir", "DIR/global"],
            0,
            "a global hook",
        ),
    ] {
        let typed = [&["hook", "config"], arguments].concat();
        let (found, stdout, stderr) = author(&modules, &typed);
        assert_eq!(found, Some(code), "{arguments:?} {stderr}");
        assert!((stdout + &stderr).contains(words), "{arguments:?} {words}");
    }
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let modules = Modules::of(&[("010-web/hooks/plain.sh", "#!/bin/bash\n")]);
    for (name, script) in [
        ("dies.sh", "#!/bin/bash\necho no python >&2; exit 3\n"),
        (
            "hangs.sh",
            "#!/bin/bash\necho waiting >&2; exec sleep 600\n",
        ),
        ("lost.sh", "#!/no/such/shell\n"),
    ] {
        modules.write_script(&format!("010-web/hooks/{name}"), script);
    }
    for (file, words) in [
        ("nowhere.sh", "nowhere.sh: cannot be read: No such file"),
        ("", "is a folder; name one hook in it"),
        (
            "plain.sh",
            "plain.sh: is not executable, so it is no hook (make it executable",
        ),
        (
            "dies.sh",
            "ended with exit code 3 when asked for its bindings by --config: no python",
        ),
        ("hangs.sh", "did not end within 500ms"),
        ("lost.sh", "is the interpreter of its first line installed?"),
    ] {
        let path = format!("DIR/010-web/hooks/{file}");
        let typed = ["hook", "config", &path, "--timeout", "500ms"];
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{file} {stderr}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains(words),
            "{stderr}"
        );
    }
}

#[test]
fn a_cluster_that_was_named_and_is_not_there_ends_with_2() {
    let modules = with(CONFIG);
    let typed = ["hook", "config", "DIR/a.yaml", "--kube-config", "/nowhere"];
    let (code, stdout, stderr) = author(&modules, &typed);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("/nowhere"), "{stderr}");
}
