//! Success by expertise among sessions that are alike otherwise.

use super::table_a1::verified;
use super::{Fitted, How, Study};
use crate::finding::{Table, Unit, Why};
use crate::judged::LEVELS;
use crate::model::{Against, Control, Fitted as Model, Levels, Named, Term, distinct, fit};
use crate::published::figures;
use crate::selection::Cohort;

pub(super) const STUDY: Study = Study {
    name: "success_adjusted",
    title: "How often sessions alike succeed, by expertise",
    definition: "Verified success by expertise, held equal: work mode, task value (the study's bands), month, task subject, and \
        whether the occupation is of software. A linear probability model with an indicator a level; shown are the \
        difference to novices, and the share that each level would have in sessions like all of these (the mean plus the \
        level's difference to the average level). Levels of fewer than five sessions are left out.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

const CONTROLS: [Control; 5] =
    [Control::WorkMode, Control::TaskValue, Control::Month, Control::TaskSubject, Control::Software];

macro_rules! named {
    ($($level:literal),*) => {
        [$((
            Named { name: $level, title: concat!("verified success, ", $level), unit: Unit::Share, key: true },
            Named { name: concat!($level, "_over_novice"), title: concat!($level, " over novice"), unit: Unit::Points, key: false },
        )),*]
    };
}

const NAMED: [(Named, Named); 5] = named!("novice", "beginner", "intermediate", "advanced", "expert");

fn fitted(cohort: &Cohort) -> Fitted {
    let figures = figures();
    let outcome = verified(cohort);
    let levels = Levels::new(cohort, &outcome, &CONTROLS, Against::Lowest);
    let fitted = fit(cohort, &outcome, levels.terms(), &CONTROLS);
    // The mean of the same sessions, for its error: it and the differences are uncorrelated where errors are alike.
    let mean = fitted.as_ref().map_err(|why| *why).and_then(|model| {
        let mut same = Term { name: outcome.name.clone(), values: vec![f64::NAN; outcome.values.len()] };
        model.sessions.iter().for_each(|at| same.values[*at] = outcome.values[*at]);
        fit(cohort, &same, &[], &[])
    });
    let published = |level: &str| {
        let share = figures.expertise.get(level)?.verified_success?;
        Some(figures.study.agentic_coding.figure(share, Some("Published without anything held equal.")))
    };
    let (mut shares, mut differences) = (Vec::new(), Vec::new());
    for ((share, difference), (level, name)) in NAMED.into_iter().zip(LEVELS) {
        if level > 1 {
            differences.push(levels.over_novices(difference, &fitted, level));
        }
        let made = fitted.as_ref().map_err(|why| *why).and_then(|model| {
            let mean = mean.as_ref().map_err(|why| *why)?;
            let (value, ends) = adjusted(model, mean, &levels, level)?;
            let mut measure = share.interval(Some(model), value, ends, published(name));
            let own = |at: &&usize| cohort.sessions[**at].judged.expertise == Some(level);
            let people: Vec<u32> = model.sessions.iter().filter(own).map(|at| cohort.person[*at]).collect();
            measure.estimate.n = people.len() as u64;
            measure.estimate.sessions = people.len();
            measure.estimate.people = distinct(&people);
            // The lowest level has no coefficient of its own that would tell on whom it rests.
            if let (Some(rests), Some(gated)) = (&mut measure.rests, &cohort.gated) {
                rests.too_few |= !gated.spread(model.sessions.iter().filter(own).map(|at| (*at, 1.0)));
            }
            Ok(measure)
        });
        shares.push(made.unwrap_or_else(|why| share.missing(why, published(name))));
    }
    shares.extend(differences);
    let title = "Verified success on expertise, sessions alike";
    Fitted { measures: shares, tables: vec![Table::of(title, [fitted])] }
}

/// The share that a level would have in sessions like all: the mean, and what is left of the level once the average level
/// is taken off.
fn adjusted(model: &Model, mean: &Model, levels: &Levels, level: u8) -> Result<(f64, (f64, f64)), Why> {
    let own = levels.term(level).map(|term| term.name.as_str());
    if own.is_none() && levels.lowest() != Some(level) {
        return Err(Why::LevelAbsent);
    }
    // A level that is dropped would be taken for the lowest one.
    let terms = levels.terms();
    if terms.iter().any(|term| model.fit.coefficient(&term.name).is_none()) {
        return Err(Why::NoVariation);
    }
    let n = model.sessions.len() as f64;
    let weights: Vec<(&str, f64)> = terms
        .iter()
        .map(|term| {
            let average = model.sessions.iter().map(|at| term.values[*at]).sum::<f64>() / n;
            (term.name.as_str(), f64::from(u8::from(own == Some(&term.name))) - average)
        })
        .collect();
    let difference = model.fit.combination(&weights).map_err(|_| Why::NoVariation)?;
    let mean = mean.fit.coefficients.first().ok_or(Why::NoVariation)?;
    let value = mean.estimate + difference.estimate;
    if !(0.0..=1.0).contains(&value) {
        return Err(Why::OutsideShares);
    }
    let error = mean.std_error.hypot(difference.std_error);
    let reach = metier_stats::distribution::student_quantile(0.975, model.fit.degrees_of_freedom) * error;
    Ok((value, ((value - reach).max(0.0), (value + reach).min(1.0))))
}
