//! What the tasks are worth.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::option;
use crate::model::value_band;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "task_value",
    title: "What the tasks are worth",
    definition: "What a freelancer marketplace would pay for the task, as judged, in US dollars: median and geometric mean over \
        sessions, by kind of work, and the share of sessions in the study's four bands. The study set its own by job \
        postings and published how they rose, not the level.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

const MODES: [(&str, &str, &str); 9] = [
    ("building", "geometric_mean_building", "geometric mean, building"),
    ("fixing", "geometric_mean_fixing", "geometric mean, fixing"),
    ("operating", "geometric_mean_operating", "geometric mean, operating"),
    ("testing", "geometric_mean_testing", "geometric mean, testing"),
    ("orchestrating", "geometric_mean_orchestrating", "geometric mean, orchestrating"),
    ("understanding", "geometric_mean_understanding", "geometric mean, understanding"),
    ("planning", "geometric_mean_planning", "geometric mean, planning"),
    ("analyzing", "geometric_mean_analyzing", "geometric mean, analysing"),
    ("communicating", "geometric_mean_communicating", "geometric mean, communicating"),
];

const BANDS: [(u32, &str, &str); 4] = [
    (1, "up_to_200", "up to $200"),
    (2, "up_to_1000", "$200 to $1,000"),
    (3, "up_to_5000", "$1,000 to $5,000"),
    (4, "above_5000", "above $5,000"),
];

fn series(cohort: &Cohort) -> Vec<Series> {
    let mut all = vec![
        Series::ratio("sessions", cohort, |session| session.judged.value.map(|value| (value, 1.0)))
            .ask("median", "median", Unit::Dollars, Statistic::Quantile(0.5))
            .key()
            .ask("geometric_mean", "geometric mean", Unit::Dollars, Statistic::GeometricMean)
            .key(),
    ];
    for (mode, name, title) in MODES {
        let mode = option("work_mode", mode);
        all.push(
            Series::ratio("sessions", cohort, |session| {
                (session.judged.work_mode? == mode).then_some((session.judged.value?, 1.0))
            })
            .ask(name, title, Unit::Dollars, Statistic::GeometricMean),
        );
    }
    for (band, name, title) in BANDS {
        all.push(
            Series::judged(cohort, |session| {
                session.judged.value.map(|value| value_band(Some(value)) == band)
            })
            .ask(name, title, Unit::Share, Statistic::Share),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use metier_label::{Value, rubric};
    use metier_session::Facts;

    use super::*;
    use crate::testing::{choose, facts, row, study, value};

    #[test]
    fn by_hand() {
        let session = |id, usd, mode: &str| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            row.labels.set(rubric(), "value_usd", Value::Usd(usd), None);
            choose(&mut row, "work_mode", mode);
            row
        };
        let finding = study(
            &STUDY,
            &[session(1, 100.0, "fixing"), session(2, 10_000.0, "fixing"), session(3, 1_000.0, "building")],
        );
        assert_eq!(
            (value(&finding, "median"), value(&finding, "geometric_mean_fixing")),
            (Some(1000.0), Some(1000.0))
        );
        assert_eq!(value(&finding, "up_to_200").map(|share| (3.0 * share).round()), Some(1.0));
    }
}
