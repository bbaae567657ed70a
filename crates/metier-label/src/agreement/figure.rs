//! A number with its interval: which units are resampled, which interval it gets, and why there may be none.

use std::collections::BTreeSet;

use metier_stats::bootstrap::{Bootstrap, Clusters, NoInterval, wilson};
use serde::Serialize;

use super::{Pair, Settings};

/// With fewer people than this, sessions are resampled.
const FEWEST_PEOPLE: usize = 5;

/// A number with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The number. `None` if it is not defined for what was compared.
    pub value: Option<f64>,
    /// The lower end of the interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// How many sessions or messages it is of.
    pub n: usize,
    /// How the interval was made.
    pub method: Method,
    /// Why there is no number, or why it has no interval.
    pub why: Option<String>,
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Percentile bootstrap over people, each with all their sessions.
    BootstrapPeople,
    /// Percentile bootstrap over sessions: people are not known, or they are fewer than five.
    BootstrapSessions,
    /// Wilson's for a share of none or all, which resampling cannot bound, with people as its n.
    WilsonPeople,
    /// The same with sessions.
    WilsonSessions,
    /// There is none.
    None,
}

/// A number that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Whether it is a share.
    pub share: bool,
    /// When it is not defined although there is something to compare.
    pub undefined: &'static str,
}

/// What is resampled together.
pub(super) struct Sample {
    clusters: Clusters,
    people: bool,
}

impl Sample {
    /// The sample of items that are of these sessions, by their indices.
    pub(super) fn new(pairs: &[Pair], items: impl Iterator<Item = usize>) -> Sample {
        let items: Vec<usize> = items.collect();
        let known: BTreeSet<&str> = items.iter().filter_map(|item| pairs[*item].person.as_deref()).collect();
        let people = known.len() >= FEWEST_PEOPLE;
        let key = |item: &usize| {
            let pair = &pairs[*item];
            let person = pair.person.as_deref().filter(|_| people);
            // Somebody unknown is nobody else.
            (person.is_none(), person.unwrap_or(&pair.session))
        };
        let keys: Vec<(bool, &str)> = items.iter().map(key).collect();
        Sample { clusters: Clusters::new(&keys), people }
    }

    /// How many items there are.
    pub(super) fn n(&self) -> usize {
        self.clusters.items()
    }

    /// All numbers that `statistics` gives for a weight for each item, with intervals off the same resamples. `stream`
    /// names the resamples.
    pub(super) fn figures<const N: usize>(
        &self,
        settings: &Settings,
        stream: &str,
        asked: [Asked; N],
        statistics: impl Fn(&[u32]) -> [Option<f64>; N],
    ) -> [Figure; N] {
        let n = self.n();
        let values = statistics(&vec![1; n]);
        let bootstrap = Bootstrap { resamples: settings.resamples, seed: settings.seed };
        // The same name and clusters give the same resamples in the same order, whatever the statistic: all of them
        // are computed for a resample once, by the first call.
        let mut seen = Vec::new();
        let _ = bootstrap.interval(stream, &self.clusters, |weights| {
            seen.push(statistics(weights));
            Some(0.0)
        });
        std::array::from_fn(|at| {
            let mut draws = seen.iter();
            let value = values[at].filter(|value| value.is_finite());
            let interval = bootstrap.interval(stream, &self.clusters, |_| draws.next()?[at]);
            let interval = interval.map(|interval| (interval.low, interval.high));
            self.figure(value, interval, asked[at])
        })
    }

    /// A number with the interval that was found, or with Wilson's, or with the reason why there is none.
    fn figure(&self, value: Option<f64>, interval: Result<(f64, f64), NoInterval>, asked: Asked) -> Figure {
        let (n, units) = (self.n(), self.clusters.count());
        let [bootstrap, bounded] = match self.people {
            true => [Method::BootstrapPeople, Method::WilsonPeople],
            false => [Method::BootstrapSessions, Method::WilsonSessions],
        };
        let none = |value: Option<f64>, why: String| Figure {
            value: value.map(rounded),
            low: None,
            high: None,
            n,
            method: Method::None,
            why: Some(why),
        };
        let Some(value) = value else {
            return none(None, if n == 0 { "nothing to compare" } else { asked.undefined }.to_owned());
        };
        let at_an_end = asked.share && (value == 0.0 || value == 1.0);
        let (ends, method) = match interval {
            Ok(ends) => (ends, bootstrap),
            Err(NoInterval::NoSpread) if at_an_end => match wilson(value, units as f64) {
                Some(interval) => ((interval.low, interval.high), bounded),
                None => return none(Some(value), NoInterval::NoSpread.to_string()),
            },
            Err(NoInterval::FewClusters { clusters }) => {
                let of = if clusters == 1 { "session" } else { "sessions" };
                return none(Some(value), format!("no interval: {clusters} {of}, fewer than 5"));
            }
            Err(why) => return none(Some(value), why.to_string()),
        };
        let [low, high] = [ends.0, ends.1].map(|end| Some(rounded(end)));
        Figure { value: Some(rounded(value)), low, high, n, method, why: None }
    }
}

/// To 12 significant digits: what differs beyond them between mathematics libraries is not in the output.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

impl Figure {
    /// Whether its interval excludes this number. `None` without an interval.
    pub(super) fn excludes(&self, number: f64) -> Option<bool> {
        let (low, high) = self.low.zip(self.high)?;
        Some(number < low || number > high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Labels, Rater, rubric};

    fn pairs<'l>(labels: &'l Labels, people: &[Option<&str>]) -> Vec<Pair<'l>> {
        let pair = |(at, person): (usize, &Option<&str>)| Pair {
            session: format!("{at:03}"),
            first: labels,
            second: labels,
            person: person.map(str::to_owned),
            agent: None,
            month: None,
        };
        people.iter().enumerate().map(pair).collect()
    }

    fn mean(values: &[f64], people: &[Option<&str>], share: bool) -> Figure {
        let labels = Labels::none(Rater::new("a"), rubric());
        let sample = Sample::new(&pairs(&labels, people), 0..people.len());
        let asked = Asked { share, undefined: "all weights are zero" };
        let [figure] = sample.figures(&Settings::default(), "test", [asked], |weights| {
            let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
            let n: u32 = weights.iter().sum();
            [(n > 0).then(|| sum / f64::from(n))]
        });
        figure
    }

    #[test]
    fn people_are_resampled_where_there_are_five_of_them() {
        let values = [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0];
        let by = |people: [&str; 10]| mean(&values, &people.map(Some), false);
        let five = by(["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]);
        let four = by(["a", "a", "b", "b", "c", "c", "d", "d", "d", "d"]);
        assert_eq!((five.method, four.method), (Method::BootstrapPeople, Method::BootstrapSessions));
        // Five pairs of equal values tell less than ten single ones.
        let width = |figure: &Figure| figure.high.zip(figure.low).map(|(high, low)| high - low);
        assert!(width(&five) > width(&four));
        assert_eq!((five.value, five.n), (Some(2.0), 10));
    }

    #[test]
    fn several_numbers_have_the_intervals_that_each_has_alone() {
        let labels = Labels::none(Rater::new("a"), rubric());
        let pairs = pairs(&labels, &[None; 9]);
        let sample = Sample::new(&pairs, 0..9);
        let asked = Asked { share: false, undefined: "" };
        let sum = |weights: &[u32], power: i32| -> Option<f64> {
            Some(weights.iter().enumerate().map(|(at, w)| (at as f64).powi(power) * f64::from(*w)).sum())
        };
        let settings = Settings::default();
        let both = sample.figures(&settings, "s", [asked; 2], |weights| [sum(weights, 1), sum(weights, 2)]);
        let one = sample.figures(&settings, "s", [asked], |weights| [sum(weights, 1)]);
        let other = sample.figures(&settings, "s", [asked], |weights| [sum(weights, 2)]);
        assert_eq!(both.to_vec(), [one, other].concat());
        assert!(both[0].low.is_some());
    }

    #[test]
    fn what_is_missing_says_why() {
        let nothing = mean(&[], &[], true);
        assert_eq!((nothing.value, nothing.why.as_deref()), (None, Some("nothing to compare")));
        let few = mean(&[1.0, 0.0], &[None, None], true);
        assert_eq!((few.value, few.low), (Some(0.5), None));
        assert_eq!(few.why.as_deref(), Some("no interval: 2 sessions, fewer than 5"));
        let all = mean(&[1.0; 6], &[None; 6], true);
        assert_eq!((all.value, all.high, all.method), (Some(1.0), Some(1.0), Method::WilsonSessions));
        // Wilson for 6 of 6: 1 / (1 + 1.96² / 6).
        assert!(all.low.is_some_and(|low| (low - 0.609_666).abs() < 1e-5), "{all:?}");
        let constant = mean(&[2.0; 6], &[None; 6], false);
        assert_eq!(constant.why.as_deref(), Some("no interval: no spread between resamples"));
        assert_eq!(constant.excludes(9.0), None);
    }
}
