//! Hooks that behave well, and badly in all the ways they do.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::binding::{Lifecycle, Place, parse_config};
use crate::process::{self, Processes};
use crate::report::chain;

/// A module folder `010-web` with a hook, and the way to run it.
struct Bench {
    folder: TempDir,
    processes: Processes,
    limit: Option<Duration>,
    proxy_json: bool,
    secrets: Secrets,
}

impl Bench {
    fn new(script: &str) -> Self {
        let bench = Self::empty();
        bench.write(
            "010-web/hooks/a.sh",
            &format!("#!/bin/bash\n{script}\n"),
            0o755,
        );
        bench
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let processes = Processes::new(process::Settings {
            temporary: folder.path().join("tmp"),
            keep_files: false,
            guard: None,
        });
        Self {
            folder,
            processes,
            limit: Some(Duration::from_mins(1)),
            proxy_json: false,
            secrets: Secrets::of(&[&json!("hunter22")]),
        }
    }

    fn write(&self, path: &str, content: &str, mode: u32) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap()
    }

    fn hook(&self) -> HookFile {
        let found = discover(Place::Module, &self.folder.path().join("010-web/hooks"));
        assert_eq!(found.warnings, []);
        found.hooks.into_iter().next().unwrap()
    }

    async fn config(&self) -> Result<HookConfig, Error> {
        let limit = self.limit.unwrap();
        read_config(&self.processes, &self.hook(), Place::Module, limit).await
    }

    async fn run(&self) -> Result<Output, Error> {
        let config = "{configVersion: v1, onStartup: 1}";
        let hook = Hook {
            file: self.hook(),
            config: Arc::new(parse_config("", config, Place::Module).unwrap()),
        };
        let module = ModuleName::parse("web").unwrap();
        let output = run(
            &self.processes,
            Call {
                hook: &hook,
                module: Some(&module),
                scope: &module.key(),
                secrets: &self.secrets,
                metric_group: None,
                limit: self.limit,
                log: Labels {
                    binding: "onStartup",
                    queue: "main",
                    task: 7,
                },
                proxy_json: self.proxy_json,
            },
            Given {
                contexts: r#"[{"binding":"onStartup"}]"#.to_owned(),
                values: r#"{"global":{},"web":{"password":"hunter2"}}"#.to_owned(),
                config_values: r#"{"global":{}}"#.to_owned(),
            },
        )
        .await;
        let left = fs::read_dir(self.folder.path().join("tmp"))
            .into_iter()
            .flatten();
        for home in left {
            let files = fs::read_dir(home.unwrap().path()).unwrap();
            let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
            assert_eq!(names, ["lock"]);
        }
        output
    }

    fn told(&self, error: &Error) -> String {
        let folder = format!("{}/", self.folder.path().display());
        chain(error).replace(&folder, "")
    }

    async fn run_fails(&self) -> String {
        self.told(&self.run().await.unwrap_err())
    }

    async fn config_fails(&self) -> String {
        self.told(&self.config().await.unwrap_err())
    }
}

/// A module `m` with hooks, with what is none, and with links.
fn bench_with_all_kinds_of_files() -> Bench {
    let bench = Bench::empty();
    for (path, mode) in [
        ("m/hooks/b.sh", 0o755),
        ("m/hooks/a/deep/x.py", 0o700),
        ("m/hooks/a/venv/x.py", 0o755),
        ("m/hooks/venv/bin/other", 0o755),
        ("m/hooks/lib/shared.sh", 0o755),
        ("m/hooks/a/lib/shared.sh", 0o755),
        ("m/hooks/.git/x", 0o755),
        ("m/hooks/.hidden", 0o755),
        ("m/hooks/README.md", 0o755),
        ("m/hooks/x.yaml", 0o755),
        ("m/hooks/x.json", 0o755),
        ("m/hooks/x.txt", 0o755),
        ("m/hooks/notes.md", 0o644),
        ("m/hooks/plain", 0o644),
        ("m/hooks/binary", 0o001),
        ("real/target.sh", 0o755),
        ("real/not.sh", 0o644),
    ] {
        bench.write(path, "#!/bin/sh\n", mode);
    }
    let link = |to: &str, name: &str| {
        let link = bench.folder.path().join("m/hooks").join(name);
        std::os::unix::fs::symlink(to, link).unwrap();
    };
    link("../../real/target.sh", "linked.sh");
    link("../../real/not.sh", "linked-not.sh");
    link("../../real", "linked-folder");
    link("nowhere", "dangling.sh");
    bench
}

#[test]
fn hooks_are_found_by_the_rules_of_the_original() {
    let bench = bench_with_all_kinds_of_files();
    let hooks = bench.folder.path().join("m/hooks");
    let found = |place| {
        let found = discover(place, &hooks);
        let names = found.hooks.into_iter().map(|hook| hook.name);
        let mut warnings: Vec<_> = found.warnings.iter().map(ToString::to_string).collect();
        warnings.sort();
        (names.collect::<Vec<_>>(), warnings)
    };
    let (names, warnings) = found(Place::Module);
    assert_eq!(
        names,
        [
            "hooks/a/deep/x.py",
            "hooks/b.sh",
            "hooks/binary",
            "hooks/linked.sh"
        ]
    );
    let hint = "is not executable, so it is no hook \
                (make it executable by chmod +x; what hooks share belongs into lib/)";
    assert_eq!(
        warnings,
        [
            "m/hooks/dangling.sh: cannot be read: No such file or directory (os error 2)"
                .to_owned(),
            format!("m/hooks/linked-not.sh: {hint}"),
            format!("m/hooks/plain: {hint}"),
        ]
    );
    let (names, _) = found(Place::Global);
    assert!(names.contains(&"hooks/a/venv/x.py".to_owned()), "{names:?}");
    assert_eq!(
        discover(Place::Module, Path::new("/no/such/folder")),
        Discovered::default()
    );
}

#[test]
fn declared_hooks_are_found_beside_programs() {
    let bench = Bench::empty();
    for (path, mode) in [
        ("m/hooks/a.hook.yaml", 0o644),
        ("m/hooks/deep/b.hook.yaml", 0o755),
        ("m/hooks/c.yaml", 0o644),
        ("m/hooks/d.hook.yml", 0o644),
        ("m/hooks/.e.hook.yaml", 0o644),
        ("m/hooks/lib/f.hook.yaml", 0o644),
        ("m/hooks/hook.yaml", 0o644),
        ("m/hooks/program", 0o755),
    ] {
        bench.write(path, "configVersion: v1", mode);
    }
    let found = discover(Place::Module, &bench.folder.path().join("m/hooks"));
    let hooks = found.hooks.iter();
    let hooks: Vec<_> = hooks
        .map(|hook| (hook.name.as_str(), hook.is_declaration()))
        .collect();
    assert_eq!(
        hooks,
        [
            ("hooks/a.hook.yaml", true),
            ("hooks/deep/b.hook.yaml", true),
            ("hooks/program", false),
        ]
    );
    let warnings: Vec<_> = found.warnings.iter().map(ToString::to_string).collect();
    let hint = "is not executable, so it is no hook (declared hooks end in .hook.yaml)";
    assert_eq!(warnings, [format!("m/hooks/d.hook.yml: {hint}")]);
}

#[test]
fn names_do_not_hang_on_where_the_operator_is_installed() {
    for (place, folder, file, name, shown) in [
        (
            Place::Module,
            "hooks/010-web/hooks",
            "x.sh",
            "hooks/x.sh",
            "010-web/hooks/x.sh",
        ),
        (
            Place::Global,
            "global-hooks",
            "hooks/a/x.sh",
            "hooks/a/x.sh",
            "global-hooks/hooks/a/x.sh",
        ),
        (
            Place::Global,
            "global-hooks",
            "x.sh",
            "x.sh",
            "global-hooks/x.sh",
        ),
        (
            Place::Global,
            "opt/hooks",
            "x.sh",
            "hooks/x.sh",
            "opt/hooks/x.sh",
        ),
    ] {
        let bench = Bench::empty();
        bench.write(&format!("{folder}/{file}"), "", 0o755);
        let found = discover(place, &bench.folder.path().join(folder));
        let hook = &found.hooks[0];
        assert_eq!((hook.name.as_str(), hook.shown.as_str()), (name, shown));
    }
}

#[test]
fn digest_follows_the_file() {
    let bench = Bench::new("one");
    let first = bench.hook().digest;
    assert_eq!(bench.hook().digest, first);
    bench.write("010-web/hooks/a.sh", "two", 0o755);
    assert_ne!(bench.hook().digest, first);
}

#[tokio::test]
async fn config_is_asked_with_the_single_argument() {
    let bench = Bench::new(
        r#"[[ "$*" == --config && -z $BINDING_CONTEXT_PATH ]] || exit 1
        echo a warning >&2
        printf 'configVersion: v1\nonStartup: 7'"#,
    );
    let config = bench.config().await.unwrap();
    assert_eq!(config.lifecycle.get(&Lifecycle::OnStartup), Some(&7.0));
    // A configuration may be one long line.
    let long = "x".repeat(100_000);
    let long = format!(
        r#"echo '{{"configVersion":"v1","schedule":[{{"name":"{long}","crontab":"* * * * *"}}]}}'"#
    );
    let config = Bench::new(&long).config().await.unwrap();
    assert_eq!(config.schedules[0].name.len(), 100_000);
}

#[tokio::test]
async fn bad_configs_name_the_hook_its_last_words_and_what_to_do() {
    let told = Bench::new("echo no python >&2; exit 1")
        .config_fails()
        .await;
    assert_eq!(
        told,
        "hook 010-web/hooks/a.sh ended with exit code 1 when asked for its bindings by --config: \
         no python; it must print them as YAML or JSON, do nothing else, and exit 0"
    );
    for garbage in [
        "echo 'Usage: a.sh'",
        "echo '{'",
        "printf '\\xff\\xfe'",
        "exit 0",
    ] {
        let told = Bench::new(garbage).config_fails().await;
        assert!(
            told.starts_with(
                "reading the configuration of hook 010-web/hooks/a.sh: 010-web/hooks/a.sh --config"
            ),
            "{garbage}: {told}"
        );
    }
    let told = Bench::new("yes | head -c 100000000").config_fails().await;
    assert!(told.contains("printed more than 4194304 bytes"), "{told}");
    let mut hanging = Bench::new("echo waiting for input >&2; exec sleep 600");
    hanging.limit = Some(Duration::from_millis(300));
    assert_eq!(
        hanging.config_fails().await,
        "hook 010-web/hooks/a.sh did not end within 300ms when asked for its bindings by --config, \
         and was killed: waiting for input; it must print them at once, do nothing else, and exit 0"
    );
    let unstartable = Bench::empty();
    unstartable.write("010-web/hooks/a.sh", "#!/no/such/shell\n", 0o755);
    let told = unstartable.config_fails().await;
    assert_eq!(
        told,
        "running hook 010-web/hooks/a.sh: starting 010-web/hooks/a.sh \
         (is the interpreter of its first line installed?): No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn batch_hooks_are_told_as_what_they_are() {
    let script = r#"echo "$*" >> asked
        case $1 in --config) echo '{"level":"error","error":"unknown flag: --config"}'; exit 1;; esac"#;
    let bench = Bench::empty();
    bench.write(
        "010-web/hooks/batch",
        &format!("#!/bin/bash\ncd $(dirname $0)\n{script}\n"),
        0o755,
    );
    let told = bench.config_fails().await;
    assert_eq!(
        told,
        "hook 010-web/hooks/batch does not know --config: it seems to be a binary with several \
         hooks, as the module SDK makes them, which cannot be run here; each hook must be an \
         executable of its own"
    );
    assert_eq!(
        bench.read("010-web/hooks/asked"),
        "--config\n",
        "nothing else is asked"
    );
}

#[tokio::test]
async fn patches_of_a_status_survive_a_failed_hook() {
    let survivors = async |file: &str, code: &str| -> Vec<String> {
        let script = format!("cat > $KUBERNETES_PATCH_PATH <<'END'\n{file}\nEND\nexit {code}");
        let error = Bench::new(&script).run().await.unwrap_err();
        let survivors = error.survivors().iter();
        survivors.map(ToString::to_string).collect()
    };
    let patch = |name: &str, more: &str| {
        format!(
            "---\n{{operation: MergePatch, kind: Node, name: {name}, mergePatch: {{a: 1}}{more}}}\n"
        )
    };
    let file = [
        patch("a", ", subresource: status, ignoreHookError: true"),
        patch("b", ", subresource: status"),
        patch("c", ", ignoreHookError: true"),
        "---\n{operation: Delete, kind: Node, name: d, ignoreHookError: true}\n".to_owned(),
        patch("e", ", subresource: /status, ignoreHookError: true"),
    ];
    assert_eq!(
        survivors(&file.concat(), "1").await,
        ["MergePatch Node a", "MergePatch Node e"]
    );
    let half = file[0].clone() + "---\noperation: Merg";
    assert_eq!(survivors(&half, "1").await, [""; 0], "half a file");
    assert_eq!(survivors("", "3").await, [""; 0]);
}

#[tokio::test]
async fn hook_is_given_what_the_contract_says() {
    let bench = Bench::new(
        r"cd $(dirname $0)
        cp $BINDING_CONTEXT_PATH contexts; cp $VALUES_PATH values; cp $CONFIG_VALUES_PATH config
        readlink /proc/$$/cwd > ../cwd; echo $# > arguments
        dirname $VALUES_PATH > private; cd $(cat private); stat -c '%a %s %n' $PWD * > $OLDPWD/files
        for file in $CONFIG_VALUES_JSON_PATCH_PATH $VALUES_JSON_PATCH_PATH $METRICS_PATH $KUBERNETES_PATCH_PATH; do
            basename $file
        done > $OLDPWD/answers",
    );
    bench.run().await.unwrap();
    let read = |name: &str| bench.read(&format!("010-web/hooks/{name}"));
    assert_eq!(read("contexts"), r#"[{"binding":"onStartup"}]"#);
    assert_eq!(
        read("values"),
        r#"{"global":{},"web":{"password":"hunter2"}}"#
    );
    assert_eq!(read("config"), r#"{"global":{}}"#);
    assert_eq!(read("arguments"), "0\n");
    let files = read("files");
    let (first, rest) = files.split_once('\n').unwrap();
    assert!(first.starts_with("700 "), "{files}");
    assert_eq!(
        rest,
        "600 0 hooks-a-sh-object-patch\n\
         600 0 hooks-a-sh.module-hook-config-values.json-patch\n\
         600 0 hooks-a-sh.module-hook-metrics.json\n\
         600 0 hooks-a-sh.module-hook-values.json-patch\n\
         600 13 web.module-config-values.json\n\
         600 25 web.module-hook-hooks-a-sh-binding-context.json\n\
         600 42 web.module-values.json\n"
    );
    assert_eq!(
        read("answers"),
        "hooks-a-sh.module-hook-config-values.json-patch\n\
         hooks-a-sh.module-hook-values.json-patch\n\
         hooks-a-sh.module-hook-metrics.json\n\
         hooks-a-sh-object-patch\n"
    );
}

#[tokio::test]
async fn working_directory_is_the_operators() {
    let bench = Bench::new("readlink /proc/$$/cwd > $(dirname $0)/cwd");
    bench.run().await.unwrap();
    let ours = fs::canonicalize(".").unwrap();
    assert_eq!(Path::new(bench.read("010-web/hooks/cwd").trim()), ours);
}

#[tokio::test]
async fn python_hooks_run_in_their_own_environment() {
    let bench = Bench::empty();
    let python = "#!/bin/bash\necho $PYTHONHOME $* > $(dirname $1)/../ran\n\
                  [[ $2 == --config ]] && echo '{configVersion: v1, onStartup: 1}'\nexit 0\n";
    bench.write("010-web/hooks/venv/bin/python3", python, 0o755);
    bench.write("010-web/hooks/x.py", "", 0o755);
    let hooks = bench.folder.path().join("010-web/hooks");
    let expected = format!("{0}/venv {0}/x.py", hooks.display());
    bench.config().await.unwrap();
    assert_eq!(bench.read("010-web/ran"), format!("{expected} --config\n"));
    bench.run().await.unwrap();
    assert_eq!(bench.read("010-web/ran"), format!("{expected}\n"));
}

#[tokio::test]
async fn all_that_a_hook_asks_for_is_read() {
    let bench = Bench::new(
        r#"echo '{"op": "add", "path": "/web/internal/x", "value": 1}' > $VALUES_JSON_PATCH_PATH
        echo '[{"op": "add", "path": "/web/size", "value": 2}]' > $CONFIG_VALUES_JSON_PATCH_PATH
        echo '{"name": "seen", "add": 1}' > $METRICS_PATH
        printf 'operation: Delete\nkind: ConfigMap\nname: old\nnamespace: x\n' > $KUBERNETES_PATCH_PATH"#,
    );
    let output = bench.run().await.unwrap();
    assert_ne!(output.values, HookPatch::default());
    assert_ne!(output.config_values, HookPatch::default());
    assert_ne!(output.values, output.config_values);
    assert_eq!(output.objects.len(), 1);
    let metrics = format!("{:?}", output.metrics.operations);
    assert!(
        metrics.contains(r#""hook": "hooks/a.sh", "module": "web""#),
        "{metrics}"
    );
    assert!(output.took > Duration::ZERO && output.usage.max_rss_bytes > 0);
    let nothing = Bench::new("rm $VALUES_JSON_PATCH_PATH")
        .run()
        .await
        .unwrap();
    assert_eq!(nothing.values, HookPatch::default());
}

#[tokio::test]
async fn mistakes_of_all_files_are_told_at_once() {
    let bench = Bench::new(
        r#"echo '{"op": "replace", "path": "/web/x"} {"op": "add", "path": "/other/x", "value": 1}' > $VALUES_JSON_PATCH_PATH
        printf '\xff' > $CONFIG_VALUES_JSON_PATCH_PATH
        rm $METRICS_PATH; mkfifo $METRICS_PATH
        echo 'operation: Explode' > $KUBERNETES_PATCH_PATH"#,
    );
    let told = bench.run_fails().await;
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("reading what hook 010-web/hooks/a.sh asked for: "),
        "{told}"
    );
    for expected in [
        "VALUES_JSON_PATCH_PATH",
        "/web/x",
        "/other/x",
        "CONFIG_VALUES_JSON_PATCH_PATH: is not UTF-8 from byte 0 on",
        "METRICS_PATH: it is not a plain file any more",
        "KUBERNETES_PATCH_PATH",
        "Explode",
    ] {
        assert!(told.contains(expected), "{expected} in {told}");
    }
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn answer_of_a_hook_is_limited() {
    let bench = Bench::new("truncate -s 65M $KUBERNETES_PATCH_PATH");
    assert_eq!(
        bench.run_fails().await,
        "reading what hook 010-web/hooks/a.sh asked for: KUBERNETES_PATCH_PATH: \
         it is larger than 67108864 bytes, the most that is read"
    );
}

#[tokio::test]
async fn answer_that_became_a_link_is_not_followed() {
    let bench = Bench::new("ln -sf $VALUES_PATH $VALUES_JSON_PATCH_PATH");
    let told = bench.run_fails().await;
    assert!(
        told.ends_with("VALUES_JSON_PATCH_PATH: it is not a plain file any more"),
        "{told}"
    );
}

#[tokio::test]
async fn nothing_is_read_of_a_hook_that_failed() {
    let bench = Bench::new(
        "echo garbage > $VALUES_JSON_PATCH_PATH; echo first >&2; echo no route >&2; exit 1",
    );
    assert_eq!(
        bench.run_fails().await,
        "hook 010-web/hooks/a.sh ended with exit code 1: first\nno route"
    );
    let told = Bench::new("kill -SEGV $$").run_fails().await;
    assert_eq!(told, "hook 010-web/hooks/a.sh was ended by signal 11");
    let mut hanging = Bench::new("trap '' TERM; echo stuck >&2; while :; do sleep 600; done");
    hanging.limit = Some(Duration::from_millis(200));
    assert_eq!(
        hanging.run_fails().await,
        "running hook 010-web/hooks/a.sh: 010-web/hooks/a.sh did not end within 200ms and was \
         killed: stuck"
    );
}

#[tokio::test]
async fn hook_that_misses_the_shell_framework_says_where_it_comes_from() {
    let told = Bench::new("set -e; source /no/such/shell_lib.sh")
        .run_fails()
        .await;
    assert!(
        told.ends_with("; `addon-operator shell-framework --into DIR` writes it, with `--into /` for /shell_lib.sh"),
        "{told}"
    );
}

#[tokio::test]
async fn last_words_of_a_hook_keep_its_secrets() {
    let told = Bench::new("echo login with hunter22 >&2; exit 1")
        .run_fails()
        .await;
    assert_eq!(
        told,
        "hook 010-web/hooks/a.sh ended with exit code 1: login with [secret]"
    );
    // Of a long line the end is told, which begins in the midst of the secret.
    let long = "printf 'hunter22%s\\n' \"$(head -c 1019 /dev/zero | tr '\\0' x)\" >&2; exit 1";
    let told = Bench::new(long).run_fails().await;
    assert!(told.contains("exit code 1: [secret]xxx"), "{told}");
    let mut hanging = Bench::new("echo hunter22 >&2; exec sleep 600");
    hanging.limit = Some(Duration::from_millis(300));
    let told = hanging.run_fails().await;
    assert!(told.ends_with("killed: [secret]"), "{told}");
}

#[tokio::test]
async fn loud_hooks_are_harmless() {
    let bench =
        Bench::new("head -c 100000000 /dev/urandom; printf '{\"a\":\\n%.0s' {1..2000}; exit 0");
    bench.run().await.unwrap();
}

/// What a hook said, as the records that became of it.
mod records {
    use std::fmt::Debug;
    use std::sync::Mutex;

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    #[derive(Default)]
    struct Seen(Mutex<Vec<Value>>);

    impl Subscriber for Seen {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "hook"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut fields = Fields(json!({"level": event.metadata().level().as_str()}));
            event.record(&mut fields);
            self.0.lock().unwrap().push(fields.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    struct Fields(Value);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0[field.name()] = format!("{value:?}").into();
        }
        fn record_str(&mut self, field: &Field, value: &str) {
            self.0[field.name()] = value.into();
        }
        fn record_u64(&mut self, field: &Field, value: u64) {
            self.0[field.name()] = value.into();
        }
        fn record_bool(&mut self, field: &Field, value: bool) {
            self.0[field.name()] = value.into();
        }
    }

    fn said(script: &str, proxy_json: bool) -> Vec<Value> {
        let seen = Arc::new(Seen::default());
        tracing::subscriber::with_default(seen.clone(), || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let mut bench = Bench::new(script);
            bench.proxy_json = proxy_json;
            runtime.unwrap().block_on(bench.run()).unwrap();
        });
        std::mem::take(&mut *seen.0.lock().unwrap())
    }

    fn messages(script: &str) -> Vec<String> {
        let records = said(script, false).into_iter();
        records
            .map(|record| record["message"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn lines_carry_their_labels() {
        assert_eq!(
            said("echo plain; exec 1>&-; sleep 0.2; echo bad >&2", false),
            [
                json!({"level": "INFO", "message": "plain", "hook": "hooks/a.sh", "module": "web",
                       "binding": "onStartup", "queue": "main", "task": 7, "output": "stdout"}),
                json!({"level": "INFO", "message": "bad", "hook": "hooks/a.sh", "module": "web",
                       "binding": "onStartup", "queue": "main", "task": 7, "output": "stderr"}),
            ]
        );
    }

    #[test]
    fn objects_are_records_with_their_own_level() {
        let records = said(
            r#"echo '{"level":"warning","msg":"low disk","time":"now","node":{"name":"a"}}'; echo '{"x":1}'"#,
            false,
        );
        assert_eq!(
            (&records[0]["level"], &records[0]["message"]),
            (&json!("WARN"), &json!("low disk"))
        );
        assert_eq!(records[0]["hook_fields"], r#"{"node":{"name":"a"}}"#);
        assert_eq!(records[0]["proxyJsonLog"], true);
        assert_eq!(
            (&records[1]["level"], &records[1]["message"]),
            (&json!("INFO"), &json!("hook result"))
        );
    }

    #[test]
    fn objects_may_have_several_lines() {
        assert_eq!(
            messages(r#"printf '{\n"msg": "one",\n"in": {\n}\n}\nplain\n{"msg":"two"}\n'"#),
            ["one", "plain", "two"]
        );
    }

    #[test]
    fn what_begins_like_an_object_is_told_as_it_is() {
        assert_eq!(
            messages(
                r#"printf '{ a shell block\n{"msg":"one"}\n{"open":\n{"never":"closed"\n[1\n'"#
            ),
            [
                "{ a shell block",
                "one",
                "{\"open\":",
                "{\"never\":\"closed\"",
                "[1"
            ]
        );
    }

    #[test]
    fn proxied_objects_are_passed_on_whole() {
        let records = said(
            r#"echo '{"level":"warn","msg":"x","n":1}'; echo plain"#,
            true,
        );
        assert_eq!(
            records[0]["hook_record"],
            r#"{"level":"warn","msg":"x","n":1}"#
        );
        assert_eq!(records[1]["message"], "plain");
    }

    #[test]
    fn long_texts_are_cut() {
        let messages = messages("head -c 20000 /dev/zero | tr '\\0' x; echo; echo next");
        let told = "x".repeat(10_000) + "… (10000 of 20000 characters)";
        assert_eq!(messages, [told.as_str(), "next"]);
    }

    #[test]
    fn a_line_may_hold_several_objects() {
        assert_eq!(
            messages(r#"printf '{"msg":"one"}{"msg":"two"} {"msg":\n"three"}\n{"msg":"x"} y\n'"#),
            ["one", "two", "three", r#"{"msg":"x"} y"#]
        );
    }

    #[test]
    fn objects_survive_the_borders_of_writes() {
        assert_eq!(
            messages(
                r#"printf '{"msg":'; sleep 0.1; printf '"one"}\n{"m'; sleep 0.1; printf 'sg":"two"}'"#
            ),
            ["one", "two"]
        );
    }

    #[test]
    fn what_is_not_utf_8_is_replaced() {
        assert_eq!(
            messages(r#"printf 'a\xffb\n{"msg":"\xff"}\n'"#),
            ["a\u{fffd}b", "\u{fffd}"]
        );
    }

    #[test]
    fn secrets_are_masked_in_all_that_a_hook_says() {
        let records = said(
            r#"echo "password: hunter22"
            echo '{"level":"warn","msg":"got hunter22","in":{"hunter22":["x","aHVudGVyMjI="]}}'
            printf '{"msg":"over\\u0020lines",\n"key":"\\u0068unter22"}\n'
            printf '%s%s\n' "$(head -c 65531 /dev/zero | tr '\0' x)" hunter22"#,
            false,
        );
        let field = |index: usize, name: &str| records[index][name].as_str().unwrap();
        assert_eq!(field(0, "message"), "password: [secret]");
        assert_eq!(field(1, "message"), "got [secret]");
        assert_eq!(
            field(1, "hook_fields"),
            r#"{"in":{"[secret]":["x","[secret]I="]}}"#
        );
        assert_eq!(field(2, "hook_fields"), r#"{"key":"[secret]"}"#);
        assert!(!format!("{records:?}").contains("hunt"), "{:?}", records[3]);
        let records = said(r#"echo '{"level":"warn","msg":"hunter22"}'"#, true);
        assert_eq!(
            records[0]["hook_record"],
            r#"{"level":"warn","msg":"[secret]"}"#
        );
    }

    #[test]
    fn fields_of_a_hook_have_no_end_of_depth() {
        // A record that nests too deep for a reader is a line.
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(messages(&format!("echo '{deep}'")), [deep]);
    }

    #[test]
    fn values_are_not_logged() {
        let records = said("true", false);
        assert_eq!(records, Vec::<Value>::new());
    }
}

/// A folder of hooks as a shell-operator has it, with one hook that tells where it is and what it has.
fn standalone_bench() -> (Bench, HookFile) {
    let bench = Bench::empty();
    let script = r#"#!/bin/bash
if [ "$1" = --config ]; then
  printf 'configVersion: v1\nonStartup: 1\n'; pwd > asked; exit 0
fi
pwd > where
for name in $(compgen -e | grep '_PATH$' | grep -v '^PATH$' | sort); do
  file=$(basename "${!name}")
  if [[ $file == *watch-pods-sh* ]]; then echo "$name $file" >> given; fi
done
"#;
    bench.write("hooks/pods/watch_pods.sh", script, 0o755);
    bench.write("hooks/hooks/x.sh", "#!/bin/sh\n", 0o755);
    let found = discover(Place::Standalone, &bench.folder.path().join("hooks"));
    let names: Vec<(&str, &str)> = found
        .hooks
        .iter()
        .map(|hook| (hook.name.as_str(), hook.shown.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("hooks/x.sh", "hooks/x.sh"),
            ("pods/watch_pods.sh", "pods/watch_pods.sh"),
        ]
    );
    let hook = found.hooks.into_iter().nth(1).unwrap();
    (bench, hook)
}

#[tokio::test]
async fn hook_of_a_shell_operator_has_its_folder_and_its_files() {
    let (bench, file) = standalone_bench();
    let limit = Duration::from_mins(1);
    let config = read_config(&bench.processes, &file, Place::Standalone, limit).await;
    let hook = Hook {
        file,
        config: Arc::new(config.unwrap()),
    };
    let call = Call {
        hook: &hook,
        module: None,
        scope: &ValuesKey::global(),
        metric_group: None,
        limit: Some(limit),
        log: Labels {
            binding: "onStartup",
            queue: "main",
            task: 7,
        },
        proxy_json: false,
        secrets: &bench.secrets,
    };
    let given = Given {
        contexts: "[]".to_owned(),
        values: "{}".to_owned(),
        config_values: "{}".to_owned(),
    };
    run(&bench.processes, call, given).await.unwrap();
    let root = bench.folder.path().canonicalize().unwrap();
    let hooks = root.join("hooks").display().to_string();
    assert_eq!(bench.read("hooks/asked").trim(), hooks);
    assert_eq!(bench.read("hooks/pods/where").trim(), hooks + "/pods");
    assert_eq!(
        bench.read("hooks/pods/given"),
        "ADMISSION_RESPONSE_PATH hook-pods-watch-pods-sh-admission-response.json\n\
         BINDING_CONTEXT_PATH hook-pods-watch-pods-sh-binding-context.json\n\
         CONVERSION_RESPONSE_PATH hook-pods-watch-pods-sh-conversion-response.json\n\
         KUBERNETES_PATCH_PATH pods-watch-pods-sh-object-patch\n\
         METRICS_PATH hook-pods-watch-pods-sh-metrics.json\n\
         VALIDATING_RESPONSE_PATH hook-pods-watch-pods-sh-admission-response.json\n"
    );
}
