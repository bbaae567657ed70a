//! Holm's adjustment: numbers of statsmodels 0.15.0, and what is no p value.

use metier_stats::multiple::holm;

#[test]
fn statsmodels_holm() {
    // multipletests(p, method="holm")[1], with p values that are the same, and not in order.
    let ours = holm(&[0.021, 0.001, 0.5, 0.012, 0.012, 0.8, 0.049, 0.004]).expect("p values");
    let theirs = [0.084, 0.008, 1.0, 0.072, 0.072, 1.0, 0.147, 0.028];
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() < 1e-15, "{ours} is not {theirs}");
    }
    assert_eq!(ours.len(), 8);
}

#[test]
fn one_test_is_not_adjusted() {
    assert_eq!(holm(&[0.03]), Ok(vec![0.03]));
    assert_eq!(holm(&[]), Ok(vec![]));
}

#[test]
fn the_smallest_and_the_largest() {
    assert_eq!(holm(&[1.0, 0.0, -0.0]), Ok(vec![1.0, 0.0, 0.0]));
    assert_eq!(holm(&[0.9, 0.8]), Ok(vec![1.0, 1.0]));
}

#[test]
fn the_adjusted_keep_the_order_and_are_between_p_and_bonferroni() {
    let p: Vec<f64> = (0..97_u32).map(|at| f64::from(at * 41 % 97).powi(3) / 97.0_f64.powi(3)).collect();
    let adjusted = holm(&p).expect("p values");
    for (one, (p_one, own)) in p.iter().zip(&adjusted).enumerate() {
        assert!(p_one <= own && *own <= (97.0 * p_one).min(1.0), "{one}");
        let after = p.iter().zip(&adjusted).filter(|(other, _)| *other > p_one);
        assert!(after.clone().all(|(_, other)| other >= own));
    }
}

#[test]
fn what_is_no_p_value() {
    for value in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let message = format!("a p value is {value}; give a number from 0 to 1");
        assert_eq!(holm(&[0.5, value]).expect_err("an error").to_string(), message);
    }
}
