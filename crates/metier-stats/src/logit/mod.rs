//! Logistic regression by maximum likelihood: log odds ratios, and average marginal effects on the probability.
//!
//! Numbers are those of statsmodels 0.15, `GLM` with the binomial family. Fixed effects are dummies, which
//! [`dummies`] makes; with few rows in each level they bias the others (Neyman and Scott, 1948).
//!
//! ```
//! use metier_stats::linear::Regressor;
//! use metier_stats::logit::{Covariance, Design, fit};
//!
//! // Of those with x = 0 one in four says yes, of those with x = 1 three in four.
//! let design = Design {
//!     outcome: &[1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0],
//!     regressors: vec![Regressor { name: "x".into(), values: (&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]).into() }],
//!     weights: None,
//! };
//! let fit = fit(&design, &Covariance::Classical)?;
//! let x = &fit.coefficients[1];
//! assert!((x.estimate - 9.0_f64.ln()).abs() < 1e-12);
//! // √(1/1 + 1/3 + 1/3 + 1/1)
//! assert!((x.std_error - (8.0_f64 / 3.0).sqrt()).abs() < 1e-12);
//! # Ok::<(), metier_stats::Error>(())
//! ```

mod dummies;
mod margins;
mod model;

pub use dummies::dummies;
pub use model::Model;

use crate::distribution::{normal_quantile, normal_two_sided};
use crate::error::Error;
use crate::linear::Regressor;

/// A standard error of less than this share of the classical one is rounding.
const ROUNDING: f64 = 1e-12;

/// What a model is fitted to. All columns have one value a row.
#[derive(Debug, Clone)]
pub struct Design<'a> {
    /// What is explained: 1 for yes, 0 for no.
    pub outcome: &'a [f64],
    /// What explains it, without the intercept, which there always is. Of collinear regressors the later ones are
    /// dropped.
    pub regressors: Vec<Regressor<'a>>,
    /// How much each row's likelihood counts, above 0: statsmodels' `var_weights`. Their scale matters.
    pub weights: Option<&'a [f64]>,
}

/// How the covariance of the coefficients is estimated.
///
/// B is the inverse of the information Σ w p (1 − p) x xᵀ, s = w (y − p) x is a row's score, n the number of rows and k
/// that of coefficients.
#[derive(Debug, Clone, Copy)]
pub enum Covariance<'a> {
    /// B: the model is right.
    Classical,
    /// B (Σ s sᵀ) B (Huber, 1967; White, 1982). Also what statsmodels 0.15 gives for "HC1" here.
    Hc0,
    /// n / (n − k) times that.
    Hc1,
    /// (n − 1) / (n − k) · G / (G − 1) · B (Σ S Sᵀ) B, with S the sum of s over a cluster, and G clusters (Liang and
    /// Zeger, 1986). One code a row: any numbers.
    Clustered(&'a [u32]),
}

/// A model that is fitted, with one covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// How many rows are fitted.
    pub observations: usize,
    /// The intercept, named "Intercept", then the regressors that are kept, in their order. Log odds ratios per unit.
    pub coefficients: Vec<Coefficient>,
    /// The names of regressors that are constant or a combination of earlier ones. They have no coefficient.
    pub dropped: Vec<String>,
    /// The log likelihood.
    pub log_likelihood: f64,
    /// The log likelihood with the intercept alone.
    pub log_likelihood_null: f64,
    /// How many steps of Newton's method it took.
    pub steps: usize,
    /// How many clusters there are, where standard errors are clustered.
    pub clusters: Option<usize>,
    /// The covariance of the coefficients, row-major, in their order.
    pub covariance: Vec<f64>,
    /// The same for regressors less their means over their spreads, which margins are made from.
    scaled: Vec<f64>,
}

/// A coefficient, or a marginal effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// The regressor's name.
    pub name: String,
    /// The estimate.
    pub estimate: f64,
    /// Its standard error, in the same unit.
    pub std_error: f64,
    /// The estimate over its standard error.
    pub z: f64,
    /// P(|Z| > |z|) of the normal distribution: the two-sided p value.
    pub p: f64,
    /// The lower end of the normal 95 % interval.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
}

impl Coefficient {
    /// `classical` is the variance if the model is right.
    fn new(name: &str, estimate: f64, variance: f64, classical: f64) -> Result<Coefficient, Error> {
        // Written so that a variance that is no number is an error, too.
        if !(variance > ROUNDING * ROUNDING * classical && variance.is_finite()) {
            return Err(Error::NoSpread { what: "the score of a coefficient" });
        }
        let std_error = variance.sqrt();
        let (z, reach) = (estimate / std_error, normal_quantile(0.975) * std_error);
        let (conf_low, conf_high) = (estimate - reach, estimate + reach);
        Ok(Coefficient {
            name: name.to_owned(),
            estimate,
            std_error,
            z,
            p: normal_two_sided(z),
            conf_low,
            conf_high,
        })
    }
}

impl Fit {
    /// McFadden's (1974) pseudo R²: 1 − log likelihood / log likelihood with the intercept alone.
    ///
    /// ```
    /// # use metier_stats::linear::Regressor;
    /// # use metier_stats::logit::{Covariance, Design, fit};
    /// # let x = Regressor { name: "x".into(), values: (&[0.0, 0.0, 1.0, 1.0, 2.0, 2.0]).into() };
    /// # let design = Design { outcome: &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0], regressors: vec![x], weights: None };
    /// // Each x has one yes and one no.
    /// assert!(fit(&design, &Covariance::Classical)?.pseudo_r_squared().abs() < 1e-12);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn pseudo_r_squared(&self) -> f64 {
        1.0 - self.log_likelihood / self.log_likelihood_null
    }
}

/// Fits a design, with the covariance asked for.
///
/// # Errors
///
/// Those of [`Model::new`] and [`Model::with`].
pub fn fit(design: &Design, covariance: &Covariance) -> Result<Fit, Error> {
    Model::new(design)?.with(covariance)
}
