//! Covariances of the coefficients: the sandwich's filling, and its small-sample corrections.

use super::design::{Covariance, check_length};
use super::estimates::Fit;
use super::levels::Levels;
use super::model::Model;
use super::rows::{Rows, add_scaled};
use crate::error::Error;

/// Residuals with less than this share of the outcome's squares are rounding.
const ROUNDING: f64 = 1e-22;
/// A row with no more than this left of its leverage fits itself.
const FULL: f64 = 1e-10;

impl Model {
    /// The coefficients with the covariance asked for.
    ///
    /// # Errors
    ///
    /// [`Error::NoDegreesOfFreedom`], [`Error::PerfectFit`]; for clusters [`Error::ClusterVariables`],
    /// [`Error::Lengths`], [`Error::FewClusters`], [`Error::NegativeVariance`]; for HC3 [`Error::FullLeverage`], and
    /// [`Error::LeverageUnknown`] with fixed effects so large that they are iterated.
    pub fn with(&self, covariance: &Covariance) -> Result<Fit, Error> {
        let rows = self.kept.count();
        let clusters = match covariance {
            Covariance::Clustered(columns) => self.clusters(columns)?,
            _ => Vec::new(),
        };
        let parameters = self.parameters(&clusters);
        if rows <= parameters {
            return Err(Error::NoDegreesOfFreedom { rows, parameters });
        }
        if self.squares.residual <= self.squares.within * ROUNDING {
            return Err(Error::PerfectFit);
        }
        let left = (rows - parameters) as f64;
        let mut degrees_of_freedom = left;
        let (small_sample, matrix) = match covariance {
            Covariance::Classical => {
                (1.0 / left, self.bread.iter().map(|entry| entry * self.squares.residual).collect())
            }
            Covariance::Hc1 => {
                let factors = self.residuals.iter().zip(self.weights.rows());
                let factors = factors.map(|(residual, weight)| (weight * residual).powi(2));
                (rows as f64 / left, self.sandwich(&self.rows.gram_scaled(factors)))
            }
            Covariance::Hc3 => {
                let leverages = self.leverages()?;
                let factors = self.residuals.iter().zip(self.weights.rows()).zip(leverages);
                let factors = factors
                    .map(|((residual, weight), leverage)| (weight * residual / (1.0 - leverage)).powi(2));
                (rows as f64 / left, self.sandwich(&self.rows.gram_scaled(factors)))
            }
            Covariance::Clustered(_) => {
                let fewest = clusters.iter().map(|one| one.count).min().unwrap_or(0) as f64;
                degrees_of_freedom = fewest - 1.0;
                let small_sample = (rows as f64 - 1.0) / left * (fewest / (fewest - 1.0));
                let mut filling = self.clustered_scores(&clusters[0]);
                if let [first, second] = &clusters[..] {
                    let second_scores = self.clustered_scores(second);
                    let both = self.clustered_scores(&first.crossed(second));
                    for ((sum, second), both) in filling.iter_mut().zip(second_scores).zip(both) {
                        *sum += second - both;
                    }
                }
                (small_sample, self.sandwich(&filling))
            }
        };
        let matrix = matrix.into_iter().map(|entry: f64| entry * small_sample).collect();
        let clusters = clusters.iter().map(|one| one.count).collect();
        Fit::new(self, self.uncentred(matrix), small_sample, degrees_of_freedom, clusters)
    }

    fn clusters(&self, columns: &[&[u32]]) -> Result<Vec<Levels>, Error> {
        if !(1..=2).contains(&columns.len()) {
            return Err(Error::ClusterVariables { count: columns.len() });
        }
        let mut clusters = Vec::new();
        for (index, codes) in columns.iter().enumerate() {
            let variable = index + 1;
            check_length(&format!("cluster variable {variable}"), codes.len(), self.all_rows)?;
            let levels = Levels::kept(codes, &self.kept);
            if levels.count < 2 {
                return Err(Error::FewClusters { variable, clusters: levels.count });
            }
            clusters.push(levels);
        }
        Ok(clusters)
    }

    /// Coefficients, and levels of fixed effects less one for each effect but the first. Effects that are nested in
    /// a cluster variable count as one level (pyfixest and fixest: `K.fixef = "nonnested"`).
    fn parameters(&self, clusters: &[Levels]) -> usize {
        let mut parameters = self.names.len();
        for (index, effect) in self.effects().iter().enumerate() {
            let nested = clusters.iter().any(|clusters| effect.nested_in(clusters));
            let levels = if nested { 1 } else { effect.count };
            parameters += levels - usize::from(index > 0);
        }
        parameters
    }

    /// Σ s sᵀ over clusters, row-major over all columns of the rows.
    fn clustered_scores(&self, clusters: &Levels) -> Vec<f64> {
        let blocks = self.rows.blocks;
        let mut sums = vec![[0.0; 4]; clusters.count * blocks];
        let scores = self.rows.iter().zip(&self.residuals).zip(self.weights.rows());
        for (((row, residual), weight), cluster) in scores.zip(&clusters.of) {
            add_scaled(&mut sums[*cluster as usize * blocks..][..blocks], weight * residual, row);
        }
        Rows::of(sums, blocks, self.rows.width).gram_scaled(std::iter::repeat(1.0))
    }

    /// B F B, for a filling over all columns of the rows.
    fn sandwich(&self, filling: &[f64]) -> Vec<f64> {
        let (size, width) = (self.columns.len(), self.rows.width);
        let filled = |row: usize, column: usize| filling[self.columns[row] * width + self.columns[column]];
        let bread = |row: usize, column: usize| self.bread[row * size + column];
        let half = product(size, bread, filled);
        let mut whole = product(size, |row, column| half[row * size + column], bread);
        for row in 0..size {
            for column in 0..row {
                whole[row * size + column] = whole[column * size + row];
            }
        }
        whole
    }

    /// The covariance of coefficients of columns as given, from that of centred columns: only the intercept changes.
    fn uncentred(&self, matrix: Vec<f64>) -> Vec<f64> {
        let Some(shifts) = &self.shifts else { return matrix };
        let size = self.columns.len();
        // With T the identity but for its first row (1, −m), the covariance is T V Tᵀ.
        let turn = |row: usize, column: usize| match (row, column) {
            (0, 0) => 1.0,
            (0, column) => -shifts[column],
            (row, column) => f64::from(u8::from(row == column)),
        };
        let half = product(size, turn, |row, column| matrix[row * size + column]);
        product(size, |row, column| half[row * size + column], |row, column| turn(column, row))
    }

    /// The leverage of each row among regressors and fixed effects.
    fn leverages(&self) -> Result<Vec<f64>, Error> {
        let mut leverages = match &self.absorbed {
            Some(absorbed) => absorbed.leverages(&self.weights).ok_or(Error::LeverageUnknown)?,
            None => vec![0.0; self.kept.count()],
        };
        let size = self.columns.len();
        let mut kept = vec![0.0; size];
        for (index, (row, weight)) in self.rows.iter().zip(self.weights.rows()).enumerate() {
            for (kept, column) in kept.iter_mut().zip(&self.columns) {
                *kept = row[column / 4][column % 4];
            }
            let form = self.bread.chunks_exact(size.max(1)).zip(&kept).map(|(bread, value)| {
                let inner: f64 = bread.iter().zip(&kept).map(|(entry, value)| entry * value).sum();
                value * inner
            });
            leverages[index] += weight * form.sum::<f64>();
            if 1.0 - leverages[index] <= FULL {
                return Err(Error::FullLeverage { row: self.kept.index(index) });
            }
        }
        Ok(leverages)
    }
}

/// A product of square matrices, row-major.
fn product(
    size: usize,
    first: impl Fn(usize, usize) -> f64,
    second: impl Fn(usize, usize) -> f64,
) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for row in 0..size {
        for inner in 0..size {
            let factor = first(row, inner);
            for column in 0..size {
                product[row * size + column] += factor * second(inner, column);
            }
        }
    }
    product
}
