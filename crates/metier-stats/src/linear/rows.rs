//! The working matrix: one row an observation, columns padded to lanes of four so that sums run in vector registers.

/// Four neighbouring columns of a row.
pub(super) type Lane = [f64; 4];

/// Rows that are summed before the sum is added to the total, which keeps rounding small.
const RUN: usize = 1024;
/// Rows that are filled from all columns before the next ones.
const TILE: usize = 256;

/// Regressors, then the outcome, one row an observation.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    lanes: Vec<Lane>,
    /// Lanes a row.
    pub blocks: usize,
    /// Columns, without those that only pad.
    pub width: usize,
}

/// `to += from`, lane by lane.
#[inline(always)]
pub(super) fn add(to: &mut [Lane], from: &[Lane]) {
    for (to, from) in to.iter_mut().zip(from) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += from;
        }
    }
}

/// `to += factor · from`, lane by lane.
#[inline(always)]
pub(super) fn add_scaled(to: &mut [Lane], factor: f64, from: &[Lane]) {
    for (to, from) in to.iter_mut().zip(from) {
        for (to, from) in to.iter_mut().zip(from) {
            *to += factor * from;
        }
    }
}

impl Rows {
    /// The columns less their shifts, at the kept rows.
    pub fn new(columns: &[&[f64]], shifts: &[f64], kept: &Kept) -> Rows {
        let (width, blocks) = (columns.len(), columns.len().div_ceil(4));
        let mut lanes = vec![[0.0; 4]; kept.count() * blocks];
        for start in (0..kept.count()).step_by(TILE) {
            let end = (start + TILE).min(kept.count());
            for (c, (column, shift)) in columns.iter().zip(shifts).enumerate() {
                let tile = lanes[start * blocks..end * blocks].chunks_exact_mut(blocks);
                match kept {
                    Kept::All(_) => {
                        for (row, value) in tile.zip(&column[start..end]) {
                            row[c / 4][c % 4] = value - shift;
                        }
                    }
                    Kept::Some(indices) => {
                        for (row, index) in tile.zip(&indices[start..end]) {
                            row[c / 4][c % 4] = column[*index as usize] - shift;
                        }
                    }
                }
            }
        }
        Rows { lanes, blocks, width }
    }

    /// Rows that are there already.
    pub fn of(lanes: Vec<Lane>, blocks: usize, width: usize) -> Rows {
        Rows { lanes, blocks, width }
    }

    /// Each row's lanes.
    #[inline(always)]
    pub fn iter(&self) -> impl Iterator<Item = &[Lane]> {
        self.lanes.chunks_exact(self.blocks)
    }

    /// Each row's lanes, to change.
    #[inline(always)]
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [Lane]> {
        self.lanes.chunks_exact_mut(self.blocks)
    }

    /// The sum of squares of each column, Σ w z².
    pub fn squares(&self, weights: &Weights) -> Vec<f64> {
        let mut total = vec![0.0; self.width];
        let mut sums = vec![[0.0; 4]; self.blocks];
        let mut factors = weights.rows();
        for run in self.lanes.chunks(RUN * self.blocks) {
            sums.fill([0.0; 4]);
            for (row, weight) in run.chunks_exact(self.blocks).zip(&mut factors) {
                for (sums, row) in sums.iter_mut().zip(row) {
                    for (sum, value) in sums.iter_mut().zip(row) {
                        *sum += weight * value * value;
                    }
                }
            }
            for (total, sum) in total.iter_mut().zip(sums.as_flattened()) {
                *total += sum;
            }
        }
        total
    }

    /// The cross-products of the columns, Σ w z zᵀ, row-major over the width.
    pub fn gram(&self, weights: &Weights) -> Vec<f64> {
        self.gram_scaled(weights.rows())
    }

    /// The same with a factor for each row. There may be more factors than rows.
    pub fn gram_scaled(&self, factors: impl Iterator<Item = f64>) -> Vec<f64> {
        let (width, blocks) = (self.width, self.blocks);
        let mut total = vec![0.0; width * width];
        let mut sums = vec![[0.0; 4]; width * blocks];
        let mut empty = |sums: &mut Vec<Lane>| {
            for i in 0..width {
                for j in i..width {
                    total[i * width + j] += sums[i * blocks + j / 4][j % 4];
                }
            }
            sums.fill([0.0; 4]);
        };
        for (index, (row, factor)) in self.iter().zip(factors).enumerate() {
            for (i, sums) in sums.chunks_exact_mut(blocks).enumerate() {
                add_scaled(&mut sums[i / 4..], factor * row[i / 4][i % 4], &row[i / 4..]);
            }
            if index % RUN == RUN - 1 {
                empty(&mut sums);
            }
        }
        empty(&mut sums);
        for i in 0..width {
            for j in 0..i {
                total[i * width + j] = total[j * width + i];
            }
        }
        total
    }
}

/// The rows that are fitted.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    /// All of so many.
    All(usize),
    /// Those of these indices.
    Some(Vec<u32>),
}

impl Kept {
    pub fn count(&self) -> usize {
        match self {
            Kept::All(count) => *count,
            Kept::Some(indices) => indices.len(),
        }
    }

    /// The index among all rows of a kept row.
    pub fn index(&self, row: usize) -> usize {
        match self {
            Kept::All(_) => row,
            Kept::Some(indices) => indices[row] as usize,
        }
    }

    /// What stands at the kept rows.
    pub fn of<T: Copy>(&self, all: &[T]) -> Vec<T> {
        match self {
            Kept::All(_) => all.to_vec(),
            Kept::Some(indices) => indices.iter().map(|index| all[*index as usize]).collect(),
        }
    }
}

/// The weight of each kept row.
#[derive(Debug, Clone)]
pub(super) struct Weights(pub Option<Vec<f64>>);

impl Weights {
    /// One weight after another; without weights, 1 for ever.
    #[inline(always)]
    pub fn rows(&self) -> impl Iterator<Item = f64> {
        let given = self.0.as_deref().unwrap_or_default();
        let ones = if self.0.is_some() { 0 } else { usize::MAX };
        given.iter().copied().chain(std::iter::repeat_n(1.0, ones))
    }

    #[inline(always)]
    pub fn at(&self, row: usize) -> f64 {
        self.0.as_ref().map_or(1.0, |weights| weights[row])
    }
}
