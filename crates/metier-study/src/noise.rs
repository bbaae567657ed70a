//! Noise for sums that are given away: ε-differential privacy by the Laplace mechanism, all of it `opendp`'s.
//!
//! What is drawn is exact: `opendp` adds discrete Laplace noise to whole multiples of the smallest number that an `f64`
//! can hold, in rational numbers, and rounds the result once. So there are no gaps between floating-point numbers that
//! would tell the sum beneath. Its random bits are ChaCha20's, with a seed from the operating system for every thread, a
//! new one after each 64 KiB and after a fork; a system that has no randomness at all is the one thing that panics.
//!
//! The guarantee is for the values as they are handed over. That no person moves them by more than `l1` is the caller's
//! promise: bound what each person adds before adding. A sum of `f64` is rounded at every addition, by an amount that
//! depends on everybody in it; whole numbers are not, so [`noisy_counts`] over a fixed unit promises more than [`noisy`].

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use opendp::core::Measurement;
use opendp::domains::{AtomDomain, VectorDomain};
use opendp::measurements::make_laplace;
use opendp::measures::MaxDivergence;
use opendp::metrics::L1Distance;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Millionths in one.
const MICRO: u64 = 1_000_000;
/// The most ε that is taken: what is above protects nobody, and is rather a slip of the hand.
const MOST: u64 = 1_000 * MICRO;
/// Digits after the point.
const DECIMALS: usize = 6;
/// The greatest sensitivity of counts, so that it is exact as an `f64`.
const MOST_L1: u64 = 1 << f64::MANTISSA_DIGITS;

/// Why there are no values with noise.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoiseError {
    /// A text is no budget.
    #[error("{0:?} is no ε: a number above 0 and up to 1000, with at most {DECIMALS} decimals")]
    Epsilon(String),
    /// There is nothing to add noise to.
    #[error("there are no values to add noise to")]
    Nothing,
    /// A value is infinite or not a number. The value itself is a secret.
    #[error("value {0} is not a finite number")]
    Value(usize),
    /// The sensitivity is none.
    #[error("{0} is no sensitivity: it must be above 0, and finite")]
    Sensitivity(f64),
    /// The sensitivity of counts is too great for exact arithmetic.
    #[error("a sensitivity of {0} is too great for counts")]
    TooSensitive(u64),
    /// The sensitivity and the budget ask for noise that no number can hold.
    #[error("a sensitivity of {l1} within ε = {epsilon} takes more noise than a number holds")]
    Scale {
        /// The sensitivity.
        l1: f64,
        /// The budget.
        epsilon: Epsilon,
    },
    /// The mechanism would spend more than the budget; nothing was drawn.
    #[error("the mechanism would spend ε = {spent}, more than {epsilon}")]
    Overspent {
        /// What it would spend.
        spent: f64,
        /// The budget.
        epsilon: Epsilon,
    },
    /// The mechanism itself refused.
    #[error("the mechanism refused: {0}")]
    Mechanism(String),
}

impl From<opendp::error::Error> for NoiseError {
    /// Without its backtrace, which is about `opendp`.
    fn from(error: opendp::error::Error) -> NoiseError {
        NoiseError::Mechanism(error.message.unwrap_or_else(|| format!("{:?}", error.variant)))
    }
}

/// A privacy budget above zero, in millionths: adding and comparing is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Epsilon(u64);

impl Epsilon {
    /// So many millionths; none for zero or more than 1000 in all.
    pub fn from_micro(micro: u64) -> Option<Epsilon> {
        (1..=MOST).contains(&micro).then_some(Epsilon(micro))
    }

    /// Millionths.
    pub fn micro(self) -> u64 {
        self.0
    }

    /// The nearest number, for arithmetic that need not be exact.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / MICRO as f64
    }

    /// Both together, unless that is more than 1000.
    pub fn checked_add(self, other: Epsilon) -> Option<Epsilon> {
        Epsilon::from_micro(self.0.checked_add(other.0)?)
    }

    /// What is left after spending the other; none if that is nothing, or not enough.
    pub fn checked_sub(self, other: Epsilon) -> Option<Epsilon> {
        Epsilon::from_micro(self.0.checked_sub(other.0)?)
    }

    /// One of `n` equal parts, rounded down: all of them together are never more than the whole. None if nothing is left
    /// of a part.
    pub fn part(self, n: u64) -> Option<Epsilon> {
        Epsilon::from_micro(self.0.checked_div(n)?)
    }

    /// The greatest `f64` that is not above it: the nearest may be.
    fn floor(self) -> f64 {
        let nearest = self.as_f64();
        // The fused product is rounded once, so its sign is exact.
        match nearest.mul_add(MICRO as f64, -(self.0 as f64)) > 0.0 {
            true => nearest.next_down(),
            false => nearest,
        }
    }
}

impl fmt::Display for Epsilon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micro) = (self.0 / MICRO, self.0 % MICRO);
        match micro {
            0 => f.pad(&whole.to_string()),
            _ => f.pad(format!("{whole}.{micro:0DECIMALS$}").trim_end_matches('0')),
        }
    }
}

impl FromStr for Epsilon {
    type Err = NoiseError;

    fn from_str(text: &str) -> Result<Epsilon, NoiseError> {
        digits(text).and_then(Epsilon::from_micro).ok_or_else(|| NoiseError::Epsilon(text.to_owned()))
    }
}

/// Millionths of digits, a point and at most six digits more: no sign, no exponent, no spaces.
fn digits(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > DECIMALS {
        return None;
    }
    let micro: u64 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(MICRO)?.checked_add(micro)
}

impl TryFrom<String> for Epsilon {
    type Error = NoiseError;

    fn try_from(text: String) -> Result<Epsilon, NoiseError> {
        text.parse()
    }
}

impl From<Epsilon> for String {
    fn from(epsilon: Epsilon) -> String {
        epsilon.to_string()
    }
}

/// The scale b of the Laplace noise that this takes: its variance is 2 b² for sums, and a little less for counts.
///
/// It is rounded up where it has to be, so that it never spends more than the budget.
pub fn scale(l1: f64, epsilon: Epsilon) -> f64 {
    let epsilon = epsilon.floor();
    let nearest = l1 / epsilon;
    match nearest.mul_add(epsilon, -l1) < 0.0 {
        true => nearest.next_up(),
        false => nearest,
    }
}

/// The values with noise, as one release that spends `epsilon` once: pure ε-differential privacy for a vector of sums
/// that one person more or less changes by at most `l1`, all values together.
///
/// How many values there are must not depend on anybody, nor whether one is infinite: an error tells it.
pub fn noisy(values: &[f64], l1: f64, epsilon: Epsilon) -> Result<Vec<f64>, NoiseError> {
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(NoiseError::Value(at));
    }
    let scale = checked_scale(l1, epsilon)?;
    let domain = VectorDomain::new(AtomDomain::<f64>::new_non_nan());
    // No granularity of our own: the finest is the only one at which rounding to it costs no privacy.
    let mechanism = make_laplace(domain, L1Distance::<f64>::default(), scale, None)?;
    let noisy = release(&mechanism, values, &l1, epsilon)?;
    // Beyond the greatest number there is infinity, which no output can draw. This looks at noisy values only.
    Ok(noisy.into_iter().map(|value| value.clamp(f64::MIN, f64::MAX)).collect())
}

/// The same for whole numbers: the noise is whole, and the values stay exact whatever their size.
///
/// A count may come out below zero. Beyond the range of `i64` values end at its bounds.
pub fn noisy_counts(values: &[i64], l1: u64, epsilon: Epsilon) -> Result<Vec<i64>, NoiseError> {
    if l1 > MOST_L1 {
        return Err(NoiseError::TooSensitive(l1));
    }
    let scale = checked_scale(l1 as f64, epsilon)?;
    let domain = VectorDomain::new(AtomDomain::<i64>::default());
    let mechanism = make_laplace(domain, L1Distance::<u64>::default(), scale, None)?;
    release(&mechanism, values, &l1, epsilon)
}

fn checked_scale(l1: f64, epsilon: Epsilon) -> Result<f64, NoiseError> {
    if !l1.is_finite() || l1 <= 0.0 {
        return Err(NoiseError::Sensitivity(l1));
    }
    let scale = scale(l1, epsilon);
    if scale.is_finite() { Ok(scale) } else { Err(NoiseError::Scale { l1, epsilon }) }
}

/// A mechanism of `opendp` for vectors of numbers, and what it promises.
type Mechanism<T, L> = Measurement<VectorDomain<AtomDomain<T>>, L1Distance<L>, MaxDivergence, Vec<T>>;

/// Draws, once the mechanism itself says that it keeps to the budget: its proof is `opendp`'s and not ours.
fn release<T, L>(
    mechanism: &Mechanism<T, L>,
    values: &[T],
    l1: &L,
    epsilon: Epsilon,
) -> Result<Vec<T>, NoiseError>
where
    T: opendp::traits::CheckAtom,
    L: opendp::traits::Number,
{
    if values.is_empty() {
        return Err(NoiseError::Nothing);
    }
    let spent = mechanism.map(l1)?;
    // Not a number is no promise either.
    if !matches!(spent.partial_cmp(&epsilon.floor()), Some(Ordering::Less | Ordering::Equal)) {
        return Err(NoiseError::Overspent { spent, epsilon });
    }
    Ok(mechanism.invoke(&values.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mechanism with half the noise that the budget takes.
    #[test]
    fn what_overspends_is_not_drawn() {
        let budget = Epsilon(MICRO);
        let domain = VectorDomain::new(AtomDomain::<f64>::new_non_nan());
        let mechanism = make_laplace(domain, L1Distance::<f64>::default(), 0.5, None).expect("a mechanism");
        let drawn = release(&mechanism, &[1.0], &1.0, budget);
        assert_eq!(drawn, Err(NoiseError::Overspent { spent: 2.0, epsilon: budget }));
    }

    #[test]
    fn rounding_never_spends_more() {
        for micro in 1..20_000 {
            let budget = Epsilon(micro);
            let spent = budget.floor();
            assert!(spent.mul_add(MICRO as f64, -(micro as f64)) <= 0.0, "{budget}");
            assert!(scale(3.0, budget).mul_add(spent, -3.0) >= 0.0, "{budget}");
        }
        assert_eq!(scale(3.0, Epsilon(MICRO / 2)), 6.0);
    }
}
