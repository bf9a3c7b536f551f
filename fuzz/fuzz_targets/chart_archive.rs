//! Packed charts: no bytes make the loader panic, nothing is written, and nothing is read beside the archive.
//!
//! Run it with `cargo +nightly fuzz run chart_archive`, with packed charts as corpus. Bytes that do not
//! begin as an archive are cut at lines of `---- PATH`, `---- PATH -> TARGET` or `---- PATH => TARGET` and packed as
//! files, symbolic and hard links, the paths as they stand; without such a line they are the archive, unpacked.

#![no_main]

use std::fs;
use std::io::Write as _;
use std::sync::LazyLock;

use addon_operator::chart::{self, Care};
use addon_operator::govalue::Map;
use addon_operator_fuzz::{SECRET, assert_no_secret, parts};
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use tar::{EntryType, Header};
use tempfile::TempDir;

/// A folder with a secret beside the folder of the archive.
static PLACE: LazyLock<TempDir> = LazyLock::new(|| {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("secret"), SECRET).expect("a file");
    fs::create_dir(place.path().join("inner")).expect("a folder");
    place
});

/// One entry of an archive, with a path as it is.
fn add(archive: &mut Vec<u8>, name: &str, text: &str) {
    let (path, kind, target) = if let Some((path, target)) = name.split_once(" -> ") {
        (path, EntryType::Symlink, target)
    } else if let Some((path, target)) = name.split_once(" => ") {
        (path, EntryType::Link, target)
    } else {
        (name, EntryType::Regular, "")
    };
    let mut header = Header::new_ustar();
    let raw = header.as_old_mut();
    for (place, byte) in raw.name.iter_mut().zip(path.bytes()) {
        *place = byte;
    }
    for (place, byte) in raw.linkname.iter_mut().zip(target.bytes()) {
        *place = byte;
    }
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(text.as_bytes());
    archive.resize(archive.len().next_multiple_of(512), 0);
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(b"\x1f\x8b\x08") {
        return bytes.to_vec();
    }
    let mut archive = Vec::new();
    match std::str::from_utf8(bytes).map(parts) {
        Ok(parts) if parts.len() > 1 => {
            for (name, text) in parts.iter().skip(1) {
                add(&mut archive, name, text);
            }
        }
        _ => archive.extend_from_slice(bytes),
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&archive).expect("memory is written");
    encoder.finish().expect("memory is written")
}

fuzz_target!(|bytes: &[u8]| {
    let inner = PLACE.path().join("inner");
    let path = inner.join("chart.tgz");
    fs::write(&path, packed(bytes)).expect("a file");
    if let Ok(loaded) = chart::load(&path) {
        assert_no_secret(&loaded.chart);
        let _ = loaded.chart.check_installable();
        if let Ok(mut coalesced) = chart::coalesce(&loaded.chart, &Map::any(), Care::ForWarnings) {
            let _ = coalesced.check_schemas();
        }
    }
    for (folder, count) in [(inner.as_path(), 1), (PLACE.path(), 2)] {
        let left = fs::read_dir(folder).expect("a folder").count();
        assert_eq!(left, count, "nothing is unpacked");
    }
});
