//! Totals of people that add up.

use metier_stats::Error;
use metier_stats::distribution::student_quantile;
use metier_stats::means::{self, Sample};
use metier_stats::moments::Moments;
use proptest::prelude::*;

#[track_caller]
fn close(ours: f64, theirs: f64, slack: f64) {
    assert!((ours - theirs).abs() <= slack * theirs.abs(), "{ours} is not {theirs}");
}

#[test]
fn by_hand() {
    let mut moments = Moments::new(2);
    moments.add_person(&[1.0, 2.0]).expect("two totals");
    moments.add_person(&[3.0, -1.0]).expect("two totals");
    assert_eq!((moments.people(), moments.width()), (2, 2));
    assert_eq!((moments.sum(), moments.products()), (&[4.0, 1.0][..], &[10.0, -1.0, 5.0][..]));
    assert_eq!((moments.product(1, 0), moments.product(0, 2)), (Some(-1.0), None));
    // θ = 4, t − θ b = −7 and 7.
    let ratio = moments.ratio(0, 1).expect("two people");
    close(ratio.std_error, (2.0_f64 * 98.0).sqrt(), 1e-15);
    close(ratio.conf_high, 4.0 + student_quantile(0.975, 1.0) * ratio.std_error, 1e-15);
    let again = Moments::from_parts(2, moments.sum().to_vec(), moments.products().to_vec());
    assert_eq!(again.as_ref(), Ok(&moments));
}

#[test]
fn a_ratio_is_what_it_is_of_rows() {
    let top = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0];
    let bottom = [5.0, 3.0, 5.0, 8.0, 9.0, 7.0, 9.0];
    let people = [4, 4, 9, 1, 1, 9, 1];
    let ours = Moments::of(&people, &[&top, &bottom]).and_then(|all| all.ratio(0, 1)).expect("three people");
    let sample = Sample { values: &top, weights: None, clusters: Some(&people) };
    let theirs = means::ratio(&sample, &bottom).expect("three people");
    let ends = theirs.interval.expect("an interval");
    close(ours.estimate, theirs.estimate, 1e-15);
    close(ours.std_error, theirs.std_error.expect("an error"), 1e-13);
    close(ours.conf_low, ends.low, 1e-13);
    close(ours.conf_high, ends.high, 1e-13);
}

#[test]
fn what_has_no_error_is_refused() {
    let moments =
        Moments::of(&[1, 2, 3], &[&[1.0, 2.0, 0.3], &[3.0, 6.0, 0.9], &[1.0, -1.0, 0.0]]).expect("columns");
    assert_eq!(moments.ratio(0, 1), Err(Error::NoSpread { what: "the ratio" }));
    assert!(matches!(moments.ratio(0, 2), Err(Error::Undefined { .. })));
    assert_eq!(moments.ratio(3, 0), Err(Error::NoColumn { column: 3, columns: 3 }));
    let one = Moments::of(&[7, 7], &[&[1.0, 2.0], &[3.0, 6.0]]).expect("columns");
    assert_eq!(one.ratio(0, 1), Err(Error::TooFew { what: "people", count: 1, least: 2 }));
    let nobody = Moments::of(&[], &[&[], &[]]).expect("columns");
    assert!(nobody == Moments::new(2) && nobody.ratio(0, 1).is_err());
}

#[test]
fn hostile_columns_change_nothing() {
    assert!(matches!(Moments::of(&[1, 2], &[&[1.0]]), Err(Error::Lengths { .. })));
    assert!(matches!(Moments::of(&[1], &[&[f64::NAN]]), Err(Error::NotFinite { .. })));
    assert!(matches!(Moments::of(&[1], &[&[1e200]]), Err(Error::TooLarge { .. })));
    let mut moments = Moments::of(&[1, 2], &[&[1.0, 2.0]]).expect("a column");
    let before = moments.clone();
    assert!(matches!(moments.add_person(&[]), Err(Error::Lengths { .. })));
    assert!(matches!(moments.add_person(&[f64::INFINITY]), Err(Error::NotFinite { .. })));
    assert!(matches!(moments.add_person(&[-1e160]), Err(Error::TooLarge { .. })));
    assert!(matches!(moments.merge(&Moments::new(2)), Err(Error::Unlike { .. })));
    let many = Moments::from_parts(u64::MAX, vec![1.0], vec![1.0]).expect("so many people can be");
    assert!(matches!(moments.merge(&many), Err(Error::NoSums { .. })));
    let large = Moments::from_parts(2, vec![1.0], vec![f64::MAX]).expect("so large a sum can be");
    let mut other = large.clone();
    assert!(matches!(other.merge(&large), Err(Error::TooLarge { .. })));
    assert_eq!((moments, other), (before, large));
}

#[test]
fn hostile_parts_are_refused() {
    let ask =
        |people, sum: &[f64], products: &[f64]| Moments::from_parts(people, sum.to_vec(), products.to_vec());
    assert!(ask(3, &[3.0, 4.0], &[5.0, 1.0, 6.0]).is_ok());
    assert!(matches!(ask(3, &[3.0, 4.0], &[5.0, 1.0]), Err(Error::Lengths { values: 2, rows: 3, .. })));
    assert!(matches!(ask(3, &[f64::NAN], &[5.0]), Err(Error::NotFinite { .. })));
    assert!(matches!(ask(3, &[1.0], &[f64::INFINITY]), Err(Error::NotFinite { .. })));
    let impossible: [(u64, &[f64], &[f64]); 7] = [
        (0, &[1.0], &[1.0]),
        (0, &[0.0], &[1.0]),
        (3, &[1.0], &[-1.0]),
        // (Σ v)² is at most G · Σ v².
        (3, &[4.0], &[5.0]),
        (3, &[1.0], &[0.0]),
        (3, &[3.0, 4.0], &[5.0, 5.6, 6.0]),
        (1, &[3.0, 4.0], &[9.0, 11.0, 16.0]),
    ];
    for (people, sum, products) in impossible {
        assert!(
            matches!(ask(people, sum, products), Err(Error::NoSums { .. })),
            "{people} {sum:?} {products:?}"
        );
    }
}

prop_compose! {
    fn rows()(rows in prop::collection::vec((0..12_u32, -5.0..9.0_f64, 0.5..4.0_f64), 2..80)) -> Vec<(u32, f64, f64)> {
        rows
    }
}

fn of(rows: &[(u32, f64, f64)]) -> Moments {
    let units: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let (top, bottom): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (row.1, row.2)).unzip();
    Moments::of(&units, &[&top, &bottom]).expect("columns")
}

proptest! {
    #[test]
    fn parts_add_up(rows in rows(), groups in 1..5_u32) {
        let whole = of(&rows);
        let mut merged = Moments::new(2);
        for group in 0..groups {
            let part: Vec<_> = rows.iter().copied().filter(|row| row.0 % groups == group).collect();
            merged.merge(&of(&part)).expect("as wide");
        }
        prop_assert_eq!(merged.people(), whole.people());
        let roots = |at| whole.product(at, at).expect("two columns").sqrt();
        for at in 0..2 {
            prop_assert!((merged.sum()[at] - whole.sum()[at]).abs() <= 1e-12 * roots(at) * 12.0);
            for other in 0..2 {
                let (ours, theirs) = (merged.product(at, other), whole.product(at, other));
                let off = (ours.expect("two") - theirs.expect("two")).abs();
                prop_assert!(off <= 1e-12 * roots(at) * roots(other));
            }
        }
        let again = Moments::from_parts(merged.people(), merged.sum().to_vec(), merged.products().to_vec());
        prop_assert_eq!(again.as_ref(), Ok(&merged));
        match (merged.ratio(0, 1), whole.ratio(0, 1)) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert!((ours.estimate - theirs.estimate).abs() <= 1e-12 * theirs.estimate.abs().max(1.0));
                prop_assert!((ours.std_error - theirs.std_error).abs() <= 1e-10 * theirs.std_error);
                // Directly, from each person's totals.
                let mut squares = 0.0;
                for person in 0..12 {
                    let own = rows.iter().filter(|row| row.0 == person);
                    squares += own.map(|row| row.1 - theirs.estimate * row.2).sum::<f64>().powi(2);
                }
                let g = theirs.people as f64;
                let direct = (g / (g - 1.0) * squares).sqrt() / whole.sum()[1].abs();
                prop_assert!((direct - theirs.std_error).abs() <= 1e-9 * direct);
            }
            (ours, theirs) => prop_assert_eq!(ours.is_err(), theirs.is_err()),
        }
    }

    #[test]
    fn nothing_panics(people in any::<u64>(), sum in prop::collection::vec(any::<f64>(), 0..4), products in prop::collection::vec(any::<f64>(), 0..11)) {
        if let Ok(moments) = Moments::from_parts(people, sum.clone(), products) {
            let _ = (moments.ratio(0, 1), moments.clone().merge(&moments), moments.clone().add_person(&sum));
        }
    }
}
