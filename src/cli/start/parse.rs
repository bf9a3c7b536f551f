//! Texts of flags and variables → typed settings. Pure; each says what it expected.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;

use crate::binding::FailurePolicy;
use crate::module::{Extenders, Source};
use crate::operator::{LogForm, LogLevel};
use crate::release::Store;

/// A setting, or what was expected instead.
pub(in crate::cli) type Parsed<T> = Result<T, String>;

/// Any text but none.
pub(super) fn text(text: &str) -> Parsed<String> {
    if text.is_empty() {
        return Err("expected a text, got none".to_owned());
    }
    Ok(text.to_owned())
}

/// A path.
pub(super) fn path(path: &str) -> Parsed<PathBuf> {
    text(path).map(PathBuf::from)
}

/// Paths joined by `:`; empty ones between them are dropped.
pub(super) fn paths(text: &str) -> Parsed<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = text
        .split(':')
        .filter(|part| !part.is_empty())
        .map(PathBuf::from)
        .collect();
    if paths.is_empty() {
        return Err(expected("folders joined by `:`", text));
    }
    Ok(paths)
}

/// Yes or no, in the words that Go's `strconv.ParseBool` knows.
pub(super) fn switch(text: &str) -> Parsed<bool> {
    match text {
        "true" | "True" | "TRUE" | "t" | "T" | "1" => Ok(true),
        "false" | "False" | "FALSE" | "f" | "F" | "0" => Ok(false),
        _ => Err(expected("true or false", text)),
    }
}

/// Where Helm keeps releases, in the words of its `HELM_DRIVER`.
pub(in crate::cli) fn helm_driver(text: &str) -> Parsed<Store> {
    match text {
        "" | "secret" | "secrets" => Ok(Store::Secrets),
        "configmap" | "configmaps" => Ok(Store::ConfigMaps),
        "memory" | "sql" => Ok(Store::Elsewhere),
        _ => Err(expected("secret, configmap, memory or sql", text)),
    }
}

/// An IP address; `localhost` is one.
pub(super) fn address(text: &str) -> Parsed<IpAddr> {
    let text = match text {
        "localhost" => "127.0.0.1",
        text => text.trim_start_matches('[').trim_end_matches(']'),
    };
    text.parse()
        .map_err(|_| expected("an IP address such as 0.0.0.0", text))
}

/// An IP address and a port. Without an address it is that of this machine alone.
pub(super) fn socket_address(text: &str) -> Parsed<SocketAddr> {
    let whole = match text.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.replace("localhost:", "127.0.0.1:"),
    };
    whole
        .parse()
        .map_err(|_| expected("an address and a port such as 127.0.0.1:9652", text))
}

/// A TCP port.
pub(super) fn port(text: &str) -> Parsed<u16> {
    text.parse()
        .map_err(|_| expected("a port from 0 to 65535", text))
}

/// A module's weight.
pub(super) fn weight(text: &str) -> Parsed<u32> {
    let parsed: Option<u32> = text.parse().ok();
    parsed
        .filter(|weight| *weight <= i32::MAX.unsigned_abs())
        .ok_or_else(|| expected("a number from 0 to 2147483647", text))
}

/// How many at once.
pub(super) fn count(text: &str) -> Parsed<usize> {
    let parsed: Option<usize> = text.parse().ok();
    parsed
        .filter(|count| (1..=10_000).contains(count))
        .ok_or_else(|| expected("a number from 1 to 10000", text))
}

/// Requests a second; 0 is for no limit.
pub(super) fn rate(text: &str) -> Parsed<Option<f32>> {
    let parsed: Option<f32> = text.parse().ok();
    parsed
        .filter(|rate| rate.is_finite() && *rate >= 0.0)
        .map(|rate| Some(rate).filter(|rate| *rate > 0.0))
        .ok_or_else(|| expected("a number such as 20 or 0.5", text))
}

/// Requests at once; 0 is for as many as the rate.
pub(super) fn burst(text: &str) -> Parsed<Option<u32>> {
    let parsed: Option<u32> = text.parse().ok();
    parsed
        .map(|burst| Some(burst).filter(|burst| *burst > 0))
        .ok_or_else(|| expected("a number such as 40", text))
}

/// A length of time as Go writes it: `20m`, `1h30m`, `500ms`.
pub(super) fn duration(text: &str) -> Parsed<Duration> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    // Go knows no days and no words; a typed `10 sec` is fine, a missing unit is not.
    let parsed: Option<SignedDuration> = text.parse().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| expected("a length of time with its unit, such as 20m or 1h30m", text))
}

/// A length of time that is longer than nothing.
pub(super) fn positive_duration(text: &str) -> Parsed<Duration> {
    let duration = duration(text)?;
    if duration.is_zero() {
        return Err(expected("a length of time above 0", text));
    }
    Ok(duration)
}

/// A namespace: a DNS label.
pub(super) fn namespace(text: &str) -> Parsed<String> {
    if is_label(text) {
        return Ok(text.to_owned());
    }
    Err(expected(
        "a namespace: small letters, digits and dashes, at most 63",
        text,
    ))
}

/// The name of a `ConfigMap`: DNS labels joined by dots.
pub(super) fn object_name(text: &str) -> Parsed<String> {
    if text.len() <= 253 && text.split('.').all(is_label) {
        return Ok(text.to_owned());
    }
    Err(expected(
        "the name of an object: small letters, digits, dashes and dots",
        text,
    ))
}

fn is_label(text: &str) -> bool {
    let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.chars().all(|letter| good(letter) || letter == '-')
        && text.starts_with(good)
        && text.ends_with(good)
}

/// What metric names begin with.
pub(super) fn metrics_prefix(text: &str) -> Parsed<String> {
    let first = |letter: char| letter.is_ascii_alphabetic() || matches!(letter, '_' | ':');
    let other = |letter: char| first(letter) || letter.is_ascii_digit();
    if text.starts_with(first) && text.chars().all(other) {
        return Ok(text.to_owned());
    }
    Err(expected("letters, digits and underscores", text))
}

/// Names of extenders, each at most once.
pub(super) fn extenders(text: &str) -> Parsed<Extenders> {
    let mut extenders = Vec::new();
    for name in parts(text) {
        let extender = Source::parse(name).ok_or_else(|| {
            format!(
                "unknown extender {name:?}: expected some of {}",
                Source::ALL.map(Source::as_str).join(", ")
            )
        })?;
        if extenders.contains(&extender) {
            return Err(format!("extender {name} is there twice"));
        }
        extenders.push(extender);
    }
    if extenders.is_empty() {
        return Err("expected at least one extender".to_owned());
    }
    Ok(Extenders::new(extenders))
}

/// Labels such as `a=b,c=d`, sorted by key.
pub(super) fn labels(text: &str) -> Parsed<Vec<(String, String)>> {
    let mut labels = std::collections::BTreeMap::new();
    for part in parts(text) {
        let (key, value) = part
            .split_once('=')
            .map(|(key, value)| (key.trim(), value.trim()))
            .filter(|(key, value)| is_label_key(key) && is_label_value(value))
            .ok_or_else(|| expected("labels such as `a=b,c=d`", part))?;
        if labels.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(format!("label {key} is there twice"));
        }
    }
    Ok(labels.into_iter().collect())
}

fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(|text| object_name(text).is_ok())
}

fn is_label_value(value: &str) -> bool {
    let edge = |letter: char| letter.is_ascii_alphanumeric();
    let inner = |letter: char| edge(letter) || matches!(letter, '-' | '_' | '.');
    value.is_empty()
        || (value.len() <= 63
            && value.chars().all(inner)
            && value.starts_with(edge)
            && value.ends_with(edge))
}

/// Beginnings of file names. An empty one, which would match every file, is dropped.
#[expect(clippy::unnecessary_wraps, reason = "a parser like the others")]
pub(super) fn prefixes(text: &str) -> Parsed<Vec<String>> {
    Ok(parts(text).map(str::to_owned).collect())
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// A log level.
pub(super) fn log_level(text: &str) -> Parsed<LogLevel> {
    let name = match text.to_ascii_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "fatal" | "panic" => "error".to_owned(),
        name => name.to_owned(),
    };
    LogLevel::parse(&name).ok_or_else(|| expected("error, warn, info, debug or trace", text))
}

/// The form of the log.
pub(super) fn log_form(text: &str) -> Parsed<Option<LogForm>> {
    match text.to_ascii_lowercase().as_str() {
        "text" => Ok(Some(LogForm::Text)),
        "color" => Ok(Some(LogForm::Color)),
        "json" => Ok(Some(LogForm::Json)),
        _ => Err(expected("text, color or json", text)),
    }
}

/// The address of the API server; without a scheme it is https.
pub(super) fn server(text: &str) -> Parsed<String> {
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let uri: Option<http::Uri> = whole.parse().ok();
    let good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    if good {
        return Ok(whole);
    }
    Err(expected("a URL such as https://10.0.0.1:6443", text))
}

/// The base of the URLs of webhooks: https, and nothing that a path cannot follow.
pub(super) fn webhook_url(text: &str) -> Parsed<String> {
    let uri: Option<http::Uri> = text.parse().ok();
    let good = uri.is_some_and(|uri| {
        let authority = uri.authority().map(http::uri::Authority::as_str);
        uri.scheme_str() == Some("https")
            && authority.is_some_and(|text| !text.contains('@'))
            && uri.query().is_none()
    });
    // What follows `#` is dropped by the parser.
    if good && !text.contains('#') {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    Err(expected("a URL such as https://10.0.0.1:9680", text))
}

/// What follows when a webhook does not answer.
pub(super) fn failure_policy(text: &str) -> Parsed<FailurePolicy> {
    [FailurePolicy::Fail, FailurePolicy::Ignore]
        .into_iter()
        .find(|policy| policy.name() == text)
        .ok_or_else(|| expected("Fail or Ignore", text))
}

fn expected(what: &str, got: &str) -> String {
    format!("expected {what}, got {got:?}")
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::*;

    fn reads<T: Debug + PartialEq>(parse: impl Fn(&str) -> Parsed<T>, rows: &[(&str, T)]) {
        for (text, value) in rows {
            assert_eq!(parse(text).as_ref(), Ok(value), "{text:?}");
        }
    }

    fn refuses<T: Debug>(parse: impl Fn(&str) -> Parsed<T>, rows: &[&str]) {
        for text in rows {
            let why = parse(text).unwrap_err();
            assert!(!why.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn switches_are_strict() {
        reads(
            switch,
            &[("true", true), ("1", true), ("F", false), ("False", false)],
        );
        refuses(switch, &["yes", "no", "on", "tRUE", " true", "2"]);
    }

    #[test]
    fn durations_have_units() {
        let seconds = Duration::from_secs;
        reads(
            duration,
            &[
                ("20m", seconds(1200)),
                ("1h30m", seconds(5400)),
                ("500ms", Duration::from_millis(500)),
                ("1.5s", Duration::from_millis(1500)),
                ("0", Duration::ZERO),
                ("0s", Duration::ZERO),
                ("2h0m30s", seconds(7230)),
            ],
        );
        refuses(duration, &["20", "m", "-1s", "1x", "", "1h -3m", "1d1"]);
        refuses(positive_duration, &["0", "0s", "x"]);
    }

    #[test]
    fn lists_are_split() {
        reads(
            paths,
            &[
                ("/a:b", vec!["/a".into(), "b".into()]),
                (":/a::", vec!["/a".into()]),
            ],
        );
        refuses(paths, &[":", "::"]);
        reads(
            prefixes,
            &[("doc-,_", vec!["doc-".to_owned(), "_".to_owned()])],
        );
        reads(
            prefixes,
            &[("doc-, ,", vec!["doc-".to_owned()]), (",", Vec::new())],
        );
    }

    #[test]
    fn extenders_are_known_and_once() {
        use Source::{ConfigMap, Static};
        reads(
            extenders,
            &[("Static,KubeConfig", Extenders::new(vec![Static, ConfigMap]))],
        );
        reads(
            extenders,
            &[(
                " KubeConfig , Static",
                Extenders::new(vec![ConfigMap, Static]),
            )],
        );
        refuses(
            extenders,
            &["static", "Static,Static", "Static,Whoever", "", ","],
        );
    }

    #[test]
    fn labels_are_labels() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        reads(
            labels,
            &[
                (
                    "heritage=addon-operator",
                    vec![pair("heritage", "addon-operator")],
                ),
                ("b=2,a.io/x=", vec![pair("a.io/x", ""), pair("b", "2")]),
            ],
        );
        refuses(
            labels,
            &["a", "=b", "a=b,a=c", "a=b c", "a/=b", "/a=b", "a=-b"],
        );
    }

    #[test]
    fn names_are_names() {
        refuses(namespace, &["", "A", "a.b", "-a", "a-", &"a".repeat(64)]);
        reads(namespace, &[("kube-system", "kube-system".to_owned())]);
        refuses(object_name, &["", "a..b", "A", "a/b"]);
        reads(object_name, &[("a.b-c", "a.b-c".to_owned())]);
        refuses(metrics_prefix, &["1a", "a-b", "ü"]);
        reads(metrics_prefix, &[("d8_", "d8_".to_owned())]);
    }

    #[test]
    fn addresses_are_addresses() {
        let parsed = |text: &str| text.parse::<IpAddr>().unwrap();
        reads(address, &[("::", parsed("::")), ("[::1]", parsed("::1"))]);
        reads(
            address,
            &[
                ("localhost", parsed("127.0.0.1")),
                ("10.1.2.3", parsed("10.1.2.3")),
            ],
        );
        refuses(address, &["example.org", "1.2.3", "0.0.0.0:1"]);
        let parsed = |text: &str| text.parse::<SocketAddr>().unwrap();
        reads(socket_address, &[(":9652", parsed("127.0.0.1:9652"))]);
        reads(
            socket_address,
            &[
                ("localhost:1", parsed("127.0.0.1:1")),
                ("[::]:2", parsed("[::]:2")),
            ],
        );
        refuses(socket_address, &["9652", "127.0.0.1", "x:1"]);
        refuses(port, &["-1", "65536", "http"]);
        reads(
            server,
            &[("10.0.0.1:6443", "https://10.0.0.1:6443".to_owned())],
        );
        reads(
            server,
            &[("http://[::1]:8080/x", "http://[::1]:8080/x".to_owned())],
        );
        refuses(server, &["ftp://x", "https://", "a b"]);
        reads(
            webhook_url,
            &[("https://[::1]:9680/x/", "https://[::1]:9680/x".to_owned())],
        );
        refuses(
            webhook_url,
            &[
                "http://a",
                "a:1",
                "https://a@b",
                "https://a?b",
                "https://a#b",
            ],
        );
    }

    #[test]
    fn numbers_have_bounds() {
        reads(weight, &[("0", 0), ("2147483647", 2_147_483_647)]);
        refuses(weight, &["-1", "2147483648", "one"]);
        reads(rate, &[("5", Some(5.0)), ("0.5", Some(0.5)), ("0", None)]);
        refuses(rate, &["-1", "NaN", "inf", "x"]);
        reads(burst, &[("10", Some(10)), ("0", None)]);
        refuses(burst, &["1.5", "-1"]);
        refuses(count, &["0", "10001", "x"]);
    }

    #[test]
    fn log_words_are_those_of_the_original() {
        reads(
            log_level,
            &[("DEBUG", LogLevel::Debug), ("warning", LogLevel::Warn)],
        );
        reads(log_level, &[("fatal", LogLevel::Error)]);
        refuses(log_level, &["loud", ""]);
        reads(
            log_form,
            &[
                ("json", Some(LogForm::Json)),
                ("Color", Some(LogForm::Color)),
            ],
        );
        refuses(log_form, &["xml"]);
    }
}
