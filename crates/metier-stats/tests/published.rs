//! The examples that the papers work through, to the digits they print. Other implementations are in `peers`.

use metier_stats::agreement::{Metric, Ratings, Table, Weights};

fn table<const K: usize>(rows: [[u64; K]; K]) -> Table {
    Table::new(K, rows).expect("square")
}

fn rounded(value: Option<f64>, digits: usize) -> String {
    value.map_or("undefined".into(), |value| format!("{value:.digits$}"))
}

/// Two judges, 200 patients: personality disorder, neurosis, psychosis.
fn cohen() -> Table {
    table([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
}

#[test]
fn cohen_1960() {
    assert_eq!(cohen().exact(), Some(0.70));
    // pₑ = (120 · 100 + 60 · 60 + 20 · 40) / 200² = 0.41
    assert_eq!(cohen().kappa(), Some(29.0 / 59.0));
    assert_eq!(rounded(cohen().kappa(), 3), "0.492");
}

#[test]
fn cohen_1968() {
    let symmetric = [[0.0, 1.0, 3.0], [1.0, 0.0, 6.0], [3.0, 6.0, 0.0]];
    let kappa = cohen().weighted_kappa_with(|i, j| symmetric[i][j]);
    // 1 − 0.90 / 1.38
    assert_eq!(rounded(kappa, 3), "0.348");
    let asymmetric = [[0.0, 1.0, 4.0], [1.0, 0.0, 6.0], [2.0, 2.0, 0.0]];
    assert_eq!(rounded(cohen().weighted_kappa_with(|i, j| asymmetric[i][j]), 3), "0.353");
}

#[test]
fn feinstein_and_cicchetti_1990() {
    // The same agreement, and half the κ where one answer dominates.
    let (balanced, dominated) = (table([[40, 9], [6, 45]]), table([[80, 10], [5, 5]]));
    assert_eq!((balanced.exact(), dominated.exact()), (Some(0.85), Some(0.85)));
    assert_eq!((rounded(balanced.kappa(), 2), rounded(dominated.kappa(), 2)), ("0.70".into(), "0.32".into()));
}

#[test]
fn gwet_2014_pregnancies() {
    // 100 women, two abstractors; the values are those printed in the overview and the weighting of Gwet's own R
    // package, irrCAC 1.0, and its port to Python.
    let table = table([[13, 0, 0], [0, 20, 7], [0, 4, 56]]);
    assert_eq!(table.exact(), Some(0.89));
    assert_eq!(rounded(table.kappa(), 7), "0.7964094");
    assert_eq!(rounded(table.ac1(), 7), "0.8493305");
    assert_eq!(rounded(table.ac2(Weights::Quadratic), 5), "0.94024");
}

#[test]
fn gwet_2002_kappa_paradox() {
    // 125 items on nearly all of which both say yes: pₒ = 0.944, and κ is negative.
    let table = table([[118, 5], [2, 0]]);
    assert_eq!(table.exact(), Some(0.944));
    assert_eq!(rounded(table.kappa(), 4), "-0.0234");
    assert_eq!(rounded(table.ac1(), 4), "0.9408");
}

#[test]
fn krippendorff_2011() {
    // Four observers, twelve units, values 1 to 5, gaps (here 0); the last unit has one value only.
    let rows = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ];
    let units = (0..12).map(|unit| rows.map(|row: [usize; 12]| row[unit].checked_sub(1)));
    let coincidences = Ratings::new(5, units).expect("values from 1 to 5").coincidences();
    assert_eq!(coincidences.answers(), 40);
    assert_eq!([0, 1, 2, 3, 4].map(|c| coincidences.get(c, c)), [7.0, 10.0, 8.0, 4.0, 3.0]);
    let alpha = [Metric::Nominal, Metric::Ordinal, Metric::Interval]
        .map(|metric| rounded(coincidences.alpha(metric), 3));
    assert_eq!(alpha, ["0.743", "0.815", "0.849"]);
}
