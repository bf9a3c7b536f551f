//! The text format 0.0.4, written byte for byte as the Go client library writes it.

use std::fmt::Write;

/// Writes the two comment lines that open a family.
pub(super) fn write_header(out: &mut String, name: &str, help: &str, kind: &str) {
    out.push_str("# HELP ");
    out.push_str(name);
    out.push(' ');
    for letter in help.chars() {
        match letter {
            '\\' => out.push_str(r"\\"),
            '\n' => out.push_str(r"\n"),
            _ => out.push(letter),
        }
    }
    out.push_str("\n# TYPE ");
    out.push_str(name);
    out.push(' ');
    out.push_str(kind);
    out.push('\n');
}

/// Writes one line; `labels` are escaped already and without braces.
pub(super) fn write_sample(out: &mut String, name: &str, labels: &str, value: f64) {
    out.push_str(name);
    if !labels.is_empty() {
        out.push('{');
        out.push_str(labels);
        out.push('}');
    }
    out.push(' ');
    out.push_str(&number(value));
    out.push('\n');
}

/// `a="1",b="2"`, in the order given.
pub(super) fn labels<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(name);
        out.push_str("=\"");
        for letter in value.chars() {
            match letter {
                '\\' => out.push_str(r"\\"),
                '\n' => out.push_str(r"\n"),
                '"' => out.push_str("\\\""),
                _ => out.push(letter),
            }
        }
        out.push('"');
    }
    out
}

/// A number as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes it: the fewest digits that give
/// it back, with an exponent below 1e-4 and from 1e6 on (the sign of the exponent always shown, two
/// digits at least).
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let mut out = digits.to_owned();
    // A String takes every write.
    let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
    out
}

/// A count as a number. The format has no other; beyond 2⁵³ it is rounded.
#[expect(
    clippy::cast_precision_loss,
    reason = "the format knows floating point numbers only"
)]
pub(super) fn to_number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row was given by the Go client library, `expfmt.MetricFamilyToText`.
    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (-0.5, "-0.5"),
            (100_000.0, "100000"),
            (123_456.789, "123456.789"),
            (999_999.0, "999999"),
            (999_999.5, "999999.5"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (-1_500_000.0, "-1.5e+06"),
            (1_700_000_000.25, "1.70000000025e+09"),
            (0.0001, "0.0001"),
            (0.000_012_34, "1.234e-05"),
            (1e100, "1e+100"),
            (1e-300, "1e-300"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
