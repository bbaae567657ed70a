//! Means and their kin: small cases by hand, published ones, numbers of statsmodels 0.15.0 and NumPy 2.4.6, how often
//! intervals of skewed clustered rows contain the truth, and what is wrong with a sample.

use metier_stats::Error;
use metier_stats::bootstrap::{Interval, wilson};
use metier_stats::means::{
    Estimate, Method, Sample, difference, difference_of_shares, geometric_mean, mean, quantile, ratio,
    ratio_of_means, share,
};

type Ask = fn(&Sample) -> Result<Estimate, Error>;

fn sample(values: &[f64]) -> Sample<'_> {
    Sample { values, weights: None, clusters: None }
}

fn clustered<'a>(values: &'a [f64], clusters: &'a [u32]) -> Sample<'a> {
    Sample { values, weights: None, clusters: Some(clusters) }
}

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-11 * theirs.abs().max(1e-1), "{ours} is not {theirs}");
}

/// Estimate, standard error, both ends.
#[track_caller]
fn same(ours: Result<Estimate, Error>, theirs: [f64; 4]) -> Method {
    let ours = ours.expect("an estimate");
    let Interval { low, high } = ours.interval.expect("an interval");
    let numbers = [ours.estimate, ours.std_error.expect("a standard error"), low, high];
    for (ours, theirs) in numbers.into_iter().zip(theirs) {
        close(ours, theirs);
    }
    ours.method
}

/// Forty rows that integers make.
struct Rows {
    values: Vec<f64>,
    /// 1 where a value is above 15.
    yes: Vec<f64>,
    bottom: Vec<f64>,
    weights: Vec<f64>,
    clusters: Vec<u32>,
}

fn rows() -> Rows {
    let numbers = |of: &dyn Fn(u32) -> u32| (0..40).map(|i| f64::from(of(i))).collect();
    let value = |i: u32| 1 + (5 * i * i + 3 * i) % 23 + 2 * (7 * i % 11);
    Rows {
        values: numbers(&value),
        yes: numbers(&|i| u32::from(value(i) > 15)),
        bottom: numbers(&|i| 3 + i * i % 13),
        weights: numbers(&|i| 1 + i % 3),
        clusters: (0..40).map(|i| i * i % 23).collect(),
    }
}

impl Rows {
    fn of<'a>(&'a self, values: &'a [f64], weighted: bool, clustered: bool) -> Sample<'a> {
        let weights = weighted.then_some(&self.weights[..]);
        Sample { values, weights, clusters: clustered.then_some(&self.clusters[..]) }
    }

    /// Compares the rows of odd numbers with the others.
    fn two<T>(
        &self,
        values: &[f64],
        weighted: bool,
        clustered: bool,
        ask: impl FnOnce(&Sample, &Sample) -> T,
    ) -> T {
        let half = |start: usize| {
            let numbers = |all: &[f64]| all.iter().skip(start).step_by(2).copied().collect::<Vec<f64>>();
            let codes: Vec<u32> = self.clusters.iter().skip(start).step_by(2).copied().collect();
            (numbers(values), numbers(&self.weights), codes)
        };
        let [first, second] = [half(1), half(0)];
        let [first, second] = [&first, &second].map(|(values, weights, codes)| Sample {
            values,
            weights: weighted.then_some(&weights[..]),
            clusters: clustered.then_some(&codes[..]),
        });
        ask(&first, &second)
    }
}

// WLS(y, ones, weights).fit(cov_type="HC1" or "cluster", use_t=True), with t for n − 1 or G − 1 degrees; for the
// geometric mean of ln y, and back by the delta method; for the ratio through the origin, with weights / bottom.

#[test]
fn statsmodels_rows() {
    let rows = rows();
    let all = rows.of(&rows.values, false, false);
    same(mean(&all), [22.0, 1.571378620585, 18.8215867322, 25.1784132678]);
    same(geometric_mean(&all), [18.0182383336, 2.296713712562, 13.92324936081, 23.31761101401]);
    same(ratio(&all, &rows.bottom), [2.485875706215, 0.2400339078641, 2.000361300277, 2.971390112152]);
    let yes = rows.of(&rows.yes, false, false);
    let method = same(share(&yes), [0.75, 0.06933752452815, 0.6097516187191, 0.8902483812809]);
    assert_eq!(method, Method::Student);
}

#[test]
fn statsmodels_weights() {
    let rows = rows();
    let all = rows.of(&rows.values, true, false);
    same(mean(&all), [21.74683544304, 1.414581644469, 18.88557399512, 24.60809689096]);
    same(geometric_mean(&all), [18.73637745973, 1.859465904008, 15.32871376264, 22.90158494375]);
    same(ratio(&all, &rows.bottom), [2.436879432624, 0.2462896033434, 1.938711688242, 2.935047177006]);
    let yes = rows.of(&rows.yes, true, false);
    same(share(&yes), [0.7594936708861, 0.07353266200026, 0.610759823132, 0.9082275186401]);
}

#[test]
fn statsmodels_clusters() {
    let rows = rows();
    let all = rows.of(&rows.values, false, true);
    let found = mean(&all).expect("a mean");
    assert_eq!((found.rows, found.clusters, found.method), (40, 12, Method::Student));
    same(Ok(found), [22.0, 1.995449368393, 17.60804555245, 26.39195444755]);
    same(geometric_mean(&all), [18.0182383336, 2.713447381556, 12.93488922689, 25.09931913228]);
    same(ratio(&all, &rows.bottom), [2.485875706215, 0.2460661600329, 1.944287739582, 3.027463672848]);
    let yes = rows.of(&rows.yes, false, true);
    same(share(&yes), [0.75, 0.0890288512991, 0.5540488194707, 0.9459511805293]);
    let all = rows.of(&rows.values, true, true);
    same(mean(&all), [21.74683544304, 1.821910537821, 17.73683738628, 25.7568334998]);
    same(geometric_mean(&all), [18.73637745973, 2.319856151709, 14.26702050514, 24.60582713728]);
    same(ratio(&all, &rows.bottom), [2.436879432624, 0.2347452661489, 1.920208585429, 2.95355027982]);
}

#[test]
fn statsmodels_two_groups() {
    // WLS of y on a constant and the group. The ratio by the delta method from both coefficients.
    let rows = rows();
    let of = |weighted: bool, clustered: bool, ask: fn(&Sample, &Sample) -> Result<Estimate, Error>| {
        rows.two(&rows.values, weighted, clustered, ask)
    };
    same(of(false, false, difference), [1.0, 3.179705381917, -5.436977018111, 7.436977018111]);
    same(of(false, true, difference), [1.0, 3.192164824683, -6.025907407694, 8.025907407694]);
    same(of(true, false, difference), [0.04423076923077, 2.86371813109, -5.753063502437, 5.841525040898]);
    same(of(true, true, difference), [0.04423076923077, 2.648187241918, -5.784390051375, 5.872851589837]);
    let theirs = [1.046511627907, 0.1514433118373, 0.780755871687, 1.402726033911];
    assert_eq!(same(of(false, false, ratio_of_means), theirs), Method::LogStudent);
    let theirs = [1.002035938745, 0.1220421792117, 0.7664135382076, 1.310096928721];
    same(of(true, true, ratio_of_means), theirs);
    let shares = |weighted, clustered| rows.two(&rows.yes, weighted, clustered, difference_of_shares);
    same(shares(false, false), [0.1, 0.1395481429849, -0.1825004462433, 0.3825004462433]);
    same(shares(true, true), [0.06987179487179, 0.1572719034745, -0.276281330775, 0.4160249205186]);
}

#[test]
fn woodruff() {
    // numpy.quantile at p, and at p ± t · the standard error of the share up to it.
    let rows = rows();
    let of = |p: f64, clustered: bool| quantile(&rows.of(&rows.values, false, clustered), p);
    same(of(0.25, false), [15.75, 3.307165555373, 7.840939390132, 21.21968686996]);
    same(of(0.5, false), [23.5, 1.59380532553, 20.1841496265, 26.63170074701]);
    let method = same(of(0.5, true), [23.5, 2.11330261115, 17.89910154272, 27.20179691456]);
    assert_eq!(method, Method::Woodruff);
    // The sample does not reach as far as the upper end.
    let far = of(0.99, false).expect("an estimate");
    assert_eq!((far.std_error, far.interval), (None, None));
}

#[test]
fn equal_weights_change_nothing() {
    let rows = rows();
    let sevens = [7.0; 40];
    let (plain, weighted) = (
        rows.of(&rows.values, false, true),
        Sample { weights: Some(&sevens), ..rows.of(&rows.values, false, true) },
    );
    let ask: [Ask; 4] =
        [mean, geometric_mean, |sample| quantile(sample, 0.3), |sample| ratio(sample, &[1.5; 40])];
    for ask in ask {
        let found = ask(&plain).expect("an estimate");
        let Interval { low, high } = found.interval.expect("an interval");
        same(ask(&weighted), [found.estimate, found.std_error.expect("a standard error"), low, high]);
    }
}

#[test]
fn a_quantile_of_weights_by_hand() {
    // Middles at 1/2, 2 and 4 of 5 stand at 0, 3/7 and 1.
    let values = [10.0, 20.0, 30.0];
    let found = quantile(&Sample { weights: Some(&[1.0, 2.0, 2.0]), ..sample(&values) }, 5.0 / 7.0);
    close(found.expect("an estimate").estimate, 25.0);
    let found = quantile(&sample(&values), 0.75).expect("an estimate");
    assert_eq!(found.estimate, 25.0);
}

#[test]
fn two_groups_in_the_same_clusters() {
    // z = (−1, 1) / 2 and −(−2, 2) / 2; Z = (−1 + 2) / 2 and (1 − 2) / 2; 2/1 · 3/2 · Σ Z² = 3/2.
    let (first, second) = ([4.0, 6.0], [1.0, 5.0]);
    let found = difference(&clustered(&first, &[8, 9]), &clustered(&second, &[8, 9])).expect("a difference");
    assert_eq!((found.estimate, found.clusters), (2.0, 2));
    close(found.std_error.expect("a standard error"), 1.5_f64.sqrt());
    // In clusters of their own Σ Z² = ¼ (1 + 1 + 4 + 4), 4/3 · 3/2.
    let found = difference(&clustered(&first, &[1, 2]), &clustered(&second, &[8, 9])).expect("a difference");
    close(found.std_error.expect("a standard error"), 5.0_f64.sqrt());
}

#[test]
fn a_difference_from_rows_of_a_constant() {
    // Only the second group varies: z = (−1, 0, 1) / 3, 5/3 · 2/9; the interval reaches t(3) · √(10/27).
    let found = difference(&sample(&[7.0, 7.0]), &sample(&[1.0, 2.0, 3.0])).expect("a difference");
    close(found.std_error.expect("a standard error"), (10.0_f64 / 27.0).sqrt());
    let reach = found.interval.expect("an interval").high - found.estimate;
    close(reach, 3.182_446_305_284_263 * (10.0_f64 / 27.0).sqrt());
}

#[test]
fn newcombe_1998() {
    // Table II, method 10: 10/10 − 0/20, 5/56 − 0/29, 6/7 − 2/7.
    let rows =
        |yes: usize, all: usize| -> Vec<f64> { (0..all).map(|row| f64::from(u8::from(row < yes))).collect() };
    for ([one, of_one, other, of_other], low, high) in
        [([10, 10, 0, 20], 0.6791, 1.0), ([5, 56, 0, 29], -0.0381, 0.1926), ([6, 7, 2, 7], 0.0582, 0.8062)]
    {
        let found = difference_of_shares(&sample(&rows(one, of_one)), &sample(&rows(other, of_other)))
            .expect("a difference");
        let interval = found.interval.expect("an interval");
        assert_eq!((found.method, found.std_error), (Method::Newcombe, None));
        assert!((interval.low - low).abs() < 5.1e-5 && (interval.high - high).abs() < 5.1e-5, "{interval:?}");
    }
}

#[test]
fn wilson_where_there_is_no_standard_error() {
    // Few clusters, whatever the rows; shares of 0 and 1; clusters that all say the same.
    let half: Vec<f64> = (0..60).map(|row| f64::from(row % 2)).collect();
    let (nine, twelve): (Vec<u32>, Vec<u32>) =
        ((0..60).map(|row| row % 9).collect(), (0..60).map(|row| row / 5).collect());
    let pairs: Vec<u32> = (0..60).map(|row| row / 2).collect();
    for (sample, p, units) in [
        (clustered(&half, &nine), 0.5, 9.0),
        (clustered(&[1.0; 60], &twelve), 1.0, 12.0),
        (clustered(&[0.0; 60], &[5; 60]), 0.0, 1.0),
        (clustered(&half, &pairs), 0.5, 30.0),
        (sample(&[1.0]), 1.0, 1.0),
    ] {
        let found = share(&sample).expect("a share");
        assert_eq!((found.estimate, found.std_error, found.method), (p, None, Method::Wilson));
        assert_eq!(found.interval, wilson(p, units));
    }
    let found = share(&clustered(&half, &twelve)).expect("a share");
    assert_eq!(found.method, Method::Student);
}

#[test]
fn shares_never_leave_what_they_can_be() {
    let mut yes = [1.0; 12];
    yes[4] = 0.0;
    let found = share(&sample(&yes)).expect("a share");
    assert_eq!((found.method, found.interval.expect("an interval").high), (Method::Student, 1.0));
    let mut no = [0.0; 12];
    no[7] = 1.0;
    let found = difference_of_shares(&sample(&yes), &sample(&no)).expect("a difference");
    assert_eq!((found.method, found.interval.expect("an interval").high), (Method::Student, 1.0));
}

/// xorshift64* (Vigna, 2016), and the sum of twelve for normal noise.
struct Noise(u64);

impl Noise {
    fn normal(&mut self) -> f64 {
        let mut sum = -6.0;
        for _ in 0..12 {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            sum += (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64;
        }
        sum
    }
}

const REPEATS: usize = 400;
const CLUSTERS: u32 = 50;
const PER_CLUSTER: u32 = 4;

/// Lognormal rows, half of whose variance in logarithms lies between clusters.
fn skewed(noise: &mut Noise) -> (Vec<f64>, Vec<u32>) {
    let (mut values, mut clusters) = (vec![], vec![]);
    for cluster in 0..CLUSTERS {
        let level = noise.normal();
        for _ in 0..PER_CLUSTER {
            values.push((0.5 * 0.5_f64.sqrt() * (level + noise.normal())).exp());
            clusters.push(cluster);
        }
    }
    (values, clusters)
}

#[test]
fn intervals_of_skewed_clustered_rows_contain_the_truth() {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let truth = 0.125_f64.exp();
    let mut contain = [0; 7];
    for _ in 0..REPEATS {
        let ((values, clusters), (others, _)) = (skewed(&mut noise), skewed(&mut noise));
        let (one, other) = (clustered(&values, &clusters), clustered(&others, &clusters));
        let tops: Vec<f64> = values.iter().zip(&others).map(|(one, other)| one * other).collect();
        let found = [
            (mean(&one), truth),
            (geometric_mean(&one), 1.0),
            (quantile(&one, 0.5), 1.0),
            (ratio(&clustered(&tops, &clusters), &others), truth),
            (difference(&one, &other), 0.0),
            (ratio_of_means(&one, &other), 1.0),
            // As if rows were independent.
            (mean(&sample(&values)), truth),
        ];
        for (count, (found, truth)) in contain.iter_mut().zip(found) {
            let Interval { low, high } = found.expect("an estimate").interval.expect("an interval");
            *count += usize::from(low <= truth && truth <= high);
        }
    }
    // 95 % of 400, and three standard deviations.
    let [clustered @ .., alone] = contain;
    assert!(clustered.iter().all(|count| (367..=393).contains(count)), "{contain:?}");
    assert!(alone < 340, "{alone}");
}

#[track_caller]
fn fails(found: Result<Estimate, Error>, message: &str) {
    assert_eq!(found.expect_err("an error").to_string(), message);
}

#[test]
fn samples_that_are_not_as_they_must_be() {
    let one_group: [Ask; 5] =
        [mean, share, geometric_mean, |sample| quantile(sample, 0.5), |sample| ratio(sample, &[1.0; 3])];
    let fine = [1.0, 1.0, 0.0];
    for ask in one_group {
        let message = "the value is NaN in row 1; leave the row out, or give it a finite number";
        fails(ask(&sample(&[1.0, f64::NAN, 0.0])), message);
        let message = "the value is inf in row 2; leave the row out, or give it a finite number";
        fails(ask(&sample(&[1.0, 1.0, f64::INFINITY])), message);
        let message = "the column of clusters has 2 values, but the outcome has 3; give one for each row";
        fails(ask(&clustered(&fine, &[1, 2])), message);
        let message = "the column of weights has 2 values, but the outcome has 3; give one for each row";
        fails(ask(&Sample { weights: Some(&[1.0; 2]), ..sample(&fine) }), message);
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message =
                format!("the weight of row 1 is {weight}; leave the row out, or give it a weight above 0");
            fails(ask(&Sample { weights: Some(&[1.0, weight, 1.0]), ..sample(&fine) }), &message);
        }
        let weights = Some(&[1e308; 3][..]);
        let message = "the values of the column of weights are too large to be squared and summed; give it in a larger unit";
        fails(ask(&Sample { weights, ..sample(&fine) }), message);
        fails(ask(&sample(&[])), "there are 0 rows; there must be at least 1");
    }
    for ask in [difference, difference_of_shares, ratio_of_means] {
        let (empty, fine) = (sample(&[]), sample(&fine));
        fails(ask(&fine, &empty), "there are 0 rows; there must be at least 1");
        fails(ask(&empty, &fine), "there are 0 rows; there must be at least 1");
        let message = "the column of clusters of both groups has 3 values, but the outcome has 6; give one for each row";
        fails(ask(&fine, &clustered(&[1.0, 0.0, 1.0], &[1, 2, 3])), message);
    }
}

#[test]
fn one_row_or_cluster_has_no_standard_error() {
    let values = [1.0, 2.0, 4.0];
    for ask in [mean, geometric_mean, |sample: &Sample| quantile(sample, 0.5)] {
        fails(ask(&sample(&[3.0])), "there are 1 rows; there must be at least 2");
        fails(ask(&clustered(&values, &[6, 6, 6])), "there are 1 clusters; there must be at least 2");
    }
    for ask in [difference, ratio_of_means] {
        let message = "there are 1 rows in a group; there must be at least 2";
        fails(ask(&sample(&values), &sample(&[3.0])), message);
        let message = "there are 1 clusters in a group; there must be at least 2";
        fails(ask(&clustered(&values, &[6, 6, 6]), &clustered(&values, &[1, 2, 3])), message);
    }
}

#[test]
fn a_constant_has_no_standard_error() {
    let same = [0.1; 7];
    let all = |what: &str| format!("{what} is the same in all clusters, so there is no standard error");
    fails(mean(&sample(&same)), &all("the mean"));
    fails(geometric_mean(&sample(&same)), &all("the geometric mean"));
    fails(ratio(&sample(&same), &[0.3; 7]), &all("the ratio"));
    fails(quantile(&sample(&same), 0.5), &all("the share of rows up to the quantile"));
    fails(difference(&sample(&same), &sample(&[0.7; 9])), &all("the difference"));
    fails(ratio_of_means(&sample(&same), &sample(&[0.7; 9])), &all("the ratio"));
    // So has a mean that is the same in all clusters.
    let values = [0.1, 0.2, 0.7, 0.1, 0.2, 0.7, 0.1, 0.2, 0.7];
    fails(mean(&clustered(&values, &[1, 1, 1, 2, 2, 2, 3, 3, 3])), &all("the mean"));
}

#[test]
fn values_that_an_estimate_is_not_defined_for() {
    fails(share(&sample(&[0.0, 1.0, 0.5])), "the value is 0.5 in row 2; give 0 or 1");
    let message = "the value is 0 in row 1, and has no logarithm; leave the row out, or take another mean";
    fails(geometric_mean(&sample(&[1.0, 0.0])), message);
    for p in [0.0, 1.0, f64::NAN] {
        let message = format!("the share below a quantile is {p}; give a number between 0 and 1");
        fails(quantile(&sample(&[1.0, 2.0]), p), &message);
    }
    let top = [1.0, 2.0, 3.0];
    let message = "the sum of the bottom is 0, so the ratio is not defined";
    fails(ratio(&sample(&top), &[1.0, -1.0, 0.0]), message);
    let message = "the bottom is NaN in row 1; leave the row out, or give it a finite number";
    fails(ratio(&sample(&top), &[1.0, f64::NAN, 0.0]), message);
    let message = "the bottom has 2 values, but the outcome has 3; give one for each row";
    fails(ratio(&sample(&top), &[1.0, 2.0]), message);
    let message = "the second mean is -1, so the logarithm of the ratio is not defined";
    fails(ratio_of_means(&sample(&top), &sample(&[-1.5, -0.5])), message);
    let message = "the values of the value are too large to be squared and summed; give it in a larger unit";
    fails(mean(&sample(&[1e200, -1e200])), message);
}
