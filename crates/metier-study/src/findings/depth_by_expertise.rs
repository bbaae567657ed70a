//! How much the agent does per prompt, by the person's command of the task: the study's boxes.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::LEVELS;
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "depth_by_expertise",
    title: "How much the agent does per prompt, by expertise",
    definition: "Actions and words of the agent per prompt of each session, by the expertise that the person was judged to show \
        in it: geometric mean over sessions with any, quartiles, and the 5th and 95th percentile. Not adjusted for what the \
        sessions are about: `returns` is.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

/// For each level: its names for the geometric mean and the percentiles.
macro_rules! names {
    ($($level:literal),*) => {
        [$([
            (concat!("actions_", $level), concat!("actions per prompt, ", $level)),
            (concat!("actions_", $level, "_p5"), concat!("actions per prompt, ", $level, ", 5th percentile")),
            (concat!("actions_", $level, "_p25"), concat!("actions per prompt, ", $level, ", lower quartile")),
            (concat!("actions_", $level, "_median"), concat!("actions per prompt, ", $level, ", median")),
            (concat!("actions_", $level, "_p75"), concat!("actions per prompt, ", $level, ", upper quartile")),
            (concat!("actions_", $level, "_p95"), concat!("actions per prompt, ", $level, ", 95th percentile")),
            (concat!("words_", $level), concat!("words per prompt, ", $level)),
            (concat!("words_", $level, "_p5"), concat!("words per prompt, ", $level, ", 5th percentile")),
            (concat!("words_", $level, "_p25"), concat!("words per prompt, ", $level, ", lower quartile")),
            (concat!("words_", $level, "_median"), concat!("words per prompt, ", $level, ", median")),
            (concat!("words_", $level, "_p75"), concat!("words per prompt, ", $level, ", upper quartile")),
            (concat!("words_", $level, "_p95"), concat!("words per prompt, ", $level, ", 95th percentile")),
        ]),*]
    };
}

const NAMES: [[(&str, &str); 12]; 5] = names!("novice", "beginner", "intermediate", "advanced", "expert");

const STATISTICS: [Statistic; 6] = [
    Statistic::GeometricMean,
    Statistic::Quantile(0.05),
    Statistic::Quantile(0.25),
    Statistic::Quantile(0.5),
    Statistic::Quantile(0.75),
    Statistic::Quantile(0.95),
];

const NOTE: &str = "Averages by expertise as published: not said which mean.";

fn series(cohort: &Cohort) -> Vec<Series> {
    let figures = figures();
    let mut all = Vec::new();
    for (kind, unit) in [Unit::Actions, Unit::Words].into_iter().enumerate() {
        let count = |session: &Selected| match unit {
            Unit::Actions => session.facts.actions,
            _ => session.facts.words,
        };
        for ((level, name), names) in LEVELS.iter().zip(&NAMES) {
            let mut series = Series::ratio("sessions", cohort, |session| {
                let here = session.judged.expertise? == *level;
                here.then_some((count(session) as f64 / session.facts.prompts as f64, 1.0))
            });
            for (at, statistic) in STATISTICS.into_iter().enumerate() {
                let (name, title) = names[6 * kind + at];
                series = series.ask(name, title, unit, statistic);
                if at == 0 {
                    series = series.key();
                }
            }
            let published = figures.expertise.get(*name).and_then(|figures| match unit {
                Unit::Actions => figures.actions_per_prompt,
                _ => figures.words_per_prompt,
            });
            let published = published.map(|value| figures.study.agentic_coding.figure(value, Some(NOTE)));
            if let Some(first) = series.asked.first_mut() {
                first.published = published;
            }
            all.push(series);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{estimate, facts, level, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, expertise, actions| {
            let mut row = row(id, id, Facts { prompts: 2, actions, words: 100, ..facts() });
            level(&mut row, "expertise", expertise);
            row
        };
        let rows =
            [session(1, 5, 8), session(2, 5, 2), session(3, 5, 0), session(4, 1, 6), session(5, 0, 90)];
        let finding = study(&STUDY, &rows);
        // √(4 · 1): the session without actions has no logarithm.
        assert_eq!(value(&finding, "actions_expert"), Some(2.0));
        assert_eq!(value(&finding, "actions_expert_median"), Some(1.0));
        assert_eq!(estimate(&finding, "actions_novice").n, 1);
        assert_eq!(value(&finding, "words_expert"), Some(50.0));
    }
}
