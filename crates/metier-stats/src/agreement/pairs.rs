//! Two raters: their answers, the table that these make, and what is counted off it. What is expected by chance
//! is in `chance`.

use super::Categories;
use crate::error::Error;

/// The answers of two raters to the same items. Items that one of them left out are not in here: leave them out.
#[derive(Debug, Clone, PartialEq)]
pub struct Pairs {
    categories: Categories,
    items: Vec<(usize, usize)>,
}

impl Pairs {
    /// The answers as codes from 0: for each item the first rater's, then the second's.
    ///
    /// # Errors
    ///
    /// [`Error::Code`] if one of them is not below the number of categories.
    ///
    /// ```
    /// use metier_stats::agreement::Pairs;
    ///
    /// assert_eq!(Pairs::new(3, [(0, 0), (1, 2), (2, 2)])?.len(), 3);
    /// let error = Pairs::new(3, [(0, 0), (3, 1)]).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "item 1 is rated 3, but there are 3 categories, whose codes count from 0",
    /// );
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn new(
        categories: impl Into<Categories>,
        items: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Pairs, Error> {
        let categories = categories.into();
        let checked =
            |(item, (first, second))| Ok((categories.check(item, first)?, categories.check(item, second)?));
        let items = items.into_iter().enumerate().map(checked).collect::<Result<_, Error>>()?;
        Ok(Pairs { categories, items })
    }

    /// How many items there are.
    ///
    /// ```
    /// # use metier_stats::agreement::Pairs;
    /// assert_eq!(Pairs::new(2, [(0, 0), (1, 0)])?.len(), 2);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    ///
    /// ```
    /// # use metier_stats::agreement::Pairs;
    /// assert!(Pairs::new(2, [])?.is_empty());
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How often each pair of answers was given.
    ///
    /// ```
    /// # use metier_stats::agreement::Pairs;
    /// let table = Pairs::new(2, [(0, 0), (1, 0), (1, 0)])?.table();
    /// assert_eq!(table.count(1, 0), 2);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn table(&self) -> Table {
        self.tabulate(self.items.iter().map(|pair| (pair, 1)))
    }

    /// The same for a resample in which each item stands as often as its weight says.
    ///
    /// # Panics
    ///
    /// If there is not one weight for each item.
    ///
    /// ```
    /// # use metier_stats::agreement::Pairs;
    /// let table = Pairs::new(2, [(0, 0), (1, 0), (1, 0)])?.resampled(&[0, 2, 1]);
    /// assert_eq!((table.count(0, 0), table.count(1, 0)), (0, 3));
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn resampled(&self, weights: &[u32]) -> Table {
        assert_eq!(weights.len(), self.items.len(), "one weight for each item");
        self.tabulate(self.items.iter().zip(weights.iter().copied()))
    }

    fn tabulate<'a>(&self, items: impl Iterator<Item = (&'a (usize, usize), u32)>) -> Table {
        let k = self.categories.count();
        let mut counts = vec![0; k * k];
        for (&(first, second), weight) in items {
            counts[first * k + second] += u64::from(weight);
        }
        Table::of(self.categories.clone(), counts)
    }
}

/// How often two raters gave each pair of answers: the confusion table.
///
/// Statistics are `None` if there are no items, and where they are otherwise undefined, which each of them says.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(super) categories: Categories,
    /// Row by row; rows are the first rater's answers, columns the second's.
    counts: Vec<u64>,
    pub(super) rows: Vec<u64>,
    pub(super) columns: Vec<u64>,
    pub(super) n: u64,
}

impl Table {
    /// A table of counts; its rows are the first rater's answers, its columns the second's.
    ///
    /// # Errors
    ///
    /// [`Error::Rows`] and [`Error::Columns`] if it has not one row and one column for each category.
    ///
    /// ```
    /// use metier_stats::agreement::Table;
    ///
    /// let table = Table::new(2, [[118, 5], [2, 0]])?;
    /// assert_eq!(table.n(), 125);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn new(
        categories: impl Into<Categories>,
        rows: impl IntoIterator<Item = impl AsRef<[u64]>>,
    ) -> Result<Table, Error> {
        let categories = categories.into();
        let k = categories.count();
        let (mut counts, mut seen) = (Vec::with_capacity(k * k), 0);
        for row in rows {
            let row = row.as_ref();
            if row.len() != k {
                return Err(Error::Columns { row: seen, columns: row.len(), categories: k });
            }
            counts.extend_from_slice(row);
            seen += 1;
        }
        if seen != k {
            return Err(Error::Rows { rows: seen, categories: k });
        }
        Ok(Table::of(categories, counts))
    }

    fn of(categories: Categories, counts: Vec<u64>) -> Table {
        let k = categories.count();
        let (mut rows, mut columns) = (vec![0; k], vec![0; k]);
        for (at, count) in counts.iter().enumerate() {
            rows[at / k] += count;
            columns[at % k] += count;
        }
        let n = rows.iter().sum();
        Table { categories, counts, rows, columns, n }
    }

    /// How many items it counts.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// assert_eq!(Table::new(2, [[1, 2], [3, 4]])?.n(), 10);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many categories it has.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// assert_eq!(Table::new(2, [[1, 2], [3, 4]])?.categories().count(), 2);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn categories(&self) -> &Categories {
        &self.categories
    }

    /// How many items the first and the second rater answered so.
    ///
    /// # Panics
    ///
    /// If one of the codes is not a category's.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// assert_eq!(Table::new(2, [[1, 2], [3, 4]])?.count(0, 1), 2);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn count(&self, first: usize, second: usize) -> u64 {
        let k = self.categories.count();
        assert!(first < k && second < k, "codes are below {k}, not {first} and {second}");
        self.counts[first * k + second]
    }

    /// How many items a rater gave each answer, in the order of the codes.
    ///
    /// ```
    /// # use metier_stats::agreement::{Rater, Table};
    /// assert_eq!(Table::new(2, [[1, 2], [3, 4]])?.answers(Rater::Second), [4, 6]);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn answers(&self, rater: Rater) -> &[u64] {
        match rater {
            Rater::First => &self.rows,
            Rater::Second => &self.columns,
        }
    }

    /// The share of items with the same answer.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// assert_eq!(Table::new(2, [[1, 2], [3, 4]])?.exact(), Some(0.5));
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn exact(&self) -> Option<f64> {
        self.share(self.near(0))
    }

    /// The share of items with the same answer or one beside it, in the order of the codes.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// assert_eq!(Table::new(3, [[2, 1, 1], [0, 2, 1], [1, 0, 2]])?.within_one(), Some(0.8));
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn within_one(&self) -> Option<f64> {
        self.share(self.near(1))
    }

    /// The most frequent answer of a rater, and the share of items it makes: what somebody who always gives this
    /// answer agrees with the rater. Of answers equally frequent, the one with the lowest code.
    ///
    /// ```
    /// # use metier_stats::agreement::{MostFrequent, Rater, Table};
    /// let table = Table::new(2, [[118, 5], [2, 0]])?;
    /// // The two agree on fewer items, 94.4 %, than if the first had always answered 0.
    /// assert_eq!(table.most_frequent(Rater::Second), Some(MostFrequent { category: 0, share: 0.96 }));
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn most_frequent(&self, rater: Rater) -> Option<MostFrequent> {
        let answers = self.answers(rater);
        // Of equals, `max_by_key` gives the last.
        let (category, &count) = answers.iter().enumerate().rev().max_by_key(|(_, count)| **count)?;
        Some(MostFrequent { category, share: self.share(count)? })
    }

    /// How many items have answers at most so many codes apart.
    pub(super) fn near(&self, apart: usize) -> u64 {
        let k = self.categories.count();
        let near = |at: &usize| (at / k).abs_diff(at % k) <= apart;
        (0..k * k).filter(near).map(|at| self.counts[at]).sum()
    }

    fn share(&self, count: u64) -> Option<f64> {
        (self.n > 0).then(|| count as f64 / self.n as f64)
    }
}

/// One of two raters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rater {
    /// The one whose answers are the rows of the table.
    First,
    /// The one whose answers are its columns.
    Second,
}

/// The most frequent answer of a rater.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MostFrequent {
    /// Its code.
    pub category: usize,
    /// The share of the items it was given to.
    pub share: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_items_there_is_nothing() {
        for categories in [0, 1, 3] {
            let table = Pairs::new(categories, []).expect("no code is wrong").table();
            assert_eq!((table.exact(), table.within_one()), (None, None));
            assert_eq!(table.most_frequent(Rater::First), None);
        }
    }

    #[test]
    fn a_table_is_square() {
        let rows: [&[u64]; 2] = [&[1, 2], &[3]];
        assert_eq!(Table::new(2, rows), Err(Error::Columns { row: 1, columns: 1, categories: 2 }));
        assert_eq!(Table::new(2, [[1, 2]]), Err(Error::Rows { rows: 1, categories: 2 }));
        assert_eq!(Table::new(2, [[1, 2], [3, 4], [5, 6]]), Err(Error::Rows { rows: 3, categories: 2 }));
    }

    #[test]
    fn of_answers_equally_frequent_the_first_counts() {
        let table = Table::new(3, [[0, 1, 0], [1, 0, 0], [0, 1, 1]]).expect("square");
        assert_eq!(table.most_frequent(Rater::First).map(|most| most.category), Some(2));
        assert_eq!(table.most_frequent(Rater::Second).map(|most| most.category), Some(1));
        let table = Table::new(2, [[1, 0], [0, 1]]).expect("square");
        assert_eq!(table.most_frequent(Rater::First), Some(MostFrequent { category: 0, share: 0.5 }));
    }

    #[test]
    #[should_panic(expected = "one weight for each item")]
    fn each_item_has_a_weight() {
        Pairs::new(2, [(0, 0), (1, 1)]).expect("two categories").resampled(&[1]);
    }

    #[test]
    #[should_panic(expected = "codes are below 2, not 0 and 2")]
    fn a_code_outside_the_table_is_not_another_cell() {
        Table::new(2, [[1, 2], [3, 4]]).expect("square").count(0, 2);
    }
}
