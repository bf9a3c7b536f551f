//! One module as the house knows it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::contest::Contest;
use super::hooks::HookSet;
use crate::apply::Parent;
use crate::module::{Decision, Discovery, Module, Opinion, Progress, ValuesFile};
use crate::name::ValuesKey;
use crate::render::ValuesTree;
use crate::report::{Mistake, Mistakes};
use crate::schema::{SchemaFile, Schemas};
use crate::serve::ModuleState;
use crate::status::Status;
use crate::task::Known;
use crate::values::{Checksum, Layer, Origin, StaticLayers, Store, static_layers};

/// Everything about one module.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts; a state machine of them would have every combination"
)]
pub(super) struct Resident {
    /// Its folder as last good; `None` when only the cluster remembers the module.
    pub(super) module: Option<Arc<Module>>,
    /// Its values; `None` without a folder.
    pub(super) store: Option<Store>,
    /// The values in the form that templates read.
    pub(super) tree: Option<(Checksum, ValuesTree)>,
    /// What is wrong with its folder now; then `module` is the last good version.
    pub(super) broken: Option<Mistakes>,
    /// What is wrong with its `requires`; then it does not start.
    pub(super) requires: Option<Mistakes>,
    /// What is wrong with its section of the `ConfigMap`, since its schema changed; then it does
    /// not run.
    pub(super) section: Mistakes,
    /// Whether the `ConfigMap` pauses it.
    pub(super) maintenance: bool,
    /// The enabled script's last answer.
    pub(super) answer: Option<([u8; 32], Opinion)>,
    /// Why the enabled script has no answer.
    pub(super) script_error: Option<String>,
    /// The last decision.
    pub(super) decision: Option<Decision>,
    /// Whether it is to be in the cluster.
    pub(super) enabled: bool,
    /// How far it has come in this converge.
    pub(super) progress: Progress,
    /// Whether its last good version is in the cluster although its last run failed.
    pub(super) keeps_last: bool,
    /// What is known from its runs.
    pub(super) known: Known,
    /// The revision of its Helm release that the original left, until something was decided about it.
    pub(super) release: Option<u32>,
    /// Whether its `Module` object is there.
    pub(super) exists: bool,
    /// The bounds that its `Module` object had until somebody deleted that.
    pub(super) lost_bounds: Option<Parent>,
    /// Whether that was while a task of it ran.
    pub(super) is_lost: bool,
    /// Its status as last written.
    pub(super) status: Status,
    /// Objects that others keep changing back.
    pub(super) contest: Contest,
    /// Its hooks.
    pub(super) hooks: HookSet,
    /// Where it stands.
    pub(super) state: ModuleState,
    /// One word for the state; empty when all is well.
    pub(super) reason: String,
    /// A sentence.
    pub(super) message: String,
    /// The failure that people were told of last; empty since it succeeded.
    pub(super) told_failure: String,
    /// Since when it is in this state.
    pub(super) since: Option<Timestamp>,
    /// How long the last attempt took.
    pub(super) took: Option<Duration>,
    /// Drift that is told and left.
    pub(super) reported: Vec<String>,
    /// Objects that it does not have any more and that stay, and why.
    pub(super) kept: Vec<String>,
    /// What its author should know, from the last run.
    pub(super) warnings: Vec<String>,
    /// Whether its objects carry the mark of maintenance.
    pub(super) is_marked: bool,
    /// Whether its chart is to draw passwords and keys anew.
    pub(super) redraws: bool,
    /// When the running task began.
    pub(super) begun: Option<std::time::Instant>,
}

impl Default for Resident {
    fn default() -> Self {
        Self {
            module: None,
            store: None,
            tree: None,
            broken: None,
            requires: None,
            section: Mistakes::default(),
            maintenance: false,
            answer: None,
            script_error: None,
            decision: None,
            enabled: false,
            progress: Progress::Pending,
            keeps_last: false,
            known: Known::default(),
            release: None,
            exists: false,
            lost_bounds: None,
            is_lost: false,
            status: Status::default(),
            contest: Contest::default(),
            hooks: HookSet::default(),
            state: ModuleState::Waiting,
            reason: String::new(),
            message: String::new(),
            told_failure: String::new(),
            since: None,
            took: None,
            reported: Vec::new(),
            kept: Vec::new(),
            warnings: Vec::new(),
            is_marked: false,
            redraws: false,
            begun: None,
        }
    }
}

impl Resident {
    /// Whether the original left a release of it that was not taken over.
    pub(super) fn has_release(&self) -> bool {
        self.release.is_some() && self.release != self.known.release
    }

    /// Whether the cluster holds anything of it.
    pub(super) fn has_objects(&self) -> bool {
        self.has_release()
            || !self.known.record.is_empty()
            || self.bounds().is_some_and(|parent| !parent.kinds.is_empty())
    }

    /// The bounds of its inventory; when its `Module` object has none, since somebody deleted it or made
    /// it anew: those that it had, or of what its status remembers.
    pub(super) fn bounds(&self) -> Option<Parent> {
        let record = &self.known.record;
        let remembered = || (!record.is_empty()).then(|| Parent::of(record.keys().cloned()));
        let known = self.known.parent.clone();
        known
            .or_else(|| self.lost_bounds.clone())
            .or_else(remembered)
    }

    /// Nothing of it is in the cluster any more. What its release has was seen, once is enough.
    pub(super) fn forget_objects(&mut self) {
        let release = self.known.release;
        self.release = None;
        self.lost_bounds = None;
        self.known = Known {
            release,
            ..Known::default()
        };
    }

    /// Whether it is enabled, or will be once that is decided for the first time.
    pub(super) fn is_expected(&self) -> bool {
        let flag = || self.module.as_ref()?.flags.last().map(|flag| flag.enabled);
        match &self.decision {
            Some(_) => self.enabled,
            None => flag().unwrap_or(false),
        }
    }

    /// Takes a new version of the folder. On mistakes everything stays as it was.
    pub(super) fn settle(&mut self, module: &Arc<Module>) -> Result<(), Mistakes> {
        let (statics, schemas) = layers_and_schemas(module)?;
        let statics = statics.layers;
        let mut store = match &self.store {
            Some(store) => store.clone(),
            None => Store::new(module.key.clone(), Vec::new(), Schemas::default())?,
        };
        store.reload(statics, schemas)?;
        let mistakes = store.check_static();
        if !mistakes.0.is_empty() {
            return Err(mistakes);
        }
        self.store = Some(store);
        self.module = Some(module.clone());
        Ok(())
    }

    /// Moves to a state; its time moves only when something changes.
    pub(super) fn enter(
        &mut self,
        state: ModuleState,
        reason: &str,
        message: &str,
        now: Timestamp,
    ) {
        if self.state != state || self.reason != reason {
            self.since = Some(now);
        }
        self.state = state;
        reason.clone_into(&mut self.reason);
        message.clone_into(&mut self.message);
    }

    /// The values in the form that templates read, converted once per change.
    pub(super) fn tree(&mut self) -> Option<(Checksum, ValuesTree)> {
        let snapshot = self.store.as_ref()?.snapshot();
        if self
            .tree
            .as_ref()
            .is_none_or(|(of, _)| *of != snapshot.checksum)
        {
            self.tree = Some((snapshot.checksum, ValuesTree::new(&snapshot.values)));
        }
        self.tree.clone()
    }
}

/// The values of a module as its folder alone has them, and what is odd in its files; every mistake
/// at once.
pub fn store_of(module: &Module) -> Result<(Store, Vec<Mistake>), Mistakes> {
    let (statics, schemas) = layers_and_schemas(module)?;
    let mut warnings = statics.warnings;
    warnings.extend(schemas.warnings.iter().cloned());
    let store = Store::new(module.key.clone(), statics.layers, schemas)?;
    store.check_static().into_result()?;
    Ok((store, warnings))
}

/// What the modules directories say of the global values.
pub(super) fn global_statics(discovery: &Discovery) -> Result<StaticLayers, Mistakes> {
    let files = discovery.dirs.iter().filter_map(|dir| dir.common.as_ref());
    let files: Vec<Layer> = files.map(|file| layer(file)).collect();
    let files: Vec<&Layer> = files.iter().collect();
    static_layers(&ValuesKey::global(), &files, None)
}

/// The values of the modules directories that are of no module, as [`store_of`] has those of one.
pub fn global_store_of(
    discovery: &Discovery,
    schemas: Schemas,
) -> Result<(Store, Vec<Mistake>), Mistakes> {
    let key = ValuesKey::global();
    let statics = global_statics(discovery)?;
    let mut warnings = statics.warnings;
    warnings.extend(schemas.warnings.iter().cloned());
    let store = Store::new(key, statics.layers, schemas)?;
    store.check_static().into_result()?;
    Ok((store, warnings))
}

/// The static values and schemas of a module; every mistake at once.
fn layers_and_schemas(module: &Module) -> Result<(StaticLayers, Schemas), Mistakes> {
    let whole: Vec<Layer> = module.values.iter().map(|file| layer(file)).collect();
    let folder = module.folder.display().to_string();
    let is_own = |layer: &&Layer| matches!(&layer.origin, Origin::StaticFile { file } if file.starts_with(&folder));
    let own = whole.iter().find(is_own);
    let common: Vec<&Layer> = whole.iter().filter(|layer| !is_own(layer)).collect();
    let statics = static_layers(&module.key, &common, own);
    let file = |text: &'_ Option<crate::module::Text>| {
        text.as_ref()
            .map(|text| (text.file.clone(), text.text.clone()))
    };
    let (config, values) = (
        file(&module.config_values_schema),
        file(&module.values_schema),
    );
    let schemas = Schemas::read(schema_file(config.as_ref()), schema_file(values.as_ref()));
    match (statics, schemas) {
        (Ok(statics), Ok(schemas)) => Ok((statics, schemas)),
        (statics, schemas) => {
            let mut mistakes: Vec<Mistake> = Vec::new();
            mistakes.extend(statics.err().into_iter().flat_map(|mistakes| mistakes.0));
            mistakes.extend(schemas.err().into_iter().flat_map(|mistakes| mistakes.0));
            Err(Mistakes(mistakes))
        }
    }
}

fn schema_file(text: Option<&(String, String)>) -> Option<SchemaFile<'_>> {
    text.map(|(file, text)| SchemaFile { file, text })
}

/// A values file as a layer.
pub(super) fn layer(file: &ValuesFile) -> Layer {
    Layer {
        origin: Origin::StaticFile {
            file: file.file.clone(),
        },
        node: file.node.clone(),
    }
}
