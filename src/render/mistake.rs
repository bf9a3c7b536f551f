//! What the minijinja engine says went wrong, for the person who wrote the template.

use minijinja::{Environment, Error, ErrorKind};

use crate::function::{self, Miss};
use crate::report::{self, Mistake};

use super::context::{ROOTS, SNAPSHOTS};
use super::jinja::FUEL;

/// How many keys of a map are named when none is like the one that was asked for.
const NAMED: usize = 10;

/// A template that cannot be read.
pub(super) fn from_syntax(path: &str, text: &str, error: &Error) -> Mistake {
    let detail = error.detail().unwrap_or("cannot be read");
    let mistake = place(
        Mistake::new(path, format!("syntax error: {detail}")),
        text,
        error,
    );
    let line = line_of(text, mistake.line);
    if line.contains("{{ .") || line.contains("{{- .") || line.contains("{{ $") {
        return mistake.hint("this is a Go template's way; in a .j2 file write {{ Values.x }}");
    }
    mistake
}

/// A template that the engine gives up. It does so where an import is called by what is no name: it takes any
/// expression there, and has nothing to do with it.
pub(super) fn from_panic(path: &str, text: &str) -> Mistake {
    let Some(line) = text.lines().position(imports_without_name) else {
        return Mistake::new(path, "syntax error: it cannot be compiled");
    };
    let line = u32::try_from(line + 1).unwrap_or_default();
    Mistake::new(path, "syntax error: what is imported has no good name")
        .at(line, 0)
        .excerpt(report::excerpt(text, line))
        .hint("behind `as` write letters, digits and _ alone, no digit first")
}

fn imports_without_name(line: &str) -> bool {
    let mut tags = line.split("{%").skip(1);
    tags.any(|tag| {
        let tag = tag.split("%}").next().unwrap_or_default();
        let tag = tag.trim_matches(['-', '+', ' ']);
        let name = tag
            .strip_prefix("import ")
            .and_then(|tag| tag.rsplit_once(" as "));
        name.is_some_and(|(_, name)| {
            let name = name.trim();
            let mut letters = name.chars();
            name.starts_with(|letter: char| letter.is_ascii_digit())
                || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        })
    })
}

/// A template that failed. The error of an included template lies within the one of the template that
/// includes it; the innermost place is where a person has to look.
pub(super) fn from_render(path: &str, environment: &Environment<'_>, error: &Error) -> Mistake {
    let mut innermost = error;
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(inner) = cause.downcast_ref::<Error>() {
            innermost = inner;
        }
        next = cause.source();
    }
    let (message, hint) = explain(environment, innermost);
    let file = innermost.name().unwrap_or(path);
    let message = if file == path {
        message
    } else {
        format!("{message}, included from {path}")
    };
    let mistake = Mistake::new(file, message).hint(hint);
    match environment.get_template(file) {
        Ok(template) => place(mistake, template.source(), innermost),
        Err(_) => mistake,
    }
}

/// The same mistake with line, column and the lines around.
fn place(mistake: Mistake, text: &str, error: &Error) -> Mistake {
    let Some(line) = error.line().and_then(|line| u32::try_from(line).ok()) else {
        return mistake;
    };
    let before = error.range().and_then(|range| text.get(..range.start));
    let column = before.map_or(0, |before| {
        let line = before.rsplit('\n').next().unwrap_or_default();
        u32::try_from(line.chars().count() + 1).unwrap_or_default()
    });
    mistake
        .at(line, column)
        .excerpt(report::excerpt(text, line))
}

fn line_of(text: &str, line: u32) -> &str {
    let index = usize::try_from(line).unwrap_or_default().saturating_sub(1);
    text.lines().nth(index).unwrap_or_default()
}

/// What happened, and what to do about it.
fn explain(environment: &Environment<'_>, error: &Error) -> (String, String) {
    let detail = error.detail().unwrap_or_default();
    match error.kind() {
        ErrorKind::UndefinedError => explain_undefined(detail),
        ErrorKind::OutOfFuel => (
            format!("does not end: stopped after {FUEL} steps"),
            "look for loops within loops, or a macro that calls itself".to_owned(),
        ),
        ErrorKind::WriteFailure => (
            "renders to more text than a chart may".to_owned(),
            "look for a loop that goes round too often".to_owned(),
        ),
        ErrorKind::UnknownFunction | ErrorKind::UnknownFilter => explain_unknown(detail),
        ErrorKind::TemplateNotFound => explain_missing_template(environment, detail),
        ErrorKind::InvalidOperation if detail.contains("recursion limit") => (
            "calls and includes are nested too deeply".to_owned(),
            "look for a macro or a template that uses itself".to_owned(),
        ),
        // The engine fails later than where the undefined value came from, and adds that.
        _ if detail.contains("` is undefined") => explain_undefined(detail),
        // Errors of functions and of the objects' methods speak for themselves.
        ErrorKind::InvalidOperation | ErrorKind::UnknownMethod if !detail.is_empty() => {
            (detail.to_owned(), String::new())
        }
        kind if detail.is_empty() => (kind.to_string(), String::new()),
        kind => (format!("{kind}: {detail}"), String::new()),
    }
}

/// `detail` is like "`Values.imag` is undefined (from line 3)", or has that in brackets at its end.
fn explain_undefined(detail: &str) -> (String, String) {
    let expression = detail.split('`').nth(1).unwrap_or_default();
    let message = if detail.is_empty() {
        "an undefined value is used".to_owned()
    } else {
        let start = detail.find('`').unwrap_or_default();
        let end = detail.len() - usize::from(detail.contains("(`"));
        detail.get(start..end).unwrap_or(detail).replace('`', "")
    };
    let last = expression.rsplit('.').next().unwrap_or_default();
    let hint = match function::last_miss() {
        Some(miss) if miss.key == last && last != expression => explain_miss(&miss),
        _ if !expression.is_empty() && !expression.contains(['.', '[']) => {
            let names = ROOTS.into_iter().chain([SNAPSHOTS]);
            let names = names.chain(function::all().map(|function| function.name));
            did_you_mean(expression, names)
        }
        _ => String::new(),
    };
    (message, hint)
}

fn explain_miss(miss: &Miss) -> String {
    let meant = did_you_mean(&miss.key, miss.known());
    if !meant.is_empty() {
        return meant;
    }
    let known: Vec<_> = miss.known().take(NAMED).collect();
    let more = if miss.known().nth(NAMED).is_some() {
        ", …"
    } else {
        ""
    };
    match known.as_slice() {
        [] => "the map is empty".to_owned(),
        known => format!("the map has {}{more}", known.join(", ")),
    }
}

/// `detail` is "filter qoute is unknown" or "qoute is unknown".
fn explain_unknown(detail: &str) -> (String, String) {
    let name = detail.strip_suffix(" is unknown").unwrap_or(detail);
    let name = name.strip_prefix("filter ").unwrap_or(name);
    let names = function::all().map(|function| function.name);
    (
        format!("there is no function {name}"),
        did_you_mean(name, names),
    )
}

/// `detail` has the name between quotes.
fn explain_missing_template(environment: &Environment<'_>, detail: &str) -> (String, String) {
    let name = detail.split(['"', '\'']).nth(1).unwrap_or_default();
    let names: Vec<_> = environment
        .templates()
        .map(|(name, _)| name.to_owned())
        .collect();
    (
        format!("there is no template {name:?}"),
        did_you_mean(name, names.iter().map(String::as_str)),
    )
}

fn did_you_mean<'a, I: IntoIterator<Item = &'a str>>(word: &str, candidates: I) -> String {
    report::nearest(word, candidates)
        .map_or_else(String::new, |near| format!("did you mean {near}?"))
}
