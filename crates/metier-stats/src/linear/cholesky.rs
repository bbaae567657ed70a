//! A Cholesky factor that leaves out columns which the earlier ones already span, as fixest does.

/// `A = RᵀR` over the kept columns of a symmetric matrix.
#[derive(Debug, Clone)]
pub(super) struct Cholesky {
    size: usize,
    /// R, row-major; rows of left-out columns are zero.
    factor: Vec<f64>,
    /// Whether each column is kept.
    pub kept: Vec<bool>,
    /// The smallest kept pivot as a share of its scale.
    pub smallest_pivot: f64,
}

impl Cholesky {
    /// Factors a row-major symmetric matrix, of which it reads the upper triangle. A column is left out if what the
    /// earlier ones leave of it is at most `tolerance` times its scale.
    pub fn new(matrix: Vec<f64>, scales: &[f64], tolerance: f64) -> Cholesky {
        let size = scales.len();
        let mut factor = matrix;
        let mut kept = vec![true; size];
        let mut smallest_pivot = f64::INFINITY;
        for column in 0..size {
            let (done, rest) = factor.split_at_mut((column + 1) * size);
            let row = &mut done[column * size..];
            let pivot = row[column];
            row[..column].fill(0.0);
            // Written so that a pivot that is no number is left out, too.
            if !(pivot > tolerance * scales[column] && pivot > 0.0) {
                kept[column] = false;
                row.fill(0.0);
                continue;
            }
            smallest_pivot = smallest_pivot.min(pivot / scales[column]);
            let root = pivot.sqrt();
            for value in &mut row[column..] {
                *value /= root;
            }
            for (below, rest) in (column + 1..size).zip(rest.chunks_exact_mut(size)) {
                let factor = row[below];
                if factor != 0.0 {
                    for (value, own) in rest[below..].iter_mut().zip(&row[below..]) {
                        *value -= factor * own;
                    }
                }
            }
        }
        Cholesky { size, factor, kept, smallest_pivot }
    }

    /// Solves for `width` right-hand sides in place, row-major; unknowns of left-out columns are 0.
    pub fn solve(&self, sides: &mut [f64], width: usize) {
        let size = self.size;
        for column in 0..size {
            let (done, rest) = sides.split_at_mut((column + 1) * width);
            let own = &mut done[column * width..];
            if !self.kept[column] {
                own.fill(0.0);
                continue;
            }
            let row = &self.factor[column * size..(column + 1) * size];
            for value in own.iter_mut() {
                *value /= row[column];
            }
            for (factor, rest) in row[column + 1..].iter().zip(rest.chunks_exact_mut(width)) {
                for (value, own) in rest.iter_mut().zip(own.iter()) {
                    *value -= factor * own;
                }
            }
        }
        for column in (0..size).rev().filter(|column| self.kept[*column]) {
            let (done, rest) = sides.split_at_mut((column + 1) * width);
            let own = &mut done[column * width..];
            let row = &self.factor[column * size..(column + 1) * size];
            for (factor, solved) in row[column + 1..].iter().zip(rest.chunks_exact(width)) {
                for (value, solved) in own.iter_mut().zip(solved) {
                    *value -= factor * solved;
                }
            }
            for value in own.iter_mut() {
                *value /= row[column];
            }
        }
    }

    /// The inverse over the kept columns, row-major, with zeros elsewhere.
    pub fn inverse(&self) -> Vec<f64> {
        let size = self.size;
        let mut inverse = vec![0.0; size * size];
        for column in 0..size {
            inverse[column * size + column] = 1.0;
        }
        self.solve(&mut inverse, size.max(1));
        for row in 0..size {
            for column in 0..size {
                if !self.kept[column] {
                    inverse[row * size + column] = 0.0;
                }
            }
        }
        // The two triangles differ by rounding; one number for both keeps covariances symmetric to the last digit.
        for row in 0..size {
            for column in 0..row {
                let mean = f64::midpoint(inverse[row * size + column], inverse[column * size + row]);
                inverse[row * size + column] = mean;
                inverse[column * size + row] = mean;
            }
        }
        inverse
    }
}

#[cfg(test)]
mod tests {
    use super::Cholesky;

    #[test]
    fn a_column_that_earlier_ones_span_is_left_out() {
        // The third column is the sum of the first two.
        let matrix = vec![2.0, 1.0, 3.0, 1.0, 2.0, 3.0, 3.0, 3.0, 6.0];
        let cholesky = Cholesky::new(matrix, &[2.0, 2.0, 6.0], 1e-10);
        assert_eq!(cholesky.kept, [true, true, false]);
        let expected = [2.0, -1.0, 0.0, -1.0, 2.0, 0.0, 0.0, 0.0, 0.0].map(|value| value / 3.0);
        for (ours, expected) in cholesky.inverse().into_iter().zip(expected) {
            assert!((ours - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn a_left_out_column_before_a_kept_one_changes_nothing() {
        let mut side = [3.0, 5.0, 4.0];
        Cholesky::new(vec![1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 2.0], &[1.0, 1.0, 2.0], 1e-10)
            .solve(&mut side, 1);
        assert!((side[0], side[1]) == (3.0, 0.0) && (side[2] - 2.0_f64).abs() < 1e-15);
    }
}
