//! What becomes of sessions that ran into trouble, by the person's command of the task.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::LEVELS;
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "trouble",
    title: "What becomes of sessions in trouble",
    definition: "Troubled: a failure signal of at least 3. Of these sessions the share with verified success, with at least \
        partial success, and abandoned (judged failed, and no line added), by the expertise that the person was judged to \
        show.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

macro_rules! names {
    ($($level:literal),*) => {
        [$([
            (concat!("verified_", $level), concat!("verified, ", $level)),
            (concat!("partial_", $level), concat!("at least partial, ", $level)),
            (concat!("abandoned_", $level), concat!("abandoned, ", $level)),
        ]),*]
    };
}

const NAMES: [[(&str, &str); 3]; 5] = names!("novice", "beginner", "intermediate", "advanced", "expert");

fn series(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let mut all = vec![
        Series::judged(cohort, |session| session.judged.derived.troubled)
            .ask("troubled", "sessions in trouble", Unit::Share, Statistic::Share)
            .key(),
    ];
    let kinds: [fn(&Selected) -> Option<bool>; 3] = [
        |it| it.judged.derived.verified_success,
        |it| it.judged.derived.at_least_partial,
        |it| it.judged.derived.abandoned,
    ];
    for (kind, so) in kinds.into_iter().enumerate() {
        for ((level, level_name), names) in LEVELS.iter().zip(&NAMES) {
            let (name, title) = names[kind];
            let published = figures.expertise.get(*level_name).and_then(|figures| match kind {
                0 => figures.verified_success_when_troubled,
                1 => figures.at_least_partial_when_troubled,
                _ => figures.abandoned_when_troubled,
            });
            let published = published.map(|value| figures.study.agentic_coding.figure(value, None));
            all.push(
                Series::judged(cohort, |session| {
                    let here = session.judged.expertise? == *level && session.judged.derived.troubled?;
                    here.then(|| so(session)).flatten()
                })
                .ask(name, title, Unit::Share, Statistic::Share)
                .key()
                .beside(published),
            );
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, level, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, failure, outcome: &str, lines| {
            let mut row = row(id, id, Facts { prompts: 1, lines_added: Some(lines), ..facts() });
            level(&mut row, "expertise", 3);
            level(&mut row, "success_signal", 4);
            level(&mut row, "failure_signal", failure);
            choose(&mut row, "outcome", outcome);
            row
        };
        let rows = [
            session(1, 3, "succeeded", 1),
            session(2, 5, "failed", 0),
            session(3, 4, "failed", 9),
            session(4, 3, "partially_succeeded", 0),
            session(5, 2, "failed", 0),
        ];
        let finding = study(&STUDY, &rows);
        assert_eq!(value(&finding, "troubled"), Some(0.8));
        let of = |name| value(&finding, name);
        assert_eq!(
            [of("verified_intermediate"), of("partial_intermediate"), of("abandoned_intermediate")],
            [0.25, 0.5, 0.25].map(Some)
        );
    }
}
