//! The `ConfigMap` → values and flags of residents: all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Count, House};
use crate::config_values::{self, ConfigValues, Section};
use crate::name::{ModuleName, ValuesKey};
use crate::report::{Mistake, Mistakes};
use crate::status::{About, Event, Kind};

impl House {
    /// Takes the data of the `ConfigMap`; `None` when there is none, which resets everything.
    ///
    /// Data that is not usable changes nothing. At the start there is nothing that it could leave as
    /// it is but the cluster: then no module starts, or is deleted, until it is mended.
    ///
    /// `own` are the keys whose text a hook had us write: they wake nobody.
    pub fn take_config(
        &mut self,
        data: Option<&BTreeMap<String, String>>,
        own: &[ValuesKey],
        time: Timestamp,
    ) {
        if !self.folders_known() {
            self.untaken = Some(data.cloned());
            return;
        }
        let empty = BTreeMap::new();
        let (config, mut mistakes) =
            config_values::read(&self.config_map_name(), data.unwrap_or(&empty));
        mistakes.0.extend(self.check_config(&config).0);
        match mistakes.into_result() {
            Ok(()) => {
                if self.config_mistakes.take().is_some() {
                    tracing::info!(target: "config_values", "the ConfigMap is usable again");
                }
                self.untaken = None;
                self.apply_config(config, own);
                if !std::mem::replace(&mut self.config_known, true) {
                    self.request_converge("OperatorStartup");
                }
            }
            Err(mistakes) => {
                self.untaken = Some(data.cloned());
                self.refuse_config(mistakes);
            }
        }
        self.report_all(time);
    }

    /// Tries again to take data that could not be taken: schemas may have changed.
    pub(super) fn take_config_again(&mut self, time: Timestamp) {
        if let Some(data) = self.untaken.take() {
            self.take_config(data.as_ref(), &[], time);
        }
    }

    /// What is wrong with the `ConfigMap`; `None` when it is usable.
    pub fn config_mistakes(&self) -> Option<&Mistakes> {
        self.config_mistakes.as_ref()
    }

    fn config_map_name(&self) -> String {
        format!("{}/{}", self.settings.namespace, self.settings.config_map)
    }

    /// All mistakes of all sections against their schemas. Sections of modules that are off are not
    /// checked, as in the original.
    fn check_config(&self, config: &ConfigValues) -> Mistakes {
        let mut mistakes: Vec<Mistake> = Vec::new();
        if let Some(global) = &config.global {
            mistakes.extend(self.global.check_config(global).0);
        }
        for (key, section) in &config.modules {
            let Some(resident) = self.residents.get(&key.module()) else {
                continue;
            };
            let is_on = section.enabled.unwrap_or_else(|| resident.is_expected());
            if let (true, Some(values), Some(store)) = (is_on, &section.values, &resident.store) {
                mistakes.extend(store.check_config(values).0);
            }
        }
        Mistakes(mistakes)
    }

    fn refuse_config(&mut self, mistakes: Mistakes) {
        if self.config_mistakes.as_ref() == Some(&mistakes) {
            return;
        }
        tracing::error!(target: "config_values", mistakes = %mistakes, "the ConfigMap is not usable and changes nothing");
        self.count(Count::ConfigInvalid);
        let message = format!("nothing of it takes effect: {mistakes}");
        self.tell(Event {
            about: About::ConfigMap(self.settings.config_map.clone()),
            kind: Kind::Warning,
            reason: "InvalidValues",
            message,
        });
        self.config_mistakes = Some(mistakes);
    }

    fn apply_config(&mut self, config: ConfigValues, own: &[ValuesKey]) {
        self.warn_of_unknown(&config);
        let changes = config_values::changes(&self.config, &config);
        self.config = config;
        if changes.is_empty() {
            return;
        }
        if changes.global
            && let Err(mistakes) = self.global.set_config(self.config.global.clone())
        {
            self.refuse_config(mistakes);
        }
        let touched: BTreeSet<ModuleName> = changes
            .modules
            .iter()
            .chain(changes.enabled.keys())
            .chain(changes.maintenance.keys())
            .map(ValuesKey::module)
            .collect();
        for name in &touched {
            self.take_section(name);
        }
        let is_global = changes.global && !own.contains(&ValuesKey::global());
        if is_global || !changes.enabled.is_empty() {
            self.request_converge("ConfigMapChanged");
            return;
        }
        for name in &touched {
            let key = name.key();
            let is_own = own.contains(&key) && !changes.maintenance.contains_key(&key);
            if !is_own {
                self.request_again(name, "ConfigMapChanged");
            }
        }
    }

    /// Gives a module its section of the present `ConfigMap`.
    pub(super) fn take_section(&mut self, name: &ModuleName) {
        let empty = Section::default();
        let Some(resident) = self.residents.get_mut(name) else {
            return;
        };
        let section = self.config.modules.get(&name.key()).unwrap_or(&empty);
        resident.maintenance = section.maintenance;
        let is_on = section.enabled.unwrap_or_else(|| resident.is_expected());
        let Some(store) = &mut resident.store else {
            return;
        };
        let values = section.values.clone();
        let taken = if is_on {
            store.set_config(values)
        } else {
            store.keep_config(values)
        };
        resident.section = taken.err().unwrap_or_default();
    }

    fn warn_of_unknown(&self, config: &ConfigValues) {
        let known: BTreeSet<ValuesKey> = self.residents.keys().map(ModuleName::key).collect();
        if known.is_empty() {
            return;
        }
        for mistake in config.unknown_modules(&self.config_map_name(), &known) {
            tracing::warn!(target: "config_values", "{mistake}");
        }
    }
}
