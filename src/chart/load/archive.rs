//! Packed charts: read into memory and never written anywhere.
//!
//! The rules and words are Helm's: one folder at the top, whatever its name, no path that leads out of
//! it, so much for one file and so much for all.

use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use super::{Buffered, CHART_LIMIT, FILE_LIMIT};

/// How many bytes an archive may unpack to with all its headers: what it says about itself is no file
/// and counts for no limit of Helm.
const UNPACKED_LIMIT: u64 = CHART_LIMIT + 16 * 1024 * 1024;
/// How many files an archive may hold: far above any real chart.
const COUNT_LIMIT: usize = 20_000;

/// The files of a packed chart that a person named.
pub(super) fn unpack_file(path: &Path, packed: &[u8]) -> Result<Vec<Buffered>, String> {
    if !packed.starts_with(b"\x1f\x8b\x08") {
        let file = path.display();
        let name = path.to_string_lossy();
        if name.ends_with(".yml") || name.ends_with(".yaml") {
            return Err(format!(
                "file '{file}' seems to be a YAML file, but expected a gzipped archive"
            ));
        }
        let kind = match std::str::from_utf8(&packed[..packed.len().min(512)]) {
            Ok(_) => "text/plain; charset=utf-8",
            Err(_) => "application/octet-stream",
        };
        return Err(format!(
            "file '{file}' does not appear to be a gzipped archive; got '{kind}'"
        ));
    }
    unpack(packed)
}

/// The files of a packed chart, without the folder at the top.
///
/// # Errors
///
/// What Helm says about an archive that it refuses.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<Buffered>, String> {
    check_head(packed)?;
    let unpacked = MultiGzDecoder::new(packed).take(UNPACKED_LIMIT);
    let mut archive = Archive::new(unpacked);
    let mut files = Vec::new();
    let mut left = CHART_LIMIT;
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let is_header = matches!(kind, EntryType::XGlobalHeader | EntryType::XHeader);
        if is_header || kind.is_dir() || name.ends_with('/') {
            continue;
        }
        let path = inner_path(&name)?;
        let size = entry.size();
        if size > left {
            return Err(too_large());
        }
        if size > FILE_LIMIT {
            return Err(format!(
                "decompressed chart file {name:?} is larger than the maximum file size {FILE_LIMIT}"
            ));
        }
        let mut data = Vec::new();
        entry.read_to_end(&mut data).map_err(broken)?;
        left = left.saturating_sub(data.len() as u64);
        if (data.len() as u64) < size || left == 0 || files.len() == COUNT_LIMIT {
            return Err(too_large());
        }
        files.push(Buffered::new(path, data));
    }
    if files.is_empty() {
        return Err("no files in chart archive".to_owned());
    }
    Ok(files)
}

fn check_head(packed: &[u8]) -> Result<(), String> {
    match packed {
        [] => Err("EOF".to_owned()),
        [0x1f, 0x8b, 8, ..] => Ok(()),
        _ if packed.len() < 10 => Err("unexpected EOF".to_owned()),
        _ => Err("gzip: invalid header".to_owned()),
    }
}

fn too_large() -> String {
    format!("decompressed chart is larger than the maximum file size {CHART_LIMIT}")
}

/// What cannot be unpacked, in Go's words where there are equal ones.
#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn broken(error: std::io::Error) -> String {
    let text = error.to_string();
    if text.contains("checksum") && text.contains("gzip") {
        "gzip: invalid checksum".to_owned()
    } else if error.kind() == std::io::ErrorKind::UnexpectedEof || text.contains("unexpected EOF") {
        "unexpected EOF".to_owned()
    } else {
        "archive/tar: invalid tar header".to_owned()
    }
}

/// The path of a file below the folder at the top.
fn inner_path(name: &str) -> Result<String, String> {
    // Archives made on Windows part names with backslashes.
    let parting = if name.contains('\\') { '\\' } else { '/' };
    let (top, rest) = name.split_once(parting).unwrap_or((name, ""));
    let rest = rest.replace(parting, "/");
    if rest.starts_with('/') {
        return Err("chart illegally contains absolute paths".to_owned());
    }
    let path = cleaned(&rest);
    if path == "." {
        return Err(format!(
            "chart illegally contains content outside the base directory: {name:?}"
        ));
    }
    if path.starts_with("..") {
        return Err("chart illegally references parent directory".to_owned());
    }
    if matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic()) {
        return Err("chart contains illegally named files".to_owned());
    }
    if top == "Chart.yaml" {
        return Err("chart yaml not in base directory".to_owned());
    }
    Ok(path)
}

/// A relative path without `.`, `..` in its midst and doubled slashes.
fn cleaned(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_below_the_top_folder() {
        for (name, expected) in [
            ("web/Chart.yaml", Ok("Chart.yaml")),
            ("../templates/a.yaml", Ok("templates/a.yaml")),
            ("web/./a//b/../c", Ok("a/c")),
            ("web\\templates\\a.yaml", Ok("templates/a.yaml")),
            (
                "web/../../a",
                Err("chart illegally references parent directory"),
            ),
            (
                "web/..a",
                Err("chart illegally references parent directory"),
            ),
            (
                "web//etc/passwd",
                Err("chart illegally contains absolute paths"),
            ),
            ("/etc/passwd", Ok("etc/passwd")),
            (
                "Chart.yaml",
                Err("chart illegally contains content outside the base directory: \"Chart.yaml\""),
            ),
            ("web/c:/a", Err("chart contains illegally named files")),
            ("Chart.yaml/a", Err("chart yaml not in base directory")),
        ] {
            let found = inner_path(name);
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_archive_is_told_as_helm_does() {
        for (bytes, expected) in [
            (&b""[..], "EOF"),
            (b"abc", "unexpected EOF"),
            (b"apiVersion: v1\n", "gzip: invalid header"),
        ] {
            assert_eq!(unpack(bytes).err().as_deref(), Some(expected));
        }
    }
}
