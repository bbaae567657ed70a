//! Prediction-powered inference: estimates from many rows whose values are predicted with error, put right by few rows
//! whose true values are known as well.
//!
//! # How
//!
//! Let θ̂(true) be the estimate from the labelled rows' true values, θ̂(pred) that from their predicted ones, and
//! θ̃(pred) that from the predicted values of the unlabelled rows. Then
//!
//! θ = θ̂(true) + λ · (θ̃(pred) − θ̂(pred)).
//!
//! The bracket has mean 0 however wrong the predictions are, if the labelled rows are drawn at random; so θ is as right
//! as θ̂(true). And it goes with the error of θ̂(true) if the predictions are good; so θ varies less. λ = 1 is Angelopoulos,
//! Bates, Fannjiang, Jordan and Zrnic (2023, Science 382, 669), λ = 0 uses the labels alone, and the λ of least variance is
//! PPI++ (Angelopoulos, Duchi and Zrnic, 2023, arXiv 2311.01453).
//!
//! # Predicted regressors
//!
//! For least squares each of the three estimates is where the mean gradient g = x (xᵀθ − y) of its own rows is 0. In
//! [`predicted_outcome`] the predicted row is (x, ŷ); in [`predicted_rows`] it is (x̂, ŷ), and anything in it may be
//! predicted. To first order (Newey and McFadden, 1994, section 3) an estimate from m rows is off by the mean of ψ = −H⁻¹ g
//! over them, where H is the mean of x xᵀ over these rows and g is taken at the estimate itself. True rows and predicted
//! ones have H and an estimate of their own: a regressor with errors changes both. So θ is off by
//!
//! Σ (ψ(true) − λ ψ(pred)) / n over the n labelled rows + λ Σ ψ(pred) / N over the N unlabelled ones,
//!
//! a sum of independent terms, whose squares sum up to its variance; and the λ of least variance is a regression
//! coefficient. For regressors it is the estimator of Chen and Chen (2000, Journal of the Royal Statistical Society B 62,
//! 449–460). Their rows with predictions are all rows, the labelled ones among them: that is the same with N / (n + N) as
//! factor to λ, so with tuning it is the same estimate.
//!
//! # Clusters
//!
//! Where rows come in clusters, which may have rows of both kinds, the terms above are summed within clusters, and the
//! squares of the sums make the variance, times G / (G − 1), with t of G − 1 degrees of freedom, where G is the number of
//! clusters that have labels.
//!
//! ```
//! use metier_stats::prediction_powered::{Tuning, mean};
//!
//! // Predictions are one too low, and otherwise good.
//! let (labels, predictions) = ([3.0, 5.0, 4.0, 6.0], [2.0, 4.0, 3.1, 4.9]);
//! let unlabelled = [1.0, 5.0, 3.0, 4.0, 2.0, 6.0, 4.0, 3.0];
//! let mean = mean(&labels, &predictions, &unlabelled, None, Tuning::Fixed(1.0))?;
//! // 3.5 + (4.5 − 3.5)
//! assert!((mean.estimate - 4.5).abs() < 1e-14 && mean.std_error < 0.6);
//! # Ok::<(), metier_stats::Error>(())
//! ```

mod least_squares;
mod mean;

pub use least_squares::{Rows, Sets, predicted_outcome, predicted_rows};
pub use mean::mean;

use crate::clusters::Numbered;
use crate::distribution::{normal_quantile, normal_two_sided, student_quantile, student_two_sided};
use crate::error::Error;

/// How λ is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tuning {
    /// As given: 1 trusts the predictions, 0 leaves them out.
    Fixed(f64),
    /// That of the least variance, summed over all coefficients, from 0 to 1.
    Overall,
    /// That of the least variance of one coefficient, from 0 to 1. 0 is the intercept.
    Coefficient(usize),
}

/// The clusters of both kinds of rows: any numbers. The same number is the same cluster in both.
#[derive(Debug, Clone, Copy)]
pub struct Clusters<'a> {
    /// Those of the labelled rows.
    pub labelled: &'a [u32],
    /// Those of the unlabelled rows.
    pub unlabelled: &'a [u32],
}

/// An estimate that predictions made more exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// The regressor's name, or "mean".
    pub name: String,
    /// The estimate.
    pub estimate: f64,
    /// Its standard error, in the same unit.
    pub std_error: f64,
    /// The estimate over its standard error: z, or with clusters t.
    pub statistic: f64,
    /// The two-sided p value.
    pub p: f64,
    /// The lower end of the 95 % interval.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
    /// The λ that it was made with.
    pub lambda: f64,
    /// The estimate from the true values of the labelled rows alone.
    pub labelled_alone: f64,
    /// The estimate from the predicted values of the unlabelled rows alone, which may be far off.
    pub predicted_alone: f64,
}

/// What an estimate is tested with.
#[derive(Debug, Clone, Copy)]
enum Reference {
    Normal,
    Student(f64),
}

impl Coefficient {
    fn new(
        name: &str,
        [estimate, labelled_alone, predicted_alone]: [f64; 3],
        variance: f64,
        lambda: f64,
        reference: Reference,
    ) -> Result<Coefficient, Error> {
        if !variance.is_finite() {
            return Err(Error::TooLarge { column: "a column".into() });
        }
        let std_error = variance.sqrt();
        // Less is rounding.
        if std_error.is_nan() || std_error <= 1e-13 * estimate.abs() {
            return Err(Error::NoSpread { what: "the estimate" });
        }
        let statistic = estimate / std_error;
        let (p, critical) = match reference {
            Reference::Normal => (normal_two_sided(statistic), normal_quantile(0.975)),
            Reference::Student(df) => (student_two_sided(statistic, df), student_quantile(0.975, df)),
        };
        let reach = critical * std_error;
        let (conf_low, conf_high) = (estimate - reach, estimate + reach);
        let name = name.to_owned();
        Ok(Coefficient {
            name,
            estimate,
            std_error,
            statistic,
            p,
            conf_low,
            conf_high,
            lambda,
            labelled_alone,
            predicted_alone,
        })
    }
}

/// Checks a λ that is given, and coefficients that are named by number.
fn check_tuning(tuning: Tuning, coefficients: usize) -> Result<(), Error> {
    match tuning {
        Tuning::Fixed(value) if !value.is_finite() => {
            Err(Error::Argument { name: "lambda", value, wanted: "a finite number" })
        }
        Tuning::Coefficient(index) if index >= coefficients => Err(Error::Argument {
            name: "the number of the coefficient to tune for",
            value: index as f64,
            wanted: "one that the model has, from 0",
        }),
        _ => Ok(()),
    }
}

/// The terms that an estimate is off by, summed within clusters: those that λ has no part in, and those that it
/// multiplies, with `width` numbers a cluster.
struct Terms {
    fixed: Vec<f64>,
    tuned: Vec<f64>,
    width: usize,
}

impl Terms {
    /// Of ψ(true) and ψ(pred) of the labelled rows and ψ(pred) of the unlabelled ones, row-major.
    fn new(truth: &[f64], predicted: &[f64], unlabelled: &[f64], width: usize, numbered: &Numbered) -> Terms {
        let (n, many) = ((truth.len() / width) as f64, (unlabelled.len() / width) as f64);
        let size = numbered.count() * width;
        let mut terms = Terms { fixed: vec![0.0; size], tuned: vec![0.0; size], width };
        let labelled = truth.chunks_exact(width).zip(predicted.chunks_exact(width));
        for (row, (truth, predicted)) in labelled.enumerate() {
            let at = numbered.of(row) * width;
            for (column, (truth, predicted)) in truth.iter().zip(predicted).enumerate() {
                terms.fixed[at + column] += truth / n;
                terms.tuned[at + column] -= predicted / n;
            }
        }
        let before = truth.len() / width;
        for (row, values) in unlabelled.chunks_exact(width).enumerate() {
            let at = numbered.of(before + row) * width;
            for (column, value) in values.iter().enumerate() {
                terms.tuned[at + column] += value / many;
            }
        }
        terms
    }

    /// The λ of least variance: fixed + λ tuned has the least sum of squares.
    fn lambda(&self, tuning: Tuning) -> f64 {
        let (mut product, mut square) = (0.0, 0.0);
        for (index, (fixed, tuned)) in self.fixed.iter().zip(&self.tuned).enumerate() {
            match tuning {
                Tuning::Fixed(lambda) => return lambda,
                Tuning::Coefficient(wanted) if wanted != index % self.width => {}
                _ => {
                    product -= fixed * tuned;
                    square += tuned * tuned;
                }
            }
        }
        if square > 0.0 { (product / square).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Σ (fixed + λ tuned)² of one coefficient.
    fn variance(&self, column: usize, lambda: f64) -> f64 {
        let terms = self.fixed.iter().zip(&self.tuned).skip(column).step_by(self.width);
        terms.map(|(fixed, tuned)| (fixed + lambda * tuned) * (fixed + lambda * tuned)).sum()
    }
}

/// The clusters of labelled rows followed by unlabelled ones, the factor of the variance, and what to test with. Without
/// clusters each row is one.
fn clustered(
    clusters: Option<&Clusters>,
    labelled: usize,
    unlabelled: usize,
) -> Result<(Numbered, f64, Reference), Error> {
    let Some(clusters) = clusters else {
        let n = labelled as f64;
        return Ok((Numbered::new(None, labelled + unlabelled)?, n / (n - 1.0), Reference::Normal));
    };
    let count = Numbered::new(Some(clusters.labelled), labelled)?.count();
    Numbered::new(Some(clusters.unlabelled), unlabelled)?;
    if count < 2 {
        return Err(Error::TooFew { what: "clusters with labels", count, least: 2 });
    }
    let numbered =
        Numbered::new(Some(&[clusters.labelled, clusters.unlabelled].concat()), labelled + unlabelled)?;
    let g = count as f64;
    Ok((numbered, g / (g - 1.0), Reference::Student(g - 1.0)))
}

/// Checks that all values of a column are finite.
fn check_finite(column: &str, values: &[f64]) -> Result<(), Error> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(Error::NotFinite { column: column.to_owned(), row, value: values[row] }),
        None => Ok(()),
    }
}
