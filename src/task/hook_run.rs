//! One hook: snapshots → binding context → process → what it gives back, done but for the values.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::declaration::{DeclaredCall, DeclaredRun, Documents, Evaluated, namespace_of};
use super::error::Error;
use super::reply::{Replied, Reply};
use crate::binding::{self, Include, Place, combine, write_contexts};
use crate::hook::{self, Hook, Labels};
use crate::name::{ModuleName, ValuesKey};
use crate::object::hook_field_manager;
use crate::patch::{HookPatch, ValuesPatch};
use crate::process::{Processes, Usage};
use crate::secret::Secrets;
use crate::values::{Layer, Origin, Snapshot, Store};
use crate::watch::{Item, MonitorId};
use crate::{apply, config_values, metric, yaml};

/// Snapshots by the index of their binding, each with the sequence that it is of.
type Snapshots = BTreeMap<usize, (u64, Vec<Arc<Item>>)>;

/// One run of a hook.
#[derive(Clone)]
pub struct HookCall {
    /// The hook.
    pub hook: Arc<Hook>,
    /// Whose it is; `None` for global hooks.
    pub module: Option<ModuleName>,
    /// What it is told.
    pub contexts: Vec<binding::Context>,
    /// The monitors of its kubernetes bindings, in their order.
    pub monitors: Vec<MonitorId>,
    /// The values that it may change.
    pub store: Store,
    /// The global values beside them; `None` for global hooks.
    pub global: Option<(Snapshot, Arc<Value>)>,
    /// What of them must not be told.
    pub secrets: Secrets,
    /// What is evaluated when it is declared; `None` for a program.
    pub declared: Option<Box<DeclaredCall>>,
    /// Its queue, for the log.
    pub queue: String,
    /// The number of its task, for the log.
    pub task: u64,
    /// What it owes the API server.
    pub reply: Reply,
}

/// What became of a run.
#[derive(Default)]
pub struct HookRan {
    /// The sequence of the snapshot that each binding was told.
    pub seen: BTreeMap<MonitorId, u64>,
    /// The bindings whose Synchronization it was told.
    pub synchronized: BTreeSet<MonitorId>,
    /// What it asks of the values, found to fit.
    pub values: HookPatch,
    /// Values that are its own no more, as JSON pointers.
    pub taken_back: Vec<String>,
    /// The objects that it declares; `None` when those are as before.
    pub declared: Option<Documents>,
    /// What it asks of modules that are on or off, in its patch of config values.
    pub config_flags: BTreeMap<ValuesKey, Option<bool>>,
    /// The section of the `ConfigMap` as it was written.
    pub section: Option<Value>,
    /// What was done to objects, one sentence each.
    pub objects: Vec<String>,
    /// What it asks of metrics.
    pub metrics: Vec<metric::Operation>,
    /// What its process cost.
    pub usage: Usage,
    /// How long its process ran.
    pub took: Duration,
    /// What it gives the API server; nothing when it failed.
    pub replied: Replied,
    /// Why it failed.
    pub error: Option<Error>,
}

/// Runs a hook. Whatever happens, what was done is in the answer.
pub async fn run_hook(context: &Context, call: HookCall) -> HookRan {
    let mut ran = HookRan::default();
    let never = CancellationToken::new();
    ran.error = steps(context, (call, &never), &mut ran).await.err();
    ran
}

/// The same for a hook that the API server calls. When nobody waits for its answer any more, the process
/// and all that it started are killed; what it asked for before that is done to the end.
pub async fn run_called_hook(
    context: &Context,
    call: HookCall,
    given_up: &CancellationToken,
) -> HookRan {
    let mut ran = HookRan::default();
    ran.error = steps(context, (call, given_up), &mut ran).await.err();
    ran
}

async fn steps(
    context: &Context,
    (mut call, given_up): (HookCall, &CancellationToken),
    ran: &mut HookRan,
) -> Result<(), Error> {
    let begun = Instant::now();
    if let Some(declared) = call.declared.take() {
        let evaluated = evaluate(context, call, *declared, ran).await;
        ran.took = begun.elapsed();
        return evaluated;
    }
    let output = tokio::select! {
        output = hook_output(context, &call, ran) => output,
        () = given_up.cancelled() => Err(Error::GivenUp),
    };
    // How long is also said of a run that failed.
    ran.took = begun.elapsed();
    let output = match output {
        Ok(output) => output,
        Err(error) => return Err(salvage(context, &call, error, ran).await),
    };
    ran.usage = output.usage;
    ran.took = output.took;
    let replied = replied(&call, &output)?;
    if call.reply.is_trial() {
        ran.replied = replied;
        return Ok(());
    }
    let section = check(&call, &output)?;
    for warning in &output.metrics.warnings {
        let module = call.module.as_ref().map_or("global", ModuleName::as_str);
        let hook = &call.hook.file.name;
        tracing::warn!(target: "hook", module, hook, "METRICS_PATH: {warning}");
    }
    let metrics = output.metrics.operations;
    // What comes later is not done when the objects fail; the originals differ.
    if call.hook.file.place == Place::Standalone {
        operate(context, &call, &output.objects, ran).await?;
        ran.metrics = metrics;
    } else {
        ran.metrics = metrics;
        operate(context, &call, &output.objects, ran).await?;
    }
    if section.is_some() {
        ran.section = write_section(context, &call, &output.config_values.values).await?;
    }
    ran.config_flags = output.config_values.flags;
    ran.values = output.values;
    ran.replied = replied;
    Ok(())
}

/// Evaluates a hook that is declared, in this process.
async fn evaluate(
    context: &Context,
    call: HookCall,
    declared: DeclaredCall,
    ran: &mut HookRan,
) -> Result<(), Error> {
    let mut items = Vec::new();
    for monitor in &call.monitors {
        let snapshot = context.hooks.watches.snapshot(*monitor);
        ran.seen.insert(*monitor, snapshot.sequence);
        items.push(snapshot.items);
    }
    ran.synchronized.extend(synchronized(&call));
    if !declared.is_complete {
        return Ok(());
    }
    let mut contexts = combine(call.contexts.clone());
    for context in &mut contexts {
        context.include = Include::None;
    }
    let snapshot = |index: usize| items.get(index).cloned().unwrap_or_default();
    let asked = context.capabilities().await;
    let run = DeclaredRun {
        contexts: write_contexts(&call.hook.config, &contexts, &snapshot),
        namespace: namespace_of(context, &declared),
        capabilities: asked.map_err(|source| Error::AskCapabilities { source })?,
        call,
        declared,
        items,
    };
    let evaluated = tokio::task::spawn_blocking(|| run.evaluate()).await;
    let evaluated = evaluated.map_err(|error| Error::Broken(error.to_string()))?;
    let Evaluated {
        values,
        taken_back,
        metrics,
        documents,
    } = evaluated?;
    ran.values = values;
    ran.taken_back = taken_back;
    ran.metrics = metrics;
    ran.declared = documents;
    Ok(())
}

/// The bindings whose Synchronization a run tells.
fn synchronized(call: &HookCall) -> impl Iterator<Item = MonitorId> {
    let monitor = |context: &binding::Context| match context.kind {
        binding::ContextKind::Synchronization { binding_index } => {
            call.monitors.get(binding_index).copied()
        }
        _ => None,
    };
    call.contexts.iter().filter_map(monitor)
}

/// Reads the answer for the API server, before anything takes effect.
fn replied(call: &HookCall, output: &hook::Output) -> Result<Replied, Error> {
    let (replied, ignored) = call.reply.read(output).map_err(|source| {
        Error::RunHook(hook::Error::Answer {
            hook: call.hook.file.shown.clone(),
            source,
        })
    })?;
    let module = call.module.as_ref().map_or("global", ModuleName::as_str);
    for mistake in ignored {
        tracing::warn!(target: "hook", module, hook = call.hook.file.name, "{mistake}");
    }
    Ok(replied)
}

/// The text of the binding context file. What a Synchronization tells, and of which moment each
/// snapshot is, is noted.
fn told(
    context: &Context,
    call: &HookCall,
    contexts: &[binding::Context],
    ran: &mut HookRan,
) -> String {
    let read: RefCell<Snapshots> = RefCell::default();
    let snapshot = |index: usize| {
        let Some(monitor) = call.monitors.get(index) else {
            return Vec::new();
        };
        let mut read = read.borrow_mut();
        let (_, items) = read.entry(index).or_insert_with(|| {
            let snapshot = context.hooks.watches.snapshot(*monitor);
            (snapshot.sequence, snapshot.items)
        });
        items.clone()
    };
    // A Synchronization tells its objects, also where its group leaves it out of the text.
    for context in &call.contexts {
        if let binding::ContextKind::Synchronization { binding_index } = context.kind {
            snapshot(binding_index);
            let monitor = call.monitors.get(binding_index);
            ran.synchronized.extend(monitor.copied());
        }
    }
    let text = write_contexts(&call.hook.config, contexts, &snapshot);
    for (index, (sequence, _)) in read.into_inner() {
        if let Some(monitor) = call.monitors.get(index) {
            ran.seen.insert(*monitor, sequence);
        }
    }
    text
}

/// Runs the hook.
async fn hook_output(
    context: &Context,
    call: &HookCall,
    ran: &mut HookRan,
) -> Result<hook::Output, Error> {
    let contexts = combine(call.contexts.clone());
    let text = told(context, call, &contexts, ran);
    let names: BTreeSet<&str> = contexts
        .iter()
        .map(|context| context.binding.as_str())
        .collect();
    let binding = names.into_iter().collect::<Vec<_>>().join(",");
    let hooks = &context.hooks;
    let how = (hooks.timeout, hooks.proxy_json, hooks.metric_groups);
    run_told(&context.processes, call, (&binding, text), how).await
}

/// Runs the hook for what it is told: the names of the bindings, and the text of their contexts. It
/// has a limit of time, its JSON lines may be passed on as they are, and its metrics without a group
/// may get its own.
pub(super) async fn run_told(
    processes: &Processes,
    call: &HookCall,
    (binding, contexts): (&str, String),
    (limit, proxy_json, metric_groups): (Option<Duration>, bool, bool),
) -> Result<hook::Output, Error> {
    let (values, config_values) = files(call);
    let hook_call = hook::Call {
        hook: &call.hook,
        module: call.module.as_ref(),
        scope: call.store.scope(),
        secrets: &call.secrets,
        metric_group: metric_groups.then_some(&call.hook.file.name),
        limit,
        log: Labels {
            binding,
            queue: &call.queue,
            task: call.task,
        },
        proxy_json,
    };
    let given = hook::Given {
        contexts,
        values,
        config_values,
    };
    Ok(hook::run(processes, hook_call, given).await?)
}

/// The texts of the values files: `{global: …, <key>: …}` for a module's hook, `{global: …}` else.
pub(super) fn files(call: &HookCall) -> (String, String) {
    let values = call.store.snapshot().values;
    let key = Value::from(call.store.scope().as_str());
    match &call.global {
        Some((global, config)) => (
            format!(r#"{{"global":{},{key}:{values}}}"#, global.values),
            format!(r#"{{"global":{config},{key}:{}}}"#, call.store.config()),
        ),
        None => (
            format!("{{{key}:{values}}}"),
            format!("{{{key}:{}}}", call.store.config()),
        ),
    }
}

/// Checks what the hook asks of the values before anything takes effect; answers the section of the
/// `ConfigMap` that is to be written.
fn check(call: &HookCall, output: &hook::Output) -> Result<Option<Value>, Error> {
    let origin = call.origin();
    if !output.values.values.is_empty() {
        let mut store = call.store.clone();
        store.apply_values_patch(&output.values.values, &origin)?;
    }
    if output.config_values.values.is_empty() {
        return Ok(None);
    }
    let patch = &output.config_values.values;
    Ok(call.store.plan_config_patch(patch, &origin)?)
}

async fn operate(
    context: &Context,
    call: &HookCall,
    operations: &[crate::patch::ObjectOperation],
    ran: &mut HookRan,
) -> Result<(), Error> {
    if operations.is_empty() {
        return Ok(());
    }
    let manager = hook_field_manager(call.module.as_ref());
    let operated = apply::operate(&context.hooks.patcher, operations, &manager).await;
    ran.objects = operated.done;
    if operated.failures.is_empty() {
        Ok(())
    } else {
        Err(Error::Objects(operated.failures))
    }
}

/// Does what a hook wants done with objects although it failed. That is why the run failed, whatever
/// becomes of this.
async fn salvage(context: &Context, call: &HookCall, error: Error, ran: &mut HookRan) -> Error {
    let survivors = match &error {
        Error::RunHook(error) => error.survivors(),
        _ => &[],
    };
    if let Err(why) = operate(context, call, survivors, ran).await {
        let module = call.module.as_ref().map_or("global", ModuleName::as_str);
        let (hook, why) = (&call.hook.file.name, crate::report::chain(&why));
        let why = call.secrets.mask(&why);
        let why = why.as_ref();
        tracing::warn!(target: "hook", module, hook, why, "the hook failed, and so did its object patches");
    }
    error
}

/// Writes the section with the hook's changes; answers it. The changes are made to the section as it
/// is in the cluster, where a person may have changed it since the hook was started.
async fn write_section(
    context: &Context,
    call: &HookCall,
    patch: &ValuesPatch,
) -> Result<Option<Value>, Error> {
    let place = (
        context.namespace.as_str(),
        context.hooks.config_map.as_str(),
    );
    let key = call.store.scope();
    let plan = |text: Option<&str>| {
        let mut store = call.store.clone();
        let section = present_section(place, key, text)?;
        store.set_config(section).map_err(Error::CheckValues)?;
        let section = store.plan_config_patch(patch, &call.origin())?;
        if let Some(section) = &section {
            context.hooks.own_sections.note(key, yaml::write(section));
        }
        Ok(section)
    };
    let written = config_values::write(&context.applier.client, place, key, plan).await;
    if !matches!(written, Ok(Some(_))) {
        // Whoever writes the same text later is somebody else.
        context.hooks.own_sections.forget(key);
    }
    written
}

/// The section of `key` as the `ConfigMap` has it.
fn present_section(
    (namespace, name): (&str, &str),
    key: &ValuesKey,
    text: Option<&str>,
) -> Result<Option<Layer>, Error> {
    let data = text.map(|text| (key.to_string(), text.to_owned()));
    let data = data.into_iter().collect();
    let (mut read, mistakes) = config_values::read(&format!("{namespace}/{name}"), &data);
    mistakes.into_result().map_err(Error::CheckValues)?;
    let of_module = read.modules.remove(key).and_then(|section| section.values);
    Ok(read.global.or(of_module))
}

impl HookCall {
    /// Who changes the values.
    pub fn origin(&self) -> Origin {
        let hook = &self.hook.file.name;
        Origin::HookPatch {
            hook: match &self.module {
                Some(module) => format!("{module}/{hook}"),
                None => format!("global/{hook}"),
            },
        }
    }
}
