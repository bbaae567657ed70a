//! Small symmetric positive matrices, row-major: which columns are independent, solving, inverting.

/// The lower Cholesky factor of a symmetric positive matrix.
#[derive(Debug, Clone)]
pub(crate) struct Factor {
    lower: Vec<f64>,
    size: usize,
}

impl Factor {
    /// Factors a row-major matrix.
    ///
    /// # Errors
    ///
    /// The first column of which earlier ones leave no more than the share `tolerance`.
    pub(crate) fn new(matrix: &[f64], size: usize, tolerance: f64) -> Result<Factor, usize> {
        let mut lower = vec![0.0; size * size];
        for column in 0..size {
            let (done, rest) = lower.split_at_mut(column * size);
            let row = &mut rest[..=column];
            for (other, above) in done.chunks_exact(size).enumerate() {
                let known: f64 = row[..other].iter().zip(above).map(|(one, other)| one * other).sum();
                row[other] = (matrix[column * size + other] - known) / above[other];
            }
            let whole = matrix[column * size + column];
            let left = whole - row[..column].iter().map(|value| value * value).sum::<f64>();
            // Written so that NaN is refused, too.
            if !(left > tolerance * whole && left.is_finite()) {
                return Err(column);
            }
            row[column] = left.sqrt();
        }
        Ok(Factor { lower, size })
    }

    /// Solves A x = b in place.
    pub(crate) fn solve(&self, side: &mut [f64]) {
        let (size, lower) = (self.size, &self.lower);
        for row in 0..size {
            let known: f64 = (0..row).map(|column| lower[row * size + column] * side[column]).sum();
            side[row] = (side[row] - known) / lower[row * size + row];
        }
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|column| lower[column * size + row] * side[column]).sum();
            side[row] = (side[row] - known) / lower[row * size + row];
        }
    }

    /// The inverse, row-major and symmetric to the last digit.
    pub(crate) fn inverse(&self) -> Vec<f64> {
        let size = self.size;
        let mut inverse = vec![0.0; size * size];
        for (index, row) in inverse.chunks_exact_mut(size).enumerate() {
            row[index] = 1.0;
            self.solve(row);
        }
        for row in 0..size {
            for column in 0..row {
                let mean = f64::midpoint(inverse[row * size + column], inverse[column * size + row]);
                (inverse[row * size + column], inverse[column * size + row]) = (mean, mean);
            }
        }
        inverse
    }
}

/// Which columns are independent of those before them: of each, earlier kept ones leave more than the share `tolerance`.
/// The matrix is that of the columns' products.
pub(crate) fn independent(matrix: &[f64], size: usize, tolerance: f64) -> Vec<usize> {
    let mut left = matrix.to_vec();
    let mut kept = Vec::new();
    for column in 0..size {
        let pivot = left[column * size + column];
        if !(pivot > tolerance * matrix[column * size + column] && pivot > 0.0) {
            continue;
        }
        kept.push(column);
        let own: Vec<f64> = left[column * size..(column + 1) * size].to_vec();
        for row in column + 1..size {
            let factor = own[row] / pivot;
            if factor != 0.0 {
                for (value, own) in left[row * size..(row + 1) * size].iter_mut().zip(&own) {
                    *value -= factor * own;
                }
            }
        }
    }
    kept
}

/// A · M · A for a symmetric A.
pub(crate) fn sandwich(bread: &[f64], meat: &[f64], size: usize) -> Vec<f64> {
    let product = |one: &[f64], other: &[f64]| {
        let mut product = vec![0.0; size * size];
        for (to, row) in product.chunks_exact_mut(size).zip(one.chunks_exact(size)) {
            for (factor, other) in row.iter().zip(other.chunks_exact(size)) {
                for (to, other) in to.iter_mut().zip(other) {
                    *to += factor * other;
                }
            }
        }
        product
    };
    product(&product(bread, meat), bread)
}

/// gᵀ · A · g.
pub(crate) fn quadratic(vector: &[f64], matrix: &[f64]) -> f64 {
    let rows = vector.iter().zip(matrix.chunks_exact(vector.len().max(1)));
    rows.map(|(value, row)| value * row.iter().zip(vector).map(|(one, other)| one * other).sum::<f64>()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let factor = Factor::new(&[4.0, 2.0, 2.0, 3.0], 2, 1e-12).expect("positive");
        let expected = [3.0 / 8.0, -0.25, -0.25, 0.5];
        assert!(
            factor.inverse().iter().zip(expected).all(|(ours, expected)| (ours - expected).abs() < 1e-15)
        );
        assert_eq!(quadratic(&[1.0, 2.0], &[4.0, 2.0, 2.0, 3.0]), 24.0);
        assert_eq!(sandwich(&[2.0, 0.0, 0.0, 1.0], &[1.0, 3.0, 3.0, 1.0], 2), [4.0, 6.0, 6.0, 1.0]);
    }

    #[test]
    fn a_sum_of_columns_is_found() {
        let matrix = [2.0, 1.0, 3.0, 1.0, 2.0, 3.0, 3.0, 3.0, 6.0];
        assert_eq!(Factor::new(&matrix, 3, 1e-12).err(), Some(2));
        assert_eq!(independent(&matrix, 3, 1e-12), [0, 1]);
    }
}
