//! The categories of a question: how many, and the number that each stands for. Holds no answers.

use crate::error::Error;

/// The categories of a question, coded from 0. Wherever categories are asked for, their number will do.
///
/// The order of the codes is the order of the categories, where a statistic needs one. The value of a category
/// is the number that it stands for, where a statistic needs that: its code, unless given.
#[derive(Debug, Clone, PartialEq)]
pub struct Categories {
    values: Vec<f64>,
}

impl Categories {
    /// Categories that stand for these numbers, in the order of their codes.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if one of them is not finite.
    ///
    /// ```
    /// use metier_stats::agreement::{Categories, Pairs, Weights};
    ///
    /// // Never, monthly, weekly, daily: as days a month.
    /// let often = Categories::valued([0.0, 1.0, 4.0, 30.0])?;
    /// let items = [(0, 0), (1, 2), (2, 2), (3, 3), (3, 3), (0, 1)];
    /// let by_days = Pairs::new(often, items)?.table().weighted_kappa(Weights::Linear);
    /// let by_code = Pairs::new(4, items)?.table().weighted_kappa(Weights::Linear);
    /// assert!(by_days > by_code);
    /// # Ok::<(), metier_stats::Error>(())
    /// ```
    pub fn valued(values: impl Into<Vec<f64>>) -> Result<Categories, Error> {
        let values = values.into();
        match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            Some((category, &value)) => Err(Error::Value { category, value }),
            None => Ok(Categories { values }),
        }
    }

    /// How many there are.
    ///
    /// ```
    /// # use metier_stats::agreement::Categories;
    /// assert_eq!(Categories::from(5).count(), 5);
    /// ```
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The numbers that they stand for, in the order of their codes.
    ///
    /// ```
    /// # use metier_stats::agreement::Categories;
    /// assert_eq!(Categories::from(3).values(), [0.0, 1.0, 2.0]);
    /// ```
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The code, if it is one of theirs.
    pub(crate) fn check(&self, item: usize, code: usize) -> Result<usize, Error> {
        let categories = self.count();
        if code < categories { Ok(code) } else { Err(Error::Code { item, code, categories }) }
    }
}

impl From<usize> for Categories {
    /// So many categories, each of which stands for its code.
    fn from(count: usize) -> Categories {
        Categories { values: (0..count).map(|code| code as f64).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_finite_number() {
        let error = Categories::valued([1.0, f64::INFINITY]).expect_err("infinity is no value");
        assert_eq!(error.to_string(), "category 1 has the value inf; give it a finite number");
        assert!(Categories::valued([f64::NAN]).is_err());
        assert!(Categories::valued([-1.5, 0.0, 1.5]).is_ok());
    }
}
