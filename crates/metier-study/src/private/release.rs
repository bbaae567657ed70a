//! The release: rows in, noisy counts out. The one place that sees both.

use std::collections::HashMap;
use std::hash::Hasher;

use metier_session::Id;
use metier_store::{Row, Rows};
use siphasher::sip::SipHasher13;

use super::noisy::{Noisy, NoisyQuestion, Source, VERSION};
use super::questions::{Question, Seen};
use super::{Error, MOST_PER_PERSON};
use crate::noise::{self, Epsilon};

/// How many sessions of a person are taken unless somebody says otherwise.
pub const SESSIONS_PER_PERSON: u32 = 10;

/// What is asked of a store, and what may be spent on it.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The questions: the budget is divided evenly between them, so each more makes all noisier.
    pub questions: &'a [&'static Question],
    /// The budget of all together.
    pub epsilon: Epsilon,
    /// The most sessions of a person that are taken. More of them is more noise, fewer is less to see.
    pub sessions_per_person: u32,
    /// Whether sessions with no person in the loop count too.
    pub include_headless: bool,
}

impl Ask<'_> {
    /// The budget of each question.
    fn part(&self) -> Result<Epsilon, Error> {
        if self.questions.is_empty() {
            return Err(Error::NothingAsked);
        }
        for (at, question) in self.questions.iter().enumerate() {
            if self.questions[..at].iter().any(|other| other.name == question.name) {
                return Err(Error::Twice(question.name));
            }
        }
        if !(1..=MOST_PER_PERSON).contains(&self.sessions_per_person) {
            return Err(Error::PerPerson(self.sessions_per_person));
        }
        let questions = self.questions.len();
        let too_small = Error::Budget { epsilon: self.epsilon, questions };
        self.epsilon.part(questions as u64).ok_or(too_small)
    }
}

/// Answers with noise. What it spends is [`Noisy::spent`]: never more than asked for.
///
/// Sessions whose person is not known count as those of one person. Asking again spends again.
///
/// # Errors
/// If what is asked makes no sense: never for what is in the rows.
pub fn release(rows: &Rows, ask: &Ask) -> Result<Noisy, Error> {
    let part = ask.part()?;
    let taken = taken(rows.ungated().0, ask.sessions_per_person, ask.include_headless);
    let exact = exact(&taken, ask.questions);
    let answer = |(question, counts): (&&'static Question, Vec<i64>)| {
        let l1 = question.l1_of_person(ask.sessions_per_person);
        let counts = noise::noisy_counts(&counts, l1, part)?;
        let scale = noise::scale(l1 as f64, part);
        let source = Source { epsilon: part, sessions_per_person: ask.sessions_per_person, scale };
        Ok(NoisyQuestion { name: question.name.to_owned(), counts, sources: vec![source] })
    };
    let questions = ask.questions.iter().zip(exact).map(answer).collect::<Result<_, Error>>()?;
    Ok(Noisy { version: VERSION, include_headless: ask.include_headless, questions })
}

/// The sessions that count: of each person at most so many, and those without a known person as if of one.
///
/// Which of them depends on the ids of the same person's sessions alone: not on what is in them, so that nobody is seen by
/// being chosen, and not on anybody else, so that nobody's coming or going changes whose others are taken.
pub(super) fn taken(rows: &[Row], per_person: u32, include_headless: bool) -> Vec<&Row> {
    let counts = |row: &&Row| (include_headless || row.facts.headless != Some(true)) && row.facts.prompts > 0;
    let mut people: HashMap<Option<Id>, Vec<&Row>> = HashMap::new();
    for row in rows.iter().filter(counts) {
        people.entry(row.person).or_default().push(row);
    }
    let most = per_person as usize;
    let mut taken = Vec::with_capacity(rows.len().min(people.len().saturating_mul(most)));
    for mut own in people.into_values() {
        if own.len() > most {
            own.sort_by_cached_key(|row| (lot(row.session), row.session));
            own.truncate(most);
        }
        taken.append(&mut own);
    }
    taken
}

/// The lot that a session draws: the same in every release, so that answers differ by their noise alone.
fn lot(session: Id) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(b"metier 2026-11 sessions of a person");
    hasher.write(&session.0.to_be_bytes());
    hasher.finish()
}

/// The counts before the noise: a secret.
pub(super) fn exact(taken: &[&Row], questions: &[&'static Question]) -> Vec<Vec<i64>> {
    let mut counts: Vec<Vec<i64>> = questions.iter().map(|question| vec![0; question.cells()]).collect();
    for row in taken {
        let seen = Seen::of(row);
        for (question, counts) in questions.iter().zip(&mut counts) {
            question.add(&seen, counts);
        }
    }
    counts
}
