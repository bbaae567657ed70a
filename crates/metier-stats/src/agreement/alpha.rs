//! Any number of raters, with gaps: Krippendorff's α. Two raters without gaps have more statistics in `pairs`.

use std::collections::BTreeSet;

use super::{Categories, beyond_chance};
use crate::error::Error;

/// The answers of any number of raters to the same items, with gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings {
    categories: Categories,
    items: Vec<Item>,
    /// Every number of answers that an item with two or more of them has, ascending.
    sizes: Vec<u64>,
}

/// The answers to one item.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    /// How many they are, as an index of `Ratings::sizes`; `None` if fewer than two.
    size: Option<usize>,
    /// The categories answered, ascending, and by how many raters.
    counts: Vec<(usize, u64)>,
}

impl Ratings {
    /// The answers as codes from 0: for each item those of all raters, `None` where one did not answer. Items may
    /// have different numbers of raters, and who is who does not matter.
    ///
    /// An item with fewer than two answers compares nothing. It counts in [`len`](Ratings::len), so that it can
    /// have a weight, and nowhere else.
    ///
    /// # Errors
    ///
    /// [`Error::Code`] if one of them is not below the number of categories.
    ///
    /// ```
    /// use metier_stats::agreement::{Metric, Ratings};
    ///
    /// let items = [[Some(0), Some(0), None], [Some(1), Some(1), Some(1)], [Some(1), None, Some(0)]];
    /// let alpha = Ratings::new(2, items)?.coincidences().alpha(Metric::Nominal);
    /// // By hand: the coincidences of 0 and 1 are 1, those expected 3 · 4 / 6.
    /// assert_eq!(alpha, Some(0.5));
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn new(
        categories: impl Into<Categories>,
        items: impl IntoIterator<Item = impl AsRef<[Option<usize>]>>,
    ) -> Result<Ratings, Error> {
        let categories = categories.into();
        let mut counted = Vec::new();
        for (item, answers) in items.into_iter().enumerate() {
            let mut codes = Vec::new();
            for code in answers.as_ref().iter().flatten() {
                codes.push(categories.check(item, *code)?);
            }
            codes.sort_unstable();
            let counts = codes.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect();
            counted.push((codes.len() as u64, counts));
        }
        let sizes: BTreeSet<u64> = counted.iter().map(|(size, _)| *size).filter(|size| *size > 1).collect();
        let sizes: Vec<u64> = sizes.into_iter().collect();
        let item = |(size, counts)| Item { size: sizes.binary_search(&size).ok(), counts };
        let items = counted.into_iter().map(item).collect();
        Ok(Ratings { categories, items, sizes })
    }

    /// How many items there are, those with fewer than two answers among them.
    ///
    /// ```
    /// # use metier_stats::agreement::Ratings;
    /// assert_eq!(Ratings::new(2, [vec![Some(0), Some(1), Some(1)], vec![None]])?.len(), 2);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    ///
    /// ```
    /// # use metier_stats::agreement::Ratings;
    /// assert!(!Ratings::new(2, [[Some(0), Some(1)]])?.is_empty());
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How often each pair of answers was given within items.
    ///
    /// ```
    /// # use metier_stats::agreement::Ratings;
    /// let coincidences = Ratings::new(2, [[Some(0), Some(1), Some(1)]])?.coincidences();
    /// assert_eq!((coincidences.get(0, 1), coincidences.get(1, 1)), (1.0, 1.0));
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn coincidences(&self) -> Coincidences {
        self.count(self.items.iter().map(|item| (item, 1)))
    }

    /// The same for a resample in which each item stands as often as its weight says.
    ///
    /// # Panics
    ///
    /// If there is not one weight for each item.
    ///
    /// ```
    /// # use metier_stats::agreement::Ratings;
    /// let ratings = Ratings::new(2, [[Some(0), Some(1)], [Some(1), Some(1)]])?;
    /// assert_eq!(ratings.resampled(&[3, 0]).get(0, 1), 3.0);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn resampled(&self, weights: &[u32]) -> Coincidences {
        assert_eq!(weights.len(), self.items.len(), "one weight for each item");
        self.count(self.items.iter().zip(weights.iter().copied()))
    }

    fn count<'a>(&self, items: impl Iterator<Item = (&'a Item, u32)>) -> Coincidences {
        let k = self.categories.count();
        let mut answers = vec![0; k];
        // Pairs of answers apart by the size of the item, by which they are divided only at the end: sums of whole
        // numbers do not depend on the order of the items.
        let mut pairs = vec![0u64; self.sizes.len() * k * k];
        for (Item { size, counts }, weight) in items {
            let (Some(size), weight) = (*size, u64::from(weight)) else { continue };
            let pairs = &mut pairs[size * k * k..][..k * k];
            for (at, &(c, count)) in counts.iter().enumerate() {
                answers[c] += weight * count;
                pairs[c * k + c] += weight * count * (count - 1);
                for &(other, others) in &counts[at + 1..] {
                    pairs[c * k + other] += weight * count * others;
                }
            }
        }
        let mut cells = vec![0.0; k * k];
        for (pairs, size) in pairs.chunks_exact((k * k).max(1)).zip(&self.sizes) {
            for (cell, pairs) in cells.iter_mut().zip(pairs) {
                *cell += *pairs as f64 / (size - 1) as f64;
            }
        }
        let n = answers.iter().sum();
        Coincidences { categories: self.categories.clone(), cells, answers, n }
    }
}

/// How often each pair of answers was given within items: the matrix of coincidences (Krippendorff, 2011), in
/// which an item with m answers counts m.
#[derive(Debug, Clone, PartialEq)]
pub struct Coincidences {
    categories: Categories,
    /// Row by row, above and on the diagonal; the matrix is symmetric.
    cells: Vec<f64>,
    answers: Vec<u64>,
    n: u64,
}

/// What the disagreement of two answers is: δ² of Krippendorff (2011).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// 1 whatever the two are.
    Nominal,
    /// The square of how many answers lie between them, in the order of the codes.
    Ordinal,
    /// The square of the distance of their values.
    Interval,
}

impl Coincidences {
    /// How many answers are compared: those to items with two or more.
    ///
    /// ```
    /// # use metier_stats::agreement::Ratings;
    /// let items = [[Some(0), None], [Some(1), Some(0)]];
    /// assert_eq!(Ratings::new(2, items)?.coincidences().answers(), 2);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn answers(&self) -> u64 {
        self.n
    }

    /// How often these two answers coincide, each pair counted in both directions and divided by the number of
    /// the item's answers less one.
    ///
    /// # Panics
    ///
    /// If one of the codes is not a category's.
    ///
    /// ```
    /// # use metier_stats::agreement::Ratings;
    /// let coincidences = Ratings::new(2, [[Some(0), Some(1), Some(1)]])?.coincidences();
    /// assert_eq!(coincidences.get(1, 0), 1.0);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn get(&self, one: usize, other: usize) -> f64 {
        let k = self.categories.count();
        assert!(one < k && other < k, "codes are below {k}, not {one} and {other}");
        self.cells[one.min(other) * k + one.max(other)]
    }

    /// Krippendorff's α = 1 − Dₒ / Dₑ (2004, *Content Analysis*, chapter 11; 2011, "Computing Krippendorff's
    /// Alpha-Reliability").
    ///
    /// `None` if no item has two answers, or if all answers compared are the same (for [`Metric::Interval`], of
    /// the same value), for then Dₑ = 0.
    ///
    /// ```
    /// use metier_stats::agreement::{Metric, Ratings};
    ///
    /// let items = [[Some(0), Some(0)], [Some(2), Some(1)], [Some(2), Some(2)], [Some(0), Some(0)]];
    /// let coincidences = Ratings::new(3, items)?.coincidences();
    /// assert!(coincidences.alpha(Metric::Interval) > coincidences.alpha(Metric::Nominal));
    /// assert_eq!(Ratings::new(3, [[Some(1), Some(1)]])?.coincidences().alpha(Metric::Nominal), None);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn alpha(&self, metric: Metric) -> Option<f64> {
        let values = self.categories.values();
        let (mut observed, mut expected) = (0.0, 0.0);
        for c in 0..values.len() {
            // Twice the answers from c to k, of which those at the two ends count half.
            let mut between = self.answers[c];
            for k in c + 1..values.len() {
                between += self.answers[k - 1] * u64::from(k - 1 > c) + self.answers[k];
                let difference = match metric {
                    Metric::Nominal => 1.0,
                    Metric::Ordinal => between as f64 / 2.0,
                    Metric::Interval => values[c] - values[k],
                };
                let squared = difference * difference;
                observed += self.get(c, k) * squared;
                expected += self.answers[c] as f64 * self.answers[k] as f64 * squared;
            }
        }
        beyond_chance((self.n as f64 - 1.0) * observed, expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: [Metric; 3] = [Metric::Nominal, Metric::Ordinal, Metric::Interval];

    fn alphas(categories: impl Into<Categories>, items: &[&[Option<usize>]]) -> [Option<f64>; 3] {
        let coincidences = Ratings::new(categories, items).expect("codes of the categories").coincidences();
        METRICS.map(|metric| coincidences.alpha(metric))
    }

    #[test]
    fn what_compares_nothing_has_no_alpha() {
        assert_eq!(alphas(0, &[]), [None; 3]);
        assert_eq!(alphas(3, &[]), [None; 3]);
        assert_eq!(alphas(3, &[&[], &[None, None], &[Some(2), None], &[Some(1)]]), [None; 3]);
    }

    #[test]
    fn the_same_answer_throughout_has_no_alpha() {
        assert_eq!(alphas(3, &[&[Some(1), Some(1)], &[Some(1), Some(1), Some(1)], &[Some(2)]]), [None; 3]);
        let same = Categories::valued([4.0, 4.0]).expect("finite");
        let [nominal, ordinal, interval] = alphas(same, &[&[Some(0), Some(0)], &[Some(1), Some(1)]]);
        assert_eq!([nominal, ordinal, interval], [Some(1.0), Some(1.0), None]);
    }

    #[test]
    fn what_overflows_is_no_number() {
        let vast = Categories::valued([-1e300, 1e300]).expect("finite");
        let [nominal, _, interval] = alphas(vast, &[&[Some(0), Some(0)], &[Some(0), Some(1)]]);
        assert_eq!((nominal, interval), (Some(0.0), None));
    }

    #[test]
    fn a_code_that_is_none_is_refused() {
        let error = Ratings::new(2, [[Some(0), None], [None, Some(2)]]).expect_err("2 is no code of two");
        assert_eq!(error, Error::Code { item: 1, code: 2, categories: 2 });
    }

    #[test]
    #[should_panic(expected = "one weight for each item")]
    fn each_item_has_a_weight() {
        Ratings::new(2, [[Some(0), Some(1)]]).expect("two categories").resampled(&[1, 1]);
    }
}
