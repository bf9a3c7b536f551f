//! `module lint`.

use serde_json::Value;

use super::super::{run, told};
use super::{author, compare};
use crate::support::Modules;

/// Modules with a mistake of every sort.
fn bad() -> Modules {
    let modules = Modules::of(&[
        ("values.yaml", "global: {zone: a}\nwbe: {size: 1}\n"),
        ("010-web/module.yaml", "requires: [bas]\nordr: any\n"),
        ("010-web/values.yaml", "web: {size: 1}\nwebEnabled: 7\n"),
        ("010-web/template/a.yaml.j2", "a: 1\n"),
        (
            "010-web/openapi/config-values.yaml",
            "type: object\nproperties:\n  size: {type: intger}\n",
        ),
        ("010-base/module.yaml", "requires: [bas, db]\n"),
        (
            "010-base/values.yaml",
            "baseEnabled: true\nbase: {name: x, sise: 3}\n",
        ),
        (
            "010-base/openapi/config-values.yaml",
            "type: object\nproperties:\n  name: {type: string}\n  size: {type: integer}\n",
        ),
        (
            "010-base/crds/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
        ),
        ("010-base/enabled", "#!/bin/sh\n"),
        ("010-base/hooks/plain.sh", "#!/bin/sh\n"),
        ("020-db/Chart.yaml", "name: db\nversion: 1.0.0\n"),
        ("020-db/templates/a.yaml.j2", "a: {{ if }\n"),
        ("030-typo/values.yaml", "typo: {size: 1}\n"),
        (
            "030-typo/templates/a.yaml.j2",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {size: {{ Values.typo.sise }}}\n",
        ),
        ("Shop/values.yaml", ""),
    ]);
    for (name, body) in [
        ("dies.sh", "echo no python >&2; exit 3"),
        ("hangs.sh", "exec sleep 600"),
        (
            "typo.sh",
            "printf 'configVersion: v1\\nkubernetes:\\n- kind: Pod\\n  jqFilter: .a[\\n  quue: a\\n'",
        ),
        (
            "odd.sh",
            "echo '{configVersion: v1, schedule: [{crontab: \"* * * * * *\"}]}'",
        ),
    ] {
        modules.write_script(
            &format!("010-base/hooks/{name}"),
            &format!("#!/bin/bash\n{body}\n"),
        );
    }
    modules
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let modules = bad();
    let told = author(&modules, &["module", "lint", "--timeout", "1s"]);
    compare("lint", &modules, &told);
}

#[test]
fn hooks_are_not_run_when_they_shall_not() {
    let modules = bad();
    let mark = modules.path().join("ran");
    let hook = format!("#!/bin/bash\ntouch {}\n", mark.display());
    modules.write_script("010-base/hooks/mark.sh", &hook);
    let (_, stdout, _) = author(&modules, &["module", "lint", "--no-hooks"]);
    assert!(!stdout.contains("--config"), "{stdout}");
    assert!(
        stdout.contains("plain.sh: warning: is not executable"),
        "{stdout}"
    );
    assert!(!mark.exists());
}

#[test]
fn some_of_it_can_be_looked_at() {
    let modules = bad();
    for (targets, heads) in [
        (&["typo"][..], &["typo"][..]),
        (&["typo", "db"], &["db", "typo"]),
        (&["DIR/030-typo"], &["typo"]),
        (&["DIR/030-typo/"], &["typo"]),
        (
            &["DIR", "--modules-dir", "/nowhere"],
            &["DIR", "base", "db", "typo", "web"],
        ),
        (&["DIR/020-db", "--modules-dir", "/nowhere"], &["db"]),
    ] {
        let typed = [&["module", "lint", "--no-hooks"], targets].concat();
        let (code, stdout, stderr) = author(&modules, &typed);
        assert_eq!(code, Some(1), "{targets:?} {stderr}");
        let folder = modules.path().display().to_string();
        let stdout = stdout.replace(&folder, "DIR");
        let (findings, _) = stdout.rsplit_once("\n\n").unwrap();
        let found: Vec<&str> = findings
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(' '))
            .collect();
        assert_eq!(found, heads, "{targets:?}");
    }
    for (target, words) in [
        ("tpyo", "there is no module tpyo; did you mean typo?"),
        ("/nowhere", "there is no module or folder /nowhere"),
    ] {
        let (code, stdout, stderr) = author(&modules, &["module", "lint", target]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""));
        assert!(stderr.contains(words), "{stderr}");
    }
}

#[test]
fn warnings_count_when_people_are_strict() {
    let modules = Modules::of(&[
        ("010-web/values.yaml", "webEnabled: true\n"),
        ("010-web/enabled", "#!/bin/sh\n"),
    ]);
    for (more, code) in [(&[][..], 0), (&["--strict"], 1)] {
        let typed = [&["module", "lint"], more].concat();
        let (found, stdout, _) = author(&modules, &typed);
        assert_eq!(found, Some(code));
        assert!(
            stdout.ends_with("1 folder looked at: 0 errors, 1 warning\n"),
            "{stdout}"
        );
    }
    let (_, stdout, _) = author(&modules, &["module", "lint", "-o", "json"]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["warnings"], 1);
    let finding = &report["modules"][0]["findings"][0];
    assert_eq!(
        (&finding["severity"], &finding["line"]),
        (&"warning".into(), &0.into())
    );
    assert!(finding["fix"].as_str().unwrap().starts_with("chmod +x "));
}

/// Values that hooks set, or people have to, do not make a good chart fail.
#[test]
fn what_others_set_is_made_up() {
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ Values.web.host }}}\n\
                    data: {ca: {{ Values.web.internal.ca | quote }}}\n";
    let modules = Modules::of(&[
        ("010-web/values.yaml", "webEnabled: true\n"),
        ("010-web/templates/a.yaml.j2", template),
        (
            "010-web/openapi/config-values.yaml",
            "type: object\nrequired: [host]\nproperties:\n  host: {type: string}\n",
        ),
        (
            "010-web/openapi/values.yaml",
            "type: object\nx-extend: {schema: config-values.yaml}\nx-required-for-helm: [internal]\n\
             properties:\n  internal: {type: object, properties: {ca: {type: string}}}\n",
        ),
    ]);
    let (code, stdout, _) = author(&modules, &["module", "lint"]);
    assert_eq!(code, Some(0), "{stdout}");
    modules.write(
        "010-web/templates/a.yaml.j2",
        &template.replace(".ca ", ".cert "),
    );
    let (code, stdout, _) = author(&modules, &["module", "lint"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains("Values.web.internal.cert is undefined"),
        "{stdout}"
    );
}

/// The modules here are as good as they tell others to be.
#[test]
fn modules_of_this_repository_are_clean() {
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let typed = ["module", "lint", "--strict"];
    let (code, stdout, stderr) = told(run(&typed, &[("PATH", &path)]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    assert!(stdout.ends_with("0 errors, 0 warnings\n"), "{stdout}");
}
