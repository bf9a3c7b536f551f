//! A filter as a command at a shell has it: with variables, an environment, and many inputs. It is
//! not bounded: whoever typed it waits for it.

use std::collections::{BTreeMap, VecDeque};

use super::{
    Error, compile,
    failure::{Failure, Meter},
    library::Library,
    machine::Machine,
    program::{Given, Program},
    told,
    value::{Text, Value, read_document, read_documents, write_json},
};

/// What a filter is given by name.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Names without `$` and JSON texts.
    pub json: Vec<(String, String)>,
    /// Names without `$` and texts.
    pub texts: Vec<(String, String)>,
    /// JSON texts without names: `$ARGS.positional`.
    pub positional: Vec<String>,
    /// What `env` and `$ENV` are.
    pub environment: BTreeMap<String, String>,
}

/// What a filter runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inputs {
    /// Each JSON value of a text.
    Each(String),
    /// One list of all JSON values of a text.
    Slurped(String),
    /// Each line of a text, as a string.
    Lines(String),
    /// A whole text, as a string.
    Text(String),
    /// `null`; the JSON values of a text are for `input`.
    Null(String),
    /// The same with the lines of a text.
    NullLines(String),
}

/// What a filter answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A result.
    Result {
        /// Compact JSON with sorted keys.
        json: String,
        /// The same as it is, when it is a string.
        text: Option<String>,
        /// Whether it is neither `null` nor `false`.
        is_true: bool,
    },
    /// It failed on this input; the next one may do better.
    Failed(String),
    /// It ended the whole run; with words for standard error when that is a failure.
    Halted(Option<String>),
}

/// A compiled filter for a shell.
#[derive(Debug)]
pub struct Command(Program);

impl Command {
    /// Compiles a filter.
    pub fn compile(text: &str, library: &Library, given: &Variables) -> Result<Self, Error> {
        let variables = variables(given)?;
        let environment = given.environment.iter();
        let environment = environment
            .map(|(name, value)| (Text::from(name.as_str()), Value::text(value)))
            .collect();
        let given = Given {
            library,
            variables,
            environment: Value::map(environment).map_err(|deep| told(&deep.into()))?,
            has_inputs: true,
        };
        compile(text, given).map(Self)
    }

    /// Runs it on all inputs, and tells each answer as it comes. The error is of an input that is no
    /// JSON; what stands before it was used.
    pub fn run(&self, inputs: Inputs, mut tell: impl FnMut(Answer)) -> Result<(), Error> {
        let (is_null, (mut inputs, wrong)) = read(inputs);
        let mut next = if is_null {
            Some(Value::Null)
        } else {
            inputs.pop_front()
        };
        while let Some(input) = next {
            let mut meter = Meter::new(u64::MAX, usize::MAX / 4);
            meter.inputs = inputs;
            let mut machine = Machine::new(&self.0, input, meter);
            if !answers(&mut machine, &mut tell) {
                return Ok(());
            }
            inputs = machine.inputs_left();
            next = if is_null { None } else { inputs.pop_front() };
        }
        wrong.map_or(Ok(()), |wrong| Err(Error::Input(wrong)))
    }
}

/// Tells all answers for one input; `false` when no other input follows.
fn answers(machine: &mut Machine<'_>, tell: &mut impl FnMut(Answer)) -> bool {
    loop {
        match machine.next() {
            Ok(Some(result)) => tell(Answer::Result {
                json: written(&result),
                text: match &result {
                    Value::Text(text) => Some(text.as_str().to_owned()),
                    _ => None,
                },
                is_true: result.is_true(),
            }),
            Ok(None) => return true,
            Err(Failure::Halt(said)) => {
                tell(Answer::Halted(said.map(|said| match said {
                    Value::Text(text) => text.as_str().to_owned(),
                    said => format!("{}\n", written(&said)),
                })));
                return false;
            }
            Err(failure) => {
                tell(Answer::Failed(told(&failure).to_string()));
                return true;
            }
        }
    }
}

type Read = (VecDeque<Value>, Option<String>);

/// Whether the input is `null`, and all others.
fn read(inputs: Inputs) -> (bool, Read) {
    let lines = |text: &str| {
        let lines = text.lines().map(Value::text).collect();
        (lines, None)
    };
    match inputs {
        Inputs::Each(text) => (false, values(&text)),
        Inputs::Null(text) => (true, values(&text)),
        Inputs::Lines(text) => (false, lines(&text)),
        Inputs::NullLines(text) => (true, lines(&text)),
        Inputs::Text(text) => (false, (VecDeque::from([Value::from(text)]), None)),
        Inputs::Slurped(text) => {
            let (values, wrong) = values(&text);
            match (wrong, Value::list(values.into())) {
                (None, Ok(list)) => (false, (VecDeque::from([list]), None)),
                (Some(wrong), _) => (false, (VecDeque::new(), Some(wrong))),
                (None, Err(deep)) => {
                    let why = told(&deep.into()).to_string();
                    (false, (VecDeque::new(), Some(why)))
                }
            }
        }
    }
}

fn values(text: &str) -> Read {
    let mut values = VecDeque::new();
    let wrong = read_documents(text, |value| values.push_back(value)).err();
    (values, wrong)
}

/// All variables with `$`, and `$ARGS`.
fn variables(given: &Variables) -> Result<Vec<(String, Value)>, Error> {
    let mut named = Vec::new();
    for (name, text) in &given.texts {
        named.push((name.clone(), Value::text(text)));
    }
    for (name, text) in &given.json {
        let read = read_document(text).map_err(|wrong| Error::Input(format!("${name}: {wrong}")));
        named.push((name.clone(), read?));
    }
    let positional = given.positional.iter();
    let positional = positional
        .map(|text| read_document(text).map_err(Error::Input))
        .collect::<Result<Vec<_>, _>>()?;
    let list = |items| Value::list(items).map_err(|deep| told(&deep.into()));
    let map = |entries| Value::map(entries).map_err(|deep| told(&deep.into()));
    let by_name = named.iter();
    let by_name = by_name.map(|(name, value)| (Text::from(name.as_str()), value.clone()));
    let arguments = map(vec![
        (Text::from("named"), map(by_name.collect())?),
        (Text::from("positional"), list(positional)?),
    ])?;
    named.push(("ARGS".to_owned(), arguments));
    let dollar = |(name, value)| (format!("${name}"), value);
    Ok(named.into_iter().map(dollar).collect())
}

fn written(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}
