//! Whether a module is enabled: several opinions, one decision. Pure.
//!
//! Opinions are heard in the order static, hooks, `ConfigMap`, script; the later wins. A script can
//! only switch off what the others switched on, so it is asked only then. No opinion: disabled.

use std::fmt;

use serde::Serialize;

/// Who has an opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Source {
    /// Values files.
    Static,
    /// Patches of hooks.
    #[serde(rename = "DynamicallyEnabled")]
    Dynamic,
    /// The `ConfigMap`.
    #[serde(rename = "KubeConfig")]
    ConfigMap,
    /// The module's `enabled` script.
    #[serde(rename = "ScriptEnabled")]
    Script,
}

/// One opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinion {
    /// What it says.
    pub enabled: bool,
    /// Who said so, for people: a file and line, a hook, a key of the `ConfigMap`.
    pub told_by: String,
}

/// What the `enabled` script says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// There is none.
    Absent,
    /// It was not run on what it would be given now.
    Unasked,
    /// Its answer.
    Said(Opinion),
}

/// All opinions on one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opinions {
    /// Flags in values files, lowest first.
    pub flags: Vec<Opinion>,
    /// What hooks said last.
    pub dynamic: Option<Opinion>,
    /// What the `ConfigMap` says.
    pub config_map: Option<Opinion>,
    /// What the script says.
    pub script: Script,
}

/// One opinion as it was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Heard {
    /// Whose it is.
    pub source: Source,
    /// What it says.
    pub enabled: bool,
    /// Who said so.
    pub told_by: String,
}

/// Whether a module is enabled, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The result.
    pub enabled: bool,
    /// Who decided; `None` when nobody had an opinion.
    pub by: Option<Source>,
    /// The reason as a sentence.
    pub why: String,
    /// All opinions in the order in which they were heard; the one that decided is among them.
    pub heard: Vec<Heard>,
}

/// What came of the opinions so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is decided.
    Decided(Decision),
    /// The script must be run first.
    AskScript,
}

/// Which sources are heard, in which order (`ADDON_OPERATOR_APPLIED_MODULE_EXTENDERS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extenders(Vec<Source>);

impl Default for Extenders {
    fn default() -> Self {
        Self(Source::ALL.to_vec())
    }
}

impl Extenders {
    /// These, in this order; the last opinion wins.
    pub fn new(sources: Vec<Source>) -> Self {
        Self(sources)
    }
}

impl Source {
    /// All of them, in their usual order.
    pub const ALL: [Self; 4] = [Self::Static, Self::Dynamic, Self::ConfigMap, Self::Script];

    /// Takes one by its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// The name that settings use, as in the original.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "Static",
            Self::Dynamic => "DynamicallyEnabled",
            Self::ConfigMap => "KubeConfig",
            Self::Script => "ScriptEnabled",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Decides.
///
/// A `false` of the script ends the hearing: what follows it in `extenders` is not heard. Its `true`
/// changes nothing. It is not asked while the module is disabled and nobody after it could enable
/// the module.
pub fn decide(opinions: &Opinions, extenders: &Extenders) -> Outcome {
    let mut decision = Decision {
        enabled: false,
        by: None,
        why: "nothing enables it".to_owned(),
        heard: Vec::new(),
    };
    for (index, source) in extenders.0.iter().copied().enumerate() {
        if source == Source::Script {
            let others_follow = index + 1 < extenders.0.len();
            if !decision.enabled && !others_follow {
                continue;
            }
            match &opinions.script {
                Script::Absent => {}
                Script::Unasked => return Outcome::AskScript,
                Script::Said(opinion) => {
                    decision.hear(source, opinion, !opinion.enabled);
                    if !opinion.enabled {
                        break;
                    }
                }
            }
            continue;
        }
        for opinion in opinions.of(source) {
            decision.hear(source, opinion, true);
        }
    }
    Outcome::Decided(decision)
}

impl Opinions {
    fn of(&self, source: Source) -> &[Opinion] {
        match source {
            Source::Static => &self.flags,
            Source::Dynamic => self.dynamic.as_slice(),
            Source::ConfigMap => self.config_map.as_slice(),
            Source::Script => &[],
        }
    }
}

impl Decision {
    fn hear(&mut self, source: Source, opinion: &Opinion, decides: bool) {
        self.heard.push(Heard {
            source,
            enabled: opinion.enabled,
            told_by: opinion.told_by.clone(),
        });
        if decides {
            self.enabled = opinion.enabled;
            self.by = Some(source);
            let verb = if opinion.enabled {
                "enabled"
            } else {
                "disabled"
            };
            self.why = format!("{verb} by {}", opinion.told_by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: Option<bool> = Some(true);
    const OFF: Option<bool> = Some(false);

    fn opinion(enabled: bool, told_by: &str) -> Opinion {
        Opinion {
            enabled,
            told_by: told_by.to_owned(),
        }
    }

    fn hear(said: [Option<bool>; 4], extenders: &Extenders) -> Outcome {
        let [flag, dynamic, config_map, script] = said;
        let opinions = Opinions {
            flags: flag.map(|on| opinion(on, "a file")).into_iter().collect(),
            dynamic: dynamic.map(|on| opinion(on, "a hook")),
            config_map: config_map.map(|on| opinion(on, "the map")),
            script: script.map_or(Script::Absent, |on| Script::Said(opinion(on, "the script"))),
        };
        decide(&opinions, extenders)
    }

    #[test]
    fn later_opinion_wins_and_script_only_switches_off() {
        use Source::{ConfigMap, Dynamic, Script, Static};
        for (said, enabled, by) in [
            ([None, None, None, None], false, None),
            ([ON, None, None, None], true, Some(Static)),
            ([ON, OFF, None, None], false, Some(Dynamic)),
            ([OFF, ON, None, None], true, Some(Dynamic)),
            ([ON, ON, OFF, None], false, Some(ConfigMap)),
            ([OFF, OFF, ON, None], true, Some(ConfigMap)),
            ([ON, None, None, OFF], false, Some(Script)),
            ([None, None, ON, ON], true, Some(ConfigMap)),
            ([OFF, None, None, ON], false, Some(Static)),
            ([None, None, None, ON], false, None),
        ] {
            let Outcome::Decided(decision) = hear(said, &Extenders::default()) else {
                panic!("{said:?} asks the script")
            };
            assert_eq!((decision.enabled, decision.by), (enabled, by), "{said:?}");
        }
    }

    #[test]
    fn own_file_wins_over_common_file() {
        let opinions = Opinions {
            flags: vec![
                opinion(false, "modules/values.yaml:3"),
                opinion(true, "own file"),
            ],
            dynamic: None,
            config_map: None,
            script: Script::Absent,
        };
        let Outcome::Decided(decision) = decide(&opinions, &Extenders::default()) else {
            panic!("asks")
        };
        assert_eq!(decision.why, "enabled by own file");
        assert_eq!(decision.heard.len(), 2);
    }

    #[test]
    fn script_is_asked_only_when_its_answer_matters() {
        let mut opinions = Opinions {
            flags: vec![],
            dynamic: None,
            config_map: None,
            script: Script::Unasked,
        };
        assert_ne!(decide(&opinions, &Extenders::default()), Outcome::AskScript);
        opinions.flags.push(opinion(true, "a file"));
        assert_eq!(decide(&opinions, &Extenders::default()), Outcome::AskScript);
        let without = Extenders::new(vec![Source::Static, Source::ConfigMap]);
        assert_ne!(decide(&opinions, &without), Outcome::AskScript);
    }

    #[test]
    fn refusing_script_ends_the_hearing() {
        let early = Extenders::new(vec![Source::Static, Source::Script, Source::ConfigMap]);
        let Outcome::Decided(decision) = hear([ON, None, ON, OFF], &early) else {
            panic!("asks")
        };
        assert_eq!(
            (decision.enabled, decision.by),
            (false, Some(Source::Script))
        );
    }
}
