//! Keys, certificates, passwords, and what is random.

mod certificate;
mod der;
mod key;
mod password;
mod prime;
mod random;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub(super) use password::ALL as PASSWORDS;
pub(super) use random::ALL as RANDOM;

use super::arguments::{bytes, value};
use super::encoding::decode_base64;
use crate::govalue::{
    Context, Error, Function, JsonForm, Kind, Parameter, Record, Shape, Value, to_json,
};
use certificate::{Signer, Wanted};
use key::Key;

const TEXT: Parameter = Parameter::Text;
const LIST: Parameter = Parameter::List;
const INT: Parameter = Parameter::Int;
const AUTHORITY: Parameter = Parameter::Record(&CERTIFICATE);

pub(super) const ALL: &[Function] = &[
    Function::new("genPrivateKey", &[TEXT], private_key).draws(),
    Function::new("genCA", &[TEXT, INT], authority).draws(),
    Function::new("genCAWithKey", &[TEXT, INT, TEXT], authority_with_key).draws(),
    Function::new("genSelfSignedCert", &[TEXT, LIST, LIST, INT], self_signed).draws(),
    Function::new(
        "genSelfSignedCertWithKey",
        &[TEXT, LIST, LIST, INT, TEXT],
        self_signed_with_key,
    )
    .draws(),
    Function::new("genSignedCert", &[TEXT, LIST, LIST, INT, AUTHORITY], signed).draws(),
    Function::new(
        "genSignedCertWithKey",
        &[TEXT, LIST, LIST, INT, AUTHORITY, TEXT],
        signed_with_key,
    )
    .draws(),
    Function::new("buildCustomCert", &[TEXT, TEXT], custom),
];

/// A certificate and its key, as PEM.
pub(super) static CERTIFICATE: Shape =
    Shape::new("sprig.certificate", Kind::Struct, &["Cert", "Key"]);

/// The bits of keys of certificates.
const CERTIFICATE_BITS: u64 = 2048;

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn private_key(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let world = context.world;
    let kind = bytes(arguments, 0);
    let key = match kind {
        b"" | b"rsa" => Ok(Key::rsa(world, 4096)),
        b"dsa" => Ok(Key::dsa(world)),
        b"ecdsa" => Key::ec(),
        b"ed25519" => Ok(Key::ed25519(world)),
        other => return Ok(Value::text([b"Unknown type ", other].concat())),
    };
    Ok(key.map_or_else(Value::from, |key| key.to_pem().into()))
}

fn authority(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    make_authority(
        context,
        arguments,
        &Key::rsa(context.world, CERTIFICATE_BITS),
    )
}

fn authority_with_key(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    make_authority(context, arguments, &given_key(arguments, 2)?)
}

fn make_authority(context: &Context<'_>, arguments: &[Value], key: &Key) -> Result<Value, Error> {
    let wanted = Wanted {
        name: bytes(arguments, 0).to_vec(),
        addresses: Vec::new(),
        hosts: Vec::new(),
        days: integer(value(arguments, 1)),
        is_authority: true,
    };
    make(context, &wanted, key, None)
}

fn self_signed(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let wanted = wanted(arguments)?;
    make(
        context,
        &wanted,
        &Key::rsa(context.world, CERTIFICATE_BITS),
        None,
    )
}

fn self_signed_with_key(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let key = given_key(arguments, 4)?;
    make(context, &wanted(arguments)?, &key, None)
}

fn signed(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let signer = signer(value(arguments, 4))?;
    let wanted = wanted(arguments)?;
    let key = Key::rsa(context.world, CERTIFICATE_BITS);
    make(context, &wanted, &key, Some(&signer))
}

fn signed_with_key(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let key = given_key(arguments, 5)?;
    let signer = signer(value(arguments, 4))?;
    make(context, &wanted(arguments)?, &key, Some(&signer))
}

fn make(
    context: &Context<'_>,
    wanted: &Wanted,
    key: &Key,
    signer: Option<&Signer>,
) -> Result<Value, Error> {
    let certificate = certificate::create(context.world, wanted, key, signer)
        .map_err(|why| Error::Failed(format!("error creating certificate: {why}")))?;
    let certificate = der::to_pem("CERTIFICATE", &certificate);
    Ok(record(certificate.into(), key.to_pem().into()))
}

fn record(certificate: Value, key: Value) -> Value {
    Value::Record(Record::new(&CERTIFICATE, vec![certificate, key]))
}

fn given_key(arguments: &[Value], index: usize) -> Result<Key, Error> {
    key::from_pem(bytes(arguments, index))
        .map_err(|why| Error::Failed(format!("parsing private key: {why}")))
}

/// Reads the authority that an earlier call gave.
fn signer(authority: &Value) -> Result<Signer, Error> {
    let field = |name| match authority {
        Value::Record(record) => record.field(name).unwrap_or_default(),
        _ => Value::Nil,
    };
    let (certificate, key) = (field("Cert"), field("Key"));
    let fields = [certificate, key];
    let block = der::from_pem(bytes(&fields, 0))
        .ok_or_else(|| Error::Failed("unable to decode certificate".to_owned()))?;
    if !certificate::is_one(&block.bytes) {
        return Err(malformed("decodedSignerCert"));
    }
    let key = key::from_pem(bytes(&fields, 1))
        .map_err(|why| Error::Failed(format!("error parsing private key: {why}")))?;
    Signer::new(&block.bytes, key).map_err(Error::Failed)
}

fn malformed(place: &str) -> Error {
    let why = certificate::MALFORMED;
    Error::Failed(format!("error parsing certificate: {place}.Bytes: {why}"))
}

/// What the first four arguments of most functions say: name, addresses, hosts, days.
fn wanted(arguments: &[Value]) -> Result<Wanted, Error> {
    let mut addresses = Vec::new();
    for item in items(value(arguments, 1)) {
        let Value::Text(text) = item else {
            return Err(Error::Failed(format!(
                "error parsing ip: {} is not a string",
                shown(item)
            )));
        };
        let address: IpAddr = text
            .as_str()
            .parse()
            .map_err(|_| Error::Failed(format!("error parsing ip: {text}")))?;
        addresses.push(address);
    }
    let mut hosts = Vec::new();
    for item in items(value(arguments, 2)) {
        let Value::Text(text) = item else {
            let shown = shown(item);
            let why = format!("error processing alternate dns name: {shown} is not a string");
            return Err(Error::Failed(why));
        };
        hosts.push(text.to_vec());
    }
    Ok(Wanted {
        name: bytes(arguments, 0).to_vec(),
        addresses,
        hosts,
        days: integer(value(arguments, 3)),
        is_authority: false,
    })
}

fn items(list: &Value) -> &[Value] {
    match list {
        Value::List(list) => list,
        _ => &[],
    }
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Int(number) => *number,
        _ => 0,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        other => to_json(other, JsonForm::Raw, &|_| Ok(()))
            .map(|text| String::from_utf8_lossy(&text).into_owned())
            .unwrap_or_default(),
    }
}

/// A certificate and a key that a chart brings, checked.
fn custom(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let failed = |why: &str| Error::Failed(why.to_owned());
    let certificate = decode_base64(bytes(arguments, 0))
        .map_err(|_| failed("unable to decode base64 certificate"))?;
    let key = decode_base64(bytes(arguments, 1))
        .map_err(|_| failed("unable to decode base64 private key"))?;
    let block =
        der::from_pem(&certificate).ok_or_else(|| failed("unable to decode certificate"))?;
    if !certificate::is_one(&block.bytes) {
        return Err(malformed("decodedCert"));
    }
    key::from_pem(&key).map_err(|why| failed(&format!("error parsing private key: {why}")))?;
    Ok(record(Value::text(certificate), Value::text(key)))
}
