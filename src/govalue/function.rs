//! Functions and methods that templates call: what they take, what they may ask, how they fail.

use std::fmt;

use super::{Map, Shape, Value};

/// One function, or one method.
pub struct Function {
    /// Its name in templates.
    pub name: &'static str,
    /// What it takes, in order.
    pub parameters: &'static [Parameter],
    /// What it takes any number of behind those.
    pub rest: Option<Parameter>,
    /// Whether equal arguments give other results each time: random numbers, keys, the time. What such
    /// a function gave once is kept and given again ([`World::recall`]).
    pub draws: bool,
    /// Why templates cannot call it, in Go's words: it gives more values than one and an error.
    pub unfit: Option<&'static str>,
    /// What it does. The caller has checked number and types of the arguments.
    pub call: Call,
}

/// What a function does with its arguments.
pub type Call = fn(&Context<'_>, &[Value]) -> Result<Value, Error>;

/// The type of a parameter, as Go declares it.
#[derive(Clone, Copy, Debug)]
pub enum Parameter {
    /// `interface {}`: anything, nil as well.
    Any,
    /// `string`
    Text,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `uint32`: a literal that fits, and nothing else. Comes as [`Value::Int`].
    Uint32,
    /// `float64`
    Float,
    /// `[]interface {}`
    List,
    /// `[]string`
    TextList,
    /// `map[string]interface {}`; a map of type `chartutil.Values` fits as well.
    Map,
    /// A struct of this shape.
    Record(&'static Shape),
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// In Go's words, without what called it: `runtime error: integer divide by zero`.
    Failed(String),
    /// The chart's own words, from `fail` and `required`.
    Told(String),
    /// A limit of ours was reached: the render ends, whatever the template does about errors.
    Limit(String),
}

/// What a call may ask, beside its arguments.
pub struct Context<'a> {
    /// What a render does not know by itself.
    pub world: &'a dyn World,
}

/// What a render does not know by itself: time, randomness, the cluster, what it drew before. Answers
/// may differ from call to call; everything else in a render follows from its input.
pub trait World {
    /// The time, in nanoseconds since 1970.
    fn now(&self) -> i128;

    /// Fills bytes with random ones, good enough for keys.
    fn fill_random(&self, bytes: &mut [u8]);

    /// An object of the cluster, or a list of them when the name is empty; an empty map when there is none.
    ///
    /// # Errors
    ///
    /// Why it could not be asked for.
    fn lookup(&self, of: &Lookup<'_>) -> Result<Value, Error>;

    /// The address of a host; empty when it has none, or when nobody may ask.
    fn resolve_host(&self, _name: &str) -> String {
        String::new()
    }

    /// The text of a template of Go, for templates in another language. Without data it sees what the
    /// templates of its chart see.
    ///
    /// # Errors
    ///
    /// There is no such template, or it failed.
    fn include(&self, _name: &str, _data: Option<&Value>) -> Result<Value, Error> {
        Err(Error::Failed(
            "no templates of Go are known here".to_owned(),
        ))
    }

    /// Takes note of where the next draw is made: bytes that differ from place to place; none where
    /// that cannot be told.
    fn note_place(&self, _place: &[u8]) {}

    /// What a drawing function gave before in this place; [`World::keep`] tells it.
    fn recall(&self, function: &str, arguments: &[Value]) -> Option<Value>;

    /// Keeps what a drawing function gave.
    fn keep(&self, function: &str, arguments: &[Value], result: &Value);

    /// Takes note that a render makes so many more bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] when it made too many.
    fn spend(&self, bytes: usize) -> Result<(), Error>;

    /// Takes note of a map that was changed after it was made and may contain itself now: it is cleared
    /// when the render is over, and so freed.
    fn note_change(&self, map: &Map);
}

/// What `lookup` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Lookup<'a> {
    /// `apps/v1`
    pub api_version: &'a str,
    /// `Deployment`
    pub kind: &'a str,
    /// Empty for kinds without namespaces, and for all namespaces.
    pub namespace: &'a str,
    /// Empty for a list.
    pub name: &'a str,
}

impl Function {
    /// A function of these parameters.
    pub const fn new(name: &'static str, parameters: &'static [Parameter], call: Call) -> Self {
        Self {
            name,
            parameters,
            rest: None,
            draws: false,
            unfit: None,
            call,
        }
    }

    /// Takes any number of arguments more.
    #[must_use]
    pub const fn rest(mut self, rest: Parameter) -> Self {
        self.rest = Some(rest);
        self
    }

    /// A method of Go that templates cannot call, and why.
    pub const fn unfit(name: &'static str, why: &'static str) -> Self {
        let mut function = Self::new(name, &[], |_, _| Ok(Value::Nil));
        function.unfit = Some(why);
        function
    }

    /// Gives other results for equal arguments.
    #[must_use]
    pub const fn draws(mut self) -> Self {
        self.draws = true;
        self
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) | Self::Told(why) | Self::Limit(why) => out.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

/// A world that has nothing, knows no time and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl World for Nowhere {
    fn now(&self) -> i128 {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn lookup(&self, _: &Lookup<'_>) -> Result<Value, Error> {
        Ok(Value::Map(Map::any()))
    }

    fn recall(&self, _: &str, _: &[Value]) -> Option<Value> {
        None
    }

    fn keep(&self, _: &str, _: &[Value], _: &Value) {}

    fn spend(&self, _: usize) -> Result<(), Error> {
        Ok(())
    }

    fn note_change(&self, _: &Map) {}
}
