//! Wilson's interval for a share. Resamples nothing.

use super::Interval;

/// The 97.5th percentile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The 95 % interval of a share `p` over `n` units: Wilson (1927), the score interval. It also speaks where the
/// share is 0 or 1, which resampling cannot.
///
/// `None` if `p` is not a share or `n` not a positive number.
///
/// ```
/// use metier_stats::bootstrap::wilson;
///
/// let interval = wilson(0.0, 20.0).unwrap();
/// assert_eq!((interval.low, format!("{:.3}", interval.high)), (0.0, "0.161".to_string()));
/// assert_eq!(wilson(0.0, 0.0), None);
/// ```
pub fn wilson(p: f64, n: f64) -> Option<Interval> {
    if !(0.0..=1.0).contains(&p) || !n.is_finite() || n <= 0.0 {
        return None;
    }
    Some(score(p, n, Z))
}

/// The score interval of a share over `n` units, with a quantile of another distribution in the normal one's place.
pub(crate) fn score(p: f64, n: f64, critical: f64) -> Interval {
    let square = critical * critical;
    let centre = p + square / (2.0 * n);
    let half = critical * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
    let scale = 1.0 + square / n;
    // At the ends the formula gives 0 and 1 themselves, but for rounding.
    let low = if p == 0.0 { 0.0 } else { (centre - half) / scale };
    let high = if p == 1.0 { 1.0 } else { (centre + half) / scale };
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_by_hand() {
        // Newcombe (1998), table I: 0 of 20 gives 0 to 0.1611; 15 of 148 gives 0.0624 to 0.1605.
        let Interval { low, high } = wilson(0.0, 20.0).expect("a share");
        assert_eq!(low, 0.0);
        assert!((high - 0.1611).abs() < 5e-5);
        let Interval { low, high } = wilson(15.0 / 148.0, 148.0).expect("a share");
        assert!((low - 0.0624).abs() < 5e-5 && (high - 0.1605).abs() < 5e-5);
    }

    #[test]
    fn what_is_no_share_has_no_interval() {
        for (p, n) in [(0.5, 0.0), (0.5, -1.0), (0.5, f64::NAN), (0.5, f64::INFINITY), (f64::NAN, 9.0)] {
            assert_eq!(wilson(p, n), None);
        }
        assert_eq!((wilson(-0.1, 9.0), wilson(1.1, 9.0)), (None, None));
    }
}
