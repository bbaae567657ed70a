//! What holds for all answers: symmetry, invariances, the definitions. Single numbers are in `published` and
//! `peers`.

use metier_stats::agreement::{Categories, Metric, Pairs, Rater, Ratings, Table, Weights};
use metier_stats::bootstrap::{Bootstrap, Clusters};
use proptest::prelude::*;

const METRICS: [Metric; 3] = [Metric::Nominal, Metric::Ordinal, Metric::Interval];

/// As many categories as there are values, and two raters' answers.
fn answers() -> impl Strategy<Value = (Vec<f64>, Vec<(usize, usize)>)> {
    prop::collection::vec(-20i8..20, 2..6).prop_flat_map(|values| {
        let codes = 0..values.len();
        let values = values.into_iter().map(f64::from).collect::<Vec<_>>();
        (Just(values), prop::collection::vec((codes.clone(), codes), 1..40))
    })
}

/// As many categories as there are values, and items with up to five answers, or gaps.
fn gappy() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<Option<usize>>>)> {
    prop::collection::vec(-20i8..20, 2..6).prop_flat_map(|values| {
        let code = prop::option::weighted(0.8, 0..values.len());
        let values = values.into_iter().map(f64::from).collect::<Vec<_>>();
        (Just(values), prop::collection::vec(prop::collection::vec(code, 0..6), 1..25))
    })
}

fn valued(values: &[f64]) -> Categories {
    Categories::valued(values).expect("finite")
}

fn table(values: &[f64], items: &[(usize, usize)]) -> Table {
    Pairs::new(valued(values), items.iter().copied()).expect("codes of the categories").table()
}

fn ratings(values: &[f64], items: &[Vec<Option<usize>>]) -> Ratings {
    Ratings::new(valued(values), items).expect("codes of the categories")
}

/// Every statistic that treats the raters alike.
fn statistics(table: &Table) -> [Option<f64>; 8] {
    [
        table.exact(),
        table.within_one(),
        table.kappa(),
        table.weighted_kappa(Weights::Linear),
        table.weighted_kappa(Weights::Quadratic),
        table.ac1(),
        table.ac2(Weights::Linear),
        table.ac2(Weights::Quadratic),
    ]
}

fn alphas(ratings: &Ratings) -> [Option<f64>; 3] {
    let coincidences = ratings.coincidences();
    METRICS.map(|metric| coincidences.alpha(metric))
}

/// The same but for rounding.
fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9 * (1.0 + a.abs()),
        (a, b) => a == b,
    }
}

/// α by its definition: the mean δ² of the pairs within items, each answer having the same say, over that of all
/// pairs of the answers compared (Krippendorff, 2004).
fn alpha_by_definition(values: &[f64], items: &[Vec<Option<usize>>], metric: Metric) -> Option<f64> {
    let items: Vec<Vec<usize>> = items.iter().map(|item| item.iter().flatten().copied().collect()).collect();
    let items: Vec<&Vec<usize>> = items.iter().filter(|item| item.len() > 1).collect();
    let all: Vec<usize> = items.iter().copied().flatten().copied().collect();
    let count = |code: usize| all.iter().filter(|other| **other == code).count() as f64;
    let squared = |a: usize, b: usize| match metric {
        Metric::Nominal => f64::from(u8::from(a != b)),
        Metric::Ordinal => {
            let between: f64 = (a.min(b)..=a.max(b)).map(count).sum();
            (between - (count(a) + count(b)) / 2.0).powi(2)
        }
        Metric::Interval => (values[a] - values[b]).powi(2),
    };
    // An answer and itself are no pair, but differ by nothing.
    let pairs = |answers: &[usize]| -> f64 {
        answers.iter().flat_map(|a| answers.iter().map(move |b| (*a, *b))).map(|(a, b)| squared(a, b)).sum()
    };
    let n = all.len() as f64;
    let observed = items.iter().map(|item| pairs(item) / (item.len() - 1) as f64).sum::<f64>() / n;
    let expected = pairs(&all) / (n * (n - 1.0));
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

proptest! {
    #[test]
    fn raters_may_change_places((values, items) in answers()) {
        let changed: Vec<_> = items.iter().map(|(first, second)| (*second, *first)).collect();
        let (table, changed) = (table(&values, &items), table(&values, &changed));
        prop_assert_eq!(statistics(&table), statistics(&changed));
        prop_assert_eq!(table.most_frequent(Rater::First), changed.most_frequent(Rater::Second));
    }

    #[test]
    fn items_may_change_places(((values, items), by) in (answers(), any::<prop::sample::Index>())) {
        let mut turned = items.clone();
        turned.rotate_left(by.index(items.len()));
        prop_assert_eq!(table(&values, &items), table(&values, &turned));
    }

    #[test]
    fn nominal_statistics_know_no_order(
        (values, items, labels) in answers().prop_flat_map(|(values, items)| {
            let labels = Just((0..values.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(values), Just(items), labels)
        })
    ) {
        let relabelled: Vec<_> = items.iter().map(|(first, second)| (labels[*first], labels[*second])).collect();
        let (old, new) = (table(&values, &items), table(&values, &relabelled));
        prop_assert_eq!([old.exact(), old.kappa(), old.ac1()], [new.exact(), new.kappa(), new.ac1()]);
        let alpha = |items: &[(usize, usize)]| {
            let items: Vec<_> = items.iter().map(|(first, second)| vec![Some(*first), Some(*second)]).collect();
            alphas(&ratings(&values, &items))[0]
        };
        prop_assert!(close(alpha(&items), alpha(&relabelled)));
    }

    #[test]
    fn perfect_agreement_is_1_or_undefined((values, items) in answers()) {
        let perfect: Vec<_> = items.iter().map(|(first, _)| (*first, *first)).collect();
        let several = perfect.iter().any(|pair| *pair != perfect[0]);
        let differ = perfect.iter().any(|(code, _)| values[*code] != values[perfect[0].0]);
        let range = values.iter().any(|value| *value != values[0]);
        let one_if = |defined: bool| defined.then_some(1.0);
        prop_assert_eq!(
            statistics(&table(&values, &perfect)),
            [true, true, several, differ, differ, true, range, range].map(one_if)
        );
        let thrice: Vec<_> = perfect.iter().map(|(code, _)| vec![Some(*code); 3]).collect();
        prop_assert_eq!(alphas(&ratings(&values, &thrice)), [several, several, differ].map(one_if));
    }

    #[test]
    fn no_statistic_is_above_1((values, items) in answers()) {
        for value in statistics(&table(&values, &items)).into_iter().flatten() {
            prop_assert!(value <= 1.0, "{}", value);
        }
    }

    #[test]
    fn neither_scale_nor_origin_of_the_values_matters(
        ((values, items), scale, origin) in (answers(), prop_oneof![-9.0..-0.1, 0.1..9.0], -99.0..99.0)
    ) {
        let moved: Vec<f64> = values.iter().map(|value| scale * value + origin).collect();
        // Values that differ may not differ by rounding alone.
        prop_assume!(values.iter().enumerate().all(|(i, a)| {
            values.iter().zip(&moved).all(|(b, to)| (a == b) == (moved[i] == *to))
        }));
        let pairs = statistics(&table(&values, &items)).into_iter().zip(statistics(&table(&moved, &items)));
        for (old, new) in pairs {
            prop_assert!(close(old, new), "{:?} {:?}", old, new);
        }
        let items: Vec<_> = items.iter().map(|(first, second)| vec![Some(*first), Some(*second)]).collect();
        let [old, new] = [&values, &moved].map(|values| alphas(&ratings(values, &items))[2]);
        prop_assert!(close(old, new), "{:?} {:?}", old, new);
    }

    #[test]
    fn of_two_categories_every_disagreement_is_the_same(
        items in prop::collection::vec((0usize..2, 0usize..2), 1..40)
    ) {
        let [_, _, kappa, linear, quadratic, ac1, ac2_linear, ac2_quadratic] =
            statistics(&table(&[0.0, 1.0], &items));
        prop_assert!(close(kappa, linear) && close(kappa, quadratic));
        prop_assert!(close(ac1, ac2_linear) && close(ac1, ac2_quadratic));
    }

    #[test]
    fn kappa_is_what_its_formula_says((values, items) in answers()) {
        let n = items.len() as f64;
        let share = |which: &dyn Fn(&(usize, usize)) -> bool| {
            items.iter().filter(|pair| which(pair)).count() as f64 / n
        };
        let observed = share(&|(first, second)| first == second);
        let expected: f64 = (0..values.len())
            .map(|code| share(&|(first, _)| *first == code) * share(&|(_, second)| *second == code))
            .sum();
        let kappa = (expected < 1.0 - 1e-9).then(|| (observed - expected) / (1.0 - expected));
        prop_assert!(close(table(&values, &items).kappa(), kappa));
    }

    #[test]
    fn alpha_of_two_raters_is_its_definition((values, items) in answers()) {
        let items: Vec<_> = items.iter().map(|(first, second)| vec![Some(*first), Some(*second)]).collect();
        for (alpha, metric) in alphas(&ratings(&values, &items)).into_iter().zip(METRICS) {
            prop_assert!(close(alpha, alpha_by_definition(&values, &items, metric)), "{:?}", metric);
        }
    }

    #[test]
    fn alpha_of_any_raters_is_its_definition((values, items) in gappy()) {
        for (alpha, metric) in alphas(&ratings(&values, &items)).into_iter().zip(METRICS) {
            prop_assert!(close(alpha, alpha_by_definition(&values, &items, metric)), "{:?}", metric);
        }
    }

    #[test]
    fn neither_items_nor_raters_have_an_order((values, items) in gappy()) {
        let mut turned: Vec<Vec<_>> = items.iter().map(|item| item.iter().rev().copied().collect()).collect();
        turned.reverse();
        prop_assert_eq!(ratings(&values, &items).coincidences(), ratings(&values, &turned).coincidences());
    }

    #[test]
    fn a_weight_is_a_repetition(((values, pairs), weights) in (answers(), prop::collection::vec(0u32..4, 40))) {
        let weights = &weights[..pairs.len()];
        let repeat = || pairs.iter().zip(weights).flat_map(|(pair, weight)| vec![*pair; *weight as usize]);
        let weighted = Pairs::new(valued(&values), pairs.iter().copied()).expect("codes").resampled(weights);
        prop_assert_eq!(weighted, table(&values, &repeat().collect::<Vec<_>>()));
    }

    #[test]
    fn a_weight_of_an_item_with_gaps_is_a_repetition(
        ((values, items), weights) in (gappy(), prop::collection::vec(0u32..4, 25))
    ) {
        let weights = &weights[..items.len()];
        let repeated: Vec<_> =
            items.iter().zip(weights).flat_map(|(item, weight)| vec![item.clone(); *weight as usize]).collect();
        prop_assert_eq!(ratings(&values, &items).resampled(weights), ratings(&values, &repeated).coincidences());
    }

    #[test]
    fn the_order_of_items_changes_no_byte_of_an_interval(
        ((values, items), by) in (answers(), any::<prop::sample::Index>())
    ) {
        let keyed: Vec<_> = items.iter().enumerate().map(|(at, item)| (at % 7, *item)).collect();
        let mut turned = keyed.clone();
        turned.rotate_left(by.index(items.len()));
        let interval = |keyed: &[(usize, (usize, usize))]| {
            let keys: Vec<_> = keyed.iter().map(|(key, _)| key).collect();
            let pairs = Pairs::new(valued(&values), keyed.iter().map(|(_, item)| *item)).expect("codes");
            let statistic = |weights: &[u32]| pairs.resampled(weights).weighted_kappa(Weights::Linear);
            Bootstrap { resamples: 50, seed: 1 }.interval("order", &Clusters::new(&keys), statistic)
        };
        prop_assert_eq!(interval(&keyed), interval(&turned));
    }
}
