//! The servers that all the other cluster tests run against.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use addon_operator::control_plane::{self, Progress};
use k8s_openapi::Resource as _;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::support::{self, eventually, server_metrics};

/// Tells the holder below where to leave its notes.
const HOLD: &str = "ADDON_OPERATOR_TEST_HOLD";

fn config_map(name: &str, value: &str) -> ConfigMap {
    let mut object = ConfigMap::default();
    object.metadata.name = Some(name.to_owned());
    object.data = Some(BTreeMap::from([("key".to_owned(), value.to_owned())]));
    object
}

#[tokio::test]
async fn server_is_ready_and_tells_its_version() {
    let Some(server) = support::api_server() else {
        return;
    };
    let client = server.client().await;

    let version = client.apiserver_version().await.unwrap();
    let ready = http::Request::get("/readyz").body(Vec::new()).unwrap();

    assert_eq!(client.request_text(ready).await.unwrap(), "ok");
    if env::var_os("KUBEBUILDER_ASSETS").is_none() && server.control_plane().is_some() {
        assert_eq!(version.git_version, "v1.36.3");
        assert_eq!(
            (version.major.as_str(), version.minor.as_str()),
            ("1", "36")
        );
    }
}

/// Lets a group read `ConfigMaps` everywhere.
async fn grant_reading(client: Client, group: &str) {
    let role = json!({
        "metadata": { "name": group },
        "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"] }],
    });
    let binding = json!({
        "metadata": { "name": group },
        "roleRef": { "apiGroup": ClusterRole::GROUP, "kind": ClusterRole::KIND, "name": group },
        "subjects": [{ "apiGroup": ClusterRole::GROUP, "kind": "Group", "name": group }],
    });
    let roles: Api<ClusterRole> = Api::all(client.clone());
    let role = serde_json::from_value(role).unwrap();
    roles.create(&PostParams::default(), &role).await.unwrap();
    let bindings: Api<ClusterRoleBinding> = Api::all(client);
    let binding = serde_json::from_value(binding).unwrap();
    bindings
        .create(&PostParams::default(), &binding)
        .await
        .unwrap();
}

#[tokio::test]
async fn namespace_is_fresh_and_usable() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (one, other) = (
        server.namespace("fresh").await,
        server.namespace("fresh").await,
    );
    let objects: Api<ConfigMap> = Api::namespaced(server.client().await, one.name());

    objects
        .create(&PostParams::default(), &config_map("x", "1"))
        .await
        .unwrap();

    assert_ne!(one.name(), other.name());
    assert!(one.name().starts_with("fresh-"));
}

#[tokio::test]
async fn user_may_do_what_roles_allow() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let jane = server.kubeconfig_for("jane", &["testers"]).unwrap();
    let admin = support::client(server.kubeconfig()).await;
    let as_jane: Api<ConfigMap> = Api::namespaced(support::client(&jane).await, "default");

    let before = as_jane.list(&ListParams::default()).await.unwrap_err();
    // Not `view`: nobody here fills the roles that are made of others.
    grant_reading(admin, "testers").await;

    assert!(
        before.to_string().contains("\"jane\" cannot list resource"),
        "{before}"
    );
    eventually("jane may list", Duration::from_secs(30), async || {
        as_jane
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())
    })
    .await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn objects_survive_a_restart_of_the_api_server() {
    let Some(mut server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let objects: Api<ConfigMap> = Api::namespaced(client, "default");
    objects
        .create(&PostParams::default(), &config_map("kept", "1"))
        .await
        .unwrap();

    server.stop_api_server().await.unwrap();
    let away = objects.get("kept").await;
    server.start_api_server().await.unwrap();

    assert!(away.is_err(), "the API server is gone");
    let kept = objects.get("kept").await.unwrap();
    assert_eq!(kept.data.unwrap()["key"], "1");
    let folder = server.data_folder().to_owned();
    server.stop().await.unwrap();
    assert!(!folder.exists(), "temporary data is removed");
}

fn ignore(_: Progress) {}

#[tokio::test]
async fn objects_survive_in_a_data_folder_of_ones_own() {
    let Some(binaries) = support::binaries().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let start = async || control_plane::start(&binaries, Some(folder.path()), &mut ignore).await;

    let first = start().await.unwrap();
    let client = support::client(first.kubeconfig()).await;
    let objects: Api<ConfigMap> = Api::namespaced(client, "default");
    objects
        .create(&PostParams::default(), &config_map("kept", "1"))
        .await
        .unwrap();
    let in_use = start().await.unwrap_err();
    first.stop().await.unwrap();
    let second = start().await.unwrap();

    assert!(
        in_use.to_string().ends_with("is used by another process"),
        "{in_use}"
    );
    let client = support::client(second.kubeconfig()).await;
    let objects: Api<ConfigMap> = Api::namespaced(client, "default");
    assert!(objects.get_opt("kept").await.unwrap().is_some());
    second.stop().await.unwrap();
}

#[tokio::test]
async fn metrics_count_writes_and_nothing_else() {
    let Some(server) = support::private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let objects: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let apply = async |parameters: PatchParams| {
        let patch =
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "written" } });
        objects
            .patch("written", &parameters, &Patch::Apply(patch))
            .await
            .unwrap();
    };

    let before = server_metrics(&client).await;
    apply(PatchParams::apply("test").dry_run()).await;
    objects.list(&ListParams::default()).await.unwrap();
    let read = server_metrics(&client).await;
    apply(PatchParams::apply("test")).await;
    objects
        .delete("written", &DeleteParams::default())
        .await
        .unwrap();
    let written = server_metrics(&client).await;

    assert_eq!(read.since(&before).writes().to_string(), "");
    assert_eq!(
        written.since(&read).writes().to_string(),
        "     1 APPLY configmaps\n     1 DELETE configmaps\n"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn port_that_is_taken_is_told_and_tried_again() {
    let Some(mut server) = support::private_server().await else {
        return;
    };
    let address = server.url().strip_prefix("https://").unwrap().to_owned();

    server.stop_api_server().await.unwrap();
    let squatter = std::net::TcpListener::bind(&address).unwrap();
    let taken = server.start_api_server().await.unwrap_err();
    drop(squatter);
    let free = server.start_api_server().await;

    assert!(
        taken.to_string().contains("address already in use"),
        "{taken}"
    );
    free.unwrap();
    server.stop().await.unwrap();
}

#[tokio::test]
async fn servers_take_memory_that_is_told() {
    let Some(server) = support::api_server().and_then(support::ApiServer::control_plane) else {
        return;
    };
    let memory = server.memory().unwrap();
    // A page of each is there, and no unit is mixed up.
    assert!((10 << 20..1 << 30).contains(&memory.etcd), "{memory:?}");
    assert!(
        (50 << 20..4 << 30).contains(&memory.api_server),
        "{memory:?}"
    );
}

/// Runs one test of this binary where there is no go and no cache.
fn run_without_go(ci: Option<&str>) -> std::process::Output {
    let cache = tempfile::tempdir().unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "cluster::control_plane::server_is_ready_and_tells_its_version",
        ])
        .env_clear()
        .env("PATH", cache.path())
        .env("ADDON_OPERATOR_CACHE_DIR", cache.path());
    if let Some(ci) = ci {
        command.env("CI", ci);
    }
    command.output().unwrap()
}

#[test]
fn without_go_a_test_is_skipped_here_and_fails_in_ci() {
    let here = run_without_go(None);
    let in_ci = run_without_go(Some("true"));

    let told = String::from_utf8_lossy(&here.stderr);
    assert!(
        told.starts_with("skipped: go is not installed, and etcd is built with it"),
        "{told}"
    );
    assert!(told.contains("install it with: "), "{told}");
    assert!(here.status.success());
    assert!(!in_ci.status.success());
}

/// Both processes of a control plane, from the files that their supervisors leave.
fn servers(folder: &Path) -> Vec<String> {
    let read = |server| std::fs::read_to_string(folder.join(format!("{server}.pid")));
    ["etcd", "kube-apiserver"]
        .map(|server| read(server).unwrap().trim().to_owned())
        .to_vec()
}

fn is_running(process: &str) -> bool {
    let asked = Command::new("sh")
        .args(["-c", "kill -0 \"$1\" 2>/dev/null", "sh", process])
        .status();
    asked.unwrap().success()
}

#[tokio::test]
async fn servers_end_with_a_parent_that_is_killed() {
    if support::binaries().await.is_none() {
        return;
    }
    let notes = tempfile::NamedTempFile::new().unwrap();
    let mut parent = Command::new(env::current_exe().unwrap())
        .args(["--exact", "cluster::control_plane::holder", "--ignored"])
        .env(HOLD, notes.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let folder = eventually("the servers run", Duration::from_mins(2), async || {
        let text = std::fs::read_to_string(notes.path()).unwrap();
        let whole = text.strip_suffix('\n').ok_or("no folder noted yet")?;
        Ok(PathBuf::from(whole))
    })
    .await;
    let servers = servers(&folder);
    assert!(servers.iter().all(|process| is_running(process)));

    // `kill` is SIGKILL: the parent has no chance to do anything about it.
    parent.kill().unwrap();
    parent.wait().unwrap();

    eventually(
        "servers and data are gone",
        Duration::from_secs(20),
        async || {
            let left: Vec<_> = servers
                .iter()
                .filter(|process| is_running(process))
                .collect();
            if left.is_empty() && !folder.exists() {
                Ok(())
            } else {
                Err(format!(
                    "processes {left:?}, {} exists: {}",
                    folder.display(),
                    folder.exists()
                ))
            }
        },
    )
    .await;
}

#[tokio::test]
#[ignore = "the process that the test above starts and kills"]
async fn holder() {
    let Some(notes) = env::var_os(HOLD) else {
        return;
    };
    let server = support::private_server().await.unwrap();
    std::fs::write(notes, format!("{}\n", server.data_folder().display())).unwrap();
    std::future::pending::<()>().await;
}
