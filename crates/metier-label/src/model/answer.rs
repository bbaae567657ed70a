//! From what a model gave to answers: parses, checks against the rubric, and says what could not be taken. Calls nobody.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use super::prompt::{Ask, INTENTS};
use crate::labels::{Labels, Rater};
use crate::rubric::{Kind, Rubric};

/// Why something has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The model declined, twice.
    Refused,
    /// The answer was cut at the most tokens allowed, twice.
    Truncated,
    /// The answer was no JSON object, twice.
    Malformed,
    /// The answer was none of the options, twice.
    OutsideOptions,
    /// There was no answer to this question, twice.
    Missing,
    /// There were more or fewer kinds than messages, twice.
    WrongCount,
    /// The server did not answer in time, as often as was tried.
    Timeout,
    /// The connection could not be made or was cut, as often as was tried.
    Unreachable,
    /// The server answered with this status, as often as was tried.
    Status(u16),
    /// The batch ended without this answer, as often as was tried.
    Batch,
    /// The budget would have been passed.
    Budget,
    /// Labelling stopped before it was asked.
    Stopped,
}

impl Reason {
    /// The name in counts, JSON and the cache.
    pub fn name(self) -> String {
        match self {
            Reason::Status(status) => format!("status_{status}"),
            Reason::Refused => "refused".to_owned(),
            Reason::Truncated => "truncated".to_owned(),
            Reason::Malformed => "malformed".to_owned(),
            Reason::OutsideOptions => "outside_options".to_owned(),
            Reason::Missing => "missing".to_owned(),
            Reason::WrongCount => "wrong_count".to_owned(),
            Reason::Timeout => "timeout".to_owned(),
            Reason::Unreachable => "unreachable".to_owned(),
            Reason::Batch => "batch".to_owned(),
            Reason::Budget => "budget".to_owned(),
            Reason::Stopped => "stopped".to_owned(),
        }
    }

    /// The reason of this name, of those that rest in the cache: what a model gave.
    fn kept(name: &str) -> Option<Reason> {
        let kept = [
            Reason::Refused,
            Reason::Truncated,
            Reason::Malformed,
            Reason::OutsideOptions,
            Reason::Missing,
            Reason::WrongCount,
        ];
        kept.into_iter().find(|reason| reason.name() == name)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// What a model gave.
#[derive(Debug, Clone)]
pub(super) enum Given {
    /// An object, as a tool call has it.
    Object(Map<String, Json>),
    /// A text, which should be a JSON object.
    Text(String),
    /// It declined.
    Refused,
    /// It was cut at the most tokens allowed.
    Truncated,
}

/// What could be taken of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Taken {
    /// Answers in the shape of the rubric: nothing but options and numbers.
    pub(super) answers: Map<String, Json>,
    /// What has none, and why; `*` is all of it.
    pub(super) problems: BTreeMap<String, Reason>,
    /// Why, in the model's words.
    pub(super) rationale: Option<String>,
}

/// Everything was asked for and nothing given.
const ALL: &str = "*";

/// Takes what can be taken.
pub(super) fn take(rubric: &Rubric, ask: Ask, messages: usize, given: &Given) -> Taken {
    let nothing = |reason| Taken { problems: BTreeMap::from([(ALL.to_owned(), reason)]), ..Taken::default() };
    let parsed;
    let object = match given {
        Given::Refused => return nothing(Reason::Refused),
        Given::Truncated => return nothing(Reason::Truncated),
        Given::Object(object) => object,
        Given::Text(text) => match serde_json::from_str::<Json>(without_fences(text)) {
            Ok(Json::Object(object)) => {
                parsed = object;
                &parsed
            }
            _ => return nothing(Reason::Malformed),
        },
    };
    let mut problems = BTreeMap::new();
    let mut asked = Map::new();
    for question in ask.questions(rubric) {
        match object.get(&question.name) {
            Some(Json::Null) if matches!(question.kind, Kind::Share) => {}
            None | Some(Json::Null) => {
                problems.insert(question.name.clone(), Reason::Missing);
            }
            Some(answer) if question.value(answer).is_err() => {
                problems.insert(question.name.clone(), Reason::OutsideOptions);
            }
            Some(answer) => {
                asked.insert(question.name.clone(), answer.clone());
            }
        }
    }
    if let Some(confidence) = object.get("confidence").filter(|_| ask == Ask::Whole) {
        asked.insert("confidence".to_owned(), confidence.clone());
    }
    if ask.wants_intents() {
        match object.get(INTENTS) {
            None if messages == 0 => {}
            Some(Json::Array(intents)) if intents.len() == messages => {
                let outside = |json: &Json| !json.is_null() && rubric.intent.value(json).is_err();
                if intents.iter().any(outside) {
                    problems.insert(INTENTS.to_owned(), Reason::OutsideOptions);
                }
                asked.insert(INTENTS.to_owned(), Json::Array(intents.clone()));
            }
            Some(Json::Array(_)) => {
                problems.insert(INTENTS.to_owned(), Reason::WrongCount);
            }
            None | Some(Json::Null) => {
                problems.insert(INTENTS.to_owned(), Reason::Missing);
            }
            Some(_) => {
                problems.insert(INTENTS.to_owned(), Reason::OutsideOptions);
            }
        }
    }
    // Once through the labels: what comes out is options and numbers, whatever went in.
    let (labels, _) = Labels::from_json(Rater::new(""), rubric, &asked);
    let mut answers = labels.to_json(rubric);
    answers.remove("rater");
    answers.remove("rubric");
    let rationale = object.get("rationale").and_then(Json::as_str).map(short).filter(|text| !text.is_empty());
    Taken { answers, problems, rationale }
}

impl Taken {
    /// What was wrong, in words for the model: nothing of its answer is repeated.
    pub(super) fn complaints(&self, rubric: &Rubric, messages: usize) -> Vec<String> {
        let complaint = |(name, reason): (&String, &Reason)| match reason {
            Reason::Refused => {
                "no answer was given; rating what a transcript shows needs nothing else".to_owned()
            }
            Reason::Truncated => "it was longer than the tokens allowed; keep it short".to_owned(),
            Reason::Malformed => "it was no single JSON object".to_owned(),
            Reason::WrongCount => format!("`{name}` had not exactly {messages} entries"),
            Reason::Missing => format!("`{name}` was missing"),
            _ => {
                let question = rubric.question(name).unwrap_or(&rubric.intent);
                format!("`{name}` was not one of {}", question.allowed())
            }
        };
        self.problems.iter().map(complaint).collect()
    }

    /// This second answer; where it lacks something, the first one's.
    pub(super) fn or(mut self, first: Taken) -> Taken {
        if self.problems.is_empty() {
            return self;
        }
        let nothing_second = self.problems.contains_key(ALL);
        let nothing_first = first.problems.contains_key(ALL);
        if nothing_second && !nothing_first {
            return Taken { rationale: first.rationale.or(self.rationale), ..first };
        }
        for (name, answer) in first.answers {
            let lacked = self.problems.contains_key(&name) && !first.problems.contains_key(&name);
            if lacked {
                self.problems.remove(&name);
                self.answers.insert(name, answer);
            }
        }
        self
    }

    /// The problems as they rest in the cache.
    pub(super) fn problems_json(&self) -> String {
        let names: BTreeMap<&str, String> =
            self.problems.iter().map(|(name, reason)| (name.as_str(), reason.name())).collect();
        serde_json::to_string(&names).expect("names are plain data")
    }

    /// What rests in the cache. `None` if it is not of our shape.
    pub(super) fn of_cache(answers: &str, problems: &str, rationale: Option<String>) -> Option<Taken> {
        let names: BTreeMap<String, String> = serde_json::from_str(problems).ok()?;
        let problems = names.into_iter().map(|(name, reason)| Some((name, Reason::kept(&reason)?)));
        Some(Taken {
            answers: serde_json::from_str(answers).ok()?,
            problems: problems.collect::<Option<_>>()?,
            rationale,
        })
    }
}

/// A text without a code fence around it.
fn without_fences(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    match inner.split_once('\n') {
        Some((language, rest)) if !language.contains('{') => rest.trim(),
        _ => inner.trim(),
    }
}

/// At most 25 words on one line.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(25).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rubric;

    fn whole() -> Json {
        json!({"rationale": "one two", "work_mode": "fixing", "expertise": 3, "outcome": "succeeded", "success_signal": 4,
            "failure_signal": 1, "planning_user_share": 0.5, "execution_user_share": null,
            "interaction_pattern": "directed", "occupation": "unclear", "work_occupation": "15",
            "task_subject": "backend", "codebase": "modify", "value_usd": 100, "intents": ["confirmation"]})
    }

    fn of(json: &Json) -> Taken {
        take(rubric(), Ask::Whole, 1, &Given::Text(json.to_string()))
    }

    #[test]
    fn a_whole_answer_is_taken_also_out_of_a_fence_and_comes_back_from_the_cache() {
        let plain = of(&whole());
        assert!(plain.problems.is_empty(), "{plain:?}");
        for fenced in [format!("```json\n{}\n```", whole()), format!("```{}```", whole())] {
            assert_eq!(take(rubric(), Ask::Whole, 1, &Given::Text(fenced)), plain);
        }
        let kept = serde_json::to_string(&plain.answers).expect("plain data");
        assert_eq!(Taken::of_cache(&kept, &plain.problems_json(), plain.rationale.clone()), Some(plain));
    }

    #[test]
    fn prose_around_json_is_not_tolerated() {
        let said = Given::Text(format!("Sure! {}", whole()));
        assert_eq!(take(rubric(), Ask::Whole, 1, &said).problems[ALL], Reason::Malformed);
        let list = Given::Text("[1]".to_owned());
        assert_eq!(take(rubric(), Ask::Whole, 1, &list).problems[ALL], Reason::Malformed);
    }

    #[test]
    fn each_problem_has_its_reason_and_its_complaint_repeats_nothing() {
        let mut wrong = whole();
        wrong["work_mode"] = "hacking the mainframe".into();
        wrong["intents"] = json!(["confirmation", "confirmation"]);
        wrong["outcome"] = Json::Null;
        let taken = of(&wrong);
        let found: Vec<(&str, Reason)> =
            taken.problems.iter().map(|(name, why)| (name.as_str(), *why)).collect();
        assert_eq!(
            found,
            [
                ("intents", Reason::WrongCount),
                ("outcome", Reason::Missing),
                ("work_mode", Reason::OutsideOptions)
            ]
        );
        let told = taken.complaints(rubric(), 1).join("; ");
        assert!(told.contains("not one of building") && !told.contains("mainframe"), "{told}");
    }

    #[test]
    fn the_second_answer_counts_and_the_first_fills_its_gaps() {
        let mut first = whole();
        first["work_mode"] = "hacking".into();
        let mut second = whole();
        second["expertise"] = 9.into();
        second["outcome"] = "failed".into();
        let both = of(&second).or(of(&first));
        assert!(both.problems.is_empty(), "{both:?}");
        assert_eq!((&both.answers["expertise"], &both.answers["outcome"]), (&json!(3), &json!("failed")));
        let refused = take(rubric(), Ask::Whole, 1, &Given::Refused);
        assert_eq!(refused.clone().or(of(&first)).answers["outcome"], "succeeded");
        assert_eq!(refused.clone().or(refused.clone()), refused);
    }

    #[test]
    fn a_rationale_is_cut() {
        let mut long = whole();
        long["rationale"] = "word ".repeat(60).into();
        assert_eq!(of(&long).rationale.map(|text| text.split(' ').count()), Some(25));
    }
}
