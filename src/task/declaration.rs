//! A hook that is declared: read, and evaluated in this process.
//!
//! ```text
//! snapshots, contexts, values ─▶ jq ─▶ values, metrics ─▶ template ─▶ documents
//! ```
//!
//! The template sees the values as they are with those that the hook itself just set. The documents are
//! checked here and made into objects when their module's set is brought (`declared.rs`).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::context::Context;
use super::error::Error;
use super::hook_run::{HookCall, files};
use super::rendering::Values;
use crate::binding::{HookConfig, Rule};
use crate::hook::{self, HookFile};
use crate::jq::Document as Input;
use crate::module::Module;
use crate::name::{ModuleName, ValuesKey};
use crate::patch::{self, HookPatch, parse_metric_operations};
use crate::render::{
    self, Capabilities, ObjectsTemplate, Release, ValuesStyle, ValuesTree, read_objects,
    values_tree,
};
use crate::report::{Mistake, Mistakes, Path};
use crate::values::Store;
use crate::watch::Item;
use crate::{metric, yaml};

/// A declaration, compiled. Immutable.
#[derive(Debug)]
pub struct Declaration {
    file: String,
    rules: crate::binding::Declaration,
    objects: Option<ObjectsTemplate>,
}

/// A text that a hook rendered and that is objects. The same content is the same document as long as
/// its hook declares it.
pub struct Document {
    /// The text.
    pub(super) text: String,
    /// The hook.
    pub(super) hook: Arc<str>,
    /// The hook's file, for people.
    pub(super) file: Arc<str>,
}

/// What a hook declares now.
pub type Documents = Arc<Vec<Arc<Document>>>;

/// What a run of a declared hook needs beside what every run does.
#[derive(Clone)]
pub struct DeclaredCall {
    /// What is evaluated.
    pub declaration: Arc<Declaration>,
    /// Whether all that it watches is known; else nothing follows yet.
    pub is_complete: bool,
    /// What it declared before; `None` when that is not known since the operator started.
    pub before: Option<Documents>,
    /// The values as templates see them; `None` for global hooks.
    pub values: Option<Values>,
    /// Its module; `None` for global hooks.
    pub module: Option<Arc<Module>>,
}

/// What came of an evaluation.
#[derive(Default)]
pub struct Evaluated {
    /// The patch of values, without what is so already.
    pub values: HookPatch,
    /// Values that are the hook's no more, as JSON pointers.
    pub taken_back: Vec<String>,
    /// The metrics.
    pub metrics: Vec<metric::Operation>,
    /// What it declares; `None` when that is as before.
    pub documents: Option<Documents>,
}

/// What an evaluation is made from: nothing else comes into it.
pub struct DeclaredRun {
    /// The run.
    pub call: HookCall,
    /// What is evaluated.
    pub declared: DeclaredCall,
    /// The contexts as JSON, without snapshots.
    pub contexts: String,
    /// By the index of the binding.
    pub items: Vec<Vec<Arc<Item>>>,
    /// The namespace of objects that name none.
    pub namespace: String,
    /// What the cluster can do.
    pub capabilities: Arc<Capabilities>,
}

/// It may be a Secret.
impl std::fmt::Debug for Document {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Document({})", self.hook)
    }
}

impl Document {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Declaration {
    /// Reads a hook; tells all mistakes of its file.
    pub fn read(file: &HookFile, scope: &ValuesKey) -> Result<(HookConfig, Self), hook::Error> {
        let (declared, text) = hook::read_declaration(file, scope)?;
        let mut mistakes = declared.mistakes;
        let objects = declared.declaration.objects.as_ref().map(|objects| {
            let place = render::Place {
                file: &file.shown,
                text: &text,
                above: objects.above,
                indent: objects.indent,
            };
            ObjectsTemplate::compile(&objects.text, place)
        });
        let objects = objects.transpose().unwrap_or_else(|mistake| {
            mistakes.0.push(mistake);
            None
        });
        let made = Self {
            file: file.shown.clone(),
            rules: declared.declaration,
            objects,
        };
        match mistakes.into_result() {
            Ok(()) => Ok((declared.config, made)),
            Err(source) => Err(hook::Error::Config {
                hook: file.shown.clone(),
                source,
            }),
        }
    }

    /// Whether it declares objects.
    pub fn has_objects(&self) -> bool {
        self.objects.is_some()
    }

    /// The JSON pointers of the values that it sets.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.rules.values.iter().map(|rule| rule.pointer.as_str())
    }
}

impl DeclaredRun {
    /// Evaluates everything; all mistakes of values and metrics are told at once.
    pub fn evaluate(self) -> Result<Evaluated, Error> {
        let rules = &self.declared.declaration.rules;
        let snapshots = self.snapshots();
        let mut evaluated = Evaluated::default();
        let mut store = self.call.store.clone();
        if !rules.values.is_empty() || !rules.metrics.is_empty() {
            let input = format!(
                r#"{{"contexts":{},"snapshots":{snapshots},"values":{}}}"#,
                self.contexts,
                files(&self.call).0
            );
            let input = Input::read(&input).map_err(|error| {
                self.failed(Mistake::new(self.file(), error.to_string()).into())
            })?;
            self.follow(&input, &mut evaluated)?;
            let origin = self.call.origin();
            store.take_back(&evaluated.taken_back, &origin)?;
            store.apply_values_patch(&evaluated.values.values, &origin)?;
        }
        if let Some(template) = &self.declared.declaration.objects {
            evaluated.documents = self.documents(template, &snapshots, &store)?;
        }
        Ok(evaluated)
    }

    fn file(&self) -> &str {
        &self.declared.declaration.file
    }

    fn failed(&self, source: Mistakes) -> Error {
        Error::Evaluate {
            hook: self.file().to_owned(),
            source,
        }
    }

    /// The snapshots by the names of their bindings, as JSON; of bindings with one name the first.
    fn snapshots(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut text = String::from("{");
        let bindings = self.call.hook.config.kubernetes.iter().zip(&self.items);
        for (binding, items) in bindings {
            if names.contains(&binding.name.as_str()) {
                continue;
            }
            let separator = if names.is_empty() { "" } else { "," };
            names.push(&binding.name);
            // Writing into a text cannot fail.
            let _ = write!(text, "{separator}{}:[", json!(binding.name));
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write_item(&mut text, item);
            }
            text.push(']');
        }
        text.push('}');
        text
    }

    /// Values and metrics.
    fn follow(&self, input: &Input, evaluated: &mut Evaluated) -> Result<(), Error> {
        let rules = &self.declared.declaration.rules;
        let mut mistakes = Vec::new();
        let (mut patch, mut metrics) = (Vec::new(), Vec::new());
        for rule in &rules.values {
            match self.result(rule, "values", input) {
                Ok(Value::Null) if rule.pointer.matches('/').count() == 1 => {
                    patch.push(json!({"op": "remove", "path": rule.pointer}));
                }
                Ok(Value::Null) => evaluated.taken_back.push(rule.pointer.clone()),
                Ok(value) if is_at(&self.call.store, &rule.pointer, &value) => {}
                Ok(value) => {
                    patch.push(json!({"op": "add", "path": rule.pointer, "value": value}));
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        for rule in &rules.metrics {
            match self.result(rule, "metrics", input) {
                Ok(Value::Null) => {}
                Ok(Value::Number(number)) => metrics.push(json!({
                    "name": rule.name, "group": self.group(), "action": "set", "value": number,
                })),
                Ok(other) => {
                    let message = format!("expected a number, got {}", kind_of(&other));
                    mistakes.push(self.mistake(rule, "metrics", message));
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        Mistakes(mistakes)
            .into_result()
            .map_err(|mistakes| self.failed(mistakes))?;
        evaluated.values = patch::parse(&json!(patch).to_string(), self.call.store.scope())
            .map_err(|error| self.unfit(&error))?;
        let read = parse_metric_operations(&json!(metrics).to_string(), &self.labels(), None);
        evaluated.metrics = read.map_err(|error| self.unfit(&error))?.operations;
        Ok(())
    }

    fn unfit(&self, error: &patch::Error) -> Error {
        let message = crate::report::chain(error);
        self.failed(Mistake::new(self.file(), message).into())
    }

    /// The one result of a filter; `null` for none.
    fn result(&self, rule: &Rule, part: &str, input: &Input) -> Result<Value, Mistake> {
        let results = rule.filter.run_on(input);
        let mut results =
            results.map_err(|error| self.mistake(rule, part, format!("jq: {error}")))?;
        if results.len() > 1 {
            let message = format!("expected one result, got {}", results.len());
            let mistake = self.mistake(rule, part, message);
            return Err(mistake.hint("write [ ] around the filter to have a list"));
        }
        Ok(results.pop().unwrap_or_default())
    }

    fn mistake(&self, rule: &Rule, part: &str, message: String) -> Mistake {
        Mistake::new(self.file(), message)
            .at(rule.place.line, rule.place.column)
            .path(Path::default().key(part).key(&rule.name).to_string())
    }

    /// What the hook declares now; `None` when nothing of it is new or gone.
    fn documents(
        &self,
        template: &ObjectsTemplate,
        snapshots: &str,
        store: &Store,
    ) -> Result<Option<Documents>, Error> {
        let snapshots = serde_json::from_str(snapshots).map_err(|error| {
            self.failed(Mistake::new(self.file(), format!("snapshots: {error}")).into())
        })?;
        let text = template
            .render(&self.input(store), &snapshots)
            .map_err(|mistake| self.failed(mistake.into()))?;
        let before: HashMap<&str, &Arc<Document>> = self
            .declared
            .before
            .iter()
            .flat_map(|documents| documents.iter())
            .map(|document| (document.text.as_str(), document))
            .collect();
        let (hook, file): (Arc<str>, Arc<str>) =
            (self.call.hook.file.name.as_str().into(), self.file().into());
        let (mut documents, mut mistakes) = (Vec::new(), Vec::new());
        for part in yaml::documents(&text) {
            if let Some(known) = before.get(part.text) {
                documents.push(Arc::clone(known));
                continue;
            }
            match read_objects(&file, part.text) {
                Ok(objects) if objects.is_empty() => {}
                Ok(_) => documents.push(Arc::new(Document {
                    text: part.text.to_owned(),
                    hook: hook.clone(),
                    file: file.clone(),
                })),
                Err(found) => mistakes.extend(found.0),
            }
        }
        Mistakes(mistakes)
            .into_result()
            .map_err(|mistakes| self.failed(mistakes))?;
        let is_same = self.declared.before.as_ref().is_some_and(|before| {
            before.len() == documents.len()
                && before
                    .iter()
                    .zip(&documents)
                    .all(|(one, other)| Arc::ptr_eq(one, other))
        });
        Ok((!is_same).then(|| Arc::new(documents)))
    }

    /// What the template sees, with the values as the hook has just made them.
    fn input(&self, store: &Store) -> render::Input {
        let nothing = || ValuesTree::new(&json!({}));
        let (global, known) = match &self.declared.values {
            Some(values) => (values.global.clone(), Some(values)),
            None => (nothing(), None),
        };
        let now = store.snapshot();
        let own = match known {
            Some(values) if values.checksums.1 == now.checksum => values.module.clone(),
            _ => ValuesTree::new(&now.values),
        };
        let module = self.call.module.as_ref();
        render::Input {
            values: values_tree(ValuesStyle::Nested, &global, store.scope(), &own),
            release: Release {
                name: module.map_or_else(String::new, ToString::to_string),
                namespace: self.namespace.clone(),
                revision: 1,
                is_install: false,
                is_upgrade: true,
            },
            capabilities: self.capabilities.clone(),
        }
    }

    /// A group that no other hook has: what is not said any more is gone.
    fn group(&self) -> String {
        let place = self
            .call
            .module
            .as_ref()
            .map_or("global", ModuleName::as_str);
        format!("{place}/{}", self.call.hook.file.name)
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::from([("hook".to_owned(), self.call.hook.file.name.clone())]);
        if let Some(module) = &self.call.module {
            labels.insert("module".to_owned(), module.to_string());
        }
        labels
    }
}

/// The namespace of objects that name none.
pub(super) fn namespace_of(context: &Context, declared: &DeclaredCall) -> String {
    match &declared.module {
        Some(module) => context.release_namespace(module),
        None => context.namespace.clone(),
    }
}

/// Whether a value is there already.
fn is_at(store: &Store, pointer: &str, value: &Value) -> bool {
    let own = pointer
        .strip_prefix('/')
        .and_then(|pointer| pointer.strip_prefix(store.scope().as_str()));
    let own = own.filter(|rest| rest.starts_with('/'));
    own.and_then(|rest| store.snapshot().values.pointer(rest).cloned())
        .as_ref()
        == Some(value)
}

fn write_item(text: &mut String, item: &Item) {
    let fields = [
        ("filterResult", &item.filter_result),
        ("object", &item.object),
    ];
    text.push('{');
    let mut separator = "";
    for (key, field) in fields {
        if let Some(field) = field {
            // Writing into a text cannot fail.
            let _ = write!(text, "{separator}\"{key}\":{field}");
            separator = ",";
        }
    }
    text.push('}');
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::Reply;
    use super::*;
    use crate::hook::Hook;
    use crate::schema::Schemas;
    use crate::values::Origin;

    const BINDINGS: &str = "configVersion: v1\nkubernetes: [{name: pods, kind: Pod}]\n";

    fn run(text: &str, store: &Store, before: Option<Documents>) -> Result<Evaluated, String> {
        let failed = |error: std::io::Error| error.to_string();
        let folder = tempfile::TempDir::new().map_err(failed)?;
        let path = folder.path().join("x.hook.yaml");
        std::fs::write(&path, format!("{BINDINGS}{text}")).map_err(failed)?;
        let file = HookFile {
            name: "hooks/x.hook.yaml".to_owned(),
            shown: "x".to_owned(),
            place: crate::binding::Place::Module,
            root: folder.path().to_owned(),
            path,
            python: None,
            digest: [0; 32],
        };
        let told = |error: &(dyn std::error::Error + 'static)| crate::report::chain(error);
        let (config, declaration) =
            Declaration::read(&file, store.scope()).map_err(|error| told(&error))?;
        let item = |name: &str| {
            Arc::new(Item {
                api_version: String::new(),
                kind: String::new(),
                namespace: None,
                name: name.to_owned(),
                object: Some(format!(r#"{{"name":"{name}"}}"#).into_boxed_str()),
                filter_result: None,
            })
        };
        let config = Arc::new(config);
        let run = DeclaredRun {
            call: HookCall {
                hook: Arc::new(Hook { file, config }),
                module: ModuleName::parse("hello").ok(),
                contexts: Vec::new(),
                monitors: Vec::new(),
                store: store.clone(),
                global: None,
                secrets: crate::secret::Secrets::default(),
                declared: None,
                queue: String::new(),
                task: 0,
                reply: Reply::None,
            },
            declared: DeclaredCall {
                declaration: Arc::new(declaration),
                is_complete: true,
                before,
                values: None,
                module: None,
            },
            contexts: r#"[{"binding":"nightly"}]"#.to_owned(),
            items: vec![vec![item("a"), item("b")]],
            namespace: "ops".to_owned(),
            capabilities: Arc::default(),
        };
        run.evaluate().map_err(|error| told(&error))
    }

    fn store() -> Store {
        let scope = ValuesKey::parse("hello").unwrap();
        Store::new(scope, Vec::new(), Schemas::default()).unwrap()
    }

    fn failure(text: &str) -> String {
        run(text, &store(), None).err().unwrap()
    }

    #[test]
    fn values_are_what_filters_give_and_only_what_is_new_is_asked_for() {
        let text = "values:
  hello.names: '[.snapshots.pods[].object.name]'
  hello.why: .contexts[0].binding
  hello.none: empty
  hello.null: 'null'
";
        let mut store = store();
        let evaluated = run(text, &store, None).unwrap();
        let asked: Vec<String> = evaluated
            .values
            .values
            .0
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(asked, ["add /hello/names", "add /hello/why"]);
        assert_eq!(evaluated.taken_back, ["/hello/none", "/hello/null"]);
        let origin = Origin::HookPatch {
            hook: "hello/hooks/x.hook.yaml".to_owned(),
        };
        store
            .apply_values_patch(&evaluated.values.values, &origin)
            .unwrap();
        assert_eq!(
            *store.snapshot().values,
            json!({"names": ["a", "b"], "why": "nightly"})
        );
        assert!(run(text, &store, None).unwrap().values.values.is_empty());
    }

    #[test]
    fn what_fails_is_told_with_its_place_and_all_at_once() {
        let told = failure(
            "values:
  hello.a: .snapshots.pods[]
  hello.b: .nope.x[0] | error(\"no\")
metrics:
  a: '\"x\"'
",
        );
        for part in [
            "x:4:12: values[\"hello.a\"]: expected one result, got 2 (write [ ] around the filter to have a list)",
            "x:5:12: values[\"hello.b\"]: jq: ",
            "x:7:6: metrics.a: expected a number, got a string",
        ] {
            assert!(told.contains(part), "{part}\n{told}");
        }
    }

    #[test]
    fn mistakes_of_filters_and_of_the_template_are_told_together() {
        let told = failure("values: {hello.a: '.['}\nobjects: |\n  {% if x %}\n");
        assert!(told.contains("x:3:"), "{told}");
        assert!(told.contains("x:5:"), "{told}");
        let told = failure("objects: |\n  ---\n  {{ snapshot.pods }}\n");
        assert!(
            told.contains("x:5:6: snapshot is undefined (did you mean snapshots?)"),
            "{told}"
        );
        let told = failure("objects: |\n  ---\n  {{ Chart.Name }}\n");
        assert!(told.contains("x:5:6: "), "{told}");
        let told = failure("objects: |\n  - a\n");
        assert!(told.contains("expected an object, got a list"), "{told}");
        let hook =
            "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {helm.sh/hook: test}}}";
        let told = failure(&format!("objects: |\n  {hook}\n"));
        assert!(told.contains("is a Helm hook"), "{told}");
    }

    const OBJECTS: &str = "objects: |
  {% for item in snapshots.pods %}
  ---
  {apiVersion: v1, kind: ConfigMap, metadata: {name: {{ item.object.name }}}, data: { a: {{ Values.hello.a | default('x') }}}}
  {% endfor %}
";

    #[test]
    fn a_document_that_is_as_before_is_the_same_one() {
        let first = run(OBJECTS, &store(), None).unwrap().documents.unwrap();
        assert_eq!(first.len(), 2);
        let again = run(OBJECTS, &store(), Some(first.clone())).unwrap();
        assert!(again.documents.is_none());
        let text = OBJECTS.replace(
            "data: { a:",
            "data: { {% if item.object.name == 'b' %}b: 1, {% endif %}a:",
        );
        let other = run(&text, &store(), Some(first.clone()))
            .unwrap()
            .documents
            .unwrap();
        assert!(Arc::ptr_eq(&first[0], &other[0]));
        assert!(!Arc::ptr_eq(&first[1], &other[1]));
    }

    #[test]
    fn the_template_sees_the_values_that_the_hook_sets() {
        let text = format!("values: {{hello.a: '\"new\"'}}\n{OBJECTS}");
        let documents = run(&text, &store(), None).unwrap().documents.unwrap();
        assert!(
            documents[0].text.contains("a: new"),
            "{}",
            documents[0].text
        );
    }
}
