//! The minijinja engine: templates called `*.j2`.
//!
//! What is ours in it: undefined values are errors; nothing is escaped; `{{ none }}` prints `null` and
//! `{{ true }}` prints `true`, as YAML would; a block tag takes its line with it; steps, depth and
//! output are bounded, so that no template can hold up the operator.

use std::borrow::Cow;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
};

use crate::function::{self, Function};
use crate::report::Mistake;

use super::mistake;

/// How many steps one template may take. A step costs some 20 ns; large charts need some 100,000.
pub(super) const FUEL: u64 = 10_000_000;

/// How deep calls and includes may nest; an include counts ten. Fits the stack of a thread of the
/// runtime (2 MiB) in a build without optimization.
const RECURSION: usize = 200;

/// Filters of minijinja that keep their meaning although a function has the same name: `x | list`
/// makes a list of what can be looped over, `x | split(",")` one of the parts of a text.
const KEPT: [&str; 6] = ["first", "last", "list", "reverse", "slice", "split"];

/// What every chart's environment begins with. Cloning it copies pointers.
static BASE: LazyLock<Environment<'static>> = LazyLock::new(base);

/// The templates of one chart.
pub(super) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// No templates yet; `chart` is the name that `Template.BasePath` begins with.
    pub(super) fn new(chart: &str) -> Self {
        let mut environment = BASE.clone();
        let prefix: Arc<str> = format!("{chart}/").into();
        environment.set_path_join_callback(move |name, parent| join(&prefix, name, parent));
        Self { environment }
    }

    /// Compiles one template.
    pub(super) fn add(&mut self, path: &str, text: &str) -> Option<Mistake> {
        // A template that does not compile leaves nothing behind.
        let added = panic::catch_unwind(AssertUnwindSafe(|| {
            self.environment
                .add_template_owned(path.to_owned(), text.to_owned())
        }));
        match added {
            Ok(added) => Some(mistake::from_syntax(path, text, &added.err()?)),
            Err(_) => Some(mistake::from_panic(path, text)),
        }
    }

    /// Renders one template to at most `limit` bytes.
    pub(super) fn render(&self, path: &str, root: Value, limit: usize) -> Result<String, Mistake> {
        // What an earlier template missed must not explain an error of this one.
        function::last_miss();
        let mut page = Page {
            bytes: Vec::new(),
            limit,
        };
        let rendered = self
            .environment
            .get_template(path)
            .and_then(|template| template.render_captured_to(root, &mut page).map(drop));
        match rendered {
            Ok(()) => Ok(String::from_utf8(page.bytes).unwrap_or_default()),
            Err(error) => Err(mistake::from_render(path, &self.environment, &error)),
        }
    }
}

/// Output that ends at a limit.
struct Page {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Which template `{% include name %}` means: `templates/_x.j2` as it is in the folder,
/// `<chart>/templates/_x.j2` as `Template.BasePath` begins, or `./_x.j2` beside the template itself.
fn join<'a>(prefix: &str, name: &'a str, parent: &str) -> Cow<'a, str> {
    let name = name.strip_prefix(prefix).unwrap_or(name);
    match (name.strip_prefix("./"), parent.rsplit_once('/')) {
        (Some(rest), Some((folder, _))) => Cow::Owned(format!("{folder}/{rest}")),
        _ => Cow::Borrowed(name),
    }
}

fn base() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // By default a name that ends in .yaml turns on JSON escaping.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(print);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_auto_reload(false);
    // Without it errors know neither their place nor the expression. It costs nothing until then.
    environment.set_debug(true);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    // The default delimiters are always good.
    environment.set_syntax(syntax.unwrap_or_default());
    // It prints all values, secret ones too.
    environment.remove_global("debug");
    for function in function::all() {
        add(&mut environment, function);
    }
    environment
}

fn add(environment: &mut Environment<'static>, function: &'static Function) {
    environment.add_function(function.name, |state: &mut State, values: &[Value]| {
        check_defined(function, state, values)?;
        function.call(values).map_err(into_error)
    });
    if !KEPT.contains(&function.name) {
        environment.add_filter(function.name, |state: &mut State, values: &[Value]| {
            check_defined(function, state, values)?;
            function.call_piped(values).map_err(into_error)
        });
    }
}

/// Undefined arguments are errors, unless they are what the function is for.
fn check_defined(function: &Function, state: &mut State, values: &[Value]) -> Result<(), Error> {
    match values.iter().find(|value| value.is_undefined()) {
        // Printing it fails with the engine's own error, which knows the expression.
        Some(undefined) if !function.takes_undefined => state.format(undefined.clone()).map(drop),
        _ => Ok(()),
    }
}

fn into_error(error: function::Error) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string()).with_source(error)
}

/// Prints a value as YAML would.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.kind() == ValueKind::Plain {
        return minijinja::escape_formatter(out, state, value);
    }
    let text = function::text_of(value);
    let text = text.map_err(|why| Error::new(ErrorKind::InvalidOperation, why))?;
    Ok(out.write_str(&text)?)
}
