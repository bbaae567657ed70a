//! Releases with differential privacy: counts with noise, that tell the same whether any one person's sessions are there or
//! not, up to a factor of e^ε in how likely they are.
//!
//! Two stores are neighbours if one has all sessions of a person that the other has not: the protection is of people, not
//! of sessions. Pure ε, by the Laplace mechanism of [`noise`](crate::noise) and nothing else.
//!
//! Everything rests on one rule: to each part of a [`Question`] a session adds exactly one whole. To a part of kinds it adds
//! the whole to one cell. To a part of values, such as prompts between 0 and 50, it adds the value's share of the way from
//! the least to the most to an upper cell and the rest of the whole to a lower one: the sum of both counts sessions, and the
//! mean follows from how they part. So one session moves a question by its number of parts, and one person by as often as
//! many sessions of each person are taken, at most: which ones is decided by a hash of their ids. Sums and counts apart
//! would move by two for each part, and those of a regression by up to six. Bounds are fixed here, cells too; nothing that
//! decides how much noise there is looks at a row.
//!
//! Means, shares and slopes are made of the noisy counts ([`findings`]), which costs no privacy. Their intervals are about
//! the noise alone.
//!
//! There are no groups and no conditions: each group would be one more question to divide the budget by, some are named by
//! what is in the store (projects, models), and a condition can be made to fit one person.

mod estimate;
mod findings;
mod noisy;
mod questions;
mod release;

#[cfg(test)]
mod tests;

use thiserror::Error;

use crate::noise::{Epsilon, NoiseError};

pub use findings::findings;
pub use noisy::{Noisy, NoisyQuestion, Source};
pub use questions::{QUESTIONS, Question, find};
pub use release::{Ask, SESSIONS_PER_PERSON, release};

/// The most sessions of one person that can be asked for.
pub const MOST_PER_PERSON: u32 = 100_000;

/// Why there is no release, or why what claims to be one is none.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// No question has that name.
    #[error("no question is named {name:?}; there are: {known}")]
    Question {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Nothing was asked.
    #[error("a release needs at least one question")]
    NothingAsked,
    /// One question was asked twice, which would spend for it twice.
    #[error("{0} is asked twice")]
    Twice(&'static str),
    /// So many sessions of a person cannot be taken.
    #[error("{0} sessions of a person cannot be taken: 1 to {MOST_PER_PERSON}")]
    PerPerson(u32),
    /// The budget is too small to be divided.
    #[error("ε = {epsilon} cannot be divided by {questions} questions")]
    Budget {
        /// The budget.
        epsilon: Epsilon,
        /// How many questions.
        questions: usize,
    },
    /// There is no noise.
    #[error(transparent)]
    Noise(#[from] NoiseError),
    /// A bundle is not what a release makes.
    #[error("this is no release with noise: {0}")]
    Bundle(String),
}
