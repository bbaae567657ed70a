//! How many sessions people have.

use super::{How, Study};
use crate::finding::Unit;
use crate::published::figures;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "people",
    title: "How many sessions people have",
    definition: "Of people, not of sessions: sessions each that count here, and the shares with more than one, five and ten. A \
        store holds what was on the machines that it was made on, so people may have had more.",
    unit: "person",
    summarised: false,
    how: How::Observed(series),
};

fn series(cohort: &Cohort) -> Vec<Series> {
    let mut counts = vec![0_u32; cohort.people];
    cohort.person.iter().for_each(|person| counts[*person as usize] += 1);
    let source = &figures().study.agentic_coding;
    let more_than = |least: u32, name, title, published: Option<u64>| {
        // Each session stands for its part of its person.
        let series = Series::of_people(cohort, &counts, |count| f64::from(u8::from(count > least)));
        let share = published.zip(source.users).map(|(some, all)| some as f64 / all as f64);
        series
            .ask(name, title, Unit::Share, Statistic::Share)
            .key()
            .beside(share.map(|share| source.figure(share, None)))
    };
    vec![
        Series::of_people(cohort, &counts, f64::from)
            .ask("mean", "sessions each, mean", Unit::Sessions, Statistic::Mean)
            .key(),
        more_than(1, "over_1", "more than one session", source.users_with_over_1_session),
        more_than(5, "over_5", "more than five", source.users_with_over_5_sessions),
        more_than(10, "over_10", "more than ten", source.users_with_over_10_sessions),
    ]
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{estimate, facts, row, study, value};

    #[test]
    fn people_count_once_however_many_their_sessions() {
        let session = |(id, person)| row(id, person, Facts { prompts: 1, ..facts() });
        let rows: Vec<_> = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3), (6, 3)].map(session).into();
        let finding = study(&STUDY, &rows);
        assert_eq!(value(&finding, "mean"), Some(2.0));
        assert_eq!(value(&finding, "over_1").map(|share| (share * 3.0).round()), Some(2.0));
        assert_eq!(estimate(&finding, "over_1").n, 3);
        assert_eq!(value(&finding, "over_5"), Some(0.0));
    }
}
