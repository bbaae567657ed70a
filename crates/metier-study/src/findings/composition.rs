//! What kinds of work sessions are.

use super::{How, Study};
use crate::finding::{Published, Unit};
use crate::judged::{WORK_MODES, work_modes};
use crate::published::figures;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "composition",
    title: "What kinds of work",
    definition: "Share of sessions by the kind of work that was judged to dominate, of sessions with such a label. The six \
        kinds that the study shows, then those that it puts together one by one.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

const SINGLE: [(&str, &str); 6] = [
    ("planning", "planning"),
    ("understanding", "understanding"),
    ("analyzing", "analysing"),
    ("communicating", "communicating"),
    ("testing", "testing"),
    ("orchestrating", "orchestrating"),
];

/// The first and the last month of the study.
const MONTHS: [&str; 2] = ["2025-10", "2026-04"];

fn series(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    // Of three kinds the first and the last month are published as well.
    let trend = &figures.trend;
    let of_month = |name: &str| -> Option<Published> {
        let ends = match name {
            "fixing" => trend.fixing,
            "operating" => trend.operating,
            "analyzing_and_communicating" => trend.analyzing_and_communicating,
            _ => return None,
        };
        let end = MONTHS.iter().position(|month| cohort.label == *month)?;
        Some(figures.study.agentic_coding.figure(ends[end], None).of_month())
    };
    let published = |name: &str| -> Option<Published> {
        let share = figures.composition.work_mode.get(name)?;
        of_month(name).or_else(|| Some(figures.study.agentic_coding.figure(*share, None)))
    };
    let share = |name, title, kinds: &[&str]| {
        let kinds = work_modes(kinds);
        Series::judged(cohort, move |session| Some(kinds.contains(&session.judged.work_mode?))).ask(
            name,
            title,
            Unit::Share,
            Statistic::Share,
        )
    };
    let shown =
        WORK_MODES.iter().map(|(name, title, kinds)| share(name, title, kinds).key().beside(published(name)));
    shown.chain(SINGLE.iter().map(|(name, title)| share(name, title, &[*name]))).collect()
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, mode: Option<&str>| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            mode.into_iter().for_each(|mode| choose(&mut row, "work_mode", mode));
            row
        };
        let rows = [
            session(1, Some("building")),
            session(2, Some("planning")),
            session(3, Some("understanding")),
            session(4, Some("testing")),
            session(5, None),
        ];
        let finding = study(&STUDY, &rows);
        assert_eq!(value(&finding, "building"), Some(0.25));
        assert_eq!(value(&finding, "planning_and_understanding"), Some(0.5));
        assert_eq!(value(&finding, "planning"), Some(0.25));
        assert_eq!(value(&finding, "fixing"), Some(0.0));
        assert_eq!(finding.groups[0].measures[0].published.as_ref().map(|it| it.value), Some(0.25));
    }
}
