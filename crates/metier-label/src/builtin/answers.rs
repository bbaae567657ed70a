//! Answers the rubric from evidence: learned weights where they do better on people not seen, plain rules elsewhere.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use metier_session::{Facts, Place, Session};

use super::cues::cues;
use super::evidence::{Evidence, Heard, gather, heard, names};
use super::intent::{message_names, of_heard};
use super::learned::{Model, ModelKind, Prediction, weights};
use crate::labels::{Answer, Labels, Rater, Value};
use crate::rubric::{Kind, rubric};

/// One answer with what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The question's name.
    pub question: String,
    /// The answer; `None` if there is nothing to answer from.
    pub answer: Option<Answer>,
    /// The rule that decided, in a sentence; `None` where evidence was weighed.
    pub rule: Option<&'static str>,
    /// The evidence that weighed most, for the answer and against it.
    pub reasons: Vec<Reason>,
}

/// A piece of evidence behind an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Its name; `docs/labels.md` says what it means.
    pub evidence: String,
    /// Its value.
    pub value: f64,
    /// What it adds to the answer's score over the average of the others; of a level or a number, how far it raises
    /// (above zero) or lowers it.
    pub adds: f64,
    /// The records it comes from: the first few.
    pub places: Vec<Place>,
}

/// Labels a session. Sessions without anything to judge (no message, no action) get no answer.
pub fn label(session: &Session, facts: &Facts) -> Labels {
    let heard = heard(session);
    Answering::new(session, facts, &heard, false).labels(session, &heard)
}

/// Labels a session and tells what each answer rests on.
pub fn explain(session: &Session, facts: &Facts) -> (Labels, Vec<Explained>) {
    let heard = heard(session);
    let answering = Answering::new(session, facts, &heard, true);
    let labels = answering.labels(session, &heard);
    let explained = rubric().questions.iter().zip(&labels.answers);
    let explained = explained
        .map(|(question, answer)| Explained {
            question: question.name.clone(),
            answer: *answer,
            rule: answer.and_then(|_| answering.rule(&question.name)),
            reasons: answering.reasons(&question.name, *answer),
        })
        .collect();
    (labels, explained)
}

/// Fewer of the person's own words than this say nothing about command of a task.
const TELLING_WORDS: usize = 8;

/// A model with the places of its evidence among all.
struct Located {
    model: &'static Model,
    places: Vec<usize>,
}

fn models() -> &'static BTreeMap<&'static str, Located> {
    static MODELS: LazyLock<BTreeMap<&'static str, Located>> = LazyLock::new(|| {
        let (of_sessions, of_messages) = (names(), message_names());
        let locate = |(question, model): (&'static String, &'static Model)| {
            let names = if question == "intent" { &of_messages } else { &of_sessions };
            let places = model.locate(names).expect("a test locates all evidence of the weights");
            (question.as_str(), Located { model, places })
        };
        weights().models.iter().map(locate).collect()
    });
    &MODELS
}

impl Located {
    fn standardised(&self, values: &[f64]) -> Vec<f64> {
        self.model.standardised(self.places.iter().map(|at| values[*at]))
    }
}

/// Names of single numbers that rules look at, with their places.
fn place_of(name: &str) -> usize {
    static PLACES: LazyLock<BTreeMap<String, usize>> =
        LazyLock::new(|| names().into_iter().enumerate().map(|(at, name)| (name, at)).collect());
    *PLACES.get(name).expect("rules name only evidence that there is")
}

struct Answering<'f> {
    facts: &'f Facts,
    evidence: Evidence,
    words: usize,
    messages: usize,
    said: BTreeMap<&'static str, Prediction>,
}

impl<'f> Answering<'f> {
    fn new(session: &Session, facts: &'f Facts, heard: &[Heard], with_places: bool) -> Answering<'f> {
        let evidence = gather(session, facts, heard, with_places);
        let said = models()
            .iter()
            .filter(|(question, _)| **question != "intent")
            .map(|(question, located)| {
                (*question, located.model.predict(&located.standardised(&evidence.values)))
            })
            .collect();
        let words = heard.iter().map(|heard| heard.words).sum();
        Answering { facts, evidence, words, messages: heard.len(), said }
    }

    fn value(&self, name: &str) -> f64 {
        self.evidence.values[place_of(name)]
    }

    fn labels(&self, session: &Session, heard: &[Heard]) -> Labels {
        let rubric = rubric();
        let mut labels = Labels::none(Rater::builtin(), rubric);
        if self.facts.prompts == 0 && self.facts.actions == 0 && self.messages == 0 {
            return labels;
        }
        for (at, question) in rubric.questions.iter().enumerate() {
            labels.answers[at] = self.answer(&question.name);
        }
        labels.intents = intents(session, heard);
        labels
    }

    fn answer(&self, question: &str) -> Option<Answer> {
        let learned = || self.learned(question);
        let choose = |name: &str, confidence: f32| {
            let at = rubric().question(question)?.option(name)?;
            Some(Answer { value: Value::Choice(at), confidence: Some(confidence) })
        };
        match question {
            "expertise" if self.too_few_words() => {
                Some(Answer { value: Value::Level(0), confidence: Some(0.8) })
            }
            "outcome" if self.no_goal() => choose("no_clear_goal", 0.7),
            "success_signal" => {
                let answer = learned()?;
                // What is called strong needs something hard to be seen.
                match answer.value {
                    Value::Level(level @ 4..) if !self.something_hard() => {
                        Some(Answer { value: Value::Level(level.min(3)), ..answer })
                    }
                    _ => Some(answer),
                }
            }
            "occupation" => {
                let (name, confidence) = self.occupation();
                choose(name, confidence)
            }
            "work_occupation" => {
                let (name, confidence) = self.work_occupation();
                choose(name, confidence)
            }
            "task_subject" => {
                let (name, confidence) = self.subject();
                choose(name, confidence)
            }
            "codebase" => {
                let (name, confidence) = self.codebase();
                choose(name, confidence)
            }
            _ => learned(),
        }
    }

    fn learned(&self, question: &str) -> Option<Answer> {
        let said = self.said.get(question)?;
        let kind = &rubric().question(question)?.kind;
        let confidence = said.probabilities.get(said.answer).map(|p| *p as f32);
        let value = match kind {
            Kind::Choice { .. } => Value::Choice(said.answer as u8),
            Kind::Level { low, .. } => Value::Level(low + said.answer as u8),
            Kind::Share => Value::Tenths((said.number.clamp(0.0, 1.0) * 10.0).round() as u8),
            Kind::Usd => Value::Usd(as_a_price(said.number.exp())),
        };
        Some(Answer { value, confidence })
    }

    fn rule(&self, question: &str) -> Option<&'static str> {
        match question {
            "expertise" if self.too_few_words() => Some("fewer than 8 words of the person's own"),
            "outcome" if self.no_goal() => Some("nothing was done and hardly anything was asked"),
            "success_signal" if !self.something_hard() => {
                Some("at most 3: no commit, push, pull request, passed check or confirmation is recorded")
            }
            "occupation" => Some(
                "words of a trade in at least two messages; else words of software development or a pull request; else unclear",
            ),
            "work_occupation" => Some("code was changed or run; else words of a trade; else unclear"),
            "task_subject" => {
                Some("the field whose words stand most often in messages, plans and names of files")
            }
            "codebase" => Some("files changed, files made, files only read, none"),
            _ => None,
        }
    }

    fn reasons(&self, question: &str, answer: Option<Answer>) -> Vec<Reason> {
        /// How many are told.
        const MOST: usize = 6;
        let (Some(located), Some(answer)) = (models().get(question), answer) else { return Vec::new() };
        let row = match (answer.value, located.model.kind) {
            (Value::Choice(at), ModelKind::Choice) => usize::from(at),
            _ => 0,
        };
        if (question == "expertise" && self.too_few_words()) || (question == "outcome" && self.no_goal()) {
            return Vec::new();
        }
        let standardised = located.standardised(&self.evidence.values);
        let adds = located.model.contributions(&standardised, row);
        let mut order: Vec<usize> = (0..adds.len()).filter(|at| adds[*at].abs() >= 0.01).collect();
        order.sort_by(|a, b| adds[*b].abs().total_cmp(&adds[*a].abs()).then(a.cmp(b)));
        order.truncate(MOST);
        let reason = |at: usize| {
            let place = located.places[at];
            Reason {
                evidence: located.model.evidence[at].clone(),
                value: self.evidence.values[place],
                adds: adds[at],
                places: self.evidence.places.get(place).cloned().unwrap_or_default(),
            }
        };
        order.into_iter().map(reason).collect()
    }

    fn too_few_words(&self) -> bool {
        self.words < TELLING_WORDS
    }

    fn no_goal(&self) -> bool {
        let started = self.facts.plan_prompts + self.facts.command_prompts > 0;
        !started && self.facts.actions == 0 && self.words < 12
    }

    /// Whether anything is recorded that could be called hard evidence.
    fn something_hard(&self) -> bool {
        let seen = ["hard_signals", "commit_runs", "build_passed", "lint_passed", "tests_passed", "pushes"];
        // Tests that passed before a last touch count as strong to readers, if nothing failed since.
        let tests = self.facts.last_test_passed == Some(true);
        tests || seen.iter().any(|name| self.value(name) > 0.0)
    }

    /// The trade that the person's words speak for, with in how many messages.
    fn trade(&self) -> Option<(&'static str, f64)> {
        let names = cues().trade.names();
        let other = names.iter().zip(&self.evidence.trades).filter(|(name, _)| *name != "15");
        let best = other.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)))?;
        Some((best.0.as_str(), *best.1))
    }

    /// How strongly the vocabulary of software development speaks: its words in the person's messages, words of git among
    /// them, symbols and paths named exactly; and pull requests. Code, tests and commits are no evidence: anybody's agent
    /// makes them.
    fn practice(&self) -> f64 {
        let words = self.evidence.trades[cues().trade.group("15")];
        let git = f64::from(u8::from(self.value("says_git") > 0.0));
        let exact = f64::from(u8::from(self.value("quoted_code") + self.value("paths") >= 1.0));
        words + git + exact + f64::from(u8::from(self.facts.pull_requests > 0))
    }

    fn occupation(&self) -> (&'static str, f32) {
        let practice = self.practice();
        match self.trade() {
            Some((trade, messages)) if messages >= 2.0 && messages > practice => (trade, 0.5),
            _ if practice >= 1.0 => ("15", 0.7),
            _ => ("unclear", 0.4),
        }
    }

    fn work_occupation(&self) -> (&'static str, f32) {
        let ran = self.facts.actions_by_kind[metier_session::ActionKind::Run as usize] > 0;
        match self.trade() {
            _ if self.evidence.code_files > 0 => ("15", 0.8),
            Some((trade, messages)) if messages >= 1.0 && messages >= self.practice() => (trade, 0.4),
            _ if ran || self.practice() >= 1.0 => ("15", 0.6),
            _ => ("unclear", 0.4),
        }
    }

    fn subject(&self) -> (&'static str, f32) {
        let all: f64 = self.evidence.subjects.iter().sum();
        let named = cues().subject.names().iter().zip(&self.evidence.subjects);
        match named.max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0))) {
            Some((name, count)) if *count >= 1.0 => (name.as_str(), (count / (all + 2.0)) as f32),
            _ => ("other", 0.3),
        }
    }

    fn codebase(&self) -> (&'static str, f32) {
        let evidence = &self.evidence;
        let changed = evidence.changed_files > 0 || self.facts.commits > 0;
        let looked = self.facts.actions > 0;
        if evidence.changed_files > 0
            && evidence.new_files == evidence.changed_files
            && self.value("read_share") < 0.1
        {
            ("create", 0.5)
        } else if changed {
            ("modify", 0.9)
        } else if looked {
            ("explore", 0.6)
        } else {
            ("none", 0.7)
        }
    }
}

/// What each message is for.
fn intents(session: &Session, heard: &[Heard]) -> Vec<Option<u8>> {
    let Some(located) = models().get("intent") else { return Vec::new() };
    let say = |values: &[f64]| located.model.predict(&located.standardised(values)).answer;
    of_heard(session, heard).iter().map(|message| u8::try_from(say(&message.values)).ok()).collect()
}

/// The nearest of 10, 20, 50, 100, 200, 500 … on a logarithmic scale: more digits would be false precision.
fn as_a_price(usd: f64) -> f64 {
    let steps = (1..=5).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    let far = |step: &f64| (step.ln() - usd.max(1.0).ln()).abs();
    steps.min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_evidence_of_the_weights_is_there() {
        let questions: Vec<&str> = models().keys().copied().collect();
        assert!(questions.contains(&"work_mode") && questions.contains(&"intent"), "{questions:?}");
        for (question, located) in models() {
            let question = rubric().question(question).unwrap_or(&rubric().intent);
            let answers = located.model.answers.len();
            match &question.kind {
                Kind::Level { low, high, .. } => assert_eq!(answers, usize::from(high - low) + 1),
                Kind::Choice { options, .. } => assert_eq!(answers, options.len()),
                Kind::Share | Kind::Usd => assert_eq!(answers, 0),
            }
            let rows = located.model.weights.iter().map(Vec::len);
            assert!(rows.clone().all(|row| row == located.model.evidence.len()));
            assert!(located.model.deviation.iter().all(|deviation| *deviation > 0.0));
        }
    }

    /// Approving is not writing: no evidence of a plan may weigh in what is said of the person.
    #[test]
    fn plans_do_not_weigh_in_expertise() {
        let evidence = &models()["expertise"].model.evidence;
        assert!(!evidence.iter().any(|name| name.contains("plan")), "{evidence:?}");
    }

    #[test]
    fn prices_are_round() {
        assert_eq!([3.0, 12.0, 140.0, 160.0, 1e9].map(as_a_price), [10.0, 10.0, 100.0, 200.0, 500_000.0]);
    }
}
