//! What a finding asks for: observations of a group's sessions, and the numbers wanted of them. Computes none.

use metier_session::{Facts, Turn};

use crate::finding::{Published, Unit};
use crate::selection::{Cohort, Selected};

/// Observations of one quantity, and what is asked about it.
pub(crate) struct Series {
    pub(crate) n_of: &'static str,
    pub(crate) observations: Observations,
    pub(crate) asked: Vec<Asked>,
}

/// What was observed in sessions, in their order: `top` of `bottom`.
#[derive(Default)]
pub(crate) struct Observations {
    /// The index of the session in its group.
    pub(crate) session: Vec<u32>,
    pub(crate) top: Vec<f64>,
    /// Empty if all are 1, as those of values of their own.
    pub(crate) bottom: Vec<f64>,
}

impl Observations {
    pub(crate) fn len(&self) -> usize {
        self.session.len()
    }

    /// Session, top and bottom of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, f64, f64)> + Clone {
        let ones = self.len() - self.bottom.len();
        let bottoms = self.bottom.iter().copied().chain(std::iter::repeat_n(1.0, ones));
        let tops = self.session.iter().zip(&self.top).zip(bottoms);
        tops.map(|((session, top), bottom)| (*session as usize, *top, bottom))
    }
}

/// A number that is asked for.
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) statistic: Statistic,
    pub(crate) key: bool,
    pub(crate) published: Option<Published>,
}

/// How observations become a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    /// Σ top / Σ bottom.
    Mean,
    /// Σ top / Σ bottom, where each top is a part of its bottom.
    Share,
    /// Σ top / Σ bottom, times this many: "per 100".
    Per(f64),
    /// exp(mean of ln top) over the observations above zero.
    GeometricMean,
    /// The quantile of the tops at this probability.
    Quantile(f64),
}

impl Series {
    /// One value a session, where it is recorded.
    pub(crate) fn sessions(cohort: &Cohort, value: impl Fn(&Facts) -> Option<f64>) -> Series {
        Series::values(cohort, |session| value(session.facts))
    }

    /// Whether something is so, of each session where that is recorded.
    pub(crate) fn whether(cohort: &Cohort, so: impl Fn(&Facts) -> Option<bool>) -> Series {
        Series::sessions(cohort, |facts| so(facts).map(|so| f64::from(u8::from(so))))
    }

    /// Whether something is so, of each session where it was judged.
    pub(crate) fn judged(cohort: &Cohort, so: impl Fn(&Selected) -> Option<bool>) -> Series {
        Series::values(cohort, |session| so(session).map(|so| f64::from(u8::from(so))))
    }

    fn values(cohort: &Cohort, value: impl Fn(&Selected) -> Option<f64>) -> Series {
        let mut observations = Observations::default();
        for (session, selected) in (0..).zip(cohort.sessions.iter()) {
            if let Some(top) = value(selected) {
                observations.session.push(session);
                observations.top.push(top);
            }
        }
        Series { n_of: "sessions", observations, asked: Vec::new() }
    }

    /// A top and a bottom a session, where both are recorded; the bottoms count what `n_of` says.
    pub(crate) fn ratio(
        n_of: &'static str,
        cohort: &Cohort,
        of: impl Fn(&Selected) -> Option<(f64, f64)>,
    ) -> Series {
        let mut observations = Observations::default();
        for (session, selected) in (0..).zip(cohort.sessions.iter()) {
            if let Some((top, bottom)) = of(selected) {
                observations.session.push(session);
                observations.top.push(top);
                observations.bottom.push(bottom);
            }
        }
        Series { n_of, observations, asked: Vec::new() }
    }

    /// One value a person, of how many sessions the person has: each session brings its part.
    pub(crate) fn of_people(cohort: &Cohort, counts: &[u32], value: impl Fn(u32) -> f64) -> Series {
        let count = |person: &u32| counts[*person as usize];
        let part = |person: &u32| 1.0 / f64::from(count(person));
        let observations = Observations {
            session: (0..cohort.person.len() as u32).collect(),
            top: cohort.person.iter().map(|person| value(count(person)) * part(person)).collect(),
            bottom: cohort.person.iter().map(part).collect(),
        };
        Series { n_of: "people", observations, asked: Vec::new() }
    }

    /// One value a turn that a prompt started, where it is recorded.
    pub(crate) fn turns(cohort: &Cohort, value: impl Fn(&Turn) -> Option<f64>) -> Series {
        Series::turns_where(cohort, |_| true, value)
    }

    /// The same of some sessions.
    pub(crate) fn turns_where(
        cohort: &Cohort,
        counts: impl Fn(&Selected) -> bool,
        value: impl Fn(&Turn) -> Option<f64>,
    ) -> Series {
        let mut observations = Observations::default();
        for (session, selected) in (0..).zip(cohort.sessions.iter()) {
            if counts(selected) {
                let turns = selected.facts.turns.iter().filter(|turn| turn.prompt.is_some());
                observations.top.extend(turns.filter_map(&value));
                observations.session.resize(observations.top.len(), session);
            }
        }
        Series { n_of: "turns", observations, asked: Vec::new() }
    }

    /// Asks for a number.
    pub(crate) fn ask(
        mut self,
        name: &'static str,
        title: &'static str,
        unit: Unit,
        statistic: Statistic,
    ) -> Series {
        self.asked.push(Asked { name, title, unit, statistic, key: false, published: None });
        self
    }

    /// The number asked for last belongs into short tables.
    pub(crate) fn key(mut self) -> Series {
        if let Some(asked) = self.asked.last_mut() {
            asked.key = true;
        }
        self
    }

    /// The number asked for last has a published counterpart.
    pub(crate) fn beside(mut self, published: Option<Published>) -> Series {
        if let Some(asked) = self.asked.last_mut() {
            asked.published = published;
        }
        self
    }
}
