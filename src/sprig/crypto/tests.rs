//! Functions that draw, and those that do not.

use std::cell::Cell;

use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;
use crate::govalue::{Lookup, Map, World};

/// Numbers that look random, and a time that stands still.
pub(super) struct Counting(Cell<u64>);

impl Counting {
    pub(super) fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }
}

impl World for Counting {
    fn now(&self) -> i128 {
        1_700_000_000_123_456_789
    }
    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = self.0.get().wrapping_mul(6_364_136_223_846_793_005);
            self.0.set(next.wrapping_add(1));
            *byte = next.to_be_bytes()[0];
        }
    }
    fn lookup(&self, _: &Lookup<'_>) -> Result<Value, Error> {
        Ok(Value::Nil)
    }
    fn recall(&self, _: &str, _: &[Value]) -> Option<Value> {
        None
    }
    fn keep(&self, _: &str, _: &[Value], _: &Value) {}
    fn spend(&self, bytes: usize) -> Result<(), Error> {
        if bytes > 1 << 20 {
            return Err(Error::Limit("too many".to_owned()));
        }
        Ok(())
    }
    fn note_change(&self, _: &Map) {}
}

fn call(name: &str, arguments: &[Value]) -> Result<Value, Error> {
    let tables = [ALL, PASSWORDS, RANDOM];
    let mut functions = tables.into_iter().flatten();
    let function = functions.find(|function| function.name == name).unwrap();
    // Equal for equal numbers of arguments only: two keys are to differ.
    let world = Counting::new(u64::MAX / (arguments.len() as u64 + 3));
    (function.call)(&Context { world: &world }, arguments)
}

fn text(name: &str, arguments: &[Value]) -> String {
    match call(name, arguments) {
        Ok(Value::Text(text)) => text.to_string(),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error: {error}"),
    }
}

fn pair(value: &Value) -> (String, String) {
    let Value::Record(record) = value else {
        panic!("{value:?}")
    };
    let field = |name| match record.field(name) {
        Some(Value::Text(text)) => text.to_string(),
        other => panic!("{other:?}"),
    };
    (field("Cert"), field("Key"))
}

#[test]
fn words_have_the_length_and_the_signs_asked_for() {
    type Test = fn(char) -> bool;
    let rows: [(&str, Test); 4] = [
        ("randAlphaNum", |sign| sign.is_ascii_alphanumeric()),
        ("randAlpha", |sign| sign.is_ascii_alphabetic()),
        ("randNumeric", |sign| sign.is_ascii_digit()),
        ("randAscii", |sign| matches!(sign, ' '..='~')),
    ];
    for (name, is_allowed) in rows {
        let word = text(name, &[Value::Int(500)]);
        assert_eq!(word.len(), 500);
        assert!(word.chars().all(is_allowed), "{name}: {word}");
        let signs: std::collections::BTreeSet<char> = word.chars().collect();
        assert!(signs.len() >= 10, "{name}: {word}");
        assert_eq!(text(name, &[Value::Int(0)]), "");
        assert_eq!(text(name, &[Value::Int(-1)]), "");
        assert_eq!(text(name, &[Value::Int(1 << 40)]), "error: too many");
    }
}

#[test]
fn random_numbers_stay_in_their_range() {
    for (low, high) in [(0, 1), (-3, 4), (5, 600), (0, i64::MAX)] {
        for _ in 0..50 {
            let number = call("randInt", &[Value::Int(low), Value::Int(high)]).unwrap();
            assert!(matches!(number, Value::Int(number) if (low..high).contains(&number)));
        }
    }
    let wrong = [Value::Int(3), Value::Int(3)];
    assert_eq!(text("randInt", &wrong), "error: invalid argument to Intn");
}

#[test]
fn a_shuffled_text_has_the_same_letters() {
    let shuffled = text("shuffle", &["abcdefghijé".into()]);
    let mut letters: Vec<char> = shuffled.chars().collect();
    letters.sort_unstable();
    assert_eq!(letters.into_iter().collect::<String>(), "abcdefghijé");
    assert_ne!(shuffled, "abcdefghijé");
    assert_eq!(text("shuffle", &["".into()]), "");
}

#[test]
fn identifiers_have_their_form() {
    let identifier = text("uuidv4", &[]);
    let form =
        regex::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$");
    assert!(form.unwrap().is_match(&identifier), "{identifier}");
}

#[test]
fn passwords_are_derived_hashed_and_used() {
    let derive = |kind: &str| {
        let words = ["password", "user", "example.com"].map(Value::from);
        let arguments = [&[Value::Int(1), kind.into()], &words[..]].concat();
        text("derivePassword", &arguments)
    };
    assert_eq!(derive("long"), "ZedaFaxcZaso9*");
    assert_eq!(derive("nope"), "cannot find password template nope");
    let entry = text("htpasswd", &["u".into(), "p".into()]);
    let hash = entry.strip_prefix("u:").unwrap();
    assert!(hash.starts_with("$2a$10$") && bcrypt::verify("p", hash).unwrap());
    assert_eq!(
        text("htpasswd", &["a:b".into(), "p".into()]),
        "invalid username: a:b"
    );
    assert_eq!(
        text("bcrypt", &["x".repeat(73).into()]),
        "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
    );
    for plain in ["", "v", "exactly 16 bytes", "more than one block of bytes"] {
        let encrypted = text("encryptAES", &["k".into(), plain.into()]);
        assert_eq!(text("decryptAES", &["k".into(), encrypted.into()]), plain);
    }
}

#[test]
fn keys_that_are_written_are_read() {
    for (kind, begins) in [
        ("rsa", "-----BEGIN RSA PRIVATE KEY-----\n"),
        ("ecdsa", "-----BEGIN EC PRIVATE KEY-----\n"),
        ("ed25519", "-----BEGIN PRIVATE KEY-----\n"),
    ] {
        let key = match kind {
            // A key as small as certificates have them: large ones take long here.
            "rsa" => Key::rsa(&Counting::new(5), 2048).to_pem(),
            kind => text("genPrivateKey", &[kind.into()]),
        };
        assert!(key.starts_with(begins), "{key}");
        let read = key::from_pem(key.as_bytes()).unwrap();
        assert_eq!(read.to_pem(), key);
    }
    assert_eq!(text("genPrivateKey", &["bad".into()]), "Unknown type bad");
}

#[test]
fn authorities_sign_certificates() {
    let authority = call("genCA", &["foo".into(), Value::Int(365)]).unwrap();
    let (ca, ca_key) = pair(&authority);
    let addresses = Value::from(vec!["1.2.3.4".into(), "::1".into()]);
    let hosts = Value::from(vec!["a.example".into()]);
    let arguments = ["cn".into(), addresses, hosts, Value::Int(10), authority];
    let (certificate, key) = pair(&call("genSignedCert", &arguments).unwrap());
    assert!(ca_key.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    assert_ne!(key, ca_key);

    let bytes = der::from_pem(certificate.as_bytes()).unwrap().bytes;
    let mut parts = der::Reader::new(&bytes).sequence().unwrap();
    let body = parts.whole().unwrap();
    parts.sequence().unwrap();
    let signature = parts.bits().unwrap();
    let (_, public) = key::from_pem(ca_key.as_bytes()).unwrap().public().unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    public.verify(body, signature).unwrap();

    let encode = |text: &str| {
        Value::from(base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            text,
        ))
    };
    let custom = call("buildCustomCert", &[encode(&ca), encode(&ca_key)]).unwrap();
    assert_eq!(pair(&custom), (ca, ca_key));
}

#[test]
fn small_keys_sign_as_well() {
    for kind in ["ecdsa", "ed25519"] {
        let key = call("genPrivateKey", &[kind.into()]).unwrap();
        let authority = call("genCAWithKey", &["foo".into(), Value::Int(1), key.clone()]).unwrap();
        assert_eq!(Value::from(pair(&authority).1).type_name(), "string");
        let arguments = [
            "cn".into(),
            Value::Nil,
            Value::Nil,
            Value::Int(1),
            authority,
            key,
        ];
        call("genSignedCertWithKey", &arguments).unwrap();
    }
}

#[test]
fn what_is_wrong_is_told_in_the_words_of_go() {
    let list = |item: Value| Value::from(vec![item]);
    let day = Value::Int(1);
    let rows = [
        (
            call(
                "genSelfSignedCert",
                &["a".into(), list("x".into()), Value::Nil, day.clone()],
            ),
            "error parsing ip: x",
        ),
        (
            call(
                "genSelfSignedCert",
                &["a".into(), list(Value::Int(1)), Value::Nil, day.clone()],
            ),
            "error parsing ip: 1 is not a string",
        ),
        (
            call(
                "genSelfSignedCert",
                &["a".into(), Value::Nil, list(Value::Nil), day.clone()],
            ),
            "error processing alternate dns name: <nil> is not a string",
        ),
        (
            call("genCAWithKey", &["a".into(), day.clone(), "x".into()]),
            "parsing private key: no PEM data in input",
        ),
        (
            call("buildCustomCert", &["!".into(), "".into()]),
            "unable to decode base64 certificate",
        ),
        (
            call("buildCustomCert", &["YQ==".into(), "YQ==".into()]),
            "unable to decode certificate",
        ),
    ];
    for (result, expected) in rows {
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}
