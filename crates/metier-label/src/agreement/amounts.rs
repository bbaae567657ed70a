//! Questions whose answers are amounts of money: compared by factors, so by their logarithms.

use serde_json::Value as Json;

use super::figure::{Asked, Figure, Sample};
use super::{Compared, Settings, Task, distinct};
use crate::labels::Value;

/// Amounts at most this factor apart are near.
const NEAR: f64 = 2.0;

/// Below so many pairs, two points always lie on a line.
const FEWEST_CORRELATED: u32 = 3;

/// Two amounts of one session.
type Amounts = (f64, f64);

/// The amounts of an item, if it has them.
fn amounts(item: &super::Item) -> Option<Amounts> {
    match (item.first, item.second) {
        (Value::Usd(first), Value::Usd(second)) => Some((first, second)),
        _ => None,
    }
}

/// The natural logarithm of second / first. `None` if one of them is zero.
pub(super) fn log_ratio(item: &super::Item) -> Option<f64> {
    let (first, second) = logarithms(amounts(item)?)?;
    Some(second - first)
}

fn logarithms((first, second): Amounts) -> Option<Amounts> {
    (first > 0.0 && second > 0.0).then(|| (first.ln(), second.ln()))
}

fn is_near(first: f64, second: f64) -> bool {
    first.max(second) <= NEAR * first.min(second)
}

/// Compares amounts.
pub(super) fn compare(task: &Task, settings: &Settings) -> Compared {
    let (items, pairs): (Vec<Amounts>, Vec<usize>) =
        task.items.iter().filter_map(|item| amounts(item).map(|both| (both, item.pair))).unzip();
    let (logs, log_pairs): (Vec<Amounts>, Vec<usize>) = items
        .iter()
        .zip(&pairs)
        .filter_map(|(both, pair)| logarithms(*both).map(|logs| (logs, *pair)))
        .unzip();
    let name = &task.question.name;
    let share = Asked { share: true, undefined: "" };
    let sample = Sample::new(task.pairs, pairs.iter().copied());
    let answers = Answers::new(&items);
    let [exact, near, baseline, baseline_near] =
        sample.figures(settings, &format!("agree/{name}"), [share; 4], |weights| {
            let of = |is: &dyn Fn(Amounts) -> bool| share_of(&items, weights, is);
            let most = answers.most_frequent(weights);
            [
                of(&|(first, second)| first == second),
                of(&|(first, second)| is_near(first, second)),
                most.and_then(|most| of(&|(_, second)| second == most)),
                most.and_then(|most| of(&|(_, second)| is_near(most, second))),
            ]
        });
    let asked = |undefined| Asked { share: false, undefined };
    let asked = [
        asked("all amounts are the same"),
        asked("fewer than 3 sessions, or one rater always gave the same amount"),
    ];
    let log_sample = Sample::new(task.pairs, log_pairs.iter().copied());
    let [alpha, log_correlation]: [Figure; 2] =
        log_sample.figures(settings, &format!("agree/{name}/logarithms"), asked, |weights| {
            let moments = Moments::of(&logs, weights);
            [moments.alpha(), moments.correlation()]
        });
    let mut left_out = task.left_out;
    left_out.without_logarithm = items.len() - logs.len();
    let most = answers.most_frequent(&vec![1; items.len()]);
    Compared {
        question: name.clone(),
        kind: "usd",
        n_of: task.n_of,
        n: items.len(),
        sessions: distinct(&pairs),
        left_out,
        exact,
        near: Some(near),
        kappa: None,
        alpha,
        ac: None,
        baseline_answer: most.map_or(Json::Null, Json::from),
        baseline,
        baseline_near: Some(baseline_near),
        prevalent_answer: Json::Null,
        prevalence: None,
        difference: None,
        log_correlation: Some(log_correlation),
        unclear: None,
        confusion: None,
        by: Vec::new(),
    }
}

fn share_of(items: &[Amounts], weights: &[u32], is: &dyn Fn(Amounts) -> bool) -> Option<f64> {
    let (mut hits, mut n) = (0u64, 0u64);
    for (item, weight) in items.iter().zip(weights) {
        n += u64::from(*weight);
        hits += u64::from(*weight) * u64::from(is(*item));
    }
    (n > 0).then(|| hits as f64 / n as f64)
}

/// The first rater's amounts, by their places among all that it gave.
struct Answers {
    distinct: Vec<f64>,
    of: Vec<usize>,
}

impl Answers {
    fn new(items: &[Amounts]) -> Answers {
        let mut distinct: Vec<f64> = items.iter().map(|(first, _)| *first).collect();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let place = |amount: f64| distinct.partition_point(|other| *other < amount);
        let of = items.iter().map(|(first, _)| place(*first)).collect();
        Answers { distinct, of }
    }

    /// The most frequent amount; of equals the smallest.
    fn most_frequent(&self, weights: &[u32]) -> Option<f64> {
        let mut counts = vec![0u64; self.distinct.len()];
        for (at, weight) in self.of.iter().zip(weights) {
            counts[*at] += u64::from(*weight);
        }
        // Of equals, `max_by_key` gives the last.
        let (at, _) = counts.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
        Some(self.distinct[at])
    }
}

/// Sums of squares of pairs about their means.
struct Moments {
    n: u32,
    /// Of the first, of the second, of their product.
    first: f64,
    second: f64,
    product: f64,
    /// Of both together about their common mean.
    both: f64,
    /// Of the differences, about zero.
    apart: f64,
}

impl Moments {
    fn of(pairs: &[Amounts], weights: &[u32]) -> Moments {
        let weighted = |of: &dyn Fn(Amounts) -> f64| -> f64 {
            pairs.iter().zip(weights).map(|(pair, weight)| f64::from(*weight) * of(*pair)).sum()
        };
        let n: u32 = weights.iter().sum();
        let size = f64::from(n);
        let (a, b) = (weighted(&|(a, _)| a) / size, weighted(&|(_, b)| b) / size);
        let m = (a + b) / 2.0;
        Moments {
            n,
            first: weighted(&|(x, _)| (x - a) * (x - a)),
            second: weighted(&|(_, y)| (y - b) * (y - b)),
            product: weighted(&|(x, y)| (x - a) * (y - b)),
            both: weighted(&|(x, y)| (x - m) * (x - m) + (y - m) * (y - m)),
            apart: weighted(&|(x, y)| (x - y) * (x - y)),
        }
    }

    /// Krippendorff's α for intervals (2011): 1 − Dₒ / Dₑ. With two raters and no gaps, Dₒ is the mean squared
    /// difference within pairs, and Dₑ twice the variance of all 2n values, with 2n − 1 below.
    fn alpha(&self) -> Option<f64> {
        let n = f64::from(self.n);
        let (observed, expected) = (self.apart / n, 2.0 * self.both / (2.0 * n - 1.0));
        (expected > ROUNDING).then(|| 1.0 - observed / expected)
    }

    /// Pearson's correlation.
    fn correlation(&self) -> Option<f64> {
        let spread = self.first > ROUNDING && self.second > ROUNDING;
        let value = self.product / (self.first * self.second).sqrt();
        (self.n >= FEWEST_CORRELATED && spread).then(|| value.clamp(-1.0, 1.0))
    }
}

/// Amounts that differ have logarithms that differ by far more; sums of squares below this are of equal amounts.
const ROUNDING: f64 = 1e-18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // In units of ln 10: first 1, 1, 2, 2 and second 1, 2, 2, 3.
        let ln = |powers: [i32; 2]| (10f64.powi(powers[0]).ln(), 10f64.powi(powers[1]).ln());
        let logs = [[1, 1], [1, 2], [2, 2], [2, 3]].map(ln);
        let moments = Moments::of(&logs, &[1; 4]);
        // Means 1.5 and 2; products 0.5, 0, 0, 0.5; squares 1 and 2.
        let expected = 1.0 / 2f64.sqrt();
        assert!(moments.correlation().is_some_and(|r| (r - expected).abs() < 1e-12));
        // All values: 1 three times, 2 four times, 3 once; squares about the mean 1.75 sum to 3.5.
        // Dₒ = 2 / 4; Dₑ = 2 · 3.5 / 7.
        assert!(moments.alpha().is_some_and(|alpha| (alpha - 0.5).abs() < 1e-12), "{:?}", moments.alpha());
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let constant = Moments::of(&[(3.0, 3.0), (3.0, 3.0), (3.0, 3.0)], &[1; 3]);
        assert_eq!((constant.alpha(), constant.correlation()), (None, None));
        let two = Moments::of(&[(1.0, 2.0), (2.0, 1.0)], &[1; 2]);
        assert_eq!(two.correlation(), None);
        assert!(two.alpha().is_some());
        assert_eq!(Moments::of(&[], &[]).alpha(), None);
    }

    #[test]
    fn a_factor_of_two_is_near_and_zero_is_near_zero_alone() {
        assert!(is_near(50.0, 100.0) && is_near(100.0, 50.0) && is_near(0.0, 0.0));
        assert!(!is_near(50.0, 101.0) && !is_near(0.0, 1.0));
    }

    #[test]
    fn of_equally_frequent_amounts_the_smallest_counts() {
        let answers = Answers::new(&[(200.0, 1.0), (50.0, 1.0), (200.0, 1.0), (50.0, 1.0)]);
        assert_eq!(answers.most_frequent(&[1; 4]), Some(50.0));
        assert_eq!(answers.most_frequent(&[1, 0, 1, 1]), Some(200.0));
    }
}
