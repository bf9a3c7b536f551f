//! An API server that is away, cut off or silent.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep;

use super::scene::Scene;
use super::survived;
use crate::support::eventually;

#[tokio::test]
async fn server_that_is_away_at_the_start_is_waited_for() {
    let Some(scene) = Scene::new("away").await else {
        return;
    };
    scene.proxy.close();
    let mut operator = scene.start();
    // Longer than all tries of one call; then the start itself goes on trying.
    sleep(Duration::from_secs(8)).await;
    scene.proxy.open();
    let back = Instant::now();
    operator.converged().await;
    let took = scene.recovered(&mut operator, back, ("0", "")).await;
    survived("API server away at start", took);
    operator.stop().await;
}

/// A real minute: pauses of watches, of tasks and of connections all grow to their longest in it.
#[tokio::test]
async fn what_happened_while_the_server_was_gone_for_a_minute_is_caught_up_with() {
    let Some((scene, mut operator)) = Scene::running("gone").await else {
        return;
    };
    scene.proxy.close();
    sleep(Duration::from_secs(5)).await;
    scene.disturb("1", "one").await;
    sleep(Duration::from_secs(55)).await;
    scene.proxy.open();
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("API server gone for a minute", took);
    operator.stop().await;
}

/// The program, whose log is read; in this process all tests would share one.
struct Logged {
    home: TempDir,
    process: Child,
}

impl Logged {
    fn start(scene: &Scene) -> Self {
        let home = TempDir::new().unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_addon-operator"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ADDON_OPERATOR_NAMESPACE", scene.namespace())
            .env("ADDON_OPERATOR_LISTEN_ADDRESS", "127.0.0.1")
            .env("ADDON_OPERATOR_LISTEN_PORT", "0")
            .env("MODULES_DIR", scene.modules.path())
            .env("GLOBAL_HOOKS_DIR", home.path().join("global-hooks"))
            .env("ADDON_OPERATOR_TMP_DIR", home.path().join("files"))
            .env("DEBUG_UNIX_SOCKET", home.path().join("debug.socket"))
            .env("KUBE_CONFIG", scene.proxy.kubeconfig())
            .env("LOG_TYPE", "json")
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(home.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { home, process }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).unwrap()
    }

    async fn says(&self, text: &str) {
        eventually(text, Duration::from_mins(1), async || {
            let log = self.log();
            log.contains(text).then_some(()).ok_or(log)
        })
        .await;
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody on call sees from the log alone what is wrong, since when, and that it is over.
#[tokio::test]
async fn outage_is_told_once_with_its_cause_and_its_end() {
    let Some(scene) = Scene::new("told").await else {
        return;
    };
    let operator = Logged::start(&scene);
    operator.says("converge is done").await;
    assert!(
        !operator.log().contains("the API server"),
        "{}",
        operator.log()
    );
    scene.proxy.close();
    operator.says("the API server does not answer").await;
    sleep(Duration::from_secs(6)).await;
    scene.proxy.open();
    operator.says("the API server answers again").await;
    let log = operator.log();
    assert_eq!(
        log.matches("the API server does not answer").count(),
        1,
        "{log}"
    );
    assert!(log.contains("Connection refused"), "{log}");
}

#[tokio::test]
async fn outage_in_the_middle_of_an_apply_is_over_with_it() {
    let Some((scene, mut operator)) = Scene::running("middle").await else {
        return;
    };
    scene.proxy.forget();
    scene.proxy.plan(|asked| match asked.write {
        Some(2..) => super::Deed::Cut,
        _ => super::Deed::Pass,
    });
    scene.disturb("1", "one").await;
    scene
        .proxy
        .until("a second write", |noted| {
            noted.iter().any(|noted| noted.asked.write == Some(2))
        })
        .await;
    scene.proxy.close();
    sleep(Duration::from_secs(5)).await;
    scene.proxy.pass();
    scene.proxy.open();
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("API server gone in the middle of an apply", took);
    operator.stop().await;
}

#[tokio::test]
async fn every_watch_that_is_cut_is_opened_again_and_misses_nothing() {
    let Some((scene, mut operator)) = Scene::running("cut").await else {
        return;
    };
    let mut longest = Duration::ZERO;
    let mut names: Vec<String> = Vec::new();
    for round in 1..=4_u32 {
        let (number, name) = (round.to_string(), format!("at-{round}"));
        // The watches alone, and the connections with all that is under way.
        if round % 2 == 0 {
            scene.proxy.cut();
        } else {
            scene.proxy.cut_watches();
        }
        let cut = Instant::now();
        scene.disturb(&number, &name).await;
        names.push(name);
        let took = scene
            .recovered(&mut operator, cut, (&number, &names.join(" ")))
            .await;
        longest = longest.max(took);
    }
    survived("every watch cut, four times", longest);
    operator.stop().await;
}

/// As a machine that loses its power: nobody says that the connection is gone.
#[tokio::test]
async fn server_that_falls_silent_is_noticed() {
    let Some((scene, mut operator)) = Scene::running("silent").await else {
        return;
    };
    scene.proxy.be_silent(true);
    scene.disturb("1", "one").await;
    // Pings are sent after 15 s and awaited for 10 s: the old connections are given up by now.
    sleep(Duration::from_secs(30)).await;
    scene.proxy.cut();
    scene.proxy.be_silent(false);
    let took = scene
        .recovered(&mut operator, Instant::now(), ("1", "one"))
        .await;
    survived("API server silent for half a minute", took);
    operator.stop().await;
}
