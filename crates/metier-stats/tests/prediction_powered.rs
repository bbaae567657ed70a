//! Prediction-powered estimates: numbers of ppi-python 0.2.3, what they come down to without and with perfect
//! predictions, a simulation with a misclassified regressor, and what is wrong with a set of rows.

mod misclassified;

use metier_stats::Error;
use metier_stats::linear::{self, Design, Regressor};
use metier_stats::means::{self, Sample};
use metier_stats::prediction_powered::{
    Clusters, Coefficient, Rows, Sets, Tuning, mean, predicted_outcome, predicted_rows,
};

const LABELLED: usize = 30;

/// A hundred and fifty rows that integers make, of which the first thirty have labels.
struct Column {
    outcome: Vec<f64>,
    predicted: Vec<f64>,
    x: Vec<f64>,
    z: Vec<f64>,
    clusters: Vec<u32>,
}

fn column() -> Column {
    let numbers = |of: &dyn Fn(u32) -> f64| (0..150).map(of).collect();
    let x = |i: u32| f64::from(7 * i % 11);
    let z = |i: u32| f64::from(i * i % 13);
    let outcome = |i: u32| 0.5 * x(i) - 0.25 * z(i) + f64::from((5 * i * i + 3 * i) % 23) / 4.0;
    Column {
        outcome: numbers(&outcome),
        predicted: numbers(&|i| outcome(i) + f64::from((11 * i * i + 7 * i) % 17) / 4.0 - 1.0),
        x: numbers(&x),
        z: numbers(&z),
        clusters: (0..150).map(|i| 4 + i * i % 19).collect(),
    }
}

fn rows<'a>(outcome: &'a [f64], x: &'a [f64], z: &'a [f64]) -> Rows<'a> {
    let regressor =
        |(name, values): (&str, &'a [f64])| Regressor { name: name.into(), values: values.into() };
    Rows { outcome, regressors: [("x", x), ("z", z)].map(regressor).into() }
}

impl Column {
    fn mean(&self, tuning: Tuning) -> Coefficient {
        let (labels, predictions) = (&self.outcome[..LABELLED], &self.predicted[..LABELLED]);
        mean(labels, predictions, &self.predicted[LABELLED..], None, tuning).expect("a mean")
    }

    fn labelled(&self) -> Rows<'_> {
        rows(&self.outcome[..LABELLED], &self.x[..LABELLED], &self.z[..LABELLED])
    }

    /// The outcome is predicted.
    fn sets(&self) -> Sets<'_> {
        Sets {
            truth: self.labelled(),
            predicted: rows(&self.predicted[..LABELLED], &self.x[..LABELLED], &self.z[..LABELLED]),
            unlabelled: rows(&self.predicted[LABELLED..], &self.x[LABELLED..], &self.z[LABELLED..]),
            clusters: None,
        }
    }

    fn clusters(&self) -> Clusters<'_> {
        Clusters { labelled: &self.clusters[..LABELLED], unlabelled: &self.clusters[LABELLED..] }
    }

    /// Least squares of the labelled rows.
    fn linear(&self, covariance: &linear::Covariance) -> linear::Fit {
        let Rows { outcome, regressors } = self.labelled();
        linear::fit(&Design { outcome, regressors, fixed_effects: vec![], weights: None }, covariance)
            .expect("a fit")
    }
}

#[track_caller]
fn close(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-11 * theirs.abs().max(1e-1), "{ours} is not {theirs}");
}

/// Estimate, standard error, both ends.
#[track_caller]
fn same(ours: &Coefficient, theirs: [f64; 4]) {
    let numbers = [ours.estimate, ours.std_error, ours.conf_low, ours.conf_high];
    for (ours, theirs) in numbers.into_iter().zip(theirs) {
        close(ours, theirs);
    }
}

#[test]
fn ppi_python_means() {
    // ppi_mean_pointestimate and ppi_mean_ci(y, f, f_unlabelled, alpha=0.05, lam=…); the error from the ends.
    let column = column();
    let of = |lambda: f64| column.mean(Tuning::Fixed(lambda));
    same(&of(0.0), [3.5166666666667, 0.43444302358392, 2.6651739871075, 4.3681593462258]);
    same(&of(0.5), [3.69375, 0.2932513374784, 3.1189879401241, 4.2685120598759]);
    same(&of(1.0), [3.8708333333333, 0.37776660778013, 3.1304243875224, 4.6112422791442]);
    let tuned = [3.6815119515548, 0.29659363185292, 3.1001991150791, 4.2628247880304];
    same(&column.mean(Tuning::Overall), tuned);
    same(&column.mean(Tuning::Coefficient(0)), tuned);
}

#[test]
fn ppi_python_least_squares() {
    // ppi_ols_ci(x, y, f, x_unlabelled, f_unlabelled, alpha=0.05, lam=…, coord=…); estimate and error from the
    // ends.
    let column = column();
    let theirs = [
        (
            Tuning::Fixed(0.0),
            [
                [1.6698156366318, 0.6985996328229, 0.30058551668603, 3.0390457565776],
                [0.47804865868964, 0.094128983892873, 0.29355924035826, 0.66253807702102],
                [-0.101516854234, 0.071707736502324, -0.24206143519144, 0.039027726723445],
            ],
        ),
        (
            Tuning::Fixed(0.5),
            [
                [2.2266521948689, 0.5037406184672, 1.2393387251232, 3.2139656646145],
                [0.51975533461201, 0.076931042556777, 0.36897326190761, 0.67053740731641],
                [-0.19251923824815, 0.055273112184667, -0.30085254744354, -0.084185929052759],
            ],
        ),
        (
            Tuning::Fixed(1.0),
            [
                [2.783488753106, 0.7831588141453, 1.2485256832061, 4.3184518230058],
                [0.56146201053439, 0.11715494332292, 0.33184254101063, 0.79108148005814],
                [-0.2835216222623, 0.079867290437944, -0.44005863506347, -0.12698460946113],
            ],
        ),
        (
            Tuning::Overall,
            [
                [2.2578841297888, 0.50945486244073, 1.2593709476561, 3.2563973119214],
                [0.52209458509559, 0.077887058168594, 0.36943875622337, 0.67475041396781],
                [-0.19762339402427, 0.05570015460657, -0.30679369098646, -0.088453097062082],
            ],
        ),
        (
            Tuning::Coefficient(1),
            [
                [2.17030996506, 0.49741855455413, 1.1953875128919, 3.1452324172281],
                [0.51553534028042, 0.075745098985637, 0.36707767426315, 0.66399300629769],
                [-0.18331137077351, 0.054895435844968, -0.29090444794528, -0.075718293601741],
            ],
        ),
    ];
    for (tuning, theirs) in theirs {
        let found = predicted_outcome(&column.sets(), tuning).expect("a fit");
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["Intercept", "x", "z"]);
        for (ours, theirs) in found.iter().zip(theirs) {
            same(ours, theirs);
        }
    }
}

#[test]
fn without_predictions_it_is_the_mean_of_labels() {
    let column = column();
    let labels = &column.outcome[..LABELLED];
    let clusters = column.clusters();
    let own = Sample { values: labels, weights: None, clusters: Some(clusters.labelled) };
    let theirs = means::mean(&own).expect("a mean");
    let (predictions, unlabelled) = (&column.predicted[..LABELLED], &column.predicted[LABELLED..]);
    let ours = mean(labels, predictions, unlabelled, Some(&clusters), Tuning::Fixed(0.0)).expect("a mean");
    let interval = theirs.interval.expect("an interval");
    let std_error = theirs.std_error.expect("a standard error");
    same(&ours, [theirs.estimate, std_error, interval.low, interval.high]);
    close(ours.labelled_alone, theirs.estimate);
    close(ours.predicted_alone, unlabelled.iter().sum::<f64>() / 120.0);
}

#[test]
fn without_predictions_it_is_least_squares_of_labels() {
    let column = column();
    let clusters = column.clusters();
    let sets = Sets { clusters: Some(clusters), ..column.sets() };
    let (n, k) = (LABELLED as f64, 3.0);
    // HC1 has n / (n − k), and clusters G / (G − 1) · (n − 1) / (n − k).
    for (sets, covariance, factor) in [
        (column.sets(), linear::Covariance::Hc1, (n - k) / (n - 1.0)),
        (sets, linear::Covariance::Clustered(vec![clusters.labelled]), (n - k) / (n - 1.0)),
    ] {
        let theirs = column.linear(&covariance);
        let found = predicted_rows(&sets, Tuning::Fixed(0.0)).expect("a fit");
        for (ours, theirs) in found.iter().zip(&theirs.coefficients) {
            close(ours.estimate, theirs.estimate);
            close(ours.labelled_alone, theirs.estimate);
            close(ours.std_error, theirs.std_error * factor.sqrt());
        }
    }
    let found = predicted_outcome(&column.sets(), Tuning::Fixed(0.0)).expect("a fit");
    for (ours, theirs) in found.iter().zip(&column.linear(&linear::Covariance::Hc1).coefficients) {
        close(ours.std_error, theirs.std_error * ((n - k) / (n - 1.0)).sqrt());
    }
}

#[test]
fn perfect_predictions_give_the_mean_of_all_rows() {
    let column = column();
    let (labels, others) = column.outcome.split_at(LABELLED);
    let all = Sample { values: &column.outcome, weights: None, clusters: None };
    let theirs = means::mean(&all).expect("a mean");
    let std_error = theirs.std_error.expect("a standard error");
    // N / (n + N)
    let exact = mean(labels, labels, others, None, Tuning::Fixed(0.8)).expect("a mean");
    close(exact.estimate, theirs.estimate);
    let tuned = mean(labels, labels, others, None, Tuning::Overall).expect("a mean");
    for ours in [exact, tuned] {
        // A little more: the means of both kinds of rows are their own.
        assert!((ours.std_error / std_error - 1.0).abs() < 0.05, "{} is not {std_error}", ours.std_error);
    }
    // √(n / (n + N)) of what labels alone have, which is √5 times as much.
    let alone = column.mean(Tuning::Fixed(0.0)).std_error;
    assert!(alone > 2.0 * std_error);
}

#[test]
fn perfect_predictions_give_least_squares_of_all_rows() {
    // The other rows have the labelled rows' regressors four times over.
    let column = column();
    let [x, z] = [&column.x, &column.z].map(|values| values[..LABELLED].repeat(5));
    let outcome: Vec<f64> = (0..150)
        .map(|row| column.outcome[row] + 0.5 * (x[row] - column.x[row]) - 0.25 * (z[row] - column.z[row]))
        .collect();
    let labelled = || rows(&outcome[..LABELLED], &x[..LABELLED], &z[..LABELLED]);
    let unlabelled = rows(&outcome[LABELLED..], &x[LABELLED..], &z[LABELLED..]);
    let sets = Sets { truth: labelled(), predicted: labelled(), unlabelled, clusters: None };
    let all = rows(&outcome, &x, &z);
    let all =
        Design { outcome: all.outcome, regressors: all.regressors, fixed_effects: vec![], weights: None };
    let theirs = linear::fit(&all, &linear::Covariance::Hc1).expect("a fit");
    let exact = predicted_rows(&sets, Tuning::Fixed(0.8)).expect("a fit");
    let tuned = predicted_rows(&sets, Tuning::Overall).expect("a fit");
    for ((exact, tuned), theirs) in exact.iter().zip(&tuned).zip(&theirs.coefficients) {
        close(exact.estimate, theirs.estimate);
        assert!((exact.std_error / theirs.std_error - 1.0).abs() < 0.05);
        assert!((tuned.std_error / theirs.std_error - 1.0).abs() < 0.05);
        assert!((0.7..0.9).contains(&tuned.lambda), "{}", tuned.lambda);
    }
}

#[test]
fn useless_predictions_are_left_out() {
    let column = column();
    // They go the wrong way.
    let against: Vec<f64> = column.outcome.iter().map(|outcome| -outcome).collect();
    let (labels, others) = (&column.outcome[..LABELLED], &against[LABELLED..]);
    let found = mean(labels, &against[..LABELLED], others, None, Tuning::Overall).expect("a mean");
    assert_eq!((found.lambda, found.estimate), (0.0, found.labelled_alone));
}

#[test]
fn tuning_makes_the_least_variance() {
    let column = column();
    let sets = Sets { clusters: Some(column.clusters()), ..column.sets() };
    for at in 0..3 {
        let error = |tuning| predicted_rows(&sets, tuning).expect("a fit")[at].std_error;
        let least = error(Tuning::Coefficient(at));
        for lambda in 0..=10 {
            assert!(least <= error(Tuning::Fixed(f64::from(lambda) / 10.0)) * (1.0 + 1e-12));
        }
    }
}

#[test]
fn rows_of_their_own_are_clusters_of_one() {
    let column = column();
    let codes: Vec<u32> = (0..150).rev().collect();
    let alone = Clusters { labelled: &codes[..LABELLED], unlabelled: &codes[LABELLED..] };
    let sets = Sets { clusters: Some(alone), ..column.sets() };
    let clustered = predicted_rows(&sets, Tuning::Overall).expect("a fit");
    let plain = predicted_rows(&column.sets(), Tuning::Overall).expect("a fit");
    for (one, other) in clustered.iter().zip(&plain) {
        close(one.std_error, other.std_error);
        // t of 29 degrees, not normal.
        close((one.conf_high - one.estimate) / one.std_error, 2.0452296421327);
        close((other.conf_high - other.estimate) / other.std_error, 1.9599639845401);
        assert!(one.p > other.p);
    }
    // The outcome's way with clusters is the same.
    assert_eq!(predicted_outcome(&sets, Tuning::Overall), Ok(clustered));
}

#[test]
fn a_mean_in_clusters_by_hand() {
    // Labels less λ = 1 times predictions, (3, 1, 2) − 2 = (1, −1, 0) / 3; unlabelled (2, 6) − 4 = (−2, 2) / 2;
    // clusters 1: 1/3 − 1, 2: −1/3, 3: 0, 4: 1; factor 3/2 for the three with labels.
    let clusters = Clusters { labelled: &[1, 2, 3], unlabelled: &[1, 4] };
    let ours = mean(&[5.0, 3.0, 4.0], &[2.0, 2.0, 2.0], &[2.0, 6.0], Some(&clusters), Tuning::Fixed(1.0));
    let ours = ours.expect("a mean");
    close(ours.estimate, 6.0);
    close(ours.std_error, (1.5 * (4.0 + 1.0 + 9.0_f64) / 9.0).sqrt());
    // t of 2 degrees.
    close((ours.conf_high - ours.estimate) / ours.std_error, 4.302_652_729_749_464);
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let column = column();
    let turned = |values: &[f64]| {
        let (labelled, others) = values.split_at(LABELLED);
        labelled.iter().rev().chain(others.iter().rev()).copied().collect::<Vec<f64>>()
    };
    let codes = |codes: &[u32]| codes.iter().rev().copied().collect::<Vec<u32>>();
    let Clusters { labelled, unlabelled } = column.clusters();
    let (labelled, unlabelled) = (codes(labelled), codes(unlabelled));
    let other = Column {
        outcome: turned(&column.outcome),
        predicted: turned(&column.predicted),
        x: turned(&column.x),
        z: turned(&column.z),
        clusters: [labelled, unlabelled].concat(),
    };
    let [one, other] = [&column, &other].map(|column| {
        let sets = Sets { clusters: Some(column.clusters()), ..column.sets() };
        predicted_rows(&sets, Tuning::Overall).expect("a fit")
    });
    for (one, other) in one.iter().zip(&other) {
        same(one, [other.estimate, other.std_error, other.conf_low, other.conf_high]);
        close(one.lambda, other.lambda);
    }
}

#[test]
fn a_misclassified_regressor_is_put_right() {
    // 95 % of 200, and three standard deviations: 90.4 % to 99.6 %.
    for clustered in [false, true] {
        let run = misclassified::run(200, 200, 800, clustered, Tuning::Coefficient(1));
        assert!((0.904..0.997).contains(&run.covers), "{}", run.covers);
        assert!(run.naive_covers < 0.6, "{}", run.naive_covers);
        assert!(run.spread < run.spread_alone, "{} and {}", run.spread, run.spread_alone);
    }
}

#[track_caller]
fn fails<T: std::fmt::Debug>(found: Result<T, Error>, message: &str) {
    assert_eq!(found.expect_err("an error").to_string(), message);
}

#[test]
fn means_that_cannot_be_made() {
    let (labels, others) = ([1.0, 2.0, 4.0], [1.0, 3.0]);
    let fixed = Tuning::Fixed(1.0);
    let of =
        |labels: &[f64], predictions: &[f64], others: &[f64]| mean(labels, predictions, others, None, fixed);
    fails(of(&[], &[], &others), "there are 0 labelled rows; there must be at least 2");
    fails(of(&labels, &labels, &[1.0]), "there are 1 unlabelled rows; there must be at least 2");
    let message = "the column of predictions of labelled rows has 2 values, but the outcome has 3; give one for each row";
    fails(of(&labels, &others, &others), message);
    let gap = [1.0, f64::NAN, 2.0];
    let end = "is NaN in row 1; leave the row out, or give it a finite number";
    fails(of(&gap, &labels, &others), &format!("the label {end}"));
    fails(of(&labels, &gap, &others), &format!("the prediction of a labelled row {end}"));
    fails(of(&labels, &labels, &gap), &format!("the prediction of an unlabelled row {end}"));
    let message = "the estimate is the same in all clusters, so there is no standard error";
    fails(of(&[0.1; 3], &[0.1; 3], &[0.1; 4]), message);
    let message = "lambda is NaN; give a finite number";
    fails(mean(&labels, &labels, &others, None, Tuning::Fixed(f64::NAN)), message);
    let message = "the number of the coefficient to tune for is 1; give one that the model has, from 0";
    fails(mean(&labels, &labels, &others, None, Tuning::Coefficient(1)), message);
    for (labelled, unlabelled, message) in [
        (&[7, 7, 7][..], &[1, 2][..], "there are 1 clusters with labels; there must be at least 2"),
        (
            &[1, 2],
            &[1, 2],
            "the column of clusters has 2 values, but the outcome has 3; give one for each row",
        ),
        (
            &[1, 2, 3],
            &[1],
            "the column of clusters has 1 values, but the outcome has 2; give one for each row",
        ),
    ] {
        let clusters = Clusters { labelled, unlabelled };
        fails(mean(&labels, &labels, &others, Some(&clusters), fixed), message);
    }
}

#[test]
fn rows_that_cannot_be_fitted() {
    let column = column();
    let fails = |change: &dyn Fn(&mut Sets), message: &str| {
        let mut sets = column.sets();
        change(&mut sets);
        fails(predicted_rows(&sets, Tuning::Overall), message);
    };
    let empty = || rows(&[], &[], &[]);
    fails(&|sets| sets.unlabelled = empty(), "there are 0 unlabelled rows; there must be at least 4");
    fails(
        &|sets| (sets.truth, sets.predicted) = (empty(), empty()),
        "there are 0 labelled rows; there must be at least 4",
    );
    let gap = &[f64::NAN; 30];
    let end = "is NaN in row 0; leave the row out, or give it a finite number";
    fails(&|sets| sets.truth.outcome = gap, &format!("the outcome {end}"));
    fails(&|sets| sets.predicted.outcome = gap, &format!("the outcome {end}"));
    fails(&|sets| sets.predicted.regressors[1].values = (&gap[..]).into(), &format!("z {end}"));
    fails(
        &|sets| sets.truth.regressors[0].values = (&[1.0; 29]).into(),
        "x has 29 values, but the outcome has 30; give one for each row",
    );
    fails(
        &|sets| sets.predicted = rows(&[0.0; 29], &[0.0; 29], &[0.0; 29]),
        "the set of predicted labelled rows has 29 values, but the outcome has 30; give one for each row",
    );
    fails(&|sets| sets.unlabelled.regressors.swap(0, 1), "there is no coefficient z; there are: x, z");
    fails(
        &|sets| sets.unlabelled.regressors.truncate(1),
        "the list of regressors of one set has 1 values, but the outcome has 2; give one for each row",
    );
    let twice: Vec<f64> = column.x.iter().map(|x| 2.0 * x + 1.0).collect();
    fails(
        &|sets| {
            for (set, rows) in [
                (&mut sets.truth, &twice[..LABELLED]),
                (&mut sets.predicted, &twice[..LABELLED]),
                (&mut sets.unlabelled, &twice[LABELLED..]),
            ] {
                set.regressors[1].values = rows.to_vec().into();
            }
        },
        "z is a combination of the columns before it; leave it out",
    );
    fails(
        &|sets| sets.clusters = Some(Clusters { labelled: &[3; 30], unlabelled: &[1; 120] }),
        "there are 1 clusters with labels; there must be at least 2",
    );
    fails(
        &|sets| sets.truth.outcome = &[0.1; 30],
        "the estimate is the same in all clusters, so there is no standard error",
    );
}

#[test]
fn a_predicted_outcome_has_known_regressors() {
    let column = column();
    let mut sets = column.sets();
    let x: Vec<f64> = column.x.iter().map(|x| x + 1.0).collect();
    sets.predicted.regressors[0].values = x[..LABELLED].into();
    assert!(predicted_rows(&sets, Tuning::Overall).is_ok());
    let message = "a regressor of a predicted row is 1; give what it is in the true row";
    fails(predicted_outcome(&sets, Tuning::Overall), message);
}
