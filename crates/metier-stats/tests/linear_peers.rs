//! Linear models: a case whose numbers were computed by pyfixest 0.60.0 and statsmodels 0.15.0, and a published trial.

use std::path::Path;

use metier_stats::Error;
use metier_stats::linear::{Coefficient, Covariance, Design, Fit, FixedEffect, Model, Regressor, fit};

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

#[track_caller]
fn same(ours: &Coefficient, theirs: [f64; 6]) {
    let Coefficient { estimate, std_error, t, p, conf_low, conf_high, .. } = *ours;
    for (ours, theirs) in [estimate, std_error, t, p, conf_low, conf_high].into_iter().zip(theirs) {
        // Peers' numbers are given to 13 digits, which an end near 0 has lost some of.
        assert!((ours - theirs).abs() <= 1e-11 * theirs.abs().max(1e-1), "{ours} is not {theirs}");
    }
}

/// Forty rows that integers make.
struct Rows {
    outcome: Vec<f64>,
    x1: Vec<f64>,
    x2: Vec<f64>,
    weights: Vec<f64>,
    firm: Vec<u32>,
    year: Vec<u32>,
    a: Vec<u32>,
    b: Vec<u32>,
}

fn rows() -> Rows {
    let numbers = |of: &dyn Fn(u32) -> u32| (0..40).map(|i| f64::from(of(i))).collect();
    let codes = |of: &dyn Fn(u32) -> u32| (0..40).map(of).collect();
    Rows {
        outcome: numbers(&|i| (5 * i * i + 3 * i) % 23 + 2 * (7 * i % 11)),
        x1: numbers(&|i| 7 * i % 11),
        x2: numbers(&|i| i * i % 13),
        weights: numbers(&|i| 1 + i % 3),
        firm: codes(&|i| i % 5),
        year: codes(&|i| i / 5 % 4 + u32::from(i % 7 == 0)),
        a: codes(&|i| i % 7),
        b: codes(&|i| i / 3 % 6),
    }
}

impl Rows {
    fn plain(&self, covariance: &Covariance) -> Result<Fit, Error> {
        fit(&plain(&self.outcome, &[("x1", &self.x1), ("x2", &self.x2)]), covariance)
    }

    fn absorbed(&self, covariance: &Covariance) -> Result<Fit, Error> {
        let mut design = plain(&self.outcome, &[("x1", &self.x1), ("x2", &self.x2)]);
        design.fixed_effects = effects(&[("firm", &self.firm), ("year", &self.year)]);
        design.weights = Some(&self.weights);
        fit(&design, covariance)
    }
}

#[test]
fn pyfixest_iid() {
    let fit = rows().plain(&Covariance::Classical).expect("a fit");
    same(
        &fit.coefficients[0],
        [8.368760993122, 2.772523957855, 3.018463003507, 0.004581261260116, 2.751093846149, 13.9864281401],
    );
    same(
        &fit.coefficients[1],
        [2.009978801323, 0.3686753084704, 5.451894268869, 3.468704589555e-06, 1.262971669995, 2.756985932651],
    );
    close(fit.r_squared, 0.46023974582864857);
    close(fit.root_mean_squared_error, 7.209640245997101);
    let fit = rows().absorbed(&Covariance::Classical).expect("a fit");
    same(
        &fit.coefficients[0],
        [
            1.604375034585,
            0.3517446517438,
            4.561192406567,
            8.572863093769e-05,
            0.8849764463765,
            2.323773622793,
        ],
    );
    close(fit.r_squared, 0.5899025465358128);
    close(fit.r_squared_within.expect("there are fixed effects"), 0.44622727937817974);
    close(fit.root_mean_squared_error, 8.01085192550099);
    assert_eq!((fit.observations, fit.left_out_singletons, fit.degrees_of_freedom), (39, 1, 29.0));
}

#[test]
fn pyfixest_hc1_and_hc3() {
    let fit = rows().plain(&Covariance::Hc1).expect("a fit");
    same(
        &fit.coefficients[2],
        [0.4240762496062, 0.270391064446, 1.568381153701, 0.1253058484337, -0.1237880872448, 0.9719405864572],
    );
    let fit = rows().plain(&Covariance::Hc3).expect("a fit");
    same(
        &fit.coefficients[0],
        [8.368760993122, 3.102725045336, 2.697229329328, 0.01046588273133, 2.08204289141, 14.65547909483],
    );
    let fit = rows().absorbed(&Covariance::Hc1).expect("a fit");
    same(
        &fit.coefficients[0],
        [1.604375034585, 0.3388350144653, 4.734974149931, 5.29640583728e-05, 0.9113796192077, 2.297370449962],
    );
}

#[test]
fn statsmodels_hc3_with_dummies() {
    let fit = rows().absorbed(&Covariance::Hc3).expect("a fit");
    for (ours, theirs) in fit.coefficients.iter().zip([0.4448909996316987, 0.3308141439020029]) {
        // statsmodels has no factor n / (n − k).
        close(ours.std_error / fit.small_sample.sqrt(), theirs);
    }
    close(fit.small_sample, 39.0 / 29.0);
}

#[test]
fn pyfixest_clusters() {
    let rows = rows();
    let one = Covariance::Clustered(vec![&rows.a]);
    same(
        &rows.plain(&one).expect("a fit").coefficients[1],
        [2.009978801323, 0.2877288654668, 6.985669644448, 0.0004282171552544, 1.305931630496, 2.71402597215],
    );
    let fit = rows.absorbed(&one).expect("a fit");
    same(
        &fit.coefficients[0],
        [1.604375034585, 0.3589677109187, 4.469413225157, 0.004240090918794, 0.7260126885592, 2.48273738061],
    );
    assert_eq!((fit.clusters, fit.degrees_of_freedom), (vec![7], 6.0));
    let fit = rows.absorbed(&Covariance::Clustered(vec![&rows.a, &rows.b])).expect("a fit");
    same(
        &fit.coefficients[1],
        [
            0.5149275570718,
            0.2271227732112,
            2.267177129759,
            0.07269526935171,
            -0.06891011820415,
            1.098765232348,
        ],
    );
    assert_eq!((fit.clusters, fit.degrees_of_freedom), (vec![7, 6], 5.0));
    // A fixed effect that is the cluster counts as one parameter.
    same(
        &rows.absorbed(&Covariance::Clustered(vec![&rows.firm])).expect("a fit").coefficients[1],
        [
            0.5149275570718,
            0.06394644188087,
            8.052481763271,
            0.001291367682719,
            0.3373837715168,
            0.6924713426267,
        ],
    );
}

#[test]
fn a_negative_variance_is_no_number() {
    // pyfixest gives NaN for the intercept.
    let rows = rows();
    let both = rows.plain(&Covariance::Clustered(vec![&rows.a, &rows.b]));
    assert_eq!(both, Err(Error::NegativeVariance { name: "Intercept".into() }));
}

#[test]
fn statsmodels_tests_and_combinations() {
    let fit = rows().plain(&Covariance::Hc1).expect("a fit");
    let test = fit.wald(&["x1", "x2"]).expect("a test");
    close(test.statistic, 16.96756345379964);
    close(test.p, 5.899251603521397e-06);
    assert_eq!((test.numerator, test.denominator), (2.0, 37.0));
    let difference = fit.combination(&[("x1", 1.0), ("x2", -1.0)]).expect("a difference");
    assert_eq!(difference.name, "1 · x1 + -1 · x2");
    close(difference.estimate, 1.5859025517168932);
    close(difference.std_error, 0.4863134538665313);
    assert!((difference.p / 0.002387429851733808 - 1.0).abs() < 1e-11);
    assert_eq!(fit.wald(&["x1", "x1"]), Err(Error::SingularTest));
    assert_eq!(fit.wald(&[]), Err(Error::SingularTest));
    let error = fit.combination(&[("x3", 1.0)]).expect_err("no x3");
    assert_eq!(error.to_string(), "there is no coefficient x3; there are: Intercept, x1, x2");
}

/// METR's trial of AI tools with experienced developers (Becker, Rush, Barnes and Rein, 2025): log total time on
/// treatment and log forecast, missing review times filled with the mean of the arm. The published intervals take
/// the normal distribution; HC3 there has no small-sample factor.
#[test]
fn published_trial() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/trials/metr_2025.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: the trial's data are not there");
        return;
    };
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().expect("a header");
    let lines: Vec<Vec<&str>> = lines.collect();
    let column = |name: &str| {
        let index = names.iter().position(|other| *other == name).expect("a column of this name");
        lines.iter().map(|line| line[index].parse().ok()).collect::<Vec<Option<f64>>>()
    };
    let numbers =
        |name: &str| column(name).into_iter().map(|value| value.expect("a number")).collect::<Vec<f64>>();
    let treatment = numbers("ai_treatment");
    let review = column("post_review_implementation_time");
    let mean = |arm: f64| {
        let known: Vec<f64> = treatment
            .iter()
            .zip(&review)
            .filter(|(own, _)| **own == arm)
            .filter_map(|(_, value)| *value)
            .collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let implementation = numbers("initial_implementation_time");
    let outcome: Vec<f64> = (0..lines.len())
        .map(|row| (implementation[row] + review[row].unwrap_or_else(|| mean(treatment[row]))).ln())
        .collect();
    let forecast: Vec<f64> = numbers("predicted_time_no_ai").into_iter().map(f64::ln).collect();
    let developers: Vec<u32> = numbers("dev_id").into_iter().map(|id| id as u32).collect();

    let model =
        Model::new(&plain(&outcome, &[("treatment", &treatment), ("forecast", &forecast)])).expect("a fit");
    let published = [
        (Covariance::Classical, [0.188, 0.013, 0.395]),
        (Covariance::Hc3, [0.188, 0.013, 0.394]),
        (Covariance::Clustered(vec![&developers]), [0.188, 0.016, 0.390]),
    ];
    for (covariance, published) in published {
        let fit = model.with(&covariance).expect("a fit");
        let treatment = fit.coefficient("treatment").expect("it varies");
        let factor = if matches!(covariance, Covariance::Hc3) { fit.small_sample.sqrt() } else { 1.0 };
        let reach = 1.959_963_984_540_054 * treatment.std_error / factor;
        let ours =
            [treatment.estimate, treatment.estimate - reach, treatment.estimate + reach].map(f64::exp_m1);
        for (ours, published) in ours.into_iter().zip(published) {
            assert!((ours - published).abs() < 0.0005, "{covariance:?}: {ours} is not {published}");
        }
        // pyfixest 0.60.0.
        close(treatment.estimate, 0.17260781509725875);
    }
}
