//! Answers to the rubric by one rater, and their shape in JSON. Gives none itself.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::rubric::{Kind, Question, Rubric, RubricHash};

/// Who gave labels: "builtin", "person:ada", "anthropic/claude-…".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rater(Arc<str>);

/// The answers of one rater about one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// Who.
    pub rater: Rater,
    /// Under which rubric.
    pub rubric: RubricHash,
    /// One for each question of the rubric, in its order; `None` where the rater gave none.
    pub answers: Vec<Option<Answer>>,
    /// The kind of each message of the person, in their order: an index into the options of the
    /// rubric's question of intent. Empty if the rater gave none.
    pub intents: Vec<Option<u8>>,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// What.
    pub value: Value,
    /// How sure the rater was: the probability, as the rater sees it, that it is right.
    pub confidence: Option<f32>,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum Value {
    /// The index of an option.
    Choice(u8),
    /// A level, or the number that stands for unclear.
    Level(u8),
    /// A share in tenths, 0 to 10.
    Tenths(u8),
    /// US dollars.
    Usd(f64),
}

impl Rater {
    /// The labeller in this crate.
    pub const BUILTIN: &'static str = "builtin";

    /// A rater of this name. Control characters are left out and long names are cut: a name is no text.
    pub fn new(name: &str) -> Rater {
        Rater(name.chars().filter(|c| !c.is_control()).take(80).collect::<String>().into())
    }

    /// The labeller in this crate.
    pub fn builtin() -> Rater {
        Rater::new(Self::BUILTIN)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Rater {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why an answer could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{question}: {found} is not one of {allowed}")]
pub struct Refused {
    /// The question.
    pub question: String,
    /// What stood there: cut, and only if it is short and plain, else its kind.
    pub found: String,
    /// What could have been answered.
    pub allowed: String,
}

impl Labels {
    /// No answer yet.
    pub fn none(rater: Rater, rubric: &Rubric) -> Labels {
        Labels {
            rater,
            rubric: rubric.hash,
            answers: vec![None; rubric.questions.len()],
            intents: Vec::new(),
        }
    }

    /// The answer to the question of this name.
    pub fn answer(&self, rubric: &Rubric, question: &str) -> Option<Answer> {
        *self.answers.get(rubric.find(question)?)?
    }

    /// The name of the option chosen for this question.
    pub fn choice<'r>(&self, rubric: &'r Rubric, question: &str) -> Option<&'r str> {
        let at = rubric.find(question)?;
        match (self.answers.get(at)?.as_ref()?.value, &rubric.questions[at].kind) {
            (Value::Choice(index), Kind::Choice { options, .. }) => {
                options.get(usize::from(index)).map(|option| option.name.as_str())
            }
            _ => None,
        }
    }

    /// The level for this question; `None` also if the answer was *unclear*.
    pub fn level(&self, rubric: &Rubric, question: &str) -> Option<u8> {
        let at = rubric.find(question)?;
        match (self.answers.get(at)?.as_ref()?.value, &rubric.questions[at].kind) {
            (Value::Level(level), Kind::Level { low, high, .. }) if (low..=high).contains(&&level) => {
                Some(level)
            }
            _ => None,
        }
    }

    /// The share for this question.
    pub fn share(&self, rubric: &Rubric, question: &str) -> Option<f64> {
        match self.answer(rubric, question)?.value {
            Value::Tenths(tenths) => Some(f64::from(tenths) / 10.0),
            _ => None,
        }
    }

    /// The amount for this question.
    pub fn usd(&self, rubric: &Rubric, question: &str) -> Option<f64> {
        match self.answer(rubric, question)?.value {
            Value::Usd(usd) => Some(usd),
            _ => None,
        }
    }

    /// Puts an answer in its place; of a question that the rubric does not have, does nothing.
    pub fn set(&mut self, rubric: &Rubric, question: &str, value: Value, confidence: Option<f32>) {
        if let Some(at) = rubric.find(question) {
            self.answers[at] = Some(Answer { value, confidence });
        }
    }

    /// Takes the answers out of a JSON object in the shape of the rubric: names of questions as keys, and
    /// `confidence` as an object of numbers, `intents` as a list. Questions that it lacks or answers with null stay
    /// unanswered; other keys are not looked at.
    ///
    /// # Errors
    /// If an answer is not one of those allowed: all such answers, the rest is in the labels nonetheless.
    pub fn from_json(rater: Rater, rubric: &Rubric, object: &Map<String, Json>) -> (Labels, Vec<Refused>) {
        let mut labels = Labels::none(rater, rubric);
        let mut refused = Vec::new();
        let sure = object.get("confidence").and_then(Json::as_object);
        for (at, question) in rubric.questions.iter().enumerate() {
            let Some(json) = object.get(&question.name).filter(|json| !json.is_null()) else { continue };
            match question.value(json) {
                Ok(value) => {
                    let confidence = sure
                        .and_then(|sure| sure.get(&question.name)?.as_f64())
                        .filter(|sure| (0.0..=1.0).contains(sure))
                        .map(|sure| sure as f32);
                    labels.answers[at] = Some(Answer { value, confidence });
                }
                Err(why) => refused.push(why),
            }
        }
        let intents = object.get("intents").and_then(Json::as_array);
        for json in intents.into_iter().flatten() {
            labels.intents.push(match rubric.intent.value(json) {
                Ok(Value::Choice(index)) => Some(index),
                _ if json.is_null() => None,
                Ok(_) => None,
                Err(why) => {
                    refused.push(why);
                    None
                }
            });
        }
        (labels, refused)
    }

    /// The answers as a JSON object that [`from_json`](Self::from_json) reads, with `rater` and `rubric`.
    pub fn to_json(&self, rubric: &Rubric) -> Map<String, Json> {
        let mut object = Map::new();
        object.insert("rater".into(), self.rater.name().into());
        object.insert("rubric".into(), self.rubric.to_string().into());
        let mut sure = Map::new();
        for (question, answer) in rubric.questions.iter().zip(&self.answers) {
            let Some(answer) = answer else { continue };
            object.insert(question.name.clone(), question.json(answer.value));
            if let Some(confidence) = answer.confidence {
                sure.insert(question.name.clone(), hundredths(confidence).into());
            }
        }
        if !sure.is_empty() {
            object.insert("confidence".into(), sure.into());
        }
        if !self.intents.is_empty() {
            let name =
                |intent: &Option<u8>| intent.map_or(Json::Null, |at| rubric.intent.json(Value::Choice(at)));
            object.insert("intents".into(), self.intents.iter().map(name).collect());
        }
        object
    }
}

/// More digits of a confidence would be noise.
fn hundredths(confidence: f32) -> f64 {
    (f64::from(confidence) * 100.0).round() / 100.0
}

impl Question {
    /// The value that a JSON answer stands for.
    ///
    /// # Errors
    /// If it is not one of those allowed.
    pub fn value(&self, json: &Json) -> Result<Value, Refused> {
        let number =
            || json.as_f64().or_else(|| json.as_str()?.trim().parse().ok()).filter(|n| n.is_finite());
        let value = match &self.kind {
            Kind::Choice { options, .. } => {
                let name = match json {
                    Json::String(name) => name.trim().to_ascii_lowercase(),
                    // Major groups of occupations are numbers, and raters write them so.
                    Json::Number(number) => number.to_string(),
                    _ => String::new(),
                };
                options
                    .iter()
                    .position(|option| option.name.eq_ignore_ascii_case(&name))
                    .map(|at| Value::Choice(at as u8))
            }
            Kind::Level { low, high, unclear, levels } => {
                let by_name = || {
                    let name = json.as_str()?.trim().to_ascii_lowercase();
                    let at = levels.iter().position(|level| level.name == name)?;
                    match (at.checked_sub(usize::from(unclear.is_some())), unclear) {
                        (Some(above), _) => Some(low + above as u8),
                        (None, unclear) => *unclear,
                    }
                };
                number()
                    .filter(|n| n.fract() == 0.0 && (0.0..=255.0).contains(n))
                    .map(|n| n as u8)
                    .or_else(by_name)
                    .filter(|level| (low..=high).contains(&level) || Some(*level) == *unclear)
                    .map(Value::Level)
            }
            Kind::Share => number()
                .filter(|share| (0.0..=1.0).contains(share))
                .map(|share| Value::Tenths((share * 10.0).round() as u8)),
            Kind::Usd => number().filter(|usd| (0.0..=1e9).contains(usd)).map(Value::Usd),
        };
        value.ok_or_else(|| Refused {
            question: self.name.clone(),
            found: shown(json),
            allowed: self.allowed(),
        })
    }

    /// The value in JSON.
    pub fn json(&self, value: Value) -> Json {
        match value {
            Value::Choice(index) => {
                self.options().get(usize::from(index)).map_or(Json::Null, |option| option.name.clone().into())
            }
            Value::Level(level) => level.into(),
            Value::Tenths(tenths) => (f64::from(tenths) / 10.0).into(),
            Value::Usd(usd) => usd.into(),
        }
    }

    /// What can be answered, in words.
    pub fn allowed(&self) -> String {
        match &self.kind {
            Kind::Choice { options, .. } => {
                options.iter().map(|option| option.name.as_str()).collect::<Vec<_>>().join(", ")
            }
            Kind::Level { low, high, unclear: None, .. } => format!("{low} to {high}"),
            Kind::Level { low, high, unclear: Some(unclear), .. } => {
                format!("{low} to {high}, or {unclear} for unclear")
            }
            Kind::Share => "0, 0.1 … 1".to_owned(),
            Kind::Usd => "an amount in dollars".to_owned(),
        }
    }
}

/// An answer as an error may show it: a rater's answer can be anything.
fn shown(json: &Json) -> String {
    match json {
        Json::String(text) => {
            let short: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
            format!("{short:?}")
        }
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rubric;

    fn read(json: Json) -> (Labels, Vec<Refused>) {
        Labels::from_json(Rater::new("a"), rubric(), json.as_object().expect("an object"))
    }

    #[test]
    fn the_shape_of_the_rubric_goes_in_and_comes_out() {
        let line = json!({"rater": "a", "work_mode": "fixing", "expertise": 3, "outcome": "succeeded", "success_signal": 4,
            "failure_signal": 1, "planning_user_share": 0.5, "execution_user_share": null, "occupation": 15,
            "value_usd": 100, "confidence": {"expertise": 0.7}, "intents": ["confirmation", null], "why": "not kept"});
        let (labels, refused) = read(line);
        assert_eq!(refused, []);
        assert_eq!(labels.choice(rubric(), "work_mode"), Some("fixing"));
        assert_eq!(labels.level(rubric(), "expertise"), Some(3));
        assert_eq!(labels.share(rubric(), "planning_user_share"), Some(0.5));
        assert_eq!(labels.share(rubric(), "execution_user_share"), None);
        assert_eq!(labels.choice(rubric(), "occupation"), Some("15"));
        assert_eq!(labels.usd(rubric(), "value_usd"), Some(100.0));
        let json = labels.to_json(rubric());
        assert!(!json.contains_key("why"));
        let (again, _) = Labels::from_json(Rater::new("a"), rubric(), &json);
        assert_eq!(again, labels);
    }

    #[test]
    fn answers_outside_the_options_are_refused_and_the_rest_kept() {
        let (labels, refused) =
            read(json!({"work_mode": "hacking", "expertise": 6, "outcome": ["succeeded"],
            "success_signal": 2.5, "planning_user_share": 1.2, "value_usd": -3, "codebase": "none"}));
        assert_eq!(refused.len(), 6);
        assert!(refused[0].to_string().contains("\"hacking\" is not one of building"), "{}", refused[0]);
        assert_eq!(labels.choice(rubric(), "codebase"), Some("none"));
        assert_eq!(labels.answers.iter().flatten().count(), 1);
    }

    #[test]
    fn unclear_is_an_answer_and_no_level() {
        let (labels, refused) =
            read(json!({"expertise": "unclear", "success_signal": "none", "failure_signal": "multiple"}));
        assert_eq!(refused, []);
        assert_eq!(labels.answer(rubric(), "expertise").map(|answer| answer.value), Some(Value::Level(0)));
        assert_eq!(labels.level(rubric(), "expertise"), None);
        assert_eq!(labels.level(rubric(), "success_signal"), Some(0));
        assert_eq!(labels.level(rubric(), "failure_signal"), Some(5));
    }
}
