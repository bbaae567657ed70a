//! Agreement between raters of the same items. Intervals are made by [`bootstrap`](crate::bootstrap).
//!
//! [`Pairs`] are the answers of two raters, and their [`Table`] has every statistic for two. [`Ratings`] are
//! those of any number of raters with gaps, and their [`Coincidences`] have Krippendorff's α.
//!
//! All is counted in whole numbers and divided at the end, so the order of the items changes no digit.

mod alpha;
mod categories;
mod chance;
mod pairs;

pub use alpha::{Coincidences, Metric, Ratings};
pub use categories::Categories;
pub use chance::Weights;
pub use pairs::{MostFrequent, Pairs, Rater, Table};

/// 1 − observed / expected disagreement. `None` if none is expected, for then none is observed either, and where
/// values are so large that a distance overflows.
fn beyond_chance(observed: f64, expected: f64) -> Option<f64> {
    let value = 1.0 - observed / expected;
    (value.is_finite() && expected.is_finite()).then_some(value)
}
