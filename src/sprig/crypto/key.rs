//! Private keys: made, written, read, and what is signed with them.

use num_bigint::BigUint;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};

use super::der::{self, Block, Reader};
use super::prime;
use crate::govalue::World;

/// A private key.
pub(super) enum Key {
    Rsa(Rsa),
    Ec(Ec),
    /// Its seed.
    Ed25519([u8; 32]),
    /// P, Q, G, Y, X in this order; it cannot sign certificates.
    Dsa([BigUint; 5]),
}

pub(super) struct Rsa {
    modulus: BigUint,
    exponent: BigUint,
    private: BigUint,
    primes: [BigUint; 2],
}

pub(super) struct Ec {
    curve: &'static Curve,
    private: Vec<u8>,
    public: Vec<u8>,
}

struct Curve {
    object: &'static [u8],
    /// The length of a private key.
    length: usize,
    algorithm: &'static EcdsaSigningAlgorithm,
    /// The object that names the algorithm in certificates.
    signature: &'static [u8],
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

static P256: Curve = Curve {
    object: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
    length: 32,
    algorithm: &ECDSA_P256_SHA256_ASN1_SIGNING,
    signature: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
};
static P384: Curve = Curve {
    object: &[0x2b, 0x81, 4, 0, 34],
    length: 48,
    algorithm: &ECDSA_P384_SHA384_ASN1_SIGNING,
    signature: &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
};

/// Makes keys.
impl Key {
    pub(super) fn rsa(world: &dyn World, bits: u64) -> Self {
        let exponent = BigUint::from(65_537_u32);
        loop {
            let (p, q) = (prime::prime(world, bits / 2), prime::prime(world, bits / 2));
            let (before_p, before_q) = (&p - 1_u8, &q - 1_u8);
            let shared = greatest_common_divisor(&before_p, &before_q);
            let order = &before_p * &before_q / shared;
            let private = exponent.modinv(&order);
            if let Some(private) = private
                && p != q
            {
                let modulus = &p * &q;
                let primes = if p > q { [p, q] } else { [q, p] };
                return Self::Rsa(Rsa {
                    modulus,
                    exponent,
                    private,
                    primes,
                });
            }
        }
    }

    pub(super) fn dsa(world: &dyn World) -> Self {
        let divisor = prime::prime(world, 256);
        let modulus = prime::prime_over(world, 2048, &divisor);
        let power = (&modulus - 1_u8) / &divisor;
        let generator = BigUint::from(2_u8).modpow(&power, &modulus);
        let private = prime::random_below(world, &divisor);
        let public = generator.modpow(&private, &modulus);
        Self::Dsa([modulus, divisor, generator, public, private])
    }

    pub(super) fn ed25519(world: &dyn World) -> Self {
        let mut seed = [0; 32];
        world.fill_random(&mut seed);
        Self::Ed25519(seed)
    }

    /// Here the library draws by itself: it takes no numbers of others.
    pub(super) fn ec() -> Result<Self, String> {
        let document = EcdsaKeyPair::generate_pkcs8(P256.algorithm, &SystemRandom::new())
            .map_err(|_| "failed to generate private key: no random numbers".to_owned())?;
        read_pkcs8(document.as_ref()).ok_or_else(|| "failed to generate private key".to_owned())
    }
}

/// Writes keys.
impl Key {
    pub(super) fn to_pem(&self) -> String {
        match self {
            Self::Rsa(key) => der::to_pem("RSA PRIVATE KEY", &key.to_der()),
            Self::Ec(key) => der::to_pem("EC PRIVATE KEY", &key.to_der()),
            Self::Dsa(numbers) => {
                let numbers = numbers.iter().map(number);
                let parts: Vec<Vec<u8>> =
                    std::iter::once(der::integer(&[])).chain(numbers).collect();
                der::to_pem(
                    "DSA PRIVATE KEY",
                    &der::value(der::SEQUENCE, &parts.concat()),
                )
            }
            Self::Ed25519(seed) => {
                let algorithm = der::sequence(&[&der::value(der::OBJECT, ED25519)]);
                let key = der::value(der::OCTET_STRING, &der::value(der::OCTET_STRING, seed));
                der::to_pem(
                    "PRIVATE KEY",
                    &der::sequence(&[&der::integer(&[]), &algorithm, &key]),
                )
            }
        }
    }
}

fn number(number: &BigUint) -> Vec<u8> {
    der::integer(&number.to_bytes_be())
}

fn greatest_common_divisor(left: &BigUint, right: &BigUint) -> BigUint {
    let (mut left, mut right) = (left.clone(), right.clone());
    while right != BigUint::ZERO {
        let rest = &left % &right;
        left = std::mem::replace(&mut right, rest);
    }
    left
}

impl Rsa {
    fn to_der(&self) -> Vec<u8> {
        let [p, q] = &self.primes;
        let inverse = q.modinv(p).unwrap_or_default();
        let numbers = [
            BigUint::ZERO,
            self.modulus.clone(),
            self.exponent.clone(),
            self.private.clone(),
            p.clone(),
            q.clone(),
            &self.private % (p - 1_u8),
            &self.private % (q - 1_u8),
            inverse,
        ];
        let parts: Vec<Vec<u8>> = numbers.iter().map(number).collect();
        der::value(der::SEQUENCE, &parts.concat())
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("rsa: {why}");
        let [p, q] = &self.primes;
        let ordered = Self {
            modulus: self.modulus.clone(),
            exponent: self.exponent.clone(),
            private: self.private.clone(),
            primes: [p.max(q).clone(), p.min(q).clone()],
        };
        let pair = ring::rsa::KeyPair::from_der(&ordered.to_der()).map_err(|why| wrong(&why))?;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .map_err(|why| wrong(&why))?;
        Ok(signature)
    }
}

impl Ec {
    fn to_der(&self) -> Vec<u8> {
        der::sequence(&[
            &der::integer(&[1]),
            &der::value(der::OCTET_STRING, &self.private),
            &der::value(0xa0, &der::value(der::OBJECT, self.curve.object)),
            &der::value(0xa1, &der::bits(&self.public)),
        ])
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let random = SystemRandom::new();
        let (private, public) = (&self.private, &self.public);
        let algorithm = self.curve.algorithm;
        let pair =
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &random);
        let pair = pair.map_err(|why| format!("ecdsa: {why}"))?;
        let signature = pair
            .sign(&random, message)
            .map_err(|why| format!("ecdsa: {why}"))?;
        Ok(signature.as_ref().to_vec())
    }
}

/// What certificates say of keys, and what they are signed with.
impl Key {
    /// The public key as certificates have it, and its bytes alone.
    pub(super) fn public(&self) -> Result<(Vec<u8>, Vec<u8>), String> {
        let (algorithm, bytes) = match self {
            Self::Rsa(key) => (
                der::sequence(&[&der::value(der::OBJECT, RSA), der::NULL]),
                der::sequence(&[&number(&key.modulus), &number(&key.exponent)]),
            ),
            Self::Ec(key) => {
                let curve = der::value(der::OBJECT, key.curve.object);
                (
                    der::sequence(&[&der::value(der::OBJECT, EC), &curve]),
                    key.public.clone(),
                )
            }
            Self::Ed25519(seed) => {
                let pair =
                    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|why| why.to_string())?;
                let algorithm = der::sequence(&[&der::value(der::OBJECT, ED25519)]);
                (algorithm, pair.public_key().as_ref().to_vec())
            }
            Self::Dsa(_) => {
                let why = "x509: unsupported public key type: *dsa.PublicKey";
                return Err(why.to_owned());
            }
        };
        Ok((der::sequence(&[&algorithm, &der::bits(&bytes)]), bytes))
    }

    /// The algorithm by which it signs, as certificates name it.
    pub(super) fn algorithm(&self) -> Result<Vec<u8>, String> {
        Ok(match self {
            Self::Rsa(_) => der::sequence(&[&der::value(der::OBJECT, RSA_SHA256), der::NULL]),
            Self::Ec(key) => der::sequence(&[&der::value(der::OBJECT, key.curve.signature)]),
            Self::Ed25519(_) => der::sequence(&[&der::value(der::OBJECT, ED25519)]),
            Self::Dsa(_) => {
                return Err(
                    "x509: certificate private key does not implement crypto.Signer".to_owned(),
                );
            }
        })
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Self::Rsa(key) => key.sign(message),
            Self::Ec(key) => key.sign(message),
            Self::Ed25519(seed) => {
                let pair =
                    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|why| why.to_string())?;
                Ok(pair.sign(message).as_ref().to_vec())
            }
            Self::Dsa(_) => self.algorithm(),
        }
    }
}

/// Reads a key from the first PEM block of a text.
pub(super) fn from_pem(text: &[u8]) -> Result<Key, String> {
    let Block { kind, bytes } = der::from_pem(text).ok_or("no PEM data in input")?;
    if kind == "PRIVATE KEY" {
        let why = "decoding PEM as PKCS#8: asn1: structure error: malformed or unsupported key";
        return read_pkcs8(&bytes).ok_or_else(|| why.to_owned());
    }
    let Some(name) = kind.strip_suffix(" PRIVATE KEY") else {
        return Err(format!("no private key data in PEM block of type {kind}"));
    };
    let key = match name {
        "RSA" => read_rsa(&bytes),
        "EC" => read_ec(&bytes, None),
        "DSA" => read_dsa(&bytes),
        _ => return Err(format!("invalid private key type {name}")),
    };
    key.ok_or_else(|| {
        format!("parsing {name} private key from PEM: asn1: structure error: malformed or unsupported key")
    })
}

fn read_pkcs8(bytes: &[u8]) -> Option<Key> {
    let mut parts = Reader::new(bytes).sequence()?;
    parts.content(der::INTEGER)?;
    let mut algorithm = parts.sequence()?;
    let object = algorithm.content(der::OBJECT)?;
    let key = parts.content(der::OCTET_STRING)?;
    match object {
        RSA => read_rsa(key),
        EC => read_ec(key, algorithm.content(der::OBJECT)),
        ED25519 => {
            let seed = Reader::new(key).content(der::OCTET_STRING)?;
            seed.try_into().ok().map(Key::Ed25519)
        }
        _ => None,
    }
}

fn numbers<const COUNT: usize>(bytes: &[u8]) -> Option<[BigUint; COUNT]> {
    let mut parts = Reader::new(bytes).sequence()?;
    let mut numbers = [const { BigUint::ZERO }; COUNT];
    for number in &mut numbers {
        *number = BigUint::from_bytes_be(parts.content(der::INTEGER)?);
    }
    Some(numbers)
}

fn read_rsa(bytes: &[u8]) -> Option<Key> {
    let [_, modulus, exponent, private, p, q] = numbers(bytes)?;
    (&p * &q == modulus).then_some(Key::Rsa(Rsa {
        modulus,
        exponent,
        private,
        primes: [p, q],
    }))
}

fn read_dsa(bytes: &[u8]) -> Option<Key> {
    let [_, modulus, divisor, generator, public, private] = numbers(bytes)?;
    Some(Key::Dsa([modulus, divisor, generator, public, private]))
}

fn read_ec(bytes: &[u8], curve: Option<&[u8]>) -> Option<Key> {
    let mut parts = Reader::new(bytes).sequence()?;
    parts.content(der::INTEGER)?;
    let private = parts.content(der::OCTET_STRING)?;
    let mut object = curve;
    let mut public = None;
    while let Some(tag) = parts.tag() {
        let mut inner = Reader::new(parts.any()?);
        match tag {
            0xa0 => object = inner.content(der::OBJECT),
            0xa1 => public = inner.bits(),
            _ => {}
        }
    }
    let curve = [&P256, &P384]
        .into_iter()
        .find(|curve| Some(curve.object) == object)?;
    let mut padded = vec![0; curve.length.checked_sub(private.len())?];
    padded.extend_from_slice(private);
    Some(Key::Ec(Ec {
        curve,
        private: padded,
        public: public?.to_vec(),
    }))
}
