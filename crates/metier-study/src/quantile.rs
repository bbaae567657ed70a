//! Quantiles of weighted, sorted values. Knows nothing of sessions.

/// Quantiles of sorted values, each repeated as often as its weight says: type 7 of Hyndman and Fan
/// (1996), the default of R and NumPy.
///
/// `ps` are from 0 to 1 and ascending; `out` gets one quantile for each, NaN if all weights are 0.
pub(crate) fn quantiles(values: &[f64], weight: impl Fn(usize) -> u32, ps: &[f64], out: &mut Vec<f64>) {
    out.clear();
    let total: u64 = (0..values.len()).map(|at| u64::from(weight(at))).sum();
    if total == 0 {
        out.resize(ps.len(), f64::NAN);
        return;
    }
    // The value of rank r, from 0, is the first one whose cumulated weight is above r.
    let (mut at, mut cumulated) = (0, u64::from(weight(0)));
    for p in ps {
        let h = (total - 1) as f64 * p;
        let rank = h as u64;
        while cumulated <= rank {
            at += 1;
            cumulated += u64::from(weight(at));
        }
        let part = h - rank as f64;
        let next = if part == 0.0 || cumulated > rank + 1 {
            at
        } else {
            (at + 1..values.len()).find(|&next| weight(next) > 0).unwrap_or(at)
        };
        out.push(values[at] + (values[next] - values[at]) * part);
    }
}

/// The quantile of sorted values, unweighted. NaN if there are none.
pub(crate) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let mut out = Vec::with_capacity(1);
    quantiles(sorted, |_| 1, &[p], &mut out);
    out[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn type_7_by_hand() {
        let values = [1.0, 2.0, 4.0, 8.0];
        // h = 3p: 0.75 → 1.75, 1.5 → 3, 2.25 → 5.
        assert_eq!([0.25, 0.5, 0.75].map(|p| quantile(&values, p)), [1.75, 3.0, 5.0]);
        assert_eq!([0.0, 1.0].map(|p| quantile(&values, p)), [1.0, 8.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }

    proptest! {
        #[test]
        fn a_weight_is_a_repetition(mut pairs in prop::collection::vec((0u32..50, 0u32..4), 1..30)) {
            pairs.sort_unstable();
            let values: Vec<f64> = pairs.iter().map(|(value, _)| f64::from(*value)).collect();
            let repeated: Vec<f64> =
                pairs.iter().flat_map(|(value, weight)| vec![f64::from(*value); *weight as usize]).collect();
            let ps = [0.05, 0.25, 0.26, 0.5, 0.95, 0.999];
            let mut out = Vec::new();
            quantiles(&values, |at| pairs[at].1, &ps, &mut out);
            for (weighted, p) in out.iter().zip(ps) {
                let plain = quantile(&repeated, p);
                prop_assert!(*weighted == plain || weighted.is_nan() && plain.is_nan());
            }
        }
    }
}
