//! What monitors are told, by a real API server: sharing, kinds and namespaces that come and go,
//! filters that fail, rights that are missing.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use addon_operator::cluster;
use addon_operator::jq::Filter;
use addon_operator::watch::{
    Managed, Monitor, MonitorId, Namespaces, News, NewsReceiver, Selection, Shared,
};
use kube::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::{self, eventually, rest, server_metrics};

const PATIENCE: Duration = Duration::from_secs(30);

/// Shared watches that run.
struct Watches {
    shared: Shared,
    news: NewsReceiver,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Watches {
    async fn start(kubeconfig: &Path) -> Self {
        let (shared, news) = Shared::new(connect(kubeconfig).await);
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        running.spawn(shared.clone().run(stop.clone()));
        Self {
            shared,
            news,
            stop,
            running,
        }
    }

    /// The next news, as a line: `1 Added a=1`.
    async fn told(&mut self) -> String {
        let news = timeout(PATIENCE, self.news.recv()).await;
        match news.expect("news in time").expect("a worker") {
            News::Listed { monitor } => format!("{} listed", monitor.0),
            News::Event {
                monitor,
                event,
                item,
                ..
            } => {
                let result = item.filter_result.as_deref().unwrap_or("-");
                format!("{} {} {}={result}", monitor.0, event.name(), item.name)
            }
            News::Trouble { monitor, trouble } => format!("{} {trouble}", monitor.0),
            News::Recovered { monitor } => format!("{} recovered", monitor.0),
        }
    }

    async fn tells(&mut self, expected: &[&str]) {
        for line in expected {
            assert_eq!(self.told().await, *line);
        }
    }

    /// The order of what several monitors are told is open.
    async fn tells_in_any_order(&mut self, expected: &[&str]) {
        let mut told = Vec::new();
        while told.len() < expected.len() {
            told.push(self.told().await);
        }
        told.sort();
        assert_eq!(told, expected);
    }

    /// Names and filter results in the snapshot of a monitor.
    fn seen(&self, monitor: u64) -> Vec<String> {
        let items = self.shared.snapshot(MonitorId(monitor)).items;
        let line = |item: &std::sync::Arc<addon_operator::watch::Item>| {
            format!(
                "{}={}",
                item.name,
                item.filter_result.as_deref().unwrap_or("-")
            )
        };
        items.iter().map(line).collect()
    }

    async fn stop(mut self) {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
    }
}

async fn connect(kubeconfig: &Path) -> cluster::Client {
    let kubeconfig = Some(kubeconfig.to_owned());
    let settings = cluster::Settings {
        kubeconfig,
        ..cluster::Settings::default()
    };
    cluster::connect(&settings).await.expect("a client")
}

/// A monitor of all objects of a kind that keeps `.data.text`, in one namespace.
fn monitor(id: u64, kind: &str, namespace: &str) -> Monitor {
    let namespaces = Namespaces::Named(BTreeSet::from([namespace.to_owned()]));
    let selection = Selection {
        api_version: None,
        kind: kind.to_owned(),
        names: Vec::new(),
        namespaces,
        labels: String::new(),
        fields: String::new(),
    };
    let filter = Some(Filter::compile(".data.text").unwrap());
    Monitor {
        id: MonitorId(id),
        selection,
        filter,
        keep_full: false,
        resynchronization: None,
    }
}

fn config_map(name: &str, text: &Value) -> Value {
    json!({"metadata": {"name": name, "labels": {"is": name}}, "data": {"text": text}})
}

fn config_maps(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps")
}

/// A definition of widgets in a group that no other test has.
pub(super) fn widgets(group: &str) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wdg"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }}}],
        },
    })
}

pub(super) const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// Creates widgets as soon as they are served.
pub(super) async fn create_widget(client: &Client, group: &str, namespace: &str, name: &str) {
    let path = format!("/apis/{group}/v1/namespaces/{namespace}/widgets");
    eventually("widgets are served", PATIENCE, async || {
        rest::get(client, &path)
            .await
            .ok_or_else(|| "not found".to_owned())
    })
    .await;
    let widget = json!({
        "apiVersion": format!("{group}/v1"), "kind": "Widget",
        "metadata": {"name": name}, "data": {"text": name},
    });
    rest::create(client, &path, &widget).await;
}

#[tokio::test]
async fn monitors_share_one_stream() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    let group = format!("{}.example.com", namespace.name());
    rest::create(&client, DEFINITIONS, &widgets(&group)).await;
    create_widget(&client, &group, namespace.name(), "a").await;
    let mut watches = Watches::start(server.kubeconfig()).await;
    let before = server_metrics(&client).await;
    let one = Monitor {
        selection: Selection {
            api_version: Some(format!("{group}/v1")),
            ..monitor(1, "WIDGETS", namespace.name()).selection
        },
        ..monitor(1, "WIDGETS", namespace.name())
    };
    let with = |id, filter: &str| Monitor {
        id: MonitorId(id),
        filter: Some(Filter::compile(filter).unwrap()),
        ..one.clone()
    };

    let first = [one.clone(), with(2, ".data.text"), with(3, ".data")].to_vec();
    watches.shared.reconcile(first.clone());
    watches
        .tells_in_any_order(&["1 listed", "2 listed", "3 listed"])
        .await;
    let late = [with(4, ".data.text"), with(5, ".kind")];
    watches.shared.reconcile([first, late.to_vec()].concat());
    watches.tells_in_any_order(&["4 listed", "5 listed"]).await;
    create_widget(&client, &group, namespace.name(), "b").await;
    let expected = [
        "1 Added b=\"b\"",
        "2 Added b=\"b\"",
        "3 Added b={\"text\":\"b\"}",
        "4 Added b=\"b\"",
        "5 Added b=\"Widget\"",
    ];
    watches.tells_in_any_order(&expected).await;
    assert_eq!(watches.seen(5), ["a=\"Widget\"", "b=\"Widget\""]);
    watches.stop().await;

    let key = |verb: &str| (verb.to_owned(), format!("{group}/widgets"));
    let asked = eventually("the watch is counted", PATIENCE, async || {
        let asked = server_metrics(&client).await.since(&before);
        let has_watch = asked.0.contains_key(&key("WATCH"));
        has_watch
            .then_some(asked.clone())
            .ok_or_else(|| asked.to_string())
    })
    .await;
    assert_eq!(asked.0[&key("WATCH")], 1, "{asked}");
}

#[tokio::test]
async fn objects_are_listed_anew_as_often_as_a_binding_asks() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    let group = format!("{}.example.com", namespace.name());
    rest::create(&client, DEFINITIONS, &widgets(&group)).await;
    create_widget(&client, &group, namespace.name(), "a").await;
    let mut watches = Watches::start(server.kubeconfig()).await;
    let before = server_metrics(&client).await;
    let mut often = monitor(1, "widgets", namespace.name());
    // Other tests have widgets too.
    often.selection.api_version = Some(format!("{group}/v1"));
    often.resynchronization = Some(Duration::from_secs(1));
    watches.shared.reconcile(vec![often]);
    watches.tells(&["1 listed"]).await;

    eventually("three lists", PATIENCE, async || {
        let asked = server_metrics(&client).await.since(&before);
        let lists = asked
            .0
            .get(&("LIST".to_owned(), format!("{group}/widgets")));
        let is_enough = lists.is_some_and(|lists| *lists >= 3);
        is_enough.then_some(()).ok_or(asked.to_string())
    })
    .await;
    assert!(watches.news.is_empty(), "nothing happened");
    create_widget(&client, &group, namespace.name(), "b").await;
    watches.tells(&["1 Added b=\"b\""]).await;
    watches.stop().await;
}

#[tokio::test]
async fn kind_is_awaited_and_may_go_and_come_back() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    let group = format!("{}.example.com", namespace.name());
    let mut watches = Watches::start(server.kubeconfig()).await;
    let mut awaited = monitor(1, "wdg", namespace.name());
    awaited.selection.api_version = Some(format!("{group}/v1"));

    watches.shared.reconcile(vec![awaited]);
    let told = watches.told().await;
    assert!(
        told.starts_with(&format!("1 the cluster has no kind wdg in {group}/v1; ")),
        "{told}"
    );
    rest::create(&client, DEFINITIONS, &widgets(&group)).await;
    watches.tells(&["1 listed", "1 recovered"]).await;
    create_widget(&client, &group, namespace.name(), "a").await;
    watches.tells(&["1 Added a=\"a\""]).await;

    rest::delete(&client, &format!("{DEFINITIONS}/widgets.{group}")).await;
    // The server deletes the objects before the definition; the trouble follows.
    let mut told = [watches.told().await, watches.told().await];
    told.sort();
    assert_eq!(told[0], "1 Deleted a=\"a\"");
    assert!(told[1].ends_with("it is awaited"), "{told:?}");
    assert_eq!(watches.seen(1), Vec::<String>::new());

    let path = format!("{DEFINITIONS}/widgets.{group}");
    eventually("the definition is gone", PATIENCE, async || {
        rest::get(&client, &path)
            .await
            .map_or(Ok(()), |found| Err(found.to_string()))
    })
    .await;
    rest::create(&client, DEFINITIONS, &widgets(&group)).await;
    create_widget(&client, &group, namespace.name(), "b").await;
    watches
        .tells_in_any_order(&["1 Added b=\"b\"", "1 recovered"])
        .await;
    watches.stop().await;
}

#[tokio::test]
async fn namespaces_are_followed_by_label() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    let other = server.namespace("watch").await;
    let path = |name: &str| format!("/api/v1/namespaces/{name}");
    let label = |team: Value| json!({"metadata": {"labels": {namespace.name(): team}}});
    rest::merge(&client, &path(namespace.name()), "jane", &label(json!("a"))).await;
    for (name, at) in [("a", &namespace), ("b", &other)] {
        rest::create(
            &client,
            &config_maps(at.name()),
            &config_map(name, &json!(name)),
        )
        .await;
    }
    let mut watches = Watches::start(server.kubeconfig()).await;
    let mut labelled = monitor(1, "cm", "");
    labelled.selection.namespaces = Namespaces::Labelled(format!("{}=a", namespace.name()));

    watches.shared.reconcile(vec![labelled]);
    watches.tells(&["1 listed"]).await;
    assert_eq!(watches.seen(1), ["a=\"a\""]);
    rest::merge(&client, &path(other.name()), "jane", &label(json!("a"))).await;
    watches.tells(&["1 Added b=\"b\""]).await;
    rest::merge(
        &client,
        &path(namespace.name()),
        "jane",
        &label(Value::Null),
    )
    .await;
    watches.tells(&["1 Deleted a=\"a\""]).await;
    assert_eq!(watches.seen(1), ["b=\"b\""]);
    watches.stop().await;
}

#[tokio::test]
async fn names_and_fields_narrow_what_is_seen() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    for name in ["a", "b", "c"] {
        rest::create(
            &client,
            &config_maps(namespace.name()),
            &config_map(name, &json!(name)),
        )
        .await;
    }
    let mut watches = Watches::start(server.kubeconfig()).await;
    let mut named = monitor(1, "ConfigMap", namespace.name());
    named.selection.names = ["a", "c", "late"].map(str::to_owned).to_vec();
    let mut by_field = monitor(2, "configmap", namespace.name());
    by_field.selection.fields = "metadata.name!=a".to_owned();
    let mut by_label = monitor(3, "configmaps", namespace.name());
    by_label.selection.labels = "is in (b,c)".to_owned();
    by_label.selection.fields = "metadata.name!=c".to_owned();

    watches.shared.reconcile(vec![named, by_field, by_label]);
    watches
        .tells_in_any_order(&["1 listed", "2 listed", "3 listed"])
        .await;
    assert_eq!(watches.seen(1), ["a=\"a\"", "c=\"c\""]);
    assert_eq!(watches.seen(2), ["b=\"b\"", "c=\"c\""]);
    assert_eq!(watches.seen(3), ["b=\"b\""]);
    let late = config_map("late", &json!("late"));
    rest::create(&client, &config_maps(namespace.name()), &late).await;
    watches
        .tells_in_any_order(&["1 Added late=\"late\"", "2 Added late=\"late\""])
        .await;
    watches.stop().await;
}

#[tokio::test]
async fn unchanged_filter_result_is_no_event_and_failing_filter_disturbs_nobody() {
    let Some(server) = support::api_server() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    let collection = config_maps(namespace.name());
    rest::create(&client, &collection, &config_map("a", &json!("{\"n\":1}"))).await;
    rest::create(&client, &collection, &config_map("bad", &json!("no JSON"))).await;
    let mut watches = Watches::start(server.kubeconfig()).await;
    let filter = Some(Filter::compile(".data.text | fromjson | .n").unwrap());

    let strict = Monitor {
        filter,
        ..monitor(1, "cm", namespace.name())
    };
    watches.shared.reconcile(vec![strict]);
    let told = watches.told().await;
    let place = format!("fails on ConfigMap {}/bad: ", namespace.name());
    assert!(
        told.contains(".data.text | fromjson | .n") && told.contains(&place),
        "{told}"
    );
    watches.tells(&["1 listed"]).await;
    assert_eq!(watches.seen(1), ["a=1"]);
    let change = |text: &str| json!({"data": {"text": text}});
    rest::merge(
        &client,
        &format!("{collection}/a"),
        "jane",
        &change("{\"n\": 1}"),
    )
    .await;
    rest::merge(
        &client,
        &format!("{collection}/a"),
        "jane",
        &change("{\"n\":2}"),
    )
    .await;
    watches.tells(&["1 Modified a=2"]).await;
    rest::merge(
        &client,
        &format!("{collection}/bad"),
        "jane",
        &change("{\"n\":3}"),
    )
    .await;
    watches.tells(&["1 Added bad=3", "1 recovered"]).await;
    rest::delete(&client, &format!("{collection}/a")).await;
    watches.tells(&["1 Deleted a=2"]).await;
    watches.stop().await;
}

#[tokio::test]
async fn missing_right_is_told_at_once_and_awaited() {
    let Some(server) = support::api_server() else {
        return;
    };
    let Some(ours) = server.control_plane() else {
        return;
    };
    let (namespace, client) = (server.namespace("watch").await, server.client().await);
    let kubeconfig = ours
        .kubeconfig_for(namespace.name(), &[])
        .expect("a kubeconfig");
    let mut watches = Watches::start(&kubeconfig).await;

    watches
        .shared
        .reconcile(vec![monitor(1, "secrets", namespace.name())]);
    let told = watches.told().await;
    let right = format!(
        "1 no right to list secrets in namespace {}: secrets is forbidden: ",
        namespace.name()
    );
    assert!(told.starts_with(&right), "{told}");
    let rights = format!(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{}",
        namespace.name()
    );
    let role = json!({
        "metadata": {"name": "reader"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch"]}],
    });
    rest::create(&client, &format!("{rights}/roles"), &role).await;
    let binding = json!({
        "metadata": {"name": "reader"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": namespace.name()}],
        "roleRef": {"kind": "Role", "apiGroup": "rbac.authorization.k8s.io", "name": "reader"},
    });
    rest::create(&client, &format!("{rights}/rolebindings"), &binding).await;
    watches.tells(&["1 listed", "1 recovered"]).await;
    watches.stop().await;
}

#[tokio::test]
async fn objects_of_ours_that_may_not_be_read_fail_at_once() {
    let Some(server) = support::api_server() else {
        return;
    };
    let Some(ours) = server.control_plane() else {
        return;
    };
    let kubeconfig = ours.kubeconfig_for("nobody", &[]).expect("a kubeconfig");
    let client = connect(&kubeconfig).await;
    let secrets = cluster::Resource::known("", "v1", "Secret", "secrets", true);
    let (managed, stop) = (Managed::new(client, "test"), CancellationToken::new());
    let mut running = JoinSet::new();
    running.spawn(managed.clone().run(stop.clone()));

    let begun = Instant::now();
    let error = managed
        .know(&[secrets], Duration::from_mins(2))
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no right to list and watch the Secret objects"),
        "{error}"
    );
    assert!(
        begun.elapsed() < Duration::from_mins(1),
        "{:?}",
        begun.elapsed()
    );
    stop.cancel();
}

#[tokio::test]
async fn what_happened_while_the_server_was_away_is_told() {
    let Some(mut server) = support::private_server().await else {
        return;
    };
    let kubeconfig = server.kubeconfig().to_owned();
    let client = support::client(&kubeconfig).await;
    let collection = config_maps("default");
    for name in ["a", "b"] {
        rest::create(&client, &collection, &config_map(name, &json!(name))).await;
    }
    let mut watches = Watches::start(&kubeconfig).await;
    let mut ours = monitor(1, "cm", "default");
    ours.selection.labels = "is in (a,b,c)".to_owned();
    watches.shared.reconcile(vec![ours]);
    watches.tells(&["1 listed"]).await;

    server.stop_api_server().await.expect("a stop");
    server.start_api_server().await.expect("a start");
    rest::delete(&client, &format!("{collection}/a")).await;
    rest::create(&client, &collection, &config_map("c", &json!("c"))).await;

    let mut told = Vec::new();
    while told.len() < 2 {
        let line = watches.told().await;
        // How long the server was away decides whether that is told as well.
        if line.contains("Added") || line.contains("Deleted") {
            told.push(line);
        }
    }
    told.sort();
    assert_eq!(told, ["1 Added c=\"c\"", "1 Deleted a=\"a\""]);
    assert_eq!(watches.seen(1), ["b=\"b\"", "c=\"c\""]);
    watches.stop().await;
}

#[tokio::test]
async fn many_watches_leave_room_for_other_requests() {
    let Some(server) = support::api_server() else {
        return;
    };
    let namespace = server.namespace("watch").await;
    let mut watches = Watches::start(server.kubeconfig()).await;
    let mut named = monitor(1, "cm", namespace.name());
    // A connection carries a hundred requests at once.
    named.selection.names = (0..250).map(|number| format!("name-{number}")).collect();

    watches
        .shared
        .reconcile(vec![named, monitor(2, "secrets", namespace.name())]);
    watches.tells_in_any_order(&["1 listed", "2 listed"]).await;
    let client = server.client().await;
    for number in [0, 249] {
        let late = config_map(&format!("name-{number}"), &json!("late"));
        rest::create(&client, &config_maps(namespace.name()), &late).await;
        watches
            .tells(&[&format!("1 Added name-{number}=\"late\"")])
            .await;
    }
    watches
        .shared
        .reconcile(vec![monitor(3, "Secret", namespace.name())]);
    watches.tells(&["3 listed"]).await;
    watches.stop().await;
}
