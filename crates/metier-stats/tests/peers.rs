//! Random cases whose numbers were computed once by others: κ by scikit-learn 1.9.1 (`cohen_kappa_score`) and, on
//! given values, irrCAC 0.4.4 for Python; AC by irrCAC; α by krippendorff 0.9.0. To 12 digits behind the point.

use metier_stats::agreement::{Categories, Coincidences, Metric, Pairs, Ratings, Table, Weights};

const WEIGHTS: [Weights; 2] = [Weights::Linear, Weights::Quadratic];
const METRICS: [Metric; 3] = [Metric::Nominal, Metric::Ordinal, Metric::Interval];

/// Codes as digits, one for each item; a gap is a point.
fn codes(digits: &str) -> Vec<Option<usize>> {
    digits.chars().map(|digit| digit.to_digit(10).map(|code| code as usize)).collect()
}

fn pairs(categories: impl Into<Categories>, first: &str, second: &str) -> Table {
    let items = codes(first).into_iter().zip(codes(second));
    let items = items.map(|(first, second)| first.zip(second).expect("no gaps"));
    Pairs::new(categories, items).expect("codes of the categories").table()
}

fn ratings(categories: impl Into<Categories>, raters: &[&str]) -> Coincidences {
    let raters: Vec<_> = raters.iter().map(|rater| codes(rater)).collect();
    let items = (0..raters[0].len()).map(|item| raters.iter().map(|rater| rater[item]).collect::<Vec<_>>());
    Ratings::new(categories, items).expect("codes of the categories").coincidences()
}

fn valued(values: &[f64]) -> Categories {
    Categories::valued(values).expect("finite")
}

#[track_caller]
fn same<const N: usize>(ours: [Option<f64>; N], theirs: [f64; N]) {
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        assert!(ours.is_some_and(|ours| (ours - theirs).abs() < 1e-12), "{ours:?} is not {theirs}");
    }
}

#[test]
fn five_categories() {
    let (first, second) =
        ("3124241230014002442423121102022210110412", "1130211211413033042422321402240243114110");
    let table = pairs(5, first, second);
    same([table.kappa(), table.ac1()], [0.299_920_445_505, 0.316_438_489_174]);
    same(WEIGHTS.map(|weights| table.weighted_kappa(weights)), [0.108_494_533_221, -0.069_405_099_150]);
    same(WEIGHTS.map(|weights| table.ac2(weights)), [0.199_546_913_347, 0.117_281_695_287]);
    let table = pairs(valued(&[2.0, 12.0, 19.0, 48.0, 58.0]), first, second);
    same(WEIGHTS.map(|weights| table.weighted_kappa(weights)), [0.051_378_741_457, -0.070_728_297_886]);
    same([table.ac2(Weights::Linear)], [0.176_044_913_229]);
}

#[test]
fn two_categories_one_of_which_dominates() {
    let table = pairs(
        2,
        "000010000100000000100010000000010000000000001000",
        "000000000001000100010000000000010000000000001000",
    );
    same([table.kappa(), table.ac1()], [0.282_051_282_051, 0.817_043_288_865]);
}

#[test]
fn seven_categories() {
    let (first, second) = ("256662432434022122333521124643265042", "146326342021123320112241064514260211");
    let table = pairs(7, first, second);
    same([table.kappa(), table.ac1()], [0.070_967_741_935, 0.097_919_307_928]);
    same(WEIGHTS.map(|weights| table.weighted_kappa(weights)), [0.181_197_877_180, 0.274_881_516_588]);
    same(WEIGHTS.map(|weights| table.ac2(weights)), [0.310_528_275_789, 0.474_843_396_928]);
    let table = pairs(valued(&[4.0, 25.0, 29.0, 31.0, 32.0, 50.0, 57.0]), first, second);
    same(WEIGHTS.map(|weights| table.weighted_kappa(weights)), [0.200_512_940_079, 0.277_397_529_699]);
    same([table.ac2(Weights::Linear)], [0.430_107_064_157]);
}

#[test]
fn four_raters_with_many_gaps() {
    let raters = [
        "3..31.10400.40220434012..4.22.",
        ".43.1.001000.0.34032012.0.1001",
        "3.341010403.13.30.32.121023.0.",
        "04.11.1030..13.3003.0...02.401",
    ];
    let coincidences = ratings(5, &raters);
    same(
        METRICS.map(|metric| coincidences.alpha(metric)),
        [0.478_951_255_539, 0.394_926_291_929, 0.358_133_333_333],
    );
    let coincidences = ratings(valued(&[6.0, 11.0, 26.0, 27.0, 35.0]), &raters);
    same([coincidences.alpha(Metric::Interval)], [0.398_815_921_667]);
}

#[test]
fn three_raters_hardly_above_chance() {
    let raters = ["01112231011.202322220321", "201013.222.0221.22320213", ".111222220222121101323.1"];
    let coincidences = ratings(4, &raters);
    same(
        METRICS.map(|metric| coincidences.alpha(metric)),
        [-0.021_739_130_435, 0.076_762_537_757, 0.079_745_738_226],
    );
    let coincidences = ratings(valued(&[11.0, 27.0, 30.0, 40.0]), &raters);
    same([coincidences.alpha(Metric::Interval)], [0.082_515_658_191]);
}
