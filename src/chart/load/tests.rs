//! Charts on disk and packed, and what the real program says about them.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::chart::{self, Chart};

const CHART: (&str, &[u8]) = ("Chart.yaml", b"apiVersion: v2\nname: t\nversion: 1.0.0\n");

/// A packed chart with these entries. Paths are written as they are, whatever they lead to.
fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        let name = &mut header.as_old_mut().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

fn write(dir: &Path, files: &[(&str, &[u8])]) {
    for (path, bytes) in files {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(bytes).unwrap();
    }
}

/// Files of a chart.
type Files<'a> = &'a [(&'a str, &'a [u8])];

/// The chart of a folder with these files.
fn load(files: Files<'_>) -> Chart {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    let loaded = chart::load(dir.path()).unwrap();
    Chart::clone(&loaded.chart)
}

/// What is said about a folder with these files.
fn refuse(files: Files<'_>) -> String {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    let checked = chart::load(dir.path()).and_then(|loaded| loaded.chart.check_installable());
    checked.unwrap_err().to_string()
}

#[test]
fn packed_charts_are_subcharts() {
    let inner = packed(&[
        (
            "../Chart.yaml",
            b"\xef\xbb\xbfapiVersion: v2\nname: s\nversion: 1.0.0\n",
        ),
        ("../values.yaml", b"\xef\xbb\xbfa: 1\n"),
        ("../templates/.x.yaml", b"a: 1\n"),
        (
            "../charts/deep/Chart.yaml",
            b"apiVersion: v2\nname: d\nversion: 1.0.0\n",
        ),
    ]);
    let chart = load(&[CHART, ("charts/any-name.tgz", &inner)]);
    let inner = &chart.dependencies[0];
    assert_eq!(inner.metadata.name, "s");
    assert_eq!(inner.templates[0].path, "templates/.x.yaml");
    assert!(inner.defaults.values().get("a").is_some());
    assert_eq!(inner.dependencies[0].metadata.name, "d");
}

#[test]
fn what_is_wrong_with_a_chart_is_told_as_helm_does() {
    let library: &[u8] = b"apiVersion: v2\nname: t\nversion: 1.0.0\ntype: library\n";
    let wants: &[u8] = b"apiVersion: v2\nname: t\nversion: 1.0.0\ndependencies: [{name: zz, version: '*'}, {name: yy, version: '*'}]\n";
    let rows: &[(Files<'_>, &str)] = &[
        (&[("a.txt", b"")], "Chart.yaml file is missing"),
        (
            &[("Chart.yaml", b"name: t\n")],
            "validation: chart.metadata.version is required",
        ),
        (
            &[("Chart.yaml", b"version: 1.0.0\n")],
            "validation: chart.metadata.name is required",
        ),
        (
            &[("Chart.yaml", b"name: a/b\nversion: 1.0.0\n")],
            "validation: chart.metadata.name \"a/b\" is invalid",
        ),
        (
            &[("Chart.yaml", b"name: t\nversion: x\n")],
            "validation: chart.metadata.version \"x\" is invalid",
        ),
        (
            &[("Chart.yaml", b"name: t\nversion: 1.0.0\ntype: x\n")],
            "validation: chart.metadata.type must be application or library",
        ),
        (
            &[("Chart.yaml", b"name: [t]\n")],
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Metadata.name of type string",
        ),
        (
            &[("Chart.yaml", library)],
            "library charts are not installable",
        ),
        (
            &[("Chart.yaml", wants)],
            "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: zz, yy",
        ),
    ];
    for (files, expected) in rows {
        assert_eq!(refuse(files), *expected);
    }
}

#[test]
fn what_is_wrong_beside_the_metadata_is_told_as_helm_does() {
    let rows: &[(Files<'_>, &str)] = &[
        (
            &[CHART, ("values.yaml", b"null: e\n")],
            "cannot load values.yaml: error converting YAML to JSON: unsupported map key of type: %!s(<nil>), key: <nil>, value: \"e\"",
        ),
        (
            &[CHART, ("values.yaml", b"- a\n")],
            "cannot load values.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
        (
            &[CHART, (".helmignore", b"!*.txt\n")],
            "Chart.yaml file is missing",
        ),
        (
            &[CHART, (".helmignore", b"**/x\n")],
            "double-star (**) syntax is not supported",
        ),
        (
            &[CHART, (".helmignore", b"[x\n")],
            "syntax error in pattern",
        ),
        (
            &[CHART, ("Chart.lock", b"generated: x\n")],
            "cannot load Chart.lock: error unmarshaling JSON: while decoding JSON: parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"",
        ),
        (
            &[CHART, ("charts/README.md", b"")],
            "error unpacking subchart README.md in t: Chart.yaml file is missing",
        ),
    ];
    for (files, expected) in rows {
        assert_eq!(refuse(files), *expected);
    }
}

#[test]
fn what_is_wrong_with_a_packed_chart_is_told_as_helm_does() {
    let outside = packed(&[("s/../../etc/x", b"")]);
    let absolute = packed(&[("s//etc/x", b"")]);
    let flat = packed(&[("Chart.yaml", b"")]);
    let nothing = packed(&[]);
    let rows: &[(Files<'_>, &str)] = &[
        (
            &[CHART, ("charts/s.tgz", b"x: y\nabcdefgh\n")],
            "error unpacking subchart s.tgz in t: gzip: invalid header",
        ),
        (
            &[CHART, ("charts/s.tgz/x", b"")],
            "error unpacking subchart s.tgz in t: error unpacking subchart tar in t: expected s.tgz, got s.tgz/x",
        ),
        (
            &[CHART, ("charts/s.tgz", &outside)],
            "error unpacking subchart s.tgz in t: chart illegally references parent directory",
        ),
        (
            &[CHART, ("charts/s.tgz", &absolute)],
            "error unpacking subchart s.tgz in t: chart illegally contains absolute paths",
        ),
        (
            &[CHART, ("charts/s.tgz", &flat)],
            "error unpacking subchart s.tgz in t: chart illegally contains content outside the base directory: \"Chart.yaml\"",
        ),
        (
            &[CHART, ("charts/s.tgz", &nothing)],
            "error unpacking subchart s.tgz in t: no files in chart archive",
        ),
    ];
    for (files, expected) in rows {
        assert_eq!(refuse(files), *expected);
    }
}

#[test]
fn what_is_too_large_is_not_unpacked() {
    let large = vec![0; 5 * 1024 * 1024 + 1];
    let archive = packed(&[("s/Chart.yaml", CHART.1), ("s/large", &large)]);
    let words = refuse(&[CHART, ("charts/s.tgz", &archive)]);
    assert!(
        words.ends_with(
            "decompressed chart file \"s/large\" is larger than the maximum file size 5242880"
        ),
        "{words}"
    );
    let part = vec![0; 5 * 1024 * 1024];
    let names: Vec<_> = (0..21).map(|number| format!("s/{number}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &*part)).collect();
    let words = refuse(&[CHART, ("charts/s.tgz", &packed(&entries))]);
    assert!(
        words.ends_with("decompressed chart is larger than the maximum file size 104857600"),
        "{words}"
    );
}

#[test]
fn links_that_leave_the_chart_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[CHART, ("parts/a.yaml", b"a: 1\n")]);
    symlink("parts", dir.path().join("templates")).unwrap();
    let loaded = chart::load(dir.path()).unwrap();
    assert_eq!(loaded.chart.templates[0].path, "templates/a.yaml");
    assert!(loaded.warnings[0].starts_with("found symbolic link in path: "));
    symlink("/etc/hostname", dir.path().join("parts/b.yaml")).unwrap();
    let words = chart::load(dir.path()).unwrap_err().to_string();
    assert!(
        words.ends_with("is a symbolic link out of the module folder"),
        "{words}"
    );
}

#[test]
fn what_is_no_chart_at_all_is_told() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &[("a.yaml", b"a: 1\n")]);
    let file = dir.path().join("a.yaml");
    for (path, expected) in [
        (
            file.clone(),
            format!(
                "file '{}' seems to be a YAML file, but expected a gzipped archive",
                file.display()
            ),
        ),
        ("./none".into(), "path \"./none\" not found".to_owned()),
        ("none/x".into(), "repo none not found".to_owned()),
        (
            "none".into(),
            "non-absolute URLs should be in form of repo_name/path_to_chart, got: none".to_owned(),
        ),
    ] {
        assert_eq!(chart::load(&path).unwrap_err().to_string(), expected);
    }
}
