//! Regressions that add up: what groups of people can each compute of their rows, so that the sums give the regression over all
//! of them with its errors by person, and nobody's rows leave their group.

use super::absorb::absorb;
use super::design::{Design, check_length, mean};
use super::estimates::Coefficient;
use super::levels::{Levels, without_singletons};
use super::rows::{Kept, Rows, Weights};
use crate::distribution::{student_quantile, student_two_sided};
use crate::error::Error;
use crate::moments::{Moments, SLACK, add_products, place, triangle};
use crate::symmetric::Factor;

/// The term of a design without fixed effects that is 1 in each row.
const INTERCEPT: &str = "Intercept";
/// A term is collinear if the earlier ones leave no more than this share of its squares, and is spanned by the fixed effects if
/// these leave no more of its variance: as in [`Model`](super::Model).
const COLLINEAR: f64 = 1e-10;
/// What is less than this share of the outcome's squares is rounding, of a column that effects are taken out of.
const ROUNDING: f64 = 1e-22;
/// The same, of squares that the mean is not yet taken off.
const ROUNDING_OF_MEAN: f64 = 1e-28;
/// The same of differences of sums; a thousandth of what is left may then be rounding.
const ROUNDING_OF_SUMS: f64 = 1e-12;
/// With t terms each person has some t²/2 sums, and these t⁴/8 products. Of so many terms it is 100 MB.
const MOST_TERMS: usize = 100;

/// The cross-products of a regression, by person.
///
/// With Z the rows of a person g, of regressors and the outcome, and W_g = Z_gᵀ Z_g, it holds how many people there are, Σ W_g, and
/// the products of all entries of W_g, Σ vech(W_g) vech(W_g)ᵀ. The coefficients β follow from Σ W_g. The score of a person,
/// s_g − S_g β with s_g and S_g parts of W_g, is linear in W_g, so that the sum of the scores' outer products, which clustered
/// errors are made of (Liang and Zeger, 1986), follows from the products for *any* β: also for that of all groups together, which
/// no group knows. Nothing is approximated.
///
/// Fixed effects are taken out within the group. The sum over groups is thus the regression whose every effect is crossed with the
/// group. Without fixed effects there is one intercept for all groups, the first term, named "Intercept", and it is the regression on
/// all rows as they are.
///
/// Sums of squares have half the digits of rows. Without fixed effects, columns whose mean is far from 0 next to their spread lose
/// digits of the errors: 11 are right where the means are 5 times the spread, 9 where they are 20 times, 6 where they are 100 times.
/// Beyond, [`CrossProducts::fit`] says so. It helps to take a number off the column, the same in all groups.
///
/// ```
/// use metier_stats::linear::{Covariance, CrossProducts, Design, Regressor, fit};
///
/// let (hours, outcome) = ([0.0, 2.0, 1.0, 3.0, 1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 6.0, 2.0, 4.0, 7.0]);
/// let people = [1, 1, 2, 2, 3, 3, 3];
/// let design = |rows: std::ops::Range<usize>| Design {
///     outcome: &outcome[rows.clone()],
///     regressors: vec![Regressor { name: "hours".into(), values: (&hours[rows]).into() }],
///     fixed_effects: vec![],
///     weights: None,
/// };
/// let mut sums = CrossProducts::of(&design(0..2), &people[..2])?;
/// sums.merge(&CrossProducts::of(&design(2..7), &people[2..])?)?;
/// let (added, whole) = (sums.fit()?, fit(&design(0..7), &Covariance::Clustered(vec![&people]))?);
/// assert!((added[1].estimate - whole.coefficients[1].estimate).abs() < 1e-12);
/// assert!((added[1].std_error - whole.coefficients[1].std_error).abs() < 1e-12);
/// # Ok::<(), metier_stats::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CrossProducts {
    terms: Vec<String>,
    rows: u64,
    absorbed: u64,
    moments: Moments,
}

impl CrossProducts {
    /// Of one group. `people` has the person of each row: any numbers. Rows that are alone in a level of a fixed effect are left
    /// out, as in [`fit`](super::fit). Regressors that are constant here, or spanned by the fixed effects, stay: other groups may tell
    /// them.
    ///
    /// # Errors
    ///
    /// [`Error::Weighted`]; [`Error::Twice`] for names; [`Error::Lengths`], [`Error::NoRows`], [`Error::NotFinite`] or
    /// [`Error::TooLarge`] for columns; [`Error::TooFew`] for no regressors besides fixed effects, [`Error::Argument`] for more than
    /// 100; [`Error::NotConverged`] for large fixed effects that are hardly connected.
    pub fn of(design: &Design, people: &[u32]) -> Result<CrossProducts, Error> {
        if design.weights.is_some() {
            return Err(Error::Weighted);
        }
        design.check()?;
        let all_rows = design.outcome.len();
        check_length("the column of people", people.len(), all_rows)?;
        let codes: Vec<&[u32]> = design.fixed_effects.iter().map(|effect| &*effect.codes).collect();
        let intercept = codes.is_empty();
        let mut terms: Vec<String> = design.regressors.iter().map(|one| one.name.clone()).collect();
        if intercept {
            terms.insert(0, INTERCEPT.to_owned());
        }
        check_terms(&terms)?;
        if !intercept && terms.iter().any(|term| term == INTERCEPT) {
            // The fixed effects have it.
            return Err(Error::Twice { name: INTERCEPT.to_owned() });
        }
        let (effects, kept) = without_singletons(&codes, all_rows);
        if kept.count() == 0 {
            return Err(Error::NoRows { alone: all_rows });
        }
        let people = Levels::kept(people, &kept);
        let absorbed = parameters(&effects, &people);
        let rows = if intercept { as_given(design, &kept)? } else { within(design, &kept, effects)? };
        Ok(CrossProducts { terms, rows: kept.count() as u64, absorbed, moments: by_person(&rows, &people)? })
    }

    /// From sums that were kept. They are checked for what any cross-products satisfy, since files can hold anything.
    ///
    /// # Errors
    ///
    /// [`Error::Twice`], [`Error::TooFew`] or [`Error::Argument`] for terms, and [`Error::NoSums`].
    pub fn from_parts(
        terms: Vec<String>,
        rows: u64,
        absorbed: u64,
        moments: Moments,
    ) -> Result<CrossProducts, Error> {
        check_terms(&terms)?;
        let made = CrossProducts { terms, rows, absorbed, moments };
        match made.flaw() {
            Some(why) => Err(Error::NoSums { why }),
            None => Ok(made),
        }
    }

    /// What no cross-products can have.
    fn flaw(&self) -> Option<&'static str> {
        let (width, moments) = (self.terms.len() + 1, &self.moments);
        if Some(moments.width()) != triangle(width) {
            return Some("there is not one total for each pair of terms and the outcome");
        }
        if self.rows < moments.people() || (moments.people() == 0) != (self.rows == 0) {
            return Some("there are more people than rows, or rows of nobody");
        }
        let intercept = self.terms[0] == INTERCEPT;
        let later = self.terms[1..].iter().any(|term| term == INTERCEPT);
        if later || (self.rows > 0 && intercept == (self.absorbed > 0)) {
            return Some("there must be either an intercept as the first term, or fixed effects");
        }
        if intercept && moments.sum()[0] != self.rows as f64 {
            return Some("the squares of the intercept do not add up to the rows");
        }
        let squares: Vec<usize> = (0..width).map(|at| place(width, at, at)).collect();
        let below = |bound: f64, value: f64| value <= bound * (1.0 + SLACK);
        for (row, one) in squares.iter().enumerate() {
            for (column, other) in squares.iter().enumerate().skip(row) {
                let mixed = place(width, row, column);
                let (first, second) = (moments.sum()[*one], moments.sum()[*other]);
                if !(first >= 0.0 && second >= 0.0 && moments.at(*one, *other) >= 0.0) {
                    return Some("a sum of squares is below 0");
                }
                // W is positive: its entries are bounded by its diagonal in the sum, and so, person by person, in the products.
                if !below(first.sqrt() * second.sqrt(), moments.sum()[mixed].abs())
                    || !below(moments.at(*one, *other), moments.at(mixed, mixed))
                    || !below(first * second, moments.at(*one, *other))
                {
                    return Some("a cross-product is larger than the squares allow");
                }
            }
        }
        None
    }

    /// The names of the terms, in the order of the coefficients.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many parameters the fixed effects take, intercepts included; 0 without. Levels less one for each effect but the first,
    /// and effects that are nested in people are one, as [`Covariance::Clustered`](super::Covariance::Clustered) counts, in each group
    /// by itself: so over several groups each counts its own nested effects, and takes its own less one.
    pub fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// The sums over people. The totals of a person are the upper triangle of W, row by row, the outcome last.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// How many people there are.
    pub fn people(&self) -> u64 {
        self.moments.people()
    }

    /// Adds a group of whom nobody is in it yet. If it is refused, nothing is added.
    ///
    /// # Errors
    ///
    /// [`Error::Unlike`] if the terms are not the same in the same order, [`Error::TooLarge`] and [`Error::NoSums`] where sums have
    /// no number.
    pub fn merge(&mut self, other: &CrossProducts) -> Result<(), Error> {
        if self.terms != other.terms {
            let (ours, theirs) = (self.terms.join(", "), other.terms.join(", "));
            return Err(Error::Unlike { what: "the terms", ours, theirs });
        }
        let sums = self.rows.checked_add(other.rows).zip(self.absorbed.checked_add(other.absorbed));
        let (rows, absorbed) =
            sums.ok_or(Error::NoSums { why: "there are more rows than can be counted" })?;
        self.moments.merge(&other.moments)?;
        (self.rows, self.absorbed) = (rows, absorbed);
        Ok(())
    }

    /// The coefficients, with errors clustered by person: those of [`Covariance::Clustered`](super::Covariance::Clustered), its factor
    /// (n − 1) / (n − k) · G / (G − 1) and *t* of G − 1 degrees of freedom included.
    ///
    /// # Errors
    ///
    /// [`Error::FewClusters`], [`Error::NoDegreesOfFreedom`]; [`Error::Collinear`] for a term that those before it span over all
    /// groups, or that does not vary; [`Error::ConstantOutcome`], [`Error::PerfectFit`]; [`Error::Lost`] where rounding is all that
    /// is left of a variance.
    pub fn fit(&self) -> Result<Vec<Coefficient>, Error> {
        let size = self.terms.len();
        let people = self.people();
        if people < 2 {
            return Err(Error::FewClusters { variable: 1, clusters: people as usize });
        }
        let parameters = self.absorbed.saturating_add(size as u64);
        if self.rows <= parameters {
            let (rows, parameters) = (self.rows as usize, parameters as usize);
            return Err(Error::NoDegreesOfFreedom { rows, parameters });
        }
        let width = size + 1;
        let entry = |row: usize, column: usize| self.moments.sum()[place(width, row, column)];
        let matrix: Vec<f64> =
            (0..size).flat_map(|row| (0..size).map(move |column| entry(row, column))).collect();
        let factor = Factor::new(&matrix, size, COLLINEAR)
            .map_err(|column| Error::Collinear { column: self.terms[column].clone() })?;

        let side: Vec<f64> = (0..size).map(|row| entry(row, size)).collect();
        let mut estimates = side.clone();
        factor.solve(&mut estimates);
        let mut correction: Vec<f64> = side
            .iter()
            .zip(super::model::times(&matrix, &estimates))
            .map(|(side, fitted)| side - fitted)
            .collect();
        factor.solve(&mut correction);
        for (estimate, correction) in estimates.iter_mut().zip(correction) {
            *estimate += correction;
        }

        let total = entry(size, size);
        if total == 0.0 {
            return Err(Error::ConstantOutcome { within: self.absorbed > 0 });
        }
        let explained: f64 = estimates.iter().zip(&side).map(|(estimate, side)| estimate * side).sum();
        if total - explained <= total * ROUNDING_OF_SUMS {
            return Err(Error::PerfectFit);
        }
        let inverse = factor.inverse();
        let (g, n) = (people as f64, self.rows as f64);
        let small_sample = (n - 1.0) / (n - parameters as f64) * (g / (g - 1.0));
        let critical = student_quantile(0.975, g - 1.0);
        let coefficients = self.terms.iter().zip(estimates.iter().zip(inverse.chunks_exact(size)));
        coefficients
            .map(|(name, (estimate, bread))| {
                let variance = small_sample * self.variance(name, &estimates, bread)?;
                let std_error = variance.sqrt();
                let (t, reach) = (estimate / std_error, critical * std_error);
                Ok(Coefficient {
                    name: name.clone(),
                    estimate: *estimate,
                    std_error,
                    t,
                    p: student_two_sided(t, g - 1.0),
                    conf_low: estimate - reach,
                    conf_high: estimate + reach,
                })
            })
            .collect()
    }

    /// Σ (bᵀ (s_g − S_g β))² over people, for a row b of the inverse: the factors of the entries of W_g in bᵀ (s_g − S_g β), and with
    /// them the form of the products.
    fn variance(&self, name: &str, estimates: &[f64], bread: &[f64]) -> Result<f64, Error> {
        let (size, width) = (estimates.len(), estimates.len() + 1);
        let mut factors = vec![0.0; self.moments.width()];
        for row in 0..size {
            factors[place(width, row, size)] += bread[row];
            for column in 0..size {
                factors[place(width, row, column)] -= bread[row] * estimates[column];
            }
        }
        let (mut variance, mut largest) = (0.0, 0.0);
        for (row, factor) in factors.iter().enumerate() {
            let start = place(factors.len(), row, row);
            let products = &self.moments.products()[start..start + factors.len() - row];
            let rest: f64 =
                products[1..].iter().zip(&factors[row + 1..]).map(|(one, other)| one * other).sum();
            variance += factor * (products[0] * factor + 2.0 * rest);
            largest += factor.abs() * products[0].sqrt();
        }
        // The form is at most the square of the second sum, which is how large the terms are that cancel.
        if variance > ROUNDING_OF_SUMS * largest * largest && variance.is_finite() {
            Ok(variance)
        } else {
            Err(Error::Lost { name: name.to_owned() })
        }
    }
}

/// Checks that terms have names of their own, and are neither none nor too many.
fn check_terms(terms: &[String]) -> Result<(), Error> {
    if terms.is_empty() {
        return Err(Error::TooFew { what: "terms", count: 0, least: 1 });
    }
    if terms.len() > MOST_TERMS {
        let wanted = "at most 100, since products of all pairs of pairs are kept";
        return Err(Error::Argument { name: "the number of terms", value: terms.len() as f64, wanted });
    }
    match (1..terms.len()).find(|at| terms[..*at].contains(&terms[*at])) {
        Some(at) => Err(Error::Twice { name: terms[at].clone() }),
        None => Ok(()),
    }
}

/// Levels of fixed effects as [`Covariance::Clustered`](super::Covariance::Clustered) counts them.
fn parameters(effects: &[Levels], people: &Levels) -> u64 {
    let own = |(index, effect): (usize, &Levels)| {
        let levels = if effect.nested_in(people) { 1 } else { effect.count };
        (levels - usize::from(index > 0)) as u64
    };
    effects.iter().enumerate().map(own).sum()
}

/// Ones, the regressors and the outcome. Nothing is taken off, since groups have no mean in common.
fn as_given(design: &Design, kept: &Kept) -> Result<Rows, Error> {
    let weights = Weights(None);
    let ones = vec![1.0; design.outcome.len()];
    let mut columns: Vec<&[f64]> = vec![&ones];
    for (name, column) in named(design) {
        mean(name, column, kept, &weights)?;
        columns.push(column);
    }
    let rows = Rows::new(&columns, &vec![0.0; columns.len()], kept);
    check_squares(&rows.squares(&weights)[1..], design)?;
    Ok(rows)
}

/// The regressors and the outcome with the fixed effects taken out. What these span is 0, not rounding.
fn within(design: &Design, kept: &Kept, effects: Vec<Levels>) -> Result<Rows, Error> {
    let weights = Weights(None);
    let (mut columns, mut shifts) = (Vec::new(), Vec::new());
    for (name, column) in named(design) {
        shifts.push(mean(name, column, kept, &weights)?);
        columns.push(column);
    }
    let mut rows = Rows::new(&columns, &shifts, kept);
    let whole = rows.squares(&weights);
    check_squares(&whole, design)?;
    absorb(&mut rows, effects, &weights)?;
    let (count, outcome) = (kept.count() as f64, columns.len() - 1);
    for (at, left) in rows.squares(&weights).into_iter().enumerate() {
        let share = if at == outcome { ROUNDING } else { COLLINEAR };
        // Of a constant column the rounding of its mean is left.
        let of_mean = count * shifts[at] * shifts[at] * ROUNDING_OF_MEAN;
        if left <= (share * whole[at]).max(of_mean) {
            rows.iter_mut().for_each(|row| row[at / 4][at % 4] = 0.0);
        }
    }
    Ok(rows)
}

/// The regressors, then the outcome.
fn named<'a>(design: &'a Design) -> impl Iterator<Item = (&'a str, &'a [f64])> {
    let regressors = design.regressors.iter().map(|one| (one.name.as_str(), &*one.values));
    regressors.chain([("the outcome", design.outcome)])
}

/// Checks that products of cross-products have numbers: they are at most the squares of sums of squares.
fn check_squares(squares: &[f64], design: &Design) -> Result<(), Error> {
    match named(design).zip(squares).find(|(_, square)| !(*square * *square).is_finite()) {
        Some(((name, _), _)) => Err(Error::TooLarge { column: name.to_owned() }),
        None => Ok(()),
    }
}

/// The upper triangle of each person's Zᵀ Z, as totals.
fn by_person(rows: &Rows, people: &Levels) -> Result<Moments, Error> {
    let width = rows.width;
    let mut order: Vec<u32> = (0..people.of.len() as u32).collect();
    order.sort_by_key(|row| people.of[*row as usize]);
    let lanes: Vec<_> = rows.iter().collect();
    let mut moments = Moments::new(triangle(width).unwrap_or(usize::MAX));
    let mut totals = vec![0.0; moments.width()];
    for own in order.chunk_by(|one, other| people.of[*one as usize] == people.of[*other as usize]) {
        totals.fill(0.0);
        for row in own {
            add_products(&mut totals, &lanes[*row as usize].as_flattened()[..width]);
        }
        moments.add_person(&totals)?;
    }
    Ok(moments)
}
