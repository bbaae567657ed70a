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
mod cross_products;
mod design;
mod equations;
mod estimates;
mod jackknife;
mod levels;
mod model;
mod parts;
mod rows;

pub use cross_products::CrossProducts;
pub use design::{Covariance, Design, FixedEffect, Regressor};
pub use estimates::{Coefficient, Fit, Wald};
pub use jackknife::jackknife;
pub(crate) use levels::Levels;
pub use model::Model;

use crate::error::Error;

/// The rows of a design with these fixed effects that are fitted: those that are not alone in a level, once all that are have been
/// left out (Correia, 2015). Columns that depend on which rows are fitted can be made after it.
///
/// # Errors
///
/// [`Error::Lengths`] if an effect has not `rows` codes.
///
/// ```
/// use metier_stats::linear::{FixedEffect, fitted_rows};
///
/// let team = FixedEffect { name: "team".into(), codes: (&[1, 1, 2, 3, 3]).into() };
/// assert_eq!(fitted_rows(&[team], 5)?, [0, 1, 3, 4]);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn fitted_rows(fixed_effects: &[FixedEffect], rows: usize) -> Result<Vec<usize>, Error> {
    for effect in fixed_effects {
        design::check_length(&effect.name, effect.codes.len(), rows)?;
    }
    let codes: Vec<&[u32]> = fixed_effects.iter().map(|effect| &*effect.codes).collect();
    let kept = levels::without_singletons(&codes, rows).1;
    Ok((0..kept.count()).map(|at| kept.index(at)).collect())
}

/// Fits a design, with the covariance asked for.
///
/// # Errors
///
/// Those of [`Model::new`] and [`Model::with`].
pub fn fit(design: &Design, covariance: &Covariance) -> Result<Fit, Error> {
    Model::new(design)?.with(covariance)
}
