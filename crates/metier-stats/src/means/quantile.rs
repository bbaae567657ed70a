//! Quantiles with Woodruff's interval.

use std::borrow::Cow;

use super::single::mean_influence;
use super::{Estimate, Method, Sample, Spread, spread};
use crate::bootstrap::Interval;
use crate::error::Error;

/// The quantile at `p`, in the unit of the values: type 7 of Hyndman and Fan (1996), the default of R and NumPy.
/// With weights, a value stands where the weights below it and half of its own reach, and the first and last stand at
/// 0 and 1; with equal weights that is type 7.
///
/// The interval is Woodruff's (1952): the share of rows up to the quantile has a standard error, here that of a
/// clustered mean; the quantiles at `p` ± t · that error are the ends. The standard error is their distance over
/// 2 t. Where `p` ± t · error leaves 0 to 1, the sample does not reach as far, and there is neither.
///
/// # Errors
///
/// A `p` that is not between 0 and 1, and those of [`mean`](super::mean).
///
/// ```
/// # use metier_stats::means::{Sample, quantile};
/// let values: Vec<f64> = (1..=101).map(f64::from).collect();
/// let median = quantile(&Sample { values: &values, weights: None, clusters: None }, 0.5)?;
/// let interval = median.interval.unwrap();
/// assert!(median.estimate == 51.0 && 40.0 < interval.low && interval.high < 62.0);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn quantile(sample: &Sample, p: f64) -> Result<Estimate, Error> {
    let clusters = sample.check()?;
    let rows = sample.values.len();
    let ordered = Ordered::at(sample, p)?;
    let estimate = ordered.quantile(p);
    let below = |value: f64| f64::from(u8::from(value <= estimate));
    let share = sample.weighted_mean(below);
    let sums = mean_influence(sample, &clusters, |value| below(value) - share);
    let spread = spread(&sums, &clusters, rows, 1, 1.0, "the share of rows up to the quantile")?;
    Ok(ordered.estimate(p, spread, clusters.count()))
}

fn check(p: f64) -> Result<(), Error> {
    if p > 0.0 && p < 1.0 {
        return Ok(());
    }
    Err(Error::Argument { name: "the share below a quantile", value: p, wanted: "a number between 0 and 1" })
}

/// Values in order, and where between 0 and 1 each stands.
pub(super) struct Ordered<'a> {
    values: Cow<'a, [f64]>,
    /// Without weights the k-th of n stands at k / (n − 1).
    positions: Option<Vec<f64>>,
}

impl<'a> Ordered<'a> {
    /// The values of a checked sample, for a quantile at `p`.
    pub(super) fn at(sample: &Sample, p: f64) -> Result<Ordered<'static>, Error> {
        check(p)?;
        Ok(Ordered::new(sample))
    }

    /// Values that are in order already.
    pub(super) fn sorted(values: &'a [f64], p: f64) -> Result<Ordered<'a>, Error> {
        check(p)?;
        Ok(Ordered { values: Cow::Borrowed(values), positions: None })
    }

    /// The quantile with Woodruff's interval, from the spread of the share below it.
    pub(super) fn estimate(&self, p: f64, spread: Spread, clusters: usize) -> Estimate {
        let shares = spread.around(p);
        let interval = (shares.low > 0.0 && shares.high < 1.0)
            .then(|| Interval { low: self.quantile(shares.low), high: self.quantile(shares.high) });
        let width = interval.map(|ends| (ends.high - ends.low) / (2.0 * spread.critical));
        Estimate {
            estimate: self.quantile(p),
            std_error: width.filter(|error| *error > 0.0),
            interval,
            method: Method::Woodruff,
            rows: self.values.len(),
            clusters,
        }
    }

    fn new(sample: &Sample) -> Ordered<'static> {
        let Some(weights) = sample.weights else {
            let mut values = sample.values.to_vec();
            values.sort_unstable_by(f64::total_cmp);
            return Ordered { values: values.into(), positions: None };
        };
        let mut pairs: Vec<(f64, f64)> = sample.values.iter().copied().zip(weights.iter().copied()).collect();
        pairs.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
        let mut below = 0.0;
        let middles = pairs.iter().map(|(_, weight)| {
            below += weight;
            below - weight / 2.0
        });
        let mut positions: Vec<f64> = middles.collect();
        let (first, last) = (positions[0], positions[positions.len() - 1]);
        for position in &mut positions {
            *position = if last > first { (*position - first) / (last - first) } else { 0.5 };
        }
        Ordered {
            values: pairs.into_iter().map(|(value, _)| value).collect::<Vec<f64>>().into(),
            positions: Some(positions),
        }
    }

    /// The value at p, from 0 to 1, between the two that stand next to it.
    pub(super) fn quantile(&self, p: f64) -> f64 {
        let last = self.values.len() - 1;
        let (at, beyond) = match &self.positions {
            None => {
                let h = last as f64 * p;
                (h as usize, h - h.floor())
            }
            Some(positions) => {
                let at = positions.partition_point(|position| *position <= p).saturating_sub(1);
                let width = positions[(at + 1).min(last)] - positions[at];
                (at, if width > 0.0 { ((p - positions[at]) / width).max(0.0) } else { 0.0 })
            }
        };
        let (low, high) = (self.values[at], self.values[(at + 1).min(last)]);
        low + (high - low) * beyond
    }
}
