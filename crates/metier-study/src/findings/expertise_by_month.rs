//! Whether a level of expertise is worth less from month to month.

use super::returns::outcomes;
use super::table_a1::{PREFERRED_CONTROLS, verified};
use super::{Fitted, How, Study};
use crate::finding::{Table, Unit};
use crate::model::{Control, Named, Term, fit, month};
use crate::selection::Cohort;

pub(super) const STUDY: Study = Study {
    name: "expertise_by_month",
    title: "Does expertise count for less over time",
    definition: "As `returns` and `table_a1` (its preferred controls), with expertise times the months since the first month \
        beside it: how much the worth of a level changes in a month. Below zero it is shrinking. Sessions without a time \
        are not in it.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

const NAMED: [Named; 3] = [
    Named {
        name: "actions",
        title: "actions per prompt, change of a level's worth a month",
        unit: Unit::LogPoints,
        key: true,
    },
    Named {
        name: "words",
        title: "words per prompt, change of a level's worth a month",
        unit: Unit::LogPoints,
        key: true,
    },
    Named {
        name: "verified",
        title: "verified success, change of a level's worth a month",
        unit: Unit::Points,
        key: true,
    },
];

const CROSSED: &str = "expertise × months";

fn fitted(cohort: &Cohort) -> Fitted {
    let first = cohort.sessions.iter().filter_map(month).min();
    let terms = [
        Term::expertise(cohort),
        Term::new(CROSSED, cohort, |session| {
            Some(f64::from(session.judged.expertise?) * f64::from(month(session)? - first?))
        }),
    ];
    let [actions, words] = outcomes(cohort);
    let depth = super::returns::CONTROLS;
    let (mut measures, mut models) = (Vec::new(), Vec::new());
    let asked: [(Named, Term, &[Control]); 3] = [
        (NAMED[0], actions, &depth),
        (NAMED[1], words, &depth),
        (NAMED[2], verified(cohort), &PREFERRED_CONTROLS),
    ];
    for (named, outcome, controls) in asked {
        let fitted = fit(cohort, &outcome, &terms, controls);
        measures.push(named.coefficient(&fitted, CROSSED, None));
        models.push(fitted);
    }
    let title = "Expertise and time";
    Fitted { measures, tables: vec![Table::of(title, models)] }
}
