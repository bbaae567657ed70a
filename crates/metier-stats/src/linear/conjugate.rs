//! Conjugate gradients (Hestenes and Stiefel, 1952) with the diagonal as preconditioner, for all columns at once.

use super::rows::{Lane, add};
use crate::error::Error;

/// Steps of one solution.
const MOST_STEPS: usize = 10_000;

/// For each column Σ r² / scale over the levels: how far the equations are from solved.
fn distances(residual: &[Lane], scales: &[f64], blocks: usize) -> Vec<Lane> {
    let mut sums = vec![[0.0; 4]; blocks];
    for (row, scale) in residual.chunks_exact(blocks).zip(scales) {
        for (sums, row) in sums.iter_mut().zip(row) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value * value / scale;
            }
        }
    }
    sums
}

/// The largest distance of a column as a multiple of its goal, at the root.
pub(super) fn worst(residual: &[Lane], scales: &[f64], goals: &[f64], blocks: usize) -> f64 {
    let distances = distances(residual, scales, blocks);
    let multiples = distances.as_flattened().iter().zip(goals).filter(|(_, goal)| **goal > 0.0);
    multiples.map(|(distance, goal)| (distance / goal).sqrt()).fold(0.0, f64::max)
}

/// Solves A x = `side` for a positive semidefinite A whose diagonal is at most `scales`, until each column's
/// distance is at most its goal. `apply` puts A times its first argument into its second.
///
/// # Errors
///
/// [`Error::NotConverged`] after very many steps.
pub(super) fn solve(
    side: Vec<Lane>,
    scales: &[f64],
    goals: &[f64],
    blocks: usize,
    apply: &mut impl FnMut(&[Lane], &mut [Lane]),
) -> Result<Vec<Lane>, Error> {
    let mut residual = side;
    let mut solution = vec![[0.0; 4]; residual.len()];
    let mut product = vec![[0.0; 4]; residual.len()];
    let mut direction = vec![[0.0; 4]; residual.len()];
    let mut distance = distances(&residual, scales, blocks);
    let mut turn = vec![[0.0; 4]; blocks];
    for _ in 0..MOST_STEPS {
        let done = |distance: &[Lane]| {
            distance.as_flattened().iter().zip(goals).all(|(distance, goal)| distance <= goal)
        };
        if done(&distance) {
            return Ok(solution);
        }
        for ((direction, residual), scale) in
            direction.chunks_exact_mut(blocks).zip(residual.chunks_exact(blocks)).zip(scales)
        {
            for ((direction, residual), turn) in direction.iter_mut().zip(residual).zip(&turn) {
                for ((direction, residual), turn) in direction.iter_mut().zip(residual).zip(turn) {
                    *direction = residual / scale + turn * *direction;
                }
            }
        }
        apply(&direction, &mut product);
        let mut curvature = vec![[0.0; 4]; blocks];
        for (direction, product) in direction.chunks_exact(blocks).zip(product.chunks_exact(blocks)) {
            let mut both = direction.to_vec();
            for (both, product) in both.as_flattened_mut().iter_mut().zip(product.as_flattened()) {
                *both *= product;
            }
            add(&mut curvature, &both);
        }
        // A column that is solved stays where it is.
        let mut step = distance.clone();
        for ((step, curvature), goal) in step
            .as_flattened_mut()
            .iter_mut()
            .zip(curvature.as_flattened())
            .zip(goals.iter().chain(std::iter::repeat(&0.0)))
        {
            *step = if *step > *goal && *curvature > 0.0 { *step / curvature } else { 0.0 };
        }
        if step.as_flattened().iter().all(|step| *step == 0.0) {
            return Ok(solution);
        }
        for (index, row) in residual.chunks_exact_mut(blocks).enumerate() {
            for (block, row) in row.iter_mut().enumerate() {
                for (lane, residual) in row.iter_mut().enumerate() {
                    let (place, step) = (index * blocks + block, step[block][lane]);
                    solution[place][lane] += step * direction[place][lane];
                    *residual -= step * product[place][lane];
                }
            }
        }
        let next = distances(&residual, scales, blocks);
        for ((turn, next), distance) in
            turn.as_flattened_mut().iter_mut().zip(next.as_flattened()).zip(distance.as_flattened())
        {
            *turn = if *distance > 0.0 { next / distance } else { 0.0 };
        }
        distance = next;
    }
    Err(Error::NotConverged { rounds: MOST_STEPS })
}
