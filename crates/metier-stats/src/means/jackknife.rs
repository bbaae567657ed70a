//! Ratios, shares and quantiles whose errors come from leaving out one cluster after another.
//!
//! With few clusters of unequal sizes the linearised error is too small: the largest clusters pull the estimate towards
//! themselves and so leave small residuals. Leaving each out undoes that. For a ratio with the sums R of top − θ · bottom and
//! B of bottom over a cluster, the estimate without it differs by −R / (ΣB − B), exactly, and
//!
//! var θ = (G − 1) / G · Σ (R / (ΣB − B))²
//!
//! with *t* of G − 1 degrees of freedom (Tukey, 1958; MacKinnon, Nielsen and Webb, 2023, "Cluster-robust inference: a guide to
//! empirical practice", Journal of Econometrics 232, 272–299, section 3). With many clusters it is the linearised one.

use super::quantile::Ordered;
use super::{Estimate, Method, ROUNDING, Sample, Spread, check_bottom, least_clusters};
use crate::bootstrap::{score, wilson};
use crate::clusters::Numbered;
use crate::distribution::student_quantile;
use crate::error::Error;

/// The ratio Σ w top / Σ w bottom; the values of the sample are the top.
///
/// # Errors
///
/// Those of [`ratio`](super::ratio), and one cluster that has all of the bottom.
///
/// ```
/// # use metier_stats::means::{Sample, jackknife};
/// let top = Sample { values: &[1.0, 2.0, 6.0], weights: None, clusters: None };
/// // Of a mean over rows it is the usual standard error.
/// let mean = jackknife::ratio(&top, &[1.0; 3])?;
/// assert!(mean.estimate == 3.0 && (mean.std_error.unwrap() - (7.0_f64 / 3.0).sqrt()).abs() < 1e-15);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn ratio(top: &Sample, bottom: &[f64]) -> Result<Estimate, Error> {
    let clusters = top.check()?;
    let made = Ratio::new(top, bottom, &clusters)?;
    let spread = made.spread(&clusters, "the ratio")?;
    Ok(Estimate {
        estimate: made.estimate,
        std_error: Some(spread.std_error),
        interval: Some(spread.around(made.estimate)),
        method: Method::Student,
        rows: top.values.len(),
        clusters: clusters.count(),
    })
}

/// The share Σ w part / Σ w whole, where each part is from 0 to its whole: of all actions those that edit, for example. As
/// [`ratio`], but with an interval that stays within 0 to 1 and is not symmetric: Wilson's, with t in place of z, over
/// p (1 − p) / std_error² rows, the number of independent rows that would have this standard error (Dean and Pagano, 2015,
/// "Evaluating confidence interval methods for binomial proportions in clustered surveys", Journal of Survey Statistics and
/// Methodology 3, 484–503). Where all is 0 or all is 1 it is Wilson's over clusters, and there is no standard error.
///
/// # Errors
///
/// Those of [`ratio`], and parts that are not from 0 to their whole.
///
/// ```
/// # use metier_stats::means::{Method, Sample, jackknife};
/// let part = Sample { values: &[1.0, 0.0, 0.0, 2.0], weights: None, clusters: None };
/// let share = jackknife::share(&part, &[4.0, 3.0, 4.0, 5.0])?;
/// assert_eq!((share.estimate, share.method), (3.0 / 16.0, Method::WilsonEffective));
/// assert!(share.interval.unwrap().low > 0.0);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn share(part: &Sample, whole: &[f64]) -> Result<Estimate, Error> {
    let mut pairs = part.values.iter().zip(whole);
    if let Some((value, _)) = pairs.find(|(part, whole)| !(0.0 <= **part && **part <= **whole)) {
        return Err(Error::Argument {
            name: "a part",
            value: *value,
            wanted: "a number from 0 to its whole",
        });
    }
    let all_or_none = [0.0, 1.0]
        .into_iter()
        .find(|share| part.values.iter().zip(whole).all(|(part, whole)| *part == share * whole));
    let size = (part.values.len(), part.check()?.count());
    stretched(ratio(part, whole), all_or_none, size)
}

/// A share with an interval that stays within 0 to 1, from the ratio that it is.
fn stretched(
    ratio: Result<Estimate, Error>,
    all_or_none: Option<f64>,
    (rows, clusters): (usize, usize),
) -> Result<Estimate, Error> {
    let made = match (ratio, all_or_none) {
        (Err(Error::NoSpread { .. }), Some(estimate)) => {
            let interval = wilson(estimate, clusters as f64);
            return Ok(Estimate {
                estimate,
                std_error: None,
                interval,
                method: Method::Wilson,
                rows,
                clusters,
            });
        }
        (made, _) => made?,
    };
    let (Some(std_error), Some(ends)) = (made.std_error, made.interval) else { return Ok(made) };
    let p = made.estimate.clamp(0.0, 1.0);
    let critical = (ends.high - made.estimate) / std_error;
    let interval = Some(score(p, p * (1.0 - p) / (std_error * std_error), critical));
    Ok(Estimate { estimate: p, interval, method: Method::WilsonEffective, ..made })
}

/// The quantile at `p`, with Woodruff's interval from the error of the share below it.
///
/// # Errors
///
/// Those of [`quantile`](super::quantile).
pub fn quantile(sample: &Sample, p: f64) -> Result<Estimate, Error> {
    let clusters = sample.check()?;
    let ordered = Ordered::at(sample, p)?;
    let estimate = ordered.quantile(p);
    let below: Vec<f64> = sample.values.iter().map(|value| f64::from(u8::from(*value <= estimate))).collect();
    let share = Ratio::new(&Sample { values: &below, ..*sample }, &vec![1.0; below.len()], &clusters)?;
    let spread = share.spread(&clusters, "the share of rows up to the quantile")?;
    Ok(ordered.estimate(p, spread, clusters.count()))
}

/// Rows that are summed over their clusters already: each estimate from them is then as quick as there are clusters.
#[derive(Debug, Clone, Copy)]
pub struct Sums<'a> {
    /// The ratio θ = Σ top / Σ bottom.
    pub ratio: f64,
    /// Σ bottom.
    pub bottom: f64,
    /// Σ (top − θ · bottom) of each cluster.
    pub residuals: &'a [f64],
    /// Σ bottom of each cluster.
    pub bottoms: &'a [f64],
    /// How many rows there were.
    pub rows: usize,
    /// Σ |top| over the rows: what spreads less than its rounding does not spread.
    pub size: f64,
}

/// [`ratio`], from sums over clusters.
///
/// # Errors
///
/// Those of [`ratio`].
///
/// ```
/// # use metier_stats::means::{Sample, jackknife::{self, Sums}};
/// let top = Sample { values: &[1.0, 2.0, 6.0, 1.0], weights: None, clusters: Some(&[1, 1, 2, 3]) };
/// let (residuals, bottoms) = (&[-2.0, 3.5, -1.5], &[2.0, 1.0, 1.0]);
/// let sums = Sums { ratio: 2.5, bottom: 4.0, residuals, bottoms, rows: 4, size: 10.0 };
/// assert_eq!(jackknife::ratio_of_sums(&sums)?, jackknife::ratio(&top, &[1.0; 4])?);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn ratio_of_sums(sums: &Sums) -> Result<Estimate, Error> {
    let made = Ratio::of_sums(sums)?;
    let clusters = Numbered::Together { of: Vec::new(), count: sums.bottoms.len() };
    let spread = made.spread(&clusters, "the ratio")?;
    Ok(Estimate {
        estimate: made.estimate,
        std_error: Some(spread.std_error),
        interval: Some(spread.around(made.estimate)),
        method: Method::Student,
        rows: sums.rows,
        clusters: sums.bottoms.len(),
    })
}

/// [`share`], from sums over clusters of parts that are from 0 to their whole; `all_or_none` is 1 if every part is its whole, 0
/// if every part is 0.
///
/// # Errors
///
/// Those of [`ratio`].
pub fn share_of_sums(sums: &Sums, all_or_none: Option<f64>) -> Result<Estimate, Error> {
    stretched(ratio_of_sums(sums), all_or_none, (sums.rows, sums.bottoms.len()))
}

/// [`quantile`] of finite values in ascending order. `residuals` gives, for a value and the share of rows that are no greater
/// than it, the sums over clusters of 1 less the share for these
/// rows, and of 0 less the share for the others. `rows` is how many rows each cluster has.
///
/// # Errors
///
/// Those of [`quantile`].
pub fn quantile_of_sums(
    sorted: &[f64],
    p: f64,
    rows: &[f64],
    residuals: impl FnOnce(f64, f64) -> Vec<f64>,
) -> Result<Estimate, Error> {
    if sorted.is_empty() {
        return Err(Error::TooFew { what: "rows", count: 0, least: 1 });
    }
    let ordered = Ordered::sorted(sorted, p)?;
    let end = ordered.quantile(p);
    let size = sorted.partition_point(|value| *value <= end) as f64;
    let (ratio, bottom) = (size / sorted.len() as f64, sorted.len() as f64);
    let residuals = residuals(end, ratio);
    let sums = Sums { ratio, bottom, residuals: &residuals, bottoms: rows, rows: sorted.len(), size };
    let clusters = Numbered::Together { of: Vec::new(), count: rows.len() };
    let spread = Ratio::of_sums(&sums)?.spread(&clusters, "the share of rows up to the quantile")?;
    Ok(ordered.estimate(p, spread, rows.len()))
}

/// A ratio and how far it is off without each cluster.
struct Ratio {
    estimate: f64,
    off: Vec<f64>,
    scale: f64,
}

impl Ratio {
    fn new(top: &Sample, bottom: &[f64], clusters: &Numbered) -> Result<Ratio, Error> {
        let rows = top.values.len();
        check_bottom(bottom, rows)?;
        let weighted = |values: &[f64]| -> f64 {
            values.iter().enumerate().map(|(row, value)| top.weight(row) * value).sum()
        };
        let below = weighted(bottom);
        if below == 0.0 {
            return Err(Error::NoSpread { what: "the bottom of the ratio" });
        }
        let estimate = weighted(top.values) / below;
        let residuals = (0..rows).map(|row| top.weight(row) * (top.values[row] - estimate * bottom[row]));
        let mut off = clusters.sums(residuals);
        let bottoms = clusters.sums((0..rows).map(|row| top.weight(row) * bottom[row]));
        for (off, own) in off.iter_mut().zip(bottoms) {
            *off /= below - own;
        }
        let size: f64 = top.values.iter().enumerate().map(|(row, value)| top.weight(row) * value.abs()).sum();
        Ok(Ratio { estimate, off, scale: size / below.abs() })
    }

    fn of_sums(sums: &Sums) -> Result<Ratio, Error> {
        let Sums { ratio, bottom, residuals, bottoms, size, .. } = *sums;
        if bottoms.len() != residuals.len() {
            let column = "the bottom".into();
            return Err(Error::Lengths { column, values: bottoms.len(), rows: residuals.len() });
        }
        if bottom == 0.0 {
            return Err(Error::NoSpread { what: "the bottom of the ratio" });
        }
        if !(ratio.is_finite() && bottom.is_finite()) {
            return Err(Error::TooLarge { column: "the value".into() });
        }
        let off = residuals.iter().zip(bottoms).map(|(residual, own)| residual / (bottom - own)).collect();
        Ok(Ratio { estimate: ratio, off, scale: size / bottom.abs() })
    }

    fn spread(&self, clusters: &Numbered, what: &'static str) -> Result<Spread, Error> {
        let count = self.off.len();
        least_clusters(clusters, count)?;
        let g = count as f64;
        let std_error = ((g - 1.0) / g * self.off.iter().map(|off| off * off).sum::<f64>()).sqrt();
        if !(std_error.is_finite() && self.scale.is_finite()) {
            return Err(Error::TooLarge { column: "the value, without one of the clusters,".into() });
        }
        if std_error <= ROUNDING * self.scale {
            return Err(Error::NoSpread { what });
        }
        Ok(Spread { std_error, critical: student_quantile(0.975, g - 1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::Interval;

    #[test]
    fn it_is_what_leaving_out_each_cluster_gives() {
        let (top, bottom) = ([3.0, 1.0, 4.0, 1.0, 5.0, 9.0], [2.0, 7.0, 1.0, 8.0, 2.0, 8.0]);
        let clusters = [1, 1, 2, 2, 2, 3];
        let sample = Sample { values: &top, weights: None, clusters: Some(&clusters) };
        let made = ratio(&sample, &bottom).expect("three clusters");
        let without = |left_out: u32| {
            let sum = |of: &[f64]| -> f64 {
                of.iter().zip(clusters).filter(|(_, cluster)| *cluster != left_out).map(|(it, _)| it).sum()
            };
            sum(&top) / sum(&bottom)
        };
        let squares: f64 = [1, 2, 3].into_iter().map(|one| (without(one) - made.estimate).powi(2)).sum();
        assert!((made.std_error.expect("it spreads") - (squares * 2.0 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn sums_give_what_rows_give() {
        let values: Vec<f64> = (0..90).map(|row| f64::from(row * 37 % 53) / 7.0).collect();
        let clusters: Vec<u32> = (0..90).map(|row| row * row % 11).collect();
        let sample = Sample { values: &values, weights: None, clusters: Some(&clusters) };
        let levels = Numbered::new(Some(&clusters), 90).expect("as many codes as rows");
        let ones = levels.sums([1.0; 90].into_iter());
        let residuals = |of: &[f64], ratio: f64| levels.sums(of.iter().map(|value| value - ratio));
        let size: f64 = values.iter().sum();
        let ratio_of = Sums {
            ratio: size / 90.0,
            bottom: 90.0,
            residuals: &residuals(&values, size / 90.0),
            bottoms: &ones,
            rows: 90,
            size,
        };
        assert_eq!(ratio_of_sums(&ratio_of), ratio(&sample, &[1.0; 90]));
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let below = |end: f64| -> Vec<f64> {
            values.iter().map(|value| f64::from(u8::from(*value <= end))).collect()
        };
        let made = quantile_of_sums(&sorted, 0.4, &ones, |end, share| residuals(&below(end), share));
        assert_eq!(made, quantile(&sample, 0.4));
        let part = below(3.0);
        let size: f64 = part.iter().sum();
        let sums = Sums { ratio: size / 90.0, residuals: &residuals(&part, size / 90.0), size, ..ratio_of };
        assert_eq!(share_of_sums(&sums, None), share(&Sample { values: &part, ..sample }, &[1.0; 90]));
    }

    #[test]
    fn one_cluster_with_everything_has_no_error() {
        let sample = Sample { values: &[1.0, 0.0], weights: None, clusters: Some(&[1, 2]) };
        assert!(ratio(&sample, &[2.0, 0.0]).is_err());
    }

    #[test]
    fn all_or_none_is_wilsons() {
        let none = Sample { values: &[0.0; 20], weights: None, clusters: None };
        let share = share(&none, &[1.0; 20]).expect("a share");
        assert_eq!((share.estimate, share.std_error, share.method), (0.0, None, Method::Wilson));
        assert!(share.interval.is_some_and(|ends: Interval| ends.high > 0.16));
    }
}
