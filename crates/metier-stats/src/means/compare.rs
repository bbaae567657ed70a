//! Two groups: differences and ratios of their means. Clusters with the same number are the same in both groups.

use super::single::{FEWEST_FOR_SHARES, mean_influence, size};
use super::{Estimate, Method, Sample, spread};
use crate::bootstrap::{Interval, wilson};
use crate::clusters::Numbered;
use crate::error::Error;

/// The mean of the first group less that of the second, in the unit of the values. A row's z is that of its own
/// group's mean, with a minus in the second group: the same as the coefficient of a group in a regression with
/// clustered standard errors, or without clusters HC1.
///
/// # Errors
///
/// Those of [`mean`](super::mean), for both groups; each must have two clusters or more.
///
/// ```
/// # use metier_stats::means::{Sample, difference};
/// let (first, second) = ([5.0, 7.0], [1.0, 2.0, 3.0]);
/// let [first, second] = [&first[..], &second].map(|values| Sample { values, weights: None, clusters: None });
/// // z = (∓1/2, ∓1/3), 5/3 · (2/4 + 2/9)
/// let difference = difference(&first, &second)?;
/// assert!(difference.estimate == 4.0);
/// assert!((difference.std_error.unwrap() - (65.0_f64 / 54.0).sqrt()).abs() < 1e-14);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn difference(first: &Sample, second: &Sample) -> Result<Estimate, Error> {
    let clusters = both(first, second)?;
    let means = [first, second].map(|group| group.weighted_mean(|value| value));
    let sums = influence([first, second], &clusters, means, [1.0, -1.0]);
    let rows = first.values.len() + second.values.len();
    let scale = size(first).max(size(second));
    let spread = spread(&sums, &clusters, rows, 2, scale, "the difference")?;
    let estimate = means[0] - means[1];
    Ok(Estimate {
        estimate,
        std_error: Some(spread.std_error),
        interval: Some(spread.around(estimate)),
        method: Method::Student,
        rows,
        clusters: clusters.count(),
    })
}

/// The share of ones in the first group less that in the second, where all values are 0 or 1.
///
/// The interval is that of [`difference`], but never leaves −1 to 1. With fewer than 10 clusters in a group, or a share
/// of 0 or 1, it is Newcombe's (1998, method 10), from Wilson's intervals of both as if each cluster were one row. That
/// is for independent groups; where clusters are in both it is wider than need be, if their rows go together.
///
/// # Errors
///
/// Those of [`share`](super::share), for both groups.
///
/// ```
/// # use metier_stats::means::{Method, Sample, difference_of_shares};
/// let [first, second] = [[1.0; 12], [0.0; 12]];
/// let [first, second] = [&first, &second].map(|values| Sample { values, weights: None, clusters: None });
/// let difference = difference_of_shares(&first, &second)?;
/// assert!(difference.method == Method::Newcombe && difference.interval.unwrap().low < 0.7);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn difference_of_shares(first: &Sample, second: &Sample) -> Result<Estimate, Error> {
    let groups = [first, second];
    let mut own = [0; 2];
    for (group, count) in groups.into_iter().zip(&mut own) {
        *count = group.check()?.count();
        group.check_binary()?;
    }
    let shares = groups.map(|group| group.weighted_mean(|value| value).clamp(0.0, 1.0));
    let certain = shares.iter().any(|share| *share == 0.0 || *share == 1.0);
    if !certain && own.iter().all(|count| *count >= FEWEST_FOR_SHARES) {
        let found = difference(first, second)?;
        let interval =
            found.interval.map(|ends| Interval { low: ends.low.max(-1.0), high: ends.high.min(1.0) });
        return Ok(Estimate { interval, ..found });
    }
    let estimate = shares[0] - shares[1];
    let ends = wilson(shares[0], own[0] as f64).zip(wilson(shares[1], own[1] as f64));
    let interval = ends.map(|(one, other)| Interval {
        low: estimate - (shares[0] - one.low).hypot(other.high - shares[1]),
        high: estimate + (one.high - shares[0]).hypot(shares[1] - other.low),
    });
    let clusters = joined(first, second)?.count();
    let rows = first.values.len() + second.values.len();
    Ok(Estimate { estimate, std_error: None, interval, method: Method::Newcombe, rows, clusters })
}

/// The mean of the first group over that of the second. The interval is that of the logarithm, z = z₁/θ₁ − z₂/θ₂, and
/// back; the standard error is the ratio times that of the logarithm (delta method).
///
/// # Errors
///
/// Those of [`difference`], and means that are not above 0.
///
/// ```
/// # use metier_stats::means::{Sample, ratio_of_means};
/// let (first, second) = ([5.0, 7.0], [1.0, 2.0, 3.0]);
/// let [first, second] = [&first[..], &second].map(|values| Sample { values, weights: None, clusters: None });
/// assert!((ratio_of_means(&first, &second)?.estimate - 3.0).abs() < 1e-14);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn ratio_of_means(first: &Sample, second: &Sample) -> Result<Estimate, Error> {
    let clusters = both(first, second)?;
    let groups = [first, second];
    let means = groups.map(|group| group.weighted_mean(|value| value));
    for ((mean, what), group) in means.into_iter().zip(["the first mean", "the second mean"]).zip(groups) {
        if mean <= super::ROUNDING * size(group) {
            return Err(Error::Undefined { what, value: mean, estimate: "the logarithm of the ratio" });
        }
    }
    let sums = influence(groups, &clusters, means, [1.0 / means[0], -1.0 / means[1]]);
    let rows = first.values.len() + second.values.len();
    let scale = (size(first) / means[0]).max(size(second) / means[1]);
    let spread = spread(&sums, &clusters, rows, 2, scale, "the ratio")?;
    let estimate = means[0] / means[1];
    Ok(Estimate {
        estimate,
        std_error: Some(estimate * spread.std_error),
        interval: Some(spread.around_log(means[0].ln() - means[1].ln())),
        method: Method::LogStudent,
        rows,
        clusters: clusters.count(),
    })
}

/// Checks both groups; gives the clusters of their rows, the second group's after the first's.
fn both(first: &Sample, second: &Sample) -> Result<Numbered, Error> {
    for group in [first, second] {
        let clusters = group.check()?;
        if clusters.count() < 2 {
            let what = if group.clusters.is_some() { "clusters in a group" } else { "rows in a group" };
            return Err(Error::TooFew { what, count: clusters.count(), least: 2 });
        }
    }
    joined(first, second)
}

fn joined(first: &Sample, second: &Sample) -> Result<Numbered, Error> {
    let rows = first.values.len() + second.values.len();
    match (first.clusters, second.clusters) {
        (Some(one), Some(other)) => Numbered::new(Some(&[one, other].concat()), rows),
        (None, None) => Numbered::new(None, rows),
        (None, Some(codes)) | (Some(codes), None) => {
            // One group has clusters: both must.
            let column = "the column of clusters of both groups".into();
            Err(Error::Lengths { column, values: codes.len(), rows })
        }
    }
}

/// Sums over clusters of each group's influence on its mean, times a factor for each group.
fn influence(groups: [&Sample; 2], clusters: &Numbered, means: [f64; 2], factors: [f64; 2]) -> Vec<f64> {
    let alone = |group: &Sample| Numbered::Alone { rows: group.values.len() };
    let rows = (0..2).flat_map(|at| {
        let values = mean_influence(groups[at], &alone(groups[at]), |value| value - means[at]);
        values.into_iter().map(move |value| value * factors[at])
    });
    clusters.sums(rows)
}
