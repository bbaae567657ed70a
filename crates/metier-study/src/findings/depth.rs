//! How much an agent does per prompt.

use metier_session::{Facts, Turn};

use super::{How, Study};
use crate::finding::{Published, Unit};
use crate::published::figures;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

const NOTE: &str =
    "Averages and shares as published: not said which mean, nor whether over sessions or prompts.";

/// Names and titles of one quantity's distribution: arithmetic mean, geometric mean, median, and
/// the 25th, 75th, 5th and 95th percentile.
type Names = [(&'static str, &'static str); 7];

const PROMPTS: Names = [
    ("prompts_mean", "prompts per session, mean"),
    ("prompts_geometric_mean", "prompts per session, geometric mean"),
    ("prompts_median", "prompts per session, median"),
    ("prompts_p25", "prompts per session, 25th percentile"),
    ("prompts_p75", "prompts per session, 75th percentile"),
    ("prompts_p5", "prompts per session, 5th percentile"),
    ("prompts_p95", "prompts per session, 95th percentile"),
];
const ACTIONS: Names = [
    ("actions_mean", "actions per prompt, mean"),
    ("actions_geometric_mean", "actions per prompt, geometric mean"),
    ("actions_median", "actions per prompt, median"),
    ("actions_p25", "actions per prompt, 25th percentile"),
    ("actions_p75", "actions per prompt, 75th percentile"),
    ("actions_p5", "actions per prompt, 5th percentile"),
    ("actions_p95", "actions per prompt, 95th percentile"),
];
const WORDS: Names = [
    ("words_mean", "words per prompt, mean"),
    ("words_geometric_mean", "words per prompt, geometric mean"),
    ("words_median", "words per prompt, median"),
    ("words_p25", "words per prompt, 25th percentile"),
    ("words_p75", "words per prompt, 75th percentile"),
    ("words_p5", "words per prompt, 5th percentile"),
    ("words_p95", "words per prompt, 95th percentile"),
];

/// Limits of actions, and name and title of the shares of sessions and of turns above each.
type Named = (&'static str, &'static str);
const LIMITS: [(u64, Named, Named); 3] = [
    (100, ("over_100", "above 100 actions, sessions"), ("turns_over_100", "above 100 actions, turns")),
    (200, ("over_200", "above 200 actions, sessions"), ("turns_over_200", "above 200 actions, turns")),
    (500, ("over_500", "above 500 actions, sessions"), ("turns_over_500", "above 500 actions, turns")),
];

pub(super) const STUDY: Study = Study {
    name: "depth",
    title: "How much the agent does per prompt",
    definition: "Prompts are messages that start a turn. Of each session with a prompt, actions per prompt are its \
        tool calls, those of subagents included, by its prompts, and words per prompt the words the agent wrote in \
        text and tool inputs by its prompts; means and percentiles are over sessions. A geometric mean is over the \
        sessions above zero only, which its n counts. Shares above 100, 200 and 500 actions are of sessions, by \
        their actions per prompt, and of turns, by their own actions.",
    unit: "session",
    summarised: true,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let published = &figures().depth;
    let beside = |value| figures().study.agentic_coding.figure(value, Some(NOTE));
    let mut series = vec![
        distribution(
            Series::sessions(cohort, |facts| Some(facts.prompts as f64)),
            &PROMPTS,
            Unit::Prompts,
            beside(published.prompts_per_session),
        ),
        distribution(
            Series::sessions(cohort, |facts| per_prompt(facts, facts.actions)),
            &ACTIONS,
            Unit::Actions,
            beside(published.actions_per_prompt),
        ),
        distribution(
            Series::sessions(cohort, |facts| per_prompt(facts, facts.words)),
            &WORDS,
            Unit::Words,
            beside(published.words_per_prompt),
        ),
    ];
    let shares = [
        published.share_over_100_actions_per_prompt,
        published.share_over_200_actions_per_prompt,
        published.share_over_500_actions_per_prompt,
    ];
    for ((limit, of_sessions, of_turns), share) in LIMITS.into_iter().zip(shares) {
        let ask = |series: Series, (name, title)| {
            let asked = series.ask(name, title, Unit::Share, Statistic::Share).beside(Some(beside(share)));
            if limit == 100 { asked.key() } else { asked }
        };
        let above = |facts: &Facts| per_prompt(facts, facts.actions).map(|actions| actions > limit as f64);
        series.push(ask(Series::whether(cohort, above), of_sessions));
        let above = |turn: &Turn| Some(f64::from(u8::from(turn.actions > limit)));
        series.push(ask(Series::turns(cohort, above), of_turns));
    }
    series
}

/// The session's total by its prompts; `None` without a prompt.
fn per_prompt(facts: &Facts, total: u64) -> Option<f64> {
    (facts.prompts > 0).then(|| total as f64 / facts.prompts as f64)
}

fn distribution(series: Series, names: &Names, unit: Unit, published: Published) -> Series {
    let [mean, geometric, median, p25, p75, p5, p95] = *names;
    series
        .ask(mean.0, mean.1, unit, Statistic::Mean)
        .key()
        .beside(Some(published.clone()))
        .ask(geometric.0, geometric.1, unit, Statistic::GeometricMean)
        .key()
        .beside(Some(published))
        .ask(median.0, median.1, unit, Statistic::Quantile(0.5))
        .key()
        .ask(p25.0, p25.1, unit, Statistic::Quantile(0.25))
        .ask(p75.0, p75.1, unit, Statistic::Quantile(0.75))
        .ask(p5.0, p5.1, unit, Statistic::Quantile(0.05))
        .ask(p95.0, p95.1, unit, Statistic::Quantile(0.95))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, facts, row, study, turn, value};
    use metier_session::Facts;

    #[test]
    fn by_hand() {
        // Actions per prompt 0, 2 and 500.5 / words 10, 40 and 160.
        let sessions = [(2, 0, 20), (1, 2, 40), (4, 2002, 640)];
        let rows: Vec<_> = (0..)
            .zip(sessions)
            .map(|(id, (prompts, actions, words))| {
                let turns = vec![turn(actions, 1.0, None); 2];
                row(id, id, Facts { prompts, actions, words, turns, ..facts() })
            })
            .collect();
        let depth = study(&STUDY, &rows);
        assert_eq!(value(&depth, "prompts_mean"), Some(2.33333333333));
        assert_eq!(value(&depth, "prompts_geometric_mean"), Some(2.0));
        assert_eq!(value(&depth, "actions_median"), Some(2.0));
        assert_eq!(value(&depth, "words_mean"), Some(70.0));
        assert_eq!(value(&depth, "words_geometric_mean"), Some(40.0));
        assert_eq!(value(&depth, "over_500"), Some(0.333333333333));
        assert_eq!(value(&depth, "turns_over_500"), Some(0.333333333333));
        assert_eq!(estimate(&depth, "turns_over_500").n, 6);
        // √(2 · 500.5): the session without an action is not in the geometric mean, and n says so.
        let geometric = estimate(&depth, "actions_geometric_mean");
        assert_eq!((geometric.value, geometric.n), (Some(31.6385840391), 2));
        // Three sessions do not speak of a quarter, nor of a twentieth.
        assert_eq!(value(&depth, "words_p25"), None);
    }

    #[test]
    fn published_figures_stand_beside_means_and_shares() {
        let depth = study(&STUDY, &[]);
        let published = depth.groups[0].measures.iter().filter(|measure| measure.published.is_some());
        assert_eq!(published.count(), 12);
        assert!(depth.groups[0].measures.iter().all(|measure| measure.estimate.value.is_none()));
    }
}
