//! From the observations of one group to estimates with 95 % intervals: values, and which interval each may have.

use std::cell::OnceCell;

use metier_stats::bootstrap::wilson;
use metier_stats::means::{self, Sample};

use crate::finding::{Estimate, Measure, Method};
use crate::quantile::quantile;
use crate::resample::{Scheme, Sorted};
use crate::selection::Cohort;
use crate::series::{Observation, Series, Statistic};
use crate::settings::Settings;

/// Fewer sessions than this get no interval.
const FEWEST_SESSIONS: usize = 5;
/// With fewer people than this, sessions are resampled.
const FEWEST_PEOPLE: usize = 5;
/// In groups of so many people intervals come from a formula: it has converged to what resampling gives, and takes one
/// pass in place of a thousand.
const MANY_PEOPLE: usize = 200;
/// A 95 % interval cannot be read off fewer resamples.
const FEWEST_RESAMPLES: usize = 40;

/// Estimates everything that is asked about a group. `stream` names the group within the study.
pub(crate) fn measures(
    series: Vec<Series>,
    cohort: &Cohort,
    settings: &Settings,
    stream: &str,
) -> Vec<Measure> {
    let sessions = cohort.sessions.len();
    let mut people = Scheme::new(cohort.person.clone(), cohort.people);
    let mut alone = Scheme::new((0..sessions as u32).collect(), sessions);
    let (mut measures, mut statistics) = (Vec::new(), Vec::new());
    for Series { n_of, observations, asked } in series {
        let any = |of: fn(Statistic) -> bool| asked.iter().any(|asked| of(asked.statistic));
        let sorted = if any(|it| matches!(it, Statistic::Quantile(_))) {
            Sorted::new(&observations)
        } else {
            Sorted::default()
        };
        let logs = if any(|it| it == Statistic::GeometricMean) { logs(&observations) } else { Vec::new() };
        let (plain, logs) = (Seen::new(observations, cohort), Seen::new(logs, cohort));
        let (mut of_people, mut of_sessions) = (Vec::new(), Vec::new());
        for asked in asked {
            let statistic = asked.statistic;
            let seen = if statistic == Statistic::GeometricMean { &logs } else { &plain };
            let mut estimate = point(statistic, seen, &sorted, n_of, settings);
            if estimate.method == Method::People && cohort.people >= MANY_PEOPLE {
                linearised(&mut estimate, statistic, seen, &sorted, cohort);
            }
            let (scheme, quantiles) = match estimate.method {
                Method::People => (Some(&mut people), &mut of_people),
                Method::Sessions { .. } => (Some(&mut alone), &mut of_sessions),
                _ => (None, &mut of_people),
            };
            match (scheme, statistic) {
                (Some(_), Statistic::Quantile(p)) => quantiles.push((measures.len(), p)),
                (Some(scheme), _) => scheme.add_ratio(measures.len(), &seen.observations),
                (None, _) => {}
            }
            statistics.push(statistic);
            measures.push(Measure {
                name: asked.name,
                title: asked.title,
                unit: asked.unit,
                key: asked.key,
                estimate,
                published: asked.published,
            });
        }
        people.add_quantiles(&sorted, of_people);
        alone.add_quantiles(&sorted, of_sessions);
    }
    for (scheme, name) in [(people, "people"), (alone, "sessions")] {
        for (asked, draws) in scheme.run(settings, &format!("{stream}/{name}")) {
            interval(&mut measures[asked].estimate, statistics[asked], draws);
        }
    }
    measures
}

/// The logarithms of the observations above zero.
fn logs(observations: &[Observation]) -> Vec<Observation> {
    let above = observations.iter().filter(|seen| seen.top > 0.0);
    above.map(|seen| Observation { top: seen.top.ln(), ..*seen }).collect()
}

/// Observations, and what every statistic of them needs.
struct Seen {
    observations: Vec<Observation>,
    top: f64,
    bottom: f64,
    sessions: usize,
    people: usize,
    columns: OnceCell<Columns>,
    sorted_person: OnceCell<Vec<u32>>,
}

/// Observations, one column for each of their parts.
struct Columns {
    top: Vec<f64>,
    bottom: Vec<f64>,
    person: Vec<u32>,
}

impl Seen {
    fn new(observations: Vec<Observation>, cohort: &Cohort) -> Seen {
        let (sessions, people) = distinct(&observations, cohort);
        Seen {
            top: observations.iter().map(|seen| seen.top).sum(),
            bottom: observations.iter().map(|seen| seen.bottom).sum(),
            observations,
            sessions,
            people,
            columns: OnceCell::new(),
            sorted_person: OnceCell::new(),
        }
    }

    fn columns(&self, cohort: &Cohort) -> &Columns {
        let all = &self.observations;
        self.columns.get_or_init(|| Columns {
            top: all.iter().map(|seen| seen.top).collect(),
            bottom: all.iter().map(|seen| seen.bottom).collect(),
            person: all.iter().map(|seen| cohort.person[seen.session]).collect(),
        })
    }
}

/// The value of a statistic whose observations add up to this top over this bottom.
fn of_ratio(statistic: Statistic, ratio: f64) -> f64 {
    match statistic {
        Statistic::Per(per) => ratio * per,
        Statistic::GeometricMean => ratio.exp(),
        Statistic::Mean | Statistic::Share | Statistic::Quantile(_) => ratio,
    }
}

/// The estimate without its interval; its method says which interval it is to get.
fn point(
    statistic: Statistic,
    seen: &Seen,
    sorted: &Sorted,
    n_of: &'static str,
    settings: &Settings,
) -> Estimate {
    let Seen { top, bottom, sessions, people, .. } = *seen;
    let mut n = bottom as u64;
    let mut value = of_ratio(statistic, top / bottom);
    let mut bounded = true;
    let mut same = false;
    if let Statistic::Quantile(p) = statistic {
        n = seen.observations.len() as u64;
        value = if speaks_of(p, n) { quantile(&sorted.values, p) } else { f64::NAN };
        bounded = can_bound(p, n);
        same = sorted.values.first() == sorted.values.last();
    }
    let method = if n == 0 {
        Method::Nothing
    } else if !bounded || !value.is_finite() {
        Method::FewForPercentile
    } else if sessions < FEWEST_SESSIONS {
        Method::FewSessions
    } else if settings.resamples < FEWEST_RESAMPLES {
        Method::NotResampled
    } else if same {
        Method::NoSpread
    } else if people < FEWEST_PEOPLE {
        Method::Sessions { people }
    } else {
        Method::People
    };
    let value = value.is_finite().then(|| rounded(value));
    Estimate { value, low: None, high: None, n, n_of, sessions, people, method }
}

/// Fills in the interval from the sums of influence values over people (`metier_stats::means`).
fn linearised(estimate: &mut Estimate, statistic: Statistic, seen: &Seen, sorted: &Sorted, cohort: &Cohort) {
    let made = if let Statistic::Quantile(p) = statistic {
        // In their order already, so that sorting them takes one pass.
        let person = seen.sorted_person.get_or_init(|| sorted.people(&cohort.person));
        means::quantile(&Sample { values: &sorted.values, weights: None, clusters: Some(person) }, p)
    } else {
        let Columns { top, bottom, person } = seen.columns(cohort);
        let sample = Sample { values: top, weights: None, clusters: Some(person) };
        match statistic {
            Statistic::Share => means::share_of(&sample, bottom),
            _ => means::ratio(&sample, bottom),
        }
    };
    match made.ok().and_then(|made| Some((made.method, made.interval?))) {
        Some((method, ends)) => {
            estimate.low = Some(rounded(of_ratio(statistic, ends.low)));
            estimate.high = Some(rounded(of_ratio(statistic, ends.high)));
            estimate.method =
                if method == means::Method::Wilson { Method::WilsonPeople } else { Method::Linearised };
        }
        None if matches!(statistic, Statistic::Quantile(_)) => estimate.method = Method::FewForPercentile,
        None => estimate.method = Method::NoSpread,
    }
}

/// Whether `n` values can speak of a percentile other than the median: one of them lies beyond it.
fn speaks_of(p: f64, n: u64) -> bool {
    p == 0.5 || n as f64 * p.min(1.0 - p) > 1.0 - 1e-9
}

/// Whether `n` values bound a percentile on both sides with 97.5 % confidence each: only if it is that
/// improbable that all of them lie on one side of it, pⁿ ≤ 0.025 (Thompson, 1936).
fn can_bound(p: f64, n: u64) -> bool {
    p.max(1.0 - p).powf(n as f64) <= 0.025
}

/// The numbers of sessions and of people that observations come from.
fn distinct(seen: &[Observation], cohort: &Cohort) -> (usize, usize) {
    let mut sessions = vec![false; cohort.sessions.len()];
    let mut people = vec![false; cohort.people];
    for seen in seen {
        sessions[seen.session] = true;
        people[cohort.person[seen.session] as usize] = true;
    }
    let count = |marks: Vec<bool>| marks.into_iter().filter(|mark| *mark).count();
    (count(sessions), count(people))
}

/// Fills in the interval from the resampled ratios or quantiles: the 2.5th and 97.5th percentile
/// (Efron, 1979), or where those show no spread, Wilson's for a share and none for the rest.
fn interval(estimate: &mut Estimate, statistic: Statistic, mut draws: Vec<f64>) {
    draws.retain(|draw| draw.is_finite());
    draws.sort_unstable_by(f64::total_cmp);
    let ends = [0.025, 0.975].map(|p| rounded(of_ratio(statistic, quantile(&draws, p))));
    let (low, high) = (ends[0], ends[1]);
    let spread = low < high || matches!(statistic, Statistic::Quantile(_));
    if let (false, Statistic::Share, Some(share)) = (spread, statistic, estimate.value)
        && (share == 0.0 || share == 1.0)
    {
        let (units, method) = match estimate.method {
            Method::Sessions { people } => (estimate.sessions, Method::WilsonSessions { people }),
            _ => (estimate.people, Method::WilsonPeople),
        };
        bounded_by_wilson(estimate, share, units);
        estimate.method = method;
        return;
    } else if !spread || !low.is_finite() {
        estimate.method = Method::NoSpread;
        return;
    }
    estimate.low = Some(low);
    estimate.high = Some(high);
}

/// Fills in Wilson's interval over so many units.
fn bounded_by_wilson(estimate: &mut Estimate, share: f64, units: usize) {
    let interval = wilson(share, units as f64);
    estimate.low = interval.map(|ends| rounded(ends.low));
    estimate.high = interval.map(|ends| rounded(ends.high));
}

/// To 12 significant digits: what differs beyond them between mathematics libraries is not in the output.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, row};
    use crate::{Selection, Unit};
    use metier_session::Facts;
    use metier_store::Row;

    /// Prompts per session, as a mean, a median and the share of sessions above one.
    fn prompts(rows: &[Row], settings: &Settings) -> [Estimate; 3] {
        let selection = Selection::new(rows, settings);
        let cohort = &selection.cohorts[0];
        let series = vec![
            Series::sessions(cohort, |facts| Some(facts.prompts as f64))
                .ask("mean", "", Unit::Prompts, Statistic::Mean)
                .ask("median", "", Unit::Prompts, Statistic::Quantile(0.5)),
            Series::whether(cohort, |facts| Some(facts.prompts > 1)).ask(
                "share",
                "",
                Unit::Share,
                Statistic::Share,
            ),
        ];
        let mut estimates = measures(series, cohort, settings, "test").into_iter().map(|m| m.estimate);
        [(); 3].map(|()| estimates.next().expect("three were asked"))
    }

    fn rows(prompts: &[u64], people: u128) -> Vec<Row> {
        let row = |(id, prompts): (u128, &u64)| row(id, id % people, Facts { prompts: *prompts, ..facts() });
        (0..).zip(prompts).map(row).collect()
    }

    #[test]
    fn four_sessions_have_no_interval() {
        let [mean, ..] = prompts(&rows(&[1, 2, 3, 4], 4), &Settings::default());
        assert_eq!((mean.value, mean.low, mean.high), (Some(2.5), None, None));
        assert_eq!(mean.method, Method::FewSessions);
    }

    #[test]
    fn few_people_speak_for_themselves() {
        let [mean, ..] = prompts(&rows(&[1, 2, 3, 4, 5, 6, 7, 8], 1), &Settings::default());
        assert_eq!(mean.method, Method::Sessions { people: 1 });
        assert!(mean.low < mean.value && mean.value < mean.high);
        assert_eq!(
            mean.method.to_string(),
            "bootstrap over sessions of 1 person: speaks of that person only"
        );
    }

    #[test]
    fn the_formula_and_resampling_agree() {
        // 199 people are resampled, 200 are not; their sessions are alike.
        let values: Vec<u64> = (0..1_000).map(|id| 1 + id % 7 + id % 199 / 40).collect();
        let resampled = prompts(&rows(&values, 199), &Settings::default());
        let formula = prompts(&rows(&values, 200), &Settings::default());
        assert_eq!((resampled[0].method, formula[0].method), (Method::People, Method::Linearised));
        for (resampled, formula) in resampled.iter().zip(&formula) {
            let width = |estimate: &Estimate| estimate.high.unwrap_or(0.0) - estimate.low.unwrap_or(0.0);
            let (one, other) = (width(resampled), width(formula));
            assert!((one - other).abs() <= 0.35 * one.max(other), "{resampled:?} {formula:?}");
        }
    }

    #[test]
    fn people_are_resampled_whole() {
        // Six people with ten equal sessions each: over sessions the interval would be far too narrow.
        let values: Vec<u64> = (0..60).map(|id| 1 + id % 6).collect();
        let [people, ..] = prompts(&rows(&values, 6), &Settings::default());
        let [sessions, ..] = prompts(&rows(&values, 1), &Settings::default());
        assert_eq!(people.method, Method::People);
        let width = |estimate: &Estimate| estimate.high.unwrap_or(0.0) - estimate.low.unwrap_or(0.0);
        assert!(width(&people) > 2.5 * width(&sessions), "{people:?} {sessions:?}");
    }

    #[test]
    fn a_share_of_none_has_wilsons_interval_and_a_constant_none() {
        let [mean, median, share] = prompts(&rows(&[1; 20], 20), &Settings::default());
        assert_eq!((mean.method, mean.low), (Method::NoSpread, None));
        assert_eq!((median.method, median.low), (Method::NoSpread, None));
        assert_eq!(share.method, Method::WilsonPeople);
        assert_eq!((share.value, share.low), (Some(0.0), Some(0.0)));
        // 0 of 20: Newcombe (1998), table I.
        assert!((share.high.unwrap_or(1.0) - 0.1611).abs() < 5e-5);
    }

    #[test]
    fn a_percentile_needs_values_beyond_it() {
        assert!(
            speaks_of(0.5, 1) && speaks_of(0.999, 1000) && !speaks_of(0.999, 999) && !speaks_of(0.05, 19)
        );
        assert!(can_bound(0.5, 6) && !can_bound(0.5, 5) && can_bound(0.95, 72) && !can_bound(0.95, 71));
    }

    #[test]
    fn intervals_contain_the_truth_in_about_95_of_100() {
        // 30 people whose own means differ; each session adds one or takes one. The truth is 10.
        let mut noise = 0x9e37_79b9_7f4a_7c15u64;
        let mut coin = |sides: u64| {
            // xorshift64 (Marsaglia, 2003).
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            (noise >> 33) % sides
        };
        let mut covered = 0;
        for seed in 0..200 {
            let own: Vec<u64> = (0..30).map(|_| 4 + coin(11)).collect();
            let values: Vec<u64> = (0..120).map(|id| own[id % 30] + coin(3)).collect();
            let settings = Settings { resamples: 500, seed, ..Settings::default() };
            let [mean, ..] = prompts(&rows(&values, 30), &settings);
            covered += u32::from(mean.low <= Some(10.0) && Some(10.0) <= mean.high);
        }
        // With 30 units the percentile bootstrap covers P(|t₂₉| < 1.96 √(29/30)) = 93.6 % (Hesterberg, 2015).
        assert!((180..=198).contains(&covered), "{covered} of 200");
    }
}
