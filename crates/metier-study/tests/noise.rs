//! Noise against the distribution and the privacy that it promises, from the outside.
//!
//! These draw from the system's randomness. Each threshold is so wide that a sound mechanism misses any of them in less
//! than one of a million runs: six standard errors where means and counts are compared, and for a whole distribution three
//! batches of which one must pass at 0.1 %.
#![cfg(feature = "dp")]

use metier_study::noise::{Epsilon, NoiseError, noisy, noisy_counts, scale};
use proptest::prelude::*;

const DRAWS: usize = 20_000;
const ERRORS: f64 = 6.0;

fn epsilon(text: &str) -> Epsilon {
    text.parse().expect("a budget")
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The logarithm of a ratio of two counts, and how much it errs.
fn log_ratio(top: usize, bottom: usize) -> (f64, f64) {
    let (top, bottom) = (top as f64, bottom as f64);
    ((top / bottom).ln(), (1.0 / top + 1.0 / bottom).sqrt())
}

/// Noise in units of b, which has variance 2, size of mean 1 and variance 1, and square of mean 2 and variance 20.
fn unit_noise() -> Vec<f64> {
    let b = scale(3.0, epsilon("0.5"));
    let drawn = noisy(&vec![0.0; DRAWS], 3.0, epsilon("0.5")).expect("sound input");
    let noise: Vec<f64> = drawn.into_iter().map(|value| value / b).collect();
    let error = ERRORS / (DRAWS as f64).sqrt();
    let centre = mean(&noise);
    assert!(centre.abs() < error * 2f64.sqrt(), "mean {centre}");
    let size = mean(&noise.iter().map(|x| x.abs()).collect::<Vec<_>>());
    assert!((size - 1.0).abs() < error, "mean size {size}");
    let square = mean(&noise.iter().map(|x| x * x).collect::<Vec<_>>());
    assert!((square - 2.0).abs() < error * 20f64.sqrt(), "variance {square}");
    noise
}

/// Kolmogorov and Smirnov's greatest distance between Laplace's distribution and these.
fn distance(mut noise: Vec<f64>) -> f64 {
    noise.sort_unstable_by(f64::total_cmp);
    let n = noise.len() as f64;
    let below = |x: f64| if x < 0.0 { x.exp() / 2.0 } else { 1.0 - (-x).exp() / 2.0 };
    let distances = noise.iter().enumerate().map(|(rank, &x)| {
        let (low, high) = (rank as f64 / n, (rank + 1) as f64 / n);
        (below(x) - low).abs().max((high - below(x)).abs())
    });
    distances.fold(0.0, f64::max)
}

#[test]
fn noise_of_sums_is_laplace() {
    // 2 exp(-2 n d²) = 0.001.
    let critical = (2e3f64.ln() / 2.0 / DRAWS as f64).sqrt();
    assert!((0..3).any(|_| distance(unit_noise()) < critical));
}

#[test]
fn noise_of_counts_is_discrete_laplace() {
    let b = scale(3.0, epsilon("1.5"));
    let noise = noisy_counts(&vec![0; DRAWS], 3, epsilon("1.5")).expect("sound input");
    let step = (-1.0 / b).exp();
    let chance = |k: i32| (1.0 - step) / (1.0 + step) * step.powi(k.abs());
    for k in -4..=4 {
        let share = noise.iter().filter(|&&drawn| drawn == i64::from(k)).count() as f64 / DRAWS as f64;
        let error = (chance(k) * (1.0 - chance(k)) / DRAWS as f64).sqrt();
        assert!((share - chance(k)).abs() < ERRORS * error, "{k}: {share} for {}", chance(k));
    }
    // A little less than 2 b².
    let variance = 2.0 * step / (1.0 - step).powi(2);
    assert!(variance < 2.0 * b * b);
    let square = mean(&noise.iter().map(|&x| (x * x) as f64).collect::<Vec<_>>());
    // Its square has less than the variance of the continuous one's, 20 b⁴, and a bit for being whole.
    let error = (20.0 * b.powi(4) + variance).sqrt() / (DRAWS as f64).sqrt();
    assert!((square - variance).abs() < ERRORS * error, "variance {square} for {variance}");
}

/// No output may be more than e^ε times as likely with one person more, and those far out are just so.
#[test]
fn neighbouring_sums_are_as_close_as_promised() {
    let (l1, promised) = (2.0, 1.0);
    let draws = |at| noisy(&vec![at; DRAWS / 2], l1, epsilon("1")).expect("sound input");
    let (without, with) = (draws(0.0), draws(l1));
    let count = |all: &[f64], low: f64, high: f64| all.iter().filter(|x| (low..high).contains(x)).count();
    for bin in -4..6 {
        let (low, high) = (f64::from(bin), f64::from(bin + 1));
        let (ratio, error) = log_ratio(count(&with, low, high), count(&without, low, high));
        assert!(ratio.abs() < promised + ERRORS * error, "from {low} to {high}: {ratio}");
    }
    for (low, high, exact) in [(l1, f64::INFINITY, promised), (f64::NEG_INFINITY, 0.0, -promised)] {
        let (ratio, error) = log_ratio(count(&with, low, high), count(&without, low, high));
        assert!((ratio - exact).abs() < ERRORS * error, "from {low} to {high}: {ratio}");
    }
}

#[test]
fn neighbouring_counts_are_as_close_as_promised() {
    let draws = |at| noisy_counts(&vec![at; DRAWS], 1, epsilon("0.5")).expect("sound input");
    let (without, with) = (draws(10), draws(11));
    let count = |all: &[i64], value| all.iter().filter(|&&x| x == value).count();
    for value in 7..15 {
        let (ratio, error) = log_ratio(count(&with, value), count(&without, value));
        let exact = if value > 10 { 0.5 } else { -0.5 };
        assert!((ratio - exact).abs() < ERRORS * error, "{value}: {ratio}");
    }
}

/// A person who moves two values by half the sensitivity each is hidden as well as one who moves one by all of it.
#[test]
fn the_budget_is_for_all_values_together() {
    let (l1, budget) = (2.0, epsilon("1"));
    let both_above = |at: f64| {
        let drawn = noisy(&vec![at; DRAWS / 2], l1, budget).expect("sound input");
        drawn.chunks_exact(2).filter(|pair| pair[0] > 1.0 && pair[1] > 1.0).count()
    };
    let (ratio, error) = log_ratio(both_above(1.0), both_above(0.0));
    assert!((ratio - budget.as_f64()).abs() < ERRORS * error, "{ratio}");
}

#[test]
fn noise_is_new_in_every_call_and_value() {
    let again = || noisy(&[5.0; 8], 1.0, epsilon("1")).expect("sound input");
    let mut drawn: Vec<u64> = (0..8).flat_map(|_| again()).map(f64::to_bits).collect();
    // Threads have generators of their own.
    let other = std::thread::spawn(again).join().expect("no panic");
    drawn.extend(other.into_iter().map(f64::to_bits));
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 72);
}

#[test]
fn hostile_input_is_an_error() {
    let budget = epsilon("1");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(noisy(&[1.0, bad], 1.0, budget), Err(NoiseError::Value(1)));
        assert!(matches!(noisy(&[1.0], bad, budget), Err(NoiseError::Sensitivity(_))));
    }
    for bad in [0.0, -0.0, -1.0] {
        assert_eq!(noisy(&[1.0], bad, budget), Err(NoiseError::Sensitivity(bad)));
    }
    assert_eq!(noisy(&[], 1.0, budget), Err(NoiseError::Nothing));
    assert_eq!(noisy_counts(&[], 1, budget), Err(NoiseError::Nothing));
    assert_eq!(noisy_counts(&[1], 0, budget), Err(NoiseError::Sensitivity(0.0)));
    assert_eq!(noisy_counts(&[1], u64::MAX, budget), Err(NoiseError::TooSensitive(u64::MAX)));
    assert!(matches!(noisy(&[1.0], f64::MAX, epsilon("0.000001")), Err(NoiseError::Scale { .. })));
}

#[test]
fn values_at_the_ends_of_their_range_stay_in_it() {
    let drawn = noisy(&[f64::MAX, f64::MIN, -0.0], 1e306, epsilon("0.5")).expect("sound input");
    assert!(drawn.iter().all(|value| value.is_finite()));
    let drawn = noisy_counts(&[i64::MAX, i64::MIN], 1 << 40, epsilon("0.5")).expect("sound input");
    assert!(drawn[0] > 0 && drawn[1] < 0);
}

#[test]
fn budgets_are_exact() {
    let tenth = epsilon("0.1");
    let ten = (1..10).try_fold(tenth, |sum, _| sum.checked_add(tenth)).expect("less than the most");
    assert_eq!(ten, epsilon("1"));
    assert_eq!(epsilon("0.3").checked_sub(epsilon("0.1")), Some(epsilon("0.2")));
    assert_eq!(tenth.checked_sub(tenth), None);
    assert_eq!(tenth.checked_sub(epsilon("0.2")), None);
    assert_eq!(epsilon("1000").checked_add(epsilon("0.000001")), None);
    assert_eq!(epsilon("1").part(3), Some(epsilon("0.333333")));
    assert_eq!(epsilon("1").part(0), None);
    assert_eq!(epsilon("0.000001").part(2), None);
    for (text, same) in [("2.25", "2.25"), ("1", "1"), ("1.0", "1"), ("0.500000", "0.5"), ("007", "7")] {
        assert_eq!(epsilon(text).to_string(), same);
    }
    assert_eq!(epsilon("0.000001").micro(), 1);
    assert_eq!(epsilon("2.25").as_f64(), 2.25);
}

#[test]
fn texts_that_are_no_budget_are_errors() {
    let long = "9".repeat(400);
    for text in [
        "",
        ".",
        "0",
        "0.0",
        "-1",
        "+1",
        "1.",
        ".5",
        "1e3",
        "0.0000001",
        "1000.000001",
        "1,5",
        " 1",
        "1 ",
        "NaN",
        "inf",
        "1.2.3",
        "١",
        "0.+1",
        &long,
    ] {
        assert_eq!(text.parse::<Epsilon>(), Err(NoiseError::Epsilon(text.to_owned())));
    }
}

#[test]
fn a_budget_is_written_as_text() {
    #[derive(Debug, serde::Deserialize)]
    struct Settings {
        epsilon: Epsilon,
    }
    let read = toml::from_str::<Settings>;
    assert_eq!(read("epsilon = '0.1'").map(|settings| settings.epsilon).ok(), Some(epsilon("0.1")));
    for bad in ["epsilon = 0.1", "epsilon = 1", "epsilon = '0'", "epsilon = 'x'"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn a_budget_is_its_text(micro in 1u64..=1_000_000_000) {
        let budget = Epsilon::from_micro(micro).expect("in range");
        prop_assert_eq!(budget.to_string().parse(), Ok(budget));
        prop_assert_eq!(Epsilon::try_from(String::from(budget)), Ok(budget));
    }

    #[test]
    fn no_text_panics(text in ".{0,12}") {
        let _ = text.parse::<Epsilon>();
    }

    /// The mechanism's own account is checked in the code: what passes has kept to the budget.
    #[test]
    fn every_sound_request_is_within_its_budget(
        micro in 1u64..=1_000_000_000,
        mantissa in 1.0..2.0f64,
        exponent in -300i32..300,
        value in -1e300..1e300f64,
        whole in any::<i64>(),
        l1 in 1u64..=1 << 53,
    ) {
        let budget = Epsilon::from_micro(micro).expect("in range");
        let drawn = noisy(&[value], mantissa * 2f64.powi(exponent), budget);
        prop_assert!(drawn.is_ok(), "{:?}", drawn);
        prop_assert!(noisy_counts(&[whole], l1, budget).is_ok());
    }

    #[test]
    fn parts_never_exceed_the_whole(micro in 1u64..=1_000_000_000, n in 1u64..100) {
        let budget = Epsilon::from_micro(micro).expect("in range");
        if let Some(part) = budget.part(n) {
            prop_assert!(part.micro() * n <= micro && micro - part.micro() * n < n);
        }
    }
}
