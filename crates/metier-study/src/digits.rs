//! Numbers to so many significant digits.

/// To so many significant digits, at least one.
pub(crate) fn significant(value: f64, digits: usize) -> f64 {
    let behind = digits.saturating_sub(1);
    format!("{value:.behind$e}").parse().unwrap_or(value)
}
