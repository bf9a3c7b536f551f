//! Certificates that people give as files.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::identity::{Certificate, Identity, certificates};

/// Where a server's certificate may be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The chain, in PEM.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Those who vouch for it.
    pub authorities: PathBuf,
    /// Those who vouch for visitors; none for visitors without certificates.
    pub client_authorities: Vec<PathBuf>,
}

impl Files {
    /// As in a folder that a Secret is mounted on.
    pub fn within(folder: &str) -> Self {
        let folder = Path::new(folder);
        Self {
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
            authorities: folder.join("ca.crt"),
            client_authorities: Vec::new(),
        }
    }

    /// The folders in which something may change.
    pub fn folders(&self) -> Vec<PathBuf> {
        let files = [&self.certificate, &self.key, &self.authorities];
        let files = files.into_iter().chain(&self.client_authorities);
        let mut folders: Vec<_> = files
            .filter_map(|file| file.parent())
            // That of a bare name has no name.
            .map(|folder| Path::new(".").join(folder))
            .collect();
        folders.sort();
        folders.dedup();
        folders
    }

    /// The identity in the files; `None` when there is neither certificate nor key.
    pub(in crate::webhook) fn identity(&self) -> Result<Option<Identity>, String> {
        let (certificate, key) = (read(&self.certificate)?, read(&self.key)?);
        let (certificate, key) = match (certificate, key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(format!("{} is not there", self.key.display())),
            (None, Some(_)) => return Err(format!("{} is not there", self.certificate.display())),
        };
        let authorities = read(&self.authorities)?.ok_or_else(|| {
            let (file, certificate) = (self.authorities.display(), self.certificate.display());
            format!("{file} is not there: the API server has to know who vouches for {certificate}")
        })?;
        let read = Identity::read(&certificate, &key, &authorities);
        let read = read.map_err(|why| format!("{}: {why}", self.certificate.display()))?;
        Ok(Some(read))
    }

    /// Those who vouch for visitors.
    pub(in crate::webhook) fn clients(&self) -> Result<Vec<Certificate>, String> {
        let mut all = Vec::new();
        for file in &self.client_authorities {
            let path = file.display();
            let text = read(file)?.ok_or_else(|| format!("{path} is not there"))?;
            all.extend(certificates(&text).map_err(|why| format!("{path}: {why}"))?);
        }
        Ok(all)
    }
}

/// The content of a file; `None` when it is not there.
fn read(file: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(file) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("reading {}: {error}", file.display())),
    }
}
