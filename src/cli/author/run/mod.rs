//! `addon-operator hook run`: one hook, tried out; nothing that it asks for is done.

mod hear;
mod report;
mod target;
mod told;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::Value;

use self::report::Report;
use self::target::Target;
use self::told::{Happened, Told};
use super::{cannot, cannot_say, connect, processes, runtime, show, sight};
use crate::binding::HookConfig;
use crate::cli::ask::Format;
use crate::cli::environment::Environment;
use crate::cli::output::{self, Failure};
use crate::cli::place::Place;
use crate::cli::preview::{offline, render::KUBE_VERSION};
use crate::cli::{signal, start};
use crate::cluster::{self, Client};
use crate::diff::Owner;
use crate::hook::{self, Hook};
use crate::house::House;
use crate::module::Discovery;
use crate::name::{ModuleName, ValuesKey};
use crate::object::applyset_id;
use crate::operator::{self, Settings};
use crate::process::Processes;
use crate::render::Capabilities;
use crate::task::{self, Declaration, DeclaredCall, DeclaredRun, HookCall, HookRehearsal, Preview};
use crate::yaml::{self, Profile};

/// How long a hook may take to print its configuration, and an `enabled` script to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Run one hook and show what it asks for; nothing of that is done
///
/// The hook is given the values of its module: those of the folders and, where there is a cluster,
/// of the `ConfigMap`; values that other hooks set are missing. The cluster is read, and asked what
/// object patches would change; nothing is written to it, and no file stays. What the hook does by
/// itself, with kubectl say, is done.
///
/// Exit codes: 0 it ran, and all that it asks for would be taken; 1 it failed, or something would be
/// refused; 2 it could not be run.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  addon-operator hook run web/hooks/pods.py --binding pods
  addon-operator hook run web/pods.py --binding pods --event Modified shop/web-1
  addon-operator hook run web/pods.py --binding pods --print-context > context.json
  addon-operator hook run web/pods.py --context context.json --offline
  addon-operator hook run global/nodes.py")]
pub(in crate::cli) struct Arguments {
    /// MODULE/HOOK, global/HOOK, or the path of the hook's file
    hook: String,

    /// Tell the hook of this binding: a Synchronization, a Schedule, or a point of the module's life;
    /// several are told together
    #[arg(long, value_name = "NAME", conflicts_with = "context")]
    binding: Vec<String>,

    /// Tell an event of the binding instead: Added, Modified or Deleted, and NAMESPACE/NAME of an
    /// object that is there
    #[arg(long, num_args = 2, value_names = ["EVENT", "OBJECT"], conflicts_with = "context")]
    event: Vec<String>,

    /// Tell the hook what this file says, a binding context in JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,

    /// Print what the hook would be told, what Secrets hold included, instead of running it
    #[arg(long)]
    print_context: bool,

    /// A YAML file with values to be laid over those of the `ConfigMap`, by key: `{global: …, web: …}`
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,

    /// How long the hook may run; if not said, as long as it likes
    #[arg(long, value_name = "DURATION", value_parser = start::parse_positive_duration)]
    timeout: Option<Duration>,

    /// Ask no cluster
    #[arg(long, conflicts_with_all = ["kube_config", "kube_context"])]
    offline: bool,

    #[command(flatten)]
    place: Place,
}

/// Runs the hook and prints what it asks for.
pub(in crate::cli) fn run(
    arguments: &Arguments,
    format: Format,
    environment: &Environment,
) -> Result<(), Failure> {
    hear::install().map_err(cannot)?;
    let paint = output::paint(output::is_terminal(), environment);
    let report = runtime()?.block_on(try_out(arguments))?;
    let Some(report) = report else { return Ok(()) };
    show(&report, format, || report.text(paint))?;
    if report.is_refused() {
        return Err(Failure::Differs);
    }
    Ok(())
}

/// `None` when only the context was asked for.
async fn try_out(arguments: &Arguments) -> Result<Option<Report>, Failure> {
    let mut settings = arguments.place.settings();
    target::look_around(&arguments.hook, &mut settings.folders);
    let discovery = offline::discover(&settings);
    let found = target::find(&arguments.hook, &discovery, &settings.folders.global_hooks);
    let target = found.map_err(|failure| match discovery.doubt() {
        Some(doubt) => cannot_say(format!("{doubt}; name it with --modules-dir")),
        None => failure,
    })?;
    let processes = processes();
    let (config, declaration) = read(&processes, &target).await?;
    let happened = match arguments.event.as_slice() {
        [event, object] => Some(Happened::parse(event, object)?),
        _ => None,
    };
    let is_declared = declaration.is_some();
    let plan = match &arguments.context {
        Some(_) => Vec::new(),
        None if is_declared => told::plan_all(&config, &arguments.binding, happened.as_ref())?,
        None => told::plan(&config, &arguments.binding, happened.as_ref())?,
    };
    let client = reach(arguments, told::needs_cluster(&config, &plan)).await?;
    let told = match (&arguments.context, &client) {
        (Some(file), _) => told::from_file(file, &config)?,
        (None, client) => {
            let seen = look(client.as_ref(), &config).await?;
            told::write(&config, plan, &seen, happened.as_ref())?
        }
    };
    if arguments.print_context {
        let contexts: Value = serde_json::from_str(&told.text).map_err(cannot)?;
        output::print(&format!("{contexts:#}\n")).map_err(cannot)?;
        return Ok(None);
    }
    let bench = Bench {
        settings,
        client,
        processes,
    };
    let (house, call) = bench.call(arguments, discovery, &target, config).await?;
    let (rehearsal, objects) = match declaration {
        Some(declaration) => bench.evaluate(house, call, declaration, &told).await?,
        None => bench.rehearse(&call, &told, arguments.timeout).await?,
    };
    Ok(Some(Report::new(&target.name(), &told, rehearsal, objects)))
}

/// What the hook listens to; and what it says, when it is declared.
async fn read(
    processes: &Processes,
    target: &Target,
) -> Result<(HookConfig, Option<Declaration>), Failure> {
    if target.file.is_declaration() {
        let module = target.module.as_ref();
        let scope = module.map_or_else(ValuesKey::global, ModuleName::key);
        let (config, declaration) = Declaration::read(&target.file, &scope).map_err(cannot)?;
        return Ok((config, Some(declaration)));
    }
    let asked = hook::read_config(processes, &target.file, target.place(), PATIENCE).await;
    Ok((asked.map_err(cannot)?, None))
}

/// The cluster; `None` when it is not wanted, or cannot be reached and nobody needs it.
async fn reach(arguments: &Arguments, is_needed: bool) -> Result<Option<Client>, Failure> {
    if arguments.offline {
        return if is_needed {
            Err(cannot_say(
                "what this binding tells is in the cluster; without --offline it is read from there, \
                 and with --context from a file",
            ))
        } else {
            Ok(None)
        };
    }
    match connect(&arguments.place.cluster).await {
        Ok(client) => Ok(Some(client)),
        Err(error) if is_needed || arguments.place.cluster.is_named() => Err(cannot(error)),
        Err(error) => {
            output::note(&format!(
                "no cluster is asked, so the ConfigMap and present objects are not known: {}",
                crate::report::chain(&error)
            ));
            Ok(None)
        }
    }
}

/// What each kubernetes binding sees; all of them must see.
async fn look(client: Option<&Client>, config: &HookConfig) -> Result<Vec<sight::Seen>, Failure> {
    let Some(client) = client.filter(|_| !config.kubernetes.is_empty()) else {
        return Ok(Vec::new());
    };
    let seen = sight::look(client, &config.kubernetes).await;
    for (binding, seen) in config.kubernetes.iter().zip(&seen) {
        if !seen.blind.is_empty() {
            return Err(cannot_say(format!(
                "binding {}: {}",
                binding.name, seen.blind
            )));
        }
        for trouble in &seen.troubles {
            output::warn(&format!("binding {}: {trouble}", binding.name));
        }
    }
    Ok(seen)
}

/// What a run needs.
struct Bench {
    settings: Settings,
    client: Option<Client>,
    processes: Processes,
}

impl Bench {
    /// The operator's namespace.
    fn namespace(&self) -> String {
        match (&self.settings.namespace, &self.client) {
            (Some(namespace), _) => namespace.clone(),
            (None, Some(client)) => client.namespace().to_owned(),
            (None, None) => "default".to_owned(),
        }
    }

    /// The run, with the values that the hook's module has, and the house that has them.
    async fn call(
        &self,
        arguments: &Arguments,
        discovery: Discovery,
        target: &Target,
        config: HookConfig,
    ) -> Result<(House, HookCall), Failure> {
        let namespace = self.namespace();
        let house_settings = operator::house_settings(&self.settings, &namespace);
        let mut house =
            House::new(house_settings.map_err(cannot)?, Instant::now()).map_err(cannot)?;
        house.take_discovery(discovery, Instant::now(), Timestamp::now());
        let mut data = match &self.client {
            Some(client) => {
                let place = (namespace.as_str(), self.settings.config_map.as_str());
                offline::config_data(client, place).await.map_err(cannot)?
            }
            None => None,
        };
        if let Some(file) = &arguments.values {
            lay_over(data.get_or_insert_default(), file)?;
        }
        house.take_config(data.as_ref(), &[], Timestamp::now());
        if let Some(mistakes) = house.config_mistakes() {
            return Err(cannot(mistakes.clone()));
        }
        let decided = task::evaluate(&self.processes, PATIENCE, house.evaluation()).await;
        house.take_decisions(decided, Instant::now(), Timestamp::now());
        let hook = Hook {
            file: target.file.clone(),
            config: Arc::new(config),
        };
        let call = house.call_of(target.module.as_ref(), Arc::new(hook));
        match (call, house.mistakes_of(target.module.as_ref())) {
            (Some(call), _) => Ok((house, call)),
            (None, Some(mistakes)) => Err(cannot(mistakes.clone())),
            (None, None) => Err(cannot_say("the module has no usable folder")),
        }
    }

    /// Runs the hook, and asks what it wants of objects.
    async fn rehearse(
        &self,
        call: &HookCall,
        told: &Told,
        limit: Option<Duration>,
    ) -> Result<(HookRehearsal, Vec<Preview>), Failure> {
        let call = HookCall {
            reply: told::reply(&call.hook.config, told),
            ..call.clone()
        };
        let rehearsal = self.run(&call, told, limit).await?;
        let operations = &rehearsal.output.objects;
        let objects = task::preview_objects(self.client.as_ref(), &call, operations).await;
        Ok((rehearsal, objects))
    }

    /// Runs the hook. A signal ends it as the operator's end would; a second one ends us at once.
    async fn run(
        &self,
        call: &HookCall,
        told: &Told,
        limit: Option<Duration>,
    ) -> Result<HookRehearsal, Failure> {
        let bindings = told.bindings.join(",");
        let told = (bindings.as_str(), told.text.as_str());
        let run = task::rehearse_hook(&self.processes, call, told, limit);
        tokio::pin!(run);
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = signal::told_to_stop_or_hung_up() => {
                self.processes.stop();
                tokio::select! {
                    ended = &mut run => ended,
                    () = signal::told_to_stop() => return Err(interrupted()),
                }
            }
        };
        ended.map_err(|error| {
            if error.is_stop() {
                interrupted()
            } else {
                failed(&error)
            }
        })
    }

    /// Evaluates a hook that is declared, and compares what it declares with what is there.
    async fn evaluate(
        &self,
        mut house: House,
        call: HookCall,
        declaration: Declaration,
        told: &Told,
    ) -> Result<(HookRehearsal, Vec<Preview>), Failure> {
        let name = call.module.clone();
        let of_module = match &name {
            Some(name) => house.runs(Some(name.as_str())).map_err(cannot)?.pop(),
            None => None,
        };
        let module = of_module.as_ref().map(|run| run.module.clone());
        let definition = module.as_ref().map(|module| &module.definition);
        let takes_ownership = definition.is_some_and(|definition| definition.take_ownership);
        let own = definition.and_then(|definition| definition.namespace.clone());
        let namespace = own.unwrap_or_else(|| self.namespace());
        let run = DeclaredRun {
            contexts: told.without_snapshots(),
            items: told.items(&call.hook.config),
            namespace: namespace.clone(),
            capabilities: self.capabilities().await.map_err(cannot)?,
            declared: DeclaredCall {
                declaration: Arc::new(declaration),
                is_complete: true,
                before: None,
                values: of_module.map(|run| run.values),
                module,
            },
            call,
        };
        let (rehearsal, documents) =
            task::rehearse_declared(run).map_err(|error| failed(&error))?;
        let Some(module) = name else {
            return Ok((rehearsal, Vec::new()));
        };
        let operator_namespace = self.namespace();
        let owner = Owner {
            applyset: Some(applyset_id(&module, &operator_namespace)),
            module,
            operator_namespace,
            namespace,
            extra_labels: self.settings.modules.extra_labels.iter().cloned().collect(),
            recreate: false,
        };
        let previews =
            task::preview_declared(self.client.as_ref(), (&owner, takes_ownership), &documents)
                .await;
        Ok((rehearsal, previews.map_err(|error| failed(&error))?))
    }

    async fn capabilities(&self) -> Result<Arc<Capabilities>, cluster::Error> {
        let Some(client) = &self.client else {
            return Ok(Arc::new(Capabilities {
                kube_version: KUBE_VERSION.to_owned(),
                ..Capabilities::default()
            }));
        };
        let served = client.api_versions().await?;
        Ok(Arc::new(Capabilities {
            kube_version: client.fetch_version().await?.git_version,
            api_versions: served.iter().cloned().collect(),
        }))
    }
}

fn failed(error: &task::Error) -> Failure {
    Failure::Failed(anyhow::anyhow!(crate::report::chain(error)))
}

fn interrupted() -> Failure {
    Failure::Failed(anyhow::anyhow!("interrupted; the hook was ended"))
}

/// Lays the sections of a file over those of the `ConfigMap`.
fn lay_over(data: &mut BTreeMap<String, String>, file: &Path) -> Result<(), Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| cannot_say(format!("--values {name}: cannot be read: {error}")))?;
    let values = yaml::read_value(&text, Profile::V3)
        .map_err(|error| cannot_say(error.to_mistake(&name)))?;
    let Value::Object(sections) = values else {
        return Err(cannot_say(format!(
            "--values {name}: expected a map with sections, such as `web: {{replicas: 2}}`"
        )));
    };
    for (key, section) in sections {
        let text = match &section {
            // A flag.
            Value::Bool(_) | Value::String(_) => section.to_string().trim_matches('"').to_owned(),
            section => {
                let before = data
                    .get(&key)
                    .map(|text| yaml::read_value(text, Profile::V3));
                let mut merged = match before {
                    Some(Ok(before @ Value::Object(_))) => before,
                    _ => Value::Object(serde_json::Map::new()),
                };
                crate::values::merge(&mut merged, section.clone());
                yaml::write(&merged)
            }
        };
        data.insert(key, text);
    }
    Ok(())
}
