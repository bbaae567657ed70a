//! Logistic models: numbers of statsmodels 0.15.0, what holds for any design, and what is wrong with one.

use metier_stats::Error;
use metier_stats::linear::Regressor;
use metier_stats::logit::{Coefficient, Covariance, Design, Fit, Model, dummies, fit};

fn design<'a>(outcome: &'a [f64], columns: &[(&str, &'a [f64])]) -> Design<'a> {
    let regressors =
        columns.iter().map(|(name, values)| Regressor { name: (*name).into(), values: (*values).into() });
    Design { outcome, regressors: regressors.collect(), weights: None }
}

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-10 * theirs.abs(), "{ours} is not {theirs}");
}

/// Estimates and standard errors.
#[track_caller]
fn same(ours: &[Coefficient], estimates: &[f64], std_errors: &[f64]) {
    assert_eq!((ours.len(), ours.len()), (estimates.len(), std_errors.len()));
    for ((ours, estimate), std_error) in ours.iter().zip(estimates).zip(std_errors) {
        close(ours.estimate, *estimate);
        close(ours.std_error, *std_error);
    }
}

/// Sixty rows that integers make.
struct Rows {
    outcome: Vec<f64>,
    x1: Vec<f64>,
    x2: Vec<f64>,
    weights: Vec<f64>,
    clusters: Vec<u32>,
}

fn rows() -> Rows {
    let numbers = |of: &dyn Fn(u32) -> u32| (0..60).map(|i| f64::from(of(i))).collect();
    Rows {
        outcome: numbers(&|i| u32::from((17 * i * i + 5 * i) % 29 + 2 * (7 * i % 11) > 24)),
        x1: numbers(&|i| 7 * i % 11),
        x2: numbers(&|i| u32::from(i * i % 13 < 5)),
        weights: numbers(&|i| 1 + i % 3),
        clusters: (0..60).map(|i| i * i % 10 + i / 20).collect(),
    }
}

impl Rows {
    fn design(&self, weighted: bool) -> Design<'_> {
        let weights = weighted.then_some(&self.weights[..]);
        Design { weights, ..design(&self.outcome, &[("x1", &self.x1), ("x2", &self.x2)]) }
    }

    fn fit(&self, weighted: bool, covariance: &Covariance) -> Fit {
        fit(&self.design(weighted), covariance).expect("a fit")
    }
}

// statsmodels.api.GLM(y, add_constant(x), family=Binomial()).fit(cov_type=…, tol=1e-14, tol_criterion="params")
const ESTIMATES: [f64; 3] = [-1.329754550927, 0.2644296721153, 0.1501351332398];

#[test]
fn statsmodels_classical() {
    let fit = rows().fit(false, &Covariance::Classical);
    same(&fit.coefficients, &ESTIMATES, &[0.624652540747, 0.09380734787595, 0.5611440764135]);
    let Coefficient { z, p, conf_low, conf_high, .. } = fit.coefficients[1];
    for (ours, theirs) in [
        (z, 2.818858843179),
        (p, 0.00481947071566),
        (conf_low, 0.08057064879324),
        (conf_high, 0.4482886954374),
        (fit.log_likelihood, -36.93322052367),
        (fit.log_likelihood_null, -41.55549132468),
        // Logit(y, x).fit().prsquared
        (fit.pseudo_r_squared(), 0.1112312874607),
    ] {
        close(ours, theirs);
    }
    assert_eq!((fit.observations, fit.clusters, fit.covariance.len()), (60, None, 9));
}

#[test]
fn statsmodels_hc0_and_hc1() {
    let theirs = [0.636646028286, 0.09560570093049, 0.5678841432868];
    same(&rows().fit(false, &Covariance::Hc0).coefficients, &ESTIMATES, &theirs);
    // statsmodels gives the same for HC1, without the factor n / (n − k).
    let factor = (60.0_f64 / 57.0).sqrt();
    same(&rows().fit(false, &Covariance::Hc1).coefficients, &ESTIMATES, &theirs.map(|error| error * factor));
}

#[test]
fn statsmodels_clusters() {
    // cov_kwds={"groups": clusters}
    let rows = rows();
    let fit = rows.fit(false, &Covariance::Clustered(&rows.clusters));
    same(&fit.coefficients, &ESTIMATES, &[0.531774311579, 0.07977700324014, 0.499414448669]);
    assert_eq!(fit.clusters, Some(12));
}

#[test]
fn statsmodels_weights() {
    // GLM(…, var_weights=weights)
    let rows = rows();
    let theirs = [-1.0993369557, 0.2295526195226, -0.07599565466446];
    let fit = rows.fit(true, &Covariance::Classical);
    same(&fit.coefficients, &theirs, &[0.4154534818591, 0.06357114399902, 0.3902584538169]);
    close(fit.log_likelihood, -75.88527279486);
    close(fit.log_likelihood_null, -83.17766166719);
    let fit = rows.fit(true, &Covariance::Hc0);
    same(&fit.coefficients, &theirs, &[0.6458906212788, 0.1008421297747, 0.6096107970545]);
    let fit = rows.fit(true, &Covariance::Clustered(&rows.clusters));
    same(&fit.coefficients, &theirs, &[0.5420628176022, 0.08668937029404, 0.53990412225]);
}

#[test]
fn statsmodels_average_marginal_effects() {
    // Logit(y, x).fit(cov_type=…, tol=1e-14).get_margeff(at="overall", dummy=True)
    let rows = rows();
    let design = rows.design(false);
    let model = Model::new(&design).expect("a fit");
    let theirs = [
        (Covariance::Classical, [0.01432572554041, 0.1195273351497]),
        (Covariance::Hc0, [0.01453845046946, 0.120915028569]),
        (Covariance::Clustered(&rows.clusters), [0.0121065885285, 0.1068340348162]),
    ];
    for (covariance, std_errors) in theirs {
        let fit = model.with(&covariance).expect("a fit");
        let effects = model.margins(&fit, &["x1", "x2"]).expect("both have a coefficient");
        same(&effects, &[0.05631103968345, 0.03200139553167], &std_errors);
    }
    let fit = model.with(&Covariance::Classical).expect("a fit");
    let effect = &model.margins(&fit, &["x2"]).expect("it has a coefficient")[0];
    close(effect.p, 0.7889049526864);
    close(effect.conf_low, -0.2022678765299);
    let error = model.margins(&fit, &["Intercept"]).expect_err("it does not vary");
    assert_eq!(error.to_string(), "there is no coefficient Intercept; there are: x1, x2");
}

#[test]
fn a_year_does_not_cost_digits() {
    let mut rows = rows();
    rows.x1.iter_mut().for_each(|x| *x += 2000.0);
    let fit = rows.fit(false, &Covariance::Classical);
    // statsmodels has these 13 digits too.
    let theirs = [-530.1890987816, ESTIMATES[1], ESTIMATES[2]];
    same(&fit.coefficients, &theirs, &[188.0856312764, 0.09380734787595, 0.5611440764135]);
}

#[test]
fn four_counts() {
    // Odds 6/2 and 3/5: log odds ratio ln(6 · 5 / (2 · 3)), variance 1/6 + 1/2 + 1/3 + 1/5 (Woolf, 1955).
    let outcome = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let codes: Vec<u32> = (0..16).map(|row| if row < 8 { 7 } else { 3 }).collect();
    let design = Design { outcome: &outcome, regressors: dummies("group", &codes), weights: None };
    let fit = fit(&design, &Covariance::Classical).expect("a fit");
    assert_eq!(fit.coefficients[1].name, "group[7]");
    close(fit.coefficients[0].estimate, 0.6_f64.ln());
    close(fit.coefficients[1].estimate, 5.0_f64.ln());
    close(fit.coefficients[1].std_error, 1.2_f64.sqrt());
}

#[test]
fn weight_two_is_a_row_twice() {
    let rows = rows();
    let weights: Vec<f64> = (0..60).map(|row| if row < 20 { 2.0 } else { 1.0 }).collect();
    let twice = |values: &[f64]| [values, &values[..20]].concat();
    let (outcome, x1, x2) = (twice(&rows.outcome), twice(&rows.x1), twice(&rows.x2));
    let weighted = Design { weights: Some(&weights), ..rows.design(false) };
    let doubled = design(&outcome, &[("x1", &x1), ("x2", &x2)]);
    let [weighted, doubled] = [weighted, doubled].map(|design| {
        let model = Model::new(&design).expect("a fit");
        let fit = model.with(&Covariance::Classical).expect("a fit");
        [model.margins(&fit, &["x1", "x2"]).expect("both have a coefficient"), fit.coefficients].concat()
    });
    for (one, other) in weighted.iter().zip(&doubled) {
        close(one.estimate, other.estimate);
        close(one.std_error, other.std_error);
    }
}

#[test]
fn rows_of_their_own_are_clusters_of_one() {
    let rows = rows();
    let alone: Vec<u32> = (0..60).rev().collect();
    let (clustered, robust) =
        (rows.fit(false, &Covariance::Clustered(&alone)), rows.fit(false, &Covariance::Hc1));
    for (one, other) in clustered.coefficients.iter().zip(&robust.coefficients) {
        close(one.std_error, other.std_error);
    }
}

#[test]
fn collinear_columns_are_dropped_by_name() {
    let rows = rows();
    let sum: Vec<f64> = rows.x1.iter().zip(&rows.x2).map(|(one, other)| 3.0 * one - other + 0.1).collect();
    let columns = [("constant", &[0.1; 60][..]), ("x1", &rows.x1), ("x2", &rows.x2), ("sum", &sum)];
    let design = design(&rows.outcome, &columns);
    let model = Model::new(&design).expect("x1 and x2 are left");
    let fit = model.with(&Covariance::Classical).expect("a fit");
    assert_eq!(fit.dropped, ["constant", "sum"]);
    same(&fit.coefficients, &ESTIMATES, &[0.624652540747, 0.09380734787595, 0.5611440764135]);
    assert!(matches!(model.margins(&fit, &["sum"]), Err(Error::UnknownCoefficient { .. })));
}

#[track_caller]
fn fails(design: &Design, covariance: &Covariance, message: &str) {
    assert_eq!(fit(design, covariance).expect_err("an error").to_string(), message);
}

const OUTCOME: [f64; 8] = [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
const X: [f64; 8] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];

#[test]
fn a_column_that_separates_is_named() {
    let message =
        "side predicts the outcome perfectly (separation), so there is no finite estimate; leave it out";
    let complete = OUTCOME.map(|outcome| 3.0 - 2.0 * outcome);
    // Yes or no where it is 1, but only yes where it is 0.
    let quasi = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
    for side in [complete, quasi] {
        fails(&design(&OUTCOME, &[("x", &X), ("side", &side)]), &Covariance::Classical, message);
    }
}

#[test]
fn columns_that_separate_together_are_found() {
    // Neither alone: yes where x1 + x2 is above 5.
    let x1 = [0.0, 6.0, 5.0, 1.0, 3.0, 2.0, 4.0, 0.0];
    let x2 = [5.0, 0.0, 0.0, 5.0, 3.0, 2.0, 2.0, 9.0];
    let message = "a combination of regressors predicts the outcome perfectly (separation), so there is no finite \
                   estimate; leave it out";
    fails(&design(&OUTCOME, &[("x1", &x1), ("x2", &x2)]), &Covariance::Classical, message);
    // On the line itself both happen.
    let x1 = [0.0, 6.0, 5.0, 1.0, 2.0, 2.0, 4.0, 0.0];
    fails(&design(&OUTCOME, &[("x1", &x1), ("x2", &x2)]), &Covariance::Classical, message);
}

#[test]
fn nearly_separated_is_not_separated() {
    // One row in 200 on the other side; statsmodels' GLM as above.
    let x: Vec<f64> = (0..200).map(|row| f64::from(row) / 10.0).collect();
    let outcome: Vec<f64> = (0..200).map(|row| f64::from(u8::from(row >= 100 && row != 101))).collect();
    let fit = fit(&design(&outcome, &[("x", &x)]), &Covariance::Classical).expect("a fit");
    same(&fit.coefficients, &[-131.6680854338, 13.10130203322], &[83.09597083387, 8.267471352087]);
}

#[test]
fn columns_that_are_not_as_they_must_be() {
    let classical = Covariance::Classical;
    fails(&design(&[], &[]), &classical, "there are no rows to fit");
    fails(&design(&[1.0; 8], &[("x", &X)]), &classical, "the outcome does not vary");
    let mut gap = X;
    gap[3] = f64::NAN;
    let message = "x is NaN in row 3; leave the row out, or give it a finite number";
    fails(&design(&OUTCOME, &[("x", &gap)]), &classical, message);
    fails(&design(&gap, &[("x", &X)]), &classical, "the outcome is 2 in row 2; give 0 or 1");
    let mut outcome = OUTCOME;
    outcome[5] = f64::NAN;
    fails(&design(&outcome, &[("x", &X)]), &classical, "the outcome is NaN in row 5; give 0 or 1");
    let message = "x has 7 values, but the outcome has 8; give one for each row";
    fails(&design(&OUTCOME, &[("x", &X[..7])]), &classical, message);
    for (weight, message) in [
        (0.0, "the weight of row 1 is 0; leave the row out, or give it a weight above 0"),
        (f64::NAN, "the column of weights is NaN in row 1; leave the row out, or give it a finite number"),
    ] {
        let mut weights = [1.0; 8];
        weights[1] = weight;
        fails(&Design { weights: Some(&weights), ..design(&OUTCOME, &[("x", &X)]) }, &classical, message);
    }
    let large = X.map(|x| 4e307 * (x - 3.5));
    let message = "the values of x are too large to be squared and summed; give it in a larger unit";
    fails(&design(&OUTCOME, &[("x", &large)]), &classical, message);
}

#[test]
fn models_that_say_nothing() {
    let classical = Covariance::Classical;
    let message = "no regressor varies by itself; all are constant or spanned by fixed effects: one, other";
    fails(&design(&OUTCOME, &[("one", &[0.1; 8]), ("other", &[7.0; 8])]), &classical, message);
    let message = "2 rows cannot tell 2 parameters and the spread around them; there must be more rows";
    fails(&design(&OUTCOME[..2], &[("x", &X[..2])]), &classical, message);
}

#[test]
fn clusters_that_are_not_as_they_must_be() {
    let design = design(&OUTCOME, &[("x", &X)]);
    let message = "cluster variable 1 has 1 cluster; there must be at least 2";
    fails(&design, &Covariance::Clustered(&[3; 8]), message);
    let message = "the column of clusters has 7 values, but the outcome has 8; give one for each row";
    fails(&design, &Covariance::Clustered(&[1, 2, 3, 4, 5, 6, 7]), message);
}

#[test]
fn clusters_that_all_say_the_same_are_not_certainty() {
    // One yes and two no in each.
    let outcome: Vec<f64> = (0..12).map(|row| f64::from(u8::from(row % 3 == 0))).collect();
    let clusters: Vec<u32> = (0..12).map(|row| row / 3).collect();
    let message = "the score of a coefficient is the same in all clusters, so there is no standard error";
    fails(&design(&outcome, &[]), &Covariance::Clustered(&clusters), message);
}

#[test]
fn rounding_is_not_a_standard_error() {
    // Three yes in each seven, where the regressor is 0 and where it is 1.
    let outcome: Vec<f64> = (0..56).map(|row| f64::from(u8::from(row % 7 < 3))).collect();
    let x: Vec<f64> = (0..56).map(|row| f64::from(u8::from(row / 7 % 2 == 0))).collect();
    let clusters: Vec<u32> = (0..56).map(|row| row / 7).collect();
    let design = design(&outcome, &[("x", &x)]);
    let message = "the score of a coefficient is the same in all clusters, so there is no standard error";
    fails(&design, &Covariance::Clustered(&clusters), message);
    assert!(fit(&design, &Covariance::Hc1).is_ok());
}
