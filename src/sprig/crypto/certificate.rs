//! Certificates, as Go's `x509.CreateCertificate` makes them for sprig.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::der::{self, Reader};
use super::key::Key;
use super::prime;
use crate::govalue::World;

/// What a certificate is to say.
pub(super) struct Wanted {
    pub(super) name: Vec<u8>,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) hosts: Vec<Vec<u8>>,
    pub(super) days: i64,
    pub(super) is_authority: bool,
}

/// Who signs it.
pub(super) struct Signer {
    pub(super) key: Key,
    /// Its name, as its own certificate has it.
    subject: Vec<u8>,
    /// The identifier of its key, if its certificate has one.
    key_id: Option<Vec<u8>>,
}

impl Signer {
    /// Reads a signer from its certificate.
    pub(super) fn new(certificate: &[u8], key: Key) -> Result<Self, String> {
        let parts = Parts::of(certificate).ok_or(MALFORMED)?;
        if key.public()?.0 != parts.public {
            return Err(
                "error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey"
                    .to_owned(),
            );
        }
        Ok(Self {
            key,
            subject: parts.subject.to_vec(),
            key_id: parts.key_id.map(<[u8]>::to_vec),
        })
    }
}

/// What Go says of a certificate that it cannot read.
pub(super) const MALFORMED: &str = "x509: malformed certificate";

/// What is needed of a certificate that is there.
struct Parts<'a> {
    subject: &'a [u8],
    public: &'a [u8],
    key_id: Option<&'a [u8]>,
}

/// Whether these bytes are a certificate.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    Parts::of(bytes).is_some()
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let mut certificate = Reader::new(bytes).sequence()?;
        let mut parts = certificate.sequence()?;
        if parts.tag()? == 0xa0 {
            parts.any()?;
        }
        parts.content(der::INTEGER)?;
        for _algorithm_issuer_validity in 0..3 {
            parts.sequence()?;
        }
        let subject = parts.whole()?;
        let public = parts.whole()?;
        let mut key_id = None;
        while let Some(tag) = parts.tag() {
            let content = parts.any()?;
            if tag == 0xa3 {
                key_id = key_id_of(content);
            }
        }
        Some(Self {
            subject,
            public,
            key_id,
        })
    }
}

fn key_id_of(extensions: &[u8]) -> Option<&[u8]> {
    let mut extensions = Reader::new(extensions).sequence()?;
    loop {
        let mut extension = extensions.sequence()?;
        if extension.content(der::OBJECT)? == SUBJECT_KEY_ID {
            let content = extension.content(der::OCTET_STRING)?;
            return Reader::new(content).content(der::OCTET_STRING);
        }
    }
}

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 35];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];

/// Makes a certificate for a key, signed by another one or by itself.
///
/// # Errors
///
/// In Go's words: a name that cannot be written, a key that cannot sign.
pub(super) fn create(
    world: &dyn World,
    wanted: &Wanted,
    key: &Key,
    signer: Option<&Signer>,
) -> Result<Vec<u8>, String> {
    let (public, public_bytes) = key.public()?;
    let subject = subject(&wanted.name)?;
    let signing = signer.map_or(key, |signer| &signer.key);
    let issuer = signer.map_or(&subject, |signer| &signer.subject);
    let algorithm = signing.algorithm()?;
    let authority = signer
        .filter(|signer| signer.subject != subject)
        .and_then(|signer| signer.key_id.as_deref());
    let extensions = extensions(wanted, &public_bytes, authority)?;
    let body = der::sequence(&[
        &der::value(0xa0, &der::integer(&[2])),
        &der::integer(&prime::random(world, 128).to_bytes_be()),
        &algorithm,
        issuer,
        &validity(world.now(), wanted.days)?,
        &subject,
        &public,
        &der::value(0xa3, &der::value(der::SEQUENCE, &extensions)),
    ]);
    let signature = signing.sign(&body)?;
    Ok(der::sequence(&[&body, &algorithm, &der::bits(&signature)]))
}

/// A name of one part, or an empty one.
fn subject(name: &[u8]) -> Result<Vec<u8>, String> {
    if name.is_empty() {
        return Ok(der::sequence(&[]));
    }
    if std::str::from_utf8(name).is_err() {
        return Err("asn1: string not valid UTF-8".to_owned());
    }
    let is_printable = name
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte));
    let text = der::value(if is_printable { 0x13 } else { 0x0c }, name);
    let part = der::sequence(&[&der::value(der::OBJECT, COMMON_NAME), &text]);
    Ok(der::sequence(&[&der::value(der::SET, &part)]))
}

/// From now on, for so many days; as in Go, more than 106,751 of them are not what was meant.
fn validity(now: i128, days: i64) -> Result<Vec<u8>, String> {
    const DAY: i64 = 86_400_000_000_000;
    let end = now + i128::from(days.wrapping_mul(DAY));
    Ok(der::sequence(&[&time(now)?, &time(end)?]))
}

fn time(nanoseconds: i128) -> Result<Vec<u8>, String> {
    let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or_default();
    let time = jiff::Timestamp::from_second(seconds)
        .map_err(|_| "cannot represent time as GeneralizedTime".to_owned())?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    let is_short = (1950..2050).contains(&time.year());
    let text = time.strftime("%Y%m%d%H%M%SZ").to_string();
    Ok(if is_short {
        der::value(0x17, &text.as_bytes()[2..])
    } else {
        der::value(0x18, text.as_bytes())
    })
}

/// All extensions, in Go's order.
fn extensions(wanted: &Wanted, public: &[u8], authority: Option<&[u8]>) -> Result<Vec<u8>, String> {
    // Signing of others is the lowest bit but two, so fewer bits are unused.
    let usage: [u8; 2] = if wanted.is_authority {
        [2, 0xa4]
    } else {
        [5, 0xa0]
    };
    let truth = der::value(der::BOOLEAN, &[0xff]);
    let constraints: &[&[u8]] = if wanted.is_authority { &[&truth] } else { &[] };
    let extended = der::sequence(&[
        &der::value(der::OBJECT, SERVER),
        &der::value(der::OBJECT, CLIENT),
    ]);
    let mut all = vec![
        extension(KEY_USAGE, true, &der::value(der::BIT_STRING, &usage)),
        extension(EXTENDED_KEY_USAGE, false, &extended),
        extension(BASIC_CONSTRAINTS, true, &der::sequence(constraints)),
    ];
    if wanted.is_authority {
        let digest = Sha256::digest(public);
        let key_id = der::value(der::OCTET_STRING, &digest[..20]);
        all.push(extension(SUBJECT_KEY_ID, false, &key_id));
    }
    if let Some(authority) = authority {
        let key_id = der::sequence(&[&der::value(0x80, authority)]);
        all.push(extension(AUTHORITY_KEY_ID, false, &key_id));
    }
    if !wanted.hosts.is_empty() || !wanted.addresses.is_empty() {
        let names = alternative_names(wanted)?;
        all.push(extension(ALTERNATIVE_NAME, wanted.name.is_empty(), &names));
    }
    Ok(all.concat())
}

fn extension(object: &[u8], is_critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = der::value(der::BOOLEAN, &[0xff]);
    let critical: &[u8] = if is_critical { &critical } else { &[] };
    der::sequence(&[
        &der::value(der::OBJECT, object),
        critical,
        &der::value(der::OCTET_STRING, content),
    ])
}

fn alternative_names(wanted: &Wanted) -> Result<Vec<u8>, String> {
    let mut names = Vec::new();
    for host in &wanted.hosts {
        if !host.is_ascii() {
            let host = String::from_utf8_lossy(host);
            return Err(format!(
                "x509: \"{host}\" cannot be encoded as an IA5String"
            ));
        }
        names.extend(der::value(0x82, host));
    }
    for address in &wanted.addresses {
        names.extend(match address.to_canonical() {
            IpAddr::V4(address) => der::value(0x87, &address.octets()),
            IpAddr::V6(address) => der::value(0x87, &address.octets()),
        });
    }
    Ok(der::value(der::SEQUENCE, &names))
}
