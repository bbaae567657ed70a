//! How long the agent works on one prompt.

use metier_session::Turn;

use super::{How, Study};
use crate::finding::{Published, Unit};
use crate::published::figures;
use crate::selection::{Cohort, Selected};
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "turn_length",
    title: "How long the agent works on a prompt",
    definition: "From a prompt to the agent's last record before the next one, by the clock of the transcript, so \
        that time spent waiting for the person's approval is in it. Percentiles are over turns. One is \
        shown when at least one turn can lie beyond it: the 99.9th from 1,000 turns. Then the median and the 99.9th by how many \
        sessions of the same person, of those that count here, began before.",
    unit: "turn",
    summarised: true,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let percentile = |p: f64| Statistic::Quantile(p / 100.0);
    let minutes = Unit::Minutes;
    let length = |turn: &Turn| turn.ms.map(|ms| ms as f64 / 60_000.0);
    let mut all = vec![
        Series::turns(cohort, length)
            .ask("p50", "minutes, median", minutes, percentile(50.0))
            .key()
            .ask("p75", "minutes, 75th percentile", minutes, percentile(75.0))
            .ask("p90", "minutes, 90th percentile", minutes, percentile(90.0))
            .key()
            .ask("p95", "minutes, 95th percentile", minutes, percentile(95.0))
            .ask("p99", "minutes, 99th percentile", minutes, percentile(99.0))
            .ask("p999", "minutes, 99.9th percentile", minutes, percentile(99.9))
            .key()
            .beside(published(&cohort.label)),
    ];
    for (at, (fewest, [median, longest])) in CLASSES.into_iter().enumerate() {
        let next = CLASSES.get(at + 1).map_or(usize::MAX, |next| next.0);
        let counts =
            |session: &Selected| session.earlier.is_some_and(|earlier| (fewest..next).contains(&earlier));
        all.push(
            Series::turns_where(cohort, counts, length)
                .ask(median.0, median.1, minutes, percentile(50.0))
                .ask(longest.0, longest.1, minutes, percentile(99.9)),
        );
    }
    all
}

macro_rules! classes {
    ($($fewest:literal $name:literal $title:literal),*) => {
        [$(($fewest, [
            (concat!("p50_", $name), concat!("minutes, median, ", $title)),
            (concat!("p999_", $name), concat!("minutes, 99.9th percentile, ", $title)),
        ])),*]
    };
}

/// By earlier sessions: the fewest of each class, and names and titles of its numbers.
const CLASSES: [(usize, [(&str, &str); 2]); 4] = classes!(
    0 "first_session" "first session",
    1 "after_1" "after 1–19 sessions",
    20 "after_20" "after 20–199 sessions",
    200 "after_200" "after 200 or more"
);

/// The figure of the group's month, or for groups that are no month, of the last month published.
fn published(label: &str) -> Option<Published> {
    let figures = figures();
    let months = &figures.autonomy.turn_p999_minutes;
    let is_month = label.len() == 7 && label.as_bytes()[4] == b'-' && label.starts_with("20");
    let value = if is_month { months.get(label) } else { months.values().next_back() };
    let figure = figures
        .study
        .autonomy
        .figure(*value?, Some("25 minutes in October 2025, 45 minutes in January 2026."));
    Some(if is_month { figure.of_month() } else { figure })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{estimate, facts, row, study, turn, value};
    use crate::{By, Selection, Settings};
    use metier_session::{Facts, Time};

    #[test]
    fn by_hand() {
        // Turns of 1, 2, … 20 minutes in two sessions; one without an answer, one before any prompt.
        let turns = |from: u64| (from..from + 10).map(|m| turn(1, m as f64, None)).collect::<Vec<_>>();
        let mut first = turns(1);
        first.push(Turn { ms: None, ..turn(0, 0.0, None) });
        first.push(Turn { prompt: None, ..turn(1, 900.0, None) });
        let rows = [
            row(1, 1, Facts { prompts: 11, turns: first, ..facts() }),
            row(2, 1, Facts { prompts: 10, turns: turns(11), ..facts() }),
        ];
        let finding = study(&STUDY, &rows);
        assert_eq!(value(&finding, "p50"), Some(10.5));
        assert_eq!(value(&finding, "p75"), Some(15.25));
        assert_eq!(value(&finding, "p95"), Some(19.05));
        assert_eq!(value(&finding, "p99"), None, "20 turns do not speak of a hundredth");
        assert_eq!(estimate(&finding, "p50").n, 20);
    }

    #[test]
    fn each_month_has_its_own_published_figure() {
        let settings = Settings { by: By::Month, ..Settings::default() };
        let month = |id, first| row(id, 1, Facts { prompts: 1, first: Time::parse(first), ..facts() });
        let rows = [
            month(1, "2026-01-05T00:00:00Z"),
            month(2, "2025-10-05T00:00:00Z"),
            month(3, "2025-12-05T00:00:00Z"),
        ];
        let finding = STUDY.finding(&Selection::new(&rows, &settings), &settings);
        let published: Vec<_> = finding
            .groups
            .iter()
            .map(|group| (group.label.as_str(), group.measures[5].published.as_ref().map(|p| p.value)))
            .collect();
        assert_eq!(published, [("2025-10", Some(25.0)), ("2025-12", None), ("2026-01", Some(45.0))]);
    }
}
