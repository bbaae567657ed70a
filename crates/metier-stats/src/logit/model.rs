//! Newton's method for the likelihood, and the covariances of what it finds.

use faer::Mat;

use super::{Coefficient, Covariance, Design, Fit};
use crate::clusters::Numbered;
use crate::error::Error;
use crate::symmetric::{Factor, independent, sandwich};

/// A regressor is dropped if those before it leave no more than this share of its variance.
const COLLINEAR: f64 = 1e-10;
/// The information is singular if a direction has no more than this share of its own.
const SINGULAR: f64 = 1e-13;
/// Newton's method stops when no row's log odds move by more.
const AT_REST: f64 = 1e-9;
/// Log odds that run off move by about 1 a step, and there is an end to doubles.
const MOST_STEPS: usize = 60;
/// Newton's step is halved so often, at most, until the likelihood rises.
const MOST_HALVINGS: usize = 30;

/// A logistic regression that is fitted; covariances are asked for one by one.
#[derive(Debug, Clone)]
pub struct Model<'a> {
    pub(super) outcome: &'a [f64],
    pub(super) weights: Option<&'a [f64]>,
    /// The intercept's name, then those of the kept regressors.
    pub(super) names: Vec<String>,
    dropped: Vec<String>,
    /// Ones, then the kept regressors less their means, over their spreads.
    pub(super) rows: Mat<f64>,
    /// What was taken off each column, and what it was divided by.
    pub(super) means: Vec<f64>,
    pub(super) spreads: Vec<f64>,
    /// Of the scaled columns.
    pub(super) coefficients: Vec<f64>,
    /// The inverse of their information.
    pub(super) bread: Vec<f64>,
    log_likelihood: f64,
    steps: usize,
}

impl<'a> Model<'a> {
    /// Fits a design by Newton's method, which here is iteratively reweighted least squares (McCullagh and Nelder,
    /// 1989, section 2.5), from all coefficients 0.
    ///
    /// # Errors
    ///
    /// No rows, columns of another length, values that are not finite, an outcome other than 0 and 1 or the same in all
    /// rows, weights that are not above 0, regressors of which none varies, as many coefficients as rows, and an outcome
    /// that regressors predict perfectly ([`Error::Separated`]).
    pub fn new(design: &Design<'a>) -> Result<Model<'a>, Error> {
        check(design)?;
        let (n, given) = (design.outcome.len(), design.regressors.len());
        let mut means = vec![0.0];
        let mut spreads = vec![1.0];
        let mut rows = Mat::<f64>::from_fn(n, given + 1, |_, _| 1.0);
        for (column, regressor) in design.regressors.iter().enumerate() {
            let origin = regressor.values[0];
            let mean = origin + regressor.values.iter().map(|value| value - origin).sum::<f64>() / n as f64;
            let largest = regressor.values.iter().fold(0.0_f64, |most, value| most.max((value - mean).abs()));
            if !(mean.is_finite() && largest.is_finite()) {
                return Err(Error::TooLarge { column: regressor.name.clone() });
            }
            // Less is the rounding of the mean of a constant.
            let spread = if largest > 1e-13 * mean.abs() { largest } else { 0.0 };
            for (row, value) in regressor.values.iter().enumerate() {
                rows[(row, column + 1)] = if spread > 0.0 { (value - mean) / spread } else { 0.0 };
            }
            means.push(mean);
            spreads.push(spread);
        }
        let products = row_major(&(rows.transpose() * &rows));
        let kept = independent(&products, given + 1, COLLINEAR);
        let is_kept = |column: &usize| kept.contains(column);
        let (named, dropped): (Vec<usize>, Vec<usize>) = (1..=given).partition(is_kept);
        let names_of = |columns: &[usize]| -> Vec<String> {
            columns.iter().map(|column| design.regressors[*column - 1].name.clone()).collect()
        };
        let dropped = names_of(&dropped);
        if named.is_empty() && given > 0 {
            return Err(Error::AllCollinear { columns: dropped });
        }
        if n <= kept.len() {
            return Err(Error::NoDegreesOfFreedom { rows: n, parameters: kept.len() });
        }
        if let Some(column) =
            named.iter().find(|column| separates(&design.regressors[**column - 1].values, design.outcome))
        {
            return Err(Error::Separated { column: Some(design.regressors[*column - 1].name.clone()) });
        }
        let rows = Mat::from_fn(n, kept.len(), |row, column| rows[(row, kept[column])]);
        let names = std::iter::once("Intercept".to_owned()).chain(names_of(&named)).collect();
        let of_kept = |values: Vec<f64>| kept.iter().map(|column| values[*column]).collect();
        let mut model = Model {
            outcome: design.outcome,
            weights: design.weights,
            names,
            dropped,
            coefficients: vec![0.0; kept.len()],
            rows,
            means: of_kept(means),
            spreads: of_kept(spreads),
            bread: Vec::new(),
            log_likelihood: 0.0,
            steps: 0,
        };
        model.climb()?;
        Ok(model)
    }

    /// The fit with a covariance.
    ///
    /// # Errors
    ///
    /// Fewer than two clusters, clusters of another length than the outcome, and scores that do not vary.
    pub fn with(&self, covariance: &Covariance) -> Result<Fit, Error> {
        let (n, k) = (self.rows.nrows(), self.rows.ncols());
        let mut clusters = None;
        let scaled = match covariance {
            Covariance::Classical => self.bread.clone(),
            Covariance::Hc0 => self.robust(&Numbered::new(None, n)?, 1.0),
            Covariance::Hc1 => self.robust(&Numbered::new(None, n)?, n as f64 / (n - k) as f64),
            Covariance::Clustered(codes) => {
                let numbered = Numbered::new(Some(codes), n)?;
                let count = numbered.count();
                if count < 2 {
                    return Err(Error::FewClusters { variable: 1, clusters: count });
                }
                clusters = Some(count);
                let (g, n, k) = (count as f64, n as f64, k as f64);
                self.robust(&numbered, g / (g - 1.0) * (n - 1.0) / (n - k))
            }
        };
        // β = γ / spread, and the intercept loses what the means were worth.
        let mut back = vec![0.0; k * k];
        for column in 0..k {
            back[column * k + column] = 1.0 / self.spreads[column];
            if column > 0 {
                back[column] = -self.means[column] / self.spreads[column];
            }
        }
        let estimate = |row: usize| -> f64 { dot(&back[row * k..(row + 1) * k], &self.coefficients) };
        let unscaled = |matrix: &[f64], row: usize, column: usize| -> f64 {
            let right =
                |cell: usize| dot(&matrix[cell * k..(cell + 1) * k], &back[column * k..(column + 1) * k]);
            (0..k).map(|cell| back[row * k + cell] * right(cell)).sum()
        };
        let covariance: Vec<f64> = (0..k * k)
            .map(|cell| unscaled(&scaled, (cell / k).min(cell % k), (cell / k).max(cell % k)))
            .collect();
        let coefficients = (0..k).map(|at| {
            let classical = unscaled(&self.bread, at, at);
            Coefficient::new(&self.names[at], estimate(at), covariance[at * k + at], classical)
        });
        Ok(Fit {
            observations: n,
            coefficients: coefficients.collect::<Result<_, _>>()?,
            dropped: self.dropped.clone(),
            log_likelihood: self.log_likelihood,
            log_likelihood_null: self.null(),
            steps: self.steps,
            clusters,
            covariance,
            scaled,
        })
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// The log odds of each row.
    pub(super) fn log_odds(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut log_odds = vec![0.0; self.rows.nrows()];
        for (column, coefficient) in coefficients.iter().enumerate() {
            for (sum, value) in log_odds.iter_mut().zip(self.rows.col(column).iter()) {
                *sum += coefficient * value;
            }
        }
        log_odds
    }

    /// Steps up to the largest likelihood.
    fn climb(&mut self) -> Result<(), Error> {
        let k = self.rows.ncols();
        let mut log_odds = self.log_odds(&self.coefficients);
        let mut value = self.likelihood(&log_odds);
        let mut rise = f64::INFINITY;
        for step in 1..=MOST_STEPS {
            let Ok(factor) = Factor::new(&self.information(&log_odds), k, SINGULAR) else { break };
            let mut direction = vec![0.0; k];
            for (column, gradient) in direction.iter_mut().enumerate() {
                let scores = self.rows.col(column).iter().zip(self.residuals(&log_odds));
                *gradient = scores.map(|(value, residual)| value * residual).sum();
            }
            factor.solve(&mut direction);
            let moves = self.log_odds(&direction);
            let largest = log_odds.iter().fold(1.0_f64, |most, one| most.max(one.abs()));
            let rests = moves.iter().all(|one| one.abs() <= AT_REST * largest);
            let mut share = 1.0;
            let next = (0..MOST_HALVINGS).find_map(|_| {
                let there: Vec<f64> = log_odds.iter().zip(&moves).map(|(one, by)| one + share * by).collect();
                let likelihood = self.likelihood(&there);
                // At the top, rounding may make it fall.
                if rests || likelihood >= value - 1e-12 * value.abs() {
                    return Some((there, likelihood));
                }
                share /= 2.0;
                None
            });
            let Some((there, likelihood)) = next else { break };
            rise = (likelihood - value) / value.abs().max(1.0);
            (log_odds, value, self.steps) = (there, likelihood, step);
            for (coefficient, by) in self.coefficients.iter_mut().zip(&direction) {
                *coefficient += share * by;
            }
            if rests {
                let Ok(factor) = Factor::new(&self.information(&log_odds), k, SINGULAR) else { break };
                self.bread = factor.inverse();
                self.log_likelihood = value;
                return Ok(());
            }
        }
        // The likelihood has come to rest and the log odds have not: they run off.
        if rise < 1e-5 {
            Err(Error::Separated { column: None })
        } else {
            Err(Error::NoMaximum { steps: self.steps })
        }
    }

    /// Σ w p (1 − p) x xᵀ, row-major.
    fn information(&self, log_odds: &[f64]) -> Vec<f64> {
        let variances: Vec<f64> =
            log_odds.iter().enumerate().map(|(row, one)| self.weight(row) * density(*one)).collect();
        let scaled = Mat::from_fn(self.rows.nrows(), self.rows.ncols(), |row, column| {
            self.rows[(row, column)] * variances[row]
        });
        row_major(&(scaled.transpose() * &self.rows))
    }

    /// w (y − p) of each row.
    fn residuals(&self, log_odds: &[f64]) -> impl Iterator<Item = f64> {
        let rows = self.outcome.iter().zip(log_odds).enumerate();
        rows.map(|(row, (outcome, log_odds))| {
            // 1 − p is the probability of the other sign, with all its digits.
            let residual = if *outcome == 1.0 { probability(-log_odds) } else { -probability(*log_odds) };
            self.weight(row) * residual
        })
    }

    /// Σ w (y η − ln(1 + e^η)).
    fn likelihood(&self, log_odds: &[f64]) -> f64 {
        let rows = self.outcome.iter().zip(log_odds).enumerate();
        rows.map(|(row, (outcome, log_odds))| {
            let against = if *outcome == 1.0 { -log_odds } else { *log_odds };
            -self.weight(row) * (against.max(0.0) + (-against.abs()).exp().ln_1p())
        })
        .sum()
    }

    /// The log likelihood with the intercept alone: every row has the same probability.
    fn null(&self) -> f64 {
        let rows = self.outcome.iter().enumerate();
        let (mut yes, mut no) = (0.0, 0.0);
        for (row, outcome) in rows {
            *(if *outcome == 1.0 { &mut yes } else { &mut no }) += self.weight(row);
        }
        yes * (yes / (yes + no)).ln() + no * (no / (yes + no)).ln()
    }

    /// The sandwich of score sums over clusters, times a factor.
    fn robust(&self, clusters: &Numbered, factor: f64) -> Vec<f64> {
        let k = self.rows.ncols();
        let log_odds = self.log_odds(&self.coefficients);
        let residuals: Vec<f64> = self.residuals(&log_odds).collect();
        let mut sums = Mat::<f64>::zeros(clusters.count(), k);
        for column in 0..k {
            let rows = self.rows.col(column).iter().zip(&residuals);
            let over = clusters.sums(rows.map(|(value, residual)| value * residual));
            for (cluster, sum) in over.into_iter().enumerate() {
                sums[(cluster, column)] = sum;
            }
        }
        let meat = row_major(&(sums.transpose() * &sums));
        sandwich(&self.bread, &meat, k).into_iter().map(|cell| cell * factor).collect()
    }
}

/// 1 / (1 + e^−η).
pub(super) fn probability(log_odds: f64) -> f64 {
    if log_odds >= 0.0 {
        1.0 / (1.0 + (-log_odds).exp())
    } else {
        let odds = log_odds.exp();
        odds / (1.0 + odds)
    }
}

/// p (1 − p).
pub(super) fn density(log_odds: f64) -> f64 {
    let odds = (-log_odds.abs()).exp();
    odds / ((1.0 + odds) * (1.0 + odds))
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn row_major(matrix: &Mat<f64>) -> Vec<f64> {
    let (rows, columns) = (matrix.nrows(), matrix.ncols());
    (0..rows * columns).map(|cell| matrix[(cell / columns, cell % columns)]).collect()
}

/// Whether no value of a column that varies lies on the other outcome's side (Albert and Anderson, 1984).
fn separates(values: &[f64], outcome: &[f64]) -> bool {
    let ends = |wanted: f64| {
        let own = values.iter().zip(outcome).filter(|(_, outcome)| **outcome == wanted);
        own.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), (value, _)| {
            (least.min(*value), most.max(*value))
        })
    };
    let ((least_no, most_no), (least_yes, most_yes)) = (ends(0.0), ends(1.0));
    most_no <= least_yes || most_yes <= least_no
}

fn check(design: &Design) -> Result<(), Error> {
    let rows = design.outcome.len();
    if rows == 0 {
        return Err(Error::NoRows { alone: 0 });
    }
    let regressors = design.regressors.iter().map(|one| (one.name.as_str(), &one.values[..]));
    for (column, values) in regressors.chain(design.weights.map(|weights| ("the column of weights", weights)))
    {
        if values.len() != rows {
            return Err(Error::Lengths { column: column.to_owned(), values: values.len(), rows });
        }
        if let Some(row) = values.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { column: column.to_owned(), row, value: values[row] });
        }
    }
    if let Some(row) = design.weights.and_then(|weights| weights.iter().position(|weight| *weight <= 0.0)) {
        return Err(Error::Weight { row, value: design.weights.map_or(f64::NAN, |weights| weights[row]) });
    }
    if let Some(row) = design.outcome.iter().position(|value| *value != 0.0 && *value != 1.0) {
        return Err(Error::NotBinary { column: "the outcome".into(), row, value: design.outcome[row] });
    }
    if design.outcome.iter().all(|value| *value == design.outcome[0]) {
        return Err(Error::ConstantOutcome { within: false });
    }
    Ok(())
}
