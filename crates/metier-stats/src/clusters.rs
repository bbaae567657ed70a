//! Clusters by number, and sums over them. Which statistic is summed is up to the caller.

use crate::error::Error;
use crate::linear::Levels;

/// The cluster of each row.
#[derive(Debug, Clone)]
pub(crate) enum Numbered {
    /// Each row is a cluster of its own.
    Alone {
        /// How many rows there are.
        rows: usize,
    },
    /// Clusters are numbered by their first row.
    Together {
        /// The number of each row's cluster.
        of: Vec<u32>,
        /// How many clusters there are.
        count: usize,
    },
}

impl Numbered {
    /// The clusters of rows with these codes; without codes each row is one.
    pub(crate) fn new(codes: Option<&[u32]>, rows: usize) -> Result<Numbered, Error> {
        let Some(codes) = codes else { return Ok(Numbered::Alone { rows }) };
        if codes.len() != rows {
            return Err(Error::Lengths {
                column: "the column of clusters".into(),
                values: codes.len(),
                rows,
            });
        }
        let Levels { of, count } = Levels::new(codes);
        Ok(Numbered::Together { of, count })
    }

    /// How many clusters there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Numbered::Alone { rows } => *rows,
            Numbered::Together { count, .. } => *count,
        }
    }

    /// The number of a row's cluster.
    pub(crate) fn of(&self, row: usize) -> usize {
        match self {
            Numbered::Alone { .. } => row,
            Numbered::Together { of, .. } => of[row] as usize,
        }
    }

    /// The sums over clusters of values that come a row after the other.
    pub(crate) fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.count()];
        for (row, value) in values.enumerate() {
            sums[self.of(row)] += value;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_codes_are_numbered_alike() {
        for codes in [[3, 0, 3, 1], [u32::MAX, 7, u32::MAX, 0]] {
            let clusters = Numbered::new(Some(&codes), 4).expect("as many codes as rows");
            assert_eq!(
                (clusters.count(), (0..4).map(|row| clusters.of(row)).collect()),
                (3, vec![0, 1, 0, 2])
            );
            assert_eq!(clusters.sums([1.0, 2.0, 4.0, 8.0].into_iter()), [5.0, 2.0, 8.0]);
        }
    }

    #[test]
    fn rows_are_their_own_clusters_by_default() {
        let clusters = Numbered::new(None, 3).expect("no codes to be wrong");
        assert_eq!((clusters.count(), clusters.of(2)), (3, 2));
        assert!(Numbered::new(Some(&[1]), 3).is_err());
    }
}
