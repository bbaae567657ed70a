//! Means, shares and slopes of noisy counts, with intervals about the noise. Knows no question.
//!
//! A mean is a ratio of two sums over cells. If it were θ, then Σ (value − θ) · count over its cells would be noise alone,
//! whose distribution is known: the interval is every θ at which this sum is no further from zero than noise is in 95 %
//! (Fieller, 1954). So it holds for little data as well, where it is wide; where the data are not told from the noise it has
//! no end, and there is no number at all. A slope is no ratio of sums: there the interval is linearised, and asks for more.

use super::noisy::NoisyQuestion;
use crate::finding::{Estimate, Method};
use crate::model::rounded;

/// How many standard deviations to each side hold 95 % of a normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;
/// The same of Laplace's: ln 20 / √2.
const LAPLACE: f64 = 2.118_325_113_930_886;
/// What a slope divides by has to be so many standard deviations of its noise: linearising errs little then.
const CLEAR: f64 = 8.0;

/// Noisy counts in wholes, and what is known of their noise.
pub(super) struct Counts {
    counts: Vec<f64>,
    variance: f64,
    tail: f64,
}

/// A cell, and the value that a whole in it has.
pub(super) type Worth = (usize, f64);

/// Where the wholes of one level are: its number, and its upper and its lower cell.
pub(super) type Level = (f64, usize, usize);

impl Counts {
    pub(super) fn of(question: &NoisyQuestion, units: u32) -> Counts {
        let units = f64::from(units);
        Counts {
            counts: question.counts.iter().map(|count| *count as f64 / units).collect(),
            variance: question.variance() / (units * units),
            tail: question.tail(),
        }
    }

    /// The whole of these cells: how many sessions, by the noisy counts. None is below zero.
    pub(super) fn sessions(&self, cells: impl IntoIterator<Item = usize>) -> u64 {
        cells.into_iter().map(|cell| self.counts[cell]).sum::<f64>().max(0.0).round() as u64
    }

    /// How many standard deviations to each side hold 95 % of a sum of noises with these weights: between Laplace's and the
    /// normal distribution by the excess kurtosis.
    fn reach(&self, weights: impl Iterator<Item = f64> + Clone) -> f64 {
        let squares = weights.map(|weight| weight * weight);
        let sum: f64 = squares.clone().sum();
        let fourths: f64 = squares.map(|square| square * square).sum();
        let left = if sum > 0.0 { self.tail * fourths / (sum * sum) } else { 0.0 };
        NORMAL + (LAPLACE - NORMAL) * left
    }

    /// The mean of what the wholes in some cells are worth.
    pub(super) fn mean(&self, worth: &[Worth]) -> Estimate {
        let n = self.sessions(worth.iter().map(|(cell, _)| *cell));
        let values = || worth.iter().map(|(_, value)| *value);
        let (least, most) =
            values().fold((f64::MAX, f64::MIN), |(least, most), it| (least.min(it), most.max(it)));
        let count: f64 = worth.iter().map(|(cell, _)| self.counts[*cell]).sum();
        let sum: f64 = worth.iter().map(|(cell, value)| self.counts[*cell] * value).sum();
        let within = |value: f64| value.clamp(least, most);
        let mean = within(sum / count);
        let reach = self.reach(worth.iter().map(|(_, value)| value - mean));
        let noise = reach * reach * self.variance;
        // θ with (sum − θ count)² ≤ noise · Σ (value − θ)².
        let a = count * count - noise * worth.len() as f64;
        let b = sum * count - noise * values().sum::<f64>();
        let c = sum * sum - noise * values().map(|value| value * value).sum::<f64>();
        // Negative by rounding alone, for the mean is among them.
        let root = (b * b - a * c).max(0.0).sqrt();
        if a > 0.0 && count > 0.0 && mean.is_finite() {
            let ends = [(b - root) / a, (b + root) / a].map(within);
            seen(mean, ends, n)
        } else {
            drowned(n)
        }
    }

    /// The slope of least squares of values between `low` and `high` on the number of their level: upper cells hold the
    /// values' shares of the way from one to the other.
    pub(super) fn slope(&self, levels: &[Level], [low, high]: [f64; 2]) -> Estimate {
        let n = self.sessions(levels.iter().flat_map(|(_, upper, lower)| [*upper, *lower]));
        let of = |level: &Level| {
            let (upper, lower) = (self.counts[level.1], self.counts[level.2]);
            (level.0, upper + lower, high * upper + low * lower)
        };
        let sums = |value: &dyn Fn((f64, f64, f64)) -> f64| levels.iter().map(of).map(value).sum::<f64>();
        let count = sums(&|(_, n, _)| n);
        let cells = 2.0 * levels.len() as f64;
        let deviation = self.variance.sqrt();
        let (mean_x, mean_y) = (sums(&|(x, n, _)| n * x) / count, sums(&|(_, _, y)| y) / count);
        let spread = sums(&|(x, n, _)| n * (x - mean_x).powi(2));
        let spread_error =
            deviation * levels.iter().map(|it| 2.0 * (it.0 - mean_x).powi(4)).sum::<f64>().sqrt();
        let clear = count > CLEAR * deviation * cells.sqrt() && spread > CLEAR * spread_error;
        if !clear {
            return drowned(n);
        }
        let slope = sums(&|(x, n, y)| (x - mean_x) * (y - n * mean_y)) / spread;
        // By how much a whole more in a cell moves the slope: its residual, at its distance from the mean level.
        let moves = levels.iter().flat_map(|(x, ..)| {
            let line = mean_y + slope * (x - mean_x);
            [high, low].map(|end| (x - mean_x) * (end - line) / spread)
        });
        let moved: f64 = moves.clone().map(|it| it * it).sum();
        let half = self.reach(moves) * deviation * moved.sqrt();
        seen(slope, [slope - half, slope + half], n)
    }
}

fn seen(value: f64, [low, high]: [f64; 2], n: u64) -> Estimate {
    let [value, low, high] = [value, low, high].map(|it| Some(rounded(it)));
    Estimate { value, low, high, ..drowned(n).with(Method::Noise) }
}

fn drowned(n: u64) -> Estimate {
    Estimate {
        value: None,
        low: None,
        high: None,
        n,
        n_of: "sessions",
        sessions: n as usize,
        people: 0,
        method: Method::Drowned,
    }
}

impl Estimate {
    fn with(self, method: Method) -> Estimate {
        Estimate { method, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: &[f64], variance: f64) -> Counts {
        Counts { counts: counts.to_vec(), variance, tail: 1.0 }
    }

    fn near(value: Option<f64>, expected: f64) {
        assert!(value.is_some_and(|value| (value - expected).abs() < 1e-9), "{value:?} for {expected}");
    }

    #[test]
    fn without_noise_there_is_the_number() {
        let made = counts(&[30.0, 10.0, 7.0], 0.0).mean(&[(0, 1.0), (1, 0.0)]);
        assert_eq!((made.value, made.low, made.high, made.n), (Some(0.75), Some(0.75), Some(0.75), 40));
        // Levels 1, 2, 3 with means 1, 3, 5 of 10, 20 and 10 sessions, between 0 and 10.
        let levels = [(1.0, 0, 1), (2.0, 2, 3), (3.0, 4, 5)];
        let made = counts(&[1.0, 9.0, 6.0, 14.0, 5.0, 5.0], 0.0).slope(&levels, [0.0, 10.0]);
        near(made.value, 2.0);
        assert_eq!((made.low, made.n), (made.value, 40));
    }

    /// Far from the noise, Fieller's interval is the linearised one.
    #[test]
    fn noise_widens() {
        let made = counts(&[3e6, 1e6], 200.0).mean(&[(0, 1.0), (1, 0.0)]);
        let weights: [f64; 2] = [0.25, 0.75];
        let squares: f64 = weights.iter().map(|it| it * it).sum();
        let fourths: f64 = weights.iter().map(|it| it.powi(4)).sum();
        let reach = NORMAL + (LAPLACE - NORMAL) * fourths / (squares * squares);
        let half = reach * (200.0 * squares).sqrt() / 4e6;
        let (low, high) = (made.low.unwrap_or(0.0), made.high.unwrap_or(0.0));
        assert!(((high - low) / 2.0 / half - 1.0).abs() < 1e-4, "{made:?} for {half}");
    }

    #[test]
    fn what_is_not_told_from_noise_is_not_told() {
        for (cells, variance) in [([30.0, 10.0], 2000.0), ([-30.0, -10.0], 1.0), ([0.0, 0.0], 0.0)] {
            let made = counts(&cells, variance).mean(&[(0, 1.0), (1, 0.0)]);
            assert_eq!((made.value, made.method), (None, Method::Drowned));
        }
        // All of one level, and hardly any data.
        for (cells, variance) in [([0.0, 0.0, 50.0, 50.0], 1.0), ([5.0, 5.0, 5.0, 5.0], 4.0), ([0.0; 4], 0.0)]
        {
            let made = counts(&cells, variance).slope(&[(1.0, 0, 1), (2.0, 2, 3)], [0.0, 1.0]);
            assert_eq!((made.value, made.method), (None, Method::Drowned));
        }
    }
}
