//! Chart and values → prepared objects, done again only when an input changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::chart;
use crate::diff::{self, KnownKind, Owner, Prepared};
use crate::module::{Module, ValuesShape};
use crate::object::{Manifest, Source};
use crate::release::History;
use crate::render::{
    Capabilities, Definition, Hook, Input, Outside, Program, Release, Rendered, ValuesStyle,
    ValuesTree, values_tree,
};
use crate::report::{Mistake, Mistakes};
use crate::values::{Checksum, merge};
use crate::yaml::{self, Profile};

use super::context::Context;
use super::error::Error;
use super::module_run::Known;
use super::outside::Alone;
use super::revised;

/// The values of one module as its chart sees them.
#[derive(Debug, Clone)]
pub struct Values {
    /// The global values.
    pub global: ValuesTree,
    /// The module's values.
    pub module: ValuesTree,
    /// The module's values, not converted: a chart with its own defaults merges them first.
    pub plain: Arc<Value>,
    /// Both checksums: equal when the chart would see the same.
    pub checksums: (Checksum, Checksum),
}

/// What a chart rendered to, with what it was rendered from.
#[derive(Debug, Clone)]
pub struct Rendering {
    folder: [u8; 32],
    checksums: (Checksum, Checksum),
    capabilities: Arc<Capabilities>,
    maintenance: bool,
    chart: Arc<CompiledChart>,
    /// The objects of `crds/`, ready to be sent; they are no members of the set.
    pub definitions: Arc<Prepared>,
    /// The files of charts in the chart that some of them are from.
    definition_files: Vec<String>,
    /// The objects of the chart.
    pub prepared: Arc<Prepared>,
    /// The Helm hooks of the chart, in the order in which they run.
    pub hooks: Arc<[Hook]>,
    /// What is to be kept of the release with this revision; `None` when there is nothing to keep.
    pub history: Option<Arc<History>>,
    /// What was kept of the release when it was rendered.
    pub(super) kept: Option<Arc<History>>,
    /// Whether it is used again for the same: not when kinds were missing, or when the chart looked
    /// into the cluster.
    is_final: bool,
}

/// What a folder holds to render from, read once per content.
#[derive(Debug)]
pub(super) struct CompiledChart {
    /// `None` when the folder has no chart.
    pub(super) program: Option<Program>,
    /// The chart's own `values.yaml`, below everything else; for `values: root` alone.
    pub(super) defaults: Value,
    /// The files of `crds/` that are part of it; `None` where nothing can be left out of a chart.
    pub(super) crds: Option<BTreeSet<String>>,
}

impl Rendering {
    /// What a chart that is not there rendered to.
    #[cfg(test)]
    pub(super) fn of(prepared: Arc<Prepared>) -> Self {
        let none = Checksum::of(&Value::Null);
        Self {
            folder: [0; 32],
            checksums: (none, none),
            capabilities: Arc::default(),
            maintenance: false,
            chart: Arc::new(CompiledChart {
                program: None,
                defaults: Value::Null,
                crds: None,
            }),
            definitions: Arc::default(),
            definition_files: Vec::new(),
            prepared,
            hooks: Arc::default(),
            history: None,
            kept: None,
            is_final: true,
        }
    }

    /// Whether the same would come out again.
    fn is_current(&self, wanted: &Wanted<'_>) -> bool {
        self.is_final
            && !wanted.redraws
            && self.folder == wanted.module.folder_digest
            && self.checksums == wanted.values.checksums
            && self.maintenance == wanted.maintenance
            && Arc::ptr_eq(&self.capabilities, &wanted.capabilities)
    }
}

pub(super) struct Wanted<'a> {
    pub(super) context: &'a Context,
    pub(super) module: &'a Arc<Module>,
    pub(super) values: &'a Values,
    pub(super) capabilities: Arc<Capabilities>,
    pub(super) maintenance: bool,
    /// What is known of the module from before.
    pub(super) known: &'a Known,
    /// Whether passwords and keys are drawn anew.
    pub(super) redraws: bool,
}

/// Renders, or answers what was rendered before from the same.
pub(super) async fn render(
    wanted: &Wanted<'_>,
    before: Option<&Arc<Rendering>>,
) -> Result<Arc<Rendering>, Error> {
    if let Some(before) = before.filter(|before| before.is_current(wanted)) {
        return Ok(before.clone());
    }
    let same_folder = before.filter(|before| before.folder == wanted.module.folder_digest);
    let chart = match same_folder {
        Some(before) => before.chart.clone(),
        None => Arc::new(read_folder(wanted.module.clone()).await?),
    };
    let revised = revised::render(wanted, &chart).await?;
    let owner = wanted.context.owner(wanted.module, wanted.maintenance);
    let files: Vec<_> = paths(&revised.rendered);
    let same_files = same_folder.filter(|before| before.definition_files == files);
    let definitions = match same_files {
        Some(before) => before.definitions.clone(),
        None => Arc::new(definitions_of(wanted, &chart, &revised.rendered).await?),
    };
    let (mut prepared, is_final) = prepare(wanted, &owner, revised.rendered.manifests).await?;
    prepared.warnings.extend(revised.rendered.warnings);
    Ok(Arc::new(Rendering {
        folder: wanted.module.folder_digest,
        checksums: wanted.values.checksums,
        capabilities: wanted.capabilities.clone(),
        maintenance: wanted.maintenance,
        chart,
        definitions,
        definition_files: files,
        prepared: Arc::new(prepared),
        hooks: revised.rendered.hooks.into(),
        history: revised.history,
        kept: revised.kept,
        is_final: is_final && !revised.looked_up,
    }))
}

/// The objects of `crds/` alone, when the chart's objects cannot be prepared without them.
pub(super) async fn definitions(wanted: &Wanted<'_>) -> Result<Prepared, Error> {
    let chart = Arc::new(read_folder(wanted.module.clone()).await?);
    let revised = revised::render(wanted, &chart).await?;
    definitions_of(wanted, &chart, &revised.rendered).await
}

/// The objects of `crds/` of the folder, when the chart does not render without them.
pub(super) async fn own_definitions(wanted: &Wanted<'_>) -> Result<Prepared, Error> {
    let chart = read_folder(wanted.module.clone()).await?;
    let owner = wanted.context.owner(wanted.module, wanted.maintenance);
    let read = read_definitions(wanted.module, Some(&chart), &[])?;
    prepare_definitions(wanted, &owner, read)
}

/// The objects of `crds/`: of the folder, and of the charts in the chart.
async fn definitions_of(
    wanted: &Wanted<'_>,
    chart: &Arc<CompiledChart>,
    rendered: &Rendered,
) -> Result<Prepared, Error> {
    let (module, of_charts) = (wanted.module.clone(), rendered.definitions.clone());
    let chart = chart.clone();
    let read =
        tokio::task::spawn_blocking(move || read_definitions(&module, Some(&chart), &of_charts));
    let read = read
        .await
        .map_err(|error| Error::Broken(error.to_string()))?;
    let owner = wanted.context.owner(wanted.module, wanted.maintenance);
    prepare_definitions(wanted, &owner, read?)
}

fn paths(rendered: &Rendered) -> Vec<String> {
    let definitions = rendered.definitions.iter();
    definitions
        .map(|definition| definition.path.clone())
        .collect()
}

/// Reads and compiles the chart, away from the threads that wait for the network.
async fn read_folder(module: Arc<Module>) -> Result<CompiledChart, Error> {
    tokio::task::spawn_blocking(move || read_chart(&module))
        .await
        .map_err(|error| Error::Broken(error.to_string()))?
}

/// Reads and compiles the chart. Blocks on the file system.
pub(super) fn read_chart(module: &Module) -> Result<CompiledChart, Error> {
    let found = chart::read(&module.path, &module.name).map_err(|error| match error {
        chart::Error::Mistakes(mistakes) => Error::ReadChart {
            source: chart::Error::Mistakes(in_folder(module, mistakes)),
        },
        source => Error::ReadChart { source },
    })?;
    let paths = |chart: &chart::Chart| chart.crds.iter().map(|file| file.path.clone()).collect();
    let has_file = module.path.join("Chart.yaml").exists();
    let crds = found.as_ref().filter(|_| has_file).map(paths);
    let compiled = found.map(|chart| Program::compile(&chart)).transpose();
    let program = compiled.map_err(|error| placed(module, error))?;
    let defaults = read_defaults(module)?;
    Ok(CompiledChart {
        program,
        defaults,
        crds,
    })
}

/// The chart's own values, when its templates see the module's values at the root.
fn read_defaults(module: &Module) -> Result<Value, Error> {
    if module.definition.values == ValuesShape::Nested {
        return Ok(Value::Null);
    }
    let wrong = |mistake: Mistake| Error::CheckValues(in_folder(module, mistake.into()));
    let text = match std::fs::read_to_string(module.path.join("values.yaml")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(error) => return Err(wrong(Mistake::new("values.yaml", error.to_string()))),
    };
    let read = yaml::read_value(&text, Profile::V2);
    let defaults = read.map_err(|error| wrong(error.to_mistake("values.yaml")))?;
    if defaults.is_object() || defaults.is_null() {
        return Ok(defaults);
    }
    Err(wrong(Mistake::new(
        "values.yaml",
        "expected a map of values",
    )))
}

/// Renders a module without a cluster: the objects of `crds/`, then those of the chart, as written.
pub async fn render_offline(
    module: &Arc<Module>,
    values: &Values,
    namespace: String,
    capabilities: Arc<Capabilities>,
) -> Result<Vec<Manifest>, Error> {
    let chart = read_folder(module.clone()).await?;
    let (module, values) = (module.clone(), values.clone());
    let rendered = tokio::task::spawn_blocking(move || {
        let first = release(&module, namespace, 1);
        let outside = Arc::new(Alone::new());
        let rendered = render_values(&module, &values, (first, capabilities), &chart, outside)?;
        let mut manifests = read_definitions(&module, Some(&chart), &rendered.definitions)?;
        manifests.extend(rendered.manifests);
        Ok(manifests)
    });
    rendered
        .await
        .map_err(|error| Error::Broken(error.to_string()))?
}

/// Renders a chart. Takes its time on the processor, and waits for what `outside` asks.
pub(super) fn render_values(
    module: &Module,
    values: &Values,
    (release, capabilities): (Release, Arc<Capabilities>),
    chart: &CompiledChart,
    outside: Arc<dyn Outside>,
) -> Result<Rendered, Error> {
    let Some(program) = &chart.program else {
        return Ok(Rendered::default());
    };
    let nothing = Value::Null;
    let defaults = if program.brings_defaults() {
        &nothing
    } else {
        &chart.defaults
    };
    let input = Input {
        values: tree(module, values, defaults),
        release,
        capabilities,
    };
    program
        .render(&input, outside)
        .map_err(|error| placed(module, error))
}

/// A revision of a module's release; the first is its installation.
pub(super) fn release(module: &Module, namespace: String, revision: u64) -> Release {
    Release {
        name: module.name.to_string(),
        namespace,
        revision,
        is_install: revision == 1,
        is_upgrade: revision > 1,
    }
}

/// The values as the templates see them.
fn tree(module: &Module, values: &Values, defaults: &Value) -> ValuesTree {
    let (style, own) = match module.definition.values {
        ValuesShape::Nested => (ValuesStyle::Nested, values.module.clone()),
        ValuesShape::Root if defaults.is_null() => (ValuesStyle::Root, values.module.clone()),
        ValuesShape::Root => {
            let mut own = defaults.clone();
            merge(&mut own, (*values.plain).clone());
            (ValuesStyle::Root, ValuesTree::new(&own))
        }
    };
    values_tree(style, &values.global, &module.key, &own)
}

async fn prepare(
    wanted: &Wanted<'_>,
    owner: &Owner,
    manifests: Vec<Manifest>,
) -> Result<(Prepared, bool), Error> {
    let found = wanted.context.applier.kinds(&manifests).await;
    let (kinds, unknown) = found.map_err(|error| Error::Apply(vec![error]))?;
    let is_final = unknown.is_empty();
    let defined: Vec<Manifest> = manifests
        .iter()
        .filter(|manifest| manifest.kind() == "CustomResourceDefinition")
        .cloned()
        .collect();
    let prepared = diff::prepare(manifests, owner, |api_version, kind| {
        if let Some(resource) = kinds.find(api_version, kind) {
            return Ok(KnownKind {
                namespaced: resource.namespaced,
            });
        }
        let why = || {
            unknown
                .get(&(api_version.to_owned(), kind.to_owned()))
                .cloned()
                .unwrap_or_default()
        };
        diff::kind_defined_here(&defined, api_version, kind).ok_or_else(why)
    });
    let prepared =
        prepared.map_err(|mistakes| Error::Prepare(in_folder(wanted.module, mistakes)))?;
    Ok((prepared, is_final))
}

fn prepare_definitions(
    wanted: &Wanted<'_>,
    owner: &Owner,
    manifests: Vec<Manifest>,
) -> Result<Prepared, Error> {
    let owner = Owner {
        applyset: None,
        ..owner.clone()
    };
    diff::prepare(manifests, &owner, |_, _| {
        Ok(KnownKind { namespaced: false })
    })
    .map_err(|mistakes| Error::ReadDefinitions(in_folder(wanted.module, mistakes)))
}

/// Reads the files of `crds/`, and those of charts in the chart; everything in them must be a definition.
pub(super) fn read_definitions(
    module: &Module,
    chart: Option<&CompiledChart>,
    of_charts: &[Definition],
) -> Result<Vec<Manifest>, Error> {
    let (mut manifests, mut mistakes) = (Vec::new(), Vec::new());
    let known = chart.and_then(|chart| chart.crds.as_ref());
    for path in &module.crds {
        let file = path
            .strip_prefix(&module.path)
            .unwrap_or(path)
            .display()
            .to_string();
        if known.is_some_and(|known| !known.contains(&file)) {
            // `.helmignore` names it.
            continue;
        }
        match std::fs::read_to_string(path) {
            Ok(text) => read_file(&file, &text, &mut manifests, &mut mistakes),
            Err(error) => mistakes.push(Mistake::new(&file, format!("it cannot be read: {error}"))),
        }
    }
    for definition in of_charts {
        let text = definition.text();
        read_file(&definition.path, &text, &mut manifests, &mut mistakes);
    }
    let mistakes = in_folder(module, Mistakes(mistakes));
    mistakes
        .into_result()
        .map(|()| manifests)
        .map_err(Error::ReadDefinitions)
}

fn read_file(file: &str, text: &str, manifests: &mut Vec<Manifest>, mistakes: &mut Vec<Mistake>) {
    for document in yaml::documents(text) {
        let line = document.line;
        match yaml::read_value(document.text, Profile::V2) {
            Ok(object) => {
                let manifest = Manifest {
                    object,
                    source: Source {
                        file: file.to_owned(),
                        line,
                    },
                };
                if manifest.kind() == "CustomResourceDefinition" && !manifest.name().is_empty() {
                    manifests.push(manifest);
                } else {
                    let message = format!(
                        "expected a CustomResourceDefinition, got {:?}",
                        manifest.kind()
                    );
                    let hint = "put other objects under templates/";
                    mistakes.push(Mistake::new(file, message).at(line, 0).hint(hint));
                }
            }
            Err(error) => {
                let mut mistake = error.to_mistake(file);
                mistake.line += line.saturating_sub(1);
                mistakes.push(mistake);
            }
        }
    }
}

fn placed(module: &Module, error: crate::render::Error) -> Error {
    use crate::render::Error::{Compile, Render};
    Error::Render(match error {
        Compile(mistakes) => Compile(in_folder(module, mistakes)),
        Render(mistakes) => Render(in_folder(module, mistakes)),
    })
}

/// Names the files of mistakes as a person finds them.
pub(super) fn in_folder(module: &Module, mistakes: Mistakes) -> Mistakes {
    let place = |mut mistake: Mistake| {
        let is_bare =
            !mistake.file.is_empty() && !Path::new(&mistake.file).starts_with(&module.folder);
        if is_bare {
            mistake.file = module.folder.join(&mistake.file).display().to_string();
        }
        mistake
    };
    Mistakes(mistakes.0.into_iter().map(place).collect())
}
