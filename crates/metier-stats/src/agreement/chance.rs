//! Agreement of two raters beyond chance: Cohen's κ and Gwet's AC. Krippendorff's α is in `alpha`.

use super::{Table, beyond_chance};

/// How the disagreement of two answers grows with the distance of their values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weights {
    /// As the distance: Cicchetti and Allison (1971).
    Linear,
    /// As its square: κ is then an intraclass correlation, but for a term of 1/n (Fleiss and Cohen, 1973).
    Quadratic,
}

impl Weights {
    fn disagreement(self, a: f64, b: f64) -> f64 {
        match self {
            Weights::Linear => (a - b).abs(),
            Weights::Quadratic => (a - b) * (a - b),
        }
    }
}

impl Table {
    /// Cohen's κ (1960), (pₒ − pₑ) / (1 − pₑ): the agreement beyond that of raters who answer independently, each
    /// with the own frequencies. The order of the categories does not matter, nor do categories never used.
    ///
    /// `None` if both raters gave one and the same answer to every item, for then pₑ = 1. Where only one of the
    /// two always gave the same answer, κ is 0.
    ///
    /// Where one answer dominates, pₑ is close to 1 and κ low however often the raters agree (Feinstein and
    /// Cicchetti, 1990): see [`ac1`](Table::ac1).
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// // pₒ = 0.7, pₑ = 0.5.
    /// assert_eq!(Table::new(2, [[20, 5], [10, 15]])?.kappa(), Some(0.4));
    /// // Both always said yes: that says nothing about whether they tell yes from no.
    /// assert_eq!(Table::new(2, [[50, 0], [0, 0]])?.kappa(), None);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn kappa(&self) -> Option<f64> {
        // Both shares times n², in whole numbers: one rounding, at the end.
        let n = i128::from(self.n);
        let observed = n * i128::from(self.near(0));
        let expected: i128 = self
            .rows
            .iter()
            .zip(&self.columns)
            .map(|(row, column)| i128::from(*row) * i128::from(*column))
            .sum();
        ratio(observed - expected, n * n - expected)
    }

    /// Weighted κ (Cohen, 1968) with disagreements that grow with the distance of the categories' values.
    ///
    /// `None` if both raters gave every item an answer of one and the same value.
    ///
    /// ```
    /// # use metier_stats::agreement::{Table, Weights};
    /// let table = Table::new(3, [[4, 1, 0], [1, 4, 1], [0, 1, 4]])?;
    /// assert!(table.weighted_kappa(Weights::Quadratic) > table.weighted_kappa(Weights::Linear));
    /// assert!(table.weighted_kappa(Weights::Linear) > table.kappa());
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn weighted_kappa(&self, weights: Weights) -> Option<f64> {
        let values = self.categories.values();
        self.weighted_kappa_with(|first, second| weights.disagreement(values[first], values[second]))
    }

    /// Weighted κ with disagreements of your own, not negative, for the codes of the first and the second rater:
    /// 1 − Σ vᵢⱼ pₒᵢⱼ / Σ vᵢⱼ pₑᵢⱼ (Cohen, 1968).
    ///
    /// `None` if no disagreement is expected by chance, or if a disagreement is not a finite number.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// let table = Table::new(2, [[20, 5], [10, 15]])?;
    /// let missed_is_worse = |first, second| match (first, second) {
    ///     (1, 0) => 3.0,
    ///     (0, 1) => 1.0,
    ///     _ => 0.0,
    /// };
    /// // 1 − (3 · 0.2 + 0.1) / (3 · 0.3 + 0.2)
    /// let kappa = table.weighted_kappa_with(missed_is_worse).unwrap();
    /// assert!((kappa - (1.0 - 0.7 / 1.1)).abs() < 1e-12);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn weighted_kappa_with(&self, disagreement: impl Fn(usize, usize) -> f64) -> Option<f64> {
        let observed = self.sum(&disagreement, |i, j| self.count(i, j) as f64);
        let expected = self.sum(&disagreement, |i, j| self.rows[i] as f64 * self.columns[j] as f64);
        beyond_chance(self.n as f64 * observed, expected)
    }

    /// Gwet's AC1 (2008), which stays near pₒ where one answer dominates: chance agreement is
    /// Σ π(1 − π) / (k − 1), with π the mean of the two raters' shares of a category.
    ///
    /// It depends on k, the number of categories there are to choose from, whether used or not. `None` if there
    /// are fewer than two. Unlike κ it has a value, 1, if both raters gave one and the same answer to every item:
    /// they agree, but whether they tell the categories apart remains unknown.
    ///
    /// ```
    /// # use metier_stats::agreement::Table;
    /// let table = Table::new(2, [[118, 5], [2, 0]])?;
    /// assert_eq!(format!("{:.3} {:.3}", table.kappa().unwrap(), table.ac1().unwrap()), "-0.023 0.941");
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn ac1(&self) -> Option<f64> {
        // Both shares times 4n²(k − 1), in whole numbers: one rounding, at the end.
        let (n, others) = (i128::from(self.n), self.categories.count() as i128 - 1);
        let observed = 4 * n * i128::from(self.near(0)) * others;
        let expected: i128 = self.both().map(i128::from).map(|both| both * (2 * n - both)).sum();
        ratio(observed - expected, 4 * n * n * others - expected)
    }

    /// Gwet's AC2 (2014, *Handbook of Inter-Rater Reliability*, 4th edition, chapter 3): AC1 with partial
    /// agreement, which falls from 1 to 0 over the range of the categories' values.
    ///
    /// `None` if the categories do not stand for at least two different values. As [`ac1`](Table::ac1), it depends
    /// on the categories there are, and is 1 if only one was used.
    ///
    /// ```
    /// # use metier_stats::agreement::{Table, Weights};
    /// let table = Table::new(3, [[13, 0, 0], [0, 20, 7], [0, 4, 56]])?;
    /// assert_eq!(format!("{:.3}", table.ac2(Weights::Quadratic).unwrap()), "0.940");
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn ac2(&self, weights: Weights) -> Option<f64> {
        let values = self.categories.values();
        let most = weights.disagreement(
            values.iter().copied().fold(f64::INFINITY, f64::min),
            values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        );
        let (n, k) = (self.n as f64, values.len() as f64);
        let disagreement = |i: usize, j: usize| weights.disagreement(values[i], values[j]) / most;
        let observed = self.sum(disagreement, |i, j| self.count(i, j) as f64) / n;
        // T_w, the sum of all weights, is k² less the sum of all disagreements.
        let total = k * k - self.sum(disagreement, |_, _| 1.0);
        let spread: f64 = self.both().map(|both| both as f64 * (2.0 * n - both as f64)).sum();
        let expected = total / (k * (k - 1.0)) * (spread / (4.0 * n * n));
        // Without items, or with one value only, all of these are NaN.
        beyond_chance(observed, 1.0 - expected)
    }

    /// How often each answer was given by either rater.
    fn both(&self) -> impl Iterator<Item = u64> {
        self.rows.iter().zip(&self.columns).map(|(row, column)| row + column)
    }

    /// The sum of a product over all cells, pair by mirrored pair: the same bytes if the raters change places.
    fn sum(&self, a: impl Fn(usize, usize) -> f64, b: impl Fn(usize, usize) -> f64) -> f64 {
        let cell = |i, j| a(i, j) * b(i, j);
        let mut sum = 0.0;
        for i in 0..self.categories.count() {
            sum += cell(i, i);
            for j in 0..i {
                sum += cell(i, j) + cell(j, i);
            }
        }
        sum
    }
}

fn ratio(top: i128, bottom: i128) -> Option<f64> {
    (bottom > 0).then(|| top as f64 / bottom as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(table: &Table) -> [Option<f64>; 6] {
        let [linear, quadratic] = [Weights::Linear, Weights::Quadratic];
        [
            table.kappa(),
            table.weighted_kappa(linear),
            table.weighted_kappa(quadratic),
            table.ac1(),
            table.ac2(linear),
            table.ac2(quadratic),
        ]
    }

    fn table<const K: usize>(rows: [[u64; K]; K]) -> Table {
        Table::new(K, rows).expect("square")
    }

    #[test]
    fn without_items_there_is_nothing() {
        assert_eq!(everything(&table([])), [None; 6]);
        assert_eq!(everything(&table([[0]])), [None; 6]);
        assert_eq!(everything(&table([[0; 3]; 3])), [None; 6]);
    }

    #[test]
    fn one_answer_throughout_has_no_kappa() {
        let one = Some(1.0);
        assert_eq!(everything(&table([[0, 0], [0, 9]])), [None, None, None, one, one, one]);
        assert_eq!(everything(&table([[9]])), [None; 6]);
    }

    #[test]
    fn one_rater_with_one_answer_has_no_agreement_beyond_chance() {
        let [kappa, linear, quadratic, ..] = everything(&table([[6, 0], [3, 0]]));
        assert_eq!([kappa, linear, quadratic], [Some(0.0); 3]);
    }

    #[test]
    fn answers_of_one_value_do_not_disagree() {
        let same = crate::agreement::Categories::valued([2.0, 2.0]).expect("finite");
        let table = Table::new(same, [[5, 1], [2, 4]]).expect("square");
        let [kappa, linear, quadratic, ac1, ac2_linear, ac2_quadratic] = everything(&table);
        assert!(kappa.is_some() && ac1.is_some());
        assert_eq!([linear, quadratic, ac2_linear, ac2_quadratic], [None; 4]);
    }

    #[test]
    fn what_overflows_is_no_number() {
        let vast = crate::agreement::Categories::valued([-1e300, 1e300]).expect("finite");
        let table = Table::new(vast, [[5, 1], [2, 4]]).expect("square");
        assert_eq!((table.weighted_kappa(Weights::Quadratic), table.ac2(Weights::Quadratic)), (None, None));
        assert_eq!(table.weighted_kappa_with(|_, _| f64::NAN), None);
        // Expected overflows, observed does not: that would be 1.
        assert_eq!(table.weighted_kappa_with(|i, j| if i == j { 0.0 } else { 4e306 }), None);
    }
}
