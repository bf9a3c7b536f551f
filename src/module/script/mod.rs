//! Runs `enabled` scripts.
//!
//! A script gets files in a private folder that is gone afterwards, whatever happens. It runs in a
//! process group of its own, which is killed when the script ends, when its time is over and when
//! the future that runs it is dropped.

mod group;
mod output;

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::AsyncRead;
use tokio::process::Command;

use crate::name::ModuleName;

use super::error::Error;
use group::Group;
use output::Lines;

/// How long the last output is waited for once the script has ended.
const OUTPUT_GRACE: Duration = Duration::from_millis(200);

/// How often a script is started that somebody is still writing.
const BUSY_TRIES: u32 = 5;

/// More of an answer is not read.
const LONGEST_ANSWER: u64 = 1024;

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
    /// Where its private folder is made; must exist.
    pub temp_dir: &'a Path,
    /// Whether that folder stays, for people who look for a mistake.
    pub keep_files: bool,
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
    let script = || run.script.to_owned();
    let files = Files::prepare(&run)
        .await
        .map_err(|source| Error::PrepareScript {
            script: script(),
            source,
        })?;
    let mut group = start(&run, &files)
        .await
        .map_err(|source| Error::StartScript {
            script: script(),
            source,
        })?;
    let attended = tokio::time::timeout(run.limit, attend(&mut group, run.module)).await;
    let (status, said) = match attended {
        Err(_) => {
            return Err(Error::ScriptTimedOut {
                script: script(),
                limit: run.limit,
            });
        }
        Ok(ended) => ended.map_err(|source| Error::ReadAnswer {
            script: script(),
            source,
        })?,
    };
    if !status.success() {
        return Err(Error::ScriptFailed {
            script: script(),
            ending: ending(status),
            said,
        });
    }
    files.answer(run.script)
}

async fn start(run: &ScriptRun<'_>, files: &Files) -> io::Result<Group> {
    let mut command = Command::new(run.script);
    command
        .envs(files.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut tries = 1;
    loop {
        match Group::start(&mut command) {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY_TRIES =>
            {
                tokio::time::sleep(Duration::from_millis(10) * tries).await;
                tries += 1;
            }
            started => return started,
        }
    }
}

/// Logs what the script says until it ends; answers how it ended, and its last words.
async fn attend(group: &mut Group, module: &ModuleName) -> io::Result<(ExitStatus, String)> {
    let (stdout, stderr) = group.take_output();
    let mut out = Lines::default();
    let mut err = Lines::default();
    let status = {
        let mut logs = pin!(async {
            tokio::join!(
                log(stdout, &mut out, module, "stdout"),
                log(stderr, &mut err, module, "stderr")
            )
        });
        let mut is_logged = false;
        let status = loop {
            tokio::select! {
                status = group.end() => break status?,
                _ = &mut logs, if !is_logged => is_logged = true,
            }
        };
        if !is_logged {
            // A process that left the group may hold the pipe open: its output is not waited for.
            let _ = tokio::time::timeout(OUTPUT_GRACE, logs).await;
        }
        status
    };
    Ok((status, err.last_words()))
}

async fn log<R: AsyncRead + Unpin>(
    pipe: Option<R>,
    lines: &mut Lines,
    module: &ModuleName,
    output: &'static str,
) {
    let Some(pipe) = pipe else { return };
    let read = lines.read(pipe, |line| {
        tracing::info!(target: "module", module = %module, output, "{line}");
    });
    if let Err(error) = read.await {
        tracing::warn!(target: "module", module = %module, output, %error, "reading what the enabled script says");
    }
}

fn ending(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended badly".to_owned(),
    }
}

/// The private folder of one run.
struct Files {
    folder: TempDir,
    module: ModuleName,
}

impl Files {
    /// Written aside: a disk may be slow. When the caller is dropped meanwhile, so is the folder.
    async fn prepare(run: &ScriptRun<'_>) -> io::Result<Self> {
        let temp_dir = run.temp_dir.to_owned();
        let module = run.module.clone();
        let input = run.input.clone();
        let keep = run.keep_files;
        let written = tokio::task::spawn_blocking(move || {
            let folder = tempfile::Builder::new()
                .prefix(&format!("{module}.enabled-"))
                .permissions(Permissions::from_mode(0o700))
                .disable_cleanup(keep)
                .tempdir_in(temp_dir)?;
            let files = Self { folder, module };
            files.write("module-config-values.json", &input.config_values)?;
            files.write("module-values.json", &input.values)?;
            files.write("module-enabled-result", b"")?;
            files.write("module-enabled-reason", b"")?;
            Ok(files)
        });
        written.await.map_err(io::Error::other)?
    }

    fn path(&self, what: &str) -> PathBuf {
        self.folder.path().join(format!("{}.{what}", self.module))
    }

    fn write(&self, what: &str, content: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path(what))?;
        file.write_all(content)
    }

    /// What the script's environment has beside ours.
    fn variables(&self) -> [(&'static str, PathBuf); 4] {
        [
            ("CONFIG_VALUES_PATH", self.path("module-config-values.json")),
            ("VALUES_PATH", self.path("module-values.json")),
            ("MODULE_ENABLED_RESULT", self.path("module-enabled-result")),
            ("MODULE_ENABLED_REASON", self.path("module-enabled-reason")),
        ]
    }

    fn answer(&self, script: &Path) -> Result<ScriptVerdict, Error> {
        let read = |what| {
            read_answer(&self.path(what)).map_err(|source| Error::ReadAnswer {
                script: script.to_owned(),
                source,
            })
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

/// The start of a file, trimmed. Only a plain file is opened: a pipe would never answer.
fn read_answer(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("the answer is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LONGEST_ANSWER)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use serde_json::json;

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
            run_script(ScriptRun {
                module: &self.module,
                script: &self.path("enabled"),
                input: &self.input,
                limit: self.limit,
                temp_dir: &self.path("tmp"),
                keep_files: false,
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
            told.starts_with("starting script modules/foo-bar/enabled: No such file"),
            "{told}"
        );
        fs::remove_dir(bench.path("tmp")).unwrap();
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
        assert!(told.ends_with("the answer is not a file"), "{told}");
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
    async fn process_that_left_the_group_is_not_waited_for() {
        let bench = Bench::new(
            "setsid sleep 30 & echo $! > $(dirname $0)/child; echo true > $MODULE_ENABLED_RESULT",
        );
        let started = Instant::now();
        assert!(bench.run().await.unwrap().enabled);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "the open pipe was waited for"
        );
    }

    #[tokio::test]
    async fn dropped_future_kills_and_cleans_up() {
        let bench = Bench::new(
            "sleep 600 & echo $! > $(dirname $0)/child; echo $$ > $(dirname $0)/leader; wait",
        );
        {
            let mut run = pin!(bench.run());
            while !bench.path("leader").exists() {
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
