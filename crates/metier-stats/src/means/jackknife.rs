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
    let made = match (ratio(part, whole), all_or_none) {
        (Err(Error::NoSpread { .. }), Some(estimate)) => {
            let (rows, clusters) = (part.values.len(), part.check()?.count());
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
