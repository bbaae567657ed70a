//! Resamples sums and quantiles of a group, all of them with the same weights. Decides nothing about intervals.

use metier_stats::bootstrap::Resampler;

use crate::quantile::quantiles;
use crate::series::Observation;
use crate::settings::Settings;

/// Observations in ascending order of value.
#[derive(Clone, Default)]
pub(crate) struct Sorted {
    pub(crate) values: Vec<f64>,
    sessions: Vec<usize>,
}

impl Sorted {
    pub(crate) fn new(observations: &[Observation]) -> Sorted {
        let mut pairs: Vec<(f64, usize)> = observations.iter().map(|seen| (seen.top, seen.session)).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (values, sessions) = pairs.into_iter().unzip();
        Sorted { values, sessions }
    }

    /// The person of each, of the people of all sessions.
    pub(crate) fn people(&self, person: &[u32]) -> Vec<u32> {
        self.sessions.iter().map(|session| person[*session]).collect()
    }
}

/// What is resampled as a whole, people with all their sessions or single sessions, and what is asked of each resample.
pub(crate) struct Scheme {
    /// For each session of the group, its unit.
    unit_of: Vec<u32>,
    units: usize,
    /// For each ratio, which asked number it is, and its top and bottom by unit.
    ratios: Vec<(usize, Vec<[f64; 2]>)>,
    quantiles: Vec<Quantiles>,
}

/// Quantiles of the same values.
struct Quantiles {
    values: Vec<f64>,
    units: Vec<u32>,
    asked: Vec<usize>,
    /// Ascending.
    ps: Vec<f64>,
}

impl Scheme {
    pub(crate) fn new(unit_of: Vec<u32>, units: usize) -> Scheme {
        Scheme { unit_of, units, ratios: Vec::new(), quantiles: Vec::new() }
    }

    /// Asks for Σ top / Σ bottom.
    pub(crate) fn add_ratio(&mut self, asked: usize, observations: &[Observation]) {
        let mut sums = vec![[0.0; 2]; self.units];
        for seen in observations {
            let [top, bottom] = &mut sums[self.unit_of[seen.session] as usize];
            *top += seen.top;
            *bottom += seen.bottom;
        }
        self.ratios.push((asked, sums));
    }

    /// Asks for quantiles of the same values.
    pub(crate) fn add_quantiles(&mut self, sorted: &Sorted, mut asked: Vec<(usize, f64)>) {
        if asked.is_empty() {
            return;
        }
        asked.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        let (asked, ps) = asked.into_iter().unzip();
        let units = sorted.sessions.iter().map(|session| self.unit_of[*session]).collect();
        self.quantiles.push(Quantiles { values: sorted.values.clone(), units, asked, ps });
    }

    /// Draws the resamples, and gives for each asked number its values in them.
    pub(crate) fn run(self, settings: &Settings, stream: &str) -> Vec<(usize, Vec<f64>)> {
        let Scheme { units, ratios, quantiles: asked, .. } = self;
        if ratios.is_empty() && asked.is_empty() {
            return Vec::new();
        }
        // Unit by unit, all sums beside each other: one pass over the units adds up everything.
        let width = 2 * ratios.len();
        let table: Vec<f64> =
            (0..units).flat_map(|unit| ratios.iter().flat_map(move |(_, sums)| sums[unit])).collect();
        let mut draws: Vec<(usize, Vec<f64>)> = ratios
            .iter()
            .map(|ratio| ratio.0)
            .chain(asked.iter().flat_map(|q| q.asked.clone()))
            .map(|asked| (asked, Vec::with_capacity(settings.resamples)))
            .collect();
        let mut resampler = Resampler::new(settings.seed, stream, units);
        let (mut sums, mut out) = (vec![0.0; width], Vec::new());
        for _ in 0..settings.resamples {
            let weights = resampler.draw();
            sums.fill(0.0);
            for (row, weight) in table.chunks_exact(width.max(1)).zip(weights) {
                let weight = f64::from(*weight);
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            let mut draws = draws.iter_mut().map(|(_, draws)| draws);
            for (sums, draws) in sums.chunks_exact(2).zip(&mut draws) {
                draws.push(sums[0] / sums[1]);
            }
            for q in &asked {
                quantiles(&q.values, |at| weights[q.units[at] as usize], &q.ps, &mut out);
                for (value, draws) in out.iter().zip(&mut draws) {
                    draws.push(*value);
                }
            }
        }
        draws
    }
}
