//! The program as people run it in place of shell-operator: a process of its own, with a folder of
//! hooks and variables, and nothing else.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use kube::Client;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{self, Modules, Namespace, eventually, rest};

const PATIENCE: Duration = Duration::from_secs(40);

/// A folder of hooks, a namespace, and later the process.
pub(super) struct Shell {
    pub(super) client: Client,
    /// The folder of hooks.
    pub(super) hooks: Modules,
    namespace: Namespace,
    kubeconfig: PathBuf,
    home: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Shell {
    /// `None` when there is no server; then the test is skipped.
    pub(super) async fn new(prefix: &str) -> Option<Self> {
        let server = support::api_server()?;
        let home = TempDir::new().expect("a folder");
        // It is what it is called.
        let program = env!("CARGO_BIN_EXE_addon-operator");
        symlink(program, home.path().join("shell-operator")).expect("a link");
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        Some(Self {
            client: server.client().await,
            hooks: Modules::new(),
            namespace: server.namespace(prefix).await,
            kubeconfig: server.kubeconfig().to_owned(),
            port: socket.local_addr().expect("an address").port(),
            home,
            process: None,
        })
    }

    /// From now on with the rights of this kubeconfig.
    pub(super) fn with_kubeconfig(&mut self, kubeconfig: &Path) {
        kubeconfig.clone_into(&mut self.kubeconfig);
    }

    pub(super) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// Letters that no other test has, for names of the whole cluster.
    pub(super) fn letters(&self) -> &str {
        let name = self.namespace.name();
        name.rsplit_once('-').map_or(name, |(_, letters)| letters)
    }

    /// A path in a folder of this test alone.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The program, with the variables of a Deployment of shell-operator.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(self.path("shell-operator"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SHELL_OPERATOR_HOOKS_DIR", self.hooks.path())
            .env("SHELL_OPERATOR_TMP_DIR", self.path("files"))
            .env("SHELL_OPERATOR_LISTEN_ADDRESS", "127.0.0.1")
            .env("SHELL_OPERATOR_LISTEN_PORT", self.port.to_string())
            .env("DEBUG_UNIX_SOCKET", self.path("debug.socket"))
            .env("KUBE_CONFIG", &self.kubeconfig)
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Starts it, and waits until its hooks are started.
    pub(super) async fn start(&mut self) {
        self.spawn(self.command());
        self.ready().await;
    }

    /// Starts a command in its place.
    pub(super) fn spawn(&mut self, mut command: Command) {
        let log = File::create(self.path("log")).expect("a file");
        let child = command
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn()
            .expect("a process");
        self.process = Some(child);
    }

    /// Waits until its hooks are started.
    pub(super) async fn ready(&self) {
        eventually("the hooks are started", PATIENCE, async || {
            match self.page("/readyz") {
                Some(page) if page.starts_with("HTTP/1.1 200") => Ok(()),
                seen => Err(format!("{seen:?}\n{}", self.log())),
            }
        })
        .await;
    }

    /// An answer of its pages, head and body; `None` when nobody answers.
    pub(super) fn page(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// What it has printed.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The messages of the log that hooks printed.
    pub(super) fn printed(&self) -> Vec<String> {
        let log = self.log();
        let records = log.lines().filter_map(|line| {
            let record: Value = serde_json::from_str(line).ok()?;
            record.get("output")?;
            Some(record["msg"].as_str()?.to_owned())
        });
        records.collect()
    }

    /// Waits until a hook printed this line.
    pub(super) async fn prints(&self, line: &str) {
        eventually(line, PATIENCE, async || {
            if self.printed().iter().any(|printed| printed == line) {
                Ok(())
            } else {
                Err(self.log())
            }
        })
        .await;
    }

    /// What a command of it prints; it must succeed.
    pub(super) fn ask(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What becomes of a command of it.
    pub(super) fn output(&self, arguments: &[&str]) -> Output {
        let output = self.command().args(arguments).output();
        output.expect("an answer")
    }

    /// Makes a `ConfigMap` of the namespace, or changes what it has.
    pub(super) async fn config_map(&self, name: &str, data: &Value) {
        let collection = self.config_maps();
        let path = format!("{collection}/{name}");
        let metadata = serde_json::json!({"name": name});
        let object = serde_json::json!({"metadata": metadata, "data": data});
        if rest::get(&self.client, &path).await.is_some() {
            rest::merge(&self.client, &path, "jane", &object).await;
        } else {
            rest::create(&self.client, &collection, &object).await;
        }
    }

    /// The path of the `ConfigMap`s of the namespace.
    pub(super) fn config_maps(&self) -> String {
        format!("/api/v1/namespaces/{}/configmaps", self.namespace())
    }

    /// Ends it as Kubernetes does; answers its exit code.
    pub(super) async fn stop(&mut self) -> Option<i32> {
        let child = self.process.as_mut().expect("a process");
        let id = child.id().to_string();
        Command::new("kill").arg(&id).status().expect("a signal");
        let exit = eventually("it ends", PATIENCE, async || {
            let ended = child.try_wait().expect("a process");
            ended.ok_or_else(|| "it runs".to_owned())
        });
        exit.await.code()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}
