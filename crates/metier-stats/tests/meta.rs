//! Meta-analysis: published numbers, and cases computed with 40 digits by mpmath 1.3 and with statsmodels 0.15.0.

use metier_stats::Error;
use metier_stats::meta::{Between, Pooled, Study, random_effects};
use proptest::prelude::*;

/// Trials of the BCG vaccine (Colditz et al., 1994; metafor's `dat.bcg`): cases and others among the vaccinated and among the
/// not vaccinated.
const BCG: [[f64; 4]; 13] = [
    [4.0, 119.0, 11.0, 128.0],
    [6.0, 300.0, 29.0, 274.0],
    [3.0, 228.0, 11.0, 209.0],
    [62.0, 13536.0, 248.0, 12619.0],
    [33.0, 5036.0, 47.0, 5761.0],
    [180.0, 1361.0, 372.0, 1079.0],
    [8.0, 2537.0, 10.0, 619.0],
    [505.0, 87886.0, 499.0, 87892.0],
    [29.0, 7470.0, 45.0, 7232.0],
    [17.0, 1699.0, 65.0, 1600.0],
    [186.0, 50448.0, 141.0, 27197.0],
    [5.0, 2493.0, 3.0, 2338.0],
    [27.0, 16886.0, 29.0, 17825.0],
];

/// Logarithms of the ratio of risks, and their usual errors.
fn bcg() -> Vec<Study> {
    let study = |[a, b, c, d]: [f64; 4]| Study {
        estimate: (a / (a + b)).ln() - (c / (c + d)).ln(),
        std_error: (1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d)).sqrt(),
    };
    BCG.into_iter().map(study).collect()
}

fn studies(estimates: &[f64], errors: &[f64]) -> Vec<Study> {
    let pairs = estimates.iter().zip(errors);
    pairs.map(|(estimate, std_error)| Study { estimate: *estimate, std_error: *std_error }).collect()
}

/// A case in which the likelihood is more sharply bent than Fisher's information says.
fn unequal() -> Vec<Study> {
    studies(&[3.0, -1.0, 0.5, 8.0, 2.0], &[0.0625, 2.0, 1.0, 4.0, 0.5])
}

fn pool(studies: &[Study], between: Between) -> Pooled {
    random_effects(studies, between).expect("it pools")
}

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-11 * theirs.abs(), "{ours} is not {theirs}");
}

/// Estimate, error, error of Wald, τ², I², H², ends of the interval, ends of the prediction.
#[track_caller]
fn same(ours: &Pooled, theirs: [f64; 10]) {
    let Pooled { estimate, std_error, wald_std_error, tau_squared, i_squared, h_squared, .. } = *ours;
    let ends = ours.prediction.expect("three studies or more");
    let numbers = [estimate, std_error, wald_std_error, tau_squared, i_squared, h_squared];
    let ends = [ours.conf_low, ours.conf_high, ends.low, ends.high];
    numbers.into_iter().chain(ends).zip(theirs).for_each(|(ours, theirs)| close(ours, theirs));
}

/// metafor's documentation, `rma(yi, vi, data = dat, method = "REML")` and the same as `method = "DL"`.
#[test]
fn published() {
    let pooled = pool(&bcg(), Between::Reml);
    let published = [
        (pooled.estimate, -0.7145),
        (pooled.wald_std_error, 0.1798),
        (pooled.tau_squared, 0.3132),
        (pooled.i_squared, 0.9222),
        (pooled.q, 152.2330),
    ];
    for (ours, published) in published {
        assert!((ours - published).abs() < 0.5001e-4, "{ours} is not {published}");
    }
    assert!(pooled.q_df == 12.0 && pooled.q_p < 1e-4);
    assert!((pooled.h_squared - 12.86).abs() < 0.005);
}

#[test]
fn mpmath_reml() {
    let pooled = pool(&bcg(), Between::Reml);
    same(
        &pooled,
        [
            -0.7145323421581392,
            0.1807917440928479,
            0.1797815161052058,
            0.3132432581364809,
            0.9222138452126895,
            12.85575823530917,
            -1.108443713685551,
            -0.3206209706307278,
            -2.008375906922578,
            0.5793112226062997,
        ],
    );
    close(pooled.q, 152.2330080823734);
    assert!((pooled.q_p / 1.9967645908459e-26 - 1.0).abs() < 1e-10);
    close(pooled.weights[0], 0.05059482734366633);
    close(pooled.common.estimate, -0.4302851636540907);
    close(pooled.common.std_error, 0.04049875171086381);
    close(pooled.common.conf_low, -0.4302851636540907 - 1.959963984540054 * 0.04049875171086381);
    same(
        &pool(&unequal(), Between::Reml),
        [
            1.955753339198227,
            0.8064205352782317,
            0.682695806215171,
            1.258766212133824,
            0.7668485367260646,
            4.289057361930751,
            -0.283229008706005,
            4.194735687102459,
            -2.223853818772826,
            6.13536049716928,
        ],
    );
}

#[test]
fn statsmodels_dersimonian_laird() {
    // `combine_effects(..., method_re="dl")`: tau2, mean_effect_re, sd_eff_w_re, sd_eff_w_re_hksj, q, i2, h2.
    let cases = [
        (
            bcg(),
            [
                0.3087602628623764,
                -0.7141172220732273,
                0.1787420895354032,
                0.18069662833554745,
                152.23300808237337,
                0.9211734685456205,
                12.686084006864448,
            ],
        ),
        (
            unequal(),
            [
                1.1112852843919232,
                1.9787830974183438,
                0.6510772075527409,
                0.7857581333621204,
                15.614805070557395,
                0.7438328572194457,
                3.9037012676393488,
            ],
        ),
    ];
    for (studies, theirs) in cases {
        let Pooled { tau_squared, estimate, wald_std_error, std_error, q, i_squared, h_squared, .. } =
            pool(&studies, Between::DerSimonianLaird);
        let ours = [tau_squared, estimate, wald_std_error, std_error, q, i_squared, h_squared];
        ours.into_iter().zip(theirs).for_each(|(ours, theirs)| close(ours, theirs));
    }
}

#[test]
fn what_does_not_differ_has_no_variance_between() {
    let studies = studies(&[1.0, 1.25, 0.75, 1.5], &[0.5, 0.75, 1.0, 1.25]);
    for between in [Between::Reml, Between::DerSimonianLaird] {
        let pooled = pool(&studies, between);
        assert_eq!((pooled.tau_squared, pooled.i_squared, pooled.h_squared), (0.0, 0.0, 1.0));
        close(pooled.estimate, 1.069352905931696);
        // The interval of Hartung and Knapp is narrower than the normal one here, and is not widened.
        close(pooled.std_error, 0.1157075481388592);
        close(pooled.wald_std_error, 0.3671665347360485);
        close(pooled.conf_low, 0.7011198468637462);
        close(pooled.q_p, 0.96041677726107);
    }
}

/// With two maxima the higher one is taken, which is at the smaller τ² in the first case and at the larger in the second.
#[test]
fn two_maxima() {
    let first = pool(&studies(&[0.0, 0.125, 2.0], &[0.00390625, 0.00390625, 0.75]), Between::Reml);
    close(first.tau_squared, 0.008953141584314423);
    let second = pool(&studies(&[0.0, 0.125, 3.0], &[0.00390625, 0.00390625, 1.0]), Between::Reml);
    close(second.tau_squared, 1.7572812878133246);
    // proptest found this one.
    let (estimates, errors) = ([2.44179, 0.0, -1.86101, -1.91048], [1.0, 21.8143, 0.002168, 0.001652]);
    let third = studies(&estimates, &errors);
    let reached = likelihood(&third, pool(&third, Between::Reml).tau_squared);
    assert!(likelihood(&third, 0.20892961308540367) < reached);
    // So did it this one: a doubling lies nearer to the top of the lower hill.
    let fourth = studies(
        &[-1.8347081381740467, -1.4635115151643039, 1.5125211735790696],
        &[0.0853984, 0.0241282, 1.3142],
    );
    let reached = likelihood(&fourth, pool(&fourth, Between::Reml).tau_squared);
    assert!(likelihood(&fourth, 0.08511380382023759) <= reached);
}

#[test]
fn two_studies() {
    let pooled = pool(&studies(&[0.25, 1.5], &[0.125, 0.5]), Between::Reml);
    close(pooled.tau_squared, 0.6484375);
    close(pooled.std_error, 0.6179287479151621);
    close(pooled.conf_high, 8.632779183378138);
    assert_eq!(pooled.prediction, None);
}

#[test]
fn hostile_studies_are_refused() {
    let ask = |estimates: &[f64], errors: &[f64]| random_effects(&studies(estimates, errors), Between::Reml);
    assert_eq!(ask(&[], &[]), Err(Error::TooFew { what: "studies", count: 0, least: 2 }));
    assert_eq!(ask(&[1.0], &[1.0]), Err(Error::TooFew { what: "studies", count: 1, least: 2 }));
    for error in [0.0, -1.0] {
        assert!(matches!(ask(&[1.0, 2.0], &[1.0, error]), Err(Error::Argument { .. })));
    }
    for hostile in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(ask(&[1.0, hostile], &[1.0, 1.0]), Err(Error::NotFinite { row: 1, .. })));
        assert!(matches!(ask(&[1.0, 2.0], &[hostile, 1.0]), Err(Error::NotFinite { row: 0, .. })));
    }
    assert!(matches!(ask(&[0.3; 3], &[1.0, 2.0, 3.0]), Err(Error::NoSpread { .. })));
    assert!(matches!(ask(&[0.0; 3], &[1.0, 2.0, 3.0]), Err(Error::NoSpread { .. })));
    assert!(matches!(ask(&[1e308, -1e308], &[1.0, 1.0]), Err(Error::TooLarge { .. })));
    assert!(matches!(ask(&[1.0, 2.0], &[1e-200, 1e200]), Err(Error::TooLarge { .. })));
}

/// Twice the restricted log-likelihood, as Viechtbauer (2005) writes it.
fn likelihood(studies: &[Study], tau_squared: f64) -> f64 {
    let weights: Vec<f64> = studies.iter().map(|one| 1.0 / (one.std_error.powi(2) + tau_squared)).collect();
    let total: f64 = weights.iter().sum();
    let mean = studies.iter().zip(&weights).map(|(one, weight)| weight * one.estimate).sum::<f64>() / total;
    let squares: f64 =
        studies.iter().zip(&weights).map(|(one, weight)| weight * (one.estimate - mean).powi(2)).sum();
    weights.iter().map(|weight| weight.ln()).sum::<f64>() - total.ln() - squares
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn restricted_likelihood_is_at_its_highest(
        given in prop::collection::vec((-3.0..3.0_f64, -3.0..2.0_f64), 2..9),
        unit in -40..40_i32,
    ) {
        let own: Vec<Study> = given.iter()
            .map(|(estimate, error)| Study { estimate: *estimate, std_error: 10.0_f64.powf(*error) })
            .collect();
        let pooled = pool(&own, Between::Reml);
        let reached = likelihood(&own, pooled.tau_squared);
        for step in 0..400 {
            let other = 10.0_f64.powf(-8.0 + f64::from(step) * 0.03);
            prop_assert!(likelihood(&own, other) <= reached + 1e-8 * (1.0 + reached.abs()), "{other}: {pooled:?}");
        }
        prop_assert!((pooled.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!((0.0..1.0).contains(&pooled.i_squared) && pooled.h_squared >= 1.0);
        prop_assert!(pooled.conf_low < pooled.estimate && pooled.estimate < pooled.conf_high);

        // In another unit all is the same.
        let unit = 2.0_f64.powi(unit);
        let other: Vec<Study> = own.iter()
            .map(|one| Study { estimate: one.estimate * unit, std_error: one.std_error * unit })
            .collect();
        let other = pool(&other, Between::Reml);
        prop_assert_eq!(other.estimate, pooled.estimate * unit);
        prop_assert_eq!(other.std_error, pooled.std_error * unit);
        prop_assert_eq!(other.tau_squared, pooled.tau_squared * unit * unit);
    }

    #[test]
    fn nothing_panics(given in prop::collection::vec((any::<f64>(), any::<f64>()), 0..6)) {
        let own: Vec<Study> =
            given.iter().map(|(estimate, std_error)| Study { estimate: *estimate, std_error: *std_error }).collect();
        for between in [Between::Reml, Between::DerSimonianLaird] {
            if let Ok(pooled) = random_effects(&own, between) {
                prop_assert!(pooled.estimate.is_finite() && pooled.std_error > 0.0 && pooled.conf_high.is_finite());
            }
        }
    }
}
