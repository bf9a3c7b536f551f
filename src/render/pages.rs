//! The `*.j2` templates of one chart, with what they see of it.

use std::rc::Rc;
use std::sync::Arc;

use minijinja::Value;

use super::engine::{self, Engine};
use super::helm::Asker;
use super::{Input, context, files, jinja};
use crate::chart::{Chart, Metadata};
use crate::function;
use crate::report::{Mistake, Mistakes};

/// The templates, which are known to compile. Immutable.
pub(super) struct Pages {
    /// Each file and its text. A compiled template has some 12 KiB, however small its text is, and is compiled in
    /// microseconds: a thousand charts that are rendered once in a while, or all at once, are kept as texts.
    sources: Vec<(String, Arc<str>)>,
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
        let own = chart.templates.iter();
        let own = own.filter(|template| Engine::of(&template.path) == Engine::Jinja);
        let sources = own.map(|template| (template.path.clone(), template.text.clone()));
        let sources: Vec<_> = sources.collect();
        compile(path, &sources).1.into_result()?;
        Ok(Self {
            sources,
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
        let (templates, _) = compile(&self.path, &self.sources);
        let root = context::Root::new(&self.path, &self.chart, &self.files, input);
        let render = |file| {
            let path = format!("{}/{file}", self.path);
            world.begin(&path);
            begin(&path);
            let rendered = templates.render(file, root.for_template(file), left);
            left -= rendered.as_ref().map_or(0, String::len);
            (file, rendered)
        };
        let files = self.sources.iter().map(|(file, _)| file.as_str());
        let files = files.filter(|file| engine::is_rendered(file));
        function::with_world(Rc::<Asker>::clone(world), || files.map(render).collect())
    }
}

/// The templates, and the mistakes of those that do not compile.
fn compile(path: &str, sources: &[(String, Arc<str>)]) -> (jinja::Templates, Mistakes) {
    let mut templates = jinja::Templates::new(path);
    let added = sources.iter();
    let mistakes = added.filter_map(|(file, text)| templates.add(file, text));
    let mistakes = Mistakes(mistakes.collect());
    (templates, mistakes)
}
