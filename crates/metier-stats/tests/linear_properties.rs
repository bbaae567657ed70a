//! What holds for linear models of any design.

use metier_stats::linear::{Covariance, Design, Fit, FixedEffect, Model, Regressor, fit};
use proptest::prelude::*;

/// A random design: rows of an outcome, two regressors, three effects and two clusters, and a weight.
#[derive(Debug, Clone)]
struct Rows {
    rows: Vec<Row>,
    /// How many of the effects are taken.
    effects: usize,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    outcome: f64,
    regressors: [f64; 2],
    codes: [u32; 3],
    clusters: [u32; 2],
    weight: f64,
}

prop_compose! {
    fn row()(
        noise in -3.0..3.0_f64,
        regressors in [-5.0..5.0_f64, 0.0..100.0_f64],
        codes in [0..15_u32, 0..4_u32, 0..3_u32],
        clusters in [0..6_u32, 0..9_u32],
        weight in 0.1..3.0_f64,
    ) -> Row {
        let outcome = noise + 0.5 * regressors[0] + f64::from(codes[0] % 4) - f64::from(codes[1]);
        Row { outcome, regressors, codes: [codes[0] * 900_000, codes[1], codes[2]], clusters, weight }
    }
}

prop_compose! {
    fn designs()(rows in prop::collection::vec(row(), 60..120), effects in 0..4_usize) -> Rows {
        Rows { rows, effects }
    }
}

impl Rows {
    /// Calls with the design, its regressors and effects as they are, and two columns of clusters.
    fn design<T>(&self, weighted: bool, ask: impl FnOnce(&mut Design, [&[u32]; 2]) -> T) -> T {
        let outcome: Vec<f64> = self.rows.iter().map(|row| row.outcome).collect();
        let weights: Vec<f64> = self.rows.iter().map(|row| row.weight).collect();
        let clusters =
            [0, 1].map(|index| self.rows.iter().map(|row| row.clusters[index]).collect::<Vec<u32>>());
        let mut design = Design {
            outcome: &outcome,
            regressors: (0..2)
                .map(|index| self.regressor(&format!("x{index}"), |row| row.regressors[index]))
                .collect(),
            fixed_effects: (0..self.effects).map(|index| self.effect(index)).collect(),
            weights: weighted.then_some(&weights),
        };
        ask(&mut design, [&clusters[0], &clusters[1]])
    }

    fn regressor(&self, name: &str, value: impl Fn(&Row) -> f64) -> Regressor<'static> {
        Regressor { name: name.into(), values: self.rows.iter().map(value).collect() }
    }

    fn effect(&self, index: usize) -> FixedEffect<'static> {
        FixedEffect {
            name: format!("f{index}"),
            codes: self.rows.iter().map(|row| row.codes[index]).collect(),
        }
    }

    /// The fit with each covariance.
    fn fits(&self) -> Vec<Fit> {
        self.design(true, |design, [first, second]| {
            let model = Model::new(design).expect("regressors vary");
            let asked = [
                Covariance::Classical,
                Covariance::Hc1,
                Covariance::Hc3,
                Covariance::Clustered(vec![first]),
                Covariance::Clustered(vec![first, second]),
            ];
            // With two cluster variables a variance may be negative.
            asked.iter().filter_map(|covariance| model.with(covariance).ok()).collect()
        })
    }
}

fn close(ours: f64, theirs: f64, scale: f64) -> bool {
    (ours - theirs).abs() <= 1e-10 * theirs.abs().max(scale)
}

/// Whether the coefficients of the same names are the same.
fn same(ours: &Fit, theirs: &Fit) -> bool {
    ours.coefficients.iter().all(|one| {
        let other = theirs.coefficient(&one.name).expect("the same coefficients");
        close(one.estimate, other.estimate, other.std_error) && close(one.std_error, other.std_error, 0.0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rows_changes_nothing(design in designs(), seed in any::<u64>()) {
        let mut shuffled = design.clone();
        // Fisher and Yates, with a small generator.
        let mut state = seed | 1;
        for last in (1..shuffled.rows.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.rows.swap(last, (state >> 33) as usize % (last + 1));
        }
        let (ours, theirs) = (design.fits(), shuffled.fits());
        prop_assert!(ours.len() >= 4 && ours.len() == theirs.len());
        prop_assert!(ours.iter().zip(&theirs).all(|(ours, theirs)| same(ours, theirs)));
        prop_assert_eq!(&ours, &design.fits());
    }

    #[test]
    fn absorbed_effects_are_dummies(design in designs()) {
        let absorbed = design.design(true, |design, [clusters, _]| {
            let model = Model::new(design).expect("regressors vary");
            (model.with(&Covariance::Hc3), model.with(&Covariance::Clustered(vec![clusters])), model.kept_rows().into_owned())
        });
        // Rows that are alone in a level are fitted by its dummy.
        let kept = Rows { rows: absorbed.2.iter().map(|row| design.rows[*row as usize]).collect(), ..design };
        let dummies = kept.design(true, |design, [clusters, _]| {
            design.fixed_effects.clear();
            for effect in 0..kept.effects {
                let mut levels: Vec<u32> = kept.rows.iter().map(|row| row.codes[effect]).collect();
                levels.sort_unstable();
                levels.dedup();
                for level in &levels[1..] {
                    let dummy = |row: &Row| f64::from(u8::from(row.codes[effect] == *level));
                    design.regressors.push(kept.regressor(&format!("f{effect}[{level}]"), dummy));
                }
            }
            let model = Model::new(design).expect("regressors vary");
            (model.with(&Covariance::Hc3), model.with(&Covariance::Clustered(vec![clusters])))
        });
        // Only these have the leverage of dummies for a level of two.
        for (ours, theirs) in [(absorbed.0, dummies.0), (absorbed.1, dummies.1)] {
            let (Ok(ours), Ok(theirs)) = (ours, theirs) else { continue };
            // Dropped dummies count as parameters of absorbed effects.
            let corrected = (ours.small_sample / theirs.small_sample).sqrt();
            for one in ours.coefficients.iter().filter(|one| one.name != "Intercept") {
                let other = theirs.coefficient(&one.name).expect("the same regressors");
                prop_assert!(close(one.estimate, other.estimate, other.std_error));
                prop_assert!(close(one.std_error / corrected, other.std_error, 0.0));
            }
            prop_assert!(close(ours.r_squared, theirs.r_squared, 0.0));
        }
    }

    #[test]
    fn weight_two_is_a_row_twice(design in designs()) {
        let mut doubled = design.clone();
        doubled.rows.extend(design.rows.iter().filter(|row| row.weight > 1.5));
        let mut weighted = design.clone();
        weighted.rows.iter_mut().for_each(|row| row.weight = if row.weight > 1.5 { 2.0 } else { 1.0 });
        // A row that is alone in a level is not if it is there twice, but still tells nothing.
        let ours = weighted.design(true, |design, _| fit(design, &Covariance::Classical).expect("regressors vary"));
        let theirs = doubled.design(false, |design, _| fit(design, &Covariance::Classical).expect("regressors vary"));
        for one in &ours.coefficients {
            let other = theirs.coefficient(&one.name).expect("the same regressors");
            prop_assert!(close(one.estimate, other.estimate, other.std_error));
        }
    }

    #[test]
    fn the_scale_of_weights_changes_nothing(design in designs(), scale in 0.001..1000.0_f64) {
        let mut scaled = design.clone();
        scaled.rows.iter_mut().for_each(|row| row.weight *= scale);
        prop_assert!(design.fits().iter().zip(&scaled.fits()).all(|(ours, theirs)| same(ours, theirs)));
    }

    #[test]
    fn a_collinear_column_is_dropped(design in designs(), slope in 0.1..10.0_f64, level in -100.0..100.0_f64) {
        let before = design.design(true, |design, _| fit(design, &Covariance::Hc1).expect("regressors vary"));
        let after = design.design(true, |own, _| {
            own.regressors.push(design.regressor("again", |row| level + slope * row.regressors[1] - row.regressors[0]));
            if design.effects > 0 {
                own.regressors.insert(0, design.regressor("effect", |row| f64::from(row.codes[0]) * slope));
            }
            fit(own, &Covariance::Hc1).expect("regressors vary")
        });
        let expected: &[&str] = if design.effects > 0 { &["effect", "again"] } else { &["again"] };
        prop_assert_eq!(&after.dropped, expected);
        prop_assert_eq!(after.coefficients.len(), before.coefficients.len());
        prop_assert!(same(&before, &after));
    }
}
