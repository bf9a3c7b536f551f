//! Keys, authorities and the certificates that they sign.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ParsedCertificate;

use super::identity::Certificate;
use crate::object::sha256_hex;

/// How long an authority holds.
const OF_AUTHORITY: SignedDuration = SignedDuration::from_hours(5 * 365 * 24);
/// How long a certificate holds.
const OF_CERTIFICATE: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Other machines have other clocks: what is made now holds since a while.
pub(super) const BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// One who signs: its key. The certificate is made from it when there is none yet.
pub(super) struct Authority {
    key: KeyPair,
}

impl Authority {
    /// A new one, and its certificate.
    pub(super) fn make(now: Timestamp) -> Result<(Self, Certificate), rcgen::Error> {
        let authority = Self {
            key: KeyPair::generate()?,
        };
        let mut params = authority.params();
        date(&mut params, now, OF_AUTHORITY);
        let certificate = params.self_signed(&authority.key)?;
        Ok((authority, certificate.der().clone()))
    }

    /// The one that has this key (PKCS #8).
    pub(super) fn of(key: &PrivateKeyDer<'_>) -> Option<Self> {
        let key = KeyPair::try_from(key.secret_der()).ok()?;
        Some(Self { key })
    }

    /// Its key.
    pub(super) fn secret(&self) -> &[u8] {
        self.key.serialized_der()
    }

    /// Whether a certificate is of its key.
    pub(super) fn is_of(&self, certificate: &Certificate) -> bool {
        ParsedCertificate::try_from(certificate).is_ok_and(|parsed| {
            *parsed.subject_public_key_info() == *self.key.subject_public_key_info()
        })
    }

    /// Signs a certificate for these names; answers it and its key.
    pub(super) fn sign(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<(Certificate, PrivateKeyDer<'static>), rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("addon-operator webhooks");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        date(&mut params, now, OF_CERTIFICATE);
        let issuer = Issuer::new(self.params(), &self.key);
        let certificate = params.signed_by(&key, &issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate.der().clone(), key.into()))
    }

    /// Everything in its certificate but the dates follows from its key, its name too: two authorities
    /// side by side are told apart by it.
    fn params(&self) -> CertificateParams {
        let number = sha256_hex(&STANDARD.encode(self.key.public_key_raw()), 8);
        let mut params = CertificateParams::default();
        params.distinguished_name = named(&format!("addon-operator webhooks {number}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// When something that holds since then was made.
pub(super) fn made(from: Timestamp) -> Timestamp {
    from.checked_add(BEFORE).unwrap_or(from)
}

fn date(params: &mut CertificateParams, now: Timestamp, length: SignedDuration) {
    // Years from 1970 to 9999 fit, and no clock shows others.
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |time: Timestamp| epoch + Duration::from_secs(time.as_second().unsigned_abs());
    params.not_before = at(now.checked_sub(BEFORE).unwrap_or(now));
    params.not_after = at(now.checked_add(length).unwrap_or(now));
}
