//! Who decides what is done and how, and how much the agent does by who decides.

use super::{How, Study};
use crate::finding::Unit;
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "decisions",
    title: "Who decides",
    definition: "Mean share of planning and of execution decisions that the person was judged to have made, over sessions with \
        such decisions. Actions per prompt (all actions over all prompts) of sessions in which person or agent was judged \
        to have made more than 80 % of them.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let study = &figures.study.agentic_coding;
    let division = &figures.division_of_labour;
    let mean = |name, title, share: fn(&Selected) -> Option<f64>, published| {
        Series::ratio("sessions", cohort, move |session| share(session).map(|share| (share, 1.0)))
            .ask(name, title, Unit::Share, Statistic::Mean)
            .key()
            .beside(Some(study.figure(published, None)))
    };
    let depth = |name, title, keep: fn(&Selected) -> Option<bool>, published: Option<f64>| {
        Series::ratio("prompts", cohort, move |session| {
            keep(session)?.then_some((session.facts.actions as f64, session.facts.prompts as f64))
        })
        .ask(name, title, Unit::Actions, Statistic::Mean)
        .key()
        .beside(published.map(|published| study.figure(published, None)))
    };
    vec![
        mean(
            "planning",
            "planning decided by the person",
            |it| it.judged.planning,
            division.planning_user_share,
        ),
        mean(
            "execution",
            "execution decided by the person",
            |it| it.judged.execution,
            division.execution_user_share,
        ),
        depth(
            "actions_agent_plans",
            "actions per prompt, agent plans",
            |it| Some(it.judged.planning? < 0.2),
            Some(division.actions_per_prompt_when_agent_controls_planning),
        ),
        depth(
            "actions_person_plans",
            "actions per prompt, person plans",
            |it| Some(it.judged.planning? > 0.8),
            None,
        ),
        depth(
            "actions_person_executes",
            "actions per prompt, person decides execution",
            |it| Some(it.judged.execution? > 0.8),
            Some(division.actions_per_prompt_when_user_controls_execution),
        ),
        depth(
            "actions_agent_executes",
            "actions per prompt, agent decides execution",
            |it| Some(it.judged.execution? < 0.2),
            None,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use metier_label::{Value, rubric};
    use metier_session::Facts;

    use super::*;
    use crate::testing::{facts, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, tenths, actions| {
            let mut row = row(id, id, Facts { prompts: 2, actions, ..facts() });
            row.labels.set(rubric(), "planning_user_share", Value::Tenths(tenths), None);
            row
        };
        let finding =
            study(&STUDY, &[session(1, 1, 40), session(2, 0, 20), session(3, 2, 8), session(4, 9, 6)]);
        assert_eq!(value(&finding, "planning"), Some(0.3));
        assert_eq!(value(&finding, "actions_agent_plans"), Some(15.0));
        assert_eq!(value(&finding, "actions_person_plans"), Some(3.0));
        assert_eq!(value(&finding, "execution"), None);
    }
}
