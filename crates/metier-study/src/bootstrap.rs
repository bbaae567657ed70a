//! Resampling with replacement, reproducible to the byte, and Wilson's interval. Knows nothing of sessions.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The 97.5th percentile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Draws units with replacement: how often each unit stands in a resample.
pub(crate) struct Resampler {
    random: ChaCha8Rng,
    weights: Vec<u32>,
}

impl Resampler {
    /// A resampler of `units` units. The seed is the ChaCha8 key, and the name picks one of its 2⁶⁴
    /// streams, so that no result depends on what was drawn before for another name.
    pub(crate) fn new(seed: u64, name: &str, units: usize) -> Resampler {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(fnv1a(name));
        Resampler { random, weights: vec![0; units] }
    }

    /// The next resample, as a weight for each unit; the weights sum to the number of units.
    pub(crate) fn draw(&mut self) -> &[u32] {
        self.weights.fill(0);
        let units = u32::try_from(self.weights.len()).expect("a store holds fewer than 2³² sessions");
        for _ in 0..units {
            let unit = below(&mut self.random, units);
            self.weights[unit as usize] += 1;
        }
        &self.weights
    }
}

/// An unbiased number below `bound`: Lemire, "Fast random integer generation in an interval" (2019),
/// algorithm 5, on 32-bit words. Our own, because a library's may draw otherwise in its next version.
fn below(random: &mut impl Rng, bound: u32) -> u32 {
    let mut product = u64::from(random.next_u32()) * u64::from(bound);
    if (product as u32) < bound {
        let threshold = bound.wrapping_neg() % bound;
        while (product as u32) < threshold {
            product = u64::from(random.next_u32()) * u64::from(bound);
        }
    }
    (product >> 32) as u32
}

/// FNV-1a, 64 bits (Fowler, Noll and Vo, 1991): a fixed number for a name.
fn fnv1a(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The 95 % interval of a share `p` over `n` units: Wilson (1927), the score interval.
pub(crate) fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At the ends the formula gives 0 and 1 themselves, but for rounding.
    let low = if p == 0.0 { 0.0 } else { (centre - half) / scale };
    let high = if p == 1.0 { 1.0 } else { (centre + half) / scale };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_stream_are_fixed() {
        let mut resampler = Resampler::new(7, "depth/all", 10);
        let weights = resampler.draw().to_vec();
        assert_eq!(weights.iter().sum::<u32>(), 10);
        assert_eq!(weights, Resampler::new(7, "depth/all", 10).draw());
        assert_ne!(weights, Resampler::new(7, "depth/2026-01", 10).draw());
        assert_ne!(weights, Resampler::new(8, "depth/all", 10).draw());
        assert_eq!(weights, FIXED);
    }

    /// Drawn once and kept: another value means that every store's intervals change.
    const FIXED: [u32; 10] = [0, 1, 1, 0, 0, 2, 2, 1, 1, 2];

    #[test]
    fn every_index_is_drawn_equally_often() {
        let mut resampler = Resampler::new(1, "uniform", 5);
        let mut sums = [0u32; 5];
        for _ in 0..20_000 {
            for (sum, weight) in sums.iter_mut().zip(resampler.draw()) {
                *sum += weight;
            }
        }
        // Binomial with n = 100,000 and p = 0.2: mean 20,000, standard deviation 126; five of them.
        assert!(sums.iter().all(|sum| sum.abs_diff(20_000) < 632), "{sums:?}");
    }

    #[test]
    fn wilson_by_hand() {
        // Newcombe (1998), table I: 0 of 20 gives 0 to 0.1611; 15 of 148 gives 0.0624 to 0.1605.
        let (low, high) = wilson(0.0, 20.0);
        assert_eq!(low, 0.0);
        assert!((high - 0.1611).abs() < 5e-5);
        let (low, high) = wilson(15.0 / 148.0, 148.0);
        assert!((low - 0.0624).abs() < 5e-5 && (high - 0.1605).abs() < 5e-5);
    }
}
