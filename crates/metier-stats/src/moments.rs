//! Totals of people, added up so that groups which share nobody can be joined without anybody's rows.
//!
//! Of each person g there is a vector of totals v_g; kept are how many people there are, Σ v_g and Σ v_g v_gᵀ. From these
//! come means, ratios and their errors by person, and two groups' sums are those of their union. They hold nobody's totals, but
//! the sums of one person are that person's.
//!
//! ```
//! use metier_stats::moments::Moments;
//!
//! // Hours of editing and of work of three people.
//! let (edits, work) = ([1.0, 2.0, 6.0], [2.0, 5.0, 5.0]);
//! let mut here = Moments::of(&[1, 2], &[&edits[..2], &work[..2]])?;
//! let there = Moments::of(&[7], &[&edits[2..], &work[2..]])?;
//! here.merge(&there)?;
//! let share = here.ratio(0, 1)?;
//! // t − θ b is 1 − 1.5, 2 − 3.75 and 6 − 3.75; 3/2 · Σ (…)² / 12².
//! assert_eq!((share.people, share.estimate), (3, 0.75));
//! assert!((share.std_error - (1.5_f64 * 8.375).sqrt() / 12.0).abs() < 1e-15);
//! # Ok::<(), metier_stats::Error>(())
//! ```

use crate::clusters::Numbered;
use crate::distribution::student_quantile;
use crate::error::Error;

/// Sums that are given may be off by this share through rounding.
pub(crate) const SLACK: f64 = 1e-9;
/// A variance of less than this share of the terms it is a difference of is rounding.
const ROUNDING: f64 = 1e-12;

/// Totals of people, added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    people: u64,
    sum: Vec<f64>,
    /// The upper triangle, row by row.
    products: Vec<f64>,
}

/// A ratio of totals over people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Σ top / Σ bottom.
    pub estimate: f64,
    /// Its standard error, linearised by person.
    pub std_error: f64,
    /// The lower end of the 95 % interval, *t* with one degree of freedom less than people.
    pub conf_low: f64,
    /// The upper end.
    pub conf_high: f64,
    /// How many people it is from.
    pub people: u64,
}

impl Moments {
    /// Nobody yet, with so many totals a person. The products of `width` totals must fit into memory.
    pub fn new(width: usize) -> Moments {
        Moments {
            people: 0,
            sum: vec![0.0; width],
            products: vec![0.0; triangle(width).unwrap_or(usize::MAX)],
        }
    }

    /// From sums that were kept. `products` is the upper triangle of Σ v vᵀ, row by row. They are checked for what any sums over
    /// people satisfy, since files can hold anything; that they are somebody's cannot be checked.
    ///
    /// # Errors
    ///
    /// [`Error::Lengths`], [`Error::NotFinite`] and [`Error::NoSums`].
    pub fn from_parts(people: u64, sum: Vec<f64>, products: Vec<f64>) -> Result<Moments, Error> {
        let width = sum.len();
        let rows = triangle(width).unwrap_or(usize::MAX);
        if products.len() != rows {
            let column = "the triangle of products".into();
            return Err(Error::Lengths { column, values: products.len(), rows });
        }
        for (column, values) in [("the sum", &sum), ("the triangle of products", &products)] {
            if let Some(row) = values.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite { column: column.into(), row, value: values[row] });
            }
        }
        let made = Moments { people, sum, products };
        match made.flaw() {
            Some(why) => Err(Error::NoSums { why }),
            None => Ok(made),
        }
    }

    /// What no sums over people can have.
    fn flaw(&self) -> Option<&'static str> {
        let width = self.width();
        if self.people == 0 && self.sum.iter().chain(&self.products).any(|value| *value != 0.0) {
            return Some("there are sums of nobody");
        }
        let roots: Vec<f64> = (0..width).map(|at| self.at(at, at).sqrt()).collect();
        if roots.iter().any(|root| root.is_nan()) {
            return Some("a sum of squares is below 0");
        }
        let people = (self.people as f64).sqrt();
        if self.sum.iter().zip(&roots).any(|(sum, root)| sum.abs() > people * root * (1.0 + SLACK)) {
            return Some("a sum is larger than its squares allow for so many people");
        }
        for row in 0..width {
            for column in row + 1..width {
                if self.at(row, column).abs() > roots[row] * roots[column] * (1.0 + SLACK) {
                    return Some("a product is larger than the squares allow");
                }
            }
        }
        // Of one person the products follow from the sums.
        let off = |row: usize, column: usize| {
            let follows = self.sum[row] * self.sum[column];
            (self.at(row, column) - follows).abs() > SLACK * roots[row] * roots[column]
        };
        if self.people == 1 && (0..width).any(|row| (row..width).any(|column| off(row, column))) {
            return Some("the products of one person are not those of the sums");
        }
        None
    }

    /// Sums columns over the rows of each person, and adds the people. `units` has the person of each row: any numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Lengths`], [`Error::NotFinite`] and [`Error::TooLarge`].
    pub fn of(units: &[u32], columns: &[&[f64]]) -> Result<Moments, Error> {
        let rows = units.len();
        for (index, column) in columns.iter().enumerate() {
            let name = || format!("column {index}");
            if column.len() != rows {
                return Err(Error::Lengths { column: name(), values: column.len(), rows });
            }
            if let Some(row) = column.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite { column: name(), row, value: column[row] });
            }
        }
        let people = Numbered::new(Some(units), rows)?;
        let sums: Vec<Vec<f64>> = columns.iter().map(|column| people.sums(column.iter().copied())).collect();
        let mut moments = Moments::new(columns.len());
        let mut totals = vec![0.0; columns.len()];
        for person in 0..people.count() {
            for (total, sums) in totals.iter_mut().zip(&sums) {
                *total = sums[person];
            }
            moments.add_person(&totals)?;
        }
        Ok(moments)
    }

    /// How many people there are.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// How many totals each has.
    pub fn width(&self) -> usize {
        self.sum.len()
    }

    /// Σ v.
    pub fn sum(&self) -> &[f64] {
        &self.sum
    }

    /// The upper triangle of Σ v vᵀ, row by row.
    pub fn products(&self) -> &[f64] {
        &self.products
    }

    /// The products of two of the totals, Σ v_i v_j, in whichever order. `None` if there are not so many.
    pub fn product(&self, row: usize, column: usize) -> Option<f64> {
        (row.max(column) < self.width()).then(|| self.at(row, column))
    }

    pub(crate) fn at(&self, row: usize, column: usize) -> f64 {
        self.products[place(self.width(), row, column)]
    }

    /// Adds the totals of somebody who is not yet in it. If they are refused, nothing is added.
    ///
    /// # Errors
    ///
    /// [`Error::Lengths`] if there are more or fewer totals; [`Error::NotFinite`], and [`Error::TooLarge`] where their sums or
    /// squares have no number.
    pub fn add_person(&mut self, totals: &[f64]) -> Result<(), Error> {
        if totals.len() != self.width() {
            let column = "the column of totals".into();
            return Err(Error::Lengths { column, values: totals.len(), rows: self.width() });
        }
        if let Some(row) = totals.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { column: "a total".into(), row, value: totals[row] });
        }
        // Once squares have a number, so have all products.
        let squares = totals.iter().enumerate().map(|(at, total)| self.at(at, at) + total * total);
        Moments::room(self.sum.iter().zip(totals).map(|(sum, total)| sum + total).chain(squares))?;
        self.people = self.people.checked_add(1).ok_or(TOO_MANY)?;
        for (sum, total) in self.sum.iter_mut().zip(totals) {
            *sum += total;
        }
        add_products(&mut self.products, totals);
        Ok(())
    }

    /// Adds people of whom none is in it yet. If they are refused, nothing is added.
    ///
    /// # Errors
    ///
    /// [`Error::Unlike`] if they have more or fewer totals, and [`Error::TooLarge`] where the sums have no number.
    pub fn merge(&mut self, other: &Moments) -> Result<(), Error> {
        if self.width() != other.width() {
            let (ours, theirs) = (self.width().to_string(), other.width().to_string());
            return Err(Error::Unlike { what: "the numbers of totals", ours, theirs });
        }
        let pairs = || self.sum.iter().zip(&other.sum).chain(self.products.iter().zip(&other.products));
        Moments::room(pairs().map(|(ours, theirs)| ours + theirs))?;
        self.people = self.people.checked_add(other.people).ok_or(TOO_MANY)?;
        for (ours, theirs) in self.sum.iter_mut().zip(&other.sum) {
            *ours += theirs;
        }
        for (ours, theirs) in self.products.iter_mut().zip(&other.products) {
            *ours += theirs;
        }
        Ok(())
    }

    fn room(mut sums: impl Iterator<Item = f64>) -> Result<(), Error> {
        if sums.all(|sum| sum.is_finite()) {
            Ok(())
        } else {
            Err(Error::TooLarge { column: "a column of totals".into() })
        }
    }

    /// The ratio θ = Σ t / Σ b of two of the totals, with G people and
    ///
    /// var θ = G / (G − 1) · Σ (t_g − θ b_g)² / (Σ b_g)²
    ///
    /// (Cochran, 1977, Sampling Techniques, section 6.4; people are a sample of endlessly many), with *t* of G − 1 degrees of
    /// freedom. It is what [`means::ratio`](crate::means::ratio) gives of the rows with people as clusters. If the bottom is 1 a
    /// person, it is the mean over people.
    ///
    /// # Errors
    ///
    /// [`Error::NoColumn`]; [`Error::TooFew`] for fewer than two people; [`Error::Undefined`] if the bottom adds up to 0;
    /// [`Error::NoSpread`] if everybody has the same ratio, but for rounding.
    pub fn ratio(&self, top: usize, bottom: usize) -> Result<Ratio, Error> {
        let columns = self.width();
        if let Some(column) = [top, bottom].into_iter().find(|column| *column >= columns) {
            return Err(Error::NoColumn { column, columns });
        }
        if self.people < 2 {
            return Err(Error::TooFew { what: "people", count: self.people as usize, least: 2 });
        }
        let (above, below, people) = (self.sum[top], self.sum[bottom], self.people as f64);
        let (squares_above, squares_below) = (self.at(top, top), self.at(bottom, bottom));
        if below.abs() <= ROUNDING * (people * squares_below).sqrt() {
            return Err(Error::Undefined {
                what: "the sum of the bottom",
                value: below,
                estimate: "the ratio",
            });
        }
        let estimate = above / below;
        // In units of Σ b, so that squares of large or small totals stay numbers.
        let mixed = 2.0 * estimate * (self.at(top, bottom) / below / below);
        let whole = squares_above / below / below + estimate * estimate * (squares_below / below / below);
        let squares = whole - mixed;
        if !(estimate.is_finite() && whole.is_finite() && mixed.is_finite()) {
            return Err(Error::TooLarge { column: "the top, next to the bottom,".into() });
        }
        if squares <= ROUNDING * whole {
            return Err(Error::NoSpread { what: "the ratio" });
        }
        let std_error = (people / (people - 1.0) * squares).sqrt();
        let reach = student_quantile(0.975, people - 1.0) * std_error;
        Ok(Ratio {
            estimate,
            std_error,
            conf_low: estimate - reach,
            conf_high: estimate + reach,
            people: self.people,
        })
    }
}

const TOO_MANY: Error = Error::NoSums { why: "there are more of them than can be counted" };

/// Adds v vᵀ to the upper triangle of a square matrix.
pub(crate) fn add_products(triangle: &mut [f64], values: &[f64]) {
    let mut rest = triangle;
    for (at, value) in values.iter().enumerate() {
        let (row, below) = rest.split_at_mut(values.len() - at);
        for (product, other) in row.iter_mut().zip(&values[at..]) {
            *product += value * other;
        }
        rest = below;
    }
}

/// Where an entry stands in the upper triangle of a square matrix, in whichever order of row and column.
pub(crate) fn place(width: usize, row: usize, column: usize) -> usize {
    let (row, column) = (row.min(column), row.max(column));
    // Each row before is one shorter than the one before it.
    row * width - row * (row + 1) / 2 + column
}

/// How many entries the upper triangle of a square matrix has.
pub(crate) fn triangle(width: usize) -> Option<usize> {
    width.checked_add(1).and_then(|more| width.checked_mul(more)).map(|twice| twice / 2)
}
