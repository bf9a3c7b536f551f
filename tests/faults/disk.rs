//! A disk that is full.

use std::time::{Duration, Instant};

use addon_operator::serve::ModuleState;

use super::scene::Scene;
use super::survived;
use crate::support::{SmallDisk, row, say};

#[tokio::test]
async fn full_disk_fails_what_needs_it_alone_and_is_over_with_it() {
    let Some(scene) = Scene::new("full").await else {
        return;
    };
    let Some(disk) = SmallDisk::mount(scene.proxy.path("small")) else {
        say("SKIPPED: a small file system cannot be mounted here");
        return;
    };
    disk.grow();
    let folder = disk.path().to_owned();
    let mut operator = scene.start_with(|settings| settings.folders.temporary = folder);
    operator.converged().await;
    scene.settled("0", "").await;

    disk.fill();
    scene.disturb("1", "one").await;
    operator
        .until("it is told", |view| {
            row(view, "web").is_some_and(|row| row.message.contains("No space left"))
        })
        .await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    operator.module_is("shop", ModuleState::Applied).await;
    disk.free();
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("temporary folder full for 4 s", took);
    operator.stop().await;
}
