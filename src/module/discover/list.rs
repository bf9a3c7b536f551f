//! The entries of a modules directory: which could be modules, and under which name.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use crate::name::ModuleName;
use crate::report::{Mistake, Mistakes};

use super::DirState;

/// A folder, or a link to one, in a modules directory.
#[derive(Debug)]
pub(super) struct Candidate {
    /// The folder for messages.
    pub(super) shown: PathBuf,
    /// What its name says.
    pub(super) name: Result<NumberedName, Mistakes>,
    /// Where it is, with links resolved; or why it is nowhere.
    pub(super) path: Result<PathBuf, Mistakes>,
}

/// `010-cert-manager`, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberedName {
    /// The number, when there is one that fits 31 bits.
    pub(super) number: Option<u32>,
    pub(super) name: ModuleName,
}

/// Lists a directory, by file name. The state is an error when the list is not to be trusted.
pub(super) fn list(dir: &Path) -> Result<Vec<Candidate>, DirState> {
    let mut entries = read_dir(dir).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => DirState::Missing,
        _ => DirState::Unreadable(error.to_string()),
    })?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries
        .iter()
        .filter_map(|entry| candidate(dir, entry))
        .collect())
}

fn read_dir(dir: &Path) -> io::Result<Vec<DirEntry>> {
    fs::read_dir(dir)?.collect()
}

/// `None` for what is no folder: plain files, hidden entries, what vanished meanwhile. What cannot be
/// told is a folder: a module must not seem to have vanished because it cannot be read.
fn candidate(dir: &Path, entry: &DirEntry) -> Option<Candidate> {
    let file_name = entry.file_name();
    let shown = dir.join(&file_name);
    if file_name.as_encoded_bytes().starts_with(b".") {
        return None;
    }
    let mistake =
        |message: String| Mistakes::from(Mistake::new(shown.display().to_string(), message));
    let path = match entry.file_type() {
        Ok(kind) if kind.is_symlink() => match resolve(&shown) {
            Ok(path) => Ok(path?),
            Err(error) => Err(mistake(format!("the link leads nowhere: {error}"))),
        },
        Ok(kind) if kind.is_dir() => Ok(shown.clone()),
        Ok(_) => return None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => Err(mistake(format!("cannot be read: {error}"))),
    };
    let name = file_name
        .to_str()
        .ok_or_else(|| mistake("its name is not UTF-8 text".to_owned()))
        .and_then(|text| parse_name(&shown, text));
    Some(Candidate { shown, name, path })
}

/// The folder that a link leads to; `None` when it leads to something else.
fn resolve(link: &Path) -> io::Result<Option<PathBuf>> {
    if fs::metadata(link)?.is_dir() {
        fs::canonicalize(link).map(Some)
    } else {
        Ok(None)
    }
}

fn parse_name(shown: &Path, text: &str) -> Result<NumberedName, Mistakes> {
    let (digits, name) = split_number(text);
    let number = digits
        .and_then(|digits| digits.parse::<u32>().ok())
        .filter(|number| i32::try_from(*number).is_ok());
    match ModuleName::parse(name) {
        Ok(name) => Ok(NumberedName { number, name }),
        Err(bad) => Err(Mistake::new(shown.display().to_string(), bad.to_string()).into()),
    }
}

/// `010-x` is `010` and `x`; without a number, or with nothing behind it, all is name.
fn split_number(text: &str) -> (Option<&str>, &str) {
    match text.split_once('-') {
        Some((digits, name))
            if !digits.is_empty()
                && !name.is_empty()
                && digits.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            (Some(digits), name)
        }
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_are_number_and_name() {
        for (text, number, name) in [
            ("010-cert-manager", Some(10), "cert-manager"),
            ("0-a", Some(0), "a"),
            ("cert-manager", None, "cert-manager"),
            ("2-2-module-name", Some(2), "2-module-name"),
            ("10", None, "10"),
            ("2147483647-a", Some(2_147_483_647), "a"),
            ("2147483648-a", None, "a"),
            ("99999999999999999999-a", None, "a"),
            ("a1-b2", None, "a1-b2"),
        ] {
            let parsed = parse_name(Path::new(text), text).unwrap();
            assert_eq!(
                (parsed.number, parsed.name.as_str()),
                (number, name),
                "{text}"
            );
        }
    }

    #[test]
    fn bad_folder_names_get_a_proposal() {
        for (text, proposal) in [
            ("010-Cert_Manager", "cert-manager"),
            ("010-", "010"),
            ("lost+found", "lostfound"),
        ] {
            let mistake = parse_name(Path::new("modules/x"), text)
                .unwrap_err()
                .to_string();
            assert!(
                mistake.starts_with("modules/x: bad module name"),
                "{mistake}"
            );
            assert!(
                mistake.ends_with(&format!("rename it to {proposal:?}")),
                "{mistake}"
            );
        }
    }
}
