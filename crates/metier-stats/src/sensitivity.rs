//! How strong a variable that nobody measured would have to be to explain a coefficient of least squares away.
//!
//! Source: Cinelli and Hazlett (2020), *Making sense of sensitivity*, Journal of the Royal Statistical Society B 82,
//! 39–67; numbers are those of their package sensemakr. All strengths are partial R²: the share of what is left of
//! one variable that another explains.
//!
//! ```
//! use metier_stats::sensitivity::Effect;
//!
//! // The paper's example: exposure to violence in Darfur and attitudes to peace.
//! let effect = Effect::new(0.097_3, 0.023_3, 783.0)?;
//! assert_eq!(format!("{:.3}", effect.robustness_value(1.0)?), "0.139");
//! assert_eq!(format!("{:.3}", effect.robustness_value_of_significance(1.0, 0.05)?), "0.076");
//! # Ok::<(), metier_stats::Error>(())
//! ```

use crate::distribution::student_quantile;
use crate::error::Error;

/// A coefficient as least squares gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    estimate: f64,
    std_error: f64,
    degrees_of_freedom: f64,
}

/// A variable that nobody measured, by its partial R².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confounder {
    /// Of the outcome, given the treatment and what is measured: R²(Y~Z|D,X), from 0 to 1.
    pub with_outcome: f64,
    /// Of the treatment, given what is measured: R²(D~Z|X), from 0 to below 1.
    pub with_treatment: f64,
}

/// The coefficient as it would be with the confounder in the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adjusted {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error. 0 if the confounder leaves nothing of the outcome unexplained.
    pub std_error: f64,
    /// The estimate over its standard error; `None` if that is 0.
    pub t: Option<f64>,
}

/// A covariate that was measured, to compare confounders with, by its partial R².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Benchmark {
    /// Of the outcome, given the treatment and the other covariates.
    pub with_outcome: f64,
    /// Of the treatment, given the other covariates.
    pub with_treatment: f64,
}

impl Effect {
    /// A coefficient with its standard error and the model's residual degrees of freedom. These are those of classical
    /// standard errors: the paper's formulas are for them.
    ///
    /// # Errors
    ///
    /// Numbers that are not finite, a standard error of 0 or less, one degree of freedom or fewer.
    ///
    /// ```
    /// # use metier_stats::sensitivity::Effect;
    /// assert!(Effect::new(1.0, 0.0, 10.0).is_err());
    /// ```
    pub fn new(estimate: f64, std_error: f64, degrees_of_freedom: f64) -> Result<Effect, Error> {
        if !estimate.is_finite() {
            return Err(Error::Argument { name: "the estimate", value: estimate, wanted: "a finite number" });
        }
        if !(std_error.is_finite() && std_error > 0.0) {
            let wanted = "a finite number above 0";
            return Err(Error::Argument { name: "the standard error", value: std_error, wanted });
        }
        if !(degrees_of_freedom.is_finite() && degrees_of_freedom > 1.0) {
            let (name, wanted) = ("the number of degrees of freedom", "a finite number above 1");
            return Err(Error::Argument { name, value: degrees_of_freedom, wanted });
        }
        Ok(Effect { estimate, std_error, degrees_of_freedom })
    }

    /// The partial R² of the treatment with the outcome: t² / (t² + degrees of freedom).
    ///
    /// ```
    /// # use metier_stats::sensitivity::Effect;
    /// assert_eq!(Effect::new(2.0, 1.0, 12.0)?.partial_r_squared(), 0.25);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn partial_r_squared(&self) -> f64 {
        let t = self.estimate / self.std_error;
        t * t / (t * t + self.degrees_of_freedom)
    }

    /// The robustness value RV_q: a confounder whose partial R² with both treatment and outcome is as large takes the
    /// share `q` of the estimate away.
    ///
    /// With f = q |t| / √df it is ½ (√(f⁴ + 4 f²) − f²).
    ///
    /// # Errors
    ///
    /// A `q` that is not a finite number above 0.
    ///
    /// ```
    /// # use metier_stats::sensitivity::Effect;
    /// // f = 1: (√5 − 1) / 2
    /// let value = Effect::new(4.0, 1.0, 16.0)?.robustness_value(1.0)?;
    /// assert!((value - 0.618_033_988_749_894_9).abs() < 1e-15);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn robustness_value(&self, q: f64) -> Result<f64, Error> {
        Ok(robustness(self.scaled(q)?))
    }

    /// The robustness value RV_q,α: a confounder whose partial R² with both treatment and outcome is as large takes so
    /// much away that the estimate no longer differs from 1 − `q` of itself at the level `alpha`. 0 says that it does
    /// not differ as it is.
    ///
    /// With f as in [`Effect::robustness_value`], f* = |t(α/2, df − 1)| / √(df − 1) and f' = f − f*, it is the same
    /// formula of f', or where f > 1 / f* (f² − f*²) / (1 + f²): there less of the outcome is enough (as in sensemakr).
    ///
    /// # Errors
    ///
    /// A `q` that is not a finite number above 0, an `alpha` that is not between 0 and 1.
    ///
    /// ```
    /// # use metier_stats::sensitivity::Effect;
    /// assert_eq!(Effect::new(1.0, 1.0, 16.0)?.robustness_value_of_significance(1.0, 0.05)?, 0.0);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn robustness_value_of_significance(&self, q: f64, alpha: f64) -> Result<f64, Error> {
        let f = self.scaled(q)?;
        if !(alpha > 0.0 && alpha < 1.0) {
            return Err(Error::Argument { name: "alpha", value: alpha, wanted: "a number between 0 and 1" });
        }
        let left = self.degrees_of_freedom - 1.0;
        let critical = -student_quantile(alpha / 2.0, left) / left.sqrt();
        if !critical.is_finite() {
            return Err(Error::Argument {
                name: "alpha",
                value: alpha,
                wanted: "one with a finite critical value",
            });
        }
        let beyond = f - critical;
        Ok(if beyond <= 0.0 {
            0.0
        } else if f * critical > 1.0 {
            (f * f - critical * critical) / (1.0 + f * f)
        } else {
            robustness(beyond)
        })
    }

    /// The coefficient with a confounder that works against it, towards 0 and beyond.
    ///
    /// The bias is se · √(df · R²(Y~Z|D,X) · R²(D~Z|X) / (1 − R²(D~Z|X))), the standard error is
    /// se · √((1 − R²(Y~Z|D,X)) / (1 − R²(D~Z|X)) · df / (df − 1)).
    ///
    /// # Errors
    ///
    /// Partial R² that are not from 0 to 1, that with the treatment below 1.
    ///
    /// ```
    /// # use metier_stats::sensitivity::{Confounder, Effect};
    /// let effect = Effect::new(4.0, 1.0, 16.0)?;
    /// // As strong as the robustness value says: nothing is left.
    /// let r_squared = effect.robustness_value(1.0)?;
    /// let confounder = Confounder { with_outcome: r_squared, with_treatment: r_squared };
    /// assert!(effect.adjusted(&confounder)?.estimate.abs() < 1e-14);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn adjusted(&self, confounder: &Confounder) -> Result<Adjusted, Error> {
        let (outcome, treatment) = (confounder.with_outcome, confounder.with_treatment);
        check_share("the confounder's partial R² with the outcome", outcome, outcome <= 1.0)?;
        check_share("the confounder's partial R² with the treatment", treatment, treatment < 1.0)?;
        let df = self.degrees_of_freedom;
        let bias = self.std_error * (df * outcome * treatment / (1.0 - treatment)).sqrt();
        let estimate = (self.estimate.abs() - bias).copysign(self.estimate);
        // copysign would drop the sign of what is left.
        let estimate = if bias > self.estimate.abs() { -estimate } else { estimate };
        let std_error = self.std_error * ((1.0 - outcome) / (1.0 - treatment) * df / (df - 1.0)).sqrt();
        Ok(Adjusted { estimate, std_error, t: (std_error > 0.0).then(|| estimate / std_error) })
    }

    fn scaled(&self, q: f64) -> Result<f64, Error> {
        if !(q.is_finite() && q > 0.0) {
            let name = "the share of the estimate to explain away";
            return Err(Error::Argument { name, value: q, wanted: "a finite number above 0" });
        }
        Ok(q * (self.estimate / self.std_error).abs() / self.degrees_of_freedom.sqrt())
    }
}

impl Benchmark {
    /// The strongest confounder that explains `outcome_times` as much of the outcome as this covariate, and
    /// `treatment_times` as much of the treatment.
    ///
    /// A partial R² with the outcome of more than 1 comes out as 1, as in sensemakr.
    ///
    /// # Errors
    ///
    /// Partial R² that are not from 0 to below 1, times that are negative, and a confounder that would explain all of
    /// the treatment or more.
    ///
    /// ```
    /// # use metier_stats::sensitivity::Benchmark;
    /// // Being female, in the paper's example.
    /// let female = Benchmark { with_outcome: 0.109, with_treatment: 0.00908 };
    /// let confounder = female.times(1.0, 1.0)?;
    /// assert_eq!(format!("{:.4} {:.3}", confounder.with_treatment, confounder.with_outcome), "0.0092 0.125");
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn times(&self, outcome_times: f64, treatment_times: f64) -> Result<Confounder, Error> {
        let (outcome, treatment) = (self.with_outcome, self.with_treatment);
        check_share("the covariate's partial R² with the outcome", outcome, outcome < 1.0)?;
        check_share("the covariate's partial R² with the treatment", treatment, treatment < 1.0)?;
        for value in [outcome_times, treatment_times] {
            if !(value.is_finite() && value >= 0.0) {
                let name = "the strength of the confounder as a multiple of the covariate's";
                return Err(Error::Argument { name, value, wanted: "a finite number from 0" });
            }
        }
        let with_treatment = treatment_times * treatment / (1.0 - treatment);
        let between = treatment_times * treatment * treatment
            / ((1.0 - treatment_times * treatment) * (1.0 - treatment));
        if with_treatment >= 1.0 || !(0.0..1.0).contains(&between) {
            let name = "the strength of the confounder as a multiple of the covariate's";
            let wanted = "less: it would explain all of the treatment";
            return Err(Error::Argument { name, value: treatment_times, wanted });
        }
        let factor = (outcome_times.sqrt() + between.sqrt()).powi(2) / (1.0 - between);
        Ok(Confounder { with_outcome: (factor * outcome / (1.0 - outcome)).min(1.0), with_treatment })
    }
}

fn robustness(f: f64) -> f64 {
    // ½ (√(f⁴ + 4 f²) − f²), without the difference of near numbers that it is for large f.
    let root = (f * f + 4.0).sqrt();
    2.0 * f / (root + f)
}

fn check_share(name: &'static str, value: f64, below: bool) -> Result<(), Error> {
    if value >= 0.0 && below {
        return Ok(());
    }
    Err(Error::Argument { name, value, wanted: "a share from 0 to 1" })
}
