//! The mean of an outcome that is predicted in all rows and known in some.

use super::{Clusters, Coefficient, Reference, Terms, Tuning, check_finite, check_tuning, clustered};
use crate::error::Error;

/// The mean of what the labels are labels of, in their unit: λ · mean of the unlabelled rows' predictions + mean of
/// (label − λ · prediction) over the labelled rows.
///
/// Without clusters numbers are those of ppi-python 0.2.3: variances divide by the number of rows, λ is
/// cov(label, prediction) / ((1 + n/N) var(prediction)) with the variance over all rows.
///
/// # Errors
///
/// Fewer than two rows of a kind, or two clusters with labels, columns of another length, values that are not finite, and
/// values that do not vary.
///
/// ```
/// # use metier_stats::prediction_powered::{Tuning, mean};
/// let labels = [1.0, 0.0, 1.0, 1.0];
/// // Predictions that know nothing are left out.
/// let mean = mean(&labels, &[0.5; 4], &[0.5, 0.5], None, Tuning::Overall)?;
/// assert_eq!((mean.estimate, mean.lambda), (0.75, 0.0));
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn mean(
    labels: &[f64],
    predictions: &[f64],
    unlabelled: &[f64],
    clusters: Option<&Clusters>,
    tuning: Tuning,
) -> Result<Coefficient, Error> {
    let (n, many) = (labels.len(), unlabelled.len());
    if predictions.len() != n {
        let column = "the column of predictions of labelled rows".into();
        return Err(Error::Lengths { column, values: predictions.len(), rows: n });
    }
    for (what, count) in [("labelled rows", n), ("unlabelled rows", many)] {
        if count < 2 {
            return Err(Error::TooFew { what, count, least: 2 });
        }
    }
    let columns = [
        ("the label", labels),
        ("the prediction of a labelled row", predictions),
        ("the prediction of an unlabelled row", unlabelled),
    ];
    for (column, values) in columns {
        check_finite(column, values)?;
    }
    check_tuning(tuning, 1)?;
    let means = [labels, predictions, unlabelled].map(average);
    let less = |values: &[f64], mean: f64| values.iter().map(|value| value - mean).collect::<Vec<f64>>();
    let [truth, predicted, rest] =
        [less(labels, means[0]), less(predictions, means[1]), less(unlabelled, means[2])];
    let (numbered, factor, reference) = clustered(clusters, n, many)?;
    let terms = Terms::new(&truth, &predicted, &rest, 1, &numbered);
    let (lambda, factor) = match (reference, tuning) {
        (Reference::Normal, Tuning::Fixed(lambda)) => (lambda, 1.0),
        (Reference::Normal, _) => (published(&truth, &predicted, predictions, unlabelled), 1.0),
        (Reference::Student(_), _) => (terms.lambda(tuning), factor),
    };
    let estimate = means[0] + lambda * (means[2] - means[1]);
    let variance = factor * terms.variance(0, lambda);
    Coefficient::new("mean", [estimate, means[0], means[2]], variance, lambda, reference)
}

/// The λ of ppi-python: cov(label, prediction) / ((1 + n/N) var(prediction)).
fn published(truth: &[f64], predicted: &[f64], predictions: &[f64], unlabelled: &[f64]) -> f64 {
    let (n, many) = (truth.len() as f64, unlabelled.len() as f64);
    let covariance: f64 = truth.iter().zip(predicted).map(|(one, other)| one * other).sum::<f64>() / n;
    let all: Vec<f64> = predictions.iter().chain(unlabelled).copied().collect();
    let mean = average(&all);
    let variance = all.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n + many - 1.0);
    let lambda = covariance / ((1.0 + n / many) * variance);
    if variance > 0.0 { lambda.clamp(0.0, 1.0) } else { 0.0 }
}

/// The mean, from differences to the first value, so that a constant is its own mean.
fn average(values: &[f64]) -> f64 {
    values[0] + values.iter().map(|value| value - values[0]).sum::<f64>() / values.len() as f64
}
