//! Which modules are enabled: all opinions, the `enabled` scripts included.
//!
//! Scripts of one weight run at once: each is told which modules of lower weight are enabled.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::module::{
    Decision, Extenders, Module, Opinion, Opinions, Outcome, Script, ScriptInput, ScriptRun,
    decide, run_script,
};
use crate::name::ModuleName;
use crate::process::Processes;
use crate::report;
use crate::secret::Secrets;

/// Scripts at once; more cost more than they save on a small machine.
const SCRIPTS_AT_ONCE: usize = 4;

/// One module to decide about.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The module.
    pub module: Arc<Module>,
    /// The opinions of values files, hooks and the `ConfigMap`.
    pub opinions: Opinions,
    /// `{global: …, <key>: …}` as people set them.
    pub config_values: Value,
    /// The same with all layers.
    pub values: Value,
    /// What of them must not be told.
    pub secrets: Secrets,
    /// The script's last answer, with the key of what it was given.
    pub answer: Option<([u8; 32], Opinion)>,
}

/// All that is to be decided, in the order of modules.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Modules that are enabled already and stand before all of these.
    pub before: Vec<ModuleName>,
    /// The modules, those of one weight together.
    pub groups: Vec<Vec<Asked>>,
    /// Who is heard, in which order.
    pub extenders: Extenders,
}

/// What came out for one module.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The decision, or why the script has no answer.
    pub decision: Result<Decision, String>,
    /// The script's answer, to be remembered.
    pub answer: Option<([u8; 32], Opinion)>,
}

/// Decides about all modules. A script that fails concerns its own module alone; it may run for
/// `limit`, unless its module says otherwise.
pub async fn evaluate(
    processes: &Processes,
    limit: Duration,
    evaluation: Evaluation,
) -> BTreeMap<ModuleName, Decided> {
    let by = (processes, limit);
    let mut decided = BTreeMap::new();
    let mut enabled = evaluation.before;
    for group in evaluation.groups {
        let so_far = &enabled;
        let extenders = &evaluation.extenders;
        let outcomes: Vec<(ModuleName, Decided)> = stream::iter(group)
            .map(|asked| async move {
                let name = asked.module.name.clone();
                (name, one(by, asked, so_far, extenders).await)
            })
            .buffered(SCRIPTS_AT_ONCE)
            .collect()
            .await;
        let now: Vec<ModuleName> = outcomes
            .iter()
            .filter(|(_, decided)| {
                decided
                    .decision
                    .as_ref()
                    .is_ok_and(|decision| decision.enabled)
            })
            .map(|(name, _)| name.clone())
            .collect();
        enabled.extend(now);
        decided.extend(outcomes);
    }
    decided
}

async fn one(
    by: (&Processes, Duration),
    mut asked: Asked,
    enabled: &[ModuleName],
    extenders: &Extenders,
) -> Decided {
    if let Outcome::Decided(decision) = decide(&asked.opinions, extenders) {
        return Decided {
            decision: Ok(decision),
            answer: asked.answer,
        };
    }
    let Some(script) = asked.module.script.clone() else {
        return Decided {
            decision: Err("the enabled script is gone".to_owned()),
            answer: None,
        };
    };
    let input = ScriptInput::new(&asked.config_values, &asked.values, enabled);
    let key = input.key(&asked.module.digest);
    let remembered = asked.answer.take().filter(|(of, _)| *of == key);
    let answer = if let Some(answer) = remembered {
        answer
    } else {
        match ask(by, &asked, &script, &input).await {
            Ok(opinion) => (key, opinion),
            Err(why) => {
                return Decided {
                    decision: Err(why),
                    answer: None,
                };
            }
        }
    };
    asked.opinions.script = Script::Said(answer.1.clone());
    let decision = match decide(&asked.opinions, extenders) {
        Outcome::Decided(decision) => Ok(decision),
        Outcome::AskScript => Err("the enabled script's answer was not heard".to_owned()),
    };
    Decided {
        decision,
        answer: Some(answer),
    }
}

/// Runs the script; its answer as an opinion.
async fn ask(
    (processes, limit): (&Processes, Duration),
    asked: &Asked,
    script: &Path,
    input: &ScriptInput,
) -> Result<Opinion, String> {
    let (module, secrets) = (&asked.module, &asked.secrets);
    let run = ScriptRun {
        module: &module.name,
        script,
        input,
        limit: module.definition.timeouts.enabled_script.unwrap_or(limit),
        processes,
        secrets,
    };
    let verdict = run_script(run)
        .await
        .map_err(|error| secrets.mask(&report::chain(&error)).into_owned())?;
    let mut told_by = module.folder.join("enabled").display().to_string();
    if !verdict.reason.is_empty() {
        told_by = format!("{told_by}: {}", secrets.mask(&verdict.reason));
    }
    Ok(Opinion {
        enabled: verdict.enabled,
        told_by,
    })
}
