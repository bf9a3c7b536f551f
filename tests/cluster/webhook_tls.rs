//! Certificates of webhooks, their servers and configurations, against a real API server.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use addon_operator::webhook::Orders;
use jiff::SignedDuration;
use kube::Client;
use rcgen::{CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use super::scene::PATIENCE;
use super::stage::definition;
use super::webhook_stand::{MAPS, Serving, Stand, visit};
use crate::support::{eventually, rest};

const NOW: SignedDuration = SignedDuration::ZERO;

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count * 24)
}

/// A server that validates `ConfigMap`s, and that the API server asks already.
async fn validating(prefix: &str) -> Option<(Stand, Serving)> {
    validating_since(prefix, NOW).await
}

async fn validating_since(prefix: &str, ahead: SignedDuration) -> Option<(Stand, Serving)> {
    let stand = Stand::new(prefix).await?;
    let serving = stand.serve(ahead).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    Some((stand, serving))
}

/// Runs `change` while the API server asks and others connect, again and again; nothing may fail.
fn under_load<'a>(
    stand: &'a Stand,
    change: impl Future<Output = ()> + 'a,
) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(load(stand, change))
}

async fn load(stand: &Stand, change: impl Future<Output = ()>) {
    let done = AtomicBool::new(false);
    let (asked, visited) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let ask = async {
        while !done.load(Ordering::Relaxed) {
            stand.try_map("good").await.expect("no refusal");
            asked.fetch_add(1, Ordering::Relaxed);
        }
    };
    let connect = async {
        while !done.load(Ordering::Relaxed) {
            stand.visit().await.expect("a handshake");
            visited.fetch_add(1, Ordering::Relaxed);
        }
    };
    let change = async {
        let more = async |count: usize| {
            let goals = [&asked, &visited].map(|counter| counter.load(Ordering::Relaxed) + count);
            eventually("requests go on", PATIENCE, async || {
                let now = [&asked, &visited].map(|counter| counter.load(Ordering::Relaxed));
                if now[0] >= goals[0] && now[1] >= goals[1] {
                    Ok(())
                } else {
                    Err(format!("{now:?}"))
                }
            })
            .await;
        };
        more(5).await;
        change.await;
        more(10).await;
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(ask, connect, Box::pin(change));
    eprintln!("{asked:?} requests and {visited:?} handshakes, none of which failed");
}

/// Waits until visitors meet another certificate.
async fn until_another(stand: &Stand, before: &[u8]) -> Vec<u8> {
    eventually("another certificate", PATIENCE, async || {
        let chain = stand.visit().await?;
        let leaf = chain.first().ok_or("no certificate")?.to_vec();
        if leaf == before {
            Err("the same".to_owned())
        } else {
            Ok(leaf)
        }
    })
    .await
}

async fn leaf(stand: &Stand) -> Vec<u8> {
    stand.visit().await.expect("a handshake")[0].to_vec()
}

#[tokio::test]
async fn api_server_asks_a_server_whose_certificate_is_in_a_secret() {
    let Some((stand, serving)) = validating("asks").await else {
        return;
    };
    stand.try_map("good").await.unwrap();
    let why = stand.try_map("bad").await.unwrap_err();
    assert!(
        why.contains("\"maps.example.com\" denied the request: bad"),
        "{why}"
    );
    let secret = rest::get(&stand.client, &stand.secret_path())
        .await
        .unwrap();
    assert_eq!(secret["type"], "kubernetes.io/tls");
    let data = secret["data"].as_object().unwrap();
    let keys: Vec<&String> = data.keys().collect();
    assert_eq!(keys, ["ca.crt", "ca.key", "tls.crt", "tls.key"]);
    let found = stand.validating().await.unwrap();
    assert_eq!(
        found["metadata"]["labels"]["addon-operator.io/webhooks"],
        stand.namespace()
    );
    assert_eq!(
        found["metadata"]["managedFields"][0]["manager"],
        "addon-operator/webhooks"
    );
    let asked = serving.metric("test_webhook_requests_total{code=\"200\",server=\"admission\"}");
    assert!(
        asked.is_some_and(|count| count >= 2.0),
        "{}",
        serving.registry.text()
    );
    let end =
        serving.metric("test_webhook_certificate_end_timestamp_seconds{server=\"admission\"}");
    #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
    let left = end.unwrap() - jiff::Timestamp::now().as_second() as f64;
    assert!((left / 86400.0 - 90.0).abs() < 1.0, "{left}");
}

#[tokio::test]
async fn restart_writes_nothing_and_shows_the_same_certificate() {
    let Some((stand, serving)) = validating("restarts").await else {
        return;
    };
    let before = (leaf(&stand).await, stand.validating().await);
    serving.stop().await;
    let serving = stand.serve(NOW).await;
    // At first only some hooks are known: what others wanted stays.
    let none = Orders::default();
    serving.orders.send_replace(none);
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    assert_eq!((leaf(&stand).await, stand.validating().await), before);
    assert_eq!(serving.told("WebhookCertificateRenewed"), [""; 0]);
}

#[tokio::test]
async fn certificate_is_renewed_under_load_without_a_failed_request() {
    let Some((stand, serving)) = validating_since("renews", -days(65)).await else {
        return;
    };
    let (before, bundle) = (leaf(&stand).await, stand.secret("ca.crt").await.unwrap());
    under_load(&stand, async {
        serving.move_clock(NOW);
        until_another(&stand, &before).await;
    })
    .await;
    assert_eq!(stand.secret("ca.crt").await.unwrap(), bundle);
    assert_eq!(serving.told("WebhookConfigurationPutRight"), [""; 0]);
}

/// The clock goes from the year in which an authority was made to that in which it ends.
#[tokio::test]
async fn authority_is_renewed_under_load_without_a_failed_request() {
    let Some(stand) = Stand::new("authority").await else {
        return;
    };
    let serving = stand.serve(days(310 - 5 * 365)).await;
    serving.orders.send_replace(stand.orders(MAPS));
    let old = stand.until_secret("ca.crt", "").await;
    let first = stand.secret("tls.crt").await.unwrap();
    serving.move_clock(-days(65));
    stand.until_secret("tls.crt", &first).await;
    stand.until_asked().await;
    let before = leaf(&stand).await;
    under_load(&stand, async {
        serving.move_clock(NOW);
        // A certificate of the old authority, and a new one beside that.
        let now = until_another(&stand, &before).await;
        let both = stand.until_secret("ca.crt", &old).await;
        assert!(both.ends_with(&old), "{both}");
        stand
            .until_validating("both are trusted", |found| bundle(found) == both)
            .await;
        assert_eq!(leaf(&stand).await, now);
        // An hour later, a certificate of the new one.
        serving.move_clock(SignedDuration::from_mins(70));
        let new = until_another(&stand, &now).await;
        assert_eq!(stand.secret("ca.crt").await.unwrap(), both);
        // A day later, the new one alone; for those who are late the old one is trusted a little longer.
        serving.move_clock(days(1) + SignedDuration::from_mins(80));
        let alone = stand.until_secret("ca.crt", &both).await;
        assert_eq!(alone, both.strip_suffix(&old).unwrap());
        serving.move_clock(days(1) + SignedDuration::from_mins(100));
        stand
            .until_validating("the new one is trusted", |found| bundle(found) == alone)
            .await;
        assert_eq!(leaf(&stand).await, new);
    })
    .await;
}

fn bundle(configuration: Option<&Value>) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let client = configuration.map(|found| &found["webhooks"][0]["clientConfig"]);
    let bundle = client.and_then(|client| client["caBundle"].as_str());
    String::from_utf8(STANDARD.decode(bundle.unwrap_or_default()).unwrap()).unwrap()
}

#[tokio::test]
async fn secret_that_others_change_or_delete_is_put_right() {
    let Some((stand, serving)) = validating("secret").await else {
        return;
    };
    let before = (leaf(&stand).await, stand.secret("tls.key").await.unwrap());
    under_load(&stand, async {
        let path = stand.secret_path();
        rest::delete(&stand.client, &path).await;
        let is_back = |found: Option<&Value>| found.is_some();
        stand.until(&path, "it is back", is_back).await;
        let change = json!({"data": {"tls.key": "eA=="}});
        rest::merge(&stand.client, &path, "somebody", &change).await;
        stand.until_secret("tls.key", "x").await;
        let change = json!({"data": {"ca.key": null}});
        rest::merge(&stand.client, &path, "somebody", &change).await;
        stand.until_secret("ca.key", "").await;
    })
    .await;
    let after = (leaf(&stand).await, stand.secret("tls.key").await.unwrap());
    assert_eq!(after, before);
    let told = serving.told("WebhookCertificateRenewed").join("\n");
    assert!(
        told.contains("the key: expected a private key in PEM"),
        "{told}"
    );
    assert!(told.contains("ca.key is missing"), "{told}");
    assert!(!told.contains(&before.1), "{told}");
}

#[tokio::test]
async fn secret_of_another_kind_is_replaced() {
    let Some(stand) = Stand::new("kind").await else {
        return;
    };
    let (namespace, path) = (stand.namespace(), stand.secret_path());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": format!("{namespace}-tls")},
    });
    let (collection, _) = path.rsplit_once('/').unwrap();
    rest::create(&stand.client, collection, &secret).await;
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
}

#[tokio::test]
async fn two_replicas_show_one_certificate() {
    let Some(stand) = Stand::new("replicas").await else {
        return;
    };
    let mut other = stand.settings.clone();
    other.admission.listen.set_port(0);
    let (first, second) = tokio::join!(stand.serve(NOW), async {
        let serving = stand.serve_as(other, NOW).await;
        serving.orders.send_replace(stand.orders(MAPS));
        serving
    });
    first.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    let made = [&first, &second].map(|serving| serving.told("WebhookCertificateRenewed").len());
    assert_eq!(made.iter().sum::<usize>(), 1, "{made:?}");
    let put_right = [&first, &second].map(|serving| serving.told("WebhookConfigurationPutRight"));
    assert_eq!(put_right, [Vec::<String>::new(), Vec::new()]);
}

#[tokio::test]
async fn configuration_that_others_change_or_delete_is_put_right() {
    let Some((stand, serving)) = validating("edits").await else {
        return;
    };
    let wanted = stand.validating().await.unwrap()["webhooks"].clone();
    let path = stand.configuration("validating");
    let change = json!([
        {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"},
        {"op": "remove", "path": "/metadata/labels"},
    ]);
    rest::json_patch(&stand.client, &path, "somebody", &change).await;
    let is_wanted = |found: Option<&Value>| found.is_some_and(|found| found["webhooks"] == wanted);
    stand.until_validating("it is as before", is_wanted).await;
    let more = json!([{"op": "copy", "from": "/webhooks/0", "path": "/webhooks/1"},
        {"op": "replace", "path": "/webhooks/0/name", "value": "more.example.com"}]);
    rest::json_patch(&stand.client, &path, "somebody", &more).await;
    stand.until_validating("it is as before", is_wanted).await;
    rest::delete(&stand.client, &path).await;
    stand.until_validating("it is as before", is_wanted).await;
    stand.until_asked().await;
    let told = serving.told("WebhookConfigurationPutRight");
    assert!(told.len() >= 3, "{told:?}");
    let name = format!("ValidatingWebhookConfiguration {}: somebody", stand.name());
    assert!(told[0].starts_with(&name), "{told:?}");
}

#[tokio::test]
async fn configurations_go_with_the_last_hook_that_wants_them() {
    let Some((stand, serving)) = validating("goes").await else {
        return;
    };
    let mutating = MAPS.replace("kubernetesValidating", "kubernetesMutating");
    serving.orders.send_replace(stand.orders(&mutating));
    let is_gone = |found: Option<&Value>| found.is_none();
    stand.until_validating("it is gone", is_gone).await;
    let path = stand.configuration("mutating");
    stand
        .until(&path, "it is there", |found| found.is_some())
        .await;
    serving
        .orders
        .send_replace(stand.orders("configVersion: v1\nonStartup: 1"));
    stand.until(&path, "it is gone", is_gone).await;
    eventually("nobody is asked", PATIENCE, async || {
        stand.try_map("bad").await
    })
    .await;
}

#[tokio::test]
async fn what_an_earlier_life_left_goes_when_all_hooks_are_known() {
    let Some((stand, serving)) = validating("stale").await else {
        return;
    };
    serving.stop().await;
    // It stays at the end: the next start serves it, and until then what it guards is guarded.
    assert!(stand.validating().await.is_some());
    let why = stand.try_map("good").await.unwrap_err();
    assert!(why.contains("failed calling webhook"), "{why}");
    // Under another name, too.
    let old = stand.name();
    let mut settings = stand.settings.clone();
    settings.configuration_name.push_str("-new");
    let serving = stand.serve_as(settings, NOW).await;
    let mut orders = stand.orders(MAPS);
    orders.is_complete = false;
    serving.orders.send_replace(orders);
    let path = stand.configuration("validating");
    let new = path.replace(&old, &format!("{}-new-hooks", stand.namespace()));
    stand
        .until(&new, "the new one is there", |found| found.is_some())
        .await;
    assert!(stand.validating().await.is_some());
    serving
        .orders
        .send_replace(stand.orders("configVersion: v1\nonStartup: 1"));
    stand
        .until(&path, "it is gone", |found| found.is_none())
        .await;
    stand
        .until(&new, "it is gone", |found| found.is_none())
        .await;
}

#[tokio::test]
async fn configuration_of_the_original_is_taken_over_and_that_of_others_is_not() {
    let Some(stand) = Stand::new("takeover").await else {
        return;
    };
    let path = stand.configuration("validating");
    let (collection, _) = path.rsplit_once('/').unwrap();
    let configuration = |namespace: &str| {
        let service = json!({
            "namespace": namespace, "name": stand.settings.admission.service, "path": "/hooks/old",
        });
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": stand.name()},
            "webhooks": [{
                "name": "old.example.com", "clientConfig": {"service": service},
                "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "rules": [{"apiGroups": ["none.example.com"], "apiVersions": ["v1"],
                    "operations": ["CREATE"], "resources": ["nones"]}],
            }],
        })
    };
    rest::create(&stand.client, collection, &configuration("elsewhere")).await;
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    let told = serving.until_told("WebhookConfigurationFailed").await;
    assert!(
        told.contains("it leads to another Service, so it is not ours"),
        "{told}"
    );
    serving
        .orders
        .send_replace(stand.orders("configVersion: v1\nonStartup: 1"));
    rest::delete(&stand.client, &path).await;
    rest::create(&stand.client, collection, &configuration(stand.namespace())).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    let found = stand.validating().await.unwrap();
    let names: Vec<_> = found["webhooks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, ["maps.example.com"]);
}

#[tokio::test]
async fn webhook_that_the_server_does_not_take_keeps_no_other_away() {
    let Some((stand, serving)) = validating("left-out").await else {
        return;
    };
    let bad = "
- name: bad.example.com
  matchConditions: [{name: broken, expression: 'object.('}]
  rules:
  - {apiGroups: [none.example.com], apiVersions: [v1], operations: [CREATE], resources: [nones]}
- name: last.example.com
  rules:
  - {apiGroups: [none.example.com], apiVersions: [v1], operations: [CREATE], resources: [nones]}
";
    let config = MAPS.replace(
        "kubernetesValidating:",
        &format!("kubernetesValidating:{bad}"),
    );
    serving.orders.send_replace(stand.orders(&config));
    let told = serving.until_told("WebhookConfigurationFailed").await;
    let start = format!(
        "ValidatingWebhookConfiguration {}: webhook \"bad.example.com\" is left out: matchConditions[",
        stand.name()
    );
    assert!(told.starts_with(&start), "{told}");
    let found = stand.validating().await.unwrap();
    let all = found["webhooks"].as_array().unwrap();
    let names: Vec<_> = all.iter().map(|webhook| &webhook["name"]).collect();
    assert_eq!(names, ["last.example.com", "maps.example.com"]);
    stand.until_asked().await;
    // It is not tried again and again.
    assert_eq!(serving.told("WebhookConfigurationPutRight"), [""; 0]);
}

#[tokio::test]
async fn missing_rights_are_told() {
    let Some(mut stand) = Stand::new("rights").await else {
        return;
    };
    let Some(kubeconfig) = stand.without_rights() else {
        return;
    };
    stand.kubeconfig = kubeconfig;
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    let told = serving.until_told("WebhookCertificateFailed").await;
    assert!(told.contains("cannot list resource \"secrets\""), "{told}");
    let told = serving.until_told("WebhookConfigurationFailed").await;
    assert!(told.contains("cannot list resource"), "{told}");
}

// ── Conversions ──────────────────────────────────────────────────────────────────────────────────

const CONVERSION: &str = "
configVersion: v1
kubernetesCustomResourceConversion:
- name: widgets
  crdName: widgets.@LETTERS@.example.com
  conversions:
  - {fromVersion: v1, toVersion: v2}
";

/// A definition with two versions.
fn two_versions(letters: &str) -> Value {
    let mut definition: Value =
        serde_yaml::from_str(definition(letters).trim_start_matches("---")).unwrap();
    let versions = definition["spec"]["versions"].as_array_mut().unwrap();
    let mut second = versions[0].clone();
    second["name"] = "v2".into();
    second["storage"] = false.into();
    versions.push(second);
    definition
}

fn letters(stand: &Stand) -> &str {
    stand.namespace().rsplit_once('-').unwrap().1
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

async fn until_converted(client: &Client, path: &str) {
    eventually("it is converted", PATIENCE, async || {
        match rest::get(client, path).await {
            Some(widget)
                if widget["apiVersion"]
                    .as_str()
                    .is_some_and(|it| it.ends_with("/v2")) =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn conversion_waits_for_its_definition_and_goes_with_its_hook() {
    let Some(stand) = Stand::new("converts").await else {
        return;
    };
    let serving = stand.serve(NOW).await;
    let config = CONVERSION.replace("@LETTERS@", letters(&stand));
    serving.orders.send_replace(stand.orders(&config));
    // The server listens before the definition is there.
    stand.until_secret("tls.crt", "").await;
    rest::create(&stand.client, DEFINITIONS, &two_versions(letters(&stand))).await;
    let name = format!("{DEFINITIONS}/widgets.{}.example.com", letters(&stand));
    let is_ours = |found: Option<&Value>| {
        found.is_some_and(|found| found["spec"]["conversion"]["strategy"] == "Webhook")
    };
    stand.until(&name, "it is converted by us", is_ours).await;
    let change = json!({"spec": {"conversion": {"strategy": "None", "webhook": null}}});
    rest::merge(&stand.client, &name, "somebody", &change).await;
    stand
        .until(&name, "it is converted by us again", is_ours)
        .await;
    let widgets = |version: &str| {
        let (letters, namespace) = (letters(&stand), stand.namespace());
        format!("/apis/{letters}.example.com/{version}/namespaces/{namespace}/widgets")
    };
    let widget = json!({
        "apiVersion": format!("{}.example.com/v1", letters(&stand)), "kind": "Widget",
        "metadata": {"name": "w"}, "spec": {"size": 1},
    });
    let (client, path) = (&stand.client, widgets("v1"));
    eventually("the kind is served", PATIENCE, async || {
        let found = rest::get(client, &path).await;
        found.map(|_| ()).ok_or_else(|| "not served".to_owned())
    })
    .await;
    rest::create(&stand.client, &path, &widget).await;
    let before = serving.count();
    let second = format!("{}/w", widgets("v2"));
    until_converted(&stand.client, &second).await;
    assert!(serving.count() > before);
    assert!(!serving.told("WebhookConfigurationPutRight").is_empty());
    // Nothing is left of us when no hook converts any more.
    serving
        .orders
        .send_replace(stand.orders("configVersion: v1\nonStartup: 1"));
    let found = stand.until(&name, "it is not converted", |found| {
        found.is_some_and(|found| found["spec"]["conversion"] == json!({"strategy": "None"}))
    });
    let found = found.await.unwrap();
    assert_eq!(found["metadata"]["labels"], Value::Null);
    rest::delete(&stand.client, &name).await;
}

#[tokio::test]
async fn conversion_of_others_stays() {
    let Some(stand) = Stand::new("foreign").await else {
        return;
    };
    let mut definition = two_versions(letters(&stand));
    let service = json!({"namespace": "elsewhere", "name": "a", "path": "/b", "port": 443});
    let conversion = json!({
        "strategy": "Webhook",
        "webhook": {"clientConfig": {"service": service}, "conversionReviewVersions": ["v1"]},
    });
    definition["spec"]["conversion"] = conversion.clone();
    rest::create(&stand.client, DEFINITIONS, &definition).await;
    let serving = stand.serve(NOW).await;
    let config = CONVERSION.replace("@LETTERS@", letters(&stand));
    serving.orders.send_replace(stand.orders(&config));
    let told = serving.until_told("WebhookConfigurationFailed").await;
    assert!(
        told.contains("its conversion leads to somebody else"),
        "{told}"
    );
    serving
        .orders
        .send_replace(stand.orders("configVersion: v1\nonStartup: 1"));
    let name = format!("{DEFINITIONS}/widgets.{}.example.com", letters(&stand));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let found = rest::get(&stand.client, &name).await.unwrap();
    assert_eq!(found["spec"]["conversion"], conversion);
    rest::delete(&stand.client, &name).await;
}

// ── Files ────────────────────────────────────────────────────────────────────────────────────────

/// A folder that a Secret is mounted on, as the kubelet does it.
struct Mount {
    folder: tempfile::TempDir,
    turns: std::cell::Cell<usize>,
}

impl Mount {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mount = Self {
            folder,
            turns: 0.into(),
        };
        for name in ["tls.crt", "tls.key", "ca.crt"] {
            let link = mount.folder.path().join(name);
            std::os::unix::fs::symlink(format!("..data/{name}"), link).unwrap();
        }
        mount
    }

    /// Puts all files in at once.
    fn put(&self, files: &[(&str, &str)]) {
        let turn = self.turns.get() + 1;
        self.turns.set(turn);
        let (root, data) = (self.folder.path(), format!("..{turn}"));
        std::fs::create_dir(root.join(&data)).unwrap();
        for (name, text) in files {
            std::fs::write(root.join(&data).join(name), text).unwrap();
        }
        std::os::unix::fs::symlink(&data, root.join("..new")).unwrap();
        std::fs::rename(root.join("..new"), root.join("..data")).unwrap();
    }

    fn stand(&self, stand: &mut Stand) {
        let files = &mut stand.settings.admission.files;
        files.certificate = self.folder.path().join("tls.crt");
        files.key = self.folder.path().join("tls.key");
        files.authorities = self.folder.path().join("ca.crt");
    }
}

/// An authority of a person, and a certificate of it: chain, key, authority.
fn given() -> [String; 3] {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    let name = format!("authority {:?}", &key.public_key_raw()[1..9]);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap();
    [
        section("CERTIFICATE", leaf.der()),
        section("PRIVATE KEY", key.serialized_der()),
        section("CERTIFICATE", authority.der()),
    ]
}

fn section(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn files([chain, key, authority]: &[String; 3]) -> [(&'static str, &str); 3] {
    [("tls.crt", chain), ("tls.key", key), ("ca.crt", authority)]
}

#[tokio::test]
async fn given_files_are_used_and_read_again_without_a_failed_request() {
    let Some(mut stand) = Stand::new("files").await else {
        return;
    };
    let mount = Mount::new();
    let (first, second) = (given(), given());
    mount.put(&files(&first));
    mount.stand(&mut stand);
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    stand
        .until_validating("the given one", |found| bundle(found) == first[2])
        .await;
    assert_eq!(stand.secret("tls.crt").await, None);
    let before = leaf(&stand).await;
    under_load(&stand, async {
        // Another authority, all at once.
        mount.put(&files(&second));
        until_another(&stand, &before).await;
    })
    .await;
    let found = stand.validating().await.unwrap();
    assert_eq!(bundle(Some(&found)), format!("{}{}", second[2], first[2]));
    serving.move_clock(SignedDuration::from_mins(16));
    stand
        .until_validating("the old one goes", |found| bundle(found) == second[2])
        .await;
}

#[tokio::test]
async fn broken_files_are_told_and_the_last_good_ones_stay_in_use() {
    let Some(mut stand) = Stand::new("broken").await else {
        return;
    };
    let mount = Mount::new();
    let (first, second) = (given(), given());
    mount.put(&files(&first));
    mount.stand(&mut stand);
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    let before = leaf(&stand).await;
    let [chain, _, authority] = &second;
    let mixed = [chain.clone(), first[1].clone(), authority.clone()];
    mount.put(&files(&mixed));
    let told = serving.until_told("WebhookFilesRefused").await;
    assert!(
        told.contains(
            "tls.crt: the key is not that of the certificate; the last good ones stay in use"
        ),
        "{told}"
    );
    assert_eq!(leaf(&stand).await, before);
    stand.try_map("good").await.unwrap();
    let errors = serving.metric("test_webhook_certificate_errors_total{server=\"admission\"}");
    assert!(errors.is_some_and(|count| count >= 1.0), "{errors:?}");
    mount.put(&files(&second));
    until_another(&stand, &before).await;
    stand.until_asked().await;
}

#[tokio::test]
async fn without_usable_files_the_operator_makes_a_certificate() {
    let Some(mut stand) = Stand::new("unusable").await else {
        return;
    };
    let mount = Mount::new();
    let given = given();
    mount.put(&[("tls.crt", &given[0])]);
    mount.stand(&mut stand);
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand.until_asked().await;
    let own = leaf(&stand).await;
    let told = serving.until_told("WebhookFilesRefused").await;
    assert!(
        told.ends_with("tls.key is not there; the operator's own certificate is used"),
        "{told}"
    );
    under_load(&stand, async {
        mount.put(&files(&given));
        until_another(&stand, &own).await;
    })
    .await;
}

#[tokio::test]
async fn visitors_without_a_certificate_get_the_health_alone_when_one_is_asked_for() {
    let Some(mut stand) = Stand::new("mutual").await else {
        return;
    };
    let authority = tempfile::NamedTempFile::new().unwrap();
    let [_, _, text] = given();
    std::fs::write(authority.path(), text).unwrap();
    stand.settings.admission.files.client_authorities = vec![authority.path().to_owned()];
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    stand
        .until_validating("it is there", |found| found.is_some())
        .await;
    let trusted = stand.secret("ca.crt").await.unwrap();
    visit(stand.port, trusted.as_bytes()).await.unwrap();
    let why = eventually("a refusal", PATIENCE, async || {
        match stand.try_map("good").await {
            Err(why) => Ok(why),
            Ok(()) => Err("allowed".to_owned()),
        }
    });
    let why = why.await;
    assert!(why.contains("failed calling webhook"), "{why}");
    assert_eq!(serving.count(), 0);
    let refused = serving.metric("test_webhook_requests_total{code=\"403\",server=\"admission\"}");
    assert!(refused.is_some(), "{}", serving.registry.text());
}

#[tokio::test]
async fn taken_port_is_told_and_tried_again() {
    let Some(stand) = Stand::new("port").await else {
        return;
    };
    let taken = std::net::TcpListener::bind(("127.0.0.1", stand.port)).unwrap();
    let serving = stand.serve(NOW).await;
    serving.orders.send_replace(stand.orders(MAPS));
    let told = serving.until_told("WebhookListenFailed").await;
    assert!(told.contains("in use"), "{told}");
    // Nothing leads here before somebody listens.
    assert!(stand.validating().await.is_none());
    drop(taken);
    stand.until_asked().await;
}

#[tokio::test]
async fn what_is_being_answered_at_the_end_is_answered() {
    let Some((stand, serving)) = validating("ends").await else {
        return;
    };
    let stand = Arc::new(stand);
    let gate = serving.gate.clone();
    let closed = gate.clone().acquire_owned().await.unwrap();
    let asked = serving.count();
    let other = stand.clone();
    let request = tokio::task::JoinSet::from_iter([async move { other.try_map("good").await }]);
    eventually("it is asked", PATIENCE, async || {
        if serving.count() > asked {
            Ok(())
        } else {
            Err(String::new())
        }
    })
    .await;
    let stop = serving.stop();
    tokio::pin!(stop);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut stop).await;
    assert!(early.is_err(), "it ended before it answered");
    drop(closed);
    stop.await;
    let answers = request.join_all().await;
    assert_eq!(answers, [Ok(())]);
}
