//! How expertise is spread over sessions and people.

use super::{How, Study};
use crate::finding::Unit;
use crate::judged::LEVELS;
use crate::selection::Cohort;
use crate::series::{Series, Statistic};

pub(super) const STUDY: Study = Study {
    name: "expertise",
    title: "How expertise is spread",
    definition: "Of sessions whose expertise could be judged, which is of the task at hand and not of a person: the share at \
        each level, 1 novice to 5 expert, and the mean. First the share in which it could be judged at all.",
    unit: "session",
    summarised: false,
    how: How::Observed(series),
};

const NAMES: [(&str, &str); 5] = [
    ("novice", "novice (1)"),
    ("beginner", "beginner (2)"),
    ("intermediate", "intermediate (3)"),
    ("advanced", "advanced (4)"),
    ("expert", "expert (5)"),
];

fn series(cohort: &Cohort) -> Vec<Series> {
    let mut all = vec![Series::judged(cohort, |session| Some(session.judged.expertise.is_some())).ask(
        "told",
        "expertise can be told",
        Unit::Share,
        Statistic::Share,
    )];
    for ((level, _), (name, title)) in LEVELS.iter().zip(NAMES) {
        all.push(
            Series::judged(cohort, |session| Some(session.judged.expertise? == *level))
                .ask(name, title, Unit::Share, Statistic::Share)
                .key(),
        );
    }
    all.push(
        Series::ratio("sessions", cohort, |session| Some((f64::from(session.judged.expertise?), 1.0)))
            .ask("mean", "mean level", Unit::Plain, Statistic::Mean)
            .key(),
    );
    all
}

#[cfg(test)]
mod tests {
    use metier_session::Facts;

    use super::*;
    use crate::testing::{facts, level, row, study, value};

    #[test]
    fn shares_are_of_those_judged() {
        let session = |id, expertise| {
            let mut row = row(id, id, Facts { prompts: 1, ..facts() });
            level(&mut row, "expertise", expertise);
            row
        };
        let finding = study(&STUDY, &[session(1, 0), session(2, 2), session(3, 5), session(4, 5)]);
        assert_eq!(value(&finding, "told"), Some(0.75));
        assert_eq!(value(&finding, "expert").map(|share| (share * 3.0).round()), Some(2.0));
        assert_eq!((value(&finding, "novice"), value(&finding, "mean")), (Some(0.0), Some(4.0)));
    }
}
