//! A declared hook, evaluated without an operator.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use addon_operator::hook::{Hook, HookFile};
use addon_operator::metric::{Change, Operation};
use addon_operator::name::ModuleName;
use addon_operator::task::{
    Declaration, DeclaredCall, DeclaredRun, Documents, Evaluated, HookCall, Reply,
};
use addon_operator::values::Store;
use addon_operator::watch::Item;
use addon_operator::yaml;
use serde_json::{Value, json};

/// A declared hook of a module.
pub(crate) struct Declared {
    hook: Arc<Hook>,
    declaration: Arc<Declaration>,
    module: ModuleName,
}

/// What it came to.
pub(crate) struct Result {
    evaluated: Evaluated,
}

impl Declared {
    /// Reads it; it must be good.
    pub(crate) fn read(file: &Path, module: ModuleName) -> Self {
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let file = HookFile {
            name: format!("hooks/{name}"),
            shown: name.to_owned(),
            place: addon_operator::binding::Place::Module,
            root: std::path::PathBuf::from("/"),
            path: file.to_owned(),
            python: None,
            digest: [0; 32],
        };
        let read = Declaration::read(&file, &module.key());
        let (config, declaration) = read.unwrap_or_else(|error| {
            panic!("{}", addon_operator::report::chain(&error));
        });
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
        Self {
            hook: Arc::new(Hook {
                file,
                config: Arc::new(config),
            }),
            declaration: Arc::new(declaration),
            module,
        }
    }

    /// Evaluates it when the objects of each binding are those that `objects` answers for its name.
    pub(crate) fn evaluate(&self, store: &Store, objects: &dyn Fn(&str) -> Vec<Value>) -> Result {
        self.evaluate_after(store, objects, None)
    }

    /// The same, after an earlier evaluation.
    pub(crate) fn evaluate_after(
        &self,
        store: &Store,
        objects: &dyn Fn(&str) -> Vec<Value>,
        before: Option<Documents>,
    ) -> Result {
        let bindings = self.hook.config.kubernetes.iter();
        let items = bindings.map(|binding| {
            let item = |object: &Value| {
                let text = object.to_string();
                let filter = binding.filter.as_ref();
                let result = filter.map(|filter| filter.project(&text).expect("a result"));
                Arc::new(Item {
                    api_version: String::new(),
                    kind: String::new(),
                    namespace: None,
                    name: String::new(),
                    object: binding.keep_full.then(|| text.into_boxed_str()),
                    filter_result: result.map(String::into_boxed_str),
                })
            };
            objects(&binding.name).iter().map(item).collect()
        });
        let run = DeclaredRun {
            items: items.collect(),
            call: HookCall {
                hook: self.hook.clone(),
                module: Some(self.module.clone()),
                contexts: Vec::new(),
                monitors: Vec::new(),
                store: store.clone(),
                global: None,
                secrets: addon_operator::secret::Secrets::default(),
                declared: None,
                queue: String::new(),
                task: 0,
                reply: Reply::None,
            },
            declared: DeclaredCall {
                declaration: self.declaration.clone(),
                is_complete: true,
                before,
                values: None,
                module: None,
            },
            contexts: "[]".to_owned(),
            namespace: "addon-operator".to_owned(),
            capabilities: Arc::default(),
        };
        let evaluated = run.evaluate().unwrap_or_else(|error| {
            panic!("{}", addon_operator::report::chain(&error));
        });
        Result { evaluated }
    }
}

impl Result {
    /// What it declares.
    pub(crate) fn documents(&self) -> Option<Documents> {
        self.evaluated.documents.clone()
    }

    /// All of it, for people.
    pub(crate) fn show(&self) -> String {
        let mut text = String::new();
        let documents = self.evaluated.documents.iter().flat_map(|it| it.iter());
        for document in documents {
            let object = yaml::read_value(document.text(), yaml::Profile::V2).expect("YAML");
            write!(text, "---\n{}", yaml::write(&object)).expect("a text");
        }
        for operation in &self.evaluated.values.values.0 {
            let shown = yaml::write(&operation.to_value());
            write!(text, "--- # value\n{shown}").expect("a text");
        }
        for operation in &self.evaluated.metrics {
            if let Operation::Write(sample) = operation {
                let Change::Set(value) = sample.change else {
                    continue;
                };
                let shown = json!({"name": sample.name, "value": value});
                write!(text, "--- # metric\n{}", yaml::write(&shown)).expect("a text");
            }
        }
        text
    }
}
