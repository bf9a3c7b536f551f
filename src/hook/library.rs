//! The modules that filters of hooks import, read from disk.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use crate::jq::Library;

/// A longer file is no module, in bytes.
const LONGEST: u64 = 16 << 20;

/// A library of these folders (`JQ_LIBRARY_PATH`); they need not be there yet.
pub fn jq_library(folders: &[PathBuf]) -> Library {
    let named = folders.iter().map(|folder| folder.display().to_string());
    Library::new(named.collect(), |path| match read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error.to_string()),
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}

fn read(path: &str) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}
