//! A table of regressions: models beside each other, as papers print them. Holds estimates; fits none.

use metier_stats::linear;
use serde::Serialize;

/// Models beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Regressions {
    /// The models, in the order of the columns.
    pub models: Vec<Regression>,
    /// Columns that have no model, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_fitted: Vec<NotFitted>,
}

/// A column of a table without a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotFitted {
    /// The number of the column, from 1.
    pub column: usize,
    /// Why there is no model.
    pub reason: String,
}

impl Regressions {
    /// A column for each model, or for the reason why there is none.
    pub fn new<E: std::fmt::Display>(
        columns: impl IntoIterator<Item = Result<Regression, E>>,
    ) -> Regressions {
        let (mut models, mut not_fitted) = (Vec::new(), Vec::new());
        for (column, fitted) in (1..).zip(columns) {
            match fitted {
                Ok(model) => models.push(model),
                Err(reason) => not_fitted.push(NotFitted { column, reason: reason.to_string() }),
            }
        }
        Regressions { models, not_fitted }
    }

    /// The number of each model's column, from 1.
    pub fn numbers(&self) -> Vec<usize> {
        let empty = |column: &usize| self.not_fitted.iter().any(|other| other.column == *column);
        (1..).filter(|column| !empty(column)).take(self.models.len()).collect()
    }
}

/// One fitted model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Regression {
    /// The outcome's name.
    pub outcome: String,
    /// "linear" or "logit".
    pub kind: Kind,
    /// Rows that were fitted; 0 if that is withheld.
    pub n: usize,
    /// Clusters of each cluster variable; `None` where errors are not clustered.
    #[serde(serialize_with = "one_or_many")]
    pub clusters: Vec<usize>,
    /// What each coefficient is.
    pub coefficients: Vec<Coefficient>,
    /// Of a logit, how much each regressor moves the probability on average.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub average_marginal_effects: Vec<Coefficient>,
    /// Fixed effects that were absorbed.
    pub fixed_effects: Vec<String>,
    /// Regressors left out because others make them up.
    pub dropped: Vec<String>,
    /// The kind of standard errors: "iid", "hc1", "hc3", "cluster" or "jackknife".
    pub vcov: &'static str,
    /// What the errors are clustered by.
    pub clustered_by: Vec<String>,
    /// What the rows are weighted by.
    pub weights: Option<String>,
    /// Degrees of freedom of the t distribution; `None` for the normal one.
    pub degrees_of_freedom: Option<f64>,
    /// Share of the outcome's variance that the model takes up; of a logit McFadden's.
    pub r_squared: Option<f64>,
    /// The same within the fixed effects.
    pub r_squared_within: Option<f64>,
    /// Rows left out because a value is missing; `None` if that is withheld.
    pub rows_missing: Option<usize>,
    /// Rows left out because they are alone in a fixed effect; `None` if that is withheld.
    pub rows_alone: Option<usize>,
}

/// The kind of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Least squares.
    Linear,
    /// Maximum likelihood of a binary outcome; coefficients are log odds.
    Logit,
}

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coefficient {
    /// The regressor's name.
    pub name: String,
    /// The estimate, in units of the outcome a unit of the regressor.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// The estimate by its standard error: Student's t, of a logit normal.
    pub t: f64,
    /// Probability of as large a |t| or larger if the true value is 0.
    pub p: f64,
    /// The lower end of the 95 % interval.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
}

impl From<&linear::Coefficient> for Coefficient {
    fn from(one: &linear::Coefficient) -> Coefficient {
        Coefficient {
            name: one.name.clone(),
            estimate: one.estimate,
            std_error: one.std_error,
            t: one.t,
            p: one.p,
            conf_low: one.conf_low,
            conf_high: one.conf_high,
        }
    }
}

impl Regression {
    /// The coefficient of that name, if the model has it.
    pub fn coefficient(&self, name: &str) -> Option<&Coefficient> {
        self.coefficients.iter().find(|coefficient| coefficient.name == name)
    }
}

/// One number where there is one cluster variable, a list where there are two, null where there is none.
fn one_or_many<S: serde::Serializer>(clusters: &[usize], serializer: S) -> Result<S::Ok, S::Error> {
    match clusters {
        [] => serializer.serialize_none(),
        [one] => serializer.serialize_u64(*one as u64),
        many => serializer.collect_seq(many),
    }
}
