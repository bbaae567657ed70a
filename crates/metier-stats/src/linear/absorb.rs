//! Takes fixed effects out of the columns, and knows how much leverage they have.
//!
//! The effect with the most levels is taken out by demeaning. What is left of the dummies of all others has normal
//! equations as small as the number of their levels; these are built from counts, without dummies, and solved at
//! once, so nothing iterates (Frisch and Waugh, 1933; Lovell, 1963; twice over). Only if the other effects have too
//! many levels for that, the equations are solved by conjugate gradients.

use super::conjugate;
use super::equations::Equations;
use super::levels::Levels;
use super::rows::{Lane, Rows, Weights, add, add_scaled};
use crate::error::Error;

/// With smaller pivots the solution is refined once.
const SMALL_PIVOT: f64 = 1e-6;
/// Conjugate gradients stop when the columns correlate less than this with every level.
const CONVERGED: f64 = 1e-14;
/// Solutions that conjugate gradients may refine.
const MOST_ROUNDS: usize = 20;

/// What is known of fixed effects once they are taken out.
#[derive(Debug, Clone)]
pub(super) struct Absorbed {
    pub effects: Vec<Levels>,
    /// Which effect has the most levels.
    largest: usize,
    /// The weight of each level of the largest effect.
    sizes: Vec<f64>,
    others: Others,
    exact: Option<Equations>,
}

/// All effects but the largest. Their levels are numbered one effect after the other.
#[derive(Debug, Clone)]
pub(super) struct Others {
    /// How many effects.
    pub effects: usize,
    /// How many levels they have together.
    pub levels: usize,
    /// Each row's levels, one an effect.
    places: Vec<u32>,
}

impl Others {
    pub fn new(effects: &[Levels], largest: usize) -> Others {
        let rows = effects[largest].of.len();
        let stride = effects.len() - 1;
        let mut others = Others { effects: stride, levels: 0, places: vec![0; stride * rows] };
        let small = effects.iter().enumerate().filter(|(index, _)| *index != largest);
        for (place, (_, effect)) in small.enumerate() {
            for (row, level) in others.places.chunks_exact_mut(stride).zip(&effect.of) {
                row[place] = others.levels as u32 + level;
            }
            others.levels += effect.count;
        }
        others
    }

    /// Each row's levels. Without other effects there are none.
    #[inline(always)]
    pub fn rows(&self) -> impl Iterator<Item = &[u32]> {
        self.places.chunks_exact(self.effects.max(1))
    }

    /// The levels of one row.
    pub fn at(&self, row: usize) -> &[u32] {
        &self.places[row * self.effects..(row + 1) * self.effects]
    }
}

/// Takes the effects out of all columns.
///
/// # Errors
///
/// [`Error::NotConverged`] where two effects have many levels and are hardly connected.
pub(super) fn absorb(rows: &mut Rows, effects: Vec<Levels>, weights: &Weights) -> Result<Absorbed, Error> {
    let most = (0..effects.len()).max_by_key(|effect| (effects[*effect].count, usize::MAX - effect));
    let largest = most.expect("there are fixed effects");
    let others = Others::new(&effects, largest);
    let mut sizes = vec![0.0; effects[largest].count];
    for (level, weight) in effects[largest].of.iter().zip(weights.rows()) {
        sizes[*level as usize] += weight;
    }
    let mut absorbed = Absorbed { effects, largest, sizes, others, exact: None };
    absorbed.exact = Equations::new(&absorbed.others, absorbed.largest(), &absorbed.sizes, weights);
    let mut sums = absorbed.largest_sums(rows, weights);
    if absorbed.others.effects == 0 {
        absorbed.demean(rows, &mut sums, |_, _| {});
        return Ok(absorbed);
    }
    match &absorbed.exact {
        Some(exact) => {
            let refined = exact.factor.smallest_pivot < SMALL_PIVOT;
            for _ in 0..=usize::from(refined) {
                let mut side = absorbed.demean_and_sum(rows, &mut sums, weights);
                exact.factor.solve(side.as_flattened_mut(), 4 * rows.blocks);
                sums = absorbed.subtract(rows, &side, weights);
            }
            absorbed.demean(rows, &mut sums, |_, _| {});
        }
        None => absorbed.iterate(rows, sums, weights)?,
    }
    Ok(absorbed)
}

impl Absorbed {
    fn largest(&self) -> &Levels {
        &self.effects[self.largest]
    }

    /// The sums of the columns by level of the largest effect.
    fn largest_sums(&self, rows: &Rows, weights: &Weights) -> Vec<Lane> {
        let mut sums = vec![[0.0; 4]; self.largest().count * rows.blocks];
        for ((row, level), weight) in rows.iter().zip(&self.largest().of).zip(weights.rows()) {
            add_scaled(&mut sums[*level as usize * rows.blocks..][..rows.blocks], weight, row);
        }
        sums
    }

    /// Turns sums by level of the largest effect into means, takes these off the rows, and hands on each row with
    /// its index.
    #[inline(always)]
    fn demean(&self, rows: &mut Rows, sums: &mut [Lane], mut then: impl FnMut(usize, &[Lane])) {
        let blocks = rows.blocks;
        for (sums, size) in sums.chunks_exact_mut(blocks).zip(&self.sizes) {
            sums.iter_mut().flatten().for_each(|sum| *sum /= -size);
        }
        for (index, (row, level)) in rows.iter_mut().zip(&self.largest().of).enumerate() {
            add(row, &sums[*level as usize * blocks..][..blocks]);
            then(index, row);
        }
    }

    /// The same, and the sums of the demeaned columns by level of the others.
    fn demean_and_sum(&self, rows: &mut Rows, sums: &mut [Lane], weights: &Weights) -> Vec<Lane> {
        let blocks = rows.blocks;
        let mut side = vec![[0.0; 4]; self.others.levels * blocks];
        self.demean(rows, sums, |index, row| {
            let weight = weights.at(index);
            for place in self.others.at(index) {
                add_scaled(&mut side[*place as usize * blocks..][..blocks], weight, row);
            }
        });
        side
    }

    /// Takes the other effects, given as coefficients of their levels, off the rows. Gives the sums of what is left
    /// by level of the largest effect.
    fn subtract(&self, rows: &mut Rows, coefficients: &[Lane], weights: &Weights) -> Vec<Lane> {
        let blocks = rows.blocks;
        let mut sums = vec![[0.0; 4]; self.largest().count * blocks];
        let levels = self.others.rows().zip(&self.largest().of).zip(weights.rows());
        for (row, ((places, level), weight)) in rows.iter_mut().zip(levels) {
            for place in places {
                add_scaled(row, -1.0, &coefficients[*place as usize * blocks..][..blocks]);
            }
            add_scaled(&mut sums[*level as usize * blocks..][..blocks], weight, row);
        }
        sums
    }

    /// Takes the effects out by conjugate gradients, again and again until rounding is all that is left.
    fn iterate(&self, rows: &mut Rows, sums: Vec<Lane>, weights: &Weights) -> Result<(), Error> {
        let blocks = rows.blocks;
        let mut sums = sums;
        let mut scales = vec![0.0; self.others.levels];
        for (places, weight) in self.others.rows().zip(weights.rows()) {
            for place in places {
                scales[*place as usize] += weight;
            }
        }
        let goals: Vec<f64> =
            rows.squares(weights).into_iter().map(|square| square * CONVERGED * CONVERGED).collect();
        let mut apply =
            |direction: &[Lane], product: &mut [Lane]| self.apply(direction, product, blocks, weights);
        let mut last = f64::INFINITY;
        for _ in 0..MOST_ROUNDS {
            let side = self.demean_and_sum(rows, &mut sums, weights);
            let left = conjugate::worst(&side, &scales, &goals, blocks);
            // Where a round no longer gains a tenth, what is left is rounding.
            if left <= 1.0 || (left < 1e4 && left > last * 0.9) {
                return Ok(());
            }
            last = left;
            let coefficients = conjugate::solve(side, &scales, &goals, blocks, &mut apply)?;
            sums = self.subtract(rows, &coefficients, weights);
        }
        Err(Error::NotConverged { rounds: MOST_ROUNDS })
    }

    /// The normal equations of the other effects times coefficients of their levels.
    fn apply(&self, coefficients: &[Lane], product: &mut [Lane], blocks: usize, weights: &Weights) {
        let mut means = vec![[0.0; 4]; self.largest().count * blocks];
        let levels = || self.others.rows().zip(&self.largest().of).zip(weights.rows());
        for ((places, level), weight) in levels() {
            let mean = &mut means[*level as usize * blocks..][..blocks];
            for place in places {
                add_scaled(mean, weight, &coefficients[*place as usize * blocks..][..blocks]);
            }
        }
        for (means, size) in means.chunks_exact_mut(blocks).zip(&self.sizes) {
            means.iter_mut().flatten().for_each(|sum| *sum /= -size);
        }
        product.fill([0.0; 4]);
        let mut value = vec![[0.0; 4]; blocks];
        for ((places, level), weight) in levels() {
            value.copy_from_slice(&means[*level as usize * blocks..][..blocks]);
            for place in places {
                add(&mut value, &coefficients[*place as usize * blocks..][..blocks]);
            }
            for place in places {
                add_scaled(&mut product[*place as usize * blocks..][..blocks], weight, &value);
            }
        }
    }

    /// The leverage of each row in a regression on the dummies alone: the diagonal of the hat matrix. `None` if the
    /// equations were too large to solve at once.
    pub fn leverages(&self, weights: &Weights) -> Option<Vec<f64>> {
        let exact = self.exact.as_ref()?;
        Some(exact.leverages(&self.others, self.largest(), &self.sizes, weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_effects() -> (Rows, Vec<Levels>, Weights) {
        let codes = |of: &dyn Fn(u32) -> u32| Levels::new(&(0..60).map(of).collect::<Vec<u32>>());
        let effects = vec![codes(&|row| row % 3), codes(&|row| row * row % 11), codes(&|row| row / 7 % 4)];
        let column: Vec<f64> = (0..60).map(|row| f64::from(row * 37 % 53)).collect();
        let rows = Rows::new(&[&column], &[0.0], &super::super::rows::Kept::All(60));
        let weights = (0..60).map(|row| 1.0 + f64::from(row % 4)).collect();
        (rows, effects, Weights(Some(weights)))
    }

    #[test]
    fn iterating_gives_what_solving_at_once_gives() {
        let (mut rows, effects, weights) = three_effects();
        let mut iterated = rows.clone();
        let mut absorbed = absorb(&mut rows, effects, &weights).expect("solved at once");
        absorbed.exact = None;
        let sums = absorbed.largest_sums(&iterated, &weights);
        absorbed.iterate(&mut iterated, sums, &weights).expect("it converges");
        for (exact, iterated) in rows.iter().zip(iterated.iter()) {
            assert!((exact[0][0] - iterated[0][0]).abs() < 1e-11);
        }
        assert_eq!(absorbed.leverages(&weights), None);
    }

    #[test]
    fn leverages_add_up_to_the_number_of_free_levels() {
        let (mut rows, effects, weights) = three_effects();
        let levels: usize = effects.iter().map(|effect| effect.count).sum();
        let absorbed = absorb(&mut rows, effects, &weights).expect("solved at once");
        let sum: f64 = absorbed.leverages(&weights).expect("solved at once").iter().sum();
        assert!((sum - (levels - 2) as f64).abs() < 1e-12);
    }
}
