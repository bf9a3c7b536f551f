//! The functions of sprig, for templates that are not Go's.

mod value;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use minijinja::Value;

use super::{Arguments, Call, Error, Function, Piped, own};
use crate::govalue::{self, Context, Error as GoError, Lookup, Map, Parameter, World};
use crate::sprig;

/// What one call may make without a world that counts, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

thread_local! {
    static WORLD: RefCell<Option<Rc<dyn World>>> = const { RefCell::new(None) };
}

/// Runs with a world that functions may ask: for the time, for what was drawn, for the cluster, for
/// templates of Go. Without one, functions that would ask are errors.
pub fn with_world<T>(world: Rc<dyn World>, run: impl FnOnce() -> T) -> T {
    let _before = Before(WORLD.replace(Some(world)));
    run()
}

/// The world that was there before; it comes back also when a render panics.
struct Before(Option<Rc<dyn World>>);

impl Drop for Before {
    fn drop(&mut self) {
        WORLD.set(self.0.take());
    }
}

/// A world of which nothing is known.
struct Unknown {
    left: Cell<usize>,
}

impl World for Unknown {
    fn now(&self) -> i128 {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn lookup(&self, _: &Lookup<'_>) -> Result<govalue::Value, GoError> {
        Err(GoError::Failed("the cluster is not known here".to_owned()))
    }

    fn recall(&self, _: &str, _: &[govalue::Value]) -> Option<govalue::Value> {
        None
    }

    fn keep(&self, _: &str, _: &[govalue::Value], _: &govalue::Value) {}

    fn spend(&self, bytes: usize) -> Result<(), GoError> {
        let left = self.left.get().checked_sub(bytes);
        let left =
            left.ok_or_else(|| GoError::Limit("the result would become too long".to_owned()))?;
        self.left.set(left);
        Ok(())
    }

    fn note_change(&self, _: &Map) {}
}

/// The functions of sprig that have no form of their own here.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    static ALL: LazyLock<Vec<Function>> = LazyLock::new(|| {
        let own: BTreeSet<_> = own().map(|function| function.name).collect();
        let others = sprig::all().filter(|function| !own.contains(function.name));
        others.map(bridge).collect()
    });
    ALL.iter()
}

/// The text of a template of Go.
pub(super) static INCLUDE: Function = Function::new("include", "name, value", (1, 2), include);

fn include(arguments: &Arguments<'_>) -> Result<Value, Error> {
    let name = arguments.text(0)?;
    let unusable = |why: String| arguments.unusable(why);
    let data = match arguments.rest(1) {
        [] => None,
        _ => Some(value::of_argument(arguments, 1, Parameter::Any)?),
    };
    let known = WORLD.with_borrow(Clone::clone);
    let world = known.ok_or_else(|| unusable("no templates of Go are known here".to_owned()))?;
    match world.include(name, data.as_ref()) {
        Ok(text) => value::to_template(&text).map_err(unusable),
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// Asks whether a call may still be made.
pub(super) fn check(arguments: &Arguments<'_>) -> Result<(), Error> {
    let known = WORLD.with_borrow(Clone::clone);
    let spent = known.map_or(Ok(()), |world| world.spend(0));
    spent.map_err(|error| arguments.unusable(error.to_string()))
}

fn bridge(function: &'static govalue::Function) -> Function {
    let mut names: Vec<&str> = function.parameters.iter().map(name_of).collect();
    let rest = function.rest.map(|rest| format!("{}…", name_of(&rest)));
    names.extend(rest.as_deref());
    let fewest = function.parameters.len();
    Function {
        name: function.name,
        usage: Cow::Owned(names.join(", ")),
        piped: piped(function),
        takes_undefined: false,
        fewest,
        most: if rest.is_some() { usize::MAX } else { fewest },
        call: Call::Sprig(function),
    }
}

fn name_of(parameter: &Parameter) -> &'static str {
    match parameter {
        Parameter::Text => "text",
        Parameter::Bool => "truth",
        Parameter::Int | Parameter::Int64 | Parameter::Uint32 | Parameter::Float => "number",
        Parameter::List | Parameter::TextList => "list",
        Parameter::Map => "map",
        Parameter::Record(_) => "object",
        Parameter::Any => "value",
    }
}

/// Functions of which the first argument is what they are about.
const OF_THE_FIRST: [&str; 22] = [
    "addf",
    "biggest",
    "divf",
    "durationRoundTo",
    "durationTruncateTo",
    "htmlDateInZone",
    "maxf",
    "minf",
    "mulf",
    "mustAppend",
    "mustMergeOverwrite",
    "mustPrepend",
    "mustPush",
    "mustSlice",
    "mustWithout",
    "push",
    "set",
    "slice",
    "subf",
    "unset",
    "all",
    "any",
];

fn piped(function: &govalue::Function) -> Piped {
    let name = function.name;
    if OF_THE_FIRST.contains(&name) {
        Piped::First
    } else if name.contains("egex") || matches!(name, "dateInZone" | "date_in_zone") {
        Piped::Second
    } else {
        Piped::Last
    }
}

/// Calls a function of sprig.
pub(super) fn call(
    function: &'static govalue::Function,
    arguments: &Arguments<'_>,
) -> Result<Value, Error> {
    let values = (0..arguments.all().len()).map(|index| {
        let parameter = function.parameters.get(index).or(function.rest.as_ref());
        value::of_argument(arguments, index, *parameter.unwrap_or(&Parameter::Any))
    });
    let values = values.collect::<Result<Vec<_>, _>>()?;
    let known = WORLD.with_borrow(Clone::clone);
    if function.draws && known.is_none() {
        return Err(arguments.unusable("what it gives changes, and is not known here"));
    }
    let unknown = Unknown {
        left: Cell::new(LIMIT),
    };
    let world = known.as_deref().unwrap_or(&unknown);
    let given = run(function, world, &values).map_err(|error| match error {
        GoError::Told(told) => Error::Told(told),
        GoError::Failed(why) | GoError::Limit(why) => arguments.unusable(why),
    })?;
    value::to_template(&given).map_err(|why| arguments.unusable(why))
}

fn run(
    function: &govalue::Function,
    world: &dyn World,
    values: &[govalue::Value],
) -> Result<govalue::Value, GoError> {
    let context = Context { world };
    if !function.draws {
        return (function.call)(&context, values);
    }
    if let Some(drawn) = world.recall(function.name, values) {
        return Ok(drawn);
    }
    let drawn = (function.call)(&context, values)?;
    world.keep(function.name, values, &drawn);
    Ok(drawn)
}

#[cfg(test)]
mod tests;
