//! Passwords: hashed, derived, used to encrypt.

use aes::Aes256;
use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::govalue::{Context, Error, Function, Parameter, Value};
use crate::sprig::arguments::{bytes, value};
use crate::sprig::encoding::decode_base64;

const ONE: &[Parameter] = &[Parameter::Text];
const TWO: &[Parameter] = &[Parameter::Text, Parameter::Text];

pub(in crate::sprig) const ALL: &[Function] = &[
    Function::new("bcrypt", ONE, bcrypt).draws(),
    Function::new("htpasswd", TWO, htpasswd).draws(),
    Function::new(
        "derivePassword",
        &[
            Parameter::Uint32,
            Parameter::Text,
            Parameter::Text,
            Parameter::Text,
            Parameter::Text,
        ],
        derive_password,
    ),
    Function::new("encryptAES", TWO, encrypt_aes).draws(),
    Function::new("decryptAES", TWO, decrypt_aes),
];

const COST: u32 = 10;

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn bcrypt(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    Ok(hash(context, bytes(arguments, 0)).into())
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn htpasswd(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let user = bytes(arguments, 0);
    if user.contains(&b':') {
        return Ok(Value::text([b"invalid username: ", user].concat()));
    }
    let hash = hash(context, bytes(arguments, 1));
    Ok(Value::text([user, b":", hash.as_bytes()].concat()))
}

fn hash(context: &Context<'_>, password: &[u8]) -> String {
    const FAILURE: &str = "failed to encrypt string with bcrypt: ";
    if password.len() > 72 {
        return format!("{FAILURE}bcrypt: password length exceeds 72 bytes");
    }
    let mut salt = [0; 16];
    context.world.fill_random(&mut salt);
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => parts.format_for_version(bcrypt::Version::TwoA),
        Err(error) => format!("{FAILURE}{error}"),
    }
}

/// What the algorithm of Master Password signs with.
const SEED: &[u8] = b"com.lyndir.masterpassword";

/// The password of a site, by the algorithm of Master Password.
fn derive_password(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    context.world.spend(0)?;
    let counter = match value(arguments, 0) {
        Value::Int(counter) => u32::try_from(*counter).unwrap_or_default(),
        _ => 0,
    };
    let kind = bytes(arguments, 1);
    let (password, user, site) = (
        bytes(arguments, 2),
        bytes(arguments, 3),
        bytes(arguments, 4),
    );
    let Some(templates) = templates(kind) else {
        return Ok(Value::text(
            [b"cannot find password template ", kind].concat(),
        ));
    };
    let salt = [SEED, &length(user), user].concat();
    let mut key = [0; 64];
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|error| failed(&error))?;
    scrypt::scrypt(password, &salt, &parameters, &mut key).map_err(|error| failed(&error))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| failed(&error))?;
    mac.update(&[SEED, &length(site), site, &counter.to_be_bytes()].concat());
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let signs = template.bytes().zip(&seed[1..]).map(|(class, byte)| {
        let signs = signs(class);
        signs[usize::from(*byte) % signs.len()]
    });
    Ok(Value::text(signs.collect::<Vec<u8>>()))
}

fn length(text: &[u8]) -> [u8; 4] {
    u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes()
}

fn failed(error: &dyn std::fmt::Display) -> Error {
    Error::Failed(error.to_string())
}

/// The forms of a kind of password, each letter a class of signs.
fn templates(kind: &[u8]) -> Option<&'static [&'static str]> {
    Some(match kind {
        b"maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        b"long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        b"medium" => &["CvcnoCvc", "CvcCvcno"],
        b"short" => &["Cvcn"],
        b"basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        b"pin" => &["nnnn"],
        _ => return None,
    })
}

fn signs(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

const BLOCK: usize = 16;

/// AES-256 in CBC mode; the password, cut or filled up, is the key. As base64, the random first block in front.
fn encrypt_aes(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 1);
    if text.is_empty() {
        return Ok("".into());
    }
    context.world.spend(text.len() / 3 * 4)?;
    let cipher = cipher(bytes(arguments, 0));
    let missing = BLOCK - text.len() % BLOCK;
    let padding = u8::try_from(missing).unwrap_or_default();
    let padded = [text, &vec![padding; missing]].concat();
    let mut before = [0; BLOCK];
    context.world.fill_random(&mut before);
    let mut out = before.to_vec();
    for plain in padded.chunks_exact(BLOCK) {
        let mixed: [u8; BLOCK] = std::array::from_fn(|at| plain[at] ^ before[at]);
        let mut block = Block::<Aes256>::from(mixed);
        cipher.encrypt_block(&mut block);
        before = block.into();
        out.extend_from_slice(&before);
    }
    Ok(STANDARD.encode(out).into())
}

fn decrypt_aes(_: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let encoded = bytes(arguments, 1);
    if encoded.is_empty() {
        return Ok("".into());
    }
    let encrypted = decode_base64(encoded)
        .map_err(|place| failed(&format!("illegal base64 data at input byte {place}")))?;
    let Some((first, rest)) = encrypted.split_at_checked(BLOCK) else {
        let why = "runtime error: slice bounds out of range [:16] with capacity ";
        // Go makes room for what padding could have stood for.
        return Err(failed(&format!("{why}{}", encoded.len() / 4 * 3)));
    };
    if !rest.len().is_multiple_of(BLOCK) {
        return Err(failed(&"crypto/cipher: input not full blocks"));
    }
    let cipher = cipher(bytes(arguments, 0));
    let mut out = Vec::with_capacity(rest.len());
    let mut before = first;
    for encrypted in rest.chunks_exact(BLOCK) {
        let bytes: [u8; BLOCK] = std::array::from_fn(|at| encrypted[at]);
        let mut block = Block::<Aes256>::from(bytes);
        cipher.decrypt_block(&mut block);
        out.extend(
            block
                .iter()
                .zip(before)
                .map(|(plain, before)| plain ^ before),
        );
        before = encrypted;
    }
    let Some(padding) = out.last() else {
        return Err(failed(&"runtime error: index out of range [-1]"));
    };
    let length = i64::try_from(out.len()).unwrap_or_default() - i64::from(*padding);
    let length = usize::try_from(length).map_err(|_| {
        failed(&format!(
            "runtime error: slice bounds out of range [:{length}]"
        ))
    })?;
    out.truncate(length);
    Ok(Value::text(out))
}

fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    Aes256::new(&key.into())
}
