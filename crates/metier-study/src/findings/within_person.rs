//! The same comparisons within people: is it what somebody brings to a task, or who they are?

use super::returns::{CONTROLS, outcomes};
use super::table_a1::{PREFERRED_CONTROLS, verified};
use super::{Fitted, How, Study};
use crate::finding::{Table, Unit};
use crate::model::{Control, Named, Term, fit};
use crate::selection::Cohort;

pub(super) const STUDY: Study = Study {
    name: "within_person",
    title: "A level of expertise, within the same person",
    definition: "As `returns` and `table_a1` (its preferred controls), with an effect of each person: only sessions of the same \
        person are compared, so whatever is constant of people (talent, habits, project, trade) cannot make the \
        difference. People with one session are not in it. Not published; the study compared people with each other.",
    unit: "session",
    summarised: false,
    how: How::Fitted(fitted),
};

const NAMED: [Named; 3] = [
    Named { name: "actions", title: "actions per prompt, a level", unit: Unit::LogPoints, key: true },
    Named { name: "words", title: "words per prompt, a level", unit: Unit::LogPoints, key: true },
    Named { name: "verified", title: "verified success, a level", unit: Unit::Points, key: true },
];

fn fitted(cohort: &Cohort) -> Fitted {
    let [actions, words] = outcomes(cohort);
    let mut depth = CONTROLS.to_vec();
    let mut success = PREFERRED_CONTROLS.to_vec();
    depth.push(Control::Person);
    success.push(Control::Person);
    let (mut measures, mut models) = (Vec::new(), Vec::new());
    for (named, outcome, controls) in
        [(NAMED[0], actions, &depth), (NAMED[1], words, &depth), (NAMED[2], verified(cohort), &success)]
    {
        let fitted = fit(cohort, &outcome, &[Term::expertise(cohort)], controls);
        measures.push(named.coefficient(&fitted, "expertise", None));
        models.push(fitted);
    }
    let title = "Within people";
    Fitted { measures, tables: vec![Table::of(title, models)] }
}
