//! One group: mean, share, ratio, geometric mean.

use super::{Estimate, Method, Sample, check_bottom, spread};
use crate::bootstrap::{Interval, wilson};
use crate::clusters::Numbered;
use crate::error::Error;

/// Shares over fewer clusters get Wilson's interval.
pub(super) const FEWEST_FOR_SHARES: usize = 10;

/// The mean Σ w y / Σ w, in the unit of the values; z = w (y − θ) / Σ w.
///
/// # Errors
///
/// Values that are not finite, weights that are not above 0, columns of another length, fewer than two clusters,
/// and clusters that all say the same.
///
/// ```
/// # use metier_stats::means::{Sample, mean};
/// let mean = mean(&Sample { values: &[1.0, 2.0, 6.0], weights: None, clusters: None })?;
/// // s / √n = √7 / √3
/// assert!(mean.estimate == 3.0 && (mean.std_error.unwrap() - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn mean(sample: &Sample) -> Result<Estimate, Error> {
    let clusters = sample.check()?;
    let estimate = sample.weighted_mean(|value| value);
    let sums = mean_influence(sample, &clusters, |value| value - estimate);
    let spread = spread(&sums, &clusters, sample.values.len(), 1, size(sample), "the mean")?;
    Ok(Estimate {
        estimate,
        std_error: Some(spread.std_error),
        interval: Some(spread.around(estimate)),
        method: Method::Student,
        rows: sample.values.len(),
        clusters: clusters.count(),
    })
}

/// The share of rows, of which each has the value 0 or 1, that have 1.
///
/// The interval is that of the mean, but never leaves 0 to 1. With fewer than 10 clusters, or where all clusters
/// say the same, as with a share of 0 or 1, it is Wilson's, as if each cluster were one row: with no trust in
/// several rows of a cluster. Then there is no standard error.
///
/// # Errors
///
/// Values that are neither 0 nor 1, weights that are not above 0, columns of another length, no rows.
///
/// ```
/// # use metier_stats::means::{Method, Sample, share};
/// let none = share(&Sample { values: &[0.0; 20], weights: None, clusters: None })?;
/// assert_eq!((none.estimate, none.std_error, none.method), (0.0, None, Method::Wilson));
/// assert!(none.interval.unwrap().high > 0.16);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn share(sample: &Sample) -> Result<Estimate, Error> {
    let clusters = sample.check()?;
    sample.check_binary()?;
    let (rows, count) = (sample.values.len(), clusters.count());
    let estimate = sample.weighted_mean(|value| value).clamp(0.0, 1.0);
    let sums = mean_influence(sample, &clusters, |value| value - estimate);
    let of_mean = spread(&sums, &clusters, rows, 1, 1.0, "the share");
    let (std_error, interval, method) = match of_mean {
        Ok(spread) if count >= FEWEST_FOR_SHARES => {
            let Interval { low, high } = spread.around(estimate);
            (
                Some(spread.std_error),
                Some(Interval { low: low.max(0.0), high: high.min(1.0) }),
                Method::Student,
            )
        }
        _ => (None, wilson(estimate, count as f64), Method::Wilson),
    };
    Ok(Estimate { estimate, std_error, interval, method, rows, clusters: count })
}

/// The ratio Σ w top / Σ w bottom: of all hours the share that is spent on one thing, for example. The values of the
/// sample are the top. z = w (top − θ · bottom) / Σ w bottom (Särndal, Swensson and Wretman, 1992, section 5.6).
///
/// # Errors
///
/// Those of [`mean`], and a sum of the bottom that is 0.
///
/// ```
/// # use metier_stats::means::{Sample, ratio};
/// let top = Sample { values: &[1.0, 2.0, 3.0], weights: None, clusters: None };
/// // z = (−1, 0, 1) / 8, var = 3/2 · Σ z²
/// let ratio = ratio(&top, &[4.0, 4.0, 4.0])?;
/// assert!(ratio.estimate == 0.5 && (ratio.std_error.unwrap() - (3.0_f64 / 144.0).sqrt()).abs() < 1e-15);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn ratio(top: &Sample, bottom: &[f64]) -> Result<Estimate, Error> {
    let clusters = top.check()?;
    let rows = top.values.len();
    check_bottom(bottom, rows)?;
    let weighted = |values: &[f64]| (0..rows).map(|row| top.weight(row) * values[row]).sum::<f64>();
    let below = weighted(bottom);
    let size_below: f64 = (0..rows).map(|row| top.weight(row) * bottom[row].abs()).sum();
    if below.abs() <= super::ROUNDING * size_below {
        return Err(Error::Undefined { what: "the sum of the bottom", value: below, estimate: "the ratio" });
    }
    let estimate = weighted(top.values) / below;
    let values = (0..rows).map(|row| top.weight(row) * (top.values[row] - estimate * bottom[row]) / below);
    let sums = clusters.sums(values);
    let scale = size(top) * top.total() / below.abs();
    let spread = spread(&sums, &clusters, rows, 1, scale, "the ratio")?;
    Ok(Estimate {
        estimate,
        std_error: Some(spread.std_error),
        interval: Some(spread.around(estimate)),
        method: Method::Student,
        rows,
        clusters: clusters.count(),
    })
}

/// The geometric mean exp(Σ w ln y / Σ w) of values above 0. The interval is that of the mean logarithm, and back;
/// the standard error is the estimate times that of the logarithm (delta method).
///
/// # Errors
///
/// Those of [`mean`], and values that are 0 or less.
///
/// ```
/// # use metier_stats::means::{Sample, geometric_mean};
/// let mean = geometric_mean(&Sample { values: &[1.0, 10.0, 100.0], weights: None, clusters: None })?;
/// assert!((mean.estimate - 10.0).abs() < 1e-13);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn geometric_mean(sample: &Sample) -> Result<Estimate, Error> {
    let clusters = sample.check()?;
    if let Some(row) = sample.values.iter().position(|value| *value <= 0.0) {
        return Err(Error::NotPositive { column: "the value".into(), row, value: sample.values[row] });
    }
    let log = sample.weighted_mean(f64::ln);
    let sums = mean_influence(sample, &clusters, |value| value.ln() - log);
    let scale = log.abs().max(1.0);
    let spread = spread(&sums, &clusters, sample.values.len(), 1, scale, "the geometric mean")?;
    let estimate = log.exp();
    Ok(Estimate {
        estimate,
        std_error: Some(estimate * spread.std_error),
        interval: Some(spread.around_log(log)),
        method: Method::LogStudent,
        rows: sample.values.len(),
        clusters: clusters.count(),
    })
}

/// Sums over clusters of w (…) / Σ w.
pub(super) fn mean_influence(sample: &Sample, clusters: &Numbered, of: impl Fn(f64) -> f64) -> Vec<f64> {
    let total = sample.total();
    clusters
        .sums(sample.values.iter().enumerate().map(|(row, value)| sample.weight(row) * of(*value) / total))
}

/// How large values are: Σ w |y| / Σ w.
pub(super) fn size(sample: &Sample) -> f64 {
    sample.weighted_mean(f64::abs)
}
