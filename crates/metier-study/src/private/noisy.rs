//! Noisy counts as they are kept, sent and added up. What comes from elsewhere is checked before anything is made of it.

use serde::{Deserialize, Serialize};

use super::questions::{Question, find};
use super::{Error, MOST_PER_PERSON};
use crate::noise::{self, Epsilon};

/// The version of the questions: their cells, bounds and units.
pub(super) const VERSION: u32 = 1;
/// More stores than this are not added up.
const MOST_SOURCES: usize = 10_000;
/// More sessions than this no store has.
const MOST_SESSIONS: f64 = 1e10;
/// Noise beyond so many scales has a probability of e⁻¹⁰⁰.
const MOST_SCALES: f64 = 100.0;

/// A release, or several added up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noisy {
    /// The version of the questions.
    pub version: u32,
    /// Whether sessions with no person in the loop count too.
    pub include_headless: bool,
    /// The answers.
    pub questions: Vec<NoisyQuestion>,
}

/// The noisy counts of a question. They may be below zero: what is cut off would no longer add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoisyQuestion {
    /// The question's name.
    pub name: String,
    /// A count for each of its cells.
    pub counts: Vec<i64>,
    /// The noise in it: one of each release that was added up.
    pub sources: Vec<Source>,
}

/// The noise of one release in the counts of a question.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What the release spent on the question.
    pub epsilon: Epsilon,
    /// The most sessions of a person that were taken.
    pub sessions_per_person: u32,
    /// The scale b of the Laplace noise in each count. It follows from the two above.
    pub scale: f64,
}

impl Noisy {
    /// What it cost each person: the sum over the questions, of stores added up the most that one spent. Who is in two of the
    /// stores pays in both. `None` if that is more than 1000.
    pub fn spent(&self) -> Option<Epsilon> {
        let part = |question: &NoisyQuestion| question.sources.iter().map(|source| source.epsilon).max();
        let mut parts = self.questions.iter().filter_map(part);
        let first = parts.next()?;
        parts.try_fold(first, Epsilon::checked_add)
    }

    /// Whether it is what a release makes.
    ///
    /// # Errors
    /// If it is not; nothing may be made of it then.
    pub fn check(&self) -> Result<(), Error> {
        if self.version != VERSION {
            let why =
                format!("its questions are of version {}, and this metier knows {VERSION}", self.version);
            return Err(Error::Bundle(why));
        }
        if self.questions.is_empty() {
            return Err(Error::Bundle("it answers nothing".to_owned()));
        }
        for (at, question) in self.questions.iter().enumerate() {
            question.check()?;
            if self.questions[..at].iter().any(|other| other.name == question.name) {
                return Err(Error::Bundle(format!("{} is answered twice", question.name)));
            }
        }
        match self.spent() {
            Some(_) => Ok(()),
            None => Err(Error::Bundle("it spends more than ε = 1000".to_owned())),
        }
    }

    /// Adds the release of another store, question by question; either may answer what the other does not.
    ///
    /// # Errors
    /// If the other is no release, or of other sessions. Then this stays as it was.
    pub fn add(&mut self, other: &Noisy) -> Result<(), Error> {
        other.check()?;
        if other.include_headless != self.include_headless {
            return Err(Error::Bundle("one counts headless sessions, and the other does not".to_owned()));
        }
        let mut sum = self.clone();
        for question in &other.questions {
            match sum.questions.iter_mut().find(|mine| mine.name == question.name) {
                Some(mine) => mine.add(question)?,
                None => sum.questions.push(question.clone()),
            }
        }
        sum.check()?;
        *self = sum;
        Ok(())
    }
}

impl NoisyQuestion {
    /// Whether it is what a release makes: a question that is known, as many counts as it has cells, the noise that its
    /// budget takes, and no count that neither sessions nor noise could make.
    ///
    /// # Errors
    /// If it is not.
    pub fn check(&self) -> Result<(), Error> {
        let question = self.question()?;
        let wrong = |why: String| Err(Error::Bundle(format!("{}: {why}", question.name)));
        if self.counts.len() != question.cells() {
            return wrong(format!("{} counts, and not {}", self.counts.len(), question.cells()));
        }
        if self.sources.is_empty() || self.sources.len() > MOST_SOURCES {
            return wrong(format!(
                "noise of {} releases, and not of 1 to {MOST_SOURCES}",
                self.sources.len()
            ));
        }
        for source in &self.sources {
            if !(1..=MOST_PER_PERSON).contains(&source.sessions_per_person) {
                return wrong(format!("{} sessions of a person", source.sessions_per_person));
            }
            let scale = source.expected(question);
            // Decimals may have lost the last bit. What is no number is not near either.
            let near = (source.scale - scale).abs() <= 1e-9 * scale;
            if !near {
                return wrong(format!("noise of scale {}, and not {scale}", source.scale));
            }
        }
        let noise = MOST_SCALES * self.sources.iter().map(|source| source.scale).sum::<f64>();
        let most = MOST_SESSIONS * f64::from(question.units) * self.sources.len() as f64;
        let absurd = |count: &&i64| !(-noise..=most + noise).contains(&(**count as f64));
        match self.counts.iter().find(absurd) {
            Some(count) => wrong(format!("{count} is no count")),
            None => Ok(()),
        }
    }

    /// Adds the same question of another store: counts add up, and so do the variances of their noise.
    ///
    /// # Errors
    /// If the other is no such answer, or the sum is too large. Then this stays as it was.
    pub fn add(&mut self, other: &NoisyQuestion) -> Result<(), Error> {
        other.check()?;
        if other.name != self.name || other.counts.len() != self.counts.len() {
            return Err(Error::Bundle(format!("{} is not the question to add to", other.name)));
        }
        let pairs = self.counts.iter().zip(&other.counts);
        let sums: Option<Vec<i64>> = pairs.map(|(mine, theirs)| mine.checked_add(*theirs)).collect();
        self.counts = sums.ok_or_else(|| Error::Bundle(format!("{} has too large counts", self.name)))?;
        self.sources.extend_from_slice(&other.sources);
        Ok(())
    }

    /// The variance of the noise in each count, Σ 2 b²: of whole numbers it is a little less.
    pub fn variance(&self) -> f64 {
        self.sources.iter().map(|source| 2.0 * source.scale * source.scale).sum()
    }

    /// How much of Laplace's long tails is left in the sum of all noise: 1 for one release, less for several.
    pub(super) fn tail(&self) -> f64 {
        let squares = self.sources.iter().map(|source| source.scale * source.scale);
        squares.clone().map(|square| square * square).sum::<f64>() / squares.sum::<f64>().powi(2)
    }

    /// The question, if this version knows it.
    pub(super) fn question(&self) -> Result<&'static Question, Error> {
        find(&self.name)
    }
}

impl Source {
    fn expected(&self, question: &Question) -> f64 {
        noise::scale(question.l1_of_person(self.sessions_per_person) as f64, self.epsilon)
    }
}
