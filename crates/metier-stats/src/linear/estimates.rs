//! What a fit says: coefficients with their errors, tests and intervals, and combinations of them.

use super::cholesky::Cholesky;
use super::model::Model;
use crate::distribution::{f_upper, student_quantile, student_two_sided};
use crate::error::Error;

/// Coefficients are tested together only if their correlations leave more than this of each variance.
const SINGULAR: f64 = 1e-12;

/// A model that is fitted, with one covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// How many rows are fitted.
    pub observations: usize,
    /// How many rows were left out because they were alone in a level of a fixed effect.
    pub left_out_singletons: usize,
    /// The coefficients: without fixed effects the intercept, named "Intercept", then the regressors that are kept,
    /// in their order.
    pub coefficients: Vec<Coefficient>,
    /// The names of regressors that earlier ones or the fixed effects span. They have no coefficient.
    pub dropped: Vec<String>,
    /// The share of the outcome's variance that is explained, fixed effects included.
    pub r_squared: f64,
    /// The share of the outcome's variance within the fixed effects that the regressors explain. `None` without
    /// fixed effects.
    pub r_squared_within: Option<f64>,
    /// √(Σ w u² / n), in the outcome's unit; not corrected for degrees of freedom.
    pub root_mean_squared_error: f64,
    /// Those of the t distribution: n − k, or with clusters the smaller number of them less one.
    pub degrees_of_freedom: f64,
    /// How many clusters each cluster variable has.
    pub clusters: Vec<usize>,
    /// The covariance of the coefficients, row-major, in their order.
    pub covariance: Vec<f64>,
    /// The small-sample factor in it, which [`Covariance`](super::Covariance) gives; for classical covariances
    /// 1 / (n − k).
    pub small_sample: f64,
}

/// A coefficient or a combination of some.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// The regressor's name, or the combination.
    pub name: String,
    /// The estimate, in units of the outcome per unit of the regressor.
    pub estimate: f64,
    /// Its standard error, in the same unit.
    pub std_error: f64,
    /// The estimate over its standard error.
    pub t: f64,
    /// P(|T| > |t|) of Student's t: the two-sided p value.
    pub p: f64,
    /// The lower end of the 95 % interval of Student's t.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
}

/// A test that several coefficients are all 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wald {
    /// F: bᵀ V⁻¹ b over the number of coefficients.
    pub statistic: f64,
    /// How many coefficients are tested.
    pub numerator: f64,
    /// The degrees of freedom of the t distribution of each of them.
    pub denominator: f64,
    /// P(X > F).
    pub p: f64,
}

impl Coefficient {
    fn new(
        name: String,
        estimate: f64,
        variance: f64,
        degrees_of_freedom: f64,
        critical: f64,
    ) -> Result<Self, Error> {
        if variance.is_nan() || variance < 0.0 {
            return Err(Error::NegativeVariance { name });
        }
        let std_error = variance.sqrt();
        let t = estimate / std_error;
        let reach = critical * std_error;
        let p = student_two_sided(t, degrees_of_freedom);
        Ok(Coefficient {
            name,
            estimate,
            std_error,
            t,
            p,
            conf_low: estimate - reach,
            conf_high: estimate + reach,
        })
    }
}

impl Fit {
    pub(super) fn new(
        model: &Model,
        covariance: Vec<f64>,
        small_sample: f64,
        degrees_of_freedom: f64,
        clusters: Vec<usize>,
    ) -> Result<Fit, Error> {
        let critical = student_quantile(0.975, degrees_of_freedom);
        let size = model.names.len();
        let coefficient = |(index, (name, estimate)): (usize, (&String, &f64))| {
            let variance = covariance[index * size + index];
            Coefficient::new(name.clone(), *estimate, variance, degrees_of_freedom, critical)
        };
        let coefficients = model.names.iter().zip(&model.estimates).enumerate().map(coefficient);
        let coefficients = coefficients.collect::<Result<_, Error>>()?;
        let squares = model.squares;
        let within = (!model.effects().is_empty()).then(|| 1.0 - squares.residual / squares.within);
        Ok(Fit {
            observations: model.kept.count(),
            left_out_singletons: model.all_rows - model.kept.count(),
            coefficients,
            dropped: model.dropped.clone(),
            r_squared: 1.0 - squares.residual / squares.total,
            r_squared_within: within,
            root_mean_squared_error: (squares.residual / model.kept.count() as f64).sqrt(),
            degrees_of_freedom,
            clusters,
            covariance,
            small_sample,
        })
    }

    /// The coefficient of a name. `None` if there is none, and of dropped regressors.
    pub fn coefficient(&self, name: &str) -> Option<&Coefficient> {
        self.coefficients.iter().find(|one| one.name == name)
    }

    /// Tests that these coefficients are all 0 (Wald, 1943), with the F distribution.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCoefficient`], and [`Error::SingularTest`] if none is named, one is named twice, or there are
    /// more of them than clusters less one.
    ///
    /// ```
    /// # use metier_stats::linear::{Covariance, Design, Regressor, fit};
    /// # let x = Regressor { name: "x".into(), values: (&[0.0, 1.0, 2.0, 3.0, 4.0]).into() };
    /// # let outcome = &[1.0, 3.0, 2.0, 5.0, 4.0];
    /// # let design = Design { outcome, regressors: vec![x], fixed_effects: vec![], weights: None };
    /// let fit = fit(&design, &Covariance::Hc1)?;
    /// let (test, x) = (fit.wald(&["x"])?, &fit.coefficients[1]);
    /// assert!((test.statistic - x.t * x.t).abs() < 1e-12 && (test.p - x.p).abs() < 1e-12);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn wald(&self, names: &[&str]) -> Result<Wald, Error> {
        let indices = names.iter().map(|name| self.index(name)).collect::<Result<Vec<_>, Error>>()?;
        let cells = indices.iter().flat_map(|row| indices.iter().map(move |column| (row, column)));
        let matrix: Vec<f64> = cells.map(|(row, column)| self.covariance_of(*row, *column)).collect();
        let scales: Vec<f64> = indices.iter().map(|index| self.covariance_of(*index, *index)).collect();
        let cholesky = Cholesky::new(matrix, &scales, SINGULAR);
        if names.is_empty() || !cholesky.kept.iter().all(|kept| *kept) {
            return Err(Error::SingularTest);
        }
        let estimates: Vec<f64> = indices.iter().map(|index| self.coefficients[*index].estimate).collect();
        let mut solved = estimates.clone();
        cholesky.solve(&mut solved, 1);
        let form: f64 = estimates.iter().zip(&solved).map(|(estimate, solved)| estimate * solved).sum();
        let (numerator, denominator) = (names.len() as f64, self.degrees_of_freedom);
        let statistic = form / numerator;
        Ok(Wald { statistic, numerator, denominator, p: f_upper(statistic, numerator, denominator) })
    }

    /// The sum of coefficients, each times its weight: `[("a", 1.0), ("b", -1.0)]` is their difference.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCoefficient`], and [`Error::NegativeVariance`] with two cluster variables.
    ///
    /// ```
    /// # use metier_stats::linear::{Covariance, Design, Regressor, fit};
    /// # let x = Regressor { name: "x".into(), values: (&[0.0, 1.0, 2.0, 3.0, 4.0]).into() };
    /// # let outcome = &[1.0, 3.0, 2.0, 5.0, 4.0];
    /// # let design = Design { outcome, regressors: vec![x], fixed_effects: vec![], weights: None };
    /// // The expected outcome where x is 2, its mean: 3.
    /// let at_two = fit(&design, &Covariance::Classical)?.combination(&[("Intercept", 1.0), ("x", 2.0)])?;
    /// assert!((at_two.estimate - 3.0).abs() < 1e-14);
    /// assert_eq!(at_two.name, "1 · Intercept + 2 · x");
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn combination(&self, weights: &[(&str, f64)]) -> Result<Coefficient, Error> {
        let terms = weights.iter().map(|(name, weight)| Ok((self.index(name)?, *weight)));
        let terms = terms.collect::<Result<Vec<(usize, f64)>, Error>>()?;
        let (mut estimate, mut variance) = (0.0, 0.0);
        for (row, weight) in &terms {
            estimate += weight * self.coefficients[*row].estimate;
            for (column, other) in &terms {
                variance += weight * other * self.covariance_of(*row, *column);
            }
        }
        let name: Vec<String> = weights.iter().map(|(name, weight)| format!("{weight} · {name}")).collect();
        let critical = student_quantile(0.975, self.degrees_of_freedom);
        Coefficient::new(name.join(" + "), estimate, variance, self.degrees_of_freedom, critical)
    }

    fn covariance_of(&self, row: usize, column: usize) -> f64 {
        self.covariance[row * self.coefficients.len() + column]
    }

    fn index(&self, name: &str) -> Result<usize, Error> {
        self.coefficients.iter().position(|one| one.name == name).ok_or_else(|| Error::UnknownCoefficient {
            name: name.to_owned(),
            coefficients: self.coefficients.iter().map(|one| one.name.clone()).collect(),
        })
    }
}
