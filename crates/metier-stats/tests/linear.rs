//! Linear models: tiny cases by hand, and what is wrong with a design.

use metier_stats::Error;
use metier_stats::linear::{Covariance, Design, FixedEffect, Model, Regressor, fit, jackknife};

fn regressors<'a>(columns: &[(&str, &'a [f64])]) -> Vec<Regressor<'a>> {
    columns
        .iter()
        .map(|(name, values)| Regressor { name: (*name).into(), values: (*values).into() })
        .collect()
}

fn effects<'a>(columns: &[(&str, &'a [u32])]) -> Vec<FixedEffect<'a>> {
    columns.iter().map(|(name, codes)| FixedEffect { name: (*name).into(), codes: (*codes).into() }).collect()
}

fn plain<'a>(outcome: &'a [f64], columns: &[(&str, &'a [f64])]) -> Design<'a> {
    Design { outcome, regressors: regressors(columns), fixed_effects: vec![], weights: None }
}

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-11 * theirs.abs(), "{ours} is not {theirs}");
}

/// Slope 8/10, intercept 14/10, Σu² = 36/10, x̄ = 2, Σ(x − x̄)² = 10, n − k = 3.
const OUTCOME: [f64; 5] = [1.0, 3.0, 2.0, 5.0, 4.0];
const X: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 4.0];

#[test]
fn a_line_through_five_points() {
    let fit = fit(&plain(&OUTCOME, &[("x", &X)]), &Covariance::Classical).expect("a line");
    let names: Vec<&str> = fit.coefficients.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Intercept", "x"]);
    close(fit.coefficients[0].estimate, 1.4);
    close(fit.coefficients[1].estimate, 0.8);
    // Var = Σu²/3 · [1/5 + 2²/10, −2/10; ·, 1/10]
    for (ours, theirs) in fit.covariance.iter().zip([0.72, -0.24, -0.24, 0.12]) {
        close(*ours, theirs);
    }
    close(fit.r_squared, 0.64);
    close(fit.root_mean_squared_error, (3.6_f64 / 5.0).sqrt());
    assert_eq!((fit.observations, fit.degrees_of_freedom, fit.r_squared_within), (5, 3.0, None));
}

#[test]
fn the_mean_and_its_error() {
    let fit = fit(&plain(&OUTCOME, &[]), &Covariance::Hc1).expect("a mean");
    close(fit.coefficients[0].estimate, 3.0);
    close(fit.coefficients[0].std_error, (10.0_f64 / 4.0 / 5.0).sqrt());
}

#[test]
fn a_group_of_two_each() {
    // Within groups: x ∓1/2, y ∓1/2 and ∓3/2: slope (1/4 + 1/4 + 3/4 + 3/4) / 1 = 2, Σu² = 1/2 + 1/2 = 1.
    let (outcome, x) = ([1.0, 2.0, 7.0, 10.0], [0.0, 1.0, 5.0, 6.0]);
    let mut design = plain(&outcome, &[("x", &x)]);
    design.fixed_effects = effects(&[("pair", &[9, 9, 4, 4])]);
    let fit = fit(&design, &Covariance::Classical).expect("a slope");
    assert_eq!(fit.coefficients.len(), 1);
    close(fit.coefficients[0].estimate, 2.0);
    // n − k = 4 − 1 − 2
    assert_eq!(fit.degrees_of_freedom, 1.0);
    close(fit.coefficients[0].std_error, 1.0);
    // Outcome about group means: 1/2 + 9/2.
    close(fit.r_squared_within.expect("there are fixed effects"), 1.0 - 1.0 / 5.0);
}

#[test]
fn clusters_of_two() {
    // Residuals −4/10, 8/10, −1, 12/10, −6/10; centred x −2 … 2; scores by cluster: 8/10 − 8/10 + 0 and 12/10 − 12/10.
    let clusters = [&[0, 0, 0, 1, 2][..]];
    let fit =
        fit(&plain(&OUTCOME, &[("x", &X)]), &Covariance::Clustered(clusters.to_vec())).expect("clusters");
    // 4/3 · 3/2 · Σ(0² + 1.2² + 1.2²) / 10²
    close(fit.coefficients[1].std_error, (2.0 * 2.88 / 100.0_f64).sqrt());
    assert_eq!((fit.clusters, fit.degrees_of_freedom), (vec![3], 2.0));
    close(fit.small_sample, 2.0);
}

#[test]
fn residuals_give_partial_r_squared() {
    let (full, reduced) = (plain(&OUTCOME, &[("x", &X)]), plain(&OUTCOME, &[]));
    let (full, reduced) = (Model::new(&full).expect("a line"), Model::new(&reduced).expect("a mean"));
    for (ours, theirs) in full.residuals().iter().zip([-0.4, 0.8, -1.0, 1.2, -0.6]) {
        close(*ours, theirs);
    }
    close(1.0 - full.residual_squares() / reduced.residual_squares(), 0.64);
}

#[test]
fn fixed_effects_alone() {
    let mut design = plain(&[1.0, 2.0, 7.0, 10.0], &[]);
    design.fixed_effects = effects(&[("pair", &[9, 9, 4, 4])]);
    let model = Model::new(&design).expect("two means");
    assert_eq!(model.residuals(), [-0.5, 0.5, -1.5, 1.5]);
    let fit = model.with(&Covariance::Hc3).expect("two means");
    assert!(fit.coefficients.is_empty() && fit.dropped.is_empty());
    assert_eq!(fit.r_squared_within, Some(0.0));
}

#[test]
fn a_row_alone_is_left_out() {
    let (outcome, x) = ([1.0, 50.0, 2.0, 7.0, 10.0], [0.0, 9.0, 1.0, 5.0, 6.0]);
    let mut design = plain(&outcome, &[("x", &x)]);
    design.fixed_effects = effects(&[("pair", &[9, 1, 9, 4, 4])]);
    let model = Model::new(&design).expect("a slope");
    assert_eq!(*model.kept_rows(), [0, 2, 3, 4]);
    let fit = model.with(&Covariance::Hc1).expect("a slope");
    assert_eq!((fit.observations, fit.left_out_singletons), (4, 1));
    close(fit.coefficients[0].estimate, 2.0);
}

#[test]
fn what_others_span_is_dropped_by_name() {
    let double = X.map(|x| 2.0 * x + 7.0);
    let constant = [0.1 + 0.2; 5];
    let z = [1.0, 0.0, 0.0, 2.0, 2.0];
    let columns: [(&str, &[f64]); 4] = [("constant", &constant), ("x", &X), ("double", &double), ("z", &z)];
    let fit = fit(&plain(&OUTCOME, &columns), &Covariance::Classical).expect("x and z are left");
    assert_eq!(fit.dropped, ["constant", "double"]);
    assert_eq!(fit.coefficients[2].name, "z");
    assert!(fit.coefficient("x").is_some() && fit.coefficient("double").is_none());
}

#[track_caller]
fn fails(design: &Design, covariance: &Covariance, message: &str) {
    assert_eq!(fit(design, covariance).expect_err("an error").to_string(), message);
}

#[test]
fn columns_that_are_not_as_they_must_be() {
    let classical = Covariance::Classical;
    fails(&plain(&[], &[]), &classical, "there are no rows to fit");
    let short = plain(&OUTCOME, &[("x", &X[..4])]);
    fails(&short, &classical, "x has 4 values, but the outcome has 5; give one for each row");
    let mut gap = X;
    gap[3] = f64::NAN;
    let message = "x is NaN in row 3; leave the row out, or give it a finite number";
    fails(&plain(&OUTCOME, &[("x", &gap)]), &classical, message);
    let message = "the outcome is NaN in row 3; leave the row out, or give it a finite number";
    fails(&plain(&gap, &[("x", &X)]), &classical, message);
    // Rows that are left out are checked as well.
    gap[3] = f64::INFINITY;
    let mut design = plain(&OUTCOME, &[("x", &gap)]);
    design.fixed_effects = effects(&[("team", &[1, 1, 1, 2, 1])]);
    fails(&design, &classical, "x is inf in row 3; leave the row out, or give it a finite number");
    let large = X.map(|x| 1e200 * x);
    let message = "the values of x are too large to be squared and summed; give it in a larger unit";
    fails(&plain(&OUTCOME, &[("x", &large)]), &classical, message);
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let weights = [1.0, weight, 1.0, 1.0, 1.0];
        let mut design = plain(&OUTCOME, &[("x", &X)]);
        design.weights = Some(&weights);
        let message =
            format!("the weight of row 1 is {weight}; leave the row out, or give it a weight above 0");
        fails(&design, &classical, &message);
    }
    let mut design = plain(&OUTCOME, &[("x", &X)]);
    design.fixed_effects = effects(&[("row", &[1, 2, 3, 4, 5])]);
    fails(&design, &classical, "there are no rows to fit: each is alone in a level of a fixed effect");
}

#[test]
fn models_that_say_nothing() {
    let classical = Covariance::Classical;
    fails(&plain(&[0.1; 5], &[("x", &X)]), &classical, "the outcome does not vary");
    let mut design = plain(&[0.1, 0.1, 0.1, 7.3, 7.3], &[("x", &X)]);
    design.fixed_effects = effects(&[("team", &[0, 0, 0, 1, 1])]);
    fails(&design, &classical, "the outcome does not vary within the fixed effects");
    let team = [0.1, 0.1, 0.1, 0.3, 0.3];
    let mut design = plain(&OUTCOME, &[("team", &team)]);
    design.fixed_effects = effects(&[("team", &[0, 0, 0, 1, 1])]);
    let message = "no regressor varies by itself; all are constant or spanned by fixed effects: team";
    fails(&design, &classical, message);
    let message = "2 rows cannot tell 2 parameters and the spread around them; there must be more rows";
    fails(&plain(&OUTCOME[..2], &[("x", &X[..2])]), &classical, message);
    let line = X.map(|x| 0.3 * x + 0.7);
    let message = "the regressors explain the outcome without a rest, so there is no standard error";
    fails(&plain(&line, &[("x", &X)]), &classical, message);
}

#[test]
fn covariances_that_are_not_defined() {
    let design = plain(&OUTCOME, &[("x", &X)]);
    let clustered = |columns: &[&'static [u32]]| Covariance::Clustered(columns.to_vec());
    let two: &[u32] = &[0, 0, 1, 1, 1];
    fails(&design, &clustered(&[]), "standard errors are clustered by 0 variables; give 1 or 2");
    fails(&design, &clustered(&[two; 3]), "standard errors are clustered by 3 variables; give 1 or 2");
    let message = "cluster variable 2 has 1 cluster; there must be at least 2";
    fails(&design, &clustered(&[two, &[7; 5]]), message);
    let message = "cluster variable 1 has 2 values, but the outcome has 5; give one for each row";
    fails(&design, &clustered(&[&[0, 1]]), message);
    let lone = [0.0, 0.0, 0.0, 1.0, 0.0];
    let message = "row 3 fits itself (its leverage is 1), so HC3 is not defined; leave it out, or take HC1";
    fails(&plain(&OUTCOME, &[("lone", &lone)]), &Covariance::Hc3, message);
}

#[test]
fn hc3_without_leverages() {
    // Two effects of 1,200 levels each, in a ring.
    let rows = 4_800_u32;
    let x: Vec<f64> = (0..rows).map(|row| f64::from(row * 7919 % 4801)).collect();
    let outcome: Vec<f64> = (0..rows).map(|row| f64::from(row * 104_729 % 4799)).collect();
    let first: Vec<u32> = (0..rows).map(|row| row % 1_200).collect();
    let second: Vec<u32> = (0..rows).map(|row| (row + row / 1_200) % 1_200).collect();
    let mut design = plain(&outcome, &[("x", &x)]);
    design.fixed_effects = effects(&[("first", &first), ("second", &second)]);
    let model = Model::new(&design).expect("a fit");
    assert_eq!(model.with(&Covariance::Hc3), Err(Error::LeverageUnknown));
    let fit = model.with(&Covariance::Classical).expect("a fit");
    assert_eq!(fit.degrees_of_freedom, 4_800.0 - 1.0 - 2_399.0);
    // What is left has mean 0 in each level.
    for codes in [&first, &second] {
        let mut sums = vec![0.0; 1_200];
        for (residual, code) in model.residuals().iter().zip(codes) {
            sums[*code as usize] += residual;
        }
        assert!(sums.iter().all(|sum| sum.abs() < 1e-8));
    }
}

#[test]
fn leaving_out_each_row_of_a_mean_is_its_error() {
    // Of a mean h = 1/n, so that the jackknife is s / √n, as the classical error is.
    let values = [1.0, 2.0, 4.0, 9.0];
    let design = plain(&values, &[]);
    let left_out = jackknife(&design, &[0, 1, 2, 3]).expect("four clusters");
    let classical = fit(&design, &Covariance::Classical).expect("four rows");
    let (one, other) = (left_out.coefficients[0].std_error, classical.coefficients[0].std_error);
    assert!((one - other).abs() < 1e-14, "{one} {other}");
}

#[test]
fn what_one_cluster_alone_identifies_has_no_jackknife() {
    let (outcome, x) = ([1.0, 3.0, 2.0, 2.5, 4.0, 7.0], [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
    let design = plain(&outcome, &[("x", &x)]);
    assert_eq!(jackknife(&design, &[1, 1, 2, 2, 3, 3]).expect_err("x is that of one"), Error::Identified);
}
