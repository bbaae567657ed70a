//! Labels by people: which sessions they judge, what they are shown, what they answered, and where they differ. Typed values; nothing here
//! reads or writes a file. `docs/annotation.md` tells how it is meant.

mod adjudicate;
mod form;
mod progress;
mod queue;
mod task;

pub use adjudicate::{Anonymous, Disagreement, SHARES_DIFFER, USD_DIFFER, differ, disagreements};
pub use form::{CANNOT_JUDGE, Given, NotTaken, give, parse};
pub use progress::{Progress, Skips, State, progress};
pub use queue::{Ask, By, Candidate, Drawn, Edge, Queue, Sampling, Stratum};
pub use task::{Asked, Own, OwnAnswers, Shown, Task};

use crate::labels::Rater;

/// A person who rates: as a rater `person:NAME`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person(String);

/// Why a name is not that of a person who rates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPerson {
    /// It has other characters, none, or too many.
    #[error("{0:?} is no name of a rater: 1 to 40 letters, digits, dots, hyphens and underscores")]
    Name(String),
    /// It stands for what raters agreed on afterwards.
    #[error("adjudicated is the name of what is settled between raters: take another")]
    Adjudicated,
}

impl Person {
    const PREFIX: &'static str = "person:";
    const ADJUDICATED: &'static str = "adjudicated";

    /// The person of this name, without the prefix.
    ///
    /// # Errors
    /// If it is no name, or the one of adjudicated answers.
    pub fn new(name: &str) -> Result<Person, NoPerson> {
        let name = name.trim();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !(1..=40).contains(&name.chars().count()) || !name.chars().all(fits) {
            return Err(NoPerson::Name(crate::timeline::one_line(name, 40).text));
        }
        if name.eq_ignore_ascii_case(Person::ADJUDICATED) {
            return Err(NoPerson::Adjudicated);
        }
        Ok(Person(name.to_owned()))
    }

    /// The person whom a rater stands for; `None` for models, the built-in labeller, and adjudicated answers.
    pub fn of(rater: &Rater) -> Option<Person> {
        Person::new(rater.name().strip_prefix(Person::PREFIX)?).ok()
    }

    /// The name, without the prefix.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// As a rater of labels.
    pub fn rater(&self) -> Rater {
        Rater::new(&format!("{}{}", Person::PREFIX, self.0))
    }
}

/// The rater of answers that were settled where people had differed.
pub fn adjudicated() -> Rater {
    Rater::new(&format!("{}{}", Person::PREFIX, Person::ADJUDICATED))
}

/// A number drawn from a seed and what it is for: the same in every run and on every machine, and for different purposes unrelated.
fn drawn(purpose: &str, seed: u64, parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new_derive_key("metier 2026-11 annotation");
    for part in [purpose.as_bytes(), &seed.to_be_bytes()].iter().chain(parts) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_raters_of_that_prefix_and_adjudicated_is_nobody() {
        let ada = Person::new(" ada ").expect("a name");
        assert_eq!((ada.name(), ada.rater().name()), ("ada", "person:ada"));
        assert_eq!(Person::of(&ada.rater()), Some(ada));
        assert_eq!(Person::of(&Rater::builtin()), None);
        assert_eq!(Person::of(&Rater::new("openai/gpt")), None);
        assert_eq!(Person::of(&adjudicated()), None);
        assert_eq!(Person::new("Adjudicated"), Err(NoPerson::Adjudicated));
        for odd in ["", "a b", "a/b", "<b>", &"a".repeat(41)] {
            assert!(matches!(Person::new(odd), Err(NoPerson::Name(_))), "{odd}");
        }
    }

    #[test]
    fn what_is_drawn_depends_on_all_parts() {
        let numbers = [
            drawn("a", 1, &[b"x"]),
            drawn("b", 1, &[b"x"]),
            drawn("a", 2, &[b"x"]),
            drawn("a", 1, &[b"y"]),
            drawn("a", 1, &[b"x", b""]),
        ];
        let distinct: std::collections::BTreeSet<u64> = numbers.into_iter().collect();
        assert_eq!(distinct.len(), numbers.len());
        assert_eq!(drawn("a", 1, &[b"x"]), numbers[0]);
    }
}
