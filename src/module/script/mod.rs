//! Runs `enabled` scripts.
//!
//! A script gets files in a private folder that is gone afterwards, whatever happens.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::name::ModuleName;
use crate::process::{self, Folder, Hearing, Processes, Run, read_answer};
use crate::secret::Secrets;

use super::error::Error;

/// A longer answer is not read, in bytes.
const LONGEST_ANSWER: u64 = 64 << 10;

/// What a script is given to decide on. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ScriptInput {
    config_values: Arc<[u8]>,
    values: Arc<[u8]>,
}

impl ScriptInput {
    /// Of `{global: …, fooBar: …}` as people set them, the same with all layers, and the modules
    /// that are enabled so far, in module order: they become `global.enabledModules`.
    pub fn new(config_values: &Value, values: &Value, enabled: &[ModuleName]) -> Self {
        let mut root = values.as_object().cloned().unwrap_or_default();
        let global = root
            .entry("global")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(global) = global.as_object_mut() {
            let names = enabled.iter().map(|name| Value::from(name.as_str()));
            global.insert("enabledModules".to_owned(), names.collect());
        }
        Self {
            config_values: config_values.to_string().into_bytes().into(),
            values: Value::Object(root).to_string().into_bytes().into(),
        }
    }

    /// A sha256 of the input and of the module's folder: while it is the same, so is the answer.
    pub fn key(&self, folder_digest: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(folder_digest);
        for text in [&self.config_values, &self.values] {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }
}

impl std::fmt::Debug for ScriptInput {
    /// Values may hold secrets.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ScriptInput")
    }
}

/// One run of a script.
#[derive(Debug)]
pub struct ScriptRun<'a> {
    /// Whose script it is.
    pub module: &'a ModuleName,
    /// The script.
    pub script: &'a Path,
    /// What it is given.
    pub input: &'a ScriptInput,
    /// How long it may take.
    pub limit: Duration,
    /// The way to run it.
    pub processes: &'a Processes,
    /// What must not be logged of what it says.
    pub secrets: &'a Secrets,
}

/// A script's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptVerdict {
    /// Whether the module is enabled.
    pub enabled: bool,
    /// Why it is not, in the script's words; empty when it gave none.
    pub reason: String,
}

/// Runs a script and reads its answer. Its output is logged line by line.
///
/// Dropping the future ends the script and removes its files.
pub async fn run_script(run: ScriptRun<'_>) -> Result<ScriptVerdict, Error> {
    let files = Files::prepare(&run).await?;
    let module = run.module;
    let mut log = |stream: process::Stream, line: &str| {
        let (output, line) = (stream.name(), run.secrets.mask(line));
        tracing::info!(target: "module", module = %module, output, "{line}");
    };
    let ran = run.processes.run(Run {
        program: run.script,
        arguments: &[],
        directory: None,
        variables: files.variables(),
        limit: Some(run.limit),
        hearing: Hearing::default(),
        hear: &mut log,
    });
    let ended = ran.await.map_err(|source| failed(&run, source))?;
    if !ended.status.success() {
        return Err(Error::ScriptFailed {
            script: run.script.to_owned(),
            ending: ended.ending(),
            said: run.secrets.mask_piece(&ended.last_words).into_owned(),
        });
    }
    files.answer(run.script)
}

fn failed(run: &ScriptRun<'_>, source: process::Error) -> Error {
    let script = run.script.to_owned();
    match source {
        process::Error::TimedOut { limit, .. } => Error::ScriptTimedOut { script, limit },
        source => Error::RunScript { script, source },
    }
}

/// The private folder of one run.
struct Files {
    folder: Folder,
    module: ModuleName,
}

impl Files {
    /// Written aside: a disk may be slow. When the caller is dropped meanwhile, so is the folder.
    async fn prepare(run: &ScriptRun<'_>) -> Result<Self, Error> {
        let processes = run.processes.clone();
        let module = run.module.clone();
        let input = run.input.clone();
        let written = tokio::task::spawn_blocking(move || {
            let folder = processes.folder(&format!("{module}.enabled"))?;
            let files = Self { folder, module };
            files.write("module-config-values.json", &input.config_values)?;
            files.write("module-values.json", &input.values)?;
            files.write("module-enabled-result", b"")?;
            files.write("module-enabled-reason", b"")?;
            Ok(files)
        });
        let script = || run.script.to_owned();
        let written = written.await.map_err(|error| Error::ReadAnswer {
            script: script(),
            source: io::Error::other(error),
        })?;
        written.map_err(|source| Error::PrepareScript {
            script: script(),
            source,
        })
    }

    fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.module)
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.file(&self.name(what))
    }

    fn write(&self, what: &str, content: &[u8]) -> Result<PathBuf, process::Error> {
        self.folder.write(&self.name(what), content)
    }

    /// What the script's environment has beside ours.
    fn variables(&self) -> BTreeMap<String, OsString> {
        [
            ("CONFIG_VALUES_PATH", "module-config-values.json"),
            ("VALUES_PATH", "module-values.json"),
            ("MODULE_ENABLED_RESULT", "module-enabled-result"),
            ("MODULE_ENABLED_REASON", "module-enabled-reason"),
        ]
        .map(|(name, what)| (name.to_owned(), self.path(what).into_os_string()))
        .into()
    }

    fn answer(&self, script: &Path) -> Result<ScriptVerdict, Error> {
        let read = |what| {
            let answer = read_answer(&self.path(what), LONGEST_ANSWER);
            let bytes = answer.map_err(|source| Error::ReadAnswer {
                script: script.to_owned(),
                source,
            })?;
            Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
        };
        match read("module-enabled-result")?.as_str() {
            "true" => Ok(ScriptVerdict {
                enabled: true,
                reason: String::new(),
            }),
            "false" => Ok(ScriptVerdict {
                enabled: false,
                // The decision does not hang on its reason.
                reason: read("module-enabled-reason").unwrap_or_default(),
            }),
            wrote => Err(Error::BadAnswer {
                script: script.to_owned(),
                wrote: wrote.chars().take(100).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::pin::pin;
    use std::time::Instant;

    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    /// A folder with a script, a folder for temporary files, and what is given.
    struct Bench {
        folder: TempDir,
        input: ScriptInput,
        module: ModuleName,
        limit: Duration,
    }

    impl Bench {
        fn new(script: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("enabled");
            fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
            fs::create_dir(folder.path().join("tmp")).unwrap();
            let module = ModuleName::parse("foo-bar").unwrap();
            let config = json!({"global": {"a": 1}, "fooBar": {"b": 2}});
            let values = json!({"global": {"a": 1, "c": 3}, "fooBar": {"b": 2, "d": 4}});
            let enabled = ["first", "second"].map(|name| ModuleName::parse(name).unwrap());
            Self {
                input: ScriptInput::new(&config, &values, &enabled),
                folder,
                module,
                limit: Duration::from_secs(30),
            }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        async fn run(&self) -> Result<ScriptVerdict, Error> {
            let processes = Processes::new(process::Settings {
                temporary: self.path("tmp"),
                keep_files: false,
                guard: None,
            });
            run_script(ScriptRun {
                module: &self.module,
                script: &self.path("enabled"),
                input: &self.input,
                limit: self.limit,
                processes: &processes,
                secrets: &Secrets::of(&[&json!("hunter22")]),
            })
            .await
        }

        /// The error's text, with the script's folder left out.
        async fn fails(&self) -> String {
            let error = self.run().await.unwrap_err();
            let folder = self.folder.path().display().to_string();
            crate::report::chain(&error).replace(&folder, "modules/foo-bar")
        }

        fn leftovers(&self) -> usize {
            fs::read_dir(self.path("tmp")).unwrap().count()
        }

        /// Waits until the process whose id the script wrote down is no more.
        async fn is_dead(&self, file: &str) -> bool {
            let deadline = Instant::now() + Duration::from_secs(10);
            while Instant::now() < deadline {
                let id = fs::read_to_string(self.path(file)).unwrap_or_default();
                if let Ok(id) = id.trim().parse::<u32>() {
                    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
                    let state = stat
                        .rsplit(") ")
                        .next()
                        .and_then(|rest| rest.chars().next());
                    if matches!(state, None | Some('Z')) {
                        return true;
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            false
        }
    }

    #[tokio::test]
    async fn answers_are_read() {
        for (script, enabled, reason) in [
            ("echo true > $MODULE_ENABLED_RESULT", true, ""),
            (
                "printf ' true\\n\\n' > $MODULE_ENABLED_RESULT; echo x > $MODULE_ENABLED_REASON",
                true,
                "",
            ),
            ("echo false > $MODULE_ENABLED_RESULT", false, ""),
            (
                "echo no GPU >$MODULE_ENABLED_REASON; echo -n false >$MODULE_ENABLED_RESULT",
                false,
                "no GPU",
            ),
            (
                "rm $MODULE_ENABLED_REASON; echo false > $MODULE_ENABLED_RESULT",
                false,
                "",
            ),
        ] {
            let bench = Bench::new(script);
            let verdict = bench.run().await.unwrap();
            assert_eq!(
                (verdict.enabled, verdict.reason.as_str()),
                (enabled, reason),
                "{script}"
            );
            assert_eq!(bench.leftovers(), 0, "{script}");
        }
    }

    #[tokio::test]
    async fn script_is_given_what_the_contract_says() {
        let bench = Bench::new(
            "cd $(dirname $0)
             cp $CONFIG_VALUES_PATH config.json; cp $VALUES_PATH values.json
             dirname $VALUES_PATH > private; stat -c %a $(cat private) $VALUES_PATH > modes
             (cd $(cat private); ls) > names; echo $# > arguments
             echo $PATH > path; echo true > $MODULE_ENABLED_RESULT",
        );
        bench.run().await.unwrap();
        let read = |name: &str| fs::read_to_string(bench.path(name)).unwrap();
        assert_eq!(
            read("config.json"),
            r#"{"fooBar":{"b":2},"global":{"a":1}}"#
        );
        assert_eq!(
            read("values.json"),
            r#"{"fooBar":{"b":2,"d":4},"global":{"a":1,"c":3,"enabledModules":["first","second"]}}"#
        );
        assert_eq!(read("modes"), "700\n600\n");
        assert_eq!(
            read("names"),
            "foo-bar.module-config-values.json\nfoo-bar.module-enabled-reason\n\
             foo-bar.module-enabled-result\nfoo-bar.module-values.json\n"
        );
        assert_eq!(read("arguments"), "0\n");
        assert!(
            !read("path").trim().is_empty(),
            "our environment is handed on"
        );
    }

    #[tokio::test]
    async fn working_directory_is_ours() {
        let bench = Bench::new(
            "readlink /proc/$$/cwd > $(dirname $0)/cwd; echo true > $MODULE_ENABLED_RESULT",
        );
        bench.run().await.unwrap();
        let ours = fs::canonicalize(".").unwrap();
        let its = fs::read_to_string(bench.path("cwd")).unwrap();
        assert_eq!(Path::new(its.trim()), ours);
    }

    #[tokio::test]
    async fn bad_answers_name_the_script_and_what_it_wrote() {
        for (script, wrote) in [
            ("echo maybe > $MODULE_ENABLED_RESULT", r#""maybe""#),
            ("echo True > $MODULE_ENABLED_RESULT", r#""True""#),
            ("exit 0", r#""""#),
            ("printf '\\xff\\n' > $MODULE_ENABLED_RESULT", "\"\u{fffd}\""),
        ] {
            let bench = Bench::new(script);
            assert_eq!(
                bench.fails().await,
                format!(
                    "script modules/foo-bar/enabled wrote {wrote} to MODULE_ENABLED_RESULT, \
                     expected true or false"
                )
            );
            assert_eq!(bench.leftovers(), 0, "{script}");
        }
        let endless = Bench::new("head -c 100000000 /dev/zero > $MODULE_ENABLED_RESULT");
        assert!(endless.fails().await.len() < 1000);
    }

    #[tokio::test]
    async fn bad_ends_are_told_with_the_last_words() {
        for (script, told) in [
            ("exit 1", "ended with exit code 1"),
            (
                "echo no such node >&2; exit 3",
                "ended with exit code 3: no such node",
            ),
            ("kill -9 $$", "was ended by signal 9"),
            (
                "echo true > $MODULE_ENABLED_RESULT; exit 2",
                "ended with exit code 2",
            ),
        ] {
            let bench = Bench::new(script);
            assert_eq!(
                bench.fails().await,
                format!("script modules/foo-bar/enabled {told}")
            );
            assert_eq!(bench.leftovers(), 0, "{script}");
        }
    }

    #[tokio::test]
    async fn script_that_cannot_start_is_told() {
        let bench = Bench::new("");
        fs::write(bench.path("enabled"), "#!/no/such/interpreter\n").unwrap();
        let told = bench.fails().await;
        assert!(
            told.starts_with("running script modules/foo-bar/enabled: starting modules/foo-bar/enabled (is the interpreter"),
            "{told}"
        );
        fs::remove_dir(bench.path("tmp")).unwrap();
        fs::write(bench.path("tmp"), "").unwrap();
        let told = bench.fails().await;
        assert!(
            told.starts_with("preparing the files of script modules/foo-bar/enabled"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn answer_that_is_a_pipe_is_not_waited_for() {
        let bench = Bench::new("rm $MODULE_ENABLED_RESULT; mkfifo $MODULE_ENABLED_RESULT");
        let told = bench.fails().await;
        assert!(told.ends_with("it is not a plain file any more"), "{told}");
    }

    #[tokio::test]
    async fn hanging_script_is_killed_with_its_children() {
        let mut bench = Bench::new(
            "sleep 600 & echo $! > $(dirname $0)/child; echo $$ > $(dirname $0)/leader; wait",
        );
        bench.limit = Duration::from_millis(300);
        assert_eq!(
            bench.fails().await,
            "script modules/foo-bar/enabled did not end within 300ms and was killed"
        );
        assert!(bench.is_dead("leader").await && bench.is_dead("child").await);
        assert_eq!(bench.leftovers(), 0);
    }

    #[tokio::test]
    async fn children_end_with_a_script_that_ends_well() {
        let bench = Bench::new(
            "sleep 600 & echo $! > $(dirname $0)/child; echo true > $MODULE_ENABLED_RESULT",
        );
        let started = Instant::now();
        assert!(bench.run().await.unwrap().enabled);
        assert!(bench.is_dead("child").await);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the open pipe was waited for"
        );
    }

    #[tokio::test]
    async fn process_that_left_the_group_ends_with_the_script() {
        let bench = Bench::new(
            "setsid sleep 600 & echo $! > $(dirname $0)/child; echo true > $MODULE_ENABLED_RESULT",
        );
        assert!(bench.run().await.unwrap().enabled);
        assert!(bench.is_dead("child").await);
    }

    #[tokio::test]
    async fn dropped_future_kills_and_cleans_up() {
        let bench = Bench::new(
            "sleep 600 & echo $! > $(dirname $0)/child; echo $$ > $(dirname $0)/leader; wait",
        );
        {
            let mut run = pin!(bench.run());
            while fs::read_to_string(bench.path("leader"))
                .unwrap_or_default()
                .is_empty()
            {
                let _ = tokio::time::timeout(Duration::from_millis(5), &mut run).await;
            }
        }
        assert!(bench.is_dead("leader").await && bench.is_dead("child").await);
        assert_eq!(bench.leftovers(), 0);
    }

    #[tokio::test]
    async fn hundred_megabytes_of_output_hurt_nobody() {
        let bench = Bench::new(
            "head -c 100000000 /dev/zero; head -c 1000000 /dev/urandom >&2; echo true > $MODULE_ENABLED_RESULT",
        );
        assert!(bench.run().await.unwrap().enabled);
    }

    #[test]
    fn key_changes_with_every_input() {
        let name = |text: &str| ModuleName::parse(text).unwrap();
        let input = |config: &Value, values: &Value, enabled: &[ModuleName]| {
            ScriptInput::new(config, values, enabled).key(&[0; 32])
        };
        let keys = [
            input(&json!({}), &json!({}), &[]),
            input(&json!({"a": 1}), &json!({}), &[]),
            input(&json!({}), &json!({"a": 1}), &[]),
            input(&json!({}), &json!({}), &[name("a")]),
            input(&json!({}), &json!({}), &[name("a"), name("b")]),
            ScriptInput::new(&json!({}), &json!({}), &[]).key(&[1; 32]),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
        assert_eq!(keys[0], input(&json!({}), &json!({}), &[]));
    }
}
