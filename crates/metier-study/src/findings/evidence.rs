//! How many sessions leave hard evidence of success.

use metier_session::Facts;

use super::{How, Study};
use crate::finding::Unit;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "evidence",
    title: "How many sessions leave hard evidence",
    definition: "Share of sessions with a commit that git's answer confirms, a pull request, or a last recognised \
        test run that passed after the last edit. Where the outcome of that run cannot be told, the session \
        is not in n. Evidence is a lower bound of success: reading, planning and answering leave none. The \
        published verified success is judged from whole transcripts, which this is not, and so is not set beside.",
    unit: "session",
    summarised: true,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let share = |name, title, so: fn(&Facts) -> Option<bool>| {
        Series::whether(cohort, so).ask(name, title, Unit::Share, Statistic::Share).key()
    };
    vec![
        share("any", "hard evidence of any kind", any),
        share("commit", "confirmed commit", |facts| Some(facts.commits > 0)),
        share("pull_request", "pull request", |facts| Some(facts.pull_requests > 0)),
        share("tests_passed", "last tests passed", tests_passed),
        share("test_run", "any test run", |facts| Some(facts.test_runs > 0)),
    ]
}

/// Whether the last tests passed after the last edit; `None` where their outcome decides and is not known.
fn tests_passed(facts: &Facts) -> Option<bool> {
    let open =
        facts.test_runs > 0 && facts.last_test_passed.is_none() && facts.last_test_after_edit != Some(false);
    (!open).then(|| facts.tests_passed())
}

fn any(facts: &Facts) -> Option<bool> {
    if facts.hard_evidence() { Some(true) } else { tests_passed(facts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, facts, row, study, value};

    #[test]
    fn by_hand() {
        let tested = |passed, after| Facts {
            prompts: 1,
            test_runs: 1,
            last_test_passed: passed,
            last_test_after_edit: Some(after),
            ..facts()
        };
        let rows = [
            row(1, 1, Facts { prompts: 1, commits: 2, pull_requests: 1, ..facts() }),
            row(2, 1, Facts { prompts: 1, ..facts() }),
            row(3, 1, tested(Some(true), true)),
            row(4, 1, tested(Some(true), false)),
            row(5, 1, tested(None, true)),
            row(6, 1, Facts { commits: 1, ..tested(None, true) }),
            row(7, 1, tested(None, false)),
            row(8, 1, tested(Some(false), true)),
        ];
        let finding = study(&STUDY, &rows);
        assert_eq!(value(&finding, "commit"), Some(0.25));
        assert_eq!(value(&finding, "pull_request"), Some(0.125));
        assert_eq!(value(&finding, "test_run"), Some(0.75));
        // The outcome of 5 and 6 is not known: 1 of 6 passed; of any kind 1, 3 and 6, of all but 5.
        assert_eq!(value(&finding, "tests_passed"), Some(0.166666666667));
        assert_eq!(estimate(&finding, "tests_passed").n, 6);
        assert_eq!(value(&finding, "any"), Some(0.428571428571));
        assert_eq!(estimate(&finding, "any").n, 7);
    }
}
