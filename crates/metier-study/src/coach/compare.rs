//! Whether two numbers differ by more than chance. Estimates nothing of its own: it squares and adds their intervals.

use metier_stats::distribution::normal_two_sided;
use metier_stats::multiple::holm;
use serde::Serialize;

use crate::finding::Estimate;
use crate::model::rounded;

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// How far one number lies above another, with a 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The first less the second; `None` where one of them is missing.
    pub value: Option<f64>,
    /// The lower end of the 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// What may be said of it.
    pub verdict: Verdict,
}

/// What may be said of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// More than chance, also among all comparisons that were made (Holm, 1979).
    Higher,
    /// The same, below zero.
    Lower,
    /// The interval leaves zero out, but among so many comparisons one like it is to be expected.
    MayBeChance,
    /// The interval has zero in it.
    NoClearDifference,
    /// One of the two has no interval.
    TooFew,
}

impl Difference {
    /// Of numbers of two sets of sessions that share none, from their own intervals: with estimates θ₁, θ₂ and intervals
    /// (l₁, u₁), (l₂, u₂)
    ///
    /// L = θ₁ − θ₂ − √((θ₁ − l₁)² + (u₂ − θ₂)²), U = θ₁ − θ₂ + √((u₁ − θ₁)² + (θ₂ − l₂)²)
    ///
    /// (Zou and Donner, 2008, Statistics in Medicine 27, 1693–1702; of two shares with Wilson's intervals it is Newcombe's,
    /// 1998, method 10).
    pub(super) fn of(first: &Estimate, second: &Estimate) -> Difference {
        let ends = |it: &Estimate| Some((it.value?, it.low?, it.high?));
        let Some(((one, one_low, one_high), (other, other_low, other_high))) = ends(first).zip(ends(second))
        else {
            let value = first.value.zip(second.value).map(|(one, other)| rounded(one - other));
            return Difference { value, low: None, high: None, verdict: Verdict::TooFew };
        };
        let value = one - other;
        let low = value - (one - one_low).hypot(other_high - other);
        let high = value + (one_high - one).hypot(other - other_low);
        let verdict = match (low > 0.0, high < 0.0) {
            (true, _) => Verdict::Higher,
            (_, true) => Verdict::Lower,
            _ => Verdict::NoClearDifference,
        };
        Difference {
            value: Some(rounded(value)),
            low: Some(rounded(low)),
            high: Some(rounded(high)),
            verdict,
        }
    }

    /// The p value of no difference that goes with the interval, as if its half towards zero were 1.96 standard errors.
    fn p(&self) -> Option<f64> {
        let (value, low, high) = (self.value?, self.low?, self.high?);
        let half = if value > 0.0 { value - low } else { high - value };
        Some(match (value == 0.0, half == 0.0) {
            (true, _) => 1.0,
            (_, true) => 0.0,
            _ => normal_two_sided(Z * value.abs() / half),
        })
    }

    /// Whether it stays on its side of zero with an interval that is as much wider as so many looks ask for (Bonferroni).
    pub(super) fn is_above_zero_of(&self, looks: usize) -> bool {
        self.verdict == Verdict::Higher && self.p().is_some_and(|p| p * looks as f64 <= 0.05)
    }

    pub(super) fn is_clear(&self) -> bool {
        matches!(self.verdict, Verdict::Higher | Verdict::Lower)
    }
}

/// Takes back what would not be clear among all of these comparisons; gives how many could be made.
pub(super) fn among_all<'d>(all: impl Iterator<Item = &'d mut Difference>) -> usize {
    let (made, p): (Vec<&mut Difference>, Vec<f64>) = all.filter_map(|one| one.p().map(|p| (one, p))).unzip();
    let adjusted = holm(&p).expect("p values are from 0 to 1");
    let count = made.len();
    for (one, p) in made.into_iter().zip(adjusted) {
        if one.is_clear() && p > 0.05 {
            one.verdict = Verdict::MayBeChance;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Method;

    fn share(value: f64, low: f64, high: f64) -> Estimate {
        let method = Method::Sessions { people: 1 };
        let (low, high) = (Some(low), Some(high));
        Estimate { value: Some(value), low, high, n: 50, n_of: "sessions", sessions: 50, people: 1, method }
    }

    #[test]
    fn by_hand() {
        // 3-4-5: the half towards zero is √(0.3² + 0.4²), the other √(0.06² + 0.08²).
        let difference = Difference::of(&share(0.9, 0.6, 0.96), &share(0.2, 0.12, 0.6));
        assert_eq!((difference.value, difference.low, difference.high), (Some(0.7), Some(0.2), Some(0.8)));
        assert_eq!(difference.verdict, Verdict::Higher);
        let turned = Difference::of(&share(0.2, 0.12, 0.6), &share(0.9, 0.6, 0.96));
        assert_eq!((turned.low, turned.high, turned.verdict), (Some(-0.8), Some(-0.2), Verdict::Lower));
        let near = Difference::of(&share(0.5, 0.4, 0.6), &share(0.45, 0.35, 0.55));
        assert_eq!(near.verdict, Verdict::NoClearDifference);
    }

    #[test]
    fn newcombe_of_two_shares() {
        // 56 of 70 and 48 of 80 with Wilson's intervals: Newcombe (1998), table II (a), method 10: 0.0524 to 0.3339.
        let difference = Difference::of(&share(0.8, 0.6918, 0.8774), &share(0.6, 0.4904, 0.7004));
        let (low, high) = (difference.low.unwrap_or(0.0), difference.high.unwrap_or(0.0));
        assert!((low - 0.0524).abs() < 1e-3 && (high - 0.3339).abs() < 1e-3, "{low} {high}");
    }

    #[test]
    fn what_has_no_interval_has_no_verdict() {
        let few = Estimate { low: None, high: None, method: Method::FewSessions, ..share(0.5, 0.0, 1.0) };
        let difference = Difference::of(&few, &share(0.2, 0.1, 0.3));
        assert_eq!((difference.value, difference.low), (Some(0.3), None));
        assert_eq!(difference.verdict, Verdict::TooFew);
    }

    #[test]
    fn among_many_comparisons_one_that_is_hardly_clear_may_be_chance() {
        let hardly = || Difference::of(&share(0.5, 0.4, 0.6), &share(0.35, 0.25, 0.45));
        let clearly = || Difference::of(&share(0.9, 0.85, 0.95), &share(0.2, 0.15, 0.25));
        let (mut alone, mut two) = ([hardly()], [hardly(), hardly(), clearly()]);
        assert_eq!((among_all(alone.iter_mut()), alone[0].verdict), (1, Verdict::Higher));
        assert_eq!(among_all(two.iter_mut()), 3);
        assert_eq!(two.map(|one| one.verdict), [Verdict::MayBeChance, Verdict::MayBeChance, Verdict::Higher]);
    }
}
