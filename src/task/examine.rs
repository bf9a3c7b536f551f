//! A module's chart and definitions, looked at without a cluster: all that is wrong, at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::Error;
use super::outside::Alone;
use super::rendering::{
    CompiledChart, Values, in_folder, read_chart, read_definitions, release, render_values,
};
use crate::diff::{self, KnownKind, Owner};
use crate::module::Module;
use crate::object::Manifest;
use crate::render::{Capabilities, Rendered};
use crate::report::{self, Mistake};

/// What is wrong with a chart and its definitions.
#[derive(Debug, Default)]
pub struct Examined {
    /// What is wrong with the files themselves.
    pub mistakes: Vec<Mistake>,
    /// Why the chart does not render. Values that hooks set may be missing.
    pub failures: Vec<Mistake>,
    /// What its author should know.
    pub warnings: Vec<Mistake>,
}

/// Reads, compiles and renders. Of several values the chart has to render with one: it is tried with
/// the first, and when that fails with the next; the last failure is told. Blocks on the file system.
pub fn examine(
    module: &Module,
    values: &[Values],
    namespace: &str,
    capabilities: &Arc<Capabilities>,
) -> Examined {
    let mut examined = Examined::default();
    let chart = read_chart(module);
    if let Err(error) = read_definitions(module, chart.as_ref().ok(), &[]) {
        examined.mistakes.extend(mistakes(module, &error));
    }
    let chart = match chart {
        Ok(chart) => chart,
        Err(error) => {
            examined.mistakes.extend(mistakes(module, &error));
            return examined;
        }
    };
    let own = module.definition.namespace.as_deref();
    let namespace = own.unwrap_or(namespace);
    for values in values {
        let first = release(module, namespace.to_owned(), 1);
        let place = (first, capabilities.clone());
        match render_values(module, values, place, &chart, Arc::new(Alone::new())) {
            Ok(rendered) => {
                examined.failures.clear();
                examined.take(module, namespace, (&chart, rendered));
                break;
            }
            Err(error) => examined.failures = mistakes(module, &error),
        }
    }
    examined
}

impl Examined {
    fn take(
        &mut self,
        module: &Module,
        namespace: &str,
        (chart, rendered): (&CompiledChart, Rendered),
    ) {
        let of_charts = &rendered.definitions;
        if self.mistakes.is_empty()
            && let Err(error) = read_definitions(module, Some(chart), of_charts)
        {
            self.mistakes.extend(mistakes(module, &error));
        }
        let folder = || module.folder.display().to_string();
        match prepare(module, namespace, rendered.manifests) {
            Ok(warnings) => {
                let told = warnings
                    .into_iter()
                    .map(|text| Mistake::new(folder(), text));
                self.warnings.extend(told);
            }
            Err(error) => self.failures.extend(mistakes(module, &error)),
        }
    }
}

/// Looks for objects that cannot be applied together; nobody knows here which kinds have namespaces.
fn prepare(
    module: &Module,
    namespace: &str,
    manifests: Vec<Manifest>,
) -> Result<Vec<String>, Error> {
    let owner = Owner {
        module: module.name.clone(),
        operator_namespace: namespace.to_owned(),
        namespace: namespace.to_owned(),
        applyset: None,
        extra_labels: BTreeMap::new(),
        recreate: false,
    };
    let prepared = diff::prepare(manifests, &owner, |_, _| Ok(KnownKind { namespaced: true }));
    prepared
        .map(|prepared| prepared.warnings)
        .map_err(|mistakes| Error::Prepare(in_folder(module, mistakes)))
}

fn mistakes(module: &Module, error: &Error) -> Vec<Mistake> {
    match error.mistakes() {
        Some(mistakes) => mistakes.0.clone(),
        None => vec![Mistake::new(
            module.folder.display().to_string(),
            report::chain(error),
        )],
    }
}
