//! Single templates: the text or the error of Helm's engine, and of ours.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use addon_operator::chart::{self, Care};
use addon_operator::govalue::Map;
use addon_operator::render::{
    Capabilities, DrawKey, HelmChart, Lookup, Outside, Release, default_api_versions,
};
use addon_operator::sprig::HelmVersion;
use serde::Deserialize;

use super::{expect_none, write};

/// Charts and templates, and what Helm's engine makes of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Probes {
    release: String,
    namespace: String,
    kube_version: String,
    charts: BTreeMap<String, Frame>,
    #[serde(rename = "probes")]
    all: Vec<Probe>,
}

/// A chart without its templates.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    values: String,
    #[serde(default)]
    app_version: String,
    /// Files that all charts have.
    #[serde(default)]
    files: BTreeMap<String, String>,
}

/// A template of a chart.
#[derive(Deserialize)]
struct Probe {
    chart: String,
    template: String,
    helpers: String,
    expected: Option<String>,
    error: Option<String>,
}

/// Knows the time and draws what nobody compares.
pub(super) struct Alone;

impl Outside for Alone {
    fn now(&self) -> i128 {
        1_700_000_000_123_456_789
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        static STATE: AtomicU64 = AtomicU64::new(1);
        for byte in bytes {
            let state = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            let mixed = (state ^ (state >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed ^ (mixed >> 29)).to_be_bytes()[2];
        }
    }

    fn lookup(&self, _: &Lookup<'_>) -> Result<Option<serde_json::Value>, String> {
        Ok(None)
    }

    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }

    fn recall(&self, _: &DrawKey) -> Option<serde_json::Value> {
        None
    }

    fn keep(&self, _: DrawKey, _: serde_json::Value) {}
}

impl Probes {
    /// What our engine makes of a template.
    #[expect(
        clippy::unwrap_in_result,
        reason = "the error is the template's; a chart that cannot be written fails the test"
    )]
    fn ours(&self, probe: &Probe) -> Result<String, String> {
        let frame = &self.charts[&probe.chart];
        let folder = tempfile::tempdir().expect("a folder");
        let name = &probe.chart;
        let mut about = format!("apiVersion: v2\nname: {name}\nversion: 0.1.0\n");
        if !frame.app_version.is_empty() {
            let version = &frame.app_version;
            writeln!(about, "appVersion: {version:?}").expect("memory");
        }
        write(folder.path(), "Chart.yaml", about.as_bytes());
        write(folder.path(), "values.yaml", frame.values.as_bytes());
        write(folder.path(), "templates/t.txt", probe.template.as_bytes());
        if !probe.helpers.is_empty() {
            write(folder.path(), "templates/_h.tpl", probe.helpers.as_bytes());
        }
        let files = self.charts.values().flat_map(|frame| &frame.files);
        for (path, text) in files {
            write(folder.path(), path, text.as_bytes());
        }
        let chart = chart::load(folder.path()).expect("a chart").chart;
        let coalesced = chart::coalesce(&chart, &Map::any(), Care::ForSpeed).expect("values");
        let release = Release {
            name: self.release.clone(),
            namespace: self.namespace.clone(),
            revision: 1,
            is_install: true,
            is_upgrade: false,
        };
        let capabilities = Capabilities {
            kube_version: self.kube_version.clone(),
            api_versions: default_api_versions(),
        };
        let program = HelmChart::new(HelmVersion::V3);
        let texts = program.execute(&coalesced.root, (&release, &capabilities), Arc::new(Alone));
        let texts = texts.map_err(|error| error.to_string())?;
        let text = &texts[&format!("{name}/templates/t.txt")];
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

#[test]
fn templates_give_what_helms_engine_gives() {
    let probes: Probes = serde_json::from_str(include_str!("../data/helm/probes.json")).unwrap();
    assert_eq!(probes.all.len(), 157);
    let mut differences = Vec::new();
    for probe in &probes.all {
        let theirs = match (&probe.expected, &probe.error) {
            (Some(text), _) => Ok(text.clone()),
            (None, error) => Err(error.clone().unwrap_or_default()),
        };
        let ours = probes.ours(probe);
        if ours != theirs {
            let template = &probe.template;
            differences.push(format!("{template}\n  helm: {theirs:?}\n  ours: {ours:?}"));
        }
    }
    expect_none(&differences, probes.all.len());
}
