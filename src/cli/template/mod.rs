//! `addon-operator template [NAME] CHART`: what `helm template` prints.

mod flags;
mod validate;
mod world;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::chart::{self, Care, Loaded};
use crate::cli::output::{self, Failure};
use crate::render::{Capabilities, HelmChart, Release};
use crate::{render, report};

pub(in crate::cli) use flags::Arguments;
use validate::Cluster;

/// The release's name when none is given.
const RELEASE_NAME: &str = "release-name";
/// How long a release's name may be.
const NAME_LENGTH: usize = 53;
/// What names of releases look like, as Helm tells it.
const NAME_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// What Helm says behind every error of a render.
const TAIL: &str = "\n\nUse --debug flag to render out invalid YAML";

/// Prints the manifests of a chart.
pub(in crate::cli) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut warnings = Vec::new();
    let printed = print(arguments, &mut warnings);
    for warning in warnings {
        tell(&warning);
    }
    match printed {
        Ok(text) => {
            output::print(&text)?;
            Ok(())
        }
        Err(why) => {
            tell(&format!("Error: {why}"));
            Err(Failure::Told(1))
        }
    }
}

/// Says something on stderr.
fn tell(text: &str) {
    // Nothing can be told where stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// The text of the manifests, or Helm's words for what is wrong.
fn print(arguments: &Arguments, warnings: &mut Vec<String>) -> Result<String, String> {
    let mut capabilities = capabilities(arguments)?;
    let (name, place) = name_and_chart(arguments)?;
    let path = Path::new(place.trim());
    if !path.exists() {
        return Err(format!("path {place:?} not found"));
    }
    let values = arguments.values.options().to_values(&read_file);
    let values = values.map_err(|error| error.to_string())?;
    let Loaded {
        chart,
        warnings: told,
    } = chart::load(path).map_err(|error| report::chain(&error))?;
    warnings.extend(told);
    chart
        .check_installable()
        .map_err(|error| error.to_string())?;
    if chart.metadata.deprecated {
        warnings.push("WARNING: This chart is deprecated".to_owned());
    }
    let cluster = arguments
        .cluster
        .validate
        .then(Cluster::connect)
        .transpose()?;
    if let Some(cluster) = &cluster {
        capabilities = cluster.capabilities()?;
    }
    check_name(name)?;
    let coalesced = chart::coalesce(&chart, &values, Care::ForWarnings);
    let mut coalesced = coalesced.map_err(|error| error.to_string())?;
    let checked = if arguments.skip_schema_validation {
        Ok(())
    } else {
        coalesced.check_schemas()
    };
    warnings.append(&mut coalesced.warnings);
    checked.map_err(|error| error.to_string())?;
    let release = Release {
        name: name.to_owned(),
        namespace: arguments.release.namespace.clone(),
        revision: 1,
        is_install: !arguments.release.is_upgrade,
        is_upgrade: arguments.release.is_upgrade,
    };
    let choice = render::Choice {
        without_hooks: arguments.choice.no_hooks,
        without_tests: arguments.choice.skip_tests,
        with_definitions: arguments.choice.include_crds,
        only: arguments.choice.show_only.clone(),
    };
    let outside = Arc::new(world::Local::new(arguments.cluster.enable_dns));
    let chart = HelmChart::new(arguments.helm_version.functions());
    let with_tail = |why: String| if arguments.debug { why } else { why + TAIL };
    let rendered = chart.render(&coalesced.root, (&release, &capabilities), outside);
    let rendered = rendered.map_err(|error| with_tail(error.to_string()))?;
    warnings.extend(rendered.warnings().iter().cloned());
    if let Some(cluster) = &cluster {
        cluster.check(rendered.objects(), &arguments.release.namespace)?;
    }
    rendered.print(&choice)
}

fn capabilities(arguments: &Arguments) -> Result<Capabilities, String> {
    let mut capabilities = Capabilities {
        kube_version: render::DEFAULT_KUBE_VERSION.to_owned(),
        api_versions: render::default_api_versions(),
    };
    if let Some(version) = arguments.cluster.kube_version.as_deref()
        && !version.is_empty()
    {
        capabilities.kube_version = render::parse_kube_version(version)
            .map_err(|why| format!("invalid kube version '{version}': {why}"))?;
    }
    let more = arguments.cluster.api_versions.iter().cloned();
    capabilities.api_versions.extend(more);
    Ok(capabilities)
}

fn name_and_chart(arguments: &Arguments) -> Result<(&str, &str), String> {
    match arguments.names.as_slice() {
        [] => Err("\"helm template\" requires at least 1 argument".to_owned()),
        [chart] => Ok((RELEASE_NAME, chart)),
        [_, _] if arguments.release.generate_name => {
            Err("cannot set --generate-name and also specify a name".to_owned())
        }
        [name, chart] => Ok((name, chart)),
        [_, _, more @ ..] => {
            let more = more.join(", ");
            Err(format!(
                "expected at most two arguments, unexpected arguments: {more}"
            ))
        }
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let is_part = |part: &str| {
        let is_end = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends = [part.bytes().next(), part.bytes().last()];
        ends.iter().all(|end| end.is_some_and(is_end))
            && part.bytes().all(|byte| is_end(byte) || byte == b'-')
    };
    let why = if name.is_empty() {
        "no name provided".to_owned()
    } else if name.len() > NAME_LENGTH || !name.split('.').all(is_part) {
        format!(
            "invalid release name, must match regex {NAME_PATTERN} and the length must not be \
             longer than {NAME_LENGTH}"
        )
    } else {
        return Ok(());
    };
    Err(format!("release name {name:?}: {why}"))
}

/// What is in a file that a flag names; `-` is stdin.
fn read_file(path: &str) -> Result<Vec<u8>, String> {
    if path.trim() == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| error.to_string());
    }
    if path.starts_with("http://") || path.starts_with("https://") || path.starts_with("oci://") {
        return Err(format!("{path}: values are not fetched from the network"));
    }
    fs::read(path).map_err(|error| format!("open {path}: {}", in_go_words(&error)))
}

/// What the system says, as Go tells it.
fn in_go_words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_helm_checks_them() {
        for (name, is_good) in [
            ("a", true),
            ("a-b.c0", true),
            ("0", true),
            ("", false),
            ("A", false),
            ("a.", false),
            ("-a", false),
            ("a_b", false),
            (&"a".repeat(53), true),
            (&"a".repeat(54), false),
        ] {
            assert_eq!(check_name(name).is_ok(), is_good, "{name}");
        }
    }

    #[test]
    fn missing_files_are_told_in_gos_words() {
        assert_eq!(
            read_file("/does/not/exist"),
            Err("open /does/not/exist: no such file or directory".to_owned())
        );
    }
}
