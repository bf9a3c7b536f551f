//! Certificates and tokens that rotate while the operator runs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use super::scene::Scene;
use super::survived;
use crate::support::proxy::{Authority, Caller, Pass};
use crate::support::{self, Modules, Operator, eventually, rest};

#[tokio::test]
async fn token_that_rotates_on_disk_is_read_as_soon_as_the_old_one_is_refused() {
    let Some(scene) = Scene::new("token").await else {
        return;
    };
    let file = scene.proxy.path("token");
    let accepted = Arc::new(Mutex::new("first".to_owned()));
    std::fs::write(&file, "first").unwrap();
    scene.proxy.write_kubeconfig(&json!({"tokenFile": file}));
    let known = accepted.clone();
    scene
        .proxy
        .admit(move |caller: &Caller| caller.token == *known.lock().unwrap());
    let mut operator = scene.start();
    operator.converged().await;
    scene.settled("0", "").await;

    // As the kubelet does it: the new one is there before the old one is refused.
    std::fs::write(&file, "second").unwrap();
    *accepted.lock().unwrap() = "second".to_owned();
    scene.proxy.cut();
    let rotated = Instant::now();
    scene.disturb("1", "one").await;
    let took = scene.recovered(&mut operator, rotated, ("1", "one")).await;
    survived("token rotated, the old one refused at once", took);
    operator.stop().await;
}

/// The other way round: what is on disk is refused for a while.
#[tokio::test]
async fn token_that_is_refused_before_the_new_one_is_there_is_waited_for() {
    let Some(scene) = Scene::new("token").await else {
        return;
    };
    let file = scene.proxy.path("token");
    std::fs::write(&file, "first").unwrap();
    scene.proxy.write_kubeconfig(&json!({"tokenFile": file}));
    let mut operator = scene.start();
    operator.converged().await;
    scene.settled("0", "").await;

    scene
        .proxy
        .admit(|caller: &Caller| caller.token == "second");
    scene.proxy.cut();
    scene.disturb("1", "one").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    std::fs::write(&file, "second").unwrap();
    let rotated = Instant::now();
    let took = scene.recovered(&mut operator, rotated, ("1", "one")).await;
    survived("token refused for 4 s before the new one is there", took);
    operator.stop().await;
}

#[tokio::test]
async fn client_certificate_that_rotates_on_disk_is_read_when_the_old_one_is_refused() {
    let Some(scene) = Scene::new("certificate").await else {
        return;
    };
    let callers = Authority::new();
    let (first, second) = (callers.pass("first"), callers.pass("second"));
    let files = ["client.pem", "client.key"].map(|name| scene.proxy.path(name));
    let write = |pass: &Pass| {
        std::fs::write(&files[0], &pass.certificate).unwrap();
        std::fs::write(&files[1], &pass.key).unwrap();
    };
    write(&first);
    let user = json!({"client-certificate": files[0], "client-key": files[1]});
    scene.proxy.write_kubeconfig(&user);
    scene.proxy.present_as_before(Some(&callers));
    let accepted = Arc::new(Mutex::new(first.der.clone()));
    let known = accepted.clone();
    scene
        .proxy
        .admit(move |caller| caller.certificate.as_ref() == Some(&*known.lock().unwrap()));
    let mut operator = scene.start();
    operator.converged().await;
    scene.settled("0", "").await;

    // It has run out: connections made with it stay open, and everything is refused.
    write(&second);
    *accepted.lock().unwrap() = second.der;
    let rotated = Instant::now();
    scene.disturb("1", "one").await;
    scene.proxy.cut_watches();
    let took = scene.recovered(&mut operator, rotated, ("1", "one")).await;
    survived("client certificate rotated", took);
    operator.stop().await;
}

#[tokio::test]
async fn authority_that_rotates_on_disk_is_trusted_when_the_server_has_the_new_one() {
    let Some(scene) = Scene::new("authority").await else {
        return;
    };
    let mut operator = scene.start();
    operator.converged().await;
    scene.settled("0", "").await;

    let other = Authority::new();
    scene.proxy.present(&other, None);
    scene.proxy.cut();
    scene.disturb("1", "one").await;
    // The bundle comes late: until then nobody is trusted.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(
        scene.get("configmaps/web").await.unwrap()["data"]["number"],
        "0"
    );
    std::fs::write(scene.proxy.path("authority.pem"), other.pem()).unwrap();
    let rotated = Instant::now();
    let took = scene.recovered(&mut operator, rotated, ("1", "one")).await;
    survived(
        "server with a certificate of a new authority, the bundle 4 s late",
        took,
    );
    operator.stop().await;
}

/// The real one: it makes itself a new certificate, which nobody has signed that was known before.
#[tokio::test]
async fn server_that_is_restarted_with_a_new_certificate_is_known_by_its_new_bundle() {
    let Some(mut server) = support::private_server().await else {
        return;
    };
    let folder = tempfile::TempDir::new().unwrap();
    let bundle = folder.path().join("authority.pem");
    let kubeconfig = folder.path().join("kubeconfig");
    let certificates = server.data_folder().join("certificates");
    let authority = |file: &std::path::Path| {
        let text = std::fs::read_to_string(file).unwrap();
        text[text.rfind("-----BEGIN CERTIFICATE-----").unwrap()..].to_owned()
    };
    std::fs::write(&bundle, authority(&certificates.join("apiserver.crt"))).unwrap();
    let text = std::fs::read_to_string(server.kubeconfig()).unwrap();
    let mut text: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    text["clusters"][0]["cluster"] = json!({
        "server": server.url(), "certificate-authority": bundle,
    });
    std::fs::write(&kubeconfig, text.to_string()).unwrap();
    let chart = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {number: '{{ Values.web.number }}'}\n";
    let modules = Modules::of(&[
        (
            "010-web/values.yaml",
            "webEnabled: true\nweb: {number: 0}\n",
        ),
        ("010-web/templates/all.yaml.j2", chart),
    ]);
    let mut operator = Operator::start(&kubeconfig, "default", modules.path());
    operator.converged().await;

    server.stop_api_server().await.unwrap();
    for name in ["apiserver.crt", "apiserver.key"] {
        std::fs::remove_file(certificates.join(name)).unwrap();
    }
    server.start_api_server().await.unwrap();
    std::fs::write(&bundle, authority(&certificates.join("apiserver.crt"))).unwrap();
    let back = Instant::now();
    let client = support::client(&kubeconfig).await;
    let maps = "/api/v1/namespaces/default/configmaps";
    let values = json!({"metadata": {"name": "addon-operator"}, "data": {"web": "number: 1"}});
    rest::create(&client, maps, &values).await;
    eventually("the edit is applied", Duration::from_mins(1), async || {
        let web = rest::get(&client, &format!("{maps}/web"))
            .await
            .unwrap_or_default();
        let number = web["data"]["number"].clone();
        if number == "1" {
            Ok(())
        } else {
            Err(number.to_string())
        }
    })
    .await;
    survived(
        "API server restarted with a new certificate",
        back.elapsed(),
    );
    operator.stop().await;
    server.stop().await.unwrap();
}
