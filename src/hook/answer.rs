//! What a hook asked for: all its files, all their mistakes.

use std::collections::BTreeMap;
use std::io;

use super::error::Error;
use super::files::{
    ADMISSION_RESPONSE, ANSWERS, CONFIG_VALUES_PATCH, CONVERSION_RESPONSE, Files, KUBERNETES_PATCH,
    METRICS, VALUES_PATCH,
};
use super::{Call, Output};
use crate::patch::{
    self, ObjectOperation, parse, parse_metric_operations, parse_object_operations,
};
use crate::process::{Ended, read_answer};
use crate::report::{Mistake, Mistakes};

/// The option of object patches that outlive a failure.
const IGNORE_HOOK_ERROR: &str = "ignoreHookError";

/// A larger answer is refused, in bytes.
const LARGEST: u64 = 64 << 20;

/// Reads the files of a run that ended well.
pub(super) fn read_answers(files: &Files, call: &Call<'_>, ended: &Ended) -> Result<Output, Error> {
    let mut mistakes = Vec::new();
    let mut read_text = |variable| {
        read(files, variable).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            String::new()
        })
    };
    let texts = BTreeMap::from(ANSWERS.map(|variable| (variable, read_text(variable))));
    let admission = read_text(ADMISSION_RESPONSE);
    let conversion = read_text(CONVERSION_RESPONSE);
    let text = |variable| texts.get(variable).map_or("", String::as_str);
    let mut reader = Reader { mistakes };
    let values = parse(text(VALUES_PATCH), call.scope);
    let values = reader.take(VALUES_PATCH, values);
    let config_values = parse(text(CONFIG_VALUES_PATCH), call.scope);
    let config_values = reader.take(CONFIG_VALUES_PATCH, config_values);
    let objects = parse_object_operations(text(KUBERNETES_PATCH));
    let objects = reader.take(KUBERNETES_PATCH, objects);
    let metrics = parse_metric_operations(text(METRICS), &labels(call), call.metric_group);
    let metrics = reader.take(METRICS, metrics);
    match Mistakes(reader.mistakes).into_result() {
        Ok(()) => Ok(Output {
            values,
            config_values,
            objects,
            metrics,
            admission,
            conversion,
            usage: ended.usage,
            took: ended.took,
        }),
        Err(source) => Err(Error::Answer {
            hook: call.hook.file.shown.clone(),
            source,
        }),
    }
}

/// Reads what a run that failed wants done with objects all the same. Half a file is usual then and
/// no mistake of its own; only who asked for this is told that it does not happen.
pub(super) fn read_survivors(files: &Files, call: &Call<'_>) -> Vec<ObjectOperation> {
    let text = read(files, KUBERNETES_PATCH).unwrap_or_default();
    if !text.contains(IGNORE_HOOK_ERROR) {
        return Vec::new();
    }
    match parse_object_operations(&text) {
        Ok(mut operations) => {
            operations.retain(ObjectOperation::survives_hook_error);
            operations
        }
        Err(error) => {
            let (module, hook) = (call.module.map(ToString::to_string), &call.hook.file.name);
            let why = crate::report::chain(&error);
            tracing::warn!(target: "hook", module, hook, why, "the hook failed, and none of its object patches is done");
            Vec::new()
        }
    }
}

struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn take<T: Default>(&mut self, variable: &str, read: Result<T, patch::Error>) -> T {
        let error = match read {
            Ok(read) => return read,
            Err(error) => error,
        };
        match error {
            patch::Error::Parse(Mistakes(mistakes))
            | patch::Error::ReadObjects(Mistakes(mistakes))
            | patch::Error::ReadMetrics(Mistakes(mistakes)) => {
                let named = mistakes.into_iter().map(|mistake| Mistake {
                    file: variable.to_owned(),
                    ..mistake
                });
                self.mistakes.extend(named);
            }
            error @ patch::Error::Apply { .. } => {
                let told = crate::report::chain(&error);
                self.mistakes.push(Mistake::new(variable, told));
            }
        }
        T::default()
    }
}

/// The text of one answer. A file that the hook removed asks for nothing.
fn read(files: &Files, variable: &str) -> Result<String, Mistake> {
    let Some(path) = files.path(variable) else {
        return Ok(String::new());
    };
    let bytes = match read_answer(path, LARGEST) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(Mistake::new(variable, error.to_string())),
    };
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Mistake::new(variable, format!("is not UTF-8 from byte {place} on"))
    })
}

fn labels(call: &Call<'_>) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([("hook".to_owned(), call.hook.file.name.clone())]);
    if let Some(module) = call.module {
        labels.insert("module".to_owned(), module.to_string());
    }
    labels
}
