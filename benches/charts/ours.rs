//! Our side of the same.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use addon_operator::chart::{self, Care, ValueOptions};
use addon_operator::govalue::{Map, Value as GoValue};
use addon_operator::render::{
    Capabilities, Choice, DEFAULT_KUBE_VERSION, DrawKey, HelmChart, Lookup, Outside, Printable,
    Release, default_api_versions,
};
use addon_operator::sprig::HelmVersion;
use serde_json::Value;

use super::plan::Case;

/// A chart that is loaded.
pub(crate) struct Chart<'a> {
    case: &'a Case,
    changed: String,
    loaded: Arc<chart::Chart>,
    templates: HelmChart,
    capabilities: Capabilities,
    outside: Arc<Kept>,
    round: usize,
}

impl<'a> Chart<'a> {
    pub(crate) fn load(case: &'a Case, changed: &str) -> Result<Self, String> {
        let loaded = chart::load(&case.chart).map_err(|error| error.to_string())?;
        Ok(Self {
            case,
            changed: changed.to_owned(),
            loaded: loaded.chart,
            templates: HelmChart::new(HelmVersion::V3),
            capabilities: Capabilities {
                kube_version: DEFAULT_KUBE_VERSION.to_owned(),
                api_versions: default_api_versions(),
            },
            outside: Arc::default(),
            round: 0,
        })
    }

    /// The same, which draws anew each time.
    pub(crate) fn drawing(mut self) -> Self {
        self.outside = Arc::new(Kept {
            is_forgetful: true,
            ..Kept::default()
        });
        self
    }

    /// Whether anything was drawn.
    pub(crate) fn draws(&self) -> bool {
        !self.outside.drawn().is_empty()
    }

    /// What the first round prints.
    pub(crate) fn text(&self) -> Result<String, String> {
        self.render(&self.values()?)?.print(&Choice::default())
    }

    /// Seconds of each round.
    pub(crate) fn warm(&mut self, rounds: usize) -> Result<Vec<f64>, String> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            self.round += 1;
            let values = self.values()?;
            let started = Instant::now();
            let rendered = self.render(&values)?;
            times.push(started.elapsed().as_secs_f64());
            drop(rendered);
        }
        Ok(times)
    }

    /// Seconds of each round, from the folder on.
    pub(crate) fn cold(&mut self, rounds: usize) -> Result<Vec<f64>, String> {
        let mut times = Vec::new();
        for _ in 0..rounds {
            self.round += 1;
            let values = self.values()?;
            let started = Instant::now();
            let loaded = chart::load(&self.case.chart).map_err(|error| error.to_string())?;
            self.loaded = loaded.chart;
            self.templates = HelmChart::new(HelmVersion::V3);
            self.render(&values)?;
            times.push(started.elapsed().as_secs_f64());
        }
        Ok(times)
    }

    fn render(&self, values: &Map) -> Result<Printable, String> {
        let together = chart::coalesce(&self.loaded, values, Care::ForSpeed);
        let mut together = together.map_err(|error| error.to_string())?;
        together
            .check_schemas()
            .map_err(|error| error.to_string())?;
        let release = Release {
            name: "rel".to_owned(),
            namespace: "ns".to_owned(),
            revision: 1,
            is_install: true,
            is_upgrade: false,
        };
        let around = (&release, &self.capabilities);
        let outside = Arc::<Kept>::clone(&self.outside);
        let rendered = self.templates.render(&together.root, around, outside);
        rendered.map_err(|error| error.to_string())
    }

    /// What a person would give with `-f`, and one value that changes.
    fn values(&self) -> Result<Map, String> {
        let files = self.case.values.iter();
        let options = ValueOptions {
            files: files
                .map(|file| file.to_string_lossy().into_owned())
                .collect(),
            ..ValueOptions::default()
        };
        let read = |file: &str| fs::read(file).map_err(|error| error.to_string());
        let values = options
            .to_values(&read)
            .map_err(|error| error.to_string())?;
        let changed = format!("round-{}", self.round);
        insert(&values, &self.changed, changed.as_str().into());
        Ok(values)
    }
}

/// Puts a value at a path, `a.b`.
fn insert(values: &Map, path: &str, value: GoValue) {
    let Some((first, rest)) = path.split_once('.') else {
        values.insert(path, value);
        return;
    };
    let below = match values.get(first.as_bytes()) {
        Some(GoValue::Map(below)) => below,
        _ => Map::any(),
    };
    insert(&below, rest, value);
    values.insert(first, GoValue::Map(below));
}

/// What was drawn is given again, unless it is forgotten.
#[derive(Default)]
struct Kept {
    drawn: Mutex<BTreeMap<DrawKey, Value>>,
    is_forgetful: bool,
}

impl Kept {
    fn drawn(&self) -> std::sync::MutexGuard<'_, BTreeMap<DrawKey, Value>> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outside for Kept {
    fn now(&self) -> i128 {
        1_700_000_000_000_000_000
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let source = fs::File::open("/dev/urandom");
        let filled = source.and_then(|mut source| source.read_exact(bytes));
        filled.expect("random bytes");
    }

    fn lookup(&self, _: &Lookup<'_>) -> Result<Option<Value>, String> {
        Ok(None)
    }

    fn resolve_host(&self, _: &str) -> String {
        String::new()
    }

    fn recall(&self, key: &DrawKey) -> Option<Value> {
        if self.is_forgetful {
            return None;
        }
        self.drawn().get(&whatever_is_asked(key)).cloned()
    }

    fn keep(&self, key: DrawKey, drawn: Value) {
        self.drawn().insert(whatever_is_asked(&key), drawn);
    }
}

/// The value that changes may go into the names of certificates, which are not drawn anew for that.
fn whatever_is_asked(key: &DrawKey) -> DrawKey {
    DrawKey {
        arguments: String::new(),
        ..key.clone()
    }
}
