//! The real Helm, used as the original uses it.

use std::path::{Path, PathBuf};

use addon_operator::control_plane;
use addon_operator::yaml::{self, Profile};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use super::api_server::built;

/// Helm in one namespace. It writes under the name `addon-operator`: that of the program that it is
/// part of, which the original's is.
pub(crate) struct Helm {
    folder: TempDir,
    kubeconfig: PathBuf,
    namespace: String,
    driver: &'static str,
}

impl Helm {
    /// `None` when it is not there and cannot be built; then the test is skipped.
    pub(crate) async fn new(kubeconfig: &Path, namespace: &str) -> Option<Self> {
        let program = built(async |cache, tell| control_plane::helm(cache, tell).await).await?;
        let folder = TempDir::new().expect("a folder");
        let name = folder.path().join("addon-operator");
        std::os::unix::fs::symlink(program, name).expect("a link");
        Some(Self {
            folder,
            kubeconfig: kubeconfig.to_owned(),
            namespace: namespace.to_owned(),
            driver: "secret",
        })
    }

    /// The same, with the releases in `ConfigMap`s.
    pub(crate) fn in_config_maps(mut self) -> Self {
        self.driver = "configmap";
        self
    }

    /// Runs it; answers what it printed when it failed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<(), String> {
        let mut command = Command::new(self.folder.path().join("addon-operator"));
        command
            .args(arguments)
            .arg("--namespace")
            .arg(&self.namespace)
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("HELM_DRIVER", self.driver);
        let output = command.output().await.expect("an end");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        output.status.success().then_some(()).ok_or(told)
    }

    /// Installs or upgrades a release as the original does, with its label and its way with objects
    /// that are there.
    pub(crate) async fn upgrade(&self, release: &str, manifests: &str) {
        let labels = format!("moduleChecksum={:x}", manifests.len());
        let more = ["--labels", &labels, "--take-ownership", "--skip-crds"];
        let done = self.upgrade_with(release, manifests, &more).await;
        done.unwrap_or_else(|error| panic!("helm upgrade {release}: {error}"));
    }

    /// The same as people do it.
    pub(crate) async fn upgrade_with(
        &self,
        release: &str,
        manifests: &str,
        more: &[&str],
    ) -> Result<(), String> {
        let chart = self.folder.path().join(release);
        let templates = chart.join("templates");
        std::fs::create_dir_all(&templates).expect("folders");
        let about = format!("apiVersion: v2\nname: {release}\nversion: 0.2.0\n");
        std::fs::write(chart.join("Chart.yaml"), about).expect("a file");
        std::fs::write(templates.join("all.yaml"), manifests).expect("a file");
        let chart = chart.to_str().expect("a path");
        let mut arguments = vec!["upgrade", "--install", release, chart];
        arguments.extend(more);
        self.run(&arguments).await
    }
}

/// What the real Helm makes of a chart with these values, in its order; or what it says against them.
/// `None` as for [`Helm::new`].
pub(crate) async fn template(
    chart: &Path,
    (release, namespace): (&str, &str),
    values: &Value,
) -> Option<Result<Vec<Value>, String>> {
    let program = built(async |cache, tell| control_plane::helm(cache, tell).await).await?;
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("values.json");
    std::fs::write(&file, values.to_string()).expect("a file");
    let mut command = Command::new(program);
    command
        .args(["template", release])
        .arg(chart)
        .args(["--namespace", namespace, "--values"])
        .arg(&file)
        .env_clear()
        .env("HOME", folder.path());
    let output = command.output().await.expect("an end");
    if !output.status.success() {
        return Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    Some(Ok(objects(&text)))
}

/// The objects of a text of Kubernetes YAML.
pub(crate) fn objects(text: &str) -> Vec<Value> {
    let documents = yaml::documents(text).into_iter();
    let read = |document: yaml::Document<'_>| yaml::read_value(document.text, Profile::V2);
    let objects = documents.map(|document| read(document).expect("YAML"));
    objects.filter(|object| !object.is_null()).collect()
}
