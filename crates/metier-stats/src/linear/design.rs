//! What a model is fitted to, and what can be wrong with it.

use std::borrow::Cow;

use super::rows::{Kept, Weights};
use crate::error::Error;

/// What a model is fitted to. All columns have one value a row.
#[derive(Debug, Clone)]
pub struct Design<'a> {
    /// What is explained.
    pub outcome: &'a [f64],
    /// What explains it, without an intercept: there is one if there are no fixed effects. Of collinear regressors
    /// the later ones are dropped.
    pub regressors: Vec<Regressor<'a>>,
    /// Groups of rows that differ by a constant each.
    pub fixed_effects: Vec<FixedEffect<'a>>,
    /// How much each row counts, as the inverse of its variance ("analytic weights"): their scale changes no
    /// estimate and no standard error. All above 0.
    pub weights: Option<&'a [f64]>,
}

/// A column that explains.
#[derive(Debug, Clone)]
pub struct Regressor<'a> {
    /// The name of its coefficient.
    pub name: String,
    /// Its values, all finite.
    pub values: Cow<'a, [f64]>,
}

/// A column of groups whose constants are absorbed.
#[derive(Debug, Clone)]
pub struct FixedEffect<'a> {
    /// Its name, for messages.
    pub name: String,
    /// The group of each row: any numbers.
    pub codes: Cow<'a, [u32]>,
}

/// How the covariance of the coefficients is estimated.
///
/// `n` is the number of rows, `k` that of the parameters: the coefficients, and the levels of fixed effects less one
/// for each effect but the first. x is a row of the regressors that the fixed effects are taken out of, times the
/// root of its weight, u its residual likewise, and B the inverse of Σ x xᵀ.
#[derive(Debug, Clone)]
pub enum Covariance<'a> {
    /// B · Σ u² / (n − k): all rows have the same variance, up to their weights.
    Classical,
    /// n / (n − k) · B (Σ u² x xᵀ) B (White, 1980; MacKinnon and White, 1985).
    Hc1,
    /// n / (n − k) · B (Σ u² / (1 − h)² x xᵀ) B with h the leverage of the row among regressors and fixed effects
    /// (MacKinnon and White, 1985; Long and Ervin, 2000).
    ///
    /// The factor n / (n − k) is pyfixest's; HC3 as published, in statsmodels and in R's sandwich has none. It is
    /// in [`Fit::small_sample`](super::Fit::small_sample). pyfixest refuses HC3 with fixed effects; here it is what
    /// dummies would give.
    Hc3,
    /// (n − 1) / (n − k) · G / (G − 1) · B (Σ s sᵀ) B, with s the sum of u x over a cluster, and G clusters (Liang
    /// and Zeger, 1986). Fixed effects that are nested in clusters count as one parameter each.
    ///
    /// By two variables: the sum of both less that of the pairs (Cameron, Gelbach and Miller, 2011), all with the
    /// smaller G. A matrix that is not positive is not mended.
    ///
    /// One or two columns of clusters, with a code for each row: any numbers.
    Clustered(Vec<&'a [u32]>),
}

impl Design<'_> {
    /// Checks that all columns are there, and all weights.
    pub(super) fn check(&self) -> Result<(), Error> {
        let rows = self.outcome.len();
        let regressors = self.regressors.iter().map(|one| (one.name.as_str(), one.values.len()));
        let effects = self.fixed_effects.iter().map(|one| (one.name.as_str(), one.codes.len()));
        let weights = self.weights.iter().map(|weights| ("the column of weights", weights.len()));
        for (column, values) in regressors.chain(effects).chain(weights) {
            check_length(column, values, rows)?;
        }
        if rows == 0 {
            return Err(Error::NoRows { alone: 0 });
        }
        let weights = self.weights.unwrap_or_default();
        match weights.iter().position(|weight| !(weight.is_finite() && *weight > 0.0)) {
            Some(row) => Err(Error::Weight { row, value: weights[row] }),
            None => Ok(()),
        }
    }
}

/// Checks that a column has one value a row.
pub(super) fn check_length(column: &str, values: usize, rows: usize) -> Result<(), Error> {
    if values == rows { Ok(()) } else { Err(Error::Lengths { column: column.to_owned(), values, rows }) }
}

/// The weighted mean of a column at the kept rows. All values are checked, those of rows left out as well.
pub(super) fn mean(name: &str, column: &[f64], kept: &Kept, weights: &Weights) -> Result<f64, Error> {
    // Differences from one value: a constant column has exactly its own mean.
    let origin = column[kept.index(0)];
    let mean = origin
        + match kept {
            Kept::All(_) => mean_beyond(origin, column.iter().copied(), weights),
            Kept::Some(rows) => mean_beyond(origin, rows.iter().map(|row| column[*row as usize]), weights),
        };
    if mean.is_finite() && matches!(kept, Kept::All(_)) {
        return Ok(mean);
    }
    match column.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(Error::NotFinite { column: name.to_owned(), row, value: column[row] }),
        None if mean.is_finite() => Ok(mean),
        None => Err(Error::TooLarge { column: name.to_owned() }),
    }
}

fn mean_beyond(origin: f64, values: impl Iterator<Item = f64>, weights: &Weights) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (value, weight) in values.zip(weights.rows()) {
        sum += weight * (value - origin);
        total += weight;
    }
    sum / total
}
