//! What a replica does while another one leads.

use std::time::Duration;

use serde_json::Value;

use super::replicas::{PATIENCE, Replica, Replicas};
use crate::support::{self, ApiServer, eventually, private_server, rest, server_metrics};

/// A global hook that notes its runs, and watches the `ConfigMap`s of the namespace.
fn watching(namespace: &str, runs: &std::path::Path) -> String {
    format!(
        "#!/bin/bash
if [ \"$1\" = --config ]; then
  echo asked >> {0}.asked
  cat <<END
configVersion: v1
onStartup: 1
kubernetes:
- name: maps
  kind: ConfigMap
  namespace: {{nameSelector: {{matchNames: [{namespace}]}}}}
END
  exit
fi
echo run >> {0}
",
        runs.display()
    )
}

#[tokio::test]
async fn follower_is_prepared_and_writes_nothing() {
    let Some(server) = private_server().await else {
        return;
    };
    let client = support::client(server.kubeconfig()).await;
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let of = || (server.kubeconfig().to_owned(), "default".to_owned());
    let mut a = Replica::new(of(), "a", ([127, 0, 0, 2].into(), port));
    let mut b = Replica::new(of(), "b", ([127, 0, 0, 3].into(), port));
    for replica in [&a, &b] {
        let runs = replica.path("runs");
        let hook = watching("default", &runs);
        replica.global_hooks.write_script("watching", &hook);
    }
    a.lead().await;

    let before = server_metrics(&client).await;
    b.follow().await;
    // Something happens that hooks hear of.
    let map = serde_json::json!({"metadata": {"name": "news"}});
    rest::create(&client, "/api/v1/namespaces/default/configmaps", &map).await;
    let runs = a.path("runs");
    let has_run = async || {
        let runs = std::fs::read_to_string(&runs).unwrap_or_default();
        if runs.lines().count() >= 3 {
            Ok(())
        } else {
            Err(runs)
        }
    };
    eventually("the leader's hook runs", PATIENCE, has_run).await;

    let writes = server_metrics(&client).await.since(&before).writes();
    let of_others = writes
        .0
        .iter()
        .filter(|((_, resource), _)| resource != "coordination.k8s.io/leases")
        .map(|((verb, resource), count)| format!("{count} {verb} {resource}"));
    let of_others: Vec<String> = of_others.collect();
    assert_eq!(of_others, ["1 POST configmaps"], "{writes}");
    assert!(b.path("runs.asked").exists(), "its hooks are read");
    assert!(!b.path("runs").exists(), "and do not run");
    let snapshot = b.ask(&["global", "snapshots", "-o", "json"]);
    assert!(
        snapshot.contains("\"news\""),
        "what they watch is watched: {snapshot}"
    );
    server.stop().await.unwrap();
}

#[tokio::test]
async fn people_and_metrics_are_told_who_leads() {
    let Some(replicas) = Replicas::new("follower").await else {
        return;
    };
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    a.lead().await;
    b.follow().await;

    let told: Value = serde_json::from_str(&b.ask(&["leader", "-o", "json"])).unwrap();
    assert_eq!(told["leader"], a.identity());
    assert_eq!(
        (&told["leads"], &told["prepared"]),
        (&false.into(), &true.into())
    );
    let text = a.ask(&["leader"]);
    assert!(
        text.contains(&format!("this replica: {} (leads)", a.identity())),
        "{text}"
    );
    // The modules are those of the leader, in its words.
    let list = b.ask(&["module", "list"]);
    assert!(list.contains("web     10      Applied"), "{list}");
    assert!(
        list.contains(&format!("this replica follows; {} leads", a.identity())),
        "{list}"
    );
    let refused = b.output(&["module", "values", "web"]);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && told.contains("ask the one that leads: a."),
        "{told}"
    );
    for (replica, leads) in [(&a, 1), (&b, 0)] {
        let metrics = replica.page("/metrics").unwrap();
        assert!(
            metrics.contains(&format!("\naddon_operator_leader {leads}\n")),
            "{metrics}"
        );
    }
    let events = format!("/api/v1/namespaces/{}/events", replicas.namespace());
    let events = rest::get(&replicas.client, &events).await.unwrap();
    let message = format!("{} became leader", a.identity());
    let is_told =
        |event: &Value| event["reason"] == "LeaderElection" && event["message"] == message;
    assert!(
        events["items"].as_array().unwrap().iter().any(is_told),
        "{events}"
    );
}

#[tokio::test]
async fn deployment_of_the_originals_example_of_high_availability_works() {
    let Some(replicas) = Replicas::new("example").await else {
        return;
    };
    let (mut a, mut b) = (
        replicas.replica("addon-operator-1", 2),
        replicas.replica("addon-operator-2", 3),
    );
    for replica in [&a, &b] {
        // Global hooks alone; the folder of modules has a text in it.
        replica.modules.remove("010-web");
        replica.modules.write("README.md", "there are none\n");
        let hook = "#!/usr/bin/env bash\n\nif [[ $1 == \"--config\" ]] ; then\n  echo '{\"configVersion\":\"v1\", \"onStartup\": 5}'\nelse\n  echo \"a global hook at the start\"\nfi\n";
        replica.global_hooks.write_script("hook.sh", hook);
    }
    a.lead().await;
    b.follow().await;

    let said = |replica: &Replica| replica.log().matches("a global hook at the start").count();
    assert_eq!((said(&a), said(&b)), (1, 0));
    a.signal("TERM");
    assert_eq!(a.ended().await, Some(0));
    b.is_ready("Startup converge done.").await;
    assert_eq!(said(&b), 1);
    // The next pod follows.
    let mut c = replicas.replica("addon-operator-3", 4);
    c.modules.remove("010-web");
    c.follow().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(said(&c), 0);
}

/// A hook that notes when it is asked, and refuses objects that are named so.
fn validating(namespace: &str, calls: &std::path::Path) -> String {
    format!(
        "#!/bin/bash
if [ \"$1\" = --config ]; then
  cat <<END
configVersion: v1
kubernetesValidating:
- name: look.example.com
  namespace: {{labelSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}
  labelSelector: {{matchLabels: {{asked: about}}}}
  rules: [{{apiGroups: [''], apiVersions: [v1], resources: [configmaps], operations: [CREATE]}}]
END
  exit
fi
name=$(jq -r '.[0].review.request.name' $BINDING_CONTEXT_PATH)
echo $name >> {}
if [[ $name == writes ]]; then
  echo '{{operation: Create, object: {{apiVersion: v1, kind: ConfigMap, metadata: {{name: more, namespace: {namespace}}}}}}}' > $KUBERNETES_PATCH_PATH
fi
if [[ $name == bad ]]; then
  echo '{{\"allowed\": false, \"message\": \"it is bad\"}}' > $VALIDATING_RESPONSE_PATH
else
  echo '{{\"allowed\": true}}' > $VALIDATING_RESPONSE_PATH
fi
",
        calls.display()
    )
}

/// Two replicas with a validating hook, of which the API server asks the second, as a Service might have
/// it.
fn asked_by_url(replicas: &Replicas) -> (Replica, Replica) {
    let port = {
        let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        listener.local_addr().unwrap().port().to_string()
    };
    let [a, b] = [("a", 2), ("b", 3)].map(|(name, number)| {
        let mut replica = replicas.replica(name, number);
        let hook = validating(replicas.namespace(), &replica.path("calls"));
        replica.global_hooks.write_script("validate", &hook);
        let address = replica.address();
        for (name, value) in [
            ("CONFIGURATION_NAME", replicas.namespace()),
            ("LISTEN_ADDRESS", &address),
            ("LISTEN_PORT", &port),
            ("URL", &format!("https://127.0.0.3:{port}")),
        ] {
            replica.set(&format!("VALIDATING_WEBHOOK_{name}"), value);
        }
        replica
    });
    (a, b)
}

/// The version of the Secret with the certificate.
async fn certificate(replicas: &Replicas) -> Option<Value> {
    let namespace = replicas.namespace();
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{namespace}-tls");
    let secret = rest::get(&replicas.client, &path).await?;
    Some(secret["metadata"]["resourceVersion"].clone())
}

/// Makes an object that the hook is asked about; answers why it was refused.
async fn make(replicas: &Replicas, name: &str) -> Result<(), String> {
    let maps = format!("/api/v1/namespaces/{}/configmaps", replicas.namespace());
    let map = serde_json::json!({"metadata": {"name": name, "labels": {"asked": "about"}}});
    let made = rest::try_create(&replicas.client, &maps, &map).await;
    made.map(drop)
}

#[tokio::test]
async fn follower_answers_the_api_server_and_leaves_certificates_to_the_leader() {
    let Some(replicas) = Replicas::new("webhook").await else {
        return;
    };
    let (mut a, mut b) = asked_by_url(&replicas);
    a.lead().await;
    let is_there = async || certificate(&replicas).await.ok_or_else(String::new);
    let version = eventually("there is a certificate", PATIENCE, is_there).await;
    b.follow().await;

    let first = async || match make(&replicas, "good").await {
        Err(why) if !why.contains("already exists") => Err(why),
        _ => Ok(()),
    };
    eventually("it is asked", PATIENCE, first).await;
    let refused = make(&replicas, "bad").await.unwrap_err();
    assert!(refused.contains("it is bad"), "{refused}");
    let refused = make(&replicas, "writes").await.unwrap_err();
    let why = "nothing is written by a replica that does not lead";
    assert!(refused.contains(why), "{refused}");

    assert!(!a.path("calls").exists(), "the leader was not asked");
    let calls = std::fs::read_to_string(b.path("calls")).unwrap();
    assert!(calls.contains("good") && calls.contains("bad"), "{calls}");
    assert_eq!(certificate(&replicas).await.as_ref(), Some(&version));
    // It goes on to answer when it leads.
    a.signal("TERM");
    assert_eq!(a.ended().await, Some(0));
    let refused = make(&replicas, "bad").await.unwrap_err();
    assert!(refused.contains("it is bad"), "{refused}");
    b.is_ready("Startup converge done.").await;
    make(&replicas, "writes").await.unwrap();
    assert_eq!(certificate(&replicas).await, Some(version));
}

#[tokio::test]
async fn rights_that_client_go_needs_are_enough_for_the_lease() {
    let Some(mut replicas) = Replicas::new("rights").await else {
        return;
    };
    let Some(ours) = support::api_server().and_then(ApiServer::control_plane) else {
        return;
    };
    let user = replicas.namespace().to_owned();
    let groups = ["", "addon-operator.io", "apiextensions.k8s.io"];
    let role = serde_json::json!({
        "metadata": {"name": user},
        "rules": [
            {"apiGroups": groups, "resources": ["*"], "verbs": ["*"]},
            {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]},
        ],
    });
    let group = "rbac.authorization.k8s.io";
    let binding = serde_json::json!({
        "metadata": {"name": user},
        "subjects": [{"kind": "User", "apiGroup": group, "name": user}],
        "roleRef": {"kind": "ClusterRole", "apiGroup": group, "name": user},
    });
    let rights = format!("/apis/{group}/v1");
    for (kind, object) in [("clusterroles", role), ("clusterrolebindings", binding)] {
        rest::create(&replicas.client, &format!("{rights}/{kind}"), &object).await;
    }
    replicas.with_kubeconfig(&ours.kubeconfig_for(&user, &[]).unwrap());
    let (mut a, mut b) = (replicas.replica("a", 2), replicas.replica("b", 3));
    a.lead().await;
    b.follow().await;

    a.signal("TERM");

    // It looks every few seconds, since it may not watch.
    b.is_ready("Startup converge done.").await;
}
