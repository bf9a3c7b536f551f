//! Random words and numbers. All randomness is the world's.

use crate::govalue::{Context, Error, Function, Parameter, Value, World};
use crate::sprig::arguments::{bytes, value};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const COUNT: &[Parameter] = &[Parameter::Int];

pub(in crate::sprig) const ALL: &[Function] = &[
    Function::new("randAlphaNum", COUNT, alphanumeric).draws(),
    Function::new("randAlpha", COUNT, alphabetic).draws(),
    Function::new("randNumeric", COUNT, numeric).draws(),
    Function::new("randAscii", COUNT, ascii).draws(),
    Function::new("randBytes", COUNT, rand_bytes).draws(),
    Function::new("randInt", &[Parameter::Int, Parameter::Int], rand_int).draws(),
    Function::new("shuffle", &[Parameter::Text], shuffle).draws(),
    Function::new("uuidv4", &[], uuidv4).draws(),
];

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fn alphanumeric(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    word(context, arguments, ALPHANUMERIC)
}

fn alphabetic(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    word(context, arguments, &ALPHANUMERIC[10..])
}

fn numeric(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    word(context, arguments, &ALPHANUMERIC[..10])
}

fn ascii(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let signs: Vec<u8> = (b' '..=b'~').collect();
    word(context, arguments, &signs)
}

/// A word of so many of these signs; none when the number is negative.
fn word(context: &Context<'_>, arguments: &[Value], signs: &[u8]) -> Result<Value, Error> {
    let count = usize::try_from(integer(arguments, 0)).unwrap_or_default();
    context.world.spend(count)?;
    let count_of_signs = u64::try_from(signs.len()).unwrap_or_default();
    let mut source = Source::new(context.world);
    let word: Vec<u8> = std::iter::repeat_with(|| source.below(count_of_signs))
        .take(count)
        .filter_map(|place| signs.get(usize::try_from(place).ok()?).copied())
        .collect();
    Ok(Value::text(word))
}

fn integer(arguments: &[Value], index: usize) -> i64 {
    match value(arguments, index) {
        Value::Int(number) => *number,
        _ => 0,
    }
}

/// So many bytes, as base64.
fn rand_bytes(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let count = usize::try_from(integer(arguments, 0))
        .map_err(|_| failed("runtime error: makeslice: len out of range"))?;
    context.world.spend(count)?;
    let mut bytes = vec![0; count];
    context.world.fill_random(&mut bytes);
    Ok(STANDARD.encode(bytes).into())
}

/// A number from the first on, below the second.
fn rand_int(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let (low, high) = (integer(arguments, 0), integer(arguments, 1));
    let width = high.wrapping_sub(low);
    let width = u64::try_from(width).unwrap_or_default();
    if width == 0 {
        return Err(failed("invalid argument to Intn"));
    }
    let above = Source::new(context.world).below(width);
    Ok(Value::Int(low.wrapping_add_unsigned(above)))
}

/// The characters of a text in another order; each byte that is none becomes the replacement character.
fn shuffle(context: &Context<'_>, arguments: &[Value]) -> Result<Value, Error> {
    let text = bytes(arguments, 0);
    context.world.spend(text.len())?;
    let mut letters = Vec::new();
    for chunk in text.utf8_chunks() {
        letters.extend(chunk.valid().chars());
        letters.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    let mut source = Source::new(context.world);
    let mut left = u64::try_from(letters.len()).unwrap_or_default();
    for last in (1..letters.len()).rev() {
        let other = source.below(left);
        left -= 1;
        letters.swap(last, usize::try_from(other).unwrap_or_default());
    }
    Ok(letters.into_iter().collect::<String>().into())
}

#[expect(clippy::unnecessary_wraps, reason = "functions have one signature")]
fn uuidv4(context: &Context<'_>, _: &[Value]) -> Result<Value, Error> {
    let mut bytes = [0; 16];
    context.world.fill_random(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32];
    Ok(parts.map(|part| &digits[part]).join("-").into())
}

fn failed(why: &str) -> Error {
    Error::Failed(why.to_owned())
}

/// Random numbers, asked for in small portions.
pub(super) struct Source<'a> {
    world: &'a dyn World,
    portion: [u8; 256],
    used: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(world: &'a dyn World) -> Self {
        let portion = [0; 256];
        let used = portion.len();
        Self {
            world,
            portion,
            used,
        }
    }

    /// A number below another one; all of them are equally likely.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        if let Ok(limit) = u8::try_from(limit)
            && limit > 0
        {
            let fair = 255 - 255 % limit;
            loop {
                let [byte] = self.bytes();
                if byte < fair {
                    return u64::from(byte % limit);
                }
            }
        }
        let limit = limit.max(1);
        let fair = u64::MAX - u64::MAX % limit;
        loop {
            let number = u64::from_be_bytes(self.bytes());
            if number < fair {
                return number % limit;
            }
        }
    }

    fn bytes<const COUNT: usize>(&mut self) -> [u8; COUNT] {
        let mut bytes = [0; COUNT];
        if self.used + COUNT > self.portion.len() {
            self.world.fill_random(&mut self.portion);
            self.used = 0;
        }
        bytes.copy_from_slice(&self.portion[self.used..self.used + COUNT]);
        self.used += COUNT;
        bytes
    }
}
