//! Weighs evidence: small regularised models whose weights stand in `weights.json`. How they were fitted stands in `examples/train.rs`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// All models, and the record of what they were fitted on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// What the models were fitted on.
    pub record: Record,
    /// A model for each question that has one.
    pub models: BTreeMap<String, Model>,
}

/// What models were fitted on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Record {
    /// The hash of the rubric under which the labels were given.
    pub rubric: String,
    /// Sessions.
    pub sessions: usize,
    /// Of these, written by us.
    pub cases: usize,
    /// People.
    pub people: usize,
    /// Labels of sessions, by rater.
    pub raters: BTreeMap<String, usize>,
    /// Messages with an intent.
    pub messages: usize,
}

/// A linear model of some kind on standardised evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// What it gives.
    pub kind: ModelKind,
    /// The evidence it uses.
    pub evidence: Vec<String>,
    /// The mean of each in the reference sessions.
    pub mean: Vec<f64>,
    /// The standard deviation of each.
    pub deviation: Vec<f64>,
    /// For each row of the kind, a weight for each evidence.
    pub weights: Vec<Vec<f64>>,
    /// A number for each row, or each threshold.
    pub intercepts: Vec<f64>,
    /// The names of the answers, in the order of rows or levels; empty for a number.
    pub answers: Vec<String>,
}

/// What a model gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// One of several answers: multinomial logit, a row of weights for each.
    Choice,
    /// A level: proportional odds (McCullagh 1980), one row of weights, thresholds between levels.
    Level,
    /// A number: one row of weights.
    Number,
}

/// What a model says about one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The index of the answer, or the level's index; 0 for a number.
    pub answer: usize,
    /// The number; of a level, its expectation as an index.
    pub number: f64,
    /// The probability of each answer; empty for a number.
    pub probabilities: Vec<f64>,
}

/// Standardised evidence is held within so many standard deviations, so that one odd session decides nothing alone.
pub const HELD_WITHIN: f64 = 3.0;

/// The weights of this version.
pub fn weights() -> &'static Weights {
    static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
        serde_json::from_str(include_str!("../../weights.json")).expect("a test reads the same text")
    });
    &WEIGHTS
}

impl Model {
    /// The indices of the model's evidence among `names`.
    ///
    /// # Errors
    /// The first name that is not there.
    pub fn locate(&self, names: &[String]) -> Result<Vec<usize>, String> {
        self.evidence
            .iter()
            .map(|wanted| names.iter().position(|name| name == wanted).ok_or_else(|| wanted.clone()))
            .collect()
    }

    /// The evidence as the model weighs it; `values` in the order of the model's evidence.
    pub fn standardised(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let scale = self.mean.iter().zip(&self.deviation);
        values
            .zip(scale)
            .map(|(value, (mean, deviation))| ((value - mean) / deviation).clamp(-HELD_WITHIN, HELD_WITHIN))
            .collect()
    }

    /// What the model says of standardised evidence.
    pub fn predict(&self, standardised: &[f64]) -> Prediction {
        let score =
            |row: &[f64]| row.iter().zip(standardised).map(|(weight, value)| weight * value).sum::<f64>();
        match self.kind {
            ModelKind::Number => {
                let number = score(&self.weights[0]) + self.intercepts[0];
                Prediction { answer: 0, number, probabilities: Vec::new() }
            }
            ModelKind::Choice => {
                let scores: Vec<f64> = self
                    .weights
                    .iter()
                    .zip(&self.intercepts)
                    .map(|(row, intercept)| score(row) + intercept)
                    .collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let odds: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let sum: f64 = odds.iter().sum();
                let probabilities: Vec<f64> = odds.iter().map(|odds| odds / sum).collect();
                let answer = most_likely(&probabilities);
                Prediction { answer, number: probabilities[answer], probabilities }
            }
            ModelKind::Level => {
                let score = score(&self.weights[0]);
                let up_to: Vec<f64> = self
                    .intercepts
                    .iter()
                    .map(|threshold| 1.0 / (1.0 + (score - threshold).exp()))
                    .chain([1.0])
                    .collect();
                let mut before = 0.0;
                let probabilities: Vec<f64> = up_to
                    .iter()
                    .map(|up_to| {
                        let probability = (up_to - before).max(0.0);
                        before = *up_to;
                        probability
                    })
                    .collect();
                // The median: what is least far off on average.
                let answer = up_to.iter().position(|up_to| *up_to >= 0.5).unwrap_or(up_to.len() - 1);
                let number = probabilities.iter().enumerate().map(|(level, p)| level as f64 * p).sum();
                Prediction { answer, number, probabilities }
            }
        }
    }

    /// What each evidence adds for this answer, over what it adds for the average of the others.
    pub fn contributions(&self, standardised: &[f64], answer: usize) -> Vec<f64> {
        let rows = self.weights.len();
        standardised
            .iter()
            .enumerate()
            .map(|(at, value)| {
                if rows == 1 {
                    return self.weights[0][at] * value;
                }
                let others: f64 =
                    (0..rows).filter(|row| *row != answer).map(|row| self.weights[row][at]).sum();
                (self.weights[answer][at] - others / (rows - 1) as f64) * value
            })
            .collect()
    }
}

/// The index of the largest; of equal ones the first.
fn most_likely(probabilities: &[f64]) -> usize {
    let mut best = 0;
    for (at, probability) in probabilities.iter().enumerate() {
        if *probability > probabilities[best] {
            best = at;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(kind: ModelKind, weights: Vec<Vec<f64>>, intercepts: Vec<f64>) -> Model {
        Model {
            kind,
            evidence: vec!["a".into()],
            mean: vec![1.0],
            deviation: vec![2.0],
            weights,
            intercepts,
            answers: Vec::new(),
        }
    }

    #[test]
    fn a_choice_by_hand() {
        let model = model(ModelKind::Choice, vec![vec![1.0], vec![-1.0]], vec![0.0, 0.0]);
        let z = model.standardised([3.0].into_iter());
        assert_eq!(z, [1.0]);
        let said = model.predict(&z);
        assert_eq!(said.answer, 0);
        // e / (e + 1/e)
        assert!((said.probabilities[0] - 0.880_797_077_977_882_3).abs() < 1e-12);
        assert_eq!(model.contributions(&z, 0), [2.0]);
    }

    #[test]
    fn a_level_by_hand() {
        let model = model(ModelKind::Level, vec![vec![1.0]], vec![-1.0, 2.0]);
        let said = model.predict(&[0.0]);
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        assert!((said.probabilities[0] - logistic(-1.0)).abs() < 1e-12);
        assert!((said.probabilities[2] - (1.0 - logistic(2.0))).abs() < 1e-12);
        assert_eq!(said.answer, 1);
        assert_eq!(model.predict(&[3.0]).answer, 2);
    }

    #[test]
    fn no_number_runs_away() {
        let model = model(ModelKind::Number, vec![vec![1.0]], vec![0.0]);
        assert_eq!(model.predict(&model.standardised([1e300].into_iter())).number, HELD_WITHIN);
    }
}
