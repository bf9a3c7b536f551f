//! One hook, tried out: it runs for real, and what it asks for is told and not done.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use super::declaration::{DeclaredRun, Documents};
use super::declared::marked;
use super::error::Error;
use super::hook_run::{HookCall, run_told};
use super::module_diff::{compare, without_noise};
use super::reply::Replied;
use crate::cluster::Client;
use crate::diff::{KnownKind, Owner, prepare_one};
use crate::object::{Manifest, hook_field_manager};
use crate::patch::{HookPatch, MetricOperations, ObjectOperation, ObjectPatch, ValuesPatch};
use crate::process::{Processes, Usage};
use crate::render::read_objects;
use crate::report::{Mistake, Mistakes};
use crate::values::Store;
use crate::{apply, diff, hook, report, yaml};

/// What a run asked for, and what would come of it.
pub struct HookRehearsal {
    /// All that it asked for.
    pub output: hook::Output,
    /// How its patch would change the values: a unified diff, secrets masked, empty when it would
    /// not; or why they would not take it.
    pub values: Result<String, Error>,
    /// The same of what people set in the `ConfigMap`.
    pub config_values: Result<String, Error>,
    /// What it answers the API server, when the run is a call of it, and what of that has no effect; or
    /// what is wrong with the answer.
    pub replied: Result<(Replied, Vec<Mistake>), Mistakes>,
}

/// What one operation on an object would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// `MergePatch v1 ConfigMap shop/web`.
    pub operation: String,
    /// `create`, `change`, `remove`, `nothing`, or `refuse` when it would fail; `asked` where nobody was
    /// asked, or nobody can know.
    pub action: &'static str,
    /// A unified diff of the object as YAML, secrets masked; for `refuse` and `nothing` the reason;
    /// for `asked` what is asked for.
    pub text: String,
    /// What the API server warns of, and what a rehearsal cannot show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Runs a hook for what it is told: the names of the bindings, and the text of their contexts. Nothing
/// that it asks for is done.
pub async fn rehearse_hook(
    processes: &Processes,
    call: &HookCall,
    (binding, contexts): (&str, &str),
    limit: Option<Duration>,
) -> Result<HookRehearsal, Error> {
    let told = (binding, contexts.to_owned());
    let output = run_told(processes, call, told, (limit, true, false)).await?;
    Ok(HookRehearsal {
        values: values(call, &output.values.values),
        config_values: config_values(call, &output.config_values.values),
        replied: call.reply.read(&output),
        output,
    })
}

/// Evaluates a hook that is declared; answers the objects that it declares, too.
pub fn rehearse_declared(run: DeclaredRun) -> Result<(HookRehearsal, Documents), Error> {
    let begun = Instant::now();
    let call = run.call.clone();
    let evaluated = run.evaluate()?;
    let output = hook::Output {
        values: evaluated.values,
        config_values: HookPatch::default(),
        objects: Vec::new(),
        metrics: MetricOperations {
            operations: evaluated.metrics,
            warnings: Vec::new(),
        },
        admission: String::new(),
        conversion: String::new(),
        usage: Usage::default(),
        took: begun.elapsed(),
    };
    let rehearsal = HookRehearsal {
        values: values(&call, &output.values.values),
        config_values: Ok(String::new()),
        replied: Ok((Replied::None, Vec::new())),
        output,
    };
    Ok((rehearsal, evaluated.documents.unwrap_or_default()))
}

/// What would become of the objects that a hook declares: asked of the server, which stores nothing;
/// without one, the objects. What it declares no more is not told. The flag says whether objects of
/// others are taken over.
pub async fn preview_declared(
    client: Option<&Client>,
    (owner, takes_ownership): (&Owner, bool),
    documents: &Documents,
) -> Result<Vec<Preview>, Error> {
    let mut previews = Vec::new();
    for document in documents.iter() {
        let manifests = read_objects(&document.file, document.text());
        for manifest in manifests.map_err(Error::Prepare)? {
            previews.push(match client {
                Some(client) => {
                    let manifest = marked(manifest, &document.hook);
                    preview_one(client, (owner, takes_ownership), manifest).await
                }
                None => declared(&manifest, "asked", Some(&manifest.object)),
            });
        }
    }
    Ok(previews)
}

async fn preview_one(
    client: &Client,
    (owner, takes_ownership): (&Owner, bool),
    manifest: Manifest,
) -> Preview {
    let kind = client
        .resource(manifest.api_version(), manifest.kind())
        .await;
    let known = kind.map_err(|error| report::chain(&error));
    let known = known.map(|resource| KnownKind {
        namespaced: resource.namespaced,
    });
    let prepared = prepare_one(manifest.clone(), owner, &|_, _| known.clone());
    let refuse = |text: String| Preview {
        text,
        ..declared(&manifest, "refuse", None)
    };
    let desired = match prepared {
        Ok(desired) => desired,
        Err(mistake) => return refuse(mistake.to_string()),
    };
    let preview = match compare(client, owner, takes_ownership, &desired).await {
        None => declared(&manifest, "nothing", None),
        Some(difference) => {
            let action = match difference.action.as_str() {
                "create" => "create",
                "change" => "change",
                _ => return refuse(difference.text),
            };
            Preview {
                text: difference.text,
                ..declared(&manifest, action, None)
            }
        }
    };
    Preview {
        operation: format!("declares {}", desired.reference),
        ..preview
    }
}

fn declared(manifest: &Manifest, action: &'static str, object: Option<&Value>) -> Preview {
    let reference = manifest.reference().to_string();
    let text = object.map(|object| diff::unified(&reference, None, Some(object)));
    Preview {
        operation: format!("declares {reference}"),
        action,
        text: text.unwrap_or_default(),
        warnings: Vec::new(),
    }
}

fn values(call: &HookCall, patch: &ValuesPatch) -> Result<String, Error> {
    if patch.is_empty() {
        return Ok(String::new());
    }
    let mut store = call.store.clone();
    let before = store.snapshot().values;
    store.apply_values_patch(patch, &call.origin())?;
    Ok(unified(
        "values",
        &store,
        (&before, &store.snapshot().values),
    ))
}

fn config_values(call: &HookCall, patch: &ValuesPatch) -> Result<String, Error> {
    let store = &call.store;
    if patch.is_empty() {
        return Ok(String::new());
    }
    let section = store.plan_config_patch(patch, &call.origin())?;
    Ok(section.map_or_else(String::new, |after| {
        unified("config values", store, (store.config(), &after))
    }))
}

fn unified(name: &str, store: &Store, (before, after): (&Value, &Value)) -> String {
    let key = store.scope().as_str();
    let shown = |value: &Value| json!({key: diff::mark_hidden(value, &store.mask(value))});
    diff::unified(name, Some(&shown(before)), Some(&shown(after)))
}

/// What the operations of a hook's object patch would do: asked of the server, which stores nothing;
/// without one, what they ask for.
pub async fn preview_objects(
    client: Option<&Client>,
    call: &HookCall,
    operations: &[ObjectOperation],
) -> Vec<Preview> {
    let Some(client) = client else {
        return operations.iter().map(asked).collect();
    };
    let manager = hook_field_manager(call.module.as_ref());
    let rehearsed = apply::rehearse(client, operations, &manager).await;
    let pairs = operations.iter().zip(rehearsed);
    pairs
        .map(|(operation, found)| preview(operation, found))
        .collect()
}

fn preview(operation: &ObjectOperation, found: apply::Rehearsed) -> Preview {
    use apply::Foretold::{Changed, Created, Deleted, Nothing};
    let object = found.object.as_str();
    let (action, text) = match found.foretold {
        Ok(Nothing(why)) => ("nothing", why),
        Ok(Created(after)) => {
            let text = diff::unified(object, None, Some(&without_noise(after)));
            ("create", text)
        }
        Ok(Changed { before, after }) => {
            let (before, after) = (shown(operation, before), shown(operation, after));
            match diff::unified(object, Some(&before), Some(&after)) {
                text if text.is_empty() => ("nothing", format!("left {object} unchanged")),
                text => ("change", text),
            }
        }
        Ok(Deleted(before)) => {
            let text = diff::unified(object, Some(&without_noise(before)), None);
            ("remove", text)
        }
        Err(_) if found.after.is_some() => ("asked", asked(operation).text),
        Err(stop) => ("refuse", report::chain(&stop)),
    };
    let mut warnings = found.warnings;
    warnings.extend(found.after.map(|number| {
        format!(
            "operation {number} is about this object too, and is not done: \
             how the two work together is not shown"
        )
    }));
    Preview {
        operation: found.operation,
        action,
        text,
        warnings,
    }
}

/// An object without what every write changes; the status stays where the operation is about it.
fn shown(operation: &ObjectOperation, object: Value) -> Value {
    let part = match operation {
        ObjectOperation::Create { subresource, .. }
        | ObjectOperation::Patch { subresource, .. } => subresource.as_deref(),
        ObjectOperation::Delete { .. } => None,
    };
    let status = object.get("status").cloned().filter(|_| part.is_some());
    let mut shown = without_noise(object);
    if let (Some(status), Some(fields)) = (status, shown.as_object_mut()) {
        fields.insert("status".to_owned(), status);
    }
    shown
}

/// What an operation asks for, as far as that is known without a cluster.
fn asked(operation: &ObjectOperation) -> Preview {
    let text = match operation {
        ObjectOperation::Create { object, .. } => {
            let target = operation.target();
            let shown = of_kind(object, &target.kind);
            diff::unified(&target.to_string(), None, Some(&shown))
        }
        ObjectOperation::Delete { .. } => String::new(),
        ObjectOperation::Patch { patch, target, .. } => asked_patch(patch, is_secret(&target.kind)),
    };
    Preview {
        operation: operation.to_string(),
        action: "asked",
        text,
        warnings: Vec::new(),
    }
}

fn asked_patch(patch: &ObjectPatch, is_secret: bool) -> String {
    match patch {
        ObjectPatch::Merge(patch) if is_secret => {
            let mut shown = of_kind(patch, "Secret");
            diff::mask_secret(&mut shown);
            if let (None, Some(fields)) = (patch.get("kind"), shown.as_object_mut()) {
                fields.remove("kind");
            }
            yaml::write(&shown)
        }
        ObjectPatch::Json(patch) if is_secret => {
            let operations = patch.as_array().into_iter().flatten();
            let lines = operations.map(|operation| {
                let word = |key: &str| operation[key].as_str().unwrap_or_default();
                format!("{} {}\n", word("op"), word("path"))
            });
            lines.collect()
        }
        ObjectPatch::Merge(patch) | ObjectPatch::Json(patch) => yaml::write(patch),
        ObjectPatch::Jq(_) if is_secret => "a filter\n".to_owned(),
        ObjectPatch::Jq(filter) => format!("{}\n", filter.text().trim_end()),
    }
}

/// The object with the name of its kind by which Secrets are masked.
fn of_kind(object: &Value, kind: &str) -> Value {
    let mut object = object.clone();
    if let (true, Some(fields)) = (is_secret(kind), object.as_object_mut()) {
        fields.insert("kind".to_owned(), json!("Secret"));
    }
    object
}

/// Whether a kind, in any of its names, is that of Secrets.
fn is_secret(kind: &str) -> bool {
    matches!(kind.to_lowercase().as_str(), "secret" | "secrets")
}
