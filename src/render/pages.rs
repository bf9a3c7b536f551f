//! The `*.j2` templates of one chart, with what they see of it.

use std::rc::Rc;

use minijinja::Value;

use super::engine::Engine;
use super::helm::Asker;
use super::{Input, context, files, jinja};
use crate::chart::{Chart, Metadata};
use crate::function;
use crate::report::{Mistake, Mistakes};

/// The templates, compiled. Immutable.
pub(super) struct Pages {
    templates: jinja::Templates,
    /// What templates see as `Chart`.
    chart: Value,
    /// What templates see as `Files`.
    files: Value,
    /// The first part of `Template.Name`.
    path: String,
}

impl Pages {
    /// Reads the templates of a chart. `path` is what `Template.Name` begins with.
    ///
    /// # Errors
    ///
    /// The mistakes of all templates, each with file, line and excerpt.
    pub(super) fn compile(
        path: &str,
        metadata: &Metadata,
        chart: &Chart,
    ) -> Result<Self, Mistakes> {
        let mut mistakes = Vec::new();
        let mut templates = jinja::Templates::new(path);
        let own = chart.templates.iter();
        for template in own.filter(|template| Engine::of(&template.path) == Engine::Jinja) {
            mistakes.extend(templates.add(&template.path, &template.text));
        }
        Mistakes(mistakes).into_result()?;
        Ok(Self {
            templates,
            chart: context::chart(metadata),
            files: files::Files::value(&chart.files),
            path: path.to_owned(),
        })
    }

    /// Renders all templates, together to at most so many bytes: each file, and its text or what is wrong
    /// with it. Functions ask the world, which is told before each file by its whole path.
    pub(super) fn render(
        &self,
        input: &Input,
        world: &Rc<Asker>,
        begin: &dyn Fn(&str),
        mut left: usize,
    ) -> Vec<(&str, Result<String, Mistake>)> {
        let root = context::Root::new(&self.path, &self.chart, &self.files, input);
        let render = |file| {
            let path = format!("{}/{file}", self.path);
            world.begin(&path);
            begin(&path);
            let rendered = self.templates.render(file, root.for_template(file), left);
            left -= rendered.as_ref().map_or(0, String::len);
            (file, rendered)
        };
        let render = || self.templates.manifests().map(render).collect();
        function::with_world(Rc::<Asker>::clone(world), render)
    }
}
