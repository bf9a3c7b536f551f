//! `addon-operator jq`: filters for people, and for hooks where there is no jq.
//!
//! Arguments, output and exit codes are those of jq; the language is that of `jqFilter`.

mod arguments;
mod pretty;

use std::ffi::OsString;
use std::io::{self, BufWriter, ErrorKind, Read, Write};

use clap::Args;

use self::arguments::{Asked, Form, Options};
use self::pretty::{ascii, pretty};
use super::environment;
use super::output::Failure;
use crate::hook::jq_library;
use crate::jq::{Answer, Command, Error, Inputs, Variables};

/// Run a jq filter, as hooks' bindings and patches do
///
/// Takes the arguments of jq. Keys of results are always sorted; there are no `--stream` and `--seq`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(super) struct Arguments {
    /// As of jq: -c -r -j -e -n -s -R -a -S -f -L --tab --indent --arg --argjson --args --jsonargs
    /// --slurpfile --rawfile, a filter, files
    #[arg(
        value_name = "ARGUMENTS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<OsString>,
}

/// What jq exits with.
mod code {
    pub(super) const FALSE: u8 = 1;
    pub(super) const MISUSE: u8 = 2;
    pub(super) const COMPILE: u8 = 3;
    pub(super) const NOTHING: u8 = 4;
    pub(super) const FAILED: u8 = 5;
}

/// Runs it.
pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    match filter(arguments.arguments) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Failure::Told(code)),
        Err((code, why)) => {
            // Nothing can be told where stderr is closed; the exit code remains.
            let _ = writeln!(io::stderr(), "jq: {why}");
            Err(Failure::Told(code))
        }
    }
}

/// An exit code, and what to say.
type Why = (u8, String);

fn filter(typed: Vec<OsString>) -> Result<u8, Why> {
    let asked = Asked::read(typed).map_err(|why| (code::MISUSE, format!("error: {why}")))?;
    if asked.options.help {
        return show_help();
    }
    let given = variables(&asked)?;
    let folders: Vec<_> = if asked.libraries.is_empty() {
        environment::jq_library_path()
    } else {
        asked.libraries.clone()
    };
    let command = Command::compile(&asked.filter, &jq_library(&folders), &given);
    let command = command.map_err(|error| match error {
        Error::Compile { .. } => (
            code::COMPILE,
            format!("error: {error}\njq: 1 compile error"),
        ),
        error => (code::MISUSE, format!("error: {error}")),
    })?;
    let (text, missing) = input_text(&asked);
    let options = asked.options;
    let mut printer = Printer::new(options);
    let ran = command.run(inputs(options, text), |answer| printer.take(answer));
    let mut exit = printer.finish()?;
    if let Err(error) = ran {
        let _ = writeln!(io::stderr(), "jq: error (at <stdin>): {error}");
        exit = code::MISUSE;
    }
    Ok(if missing { code::MISUSE } else { exit })
}

fn show_help() -> Result<u8, Why> {
    let help = "Usage: addon-operator jq [OPTIONS] FILTER [FILES]\n\nOptions as of jq: \
                addon-operator help jq\n";
    super::output::print(help).map_err(|error| (code::MISUSE, error.to_string()))?;
    Ok(0)
}

/// The text of all files, or of standard input; whether a file could not be read.
fn input_text(asked: &Asked) -> (String, bool) {
    let mut bytes = Vec::new();
    let mut missing = false;
    let mut take = |read: io::Result<Vec<u8>>, name: &str| match read {
        Ok(read) => bytes.extend(read),
        Err(error) => {
            missing = true;
            let _ = writeln!(io::stderr(), "jq: error: Could not open {name}: {error}");
        }
    };
    if asked.files.is_empty() {
        // With -n nothing is read that nobody asks for: it may be meant for another program.
        let is_asked_for = ["input", "import", "include"]
            .iter()
            .any(|word| asked.filter.contains(word));
        if !asked.options.null || is_asked_for {
            let mut read = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut read).map(|_| read);
            take(read, "standard input");
        }
    }
    for file in &asked.files {
        take(std::fs::read(file), &file.display().to_string());
    }
    (String::from_utf8_lossy(&bytes).into_owned(), missing)
}

fn inputs(options: Options, text: String) -> Inputs {
    match (options.null, options.raw_input, options.slurp) {
        (true, false, _) => Inputs::Null(text),
        (true, true, _) => Inputs::NullLines(text),
        (false, true, true) => Inputs::Text(text),
        (false, true, false) => Inputs::Lines(text),
        (false, false, true) => Inputs::Slurped(text),
        (false, false, false) => Inputs::Each(text),
    }
}

fn variables(asked: &Asked) -> Result<Variables, Why> {
    let mut variables = Variables {
        json: asked.json.clone(),
        texts: asked.texts.clone(),
        positional: asked.positional.clone(),
        environment: environment::whole(),
    };
    for (name, path, is_raw) in &asked.variable_files {
        let read = std::fs::read(path);
        let read = read.map_err(|error| (code::MISUSE, format!("error: {path}: {error}")))?;
        let text = String::from_utf8_lossy(&read).into_owned();
        if *is_raw {
            variables.texts.push((name.clone(), text));
            continue;
        }
        let values: Result<Vec<serde_json::Value>, _> = serde_json::Deserializer::from_str(&text)
            .into_iter()
            .collect();
        let values = values.map_err(|error| (code::MISUSE, format!("error: {path}: {error}")))?;
        let json = serde_json::Value::from(values).to_string();
        variables.json.push((name.clone(), json));
    }
    Ok(variables)
}

/// Writes answers, and knows the exit code.
struct Printer {
    options: Options,
    out: BufWriter<io::Stdout>,
    exit: u8,
    /// Whether the last result was true; `None` without a result.
    last: Option<bool>,
    broken: Option<io::Error>,
}

impl Printer {
    fn new(options: Options) -> Self {
        Self {
            options,
            out: BufWriter::new(io::stdout()),
            exit: 0,
            last: None,
            broken: None,
        }
    }

    fn take(&mut self, answer: Answer) {
        match answer {
            Answer::Result {
                json,
                text,
                is_true,
            } => {
                self.last = Some(is_true);
                self.print(&json, text);
            }
            Answer::Failed(why) => self.fail(&format!("jq: error (at <stdin>): {why}\n")),
            Answer::Halted(Some(said)) => self.fail(&said),
            Answer::Halted(None) => {}
        }
    }

    fn fail(&mut self, said: &str) {
        self.exit = code::FAILED;
        // What was answered before stands before it.
        let flushed = self.out.flush();
        self.note(flushed);
        let _ = write!(io::stderr(), "{said}");
    }

    fn print(&mut self, json: &str, text: Option<String>) {
        let options = self.options;
        let raw = text.filter(|_| options.form != Form::Json);
        let shown = raw.unwrap_or_else(|| {
            let json = match options.indent {
                "" => json.to_owned(),
                indent => pretty(json, indent),
            };
            if options.ascii { ascii(&json) } else { json }
        });
        let end = match options.form {
            Form::Joined => "",
            Form::Nul => "\0",
            Form::Json | Form::Raw => "\n",
        };
        let written = self
            .out
            .write_all(shown.as_bytes())
            .and_then(|()| self.out.write_all(end.as_bytes()));
        self.note(written);
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
    }

    /// The exit code.
    fn finish(mut self) -> Result<u8, Why> {
        let flushed = self.out.flush();
        self.note(flushed);
        match self.broken {
            // The reader has seen enough.
            Some(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(0),
            Some(error) => return Err((code::MISUSE, format!("error: {error}"))),
            None => {}
        }
        Ok(match (self.exit, self.options.exit_status, self.last) {
            (0, true, None) => code::NOTHING,
            (0, true, Some(false)) => code::FALSE,
            (exit, _, _) => exit,
        })
    }
}
