//! Large primes, and the numbers that keys are made of.

use num_bigint::BigUint;

use crate::govalue::World;

/// How often a number is tested with a random base. One that is random itself needs fewer.
const ROUNDS: usize = 8;

/// Primes below are tried as divisors, which spares nine tests of ten.
const SMALL: u32 = 1 << 14;

/// A random number of at most so many bits.
pub(super) fn random(world: &dyn World, bits: u64) -> BigUint {
    let mut bytes = vec![0; usize::try_from(bits.div_ceil(8)).unwrap_or_default()];
    world.fill_random(&mut bytes);
    let surplus = (8 - bits % 8) % 8;
    if let Some(first) = bytes.first_mut() {
        *first &= 0xff >> surplus;
    }
    BigUint::from_bytes_be(&bytes)
}

/// A random number from 1 on, below another one.
pub(super) fn random_below(world: &dyn World, limit: &BigUint) -> BigUint {
    loop {
        let number = random(world, limit.bits());
        if number != BigUint::ZERO && number < *limit {
            return number;
        }
    }
}

/// A random prime of so many bits, the two highest of which are set: two of them have a product of
/// twice as many.
pub(super) fn prime(world: &dyn World, bits: u64) -> BigUint {
    let two = BigUint::from(2_u8);
    loop {
        let mut start = random(world, bits);
        start.set_bit(bits - 1, true);
        start.set_bit(bits - 2, true);
        start.set_bit(0, true);
        if let Some(prime) = search(world, &start, &two)
            && prime.bits() == bits
        {
            return prime;
        }
    }
}

/// A random prime of so many bits that is 1 more than a multiple of twice another prime.
pub(super) fn prime_over(world: &dyn World, bits: u64, divisor: &BigUint) -> BigUint {
    let step = divisor << 1;
    loop {
        let mut start = random(world, bits);
        start.set_bit(bits - 1, true);
        let start = &start - (&start % &step) + 1_u8;
        if let Some(prime) = search(world, &start, &step)
            && prime.bits() == bits
        {
            return prime;
        }
    }
}

/// The first prime of those that lie in equal steps from a number on; not too many are looked at.
fn search(world: &dyn World, start: &BigUint, step: &BigUint) -> Option<BigUint> {
    let divisors = small_primes();
    let rest = |number: &BigUint| -> Vec<u32> {
        let rests = divisors.iter().map(|divisor| number % *divisor);
        rests
            .map(|rest| u32::try_from(rest).unwrap_or_default())
            .collect()
    };
    let (starts, steps) = (rest(start), rest(step));
    let has_divisor = |count: u32| {
        let mut rests = divisors.iter().zip(&starts).zip(&steps);
        rests.any(|((divisor, start), step)| (start + step * count).is_multiple_of(*divisor))
    };
    (0..SMALL)
        .filter(|count| !has_divisor(*count))
        .map(|count| start + step * count)
        .find(|number| is_prime(world, number))
}

/// All odd primes below [`SMALL`].
fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for number in (3..SMALL).step_by(2) {
        let mut candidates = primes.iter().take_while(|prime| *prime * *prime <= number);
        if !candidates.any(|prime| number.is_multiple_of(*prime)) {
            primes.push(number);
        }
    }
    primes
}

/// The test of Miller and Rabin, for odd numbers.
fn is_prime(world: &dyn World, number: &BigUint) -> bool {
    let one = BigUint::from(1_u8);
    let before = number - 1_u8;
    let twos = before.trailing_zeros().unwrap_or_default();
    let odd = &before >> twos;
    (0..ROUNDS).all(|_| {
        let mut power = random_below(world, &before).modpow(&odd, number);
        if power == one || power == before {
            return true;
        }
        (1..twos).any(|_| {
            power = &power * &power % number;
            power == before
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sprig::crypto::tests::Counting;

    #[test]
    fn primes_are_told_from_other_numbers() {
        let world = Counting::new(1);
        let mersenne = |bits: u32| (BigUint::from(1_u8) << bits) - 1_u8;
        let rows = [
            (mersenne(61), true),
            (mersenne(67), false),
            (mersenne(127), true),
            (mersenne(521), true),
            (mersenne(523), false),
            (BigUint::from(561_u32), false),
            (BigUint::from(3_215_031_751_u64), false),
        ];
        for (number, expected) in rows {
            assert_eq!(is_prime(&world, &number), expected, "{number}");
        }
    }

    #[test]
    fn primes_have_the_size_and_the_form_asked_for() {
        let world = Counting::new(2);
        let (p, q) = (prime(&world, 256), prime(&world, 256));
        assert_ne!(p, q);
        assert_eq!((p.bits(), (&p * &q).bits()), (256, 512));
        let over = prime_over(&world, 512, &p);
        assert_eq!(over.bits(), 512);
        assert_eq!((over - 1_u8) % p, BigUint::ZERO);
    }
}
