//! Power, sizes and detectable differences: numbers of statsmodels 0.15.0, the examples of R's documentation, and what
//! is wrong with a question.

use metier_stats::Error;
use metier_stats::power::{
    design_effect, detectable_difference_of_means, detectable_difference_of_shares, power_of_means,
    power_of_shares, size_for_means, size_for_shares,
};

#[track_caller]
fn close(ours: Result<f64, Error>, theirs: f64) {
    let ours = ours.expect("a number");
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{ours} is not {theirs}");
}

#[test]
fn statsmodels_power_of_means() {
    // TTestIndPower().power(effect, nobs1, alpha, ratio)
    for (effect, first, ratio, alpha, theirs) in [
        (0.5, 64.0, 1.0, 0.05, 0.8014595579223),
        (0.2, 300.0, 2.5, 0.01, 0.6357932131825),
        (1.5, 8.0, 0.5, 0.05, 0.5991533194163),
        (3.0, 3.0, 1.0, 0.05, 0.7825543870581),
        (0.4, 40.5, 1.3, 0.1, 0.6007220586425),
        (0.05, 20000.0, 1.0, 0.001, 0.9562870164087),
        (0.01, 50.0, 1.0, 0.05, 0.05028086050149),
    ] {
        close(power_of_means(effect, [first, first * ratio], alpha), theirs);
        close(power_of_means(-effect, [first * ratio, first], alpha), theirs);
    }
}

#[test]
fn statsmodels_solved() {
    // TTestIndPower().solve_power(effect_size, nobs1, alpha, power, ratio), which stops at about eight digits.
    let near = |ours: Result<f64, Error>, theirs: f64| {
        let ours = ours.expect("a number");
        assert!((ours - theirs).abs() <= 1e-6 * theirs, "{ours} is not {theirs}");
    };
    near(size_for_means(0.5, 1.0, 0.05, 0.8), 63.76561058891);
    near(size_for_means(0.2, 2.0, 0.01, 0.9), 559.0839523212);
    near(size_for_means(-1.2, 0.5, 0.05, 0.95), 28.41990786581);
    near(detectable_difference_of_means([64.0, 64.0], 0.05, 0.8), 0.4990691771946);
    near(detectable_difference_of_means([300.0, 750.0], 0.01, 0.9), 0.2639272186721);
    near(detectable_difference_of_means([10.0, 5.0], 0.05, 0.5), 1.15952428401);
}

#[test]
fn statsmodels_power_of_shares() {
    // power_proportions_2indep(difference, second, nobs1, ratio, alpha)
    for (shares, first, ratio, alpha, theirs) in [
        ([0.6, 0.5], 388.0, 1.0, 0.05, 0.8006720106783),
        ([0.1, 0.3], 50.0, 2.0, 0.01, 0.5718014072608),
        ([0.95, 0.9], 900.0, 0.7, 0.05, 0.9563962468902),
    ] {
        close(power_of_shares(shares, [first, first * ratio], alpha), theirs);
    }
}

#[test]
fn examples_of_r() {
    // By R's formulas in scipy 1.17.1: nct.sf, and norm.cdf with the pooled share.
    let rounded = |value: Result<f64, Error>, digits: usize| format!("{:.digits$}", value.expect("a number"));
    // power.t.test(n = 20, delta = 1, sd = 1) and power.t.test(power = .90, delta = 1); R leaves out the far tail,
    // here 2e-7.
    assert_eq!(rounded(power_of_means(1.0, [20.0; 2], 0.05), 6), "0.868953");
    assert_eq!(rounded(size_for_means(1.0, 1.0, 0.05, 0.9), 3), "22.021");
    // power.prop.test(n = 50, p1 = .50, p2 = .75), (p1 = .50, p2 = .75, power = .90) and (p1 = .5, n = 50,
    // power = .90)
    assert_eq!(rounded(power_of_shares([0.5, 0.75], [50.0; 2], 0.05), 3), "0.740");
    assert_eq!(rounded(size_for_shares([0.5, 0.75], 1.0, 0.05, 0.9), 1), "76.7");
    let difference = detectable_difference_of_shares(0.5, [50.0; 2], 0.05, 0.9).expect("an answer");
    assert_eq!(format!("{:.3}", 0.5 + difference.expect("there is one")), "0.803");
}

#[test]
fn sizes_and_differences_have_the_power_that_is_asked_for() {
    for (ratio, alpha, power) in [(1.0, 0.05, 0.8), (3.0, 0.01, 0.9), (0.25, 0.1, 0.55)] {
        let first = size_for_means(0.3, ratio, alpha, power).expect("a size");
        close(power_of_means(0.3, [first, first * ratio], alpha), power);
        let sizes = [25.0, 25.0 * ratio];
        let effect = detectable_difference_of_means(sizes, alpha, power).expect("an effect");
        close(power_of_means(effect, sizes, alpha), power);
        let first = size_for_shares([0.2, 0.3], ratio, alpha, power).expect("a size");
        close(power_of_shares([0.2, 0.3], [first, first * ratio], alpha), power);
        let difference = detectable_difference_of_shares(0.2, sizes, alpha, power).expect("an answer");
        let difference = difference.expect("a share of 1 would be found");
        close(power_of_shares([0.2 + difference, 0.2], sizes, alpha), power);
    }
}

#[test]
fn without_a_difference_power_is_alpha() {
    for alpha in [0.001, 0.05, 0.5] {
        close(power_of_means(0.0, [12.0, 30.5], alpha), alpha);
        close(power_of_shares([0.4, 0.4], [12.0, 30.5], alpha), alpha);
    }
}

#[test]
fn large_effects_are_certain() {
    for effect in [10.0, 1e3, 1e12, 1e300, f64::MAX] {
        let power = power_of_means(effect, [50.0, 50.0], 0.05).expect("a power");
        assert!((power - 1.0).abs() < 1e-12, "{effect}: {power}");
    }
}

#[test]
fn nearly_certain_power_has_an_answer() {
    for power in [1.0 - 1e-9, 1.0 - 1e-14, 1.0 - f64::EPSILON / 2.0] {
        for size in [2.0, 3.0, 5.0, 50.0] {
            let effect = detectable_difference_of_means([size, size], 0.05, power).expect("an effect");
            assert!(power_of_means(effect * 1.001, [size, size], 0.05).expect("a power") >= power);
        }
        let size = size_for_means(0.5, 1.0, 0.05, power).expect("a size");
        assert!((100.0..5000.0).contains(&size), "{power}: {size}");
    }
}

#[test]
fn power_rises_with_rows_and_effects() {
    let mut before = 0.05;
    for size in [2.0, 2.5, 3.0, 5.0, 10.0, 100.0, 1e3, 1e4, 1e5] {
        let power = power_of_means(0.1, [size, size], 0.05).expect("a power");
        assert!(power > before && power <= 1.0, "{size}: {power}");
        before = power;
    }
}

#[test]
fn a_share_of_one_may_not_be_enough() {
    assert_eq!(detectable_difference_of_shares(0.95, [20.0, 20.0], 0.05, 0.8), Ok(None));
}

#[test]
fn design_effects() {
    assert_eq!(design_effect(1.0, 0.7), Ok(1.0));
    assert_eq!(design_effect(21.0, 0.05), Ok(2.0));
    assert_eq!(design_effect(5.0, 1.0), Ok(5.0));
}

#[track_caller]
fn fails<T: std::fmt::Debug>(found: Result<T, Error>, message: &str) {
    assert_eq!(found.expect_err("an error").to_string(), message);
}

#[test]
fn questions_that_have_no_answer() {
    let two = [20.0, 20.0];
    fails(power_of_means(f64::NAN, two, 0.05), "the effect is NaN; give a finite number");
    fails(power_of_means(0.5, [20.0, 1.0], 0.05), "the size of a group is 1; give a finite number from 2");
    fails(
        power_of_means(0.5, [f64::INFINITY, 9.0], 0.05),
        "the size of a group is inf; give a finite number from 2",
    );
    for alpha in [0.0, 1.0, f64::NAN] {
        let message = format!("alpha is {alpha}; give a number between 0 and 1");
        fails(power_of_means(0.5, two, alpha), &message);
        fails(size_for_shares([0.1, 0.2], 1.0, alpha, 0.8), &message);
        fails(detectable_difference_of_means(two, alpha, 0.8), &message);
    }
    fails(power_of_shares([0.0, 0.5], two, 0.05), "a share is 0; give a number between 0 and 1");
    fails(
        detectable_difference_of_shares(1.0, two, 0.05, 0.8),
        "a share is 1; give a number between 0 and 1",
    );
    fails(size_for_means(0.0, 1.0, 0.05, 0.8), "the effect is 0; give a finite number other than 0");
    fails(size_for_means(0.5, 0.0, 0.05, 0.8), "the ratio of sizes is 0; give a finite number above 0");
    fails(size_for_means(0.5, 1.0, 0.05, 1.0), "the power is 1; give a number between 0 and 1");
    fails(size_for_means(0.5, 1.0, 0.05, 0.04), "the power is 0.04; give more than alpha");
    fails(size_for_means(50.0, 1.0, 0.05, 0.8), "the power is 0.8; give more: two rows in a group have it");
    let message = "the power is 0.8; give less: no number of rows has it for so small a difference";
    fails(size_for_means(1e-9, 1.0, 0.05, 0.8), message);
    let message = "the second share is 0.3; give one that differs from the first";
    fails(size_for_shares([0.3, 0.3], 1.0, 0.05, 0.8), message);
    fails(design_effect(0.5, 0.1), "the size of clusters is 0.5; give a finite number from 1");
    fails(design_effect(5.0, -0.1), "the intraclass correlation is -0.1; give a share from 0 to 1");
}
