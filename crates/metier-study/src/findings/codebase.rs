//! How sessions relate to a code base.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::option;
use crate::published::figures;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "codebase",
    title: "What becomes of the code base",
    definition: "Share of sessions that were judged to change code that exists, to make new code, only to read, or to have \
        no code base, of sessions with such a label.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

const KINDS: [(&str, &str); 4] =
    [("modify", "code changed"), ("create", "new code"), ("explore", "only read"), ("none", "no code base")];

fn series(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let share = |(name, title): (&'static str, &'static str)| {
        let kind = option("codebase", name);
        let note = (name == "none").then_some("Published as roughly a fifth.");
        let published =
            figures.codebase.get(name).map(|share| figures.study.agentic_coding.figure(*share, note));
        Series::judged(cohort, move |session| Some(session.judged.codebase? == kind))
            .ask(name, title, Unit::Share, Statistic::Share)
            .key()
            .beside(published)
    };
    KINDS.map(share).into()
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, kind: &str| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            choose(&mut row, "codebase", kind);
            row
        };
        let finding = study(
            &STUDY,
            &[session(1, "modify"), session(2, "modify"), session(3, "none"), session(4, "create")],
        );
        assert_eq!(
            ["modify", "create", "explore", "none"].map(|name| value(&finding, name)),
            [0.5, 0.25, 0.0, 0.25].map(Some)
        );
    }
}
