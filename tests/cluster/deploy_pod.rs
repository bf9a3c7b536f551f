//! A pod as far as it can be had without a kubelet: the arguments, variables and volumes of a
//! Deployment, on this machine, with the token of its service account and no other rights.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{eventually, objects, rest};

const PATIENCE: Duration = Duration::from_mins(1);
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A running container of a Deployment.
pub(super) struct Pod {
    folder: TempDir,
    container: Value,
    port: u16,
    process: Option<Child>,
}

impl Pod {
    /// Starts the one container of the Deployment at `path`, in a pod of this name. `image` has what the
    /// image of the modules has in its root folder, or the operator's own one.
    pub(super) async fn start(
        name: &str,
        (client, kubeconfig): (&Client, &Path),
        path: &str,
        image: &Path,
    ) -> Self {
        let deployment = rest::get(client, path).await.expect("a Deployment");
        let namespace = deployment["metadata"]["namespace"]
            .as_str()
            .expect("a namespace");
        let spec = &deployment["spec"]["template"]["spec"];
        let mut pod = Self {
            folder: TempDir::new().expect("a folder"),
            container: spec["containers"][0].clone(),
            port: free_port(),
            process: None,
        };
        pod.take_image(image);
        pod.mount(client, namespace, spec).await;
        let account = spec["serviceAccountName"].as_str().expect("an account");
        pod.write_kubeconfig(client, kubeconfig, namespace, account)
            .await;
        pod.run_init_container(spec);
        let variables = pod.variables(namespace, name);
        pod.spawn(&variables);
        pod
    }

    /// Waits for the readiness probe.
    pub(super) async fn ready(&self) {
        let probe = self.container["readinessProbe"]["httpGet"]["path"]
            .as_str()
            .expect("a probe");
        eventually("the pod is ready", PATIENCE, async || {
            match self.page(probe) {
                Some(page) if page.starts_with("HTTP/1.1 200") => Ok(()),
                page => Err(format!("{page:?}\n{}", self.log())),
            }
        })
        .await;
    }

    /// A page of the port of probes and metrics; `None` while nobody answers.
    pub(super) fn page(&self, page: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        write!(
            stream,
            "GET {page} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }

    /// What `kubectl exec` with this command prints.
    pub(super) fn exec(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .env_clear()
            .env("DEBUG_UNIX_SOCKET", self.socket());
        let output = command.output().expect("an end");
        let told = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&told).into_owned()
    }

    /// What a script of this repository prints that asks this operator, with the programs of a folder
    /// and a kubeconfig.
    pub(super) fn script(&self, script: &str, (programs, kubeconfig): (&Path, &Path)) -> String {
        let path = search_path();
        let output = Command::new(Path::new(ROOT).join(script))
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("KUBECONFIG", kubeconfig)
            .env("DEBUG_UNIX_SOCKET", self.socket())
            .env("ADDON_OPERATOR", program())
            .output()
            .expect("an end");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {told}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// All that it logged.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it as a kubelet does, and wants it to end well.
    pub(super) fn stop(mut self) {
        let mut process = self.process.take().expect("a process");
        let id = process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("a signal").success());
        let ended = process.wait().expect("an end");
        assert_eq!(ended.code(), Some(0), "{}", self.log());
    }

    /// The root folder of the image, with the folders that `deploy/Dockerfile` makes.
    fn take_image(&self, image: &Path) {
        for name in ["modules", "global-hooks"] {
            let there = image.join(name);
            if there.is_dir() {
                let mut copy = Command::new("cp");
                copy.arg("-R").arg(there).arg(self.folder.path());
                assert!(copy.status().expect("a copy").success());
            } else {
                fs::create_dir(self.inside(name)).expect("a folder");
            }
        }
        fs::create_dir(self.inside("/tmp")).expect("a folder");
    }

    /// Makes the volumes that are mounted.
    async fn mount(&self, client: &Client, namespace: &str, spec: &Value) {
        for mount in list(&self.container["volumeMounts"]) {
            let path = self.inside(mount["mountPath"].as_str().expect("a path"));
            fs::create_dir_all(&path).expect("a folder");
            let volumes = list(&spec["volumes"]);
            let mut volumes = volumes.filter(|volume| volume["name"] == mount["name"]);
            let volume = volumes.next().expect("a volume of that name");
            if let Some(source) = volume.get("configMap") {
                let name = source["name"].as_str().expect("a name");
                let path_of = format!("/api/v1/namespaces/{namespace}/configmaps/{name}");
                let found = rest::get(client, &path_of).await.expect("a ConfigMap");
                write_config_map(&path, &found, source);
            } else {
                assert!(volume.get("emptyDir").is_some(), "{volume}");
            }
        }
    }

    /// What copies the modules out of their image.
    fn run_init_container(&self, spec: &Value) {
        for container in list(&spec["initContainers"]) {
            let words = list(&container["command"]).map(|word| word.as_str().expect("a word"));
            let words: Vec<String> = words.map(|word| self.rooted(word)).collect();
            let (program, arguments) = words.split_first().expect("a program");
            let done = Command::new(program).args(arguments).status();
            assert!(done.expect("a program").success(), "{words:?}");
        }
    }

    /// A text in which each path of the pod is one of this machine.
    fn rooted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for path in ["/modules", "/global-hooks", "/addons/"] {
            text = text.replace(path, &self.inside(path).display().to_string());
        }
        text
    }

    /// The variables of the container, and those of its image.
    fn variables(&self, namespace: &str, pod: &str) -> BTreeMap<String, String> {
        let mut variables = variables_of_image();
        for variable in list(&self.container["env"]) {
            let name = variable["name"].as_str().expect("a name").to_owned();
            let field = variable.pointer("/valueFrom/fieldRef/fieldPath");
            let value = match field.and_then(Value::as_str) {
                Some("metadata.namespace") => namespace,
                Some("metadata.name") => pod,
                Some("status.podIP") => "127.0.0.1",
                Some(other) => panic!("{other}"),
                None => variable["value"].as_str().expect("a value"),
            };
            variables.insert(name, value.to_owned());
        }
        for value in variables
            .values_mut()
            .filter(|value| value.starts_with('/'))
        {
            *value = self.inside(value).display().to_string();
        }
        // The API server of the tests reaches no Service, but this machine.
        let (validating, conversion) = (free_port(), free_port());
        let url = |port: u16| format!("https://127.0.0.1:{port}");
        let own = [
            ("ADDON_OPERATOR_LISTEN_PORT", self.port.to_string()),
            ("VALIDATING_WEBHOOK_LISTEN_PORT", validating.to_string()),
            ("VALIDATING_WEBHOOK_URL", url(validating)),
            ("CONVERSION_WEBHOOK_LISTEN_PORT", conversion.to_string()),
            ("CONVERSION_WEBHOOK_URL", url(conversion)),
            ("DEBUG_UNIX_SOCKET", self.socket().display().to_string()),
            ("TMPDIR", self.inside("/tmp").display().to_string()),
            (
                "KUBECONFIG",
                self.inside("/kubeconfig").display().to_string(),
            ),
            ("PATH", search_path()),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        variables
    }

    fn spawn(&mut self, variables: &BTreeMap<String, String>) {
        let arguments = list(&self.container["args"]).map(|word| word.as_str().expect("a word"));
        let log = File::create(self.folder.path().join("log")).expect("a file");
        let child = Command::new(program())
            .args(arguments)
            .env_clear()
            .envs(variables)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn();
        self.process = Some(child.expect("a process"));
    }

    /// A kubeconfig with a token that the API server gives out for the service account, as it does for
    /// the kubelet.
    async fn write_kubeconfig(
        &self,
        client: &Client,
        admin: &Path,
        namespace: &str,
        account: &str,
    ) {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        });
        let answer = rest::create(client, &path, &request).await;
        let mut config = objects(&fs::read_to_string(admin).expect("a kubeconfig")).remove(0);
        config["users"][0]["user"] = json!({"token": answer["status"]["token"]});
        fs::write(self.inside("/kubeconfig"), config.to_string()).expect("a file");
    }

    fn socket(&self) -> PathBuf {
        self.inside("/var/run/addon-operator/debug.socket")
    }

    /// A path of the pod on this machine.
    fn inside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        // It may have ended by itself.
        let _ = process.kill();
        let _ = process.wait();
    }
}

/// The program; with `ADDON_OPERATOR_TEST_PROGRAM` another build of it, such as the static one.
fn program() -> PathBuf {
    let other = std::env::var_os("ADDON_OPERATOR_TEST_PROGRAM").map(PathBuf::from);
    other.unwrap_or_else(|| env!("CARGO_BIN_EXE_addon-operator").into())
}

/// A `ConfigMap` as a kubelet writes it: files in a folder of their own, and links to them.
fn write_config_map(path: &Path, config_map: &Value, source: &Value) {
    let data = path.join("..2026");
    symlink("..2026", path.join("..data")).expect("a link");
    for item in list(&source["items"]) {
        let (key, name) = (item["key"].as_str(), item["path"].as_str().expect("a path"));
        let text = &config_map["data"][key.expect("a key")];
        let file = data.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        fs::write(&file, text.as_str().expect("a text")).expect("a file");
        let mode = item["mode"].as_u64().unwrap_or(0o644);
        let mode = fs::Permissions::from_mode(mode.try_into().expect("a mode"));
        fs::set_permissions(&file, mode).expect("a mode");
        let first = name.split('/').next().expect("a name");
        let link = path.join(first);
        if link.symlink_metadata().is_err() {
            symlink(Path::new("..data").join(first), link).expect("a link");
        }
    }
}

/// What the image of `deploy/Dockerfile` sets for the operator.
fn variables_of_image() -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("{ROOT}/deploy/Dockerfile")).expect("a file");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("ENV "));
    let line = lines.find(|line| line.contains("MODULES_DIR="));
    let pairs = line.expect("a line").split_whitespace();
    let pairs = pairs.map(|pair| pair.split_once('=').expect("a pair"));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Where programs are found.
fn search_path() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    path.to_string_lossy().into_owned()
}

fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    socket.local_addr().expect("an address").port()
}
