//! A model check of the queues and of converge: random sequences of what may happen are played to a house
//! in a world that is not real, in time that is not real, and laws are held against what it starts.
//!
//! | file | what it is |
//! |---|---|
//! | `deed` | what may happen, and how often |
//! | `world`, `cluster` | what is true outside, across restarts |
//! | `stage`, `news`, `jobs` | the operator's loop without an operator: facts in, jobs out, jobs end |
//! | `ledger` | what an observer knows: the reference, written from what is promised |
//! | `laws`, `rest` | what always holds, and what holds once faults have stopped |
//! | `rows` | sequences that broke a law once |
//!
//! A sequence that breaks a law is made shorter as long as it breaks the same one, then told with its seed.
//! `MODEL_CASES` says how many are played, `MODEL_SEED` with which seed they begin.

mod cluster;
mod deed;
mod dice;
mod jobs;
mod laws;
mod ledger;
mod news;
mod rest;
mod rows;
mod stage;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use deed::{Deed, Sequence};
use laws::Broken;
use stage::Stage;

/// How many sequences are played when nobody says otherwise.
const CASES: u64 = 2_000;
/// How often a sequence that breaks a law is played to make it shorter.
const ATTEMPTS: usize = 3_000;

/// Plays a sequence to its end; answers the law that it broke.
fn play(sequence: &Sequence) -> Result<(), Broken> {
    play_on(&mut Stage::new(sequence.terms), sequence)
}

/// Plays a sequence to its end; answers the law that it broke, and the story.
fn tell(sequence: &Sequence) -> (Result<(), Broken>, Vec<String>) {
    let mut stage = Stage::new(sequence.terms);
    stage.is_told = true;
    let result = play_on(&mut stage, sequence);
    (result, stage.story)
}

fn play_on(stage: &mut Stage, sequence: &Sequence) -> Result<(), Broken> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        for deed in &sequence.deeds {
            stage.play(*deed)?;
        }
        stage.come_to_rest()
    }));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(laws::broken("nothing panics", text.unwrap_or_default()))
    })
}

/// The shortest sequence found that breaks the same law.
fn shorten(mut sequence: Sequence, law: &str) -> Sequence {
    let mut left = ATTEMPTS;
    let mut size = sequence.deeds.len().div_ceil(2).max(1);
    loop {
        let mut is_shorter = false;
        let mut begin = 0;
        while begin < sequence.deeds.len() && left > 0 {
            left -= 1;
            let end = (begin + size).min(sequence.deeds.len());
            let mut shorter = sequence.clone();
            shorter.deeds.drain(begin..end);
            if play(&shorter).is_err_and(|broken| broken.law == law) {
                (sequence, is_shorter) = (shorter, true);
            } else {
                begin += size;
            }
        }
        if left == 0 || (size == 1 && !is_shorter) {
            return sequence;
        }
        if !is_shorter {
            size = (size / 2).max(1);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment how much to try"
)]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays the sequences of these seeds; tells the shortest form of the first that breaks a law, and which
/// others do.
fn check(seeds: impl Iterator<Item = u64>) {
    let played = seeds.map(|seed| (seed, play(&Sequence::of(seed))));
    let broken: Vec<(u64, Broken)> = played
        .filter_map(|(seed, result)| Some((seed, result.err()?)))
        .collect();
    let Some((seed, first)) = broken.first() else {
        return;
    };
    let short = shorten(Sequence::of(*seed), first.law);
    let (result, story) = tell(&short);
    let why = result
        .err()
        .map_or_else(|| first.why.clone(), |broken| broken.why);
    let deeds: Vec<String> = short
        .deeds
        .iter()
        .map(|deed: &Deed| format!("  {deed:?},"))
        .collect();
    let others: Vec<String> = broken
        .iter()
        .skip(1)
        .map(|(seed, broken)| format!("  {seed}: {}: {}", broken.law, broken.why))
        .collect();
    panic!(
        "a law is broken: {}\n{why}\nseed {seed} (MODEL_SEED={seed} MODEL_CASES=1), {:?}\n{}\n\nthe story:\n{}\n\nother seeds that break one:\n{}",
        first.law,
        short.terms,
        deeds.join("\n"),
        story.join("\n"),
        others.join("\n"),
    );
}

#[test]
fn random_sequences_keep_the_laws() {
    let first = number("MODEL_SEED").unwrap_or_default();
    let cases = number("MODEL_CASES").unwrap_or(CASES);
    check((0..cases).map(|case| first.wrapping_add(case)));
}
