//! Adjustments for testing several hypotheses at once.

use crate::error::Error;

/// Holm's (1979) adjusted p values, in the order given: where they are below 5 %, the chance of even one false
/// rejection is below 5 %, however the tests hang together.
///
/// The k-th smallest of m is (m − k + 1) p, but at least as large as those before, and at most 1. Without p values
/// there are none.
///
/// # Errors
///
/// A p value that is not between 0 and 1.
///
/// ```
/// # use metier_stats::multiple::holm;
/// // 3 · 0.01, 2 · 0.03, and not less than that.
/// assert_eq!(holm(&[0.03, 0.01, 0.04])?, [0.06, 0.03, 0.06]);
/// # Ok::<(), metier_stats::Error>(())
/// ```
pub fn holm(p: &[f64]) -> Result<Vec<f64>, Error> {
    if let Some(value) = p.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(Error::Argument { name: "a p value", value: *value, wanted: "a number from 0 to 1" });
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|one, other| p[*one].total_cmp(&p[*other]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (before, index) in order.into_iter().enumerate() {
        largest = largest.max((p.len() - before) as f64 * p[index]).min(1.0);
        adjusted[index] = largest;
    }
    Ok(adjusted)
}
