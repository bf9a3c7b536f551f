//! Who may talk to the API server: tokens, and kubeconfigs that carry them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::error::Error;

/// The name of the one user that the API server knows.
const ADMIN: &str = "admin";
/// The group that may do everything, also before there are roles.
const MASTERS: &str = "system:masters";
/// The name of cluster, user and context in our kubeconfigs.
const NAME: &str = "addon-operator";

/// A token that nobody can guess: 32 random bytes.
pub(super) fn make_token() -> Result<String, Error> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 32];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|source| Error::ReadFile {
            path: path.to_owned(),
            source,
        })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The static token file, as kube-apiserver reads it.
pub(super) fn tokens_file(token: &str) -> String {
    format!("{token},{ADMIN},{ADMIN},\"{MASTERS}\"\n")
}

/// Another user that a kubeconfig shall act as.
pub(super) struct User<'a> {
    pub(super) name: &'a str,
    pub(super) groups: &'a [&'a str],
}

/// The text of a kubeconfig: the admin, or the admin acting as someone else.
pub(super) fn kubeconfig(
    url: &str,
    authority: &str,
    token: &str,
    user: Option<&User<'_>>,
) -> Value {
    let mut identity = json!({ "token": token });
    if let Some(user) = user {
        identity["as"] = json!(user.name);
        identity["as-groups"] = json!(user.groups);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": NAME,
            "cluster": {
                "server": url,
                "certificate-authority-data": STANDARD.encode(authority),
            },
        }],
        "users": [{ "name": NAME, "user": identity }],
        "contexts": [{ "name": NAME, "context": { "cluster": NAME, "user": NAME } }],
        "current-context": NAME,
    })
}

/// The authority in the certificate file of kube-apiserver: the last of its two certificates.
///
/// `None` while the file is not whole.
pub(super) fn authority(certificates: &str) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----";
    let start = certificates.rfind("-----BEGIN CERTIFICATE-----")?;
    let is_whole = certificates.matches(END).count() == 2;
    certificates
        .get(start..)
        .filter(|text| is_whole && text.contains(END))
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, content: &str) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(path)?.write_all(content.as_bytes())
    };
    write().map_err(|source| Error::WriteFile {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn tokens_differ_and_are_long() {
        let token = make_token().unwrap();
        assert_eq!(token.len(), 43);
        assert_ne!(token, make_token().unwrap());
    }

    #[test]
    fn authority_is_the_last_certificate_of_a_whole_file() {
        let one = "-----BEGIN CERTIFICATE-----\nserver\n-----END CERTIFICATE-----\n";
        let two = "-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n";
        assert_eq!(authority(&format!("{one}{two}")), Some(two));
        assert_eq!(authority(one), None);
        assert_eq!(authority(&format!("{one}{}", &two[..40])), None);
    }

    #[test]
    fn another_user_is_acted_as() {
        let user = User {
            name: "jane",
            groups: &["viewers"],
        };
        let config = kubeconfig("https://127.0.0.1:1", "pem", "secret", Some(&user));
        assert_eq!(
            config["users"][0]["user"],
            json!({ "token": "secret", "as": "jane", "as-groups": ["viewers"] })
        );
    }

    #[test]
    fn private_files_are_for_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        write_private(&path, "x").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
