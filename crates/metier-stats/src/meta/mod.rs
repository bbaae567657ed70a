//! Pools estimates of several studies, each with its standard error: one effect for all (common), or effects that differ from
//! study to study (random).
//!
//! With yᵢ the estimates, vᵢ their variances and τ² the variance of the true effects between studies, the pooled estimate is
//!
//! μ = Σ wᵢ yᵢ / Σ wᵢ, wᵢ = 1 / (vᵢ + τ²)
//!
//! The interval is Hartung's and Knapp's (2001, "A refined method for the meta-analysis of controlled clinical trials with
//! binary outcome", Statistics in Medicine 20, 3875–3889; Sidik and Jonkman, 2002): var μ = Σ wᵢ (yᵢ − μ)² / ((k − 1) Σ wᵢ), and
//! *t* of k − 1 degrees of freedom. It keeps its level with few studies where the normal one does not (IntHout, Ioannidis and
//! Borm, 2014, BMC Medical Research Methodology 14, 25). It is the plain form, metafor's `test = "knha"`: the variance is *not*
//! raised to that of the normal interval, so that it can be small where few studies agree by chance. The normal
//! interval's error stands beside it, [`Pooled::wald_std_error`], for who wants the wider of the two.
//!
//! With two studies *t* has one degree of freedom and the interval is as wide as that says: two studies know next to nothing of
//! how studies differ.
//!
//! ```
//! use metier_stats::meta::{Between, Study, random_effects};
//!
//! let study = |estimate, std_error| Study { estimate, std_error };
//! let pooled = random_effects(&[study(0.25, 0.125), study(1.5, 0.5)], Between::Reml)?;
//! // Of two studies τ² is (y₁ − y₂)² / 2 − (v₁ + v₂) / 2.
//! assert!((pooled.tau_squared - 0.6484375).abs() < 1e-12);
//! assert!((pooled.estimate - 0.78125).abs() < 1e-12 && pooled.prediction.is_none());
//! # Ok::<(), metier_stats::Error>(())
//! ```

mod between;

pub use between::Between;

use crate::bootstrap::Interval;
use crate::distribution::{chi_squared_upper, normal_quantile, student_quantile};
use crate::error::Error;
use between::Scaled;

/// Estimates that differ by less than this share of their size differ by rounding.
const ROUNDING: f64 = 1e-14;

/// What one study found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Study {
    /// Its estimate: a difference, a logarithm of a ratio, a coefficient. Of all studies in the same unit.
    pub estimate: f64,
    /// Its standard error, above 0. It is taken to be known: a study of a few people says less than its error does.
    pub std_error: f64,
}

/// Studies pooled.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The mean of the effects of which those of the studies are a sample.
    pub estimate: f64,
    /// Its standard error, of Hartung and Knapp.
    pub std_error: f64,
    /// The lower end of its 95 % interval, *t* with k − 1 degrees of freedom.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
    /// The standard error 1 / √Σ w, which takes τ² to be known.
    pub wald_std_error: f64,
    /// τ²: the variance of the true effects between studies, in the unit squared. Not below 0.
    pub tau_squared: f64,
    /// I² = τ² / (τ² + s²), from 0 to 1: the share of the variance of estimates that is between studies, where
    /// s² = (k − 1) Σ v⁻¹ / ((Σ v⁻¹)² − Σ v⁻²) is a typical vᵢ (Higgins and Thompson, 2002, Statistics in Medicine 21, 1539–1558). With DerSimonian's and Laird's τ² it is (Q − (k − 1)) / Q.
    pub i_squared: f64,
    /// H² = (τ² + s²) / s², from 1 (same place).
    pub h_squared: f64,
    /// Cochran's (1954) Q: Σ (yᵢ − common effect)² / vᵢ.
    pub q: f64,
    /// Its degrees of freedom, k − 1.
    pub q_df: f64,
    /// P(X > Q) of χ², if all studies had one effect.
    pub q_p: f64,
    /// The share of each study in the estimate, in their order. They add up to 1.
    pub weights: Vec<f64>,
    /// Where the effect of one more study lies with 95 % probability: μ ± t √(τ² + 1 / Σ w), *t* with k − 2 degrees of freedom
    /// (Higgins, Thompson and Spiegelhalter, 2009, Journal of the Royal Statistical Society A 172, 137–159).
    /// `None` with fewer than three studies.
    pub prediction: Option<Interval>,
    /// The estimate if all studies had one effect.
    pub common: Common,
}

/// The mean by wᵢ = 1 / vᵢ, of studies that are taken to have one effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Common {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error, 1 / √Σ w.
    pub std_error: f64,
    /// The lower end of its 95 % interval, of the normal distribution.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
}

/// Pools studies whose effects may differ.
///
/// # Errors
///
/// [`Error::TooFew`] for fewer than two studies; [`Error::NotFinite`], and [`Error::Argument`] for a standard error that is not
/// above 0; [`Error::TooLarge`] where numbers are too far apart to be squared; [`Error::NoSpread`] if all estimates are the same;
/// [`Error::Heterogeneity`] if τ² does not come out.
pub fn random_effects(studies: &[Study], between: Between) -> Result<Pooled, Error> {
    let scaled = Scaled::new(studies)?;
    let degrees = studies.len() as f64 - 1.0;
    let common = scaled.at(0.0);
    let tau_squared = between.variance(&scaled)?;
    let random = scaled.at(tau_squared);

    let largest = studies.iter().map(|study| study.estimate.abs()).fold(0.0, f64::max);
    let std_error = (random.squares / (degrees * random.total)).sqrt() * scaled.unit;
    let wald_std_error = scaled.unit / random.total.sqrt();
    let estimate = scaled.origin + random.mean * scaled.unit;
    if std_error <= ROUNDING * largest || std_error == 0.0 {
        return Err(Error::NoSpread { what: "the estimate of a study" });
    }
    let reach = student_quantile(0.975, degrees) * std_error;

    let typical = degrees * common.total / common.pairs;
    let prediction = (studies.len() > 2).then(|| {
        let spread = (tau_squared + 1.0 / random.total).sqrt() * scaled.unit;
        let reach = student_quantile(0.975, degrees - 1.0) * spread;
        Interval { low: estimate - reach, high: estimate + reach }
    });
    let pooled = Pooled {
        estimate,
        std_error,
        conf_low: estimate - reach,
        conf_high: estimate + reach,
        wald_std_error,
        tau_squared: tau_squared * scaled.unit * scaled.unit,
        i_squared: tau_squared / (tau_squared + typical),
        h_squared: (tau_squared + typical) / typical,
        q: common.squares,
        q_df: degrees,
        q_p: chi_squared_upper(common.squares, degrees),
        weights: random.weights.iter().map(|weight| weight / random.total).collect(),
        prediction,
        common: Common::new(scaled.origin + common.mean * scaled.unit, scaled.unit / common.total.sqrt()),
    };
    let ends = pooled.prediction.map_or([0.0; 2], |ends| [ends.low, ends.high]);
    let numbers = [pooled.conf_low, pooled.conf_high, pooled.tau_squared, pooled.i_squared, pooled.h_squared];
    if numbers.iter().chain(&ends).all(|number| number.is_finite()) { Ok(pooled) } else { Err(too_large()) }
}

impl Common {
    fn new(estimate: f64, std_error: f64) -> Common {
        let reach = normal_quantile(0.975) * std_error;
        Common { estimate, std_error, conf_low: estimate - reach, conf_high: estimate + reach }
    }
}

/// What stands where squares of estimates or of standard errors have no number.
fn too_large() -> Error {
    Error::TooLarge { column: "an estimate, next to the smallest standard error,".into() }
}
