//! `hook run`, without a cluster.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::{program, told};
use super::{author, compare};
use crate::support::Modules;

const CONFIG: &str = "#!/bin/bash
if [ \"$1\" = --config ]; then
  echo '{configVersion: v1, onStartup: 1, beforeHelm: 5, schedule: [{name: tick, crontab: \"* * * * *\"}]}'
  exit
fi
";

/// What a hook can ask for, and what it says while it runs.
const ALL: &str = r#"
echo "told $(cat $BINDING_CONTEXT_PATH)"
echo '{"level": "warn", "msg": "slow", "count": 3}'
cat > $VALUES_JSON_PATCH_PATH <<'PATCH'
{"op": "add", "path": "/web/size", "value": 3}
{"op": "add", "path": "/web/password", "value": "hunter2"}
PATCH
echo '{"op": "add", "path": "/web/size", "value": 2}' > $CONFIG_VALUES_JSON_PATCH_PATH
echo '{"name": "seen", "group": "g", "action": "set", "value": 1, "labels": {"team": "shop"}} {"group": "old", "action": "expire"}' > $METRICS_PATH
cat > $KUBERNETES_PATCH_PATH <<'PATCH'
operation: CreateOrUpdate
object: {apiVersion: v1, kind: Secret, metadata: {name: made, namespace: shop}, stringData: {key: topsecret}}
---
operation: MergePatch
kind: secrets
namespace: shop
name: other
mergePatch: {stringData: {key: topsecret}}
---
operation: JQPatch
kind: ConfigMap
namespace: shop
name: other
jqFilter: .data.a = "b"
---
operation: DeleteInBackground
kind: ConfigMap
namespace: shop
name: old
PATCH
"#;

/// A module `web` with a schema and this hook.
fn web(body: &str) -> Modules {
    let schema = "type: object\nproperties:\n  size: {type: integer, maximum: 5}\n  \
                  password: {type: string, x-secret: true}\n";
    let modules = Modules::of(&[
        (
            "010-web/values.yaml",
            "webEnabled: true\nweb: {size: 1, password: swordfish}\n",
        ),
        ("010-web/openapi/config-values.yaml", schema),
        (
            "010-web/openapi/values.yaml",
            "type: object\nx-extend: {schema: config-values.yaml}\n",
        ),
        ("context.json", r#"{"binding": "tick", "type": "Schedule"}"#),
    ]);
    modules.write_script("010-web/hooks/a.sh", &format!("{CONFIG}{body}"));
    modules
}

#[test]
fn what_a_hook_asks_for_is_shown_and_not_done() {
    let modules = web(ALL);
    let typed = [
        "hook",
        "run",
        "web/a.sh",
        "--context",
        "DIR/context.json",
        "--offline",
    ];
    let told = author(&modules, &typed);
    compare("run", &modules, &told);
    for secret in ["hunter2", "swordfish", "topsecret", "dG9wc2VjcmV0"] {
        assert!(!told.1.contains(secret), "{secret}");
    }
}

#[test]
fn programs_get_one_document() {
    let modules = web(ALL);
    let typed = [
        "hook",
        "run",
        "web/a.sh",
        "--binding",
        "tick",
        "--offline",
        "-o",
        "json",
    ];
    let (code, stdout, _) = author(&modules, &typed);
    assert_eq!(code, Some(0));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["hook"], "web/hooks/a.sh");
    assert!(
        report["values"]["diff"]
            .as_str()
            .unwrap()
            .contains("+  size: 3")
    );
    assert_eq!(report["objects"].as_array().unwrap().len(), 4);
    assert_eq!(report["objects"][0]["action"], "asked");
    assert_eq!(report["metrics"][0]["labels"]["team"], "shop");
    assert!(report["tookMs"].is_u64());
}

#[test]
fn values_are_those_of_the_folder_and_of_a_file() {
    let modules = web("cat $VALUES_PATH; echo; cat $CONFIG_VALUES_PATH; echo");
    modules.write("values.yaml", "global: {zone: a}\n");
    modules.write("more.yaml", "web: {size: 4}\nwebEnabled: true\n");
    let run = |more: &[&str]| {
        let typed = [
            &["hook", "run", "web/a.sh", "--binding", "tick", "--offline"],
            more,
        ]
        .concat();
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(stdout.ends_with("it asks for nothing\n"), "{stdout}");
        let lines = stderr
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let values: Vec<Value> = lines.collect();
        values
    };
    let plain = run(&[]);
    assert_eq!(plain[0]["web"]["size"], 1);
    // The hook is given it; of what it prints it is masked.
    assert_eq!(plain[0]["web"]["password"], "[secret]");
    assert_eq!(plain[0]["global"]["zone"], "a");
    assert_eq!(plain[0]["global"]["enabledModules"][0], "web");
    assert_eq!(plain[1]["web"], serde_json::json!({}));
    let laid_over = run(&["--values", "DIR/more.yaml"]);
    assert_eq!(laid_over[0]["web"]["size"], 4);
    assert_eq!(laid_over[1]["web"], serde_json::json!({"size": 4}));
}

#[test]
fn contexts_are_printed_as_the_hook_would_find_them() {
    let modules = web("");
    let typed = [
        "hook",
        "run",
        "web/hooks/a.sh",
        "--binding",
        "tick",
        "--binding",
        "beforeHelm",
        "--offline",
        "--print-context",
    ];
    let (code, stdout, stderr) = author(&modules, &typed);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let contexts: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        contexts,
        serde_json::json!([
            {"binding": "tick", "type": "Schedule"},
            {"binding": "beforeHelm", "snapshots": {}},
        ])
    );
}

#[test]
fn a_hook_has_several_names() {
    let modules = web("");
    let globals = Modules::new();
    globals.write_script("hooks/deep/b.sh", &CONFIG.replace("beforeHelm: 5, ", ""));
    let folder = globals.path().display().to_string();
    let by_path = format!("{folder}/hooks/deep/b.sh");
    for (name, shown) in [
        ("web/a.sh", "web/hooks/a.sh"),
        ("web/hooks/a.sh", "web/hooks/a.sh"),
        ("DIR/010-web/hooks/a.sh", "web/hooks/a.sh"),
        ("global/deep/b.sh", "global/hooks/deep/b.sh"),
        ("global/b.sh", "global/hooks/deep/b.sh"),
        (&by_path, "global/hooks/deep/b.sh"),
    ] {
        let typed = [
            "hook",
            "run",
            name,
            "--global-hooks-dir",
            &folder,
            "--binding",
            "onStartup",
            "--offline",
        ];
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!(code, Some(0), "{name}: {stderr}");
        assert!(stdout.starts_with(&format!("{shown} ran ")), "{stdout}");
    }
}

/// Hooks without modules, as those of shell-operator are; and a path that says where the modules are.
#[test]
fn a_hook_is_found_where_no_modules_directory_was_named() {
    let modules = web("");
    let hook = CONFIG.replace("beforeHelm: 5, ", "");
    modules.write_script("hooks/b.sh", &hook);
    for typed in [
        &["global/b.sh", "--global-hooks-dir", "DIR/hooks"][..],
        &["DIR/010-web/hooks/a.sh"],
    ] {
        let how = [
            "--binding",
            "onStartup",
            "--offline",
            "--modules-dir",
            "/nowhere",
        ];
        let typed = [&["hook", "run"], typed, &how].concat();
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!(code, Some(0), "{typed:?} {stderr}");
        assert!(stdout.contains("for onStartup"), "{stdout}");
    }
    let typed = [
        "module",
        "lint",
        "global",
        "--modules-dir",
        "/nowhere",
        "--global-hooks-dir",
        "DIR/hooks",
    ];
    let (code, stdout, stderr) = author(&modules, &typed);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stdout, "1 folder looked at: 0 errors, 0 warnings\n");
}

#[test]
fn a_run_that_fails_ends_with_1() {
    for (body, more, words) in [
        (
            "echo no route >&2; exit 3",
            &[][..],
            "ended with exit code 3: no route",
        ),
        ("kill -SEGV $$", &[], "was ended by signal 11"),
        (
            "exec sleep 600",
            &["--timeout", "300ms"],
            "did not end within 300ms and was killed",
        ),
        (
            "echo '{' > $VALUES_JSON_PATCH_PATH",
            &[],
            "VALUES_JSON_PATCH_PATH:2: not JSON",
        ),
        (
            r#"echo '{"op": "add", "path": "/other/a", "value": 1}' > $VALUES_JSON_PATCH_PATH
               echo 'operation: Explode' > $KUBERNETES_PATCH_PATH"#,
            &[],
            "KUBERNETES_PATCH_PATH",
        ),
    ] {
        let modules = web(body);
        let typed = [
            &["hook", "run", "web/a.sh", "--binding", "tick", "--offline"],
            more,
        ]
        .concat();
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{body} {stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn values_that_would_not_fit_are_refused() {
    let modules = web(
        r#"echo '{"op": "add", "path": "/web/size", "value": 9}' > $VALUES_JSON_PATCH_PATH
           echo '{"name": "seen", "add": 1}' > $METRICS_PATH"#,
    );
    let typed = ["hook", "run", "web/a.sh", "--binding", "tick", "--offline"];
    let told = author(&modules, &typed);
    assert_eq!(told.0, Some(1));
    compare("run-refused", &modules, &told);
}

/// A hook that the API server calls. `ANSWER` and `FILE` are to be replaced.
const CALLED: &str = r#"#!/bin/bash
if [ "$1" = --config ]; then cat <<'CONFIG'
configVersion: v1
kubernetesValidating:
- name: limits.example.com
  rules: [{apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}]
kubernetesCustomResourceConversion:
- {name: tabs, crdName: tabs.example.com, conversions: [{fromVersion: v1, toVersion: v2}]}
CONFIG
exit; fi
echo 'ANSWER' > $FILE
"#;

/// Binding, answer, exit code, what is told.
const ANSWERS: [(&str, &str, i32, &str); 5] = [
    (
        "limits.example.com",
        r#"{"allowed": true, "warnings": ["old"]}"#,
        0,
        "# answer: allow\nwarning: old\n",
    ),
    (
        "limits.example.com",
        r#"{"allowed": false, "message": "too much"}"#,
        0,
        "# answer: deny\ntoo much\n",
    ),
    ("limits.example.com", "", 1, "# answer: refuse\n"),
    (
        "tabs",
        r#"{"convertedObjects": [{"kind": "Tab"}]}"#,
        0,
        "# answer: convert\n---\nkind: Tab\n",
    ),
    (
        "tabs",
        r#"{"failedMessage": "no way"}"#,
        0,
        "# answer: fail\nno way\n",
    ),
];

#[test]
fn the_answer_to_the_api_server_is_told() {
    let modules = web("");
    for (binding, answer, code, words) in ANSWERS {
        let file = match binding {
            "tabs" => "CONVERSION_RESPONSE_PATH",
            _ => "VALIDATING_RESPONSE_PATH",
        };
        let hook = CALLED.replace("ANSWER", answer).replace("FILE", file);
        modules.write_script("010-web/hooks/b.sh", &hook);
        let context = format!(r#"{{"binding": "{binding}", "review": {{"request": {{}}}}}}"#);
        modules.write("call.json", &context);
        let typed = [
            "hook",
            "run",
            "web/b.sh",
            "--context",
            "DIR/call.json",
            "--offline",
        ];
        let (found, stdout, stderr) = author(&modules, &typed);
        assert_eq!(found, Some(code), "{answer} {stderr}");
        assert!(stdout.contains(words), "{answer}: {stdout}");
    }
}

#[test]
fn calls_of_the_api_server_are_told_and_not_made_up() {
    let modules = web("");
    modules.write_script("010-web/hooks/b.sh", CALLED);
    let typed = ["hook", "run", "web/b.sh", "--binding", "tabs", "--offline"];
    let (code, _, stderr) = author(&modules, &typed);
    assert_eq!(code, Some(2));
    let words = "only the API server knows what it asks tabs";
    assert!(stderr.contains(words), "{stderr}");
    let typed = ["hook", "config", "DIR/010-web/hooks/b.sh"];
    let (code, stdout, _) = author(&modules, &typed);
    assert_eq!(code, Some(0));
    for words in ["CREATE pods", "tabs.example.com: v1 to v2"] {
        assert!(stdout.contains(words), "{stdout}");
    }
}

/// What is typed, and why it cannot be run.
const IMPOSSIBLE: &[(&[&str], &str)] = &[
    (
        &["web"],
        "\"web\" names no hook; write MODULE/HOOK, such as web/hooks/a.sh",
    ),
    (&["wbe/a.sh"], "there is no module wbe; did you mean web?"),
    (
        &["web/b.sh"],
        "web has no hook b.sh; did you mean web/hooks/a.sh?",
    ),
    (&["web/plain.sh"], "is not executable, so it is no hook"),
    (&["global/a.sh"], "global has no hooks"),
    (
        &["web/a.sh"],
        "--binding with one of onStartup, beforeHelm, tick, or --context",
    ),
    (
        &["web/a.sh", "--binding", "tock"],
        "no binding \"tock\"; did you mean tick?",
    ),
    (
        &["web/a.sh", "--binding", "tick", "--event", "Added", "a/b"],
        "--event is for kubernetes",
    ),
    (
        &["db/pods.sh", "--event", "Adde", "a/b"],
        "expected Added, Modified or Deleted",
    ),
    (&["db/pods.sh"], "what this binding tells is in the cluster"),
    (
        &["db/wrong.sh", "--binding", "a"],
        "configVersion: expected v1, got \"v2\"",
    ),
    (
        &["web/a.sh", "--context", "DIR/nowhere"],
        "nowhere: cannot be read",
    ),
    (
        &["web/a.sh", "--context", "DIR/bad.json"],
        "bad.json: not JSON",
    ),
    (
        &["web/a.sh", "--binding", "tick", "--values", "DIR/nowhere"],
        "cannot be read",
    ),
    (
        &["web/a.sh", "--modules-dir", "/nowhere"],
        "/nowhere does not exist",
    ),
];

const DECLARED: &str = "configVersion: v1
kubernetes: [{name: maps, kind: ConfigMap, jqFilter: .metadata.name}]
values: {web.names: '[.snapshots.maps[].filterResult]'}
metrics: {web_maps: .snapshots.maps | length}
objects: |
  {% for item in snapshots.maps %}
  ---
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: copy-{{ item.filterResult }}, namespace: shop}
  data: {all: {{ Values.web.names | join(' ') | quote }}}
  {% endfor %}
";

#[test]
fn a_declared_hook_is_evaluated() {
    let modules = Modules::of(&[
        (
            "010-web/values.yaml",
            "webEnabled: true\nweb: {names: [a]}\n",
        ),
        ("010-web/hooks/a.hook.yaml", DECLARED),
        (
            "context.json",
            r#"{"binding": "maps", "snapshots": {"maps": [{"filterResult": "a"}, {"filterResult": "b"}]}}"#,
        ),
    ]);
    let typed = [
        "hook",
        "run",
        "web/a.hook.yaml",
        "--context",
        "DIR/context.json",
        "--offline",
    ];
    let told = author(&modules, &typed);
    compare("run-declared", &modules, &told);
    modules.write(
        "010-web/hooks/a.hook.yaml",
        &DECLARED.replace("join(", "jion("),
    );
    let (code, stdout, stderr) = author(&modules, &typed);
    assert_ne!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(stderr.contains("a.hook.yaml:11"), "{stderr}");
}

#[test]
fn what_cannot_be_run_ends_with_2() {
    let modules = web("");
    modules.write("010-web/hooks/plain.sh", "#!/bin/bash\n");
    modules.write("bad.json", "{");
    modules.write_script(
        "020-db/hooks/wrong.sh",
        "#!/bin/bash\necho 'configVersion: v2'\n",
    );
    modules.write_script(
        "020-db/hooks/pods.sh",
        "#!/bin/bash\necho '{configVersion: v1, kubernetes: [{name: pods, kind: Pod}]}'\n",
    );
    for (typed, words) in IMPOSSIBLE {
        let typed = [&["hook", "run"], *typed, &["--offline"]].concat();
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{typed:?} {stderr}");
        assert!(stderr.contains(words), "{typed:?}: {stderr}");
    }
}

#[test]
fn ctrl_c_ends_the_hook_and_all_that_it_started() {
    let modules = web(
        "sleep 600 & echo $! > $(dirname $0)/pid.new; mv $(dirname $0)/pid.new $(dirname $0)/pid; wait",
    );
    let temporary = tempfile::tempdir().unwrap();
    let variables = [
        (
            "ADDON_OPERATOR_MODULES_DIR",
            modules.path().to_str().unwrap(),
        ),
        ("TMPDIR", temporary.path().to_str().unwrap()),
    ];
    let child = program(
        &["hook", "run", "web/a.sh", "--binding", "tick", "--offline"],
        &variables,
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let pid = modules.path().join("010-web/hooks/pid");
    let begun = Instant::now();
    while !pid.exists() {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "the hook does not start"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let (code, _, stderr) = told(child.wait_with_output().unwrap());
    assert_eq!(code, Some(1));
    assert_eq!(stderr, "error: interrupted; the hook was ended\n");
    let sleeper = fs::read_to_string(pid).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", sleeper.trim()));
    assert!(stat.is_err() || stat.unwrap().contains(") Z "));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}
