//! Where people differ, and what is settled between them.

use std::collections::BTreeMap;

use metier_session::Id;

use super::{Person, adjudicated, drawn};
use crate::labels::{Labels, Value};
use crate::rubric::Rubric;

/// Shares this far apart differ, in tenths: 0.2. One tenth is the step of the answer, and no reader tells tenths apart reliably.
pub const SHARES_DIFFER: u8 = 2;

/// Amounts this many times apart differ.
pub const USD_DIFFER: f64 = 2.0;

/// A question about a session that people answered differently.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// The session.
    pub session: Id,
    /// The index of the question in the rubric.
    pub question: usize,
    /// The answers, without their raters: first A, then B …
    pub answers: Vec<Anonymous>,
    /// What was settled, if it was.
    pub adjudicated: Option<Value>,
}

/// An answer without its rater. In one session a letter stands for the same rater at every question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anonymous {
    /// `A` to `Z`, then `?`.
    pub letter: char,
    /// What was answered.
    pub value: Value,
}

/// Whether two answers to one question differ: options and levels if they are not the same, *unclear* among them; shares from 0.2 apart
/// on; amounts from a factor of 2 on. Answers of different kinds differ.
pub fn differ(a: Value, b: Value) -> bool {
    match (a, b) {
        (Value::Choice(a), Value::Choice(b)) | (Value::Level(a), Value::Level(b)) => a != b,
        (Value::Tenths(a), Value::Tenths(b)) => a.abs_diff(b) >= SHARES_DIFFER,
        (Value::Usd(a), Value::Usd(b)) => {
            let (low, high) = (a.min(b), a.max(b));
            high > low && high >= USD_DIFFER * low
        }
        _ => true,
    }
}

/// Every question of a session that two or more people answered under this rubric and any two of them differently, by sessions and then in
/// the rubric's order. Answers of models and of the built-in labeller are not looked at. What only one answered is no disagreement.
///
/// The letters of the raters are drawn from the seed and the session, so they tell nobody's name, and not across sessions either.
pub fn disagreements(labels: &[(Id, Labels)], rubric: &Rubric, seed: u64) -> Vec<Disagreement> {
    let mut sessions: BTreeMap<Id, BTreeMap<Person, &Labels>> = BTreeMap::new();
    let mut settled: BTreeMap<Id, &Labels> = BTreeMap::new();
    for (session, labels) in labels.iter().filter(|(_, labels)| labels.rubric == rubric.hash) {
        if let Some(person) = Person::of(&labels.rater) {
            sessions.entry(*session).or_default().insert(person, labels);
        } else if labels.rater == adjudicated() {
            settled.insert(*session, labels);
        }
    }
    let mut all = Vec::new();
    for (session, people) in sessions {
        let number =
            |person: &Person| drawn("letters", seed, &[&session.0.to_be_bytes(), person.name().as_bytes()]);
        let mut order: Vec<(&Person, &Labels)> =
            people.iter().map(|(person, labels)| (person, *labels)).collect();
        order.sort_by_key(|(person, _)| (number(person), *person));
        for question in 0..rubric.questions.len() {
            let letters = ('A'..='Z').chain(std::iter::repeat('?'));
            let answers: Vec<Anonymous> = order
                .iter()
                .zip(letters)
                .filter_map(|((_, labels), letter)| {
                    let answer = (*labels.answers.get(question)?)?;
                    Some(Anonymous { letter, value: answer.value })
                })
                .collect();
            let apart = answers
                .iter()
                .enumerate()
                .any(|(at, a)| answers.iter().skip(at + 1).any(|b| differ(a.value, b.value)));
            if apart {
                let adjudicated = settled.get(&session).and_then(|labels| *labels.answers.get(question)?);
                let adjudicated = adjudicated.map(|answer| answer.value);
                all.push(Disagreement { session, question, answers, adjudicated });
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotate::{Given, give};
    use crate::labels::Rater;
    use crate::rubric;

    #[test]
    fn what_differs() {
        for (a, b, apart) in [
            (Value::Choice(1), Value::Choice(1), false),
            (Value::Choice(1), Value::Choice(2), true),
            (Value::Level(3), Value::Level(3), false),
            (Value::Level(3), Value::Level(4), true),
            (Value::Level(0), Value::Level(1), true),
            (Value::Tenths(3), Value::Tenths(4), false),
            (Value::Tenths(3), Value::Tenths(5), true),
            (Value::Usd(100.0), Value::Usd(199.0), false),
            (Value::Usd(100.0), Value::Usd(200.0), true),
            (Value::Usd(0.0), Value::Usd(0.0), false),
            (Value::Usd(0.0), Value::Usd(1.0), true),
        ] {
            assert_eq!((differ(a, b), differ(b, a)), (apart, apart), "{a:?} {b:?}");
        }
    }

    fn labels(rater: &str, answers: &[(&str, Value)]) -> Labels {
        let mut labels = Labels::none(Rater::new(rater), rubric());
        for (question, value) in answers {
            labels.set(rubric(), question, *value, None);
        }
        labels
    }

    #[test]
    fn people_are_compared_and_nobody_else_is() {
        let (yes, no) = (("outcome", Value::Choice(0)), ("outcome", Value::Choice(2)));
        let level = |level| ("expertise", Value::Level(level));
        let old = Labels { rubric: crate::rubric::RubricHash(1), ..labels("person:cy", &[no]) };
        let all = [
            // They differ in one of two questions.
            (Id(1), labels("person:ada", &[yes, level(3)])),
            (Id(1), labels("person:bo", &[no, level(3)])),
            // Only one person, and only one who answered.
            (Id(2), labels("person:ada", &[yes])),
            (Id(2), labels("builtin", &[no])),
            (Id(2), labels("lab/model", &[no])),
            (Id(2), labels("person:bo", &[level(2)])),
            (Id(2), old),
            // Settled already, by three.
            (Id(3), labels("person:ada", &[level(1)])),
            (Id(3), labels("person:bo", &[level(2)])),
            (Id(3), labels("person:cy", &[level(2)])),
            (Id(3), labels("person:adjudicated", &[level(2)])),
        ];
        let found = disagreements(&all, rubric(), 5);
        let what: Vec<_> = found
            .iter()
            .map(|it| {
                (it.session, rubric().questions[it.question].name.as_str(), it.answers.len(), it.adjudicated)
            })
            .collect();
        assert_eq!(what, [(Id(1), "outcome", 2, None), (Id(3), "expertise", 3, Some(Value::Level(2)))]);
        let mut turned = all.to_vec();
        turned.reverse();
        assert_eq!(disagreements(&turned, rubric(), 5), found);
        assert!(!format!("{found:?}").contains("ada"));
    }

    #[test]
    fn letters_are_drawn_by_session_and_stay_within_it() {
        let mut all = Vec::new();
        for session in 0..64 {
            all.push((
                Id(session),
                labels("person:ada", &[("outcome", Value::Choice(0)), ("expertise", Value::Level(1))]),
            ));
            all.push((
                Id(session),
                labels("person:bo", &[("outcome", Value::Choice(1)), ("expertise", Value::Level(2))]),
            ));
        }
        let found = disagreements(&all, rubric(), 5);
        assert_eq!(found.len(), 128);
        let ada_is_first = |it: &Disagreement| {
            assert_eq!(it.answers.iter().map(|answer| answer.letter).collect::<String>(), "AB");
            matches!(it.answers[0].value, Value::Choice(0) | Value::Level(1))
        };
        let first = found.iter().filter(|it| ada_is_first(it)).count();
        assert!((32..=96).contains(&first), "{first}");
        for pair in found.chunks(2) {
            assert_eq!((pair[0].session, ada_is_first(&pair[0])), (pair[1].session, ada_is_first(&pair[1])));
        }
        assert_ne!(disagreements(&all, rubric(), 6), found);
    }

    #[test]
    fn what_is_settled_is_a_label_of_its_own_rater() {
        let settled = give(None, &adjudicated(), rubric(), "outcome", Given::Answer(Value::Choice(0)));
        let settled = settled.expect("taken");
        assert_eq!(
            (settled.rater.name(), settled.choice(rubric(), "outcome")),
            ("person:adjudicated", Some("succeeded"))
        );
    }
}
