//! How likely a comparison of two groups is to find a difference, how many rows it takes, and how small a difference
//! it can find. All tests are two-sided.
//!
//! For rows in clusters, divide the rows by the [`design_effect`] and go on with the effective number:
//!
//! ```
//! use metier_stats::power::{design_effect, power_of_means};
//!
//! // 400 messages in each group, 20 each of 20 people, who differ a little.
//! let effective = 400.0 / design_effect(20.0, 0.05)?;
//! let power = power_of_means(0.3, [effective, effective], 0.05)?;
//! assert_eq!(format!("{power:.2}"), "0.86");
//! # Ok::<(), metier_stats::Error>(())
//! ```

use crate::distribution::{gamma_front, normal_quantile, normal_upper, student_quantile};
use crate::error::Error;

/// Standard deviations of a χ distribution that are integrated over on each side.
const REACH: f64 = 10.0;
/// Pieces that each part of an integral is cut into.
const PIECES: usize = 24;
/// Halvings of the interval that a solution lies in.
const HALVINGS: usize = 60;

/// How many times as many rows it takes when they come in clusters of `size` rows: 1 + (size − 1) · `icc`, where `icc`
/// is the intraclass correlation, the share of the variance that lies between clusters (Kish, 1965).
///
/// # Errors
///
/// A size below 1, a correlation that is not from 0 to 1.
///
/// ```
/// # use metier_stats::power::design_effect;
/// assert_eq!(design_effect(11.0, 0.1)?, 2.0);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn design_effect(size: f64, icc: f64) -> Result<f64, Error> {
    if !(size.is_finite() && size >= 1.0) {
        return Err(Error::Argument {
            name: "the size of clusters",
            value: size,
            wanted: "a finite number from 1",
        });
    }
    if !(0.0..=1.0).contains(&icc) {
        return Err(Error::Argument {
            name: "the intraclass correlation",
            value: icc,
            wanted: "a share from 0 to 1",
        });
    }
    Ok(1.0 + (size - 1.0) * icc)
}

/// The power of the t test for two means: P(|T| > t(1 − `alpha`/2)) for a noncentral T with n₁ + n₂ − 2 degrees of freedom
/// and noncentrality `effect` · √(n₁ n₂ / (n₁ + n₂)) (Cohen, 1988, chapter 2).
///
/// `effect` is the difference in standard deviations, `sizes` are rows, not always whole.
///
/// # Errors
///
/// An effect that is not finite, sizes below 2, an alpha that is not between 0 and 1.
///
/// ```
/// # use metier_stats::power::power_of_means;
/// // Cohen (1988): 64 each find half a standard deviation with 80 %.
/// assert_eq!(format!("{:.3}", power_of_means(0.5, [64.0, 64.0], 0.05)?), "0.801");
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn power_of_means(effect: f64, sizes: [f64; 2], alpha: f64) -> Result<f64, Error> {
    check(sizes, alpha)?;
    if !effect.is_finite() {
        return Err(Error::Argument { name: "the effect", value: effect, wanted: "a finite number" });
    }
    Ok(student_power(effect.abs(), sizes, alpha))
}

/// How many rows the first group must have for a power, if the second has `ratio` times as many. Not rounded. The design
/// effect, if rows come in clusters, is a factor to it.
///
/// # Errors
///
/// An effect of 0 or not finite, a ratio that is not above 0, alpha and power that are not between 0 and 1 with the power
/// the larger, and a size that would be below 2 rows.
///
/// ```
/// # use metier_stats::power::size_for_means;
/// assert_eq!(size_for_means(0.5, 1.0, 0.05, 0.8)?.ceil(), 64.0);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn size_for_means(effect: f64, ratio: f64, alpha: f64, power: f64) -> Result<f64, Error> {
    if !(effect.is_finite() && effect != 0.0) {
        return Err(Error::Argument {
            name: "the effect",
            value: effect,
            wanted: "a finite number other than 0",
        });
    }
    check_ratio(ratio)?;
    check_power(power, alpha)?;
    size(ratio, power, |sizes| student_power(effect.abs(), sizes, alpha))
}

/// The smallest difference, in standard deviations, that is found with a power: the minimal detectable effect.
///
/// # Errors
///
/// Sizes below 2, alpha and power that are not between 0 and 1 with the power the larger.
///
/// ```
/// # use metier_stats::power::detectable_difference_of_means;
/// assert_eq!(format!("{:.3}", detectable_difference_of_means([64.0, 64.0], 0.05, 0.8)?), "0.499");
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn detectable_difference_of_means(sizes: [f64; 2], alpha: f64, power: f64) -> Result<f64, Error> {
    check(sizes, alpha)?;
    check_power(power, alpha)?;
    let mut high = 1.0;
    while student_power(high, sizes, alpha) < power {
        high *= 2.0;
    }
    Ok(halve([0.0, high], |effect| student_power(effect, sizes, alpha) >= power))
}

/// The power of the z test for two shares, whose standard error is of the pooled share if there is no difference, and of
/// both shares if there is (Fleiss, Levin and Paik, 2003, chapter 4, without continuity correction).
///
/// # Errors
///
/// Shares that are not between 0 and 1, sizes below 2, an alpha that is not between 0 and 1.
///
/// ```
/// # use metier_stats::power::power_of_shares;
/// assert_eq!(format!("{:.2}", power_of_shares([0.5, 0.6], [388.0, 388.0], 0.05)?), "0.80");
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn power_of_shares(shares: [f64; 2], sizes: [f64; 2], alpha: f64) -> Result<f64, Error> {
    check(sizes, alpha)?;
    check_shares(shares)?;
    Ok(normal_power(shares, sizes, alpha))
}

/// How many rows the first group must have to tell two shares apart with a power, if the second has `ratio` times as many.
/// Not rounded.
///
/// # Errors
///
/// Shares that are not between 0 and 1 or are the same, and those of [`size_for_means`].
///
/// ```
/// # use metier_stats::power::size_for_shares;
/// assert_eq!(size_for_shares([0.5, 0.6], 1.0, 0.05, 0.8)?.ceil(), 388.0);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn size_for_shares(shares: [f64; 2], ratio: f64, alpha: f64, power: f64) -> Result<f64, Error> {
    check_shares(shares)?;
    check_ratio(ratio)?;
    check_power(power, alpha)?;
    if shares[0] == shares[1] {
        let wanted = "one that differs from the first";
        return Err(Error::Argument { name: "the second share", value: shares[1], wanted });
    }
    size(ratio, power, |sizes| normal_power(shares, sizes, alpha))
}

/// The smallest difference that is found with a power, if the second group's share is `base` and the first one's is larger.
/// `None` if not even a share of 1 would be found.
///
/// # Errors
///
/// A base that is not between 0 and 1, and those of [`detectable_difference_of_means`].
///
/// ```
/// # use metier_stats::power::detectable_difference_of_shares;
/// let difference = detectable_difference_of_shares(0.5, [388.0, 388.0], 0.05, 0.8)?.unwrap();
/// assert_eq!(format!("{difference:.3}"), "0.100");
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn detectable_difference_of_shares(
    base: f64,
    sizes: [f64; 2],
    alpha: f64,
    power: f64,
) -> Result<Option<f64>, Error> {
    check(sizes, alpha)?;
    check_shares([base, base])?;
    check_power(power, alpha)?;
    let enough = |difference: f64| normal_power([base + difference, base], sizes, alpha) >= power;
    Ok(enough(1.0 - base).then(|| halve([0.0, 1.0 - base], enough)))
}

fn student_power(effect: f64, [first, second]: [f64; 2], alpha: f64) -> f64 {
    let degrees = first + second - 2.0;
    let noncentrality = effect * (first / (first + second) * second).sqrt();
    let critical = -student_quantile(alpha / 2.0, degrees);
    let mean = |of: &dyn Fn(f64) -> f64| over_chi(degrees, noncentrality / critical, 1.0 / critical, of);
    // Of power and what it lacks, the smaller one: with large effects the power is 1, whatever the integral's error.
    if noncentrality > critical {
        let within =
            |s: f64| normal_upper(noncentrality - critical * s) - normal_upper(noncentrality + critical * s);
        return 1.0 - mean(&within);
    }
    mean(&|s| normal_upper(critical * s - noncentrality) + normal_upper(critical * s + noncentrality))
}

/// The mean of a function of s, where s² · `degrees` has the χ² distribution: the noncentral t is (Z + δ) / s (Johnson,
/// Kotz and Balakrishnan, 1995, chapter 31). The function falls around `at`, over a few times `width`.
fn over_chi(degrees: f64, at: f64, width: f64, of: impl Fn(f64) -> f64) -> f64 {
    let reach = REACH / (2.0 * degrees).sqrt();
    let (low, high) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let bounds = [low, (at - 8.0 * width).clamp(low, high), (at + 8.0 * width).clamp(low, high), high];
    // s² df / 2 has a gamma distribution, whose density times ds is this.
    let density = |s: f64| 2.0 / s * gamma_front(degrees / 2.0, degrees * s * s / 2.0);
    let mut sum = 0.0;
    for part in bounds.windows(2).filter(|part| part[1] > part[0]) {
        let half = (part[1] - part[0]) / (2 * PIECES) as f64;
        for piece in 0..PIECES {
            let middle = part[0] + half * (2 * piece + 1) as f64;
            for (node, weight) in gauss_legendre() {
                let s = middle + half * node;
                sum += half * weight * density(s) * of(s);
            }
        }
    }
    sum
}

/// Five nodes from −1 to 1 and their weights (Abramowitz and Stegun, 1964, table 25.4).
fn gauss_legendre() -> [(f64, f64); 5] {
    let root = 2.0 * (10.0_f64 / 7.0).sqrt();
    let [inner, outer] = [(5.0 - root).sqrt() / 3.0, (5.0 + root).sqrt() / 3.0];
    let root = 13.0 * 70.0_f64.sqrt();
    let [near, far] = [(322.0 + root) / 900.0, (322.0 - root) / 900.0];
    [(-outer, far), (-inner, near), (0.0, 128.0 / 225.0), (inner, near), (outer, far)]
}

fn normal_power([one, other]: [f64; 2], [first, second]: [f64; 2], alpha: f64) -> f64 {
    let pooled = (one * first + other * second) / (first + second);
    let alike = (pooled * (1.0 - pooled) * (1.0 / first + 1.0 / second)).sqrt();
    let apart = (one * (1.0 - one) / first + other * (1.0 - other) / second).sqrt();
    let critical = -normal_quantile(alpha / 2.0) * alike;
    let difference = (one - other).abs();
    (normal_upper((critical - difference) / apart) + normal_upper((critical + difference) / apart)).min(1.0)
}

/// The size of the first group where power becomes enough.
fn size(ratio: f64, enough: f64, power: impl Fn([f64; 2]) -> f64) -> Result<f64, Error> {
    let reached = |first: f64| power([first, first * ratio]) >= enough;
    let least = 2.0 * (1.0 / ratio).max(1.0);
    if reached(least) {
        return Err(Error::Argument {
            name: "the power",
            value: enough,
            wanted: "more: two rows in a group have it",
        });
    }
    let mut high = 2.0 * least;
    while !reached(high) {
        high *= 2.0;
        if high > 1e15 {
            let wanted = "less: no number of rows has it for so small a difference";
            return Err(Error::Argument { name: "the power", value: enough, wanted });
        }
    }
    Ok(halve([high / 2.0, high], reached))
}

/// Where a condition becomes true between two numbers, at the second of which it is.
fn halve([mut low, mut high]: [f64; 2], reached: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if reached(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    f64::midpoint(low, high)
}

fn check(sizes: [f64; 2], alpha: f64) -> Result<(), Error> {
    for value in sizes {
        if !(value.is_finite() && value >= 2.0) {
            return Err(Error::Argument {
                name: "the size of a group",
                value,
                wanted: "a finite number from 2",
            });
        }
    }
    check_inside("alpha", alpha)
}

fn check_power(power: f64, alpha: f64) -> Result<(), Error> {
    check_inside("alpha", alpha)?;
    check_inside("the power", power)?;
    if power <= alpha {
        return Err(Error::Argument { name: "the power", value: power, wanted: "more than alpha" });
    }
    Ok(())
}

fn check_ratio(value: f64) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::Argument { name: "the ratio of sizes", value, wanted: "a finite number above 0" })
}

fn check_shares(shares: [f64; 2]) -> Result<(), Error> {
    shares.into_iter().try_for_each(|value| check_inside("a share", value))
}

fn check_inside(name: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(Error::Argument { name, value, wanted: "a number between 0 and 1" })
}
