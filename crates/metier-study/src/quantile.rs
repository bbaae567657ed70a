//! Quantiles of sorted values. Knows nothing of sessions.

/// The quantile of sorted values at `p`, from 0 to 1: type 7 of Hyndman and Fan (1996), the default of R and NumPy. NaN if
/// there are none.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let h = last as f64 * p;
    let (at, part) = (h as usize, h - h.floor());
    let (low, high) = (sorted[at], sorted[(at + 1).min(last)]);
    low + (high - low) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_7_by_hand() {
        let values = [1.0, 2.0, 4.0, 8.0];
        // h = 3p: 0.75 → 1.75, 1.5 → 3, 2.25 → 5.
        assert_eq!([0.25, 0.5, 0.75].map(|p| quantile(&values, p)), [1.75, 3.0, 5.0]);
        assert_eq!([0.0, 1.0].map(|p| quantile(&values, p)), [1.0, 8.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
