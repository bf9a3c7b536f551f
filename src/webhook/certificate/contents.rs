//! What the Secret holds, and what has to become of it with time.
//!
//! | state | what is written |
//! |---|---|
//! | nothing, or nothing that can be used | what was used last; else all of it anew |
//! | the certificate ends within 30 days, or lacks a name | a new certificate |
//! | the authority ends within a year | a new authority beside the old one, which goes on vouching |
//! | a new authority, known everywhere for an hour | a certificate of the new one |
//! | a certificate of the new authority, a day old | the old authority is left out |

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::authority::{Authority, made};
use super::identity::{Certificate, Identity, Validity, is_signed, pem, section, validity};

/// A certificate is renewed when it has so much left.
const RENEW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// An authority is renewed when it has so much left: more than a certificate has, so that none
/// outlives it.
const RENEW_AUTHORITY: SignedDuration = SignedDuration::from_hours(365 * 24);
/// A new authority signs nothing before it is known for so long.
const KNOWN: SignedDuration = SignedDuration::from_hours(1);
/// An old authority is left out when what it signed is out of use for so long.
const OUT_OF_USE: SignedDuration = SignedDuration::from_hours(24);

const CHAIN: &str = "tls.crt";
const KEY: &str = "tls.key";
const AUTHORITIES: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";

/// The data of the Secret, decoded. It holds keys: no `Debug`.
pub(super) type Data = BTreeMap<String, Vec<u8>>;

/// What the Secret holds, read.
pub(in crate::webhook) struct Contents {
    data: Data,
    pub(super) identity: Arc<Identity>,
    authority: Authority,
    /// The certificate of `authority`.
    signer: Certificate,
    /// When it holds.
    signer_validity: Validity,
}

/// What has to be done now.
pub(super) enum Step {
    /// Nothing before that time.
    Rest(Timestamp),
    /// This is to be written, for that reason.
    Write(Box<Contents>, &'static str),
}

impl Contents {
    /// Reads the data of a Secret; what is wrong is told without a word of the keys.
    pub(super) fn read(data: Data) -> Result<Self, String> {
        let part = |key: &str| {
            let part = data.get(key).map(Vec::as_slice);
            part.ok_or_else(|| format!("{key} is missing"))
        };
        let identity = Identity::read(part(CHAIN)?, part(KEY)?, part(AUTHORITIES)?)?;
        let authority = PrivateKeyDer::from_pem_slice(part(AUTHORITY_KEY)?).ok();
        let authority = authority
            .and_then(|key| Authority::of(&key))
            .ok_or_else(|| format!("{AUTHORITY_KEY} is no key that can be used"))?;
        let signer = identity.authorities.iter().find(|one| authority.is_of(one));
        let signer = signer
            .cloned()
            .ok_or_else(|| format!("{AUTHORITY_KEY} is of none of the authorities"))?;
        let signer_validity = validity(&signer).ok_or("an authority is damaged")?;
        Ok(Self {
            data,
            identity: Arc::new(identity),
            authority,
            signer,
            signer_validity,
        })
    }

    /// All of it anew.
    pub(super) fn make(names: &[String], now: Timestamp) -> Result<Self, String> {
        let (authority, signer) = Authority::make(now).map_err(failed)?;
        Self::signed(&authority, &[signer], names, now)
    }

    /// As the Secret holds it.
    pub(super) fn data(&self) -> &Data {
        &self.data
    }

    /// Whether it can be shown to visitors who ask for these names.
    pub(super) fn is_good(&self, names: &[String], now: Timestamp) -> bool {
        let identity = &self.identity;
        identity.is_for(names) && identity.is_believed(&identity.authorities, now)
    }

    /// What has to be done; `is_known` is whether all that must know its authorities does.
    pub(super) fn step(
        &self,
        names: &[String],
        now: Timestamp,
        is_known: bool,
    ) -> Result<Step, String> {
        let ends = self.identity.validity.until;
        if !self.is_good(names, now) {
            return self.sign(names, now, "it lacked a name, or did not hold");
        }
        if left(ends, now) < RENEW {
            return self.sign(names, now, "it was about to end");
        }
        if left(self.signer_validity.until, now) < RENEW_AUTHORITY {
            return self.succeed(now);
        }
        let mut again =
            later(ends, -RENEW).min(later(self.signer_validity.until, -RENEW_AUTHORITY));
        if !self.is_by_signer(now) {
            let known = later(made(self.signer_validity.from), KNOWN);
            if is_known && known <= now {
                return self.sign(names, now, "its authority was about to end");
            }
            // When it is not known everywhere, that comes first and will tell.
            again = again.min(known.max(later(now, SignedDuration::from_mins(1))));
        } else if self.identity.authorities.len() > 1 {
            let out_of_use = later(made(self.identity.validity.from), OUT_OF_USE);
            if out_of_use <= now {
                let alone = std::slice::from_ref(&self.signer);
                return self.with(alone, None, "the old authority is out of use");
            }
            again = again.min(out_of_use);
        }
        Ok(Step::Rest(again))
    }

    /// Whether the certificate is of the authority that signs now.
    fn is_by_signer(&self, now: Timestamp) -> bool {
        let (leaf, signer) = (self.identity.leaf(), std::slice::from_ref(&self.signer));
        leaf.is_some_and(|leaf| is_signed(leaf, &[], signer, now))
    }

    /// A new certificate of the authority that signs, or of a new one when that has ended.
    fn sign(&self, names: &[String], now: Timestamp, why: &'static str) -> Result<Step, String> {
        let contents = if self.signer_validity.until <= now {
            Self::make(names, now)?
        } else {
            Self::signed(&self.authority, &self.identity.authorities, names, now)?
        };
        Ok(Step::Write(Box::new(contents), why))
    }

    /// A new authority; the certificate stays.
    fn succeed(&self, now: Timestamp) -> Result<Step, String> {
        let (authority, certificate) = Authority::make(now).map_err(failed)?;
        let mut authorities = vec![certificate];
        authorities.extend(self.identity.authorities.iter().cloned());
        self.with(
            &authorities,
            Some(&authority),
            "its authority was about to end",
        )
    }

    /// The same certificate with other authorities, of which one signs from now on.
    fn with(
        &self,
        authorities: &[Certificate],
        authority: Option<&Authority>,
        why: &'static str,
    ) -> Result<Step, String> {
        let mut data = self.data.clone();
        data.insert(AUTHORITIES.to_owned(), pem(authorities).into_bytes());
        if let Some(authority) = authority {
            data.insert(AUTHORITY_KEY.to_owned(), key_text(authority.secret()));
        }
        Ok(Step::Write(Box::new(Self::read(data)?), why))
    }

    fn signed(
        authority: &Authority,
        authorities: &[Certificate],
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, String> {
        let (certificate, key) = authority.sign(names, now).map_err(failed)?;
        Self::read(Data::from([
            (CHAIN.to_owned(), pem(&[certificate]).into_bytes()),
            (KEY.to_owned(), key_text(key.secret_der())),
            (AUTHORITIES.to_owned(), pem(authorities).into_bytes()),
            (AUTHORITY_KEY.to_owned(), key_text(authority.secret())),
        ]))
    }
}

fn key_text(der: &[u8]) -> Vec<u8> {
    section("PRIVATE KEY", der).into_bytes()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: rcgen::Error) -> String {
    format!("making a certificate: {error}")
}

fn left(until: Timestamp, now: Timestamp) -> SignedDuration {
    until.duration_since(now)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn names() -> Vec<String> {
        ["a.ns.svc", "127.0.0.1"].map(str::to_owned).to_vec()
    }

    fn start() -> Timestamp {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    fn days(count: i64) -> Timestamp {
        later(start(), HOUR * i32::try_from(count * 24).unwrap())
    }

    /// What is written then, and why; as it is read back.
    fn written(contents: &Contents, now: Timestamp, is_known: bool) -> (Contents, &'static str) {
        match contents.step(&names(), now, is_known).unwrap() {
            Step::Write(next, why) => (Contents::read(next.data).unwrap(), why),
            Step::Rest(until) => panic!("nothing before {until}"),
        }
    }

    fn rests_until(contents: &Contents, now: Timestamp, is_known: bool) -> Timestamp {
        match contents.step(&names(), now, is_known).unwrap() {
            Step::Rest(until) => until,
            Step::Write(_, why) => panic!("written: {why}"),
        }
    }

    #[test]
    fn certificate_is_for_its_names_and_signed_by_its_authority() {
        let contents = Contents::make(&names(), start()).unwrap();
        assert!(contents.is_good(&names(), start()));
        assert!(!contents.is_good(&["b.ns.svc".to_owned()], start()));
        assert!(!contents.is_good(&names(), days(91)));
        let validity = contents.identity.validity;
        assert_eq!((validity.from, validity.until), (days(-1), days(90)));
        let other = Contents::make(&names(), start()).unwrap();
        let authorities = &other.identity.authorities;
        assert!(!contents.identity.is_believed(authorities, start()));
    }

    #[test]
    fn certificate_is_renewed_a_month_before_its_end_by_the_same_authority() {
        let contents = Contents::make(&names(), start()).unwrap();
        assert_eq!(rests_until(&contents, start(), true), days(60));
        assert_eq!(rests_until(&contents, days(60), true), days(60));
        let (next, why) = written(&contents, later(days(60), HOUR), true);
        assert_eq!(why, "it was about to end");
        assert_eq!(next.identity.authorities, contents.identity.authorities);
        assert_ne!(next.identity.leaf(), contents.identity.leaf());
        assert_eq!(next.identity.validity.until, later(days(150), HOUR));
    }

    #[test]
    fn certificate_is_renewed_when_it_lacks_a_name() {
        let contents = Contents::make(&["a.ns.svc".to_owned()], start()).unwrap();
        let (next, _) = written(&contents, start(), true);
        assert!(next.is_good(&names(), start()));
        assert_eq!(next.identity.authorities, contents.identity.authorities);
    }

    #[test]
    fn authority_is_renewed_with_an_overlap() {
        let year = 365;
        let old = Contents::make(&names(), start()).unwrap();
        // The years go by.
        let mut now = days(4 * year - 10);
        let (old, _) = written(&old, now, true);
        now = days(4 * year + 1);
        let (both, why) = written(&old, now, true);
        assert_eq!(why, "its authority was about to end");
        assert_eq!(both.identity.leaf(), old.identity.leaf());
        assert_eq!(both.identity.authorities.len(), 2);
        assert_eq!(both.identity.authorities[1], old.identity.authorities[0]);
        // The new one must be known first.
        assert_eq!(rests_until(&both, now, true), later(now, HOUR));
        now = later(now, HOUR);
        assert!(rests_until(&both, now, false) > now);
        let (new, why) = written(&both, now, true);
        assert_eq!(why, "its authority was about to end");
        assert_eq!(new.identity.authorities, both.identity.authorities);
        let authorities = &new.identity.authorities;
        assert!(new.identity.is_believed(&authorities[..1], now));
        assert!(!new.identity.is_believed(&authorities[1..], now));
        // The old one is left out when it is out of use.
        assert_eq!(rests_until(&new, now, true), later(now, OUT_OF_USE));
        now = later(now, OUT_OF_USE);
        let (alone, _) = written(&new, now, true);
        assert_eq!(alone.identity.leaf(), new.identity.leaf());
        assert_eq!(alone.identity.authorities, authorities[..1]);
        assert!(rests_until(&alone, now, true) > later(now, HOUR));
    }

    #[test]
    fn what_ended_long_ago_is_made_anew() {
        let old = Contents::make(&names(), start()).unwrap();
        let now = days(6 * 365);
        let (new, _) = written(&old, now, true);
        assert!(new.is_good(&names(), now));
        assert_ne!(new.identity.authorities, old.identity.authorities);
    }

    #[test]
    fn damaged_contents_are_told_without_their_keys() {
        let contents = Contents::make(&names(), start()).unwrap();
        let other = Contents::make(&names(), start()).unwrap();
        let rows: [(&str, Option<&[u8]>, &str); 8] = [
            (CHAIN, None, "tls.crt is missing"),
            (KEY, None, "tls.key is missing"),
            (
                CHAIN,
                Some(b"x"),
                "the certificate: there is no certificate in it",
            ),
            (KEY, Some(b"x"), "the key: expected a private key in PEM"),
            (
                KEY,
                Some(&other.data[KEY]),
                "the key is not that of the certificate",
            ),
            (
                AUTHORITIES,
                Some(b""),
                "the authorities: there is no certificate in it",
            ),
            (
                AUTHORITY_KEY,
                Some(b"x"),
                "ca.key is no key that can be used",
            ),
            (
                AUTHORITY_KEY,
                Some(&other.data[AUTHORITY_KEY]),
                "ca.key is of none of the authorities",
            ),
        ];
        for (key, value, told) in rows {
            let mut data = contents.data.clone();
            match value {
                Some(value) => data.insert(key.to_owned(), value.to_owned()),
                None => data.remove(key),
            };
            assert_eq!(Contents::read(data).err().as_deref(), Some(told), "{key}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let contents = Contents::make(&names(), start()).unwrap();
        let shown = format!("{:?}", contents.identity);
        assert!(shown.starts_with("Identity { validity"), "{shown}");
        assert!(shown.len() < 200, "{shown}");
    }
}
