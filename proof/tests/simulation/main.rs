//! The house, simulated: thousands of short stories, each of them made of one number.
//!
//! 2,000 are told, with `STANDIN_FULL=1` 10^6; `STANDIN_SEED` tells a single one and shows it. A story that goes wrong is shown
//! with its seed, and goes wrong in the same way every time.
#![allow(
    clippy::unwrap_used,
    reason = "a test that meets the unexpected should stop where it stands"
)]

mod house;
mod model;
mod play;
mod story;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use standin_proof::{Held, Trial};

use crate::house::House;
use crate::story::tell;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Tells stories on every core: what was held, and those that went wrong.
fn tell_all(seeds: u64) -> (Held, BTreeMap<u64, String>) {
    let next = AtomicU64::new(0);
    let all = Mutex::new((Held::default(), BTreeMap::new()));
    let teller = || {
        let mut house = House::new().unwrap();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            let outcome = tell(&mut house, seed).outcome;
            let (held, wrong) = &mut *all.lock().unwrap();
            match outcome {
                Ok(one) => *held += one,
                Err(why) => drop(wrong.insert(seed, why)),
            }
        }
    };
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            scope.spawn(teller);
        }
    });
    all.into_inner().unwrap()
}

#[test]
fn the_house_answers_as_the_model_does_whatever_happens() {
    if let Some(seed) = number("STANDIN_SEED") {
        let story = tell(&mut House::new().unwrap(), seed);
        println!("{}\n{:?}", story.trace.join("\n"), story.outcome);
        assert!(story.outcome.is_ok());
        return;
    }
    let mut trial = Trial::begin("R5", "simulated stories against a model").on("SQLite");
    let many = trial.size(2_000, 1_000_000);
    let seeds = u64::try_from(many).unwrap();
    let (held, wrong) = tell_all(seeds);
    if let Some((seed, why)) = wrong.first_key_value() {
        let (count, all) = (wrong.len(), wrong.keys().take(20));
        let story = tell(&mut House::new().unwrap(), *seed);
        panic!(
            "{}\n{why}\n{count} of {seeds} seeds go wrong: {:?}; STANDIN_SEED={seed} tells this one again",
            story.trace.join("\n"),
            all.collect::<Vec<_>>()
        );
    }
    let enough = [held.opened, held.tokens, held.taken_back, held.unanswered];
    assert!(enough.iter().all(|count| *count > many), "{held}");
    trial.end(format_args!("{seeds} seeds: {held}, 0 wrong answers"));
}

/// Seeds that went wrong once: an expired ticket opened after a crash and a clock that was set back by seconds, because the
/// last record is not always the latest one. In the last two sessions were taken back that were over by a clock far ahead; after a
/// crash, and with the clock set right, they were active again.
const WENT_WRONG: [u64; 6] = [6_546, 18_976, 20_398, 68_055, 56_702, 86_935];

#[test]
fn what_went_wrong_once_goes_right() {
    let mut house = House::new().unwrap();
    for seed in WENT_WRONG {
        let outcome = tell(&mut house, seed).outcome;
        assert!(outcome.is_ok(), "seed {seed}: {outcome:?}");
    }
}

#[test]
fn a_seed_tells_the_same_story_every_time_whatever_was_told_before() {
    let mut used = House::new().unwrap();
    for seed in 0..40 {
        let mut fresh = House::new().unwrap();
        let (first, second) = (tell(&mut fresh, seed), tell(&mut used, seed));
        assert_eq!(first.digest, second.digest, "seed {seed}");
    }
    assert_ne!(tell(&mut used, 1).digest, tell(&mut used, 2).digest);
}
