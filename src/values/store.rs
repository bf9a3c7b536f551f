//! The values of one scope.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::explain::{self, Explained};
use super::layer::{Layer, Origin, is_deeper, too_deep};
use super::trace::{Inputs, below, unwrap, wrap};
use super::{Checksum, Error, number};
use crate::name::ValuesKey;
use crate::patch::{self, StoredPatches, ValuesPatch};
use crate::report::{Mistake, Mistakes, Path, Step, chain};
use crate::schema::{Finding, Purpose, Schemas};
use crate::secret::Secrets;

/// Values that do not change any more. Cloning it is cheap. Its `Debug` leaves out the values, which
/// may hold secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The values of the scope, without its key.
    pub values: Arc<Value>,
    /// Equal if and only if the values are equal.
    pub checksum: Checksum,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Snapshot({})", self.checksum)
    }
}

impl Snapshot {
    fn new(values: Value) -> Self {
        Self {
            checksum: Checksum::of(&values),
            values: Arc::new(values),
        }
    }
}

/// The values of one scope: all layers, and what they come to. Cloning it is cheap: every run of a
/// hook has one. Its `Debug` leaves out the values.
#[derive(Clone)]
pub struct Store {
    scope: ValuesKey,
    statics: Arc<[Layer]>,
    schemas: Schemas,
    config: Option<Arc<Layer>>,
    config_value: Arc<Value>,
    injected: Arc<Value>,
    patches: StoredPatches,
    snapshot: Snapshot,
    /// Found when asked for, once for these values.
    secrets: Arc<OnceLock<Secrets>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Store({}, {})", self.scope, self.snapshot.checksum)
    }
}

impl Store {
    /// A store with static values only. Fails when they are nested too deep.
    pub fn new(scope: ValuesKey, statics: Vec<Layer>, schemas: Schemas) -> Result<Self, Mistakes> {
        let mut store = Self {
            scope,
            statics: Arc::default(),
            schemas: Schemas::default(),
            config: None,
            config_value: empty().into(),
            injected: empty().into(),
            patches: StoredPatches::default(),
            snapshot: Snapshot::new(empty()),
            secrets: Arc::default(),
        };
        store.reload(statics, schemas)?;
        Ok(store)
    }

    /// The key of these values.
    pub fn scope(&self) -> &ValuesKey {
        &self.scope
    }

    /// The schemas of these values.
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The values as they are now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// The `ConfigMap` section; an empty map when there is none.
    pub fn config(&self) -> &Value {
        &self.config_value
    }

    /// The same, to be kept.
    pub fn shared_config(&self) -> Arc<Value> {
        self.config_value.clone()
    }

    /// The stored operations of hooks, as one patch, masked.
    pub fn patches(&self) -> Value {
        let mut patches = self.patches.to_value();
        let operations = patches.as_array_mut().into_iter().flatten();
        for operation in operations {
            let path = operation["path"].as_str().map(below_scope);
            if let (Some(path), Some(value)) = (path, operation.get_mut("value")) {
                self.schemas.mask_at(&path, value);
            }
        }
        patches
    }

    /// All mistakes that a `ConfigMap` section would be refused for; nothing changes. As in the
    /// original it is the section with the config schema's defaults that is checked, without
    /// static values. An empty section has no mistakes.
    pub fn check_config(&self, section: &Layer) -> Mistakes {
        if let Some(mistake) = section.too_deep(self.scope.as_str()) {
            return mistake.into();
        }
        let findings = self.schemas.check_config(&section.to_value());
        let mistake = |finding: Finding| {
            let place = section.place(&finding.path, finding.spot);
            let path = below(&self.scope, &finding.path).to_string();
            let mistake = section.mistake(place, path, finding.message);
            mistake.hint(finding.hint)
        };
        let mut mistakes: Vec<Mistake> = findings.into_iter().map(mistake).collect();
        // As a person reads the section; what has one place keeps its order.
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        Mistakes(mistakes)
    }

    /// Takes a `ConfigMap` section after checking it; `None` resets to no section. Tells whether the
    /// values changed.
    ///
    /// Also refused, with nothing changed, when an operation that a hook stored no longer fits.
    pub fn set_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        if let Some(section) = &section {
            self.check_config(section).into_result()?;
        }
        self.take_config(section)
    }

    /// Takes a `ConfigMap` section of a module that is off, without checking it against the schema. A
    /// section that is no map counts as none.
    pub fn keep_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        let deep = section.as_ref();
        if let Some(mistake) = deep.and_then(|section| section.too_deep(self.scope.as_str())) {
            return Err(mistake.into());
        }
        let is_map = |section: &Layer| section.to_value().is_object();
        self.take_config(section.filter(is_map))
    }

    fn take_config(&mut self, section: Option<Layer>) -> Result<bool, Mistakes> {
        let inputs = Inputs {
            config: section.as_ref(),
            ..self.inputs()
        };
        let values = inputs.values().map_err(|error| {
            let refused = self.refused(&error);
            match &section {
                Some(section) => section.mistake(section.node.place, refused.path, refused.message),
                None => refused,
            }
        })?;
        let value = section.as_ref().map_or_else(empty, Layer::to_value);
        self.config_value = value.into();
        self.secrets = Arc::default();
        self.config = section.map(Arc::new);
        Ok(self.show(values))
    }

    /// Sets what the operator itself adds to the values (`enabledModules`, `discovery`): a map, laid
    /// over the layers below the patches of hooks. Its keys need not be known to the schema. Tells
    /// whether the values changed.
    pub fn set_injected(&mut self, mut values: Value) -> Result<bool, Mistakes> {
        number::settle(&mut values);
        let inputs = Inputs {
            injected: &values,
            ..self.inputs()
        };
        let computed = inputs.values().map_err(|error| self.refused(&error))?;
        self.injected = values.into();
        Ok(self.show(computed))
    }

    /// Applies a hook's patch of values, checks the result against the values schema and stores the
    /// operations. Tells whether the values changed: operations that change nothing are not stored,
    /// and an append that compaction folds into an earlier one is no change.
    pub fn apply_values_patch(&mut self, patch: &ValuesPatch, by: &Origin) -> Result<bool, Error> {
        let refused = |source| Error::ApplyPatch {
            by: by.to_string(),
            source,
        };
        let current = Value::clone(&self.snapshot.values);
        let wanted = self.patched(current, patch, by)?;
        if wanted == *self.snapshot.values {
            return Ok(false);
        }
        let patches = self.patches.with(patch, &hook_of(by));
        let inputs = Inputs {
            patches: &patches,
            ..self.inputs()
        };
        let trace = inputs.trace().map_err(refused)?;
        let findings = self.schemas.check_values(&wanted, Purpose::Values);
        let mistakes = Mistakes(trace.mistakes(&findings));
        self.sound(mistakes, by)?;
        let values = trace.values;
        self.patches = patches;
        Ok(self.show(values))
    }

    /// Takes back what a hook stored at exactly these paths, JSON pointers: what is below counts again.
    /// Tells whether the values changed.
    ///
    /// Refused, with nothing changed, when the values without it do not fit the schema.
    pub fn take_back(&mut self, paths: &[String], by: &Origin) -> Result<bool, Error> {
        let patches = self.patches.without(paths, &hook_of(by));
        if patches == self.patches {
            return Ok(false);
        }
        let inputs = Inputs {
            patches: &patches,
            ..self.inputs()
        };
        let trace = inputs.trace().map_err(|source| Error::ApplyPatch {
            by: by.to_string(),
            source,
        })?;
        let findings = self.schemas.check_values(&trace.values, Purpose::Values);
        let mistakes = Mistakes(trace.mistakes(&findings));
        self.sound(mistakes, by)?;
        let values = trace.values;
        self.patches = patches;
        Ok(self.show(values))
    }

    /// What the `ConfigMap` section would be after a hook's patch of config values, checked against
    /// the config schema; `None` when it would not change. Nothing is stored: give the section to
    /// [`set_config`](Self::set_config) once it is written.
    pub fn plan_config_patch(
        &self,
        patch: &ValuesPatch,
        by: &Origin,
    ) -> Result<Option<Value>, Error> {
        let wanted = self.patched(Value::clone(&self.config_value), patch, by)?;
        if wanted == *self.config_value {
            return Ok(None);
        }
        let section = Layer::from_value(by.clone(), &wanted);
        self.sound(self.check_config(&section), by)?;
        Ok(Some(wanted))
    }

    /// Forgets all operations that hooks stored, as when a module is switched off. Tells whether the
    /// values changed.
    pub fn forget_patches(&mut self) -> bool {
        let patches = StoredPatches::default();
        let inputs = Inputs {
            patches: &patches,
            ..self.inputs()
        };
        // Without operations there is nothing that could be refused.
        let values = inputs.values().unwrap_or_else(|_| empty());
        self.patches = patches;
        self.show(values)
    }

    /// Takes new static values and schemas, as when a module's folder changed; the section and the
    /// stored operations stay. Tells whether the values changed.
    pub fn reload(&mut self, statics: Vec<Layer>, schemas: Schemas) -> Result<bool, Mistakes> {
        let deep = statics
            .iter()
            .filter_map(|layer| layer.too_deep(self.scope.as_str()));
        Mistakes(deep.collect()).into_result()?;
        let inputs = Inputs {
            statics: &statics,
            schemas: &schemas,
            ..self.inputs()
        };
        let values = inputs.values().map_err(|error| self.refused(&error))?;
        self.statics = statics.into();
        self.schemas = schemas;
        self.secrets = Arc::default();
        Ok(self.show(values))
    }

    /// Mistakes of the static values that can be told before any hook ran: unknown keys and wrong
    /// values, not what is missing.
    pub fn check_static(&self) -> Mistakes {
        let inputs = Inputs {
            config: None,
            injected: &Value::Null,
            patches: &StoredPatches::default(),
            ..self.inputs()
        };
        check(&inputs, Purpose::Static)
    }

    /// All mistakes of the present values, `x-required-for-helm` included.
    pub fn check_for_helm(&self) -> Mistakes {
        check(&self.inputs(), Purpose::Helm)
    }

    /// Where each leaf came from, in the order of paths; with a path, only what is at or below it.
    /// The path may be given with or without the scope's key. Computed when asked.
    pub fn explain(&self, path: Option<&str>) -> Vec<Explained> {
        let Ok(trace) = self.inputs().trace() else {
            return Vec::new();
        };
        explain::explain(&trace, &self.scope, &self.masked(), path)
    }

    /// The same value with [`SECRET`](crate::secret::SECRET) in place of what a schema marks as
    /// secret. The value has the shape of this scope's values or config values, without the key.
    pub fn mask(&self, value: &Value) -> Value {
        self.schemas.mask(value)
    }

    /// What must not be told of these values, and of the section.
    pub fn secrets(&self) -> Secrets {
        let find = || {
            let mut found = self.schemas.find_secrets(&self.snapshot.values);
            found.extend(self.schemas.find_secrets(&self.config_value));
            Secrets::of(&found)
        };
        self.secrets.get_or_init(find).clone()
    }

    /// The present values, masked.
    pub fn masked(&self) -> Value {
        self.mask(&self.snapshot.values)
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            scope: &self.scope,
            statics: &self.statics,
            schemas: &self.schemas,
            config: self.config.as_deref(),
            injected: &self.injected,
            patches: &self.patches,
        }
    }

    /// Makes these values the present ones; equal ones leave the snapshot as it is.
    fn show(&mut self, values: Value) -> bool {
        if values == *self.snapshot.values {
            return false;
        }
        self.snapshot = Snapshot::new(values);
        self.secrets = Arc::default();
        true
    }

    /// Values after a patch that is applied strictly.
    fn patched(&self, values: Value, patch: &ValuesPatch, by: &Origin) -> Result<Value, Error> {
        let document = wrap(&self.scope, values);
        let document = patch.apply(&document).map_err(|source| Error::ApplyPatch {
            by: by.to_string(),
            source,
        })?;
        let mut values = unwrap(&self.scope, document);
        if is_deeper(&values) {
            let mistake = Mistake::new(by.to_string(), too_deep()).path(self.scope.as_str());
            self.sound(mistake.into(), by)?;
        }
        number::settle(&mut values);
        Ok(values)
    }

    fn sound(&self, mistakes: Mistakes, by: &Origin) -> Result<(), Error> {
        mistakes
            .into_result()
            .map_err(|mistakes| Error::CheckValues {
                scope: self.scope.to_string(),
                by: by.to_string(),
                mistakes,
            })
    }

    /// A stored operation that no longer fits, as a mistake of what is below it.
    fn refused(&self, error: &patch::Error) -> Mistake {
        let message = format!("a change that a hook made no longer fits: {}", chain(error));
        Mistake::new(format!("values of {}", self.scope), message).path(self.scope.as_str())
    }
}

fn check(inputs: &Inputs<'_>, purpose: Purpose) -> Mistakes {
    match inputs.trace() {
        Ok(trace) => {
            let findings = inputs.schemas.check_values(&trace.values, purpose);
            Mistakes(trace.mistakes(&findings))
        }
        Err(error) => Mistake::new(format!("values of {}", inputs.scope), chain(&error)).into(),
    }
}

/// Who stores operations, as they are kept.
fn hook_of(by: &Origin) -> String {
    match by {
        Origin::HookPatch { hook } => hook.clone(),
        other => other.to_string(),
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// The place of an operation, without the key of the scope.
fn below_scope(pointer: &str) -> Path {
    let parts = pointer.split('/').skip(2);
    let step = |part: &str| match part.parse() {
        Ok(index) => Step::Index(index),
        Err(_) if part == "-" => Step::Index(0),
        Err(_) => Step::Key(part.replace("~1", "/").replace("~0", "~")),
    };
    Path(parts.map(step).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{config, hook, operations, schemas, statics};
    use super::*;

    const CONFIG: &str = "\
type: object
properties:
  replicas: {type: integer, minimum: 1, default: 2, description: How many pods run.}
  host: {type: string}
  password: {type: string, x-secret: true, pattern: '^.{8,}$'}
  ingress:
    type: object
    default: {}
    properties:
      class: {type: string, enum: [nginx, traefik], default: nginx}
  zones: {type: array, items: {type: string}}
";

    const VALUES: &str = "\
x-extend: {schema: config-values.yaml}
type: object
required: [host]
x-required-for-helm: [internal]
properties:
  internal:
    type: object
    properties:
      ca: {type: string, x-secret: true}
      count: {type: integer, default: 0}
      list: {type: array, items: {type: integer}}
";

    /// A store of the scope `m` with one static file.
    fn store(text: &str) -> Store {
        let scope = ValuesKey::parse("m").unwrap();
        Store::new(scope, statics(text), schemas(CONFIG, VALUES)).unwrap()
    }

    fn free(text: &str) -> Store {
        let scope = ValuesKey::parse("m").unwrap();
        Store::new(scope, statics(text), Schemas::default()).unwrap()
    }

    fn patched(store: &mut Store, text: &str) -> Result<bool, String> {
        let patch = operations(text);
        let result = store.apply_values_patch(&patch, &hook("run.sh"));
        result.map_err(|error| chain(&error))
    }

    #[test]
    fn what_a_hook_takes_back_counts_as_before() {
        let mut store = store("host: a\nreplicas: 3");
        patched(&mut store, "add /m/replicas 7").unwrap();
        let mine = [("/m/replicas".to_owned(), "run.sh")];
        for (paths, by, changed, replicas) in [
            (vec!["/m/host".to_owned()], "run.sh", false, 7),
            (vec![mine[0].0.clone()], "other.sh", false, 7),
            (vec![mine[0].0.clone()], mine[0].1, true, 3),
            (vec![mine[0].0.clone()], mine[0].1, false, 3),
        ] {
            assert_eq!(
                store.take_back(&paths, &hook(by)).unwrap(),
                changed,
                "{paths:?} {by}"
            );
            assert_eq!(
                store.snapshot().values["replicas"],
                replicas,
                "{paths:?} {by}"
            );
        }
    }

    #[test]
    fn what_must_be_there_cannot_be_taken_back() {
        let mut store = store("");
        patched(&mut store, r#"add /m/host "a""#).unwrap();
        let before = store.snapshot();
        store
            .take_back(&["/m/host".to_owned()], &hook("run.sh"))
            .unwrap_err();
        assert_eq!(store.snapshot(), before);
    }

    #[test]
    fn later_layer_wins() {
        let with_defaults = json!({"replicas": 2, "ingress": {"class": "nginx"}});
        for (text, section, expected) in [
            ("", "{}", with_defaults.clone()),
            (
                "replicas: 3",
                "{}",
                json!({"replicas": 3, "ingress": {"class": "nginx"}}),
            ),
            (
                "replicas: 3",
                "replicas: 4",
                json!({"replicas": 4, "ingress": {"class": "nginx"}}),
            ),
            (
                "ingress: {class: traefik}",
                "{}",
                json!({"replicas": 2, "ingress": {"class": "traefik"}}),
            ),
            (
                "ingress: {}",
                "ingress: {class: traefik}",
                json!({"replicas": 2, "ingress": {"class": "traefik"}}),
            ),
            (
                "zones: [a, b]",
                "zones: [c]",
                json!({"replicas": 2, "ingress": {"class": "nginx"}, "zones": ["c"]}),
            ),
            (
                "internal: {}",
                "{}",
                json!({"replicas": 2, "ingress": {"class": "nginx"}, "internal": {"count": 0}}),
            ),
            // Null is set, so no default fills it.
            (
                "replicas: null",
                "{}",
                json!({"replicas": null, "ingress": {"class": "nginx"}}),
            ),
        ] {
            let mut store = store(text);
            store.set_config(Some(config(section))).unwrap();
            assert_eq!(*store.snapshot().values, expected, "{text} {section}");
        }
    }

    #[test]
    fn null_in_the_section_overrides_and_stays() {
        let scope = ValuesKey::parse("m").unwrap();
        let nullable = "properties: {a: {type: integer, nullable: true, default: 1}}";
        let mut store = Store::new(scope, statics("a: 2"), schemas(nullable, "{}")).unwrap();
        assert_eq!(store.set_config(Some(config("a: null"))), Ok(true));
        assert_eq!(*store.snapshot().values, json!({"a": null}));
    }

    #[test]
    fn all_mistakes_of_a_section_are_told_and_nothing_changes() {
        let mut store = store("host: example.com");
        let before = store.snapshot();
        let section = config(
            "replicas: '3'\nhots: x\npassword: hunter2\ningress:\n  class: ngnix\n  clas: x\nzones:\n- a\n- 1\n",
        );
        let expected = "\
ConfigMap ns/config:1:11: m.replicas: expected a whole number, got a string (\"3\") (remove the quotes)
ConfigMap ns/config:2:1: m.hots: unknown key (did you mean `host`?)
ConfigMap ns/config:3:11: m.password: expected text like ^.{8,}$, got a string ([secret])
ConfigMap ns/config:5:10: m.ingress.class: expected one of \"nginx\", \"traefik\", got a string (\"ngnix\") (did you mean \"nginx\"?)
ConfigMap ns/config:6:3: m.ingress.clas: unknown key (did you mean `class`?)
ConfigMap ns/config:9:3: m.zones[1]: expected a string, got a number (1) (quote it: \"1\")";
        assert_eq!(store.check_config(&section).to_string(), expected);
        assert_eq!(
            store.set_config(Some(section)).unwrap_err().to_string(),
            expected
        );
        assert_eq!(store.snapshot(), before);
        assert_eq!(*store.config(), json!({}));
    }

    #[test]
    fn section_is_checked_without_static_values() {
        let scope = ValuesKey::parse("m").unwrap();
        let required = "required: [host, port]\nproperties: {host: {}, port: {default: 80}, a: {}}";
        let mut store = Store::new(scope, statics("host: x"), schemas(required, "{}")).unwrap();
        let mistakes = store.set_config(Some(config("a: 1"))).unwrap_err();
        assert_eq!(
            mistakes.to_string(),
            "ConfigMap ns/config:1:1: m.host: this key is required"
        );
        // An empty section is not checked.
        assert_eq!(store.set_config(Some(config("{}"))), Ok(false));
    }

    #[test]
    fn section_must_be_a_map() {
        for (text, got) in [("[1]", "a list"), ("5", "a number (5)"), ("", "null")] {
            let expected = format!("ConfigMap ns/config:1:1: m: expected a map, got {got}");
            assert_eq!(store("").check_config(&config(text)).to_string(), expected);
            assert_eq!(free("").check_config(&config(text)).to_string(), expected);
            assert_eq!(store("").keep_config(Some(config(text))), Ok(false));
        }
    }

    #[test]
    fn removed_section_is_reset() {
        let mut store = store("replicas: 3");
        let before = store.snapshot();
        assert_eq!(store.set_config(Some(config("replicas: 4"))), Ok(true));
        assert_eq!(*store.config(), json!({"replicas": 4}));
        assert_eq!(store.set_config(None), Ok(true));
        assert_eq!(store.snapshot(), before);
        assert_eq!(*store.config(), json!({}));
    }

    #[test]
    fn equal_values_keep_the_snapshot() {
        let mut store = store("replicas: 3");
        let before = store.snapshot();
        assert_eq!(
            store.set_config(Some(config("replicas: 3.0 # same"))),
            Ok(false)
        );
        assert!(Arc::ptr_eq(&before.values, &store.snapshot().values));
        assert_eq!(*store.config(), json!({"replicas": 3}));
    }

    #[test]
    fn section_of_a_module_that_is_off_is_kept_unchecked() {
        let mut store = store("");
        assert_eq!(store.keep_config(Some(config("hots: x"))), Ok(true));
        assert_eq!(store.snapshot().values["hots"], json!("x"));
    }

    #[test]
    fn patches_change_values_and_are_kept_compact() {
        let mut store = store("host: example.com\ninternal: {list: []}");
        assert_eq!(
            patched(
                &mut store,
                "add /m/internal/ca \"x\"\nadd /m/internal/count 5.0"
            ),
            Ok(true)
        );
        let internal = json!({"ca": "x", "count": 5, "list": []});
        assert_eq!(store.snapshot().values["internal"], internal);
        let before = store.snapshot();
        assert_eq!(patched(&mut store, "add /m/internal/count 5"), Ok(false));
        assert!(Arc::ptr_eq(&before.values, &store.snapshot().values));
        // Appends do not accumulate: the second one changes nothing.
        assert_eq!(patched(&mut store, "add /m/internal/list/- 1"), Ok(true));
        assert_eq!(patched(&mut store, "add /m/internal/list/- 1"), Ok(false));
        assert_eq!(store.snapshot().values["internal"]["list"], json!([1]));
        let paths: Vec<_> = store
            .patches()
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["path"].clone())
            .collect();
        assert_eq!(
            paths,
            ["/m/internal/ca", "/m/internal/count", "/m/internal/list/-"]
        );
        assert!(store.forget_patches());
        assert_eq!(
            store.snapshot().values["internal"],
            json!({"count": 0, "list": []})
        );
    }

    #[test]
    fn remove_stays_in_force() {
        let mut store = store("host: x\nreplicas: 3");
        assert_eq!(patched(&mut store, "remove /m/replicas"), Ok(true));
        assert_eq!(store.set_config(Some(config("replicas: 4"))), Ok(false));
        assert_eq!(store.snapshot().values.get("replicas"), None);
        assert_eq!(store.config()["replicas"], json!(4));
        assert_eq!(patched(&mut store, "add /m/replicas 5"), Ok(true));
    }

    #[test]
    fn refused_patches_store_nothing() {
        for (text, expected) in [
            (
                "remove /m/gone",
                "applying the patch of hook run.sh: applying \"remove /m/gone\": /m/gone does not exist",
            ),
            (
                "add /m/replicas 5\nadd /m/internal/ca/x 1",
                "applying the patch of hook run.sh: applying \"add /m/internal/ca/x\": /m/internal does not exist",
            ),
            (
                "add /m/internal {\"ca\":5,\"typo\":1}\nremove /m/host",
                "checking \"m\" after the patch of hook run.sh: \
hook run.sh: m.host: this key is required
hook run.sh: m.internal.ca: expected a string, got a number ([secret])
hook run.sh: m.internal.typo: unknown key (known keys: ca, count, list)",
            ),
            (
                "remove /m",
                "checking \"m\" after the patch of hook run.sh: hook run.sh: m: expected a map, got null",
            ),
            (
                "add /m [1]",
                "checking \"m\" after the patch of hook run.sh: hook run.sh: m: expected a map, got a list",
            ),
        ] {
            let mut store = store("host: x");
            let before = store.snapshot();
            assert_eq!(
                patched(&mut store, text),
                Err(expected.to_owned()),
                "{text}"
            );
            assert_eq!(store.snapshot(), before);
            assert_eq!(store.patches(), json!([]));
        }
    }

    #[test]
    fn mistakes_after_a_patch_name_who_set_the_value() {
        let mut store = store("host: x\nreplicas: many");
        let expected = "checking \"m\" after the patch of hook run.sh: values.yaml:2:11: m.replicas: \
expected a whole number, got a string (\"many\") (the schema says: How many pods run.)";
        assert_eq!(
            patched(&mut store, "add /m/internal {}"),
            Err(expected.to_owned())
        );
    }

    #[test]
    fn edit_that_a_stored_operation_needs_is_refused() {
        let mut store = free("a: {}");
        assert_eq!(patched(&mut store, "add /m/a/b 1"), Ok(true));
        let before = store.snapshot();
        let expected = "ConfigMap ns/config:1:1: m: a change that a hook made no longer fits: \
applying \"add /m/a/b, stored by run.sh\": /m/a is a number, which holds no keys";
        let mistakes = store.set_config(Some(config("a: 5"))).unwrap_err();
        assert_eq!(mistakes.to_string(), expected);
        assert_eq!(store.snapshot(), before);
        assert_eq!(*store.config(), json!({}));
        assert!(store.reload(statics("a: 5"), Schemas::default()).is_err());
        assert!(store.set_injected(json!({"a": 5})).is_err());
        assert_eq!(store.snapshot(), before);
    }

    #[test]
    fn config_patch_plans_the_section_and_stores_nothing() {
        let mut store = store("host: x");
        store.set_config(Some(config("replicas: 3"))).unwrap();
        let plan = |text: &str| {
            let plan = store.plan_config_patch(&operations(text), &hook("run.sh"));
            plan.map_err(|error| chain(&error))
        };
        assert_eq!(plan("add /m/replicas 3"), Ok(None));
        assert_eq!(plan("add /m/replicas 4"), Ok(Some(json!({"replicas": 4}))));
        assert_eq!(plan("remove /m/replicas"), Ok(Some(json!({}))));
        assert_eq!(plan("test /m/replicas 3"), Ok(None));
        // Static values and defaults are no part of the section.
        let missing = "applying the patch of hook run.sh: applying \"remove /m/host\": /m/host does not exist";
        assert_eq!(plan("remove /m/host"), Err(missing.to_owned()));
        let wrong = "checking \"m\" after the patch of hook run.sh: hook run.sh: m.replicas: \
expected at least 1, got a number (0) (the schema says: How many pods run.)";
        assert_eq!(plan("add /m/replicas 0"), Err(wrong.to_owned()));
        assert_eq!(*store.config(), json!({"replicas": 3}));
    }

    #[test]
    fn what_the_operator_adds_need_not_be_in_the_schema() {
        let mut store = store("host: x");
        let added = json!({"enabledModules": ["a"], "discovery": {"apiVersions": ["v1"]}});
        assert_eq!(store.set_injected(added.clone()), Ok(true));
        assert_eq!(store.set_injected(added), Ok(false));
        assert_eq!(patched(&mut store, "add /m/internal {}"), Ok(true));
        assert_eq!(store.snapshot().values["enabledModules"], json!(["a"]));
    }

    #[test]
    fn static_mistakes_are_told_before_any_hook_ran() {
        let store = store("replicas: 0\ninternl: {}\ninternal: {count: x}");
        let expected = "\
values.yaml:3:19: m.internal.count: expected a whole number, got a string (\"x\")
values.yaml:2:1: m.internl: unknown key (did you mean `internal`?)
values.yaml:1:11: m.replicas: expected at least 1, got a number (0) (the schema says: How many pods run.)";
        assert_eq!(store.check_static().to_string(), expected);
        // Before rendering, what is missing counts as well.
        let expected = format!("values.yaml:1:1: m.host: this key is required\n{expected}");
        assert_eq!(store.check_for_helm().to_string(), expected);
    }

    #[test]
    fn keys_for_helm_are_asked_for_before_rendering() {
        let mut store = store("host: x");
        let expected = "values.yaml:1:1: m.internal: this key is required to render the chart";
        assert_eq!(store.check_for_helm().to_string(), expected);
        patched(&mut store, "add /m/internal {}").unwrap();
        assert_eq!(store.check_for_helm(), Mistakes::default());
    }

    #[test]
    fn integers_stay_exact() {
        let mut store = free("a: 9007199254740993\nb: 20.0");
        patched(
            &mut store,
            "add /m/c 9223372036854775807\nadd /m/d 18446744073709551615",
        )
        .unwrap();
        let text = store.snapshot().values.to_string();
        let expected =
            r#"{"a":9007199254740993,"b":20,"c":9223372036854775807,"d":18446744073709551615}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn values_have_a_depth() {
        let deep = |levels: usize| format!("a: {}1{}", "[".repeat(levels), "]".repeat(levels));
        let scope = || ValuesKey::parse("m").unwrap();
        assert!(Store::new(scope(), statics(&deep(110)), Schemas::default()).is_ok());
        let mistakes = Store::new(scope(), statics(&deep(121)), Schemas::default()).unwrap_err();
        let text = mistakes.to_string();
        assert!(
            text.ends_with("m: values may be nested 120 levels deep"),
            "{text}"
        );
        assert!(free("").set_config(Some(config(&deep(121)))).is_err());
        let mut store = free("a: {}");
        let mut path = "/m/a".to_owned();
        let refused = (0..200).find(|_| {
            path.push_str("/b");
            patched(&mut store, &format!("add {path} {{}}")).is_err()
        });
        assert_eq!(refused, Some(118));
    }

    #[test]
    fn secrets_are_masked_in_values_and_section() {
        let mut store = store("host: x");
        store
            .set_config(Some(config("password: 'long enough'")))
            .unwrap();
        patched(&mut store, "add /m/internal {\"ca\":\"key\"}").unwrap();
        assert_eq!(store.mask(store.config()), json!({"password": "[secret]"}));
        assert_eq!(store.masked()["internal"]["ca"], json!("[secret]"));
        assert_eq!(store.masked()["host"], json!("x"));
    }

    #[test]
    fn debug_tells_no_values() {
        let mut store = store("host: hunter2");
        let section = config("password: hunter2hunter2");
        let patch = operations("add /m/internal {\"ca\":\"hunter2\"}");
        let before = format!("{section:?} {patch:?}");
        store.set_config(Some(section)).unwrap();
        store.apply_values_patch(&patch, &hook("run.sh")).unwrap();
        let after = format!("{store:?} {:?}", store.snapshot());
        assert!(
            !before.contains("hunter2") && !after.contains("hunter2"),
            "{before} {after}"
        );
        assert!(before.contains("/m/internal"), "{before}");
    }
}
