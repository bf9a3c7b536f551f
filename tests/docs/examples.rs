//! Examples in the documents, read by the program's own readers or run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use addon_operator::config_values;
use addon_operator::module::{Discovery, Folders, Settings};
use addon_operator::name::ValuesKey;
use addon_operator::schema::{SchemaFile, Schemas};
use addon_operator::yaml::{self, Profile};

use super::{Block, ROOT, blocks, page, pages};

/// What a modules directory with these files holds.
fn discover(files: &[(String, &str)]) -> Discovery {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Folders::new(Settings::new([folder.path()])).discover(SystemTime::UNIX_EPOCH)
}

fn read_schemas(folder: &Path) -> Schemas {
    let text = |name: &str| fs::read_to_string(folder.join("openapi").join(name)).unwrap();
    let (config, values) = (text("config-values.yaml"), text("values.yaml"));
    let file = |file, text| Some(SchemaFile { file, text });
    Schemas::read(
        file("config-values.yaml", &config),
        file("values.yaml", &values),
    )
    .unwrap()
}

#[test]
fn values_files_are_good_and_heard() {
    for block in blocks("yaml values") {
        let values = yaml::read_value(&block.text, Profile::V3).unwrap();
        let keys = values.as_object().unwrap().keys();
        let modules: BTreeSet<&str> = keys
            .map(|key| key.strip_suffix("Enabled").unwrap_or(key))
            .filter(|key| *key != "global")
            .collect();
        let mut files = vec![("values.yaml".to_owned(), block.text.as_str())];
        for key in modules {
            let module = ValuesKey::parse(key).unwrap().module();
            files.push((format!("{module}/templates/a.yaml.j2"), ""));
        }
        let found = discover(&files);
        let dir = found.dirs.first().unwrap();
        assert!(
            dir.mistakes.0.is_empty(),
            "{}: {}",
            block.place,
            dir.mistakes
        );
        assert!(
            dir.warnings.is_empty(),
            "{}: {:?}",
            block.place,
            dir.warnings
        );
        assert!(
            found.broken.is_empty(),
            "{}: {:?}",
            block.place,
            found.broken
        );
    }
}

#[test]
fn module_definitions_are_good_and_show_every_key() {
    for block in blocks("yaml module") {
        let file = "010-web/module.yaml".to_owned();
        let found = discover(&[(file, &block.text)]);
        assert!(
            found.broken.is_empty(),
            "{}: {:?}",
            block.place,
            found.broken
        );
    }
    let wrong = discover(&[("010-web/module.yaml".to_owned(), "zzzzzzzzzz: 1\n")]);
    let mistakes = &wrong.broken.first().unwrap().mistakes;
    let hint = &mistakes.0.first().unwrap().hint;
    let known: BTreeSet<&str> = hint
        .strip_prefix("known are ")
        .unwrap()
        .split(", ")
        .collect();
    let shown = blocks("yaml module");
    let shown: BTreeSet<&str> = shown
        .iter()
        .flat_map(|block| block.text.lines())
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .filter_map(|line| Some(line.split_once(':')?.0))
        .collect();
    assert_eq!(shown, known, "left: shown, right: known to the program");
}

#[test]
fn config_maps_are_good_and_fit_the_modules_here() {
    for block in blocks("yaml configmap") {
        let data = yaml::read_value(&block.text, Profile::V2).unwrap();
        let data: BTreeMap<String, String> = serde_json::from_value(data).unwrap();
        let (values, mistakes) = config_values::read("ns/addon-operator", &data);
        assert!(mistakes.0.is_empty(), "{}: {mistakes}", block.place);
        let global = values.global.unwrap().to_value();
        let findings = read_schemas(&Path::new(ROOT).join("global-hooks")).check_config(&global);
        assert!(findings.is_empty(), "{}: {findings:?}", block.place);
        let found = Folders::new(Settings::new([Path::new(ROOT).join("modules")]))
            .discover(SystemTime::UNIX_EPOCH);
        for (key, section) in values.modules {
            let module = found.modules.iter().find(|module| module.key == key);
            let folder = &module.unwrap().path;
            let section = section.values.map(|layer| layer.to_value());
            let findings = section.map_or_else(Vec::new, |values| {
                read_schemas(folder).check_config(&values)
            });
            assert!(findings.is_empty(), "{}: {key}: {findings:?}", block.place);
        }
    }
}

#[test]
fn sections_in_the_readmes_of_modules_fit_their_schemas() {
    let mut sections = 0;
    for page in pages()
        .iter()
        .filter(|page| page.path.starts_with("modules"))
    {
        for block in page.blocks("yaml values") {
            let values = yaml::read_value(&block.text, Profile::V3).unwrap();
            let folder = Path::new(ROOT).join(page.path.parent().unwrap());
            let findings = read_schemas(&folder).check_config(&values);
            assert!(findings.is_empty(), "{}: {findings:?}", block.place);
            sections += 1;
        }
    }
    assert!(sections > 0);
}

#[test]
fn schemas_are_good() {
    for block in blocks("yaml schema") {
        let file = SchemaFile {
            file: &block.place,
            text: &block.text,
        };
        let schemas = Schemas::read(Some(file), None).unwrap();
        assert!(schemas.warnings.is_empty(), "{:?}", schemas.warnings);
    }
}

/// Commands that need neither cluster nor operator say what the documents show.
#[test]
fn commands_say_what_is_shown() {
    for Block { place, text, .. } in blocks("console") {
        let (command, shown) = text.split_once('\n').unwrap();
        let arguments = command.strip_prefix("$ addon-operator ").unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_addon-operator"))
            .args(arguments.split(' '))
            .current_dir(ROOT)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let told = [output.stderr, output.stdout].concat();
        assert_eq!(String::from_utf8(told).unwrap(), shown, "{place}");
    }
}

/// What the README makes is a module.
#[test]
fn module_of_the_readme_is_one() {
    let readme = page("README.md");
    let blocks = readme.blocks("sh");
    let mut written = Vec::new();
    for line in blocks.iter().flat_map(|block| block.text.lines()) {
        if let Some((text, path)) = line.split_once("' > modules/") {
            written.push((path.to_owned(), text.strip_prefix("echo '").unwrap()));
        }
    }
    let found = discover(&written);
    assert!(found.broken.is_empty(), "{:?}", found.broken);
    let module = found.modules.first().unwrap();
    assert_eq!((module.name.as_str(), module.weight), ("hello", 20));
    assert!(module.flags.iter().all(|flag| flag.enabled) && !module.flags.is_empty());
}
