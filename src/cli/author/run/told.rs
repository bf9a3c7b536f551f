//! What a hook is told: made up in a file, or as it is in the cluster.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::super::sight::Seen;
use super::super::{cannot, cannot_say};
use crate::binding::{Context, ContextKind, HookConfig, Include, Version, combine, write_contexts};
use crate::cli::output::{self, Failure};
use crate::report::nearest;
use crate::task::Reply;
use crate::watch::{Item, WatchEvent};

/// An event that was asked for.
pub(super) struct Happened {
    event: WatchEvent,
    namespace: Option<String>,
    name: String,
}

/// What a hook is told.
pub(super) struct Told {
    /// The names of the bindings.
    pub(super) bindings: Vec<String>,
    /// The text of the binding context file.
    pub(super) text: String,
}

impl Told {
    /// The contexts as a hook that is declared has them: without snapshots.
    pub(super) fn without_snapshots(&self) -> String {
        let mut contexts = self.contexts();
        for context in &mut contexts {
            if let Some(context) = context.as_object_mut() {
                context.remove("snapshots");
            }
        }
        Value::Array(contexts).to_string()
    }

    /// What each kubernetes binding sees, by the snapshots and objects in the contexts.
    pub(super) fn items(&self, config: &HookConfig) -> Vec<Vec<Arc<Item>>> {
        let contexts = self.contexts();
        let of = |name: &str| {
            let objects = |context: &Value| {
                let own = (context["binding"] == name).then(|| context["objects"].clone());
                let told = context.pointer("/snapshots").and_then(|all| all.get(name));
                told.cloned().or(own).filter(Value::is_array)
            };
            contexts.iter().rev().find_map(objects).unwrap_or_default()
        };
        let bindings = config.kubernetes.iter();
        let items = bindings.map(|binding| {
            let objects = of(&binding.name);
            let objects = objects.as_array().into_iter().flatten();
            objects.map(|object| Arc::new(item(object))).collect()
        });
        items.collect()
    }

    fn contexts(&self) -> Vec<Value> {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// An object as contexts tell it.
fn item(told: &Value) -> Item {
    let text = |key: &str| Some(told.get(key)?.to_string().into_boxed_str());
    Item {
        object: text("object"),
        filter_result: text("filterResult"),
        ..nameless()
    }
}

impl Happened {
    /// Reads `Added` and `shop/web`.
    pub(super) fn parse(event: &str, object: &str) -> Result<Self, Failure> {
        let known = WatchEvent::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(event));
        let Some(event) = known else {
            return Err(cannot_say(format!(
                "--event: expected Added, Modified or Deleted, got {event:?}"
            )));
        };
        let (namespace, name) = match object.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, object),
        };
        Ok(Self {
            event,
            namespace,
            name: name.to_owned(),
        })
    }
}

/// Reads a file with contexts: a list, or one of them.
pub(super) fn from_file(path: &Path, config: &HookConfig) -> Result<Told, Failure> {
    let name = path.display();
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(cannot)?;
        text
    } else {
        std::fs::read_to_string(path)
            .map_err(|error| cannot_say(format!("--context {name}: cannot be read: {error}")))?
    };
    let contexts: Value = serde_json::from_str(&text)
        .map_err(|error| cannot_say(format!("--context {name}: not JSON: {error}")))?;
    let contexts = match contexts {
        Value::Array(contexts) => contexts,
        one => vec![one],
    };
    let mut bindings = Vec::new();
    for (index, context) in contexts.iter().enumerate() {
        let Some(binding) = context.get("binding").and_then(Value::as_str) else {
            return Err(cannot_say(format!(
                "--context {name}: item {index}: expected a map with a text `binding`"
            )));
        };
        bindings.push(binding.to_owned());
    }
    let known = names(config);
    for binding in &bindings {
        if !known.contains(&binding.as_str()) {
            let hint = match nearest(binding, known.iter().copied()) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", known.join(", ")),
            };
            output::warn(&format!("the hook has no binding {binding:?}; {hint}"));
        }
    }
    Ok(Told {
        bindings,
        text: Value::Array(contexts).to_string(),
    })
}

/// The contexts of bindings as the operator would make them, without their objects. `None` when
/// nobody said which and there is not one alone.
pub(super) fn plan(
    config: &HookConfig,
    typed: &[String],
    happened: Option<&Happened>,
) -> Result<Vec<Context>, Failure> {
    let known = names(config);
    let chosen: Vec<&str> = match (typed, happened) {
        ([], Some(_)) => match config.kubernetes.as_slice() {
            [only] => vec![&only.name],
            _ => return Err(unclear(&known)),
        },
        ([], None) => match known.as_slice() {
            [only] => vec![only],
            _ => return Err(unclear(&known)),
        },
        (typed, _) => typed.iter().map(String::as_str).collect(),
    };
    let contexts = chosen.iter().map(|name| context(config, name, happened));
    contexts.collect()
}

/// The same for a hook that is declared, which always sees all snapshots. Without a word it is the
/// point at which it runs anyway.
pub(super) fn plan_all(
    config: &HookConfig,
    typed: &[String],
    happened: Option<&Happened>,
) -> Result<Vec<Context>, Failure> {
    let mut points = config.lifecycle.keys().rev();
    let contexts = match (typed, happened, points.next()) {
        ([], None, Some(point)) => vec![Context::lifecycle(*point)],
        _ => plan(config, typed, happened)?,
    };
    let all = |context| Context {
        include: Include::All,
        ..context
    };
    Ok(contexts.into_iter().map(all).collect())
}

fn unclear(known: &[&str]) -> Failure {
    cannot_say(format!(
        "say what the hook is told: --binding with one of {}, or --context with a file",
        known.join(", ")
    ))
}

fn context(
    config: &HookConfig,
    name: &str,
    happened: Option<&Happened>,
) -> Result<Context, Failure> {
    let named = |(_, binding): &(usize, &crate::binding::KubernetesBinding)| binding.name == name;
    if let Some((index, binding)) = config.kubernetes.iter().enumerate().find(named) {
        return match happened {
            // The object follows when it is known.
            Some(happened) => {
                let item = Arc::new(nameless());
                Ok(Context::event(index, binding, happened.event, item))
            }
            None if config.version == Version::V0 => Err(cannot_say(
                "without configVersion a hook is told events alone: add --event Added NAMESPACE/NAME",
            )),
            None => Ok(Context::synchronization(index, binding)),
        };
    }
    if happened.is_some() {
        return Err(cannot_say(format!(
            "--event is for kubernetes bindings, and {name:?} is none"
        )));
    }
    let mut points = config.lifecycle.keys();
    if let Some(point) = points.find(|point| point.name() == name) {
        return Ok(Context::lifecycle(*point));
    }
    if let Some(schedule) = config
        .schedules
        .iter()
        .find(|schedule| schedule.name == name)
    {
        return Ok(Context::schedule(schedule));
    }
    if called(config).any(|called| called == name) {
        return Err(cannot_say(format!(
            "only the API server knows what it asks {name}: write it into a file, {{\"binding\": \
             {name:?}, \"type\": …, \"review\": {{\"request\": …}}}}, and name that by --context"
        )));
    }
    let known = names(config);
    Err(cannot_say(match nearest(name, known.iter().copied()) {
        Some(meant) => format!("the hook has no binding {name:?}; did you mean {meant}?"),
        None => format!(
            "the hook has no binding {name:?}; there are {}",
            known.join(", ")
        ),
    }))
}

/// Whether objects of the cluster are needed to tell them.
pub(super) fn needs_cluster(config: &HookConfig, contexts: &[Context]) -> bool {
    let has_snapshots = config.version == Version::V1 && !config.kubernetes.is_empty();
    contexts
        .iter()
        .any(|context| match (&context.kind, &context.include) {
            (ContextKind::Synchronization { .. } | ContextKind::Event { .. }, _) => true,
            (_, Include::None) => false,
            (_, Include::All | Include::Named(_)) => has_snapshots,
        })
}

/// The file of contexts, with what the bindings see.
pub(super) fn write(
    config: &HookConfig,
    mut contexts: Vec<Context>,
    seen: &[Seen],
    happened: Option<&Happened>,
) -> Result<Told, Failure> {
    for context in &mut contexts {
        if let (
            ContextKind::Event {
                binding_index,
                item,
                ..
            },
            Some(happened),
        ) = (&mut context.kind, happened)
        {
            let items = seen.get(*binding_index).map(|seen| seen.items.as_slice());
            *item = find(&context.binding, items.unwrap_or_default(), happened)?;
        }
    }
    let contexts = combine(contexts);
    let snapshot = |index: usize| seen.get(index).map(|seen| seen.items.clone());
    Ok(Told {
        bindings: contexts
            .iter()
            .map(|context| context.binding.clone())
            .collect(),
        text: write_contexts(config, &contexts, &|index| {
            snapshot(index).unwrap_or_default()
        }),
    })
}

fn find(binding: &str, items: &[Arc<Item>], happened: &Happened) -> Result<Arc<Item>, Failure> {
    let is_it = |item: &&Arc<Item>| {
        let is_there = happened.namespace.is_none() || item.namespace == happened.namespace;
        is_there && item.name == happened.name
    };
    let mut found = items.iter().filter(is_it);
    let Happened {
        namespace, name, ..
    } = happened;
    let object = namespace
        .as_ref()
        .map_or_else(|| name.clone(), |of| format!("{of}/{name}"));
    match (found.next(), found.next()) {
        (Some(item), None) => Ok(item.clone()),
        (Some(_), Some(_)) => Err(cannot_say(format!(
            "--event: several objects that {binding} sees are named {name}; write NAMESPACE/{name}"
        ))),
        (None, _) => Err(cannot_say(format!(
            "--event: {binding} sees no object {object}{}",
            some_of(items)
        ))),
    }
}

/// `; it sees shop/a, shop/b and 3 more`.
fn some_of(items: &[Arc<Item>]) -> String {
    const TOLD: usize = 5;
    let name = |item: &Arc<Item>| match &item.namespace {
        Some(namespace) => format!("{namespace}/{}", item.name),
        None => item.name.clone(),
    };
    let names: Vec<String> = items.iter().take(TOLD).map(name).collect();
    match (names.is_empty(), items.len().saturating_sub(TOLD)) {
        (true, _) => "; it sees none at all".to_owned(),
        (false, 0) => format!("; it sees {}", names.join(", ")),
        (false, more) => format!("; it sees {} and {more} more", names.join(", ")),
    }
}

fn nameless() -> Item {
    Item {
        api_version: String::new(),
        kind: String::new(),
        namespace: None,
        name: String::new(),
        object: None,
        filter_result: None,
    }
}

/// What a run for these bindings owes the API server.
pub(super) fn reply(config: &HookConfig, told: &Told) -> Reply {
    let is_told = |name: &str| told.bindings.iter().any(|binding| binding == name);
    let admission = config
        .admissions
        .iter()
        .find(|binding| is_told(&binding.name));
    if let Some(binding) = admission {
        return Reply::Admission {
            kind: binding.kind,
            dry_run: false,
        };
    }
    if config
        .conversions
        .iter()
        .any(|binding| is_told(&binding.name))
    {
        return Reply::Conversion;
    }
    Reply::None
}

/// The names of bindings that the API server calls.
fn called(config: &HookConfig) -> impl Iterator<Item = &str> {
    let admissions = config
        .admissions
        .iter()
        .map(|binding| binding.name.as_str());
    let conversions = config
        .conversions
        .iter()
        .map(|binding| binding.name.as_str());
    admissions.chain(conversions)
}

/// The names of all bindings, each once, in the order of the configuration.
fn names(config: &HookConfig) -> Vec<&str> {
    let lifecycle = config.lifecycle.keys().map(|point| point.name());
    let schedules = config.schedules.iter().map(|binding| binding.name.as_str());
    let kubernetes = config
        .kubernetes
        .iter()
        .map(|binding| binding.name.as_str());
    let mut names: Vec<&str> = Vec::new();
    for name in lifecycle
        .chain(schedules)
        .chain(kubernetes)
        .chain(called(config))
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
