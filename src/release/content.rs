//! What is inside of a release: base64, gzip, JSON, and in it the manifests as text.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use crate::object::{Manifest, ObjectRef, Source};
use crate::yaml::{self, Profile};

/// The largest release that is unpacked. Packed it cannot have two megabytes; the largest charts
/// unpack to a tenth of this.
const LARGEST: u64 = 64 << 20;
/// The first bytes of gzip, as Helm tells it from plain JSON of older days.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// The objects that a release has, as its revision was applied.
#[derive(Clone)]
pub struct Former {
    /// The revision.
    pub revision: u32,
    /// The objects, as they were sent; those of kinds that are not served any more are left out.
    pub objects: BTreeMap<ObjectRef, Value>,
}

/// How many there are, and nothing of what is in them.
impl fmt::Debug for Former {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, objects } = self;
        write!(out, "revision {revision} of {} objects", objects.len())
    }
}

#[derive(Deserialize)]
struct Raw {
    name: String,
    version: u32,
    #[serde(default)]
    manifest: String,
}

/// Reads the manifests out of a release, which must be the one that is meant. The answer to what
/// cannot be read repeats nothing of it.
pub(super) fn read(
    packed: &[u8],
    name: &str,
    revision: u32,
) -> Result<Vec<Manifest>, &'static str> {
    let json = unpack(packed)?;
    let raw: Raw = serde_json::from_slice(&json).map_err(|_| "it holds no release of Helm 3")?;
    if raw.name != name || raw.version != revision {
        return Err("it holds another release than its labels say");
    }
    manifests(&raw.manifest)
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, &'static str> {
    let bytes = STANDARD
        .decode(packed.trim_ascii())
        .map_err(|_| "it is not base64; is it encrypted?")?;
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut json = Vec::new();
    let mut unpacked = GzDecoder::new(bytes.as_slice()).take(LARGEST + 1);
    unpacked
        .read_to_end(&mut json)
        .map_err(|_| "it is damaged: gzip cannot unpack it")?;
    if json.len() as u64 > LARGEST {
        return Err("it is larger than 64 MiB when unpacked");
    }
    Ok(json)
}

fn manifests(text: &str) -> Result<Vec<Manifest>, &'static str> {
    let mut found = Vec::new();
    for document in yaml::documents(text) {
        let read = yaml::read_value(document.text, Profile::V2);
        add(read.map_err(|_| "its manifest is not YAML")?, &mut found)?;
    }
    Ok(found)
}

fn add(object: Value, found: &mut Vec<Manifest>) -> Result<(), &'static str> {
    if object.is_null() {
        return Ok(());
    }
    let manifest = Manifest {
        object,
        source: Source::default(),
    };
    if manifest.kind() == "List"
        && let Some(items) = manifest.object.get("items").and_then(Value::as_array)
    {
        return items.iter().try_for_each(|item| add(item.clone(), found));
    }
    let parts = [manifest.api_version(), manifest.kind(), manifest.name()];
    if parts.iter().any(|part| part.is_empty()) {
        return Err("its manifest holds something that is no object");
    }
    found.push(manifest);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn release(manifest: &str) -> String {
        let chart = json!({"templates": [{"name": "a", "data": "e30="}]});
        json!({"name": "web", "version": 7, "namespace": "ops", "manifest": manifest,
               "info": {"status": "deployed"}, "chart": chart, "config": {"password": "hunter2"}})
        .to_string()
    }

    fn packed(json: &str) -> String {
        STANDARD.encode(gzip(json.as_bytes()))
    }

    const TWO: &str = "---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n\
        ---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b}}\n";

    #[test]
    fn manifests_are_read_packed_and_plain() {
        for packed in [packed(&release(TWO)), STANDARD.encode(release(TWO))] {
            let found = read(packed.as_bytes(), "web", 7).unwrap();
            let names: Vec<String> = found
                .iter()
                .map(|found| found.reference().to_string())
                .collect();
            assert_eq!(names, ["ConfigMap a", "Secret b"]);
        }
    }

    #[test]
    fn what_is_no_release_is_told_without_its_content() {
        let cut = &packed(&release(TWO))[..200];
        let rows: [(&str, &str); 7] = [
            ("no base64!", "it is not base64; is it encrypted?"),
            ("aHVudGVyMg==", "it holds no release of Helm 3"),
            (&packed("hunter2"), "it holds no release of Helm 3"),
            (
                &packed(&release(TWO).replace("web", "shop")),
                "it holds another release than its labels say",
            ),
            (&packed(&release("a: [hunter2")), "its manifest is not YAML"),
            (
                &packed(&release("password: hunter2")),
                "its manifest holds something that is no object",
            ),
            (
                &cut[..cut.len() / 4 * 4],
                "it is damaged: gzip cannot unpack it",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(read(text.as_bytes(), "web", 7).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let zeros = vec![b' '; usize::try_from(LARGEST).unwrap() + 10];
        let bomb = STANDARD.encode(gzip(&zeros));
        assert!(bomb.len() < 1 << 20);
        let told = read(bomb.as_bytes(), "web", 7).unwrap_err();
        assert_eq!(told, "it is larger than 64 MiB when unpacked");
    }

    #[test]
    fn its_debug_form_shows_nothing_of_it() {
        let reference = ObjectRef {
            group: String::new(),
            kind: "Secret".into(),
            namespace: None,
            name: "b".into(),
        };
        let former = Former {
            revision: 7,
            objects: [(reference, json!({"data": "hunter2"}))].into(),
        };
        assert_eq!(format!("{former:?}"), "revision 7 of 1 objects");
    }
}
