//! What a number rests on: the sessions that it is over, those that it counts, and whether one or two people make it up.

use std::cell::RefCell;
use std::sync::Arc;

use metier_store::Thresholds;

use super::bits::Bits;
use crate::selection::Cohort;

/// What a number of a group rests on. A number without this does not pass the gate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rests {
    /// The sessions that it is over, by their place in the group.
    pub(crate) over: Arc<Bits>,
    /// Of these, the ones that it counts or adds up, where that is not all.
    pub(crate) counts: Option<Arc<Bits>>,
    /// Whether it is a count of these by those, and no sum of anything else.
    pub(crate) plain: bool,
    /// Whether it is of a model: then it is no sum that another model's could be taken off.
    pub(crate) fitted: bool,
    /// Whether too few people, or mostly one or two, are behind it, whatever the sets.
    pub(crate) too_few: bool,
}

impl Rests {
    /// A number over these sessions of a group.
    pub(crate) fn on(cohort: &Cohort, sessions: impl Iterator<Item = usize>) -> Rests {
        let mut over = Bits::new(cohort.sessions.len());
        sessions.for_each(|at| over.set(at));
        Rests { over: Arc::new(over), counts: None, plain: false, fitted: false, too_few: false }
    }

    /// A number over all sessions of a group.
    pub(crate) fn on_all(cohort: &Cohort) -> Rests {
        Rests::on(cohort, 0..cohort.sessions.len())
    }
}

/// What a store of many people asks of numbers, and whom the sessions of a group are of as far as known.
#[derive(Debug, Clone)]
pub(crate) struct Gated {
    pub(crate) thresholds: Thresholds,
    /// Whether numbers have to bring what it takes to add them up with those of others.
    pub(crate) sums: bool,
    /// The person of each session. Sessions whose person is not known are all of one here: they may be.
    pub(crate) person: Vec<u32>,
    pub(crate) people: usize,
    /// The most sessions that anybody has.
    pub(crate) most: usize,
    /// Where each session stands among all that were selected.
    pub(crate) place: Vec<u32>,
}

impl Gated {
    /// Whether amounts, at most one for each session, come from enough people, and not mostly from one or two: all but the two
    /// largest make up at least the given percentage of the largest. Nothing at all is of nobody, and enough.
    pub(crate) fn spread(&self, amounts: impl Iterator<Item = (usize, f64)> + Clone) -> bool {
        self.spread_of(amounts, self.most)
    }

    /// The same of amounts of which nobody has more than `most`.
    pub(crate) fn spread_of(&self, amounts: impl Iterator<Item = (usize, f64)> + Clone, most: usize) -> bool {
        // Mostly it is plain without looking at people: nobody can have more than this.
        let (mut total, mut largest) = (0.0, 0.0f64);
        for (_, amount) in amounts.clone() {
            total += amount.abs();
            largest = largest.max(amount.abs());
        }
        if self.must_be_spread(total, largest * most as f64) {
            return true;
        }
        self.by_person(amounts)
    }

    fn by_person(&self, amounts: impl Iterator<Item = (usize, f64)>) -> bool {
        thread_local! {
            /// Of many people it is large, and asked for often.
            static BY_PERSON: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
        }
        BY_PERSON.with_borrow_mut(|by_person| {
            by_person.clear();
            by_person.resize(self.people, 0.0);
            amounts.for_each(|(session, amount)| by_person[self.person[session] as usize] += amount.abs());
            self.are_spread(by_person)
        })
    }

    /// Whether a total of which nobody has more than `most` cannot but be of enough people and not mostly of one or two.
    fn must_be_spread(&self, total: f64, most: f64) -> bool {
        let enough = f64::from(self.thresholds.people).max(2.0 + f64::from(self.thresholds.percent) / 100.0);
        total.is_finite() && total > most * enough * 1.01
    }

    /// The same of what each person has together.
    pub(crate) fn are_spread(&self, by_person: &[f64]) -> bool {
        let (mut people, mut sum, mut first, mut second) = (0, 0.0, 0.0f64, 0.0f64);
        let total: f64 = by_person.iter().sum();
        if total == 0.0 {
            return true;
        }
        // What is less than this share of all is rounding, and no person's part.
        for amount in by_person.iter().copied().filter(|amount| *amount > total * 1e-12) {
            people += 1;
            sum += amount;
            if amount > first {
                (first, second) = (amount, first);
            } else if amount > second {
                second = amount;
            }
        }
        let rest = sum - first - second;
        people >= self.thresholds.people as usize
            && rest >= first * f64::from(self.thresholds.percent) / 100.0 * (1.0 - 1e-9)
    }

    /// Whether these sessions are enough, of enough people, and not mostly of one or two.
    pub(crate) fn passes(&self, sessions: &Bits) -> bool {
        let count = sessions.count();
        count >= self.thresholds.sessions as usize
            && (self.must_be_spread(count as f64, self.most as f64)
                || self.by_person(sessions.ones().map(|at| (at, 1.0))))
    }

    /// The same, or there are none.
    pub(crate) fn passes_or_none(&self, sessions: &Bits) -> bool {
        sessions.is_empty() || self.passes(sessions)
    }
}
