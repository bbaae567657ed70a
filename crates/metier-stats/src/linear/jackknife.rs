//! Errors from fits that leave out one cluster after another.

use std::borrow::Cow;

use super::design::{Design, FixedEffect, Regressor, check_length};
use super::estimates::Fit;
use super::levels::Levels;
use super::model::Model;
use crate::error::Error;

/// Fits a design, with the covariance (G − 1) / G · Σ (β₍g₎ − β)(β₍g₎ − β)ᵀ over G clusters, where β₍g₎ is fitted without
/// cluster g, and *t* of G − 1 degrees of freedom (Bell and McCaffrey, 2002; "CV3" of MacKinnon, Nielsen and Webb, 2023,
/// Journal of Econometrics 232, 272–299). With few clusters, or unequal ones, its intervals hold where those of
/// [`Covariance::Clustered`](super::Covariance::Clustered) are too narrow; with many the two are alike. It takes one fit a cluster.
///
/// `codes` has the cluster of each row: any numbers.
///
/// # Errors
///
/// Those of [`Model::new`] and [`Model::with`], and [`Error::Identified`] if a coefficient cannot be estimated without one of
/// the clusters.
///
/// ```
/// use metier_stats::linear::{Design, Regressor, jackknife};
///
/// let design = Design {
///     outcome: &[1.0, 3.0, 2.0, 5.0, 4.0, 6.0],
///     regressors: vec![Regressor { name: "x".into(), values: (&[0.0, 1.0, 2.0, 3.0, 4.0, 4.0]).into() }],
///     fixed_effects: vec![],
///     weights: None,
/// };
/// let x = jackknife(&design, &[1, 1, 2, 2, 3, 3])?.coefficients.remove(1);
/// assert!(x.conf_low < x.estimate && x.estimate < x.conf_high);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn jackknife(design: &Design, codes: &[u32]) -> Result<Fit, Error> {
    let model = Model::new(design)?;
    check_length("the cluster variable", codes.len(), design.outcome.len())?;
    let clusters = Levels::kept(codes, &model.kept);
    let count = clusters.count;
    if count < 2 {
        return Err(Error::FewClusters { variable: 1, clusters: count });
    }
    let size = model.names.len();
    let mut matrix = vec![0.0; size * size];
    for left_out in 0..count as u32 {
        let rows: Vec<usize> = (0..model.kept.count())
            .filter(|row| clusters.of[*row] != left_out)
            .map(|row| model.kept.index(row))
            .collect();
        let outcome: Vec<f64> = rows.iter().map(|row| design.outcome[*row]).collect();
        let weights: Option<Vec<f64>> =
            design.weights.map(|weights| rows.iter().map(|row| weights[*row]).collect());
        let without = Design {
            outcome: &outcome,
            regressors: design.regressors.iter().map(|one| regressor(one, &rows)).collect(),
            fixed_effects: design.fixed_effects.iter().map(|one| effect(one, &rows)).collect(),
            weights: weights.as_deref(),
        };
        let fitted = Model::new(&without).map_err(|_| Error::Identified)?;
        let mut off = Vec::with_capacity(size);
        for (name, estimate) in model.names.iter().zip(&model.estimates) {
            let at = fitted.names.iter().position(|other| other == name).ok_or(Error::Identified)?;
            off.push(fitted.estimates[at] - estimate);
        }
        for (row, one) in off.iter().enumerate() {
            for (column, other) in off.iter().enumerate() {
                matrix[row * size + column] += one * other;
            }
        }
    }
    let g = count as f64;
    let factor = (g - 1.0) / g;
    matrix.iter_mut().for_each(|cell| *cell *= factor);
    Fit::new(&model, matrix, factor, g - 1.0, vec![count])
}

fn regressor(one: &Regressor, rows: &[usize]) -> Regressor<'static> {
    let values: Vec<f64> = rows.iter().map(|row| one.values[*row]).collect();
    Regressor { name: one.name.clone(), values: Cow::Owned(values) }
}

fn effect(one: &FixedEffect, rows: &[usize]) -> FixedEffect<'static> {
    let codes: Vec<u32> = rows.iter().map(|row| one.codes[*row]).collect();
    FixedEffect { name: one.name.clone(), codes: Cow::Owned(codes) }
}
