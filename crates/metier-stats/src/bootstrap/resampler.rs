//! Draws with replacement, reproducible to the byte. What is made of the draws is in `percentile`.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Draws units with replacement: how often each unit stands in a resample.
///
/// ```
/// use metier_stats::bootstrap::Resampler;
///
/// let mut resampler = Resampler::new(7, "depth/all", 10);
/// assert_eq!(resampler.draw(), [0, 1, 1, 0, 0, 2, 2, 1, 1, 2]);
/// ```
#[derive(Debug, Clone)]
pub struct Resampler {
    random: ChaCha8Rng,
    weights: Vec<u32>,
}

impl Resampler {
    /// A resampler of `units` units. The seed is the ChaCha8 key, and the name picks one of its 2⁶⁴
    /// streams, so that no result depends on what was drawn before for another name.
    ///
    /// ```
    /// # use metier_stats::bootstrap::Resampler;
    /// let [mut one, mut same, mut other] = ["a", "a", "b"].map(|name| Resampler::new(1, name, 100));
    /// assert_eq!(one.draw(), same.draw());
    /// assert_ne!(one.draw(), other.draw());
    /// ```
    pub fn new(seed: u64, name: &str, units: usize) -> Resampler {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(key);
        random.set_stream(fnv1a(name));
        Resampler { random, weights: vec![0; units] }
    }

    /// The next resample, as a weight for each unit; the weights sum to the number of units.
    ///
    /// # Panics
    ///
    /// If there are 2³² units or more.
    ///
    /// ```
    /// # use metier_stats::bootstrap::Resampler;
    /// assert_eq!(Resampler::new(1, "any", 50).draw().iter().sum::<u32>(), 50);
    /// ```
    pub fn draw(&mut self) -> &[u32] {
        self.weights.fill(0);
        let units = u32::try_from(self.weights.len()).expect("fewer than 2³² units");
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

    /// Drawn once and kept: another value means that every interval changes. The same as in `metier-study`.
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
    fn no_remainder_is_preferred() {
        // Of a bound of ¾ · 2³², half of the numbers would be divisible by 3 if no word were drawn again.
        let mut random = ChaCha8Rng::from_seed([1; 32]);
        let divisible = (0..30_000).filter(|_| below(&mut random, 3 << 30) % 3 == 0).count();
        // Binomial: mean 10,000, standard deviation 82; five of them.
        assert!(divisible.abs_diff(10_000) < 410, "{divisible}");
    }

    #[test]
    fn of_no_units_nothing_is_drawn() {
        assert!(Resampler::new(1, "none", 0).draw().is_empty());
    }
}
