//! Packed charts: no bytes make the loader panic, and nothing is written.
//!
//! Run it with `cargo +nightly fuzz run chart_archive`, with packed charts as corpus. Bytes that do not
//! begin as an archive are packed first, so that the reader of the folder inside is met as well.

#![no_main]

use std::fs;
use std::io::Write as _;

use addon_operator::chart::{self, Care};
use addon_operator::govalue::Map;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let packed = if bytes.starts_with(b"\x1f\x8b\x08") {
        bytes.to_vec()
    } else {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory is written");
        encoder.finish().expect("memory is written")
    };
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("chart.tgz");
    fs::write(&path, packed).expect("a file");
    if let Ok(loaded) = chart::load(&path) {
        let _ = loaded.chart.check_installable();
        if let Ok(mut coalesced) = chart::coalesce(&loaded.chart, &Map::any(), Care::ForWarnings) {
            let _ = coalesced.check_schemas();
        }
    }
    let left: Vec<_> = fs::read_dir(dir.path()).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing is unpacked");
});
