//! Least squares with an outcome or regressors that are predicted in all rows and known in some.

use super::{Clusters, Coefficient, Reference, Terms, Tuning, check_finite, check_tuning, clustered};
use crate::error::Error;
use crate::linear::Regressor;
use crate::symmetric::Factor;

/// A regressor must have more than this share of its variance to itself.
const COLLINEAR: f64 = 1e-10;

/// An outcome and its regressors, without the intercept, which there always is.
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    /// What is explained.
    pub outcome: &'a [f64],
    /// What explains it.
    pub regressors: Vec<Regressor<'a>>,
}

/// The three sets of rows. All have the same regressors in the same order.
#[derive(Debug, Clone)]
pub struct Sets<'a> {
    /// The labelled rows with their true values.
    pub truth: Rows<'a>,
    /// The same rows, in the same order, with predicted values in place of those that are predicted.
    pub predicted: Rows<'a>,
    /// All other rows, with predicted values.
    pub unlabelled: Rows<'a>,
    /// The clusters of the rows; without, rows are independent.
    pub clusters: Option<Clusters<'a>>,
}

/// Least squares of an outcome that is predicted, with regressors that are known.
///
/// Without clusters numbers are those of ppi-python 0.2.3, `ppi_ols_ci`: H is the mean of x xᵀ over all rows, gradients of
/// true and predicted rows are taken at the same θ, and λ is tuned once at θ of λ = 1 and again at what comes out. With
/// clusters it is [`predicted_rows`].
///
/// # Errors
///
/// Regressors that differ between true and predicted rows, and those of [`predicted_rows`].
pub fn predicted_outcome(sets: &Sets, tuning: Tuning) -> Result<Vec<Coefficient>, Error> {
    for (truth, predicted) in sets.truth.regressors.iter().zip(&sets.predicted.regressors) {
        let mut pairs = truth.values.iter().zip(predicted.values.iter());
        if let Some((_, value)) = pairs.find(|(one, other)| one != other) {
            check_finite(&predicted.name, &predicted.values)?;
            let (name, wanted) = ("a regressor of a predicted row", "what it is in the true row");
            return Err(Error::Argument { name, value: *value, wanted });
        }
    }
    let fitted = Fitted::new(sets, tuning)?;
    if sets.clusters.is_some() { fitted.finish(sets, tuning) } else { fitted.published(tuning) }
}

/// Least squares where the outcome, regressors or both are predicted: with a regressor that is measured with error, plain
/// least squares is off however many rows there are.
///
/// The labelled rows must be drawn at random from all rows, or clusters from all clusters.
///
/// # Errors
///
/// Columns of another length or other regressors, values that are not finite, no more rows of a kind than coefficients, a
/// regressor that the others span, and fewer than two clusters with labels.
///
/// ```
/// use metier_stats::linear::Regressor;
/// use metier_stats::prediction_powered::{Rows, Sets, Tuning, predicted_rows};
///
/// let rows = |outcome, skill: &'static [f64]| Rows {
///     outcome,
///     regressors: vec![Regressor { name: "skill".into(), values: skill.into() }],
/// };
/// let sets = Sets {
///     truth: rows(&[1.0, 2.1, 2.9, 4.2, 1.1, 3.0], &[0.0, 1.0, 2.0, 3.0, 0.0, 2.0]),
///     predicted: rows(&[1.0, 2.1, 2.9, 4.2, 1.1, 3.0], &[1.0, 1.0, 2.0, 2.0, 0.0, 3.0]),
///     unlabelled: rows(&[1.2, 1.9, 3.1, 3.9, 2.0, 2.8], &[0.0, 0.0, 2.0, 3.0, 1.0, 3.0]),
///     clusters: None,
/// };
/// let skill = &predicted_rows(&sets, Tuning::Coefficient(1))?[1];
/// assert!(skill.conf_low < 1.05 && 1.0 < skill.conf_high);
/// // The error flattens it.
/// assert!(skill.predicted_alone < 0.8);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn predicted_rows(sets: &Sets, tuning: Tuning) -> Result<Vec<Coefficient>, Error> {
    Fitted::new(sets, tuning)?.finish(sets, tuning)
}

/// Rows of ones and regressors less their means over the true rows; k numbers a row.
struct Matrix<'a> {
    outcome: &'a [f64],
    rows: Vec<f64>,
}

/// The three fits.
struct Fitted<'a> {
    names: Vec<&'a str>,
    /// What was taken off each column.
    means: Vec<f64>,
    /// True, predicted, unlabelled.
    sets: [Matrix<'a>; 3],
    /// Coefficients of each, and its H⁻¹.
    estimates: [Vec<f64>; 3],
    inverses: [Vec<f64>; 3],
}

impl<'a> Fitted<'a> {
    fn new(sets: &'a Sets, tuning: Tuning) -> Result<Fitted<'a>, Error> {
        let all = [&sets.truth, &sets.predicted, &sets.unlabelled];
        let names: Vec<&str> = sets.truth.regressors.iter().map(|one| one.name.as_str()).collect();
        for rows in all {
            check(rows, &names)?;
        }
        let (labelled, predicted) = (sets.truth.outcome.len(), sets.predicted.outcome.len());
        if labelled != predicted {
            let column = "the set of predicted labelled rows".into();
            return Err(Error::Lengths { column, values: predicted, rows: labelled });
        }
        let k = names.len() + 1;
        for (what, rows) in [("labelled rows", &sets.truth), ("unlabelled rows", &sets.unlabelled)] {
            if rows.outcome.len() <= k {
                return Err(Error::TooFew { what, count: rows.outcome.len(), least: k + 1 });
            }
        }
        check_tuning(tuning, k)?;
        let mean = |one: &Regressor| one.values.iter().sum::<f64>() / one.values.len() as f64;
        let means: Vec<f64> = std::iter::once(0.0).chain(sets.truth.regressors.iter().map(mean)).collect();
        let matrices = all.map(|rows| Matrix::new(rows, &means));
        let mut estimates = [const { Vec::new() }; 3];
        let mut inverses = [const { Vec::new() }; 3];
        for (at, matrix) in matrices.iter().enumerate() {
            let (products, sides) = matrix.products(k);
            let factor = Factor::new(&products, k, COLLINEAR).map_err(|column| Error::Collinear {
                column: if column == 0 { "the intercept".into() } else { names[column - 1].to_owned() },
            })?;
            estimates[at] = sides;
            factor.solve(&mut estimates[at]);
            let rows = matrix.outcome.len() as f64;
            inverses[at] = factor.inverse().into_iter().map(|cell| cell * rows).collect();
        }
        Ok(Fitted { names, means, sets: matrices, estimates, inverses })
    }

    /// Estimates with the variance that the module's documentation derives.
    fn finish(&self, sets: &Sets, tuning: Tuning) -> Result<Vec<Coefficient>, Error> {
        let k = self.means.len();
        let psi = [0, 1, 2].map(|at| self.influence(at, &self.estimates[at], &self.inverses[at]));
        let [labelled, unlabelled] = [0, 2].map(|at| self.sets[at].outcome.len());
        let (numbered, factor, reference) = clustered(sets.clusters.as_ref(), labelled, unlabelled)?;
        let terms = Terms::new(&psi[0], &psi[1], &psi[2], k, &numbered);
        let lambda = terms.lambda(tuning);
        let variances: Vec<f64> = (0..k).map(|column| factor * terms.variance(column, lambda)).collect();
        self.coefficients(lambda, &variances, reference)
    }

    /// Estimates as ppi-python makes them.
    fn published(&self, tuning: Tuning) -> Result<Vec<Coefficient>, Error> {
        let k = self.means.len();
        let [n, many] = [0, 2].map(|at| self.sets[at].outcome.len() as f64);
        // ψ at the θ of a λ. Without predictions the unlabelled rows have no part in H.
        let at = |lambda: f64, all_rows: bool| -> Result<[Vec<f64>; 3], Error> {
            let theta = self.theta(lambda);
            let mut products = self.sets[0].products(k).0;
            let mut rows = n;
            if all_rows {
                for (product, other) in products.iter_mut().zip(self.sets[2].products(k).0) {
                    *product += other;
                }
                rows += many;
            }
            let factor = Factor::new(&products, k, COLLINEAR)
                .map_err(|column| Error::Collinear { column: self.names[column.max(1) - 1].to_owned() })?;
            let inverse: Vec<f64> = factor.inverse().into_iter().map(|cell| cell * rows).collect();
            Ok([0, 1, 2].map(|set| self.influence(set, &theta, &inverse)))
        };
        let lambda = match tuning {
            Tuning::Fixed(lambda) => lambda,
            _ => {
                let first = published_lambda(&at(1.0, true)?, k, tuning);
                published_lambda(&at(first, true)?, k, tuning)
            }
        };
        let psi = at(lambda, lambda != 0.0)?;
        let variances = (0..k).map(|column| {
            let own = |set: usize| psi[set].iter().skip(column).step_by(k);
            let rectified = own(0).zip(own(1)).map(|(truth, predicted)| truth - lambda * predicted);
            variance(rectified) / n + lambda * lambda * variance(own(2).copied()) / many
        });
        self.coefficients(lambda, &variances.collect::<Vec<f64>>(), Reference::Normal)
    }

    /// θ of the centred columns.
    fn theta(&self, lambda: f64) -> Vec<f64> {
        let [truth, predicted, unlabelled] = &self.estimates;
        let parts = truth.iter().zip(predicted).zip(unlabelled);
        parts.map(|((truth, predicted), unlabelled)| truth + lambda * (unlabelled - predicted)).collect()
    }

    /// ψ = H⁻¹ x (y − xᵀθ) of each row of a set, for the coefficients of the columns as they were.
    fn influence(&self, set: usize, theta: &[f64], inverse: &[f64]) -> Vec<f64> {
        let k = self.means.len();
        let matrix = &self.sets[set];
        let mut psi = Vec::with_capacity(matrix.rows.len());
        for (row, outcome) in matrix.rows.chunks_exact(k).zip(matrix.outcome) {
            let rest = outcome - dot(row, theta);
            let start = psi.len();
            psi.extend(inverse.chunks_exact(k).map(|cells| rest * dot(cells, row)));
            psi[start] -= dot(&self.means[1..], &psi[start + 1..]);
        }
        psi
    }

    fn coefficients(
        &self,
        lambda: f64,
        variances: &[f64],
        reference: Reference,
    ) -> Result<Vec<Coefficient>, Error> {
        let mut all = [self.theta(lambda), self.estimates[0].clone(), self.estimates[2].clone()];
        for values in &mut all {
            values[0] -= dot(&self.means[1..], &values[1..]);
        }
        let names = std::iter::once("Intercept").chain(self.names.iter().copied());
        let each = names.zip(variances).enumerate();
        each.map(|(at, (name, variance))| {
            Coefficient::new(name, [0, 1, 2].map(|set| all[set][at]), *variance, lambda, reference)
        })
        .collect()
    }
}

impl<'a> Matrix<'a> {
    fn new(rows: &Rows<'a>, means: &[f64]) -> Matrix<'a> {
        let k = means.len();
        let mut matrix = vec![1.0; rows.outcome.len() * k];
        for (column, regressor) in rows.regressors.iter().enumerate() {
            for (row, value) in matrix.chunks_exact_mut(k).zip(regressor.values.iter()) {
                row[column + 1] = value - means[column + 1];
            }
        }
        Matrix { outcome: rows.outcome, rows: matrix }
    }

    /// Σ x xᵀ and Σ x y.
    fn products(&self, k: usize) -> (Vec<f64>, Vec<f64>) {
        let (mut products, mut sides) = (vec![0.0; k * k], vec![0.0; k]);
        for (row, outcome) in self.rows.chunks_exact(k).zip(self.outcome) {
            for (column, value) in row.iter().enumerate() {
                sides[column] += value * outcome;
                for (product, other) in products[column * k..].iter_mut().zip(row) {
                    *product += value * other;
                }
            }
        }
        (products, sides)
    }
}

/// ppi-python's λ, `_calc_lam_glm`: the covariance of true and predicted ψ over labelled rows, over (1 + n/N) times the
/// variance of predicted ψ over all rows.
fn published_lambda(psi: &[Vec<f64>; 3], k: usize, tuning: Tuning) -> f64 {
    let columns = match tuning {
        Tuning::Coefficient(wanted) => wanted..wanted + 1,
        _ => 0..k,
    };
    let [n, many] = [0, 2].map(|set| (psi[set].len() / k) as f64);
    let (mut covariances, mut variances) = (0.0, 0.0);
    for column in columns {
        let own = |set: usize| psi[set].iter().skip(column).step_by(k).copied();
        let means = [0, 1].map(|set| own(set).sum::<f64>() / n);
        covariances +=
            own(0).zip(own(1)).map(|(one, other)| (one - means[0]) * (other - means[1])).sum::<f64>() / n;
        variances += variance(own(1).chain(own(2)).collect::<Vec<f64>>().into_iter());
    }
    if variances > 0.0 { (covariances / ((1.0 + n / many) * variances)).clamp(0.0, 1.0) } else { 0.0 }
}

/// The variance that divides by one less than the number of values.
fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (values.len() as f64 - 1.0)
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn check(rows: &Rows, names: &[&str]) -> Result<(), Error> {
    let count = rows.outcome.len();
    if rows.regressors.len() != names.len() {
        let column = "the list of regressors of one set".into();
        return Err(Error::Lengths { column, values: rows.regressors.len(), rows: names.len() });
    }
    check_finite("the outcome", rows.outcome)?;
    for (regressor, name) in rows.regressors.iter().zip(names) {
        if regressor.name != *name {
            let coefficients = names.iter().map(|name| (*name).to_owned()).collect();
            return Err(Error::UnknownCoefficient { name: regressor.name.clone(), coefficients });
        }
        if regressor.values.len() != count {
            return Err(Error::Lengths {
                column: regressor.name.clone(),
                values: regressor.values.len(),
                rows: count,
            });
        }
        check_finite(&regressor.name, &regressor.values)?;
    }
    Ok(())
}
