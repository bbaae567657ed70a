//! How person and agent share the work: the first thing that the tool shows.

use metier_session::ActionKind;

use super::{How, Study};
use crate::finding::Unit;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "division",
    title: "How person and agent share the work",
    definition: "Words the person typed in prompts, against words the agent wrote in text and tool inputs, \
        subagents and thinking not included. Decisions are questions of the agent that the person answered. \
        Shares of prompts are by how they came about, shares of actions by what the tool does, both over all \
        sessions together. The published shares of decisions are judged, not counted, and so are not set beside.",
    unit: "session",
    summarised: true,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let mut series = vec![
        Series::sessions(cohort, |facts| Some(facts.prompt_words as f64))
            .ask("typed_words", "words typed, session mean", Unit::Words, Statistic::Mean)
            .key()
            .ask("typed_words_median", "words typed, session median", Unit::Words, Statistic::Quantile(0.5)),
        Series::sessions(cohort, |facts| Some(facts.words as f64))
            .ask("agent_words", "agent's words, session mean", Unit::Words, Statistic::Mean)
            .key()
            .ask(
                "agent_words_median",
                "agent's words, session median",
                Unit::Words,
                Statistic::Quantile(0.5),
            ),
        Series::ratio("words", cohort, |session| {
            Some((session.facts.words as f64, session.facts.prompt_words as f64))
        })
        .ask("agent_words_per_word", "agent's words per word typed", Unit::Words, Statistic::Per(1.0))
        .key(),
        Series::sessions(cohort, |facts| Some(facts.decisions as f64)).ask(
            "decisions",
            "questions answered per session",
            Unit::Times,
            Statistic::Mean,
        ),
    ];
    let prompts = |name, title, kind: fn(&Selected) -> u64| {
        Series::ratio("prompts", cohort, move |session| {
            Some((kind(session) as f64, session.facts.prompts as f64))
        })
        .ask(name, title, Unit::Share, Statistic::Share)
    };
    series.push(prompts("typed_prompts", "prompts typed", |session| session.facts.typed_prompts));
    series.push(prompts("command_prompts", "prompts by command", |session| session.facts.command_prompts));
    series.push(prompts("plan_prompts", "prompts by approved plan", |session| session.facts.plan_prompts));
    for kind in ActionKind::ALL {
        let (name, title, key) = words_of(kind);
        let asked = Series::ratio("actions", cohort, move |session| {
            let by_kind = session.facts.actions_by_kind;
            Some((by_kind[kind as usize] as f64, by_kind.iter().sum::<u64>() as f64))
        })
        .ask(name, title, Unit::Share, Statistic::Share);
        series.push(if key { asked.key() } else { asked });
    }
    series.push(
        Series::ratio("actions", cohort, |session| {
            Some((session.facts.subagent_actions as f64, session.facts.actions as f64))
        })
        .ask("subagent_actions", "actions by subagents", Unit::Share, Statistic::Share),
    );
    series
}

/// Name and title of a kind's share of all actions, and whether short tables show it.
fn words_of(kind: ActionKind) -> (&'static str, &'static str, bool) {
    match kind {
        ActionKind::Read => ("read", "actions that read files", true),
        ActionKind::Search => ("search", "actions that search files", true),
        ActionKind::Edit => ("edit", "actions that change files", true),
        ActionKind::Run => ("run", "actions that run commands", true),
        ActionKind::Web => ("web", "actions that read the web", false),
        ActionKind::Delegate => ("delegate", "actions that start other agents", false),
        ActionKind::Plan => ("plan", "actions that keep a plan", false),
        ActionKind::Other => ("other", "other actions", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, facts, row, study, value};
    use metier_session::Facts;

    #[test]
    fn by_hand() {
        let first = Facts {
            prompts: 3,
            typed_prompts: 2,
            command_prompts: 1,
            prompt_words: 100,
            words: 900,
            decisions: 1,
            actions: 8,
            subagent_actions: 2,
            actions_by_kind: [4, 0, 2, 2, 0, 0, 0, 0],
            ..facts()
        };
        let second = Facts { prompts: 1, plan_prompts: 1, words: 100, ..facts() };
        let finding = study(&STUDY, &[row(1, 1, first), row(2, 1, second)]);
        assert_eq!(value(&finding, "typed_words"), Some(50.0));
        assert_eq!(value(&finding, "agent_words_median"), Some(500.0));
        assert_eq!(value(&finding, "agent_words_per_word"), Some(10.0));
        assert_eq!(estimate(&finding, "agent_words_per_word").n, 100);
        assert_eq!(value(&finding, "decisions"), Some(0.5));
        assert_eq!(
            ["typed_prompts", "command_prompts", "plan_prompts"].map(|name| value(&finding, name)),
            [Some(0.5), Some(0.25), Some(0.25)]
        );
        assert_eq!(
            ["read", "edit", "web"].map(|name| value(&finding, name)),
            [Some(0.5), Some(0.25), Some(0.0)]
        );
        assert_eq!(value(&finding, "subagent_actions"), Some(0.25));
    }
}
