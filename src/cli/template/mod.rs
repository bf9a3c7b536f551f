//! `addon-operator template [NAME] CHART`: what `helm template` prints.

mod flags;
mod validate;
mod world;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::chart::{self, Care};
use crate::cli::output::{self, Failure};
use crate::govalue::Map;
use crate::render::{Capabilities, HelmChart, Release};
use crate::{cluster, render, report};

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
    if let Some(instead) = arguments.others.refused() {
        return Err(instead.to_owned());
    }
    let asks_server = asks_server(arguments.cluster.dry_run.as_deref())?;
    let mut capabilities = capabilities(arguments)?;
    let (name, place) = name_and_chart(arguments)?;
    let name = &*name;
    let path = Path::new(place.trim());
    if !path.exists() {
        return Err(format!("path {place:?} not found"));
    }
    let values = arguments.values.options().to_values(&read_file);
    let values = values.map_err(|error| error.to_string())?;
    let chart = load(path, warnings)?;
    let validates = arguments.cluster.validate;
    let cluster = (validates || asks_server).then(|| connect(&arguments.cluster));
    let cluster = cluster.transpose()?.map(Arc::new);
    let validating = cluster.as_ref().filter(|_| validates);
    let looked_up = cluster.clone().filter(|_| asks_server);
    if let Some(cluster) = validating {
        capabilities = cluster.capabilities()?;
    }
    check_name(name)?;
    let coalesced = coalesce(&chart, &values, arguments.skip_schema_validation, warnings)?;
    let release = release(arguments, name);
    let outside = Arc::new(world::Local::new(arguments.cluster.enable_dns, looked_up));
    let chart = HelmChart::new(arguments.helm_version.functions());
    let with_tail = |why: String| if arguments.debug { why } else { why + TAIL };
    let rendered = chart.render(&coalesced.root, (&release, &capabilities), outside);
    let rendered = rendered.map_err(|error| with_tail(error.to_string()))?;
    warnings.extend(rendered.warnings().iter().cloned());
    if let Some(cluster) = validating {
        cluster.check(rendered.objects(), &release)?;
    }
    put_out(&rendered, &arguments.choice, name)
}

/// Prints, or writes files and tells which.
fn put_out(
    rendered: &render::Printable,
    wanted: &flags::Choice,
    name: &str,
) -> Result<String, String> {
    let choice = render::Choice {
        without_hooks: wanted.no_hooks,
        without_tests: wanted.skip_tests,
        with_definitions: wanted.include_crds,
        only: wanted.show_only.clone(),
    };
    match &wanted.output_dir {
        None => rendered.print(&choice),
        Some(folder) => {
            let within = wanted.release_name.then_some(name);
            write_files(rendered, &choice, (folder, within))
        }
    }
}

fn load(path: &Path, warnings: &mut Vec<String>) -> Result<Arc<chart::Chart>, String> {
    let loaded = chart::load(path).map_err(|error| report::chain(&error))?;
    warnings.extend(loaded.warnings);
    let chart = loaded.chart;
    chart
        .check_installable()
        .map_err(|error| error.to_string())?;
    if chart.metadata.deprecated {
        warnings.push("WARNING: This chart is deprecated".to_owned());
    }
    Ok(chart)
}

fn connect(flags: &flags::Cluster) -> Result<Cluster, String> {
    Cluster::connect(&cluster::Settings {
        kubeconfig: flags.kubeconfig.clone(),
        context: flags.kube_context.clone(),
        ..cluster::Settings::default()
    })
}

fn coalesce(
    chart: &Arc<chart::Chart>,
    values: &Map,
    skips_schemas: bool,
    warnings: &mut Vec<String>,
) -> Result<chart::Coalesced, String> {
    let coalesced = chart::coalesce(chart, values, Care::ForWarnings);
    let mut coalesced = coalesced.map_err(|error| error.to_string())?;
    let checked = if skips_schemas {
        Ok(())
    } else {
        coalesced.check_schemas()
    };
    warnings.append(&mut coalesced.warnings);
    checked.map_err(|error| error.to_string())?;
    Ok(coalesced)
}

fn release(arguments: &Arguments, name: &str) -> Release {
    let is_upgrade = arguments.release.is_upgrade;
    Release {
        name: name.to_owned(),
        namespace: arguments.release.namespace.clone(),
        revision: 1,
        is_install: !is_upgrade,
        is_upgrade,
    }
}

/// Whether charts look into the cluster.
fn asks_server(dry_run: Option<&str>) -> Result<bool, String> {
    match dry_run {
        None | Some("" | "client" | "true" | "none" | "false") => {
            Ok(matches!(dry_run, Some("none" | "false")))
        }
        Some("server") => Ok(true),
        Some(_) => Err("Invalid dry-run flag. Flag must one of the following: false, true, none, client, server".to_owned()),
    }
}

/// Writes what would be printed, template by template; answers what Helm says about it.
fn write_files(
    rendered: &render::Printable,
    choice: &render::Choice,
    (folder, within): (&str, Option<&str>),
) -> Result<String, String> {
    let (mut told, mut written) = (String::new(), BTreeSet::new());
    for (kind, path, text) in rendered.files(choice) {
        let place = match within {
            Some(name) if kind != render::FileKind::Definition => Path::new(folder).join(name),
            _ => Path::new(folder).to_owned(),
        };
        let place = format!("{}/{path}", place.display());
        let failed = |error: io::Error| format!("open {place}: {}", in_go_words(&error));
        if let Some(parent) = Path::new(&place).parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let is_first = written.insert(place.clone());
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .append(!is_first)
            .truncate(is_first)
            .open(&place)
            .map_err(failed)?;
        write!(file, "---\n# Source: {path}\n{text}\n").map_err(failed)?;
        // Writing to a string cannot fail.
        let _ = writeln!(told, "wrote {place}");
    }
    told.push('\n');
    Ok(told)
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

fn name_and_chart(arguments: &Arguments) -> Result<(Cow<'_, str>, &str), String> {
    let template = &*arguments.release.name_template;
    match arguments.names.as_slice() {
        [] => Err("\"helm template\" requires at least 1 argument".to_owned()),
        [chart] if !template.is_empty() => {
            let functions = arguments.helm_version.functions();
            let outside = Arc::new(world::Local::new(false, None));
            let name = render::render_name(template, functions, outside)?;
            Ok((name.into(), chart))
        }
        [chart] => Ok((RELEASE_NAME.into(), chart)),
        [_, _] if arguments.release.generate_name => {
            Err("cannot set --generate-name and also specify a name".to_owned())
        }
        [_, _] if !template.is_empty() => {
            Err("cannot set --name-template and also specify a name".to_owned())
        }
        [name, chart] => Ok((name.into(), chart)),
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
