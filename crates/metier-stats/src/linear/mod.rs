//! Least squares with fixed effects, weights, and covariances that stand heteroskedasticity and clusters.
//!
//! [`fit`] does all at once. [`Model`] fits a [`Design`] once and gives the [`Fit`] with any number of covariances.
//! Numbers are those of pyfixest 0.60 with its defaults, the small-sample corrections and the rows left out
//! included; [`Covariance`] has the formulas. (Where a fixed effect is itself the cluster variable, and there are
//! others, pyfixest can take the wrong one to be nested; here it is the right one, as in R's fixest.)
//!
//! Fixed effects are taken out exactly: the largest one by demeaning, the others through the normal equations of
//! their levels, which are built from counts. Only where the others have more than 1,000 levels together, or their
//! equations take too long to build, are these solved by conjugate gradients, until rounding is all that is left.
//! One thread does all, so the same design gives the same bytes.
//!
//! ```
//! use metier_stats::linear::{Covariance, Design, FixedEffect, Regressor, fit};
//!
//! let design = Design {
//!     outcome: &[1.0, 3.0, 2.0, 6.0, 8.0, 9.0],
//!     regressors: vec![Regressor { name: "hours".into(), values: (&[0.0, 2.0, 1.0, 0.0, 1.0, 2.0]).into() }],
//!     fixed_effects: vec![FixedEffect { name: "team".into(), codes: (&[4, 4, 4, 9, 9, 9]).into() }],
//!     weights: None,
//! };
//! let hours = fit(&design, &Covariance::Classical)?.coefficients.remove(0);
//! // Within teams Σ x y is 2 + 3, and Σ x² is 2 + 2.
//! assert!((hours.estimate - 1.25).abs() < 1e-15);
//! # Ok::<(), metier_stats::Error>(())
//! ```

mod absorb;
mod cholesky;
mod conjugate;
mod covariance;
mod design;
mod equations;
mod estimates;
mod levels;
mod model;
mod rows;

pub use design::{Covariance, Design, FixedEffect, Regressor};
pub use estimates::{Coefficient, Fit, Wald};
pub use model::Model;

use crate::error::Error;

/// Fits a design, with the covariance asked for.
///
/// # Errors
///
/// Those of [`Model::new`] and [`Model::with`].
pub fn fit(design: &Design, covariance: &Covariance) -> Result<Fit, Error> {
    Model::new(design)?.with(covariance)
}
