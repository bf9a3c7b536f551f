//! The template of a hook that declares objects.
//!
//! It sees what a chart's template sees but for the chart, and `snapshots` beside that. Its mistakes are
//! told with the lines of the file that it stands in.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::Value;

use super::jinja::Templates;
use super::{Input, OUTPUT_LIMIT, context, manifest};
use crate::function;
use crate::object::{Manifest, Source};
use crate::report::{Mistake, Mistakes, excerpt};

/// Where a template stands in a file.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The file, as people know it.
    pub file: &'a str,
    /// The text of the whole file.
    pub text: &'a str,
    /// How many of its lines stand above the template.
    pub above: u32,
    /// How many characters stand before each line of the template.
    pub indent: u32,
}

/// A template, compiled. Immutable.
pub struct ObjectsTemplate {
    templates: Templates,
    file: String,
    text: Box<str>,
    indent: u32,
}

impl ObjectsTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is wrong with it, with its line in the file.
    pub fn compile(template: &str, place: Place<'_>) -> Result<Self, Mistake> {
        let mut compiled = Self {
            templates: Templates::new(""),
            file: place.file.to_owned(),
            text: place.text.into(),
            indent: place.indent,
        };
        let above = usize::try_from(place.above).unwrap_or_default();
        // So the engine counts lines as the file does.
        let padded = "\n".repeat(above) + template;
        match compiled.templates.add(place.file, &padded) {
            None => Ok(compiled),
            Some(mistake) => Err(compiled.placed(mistake)),
        }
    }

    /// Renders it to the text of its objects. `snapshots` are those of each binding.
    ///
    /// # Errors
    ///
    /// Where it failed.
    pub fn render(
        &self,
        input: &Input,
        snapshots: &BTreeMap<String, serde_json::Value>,
    ) -> Result<String, Mistake> {
        let snapshots = snapshots
            .iter()
            .map(|(name, items)| (name.as_str().into(), function::to_value(items)));
        let snapshots = function::Tree::value(snapshots);
        let root = context::Root::of_hook(input, snapshots);
        let rendered = self
            .templates
            .render(&self.file, Value::from_object(root), OUTPUT_LIMIT);
        rendered.map_err(|mistake| self.placed(mistake))
    }

    /// The same mistake as in the file.
    fn placed(&self, mistake: Mistake) -> Mistake {
        let column = match mistake.column {
            0 => 0,
            column => column + self.indent,
        };
        let line = mistake.line;
        mistake.at(line, column).excerpt(if line == 0 {
            String::new()
        } else {
            excerpt(&self.text, line)
        })
    }
}

impl fmt::Debug for ObjectsTemplate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ObjectsTemplate({})", self.file)
    }
}

/// The objects of one rendered document; `file` names the hook.
///
/// # Errors
///
/// Every mistake; what would have to run as a Helm hook is one.
pub fn read_objects(file: &str, document: &str) -> Result<Vec<Manifest>, Mistakes> {
    let mut reader = manifest::Reader::default();
    reader.read(file, document);
    let mut mistakes = std::mem::take(&mut reader.mistakes);
    let rendered = reader.finish();
    mistakes.extend(rendered.hooks.iter().map(|hook| {
        let message = format!("{} is a Helm hook", hook.manifest.reference());
        Mistake::new(file, message).hint("only charts have those; leave out helm.sh/hook")
    }));
    Mistakes(mistakes).into_result()?;
    // The line in one document would say nothing.
    let source = |manifest: Manifest| Manifest {
        source: Source {
            line: 0,
            ..manifest.source
        },
        ..manifest
    };
    Ok(rendered.manifests.into_iter().map(source).collect())
}
