//! The normal equations of small fixed effects, less the largest effect: DᵀWD − DᵀWH (HᵀWH)⁻¹ HᵀWD for dummies D of
//! the small ones and H of the largest, built from counts.

use super::absorb::Others;
use super::cholesky::Cholesky;
use super::levels::Levels;
use super::rows::Weights;

/// Levels, besides those of the largest effect, whose equations are solved at once.
const MOST_LEVELS: usize = 1_000;
/// Products that the equations may take to build.
const MOST_PRODUCTS: f64 = 2e9;
/// Cells of a table of counts by level of the largest effect; beyond, counts are gathered level by level.
const MOST_CELLS: usize = 1 << 20;
/// A dummy is spanned by others if they leave no more than this share of its square.
const SPANNED: f64 = 1e-10;

/// The equations, solved.
#[derive(Debug, Clone)]
pub(super) struct Equations {
    shares: Shares,
    pub factor: Cholesky,
}

/// The weights of the other effects' levels within each level of the largest effect, without zeros.
#[derive(Debug, Clone, Default)]
struct Shares {
    /// Where each level's entries end.
    ends: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Shares {
    fn iter(&self) -> impl Iterator<Item = &[(u32, f64)]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| &self.entries[*start..*end])
    }

    /// Takes a level's weights over, in the order of the levels touched, and leaves zeros.
    fn push(&mut self, weights: &mut [f64], touched: impl Iterator<Item = u32>) {
        for level in touched {
            let weight = std::mem::take(&mut weights[level as usize]);
            if weight != 0.0 {
                self.entries.push((level, weight));
            }
        }
        self.ends.push(self.entries.len());
    }
}

impl Equations {
    /// Builds them from the rows. `sizes` are the weights of the largest effect's levels. `None` if they are too
    /// large.
    pub fn new(others: &Others, largest: &Levels, sizes: &[f64], weights: &Weights) -> Option<Equations> {
        let levels = others.levels;
        if levels > MOST_LEVELS {
            return None;
        }
        if levels == 0 {
            return Some(Equations {
                shares: Shares::default(),
                factor: Cholesky::new(Vec::new(), &[], SPANNED),
            });
        }
        let shares = if largest.count * levels <= MOST_CELLS {
            tabulated(others, largest, weights)
        } else {
            gathered(others, largest, weights)
        };
        let products: f64 = shares.iter().map(|entries| (entries.len() * entries.len()) as f64).sum();
        if products > MOST_PRODUCTS {
            return None;
        }
        let mut matrix = vec![0.0; levels * levels];
        for (places, weight) in others.rows().zip(weights.rows()) {
            for (position, first) in places.iter().enumerate() {
                for second in &places[position + 1..] {
                    matrix[*first as usize * levels + *second as usize] += weight;
                }
            }
        }
        let mut scales = vec![0.0; levels];
        for (level, weight) in &shares.entries {
            scales[*level as usize] += weight;
        }
        for (level, scale) in scales.iter().enumerate() {
            matrix[level * levels + level] = *scale;
        }
        for (entries, size) in shares.iter().zip(sizes) {
            // Entries are in the order of their levels, so this fills the upper triangle.
            for (position, (first, weight)) in entries.iter().enumerate() {
                let row = &mut matrix[*first as usize * levels..][..levels];
                for (second, other) in &entries[position..] {
                    row[*second as usize] -= weight * other / size;
                }
            }
        }
        Some(Equations { shares, factor: Cholesky::new(matrix, &scales, SPANNED) })
    }

    /// The leverage of each row in a regression on the dummies alone: the diagonal of the hat matrix.
    pub fn leverages(&self, others: &Others, largest: &Levels, sizes: &[f64], weights: &Weights) -> Vec<f64> {
        let levels = others.levels;
        let inverse = self.factor.inverse();
        let mut leverages = vec![0.0; largest.of.len()];
        let mut centre = vec![0.0; levels];
        // Without other effects there are no shares, only empty ones.
        let shares = self.shares.iter().chain(std::iter::repeat(&[][..]));
        for ((rows, entries), size) in grouped(largest).iter().zip(shares).zip(sizes) {
            // With d a row's dummies, c their mean at this level and S the equations: (d − c)ᵀ S⁻¹ (d − c).
            centre.fill(0.0);
            for (level, weight) in entries {
                for (centre, inverse) in centre.iter_mut().zip(&inverse[*level as usize * levels..]) {
                    *centre += weight / size * inverse;
                }
            }
            let constant: f64 =
                entries.iter().map(|(level, weight)| weight / size * centre[*level as usize]).sum();
            for row in rows {
                let row = *row as usize;
                let mut form = constant;
                for first in others.at(row) {
                    form -= 2.0 * centre[*first as usize];
                    for second in others.at(row) {
                        form += inverse[*first as usize * levels + *second as usize];
                    }
                }
                leverages[row] = weights.at(row) * (1.0 / size + form);
            }
        }
        leverages
    }
}

/// Shares through a table of all cells.
fn tabulated(others: &Others, largest: &Levels, weights: &Weights) -> Shares {
    let levels = others.levels;
    let mut table = vec![0.0; largest.count * levels];
    for ((places, level), weight) in others.rows().zip(&largest.of).zip(weights.rows()) {
        let cells = &mut table[*level as usize * levels..][..levels];
        for place in places {
            cells[*place as usize] += weight;
        }
    }
    let mut shares = Shares::default();
    for cells in table.chunks_exact_mut(levels) {
        shares.push(cells, 0..levels as u32);
    }
    shares
}

/// Shares level by level.
fn gathered(others: &Others, largest: &Levels, weights: &Weights) -> Shares {
    let mut shares = Shares::default();
    let mut cells = vec![0.0; others.levels];
    let mut touched = Vec::new();
    for rows in grouped(largest).iter() {
        touched.clear();
        for row in rows {
            let row = *row as usize;
            for place in others.at(row) {
                if cells[*place as usize] == 0.0 {
                    touched.push(*place);
                }
                cells[*place as usize] += weights.at(row);
            }
        }
        touched.sort_unstable();
        shares.push(&mut cells, touched.iter().copied());
    }
    shares
}

/// The rows of each level, in their order.
struct Grouped {
    ends: Vec<u32>,
    rows: Vec<u32>,
}

impl Grouped {
    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| &self.rows[*start as usize..*end as usize])
    }
}

fn grouped(levels: &Levels) -> Grouped {
    let mut ends = vec![0; levels.count + 1];
    for level in &levels.of {
        ends[*level as usize + 1] += 1;
    }
    for level in 0..levels.count {
        ends[level + 1] += ends[level];
    }
    let mut rows = vec![0; levels.of.len()];
    for (row, level) in (0_u32..).zip(&levels.of) {
        let next = &mut ends[*level as usize];
        rows[*next as usize] = row;
        *next += 1;
    }
    ends.pop();
    Grouped { ends, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_table_are_those_gathered() {
        let codes = |of: &dyn Fn(u32) -> u32| Levels::new(&(0..60).map(of).collect::<Vec<u32>>());
        let effects = [codes(&|row| row % 3), codes(&|row| row * row % 11), codes(&|row| row / 7 % 4)];
        let others = Others::new(&effects, 1);
        let weights = Weights(Some((0..60).map(|row| 1.0 + f64::from(row % 4)).collect()));
        let (table, gathered) =
            (tabulated(&others, &effects[1], &weights), gathered(&others, &effects[1], &weights));
        assert_eq!(table.ends, gathered.ends);
        assert_eq!(table.entries, gathered.entries);
    }
}
