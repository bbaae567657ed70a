//! How sessions end, as judged.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::option;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "outcome",
    title: "How sessions end",
    definition: "Share of sessions by their outcome as judged, of sessions with such a label. Findings about success leave out \
        those without a clear goal.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

const OUTCOMES: [(&str, &str); 4] = [
    ("succeeded", "succeeded"),
    ("partially_succeeded", "succeeded in part"),
    ("failed", "failed"),
    ("no_clear_goal", "no clear goal"),
];

fn series(cohort: &Cohort) -> Vec<Series> {
    let share = |(name, title)| {
        let outcome = option("outcome", name);
        Series::judged(cohort, |session| Some(session.judged.outcome? == outcome))
            .ask(name, title, Unit::Share, Statistic::Share)
            .key()
    };
    OUTCOMES.into_iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, row, study, value};

    #[test]
    fn shares_are_of_labelled_sessions() {
        let session = |id, outcome: Option<&str>| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            outcome.into_iter().for_each(|outcome| choose(&mut row, "outcome", outcome));
            row
        };
        let finding =
            study(&STUDY, &[session(1, Some("failed")), session(2, Some("succeeded")), session(3, None)]);
        assert_eq!((value(&finding, "failed"), value(&finding, "no_clear_goal")), (Some(0.5), Some(0.0)));
    }
}
