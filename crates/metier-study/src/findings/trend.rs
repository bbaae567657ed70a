//! What changed between the first month and the last.

use std::collections::BTreeMap;

use super::{Fitted, How, Study};
use crate::finding::{Measure, Unit, Why};
use crate::judged::{WORK_MODES, option, work_modes};
use crate::model::{Named, Term, fit, month};
use crate::published::figures;
use crate::selection::{Cohort, Selected};

pub(super) const STUDY: Study = Study {
    name: "trend",
    title: "What changed from the first month to the last",
    definition: "Differences between the sessions of the last month and those of the first, of months with at least 20 sessions (months \
        of the first record, UTC, part months among them): shares of groups of work modes, the logarithm of the task value (0.1 is about 10 %), the \
        judged expertise, and verified success. Published: from October 2025 to April 2026, for task value the logarithm of \
        one and the relative rise. Two months say little of a trend: see composition --by month.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

/// Fewer sessions do not stand for a month.
const FEWEST_OF_MONTH: usize = 20;

/// Sessions of the last month, as a number; missing for those of months between.
pub(super) fn last(cohort: &Cohort) -> Result<Term, Why> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    cohort.sessions.iter().filter_map(month).for_each(|month| *counts.entry(month).or_default() += 1);
    counts.retain(|_, sessions| *sessions >= FEWEST_OF_MONTH);
    let why = Why::OneMonth { sessions: FEWEST_OF_MONTH };
    let (first, last) = counts.first_key_value().zip(counts.last_key_value()).ok_or(why)?;
    let (first, last) = (*first.0, *last.0);
    if first == last {
        return Err(why);
    }
    Ok(Term::new(LAST, cohort, |session| match month(session)? {
        month if month == last => Some(1.0),
        month if month == first => Some(0.0),
        _ => None,
    }))
}

pub(super) const LAST: &str = "last month";

/// The difference of an outcome between the last month and the first.
pub(super) fn difference(
    named: Named,
    cohort: &Cohort,
    last: &Result<Term, Why>,
    published: Option<f64>,
    of: impl Fn(&Selected) -> Option<f64>,
) -> Measure {
    let published = published.map(|value| figures().study.agentic_coding.figure(value, None));
    match last {
        Err(why) => named.missing(*why, published),
        Ok(last) => {
            let outcome = Term::new(named.title, cohort, of);
            let fitted = fit(cohort, &outcome, std::slice::from_ref(last), &[]);
            named.coefficient(&fitted, LAST, published)
        }
    }
}

const fn points(name: &'static str, title: &'static str) -> Named {
    Named { name, title, unit: Unit::Points, key: true }
}

const fn rise(name: &'static str, title: &'static str) -> Named {
    Named { name, title, unit: Unit::LogPoints, key: false }
}

fn fitted(cohort: &Cohort) -> Fitted {
    let trend = &figures().trend;
    let last = last(cohort);
    let between = |ends: [f64; 2]| Some(ends[1] - ends[0]);
    let mut measures = Vec::new();
    for (named, published) in [
        (points("building", "building"), None),
        (points("fixing", "fixing"), between(trend.fixing)),
        (points("operating", "operating"), between(trend.operating)),
        (
            points("analyzing_and_communicating", "analysing, communicating"),
            between(trend.analyzing_and_communicating),
        ),
        (points("planning_and_understanding", "planning, understanding"), None),
        (points("testing_and_orchestrating", "testing, orchestrating"), None),
    ] {
        let group = WORK_MODES.iter().filter(|(name, ..)| *name == named.name);
        let modes: Vec<u8> = group.flat_map(|(_, _, modes)| work_modes(modes)).collect();
        measures.push(difference(named, cohort, &last, published, |session| {
            Some(f64::from(u8::from(modes.contains(&session.judged.work_mode?))))
        }));
    }
    for (named, published, mode) in [
        (Named { key: true, ..rise("value", "task value") }, trend.task_value_all, None),
        (rise("value_building", "task value, building"), trend.task_value_building, Some("building")),
        (rise("value_operating", "task value, operating"), trend.task_value_operating, Some("operating")),
        (rise("value_fixing", "task value, fixing"), trend.task_value_fixing, Some("fixing")),
    ] {
        let mode = mode.map(|mode| option("work_mode", mode));
        measures.push(difference(named, cohort, &last, Some(published.ln_1p()), |session| {
            let here = mode.is_none_or(|mode| session.judged.work_mode == Some(mode));
            session.judged.value.filter(|value| here && *value > 0.0).map(f64::ln)
        }));
    }
    let expertise =
        Named { name: "expertise", title: "judged expertise, 1 to 5", unit: Unit::Plain, key: true };
    measures
        .push(difference(expertise, cohort, &last, None, |session| session.judged.expertise.map(f64::from)));
    measures.push(difference(points("verified", "verified success"), cohort, &last, None, |session| {
        session.judged.derived.verified_success.map(|so| f64::from(u8::from(so)))
    }));
    Fitted { measures, tables: Vec::new() }
}

#[cfg(test)]
mod tests {
    use metier_session::{Facts, Time};

    use super::*;
    use crate::testing::{choose, facts, row, study, value};

    #[test]
    fn the_last_month_less_the_first_and_none_between() {
        let rows: Vec<_> = (0..90)
            .map(|id: u128| {
                let month = ["2026-01-05", "2026-02-05", "2026-03-05"][(id % 3) as usize];
                let first = Time::parse(&format!("{month}T08:00:00Z"));
                let mut row = row(id, id / 3, Facts { prompts: 1, first, ..facts() });
                let fixing = match id % 3 {
                    0 => id.is_multiple_of(2),
                    1 => true,
                    _ => id % 10 == 8,
                };
                choose(&mut row, "work_mode", if fixing { "fixing" } else { "building" });
                row
            })
            .collect();
        let finding = study(&STUDY, &rows);
        // 15 of 30 in January, and 3 of 30 in March.
        assert_eq!(value(&finding, "fixing"), Some(-0.4));
        assert_eq!(value(&finding, "value"), None);
        let finding = study(&STUDY, &rows[..1]);
        assert!(finding.groups[0].measures[0].estimate.method.to_string().contains("two months"));
    }
}
