//! Several operators as processes of their own, with the variables of a Deployment, on one cluster.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{self, Modules, Namespace, eventually, rest};

/// Longer than any takeover, on a machine that does other things as well.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// What all replicas share.
pub(super) struct Replicas {
    pub(super) client: Client,
    kubeconfig: PathBuf,
    namespace: Namespace,
    /// All have this port, each on an address of its own.
    port: u16,
}

/// One replica. Dropping it kills it.
pub(super) struct Replica {
    pub(super) name: String,
    /// Its module folders.
    pub(super) modules: Modules,
    pub(super) global_hooks: Modules,
    address: Ipv4Addr,
    port: u16,
    kubeconfig: PathBuf,
    namespace: String,
    home: TempDir,
    variables: Vec<(String, String)>,
    process: Option<Child>,
}

impl Replicas {
    /// `None` when there is no server; then the test is skipped.
    pub(super) async fn new(prefix: &str) -> Option<Self> {
        let server = support::api_server()?;
        let socket = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
        Some(Self {
            client: server.client().await,
            kubeconfig: server.kubeconfig().to_owned(),
            namespace: server.namespace(prefix).await,
            port: socket.local_addr().expect("an address").port(),
        })
    }

    pub(super) fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// From now on with the rights of this kubeconfig.
    pub(super) fn with_kubeconfig(&mut self, kubeconfig: &std::path::Path) {
        kubeconfig.clone_into(&mut self.kubeconfig);
    }

    /// A replica that is not started. The chart of its one module says who wrote it.
    pub(super) fn replica(&self, name: &str, number: u8) -> Replica {
        let of = (self.kubeconfig.clone(), self.namespace().to_owned());
        Replica::new(of, name, (Ipv4Addr::new(127, 0, 0, number), self.port))
    }

    /// The Lease; `None` when it is not there.
    pub(super) async fn lease(&self) -> Option<Value> {
        lease(&self.client, self.namespace()).await
    }

    /// Has somebody edit the values again and again, until it is dropped.
    pub(super) fn pump(&self, every: Duration) -> JoinSet<()> {
        let (client, namespace) = (self.client.clone(), self.namespace().to_owned());
        let mut pump = JoinSet::new();
        pump.spawn(async move {
            let maps = format!("/api/v1/namespaces/{namespace}/configmaps");
            let path = format!("{maps}/addon-operator");
            let first = json!({"metadata": {"name": "addon-operator"}, "data": {}});
            if rest::get(&client, &path).await.is_none() {
                rest::create(&client, &maps, &first).await;
            }
            for value in 1.. {
                let change = json!({"data": {"web": format!("value: {value}")}});
                rest::merge(&client, &path, "jane", &change).await;
                sleep(every).await;
            }
        });
        pump
    }

    /// Follows what is written to the object of the module.
    pub(super) fn follow(&self) -> Written {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), self.namespace());
        let states = Arc::new(Mutex::new(Vec::new()));
        let mut running = JoinSet::new();
        let seen = states.clone();
        running.spawn(async move {
            let mut version = "0".to_owned();
            loop {
                let parameters = WatchParams::default().fields("metadata.name=web");
                let stream = maps.watch(&parameters, &version).await.expect("a watch");
                let mut stream = std::pin::pin!(stream);
                while let Ok(Some(event)) = stream.try_next().await {
                    let (WatchEvent::Added(map) | WatchEvent::Modified(map)) = event else {
                        continue;
                    };
                    version = map.metadata.resource_version.unwrap_or_default();
                    let who = map.data.unwrap_or_default().remove("who");
                    let state = (Instant::now(), who.unwrap_or_default());
                    seen.lock().expect("no panic").push(state);
                }
            }
        });
        Written { states, running }
    }
}

/// The Lease of a namespace; `None` when it is not there.
pub(super) async fn lease(client: &Client, namespace: &str) -> Option<Value> {
    let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases");
    rest::get(client, &format!("{leases}/addon-operator-leader-election")).await
}

/// Who wrote the object of the module, in order.
pub(super) struct Written {
    states: Arc<Mutex<Vec<(Instant, String)>>>,
    #[expect(dead_code, reason = "its end is the end of the watch")]
    running: JoinSet<()>,
}

impl Written {
    /// Who wrote, without repetitions.
    pub(super) fn writers(&self) -> Vec<String> {
        let states = self.states.lock().expect("no panic");
        let mut writers: Vec<String> = states.iter().map(|(_, who)| who.clone()).collect();
        writers.dedup();
        writers
    }

    /// How often `who` wrote.
    pub(super) fn count(&self, who: &str) -> usize {
        let states = self.states.lock().expect("no panic");
        states.iter().filter(|(_, writer)| writer == who).count()
    }

    /// When `who` wrote first.
    pub(super) async fn first(&self, who: &str) -> Instant {
        let what = format!("{who} writes");
        eventually(&what, PATIENCE, async || {
            let states = self.states.lock().expect("no panic");
            let mut states_of = states.iter().filter(|(_, writer)| writer == who);
            let first = states_of.next().map(|(when, _)| *when);
            first.ok_or_else(|| format!("{} writes", states.len()))
        })
        .await
    }
}

impl Replica {
    /// One that is not started, on a server of choice.
    pub(super) fn new(
        (kubeconfig, namespace): (PathBuf, String),
        name: &str,
        (address, port): (Ipv4Addr, u16),
    ) -> Self {
        let chart = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata:\n  who: {name}\n  \
             value: '{{{{ Values.web.value }}}}'\n"
        );
        Self {
            name: name.to_owned(),
            modules: Modules::of(&[
                ("010-web/values.yaml", "webEnabled: true\nweb: {value: 0}\n"),
                ("010-web/templates/web.yaml.j2", &chart),
            ]),
            global_hooks: Modules::new(),
            address,
            port,
            kubeconfig,
            namespace,
            home: TempDir::new().expect("a folder"),
            variables: Vec::new(),
            process: None,
        }
    }

    /// Sets one more variable for it.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Its own address.
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How the Lease names it.
    pub(super) fn identity(&self) -> String {
        let address = self.address.to_string().replace('.', "-");
        format!("{}.{address}.{}.pod", self.name, self.namespace)
    }

    /// A path in a folder of this replica alone.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The program with the variables of the original's example of a Deployment.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_addon-operator"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ADDON_OPERATOR_HA", "true")
            .env("ADDON_OPERATOR_POD", &self.name)
            .env("ADDON_OPERATOR_NAMESPACE", &self.namespace)
            .env("ADDON_OPERATOR_LISTEN_ADDRESS", self.address.to_string())
            .env("ADDON_OPERATOR_LISTEN_PORT", self.port.to_string())
            .env("MODULES_DIR", self.modules.path())
            .env("GLOBAL_HOOKS_DIR", self.global_hooks.path())
            .env("ADDON_OPERATOR_TMP_DIR", self.path("files"))
            .env("DEBUG_UNIX_SOCKET", self.path("debug.socket"))
            .env("KUBE_CONFIG", &self.kubeconfig)
            .envs(self.variables.iter().cloned())
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Starts it; what an earlier life logged stays.
    pub(super) fn start(&mut self) {
        let mut log = File::options();
        let log = log.create(true).append(true).open(self.path("log"));
        let log = log.expect("a file");
        let mut command = self.command();
        let command = command.stdout(log.try_clone().expect("a file")).stderr(log);
        self.process = Some(command.spawn().expect("a process"));
    }

    /// Starts it and waits until it leads and has written.
    pub(super) async fn lead(&mut self) {
        self.start();
        self.is_ready("Startup converge done.").await;
    }

    /// Starts it and waits until it follows, prepared.
    pub(super) async fn follow(&mut self) {
        self.start();
        self.is_ready("HA mode is enabled and waiting for acquiring the lock.")
            .await;
    }

    /// Waits until it is ready, and says so.
    pub(super) async fn is_ready(&self, text: &str) {
        let what = format!("{}: {text}", self.name);
        eventually(&what, PATIENCE, async || match self.page("/readyz") {
            Some(page) if page.starts_with("HTTP/1.1 200") && page.contains(text) => Ok(()),
            seen => Err(format!("{seen:?}")),
        })
        .await;
    }

    /// An answer of its pages, head and body; `None` when nobody answers.
    pub(super) fn page(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect((IpAddr::V4(self.address), self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// What becomes of a command that asks it.
    pub(super) fn output(&self, arguments: &[&str]) -> Output {
        let output = self.command().args(arguments).output();
        output.expect("an answer")
    }

    /// What such a command prints; it must succeed.
    pub(super) fn ask(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What it has logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Sends a signal to the process alone, if it runs.
    pub(super) fn signal(&mut self, signal: &str) {
        if !self.has_ended() {
            send(signal, self.process.as_ref().expect("a process").id());
        }
    }

    /// The guard of the process.
    pub(super) fn guard(&self) -> u32 {
        self.find_guard().expect("a guard")
    }

    /// Whether it is not there.
    pub(super) fn has_ended(&mut self) -> bool {
        let process = self.process.as_mut();
        process.is_none_or(|process| process.try_wait().expect("a process").is_some())
    }

    /// The guard of the process, when it has one.
    pub(super) fn find_guard(&self) -> Option<u32> {
        let files = self.path("files").display().to_string();
        let line = |process: &u32| {
            let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains("guard-processes") && line.contains(&files)
        };
        let entries = fs::read_dir("/proc").expect("processes").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbers.into_iter().find(line)
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        let process = self.process.as_mut().expect("a process");
        process.kill().expect("a signal");
        process.wait().expect("an end");
        self.process = None;
    }

    /// Waits until it has ended by itself; answers its exit code, none when a signal ended it.
    pub(super) async fn ended(&mut self) -> Option<i32> {
        let process = self.process.as_mut().expect("a process");
        let what = format!("{} ends", self.name);
        let exit = eventually(&what, PATIENCE, async || {
            let ended = process.try_wait().expect("a process");
            ended.ok_or_else(|| "it runs".to_owned())
        });
        exit.await.code()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
        if std::thread::panicking() {
            eprintln!("── {} ──\n{}", self.name, self.log());
        }
    }
}

/// Sends a signal to a process, which may be gone by now.
pub(super) fn send(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .arg(format!("-{signal}"))
        .arg(process.to_string())
        .stderr(Stdio::null())
        .status();
    sent.expect("a signal");
}
