//! Sensitivity to what nobody measured: the worked example of Cinelli and Hazlett (2020), numbers of sensemakr, and
//! what is wrong with an effect.

use metier_stats::Error;
use metier_stats::sensitivity::{Adjusted, Benchmark, Confounder, Effect};

/// Exposure to violence in Darfur and attitudes to peace, 783 degrees of freedom: the coefficient of the paper's model,
/// fitted by statsmodels 0.15.0 to the data that PySensemakr 0.0.8 brings.
fn darfur() -> Effect {
    Effect::new(0.097_315_819_284_96, 0.023_256_537_809_81, 783.0).expect("an effect")
}

/// Being female in the same model, from its t in this and in that of the exposure.
const FEMALE: Benchmark = Benchmark { with_outcome: 0.1090339154278, with_treatment: 0.009081065190331 };

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-10 * theirs.abs(), "{ours} is not {theirs}");
}

#[track_caller]
fn rounded(value: f64, digits: usize, published: &str) {
    assert_eq!(format!("{value:.digits$}"), published);
}

#[test]
fn cinelli_and_hazlett_2020() {
    // Table 1: estimate 0.097, standard error 0.023, t 4.18, partial R² 2.2 %, RV 13.9 %, RV at 5 % 7.6 %.
    rounded(100.0 * darfur().partial_r_squared(), 1, "2.2");
    rounded(100.0 * darfur().robustness_value(1.0).expect("a value"), 1, "13.9");
    rounded(100.0 * darfur().robustness_value_of_significance(1.0, 0.05).expect("a value"), 1, "7.6");
}

#[test]
fn cinelli_and_hazlett_2020_bounds() {
    // Once, twice and three times as strong as being female: the table of sensemakr's vignette.
    for (times, published) in [
        (1.0, ["0.00916", "0.1246", "0.0752", "0.0219", "3.44"]),
        (2.0, ["0.01833", "0.2493", "0.0529", "0.0204", "2.60"]),
        (3.0, ["0.02749", "0.3741", "0.0304", "0.0187", "1.63"]),
    ] {
        let confounder = FEMALE.times(times, times).expect("a confounder");
        let Adjusted { estimate, std_error, t } = darfur().adjusted(&confounder).expect("an effect");
        rounded(confounder.with_treatment, 5, published[0]);
        rounded(confounder.with_outcome, 4, published[1]);
        rounded(estimate, 4, published[2]);
        rounded(std_error, 4, published[3]);
        rounded(t.expect("the standard error is not 0"), 2, published[4]);
    }
}

#[test]
fn sensemakr_robustness() {
    // PySensemakr 0.0.8: partial_r2 and robustness_value(t_statistic, dof, q, alpha), with alpha near 1 for none.
    let robustness = |effect: Effect, q: f64| {
        let significance = effect.robustness_value_of_significance(q, 0.05).expect("a value");
        [effect.robustness_value(q).expect("a value"), significance]
    };
    close(darfur().partial_r_squared(), 0.02187309334111);
    for (ours, theirs) in [
        (robustness(darfur(), 1.0), [0.1387763538936, 0.07625796554486]),
        (robustness(darfur(), 0.5), [0.0720269757956, 0.004562760814389]),
    ] {
        ours.into_iter().zip(theirs).for_each(|(ours, theirs)| close(ours, theirs));
    }
    // So strong that less of the outcome is enough.
    let strong = Effect::new(25.0, 1.0, 30.0).expect("an effect");
    close(robustness(strong, 0.5)[1], 0.8160103860106);
    close(robustness(strong, 1.0)[1], 0.9475920542947);
    // Not even significant.
    let weak = Effect::new(1.2, 1.0, 40.0).expect("an effect");
    assert_eq!(robustness(weak, 1.0)[1], 0.0);
}

#[test]
fn sensemakr_adjusted() {
    // PySensemakr 0.0.8: ovb_partial_r2_bound, adjusted_estimate, adjusted_se, adjusted_t.
    let confounder = FEMALE.times(3.0, 3.0).expect("a confounder");
    close(confounder.with_treatment, 0.02749286002515);
    close(confounder.with_outcome, 0.3740504710381);
    let adjusted = darfur().adjusted(&confounder).expect("an effect");
    close(adjusted.estimate, 0.03039602346415);
    close(adjusted.std_error, 0.01867006481709);
    close(adjusted.t.expect("the standard error is not 0"), 1.628062021312);
}

#[test]
fn the_sign_of_the_effect_changes_only_signs() {
    let less = Effect::new(-0.097_315_819_284_96, 0.023_256_537_809_81, 783.0).expect("an effect");
    assert_eq!(less.robustness_value(1.0), darfur().robustness_value(1.0));
    assert_eq!(less.partial_r_squared(), darfur().partial_r_squared());
    // Weak confounders leave the sign, strong ones turn it.
    for (share, sign) in [(0.05, 1.0), (0.5, -1.0)] {
        let confounder = Confounder { with_outcome: share, with_treatment: share };
        let [one, other] = [darfur(), less].map(|effect| effect.adjusted(&confounder).expect("an effect"));
        assert_eq!((one.estimate, one.std_error), (-other.estimate, other.std_error));
        assert_eq!(one.estimate.signum(), sign);
    }
}

#[test]
fn a_confounder_as_strong_as_the_robustness_value() {
    // It takes half of the estimate away.
    let share = darfur().robustness_value(0.5).expect("a value");
    let confounder = Confounder { with_outcome: share, with_treatment: share };
    close(darfur().adjusted(&confounder).expect("an effect").estimate, 0.097_315_819_284_96 / 2.0);
    // It makes t what is just significant: t(0.975) of 782 degrees.
    let share = darfur().robustness_value_of_significance(1.0, 0.05).expect("a value");
    let confounder = Confounder { with_outcome: share, with_treatment: share };
    let t = darfur().adjusted(&confounder).expect("an effect").t.expect("the standard error is not 0");
    close(t, 1.963_002_200_328_249);
}

#[test]
fn ends_of_what_a_confounder_can_be() {
    let none = Confounder { with_outcome: 0.0, with_treatment: 0.0 };
    let adjusted = darfur().adjusted(&none).expect("an effect");
    close(adjusted.estimate, 0.097_315_819_284_96);
    // One degree of freedom fewer.
    close(adjusted.std_error, 0.023_256_537_809_81 * (783.0_f64 / 782.0).sqrt());
    let all = Confounder { with_outcome: 1.0, with_treatment: 0.2 };
    let adjusted = darfur().adjusted(&all).expect("an effect");
    assert_eq!((adjusted.std_error, adjusted.t), (0.0, None));
}

#[track_caller]
fn fails<T: std::fmt::Debug>(found: Result<T, Error>, message: &str) {
    assert_eq!(found.expect_err("an error").to_string(), message);
}

#[test]
fn effects_that_are_none() {
    fails(Effect::new(f64::NAN, 1.0, 9.0), "the estimate is NaN; give a finite number");
    fails(Effect::new(1.0, 0.0, 9.0), "the standard error is 0; give a finite number above 0");
    fails(Effect::new(1.0, f64::NAN, 9.0), "the standard error is NaN; give a finite number above 0");
    fails(Effect::new(1.0, 1.0, 1.0), "the number of degrees of freedom is 1; give a finite number above 1");
    for q in [0.0, f64::NAN] {
        let message =
            format!("the share of the estimate to explain away is {q}; give a finite number above 0");
        fails(darfur().robustness_value(q), &message);
    }
    let message = "alpha is 1; give a number between 0 and 1";
    fails(darfur().robustness_value_of_significance(1.0, 1.0), message);
}

#[test]
fn confounders_that_are_none() {
    let of = |with_outcome, with_treatment| darfur().adjusted(&Confounder { with_outcome, with_treatment });
    let message = "the confounder's partial R² with the outcome is 1.1; give a share from 0 to 1";
    fails(of(1.1, 0.5), message);
    let message = "the confounder's partial R² with the treatment is 1; give a share from 0 to 1";
    fails(of(0.5, 1.0), message);
    assert!(of(f64::NAN, 0.5).is_err() && of(0.5, f64::NAN).is_err() && of(-0.1, 0.5).is_err());
    let message = "the strength of the confounder as a multiple of the covariate's is 120; give less: it would explain \
                   all of the treatment";
    fails(FEMALE.times(1.0, 120.0), message);
    let message =
        "the strength of the confounder as a multiple of the covariate's is -1; give a finite number from 0";
    fails(FEMALE.times(-1.0, 1.0), message);
    let all = Benchmark { with_outcome: 1.0, ..FEMALE };
    let message = "the covariate's partial R² with the outcome is 1; give a share from 0 to 1";
    fails(all.times(1.0, 1.0), message);
}
