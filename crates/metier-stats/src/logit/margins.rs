//! Average marginal effects: by how much a regressor moves the probability, averaged over the rows as they are.

use super::model::{density, probability};
use super::{Coefficient, Fit, Model};
use crate::error::Error;
use crate::symmetric::quadratic;

impl Model<'_> {
    /// The average marginal effect of each named regressor on the probability of yes, from 0 to 1, with the standard
    /// error that the fit's covariance gives (delta method): statsmodels' `get_margeff(at="overall", dummy=True)`.
    ///
    /// For a regressor of zeros and ones it is the mean difference between 1 and 0, all else as it is; for others the
    /// mean derivative, per unit. Rows count by their weights.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCoefficient`] if there is no such regressor, or it was dropped.
    ///
    /// ```
    /// use metier_stats::linear::Regressor;
    /// use metier_stats::logit::{Covariance, Design, Model};
    ///
    /// let x = Regressor { name: "x".into(), values: (&[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]).into() };
    /// let outcome = &[1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0];
    /// let design = Design { outcome, regressors: vec![x], weights: None };
    /// let model = Model::new(&design)?;
    /// let effect = &model.margins(&model.with(&Covariance::Classical)?, &["x"])?[0];
    /// // ¾ − ¼, with √(2 · ¾ · ¼ / 4)
    /// assert!((effect.estimate - 0.5).abs() < 1e-12);
    /// assert!((effect.std_error - (3.0_f64 / 32.0).sqrt()).abs() < 1e-12);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn margins(&self, fit: &Fit, names: &[&str]) -> Result<Vec<Coefficient>, Error> {
        let log_odds = self.log_odds(&self.coefficients);
        names.iter().map(|name| self.margin(fit, name, &log_odds)).collect()
    }

    fn margin(&self, fit: &Fit, name: &str, log_odds: &[f64]) -> Result<Coefficient, Error> {
        let found = self.names.iter().skip(1).position(|one| one == name);
        let own = found.map(|at| at + 1).ok_or_else(|| Error::UnknownCoefficient {
            name: name.to_owned(),
            coefficients: self.names[1..].to_vec(),
        })?;
        let column = || self.rows.col(own).iter();
        let (mean, spread) = (self.means[own], self.spreads[own]);
        // The two values of a binary regressor, scaled; scaling may cost a digit.
        let (none, one) = (-mean / spread, (1.0 - mean) / spread);
        let near = |value: f64, other: f64| (value - other).abs() < 1e-12 * (1.0 + other.abs());
        let binary = column().all(|value| near(*value, none) || near(*value, one));
        let coefficient = self.coefficients[own];
        let total: f64 = (0..log_odds.len()).map(|row| self.weight(row)).sum();
        let mut effect = 0.0;
        // What each row adds to the gradient, times the regressors as they are.
        let mut factors = Vec::with_capacity(log_odds.len());
        // What is added to it for the regressor itself.
        let mut extra = 0.0;
        for (row, (log_odds, value)) in log_odds.iter().zip(column()).enumerate() {
            let share = self.weight(row) / total;
            if binary {
                let [without, with] = [none, one].map(|other| log_odds + coefficient * (other - value));
                let [below, above] = [density(without), density(with)];
                effect += share * (probability(with) - probability(without));
                factors.push(share * (above - below));
                extra += share * (above * (one - value) - below * (none - value));
            } else {
                let slope = density(*log_odds);
                effect += share * slope * coefficient / spread;
                // p (1 − p) (1 − 2p) is the derivative of p (1 − p).
                factors.push(share * slope * (1.0 - 2.0 * probability(*log_odds)) * coefficient / spread);
                extra += share * slope / spread;
            }
        }
        let sum = |column: usize| {
            self.rows.col(column).iter().zip(&factors).map(|(value, factor)| value * factor).sum()
        };
        let mut gradient: Vec<f64> = (0..self.rows.ncols()).map(sum).collect();
        gradient[own] += extra;
        let [variance, classical] = [&fit.scaled, &self.bread].map(|matrix| quadratic(&gradient, matrix));
        Coefficient::new(name, effect, variance, classical)
    }
}
