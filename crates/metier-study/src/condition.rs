//! Which sessions somebody wants to look at: `work_mode=fixing,testing`. Chooses; estimates nothing.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use metier_label::{Kind, Value, rubric};
use metier_session::{Agent, Id};
use metier_store::Row;

use crate::error::Error;
use crate::family::model_family;

/// One condition on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    name: String,
    values: Vec<String>,
    not: bool,
}

/// What is no question of the rubric.
const FACTS: [&str; 4] = ["agent", "month", "model", "project"];

/// Digits of a project's id that are enough to name it.
const SHORTEST_PROJECT: usize = 6;

impl Condition {
    /// Whether a session meets it. Where the value is not known neither `=` nor `!=` is met.
    pub fn holds(&self, row: &Row) -> bool {
        let value = match self.name.as_str() {
            "agent" => Some(row.facts.agent.name().to_owned()),
            "month" => row.facts.first.map(|time| time.month()),
            "model" => row.facts.main_model.as_deref().map(model_family),
            "project" => row.project.map(|project| project.to_string()),
            question => {
                let level = row.labels.level(rubric(), question).map(|level| level.to_string());
                level.or_else(|| row.labels.choice(rubric(), question).map(str::to_owned))
            }
        };
        value.is_some_and(|value| {
            let one = |wanted: &String| {
                *wanted == value
                    || (self.name == "project"
                        && wanted.len() >= SHORTEST_PROJECT
                        && value.starts_with(wanted.as_str()))
            };
            self.values.iter().any(one) != self.not
        })
    }
}

/// A condition on one row after another, which remembers of what it held.
pub(crate) struct Test<'c, 'r> {
    condition: &'c Condition,
    /// The place of the question, if it is one.
    question: Option<usize>,
    known: HashMap<Told<'r>, bool, foldhash::fast::FixedState>,
}

/// What a condition looks at.
#[derive(PartialEq, Eq, Hash)]
enum Told<'r> {
    Agent(Agent),
    Month(u32),
    Model(&'r str),
    Project(Id),
    Choice(u8),
    Level(u8),
}

impl<'c, 'r> Test<'c, 'r> {
    pub(crate) fn new(condition: &'c Condition) -> Test<'c, 'r> {
        Test { condition, question: rubric().find(&condition.name), known: HashMap::default() }
    }

    /// As [`Condition::holds`].
    pub(crate) fn holds(&mut self, row: &'r Row) -> bool {
        let told = match (self.condition.name.as_str(), self.question) {
            (_, Some(at)) => match row.labels.answers.get(at).copied().flatten().map(|answer| answer.value) {
                Some(Value::Choice(choice)) => Some(Told::Choice(choice)),
                Some(Value::Level(level)) => Some(Told::Level(level)),
                _ => None,
            },
            ("agent", _) => Some(Told::Agent(row.facts.agent)),
            ("month", _) => row.facts.first.and_then(|time| time.months()).map(Told::Month),
            ("model", _) => row.facts.main_model.as_deref().map(Told::Model),
            ("project", _) => row.project.map(Told::Project),
            _ => None,
        };
        match told {
            Some(told) => *self.known.entry(told).or_insert_with(|| self.condition.holds(row)),
            None => self.condition.holds(row),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}{}={}", self.name, if self.not { "!" } else { "" }, self.values.join(","))
    }
}

impl FromStr for Condition {
    type Err = Error;

    /// Reads a condition.
    ///
    /// ```
    /// use metier_study::Condition;
    /// assert!("work_mode=fixing,testing".parse::<Condition>().is_ok());
    /// assert!("agent!=codex".parse::<Condition>().is_ok());
    /// assert!("work_mode=sleeping".parse::<Condition>().is_err());
    /// assert!("shoe_size=43".parse::<Condition>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Condition, Error> {
        let wrong = |reason: String| Error::Condition { text: text.to_owned(), reason };
        let (name, values) = text.split_once('=').ok_or_else(|| wrong("it has no `=`".to_owned()))?;
        let (name, not) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        let (name, values) =
            (name.trim(), values.split(',').map(|value| value.trim().to_owned()).collect::<Vec<_>>());
        let question = rubric()
            .question(name)
            .filter(|question| matches!(question.kind, Kind::Choice { .. } | Kind::Level { .. }));
        match question {
            None if name == "project" => {
                if let Some(short) = values.iter().find(|value| value.len() < SHORTEST_PROJECT) {
                    return Err(wrong(format!(
                        "{short:?} is too short for a project: give 6 digits of its id"
                    )));
                }
            }
            None if name == "agent" => {
                let known = Agent::ALL.map(Agent::name);
                if let Some(other) = values.iter().find(|value| !known.contains(&value.as_str())) {
                    return Err(wrong(format!(
                        "no agent is called {other:?}; there is: {}",
                        known.join(", ")
                    )));
                }
            }
            None if FACTS.contains(&name) => {}
            None => {
                let questions = rubric().questions.iter().filter(|question| !question.options().is_empty());
                let known: Vec<&str> =
                    FACTS.into_iter().chain(questions.map(|question| question.name.as_str())).collect();
                return Err(wrong(format!("there is: {}", known.join(", "))));
            }
            Some(question) => {
                let levels = question.is_ordinal();
                let allowed: Vec<String> = question
                    .options()
                    .iter()
                    .enumerate()
                    .map(|(at, option)| if levels { at.to_string() } else { option.name.clone() })
                    .collect();
                if let Some(other) = values.iter().find(|value| !allowed.contains(value)) {
                    return Err(wrong(format!(
                        "{name} is never {other:?}; it is one of: {}",
                        allowed.join(", ")
                    )));
                }
            }
        }
        Ok(Condition { name: name.to_owned(), values, not })
    }
}
