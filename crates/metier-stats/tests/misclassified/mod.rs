//! A simulation: the outcome depends on a regressor of zeros and ones that is misclassified in most rows.

use metier_stats::linear::Regressor;
use metier_stats::prediction_powered::{Clusters, Rows, Sets, Tuning, predicted_rows};

/// The true coefficient.
const TRUTH: f64 = 1.0;
const PER_CLUSTER: usize = 10;

/// What came out.
pub struct Run {
    /// The share of intervals that contain the truth.
    pub covers: f64,
    /// The share of the misclassified rows' own intervals that do, with the standard error that they would have alone.
    pub naive_covers: f64,
    /// The standard deviation of the estimate around the truth.
    pub spread: f64,
    /// That of the estimate from labels alone.
    pub spread_alone: f64,
}

/// xorshift64* (Vigna, 2016), and the sum of twelve for normal noise.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[derive(Default)]
struct Column {
    outcome: Vec<f64>,
    truth: Vec<f64>,
    predicted: Vec<f64>,
    control: Vec<f64>,
    clusters: Vec<u32>,
}

/// Repeats the study. A quarter of the ones are taken for zeros and an eighth of the zeros for ones, more often where the
/// outcome is high; a control goes with the regressor.
pub fn run(repeats: usize, labelled: usize, unlabelled: usize, clustered: bool, tuning: Tuning) -> Run {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let (mut covers, mut naive, mut square, mut square_alone) = (0, 0, 0.0, 0.0);
    for _ in 0..repeats {
        let labels = draw(&mut noise, labelled, 0, clustered);
        let rest = draw(&mut noise, unlabelled, labelled as u32, clustered);
        let rows = |column: &'static str, from: &Column, values: &[f64]| {
            let regressor =
                |name: &str, values: &[f64]| Regressor { name: name.into(), values: values.to_vec().into() };
            vec![regressor(column, values), regressor("control", &from.control)]
        };
        let sets = Sets {
            truth: Rows { outcome: &labels.outcome, regressors: rows("x", &labels, &labels.truth) },
            predicted: Rows { outcome: &labels.outcome, regressors: rows("x", &labels, &labels.predicted) },
            unlabelled: Rows { outcome: &rest.outcome, regressors: rows("x", &rest, &rest.predicted) },
            clusters: clustered
                .then_some(Clusters { labelled: &labels.clusters, unlabelled: &rest.clusters }),
        };
        let x = &predicted_rows(&sets, tuning).expect("the rows vary")[1];
        covers += usize::from(x.conf_low <= TRUTH && TRUTH <= x.conf_high);
        // The naive interval is narrower than this one, which has the labels' share of the error as well.
        naive += usize::from((x.predicted_alone - TRUTH).abs() <= x.conf_high - x.estimate);
        square += (x.estimate - TRUTH) * (x.estimate - TRUTH);
        square_alone += (x.labelled_alone - TRUTH) * (x.labelled_alone - TRUTH);
    }
    let share = |count: usize| count as f64 / repeats as f64;
    let spread = |square: f64| (square / repeats as f64).sqrt();
    Run {
        covers: share(covers),
        naive_covers: share(naive),
        spread: spread(square),
        spread_alone: spread(square_alone),
    }
}

fn draw(noise: &mut Noise, count: usize, first: u32, clustered: bool) -> Column {
    let mut column = Column::default();
    let (mut level, mut habit) = (0.0, 0.0);
    for row in 0..count {
        if row % PER_CLUSTER == 0 {
            (level, habit) = if clustered { (0.7 * noise.normal(), noise.normal()) } else { (0.0, 0.0) };
        }
        let control = noise.normal();
        let truth = noise.normal() + 0.5 * control + habit > 0.3;
        let error = noise.normal();
        let outcome = TRUTH * f64::from(u8::from(truth)) + 0.5 * control + level + error;
        let mistaken =
            noise.uniform() < if truth { 0.25 } else { 0.125 } * if error > 0.0 { 1.2 } else { 0.8 };
        column.outcome.push(outcome);
        column.truth.push(f64::from(u8::from(truth)));
        column.predicted.push(f64::from(u8::from(truth != mistaken)));
        column.control.push(control);
        column.clusters.push(first + (row / PER_CLUSTER) as u32);
    }
    column
}
