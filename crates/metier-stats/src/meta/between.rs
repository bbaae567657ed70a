//! The variance of effects between studies, τ².

use super::{Study, too_large};
use crate::error::Error;

/// Scoring steps that are taken at most. One usually leaves a tenth of what is missing.
const MOST_STEPS: usize = 1000;
/// Times that a step is halved at most.
const MOST_HALVES: usize = 60;
/// A step of less than this share of a typical v + τ² is rounding.
const CONVERGED: f64 = 1e-13;
/// Likelihoods that are nearer than this share of their size are the same but for rounding.
const FLAT: f64 = 1e-13;

/// The likelihood is looked at from this share of the smallest variance.
const LEAST_START: f64 = 1.0 / 64.0;

/// How τ² is estimated. Neither is ever below 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Between {
    /// Restricted maximum likelihood, by Fisher scoring with steps halved until they do not lower the likelihood (Viechtbauer,
    /// 2005, "Bias and efficiency of meta-analytic variance estimators in the random-effects model", Journal of Educational and
    /// Behavioral Statistics 30, 261–293). Of several maxima it is the highest; metafor's is the one that its start leads to.
    Reml,
    /// What Q exceeds its degrees of freedom by (DerSimonian and Laird, 1986, "Meta-analysis in clinical trials", Controlled
    /// Clinical Trials 7, 177–188). It needs no steps, and is too small where τ² is large.
    DerSimonianLaird,
}

/// Estimates and variances in the unit of the smallest standard error, from an origin among the estimates, so that
/// weights lie between 0 and 1 whatever the studies measure.
pub(super) struct Scaled {
    pub origin: f64,
    pub unit: f64,
    estimates: Vec<f64>,
    variances: Vec<f64>,
}

/// Sums at one τ².
pub(super) struct Weighted {
    /// 1 / (v + τ²).
    pub weights: Vec<f64>,
    /// Σ w.
    pub total: f64,
    /// (Σ w)² − Σ w².
    pub pairs: f64,
    /// Σ w y / Σ w.
    pub mean: f64,
    /// Σ w (y − mean)².
    pub squares: f64,
}

impl Scaled {
    pub fn new(studies: &[Study]) -> Result<Scaled, Error> {
        for (row, study) in studies.iter().enumerate() {
            for (column, value) in [("the estimate", study.estimate), ("the standard error", study.std_error)]
            {
                if !value.is_finite() {
                    return Err(Error::NotFinite { column: column.into(), row, value });
                }
            }
            if study.std_error <= 0.0 {
                let wanted = "a number above 0, or leave the study out";
                return Err(Error::Argument { name: "a standard error", value: study.std_error, wanted });
            }
        }
        if studies.len() < 2 {
            return Err(Error::TooFew { what: "studies", count: studies.len(), least: 2 });
        }
        let surest = studies.iter().min_by(|one, other| one.std_error.total_cmp(&other.std_error));
        let Study { estimate: origin, std_error: unit } = *surest.expect("there are two studies");
        let estimates = studies.iter().map(|study| (study.estimate - origin) / unit).collect();
        let variances = studies.iter().map(|study| (study.std_error / unit).powi(2)).collect();
        let scaled = Scaled { origin, unit, estimates, variances };
        // Weights of 1e-300 would lose studies, squares beyond 1e300 have no number.
        let most = scaled
            .estimates
            .iter()
            .map(|y| y * y)
            .chain(scaled.variances.iter().copied())
            .fold(0.0, f64::max);
        if most < 1e100 { Ok(scaled) } else { Err(too_large()) }
    }

    pub fn at(&self, tau_squared: f64) -> Weighted {
        let weights: Vec<f64> =
            self.variances.iter().map(|variance| 1.0 / (variance + tau_squared)).collect();
        let total: f64 = weights.iter().sum();
        let mean = weights.iter().zip(&self.estimates).map(|(weight, y)| weight * y).sum::<f64>() / total;
        let squares =
            weights.iter().zip(&self.estimates).map(|(weight, y)| weight * (y - mean).powi(2)).sum();
        let pairs = pairs(weights.iter().copied());
        Weighted { weights, total, pairs, mean, squares }
    }

    /// The restricted log-likelihood but for a constant (Viechtbauer, 2005).
    fn likelihood(&self, at: &Weighted) -> f64 {
        let logs: f64 = at.weights.iter().map(|weight| weight.ln()).sum();
        0.5 * (logs - at.total.ln() - at.squares)
    }

    /// The step of Fisher scoring, (yᵀ P P y − tr P) / tr P P with P = W − W 1 1ᵀ W / 1ᵀ W 1, and tr P / tr P P, which is a typical
    /// v + τ². The traces are sums of what is above 0: usual formulas take differences, which one precise study makes 0.
    fn step(&self, at: &Weighted) -> (f64, f64) {
        let form: f64 =
            at.weights.iter().zip(&self.estimates).map(|(weight, y)| (weight * (y - at.mean)).powi(2)).sum();
        let trace = at.pairs / at.total;
        let mut after = vec![0.0; at.weights.len()];
        for index in (1..after.len()).rev() {
            after[index - 1] = after[index] + at.weights[index];
        }
        let (mut before, mut diagonal) = (0.0, 0.0);
        for (weight, after) in at.weights.iter().zip(after) {
            diagonal += (weight * ((before + after) / at.total)).powi(2);
            before += weight;
        }
        let square =
            diagonal + pairs(at.weights.iter().map(|weight| weight * weight)) / (at.total * at.total);
        ((form - trace) / square, trace / square)
    }

    /// Climbs from a start to a maximum of the likelihood, which may be at 0.
    fn climb(&self, start: f64) -> Result<f64, Error> {
        let mut tau_squared = start;
        let mut here = self.at(tau_squared);
        let mut likelihood = self.likelihood(&here);
        let mut last = 0.0_f64;
        for _ in 0..MOST_STEPS {
            let (mut step, typical) = self.step(&here);
            // Where the likelihood is more sharply bent than expected, steps go to and fro over the maximum without end.
            if step * last < 0.0 {
                step = step.clamp(-last.abs() / 2.0, last.abs() / 2.0);
            }
            let lowest = likelihood - FLAT * (1.0 + likelihood.abs());
            let mut halves = 0;
            let (next, there, reached) = loop {
                let next = (tau_squared + step).max(0.0);
                let there = self.at(next);
                let reached = self.likelihood(&there);
                if reached >= lowest {
                    break (next, there, reached);
                }
                if halves == MOST_HALVES {
                    return Err(Error::Heterogeneity { steps: MOST_STEPS });
                }
                halves += 1;
                step /= 2.0;
            };
            last = next - tau_squared;
            (tau_squared, here, likelihood) = (next, there, reached);
            if last.abs() <= CONVERGED * typical {
                return Ok(tau_squared);
            }
        }
        Err(Error::Heterogeneity { steps: MOST_STEPS })
    }
}

/// (Σ x)² − Σ x², which is twice the sum of the products of all pairs, and as such loses no digits.
fn pairs(values: impl Iterator<Item = f64>) -> f64 {
    let (mut before, mut sum) = (0.0, 0.0);
    for value in values {
        sum += before * value;
        before += value;
    }
    2.0 * sum
}

impl Between {
    pub(super) fn variance(self, scaled: &Scaled) -> Result<f64, Error> {
        let degrees = scaled.estimates.len() as f64 - 1.0;
        match self {
            Between::DerSimonianLaird => {
                let common = scaled.at(0.0);
                let excess = common.squares - degrees;
                Ok((excess / (common.pairs / common.total)).max(0.0))
            }
            Between::Reml => {
                // The likelihood can have several maxima. It is smooth in ln τ², so that a look at each doubling finds the hills, and
                // each is climbed: of two nearly as high, the higher may be the one whose top lies farther from a doubling.
                // None is above the squared range.
                let (low, high) = scaled
                    .estimates
                    .iter()
                    .fold((0.0_f64, 0.0_f64), |ends, y| (ends.0.min(*y), ends.1.max(*y)));
                let doubled = std::iter::successors(Some(LEAST_START), |start| Some(start * 2.0));
                let starts = doubled.take_while(|start| *start <= (high - low).powi(2));
                let starts: Vec<f64> = std::iter::once(0.0).chain(starts).collect();
                let reached: Vec<f64> =
                    starts.iter().map(|start| scaled.likelihood(&scaled.at(*start))).collect();
                let mut highest: Option<(f64, f64)> = None;
                for (index, start) in starts.iter().enumerate() {
                    let below = |other: Option<&f64>| other.is_none_or(|other| *other <= reached[index]);
                    if below(index.checked_sub(1).map(|before| &reached[before]))
                        && below(reached.get(index + 1))
                    {
                        let top = scaled.climb(*start)?;
                        let likelihood = scaled.likelihood(&scaled.at(top));
                        if highest.is_none_or(|(_, most)| likelihood > most) {
                            highest = Some((top, likelihood));
                        }
                    }
                }
                Ok(highest.expect("one start is the highest").0)
            }
        }
    }
}
