//! How often sessions succeed, by the person's command of the task.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::LEVELS;
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "success",
    title: "How often sessions succeed, by expertise",
    definition: "Verified success: judged succeeded, with a success signal of at least 4. At least partial: judged succeeded or \
        partially succeeded. Shares of sessions with these labels, those without a clear goal left out. Not adjusted for \
        what the sessions are about: `success_adjusted` is.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

/// The name and the title of a group.
type Named = (&'static str, &'static str);

macro_rules! names {
    ($($level:literal),*) => {
        [$((
            (concat!("verified_", $level), concat!("verified success, ", $level)),
            (concat!("partial_", $level), concat!("at least partial, ", $level)),
        )),*]
    };
}

/// Of verified and of partial success at each level.
const NAMES: [(Named, Named); 5] = names!("novice", "beginner", "intermediate", "advanced", "expert");

fn series(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let published = |level: &str, verified: bool| {
        let figures_of = figures.expertise.get(level)?;
        let value = if verified { figures_of.verified_success } else { figures_of.at_least_partial };
        Some(figures.study.agentic_coding.figure(value?, None))
    };
    let share = |(name, title), so: fn(&Selected) -> Option<bool>, level: Option<u8>| {
        Series::judged(cohort, move |session| match level {
            Some(level) => (session.judged.expertise? == level).then(|| so(session)).flatten(),
            None => so(session),
        })
        .ask(name, title, Unit::Share, Statistic::Share)
        .key()
    };
    let verified: fn(&Selected) -> Option<bool> = |it| it.judged.derived.verified_success;
    let partial: fn(&Selected) -> Option<bool> = |it| it.judged.derived.at_least_partial;
    let mut all = vec![
        share(("verified", "verified success"), verified, None),
        share(("partial", "at least partial"), partial, None),
    ];
    for ((level, name), (of_verified, _)) in LEVELS.iter().zip(NAMES) {
        all.push(share(of_verified, verified, Some(*level)).beside(published(name, true)));
    }
    for ((level, name), (_, of_partial)) in LEVELS.iter().zip(NAMES) {
        all.push(share(of_partial, partial, Some(*level)).beside(published(name, false)));
    }
    all
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, estimate, facts, level, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, expertise, outcome: &str, signal| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            level(&mut row, "expertise", expertise);
            level(&mut row, "success_signal", signal);
            choose(&mut row, "outcome", outcome);
            row
        };
        let rows = [
            session(1, 1, "succeeded", 5),
            session(2, 1, "succeeded", 3),
            session(3, 1, "partially_succeeded", 5),
            session(4, 1, "failed", 0),
            session(5, 1, "no_clear_goal", 0),
            session(6, 5, "succeeded", 4),
        ];
        let finding = study(&STUDY, &rows);
        assert_eq!(
            (value(&finding, "verified_novice"), value(&finding, "partial_novice")),
            (Some(0.25), Some(0.75))
        );
        assert_eq!(estimate(&finding, "verified_novice").n, 4);
        assert_eq!(value(&finding, "verified_expert"), Some(1.0));
        assert_eq!(value(&finding, "verified_beginner"), None);
        assert_eq!(value(&finding, "verified"), Some(0.4));
    }
}
