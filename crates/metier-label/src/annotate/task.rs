//! What a rater is given to judge a session: the session, the questions, and their own earlier answers. There is no place in it for anybody
//! else's answers, nor for those of a labeller.

use metier_session::Id;

use super::Person;
use super::progress::Skips;
use super::queue::Ask;
use crate::labels::{Labels, Value};
use crate::rubric::{Question, Rubric};
use crate::timeline::Course;

/// One session for one rater to judge.
#[derive(Debug)]
pub struct Task<'r> {
    session: Id,
    shown: Shown,
    asked: Vec<Asked<'r>>,
}

/// How the session is shown.
#[derive(Debug)]
pub enum Shown {
    /// As models and other raters read it: the text of [`render`](crate::render()). Agreement is then about the same text.
    Text(String),
    /// As a course to look through, which has no labels.
    Course(Box<Course>),
}

/// A question, and what the rater said to it before.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'r> {
    /// What is asked.
    pub question: &'r Question,
    /// What the rater said.
    pub own: Own,
}

/// What the rater said to a question before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Own {
    /// Nothing yet.
    Nothing,
    /// This.
    Answer(Value),
    /// That they cannot judge it.
    CannotJudge,
}

/// The answers of one person, and of nobody else: made only by taking theirs out of all.
#[derive(Clone, Copy)]
pub struct OwnAnswers<'l> {
    person: &'l Person,
    all: &'l [(Id, Labels)],
}

impl<'l> OwnAnswers<'l> {
    /// Those of this person among all labels.
    pub fn of(person: &'l Person, all: &'l [(Id, Labels)]) -> OwnAnswers<'l> {
        OwnAnswers { person, all }
    }

    /// The sessions, with what the person answered.
    pub fn sessions(self) -> impl Iterator<Item = (Id, &'l Labels)> {
        let rater = self.person.rater();
        self.all.iter().filter(move |(_, labels)| labels.rater == rater).map(|(id, labels)| (*id, labels))
    }

    /// What the person answered about this session.
    pub fn about(self, session: Id) -> Option<&'l Labels> {
        self.sessions().find(|(id, _)| *id == session).map(|(_, labels)| labels)
    }
}

impl<'r> Task<'r> {
    /// A task for the person whose answers and skips these are.
    pub fn new(
        session: Id,
        shown: Shown,
        ask: &Ask,
        own: &OwnAnswers,
        skips: &Skips,
        rubric: &'r Rubric,
    ) -> Task<'r> {
        let labels = own.about(session).filter(|labels| labels.rubric == rubric.hash);
        let asked = |at: &usize| {
            let question = rubric.questions.get(*at)?;
            let answer = labels.and_then(|labels| *labels.answers.get(*at)?);
            let own = match answer {
                Some(answer) => Own::Answer(answer.value),
                None if skips.skips_question(session, &question.name) => Own::CannotJudge,
                None => Own::Nothing,
            };
            Some(Asked { question, own })
        };
        Task { session, shown, asked: ask.questions().iter().filter_map(asked).collect() }
    }

    /// Which session.
    pub fn session(&self) -> Id {
        self.session
    }

    /// The session.
    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The questions, in the rubric's order.
    pub fn asked(&self) -> &[Asked<'r>] {
        &self.asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::{Given, adjudicated, give};
    use crate::labels::Rater;
    use crate::rubric;

    #[test]
    fn a_task_has_the_raters_own_answers_and_nobody_elses() {
        let ada = Person::new("ada").expect("a name");
        let by = |rater: &Rater, question: &str, value: Value| {
            give(None, rater, rubric(), question, Given::Answer(value)).expect("taken")
        };
        let others = [
            Rater::builtin(),
            Rater::new("person:bo"),
            Rater::new("person:ada2"),
            adjudicated(),
            Rater::new("ada"),
        ];
        let mut labels: Vec<(Id, Labels)> = vec![
            (Id(2), by(&ada.rater(), "outcome", Value::Choice(1))),
            (Id(1), by(&ada.rater(), "expertise", Value::Level(3))),
        ];
        // Theirs come last and say the same of every question.
        for rater in &others {
            let answers =
                rubric().questions.iter().map(|question| question.value(&serde_json::json!("1")).ok());
            let answers =
                answers.map(|value| Some(crate::Answer { value: value?, confidence: Some(0.9) })).collect();
            labels.push((Id(1), Labels { answers, ..Labels::none(rater.clone(), rubric()) }));
        }
        let mut skips = Skips::default();
        skips.question(Id(1), "value_usd", true);
        let own = OwnAnswers::of(&ada, &labels);
        assert_eq!(own.sessions().count(), 2);
        let task = Task::new(
            Id(1),
            Shown::Text("### USER 1".to_owned()),
            &Ask::all(rubric()),
            &own,
            &skips,
            rubric(),
        );
        for asked in task.asked() {
            let expected = match asked.question.name.as_str() {
                "expertise" => Own::Answer(Value::Level(3)),
                "value_usd" => Own::CannotJudge,
                _ => Own::Nothing,
            };
            assert_eq!(asked.own, expected, "{}", asked.question.name);
        }
        let all = format!("{task:?}");
        assert!(
            others.iter().all(|rater| !all.contains(&format!("{:?}", rater.name()))) && !all.contains("0.9")
        );
    }
}
