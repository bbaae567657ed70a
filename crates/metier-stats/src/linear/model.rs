//! A design that is fitted, before any covariance is asked for.

use std::borrow::Cow;

use super::absorb::{Absorbed, absorb};
use super::cholesky::Cholesky;
use super::design::{Design, mean};
use super::levels::{Levels, without_singletons};
use super::rows::{Kept, Rows, Weights};
use crate::error::Error;

/// The name of the constant in models without fixed effects.
const INTERCEPT: &str = "Intercept";
/// A regressor is dropped if the earlier ones and the fixed effects leave no more than this share of its variance.
const COLLINEAR: f64 = 1e-10;
/// Estimates that move by less than this share of their standard errors leave the residuals as they are.
const NEGLIGIBLE: f64 = 1e-12;
/// What is less than this share of a column's squares is rounding.
const ROUNDING: f64 = 1e-22;
/// The same, of squares that the mean is not yet taken off.
const ROUNDING_OF_MEAN: f64 = 1e-28;

/// A design that is fitted. It keeps what covariances need, and nothing of the design.
///
/// ```
/// use metier_stats::linear::{Covariance, Design, Model, Regressor};
///
/// let design = Design {
///     outcome: &[1.0, 3.0, 2.0, 5.0, 4.0],
///     regressors: vec![Regressor { name: "x".into(), values: (&[0.0, 1.0, 2.0, 3.0, 4.0]).into() }],
///     fixed_effects: vec![],
///     weights: None,
/// };
/// let model = Model::new(&design)?;
/// let (classical, robust) = (model.with(&Covariance::Classical)?, model.with(&Covariance::Hc3)?);
/// assert_eq!(classical.coefficients[1].estimate, robust.coefficients[1].estimate);
/// assert_ne!(classical.coefficients[1].std_error, robust.coefficients[1].std_error);
/// # Ok::<(), metier_stats::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Model {
    /// Names of the kept coefficients.
    pub(super) names: Vec<String>,
    pub(super) dropped: Vec<String>,
    /// The column of each kept coefficient.
    pub(super) columns: Vec<usize>,
    /// Without fixed effects: what was taken off each kept column, to be put back into the intercept.
    pub(super) shifts: Option<Vec<f64>>,
    pub(super) estimates: Vec<f64>,
    /// The inverse of the kept cross-products.
    pub(super) bread: Vec<f64>,
    pub(super) rows: Rows,
    pub(super) weights: Weights,
    pub(super) residuals: Vec<f64>,
    pub(super) kept: Kept,
    /// How many rows the design has.
    pub(super) all_rows: usize,
    pub(super) absorbed: Option<Absorbed>,
    pub(super) squares: Squares,
}

/// Weighted sums of squares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Squares {
    /// Of the outcome about its mean.
    pub total: f64,
    /// Of the outcome that the fixed effects are taken out of.
    pub within: f64,
    pub residual: f64,
}

impl Model {
    /// Fits a design: checks it, leaves out rows that are alone in a level of a fixed effect, takes the fixed
    /// effects out, drops collinear regressors and solves the normal equations.
    ///
    /// # Errors
    ///
    /// [`Error::Lengths`], [`Error::NoRows`], [`Error::NotFinite`], [`Error::TooLarge`] or [`Error::Weight`] for
    /// columns that are not as they must be; [`Error::ConstantOutcome`]; [`Error::AllCollinear`] if regressors are
    /// given and none is left; [`Error::NotConverged`] for large fixed effects that are hardly connected.
    pub fn new(design: &Design) -> Result<Model, Error> {
        design.check()?;
        let all_rows = design.outcome.len();
        let codes: Vec<&[u32]> = design.fixed_effects.iter().map(|effect| &*effect.codes).collect();
        let (effects, kept) = without_singletons(&codes, all_rows);
        if kept.count() == 0 {
            return Err(Error::NoRows { alone: all_rows });
        }
        let weights = Weights(design.weights.map(|weights| kept.of(weights)));

        let intercept = effects.is_empty();
        let ones = if intercept { vec![1.0; all_rows] } else { Vec::new() };
        let mut names: Vec<&str> = design.regressors.iter().map(|one| one.name.as_str()).collect();
        let mut columns: Vec<&[f64]> = design.regressors.iter().map(|one| &*one.values).collect();
        let mut shifts = Vec::with_capacity(columns.len() + 2);
        for (name, column) in names.iter().zip(&columns) {
            shifts.push(mean(name, column, &kept, &weights)?);
        }
        columns.push(design.outcome);
        shifts.push(mean("the outcome", design.outcome, &kept, &weights)?);
        if intercept {
            names.insert(0, INTERCEPT);
            columns.insert(0, &ones);
            shifts.insert(0, 0.0);
        }
        let mut rows = Rows::new(&columns, &shifts, &kept);
        drop(ones);
        let outcome = names.len();
        let squares = rows.squares(&weights);
        let total = squares[outcome];
        let scales = scales(squares, kept.count(), &weights, &shifts, &names)?;
        if total <= scales[outcome] * ROUNDING_OF_MEAN / COLLINEAR {
            return Err(Error::ConstantOutcome { within: false });
        }

        let absorbed = if intercept { None } else { Some(absorb(&mut rows, effects, &weights)?) };
        let gram = rows.gram(&weights);
        let within = gram[gram.len() - 1];
        if within <= total * ROUNDING {
            return Err(Error::ConstantOutcome { within: true });
        }
        let width = rows.width;
        let products: Vec<f64> =
            (0..outcome).flat_map(|row| gram[row * width..][..outcome].to_vec()).collect();
        let cholesky = Cholesky::new(products, &scales[..outcome], COLLINEAR);
        let (columns, dropped): (Vec<usize>, Vec<usize>) =
            (0..outcome).partition(|column| cholesky.kept[*column]);
        let dropped: Vec<String> = dropped.into_iter().map(|column| names[column].to_owned()).collect();
        if !design.regressors.is_empty() && dropped.len() == design.regressors.len() {
            return Err(Error::AllCollinear { columns: dropped });
        }
        let inverse = cholesky.inverse();
        let bread = columns.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
        let bread = bread.map(|(row, column)| inverse[row * outcome + column]).collect();
        let mut model = Model {
            names: columns.iter().map(|column| names[*column].to_owned()).collect(),
            dropped,
            shifts: intercept.then(|| columns.iter().map(|column| shifts[*column]).collect()),
            columns,
            estimates: Vec::new(),
            bread,
            rows,
            weights,
            residuals: Vec::new(),
            kept,
            all_rows,
            absorbed,
            squares: Squares { total, within, residual: 0.0 },
        };
        model.solve(&gram);
        if let Some(shifts_of_kept) = &model.shifts {
            let slopes = model.estimates.iter().zip(shifts_of_kept).map(|(estimate, shift)| estimate * shift);
            let taken: f64 = slopes.sum();
            model.estimates[0] += shifts[outcome] - taken;
        }
        Ok(model)
    }

    /// Estimates and residuals. The first solution is mended by what its residuals still correlate with the columns
    /// (the corrected seminormal equations of Björck, 1987).
    fn solve(&mut self, gram: &[f64]) {
        let (width, outcome) = (self.rows.width, self.rows.width - 1);
        let side: Vec<f64> = self.columns.iter().map(|column| gram[column * width + outcome]).collect();
        self.estimates = times(&self.bread, &side);
        let left = self.residuals_and_products();
        let correction = times(&self.bread, &left);
        let error = self.squares.residual / self.kept.count() as f64;
        let mut matters = false;
        for (index, (estimate, correction)) in self.estimates.iter_mut().zip(correction).enumerate() {
            *estimate += correction;
            let variance = self.bread[index * (side.len() + 1)] * error;
            matters |= correction * correction > variance * NEGLIGIBLE * NEGLIGIBLE;
        }
        if matters {
            self.residuals_and_products();
        }
    }

    /// The levels of the fixed effects.
    pub(super) fn effects(&self) -> &[Levels] {
        self.absorbed.as_ref().map_or(&[], |absorbed| &absorbed.effects)
    }

    /// Sets the residuals and their sum of squares, and gives their cross-products with the kept columns.
    fn residuals_and_products(&mut self) -> Vec<f64> {
        let outcome = self.rows.width - 1;
        let mut coefficients = vec![[0.0; 4]; self.rows.blocks];
        coefficients[outcome / 4][outcome % 4] = 1.0;
        for (column, estimate) in self.columns.iter().zip(&self.estimates) {
            coefficients[column / 4][column % 4] = -estimate;
        }
        self.residuals.clear();
        self.residuals.reserve_exact(self.kept.count());
        let mut squares = 0.0;
        let mut products = vec![[0.0; 4]; self.rows.blocks];
        for (row, weight) in self.rows.iter().zip(self.weights.rows()) {
            let mut parts = [0.0; 4];
            for (row, coefficients) in row.iter().zip(&coefficients) {
                for lane in 0..4 {
                    parts[lane] += row[lane] * coefficients[lane];
                }
            }
            let residual = (parts[0] + parts[1]) + (parts[2] + parts[3]);
            squares += weight * residual * residual;
            super::rows::add_scaled(&mut products, weight * residual, row);
            self.residuals.push(residual);
        }
        self.squares.residual = squares;
        self.columns.iter().map(|column| products[column / 4][column % 4]).collect()
    }

    /// The outcome less what is fitted, for each row that was kept, in the outcome's unit (not times the weight).
    pub fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// The weighted sum of squared residuals. With that of a smaller model on the same rows, the partial R² of what
    /// it lacks is 1 − ours / theirs.
    pub fn residual_squares(&self) -> f64 {
        self.squares.residual
    }

    /// The indices, among the rows of the design, of those kept.
    pub fn kept_rows(&self) -> Cow<'_, [u32]> {
        match &self.kept {
            Kept::All(count) => Cow::Owned((0..*count as u32).collect()),
            Kept::Some(rows) => Cow::Borrowed(rows),
        }
    }
}

/// What the pivot of each column is compared with: its squares about the mean, or, if these are rounding, those of
/// the mean's rounding.
fn scales(
    squares: Vec<f64>,
    rows: usize,
    weights: &Weights,
    shifts: &[f64],
    names: &[&str],
) -> Result<Vec<f64>, Error> {
    let total: f64 = weights.rows().take(rows).sum();
    let mut scales = squares;
    for (column, (scale, shift)) in scales.iter_mut().zip(shifts).enumerate() {
        *scale = scale.max(total * shift * shift * (ROUNDING_OF_MEAN / COLLINEAR));
        if !scale.is_finite() {
            let column = names.get(column).map_or("the outcome", |name| name);
            return Err(Error::TooLarge { column: column.to_owned() });
        }
    }
    Ok(scales)
}

/// A square row-major matrix times a vector.
pub(super) fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    let row = |row: &[f64]| row.iter().zip(vector).map(|(entry, value)| entry * value).sum();
    matrix.chunks_exact(vector.len().max(1)).map(row).collect()
}
