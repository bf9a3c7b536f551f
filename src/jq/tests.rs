//! What filters answer, and what they may use up.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

#[derive(serde::Deserialize)]
struct Cases {
    rows: Vec<Row>,
}

/// A filter, an input, and what the reference answered: results, then perhaps an error.
#[derive(serde::Deserialize)]
struct Row {
    filter: String,
    input: String,
    output: Vec<String>,
    #[serde(default)]
    compile: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

fn answer(row: &Row) -> (Vec<String>, Option<String>, bool) {
    let filter = match Filter::compile(&row.filter) {
        Ok(filter) => filter,
        Err(Error::Compile { message, .. }) => return (Vec::new(), Some(message), true),
        Err(error) => panic!("{error}"),
    };
    let input = read_document(&row.input).expect("inputs are JSON");
    let mut machine = Machine::new(&filter.0.1, input, Meter::new(MOST_STEPS, MOST_BYTES));
    let mut output = Vec::new();
    loop {
        match machine.next() {
            Ok(Some(result)) => {
                let mut text = String::new();
                write_json(&result, &mut text);
                output.push(text);
            }
            Ok(None) | Err(Failure::Halt(None)) => return (output, None, false),
            Err(failure) => return (output, Some(failure.told()), false),
        }
    }
}

#[test]
fn filters_answer_as_the_reference() {
    let cases: Cases = serde_json::from_str(include_str!("../../tests/data/jq-cases.json"))
        .expect("the cases are JSON");
    let mut differing = Vec::new();
    for row in &cases.rows {
        if DIFFERENCES.iter().any(|(filter, _)| *filter == row.filter) {
            continue;
        }
        let (output, error, compiles) = answer(row);
        // Where a text cannot be read the words are our own: the reference says less.
        let same = match (&row.compile, &row.error) {
            (Some(_), _) => compiles,
            (None, expected) => !compiles && output == row.output && error == *expected,
        };
        if !same {
            differing.push(format!(
                "{}\n  ours      {output:?} {error:?}\n  reference {:?} {:?}{:?}",
                row.filter, row.output, row.error, row.compile
            ));
        }
    }
    assert!(differing.is_empty(), "{} of {} differ:\n{}", differing.len(), cases.rows.len(), differing.join("\n"));
}

/// Filters whose answer differs, and why.
const DIFFERENCES: &[(&str, &str)] = &[];
