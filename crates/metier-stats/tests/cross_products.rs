//! Regressions that add up, held against the regression on all rows.

use metier_stats::Error;
use metier_stats::linear::{
    Coefficient, Covariance, CrossProducts, Design, Fit, FixedEffect, Regressor, fit,
};
use metier_stats::moments::Moments;
use proptest::prelude::*;

/// Rows of people in groups: an outcome, regressors, two fixed effects.
#[derive(Debug, Clone, Default)]
struct Rows {
    outcome: Vec<f64>,
    regressors: [Vec<f64>; 3],
    effects: [Vec<u32>; 2],
    people: Vec<u32>,
    groups: Vec<u32>,
}

/// Numbers from 0 to 1 that anybody can draw again (Knuth's multiplier, The Art of Computer Programming 2, 3.3.4).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, count: u32) -> u32 {
        (self.next() * f64::from(count)) as u32
    }
}

fn rows(count: usize, groups: u32, seed: u64) -> Rows {
    let mut numbers = Numbers(seed);
    let mut rows = Rows::default();
    for _ in 0..count {
        let person = numbers.below(8 * groups);
        let (group, own) = (person % groups, f64::from(person % 5) / 5.0);
        let effects = [numbers.below(6), numbers.below(4)];
        let x = [
            numbers.next() + 0.3 * own,
            numbers.next() * 3.0 - 1.0 + f64::from(effects[0]) * 0.2,
            f64::from(numbers.below(2)),
        ];
        let noise = numbers.next() + numbers.next() - 1.0 + own;
        rows.outcome.push(
            0.7 * x[0] - 0.2 * x[1]
                + x[2] * own
                + 0.1 * f64::from(effects[1])
                + 0.3 * f64::from(group)
                + noise,
        );
        rows.regressors.iter_mut().zip(x).for_each(|(column, x)| column.push(x));
        rows.effects.iter_mut().zip(effects).for_each(|(column, code)| column.push(code));
        rows.people.push(person);
        rows.groups.push(group);
    }
    rows
}

impl Rows {
    fn design(&self, effects: usize) -> Design<'_> {
        let regressor = |(at, values): (usize, &'_ Vec<f64>)| Regressor {
            name: format!("x{at}"),
            values: values.clone().into(),
        };
        let effect = |(at, codes): (usize, &'_ Vec<u32>)| FixedEffect {
            name: format!("f{at}"),
            codes: codes.clone().into(),
        };
        Design {
            outcome: &self.outcome,
            regressors: self.regressors.iter().enumerate().map(regressor).collect(),
            fixed_effects: self.effects.iter().enumerate().take(effects).map(effect).collect(),
            weights: None,
        }
    }

    fn only(&self, group: u32) -> Rows {
        let here: Vec<usize> = (0..self.outcome.len()).filter(|row| self.groups[*row] == group).collect();
        let numbers = |column: &Vec<f64>| here.iter().map(|row| column[*row]).collect::<Vec<f64>>();
        let codes = |column: &Vec<u32>| here.iter().map(|row| column[*row]).collect::<Vec<u32>>();
        Rows {
            outcome: numbers(&self.outcome),
            regressors: self.regressors.each_ref().map(numbers),
            effects: self.effects.each_ref().map(codes),
            people: codes(&self.people),
            groups: codes(&self.groups),
        }
    }

    /// The same with every fixed effect crossed with the group.
    fn crossed(&self, groups: u32) -> Rows {
        let cross = |column: &Vec<u32>| {
            column.iter().zip(&self.groups).map(|(code, group)| code * groups + group).collect()
        };
        Rows { effects: self.effects.each_ref().map(cross), ..self.clone() }
    }

    fn sums(&self, effects: usize) -> CrossProducts {
        CrossProducts::of(&self.design(effects), &self.people).expect("cross-products")
    }

    fn merged(&self, effects: usize, groups: u32) -> CrossProducts {
        let mut merged = self.only(0).sums(effects);
        for group in 1..groups {
            merged.merge(&self.only(group).sums(effects)).expect("the same terms");
        }
        merged
    }

    fn whole(&self, effects: usize) -> Fit {
        fit(&self.design(effects), &Covariance::Clustered(vec![&self.people])).expect("a fit")
    }
}

/// Coefficients and all that follows from their errors, which are `factor` times theirs.
#[track_caller]
fn same(ours: &[Coefficient], theirs: &Fit, factor: f64) {
    assert_eq!(ours.len(), theirs.coefficients.len());
    for (ours, theirs) in ours.iter().zip(&theirs.coefficients) {
        assert_eq!(ours.name, theirs.name);
        let std_error = theirs.std_error * factor;
        let reach = (theirs.conf_high - theirs.estimate) * factor;
        let pairs = [
            (ours.estimate, theirs.estimate),
            (ours.std_error, std_error),
            (ours.t, theirs.t / factor),
            (ours.conf_low, theirs.estimate - reach),
            (ours.conf_high, theirs.estimate + reach),
        ];
        for (ours, theirs) in pairs {
            assert!((ours - theirs).abs() <= 1e-10 * theirs.abs(), "{ours} is not {theirs}");
        }
        if factor == 1.0 {
            assert!((ours.p - theirs.p).abs() <= 1e-9 * theirs.p, "{} is not {}", ours.p, theirs.p);
        }
    }
}

#[test]
fn one_group_is_the_clustered_fit() {
    for effects in 0..3 {
        let rows = rows(160, 1, 7);
        let sums = rows.sums(effects);
        same(&sums.fit().expect("a fit"), &rows.whole(effects), 1.0);
        assert_eq!((sums.rows(), sums.people(), sums.absorbed()), (160, 8, [0, 6, 9][effects]));
        assert_eq!(sums.terms().len(), if effects == 0 { 4 } else { 3 });
    }
}

#[test]
fn one_group_with_effects_of_people_and_rows_left_out() {
    let mut rows = rows(160, 1, 8);
    // The first effect is the person, which counts as one parameter; a row alone in a level of the second is left out.
    rows.effects[0] = rows.people.clone();
    rows.effects[1][17] = 99;
    let sums = rows.sums(2);
    assert_eq!((sums.rows(), sums.absorbed()), (159, 1 + 3));
    same(&sums.fit().expect("a fit"), &rows.whole(2), 1.0);
}

#[test]
fn groups_without_effects_add_up_to_all_rows() {
    for groups in [2, 3] {
        let rows = rows(300, groups, 11);
        let merged = rows.merged(0, groups);
        assert_eq!((merged.rows(), merged.people()), (300, u64::from(8 * groups)));
        same(&merged.fit().expect("a fit"), &rows.whole(0), 1.0);
    }
}

#[test]
fn groups_with_effects_add_up_to_effects_crossed_with_groups() {
    for groups in [2, 3] {
        for effects in [1, 2] {
            let rows = rows(300, groups, 12);
            let (merged, whole) = (rows.merged(effects, groups), rows.crossed(groups).whole(effects));
            // Of a second effect each group takes one level less, all together take one: with k the parameters of the whole,
            // the groups have fewer by one less than there are groups.
            let k = (4 * groups * u32::from(effects == 2) + 6 * groups) as f64 + 3.0 - (effects as f64 - 1.0);
            let fewer = f64::from(groups - 1) * (effects as f64 - 1.0);
            assert_eq!(merged.absorbed() as f64 + 3.0, k - fewer);
            let factor = ((300.0 - k) / (300.0 - k + fewer)).sqrt();
            same(&merged.fit().expect("a fit"), &whole, factor);
        }
    }
}

#[test]
fn effects_of_people_count_once_a_group() {
    let mut rows = rows(300, 3, 19);
    rows.effects[0] = rows.people.clone();
    let (merged, whole) = (rows.merged(1, 3), rows.whole(1));
    assert_eq!(merged.absorbed(), 3);
    same(&merged.fit().expect("a fit"), &whole, ((300.0_f64 - 3.0 - 1.0) / (300.0 - 3.0 - 3.0)).sqrt());
}

#[test]
fn a_term_that_one_group_cannot_tell_is_told_by_the_others() {
    for effects in 0..2 {
        let mut rows = rows(300, 3, 13);
        for (row, group) in rows.groups.iter().enumerate() {
            if *group == 1 {
                // Constant without effects, and spanned by them with one.
                rows.regressors[2][row] =
                    if effects == 0 { 1.0 } else { f64::from(rows.effects[0][row]) * 0.3 };
            }
        }
        let alone = rows.only(1).sums(effects);
        assert_eq!(alone.fit(), Err(Error::Collinear { column: "x2".into() }));
        let crossed = rows.crossed(3);
        same(&rows.merged(effects, 3).fit().expect("a fit"), &crossed.whole(effects), 1.0);
    }
}

#[test]
fn what_has_no_fit_is_refused() {
    let mut rows = rows(120, 1, 14);
    let one_person = Rows { people: vec![3; 120], ..rows.clone() };
    assert_eq!(one_person.sums(1).fit(), Err(Error::FewClusters { variable: 1, clusters: 1 }));
    let sum =
        rows.regressors[0].iter().zip(&rows.regressors[1]).map(|(one, other)| one + 2.0 * other).collect();
    let spanned =
        Rows { regressors: [rows.regressors[0].clone(), rows.regressors[1].clone(), sum], ..rows.clone() };
    for effects in 0..3 {
        assert_eq!(spanned.sums(effects).fit(), Err(Error::Collinear { column: "x2".into() }));
    }
    let perfect =
        Rows { outcome: rows.regressors[0].iter().map(|x| 1.0 + 2.0 * x).collect(), ..rows.clone() };
    let constant = Rows { outcome: vec![1.5; 120], ..rows.clone() };
    for effects in 0..3 {
        assert_eq!(perfect.sums(effects).fit(), Err(Error::PerfectFit));
        let error = if effects == 0 { Error::PerfectFit } else { Error::ConstantOutcome { within: true } };
        assert_eq!(constant.sums(effects).fit(), Err(error));
    }
    // A year is a number that squares of squares lose the errors of.
    rows.regressors[1].iter_mut().for_each(|x| *x += 20_240.0);
    assert!(matches!(rows.sums(0).fit(), Err(Error::Lost { .. } | Error::Collinear { .. })));
    assert!(rows.sums(1).fit().is_ok());
    let few = rows.design(0);
    let few = Design { outcome: &rows.outcome[..0], regressors: vec![], ..few };
    assert!(matches!(CrossProducts::of(&few, &[]), Err(Error::NoRows { .. })));
}

#[test]
fn designs_that_do_not_add_up_are_refused() {
    let rows = rows(60, 1, 15);
    let ask = |change: &dyn Fn(&mut Design)| {
        let mut design = rows.design(1);
        change(&mut design);
        CrossProducts::of(&design, &rows.people).map(|_| ())
    };
    let ones = vec![1.0; 60];
    assert_eq!(ask(&|_| ()), Ok(()));
    assert_eq!(
        ask(&|design| design.weights = Some(Box::leak(ones.clone().into_boxed_slice()))),
        Err(Error::Weighted)
    );
    assert_eq!(
        ask(&|design| design.regressors[1].name = "x0".into()),
        Err(Error::Twice { name: "x0".into() })
    );
    assert!(matches!(
        ask(&|design| design.regressors[1].name = "Intercept".into()),
        Err(Error::Twice { .. })
    ));
    assert!(matches!(ask(&|design| design.regressors.clear()), Err(Error::TooFew { .. })));
    let value = |design: &mut Design, value: f64| design.regressors[1].values.to_mut()[3] = value;
    for effects in 0..2 {
        let without = |design: &mut Design| design.fixed_effects.truncate(effects);
        assert!(matches!(
            ask(&|design| (without(design), value(design, f64::NAN)).0),
            Err(Error::NotFinite { row: 3, .. })
        ));
        assert!(matches!(
            ask(&|design| (without(design), value(design, 1e90)).0),
            Err(Error::TooLarge { .. })
        ));
    }
    assert!(matches!(
        CrossProducts::of(&rows.design(1), &rows.people[1..]),
        Err(Error::Lengths { values: 59, rows: 60, .. })
    ));
    let regressor =
        |at: usize| Regressor { name: format!("z{at}"), values: rows.regressors[0].clone().into() };
    let many = |design: &mut Design| design.regressors = (0..101).map(regressor).collect();
    assert!(matches!(ask(&many), Err(Error::Argument { .. })));
}

#[test]
fn only_the_same_terms_are_merged() {
    let rows = rows(100, 2, 16);
    let (mut here, there) = (rows.only(0).sums(0), rows.only(1));
    let before = here.clone();
    assert!(matches!(here.merge(&there.sums(1)), Err(Error::Unlike { .. })));
    let mut turned = there.design(0);
    turned.regressors.swap(0, 1);
    let turned = CrossProducts::of(&turned, &there.people).expect("cross-products");
    assert_eq!(
        here.merge(&turned).expect_err("another order").to_string(),
        "the terms differ: Intercept, x0, x1, x2 here, Intercept, x1, x0, x2 there; only sums of the same can be added"
    );
    assert_eq!(here, before);
}

/// The parts of cross-products, to be changed.
fn parts(of: &CrossProducts) -> (u64, Vec<f64>, Vec<f64>) {
    let moments = of.moments();
    (moments.people(), moments.sum().to_vec(), moments.products().to_vec())
}

#[test]
fn hostile_parts_are_refused() {
    let given = rows(100, 1, 17);
    let (sums, within) = (given.sums(0), given.sums(1));
    let terms = sums.terms().to_vec();
    let again = |of: &CrossProducts| {
        let (people, sum, products) = parts(of);
        let moments = Moments::from_parts(people, sum, products).expect("sums");
        CrossProducts::from_parts(of.terms().to_vec(), of.rows(), of.absorbed(), moments)
    };
    assert_eq!((again(&sums).as_ref(), again(&within).as_ref()), (Ok(&sums), Ok(&within)));

    let moments = sums.moments();
    let ask = |terms: &[String], rows, absorbed| {
        let made = CrossProducts::from_parts(terms.to_vec(), rows, absorbed, moments.clone());
        made.expect_err("they cannot be")
    };
    assert!(matches!(ask(&terms, 99, 0), Error::NoSums { .. }));
    assert!(matches!(ask(&terms, 5, 0), Error::NoSums { .. }));
    assert!(matches!(ask(&terms, 100, 1), Error::NoSums { .. }));
    assert!(matches!(ask(&terms[1..], 100, 0), Error::NoSums { .. }));
    assert!(matches!(ask(&[], 100, 0), Error::TooFew { .. }));
    assert!(matches!(ask(&vec!["x".to_owned(); 4], 100, 0), Error::Twice { .. }));
    let turned = ["x0", "Intercept", "x1", "x2"].map(str::to_owned);
    assert!(matches!(ask(&turned, 100, 0), Error::NoSums { .. }));
    let renamed = ["a", "b", "c", "d"].map(str::to_owned);
    assert!(matches!(ask(&renamed, 100, 0), Error::NoSums { .. }));

    // Sums that people can have, but squares cannot: a negative one, and a cross-product larger than they allow.
    let (people, sum, products) = parts(&within);
    let changed = |at: usize, value: f64| {
        let mut sum = sum.clone();
        sum[at] = value;
        Moments::from_parts(people, sum, products.clone()).and_then(|moments| {
            CrossProducts::from_parts(within.terms().to_vec(), 100, within.absorbed(), moments)
        })
    };
    assert!(changed(1, sum[1]).is_ok());
    assert!(matches!(changed(0, -sum[0]), Err(Error::NoSums { .. })));
    assert!(matches!(changed(0, sum[1].abs() / 1e9), Err(Error::NoSums { .. })));
    assert!(matches!(changed(0, f64::NAN), Err(Error::NotFinite { .. })));
    assert!(matches!(changed(1, 1e6), Err(Error::NoSums { .. })));
}

#[test]
fn hostile_parts_that_pass_give_errors_and_no_panic() {
    let zeros = Moments::from_parts(9, vec![0.0; 6], vec![0.0; 21]).expect("people of nothing");
    let terms = ["a", "b"].map(str::to_owned).to_vec();
    let sums = CrossProducts::from_parts(terms.clone(), 40, 1, zeros.clone()).expect("rows of nothing");
    assert_eq!(sums.fit(), Err(Error::Collinear { column: "a".into() }));
    let full = CrossProducts::from_parts(terms.clone(), u64::MAX, u64::MAX, zeros.clone()).expect("so many");
    assert!(matches!(full.fit(), Err(Error::NoDegreesOfFreedom { .. })));
    assert!(matches!(full.clone().merge(&full), Err(Error::NoSums { .. })));
    let nobody = CrossProducts::from_parts(terms, 0, 0, Moments::new(6)).expect("nobody");
    assert!(matches!(nobody.fit(), Err(Error::FewClusters { clusters: 0, .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_add_up(seed in any::<u64>(), count in 120..260_usize, groups in 1..4_u32, effects in 0..2_usize) {
        let rows = rows(count, groups, seed);
        let merged = rows.merged(effects, groups);
        same(&merged.fit().expect("a fit"), &rows.crossed(groups).whole(effects), 1.0);
        let (people, sum, products) = parts(&merged);
        let again = Moments::from_parts(people, sum, products)
            .and_then(|moments| CrossProducts::from_parts(merged.terms().to_vec(), merged.rows(), merged.absorbed(), moments));
        prop_assert_eq!(again.as_ref(), Ok(&merged));
    }

    #[test]
    fn shaken_parts_do_not_panic(at in 0..120_usize, value in any::<f64>(), rows_of in any::<u64>(), absorbed in any::<u64>()) {
        let (people, mut sum, mut products) = parts(&rows(60, 1, 18).sums(1));
        let own = sum.len();
        if at < own { sum[at] = value } else { let last = products.len() - 1; products[(at - own).min(last)] = value }
        if let Ok(moments) = Moments::from_parts(people, sum, products) {
            let terms = ["a", "b", "c"].map(str::to_owned).to_vec();
            if let Ok(fit) = CrossProducts::from_parts(terms, rows_of, absorbed, moments).and_then(|sums| sums.fit()) {
                    prop_assert!(fit.iter().all(|one| one.std_error > 0.0 && one.conf_low <= one.conf_high));
            }
        }
    }
}
