//! How labels agree with what transcripts record mechanically, as the study checked its own. Shown when asked for: it
//! tells of the labels, not of the people.

use super::{How, Study};
use crate::finding::{Published, Unit};
use crate::judged::Judged;
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "label_checks",
    title: "How labels agree with telemetry",
    definition: "Checks of the labels, not of people. Of sessions labelled as making or changing code, the share whose \
        edits changed lines, where the format records lines. The share judged succeeded, by the level of the success \
        signal and of the failure signal. Actions per prompt (all actions over all prompts) where the agent is judged to \
        have made more than 80 % of the planning decisions, and where the person is judged to have made more than \
        80 % of the execution decisions. Labels are measurements with error: docs/validity.md tells how much. The \
        built-in labeller sees the same telemetry, so its agreement with it is no independent proof.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

const MORE_THAN: &str = "Published as more than 90 %.";

fn series(cohort: &Cohort) -> Vec<Series> {
    let study = &figures().study.agentic_coding;
    let classifier = &figures().classifier;
    let division = &figures().division_of_labour;
    let beside = |value: Option<&f64>| value.map(|value| study.figure(*value, None));
    let mut series = vec![
        Series::judged(cohort, writing)
            .ask(
                "writing_changed_lines",
                "labelled as writing code, lines changed",
                Unit::Share,
                Statistic::Share,
            )
            .key()
            .beside(Some(study.figure(classifier.telemetry_agreement, Some(MORE_THAN)))),
    ];
    let by_signal =
        |signal: fn(&Judged) -> Option<u8>, level: u8, name, title, published: Option<Published>| {
            Series::judged(cohort, move |session| {
                (signal(&session.judged)? == level).then_some(session.judged.succeeded).flatten()
            })
            .ask(name, title, Unit::Share, Statistic::Share)
            .beside(published)
        };
    for (level, name, title) in SUCCESS {
        let published = beside(classifier.judged_succeeded_at_success_signal.get(&level.to_string()));
        series.push(by_signal(|judged| judged.success_signal, level, name, title, published));
    }
    for (level, name, title) in FAILURE {
        let published = beside(classifier.judged_succeeded_at_failure_signal.get(&level.to_string()));
        series.push(by_signal(|judged| judged.failure_signal, level, name, title, published));
    }
    let depth = |name, title, keep: fn(&Judged) -> Option<bool>, published| {
        Series::ratio("prompts", cohort, move |session| {
            let keep = keep(&session.judged)?;
            keep.then_some((session.facts.actions as f64, session.facts.prompts as f64))
        })
        .ask(name, title, Unit::Actions, Statistic::Mean)
        .beside(Some(study.figure(published, None)))
    };
    series.push(depth(
        "actions_agent_plans",
        "actions per prompt, agent plans",
        |judged| Some(judged.planning? < 0.2),
        division.actions_per_prompt_when_agent_controls_planning,
    ));
    series.push(depth(
        "actions_person_executes",
        "actions per prompt, person decides execution",
        |judged| Some(judged.execution? > 0.8),
        division.actions_per_prompt_when_user_controls_execution,
    ));
    series
}

const SUCCESS: [(u8, &str, &str); 6] = [
    (0, "succeeded_at_success_0", "judged succeeded, success signal none"),
    (1, "succeeded_at_success_1", "judged succeeded, success signal 1"),
    (2, "succeeded_at_success_2", "judged succeeded, success signal 2"),
    (3, "succeeded_at_success_3", "judged succeeded, success signal 3"),
    (4, "succeeded_at_success_4", "judged succeeded, success signal 4"),
    (5, "succeeded_at_success_5", "judged succeeded, success signal 5"),
];

const FAILURE: [(u8, &str, &str); 6] = [
    (0, "succeeded_at_failure_0", "judged succeeded, failure signal none"),
    (1, "succeeded_at_failure_1", "judged succeeded, failure signal 1"),
    (2, "succeeded_at_failure_2", "judged succeeded, failure signal 2"),
    (3, "succeeded_at_failure_3", "judged succeeded, failure signal 3"),
    (4, "succeeded_at_failure_4", "judged succeeded, failure signal 4"),
    (5, "succeeded_at_failure_5", "judged succeeded, failure signal 5"),
];

/// Of sessions labelled as writing code: whether lines changed.
fn writing(session: &Selected) -> Option<bool> {
    let (added, removed) = session.facts.lines_added.zip(session.facts.lines_removed)?;
    session.judged.derived.judged_writing?.then_some(added + removed > 0)
}

#[cfg(test)]
mod tests {
    use metier_label::{Value, rubric};
    use metier_session::Facts;
    use metier_store::Row;

    use super::*;
    use crate::testing::{estimate, facts, row, study, value};

    fn labelled_row(
        id: u128,
        facts: Facts,
        codebase: u8,
        outcome: u8,
        signals: (u8, u8),
        planning: u8,
    ) -> Row {
        let mut row = row(id, id, facts);
        row.labels.set(rubric(), "codebase", Value::Choice(codebase), None);
        row.labels.set(rubric(), "outcome", Value::Choice(outcome), None);
        row.labels.set(rubric(), "success_signal", Value::Level(signals.0), None);
        row.labels.set(rubric(), "failure_signal", Value::Level(signals.1), None);
        row.labels.set(rubric(), "planning_user_share", Value::Tenths(planning), None);
        row
    }

    #[test]
    fn by_hand() {
        let changed = Facts { prompts: 2, actions: 30, lines_added: Some(3), ..facts() };
        let read = Facts { prompts: 1, actions: 4, ..facts() };
        let rows = [
            labelled_row(1, changed.clone(), 0, 0, (5, 1), 1),
            labelled_row(2, read.clone(), 0, 0, (5, 5), 0),
            labelled_row(3, read.clone(), 2, 1, (1, 5), 9),
            labelled_row(4, Facts { lines_added: None, ..changed }, 1, 0, (1, 1), 10),
            row(5, 5, read),
        ];
        let finding = study(&STUDY, &rows);
        assert_eq!(value(&finding, "writing_changed_lines"), Some(0.5));
        assert_eq!(estimate(&finding, "writing_changed_lines").n, 2);
        assert_eq!(value(&finding, "succeeded_at_success_5"), Some(1.0));
        assert_eq!(value(&finding, "succeeded_at_success_1"), Some(0.5));
        assert_eq!(value(&finding, "succeeded_at_success_3"), None);
        assert_eq!(value(&finding, "succeeded_at_failure_5"), Some(0.5));
        assert_eq!(value(&finding, "actions_agent_plans"), Some(11.3333333333));
        assert_eq!(value(&finding, "actions_person_executes"), None);
    }
}
