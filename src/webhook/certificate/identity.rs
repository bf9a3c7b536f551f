//! A certificate with its key, and those who vouch for it.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

/// A certificate as it is sent.
pub(in crate::webhook) type Certificate = CertificateDer<'static>;

/// What a server shows, and what its visitors have to know to believe it.
pub(in crate::webhook) struct Identity {
    /// The chain and its key.
    pub(in crate::webhook) key: Arc<CertifiedKey>,
    /// Those who vouch for it; the first is the one that counts.
    pub(in crate::webhook) authorities: Vec<Certificate>,
    /// From when until when it holds.
    pub(in crate::webhook) validity: Validity,
}

/// From when until when a certificate holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::webhook) struct Validity {
    pub(in crate::webhook) from: Timestamp,
    pub(in crate::webhook) until: Timestamp,
}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Identity")
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert && self.authorities == other.authorities
    }
}

impl Identity {
    /// Reads PEM texts: a chain, the key of its first certificate, and the authorities. What is wrong
    /// is told without a word of the key.
    pub(in crate::webhook) fn read(
        chain: &[u8],
        key: &[u8],
        authorities: &[u8],
    ) -> Result<Self, String> {
        let chain = certificates(chain).map_err(|why| format!("the certificate: {why}"))?;
        let authorities =
            certificates(authorities).map_err(|why| format!("the authorities: {why}"))?;
        // The reader's own words might hold what it read.
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "the key: expected a private key in PEM".to_owned())?;
        Self::new(chain, key, authorities)
    }

    pub(super) fn new(
        chain: Vec<Certificate>,
        key: PrivateKeyDer<'static>,
        authorities: Vec<Certificate>,
    ) -> Result<Self, String> {
        let validity = chain
            .first()
            .and_then(validity)
            .ok_or_else(|| "the certificate: its dates cannot be read".to_owned())?;
        let provider = provider();
        let key = provider
            .key_provider
            .load_private_key(key)
            .map_err(|_| "the key: its kind is not known, or it is damaged".to_owned())?;
        let key = CertifiedKey::new(chain, key);
        key.keys_match()
            .map_err(|_| "the key is not that of the certificate".to_owned())?;
        Ok(Self {
            key: Arc::new(key),
            authorities,
            validity,
        })
    }

    /// The certificate itself.
    pub(in crate::webhook) fn leaf(&self) -> Option<&Certificate> {
        self.key.cert.first()
    }

    /// Whether one who trusts these believes it at that time.
    pub(in crate::webhook) fn is_believed(
        &self,
        authorities: &[Certificate],
        now: Timestamp,
    ) -> bool {
        let Some((leaf, between)) = self.key.cert.split_first() else {
            return false;
        };
        // One's own word is good when it is trusted itself.
        authorities.contains(leaf) || is_signed(leaf, between, authorities, now)
    }

    /// Whether it holds for all of these names.
    pub(in crate::webhook) fn is_for(&self, names: &[String]) -> bool {
        let parsed = self.leaf().map(ParsedCertificate::try_from);
        let Some(Ok(parsed)) = parsed else {
            return false;
        };
        names.iter().all(|name| {
            ServerName::try_from(name.as_str())
                .is_ok_and(|name| verify_server_name(&parsed, &name).is_ok())
        })
    }
}

/// The one provider of ciphers.
pub(in crate::webhook) fn provider() -> CryptoProvider {
    ring::default_provider()
}

/// Whether one of the authorities has signed it, and both hold at that time.
pub(super) fn is_signed(
    leaf: &Certificate,
    between: &[Certificate],
    authorities: &[Certificate],
    now: Timestamp,
) -> bool {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        // One that cannot be read vouches for nothing.
        let _ = roots.add(authority.clone());
    }
    let Ok(leaf) = ParsedCertificate::try_from(leaf) else {
        return false;
    };
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let algorithms = provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, &roots, between, now, algorithms).is_ok()
}

/// All certificates of a PEM text; at least one.
pub(in crate::webhook) fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|_| "it is not PEM".to_owned())?;
    if read.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    for certificate in &read {
        if validity(certificate).is_none() || ParsedCertificate::try_from(certificate).is_err() {
            return Err("a certificate in it is damaged".to_owned());
        }
    }
    Ok(read)
}

/// Certificates as PEM.
pub(in crate::webhook) fn pem(certificates: &[Certificate]) -> String {
    let texts = certificates.iter().map(|der| section("CERTIFICATE", der));
    texts.collect()
}

/// One section of PEM.
pub(super) fn section(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut lines = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines + "-----END " + label + "-----\n"
}

/// From when until when a certificate holds; `None` when it is damaged.
pub(super) fn validity(certificate: &Certificate) -> Option<Validity> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest, VERSION)?.1;
    }
    // The number, the algorithm, who issued it.
    for tag in [0x02, SEQUENCE, SEQUENCE] {
        rest = element(rest, tag)?.1;
    }
    let (dates, _) = element(rest, SEQUENCE)?;
    let (from, dates) = time(dates)?;
    let (until, _) = time(dates)?;
    Some(Validity { from, until })
}

/// The content of the first element, which has this tag, and what follows it (DER).
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A time, and what follows it: with two digits of the year, those from 50 on are of the last century.
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest) = element(bytes, 0x17).or_else(|| element(bytes, 0x18))?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, text) = text.split_at_checked(text.len().checked_sub(10)?)?;
    let number = |digits: &str| digits.parse::<i8>().ok();
    let part = |index: usize| number(text.get(index..index + 2)?);
    let year = match (year.len(), year.parse::<i16>().ok()?) {
        (2, year @ 50..) => 1900 + year,
        (2, year) => 2000 + year,
        (4, year) => year,
        _ => return None,
    };
    let time = civil::DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0);
    let time = time.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some((time.timestamp(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag, u8::try_from(content.len()).unwrap()];
        bytes.extend(content);
        bytes
    }

    #[test]
    fn dates_are_read_in_both_forms() {
        let rows = [
            (0x17, "260301120000Z", "2026-03-01T12:00:00Z"),
            (0x17, "500101000000Z", "1950-01-01T00:00:00Z"),
            (0x17, "491231235959Z", "2049-12-31T23:59:59Z"),
            (0x18, "20520229010203Z", "2052-02-29T01:02:03Z"),
        ];
        for (tag, text, read) in rows {
            let element = sequence(tag, text.as_bytes());
            let (time, rest) = time(&element).unwrap();
            assert_eq!((time, rest.len()), (read.parse().unwrap(), 0));
        }
        for (tag, text) in [
            (0x17, "260301120000"),
            (0x17, "261301120000Z"),
            (0x18, "Z"),
            (0x19, "260301120000Z"),
        ] {
            assert!(time(&sequence(tag, text.as_bytes())).is_none(), "{text}");
        }
    }

    #[test]
    fn lengths_of_several_bytes_are_read_and_lies_are_not() {
        let mut long = vec![0x30, 0x82, 0x01, 0x00];
        long.extend([7; 256]);
        assert_eq!(element(&long, 0x30).unwrap().0.len(), 256);
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 2, 0],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x85, 1, 1, 1, 1, 1],
        ] {
            assert!(element(bytes, 0x30).is_none(), "{bytes:?}");
        }
    }
}
