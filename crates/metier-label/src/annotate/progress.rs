//! How far a rater is with a queue, and what comes next.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use metier_session::Id;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::queue::{Ask, Queue};
use super::task::OwnAnswers;
use crate::rubric::Rubric;

/// What one rater said they cannot judge. Labels have no place for it, because nobody's answer is none: so it is kept beside them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Skips {
    /// Sessions of which nothing can be judged.
    #[serde(serialize_with = "ids", deserialize_with = "read_ids")]
    sessions: BTreeSet<Id>,
    /// By session the questions that cannot be answered.
    #[serde(serialize_with = "by_id", deserialize_with = "read_by_id")]
    questions: BTreeMap<Id, BTreeSet<String>>,
}

/// How far a rater is with one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No question is settled.
    NotBegun,
    /// Some are.
    Begun {
        /// How many questions have an answer or are said to have none.
        settled: usize,
        /// How many are asked.
        of: usize,
    },
    /// Every question has an answer or is said to have none.
    Complete,
    /// The rater cannot judge the session.
    Skipped,
}

/// How far a rater is with a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Each session of the queue, in its order.
    pub states: Vec<(Id, State)>,
    /// Sessions judged completely.
    pub complete: usize,
    /// Sessions judged in part.
    pub begun: usize,
    /// Sessions that cannot be judged.
    pub skipped: usize,
    /// Sessions not begun.
    pub not_begun: usize,
    /// Which is to be judged next: the first of the queue that is neither complete nor skipped.
    pub next: Option<Id>,
    /// Sessions outside of the queue of which there are answers: drawn at another time, or imported.
    pub elsewhere: usize,
}

impl Skips {
    /// Says that nothing of a session can be judged, or takes it back.
    pub fn session(&mut self, session: Id, skips: bool) {
        let _ = if skips { self.sessions.insert(session) } else { self.sessions.remove(&session) };
    }

    /// Says that a question cannot be answered of a session, or takes it back.
    pub fn question(&mut self, session: Id, question: &str, skips: bool) {
        let questions = self.questions.entry(session).or_default();
        let _ = if skips { questions.insert(question.to_owned()) } else { questions.remove(question) };
        if questions.is_empty() {
            self.questions.remove(&session);
        }
    }

    /// Whether the session as a whole cannot be judged.
    pub fn skips(&self, session: Id) -> bool {
        self.sessions.contains(&session)
    }

    /// Whether a question cannot be answered of a session.
    pub fn skips_question(&self, session: Id, question: &str) -> bool {
        self.questions.get(&session).is_some_and(|questions| questions.contains(question))
    }
}

/// How far a rater is, from their own answers and what they said they cannot judge. An answer counts more than a skip of the same question.
pub fn progress(queue: &Queue, ask: &Ask, own: &OwnAnswers, skips: &Skips, rubric: &Rubric) -> Progress {
    let answers: HashMap<Id, _> = own.sessions().collect();
    let state = |session: Id| {
        if skips.skips(session) {
            return State::Skipped;
        }
        let labels = answers.get(&session).filter(|labels| labels.rubric == rubric.hash);
        let settled = |at: &&usize| {
            let answered = labels.is_some_and(|labels| labels.answers.get(**at).is_some_and(Option::is_some));
            let name = rubric.questions.get(**at).map(|question| question.name.as_str());
            answered || name.is_some_and(|name| skips.skips_question(session, name))
        };
        let of = ask.questions().len();
        match ask.questions().iter().filter(settled).count() {
            settled if settled == of => State::Complete,
            0 => State::NotBegun,
            settled => State::Begun { settled, of },
        }
    };
    let states: Vec<(Id, State)> =
        queue.drawn.iter().map(|drawn| (drawn.session, state(drawn.session))).collect();
    let count = |is: fn(&State) -> bool| states.iter().filter(|(_, state)| is(state)).count();
    let drawn: BTreeSet<Id> = states.iter().map(|(session, _)| *session).collect();
    Progress {
        complete: count(|state| *state == State::Complete),
        begun: count(|state| matches!(state, State::Begun { .. })),
        skipped: count(|state| *state == State::Skipped),
        not_begun: count(|state| *state == State::NotBegun),
        next: states
            .iter()
            .find(|(_, state)| !matches!(state, State::Complete | State::Skipped))
            .map(|(session, _)| *session),
        elsewhere: answers.keys().filter(|session| !drawn.contains(session)).count(),
        states,
    }
}

fn ids<S: Serializer>(ids: &BTreeSet<Id>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(ids.iter().map(ToString::to_string))
}

fn by_id<S: Serializer>(all: &BTreeMap<Id, BTreeSet<String>>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(all.iter().map(|(id, questions)| (id.to_string(), questions)))
}

fn id<E: serde::de::Error>(text: &str) -> Result<Id, E> {
    let whole = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = whole.then(|| u128::from_str_radix(text, 16).ok()).flatten();
    id.map(Id).ok_or_else(|| E::custom("the id of a session has 32 hexadecimal digits"))
}

fn read_ids<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Id>, D::Error> {
    Vec::<String>::deserialize(from)?.iter().map(|text| id(text)).collect()
}

fn read_by_id<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Id, BTreeSet<String>>, D::Error> {
    let all = BTreeMap::<String, BTreeSet<String>>::deserialize(from)?;
    all.into_iter().map(|(text, questions)| Ok((id(&text)?, questions))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::{By, Candidate, Given, Person, Sampling, give};
    use crate::labels::{Labels, Value};
    use crate::rubric;

    #[test]
    fn complete_begun_skipped_and_next() {
        let ada = Person::new("ada").expect("a name");
        let all: Vec<Candidate> =
            (0..5u128).map(|n| Candidate { session: Id(n), confidence: None }).collect();
        let queue = Queue::draw(&all, &Sampling { seed: 1, wanted: 5, by: By::Random });
        let order: Vec<Id> = queue.drawn.iter().map(|drawn| drawn.session).collect();
        let ask = Ask::only(rubric(), &["outcome", "expertise", "planning_user_share"]).expect("questions");
        let give = |before: Option<&Labels>, question: &str, value: Value| {
            give(before, &ada.rater(), rubric(), question, Given::Answer(value)).expect("taken")
        };
        let one = give(None, "outcome", Value::Choice(0));
        let two = give(Some(&one), "expertise", Value::Level(0));
        let mut skips = Skips::default();
        skips.question(order[0], "planning_user_share", true);
        skips.session(order[1], true);
        let other = Labels { rater: crate::Rater::new("person:bo"), ..two.clone() };
        let unrelated = give(None, "work_mode", Value::Choice(0));
        let labels = [
            (order[0], two),
            (order[2], one),
            (order[3], other),
            (order[4], unrelated.clone()),
            (Id(99), unrelated),
        ];
        let own = OwnAnswers::of(&ada, &labels);
        let progress = progress(&queue, &ask, &own, &skips, rubric());
        let states: Vec<State> = progress.states.iter().map(|(_, state)| *state).collect();
        assert_eq!(
            states,
            [
                State::Complete,
                State::Skipped,
                State::Begun { settled: 1, of: 3 },
                State::NotBegun,
                State::NotBegun
            ]
        );
        let counts =
            [progress.complete, progress.begun, progress.skipped, progress.not_begun, progress.elsewhere];
        assert_eq!((counts, progress.next), ([1, 1, 1, 2, 1], Some(order[2])));
    }

    #[test]
    fn skips_are_kept_as_such_and_taken_back() {
        let mut skips = Skips::default();
        skips.session(Id(3), true);
        skips.question(Id(4), "value_usd", true);
        skips.question(Id(5), "outcome", true);
        skips.question(Id(5), "outcome", false);
        let text = serde_json::to_string(&skips).expect("plain");
        assert_eq!(
            text,
            r#"{"sessions":["00000000000000000000000000000003"],"questions":{"00000000000000000000000000000004":["value_usd"]}}"#
        );
        assert_eq!(serde_json::from_str::<Skips>(&text).expect("the same"), skips);
        assert!(serde_json::from_str::<Skips>(r#"{"sessions":["3"]}"#).is_err());
        skips.session(Id(3), false);
        assert!(!skips.skips(Id(3)) && skips.skips_question(Id(4), "value_usd"));
    }
}
