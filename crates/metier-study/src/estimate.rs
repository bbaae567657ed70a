//! From the observations of one group to estimates with 95 % intervals: values, and which interval each may have.

use std::cell::OnceCell;
use std::sync::Arc;

use metier_stats::means::{self, Sample, jackknife};
use metier_stats::moments::Moments;

use crate::digits::significant;
use crate::finding::{Estimate, Measure, Method};
use crate::gate::{Bits, Gated, Rests};
use crate::quantile::quantile;
use crate::selection::Cohort;
use crate::series::{Observation, Series, Statistic};
use crate::share::Sums;

/// Fewer sessions than this get no interval.
const FEWEST_SESSIONS: usize = 5;
/// With fewer people than this, sessions are the units.
const FEWEST_PEOPLE: usize = 5;

/// Estimates everything that is asked about a group.
pub(crate) fn measures(series: Vec<Series>, cohort: &Cohort) -> Vec<Measure> {
    let mut measures = Vec::new();
    for Series { n_of, observations, asked } in series {
        let has_logs = asked.iter().any(|asked| asked.statistic == Statistic::GeometricMean);
        let logs = if has_logs { logs(&observations) } else { Vec::new() };
        let (plain, logs) = (Seen::new(observations, cohort), Seen::new(logs, cohort));
        for asked in asked {
            let seen = if asked.statistic == Statistic::GeometricMean { &logs } else { &plain };
            let mut estimate = estimate(asked.statistic, seen, n_of, cohort);
            measures.push(Measure {
                rests: cohort
                    .gated
                    .as_ref()
                    .map(|gated| rests(asked.statistic, seen, &mut estimate, gated, cohort)),
                name: asked.name,
                title: asked.title,
                unit: asked.unit,
                key: asked.key,
                estimate,
                published: asked.published,
                sums: sums(asked.statistic, seen, cohort),
            });
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
    sorted: OnceCell<Columns>,
    /// What it is over and what it counts, where it has to pass the gate.
    over: OnceCell<Rests>,
    counts: OnceCell<Arc<Bits>>,
    /// The most observations that anybody has.
    most: OnceCell<usize>,
}

/// Observations, one column for each of their parts.
struct Columns {
    top: Vec<f64>,
    bottom: Vec<f64>,
    /// Whom each is of: the person, or where people are few the session.
    unit: Vec<u32>,
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
            sorted: OnceCell::new(),
            over: OnceCell::new(),
            counts: OnceCell::new(),
            most: OnceCell::new(),
        }
    }

    fn most(&self, gated: &Gated) -> usize {
        if self.observations.len() == self.sessions {
            return gated.most;
        }
        let mut of_person = vec![0; gated.people];
        self.observations.iter().for_each(|one| of_person[gated.person[one.session] as usize] += 1);
        of_person.into_iter().max().unwrap_or(0)
    }

    /// Whether people are enough to be the units.
    fn by_person(&self) -> bool {
        self.people >= FEWEST_PEOPLE
    }

    fn columns(&self, cohort: &Cohort) -> &Columns {
        self.columns.get_or_init(|| self.columns_of(&self.observations, cohort))
    }

    /// The same in ascending order of the tops.
    fn sorted(&self, cohort: &Cohort) -> &Columns {
        self.sorted.get_or_init(|| {
            let mut sorted = self.observations.clone();
            sorted.sort_unstable_by(|a, b| a.top.total_cmp(&b.top).then(a.session.cmp(&b.session)));
            self.columns_of(&sorted, cohort)
        })
    }

    fn columns_of(&self, all: &[Observation], cohort: &Cohort) -> Columns {
        let unit = |seen: &Observation| match self.by_person() {
            true => cohort.person[seen.session],
            false => seen.session as u32,
        };
        Columns {
            top: all.iter().map(|seen| seen.top).collect(),
            bottom: all.iter().map(|seen| seen.bottom).collect(),
            unit: all.iter().map(unit).collect(),
        }
    }
}

/// The value of a statistic whose observations add up to this top over this bottom.
pub(crate) fn of_ratio(statistic: Statistic, ratio: f64) -> f64 {
    match statistic {
        Statistic::Per(per) => ratio * per,
        Statistic::GeometricMean => ratio.exp(),
        Statistic::Mean | Statistic::Share | Statistic::Quantile(_) => ratio,
    }
}

fn estimate(statistic: Statistic, seen: &Seen, n_of: &'static str, cohort: &Cohort) -> Estimate {
    let Seen { top, bottom, sessions, people, .. } = *seen;
    // A sum of parts of people is a whole number but for rounding.
    let mut n = bottom.round() as u64;
    let mut value = of_ratio(statistic, top / bottom);
    let mut bounded = true;
    if let Statistic::Quantile(p) = statistic {
        n = seen.observations.len() as u64;
        value = if speaks_of(p, n) { quantile(&seen.sorted(cohort).top, p) } else { f64::NAN };
        bounded = can_bound(p, n);
    }
    let why_not = if n == 0 {
        Some(Method::Nothing)
    } else if !bounded || !value.is_finite() {
        Some(Method::FewForPercentile)
    } else if sessions < FEWEST_SESSIONS {
        Some(Method::FewSessions)
    } else {
        None
    };
    let value = value.is_finite().then(|| rounded(value));
    let mut estimate =
        Estimate { value, low: None, high: None, n, n_of, sessions, people, method: Method::Nothing };
    match why_not {
        Some(why) => estimate.method = why,
        None => interval(&mut estimate, statistic, seen, cohort),
    }
    estimate
}

/// Fills in the interval: from the estimates that leave out one person, or session, after another
/// (`metier_stats::means::jackknife`).
fn interval(estimate: &mut Estimate, statistic: Statistic, seen: &Seen, cohort: &Cohort) {
    let made = if let Statistic::Quantile(p) = statistic {
        let Columns { top, unit, .. } = seen.sorted(cohort);
        if top.first() == top.last() {
            estimate.method = Method::NoSpread;
            return;
        }
        jackknife::quantile(&Sample { values: top, weights: None, clusters: Some(unit) }, p)
    } else {
        let Columns { top, bottom, unit } = seen.columns(cohort);
        let sample = Sample { values: top, weights: None, clusters: Some(unit) };
        match statistic {
            Statistic::Share => jackknife::share(&sample, bottom),
            _ => jackknife::ratio(&sample, bottom),
        }
    };
    let few = (!seen.by_person()).then_some(seen.people);
    match made.ok().and_then(|made| Some((made.method, made.interval?))) {
        Some((method, ends)) => {
            // What is never negative has no mean below 0 either.
            let counts = matches!(statistic, Statistic::Mean | Statistic::Per(_))
                && seen.observations.iter().all(|seen| seen.top >= 0.0);
            let low = if counts { ends.low.max(0.0) } else { ends.low };
            estimate.low = Some(rounded(of_ratio(statistic, low)));
            estimate.high = Some(rounded(of_ratio(statistic, ends.high)));
            estimate.method = match (method, few) {
                (means::Method::Wilson, None) => Method::WilsonPeople,
                (means::Method::Wilson, Some(people)) => Method::WilsonSessions { people },
                (_, None) => Method::People,
                (_, Some(people)) => Method::Sessions { people },
            };
        }
        None if matches!(statistic, Statistic::Quantile(_)) => estimate.method = Method::FewForPercentile,
        None => estimate.method = Method::NoSpread,
    }
}

/// What it takes to add a number up with the same of others: the tops and bottoms of people, and their squares and products. A
/// percentile does not add up.
fn sums(statistic: Statistic, seen: &Seen, cohort: &Cohort) -> Option<Sums> {
    if matches!(statistic, Statistic::Quantile(_)) || !cohort.gated.as_ref().is_none_or(|gated| gated.sums) {
        return None;
    }
    if cohort.gated.is_none() {
        return Some(Sums::Ratio { statistic, people: Moments::new(2) });
    }
    let columns = |of: fn(&Observation) -> f64| -> Vec<f64> { seen.observations.iter().map(of).collect() };
    let person: Vec<u32> = seen.observations.iter().map(|one| cohort.person[one.session]).collect();
    let people = Moments::of(&person, &[&columns(|one| one.top), &columns(|one| one.bottom)]).ok()?;
    Some(Sums::Ratio { statistic, people })
}

/// What a number rests on: the sessions observed; of a share or a mean, those that are not zero in it. Too little where the
/// amounts, or what they lack to their bottoms, or the values on a side of a percentile come from too few people.
fn rests(
    statistic: Statistic,
    seen: &Seen,
    estimate: &mut Estimate,
    gated: &Gated,
    cohort: &Cohort,
) -> Rests {
    let over = seen.over.get_or_init(|| Rests::on(cohort, seen.observations.iter().map(|one| one.session)));
    // Somebody has as many of them as sessions, or of turns more.
    let most = || *seen.most.get_or_init(|| seen.most(gated));
    let amounts = |of: fn(&Observation) -> f64| {
        gated.spread_of(seen.observations.iter().map(|one| (one.session, of(one))), most())
    };
    let side = |on: &dyn Fn(f64) -> bool| {
        let on_side = seen.observations.iter().filter(|one| on(one.top));
        gated.spread_of(on_side.map(|one| (one.session, 1.0)), most())
    };
    let counts = || {
        let counted = seen.counts.get_or_init(|| {
            Rests::on(cohort, seen.observations.iter().filter(|one| one.top != 0.0).map(|one| one.session))
                .over
        });
        Some(counted.clone())
    };
    let bottoms = || amounts(|one| one.bottom);
    match statistic {
        Statistic::Share => {
            let spread =
                bottoms() && amounts(|one| one.top) && amounts(|one| (one.bottom - one.top).max(0.0));
            Rests { counts: counts(), too_few: !spread, ..over.clone() }
        }
        Statistic::Mean | Statistic::Per(_) => {
            Rests { counts: counts(), too_few: !(bottoms() && amounts(|one| one.top)), ..over.clone() }
        }
        Statistic::GeometricMean => Rests { too_few: !bottoms(), ..over.clone() },
        Statistic::Quantile(_) => {
            let told = |end: f64| {
                let (low, high) = (end * (1.0 - 1e-9), end * (1.0 + 1e-9));
                side(&|top| top <= high) && side(&|top| top >= low)
            };
            // The ends of the interval are somebody's values, too.
            let ends = [estimate.low, estimate.high].into_iter().flatten();
            if !ends.clone().all(told) {
                (estimate.low, estimate.high, estimate.method) = (None, None, Method::FewForPercentile);
            }
            Rests { too_few: !estimate.value.is_some_and(told), ..over.clone() }
        }
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

/// To 12 significant digits: what differs beyond them between mathematics libraries is not in the output.
fn rounded(value: f64) -> f64 {
    significant(value, 12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{facts, row};
    use crate::{Selection, Settings, Unit};
    use metier_session::Facts;
    use metier_store::Row;

    /// Prompts per session, as a mean, a median and the share of sessions above one.
    fn prompts(rows: &[Row]) -> [Estimate; 3] {
        let settings = Settings::default();
        let selection = Selection::new(rows, &settings);
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
        let mut estimates = measures(series, cohort).into_iter().map(|m| m.estimate);
        [(); 3].map(|()| estimates.next().expect("three were asked"))
    }

    fn rows(prompts: &[u64], people: u128) -> Vec<Row> {
        let row = |(id, prompts): (u128, &u64)| row(id, id % people, Facts { prompts: *prompts, ..facts() });
        (0..).zip(prompts).map(row).collect()
    }

    #[test]
    fn four_sessions_have_no_interval() {
        let [mean, ..] = prompts(&rows(&[1, 2, 3, 4], 4));
        assert_eq!((mean.value, mean.low, mean.high), (Some(2.5), None, None));
        assert_eq!(mean.method, Method::FewSessions);
    }

    #[test]
    fn few_people_speak_for_themselves() {
        let [mean, ..] = prompts(&rows(&[1, 2, 3, 4, 5, 6, 7, 8], 1));
        assert_eq!(mean.method, Method::Sessions { people: 1 });
        assert!(mean.low < mean.value && mean.value < mean.high);
        assert_eq!(
            mean.method.to_string(),
            "jackknife over sessions of 1 person: speaks of that person only"
        );
    }

    #[test]
    fn people_count_whole() {
        // Six people with ten equal sessions each: over sessions the interval would be far too narrow.
        let values: Vec<u64> = (0..60).map(|id| 1 + id % 6).collect();
        let [people, ..] = prompts(&rows(&values, 6));
        let [sessions, ..] = prompts(&rows(&values, 1));
        assert_eq!(people.method, Method::People);
        let width = |estimate: &Estimate| estimate.high.unwrap_or(0.0) - estimate.low.unwrap_or(0.0);
        assert!(width(&people) > 2.5 * width(&sessions), "{people:?} {sessions:?}");
    }

    #[test]
    fn a_share_of_none_has_wilsons_interval_and_a_constant_none() {
        let [mean, median, share] = prompts(&rows(&[1; 20], 20));
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
        for _ in 0..200 {
            let own: Vec<u64> = (0..30).map(|_| 4 + coin(11)).collect();
            let values: Vec<u64> = (0..120).map(|id| own[id % 30] + coin(3)).collect();
            let [mean, ..] = prompts(&rows(&values, 30));
            covered += u32::from(mean.low <= Some(10.0) && Some(10.0) <= mean.high);
        }
        // Binomial with n = 200 and p = 0.95: mean 190, standard deviation 3.1; three of them.
        assert!((181..=199).contains(&covered), "{covered} of 200");
    }
}
