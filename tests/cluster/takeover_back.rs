//! The way back: Helm goes on with what we leave.

use serde_json::json;

use super::stage::{Stage, config_map};

#[tokio::test]
async fn helm_upgrades_what_we_leave_and_we_take_it_over_again() {
    let Some(stage) = Stage::with(
        "takeover",
        &(config_map("web", "b") + &config_map("new", "b")),
    )
    .await
    else {
        return;
    };
    let Some(helm) = stage.helm().await else {
        return;
    };
    helm.upgrade("web", &config_map("web", "a")).await;
    stage.run_well().await.stop().await;
    let uid = stage.get("configmaps/web").await["metadata"]["uid"].clone();

    // As the original does it, with an object that was ours alone.
    let back = config_map("web", "c") + &config_map("new", "c") + &config_map("more", "c");
    helm.upgrade("web", &back).await;
    let web = stage.get("configmaps/web").await;
    assert_eq!(web["data"]["text"], "c");
    assert_eq!(web["metadata"]["uid"], uid);
    assert_eq!(stage.get("configmaps/new").await["data"]["text"], "c");

    // And as a person does it: an object that goes, and one whose keys change.
    let keys = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\ndata: {other: d}\n";
    let manifests = config_map("web", "d") + keys;
    helm.upgrade_with("web", &manifests, &[]).await.unwrap();
    assert_eq!(stage.find("configmaps/more").await, None);
    assert_eq!(
        stage.get("configmaps/new").await["data"],
        json!({"other": "d"})
    );

    stage.run_well().await.stop().await;
    let web = stage.get("configmaps/web").await;
    assert_eq!(web["data"], json!({"text": "b"}));
    assert_eq!(web["metadata"]["uid"], uid);
    assert_eq!(
        stage.get("configmaps/new").await["data"],
        json!({"text": "b"})
    );
    assert_eq!(stage.module().await["status"]["releaseRevision"], 3);

    // The end of a release takes with it what it has, ours or not.
    helm.run(&["uninstall", "web"]).await.unwrap();
    assert_eq!(stage.find("configmaps/web").await, None);
}
