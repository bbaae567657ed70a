//! Intervals: the percentile bootstrap over clusters, and Wilson's for a share. Knows no statistic of its own.

mod percentile;
mod resampler;
mod wilson;

pub use percentile::{Bootstrap, Clusters, NoInterval};
pub use resampler::Resampler;
pub(crate) use wilson::score;
pub use wilson::wilson;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower end, in the unit of the statistic.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}
